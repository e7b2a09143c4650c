"""Run-ahead: a site's customers live one after another, up to the next thing that all of them can see.

Between two refreshes of what is published, a customer's events touch nobody else unless he needs staff or
stock. So in each window every customer of a site runs ahead on his own record until the window ends or he
asks for something shared; the requests alone are then taken in the order of time (`sim.engine.shared`).
This is exact: the same draws, the same order where order matters. Where a signal is live, nobody can run
ahead: everybody who is due in the window joins the heap, and lives for that instant alone. Sites share
nothing but what the whole brand publishes, so they are simulated one after another, each for a whole stretch
of time, in which its customers stay in the cache.
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
from sim.model.layout import CLOSED, CUSTOMER, GAVE_UP, NOBODY, OK, PROSPECT, SOLD_OUT
from sim.model.occasions import ASKS, FULL, begin, crowded, finish, live, next_due
from sim.model.signals import publish

DONE, NO_ROOM, PAUSED, TURN = np.arange(4)  # what `run_sites` returns, and `next_turn`
REFRESH, SHOW, SHIFT, DELIVER = np.arange(4)  # kinds of cadences, in the order in which they act at one time
ARRIVE, OPEN, PEOPLE, REQUESTS = np.arange(4)  # where in a site's stretch the cursor stands
WAITS, LIVES_ON = np.int64(-1), np.int64(-2)  # instead of an outcome
_CUSTOMER = np.int64(0xFFFFFFFF)  # his bits of an event's key
SPARE = 4  # events that one step may add to the heap
BUCKETS = 32  # lists of those who are due soon, each of the shortest cadence's length

CADENCE = np.dtype(
    [
        ("kind", "i4"),
        ("number", "i4"),  # of the signal, stock or pool
        ("period", "f8"),  # days
        ("offset", "f8"),  # days after its multiples
        ("first", "i8"),  # number of its first turn in this stretch
        ("row", "i8"),  # of that turn in Shared.shown
        ("to", "f8"),  # a level of stock; servers on duty
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
        ("since", "f8"),  # the lists of those who are due soon begin
        ("reach", "f8"),  # ... and end
        ("width", "f8"),  # time to a list
        ("bucket", "i8"),  # the list at hand
        ("final", "i8"),  # the last list of this window
        ("later", "i8"),  # first of those on it whose time comes after this window
        ("events", "i8"),  # in the heap
        ("spare", "i8"),  # the room there that one step may need
        ("wanted", "i8"),  # the room there that the site needs to begin with
        ("turns", "i8"),  # taken since the last pause
        ("customer", "i8"),  # whose turn it is: place in people
        ("at", "f8"),  # from when on he lives
        ("outcome", "i8"),  # how the touch for which he had asked ends, or LIVES_ON
        ("waited", "f8"),  # days for it
        ("in_order", "i8"),  # whether a signal is live, so that occasions too must come in the order of time
    ],
    align=True,
)


@njit(entry=True)
def begin_all(w, e, now):
    """Everybody's clocks, at the beginning of the run."""
    for i in range(len(w.people)):
        begin(w, w.people[i], now)
        e.due[i] = next_due(w, w.people[i])


@njit(entry=True)
def wake(w, e, chosen):
    """These customers look at their lists again; who is busy does so anyway when he is done."""
    for i in chosen:
        p = w.people[i]
        if (p.status == CUSTOMER or p.status == PROSPECT or p.pending >= 0) and p.asking < 0:
            e.due[i] = next_due(w, p)


@njit(entry=True)
def run_sites(w, e, now, until, budget):
    """Let every site live from `now` until `until` (exclusive); all state is in the cursor.

    Returns DONE; NO_ROOM: make room in the log, the pool or the heap, then call again; PAUSED after about
    `budget` turns: call again.
    """
    c = e.cursor[0]
    c.turns = 0
    while True:
        code = next_turn(w, e, c, now, until, budget)
        if code != TURN:
            return code
        p = w.people[c.customer]
        last = c.last
        if c.in_order:
            last = c.at if c.outcome < 0 else -math.inf  # who has finished joins the heap for what is due now
        if c.outcome >= 0:
            finish(w, p, c.outcome, c.at, c.waited)
        note_due(w, e, c, live(w, p, c.at, last))


