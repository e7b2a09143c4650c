"""The benchmarks, side by side in one run.

    python -m benchmarks [--short] [--only PART ...] [--repeats N] [--engine NAME] [--year] [--json]

Parts: work (do both sides do the same?), cost (an event, on every side), growth (with the population), threads,
log (what writing the events costs), memory. `make bench` runs them all; `make bench BENCH=--short` in a minute.
"""

import argparse
import json
import platform
import sys
import time
from dataclasses import replace

from benchmarks import engines, tables
from benchmarks.parts import _SMALLER, FULL, PARTS, SHORT, YEAR, Plan


def options() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        prog="benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="small sizes: about a minute")
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help="these parts only")
    parser.add_argument("--repeats", type=int, help="how often each side is measured")
    parser.add_argument("--engine", choices=engines.engines(), default=engines.engines()[0])
    parser.add_argument("--sizes", nargs="+", type=int, metavar="N", help="populations of the growth part")
    parser.add_argument("--year", action="store_true", help="cost and memory over the whole shipped year")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    return parser.parse_args()


def plan_of(chosen: argparse.Namespace) -> Plan:
    """How much is measured."""
    plan = SHORT if chosen.short else FULL
    if chosen.engine != engines.COMPILED:
        plan = replace(plan, **_SMALLER)
    if chosen.repeats:
        plan = replace(plan, repeats=chosen.repeats)
    if chosen.sizes:
        plan = replace(plan, sizes=tuple(chosen.sizes))
    if chosen.year:
        plan = replace(plan, shop=YEAR, year=True)
    return plan


def machine() -> dict[str, str]:
    """Where this ran."""
    import numba
    import simpy

    return {
        "machine": f"{platform.system()} {platform.machine()}, {engines.processor()}",
        "python": platform.python_version(),
        "numba": numba.__version__,
        "simpy": simpy.__version__,
    }


def main() -> None:
    """Run the chosen parts, each printed as soon as it is done."""
    chosen = options()
    plan, start = plan_of(chosen), time.perf_counter()
    results: dict = machine()
    print("Compiling, or reading what was compiled before ...", file=sys.stderr)
    engines.warm(chosen.engine)
    for name, part in PARTS.items():
        if chosen.only and name not in chosen.only:
            continue
        print(f"{time.perf_counter() - start:5.0f} s  {name} ...", file=sys.stderr)
        results[name] = part(plan, chosen.engine)
        if not chosen.json:
            print(getattr(tables, name)(results[name]), flush=True)
    results["seconds"] = time.perf_counter() - start
    if chosen.json:
        print(json.dumps(results, indent=2))
    else:
        print(f"{results['machine']}, Python {results['python']}; {results['seconds']:.0f} s in all")


if __name__ == "__main__":
    main()
