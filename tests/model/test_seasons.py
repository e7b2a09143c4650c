"""Seasons: needs rise and fall with the day of the year, and the rate of a year is kept."""

import json
import math
from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import agreeing, merged

from sim.engine import lower, simulate, simulate_logged
from sim.engine.calendars import calendar_arrays
from sim.engine.names import calendar_name
from sim.engine.state import State
from sim.errors import ScenarioError
from sim.model.calendar import clock_time, profile_time
from sim.scenario import parse
from sim.scenario.seasons import DAYS, LENGTHS, SeasonType, day_of_year, span

SHOP = {
    "name": "Shop",
    "horizon": "1 y",
    "psychology": "off",
    "population": {"size": 400},
    "customers": {"needs": {"mean": "2 per week", "season": "tourists"}},
    "seasons": {"tourists": {"jun-aug": 1.6, "nov-feb": 0.5, "24 dec-26 dec": 0}},
    "touchpoints": {"visit": {}},
    "journeys": {"errand": {"starts_on": {"need": {"becomes": "visit"}}, "steps": {"visit": {"next": "end"}}}},
}  # fmt: skip
SHOP["seasons"]["tourists"] = {"jun-aug": 1.6, "nov-23 dec": 0.5, "24 dec-26 dec": 0, "27 dec-feb": 0.5}
STATE = State(lower(parse(SHOP | {"population": {"size": 1}})), 1, 0, None, False)
WEEKLY = {
    "none": [SimpleNamespace(start=0.0, end=7.0, weight=1.0)],
    "office": [SimpleNamespace(start=k + 0.375, end=k + 0.75, weight=1.0 + k) for k in range(5)],
}
FIRST, LAST = -60, 400


# ---------------------------------------------------------------- the language
def test_spans_of_the_year():
    assert span("jan") == list(range(31))
    assert span("jun-aug") == list(range(151, 243))
    assert span("nov-feb") == [*range(304, 365), *range(59)]
    assert span("24 dec - 6 Jan") == [*range(357, 365), *range(6)]
    assert span("15 jun-jul") == list(range(165, 212))
    assert span("29 mar") == [87] == [day_of_year(3, 29)]
    assert day_of_year(2, 29) == day_of_year(2, 28) and sum(LENGTHS) == DAYS


def test_a_season_is_1_on_average_and_only_proportions_count():
    season = SeasonType().parse({"jun-aug": 3, "jan": 0})
    assert sum(season.factors) == pytest.approx(DAYS)
    assert season.factors[0] == 0.0 and season.factors[160] == pytest.approx(3 * season.factors[100])
    every = dict.fromkeys(("jan-apr", "may-dec"), 7)
    assert set(SeasonType().parse(every).factors) == {1.0}


@pytest.mark.parametrize(
    "node, message",
    [
        ({"june": 2}, "did you mean 'jun'"),
        ({"31 jun": 2}, "there is no 31 jun"),
        ({"29 feb": 2}, "there is no 29 feb in every year"),
        ({"summer days": 2}, "expected months or days of the year"),
        ({"jun-aug": 2, "aug": 1}, "overlaps with jun-aug"),
        ({"jan-dec": 0}, "cannot all be 0"),
        ({"jan": -1}, "a weight"),
        (3, "expected spans of the year"),
    ],
)
def test_what_is_wrong_with_a_season_is_said(node, message):
    with pytest.raises(ScenarioError, match=message):
        parse(merged(SHOP, {"seasons": {"other": node}}))


def test_an_unknown_season_is_told_the_nearest():
    with pytest.raises(ScenarioError, match="expected a season, got 'tourist'; did you mean 'tourists'"):
        parse(merged(SHOP, {"customers": {"needs": {"season": "tourist"}}}))


