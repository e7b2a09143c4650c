"""Everybody is found where they stand, whoever they are."""

import numpy as np
import pytest
from worlds import Guest

from sim.model.places import place_of

_NEEDS = {"needs": {"mean": "1 per d"}, "leaves": {"mean": "10 % per year"}}


def _world(**changes):
    return Guest({"name": "places", "horizon": "20 d", "customers": _NEEDS, **changes}).state


def _all_found(state):
    people = state["people"]
    assert [place_of(state.world, people[i]) for i in range(len(people))] == list(range(len(people)))


def test_customers_and_prospects_of_several_segments():
    segments = {
        "plain": {"share": "100 %"},
        "near": {"prospects": "7 per site", "hears_of_us": "1 per 5 d"},
        "far": {"prospects": 11, "hears_of_us": "1 per 5 d"},
    }
    _all_found(_world(population={"size": 13, "site": 5}, segments=segments))


@pytest.mark.parametrize("days", [[1, 2, 3], [25, 3, 30, 1, 1, 40, 2]], ids=["all", "some too late"])
def test_those_who_enter_on_given_days(tmp_path, days):
    (tmp_path / "days.csv").write_text("day\n" + "\n".join(map(str, days)), encoding="utf-8")
    enters = {"on_days": {"file": str(tmp_path / "days.csv"), "column": "day"}}
    state = _world(population={"size": 4}, enters=enters)
    assert len(state["people"]) == 4 + sum(np.array(days) < 20)
    _all_found(state)
