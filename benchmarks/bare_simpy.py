"""A bare SimPy loop: processes that only sleep. What SimPy itself costs, below any program written for it."""

import random

import simpy


def sleep(processes: int, events: int) -> int:
    """So many processes sleep until they have made so many events; how many there were."""
    environment, done, rng = simpy.Environment(), [0], random.Random(1)
    enough = environment.event()

    def process():
        while True:
            yield environment.timeout(rng.expovariate(1.0))
            done[0] += 1
            if done[0] == events:
                enough.succeed()

    for _ in range(processes):
        environment.process(process())
    environment.run(until=enough)
    return done[0]
