"""The closed forms themselves, against published numbers and against integrals that say the same in another way.

Published: Fader & Hardie 2007 (sBG), Fader, Hardie & Lee 2005 (BG/NBD); the others were computed independently.
"""

import math

import numpy as np
import pytest
from scipy import integrate, linalg, special, stats

from sim.verification import exact

ERLANG_C = [  # rate, servers, P(wait), mean wait, P(wait > 1)
    (0.8, 1, 0.800000, 4.000000, 0.654985),
    (1.0, 2, 0.333333, 0.333333, 0.122626),
    (2.0, 3, 0.444444, 0.444444, 0.163502),
    (4.0, 5, 0.554113, 0.554113, 0.203847),
    (8.0, 10, 0.409180, 0.204590, 0.055377),
    (18.0, 20, 0.550769, 0.275385, 0.074538),
    (90.0, 100, 0.216940, 0.021694, 0.00001),
]


@pytest.mark.parametrize(("rate", "servers", "waits", "wait", "tail"), ERLANG_C)
def test_erlang_c(rate, servers, waits, wait, tail):
    assert exact.erlang_c(servers, rate) == pytest.approx(waits, abs=5e-7)
    assert exact.wait_mmc(servers, rate) == pytest.approx(wait, abs=5e-7)
    assert exact.wait_tail_mmc(servers, rate, 1.0) == pytest.approx(tail, abs=6e-7)


def test_erlang_b():
    assert exact.erlang_b(10, 8.0) == pytest.approx(0.121661, abs=5e-7)


def test_erlang_c_is_erlang_a_with_patience_without_end():
    patient = exact.erlang_a(5, 4.0, 1e-9)
    assert patient["wait"] == pytest.approx(exact.erlang_c(5, 4.0), rel=1e-6)
    assert patient["queue"] == pytest.approx(4.0 * exact.wait_mmc(5, 4.0), rel=1e-6)


@pytest.mark.parametrize(
    ("rate", "wait", "queue", "abandon"),
    [(8.0, 0.317434, 0.621142, 0.038821), (12.0, 0.850385, 4.695743, 0.195656)],
)
def test_erlang_a(rate, wait, queue, abandon):
    found = exact.erlang_a(10, rate, 0.5)
    assert found == pytest.approx({"wait": wait, "queue": queue, "abandon": abandon}, abs=6e-7)


def test_pollaczek_khinchine_is_erlang_c_for_exponential_service():
    assert exact.wait_mg1(0.8, 1.0, 1.0) == pytest.approx(exact.wait_mmc(1, 0.8))
    assert [exact.wait_mg1(0.8, 1.0, cv2) for cv2 in (0, 0.5, 2.25)] == pytest.approx([2.0, 3.0, 6.5])


def test_priorities_and_what_they_conserve():
    waits = exact.waits_priority((0.3, 0.4))
    assert waits == pytest.approx([1.0, 10 / 3])
    assert 0.3 * waits[0] + 0.4 * waits[1] == pytest.approx(exact.conserved_work((0.3, 0.4)))
    assert exact.conserved_work((0.7,)) == pytest.approx(0.7 * exact.wait_mmc(1, 0.7))


def test_a_stage_fills():
    assert exact.in_stage(5.0, lambda u: math.exp(-u / 30), 30.0) == pytest.approx(94.81808, abs=5e-6)
    assert exact.in_stage(5.0, lambda u: math.exp(-u / 30), 900.0) == pytest.approx(150.0, rel=1e-9)


HIGH_END = (0.8507, 0.7469, 0.6698, 0.6100, 0.5619, 0.5223, 0.4889, 0.4605, 0.4358, 0.4142, 0.3951, 0.3780)
REGULAR = (0.6267, 0.4738, 0.3880, 0.3321, 0.2924, 0.2625, 0.2391, 0.2201, 0.2044, 0.1912, 0.1799, 0.1701)


