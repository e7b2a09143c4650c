"""The parts of the benchmark: each measures its sides in turns, in one process, and returns plain numbers."""

import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import bare_simpy, engines, floor, plain_simpy, same_work
from benchmarks.engines import COMPILED, OPEN_DOORS, REFERENCE, SHOP
from benchmarks.measure import both, cpu, medians, peak, peak_of_command, wall
from benchmarks.plain_simpy import STIRRED, Shop
from benchmarks.sweeps import sweeps

NANO = 1e9


@dataclass(frozen=True)
class Plan:
    """How much is measured; sizes in customers. `year`: the shipped year where time allows less by default."""

    repeats: int
    shop: tuple[int, int, int]  # size, days and warm-up of the side-by-side runs
    check: tuple[int, int, int]  # replications, days and warm-up of the check for the same work
    floor_days: int  # of the interpreted run that counts calls
    sizes: tuple[int, ...]
    weeks: tuple[int, int]  # two horizons: their difference is free of what setting up costs
    threads: tuple[int, int]  # size and days
    log: tuple[int, int]  # size and days
    memory: tuple[int, int]  # size and days
    sweep: tuple[int, int, int]  # points, size and days
    year: bool = False


FULL = Plan(
    repeats=3, shop=(2_400, 120, 60), check=(24, 60, 14), floor_days=21, sizes=(10_000, 100_000, 1_000_000),
    weeks=(1, 3), threads=(20_000, 56), log=(20_000, 56), memory=(1_000_000, 28), sweep=(160, 600, 90),
)  # fmt: skip
SHORT = Plan(
    repeats=3, shop=(1_200, 42, 0), check=(8, 21, 0), floor_days=9, sizes=(10_000, 50_000),
    weeks=(1, 2), threads=(10_000, 21), log=(10_000, 21), memory=(100_000, 7), sweep=(80, 600, 90),
)  # fmt: skip
YEAR = (2_400, 365, 60)  # the coffee shop as shipped
# where there is no compiled engine: sizes that SimPy can do
_SMALLER = {"sizes": (600, 3_000), "threads": (600, 28), "log": (600, 28), "memory": (12_000, 7)}


# ---------------------------------------------------------------- the same work
def work(plan: Plan, engine: str) -> dict[str, Any]:
    """The plain program against our engine, quantity by quantity."""
    replications, days, warm_up = plan.check
    rows = same_work.compare(engine, replications, days, warm_up, ours_more=4 if engine == COMPILED else 1)
    wrong = [row["quantity"] for row in rows if not row["agrees"]]
    if wrong:
        raise SystemExit(
            f"{same_work.table(rows)}\nthe plain program does not do the same work: {', '.join(wrong)}"
        )
    return {"replications": replications, "days": days, "quantities": rows}


# ---------------------------------------------------------------- cost of an event, side by side
def cost(plan: Plan, engine: str) -> dict[str, Any]:
    """Nanoseconds of CPU for each event: every side in turns, ratios repeat by repeat."""
    size, days, warm_up = plan.shop
    program = engines.program(size, days, warm_up)
    calls = floor.per_event(engine, plain_simpy.SITE, plan.floor_days)
    floor.make(1, calls)  # compiled
    rows = []
    for k in range(plan.repeats):
        sides = _once(program, engine, k, plan.shop, calls)
        base = sides[engine]
        rows.append(sides | {f"{name} / {engine}": ns / base for name, ns in sides.items() if name != engine})
    return {
        "size": size, "days": days, "warm_up": warm_up, "repeats": len(rows), "engine": engine,
        "ns_per_event": medians(rows), "calls_per_event": calls,
    }  # fmt: skip


def _once(
    program, engine: str, k: int, shop: tuple[int, int, int], calls: dict[str, float]
) -> dict[str, float]:
    """One round: nanoseconds for each event of every side, those of the warm-up included."""
    rates = same_work.rates(program)
    seconds, outcome = cpu(lambda: engines.run(engine, program, k))
    events = _with_warm_up(outcome.events, outcome.touches.sum(), outcome.people["n_touch"].sum())
    found = {engine: seconds / events}
    if engine != REFERENCE:
        seconds, referee = cpu(lambda: engines.run(REFERENCE, program, k))
        _assert_same(outcome, referee)
        found[REFERENCE] = seconds / events
    for name, emotions in (
        ("plain SimPy", tuple(plain_simpy.EMOTIONS)),
        ("plain SimPy, 3 emotions", STIRRED),
    ):
        seconds, plain = cpu(lambda e=emotions: _plain(shop, k, e, rates))
        found[name] = seconds / _with_warm_up(
            plain.events, plain.touches, sum(p.n_touch for p in plain.people)
        )
    seconds, total = cpu(lambda: floor.make(events, calls))
    if not math.isfinite(total):
        raise SystemExit("the floor does not add up")
    found["floor"] = seconds / events
    people, few = engines.people(shop[0]), min(events, 500_000)
    seconds, slept = cpu(lambda: bare_simpy.sleep(people, few))
    if slept != few:
        raise SystemExit(f"unequal work: {few} events against {slept}")
    found["bare SimPy, one sleep an event"] = seconds / slept
    return {name: NANO * seconds for name, seconds in found.items()}


