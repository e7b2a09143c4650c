"""Samplers: each family against its own distribution function, tables against exact inverses."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import special

from sim._jit import njit
from sim.errors import UsageError
from sim.model.keys import hash_name, run_key, uniforms
from sim.model.normal import normal_quantile
from sim.model.sample import CONSTANT, GAP, SAMPLER, Samplers, equilibrium_gamma, gaps, quantile, quantiles

Floats = NDArray[np.float64]
ALPHA = 1e-3  # for all families together (Holm)


class Dist(NamedTuple):
    """Stands for `sim.scenario`'s: the samplers read no more than this."""

    family: str
    params: tuple[float, ...] = ()
    values: tuple[float, ...] = ()


@njit
def _fill(rows, knots, row, u, out):
    for i in range(len(u)):
        out[i] = quantile(rows, knots, row, u[i])


def drawn(row: int, samplers: Samplers, u: Floats) -> Floats:
    """What the engine draws at each of `u`."""
    out = np.empty(len(u))
    _fill(*samplers.arrays(), row, u, out)
    return out


def engine(dist: Dist, u: Floats) -> Floats:
    samplers = Samplers()
    return drawn(samplers.add(dist), samplers, u)


def unit_gap(shape: float, u: Floats) -> Floats:
    samplers = Samplers()
    return drawn(samplers.add_gamma_unit(shape), samplers, u)


def keyed(n: int, purpose: str) -> Floats:
    return uniforms(run_key(4, 1), np.arange(n), hash_name("test"), 0, hash_name("sample", purpose))


# The whole range, dense in both tails: what the accuracy is promised for.
GRID = np.concatenate(
    [np.linspace(1e-3, 1 - 1e-3, 1999), np.logspace(-9, -3, 600), 1 - np.logspace(-9, -3, 600)]
)
ENDS = np.array([2.0**-53, 3 * 2.0**-53, 1 - 3 * 2.0**-53, 1 - 2.0**-53])  # the outermost uniforms

VALUES = (0.0, 0.5, 0.5, 2.0, 10.0)
CLOSED = {
    "uniform": Dist("uniform", (2.0, 5.0)),
    "exponential": Dist("exponential", (3.0,)),
    "lognormal": Dist("lognormal", (1.0, 0.7)),
    "weibull": Dist("weibull", (0.8, 2.0)),
    "triangular": Dist("triangular", (1.0, 2.0, 7.0)),
    "triangular, mode at the end": Dist("triangular", (1.0, 7.0, 7.0)),
    "clipped_normal": Dist("clipped_normal", (0.4, 0.5, -1.0, 1.0)),
    "empirical": Dist("empirical", (), VALUES),
}
TABLED = {
    "gamma .05": Dist("gamma", (0.05, 3.0)),
    "gamma .553": Dist("gamma", (0.553, 10.0)),
    "gamma 4": Dist("gamma", (4.0, 0.5)),
    "gamma 200": Dist("gamma", (200.0, 1.0)),
    "beta .05 .05": Dist("beta", (0.05, 0.05)),
    "beta .668 2.806": Dist("beta", (0.668, 2.806)),
    "beta 200 .05": Dist("beta", (200.0, 0.05)),
    "beta 30 200": Dist("beta", (30.0, 200.0)),
}
ALL = CLOSED | TABLED


# ---------------------------------------------------------------- the distribution functions
def _triangular_cdf(x: Floats, low: float, mode: float, high: float) -> Floats:
    rising = (x - low) ** 2 / ((high - low) * (mode - low))
    falling = 1 - (high - x) ** 2 / ((high - low) * max(high - mode, 1e-300))
    return np.where(x < mode, rising, falling)


def _clipped_cdf(x: Floats, mean: float, sd: float, low: float, high: float) -> Floats:
    return np.where(x >= high, 1.0, special.ndtr((x - mean) / sd))


def _empirical_cdf(x: Floats) -> Floats:
    """Right-continuous at the value that stands twice."""
    values, chances = np.array(VALUES), np.linspace(0, 1, len(VALUES))
    i = np.clip(np.searchsorted(values, x, side="right") - 1, 0, len(values) - 2)
    return chances[i] + (x - values[i]) / (values[i + 1] - values[i]) * (chances[i + 1] - chances[i])


