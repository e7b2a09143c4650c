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
        last = int(people["id"].max(initial=0))
        raise UsageError(f"--customer {customer}: there is no such customer; they are 0 to {last}")
    return found[0]
