"""A2 and A3: contracts and repeat buying with the psychology off. Heterogeneity alone must do what it does."""

import math
from functools import partial
from typing import Any

import numpy as np

from sim.verification import exact
from sim.verification.bench import Bench, Limit, Observations, Quantity, Sample, quantity

# Fader & Hardie 2007; Fader, Hardie & Lee 2005 (per week)
DATA = {"High End": (0.668, 3.806), "Regular": (0.704, 1.182)}
BG_NBD = (0.243, 4.414, 0.793, 2.426)
PARETO_NBD = (0.553, 10.578, 0.606, 11.669)
DISCOUNT = 0.1
YEAR, WEEK = 365.0, 7.0


# ---------------------------------------------------------------- A2: contracts
def contract(leaves: Any, customers: int, years: int) -> dict[str, Any]:
    """Yearly renewals at 100; everybody is new on day 0 and pays first after a year."""
    return {
        "name": "contract",
        "horizon": f"{years + 0.5} y",
        "psychology": "off",
        "population": {"size": customers},
        "contract": {"renews": "1 y", "first": "at entry", "price": 100},
        "customers": {"leaves": leaves},
        "touchpoints": {"payment": {"sells": {"price": "contract"}}},
        "journeys": {
            "bill": {"starts_on": {"renewal": {"becomes": "payment"}}, "steps": {"payment": {"next": "end"}}}
        },
    }


def renewals(bench: Bench, alpha: float, beta: float) -> Observations:
    """Who is left after t renewals, of all and of those who were there before; what lifetimes are worth."""
    years = 99
    leaves = {"beta": {"alpha": alpha, "beta": beta}, "per": "renewal"}
    sample = bench.sample(contract(leaves, bench.size(100_000), years), log=False)
    survived = np.minimum(np.round(sample.people["t_left"] / YEAR) - 1.0, years)
    seen = {f"S({t})": survived >= t for t in range(1, 13)}
    seen |= {f"r({t})": survived[survived >= t - 1] >= t for t in RATES_AT}
    q = 1.0 / (1.0 + DISCOUNT)
    return seen | {LIFETIME: (1.0 - q ** (survived + 1.0)) / (1.0 - q)}


RATES_AT = (2, 4, 8, 12)
LIFETIME = "discounted lifetime, 99 years at 10 %"


def sbg(name: str) -> Limit:
    """Shifted beta-geometric survival and the retention that rises though nobody changes."""
    alpha, beta = DATA[name]
    average = beta / (alpha + beta)  # the retention of an average customer, who does not exist
    found = [quantity("S(1)", exact.sbg_survival(alpha, beta, 1))]
    for t in range(2, 13):
        found.append(quantity(f"S({t})", exact.sbg_survival(alpha, beta, t), average**t, "all alike"))
    for t in RATES_AT:
        found.append(quantity(f"r({t})", exact.sbg_retention(alpha, beta, t), average, "all alike"))
    lifetime = exact.sbg_discounted_lifetime(alpha, beta, DISCOUNT, 99)
    found.append(quantity(LIFETIME, lifetime, exact.geometric_clv(1.0, average, DISCOUNT) + 1.0, "all alike"))
    return Limit(
        "A2", f"sBG, {name} ({alpha}, {beta})", tuple(found), partial(renewals, alpha=alpha, beta=beta)
    )


def worth(sample: Sample) -> np.ndarray:
    """Discounted payments of every customer, in currency, from the log."""
    paid = sample.touches["revenue"] / 100.0 * (1.0 + DISCOUNT) ** (-sample.touches["t"] / YEAR)
    return np.bincount(sample.who, weights=paid, minlength=len(sample.people))


def payments(bench: Bench) -> Observations:
    """Customer value at a retention of 80 %, and what 84 % adds for the same people with the same luck."""
    n = bench.size(100_000)
    before, after = (worth(bench.sample(contract(f"{p} % per renewal", n, 60))) for p in (20, 16))
    return {"value": before, "gain from r = .84": after - before}


