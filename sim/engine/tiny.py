"""A small world with everything in it: running it compiles an engine, or loads what was compiled before."""

from functools import cache

from sim.engine.program import Program, lower
from sim.scenario import parse

_SCENARIO = {
    "name": "tiny",
    "horizon": "2 d",
    "warm_up": "1 d",
    "as_stated": False,
    "population": {"size": 1},
    "customers": {"needs": {"mean": "1 per d"}, "leaves": {"mean": "10 % per year"}},
    "staff": {"clerks": {"servers": 1}},
    "stock": {"goods": {"start": 1, "refill": {"every": "1 d", "to": 1}}},
    "signals": {"stars": {"kind": "reviews", "refresh": "1 d", "scope": "brand"}},
    "touchpoints": {
        "shop": {"stage": "purchase", "draws": "goods", "staff": {"pool": "clerks", "service": "1 min"}},
        "mail": {"stage": "use", "channel": "email"},
    },
    "journeys": {"visit": {"starts_on": {"need": {"becomes": "shop"}}, "steps": {"shop": {"next": "end"}}}},
    "campaigns": {"news": {"picks": {"every": "1 d"}, "sends": {"touchpoint": "mail"}}},
}


@cache
def tiny_program() -> Program:
    """A program of one customer who needs staff and stock, with a campaign and a signal."""
    return lower(parse(_SCENARIO))
