"""What a card of stamps does to the time between visits: fact 8."""

from __future__ import annotations

import numpy as np

from sim.facts.fact import Check, Fact, Found, Line, Picture, beyond, jackknife
from sim.facts.lab import Lab, Sample

STAMPS = 10
PLAIN: dict[str, object] = {}
ILLUSORY = {"loyalty.card.reward.at": 12, "loyalty.card.head_start": 2}  # as many coffees to go
WORTHLESS = {"loyalty.card.reward.worth": 0}
EIGHT = {"loyalty.card.reward.at": 8}
EIGHT_TO_GO = {"loyalty.card.head_start": 2}  # of ten
WINDOW = 14.5  # days within which a card of eight must be full


def goal_gradient(lab: Lab) -> Found:
    """Times between the coffees of a card; how soon cards are full, with a start for free and without."""
    size = {"population.size": lab.size(24_000)}
    plain, illusory, worthless, eight, given = (
        lab.run("card", size | arm, log=True) for arm in (PLAIN, ILLUSORY, WORTHLESS, EIGHT, EIGHT_TO_GO)
    )
    value, error = jackknife(gaps(plain), lambda s: s[STAMPS - 2] / s[0])
    flat, flat_error = jackknife(gaps(worthless), lambda s: s[STAMPS - 2] / s[0])
    reset, reset_error = jackknife(gaps(plain), lambda s: s[STAMPS + 1] / s[STAMPS - 2])
    lasting = np.column_stack([gaps(sample)[:, : STAMPS - 1].sum(axis=1) for sample in (plain, illusory)])
    sooner, sooner_error = jackknife(lasting, lambda s: s[1] / s[0])
    full = np.column_stack([_full(sample) for sample in (eight, given)])
    odds, odds_error = jackknife(full, lambda s: _odds(s[1]) / _odds(s[0]))
    shares = full.mean(axis=0)
    steps = tuple(map(float, range(1, STAMPS + 4)))
    return Found(
        value,
        error,
        (
            Check(
                "a card that begins with two of twelve stamps is full sooner than one of ten, by a tenth to a third",
                0.65 <= sooner <= 0.9,
                f"time {sooner:.2f} ± {sooner_error:.2f}",
            ),
            Check(
                "two of ten stamps for free: more cards are filled than of eight, the odds 1.3 to 3.7 times",
                1.3 <= odds <= 3.7,
                f"{odds:.2f} ± {odds_error:.2f} times; {shares[0]:.0%} and {shares[1]:.0%}",
            ),
            Check(
                "after the reward the way begins afresh",
                beyond(reset, reset_error, 1.0),
                f"first time of the second card over the last of the first {reset:.2f} ± {reset_error:.2f}",
            ),
            Check(
                "a card for nothing hastens nobody",
                abs(flat - 1.0) < 0.02 + 2.0 * flat_error,
                f"ratio {flat:.2f} ± {flat_error:.2f}",
            ),
        ),
        {"time with two of twelve stamps for free": sooner, "odds with two of ten for free": odds},
        Picture(
            "between this coffee and the next (10: the card is full, 11: the coffee is free)",
            "days",
            tuple(
                Line(name, steps, tuple(gaps(sample).mean(axis=0)[: len(steps)]))
                for name, sample in (
                    ("ten stamps", plain),
                    ("twelve stamps, two for free", illusory),
                    ("ten stamps for nothing", worthless),
                )
            ),
        ),
    )


def _times(sample: Sample, number: int) -> np.ndarray:
    """Times of the first so many coffees from day 0 on, a row a customer; those who had fewer are left out."""
    rows = sample.touches[np.lexsort((sample.touches["t"], sample.touches["customer"]))]
    starts = np.flatnonzero(np.diff(rows["customer"], prepend=-1))
    enough = np.diff(starts, append=len(rows)) >= number
    return rows["t"][starts[enough][:, None] + np.arange(number)]


def gaps(sample: Sample) -> np.ndarray:
    """Mean days between one coffee and the next, in blocks of people (a row each)."""
    times = np.diff(_times(sample, STAMPS + 4), axis=1)
    return np.array([times[k::20].mean(axis=0) for k in range(20)])


def _full(sample: Sample) -> np.ndarray:
    """Share of the customers who fill a card of eight in time, in blocks."""
    times = _times(sample, EIGHT["loyalty.card.reward.at"])
    done = times[:, -1] - times[:, 0] < WINDOW
    return np.array([done[k::20].mean() for k in range(20)])


def _odds(share: float) -> float:
    return share / (1.0 - share)


CARDS = (
    Fact(
        8,
        "goals pull harder when near",
        "Purchases on a ten-stamp card come about 20 % faster at the end than at the start; a start with two "
        "stamps for free raises completion from 19 to 34 %.",
        "Kivetz et al. 2006; Nunes & Drèze 2006",
        "S2",
        "time between the last two purchases of a card, over that between the first two",
        0.75,
        0.85,
        goal_gradient,
        staged="within how many days a card of eight must be full",
        used_for=("loyalty.<name>.pull", "psychology.endowed"),
    ),
)
