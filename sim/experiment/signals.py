"""Ctrl-C and a polite kill while others work: noted at once, acted on where we look.

An exception that a signal raises between any two steps of the main thread can leave a lock of the
standard library taken for ever (an executor's, a future's), and whoever needs it next hangs.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

AGAIN = 0.05  # seconds until a signal that came at a bad moment comes again
INSISTING = 5.0  # seconds after which a second signal breaks in at once


class Held:
    """A context in which SIGINT and SIGTERM wait until :meth:`look`.

    With `at_once` they do at once what they always do, and :meth:`look` repeats it: some libraries drop an
    exception that reaches them at a bad moment (a callback from C, an import that may fail), and the signal
    with it. In a thread that gets no signals, and where they are ignored, nothing changes.
    """

    def __init__(self, *, at_once: bool = False) -> None:
        self._at_once, self._hook = at_once, sys.unraisablehook
        self._before: dict[int, Any] = {}
        self._noted: int | None = None
        self._since = 0.0

    def __enter__(self) -> Held:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                handler = signal.getsignal(number)
                if callable(handler):
                    self._before[number] = handler
                    signal.signal(number, self._note)
        sys.unraisablehook = self._dropped
        return self

    def _dropped(self, what: Any) -> None:
        """Say nothing of a signal's exception that nobody could take: `look` repeats it."""
        if self._noted is None or not isinstance(what.exc_value, (KeyboardInterrupt, SystemExit)):
            self._hook(what)

    def _note(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._noted is None:
            self._noted, self._since = number, now
        if self._at_once and _called_from_llvm(frame):
            threading.Timer(AGAIN, signal.raise_signal, (number,)).start()
        elif self._at_once or now - self._since > INSISTING:
            self._before[number](number, frame)

    def look(self) -> None:
        """Let the first signal that came do what it would have done: as a rule, raise."""
        if self._noted is not None:
            self._before[self._noted](self._noted, None)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            if signal.getsignal(number) is not signal.SIG_IGN:  # else somebody leaves, and means to
                signal.signal(number, handler)
        sys.unraisablehook = self._hook


def _called_from_llvm(frame: FrameType | None) -> bool:
    """Whether the compiler is at work: an exception would be lost in its C code, or, while something passes
    from one owner to another, free it twice."""
    while frame is not None:
        if "llvmlite" in frame.f_code.co_filename or frame.f_code.co_name.startswith("_raw_object_cache"):
            return True
        frame = frame.f_back
    return False


@contextmanager
def blocked() -> Iterator[None]:
    """Block Ctrl-C: processes started in here inherit that and leave it to us."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
