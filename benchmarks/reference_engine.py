"""The reference engine beside a bare SimPy loop: events per second and bytes per customer, in one run.

    python benchmarks/reference_engine.py [--size 600] [--days 120] [--repeats 5]

The bare loop has the same number of processes and handles the same number of SimPy events (a visit takes
about seven: need, request, turn, patience, end of service, release ...), but does nothing else. ``ratio`` is
what the engine loses to it; ``ratio_per_logged_event`` counts rows of the event log instead, against a loop
that sleeps once for each. Sides alternate; figures are medians over the repeats.
"""

import argparse
import gc
import json
import math
import random
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCENARIO = ROOT / "scenarios" / "coffee_shop" / "baseline.yaml"
sys.path.insert(0, str(ROOT))


def engine(size: int, days: int, replication: int = 0) -> tuple[int, int]:
    """One replication of the coffee shop without its warm-up: (events of its log, events SimPy handled)."""
    from sim.engine.program import lower
    from sim.engine.reference import Reference
    from sim.scenario import load

    program = lower(load(SCENARIO, sets=[f"population.size={size}", f"horizon={days} d", "warm_up=0 d"]))
    run = Reference(program, seed=1, replication=replication, log=None, everything=False)
    logged = run.run(None).events
    return logged, next(run.clock._eid) - len(run.clock._queue)


def people(size: int) -> int:
    """Customers and prospects of the coffee shop: each is a process."""
    return size + 300 * math.ceil(size / 600)


def bare(size: int, events: int) -> int:
    """The same number of processes that only sleep, until they have made so many events."""
    import simpy

    environment, done, rng = simpy.Environment(), [0], random.Random(1)
    enough = environment.event()

    def customer():
        while True:
            yield environment.timeout(rng.expovariate(1.0))
            done[0] += 1
            if done[0] == events:
                enough.succeed()

    for _ in range(people(size)):
        environment.process(customer())
    environment.run(until=enough)
    return done[0]


def seconds(work):
    """CPU seconds of one call, and what it returns."""
    gc.collect()
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def compare(size: int, days: int, repeats: int) -> dict:
    """Medians of both sides and of their ratios."""
    engine(50, 2)  # compiled, or read from the cache
    rows = []
    for k in range(repeats):
        ours, (logged, handled) = seconds(lambda k=k: engine(size, days, k))
        theirs, same = seconds(lambda n=handled: bare(size, n))
        fewest, few = seconds(lambda n=logged: bare(size, n))
        if (same, few) != (handled, logged):
            raise SystemExit(f"unequal work: {handled}, {logged} events against {same}, {few}")
        rows.append((logged / ours, handled / ours, handled / theirs, ours / theirs, ours / fewest))
    names = (
        "logged_events_per_s",
        "simpy_events_per_s",
        "bare_simpy_events_per_s",
        "ratio",
        "ratio_per_logged_event",
    )
    return dict(zip(names, map(statistics.median, zip(*rows, strict=True)), strict=True)) | {
        "repeats": repeats
    }


def peak(side: str, size: int, days: int) -> int:
    """Peak memory in bytes of one side in a process of its own."""
    command = [sys.executable, __file__, "--peak", side, "--size", str(size), "--days", str(days)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def high_water() -> int:
    """Peak resident memory of this process in bytes (Linux; elsewhere what getrusage says)."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def bytes_per_customer(side: str, small: int = 600, large: int = 30_600, days: int = 2) -> float:
    """Growth of the peak from a small population to a large one, for each customer and prospect."""
    return (peak(side, large, days) - peak(side, small, days)) / (people(large) - people(small))


def main() -> None:
    """Print the comparison as one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=600)
    parser.add_argument("--days", type=int, default=120)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peak", choices=["engine", "bare"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak:
        engine(options.size, options.days) if options.peak == "engine" else bare(
            options.size, 3 * people(options.size)
        )
        print(high_water())
        return
    result = compare(options.size, options.days, options.repeats)
    result["bytes_per_customer"] = bytes_per_customer("engine")
    result["bare_bytes_per_customer"] = bytes_per_customer("bare")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
