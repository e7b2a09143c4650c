"""What one touch does, in the order of docs/model.md.

The order is fixed here and nowhere else: outcome, quality, perceived quality, disconfirmation and
valence, emotions, goodwill, grievance, satisfaction, expectation, trust, commitments, triggers left behind,
money, rows. Loss aversion: Brown et al. 2024; anchoring of satisfaction: Oliver 1980, Bolton 1998; peak and
end: Kahneman et al. 1993.
"""

import math

import numpy as np

from sim._jit import njit
from sim.model import answers, layout, pending, scripted, training
from sim.model.calendar import busyness
from sim.model.contact import comes_free, fatigue
from sim.model.draws import draw, drawn
from sim.model.feelings import (
    MANY,
    aggrieve,
    clamp,
    close_episode,
    emotion,
    goodwill,
    make_good,
    mood,
    move,
    settle,
    soothe,
    stir_all,
    sway,
    upset,
)  # fmt: skip
from sim.model.friends import speak
from sim.model.layout import FAILED, OK, OWN_SPEND, RECENT
from sim.model.logistic import logistic_noise
from sim.model.loyalty import forced, loyalty_to_stay
from sim.model.prices import get_used_to
from sim.model.programme import join, use_cards
from sim.model.record import (
    ONE,
    count,
    count_active,
    count_touch,
    day_number,
    new_row,
    wants_row,
    writes_rows,
)
from sim.model.signals import changed
from sim.model.triggers import give_back, receive

_ORDERS, _REPEATS = layout.DAY["orders"], layout.DAY["repeat_orders"]
_REVENUE, _MARGIN, _COST = layout.DAY["revenue"], layout.DAY["margin"], layout.DAY["cost"]
_REVIEWS = layout.DAY["reviews"]
_FAILS, _QUALITY, _STARS, _WRITES = layout.FAILS, layout.QUALITY, layout.STARS, layout.WRITES


@njit(forceinline=True)
def perceive(w, p, tp, t, quality, severity, wait):
    """Perceived quality -1..1, and how intrusive it was 0..1."""
    q = w.psyche[0]
    relevance, intrusion = _personal(w, p, tp, t) if tp.personalisation > 0.0 else (0.0, 0.0)
    waiting = q.waiting * (1.0 - math.exp(-wait / q.waiting_scale)) if wait > 0.0 else 0.0
    empathy = training.empathy(tp, t)
    warmth = q.empathy * empathy * upset(w, p, t) if empathy > 0.0 else 0.0
    total = quality - severity + relevance + warmth - q.effort * tp.effort - waiting - intrusion
    total -= q.forced_resentment * forced(p)  # who has nowhere else to go resents it
    return clamp(total, -1.0, 1.0), intrusion


@njit(forceinline=True)
def _personal(w, p, tp, t):
    """(relevance, intrusion) of personalisation: relevance grows with its depth, intrusion with the square,
    so that there is a best depth, the deeper the more trust and control there are (Tucker 2014)."""
    q, depth = w.psyche[0], tp.personalisation
    known = q.profile_floor + (1.0 - q.profile_floor) * (1.0 - math.exp(-p.n_touch / q.profile_touches))
    relevance = q.relevance * depth * known * w.fit[p.segment, tp.number]
    if tp.suits >= 0:
        relevance *= busyness(w, np.int64(tp.suits), t)
    exposed = depth * depth * (1.0 - tp.control)
    return relevance, q.intrusion * np.float64(p.privacy_concern) * exposed * (1.0 - np.float64(p.trust))


@njit(forceinline=True)
def buffer(w, p, t, severity):
    """The share of a failure's harm that a good relationship softens (Hess, Ganesan & Klein 2003).

    Saturating in the relationship, and gone at the highest severity.
    """
    q = w.psyche[0]
    relationship = 0.5 * (max(0.0, goodwill(w, p, t)) + np.float64(p.trust))
    return q.buffer * relationship / (relationship + q.buffer_half) * (1.0 - severity)


