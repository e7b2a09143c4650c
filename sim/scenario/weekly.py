"""Spans of the week: ``mon-fri 07:00-09:30``, for calendars and opening hours."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

from pydantic_core import core_schema

from sim.scenario.quantities import COUNT, WEIGHT, Quantity
from sim.scenario.wrong import Wrong, nearest, shown

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EXPECTED = "expected days and hours such as mon-fri 07:00-09:30 or every day 07:00-18:00"
_SPAN = re.compile(r"(?P<days>[a-z ,-]*?)\s*(?P<from>\d\d?:\d\d)\s*-\s*(?P<to>\d\d?:\d\d)")

Named = TypeVar("Named")
Span = tuple[float, float]  # days since Monday 00:00, from and to


@dataclass(frozen=True)
class Slot:
    """A span of the week, and how busy it is at every moment of it (in shifts: how many serve)."""

    start: float
    end: float
    weight: float


@dataclass(frozen=True)
class Calendar:
    """How needs spread over the week: slots in order, not overlapping; none of the time elsewhere."""

    slots: tuple[Slot, ...]


def spans(text: object) -> list[Span]:
    """The spans of the week that a text names, cut at Sunday midnight. Raises :class:`Wrong`."""
    match = _SPAN.fullmatch(text.strip().lower()) if isinstance(text, str) else None
    if not match:
        raise Wrong(f"{EXPECTED}, got {shown(text)}")
    start, end = _clock(match["from"], text), _clock(match["to"], text)
    if end <= start:
        end += 1.0
    return [piece for day in _days(match["days"], text) for piece in _cut(day + start, day + end)]


def _clock(text: str, whole: object) -> float:
    hour, minute = map(int, text.split(":"))
    if minute > 59 or hour * 60 + minute > 24 * 60:
        raise Wrong(f"{EXPECTED}, got {shown(whole)}; there is no {text}")
    return (hour * 60 + minute) / 1440


def _days(text: str, whole: object) -> list[int]:
    if text.strip() in ("", "every day", "daily"):
        return list(range(7))
    return [day for part in text.split(",") for day in _range(part.strip(), whole)]


def _range(part: str, whole: object) -> Iterable[int]:
    first, _, last = part.partition("-")
    ends = [_day(name.strip(), whole) for name in (first, last or first)]
    return [(ends[0] + k) % 7 for k in range((ends[1] - ends[0]) % 7 + 1)]


def _day(name: str, whole: object) -> int:
    if name not in DAYS:
        raise Wrong(f"{EXPECTED}, got {shown(whole)}{nearest(name, DAYS)}")
    return DAYS.index(name)


def _cut(start: float, end: float) -> list[Span]:
    if end <= 7.0:
        return [(start, end)]
    return [piece for piece in ((start, 7.0), (0.0, end - 7.0)) if piece[0] < piece[1]]


def merged(pieces: Iterable[Span]) -> tuple[Span, ...]:
    """Spans in order, those that touch or overlap joined."""
    result: list[Span] = []
    for start, end in sorted(pieces):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return tuple(result)


class SpansType:
    """Pydantic metadata: ``{span: number}`` becomes slots in order that do not overlap."""

    quantity = COUNT
    numbers = "how many serve"

    def parse(self, node: Any) -> Any:
        """Raises :class:`Wrong` for unreadable or overlapping spans."""
        if not isinstance(node, Mapping):
            raise Wrong(f"expected spans of the week with {self.numbers}, got {shown(node)}")
        pieces = (slot for text, number in node.items() for slot in _slots(text, number, self.quantity))
        slots = sorted(pieces, key=_start)
        for (text, slot), (later_text, later) in pairwise(slots):
            if later.start < slot.end:
                raise Wrong(f"overlaps with {text}", (later_text,), key=True)
        return tuple(slot for _, slot in slots)

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.parse)


class CalendarType(SpansType):
    """Pydantic metadata: ``{span: weight}`` becomes a :class:`Calendar`."""

    quantity = WEIGHT
    numbers = "their weights"

    def parse(self, node: Any) -> Calendar:
        """Raises :class:`Wrong` for what no slots are, and for a week without any weight."""
        slots = super().parse(node)
        if not any(slot.weight > 0 for slot in slots):
            raise Wrong("the weights of a calendar cannot all be 0")
        return Calendar(slots)


def _start(pair: tuple[str, Slot]) -> float:
    return pair[1].start


def _slots(text: str, number: object, quantity: Quantity) -> list[tuple[str, Slot]]:
    pieces, weight = read_entry(text, number, spans, quantity)
    return [(text, Slot(start, end, weight)) for start, end in pieces]


def read_entry(
    text: str, number: object, read: Callable[[str], list[Named]], quantity: Quantity
) -> tuple[list[Named], float]:
    """What a span names, and the number behind it. Raises :class:`Wrong` at the one or the other."""
    try:
        named = read(text)
    except Wrong as wrong:
        raise Wrong(wrong.message, (text,), key=True) from None
    try:
        return named, quantity.parse(number)
    except Wrong as wrong:
        raise wrong.under(text) from None


class OpenHoursType:
    """Pydantic metadata: one span or a list of them becomes merged spans of the week; None is always."""

    def parse(self, node: Any) -> tuple[Span, ...]:
        """Raises :class:`Wrong` for spans it cannot read."""
        texts = node if isinstance(node, list | tuple) else [node]
        if not texts:
            raise Wrong(f"{EXPECTED}, got an empty list")
        return merged(piece for text in texts for piece in spans(text))

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.parse)

    def json_schema(self) -> dict[str, Any]:
        """What an editor should accept here."""
        one = {"type": "string", "examples": ["every day 07:00-18:00", "mon-fri 09:00-17:00"]}
        return {"anyOf": [one, {"type": "array", "items": one}]}
