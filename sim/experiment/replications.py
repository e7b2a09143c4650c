"""Replications: the same scenario under independent draws, spread over threads, processes or an executor.

Any ``concurrent.futures.Executor`` will do (a thread pool, a process pool, a Dask client's executor).
Results come in order of replication and are the same whatever the executor and the number of workers:
a replication depends on its seed and number only.
"""

from __future__ import annotations

import os
import pickle
import queue
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import RunError
from sim.experiment.signals import Held
from sim.experiment.workers import PATIENCE, Crew, Sparing, WorkerDied

if TYPE_CHECKING:
    import pyarrow as pa

Progress = Callable[[float], None]  # takes the share of all the work that is done, 0..1
Events = Generator[
    tuple[int, Any] | None, None, None
]  # (number from 0, share done or outcome); None: waiting
_DIED = (
    "a worker process died during replication {number}; most often the machine ran out of memory: "
    "try fewer workers, a smaller --size or --no-log. (From a script, call sim.run under "
    "`if __name__ == '__main__':` when workers > 1.)"
)


@dataclass(frozen=True)
class Job:
    """One replication of a program."""

    seed: int
    replication: int  # from 1
    engine: str
    folder: Path | None = None  # where to write the event log, if anywhere
    keep: Callable[[Any, Any], Any] | None = (
        None  # what to make of (outcome, program); None: the outcome stays
    )


@dataclass(frozen=True)
class Task:
    """A job and its program, pickled: everything a worker needs."""

    program: bytes
    job: Job


@dataclass(frozen=True)
class Numbers:
    """What is left of a replication whose people were let go: ``kpis`` by name and the table ``daily``."""

    replication: int
    events: int
    kpis: dict[str, float]
    daily: pa.Table


def replicate(
    program: Any,
    *,
    seed: int,
    replications: int,
    engine: str = "compiled",
    workers: int = 1,
    log: Path | None = None,
    people: bool = True,
    executor: Executor | None = None,
    progress: Progress | None = None,
    finished: Callable[[Any], None] | None = None,
) -> list[Any]:
    """The outcomes of replications 1..n of a program, in that order; without `people` their Numbers.

    With `log`, each writes its share of the tables ``visits`` and ``orders`` into that folder
    (``recorder.part``). `finished` is called with each outcome, in order, as soon as it and all before
    it are there. Without an executor, one worker runs here; several are threads with the compiled engine
    and processes with the reference engine, no more of them than there are cores.
    Raises RunError where a worker dies or the memory does not suffice.
    """
    blob, keep = pickle.dumps(program), None if people else _numbers
    jobs = [Job(seed, number, engine, log, keep) for number in range(1, replications + 1)]
    tasks = [Task(blob, job) for job in jobs]
    return perform_all(
        tasks, {blob: program}, workers=workers, executor=executor, progress=progress, finished=finished
    )


def perform_all(
    tasks: Sequence[Task],
    programs: Mapping[bytes, Any],
    *,
    workers: int = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
    finished: Callable[[Any], None] | None = None,
) -> list[Any]:
    """What becomes of tasks of one engine, in their order; ``programs`` are theirs, by the bytes they pickle to.

    Everything else is as in :func:`replicate`.
    """
    report, done = progress or _ignore, finished or _ignore
    workers = min(workers, len(tasks), cores())
    if executor is None:
        prepared(tasks[0].job.engine)
        if workers <= 1:
            return _here(tasks, programs, report, done)
    with Held() as held:
        events = _events(executor, tasks, programs, workers)
        with closing(events):
            return _collect(events, tasks, report, done, held)


def prepared(engine: str) -> None:
    """Compile before anybody starts; what interrupts that is not lost in the compiler."""
    with Held(at_once=True) as held:
        from sim.engine import prepare

        prepare(engine)
        held.look()


def _events(
    executor: Executor | None, tasks: Sequence[Task], programs: Mapping[bytes, Any], workers: int
) -> Events:
    if executor is not None:
        return _submitted(executor, tasks)
    if tasks[0].job.engine == "compiled":
        return _threads(tasks, programs, workers)
    return _processes(tasks, workers)


def _ignore(_: Any) -> None:
    pass


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# ---------------------------------------------------------------- one replication
def perform(job: Job, program: Any, progress: Progress) -> Any:
    """Simulate one replication, with its log written where the job says."""
    try:
        outcome = _simulate(job, program, progress)
    except MemoryError as error:
        raise RunError(f"replication {job.replication} needs more memory than there is: {error}") from error
    return job.keep(outcome, program) if job.keep else outcome


