"""The exogenous clocks: needs, moments to leave, awareness. Their times never depend on the brand."""

import math

import numpy as np

from sim._jit import njit
from sim.model.calendar import clock_time, profile_time
from sim.model.draws import draw, sampled
from sim.model.keys import hash_name
from sim.model.layout import AWARE, BY_RATE, BY_RENEWAL, FIRST_VISIT, LEAVE, NEED

PURPOSES = ("gap", "first", "choice", "accept")
GAP, FIRST, CHOICE, ACCEPT = (np.int64(hash_name("clock", name)) for name in PURPOSES)
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
def rescale_needs(w, p, before):
    """On day 0 the mean gap changes from `before`: what is left of the gap at hand stretches with it."""
    gap, calendar = np.float64(p.need_gap), w.segments[p.segment].calendar
    if gap == math.inf or before == math.inf:
        start_needs(w, p, 0.0)
        return
    left = profile_time(w, calendar, p.due_need) - profile_time(w, calendar, 0.0)
    p.due_need = clock_time(w, calendar, profile_time(w, calendar, 0.0) + left * gap / before)


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
        p.due_leave = _first_renewal(w, p)
    else:
        p.due_leave = math.inf


@njit
def restart_leaving_clock(w, p, t):
    """The next moment to reconsider after t, at the rate that holds from t on."""
    by = w.segments[p.segment].leaves_by
    if by == BY_RATE:
        p.n_leave += 1
        p.due_leave = t + _wait_to_reconsider(w, p)
    elif by != BY_RENEWAL:
        p.due_leave = math.inf


@njit
def _first_renewal(w, p):
    """A period after entry, or spread over the period for those who were there before day 0."""
    period = w.times[PERIOD]
    if not p.founding:
        return p.t_entry + period
    if w.times[SPREAD] > 0.0:
        return w.times[WARM_START] + draw(w, p, LEAVE, np.int64(0), FIRST_VISIT, FIRST) * period
    return period


@njit
def restart_renewals(w, p):
    """On day 0 the renewal period changes: the first renewal of the new rhythm from then on."""
    if w.segments[p.segment].leaves_by == BY_RENEWAL:
        first, period = _first_renewal(w, p), w.times[PERIOD]
        p.n_leave = max(0, int(math.ceil(-first / period)))
        p.due_leave = first + p.n_leave * period


@njit
def start_again(w, p, t):
    """The first moment to leave of somebody who has come back at time t: renewals count from then on."""
    if w.segments[p.segment].leaves_by == BY_RENEWAL:
        p.due_leave = t + w.times[PERIOD]
    else:
        restart_leaving_clock(w, p, t)


@njit
def next_chance_to_leave(w, p):
    """The moment after the one that is due now. Renewals of a first life are multiples, never accumulated."""
    p.n_leave += 1
    if w.segments[p.segment].leaves_by == BY_RATE:
        p.due_leave += _wait_to_reconsider(w, p)
    elif p.lives > 0:
        p.due_leave += w.times[PERIOD]
    else:
        p.due_leave = _first_renewal(w, p) + p.n_leave * w.times[PERIOD]


@njit
def start_awareness(w, p, t):
    """A prospect next hears of the brand after an exponential time."""
    gap = w.segments[p.segment].aware_gap
    p.due_leave = t - math.log(draw(w, p, AWARE, np.int64(p.n_leave), FIRST_VISIT, GAP)) * gap
