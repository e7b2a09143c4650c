"""The same person in two worlds, side by side, by day: what is the same is told once, what differs twice."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from sim.model.layout import OK, TOUCH
from sim.report.story import at_moment, brought, closing, decision, introduction, touched_words
from sim.report.wording import duration, money, plural, signed

if TYPE_CHECKING:
    from sim.engine.program import Program
    from sim.experiment.lives import Life

WIDTH = 100
LEAST, MOST = 40, 160  # columns
TWO = 76  # columns, from which on there is room for two beside each other
FIRST, LAST = 12, 8  # days that differ and are told, unless the whole story is
MINUTES = 1440.0
GAP = " │ "
Lines = list[str]


@dataclass(frozen=True)
class Occasion:
    """What one occasion was on one day, in one world."""

    rows: list[np.void]
    program: Program

    @property
    def key(self) -> tuple[str, int]:
        """The same in both worlds."""
        return self.program.stream_names[self.rows[0]["stream"]], int(self.rows[0]["index"])

    @cached_property
    def facts(self) -> tuple[tuple[object, ...], ...]:
        """What happened, whatever was felt about it and how likely it was."""
        return tuple(self._facts(row) for row in self.rows)

    def _facts(self, row: np.void) -> tuple[object, ...]:
        program = self.program
        touchpoint = program.touchpoint_names[row["touchpoint"]] if row["touchpoint"] >= 0 else ""
        trigger = program.trigger_names[row["trigger"]] if row["trigger"] >= 0 else ""
        numbers = (int(row[name]) for name in ("kind", "outcome", "revenue", "answer"))
        return (*numbers, touchpoint, trigger, round(float(row["wait"]) * MINUTES))

    @cached_property
    def words(self) -> Lines:
        """A line for what brought the customer, and one for every touch."""
        first = self.rows[0]
        clock = at_moment(self.program, first["t"]).rsplit(", ", 1)[1]
        if not any(row["kind"] == TOUCH for row in self.rows):
            return [f"{clock} {decision(row, self.program)}" for row in self.rows]
        lines = [f"{clock} {brought(first, self.program)}"]
        for k, row in enumerate(self.rows):
            touch = row["kind"] == TOUCH
            what = touched_words(row, self.program, False, k == 0) if touch else decision(row, self.program)
            lines.append(f"  {what}")
        return lines


class Telling:
    """One life, by day."""

    def __init__(self, life: Life, name: str):
        self.program, self.person, self.name = life.program, life.person, name
        self.rows = life.rows[life.rows["customer"] == life.person["id"]]
        self.felt = bool(np.any(self.rows["valence"]) or np.any(self.rows["mood_after"]))
        self.days: dict[int, list[Occasion]] = {}
        whole = groupby(self.rows, key=lambda row: (int(np.floor(row["t"])), row["stream"], row["index"]))
        for (day, _, _), group in whole:
            self.days.setdefault(day, []).append(Occasion(list(group), self.program))

    def facts(self, day: int) -> list[tuple[tuple[str, int], tuple[tuple[object, ...], ...]]]:
        """What happened on a day."""
        return [(occasion.key, occasion.facts) for occasion in self.days.get(day, [])]

    def between(self, first: int, last: int) -> np.ndarray:
        """The rows of some days."""
        days = np.floor(self.rows["t"])
        return self.rows[(days >= first) & (days <= last)]

    def feelings(self, until: int) -> str:
        """How the customer felt after the last touch up to a day; empty where nothing is felt."""
        touched = self.rows[(np.floor(self.rows["t"]) <= until) & (self.rows["kind"] == TOUCH)]
        if not self.felt or not len(touched):
            return ""
        last = touched[-1]
        beliefs = f"satisfaction {signed(float(last['satisfaction']))}, trust {last['trust']:.2f}"
        return f"mood {signed(float(last['mood_after']))}, {beliefs}"


def side_by_side(
    lives: tuple[Life, Life], names: tuple[str, str], *, full: bool = False, width: int = WIDTH
) -> str:
    """The life of one customer in two worlds as plain text, in two columns where there is room for them.

    Days on which the same happened in both are summed up, whatever was felt; ``full`` tells them, too, and all the
    days that differ.
    """
    first, second = (Telling(life, name) for life, name in zip(lives, names, strict=True))
    page = _Page(min(max(width, LEAST), MOST))
    days = sorted({*first.days, *second.days})
    differing = [day for day in days if first.facts(day) != second.facts(day)]
    lines = page.wide(" ".join(introduction(first.program, first.person)))
    lines += ["", *page.columns([first.name.upper()], [second.name.upper()]), page.rule()]
    if not differing:
        lines += page.wide("The same happens in both, event by event.")
    told = set(days if full else _told(differing))
    for kind, group in groupby(days, key=lambda day: _kind(day, told, differing)):
        lines += _stretch(kind, list(group), first, second, page)
    ends = [" ".join(closing(one.rows, one.program, one.person, one.felt)) for one in (first, second)]
    lines += [page.rule(), *page.columns([ends[0]], [ends[1]])]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _told(differing: Sequence[int]) -> Sequence[int]:
    """The first and the last days that differ."""
    few = len(differing) <= FIRST + LAST + 2
    return differing if few else (*differing[:FIRST], *differing[-LAST:])


def _kind(day: int, told: set[int], differing: Sequence[int]) -> str:
    """How a day is told: in full, or in one line with its neighbours."""
    if day in told:
        return f"day {day}"
    return "other" if differing and differing[0] < day < differing[-1] and _many(differing) else "same"


def _many(differing: Sequence[int]) -> bool:
    return len(differing) > FIRST + LAST + 2


def _stretch(kind: str, days: list[int], first: Telling, second: Telling, page: _Page) -> Iterator[str]:
    if kind.startswith("day"):
        yield from _day(days[0], first, second, page)
        return
    mine, theirs = (one.between(days[0], days[-1]) for one in (first, second))
    same = all(first.facts(day) == second.facts(day) for day in days)
    since = _date(first.program, days[0])
    span = since if days[0] == days[-1] else f"{since} to {_date(first.program, days[-1])}"
    if same:
        yield from page.wide(f"= {span}: the same in both, {_summary(mine, first.program)}")
    else:
        yield from page.wide(f"… {span}, {duration(days[-1] - days[0] + 1)} like these:")
        yield from page.columns([_summary(mine, first.program)], [_summary(theirs, second.program)])
    yield from _feelings(days[-1], first, second, page)


def _summary(rows: np.ndarray, program: Program) -> str:
    touches = rows[rows["kind"] == TOUCH]
    orders = touches[touches["order"] > 0]
    wrong = int(np.count_nonzero(touches["outcome"] != OK))
    words = [plural(len(touches), "touch", "es")]
    if len(orders):
        paid = money(int(orders["revenue"].sum()) / 100, program.currency)
        words.append(f"{plural(len(orders), 'order')} worth {paid}")
    if wrong:
        words.append(f"{wrong:,} went badly")
    return ", ".join(words)


def _day(day: int, first: Telling, second: Telling, page: _Page) -> Iterator[str]:
    mine, theirs = ({o.key: o for o in one.days.get(day, [])} for one in (first, second))
    same = first.facts(day) == second.facts(day)
    yield from page.wide(f"{'=' if same else '≠'} {_date(first.program, day)}")
    for key in sorted({*mine, *theirs}, key=lambda key: _when(mine.get(key) or theirs[key])):
        here, there = mine.get(key), theirs.get(key)
        if here and there and here.facts == there.facts:
            yield from page.wide(f"  = {_once(here)}")
        else:
            yield from page.columns(*(o.words if o else ["–"] for o in (here, there)))
    yield from _feelings(day, first, second, page)


def _when(occasion: Occasion) -> float:
    return float(occasion.rows[0]["t"])


def _once(occasion: Occasion) -> str:
    """What is the same in both, in a line."""
    lines = occasion.words
    if len(lines) == 1:
        return lines[0].partition(" (")[0] if ":" not in lines[0] else lines[0]
    met = (row for row in occasion.rows if row["kind"] == TOUCH)
    names = [occasion.program.touchpoint_names[row["touchpoint"]].replace("_", " ") for row in met]
    return f"{lines[0].partition(' (')[0]}: {', '.join(names)}"


def _feelings(day: int, first: Telling, second: Telling, page: _Page) -> Iterator[str]:
    here, there = (one.feelings(day) for one in (first, second))
    if here or there:
        yield from page.columns([f"→ {here}" if here else "–"], [f"→ {there}" if there else "–"])


def _date(program: Program, day: int) -> str:
    return at_moment(program, float(day)).rsplit(", ", 1)[0]


class _Page:
    """Two columns, or the one under the other where the page is narrow."""

    def __init__(self, width: int):
        self.width = width
        self.two = width >= TWO
        self.column = (width - len(GAP)) // 2

    def wide(self, text: str) -> Lines:
        """Text over the whole width."""
        indent = " " * (len(text) - len(text.lstrip()))
        return textwrap.wrap(text, self.width, subsequent_indent=f"{indent}    ") or [""]

    def rule(self) -> str:
        """A line between parts."""
        return ("─" * (self.column + 1) + "┼" + "─" * (self.column + 1)) if self.two else "─" * self.width

    def columns(self, first: Lines, second: Lines) -> Lines:
        """Two texts beside each other; marked A and B, one under the other, where there is no room."""
        if not self.two:
            return [*self._narrow("A ", first), *self._narrow("B ", second)]
        here, there = ([part for line in lines for part in self._wrapped(line)] for lines in (first, second))
        rows = max(len(here), len(there))
        padded = (lines + [""] * (rows - len(lines)) for lines in (here, there))
        return [f"{a.ljust(self.column)}{GAP}{b}" for a, b in zip(*padded, strict=True)]

    def _wrapped(self, line: str) -> Lines:
        indent = " " * (len(line) - len(line.lstrip()))
        return textwrap.wrap(line, self.column, subsequent_indent=f"{indent}    ")

    def _narrow(self, mark: str, lines: Lines) -> Iterator[str]:
        for line in lines:
            yield from textwrap.wrap(
                line, self.width, initial_indent=mark, subsequent_indent=" " * len(mark) + "  "
            )
