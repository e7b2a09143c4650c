"""Shifts: staff by the hour of the week, in both engines; whoever leaves finishes the customer at hand."""

import heapq
import json

import numpy as np
import pytest
from worlds import agreeing, merged

from sim.engine import lower, simulate_logged
from sim.engine.program import Pool
from sim.errors import ScenarioError
from sim.model.layout import GAVE_UP, OK
from sim.scenario import parse

TICK = 1 / 64  # 22.5 min
FIRST = 1 << 30  # id of the first newcomer
DESK = {
    "name": "Desk",
    "horizon": "10 d",
    "psychology": "off",
    "staff": {"clerk": {"servers": 1}},
    "touchpoints": {"desk": {"staff": {"pool": "clerk", "service": "45 min"}}},
    "journeys": {"visit": {"starts_on": {"entry": {"becomes": "desk"}}, "steps": {"desk": {"next": "end"}}}},
}
WEEK = {"mon-fri 09:00-12:00": 3, "mon-fri 12:00-15:00": 2, "sat 00:00-24:00": 0, "sun 22:30-24:00": 4}


def random_times(n, days):
    """Arrivals on random ticks: many tie."""
    return np.sort(np.random.RandomState(1).randint(0, int(days / TICK), n)) * TICK


def patient(minutes):
    """A desk whose customers wait so long."""
    return {"touchpoints": {"desk": {"staff": {"patience": f"{minutes} min"}}}}


def shifts(spans, servers=1):
    return {"staff": {"clerk": {"servers": servers, "shifts": spans}}}


@pytest.fixture
def desk(tmp_path):
    """The desk with customers at given times, under both engines: (outcome, touches)."""

    def run(times, change):
        text = "\n".join(repr(float(t)) for t in times)
        (tmp_path / "times.csv").write_text(f"day\n{text}\n", encoding="utf-8")
        enters = {"on_days": {"file": "times.csv", "column": "day"}}
        program = lower(parse(merged(DESK, {"enters": enters} | change), folder=tmp_path))
        agreeing(program)
        outcome, rows = simulate_logged(program, seed=1)
        return outcome, rows[rows["touchpoint"] >= 0]

    return run


def served(times, on_duty, changes, service, patience):
    """Waits of each, by another way: everything that happens in order of (time, rank), one queue."""
    events = [(t, 0, k) for k, t in enumerate(changes)] + [(t, 3, k) for k, t in enumerate(times)]
    heapq.heapify(events)
    line, busy, servers, result = [], 0, on_duty(0.0), {}
    while events:
        t, rank, k = heapq.heappop(events)
        if rank == 0:
            servers = on_duty(t)
        elif rank == 1:
            busy -= 1
        elif rank == 2:
            if k in line:
                line.remove(k)
                result[k] = (GAVE_UP, patience)
        else:
            line.append(k)
            heapq.heappush(events, (t + patience, 2, k))
        while line and busy < servers:
            first = line.pop(0)
            result[first] = (OK, t - times[first])
            busy += 1
            heapq.heappush(events, (t + service, 1, first))
    return [result[k] for k in range(len(times))]


@pytest.mark.parametrize("patience", [90, 1_350])
@pytest.mark.parametrize("starts", [None, "2026-01-08"])
def test_everybody_waits_as_the_shifts_say(desk, patience, starts):
    times = random_times(260, 9.0)
    change = merged(shifts(WEEK), patient(patience)) | {"horizon": "20 d"}
    change |= {"starts": starts} if starts else {}
    weekday = 3 if starts else 0
    ends = {t: n for day in range(5) for t, n in ((day + 9 / 24, 3), (day + 0.5, 2), (day + 15 / 24, 1))}
    ends |= {5.0: 0, 6.0: 1, 6 + 22.5 / 24: 4, 0.0: 1}
    changes = sorted((at - weekday) % 7 + 7 * k for at in ends for k in range(3))

    def on_duty(t):
        x = (t + weekday) % 7
        return ends[max(at for at in ends if at <= x + 1e-9)]

    log = desk(times, change)[1]
    expected = served(times, on_duty, changes, 2 * TICK, patience / 1440)
    found = {int(row["customer"]) - FIRST: (int(row["outcome"]), float(row["wait"])) for row in log}
    assert len(found) == 260
    for k, (outcome, wait) in enumerate(expected):
        assert found[k][0] == outcome, k
        assert found[k][1] == pytest.approx(wait, abs=1e-6)
    assert {outcome for outcome, _ in expected} == {OK, GAVE_UP} and max(w for _, w in expected) > 0.05


def test_whoever_goes_off_duty_finishes_first_and_may_be_called_back(desk):
    """Three at work, then one, then three again, before anybody has finished."""
    spans = {"mon 00:00-03:00": 3, "mon 03:00-06:00": 1, "mon 06:00-24:00": 3}
    change = merged(shifts(spans, servers=3), {"touchpoints": {"desk": {"staff": {"service": "12 h"}}}})
    log = desk([0.0, 0.0, 0.0, 0.2, 0.3, 0.3, 0.3], change)[1]
    waits = dict(zip(log["customer"].tolist(), log["wait"].tolist(), strict=True))
    assert [round(waits[FIRST + k], 4) for k in range(7)] == [0, 0, 0, 0.3, 0.2, 0.2, 0.7]


def test_with_nobody_on_duty_people_wait_for_the_next_shift(desk):
    log = desk([0.1, 0.2], shifts({"mon 00:00-12:00": 0}, servers=1))[1]
    assert log["wait"].tolist() == pytest.approx([0.4, 0.3 + 2 * TICK])


