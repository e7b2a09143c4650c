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
from itertools import islice
from multiprocessing.connection import Connection, wait
from typing import Any

from sim.experiment.signals import blocked

PATIENCE = 0.1  # seconds between two looks at the workers, and between two words of a worker
METHOD = "spawn" if sys.platform == "win32" else "forkserver"
DYING = 5.0  # seconds that a killed process may take to go

Work = Callable[[Any, Callable[[float], None]], Any]  # task, progress -> result


class WorkerDied(Exception):
    """A worker process ended before its task did."""


_STARTING = -1  # instead of the number of a task: the worker has not said a word yet


class Crew:
    """So many worker processes; as a context, all of them are gone at its end, whatever happened."""

    def __init__(self, workers: int, work: Work):
        self._context: Any = multiprocessing.get_context(METHOD)
        self._work, self._wanted = work, workers
        self._failed = False  # to start
        self._processes: list[Any] = []
        self._doing: dict[Any, int | None] = {}  # by pipe: the number of the task; None: none

    def __enter__(self) -> Crew:
        try:
            self.fill_up()
        except (EOFError, OSError):  # who forks the workers was ended, perhaps together with us
            self._failed = True
        except BaseException:
            self.__exit__()
            raise
        return self

    def fill_up(self) -> None:
        """Hire until there are as many workers as were wanted, instead of those that died.

        Raises EOFError or OSError where none can be started.
        """
        _start_tracker()
        with blocked():
            while len(self._doing) < self._wanted:
                self._hire()

    def _hire(self) -> None:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=serve, args=(theirs, self._work), daemon=True)
        self._doing[ours] = _STARTING
        self._processes.append(process)
        process.start()
        theirs.close()

    @property
    def free(self) -> int:
        """How many workers wait for a task."""
        return sum(number is None for number in self._doing.values())

    def give(self, number: int, task: Any) -> None:
        """Give a worker that waits a task, with a number to know its answers by; it listens, so this does not wait."""
        pipe = next(pipe for pipe, doing in self._doing.items() if doing is None)
        self._doing[pipe] = number
        with suppress(OSError):  # it died: that is heard next
            pipe.send(task)

    def listen(self) -> list[tuple[int | None, Any]]:
        """What workers said, ``(number, answer)``, after waiting a moment for it.

        An answer is the share done (a float), the result, the exception that the task raised, or WorkerDied; the
        number is None where a worker died that had no task.
        """
        heard: list[tuple[int | None, Any]] = []
        for pipe in wait(list(self._doing), PATIENCE):
            number, answer = self._doing[pipe], self._hear(pipe)
            had_none = number is None or number == _STARTING
            if isinstance(answer, WorkerDied):
                del self._doing[pipe]
                heard.append((None if had_none else number, answer))
                continue
            if not isinstance(answer, float):
                self._doing[pipe] = None
            if not had_none:
                heard.append((number, answer))
        return heard

    def perform(self, tasks: Sequence[Any]) -> Iterator[tuple[int, Any] | None]:
        """Have the tasks done; yields ``(number, answer)`` as answers come, None while none does.

        Numbers count from 0; where a worker dies before it has a task, the number is 0. Nobody takes its place.
        """
        if self._failed:
            yield 0, WorkerDied()
        left = iter(enumerate(tasks))
        unfinished = len(tasks)
        while unfinished:
            for number, task in islice(left, self.free):
                self.give(number, task)
            heard = self.listen()
            if not heard:
                yield None
            for which, answer in heard:
                yield which or 0, answer
                unfinished -= not isinstance(answer, float)

    def _hear(self, pipe: Any) -> Any:
        try:
            return pipe.recv()
        except (EOFError, OSError):
            return WorkerDied()

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
