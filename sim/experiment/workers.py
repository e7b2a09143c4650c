"""Processes that do tasks, each on a pipe of its own; the parent alone talks and waits.

No thread, no queue and no lock stands between the parent and a worker, so nothing can be left locked
when a worker dies or is killed. (With ``ProcessPoolExecutor`` an interrupted run could hang for ever:
where workers ended before the executor heard of it, its queue kept a thread that wrote a task into a
full pipe which nobody read any more, and Python waited for that thread at its end; CPython 3.11.)
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any

from sim.experiment.signals import blocked

PATIENCE = 0.1  # seconds between two looks at the workers, and between two words of a worker
METHOD = "spawn" if sys.platform == "win32" else "forkserver"
DYING = 5.0  # seconds that a killed process may take to go

Work = Callable[[Any, Callable[[float], None]], Any]  # task, progress -> result


class WorkerDied(Exception):
    """A worker process ended before its task did."""


class Crew:
    """So many worker processes; as a context, all of them are gone at its end, whatever happened."""

    def __init__(self, workers: int, work: Work):
        self._context: Any = multiprocessing.get_context(METHOD)
        self._work, self._wanted = work, workers
        self._failed = False  # to start
        self._processes: list[Any] = []
        self._doing: dict[Any, int | None] = {}  # by pipe: the number of the task; None: none yet

    def __enter__(self) -> Crew:
        try:
            _start_tracker()
            with blocked():
                for _ in range(self._wanted):
                    self._hire()
        except (EOFError, OSError):  # who forks the workers was ended, perhaps together with us
            self._failed = True
        except BaseException:
            self.__exit__()
            raise
        return self

    def _hire(self) -> None:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=serve, args=(theirs, self._work), daemon=True)
        self._doing[ours] = None
        self._processes.append(process)
        process.start()
        theirs.close()

    def perform(self, tasks: Sequence[Any]) -> Iterator[tuple[int, Any] | None]:
        """Have the tasks done; yields ``(number, answer)`` as answers come, None while none does.

        Numbers count from 0. An answer is the share done (a float), the result, the exception that the
        task raised, or WorkerDied.
        """
        if self._failed:
            yield 0, WorkerDied()
        left = iter(range(len(tasks)))
        unfinished = len(tasks)
        while unfinished:
            ready = wait(list(self._doing), PATIENCE)
            if not ready:
                yield None
            for pipe in ready:
                number, answer = self._doing[pipe], self._hear(pipe)
                if number is not None or isinstance(answer, WorkerDied):
                    yield number or 0, answer
                if not isinstance(answer, float):
                    unfinished -= number is not None
                    self._hand(pipe, next(left, None), tasks)

    def _hear(self, pipe: Any) -> Any:
        try:
            return pipe.recv()
        except (EOFError, OSError):
            return WorkerDied()

    def _hand(self, pipe: Any, number: int | None, tasks: Sequence[Any]) -> None:
        """Give the worker its next task; it listens, so this does not wait."""
        self._doing[pipe] = number
        if number is None:
            return  # nothing is left to do; the end of this crew ends it
        with suppress(OSError):  # it died: that is heard next
            pipe.send(tasks[number])

    def __exit__(self, *_: object) -> None:
        started = [process for process in self._processes if process.pid is not None]
        for process in started:
            process.kill()
        for process in started:
            process.join(DYING)


def _start_tracker() -> None:
    """Start multiprocessing's helper before Ctrl-C is blocked: its start would end the blocking."""
    if METHOD == "forkserver":
        from multiprocessing.resource_tracker import ensure_running

        ensure_running()


# ---------------------------------------------------------------- in the worker
def serve(pipe: Connection, work: Work) -> None:
    """Do one task after the other until the parent goes or kills us; Ctrl-C is the parent's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    pipe.send(None)
    with suppress(EOFError, BrokenPipeError):  # the parent went
        while True:
            pipe.send(_answer(work, pipe.recv(), Sparing(pipe.send)))


def _answer(work: Work, task: Any, tell: Callable[[float], None]) -> Any:
    try:
        return work(task, tell)
    except Exception as error:
        return _sendable(error)


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class Sparing:
    """Passes a share on, but not more often than somebody looks."""

    def __init__(self, tell: Callable[[float], None]):
        self._tell, self._last = tell, 0.0

    def __call__(self, share: float) -> None:
        """Tell the share done (0..1), if the last word is some time ago."""
        now = time.monotonic()
        if now - self._last >= PATIENCE:
            self._last = now
            self._tell(float(share))


def _sendable(error: Exception) -> Exception:
    """The error with the worker's traceback as a note; in words where it cannot be pickled."""
    text = "".join(traceback.format_exception(error))
    try:
        error.add_note(text)
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(text)
    return error
