"""The allocation against a published example, and what it does at the edges."""

import numpy as np
import pytest

from sim.analysis.allocation import ease, handed_out, ocba


def test_rivals_get_the_shares_of_the_published_example():
    """Chen & Lee (2011, *Stochastic Simulation Optimization*, p. 49): five designs with means 1 .. 5 and variances 1,
    1, 9, 9, 4, of which the least is best, get 11, 9, 19, 9 and 2 of 50 replications.

    Theirs are independent: the best then has s[b] sqrt(sum of N[i]² / s[i]²), here as many as the rival with most.
    """
    gaps, deviations = np.array([0.0, 1.0, 2.0, 3.0, 4.0]), np.sqrt([1.0, 1.0, 9.0, 9.0, 4.0])
    eases = ease(gaps, deviations, 10**9)
    eases[0] = np.inf
    shares = ocba(eases, 0)
    assert shares[0] == shares.max() and shares.sum() == pytest.approx(1.0)
    rivals = shares[1:]
    best = deviations[0] * np.sqrt(np.sum((rivals / deviations[1:]) ** 2))
    independent = 50.0 * np.array([best, *rivals]) / (best + rivals.sum())
    assert np.round(independent).tolist() == [11, 9, 19, 9, 2]


def test_the_best_is_cleared_of_its_own_constraint():
    shares = ocba(np.array([0.1, 1.0, 1.0]), 0)
    assert shares[0] / shares[1] == pytest.approx(100.0)


def test_what_never_differs_takes_nothing():
    eases = ease(np.array([0.0, 1.0]), np.array([0.0, 2.0]), 5)
    assert eases[0] == np.inf and eases[1] == 0.5
    assert ocba(np.array([np.inf, 0.5, np.inf]), 0).tolist() == [0.5, 0.5, 0.0]
    assert ocba(np.array([np.inf, np.inf]), 0).tolist() == [0.5, 0.5]


def test_a_gap_too_small_to_be_seen_does_not_take_everything():
    near, far = ease(np.array([1e-12, 1.0]), np.array([1.0, 1.0]), 25)
    assert near == pytest.approx(0.1 / 5.0) and far == 1.0


def test_replications_go_to_whoever_lacks_most():
    given = handed_out(np.array([0.5, 0.3, 0.2]), np.array([5, 5, 5]), 5)
    assert given.tolist() == [5, 0, 0] and given.sum() == 5
    assert handed_out(np.array([0.5, 0.3, 0.2]), np.array([5, 5, 5]), 15).tolist() == [10, 4, 1]
