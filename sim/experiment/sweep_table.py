"""All runs of a sweep as columns, a row a run, by point and replication: what each is to be, what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from sim.engine.arrow import column

if TYPE_CHECKING:
    from sim.experiment.points import Points

PENDING, RUNNING, DONE, FAILED = range(4)
STATUS = ("pending", "running", "done", "failed")
ROWS = 50_000  # in a row group
_BITS = 63  # of a seed: a signed column holds it

Row = tuple[int, int, tuple[float, ...] | None, str | None]  # point, replication, KPIs, error


class Table:
    """The runs. Row ``(point - 1) * replications + replication - 1`` belongs to a run; both count from 1."""

    def __init__(self, points: Points, kpis: Sequence[str]):
        self.points, self.kpis = points, tuple(kpis)
        self.replications = points.design.replications
        self.values = np.full((points.runs, len(self.kpis)), np.nan)  # NaN: has none
        self.status = np.zeros(points.runs, np.uint8)
        self.errors: dict[int, str] = {}  # by row
        self.seeds = seeds(points)
        self._empty: tuple[str, ...] = ()  # KPIs that are left out of the file

    @property
    def count(self) -> int:
        """How many runs there are."""
        return len(self.status)

    @property
    def counts(self) -> dict[str, int]:
        """How many runs there are of each status."""
        found = np.bincount(self.status, minlength=len(STATUS))
        return dict(zip(STATUS, found.tolist(), strict=True))

    def row(self, point: int, replication: int) -> int:
        """Where a run stands."""
        return (point - 1) * self.replications + replication - 1

    def set(self, rows: Sequence[Row]) -> np.ndarray:
        """Note what became of runs; returns where they stand."""
        places = [self.row(point, replication) for point, replication, _, _ in rows]
        for place, (_, _, values, error) in zip(places, rows, strict=True):
            self.errors.pop(place, None)
            self.values[place] = np.nan if values is None else values
            self.status[place] = DONE if error is None else FAILED
            if error is not None:
                self.errors[place] = error
        return np.array(places, np.int64)

    def mark(self, point: int, replications: Sequence[int], status: int) -> None:
        """Give runs of a point a status."""
        self.status[[self.row(point, replication) for replication in replications]] = status

    def forget(self, rows: np.ndarray) -> None:
        """Have these runs done anew."""
        self.status[rows] = PENDING
        self.values[rows] = np.nan
        for row in rows.tolist():
            self.errors.pop(row, None)

    def leave_out_empty(self) -> None:
        """From now on leave out KPIs that no run has: they have no meaning in this scenario."""
        empty = np.isnan(self.values).all(axis=0)
        self._empty = tuple(name for name, none in zip(self.kpis, empty, strict=True) if none)

    @property
    def shown_kpis(self) -> tuple[str, ...]:
        """The KPIs that are in the file."""
        return tuple(name for name in self.kpis if name not in self._empty)

    # ------------------------------------------------------------ to and from Arrow
    def pieces(self) -> Iterator[pa.Table]:
        """The whole table, a row group at a time."""
        for start in range(0, self.count, ROWS):
            yield self.arrow(np.arange(start, min(start + ROWS, self.count)))

    def arrow(self, rows: np.ndarray) -> pa.Table:
        """Some rows as they stand in files."""
        at = rows // self.replications
        columns: dict[str, Any] = {
            "point": column(at + 1),
            "replication": column(rows % self.replications + 1),
            "seed": column(self.seeds[at]),
        }
        columns |= {path: _parameter(values[at]) for path, values in self.points.columns.items()}
        for k, name in enumerate(self.kpis):
            if name not in self._empty:
                values = self.values[rows, k]
                columns[name] = column(values, np.isnan(values))
        columns["status"] = pa.array([STATUS[code] for code in self.status[rows]], pa.string())
        columns["error"] = pa.array([self.errors.get(row) for row in rows.tolist()], pa.string())
        return pa.table(columns)

    def take(self, found: pa.Table) -> None:
        """Note what a file says of runs that are finished."""
        status = np.array([STATUS.index(word) for word in found["status"].to_pylist()], np.uint8)
        finished = np.flatnonzero(status >= DONE)
        point, replication = (found[name].to_numpy()[finished] for name in ("point", "replication"))
        rows = (point - 1) * self.replications + replication - 1
        self.status[rows] = status[finished]
        for k, name in enumerate(self.kpis):
            if name in found.column_names:
                self.values[rows, k] = found[name].to_numpy(zero_copy_only=False)[finished]
        errors = found["error"].take(finished).to_pylist()
        for row, error in zip(rows.tolist(), errors, strict=True):
            self.errors.pop(row, None)
            if error is not None:
                self.errors[row] = error


def _parameter(values: np.ndarray) -> pa.Array:
    """A column of numbers, truth values or words."""
    if values.dtype == object:
        return pa.array([str(value) for value in values], pa.string())
    return pa.array(values) if values.dtype == bool else column(values)


def seeds(points: Points) -> np.ndarray:
    """The seed of every point: the design's at all of them, or one for each, which depends on its number alone."""
    design = points.design
    if design.common:
        return np.full(points.count, design.seed, np.int64)
    numbers = range(1, points.count + 1)
    drawn = (
        np.random.SeedSequence(design.seed, spawn_key=(k,)).generate_state(1, np.uint64) for k in numbers
    )
    return np.array([int(state[0]) >> (64 - _BITS) for state in drawn], np.int64)
