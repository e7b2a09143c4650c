"""Draws over ranges, and which parameter turns a difference round."""

import numpy as np
import pytest

from sim.analysis.turning import latin_hypercube, quantiles, turning
from sim.scenario.distributions import Dist, from_moments


def test_every_stretch_of_a_range_is_drawn_once():
    drawn = latin_hypercube(40, 3, 1)
    for column in drawn.T:
        assert sorted(np.floor(40 * column)) == list(range(40))
    assert (drawn == latin_hypercube(40, 3, 1)).all() and (drawn != latin_hypercube(40, 3, 2)).any()


@pytest.mark.parametrize(
    "dist",
    [
        Dist("uniform", (2.0, 5.0)),
        Dist("exponential", (3.0,)),
        Dist("weibull", (1.5, 2.0)),
        Dist("triangular", (1.0, 2.0, 6.0)),
        Dist("constant", (4.0,)),
        Dist("empirical", (), (1.0, 2.0, 6.0)),
        from_moments("gamma", 2.0, 0.5, 0.0, 9.0),
        from_moments("lognormal", 2.0, 0.5, 0.0, 9.0),
        from_moments("beta", 0.3, 0.1, 0.0, 1.0),
        from_moments("clipped_normal", 0.2, 0.5, -1.0, 0.4),
    ],
    ids=lambda dist: dist.family,
)
def test_quantiles_have_the_mean_of_the_distribution(dist):
    p = (np.arange(200_000) + 0.5) / 200_000
    assert quantiles(dist.family, dist.params, dist.values, p).mean() == pytest.approx(dist.mean, rel=1e-3)


def test_a_planted_threshold_is_found():
    random = np.random.default_rng(1)
    parameter, other = random.uniform(0, 2, (2, 300))
    difference = 0.7 - parameter + 0.2 * (other - 1.0) + random.normal(0, 0.02, 300)
    found = turning(parameter, difference)
    assert found.matters and found.rho < -0.9 and found.low < found.rho < found.high
    assert found.threshold == pytest.approx(0.7, abs=0.1)
    assert turning(other, difference).threshold is None or abs(turning(other, difference).rho) > 0.1


def test_a_difference_that_never_changes_sign_has_no_threshold():
    parameter = np.linspace(0, 1, 50)
    assert turning(parameter, 1.0 + parameter).threshold is None
    assert turning(parameter, 1.0 + parameter).rho == pytest.approx(1.0)


def test_a_single_odd_draw_is_no_threshold():
    difference = np.linspace(1, 2, 50)
    difference[0] = -1.0
    assert turning(np.arange(50.0), difference).threshold is None


def test_what_never_changes_says_nothing():
    for found in (turning(np.ones(9), np.arange(9.0)), turning(np.arange(9.0), np.zeros(9))):
        assert (found.rho, found.matters, found.threshold) == (None, False, None)


def test_looking_at_many_parameters_takes_more_to_matter():
    random = np.random.default_rng(2)
    chance = [turning(random.random(40), random.random(40), 100) for _ in range(200)]
    assert sum(found.matters for found in chance) <= 2
    assert np.mean([found.low > 0 or found.high < 0 for found in chance]) == pytest.approx(0.05, abs=0.04)
