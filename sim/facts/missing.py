"""Facts whose experiments are not built yet."""

from __future__ import annotations

from sim.facts.fact import Fact


def _missing(
    number: int, name: str, published: str, source: str, tag: str, value: str, low: float, high: float
) -> Fact:
    return Fact(number, name, published, source, tag, value, low, high, None, holds=False)


MISSING = (
    _missing(
        2,
        "peaks and ends are remembered",
        "After 60 s in water of 14 °C, and the same with 30 s more that warmed to 15 °C, 69 % would rather "
        "repeat the longer one; the length of an episode hardly matters.",
        "Kahneman et al. 1993",
        "S2",
        "share of people who remember the longer episode with the milder end as better",
        0.60,
        0.80,
    ),
    _missing(
        7,
        "social influence makes hits",
        "In eight worlds of 700 people and 48 songs, seeing what others chose made success more unequal and less "
        "predictable, the more so the stronger the influence; the best rarely did badly.",
        "Salganik, Dodds & Watts 2006",
        "S",
        "rank correlation of quality and success under social influence",
        0.3,
        0.9,
    ),
    _missing(
        8,
        "goals pull harder when near",
        "Purchases on a ten-stamp card come about 20 % faster at the end than at the start; a start with two "
        "stamps for free raises completion from 19 to 34 %.",
        "Kivetz et al. 2006; Nunes & Drèze 2006",
        "S2",
        "time between the last two purchases of a card, over that between the first two",
        0.75,
        0.85,
    ),
    _missing(
        14,
        "referred customers stay",
        "Referred customers are at least 16 % more valuable; their advantage in margin fades, that in "
        "retention stays.",
        "Schmitt, Skiera & Van den Bulte 2011",
        "S",
        "value of a referred customer over that of a matched one",
        1.10,
        1.25,
    ),
    _missing(
        15,
        "NPS predicts no better",
        "Net promoters predict growth no better than satisfaction (21 firms, 15,500 interviews).",
        "Keiningham et al. 2007",
        "S",
        "correlation of growth with the change of NPS, minus that with the change of satisfaction",
        -1.0,
        0.1,
    ),
    _missing(
        19,
        "too many mails",
        "Seven mails are best; four lose 32 % of lifetime profit, ten 16 %.",
        "Zhang, Kumar & Cosguner 2017",
        "S",
        "profit with four sevenths of the best number of mails, over that with the best",
        0.58,
        0.78,
    ),
    _missing(
        20,
        "discounts attract the wrong",
        "Customers won with 35 % off are worth about half in the long run; years of promotion make people more "
        "sensitive to price.",
        "Lewis 2006; Mela, Gupta & Lehmann 1997",
        "S",
        "value of customers won with 35 % off, over that of those won without",
        0.4,
        0.6,
    ),
    _missing(
        22,
        "winning back",
        "A stronger first life means more returns; those who left for the price return more readily than those "
        "who left for the service; a better service makes the longest second life, a discount with it the most "
        "returns and the shortest.",
        "Kumar, Bhagwat & Zhang 2015",
        "S",
        "share of five orderings that hold",
        1.0,
        1.0,
    ),
)