@njit
def next_turn(w, e, c, now, until, budget):
    """Whose turn it is: TURN with the customer, the time and how his touch ends in the cursor; or DONE and so on."""
    if not has_room(w, e, c):
        return NO_ROOM
    while c.site < len(w.site_size):
        if c.phase == ARRIVE and not arrive(w, e, c, now):
            return NO_ROOM
        while c.t < until:
            if c.turns >= budget:
                return PAUSED
            if c.phase == OPEN:
                if not has_room(w, e, c):
                    return NO_ROOM
                c.turns += 1
                open_window(w, e, c, until)
            if c.in_order and c.phase == PEOPLE and not line_up(e, c):
                return NO_ROOM
            if takes_turn(w, e, c):
                return TURN
            c.t, c.phase = c.end, OPEN
        c.site += 1
        c.phase = ARRIVE
    c.site = 0
    return DONE


@njit(forceinline=True)
def has_room(w, e, c):
    """Whether one more turn fits into the log, the pool and the heap."""
    return not crowded(w) and c.events + c.spare <= len(e.heap)


@njit(forceinline=True)
def line_up(e, c):
    """Everybody who is due in this window joins the heap; False without room."""
    while c.events + SPARE <= len(e.heap):
        if not next_person(e, c):
            c.phase = REQUESTS
            return True
        push(e, c, max(e.due[c.customer], c.at), OCCASION, c.customer, NOBODY)
    return False


@njit(forceinline=True)
def takes_turn(w, e, c):
    """Whether somebody is left in this window: first those who run ahead, then requests as they come up."""
    if c.phase == PEOPLE:
        if next_person(e, c):
            return True
        c.phase = REQUESTS
    while c.events > 0 and e.heap[0].t < c.end:
        if next_request(w, e, c):
            return True
    return False


@njit(forceinline=True)
def note_due(w, e, c, due):
    """When the customer whose turn it was is due next, or what he asks for."""
    i = c.customer
    c.turns += 1
    if due == FULL:  # he goes on from here when there is room
        e.due[i] = ASKS
        push(e, c, c.at, OCCASION, i, NOBODY)
        return
    e.due[i] = due
    if due == ASKS:
        open_request(w, e, c, i)
    elif c.in_order and due < c.end:
        push(e, c, max(due, c.at), OCCASION, i, NOBODY)
    elif due < c.reach:
        list_as_due(e, c, i, due)


@njit
def arrive(w, e, c, now):
    """A site's turn: its cadences, and the events of those who are waiting or being served; False without room."""
    first, last = e.first_member[c.site], e.first_member[c.site + 1]
    c.wanted = c.spare
    for k in range(first, last):
        if e.due[e.members[k]] == ASKS:
            c.wanted += 1
    if c.wanted > len(e.heap):
        return False
    for k in range(len(e.cadences)):
        e.turns[k] = e.cadences[k].first
    c.events = 0
    for k in range(first, last):
        i = np.int64(e.members[k])
        if e.due[i] == ASKS:
            n = np.int64(w.people[i].asking)
            r = e.requests[n]
            if r.at < math.inf:
                push(e, c, r.at, np.int64(r.rank), i, n)
    c.t, c.reach, c.phase = now, -math.inf, OPEN
    return True


# ---------------------------------------------------------------- windows
@njit
def open_window(w, e, c, until):
    """What is due at the window's beginning is published or delivered; the window ends at the next such time."""
    c.end, shortest = until, math.inf
    for k in range(len(e.cadences)):
        cadence = e.cadences[k]
        shortest = min(shortest, cadence.period)
        if e.turns[k] * cadence.period + cadence.offset <= c.t:
            act(w, e, c, k)
            e.turns[k] += 1
        c.end = min(c.end, e.turns[k] * cadence.period + cadence.offset)
    c.last = np.nextafter(c.end, -math.inf)
    if c.end > c.reach:
        c.since, c.width = c.t, shortest
        c.reach = max(c.end, min(until, c.t + BUCKETS * shortest))
        look_ahead(e, c)
    c.bucket, c.final, c.later, c.phase = bucket_of(c, c.t), bucket_of(c, c.end), NOBODY, PEOPLE


