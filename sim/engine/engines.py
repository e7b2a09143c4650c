"""The two engines behind one door: the same model, the same event log, bit for bit."""

import difflib
import importlib
from types import ModuleType

from sim.engine.outcome import Outcome
from sim.engine.program import Program
from sim.errors import UsageError

ENGINES = ("compiled", "reference")  # the first is the default; the other one is SimPy


def simulate(program: Program, *, seed: int, engine: str = ENGINES[0], **options) -> Outcome:
    """Simulate one replication of a program. Raises UsageError for an engine that does not exist.

    Options: ``replication`` (its number, 0); ``log`` receives the event log in pieces, each all LOG rows of a
    stretch of time [a, b) in no particular order, one stretch after another; ``progress`` is told the days
    simulated so far, averaged over customers, and may raise to stop the run; ``everything`` also logs decisions
    without a consequence, for stories.
    """
    return _module(engine).simulate(program, seed=seed, **options)


def prepare(engine: str = ENGINES[0]) -> None:
    """Compile what an engine needs, or load it from the cache: once, before any worker starts."""
    _module(engine).prepare()


def _module(engine: str) -> ModuleType:
    if engine not in ENGINES:
        close = difflib.get_close_matches(str(engine), ENGINES, n=1, cutoff=0.0)
        raise UsageError(f"there is no engine {engine!r}; did you mean {close[0]!r}? (compiled or reference)")
    return importlib.import_module(f"sim.engine.{engine}")
