"""Every limit of docs/verification.md, at small samples on both engines and (slow) at the samples of the page."""

from dataclasses import replace

import numpy as np
import pytest

from sim.engine import simulate
from sim.engine.program import lower
from sim.model.layout import CUSTOMER, DAY, LEFT
from sim.scenario import parse
from sim.verification.bench import Bench, Identity, Limit, Quantity, bound_for, judge, quantity
from sim.verification.invariants import growing, market
from sim.verification.limits import BOUND, LIMITS, chosen, run

NAMES = [f"{limit.section} {limit.name}" for limit in LIMITS]
BY_NAME = dict(zip(NAMES, LIMITS, strict=True))


def test_names_are_distinct():
    """Luck and rows are keyed by them."""
    assert len(BY_NAME) == len(LIMITS)
    for limit in LIMITS:
        assert len({q.name for q in limit.quantities}) == len(limit.quantities)


# ---------------------------------------------------------------- agreement
@pytest.mark.parametrize("name", NAMES)
def test_the_simulator_agrees_with_the_closed_form(name):
    """A fiftieth of the samples; the bound is that of the whole table."""
    for row in judge(BY_NAME[name], Bench("compiled", seed=3, share=0.02)):
        assert row.passes(BOUND), row


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_simulator_agrees_sharply(name):
    """All of the samples, other luck than the page's, and every mistake would be noticed."""
    for row in judge(BY_NAME[name], Bench("compiled", seed=2)):
        assert row.passes(BOUND), row
        assert row.sharp(BOUND), row


ONE_OF_EACH = (
    "A1 M/M/2, rho = 0.5",
    "A1 M/G/10/10, 8 come in a service",
    "A1 M/M/1, two classes (.3, .4)",
    "A2 sBG, Regular (0.704, 1.182)",
    "A3 BG/NBD at the parameters of CDNOW",
    "A4 absorbing chain",
    "A4 Markov-modulated leaving, by an emotion",
    "A5 leaving by shot noise (0.05, 0.05, 0.02, 0.0005), exponential jumps",
    "A6 Bass, 50 people, p = 0.03, q = 0.38",
    "A6 Polya's urn, 48 songs, weight 1, each choice adds 1",
    "A7 customers are conserved",
)


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_both_engines_observe_the_same(name):
    """Every single observation, to the bit; so what is said of one engine here is said of the other."""
    limit = BY_NAME[name]
    one, other = (limit.observe(Bench(engine, share=0.005)) for engine in ("compiled", "reference"))
    for q in limit.quantities:
        assert np.array_equal(one[q.name], other[q.name]), q.name


# ---------------------------------------------------------------- the verdict
def drawn(mean, n=400, seed=1):
    return np.random.default_rng(seed).normal(mean, 1.0, n)


def limit_of(x, *quantities):
    return Limit("A0", "made up", quantities, lambda bench: {q.name: x for q in quantities})


def test_a_wrong_exact_value_is_noticed():
    """The same observations against the mistake in the place of the exact value."""
    limit = BY_NAME["A2 geometric value, 100 a year, r = .8, d = .1"]
    bench = Bench("compiled", share=0.05)
    swapped = replace(
        limit, quantities=tuple(replace(q, exact=q.wrong, wrong=q.exact) for q in limit.quantities)
    )
    assert all(row.passes(BOUND) for row in judge(limit, bench))
    assert not any(row.passes(BOUND) for row in judge(swapped, bench))


def test_z_is_the_distance_in_standard_errors():
    x = drawn(3.0, 5_000)
    (row,) = judge(limit_of(x, quantity("mean", 3.0)), Bench("compiled"))
    assert row.error == pytest.approx(x.std(ddof=1) / np.sqrt(5_000))
    assert row.z == pytest.approx((x.mean() - 3.0) / row.error)
    assert row.power == pytest.approx(0.15 / row.error)


def test_few_observations_count_for_less():
    """Student's t: 3 standard errors of 4 observations are not 3 standard normal deviations."""
    x = np.array([-1.0, 0.0, 1.0, 2.0])
    error = x.std(ddof=1) / 2.0
    (row,) = judge(limit_of(x, quantity("mean", 0.5 - 3.0 * error, 1e6)), Bench("compiled"))
    assert 1.8 < row.z < 2.0  # P(|t_3| > 3) = .058


def test_the_standard_error_of_a_share_is_that_of_its_exact_value():
    x = np.zeros(10_000, bool)
    (row,) = judge(limit_of(x, quantity("share", 1e-4)), Bench("compiled"))
    assert row.z == pytest.approx(-1.0, abs=1e-4)


def test_identities_have_no_error():
    found = judge(limit_of(np.array([1.0]), Identity("one", 1.0), Identity("two", 2.0)), Bench("compiled"))
    assert [row.passes(BOUND) for row in found] == [True, False]


def test_the_bound_grows_with_the_table():
    assert bound_for((limit_of(np.zeros(2), quantity("a", 1.0)),)) == pytest.approx(2.5758, abs=1e-4)
    count = sum(isinstance(q, Quantity) for limit in LIMITS for q in limit.quantities)
    assert count > 150
    assert 3.9 < BOUND < 4.2


def test_limits_run_side_by_side_and_stay_in_order():
    limits = chosen("A5")[-3:]
    seen = []
    together = run(limits, Bench("compiled", share=0.01), workers=2, progress=seen.append)
    assert together == run(limits, Bench("compiled", share=0.01))
    assert seen == [1 / 3, 2 / 3, 1.0]


# ---------------------------------------------------------------- the market of A7 puts everything under pressure
def test_the_market_is_busy():
    rows = []
    outcome = simulate(lower(parse(market(200))), seed=1, log=rows.append)
    assert sum(map(len, rows)) > 4_000
    staff = outcome.staff[0]
    assert (
        min(
            staff["gave_up"],
            outcome.daily[..., DAY["sold_out"]].sum(),
            outcome.daily[..., DAY["gifts"]].sum(),
        )
        > 50
    )
    assert (outcome.people["status"] == LEFT).sum() > 5


def test_the_growing_market_grows():
    outcome = simulate(lower(parse(growing(200))), seed=1)
    daily = outcome.daily.sum(axis=(0, 1))
    assert daily[DAY["entered"]] > 60
    assert daily[DAY["left"]] > 5
    assert (outcome.people["status"] == CUSTOMER).sum() > 200