def clv() -> Limit:
    """Geometric customer value, m r / (1 + d - r), and its change."""
    before, after = (exact.geometric_clv(100.0, r, DISCOUNT, 60) for r in (0.8, 0.84))
    found = (
        quantity("value", before, before + 100.0, "first payment now"),
        quantity("gain from r = .84", after - before, 0.05 * before, "in proportion to r"),
    )
    return Limit("A2", "geometric value, 100 a year, r = .8, d = .1", found, payments)


# ---------------------------------------------------------------- A3: buying
WEEKS = (13, 26, 39, 52, 78)
KNOWN, MORE = 39, 39  # weeks that are known, and weeks after them


def buyers(customers: int, needs: dict[str, Any], **traits: Any) -> dict[str, Any]:
    """Orders at every need; everybody ordered first on day 0, unseen."""
    return {
        "name": "buyers",
        "horizon": f"{WEEKS[-1]} weeks",
        "psychology": "off",
        "population": {"size": customers},
        "customers": {"needs": needs, "spends": 1} | traits,
        "touchpoints": {"order": {"stage": "purchase", "sells": {"price": "own_spend"}}},
        "journeys": {
            "buy": {"starts_on": {"need": {"becomes": "order"}}, "steps": {"order": {"next": "end"}}}
        },
    }


class Books:
    """What the orders of a sample say about every customer, in weeks."""

    def __init__(self, sample: Sample):
        self.n = len(sample.people)
        self.who, self.t = sample.who, sample.touches["t"] / WEEK
        self.left = sample.people["t_left"] / WEEK

    def orders(self, begin: float, end: float) -> np.ndarray:
        """Orders in (begin, end]."""
        return np.bincount(self.who[(self.t > begin) & (self.t <= end)], minlength=self.n)

    def last(self, end: float) -> np.ndarray:
        """Time of the last order by `end`, 0 without one."""
        at = np.zeros(self.n)
        chosen = self.t <= end
        np.maximum.at(at, self.who[chosen], self.t[chosen])
        return at

    def calibration(self, alive: np.ndarray, future: np.ndarray, x: np.ndarray) -> dict[str, np.ndarray]:
        """Alive and later orders, over what is expected of these customers from their orders so far."""
        still, later = self.left > KNOWN, self.orders(KNOWN, KNOWN + MORE)
        classes = {"x = 0": x == 0, "x = 1": x == 1, "x = 2, 3": (x == 2) | (x == 3), "x > 3": x > 3}
        seen = {}
        for name, chosen in classes.items():
            seen[f"alive / P(alive), {name}"] = relative(still[chosen], alive[chosen])
            seen[f"later orders / expected, {name}"] = relative(later[chosen], future[chosen])
        return seen


