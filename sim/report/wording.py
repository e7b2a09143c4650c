"""How numbers, money and times are written for people."""

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
YEAR, MONTH = 365.0, 365.0 / 12
MOST_PLACES = 7


def decimals(size: float, whole: bool = False) -> int:
    """Decimals that tell a number of this size to about three figures."""
    size = abs(size)
    if whole or size >= 100 or size == 0:
        return 0
    return 1 if size >= 10 else 2 if size >= 0.1 else 3 if size >= 0.01 else 4


def places_of(size: float, half: float, least: int = 0) -> int:
    """Decimals that tell ``size ± half``: one figure of the half-width, and no end that seems nought but is not."""
    if half <= 0.0:
        return decimals(size)
    places = max(least, math.ceil(-math.log10(half) + 1e-9)) if half < 10.0 else 0
    size = abs(size)
    if size > half:
        seen = (
            more
            for more in (0, 1)
            if round(size, places + more) > round(half, places + more) and round(size - half, places + more)
        )
        places += next(seen, 2)
    return min(MOST_PLACES, places)


def number(value: float, places: int | None = None) -> str:
    """``1,234`` · ``12.3`` · ``0.45``; a rounded zero has no sign."""
    places = decimals(value, float(value).is_integer()) if places is None else places
    value = round(value, places) + 0.0
    return f"{value:,.{places}f}".replace("-", "−")


def signed(value: float, places: int = 2) -> str:
    """``+0.12``, ``−0.30``, ``0.00``."""
    rounded = round(value, places) + 0.0
    return f"{rounded:+.{places}f}".replace("-", "−") if rounded else f"{0.0:.{places}f}"


def three_figures(written: str | float) -> str:
    """A value in three figures, with its unit if it has one; other text as it is."""
    if not isinstance(written, str):
        return f"{written:.3g}"
    amount, _, unit = written.partition(" ")
    try:
        return f"{float(amount):.3g} {unit}".strip()
    except ValueError:
        return written


def listed(names: Sequence[str]) -> str:
    """``this``, ``this and that``, ``one, two and three``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def percent(share: float) -> str:
    """``72 %``, with a decimal near the ends; never a rounded 0 or 100 that is neither."""
    value = 100.0 * share
    if value in (0.0, 100.0):
        return f"{value:.0f} %"
    if value < 0.1 or value > 99.9:
        return "< 0.1 %" if value < 0.1 else "> 99.9 %"
    return f"{value:.1f} %" if value < 9.5 or value > 99 else f"{value:.0f} %"


def money(amount: float, currency: str) -> str:
    """``4.20 EUR``, cents always."""
    return f"{amount:,.2f} {currency}"


def plural(count: int, word: str, ending: str = "s") -> str:
    """``1 order``, ``2 orders``."""
    return f"{count:,} {word}" + ("" if count == 1 else ending)


def duration(days: float) -> str:
    """A span in the unit one would say it in: ``6 min``, ``3 days``, ``2 years``."""
    seconds = days * 86_400
    if seconds < 1.5 * 60:
        return f"{round(seconds)} s"
    if days < 1.5 / 24:
        return f"{round(days * 1440)} min"
    if days < 2:
        return f"{round(days * 24)} h"
    if days < 60:
        return plural(round(days), "day")
    if days < 2 * YEAR:
        return plural(round(days / MONTH), "month")
    return f"{number(round(days / YEAR, 1))} years"


def moment(t: float, weekday0: int = 0, starts: date | None = None) -> str:
    """``Tue 13 Jan 2026, 08:14``, or ``day 12 (Tue), 08:14`` where the run has no date."""
    minutes = round(t * 1440)
    day, minute = divmod(minutes, 1440)
    clock = f"{minute // 60:02d}:{minute % 60:02d}"
    if starts is None:
        return f"day {day} ({DAYS[(weekday0 + day) % 7][:3]}), {clock}"
    when = starts + timedelta(days=day)
    return f"{DAYS[when.weekday()][:3]} {when.day} {MONTHS[when.month - 1]} {when.year}, {clock}"


def base_rates(solved: Mapping[str, Any]) -> str:
    """``base rates solved: commuters leave × 1.37, choice +0.40``; nothing where none were looked for."""
    parts = [_base_rates(name, rates) for name, rates in solved.items()]
    return f"base rates solved: {'; '.join(parts)}" if parts else ""


def _base_rates(name: str, rates: Any) -> str:
    found = []
    if rates.leave_scale != 1.0:
        found.append(f"leave × {number(rates.leave_scale, 2)}")
    if rates.choice_shift != 0.0:
        found.append(f"choice {signed(rates.choice_shift)}")
    if rates.left_out:
        found.append(rates.left_out)
    return f"{name} {', '.join(found) or 'as written'}"