CDF: dict[str, Callable[..., Floats]] = {
    "uniform": lambda x, low, high: (x - low) / (high - low),
    "exponential": lambda x, mean: -np.expm1(-x / mean),
    "gamma": lambda x, shape, scale: special.gammainc(shape, x / scale),
    "lognormal": lambda x, mu, sigma: special.ndtr((np.log(x) - mu) / sigma),
    "weibull": lambda x, shape, scale: -np.expm1(-((x / scale) ** shape)),
    "beta": lambda x, alpha, beta: special.betainc(alpha, beta, x),
    "triangular": _triangular_cdf,
    "clipped_normal": _clipped_cdf,
    "empirical": _empirical_cdf,
}


def ks_chance(draws: Floats, cdf: Floats) -> float:
    """The chance of so large a Kolmogorov-Smirnov distance from the true distribution function."""
    steps = np.searchsorted(np.sort(draws), draws, side="right") / len(draws)
    return float(special.kolmogorov(np.abs(steps - cdf).max() * math.sqrt(len(draws))))


def test_every_family_follows_its_distribution():
    n, chances = 20_000, {}
    for name, dist in ALL.items():
        x = engine(dist, keyed(n, name))
        chances[name] = ks_chance(x, CDF[dist.family](x, *dist.params))
    assert_holm(chances)


def test_gaps_and_first_gaps_follow_their_distributions():
    """The wait from a random moment has the density S(t) / mean of renewal theory, so the distribution
    function t S(t) + E[gap; gap < t]."""
    n, chances = 20_000, {}
    for k in (0.3, 1.0, 4.0):
        x, t = unit_gap(k, keyed(n, f"{k}")), equilibrium_gamma(k, keyed(n, f"{k}a"), keyed(n, f"{k}b"))
        chances[f"gap {k}"] = ks_chance(x, special.gammainc(k, k * x))
        cdf = t * special.gammaincc(k, k * t) + special.gammainc(k + 1, k * t)
        chances[f"first gap {k}"] = ks_chance(t, cdf)
    assert_holm(chances)


def assert_holm(chances: dict[str, float]) -> None:
    for rank, (name, chance) in enumerate(sorted(chances.items(), key=lambda item: item[1])):
        assert chance > ALPHA / (len(chances) - rank), name


def test_the_distance_test_can_fail():
    """A mean wrong by 5 % is seen with this many draws."""
    x = engine(CLOSED["exponential"], keyed(20_000, "exponential"))
    assert ks_chance(x, CDF["exponential"](x, 3.15)) < ALPHA / len(ALL)


# ---------------------------------------------------------------- accuracy
def relative_error(found: Floats, exact: Floats) -> float:
    seen = exact > 1e-290  # below, doubles lose digits
    return float(np.abs(found[seen] / exact[seen] - 1).max())


@pytest.mark.parametrize("shape", [0.05, 0.1, 0.243, 0.553, 1.0, 4.0, 14.4, 50.0, 200.0])
def test_gamma_table(shape: float):
    u = np.concatenate([GRID, ENDS])
    q = engine(Dist("gamma", (shape, 1.0)), u)
    assert relative_error(q, special.gammaincinv(shape, u)) < 2e-7
    assert relative_error(special.gammainc(shape, q), np.where(q > 1e-290, u, 0.0)) < 1e-6


@pytest.mark.parametrize("alpha", [0.05, 0.1, 0.668, 1.0, 7.0, 200.0])
@pytest.mark.parametrize("beta", [0.05, 0.1, 0.5, 2.806, 200.0])
def test_beta_table(alpha: float, beta: float):
    u = np.concatenate([GRID, ENDS])
    q = engine(Dist("beta", (alpha, beta)), u)
    assert relative_error(q, special.betaincinv(alpha, beta, u)) < 2e-7
    assert (q >= 0.0).all()
    assert (q <= 1.0).all()


@pytest.mark.parametrize(
    ("dist", "reached"),
    [
        (Dist("gamma", (1e-3, 1.0)), 1e-7),
        (Dist("gamma", (1e6, 1.0)), 1e-8),
        (Dist("beta", (0.01, 0.01)), 1e-7),
        (Dist("beta", (1e4, 1e4)), 1e-9),
        (Dist("beta", (1e-3, 1e-3)), 2e-5),  # the one that stays above the promise
    ],
    ids=str,
)
def test_what_is_reached_beyond_the_promise(dist: Dist, reached: float):
    assert relative_error(engine(dist, GRID), quantiles(dist, GRID)) < reached


def test_normal_quantile():
    u = np.concatenate([GRID, ENDS, np.logspace(-15.9, -9, 300)])
    z = np.array([normal_quantile(v) for v in u])
    assert np.abs(z - special.ndtri(u)).max() < 1e-14
    assert normal_quantile(0.5) == 0.0


