"""Scarcity, social proof and reciprocity lift a decision, wear, and are named where they turn it."""

import math

import numpy as np
import pytest
import worlds
from worlds import merged

from sim.engine import lower, simulate_logged
from sim.model.layout import CUSTOMER, FAILED, FIRST_VISIT, NEED, NOBODY, OK, PROSPECT, TOUCH
from sim.model.touch import touch
from sim.model.triggers import lift, reassurance, receive, remember
from sim.scenario import parse

FULLY = {"susceptible": {"scarcity": 1, "social_proof": 1, "reciprocity": 1}}
SHOP = {
    "name": "Shop",
    "horizon": "30 d",
    "warm_up": 0,
    "population": {"size": 2},
    "customers": FULLY | {"needs": "1 per week", "spends": 12.5},
    "stock": {"buns": {"start": 40}},
    "signals": {
        "stars": {"kind": "reviews", "start": {"count": 200, "average": 4.5}},
        "bustle": {"kind": "popularity", "counts": "cup"},
    },
    "touchpoints": {"cup": {"sells": {"price": "own_spend"}}, "bill": {}},
    "journeys": {
        "visit": {
            "starts_on": {"need": {"becomes": "cup", "usually": 0.5}},
            "steps": {"cup": {"next": {"bill": 1, "end": 1}}, "bill": {"next": "end"}},
        }
    },
}


class Guest(worlds.Guest):
    """A customer of the shop, whose cup has one trigger."""

    def __init__(self, trigger, **change):
        super().__init__(merged(SHOP, change | {"touchpoints": {"cup": {"triggers": {"it": trigger}}}}))

    def touch(self, outcome=OK):
        """One touch of the cup."""
        one, step = np.int64(1), np.int64(0)
        touch(self.w, self.p, 0.0, NEED, one, FIRST_VISIT, step, outcome, 0.0, 1.0, NOBODY)


# ---------------------------------------------------------------- lifts
SUPPLY = {"kind": "scarcity", "cue": "supply", "reads": "buns", "below": 20}
DEMAND = {"kind": "scarcity", "cue": "demand", "reads": "bustle"}
SOON = {"kind": "scarcity", "cue": "time", "until": "10 d"}
RATING = {"kind": "social_proof", "reads": "stars"}
BUSY = {"kind": "social_proof", "reads": "bustle"}
STAR = {"kind": "social_proof", "from": "influencer", "fit": 0.9}
GIFT = {"kind": "reciprocity", "worth": 3}
LIFTING = {
    "supply": SUPPLY,
    "demand": DEMAND,
    "time": SOON,
    "reviews": RATING,
    "popularity": BUSY,
    "influencer": STAR,
}


def see(guest, stars=4.5, reviews=200, orders=0.5, buns=40):
    """Put something on show."""
    names = guest.program.names
    guest.state["published"][:, names.number("signals", "stars")] = stars
    guest.state["published_count"][:, names.number("signals", "stars")] = reviews
    guest.state["published"][:, names.number("signals", "bustle")] = orders
    guest.state["shelf"][:] = buns


def lifted(guest, t=9.0, **seen):
    """The lift of the trigger, logits."""
    see(guest, **seen)
    return lift(guest.w, guest.p, np.int64(0), t)


def meets(guest, t, index=0):
    """The trigger is met at a decision."""
    remember(guest.w, guest.p, np.int64(0), t, NEED, np.int64(index), FIRST_VISIT)


@pytest.mark.parametrize("trigger", LIFTING.values(), ids=LIFTING.keys())
def test_a_trigger_of_strength_0_lifts_by_exactly_nothing(trigger):
    assert lifted(Guest(trigger | {"strength": 0}), buns=1) == 0
    assert lifted(Guest(trigger | {"strength": 2}), buns=1) > 0


@pytest.mark.parametrize("trigger", LIFTING.values(), ids=LIFTING.keys())
def test_a_lift_is_proportional_to_strength_and_susceptibility(trigger):
    one, two = (lifted(Guest(trigger | {"strength": s}), buns=1) for s in (1, 2))
    half = Guest(trigger, customers={"susceptible": {"scarcity": 0.5, "social_proof": 0.5}})
    assert two == pytest.approx(2 * one)
    assert lifted(half, buns=1) == pytest.approx(one / 2)


