"""What a sweep is made of, before anything runs: its points, its scenario, and what tells it from another sweep."""

from __future__ import annotations

import hashlib
import json
import pickle
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import sim
from sim.errors import RunError, ScenarioError, UsageError
from sim.experiment import folder as folders
from sim.experiment.asked import kpi_names
from sim.experiment.manifest import plain, shown, versions
from sim.experiment.points import Points, design_from, points_of
from sim.experiment.runs import choose_engine
from sim.experiment.sweep_tasks import World

if TYPE_CHECKING:
    from sim.experiment.sweep_table import Table
    from sim.scenario import Scenario
    from sim.scenario.design import Design, Parameter

_ROUNDING = ("numpy", "numba")  # packages whose versions may round a last digit otherwise
_TOLD = ("name", "about", "scenario", "file")  # changes no number; the content of the files counts


@dataclass
class Plan:
    """All runs of a design, and the scenario that they vary. ``luck`` is :meth:`find_luck`'s once it is known."""

    points: Points
    scenario: Scenario
    engine: str
    kpis: tuple[str, ...]
    luck: Mapping[str, float] | None = None

    @property
    def design(self) -> Design:
        """The design."""
        return self.points.design

    # ------------------------------------------------------------ the world that points share
    def world(self, look: Callable[[], None]) -> bytes:
        """What workers need beside the points, pickled. ``look`` is called now and then, and may raise."""
        from sim.engine import Lowering

        try:
            rates = None if self.design.each_point else Lowering().rates(self.scenario.baseline)
        except RunError as error:
            raise RunError(f"the scenario does not run with its own values: {error}") from error
        if self.luck is None:
            self.luck = self._reach(Lowering(rates=rates), look) if self.design.common else {}
        return pickle.dumps(World(self.scenario, self.engine, self.kpis, rates, self.luck))

    def _reach(self, lowering: Any, look: Callable[[], None]) -> dict[str, float]:
        """How far the leaving hazard of each segment reaches at the extremes of the design.

        People get their moments to leave at a rate that bounds it, the same at all points, or luck would differ.
        Looked at are the scenario itself, every parameter alone at its least and greatest value (words: each), and
        all parameters together where each by itself reaches furthest.
        """
        from sim.scenario.variants import with_values

        def reach(values: Mapping[str, Any]) -> dict[str, float]:
            look()
            try:
                return dict(lowering.reach_of(with_values(self.scenario, values)))
            except (ScenarioError, RunError):  # no scenario: its runs say so
                return {}

        found, furthest = [reach({})], {}
        for parameter in self.design.parameters:
            alone = [(reach({parameter.path: value}), value) for value in self._extremes(parameter)]
            found += [one for one, _ in alone]
            furthest[parameter.path] = max(alone, key=lambda one: sum(one[0].values()))[1]
        found.append(reach(furthest))
        names = dict.fromkeys(name for one in found for name in one)
        return {name: max(one.get(name, 0.0) for one in found) for name in names}

    def _extremes(self, parameter: Parameter) -> list[Any]:
        """The least and the greatest value that a parameter has at any point; all, where they have no order."""
        values = self.points.columns[parameter.path]
        if values.dtype == np.float64:
            return [parameter.write(float(value)) for value in dict.fromkeys((values.min(), values.max()))]
        return [parameter.write(value) for value in dict.fromkeys(values.tolist())]

    # ------------------------------------------------------------ what it says of itself
    def head(self, table: Table) -> dict[str, Any]:
        """What ``sweep.json`` holds beside status and counts."""
        return {
            "name": self.design.name,
            "scenario": shown(self.design.scenario),
            "method": self.design.method,
            "parameters": [self._described(parameter) for parameter in self.design.parameters],
            "kpis": self._units(table.shown_kpis),
            "points": self.points.count,
            "replications": self.design.replications,
            "seed": self.design.seed,
            "random_numbers": "common" if self.design.common else "independent",
            "engine": self.engine,
            "luck": self.luck,
            "command": self.command(),
            **self._identity(),
            "versions": {"python": ".".join(map(str, sys.version_info[:3])), **versions()},
        }

    def _described(self, parameter: Parameter) -> dict[str, Any]:
        values = self.points.columns[parameter.path]
        numbers = values.dtype == np.float64
        low, high = parameter.ends or (values.min(), values.max()) if numbers else (None, None)
        return {
            "path": parameter.path,
            "unit": parameter.unit,
            "form": parameter.form,
            "low": None if low is None else float(low),
            "high": None if high is None else float(high),
            "default": plain(parameter.own),
            "written": plain(parameter.written),
        }

    def _units(self, kpis: Sequence[str]) -> dict[str, str]:
        from sim.analysis.kpis import definition

        return {name: definition(name).unit.replace("currency", self.scenario.currency) for name in kpis}

    def command(self) -> str:
        """The command line that runs it from its folder."""
        return f"touchpoint sweep {self._start()}"

    def _start(self) -> str:
        if self.design.path is None:
            return "DESIGN.yaml"
        return self._places()[self.design.path].as_posix()

    # ------------------------------------------------------------ whether it is the same
    def _identity(self) -> dict[str, Any]:
        """What decides the numbers: the version, the design, its points, the content of the scenario's files."""
        files = {path: place for path, place in self._places().items() if path != self.design.path}
        return {
            "touchpoint": sim.__version__,
            "design": plain(self.design.told()),
            "inputs": {place.as_posix(): folders.sha256(path) for path, place in files.items()},
            "points_sha256": self._points_digest(),
        }

    def _points_digest(self) -> str:
        digest = hashlib.sha256()
        for path, values in self.points.columns.items():
            told = values.tolist() if values.dtype == object else values.tobytes()
            digest.update(repr((path, told)).encode())
        return digest.hexdigest()

    @property
    def fingerprint(self) -> str:
        """Hex digest of all that decides the numbers."""
        return hashlib.sha256(json.dumps(_compared(self._identity()), sort_keys=True).encode()).hexdigest()

    def check_same(self, head: Mapping[str, Any], place: Path) -> None:
        """Raise UsageError where a folder holds a sweep of another design, with what differs."""
        there, here = _compared(head), _compared(self._identity())
        if there == here:
            return
        told = "; ".join([*_differences(there, here)][:4]) or "its points are others"
        raise UsageError(
            f"{place}: holds another sweep, which this design does not go on with: {told}; --out names another folder"
        )

    def other_versions(self, head: Mapping[str, Any]) -> str:
        """What to know where a sweep was begun with another NumPy or numba; empty where it was not."""
        now, then = versions(), head["versions"]
        told = [
            f"{name} {then.get(name)} (now {now[name]})" for name in _ROUNDING if then.get(name) != now[name]
        ]
        return f"note: begun with {', '.join(told)}: a last digit may differ between runs" if told else ""

    def default_place(self, results: Path) -> Path:
        """A folder named after the design and what it says, so that ``--resume`` finds it again."""
        source, name = self.design.path, self.design.name
        return folders.named_place(results, source, name or "sweep", self.fingerprint)

    def _places(self) -> dict[Path, Path]:
        own = [path for path in (self.design.path, *self.design.sources) if path is not None]
        sources = (self.design.scenario.absolute(), *self.scenario.sources, *own)
        return folders.input_places(list(dict.fromkeys(sources)))

    def copy_inputs(self, place: Path) -> None:
        """Copy the design and the scenario's files into the folder."""
        folders.copy_inputs(self._places(), place)


