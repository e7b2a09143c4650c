"""What matters where the points are no special design: from any sample of points and their results.

``x[point, parameter]`` are values, ``y[point]`` the means over replications. A parameter is *listed* where it has
a few values or words only (words by their number): then its classes are these values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.analysis.sensitivity import LEVEL, problem_of
from sim.analysis.turning import spearman_interval
from sim.analysis.view import Floats

RESAMPLES = 100, 300  # bootstrap samples, fewest and most: fewer where points are many
DRAWN = 1_000_000  # points in all of them
FEWEST = 40  # points for a first order index of a range
HARMONICS = 4, 10  # fewest and most that RBD-FAST looks at: one for every 16 points
SLICES = 4, 10  # fewest and most of PAWN: one for every 15 points
_SEED = 20_261_125


@dataclass(frozen=True, eq=False)
class Given:
    """Measures ``[parameter]``, each with the ends of its 95 % interval ``[parameter, 2]``; NaN where not to be had.

    ``pawn``: the median distance (Kolmogorov-Smirnov) of the results' distribution with the parameter in a slice of
    its range from that of all results, 0..1; ``chance``: what 19 in 20 parameters that do nothing stay below.
    ``first``: the first order Sobol' index. ``rho``: Spearman's rank correlation. ``standing_out``: which parameters
    PAWN's index or the rank correlation tells from one that does nothing, all of them looked at at once (Bonferroni).
    """

    pawn: Floats
    pawn_ends: Floats
    chance: Floats
    first: Floats
    first_ends: Floats
    rho: Floats
    rho_ends: Floats
    standing_out: np.ndarray

    @property
    def weight(self) -> Floats:
        """What to rank by: the larger of the first order index and the squared rank correlation, else PAWN's index.

        The first sees effects that turn round, the second is surer of those that do not; PAWN's index is there
        for every sample, but tells little apart in small ones.
        """
        both = np.fmax(self.first, self.rho**2)
        return np.where(np.isnan(both), self.pawn, both)

    @property
    def beyond_chance(self) -> np.ndarray:
        """Which parameters any of the three measures tells from one that does nothing, each looked at by itself."""
        sure = (self.rho_ends[:, 0] > 0.0) | (self.rho_ends[:, 1] < 0.0)
        found: np.ndarray = sure | (self.first_ends[:, 0] > 0.0) | (self.pawn > self.chance)
        return found


def given_data(x: Floats, y: Floats, listed: np.ndarray, words: np.ndarray, seed: int) -> Given:
    """All measures of a sample; rank correlations of words are NaN, for words have no order."""
    from scipy.special import ndtri

    k = x.shape[1]
    measures, ends = np.full((4, k), np.nan), np.full((3, k, 2), np.nan)
    found = Given(
        pawn=measures[0],
        pawn_ends=ends[0],
        chance=measures[1],
        first=measures[2],
        first_ends=ends[1],
        rho=measures[3],
        rho_ends=ends[2],
        standing_out=np.zeros(k, bool),
    )
    level = 1.0 - (1.0 - LEVEL) / (2 * k)  # of each of two measures of every parameter
    for i in range(k):
        if np.ptp(x[:, i]) == 0.0:
            continue
        generator = np.random.default_rng([_SEED, seed, i])
        classes = classes_of(x[:, i], bool(listed[i]))
        found.pawn[i], found.pawn_ends[i], dealt = pawn(classes, y, generator)
        found.chance[i] = np.quantile(dealt, LEVEL)
        found.standing_out[i] = found.pawn[i] > dealt.mean() + ndtri(level) * dealt.std(ddof=1)
        if listed[i]:
            found.first[i], found.first_ends[i] = explained(classes, y, generator)
        else:
            found.first[i], found.first_ends[i] = rbd_fast(x[:, i], y, seed)
        if not words[i]:
            found.rho[i], found.rho_ends[i] = rank_correlation(x[:, i], y)
            low, high = rank_correlation(x[:, i], y, level)[1]
            found.standing_out[i] |= low > 0.0 or high < 0.0
    return found


def classes_of(x: Floats, listed: bool) -> np.ndarray:
    """For each point the number of its class: its value where listed, else its slice of equally many points."""
    if listed:
        return np.unique(x, return_inverse=True)[1]
    slices = _between(len(x) // 15, SLICES)
    order = np.argsort(np.argsort(x, kind="stable"), kind="stable")
    return order * slices // len(x)


def _resamples(points: int) -> int:
    return _between(DRAWN // points, RESAMPLES)


def _between(value: int, ends: tuple[int, int]) -> int:
    return max(ends[0], min(ends[1], value))


# ---------------------------------------------------------------- PAWN
def pawn(classes: np.ndarray, y: Floats, generator: np.random.Generator) -> tuple[float, Floats, Floats]:
    """PAWN of Pianosi & Wagener (2018): index, the ends of its interval, and what it is by chance alone.

    Not SALib's: that drops the largest value of a list, and takes an exact p-value for every distance, which
    is too slow to resample. Half-width: 1.96 standard deviations over bootstrap samples of points. Chance: the
    index when results are dealt to the points anew, many times.
    """
    size = int(classes.max()) + 1
    index = _median_distance(classes, y, size)
    drawn = [generator.integers(len(y), size=len(y)) for _ in range(_resamples(len(y)))]
    reach = 1.96 * float(np.std([_median_distance(classes[i], y[i], size) for i in drawn], ddof=1))
    dealt = [_median_distance(classes, generator.permutation(y), size) for _ in range(_resamples(len(y)))]
    ends = np.array([max(0.0, index - reach), min(1.0, index + reach)])
    return index, ends, np.array(dealt)


def _median_distance(classes: np.ndarray, y: Floats, size: int) -> float:
    order = np.argsort(y, kind="stable")
    ordered, which = y[order], classes[order]
    counts = np.bincount(which, minlength=size)
    there = np.flatnonzero(counts)
    steps = np.cumsum(which[None, :] == there[:, None], axis=1) / counts[there, None]
    last = np.append(ordered[1:] != ordered[:-1], True)  # of equal results
    distance = np.abs(steps - np.arange(1, len(y) + 1) / len(y))[:, last].max(axis=1)
    return float(np.median(distance))


# ---------------------------------------------------------------- first order indices
def rbd_fast(x: Floats, y: Floats, seed: int) -> tuple[float, Floats]:
    """First order index of a range by RBD-FAST (Tarantola et al. 2006; bias of Tissot & Prieur 2012), and its interval.

    SALib draws bootstrap samples of half the size, which vary twice as much: hence the root of 1/2.
    """
    from SALib.analyze import rbd_fast as salib

    if len(y) < FEWEST or np.ptp(y) == 0.0:
        return np.nan, np.full(2, np.nan)
    harmonics = _between(len(y) // 16, HARMONICS)
    found = salib.analyze(
        problem_of(1),
        x[:, None],
        y,
        M=harmonics,
        num_resamples=_resamples(len(y)),
        conf_level=LEVEL,
        seed=seed,
    )
    index, half = float(found["S1"][0]), float(found["S1_conf"][0]) * np.sqrt(0.5)
    return index, np.array([index - half, index + half])


def explained(classes: np.ndarray, y: Floats, generator: np.random.Generator) -> tuple[float, Floats]:
    """First order index of a list: the share of variance between its classes (Kelley's epsilon squared, 1935).

    Unlike the plain share (eta squared) it is about 0 for a parameter that does nothing. Interval by bootstrap.
    """
    index = _epsilon(classes, y)
    drawn = [generator.integers(len(y), size=len(y)) for _ in range(_resamples(len(y)))]
    half = 1.96 * float(np.nanstd([_epsilon(classes[i], y[i]) for i in drawn], ddof=1))
    return index, np.array([index - half, index + half])


def _epsilon(classes: np.ndarray, y: Floats) -> float:
    counts = np.bincount(classes)
    there = int(np.count_nonzero(counts))
    whole = float(((y - y.mean()) ** 2).sum())
    if whole == 0.0 or len(y) <= there:
        return np.nan
    means = np.bincount(classes, y) / np.maximum(1, counts)
    within = float(((y - means[classes]) ** 2).sum())
    return 1.0 - (within / (len(y) - there)) / (whole / (len(y) - 1))


# ---------------------------------------------------------------- direction
def rank_correlation(x: Floats, y: Floats, level: float = LEVEL) -> tuple[float, Floats]:
    """Spearman's rank correlation and its interval (Bonett & Wright 2000)."""
    from scipy import stats

    if len(y) < 4 or np.ptp(x) == 0.0 or np.ptp(y) == 0.0:
        return np.nan, np.full(2, np.nan)
    rho = float(stats.spearmanr(x, y).statistic)
    return rho, np.array(spearman_interval(rho, len(y), level))
