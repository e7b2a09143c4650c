"""Does the plain program do the same work as our engines? Their draws differ, so their totals differ by chance.

    python -m benchmarks.same_work [--engine reference] [--replications 8] [--days 60] [--warm-up 14]

Both sides run independent replications of one shop. For each quantity the difference of the two means is
compared with its standard error (Welch's t). The allowance is the quantile that all quantities together
exceed by chance once in ``RISK`` checks, so it comes from the sample size alone: more replications, sharper.
"""

import argparse
import json
import math
import statistics

import numpy as np
from scipy import stats

from benchmarks import engines, plain_simpy
from benchmarks.plain_simpy import OUTCOMES, Shop
from sim.model.layout import CUSTOMER, DAILY

RISK = 1e-4  # of a false alarm, over all quantities of one check
BELIEFS = ("satisfaction", "expectation", "trust", "affective", "goodwill", "grievance")
TOTALS = ("needs", "declined", "entered", "left", "orders", "revenue", "margin", "cost", "reconsidered")


def ours(outcome, names) -> dict[str, float]:
    """What came of one replication of ours, by name."""
    found = {f"{name} of day 0 on": float(outcome.daily[..., DAILY.index(name)].sum()) for name in TOTALS}
    touches = outcome.touches.sum(axis=0)
    found |= {
        f"{name} {OUTCOMES[k]}": float(touches[i, k])
        for i, name in enumerate(names)
        for k in range(len(OUTCOMES))
    }
    found["events"] = float(outcome.events)
    found["valence of a touch"] = float(outcome.felt[:, 0].sum() / 1e6 / touches.sum())
    found["mood after a touch"] = float(outcome.felt[:, 2].sum() / 1e6 / touches.sum())
    people = outcome.people[outcome.people["status"] == CUSTOMER]
    return found | {f"{name} at the end": float(people[name].astype(float).mean()) for name in BELIEFS}


def theirs(shop: Shop) -> dict[str, float]:
    """What came of one replication of the plain program, under the same names."""
    results = shop.results()
    found = {f"{name} of day 0 on": float(results.get(name, 0)) for name in TOTALS}
    found |= {
        f"{place.name} {OUTCOMES[k]}": float(n) for place in shop.places for k, n in enumerate(place.counts)
    }
    found["events"] = float(shop.events)
    found["valence of a touch"] = sum(place.valence for place in shop.places) / shop.touches
    found["mood after a touch"] = sum(place.mood for place in shop.places) / shop.touches
    people = [person for person in shop.people if person.customer and not person.left]
    return found | {
        f"{name} at the end": statistics.fmean(getattr(person, name) for person in people) for name in BELIEFS
    }


def rates(program) -> dict[str, tuple[float, float]]:
    """What our pilot solved for each segment, as the plain program takes it."""
    return {name: (solved.leave_scale, solved.choice_shift) for name, solved in program.base_rates.items()}


def welch(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """(difference of the means in standard errors, degrees of freedom)."""
    va, vb = a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)
    if va + vb == 0.0:
        return (0.0 if a.mean() == b.mean() else math.inf), 1.0
    freedom = (va + vb) ** 2 / (va**2 / (len(a) - 1) + vb**2 / (len(b) - 1))
    return (b.mean() - a.mean()) / math.sqrt(va + vb), freedom


def compare(engine: str, replications: int, days: int, warm_up: int, ours_more: int = 1) -> list[dict]:
    """A row for each quantity: both means, their difference in standard errors, and what is allowed.

    ``ours_more``: how many times as many replications our engine makes, where it is the faster side.
    """
    program = engines.program(plain_simpy.SITE, days, warm_up)
    names = program.touchpoint_names
    one = [ours(engines.run(engine, program, k), names) for k in range(replications * ours_more)]
    two = []
    for k in range(replications):
        shop = Shop(plain_simpy.SITE, days, warm_up, seed=k, rates=rates(program))
        shop.run()
        two.append(theirs(shop))
    met = [name for name in one[0] if any(row[name] for row in (*one, *two))]
    rows = []
    for name in met:
        a, b = (np.array([row[name] for row in side]) for side in (one, two))
        difference, freedom = welch(a, b)
        allowed = float(stats.t.isf(RISK / 2 / len(met), freedom))
        rows.append(
            {
                "quantity": name,
                "ours": float(a.mean()),
                "plain": float(b.mean()),
                "standard_errors": float(difference),
                "allowed": allowed,
                "agrees": bool(abs(difference) <= allowed),
            }
        )
    return rows


def table(rows: list[dict]) -> str:
    """The comparison to read."""
    lines = [f"{'quantity':<26}{'ours':>14}{'plain':>14}{'std. errors':>13}{'allowed':>9}"]
    lines += [
        f"{r['quantity']:<26}{r['ours']:>14,.4g}{r['plain']:>14,.4g}{r['standard_errors']:>13.2f}{r['allowed']:>9.2f}"
        + ("" if r["agrees"] else "  DIFFERS")
        for r in rows
    ]
    return "\n".join(lines)


def main() -> None:
    """Print the comparison; exit with 1 if a quantity differs by more than chance allows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engine", default=engines.engines()[0], choices=engines.engines())
    parser.add_argument("--replications", type=int, default=8)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--warm-up", type=int, default=14)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = compare(options.engine, options.replications, options.days, options.warm_up)
    print(json.dumps(rows, indent=2) if options.json else table(rows))
    raise SystemExit(not all(row["agrees"] for row in rows))


if __name__ == "__main__":
    main()
