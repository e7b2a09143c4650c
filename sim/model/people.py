"""Everybody at once: what happens to all customers at one instant."""

from sim._jit import njit
from sim.model.feelings import settle
from sim.model.layout import EXPECTED


@njit
def settle_all(w, t):
    """Carry everybody's feelings to time t: at the horizon, for the tables."""
    for i in range(len(w.people)):
        p = w.people[i]
        if p.status != EXPECTED and p.t_feel < t:
            settle(w, p, t)
