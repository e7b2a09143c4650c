"""Runs for the exact limits: psychology off or in the form that has a closed solution."""

import pytest

from sim.engine import lower, simulate
from sim.scenario import parse


@pytest.fixture(scope="session")
def outcomes():
    """Replications of a scenario written as a dict: a list of Outcomes."""

    def run(data: dict, replications: int = 1, seed: int = 1, log=None):
        program = lower(parse(data))
        return [simulate(program, seed=seed, replication=k, log=log) for k in range(replications)]

    return run
