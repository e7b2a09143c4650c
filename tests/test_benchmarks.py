"""The benchmark's sides do the same work: else its ratios would say nothing."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def benchmarks(monkeypatch):
    """The package beside `sim`, which is not installed with it."""
    monkeypatch.syspath_prepend(str(ROOT))
    import benchmarks.parts
    import benchmarks.same_work

    return benchmarks


def test_the_plain_program_does_what_our_engine_does(benchmarks):
    """Counts of every touch and outcome, money, mood and beliefs, within what chance allows at this size."""
    rows = benchmarks.same_work.compare("reference", replications=8, days=14, warm_up=0)
    quantities = {row["quantity"] for row in rows}
    assert {"events", "order gave up", "bun sold out", "left of day 0 on", "trust at the end"} <= quantities
    assert [row for row in rows if not row["agrees"]] == []


def test_the_check_notices_other_work(benchmarks, monkeypatch):
    """A plain program whose customers expect nothing is found out by how its touches feel."""
    plain = benchmarks.same_work.plain_simpy
    monkeypatch.setattr(plain, "VALENCE_QUALITY", 1.0)
    rows = benchmarks.same_work.compare("reference", replications=6, days=14, warm_up=0)
    differ = {row["quantity"] for row in rows if not row["agrees"]}
    assert "valence of a touch" in differ
    assert "needs of day 0 on" not in differ


def test_emotions_that_nothing_stirs_change_nothing(benchmarks):
    """With the same luck, keeping three emotions or all eight comes to the same."""
    plain = benchmarks.same_work.plain_simpy
    shops = [plain.Shop(600, 7, 0, 1, emotions) for emotions in (tuple(plain.EMOTIONS), plain.STIRRED)]
    assert shops[0].run() == shops[1].run() > 1000
    assert shops[0].results() == shops[1].results()


def test_events_of_the_plain_program_are_touches_leavings_and_enterings(benchmarks):
    shop = benchmarks.same_work.plain_simpy.Shop(600, 28, 7, 3)
    events = shop.run()
    day_by_day = sum(day[0] for day in shop.daily)
    assert events == day_by_day + shop.counts["left"] + shop.counts["entered"]


def test_a_calendar_by_hand_keeps_the_week(benchmarks):
    """Clock time and profile time are each other's inverse, and needs fall in opening hours only."""
    for calendar in (benchmarks.same_work.plain_simpy.RUSH, benchmarks.same_work.plain_simpy.DAYTIME):
        assert calendar.total[-1] == pytest.approx(7.0, abs=1e-12)
        for tau in np.random.default_rng(1).uniform(-20.0, 20.0, 200):
            t = calendar.clock(tau)
            assert calendar.profile(t) == pytest.approx(tau, abs=1e-9)
            assert 7.0 / 24.0 - 1e-9 <= t % 1.0 <= 18.0 / 24.0 + 1e-9


def test_the_floor_makes_what_it_is_told(benchmarks):
    """A draw more or less shows in the sum; nothing at all is zero."""
    floor = benchmarks.parts.floor
    assert floor.floor_loop.py_func(10, 0.0, 0.0, 0.0) == 0.0
    one, two = (floor.floor_loop.py_func(100, draws, 0.0, 0.0) for draws in (1.0, 2.5))
    assert one == pytest.approx(50.0, abs=5 * math.sqrt(100 / 12))
    assert two == pytest.approx(125.0, abs=5 * math.sqrt(250 / 12))
    assert floor.floor_loop.py_func(100, 0.0, 3.0, 0.0) > 0.0


def test_calls_are_counted_in_the_interpreted_model(benchmarks):
    """An event is mostly a touch: two to a visit, and every need (three in ten are declined) draws choice and gap.

    A visit then draws service, failure, two qualities and the race of its edges; its gap, service time and race
    take a logarithm each. Exponentials: the choice, up to three emotions, goodwill and grievance that have faded,
    habit, times that a table gives. What a pilot draws must not be among them.
    """
    calls = benchmarks.parts.floor.per_event("reference", 50, 9)
    assert calls["events"] > 100
    assert 4.0 < calls["uniform"] < 8.0
    assert 4.0 < calls["exp"] < 12.0
    assert 2.0 < calls["log"] < 6.0


def test_the_command_knows_its_parts():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "--short" in done.stdout
