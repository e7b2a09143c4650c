"""Everybody at once: what happens to all customers at one instant."""

import numpy as np

from sim._jit import njit
from sim.model.clocks import PERIOD, rescale_needs, restart_leaving_clock, restart_renewals
from sim.model.feelings import settle
from sim.model.layout import CUSTOMER, EXPECTED
from sim.model.loyalty import economic, forced, habitual


@njit(entry=True)
def begin_day_0(w, gaps, period):
    """The rates of day 0 hold from day 0 on, for everybody who was there before.

    ``gaps`` and ``period``: the mean gaps between needs and the renewal period of the warm-up. Moments to
    reconsider have no memory and are drawn anew, in the baseline too, so that a strategy that changes no rate
    changes no moment.
    """
    for i in range(len(w.people)):
        p = w.people[i]
        if p.status == CUSTOMER:
            restart_leaving_clock(w, p, 0.0)
            if p.need_gap != gaps[i]:
                rescale_needs(w, p, np.float64(gaps[i]))
            if w.times[PERIOD] != period:
                restart_renewals(w, p)


@njit(entry=True)
def settle_all(w, t):
    """Carry everybody's feelings to time t: at the horizon, for the tables."""
    for i in range(len(w.people)):
        p = w.people[i]
        if p.status != EXPECTED and p.t_feel < t:
            settle(w, p, t)


@njit(entry=True)
def weigh_commitments(w, t, shares):
    """Economic, forced and habitual commitment of everybody at time t, which no record holds: f4[customers, 3]."""
    for i in range(len(w.people)):
        p = w.people[i]
        if p.status != EXPECTED:
            shares[i, 0], shares[i, 1], shares[i, 2] = economic(w, p, t), forced(p), habitual(w, p)
