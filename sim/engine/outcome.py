"""What one replication leaves behind, before anybody counts anything: accumulators and final people."""

from dataclasses import dataclass, field

import numpy as np

from sim.model.layout import ABSENCE

STAFF = np.dtype(
    [
        ("pool", "i4"),
        ("site", "i4"),
        ("servers", "i4"),
        ("requests", "i8"),
        ("waited", "i8"),  # had to queue at all
        ("gave_up", "i8"),
        ("served", "i8"),
        ("wait", "f8"),  # days in the queue, all requests together
        ("service", "f8"),  # days in service, all together
        ("queue", "f8"),  # customer-days in the queue: the integral of its length
    ],
    align=True,
)

SIGNAL_ROW = np.dtype([("t", "f8"), ("signal", "i4"), ("value", "f8"), ("count", "f8")], align=True)
GROUPS, SUMS = ("reached", "held_out"), ("customers", "active", "orders")  # of a campaign, at the horizon
CAMPAIGN_ROW = np.dtype(
    [
        ("picked", "i8"),
        ("handed", "i8"),
        ("spent", "i8"),
        *((f"{group}_{name}", "i8") for group in GROUPS for name in SUMS),
    ],
    align=True,
)

PROGRAMME_ROW = np.dtype(
    [
        ("joined", "i8"),
        ("members", "i8"),  # customers with a card at the horizon
        ("rewards", "i8"),
        ("issued", "i8"),  # millionths of points, as all points here
        ("redeemed", "i8"),
        ("lapsed", "i8"),
        ("spent", "i8"),  # cents
    ],
    align=True,
)
MEMBER_ROW = np.dtype(
    [
        ("customer", "u4"),
        ("programme", "i4"),
        ("joined", "f8"),
        ("points", "f8"),
        ("earned", "f8"),  # in this membership year or the one before, whichever is more
        ("tier", "i4"),  # from 1, 0 for none
    ],
    align=True,
)


@dataclass(frozen=True)
class Outcome:
    """One replication at its horizon.

    ``people`` PERSON[customers], feelings carried to the horizon; ``daily`` int64[days, segments, DAILY];
    ``touches`` int64[segments, touchpoints, OUTCOMES]; ``felt`` int64[touchpoints, 3] in millionths (valence,
    perceived quality, mood after); ``staff`` a row per pool and site; ``signals`` a row per refresh (mean over
    sites); ``campaigns`` a row per campaign (money in cents); ``programmes`` a row per loyalty programme,
    ``members`` one per card. ``answered`` int64[segments, questions, SCORES + 2]: answers by score, then those
    asked, then answers acted on (no segments where nobody asks); ``failing`` float64[touchpoints]: what learning
    left of the chance to fail (empty where nothing is learnt); ``commitments`` float32[customers, 3]: economic, forced
    and habitual (nobody with psychology off). ``events`` counts logged touches and decisions with
    a consequence. ``capped`` and ``hazard_lost``: how often, and by how much in all (in units of the dominating
    rate), the leaving hazard exceeded the moments at which somebody can leave. ``absences``: a row per time that a
    customer was away and came back, by time of the return.
    """

    replication: int
    people: np.ndarray
    daily: np.ndarray
    touches: np.ndarray
    felt: np.ndarray
    staff: np.ndarray
    signals: np.ndarray
    campaigns: np.ndarray
    programmes: np.ndarray
    members: np.ndarray
    answered: np.ndarray
    failing: np.ndarray
    commitments: np.ndarray
    events: int
    capped: int
    hazard_lost: float
    absences: np.ndarray = field(default_factory=lambda: np.zeros(0, ABSENCE).view(np.recarray))
