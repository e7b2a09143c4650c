"""Trained and empowered staff: what they do better takes effect with time, and depends on time alone."""

from sim._jit import njit
from sim.model.feelings import fade, move


@njit(forceinline=True)
def taught(tp, t):
    """The part of a training that has taken effect at time t, 0..1: a half after `trains` days from day 0 on."""
    return 1.0 - fade(tp.trains, t) if tp.trains > 0.0 and t > 0.0 else 0.0


@njit(forceinline=True)
def fails_trained(tp, t):
    """The chance that a touch fails, with the staff as they are by then."""
    return tp.fails if tp.trained_failures == 0.0 else tp.fails * (1.0 - tp.trained_failures * taught(tp, t))


@njit(forceinline=True)
def empathy(tp, t):
    """Empathy of the staff at time t."""
    return tp.empathy if tp.trained_empathy == 0.0 else move(tp.empathy, tp.trained_empathy * taught(tp, t))


@njit(forceinline=True)
def recovers(tp, t):
    """The share of a failure's harm that the staff make good at time t."""
    return tp.recovers if tp.trained_recovery == 0.0 else move(tp.recovers, tp.trained_recovery * taught(tp, t))
