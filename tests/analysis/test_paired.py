"""Paired differences: against the textbook, a library, and what is known without either."""

import math

import numpy as np
import pytest
from scipy import stats

from sim.analysis.paired import (
    LEVEL,
    Flips,
    all_pairs,
    chances_of_being_best,
    critical,
    differences,
    efficient,
    flips,
    ratio,
    standard_errors,
    t_quantile,
    unseen,
    wanted,
    widening,
    without_spread,
)


def correlated(rows: int, covariance: np.ndarray, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).multivariate_normal(np.zeros(len(covariance)), covariance, rows)


# ---------------------------------------------------------------- one difference
def test_one_strategy_has_the_interval_of_the_paired_t_test():
    values = correlated(12, np.array([[1.0, 0.8], [0.8, 1.0]])) + np.array([5.0, 5.4])
    (found,) = differences(values)
    told = stats.ttest_rel(values[:, 1], values[:, 0]).confidence_interval(LEVEL)
    assert (found.low, found.high) == pytest.approx((told.low, told.high))
    assert (found.low_single, found.high_single) == (found.low, found.high)
    assert found.correlation == pytest.approx(stats.pearsonr(*values.T).statistic)


def test_independent_seeds_would_have_had_the_sum_of_the_variances():
    values = correlated(30, np.array([[1.0, 0.9], [0.9, 1.0]]))
    (found,) = differences(values)
    variances = values.var(axis=0, ddof=1)
    assert found.se_independent == pytest.approx(math.sqrt(variances.sum() / 30))
    assert found.n_independent == math.ceil(30 * (found.se_independent / found.se) ** 2)


def test_what_never_differs_is_identical_and_not_distinguishable():
    same = np.random.default_rng(1).random(8)
    (found,) = differences(np.stack([same, same * (1 + 1e-16)], axis=1))
    assert found.identical and not found.distinguishable
    assert (found.low, found.high, found.n_independent) == (0.0, 0.0, None)


def test_what_always_differs_by_as_much_is_certain():
    (found,) = differences(np.array([[1.0, 3.0], [2.0, 4.0], [5.0, 7.0]]))
    assert (found.mean, found.low, found.high) == (2.0, 2.0, 2.0)
    assert found.distinguishable and not found.identical


def test_equal_numbers_have_no_standard_error_though_their_sum_is_rounded():
    assert standard_errors(np.full((7, 1), 0.1)).tolist() == [0.0]


# ---------------------------------------------------------------- several at once
def test_the_quantile_is_that_of_the_multivariate_t():
    """By a library's distribution function: of all the mass, 95 % lies within."""
    columns = correlated(15, np.array([[1.0, 0.5, 0.2], [0.5, 2.0, 0.0], [0.2, 0.0, 0.5]]))
    reach = critical(columns)
    law = stats.multivariate_t(shape=np.corrcoef(columns.T), df=14, seed=1)
    inside = law.cdf(np.full(3, reach), lower_limit=np.full(3, -reach))
    assert inside == pytest.approx(LEVEL, abs=0.006)  # 20,000 draws: 4 standard errors


def test_it_lies_between_students_t_and_sidaks():
    columns = correlated(10, np.eye(6))
    assert t_quantile(9) < critical(columns) <= t_quantile(9, LEVEL ** (1 / 6))


def test_few_replications_know_nothing_of_correlations():
    """As many columns as rows: Šidák's bound, whatever these rows seem to say; with many rows their own quantile."""
    covariance = np.full((12, 12), 0.9) + 0.1 * np.eye(12)
    for rows in (2, 5, 12):
        assert critical(correlated(rows, covariance)) == pytest.approx(
            t_quantile(rows - 1, LEVEL ** (1 / 12))
        )
    assert critical(correlated(400, covariance)) < 0.9 * t_quantile(399, LEVEL ** (1 / 12))


def test_the_intervals_of_five_replications_hold_all_at_once():
    """Of 12 strategies, in 19 of 20 cases; with the estimated correlation taken at its word in 17."""
    held = 0
    for seed in range(150):
        values = correlated(5, np.eye(13), seed)
        held += all(found.low <= 0.0 <= found.high for found in differences(values))
    assert held >= 136  # 95 % less three standard errors


