"""What attribution rules say of an event log: how many conversions each touchpoint "brought".

They see paths (the touchpoints that somebody met, and whether a conversion followed) and nothing else. Every rule
hands out all conversions: its credits add up to their number. None of them knows what would have happened
without a touchpoint; that is what the simulator is for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.analysis.view import Floats, Mask

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Paths:
    """Paths through ``channels`` (names; the last is "no touch"): touches end to end, sorted by path.

    ``channel`` and ``path`` have an element a touch, ``converted`` one a path. Every path has a touch: who
    met nothing has met the last channel.
    """

    channels: tuple[str, ...]
    channel: Ints
    path: Ints
    converted: Mask

    @property
    def conversions(self) -> int:
        """How many paths ended with one."""
        return int(np.count_nonzero(self.converted))

    @property
    def size(self) -> int:
        """How many channels there are."""
        return len(self.channels)


def paths_of(channels: tuple[str, ...], channel: Ints, path: Ints, converted: Mask) -> Paths:
    """Paths from touches sorted by path; those without a touch get one of the channel added for that, the last."""
    empty = np.setdiff1d(np.arange(converted.size), path)
    none = len(channels)
    every = np.concatenate([path, empty])
    order = np.argsort(every, kind="stable")
    touched = np.concatenate([channel, np.full(empty.size, none)])[order]
    return Paths((*channels, NO_TOUCH), touched.astype(np.int64), every[order].astype(np.int64), converted)


NO_TOUCH = "no touch"


# ---------------------------------------------------------------- rules of thumb
def last_touch(paths: Paths) -> Floats:
    """All of a conversion to the last touch before it."""
    ends = np.append(paths.path[1:] != paths.path[:-1], True) if paths.path.size else np.empty(0, bool)
    return _sum(paths, ends & paths.converted[paths.path])


def first_touch(paths: Paths) -> Floats:
    """All of it to the first."""
    begins = np.append(True, paths.path[1:] != paths.path[:-1]) if paths.path.size else np.empty(0, bool)
    return _sum(paths, begins & paths.converted[paths.path])


def linear(paths: Paths) -> Floats:
    """The same share to every touch."""
    lengths = np.bincount(paths.path, minlength=paths.converted.size)
    return _sum(paths, paths.converted[paths.path] / lengths[paths.path])


def _sum(paths: Paths, credit: np.ndarray) -> Floats:
    return np.bincount(paths.channel, credit.astype(np.float64), minlength=paths.size)


# ---------------------------------------------------------------- Shapley
def shapley(paths: Paths) -> Floats:
    """Shapley's value of the game in which a set of channels is worth the conversions whose paths need no other.

    By Zhao, Mahboobi & Bagheri 2018 (arXiv:1804.05327) that value is, exactly and for any number of channels,
    one equal share to each *different* channel of a path.
    """
    pairs = np.unique(paths.path * paths.size + paths.channel)
    path, channel = pairs // paths.size, pairs % paths.size
    members = np.bincount(path, minlength=paths.converted.size)
    credit = paths.converted[path] / members[path]
    return np.bincount(channel, credit, minlength=paths.size)


# ---------------------------------------------------------------- Markov
def markov(paths: Paths) -> Floats:
    """Shares by removal effect in a first-order Markov chain (Anderl et al. 2016).

    The chain goes from a start through the channels to a conversion or to nothing, with the frequencies of the
    paths. A channel's removal effect is the share of the conversions that is lost when whoever comes to it goes
    to nothing; credits are in proportion to it and add up to all conversions.
    """
    between, onward = _transitions(paths)
    everything = _converting(between, onward)
    if everything <= 0.0:
        return np.zeros(paths.size)
    effects = np.array(
        [1.0 - _converting(*_removed(between, onward, k)) / everything for k in range(paths.size)]
    )
    effects = np.maximum(effects, 0.0)
    total = float(effects.sum())
    return paths.conversions * effects / total if total > 0.0 else np.zeros(paths.size)


def _transitions(paths: Paths) -> tuple[Floats, Floats]:
    """Probabilities between channels (row 0: the start; then each channel), and from each to a conversion."""
    k, path, channel = paths.size, paths.path, paths.channel
    counts = np.zeros((k + 1, k + 2))  # columns: channels, conversion, nothing
    if path.size:
        begins, goes_on = np.append(True, path[1:] != path[:-1]), path[1:] == path[:-1]
        ends = np.append(~goes_on, True)
        np.add.at(counts, (0, channel[begins]), 1.0)
        np.add.at(counts, (channel[:-1][goes_on] + 1, channel[1:][goes_on]), 1.0)
        np.add.at(counts, (channel[ends] + 1, np.where(paths.converted[path[ends]], k, k + 1)), 1.0)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0.0)
    return shares[:, :k], shares[:, k]


def _converting(between: Floats, onward: Floats) -> float:
    """The chance to come from the start to a conversion."""
    k = between.shape[1]
    through = np.linalg.solve(np.eye(k) - between[1:], onward[1:])
    return float(onward[0] + between[0] @ through)


def _removed(between: Floats, onward: Floats, channel: int) -> tuple[Floats, Floats]:
    """The chain in which nobody comes to a channel: whoever would have gets nowhere."""
    between, onward = between.copy(), onward.copy()
    between[:, channel] = 0.0
    between[channel + 1], onward[channel + 1] = 0.0, 0.0
    return between, onward


RULES: dict[str, Callable[[Paths], Floats]] = {
    "last_touch": last_touch,
    "first_touch": first_touch,
    "linear": linear,
    "markov": markov,
    "shapley": shapley,
}