@njit
def act(w, e, c, k):
    """Cadence k's turn at this site."""
    cadence, site = e.cadences[k], c.site
    number = np.int64(cadence.number)
    if cadence.kind == REFRESH:
        publish(w, number, site, site + 1, c.t)
        row = cadence.row + e.turns[k] - cadence.first
        e.shown[row, site, 0] = w.published[site, number]
        e.shown[row, site, 1] = w.published_count[site, number]
    elif cadence.kind == SHOW:
        w.shelf[site, number] = e.shelves[site, number]
    elif cadence.kind == SHIFT:
        e.desks[site, number].servers = cadence.to
        serve_next(e, c, site, number, c.t)
    else:
        deliver(e, site, number, cadence.to, cadence.add)


# ---------------------------------------------------------------- customers
@njit
def look_ahead(e, c):
    """List those of the site who are due before `reach`."""
    e.first_due[:] = NOBODY
    for k in range(e.first_member[c.site], e.first_member[c.site + 1]):
        i = np.int64(e.members[k])
        if e.due[i] < c.reach and e.due[i] != ASKS:
            list_as_due(e, c, i, e.due[i])


@njit(forceinline=True)
def bucket_of(c, t):
    """The list on which somebody stands who is due at time t."""
    return min(max(np.int64((t - c.since) / c.width), 0), BUCKETS - 1)


@njit(forceinline=True)
def list_as_due(e, c, i, due):
    """Customer i stands on the list of his time."""
    bucket = bucket_of(c, due)
    e.next_due[i] = e.first_due[bucket]
    e.first_due[bucket] = i


@njit
def next_person(e, c):
    """The next of those listed who is due in this window."""
    while c.bucket <= c.final:
        i = np.int64(e.first_due[c.bucket])
        if i < 0:
            e.first_due[c.bucket] = c.later
            c.later = NOBODY
            c.bucket += 1
            continue
        e.first_due[c.bucket] = e.next_due[i]
        if e.due[i] < c.end:
            c.customer, c.at, c.outcome = i, c.t, LIVES_ON
            return True
        e.next_due[i] = c.later
        c.later = i
    return False


# ---------------------------------------------------------------- requests
@njit(forceinline=True)
def next_request(w, e, c):
    """The first event of the heap happens; whether it gives its customer a turn."""
    first = e.heap[0]
    c.at, c.customer = first.t, first.key & _CUSTOMER
    n, rank = np.int64(first.node), first.key >> RANK
    drop_first(e, c)
    if n < 0:
        c.outcome = LIVES_ON
    elif rank == OCCASION:
        c.outcome, c.waited = ask(w, e, c, n), 0.0
    elif rank == SERVICE_END:
        pool = np.int64(e.requests[n].pool)
        c.outcome, c.waited = OK, end_service(e, c.site, n, c.at)
        serve_next(e, c, c.site, pool, c.at)
    elif stands_in_line(e, c, n):
        c.outcome, c.waited = GAVE_UP, give_up(e, c.site, n, c.at)
    else:
        c.outcome = WAITS
    return c.outcome != WAITS


@njit(forceinline=True)
def stands_in_line(e, c, n):
    """Whether this end of patience is still that of request n: it is not once he has been served."""
    r = e.requests[n]
    return r.rank == PATIENCE and r.at == c.at and r.customer == c.customer


@njit(forceinline=True)
def ask(w, e, c, n):
    """Request n comes up: a unit of stock is reserved, then staff serve. How it ends, or WAITS."""
    r = e.requests[n]
    if r.closed:
        return CLOSED
    if r.stock >= 0 and not take(e, c.site, np.int64(r.stock)):
        return SOLD_OUT
    if r.pool < 0:
        return OK
    want_service(w, e, c, c.site, n, c.at)
    return WAITS
