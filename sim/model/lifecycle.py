"""Where customers stand in their lives with the brand, by what the brand itself can see.

Orders and their dates say it, and the end of a contract; what somebody feels, or has decided without a word, does
not enter.
"""

import numpy as np

from sim.model.layout import CUSTOMER, LEFT, RECENT

STAGES = ("prospect", "new", "adopting", "loyal", "lapsed", "lost", "won back")
PROSPECT, NEW, ADOPTING, LOYAL, LAPSED, LOST, WON_BACK = range(len(STAGES))
LOYAL_FROM = 4  # orders
LOST_AFTER = 2.0  # times the window of activity without an order


def lifecycle(people: np.ndarray, horizon: float, window: float, contractual: bool) -> np.ndarray:
    """The stage of each, a place in STAGES, at the horizon; ``window``: days of ``active_if``."""
    orders = people["n_order"]
    silent = horizon - np.maximum(
        people["t_order"], people["t_entry"]
    )  # since entry, where nothing was bought
    stage = np.select([orders >= LOYAL_FROM, orders >= 2], [LOYAL, ADOPTING], NEW)
    back = people["lives"] > 0 if contractual else returned(people, LOST_AFTER * window)
    stage[back] = WON_BACK
    stage[silent >= window] = LAPSED
    ended = people["status"] == LEFT if contractual else silent >= LOST_AFTER * window
    stage[ended] = LOST
    never = (people["status"] != CUSTOMER) & ((people["status"] != LEFT) | ~np.isfinite(people["t_entry"]))
    stage[never] = PROSPECT
    return stage


def returned(people: np.ndarray, days: float) -> np.ndarray:
    """Who has been silent for longer than some days between two of the orders remembered."""
    orders, recent = people["n_order"], people["recent"]
    long = np.zeros(len(people), bool)
    for k in range(RECENT - 1):
        places = (orders - k) % RECENT, (orders - k - 1) % RECENT
        later, earlier = (np.take_along_axis(recent, at[:, None], 1)[:, 0].astype(int) for at in places)
        long |= (orders >= k + 2) & (later - earlier > days)
    return long
