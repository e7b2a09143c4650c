"""``assumed:`` how far off a guess may be."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic_core import core_schema

from sim.scenario.distributions import Dist
from sim.scenario.quantities import NUMBER, Quantity
from sim.scenario.spreads import DistOf
from sim.scenario.wrong import Wrong, shown

_UNREAD = Dist("constant", (0.0,))


@dataclass(frozen=True)
class Assumption:
    """The range of one guess: how its values are distributed, and how to write one into a scenario."""

    written: Any
    dist: Dist = _UNREAD
    quantity: Quantity = NUMBER
    path: str = ""

    def write(self, value: float) -> str | int | float:
        """A value in base units as a scenario writes it, for ``load(..., extra={path: text})``."""
        return self.quantity.written(value)


def assumption(node: Any, quantity: Quantity) -> Assumption:
    """``low .. high`` (uniform) or a distribution, in the units of ``quantity``. Raises :class:`Wrong`."""
    quantity = numeric(quantity)
    if isinstance(node, Mapping):
        return Assumption(node, DistOf(quantity).parse(node), quantity)
    return Assumption(node, range_of(node, quantity), quantity)


def numeric(quantity: Quantity) -> Quantity:
    """The same quantity without the words that stand for no number, which nothing lies between."""
    numbers = {word: value for word, value in quantity.words.items() if _is_number(value)}
    return quantity if len(numbers) == len(quantity.words) else replace(quantity, words=numbers)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def range_of(node: Any, quantity: Quantity) -> Dist:
    """``low .. high``, every number between them alike. Raises :class:`Wrong`."""
    low, high = (quantity.parse(end) for end in ends(node))
    if not low < high:
        raise Wrong(f"expected low .. high with low below high, got {shown(node)}")
    return Dist("uniform", (float(low), float(high)))


def ends(node: Any) -> list[str]:
    """The two ends of ``low .. high``."""
    parts = node.split("..") if isinstance(node, str) else []
    if len(parts) != 2:
        raise Wrong(f"expected a range such as 0.4 .. 1.6, or a distribution, got {shown(node)}")
    return [part.strip() for part in parts]


class AssumptionType:
    """Pydantic metadata: the form is checked here, the units once it is known what the path stands for."""

    def parse(self, node: Any) -> Assumption:
        """Raises :class:`Wrong`."""
        if not isinstance(node, Mapping):
            ends(node)
        return Assumption(node)

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.parse)

    def json_schema(self) -> dict[str, Any]:
        """What an editor should accept here."""
        return {
            "anyOf": [{"type": "string"}, {"type": "object"}],
            "examples": ["0.4 .. 1.6", "5 min .. 20 min"],
        }
