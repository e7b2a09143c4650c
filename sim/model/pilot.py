"""What a pilot of the baseline adds up: chances, not events, at every decision that has a stated rate.

The chance of each decision beside what is stated for it says the same as counting who left and who came, with
far less noise (Rao & Blackwell). Integers, so that the order of customers never matters.
"""

import numpy as np

from sim._jit import njit

PILOTED = ("moments", "stated", "shown", "needs", "chosen", "slope")
MOMENTS, STATED, SHOWN, NEEDS, CHOSEN, SLOPE = (np.int64(k) for k in range(6))
BILLION = 1_000_000_000.0
_ONE = np.int64(1)


@njit
def _billionths(x):
    return np.int64(round(x * BILLION))


@njit
def pilot_leaving(w, p, t, rate, chance):
    """A moment to leave: `chance` beside the stated share of the moments, which come at `rate` (1: one by one)."""
    if t >= 0.0:
        row = w.piloted[p.segment]
        row[MOMENTS] += _ONE
        row[STATED] += _billionths(np.float64(p.leave) / rate)
        row[SHOWN] += _billionths(chance)


@njit
def pilot_choice(w, p, t, chance):
    """A need becomes a visit with this chance; its slope is by how much a logit more would raise it."""
    if t >= 0.0:
        row = w.piloted[p.segment]
        row[NEEDS] += _ONE
        row[CHOSEN] += _billionths(chance)
        row[SLOPE] += _billionths(chance * (1.0 - chance))
