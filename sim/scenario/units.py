"""How numbers with units are written: ``20 min``, ``3 per week``, ``60 %``, ``30 % per year``.

Each ``read_`` function turns what a file holds into base units (days, per day, currency, currency per
hour, shares of one) and raises :class:`Unreadable`; each ``write_`` function gives the shortest text that
reads back as exactly the same number.
"""

import math
import re
from typing import NamedTuple

from sim.scenario.wrong import nearest

YEAR = 365.0
MONTH = YEAR / 12
DAYS_IN = {"s": 1 / 86400, "min": 1 / 1440, "h": 1 / 24, "d": 1.0, "week": 7.0, "month": MONTH, "y": YEAR}
_SPELLINGS = {
    "s": ("sec", "second", "seconds"),
    "min": ("mins", "minute", "minutes"),
    "h": ("hour", "hours"),
    "d": ("day", "days"),
    "week": ("weeks",),
    "month": ("months",),
    "y": ("year", "years"),
}
_PER_NAMES = {"d": "day", "week": "week", "month": "month", "y": "year", "h": "hour", "min": "minute"}
_TIME_UNITS = DAYS_IN | {word: DAYS_IN[unit] for unit, words in _SPELLINGS.items() for word in words}

_NUMBER = r"[+-]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?"
_WITH_UNIT = re.compile(rf"({_NUMBER})\s*(%|[^\W\d_]+)")
_PER = re.compile(rf"({_NUMBER}\s*%?)\s*per\s+({_NUMBER})?\s*([^\W\d_]+)")
_EVERY = re.compile(rf"every\s+({_NUMBER})?\s*([^\W\d_]+)")


class Unreadable(ValueError):
    """A value that is not this quantity; the message is a hint for the writer, or empty."""


class Clause(NamedTuple):
    """The parts of ``<amount> per <periods> <unit>``."""

    amount: str
    periods: float
    unit: str

    @property
    def span(self) -> float:
        """The time it is counted by, in days."""
        return _positive(days(self.periods, self.unit))


def clause(value: object) -> Clause | None:
    """``4 per 2 weeks`` in its parts; None for anything else."""
    match = _PER.fullmatch(value.strip()) if isinstance(value, str) else None
    return Clause(match[1], read_number(match[2] or 1), match[3]) if match else None


def days(number: float, unit: str) -> float:
    """So many of a unit of time, in days; 60 s are exactly 1 min."""
    if unit not in _TIME_UNITS:
        raise Unreadable(nearest(unit, _TIME_UNITS) or f"; units of time are {', '.join(DAYS_IN)}")
    size = _TIME_UNITS[unit]
    return number * size if size >= 1 else number / round(1 / size)


def _every(value: object) -> float | None:
    """``every 14 d`` in days; None for anything else."""
    match = _EVERY.fullmatch(value.strip()) if isinstance(value, str) else None
    return _positive(days(read_number(match[1] or 1), match[2])) if match else None


def _positive(number: float) -> float:
    if not number > 0:
        raise Unreadable
    return number


def _only_zero(value: object, hint: str = "") -> float:
    """The one bare number that needs no unit."""
    if read_number(value) != 0:
        raise Unreadable(hint)
    return 0.0


# ---------------------------------------------------------------- numbers and shares
def read_number(value: object) -> float:
    """A bare number, also with underscores (``2_400``)."""
    if isinstance(value, str) and re.fullmatch(_NUMBER, value.strip()):
        return float(value.strip().replace("_", ""))
    if isinstance(value, bool | str) or not hasattr(value, "__float__"):
        raise Unreadable
    try:
        return float(value)
    except (OverflowError, TypeError, ValueError):
        raise Unreadable from None


def write_number(value: float) -> str:
    """The shortest decimal text."""
    short = f"{value:.15g}"
    return short if float(short) == value else repr(float(value))


def read_count(value: object) -> int:
    """A whole number."""
    number = read_number(value)
    if not number.is_integer():
        raise Unreadable
    return int(number)


def write_count(value: float) -> str:
    """The nearest whole number."""
    return str(round(value))


def read_share(value: object) -> float:
    """``60 %`` or ``0.6``."""
    match = _WITH_UNIT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match and match[2] == "%":
        return _hundredth(match[1])
    return read_number(value)


def _hundredth(percent: str) -> float:
    """Per cent to share without an error of rounding: ``7 %`` is the float 0.07."""
    mantissa, _, exponent = percent.replace("_", "").lower().partition("e")
    return float(f"{mantissa}e{int(exponent or 0) - 2}")


def write_share(share: float) -> str:
    """In per cent."""
    text = f"{share * 100:.12g} %"
    return text if read_share(text) == share else repr(float(share))


