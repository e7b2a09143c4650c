"""Paired differences: the same people with the same luck in every world, so that what is left is the strategy.

A *world* is a scenario as it is simulated; world 0 is the baseline. Every function here works on ``values``:
a row a replication, a column a world, in which replication r is the same people with the same luck in all
columns. Replications are independent of each other, worlds within one are anything but.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from sim.analysis.view import Floats, Mask

LEVEL = 0.95
WIDENED = 1.1  # see `widening`
COUNTABLE = 1e12  # replications; what takes more is out of reach
ROUNDING = 1e-12  # differences below this share of what differs are none
DRAWS = (
    100_000  # from the joint t-distribution: a probability of .95 is met within .0014 (two standard errors)
)
_SEED = 20_261_122  # of those draws: the same data give the same digits


def t_quantile(freedom: int, level: float = LEVEL) -> float:
    """How many standard errors a two-sided interval of Student's t reaches out."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.5 + level / 2.0))


def standard_errors(columns: Floats) -> Floats:
    """The standard error of each column's mean over its rows (at least two)."""
    errors: Floats = np.std(columns, axis=0, ddof=1) / math.sqrt(len(columns))
    rounding = ROUNDING * np.abs(columns).max(axis=0)  # makes something of equal numbers
    return np.where(np.ptp(columns, axis=0) <= rounding, 0.0, errors)


def joint_deviations(columns: Floats) -> Floats:
    """Draws from the joint distribution of (mean - truth) of the columns, ``[DRAWS, columns]``.

    A multivariate t with the columns' estimated covariance and as many degrees of freedom as one interval
    has: rows - 1. Its margins are those of the single t-intervals. The root of the covariance is taken from
    the data by singular values, so that columns that are the same, or more columns than rows, do no harm.
    """
    rows = len(columns)
    centred = columns - columns.mean(axis=0)
    _, sizes, directions = np.linalg.svd(centred / math.sqrt(rows * (rows - 1.0)), full_matrices=False)
    root = sizes[:, None] * directions
    draws: Floats = np.einsum(
        "dk,kc->dc", _standard_t(rows - 1, sizes.size), root
    )  # no threads, the same bits
    return draws


@lru_cache(maxsize=4)
def _standard_t(freedom: int, width: int) -> Floats:
    """Draws from the standard multivariate t, ``[DRAWS, width]``: the same whenever they are asked for."""
    generator = np.random.default_rng(_SEED)
    scale = np.sqrt(generator.chisquare(freedom, DRAWS) / freedom)
    draws: Floats = generator.standard_normal((DRAWS, width)) / scale[:, None]
    draws.flags.writeable = False
    return draws


def critical(columns: Floats, level: float = LEVEL) -> float:
    """How many standard errors the intervals of all columns' means reach out, to hold all at once.

    The two-sided quantile of the multivariate t with the columns' own correlation (the max-t or "Dunnett
    type" adjustment; Hothorn, Bretz & Westfall 2008), at least Student's t and at most Šidák's bound, which
    holds whatever the correlation; columns that are the same count once. Of the correlation few rows know little:
    the quantile is moved towards the bound by as much as there are independent columns to a degree of freedom.
    Without that, 12 intervals from 5 rows all hold in 87 % of cases, from 2 rows in 55 %; with it in 94 to 97.5 %.
    One column: Student's t.
    """
    single = t_quantile(len(columns) - 1, level)
    different = np.unique(columns[:, standard_errors(columns) > 0.0], axis=1)
    if different.shape[1] < 2:
        return single
    errors = standard_errors(different)
    largest = np.abs(joint_deviations(different) / errors).max(axis=1)
    bound = t_quantile(len(columns) - 1, level ** (1.0 / different.shape[1]))
    joint = min(max(float(np.quantile(largest, level)), single), bound)
    rank = np.linalg.matrix_rank((different - different.mean(axis=0)) / errors)
    return float(joint + min(1.0, rank / (len(columns) - 1)) * (bound - joint))


# ---------------------------------------------------------------- a difference
@dataclass(frozen=True)
class Difference:
    """What one world has more than another, per replication, and how sure that is.

    ``low .. high`` hold for all differences of a family at once with 95 %, ``low_single .. high_single`` for
    this one alone. ``se_independent`` is the standard error that as many replications under independent
    seeds would have had, and ``correlation`` that of the two worlds over replications.
    """

    n: int
    mean: float
    se: float
    low: float
    high: float
    low_single: float
    high_single: float
    se_independent: float
    correlation: float | None

    @property
    def half(self) -> float:
        """Half the width of the adjusted interval."""
        return (self.high - self.low) / 2.0

    @property
    def distinguishable(self) -> bool:
        """Whether the adjusted interval leaves out no difference at all."""
        return self.low > 0.0 or self.high < 0.0

    @property
    def identical(self) -> bool:
        """Whether nothing differs, in any replication, nor could."""
        return self.low == 0.0 == self.high

    @property
    def n_independent(self) -> int | None:
        """How many replications under independent seeds would have told as much; None where no number would."""
        wanted = self.n * (self.se_independent / self.se) ** 2 if self.se > 0.0 else math.inf
        return math.ceil(wanted - 1e-9) if wanted < COUNTABLE else None


