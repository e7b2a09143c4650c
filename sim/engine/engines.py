"""The two engines behind one door: the same model, the same event log, bit for bit."""

from types import ModuleType

import numpy as np

from sim._jit import compiling
from sim.engine.order import in_order
from sim.engine.outcome import Outcome
from sim.engine.program import Program
from sim.errors import UsageError
from sim.model.layout import LOG
from sim.scenario import Scenario
from sim.scenario.wrong import nearest

ENGINES = ("compiled", "reference")  # the first is the default; the other one is SimPy


def simulate(program: Program, *, seed: int, engine: str = ENGINES[0], **options) -> Outcome:
    """Simulate one replication of a program. Raises UsageError for an engine that does not exist.

    Options: ``replication`` (its number, 0); ``log`` receives the event log in pieces, each all LOG rows of a
    stretch of time [a, b) in no particular order, one stretch after another; ``progress`` is told the days
    simulated so far, averaged over customers, and may raise to stop the run; ``everything`` also logs decisions
    without a consequence, for stories.
    """
    module = _module(engine)
    _check_can(engine, scripted(program.scenario.baseline, program.scenario))
    return module.simulate(program, seed=seed, **options)


def scripted(*scenarios: Scenario) -> list[str]:
    """The touchpoints of scenarios that are written in Python."""
    return list(dict.fromkeys(name for s in scenarios for name, t in s.touchpoints.items() if t.python))


def engine_for(scenario: Scenario, wanted: str | None) -> tuple[str, str]:
    """(the engine that runs a scenario, what the user should know about that, if anything).

    Without a wish it is the first of ENGINES, unless a touchpoint is written in Python. Raises UsageError where
    the one that is wanted cannot run it.
    """
    names = scripted(scenario.baseline, scenario)
    if wanted is None and names:
        return "reference", f"note: {_written_in_python(names)}; running on the SimPy engine"
    engine = known_engine(wanted or ENGINES[0])
    _check_can(engine, names)
    return engine, ""


def _check_can(engine: str, names: list[str]) -> None:
    if names and engine == "compiled":
        only = "which only the SimPy engine runs: leave --engine out, or say --engine reference"
        raise UsageError(f"{_written_in_python(names)}, {only}")


def _written_in_python(names: list[str]) -> str:
    several = len(names) > 1
    return f"touchpoint{'s' * several} {', '.join(names)} {'are' if several else 'is'} written in Python"


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
