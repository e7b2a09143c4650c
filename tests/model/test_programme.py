"""Loyalty programmes: joining, stamps and points, rewards to the cent, lapsing, tiers, the pull of a card."""

import json
import math

import numpy as np
import pytest
import worlds
from worlds import merged

from sim.engine import lower, simulate, simulate_logged
from sim.model.layout import DAY, FAILED, FIRST_VISIT, NEED, NOBODY, OK
from sim.model.loyalty import economic
from sim.model.programme import at_stake, goal_pull, points, served_with, tier
from sim.model.touch import touch
from sim.scenario import parse

CARD = {
    "joins": {"at": "cup"},
    "earns": {"stamps": 1, "per": "purchase"},
    "head_start": 1,
    "reward": {"at": 4, "worth": 4, "cost": 1.1, "feels": {"gratitude": 0.5}},
    "expires": {"after": "20 d"},
    "pull": 0.8,
    "costs": {"setup": 600, "per_member": 0.2},
}
CAFE = {
    "name": "Cafe",
    "horizon": "400 d",
    "warm_up": 0,
    "population": {"size": 30},
    "customers": {"needs": "1 per week", "spends": 6},
    "touchpoints": {"cup": {"sells": {"price": "own_spend", "margin": "70 %"}}, "door": {}},
    "journeys": {"visit": {"starts_on": {"need": {"becomes": "cup", "usually": 0.5}}, "steps": {"cup": {}}}},
}
CLUB = {
    "joins": {"at": "cup"},
    "earns": {"points": 2, "per": "currency"},
    "tiers": {
        "silver": {"at": 30, "earns_times": 1.5},
        "gold": {"at": 60, "earns_times": 2, "priority": -3, "worth": 25},
    },
}
FIRST = np.int64(0)


class Guest(worlds.Guest):
    """A customer who buys cups at will."""

    def __init__(self, card=CARD, other=None, **change):
        programmes = {"card": card} | ({"other": other} if other else {})
        super().__init__(merged(CAFE, change | ({"loyalty": programmes} if card else {})))
        self.visits = 0

    def buy(self, t=0.0, outcome=OK):
        """One touch of the cup; what has been counted for it."""
        before = self.state["daily"].sum(axis=(0, 1))
        self.visits += 1
        touch(self.w, self.p, t, NEED, np.int64(self.visits), FIRST_VISIT, FIRST, outcome, 0.0, 1.0, NOBODY)
        counted = self.state["daily"].sum(axis=(0, 1)) - before
        return {name: int(counted[DAY[name]]) for name in ("revenue", "margin", "cost", "joined", "redeemed")}

    def points(self, t=0.0, c=FIRST):
        return points(self.w, self.p, c, t)


def bought(revenue=600, margin=420, cost=0, joined=0, redeemed=0):
    return {"revenue": revenue, "margin": margin, "cost": cost, "joined": joined, "redeemed": redeemed}


# ---------------------------------------------------------------- stamps and rewards
def test_a_full_card_pays_for_the_next_order_to_the_cent():
    guest = Guest()
    assert guest.buy() == bought(cost=20, joined=1)  # the card
    assert guest.points() == 2  # a head start of one
    assert [guest.buy() for _ in range(2)] == [bought()] * 2
    assert guest.points() == 4
    # 6.00 less 4.00; the goods of what is paid cost 30 % of it, those of the reward 1.10
    assert guest.buy() == bought(revenue=200, margin=140, cost=110, redeemed=1)
    assert guest.points() == 0  # the order that redeems is not stamped, and nobody starts ahead again
    assert guest.buy() == bought()
    assert guest.points() == 1


def test_a_reward_pays_no_more_than_the_order_costs():
    guest = Guest(CARD | {"head_start": 3, "reward": {"at": 4, "worth": 100, "cost": 1.1}})
    guest.buy()
    assert guest.buy() == bought(revenue=0, margin=0, cost=110, redeemed=1)


