"""What mails, discounts and offers to return are worth: facts 19, 20 and 22."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sim.facts.fact import Check, Fact, Found, Line, Picture, jackknife
from sim.facts.lab import BLOCKS, Lab, Sample
from sim.model.layout import DAY

# ---------------------------------------------------------------- 19: mails
MONTH = 30.0  # days
MAILS = (0, 2, 4, 5, 6, 7, 8, 10, 15, 30)  # a month
BEST, FEWER, MORE = 7, 4, 10


def mails(lab: Lab) -> Found:
    """Profit that mails add in a year, by their number."""
    profit = _profits(lab, MAILS, {})
    at = {n: k for k, n in enumerate(MAILS)}

    def over_best(n: int) -> Callable[[np.ndarray], float]:
        return lambda s: float((s[at[n]] - s[0]) / (s[at[BEST]] - s[0]))

    value, error = jackknife(profit, over_best(FEWER))
    more, more_error = jackknife(profit, over_best(MORE))
    gained = profit.mean(axis=0) - profit[:, 0].mean()
    best = MAILS[int(np.argmax(gained))]
    none, fewer, usual, many = _profits(lab, (0, FEWER, BEST, MORE), {"horizon": "2 y"}).mean(axis=0)
    return Found(
        value,
        error,
        (
            Check("the best number is 6 to 8", 6 <= best <= 8, f"{best} a month"),
            Check(
                "ten bring 0.74 to 0.94 of what seven bring",
                0.74 <= more <= 0.94,
                f"{more:.2f} ± {more_error:.2f}",
            ),
        ),
        {
            "ten mails over seven": more,
            "over two years, four over seven": float((fewer - none) / (usual - none)),
            "over two years, ten over seven": float((many - none) / (usual - none)),
        },
        Picture(
            "mails a month",
            "profit they add in a year, of each customer",
            (Line("profit", tuple(map(float, MAILS)), tuple(map(float, gained))),),
        ),
    )


def _profits(lab: Lab, numbers: Sequence[int], common: dict) -> np.ndarray:
    """Profit per customer by the number of mails (columns), in blocks of people (rows)."""
    size = {"population.size": lab.size(6_000)}
    never = {"campaigns.mailing.starts": "2000 d"}
    arms = [{"campaigns.mailing.picks.every": f"{MONTH / n} d"} if n else never for n in numbers]
    return np.column_stack([_profit(sample) for sample in lab.arms("mails", arms, size | common, log=True)])


def _profit(sample: Sample) -> np.ndarray:
    """Margin of the orders less what the mails cost, of each customer, in blocks of people."""
    rows, people = sample.touches, len(sample.people)
    earned = np.bincount(
        rows["customer"] % BLOCKS, weights=MARGIN * rows["revenue"] / 100.0, minlength=BLOCKS
    )
    sent = sample.outcome.daily.sum(axis=(0, 1))[DAY["cost"]] / 100.0
    return (earned * BLOCKS - sent) / people


MARGIN = 0.7  # of an order, in the scenario


OFFERS = (
    Fact(
        19,
        "too many mails",
        "Seven mails are best; four lose 32 % of lifetime profit, ten 16 %.",
        "Zhang, Kumar & Cosguner 2017",
        "S",
        "profit that four mails a month add in a year, over that of seven",
        0.58,
        0.78,
        mails,
        miss="Which number is best depends on how long profit is counted, because whoever opts out is lost for "
        "good: over two years it is lower.",
        staged="how many take up an offer, and that a year is counted",
        used_for=(
            "psychology.opts_out",
            "psychology.pressure_free",
            "psychology.pressure_half",
            "psychology.worn_message",
        ),
    ),
)
