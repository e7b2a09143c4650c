"""Trained staff, hours that suit, faked reviews, needs with a trend, and what is paid whatever happens."""

import math

import numpy as np
import pytest
from worlds import Guest, agreeing, merged

from sim.analysis.kpis import kpis
from sim.engine import lower, simulate, simulate_logged
from sim.errors import ScenarioError
from sim.model.calendar import busyness, profile_time
from sim.model.touch import perceive
from sim.model.training import empathy, fails_trained, recovers
from sim.scenario import parse

SHOP = {
    "name": "Shop",
    "horizon": "60 d",
    "as_stated": False,
    "population": {"size": 60},
    "customers": {"needs": {"mean": "1 per week", "when": "hours"}, "leaves": "30 % per year", "spends": 10},
    "calendars": {
        "hours": {"every day 08:00-18:00": 1},
        "mornings": {"every day 08:00-12:00": 4, "every day 12:00-16:00": 1},
    },
    "signals": {"stars": {"kind": "reviews", "start": {"count": 10, "average": 4}}},
    "touchpoints": {
        "buy": {
            "quality": 0.2,
            "fails": {"chance": 0.4, "severity": 0.5, "feels": {"frustration": 0.5}},
            "empathy": 0.2,
            "recovers": 0.1,
            "personalisation": 0.5,
            "sells": {"price": "own_spend"},
            "writes": "stars",
            "triggers": {"rating": {"kind": "social_proof", "reads": "stars"}},
        }
    },
    "journeys": {"visit": {"starts_on": {"need": {"becomes": "buy", "usually": 0.6}}, "steps": {"buy": {}}}},
}  # fmt: skip
TRAINING = {"over": "30 d", "fewer_failures": 0.5, "empathy": 0.4, "recovers": 0.2}


def shop(**buy):
    return merged(SHOP, {"touchpoints": {"buy": buy}})


def log_of(data):
    return simulate_logged(lower(parse(data)), seed=1, replication=0)[1]


# ---------------------------------------------------------------- training
@pytest.mark.parametrize(("t", "part"), [(-5.0, 0.0), (0.0, 0.0), (30.0, 0.5), (60.0, 0.75), (1e9, 1.0)])
def test_half_of_a_training_takes_effect_in_its_time(t, part):
    tp = Guest(shop(training=TRAINING)).state["touchpoints"][0]
    assert fails_trained(tp, t) == pytest.approx(0.4 * (1 - 0.5 * part))
    assert empathy(tp, t) == pytest.approx(0.2 + 0.4 * part * 0.8)
    assert recovers(tp, t) == pytest.approx(0.1 + 0.2 * part * 0.9)


def test_trained_staff_fail_less_and_less():
    rows = log_of(merged(shop(training=TRAINING | {"over": "1 d"}), {"population": {"size": 600}}))
    late = rows[(rows["t"] > 20) & (rows["kind"] == 0)]
    share = (late["outcome"] == 1).mean()
    assert abs(share - 0.2) < 4 * math.sqrt(0.2 * 0.8 / len(late))


def test_a_training_without_effect_changes_not_one_bit():
    assert np.array_equal(log_of(SHOP), log_of(shop(training={"over": "1 d"})))


# ---------------------------------------------------------------- hours
def test_busyness_is_a_share_of_the_busiest_hour():
    guest = Guest(shop(suits="mornings"))
    calendar = np.int64(guest.state["touchpoints"][0].suits)
    found = [busyness(guest.w, calendar, 7 * 3 + hour / 24) for hour in (7, 9, 13, 17)]
    assert found == pytest.approx([0, 1, 0.25, 0])


def test_personalisation_is_relevant_at_the_hours_that_suit():
    guest, plain = Guest(shop(suits="mornings")), Guest(SHOP)

    def perceived(who, hour):
        tp = who.state["touchpoints"][0]
        return perceive(who.w, who.p, tp, hour / 24, 0.2, 0.0, 0.0)[0]

    always = perceived(plain, 9) - perceived(guest, 7)
    assert always > 0 and perceived(guest, 9) == perceived(plain, 9) == perceived(plain, 13)
    assert perceived(guest, 13) - perceived(guest, 7) == pytest.approx(always / 4)


def test_a_calendar_that_does_not_exist_is_told():
    with pytest.raises(ScenarioError, match=r"expected a calendar, got 'morning'; did you mean 'mornings'\?"):
        parse(shop(suits="morning"))


