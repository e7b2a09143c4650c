"""A design: which parameters of a scenario are varied, over what, and how often each point is run.

A design is read as scenarios are: from a file or from Python data, with every problem told at once and where it
stands. Its points are drawn elsewhere (``sim.experiment.points``).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sim.errors import Problem, ScenarioError
from sim.finding import located, shipped_designs
from sim.scenario.columns import Reading
from sim.scenario.design_file import (
    COUNTED,
    MORRIS_LEVELS,
    MOST_RUNS,
    NEEDED,
    POWERS_OF_TWO,
    USED_BY,
    DesignFile,
    Sheet,
)
from sim.scenario.loading import load
from sim.scenario.nodes import Node, Origin, from_plain, plain, relative
from sim.scenario.point_table import Table, read_table, tabled
from sim.scenario.problems import Complaints, translate
from sim.scenario.quantities import HORIZON
from sim.scenario.schema import Scenario
from sim.scenario.settings import KeyPath
from sim.scenario.shapes import Fields
from sim.scenario.variants import with_values
from sim.scenario.varied import Parameter, Written, conflicts, varied
from sim.scenario.wrong import Wrong, closest, nearest, reason, shown
from sim.scenario.yaml_file import read_yaml

__all__ = ["Design", "Parameter", "Written", "centre_of", "design_of", "read_design", "scenario_of"]

KpisOf = Callable[[Scenario], Iterable[str]]
TOP = "design"
_SHAPE = Fields(DesignFile)


@dataclass(frozen=True)
class Design:
    """A design as a file describes it; ``docs/sweeps.md`` says what every part means.

    ``scenario`` is the file to vary. ``count`` is what the method counts (``points``, ``samples`` or
    ``trajectories``), None where it counts nothing; ``levels`` the values of each range on a grid. ``common``: the
    same people and luck at every point; ``each_point``: stated rates are solved anew at every point rather than
    once, at the scenario's own values. ``size`` and ``horizon`` replace the scenario's, as ``--size`` and
    ``--horizon`` do. ``kpis`` is empty where all are kept. ``sources`` are the design's own files, then those of its
    scenario.
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

    def told(self) -> dict[str, Any]:
        """The design as plain data with everything filled in, as a file would hold it."""
        found: dict[str, Any] = {"name": self.name, "about": self.about, "scenario": str(self.scenario)}
        found["method"] = self.method
        counted = next((key for key in COUNTED if self.method in USED_BY[key]), None)
        found |= {counted: self.count} if counted else {}
        found |= {"levels": self.levels, "second_order": self.second_order or None}
        found |= {"file": None if self.table is None else str(self.table)}
        found |= {"replications": self.replications, "seed": self.seed}
        found["random_numbers"] = "common" if self.common else "independent"
        found["base_rates"] = "each_point" if self.each_point else "once"
        found |= {
            "size": self.size,
            "horizon": self.horizon,
            "kpis": list(self.kpis) or None,
            "logs": self.logs,
        }
        found["parameters"] = {
            one.path: one.written for one in self.parameters if one.form != "table"
        } or None
        return {key: value for key, value in found.items() if value not in (None, "")}


def scenario_of(design: Design) -> Scenario:
    """The scenario that a design varies, with the design's size and horizon. Raises :class:`ScenarioError`."""
    return _loaded(design.scenario, design.size, design.horizon)


def _loaded(path: Path, size: int | None, horizon: str | None) -> Scenario:
    extra = {"population.size": size, "horizon": horizon}
    return load(path, (), {key: value for key, value in extra.items() if value is not None})


# ---------------------------------------------------------------- reading
def read_design(path: str | Path, kpis: KpisOf | None = None) -> Design:
    """The design in a file, or of a name that ships.

    ``kpis(scenario)`` are the names that ``kpis:`` may hold (without, any). Raises
    :class:`sim.errors.ScenarioError` with every problem found, each with file, line and column.
    """
    file = Path(os.path.abspath(located(path) or path))
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except (OSError, ValueError) as error:
        message = f"cannot be read: {reason(error)}{_meant(file, os.fspath(path))}"
        raise ScenarioError([Problem(relative(file), "", message)]) from None
    root = read_yaml(text, file)
    if root.get(TOP) is None:
        raise ScenarioError([_no_design(root, file)])
    return _Reading(root, file.parent, file, kpis).design()


