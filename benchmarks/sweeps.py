"""What a sweep costs beside the engine: CPU of the whole sweep less that within the engine, measured in the same go."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.engines import SHOP
from benchmarks.measure import cpu

STRATEGY = SHOP.with_name("points_card.yaml")
VARIED = {
    "strategy only": {"loyalty.card.pull": "0.1 .. 0.4", "loyalty.card.joins.chance": "20 % .. 80 %"},
    "baseline too": {
        "touchpoints.order.fails.chance": "2 % .. 12 %",
        "psychology.effect_on.leaving": "0.5 .. 1.5",
    },
}  # of the strategy alone, so that all points have one baseline; of the world, so that a pilot runs at each


@contextmanager
def engine_time() -> Iterator[list[float]]:
    """Adds up CPU seconds within the engine: simulating, and the pilots' passes."""
    from sim.engine import compiled, pilot

    spent = [0.0]

    def timed(work: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(work)
        def call(*args: Any, **options: Any) -> Any:
            start = time.process_time()
            try:
                return work(*args, **options)
            finally:
                spent[0] += time.process_time() - start

        return call

    simulate, chances = compiled.simulate, pilot._chances
    compiled.simulate, pilot._chances = timed(simulate), timed(chances)
    try:
        yield spent
    finally:
        compiled.simulate, pilot._chances = simulate, chances


def measured(
    parameters: dict[str, str], points: int, replications: int, size: int, days: int
) -> tuple[float, float]:
    """CPU seconds within the engine and beside it, of one sweep by one worker."""
    from sim.engine import pilot
    from sim.experiment.sweep import sweep
    from sim.scenario.design import design_of

    what = {
        "scenario": str(STRATEGY), "method": "latin_hypercube", "points": points, "replications": replications,
        "size": size, "horizon": f"{days} d", "parameters": parameters,
    }  # fmt: skip
    pilot._KNOWN.clear()
    with tempfile.TemporaryDirectory() as folder, engine_time() as spent:
        whole, done = cpu(lambda: sweep(design_of(what, folder), out=Path(folder) / "out"))
        if done.counts["done"] != points * replications:
            raise SystemExit(f"runs of the sweep failed: {done.runs['error'].dropna().unique()}")
    return spent[0], whole - spent[0]


def case(
    parameters: dict[str, str], points: int, replications: int, size: int, days: int
) -> dict[str, float]:
    """A run's share, from the difference of two sweeps: what the second half of the points costs."""
    less = measured(parameters, points // 2, replications, size, days)
    more = measured(parameters, points, replications, size, days)
    runs = (points - points // 2) * replications
    within, beside = ((b - a) / runs for a, b in zip(less, more, strict=True))
    set_up = more[1] - beside * points * replications
    return {
        "engine_ms": 1e3 * within,
        "beside_ms": 1e3 * beside,
        "share": beside / (beside + within),
        "set_up_s": set_up,
    }


def sweeps(points: int, repeats: int, size: int, days: int) -> dict[str, Any]:
    """Every case in turns, medians over the repeats."""
    cases = [(name, replications) for name in VARIED for replications in (3, 1)]
    rows: dict[str, list[dict[str, float]]] = {f"{name}, {n} a point": [] for name, n in cases}
    for _ in range(repeats):
        for name, n in cases:
            rows[f"{name}, {n} a point"].append(case(VARIED[name], points, n, size, days))
    middle = {
        name: {key: median(row[key] for row in found) for key in found[0]} for name, found in rows.items()
    }
    return {"points": points, "size": size, "days": days, "repeats": repeats, "cases": middle}
