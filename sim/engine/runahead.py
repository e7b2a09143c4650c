"""Run-ahead: a site's customers live one after another, up to the next thing that all of them can see.

Between two refreshes of what is published, a customer's events touch nobody else unless he needs staff or
stock. So in each window every customer of a site runs ahead on his own record until the window ends or he
asks for something shared; the requests alone are then taken in the order of time (`sim.engine.shared`).
This is exact: the same draws, the same order where order matters. Sites share nothing but what the whole
brand publishes, so they are simulated one after another, each for a whole stretch of time, in which its
customers stay in the cache.
"""

import math

import numpy as np

from sim._jit import njit
from sim.engine.shared import (
    OCCASION,
    PATIENCE,
    SERVICE_END,
    deliver,
    drop_first,
    end_service,
    give_up,
    open_request,
    push,
    serve_next,
    take,
    want_service,
)
from sim.model.layout import CLOSED, CUSTOMER, GAVE_UP, NOBODY, OK, SOLD_OUT
from sim.model.occasions import ASKS, FULL, begin, crowded, finish, live, next_due
from sim.model.signals import publish

DONE, NO_ROOM, PAUSED = np.arange(3)  # what `run_sites` returns
REFRESH, SHOW, DELIVER = np.arange(3)  # kinds of cadences, in the order in which they act at one time
ARRIVE, OPEN, PEOPLE, REQUESTS = np.arange(4)  # where in a site's stretch the cursor stands
_SPARE = 4  # events that one step may add to the heap
_FORESIGHT = 16.0  # shortest cadences over which the list of those who are due soon reaches

CADENCE = np.dtype(
    [
        ("kind", "i4"),
        ("number", "i4"),  # of the signal or stock
        ("period", "f8"),  # days
        ("first", "i8"),  # number of its first turn in this stretch
        ("row", "i8"),  # of that turn in Shared.shown
        ("to", "f8"),
        ("add", "f8"),
    ],
    align=True,
)

CURSOR = np.dtype(
    [
        ("site", "i8"),
        ("phase", "i8"),
        ("t", "f8"),  # the window began
        ("end", "f8"),  # the window ends, exclusive
        ("last", "f8"),  # the last moment before that
        ("reach", "f8"),  # until then the list of those who are due soon is good
        ("soon", "i8"),  # how many are on it
        ("place", "i8"),  # how far down the list this window has come
        ("kept", "i8"),  # how many of these stay on it
        ("events", "i8"),  # in the heap
        ("steps", "i8"),  # customers and requests handled since the last pause
    ],
    align=True,
)


@njit
def begin_all(w, e, now):
    """Everybody's clocks, at the beginning of the run."""
    for i in range(len(w.people)):
        begin(w, w.people[i], now)
    look_again(w, e)


@njit
def look_again(w, e):
    """When everybody who is not busy is due next, after something has changed for many."""
    for i in range(len(w.people)):
        p = w.people[i]
        e.due[i] = next_due(w, p) if p.asking < 0 else ASKS


@njit
def wake(w, e, chosen, number):
    """The picked look at their lists again; who is busy does so anyway when he is done."""
    for k in range(number):
        p = w.people[chosen[k]]
        if p.status == CUSTOMER and p.asking < 0:
            e.due[chosen[k]] = next_due(w, p)


@njit
def run_sites(w, e, now, until, budget):
    """Let every site live from `now` until `until` (exclusive); all state is in the cursor.

    Returns DONE; NO_ROOM: make room in the log, the pool or the heap, then call again; PAUSED after about
    `budget` steps: call again.
    """
    c = e.cursor[0]
    c.steps = 0
    while c.site < len(w.site_size):
        if c.phase == ARRIVE:
            arrive(w, e, c, now)
        while c.t < until:
            code = window(w, e, c, until, budget)
            if code != DONE:
                return code
        c.site += 1
        c.phase = ARRIVE
    c.site = 0
    return DONE


@njit
def arrive(w, e, c, now):
    """A site's turn: its cadences, and the events of those who are waiting or being served."""
    for k in range(len(e.cadences)):
        e.turns[k] = e.cadences[k].first
    c.events = 0
    for k in range(e.first_member[c.site], e.first_member[c.site + 1]):
        i = e.members[k]
        if e.due[i] == ASKS:
            n = np.int64(w.people[i].asking)
            r = e.requests[n]
            if r.at < math.inf:
                push(e, c, r.at, np.int64(r.rank), i, n)
    c.t, c.reach, c.phase = now, -math.inf, OPEN


@njit
def window(w, e, c, until, budget):
    """One window of the site at hand, or what is left of it."""
    if c.phase == OPEN:
        open_window(w, e, c, until)
    if c.phase == PEOPLE:
        code = run_ahead(w, e, c, budget)
        if code != DONE:
            return code
        c.soon, c.phase = c.kept, REQUESTS
    code = settle_requests(w, e, c, budget)
    if code != DONE:
        return code
    c.t, c.phase = c.end, OPEN
    return DONE