@njit(forceinline=True)
def appraise(w, p, perceived, softened, t):
    """Valence -1..1 of a touch, and its disconfirmation before loss aversion."""
    a, drift = w.psyche[0].valence_quality, w.psyche[0].expectation_drift
    d = perceived - np.float64(p.expectation)
    if drift != 0.0 and t > 0.0:
        d -= drift * t / 365.0  # what people expect anywhere has changed since day 0
    weighed = d * np.float64(p.loss_aversion) * (1.0 - softened) if d < 0.0 else d
    return clamp(a * perceived + (1.0 - a) * weighed, -1.0, 1.0), d


@njit(forceinline=True)
def _feel(w, p, t, place, tp, stream, index, visit, outcome, recovers):
    """The emotions of a touch; what it recovers calms the bad ones."""
    stir_all(w, p, place.feels[outcome], place.feels[outcome + 1], t, stream, index, visit)
    if tp.script >= 0:
        scripted.stir_said(w, p, t)
    if recovers > 0.0:
        soothe(w, p, recovers, t)


@njit(forceinline=True)
def _grieve(w, p, t, outcome, weight, recovers):
    """A failure leaves a grievance, a good answer heals some of it; by how much it healed."""
    if outcome != OK and weight > 0.0:
        aggrieve(w, p, weight, t)
    return make_good(w, p, recovers, t) if recovers > 0.0 and p.grievance != 0.0 else 0.0


@njit(forceinline=True)
def _judge(w, p, valence, healed):
    """Satisfaction: the episode at hand counts by its peak and its end, never by its length."""
    q = w.psyche[0]
    if abs(valence) > abs(np.float64(p.peak)):
        p.peak = valence
    remembered = q.peak_weight * np.float64(p.peak) + (1.0 - q.peak_weight) * valence
    a = q.satisfaction_rate / (1.0 + (p.n_touch - p.in_episode) / q.satisfaction_tenure)
    if healed > 0.0:
        p.satisfied_before = min(1.0, np.float64(p.satisfied_before) + a * q.recovery_gain * healed)
    before = np.float64(p.satisfied_before)
    p.satisfaction = before + a * (remembered - before)
    p.in_episode = min(np.int64(p.in_episode) + 1, MANY)


@njit(forceinline=True)
def _believe(w, p, tp, outcome, severity, perceived, d, softened, intrusion):
    """Expectation and trust."""
    q = w.psyche[0]
    p.expectation = np.float64(p.expectation) + q.expectation_rate * (perceived - np.float64(p.expectation))
    trust = np.float64(p.trust)
    if outcome == OK:
        kept = max(
            0.0, 1.0 + 2.0 * min(0.0, d)
        )  # in full where expectations are met, not where they are far off
        trust += q.trust_gain * tp.transparency * kept * (1.0 - trust)
    else:
        trust -= q.trust_loss * severity * (1.0 - softened) * trust
    p.trust = trust - q.trust_intrusion * intrusion * trust
    if outcome <= FAILED:
        _hear(w, p, tp)


@njit(forceinline=True)
def _hear(w, p, tp):
    """What a touchpoint says: promises raise or lower what is expected, and cost trust where they do not go
    with what is known; others' offers become known."""
    q = w.psyche[0]
    if tp.promises == tp.promises:  # nan: it promises nothing
        gap = tp.promises - np.float64(p.expectation)
        mixed = max(0.0, abs(gap) - q.promise_tolerance)
        p.trust = np.float64(p.trust) * (1.0 - min(1.0, q.trust_mixed * mixed))
        p.expectation = np.float64(p.expectation) + q.promise_rate * gap
    if tp.shows_alternatives > 0.0:
        p.alternatives = move(np.float64(p.alternatives), tp.shows_alternatives)


