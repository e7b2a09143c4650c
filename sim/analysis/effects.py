"""Effects of single parameters: one at a time, over a full grid, and low against high; and how a result responds.

Replications are independent of each other, and replication r is the same luck at every point where random numbers
are common. So an effect is computed in every replication, and its 95 % interval is Student's t over these: paired
where luck is common, right in any case.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sim.analysis.paired import LEVEL, t_quantile
from sim.analysis.view import Floats

FIFTH = 5  # parts of a range: the lowest and the highest of them are compared
BINS, PER_BIN = (4, 12), 10  # fewest and most of a response curve, points to aim for in each


def over_replications(effects: Floats) -> tuple[float, float, float]:
    """(mean, low, high) of one number a replication (or a point) by Student's t; the ends NaN for a single one."""
    mean = float(effects.mean())
    if len(effects) < 2:
        return mean, np.nan, np.nan
    reach = t_quantile(len(effects) - 1) * float(np.std(effects, ddof=1)) / math.sqrt(len(effects))
    return mean, mean - reach, mean + reach


# ---------------------------------------------------------------- one at a time
def centre_of(x: Floats) -> int | None:
    """The point from which every other one differs in one parameter at most; None where there is none."""
    for row in range(len(x)):
        if ((x != x[row]).sum(axis=1) <= 1).all():
            return row
    return None


@dataclass(frozen=True)
class Step:
    """What one value of one parameter does beside the centre: the mean difference and its interval."""

    parameter: int
    value: float
    effect: float
    low: float
    high: float


def steps_from(x: Floats, each: Floats, centre: int) -> list[Step]:
    """Every other point against the centre, by parameter and value."""
    found = []
    for row in range(len(x)):
        moved = np.flatnonzero(x[row] != x[centre])
        if moved.size:
            at = int(moved[0])
            found.append(Step(at, float(x[row, at]), *over_replications(each[row] - each[centre])))
    return sorted(found, key=lambda step: (step.parameter, step.value))


def response_one_at_a_time(x: Floats, each: Floats, parameter: int) -> list[Response]:
    """The result at every value of a parameter, the others at the centre.

    Intervals are those of the difference to the centre, around the centre's mean.
    """
    centre = centre_of(x) or 0
    others = np.delete(np.arange(x.shape[1]), parameter)
    rows = np.flatnonzero((x[:, others] == x[centre, others]).all(axis=1))
    level = float(each[centre].mean())
    found = []
    for row in rows[np.argsort(x[rows, parameter], kind="stable")]:
        value = float(x[row, parameter])
        ends = _shifted(over_replications(each[row] - each[centre]), level)
        found.append(Response(value, value, value, 1, *ends))
    return found


# ---------------------------------------------------------------- full grid
@dataclass(frozen=True, eq=False)
class Grid:
    """The shares of variance of a full grid: first order, total ``[parameter]``, and pairs ``[i, j]`` for i < j.

    On the grid itself these are exact but for chance of the replications: half-widths are Student's t times the
    delete-one jackknife's standard error (NaN with one replication), ``clean_`` the jackknife's own estimates, in
    which what chance adds is gone to the first order.
    """

    first: Floats
    first_half: Floats
    clean_first: Floats
    total: Floats
    total_half: Floats
    clean_total: Floats
    second: Floats
    second_half: Floats


def grid_of(x: Floats) -> list[np.ndarray] | None:
    """The levels of each parameter if the points are all their combinations, each once; None otherwise."""
    levels = [np.unique(column) for column in x.T]
    cells = math.prod(len(values) for values in levels)
    if cells != len(x) or len(np.unique(x, axis=0)) != cells:
        return None
    return levels


def grid_shares(x: Floats, each: Floats, levels: Sequence[np.ndarray]) -> Grid:
    """Shares of variance (Sobol' indices of equally weighted levels) of a complete grid."""
    places = [np.searchsorted(values, column) for values, column in zip(levels, x.T, strict=True)]
    shape = tuple(len(values) for values in levels)
    cells = np.empty((*shape, each.shape[1]))
    cells[tuple(places)] = each
    found = _shares(cells.mean(axis=-1))
    count = each.shape[1]
    if count < 2:
        nothing = np.full(len(found), np.nan)
        return Grid(*_apart(found, nothing, nothing, len(shape)))
    without = np.array([_shares(np.delete(cells, r, axis=-1).mean(axis=-1)) for r in range(count)])
    middle = without.mean(axis=0)
    spread = np.sqrt((count - 1) / count * ((without - middle) ** 2).sum(axis=0))
    return Grid(
        *_apart(found, t_quantile(count - 1) * spread, count * found - (count - 1) * middle, len(shape))
    )


