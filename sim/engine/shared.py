"""What the customers of a site share, for the compiled engine: requests in time order, staff, stock.

A customer who needs staff or stock has one request, at the number of the pending step that waits for it.
Requests lie in a heap in the total order of the model: time, rank, customer. One site is simulated at a
time, so there is one heap, of one site.
"""

import math

import numpy as np

from sim._jit import njit
from sim.engine import ranks
from sim.model.bundle import Bundle
from sim.model.layout import GAVE_UP, NOBODY, OK
from sim.model.occasions import patience

OCCASION, PATIENCE, SERVICE_END = map(np.int64, (ranks.OCCASION, ranks.PATIENCE, ranks.SERVICE_END))
_JOINS, _LEAVES = np.int64(1), np.int64(-1)
RANK = np.int64(32)  # a key is the rank above these bits, the customer's place in them

EVENT = np.dtype([("t", "f8"), ("key", "i8"), ("node", "i8")], align=True)  # node -1: he just lives on

REQUEST = np.dtype(
    [
        ("at", "f8"),  # when its next event is due: the request itself, the end of patience, of service
        ("asked", "f8"),
        ("waited", "f8"),
        ("service", "f8"),
        ("customer", "i4"),  # place in people
        ("before", "i4"),  # neighbours in the queue
        ("behind", "i4"),
        ("rank", "i2"),  # what its next event is; PATIENCE: stands in the queue
        ("pool", "i2"),
        ("stock", "i2"),
        ("level", "i2"),  # of priority, the first served first
        ("closed", "i2"),
    ],
    align=True,
)

DESK = np.dtype(
    [
        ("servers", "i4"),
        ("busy", "i4"),
        ("waiting", "i4"),
        ("since", "f8"),  # the length of the queue has been counted up to then
        ("requests", "i8"),
        ("waited", "i8"),
        ("gave_up", "i8"),
        ("served", "i8"),
        ("wait_days", "f8"),
        ("service_days", "f8"),
        ("queue_days", "f8"),
    ],
    align=True,
)
LINE = np.dtype([("first", "i4"), ("last", "i4")], align=True)  # requests of one priority, as they came

FIELDS = (
    "requests",  # REQUEST[nodes], beside World.pool
    "heap",  # EVENT[room]
    "desks",  # DESK[sites, pools]
    "lines",  # LINE[sites, pools, levels]
    "priorities",  # i8[levels], rising
    "shelves",  # f8[sites, stocks]: units there
    "due",  # f8[customers]: when the next occasion is due; ASKS while a request is open
    "members",  # i4[customers], by site
    "first_member",  # i8[sites + 1]
    "first_due",  # i4[BUCKETS]: lists of the site's customers by the time at which they are due
    "next_due",  # i4[customers]: the next on the same list
    "cadences",  # CADENCE[cadences]
    "turns",  # i8[cadences]: number of the next turn of each, at the site that is being simulated
    "shown",  # f8[turns of signals in this stretch, sites, 2]: value and count
    "cursor",  # CURSOR[1]
)


class Shared(Bundle):
    """The arrays named in FIELDS, for the compiled engine."""

    FIELDS = FIELDS


# ---------------------------------------------------------------- the heap
@njit(forceinline=True)
def _earlier(a, b):
    return a.t < b.t or (a.t == b.t and a.key < b.key)


@njit(forceinline=True)
def _put(e, k, t, key, node):
    event = e.heap[k]
    event.t, event.key, event.node = t, key, node


@njit
def push(e, c, t, rank, i, node):
    """Customer i's event at time t joins the heap; the caller has made room."""
    key = (rank << RANK) | np.int64(i)
    k = c.events
    c.events = k + 1
    while k > 0:
        parent = e.heap[(k - 1) >> 1]
        if parent.t < t or (parent.t == t and parent.key <= key):
            break
        _put(e, k, parent.t, parent.key, parent.node)
        k = (k - 1) >> 1
    _put(e, k, t, key, node)


@njit(forceinline=True)
def drop_first(e, c):
    """Take the first event off the heap."""
    n = c.events - 1
    c.events = n
    if n == 0:
        return
    last = e.heap[n]
    k, child = 0, 1
    while child < n:
        if child + 1 < n and _earlier(e.heap[child + 1], e.heap[child]):
            child += 1
        least = e.heap[child]
        if not _earlier(least, last):
            break
        _put(e, k, least.t, least.key, least.node)
        k, child = child, 2 * child + 1
    _put(e, k, last.t, last.key, last.node)


@njit(forceinline=True)
def schedule(e, c, n, t, rank):
    """The next event of request n is due at t."""
    r = e.requests[n]
    r.at, r.rank = t, rank
    if t < math.inf:
        push(e, c, t, rank, np.int64(r.customer), n)


