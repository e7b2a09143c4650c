"""What customers buy and are worth: facts 12, 16, 24 and 26."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from sim import scenarios_folder
from sim.facts.fact import Check, Fact, Found, Line, Picture, beyond, jackknife
from sim.facts.lab import BLOCKS, Lab, Sample

YEAR, WEEK = 365.0, 7.0

# ---------------------------------------------------------------- 12: double jeopardy
BUYING, SHAPE = 1.456, 0.77882  # purchases of the category in a quarter, and the gamma shape of their rates
LOYALTY = 1.55  # S of the Dirichlet: how much people differ in what they like, the same for all brands
SHARES = (0.25, 0.19, 0.10, 0.09, 0.08, 0.03, 0.02)
EDGES = np.array(
    [0, 0.4, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.96, 0.98, 0.99, 0.995, 1]
)  # of the groups' shares
QUARTER = 91.25


def double_jeopardy(lab: Lab) -> Found:
    """Brands that differ in their share alone: how many buy each in a quarter, and how often these buy."""
    buyers, orders = np.zeros((BLOCKS, len(SHARES))), np.zeros((BLOCKS, len(SHARES)))
    for k, share in enumerate(SHARES):
        rates = {
            f"segments.taste_{j + 1}.needs.gamma.rate": f"{SHAPE * QUARTER / (BUYING * taste)} d"
            for j, taste in enumerate(tastes(share))
        }
        sample = lab.run("double_jeopardy", rates | {"population.size": lab.size(60_000)})
        count = sample.people["n_order"]
        buyers[:, k], orders[:, k] = sample.blocks(count > 0), sample.blocks(count)
    people = len(sample.people) / BLOCKS
    slope, error = jackknife(
        np.hstack([buyers, orders]), lambda s: _slope(s[: len(SHARES)], s[len(SHARES) :])
    )
    penetration = buyers.mean(axis=0) / people
    frequency = orders.mean(axis=0) / buyers.mean(axis=0)
    theory = [dirichlet(share) for share in SHARES]
    away = max(
        max(abs(b / p - 1.0), abs(w / f - 1.0))
        for b, w, (p, f) in zip(penetration, frequency, theory, strict=True)
    )
    return Found(
        slope,
        error,
        (
            Check("larger brands are bought more often by their buyers", beyond(slope, error, 0.0)),
            Check(
                "within a tenth of the NBD-Dirichlet everywhere", away < 0.1, f"largest deviation {away:.1%}"
            ),
        ),
        {"slope of the NBD-Dirichlet": _slope(*(np.array(column) for column in _bought(theory)))},
        Picture(
            "share of people who buy the brand in a quarter",
            "purchases of each buyer",
            (
                Line("simulated", tuple(penetration), tuple(frequency)),
                Line("NBD-Dirichlet", *(tuple(column) for column in zip(*theory, strict=True))),
            ),
        ),
    )


def _bought(theory: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [b for b, _ in theory], [b * w for b, w in theory]


def _slope(buyers: np.ndarray, orders: np.ndarray) -> float:
    """Slope of log purchases per buyer over log penetration."""
    return float(np.polyfit(np.log(buyers), np.log(orders / buyers), 1)[0])


def tastes(share: float) -> np.ndarray:
    """Mean probability to choose the brand in each group: a beta distribution over people, cut at EDGES."""
    a, b = LOYALTY * share, LOYALTY * (1.0 - share)
    below = stats.beta.cdf(stats.beta.ppf(EDGES, a, b), a + 1.0, b)
    return np.maximum(share * np.diff(below) / np.diff(EDGES), 1e-9)


def dirichlet(share: float) -> tuple[float, float]:
    """Penetration, and purchases of each buyer, in the NBD-Dirichlet (Goodhardt, Ehrenberg & Chatfield 1984)."""
    u = (np.arange(200_000) + 0.5) / 200_000
    taste = stats.beta.ppf(u, LOYALTY * share, LOYALTY * (1.0 - share))
    bought = 1.0 - float(np.mean((1.0 + BUYING * taste / SHAPE) ** -SHAPE))
    return bought, BUYING * share / bought


# ---------------------------------------------------------------- 16: connected customers
READ, END = 180.0, 910.0  # days: feelings are read, money is counted until


def connected(lab: Lab) -> Found:
    """What the satisfied are worth in the two years after a half year, and those among them who are most attached."""
    size = {"population.size": lab.size(25_000)}
    then = lab.run("connected", size | {"horizon": f"{READ} d"})
    later = lab.run("connected", size, log=True)
    there = np.isinf(then.people["t_left"])
    satisfied = there & (then.people["satisfaction"] > np.median(then.people["satisfaction"][there]))
    bond = then.people["affective"]
    attached = satisfied & (bond > np.quantile(bond[there], 0.8))
    worth = later.worth(READ, 0.1)
    columns = []
    for group in (attached, satisfied, there):
        columns += [then.blocks(worth * group), then.blocks(group)]
    blocks = np.column_stack(columns)
    ratio, error = jackknife(blocks, lambda s: (s[0] / s[1]) / (s[2] / s[3]))
    calm, _ = jackknife(blocks, lambda s: (s[2] / s[3]) / (s[4] / s[5]))
    fifths = np.quantile(bond[there], np.linspace(0, 1, 6))
    group = np.clip(np.searchsorted(fifths, bond, side="right") - 1, 0, 4)
    values = tuple(float(worth[satisfied & (group == k)].mean()) for k in range(5))
    return Found(
        ratio,
        error,
        (Check("attachment adds something to satisfaction", beyond(ratio, error, 1.0)),),
        {
            "satisfied over everybody": calm,
            "share of the satisfied who are attached": attached.sum() / satisfied.sum(),
        },
        Picture(
            "satisfied customers: fifth of everybody by affective commitment (5: most attached)",
            "spent in the next two years, discounted",
            (Line("worth", (1.0, 2.0, 3.0, 4.0, 5.0), values),),
        ),
    )


# ---------------------------------------------------------------- 24: leverage of retention
RETENTION, DISCOUNT, STEP = 0.896, 0.12, 0.01


def leverage(lab: Lab) -> Found:
    """By how many per cent customer value changes with one per cent of retention, margin, cost of acquisition."""
    size = {"population.size": lab.size(40_000)}
    arms = [
        {"customers.leaves": f"{100 * (1 - RETENTION * (1 + s))} % per renewal"} for s in (-STEP, STEP, 0.0)
    ]
    worth = [
        arm.blocks(arm.worth(0.0, DISCOUNT)) for arm in lab.arms("retention_leverage", arms, size, log=True)
    ]
    blocks = np.column_stack(worth)
    span = math.log((1 + STEP) / (1 - STEP))
    value, error = jackknife(blocks, lambda s: math.log(s[1] / s[0]) / span)
    dear, cheap = (
        arm.blocks(arm.worth(0.0, DISCOUNT))
        for arm in lab.arms(
            "retention_leverage", [{"contract.price": 100 * (1 + s)} for s in (STEP, -STEP)], size, log=True
        )
    )
    margin = math.log(dear.sum() / cheap.sum()) / span
    net = worth[2].sum() / size["population.size"] - COST
    acquisition = COST / net
    exact = (1 + DISCOUNT) / (1 + DISCOUNT - RETENTION)
    rates = np.linspace(0.5, 0.95, 19)
    return Found(
        value,
        error,
        (
            Check("as in closed form", abs(value - exact) < 3.0 * error + 0.01, f"{exact:.2f}"),
            Check(
                "retention weighs more than margin, margin more than acquisition",
                value > 2.0 * margin and margin > 2.0 * acquisition,
                f"{value:.2f}, {margin:.2f}, {acquisition:.2f}",
            ),
        ),
        {"elasticity to margin": margin, "elasticity to the cost of acquisition": acquisition},
        Picture(
            "retention in a year",
            "per cent of value for one per cent of retention",
            (
                Line("closed form", tuple(rates), tuple((1 + DISCOUNT) / (1 + DISCOUNT - rates))),
                Line("simulated", (RETENTION,), (value,)),
            ),
        ),
    )


COST = 30.0  # of winning one customer, in the scenario


# ---------------------------------------------------------------- 26: concentration of orders
SEEN = (
    0.137,
    0.358,
    0.584,
    0.590,
    0.790,
    0.684,
    0.655,
    0.875,
)  # active in weeks 40-78 by repeat orders before
REPLICATIONS = 10
BG_NBD = {  # instead of Pareto/NBD: a coin of one's own after each repeat order; Fader, Hardie & Lee 2005
    "enters.on_days.first_need": "later",  # the first order is the entry itself, and unseen
    "customers.needs.gamma": {"shape": 0.243, "rate": "4.414 weeks"},
    "customers.leaves": {"gamma": None, "beta": {"alpha": 0.793, "beta": 2.426}, "per": "visit"},
    "customers.reconsiders": "after a visit",
}


def concentration(lab: Lab) -> Found:
    """Shares of the repeat orders that the most frequent buyers make in 78 weeks; who is still active by then."""
    path = scenarios_folder() / "cdnow" / "pareto_nbd.yaml"
    samples = [lab.run(path, BG_NBD, replication=k, log=k == 1) for k in range(1, REPLICATIONS + 1)]
    repeats = [sample.people["n_order"].astype(int) for sample in samples]
    tops = np.array([[top(counts, share) for share in (0.2, 0.1)] for counts in repeats])
    (fifth, tenth), errors = tops.mean(axis=0), tops.std(axis=0, ddof=1) / math.sqrt(len(tops))
    other = np.maximum(0, lab.run(path).people["n_order"].astype(int) - 1)
    active = still_active(samples[0])
    curve = tuple(np.linspace(0.02, 1.0, 50))
    return Found(
        float(fifth),
        float(errors[0]),
        (Check("the top tenth make 53 to 59 %", 0.53 <= tenth <= 0.59, f"{tenth:.3f} ± {errors[1]:.3f}"),),
        {
            "top 20 % under Pareto/NBD": float(top(other, 0.2)),
            "mean distance of the share still active, by orders so far": float(
                np.mean(np.abs(active - np.array(SEEN)))
            ),
        },
        Picture(
            "share of customers, the most frequent buyers first",
            "share of the repeat orders",
            (
                Line("simulated", curve, tuple(float(top(repeats[0], share)) for share in curve)),
                Line("CDNOW", (0.1, 0.2), (0.56, 0.77)),
            ),
        ),
    )


def top(counts: np.ndarray, share: float) -> float:
    """The share of all that the largest hold."""
    ordered = np.sort(counts)[::-1]
    return float(ordered[: round(share * len(ordered))].sum() / ordered.sum())


def still_active(sample: Sample) -> np.ndarray:
    """The share who order in weeks 40 to 78, by repeat orders in weeks 1 to 39 (the last: seven or more)."""
    who = sample.touches["customer"] - sample.people["id"][0]
    late = sample.touches["t"] > 39 * WEEK
    n = len(sample.people)
    before = np.minimum(7, np.bincount(who[~late], minlength=n))
    after = np.bincount(who[late], minlength=n) > 0
    return np.bincount(before, weights=after, minlength=8) / np.bincount(before, minlength=8)


BUYING_FACTS = (
    Fact(
        12,
        "double jeopardy",
        "Small brands have fewer buyers, who also buy a little less often; seven brands of toothpaste follow the "
        "NBD-Dirichlet, in which the logarithm of purchases per buyer rises by 0.06 for each unit of that of "
        "penetration.",
        "Goodhardt, Ehrenberg & Chatfield 1984",
        "C",
        "slope of log purchases per buyer over log penetration, across brands",
        0.02,
        0.10,
        double_jeopardy,
    ),
    Fact(
        16,
        "attachment beyond satisfaction",
        "Customers who are emotionally connected are worth 52 % more than the highly satisfied (nine "
        "categories; 23 to 100 % more spent, by category). Commercial data, and correlation only.",
        "Magids, Zorfas & Leemon 2015",
        "S2",
        "worth of the satisfied among the most attached fifth, over worth of the satisfied",
        1.2,
        2.0,
        connected,
        staged="how strong the feelings of a visit are, and how people differ",
    ),
    Fact(
        24,
        "leverage of retention",
        "One per cent more retention adds 5 % to the value of a firm, one per cent of margin 1 %, of "
        "acquisition cost 0.1 %.",
        "Gupta, Lehmann & Stuart 2004",
        "S",
        "elasticity of customer value to retention, at 89.6 % a year and a discount of 12 %",
        4.5,
        5.5,
        leverage,
        switches=("psychology.on",),
    ),
    Fact(
        26,
        "few make most orders",
        "The top 20 % of the customers of CDNOW make 77 % of the repeat orders of 78 weeks, the top 10 % make "
        "56 %.",
        "CDNOW; parameters of Fader, Hardie & Lee 2005",
        "C",
        "share of the repeat orders that the top 20 % make, under BG/NBD at the published parameters",
        0.74,
        0.80,
        concentration,
        switches=("psychology.on",),
    ),
)
