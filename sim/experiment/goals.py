"""What an optimisation is to reach: a KPI as high or as low as can be, while others keep within bounds."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.analysis.view import Floats
from sim.errors import UsageError
from sim.experiment.asked import SHARE, check_metric

if TYPE_CHECKING:
    from sim.scenario import Scenario

COST = "cost"  # what a budget is about
_FORM = re.compile(
    r"\s*([^\s<>=]+)\s*(<=|>=|<|>)\s*([+-]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9]+)(?:e[+-]?[0-9]+)?)\s*(\S.*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Constraint:
    """A bound on the mean of a KPI, in the KPI's own unit; ``above_baseline``: of what it is more than the baseline's.

    ``sign`` is 1 where the KPI may be ``bound`` at most, -1 where it must be that at least.
    """

    text: str
    kpi: str
    sign: float
    bound: float
    unit: str
    above_baseline: bool = False

    def excess(self, values: Floats) -> Floats:
        """By how much values break it: above 0 they do."""
        return np.asarray(self.sign * (values - self.bound), np.float64)


@dataclass(frozen=True)
class Goal:
    """A KPI with its better direction (``sign`` -1: as low as can be) and the constraints to keep."""

    metric: str
    unit: str
    sign: float
    constraints: tuple[Constraint, ...] = ()

    @property
    def kpis(self) -> tuple[str, ...]:
        """The KPIs it speaks of, each once."""
        return tuple(dict.fromkeys((self.metric, *(one.kpi for one in self.constraints))))

    @property
    def verb(self) -> str:
        """``maximise`` or ``minimise``."""
        return "minimise" if self.sign < 0.0 else "maximise"

    def missing(self, kpis: Mapping[str, float]) -> str | None:
        """The first KPI it speaks of that a replication has no value of."""
        return next((name for name in self.kpis if name not in kpis), None)


def goal_of(
    maximise: str | None,
    minimise: str | None,
    subject_to: Sequence[str],
    budget: float | None,
    scenario: Scenario,
) -> Goal:
    """The goal as it was written; retention as high as can be where nothing is. Raises UsageError."""
    if maximise is not None and minimise is not None:
        raise UsageError("maximise and minimise exclude each other: name one KPI, and bound the other")
    metric = minimise or maximise or "retention"
    unit = check_metric(metric, [scenario])
    texts = [subject_to] if isinstance(subject_to, str) else subject_to
    constraints = [_constraint(text, scenario) for text in texts]
    if budget is not None:
        constraints.append(_budget(budget))
    return Goal(metric, unit, -1.0 if minimise else 1.0, tuple(constraints))


def _budget(budget: float) -> Constraint:
    if not 0.0 <= budget < math.inf:
        raise UsageError(f"budget: expected an amount of money from 0 on, got {budget:g}")
    return Constraint(f"{COST} <= baseline + {budget:g}", COST, 1.0, float(budget), "currency", True)


def _constraint(text: str, scenario: Scenario) -> Constraint:
    found = _FORM.fullmatch(text)
    if found is None:
        raise UsageError(
            f"subject to {text!r}: expected a KPI, <= or >=, and a number, such as 'cost <= 20000' or "
            "'retention >= 70 %'"
        )
    kpi, relation, number, unit = found.groups()
    own = _unit_of(kpi, text, scenario)
    bound = float(number.replace("_", ""))
    if not math.isfinite(bound):
        raise UsageError(f"subject to {text!r}: expected a finite number")
    if unit is not None:
        bound /= _parts(unit.strip(), own, text, scenario)
    return Constraint(" ".join(text.split()), kpi, 1.0 if relation[0] == "<" else -1.0, bound, own)


def _unit_of(kpi: str, text: str, scenario: Scenario) -> str:
    try:
        return check_metric(kpi, [scenario])
    except UsageError as error:
        raise UsageError(f"subject to {text!r}: {str(error).removeprefix('metric: ')}") from None


def _parts(unit: str, own: str, text: str, scenario: Scenario) -> float:
    """How many of this unit make one of the KPI's own. Raises UsageError for a unit that is another's."""
    if unit == "%" and own == SHARE:
        return 100.0
    name = own.replace("currency", scenario.currency)
    if unit in (own, name) and own != SHARE:
        return 1.0
    expected = "a share such as 0.7, or 70 %" if own == SHARE else f"a number of {name}"
    raise UsageError(f"subject to {text!r}: expected {expected}, got the unit {unit!r}")