def _meant(file: Path, name: str) -> str:
    """A design beside a missing file, or one that ships, that may have been meant."""
    return "" if file.exists() else _beside(file.parent, file.name) or nearest(name, shipped_designs())


def _no_design(root: Node, file: Path) -> Problem:
    """What a file without a design is instead."""
    is_scenario = any(key in root.value for key in ("touchpoints", "journeys", "extends", "horizon"))
    wrong = next((key for key in root.value if closest(key, [TOP])), None)
    if wrong is not None and not is_scenario:
        return Problem(root.value[wrong].origin.at_key, wrong, f"unknown key{nearest(wrong, [TOP])}")
    what = "is a scenario, not a design" if is_scenario else "holds no design"
    message = (
        f"{what}; expected a file with design: at the top, which names a scenario and what to vary in it"
    )
    return Problem(relative(file), "", message)


def design_of(
    data: Mapping[str, Any], folder: str | Path = ".", kpis: KpisOf | None = None, table: Table | None = None
) -> Design:
    """A design from Python data as a file would hold it (with or without ``design`` at the top).

    Files are looked for in ``folder``; ``table`` stands for the file of ``method: csv``. Raises
    :class:`ScenarioError`.
    """
    inside = Path(os.path.abspath(folder))
    data = data if set(data) == {TOP} else {TOP: data}
    try:
        root = from_plain(_unboxed(data), Origin(folder=inside))
    except Wrong as wrong:
        raise ScenarioError([Problem("", "", wrong.message)]) from None
    return _Reading(root, inside, None, kpis, table).design()


def _unboxed(data: Any) -> Any:
    """Plain Python data, also from arrays, NumPy's numbers and paths."""
    if isinstance(data, Mapping):
        return {key: _unboxed(item) for key, item in data.items()}
    if isinstance(data, list | tuple):
        return [_unboxed(item) for item in data]
    if isinstance(data, os.PathLike):
        return os.fspath(data)
    return data.tolist() if hasattr(data, "tolist") else data


