"""Who comes back, and for how long: fact 22."""

from __future__ import annotations

import numpy as np

from sim.facts.fact import Check, Fact, Found, Line, Picture, beyond, jackknife
from sim.facts.lab import Lab, Sample

LETTER = 60.0  # the day of the letter
AT_ONCE = 1.0  # who leaves for the price or the breakdown does so on day 0
YEAR = 365.0
CHEAPER = {"touchpoints.welcome.sells.discount": "30 %"}
BETTER = {"journeys.return.steps.welcome.next.care": 100, "journeys.return.steps.welcome.next.end": 0}
OFFERS: dict[str, dict] = {"discount": CHEAPER, "better service": BETTER, "both": CHEAPER | BETTER}


def winning_back(lab: Lab) -> Found:
    """Returns by what ended the first life and how strong it was; second lives by what brought people back."""
    size = {"population.size": lab.size(60_000)}
    before = lab.run("winback", size | {"horizon": f"{AT_ONCE} d"}).people
    arms = {name: lab.run("winback", size | offer, log=True) for name, offer in OFFERS.items()}
    any_arm = arms["both"]
    asked = before["t_left"] < AT_ONCE
    back = {name: _second_life(sample) for name, sample in arms.items()}
    strong = before["affective"] > np.median(before["affective"][asked])
    dear = before["segment"] == any_arm.program.segment_names.index("dearer")

    def share(name: str, group: np.ndarray) -> list[np.ndarray]:
        return [any_arm.blocks(asked & group & (back[name] > 0.0)), any_arm.blocks(asked & group)]

    def differ(first: list[np.ndarray], second: list[np.ndarray]) -> tuple[float, float]:
        return jackknife(np.column_stack(first + second), lambda s: s[0] / s[1] - s[2] / s[3])

    everybody = np.ones(len(asked), dtype=bool)
    returns = {name: share(name, everybody) for name in OFFERS}
    lives = {name: _lengths(any_arm, asked, life) for name, life in back.items()}
    earned = {name: _earned(sample, asked, back[name]) for name, sample in arms.items()}
    orders = {
        "a stronger first life means more returns": [
            differ(share("discount", strong), share("discount", ~strong))
        ],
        "those who left for the price return more readily than those who left for the service": [
            differ(share("discount", dear), share("discount", ~dear))
        ],
        "a better service alone makes the longest second lives": [
            differ(lives["better service"], lives[name]) for name in ("discount", "both")
        ],
        "a discount with it brings most people back": [
            differ(returns["both"], returns[name]) for name in ("discount", "better service")
        ],
        "their second lives are the shortest": [
            differ(lives[name], lives["both"]) for name in ("discount", "better service")
        ],
    }
    checks = tuple(
        Check(
            name, all(beyond(d, e, 0.0) for d, e in pairs), ", ".join(f"{d:+.3f} ± {e:.3f}" for d, e in pairs)
        )
        for name, pairs in orders.items()
    )
    names = tuple(map(float, range(len(OFFERS))))
    shown = [tuple(float(x[0].sum() / x[1].sum()) for x in of.values()) for of in (returns, lives)]
    return Found(
        sum(check.held for check in checks) / len(checks),
        0.0,
        checks,
        {f"earned in a year with each who returns, {name}": x for name, x in earned.items()},
        Picture(
            "",
            "share who return; years they stay, of one",
            (Line("return", names, shown[0]), Line("second life", names, shown[1])),
            tuple(OFFERS),
        ),
    )


def _second_life(sample: Sample) -> np.ndarray:
    """Years for which everybody was back, at most one; 0 for those who did not come back."""
    people, away = sample.people, sample.outcome.absences
    away = away[away["back"] < LETTER + 30.0]
    who = np.searchsorted(people["id"], away["customer"])
    life = np.zeros(len(people))
    life[who] = np.clip(people["t_left"][who] - away["back"], 1e-9, YEAR) / YEAR
    return life


def _lengths(sample: Sample, asked: np.ndarray, life: np.ndarray) -> list[np.ndarray]:
    return [sample.blocks(asked * life), sample.blocks(asked & (life > 0.0))]


def _earned(sample: Sample, asked: np.ndarray, life: np.ndarray) -> float:
    """Revenue less the cost of care in the year after the letter, of each who returned."""
    rows = sample.touches
    rows = rows[(rows["t"] > LETTER) & (rows["t"] < LETTER + YEAR)]
    paid = (rows["revenue"] - rows["cost"]) / 100.0
    earned = np.bincount(rows["customer"] - sample.people["id"][0], weights=paid, minlength=len(life))
    return float(earned[asked & (life > 0.0)].mean())


WINNING_BACK = (
    Fact(
        22,
        "winning back",
        "A stronger first life means more returns; those who left for the price return more readily than those "
        "who left for the service; a better service makes the longest second life, a discount with it the most "
        "returns and the shortest.",
        "Kumar, Bhagwat & Zhang 2015",
        "S",
        "share of five orderings that hold",
        0.9,
        1.0,
        winning_back,
        holds=False,
        miss="A letter brings back by its discount; what is remembered of the first life moves a return by hundredths "
        "of a logit (`psychology.effect_on.buying` times the weight of affective commitment). That a better service "
        "waits, nobody believes who has not seen it: it lengthens second lives and adds no returns. And those whom "
        "the discount draws are hardly less bound than the others, so that second lives differ little.",
        staged="how often the better service shows",
    ),
)
