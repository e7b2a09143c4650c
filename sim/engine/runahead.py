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
    RANK,
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
WAITS, LIVES_ON = np.int64(-1), np.int64(-2)  # instead of an outcome
_CUSTOMER = np.int64(0xFFFFFFFF)  # his bits of an event's key
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


@njit(entry=True)
def begin_all(w, e, now):
    """Everybody's clocks, at the beginning of the run."""
    for i in range(len(w.people)):
        begin(w, w.people[i], now)
    look_again(w, e)


@njit(entry=True)
def look_again(w, e):
    """When everybody who is not busy is due next, after something has changed for many."""
    for i in range(len(w.people)):
        p = w.people[i]
        e.due[i] = next_due(w, p) if p.asking < 0 else ASKS


@njit(entry=True)
def wake(w, e, chosen):
    """The picked look at their lists again; who is busy does so anyway when he is done."""
    for i in chosen:
        p = w.people[i]
        if p.status == CUSTOMER and p.asking < 0:
            e.due[i] = next_due(w, p)


@njit(entry=True)
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
            if c.phase == OPEN:
                open_window(w, e, c, until)
            code = run_ahead(w, e, c, budget) if c.phase == PEOPLE else DONE
            if code == DONE:
                c.phase = REQUESTS
                code = settle_requests(w, e, c, budget)
            if code != DONE:
                return code
            c.t, c.phase = c.end, OPEN
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
        if due < c.end and due != ASKS and not go_on(w, e, c, i, c.t):
            return NO_ROOM
        c.place += 1
        if e.due[i] < c.reach:
            e.soon[c.kept] = i
            c.kept += 1
    c.soon = c.kept
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
        t, i = e.heap[0].t, e.heap[0].key & _CUSTOMER
        outcome, waited = settle_first(w, e, c, i, t)
        if outcome == WAITS:
            continue
        if outcome != LIVES_ON:
            finish(w, w.people[i], outcome, t, waited)
        if not go_on(w, e, c, i, t):
            push(e, c, t, OCCASION, i, NOBODY)  # he comes back to it when there is room
    return DONE


@njit
def settle_first(w, e, c, i, t):
    """The first event of the heap: (how customer i's touch ends now, days waited), or WAITS, or LIVES_ON."""
    n, rank = np.int64(e.heap[0].node), e.heap[0].key >> RANK
    drop_first(e, c)
    if n < 0:
        return LIVES_ON, 0.0
    if rank == OCCASION:
        return ask(e, c, n, t), 0.0
    if rank == SERVICE_END:
        pool = np.int64(e.requests[n].pool)
        waited = end_service(e, c.site, n, t)
        serve_next(e, c, c.site, pool, t)
        return OK, waited
    if stands_in_line(e, i, n, t):
        return GAVE_UP, give_up(e, c.site, n, t)
    return WAITS, 0.0


@njit
def stands_in_line(e, i, n, t):
    """Whether the end of patience at t is still that of request n: it is not once he has been served."""
    r = e.requests[n]
    return r.rank == PATIENCE and r.at == t and r.customer == i


@njit
def ask(e, c, n, t):
    """Request n comes up: a unit of stock is reserved, then staff serve. How it ends, or WAITS."""
    r = e.requests[n]
    if r.closed:
        return CLOSED
    if r.stock >= 0 and not take(e, c.site, np.int64(r.stock)):
        return SOLD_OUT
    if r.pool < 0:
        return OK
    want_service(e, c, c.site, n, t)
    return WAITS
