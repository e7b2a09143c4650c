"""Weekly calendars: clock time against profile time, and needs that keep to their hours and their rate."""

import math
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim.engine import lower, simulate_logged
from sim.engine.calendars import calendar_arrays
from sim.engine.state import State
from sim.model.calendar import clock_time, is_open, profile_time
from sim.scenario import parse

SHOP = {
    "name": "Shop",
    "horizon": "70 d",
    "psychology": "off",
    "population": {"size": 400},
    "customers": {"needs": {"mean": "4 per week", "when": "hours"}},
    "calendars": {"hours": {"mon-fri 08:00-10:00": 6, "mon-fri 10:00-18:00": 1, "sat 09:00-13:00": 3}},
    "touchpoints": {"visit": {}},
    "journeys": {
        "errand": {"starts_on": {"need": {"becomes": "visit"}}, "steps": {"visit": {"next": "end"}}}
    },
}
STATE = State(lower(parse(SHOP | {"population": {"size": 1}})), 1, 0, None, False)


@st.composite
def calendars(draw):
    """A World whose only calendar has random slots, begun on a random weekday; and the slots."""
    cuts = sorted(draw(st.sets(st.integers(0, 7 * 1440), min_size=2, max_size=9)))
    n = len(cuts) - 1
    weights = draw(st.lists(st.sampled_from((0.0, 0.25, 1.0, 8.0)), min_size=n, max_size=n).filter(any))
    slots = [
        SimpleNamespace(start=a / 1440, end=b / 1440, weight=weight)
        for (a, b), weight in zip(pairwise(cuts), weights, strict=True)
    ]
    week = {"hours": SimpleNamespace(slots=slots)}
    scenario = SimpleNamespace(calendars=week, staff={}, seasons={}, starts=None, horizon=70.0)
    times = STATE["times"].copy()
    times[1] = draw(st.integers(0, 6))
    arrays = calendar_arrays(scenario, SimpleNamespace(calendars=("hours",)), times[1], 0.0)
    STATE.replace(times=times, **arrays)
    return STATE.world, slots, times[1]


WEEKS = st.integers(-10, 100)
DAYS = st.floats(-100, 1000)


# ---------------------------------------------------------------- the two clocks
@given(calendars(), WEEKS, st.floats(0.001, 0.999), st.data())
def test_on_active_times_clock_and_profile_time_are_inverse(made, week, share, data):
    w, slots, weekday = made
    slot = data.draw(st.sampled_from([slot for slot in slots if slot.weight > 0]))
    t = week * 7 + slot.start + share * (slot.end - slot.start) - weekday
    assert clock_time(w, 0, profile_time(w, 0, t)) == pytest.approx(t, abs=1e-9)


@given(calendars(), DAYS)
def test_profile_time_of_a_clock_time_is_where_it_came_from(made, tau):
    w = made[0]
    assert profile_time(w, 0, clock_time(w, 0, tau)) == pytest.approx(tau, abs=1e-9)


@given(calendars(), DAYS, DAYS)
def test_both_clocks_run_forwards(made, one, other):
    w, (early, late) = made[0], sorted((one, other))
    assert profile_time(w, 0, early) <= profile_time(w, 0, late) + 1e-12
    assert clock_time(w, 0, early) <= clock_time(w, 0, late) + 1e-9


@given(calendars(), DAYS)
def test_a_clock_time_is_never_in_idle_hours(made, tau):
    """But for rounding at the ends of a slot."""
    w = made[0]
    t = clock_time(w, 0, tau)
    assert is_open(w, 0, t) or is_open(w, 0, t - 1e-9) or is_open(w, 0, t + 1e-9)


@given(calendars(), DAYS)
def test_a_week_of_one_is_a_week_of_the_other(made, t):
    w = made[0]
    assert profile_time(w, 0, t + 7) == pytest.approx(profile_time(w, 0, t) + 7, abs=1e-9)


@given(calendars(), WEEKS)
def test_both_clocks_begin_together(made, week):
    assert profile_time(made[0], 0, 7.0 * week) == pytest.approx(7 * week, abs=1e-9)