def _with_warm_up(events: int, touches: int, all_touches: int) -> int:
    """Events with the touches of the warm-up, which nobody counts but which cost as much."""
    return int(events + all_touches - touches)


def _plain(shop: tuple[int, int, int], seed: int, emotions: tuple[str, ...], rates: dict) -> Shop:
    plain = Shop(*shop, seed, emotions, rates)
    plain.run()
    return plain


def _assert_same(one, two) -> None:
    """Two engines have done exactly the same."""
    same = one.events == two.events and all(
        np.array_equal(getattr(one, name), getattr(two, name)) for name in ("daily", "touches", "felt")
    )
    if not same:
        raise SystemExit(f"unequal work: {one.events} events against {two.events}")


# ---------------------------------------------------------------- growth with the population
def growth(plan: Plan, engine: str) -> dict[str, Any]:
    """Nanoseconds for each event at every size, as shipped and without staff and stock; set-up apart."""
    found = {}
    for name, scenario in (("as shipped", SHOP), ("without staff and stock", OPEN_DOORS)):
        programs = {
            size: [engines.program(size, 7 * weeks, scenario=scenario) for weeks in plan.weeks]
            for size in plan.sizes
        }
        rows: list[dict[str, float]] = []
        for k in range(plan.repeats):
            row = {}
            for size, (short, long) in programs.items():
                row |= _between(engine, size, short, long, k)
            least, *_ = costs = [row[f"{size} ns_per_event"] for size in plan.sizes]
            row |= {f"{size} growth": c / least for size, c in zip(plan.sizes, costs, strict=True)}
            rows.append(row)
        found[name] = {"repeats": len(rows)} | medians(rows)
    return found | {"sizes": plan.sizes, "days": [7 * weeks for weeks in plan.weeks], "engine": engine}


