"""How a result depends on what was assumed: draws over declared ranges, and which of them turn it round."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.analysis.paired import LEVEL
from sim.analysis.view import Floats

FEWEST = 0.05  # share of the draws, at least, on either side of a value at which a sign is said to change
_SEED = 20_261_123  # of the hypercube, with the seed of the comparison


def latin_hypercube(draws: int, parameters: int, seed: int) -> Floats:
    """Probabilities ``[draws, parameters]``: in each column one in every 1/draws of the range (McKay et al. 1979)."""
    from scipy.stats import qmc

    generator = np.random.default_rng([_SEED, seed])
    sampled: Floats = qmc.LatinHypercube(d=parameters, seed=generator).random(draws)
    return sampled


def quantiles(family: str, params: tuple[float, ...], values: tuple[float, ...], p: Floats) -> Floats:
    """Quantiles of a distribution of a scenario (``sim.scenario.Dist``) at probabilities."""
    from scipy import stats

    if family == "empirical":
        return np.interp(p, np.linspace(0.0, 1.0, len(values)), values)
    a, b, c = (*params, 0.0, 0.0, 0.0)[:3]
    if family == "constant":
        return np.full_like(p, a)
    if family == "clipped_normal":
        return np.clip(stats.norm.ppf(p, a, b), params[2], params[3])
    frozen = {
        "uniform": lambda: stats.uniform(a, b - a),
        "exponential": lambda: stats.expon(scale=a),
        "gamma": lambda: stats.gamma(a, scale=b),
        "lognormal": lambda: stats.lognorm(b, scale=math.exp(a)),
        "weibull": lambda: stats.weibull_min(a, scale=b),
        "beta": lambda: stats.beta(a, b),
        "triangular": lambda: stats.triang((b - a) / (c - a), loc=a, scale=c - a),
    }[family]()
    found: Floats = frozen.ppf(p)
    return found


# ---------------------------------------------------------------- what turns a difference round
@dataclass(frozen=True)
class Turning:
    """How a difference goes with one parameter, the others being drawn too.

    ``rho`` is Spearman's rank correlation with its 95 % interval (None where either never changes); it
    ``matters`` where it is beyond chance, however many parameters are looked at; ``threshold`` is the
    parameter's value at which the difference changes its sign, None where it does not.
    """

    rho: float | None = None
    low: float | None = None
    high: float | None = None
    matters: bool = False
    threshold: float | None = None


def turning(parameter: Floats, difference: Floats, looks: int = 1) -> Turning:
    """Rank correlation over draws, and where the difference changes its sign.

    Interval: Fisher's z with the variance (1 + rho^2 / 2) / (n - 3) of Bonett & Wright (2000). It matters where
    the interval at the level of 95 % for all ``looks`` at once (Bonferroni) leaves out nought. Threshold: where
    the increasing or decreasing function of the parameter that fits the differences best (isotonic
    regression) changes its sign; only where the correlation is beyond chance and at least one draw in twenty
    lies on either side.
    """
    if difference.size < 4 or np.ptp(parameter) == 0.0 or np.ptp(difference) == 0.0:
        return Turning()
    from scipy import stats

    rho = float(stats.spearmanr(parameter, difference).statistic)
    low, high = spearman_interval(rho, difference.size, LEVEL)
    least, most = spearman_interval(rho, difference.size, 1.0 - (1.0 - LEVEL) / looks)
    matters = least > 0.0 or most < 0.0
    return Turning(rho, low, high, matters, _threshold(parameter, difference, rho > 0.0) if matters else None)


def spearman_interval(rho: float, n: int, level: float) -> tuple[float, float]:
    """The interval of a rank correlation of n pairs: Fisher's z, variance of Bonett & Wright (2000)."""
    from scipy.special import ndtri

    if abs(rho) > 1.0 - 1e-12:
        return rho, rho
    reach = float(ndtri(0.5 + level / 2.0)) * math.sqrt((1.0 + rho**2 / 2.0) / (n - 3))
    return math.tanh(math.atanh(rho) - reach), math.tanh(math.atanh(rho) + reach)


def _threshold(parameter: Floats, difference: Floats, rising: bool) -> float | None:
    from scipy.optimize import isotonic_regression

    order = np.argsort(parameter, kind="stable")
    fitted = isotonic_regression(difference[order], increasing=rising).x
    above = fitted > 0.0
    changes = np.flatnonzero(above[1:] != above[:-1])
    if changes.size == 0:
        return None
    last = int(changes[0])
    least = max(2, math.ceil(FEWEST * difference.size))
    if min(last + 1, difference.size - last - 1) < least:
        return None
    return float((parameter[order[last]] + parameter[order[last + 1]]) / 2.0)
