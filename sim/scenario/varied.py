"""One parameter of a design: its path, and what it is varied over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from sim.scenario.assumptions import ends, numeric, range_of
from sim.scenario.checks import must_exist, quantity_at
from sim.scenario.columns import Reading
from sim.scenario.distributions import Dist
from sim.scenario.nodes import Node, children, plain
from sim.scenario.prepare import find_files
from sim.scenario.quantities import Quantity
from sim.scenario.schema import Scenario
from sim.scenario.settings import KeyPath, split_path
from sim.scenario.shapes import Fields, Names, Shape, keys_of, shape_at, short_form
from sim.scenario.show import node_at
from sim.scenario.spreads import DistOf
from sim.scenario.wrong import Wrong, shown

Written = str | int | float | bool
Told = Callable[[Wrong], None]  # takes in a complaint
UNVARIED = ("extends", "name", "about", "currency", "assumed", "windows")  # moves nobody


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
    def counts(self) -> range | None:
        """The whole numbers of a range of them; None for everything else."""
        if self.form != "range" or self.dist is None or not (self.quantity and self.quantity.whole):
            return None
        low, high = self.dist.params
        return range(int(low), int(high) + 1)

    @property
    def unit(self) -> str:
        """The base unit of its values; empty for pure numbers, words and truth values."""
        return self.quantity.unit if self.quantity is not None else ""

    @property
    def ends(self) -> tuple[float, float] | None:
        """The least and the greatest number it may take, in base units; None for words and truth values."""
        if self.dist is not None:
            return self.dist.support
        return None if self.quantity is None else (min(self.values), max(self.values))

    def steps(self, levels: int) -> int:
        """How many values it takes on a grid that gives every range so many."""
        if self.dist is None:
            return len(self.values)
        return levels if self.counts is None else min(levels, len(self.counts))

    def write(self, value: Any) -> Written:
        """A value in base units as a scenario writes it."""
        if self.quantity is not None:
            return self.quantity.written(float(value))
        return value if isinstance(value, bool) else str(value)


# ---------------------------------------------------------------- reading one
def varied(path: str, node: Node, scenario: Scenario, reading: Reading, told: Told) -> Parameter | None:
    """The parameter that an entry of ``parameters`` stands for; None where it is not right, which ``told`` hears."""
    keys = split_path(path)
    try:
        quantity = quantity_for(keys, plain(node), scenario)
        if isinstance(node.value, list):
            return _listed(path, node, quantity, scenario, told)
        dist = _spread(keys, node, quantity, reading)
    except Wrong as wrong:
        told(wrong)
        return None
    quantity = numeric(quantity) if quantity else None
    own = own_value(scenario, keys, quantity)
    return Parameter(".".join(keys), plain(node), quantity, dist, (), own, node.origin.at_key)


def quantity_for(keys: KeyPath, written: Any, scenario: Scenario) -> Quantity | None:
    """The quantity at a path that a scenario has; None for words and truth values. Raises :class:`Wrong`."""
    must_exist(keys, scenario._tree)
    for depth in range(1, len(keys)):
        if node_at(scenario, keys[:depth]) is None:
            raise Wrong(f"this scenario has no {'.'.join(keys[:depth])}", key=True)
    if keys[0] in UNVARIED:
        raise Wrong(f"{keys[0]} moves nobody, so there is nothing to vary", key=True)
    quantity, shape = quantity_at(keys, written), shape_at(keys)
    if quantity is None and isinstance(shape, Fields | Names) and keys != ("psychology",):
        raise Wrong(f"is a part of the scenario, not a value{_below(keys, shape, scenario)}", key=True)
    return quantity


def _below(keys: KeyPath, shape: Shape, scenario: Scenario) -> str:
    """An example of a path that goes on."""
    node = node_at(scenario, keys)
    names = keys_of(shape) or ([key for key, _ in children(node)] if node else [])
    return f"; go on with dots, such as {'.'.join((*keys, names[0]))}" if names else ""


def _spread(keys: KeyPath, node: Node, quantity: Quantity | None, reading: Reading) -> Dist:
    """A range, or a distribution."""
    if not (node.is_mapping or isinstance(node.value, str)):
        raise Wrong(
            f"expected a range such as 0.5 .. 1.5, a list such as [1, 2], or a distribution, got {shown(node.value)}"
        )
    if quantity is None:
        if not node.is_mapping:
            ends(node.value)
        raise Wrong("is no number, so it has no range; expected a list of what it may be")
    quantity = numeric(quantity)
    if not node.is_mapping:
        return range_of(node.value, quantity)
    dist = DistOf(quantity).parse(plain(find_files(node)), reading)
    if dist.family == "constant":
        raise Wrong("always gives the same value; write it into the scenario, or give it a spread")
    return dist


def _listed(
    path: str, node: Node, quantity: Quantity | None, scenario: Scenario, told: Told
) -> Parameter | None:
    """A list of values; every item that is wrong is told."""
    keys, items = split_path(path), [plain(item) for item in node.value]
    values: list[Any] = []
    wrong = False
    for number, item in enumerate(items):
        try:
            values.append(listed_value(item, quantity))
            if _same(values[-1], values[:-1]):
                raise Wrong(f"{shown(item)} is in the list already")
        except Wrong as error:
            told(error.under(str(number)))
            wrong = True
    if len(items) < 2 and not wrong:
        told(Wrong(f"expected at least two values to choose from, got {len(items) or 'none'}"))
        wrong = True
    if wrong:
        return None
    values, quantity = as_column(values, items, quantity)
    own = own_value(scenario, keys, quantity)
    return Parameter(".".join(keys), items, quantity, None, tuple(values), own, node.origin.at_key)


def _same(value: Any, before: list[Any]) -> bool:
    return any(type(one) is type(value) and one == value for one in before)


def listed_value(item: Any, quantity: Quantity | None) -> Any:
    """One value of a list or a table: a number in base units, a word, or a truth value. Raises :class:`Wrong`."""
    if quantity is None:
        if not isinstance(item, str | bool):
            raise Wrong(f"expected a word, or true or false, got {shown(item)}")
        return item
    value = quantity.parse(item)
    return float(value) if isinstance(value, int | float) and value == value else str(item).strip()


def as_column(
    values: list[Any], items: list[Any], quantity: Quantity | None
) -> tuple[list[Any], Quantity | None]:
    """The values of a list or a table as one kind of thing: numbers with their quantity, else words."""
    if quantity is not None and all(isinstance(value, float) for value in values):
        return values, quantity
    if all(isinstance(value, bool) for value in values):
        return values, None
    return [item if isinstance(item, str) else shown(item) for item in items], None


def conflicts(paths: list[str]) -> dict[str, str]:
    """What is wrong with paths beside one another: twice the same, or one inside the other."""
    found = {}
    for (first, one), (second, other) in combinations([(path, split_path(path)) for path in paths], 2):
        short, long, told = (one, other, second) if len(one) <= len(other) else (other, one, first)
        if long[: len(short)] != short:
            continue
        name = ".".join(short)
        if long == short or long[len(short) :] == (short_form(short),):
            found[second] = f"is the same as {first.strip()!r}, which is a parameter already"
        else:
            found[told] = f"lies inside {name!r}, which is a parameter too: one would overwrite the other"
    return found


# ---------------------------------------------------------------- the scenario's own value
def own_value(scenario: Scenario, keys: KeyPath, quantity: Quantity | None) -> Any:
    """The value at a path in base units (the mean of a distribution), or a word; None where there is none."""
    node = node_at(scenario, keys)
    if node is not None and node.is_mapping:
        node = node.get(short_form(keys) or "")
    if node is None or isinstance(node.value, dict | list):
        return None
    if quantity is None:
        return node.value if isinstance(node.value, str | bool) else str(node.value)
    try:
        value = quantity.parse(node.value)
    except Wrong:
        return None
    return float(value) if isinstance(value, int | float) else None
