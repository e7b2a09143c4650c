"""Prices: a choice answers to the price and to the price that seems right; willingness shifts every choice."""

import json
import math

import numpy as np
import pytest
import worlds
from worlds import merged

from sim.engine import lower, simulate
from sim.model.layout import NEED
from sim.model.occasions import _choice
from sim.model.prices import get_used_to, price_pull
from sim.scenario import parse

SHOP = {
    "name": "Shop",
    "horizon": "60 d",
    "warm_up": 0,
    "population": {"size": 400},
    "customers": {"needs": "1 per d", "spends": 10},
    "touchpoints": {"buy": {"sells": {"price": "own_spend"}}, "look": {}},
    "journeys": {"visit": {"starts_on": {"need": {"becomes": "buy", "usually": 0.5}}, "steps": {"buy": {}}}},
}


class Guest(worlds.Guest):
    """One customer, and the price at the till as a multiple of today's."""

    def __init__(self, price=1.0, reference=1.0, **change):
        super().__init__(merged(SHOP, change))
        self.till = self.state["touchpoints"][0]
        self.till.relative_price, self.p.reference = price, reference

    def pull(self):
        return price_pull(self.w, self.p, self.till)

    def chance(self):
        return _choice(self.w, self.p, 0.0, NEED, np.int64(0), np.int64(0), 0.5)[0]


def test_todays_price_moves_nobody_who_knows_no_other():
    assert Guest().pull() == 0
    assert Guest().chance() == 0.5


def test_the_pull_of_a_price_is_its_own_and_that_of_the_one_that_seems_right():
    guest = Guest(price=0.8)
    assert guest.pull() == pytest.approx(3.5 * 0.2)
    guest.p.reference = 0.8  # used to it: half of the pull is left
    assert guest.pull() == pytest.approx(3.5 * 0.5 * 0.2, rel=1e-6)
    guest.till.relative_price = 1.0  # the full price looks dear, and a loss weighs more
    assert guest.pull() == pytest.approx(-3.5 * 0.5 * 1.5 * 0.2, rel=1e-6)


def test_the_pull_scales_with_sensitivity_and_weight():
    one = Guest(price=0.7).pull()
    assert Guest(price=0.7, customers={"price_sensitivity": 2}).pull() == pytest.approx(2 * one)
    assert Guest(price=0.7, psychology={"price_weight": 7}).pull() == pytest.approx(2 * one)
    assert Guest(price=0.7, psychology={"price_weight": 0}).pull() == 0


def test_where_nothing_is_sold_no_price_is_felt():
    guest = Guest(reference=0.5)
    assert price_pull(guest.w, guest.p, guest.state["touchpoints"][1]) == 0


def test_orders_draw_the_reference_to_what_is_paid():
    guest = Guest(price=0.8)
    for n in range(1, 6):
        get_used_to(guest.w, guest.p, guest.till)
        assert guest.p.reference == pytest.approx(0.8 + 0.2 * 0.8**n, rel=1e-6)
    still = Guest()
    get_used_to(still.w, still.p, still.till)
    assert still.p.reference == 1


SALES = {
    "a discount": ({"discount": 0.2}, {}, 0.8),
    "less of a discount": ({"discount": 0.1}, {"discount": 0.2}, 0.9 / 0.8),
    "the same": ({"discount": 0.2}, {"discount": 0.2}, 1.0),
    "a stated price": ({"price": 3.0}, {"price": 4.0}, 0.75),
    "another way to ask": ({"price": 3.0}, {}, 1.0),
    "free today": ({"discount": 0.5}, {"discount": 1}, 1.0),
}


@pytest.mark.parametrize(("sale", "today", "relative"), SALES.values(), ids=SALES.keys())
def test_prices_are_multiples_of_the_baselines(tmp_path, sale, today, relative):
    base = merged(SHOP, {"touchpoints": {"buy": {"sells": today}}})
    (tmp_path / "base.yaml").write_text(json.dumps(base), encoding="utf-8")
    change = {"touchpoints": {"buy": {"sells": sale}}}
    program = lower(parse({"extends": "base.yaml"} | change, folder=tmp_path))
    assert program.static["touchpoints"][0].relative_price == relative
    assert program.warm is None or program.warm.static["touchpoints"][0].relative_price == 1


@pytest.mark.parametrize("willing", [-1.5, 0, 2])
def test_willingness_is_added_to_the_logit(willing):
    chance = Guest(customers={"willing": willing}).chance()
    assert math.log(chance / (1 - chance)) == pytest.approx(willing, abs=1e-6)


def test_a_discount_draws_the_unwilling():
    """Selection by willingness (Lewis 2006): who comes on a discount is less willing than who comes without."""
    segments = {
        "regulars": {"share": 1},
        "strangers": {"prospects": 1500, "hears_of_us": "1 per 60 d", "willing": {"mean": -2, "sd": 2}},
    }
    hear = {"starts_on": {"awareness": {"becomes": "buy", "usually": 0.5}}, "steps": {"buy": {}}}
    data = merged(SHOP, {"population": {"size": 1}, "segments": segments, "journeys": {"hear": hear}})
    came = []
    for price in (1.0, 0.5):
        program = lower(parse(data))
        program.static["touchpoints"]["relative_price"] = price
        people = simulate(program, seed=3).people
        came.append(people.willing[(people.n_order > 0) & (people.id >= 1 << 31)])
    assert len(came[1]) > len(came[0])
    assert came[1].mean() < came[0].mean() - 0.1
