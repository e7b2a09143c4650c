"""What a fact is: a published number with its band, an experiment, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sim.facts.lab import Lab

TAGS = {
    "C": "computed here from data or in closed form",
    "S": "read in the publication itself",
    "S2": "read in somebody else's account of the publication",
    "R": "remembered, not read: shown, and decides nothing",
}


@dataclass(frozen=True)
class Check:
    """A condition beside the band that must hold too."""

    name: str
    held: bool
    detail: str = ""


@dataclass(frozen=True)
class Line:
    """One series of a picture."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True)
class Picture:
    """What an experiment shows: lines over numbers, or one bar for each label."""

    x: str
    y: str
    lines: tuple[Line, ...]
    labels: tuple[str, ...] = ()  # bars instead of lines, x counts the labels
    log: bool = False  # y on a logarithmic axis


@dataclass(frozen=True)
class Found:
    """What an experiment found: the value that is held to the band, its standard error (0: no chance in it)."""

    value: float
    error: float = 0.0
    checks: tuple[Check, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    picture: Picture | None = None


class NeedsData(Exception):
    """The experiment rests on data that the project does not carry; the text says which."""


@dataclass(frozen=True)
class Fact:
    """A published fact. ``holds`` is what we know of the defaults; the tests compare it with what is found."""

    id: int
    name: str
    published: str  # the finding in our words, with its numbers
    source: str
    tag: str  # evidence for the numbers on which the band rests
    value: str  # what the value is that is held to the band
    low: float
    high: float
    measure: Callable[[Lab], Found] | None
    holds: bool = True
    miss: str = ""  # why it does not hold, or what of it does not come out though it does
    used_for: tuple[str, ...] = ()  # defaults that were chosen with its help
    staged: str = ""  # what of the stage was chosen with the published number in view
    switches: tuple[str, ...] = ()  # psychology that its experiment changes, because the fact is about it

    @property
    def gates(self) -> bool:
        """Whether it may decide anything: what is merely remembered may not."""
        return self.tag != "R"


@dataclass(frozen=True)
class Result:
    """A fact beside what its experiment found; without a finding the note says why."""

    fact: Fact
    found: Found | None
    note: str = ""

    @property
    def in_band(self) -> bool:
        """Whether the value lies in the band."""
        return self.found is not None and self.fact.low <= self.found.value <= self.fact.high

    @property
    def failed(self) -> tuple[Check, ...]:
        """The side conditions that do not hold."""
        return () if self.found is None else tuple(check for check in self.found.checks if not check.held)

    @property
    def holds(self) -> bool:
        """Value in the band, and every side condition met."""
        return self.in_band and not self.failed


# ---------------------------------------------------------------- estimates with their standard errors
def jackknife(blocks: np.ndarray, statistic: Callable[[np.ndarray], float]) -> tuple[float, float]:
    """A statistic of the mean of independent blocks (one a row), and its standard error.

    Arms of an experiment stand in one row: the same people with the same luck, so that what they share
    drops out of their differences and ratios.
    """
    blocks = np.asarray(blocks, dtype=float)
    n = len(blocks)
    total = blocks.sum(axis=0)
    without = np.array([statistic((total - block) / (n - 1)) for block in blocks])
    error = math.sqrt((n - 1) / n * float(np.sum((without - without.mean()) ** 2)))
    return float(statistic(total / n)), error


def log_linear(x: np.ndarray, exposure: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of the columns of x in the logarithm of a rate, and their standard errors.

    Counts are Poisson given exposure (Newton's method); for who leaves, the exposure is the time until then.
    """
    design = np.column_stack([np.ones(len(x)), x])
    beta = np.zeros(design.shape[1])
    beta[0] = math.log(count.sum() / exposure.sum())
    for _ in range(50):
        expected = exposure * np.exp(design @ beta)
        information = (design * expected[:, None]).T @ design
        step = np.linalg.solve(information, design.T @ (count - expected))
        beta += step
        if np.abs(step).max() < 1e-10:
            break
    return beta[1:], np.sqrt(np.diag(np.linalg.inv(information)))[1:]


def beyond(value: float, error: float, bound: float, sign: int = 1) -> bool:
    """Whether a value is above (sign -1: below) a bound by more than two standard errors."""
    return sign * (value - bound) > 2.0 * error
