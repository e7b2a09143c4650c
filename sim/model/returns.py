"""Winning back: what those who have left still feel, whether a message brings them back, and their next life.

What attracted them in the first life counts again (Kumar, Bhagwat & Zhang 2015): the stronger it was, the
likelier the return; what broke their satisfaction holds them off until it is forgotten.
"""

import math

import numpy as np

from sim._jit import njit
from sim.model import clocks, layout
from sim.model.contact import worn
from sim.model.draws import draw
from sim.model.feelings import MANY, begin_episode, fade, obligation
from sim.model.keys import hash_name
from sim.model.layout import CAMPAIGNS, CUSTOMER, FIRST_VISIT
from sim.model.logistic import logistic
from sim.model.loyalty import loyalty_to_buy
from sim.model.record import ONE, count, new_row, wants_row
from sim.model.world import BACK

PURPOSE = "wins back"
WINS_BACK = np.int64(hash_name("campaign", PURPOSE))
_AFFECTIVE, _SATISFACTION = np.int64(0), np.int64(5)  # places in layout.COMMITMENTS
_RETURNED = layout.DAY["returned"]


@njit
def remembered(w, p, t):
    """What is left at time t of what somebody felt and believed when leaving, 0..1."""
    return fade(w.psyche[0].forgets_half_life, t - p.t_left)


@njit
def chance_to_return(w, p, c, t):
    """The probability that a message of campaign c brings somebody back who has left."""
    campaign, q = w.campaigns[c], w.psyche[0]
    if q.on == 0.0:
        return campaign.wins_back
    forgotten = 1.0 - remembered(w, p, t)
    loyalty = loyalty_to_buy(w, p, t)
    loyalty -= q.buying[_AFFECTIVE] * np.float64(p.affective) * forgotten
    loyalty -= q.buying[_SATISFACTION] * np.float64(p.satisfaction) * forgotten
    logit = math.log(campaign.wins_back / (1.0 - campaign.wins_back))
    logit += q.effect_buying * (loyalty - w.segments[p.segment].centre_buying)
    logit += (
        np.float64(p.price_sensitivity) * q.price_weight * campaign.offer
        + obligation(w, p, t)
        - worn(w, p, t)
    )
    return logistic(logit)


@njit
def comes_back(w, p, t, stream, index):
    """Whether pick `index` of a campaign brings somebody back who has left: (yes or no, the probability)."""
    c = stream - CAMPAIGNS
    chance = chance_to_return(w, p, c, t)
    if draw(w, p, stream, index, FIRST_VISIT, WINS_BACK) >= chance:
        return False, chance
    _live_again(w, p, t)
    count(w, p, t, _RETURNED, ONE)
    if wants_row(w, t, layout.RETURNING):
        w.log[new_row(w, p, t, layout.RETURNING, stream, index)].chance = chance
    return True, chance


@njit
def _live_again(w, p, t):
    """The next life: memory as it has faded, needs that went on unseen, a fresh clock of leaving."""
    if w.psyche[0].on != 0.0:
        kept, stated = remembered(w, p, t), w.segments[p.segment].trust
        p.affective, p.satisfaction = kept * np.float64(p.affective), kept * np.float64(p.satisfaction)
        p.trust = stated + kept * (np.float64(p.trust) - stated)
        begin_episode(p)  # nothing of the first life goes on
    row = w.absences[w.tally[BACK]]
    row.customer, row.segment, row.reason, row.left, row.back = p.id, p.segment, p.reason, p.t_left, t
    w.tally[BACK] += 1
    p.status, p.reason, p.t_left = CUSTOMER, 0, math.inf
    p.lives = min(np.int64(p.lives) + 1, MANY)
    while p.due_need <= t:
        clocks.next_need(w, p)
    clocks.start_again(w, p, t)
