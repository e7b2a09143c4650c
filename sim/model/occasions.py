"""Occasions happen to people, feelings decide: the one entry point of every engine, `advance`.

A customer's next occasion is the earliest of the exogenous clocks and the pending steps; at equal times
the order is need, moment to leave, pending steps by (stream, index, step).
"""

import math

import numpy as np

from sim._jit import njit
from sim.model import clocks, layout
from sim.model.calendar import is_open
from sim.model.contact import see_message, worn
from sim.model.draws import draw, drawn
from sim.model.feelings import obligation
from sim.model.friends import MOST_TOLD, come_on_a_word, pull_of_friends
from sim.model.journeys import delay_of, next_edge, visit_number, visited
from sim.model.keys import MAX_INDEX, MAX_VISIT
from sim.model.layout import (
    AWARE,
    BY_RENEWAL,
    BY_VISIT,
    CAMPAIGNS,
    CUSTOMER,
    END,
    ENTRY,
    EXPECTED,
    FIRST_VISIT,
    LEAVE,
    LEAVES,
    LEFT,
    NEED,
    NOBODY,
    OK,
    ON_START,
    PLEA,
    PROSPECT,
    WORD,
)  # fmt: skip
from sim.model.logistic import logistic
from sim.model.loyalty import leaving_chance, leaving_hazard, loyalty_to_buy
from sim.model.pending import NO_VISITS, SENT, drop_all, free_node, insert, new_node, pop_first
from sim.model.pilot import pilot_choice, pilot_leaving
from sim.model.prices import price_pull
from sim.model.programme import goal_pull, served_with
from sim.model.record import ONE, count, millionths, new_row, wants_row
from sim.model.returns import comes_back
from sim.model.signals import count_adopter
from sim.model.touch import touch
from sim.model.triggers import meet, reassurance, total_lift
from sim.model.world import CAPPED, LOGGED, LOST, MAILED, OVERRUN, USED

BEGIN, NEXT, LIVE, FINISH = 0, 1, 2, 3  # operations; FINISH + outcome ends a touch that had asked
ASKS = -math.inf  # "needs something shared: see World.ask"
FULL = -1e300  # "make room in the log and the pool, then call again"
ROWS_A_CALL, _NODES = 96, 8  # room that one call may need
WORDS_A_CALL = 33 * MOST_TOLD  # who is served takes a step, and perhaps as many as follow at once
_AT_ONCE = 32  # steps taken at one instant before the others get their turn

_NEEDS, _DECLINED, _ABSORBED = layout.DAY["needs"], layout.DAY["declined"], layout.DAY["absorbed"]
_ENTERED, _LEFT, _GIFTS = layout.DAY["entered"], layout.DAY["left"], layout.DAY["gifts"]
_RECONSIDERED = layout.DAY["reconsidered"]


@njit(entry=True)
def advance(w, i, operation, now, until, wait):
    """Let customer i live; returns when his next occasion is due (days; inf: never), ASKS or FULL.

    BEGIN sets up his clocks at `now`. NEXT only looks. LIVE runs his occasions from `now` on, as long as
    they are due by `until`. FINISH + outcome ends the touch for which he asked, after `wait` days.
    """
    if crowded(w):
        return FULL
    p = w.people[i]
    if operation == BEGIN:
        begin(w, p, now)
    elif operation == LIVE:
        return live(w, p, now, until)
    elif operation >= FINISH:
        finish(w, p, np.int64(operation - FINISH), now, wait)
    return next_due(w, p)


@njit(forceinline=True)
def crowded(w):
    """Whether the log, the pool or the mail has no room for another call."""
    if w.tally[LOGGED] + ROWS_A_CALL > len(w.log) or w.tally[USED] + _NODES > len(w.pool):
        return True
    return len(w.mail) > 0 and w.tally[MAILED] + WORDS_A_CALL > len(w.mail)


@njit
def begin(w, p, now):
    """The clocks of somebody who is there at `now`: a customer or a prospect."""
    if p.status == CUSTOMER:
        clocks.start_needs(w, p, now)
        clocks.start_leaving_clock(w, p, now)
    elif p.status == PROSPECT:
        clocks.start_awareness(w, p, max(now, 0.0))  # nobody new comes in the warm-up


