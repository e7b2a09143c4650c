"""Campaigns: whom they reach, with what, when, and what it costs."""

import math

import numpy as np
import pytest
from worlds import merged

from sim.engine import lower, simulate_logged
from sim.model.layout import CAMPAIGNS, DAY, NEED, TOUCH
from sim.scenario import parse

TOWN = {
    "name": "Town",
    "horizon": "60 d",
    "psychology": "off",
    "population": {"size": 300},
    "customers": {"needs": {"mean": "1 per week", "cv": 0.8}},
    "touchpoints": {"order": {"sells": {"price": 8}}, "mail": {"cost": 0.5}, "pen": {"cost": 2}},
    "journeys": {"visit": {"starts_on": {"need": {"becomes": "order"}}, "steps": {"order": {"next": "end"}}}},
}
ORDER, MAIL, PEN = range(3)


def run(campaign, change=None, seed=1):
    """(outcome, log) of the town with one campaign."""
    program = lower(parse(merged(TOWN, {"campaigns": {"drive": campaign}} | (change or {}))))
    return simulate_logged(program, seed=seed)


def mailing(change=None, every="7 d", **campaign):
    """(outcome, rows of the mail, the whole log)."""
    data = {"picks": {"every": every}, "sends": {"touchpoint": "mail"}}
    outcome, log = run(merged(data, campaign), change)
    return outcome, log[log["stream"] == CAMPAIGNS], log


def giving(change=None, every="7 d", **campaign):
    """(outcome, rows of the pens, the whole log)."""
    data = {"picks": {"every": every}, "gives": {"touchpoint": "pen", "at": "order"}}
    outcome, log = run(merged(data, campaign), change)
    return outcome, log[log["stream"] == CAMPAIGNS], log


def of_each(rows):
    """Times of the rows of each customer."""
    return [rows["t"][rows["customer"] == customer] for customer in np.unique(rows["customer"])]


# ---------------------------------------------------------------- when
def test_a_message_reaches_everybody_at_every_pick():
    outcome, mail, _ = mailing()
    assert len(mail) == 300 * 9 == outcome.campaigns.picked[0] == outcome.campaigns.handed[0]
    assert set(mail["t"]) == {7.0 * k for k in range(9)}
    assert set(mail["touchpoint"]) == {MAIL}


def test_picks_fall_on_multiples_never_on_sums():
    mail = mailing(every="0.1 d", change={"population": {"size": 1}})[1]
    assert mail["t"].tolist() == [k * 0.1 for k in range(600)]


def test_a_campaign_keeps_to_its_dates():
    mail = mailing(starts="10 d", ends="24 d")[1]
    assert set(mail["t"]) == {10, 17}


def test_messages_are_spread_over_their_window():
    """Uniform over 12 h: mean .25 d, z = 4 of sqrt(1/12/n) windows, n = 2,700."""
    mail = mailing(sends={"within": "12 h"})[1]
    late = mail["t"] % 7
    assert (late >= 0).all()
    assert late.max() < 0.5
    assert abs(late.mean() - 0.25) < 4 * 0.5 / math.sqrt(12 * len(mail))


DAYTIME = {
    "calendars": {"hours": {"mon-fri 09:00-17:00": 1, "sat 10:00-12:00": 4}},
    "customers": {"needs": {"when": "hours"}},
}


@pytest.mark.parametrize("starts", ["0 d", "5.5 d", "6 d"])
def test_messages_are_never_seen_outside_active_hours(starts):
    mail = mailing(DAYTIME, starts=starts, sends={"within": "1 d"})[1]
    day, hour = mail["t"] // 1 % 7, mail["t"] % 1 * 24
    weekday, saturday = (day < 5) & (hour >= 9) & (hour < 17), (day == 5) & (hour >= 10) & (hour < 12)
    assert len(mail) > 2_000
    assert (weekday | saturday).all()


def test_a_message_is_seen_at_the_next_active_moment():
    """Sent on Sunday at 00:00, seen within an hour of profile time on Monday: 48/168 of an hour."""
    mail = mailing(DAYTIME, starts="6 d")[1]
    late = mail["t"] % 7
    assert (late > 9 / 24).all()
    assert (late < (9 + 48 / 168) / 24).all()