def differences(values: Floats, widened: float = 1.0) -> list[Difference]:
    """Every world but the first against the first; intervals that hold for all of them at once.

    ``widened``: by what factor they are told wider than they came out (see :func:`widening`).
    """
    return _family(values, [(0, world) for world in range(1, values.shape[1])], widened)


def all_pairs(values: Floats) -> dict[tuple[int, int], Difference]:
    """The second of every pair of worlds against the first of it; intervals that hold for all pairs at once."""
    worlds = range(values.shape[1])
    pairs = [(a, b) for a in worlds for b in worlds if a < b]
    return dict(zip(pairs, _family(values, pairs), strict=True))


def _family(values: Floats, pairs: list[tuple[int, int]], widened: float = 1.0) -> list[Difference]:
    columns = np.stack([_less(values[:, b], values[:, a]) for a, b in pairs], axis=1)
    means, errors = columns.mean(axis=0), standard_errors(columns)
    reach, single = widened * critical(columns), widened * t_quantile(len(columns) - 1)
    return [
        _difference(values[:, a], values[:, b], float(mean), float(error), reach, single)
        for (a, b), mean, error in zip(pairs, means, errors, strict=True)
    ]


def _less(second: Floats, first: Floats) -> Floats:
    """The difference, without what the order of additions leaves of equal sums."""
    difference = second - first
    size = np.maximum(np.abs(first), np.abs(second))
    return np.where(np.abs(difference) <= ROUNDING * size, 0.0, difference)


def _difference(
    first: Floats, second: Floats, mean: float, error: float, reach: float, single: float
) -> Difference:
    both = standard_errors(np.stack([first, second], axis=1))
    correlation = float(np.corrcoef(first, second)[0, 1]) if both.all() else None
    return Difference(
        n=len(first),
        mean=mean,
        se=error,
        low=mean - reach * error,
        high=mean + reach * error,
        low_single=mean - single * error,
        high_single=mean + single * error,
        se_independent=float(np.hypot(*both)),
        correlation=correlation,
    )


# ---------------------------------------------------------------- which is best
def chances_of_being_best(gains: Floats) -> Floats:
    """The probability of each world to have the highest true mean of ``gains``, the baseline included.

    From the joint t-distribution of the true differences to the first world around those seen (what Bayes'
    rule makes of a normal model when nothing was known before). Worlds that draw level share.
    """
    relative = np.stack([_less(column, gains[:, 0]) for column in gains[:, 1:].T], axis=1)
    drawn = relative.mean(axis=0) + joint_deviations(relative)
    drawn = np.concatenate([np.zeros((len(drawn), 1)), drawn], axis=1)
    drawn[:, 1:][:, (relative == 0.0).all(axis=0)] = 0.0
    first = drawn == drawn.max(axis=1, keepdims=True)
    chances: Floats = (first / first.sum(axis=1, keepdims=True)).mean(axis=0)
    return chances


def efficient(cost: Floats, gain: Floats) -> Mask:
    """Which worlds no other beats: none gains as much for less, nor more for as much."""
    cheaper, better = cost[None, :] < cost[:, None], gain[None, :] > gain[:, None]
    as_cheap, as_good = cost[None, :] <= cost[:, None], gain[None, :] >= gain[:, None]
    beaten: Mask = np.any((cheaper & as_good) | (as_cheap & better), axis=1)
    return ~beaten


# ---------------------------------------------------------------- a ratio
def ratio(above: Floats, below: Floats) -> tuple[float, float, float] | None:
    """(ratio of means, low, high) by Fieller's theorem; None where the lower mean may be nought.

    ``above`` and ``below`` are one value each a replication, correlated as they are.
    """
    n, reach = len(above), t_quantile(len(above) - 1)
    top, bottom = float(above.mean()), float(below.mean())
    spread = np.cov(above, below) / n * reach**2
    room = bottom**2 - spread[1, 1]
    if room <= 0.0:
        return None
    middle = top * bottom - spread[0, 1]
    root = math.sqrt(max(0.0, middle**2 - room * (top**2 - spread[0, 0])))
    return top / bottom, (middle - root) / room, (middle + root) / room