@njit(forceinline=True)
def next_due(w, p):
    """When the customer's next occasion is due; once he has left, only a message may still find him."""
    if p.status == LEFT:
        return w.pool[p.pending].due if p.pending >= 0 else math.inf
    if p.status == EXPECTED:
        return p.t_entry
    due = min(p.due_need, p.due_leave)
    return min(due, w.pool[p.pending].due) if p.pending >= 0 else due


@njit
def live(w, p, now, until):
    """Run occasions in due order; those that fell due while the customer was busy happen at `now`."""
    while True:
        due = next_due(w, p)
        t = max(due, now)
        if t > until:
            return due
        if crowded(w):
            return FULL
        stream, index, visits, step, chance, trigger = occasion(w, p, t, due)
        if step >= 0:
            walk(w, p, t, stream, index, visits, step, chance, trigger)
            if p.asking >= 0:
                return ASKS


@njit
def occasion(w, p, t, due):
    """One occasion, at time t, up to the journey that it turns into.

    Returns the way from there: (stream, index, visits, first step or NOBODY, its chance, its trigger).
    """
    if p.status == EXPECTED:
        return enter(w, p, t)
    if p.status == LEFT:
        return win_back(w, p, t)
    if p.due_need == due:
        return need(w, p, t)
    if p.due_leave == due and p.status == PROSPECT:
        return hear(w, p, t)
    if p.due_leave == due:
        return chance_to_leave(w, p, t)
    return resume(w, p, t)


@njit(forceinline=True)
def no_way(stream, index):
    """The occasion turns into nothing."""
    return stream, index, NO_VISITS, NOBODY, 1.0, NOBODY


# ---------------------------------------------------------------- coming
@njit
def become_customer(w, p, t):
    """A newcomer's or a prospect's life as a customer begins."""
    if p.status != LEFT:
        count_adopter(w, np.int64(p.site))
    p.status = CUSTOMER
    p.t_entry = t
    p.n_leave = 0
    count(w, p, t, _ENTERED, ONE)
    if wants_row(w, t, layout.ENTERING):
        new_row(w, p, t, layout.ENTERING, ENTRY, np.int64(0))
    begin(w, p, t)


@njit(forceinline=True)
def enter(w, p, t):
    """The declared entry of a newcomer: with a need at once where the scenario says so."""
    become_customer(w, p, t)
    if w.times[clocks.FIRST_NEED] > 0.0:
        p.due_need = t
    return start(w, p, t, ENTRY, np.int64(0), w.streams[ENTRY].usually)


@njit(forceinline=True)
def hear(w, p, t):
    """A prospect hears of the brand."""
    index = np.int64(p.n_leave)
    p.n_leave += 1
    _check_index(w, p.n_leave)
    clocks.start_awareness(w, p, t)
    if w.segments[p.segment].meeting > 0.0 and not _told_of(w, p, index):
        return no_way(AWARE, index)
    return start(w, p, t, AWARE, index, w.streams[AWARE].usually)


@njit
def _told_of(w, p, index):
    """Whether a prospect heard of the brand at all: the occasions are those of the brand's own making and
    meetings with others, of whom only customers speak of it (thinning)."""
    segment = w.segments[p.segment]
    share = w.published[p.site, segment.others]
    heard = 1.0 - segment.meeting + segment.meeting * share
    return draw(w, p, AWARE, index, FIRST_VISIT, clocks.ACCEPT) < heard


# ---------------------------------------------------------------- needs
@njit(forceinline=True)
def need(w, p, t):
    """A category need: the brand is chosen with a probability that depends on the state."""
    index = np.int64(p.n_need)
    clocks.next_need(w, p)
    _check_index(w, p.n_need)
    count(w, p, t, _NEEDS, ONE)
    return start(w, p, t, NEED, index, w.segments[p.segment].usually)


@njit
def start(w, p, t, stream, index, usually):
    """An occasion turns into its journey, or not: one keyed uniform decides. Returns the way, as `occasion`."""
    first = np.int64(w.streams[stream].step)
    if first < 0:
        return no_way(stream, index)
    chance, plain, strongest = _choice(w, p, t, stream, index, first, usually)
    if stream == NEED and len(w.piloted) > 0:
        pilot_choice(w, p, t, chance)
    u = draw(w, p, stream, index, FIRST_VISIT, clocks.CHOICE) if chance < 1.0 else 0.0
    if u >= chance:
        _decline(w, p, t, stream, index, first, chance)
        return no_way(stream, index)
    return stream, index, NO_VISITS, first, chance, strongest if u >= plain else NOBODY