# ---------------------------------------------------------------- whom
def test_a_share_of_the_audience_is_picked_each_time():
    mail = mailing(picks={"chance": 0.2})[1]
    picks = np.bincount((mail["t"] / 7).astype(int), minlength=9)
    assert (abs(picks - 60) < 4 * math.sqrt(300 * 0.16)).all()  # z = 4, n = 300 a pick
    assert abs(len(mail) - 540) < 4 * math.sqrt(2700 * 0.16)  # z = 4, n = 2,700
    assert len(np.unique(mail["customer"])) > 200  # not always the same


def test_the_held_out_are_a_random_share_and_never_picked():
    mail = mailing(limits={"hold_out": 0.3})[1]
    held_out = 300 - len(np.unique(mail["customer"]))
    assert abs(held_out - 90) < 4 * math.sqrt(300 * 0.21)  # z = 4, n = 300
    assert len(mail) == 9 * (300 - held_out)


def test_whoever_is_held_out_is_so_whatever_else_changes():
    some = np.unique(mailing(limits={"hold_out": 0.3}, every="3 d", picks={"chance": 0.9})[1]["customer"])
    fewer = np.unique(mailing(limits={"hold_out": 0.5})[1]["customer"])
    assert np.isin(fewer, some).all()


FEW = {"horizon": "2 y", "population": {"size": 5}}


@pytest.mark.parametrize("every", ["3 d", "10 d", "1 month"])
@pytest.mark.parametrize("spacing", ["1 per 10 d", "1 per month"])
def test_nobody_is_reached_more_often_than_the_limit_allows(every, spacing):
    least = {"1 per 10 d": 10, "1 per month": 365 / 12}[spacing]
    mail = mailing(FEW, every=every, limits={"per_customer": spacing})[1]
    for t in of_each(mail):
        assert (np.diff(t) > least - 1e-6).all()


@pytest.mark.parametrize("every", ["10 d", "1 month", "3.3 d", "0.7 d"])
def test_a_pick_that_falls_on_the_limit_is_allowed(every):
    """Once a month, to everybody at most once a month: every time, whatever the rounding of the times."""
    mail = mailing(FEW, every=every, limits={"per_customer": f"1 per {every}"})[1]
    times = np.unique(mail["t"])
    assert len(mail) == 5 * len(times)
    period = parse(TOWN | {"horizon": every}).horizon
    assert len(times) == math.ceil(730 / period - 1e-9)


def before(log, row, touchpoint=ORDER):
    """Times of the customer's orders before a row."""
    own = log[(log["customer"] == row["customer"]) & (log["touchpoint"] == touchpoint)]
    return own["t"][own["t"] < row["t"]]


FACTS = {
    "orders at least": ({"orders": {"at_least": 3}}, lambda t, now: len(t) >= 3),
    "orders at most": ({"orders": {"at_most": 2}}, lambda t, now: len(t) <= 2),
    "lately at least": ({"orders_last_30_d": {"at_least": 2}}, lambda t, now: (t >= now - 30).sum() >= 2),
    "lately at most": ({"orders_last_30_d": {"at_most": 1}}, lambda t, now: (t >= now - 30).sum() <= 1),
    "order lately": ({"days_since_order": {"at_most": 5}}, lambda t, now: len(t) > 0 and now - t[-1] <= 5),
    "order long ago": ({"days_since_order": {"at_least": 9}}, lambda t, now: len(t) == 0 or now - t[-1] >= 9),
    "entry": ({"days_since_entry": {"at_least": 20, "at_most": 40}}, lambda t, now: 20 <= now <= 40),
    "two facts": (
        {"orders": {"at_least": 2}, "days_since_order": {"at_least": 7}},
        lambda t, now: len(t) >= 2 and now - t[-1] >= 7,
    ),
}


