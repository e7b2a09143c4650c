"""Sobol' indices of simulated sweeps beside those of the formula that the simulated KPI has.

Shifted beta-geometric contracts (Fader & Hardie 2007): who is left after t renewals is B(alpha, beta + t) / B(alpha,
beta). Its Sobol' indices over ranges of alpha and beta are integrals, taken by Gauss-Legendre quadrature.
"""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import sim
from sim.verification.exact import sbg_survival

SCENARIO = """\
name: Contract
horizon: 4.5 y
psychology: off
population: {size: 2000}
contract: {renews: 1 y, first: at entry, price: 100}
customers:
  leaves: {beta: {alpha: 1, beta: 2}, per: renewal}
touchpoints:
  payment: {sells: {price: contract}}
journeys:
  bill:
    starts_on: {renewal: {becomes: payment}}
    steps: {payment: {next: end}}
"""
DESIGN = """\
design:
  scenario: contract.yaml
  method: saltelli
  kpis: [retention]
  parameters:
    customers.leaves.beta.alpha: 0.4 .. 1.6
    customers.leaves.beta.beta: 1 .. 5
    contract.price: 50 .. 150
"""
ALPHA, BETA, RENEWALS = (0.4, 1.6), (1.0, 5.0), 4


def exact_indices() -> tuple[np.ndarray, np.ndarray]:
    """First order and total indices of alpha, beta and the price, which does nothing."""
    nodes, weights = np.polynomial.legendre.leggauss(40)
    weights = weights / 2.0
    alpha, beta = (np.mean(ends) + np.ptp(ends) / 2.0 * nodes for ends in (ALPHA, BETA))
    level = np.array([[sbg_survival(a, b, RENEWALS) for b in beta] for a in alpha])
    mean = weights @ level @ weights
    whole = weights @ (level - mean) ** 2 @ weights
    by_alpha, by_beta = level @ weights, weights @ level
    first = np.array([weights @ (by_alpha - mean) ** 2, weights @ (by_beta - mean) ** 2, 0.0]) / whole
    return first, np.array([1.0 - first[1], 1.0 - first[0], 0.0])


def swept(folder, **settings):
    (folder / "contract.yaml").write_text(SCENARIO)
    extra = "".join(f"  {key}: {value}\n" for key, value in settings.items())
    (folder / "design.yaml").write_text(DESIGN + extra)
    return sim.sensitivity(sim.sweep(folder / "design.yaml", out=folder / "sweep", workers=2))


def test_the_formula_has_the_indices_of_a_brute_force_sample():
    random = np.random.default_rng(1)
    alpha, beta, other = (random.uniform(*ends, 20_000) for ends in (ALPHA, BETA, BETA))
    level, moved = (
        np.array([sbg_survival(a, b, RENEWALS) for a, b in zip(alpha, column, strict=True)])
        for column in (beta, other)
    )
    total = ((level - moved) ** 2).mean() / 2 / level.var()  # Jansen's estimator, beta moved alone
    assert total == pytest.approx(exact_indices()[1][1], rel=0.05)


@pytest.mark.slow
def test_simulated_indices_agree_with_the_formula(tmp_path):
    """Each of six indices within its interval, widened so that all six hold at once with 95 % (Bonferroni)."""
    done = swept(tmp_path, samples=128, replications=2)
    frame = done.indices.set_index("parameter").loc[
        ["customers.leaves.beta.alpha", "customers.leaves.beta.beta", "contract.price"]
    ]
    widened = norm.ppf(1.0 - 0.05 / 12) / norm.ppf(0.975)
    for name, truth in zip(("S1", "ST"), exact_indices(), strict=True):
        half = widened * (frame[f"{name}_high"] - frame[f"{name}_low"]) / 2.0
        told = {"index": frame[name], "half": half / widened, "exact": truth}
        print(name, pd.DataFrame(told).round(3))  # noqa: T201
        assert (np.abs(frame[name] - truth) <= half + 1e-12).all(), (name, frame[name], truth)
    assert done.noise["share_of_noise"].iloc[0] < 0.01


@pytest.mark.slow
def test_noise_is_taken_out_of_simulated_indices(tmp_path):
    """Twenty customers with luck of their own at every point: an idle parameter's total index is the share of noise."""
    done = swept(tmp_path, samples=256, replications=3, size=20, random_numbers="independent")
    frame = done.indices.set_index("parameter")
    share = float(done.noise["share_of_noise"].iloc[0])
    price = frame.loc["contract.price"]
    _, total = exact_indices()
    print("noise", share, "idle", price["ST"], price["ST_no_noise"])  # noqa: T201
    assert share > 0.05 and abs(price["ST"] - share) < 4 * (price["ST_high"] - price["ST"]) / 1.96
    assert abs(price["ST_no_noise"]) < 4 * (price["ST_high"] - price["ST"]) / 1.96
    for path, truth in zip(
        ("customers.leaves.beta.alpha", "customers.leaves.beta.beta"), total, strict=False
    ):
        row = frame.loc[path]
        assert abs(row["ST_no_noise"] - truth) < 4 * (row["ST_high"] - row["ST"]) / 1.96 / (1 - share)
