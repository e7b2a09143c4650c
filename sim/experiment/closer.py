"""A closer look at a comparison's worlds: what a report shows and the differences do not need.

Journeys and cohorts take the event log and the people, which a comparison lets go. So some replications are
lived through once more: the same bits, since every draw is keyed.
"""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.experiment.replications import Job, Task, perform_all

if TYPE_CHECKING:
    import pandas as pd

    from sim.experiment.comparison import Comparison

AGAIN = 5  # replications that cohorts are told of, at most
FOLLOWED = 20_000  # customers whose journeys are looked at, about


@dataclass(frozen=True, eq=False)
class Closer:
    """``flows`` of the baseline's replication 1 (``analysis.flows``), ``followed`` one customer in so many.

    ``cohorts`` by label, of the baseline and the best strategy: ``analysis.retention.cohorts`` of the first
    ``again`` replications together. Empty for one-shot visitors.
    """

    flows: pd.DataFrame
    followed: int
    cohorts: dict[str, pd.DataFrame]
    again: int


def closer(done: Comparison, workers: int = 1, progress: Callable[[float], None] | None = None) -> Closer:
    """Live through the first replications of the baseline and the best strategy again."""
    best = next(standing.world for standing in done.ranking if standing.world)
    again = min(AGAIN, done.replications)
    cohorts = _cohorts(done, [0, best], again, workers, progress)
    flows, followed = _flows(done)
    return Closer(flows, followed, cohorts, again)


def _flows(done: Comparison) -> tuple[pd.DataFrame, int]:
    from sim.analysis.flows import flows, touches
    from sim.engine import simulate

    program, side = done.programs[0], done.worlds
    every = max(1, math.ceil(program.scenario.population.size / FOLLOWED))
    kept: list[np.ndarray] = []
    simulate(
        program,
        seed=side.seed,
        replication=1,
        engine=side.engine,
        log=lambda chunk: kept.append(touches(chunk, every)),
    )
    return flows(np.concatenate(kept) if kept else np.empty(0), program), every


def _cohorts(
    done: Comparison,
    worlds: Sequence[int],
    again: int,
    workers: int,
    progress: Callable[[float], None] | None,
) -> dict[str, pd.DataFrame]:
    if done.worlds.seen[0][0].alive.size == 0:
        return {}
    programs = {pickle.dumps(done.programs[world]): done.programs[world] for world in worlds}
    blobs = list(programs)
    tasks = [
        Task(blob, Job(done.worlds.seed, number, done.worlds.engine, keep=_counted))
        for blob in blobs
        for number in range(1, again + 1)
    ]
    found = perform_all(tasks, programs, workers=workers, progress=progress)
    return {
        done.labels[world]: _together([found[k * again + r] for r in range(again)])
        for k, world in enumerate(worlds[: len(blobs)])
    }


def _counted(outcome: Any, program: Any) -> pd.DataFrame:
    from sim.analysis.retention import cohort_width, cohorts, lives

    return cohorts(lives([outcome]), program.horizon, cohort_width(program.horizon))


def _together(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Cohorts of several replications as one; periods that one of them does not cover are left out."""
    import pandas as pd

    every = pd.concat(frames, ignore_index=True)
    every["there"] = every["alive"] * every["customers"]
    groups = every.groupby(["cohort", "starts", "period"], sort=True)
    sums = groups[["customers", "there"]].sum()
    having = every[every["period"] == 0].groupby("cohort").size()  # replications that have the cohort at all
    covered = groups.size().to_numpy() == having[sums.index.get_level_values("cohort")].to_numpy()
    sums = sums[covered].reset_index()
    return sums.assign(alive=sums["there"] / sums["customers"]).drop(columns="there")
