"""A5: an emotion that jumps at touches and fades is shot noise; a linear hazard makes it drive people away in
closed form."""

import math
from functools import partial
from typing import Any

import numpy as np

from sim.verification import exact
from sim.verification.bench import Bench, Identity, Limit, Observations, quantity

JUMPS: dict[str, Any] = {"constant": 1, "exponential": {"exponential": {"mean": 1}}}
MOMENTS = {"constant": (1.0, 1.0), "exponential": (1.0, 2.0)}  # E[Y], E[Y^2]
INDICES = ("affective", "normative", "economic", "forced", "habitual", "satisfaction", "grievance")
EIGHT = ("joy", "trust_feeling", "belonging", "gratitude", "surprise", "anxiety", "frustration", "resentment")


def linear(weight: float, half_life: str) -> dict[str, Any]:
    """A psychology of one emotion, `stress`, without ends, which adds `weight` times itself to the hazard."""
    stress = {"half_life": half_life, "feels": "bad", "range": "unbounded", "on_leaving": -weight}
    return {
        "link": "linear",
        "effect_on": {"leaving": 1, "buying": 0},
        "emotions": dict.fromkeys(EIGHT) | {"stress": stress},
        "weigh_leaving": dict.fromkeys(INDICES, 0),
        "weigh_buying": dict.fromkeys(INDICES, 0),
    }


def stressed(
    customers: int, days: float, rate: float, kappa: float, jump: str, c: float, h0: float, reconsiders: float
) -> dict[str, Any]:
    """Touches at random, each adds a jump to the stress, which fades at kappa and adds c times itself to h0."""
    return {
        "name": "stressed",
        "horizon": f"{days} d",
        "warm_up": 0,
        "population": {"size": customers},
        "customers": {
            "needs": f"{rate} per d",
            "leaves": f"{h0} per d",
            "reconsiders": f"{reconsiders} per d",
        },
        "touchpoints": {"call": {"feels": {"stress": JUMPS[jump]}}},
        "journeys": {
            "ring": {"starts_on": {"need": {"becomes": "call"}}, "steps": {"call": {"next": "end"}}}
        },
        "psychology": linear(c, f"{math.log(2.0) / kappa} d"),
    }


# ---------------------------------------------------------------- the emotion itself
RATE, KAPPA, DAYS, LAG = 0.2, 0.1, 60.0, 5.0


def levels(bench: Bench, jump: str) -> Observations:
    """The stress of everybody on day 60, and 5 days later: two runs of different length, the same people and luck."""
    n = bench.size(120_000)
    mean, variance = exact.shot_noise(RATE, KAPPA, MOMENTS[jump], DAYS)
    later, _ = exact.shot_noise(RATE, KAPPA, MOMENTS[jump], DAYS + LAG)
    now, then = (
        bench.sample(stressed(n, t, RATE, KAPPA, jump, 0.0, 0.0, 1e-9), log=False).people["emotion"][:, 0]
        for t in (DAYS, DAYS + LAG)
    )
    now, then = now.astype(float), then.astype(float)
    return {
        "mean on day 60": now,
        "variance on day 60": (now - mean) ** 2,
        "correlation over 5 d": (now - mean) * (then - later) / variance,
    }


def campbell(jump: str) -> Limit:
    """Campbell's theorem: mean, variance, and memory e^(-kappa lag)."""
    mean, variance = exact.shot_noise(RATE, KAPPA, MOMENTS[jump], DAYS)
    other = exact.shot_noise(
        RATE, KAPPA, MOMENTS["constant" if jump == "exponential" else "exponential"], DAYS
    )[1]
    mistake = "constant jumps" if jump == "exponential" else "exponential jumps"
    found = (
        quantity("mean on day 60", mean),
        quantity("variance on day 60", variance, other, mistake),
        quantity("correlation over 5 d", math.exp(-KAPPA * LAG), 2.0 ** (-KAPPA * LAG), "2^(-kappa lag)"),
    )
    return Limit("A5", f"shot noise, {jump} jumps", found, partial(levels, jump=jump))


