"""Campaigns: whom a pick reaches, on facts a business can see, and what the picked then have pending.

Audiences and budgets are settled here, at one instant, in a keyed random order.
"""

import math

import numpy as np

from sim._jit import njit
from sim.model import layout
from sim.model.calendar import clock_time, profile_time
from sim.model.draws import draw
from sim.model.keys import hash_name, uniform
from sim.model.layout import (
    BIRTHDAY,
    BY_RENEWAL,
    CUSTOMER,
    FIRST_VISIT,
    LAPSE,
    LEFT,
    NO_DATE,
    NOBODY,
    PROSPECT,
    RECENT,
)  # fmt: skip
from sim.model.logistic import logistic
from sim.model.loyalty import loyalty_to_stay
from sim.model.normal import normal_quantile
from sim.model.pending import NO_VISITS, SENT, insert, new_node
from sim.model.programme import points, tier
from sim.model.record import ONE, count, day_number

PURPOSES = ("pick", "hold out", "spread", "seen", "estimate")
PICK, HOLD_OUT, SPREAD, SEEN, ESTIMATE = (np.int64(hash_name("campaign", name)) for name in PURPOSES)
_TRAITS = np.int64(hash_name("traits"))
_BORN, _JOINED = (np.int64(hash_name("traits", name)) for name in ("birthday", "anniversary"))
YEAR = 365.0  # days
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
def _day_of_year(w, p, purpose):
    """A day 0..364 of the customer's own, the same under every campaign and strategy."""
    return math.floor(YEAR * uniform(w.key[0], p.id, _TRAITS, 0, 0, purpose))


@njit
def last_seen(p):
    """The last order; the entry of somebody who has not ordered yet."""
    return max(p.t_order, p.t_entry)


@njit
def has_date(w, p, campaign, t):
    """Whether the day that begins at t holds the date for which a campaign looks."""
    if campaign.on == LAPSE:
        return 0.0 <= t - last_seen(p) - campaign.after < 1.0
    if campaign.on == BIRTHDAY:
        since = t - _day_of_year(w, p, _BORN)
    elif p.founding:  # became a customer on some day of the year before day 0
        since = t - _day_of_year(w, p, _JOINED)
    else:
        since = t - p.t_entry
        if since < YEAR:
            return False
    return since % YEAR < 1.0


@njit
def estimated_risk(w, p, campaign, k, t):
    """What the brand makes of its data at pick k: how ready the customer is to leave, 0..1, with its errors."""
    q = w.psyche[0]
    loyalty = 0.0
    if q.on != 0.0:
        loyalty = loyalty_to_stay(w, p, t) - w.segments[p.segment].centre_leaving
    error = normal_quantile(draw(w, p, np.int64(campaign.stream), k, FIRST_VISIT, ESTIMATE))
    return logistic(q.estimate_noise * error - q.estimate_scale * loyalty)


@njit
def fact(w, p, campaign, pick, k, t):
    """Fact k of layout.FACTS about customer p at time t, as a business sees it; nan where there is none."""
    if k == 1:
        return np.float64(p.n_order)
    if k == 2:
        return np.float64(recent_orders(w, p, t))
    if k == 5:
        return p.answer - 1.0 if p.answer > 0 else math.nan
    if k == 6:
        return estimated_risk(w, p, campaign, pick, t)
    if k == 7:
        return points(w, p, np.int64(campaign.points_of), t)
    if k == 8:
        return np.float64(tier(w, p, np.int64(campaign.tier_of), t))
    return t - (p.t_order if k == 3 else p.t_entry)


@njit
def reachable(w, campaign, p):
    """Whether customer p is in the books. Who has left without a word still is; who has ended a contract is in
    other books; an event finds customers alone, and prospects where it says so."""
    if campaign.event:
        return p.status == CUSTOMER or (p.status == PROSPECT and campaign.prospects)
    if p.opted_out and not campaign.gift:
        return False
    if p.status == LEFT and w.segments[p.segment].leaves_by == BY_RENEWAL:
        return campaign.left
    return (p.status == CUSTOMER or p.status == LEFT) and not campaign.left


@njit
def in_audience(w, c, p, k, t):
    """Whether customer p may be picked at pick k."""
    campaign = w.campaigns[c]
    if not reachable(w, campaign, p) or (campaign.segments >> p.segment) & 1 == 0:
        return False
    if campaign.on != NO_DATE and not has_date(w, p, campaign, t):
        return False
    for what in range(1, len(layout.FACTS)):
        low, high = campaign.low[what], campaign.high[what]
        if (low > -math.inf or high < math.inf) and not (low <= fact(w, p, campaign, k, what, t) <= high):
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
            not in_audience(w, c, p, k, t)
            or t - w.picked[i, c] < campaign.spacing - _ROUNDING
            or _waiting(w, p, campaign)
        ):
            continue
        u = draw(w, p, np.int64(campaign.stream), k, FIRST_VISIT, PICK)
        if u >= campaign.chance:
            continue
        if draw(w, p, np.int64(campaign.stream), np.int64(0), FIRST_VISIT, HOLD_OUT) < campaign.hold_out:
            w.picked[i, c] = t  # would have been: with whom the others are compared
            continue
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
    """Pick k reaches the chosen: a gift that waits for them, or a message (or the news of an event) on its way."""
    campaign = w.campaigns[c]
    for i in chosen:
        p = w.people[i]
        w.picked[i, c] = t
        w.spent[c, PERIOD_SPENT] += campaign.unit_cost
        w.spent[c, PICKED] += 1
        w.spent[c, SPENT] += campaign.unit_cost
        if p.status != LEFT or campaign.wins_back > 0.0:
            due = math.inf if campaign.gift else _seen_at(w, p, campaign, k, t)
            waits_at = np.int64(campaign.waits_at) if campaign.gift else NOBODY
            stream, step = np.int64(campaign.stream), np.int64(campaign.step)
            insert(w, p, new_node(w, due, stream, k, NO_VISITS, step, SENT, NOBODY, waits_at))
        if (
            not campaign.gift and not campaign.event
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
