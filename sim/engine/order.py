"""The order of the event log: time, then customer, then the customer's own order."""

import numpy as np


def in_order(rows: np.ndarray) -> np.ndarray:
    """A copy of LOG rows in the order of the tables."""
    return rows.take(places_in_order(rows))


def places_in_order(rows: np.ndarray) -> np.ndarray:
    """The places of LOG rows by (t, customer, seq): what ``np.lexsort`` says, twice as fast.

    Engines hand rows over with each customer's own in order, and customers seldom meet at one instant. So a
    stable sort by time is nearly always right; what it leaves out of order at one instant is sorted again.
    """
    t = np.ascontiguousarray(rows["t"])
    order = np.argsort(t, kind="stable")
    t = t[order]
    tied = np.flatnonzero(t[1:] == t[:-1])  # each with the next
    if tied.size:
        who = ((rows["customer"].astype(np.uint64) << np.uint64(32)) | rows["seq"])[order]
        wrong = tied[who[tied + 1] < who[tied]]
        if wrong.size:
            again = _at_the_instants_of(t, wrong)
            order[again] = order[again][np.lexsort((who[again], t[again]))]
    return order


def _at_the_instants_of(t: np.ndarray, some: np.ndarray) -> np.ndarray:
    """The places of everything at the instants of some places, in sorted times."""
    instant = np.cumsum(t[1:] != t[:-1])
    instant = np.concatenate([np.zeros(1, instant.dtype), instant])
    chosen = np.zeros(instant[-1] + 1, bool)
    chosen[instant[some]] = True
    return np.flatnonzero(chosen[instant])