def plan_of(given: Any, note: Callable[[str], None] | None = None) -> Plan:
    """What a design comes to: a file, data as a file would hold it, a Design, or points that were chosen elsewhere.

    Raises ScenarioError or UsageError for whatever is wrong with it.
    """
    from sim.scenario.design import scenario_of

    points = given if isinstance(given, Points) else points_of(design_from(given))
    scenario = scenario_of(points.design)
    engine = choose_engine(scenario, None, note)
    return Plan(points, scenario, engine, points.design.kpis or all_kpis(scenario))


def all_kpis(scenario: Scenario) -> tuple[str, ...]:
    """The KPIs that runs of a scenario may have."""
    return tuple(kpi_names([scenario]))


def _compared(told: Mapping[str, Any]) -> dict[str, Any]:
    """What two sweeps are told apart by."""
    design = {key: value for key, value in told.get("design", {}).items() if key not in _TOLD}
    design["parameters"] = list((design.get("parameters") or {}).items())  # their order counts, too
    names = ("touchpoint", "inputs", "points_sha256")
    return plain({"design": design, **{name: told.get(name) for name in names}})


def _differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> Iterator[str]:
    if there["touchpoint"] != here["touchpoint"]:
        yield f"it was begun by version {there['touchpoint']}, this is {here['touchpoint']}"
    before, now = there["design"], here["design"]
    for key in dict.fromkeys((*before, *now)):
        if key != "parameters" and before.get(key) != now.get(key):
            yield f"{key} was {_word(before.get(key))}, is {_word(now.get(key))}"
    ranges, others = dict(map(tuple, before["parameters"])), dict(map(tuple, now["parameters"]))
    for path in dict.fromkeys((*ranges, *others)):
        if ranges.get(path) != others.get(path):
            yield f"{path} was {_word(ranges.get(path))}, is {_word(others.get(path))}"
    files, mine = there["inputs"] or {}, here["inputs"]
    for name in dict.fromkeys((*files, *mine)):
        if files.get(name) != mine.get(name):
            yield f"{Path(name).name} has changed"


def _word(value: Any) -> str:
    return "not there" if value is None else json.dumps(value, ensure_ascii=False)
