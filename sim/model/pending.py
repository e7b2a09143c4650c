"""Steps that wait for their time: a short sorted list per customer, its nodes from one pool."""

import math

import numpy as np

from sim._jit import njit
from sim.model.layout import NOBODY
from sim.model.world import FREE, USED

NO_VISITS = np.int64(0)
SENT = -1.0  # "chance" of a pending step that a campaign has put there: its occasion has yet to begin


@njit
def _before(w, a, b):
    """Total order of one customer's pending steps: due, stream, occasion index, step."""
    x, y = w.pool[a], w.pool[b]
    if x.due != y.due:
        return x.due < y.due
    if x.stream != y.stream:
        return x.stream < y.stream
    if x.index != y.index:
        return x.index < y.index
    return x.step < y.step


@njit(forceinline=True)
def new_node(w, due, stream, index, visits, step, chance, trigger, waits_at):
    """A filled node off the free list; its number. The engine keeps room."""
    n = w.tally[FREE]
    node = w.pool[n]
    w.tally[FREE] = node.next
    w.tally[USED] += 1
    node.due, node.stream, node.index, node.visits, node.step = due, stream, index, visits, step
    node.chance, node.trigger, node.waits_at, node.next = chance, trigger, waits_at, -1
    return n


@njit(forceinline=True)
def free_node(w, n):
    """Give node n back."""
    w.pool[n].next = w.tally[FREE]
    w.tally[FREE] = n
    w.tally[USED] -= 1


@njit
def insert(w, p, n):
    """Put node n where it belongs in the customer's list."""
    if p.pending < 0 or _before(w, n, np.int64(p.pending)):
        w.pool[n].next = p.pending
        p.pending = n
        return
    at = np.int64(p.pending)
    while w.pool[at].next >= 0 and not _before(w, n, np.int64(w.pool[at].next)):
        at = np.int64(w.pool[at].next)
    w.pool[n].next = w.pool[at].next
    w.pool[at].next = n


@njit(forceinline=True)
def pop_first(w, p):
    """Take the first node out of the list (without freeing it)."""
    n = np.int64(p.pending)
    p.pending = w.pool[n].next
    return n


@njit
def drop_all(w, p):
    """The customer is gone: whatever was pending goes too."""
    while p.pending >= 0:
        free_node(w, pop_first(w, p))


@njit
def hand_over(w, p, touchpoint, t):
    """Gifts that wait for this touchpoint become due now."""
    at, before = np.int64(p.pending), NOBODY
    while at >= 0:
        if w.pool[at].waits_at == touchpoint and w.pool[at].due == math.inf:
            _unlink(w, p, at, before)
            w.pool[at].due = t
            insert(w, p, at)
            at, before = np.int64(p.pending), NOBODY  # the list has changed: look again from its head
        else:
            at, before = np.int64(w.pool[at].next), at


@njit
def _unlink(w, p, at, before):
    """Take node `at` out of the list; `before` is the one that leads to it, if any."""
    if before < 0:
        p.pending = w.pool[at].next
    else:
        w.pool[before].next = w.pool[at].next
