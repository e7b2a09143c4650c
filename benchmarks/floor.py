"""The floor: a bare compiled loop that makes the draws, exponentials and logarithms of a run, and nothing else.

    python -m benchmarks.floor [--size 600] [--days 21] [--engine reference]

How many there are is counted, not guessed: the model runs interpreted in a process of its own, with counters
around the keyed draw and around `math` wherever the model uses them. The model's functions are the same for
every engine, so the counts are, too. The loop then makes as many of each for every event, its results summed
so that nothing can be left out. It knows no customers, no memory, no decisions: no engine can be faster.
"""

import argparse
import importlib
import json
import math
import os
import pkgutil
import subprocess
import sys
from types import ModuleType

import numpy as np
from numba import njit

from benchmarks import engines
from sim.model.keys import uniform

COUNTED = ("uniform", "exp", "log", "log1p")
_KEY = np.uint64(0x0123456789ABCDEF)


# ---------------------------------------------------------------- counting, interpreted
class CountingMath(ModuleType):
    """`math`, with its exponentials and logarithms counted."""

    def __init__(self, counts: dict[str, int]):
        super().__init__("math")
        self.__dict__.update(vars(math))
        for name in COUNTED[1:]:
            self.__dict__[name] = counting(counts, name, getattr(math, name))


def counting(counts: dict[str, int], name: str, function):
    """The function, counting its calls."""

    def counted(*arguments):
        counts[name] += 1
        return function(*arguments)

    return counted


def count_calls(counts: dict[str, int]) -> None:
    """Put counters around the draw and around math in every module of the model."""
    import sim.model

    draw, counting_math = counting(counts, "uniform", uniform), CountingMath(counts)
    for module in pkgutil.iter_modules(sim.model.__path__, "sim.model."):
        names = vars(importlib.import_module(module.name))
        for name, value in list(names.items()):
            if value is math:
                names[name] = counting_math
            elif value is uniform and module.name != "sim.model.keys":  # there it fills in traits
                names[name] = draw
            elif value in (math.exp, math.log, math.log1p):
                names[name] = getattr(counting_math, value.__name__)


def counted(engine: str, size: int, days: int) -> dict[str, float]:
    """Calls for each event of an interpreted run, between a third of the days and all of them.

    Two horizons, because what setting up and closing call is no event's doing, and falls out of the difference.
    Rates hold as written: a pilot would be counted, and last long without the compiler.
    """
    counts, found = dict.fromkeys(COUNTED, 0), []
    programs = [engines.program(size, horizon, as_stated=False) for horizon in (0.01, days // 3, days)]
    engines.run(engine, programs[0])  # tables are made, so that they are not counted
    count_calls(counts)
    for program in programs[1:]:
        before = dict(counts)
        events = engines.run(engine, program).events
        found.append({name: counts[name] - before[name] for name in COUNTED} | {"events": events})
    short, long = found
    events = long["events"] - short["events"]
    return {"events": events} | {name: (long[name] - short[name]) / events for name in COUNTED}


def per_event(engine: str, size: int, days: int) -> dict[str, float]:
    """:func:`counted` in an interpreted process of its own."""
    command = [sys.executable, "-m", "benchmarks.floor", "--count", "--engine", engine]
    command += ["--size", str(size), "--days", str(days)]
    settings = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(engines.ROOT)}
    return json.loads(
        subprocess.run(command, check=True, capture_output=True, text=True, env=settings).stdout
    )


# ---------------------------------------------------------------- the loop
@njit(nogil=True, error_model="numpy")
def floor_loop(events: int, draws: float, exps: float, logs: float) -> float:
    """Make so many draws, exponentials and logarithms for each of the events; the sum of them all.

    Fractions are spread evenly: 3.4 draws an event are three, and a fourth in two events of five. No two
    arguments in a row are alike: of equal ones the compiler would make one call.
    """
    total, d, e, g = 0.0, 0, 0, 0
    u = 0.5
    for i in range(events):
        n = int((i + 1) * draws)
        while d < n:
            u = uniform(_KEY, np.uint32(i), np.uint32(7), np.uint32(d & 1023), np.uint32(0), np.uint32(5))
            total += u
            d += 1
        n = int((i + 1) * exps)
        while e < n:
            total += math.exp(-u * (1.0 + 0.01 * (e & 255)))
            e += 1
        n = int((i + 1) * logs)
        while g < n:
            total += math.log(u + 0.01 * (g & 255))
            g += 1
    return total


def make(events: int, calls: dict[str, float]) -> float:
    """The floor of so many events."""
    return floor_loop(events, calls["uniform"], calls["exp"], calls["log"] + calls["log1p"])


def main() -> None:
    """Print the calls for each event."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engine", default=engines.engines()[0], choices=engines.engines())
    parser.add_argument("--size", type=int, default=600)
    parser.add_argument("--days", type=int, default=21)
    parser.add_argument("--count", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    count = counted if options.count else per_event
    print(json.dumps(count(options.engine, options.size, options.days)))


if __name__ == "__main__":
    main()
