"""How parameters and KPIs of a sweep are named and numbered for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.report.wording import decimals, number

if TYPE_CHECKING:
    from sim.experiment.swept import Varied

ROOM = 26  # letters of a short name
SPANS = {"s": (86_400.0, "s"), "min": (1440.0, "min"), "h": (24.0, "h"), "d": (1.0, "days")}
DAY_UNITS = ((1.5 / 24, 1440.0, "min"), (2.0, 24.0, "h"), (np.inf, 1.0, "days"))  # up to, times, name


@dataclass(frozen=True)
class Scale:
    """Numbers as people read them: times a factor, in a unit."""

    factor: float = 1.0
    unit: str = ""

    def text(self, value: float) -> str:
        """The number alone, to about three figures."""
        scaled = self.factor * value
        rounded = float(f"{scaled:.3g}") if abs(scaled) < 1000 else round(scaled)
        places = 0 if float(rounded).is_integer() else max(decimals(scaled), _digits(rounded))
        return number(rounded, min(places, 6))

    def alike(self, *values: float, like: float | None = None) -> list[str]:
        """Numbers with as many decimals each as the largest of them (or one ``like`` them) takes."""
        known = values if like is None else (like,)
        largest = max((abs(self.factor * value) for value in known if np.isfinite(value)), default=0.0)
        return [number(self.factor * value, decimals(largest)) for value in values]

    def full(self, value: float) -> str:
        """The number with its unit."""
        return f"{self.text(value)} {self.unit}".rstrip()


def _digits(value: float) -> int:
    """Decimals of a short number."""
    text = f"{value:.10f}".rstrip("0")
    return len(text) - text.index(".") - 1


def kpi_scale(unit: str) -> Scale:
    """Shares in per cent, everything else as it is."""
    return Scale(100.0, "%") if unit == "share" else Scale(1.0, unit)


def difference_scale(unit: str) -> Scale:
    """As :func:`kpi_scale`, for differences: percentage points."""
    return Scale(100.0, "points") if unit == "share" else Scale(1.0, unit)


def scale_of(one: Varied) -> Scale:
    """Shares and times in the unit that the design writes them in, else in one that suits; others as they are."""
    if one.words or one.unit not in ("", "d"):
        return Scale(1.0, one.unit)
    if one.unit == "":
        return Scale(100.0, "%") if one.written_in == "%" else Scale()
    if one.written_in in SPANS:
        return Scale(*SPANS[one.written_in])
    largest = float(np.abs(one.codes).max())
    return next(Scale(factor, name) for most, factor, name in DAY_UNITS if largest <= most)


def value_text(one: Varied, code: float, unit: bool = True) -> str:
    """A value of a parameter: its word, or its number with its unit."""
    if one.words:
        return one.words[int(code)]
    scale = scale_of(one)
    return scale.full(code) if unit else scale.text(code)


def short_names(paths: Sequence[str], room: int = ROOM) -> list[str]:
    """The ends of paths: as many parts as there is room for, at least two, and as many as they take to differ."""
    return [_shortest(path, [other for other in paths if other != path], room) for path in paths]


def _shortest(path: str, others: Sequence[str], room: int) -> str:
    parts = path.split(".")
    tails = [".".join(parts[-count:]) for count in range(min(2, len(parts)), len(parts) + 1)]
    different = [tail for tail in tails if not any(f".{other}".endswith(f".{tail}") for other in others)]
    fitting = [tail for tail in different if len(tail) <= room]
    return (fitting[-1:] or different[:1] or [path])[0]


def cut(text: str, longest: int) -> str:
    """The text, its beginning left out where it is too long (paths differ at their ends), at a dot if there is one."""
    if len(text) <= longest:
        return text
    rest = text[len(text) - longest + 1 :]
    _, dot, tail = rest.partition(".")
    return f"…{tail}" if dot and len(tail) >= longest // 2 else f"…{rest}"


def capital(text: str) -> str:
    """The text with a capital letter at its beginning, unless that is a name as a program writes it."""
    first = text.split(" ", 1)[0]
    return text if "_" in first or "." in first else text[:1].upper() + text[1:]
