"""Paths of customers through touchpoints, from the event log alone: what attribution has to go by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.attribution import Paths, paths_of
from sim.analysis.view import are_customers
from sim.model.layout import CUSTOMER, LOG, TOUCH

if TYPE_CHECKING:
    from sim.experiment.manifest import Settings

FIELDS = ("customer", "seq", "t", "touchpoint", "order")  # of the log, that a path takes
LOOKBACK = 30.0  # days before a conversion, or before the end, in which touches count


def paths_to(program: Any, settings: Settings, replications: int) -> dict[str, list[Paths]]:
    """Paths to orders and, where there are customers to keep, to staying: one entry a replication."""
    found: dict[str, list[Paths]] = {"orders": []}
    for number in range(1, replications + 1):
        touches, people = _touches(program, settings, number)
        found["orders"].append(to_orders(touches, people, program))
        if not program.one_shot:
            found.setdefault("kept", []).append(to_staying(touches, people, program))
    return found


def _touches(program: Any, settings: Settings, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Touches of a replication by customer and time, and everybody's final record."""
    from sim.engine import simulate

    kept: list[np.ndarray] = []

    def keep(chunk: np.ndarray) -> None:
        rows = chunk[chunk["kind"] == TOUCH]
        kept.append(rows[list(FIELDS)].copy())

    outcome = simulate(program, seed=settings.seed, replication=number, engine=settings.engine, log=keep)
    rows = np.concatenate([np.empty(0, LOG)[list(FIELDS)], *kept])
    return rows[np.lexsort((rows["seq"], rows["customer"]))], outcome.people


def to_orders(touches: np.ndarray, people: np.ndarray, program: Any) -> Paths:
    """One path for each order (touches since the order before it), and one for what came after the last.

    The order itself is the conversion and no touch. Touches of more than 30 days before are forgotten.
    """
    orders = touches["order"] > 0
    before = (
        np.cumsum(orders) - orders
    )  # orders of everybody so far; the first of a customer makes it his own
    owner = touches["customer"].astype(np.int64)
    key = np.stack([owner, before], axis=1)
    starts = np.append(True, np.any(key[1:] != key[:-1], axis=1)) if len(key) else np.empty(0, bool)
    path = np.cumsum(starts) - 1
    count = int(path[-1]) + 1 if path.size else 0
    converted = np.zeros(count, bool)
    converted[path[orders]] = True
    ends = _ends(owner[starts], people, program.horizon)
    ends[path[orders]] = touches["t"][orders]
    told = ~orders & (touches["t"] >= ends[path] - LOOKBACK)
    return paths_of(program.touchpoint_names, touches["touchpoint"][told], path[told], converted)


def to_staying(touches: np.ndarray, people: np.ndarray, program: Any) -> Paths:
    """One path for each customer of day 0 (else everybody): touches of the last 30 days; whoever stays converts."""
    chosen = people[are_customers(people)]
    if len(chosen) == 0:
        return paths_of(
            program.touchpoint_names, np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, bool)
        )
    if (chosen["founding"] > 0).any():
        chosen = chosen[chosen["founding"] > 0]
    chosen = chosen[np.argsort(chosen["id"], kind="stable")]
    place = np.searchsorted(chosen["id"], touches["customer"])
    place = np.minimum(place, len(chosen) - 1)
    theirs = chosen["id"][place] == touches["customer"]
    ends = np.minimum(chosen["t_left"], program.horizon)
    told = theirs & (touches["t"] >= ends[place] - LOOKBACK)
    stays = chosen["status"] == CUSTOMER
    return paths_of(program.touchpoint_names, touches["touchpoint"][told], place[told], stays)


def _ends(owners: np.ndarray, people: np.ndarray, horizon: float) -> np.ndarray:
    """When each path's customer was last there."""
    order = np.argsort(people["id"], kind="stable")
    place = order[np.searchsorted(people["id"][order], owners)]
    return np.minimum(people["t_left"][place], horizon)
