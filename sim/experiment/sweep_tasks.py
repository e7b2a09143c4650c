"""What a worker of a sweep does: the runs of a few points, each point read, checked and lowered once."""

from __future__ import annotations

import gc
import multiprocessing
import pickle
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import RunError, ScenarioError
from sim.experiment.replications import Job, perform, prepared

if TYPE_CHECKING:
    from sim.experiment.sweep_table import Row
    from sim.scenario import Scenario

DIED = "a worker process died during this run, more than once; most often the machine ran out of memory"
MEMORY = "more memory is needed than there is"
PASSING = (DIED, MEMORY)  # errors that another try, elsewhere or later, may not meet

_COMPILING = threading.Lock()  # one thread of a process is enough
_HERE = threading.local()  # what a thread keeps from one chunk to the next


@dataclass(frozen=True)
class World:
    """What all points of a sweep share.

    ``rates`` are base rates for all of them (None: each baseline has its own), ``reach`` bounds the leaving hazard for
    all of them (:class:`sim.engine.Lowering`).
    """

    scenario: Scenario
    engine: str
    kpis: tuple[str, ...]
    rates: Mapping[str, Any] | None
    reach: Mapping[str, float]


@dataclass(frozen=True)
class Point:
    """Some or all replications of one point."""

    number: int
    values: Mapping[str, Any]  # as a scenario writes them
    seed: int
    replications: tuple[int, ...]


@dataclass(frozen=True)
class Chunk:
    """What a worker is given at a time. ``world`` is pickled; below ``logs`` event logs are written, if anywhere."""

    world: bytes
    points: tuple[Point, ...]
    logs: Path | None = None


@dataclass(frozen=True)
class Worked:
    """What became of a chunk, and how many seconds it took."""

    rows: list[Row]
    seconds: float


def work(chunk: Chunk, look: Callable[[float], None]) -> Worked:
    """Run a chunk; a run that cannot be is a row with its error. ``look`` is called now and then, and may raise.

    All its points are lowered before the first is run: the engine would drive what lowers them out of the processor's
    caches, and every point would take half as long again.
    """
    began = time.perf_counter()
    mill = _mill(chunk.world)
    programs = []
    for point in chunk.points:
        look(0.0)
        programs.append(mill.lowered(point))
    each = zip(chunk.points, programs, strict=True)
    rows = [row for point, program in each for row in mill.runs(point, program, chunk.logs, look)]
    return Worked(rows, time.perf_counter() - began)


def work_silently(chunk: Chunk) -> Worked:
    """Run a chunk wherever an executor put it."""
    return work(chunk, _ignore)


def _ignore(_: float) -> None:
    pass


def _mill(world: bytes) -> Any:
    """What this thread runs the points of a sweep with."""
    if getattr(_HERE, "world", None) != world:
        mill = _Mill(pickle.loads(world))
        with _COMPILING:
            prepared(mill.world.engine)
        if multiprocessing.parent_process() is not None:
            gc.freeze()  # what is loaded stays: collecting garbage need not look through it for every point
        _HERE.world, _HERE.mill = world, mill
    return _HERE.mill


class _Mill:
    """Turns points into rows, one after another, and keeps what the next can use."""

    def __init__(self, world: World):
        from sim.engine import Lowering

        self.world = world
        self._lower = Lowering(rates=world.rates, reach=world.reach)
        self._last: tuple[int, Any] = (0, None)  # the last point and its program

    def lowered(self, point: Point) -> Any:
        """The point's program, or the exception that it ended in."""
        from sim.scenario.variants import with_values

        number, program = self._last
        if number != point.number:
            try:
                program = self._lower(with_values(self.world.scenario, point.values))
            except Exception as error:
                return error
            self._last = point.number, program
        return program

    def runs(self, point: Point, program: Any, logs: Path | None, look: Callable[[float], None]) -> list[Row]:
        """The rows of a point's runs; ``program`` is what ``lowered`` gave."""
        if isinstance(program, Exception):
            return [(point.number, k, None, one_line(program)) for k in point.replications]
        return [self._run(point, k, program, logs, look) for k in point.replications]

    def _run(
        self, point: Point, replication: int, program: Any, logs: Path | None, look: Callable[[float], None]
    ) -> Row:
        job = Job(point.seed, replication, self.world.engine, keep=self._kpis)
        try:
            if logs is None:
                values = perform(job, program, look)
            else:
                from sim.experiment.sweep_logs import perform_logged

                values = perform_logged(job, program, look, logs, point.number)
        except Exception as error:
            if logs is not None and isinstance(error, OSError):
                raise  # a full disk is full for all runs
            return point.number, replication, None, one_line(error)
        return point.number, replication, values, None

    def _kpis(self, outcome: Any, program: Any) -> tuple[float, ...]:
        from sim.analysis.kpis import kpis

        found = kpis(outcome, program, wanted=self.world.kpis)
        return tuple(found.get(name, float("nan")) for name in self.world.kpis)


def one_line(error: Exception) -> str:
    """An error as a cell of a table."""
    if isinstance(error, MemoryError) or isinstance(error.__cause__, MemoryError):
        return MEMORY
    if isinstance(error, ScenarioError):
        first = error.problems[0]
        text = f"{first.path}: {first.message}" if first.path else first.message
    else:
        text = str(error) if isinstance(error, RunError) else f"{type(error).__name__}: {error}"
    return " ".join(text.split())
