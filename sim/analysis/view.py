"""One replication as the numbers look at it: who is a customer, for how long, and what was booked.

An ``Outcome`` keeps people and integer sums; every definition of "a customer", "there at the start"
and "exposure" that the KPIs and the retention curves share is written once, here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from sim.model.layout import CUSTOMER, DAY, LEFT, MILLION, REVIEWS
from sim.model.lifecycle import lifecycle

if TYPE_CHECKING:
    from sim.engine.outcome import Outcome
    from sim.engine.program import Program

YEAR = 365.0  # days
MINUTES = 1440.0  # a day
CENTS = 100.0
BLOCK = 1 << 16  # people looked at together, where all at once would take a second copy of them

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def are_customers(people: np.ndarray) -> Mask:
    """Who was a customer at some moment of the run (prospects that never came are not)."""
    gone = (people["status"] == LEFT) & np.isfinite(people["t_entry"])
    return (people["status"] == CUSTOMER) | gone


def lifetimes(entered: Floats, left: Floats, horizon: float) -> tuple[Floats, Mask]:
    """Days from entry (from day 0 for those there before) to leaving or to the horizon.

    Returns ``(durations, observed)``; ``observed`` is False where the horizon cut the life short
    (right censoring).
    """
    return np.minimum(left, horizon) - np.maximum(entered, 0.0), left <= horizon


def _between(begun: Floats, over: Floats, start: float, end: float) -> Floats:
    """Days of each stretch that lie between two days."""
    overlap: Floats = np.minimum(over, end) - np.maximum(begun, start)
    return np.maximum(0.0, overlap)


@dataclass(frozen=True)
class View:
    """What one segment of one replication looks like (``segment=None``: everybody)."""

    outcome: Outcome
    program: Program
    segment: int | None = None

    @cached_property
    def mask(self) -> Mask:
        """Among the people: the customers of this view."""
        people = self.outcome.people
        chosen = are_customers(people)
        return chosen if self.segment is None else chosen & (people["segment"] == self.segment)

    @cached_property
    def count(self) -> int:
        """Customers ever."""
        return int(np.count_nonzero(self.mask))

    def column(self, name: str) -> np.ndarray:
        """One field of the customers' final records."""
        return self.outcome.people[name][self.mask]

    def commitment(self, which: int) -> np.ndarray:
        """Economic (0), forced (1) or habitual (2) commitment of the customers at the horizon."""
        return self.outcome.commitments[self.mask, which]

    def each(self, fact: Callable[[np.ndarray], np.ndarray], dtype: type) -> np.ndarray:
        """A fact of each of the customers, worked out from their records a block at a time."""
        facts: np.ndarray = np.empty(self.count, dtype)
        done = 0
        for start in range(0, len(self.mask), BLOCK):
            block = slice(start, start + BLOCK)
            found = fact(self.outcome.people[block])[self.mask[block]]
            facts[done : done + found.size] = found
            done += found.size
        return facts

    @cached_property
    def lives(self) -> tuple[Floats, Mask]:
        """Lifetimes of the customers, and whether their end was seen."""
        durations = self.each(lambda people: self._lived(people)[0], float)
        return durations, self.each(lambda people: self._lived(people)[1], bool)

    def _lived(self, people: np.ndarray) -> tuple[Floats, Mask]:
        return lifetimes(people["t_entry"], people["t_left"], self.program.horizon)

    @cached_property
    def absences(self) -> np.ndarray:
        """When customers of this view were away before they came back."""
        rows = self.outcome.absences
        return rows if self.segment is None else rows[rows["segment"] == self.segment]

    @cached_property
    def left(self) -> int:
        """How often a customer left: those who are gone, and those who have come back."""
        return int(np.count_nonzero(~self.alive)) + len(self.absences)

    @cached_property
    def stage(self) -> NDArray[np.intp]:
        """Where each of the customers stands in the lifecycle."""
        program = self.program
        facts = program.horizon, program.active_within, program.contractual
        return self.each(lambda people: lifecycle(people, *facts), int)

    @cached_property
    def recent(self) -> Mask:
        """Among the customers: whose last order is no older than ``active_if`` at the horizon."""
        horizon, within = self.program.horizon, self.program.active_within
        return self.each(lambda people: horizon - people["t_order"] < within, bool)

    @cached_property
    def alive(self) -> Mask:
        """Among the customers: who has not left at the horizon, or is there again."""
        return ~self.lives[1]

    @cached_property
    def exposure(self) -> float:
        """Customer-years lived within the run."""
        away = self.absences["back"] - self.absences["left"]
        return float(self.lives[0].sum() - away.sum()) / YEAR

    def churn(self, start: float, end: float) -> tuple[int, float]:
        """How often customers left from day ``start`` until day ``end``, and the years they lived then."""
        gone = self.each(lambda people: (start <= people["t_left"]) & (people["t_left"] < end), bool)
        lived = self.each(lambda people: _between(people["t_entry"], people["t_left"], start, end), float)
        left, back = self.absences["left"], self.absences["back"]
        times = np.count_nonzero(gone & ~self.alive) + np.count_nonzero((start <= left) & (left < end))
        return int(times), float(lived.sum() - _between(left, back, start, end).sum()) / YEAR

    @cached_property
    def founding(self) -> Mask:
        """Among the customers: who was there before anybody entered."""
        return self.column("founding") > 0

    @cached_property
    def cohort(self) -> Mask:
        """Among the customers, those whose retention is told: of day 0; everybody if none was there."""
        return self.founding if self.founding.any() else np.ones(self.count, dtype=bool)

    @cached_property
    def homes(self) -> NDArray[np.intp]:
        """Segments that the cohort is in."""
        return np.unique(self.column("segment")[self.cohort]).astype(np.intp)

    @cached_property
    def mixed(self) -> bool:
        """Whether others entered a segment of the cohort: its daily sums are not the cohort's alone."""
        return bool(np.isin(self.column("segment")[~self.cohort], self.homes).any())

    @cached_property
    def booked(self) -> NDArray[np.int64]:
        """Daily rows, ``[days, len(DAILY)]``."""
        daily = self.outcome.daily
        return daily.sum(axis=1) if self.segment is None else daily[:, self.segment, :]

    def total(self, name: str) -> int:
        """Sum of one daily column over the run."""
        return int(self.booked[:, DAY[name]].sum())

    def money(self, name: str) -> float:
        """The same in currency instead of cents."""
        return self.total(name) / CENTS

    def touched(self, outcome: SupportsIndex | None = None) -> int:
        """Touches with one outcome (None: all)."""
        touches = self.outcome.touches
        if self.segment is not None:
            touches = touches[self.segment]
        return int(touches.sum() if outcome is None else touches[..., outcome].sum())

    def felt(self, which: int) -> float:
        """Mean over all touches of valence (0), perceived quality (1) or mood after (2)."""
        return float(self.outcome.felt[:, which].sum()) / MILLION / self.outcome.touches.sum()

    def answered(self, question: SupportsIndex) -> NDArray[np.int64]:
        """Answers to a question by score, then how often it was asked, then answers acted on."""
        answered = self.outcome.answered
        return answered[:, question].sum(axis=0) if self.segment is None else answered[self.segment, question]

    def staffed(self, name: str) -> float:
        """Sum of one staff column over pools and sites."""
        return float(self.outcome.staff[name].sum())

    def carded(self, name: str) -> float:
        """Sum of one column over loyalty programmes."""
        return float(self.outcome.programmes[name].sum())

    @cached_property
    def has_feelings(self) -> bool:
        """Whether any touch left a trace (psychology off, or no quality anywhere: none does)."""
        return bool(self.outcome.felt.any())

    @cached_property
    def review_signals(self) -> NDArray[np.intp]:
        """Numbers of the signals that publish a review average."""
        kinds = self.program.static["signals"]["kind"][: len(self.program.signal_names)]
        return np.flatnonzero(kinds == REVIEWS)

    @cached_property
    def wages(self) -> float:
        """Staff wages over the run, currency."""
        return self.program.wage_per_day * self.program.horizon / CENTS


