"""What is written down: integer accumulators always, rows of the log where somebody wants them."""

import math

import numpy as np

from sim._jit import njit
from sim.model.layout import DAY, MILLION, SKIPPED, STAYING
from sim.model.world import EVENTS, LEVEL, LOG_ALL, LOGGED, NO_LOG

_TOUCHES, _VALENCE = DAY["touches"], DAY["valence"]
_ACTIVE_FROM, _ACTIVE_UNTIL = DAY["active_from"], DAY["active_until"]
_OUTCOME_COLUMNS = (DAY["touches"], DAY["failures"], DAY["gave_up"], DAY["closed"], DAY["sold_out"])
ONE = np.int64(1)
ACTIVE_WITHIN, WARM_START = 2, 6  # places in World.times


@njit(forceinline=True)
def count(w, p, t, what, amount):
    """Add an integer to a column of the day and the customer's segment; the warm-up is not counted."""
    if t >= 0.0:
        w.daily[int(t), p.segment, what] += amount


@njit(forceinline=True)
def millionths(x):
    """A score as an integer, so that sums do not depend on their order."""
    return int(round(x * MILLION))


@njit(forceinline=True)
def count_touch(w, p, t, touchpoint, outcome, perceived, valence, mood):
    """The accumulators of one touch."""
    if t < 0.0:
        return
    count(w, p, t, _TOUCHES, ONE)
    if outcome > 0:
        count(w, p, t, _OUTCOME_COLUMNS[outcome], ONE)
    count(w, p, t, _VALENCE, millionths(valence))
    w.touches[p.segment, touchpoint, outcome] += 1
    w.felt[touchpoint, 0] += millionths(valence)
    w.felt[touchpoint, 1] += millionths(perceived)
    w.felt[touchpoint, 2] += millionths(mood)


@njit(forceinline=True)
def day_number(w, t):
    """The day on which t falls, counted from 1 on the day the run begins (0 and less: before that)."""
    return int(math.floor(t) - math.floor(w.times[WARM_START])) + 1


@njit(forceinline=True)
def count_active(w, p, t):
    """An order makes its customer active for `active_within` days: a difference array of whole days.

    Day d counts a customer who has ordered within (d - active_within, d].
    """
    window = w.times[ACTIVE_WITHIN]
    covered = p.t_order + window
    last = w.daily.shape[0]
    start = max(t, covered)
    _step(w, p, start, last, _ACTIVE_FROM)
    _step(w, p, t + window, last, _ACTIVE_UNTIL)


@njit(forceinline=True)
def _step(w, p, t, last, what):
    day = max(0, int(math.ceil(t)))
    if day < last:
        w.daily[day, p.segment, what] += 1


@njit(forceinline=True)
def writes_rows(w, t):
    """Whether rows are written at time t: not in the warm-up, and not where nobody wants them."""
    return t >= 0.0 and w.tally[LEVEL] != NO_LOG


@njit(forceinline=True)
def wants_row(w, t, kind):
    """Whether a row of this kind is written, and counts it as an event where it is one."""
    if kind == SKIPPED or kind == STAYING:
        return t >= 0.0 and w.tally[LEVEL] == LOG_ALL
    if t >= 0.0:
        w.tally[EVENTS] += 1
    return writes_rows(w, t)


@njit
def new_row(w, p, t, kind, stream, index):
    """A fresh row of the log with everything that every kind has; its number."""
    n = w.tally[LOGGED]
    w.tally[LOGGED] = n + 1
    row = w.log[n]
    row.t, row.customer, row.seq, row.index = t, p.id, p.seq, index
    row.stream, row.step, row.touchpoint, row.kind, row.outcome = stream, -1, -1, kind, 0
    row.trigger, row.answer, row.order, row.revenue, row.cost = -1, 0, 0, 0, 0
    row.wait = row.quality = row.perceived = row.valence = row.mood_before = row.mood_after = 0.0
    row.goodwill = row.satisfaction = row.expectation = row.trust = row.loyalty = 0.0
    row.chance = 1.0
    p.seq += 1
    return n