@njit(forceinline=True)
def _commit(w, p, tp, t):
    """Affective and normative commitment; the other three are functions (loyalty.py)."""
    q = w.psyche[0]
    warmth = 0.5 * (np.float64(p.satisfaction) + goodwill(w, p, t))
    for k in range(len(w.emotions)):
        if w.emotions[k].bonds != 0.0 and p.emotion[k] != 0.0:
            warmth += w.emotions[k].bonds * emotion(w, p, k, t)
    p.affective = np.float64(p.affective) + q.affective_rate * (
        clamp(warmth, 0.0, 1.0) - np.float64(p.affective)
    )
    shared = np.float64(p.values) * tp.transparency
    shared += tp.community * (1.0 - shared)  # a community makes values shared
    p.normative = np.float64(p.normative) + q.normative_rate * (shared - np.float64(p.normative))


@njit(forceinline=True)
def experience(w, p, place, tp, t, stream, index, visit, outcome, quality, wait):
    """All that is felt and believed at a touch; (perceived, valence)."""
    close_episode(w, p, t)
    severity = tp.severity[outcome]
    quality -= fatigue(w, p, t, stream, np.int64(place.touchpoint))
    perceived, intrusion = perceive(w, p, tp, t, quality, severity, wait)
    softened = buffer(w, p, t, severity) if outcome != OK else 0.0
    valence, d = appraise(w, p, perceived, softened, t)
    recovers = training.recovers(tp, t) if outcome == OK else 0.0
    _feel(w, p, t, place, tp, stream, index, visit, outcome, recovers)
    g = valence * w.psyche[0].goodwill_gain
    if g != 0.0:
        settle(w, p, t)
        p.goodwill = sway(np.float64(p.goodwill), g)
    healed = _grieve(w, p, t, outcome, severity * (1.0 - softened), recovers)
    _judge(w, p, valence, healed)
    _believe(w, p, tp, outcome, severity, perceived, d, softened, intrusion)
    _commit(w, p, tp, t)
    if outcome == OK:
        for k in range(tp.triggers, tp.triggers_end):
            receive(w, p, k, t, stream, index, visit)
    return perceived, valence


@njit(forceinline=True)
def price_of(p, tp):
    """What a customer pays at a touchpoint that sells, in cents."""
    return int(round(100.0 * listed(p, tp) * (1.0 - tp.discount)))


@njit(forceinline=True)
def goods_of(p, tp):
    """What the goods of an order cost the brand, in cents; a discount makes them no cheaper."""
    return int(round(round(100.0 * listed(p, tp)) * (1.0 - tp.margin)))


@njit(forceinline=True)
def listed(p, tp):
    """The price before any discount, in currency."""
    return np.float64(p.spend) if tp.price_kind == OWN_SPEND else tp.price


@njit(forceinline=True)
def sell(w, p, tp, t):
    """Book one order; its revenue in cents."""
    revenue = price_of(p, tp)
    if tp.script >= 0:
        revenue = scripted.price_said(w, revenue)
    p.n_order += 1
    count(w, p, t, _ORDERS, ONE)
    if p.n_order > 1 or p.founding:
        count(w, p, t, _REPEATS, ONE)
    count(w, p, t, _REVENUE, revenue)
    count(w, p, t, _MARGIN, revenue - goods_of(p, tp))
    count_active(w, p, t)
    p.t_order = t
    p.recent[p.n_order % RECENT] = day_number(w, t)
    give_back(w, p, t)
    get_used_to(w, p, tp)
    return revenue


@njit(forceinline=True)
def cost_of(w, stream, touchpoint):
    """What a touch costs the brand, in cents; a message was paid for when it was sent, and an event is free."""
    return np.int64(0) if comes_free(w, stream, touchpoint) else np.int64(w.touchpoints[touchpoint].cost)