def test_scarcity_grows_as_the_shelf_empties_and_begins_at_its_level():
    lifts = [lifted(Guest(SUPPLY), buns=buns) for buns in (40, 20, 19, 10, 0)]
    assert lifts[:2] == [0, 0]
    assert lifts[1:] == sorted(lifts[1:])
    assert lifts[-1] == pytest.approx(0.5)  # susceptibility 1, pressure 1, trust .5


def test_scarcity_grows_towards_the_deadline_and_ends_with_it():
    guest = Guest(SOON)
    lifts = [lifted(guest, t) for t in (0.0, 5.0, 9.9)]
    assert 0 < lifts[0] < lifts[1] < lifts[2]
    assert lifted(guest, 10.0) == lifted(guest, 11.0) == 0


def test_scarcity_is_believed_only_with_trust():
    guest = Guest(SUPPLY)
    guest.p.trust = 0.0
    assert lifted(guest, buns=0) == 0


def test_scarcity_wears_with_exposure_and_comes_back_with_time():
    guest = Guest(SUPPLY)
    lifts = []
    for _ in range(12):
        lifts.append(lifted(guest, 1.0, buns=0))
        meets(guest, 1.0)
    assert lifts[0] < lifts[1] > lifts[2]
    assert lifts[1:] == sorted(lifts[1:], reverse=True)
    assert lifts[3] == pytest.approx(0.5 - 0.25 * guest.q.reactance * 2)  # x = 1 after `scarcity_worn` = 3
    assert lifts[4] > 0 > lifts[5]  # reactance
    assert lifted(guest, 150.0, buns=0) == pytest.approx(lifts[0], rel=1e-3)


def test_a_cue_that_is_not_there_does_not_wear():
    guest = Guest(SUPPLY)
    see(guest, buns=40)
    meets(guest, 1.0)
    assert (guest.p.scarce_seen, guest.p.t_feel) == (0, 0)


def test_good_reviews_draw_and_bad_ones_deter_and_weigh_more():
    guest = Guest(RATING)
    neutral = guest.q.review_neutral
    good, none, bad = (lifted(guest, stars=stars) for stars in (neutral + 0.5, neutral, neutral - 0.5))
    assert bad < none == 0 < good
    assert bad == pytest.approx(-guest.q.bad_news * good)


def test_few_reviews_weigh_less():
    lifts = [lifted(Guest(RATING), reviews=n) for n in (0, 5, 20, 1000)]
    assert lifts == sorted(lifts)
    assert lifts[0] == 0
    assert lifts[2] == pytest.approx(lifts[3] * 0.5, rel=0.03)


def test_no_reviews_at_all_neither_draw_nor_deter():
    assert lifted(Guest(RATING), stars=0.0, reviews=0) == 0


def test_popularity_draws_more_the_more_there_are():
    lifts = [lifted(Guest(BUSY), orders=x) for x in (0, 0.1, 0.3, 3)]
    assert lifts == sorted(lifts)
    assert lifts[0] == 0
    assert lifts[2] == pytest.approx(0.5)


def test_an_influencer_is_believed_with_trust_and_does_harm_where_he_does_not_fit():
    lifts = [lifted(Guest(STAR | {"fit": fit})) for fit in (0.0, 0.5, 1.0)]
    assert lifts == pytest.approx([-0.5, 0, 0.5])  # susceptibility 1, trust .5
    guest = Guest(STAR)
    guest.p.trust = 0.0
    assert lifted(guest) == 0


def test_those_who_distrust_are_only_annoyed_by_scarcity():
    guest = Guest(SUPPLY)
    guest.p.trust = 0.0
    meets(guest, 1.0)
    see(guest, buns=0)
    meets(guest, 1.0)
    assert lifted(guest, 1.0, buns=0) < 0


def test_without_reactance_scarcity_never_deters():
    guest = Guest(SUPPLY, psychology={"reactance": 0})
    guest.p.scarce_seen = 1e6
    assert lifted(guest, 0.0, buns=0) > 0


# ---------------------------------------------------------------- what is not genuine
def exposures(trigger, times, **change):
    """Trust after each of several exposures to a trigger."""
    guest = Guest(trigger, **change)
    see(guest, buns=0)
    trust = [float(guest.p.trust)]
    for k in range(times):
        meets(guest, 1.0, k)
        trust.append(float(guest.p.trust))
    return guest, np.array(trust)


