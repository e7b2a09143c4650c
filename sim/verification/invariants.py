"""A7: what no run may depend on: the same rows of the log, whatever is reordered, rescaled or without effect."""

import copy
from typing import Any

import numpy as np

from sim.engine import ENGINES, Outcome, Program
from sim.model.layout import CUSTOMER, DAY
from sim.scenario import parse
from sim.verification.bench import Bench, Identity, Limit, Observations, quantity

TIMES = ("t", "wait")
NAMED = ("step", "touchpoint", "stream", "trigger")


def market(customers: int, slower: float = 1.0) -> dict[str, Any]:
    """A business with everything in it, all its times so many times as long, and no hour of the week."""

    def span(x: float) -> str:
        return f"{x * slower} d"

    def rate(x: float) -> str:
        return f"{x / slower} per d"

    emotions = ("joy", "frustration", "resentment")
    fading = ("goodwill", "obligation", "gift_habit", "scarcity", "grievance")
    return {
        "name": "Market",
        "horizon": span(40),
        "warm_up": span(10),
        "active_if": {"bought_within": span(20)},
        "population": {"size": customers, "site": 100},
        "customers": {
            "needs": {"gamma": {"shape": 4, "scale": rate(0.1)}, "regularity": 1.5},
            "leaves": {"gamma": {"shape": 2, "scale": rate(0.003)}},
            "reconsiders": rate(0.2),
            "spends": {"mean": 10, "cv": 0.4},
            "reactivity": {"mean": 1, "cv": 0.3},
        },
        "segments": {"everybody": {"share": 1}},
        "staff": {"clerks": {"servers": 2}},
        "stock": {"goods": {"start": 40, "refill": {"every": span(1), "to": 40}, "shown": span(0.25)}},
        "signals": {
            "stars": {"kind": "reviews", "start": {"count": 10, "average": 4.2}, "refresh": span(1)},
            "bustle": {"kind": "popularity", "counts": "order", "window": span(3), "refresh": span(0.5)},
        },
        "touchpoints": {
            "order": {
                "stage": "purchase",
                "quality": {"mean": 0.1, "sd": 0.3},
                "feels": {"joy": {"mean": 0.3, "sd": 0.1}},
                "fails": {"chance": 0.1, "severity": 0.4, "feels": {"frustration": 0.5}},
                "gave_up": {"feels": {"resentment": 0.3}},
                "sells": {"price": "own_spend"},
                "draws": "goods",
                "staff": {
                    "pool": "clerks",
                    "service": {"gamma": {"mean": span(0.03), "cv": 0.6}},
                    "patience": {"exponential": {"mean": span(0.1)}},
                },
                "triggers": {
                    "last": {"kind": "scarcity", "cue": "supply", "reads": "goods", "below": 15},
                    "busy": {"kind": "social_proof", "reads": "bustle"},
                },
            },
            "apology": {"empathy": 0.6, "recovers": 0.5},
            "review": {"writes": "stars", "triggers": {"rating": {"kind": "social_proof", "reads": "stars"}}},
            "gift": {"cost": 1, "triggers": {"present": {"kind": "reciprocity", "worth": 3}}},
            "farewell": {},
        },
        "journeys": {
            "visit": {
                "starts_on": {"need": {"becomes": "order", "usually": 0.7}},
                "steps": {
                    "order": {
                        "next": {
                            "review": {
                                "weight": 30,
                                "after": {"exponential": {"mean": span(1)}},
                                "pulls": {"joy": 1},
                            },
                            "end": 70,
                        },
                        "if_failed": {"apology": 80, "end": 20},
                    },
                    "apology": {"next": "end"},
                    "review": {"next": "end"},
                },
            },
            "cancel": {
                "starts_on": {"leaving": {"becomes": "farewell"}},
                "steps": {"farewell": {"next": {"leave": 60, "end": 40}}},
            },
        },
        "campaigns": {
            "thanks": {
                "picks": {"every": span(5), "chance": 0.3},
                "gives": {"touchpoint": "gift", "at": "order"},
            }
        },
        "psychology": {
            "emotions": {name: {"half_life": span(0.4)} for name in emotions},
            "waiting_scale": span(0.01),
            "scarcity_deadline": span(3),
            "episode_gap": span(0.5),
        }
        | {f"{name}_half_life": span(15) for name in fading},
    }


# ---------------------------------------------------------------- comparing logs
def differing(
    one: tuple[Program, np.ndarray], other: tuple[Program, np.ndarray], slower: float = 1.0
) -> float:
    """How many rows of two logs differ in any bit, names in the place of their numbers.

    The times of the second are `slower` times those of the first; a power of two, so that rounding is the same.
    """
    (program, rows), (program2, rows2) = one, other
    if len(rows) != len(rows2):
        return float(max(len(rows), len(rows2)))
    wrong = np.zeros(len(rows), bool)
    for field in rows.dtype.fields or ():
        x, y = rows[field], rows2[field]
        if field in NAMED:
            x, y = _named(program, field, x), _named(program2, field, y)
        if field in TIMES:
            x = x * x.dtype.type(slower)
        wrong |= x != y
    return float(wrong.sum())


