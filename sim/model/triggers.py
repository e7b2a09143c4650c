"""The three behavioural triggers: how far each lifts a decision, in logits, and what it leaves behind."""

import math

import numpy as np

from sim._jit import njit
from sim.model.draws import draw
from sim.model.feelings import fade, gift_habit, move, scarce_seen, settle, stir
from sim.model.friends import pull_of_friends
from sim.model.layout import (
    DEMAND,
    FRIENDS,
    INFLUENCER,
    NOBODY,
    PROSPECT,
    RECIPROCITY,
    SCARCITY,
    SOCIAL_PROOF,
    SUPPLY,
)


@njit
def _pressure(w, p, trigger, t):
    """How scarce it looks, 0..1."""
    q = w.psyche[0]
    if trigger.cue == SUPPLY:
        return max(0.0, 1.0 - w.shelf[p.site, trigger.reads] / trigger.below)
    if trigger.cue == DEMAND:
        v = w.published[p.site, trigger.reads]
        return v / (v + q.popularity_half)
    left = trigger.until - t
    return fade(q.scarcity_deadline, left) if left > 0.0 else 0.0


@njit
def _scarcity(w, p, trigger, t):
    """susceptibility x pressure x how it is met: a first cue makes the next one stronger, many wear each other
    out, and in the end they only annoy (reactance), whoever shows them."""
    q = w.psyche[0]
    x = scarce_seen(w, p, t) / q.scarcity_worn
    met = (np.float64(p.trust) * (1.0 + x) - q.reactance * x * x) / (1.0 + x * x)
    return np.float64(p.scarcity) * _pressure(w, p, trigger, t) * met


@njit
def _proof(w, p, trigger, t):
    """Follows the published signal; a bad one lowers, and weighs more. An influencer is believed by those who
    trust the brand that shows him, and does harm where he does not fit it."""
    if trigger.source == INFLUENCER:
        return np.float64(p.social_proof) * np.float64(p.trust) * (2.0 * trigger.fit - 1.0)
    if trigger.source == FRIENDS:
        return np.float64(p.social_proof) * pull_of_friends(w, p, t)
    q, value = w.psyche[0], w.published[p.site, trigger.reads]
    if not trigger.reviews:
        return np.float64(p.social_proof) * value / (value + q.popularity_half)
    count = w.published_count[p.site, trigger.reads]
    pull = (value - q.review_neutral) / (5.0 - q.review_neutral) * count / (count + q.review_half)
    return np.float64(p.social_proof) * (pull if pull > 0.0 else pull * q.bad_news)


@njit
def lift(w, p, k, t):
    """Lift of trigger k on its decision, logits. A strength of zero lifts nothing, exactly."""
    trigger = w.triggers[k]
    if trigger.strength == 0.0 or trigger.kind == RECIPROCITY:
        return 0.0
    if trigger.kind == SCARCITY:
        return trigger.strength * _scarcity(w, p, trigger, t)
    return trigger.strength * _proof(w, p, trigger, t)


@njit
def remember(w, p, k, t, stream, index, visit):
    """What having met trigger k leaves behind: one more scarcity cue seen, and perhaps seen through."""
    trigger = w.triggers[k]
    if trigger.kind == SOCIAL_PROOF and trigger.fake and trigger.strength != 0.0:
        sees_through(w, p, trigger, t, stream, index, visit)
    if trigger.kind == SCARCITY and trigger.strength != 0.0 and _pressure(w, p, trigger, t) > 0.0:
        settle(w, p, t)
        p.scarce_seen = np.float64(p.scarce_seen) + 1.0
        if trigger.fake:
            sees_through(w, p, trigger, t, stream, index, visit)


@njit
def sees_through(w, p, trigger, t, stream, index, visit):
    """Whether the customer finds out that it was not genuine: then trust is lost, and it is resented."""
    q = w.psyche[0]
    if draw(w, p, stream, index, visit, trigger.found_out) >= q.found_out:
        return False
    p.trust = np.float64(p.trust) * (1.0 - q.trust_fake)
    if q.resents >= 0.0:
        stir(w, p, np.int64(q.resents), q.fake_resentment * np.float64(p.reactivity), t)
    return True


@njit
def receive(w, p, k, t, stream, index, visit):
    """A gift: obligation rises with its worth and its unexpectedness; gifts become expected.

    (Gouldner 1960 for the norm; diminishing with worth and habit: an assumption.) Bait that is seen through
    obliges nobody.
    """
    trigger, q = w.triggers[k], w.psyche[0]
    if trigger.kind != RECIPROCITY or trigger.strength == 0.0:
        return
    if trigger.fake and sees_through(w, p, trigger, t, stream, index, visit):
        return
    unexpected = 1.0 - gift_habit(w, p, t)
    worth = 1.0 - math.exp(-trigger.worth / q.obligation_scale)
    settle(w, p, t)
    p.obligation = (
        np.float64(p.obligation) + trigger.strength * np.float64(p.reciprocity) * worth * unexpected
    )
    p.gift_habit = move(np.float64(p.gift_habit), q.gift_habit_gain)
    p.last_gift = trigger.name


@njit
def give_back(w, p, t):
    """A purchase discharges part of what is owed."""
    if p.obligation != 0.0:
        settle(w, p, t)
        p.obligation = np.float64(p.obligation) * (1.0 - w.psyche[0].obligation_discharge)


@njit
def total_lift(w, p, first, last, acts_on, t):
    """Sum of the lifts of triggers first..last that act on a decision, and the name of the strongest."""
    total, best, strongest = 0.0, 0.0, NOBODY
    for k in range(first, last):
        if w.triggers[k].acts_on == acts_on:
            x = lift(w, p, k, t)
            total += x
            if x > best:
                best, strongest = x, np.int64(w.triggers[k].name)
    return total, strongest


@njit
def meet(w, p, first, last, acts_on, t, stream, index, visit):
    """The triggers of a decision have been seen, whichever way it went."""
    for k in range(first, last):
        if w.triggers[k].acts_on == acts_on:
            remember(w, p, k, t, stream, index, visit)


@njit(forceinline=True)
def reassurance(w, p, tp):
    """What a guarantee takes off the risk that somebody feels before the first purchase, logits: the difference
    from the guarantee of today, which `usually` knows already."""
    if p.status != PROSPECT or tp.guarantee == tp.usual_guarantee:
        return 0.0
    return w.psyche[0].risk * (1.0 - np.float64(p.trust)) * (tp.guarantee - tp.usual_guarantee)
