"""Samplers: from a uniform to a draw, by inverting a distribution function.

A distribution of the scenario becomes one row of a table (:class:`Samplers`); the engine draws with
:func:`quantile`. Most families have a closed form. Gamma and beta go through a table of ``log q`` (beta:
``logit q``) over ``logit u``, cubic Hermite with exact slopes; cells are halved until the interpolation
is within ``PRECISION`` (see ``tests/model/test_sample.py`` for what is reached). Traits, drawn once at
set-up, take the exact inverse (:func:`quantiles`).

The row of each family (``offset`` points into the shared array of knots)::

    family           a        b        c           d
    constant         value
    uniform          low      high
    exponential      mean
    gamma            scale    1 or -1  cells/unit  last cell
    lognormal        mu       sigma
    weibull          shape    scale
    beta                      1        cells/unit  last cell
    triangular       low      mode     high
    clipped_normal   mean     sd       low         high
    empirical        values - 1
    gap              mean

**Direction.** A distribution's quantile rises with ``u``. *Gaps* (times between needs: gamma with mean 1)
invert the survival function instead: a small ``u`` is a long gap, and shape 1 is exactly ``-log(u)``.

NumPy's own ``exp`` and ``log`` are avoided throughout: their last bits change with the vector unit.
"""

import functools
import math
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from sim._jit import njit
from sim.errors import UsageError
from sim.model.normal import normal_quantile

SAMPLER = np.dtype(
    [("family", "i4"), ("offset", "i4"), ("a", "f8"), ("b", "f8"), ("c", "f8"), ("d", "f8")], align=True
)
CONSTANT, UNIFORM, EXPONENTIAL, GAMMA, LOGNORMAL, WEIBULL = 0, 1, 2, 3, 4, 5
BETA, TRIANGULAR, CLIPPED_NORMAL, EMPIRICAL, GAP = 6, 7, 8, 9, 10
FAMILIES = {
    "constant": CONSTANT,
    "uniform": UNIFORM,
    "exponential": EXPONENTIAL,
    "gamma": GAMMA,
    "lognormal": LOGNORMAL,
    "weibull": WEIBULL,
    "beta": BETA,
    "triangular": TRIANGULAR,
    "clipped_normal": CLIPPED_NORMAL,
    "empirical": EMPIRICAL,
}

REACH = 37.0  # the tables span logit u in -37..37; the outermost uniforms are at +-36.7
CELLS = (1024, 2048, 4096, 8192, 16384)
PRECISION = 2e-7  # of log q, logit q: relative error of q

Floats = NDArray[np.float64]
Curve = Callable[[Floats], tuple[Floats, Floats]]


class Distribution(Protocol):
    """What is needed of a distribution: see `sim.scenario` for the families and their parameters."""

    @property
    def family(self) -> str:
        """Name of the family, a key of `FAMILIES`."""

    @property
    def params(self) -> tuple[float, ...]:
        """Parameters in base units, in the family's order."""

    @property
    def values(self) -> tuple[float, ...]:
        """Empirical: the sorted quantiles, equally spaced in probability; else empty."""


# ---------------------------------------------------------------- in the engine
@njit(forceinline=True)
def quantile(rows: NDArray[Any], knots: Floats, row: int, u: float) -> float:
    """The draw of sampler ``row`` at the uniform ``u`` in (0, 1).

    ``rows`` (dtype `SAMPLER`) and ``knots`` come from :meth:`Samplers.arrays`. Base units: days, per
    day, currency.
    """
    r = rows[row]
    family = r["family"]
    if family == CONSTANT:
        return r["a"]
    if family == GAP:
        return -r["a"] * math.log(u)
    if family == GAMMA:
        return r["a"] * math.exp(_interpolate(r, knots, u))
    if family == BETA:
        return _logistic(_interpolate(r, knots, u))
    if family == EMPIRICAL:
        return _between_values(r, knots, u)
    return _closed_form(family, r["a"], r["b"], r["c"], r["d"], u)


@njit
def _closed_form(family: int, a: float, b: float, c: float, d: float, u: float) -> float:
    if family == UNIFORM:
        return min(a + u * (b - a), b)
    if family == EXPONENTIAL:
        return -a * math.log1p(-u)
    if family == LOGNORMAL:
        return math.exp(a + b * normal_quantile(u))
    if family == WEIBULL:
        return b * math.pow(-math.log1p(-u), 1.0 / a)
    if family == TRIANGULAR:
        return _triangular(a, b, c, u)
    return min(max(a + b * normal_quantile(u), c), d)


@njit
def _triangular(low: float, mode: float, high: float, u: float) -> float:
    if u * (high - low) < mode - low:
        return min(low + math.sqrt(u * (high - low) * (mode - low)), mode)
    return max(high - math.sqrt((1.0 - u) * (high - low) * (high - mode)), mode)