# ---------------------------------------------------------------- customer by customer
@dataclass(frozen=True)
class Flips:
    """The same customers in two worlds, over all replications: in how many something held, and in which.

    ``both`` worlds, the ``first`` only, the ``second`` only, ``neither``.
    """

    both: int = 0
    first: int = 0
    second: int = 0
    neither: int = 0

    def __add__(self, other: Flips) -> Flips:
        return Flips(
            self.both + other.both,
            self.first + other.first,
            self.second + other.second,
            self.neither + other.neither,
        )

    @property
    def n(self) -> int:
        """Customers, over all replications."""
        return self.both + self.first + self.second + self.neither

    @property
    def difference(self) -> float:
        """The difference of the two shares."""
        return (self.second - self.first) / self.n

    @cached_property
    def se_independent(self) -> float:
        """The standard error of the difference if the worlds had shared nothing: (p0 q0 + p1 q1) / n."""
        shares = (self.both + self.first) / self.n, (self.both + self.second) / self.n
        return math.sqrt(sum(p * (1.0 - p) for p in shares) / self.n)

    @cached_property
    def se(self) -> float:
        """The standard error of the difference as customers were paired, were they independent of each other."""
        flipped = (self.first + self.second) / self.n
        return math.sqrt(max(0.0, flipped - self.difference**2) / self.n)

    @cached_property
    def se_best(self) -> float:
        """The least standard error that any pairing can have: nobody flips the other way, d (1 - d) / n."""
        d = abs(self.difference)
        return math.sqrt(d * (1.0 - d) / self.n)

    @property
    def gain(self) -> float | None:
        """How many times narrower pairing made the interval; None where nobody flipped."""
        return self.se_independent / self.se if self.se > 0.0 else None

    @property
    def gain_best(self) -> float | None:
        """How many times narrower any pairing could make it; None where there is no difference."""
        return self.se_independent / self.se_best if self.se_best > 0.0 else None

    @property
    def share_of_best(self) -> float | None:
        """The gain as a share of the best possible."""
        return self.se_best / self.se if self.se > 0.0 else None


def unseen(customers: int, strategies: int = 1) -> float:
    """What a difference of shares may be though nobody flipped: the "rule of three", 3 / customers.

    Fewer than that many of those who live flip, or somebody would have been seen to, with 95 %; for several
    strategies at once with 95 % for all of them (Bonferroni).
    """
    return math.log(strategies / (1.0 - LEVEL)) / customers


def without_spread(
    difference: Difference, customers: int, strategies: int = 1, se: float | None = None
) -> Difference:
    """A difference of shares that came out the same in every replication, which is no proof that it always will.

    ``customers`` are those of all replications. Where nobody flipped, the rule of three says what may have gone
    :func:`unseen`; else the spread is that of the customers, taken as independent: ``se``, or the least that such a
    difference can have.
    """
    if difference.se > 0.0 or customers == 0:
        return difference
    size = abs(difference.mean)
    if size == 0.0 and not se:
        together, single = (unseen(customers, m) for m in (strategies, 1))
    else:
        error = math.sqrt(size * (1.0 - size) / customers) if se is None else se
        levels = LEVEL ** (1.0 / strategies), LEVEL
        together, single = (error * t_quantile(difference.n - 1, level) for level in levels)
    mean = difference.mean
    return replace(
        difference,
        low=mean - together,
        high=mean + together,
        low_single=mean - single,
        high_single=mean + single,
    )


def flips(first: np.ndarray, second: np.ndarray) -> Flips:
    """The flips between two arrays of truths about the same customers."""
    both, either = int(np.count_nonzero(first & second)), int(np.count_nonzero(first | second))
    ones = int(np.count_nonzero(first))
    return Flips(both, ones - both, either - ones, first.size - either)


# ---------------------------------------------------------------- how many replications
def widening(values: Floats, precision: float) -> float:
    """How much wider than it came out the widest interval is told, once it is as narrow as was asked for.

    Whoever stops as soon as an interval looks narrow stops too often when it happens to look narrower than
    it is, so that it holds too seldom. An interval of *fixed* width (the one asked for) does not suffer from
    that (Chow & Robbins 1965), but is needlessly wide where the first look already finds a narrow one. A tenth
    more, never more than was asked for, is enough for the rule of :func:`wanted`: by simulation of normal
    differences that need 3 to 180 replications, such intervals hold with 95.1 % at least, and without that
    tenth with 93.6 % at worst (docs/compare.md).
    """
    widest = max(difference.half for difference in differences(values))
    return min(max(1.0, precision / widest), WIDENED) if widest > 0.0 else 1.0


def wanted(values: Floats, precision: float, least: int, most: int, floor: float = 0.0) -> int:
    """How many replications to have before the next look: enough as far as can be told, never many at a time.

    The number of rows itself where every difference's half-width is at most ``precision`` (or there are
    ``most``); else what the widest interval asks for at its present spread, at least a batch of ``least`` / 2
    more, at most twice as many. No half-width is taken to be less than ``floor`` (see :func:`unseen`).
    """
    n = len(values)
    widest = max(floor, *(difference.half for difference in differences(values)))
    if widest <= precision or n >= most:
        return n
    guess = min(2.0, (widest / precision) ** 2) if precision > 0.0 else 2.0
    return min(most, max(n + least // 2, math.ceil(guess * n)))
