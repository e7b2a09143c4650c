"""Frames of experience by hand."""

import numpy as np
import pytest

from sim.analysis.experience import (
    STAGES,
    balance,
    balance_by_engagement,
    balance_by_touchpoint,
    by_bond,
    funnel,
    over_time,
    period_of,
    waits,
)
from sim.model.layout import DAY, FAILED, LEFT, MILLION, OK, SOLD_OUT


@pytest.fixture
def two(fakes):
    """Two replications: order (purchase) and coffee (use) are met, the rest is not."""
    program = fakes.make_program(horizon=14.0)
    outcomes = []
    for scale in (1, 3):
        outcome = fakes.blank(program, fakes.nobody(program, 10))
        outcome.touches[0, 1, [OK, FAILED, SOLD_OUT]] = np.array([6, 2, 2]) * scale
        outcome.touches[1, 2, OK] = 10 * scale
        outcome.felt[1] = np.array([1, 2, -1]) * scale * scale * MILLION
        outcome.felt[2] = np.array([5, 5, 4]) * scale * MILLION
        outcome.daily[:, 0, DAY["orders"]] = scale
        outcome.daily[:, 0, DAY["revenue"]] = 450 * scale
        outcome.staff["requests"], outcome.staff["served"] = 10 * scale, 8 * scale
        outcome.staff["waited"], outcome.staff["gave_up"] = 5 * scale, 2 * scale
        outcome.staff["wait"], outcome.staff["service"] = 20 * scale / 1440, 16 * scale / 1440
        outcomes.append(outcome)
    return outcomes, program


def test_balance(two):
    frame = balance(*two).set_index("stage")
    assert list(frame.index) == ["purchase", "use"]
    assert frame.loc["purchase", "touches"] == 20
    assert frame.loc["purchase", "valence"] == pytest.approx((0.1 + 0.3) / 2)
    assert frame.loc["purchase", "failed"] == pytest.approx(0.25)
    assert frame.loc["use", ["valence", "low", "high", "mood"]].tolist() == pytest.approx(
        [0.5, 0.5, 0.5, 0.4]
    )


def test_balance_of_one_replication_has_no_interval(two):
    outcomes, program = two
    frame = balance(outcomes[:1], program)
    assert frame["low"].isna().all()
    assert frame["valence"].notna().all()


def test_balance_by_touchpoint(two):
    frame = balance_by_touchpoint(*two)
    assert frame[["stage", "touchpoint"]].to_numpy().tolist() == [["purchase", "order"], ["use", "coffee"]]


def test_funnel_is_in_the_order_of_the_journey(two):
    frame = funnel(*two)
    assert [STAGES.index(stage) for stage in frame["stage"]] == sorted(
        STAGES.index(s) for s in frame["stage"]
    )
    order = frame.set_index("touchpoint").loc["order"]
    assert order[["touches", "per_customer", "ok"]].tolist() == pytest.approx([20, 2, 0.6])
    assert np.isnan(frame.set_index("touchpoint").loc["review", "ok"])


def test_waits(two):
    row = waits(*two).iloc[0]
    assert row["pool"] == "baristas"
    assert row[["requests", "waited", "wait", "gave_up", "service"]].tolist() == pytest.approx(
        [20, 0.5, 2, 0.2, 2]
    )


def test_intervals_end_where_values_do(two):
    outcomes, _ = two
    outcomes[1].felt[2] = outcomes[1].touches[1, 2, OK] * MILLION
    outcomes[1].staff["wait"] *= 5
    assert balance(*two).set_index("stage").loc["use", "high"] == 1.0
    assert waits(*two)["low"].tolist() == [0.0]


def test_waits_where_nobody_asked(fakes):
    program = fakes.make_program(horizon=5.0)
    frame = waits([fakes.blank(program, fakes.nobody(program, 1))], program)
    assert frame["requests"].tolist() == [0]
    assert frame["wait"].isna().all()


def test_over_time(two):
    outcomes, program = two
    frame = over_time(outcomes, program, every=7)
    assert frame["from"].tolist() == [0, 7]
    assert frame["orders"].tolist() == [14, 14]
    assert frame["revenue"].tolist() == pytest.approx([63, 63])
    assert frame["orders_p05"].tolist() == pytest.approx([7 + 0.05 * 14] * 2)
    assert over_time(outcomes[:1], program)["orders_p05"].isna().all()


def test_over_time_leaves_out_a_part_of_a_period(two):
    outcomes, program = two
    assert over_time(outcomes, program, every=10)["to"].tolist() == [10]
    assert over_time(outcomes, program, every=28)["to"].tolist() == [14]


@pytest.mark.parametrize(("horizon", "days"), [(10, 1), (365, 7), (1825, 28)])
def test_period(horizon, days):
    assert period_of(horizon) == days


def test_balance_by_engagement(two):
    outcomes, program = two
    program.touchpoint_engagement = ["contextual", "convenience", "emotional", "emotional", "social"]
    frame = balance_by_engagement(outcomes, program).set_index("engagement")
    assert list(frame.index) == ["convenience", "emotional"]
    by_stage = balance(outcomes, program).set_index("stage")
    assert frame.loc["emotional", "valence"] == by_stage.loc["use", "valence"]
    assert frame.loc["convenience", "failed"] == by_stage.loc["purchase", "failed"]


def test_bonds_are_fifths_of_affective_commitment(fakes):
    program = fakes.make_program(horizon=100.0)
    people = fakes.nobody(program, 10)
    people["affective"] = np.arange(10)[::-1] / 10
    people["t_left"][9], people["status"][9] = 50.0, LEFT
    people["n_order"], people["spend"] = 4, 2.5
    frame = by_bond([fakes.blank(program, people)] * 2, program)
    assert list(frame["quintile"]) == [1, 2, 3, 4, 5]
    assert frame["affective"].to_numpy() == pytest.approx([0.05, 0.25, 0.45, 0.65, 0.85])
    assert list(frame["retention"]) == [0.5, 1, 1, 1, 1]
    assert list(frame["customers"]) == [2] * 5 and list(frame["worth"]) == [10.0] * 5
