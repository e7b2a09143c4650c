"""The points of a design: which value every parameter has in every run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.analysis import sampling
from sim.analysis.turning import quantiles
from sim.errors import Problem, ScenarioError, UsageError
from sim.experiment.asked import kpi_names
from sim.experiment.assumptions import fitting

if TYPE_CHECKING:
    import pandas as pd

    from sim.analysis.view import Floats
    from sim.scenario.design import Design, Parameter, Written

Column = NDArray[Any]
TAIL = (
    2.0**-33
)  # nearer to 0 or 1 than this no distribution is asked for its quantiles, which may be infinite


@dataclass(frozen=True, eq=False)
class Points:
    """The points of a design, numbered from 1 in this order.

    ``columns`` holds a value for every point by the path of the parameter: numbers in base units (float64), truth
    values (bool) or words (object).
    """

    design: Design
    columns: Mapping[str, Column]

    @property
    def count(self) -> int:
        """How many points there are."""
        return len(next(iter(self.columns.values())))

    @property
    def runs(self) -> int:
        """How many runs they make, with all replications."""
        return self.count * self.design.replications

    def row(self, index: int) -> dict[str, Written]:
        """The values at a point (the first has index 0 and number 1) as a scenario writes them."""
        return {one.path: one.write(self.columns[one.path].item(index)) for one in self.design.parameters}

    @property
    def frame(self) -> pd.DataFrame:
        """One row a point, by its number; one column a parameter, in base units."""
        import pandas as pd

        return pd.DataFrame(dict(self.columns), index=pd.RangeIndex(1, self.count + 1, name="point"))


# ---------------------------------------------------------------- designs and their points
def design_from(given: Any, folder: str | Path = ".") -> Design:
    """A design: itself, from a file (or the name of one that ships), or from data as a file would hold it.

    Raises ScenarioError with everything that is wrong with it; UsageError for what is none of these.
    """
    from sim.scenario.design import Design, design_of, read_design

    if isinstance(given, Design):
        return given
    if isinstance(given, Mapping):
        return design_of(given, folder, _kpis_of)
    if isinstance(given, str | os.PathLike):
        return read_design(os.fspath(given), _kpis_of)
    raise UsageError(f"expected a design: a file, or its data, got {given!r}")


def _kpis_of(scenario: Any) -> list[str]:
    return kpi_names([scenario])


def points_of(design: Design) -> Points:
    """The points of a design; the same ones for the same design, always.

    Raises ScenarioError where a value that was drawn from a distribution makes no valid scenario.
    """
    if design.method == "csv":
        columns = [_array(one.values) for one in design.parameters]
    elif design.method in ("full_factorial", "one_at_a_time"):
        columns = _on_grid(design)
    else:
        columns = [values_at(*each) for each in zip(design.parameters, cube_of(design).T, strict=True)]
    points = Points(design, dict(zip(design.paths, columns, strict=True)))
    _check_drawn(points)
    return points


def _check_drawn(points: Points) -> None:
    """The ends of ranges were tried already; here the least and the greatest that came out of distributions."""
    drawn = [one for one in points.design.parameters if one.form == "distribution"]
    if not drawn:
        return
    from sim.scenario.design import scenario_of
    from sim.scenario.variants import with_values

    scenario = scenario_of(points.design)
    for one in drawn:
        column = points.columns[one.path]
        for index in (int(column.argmin()), int(column.argmax())):
            try:
                with_values(scenario, points.row(index))
            except ScenarioError as error:
                first, value = error.problems[0], one.write(column[index])
                message = f"point {index + 1}, with {value}, is no scenario: {first.path}: {first.message}"
                raise ScenarioError([Problem(one.where, f"design.parameters.{one.path}", message)]) from None


def points_from(frame: pd.DataFrame, design: Mapping[str, Any], folder: str | Path = ".") -> Points:
    """Points that were chosen elsewhere: a column a parameter (by its path), a row a point.

    Numbers are in base units, as in a sweep's table; text is as a scenario writes it. ``design`` holds the rest of
    a design: ``{"scenario": ..., "replications": ...}``. Raises ScenarioError.
    """
    from sim.scenario.design import design_of
    from sim.scenario.point_table import Table

    if frame.empty:
        raise UsageError("there are no points: the frame is empty")
    columns = {str(name): frame[name].tolist() for name in frame.columns}
    table = Table(columns, lambda row: "", base=True)
    return points_of(design_of({"method": "csv", **design}, folder, _kpis_of, table))


# ---------------------------------------------------------------- from the unit cube to values
def _on_grid(design: Design) -> list[Column]:
    """The columns of a full factorial design, or of one that moves a single parameter at a time."""
    from sim.scenario.design import centre_of

    grids = [grid_of(one, design.levels or 0) for one in design.parameters]
    if design.method == "full_factorial":
        places = sampling.full_factorial([grid.size for grid in grids])
        return [grid[place] for grid, place in zip(grids, places.T, strict=True)]
    centres = [centre_of(one) for one in design.parameters]
    others = [grid[grid != centre] for grid, centre in zip(grids, centres, strict=True)]
    places = sampling.one_at_a_time([other.size for other in others])
    known = [np.append(other, _array((centre,))) for other, centre in zip(others, centres, strict=True)]
    return [each[place] for each, place in zip(known, places.T, strict=True)]


def grid_of(one: Parameter, levels: int) -> Column:
    """The values of a parameter on a grid: a list's own; of a range equally spaced, both ends among them; of a
    distribution the medians of equally likely parts."""
    if one.dist is None:
        return _array(one.values)
    steps = one.steps(levels)
    found: Column = np.unique(values_at(one, _spaced(one, sampling.grid(steps), steps)))
    return found


def cube_of(design: Design) -> Floats:
    """The points on the unit cube ``[points, parameters]`` of a design that is drawn (not a grid, not a table)."""
    parameters, count, seed = len(design.parameters), design.count or 0, design.seed
    if design.method == "latin_hypercube":
        return sampling.latin_hypercube(count, parameters, seed)
    if design.method == "sobol":
        return sampling.sobol(count, parameters, seed)
    if design.method == "saltelli":
        return sampling.saltelli(count, parameters, seed, second_order=design.second_order)
    levels = design.levels or 0
    cube = sampling.morris(count, parameters, levels, seed)
    return np.stack(
        [_spaced(one, u, levels) for one, u in zip(design.parameters, cube.T, strict=True)], axis=1
    )


def _spaced(one: Parameter, u: Floats, levels: int) -> Floats:
    """Equally spaced numbers from 0 to 1: as they are for a range, whose ends are meant; else slices' middles."""
    if one.form == "range" and one.counts is None:
        return u
    middle: Floats = (u * (levels - 1) + 0.5) / levels
    return middle


def values_at(one: Parameter, u: Floats) -> Column:
    """The values of a parameter at places from 0 to 1: quantiles; of a list or whole numbers, equal slices."""
    if one.dist is None or one.quantity is None:
        return _array(one.values)[_slice(u, len(one.values))]
    if one.counts is not None:
        return one.counts.start + _slice(u, len(one.counts)).astype(np.float64)
    inside = np.clip(u, TAIL, 1.0 - TAIL) if one.form == "distribution" else u
    return fitting(one.quantity, quantiles(one.dist.family, one.dist.params, one.dist.values, inside))


def _slice(u: Floats, count: int) -> NDArray[np.int64]:
    return np.minimum((u * count).astype(np.int64), count - 1)


def _array(values: tuple[Any, ...]) -> Column:
    kind = {float: np.float64, bool: np.bool_}.get(type(values[0]), object)
    return np.array(values, dtype=kind)
