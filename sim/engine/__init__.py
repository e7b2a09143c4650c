"""From a scenario to what happened: the program, the two engines and the tables."""

from sim.engine.engines import ENGINES, engine_for, known_engine, prepare, simulate, simulate_logged
from sim.engine.outcome import Outcome
from sim.engine.program import Lowering, Program, lower

__all__ = [
    "ENGINES",
    "Lowering",
    "Outcome",
    "Program",
    "engine_for",
    "known_engine",
    "lower",
    "prepare",
    "simulate",
    "simulate_logged",
]
