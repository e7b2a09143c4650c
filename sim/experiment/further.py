"""What a comparison may be asked for beyond its differences: how much rests on assumptions, and why."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sim.errors import UsageError
from sim.experiment.assumptions import FEWEST, REPLICATIONS, assumed_of, draw
from sim.experiment.replications import Progress
from sim.experiment.why import MOST, Ablation, explain

if TYPE_CHECKING:
    from sim.experiment.asked import Asked
    from sim.experiment.comparison import Comparison
    from sim.scenario import Scenario

__all__ = ["FEWEST", "Further"]


class Further:
    """What else is to be done; whatever cannot be is found out before anything is simulated."""

    def __init__(self, scenarios: Sequence[Scenario], how: Asked):
        self.scenarios, self.how = scenarios, how
        if how.every_default and how.assumptions is None:
            raise UsageError("assumptions_all says what to draw; say how often with assumptions, such as 100")
        if how.assumptions is not None:
            assumed_of(scenarios, how.every_default)
        self.ablation = Ablation(scenarios) if how.why else None

    def share(
        self, progress: Progress | None, replications: int
    ) -> tuple[Progress | None, list[Progress | None]]:
        """Who is told of the comparison itself, of the draws, and of the ablation: each its part of the work."""
        worlds = len(self.scenarios)
        work = [worlds * replications, worlds * REPLICATIONS * (self.how.assumptions or 0), 0]
        if self.ablation is not None:
            work[2] = len(self.ablation.worlds) * min(replications, MOST)
        if progress is None or sum(work[1:]) == 0:
            return progress, [None, None]
        told = [_part(progress, sum(work[:k]) / sum(work), work[k] / sum(work)) for k in range(3)]
        return told[0], [*told[1:]]

    def added(
        self, done: Comparison, workers: int, executor: Executor | None, progress: Sequence[Progress | None]
    ) -> Comparison:
        """The comparison with everything else that was asked for."""
        if self.how.assumptions is not None:
            order = tuple(standing.world for standing in done.ranking)
            draws = draw(
                self.scenarios,
                done.labels,
                order,
                done.sign,
                done.worlds.kpi(done.metric),
                self.how,
                workers=workers,
                executor=executor,
                progress=progress[0],
            )
            done = replace(done, assumptions=draws, ended=datetime.now(UTC))
        if self.ablation is not None:
            settings = replace(self.how.settings, replications=done.replications)
            why = explain(
                self.ablation,
                done.labels,
                done.metric,
                settings,
                workers=workers,
                executor=executor,
                progress=progress[1],
            )
            done = replace(done, why=why, ended=datetime.now(UTC))
        return done


def _part(progress: Progress, begins: float, size: float) -> Progress:
    def told(share: float) -> None:
        progress(begins + size * share)

    return told
