"""What one touch does, in the order of docs/model.md.

The order is fixed here and nowhere else: outcome, quality, perceived quality, disconfirmation and
valence, emotions, goodwill, satisfaction, expectation, trust, commitments, triggers left behind, money,
rows. Loss aversion: Brown et al. 2024; anchoring of satisfaction: Oliver 1980, Bolton 1998.
"""

import math

import numpy as np

from sim._jit import njit
from sim.model import answers, layout, pending, scripted
from sim.model.feelings import clamp, emotion, goodwill, mood, settle, soothe, stir, sway, upset
from sim.model.keys import uniform
from sim.model.layout import CAMPAIGNS, FAILED, OK, OWN_SPEND, RECENT
from sim.model.loyalty import loyalty_to_stay
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
from sim.model.sample import CONSTANT, quantile
from sim.model.triggers import give_back, receive

_ORDERS, _REPEATS = layout.DAY["orders"], layout.DAY["repeat_orders"]
_REVENUE, _MARGIN, _COST = layout.DAY["revenue"], layout.DAY["margin"], layout.DAY["cost"]
_REVIEWS = layout.DAY["reviews"]
_FAILS, _QUALITY, _STARS = layout.FAILS, layout.QUALITY, layout.STARS


@njit(forceinline=True)
def draw(w, p, stream, index, visit, purpose):
    """The keyed uniform of one purpose at one visit of one occasion of customer p."""
    return uniform(w.key[0], p.id, w.streams[stream].hash, index, visit, purpose)


@njit(forceinline=True)
def sampled(w, row, u):
    """Quantile u of sampler `row`."""
    return quantile(w.samplers, w.knots, row, u)


@njit(forceinline=True)
def drawn(w, p, row, stream, index, visit, purpose):
    """A draw from sampler `row`, keyed by its purpose; what is constant needs no uniform."""
    sampler = w.samplers[row]
    if sampler.family == CONSTANT:
        return sampler.a
    return quantile(w.samplers, w.knots, row, draw(w, p, stream, index, visit, purpose))


@njit(forceinline=True)
def perceive(w, p, tp, t, quality, severity, wait):
    """Perceived quality -1..1, and how intrusive it was 0..1."""
    q = w.psyche[0]
    relevance = q.relevance * tp.personalisation
    exposed = tp.personalisation * (1.0 - tp.control)
    intrusion = q.intrusion * np.float64(p.privacy_concern) * exposed * (1.0 - np.float64(p.trust))
    waiting = q.waiting * (1.0 - math.exp(-wait / q.waiting_scale)) if wait > 0.0 else 0.0
    warmth = q.empathy * tp.empathy * upset(w, p, t) if tp.empathy > 0.0 else 0.0
    total = quality - severity + relevance + warmth - q.effort * tp.effort - waiting - intrusion
    return clamp(total, -1.0, 1.0), intrusion


@njit(forceinline=True)
def buffer(w, p, t, severity):
    """The share of a loss that a good relationship softens (Hess, Ganesan & Klein 2003).

    Saturating in the relationship, and gone at the highest severity.
    """
    q = w.psyche[0]
    relationship = 0.5 * (max(0.0, goodwill(w, p, t)) + np.float64(p.trust))
    return q.buffer * relationship / (relationship + q.buffer_half) * (1.0 - severity)


@njit(forceinline=True)
def appraise(w, p, perceived, softened):
    """Valence -1..1 of a touch, and its disconfirmation before loss aversion."""
    a = w.psyche[0].valence_quality
    d = perceived - np.float64(p.expectation)
    weighed = d * np.float64(p.loss_aversion) * (1.0 - softened) if d < 0.0 else d
    return clamp(a * perceived + (1.0 - a) * weighed, -1.0, 1.0), d


@njit(forceinline=True)
def _stir_all(w, p, t, place, tp, stream, index, visit, outcome):
    for k in range(place.feels[outcome], place.feels[outcome + 1]):
        feel = w.feels[k]
        g = drawn(w, p, feel.amount, stream, index, visit, feel.purpose)
        stir(w, p, np.int64(feel.emotion), g * np.float64(p.reactivity), t)
    if tp.script >= 0:
        scripted.stir_said(w, p, t)
    if outcome == OK and tp.recovers > 0.0:
        soothe(w, p, tp.recovers, t)