# ---------------------------------------------------------------- no spread
def test_one_flip_in_each_of_two_replications_is_no_certainty():
    values = np.array([[0.70, 0.71], [0.68, 0.69]])  # of 100 customers each
    (found,) = differences(values)
    assert found.se == 0.0 and found.distinguishable
    told = without_spread(found, 200)
    assert not told.distinguishable
    assert told.high_single - told.mean == pytest.approx(t_quantile(1) * math.sqrt(0.01 * 0.99 / 200))
    wider = without_spread(found, 200, strategies=3)
    assert wider.high > told.high and wider.high_single == told.high_single


def test_nobody_flipped_is_the_rule_of_three():
    same = np.array([[0.7, 0.7], [0.6, 0.6]])
    told = without_spread(differences(same)[0], 300, strategies=2)
    assert (told.low, told.high, told.high_single) == (-unseen(300, 2), unseen(300, 2), unseen(300))


def test_where_there_is_a_spread_it_tells():
    (found,) = differences(np.array([[0.7, 0.8], [0.6, 0.65]]))
    assert without_spread(found, 300) is found


@pytest.mark.parametrize("copies", [2, 30], ids=["two", "more than rows"])
def test_copies_of_one_column_cost_nothing(copies):
    column = np.random.default_rng(2).random((12, 1))
    assert critical(np.repeat(column, copies, axis=1)) == pytest.approx(t_quantile(11), rel=0.01)


def test_what_is_identical_does_not_count_as_a_further_comparison():
    values = correlated(9, np.eye(2))
    assert critical(np.column_stack([values[:, :1], np.zeros(9)])) == t_quantile(8)


@pytest.mark.slow
def test_intervals_hold_all_at_once_in_95_of_100():
    """Three strategies over one baseline, 10 replications: within 4 standard errors of 400 trials."""
    shape = np.full((4, 4), 0.6) + 0.4 * np.eye(4)
    held = 0
    for trial in range(400):
        found = differences(correlated(10, shape, seed=trial))
        held += all(d.low <= 0.0 <= d.high for d in found)
    assert abs(held / 400 - LEVEL) < 4 * math.sqrt(LEVEL * (1 - LEVEL) / 400)


def test_all_pairs_are_wider_than_those_with_the_baseline():
    values = correlated(20, np.eye(3))
    pairs, against = all_pairs(values), differences(values)
    assert list(pairs) == [(0, 1), (0, 2), (1, 2)]
    assert pairs[0, 1].mean == against[0].mean and pairs[0, 1].half > against[0].half


# ---------------------------------------------------------------- which is best
def test_the_chance_of_one_strategy_is_students_t():
    values = correlated(10, np.eye(2)) + np.array([0.0, 0.3])
    gain = values[:, 1] - values[:, 0]
    expected = stats.t.cdf(gain.mean() / (gain.std(ddof=1) / math.sqrt(10)), 9)
    assert chances_of_being_best(values)[1] == pytest.approx(
        expected, abs=0.009
    )  # 4 standard errors of 50,000 draws


def test_chances_add_up_and_equals_share_them():
    base = np.random.default_rng(3).random(10)
    worse = base - 1.0 + 0.01 * np.random.default_rng(4).random(10)
    chances = chances_of_being_best(np.stack([base, base, worse, base], axis=1))
    assert chances.tolist() == pytest.approx([1 / 3, 1 / 3, 0.0, 1 / 3])


def test_the_frontier_is_whom_nobody_beats():
    cost, gain = np.array([0.0, 10.0, 10.0, 20.0, 5.0]), np.array([0.0, 2.0, 1.0, 2.0, -1.0])
    assert efficient(cost, gain).tolist() == [True, True, False, False, False]


