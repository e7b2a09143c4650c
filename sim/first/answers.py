"""What a first scenario is made from: a handful of answers, checked one by one."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sim.errors import UsageError

CHANNELS = ("shop", "web", "app", "phone", "email")
LONGEST = 60  # characters of a name
_NUMBER = re.compile(r"\s*([0-9][0-9_,]*(?:\.[0-9]+)?|\.[0-9]+)\s*(%?)\s*")


@dataclass(frozen=True)
class Answers:
    """``purchases`` a customer and month; ``keeps``: the share of customers kept a year; ``spend`` a purchase.

    Customers buy through the first of the ``channels``.
    """

    name: str
    customers: int
    purchases: float
    keeps: float
    spend: float
    channels: tuple[str, ...]
    staff: bool
    currency: str


@dataclass(frozen=True)
class Question:
    """One answer: the question in words, what is taken where nothing is said, how it is read."""

    asks: str
    usual: str
    read: Callable[[str], Any]


def answers(title: str, told: Mapping[str, str]) -> Answers:
    """Answers from texts, by name; what is not told is as usual. Raises UsageError for the first without sense."""
    name = " ".join(title.split())
    if not 0 < len(name) <= LONGEST or not name.isprintable():
        raise UsageError(f"--title: expected 1 to {LONGEST} characters, got {_shown(title)}")
    return Answers(name=name, **{key: one.read(told.get(key, one.usual)) for key, one in QUESTIONS.items()})


# ---------------------------------------------------------------- reading
def _number(option: str, text: str, least: float, most: float, example: str, percent: bool = False) -> float:
    found = _NUMBER.fullmatch(text)
    value = (
        float(re.sub("[_,]", "", found.group(1))) if found and (percent or not found.group(2)) else math.nan
    )
    if not least <= value <= most:
        raise UsageError(
            f"{option}: expected a number from {least:g} to {most:,.10g} such as {example}, got {_shown(text)}"
        )
    return value


def _customers(text: str) -> int:
    value = _number("--customers", text, 10, 1_000_000, "1000")
    if value != int(value):
        raise UsageError(f"--customers: expected a whole number, got {_shown(text)}")
    return int(value)


def _purchases(text: str) -> float:
    return _number("--purchases", text, 0.05, 60, "2")


def _keeps(text: str) -> float:
    return _number("--keeps", text, 5, 99, '"70 %"', percent=True) / 100.0


def _spend(text: str) -> float:
    return _number("--spend", text, 0.1, 1_000_000, "25")


def _channels(text: str) -> tuple[str, ...]:
    from difflib import get_close_matches

    names = [part.strip().lower() for part in text.split(",") if part.strip()]
    for name in names:
        if name not in CHANNELS:
            near = get_close_matches(name, CHANNELS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(CHANNELS)}"
            raise UsageError(f"--channels: there is no channel {_shown(name)}; {hint}")
    if not names:
        raise UsageError(f"--channels: expected some of {', '.join(CHANNELS)}, got {_shown(text)}")
    return tuple(dict.fromkeys(names))


def _staff(text: str) -> bool:
    words = {"yes": True, "y": True, "no": False, "n": False}
    if text.strip().lower() not in words:
        raise UsageError(f"staff: expected yes or no, got {_shown(text)}")
    return words[text.strip().lower()]


def _currency(text: str) -> str:
    code = text.strip().upper()
    if not re.fullmatch("[A-Z]{3}", code):
        raise UsageError(f"--currency: expected three letters such as EUR, got {_shown(text)}")
    return code


def _shown(text: str) -> str:
    return repr(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")


QUESTIONS: dict[str, Question] = {
    "customers": Question("How many customers do you have", "1000", _customers),
    "purchases": Question("How often does one of them buy, times a month", "2", _purchases),
    "keeps": Question("Of 100 customers, how many are still there after a year", "70", _keeps),
    "spend": Question("What does a purchase bring, on average", "25", _spend),
    "currency": Question("In which currency", "EUR", _currency),
    "channels": Question(
        f"Where do they meet you, the place where they buy first ({', '.join(CHANNELS)})",
        "shop, web",
        _channels,
    ),
    "staff": Question("Do customers wait for your staff to be served (yes, no)", "yes", _staff),
}
