"""The five commitments and the three loyalty indices (Keiningham et al. 2015 for the five).

One index cannot carry forced commitment's opposite signs, so leaving, buying and advocacy each have
their own weights. Goodwill and trust act through affective commitment and the buffer, never as further
terms: one touch must not count four times.
"""

import math

import numpy as np

from sim._jit import njit
from sim.model.feelings import emotion, goodwill, grievance, obligation


@njit
def economic(w, p):
    """What would be lost by leaving, 0..1: 1 - exp(-at stake / scale)."""
    stake = np.float64(p.switching_cost)
    return 1.0 - math.exp(-stake / w.psyche[0].economic_scale) if stake > 0.0 else 0.0


@njit
def forced(p):
    """No known alternative, 0..1."""
    return 1.0 - np.float64(p.alternatives)


@njit
def habitual(w, p):
    """Habit after n orders, A (1 - exp(-k n)) (Lally et al. 2010)."""
    q = w.psyche[0]
    return q.habit_ceiling * (1.0 - math.exp(-q.habit * p.n_order))


@njit
def _committed(w, p, weights, t):
    total = (
        weights[0] * np.float64(p.affective)
        + weights[1] * np.float64(p.normative)
        + weights[2] * economic(w, p)
        + weights[3] * forced(p)
        + weights[4] * habitual(w, p)
        + weights[5] * np.float64(p.satisfaction)
    )
    return total + weights[6] * grievance(w, p, t) if p.grievance != 0.0 else total


@njit
def loyalty_to_stay(w, p, t):
    """L_leave at time t: what holds the customer, emotions included where the scenario weighs them."""
    total = _committed(w, p, w.psyche[0].leaving, t)
    for k in range(len(w.emotions)):
        if w.emotions[k].on_leaving != 0.0:
            total += w.emotions[k].on_leaving * emotion(w, p, k, t)
    return total


@njit
def loyalty_to_buy(w, p, t):
    """L_buy at time t: what draws the customer at a need."""
    total = _committed(w, p, w.psyche[0].buying, t)
    for k in range(len(w.emotions)):
        if w.emotions[k].on_buying != 0.0:
            total += w.emotions[k].on_buying * emotion(w, p, k, t)
    return total


@njit
def loyalty_to_tell(w, p, t):
    """L_advocacy at time t: what makes the customer speak well of the brand."""
    return _committed(w, p, w.psyche[0].advocacy, t)


@njit
def leaving_multiplier(w, p, t):
    """What feelings make of the stated leaving rate: exp(-effect (L - centre)), or linear.

    The linear link returns the *additive* part -effect (L - centre), per day.
    """
    q = w.psyche[0]
    if q.on == 0.0:
        return 0.0 if q.linear else 1.0
    x = q.effect_leaving * (loyalty_to_stay(w, p, t) - w.segments[p.segment].centre_leaving)
    return -x if q.linear else math.exp(-x)


@njit
def leaving_hazard(w, p, t):
    """Leaving hazard per day at time t."""
    h0, m = np.float64(p.leave), leaving_multiplier(w, p, t)
    return max(0.0, h0 + m) if w.psyche[0].linear else h0 * m


@njit
def leaving_chance(w, p, t):
    """Leaving probability at a renewal or after a visit: 1 - (1 - p)^m."""
    p0, m = np.float64(p.leave), leaving_multiplier(w, p, t)
    if w.psyche[0].linear:
        return min(max(p0 + m, 0.0), 1.0)
    if m == 1.0 or p0 >= 1.0:
        return p0
    return 1.0 - math.exp(m * math.log1p(-p0))


@njit
def state(w, p, k, valence, t):
    """The value of state k of layout.STATES, after the emotions, at time t: what a pull reads."""
    n = len(w.emotions)
    if k < n:
        return emotion(w, p, k, t)
    k -= n
    if k == 0:
        return goodwill(w, p, t)
    if k == 1:
        return np.float64(p.satisfaction)
    if k == 2:
        return np.float64(p.expectation)
    if k == 3:
        return np.float64(p.trust)
    if k == 4:
        return obligation(w, p, t)
    if k == 5:
        return np.float64(p.affective)
    if k == 6:
        return np.float64(p.normative)
    if k == 7:
        return economic(w, p)
    if k == 8:
        return forced(p)
    if k == 9:
        return habitual(w, p)
    if k == 10:
        return valence
    if k == 13:
        return grievance(w, p, t)
    return loyalty_to_stay(w, p, t) if k == 11 else loyalty_to_tell(w, p, t)
