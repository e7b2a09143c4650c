"""A sweep's folder as an analysis reads it: what was varied, what came out, and which points are complete."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import UsageError
from sim.experiment.sweep_store import NAME, RUNS, read_head, read_rows

if TYPE_CHECKING:
    import pandas as pd

    from sim.analysis.view import Floats

MONEY = ("profit", "revenue", "margin", "cost")  # KPIs whose unit is the scenario's currency
LISTED = 12  # different values at most that are looked at one by one, of a range


@dataclass(frozen=True, eq=False)
class Varied:
    """A parameter of a sweep: ``values`` by point as the table has them, ``codes`` as numbers.

    ``words`` are what codes 0, 1, ... stand for where the values are no numbers; words have no order. ``listed``:
    it has few different values, each at several points. ``span`` is the range it was drawn from, or that of its values.
    """

    path: str
    unit: str
    values: np.ndarray
    codes: Floats
    words: tuple[str, ...]
    listed: bool
    span: tuple[float, float]
    written_in: str  # the unit that the design writes its values in, as in "60 s .. 100 s"; "" where none

    @property
    def ordered(self) -> bool:
        """Whether its values have an order: numbers, or two truth values."""
        return not self.words or self.values.dtype == bool


@dataclass(frozen=True, eq=False)
class Measured:
    """One KPI over the points of a sweep: ``each[point, replication]``, and which points have all of it."""

    kpi: str
    unit: str
    each: Floats
    whole: np.ndarray  # of points: done in all replications, and with a value in each
    failed: int  # points with a run that failed
    blank: int  # points that are done, but have no value
    waiting: int  # points not finished yet


@dataclass(frozen=True, eq=False)
class Swept:
    """The folder of a sweep, finished or not."""

    folder: Path
    told: Mapping[str, Any]  # sweep.json
    runs: pd.DataFrame  # sorted by point and replication

    @property
    def method(self) -> str:
        """How the points were laid out."""
        return str(self.told["method"])

    @property
    def design(self) -> Mapping[str, Any]:
        """The design as it was resolved."""
        found: Mapping[str, Any] = self.told["design"]
        return found

    @property
    def name(self) -> str:
        """The design's name, or the folder's."""
        return str(self.design.get("name") or self.folder.name)

    @property
    def replications(self) -> int:
        """Replications of a point."""
        return int(self.told["replications"])

    @property
    def points(self) -> int:
        """Points of the design."""
        return int(self.told["points"])

    @property
    def common(self) -> bool:
        """Whether replication r has the same luck at every point."""
        return self.told["random_numbers"] == "common"

    @property
    def kpis(self) -> Mapping[str, str]:
        """The KPIs of the table and their units."""
        found: Mapping[str, str] = self.told["kpis"]
        return found

    @cached_property
    def parameters(self) -> tuple[Varied, ...]:
        """What was varied, with its value at every point."""
        first = self.runs.drop_duplicates("point")
        return tuple(
            _varied(one, first[one["path"]].to_numpy(), self.currency) for one in self.told["parameters"]
        )

    @property
    def currency(self) -> str:
        """The scenario's currency, as far as a KPI tells it."""
        return next((unit for kpi, unit in self.kpis.items() if kpi in MONEY), "")

    @property
    def x(self) -> Floats:
        """The codes of all parameters, ``[point, parameter]``."""
        return np.stack([one.codes for one in self.parameters], axis=1)

    def measured(self, kpi: str) -> Measured:
        """One KPI of all points."""
        shape = self.points, self.replications
        done = (self.runs["status"] == "done").to_numpy().reshape(shape)
        failed = (self.runs["status"] == "failed").to_numpy().reshape(shape).any(axis=1)
        each = self.runs[kpi].to_numpy(dtype=np.float64).reshape(shape)
        complete = done.all(axis=1)
        whole = complete & np.isfinite(each).all(axis=1)
        counts = failed, complete & ~whole, ~complete & ~failed
        return Measured(kpi, self.kpis[kpi], each, whole, *(int(np.count_nonzero(mask)) for mask in counts))


def _varied(told: Mapping[str, Any], values: np.ndarray, currency: str) -> Varied:
    words: tuple[str, ...] = ()
    if values.dtype == bool or not np.issubdtype(values.dtype, np.number):
        names = [str(value).lower() if isinstance(value, bool | np.bool_) else str(value) for value in values]
        words = tuple(sorted(set(names)))
        codes = np.searchsorted(words, names).astype(np.float64)
    else:
        codes = values.astype(np.float64)
    few = len(np.unique(codes))
    listed = bool(words) or told.get("form") == "list" or (few <= LISTED and len(codes) >= 4 * few)
    span = float(codes.min()), float(codes.max())
    if told.get("form") == "range" and not words:
        span = float(told["low"]), float(told["high"])
    unit = (told.get("unit") or "").replace("currency", currency)
    return Varied(told["path"], unit, values, codes, words, listed, span, _written_in(told.get("written")))


def _written_in(written: Any) -> str:
    """The first unit in a range, list or distribution as it is written."""
    if isinstance(written, str):
        found = re.search(r"\d\s*(%|[a-zµ]+)", written)
        return found[1] if found else ""
    inside = (
        written.values() if isinstance(written, Mapping) else written if isinstance(written, list) else ()
    )
    return next((unit for one in inside if (unit := _written_in(one))), "")


# ---------------------------------------------------------------- reading
def read_sweep(folder: Path | str) -> Swept:
    """The sweep in a folder, as far as it is. Raises UsageError where there is none."""
    place = Path(folder)
    told, runs = read_head(place), read_rows(place).to_pandas()
    swept = Swept(place, told, runs.sort_values(["point", "replication"], ignore_index=True))
    if len(swept.runs) != swept.points * swept.replications:
        raise UsageError(
            f"{place}: {RUNS} has {len(swept.runs):,} runs, and {NAME} speaks of "
            f"{swept.points:,} points x {swept.replications:,}; they are not of one sweep"
        )
    return swept
