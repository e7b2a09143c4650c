"""Loyalty programmes: cards, points, rewards, tiers, and what a nearly full card does (goal gradient).

A card is a row of World.cards beside the customer's record. Points that have lapsed are found when somebody
looks; what they are is written down at the next purchase.
"""

import numpy as np

from sim._jit import njit
from sim.model import layout
from sim.model.draws import draw
from sim.model.feelings import stir_all
from sim.model.layout import ENTRY, FIRST_VISIT, NOBODY
from sim.model.places import place_of
from sim.model.record import ONE, count, millionths

JOINED, REWARDS, ISSUED, REDEEMED, LAPSED, SPENT = np.arange(6)  # columns of World.books
BOOKS = 6
_COUNT_JOINED, _COUNT_REDEEMED = layout.DAY["joined"], layout.DAY["redeemed"]
_REVENUE, _MARGIN = layout.DAY["revenue"], layout.DAY["margin"]
YEAR = 365.0  # days of a membership year


# ---------------------------------------------------------------- looking
@njit
def points(w, p, c, t):
    """Points on the customer's card of programme c at time t; 0 without a card."""
    return _held(w, w.cards[place_of(w, p), c], c, t)


@njit
def tier(w, p, c, t):
    """The customer's tier in programme c at time t: 0 none, 1 the lowest."""
    reached = _tier_row(w, w.cards[place_of(w, p), c], c, t)
    return reached - np.int64(w.programmes[c].tiers) + 1 if reached >= 0 else np.int64(0)


@njit
def _held(w, card, c, t):
    programme = w.programmes[c]
    if not card.member or not programme.runs or t - card.bought >= programme.lasts:
        return 0.0
    return np.float64(card.points)


@njit
def _year_of(card, t):
    """Membership years since joining."""
    return int((t - card.joined) / YEAR)


@njit
def _tier_row(w, card, c, t):
    """The row of World.tiers that the points of this membership year or of the one before give, or NOBODY."""
    programme, reached = w.programmes[c], NOBODY
    if not card.member or not programme.runs or programme.tiers == programme.tiers_end:
        return reached
    year = _year_of(card, t)
    earned = max(card.earned, card.earned_before) if year == card.year else 0.0
    if year == card.year + 1:
        earned = card.earned
    for k in range(programme.tiers, programme.tiers_end):
        if earned >= w.tiers[k].at:
            reached = np.int64(k)
    return reached


@njit
def at_stake(w, p, t):
    """What a customer who left would lose of all programmes: points at the reward's worth, a year of the tier."""
    i, total = place_of(w, p), 0.0
    for c in range(w.cards.shape[1]):
        card, programme = w.cards[i, c], w.programmes[c]
        total += _held(w, card, c, t) / programme.at * programme.worth
        reached = _tier_row(w, card, c, t)
        if reached >= 0:
            total += w.tiers[reached].worth
    return total


@njit
def goal_pull(w, p, t):
    """What nearly full cards add to the logit of a choice at a need: pull times the way covered to a reward
    that is worth something (Kivetz, Urminsky & Zheng 2006), a head start counting more (Nunes & Dreze 2006)."""
    i, total = place_of(w, p), 0.0
    for c in range(w.cards.shape[1]):
        programme = w.programmes[c]
        if programme.pull > 0.0 and programme.worth > 0.0:
            card = w.cards[i, c]
            held = _held(w, card, c, t)
            given = w.psyche[0].endowed * card.given if held > 0.0 else 0.0
            total += programme.pull * (min(1.0, held / programme.at) + given / programme.at)
    return total


@njit
def served_with(w, p, t, priority):
    """The priority of a customer in a queue: a tier's where that is better."""
    i = place_of(w, p)
    for c in range(w.cards.shape[1]):
        reached = _tier_row(w, w.cards[i, c], c, t)
        if reached >= 0:
            priority = min(priority, np.int64(w.tiers[reached].priority))
    return priority


# ---------------------------------------------------------------- joining
@njit
def join(w, p, t, touchpoint):
    """A good touch where programmes are joined: whoever is of the kind that joins does; cents that the cards
    cost. Who joins is the customer's own luck, so that nobody who declines is worn down by asking again."""
    i, cost = place_of(w, p), np.int64(0)
    for c in range(w.cards.shape[1]):
        programme, card = w.programmes[c], w.cards[i, c]
        if programme.joins_at != touchpoint or not programme.runs or card.member:
            continue
        if draw(w, p, ENTRY, np.int64(0), FIRST_VISIT, programme.join) >= programme.chance:
            continue
        card.member, card.joined, card.bought = 1, t, t
        card.points = card.given = programme.head_start
        count(w, p, t, _COUNT_JOINED, ONE)
        _book(w, c, t, JOINED, ONE)
        _book(w, c, t, ISSUED, millionths(programme.head_start))
        _book(w, c, t, SPENT, programme.per_member)
        cost += programme.per_member
    return cost


@njit
def _book(w, c, t, what, amount):
    """Add to the books of programme c; the warm-up is not counted."""
    if t >= 0.0:
        w.books[c, what] += amount


# ---------------------------------------------------------------- buying
@njit
def use_cards(w, p, t, stream, index, visit, revenue, goods):
    """An order of a customer with cards, at its price and with what its goods cost: a full card pays for some
    of it, the others earn. (cents still to pay, cents that the rewards cost)"""
    i, cost = place_of(w, p), np.int64(0)
    for c in range(w.cards.shape[1]):
        card, programme = w.cards[i, c], w.programmes[c]
        if not card.member or not programme.runs:
            continue
        held = _held(w, card, c, t)
        if held < card.points:
            _book(w, c, t, LAPSED, millionths(card.points))
            card.points, card.given = held, 0.0
        redeems = card.points >= programme.at
        if redeems:
            paid, saved = _pay(programme, revenue, goods)
            _redeem(w, p, c, t, card, paid - saved)
            if w.psyche[0].on != 0.0:
                stir_all(w, p, programme.feels, programme.feels_end, t, stream, index, visit)
            count(w, p, t, _REVENUE, -paid)
            count(w, p, t, _MARGIN, saved - paid)
            cost += programme.cost
            revenue, goods = revenue - paid, goods - saved
        if programme.per_currency:
            _earn(w, c, t, card, programme.earns * (revenue / 100.0))
        elif not redeems:
            _earn(w, c, t, card, programme.earns)
        card.bought = t
    return revenue, cost


@njit
def _pay(programme, revenue, goods):
    """What a reward takes off the price, and off the cost of the goods, which it replaces: cents."""
    paid = min(np.int64(programme.worth_cents), revenue)
    return paid, int(round(goods * (paid / revenue))) if paid > 0 else np.int64(0)


@njit
def _redeem(w, p, c, t, card, lost):
    programme = w.programmes[c]
    card.points -= programme.at
    card.given = 0.0
    count(w, p, t, _COUNT_REDEEMED, ONE)
    _book(w, c, t, REWARDS, ONE)
    _book(w, c, t, REDEEMED, millionths(programme.at))
    _book(w, c, t, SPENT, programme.cost + lost)


@njit
def _earn(w, c, t, card, amount):
    """Points for an order, times what the tier gives."""
    reached = _tier_row(w, card, c, t)
    if reached >= 0:
        amount *= w.tiers[reached].times
    year = _year_of(card, t)
    if year != card.year:
        card.earned_before = card.earned if year == card.year + 1 else 0.0
        card.earned, card.year = 0.0, year
    card.points += amount
    card.earned += amount
    _book(w, c, t, ISSUED, millionths(amount))
