"""What a comparison was asked for: the metric, how precisely, at what cost at most."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.errors import UsageError
from sim.experiment.manifest import Settings

if TYPE_CHECKING:
    from sim.analysis.view import Floats
    from sim.scenario import Scenario

SHARE = "share"  # the unit of KPIs whose differences are told in percentage points
_PRECISION = re.compile(r"\s*([0-9][0-9_.,]*(?:e-?[0-9]+)?|\.[0-9]+)\s*(pp|points?|%)?\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Precision:
    """How far the interval may reach out: ``value``, or that share of the baseline's mean."""

    text: str
    value: float
    relative: bool = False


@dataclass(frozen=True)
class Asked:
    """What was asked for beside the scenarios."""

    metric: str
    settings: Settings
    precision: Precision | None
    most: int
    budget: float | None
    assumptions: int | None = None  # draws of what is assumed
    every_default: bool = False  # the model's own defaults, too
    why: bool = False  # every strategy taken to pieces

    def aim(self, values: Floats) -> float:
        """The half-width asked for, in the metric's unit; ``values`` have the baseline's in column 0."""
        if self.precision is None:
            return math.inf
        return self.precision.value * (abs(float(values[:, 0].mean())) if self.precision.relative else 1.0)

    def options(self) -> list[str]:
        """The command line's options that say the same."""
        options = self.settings.options()[:-1]  # there is never a log
        if self.precision is not None:
            k = options.index("--replications")
            options[k : k + 2] = ["--precision", self.precision.text, "--most", str(self.most)]
        options += ["--metric", self.metric]
        if self.budget is not None:
            options += ["--budget", f"{self.budget:g}"]
        if self.assumptions is not None:
            options += ["--assumptions", str(self.assumptions)]
        chosen = {"--assumptions-all": self.every_default, "--why": self.why}
        return [*options, *(name for name, asked in chosen.items() if asked)]


def check_metric(metric: str, scenarios: Sequence[Scenario]) -> str:
    """The unit of a KPI. Raises UsageError where no scenario knows it, with the nearest name."""
    from sim.analysis.kpis import definition
    from sim.scenario.wrong import nearest

    names = kpi_names(scenarios)
    if metric not in names:
        raise UsageError(
            f"metric: there is no KPI {metric!r}{nearest(metric, names) or '; docs/kpis.md lists them'}"
        )
    return definition(metric).unit


def kpi_names(scenarios: Sequence[Scenario]) -> list[str]:
    """The names of all KPIs that scenarios may have, those of their windows too."""
    from sim.analysis.kpis import KPIS, WINDOWED

    windows = dict.fromkeys(name for scenario in scenarios for name in scenario.windows)
    return [*KPIS, *(f"{prefix}_{window}" for window in windows for prefix in WINDOWED)]


def precision_of(precision: str | float | None, metric: str, unit: str) -> Precision | None:
    """A precision as it was written. Raises UsageError where it makes no sense for the metric."""
    if precision is None:
        return None
    text = str(precision).strip()
    found = _PRECISION.fullmatch(text)
    value = _number(found.group(1)) if found else None
    sign = (found.group(2) or "").lower() if found else ""
    if value is None or not (0.0 < value < math.inf):
        raise UsageError(f"precision: expected a number above 0 such as {_example(unit)}, got {text!r}")
    points = sign not in ("", "%")
    if points and unit != SHARE:
        raise UsageError(f"precision: {metric} is no share, so it has no points; expected {_example(unit)}")
    if sign == "%" and unit == SHARE:
        raise UsageError(f"precision: {text} of a share can mean two things; in points it is {value:g}pp")
    return Precision(text, value / 100.0 if sign else value, sign == "%")


def _number(text: str) -> float | None:
    try:
        return float(text.replace("_", ""))
    except ValueError:
        return None


def _example(unit: str) -> str:
    return "0.2pp" if unit == SHARE else "10, or 2 % (of the baseline's mean)"
