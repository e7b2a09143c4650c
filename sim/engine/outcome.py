"""What one replication leaves behind, before anybody counts anything: accumulators and final people."""

from dataclasses import dataclass

import numpy as np

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
CAMPAIGN_ROW = np.dtype([("picked", "i8"), ("handed", "i8"), ("spent", "i8")], align=True)


@dataclass(frozen=True)
class Outcome:
    """One replication at its horizon.

    ``people`` PERSON[customers], feelings carried to the horizon; ``daily`` int64[days, segments, DAILY];
    ``touches`` int64[segments, touchpoints, OUTCOMES]; ``felt`` int64[touchpoints, 3] in millionths (valence,
    perceived quality, mood after); ``staff`` a row per pool and site; ``signals`` a row per refresh (mean over
    sites); ``campaigns`` a row per campaign (money in cents). ``answered`` int64[segments, questions, SCORES + 2]:
    answers by score, then those asked, then answers acted on (no segments where nobody asks); ``failing``
    float64[touchpoints]: what learning left of the chance to fail (empty where nothing is learnt). ``events`` counts
    logged touches and decisions with a consequence. ``capped`` and ``hazard_lost``: how often, and by how much in
    all (in units of the dominating rate), the leaving hazard exceeded the moments at which somebody can leave.
    """

    replication: int
    people: np.ndarray
    daily: np.ndarray
    touches: np.ndarray
    felt: np.ndarray
    staff: np.ndarray
    signals: np.ndarray
    campaigns: np.ndarray
    answered: np.ndarray
    failing: np.ndarray
    events: int
    capped: int
    hazard_lost: float
