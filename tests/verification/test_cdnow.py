"""The shipped scenario of CDNOW against Pareto/NBD over the real days on which its customers came."""

import csv
import math
from pathlib import Path

import pytest

import sim
from sim.verification.buying import PARETO_NBD
from sim.verification.exact import pareto_nbd_mean

CDNOW = Path(__file__).parents[2] / "scenarios" / "cdnow"


def entry_days():
    with open(CDNOW / "entry_days.csv", encoding="utf-8") as file:
        return [float(row["entry_day"]) for row in csv.DictReader(file)]


@pytest.mark.slow
def test_cdnow_orders_are_the_closed_form_over_its_entry_days():
    """Both halves of the real calendar, 40 replications, within 3.5 standard errors and within 1 %."""
    run = sim.run(CDNOW / "pareto_nbd.yaml", replications=40, log=False, workers=2)
    days = entry_days()
    first = sum(pareto_nbd_mean(*PARETO_NBD, 39 - d / 7) for d in days)
    second = sum(pareto_nbd_mean(*PARETO_NBD, 78 - d / 7) for d in days) - first
    assert (round(first), round(second)) == (25325, 17422)
    for name, exact in (("repeat_orders_w1_39", first), ("repeat_orders_w40_78", second)):
        values = run.replications[name]
        assert abs(values.mean() - exact) < 3.5 * values.std() / math.sqrt(40)
        assert abs(values.mean() / exact - 1) < 0.01