@njit(forceinline=True)
def _choice(w, p, t, stream, index, first, usually):
    """(probability, the same without triggers, the strongest trigger) of a journey's start."""
    if usually >= 1.0 or usually <= 0.0 or w.psyche[0].on == 0.0:
        return usually, usually, NOBODY
    tp = w.touchpoints[w.steps[first].touchpoint]
    drawn = loyalty_to_buy(w, p, t) - w.segments[p.segment].centre_buying
    logit = math.log(usually / (1.0 - usually)) + w.psyche[0].effect_buying * drawn
    logit += np.float64(p.willing) + price_pull(w, p, tp)
    if stream >= CAMPAIGNS:
        logit -= worn(w, p, t)
    elif stream == NEED and w.cards.shape[1] > 0:
        logit += goal_pull(w, p, t)
    logit += reassurance(w, p, tp)
    if p.status == PROSPECT:
        logit += np.float64(p.social_proof) * pull_of_friends(w, p, t)
    lifted, strongest = total_lift(w, p, tp.triggers, tp.triggers_end, ON_START, t)
    owed = obligation(w, p, t)
    if owed > lifted:
        strongest = np.int64(p.last_gift)
    meet(w, p, tp.triggers, tp.triggers_end, ON_START, t, stream, index, FIRST_VISIT)
    return logistic(logit + lifted + owed), logistic(logit), strongest


@njit
def _decline(w, p, t, stream, index, first, chance):
    if stream == NEED:
        count(w, p, t, _DECLINED, ONE)
    if wants_row(w, t, layout.SKIPPED):
        row = w.log[new_row(w, p, t, layout.SKIPPED, stream, index)]
        row.step, row.touchpoint, row.chance = first, w.steps[first].touchpoint, chance


# ---------------------------------------------------------------- leaving
@njit(forceinline=True)
def chance_to_leave(w, p, t):
    """A moment to reconsider (thinning: probability h(state) / R), or a renewal."""
    index = np.int64(p.n_leave)
    renewal = w.segments[p.segment].leaves_by == BY_RENEWAL
    clocks.next_chance_to_leave(w, p)
    _check_index(w, p.n_leave)
    count(w, p, t, _RECONSIDERED, ONE)
    chance = leaving_chance(w, p, t) if renewal else _thinned(w, p, t)
    if len(w.piloted) > 0:
        pilot_leaving(w, p, t, 1.0 if renewal else clocks.reconsider_rate(w, p), chance)
    if t >= 0.0 and draw(w, p, LEAVE, index, FIRST_VISIT, clocks.ACCEPT) < chance:
        return want_to_leave(w, p, t, index, chance)
    _stay(w, p, t, index, chance)
    return start(w, p, t, LEAVE, index, w.streams[LEAVE].usually) if renewal else no_way(LEAVE, index)


@njit
def _thinned(w, p, t):
    """h(state) / R; hazard above R is lost, and reported."""
    rate = clocks.reconsider_rate(w, p)
    chance = leaving_hazard(w, p, t) / rate
    if chance > 1.0 and t >= 0.0:
        w.tally[CAPPED] += 1
        w.tally[LOST] += millionths(chance - 1.0)
    return chance


@njit
def _stay(w, p, t, index, chance):
    if wants_row(w, t, layout.STAYING):
        w.log[new_row(w, p, t, layout.STAYING, LEAVE, index)].chance = chance


@njit
def want_to_leave(w, p, t, index, chance):
    """A customer has decided to go, at moment `index`: the journey of `leaving` may plead, otherwise he is gone."""
    first = np.int64(w.streams[PLEA].step)
    if first >= 0 and draw(w, p, PLEA, index, FIRST_VISIT, clocks.CHOICE) < w.streams[PLEA].usually:
        return PLEA, index, NO_VISITS, first, chance, NOBODY
    leave(w, p, t, decided(w, p), chance)
    return no_way(PLEA, index)