class _Reading:
    """A design on its way from what was written, and what was found wrong with it so far."""

    def __init__(
        self, root: Node, folder: Path, file: Path | None, kpis: KpisOf | None, table: Table | None = None
    ):
        self.root, self.folder, self.file, self.kpis, self.table = root, folder, file, kpis, table
        self.complaints = Complaints(root, (file,) if file else (), _SHAPE)
        self.elsewhere: list[Problem] = []  # in other files
        self.reading = Reading()
        self.parameters: list[Parameter] = []
        self.sources: list[Path] = [file] if file else []

    def design(self) -> Design:
        """The design. Raises :class:`ScenarioError` with every problem found."""
        sheet = self._sheet()
        scenario = self._scenario(sheet)
        self._method(sheet)
        if scenario is not None:
            self._kpis(sheet, scenario)
            self._parameters(sheet, scenario)
        made = self._made(sheet, scenario)
        if not self._problems():
            self._count(made)
        if not self._problems() and scenario is not None:
            self._ends(scenario)
        if problems := self._problems():
            raise ScenarioError(problems)
        return made

    def _problems(self) -> list[Problem]:
        return self.complaints.sorted() + self.elsewhere

    def _tell(self, key: str | KeyPath, message: str, *, at_key: bool = False) -> None:
        path = (key,) if isinstance(key, str) else key
        self.complaints.add((TOP, *path), message, key=at_key)

    # ------------------------------------------------------------ single keys
    def _sheet(self) -> Sheet:
        """The keys that are right; the others are complained about."""
        if "extends" in self.root.value:
            message = "a design extends nothing; name the file to vary under scenario:"
            self.complaints.add(("extends",), message, key=True)
        data = {key: item for key, item in plain(self.root).items() if key != "extends"}
        try:
            return DesignFile.model_validate(data).design
        except ValidationError as error:
            translate(error, self.complaints)
            if not isinstance(data.get(TOP), dict):
                raise ScenarioError(self._problems()) from None
            wrong = {item["loc"][1] for item in error.errors() if len(item["loc"]) > 1}
            return Sheet.model_validate({key: item for key, item in data[TOP].items() if key not in wrong})

    def _has(self, key: str) -> bool:
        node = self.root.value[TOP].get(key)
        return node is not None and node.value is not None

    def _missing(self, key: str) -> None:
        if not self._has(key):
            self._tell(key, f"missing: {NEEDED[key]}")

    def _scenario(self, sheet: Sheet) -> Scenario | None:
        """The scenario to vary, if it is one."""
        if not sheet.scenario:
            written = self.root.value[TOP].get("scenario")
            if written is None or written.value in (None, ""):
                self._tell("scenario", f"missing: {NEEDED['scenario']}")
            return None
        place = located(self.folder / sheet.scenario) or located(sheet.scenario)
        if place is None:
            self._tell(
                "scenario", f"there is no file {shown(sheet.scenario)}{_beside(self.folder, sheet.scenario)}"
            )
            return None
        self.place = Path(os.path.abspath(place))
        try:
            scenario = _loaded(self.place, sheet.size, _horizon(sheet))
        except ScenarioError as error:
            self.elsewhere += error.problems
            return None
        return scenario

    def _kpis(self, sheet: Sheet, scenario: Scenario) -> None:
        known = list(self.kpis(scenario)) if self.kpis else list(sheet.kpis)
        is_list = isinstance(
            self.root.value[TOP].get("kpis") and self.root.value[TOP].get("kpis").value, list
        )
        for number, name in enumerate(sheet.kpis):
            if name not in known:
                hint = nearest(name, known) or "; docs/kpis.md lists them"
                self._tell(
                    ("kpis", str(number)) if is_list else "kpis", f"there is no KPI {shown(name)}{hint}"
                )

    # ------------------------------------------------------------ the method and what it counts
    def _method(self, sheet: Sheet) -> None:
        """Complain about keys of other methods and counts that do not fit; read the table of points, if any."""
        if sheet.method is None:
            self._missing("method")
            return
        for key, methods in USED_BY.items():
            if self._has(key) and sheet.method not in methods:
                self._tell(key, f"belongs to {_listed(methods)}; {_takes(sheet.method)}", at_key=True)
        for key in COUNTED:
            if sheet.method in USED_BY[key]:
                self._missing(key)
        if sheet.method in POWERS_OF_TWO:
            self._power_of_two("points" if sheet.method == "sobol" else "samples", sheet)
        if sheet.method in USED_BY["levels"] and sheet.levels is not None:
            self._levels(sheet.method, sheet.levels)
        if sheet.method == "csv":
            self._table(sheet)

    def _power_of_two(self, key: str, sheet: Sheet) -> None:
        count = getattr(sheet, key)
        if count is None or count & (count - 1) == 0:
            return
        below = 1 << (count.bit_length() - 1)
        reason = "a Sobol sequence is balanced only there"
        self._tell(key, f"expected a power of two such as {below} or {2 * below}, got {count} ({reason})")

    def _levels(self, method: str, levels: int) -> None:
        if levels < 2:
            self._tell("levels", f"expected at least 2 values of each range, got {levels}")
        elif method == "morris" and levels % 2:
            near = f"{levels - 1} or {levels + 1}"
            self._tell(
                "levels", f"expected an even number such as {near}, got {levels} (steps span half a range)"
            )

    def _table(self, sheet: Sheet) -> None:
        if self._has("parameters"):
            message = "the columns of the table are the parameters; leave this out"
            self._tell("parameters", message, at_key=True)
        if self.table is not None:
            return
        if sheet.file is None:
            self._missing("file")
            return
        file = Path(os.path.normpath(self.folder / sheet.file))
        if not file.exists():
            self._tell(
                "file", f"there is no file {shown(sheet.file)}{_beside(self.folder, sheet.file, '*.csv')}"
            )
            return
        self.sources.append(file)
        try:
            self.table = read_table(file)
        except ScenarioError as error:
            self.elsewhere += error.problems

    # ------------------------------------------------------------ parameters
    def _parameters(self, sheet: Sheet, scenario: Scenario) -> None:
        if sheet.method == "csv":
            self.parameters, problems = tabled(self.table, scenario) if self.table else ([], [])
            self.elsewhere += problems
            return
        written = self.root.value[TOP].get("parameters")
        if written is None or not written.value:
            self._tell("parameters", f"missing: {NEEDED['parameters']}")
            return
        if not written.is_mapping:
            return
        clashes = conflicts(list(written.value))
        for path, node in written.value.items():
            self._parameter(path, node, scenario, clashes.get(path))
        ranges = any(parameter.dist is not None for parameter in self.parameters)
        if sheet.method in ("full_factorial", "one_at_a_time") and ranges:
            self._missing("levels")

    def _parameter(self, path: str, node: Node, scenario: Scenario, clash: str | None) -> None:
        place = ("parameters", path)

        def told(wrong: Wrong) -> None:
            self._tell((*place, *wrong.at), wrong.message, at_key=wrong.key)

        if clash is not None:
            self._tell(place, clash, at_key=True)
        for key in ("size", "horizon"):
            if path.strip() == {"size": "population.size", "horizon": "horizon"}[key] and self._has(key):
                self._tell(place, f"is varied, so {key}: has no use beside it", at_key=True)
        found = varied(path, node, scenario, self.reading, told)
        self.parameters += [found] if found is not None else []

    # ------------------------------------------------------------ as a whole
    def _made(self, sheet: Sheet, scenario: Scenario | None) -> Design:
        counted = next((key for key in COUNTED if sheet.method in USED_BY[key]), None)
        file = self.folder / sheet.file if sheet.method == "csv" and sheet.file else None
        levels = sheet.levels if sheet.method in USED_BY["levels"] else None
        return Design(
            path=self.file,
            name=sheet.name,
            about=sheet.about,
            scenario=self.place if scenario is not None else Path(sheet.scenario),
            method=sheet.method or "",
            count=getattr(sheet, counted) if counted else None,
            levels=MORRIS_LEVELS if sheet.method == "morris" and levels is None else levels,
            second_order=sheet.second_order,
            table=None if file is None else Path(os.path.normpath(file)),
            replications=sheet.replications,
            seed=sheet.seed,
            common=sheet.random_numbers == "common",
            each_point=sheet.base_rates == "each_point",
            size=sheet.size,
            horizon=_horizon(sheet),
            kpis=sheet.kpis,
            logs=sheet.logs,
            parameters=tuple(self.parameters),
            sources=tuple(
                dict.fromkeys((*self.sources, *self.reading.sources, *(scenario.sources if scenario else ())))
            ),
        )

    def _count(self, design: Design) -> None:
        """More runs than can be meant are no design but a slip."""
        points = most_points(design)
        runs = points * design.replications
        if runs <= MOST_RUNS:
            return
        counted = next((key for key in (*COUNTED, "levels") if self._has(key)), "method")
        less = {"method": "the lists", "levels": "levels"}.get(counted, counted)
        ways = [less] if points > MOST_RUNS else [less, "replications"]
        other = (
            "; latin_hypercube draws as many points as you like" if design.method == "full_factorial" else ""
        )
        made = f"makes {points:,} points and, with {design.replications:,} replications, {runs:,} runs"
        self._tell(counted, f"{made}; at most {MOST_RUNS:,} are run: lower {' or '.join(ways)}{other}")

    def _ends(self, scenario: Scenario) -> None:
        """Complain about ends of ranges that make no valid scenario."""
        if self.table is not None:
            self._rows(scenario, self.table)
            return
        middle = {one.path: one.write(centre_of(one)) for one in self.parameters}
        if problem := _broken(scenario, middle):
            self._tell("parameters", f"with every parameter in its middle this is no scenario: {problem}")
            return
        single = False
        for parameter in self.parameters:
            for which, value in _ends_of(parameter):
                if problem := _broken(scenario, middle | {parameter.path: value}):
                    what = f"at {shown(value)}, {which}, this is no scenario: {problem}"
                    self._tell(("parameters", parameter.path), what)
                    single = True
        for number, which in () if single else ((0, "lowest"), (-1, "highest")):
            corner = {one.path: _ends_of(one)[number][1] for one in self.parameters}
            if problem := _broken(scenario, corner):
                self._tell(
                    "parameters", f"with every parameter at its {which} this is no scenario: {problem}"
                )

    def _rows(self, scenario: Scenario, table: Table) -> None:
        """The same for a table: the points at which a column has its least and its greatest value, or a new word."""
        rows = sorted({row for one in self.parameters for row in _telling(one)})
        for row in rows:
            values = {one.path: one.write(one.values[row]) for one in self.parameters}
            if problem := _broken(scenario, values):
                self.elsewhere.append(
                    Problem(table.place(row), "", f"point {row + 1} is no scenario: {problem}")
                )
                return


