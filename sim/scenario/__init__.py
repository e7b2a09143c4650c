"""What a user writes: the scenario file, its units, its schema, and how it is read."""

from sim.scenario.assumptions import Assumption
from sim.scenario.distributions import Dist
from sim.scenario.json_schema import json_schema
from sim.scenario.loading import load, parse
from sim.scenario.schema import Scenario
from sim.scenario.show import describe

__all__ = ["Assumption", "Dist", "Scenario", "describe", "json_schema", "load", "parse"]
