"""A world that uses everything at once: what holds for each mechanism holds for all of them together."""

import copy
import json
from pathlib import Path

import pytest
from worlds import agreeing, merged

from sim.engine import lower, simulate_logged
from sim.model import layout
from sim.model.layout import CAMPAIGNS, DAY, TOUCH
from sim.scenario import parse

WORLD = {
    "name": "Everything",
    "starts": "2026-01-09",
    "horizon": "30 d",
    "warm_up": "8 d",
    "population": {"size": 120, "site": 60},
    "network": {"kind": "small_world", "friends": 4},
    "customers": {
        "needs": {"mean": "3 per week", "cv": 0.5, "when": "hours", "season": "winter"},
        "leaves": {"mean": "0.03 per day", "cv": 0.8},
        "spends": {"mean": 8, "cv": 0.4},
        "reactivity": {"mean": 1, "cv": 0.3},
        "privacy_concern": {"mean": 0.5, "sd": 0.2},
        "price_sensitivity": {"mean": 1, "cv": 0.5},
        "willing": {"mean": 0, "sd": 0.5},
        "alternatives": {"mean": 0.5, "sd": 0.2},
        "switching_cost": {"mean": 5, "cv": 1},
        "susceptible": {"scarcity": 0.5, "social_proof": 0.5, "reciprocity": 0.5},
    },
    "segments": {
        "near": {"share": 0.6},
        "far": {"share": "rest", "needs": {"when": "evenings"}},
        "strangers": {
            "prospects": "15 per site",
            "hears_of_us": "1 per 10 d",
            "hears_from_others": "1 per 10 d",
            "needs": {"mean": "2 per week"},
        },
    },
    "calendars": {
        "hours": {"every day 07:00-19:00": 1},
        "evenings": {"mon-fri 17:00-19:00": 3, "sat-sun 08:00-18:00": 1},
    },
    "seasons": {"winter": {"jan": 2, "feb": 0.5}},
    "staff": {
        "clerks": {
            "servers": 1,
            "open": "every day 07:00-19:00",
            "shifts": {"mon-fri 08:00-09:30": 2, "sat-sun 07:00-09:00": 0},
        }
    },
    "stock": {"buns": {"start": 6, "refill": {"every": "1 d", "to": 6}, "shown": "1 h"}},
    "signals": {
        "stars": {
            "kind": "reviews",
            "start": {"count": 5, "average": 4.2},
            "refresh": "live",
            "window": "forever",
        },
        "adopters": {"kind": "adopters", "refresh": "live", "window": "forever"},
        "bustle": {"kind": "popularity", "counts": "order", "window": "3 d", "scope": "brand"},
    },
    "touchpoints": {
        "map": {"quality": 0.2, "triggers": {"rated": {"kind": "social_proof", "reads": "stars"}}},
        "order": {
            "quality": {"mean": 0.1, "sd": 0.3},
            "effort": 0.3,
            "empathy": 0.5,
            "transparency": 0.5,
            "personalisation": 0.4,
            "community": 0.3,
            "promises": 0.5,
            "guarantee": 0.5,
            "feels": {"joy": 0.3},
            "fails": {"chance": 0.2, "severity": 0.6, "feels": {"frustration": 0.5}, "still_sells": True},
            "gave_up": {"severity": 0.4, "feels": {"frustration": 0.3}},
            "sells": {"price": "own_spend", "margin": 0.6},
            "staff": {
                "pool": "clerks",
                "service": {"mean": "20 min", "cv": 0.5},
                "patience": {"mean": "1 h", "cv": 1},
            },
            "triggers": {
                "last": {"kind": "scarcity", "cue": "supply", "reads": "buns", "below": 5, "genuine": False},
                "busy": {"kind": "social_proof", "reads": "bustle"},
                "told": {"kind": "social_proof", "from": "friends"},
                "ends": {"kind": "scarcity", "cue": "time", "until": "20 d"},
            },
        },
        "bun": {
            "draws": "buns",
            "quality": 0.3,
            "sells": {"price": 2},
            "sold_out": {"severity": 0.3, "feels": {"frustration": 0.2}},
            "shows_alternatives": 0.1,
        },
        "sorry": {"recovers": 0.6, "empathy": 0.8, "cost": 1.5},
        "rating": {"writes": "stars"},
        "form": {
            "effort": 0.2,
            "asks": {
                "question": "nps",
                "answers": "60 %",
                "about": "order",
                "acts_on": "60 %",
                "learns": "20 %",
                "acts_cost": 2,
            },
        },
        "gift": {
            "feels": {"gratitude": 0.3},
            "triggers": {"free": {"kind": "reciprocity", "worth": 5}},
            "cost": 1,
        },
        "mail": {"cost": 0.2, "quality": 0.1},
        "deal": {"sells": {"price": 8, "discount": 0.3}},
        "news": {"quality": -0.3, "fails": {"chance": 1, "severity": 0.7, "feels": {"anxiety": 0.4}}},
    },
    "journeys": {
        "visit": {
            "starts_on": {"need": {"becomes": "order", "usually": 0.7}},
            "steps": {
                "order": {
                    "next": {
                        "bun": 3,
                        "rating": {"weight": 3, "after": "1 d", "pulls": {"joy": 1}},
                        "end": 4,
                    },
                    "if_failed": {"sorry": 2, "end": 1},
                },
                "bun": {
                    "next": {
                        "form": {"weight": 1, "after": "6 h"},
                        "end": {"weight": 1, "follows": {"bustle": 1}},
                    }
                },
                "sorry": {"next": {"form": {"weight": 1, "after": "2 h"}}},
                "rating": {},
                "form": {},
            },
        },
        "discovery": {
            "starts_on": {"awareness": {"becomes": "map", "usually": 0.6}},
            "steps": {"map": {"next": {"visit": {"weight": 1, "after": {"mean": "1 d", "cv": 1}}, "end": 1}}},
        },
        "plea": {
            "starts_on": {"leaving": {"becomes": "sorry"}},
            "steps": {"sorry": {"next": {"leave": 3, "end": 1}}},
        },
        "reply": {
            "starts_on": {"message": {"of": "back", "becomes": "mail", "usually": 0.5}},
            "steps": {"mail": {"next": {"deal": {"after": "3 h"}}}, "deal": {}},
        },
    },
    "campaigns": {
        "back": {
            "picks": {"on": "lapse", "after": "4 d"},
            "sends": {"touchpoint": "mail", "within": "12 h", "wins_back": "40 %"},
            "limits": {"hold_out": 0.1},
        },
        "thanks": {
            "picks": {"every": "3 d", "chance": 0.5, "from": {"orders": {"at_least": 2}}},
            "gives": {"touchpoint": "gift", "at": "order"},
            "limits": {"budget": "20 per 7 d"},
        },
        "worried": {
            "picks": {
                "every": "1 d",
                "from": {"at_risk": {"at_least": 0.5}},
                "when": {"signal": "stars", "at_most": 4.5},
            },
            "sends": {"touchpoint": "mail", "wins_back": "5 %"},
            "limits": {"per_customer": "1 per 5 d"},
        },
        "members": {
            "picks": {"at": ["9 d"], "from": {"tier": {"of": "club", "at_least": "silver"}}},
            "sends": {"touchpoint": "mail"},
        },
    },
    "events": {"breach": {"at": "12 d", "meets": "news", "share": 0.6, "within": "1 d", "prospects": True}},
    "loyalty": {
        "card": {
            "joins": {"at": "order", "chance": 0.7},
            "earns": {"stamps": 1},
            "head_start": 1,
            "reward": {"at": 4, "worth": 4, "cost": 1, "feels": {"gratitude": 0.3}},
            "expires": {"after": "9 d"},
        },
        "club": {
            "joins": {"at": "order", "chance": 0.5},
            "earns": {"points": 1, "per": "currency"},
            "tiers": {
                "silver": {"at": 15},
                "gold": {"at": 40, "earns_times": 2, "priority": -1, "worth": 20},
            },
        },
    },
    "psychology": {
        "word_of_mouth": 0.6,
        "pressure_free": 0.5,
        "opts_out": 0.3,
        "effect_on": {"leaving": 0.5, "buying": 0.5},
    },
    "as_stated": False,
}
CONTRACT = {
    "contract": {"renews": "7 d", "price": 9, "margin": 0.5},
    "customers": {"leaves": {"mean": "15 % per renewal", "cv": 0.8}},
    "touchpoints": {"bill": {"sells": {"price": "contract"}, "fails": {"chance": 0.1, "severity": 0.2}}},
    "journeys": {"due": {"starts_on": {"renewal": {"becomes": "bill"}}, "steps": {"bill": {}}}},
    "campaigns": {"back": {"picks": {"every": "3 d", "on": None, "after": None, "from": {"left": True}}}},
}
BASES = {
    "by rate": {},
    "contract": CONTRACT,
    "by visit": {"customers": {"leaves": "5 % per visit", "reconsiders": "after a visit"}},
}