def absent(view: View) -> tuple[Floats, Floats, Floats]:
    """When customers of the told cohort left and came back, and the horizon, each since their day 0 or entry."""
    people, rows = view.outcome.people, view.absences
    who = people[np.searchsorted(people["id"], rows["customer"])]
    told = who["founding"] > 0 if view.founding.any() else np.ones(len(rows), bool)
    entered = np.where(who["founding"] > 0, 0.0, who["t_entry"])[told]
    return rows["left"][told] - entered, rows["back"][told] - entered, view.program.horizon - entered


def covered(view: View, days: Floats) -> NDArray[np.intp]:
    """How many of the told cohort the run sees for so many days since day 0 or their entry."""
    entered = view.each(lambda people: np.where(people["founding"] > 0, 0.0, people["t_entry"]), float)
    seen = np.sort(view.program.horizon - entered[view.cohort])
    return seen.size - np.searchsorted(seen, days, side="left")


def pooled(outcomes: Sequence[Outcome], program: Program, segment: int | None = None) -> tuple[Floats, Mask]:
    """Lifetimes of the told cohort of every replication, end to end."""
    told = [_told(View(outcome, program, segment)) for outcome in outcomes]
    if len(told) == 1:
        return told[0]
    return np.concatenate([durations for durations, _ in told]), np.concatenate([seen for _, seen in told])


def _told(view: View) -> tuple[Floats, Mask]:
    return view.lives[0][view.cohort], view.lives[1][view.cohort]