@njit(forceinline=True)
def _believe(w, p, tp, outcome, severity, perceived, valence, d, softened, intrusion):
    """Satisfaction, expectation and trust."""
    q = w.psyche[0]
    a = q.satisfaction_rate / (1.0 + p.n_touch / q.satisfaction_tenure)
    p.satisfaction = np.float64(p.satisfaction) + a * (valence - np.float64(p.satisfaction))
    p.expectation = np.float64(p.expectation) + q.expectation_rate * (perceived - np.float64(p.expectation))
    trust = np.float64(p.trust)
    if outcome == OK:
        kept = max(0.0, 1.0 + min(0.0, d))  # a promise is kept in full where expectations are met
        trust += q.trust_gain * tp.transparency * kept * (1.0 - trust)
    else:
        trust -= q.trust_loss * severity * (1.0 - softened) * trust
    p.trust = trust - q.trust_intrusion * intrusion * trust


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
    p.normative = np.float64(p.normative) + q.normative_rate * (shared - np.float64(p.normative))


@njit(forceinline=True)
def experience(w, p, place, tp, t, stream, index, visit, outcome, quality, wait):
    """All that is felt and believed at a touch; (perceived, valence)."""
    severity = tp.severity[outcome]
    perceived, intrusion = perceive(w, p, tp, t, quality, severity, wait)
    softened = buffer(w, p, t, severity)
    valence, d = appraise(w, p, perceived, softened)
    _stir_all(w, p, t, place, tp, stream, index, visit, outcome)
    g = valence * w.psyche[0].goodwill_gain
    if g != 0.0:
        settle(w, p, t)
        p.goodwill = sway(np.float64(p.goodwill), g)
    _believe(w, p, tp, outcome, severity, perceived, valence, d, softened, intrusion)
    _commit(w, p, tp, t)
    if outcome == OK:
        for k in range(tp.triggers, tp.triggers_end):
            receive(w, p, k, t)
    return perceived, valence


@njit(forceinline=True)
def price_of(p, tp):
    """What a customer pays at a touchpoint that sells, in cents."""
    return int(round(100.0 * listed(p, tp) * (1.0 - tp.discount)))


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
    goods = int(round(round(100.0 * listed(p, tp)) * (1.0 - tp.margin)))  # a discount makes them no cheaper
    count(w, p, t, _MARGIN, revenue - goods)
    count_active(w, p, t)
    p.t_order = t
    p.recent[p.n_order % RECENT] = day_number(w, t)
    give_back(w, p, t)
    return revenue


@njit(forceinline=True)
def cost_of(w, stream, touchpoint):
    """What a touch costs the brand, in cents; a message was paid for when it was sent."""
    if stream >= CAMPAIGNS:
        campaign = w.campaigns[stream - CAMPAIGNS]
        if not campaign.gift and campaign.touchpoint == touchpoint:
            return np.int64(0)
    return np.int64(w.touchpoints[touchpoint].cost)


@njit
def _review(w, p, tp, t, stream, index, visit, purpose):
    """Stars 1..5 from satisfaction and mood, with noise, around the neutral score of somebody who feels
    nothing either way: an observation, published at the next refresh."""
    u = draw(w, p, stream, index, visit, purpose)
    q = w.psyche[0]
    noise = q.review_noise * math.log(u / (1.0 - u)) * 0.5513288954217921  # logistic, sd 1
    opinion = q.review_neutral + 2.0 * (np.float64(p.satisfaction) + 0.5 * mood(w, p, t)) + noise
    w.stars[p.site, tp.writes, 0] += int(clamp(math.floor(opinion + 0.5), 1.0, 5.0))
    w.stars[p.site, tp.writes, 1] += 1
    count(w, p, t, _REVIEWS, ONE)


@njit(forceinline=True)
def touch(w, p, t, stream, index, visit, step, outcome, wait, chance, trigger):
    """One touch at its end of service: everything it changes, and its row. Returns (outcome, valence)."""
    place = w.steps[step]
    touchpoint = np.int64(place.touchpoint)
    tp = w.touchpoints[touchpoint]
    if outcome == OK and tp.fails > 0.0:
        if draw(w, p, stream, index, visit, place.purpose[_FAILS]) < answers.failing(w, tp, touchpoint):
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
    revenue, order = np.int64(0), np.int64(0)
    if tp.price_kind != layout.NO_PRICE and (outcome == OK or (outcome == FAILED and tp.still_sells)):
        revenue = sell(w, p, tp, t)
        order = np.int64(p.n_order)
    if tp.counted >= 0 and outcome == OK:
        w.counted[p.site, tp.counted, 0] += 1
    if tp.writes >= 0 and outcome == OK:
        _review(w, p, tp, t, stream, index, visit, place.purpose[_STARS])
    cost = cost_of(w, stream, touchpoint) if outcome <= FAILED else np.int64(0)
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