@pytest.mark.parametrize("name", TABLED)
def test_many_at_once_agree_with_the_engine(name: str):
    u = keyed(2_000, name)
    assert relative_error(engine(TABLED[name], u), quantiles(TABLED[name], u)) < 1e-6


@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms_are_one_and_the_same(name: str):
    u = keyed(2_000, name)
    assert engine(CLOSED[name], u).tolist() == quantiles(CLOSED[name], u).tolist()


@pytest.mark.parametrize("shape", [0.3, 1.0, 4.0])
def test_many_gaps_at_once_agree_with_the_engine(shape: float):
    u = keyed(2_000, "gaps")
    assert relative_error(unit_gap(shape, u), gaps(shape, u)) < 1e-6


@pytest.mark.parametrize("shape", [0.3, 1.0, 4.0])
def test_first_gaps_agree_with_the_engine(shape: float):
    u, v = keyed(2_000, "first"), keyed(2_000, "within")
    samplers = Samplers()
    row = samplers.add_gamma_biased(shape)
    assert relative_error(drawn(row, samplers, u) * v, equilibrium_gamma(shape, u, v)) < 1e-6


def test_the_shape_of_the_uniforms_is_kept():
    for dist in (CLOSED["uniform"], TABLED["gamma 4"], TABLED["beta 30 200"], Dist("constant", (3.0,))):
        assert quantiles(dist, np.full((2, 3), 0.5)).shape == (2, 3)


# ---------------------------------------------------------------- direction and bounds
SHAPES = st.floats(0.05, 200.0)
REALS = st.floats(-3.0, 3.0)
DISTS = st.one_of(
    st.builds(lambda a, w: Dist("uniform", (a, a + w)), REALS, SHAPES),
    st.builds(lambda m: Dist("exponential", (m,)), SHAPES),
    st.builds(lambda k, s: Dist("gamma", (k, s)), SHAPES, SHAPES),
    st.builds(lambda m, s: Dist("lognormal", (m, s)), REALS, st.floats(0.01, 3.0)),
    st.builds(lambda k, s: Dist("weibull", (k, s)), st.floats(0.3, 20.0), SHAPES),
    st.builds(lambda a, b: Dist("beta", (a, b)), SHAPES, SHAPES),
    st.builds(lambda a, b, c: Dist("triangular", tuple(sorted((a, b, c)))), REALS, REALS, REALS),
    st.builds(lambda m, s: Dist("clipped_normal", (m, s, -1.0, 1.0)), REALS, st.floats(0.01, 3.0)),
    st.builds(lambda v: Dist("empirical", (), tuple(sorted(v))), st.lists(REALS, min_size=1, max_size=9)),
)
UNIFORMS = st.integers(0, 2**52 - 1).map(lambda k: (2 * k + 1) * 2.0**-53)
ROUNDING = 1e-13


@settings(max_examples=150, deadline=None)
@given(DISTS, st.lists(UNIFORMS, min_size=2, max_size=20))
def test_a_larger_uniform_never_draws_less(dist: Dist, u: list[float]):
    q = engine(dist, np.array(sorted(u)))
    assert np.isfinite(q).all()
    assert (q[1:] >= q[:-1] - ROUNDING * np.abs(q[:-1])).all()


@settings(max_examples=30, deadline=None)
@given(SHAPES, st.lists(UNIFORMS, min_size=2, max_size=20))
def test_a_small_uniform_is_a_long_gap(shape: float, u: list[float]):
    q = unit_gap(shape, np.array(sorted(u)))
    assert (q[1:] <= q[:-1] + ROUNDING * np.abs(q[:-1])).all()


def test_bounds_are_kept_at_the_outermost_uniforms():
    for low, high in ((0.1, 0.3), (-1.0, 1.0), (2.0, 5.0)):
        for dist in (
            Dist("uniform", (low, high)),
            Dist("triangular", (low, high, high)),
            Dist("triangular", (low, low, high)),
            Dist("clipped_normal", (0.0, 9.0, low, high)),
            Dist("empirical", (), (low, high)),
        ):
            q = engine(dist, ENDS)
            assert (q >= low).all(), dist
            assert (q <= high).all(), dist


def test_clipped_values_pile_up_at_the_ends():
    q = engine(Dist("clipped_normal", (0.9, 0.5, -1.0, 1.0)), keyed(20_000, "pile"))
    share, expected = (q == 1.0).mean(), special.ndtr(-0.2)
    assert abs(share - expected) < 4 * math.sqrt(expected * (1 - expected) / len(q))