def _shares(cells: Floats) -> Floats:
    """First order, total and pair indices of a grid of means, one after the other."""
    k, whole = cells.ndim, float(np.var(cells))
    if whole == 0.0:
        return np.full(2 * k + k * (k - 1) // 2, np.nan)

    def between(*kept: int) -> float:
        return float(np.var(cells.mean(axis=tuple(i for i in range(k) if i not in kept)))) / whole

    first = [between(i) for i in range(k)]
    total = [1.0 - between(*(j for j in range(k) if j != i)) for i in range(k)]
    pairs = [between(i, j) - first[i] - first[j] for i, j in itertools.combinations(range(k), 2)]
    return np.array([*first, *total, *pairs])


def _apart(found: Floats, half: Floats, clean: Floats, k: int) -> tuple[Floats, ...]:
    second, second_half = np.full((2, k, k), np.nan)
    upper = np.triu_indices(k, 1)
    second[upper], second_half[upper] = found[2 * k :], half[2 * k :]
    parts = [(found[part], half[part], clean[part]) for part in (slice(k), slice(k, 2 * k))]
    return (*parts[0], *parts[1], second, second_half)


# ---------------------------------------------------------------- low and high
@dataclass(frozen=True)
class Swing:
    """The result with a parameter low and high: mean, interval ends; the values or ends of values compared.

    ``effect`` is high minus low with its interval.
    """

    effect: tuple[float, float, float]
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    low_at: tuple[float, float]
    high_at: tuple[float, float]


def relabelled(swing: Swing, values: Floats) -> Swing:
    """A swing between places of values, told by the values themselves."""
    low, high = (tuple(float(values[int(place)]) for place in at) for at in (swing.low_at, swing.high_at))
    return replace(swing, low_at=(low[0], low[1]), high_at=(high[0], high[1]))


def swing_one_at_a_time(x: Floats, each: Floats, centre: int, parameter: int) -> Swing | None:
    """The result at the lowest and highest value of a parameter, all others at the centre.

    Intervals are those of the difference to the centre, around the centre's mean: they tell of the effect.
    """
    others = np.delete(np.arange(x.shape[1]), parameter)
    rows = np.flatnonzero((x[:, others] == x[centre, others]).all(axis=1))
    if np.ptp(x[rows, parameter]) == 0.0:
        return None
    ends = rows[np.argmin(x[rows, parameter])], rows[np.argmax(x[rows, parameter])]
    level = float(each[centre].mean())
    low, high = (_shifted(over_replications(each[row] - each[centre]), level) for row in ends)
    at = [(float(x[row, parameter]),) * 2 for row in ends]
    return Swing(over_replications(each[ends[1]] - each[ends[0]]), low, high, at[0], at[1])


def _shifted(found: tuple[float, float, float], by: float) -> tuple[float, float, float]:
    return found[0] + by, found[1] + by, found[2] + by


def swing_grid(x: Floats, each: Floats, parameter: int) -> Swing:
    """The result at the lowest and highest level, the mean over all levels of the others.

    Intervals are those of the difference to the grid's mean, over replications.
    """
    column = x[:, parameter]
    ends = float(column.min()), float(column.max())
    parts = [np.flatnonzero(column == end) for end in ends]
    effect = over_replications(each[parts[1]].mean(axis=0) - each[parts[0]].mean(axis=0))
    low, high = (mean_of(each, part, grid=True) for part in parts)
    return Swing(effect, low, high, (ends[0],) * 2, (ends[1],) * 2)


def swing_sample(x: Floats, y: Floats, listed: bool) -> Swing | None:
    """The mean result over points in the lowest and in the highest fifth of a parameter (or at its end values).

    Intervals are those of the means over points.
    """
    if np.ptp(x) == 0.0:
        return None
    if listed:
        parts = [np.flatnonzero(x == end) for end in (x.min(), x.max())]
    else:
        order = np.argsort(x, kind="stable")
        count = max(1, len(x) // FIFTH)
        parts = [order[:count], order[-count:]]
    low, high = (over_replications(y[part]) for part in parts)
    at = [(float(x[part].min()), float(x[part].max())) for part in parts]
    return Swing(_welch(y[parts[0]], y[parts[1]]), low, high, at[0], at[1])


def _welch(first: Floats, second: Floats) -> tuple[float, float, float]:
    """Second minus first, with Welch's interval; the ends NaN where either is a single point or neither varies."""
    from scipy import stats

    mean = float(second.mean() - first.mean())
    if min(len(first), len(second)) < 2 or max(np.ptp(first), np.ptp(second)) == 0.0:
        return mean, np.nan, np.nan
    found = stats.ttest_ind(second, first, equal_var=False).confidence_interval(LEVEL)
    return mean, float(found.low), float(found.high)


# ---------------------------------------------------------------- response
@dataclass(frozen=True)
class Response:
    """The mean result over the points of one bin of a parameter (from ``start`` to ``end``) and its interval."""

    start: float
    end: float
    middle: float
    points: int
    mean: float
    low: float
    high: float


def response(x: Floats, each: Floats, listed: bool, grid: bool = False) -> list[Response]:
    """How ``each[point, replication]`` goes with a parameter: means over bins of equally many points, or listed values.

    No curve is assumed. Intervals: see :func:`mean_of`.
    """
    found = []
    for part in parts_of(x, listed):
        inside = x[part]
        ends = float(inside.min()), float(inside.max())
        found.append(Response(*ends, float(np.mean(inside)), len(part), *mean_of(each, part, grid)))
    return found


def mean_of(each: Floats, part: np.ndarray, grid: bool) -> tuple[float, float, float]:
    """The mean result over some points, and its interval.

    In a sample points differ in everything else, and the interval is Student's t over them. In a complete ``grid``
    they do not differ by chance: then it is that of the difference to the grid's mean, over replications.
    """
    if not part.size:
        return np.nan, np.nan, np.nan
    if not grid:
        return over_replications(each[part].mean(axis=1))
    whole = each.mean(axis=0)
    return _shifted(over_replications(each[part].mean(axis=0) - whole), float(whole.mean()))


def parts_of(x: Floats, listed: bool) -> list[np.ndarray]:
    """The points of each bin, in the order of its values."""
    if listed:
        return [np.flatnonzero(x == value) for value in np.unique(x)]
    bins = max(1, min(max(BINS[0], len(x) // PER_BIN), BINS[1], len(x) // 3))
    return np.array_split(np.argsort(x, kind="stable"), bins)
