"""Every fact in full: those that should hold do, and those that do not hold yet are said so truthfully."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from sim.facts.buying import dirichlet, tastes, top
from sim.facts.lab import Lab
from sim.facts.registry import FACTS, judge

CDNOW = Path(__file__).parents[2] / "scenarios" / "cdnow"
MEASURED = [fact for fact in FACTS if fact.id != 25]  # 25 needs data


@pytest.mark.slow
@pytest.mark.parametrize("fact", MEASURED, ids=lambda fact: f"{fact.id}-{fact.name.replace(' ', '_')}")
def test_a_fact_holds_as_the_registry_says(fact):
    result = judge(fact, Lab())
    assert result.holds is fact.holds, (result.found.value, result.found.error, result.failed)


@pytest.mark.slow
@pytest.mark.parametrize("fact", MEASURED, ids=lambda fact: f"{fact.id}-{fact.name.replace(' ', '_')}")
def test_its_error_is_small_against_its_band(fact):
    found = judge(fact, Lab(seed=2)).found
    assert found.error <= 0.15 * (fact.high - fact.low)


# ---------------------------------------------------------------- what the experiments rest on
def test_the_concentration_of_cdnow_is_that_of_its_orders():
    with gzip.open(CDNOW / "orders.csv.gz", "rt", encoding="utf-8") as file:
        days = {(row["customer"], row["date"]) for row in csv.DictReader(file)}
    customers = np.unique(np.array([customer for customer, _ in days]), return_counts=True)[1]
    assert top(customers - 1, 0.2) == pytest.approx(0.770, abs=0.001)
    assert top(customers - 1, 0.1) == pytest.approx(0.565, abs=0.001)


def test_the_dirichlet_is_that_of_the_toothpaste():
    """Penetrations of the brands that hold 25 and 2 % of the market, as published with the model."""
    for share, bought, frequency in ((0.25, 0.205, 1.775), (0.02, 0.0188, 1.552)):
        assert dirichlet(share) == pytest.approx((bought, frequency), rel=0.02)
        edges = [0, 0.4, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.96, 0.98, 0.99, 0.995, 1]
        assert float(np.sum(tastes(share) * np.diff(edges))) == pytest.approx(share)