@njit
def _between_values(r: Any, values: Floats, u: float) -> float:
    """Linear between equally spaced quantiles."""
    place = u * r["a"]
    i = min(int(place), int(r["a"]) - 1)
    low, high = values[r["offset"] + i], values[r["offset"] + i + 1]
    return min(low + (place - i) * (high - low), high)


@njit(forceinline=True)
def _interpolate(r: Any, knots: Floats, u: float) -> float:
    """Cubic Hermite over logit u; a knot is (value, slope times width of a cell)."""
    place = (r["b"] * math.log(u / (1.0 - u)) + REACH) * r["c"]
    i = min(max(int(place), 0), int(r["d"]))
    k = r["offset"] + 2 * i
    s, y, slope, rise, last = place - i, knots[k], knots[k + 1], knots[k + 2] - knots[k], knots[k + 3]
    return y + s * (slope + s * (3.0 * rise - 2.0 * slope - last + s * (slope + last - 2.0 * rise)))


@njit
def _logistic(y: float) -> float:
    e = math.exp(-abs(y))
    return e / (1.0 + e) if y < 0.0 else 1.0 / (1.0 + e)


# ---------------------------------------------------------------- at set-up
class Samplers:
    """Collects the samplers of one program; equal distributions share a row, equal shapes a table."""

    def __init__(self) -> None:
        self._rows: list[tuple[float, ...]] = []
        self._known: dict[tuple[Any, ...], int] = {}
        self._knots: list[Floats] = []
        self._offsets: dict[tuple[Any, ...], int] = {}
        self._size = 0

    def add(self, dist: Distribution) -> int:
        """The row that draws from ``dist``."""
        family, params, values = dist.family, tuple(dist.params), tuple(dist.values)
        if family not in FAMILIES:
            raise UsageError(f"no sampler for the family '{family}'; there are {', '.join(FAMILIES)}")
        if family == "gamma":
            return self._tabled(GAMMA, params[:1], params[1], 1.0)
        if family == "beta":
            return self._tabled(BETA, params, 1.0, 1.0)
        if family == "empirical":
            return self._measured(values)
        return self._row(FAMILIES[family], 0, *params)

    def add_gamma_unit(self, shape: float) -> int:
        """The row of a gap with mean 1: gamma(shape, 1/shape), decreasing in ``u``."""
        return self._row(GAP, 0, 1.0) if shape == 1.0 else self._gap(shape, shape)

    def add_gamma_biased(self, shape: float) -> int:
        """The row of the gap that a random moment falls into: gamma(shape + 1, 1/shape).

        Times a second uniform it is the wait from that moment on (:func:`equilibrium_gamma`).
        """
        return self._gap(shape + 1.0, shape)

    def arrays(self) -> tuple[NDArray[Any], Floats]:
        """``rows`` (dtype `SAMPLER`) and ``knots`` (float64) for :func:`quantile`."""
        return np.array(self._rows, dtype=SAMPLER), np.concatenate([*self._knots, np.zeros(1)])

    def _gap(self, shape: float, rate: float) -> int:
        return self._tabled(GAMMA, (shape,), 1.0 / rate, -1.0)

    def _tabled(self, family: int, shape: tuple[float, ...], scale: float, sign: float) -> int:
        table = (_gamma_table if family == GAMMA else _beta_table)(*shape)
        cells = len(table) // 2 - 1
        offset = self._store((family, *shape), table)
        return self._row(family, offset, scale, sign, cells / (2.0 * REACH), cells - 1.0)

    def _measured(self, values: tuple[float, ...]) -> int:
        if len(values) == 1:
            return self._row(CONSTANT, 0, values[0])
        offset = self._store((EMPIRICAL, *values), np.array(values, dtype=np.float64))
        return self._row(EMPIRICAL, offset, len(values) - 1.0)

    def _store(self, key: tuple[Any, ...], knots: Floats) -> int:
        if key not in self._offsets:
            self._offsets[key] = self._size
            self._knots.append(knots)
            self._size += len(knots)
        return self._offsets[key]

    def _row(self, family: int, offset: int, *numbers: float) -> int:
        row = (family, offset, *map(float, numbers), *(0.0,) * (4 - len(numbers)))
        if row not in self._known:
            self._known[row] = len(self._rows)
            self._rows.append(row)
        return self._known[row]


# ---------------------------------------------------------------- tables of gamma and beta
@functools.lru_cache(maxsize=256)
def _gamma_table(shape: float) -> Floats:
    """Knots of ``log q`` for a gamma with scale 1."""
    return _table(functools.partial(_gamma_curve, shape), f"a gamma with shape {shape:g}")


@functools.lru_cache(maxsize=256)
def _beta_table(alpha: float, beta: float) -> Floats:
    """Knots of ``logit q`` for a beta."""
    curve = functools.partial(_beta_curve, alpha, beta)
    return _table(curve, f"a beta with alpha {alpha:g} and beta {beta:g}")