@njit
def _review(w, p, tp, t, stream, index, visit, place):
    """Stars 1..5 from satisfaction and mood, with noise, around the neutral score of somebody who feels
    nothing either way: an observation, published at the next refresh. Who feels strongly writes more often,
    most of all who feels badly (so that the scores are J-shaped: Hu, Zhang & Pavlou 2009)."""
    q = w.psyche[0]
    felt = np.float64(p.satisfaction) + 0.5 * mood(w, p, t)
    if q.on != 0.0:
        moved = felt if felt > 0.0 else -felt * q.bad_news
        chance = q.review_floor + (1.0 - q.review_floor) * min(1.0, moved)
        if chance < 1.0 and draw(w, p, stream, index, visit, place.purpose[_WRITES]) >= chance:
            return
    u = draw(w, p, stream, index, visit, place.purpose[_STARS])
    opinion = q.review_neutral + 2.0 * felt + q.review_noise * logistic_noise(u)
    w.stars[p.site, tp.writes, 0] += int(clamp(math.floor(opinion + 0.5), 1.0, 5.0))
    w.stars[p.site, tp.writes, 1] += 1
    changed(w, np.int64(tp.writes), np.int64(p.site))
    count(w, p, t, _REVIEWS, ONE)


@njit(forceinline=True)
def touch(w, p, t, stream, index, visit, step, outcome, wait, chance, trigger):
    """One touch at its end of service: everything it changes, and its row. Returns (outcome, valence)."""
    place = w.steps[step]
    touchpoint = np.int64(place.touchpoint)
    tp = w.touchpoints[touchpoint]
    if outcome == OK and tp.fails > 0.0:
        if draw(w, p, stream, index, visit, place.purpose[_FAILS]) < answers.failing(w, tp, touchpoint, t):
            outcome = FAILED
    if tp.script >= 0:
        outcome = scripted.outcome_said(w, outcome)
    quality, perceived, valence, before, after = 0.0, 0.0, 0.0, 0.0, 0.0
    if w.psyche[0].on != 0.0:
        if outcome <= FAILED:
            quality = drawn(w, p, tp.quality, stream, index, visit, place.purpose[_QUALITY])
            if tp.script >= 0:
                quality = scripted.quality_said(w, quality)
        before = mood(w, p, t) if writes_rows(w, t) else 0.0
        perceived, valence = experience(w, p, place, tp, t, stream, index, visit, outcome, quality, wait)
        after = mood(w, p, t)
    p.n_touch += 1
    revenue, order, cards = np.int64(0), np.int64(0), np.int64(0)
    if w.cards.shape[1] > 0 and outcome == OK:
        cards = join(w, p, t, touchpoint)
    if tp.price_kind != layout.NO_PRICE and (outcome == OK or (outcome == FAILED and tp.still_sells)):
        revenue = sell(w, p, tp, t)
        order = np.int64(p.n_order)
        if w.cards.shape[1] > 0:
            revenue, rewards = use_cards(w, p, t, stream, index, visit, revenue, goods_of(p, tp))
            cards += rewards
    if tp.counted >= 0 and outcome == OK:
        w.counted[p.site, tp.counted, 0] += 1
        changed(w, np.int64(tp.counted), np.int64(p.site))
    if len(w.mail) > 0 and valence != 0.0:
        speak(w, p, t, stream, index, visit, place, valence)
    if tp.writes >= 0 and outcome == OK:
        _review(w, p, tp, t, stream, index, visit, place)
    cost = cards + (cost_of(w, stream, touchpoint) if outcome <= FAILED else np.int64(0))
    answer = np.int64(0)
    if tp.asks >= 0 and outcome == OK:
        answer, acted = answers.ask(w, p, place, tp, t, stream, index, visit)
        cost += acted
    count(w, p, t, _COST, cost)
    if outcome <= FAILED:
        pending.hand_over(w, p, touchpoint, t)
    count_touch(w, p, t, touchpoint, outcome, perceived, valence, after)
    if wants_row(w, t, layout.TOUCH):
        row = w.log[new_row(w, p, t, layout.TOUCH, stream, index)]
        row.step, row.touchpoint, row.outcome, row.wait = step, touchpoint, outcome, wait
        row.quality, row.perceived, row.valence = quality, perceived, valence
        row.mood_before, row.mood_after, row.goodwill = before, after, goodwill(w, p, t)
        row.satisfaction, row.expectation, row.trust = p.satisfaction, p.expectation, p.trust
        row.loyalty, row.chance, row.trigger = loyalty_to_stay(w, p, t), chance, trigger
        row.order, row.revenue, row.cost, row.answer = order, revenue, cost, answer
    return outcome, valence
