"""What mails, discounts and offers to return are worth: facts 19, 20 and 22."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sim.facts.fact import Check, Fact, Found, Line, Picture, beyond, jackknife
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


# ---------------------------------------------------------------- 20: discounts
WON, COUNTED = (
    365.0,
    730.0,
)  # days in which customers are won, and after the first order over which they count
ALIKE = {"segments.newcomers.willing.sd": 0}
SENSITIVE = {"segments.newcomers.price_sensitivity": {"mean": 1, "cv": 1}}
PROMOTIONS = (0, 2, 4, 8)  # of the last eight orders
WEEKS = 8


def discounts(lab: Lab) -> Found:
    """What customers are worth after their first order, won with 35 % off and without."""
    differ, alike, sensitive = (_won_at(lab, people) for people in ({}, ALIKE, SENSITIVE))
    value, error = jackknife(differ, _value_ratio)
    state, _ = jackknife(alike, _value_ratio)
    most, _ = jackknife(sensitive, _value_ratio)
    more, more_error = jackknife(differ, lambda s: s[3] / s[1])
    buying = np.column_stack([_at_full_price(lab, number) for number in PROMOTIONS])
    shares = 100.0 * buying[:, ::2].sum(axis=0) / buying[:, 1::2].sum(axis=0)
    return Found(
        value,
        error,
        (
            Check("the discount wins customers", beyond(more, more_error, 1.0), f"{more:.2f} times as many"),
            Check(
                "the more promotions there were, the fewer buy at the full price",
                bool(np.all(np.diff(shares) < 0.0)),
                ", ".join(f"{x:.1f} %" for x in shares),
            ),
        ),
        {
            "by what the discount does to people who are alike": state,
            "by selection": value / state,
            "where people differ in price sensitivity too": most,
        },
        Picture(
            "promotions among the last eight orders",
            "needs met at the full price in the two weeks after, %",
            (Line("needs met", tuple(map(float, PROMOTIONS)), tuple(map(float, shares))),),
        ),
    )


def _value_ratio(s: np.ndarray) -> float:
    return float((s[2] / s[3]) / (s[0] / s[1]))


def _won_at(lab: Lab, people: dict) -> np.ndarray:
    """Worth and number of those won at the full price, and with the discount (columns), in blocks of people."""
    common = people | {"segments.newcomers.prospects": lab.size(20_000)}
    columns = []
    for name in ("acquisition", "acquisition_discount"):
        sample = lab.run(name, common, log=True)
        entered, rows = sample.people["t_entry"], sample.touches
        who = np.searchsorted(sample.people["id"], rows["customer"])
        age = rows["t"] - entered[who]
        later = (age > 0.0) & (age < COUNTED)
        paid = rows["revenue"] / 100.0 * 1.1 ** (-age / 365.0)
        worth = np.bincount(who[later], weights=paid[later], minlength=len(entered))
        won = (sample.people["segment"] == sample.program.segment_names.index("newcomers")) & (entered < WON)
        columns += [sample.blocks(worth * won), sample.blocks(won)]
    return np.column_stack(columns)


def _at_full_price(lab: Lab, promotions: int) -> np.ndarray:
    """Needs that were met in the two weeks after so many promotions, and all needs, in blocks of people."""
    common: dict[str, object] = {"population.size": lab.size(4_000)}
    for week in range(WEEKS - promotions, WEEKS):
        common[f"events.week_{week + 1}.meets"] = "promotion"
    before, after = (
        lab.run("promotions_at_30_off", common | {"horizon": f"{d} d"}) for d in (WEEKS * 7, WEEKS * 7 + 14)
    )
    return np.column_stack([after.blocks(after.people[n] - before.people[n]) for n in ("n_order", "n_need")])


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
    Fact(
        20,
        "discounts attract the wrong",
        "Customers won with 35 % off are worth about half in the long run; years of promotion make people more "
        "sensitive to price.",
        "Lewis 2006; Mela, Gupta & Lehmann 1997",
        "S",
        "value of customers won with 35 % off in the two years after their first order, over that of those won without",
        0.4,
        0.6,
        discounts,
        holds=False,
        miss="The order is right, the size is not. 35 % off lift a choice by 1.2 logits (`psychology.price_weight`, "
        "from published elasticities): too little to draw a crowd so different in what it is willing to pay that the "
        "mean is halved, however much people are made to differ. Half would take customers whose needs or "
        "loyalty go with their willingness to pay, or a larger elasticity.",
        staged="how much people differ in their willingness to pay, how often they hear of the shop",
    ),
)
