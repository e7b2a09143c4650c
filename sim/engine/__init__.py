"""From a scenario to what happened: the program, the engines and the tables."""

from sim.engine.outcome import Outcome
from sim.engine.program import Program, lower
from sim.engine.reference import simulate

__all__ = ["Outcome", "Program", "lower", "simulate"]