# ---------------------------------------------------------------- the two clocks
@st.composite
def years(draw):
    """A World whose only calendar has a season of random days, begun on a random date; and the factor of each day."""
    week = draw(st.sampled_from(sorted(WEEKLY)))
    cuts = sorted(draw(st.sets(st.integers(1, DAYS - 1), min_size=1, max_size=6)))
    values = draw(
        st.lists(
            st.sampled_from((0.0, 0.3, 1.0, 4.0)), min_size=len(cuts) + 1, max_size=len(cuts) + 1
        ).filter(any)
    )
    lengths = np.diff([0, *cuts, DAYS])
    factors = np.repeat(values, lengths) * DAYS / np.dot(values, lengths)
    starts = draw(st.sampled_from((None, date(2026, 1, 5), date(2024, 2, 20), date(2027, 12, 30))))
    scenario = SimpleNamespace(
        calendars={"hours": SimpleNamespace(slots=WEEKLY[week])}, staff={}, starts=starts, horizon=float(LAST - 1),
        seasons={"year": SimpleNamespace(factors=tuple(factors))},
    )  # fmt: skip
    times = STATE["times"].copy()
    times[1] = starts.weekday() if starts else 0
    STATE.replace(
        times=times, **calendar_arrays(scenario, SimpleNamespace(calendars=("hours.year",)), times[1], FIRST)
    )

    def factor(day):
        if starts is None:
            return factors[day % DAYS]
        then = starts + timedelta(days=int(day))
        return factors[day_of_year(then.month, then.day)]

    return STATE.world, factor, week, int(times[1])


TIMES = st.floats(FIRST - 20, LAST + 50)


@given(years(), TIMES)
def test_profile_time_of_a_clock_time_is_where_it_came_from(made, tau):
    w = made[0]
    assert profile_time(w, 0, clock_time(w, 0, tau)) == pytest.approx(tau, abs=1e-8)


@given(years(), st.integers(FIRST, LAST - 1), st.floats(0.001, 0.999))
def test_on_active_times_the_two_are_inverse(made, day, share):
    w, factor, week, weekday = made
    hour = 9 + 9 * share if week == "office" else 24 * share
    t = day + hour / 24
    if factor(day) > 0 and (week == "none" or (day + weekday) % 7 < 5):
        assert clock_time(w, 0, profile_time(w, 0, t)) == pytest.approx(t, abs=1e-8)


@given(years(), TIMES, TIMES)
def test_both_clocks_run_forwards(made, one, other):
    w, (early, late) = made[0], sorted((one, other))
    assert profile_time(w, 0, early) <= profile_time(w, 0, late) + 1e-12
    assert clock_time(w, 0, early) <= clock_time(w, 0, late) + 1e-9
    assert profile_time(w, 0, 0.0) == pytest.approx(0.0, abs=1e-12)


@given(years(), st.floats(0, 100))
def test_nothing_is_due_on_days_of_weight_zero(made, tau):
    w, factor, _, _ = made
    t = clock_time(w, 0, tau)
    jumps = (
        clock_time(w, 0, tau + 1e-9) - clock_time(w, 0, tau - 1e-9) > 0.5
    )  # tau is met all through a dead time
    if t < LAST - 1 and 1e-9 < t - math.floor(t) < 1 - 1e-9 and not jumps:
        assert factor(math.floor(t)) > 0


@given(years(), st.integers(FIRST, LAST - 8))
def test_a_day_has_its_factor_times_its_share_of_the_week(made, day):
    w, factor, week, weekday = made
    weights = [1.0] * 7 if week == "none" else [7 * (1.0 + k) / 15 for k in range(5)] + [0.0, 0.0]
    grown = profile_time(w, 0, day + 1.0) - profile_time(w, 0, float(day))
    assert grown == pytest.approx(factor(day) * weights[(day + weekday) % 7], abs=1e-9)


# ---------------------------------------------------------------- needs
def monthly(times):
    """How many in each month of a year that begins on 1 January, per day of it."""
    return np.histogram(times, np.cumsum([0, *LENGTHS]))[0] / LENGTHS


@pytest.mark.parametrize("change", [{}, {"when": "office"}, {"regularity": 2}])
def test_months_follow_their_factor_and_the_year_its_rate(change):
    data = merged(SHOP, {"customers": {"needs": change}, "calendars": {"office": {"mon-fri 09:00-17:00": 1}}})
    times = simulate_logged(lower(parse(data)), seed=1)[1]["t"]
    mean = 400 * 2 / 7 * 365
    assert abs(len(times) / mean - 1.0) < 4 / math.sqrt(mean) + 0.005  # weekends fall into seasons unevenly
    factors = np.array(parse(data).seasons["tourists"].factors)
    expected = np.array([f.mean() for f in np.split(factors, np.cumsum(LENGTHS)[:-1])]) * mean / 365
    found = monthly(times)
    uneven = 0.16 if "when" in change else 0.0  # up to a weekend more or less in a month
    assert (np.abs(found - expected) < 4 * np.sqrt(expected / np.array(LENGTHS)) + uneven * expected).all()
    assert not ((times >= 357) & (times < 360)).any()


