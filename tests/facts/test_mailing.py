"""Fact 25 on made-up data: the halves, and the rates that give an arm's means."""

import gzip

import numpy as np
import pytest

from sim.facts import mailing
from sim.facts.lab import Lab
from sim.facts.registry import FACTS, judge

VISITS, ORDERS, SPENT = (0.10, 0.20, 0.15), (0.02, 0.05, 0.03), 80.0


@pytest.fixture
def challenge(tmp_path):
    """30,000 customers of three arms with known shares, in the columns of the challenge."""
    lines = ["recency,segment,visit,conversion,spend"]
    for arm, name in enumerate(mailing.ARMS):
        for k in range(10_000):
            ordered = k < 10_000 * ORDERS[arm]
            lines.append(f"3,{name},{int(k < 10_000 * VISITS[arm])},{int(ordered)},{SPENT * ordered}")
    path = tmp_path / "challenge.csv.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return path


def test_the_halves_are_two_and_know_their_noise(challenge):
    table = mailing.read(challenge)
    mean = np.column_stack([VISITS, ORDERS, SPENT * np.array(ORDERS)])
    first, second = mailing.halves(table, 0)
    for half in (first, second):
        assert np.all(np.abs(half.mean - mean) < 4.0 * np.sqrt(half.variance))
        assert np.sqrt(half.variance[0, 0]) == pytest.approx((0.1 * 0.9 / 5_000) ** 0.5, rel=0.1)
    assert not np.array_equal(first.mean, second.mean)
    assert not np.array_equal(first.mean, mailing.halves(table, 1)[0].mean)


def test_the_rates_give_the_means():
    mean = np.column_stack([VISITS, ORDERS, SPENT * np.array(ORDERS)])
    found = mailing.simulated(Lab(), mean)
    assert np.all(np.abs(found.mean - mean) < 4.0 * np.sqrt(found.variance))
    assert found.mean == pytest.approx(mean, rel=0.1)


def test_what_one_half_teaches_the_other_confirms(challenge):
    fact = next(fact for fact in FACTS if fact.id == 25)
    result = judge(fact, Lab(share=0.3, hillstrom=challenge))
    assert result.holds, result.failed
