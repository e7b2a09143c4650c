"""Spans of the year: ``jun-aug``, ``24 dec-6 jan``, for seasons."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import core_schema

from sim.scenario.quantities import WEIGHT
from sim.scenario.weekly import read_entry
from sim.scenario.wrong import Wrong, nearest, shown

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
DAYS = 365  # of a year; 29 February is as busy as the day before
EXPECTED = "expected months or days of the year such as jun-aug or 24 dec-6 jan"
_END = r"(?:(\d\d?)\s+)?([a-z]+)"
_SPAN = re.compile(rf"{_END}(?:\s*-\s*{_END})?")


@dataclass(frozen=True)
class Season:
    """How busy each of the 365 days of a year is; 1 on average."""

    factors: tuple[float, ...]

    @property
    def flat(self) -> bool:
        """Whether every day is as busy as the next: then it is no season at all."""
        return len(set(self.factors)) == 1


def day_of_year(month: int, day: int) -> int:
    """1 January is 0; 29 February is 28 February."""
    return sum(LENGTHS[: month - 1]) + min(day, LENGTHS[month - 1]) - 1


def span(text: object) -> list[int]:
    """The days of the year that a text names. Raises :class:`Wrong`."""
    match = _SPAN.fullmatch(text.strip().lower()) if isinstance(text, str) else None
    if not match:
        raise Wrong(f"{EXPECTED}, got {shown(text)}")
    first, last = _day(match[1], match[2], text), _last_day(match, text)
    return [(first + k) % DAYS for k in range((last - first) % DAYS + 1)]


def _last_day(match: re.Match[str], text: object) -> int:
    day, month = (match[3], match[4]) if match[4] else (match[1], match[2])
    return _day(day or str(LENGTHS[_month(month, text) - 1]), month, text)


def _day(day: str | None, month: str, text: object) -> int:
    number = _month(month, text)
    if not 1 <= int(day or 1) <= LENGTHS[number - 1]:
        raise Wrong(f"{EXPECTED}, got {shown(text)}; there is no {day} {month} in every year")
    return day_of_year(number, int(day or 1))


def _month(name: str, text: object) -> int:
    if name not in MONTHS:
        raise Wrong(f"{EXPECTED}, got {shown(text)}{nearest(name, MONTHS)}")
    return MONTHS.index(name) + 1


class SeasonType:
    """Pydantic metadata: ``{span of the year: factor}`` becomes a :class:`Season`; elsewhere the factor is 1."""

    quantity = WEIGHT

    def parse(self, node: Any) -> Season:
        """Raises :class:`Wrong` for unreadable or overlapping spans and for a year without any weight."""
        if not isinstance(node, Mapping):
            raise Wrong(f"expected spans of the year with their factors, got {shown(node)}")
        factors, named = [1.0] * DAYS, dict[int, str]()
        for text, number in node.items():
            days, factor = read_entry(text, number, span, self.quantity)
            for day in days:
                if day in named:
                    raise Wrong(f"overlaps with {named[day]}", (text,), key=True)
                factors[day], named[day] = factor, text
        total = sum(factors)
        if total <= 0.0:
            raise Wrong("the factors of a season cannot all be 0")
        return Season(tuple(factor * DAYS / total for factor in factors))

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.parse)