@given(calendars(), WEEKS, st.floats(0, 1, exclude_max=True), st.data())
def test_hours_are_open_where_their_weight_is_above_zero(made, week, share, data):
    w, slots, weekday = made
    slot = data.draw(st.sampled_from(slots))
    inside = slot.start + (0.001 + 0.998 * share) * (slot.end - slot.start)
    assert is_open(w, 0, week * 7 + inside - weekday) == (slot.weight > 0)


@given(DAYS)
def test_without_a_calendar_both_clocks_are_the_same(t):
    w = STATE.world
    assert clock_time(w, -1, t) == profile_time(w, -1, t) == t
    assert is_open(w, -1, t)


@given(calendars())
def test_a_slot_is_open_from_its_start_until_before_its_end(made):
    w, slots, weekday = made
    for slot, after in pairwise([*slots, None]):
        if slot.weight > 0 and weekday == 0:
            assert is_open(w, 0, slot.start)
            assert is_open(w, 0, np.nextafter(slot.end, 0))
            assert after is None or is_open(w, 0, slot.end) == (after.weight > 0)


# ---------------------------------------------------------------- needs
def needs(change=None, seed=1):
    """Times of the needs of everybody."""
    return simulate_logged(lower(parse(SHOP | (change or {}))), seed=seed)[1]["t"]


def hour_of_the_week(t):
    return (t % 7) * 24


def test_needs_never_fall_in_hours_of_weight_zero():
    hour, day = needs() % 1 * 24, needs() // 1 % 7
    weekday = (day < 5) & (hour >= 8) & (hour < 18)
    saturday = (day == 5) & (hour >= 9) & (hour < 13)
    assert (weekday | saturday).all()


def test_needs_are_spread_by_the_weights():
    """Poisson needs: the counts of the slots are multinomial; chi2 of 11 slots at level 1e-4, n = 16,000."""
    slots = [(24 * day + a, 24 * day + b, w) for day in range(5) for a, b, w in ((8, 10, 6), (10, 18, 1))]
    slots.append((129, 133, 3))
    hour = hour_of_the_week(needs())
    count = np.array([((hour >= a) & (hour < b)).sum() for a, b, _ in slots])
    mass = np.array([(b - a) * w for a, b, w in slots])
    expected = count.sum() * mass / mass.sum()
    assert ((count - expected) ** 2 / expected).sum() < stats.chi2.ppf(1 - 1e-4, len(mass) - 1)


def test_needs_are_even_within_a_slot():
    """Chi2 of 20 parts of the weekdays' mornings at level 1e-4, n about 9,200."""
    t = needs()
    hour = hour_of_the_week(t[t % 7 < 5]) % 24
    count = np.histogram(hour, bins=20, range=(8, 10))[0]
    assert ((count - count.mean()) ** 2 / count.mean()).sum() < stats.chi2.ppf(1 - 1e-4, 19)


@pytest.mark.parametrize("regularity", [1, 3])
def test_the_rate_a_week_is_the_stated_one(regularity):
    """10 weeks of 400 customers, 4 a week each; z = 4 of a Poisson count, n = 16,000."""
    change = {"customers": {"needs": {"mean": "4 per week", "when": "hours", "regularity": regularity}}}
    assert abs(len(needs(change)) - 16_000) < 4 * math.sqrt(16_000)


def test_the_week_begins_on_the_weekday_of_the_start():
    """2026-01-07 is a Wednesday: the idle Sunday is day 4 of the run."""
    day = np.floor(needs({"starts": "2026-01-07"}) % 7)
    assert not (day == 4).any()
    assert set(day) == {0, 1, 2, 3, 5, 6}


def test_visitors_arrive_in_their_hours_at_the_stated_rate():
    """A stream of visitors; z = 4 of a Poisson count, n = 5,000."""
    change = {
        "enters": {"stream": {"rate": "500 per week", "when": "hours"}},
        "population": {},
        "customers": {},
        "journeys": {"errand": {"starts_on": {"entry": {"becomes": "visit"}}, "steps": {"visit": {}}}},
    }
    rows = np.sort(np.unique(needs(change)))
    hour, day = rows % 1 * 24, rows // 1 % 7
    assert (((day < 5) & (hour >= 8) & (hour < 18)) | ((day == 5) & (hour >= 9) & (hour < 13))).all()
    assert abs(len(rows) - 5_000) < 4 * math.sqrt(5_000)
