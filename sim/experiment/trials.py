"""Points of a search, lived through by the same people with the same luck, and what each showed."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.view import Floats
from sim.errors import ScenarioError
from sim.experiment.goals import Constraint, Goal
from sim.experiment.levers import Point, Space
from sim.experiment.replications import Job, Progress, Task, perform_all

if TYPE_CHECKING:
    from sim.scenario import Scenario

BASELINE, WRITTEN = "baseline", "as written"  # worlds that are no point
World = Point | str


def numbers(outcome: Any, program: Any) -> tuple[int, dict[str, float]]:
    """What is kept of a replication: its number and its KPIs."""
    from sim.analysis.kpis import kpis

    return outcome.replication, kpis(outcome, program)


@dataclass(frozen=True)
class Sample:
    """What a world showed: a row a replication, in order.

    ``metric`` is the goal's KPI, ``excess`` by how much each constraint is broken (above 0 it is), a column each.
    """

    metric: Floats
    excess: Floats

    @property
    def count(self) -> int:
        """How many replications there are."""
        return len(self.metric)


class Lab:
    """Worlds that share a seed: the scenario as written, its baseline, and every point that is tried.

    ``spent`` counts runs, ``wrong`` says why a point cannot be simulated. ``told`` hears the number of runs done.
    """

    def __init__(
        self,
        space: Space,
        goal: Goal,
        seed: int,
        engine: str,
        *,
        workers: int = 1,
        executor: Executor | None = None,
        told: Progress | None = None,
    ):
        self.space, self.goal, self.seed, self.engine = space, goal, seed, engine
        self.workers, self.executor, self._told = workers, executor, told
        self.wrong: dict[World, str] = {}
        self.spent = 0
        self._kpis: dict[World, dict[int, dict[str, float]]] = {}
        self._programs: dict[World, tuple[bytes, Any]] = {}

    # ------------------------------------------------------------ running
    def play(self, wanted: Iterable[tuple[World, Iterable[int]]]) -> None:
        """Have worlds lived through in replications of these numbers; what is known already costs nothing."""
        tasks: list[Task] = []
        owners: list[World] = []
        programs: dict[bytes, Any] = {}
        for asked, replications in wanted:
            world = self._same(asked)
            have = self._kpis.setdefault(world, {})
            lacking = [number for number in dict.fromkeys(replications) if number not in have]
            if not lacking or not self._is_ready(world):
                continue
            blob, program = self._programs[world]
            programs[blob] = program
            jobs = [Job(self.seed, number, self.engine, keep=numbers) for number in lacking]
            tasks += [Task(blob, job) for job in jobs]
            owners += [world] * len(lacking)
        if not tasks:
            return
        told, spent = self._told, self.spent

        def tell(share: float) -> None:
            if told is not None:
                told(spent + share * len(tasks))

        done = perform_all(tasks, programs, workers=self.workers, executor=self.executor, progress=tell)
        for world, (number, kpis) in zip(owners, done, strict=True):
            self._kpis[world][number] = kpis
        self.spent += len(tasks)

    def _is_ready(self, world: World) -> bool:
        """Whether the world has a program; where its values do not go together, ``wrong`` says why."""
        if world in self._programs:
            return True
        if world in self.wrong:
            return False
        from sim.experiment.runs import lowered

        try:
            program = lowered(self._scenario(world), self.space.bounds)
        except ScenarioError as error:
            self.wrong[world] = f"{error.problems[0].path}: {error.problems[0].message}"
            return False
        self._programs[world] = pickle.dumps(program), program
        return True

    def _same(self, world: World) -> World:
        """A scenario that is its own baseline need not be lived through twice."""
        scenario = self.space.scenario
        return WRITTEN if world == BASELINE and scenario.baseline is scenario else world

    def _scenario(self, world: World) -> Scenario:
        if isinstance(world, str):
            return self.space.scenario.baseline if world == BASELINE else self.space.scenario
        return self.space.at(world)

    def keep(self, worlds: Sequence[World]) -> None:
        """Let go of the programs of all other worlds."""
        kept = set(worlds) | {BASELINE, WRITTEN}
        self._programs = {world: program for world, program in self._programs.items() if world in kept}

    # ------------------------------------------------------------ what it showed
    def sample(self, world: World, replications: Iterable[int]) -> Sample | None:
        """What a world showed in these replications; None where it cannot run, or some KPI has no value there."""
        rows = [self._kpis.get(world, {}).get(number) for number in replications]
        if world in self.wrong or any(row is None or self.goal.missing(row) for row in rows):
            return None
        here = [row for row in rows if row is not None]
        metric = np.array([row[self.goal.metric] for row in here])
        columns = [self._excess(one, here, replications) for one in self.goal.constraints]
        return Sample(metric, np.stack(columns, axis=1) if columns else np.empty((len(here), 0)))

    def _excess(
        self, one: Constraint, rows: Sequence[Mapping[str, float]], replications: Iterable[int]
    ) -> Floats:
        values = np.array([row[one.kpi] for row in rows])
        if one.above_baseline:
            there = self._kpis[self._same(BASELINE)]
            values = values - [there[number][one.kpi] for number in replications]
        return one.excess(values)

    def alike(self, one: World, other: World) -> bool:
        """Whether two worlds ran and not one number of theirs differs."""
        return not {one, other} & set(self.wrong) and self._kpis.get(one) == self._kpis.get(other)

    def missing(self, world: World) -> str | None:
        """A KPI of the goal that a world has no value of in some replication."""
        absent = (self.goal.missing(row) for row in self._kpis.get(world, {}).values())
        return next((name for name in absent if name), None)
