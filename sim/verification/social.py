"""A6: one's choice moves the next one's: Bass's diffusion and Polya's urn, which need signals that are live."""

from functools import partial
from typing import Any

import numpy as np

from sim.verification import exact
from sim.verification.bench import Bench, Limit, Observations, quantity

P, Q = 0.03, 0.38  # hears of the brand, and meets others, a day
DAYS = (5, 10)
SONGS, CHOICES, BATCH = 48, 1000, 200


# ---------------------------------------------------------------- Bass
def market(people: int, refresh: str = "live") -> dict[str, Any]:
    """Nobody knows the brand; whoever hears of it becomes a customer, and whoever meets a customer hears of it."""
    hears = {"hears_of_us": f"{P} per day", "hears_from_others": f"{Q} per day"}
    return {
        "name": "Bass",
        "horizon": f"{max(DAYS)} d",
        "warm_up": 0,
        "psychology": "off",
        "population": {"size": 0},
        "segments": {"strangers": {"prospects": people} | hears},
        "signals": {"adopters": {"kind": "adopters", "refresh": refresh}},
        "touchpoints": {"shop": {"sells": {"price": 1}}},
        "journeys": {"joins": {"starts_on": {"awareness": {"becomes": "shop"}}, "steps": {"shop": {}}}},
    }


def adopting(bench: Bench, people: int, replications: int) -> Observations:
    """The share of adopters on both days, and its squared distance from the exact mean, in every replication."""
    samples = bench.samples(market(people), bench.size(replications, 20), log=False)
    entries = np.array([sample.people["t_entry"] for sample in samples])
    seen = {}
    for day in DAYS:
        share = (entries <= day).mean(axis=1)
        mean, _ = exact.bass(people, P, Q, day)
        seen[f"mean share of adopters at {day}"] = share
        seen[f"variance of that share at {day}"] = (share - mean) ** 2
    return seen


def _bass(people: int, replications: int) -> Limit:
    quantities = []
    for day in DAYS:
        mean, variance = exact.bass(people, P, Q, day)
        endless = exact.bass_mean_field(P, Q, day), "a market without end"
        daily = exact.bass_in_steps(P, Q, day), "adopters known as of the last day"
        wrong = endless if people < 100 else daily
        quantities.append(quantity(f"mean share of adopters at {day}", mean, *wrong))
        alone = mean * (1.0 - mean) / people
        quantities.append(
            quantity(f"variance of that share at {day}", variance, alone, "everybody for himself")
        )
    observe = partial(adopting, people=people, replications=replications)
    return Limit("A6", f"Bass, {people} people, p = {P}, q = {Q}", tuple(quantities), observe)


# ---------------------------------------------------------------- Polya's urn
def juke_box(urns: int, weight: float, coefficient: float, refresh: str = "live") -> dict[str, Any]:
    """Every site is an urn: its customers choose songs in proportion to how often each has been chosen there."""
    songs = [f"song {k:02d}" for k in range(SONGS)]
    listeners, rate = 10, 10
    choice = {song: {"weight": weight, "follows": {f"heard {song}": coefficient}} for song in songs}
    heard = {"kind": "popularity", "window": "forever", "refresh": refresh}
    return {
        "name": "Urns",
        "horizon": f"{1.25 * CHOICES / (listeners * rate)} d",
        "warm_up": 0,
        "psychology": "off",
        "population": {"size": listeners * urns, "site": listeners},
        "customers": {"needs": f"{rate} per day"},
        "signals": {f"heard {song}": heard | {"counts": song} for song in songs},
        "touchpoints": {"door": {}} | {song: {} for song in songs},
        "journeys": {
            "listens": {
                "starts_on": {"need": {"becomes": "door"}},
                "steps": {"door": {"next": choice}} | {song: {} for song in songs},
            }
        },
    }


def shares(bench: Bench, urns: int, weight: float, coefficient: float, refresh: str = "live") -> np.ndarray:
    """Each song's share of the first choices of every urn."""
    sample = bench.sample(juke_box(urns, weight, coefficient, refresh))
    names = sample.program.touchpoint_names
    songs = np.sort(sample.touches[~sample.at("door")], order=["t", "customer"])
    urn = sample.people["site"][songs["customer"] - sample.people["id"][0]]
    song = np.array([int(name.removeprefix("song ")) if name != "door" else -1 for name in names])
    chosen = [song[songs["touchpoint"][urn == k]][:CHOICES] for k in range(urns)]
    if min(map(len, chosen)) < CHOICES:
        raise ValueError("the horizon is too short for so many choices")
    return np.array([np.bincount(songs, minlength=SONGS) for songs in chosen]) / CHOICES


def gini(x: np.ndarray) -> np.ndarray:
    """The Gini coefficient of every row."""
    n = x.shape[1]
    return (np.sort(x, axis=1) * (2.0 * np.arange(1, n + 1) - n - 1.0)).sum(axis=1) / (n * x.sum(axis=1))


def choosing(bench: Bench, urns: int, weight: float, coefficient: float) -> Observations:
    """Inequality between the songs of every urn."""
    x = shares(bench, bench.size(urns, 20), weight, coefficient)
    return {
        "variance of a song's share": ((x - 1.0 / SONGS) ** 2).mean(axis=1),
        "mean Gini coefficient": gini(x),
    }


def _urn(urns: int, weight: float, coefficient: float) -> Limit:
    alpha = 1.0 / coefficient  # weight (1 + coefficient n) = weight coefficient (alpha + n)
    quantities = (
        quantity(
            "variance of a song's share",
            exact.urn_variance(SONGS, alpha, CHOICES),
            exact.urn_variance(SONGS, alpha, CHOICES, BATCH),
            f"popularity known every {BATCH} choices",
        ),
        quantity(
            "mean Gini coefficient",
            exact.urn_gini(SONGS, alpha, CHOICES),
            exact.urn_gini(SONGS, 1.25 * alpha, CHOICES),
            "a quarter more of each song at the start",
        ),
    )
    name = f"Polya's urn, {SONGS} songs, weight {weight:g}, each choice adds {weight * coefficient:g}"
    observe = partial(choosing, urns=urns, weight=weight, coefficient=coefficient)
    return Limit("A6", name, quantities, observe)


SOCIAL = (_bass(50, 4000), _bass(200, 1000), _bass(1000, 400), _urn(400, 1.0, 1.0), _urn(400, 10.0, 0.1))