def world(change=None):
    """The world with a change; None takes something away."""
    return _pruned(merged(WORLD, change or {}))


def _pruned(data):
    if not isinstance(data, dict):
        return data
    return {key: _pruned(value) for key, value in data.items() if value is not None}


def told(program, rows):
    """Every column; what is numbered, by its name."""
    found = {name: rows[name].tobytes() for name in rows.dtype.names}
    for column in ("stream", "step", "touchpoint", "trigger"):
        names = getattr(program, f"{column}_names")
        found[column] = [names[k] if k >= 0 else "" for k in rows[column].tolist()]
    return found


def ran(data, folder=Path()):
    program = lower(parse(data, folder=folder))
    return told(program, simulate_logged(program, seed=3)[1])


# ---------------------------------------------------------------- both engines, and strategies
@pytest.mark.parametrize("base", BASES.values(), ids=BASES.keys())
def test_both_engines_write_the_same_and_everything_happens(base):
    program = lower(parse(world(base)))
    recording = agreeing(program, seed=3)
    rows, outcome = recording.rows, recording.outcome
    counts = dict(zip(DAY, outcome.daily.sum(axis=(0, 1)).tolist(), strict=True))
    silent = {name for name, count in counts.items() if count == 0}
    assert silent <= {"closed", "absorbed", "reconsidered", "active_until"}
    touches = rows[rows["kind"] == TOUCH]
    streams = {program.stream_names[k] for k in set(touches["stream"].tolist())}
    assert streams >= set(program.stream_names[CAMPAIGNS:])
    assert (outcome.failing < 1).any() and len(outcome.absences) > 0
    assert outcome.answered[:, :, layout.ACTED].any()


