"""What matters: Sobol' indices and Morris' elementary effects, with intervals and with chance taken out.

Every function takes ``each[point, replication]``, one result of a model at the points of a design, and analyses
the *means* over replications. What chance of few replications does to an index is estimated from the same runs.
SALib does the indices; intervals are 95 %.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.analysis.noise import noise_variance
from sim.analysis.view import Floats

RESAMPLES = 1000  # bootstrap samples, fewer where they would not fit into memory
FEWEST_RESAMPLES = 200
CELLS = 4_000_000  # numbers in one bootstrap array
LEVEL = 0.95


def problem_of(parameters: int) -> dict[str, Any]:
    """What SALib calls a problem; names and bounds play no part in the analyses here."""
    return {
        "num_vars": parameters,
        "names": [f"x{k}" for k in range(parameters)],
        "bounds": [[0.0, 1.0]] * parameters,
    }


# ---------------------------------------------------------------- Sobol'
@dataclass(frozen=True, eq=False)
class Sobol:
    """First order, total and second order indices ``[parameter]`` (``S2[i, j]`` for i < j), each with its half-width.

    ``clean_first`` and ``clean_total`` have the contribution of chance taken out of numerator and denominator;
    None with one replication. ``base`` counts base samples.
    """

    base: int
    first: Floats
    first_half: Floats
    total: Floats
    total_half: Floats
    second: Floats | None
    second_half: Floats | None
    clean_first: Floats | None
    clean_total: Floats | None


def block_of(parameters: int, second: bool) -> int:
    """Points of one base sample in Saltelli's design."""
    return 2 * parameters + 2 if second else parameters + 2


def sobol(each: Floats, parameters: int, second: bool, common: bool, seed: int) -> Sobol:
    """Indices of a Saltelli design in SALib's order, whole base samples only (at least two).

    Estimators: first order Saltelli et al. (2010), total Jansen (1999), second order Saltelli (2002); half-widths
    are 1.96 standard deviations over bootstrap samples of base samples.
    """
    from SALib.analyze import sobol as salib

    base = len(each) // block_of(parameters, second)
    resamples = max(FEWEST_RESAMPLES, min(RESAMPLES, CELLS // base))
    means = each.mean(axis=1)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found = salib.analyze(
            problem_of(parameters), means, second, resamples, LEVEL, seed=seed + 1
        )  # SALib takes a seed of 0 for none
    clean = _clean(each, parameters, second, common)
    return Sobol(
        base,
        np.asarray(found["S1"]),
        np.asarray(found["S1_conf"]),
        np.asarray(found["ST"]),
        np.asarray(found["ST_conf"]),
        np.asarray(found["S2"]) if second else None,
        np.asarray(found["S2_conf"]) if second else None,
        *clean,
    )


def base_rows(count: int, parameters: int, second: bool) -> np.ndarray:
    """Which points of a Saltelli design are an independent sample: the first and last of every base sample."""
    block = block_of(parameters, second)
    first = np.arange(0, count - block + 1, block)
    return np.sort(np.concatenate([first, first + block - 1]))


def _clean(each: Floats, parameters: int, second: bool, common: bool) -> tuple[Floats | None, Floats | None]:
    """First and total indices without what chance adds.

    A mean of squares of estimated differences is too large by the variance of their errors, which replications
    show; a mean of products by the covariance. Neither takes for granted that errors of neighbours are
    independent: with common random numbers they are not.
    """
    noise = noise_variance(each, common)
    if noise is None:
        return None, None
    blocks = (each - each.mean(axis=0)).reshape(-1, block_of(parameters, second), each.shape[1])
    a, b, one = blocks[:, 0], blocks[:, -1], blocks[:, 1 : parameters + 1]
    variance = float(np.var(np.concatenate([a, b]).mean(axis=1))) - noise
    if variance <= 0.0:
        return None, None
    moved = one - a[:, None]  # base sample, parameter, replication
    middle = moved.mean(axis=2)
    error = moved.var(axis=2, ddof=1) / each.shape[1]
    apart = moved - middle[..., None]
    joint = (apart * (b - b.mean(axis=1, keepdims=True))[:, None]).sum(axis=2)
    joint /= each.shape[1] * (each.shape[1] - 1)
    first = (b.mean(axis=1)[:, None] * middle - joint).mean(axis=0) / variance
    total = 0.5 * (middle**2 - error).mean(axis=0) / variance
    return first, total


# ---------------------------------------------------------------- Morris
@dataclass(frozen=True, eq=False)
class Morris:
    """Elementary effects ``[parameter]`` in units of the result, for a move across the whole range.

    ``mu_star`` is the mean of their sizes with its half-width, ``mu`` their mean, ``sigma`` their standard
    deviation. ``noise`` is the standard deviation that chance gives to one elementary effect, None with one
    replication.
    """

    trajectories: int
    mu: Floats
    mu_star: Floats
    half: Floats
    sigma: Floats
    noise: Floats | None

    @property
    def floor(self) -> Floats | None:
        """What ``mu_star`` would be if there was nothing but chance: the mean size of a normal error."""
        return None if self.noise is None else np.sqrt(2.0 / np.pi) * self.noise

    @property
    def clean_sigma(self) -> Floats | None:
        """``sigma`` without chance."""
        return None if self.noise is None else np.sqrt(np.maximum(0.0, self.sigma**2 - self.noise**2))


def morris(x: Floats, each: Floats, levels: int, seed: int) -> Morris:
    """Screening by whole trajectories (at least two) of points ``x[point, parameter]``, k + 1 points each.

    Morris (1991), mu* of Campolongo, Cariboni & Saltelli (2007). A step is levels / (2 (levels - 1)) of the range.
    """
    from SALib.analyze import morris as salib

    parameters = x.shape[1]
    trajectories = len(x) // (parameters + 1)
    resamples = max(FEWEST_RESAMPLES, min(RESAMPLES, CELLS // trajectories))
    found = salib.analyze(
        problem_of(parameters), x, each.mean(axis=1), resamples, LEVEL, num_levels=levels, seed=seed
    )
    mu, mu_star, half, sigma = (
        np.asarray(found[name], dtype=np.float64) for name in ("mu", "mu_star", "mu_star_conf", "sigma")
    )
    return Morris(trajectories, mu, mu_star, half, sigma, _step_noise(x, each, levels))


def _step_noise(x: Floats, each: Floats, levels: int) -> Floats | None:
    """The standard deviation of the error of an elementary effect, by parameter."""
    if each.shape[1] < 2:
        return None
    parameters = x.shape[1]
    steps = np.diff(x.reshape(-1, parameters + 1, parameters), axis=1) != 0.0
    moved = np.diff(each.reshape(-1, parameters + 1, each.shape[1]), axis=1)
    error = moved.var(axis=2, ddof=1) / each.shape[1]  # trajectory, step
    counts = np.maximum(1, steps.sum(axis=(0, 1)))
    step = levels / (2.0 * (levels - 1.0))
    found: Floats = np.sqrt((error[..., None] * steps).sum(axis=(0, 1)) / counts) / step
    return found