def _named(program: Program, field: str, numbers: np.ndarray) -> np.ndarray:
    names = getattr(program, f"{field}_names")
    return np.array(["", *names])[numbers.astype(int) + 1]


def _run(bench: Bench, data: dict[str, Any]) -> tuple[Program, np.ndarray]:
    program, _, rows = bench.rows(parse(data))
    return program, rows


def reverse(node: Any) -> Any:
    """The same data with every mapping in reverse order."""
    if isinstance(node, dict):
        return {key: reverse(value) for key, value in reversed(node.items())}
    return node


def _with_nothing(data: dict[str, Any]) -> dict[str, Any]:
    """The market with a trigger that has no strength."""
    data = copy.deepcopy(data)
    nothing = {"kind": "scarcity", "cue": "time", "until": "30 d", "strength": 0}
    data["touchpoints"]["order"]["triggers"]["nothing"] = nothing
    return data


def _split(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"segments": {"one": {"share": 0.5}, "other": {"share": 0.5}}}


SAME = {
    "with a trigger of strength 0": _with_nothing,
    "with everything declared in reverse order": reverse,
    "with the segment split in two equal halves": _split,
}
SLOWER, FACTOR, OTHER = "with all times 8 times as long", 8.0, "in the other engine"


def rows_that_differ(bench: Bench) -> Observations:
    """Rows of the market's log that are not the same."""
    customers = bench.size(4_000, 200)
    data = market(customers)
    plain = _run(bench, data)
    seen = {name: differing(plain, _run(bench, change(data))) for name, change in SAME.items()}
    seen[SLOWER] = differing(plain, _run(bench, market(customers, FACTOR)), FACTOR)
    one, other = (_run(Bench(engine, bench.seed), market(200)) for engine in ENGINES)
    seen[OTHER] = differing(one, other)
    return {f"rows that differ {name}": np.array([n]) for name, n in seen.items()}


LOGS = Limit(
    "A7",
    "one log",
    tuple(Identity(f"rows that differ {name}", 0.0) for name in (*SAME, SLOWER, OTHER)),
    rows_that_differ,
)


# ---------------------------------------------------------------- books
def growing(customers: int) -> dict[str, Any]:
    """The market, with people who come from outside and people who hear of it."""
    data = market(customers)
    data["enters"] = {"stream": {"rate": "2 per d"}}
    data["segments"] = data["segments"] | {
        "strangers": {"prospects": "20 per site", "hears_of_us": "0.1 per d"}
    }
    data["journeys"] = data["journeys"] | {
        "news": {"starts_on": {"awareness": {"becomes": "order"}}, "steps": {"order": {"next": "end"}}},
        "arrival": {"starts_on": {"entry": {"becomes": "order"}}, "steps": {"order": {"next": "end"}}},
    }
    return data


def conserved(bench: Bench) -> Observations:
    """There before or acquired, less those still there and those who left."""
    outcome: Outcome = bench.sample(growing(bench.size(4_000, 200)), log=False).outcome
    people, daily = outcome.people, outcome.daily.sum(axis=(0, 1))
    known = int(people["founding"].sum()) + int(daily[DAY["entered"]])
    present = int(np.sum(people["status"] == CUSTOMER))
    left = int(daily[DAY["left"]])
    return {"acquired - present - left": np.array([known - present - left])}


BOOKS = Limit(
    "A7",
    "customers are conserved",
    (Identity("acquired - present - left", 0.0),),
    conserved,
)


def numbers(bench: Bench) -> Observations:
    """Orders of customer n + i less those of customer i: numbers of customers are names, not traits."""
    data = market(2 * bench.size(10_000, 100))
    for shared in ("staff", "stock", "signals"):  # so that customers are independent
        del data[shared]
    order = data["touchpoints"]["order"]
    for shared in ("staff", "draws", "triggers", "gave_up"):
        del order[shared]
    data["touchpoints"]["review"] = {}
    orders = bench.sample(data, log=False).people["n_order"].astype(float)
    half = len(orders) // 2
    return {"orders of the later half - the earlier": orders[half:] - orders[:half]}


NUMBERS = Limit(
    "A7",
    "numbers of customers",
    (quantity("orders of the later half - the earlier", 0.0, 1.0, "an order more"),),
    numbers,
)

INVARIANTS: tuple[Limit, ...] = (LOGS, BOOKS, NUMBERS)