@pytest.mark.parametrize(
    ("alpha", "beta", "survival", "lifetime"),
    [(0.668, 3.806, HIGH_END, 5.922596), (0.704, 1.182, REGULAR, 3.695147)],
)
def test_sbg(alpha, beta, survival, lifetime):
    found = [exact.sbg_survival(alpha, beta, t) for t in range(1, 13)]
    assert found == pytest.approx(survival, abs=6e-5)
    for t in range(1, 13):
        rate = exact.sbg_survival(alpha, beta, t) / exact.sbg_survival(alpha, beta, t - 1)
        assert exact.sbg_retention(alpha, beta, t) == pytest.approx(rate)
    assert exact.sbg_discounted_lifetime(alpha, beta, 0.1) == pytest.approx(lifetime, abs=1e-6)
    assert exact.sbg_discounted_lifetime(alpha, beta, 0.1, 400) == pytest.approx(lifetime, abs=1e-6)


def test_geometric_value():
    assert exact.geometric_clv(100, 0.8, 0.1) == pytest.approx(266.667, abs=5e-4)
    assert exact.geometric_clv(100, 0.8, 0.1, 3) == pytest.approx(
        sum(100 * (0.8 / 1.1) ** t for t in (1, 2, 3))
    )
    step = 1e-6  # elasticity (1 + d) / (1 + d - r)
    more = exact.geometric_clv(100, 0.8 * (1 + step), 0.1) / exact.geometric_clv(100, 0.8, 0.1) - 1
    assert more / step == pytest.approx(1.1 / 0.3, rel=1e-4)


BG_NBD, PARETO_NBD = (0.243, 4.414, 0.793, 2.426), (0.553, 10.578, 0.606, 11.669)
WEEKS = (1, 13, 26, 39, 52, 78)


def test_bg_nbd():
    found = [exact.bg_nbd_mean(*BG_NBD, t) for t in WEEKS]
    assert found == pytest.approx((0.05327, 0.53444, 0.90264, 1.19672, 1.44605, 1.86052), abs=6e-6)
    counts = [exact.bg_nbd_pmf(*BG_NBD, 39, x) for x in range(400)]
    assert counts[:6] == pytest.approx((0.57379, 0.19940, 0.08543, 0.04586, 0.02767, 0.01797), abs=6e-6)
    assert np.dot(counts, range(400)) == pytest.approx(exact.bg_nbd_mean(*BG_NBD, 39), rel=1e-6)
    known = ([2, 0, 7], [30.43, 0, 29.43], 38.86)
    assert exact.bg_nbd_alive(*BG_NBD, *known) == pytest.approx([0.72658, 1, 0.64176], abs=6e-6)
    assert exact.bg_nbd_future(*BG_NBD, *known, 39) == pytest.approx([1.22603, 0.19510, 3.33705], abs=6e-6)


def test_pareto_nbd():
    found = [exact.pareto_nbd_mean(*PARETO_NBD, t) for t in WEEKS]
    assert found == pytest.approx((0.05098, 0.53117, 0.90857, 1.21300, 1.47300, 1.90940), abs=6e-6)
    alive = [exact.pareto_survival(*PARETO_NBD[2:], t) for t in (13, 39, 52, 78)]
    assert alive == pytest.approx((0.63530, 0.41072, 0.35764, 0.29062), abs=6e-6)
    assert exact.pareto_nbd_mean(*PARETO_NBD, -1.0) == 0.0


def pareto_alive_by_integral(r, alpha, s, beta, x, t_x, t):
    """Both ways to see x purchases, the last at t_x: still there at t, or left at u between."""

    def bought(u):
        return special.gamma(r + x) / special.gamma(r) * alpha**r / (alpha + u) ** (r + x)

    here = bought(t) * (beta / (beta + t)) ** s
    gone, _ = integrate.quad(lambda u: bought(u) * s * beta**s / (beta + u) ** (s + 1), t_x, t)
    return here / (here + gone)


@pytest.mark.parametrize("swapped", [False, True], ids=["alpha < beta", "alpha > beta"])
@pytest.mark.parametrize(("x", "t_x"), [(0, 0.0), (1, 5.0), (2, 30.43), (7, 29.43)])
def test_pareto_nbd_knows_who_is_alive(swapped, x, t_x):
    r, alpha, s, beta = PARETO_NBD
    parameters = (r, beta, s, alpha) if swapped else PARETO_NBD
    found = exact.pareto_nbd_alive(*parameters, x, t_x, 38.86)
    assert found == pytest.approx(pareto_alive_by_integral(*parameters, x, t_x, 38.86), rel=1e-9)