def _horizon(sheet: Sheet) -> str | None:
    return None if sheet.horizon is None else str(HORIZON.written(sheet.horizon))


def _beside(folder: Path, name: str, pattern: str = "*.y*ml") -> str:
    """A file beside the design that may have been meant."""
    beside = {path.stem: path.name for path in sorted((folder / name).parent.glob(pattern))}
    close = closest(Path(name).stem, beside)
    return f"; did you mean '{Path(name).with_name(beside[close]).as_posix()}'?" if close else ""


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _takes(method: str) -> str:
    keys = [key for key, methods in USED_BY.items() if method in methods]
    return f"{method} takes {_listed(keys)}" if keys else f"{method} takes none such"


# ---------------------------------------------------------------- how many, and the ends
def most_points(design: Design) -> int:
    """How many points a design has; for one_at_a_time and whole numbers, at most."""
    count, parameters = design.count or 0, len(design.parameters)
    if design.method in ("full_factorial", "one_at_a_time"):
        steps = [one.steps(design.levels or 0) for one in design.parameters]
        return prod(steps) if design.method == "full_factorial" else 1 + sum(steps)
    if design.method == "morris":
        return count * (parameters + 1)
    if design.method == "saltelli":
        return count * (2 * parameters + 2 if design.second_order else parameters + 2)
    if design.method == "csv":
        return len(design.parameters[0].values)
    return count


