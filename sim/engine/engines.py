"""The two engines behind one door: the same model, the same event log, bit for bit."""

from types import ModuleType

import numpy as np

from sim._jit import compiling
from sim.engine.order import in_order
from sim.engine.outcome import Outcome
from sim.engine.program import Program
from sim.errors import UsageError
from sim.model.layout import LOG
from sim.scenario.wrong import nearest

ENGINES = ("compiled", "reference")  # the first is the default; the other one is SimPy


def simulate(program: Program, *, seed: int, engine: str = ENGINES[0], **options) -> Outcome:
    """Simulate one replication of a program. Raises UsageError for an engine that does not exist.

    Options: ``replication`` (its number, 0); ``log`` receives the event log in pieces, each all LOG rows of a
    stretch of time [a, b) in no particular order, one stretch after another; ``progress`` is told the days
    simulated so far, averaged over customers, and may raise to stop the run; ``everything`` also logs decisions
    without a consequence, for stories.
    """
    return _module(engine).simulate(program, seed=seed, **options)


def simulate_logged(program: Program, *, seed: int, **options) -> tuple[Outcome, np.ndarray]:
    """:func:`simulate`, with the whole event log kept: LOG rows sorted by (t, customer, seq)."""
    pieces = [np.zeros(0, LOG)]
    outcome = simulate(program, seed=seed, log=pieces.append, **options)
    return outcome, in_order(np.concatenate(pieces))


def prepare(engine: str = ENGINES[0]) -> None:
    """Compile what an engine needs, or load it from the cache: once, before any worker starts."""
    with compiling():
        _module(engine).prepare()


def known_engine(name: str) -> str:
    """The name, if there is such an engine. Raises UsageError: what there is, and the nearest."""
    if name in ENGINES:
        return name
    raise UsageError(f"engine: expected {' or '.join(ENGINES)}, got {name!r}{nearest(name, ENGINES)}")


def _module(name: str) -> ModuleType:
    """Each engine is imported where it is used: the compiled one does without SimPy."""
    if known_engine(name) == "compiled":
        from sim.engine import compiled

        return compiled
    from sim.engine import reference

    return reference
