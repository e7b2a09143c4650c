"""Where a customer stands among all people: the row of what is kept beside the records."""

import numpy as np

from sim._jit import njit

GROUPS = (
    64  # ids by their top six bits: those there on day 0, entrants from 16, prospects from 32, a segment each
)
_BITS = np.int64(26)  # the others


@njit
def place_of(w, p):
    """The customer's row in World.people. Ids go up from row to row, without gaps but where the horizon cut
    off some of those who enter on given days."""
    key = np.int64(p.id)
    i = key - w.shift[key >> _BITS]
    if i < len(w.people) and w.people[i].id == p.id:
        return i
    low, high = np.int64(0), np.int64(min(i, len(w.people)))
    while low < high:
        middle = (low + high) // 2
        if w.people[middle].id < p.id:
            low = middle + 1
        else:
            high = middle
    return low


def shifts(ids: np.ndarray) -> np.ndarray:
    """What to take off an id to get its row, by the id's top six bits, if no id of its kind is missing."""
    shift = np.zeros(GROUPS, np.int64)
    groups = ids.astype(np.int64) >> _BITS
    for group in np.unique(groups):
        first = int(np.searchsorted(groups, group))
        shift[group] = int(ids[first]) - first
    return shift
