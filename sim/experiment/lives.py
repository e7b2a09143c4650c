"""One customer's life, taken from a run of everybody: what the others do can reach him."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import UsageError
from sim.experiment.manifest import Settings
from sim.experiment.replications import Progress
from sim.experiment.runs import prepare

if TYPE_CHECKING:
    from sim.scenario import Scenario


RANGES = 6  # of ids that a message lists at most


@dataclass(frozen=True)
class Life:
    """``rows`` LOG records of one customer, in order; ``person`` his final PERSON record."""

    rows: np.ndarray
    person: np.void
    program: Any
    scenario: Scenario


def life(
    scenario: Scenario | str | Path,
    customer: int,
    *,
    seed: int = 1,
    replication: int = 1,
    size: int | None = None,
    sets: Sequence[str] = (),
    progress: Progress | None = None,
) -> Life:
    """Simulate one replication and keep what happened to one customer, undone decisions included.

    Raises UsageError where there is no such customer.
    """
    ready = prepare(scenario, Settings(seed, replication, size, None, tuple(sets)))
    from sim.engine import lower, simulate
    from sim.model.layout import LOG

    program = lower(ready)
    kept = [np.empty(0, LOG)]

    def keep(chunk: np.ndarray) -> None:
        kept.append(chunk[chunk["customer"] == customer])

    def tell(day: float) -> None:
        if progress is not None:
            progress(min(max(day / program.horizon, 0.0), 1.0))

    outcome = simulate(program, seed=seed, replication=replication, log=keep, progress=tell, everything=True)
    return Life(np.concatenate(kept), _person(outcome.people, customer), program, ready)


def _person(people: np.ndarray, customer: int) -> np.void:
    found = people[people["id"] == customer]
    if len(found) == 0:
        raise UsageError(f"--customer {customer}: there is no such customer; {_who(people['id'])}")
    return found[0]


def _who(ids: np.ndarray) -> str:
    """The ids there are, by ranges without a gap."""
    from sim.engine.population import ENTRANTS, PROSPECTS

    numbers = np.sort(ids).astype(np.int64)
    parts = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1) if len(numbers) else []
    kinds = ((PROSPECTS, "prospects "), (ENTRANTS, "entrants "), (0, ""))
    ranges = []
    for part in parts[:RANGES]:
        kind = next(word for least, word in kinds if part[0] >= least)
        ranges.append(f"{kind}{part[0]} to {part[-1]}" if len(part) > 1 else f"{kind}{part[0]}")
    if not ranges:
        return "there is nobody in this run"
    return f"they are {', and '.join(ranges)}{', and others' if len(parts) > RANGES else ''}"
