"""What people do because others did it: facts 7 and 14."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from scipy import stats

from sim.facts.fact import Check, Fact, Found, Line, Picture, beyond, jackknife
from sim.facts.lab import Lab, Sample

# ---------------------------------------------------------------- 7: hits
SONGS, WORLDS, PEOPLE = 48, 8, 700
FOLLOWS = {
    "independent": 0.0,
    "weak": 0.03,
    "strong": 0.3,
}  # by how much of itself a song's chance grows with a download
TIMES = 5


def hits(lab: Lab) -> Found:
    """Downloads of 48 songs in eight worlds, by how far people listen to what others have downloaded."""
    times = max(2, round(TIMES * lab.share))
    worlds = {
        name: [_worlds(lab, follows, replication) for replication in range(1, times + 1)]
        for name, follows in FOLLOWS.items()
    }
    merit = np.array([_quality(k) for k in range(SONGS)])
    ranks = np.array([np.mean([stats.spearmanr(merit, w).statistic for w in x]) for x in worlds["strong"]])
    unequal, apart = (
        {name: np.array([measure(x) for x in runs]) for name, runs in worlds.items()}
        for measure in (inequality, unpredictability)
    )
    strong = np.concatenate(worlds["strong"])
    places = np.argsort(np.argsort(-strong, axis=1), axis=1)  # 0: the most downloaded
    best, worst = places[:, -5:], places[:, :5]
    shown = tuple(range(SONGS))
    return Found(
        float(ranks.mean()),
        float(ranks.std(ddof=1) / math.sqrt(times)),
        (
            _rises("success is more unequal, the more people follow others", unequal),
            _rises("and less predictable", apart),
            Check(
                "the best rarely do badly, the worst rarely well",
                np.mean(best >= 36) < 0.1 and np.mean(worst < 12) < 0.1,
                f"{np.mean(best >= 36):.0%} of the best five end in the last quarter, "
                f"{np.mean(worst < 12):.0%} of the worst in the first",
            ),
        ),
        {f"Gini coefficient, {name}": float(x.mean()) for name, x in unequal.items()}
        | {f"mean difference of shares, {name}": float(x.mean()) for name, x in apart.items()},
        Picture(
            "songs, the best first",
            "share of all downloads, % (one world of each kind)",
            tuple(
                Line(name, tuple(map(float, shown)), tuple(100.0 * runs[0][0][::-1]))
                for name, runs in worlds.items()
            ),
        ),
    )


def _rises(name: str, of: dict[str, np.ndarray]) -> Check:
    means = [of[kind].mean() for kind in FOLLOWS]
    return Check(name, bool(np.all(np.diff(means) > 0.0)), ", ".join(f"{x:.4f}" for x in means))


def _quality(k: int) -> float:
    """Song k: the songs' qualities are evenly spaced."""
    return -0.5 + k / (SONGS - 1)


def _worlds(lab: Lab, follows: float, replication: int) -> np.ndarray:
    """Shares of the downloads: a row a world, a column a song."""
    changes: dict[str, object] = {"population.size": WORLDS * PEOPLE}
    for k in range(SONGS):
        song, download, counted = f"song_{k:02d}", f"download_{k:02d}", f"counted_{k:02d}"
        changes[f"signals.{counted}"] = {
            "kind": "popularity", "counts": download, "window": "forever", "refresh": "live",
        }  # fmt: skip
        changes[f"touchpoints.{song}"] = {"quality": {"mean": _quality(k), "sd": 0.3}}
        changes[f"touchpoints.{download}"] = {}
        steps = "journeys.listens.steps"
        changes[f"{steps}.list.next.{song}"] = {"weight": 1, "follows": {counted: follows}}
        changes[f"{steps}.{song}"] = {
            "next": {download: {"weight": 20, "pulls": {"valence": 1.5}}, "end": 80}
        }
        changes[f"{steps}.{download}"] = {"next": "end"}
    sample = lab.run("songs", changes, replication=replication, log=True)
    return _shares(sample)


def _shares(sample: Sample) -> np.ndarray:
    names = sample.program.touchpoint_names
    song = np.array([int(n[-2:]) if n.startswith("download") else -1 for n in names])[
        sample.touches["touchpoint"]
    ]
    world = sample.people["site"][sample.touches["customer"] - sample.people["id"][0]]
    counts = np.zeros((WORLDS, SONGS))
    np.add.at(counts, (world[song >= 0], song[song >= 0]), 1.0)
    return counts / counts.sum(axis=1, keepdims=True)


def inequality(shares: np.ndarray) -> float:
    """Mean Gini coefficient of the worlds."""
    n = shares.shape[1]
    weights = 2.0 * np.arange(1, n + 1) - n - 1.0
    return float(((np.sort(shares, axis=1) * weights).sum(axis=1) / (n * shares.sum(axis=1))).mean())


def unpredictability(shares: np.ndarray) -> float:
    """Mean difference of a song's shares in two worlds."""
    return float(np.mean([np.abs(a - b).mean() for a, b in combinations(shares, 2)]))


