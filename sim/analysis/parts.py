"""One replication in parts: what each segment of the customers did, and how each stage of the journey felt."""

from __future__ import annotations

import numpy as np

from sim.analysis.view import CENTS, Floats, View
from sim.engine.program import STAGES
from sim.model.layout import DAY, MILLION


def by_segment(view: View) -> Floats:
    """A row a segment: retention of its cohort, what a customer brought over the horizon (margin less cost,
    in currency, without wages, which segments share), and how many the cohort has; shares and means are blank where
    there is nobody."""
    homes = view.column("segment").astype(int)
    size = len(view.program.segment_names)
    cohort = np.bincount(homes[view.cohort], minlength=size).astype(float)
    kept = np.bincount(homes[view.cohort], weights=view.alive[view.cohort], minlength=size)
    customers = np.bincount(homes, minlength=size).astype(float)
    sums = view.outcome.daily.sum(axis=0)
    brought = (sums[:, DAY["margin"]] - sums[:, DAY["cost"]]) / CENTS
    return np.stack([_over(kept, cohort), _over(brought, customers), cohort], axis=1)


def by_stage(view: View) -> Floats:
    """A row a stage of the journey: touches, and how good they felt on average (-1..1); blank where there are none."""
    stages = np.asarray(view.program.touchpoint_stage, dtype=int)
    counts = view.outcome.touches.sum(axis=(0, 2)).astype(float)
    touches = np.bincount(stages, weights=counts, minlength=len(STAGES))
    felt = np.bincount(stages, weights=view.outcome.felt[:, 0] / MILLION, minlength=len(STAGES))
    return np.stack([touches.astype(float), _over(felt, touches)], axis=1)


def _over(above: np.ndarray, below: np.ndarray) -> Floats:
    shares: Floats = np.divide(above, below, out=np.full(len(below), np.nan), where=below > 0)
    return shares