def test_a_reward_of_no_worth_costs_what_it_costs_and_pulls_nobody():
    guest = Guest(CARD | {"head_start": 3, "reward": {"at": 4, "worth": 0, "cost": 1.1}})
    guest.buy()
    assert goal_pull(guest.w, guest.p, 0.0) == 0
    assert guest.buy() == bought(cost=110, redeemed=1)


def test_two_cards_share_one_order():
    guest = Guest(*2 * [CARD | {"head_start": 3}])
    assert guest.buy() == bought(cost=40, joined=2)
    assert guest.buy() == bought(revenue=0, margin=0, cost=220, redeemed=2)


def test_points_for_every_unit_paid():
    guest = Guest(CARD | {"earns": {"points": 0.5, "per": "currency"}, "head_start": 0})
    guest.buy()
    assert guest.points() == pytest.approx(3)
    guest.buy()
    guest.buy()  # 6 points pay 4.00 of 6.00
    assert guest.points() == pytest.approx(6 - 4 + 1)


def test_getting_a_reward_is_felt():
    guest = Guest(CARD | {"head_start": 3})
    guest.buy()
    place = guest.program.names.emotions.index("gratitude")
    assert guest.p.emotion[place] == 0
    guest.buy()
    assert guest.p.emotion[place] == pytest.approx(0.5)


def test_a_failed_touch_makes_no_member():
    assert Guest().buy(outcome=FAILED)["joined"] == 0


def test_joining_is_the_customers_own_luck():
    """As many as the share says, the same ones whenever they are asked, and more of them at a larger share.
    In 90 days nearly everybody has come: the chance of no visit is exp(-90 / 14)."""
    member = []
    for chance in (0.3, 0.6):
        card = CARD | {"joins": {"at": "cup", "chance": chance}}
        program = lower(
            parse(merged(CAFE, {"loyalty": {"card": card}, "population": {"size": 500}, "horizon": "90 d"}))
        )
        member.append(set(simulate(program, seed=1).members.customer.tolist()))
    assert len(member[0]) == pytest.approx(150, abs=35)
    assert len(member[1]) == pytest.approx(300, abs=35)
    assert member[0] < member[1]


# ---------------------------------------------------------------- lapsing
def test_points_lapse_without_a_purchase_and_are_noted():
    guest = Guest()
    guest.buy(0.0)
    guest.buy(19.0)
    assert guest.points(38.9) == 3
    assert guest.points(39.0) == 0
    guest.buy(50.0)
    assert guest.points(50.0) == 1
    assert guest.state["books"][0, 4] == 3_000_000


def test_points_that_lapse_unnoticed_are_counted_at_the_horizon():
    guest = Guest()
    guest.buy(0.0)
    outcome = guest.state.outcome(0, guest.program, [])
    assert outcome.programmes[0].lapsed == 2_000_000
    assert (outcome.members[0].points, outcome.members[0].joined) == (0, 0)


# ---------------------------------------------------------------- tiers
def test_tiers_come_with_points_of_this_year_or_the_last():
    guest = Guest(CLUB)
    guest.buy(0.0)
    guest.buy(10.0)
    assert tier(guest.w, guest.p, FIRST, 10.0) == 0
    guest.buy(20.0)  # 36 points
    assert tier(guest.w, guest.p, FIRST, 20.0) == 1
    guest.buy(30.0)  # half as much again
    assert guest.points() == pytest.approx(54)
    assert tier(guest.w, guest.p, FIRST, 729.9) == 1
    assert tier(guest.w, guest.p, FIRST, 730.0) == 0


def test_the_best_tier_has_its_perks():
    guest = Guest(CLUB)
    for k in range(5):
        guest.buy(float(k))
    assert tier(guest.w, guest.p, FIRST, 5.0) == 2
    assert served_with(guest.w, guest.p, 5.0, np.int64(1)) == -3
    assert served_with(guest.w, guest.p, 5.0, np.int64(-7)) == -7
    assert at_stake(guest.w, guest.p, 5.0) == 25
    assert economic(guest.w, guest.p, 5.0) == pytest.approx(1 - math.exp(-25 / 50))


