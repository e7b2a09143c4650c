"""What tests of the model and of the engines share: scenarios with a change, and one customer at will."""

import copy
import functools
import json

from sim.engine import ENGINES, lower
from sim.engine.state import State
from sim.experiment.parting import compare, record
from sim.report.parting import parting
from sim.scenario import parse


def merged(data, change):
    """Mappings merge key by key, as strategies do."""
    result = copy.deepcopy(data)
    for key, value in change.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


@functools.cache
def _lowered(text):
    return lower(parse(json.loads(text)))


class Guest:
    """The first customer of a scenario (a dict): its program, state, world, record and psyche."""

    def __init__(self, data):
        self.program = _lowered(json.dumps(data))
        self.state = State(self.program, 1, 0, None, False)
        self.w, self.p = self.state.world, self.state["people"][0]
        self.q = self.state["psyche"][0]


def agreeing(program, seed=1):
    """What one engine leaves behind, once both have left the same."""
    first, second = (record(program, engine, seed=seed) for engine in ENGINES)
    found = compare(first, second, program)
    assert found is None, parting(found, program)
    return first
