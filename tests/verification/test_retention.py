"""Retention against closed forms: sBG, Pareto/NBD, and emotion as shot noise that drives churn."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, special

from sim.model.layout import DAY, LEFT

SCENARIOS = Path(__file__).parents[2] / "scenarios"
HIGH_END, REGULAR = (0.668, 3.806), (0.704, 1.182)  # Fader & Hardie 2007


# ---------------------------------------------------------------- sBG
def contract(alpha, beta, size, years):
    """Yearly renewals; everybody is new on day 0 and leaves with a probability of his own."""
    return {
        "name": "sBG",
        "horizon": f"{years + 0.5} y",
        "psychology": "off",
        "population": {"size": size},
        "contract": {"renews": "1 y", "first": "at entry"},
        "customers": {"leaves": {"beta": {"alpha": alpha, "beta": beta}, "per": "renewal"}},
        "touchpoints": {"payment": {}},
        "journeys": {
            "bill": {"starts_on": {"renewal": {"becomes": "payment"}}, "steps": {"payment": {"next": "end"}}}
        },
    }


def sbg(alpha, beta, t):
    """S(t) = B(alpha, beta + t) / B(alpha, beta)."""
    return math.exp(special.betaln(alpha, beta + t) - special.betaln(alpha, beta))


@pytest.mark.parametrize(("alpha", "beta"), [HIGH_END, REGULAR])
def test_contracts_survive_as_sbg_says(outcomes, alpha, beta):
    """Survival of 20,000 customers at years 1 to 12 (5 standard errors of a share: 12 dependent looks, 2 cases)."""
    n = 20_000
    (outcome,) = outcomes(contract(alpha, beta, n, 12))
    for t in range(1, 13):
        s = sbg(alpha, beta, t)
        alive = np.mean(outcome.people.t_left > t * 365.0 + 1.0)
        assert abs(alive - s) < 4 * math.sqrt(s * (1 - s) / n), t


def test_retention_rises_though_nobody_changes(outcomes):
    """The ruse of heterogeneity: constant individual churn, yet r_t = (beta + t - 1) / (alpha + beta + t - 1)."""
    alpha, beta = HIGH_END
    n = 20_000
    (outcome,) = outcomes(contract(alpha, beta, n, 6), seed=2)
    alive = [np.sum(outcome.people.t_left > t * 365.0 + 1.0) for t in range(7)]
    for t in range(1, 7):
        r = (beta + t - 1) / (alpha + beta + t - 1)
        assert abs(alive[t] / alive[t - 1] - r) < 4 * math.sqrt(r * (1 - r) / alive[t - 1]), t


# ---------------------------------------------------------------- Pareto/NBD
R, ALPHA, S, BETA = 0.553, 10.578, 0.606, 11.669  # per week, Fader, Hardie & Lee 2005


def pareto_nbd(t):
    """E[X(t)]: expected repeat orders t weeks after the first."""
    return R * BETA / (ALPHA * (S - 1)) * (1 - (BETA / (BETA + t)) ** (S - 1)) if t > 0 else 0.0


def alive_share(t):
    """P(alive) t weeks after the first order."""
    return (BETA / (BETA + t)) ** S


def noncontractual(size, weeks):
    return {
        "name": "Pareto/NBD",
        "horizon": f"{weeks} weeks",
        "psychology": "off",
        "population": {"size": size},
        "customers": {
            "needs": {"gamma": {"shape": R, "rate": f"{ALPHA} weeks"}},
            "leaves": {"gamma": {"shape": S, "rate": f"{BETA} weeks"}},
            "spends": 1,
        },
        "touchpoints": {"order": {"stage": "purchase", "sells": {"price": "own_spend"}}},
        "journeys": {
            "buy": {"starts_on": {"need": {"becomes": "order"}}, "steps": {"order": {"next": "end"}}}
        },
    }


def test_orders_and_survival_are_those_of_pareto_nbd(outcomes):
    """12,000 customers: mean orders within 4 standard errors (from the spread between customers), shares binomial."""
    n = 12_000
    (outcome,) = outcomes(noncontractual(n, 78))
    orders = outcome.people.n_order
    assert abs(orders.mean() - pareto_nbd(78)) < 4 * orders.std() / math.sqrt(n)
    for weeks in (13, 39, 52, 78):
        p = alive_share(weeks)
        alive = np.mean(outcome.people.t_left >= weeks * 7.0)
        assert abs(alive - p) < 4 * math.sqrt(p * (1 - p) / n), weeks
        bought = outcome.daily[: weeks * 7, :, DAY["orders"]].sum() / n
        assert abs(bought - pareto_nbd(weeks)) < 4 * orders.std() / math.sqrt(n), weeks


def entry_days():
    with open(SCENARIOS / "cdnow" / "entry_days.csv", encoding="utf-8") as file:
        return [float(row["entry_day"]) for row in csv.DictReader(file)]


@pytest.mark.slow
def test_cdnow_orders_are_the_closed_form_over_its_entry_days():
    """Both halves of the real calendar, 40 replications, within 3.5 standard errors and within 1 %."""
    import sim

    run = sim.run(SCENARIOS / "cdnow" / "pareto_nbd.yaml", replications=40, log=False, workers=2)
    days = entry_days()
    first = sum(pareto_nbd(39 - d / 7) for d in days)
    second = sum(pareto_nbd(78 - d / 7) for d in days) - first
    assert (round(first), round(second)) == (25325, 17422)
    for name, exact in (("repeat_orders_w1_39", first), ("repeat_orders_w40_78", second)):
        values = run.replications[name]
        assert abs(values.mean() - exact) < 3.5 * values.std() / math.sqrt(40)
        assert abs(values.mean() / exact - 1) < 0.01


# ---------------------------------------------------------------- shot noise
def shot_noise(rate, kappa, c, size, horizon, jump, reconsiders):
    """Stress jumps at every touch, fades at kappa, and adds c times itself to the leaving hazard."""
    off = dict.fromkeys(("affective", "normative", "economic", "forced", "habitual", "satisfaction"), 0)
    calm = dict.fromkeys(("joy", "trust_feeling", "belonging", "gratitude", "surprise", "anxiety"))
    return {
        "name": "shot noise",
        "horizon": f"{horizon} d",
        "warm_up": 0,
        "population": {"size": size},
        "customers": {
            "needs": {"mean": f"{rate} per d"},
            "leaves": "0 per d",
            "reconsiders": f"{reconsiders} per d",
        },
        "touchpoints": {"call": {"feels": {"stress": jump}}},
        "journeys": {
            "ring": {"starts_on": {"need": {"becomes": "call"}}, "steps": {"call": {"next": "end"}}}
        },
        "psychology": {
            "link": "linear",
            "effect_on": {"leaving": 1, "buying": 0},
            "emotions": calm
            | {"frustration": None, "resentment": None}
            | {
                "stress": {
                    "half_life": f"{math.log(2) / kappa} d",
                    "feels": "bad",
                    "range": "unbounded",
                    "on_leaving": -c,
                }
            },
            "weigh_leaving": off,
            "weigh_buying": off,
        },
    }


def survival(rate, kappa, c, t, jump):
    """S(T) = exp(-rate int_0^T [1 - phi(c (1 - e^(-kappa u)) / kappa)] du), phi the jumps' Laplace transform."""
    phi = {"constant": lambda s: math.exp(-s), "exponential": lambda s: 1 / (1 + s)}[jump]
    loss, _ = integrate.quad(lambda u: 1 - phi(c * -math.expm1(-kappa * u) / kappa), 0, t)
    return math.exp(-rate * loss)


JUMPS = {"constant": 1.0, "exponential": {"exponential": {"mean": 1}}}
ROWS = [(0.05, 0.05, 0.02, 0.2, (30, 90, 180)), (0.02, 0.02, 0.05, 0.6, (30, 90, 180))]


@pytest.mark.parametrize("jump", ["constant", "exponential"])
@pytest.mark.parametrize(("rate", "kappa", "c", "reconsiders", "times"), ROWS)
def test_churn_driven_by_shot_noise_has_its_closed_form(outcomes, rate, kappa, c, reconsiders, times, jump):
    """8,000 customers, 3.8 standard errors (12 looks): a mean-field emotion misses by 5 to 60 of them."""
    n = 8_000
    data = shot_noise(rate, kappa, c, n, max(times) + 1, JUMPS[jump], reconsiders)
    (outcome,) = outcomes(data)
    assert outcome.hazard_lost < 0.002 * np.sum(outcome.people.status == LEFT)
    for t in times:
        s = survival(rate, kappa, c, t, jump)
        alive = np.mean(outcome.people.t_left > t)
        assert abs(alive - s) < 3.8 * math.sqrt(s * (1 - s) / n), (t, alive, s)