def test_gaps_of_shape_one_are_exactly_minus_log_u():
    u = np.concatenate([keyed(500, "gap"), ENDS])
    expected = [-math.log(v) for v in u]
    assert unit_gap(1.0, u).tolist() == expected
    assert gaps(1.0, u).tolist() == expected


def test_gaps_change_smoothly_through_shape_one():
    """The same uniforms mean the same luck on both sides of it."""
    u = keyed(500, "gap")
    assert relative_error(unit_gap(1.0 + 1e-9, u), unit_gap(1.0, u)) < 1e-7


def test_a_distribution_of_one_value():
    for dist in (
        Dist("constant", (3.5,)),
        Dist("uniform", (3.5, 3.5)),
        Dist("triangular", (3.5, 3.5, 3.5)),
        Dist("empirical", (), (3.5,)),
        Dist("empirical", (), (3.5, 3.5)),
    ):
        assert set(engine(dist, GRID)) == {3.5}, dist


# ---------------------------------------------------------------- the table of samplers
def test_equal_distributions_share_a_row():
    samplers = Samplers()
    rows = [samplers.add(dist) for dist in (*ALL.values(), *ALL.values())]
    assert rows == [*range(len(ALL)), *range(len(ALL))]
    assert samplers.add_gamma_unit(4.0) == samplers.add_gamma_unit(4.0) == len(ALL)


def test_equal_shapes_share_a_table():
    samplers = Samplers()
    rows = samplers.add(Dist("gamma", (4.0, 1.0))), samplers.add(Dist("gamma", (4.0, 9.0)))
    rows += samplers.add_gamma_unit(4.0), samplers.add_gamma_biased(3.0)
    table, knots = samplers.arrays()
    assert len(set(rows)) == 4
    assert len(set(table["offset"])) == 1
    assert len(knots) == 2 * 1025 + 1


def test_neighbours_in_the_table_do_not_disturb_each_other():
    samplers, u = Samplers(), keyed(200, "together")
    rows = [samplers.add(dist) for dist in ALL.values()]
    for row, dist in zip(rows, ALL.values(), strict=True):
        assert drawn(row, samplers, u).tolist() == engine(dist, u).tolist()


def test_an_empty_table_has_its_types():
    rows, knots = Samplers().arrays()
    assert (rows.dtype, rows.shape, knots.dtype) == (SAMPLER, (0,), np.float64)


def test_simple_rows_need_no_table():
    samplers = Samplers()
    samplers.add(Dist("empirical", (), (2.0,)))
    samplers.add_gamma_unit(1.0)
    assert samplers.arrays()[0]["family"].tolist() == [CONSTANT, GAP]


def test_an_unknown_family():
    with pytest.raises(UsageError, match="no sampler for the family 'cauchy'; there are constant, uniform"):
        Samplers().add(Dist("cauchy", (1.0,)))


@pytest.mark.parametrize(
    ("dist", "name"),
    [
        (Dist("gamma", (math.nan, 1.0)), "a gamma with shape nan"),
        (Dist("gamma", (0.0, 1.0)), "a gamma with shape 0"),
        (Dist("beta", (-1.0, 1.0)), "a beta with alpha -1 and beta 1"),
    ],
)
def test_a_distribution_that_is_none(dist: Dist, name: str):
    with pytest.raises(UsageError, match=f"{name} cannot be drawn from"):
        Samplers().add(dist)


# ---------------------------------------------------------------- the same without the compiler
INTERPRETED = """\
import json, sys
from typing import NamedTuple
from sim.model.sample import Samplers, quantile

class Dist(NamedTuple):
    family: str
    params: tuple
    values: tuple

asked, u = json.load(sys.stdin)
samplers = Samplers()
rows = [samplers.add(Dist(*map(lambda x: tuple(x) if isinstance(x, list) else x, dist))) for dist in asked]
rows += [samplers.add_gamma_unit(1.0), samplers.add_gamma_unit(4.0)]
table = samplers.arrays()
print(json.dumps([[float(quantile(*table, row, v)).hex() for v in u] for row in rows]))
"""


def test_interpreted_and_compiled_code_agree_to_the_bit():
    u = np.concatenate([keyed(40, "interpreted"), ENDS])
    compiled = [engine(dist, u) for dist in ALL.values()] + [unit_gap(k, u) for k in (1.0, 4.0)]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", INTERPRETED],
        input=json.dumps([[*map(list, [*map(tuple, ALL.values())])], u.tolist()]),
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [[float(v).hex() for v in q] for q in compiled]
