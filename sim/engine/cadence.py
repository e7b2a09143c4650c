"""When something happens that happens at every multiple of a period: signals, stock on show, deliveries."""

import math

LEARNS_EVERY = 1.0  # days: when what was learnt from answers takes effect


def first_multiple(period: float, t: float, *, after: bool = False) -> int:
    """The least k for which ``k * period`` is at t or later; with ``after``, later than t."""
    k = math.floor(t / period) - 1
    while k * period < t or (after and k * period == t):
        k += 1
    return k
