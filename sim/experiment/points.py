"""The points of a design: which value every parameter has in every run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.analysis import sampling
from sim.analysis.turning import quantiles
from sim.experiment.assumptions import read_back

if TYPE_CHECKING:
    from sim.analysis.view import Floats
    from sim.scenario.design import Design, Parameter, Written

Column = NDArray[Any]


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
        """The values at a point (the first has the index 0, the number 1) as a scenario writes them."""
        return {
            one.path: one.write(
                self.columns[one.path][index].item()
                if hasattr(self.columns[one.path][index], "item")
                else self.columns[one.path][index]
            )
            for one in self.design.parameters
        }


def points_of(design: Design) -> Points:
    """The points of a design; the same ones for the same design, always."""
    cube = cube_of(design)
    columns = {one.path: _column(one, u) for one, u in zip(design.parameters, cube.T, strict=True)}
    return Points(design, columns)


def cube_of(design: Design) -> Floats:
    """The points on the unit cube ``[points, parameters]``."""
    if design.method == "full_factorial":
        return sampling.full_factorial([len(p.values) or design.levels or 5 for p in design.parameters])
    return sampling.latin_hypercube(design.count or 1, len(design.parameters), design.seed)


def _column(one: Parameter, u: Floats) -> Column:
    if one.dist is not None and one.quantity is not None:
        found = quantiles(one.dist.family, one.dist.params, one.dist.values, u)
        return np.array([read_back(one.quantity, float(value)) for value in found])
    place = np.minimum((u * len(one.values)).astype(int), len(one.values) - 1)
    return np.array(one.values, dtype=object if isinstance(one.values[0], str) else None)[place]