# ---------------------------------------------------------------- the emotion drives people away
def survivors(
    bench: Bench,
    row: tuple[float, float, float, float],
    times: tuple[int, ...],
    reconsiders: float,
    jump: str,
    n: int,
) -> Observations:
    """Who is still there."""
    rate, kappa, c, h0 = row
    data = stressed(bench.size(n), max(times) + 1, rate, kappa, jump, c, h0, reconsiders)
    outcome = bench.sample(data, log=False).outcome
    left = np.sum(outcome.people["t_left"] < math.inf)
    lost: dict[str, Any] = {CAPPED: outcome.hazard_lost / left}
    return lost | {f"S({t})": outcome.people["t_left"] > t for t in times}


CAPPED = "hazard cut off, per customer who left"


def driven(
    row: tuple[float, float, float, float], times: tuple[int, ...], reconsiders: float, jump: str, n: int
) -> Limit:
    """Survival under h0 + c E(t); the averaged emotion must not match where the two can be told apart."""
    found: list[Any] = []
    for t in times:
        survival, averaged = exact.shot_noise_survival(*row, t, jump), exact.mean_field_survival(*row, t)
        apart = abs(averaged / survival - 1.0) > 0.1
        found.append(quantity(f"S({t})", survival, *((averaged, "mean field") if apart else ())))
    found.append(Identity(CAPPED, 0.0, 1e-3))
    rate, kappa, c, h0 = row
    name = f"leaving by shot noise ({rate}, {kappa}, {c}, {h0}), {jump} jumps"
    observe = partial(survivors, row=row, times=times, reconsiders=reconsiders, jump=jump, n=n)
    return Limit("A5", name, tuple(found), observe)


ROWS = (
    ((0.2, 0.1, 0.002, 0.001), (90, 365), 0.04, 100_000),
    ((0.05, 0.05, 0.02, 0.0005), (30, 90, 180, 365), 0.25, 100_000),
    ((0.02, 0.02, 0.05, 0.0), (30, 90, 180), 0.6, 60_000),
)


# ---------------------------------------------------------------- without chance
def adstock(bench: Bench) -> Observations:
    """One touch a day adds 1 to a stress of which .9 is left a day later; read just before the 300th touch."""
    half_life = math.log(2.0) / -math.log(0.9)
    sample = bench.sample(regular(f"{half_life} d", "1 d", "300 d"), log=False)
    return {"level a day after 299 touches": sample.people["emotion"][0, 0]}


def halves(bench: Bench) -> Observations:
    """A touch at day 10, read three half-lives later."""
    sample = bench.sample(regular("8 h", "10 d", "11 d"), log=False)
    return {"level after three half-lives": sample.people["emotion"][0, 0]}


def regular(half_life: str, every: str, horizon: str) -> dict[str, Any]:
    """One customer, a touch at every renewal."""
    return {
        "name": "regular",
        "horizon": horizon,
        "warm_up": 0,
        "population": {"size": 1},
        "contract": {"renews": every, "first": "at entry"},
        "touchpoints": {"call": {"feels": {"stress": 1}}},
        "journeys": {
            "ring": {"starts_on": {"renewal": {"becomes": "call"}}, "steps": {"call": {"next": "end"}}}
        },
        "psychology": linear(0.0, half_life),
    }


FLOAT32 = 2.0**-23

FEELINGS: tuple[Limit, ...] = (
    campbell("constant"),
    campbell("exponential"),
    *(driven(row, times, r, jump, n) for row, times, r, n in ROWS for jump in ("constant", "exponential")),
    Limit(
        "A5",
        "adstock: 1 a day, .9 carried over",
        (Identity("level a day after 299 touches", 0.9 * exact.carried_over(0.9, 299), 100 * FLOAT32),),
        adstock,
    ),
    Limit("A5", "half-life of 8 h", (Identity("level after three half-lives", 0.125, FLOAT32),), halves),
)