# ---------------------------------------------------------------- ratios
def test_the_ratio_is_fiellers():
    """r lies in the interval just where the t-test does not tell mean(above - r below) from nought."""
    drawn = correlated(15, np.array([[1.0, 0.4], [0.4, 1.0]])) + np.array([30.0, 10.0])
    middle, low, high = ratio(drawn[:, 0], drawn[:, 1])
    assert middle == pytest.approx(drawn[:, 0].mean() / drawn[:, 1].mean())
    for end in (low, high):
        assert stats.ttest_1samp(drawn[:, 0] - end * drawn[:, 1], 0.0).pvalue == pytest.approx(1 - LEVEL)


def test_a_ratio_over_what_may_be_nought_is_not_told():
    assert ratio(np.array([1.0, 2.0, 3.0]), np.array([-1.0, 0.2, 1.0])) is None


# ---------------------------------------------------------------- customer by customer
def test_flips_are_counted():
    first, second = np.array([1, 1, 0, 0, 1], bool), np.array([1, 0, 1, 0, 1], bool)
    assert flips(first, second) == Flips(both=2, first=1, second=1, neither=1)
    assert (flips(first, second) + Flips(1, 1, 1, 1)).n == 9


def test_the_bound_is_that_of_flips_in_one_direction():
    """gain = sqrt((p0 q0 + p1 q1) / (d (1 - d))) is reached where nobody flips the other way, and not else."""
    told = Flips(both=700, first=0, second=50, neither=250)
    p0, p1 = 0.70, 0.75
    assert told.gain_best == pytest.approx(math.sqrt((p0 * 0.3 + p1 * 0.25) / (0.05 * 0.95)))
    assert told.gain == pytest.approx(told.gain_best) and told.share_of_best == pytest.approx(1.0)
    worse = Flips(both=690, first=10, second=60, neither=240)
    assert worse.gain_best == pytest.approx(told.gain_best) and worse.share_of_best < 0.85


def test_the_standard_error_is_that_of_the_differences():
    rng = np.random.default_rng(5)
    first, second = rng.random(500) < 0.6, rng.random(500) < 0.7
    told = flips(first, second)
    difference = second.astype(float) - first
    assert told.se == pytest.approx(difference.std() / math.sqrt(500))
    assert told.difference == pytest.approx(difference.mean())


def test_without_flips_there_is_no_gain_to_tell():
    assert (Flips(5, 0, 0, 5).gain, Flips(5, 0, 0, 5).gain_best, Flips(5, 0, 0, 5).share_of_best) == (
        None, None, None,
    )  # fmt: skip


# ---------------------------------------------------------------- how many replications
def stopped(column: np.ndarray, precision: float, most: int = 200) -> np.ndarray:
    """The rows that the rule takes."""
    values, n = np.stack([np.zeros(len(column)), column], axis=1), 10
    while (more := wanted(values[:n], precision, 10, most)) > n:
        n = more
    return values[:n]


def test_it_stops_when_the_interval_is_narrow_enough_and_at_the_ceiling():
    column = np.random.default_rng(6).standard_normal(200)
    values = stopped(column, 0.3)
    assert 10 < len(values) < 200 and differences(values)[0].half <= 0.3
    assert len(stopped(column, 0.001, most=60)) == 60
    assert len(stopped(column, 1e9)) == 10
    assert len(stopped(column, 0.0, most=50)) == 50


def test_the_widened_interval_is_never_wider_than_asked_for():
    values = stopped(np.random.default_rng(7).standard_normal(200), 0.3)
    wide = differences(values, widening(values, 0.3))[0].half
    narrow = differences(values)[0].half
    assert narrow < wide <= min(0.3 * (1 + 1e-12), 1.1 * narrow * (1 + 1e-12))
    assert widening(values, 0.5 * narrow) == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("needed", [5, 15, 30, 80])
def test_stopping_when_narrow_costs_no_coverage(needed):
    """What docs/compare.md says of the rule: with the widening 95 % hold; z = 4, 2,500 trials each."""
    precision = 1.96 / math.sqrt(needed)
    held = 0
    for trial in range(2_500):
        values = stopped(np.random.default_rng([needed, trial]).standard_normal(200), precision)
        (found,) = differences(values, widening(values, precision))
        held += found.low <= 0.0 <= found.high
    assert held / 2_500 > LEVEL - 4 * math.sqrt(LEVEL * (1 - LEVEL) / 2_500)