def test_a_date_moves_the_season():
    times = simulate_logged(lower(parse(SHOP | {"starts": "2026-06-01", "horizon": "92 d"})), seed=1)[1]["t"]
    factor = parse(SHOP).seasons["tourists"].factors[day_of_year(7, 1)]
    mean = 400 * 2 / 7 * 92 * factor
    assert abs(len(times) - mean) < 4 * math.sqrt(mean)


def test_a_season_without_ups_and_downs_is_none():
    flat = {
        "seasons": {"tourists": None, "flat": {"jan-jun": 2, "jul-dec": 2}},
        "customers": {"needs": {"season": "flat"}},
    }
    none = {"customers": {"needs": {"season": None}}, "seasons": {"tourists": None}}
    first, second = (
        simulate_logged(lower(parse(merged(SHOP, change))), seed=2)[1] for change in (flat, none)
    )
    assert first.tolist() == second.tolist()


def test_a_season_that_nobody_lives_by_changes_not_one_bit():
    none = {
        "customers": {"needs": {"season": None, "when": "office"}},
        "calendars": {"office": {"mon-fri 09:00-17:00": 1}},
    }
    without = merged(SHOP, none)
    del without["seasons"]
    logs = [simulate_logged(lower(parse(data)), seed=2)[1] for data in (merged(SHOP, none), without)]
    assert logs[0].tolist() == logs[1].tolist()


def test_visitors_of_a_stream_come_with_the_season():
    change = {
        "population": {"size": 0},
        "enters": {"stream": {"rate": "60 per day", "season": "tourists", "when": "day"}},
        "customers": {"needs": "never"},
        "calendars": {"day": {"every day 08:00-20:00": 1}},
        "journeys": {"errand": {"starts_on": {"need": None, "entry": {"becomes": "visit"}}}},
    }
    data = merged(SHOP, change)
    del data["journeys"]["errand"]["starts_on"]["need"], data["population"]
    program = lower(parse(data))
    entry = np.sort(simulate(program, seed=1).people.t_entry)
    factors = np.array(parse(data).seasons["tourists"].factors)
    expected = np.array([f.mean() for f in np.split(factors, np.cumsum(LENGTHS)[:-1])]) * 60
    assert (np.abs(monthly(entry) - expected) < 4 * np.sqrt(expected / np.array(LENGTHS))).all()
    assert ((entry % 1 >= 8 / 24 - 1e-9) & (entry % 1 <= 20 / 24 + 1e-9)).all()
    w = State(program, 1, 0, None, False).world  # arrivals and needs go by the same clock
    k = program.names.number("calendars", calendar_name(program.scenario, "day", "tourists"))
    tau = [profile_time(w, k, t) for t in entry[:200]]
    assert [clock_time(w, k, x) for x in tau] == pytest.approx(entry[:200].tolist(), abs=1e-8)


# ---------------------------------------------------------------- both engines, and strategies
@pytest.mark.parametrize(
    "change", [{}, {"seasons": {"tourists": {"jan": 0}}}, {"customers": {"needs": {"season": None}}}]
)
def test_the_engines_agree_and_a_strategy_may_change_the_season(tmp_path, change):
    base = merged(
        SHOP,
        {"horizon": "60 d", "warm_up": "20 d", "population": {"size": 60}, "psychology": None, "as_stated": False,
         "seasons": {"tourists": {"27 dec-feb": None, "27 dec-9 jan": 0.5, "10 jan-20 jan": 0, "21 jan-feb": 2}}},
    )  # fmt: skip
    del base["psychology"]
    (tmp_path / "baseline.yaml").write_text(json.dumps(base), encoding="utf-8")
    if "seasons" in change:
        change = {"seasons": {"tourists": {"27 dec-9 jan": 3}}}
    program = lower(parse({"extends": "baseline.yaml"} | change, folder=tmp_path))
    recording = agreeing(program)
    assert len(recording.rows) > 300
