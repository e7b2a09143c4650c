"""The world: everything the model functions read and write, as one plain bundle of arrays.

A numba structref, because one bundle crosses from Python to compiled code ten times faster than its
arrays would one by one. With ``NUMBA_DISABLE_JIT=1`` it is an ordinary object with the same fields.
"""

import numba
import numpy as np
from numba.experimental import structref

STATIC = (
    "streams", "steps", "edges", "pulls", "touchpoints", "feels", "triggers", "emotions", "segments",
    "signals", "campaigns", "site_size", "samplers", "knots", "calendar_at", "calendar_sum", "calendar_start", "psyche",
    "times",
)  # fmt: skip
"""The program's arrays; ``times`` holds (horizon, weekday of day 0, active_within, renewal period,
whether first renewals are spread, whether newcomers enter with a need, start of the warm-up)."""

CHANGING = (
    "people",  # PERSON[customers]
    "pool",  # PENDING[nodes]
    "picked",  # f8[customers, campaigns]: time of the last pick
    "spent",  # i8[campaigns, 4]: cents in this budget period, picks, cents in all, number of the period
    "handed",  # i8[campaigns]: gifts handed over
    "published",  # f8[sites, signals]: what everybody sees
    "published_count",  # f8[sites, signals]
    "shelf",  # f8[sites, stocks]: the stock on show
    "stars",  # i8[sites, signals, 2]: sum and number of reviews written
    "counted",  # i8[sites, signals, bins + 1]: orders in each refresh of the window
    "daily",  # i8[days, segments, DAILY]
    "touches",  # i8[segments, touchpoints, OUTCOMES]
    "felt",  # i8[touchpoints, 3]: millionths of valence, perceived quality, mood after
    "log",  # LOG[rows]
    "tally",  # i8[len(TALLY)]
    "ask",  # ASK[1]: what the customer just asked of the engine
    "key",  # u8[1]: of the run
)
FIELDS = STATIC + CHANGING

# World.tally
LOGGED, EVENTS, LEVEL, FREE, USED, CAPPED, LOST, OVERRUN = np.arange(8)
TALLY = (
    "rows in the log", "events", "log level", "first free node", "nodes in use", "capped hazards",
    "hazard lost to the cap, millionths", "indices that ran out",
)  # fmt: skip
NO_LOG, LOG_EVENTS, LOG_ALL = np.arange(3)  # log level; LOG_ALL adds decisions without a consequence

if numba.config.DISABLE_JIT:

    class World:
        """Plain bundle of the arrays named in FIELDS, in that order."""

        def __init__(self, *arrays):
            for name, array in zip(FIELDS, arrays, strict=True):
                setattr(self, name, array)

else:

    @structref.register
    class WorldType(numba.types.StructRef):
        """Numba's view of a World."""

        def preprocess_fields(self, fields):
            """The types of the fields, without what is known of literal values."""
            return tuple((name, numba.types.unliteral(kind)) for name, kind in fields)

    class World(structref.StructRefProxy):
        """Compiled bundle of the arrays named in FIELDS, in that order."""

        def __new__(cls, *arrays):
            """A bundle of the arrays in the order of FIELDS."""
            return structref.StructRefProxy.__new__(cls, *arrays)

    structref.define_proxy(World, WorldType, list(FIELDS))


def make_world(arrays: dict) -> World:
    """A World of the arrays, which must be exactly the FIELDS."""
    if set(arrays) != set(FIELDS):
        raise ValueError(f"a world needs {sorted(set(FIELDS) ^ set(arrays))}")
    return World(*(arrays[name] for name in FIELDS))