# ---------------------------------------------------------------- requests
@njit(forceinline=True)
def open_request(w, e, c, i):
    """Customer i, who has just asked, gets a request due at the time at which he asked."""
    n = np.int64(w.people[i].asking)
    r, ask = e.requests[n], w.ask[0]
    r.customer, r.pool, r.stock, r.closed = i, ask.pool, ask.stock, ask.closed
    r.service = ask.service
    r.level = 0
    while e.priorities[r.level] < ask.priority:
        r.level += 1
    schedule(e, c, n, w.pool[n].due, OCCASION)


@njit(forceinline=True)
def take(e, site, stock):
    """Reserve one unit if there is one."""
    if e.shelves[site, stock] < 1.0:
        return False
    e.shelves[site, stock] -= 1.0
    return True


@njit
def deliver(e, site, stock, to, add):
    """A delivery: up to a level, or so many more."""
    level = e.shelves[site, stock]
    e.shelves[site, stock] = max(level, to) if add == 0.0 else level + add


# ---------------------------------------------------------------- staff
@njit(forceinline=True)
def want_service(w, e, c, site, n, t):
    """Request n goes to a free member of staff, or to the end of its queue."""
    r = e.requests[n]
    r.asked = t
    desk = e.desks[site, r.pool]
    if desk.busy < desk.servers:
        _begin_service(e, c, site, n, t)
        return
    _note(desk, t, _JOINS)
    line = e.lines[site, r.pool, r.level]
    r.before, r.behind = line.last, NOBODY
    if line.last >= 0:
        e.requests[line.last].behind = n
    else:
        line.first = n
    line.last = n
    schedule(e, c, n, t + patience(w, w.people[r.customer]), PATIENCE)


@njit
def _begin_service(e, c, site, n, t):
    r = e.requests[n]
    e.desks[site, r.pool].busy += 1
    r.waited = t - r.asked
    schedule(e, c, n, t + r.service, SERVICE_END)


@njit
def serve_next(e, c, site, pool, t):
    """Staff who are free at t turn to those who wait: by priority, then as they came."""
    desk = e.desks[site, pool]
    while desk.waiting > 0 and desk.busy < desk.servers:
        level = 0
        while e.lines[site, pool, level].first < 0:
            level += 1
        n = np.int64(e.lines[site, pool, level].first)
        leave_queue(e, site, n, t)
        _begin_service(e, c, site, n, t)


@njit(forceinline=True)
def leave_queue(e, site, n, t):
    """Request n stands in the queue no more."""
    r = e.requests[n]
    _note(e.desks[site, r.pool], t, _LEAVES)
    line = e.lines[site, r.pool, r.level]
    if r.before >= 0:
        e.requests[r.before].behind = r.behind
    else:
        line.first = r.behind
    if r.behind >= 0:
        e.requests[r.behind].before = r.before
    else:
        line.last = r.before


@njit
def give_up(e, site, n, t):
    """Request n's patience has ended: days waited."""
    leave_queue(e, site, n, t)
    r = e.requests[n]
    r.rank = NOBODY
    r.waited = t - r.asked
    _count(e.desks[site, r.pool], r, t, GAVE_UP, 0.0)
    if r.stock >= 0:
        e.shelves[site, r.stock] += 1.0
    return r.waited


@njit(forceinline=True)
def end_service(e, site, n, t):
    """Request n has been served: days waited."""
    r = e.requests[n]
    e.desks[site, r.pool].busy -= 1
    _count(e.desks[site, r.pool], r, t, OK, r.service)
    return r.waited


@njit(forceinline=True)
def _count(desk, r, t, outcome, service):
    """One request is over; the warm-up is not counted."""
    if t < 0.0:
        return
    desk.requests += 1
    if r.waited > 0.0:
        desk.waited += 1
    if outcome == OK:
        desk.served += 1
    else:
        desk.gave_up += 1
    desk.wait_days += r.waited
    desk.service_days += service


@njit(forceinline=True)
def _note(desk, t, change):
    """The queue grows or shrinks: add to the integral of its length."""
    if t > 0.0:
        desk.queue_days += desk.waiting * (t - max(desk.since, 0.0))
    desk.since = t
    desk.waiting += change


@njit(entry=True)
def staff_with(e, c, pool, servers, t):
    """From t on so many serve at every site; whoever leaves finishes the customer at hand first."""
    for site in range(len(e.desks)):
        e.desks[site, pool].servers = servers
        c.events = 0  # what is scheduled here stands in the requests, too
        serve_next(e, c, site, pool, t)


def close_queues(desks: np.ndarray, t: float) -> None:
    """Count the length of every queue up to t > 0: :func:`_note` for all desks at once."""
    desks["queue_days"] += desks["waiting"] * (t - np.maximum(desks["since"], 0.0))
    desks["since"] = t