@pytest.mark.parametrize(("audience", "holds"), FACTS.values(), ids=FACTS.keys())
def test_exactly_those_of_whom_the_facts_hold_are_picked(audience, holds):
    """Messages arrive at once, so the facts of the pick are those at the row."""
    _, mail, log = mailing({"population": {"size": 60}}, picks={"from": audience})
    reached = set(zip(mail["customer"].tolist(), mail["t"].tolist(), strict=True))
    assert 0 < len(reached) < 60 * 9
    for customer in range(60):
        for now in 7.0 * np.arange(9):
            row = {"customer": customer, "t": now}
            assert ((customer, now) in reached) == bool(holds(before(log, row), now))


def test_a_segment_can_be_the_audience():
    segments = {"a": {"share": 0.3}, "b": {"share": 0.3}, "c": {"share": "rest"}}
    outcome, mail, _ = mailing({"segments": segments}, picks={"from": {"segment": {"is": ["a", "c"]}}})
    assert set(outcome.people.segment[mail["customer"]]) == {0, 2}
    assert len(mail) == 9 * np.isin(outcome.people.segment, (0, 2)).sum()


# ---------------------------------------------------------------- money
def test_a_budget_is_never_exceeded_and_used_up():
    outcome, mail, _ = mailing(limits={"budget": 100})
    assert outcome.campaigns.spent[0] == 10_000
    assert len(mail) == 200


