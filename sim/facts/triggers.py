"""How triggers move decisions: facts 9, 10, 11, 13 and 21."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sim.facts.fact import Check, Fact, Found, Line, Picture, beyond, jackknife
from sim.facts.lab import Lab, Sample

# ---------------------------------------------------------------- 9: scarcity
DOSES = (0, 5, 15, 30, 50, 75, 100)  # per cent of decisions that show the cue


def scarcity(lab: Lab) -> Found:
    """Orders over 60 days by how often a decision shows that few are left."""
    edges = [
        {"journeys.look.steps.shelf.next.marked": d, "journeys.look.steps.shelf.next.plain": 100 - d}
        for d in DOSES
    ]
    arms = lab.arms("scarcity", edges, {"population.size": lab.size(6_000)})
    orders = np.column_stack([arm.blocks(arm.people["n_order"]) for arm in arms])
    mean = orders.sum(axis=0) / len(arms[0].people)
    best = int(np.argmax(mean[:-1]))
    value, error = jackknife(orders, lambda s: (s[-1] - s[0]) / (s[best] - s[0]))
    gain, gain_error = jackknife(orders, lambda s: s[best] / s[0] - 1.0)
    first, first_error = _first_lift(lab)
    fake, fake_error = _faked(lab)
    return Found(
        value,
        error,
        (
            Check(
                "the first cue lifts the decision",
                beyond(first, first_error, 0.0),
                f"{first:+.1%} ± {first_error:.1%}",
            ),
            Check(
                "the best dose is neither none nor all",
                0 < best < len(DOSES) - 1,
                f"{DOSES[best]} % of decisions",
            ),
            Check(
                "it sells more than no scarcity",
                beyond(gain, gain_error, 0.0),
                f"{gain:+.2%} ± {gain_error:.2%}",
            ),
            Check("overuse loses some of that", beyond(value, error, 1.0, -1)),
            Check(
                "scarcity that is faked costs trust",
                beyond(fake, fake_error, 0.0, -1),
                f"{fake:+.1%} ± {fake_error:.1%}, of those who see it in half of their decisions",
            ),
        ),
        {"best dose, share of decisions": DOSES[best] / 100.0},
        Picture(
            "decisions that show scarcity, %",
            "orders per customer, compared with none, %",
            (Line("orders", tuple(map(float, DOSES)), tuple(100.0 * (mean / mean[0] - 1.0))),),
        ),
    )


def _first_lift(lab: Lab) -> tuple[float, float]:
    """Relative change of orders in the first days of the sign, when hardly anybody has seen one."""
    common = {"population.size": lab.size(40_000), "horizon": "3 d"}
    shown = [{"journeys.look.steps.shelf.next.marked": 100, "journeys.look.steps.shelf.next.plain": 0}]
    strengths = [shown[0] | {"touchpoints.marked.triggers.few_left.strength": s} for s in (0, 2)]
    arms = lab.arms("scarcity", strengths, common)
    return jackknife(
        np.column_stack([arm.blocks(arm.people["n_order"]) for arm in arms]), lambda s: s[1] / s[0] - 1.0
    )


def _faked(lab: Lab) -> tuple[float, float]:
    """Relative change of trust after the 60 days where the sign is not true."""
    common = {
        "population.size": lab.size(4_000),
        "journeys.look.steps.shelf.next.marked": 50,
        "journeys.look.steps.shelf.next.plain": 50,
    }
    kinds = [{"touchpoints.marked.triggers.few_left.genuine": genuine} for genuine in (True, False)]
    arms = lab.arms("scarcity", kinds, common)
    return jackknife(
        np.column_stack([arm.blocks(arm.people["trust"]) for arm in arms]), lambda s: s[1] / s[0] - 1.0
    )


# ---------------------------------------------------------------- 10: gifts
FIRST, SECOND = "0 d", "10 min"


def gifts(lab: Lab) -> Found:
    """What sweets do to the tip: one, two at once, and one more as a personal surprise."""
    arms = [
        {},
        {"events.one.at": FIRST},
        {"events.two.at": FIRST},
        {"events.one.at": FIRST, "events.surprise.at": SECOND},
    ]
    samples = lab.arms("gifts", arms, {"population.size": lab.size(200_000)})
    tips = np.column_stack([arm.blocks(arm.people["n_order"]) for arm in samples])
    lifts = [jackknife(tips, _over_first(k)) for k in (1, 2, 3)]
    (one, e1), (two, e2), (three, e3) = lifts
    more, more_error = jackknife(tips, lambda s: (s[2] - s[1]) / s[0])
    personal, personal_error = jackknife(tips, lambda s: (s[3] - s[2]) / s[0])
    worn = _worn(lab)
    return Found(
        three,
        e3,
        (
            Check("one gift: 3 %, within 7 points", abs(one - 0.033) <= 0.07, f"{one:.1%} ± {e1:.1%}"),
            Check("two gifts: 14 %, within 7 points", abs(two - 0.141) <= 0.07, f"{two:.1%} ± {e2:.1%}"),
            Check(
                "one < two < a personal surprise",
                beyond(more, more_error, 0.0) and beyond(personal, personal_error, 0.0),
            ),
            Check(
                "a gift after two months of daily gifts does little", worn < 0.25, f"{worn:.0%} of the first"
            ),
        ),
        {"one gift": one, "two gifts": two, "gift on day 60 over the first": worn},
        Picture(
            "",
            "increase of the tip, %",
            (
                Line("published", (0.0, 1.0, 2.0), (3.3, 14.1, 21.3)),
                Line("simulated", (0.0, 1.0, 2.0), (100 * one, 100 * two, 100 * three)),
            ),
            ("one", "two", "personal second"),
        ),
    )


def _over_first(k: int) -> Callable[[np.ndarray], float]:
    """By what share arm k exceeds the first."""
    return lambda s: float(s[k] / s[0] - 1.0)


def _worn(lab: Lab) -> float:
    """What a gift on day 60 does after 60 daily ones, over what it does as the first; in the chance of a tip."""
    often, once, before, never = (_chance(lab, *days) for days in ((0, 60), (60, 60), (0, 59), (61, 60)))
    return (often - before) / (once - never)


def _chance(lab: Lab, first: int, last: int) -> float:
    """Mean chance of a tip an hour after a gift on day 60 would come, with daily gifts from one day to another."""
    daily: dict[str, object] = {
        "population.size": lab.size(4_000),
        "contract.renews": "1441 min",  # so that the 60th decision falls an hour after the gift of day 60
        "horizon": "60.9 d",
    }
    for day in range(first, min(last, 60) + 1):
        daily[f"events.day_{day}"] = {"at": f"{day} d", "meets": "sweet"}
    rows = lab.run("gifts", daily, log=True).at("tip")
    return float(rows["chance"][rows["t"] > 60.0].mean())


# ---------------------------------------------------------------- 11: what others do
STAYS = (0.5, 1.0, 2.0, 4.0)  # days over which a card counts the others: the more, the more of them


def norm(lab: Lab) -> Found:
    """Towels used again with and without a card that says how many others do."""
    cards: list[dict] = [{}] + [
        {
            "touchpoints.reuse.triggers.card.strength": 1,
            "signals.others.window": f"{days} d",
            "signals.others.refresh": "12 h",
        }
        for days in STAYS
    ]
    arms = lab.arms("norm", cards, {"population.size": lab.size(10_000)})
    blocks = np.column_stack([_decided(arm) for arm in arms])
    shares = [jackknife(blocks[:, 2 * k : 2 * k + 2], lambda s: s[0] / s[1]) for k in range(len(arms))]
    usual = STAYS.index(2.0) + 1
    value, error = jackknife(blocks, lambda s: 100.0 * (s[2 * usual] / s[2 * usual + 1] - s[0] / s[1]))
    lifts = [100.0 * (share - shares[0][0]) for share, _ in shares]
    rare = _where_few_do(lab, cards[usual])
    return Found(
        value,
        error,
        (
            Check("35 % without a card", abs(shares[0][0] - 0.35) < 0.01, f"{shares[0][0]:.1%}"),
            Check("the more others do it, the more it works", bool(np.all(np.diff(lifts[1:]) > 0.0))),
        ),
        {"share with the card": shares[usual][0], "points added where 5 % do it unasked": rare},
        Picture(
            "others' uses of a towel that the card counts, days",
            "uses more than without a card, percentage points",
            (Line("card", STAYS, tuple(lifts[1:])),),
        ),
    )


def _where_few_do(lab: Lab, card: dict) -> float:
    """Percentage points that the same card adds where hardly anybody does it: a norm in the wrong direction."""
    few = {"population.size": lab.size(10_000), "customers.needs": "0.05 per d"}
    arms = lab.arms("norm", [{}, card], few | {"journeys.day.starts_on.need.usually": "5 %"})
    without, shown = (arm.people["n_touch"].sum() / arm.people["n_need"].sum() for arm in arms)
    return float(100.0 * (shown - without))


def _decided(sample: Sample) -> np.ndarray:
    """Times it was done, and decisions, in blocks of people."""
    return np.column_stack([sample.blocks(sample.people["n_touch"]), sample.blocks(sample.people["n_need"])])


# ---------------------------------------------------------------- 13: reviews
AVERAGES = (2.7, 3.2, 3.7, 4.2, 4.7)
WEAK, STRONG = "60 %", "97 %"  # how many of those who hear of the place come anyway


def reviews(lab: Lab) -> Found:
    """First orders by the stars on show: of a place that few know, and of one that everybody knows."""
    size = {"segments.newcomers.prospects": lab.size(60_000)}
    weak = _won(lab, size, WEAK)
    strong = _won(lab, size, STRONG)
    value, error = jackknife(weak, lambda s: 100.0 * (s[4] / s[2] - 1.0))
    known, known_error = jackknife(strong, lambda s: 100.0 * (s[4] / s[2] - 1.0))
    asymmetry, asymmetry_error = jackknife(weak, lambda s: (s[2] - s[0]) / (s[4] - s[2]))
    few = _won(lab, size, WEAK, {"signals.stars.start.count": 5})
    fewer, _ = jackknife(few, lambda s: 100.0 * (s[4] / s[2] - 1.0))
    return Found(
        value,
        error,
        (
            Check(
                "nearly nothing for a place that everybody knows",
                abs(known) < 1.0,
                f"{known:+.2f} ± {known_error:.2f} %",
            ),
            Check(
                "a star less harms more than a star more helps",
                beyond(asymmetry, asymmetry_error, 1.0),
                f"{asymmetry:.2f} ± {asymmetry_error:.2f} times",
            ),
            Check("more reviews weigh more", fewer < value, f"{fewer:.1f} % with 5 reviews"),
        ),
        {"for a place that everybody knows": known, "asymmetry": asymmetry},
        Picture(
            "stars on show",
            "first orders, compared with 3.7 stars, %",
            tuple(
                Line(name, AVERAGES, tuple(100.0 * (orders.sum(axis=0) / orders[:, 2].sum() - 1.0)))
                for name, orders in (("few know the place", weak), ("everybody knows it", strong))
            ),
        ),
    )


def _won(lab: Lab, size: dict, usually: str, more: dict | None = None) -> np.ndarray:
    """First orders by average stars, in blocks of people."""
    common = size | (more or {}) | {"journeys.discovery.starts_on.awareness.usually": usually}
    arms = lab.arms("stars", [{"signals.stars.start.average": a} for a in AVERAGES], common)
    return np.column_stack([arm.blocks(arm.people["n_order"]) for arm in arms])


# ---------------------------------------------------------------- 21: personal, and in control
DEPTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
AT_EASE = {"customers.privacy_concern.mean": 0.3, "customers.trust.mean": 0.7}
PEOPLE = 60_000


def privacy(lab: Lab) -> Found:
    """Answers to an advertisement by how personal it is, with and without control over one's data."""
    without, in_control = _answers(lab, {}), _answers(lab, {"touchpoints.advertisement.control": 1})
    at_ease = _answers(lab, AT_EASE)
    ratios = [
        jackknife(np.column_stack([a, b]), lambda s: s[1] / s[0])
        for a, b in zip(without.T, in_control.T, strict=True)
    ]
    value, error = ratios[-1]
    plain, middle = ratios[0][0], ratios[len(DEPTHS) // 2][0]
    shares = [100.0 * blocks.sum(axis=0) / lab.size(PEOPLE) for blocks in (without, in_control, at_ease)]
    best = int(np.argmax(shares[2]))
    gain, gain_error = jackknife(at_ease[:, [0, best]], lambda s: s[1] / s[0] - 1.0)
    loss, loss_error = jackknife(at_ease[:, [-1, best]], lambda s: s[1] / s[0] - 1.0)
    return Found(
        value,
        error,
        (
            Check("what is not personal is answered as before", abs(plain - 1.0) < 0.1, f"ratio {plain:.2f}"),
            Check(
                "control does more the more personal it is",
                value > middle > plain,
                f"ratio {middle:.2f} at a depth of {DEPTHS[len(DEPTHS) // 2]}",
            ),
            Check(
                "people at ease answer most to a depth between none and all",
                0 < best < len(DEPTHS) - 1
                and beyond(gain, gain_error, 0.0)
                and beyond(loss, loss_error, 0.0),
                f"at {DEPTHS[best]}: {gain:+.1%} on none, {loss:+.1%} on all",
            ),
            Check(
                "the more trust, the deeper that is",
                best > int(np.argmax(shares[0])),
                f"{DEPTHS[int(np.argmax(shares[0]))]} among the wary",
            ),
        ),
        {"answers without control, %": shares[0][-1], "answers with control, %": shares[1][-1]},
        Picture(
            "how personal the advertisement is",
            "answers, %",
            tuple(
                Line(name, DEPTHS, tuple(map(float, y)))
                for name, y in zip(
                    ("the wary", "the wary, in control", "people at ease"), shares, strict=True
                )
            ),
        ),
    )


def _answers(lab: Lab, people: dict) -> np.ndarray:
    """Answers by how personal the advertisement is, in blocks of people."""
    common = people | {"population.size": lab.size(PEOPLE)}
    arms = lab.arms("privacy", [{"touchpoints.advertisement.personalisation": d} for d in DEPTHS], common)
    return np.column_stack([arm.blocks(arm.people["n_order"]) for arm in arms])


TRIGGERS = (
    Fact(
        9,
        "scarcity wears out",
        "Scarcity cues work (416 effects of 131 studies); with overuse the effect turns (inverted U, one sample of "
        "students). No pooled size was found.",
        "Barton et al. 2022; Wulandjani 2023",
        "S",
        "orders gained when every decision shows scarcity, over those gained at the best dose",
        -1.0,
        0.9,
        scarcity,
        staged="strength of the cue, number of days",
    ),
    Fact(
        10,
        "gifts oblige",
        "Sweets with the bill raise tips by 3.3 % (one), 14.1 % (two), 21 % (one, and a personal second). "
        "Accounts differ about the last, and samples are small.",
        "Strohmetz et al. 2002",
        "S2",
        "relative increase of what is given after a personal second gift",
        0.14,
        0.28,
        gifts,
        staged="worth, strength and quality of the sweets; how personal the second one is",
    ),
    Fact(
        11,
        "people do what others do",
        "Told that most guests use their towels again, 44.1 % did, without it 35.1 %.",
        "Goldstein et al. 2008",
        "S2",
        "percentage points that a social proof adds to 35 %",
        4.0,
        14.0,
        norm,
        staged="how many days of others' uses the card counts",
        miss="A card that says how few do it deters nobody: popularity draws more or less, and never repels, where "
        "experiments with norms in the wrong direction saw people do as little as the others.",
    ),
    Fact(
        13,
        "stars bring customers",
        "One star more brings a restaurant 5 to 9 % more revenue, chains none, more with more reviews; "
        "one-star reviews harm more than five-star reviews help.",
        "Luca 2011; Chevalier & Mayzlin 2006",
        "S2",
        "per cent of revenue from new customers for one star more, at a place that few know",
        5.0,
        9.0,
        reviews,
        staged="how many come unasked, number of reviews",
    ),
    Fact(
        21,
        "control makes personal advertising work",
        "After users got control over their data, personal advertisements were clicked nearly twice as often, "
        "others as before; the more private the data, the larger the change.",
        "Tucker 2014",
        "S",
        "answers to a personal advertisement with control over one's data, over those without",
        1.8,
        2.0,
        privacy,
        staged="how strongly valence pulls, how much people mind and how little they trust",
    ),
)