# ---------------------------------------------------------------- durations
def read_duration(value: object) -> float:
    """``90 s``, ``20 min``, ``2 weeks``; days."""
    match = _WITH_UNIT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match:
        return days(read_number(match[1]), match[2])
    return _only_zero(value, f"; write a unit, such as {value} d")


def write_duration(duration: float) -> str:
    """In the largest unit that gives a short number."""
    if duration == 0:
        return "0 d"
    numbers = {unit: duration / DAYS_IN[unit] for unit in ("y", "month", "d", "h", "min", "s")}
    texts = [f"{number:.12g} {unit}" for unit, number in numbers.items() if number >= 1]
    return _shortest([text for text in texts if read_duration(text) == duration]) or f"{duration!r} d"


def _shortest(texts: list[str]) -> str:
    """The first text whose number has at most four digits, or else the shortest number of all."""
    return min(texts, key=lambda text: max(4, len(text.replace(".", "").split()[0])), default="")


def read_period(value: object) -> float:
    """``every month``, ``every 14 d`` or a duration; days."""
    every = _every(value)
    return read_duration(value) if every is None else every


# ---------------------------------------------------------------- rates
def read_rate(value: object) -> float:
    """``3 per week``, ``1 per 14 d``, ``every month``; per day."""
    every, per = _every(value), clause(value)
    if every is not None:
        return 1 / every
    if per:
        return read_number(per.amount) / per.span
    return _only_zero(value, f"; write a period, such as {value} per week")


def write_rate(rate: float) -> str:
    """With the unit that makes its number shortest."""
    if rate == 0:
        return "0"
    texts = [f"{rate * DAYS_IN[unit]:.12g} per {name}" for unit, name in _PER_NAMES.items()]
    exact = [text for text in texts if read_rate(text) == rate]
    slow = f"1 per {write_duration(1 / rate)}"
    return _shortest([*exact, slow] if read_rate(slow) == rate else exact) or f"{rate!r} per day"


def read_spacing(value: object) -> float:
    """``1 per 60 d``; the days from one to the next."""
    per = clause(value)
    if per:
        return per.span / _positive(read_number(per.amount))
    every = _every(value)
    if every is None:
        raise Unreadable
    return every


def write_spacing(spacing: float) -> str:
    """As ``1 per 60 d``."""
    return f"1 per {write_duration(spacing)}"


def read_hazard(value: object) -> float:
    """``30 % per year``, the share who leave in one, or ``0.3 per year``, the hazard; per day."""
    per = clause(value)
    if not per or "%" not in per.amount:
        return read_rate(value)
    share = read_share(per.amount)
    if not 0 <= share < 1:
        raise Unreadable("; it must be below 100 %")
    return -math.log1p(-share) / per.span


def read_share_per_renewal(value: object) -> float:
    """``5 % per renewal``."""
    return _read_share_per("renewal", value)


def write_share_per_renewal(share: float) -> str:
    """As ``5 % per renewal``."""
    return f"{write_share(share)} per renewal"


def read_share_per_visit(value: object) -> float:
    """``20 % per visit``."""
    return _read_share_per("visit", value)


def write_share_per_visit(share: float) -> str:
    """As ``20 % per visit``."""
    return f"{write_share(share)} per visit"


def _read_share_per(basis: str, value: object) -> float:
    per = clause(value)
    if per and per.unit == basis and per.periods == 1:
        return read_share(per.amount)
    return _only_zero(value)


# ---------------------------------------------------------------- wages
def read_wage(value: object) -> float:
    """``17 per hour``, ``3_000 per month``; currency per hour."""
    per = clause(value)
    if per:
        return read_number(per.amount) / (24 * per.span)
    return _only_zero(value, f"; write a period, such as {value} per hour")


def write_wage(wage: float) -> str:
    """As ``17 per hour``."""
    return f"{write_number(wage)} per hour"


def read_upkeep(value: object) -> float:
    """``200 per month``; currency per day."""
    per = clause(value)
    if per:
        return read_number(per.amount) / per.span
    return _only_zero(value, f"; write a period, such as {value} per month")


def write_upkeep(upkeep: float) -> str:
    """With the unit that makes its number shortest."""
    return write_rate(upkeep)


# ---------------------------------------------------------------- trends
def read_trend(value: object) -> float:
    """``-10 % per year``; the share of itself by which something has grown after a year."""
    per = clause(value)
    if per and "%" in per.amount:
        share = read_share(per.amount)
        if share <= -1:
            raise Unreadable
        return float((1 + share) ** (YEAR / per.span) - 1) if per.span != YEAR else share
    return _only_zero(value, f"; write a share per time, such as {value} % per year")


def write_trend(trend: float) -> str:
    """As ``-10 % per year``; a trend is always in per cent."""
    text = write_share(trend)
    if "%" not in text:
        mantissa, _, exponent = text.partition("e")
        text = f"{mantissa}e{int(exponent or 0) + 2} %"
    return f"{text} per year" if trend else "0"
