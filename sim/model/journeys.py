"""Which way a journey goes on: an exponential race between the edges of a step.

argmin -ln(u_e) / w_e picks edge e with probability w_e / sum(w); keyed by the *target*, adding a 10 %
edge moves 10 % of the people (Efraimidis & Spirakis 2006 for the race).
"""

import math

import numpy as np

from sim._jit import njit
from sim.model.draws import draw, drawn
from sim.model.feelings import clamp
from sim.model.keys import MAX_VISIT
from sim.model.layout import FIRST_VISIT, NOBODY, ON_NEXT
from sim.model.loyalty import state
from sim.model.triggers import meet, total_lift

_STEEPEST = 300.0  # logits beyond which a pull is certain, and its exponential still a number
SLOTS, BITS = 5, 12  # visit counters in a pending step's `visits`, each up to MAX_VISIT


@njit(forceinline=True)
def visit_number(w, visits, step):
    """How often this step was met before in the same occasion."""
    slot = w.steps[step].slot
    return (visits >> (BITS * slot)) & (MAX_VISIT - 1) if slot >= 0 else FIRST_VISIT


@njit(forceinline=True)
def visited(w, visits, step):
    """The visit counters after one more visit of a step."""
    slot = w.steps[step].slot
    return visits + (1 << (BITS * slot)) if slot >= 0 else visits


@njit(forceinline=True)
def edge_weight(w, p, t, e, valence):
    """weight * (1 + sum of what it follows) * exp(sum of pull * state)."""
    edge = w.edges[e]
    weight = edge.weight
    if edge.follows_end > edge.follows:
        weight *= 1.0 + _following(w, p, edge)
    if w.psyche[0].on == 0.0:
        return weight
    total = 0.0
    for k in range(edge.pulls, edge.pulls_end):
        total += w.pulls[k].coefficient * state(w, p, np.int64(w.pulls[k].state), valence, t)
    return weight * math.exp(clamp(total, -_STEEPEST, _STEEPEST)) if total != 0.0 else weight


@njit
def _following(w, p, edge):
    """How far the published counts that an edge follows have come: each times its coefficient."""
    total = 0.0
    for k in range(edge.follows, edge.follows_end):
        total += w.follows[k].coefficient * w.published_count[p.site, w.follows[k].signal]
    return total


@njit(forceinline=True)
def next_edge(w, p, t, stream, index, visit, step, outcome, valence):
    """The edge a customer takes after a touch: (edge, its probability, the trigger that turned it).

    A trigger has turned the choice if the same luck without it would have gone another way.
    """
    place = w.steps[step]
    first, last = np.int64(place.edges[outcome]), np.int64(place.edges[outcome + 1])
    if last - first == 1:
        return np.int64(first), 1.0, NOBODY
    tp = w.touchpoints[place.touchpoint]
    lifted, strongest = 0.0, NOBODY
    if w.psyche[0].on != 0.0:
        lifted, strongest = total_lift(w, p, tp.triggers, tp.triggers_end, ON_NEXT, t)
        meet(w, p, tp.triggers, tp.triggers_end, ON_NEXT, t, stream, index, visit)
    factor = math.exp(lifted) if lifted != 0.0 else 1.0
    best, plain_best, choice, plain_choice = math.inf, math.inf, first, first
    total, chosen = 0.0, 0.0
    for e in range(first, last):
        plain = edge_weight(w, p, t, e, valence)
        if plain <= 0.0:
            continue
        weight = plain * factor if w.edges[e].target >= 0 else plain
        total += weight
        waits = -math.log(draw(w, p, stream, index, visit, w.edges[e].race))
        if waits / weight < best:
            best, choice, chosen = waits / weight, e, weight
        if lifted != 0.0 and waits / plain < plain_best:
            plain_best, plain_choice = waits / plain, e
    turned = lifted != 0.0 and choice != plain_choice
    return choice, chosen / total, strongest if turned else NOBODY


@njit(forceinline=True)
def delay_of(w, p, e, stream, index, visit):
    """Days until the target of edge e is met."""
    edge = w.edges[e]
    if edge.delay < 0:
        return 0.0
    return drawn(w, p, edge.delay, stream, index, visit, edge.delay_key)
