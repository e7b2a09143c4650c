"""The world: everything the model functions read and write, as one plain bundle of arrays."""

import numpy as np

from sim.model.bundle import Bundle

STATIC = (
    "streams", "steps", "edges", "pulls", "follows", "touchpoints", "feels", "triggers", "emotions", "segments",
    "signals", "campaigns", "programmes", "tiers", "site_size", "samplers", "knots", "calendar_at",
    "calendar_sum", "calendar_start", "calendar_hint", "calendar_offset", "calendar_season", "season_sum",
    "season_base", "season_factor", "psyche", "times", "fit", "surveys",
)  # fmt: skip
"""The program's arrays; ``times`` holds (horizon, weekday of day 0, active_within, renewal period,
whether first renewals are spread, whether newcomers enter with a need, start of the warm-up);
``fit`` is f8[segments, touchpoints]: how far each segment likes each touchpoint's channel."""

CHANGING = (
    "people",  # PERSON[customers]
    "shift",  # i8[64]: an id less its place in people, see places.place_of
    "pool",  # PENDING[nodes]
    "picked",  # f8[customers, campaigns]: time of the last pick
    "spent",  # i8[campaigns, 4]: cents in this budget period, picks, cents in all, number of the period
    "cards",  # CARD[customers, programmes]
    "books",  # i8[programmes, programme.BOOKS]
    "handed",  # i8[campaigns]: gifts handed over
    "published",  # f8[sites, signals]: what everybody sees
    "published_count",  # f8[sites, signals]
    "shelf",  # f8[sites, stocks]: the stock on show
    "stars",  # i8[sites, signals, 2]: sum and number of reviews written
    "faked",  # u1[sites, signals]: fakes were on show at the last refresh; no sites where nothing is faked
    "counted",  # i8[sites, signals, bins + 1]: orders in each refresh of the window
    "friends_at",  # i8[customers + 1]: where the friends of each begin; empty without a network
    "friends",  # i4[ties, twice]: places in people
    "mail",  # MAIL[words]: what friends were told since the last whole day; empty without a network
    "heard",  # HEARD[customers]: what friends have said; empty without a network
    "adopted",  # i8[sites, 2]: people who have ever become customers, people
    "daily",  # i8[days, segments, DAILY]
    "touches",  # i8[segments, touchpoints, OUTCOMES]
    "felt",  # i8[touchpoints, 3]: millionths of valence, perceived quality, mood after
    "log",  # LOG[rows]
    "tally",  # i8[len(TALLY)]
    "ask",  # ASK[1]: what the customer just asked of the engine
    "key",  # u8[1]: of the run
    "faded",  # FADED[EMOTIONS + 6]: see feelings.left_of
    "piloted",  # i8[segments, len(PILOTED)] in a pilot, else i8[0, ...]: see sim.model.pilot
    "answered",  # i8[segments, questions, SCORES + 2] where a touchpoint asks, else no segments
    "learnt",  # i8[touchpoints] where the brand learns, else none: millionths of `learns`, added up
    "failing",  # f8[touchpoints]: what is left of the chance to fail, as of the last day
    "script",  # SCRIPT[1] where a touchpoint is written in Python, else none
    "absences",  # ABSENCE[rows]: of those who came back, where a campaign wins people back
)
FIELDS = STATIC + CHANGING

# World.tally
LOGGED, EVENTS, LEVEL, FREE, USED, CAPPED, LOST, OVERRUN, BACK, MAILED = np.arange(10)
TALLY = (
    "rows in the log", "events", "log level", "first free node", "nodes in use", "capped hazards",
    "hazard lost to the cap, millionths", "indices that ran out", "absences that ended", "words on their way",
)  # fmt: skip
NO_LOG, LOG_EVENTS, LOG_ALL = np.arange(3)  # log level; LOG_ALL adds decisions without a consequence


class World(Bundle):
    """The arrays named in FIELDS, for the model."""

    FIELDS = FIELDS


def make_world(arrays: dict) -> World:
    """A World of the arrays, which must be exactly the FIELDS."""
    if set(arrays) != set(FIELDS):
        raise ValueError(f"a world needs {sorted(set(FIELDS) ^ set(arrays))}")
    return World(*(arrays[name] for name in FIELDS))
