"""Who runs the chunks of a sweep: this process, worker processes, or any executor of ``concurrent.futures``.

All have the same: ``width`` (how many chunks are under way at best), ``free`` (how many it would take now),
``give(number, chunk)``, and ``listen()``, which waits a moment and returns what is finished as ``(number, answer)``. An
answer is what came of the chunk, the exception that kept it from being run, or WorkerDied: another try may do; then
``fill_up()`` sees to it that there is somebody to try.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from types import TracebackType
from typing import Any, Protocol

from sim.errors import RunError
from sim.experiment.replications import cores
from sim.experiment.sweep_tasks import Chunk, work, work_silently
from sim.experiment.workers import PATIENCE, Crew, WorkerDied

Look = Callable[[float], None]
Heard = list[tuple[int | None, Any]]
AHEAD = 2  # chunks that wait at every worker of an executor, so that none is idle while we write


class Hands(Protocol):
    """Somebody who runs chunks."""

    @property
    def width(self) -> int:
        """How many chunks are under way at best."""

    @property
    def free(self) -> int:
        """How many chunks it would take now."""

    def give(self, number: int, chunk: Chunk) -> None:
        """Have a chunk run."""

    def listen(self, look: Look) -> Heard:
        """What is finished, after waiting a moment; ``look`` is called where this takes longer, and may raise."""

    def fill_up(self) -> None:
        """Replace workers that died. Raises OSError or EOFError where that cannot be."""

    def close(self) -> None:
        """Let go of everything and everybody; twice does no harm."""

    def __enter__(self) -> Any: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Here:
    """This process, one chunk at a time."""

    width = 1

    def __init__(self) -> None:
        self._chunk: tuple[int, Chunk | None] = (0, None)
        self._froze = False

    @property
    def free(self) -> int:
        """How many chunks it would take now."""
        return int(self._chunk[1] is None)

    def give(self, number: int, chunk: Chunk) -> None:
        """Have a chunk run, in the next `listen`."""
        self._chunk = number, chunk

    def listen(self, look: Look) -> Heard:
        """Run the chunk."""
        number, chunk = self._chunk
        self._chunk = 0, None
        if chunk is None:
            return []
        return [(number, work(chunk, look))]

    def fill_up(self) -> None:
        """Nobody dies here alone."""

    def __enter__(self) -> Here:
        """What is loaded stays for now: collecting garbage need not look through it for every point."""
        self._froze = gc.get_freeze_count() == 0
        if self._froze:
            gc.freeze()
        return self

    def close(self) -> None:
        """From now on garbage is looked for everywhere again."""
        if self._froze:
            gc.unfreeze()
        self._froze = False

    def __exit__(self, *_: object) -> None:
        self.close()


class Processes:
    """Worker processes of this machine."""

    def __init__(self, workers: int):
        self.width = workers
        self._crew = Crew(workers, work)

    @property
    def free(self) -> int:
        """How many chunks it would take now."""
        return self._crew.free

    def give(self, number: int, chunk: Chunk) -> None:
        """Have a chunk run."""
        self._crew.give(number, chunk)

    def listen(self, look: Look) -> Heard:
        """What is finished, after waiting a moment."""
        return self._crew.listen()

    def fill_up(self) -> None:
        """Replace workers that died."""
        self._crew.fill_up()

    def __enter__(self) -> Processes:
        self._crew.__enter__()
        return self

    def close(self) -> None:
        """End all processes."""
        self._crew.__exit__()

    def __exit__(self, *_: object) -> None:
        self.close()


class Submitted:
    """The user's executor. What it has not begun is cancelled at the end."""

    def __init__(self, executor: Executor):
        self._executor = executor
        self.width = int(getattr(executor, "_max_workers", 0) or cores())
        self._futures: dict[Future[Any], int] = {}

    @property
    def free(self) -> int:
        """How many chunks it would take now."""
        return max(0, AHEAD * self.width + 2 - len(self._futures))

    def give(self, number: int, chunk: Chunk) -> None:
        """Have a chunk run."""
        try:
            self._futures[self._executor.submit(work_silently, chunk)] = number
        except (BrokenExecutor, RuntimeError) as error:
            raise RunError(f"the executor takes no more work: {error}") from error

    def listen(self, look: Look) -> Heard:
        """What is finished, after waiting a moment."""
        if not self._futures:
            time.sleep(PATIENCE)
            return []
        done, _ = wait(self._futures, timeout=PATIENCE, return_when=FIRST_COMPLETED)
        return [(self._futures.pop(future), _answer(future)) for future in done]

    def fill_up(self) -> None:
        """The executor does that, or says that it is broken."""

    def __enter__(self) -> Submitted:
        return self

    def close(self) -> None:
        """Cancel what has not begun."""
        for future in self._futures:
            future.cancel()

    def __exit__(self, *_: object) -> None:
        self.close()


def _answer(future: Future[Any]) -> Any:
    try:
        return future.result()
    except BrokenExecutor as error:
        raise RunError(f"a worker of the executor died, and it takes no more work: {error}") from error
    except CancelledError:
        raise RunError("the executor was shut down") from None
    except Exception as error:
        return WorkerDied() if type(error).__name__ == "KilledWorker" else error
