"""What the touch draws for which a customer has asked: looked at from outside, before it happens."""

import numpy as np

from sim._jit import njit
from sim.model.answers import failing
from sim.model.draws import draw
from sim.model.journeys import visit_number
from sim.model.layout import FAILED, FAILS, OK


@njit(entry=True)
def luck(w, i, purpose):
    """The uniform of a purpose at the touch for which customer i has asked."""
    p = w.people[i]
    node = w.pool[p.asking]
    visit = visit_number(w, np.int64(node.visits), np.int64(node.step))
    return draw(w, p, node.stream, node.index, visit, purpose)


@njit(entry=True)
def fate(w, i, t):
    """How that touch ends at time t if nobody else has a say in it, once it has come about: OK or FAILED."""
    place = w.steps[w.pool[w.people[i].asking].step]
    touchpoint = np.int64(place.touchpoint)
    chance = failing(w, w.touchpoints[touchpoint], touchpoint, t)
    return FAILED if chance > 0.0 and luck(w, i, place.purpose[FAILS]) < chance else OK