def test_what_pareto_nbd_expects_of_each_adds_up_to_what_it_expects_of_all():
    """E[X(52)] - E[X(39)] = E[expected later purchases], over customers drawn by hand; z = 4, n = 200,000."""
    r, alpha, s, beta = PARETO_NBD
    rng, n = np.random.default_rng(1), 200_000
    rate, life = rng.gamma(r, 1 / alpha, n), rng.exponential(1 / rng.gamma(s, 1 / beta, n))
    watched = np.minimum(life, 39.0)
    x = rng.poisson(rate * watched)
    t_x = np.where(x > 0, watched * rng.random(n) ** (1 / np.maximum(x, 1)), 0.0)  # the last of x uniforms
    later = exact.pareto_nbd_future(*PARETO_NBD, x, t_x, 39.0, 13.0)
    whole = exact.pareto_nbd_mean(*PARETO_NBD, 52) - exact.pareto_nbd_mean(*PARETO_NBD, 39)
    assert abs(later.mean() - whole) < 4 * later.std() / math.sqrt(n)


def test_nbd_is_the_negative_binomial():
    r, alpha = PARETO_NBD[:2]
    found = [exact.nbd_pmf(r, alpha, 39.0, x) for x in range(6)]
    assert found == pytest.approx(stats.nbinom.pmf(range(6), r, alpha / (alpha + 39.0)))


def test_absorbing_chain():
    from sim.verification.journeys import Q, R

    mean, variance = exact.chain_steps(Q)
    assert mean == pytest.approx([4.375, 5, 5, 5])
    assert variance == pytest.approx([18.671875, 20, 20, 20])
    assert exact.chain_absorption(Q, R)[:, 1] == pytest.approx(
        (0.260417, 0.416667, 0.564815, 0.657407), abs=6e-7
    )
    assert exact.chain_time(Q, np.ones(4)) == pytest.approx(mean)


SWITCH, HAZARDS = (0.05, 0.1), (0.001, 0.02)


def test_modulated_leaving():
    found = [exact.modulated_survival(SWITCH, HAZARDS, t) for t in (30, 90, 180, 365)]
    assert found == pytest.approx((0.812303, 0.539440, 0.291945, 0.082642), abs=6e-7)
    assert exact.modulated_life(SWITCH, HAZARDS) == pytest.approx(146.130952, abs=6e-7)
    area, _ = integrate.quad(lambda t: exact.modulated_survival(SWITCH, HAZARDS, t), 0, 365)
    assert exact.modulated_life(SWITCH, HAZARDS, 365.0) == pytest.approx(area, rel=1e-8)


def test_modulated_counts():
    mean, index = exact.modulated_counts(SWITCH, (1.0, 0.2), 10.0)
    assert (mean, index) == pytest.approx((7.333333, 2.246608), abs=6e-7)
    assert exact.modulated_counts(SWITCH, (1.0, 0.2), 100.0)[1] == pytest.approx(3.413468, abs=6e-7)
    assert exact.modulated_counts(SWITCH, (1.0, 0.2), 1e9)[1] == pytest.approx(3.585859, abs=6e-7)


def test_modulated_counts_by_moments_of_the_rate():
    """Var = mean + 2 int_0^t (t - u) cov(u) du, with the covariance of the rate from the matrix exponential."""
    q = np.array([[-SWITCH[0], SWITCH[0]], [SWITCH[1], -SWITCH[1]]])
    pi, rates = exact.stationary(SWITCH), np.array([1.0, 0.2])

    def covariance(u):
        return float((pi * rates) @ linalg.expm(q * u) @ rates - (pi @ rates) ** 2)

    spread, _ = integrate.quad(lambda u: 2 * (10.0 - u) * covariance(u), 0, 10.0)
    mean, index = exact.modulated_counts(SWITCH, rates, 10.0)
    assert index == pytest.approx(1 + spread / mean)


