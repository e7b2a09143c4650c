"""Fact 25: the randomised mailing of Hillstrom's challenge, whose data do not ship with the project."""

from __future__ import annotations

import csv
import gzip
import math
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import UsageError
from sim.facts.fact import Check, Fact, Found, Line, NeedsData, Picture
from sim.facts.lab import Lab

ARMS = ("No E-Mail", "Mens E-Mail", "Womens E-Mail")
MEASURES = ("visit", "conversion", "spend")
DAYS = 14.0  # over which the challenge counted
CUTS = 4  # ways to cut the customers in two


@dataclass(frozen=True)
class Half:
    """Means and their variances of a half of the customers: arms by measures."""

    mean: np.ndarray
    variance: np.ndarray

    def uplift(self, arm: int, measure: int) -> tuple[float, float]:
        """What a mail added, and its standard error."""
        change = self.mean[arm, measure] - self.mean[0, measure]
        return float(change), math.sqrt(self.variance[arm, measure] + self.variance[0, measure])


def mailing(lab: Lab) -> Found:
    """Rates set from one half of the customers; what is then simulated, beside the other half; four times over."""
    if lab.hillstrom is None:
        raise NeedsData("needs data: --hillstrom PATH")
    table = read(lab.hillstrom)
    uplifts, means, shown = [], [], np.zeros((2, 2, len(MEASURES)))
    for cut in range(CUTS):
        known, held_out = halves(table, cut)
        found = simulated(lab, known.mean)
        # chance in three: the rates are estimates, the other half is a sample, and so is what was simulated
        noise = Half(found.mean, known.variance + held_out.variance + found.variance)
        means.append(np.sum(np.abs(found.mean - held_out.mean) <= 1.96 * np.sqrt(noise.variance)))
        pairs = [
            (arm, k, *noise.uplift(arm, k), held_out.uplift(arm, k)[0]) for arm in (1, 2) for k in range(3)
        ]
        uplifts.append(sum(abs(ours - theirs) <= 1.96 * error for _, _, ours, error, theirs in pairs))
        for arm, k, ours, _, theirs in pairs:
            shown[:, arm - 1, k] += np.array([theirs, ours]) / CUTS
    bars = tuple(map(float, range(6)))
    labels = tuple(f"{arm[0]}. {measure}" for arm in ARMS[1:] for measure in MEASURES)
    return Found(
        float(np.mean(uplifts)),
        0.0,
        (
            Check(
                "8 of the 9 means of arms in their intervals, on average",
                float(np.mean(means)) >= 8.0,
                f"{np.mean(means):.2f} of 9",
            ),
        ),
        {label: float(x) for label, x in zip(labels, shown[1].ravel(), strict=True)},
        Picture(
            "",
            "uplift, half held out = 1",
            (
                Line("half held out", bars, (1.0,) * 6),
                Line("simulated", bars, tuple(map(float, (shown[1] / shown[0]).ravel()))),
            ),
            labels,
        ),
    )


def read(path: Path) -> np.ndarray:
    """The customers of the challenge: arm, visit, conversion, spend. Raises UsageError for a file of something else."""
    open_text: Any = partial(gzip.open if path.suffix == ".gz" else open, path, "rt", encoding="utf-8")
    try:
        with open_text() as file:
            rows = [
                (ARMS.index(r["segment"]), *(float(r[m]) for m in MEASURES)) for r in csv.DictReader(file)
            ]
    except (KeyError, ValueError, OSError, EOFError) as error:
        raise UsageError(f"{path}: is not the data of Hillstrom's challenge: {error}") from error
    return np.array(rows)


def halves(table: np.ndarray, cut: int) -> tuple[Half, Half]:
    """The customers cut in two by a hash of the cut and the line number."""
    first = np.array([blake2b(b"%d %d" % (cut, k)).digest()[0] & 1 for k in range(len(table))], dtype=bool)
    return _half(table[first]), _half(table[~first])


def _half(table: np.ndarray) -> Half:
    parts = [table[table[:, 0] == arm, 1:] for arm in range(len(ARMS))]
    return Half(
        np.array([part.mean(axis=0) for part in parts]),
        np.array([part.var(axis=0, ddof=1) / len(part) for part in parts]),
    )


def rates(mean: np.ndarray, arm: int) -> dict[str, object]:
    """The scenario's rates that give an arm's means: visits of one's own, visits by mail, orders of each, spend."""
    visits, orders, spend = mean[arm]
    own, mine = mean[0, 0], mean[0, 1] / mean[0, 0]
    need = -math.log(1.0 - own) / DAYS
    changed: dict[str, object] = {"customers.needs": f"{need} per d"} | _edges("errand", mine)
    changed["touchpoints.order.sells.price"] = round(float(spend / orders), 2)
    if arm == 0:
        return changed | {"campaigns.mailing.starts": "900 d", "campaigns.mailing.ends": "901 d"}
    by_mail = (visits - own) / (1.0 - own)  # of those who would not have come
    each = (orders - mean[0, 1]) / by_mail
    changed |= {
        f"journeys.answer.steps.mail.next.{k}": 100.0 * w
        for k, w in (("site", by_mail), ("end", 1 - by_mail))
    }
    return changed | _edges("answer", min(1.0, max(1e-6, float(each))))


def _edges(journey: str, share: float) -> dict[str, object]:
    path = f"journeys.{journey}.steps.site.next"
    return {f"{path}.order": 100.0 * float(share), f"{path}.end": 100.0 * (1.0 - float(share))}


def simulated(lab: Lab, mean: np.ndarray) -> Half:
    """Visits, orders and spending of simulated customers in three arms, at the rates that give these means."""
    rows = []
    for arm in range(len(ARMS)):
        sample = lab.run("mailing", rates(mean, arm) | {"population.size": lab.size(50_000)}, log=True)
        visits, orders = sample.at("site"), sample.at("order")
        who = [x["customer"] - sample.people["id"][0] for x in (visits, orders)]
        spend = np.bincount(who[1], weights=orders["revenue"] / 100.0, minlength=len(sample.people))
        came, bought = (np.bincount(w, minlength=len(sample.people)) > 0 for w in who)
        rows.append(np.column_stack([np.full(len(spend), arm), came, bought, spend]))
    return _half(np.concatenate(rows))


MAILING = (
    Fact(
        25,
        "mails bring orders",
        "Of 64,000 customers at random a third got a mail about men's clothes, a third about women's: visits "
        "rose by 0.077 and 0.045, orders by 0.0068 and 0.0031, spending by 0.77 and 0.42 each.",
        "Hillstrom 2008",
        "C",
        "uplifts (of six: visits, orders, spending in two arms) in the 95 % interval around those of customers who "
        "did not set the rates; mean of four ways to cut them in two",
        5.0,
        6.0,
        mailing,
    ),
)
