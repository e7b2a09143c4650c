"""Chance and parameters: how much of the variance between points is luck of the few replications of each.

``each[point, replication]`` is a result. With *common* random numbers replication r has the same luck at every
point, so that chance is what points and replications do not explain by adding up (the residual of a two-way
analysis of variance); with independent numbers it is the spread within points.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.analysis.view import Floats


def noise_variance(each: Floats, common: bool = True) -> float | None:
    """The variance that chance gives to the *mean* of a point's replications; None with fewer than two of either."""
    if min(each.shape) < 2:
        return None
    points, replications = each.shape
    rest = each - each.mean(axis=1, keepdims=True)
    freedom = points * (replications - 1)
    if common:
        rest = rest - rest.mean(axis=0)
        freedom = (points - 1) * (replications - 1)
    return float((rest**2).sum() / freedom) / replications


@dataclass(frozen=True)
class Split:
    """Where the variance of the points' means comes from.

    ``total`` is that variance, ``noise`` what chance of the ``replications`` a point contributes to it (None with
    one replication: it cannot be told), both in the result's units squared. ``freedom``: the degrees of freedom of
    the two.
    """

    total: float
    noise: float | None
    replications: int
    freedom: tuple[int, int] | None = None

    @property
    def beyond_chance(self) -> bool | None:
        """Whether points differ by more than chance in 19 of 20 sweeps without effect would let them (F test)."""
        from scipy import stats

        if self.noise is None or self.freedom is None:
            return None
        return self.noise == 0.0 or bool(stats.f.sf(self.total / self.noise, *self.freedom) < 0.05)

    @property
    def parameters(self) -> float | None:
        """What is left for the parameters; never below 0, though the estimate may be."""
        return None if self.noise is None else max(0.0, self.total - self.noise)

    @property
    def share(self) -> float | None:
        """The share of chance, 0..1; None where it cannot be told."""
        if self.noise is None or self.total <= 0.0:
            return None
        return min(1.0, self.noise / self.total)

    def enough(self, share: float) -> int | None:
        """How many replications a point would bring the share of chance down to ``share``; None: no number would."""
        if not self.noise or not self.parameters:
            return None
        wanted = self.noise * self.replications * (1.0 - share) / (share * self.parameters)
        return max(self.replications, math.ceil(wanted - 1e-9))


def split(each: Floats, common: bool) -> Split:
    """The variance of the means of ``each[point, replication]``, taken apart."""
    means = each.mean(axis=1)
    total = float(np.var(means, ddof=1)) if len(means) > 1 else 0.0
    points, replications = each.shape
    freedom = points - 1, (replications - 1) * (points - 1 if common else points)
    return Split(total, noise_variance(each, common), replications, freedom)