# ---------------------------------------------------------------- faked reviews
def test_fakes_are_published_from_their_day_until_they_are_taken_down():
    fakes = {"count": 30, "average": 1, "from": "10 d", "until": "20 d", "cost": 12.5}
    quiet = merged(shop(writes=None), {"signals": {"stars": {"fakes": fakes}}})
    outcome = simulate(lower(parse(quiet)), seed=1, replication=0)
    shown = {t: (value, count) for t, _, value, count in outcome.signals.tolist()}
    assert shown[9.0] == shown[20.0] == (4.0, 10.0)
    assert shown[10.0] == shown[19.0] == ((40 + 30) / 40, 40.0)


def test_no_fakes_change_not_one_bit():
    none = merged(SHOP, {"signals": {"stars": {"fakes": {"count": 0, "average": 1}}}})
    assert np.array_equal(log_of(SHOP), log_of(none))


def test_praise_that_is_not_genuine_costs_trust():
    rating = {"triggers": {"rating": {"genuine": False}}}
    told = [
        simulate(lower(parse(data)), seed=1, replication=0).people["trust"].mean()
        for data in (SHOP, shop(**rating))
    ]
    assert told[1] < 0.9 * told[0]


@pytest.mark.parametrize(
    ("signal", "message"),
    [
        (
            {"kind": "popularity", "counts": "buy", "fakes": {"count": 1, "average": 1}},
            "only reviews can be faked",
        ),
        (
            {"kind": "reviews", "fakes": {"count": 1, "average": 1, "from": "3 d", "until": "2 d"}},
            "after from",
        ),
    ],
)
def test_fakes_that_make_no_sense_are_told(signal, message):
    with pytest.raises(ScenarioError, match=message):
        parse(merged(SHOP, {"signals": {"other": signal}}))


# ---------------------------------------------------------------- trend
def test_a_trend_is_a_share_a_year_from_day_0_on():
    data = merged(SHOP, {"horizon": "3 y", "customers": {"needs": {"trend": "-50 % per year"}}})
    guest = Guest(data)
    calendar = np.int64(guest.state["segments"][0].calendar)
    years = [profile_time(guest.w, calendar, 365.0 * k) for k in (0, 1, 2)]
    assert years[0] == 0.0
    assert years[1] == pytest.approx(365 * 0.5 / math.log(2), rel=2e-3)
    assert years[2] - years[1] == pytest.approx(years[1] / 2, rel=1e-3)
    assert profile_time(guest.w, calendar, -7.0) == pytest.approx(-7.0)


def test_no_trend_changes_not_one_bit():
    assert np.array_equal(
        log_of(SHOP), log_of(merged(SHOP, {"customers": {"needs": {"trend": "0 % per year"}}}))
    )


@pytest.mark.parametrize(
    ("text", "share"), [("5 % per year", 0.05), ("-10 % per year", -0.1), ("1 % per month", 1.01**12 - 1)]
)
def test_trends_are_read(text, share):
    needs = parse(merged(SHOP, {"customers": {"needs": {"trend": text}}})).customers.needs
    assert needs.trend == pytest.approx(share)


def test_a_trend_without_a_time_is_told():
    with pytest.raises(ScenarioError, match=r"expected a change such as -10 % per year, got '-10 %'"):
        parse(merged(SHOP, {"customers": {"needs": {"trend": "-10 %"}}}))


# ---------------------------------------------------------------- costs, and both engines
def test_everything_that_is_paid_whatever_happens_is_booked_once():
    data = shop(training=TRAINING | {"cost": 300}, costs={"setup": 50, "running": "2 per day"})
    data = merged(data, {"signals": {"stars": {"fakes": {"count": 1, "average": 5, "cost": 7}}}})
    program = lower(parse(data))
    found = kpis(simulate(program, seed=1, replication=0), program)
    assert found["fixed_cost"] == pytest.approx(300 + 50 + 2 * 60 + 7)
    assert found["cost"] == pytest.approx(found["fixed_cost"])


def test_both_engines_agree():
    data = shop(training=TRAINING, suits="mornings", triggers={"rating": {"genuine": False}})
    fakes = {"fakes": {"count": 30, "average": 1, "from": "10 d", "until": "20 d"}, "refresh": "live"}
    data = merged(data, {"signals": {"stars": fakes}, "customers": {"needs": {"trend": "80 % per year"}}})
    recording = agreeing(lower(parse(data)))
    assert recording.outcome.commitments.shape == (60, 3)