def _table(curve: Curve, name: str) -> Floats:
    """Value and scaled slope at each knot, interleaved; as few cells as `PRECISION` allows."""
    for cells in CELLS:
        with np.errstate(all="ignore"):
            y, slope = curve(np.linspace(-REACH, REACH, 2 * cells + 1))
        rise = slope * (2.0 * REACH / cells)
        middle = (y[:-2:2] + y[2::2]) / 2 + (rise[:-2:2] - rise[2::2]) / 8
        if np.abs(middle - y[1::2]).max() <= PRECISION:
            break
    if not (np.isfinite(y).all() and np.isfinite(slope).all()):
        raise UsageError(f"{name} cannot be drawn from: its quantiles are not finite")
    return np.column_stack([y[::2], rise[::2]]).ravel()


def _gamma_curve(shape: float, x: Floats) -> tuple[Floats, Floats]:
    """log q and its slope over x = logit u. Far below, P(shape, q) = q^shape / gamma(shape + 1)."""
    log_u, log_v = special.log_expit(x), special.log_expit(-x)
    tail = special.expit(-np.abs(x))
    q = np.where(x < 0.0, special.gammaincinv(shape, tail), special.gammainccinv(shape, tail))
    log_q = _log_or(q, (log_u + special.gammaln(shape + 1.0)) / shape)
    return log_q, _exp(log_u + log_v - shape * log_q + q + special.gammaln(shape))


def _beta_curve(alpha: float, beta: float, x: Floats) -> tuple[Floats, Floats]:
    """logit q and its slope over x = logit u; q and 1 - q each from its own side, so neither cancels."""
    log_u, log_v, log_b = special.log_expit(x), special.log_expit(-x), special.betaln(alpha, beta)
    low, tail = x < 0.0, special.expit(-np.abs(x))
    q = np.where(low, special.betaincinv(alpha, beta, tail), special.betainccinv(alpha, beta, tail))
    p = np.where(low, special.betainccinv(beta, alpha, tail), special.betaincinv(beta, alpha, tail))
    log_q = _log_or(q, (log_u + special.xlogy(1.0, alpha) + log_b) / alpha)
    log_p = _log_or(p, (log_v + special.xlogy(1.0, beta) + log_b) / beta)
    return log_q - log_p, _exp(log_u + log_v - alpha * log_q - beta * log_p + log_b)


def _log_or(q: Floats, log_tail: Floats) -> Floats:
    """log q, or the tail's leading term where q is lost to underflow (there it is exact)."""
    return np.where(q > 1e-280, special.xlogy(1.0, q), log_tail)


def _exp(x: Floats) -> Floats:
    return np.array([math.exp(v) for v in x.tolist()])


# ---------------------------------------------------------------- many at once, exact
def quantiles(dist: Distribution, u: ArrayLike) -> Floats:
    """The quantiles of ``dist`` at the uniforms ``u`` in (0, 1), in base units and the shape of ``u``."""
    u = np.asarray(u, dtype=np.float64)
    if dist.family == "gamma":
        return special.gammaincinv(dist.params[0], u) * dist.params[1]
    if dist.family == "beta":
        return special.betaincinv(*dist.params, u)
    samplers = Samplers()
    samplers.add(dist)
    return _each(*samplers.arrays(), u)


def gaps(shape: float, u: ArrayLike) -> Floats:
    """Gaps with mean 1, gamma(shape, 1/shape), decreasing in ``u``: as `Samplers.add_gamma_unit`."""
    u = np.asarray(u, dtype=np.float64)
    if shape != 1.0:
        return special.gammainccinv(shape, u) / shape
    samplers = Samplers()
    samplers.add_gamma_unit(shape)
    return _each(*samplers.arrays(), u)


def equilibrium_gamma(shape: float, u1: ArrayLike, u2: ArrayLike) -> Floats:
    """The wait for the first event of a process long under way whose gaps are gamma with mean 1.

    The gap that a random moment falls into is drawn in proportion to its length, gamma(shape + 1,
    1/shape), and the moment is uniform within it (Cox 1962, "Renewal theory", section 5.4).
    """
    return special.gammainccinv(shape + 1.0, np.asarray(u1)) / shape * np.asarray(u2)


def _each(rows: NDArray[Any], knots: Floats, u: Floats) -> Floats:
    out = np.empty(u.size)
    _fill(rows, knots, np.ascontiguousarray(u).ravel(), out)
    return out.reshape(u.shape)


@njit(entry=True)
def _fill(rows: NDArray[Any], knots: Floats, u: Floats, out: Floats) -> None:
    for i in range(len(u)):
        out[i] = quantile(rows, knots, np.int32(0), u[i])
