"""A design: which parameters of a scenario are varied, over what, and how often each point is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.scenario.distributions import Dist
from sim.scenario.quantities import Quantity

Written = str | int | float | bool


@dataclass(frozen=True)
class Parameter:
    """One thing that is varied.

    ``dist`` holds a range (uniform) or a distribution, in base units; ``values`` those of a list, in base units too
    or, where ``quantity`` is None, as words and truth values. From a table of points ``values`` are its column, one
    value a point. ``own`` is the scenario's own value, None where it has no single one; ``where`` tells where the
    parameter was written (``file:line:column``).
    """

    path: str
    written: Any
    quantity: Quantity | None = None
    dist: Dist | None = None
    values: tuple[Any, ...] = ()
    own: Any = None
    where: str = ""

    @property
    def form(self) -> str:
        """``range``, ``distribution``, ``list``, or ``table`` where the points were given one by one."""
        if self.dist is not None:
            return "distribution" if isinstance(self.written, Mapping) else "range"
        return "table" if self.written is None else "list"

    @property
    def whole(self) -> bool:
        """Whether only whole numbers fit."""
        return self.quantity is not None and self.quantity.whole

    @property
    def unit(self) -> str:
        """The base unit of its values; empty for pure numbers, words and truth values."""
        return self.quantity.unit if self.quantity is not None else ""

    @property
    def ends(self) -> tuple[float, float] | None:
        """The least and the greatest number it may take, in base units; None for words and truth values."""
        if self.dist is not None:
            return self.dist.support
        if self.quantity is None:
            return None
        return min(self.values), max(self.values)

    def write(self, value: Any) -> Written:
        """A value in base units as a scenario writes it."""
        if self.quantity is None:
            return bool(value) if isinstance(value, bool) else str(value)
        return self.quantity.written(float(value))


@dataclass(frozen=True)
class Design:
    """A design as a file describes it; ``docs/sweeps.md`` says what every part means.

    ``scenario`` is the file to vary. ``count`` is what the method counts (``points``, ``samples`` or
    ``trajectories``), None where it counts nothing; ``levels`` the values of each range on a grid. ``common``: the
    same people and luck at every point; ``each_point``: stated rates are solved anew at every point. ``size`` and
    ``horizon`` replace the scenario's, as ``--size`` and ``--horizon`` do. ``kpis`` is empty where all are kept.
    ``sources`` are the design's own files, then those of its scenario.
    """

    path: Path | None
    name: str
    about: str
    scenario: Path
    method: str
    count: int | None
    levels: int | None
    second_order: bool
    table: Path | None
    replications: int
    seed: int
    common: bool
    each_point: bool
    size: int | None
    horizon: str | None
    kpis: tuple[str, ...]
    logs: bool
    parameters: tuple[Parameter, ...]
    sources: tuple[Path, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of the parameters, in order."""
        return tuple(parameter.path for parameter in self.parameters)


def read_design(path: str | Path) -> Design:
    """The design in a file (first cut: no checks yet)."""
    import os

    from sim.scenario.nodes import plain
    from sim.scenario.yaml_file import read_yaml

    file = Path(os.path.abspath(path))
    return design_of(plain(read_yaml(file.read_text("utf-8"), file))["design"], file.parent, file)


def design_of(data: Mapping[str, Any], folder: str | Path = ".", path: Path | None = None) -> Design:
    """A design from Python data as a file would hold it (first cut: no checks yet)."""
    from sim.finding import located
    from sim.scenario.assumptions import assumption
    from sim.scenario.quantities import NUMBER
    from sim.scenario.shapes import quantity_of, shape_at

    def parameter(name: str, node: Any) -> Parameter:
        quantity = quantity_of(shape_at(name.split(".")))
        if isinstance(node, list | tuple):
            values = tuple(node) if quantity is None else tuple(float(quantity.parse(v)) for v in node)
            return Parameter(name, list(node), quantity, None, values)
        return Parameter(name, node, quantity, assumption(node, quantity or NUMBER).dist)

    counts = [data[key] for key in ("samples", "points", "trajectories") if key in data]
    return Design(
        path=path,
        name=data.get("name", ""),
        about=data.get("about", ""),
        scenario=Path(located(Path(folder) / data["scenario"]) or data["scenario"]),
        method=data["method"],
        count=counts[0] if counts else None,
        levels=data.get("levels"),
        second_order=data.get("second_order", False),
        table=None,
        replications=data.get("replications", 3),
        seed=data.get("seed", 1),
        common=data.get("random_numbers", "common") == "common",
        each_point=data.get("base_rates", "each_point") == "each_point",
        size=data.get("size"),
        horizon=data.get("horizon"),
        kpis=tuple(data.get("kpis", ())),
        logs=data.get("logs", False),
        parameters=tuple(parameter(*item) for item in data["parameters"].items()),
    )