@pytest.mark.parametrize(("budget", "most"), [("33.33 per week", 66), ("40 per 10 d", 80)])
def test_a_budget_per_period_is_never_exceeded_in_any_period(budget, most):
    period = 7 if "week" in budget else 10
    mail = mailing(every="2 d", limits={"budget": budget})[1]
    spent = np.bincount((mail["t"] // period).astype(int), minlength=int(60 / period))
    assert (spent <= most).all()
    assert (spent == most).sum() >= 60 // period


def test_a_budget_goes_to_a_random_part_of_the_audience():
    """Not to those who come first in the books: mean number 149.5, z = 4 of 86.6 / sqrt(n), n = 60."""
    mail = mailing(limits={"budget": "30 per week"})[1]
    first = mail["customer"][mail["t"] == 0]
    assert len(first) == 60
    assert abs(first.mean() - 149.5) < 4 * 86.6 / math.sqrt(60)
    assert not np.array_equal(np.sort(first), np.sort(mail["customer"][mail["t"] == 7]))


def test_a_larger_budget_reaches_the_same_people_and_more():
    small, large = (mailing(every="90 d", limits={"budget": budget})[1]["customer"] for budget in (30, 60))
    assert set(small.tolist()) < set(large.tolist())


def test_what_costs_nothing_needs_no_budget():
    mail = mailing({"touchpoints": {"mail": {"cost": 0}}}, limits={"budget": 0})[1]
    assert len(mail) == 2_700


LEAVING = {"customers": {"leaves": "4 per year"}}


def test_those_who_have_left_unseen_still_cost():
    outcome, mail, _ = mailing(LEAVING)
    daily = outcome.daily.sum(axis=(0, 1))
    gone = 2_700 - len(mail)
    assert gone > 300
    assert outcome.campaigns.picked[0] == daily[DAY["messages"]] == 2_700
    assert outcome.campaigns.spent[0] == daily[DAY["cost"]] == 2_700 * 50


def test_those_who_have_cancelled_a_contract_get_nothing():
    change = {"contract": {"renews": "10 d"}, "customers": {"leaves": "20 % per renewal"}}
    outcome, mail, _ = mailing(change)
    alive = [(outcome.people.t_left > t).sum() for t in 7.0 * np.arange(9)]
    assert np.bincount((mail["t"] / 7).astype(int), minlength=9).tolist() == alive
    assert outcome.campaigns.picked[0] == len(mail)


def test_a_message_that_is_ignored_costs_the_same():
    """It was sent: what is spent is what is booked, whoever reads it."""
    reply = {
        "starts_on": {"message": {"of": "drive", "becomes": "mail", "usually": 0.3}},
        "steps": {"mail": {"next": "end"}},
    }
    outcome, mail, _ = mailing({"journeys": {"reply": reply}})
    daily = outcome.daily.sum(axis=(0, 1))
    assert 0.2 * 2_700 < len(mail) < 0.4 * 2_700
    assert daily[DAY["messages"]] == 2_700
    assert outcome.campaigns.spent[0] == daily[DAY["cost"]] == 2_700 * 50


def test_a_message_to_somebody_who_leaves_before_it_is_seen_costs_the_same():
    outcome, _, _ = mailing(LEAVING, sends={"within": "6 d"}, ends="50 d")
    daily = outcome.daily.sum(axis=(0, 1))
    assert outcome.campaigns.spent[0] == daily[DAY["cost"]]
    assert outcome.campaigns.picked[0] == daily[DAY["messages"]]


# ---------------------------------------------------------------- gifts
def test_gifts_are_handed_over_with_the_next_touch_of_their_touchpoint():
    outcome, pens, log = giving(every="90 d")
    orders = log[log["touchpoint"] == ORDER]
    assert len(pens) == len(np.unique(orders["customer"])) == outcome.campaigns.handed[0] > 250
    for pen in pens:
        own = orders[orders["customer"] == pen["customer"]]
        assert (pen["t"], pen["seq"]) == (own["t"][0], own["seq"][0] + 1)


def test_one_gift_waits_at_a_time():
    """Picked daily, but not while the last gift still waits: at most one gift an order."""
    _, pens, log = giving(every="1 d")
    orders = log[log["stream"] == NEED]
    pairs = [set(zip(rows["customer"].tolist(), rows["t"].tolist(), strict=True)) for rows in (pens, orders)]
    assert len(pairs[0]) == len(pens) > 1_000
    assert pairs[0] <= pairs[1]


def test_a_gift_is_not_handed_over_where_nobody_serves():
    """Whoever finds the shop closed, or gives up waiting, does not get the gift yet."""
    change = {
        "staff": {"clerk": {"servers": 1, "open": "mon-fri 09:00-15:00"}},
        "touchpoints": {
            "order": {
                "staff": {"pool": "clerk", "service": "30 min", "patience": {"mean": "20 min", "cv": 1}}
            }
        },
    }
    _, pens, log = giving(change, every="90 d")
    orders = log[(log["touchpoint"] == ORDER) & (log["outcome"] <= 1)]
    served = set(zip(orders["customer"].tolist(), orders["t"].tolist(), strict=True))
    assert len(pens) > 50
    assert set(zip(pens["customer"].tolist(), pens["t"].tolist(), strict=True)) <= served


def test_gifts_cost_when_they_are_given_and_are_reserved_when_picked():
    outcome, pens, _ = giving(every="5 d", limits={"budget": 300})
    daily, row = outcome.daily.sum(axis=(0, 1)), outcome.campaigns[0]
    assert daily[DAY["gifts"]] == len(pens) == row.handed <= row.picked == 150
    assert daily[DAY["cost"]] == len(pens) * 200 <= row.spent == 30_000


# ---------------------------------------------------------------- the occasion
def test_a_message_can_set_off_a_journey_of_its_own():
    reply = {
        "starts_on": {"message": {"of": "drive", "becomes": "mail", "usually": 0.5}},
        "steps": {"mail": {"next": {"order": {"weight": 1, "after": "1 d"}, "end": 3}}, "order": {}},
    }
    _, rows, log = mailing({"journeys": {"reply": reply}})
    read, bought = (rows["touchpoint"] == MAIL).sum(), (rows["touchpoint"] == ORDER).sum()
    assert abs(read - 1_350) < 4 * math.sqrt(2_700 / 4)  # z = 4, n = 2,700
    assert abs(bought - read / 4) < 4 * math.sqrt(read * 3 / 16)  # z = 4, n about 1,350
    assert (log["kind"] == TOUCH).all()


def test_setup_is_a_fixed_cost():
    data = {"picks": {"every": "7 d"}, "sends": {"touchpoint": "mail"}, "costs": {"setup": 99.5}}
    assert lower(parse(merged(TOWN, {"campaigns": {"drive": data}}))).fixed_cost == 9_950