@njit
def leave(w, p, t, reason, chance):
    """The customer is gone, with everything that was pending. Nobody leaves in the warm-up."""
    if t < 0.0:
        return
    if p.status == PROSPECT:  # interest lost before there was any custom: hears of the brand no more
        p.due_leave = math.inf
        drop_all(w, p)
        return
    p.status, p.reason, p.t_left = LEFT, reason, t
    drop_all(w, p)
    count(w, p, t, _LEFT, ONE)
    if wants_row(w, t, layout.LEAVING):
        row = w.log[new_row(w, p, t, layout.LEAVING, LEAVE, np.int64(p.n_leave))]
        row.outcome, row.chance = reason, chance


@njit(forceinline=True)
def win_back(w, p, t):
    """Somebody who has left sees a message that may bring him back: then he goes the way it leads."""
    n = pop_first(w, p)
    stream, index, _, _, _, _ = _contents(w, n)
    free_node(w, n)
    w.handed[stream - CAMPAIGNS] += 1
    back, chance = comes_back(w, p, t, stream, index)
    see_message(w, p, t, stream, index)
    first = np.int64(w.streams[stream].step)
    if not back:
        _decline(w, p, t, stream, index, first, chance)
        return no_way(stream, index)
    _check_index(w, max(p.n_need, p.n_leave))
    return stream, index, NO_VISITS, first, chance, NOBODY


# ---------------------------------------------------------------- journeys
@njit(forceinline=True)
def resume(w, p, t):
    """A pending step's time has come."""
    n = pop_first(w, p)
    stream, index, visits, step, chance, trigger = _contents(w, n)
    gift = w.pool[n].waits_at >= 0
    free_node(w, n)
    if step < 0:
        end(w, p, t, stream, index, step)
        return no_way(stream, index)
    if chance == SENT:
        if stream >= CAMPAIGNS:
            w.handed[stream - CAMPAIGNS] += 1
            if gift:
                count(w, p, t, _GIFTS, ONE)
        way = start(w, p, t, stream, index, w.streams[stream].usually)
        if stream >= CAMPAIGNS and not gift and not w.campaigns[stream - CAMPAIGNS].event:
            see_message(w, p, t, stream, index)
        return way
    return stream, index, visits, step, chance, trigger


@njit(forceinline=True)
def _contents(w, n):
    """(stream, index, visits, step, chance, trigger) of a pending step."""
    node = w.pool[n]
    stream, index, step = np.int64(node.stream), np.int64(node.index), np.int64(node.step)
    return stream, index, np.int64(node.visits), step, np.float64(node.chance), np.int64(node.trigger)


@njit(forceinline=True)
def walk(w, p, t, stream, index, visits, step, chance, trigger):
    """Take steps at time t until the journey ends, waits, or needs something shared."""
    for _ in range(_AT_ONCE):
        if asks(w, p, t, stream, index, visits, step, chance, trigger):
            return
        outcome, valence = _touch(w, p, t, stream, index, visits, step, OK, 0.0, chance, trigger)
        step, visits, chance, trigger = onward(w, p, t, stream, index, visits, step, outcome, valence)
        if step < 0:
            return
    insert(w, p, new_node(w, t, stream, index, visits, step, chance, trigger, NOBODY))


@njit
def _touch(w, p, t, stream, index, visits, step, outcome, wait, chance, trigger):
    visit = visit_number(w, visits, step)
    if visit >= MAX_VISIT - 1:
        w.tally[OVERRUN] += 1
    known, orders = p.status != PROSPECT, p.n_order
    result = touch(w, p, t, stream, index, visit, step, outcome, wait, chance, trigger)
    if p.n_order > orders:
        if not known:
            if stream == WORD:
                come_on_a_word(w, p, t)
            become_customer(w, p, t)
        if w.segments[p.segment].leaves_by == BY_VISIT:
            _toss(w, p, t)
    return result


@njit
def _toss(w, p, t):
    """`reconsiders: after a visit`: the coin toss after each purchase (BG/NBD)."""
    index = np.int64(p.n_leave)
    p.n_leave += 1
    _check_index(w, p.n_leave)
    count(w, p, t, _RECONSIDERED, ONE)
    chance = leaving_chance(w, p, t)
    if len(w.piloted) > 0:
        pilot_leaving(w, p, t, 1.0, chance)
    if t >= 0.0 and draw(w, p, LEAVE, index, FIRST_VISIT, clocks.ACCEPT) < chance:
        leave(w, p, t, layout.RECONSIDERED, chance)


