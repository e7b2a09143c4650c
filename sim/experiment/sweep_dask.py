"""A sweep on a Dask cluster: a window of chunks at its scheduler, which has them done again where a worker dies."""

from __future__ import annotations

import logging
import platform
import time
from typing import Any

from sim.errors import RunError, UsageError
from sim.experiment.sweep_hands import AHEAD, Heard, Look
from sim.experiment.sweep_tasks import Chunk, work_silently
from sim.experiment.workers import PATIENCE, WorkerDied

PACKAGES = ("numpy", "numba")  # what numbers come from, beside Touchpoint and Python
CONNECT = 10.0  # seconds for a scheduler to answer
EMPTY = 60.0  # seconds to wait for a first worker
ASK = 30.0  # seconds for its workers to say their versions, and for an answer to come over


class Cluster:
    """The workers of a scheduler at an address. Raises UsageError where there is none that fits."""

    def __init__(self, address: str):
        self.address = address
        self._futures: dict[Any, int] = {}
        self._client = _connected(address)
        try:
            self._await_workers()
            _check_versions(self._client, address)
        except BaseException:
            self.close()
            raise
        self._seen = 0.0  # when the width was asked for
        self._width = 1

    def _await_workers(self) -> None:
        end = time.monotonic() + EMPTY
        while not self._threads():
            if time.monotonic() > end:
                raise RunError(f"the scheduler at {self.address} has no workers")
            self._check_there()
            time.sleep(PATIENCE)

    def _threads(self) -> int:
        return sum(self._client.nthreads().values())

    @property
    def width(self) -> int:
        """How many chunks its workers can run at a time; asked for every second, as workers come and go."""
        now = time.monotonic()
        if now - self._seen > 1.0:
            self._seen, self._width = now, max(1, self._threads())
        return self._width

    @property
    def free(self) -> int:
        """How many chunks it would take now."""
        return max(0, AHEAD * self.width + 2 - len(self._futures))

    def give(self, number: int, chunk: Chunk) -> None:
        """Have a chunk run."""
        self._check_there()
        self._futures[self._client.submit(work_silently, chunk, pure=False)] = number

    def listen(self, look: Look) -> Heard:
        """What is finished, after waiting a moment."""
        self._check_there()
        ready = [future for future in self._futures if future.status != "pending"]
        if not ready:
            time.sleep(PATIENCE / 2)
        return [(self._futures.pop(future), self._answer(future)) for future in ready]

    def _answer(self, future: Any) -> Any:
        from distributed import KilledWorker

        try:
            return future.result(timeout=ASK)
        except KilledWorker:
            return WorkerDied()
        except Exception as error:
            if future.status in ("cancelled", "lost") or isinstance(error, (OSError, TimeoutError)):
                self._check_there(now=future.status in ("cancelled", "lost"))
            return error

    def _check_there(self, now: bool = False) -> None:
        """Raise RunError where the connection to the scheduler is gone: all it had is cancelled then."""
        if now or self._client.status != "running":
            raise RunError(f"the scheduler at {self.address} went away")

    def fill_up(self) -> None:
        """Workers are the cluster's business."""

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of what is not finished, without waiting for anybody."""
        _hush()  # what it says of a lost scheduler has been said
        if self._client.status == "running":
            for future in self._futures:
                future.cancel()
        self._client.close(timeout=2.0)


def _connected(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise UsageError("--dask needs the package distributed: pip install 'touchpoint-sim[dask]'") from None
    _hush()  # we say it in a sentence
    try:
        return Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError, TimeoutError, RuntimeError) as error:
        why = str(error).split("\n")[0] or type(error).__name__
        raise UsageError(f"no Dask scheduler answers at {address} ({why})") from None


def _hush() -> None:
    """Keep Dask's tracebacks from the screen; some of its loggers have levels of their own."""
    for name in ("distributed", "tornado", *logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("distributed", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL)


def versions() -> dict[str, str]:
    """What the numbers of a run come from, here."""
    from importlib.metadata import version

    from sim import __version__

    found = {"touchpoint": __version__, "python": ".".join(platform.python_version_tuple()[:2])}
    return found | {name: version(name) for name in PACKAGES}


def _check_versions(client: Any, address: str) -> None:
    """Raise UsageError where a worker has other versions than we have: its numbers could differ in a digit."""
    try:
        told = client.run(versions, on_error="return")
    except Exception as error:
        raise RunError(f"the workers at {address} do not answer ({type(error).__name__})") from None
    ours = versions()
    for worker, theirs in told.items():
        if isinstance(theirs, Exception):
            text = " ".join(str(theirs).split())
            raise UsageError(f"the worker at {worker} cannot run Touchpoint: {text}; install it there")
        for name, version in ours.items():
            if theirs.get(name) != version:
                raise UsageError(
                    f"the worker at {worker} has {name} {theirs.get(name)}, here is {version}: install the same there"
                )
