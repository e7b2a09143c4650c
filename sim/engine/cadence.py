"""When something happens that happens at every multiple of a period: signals, stock on show, shifts, deliveries."""

import math

LEARNS_EVERY = 1.0  # days: when what was learnt from answers takes effect


def first_multiple(period: float, t: float, *, after: bool = False, offset: float = 0.0) -> int:
    """The least k for which ``k * period + offset`` is at t or later; with ``after``, later than t."""
    k = math.floor((t - offset) / period) - 1
    while k * period + offset < t or (after and k * period + offset == t):
        k += 1
    return k