def test_faked_scarcity_costs_trust_each_time_it_is_found_out():
    guest, trust = exposures(
        SUPPLY | {"genuine": False}, 2_000, psychology={"found_out": 0.3, "trust_fake": 1e-3}
    )
    fell = trust[1:] < trust[:-1]
    assert abs(fell.mean() - 0.3) < 4 * math.sqrt(0.3 * 0.7 / 2_000)  # z = 4
    assert trust[1:][fell] / trust[:-1][fell] == pytest.approx(1 - 1e-3, abs=1e-6)
    assert guest.p.emotion[guest.program.names.emotions.index("resentment")] > 0


@pytest.mark.parametrize("harmless", [{"genuine": True}, {"strength": 0}])
def test_real_scarcity_and_scarcity_without_strength_cost_no_trust(harmless):
    trigger = SUPPLY | {"genuine": False} | harmless
    assert set(exposures(trigger, 20, psychology={"found_out": 1})[1]) == {0.5}


def test_a_fake_that_is_not_on_show_costs_no_trust():
    guest = Guest(SUPPLY | {"genuine": False}, psychology={"found_out": 1})
    see(guest, buns=40)
    meets(guest, 1.0)
    assert guest.p.trust == np.float32(0.5)


def test_falsity_that_nobody_finds_out_changes_nothing():
    assert set(exposures(SUPPLY | {"genuine": False}, 20, psychology={"found_out": 0})[1]) == {0.5}


def test_who_resents_nothing_only_loses_trust():
    change = {"found_out": 1, "emotions": {"resentment": None}}
    guest, trust = exposures(SUPPLY | {"genuine": False}, 1, psychology=change)
    assert trust[1] == pytest.approx(0.5 * (1 - guest.q.trust_fake))
    assert not guest.p.emotion.any()


def test_bait_that_is_seen_through_obliges_nobody_and_costs_trust():
    guest = Guest(GIFT | {"genuine": False}, psychology={"found_out": 1})
    assert owed(guest, (1.0,)) == [0]
    assert guest.p.trust == pytest.approx(0.5 * (1 - guest.q.trust_fake))
    assert owed(Guest(GIFT | {"genuine": False}, psychology={"found_out": 0}), (1.0,)) == owed(
        Guest(GIFT), (1.0,)
    )


# ---------------------------------------------------------------- gifts
def owed(guest, times):
    """The obligation that each of several gifts adds."""
    added = []
    for t in times:
        before = float(guest.p.obligation) * 2 ** (-(t - guest.p.t_feel) / guest.q.obligation_half_life)
        receive(guest.w, guest.p, np.int64(0), t, NEED, np.int64(t), FIRST_VISIT)
        added.append(guest.p.obligation - before)
    return added


def test_gifts_wear_out_when_they_are_repeated():
    added = owed(Guest(GIFT), (1.0, 2.0, 3.0, 4.0))
    assert added == sorted(added, reverse=True)
    assert added[-1] < added[0] / 4


def test_rare_gifts_keep_working():
    added = owed(Guest(GIFT), (1.0, 366.0))
    assert added[1] == pytest.approx(added[0], rel=1e-3)


def test_a_gift_obliges_by_its_worth_with_diminishing_returns():
    small, large, larger = (owed(Guest(GIFT | {"worth": worth}), (1.0,))[0] for worth in (2, 4, 40))
    assert small < large < 2 * small
    assert larger == pytest.approx(1, abs=1e-3)


def test_a_purchase_gives_back_a_part():
    guest = Guest(GIFT | {"strength": 0})
    guest.p.obligation = 1.0
    guest.touch()
    assert guest.p.obligation == pytest.approx(1 - guest.q.obligation_discharge)


def test_a_gift_that_goes_wrong_obliges_nobody():
    guest = Guest(GIFT)
    guest.touch(FAILED)
    assert guest.p.obligation == 0


# ---------------------------------------------------------------- decisions
# nothing but triggers moves a decision, and they do not annoy
STILL = {"effect_on": {"buying": 0, "leaving": 0}, "reactance": 0}


