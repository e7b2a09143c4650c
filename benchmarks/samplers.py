"""Which sampler finds what under noise and a constraint: `python -m benchmarks.samplers` (docs/optimise.md).

A smooth function of three levers with its best point on a constraint. Every run adds noise, and a luck that all points
of a search share, as common random numbers do. Told is the loss of the best of the eight points that looked best.
"""

from __future__ import annotations

import argparse
import time
import warnings
from itertools import product

import numpy as np
from scipy.stats import qmc

BATCH, LOOKED_AT, BOUND, SHARED = 8, 8, 1.0, 0.3
SAMPLERS = ("random", "sobol", "tpe", "tpe multivariate", "sobol, tpe multivariate")  # "gp" needs PyTorch


def value(x) -> float:
    return sum(1.0 - np.exp(-3.0 * v) for v in x[:2]) - 3.2 * (x[2] - 0.6) ** 2 + 0.3 * x[0] * x[1]


def cost(x) -> float:
    return 1.2 * x[0] + 0.8 * x[1] + 0.3 * x[2]


def best_there_is() -> float:
    axis = np.linspace(0.0, 1.0, 101)
    return max(value(x) for x in product(axis, axis, axis[40:80]) if cost(x) <= BOUND)


def sampler(name: str, seed: int):
    import optuna

    def excess(trial):
        return trial.user_attrs["excess"]

    samplers = optuna.samplers
    if name == "random":
        return samplers.RandomSampler(seed=seed)
    if name == "sobol":
        return samplers.QMCSampler(seed=seed, scramble=True)
    if name == "gp":
        return samplers.GPSampler(seed=seed, constraints_func=excess, deterministic_objective=False)
    starting = 16 if name.startswith("sobol") else 10
    multivariate = "multivariate" in name
    return samplers.TPESampler(
        n_startup_trials=starting,
        multivariate=multivariate,
        constant_liar=True,
        seed=seed,
        constraints_func=excess,
    )


def loss(name: str, seed: int, runs: int, each: int, noise: float, best: float) -> float:
    import optuna

    rng = np.random.default_rng(1000 + seed)
    luck = rng.normal(0.0, SHARED, each)
    study = optuna.create_study(direction="maximize", sampler=sampler(name, seed))
    for point in qmc.Sobol(3, seed=seed).random(16) if name.startswith("sobol,") else ():
        study.enqueue_trial({f"x{k}": float(v) for k, v in enumerate(point)})
    seen = []
    while len(seen) < runs // each:
        trials = [study.ask() for _ in range(min(BATCH, runs // each - len(seen)))]
        points = [[trial.suggest_float(f"x{k}", 0.0, 1.0) for k in range(3)] for trial in trials]
        for trial, x in zip(trials, points, strict=True):
            y, spent = (
                value(x) + np.mean(luck + rng.normal(0.0, noise, each)),
                cost(x) + rng.normal(0.0, 0.01),
            )
            trial.set_user_attr("excess", (spent - BOUND,))
            study.tell(trial, y)
            seen.append((y, spent, x))
    kept = sorted((one for one in seen if one[1] <= BOUND), key=lambda one: -one[0])[:LOOKED_AT]
    return best - max((value(x) for _, _, x in kept if cost(x) <= BOUND + 0.005), default=0.0)


def main() -> None:
    import optuna

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samplers", nargs="*", default=SAMPLERS)
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--noise", type=float, default=0.05)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    best = best_there_is()
    for runs, each, name in product((100, 200), (1, 2, 4), asked.samplers):
        began = time.perf_counter()
        lost = [loss(name, seed, runs, each, asked.noise, best) for seed in range(asked.seeds)]
        error, took = np.std(lost) / np.sqrt(len(lost)), (time.perf_counter() - began) / len(lost)
        print(f"{runs} runs, {each} a point, {name}: {np.mean(lost):.3f} ± {error:.3f}, {took:.1f} s")


if __name__ == "__main__":
    main()
