"""Who is there: each person a function of his id alone, however many are worked on at a time."""

import math

import numpy as np
import pytest

from sim.engine import lower, population
from sim.model.keys import run_key
from sim.model.layout import LOG
from sim.model.sample import gaps
from sim.scenario import parse
from sim.scenario.quantities import DEAREST

TOWN = {
    "name": "Town",
    "horizon": "30 d",
    "population": {"size": 240, "site": 50},
    "customers": {"needs": {"mean": "1 per week", "cv": 0.5}, "spends": {"mean": 5, "cv": 0.3}},
    "segments": {
        "near": {"share": 0.5, "trust": {"mean": 0.4, "cv": 0.3}},
        "far": {"share": 0.5, "needs": "never"},
        "locals": {"prospects": "31 per site", "hears_of_us": "1 per 30 d"},
        "tourists": {"prospects": 40, "hears_of_us": "1 per 30 d", "like": "near"},
    },
    "calendars": {"hours": {"mon-fri 08:00-18:00": 1}},
    "touchpoints": {"shop": {"sells": {"price": "own_spend"}}},
    "journeys": {"visit": {"starts_on": {"need": {"becomes": "shop"}}, "steps": {"shop": {}}}},
}
STREAM = TOWN | {
    "population": {"site": 50},
    "enters": {"stream": {"rate": "70 per week", "when": "hours"}},
    "journeys": {"visit": {"starts_on": {"entry": {"becomes": "shop"}}, "steps": {"shop": {}}}},
}
SCENARIOS = {"founders": TOWN, "visitors": STREAM}
KEY = run_key(1, 1)


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("block", [1, 7, 50])
def test_people_are_the_same_however_many_are_made_at_a_time(name, block, monkeypatch):
    program = lower(parse(SCENARIOS[name]))
    whole = population.new_people(program, KEY)
    monkeypatch.setattr(population, "BLOCK", block)
    assert (population.new_people(program, KEY) == whole).all()


@pytest.mark.parametrize("block", [1, 7, 50])
def test_a_strategy_takes_people_over_the_same_however_many_at_a_time(block, monkeypatch):
    other = TOWN | {"segments": TOWN["segments"] | {"near": {"share": 0.2}, "far": {"share": 0.8}}}
    before, after = lower(parse(TOWN)), lower(parse(other))
    people = population.new_people(before, KEY)
    whole = people.copy()
    for some in (whole, people):
        population.assign_segments(after, KEY, some)
        population.fresh_traits(after, KEY, some)
        monkeypatch.setattr(population, "BLOCK", block)
    assert (people == whole).all()


def test_ids_and_sites_count_each_kind_of_people_from_its_beginning():
    people = population.new_people(lower(parse(TOWN)), KEY)
    founders, locals_, tourists = np.split(people, [240, 240 + 5 * 31])
    assert founders.id.tolist() == list(range(240))
    assert founders.site.tolist() == [k // 50 for k in range(240)]
    assert locals_.id.tolist() == [population.PROSPECTS + (2 << 26) + k for k in range(155)]
    assert locals_.site.tolist() == [k // 31 for k in range(155)]
    assert tourists.site.tolist() == [k % 5 for k in range(40)]


def test_visitors_who_would_come_after_the_end_are_left_out():
    people = population.new_people(lower(parse(STREAM)), KEY)
    visitors = people[people.id < population.PROSPECTS]
    assert (np.diff(visitors.t_entry) >= 0).all() and visitors.t_entry[-1] < 30.0
    assert visitors.id.tolist() == [population.ENTRANTS + k for k in range(len(visitors))]


def test_compiled_waits_are_those_of_the_standard_library():
    """-log(u) to the last bit: both ask the C library."""
    u = np.random.default_rng(1).random(20_000)
    u = np.concatenate([u, u**20, [2.0**-53, 1.0 - 2.0**-53]])
    assert gaps(1.0, u).tolist() == [-math.log(x) for x in u.tolist()]


def test_nobody_spends_more_on_an_order_than_the_log_can_hold():
    rich = TOWN | {"customers": TOWN["customers"] | {"spends": {"mean": 9_000_000, "cv": 3}}}
    spends = population.new_people(lower(parse(rich)), KEY).spend
    assert spends.max() == DEAREST and np.mean(spends < DEAREST) > 0.5
    assert np.iinfo(LOG["revenue"].base).max > 100 * DEAREST
