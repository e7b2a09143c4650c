"""The measures with which the experiments are read, on numbers whose answer is known."""

import numpy as np
import pytest

from sim.facts import asking, friends
from sim.facts.episodes import explained, residual
from sim.facts.lab import Lab


def test_what_a_regression_explains():
    x = np.random.default_rng(1).normal(size=(5_000, 2))
    y = x[:, 0] + np.random.default_rng(2).normal(size=5_000)
    assert explained(y, x[:, 0]) == pytest.approx(0.5, abs=0.03)
    assert explained(y, x[:, 1]) == pytest.approx(0.0, abs=0.003)
    assert explained(y, y) == pytest.approx(1.0)
    assert abs(np.corrcoef(residual(y, x[:, 0]), x[:, 0])[0, 1]) < 1e-9


def test_one_song_that_has_it_all_is_as_unequal_as_can_be():
    shares = np.eye(10)[:2]
    assert friends.inequality(shares) == pytest.approx(0.9)
    assert friends.inequality(np.full((2, 10), 0.1)) == pytest.approx(0.0)


def test_worlds_that_agree_are_predictable():
    agree, differ = np.full((3, 4), 0.25), np.eye(4)[:2]
    assert friends.unpredictability(agree) == 0.0
    assert friends.unpredictability(differ) == pytest.approx(0.5)  # two songs of four differ by all


def test_the_correlation_of_moments_is_that_of_the_firms():
    seen = np.random.default_rng(3).normal(size=(30, 3))
    seen[:, 1] += seen[:, 0]
    moments = asking._moments(seen).mean(axis=0)
    for k in (1, 2):
        assert asking._correlation(moments, k) == pytest.approx(np.corrcoef(seen[:, 0], seen[:, k])[0, 1])


def test_rates_of_the_facts_hold_as_written():
    assert Lab().load("mails").as_stated is False
    assert Lab().load("mails", {"as_stated": True}).as_stated is True
