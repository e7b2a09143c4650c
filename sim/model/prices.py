"""Prices: what a choice makes of today's price, and how the price that seems right follows what was paid.

Prices are multiples of the price that the baseline asks at the same touchpoint, which `usually` knows
already: 1 is today's. Whoever only ever met that price has a reference of exactly 1, and is not moved.
"""

import numpy as np

from sim._jit import njit
from sim.model.layout import NO_PRICE


@njit
def price_pull(w, p, tp):
    """What the price at hand adds to the logit of a choice (Kalyanaram & Winer 1995): one part answers to
    the price itself, the other to its distance from the price that seems right, and a loss weighs more."""
    q, reference = w.psyche[0], np.float64(p.reference)
    if tp.price_kind == NO_PRICE or (tp.relative_price == 1.0 and reference == 1.0):
        return 0.0
    gain = reference - tp.relative_price
    felt = gain if gain > 0.0 else q.price_loss * gain
    value = (1.0 - q.price_reference) * (1.0 - tp.relative_price) + q.price_reference * felt
    return np.float64(p.price_sensitivity) * q.price_weight * value


@njit(forceinline=True)
def get_used_to(w, p, tp):
    """An order moves the price that seems right toward the one paid."""
    if p.reference != tp.relative_price and w.psyche[0].on != 0.0:
        reference = np.float64(p.reference)
        p.reference = reference + w.psyche[0].reference_rate * (tp.relative_price - reference)
