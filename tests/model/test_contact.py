"""Contact pressure: messages add up, fade, wear, and drive people to opt out; gifts do none of it."""

import numpy as np
import pytest
import worlds
from worlds import merged

from sim.engine import lower, simulate, simulate_logged
from sim.model.campaigns import in_audience
from sim.model.contact import fatigue, is_message, see_message, too_much, worn
from sim.model.feelings import pressure
from sim.model.layout import CAMPAIGNS, DAY
from sim.scenario import parse

MAIL, GIFT = np.int64(CAMPAIGNS), np.int64(CAMPAIGNS + 1)
TOWN = {
    "name": "Town",
    "horizon": "60 d",
    "warm_up": 0,
    "population": {"size": 300},
    "customers": {"needs": "1 per week"},
    "touchpoints": {"leaflet": {"cost": 0.1}, "shop": {"sells": {"price": 5}}, "sweet": {}},
    "journeys": {
        "visit": {"starts_on": {"need": {"becomes": "shop", "usually": 0.5}}, "steps": {"shop": {}}}
    },
    "campaigns": {
        "mail": {"picks": {"every": "2 d"}, "sends": {"touchpoint": "leaflet"}},
        "present": {"picks": {"every": "5 d"}, "gives": {"touchpoint": "sweet", "at": "shop"}},
    },
}
NUMB = {"psychology": {"contact_fatigue": 0, "worn_message": 0, "opts_out": 0}}


class Guest(worlds.Guest):
    def __init__(self, pressure=0.0, **change):
        super().__init__(merged(TOWN, change))
        self.p.pressure, self.p.opted_out, self.p.t_feel = pressure, 0, 0.0

    def see(self, t=0.0, index=0):
        see_message(self.w, self.p, t, MAIL, np.int64(index))


def test_only_the_message_itself_is_one():
    w = Guest().w
    leaflet, shop, sweet = map(np.int64, range(3))
    assert is_message(w, MAIL, leaflet)
    assert not is_message(w, MAIL, shop)
    assert not is_message(w, GIFT, sweet)
    assert not is_message(w, np.int64(0), leaflet)


def test_every_message_adds_one_and_half_of_it_is_left_after_its_half_life():
    guest = Guest(psychology={"pressure_half_life": "4 d", "opts_out": 0})
    guest.see(0.0)
    guest.see(4.0)
    assert pressure(guest.w, guest.p, 4.0) == pytest.approx(1.5)
    assert pressure(guest.w, guest.p, 8.0) == pytest.approx(0.75)


def test_harm_begins_beyond_what_is_welcome_and_saturates():
    harm = [too_much(g.w, g.p, 0.0) for g in map(Guest, (0, 2.5, 5.5, 1000))]
    assert harm[:2] == [0, 0]
    assert harm[2] == pytest.approx(0.5)  # pressure_free 2.5, pressure_half 3
    assert 0.99 < harm[3] < 1


def test_a_message_too_many_pleases_less_and_offers_in_vain():
    guest = Guest(5.5)
    assert fatigue(guest.w, guest.p, 0.0, MAIL, np.int64(0)) == pytest.approx(0.3 * 0.5)
    assert fatigue(guest.w, guest.p, 0.0, MAIL, np.int64(1)) == 0
    assert worn(guest.w, guest.p, 0.0) == pytest.approx(0.1 * 5.5)


def test_who_has_opted_out_gets_gifts_only():
    guest = Guest(100.0, psychology={"opts_out": 1, "pressure_half": 1e-9})
    guest.see()
    assert guest.p.opted_out == 1
    assert guest.state["daily"][0, 0, DAY["opted_out"]] == 1
    assert [bool(in_audience(guest.w, np.int64(c), guest.p, np.int64(0), 0.0)) for c in (0, 1)] == [
        False,
        True,
    ]


def test_who_opts_out_is_counted_once_and_hears_no_more():
    keen = merged(TOWN, {"psychology": {"opts_out": 0.2}})
    outcome = simulate(lower(parse(merged(keen, {"horizon": "30 d"}))), seed=1)
    left_out = set(outcome.people.id[outcome.people.opted_out > 0].tolist())
    assert len(left_out) == outcome.daily[:, :, DAY["opted_out"]].sum() > 50
    _, rows = simulate_logged(lower(parse(keen)), seed=1)
    heard = rows[(rows["stream"] == MAIL) & (rows["t"] >= 30)]
    assert not left_out & set(heard["customer"].tolist())
    assert len(heard) > 0


def test_without_effects_messages_leave_no_trace():
    guest = Guest(**NUMB)
    guest.p.goodwill = 0.5
    guest.see(3.0)
    assert (guest.p.pressure, guest.p.t_feel) == (0, 0)
    outcome = simulate(lower(parse(merged(TOWN, NUMB))), seed=1)
    assert not outcome.people.pressure.any()


def profit(every, **psychology):
    """Orders that messages every so many days bring, less their cost, at 6 per order."""
    offer = {
        "starts_on": {"message": {"of": "mail", "becomes": "leaflet", "usually": 0.1}},
        "steps": {"leaflet": {"next": "shop"}, "shop": {}},
    }
    change = {
        "horizon": "360 d",
        "population": {"size": 100},
        "customers": {"needs": "never"},
        "journeys": {"offer": offer},
        "campaigns": {"mail": {"picks": {"every": f"{every} d"}}, "present": None},
        "psychology": psychology,
    }
    data = merged(TOWN, change)
    del data["campaigns"]["present"]
    daily = simulate(lower(parse(data)), seed=2).daily.sum(axis=(0, 1))
    return 6 * daily[DAY["orders"]] - 0.1 * daily[DAY["messages"]]


def test_there_can_be_a_best_number_of_messages_a_month():
    """Zhang, Kumar & Cosguner (2017) find one; without the harm of contact more is simply better."""
    rare, some, often = (profit(every, worn_message=0.4, opts_out=0.05) for every in (30, 6, 1))
    assert rare < some > often
    numb = [profit(every, **NUMB["psychology"]) for every in (30, 6, 1)]
    assert numb == sorted(numb)
