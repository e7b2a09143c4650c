"""Where the next replications tell most about which design is best: ranking and selection under a budget.

Optimal computing budget allocation (OCBA; Chen, Lin, Yücesan & Chick 2000, *Discrete Event Dynamic Systems* 10).
With gaps d[i] of the design i to the best b and standard deviations s[i] of a replication, the probability of
picking the right one is, in the limit, largest where

    N[i] / N[j] = ((s[i] / d[i]) / (s[j] / d[j]))²                   for i, j other than b
    N[b] = s[b] sqrt(sum of N[i]² / s[i]² over i other than b)

Designs that are lived through by the same people with the same luck are told apart by their paired differences.
Then s[i] is the standard deviation of the difference to b, b itself adds nothing (s[b] = 0), but has to be
there in every replication that a rival is paired in: N[b] = max N[i]. A design that breaks a constraint can be
dismissed by that as well, whichever shows first (OCBA-CO; Lee, Pujowidianto, Li, Chen & Yap 2012, *IEEE
Transactions on Automatic Control* 57): `ease` turns both into one number.
"""

from __future__ import annotations

import numpy as np

from sim.analysis.view import Floats

UNSEEN = (
    0.1  # standard errors: a gap below so many is taken for that one, or all of the budget would go there
)


def ease(gaps: Floats, deviations: Floats, count: int) -> Floats:
    """How easily a gap shows, |gap| / deviation of a replication, elementwise; nothing to show is told as inf.

    Gaps that ``count`` replications cannot have seen are taken for the least that they could.
    """
    seen = np.maximum(np.abs(gaps), UNSEEN * deviations / np.sqrt(count))
    with np.errstate(divide="ignore", invalid="ignore"):
        told: Floats = np.where(deviations > 0.0, seen / deviations, np.inf)
    return told


def ocba(eases: Floats, best: int) -> Floats:
    """The share of the replications of every design where all are paired with the best, ``[k]``.

    ``eases[i]``: how easily rival i is dismissed (gap / deviation of its paired difference, or of a constraint
    that it breaks); that of ``best``: how easily it is seen to keep its own constraints (inf where it has none).
    """
    shares = 1.0 / eases**2
    rivals = np.delete(shares, best)
    shares[best] = max(float(shares[best]), float(rivals.max(initial=0.0)))
    total = shares.sum()
    told: Floats = shares / total if total > 0.0 else np.full(len(shares), 1.0 / len(shares))
    return told


def handed_out(shares: Floats, counts: np.ndarray, extra: int) -> np.ndarray:
    """How many of ``extra`` replications every design gets, so that the counts come near their shares, ``[k]``.

    One at a time to whoever lacks most; ties to the first. Nobody gives any back.
    """
    wanted = shares * (counts.sum() + extra)
    given = np.zeros(len(counts), np.int64)
    for _ in range(extra):
        given[int(np.argmax(wanted - counts - given))] += 1
    return given
