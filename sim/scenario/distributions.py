"""Distributions in base units, their means, and how to make one from a mean and a spread."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from sim.scenario.wrong import Wrong


@dataclass(frozen=True)
class Dist:
    """A distribution in base units; ``params`` by family:

    constant (value) · uniform (low, high) · exponential (mean) · gamma (shape, scale) ·
    lognormal (mu, sigma) · weibull (shape, scale) · beta (alpha, beta) · triangular (low, mode, high) ·
    clipped_normal (mean, sd, low, high): a normal law whose draws beyond the ends are moved to the ends ·
    empirical: ``values`` are sorted quantiles at equally spaced probabilities, joined by straight lines.
    """

    family: str
    params: tuple[float, ...] = ()
    values: tuple[float, ...] = ()

    @property
    def mean(self) -> float:
        """The exact expectation."""
        return _MEANS[self.family](*self.params) if self.params else _empirical_mean(self.values)

    @property
    def support(self) -> tuple[float, float]:
        """The least and the greatest value that can come out."""
        if self.values:
            return self.values[0], self.values[-1]
        return _SUPPORTS.get(self.family, lambda *_: (0.0, math.inf))(*self.params)


def constant(value: float) -> Dist:
    """The distribution that always gives ``value``."""
    return Dist("constant", (float(value),))


# ---------------------------------------------------------------- means and supports
def _empirical_mean(values: tuple[float, ...]) -> float:
    if len(values) == 1:
        return values[0]
    return (math.fsum(values) - (values[0] + values[-1]) / 2) / (len(values) - 1)


def _clipped_mean(mean: float, sd: float, low: float, high: float) -> float:
    """``E[min(max(X, low), high)]`` for a normal X, from its censored moments."""
    below, above = (low - mean) / sd, (high - mean) / sd
    ends = sum(end * p for end, p in ((low, _cdf(below)), (high, _cdf(-above))) if p > 0)
    return ends + mean * (_cdf(above) - _cdf(below)) + sd * (_density(below) - _density(above))


def _cdf(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))


def _density(z: float) -> float:
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


_MEANS: dict[str, Callable[..., float]] = {
    "constant": lambda value: value,
    "uniform": lambda low, high: (low + high) / 2,
    "exponential": lambda mean: mean,
    "gamma": lambda shape, scale: shape * scale,
    "lognormal": lambda mu, sigma: math.exp(mu + sigma * sigma / 2),
    "weibull": lambda shape, scale: scale * math.gamma(1 + 1 / shape),
    "beta": lambda alpha, beta: alpha / (alpha + beta),
    "triangular": lambda low, mode, high: (low + mode + high) / 3,
    "clipped_normal": _clipped_mean,
}
_SUPPORTS: dict[str, Callable[..., tuple[float, float]]] = {
    "constant": lambda value: (value, value),
    "uniform": lambda low, high: (low, high),
    "beta": lambda alpha, beta: (0.0, 1.0),
    "triangular": lambda low, mode, high: (low, high),
    "clipped_normal": lambda mean, sd, low, high: (low, high),
}


# ---------------------------------------------------------------- families from their moments
def _gamma(mean: float, sd: float) -> Dist:
    return Dist("gamma", ((mean / sd) ** 2, sd * sd / mean))


def _lognormal(mean: float, sd: float) -> Dist:
    variance = math.log1p((sd / mean) ** 2)
    return Dist("lognormal", (math.log(mean) - variance / 2, math.sqrt(variance)))


def _beta(mean: float, sd: float) -> Dist:
    size = mean * (1 - mean) / (sd * sd) - 1
    if size <= 0:
        most = f"{math.sqrt(mean * (1 - mean)):.3g}"
        raise Wrong(
            f"a beta distribution with mean {mean:g} cannot have that spread; its sd must be below {most}"
        )
    return Dist("beta", (mean * size, (1 - mean) * size))


def from_moments(family: str, mean: float, sd: float, low: float, high: float) -> Dist:
    """The member of a family with this mean and standard deviation, clipped to ``low`` and ``high``
    where the family is clipped. Raises :class:`Wrong` for a beta that would have to spread too far.
    """
    if sd == 0 or (mean == 0 and family in ("gamma", "lognormal")):
        return constant(mean)
    if family == "clipped_normal":
        return Dist("clipped_normal", (mean, sd, low, high))
    return {"gamma": _gamma, "lognormal": _lognormal, "beta": _beta}[family](mean, sd)
