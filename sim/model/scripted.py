"""A touchpoint of the user's own: what a Python function said of the touch that now ends.

The function runs in the engine (`sim.engine.scripts`); here what it said takes its place in the touch.
"""

import math

import numpy as np

from sim._jit import njit
from sim.model.feelings import stir
from sim.model.layout import FAILED


@njit(forceinline=True)
def outcome_said(w, outcome):
    """How a touch that came about ends."""
    said = w.script[0].outcome
    return said if said >= 0 and outcome <= FAILED else outcome


@njit(forceinline=True)
def quality_said(w, quality):
    """Its quality."""
    said = w.script[0].quality
    return quality if math.isnan(said) else said


@njit(forceinline=True)
def price_said(w, cents):
    """What is paid for it."""
    said = w.script[0].price
    return said if said >= 0 else cents


@njit
def stir_said(w, p, t):
    """Its impulses on emotions, beside those that the scenario declares."""
    for k in range(len(w.emotions)):
        stir(w, p, k, w.script[0].impulses[k] * np.float64(p.reactivity), t)
