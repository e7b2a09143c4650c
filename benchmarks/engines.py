"""Our engines as the benchmarks call them, and the scenarios they run."""

import inspect
import math
import os
from pathlib import Path

from sim.engine import Outcome, Program, lower, simulate
from sim.scenario import load

ROOT = Path(__file__).parents[1]
SHOP = ROOT / "scenarios" / "coffee_shop" / "baseline.yaml"
OPEN_DOORS = Path(__file__).with_name("no_queues.yaml")  # the shop without staff and stock
COMPILED, REFERENCE = "compiled", "reference"


def program(
    size: int, days: float, warm_up: float = 0.0, scenario: Path = SHOP, as_stated: bool = True
) -> Program:
    """The coffee shop at a size, over so many days after a warm-up; without `as_stated`, without a pilot."""
    sets = [f"population.size={size}", f"horizon={days} d", f"warm_up={warm_up} d"]
    return lower(load(scenario, sets=[*sets, f"as_stated={str(as_stated).lower()}"]))


def engines() -> tuple[str, ...]:
    """The engines there are."""
    import sim.engine

    return getattr(sim.engine, "ENGINES", (REFERENCE,))


def run(engine: str, what: Program, replication: int = 0, log=None) -> Outcome:
    """One replication on an engine."""
    chosen = {"engine": engine} if "engine" in inspect.signature(simulate).parameters else {}
    return simulate(what, seed=1, replication=replication, log=log, **chosen)


def can_be_chosen() -> bool:
    """Whether ``touchpoint run`` takes an ``--engine``."""
    from sim.cli import main

    return any("--engine" in option.opts for option in main.commands["run"].params)


def warm(engine: str) -> None:
    """Compile what an engine needs, or read it from the cache, before anything is measured."""
    for scenario in (SHOP, OPEN_DOORS):
        run(engine, program(600, 1, scenario=scenario), log=lambda rows: None)
        run(engine, program(600, 1, scenario=scenario))


def people(size: int) -> int:
    """Customers and prospects of the coffee shop."""
    return size + 300 * math.ceil(size / 600)


def processor() -> str:
    """The processor's name, where it can be had, and how many there are."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else 'unknown processor'}, {os.cpu_count()} processors"