def test_a_shift_begins_before_whoever_comes_at_its_hour(desk):
    """At nine o'clock a second one is there; at ten he is gone again, before the customer of ten o'clock."""
    nine, ten = 9 / 24, 10 / 24
    log = desk([nine, nine, ten, ten], shifts({"mon 09:00-10:00": 2}))[1]
    waits = dict(zip(log["customer"].tolist(), log["wait"].tolist(), strict=True))
    assert [waits[FIRST + k] > 0 for k in range(4)] == [False, False, False, True]


@pytest.mark.parametrize("minutes", [45, 2_000])
def test_littles_law_holds_under_shifts(desk, minutes):
    outcome, log = desk(0.37 + random_times(300, 6.0) ** 1.01, merged(shifts(WEEK), patient(minutes)))
    row = outcome.staff[0]
    assert row.requests == row.served + row.gave_up == len(log)
    assert row.waited > 50 and row.queue == pytest.approx(row.wait, rel=1e-9)


# ---------------------------------------------------------------- on duty
def test_on_duty_by_the_hour_and_over_the_weekend():
    pool = Pool("clerk", 1, ((0.5, 3), (0.75, 1), (6.0, 4)))
    assert [pool.on_duty(t) for t in (0.0, 0.5, 0.6, 0.75, 6.5, 7.0, 7.5, -1.0, -0.5)] == [
        4,
        3,
        3,
        1,
        4,
        4,
        3,
        4,
        4,
    ]
    assert pool.most == 4
    assert Pool("clerk", 2).on_duty(3.3) == 2


def test_wages_follow_the_shifts():
    def wages(staff):
        return lower(parse(merged(DESK, {"staff": {"clerk": {"wage": "10 per hour"} | staff}}))).wage_per_day

    open_ = {"open": "mon-fri 08:00-16:00"}
    assert wages(open_) == pytest.approx(10_00 * 40 / 7)
    assert wages(open_ | {"shifts": {"mon 08:00-10:00": 3}}) == pytest.approx(10_00 * (40 + 2 * 2) / 7)
    assert wages(open_ | {"shifts": {"mon 06:00-10:00": 3}}) == pytest.approx(10_00 * (40 + 2 * 2) / 7)
    assert wages({"shifts": {"every day 00:00-24:00": 2}}) == pytest.approx(10_00 * 2 * 24)
    assert wages({"shifts": {"sat-sun 00:00-24:00": 0}}) == pytest.approx(10_00 * 24 * 5 / 7)


# ---------------------------------------------------------------- warm-up and strategies
CAFE = {
    "name": "Café",
    "horizon": "25 d",
    "warm_up": "12.5 d",
    "as_stated": False,
    "population": {"size": 60, "site": 20},
    "customers": {"needs": {"mean": "1 per d", "when": "day"}},
    "calendars": {"day": {"every day 07:00-19:00": 1}},
    "staff": {"clerk": {"servers": 1, "open": "every day 07:00-18:00", "shifts": {"mon-fri 08:00-12:00": 2}}},
    "touchpoints": {
        "desk": {"staff": {"pool": "clerk", "service": {"mean": "50 min", "cv": 1}, "patience": "3 h"}}
    },
    "journeys": {"visit": {"starts_on": {"need": {"becomes": "desk"}}, "steps": {"desk": {"next": "end"}}}},
}


def strategy(folder, change, base=CAFE):
    (folder / "baseline.yaml").write_text(json.dumps(base), encoding="utf-8")
    return lower(parse({"extends": "baseline.yaml"} | change, folder=folder))


@pytest.mark.parametrize(
    "staff",
    [
        {"clerk": {"shifts": {"mon-fri 08:00-12:00": 4}}},
        {"clerk": {"shifts": {"mon-fri 08:00-12:00": None, "sun 10:00-12:00": 0}}},
        {"clerk": {"shifts": None}},
        {"other": {"servers": 2, "shifts": {"mon 08:00-12:00": 0}}},
    ],
)
def test_a_strategy_may_change_shifts(tmp_path, staff):
    change = {"staff": staff}
    if "other" in staff:
        change["touchpoints"] = {"desk": {"staff": {"pool": "other"}}}
    recording = agreeing(strategy(tmp_path, change))
    assert recording.outcome.staff["waited"].sum() > 20


def test_shifts_that_say_what_is_so_anyway_change_not_one_bit(tmp_path):
    plain = merged(CAFE, {"staff": {"clerk": {"shifts": {"mon-fri 08:00-12:00": None}}}})
    same = merged(CAFE, {"staff": {"clerk": {"shifts": {"mon-fri 08:00-12:00": 1}}}})
    logs = [simulate_logged(strategy(tmp_path, {}, data), seed=4)[1] for data in (plain, same, CAFE)]
    assert logs[0].tolist() == logs[1].tolist() != logs[2].tolist()
    assert np.mean(logs[2]["wait"]) < np.mean(logs[0]["wait"])


@pytest.mark.parametrize(
    "spans, message",
    [
        ({"mon-fry 08:00-12:00": 2}, "did you mean 'fri'"),
        ({"mon 08:00-12:00": 2, "mon 11:00-13:00": 1}, "overlaps with"),
        ({"mon 08:00-12:00": -1}, "expected a whole number of at least 0"),
        (3, "expected spans of the week with how many serve"),
    ],
)
def test_what_is_wrong_with_shifts_is_said(spans, message):
    with pytest.raises(ScenarioError, match=message):
        parse(merged(DESK, shifts(spans)))
