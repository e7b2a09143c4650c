"""Replications: the same scenario under independent draws, as tasks on an executor.

Any ``concurrent.futures.Executor`` will do (a thread pool, a process pool, a Dask client's executor).
Results come in order of replication and are the same whatever the executor and the number of workers:
a replication depends on its seed and number only.
"""

import multiprocessing
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from sim.errors import RunError

Progress = Callable[[float], None]  # takes the share of all the work that is done, 0..1
PATIENCE = 0.1  # seconds between two looks at the workers

_DIED = (
    "a worker process died during replication {number}; most often the machine ran out of memory: "
    "try fewer workers, a smaller --size or --no-log. (From a script, call sim.run under "
    "`if __name__ == '__main__':` when workers > 1.)"
)


@dataclass(frozen=True)
class Task:
    """One replication: everything a worker needs."""

    program: bytes  # pickled
    seed: int
    replication: int  # from 1
    folder: Path | None  # where to write the event log, if anywhere


def replicate(
    program: Any,
    *,
    seed: int,
    replications: int,
    workers: int = 1,
    log: Path | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
    finished: Callable[[Any], None] | None = None,
) -> list[Any]:
    """The outcomes of replications 1..n of a program, in that order.

    With `log`, each writes its share of the tables ``visits`` and ``orders`` into that folder
    (``recorder.part``). `finished` is called with each outcome, in order, as soon as it and all before
    it are there. Without an executor, one worker runs here and several in processes of their own, no more
    of them than there are cores.
    Raises RunError where a worker dies.
    """
    blob = pickle.dumps(program)
    tasks = [Task(blob, seed, number, log) for number in range(1, replications + 1)]
    report, done = progress or _ignore, finished or _ignore
    if executor is not None:
        return _collect(executor, tasks, report, done, lambda: 0.0)
    if min(workers, replications) <= 1:
        return [_here(task, program, report, done, replications) for task in tasks]
    with _pool(min(workers, replications, cores()), replications) as (pool, share):
        return _collect(pool, tasks, report, done, share)


def _ignore(_: Any) -> None:
    pass


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# ---------------------------------------------------------------- in this process
def _here(task: Task, program: Any, report: Progress, done: Callable[[Any], None], replications: int) -> Any:
    before = task.replication - 1
    outcome = perform(task, program, lambda share: report((before + share) / replications))
    report(task.replication / replications)
    done(outcome)
    return outcome


def perform(task: Task, program: Any, progress: Progress) -> Any:
    """Simulate one replication, with its log written where the task says."""
    from sim.engine import simulate

    def tell(day: float) -> None:
        progress(min(max(day / program.horizon, 0.0), 1.0))

    if task.folder is None:
        return simulate(program, seed=task.seed, replication=task.replication, progress=tell)
    from sim.engine.recorder import LogWriter

    with LogWriter(task.folder, program, task.replication) as log:
        return simulate(program, seed=task.seed, replication=task.replication, log=log, progress=tell)


# ---------------------------------------------------------------- in workers
_shares: Any = None  # in a worker of our own pool: how far each replication is


def _begin(shares: Any) -> None:
    """Prepare a worker: Ctrl-C is the parent's business, and nobody outlives the parent."""
    global _shares
    _shares = shares
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def work(task: Task) -> Any:
    """Perform a task wherever an executor put it."""
    return perform(task, _program(task.program), lambda share: _mark(task.replication, share))


def _mark(replication: int, share: float) -> None:
    if _shares is not None:
        _shares[replication - 1] = share


@lru_cache(maxsize=1)
def _program(blob: bytes) -> Any:
    """The unpickled program, kept for the next replication in the same process."""
    return pickle.loads(blob)


# ---------------------------------------------------------------- the parent's side
@contextmanager
def _pool(workers: int, replications: int) -> Iterator[tuple[Executor, Callable[[], float]]]:
    """A pool of processes and a look at how far they are; ends with all of them gone, whatever happens."""
    context = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
    shares = context.Array("d", replications, lock=False)
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(shares,))
    try:
        yield pool, lambda: sum(shares) / replications
    except BaseException:
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _unbothered() -> Iterator[None]:
    """Hold Ctrl-C back: processes started in here inherit that and leave it to us."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _collect(
    executor: Executor,
    tasks: Sequence[Task],
    report: Progress,
    done: Callable[[Any], None],
    share: Callable[[], float],
) -> list[Any]:
    """Submit the tasks and wait for their outcomes, in order."""
    with _unbothered():
        futures = [executor.submit(work, task) for task in tasks]
    outcomes = []
    try:
        for number, future in enumerate(futures, 1):
            _await(future, lambda: report(max(share(), sum(f.done() for f in futures) / len(futures))))
            outcomes.append(_outcome(future, number))
            done(outcomes[-1])
    except BaseException:
        for future in futures:
            future.cancel()
        raise
    report(1.0)
    return outcomes


def _await(future: Future, look: Callable[[], None]) -> None:
    while not wait([future], timeout=PATIENCE).done:
        look()


def _outcome(future: Future, number: int) -> Any:
    try:
        return future.result()
    except BrokenProcessPool as error:
        raise RunError(_DIED.format(number=number)) from error