# ---------------------------------------------------------------- 14: referral
YEAR = 365.0
YEARS = 6  # for which those who join in the first year are followed


def referral(lab: Lab) -> Found:
    """Customers who came on a friend's word beside those who came on an advertisement in the same year."""
    size = {"population.size": lab.size(50_000), "segments.strangers.prospects": lab.size(100_000)}
    sample = lab.run("referral", size, log=True)
    people = sample.people
    new = (people["segment"] == sample.program.segment_names.index("strangers")) & (people["t_entry"] < YEAR)
    groups = new & (people["referred"] > 0), new & (people["referred"] == 0)
    since = np.where(new, people["t_entry"], 0.0)
    spent = _spent(sample, since)  # customers by years
    life = np.minimum(people["t_left"] - since, YEARS * YEAR) / YEAR
    lived = np.clip(life[:, None] - np.arange(YEARS), 0.0, 1.0)
    gone = (lived > 0.0) & (lived < 1.0)
    discounted = spent @ 1.1 ** -(np.arange(YEARS) + 0.5)
    worth = _blocks(sample, groups, [discounted, np.ones(len(people))])
    value, error = jackknife(worth, lambda s: (s[0] / s[1]) / (s[2] / s[3]))
    halves = [
        jackknife(_blocks(sample, groups, [gone[:, y].sum(axis=1), lived[:, y].sum(axis=1)]), _ratio)
        for y in (slice(0, 2), slice(2, 4))
    ]
    yearly = [
        [jackknife(_blocks(sample, groups, [of[:, y], lived[:, y]]), _ratio) for y in range(YEARS)]
        for of in (gone, spent)
    ]
    (first, first_error), (last, last_error) = (
        jackknife(_blocks(sample, groups, [spent[:, y].sum(axis=1), lived[:, y].sum(axis=1)]), _ratio)
        for y in (slice(0, 2), slice(4, 6))
    )
    return Found(
        value,
        error,
        (
            Check(
                "fewer of the referred leave, in the first two years and in the next two",
                all(beyond(ratio, e, 1.0, -1) for ratio, e in halves),
                ", ".join(f"hazard ratio {ratio:.2f} ± {e:.2f}" for ratio, e in halves),
            ),
            Check(
                "they spend more in the first two years, and that lead shrinks until the last two",
                beyond(first, first_error, 1.0) and last < first,
                f"{first:.3f} ± {first_error:.3f} and {last:.3f} ± {last_error:.3f} times",
            ),
        ),
        {f"hazard ratio in year {y + 1}": ratio for y, (ratio, _) in enumerate(yearly[0])}
        | {"referred customers": float(groups[0].sum())},
        Picture(
            "year as a customer",
            "referred customers, others = 1",
            tuple(
                Line(name, tuple(map(float, range(1, YEARS + 1))), tuple(ratio for ratio, _ in line))
                for name, line in zip(("hazard of leaving", "spending while there"), yearly, strict=True)
            ),
        ),
    )


def _ratio(s: np.ndarray) -> float:
    """Rate of the referred over that of the others."""
    return float((s[0] / s[1]) / (s[2] / s[3]))


def _blocks(sample: Sample, groups: Sequence[np.ndarray], numbers: Sequence[np.ndarray]) -> np.ndarray:
    """Sums of the numbers in each group (columns), in blocks of people (rows)."""
    return np.column_stack([sample.blocks(group * x) for group in groups for x in numbers])


def _spent(sample: Sample, since: np.ndarray) -> np.ndarray:
    """What everybody spent in each year after a day of their own; the order with which they joined is left out."""
    rows = sample.touches
    who = np.searchsorted(sample.people["id"], rows["customer"])
    year = np.ceil((rows["t"] - since[who]) / YEAR).astype(int) - 1
    spent = np.zeros((len(sample.people), YEARS))
    within = (rows["t"] > since[who]) & (year < YEARS)
    np.add.at(spent, (who[within], year[within]), rows["revenue"][within] / 100.0)
    return spent


FRIENDS = (
    Fact(
        7,
        "social influence makes hits",
        "In eight worlds of 700 people and 48 songs, seeing what others chose made success more unequal and less "
        "predictable, the more so the stronger the influence; the best rarely did badly.",
        "Salganik, Dodds & Watts 2006",
        "S",
        "rank correlation of quality and success under strong social influence",
        0.3,
        0.9,
        hits,
        staged="how far people follow others, how many songs they listen to, how much these differ",
    ),
    Fact(
        14,
        "referred customers stay",
        "Referred customers are at least 16 % more valuable; their advantage in margin fades, that in "
        "retention stays.",
        "Schmitt, Skiera & Van den Bulte 2011",
        "S",
        "value of a referred customer over that of one who came on an advertisement, in six years",
        1.10,
        1.25,
        referral,
        miss="The two leads fade together, with the touches that follow the first, because one bond carries both; "
        "published, that in margin was gone after three years and that in retention was not.",
        staged="how often people are in touch with the brand, and how many leave",
        used_for=("psychology.referral_bond",),
    ),
)