def relative(seen: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Observations of mean 1 where each of `seen` has an expectation of its own."""
    return 1.0 + (seen - expected) / expected.mean()


def _calibrated(alive_in: tuple[str, ...]) -> list[Quantity]:
    names = [f"alive / P(alive), {c}" for c in alive_in]
    names += [f"later orders / expected, {c}" for c in ("x = 0", "x = 1", "x = 2, 3", "x > 3")]
    return [quantity(name, 1.0, 1.1, "10 % more") for name in names]


def bg_nbd_buyers(bench: Bench) -> Observations:
    """Orders, their counts, and the calibration of what is expected of each."""
    r, alpha, a, b = BG_NBD
    needs = {"gamma": {"shape": r, "rate": f"{alpha} weeks"}}
    leaves = {"beta": {"alpha": a, "beta": b}, "per": "visit"}
    data = buyers(bench.size(400_000), needs, leaves=leaves, reconsiders="after a visit")
    books = Books(bench.sample(data))
    seen = {f"E[X({t})]": books.orders(0.0, t) for t in WEEKS}
    x, t_x = books.orders(0.0, KNOWN), books.last(KNOWN)
    seen |= {f"P(X({KNOWN}) = {k})": x == k for k in range(6)}
    alive, future = (
        exact.bg_nbd_alive(*BG_NBD, x, t_x, KNOWN),
        exact.bg_nbd_future(*BG_NBD, x, t_x, KNOWN, MORE),
    )
    return seen | books.calibration(alive, future, x)


def _counted(k: int) -> tuple[float, str] | tuple[()]:
    """What P(X = k) would be if nobody left, but for 0 (who never buys never leaves) and 3 (the curves cross)."""
    return () if k in (0, 3) else (exact.nbd_pmf(*BG_NBD[:2], KNOWN, k), "nobody leaves")


def bg_nbd() -> Limit:
    """A coin of one's own after every order."""
    r, alpha, _, _ = BG_NBD
    found = [
        quantity(f"E[X({t})]", exact.bg_nbd_mean(*BG_NBD, t), r * t / alpha, "nobody leaves") for t in WEEKS
    ]
    for k in range(6):
        found.append(quantity(f"P(X({KNOWN}) = {k})", exact.bg_nbd_pmf(*BG_NBD, KNOWN, k), *_counted(k)))
    found += _calibrated(("x = 1", "x = 2, 3", "x > 3"))
    return Limit("A3", "BG/NBD at the parameters of CDNOW", tuple(found), bg_nbd_buyers)


def pareto_nbd_buyers(bench: Bench) -> Observations:
    """Orders, who is left, and the calibration of what is expected of each."""
    r, alpha, s, beta = PARETO_NBD
    needs = {"gamma": {"shape": r, "rate": f"{alpha} weeks"}}
    leaves = {"gamma": {"shape": s, "rate": f"{beta} weeks"}}
    books = Books(bench.sample(buyers(bench.size(300_000), needs, leaves=leaves)))
    seen = {f"E[X({t})]": books.orders(0.0, t) for t in WEEKS}
    seen |= {f"P(alive at {t})": books.left > t for t in WEEKS}
    x, t_x = books.orders(0.0, KNOWN), books.last(KNOWN)
    alive = exact.pareto_nbd_alive(*PARETO_NBD, x, t_x, KNOWN)
    future = exact.pareto_nbd_future(*PARETO_NBD, x, t_x, KNOWN, MORE)
    return seen | books.calibration(alive, future, x)


def pareto_nbd() -> Limit:
    """Leaving at a constant hazard of one's own."""
    r, alpha, s, beta = PARETO_NBD
    found = [
        quantity(f"E[X({t})]", exact.pareto_nbd_mean(*PARETO_NBD, t), r * t / alpha, "nobody leaves")
        for t in WEEKS
    ]
    for t in WEEKS:
        alike = math.exp(-s / beta * t)
        found.append(quantity(f"P(alive at {t})", exact.pareto_survival(s, beta, t), alike, "all alike"))
    found += _calibrated(("x = 0", "x = 1", "x = 2, 3", "x > 3"))
    return Limit("A3", "Pareto/NBD at the parameters of CDNOW", tuple(found), pareto_nbd_buyers)


def nbd_buyers(bench: Bench) -> Observations:
    """Counts where nobody leaves."""
    needs = {"gamma": {"shape": PARETO_NBD[0], "rate": f"{PARETO_NBD[1]} weeks"}}
    x = Books(bench.sample(buyers(bench.size(60_000), needs))).orders(0.0, KNOWN)
    return {f"P(X({KNOWN}) = {k})": x == k for k in range(4)} | {f"E[X({KNOWN})]": x}


def nbd() -> Limit:
    """Rates that differ, and nobody leaves."""
    r, alpha = PARETO_NBD[:2]
    mean = r * KNOWN / alpha
    found = [quantity(f"E[X({KNOWN})]", mean)]
    for k in range(4):
        alike = math.exp(-mean) * mean**k / math.factorial(k)
        found.append(quantity(f"P(X({KNOWN}) = {k})", exact.nbd_pmf(r, alpha, KNOWN, k), alike, "all alike"))
    return Limit("A3", "NBD", tuple(found), nbd_buyers)


BUYING: tuple[Limit, ...] = (sbg("High End"), sbg("Regular"), clv(), bg_nbd(), pareto_nbd(), nbd())
