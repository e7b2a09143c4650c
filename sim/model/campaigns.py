"""Campaigns: whom a pick reaches, on facts a business can see, and what the picked then have pending.

Audiences and budgets are settled here, at one instant, in a keyed random order.
"""

import math

import numpy as np

from sim._jit import njit
from sim.model import layout
from sim.model.calendar import clock_time, profile_time
from sim.model.keys import hash_name
from sim.model.layout import BY_RENEWAL, CUSTOMER, FIRST_VISIT, LEFT, NOBODY, RECENT
from sim.model.pending import NO_VISITS, SENT, insert, new_node
from sim.model.record import ONE, count, day_number
from sim.model.touch import draw

PURPOSES = ("pick", "hold out", "spread", "seen")
PICK, HOLD_OUT, SPREAD, SEEN = (np.int64(hash_name("campaign", name)) for name in PURPOSES)
PERIOD_SPENT, PICKED, SPENT, PERIOD = range(4)  # columns of World.spent
_MESSAGES, _COST = layout.DAY["messages"], layout.DAY["cost"]
_HOUR = 1.0 / 24.0
_ROUNDING = 1e-9  # days: picks fall on multiples, and so may their spacing


@njit
def recent_orders(w, p, t):
    """Orders from 30 days before t on, by date (at most RECENT are remembered)."""
    number, since = 0, day_number(w, t - 30.0)
    for k in range(min(p.n_order, RECENT)):
        if p.recent[(p.n_order - k) % RECENT] >= since:
            number += 1
    return number


@njit
def fact(w, p, k, t):
    """Fact k of layout.FACTS about customer p at time t, as a business sees it."""
    if k == 1:
        return np.float64(p.n_order)
    if k == 2:
        return np.float64(recent_orders(w, p, t))
    return t - (p.t_order if k == 3 else p.t_entry)


@njit
def in_audience(w, c, p, t):
    """Whether customer p may be picked. Who has left without a word is still in the books."""
    campaign = w.campaigns[c]
    if p.opted_out and not campaign.gift:
        return False
    gone = p.status == LEFT and w.segments[p.segment].leaves_by != BY_RENEWAL
    if p.status != CUSTOMER and not gone:
        return False
    if (campaign.segments >> p.segment) & 1 == 0:
        return False
    for k in range(1, len(layout.FACTS)):
        low, high = campaign.low[k], campaign.high[k]
        if (low > -math.inf or high < math.inf) and not (low <= fact(w, p, k, t) <= high):
            return False
    return True


@njit(entry=True)
def audience(w, c, k, t, chosen, luck):
    """Pick k of campaign c at time t: fills `chosen` with customers and `luck` with the uniforms in whose
    order the budget takes them; how many."""
    campaign = w.campaigns[c]
    n = 0
    for i in range(len(w.people)):
        p = w.people[i]
        if (
            not in_audience(w, c, p, t)
            or t - w.picked[i, c] < campaign.spacing - _ROUNDING
            or _waiting(w, p, campaign)
        ):
            continue
        u = draw(w, p, np.int64(campaign.stream), k, FIRST_VISIT, PICK)
        if (
            u < campaign.chance
            and draw(w, p, np.int64(campaign.stream), np.int64(0), FIRST_VISIT, HOLD_OUT) >= campaign.hold_out
        ):
            luck[n], chosen[n] = u, i
            n += 1
    return n


@njit
def _waiting(w, p, campaign):
    """Whether a gift of this campaign still waits for the customer."""
    at = p.pending if campaign.gift else NOBODY
    while at >= 0:
        if w.pool[at].stream == campaign.stream and w.pool[at].due == math.inf:
            return True
        at = w.pool[at].next
    return False


def affordable(w, c, t):
    """How many more customers the budget of campaign c lets it pick at time t; all, without a budget."""
    campaign = w.campaigns[c]
    if campaign.budget < 0 or campaign.unit_cost <= 0:
        return len(w.people)
    period = math.floor(t / campaign.budget_period)
    if w.spent[c, PERIOD] != period:
        w.spent[c, PERIOD], w.spent[c, PERIOD_SPENT] = period, 0
    return int(max(0, (campaign.budget - w.spent[c, PERIOD_SPENT]) // campaign.unit_cost))


@njit(entry=True)
def send(w, c, k, t, chosen):
    """Pick k reaches the chosen: a gift that waits for them, or a message on its way."""
    campaign = w.campaigns[c]
    for i in chosen:
        p = w.people[i]
        w.picked[i, c] = t
        w.spent[c, PERIOD_SPENT] += campaign.unit_cost
        w.spent[c, PICKED] += 1
        w.spent[c, SPENT] += campaign.unit_cost
        if p.status == CUSTOMER:
            due = math.inf if campaign.gift else _seen_at(w, p, campaign, k, t)
            waits_at = np.int64(campaign.waits_at) if campaign.gift else NOBODY
            stream, step = np.int64(campaign.stream), np.int64(campaign.step)
            insert(w, p, new_node(w, due, stream, k, NO_VISITS, step, SENT, NOBODY, waits_at))
        if (
            not campaign.gift
        ):  # it costs the same whether it is read, ignored, or sent to somebody who has gone
            count(w, p, t, _COST, campaign.unit_cost)
            count(w, p, t, _MESSAGES, ONE)


@njit
def _seen_at(w, p, campaign, k, t):
    """Sent within the window, seen at the customer's next active moment and a little later (keyed)."""
    sent = t + campaign.within * draw(w, p, np.int64(campaign.stream), k, FIRST_VISIT, SPREAD)
    calendar = w.segments[p.segment].calendar
    if calendar < 0:
        return sent
    after = _HOUR * draw(w, p, np.int64(campaign.stream), k, FIRST_VISIT, SEEN)
    return max(sent, clock_time(w, calendar, profile_time(w, calendar, sent) + after))
