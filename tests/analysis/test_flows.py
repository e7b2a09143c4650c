"""Journeys as flows: every journey is counted once at every touch, and nothing else is."""

from types import SimpleNamespace

import numpy as np
import pytest

from sim.analysis.flows import PLACES, flows, touches
from sim.model.layout import FAILED, LOG, OK, TOUCH

PROGRAM = SimpleNamespace(touchpoint_names=("order", "coffee", "apology"), stream_names=("need", "leave"))
ORDER, COFFEE, APOLOGY = range(3)


def log(*rows):
    """Rows of (customer, seq, occasion index, touchpoint, outcome)."""
    made = np.zeros(len(rows), LOG)
    for name, column in zip(
        ("customer", "seq", "index", "touchpoint", "outcome"), zip(*rows, strict=True), strict=True
    ):
        made[name] = column
    made["kind"] = TOUCH
    return made


def test_journeys_are_followed_from_touch_to_touch():
    rows = log(
        (7, 3, 1, COFFEE, OK),  # in no order at all
        (7, 1, 0, ORDER, FAILED),
        (7, 2, 0, APOLOGY, OK),
        (7, 5, 0, COFFEE, OK),  # seq 3 of the next need lay between
        (8, 1, 0, ORDER, OK),
        (8, 2, 0, COFFEE, OK),
    )
    found = flows(touches(rows), PROGRAM).set_index(["place", "source", "target"])["journeys"].to_dict()
    assert found == {
        (1, "need", "order"): 2,
        (1, "need", "coffee"): 1,
        (2, "order", "apology"): 1,
        (2, "order", "coffee"): 1,
        (2, "coffee", ""): 1,
        (3, "apology", "coffee"): 1,
        (3, "coffee", ""): 1,
        (4, "coffee", ""): 1,
    }
    frame = flows(touches(rows), PROGRAM)
    assert frame.loc[frame["target"] == "order", "badly"].tolist() == [1]
    assert frame.loc[frame["place"] == 1, "share"].sum() == pytest.approx(1.0)


def test_whatever_arrives_goes_on_or_ends():
    rng = np.random.default_rng(1)
    rows = log(*((c, s, s // 4, rng.integers(3), OK) for c in range(20) for s in range(12)))
    frame = flows(touches(rows), PROGRAM)
    for place in range(1, 4):
        arrived = (
            frame[(frame["place"] == place) & (frame["target"] != "")].groupby("target")["journeys"].sum()
        )
        went = frame[frame["place"] == place + 1].groupby("source")["journeys"].sum()
        assert arrived.to_dict() == went.to_dict()


def test_long_journeys_are_told_as_far_as_they_are_told():
    rows = log(*((1, s, 0, ORDER, OK) for s in range(PLACES + 5)))
    frame = flows(touches(rows), PROGRAM)
    assert frame["place"].tolist() == list(range(1, PLACES + 1))
    assert "" not in set(frame["target"])


def test_one_customer_in_so_many_is_followed():
    rows = log(*((c, 1, 0, ORDER, OK) for c in range(10)))
    assert set(touches(rows, 5)["customer"]) == {0, 5}


def test_nobody_went_anywhere():
    assert flows(touches(np.zeros(0, LOG)), PROGRAM).empty