SHOT_NOISE = [  # rate, kappa, c, h0, t, constant, exponential, mean field
    (0.2, 0.1, 0.002, 0.001, 90, 0.665628, 0.667566, 0.663647),
    (0.2, 0.1, 0.002, 0.001, 365, 0.170147, 0.172468, 0.167797),
    (0.05, 0.05, 0.02, 0.0005, 30, 0.760945, 0.778577, 0.737675),
    (0.05, 0.05, 0.02, 0.0005, 90, 0.291118, 0.335327, 0.234701),
    (0.05, 0.05, 0.02, 0.0005, 180, 0.063315, 0.088822, 0.037252),
    (0.05, 0.05, 0.02, 0.0005, 365, 0.002735, 0.005762, 0.000840),
    (0.02, 0.02, 0.05, 0.0, 30, 0.771382, 0.808311, 0.689334),
    (0.02, 0.02, 0.05, 0.0, 90, 0.291719, 0.381486, 0.089524),
    (0.02, 0.02, 0.05, 0.0, 180, 0.057721, 0.108704, 0.001404),
]


@pytest.mark.parametrize("row", SHOT_NOISE, ids=lambda row: f"{row[0]}, day {row[4]}")
def test_leaving_by_shot_noise(row):
    *parameters, constant, exponential, averaged = row
    assert exact.shot_noise_survival(*parameters, "constant") == pytest.approx(constant, abs=6e-7)
    assert exact.shot_noise_survival(*parameters, "exponential") == pytest.approx(exponential, abs=6e-7)
    assert exact.mean_field_survival(*parameters) == pytest.approx(averaged, abs=6e-7)


def test_campbell():
    assert exact.shot_noise(0.2, 0.1, (1.0, 2.0), 1e6) == pytest.approx((2.0, 2.0))
    assert exact.shot_noise(0.2, 0.1, (1.0, 1.0), 1e6) == pytest.approx((2.0, 1.0))


def test_adstock():
    assert exact.carried_over(0.9) == pytest.approx(10.0)
    assert exact.carried_over(0.9, 3) == pytest.approx(1 + 0.9 + 0.81)
    assert math.log(2) / -math.log(0.9) == pytest.approx(6.5788, abs=5e-5)


# ---------------------------------------------------------------- one's choice moves the next one's
@pytest.mark.parametrize(
    ("people", "t", "mean", "sd"),
    [
        (50, 5, 0.31649, 0.1296),
        (50, 10, 0.77649, 0.1221),
        (200, 5, 0.32730, 0.0675),
        (200, 10, 0.80396, 0.0553),
        (1000, 5, 0.33041, 0.0306),
        (1000, 10, 0.81105, 0.0239),
    ],
)
def test_bass_in_a_finite_market(people, t, mean, sd):
    found, variance = exact.bass(people, 0.03, 0.38, t)
    assert found == pytest.approx(mean, abs=6e-6)
    assert math.sqrt(variance) == pytest.approx(sd, abs=6e-5)


def test_a_large_market_is_that_of_the_differential_equation():
    assert exact.bass(4_000, 0.03, 0.38, 7.0)[0] == pytest.approx(
        exact.bass_mean_field(0.03, 0.38, 7.0), rel=2e-3
    )
    assert exact.bass_in_steps(3e-5, 3.8e-4, 7_000) == pytest.approx(
        exact.bass_mean_field(0.03, 0.38, 7.0), rel=2e-3
    )


def test_polyas_urn_tends_to_dirichlet():
    """Shares Dirichlet(1, ..., 1): variance (k - 1) / (k^2 (k + 1)), mean Gini (k - 1) / 2 k."""
    assert math.sqrt(exact.urn_variance(48, 1.0, 10**6)) == pytest.approx(0.020404, abs=2e-6)
    assert exact.urn_gini(6, 1.0, 3_000) == pytest.approx(5 / 12, rel=2e-3)


def test_polyas_urn_by_hand():
    """Two kinds, two draws: 0, 1 or 2 of the first kind, each with 1/3; without feedback 1/4, 1/2, 1/4."""
    assert exact.urn_variance(2, 1.0, 2) == pytest.approx(1 / 6)
    assert exact.urn_variance(2, 1.0, 2, batch=2) == pytest.approx(1 / 8)
    assert exact.urn_gini(3, 1.0, 1) == pytest.approx(2 / 3)  # all in one of three
