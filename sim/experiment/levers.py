"""Levers: values of a scenario that are ours to choose, and what points they span.

A lever is what a strategy does, so it moves the strategy alone: the baseline, its people and their past stay.
A point is a tuple with one value a lever, in base units (words and truth values as they are).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any

from sim.errors import Problem, ScenarioError, UsageError

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.scenario.varied import Parameter

Point = tuple[Any, ...]
FINE = 1000  # steps that a range is tried in, about: finer values would be no news to anybody
_NUMBER = re.compile(r"[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Lever:
    """A parameter to choose: from a range, or from a list of ``choices`` (a range has none)."""

    parameter: Parameter

    @property
    def path(self) -> str:
        """Its path in the scenario."""
        return self.parameter.path

    @cached_property
    def choices(self) -> tuple[Any, ...]:
        """The values of a list, numbers in order; the whole numbers of a range that holds few."""
        one = self.parameter
        if one.dist is None:
            return tuple(one.values if one.quantity is None else sorted(one.values))
        whole = one.counts
        return tuple(map(float, whole)) if whole is not None and len(whole) <= FINE else ()

    @property
    def in_order(self) -> bool:
        """Whether its values are numbers, of which some lie nearer to each other than others."""
        return self.parameter.quantity is not None

    @property
    def ends(self) -> tuple[float, float]:
        """The two ends of a range, in base units."""
        low, high = self.parameter.dist.support  # type: ignore[union-attr]
        return float(low), float(high)

    @property
    def extremes(self) -> tuple[Any, ...]:
        """The values that are tried before anything runs: both ends of a range, all of a list of words."""
        if not self.choices:
            return self.ends
        return (self.choices[0], self.choices[-1]) if self.in_order else self.choices

    @property
    def middle(self) -> Any:
        """A value in the middle."""
        return self.choices[len(self.choices) // 2] if self.choices else self.settled(sum(self.ends) / 2.0)

    def write(self, value: Any) -> Any:
        """A value as a scenario writes it."""
        return self.parameter.write(value)

    def settled(self, value: float) -> float:
        """The value near this one in a range that reads well: no finer than about a thousandth of the range."""
        low, high = self.ends
        quantity = self.parameter.quantity
        assert quantity is not None
        if self.span is not None:
            first, last, unit = self.span
            text = (
                _rounded(first + (last - first) * (value - low) / (high - low), (last - first) / FINE) + unit
            )
        else:
            written = str(self.write(value))
            found = _NUMBER.match(written)
            if found is None or value == 0.0:
                return value
            number = float(found[0])
            text = _rounded(number, abs(number / value) * (high - low) / FINE) + written[found.end() :]
        near = float(quantity.parse(text))
        return near if low <= near <= high else value

    @cached_property
    def span(self) -> tuple[float, float, str] | None:
        """Both ends of a range as numbers of the unit they were written in; None where these are two, or not linear."""
        quantity = self.parameter.quantity
        texts = [part.strip() for part in str(self.parameter.written).split("..")]
        found = [_NUMBER.match(text) for text in texts]
        if quantity is None or len(texts) != 2 or found[0] is None or found[1] is None:
            return None
        first, last = float(found[0][0]), float(found[1][0])
        units = {text[match.end() :] for text, match in zip(texts, found, strict=True) if match is not None}
        if len(units) > 1:
            return None
        (unit,), (low, high) = units, self.ends
        middle = float(quantity.parse(f"{(first + last) / 2.0:.15g}{unit}"))
        return (first, last, unit) if math.isclose(middle, (low + high) / 2.0, rel_tol=1e-9) else None

    def holds(self, value: Any) -> bool:
        """Whether a value is one that it may take."""
        if value is None:
            return False
        return value in self.choices if self.choices else self.ends[0] <= value <= self.ends[1]


def _rounded(number: float, step: float) -> str:
    """A number with as many decimals as such a step has."""
    return f"{round(number, max(0, math.ceil(-math.log10(step)))):.15g}"


# ---------------------------------------------------------------- reading
def levers_of(given: Mapping[str, Any], scenario: Scenario) -> tuple[Lever, ...]:
    """Levers of a scenario from ``{path: range or list}``.

    Raises ScenarioError with every problem found, UsageError where there is none or one that nobody can choose.
    """
    from sim.scenario.columns import Reading
    from sim.scenario.nodes import Origin, from_plain
    from sim.scenario.varied import conflicts, varied
    from sim.scenario.wrong import Wrong

    if not given:
        raise UsageError(
            "there is no lever: say what may be chosen, such as --lever 'loyalty.card.head_start=0 .. 4'"
        )
    problems: list[Problem] = []
    found: list[Parameter | None] = []
    clashes = conflicts(list(given))
    for path, written in given.items():

        def told(wrong: Wrong, path: str = path) -> None:
            problems.append(Problem(f"lever {path}", ".".join(wrong.at), wrong.message))

        try:
            if path in clashes:
                raise Wrong(clashes[path])
            node = from_plain(written, Origin(label=f"lever {path}"))
            found.append(varied(path, node, scenario, Reading(), told))
        except Wrong as wrong:
            told(wrong)
    if problems:
        raise ScenarioError(problems)
    return chosen([one for one in found if one is not None])


def chosen(parameters: Sequence[Parameter]) -> tuple[Lever, ...]:
    """The levers that parameters are. Raises UsageError for what nobody chooses: a distribution."""
    for one in parameters:
        if one.form == "distribution":
            raise UsageError(
                f"lever {one.path}: a distribution is what chance does, a lever is what you choose: give a range "
                "such as 1 .. 4, or a list"
            )
        if one.form == "table":
            raise UsageError(
                f"lever {one.path}: give a range such as 1 .. 4, or a list, not a table of points"
            )
    return tuple(Lever(one) for one in parameters)


def read_lever(text: str) -> tuple[str, Any]:
    """``path=range`` as a path and what stands behind it. Raises UsageError."""
    from sim.scenario.nodes import Origin, plain
    from sim.scenario.yaml_file import read_text

    path, equals, value = text.partition("=")
    if not equals or not path.strip() or not value.strip():
        raise UsageError(
            f"lever {text!r}: expected path.to.key=low .. high, or a list such as path.to.key=[0, 0.5, 1]"
        )
    return path.strip(), plain(read_text(value, Origin(label=f"--lever {text}")))


def given_levers(texts: Sequence[str] | Mapping[str, Any]) -> dict[str, Any]:
    """Levers as they were given, by path. Raises UsageError where one is there twice."""
    if isinstance(texts, Mapping):
        return dict(texts)
    found: dict[str, Any] = {}
    for path, value in map(read_lever, [texts] if isinstance(texts, str) else texts):
        if path in found:
            raise UsageError(f"lever {path}: is there twice")
        found[path] = value
    return found


# ---------------------------------------------------------------- points
@dataclass(frozen=True)
class Space:
    """All points that levers span, in a scenario."""

    scenario: Scenario
    levers: tuple[Lever, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of the levers, in order."""
        return tuple(lever.path for lever in self.levers)

    def written(self, point: Point) -> dict[str, Any]:
        """What a scenario says at a point, by path."""
        return {lever.path: lever.write(value) for lever, value in zip(self.levers, point, strict=True)}

    def at(self, point: Point) -> Scenario:
        """The scenario at a point. Raises ScenarioError where the values do not go together."""
        from sim.scenario.variants import as_strategy

        return as_strategy(self.scenario, self.written(point))

    @cached_property
    def as_written(self) -> Point | None:
        """The point at which the scenario stands; None where it lies outside."""
        own = tuple(lever.parameter.own for lever in self.levers)
        inside = all(lever.holds(value) for lever, value in zip(self.levers, own, strict=True))
        return own if inside else None

    @cached_property
    def centre(self) -> Point:
        """The scenario as written, else the middle of all levers."""
        return self.as_written or tuple(lever.middle for lever in self.levers)

    def moved(self, point: Point, k: int) -> tuple[Point, Point]:
        """A point with lever number k at one end, and at the other."""
        low, high = self.levers[k].extremes[0], self.levers[k].extremes[-1]
        return (*point[:k], low, *point[k + 1 :]), (*point[:k], high, *point[k + 1 :])

    @property
    def star(self) -> list[Point]:
        """The centre, and each lever at both of its ends while the others stay there."""
        arms = (self.moved(self.centre, k) for k in range(len(self.levers)))
        return list(dict.fromkeys([self.centre, *(point for arm in arms for point in arm)]))

    @property
    def count(self) -> float:
        """How many points there are; inf where a lever is a range."""
        return math.prod(len(lever.choices) or math.inf for lever in self.levers)

    def every(self) -> list[Point]:
        """Every point, where there are only so many."""
        return list(product(*(lever.choices for lever in self.levers)))

    @cached_property
    def bounds(self) -> tuple[Scenario, ...]:
        """The scenario with every lever at its extremes, one at a time.

        Raises ScenarioError where one of them is none.
        """
        found: list[Scenario] = []
        for lever in self.levers:
            found += [_variant(self.scenario, lever, value) for value in lever.extremes]
        return tuple(found)


def _variant(scenario: Scenario, lever: Lever, value: Any) -> Scenario:
    from sim.scenario.variants import as_strategy

    try:
        return as_strategy(scenario, {lever.path: lever.write(value)})
    except ScenarioError as error:
        first = error.problems[0]
        problem = Problem(
            f"lever {lever.path}", "", f"at {lever.write(value)}: {first.path}: {first.message}"
        )
        raise ScenarioError([problem]) from None