@pytest.mark.parametrize("solved", [{}, {"as_stated": True}], ids=["as written", "as stated"])
@pytest.mark.parametrize("base", BASES.values(), ids=BASES.keys())
def test_a_strategy_that_changes_nothing_gives_the_same_log_to_the_bit(base, solved, tmp_path):
    data = merged(world(base), solved)
    (tmp_path / "baseline.yaml").write_text(json.dumps(data), encoding="utf-8")
    before = ran(data)
    assert ran({"extends": "baseline.yaml", "name": "The same"}, tmp_path) == before


# ---------------------------------------------------------------- zero intensity
ASKS = copy.deepcopy(WORLD["touchpoints"]["form"]["asks"])
NO_WORDS = {"touchpoints": {"order": {"triggers": {"told": None}}}}
UNHEARD = dict.fromkeys(
    ("heard_trust", "heard_normative", "heard_grievance", "ignored_trust", "ignored_resentment"), 0
)
CALM = {"contact_fatigue": 0, "worn_message": 0, "opts_out": 0}
PLAIN = {"joins": {"at": "order"}, "earns": {"stamps": 1}}
ZERO = {
    "word of mouth": (
        merged(NO_WORDS, {"psychology": {"word_of_mouth": 0}}),
        merged(NO_WORDS, {"network": None}),
    ),
    "friends' word as a trigger": (
        {"touchpoints": {"order": {"triggers": {"told": {"strength": 0}}}}},
        NO_WORDS,
    ),
    "contact pressure": (
        {"psychology": CALM},
        {"psychology": CALM | {"pressure_half_life": "1 d", "pressure_free": 0}},
    ),
    "an event for nobody": ({"events": {"breach": {"share": 0}}}, {"events": None}),
    "a campaign with chance 0": (
        {"campaigns": {"thanks": {"picks": {"chance": 0}}}},
        {"campaigns": {"thanks": None}},
    ),
    "a campaign held out from everybody": (
        {"campaigns": {"members": {"limits": {"hold_out": 1}}}},
        {"campaigns": {"members": None}},
    ),
    "winning nobody back": (
        {"campaigns": {"back": {"sends": {"wins_back": 0}}}},
        {"campaigns": {"back": {"sends": {"wins_back": None}}}},
    ),
    "a programme that nobody joins": (
        {"loyalty": {"card": {"joins": {"chance": 0}}}},
        {"loyalty": {"card": None}},
    ),
    "a programme that is worth nothing": (
        {
            "loyalty": {
                "extra": {**PLAIN, "pull": 0, "reward": {"at": 3, "worth": 0}, "tiers": {"one": {"at": 2}}}
            }
        },
        {},
    ),
    "a survey that teaches nothing": (
        {"touchpoints": {"form": {"asks": {"learns": 0}}}},
        {"touchpoints": {"form": {"asks": {"learns": None}}}},
    ),
    "a survey that nobody answers": (
        {"touchpoints": {"form": {"asks": {**ASKS, "answers": 0}}}},
        {"touchpoints": {"form": {"asks": None}}},
    ),
    "learning that changes nothing": (
        {"psychology": {"learning_floor": 1}},
        {"touchpoints": {"form": {"asks": {"learns": None}}}},
    ),
    "a gift of strength 0": (
        {"touchpoints": {"gift": {"triggers": {"free": {"strength": 0}}}}},
        {"touchpoints": {"gift": {"triggers": None}}},
    ),
    "scarcity of strength 0": (
        {"touchpoints": {"order": {"triggers": {"last": {"strength": 0}}}}},
        {"touchpoints": {"order": {"triggers": {"last": None}}}},
    ),
    "bait that nobody sees through": (
        {"psychology": {"found_out": 0}},
        {"touchpoints": {"order": {"triggers": {"last": {"genuine": True}}}}},
    ),
    "promises that nobody hears": (
        {"psychology": {"promise_rate": 0, "trust_mixed": 0}},
        {"touchpoints": {"order": {"promises": None}}},
    ),
    "alternatives that are not shown": (
        {"touchpoints": {"bun": {"shows_alternatives": 0}}},
        {"touchpoints": {"bun": {"shows_alternatives": None}}},
    ),
    "prices that nobody minds": (
        {"psychology": {"price_weight": 0}},
        {"customers": {"price_sensitivity": 0}},
    ),
    "meetings that never are": (
        {"segments": {"strangers": {"hears_from_others": "never"}}},
        {"segments": {"strangers": {"hears_from_others": None}}},
    ),
    "a shift of as many as ever": (
        {"staff": {"clerks": {"shifts": {"mon-fri 08:00-09:30": 1, "sat-sun 07:00-09:00": 1}}}},
        {"staff": {"clerks": {"shifts": None}}},
    ),
    "a season that is like the rest": (
        {"seasons": {"winter": {"jan": 1, "feb": 1}}},
        {"customers": {"needs": {"season": None}}},
    ),
    "an influencer of strength 0": (
        {
            "touchpoints": {
                "order": {
                    "triggers": {
                        "star": {"kind": "social_proof", "from": "influencer", "fit": 1, "strength": 0}
                    }
                }
            }
        },
        {},
    ),
}


@pytest.mark.parametrize("base", [{}, CONTRACT], ids=["by rate", "contract"])
@pytest.mark.parametrize("zero, absent", ZERO.values(), ids=ZERO.keys())
def test_zero_intensity_changes_not_one_bit(zero, absent, base):
    first, second = (ran(world(merged(base, change))) for change in (zero, absent))
    differ = [column for column in first if first[column] != second[column]]
    assert differ == []
    assert not absent or first != ran(world(base))
