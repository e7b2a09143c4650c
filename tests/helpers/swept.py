"""Folders of sweeps made from a design's points and a Python function, without any simulation."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


def write_sweep(
    folder: Path,
    points: Mapping[str, Sequence[Any]],
    kpis: Mapping[str, Callable[..., Any]],
    *,
    method: str = "latin_hypercube",
    replications: int = 3,
    noise: float = 0.0,
    common: bool = True,
    seed: int = 1,
    units: Mapping[str, str] | None = None,
    parameter_units: Mapping[str, str] | None = None,
    forms: Mapping[str, str] | None = None,
    spans: Mapping[str, tuple[float, float]] | None = None,
    failed: Sequence[int] = (),
    pending: Sequence[int] = (),
    **design: Any,
) -> Path:
    """A folder as `touchpoint sweep` leaves it; every KPI is a function of the parameters' columns.

    ``noise`` is the standard deviation of a replication at a point; with common numbers there is, beside it, luck
    that a replication shares between points. Points that `failed` or are `pending` are given by number (from 1).
    """
    columns = {path: np.asarray(values) for path, values in points.items()}
    count = len(next(iter(columns.values())))
    generator = np.random.default_rng(seed)
    luck = generator.normal(0.0, noise, replications) if common else np.zeros(replications)
    frame = pd.DataFrame(
        {
            "point": np.repeat(np.arange(1, count + 1), replications),
            "replication": np.tile(np.arange(1, replications + 1), count),
            "seed": seed,
        }
    )
    for path, values in columns.items():
        frame[path] = np.repeat(values, replications)
    for name, function in kpis.items():
        each = np.asarray(function(*columns.values()), dtype=float)[:, None] + luck
        frame[name] = (each + noise * generator.normal(size=(count, replications))).ravel()
    frame["status"], frame["error"] = "done", None
    for numbers, status in ((failed, "failed"), (pending, "pending")):
        rows = frame["point"].isin(numbers)
        frame.loc[rows, "status"] = status
        frame.loc[rows, list(kpis)] = np.nan
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(folder / "runs.parquet")
    told = {
        "schema": 1,
        "status": "running" if pending else "done",
        "design": {"name": "A test", **design},
        "method": method,
        "parameters": [_told(path, columns[path], forms, parameter_units, spans) for path in columns],
        "kpis": {name: (units or {}).get(name, "") for name in kpis},
        "points": count,
        "replications": replications,
        "seed": seed,
        "random_numbers": "common" if common else "independent",
    }
    (folder / "sweep.json").write_text(json.dumps(told), encoding="utf-8")
    return folder


def _told(path, values, forms, units, spans):
    number = np.issubdtype(values.dtype, np.number)
    low, high = (float(values.min()), float(values.max())) if number else (None, None)
    low, high = (spans or {}).get(path, (low, high))
    form = (forms or {}).get(path, "range" if number else "list")
    return {"path": path, "unit": (units or {}).get(path, ""), "form": form, "low": low, "high": high}


def unit_cube(method: str, count: int, k: int, seed: int = 1, second: bool = False, levels: int = 4):
    """Points of a design on the unit cube, by SALib and SciPy."""
    from SALib.sample import morris, sobol
    from scipy.stats import qmc

    problem = {"num_vars": k, "names": [f"x{i}" for i in range(k)], "bounds": [[0.0, 1.0]] * k}
    if method == "saltelli":
        return sobol.sample(problem, count, calc_second_order=second, seed=seed)
    if method == "morris":
        return morris.sample(problem, count, num_levels=levels, seed=seed)
    return qmc.LatinHypercube(k, seed=np.random.default_rng(seed)).random(count)


def ishigami(a, b, c):
    """Ishigami & Homma (1990) on the unit cube: a = 7, b = 0.1."""
    x, y, z = (np.pi * (2.0 * np.asarray(u) - 1.0) for u in (a, b, c))
    return np.sin(x) + 7.0 * np.sin(y) ** 2 + 0.1 * z**4 * np.sin(x)


def ishigami_indices():
    """Its first order, total and pair indices: closed forms of Sobol' & Levitan (1999)."""
    a, b = 7.0, 0.1
    first = np.array([0.5 * (1 + b * np.pi**4 / 5) ** 2, a**2 / 8, 0.0])
    pair = b**2 * np.pi**8 * (1 / 18 - 1 / 50)
    whole = first.sum() + pair
    return first / whole, (first + np.array([pair, 0.0, pair])) / whole, pair / whole, whole