def test_members_of_a_tier_are_served_first():
    """One member of staff for forty customers; gold does not wait behind the others."""
    change = {
        "horizon": "20 d",
        "population": {"size": 40},
        "customers": {"needs": "3 per d"},
        "staff": {"one": {"servers": 1}},
        "touchpoints": {"cup": {"staff": {"pool": "one", "service": "15 min"}}},
    }
    tiers = {"gold": {"at": 1, "priority": -1}}
    card = {"joins": {"at": "cup", "chance": 0.3}, "earns": {"stamps": 1}, "tiers": tiers}
    program = lower(parse(merged(CAFE, change | {"loyalty": {"card": card}})))
    outcome, rows = simulate_logged(program, seed=1)
    gold = np.isin(rows["customer"], outcome.members.customer)
    later = rows["t"] > 5
    assert rows["wait"][gold & later].mean() < 0.6 * rows["wait"][~gold & later].mean()


# ---------------------------------------------------------------- what a card does
def test_a_card_pulls_as_far_as_it_is_full_and_starts_afresh_after_the_reward():
    guest = Guest()
    assert goal_pull(guest.w, guest.p, 0.0) == 0
    pulls = []
    for _ in range(4):
        guest.buy()
        pulls.append(goal_pull(guest.w, guest.p, 0.0))
    start = 0.8 * 5 / 4  # the head start of one, until the reward
    assert pulls == pytest.approx([start + 0.8 * 2 / 4, start + 0.8 * 3 / 4, start + 0.8, 0])
    guest = Guest(psychology={"endowed": 0})
    guest.buy()
    assert goal_pull(guest.w, guest.p, 19.0) == pytest.approx(0.8 * 2 / 4)
    assert goal_pull(guest.w, guest.p, 20.0) == 0


def test_points_are_at_stake():
    guest = Guest()
    assert economic(guest.w, guest.p, 0.0) == 0
    guest.buy()
    assert at_stake(guest.w, guest.p, 0.0) == pytest.approx(2 / 4 * 4)
    assert economic(guest.w, guest.p, 0.0) == pytest.approx(1 - math.exp(-2 / 50))
    assert at_stake(guest.w, guest.p, 20.0) == 0


# ---------------------------------------------------------------- strategies
def strategy(folder, base, change):
    (folder / "base.yaml").write_text(json.dumps(base), encoding="utf-8")
    return lower(parse({"extends": "base.yaml", "name": "s"} | change, folder=folder))


def test_a_new_programme_begins_on_day_0(tmp_path):
    base = merged(CAFE, {"warm_up": "60 d", "horizon": "30 d"})
    outcome = simulate(strategy(tmp_path, base, {"loyalty": {"card": CARD}}), seed=1)
    assert (outcome.members.joined >= 0).all()
    assert len(outcome.members) > 20
    assert outcome.programmes[0].spent == 20 * outcome.programmes[0].joined + outcome.programmes[
        0
    ].rewards * (110 + 400 - 120)


def test_a_programme_of_the_baseline_has_members_before_and_a_strategy_can_end_it(tmp_path):
    base = merged(CAFE, {"warm_up": "60 d", "horizon": "30 d", "loyalty": {"card": CARD}})
    kept = simulate(strategy(tmp_path, base, {}), seed=1)
    ended = simulate(strategy(tmp_path, base, {"loyalty": {"card": None}}), seed=1)
    assert (kept.members.joined < 0).sum() > 20
    assert len(ended.members) == ended.daily[:, :, DAY["redeemed"]].sum() == 0
    assert ended.programmes[0].spent == 0


def test_a_programme_that_nobody_joins_changes_nothing():
    idle = CARD | {"joins": {"at": "door"}}
    plain, same = (
        simulate_logged(lower(parse(merged(CAFE, change))), seed=1)[1]
        for change in ({}, {"loyalty": {"card": idle}})
    )
    assert plain.tolist() == same.tolist()
    forceless = CARD | {"pull": 0, "costs": {}, "reward": {"at": 4, "worth": 0}}
    same = simulate_logged(lower(parse(merged(CAFE, {"loyalty": {"card": forceless}}))), seed=1)[1]
    assert plain.tolist() == same.tolist()
