"""Fact 25: the randomised mailing of Hillstrom's challenge, whose data do not ship with the project."""

from __future__ import annotations

import csv
import gzip
import math
import zlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import UsageError
from sim.facts.fact import Check, Fact, Found, Line, NeedsData, Picture
from sim.facts.lab import Lab

ARMS = ("No E-Mail", "Mens E-Mail", "Womens E-Mail")
MEASURES = ("visit", "conversion", "spend")
DAYS = 14.0  # over which the challenge counted
REPLICATIONS = 2


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
    """Rates set from one half of the customers; uplifts of the other half must cover what is then simulated."""
    if lab.hillstrom is None:
        raise NeedsData("needs data: --hillstrom PATH")
    known, held_out = read_halves(lab.hillstrom)
    simulated = np.array([_simulated(lab, known.mean, arm) for arm in range(len(ARMS))])
    names, inside, within, published, shown = [], 0, [], [], []
    for arm in (1, 2):
        for k, measure in enumerate(MEASURES):
            uplift, error = held_out.uplift(arm, k)
            _, error_known = known.uplift(arm, k)  # the rates are estimates, too
            error = math.hypot(error, error_known)
            ours = float(simulated[arm, k] - simulated[0, k])
            inside += abs(ours - uplift) <= 1.96 * error
            name = f"{ARMS[arm].split()[0].lower()} {measure}"
            within.append(f"{name} {ours:.4f} in {uplift - 1.96 * error:.4f} to {uplift + 1.96 * error:.4f}")
            names.append(f"{ARMS[arm][0]}. {measure}")
            published.append(1.0)
            shown.append(ours / uplift)
    cells = np.abs(simulated - held_out.mean) <= 1.96 * np.sqrt(held_out.variance + known.variance)
    return Found(
        float(inside),
        0.0,
        (
            Check(
                "8 of the 9 means of arms in their intervals",
                int(cells.sum()) >= 8,
                f"{int(cells.sum())} of 9",
            ),
        ),
        {
            text.split(" in ")[0].rsplit(" ", 1)[0]: float(text.split(" in ")[0].rsplit(" ", 1)[1])
            for text in within
        },
        Picture(
            "",
            "uplift, half held out = 1",
            (
                Line("half held out", tuple(map(float, range(6))), tuple(published)),
                Line("simulated", tuple(map(float, range(6))), tuple(shown)),
            ),
            tuple(names),
        ),
    )


def read_halves(path: Path) -> tuple[Half, Half]:
    """The customers of the challenge, cut in two by a hash of the line number.

    Raises UsageError for a file that is something else.
    """
    open_text: Any = partial(gzip.open if path.suffix == ".gz" else open, path, "rt", encoding="utf-8")
    try:
        with open_text() as file:
            rows = [
                (ARMS.index(r["segment"]), *(float(r[m]) for m in MEASURES)) for r in csv.DictReader(file)
            ]
    except (KeyError, ValueError, OSError) as error:
        raise UsageError(f"{path}: is not the data of Hillstrom's challenge: {error}") from error
    table = np.array(rows)
    first = np.array([zlib.crc32(f"customer {k}".encode()) & 1 for k in range(len(rows))], dtype=bool)
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


def _simulated(lab: Lab, mean: np.ndarray, arm: int) -> tuple[float, float, float]:
    """Shares who visit and who order, and mean spend, of one arm."""
    totals = np.zeros(3)
    for k in range(1, REPLICATIONS + 1):
        sample = lab.run(
            "mailing", rates(mean, arm) | {"population.size": lab.size(100_000)}, replication=k, log=True
        )
        visited, ordered = sample.at("site"), sample.at("order")
        n = len(sample.people)
        totals += (
            len(np.unique(visited["customer"])) / n,
            len(np.unique(ordered["customer"])) / n,
            ordered["revenue"].sum() / 100.0 / n,
        )
    visits, orders, spend = totals / REPLICATIONS
    return float(visits), float(orders), float(spend)


MAILING = (
    Fact(
        25,
        "mails bring orders",
        "Of 64,000 customers at random a third got a mail about men's clothes, a third about women's: visits "
        "rose by 0.077 and 0.045, orders by 0.0068 and 0.0031, spending by 0.77 and 0.42 each.",
        "Hillstrom 2008",
        "C",
        "uplifts (of six: visits, orders, spending in two arms) in the 95 % interval that the two halves of the "
        "customers allow: one sets the rates, the other is compared",
        5.0,
        6.0,
        mailing,
    ),
)
