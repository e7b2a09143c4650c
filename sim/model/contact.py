"""Contact pressure: every message seen adds to it, it decays, and beyond what is welcome it does harm."""

import numpy as np

from sim._jit import njit
from sim.model import layout
from sim.model.draws import draw
from sim.model.feelings import pressure, settle
from sim.model.keys import hash_name
from sim.model.layout import CAMPAIGNS, FIRST_VISIT
from sim.model.record import ONE, count

PURPOSES = ("opt out",)
_OPT_OUT = np.int64(hash_name("contact", "opt out"))
_OPTED_OUT = layout.DAY["opted_out"]


@njit(forceinline=True)
def is_message(w, stream, touchpoint):
    """Whether this touchpoint of this occasion is the message itself that a campaign has sent."""
    if stream < CAMPAIGNS:
        return False
    campaign = w.campaigns[stream - CAMPAIGNS]
    return not campaign.gift and not campaign.event and campaign.touchpoint == touchpoint


@njit(forceinline=True)
def comes_free(w, stream, touchpoint):
    """Whether a touch costs the brand nothing: a message was paid for when it was sent, an event is nobody's doing."""
    if stream >= CAMPAIGNS and w.campaigns[stream - CAMPAIGNS].event != 0:
        return True
    return is_message(w, stream, touchpoint)


@njit
def too_much(w, p, t):
    """How far messages have become too many, 0..1: saturating in what exceeds the welcome number."""
    q = w.psyche[0]
    excess = pressure(w, p, t) - q.pressure_free
    return excess / (excess + q.pressure_half) if excess > 0.0 else 0.0


@njit
def fatigue(w, p, t, stream, touchpoint):
    """Perceived quality that a message loses to those before it."""
    q = w.psyche[0]
    if q.contact_fatigue == 0.0 or p.pressure == 0.0 or not is_message(w, stream, touchpoint):
        return 0.0
    return q.contact_fatigue * too_much(w, p, t)


@njit
def worn(w, p, t):
    """What the messages of late take off the logit of the choice that one more offers."""
    q = w.psyche[0]
    return q.worn_message * pressure(w, p, t) if q.worn_message != 0.0 else 0.0


@njit
def see_message(w, p, t, stream, index):
    """A message is seen, whatever becomes of it: pressure rises, and the customer may opt out of messages."""
    q = w.psyche[0]
    if q.on == 0.0 or (q.contact_fatigue == 0.0 and q.worn_message == 0.0 and q.opts_out == 0.0):
        return
    settle(w, p, t)
    p.pressure = np.float64(p.pressure) + 1.0
    chance = q.opts_out * too_much(w, p, t)
    if chance > 0.0 and not p.opted_out:
        if draw(w, p, stream, index, FIRST_VISIT, _OPT_OUT) < chance:
            p.opted_out = 1
            count(w, p, t, _OPTED_OUT, ONE)
