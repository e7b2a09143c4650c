"""The exogenous clocks: needs, moments to leave, awareness. Their times never depend on the brand."""

import math

import numpy as np

from sim._jit import njit
from sim.model.calendar import clock_time, profile_time
from sim.model.keys import hash_name
from sim.model.layout import AWARE, BY_RATE, BY_RENEWAL, FIRST_VISIT, LEAVE, NEED
from sim.model.touch import draw, sampled

GAP, FIRST, CHOICE, ACCEPT, WHEN = (
    np.int64(hash_name("clock", name)) for name in ("gap", "first", "choice", "accept", "when")
)
PERIOD, SPREAD, FIRST_NEED, WARM_START = 3, 4, 5, 6  # places in World.times


@njit
def start_needs(w, p, t):
    """The first need after t. Those who were there before day 0 get the stationary first gap
    (length-biased gap times a uniform), newcomers a fresh one."""
    gap = np.float64(p.need_gap)
    if gap == math.inf:
        p.due_need = math.inf
        return
    segment = w.segments[p.segment]
    u = draw(w, p, NEED, np.int64(0), FIRST_VISIT, GAP)
    if p.founding:
        x = sampled(w, segment.first_gap, u) * draw(w, p, NEED, np.int64(0), FIRST_VISIT, FIRST)
    else:
        x = sampled(w, segment.gap, u)
    p.due_need = clock_time(w, segment.calendar, profile_time(w, segment.calendar, t) + gap * x)


@njit
def next_need(w, p):
    """The need after the one that is due now."""
    segment = w.segments[p.segment]
    p.n_need += 1
    x = sampled(w, segment.gap, draw(w, p, NEED, np.int64(p.n_need), FIRST_VISIT, GAP))
    tau = profile_time(w, segment.calendar, p.due_need) + np.float64(p.need_gap) * x
    p.due_need = max(p.due_need, clock_time(w, segment.calendar, tau))


@njit
def reconsider_rate(w, p):
    """Moments a day at which the customer can leave: the dominating rate of the thinning."""
    segment = w.segments[p.segment]
    return segment.reconsiders if segment.reconsiders > 0.0 else segment.bound * np.float64(p.leave)


@njit
def _wait_to_reconsider(w, p):
    rate = reconsider_rate(w, p)
    return (
        -math.log(draw(w, p, LEAVE, np.int64(p.n_leave), FIRST_VISIT, GAP)) / rate if rate > 0.0 else math.inf
    )


@njit
def start_leaving_clock(w, p, t):
    """The first moment after t at which the customer can leave."""
    by = w.segments[p.segment].leaves_by
    if by == BY_RATE:
        p.due_leave = t + _wait_to_reconsider(w, p)
    elif by == BY_RENEWAL:
        p.due_leave = _renewal(w, p, t)
    else:
        p.due_leave = math.inf


@njit
def _renewal(w, p, t):
    """Renewal 0: a period after entry, or spread over the period for those who were there before."""
    period = w.times[PERIOD]
    phase = (
        draw(w, p, LEAVE, np.int64(0), FIRST_VISIT, FIRST) if p.founding and w.times[SPREAD] > 0.0 else 1.0
    )
    return t + phase * period


@njit
def next_chance_to_leave(w, p):
    """The moment after the one that is due now. Renewals are multiples, never accumulated."""
    by = w.segments[p.segment].leaves_by
    p.n_leave += 1
    if by == BY_RATE:
        p.due_leave += _wait_to_reconsider(w, p)
    else:
        start = w.times[WARM_START] if p.founding else p.t_entry
        p.due_leave = _renewal(w, p, start) + p.n_leave * w.times[PERIOD]


@njit
def start_awareness(w, p, t):
    """A prospect next hears of the brand after an exponential time."""
    gap = w.segments[p.segment].aware_gap
    p.due_leave = t - math.log(draw(w, p, AWARE, np.int64(p.n_leave), FIRST_VISIT, GAP)) * gap