def _between(engine: str, size: int, short, long, k: int) -> dict[str, float]:
    """Cost of an event between two horizons, and what is left: setting up and closing."""
    again = (
        max(1, 30_000 // size) if engine == COMPILED else 1
    )  # small ones are over too soon to be timed once
    times, events = [0.0, 0.0], [0, 0]
    for r in range(again):
        for j, program in enumerate((short, long)):
            seconds, outcome = cpu(lambda p=program, r=r: engines.run(engine, p, k * again + r))
            times[j] += seconds
            events[j] += outcome.events
    each = (times[1] - times[0]) / (events[1] - events[0])
    return {
        f"{size} ns_per_event": NANO * each,
        f"{size} events_per_s": 1.0 / each,
        f"{size} set_up_us_per_customer": 1e6 * (times[1] - each * events[1]) / (again * size),
    }


# ---------------------------------------------------------------- two threads
def threads(plan: Plan, engine: str) -> dict[str, Any]:
    """Two replications on two threads against one after the other, beside a bare loop that does the same."""
    size, days = plan.threads
    program = engines.program(size, days)
    calls = {"uniform": 4.0, "exp": 6.0, "log": 2.0, "log1p": 0.0}
    loops = _as_long_as(lambda: engines.run(engine, program), calls)
    rows = []
    for k in range(plan.repeats):
        pair = [partial(engines.run, engine, program, 2 * k + r) for r in range(2)]
        bare = [partial(floor.make, loops, calls)] * 2
        ours = (wall(pair[0]) + wall(pair[1])) / wall(*pair)
        theirs = (wall(bare[0]) + wall(bare[1])) / wall(*bare)
        rows.append({"speedup": ours, "bare_speedup": theirs, "scaling": ours / theirs})
    return {"size": size, "days": days, "repeats": len(rows), "engine": engine} | medians(rows)


def _as_long_as(work: Callable[[], Any], calls: dict[str, float]) -> int:
    """How many rounds of the bare loop take as long as some work."""
    floor.make(1, calls)
    seconds, _ = cpu(work)
    one, _ = cpu(lambda: floor.make(1_000_000, calls))
    return max(1, int(1e6 * seconds / one))


# ---------------------------------------------------------------- the event log
def log(plan: Plan, engine: str) -> dict[str, Any]:
    """The engine alone, the engine with a writer, the writer alone: seconds of CPU, and waited for."""
    size, days = plan.log
    program = engines.program(size, days)
    chunks: list[np.ndarray] = []
    engines.run(engine, program, log=chunks.append)
    rows, logged = [], sum(map(len, chunks))
    for _ in range(plan.repeats):
        with tempfile.TemporaryDirectory() as folder:
            sides = {
                "alone": lambda: engines.run(engine, program),
                "with rows, dropped": lambda: engines.run(engine, program, log=_drop),
                "with writer": lambda to=folder: _written(engine, program, Path(to)),
                "writer alone": lambda to=folder: _write(program, chunks, Path(to)),
            }
            row = {}
            for name, side in sides.items():
                row[f"{name}, cpu s"], row[f"{name}, s"] = both(side)
            row["bytes_per_row"] = sum(f.stat().st_size for f in Path(folder).glob("*.parquet")) / logged
        row["writing costs"] = row["with writer, s"] / row["alone, s"] - 1.0
        rows.append(row)
    return {"size": size, "days": days, "rows": logged, "repeats": len(rows), "engine": engine} | medians(
        rows
    )


def _drop(rows: np.ndarray) -> None:
    pass


def _written(engine: str, program, folder: Path) -> None:
    from sim.engine.recorder import LogWriter

    with LogWriter(folder, program, 1) as writer:
        engines.run(engine, program, log=writer)


def _write(program, chunks: list[np.ndarray], folder: Path) -> None:
    from sim.engine.recorder import LogWriter

    with LogWriter(folder, program, 2) as writer:
        for chunk in chunks:
            writer(chunk)


# ---------------------------------------------------------------- memory
def memory(plan: Plan, engine: str) -> dict[str, Any]:
    """Peak of the command at a size less its peak at 10 customers; and both SimPy sides, by growing them."""
    size, days = plan.memory
    horizon = [] if plan.year else ["--horizon", f"{days} d", "--set", "warm_up=7 d"]
    chosen = ["--engine", engine] if engines.can_be_chosen() else []
    with tempfile.TemporaryDirectory() as folder:

        def command(n: int, out: str) -> tuple[int, float]:
            words = ["run", str(SHOP), "--size", str(n), "--no-log", "--replications", "1", *chosen, *horizon]
            return peak_of_command(*words, "--out", f"{folder}/{out}")

        small, _ = command(10, "small")
        large, seconds = command(size, "large")
    grown = {
        "SimPy engine": _grown(f"engines.run({REFERENCE!r}, engines.program(size, 2))"),
        "plain SimPy": _grown("plain_simpy.Shop(size, 2, 0).run()"),
        "bare SimPy": _grown("bare_simpy.sleep(engines.people(size), 3 * engines.people(size))"),
    }
    return {
        "size": size, "days": 365 if plan.year else days, "engine": engine,
        "peak_at_10_mb": small / 1e6, "peak_mb": large / 1e6, "difference_mb": (large - small) / 1e6,
        "bytes_per_customer": (large - small) / (size - 10), "seconds": seconds, "simpy_bytes_per_customer": grown,
    }  # fmt: skip


def _grown(code: str, small: int = 600, large: int = 6_600) -> float:
    """Growth of a process's peak for each customer, from a small population to a large one."""
    setting = "from benchmarks import bare_simpy, engines, plain_simpy; size = int(sys.argv[1]); "
    peaks = [peak(setting + code, str(size))[0] for size in (small, large)]
    return (peaks[1] - peaks[0]) / (large - small)


# ---------------------------------------------------------------- a sweep beside the engine
def sweep(plan: Plan, engine: str) -> dict[str, Any]:
    """CPU of a run of a sweep, within the engine and beside it."""
    points, size, days = plan.sweep
    return sweeps(points, plan.repeats, size, days)


PARTS: dict[str, Callable[[Plan, str], dict[str, Any]]] = {
    "work": work, "cost": cost, "growth": growth, "threads": threads, "log": log, "memory": memory, "sweep": sweep,
}  # fmt: skip