def decisions(trigger, on="start", **change):
    """Rows of a crowd whose cup has a trigger on its start or its next step; nothing else differs."""
    data = {
        "population": {"size": 300},
        "psychology": STILL,
        "stock": {"buns": {"start": 1}},
        "signals": {"stars": {"start": {"count": 500, "average": 4.9}}},
        "touchpoints": {"cup": {"triggers": {"it": trigger | {"on": on}}}},
        "journeys": {"visit": {"starts_on": {"need": {"usually": 0.5 if on == "start" else 1}}}},
    }
    return simulate_logged(lower(parse(merged(SHOP, merged(data, change)))), seed=1)[1]


def reached(rows, touchpoint):
    """The (customer, occasion) of every touch of a touchpoint."""
    chosen = rows[(rows["kind"] == TOUCH) & (rows["touchpoint"] == touchpoint)]
    return {(row["customer"].item(), row["index"].item()) for row in chosen}


MOVES = {
    "scarcity": SUPPLY | {"strength": 2},
    "deadline": {"kind": "scarcity", "cue": "time", "until": "30 d", "strength": 2},
    "social proof": RATING,
}


@pytest.mark.parametrize(("on", "target"), [("start", 0), ("next", 1)])
@pytest.mark.parametrize("trigger", MOVES.values(), ids=MOVES.keys())
def test_a_trigger_brings_people_in_and_turns_nobody_away(trigger, on, target):
    without = reached(decisions(trigger | {"strength": 0}, on), target)
    with_it = reached(decisions(trigger, on), target)
    assert without < with_it


@pytest.mark.parametrize(("on", "target"), [("start", 0), ("next", 1)])
def test_bad_reviews_turn_people_away(on, target):
    bad = {"signals": {"stars": {"start": {"average": 1.5}}}}
    without = reached(decisions(RATING | {"strength": 0}, on, **bad), target)
    with_it = reached(decisions(RATING, on, **bad), target)
    assert with_it < without


@pytest.mark.parametrize(("on", "target"), [("start", 0), ("next", 1)])
@pytest.mark.parametrize("trigger", MOVES.values(), ids=MOVES.keys())
def test_the_log_names_a_trigger_exactly_where_the_same_luck_would_have_gone_elsewhere(trigger, on, target):
    without = reached(decisions(trigger | {"strength": 0}, on), target)
    rows = decisions(trigger, on)
    named = rows[(rows["touchpoint"] == target) & (rows["trigger"] >= 0)]
    turned = {(row["customer"].item(), row["index"].item()) for row in named}
    assert turned == reached(rows, target) - without
    assert set(rows["trigger"][rows["touchpoint"] == 1 - target]) <= {-1}


def test_a_gift_brings_people_back_and_is_named():
    """Handed over with the cup, it lifts the needs that follow."""
    without = decisions(GIFT | {"strength": 0})
    rows = decisions(GIFT | {"strength": 3})
    assert reached(without, 0) < reached(rows, 0)
    named = rows[rows["trigger"] >= 0]
    assert {(row["customer"].item(), row["index"].item()) for row in named} == reached(rows, 0) - reached(
        without, 0
    )


def test_the_chance_of_a_decision_is_that_of_its_trigger():
    """logit(.5) + lift of 500 reviews of 4.9 stars, susceptibility 1."""
    rows = decisions(RATING, horizon="1 d")
    pull = (4.9 - 3.7) / (5 - 3.7) * 500 / 520
    assert set(rows["chance"][rows["touchpoint"] == 0]) == {np.float32(1 / (1 + math.exp(-pull)))}


def test_the_price_of_today_is_part_of_what_people_usually_do():
    """`usually` is stated with today's touchpoints: a discount that the baseline has already moves nobody."""
    rows = decisions(RATING | {"strength": 0}, touchpoints={"cup": {"sells": {"discount": 0.2}}})
    assert set(rows["chance"][rows["touchpoint"] == 0]) == {np.float32(0.5)}


# ---------------------------------------------------------------- the risk of a first purchase
@pytest.mark.parametrize(("status", "reassured"), [(PROSPECT, True), (CUSTOMER, False)])
def test_a_new_guarantee_reassures_prospects_alone(status, reassured):
    guest = Guest(GIFT)
    cup = guest.state["touchpoints"][0]
    cup.guarantee, cup.usual_guarantee, guest.p.status = 0.75, 0.25, status
    expected = guest.q.risk * 0.5 * 0.5 if reassured else 0.0
    assert reassurance(guest.w, guest.p, cup) == pytest.approx(expected)
    cup.guarantee = 0.25  # that of today
    assert reassurance(guest.w, guest.p, cup) == 0