def _simulate(job: Job, program: Any, progress: Progress) -> Any:
    from sim.engine import simulate

    def tell(day: float) -> None:
        progress(min(max(day / program.horizon, 0.0), 1.0))

    what: dict[str, Any] = {
        "seed": job.seed,
        "replication": job.replication,
        "engine": job.engine,
        "progress": tell,
    }
    if job.folder is None:
        return simulate(program, **what)
    from sim.engine.recorder import LogWriter

    with LogWriter(job.folder, program, job.replication) as log:
        return simulate(program, log=log, **what)


def _numbers(outcome: Any, program: Any) -> Numbers:
    from sim.analysis.kpis import kpis
    from sim.engine.recorder import daily

    return Numbers(outcome.replication, int(outcome.events), kpis(outcome, program), daily(outcome, program))


def work(task: Task, progress: Progress) -> Any:
    """Perform a task in a process of its own."""
    return perform(task.job, _program(task.program), progress)


def work_silently(task: Task) -> Any:
    """Perform a task wherever an executor put it."""
    return work(task, _ignore)


@lru_cache(maxsize=32)
def _program(blob: bytes) -> Any:
    """The unpickled program, kept for the next replications in the same process."""
    return pickle.loads(blob)


# ---------------------------------------------------------------- where they run
def _here(
    tasks: Sequence[Task], programs: Mapping[bytes, Any], report: Progress, done: Callable[[Any], None]
) -> list[Any]:
    outcomes: list[Any] = []

    def tell(share: float) -> None:
        report((len(outcomes) + share) / len(tasks))

    for task in tasks:
        outcomes.append(perform(task.job, programs[task.program], tell))
        report(len(outcomes) / len(tasks))
        done(outcomes[-1])
    return outcomes


class _Stopped(BaseException):
    """Ends a replication that nobody waits for any more."""


def _threads(tasks: Sequence[Task], programs: Mapping[bytes, Any], workers: int) -> Events:
    """Threads of this process, which end at their next word about progress when this is closed."""
    words: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
    stop = threading.Event()

    def do(number: int) -> None:
        say = Sparing(lambda share: words.put((number, share)))

        def tell(share: float) -> None:
            if stop.is_set():
                raise _Stopped
            say(share)

        try:
            task = tasks[number]
            words.put((number, perform(task.job, programs[task.program], tell)))
        except BaseException as error:
            words.put((number, error))

    with ThreadPoolExecutor(workers, "replication") as pool:
        try:
            for number in range(len(tasks)):
                pool.submit(do, number)
            while True:
                try:
                    yield words.get(timeout=PATIENCE)
                except queue.Empty:
                    yield None
        finally:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)


def _processes(tasks: Sequence[Task], workers: int) -> Events:
    with Crew(workers, work) as crew:
        yield from crew.perform(tasks)


def _submitted(executor: Executor, tasks: Sequence[Task]) -> Events:
    """The user's executor; what it has not begun is cancelled when this is closed."""
    numbers = {executor.submit(work_silently, task): number for number, task in enumerate(tasks)}
    try:
        left = set(numbers)
        while left:
            done, left = wait(left, timeout=PATIENCE, return_when=FIRST_COMPLETED)
            for future in done:
                yield numbers[future], future.exception() or future.result()
            yield None
    finally:
        for future in numbers:
            future.cancel()


# ---------------------------------------------------------------- the one who waits
def _collect(
    events: Events, tasks: Sequence[Task], report: Progress, done: Callable[[Any], None], held: Held
) -> list[Any]:
    """The outcomes in order; the first error ends it."""
    count = len(tasks)
    shares, early, outcomes = [0.0] * count, dict[int, Any](), list[Any]()
    for event in events:
        held.look()
        if event is not None:
            number, answer = event
            shares[number] = answer if isinstance(answer, float) else 1.0
            if not isinstance(answer, float):
                early[number] = _outcome(answer, tasks[number], held)
        while len(outcomes) in early:
            outcomes.append(early.pop(len(outcomes)))
            done(outcomes[-1])
        report(sum(shares) / count)
        if len(outcomes) == count:
            break
    return outcomes


def _outcome(answer: Any, task: Task, held: Held) -> Any:
    if isinstance(answer, (BrokenProcessPool, WorkerDied)):
        time.sleep(PATIENCE)  # who ended the workers may be ending us too
        held.look()
        raise RunError(_DIED.format(number=task.job.replication)) from answer
    if isinstance(answer, BaseException):
        raise answer
    return answer