# ---------------------------------------------------------------- windows
@njit
def open_window(w, e, c, until):
    """What is due at the window's beginning is published or delivered; the window ends at the next such time."""
    c.end, shortest = until, math.inf
    for k in range(len(e.cadences)):
        cadence = e.cadences[k]
        shortest = min(shortest, cadence.period)
        if e.turns[k] * cadence.period <= c.t:
            act(w, e, c, k)
            e.turns[k] += 1
        c.end = min(c.end, e.turns[k] * cadence.period)
    c.last = np.nextafter(c.end, -math.inf)
    if c.end > c.reach:
        c.reach = max(c.end, min(until, c.t + _FORESIGHT * shortest))
        look_ahead(e, c)
    c.place, c.kept, c.phase = 0, 0, PEOPLE


@njit
def act(w, e, c, k):
    """Cadence k's turn at this site."""
    cadence, site = e.cadences[k], c.site
    number = np.int64(cadence.number)
    if cadence.kind == REFRESH:
        publish(w, number, site, site + 1)
        row = cadence.row + e.turns[k] - cadence.first
        e.shown[row, site, 0] = w.published[site, number]
        e.shown[row, site, 1] = w.published_count[site, number]
    elif cadence.kind == SHOW:
        w.shelf[site, number] = e.shelves[site, number]
    else:
        deliver(e, site, number, cadence.to, cadence.add)


@njit
def look_ahead(e, c):
    """List those of the site who are due before `reach`, or busy and may be."""
    n = 0
    for k in range(e.first_member[c.site], e.first_member[c.site + 1]):
        i = e.members[k]
        if e.due[i] < c.reach:
            e.soon[n] = i
            n += 1
    c.soon = n


# ---------------------------------------------------------------- customers
@njit
def run_ahead(w, e, c, budget):
    """Everybody who is due in the window lives until its end, or until he asks."""
    while c.place < c.soon:
        if c.steps >= budget:
            return PAUSED
        i = np.int64(e.soon[c.place])
        due = e.due[i]
        if due < c.end and due != ASKS:
            if not go_on(w, e, c, i, c.t):
                return NO_ROOM
        c.place += 1
        if e.due[i] < c.reach:
            e.soon[c.kept] = i
            c.kept += 1
    return DONE


@njit
def go_on(w, e, c, i, now):
    """Customer i lives from `now` to the end of the window, or until he asks; False if there is no room."""
    if c.events + _SPARE > len(e.heap):
        return False
    c.steps += 1
    due = live(w, w.people[i], now, c.last)
    if due == FULL:
        return False
    e.due[i] = due
    if due == ASKS:
        open_request(w, e, c, i)
    return True


# ---------------------------------------------------------------- requests
@njit
def settle_requests(w, e, c, budget):
    """Requests, ends of patience and of service, in the order of time, up to the end of the window."""
    while c.events > 0 and e.heap[0].t < c.end:
        if crowded(w) or c.events + _SPARE > len(e.heap):
            return NO_ROOM
        if c.steps >= budget:
            return PAUSED
        settle_first(w, e, c)
    return DONE


@njit
def settle_first(w, e, c):
    """The first event of the heap happens."""
    event = e.heap[0]
    t, n, rank, i = event.t, np.int64(event.node), event.key >> 32, event.key & 0xFFFFFFFF
    drop_first(e, c)
    if n < 0:
        live_on(w, e, c, i, t)
    elif rank == SERVICE_END:
        pool = np.int64(e.requests[n].pool)
        waited = end_service(e, c.site, n, t)
        serve_next(e, c, c.site, pool, t)
        end_touch(w, e, c, i, OK, t, waited)
    elif rank == OCCASION:
        ask(w, e, c, i, n, t)
    elif stands_in_line(e, i, n, t):
        end_touch(w, e, c, i, GAVE_UP, t, give_up(e, c.site, n, t))


@njit
def stands_in_line(e, i, n, t):
    """Whether the end of patience at t is still that of request n: it is not once he has been served."""
    r = e.requests[n]
    return r.rank == PATIENCE and r.at == t and r.customer == i


@njit
def ask(w, e, c, i, n, t):
    """A request comes up: a unit of stock is reserved, then staff serve."""
    r = e.requests[n]
    if r.closed:
        end_touch(w, e, c, i, CLOSED, t, 0.0)
    elif r.stock >= 0 and not take(e, c.site, np.int64(r.stock)):
        end_touch(w, e, c, i, SOLD_OUT, t, 0.0)
    elif r.pool < 0:
        end_touch(w, e, c, i, OK, t, 0.0)
    else:
        want_service(e, c, c.site, n, t)


@njit
def end_touch(w, e, c, i, outcome, t, waited):
    """The touch for which customer i had asked ends; his life goes on."""
    finish(w, w.people[i], outcome, t, waited)
    live_on(w, e, c, i, t)


@njit
def live_on(w, e, c, i, t):
    """Customer i lives on from t; without room he comes back to it at the same time."""
    if not go_on(w, e, c, i, t):
        push(e, c, t, OCCASION, i, NOBODY)
