"""Feelings and beliefs: stored at their last impulse, evaluated at now (lazy exponential decay).

Nothing here rewrites a state unless a non-zero impulse lands, so that looking never changes anything.
"""

import math

import numpy as np

from sim._jit import njit
from sim.model.draws import drawn
from sim.model.layout import EMOTIONS

LN2 = math.log(2.0)
_GOODWILL, _OBLIGATION, _GIFT_HABIT, _SCARCE_SEEN, _GRIEVANCE, _PRESSURE = EMOTIONS + np.arange(
    6
)  # in World.faded
_FORGOTTEN = 0.1  # a grievance below this makes no failure a second one
MANY = 255  # failures, or touches in one episode, beyond which counting stops


@njit(forceinline=True)
def clamp(x, low, high):
    """x within low..high."""
    return min(max(x, low), high)


@njit(forceinline=True)
def fade(half_life, days):
    """What is left of 1 after some days: exactly 0.5 after the half-life."""
    return math.exp(-LN2 * (days / half_life))


@njit(forceinline=True)
def left_of(w, stored, slot, half_life, days):
    """What is left of a stored feeling after some days. Several looks at one moment share the exponential:
    World.faded keeps the last days asked for in each slot, and what was left of 1."""
    if stored == 0.0 or days == 0.0:
        return stored
    last = w.faded[slot]
    if last.days != days:
        last.days, last.left = days, fade(half_life, days)
    return stored * last.left


@njit(forceinline=True)
def emotion(w, p, k, t):
    """Emotion k of customer p at time t."""
    return left_of(w, np.float64(p.emotion[k]), k, w.emotions[k].half_life, t - p.t_feel)


@njit(forceinline=True)
def goodwill(w, p, t):
    """The slow mood that episodes leave behind, -1..1, at time t."""
    return left_of(w, np.float64(p.goodwill), _GOODWILL, w.psyche[0].goodwill_half_life, t - p.t_feel)


@njit(forceinline=True)
def obligation(w, p, t):
    """Felt obligation to give back, >= 0, at time t."""
    return left_of(w, np.float64(p.obligation), _OBLIGATION, w.psyche[0].obligation_half_life, t - p.t_feel)


@njit
def gift_habit(w, p, t):
    """How expected a gift has become, 0..1, at time t."""
    return left_of(w, np.float64(p.gift_habit), _GIFT_HABIT, w.psyche[0].gift_habit_half_life, t - p.t_feel)


@njit
def scarce_seen(w, p, t):
    """Scarcity cues met lately (a decaying count), at time t."""
    return left_of(w, np.float64(p.scarce_seen), _SCARCE_SEEN, w.psyche[0].scarcity_half_life, t - p.t_feel)


@njit
def grievance(w, p, t):
    """What failures that nobody made good have left behind, 0..1, at time t."""
    return left_of(w, np.float64(p.grievance), _GRIEVANCE, w.psyche[0].grievance_half_life, t - p.t_feel)


@njit
def pressure(w, p, t):
    """Messages met lately (a decaying count), at time t."""
    return left_of(w, np.float64(p.pressure), _PRESSURE, w.psyche[0].pressure_half_life, t - p.t_feel)


@njit(forceinline=True)
def close_episode(w, p, t):
    """Where nothing has moved the customer's feelings for a while, an episode is over, and another begins."""
    if t - p.t_feel > w.psyche[0].episode_gap:
        begin_episode(p)


@njit(forceinline=True)
def begin_episode(p):
    """Nothing has happened in it yet."""
    p.peak, p.satisfied_before, p.in_episode = 0.0, p.satisfaction, 0


@njit
def settle(w, p, t):
    """Carry every decaying state to time t: called only when a non-zero impulse lands."""
    if t == p.t_feel:
        return
    close_episode(w, p, t)
    for k in range(len(w.emotions)):
        if p.emotion[k] != 0.0:
            p.emotion[k] = emotion(w, p, k, t)
    p.goodwill, p.obligation = goodwill(w, p, t), obligation(w, p, t)
    p.gift_habit, p.scarce_seen = gift_habit(w, p, t), scarce_seen(w, p, t)
    p.grievance, p.pressure = grievance(w, p, t), pressure(w, p, t)
    p.t_feel = t


@njit(forceinline=True)
def move(state, g):
    """Impulse g (-1..1) on a state in 0..1: up toward 1, down toward 0."""
    return state + g * (1.0 - state) if g > 0.0 else state + g * state


@njit(forceinline=True)
def sway(state, g):
    """Impulse g (-1..1) on a state in -1..1: toward the sign of g."""
    return state + g * (1.0 - state) if g > 0.0 else state + g * (1.0 + state)


@njit
def stir(w, p, k, g, t):
    """An impulse g lands on emotion k at time t; unbounded emotions add up."""
    if g == 0.0:
        return
    settle(w, p, t)
    now = np.float64(p.emotion[k])
    p.emotion[k] = move(now, clamp(g, -1.0, 1.0)) if w.emotions[k].bounded else now + g


@njit
def stir_all(w, p, first, last, t, stream, index, visit):
    """The impulses of FEEL rows first..last - 1 land, each drawn, and scaled by reactivity."""
    for k in range(first, last):
        feel = w.feels[k]
        g = drawn(w, p, feel.amount, stream, index, visit, feel.purpose)
        stir(w, p, np.int64(feel.emotion), g * np.float64(p.reactivity), t)


@njit
def soothe(w, p, share, t):
    """Every bad emotion falls by a share of itself (recovery)."""
    for k in range(len(w.emotions)):
        if w.emotions[k].bad and p.emotion[k] != 0.0:
            settle(w, p, t)
            p.emotion[k] = (1.0 - share) * np.float64(p.emotion[k])


@njit
def aggrieve(w, p, g, t):
    """A failure of weight g (0..1) is borne; a second one, before the first was made good, weighs more."""
    settle(w, p, t)
    borne = np.float64(p.grievance)
    if borne < _FORGOTTEN:
        p.failures = 0
    if p.failures > 0:
        g *= w.psyche[0].double_deviation
    p.failures = min(np.int64(p.failures) + 1, MANY)
    p.grievance = move(borne, min(g, 1.0))


@njit
def make_good(w, p, share, t):
    """Grievance falls by a share of itself, by a smaller one after two failures; by how much it fell."""
    settle(w, p, t)
    borne = np.float64(p.grievance)
    healed = borne * share / (w.psyche[0].double_deviation if p.failures > 1 else 1.0)
    p.grievance = borne - healed
    return healed


@njit
def mood(w, p, t):
    """Good minus bad emotions, each side combined as 1 - prod(1 - e): -1..1."""
    calm_good, calm_bad = 1.0, 1.0
    for k in range(len(w.emotions)):
        if p.emotion[k] == 0.0:
            continue
        e = clamp(emotion(w, p, k, t), 0.0, 1.0)
        if w.emotions[k].bad:
            calm_bad *= 1.0 - e
        else:
            calm_good *= 1.0 - e
    return calm_bad - calm_good


@njit
def upset(w, p, t):
    """The strongest bad emotion, 0..1, at time t."""
    worst = 0.0
    for k in range(len(w.emotions)):
        if p.emotion[k] != 0.0 and w.emotions[k].bad:
            worst = max(worst, emotion(w, p, k, t))
    return min(worst, 1.0)