@njit
def onward(w, p, t, stream, index, visits, step, outcome, valence):
    """Where the journey goes after a touch: (next step at once or -1, visits, chance, trigger)."""
    if p.status == LEFT:
        return NOBODY, visits, 1.0, NOBODY
    visit = visit_number(w, visits, step)
    e, chance, trigger = next_edge(w, p, t, stream, index, visit, step, outcome, valence)
    target = np.int64(w.edges[e].target)
    visits = visited(w, visits, step)
    delay = delay_of(w, p, e, stream, index, visit)
    if delay <= 0.0:
        if target < 0:
            end(w, p, t, stream, index, target)
        return target, visits, chance, trigger
    if target != END or stream == PLEA:
        insert(w, p, new_node(w, t + delay, stream, index, visits, target, chance, trigger, NOBODY))
    return NOBODY, visits, chance, trigger


@njit
def end(w, p, t, stream, index, target):
    """A journey's end: the customer leaves, or a plea was heard and he renews after all."""
    if target == LEAVES:
        leave(w, p, t, decided(w, p) if stream == PLEA else layout.JOURNEY, 1.0)
    elif stream == PLEA and w.segments[p.segment].leaves_by == BY_RENEWAL and w.streams[LEAVE].step >= 0:
        first = np.int64(w.streams[LEAVE].step)
        insert(w, p, new_node(w, t, LEAVE, index, NO_VISITS, first, SENT, NOBODY, NOBODY))


@njit
def decided(w, p):
    """Why a customer who could not be talked out of it leaves."""
    renewal = w.segments[p.segment].leaves_by == BY_RENEWAL
    return layout.NOT_RENEWED if renewal else layout.RECONSIDERED


# ---------------------------------------------------------------- what is shared
@njit(forceinline=True)
def asks(w, p, t, stream, index, visits, step, chance, trigger):
    """Whether the step needs staff, stock or a function of the user's own; if so the customer asks for it,
    everything frozen now."""
    place = w.steps[step]
    tp = w.touchpoints[place.touchpoint]
    if tp.pool < 0 and tp.stock < 0 and tp.script < 0:
        return False
    visit = visit_number(w, visits, step)
    p.asking = new_node(w, t, stream, index, visits, step, chance, trigger, NOBODY)
    ask = w.ask[0]
    ask.pool, ask.stock, ask.priority = tp.pool, tp.stock, tp.priority
    if w.cards.shape[1] > 0:
        ask.priority = served_with(w, p, t, np.int64(tp.priority))
    ask.service, ask.closed = 0.0, 0
    if tp.pool >= 0:
        ask.closed = 0 if is_open(w, tp.opens, t) else 1
        ask.service = drawn(w, p, tp.service, stream, index, visit, place.purpose[layout.SERVICE])
    return True


@njit
def patience(w, p):
    """How many days the customer who has asked is ready to wait; inf: for ever. Drawn where he must wait."""
    stream, index, visits, step, _, _ = _contents(w, np.int64(p.asking))
    place = w.steps[step]
    row = w.touchpoints[place.touchpoint].patience
    if row < 0:
        return math.inf
    return drawn(w, p, row, stream, index, visit_number(w, visits, step), place.purpose[layout.PATIENCE])


@njit(entry=True)
def patience_of(w, i):
    """How many days customer i, who has asked, is ready to wait."""
    return patience(w, w.people[i])


@njit
def finish(w, p, outcome, t, wait):
    """The touch for which the customer had asked is over; his journey goes on."""
    n = np.int64(p.asking)
    stream, index, visits, step, chance, trigger = _contents(w, n)
    free_node(w, n)
    p.asking = -1
    outcome, valence = _touch(w, p, t, stream, index, visits, step, outcome, wait, chance, trigger)
    if stream == NEED:
        _absorb(w, p, t)
    step, visits, chance, trigger = onward(w, p, t, stream, index, visits, step, outcome, valence)
    if step >= 0:
        insert(w, p, new_node(w, t, stream, index, visits, step, chance, trigger, NOBODY))


@njit
def _absorb(w, p, t):
    """Needs that arose while the same need was being served are absorbed, and counted."""
    while p.due_need <= t:
        clocks.next_need(w, p)
        _check_index(w, p.n_need)
        count(w, p, t, _ABSORBED, ONE)


@njit(forceinline=True)
def _check_index(w, n):
    """Keys hold 20 bits of index: a customer who outlives them is reported, never reused silently."""
    if n >= MAX_INDEX:
        w.tally[OVERRUN] += 1