def centre_of(one: Parameter) -> Any:
    """The scenario's own value where it lies in the range or list, else the middle, in base units."""
    if one.own is not None and _inside(one):
        return one.own
    if one.dist is None or one.quantity is None:
        values = one.values if one.quantity is None else sorted(one.values)
        return values[(len(values) - 1) // 2]
    return float(one.quantity.parse(one.quantity.written(one.dist.mean)))


def _inside(one: Parameter) -> bool:
    if one.dist is None:
        return one.own in one.values
    low, high = one.dist.support
    return low <= one.own <= high


def _ends_of(one: Parameter) -> list[tuple[str, Written]]:
    """What is at the two ends of a range, or in a list; the middle where a distribution has no end."""
    if one.dist is None and one.quantity is not None:
        low, high = min(one.values), max(one.values)
        return [("the least of its list", one.write(low)), ("the greatest of its list", one.write(high))]
    if one.dist is None:
        return [("one of its list", one.write(value)) for value in one.values]
    if one.form == "distribution":
        return [("its middle", one.write(centre_of(one)))]
    low, high = one.dist.support
    return [("the low end", one.write(low)), ("the high end", one.write(high))]


def _telling(one: Parameter) -> Iterator[int]:
    """Rows of a table that show all that a column can be."""
    if one.quantity is not None:
        yield one.values.index(min(one.values))
        yield one.values.index(max(one.values))
        return
    for word in set(one.values):
        yield one.values.index(word)


def _broken(scenario: Scenario, values: Mapping[str, Any]) -> str:
    """What is wrong with the scenario with these values; empty if nothing is."""
    try:
        with_values(scenario, values)
    except ScenarioError as error:
        first = error.problems[0]
        return f"{first.path}: {first.message}"
    return ""
