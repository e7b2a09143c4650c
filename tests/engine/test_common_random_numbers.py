"""Common random numbers as a contract: a change moves those whom it concerns, and nobody else by a bit."""

import copy
import json
import math

import numpy as np
import pytest
from worlds import merged

from sim.engine import lower, simulate, simulate_logged
from sim.model.layout import TOUCH
from sim.scenario import parse

# Nothing in it is shared: no staff, no stock, no signal.
TOWN = {
    "name": "Town",
    "horizon": "40 d",
    "warm_up": "20 d",
    "as_stated": False,  # base rates depend on how many are there, and for how long
    "population": {"size": 150},
    "customers": {
        "needs": {"mean": "3 per week", "cv": 0.5, "regularity": 1.5},
        "leaves": {"mean": "1.5 per year", "cv": 0.5},
        "reconsiders": "1 per 5 d",
        "spends": {"mean": 10, "cv": 0.4},
        "trust": {"mean": 0.5, "sd": 0.1},
    },
    "segments": {"regulars": {"share": 0.6}, "others": {"share": 0.4, "needs": {"when": "daytime"}}},
    "calendars": {"daytime": {"mon-fri 09:00-18:00": 1, "sat 10:00-16:00": 2}},
    "touchpoints": {
        "order": {
            "stage": "purchase",
            "quality": {"mean": 0.1, "sd": 0.3},
            "fails": {"chance": 0.1, "severity": 0.4, "feels": {"frustration": 0.5}},
            "sells": {"price": "own_spend"},
        },
        "coffee": {"quality": {"mean": 0.2, "sd": 0.2}, "feels": {"joy": {"mean": 0.3, "sd": 0.1}}},
        "apology": {"empathy": 0.6, "recovers": 0.5},
        "survey": {"effort": 0.2},
        "farewell": {},
    },
    "journeys": {
        "visit": {
            "starts_on": {"need": {"becomes": "order", "usually": 0.7}},
            "steps": {
                "order": {"next": "coffee", "if_failed": {"apology": 80, "coffee": 20}},
                "apology": {"next": "coffee"},
                "coffee": {
                    "next": {
                        "survey": {"weight": 30, "after": {"mean": "1 d", "cv": 1}, "pulls": {"joy": 1}},
                        "end": 70,
                    }
                },
                "survey": {"next": "end"},
            },
        },
        "cancel": {
            "starts_on": {"leaving": {"becomes": "farewell"}},
            "steps": {"farewell": {"next": {"leave": 60, "end": 40}}},
        },
    },
}


def run(scenario, seed=1, replication=0):
    """The event log of one replication."""
    return simulate_logged(lower(scenario), seed=seed, replication=replication)[1]


def bits(rows):
    """The bytes of the rows, without the padding between their fields."""
    packed = np.dtype([(name, rows.dtype[name]) for name in rows.dtype.names])
    return rows.astype(packed).tobytes()


def log_of(data, change=None, **options):
    """The event log of a scenario written as a dict, changed in place."""
    return run(parse(merged(data, change or {})), **options)


@pytest.fixture
def strategy(tmp_path):
    """The log of a strategy over a baseline."""

    def log(change, base=TOWN, **options):
        (tmp_path / "baseline.yaml").write_text(json.dumps(base), encoding="utf-8")
        return run(parse({"extends": "baseline.yaml"} | change, folder=tmp_path), **options)

    return log


def without(rows, *fields):
    """The rows as lists of everything but some fields."""
    kept = [name for name in rows.dtype.names if name not in fields]
    return [tuple(row) for row in rows[kept].tolist()]


# ---------------------------------------------------------------- a strategy that changes nothing
def sale(**more):
    """A campaign that sends a survey a week."""
    return {"picks": {"every": "7 d"}, "sends": {"touchpoint": "survey"}} | more


CARD = {
    "joins": {"at": "order"},
    "earns": {"stamps": 1},
    "reward": {"at": 3, "worth": 0},
    "tiers": {"a": {"at": 2}},
}

NOTHING = {
    "only a name": {"name": "The same town"},
    "a trigger of strength 0": {
        "touchpoints": {
            "survey": {"triggers": {"gift": {"kind": "reciprocity", "worth": 5, "strength": 0}}},
            "farewell": {
                "triggers": {"soon": {"kind": "scarcity", "cue": "time", "until": "9 d", "strength": 0}}
            },
        }
    },
    "a campaign with chance 0": {"campaigns": {"sale": sale(picks={"every": "7 d", "chance": "0 %"})}},
    "a campaign without a budget": {
        "touchpoints": {"leaflet": {"cost": 1}},
        "campaigns": {"sale": sale(sends={"touchpoint": "leaflet"}, limits={"budget": 0})},
    },
    "a campaign held out from everybody": {"campaigns": {"sale": sale(limits={"hold_out": 1})}},
    "a campaign for nobody": {
        "campaigns": {"sale": sale(picks={"every": "1 d", "from": {"orders": {"at_least": 9999}}})}
    },
    "a gift for a place where nobody goes": {
        "touchpoints": {"attic": {}},
        "campaigns": {
            "sale": {"picks": {"every": "2 d"}, "gives": {"touchpoint": "survey", "at": "attic"}},
        },
    },
    "a loyalty programme that nobody joins": {
        "loyalty": {"card": {**CARD, "joins": {"at": "order", "chance": 0}}},
    },
    "a loyalty programme that is worth nothing": {"loyalty": {"card": CARD}},
    "a touchpoint that nothing leads to": {"touchpoints": {"attic": {"feels": {"joy": 1}}}},
    "an edge of weight 0": {
        "touchpoints": {"attic": {"feels": {"joy": 1}}},
        "journeys": {"visit": {"steps": {"order": {"next": {"coffee": 1, "attic": 0}}, "attic": {}}}},
    },
    "staff and stock that nobody uses": {
        "staff": {"idle": {"servers": 3}},
        "stock": {"dust": {"start": 7, "refill": {"every": "1 d", "add": 1}}},
        "calendars": {"never": {"sun 00:00-01:00": 1}},
    },
    "signals that nobody sees": {
        "signals": {"silence": {"kind": "reviews"}, "rush": {"kind": "popularity", "counts": "order"}},
    },
}


@pytest.mark.parametrize("change", NOTHING.values(), ids=NOTHING.keys())
def test_a_strategy_that_changes_nothing_gives_the_same_log_to_the_bit(strategy, change):
    before = log_of(TOWN)
    assert len(before) > 2_000
    assert bits(strategy(change)) == bits(before)


@pytest.mark.parametrize("change", NOTHING.values(), ids=NOTHING.keys())
def test_without_a_warm_up_too(strategy, change):
    base = merged(TOWN, {"warm_up": 0})
    assert bits(strategy(change, base)) == bits(log_of(base))


GIFTS = merged(
    TOWN, {"touchpoints": {"apology": {"triggers": {"biscuit": {"kind": "reciprocity", "worth": 9}}}}}
)


def test_a_trigger_of_strength_0_renames_no_other_trigger(strategy):
    """Log rows hold the numbers of triggers, and those of the baseline keep theirs."""
    gift = {"kind": "reciprocity", "worth": 5, "strength": 0}
    base, change = GIFTS | {"warm_up": 0}, {"touchpoints": {"order": {"triggers": {"gift": gift}}}}
    before = log_of(base)
    assert (before["trigger"] >= 0).any()
    assert bits(strategy(change, base)) == bits(before)


def test_a_gift_of_the_warm_up_keeps_its_name(strategy):
    assert bits(strategy({"name": "The same town"}, GIFTS)) == bits(log_of(GIFTS))


def test_touches_without_effect_change_nothing_else(strategy):
    """A message that nobody feels and that teaches nobody anything leaves all other rows alone, but for their
    running numbers."""
    numb = (
        "satisfaction_rate", "expectation_rate", "trust_gain", "affective_rate", "normative_rate",
        "contact_fatigue", "worn_message", "opts_out",
    )  # fmt: skip
    base = merged(TOWN, {"psychology": dict.fromkeys(numb, 0) | {"valence_quality": 1, "relevance": 0}})
    change = {
        "touchpoints": {"leaflet": {}},
        "campaigns": {"sale": sale(picks={"every": "1 d"}, sends={"touchpoint": "leaflet", "within": "1 d"})},
    }
    before, after = log_of(base), strategy(change, base)
    leaflet = after["touchpoint"] == len(TOWN["touchpoints"])
    assert leaflet.sum() > 1_000
    assert (after["goodwill"] != 0).any()
    assert without(after[~leaflet], "seq") == without(before, "seq")


# ---------------------------------------------------------------- one more of something
def first_customers(rows, n):
    """The rows of customers 0..n-1."""
    return rows[rows["customer"] < n]


def test_one_more_customer_leaves_the_others_alone():
    before, after = log_of(TOWN), log_of(TOWN, {"population": {"size": 151}})
    assert (after["customer"] == 150).any()
    assert bits(first_customers(after, 150)) == bits(before)


def test_one_more_newcomer_leaves_the_others_alone(tmp_path):
    days = [0.0, 3.5, 3.5, 7.25, 12.0]

    def rows(days):
        (tmp_path / "days.csv").write_text("day\n" + "\n".join(map(str, days)) + "\n", encoding="utf-8")
        enters = {"on_days": {"file": "days.csv", "column": "day", "first_need": "at entry"}}
        return run(parse(merged(TOWN, {"enters": enters}) | {"population": {}}, folder=tmp_path))

    before, after = rows(days), rows([*days, 1.0])
    last = after["customer"] == after["customer"].max()
    assert last.any()
    assert bits(after[~last]) == bits(before)


def test_one_more_prospect_leaves_the_others_alone():
    def change(n):
        return {
            "segments": {"strangers": {"prospects": n, "hears_of_us": "1 per 10 d"}},
            "journeys": {"news": {"starts_on": {"awareness": {"becomes": "order"}}, "steps": {"order": {}}}},
        }

    before, after = log_of(TOWN, change(20)), log_of(TOWN, change(21))
    last = after["customer"] == (1 << 31) + (2 << 26) + 20  # segment 2
    assert last.any()
    assert bits(after[~last]) == bits(before)


def test_prospects_that_a_strategy_removes_leave_the_others_alone(strategy):
    """Without a warm-up the strategy's own program makes the people."""
    strangers = {"prospects": 20, "hears_of_us": "1 per 10 d"}
    base = merged(
        TOWN,
        {
            "warm_up": 0,
            "segments": {"near": strangers, "far": strangers},
            "journeys": {"news": {"starts_on": {"awareness": {"becomes": "order"}}, "steps": {"order": {}}}},
        },
    )
    before, after = log_of(base), strategy({"segments": {"near": None}}, base)
    near = before["customer"] >> 26 == (1 << 5) + 2  # segment 2
    assert near.any()
    assert bits(after) == bits(before[~near])


def test_a_longer_horizon_only_appends():
    before, after = log_of(TOWN), log_of(TOWN, {"horizon": "50 d"})
    assert bits(after[after["t"] < 40]) == bits(before)


def test_a_campaign_for_one_segment_leaves_the_other_alone(strategy):
    change = {
        "touchpoints": {"leaflet": {"feels": {"joy": 0.5}}},
        "campaigns": {
            "sale": sale(
                picks={"every": "3 d", "from": {"segment": {"is": "others"}}},
                sends={"touchpoint": "leaflet", "within": "1 d"},
            )
        },
        "journeys": {
            "reply": {
                "starts_on": {"message": {"of": "sale", "becomes": "leaflet", "usually": 0.8}},
                "steps": {"leaflet": {"next": {"order": 1, "end": 1}}, "order": {}},
            }
        },
    }
    segment = simulate(lower(parse(TOWN)), seed=1).people.segment
    before, after = log_of(TOWN), strategy(change)
    assert bits(before) != bits(after)
    regular = np.flatnonzero(segment == 0)
    same = [bits(rows[np.isin(rows["customer"], regular)]) for rows in (before, after)]
    assert same[0] == same[1]


UNMOVED = {"psychology": "off", "population": {"size": 600}}


def test_a_new_edge_of_10_percent_moves_10_percent_of_the_people(strategy):
    """The others keep every row, and the moved come from the old ways in proportion."""
    base = merged(TOWN, UNMOVED)
    base["journeys"]["visit"]["steps"]["coffee"]["next"] = {"survey": 30, "end": 60}
    change = {
        "touchpoints": {"attic": {}},
        "journeys": {"visit": {"steps": {"coffee": {"next": {"attic": 10}}, "attic": {}}}},
    }
    before, after = log_of(base), strategy(change, base)
    coffee, survey, attic = 1, 3, len(base["touchpoints"])

    def moments(rows, touchpoint):
        chosen = rows[(rows["touchpoint"] == touchpoint) & (rows["stream"] == 0)]
        return {(row["customer"].item(), row["index"].item()) for row in chosen}

    n, moved = len(moments(after, coffee)), moments(after, attic)
    assert moments(before, coffee) == moments(after, coffee)
    assert abs(len(moved) - 0.1 * n) < 4 * math.sqrt(0.09 * n)  # z = 4, n about 6,000 coffees
    lost = moments(before, survey) - moments(after, survey)
    assert lost <= moved
    assert moments(after, survey) <= moments(before, survey)
    assert abs(len(lost) - len(moved) / 3) < 4 * math.sqrt(len(moved) * 2 / 9)  # z = 4, n about 600 moved
    untouched = ~np.isin(after["customer"], sorted({customer for customer, _ in moved}))
    kept = np.isin(before["customer"], np.unique(after["customer"][untouched]))
    assert without(after[untouched], "chance") == without(before[kept], "chance")


def test_a_new_cycle_leaves_the_visits_of_others_alone(strategy):
    """Steps on cycles count their visits; a further cycle must not change who shares a count with whom."""
    rooms = {f"room_{k}": {"next": {f"room_{k}": 1, f"room_{k + 1}": 1}} for k in range(4)}
    rooms |= {"room_1": {"next": {"room_2": 1}}, "room_4": {}}  # room_1 is on no cycle yet
    house = {"starts_on": {"need": {"becomes": "room_0"}}, "steps": rooms}
    base = merged(TOWN, UNMOVED) | {"touchpoints": {name: {} for name in rooms}, "journeys": {"house": house}}
    new = {"room_1": {"next": {"attic": 0.01}}, "attic": {"next": "room_1"}}
    before = log_of(base)
    after = strategy({"touchpoints": {"attic": {}}, "journeys": {"house": {"steps": new}}}, base)
    moved = np.unique(after["customer"][after["touchpoint"] == len(rooms)])
    kept = [rows[~np.isin(rows["customer"], moved)] for rows in (before, after)]
    assert len(kept[0]) > 1_000
    assert without(kept[0], "chance") == without(kept[1], "chance")


def test_no_two_occasions_share_their_luck():
    """Whoever is talked into staying after two more renewals pays for the one at which he wanted to go."""
    bill = {"sells": {"price": "contract"}, "fails": {"chance": 0.5}}
    steps = {"plea": {"next": {"end": {"after": "15 d"}}}}
    renewing = {
        "psychology": "off",
        "horizon": "200 d",
        "contract": {"renews": "10 d", "price": 5},
        "customers": {"leaves": "50 % per renewal"},
        "segments": {},
        "touchpoints": {"bill": bill, "plea": {}},
        "journeys": {
            "pay": {"starts_on": {"renewal": {"becomes": "bill"}}, "steps": {"bill": {"next": "end"}}},
            "stay": {"starts_on": {"leaving": {"becomes": "plea"}}, "steps": steps},
        },
    }
    log = run(parse(TOWN | renewing))
    bills = log[["customer", "index"]][log["touchpoint"] == 0].tolist()
    assert len(set(bills)) == len(bills) > 1_000


# ---------------------------------------------------------------- seeds
def test_the_same_seed_gives_the_same_log():
    scenario = parse(TOWN)
    assert bits(run(scenario)) == bits(run(scenario))


@pytest.mark.parametrize("other", [{"seed": 2}, {"replication": 1}], ids=["seed", "replication"])
def test_another_seed_or_replication_gives_another_log(other):
    rows, others = log_of(TOWN), log_of(TOWN, **other)
    assert not np.isin(rows["t"], others["t"]).any()


def test_replications_do_not_depend_on_those_before():
    program = lower(parse(TOWN))
    for replication in (0, 1):
        simulate(program, seed=1, replication=replication)
    assert bits(simulate_logged(program, seed=1, replication=1)[1]) == bits(log_of(TOWN, replication=1))


# ---------------------------------------------------------------- names and units
def reordered(data, *path):
    """The data with the names of one mapping in reverse order."""
    result = copy.deepcopy(data)
    inside = result
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = dict(reversed(inside[path[-1]].items()))
    return result


def by_name(data, **options):
    """The rows with names in the place of numbers."""
    program, rows = lower(parse(data)), log_of(data, **options)
    names = {
        "step": program.step_names,
        "touchpoint": program.touchpoint_names,
        "stream": program.stream_names,
    }
    named = without(rows, *names, "trigger")
    columns = [[("", *known)[k + 1] for k in rows[field]] for field, known in names.items()]
    triggers = [("", *program.trigger_names)[k + 1] for k in rows["trigger"]]
    return list(zip(named, *columns, triggers, strict=True))


ORDERED = {
    "touchpoints": ("touchpoints",),
    "journeys": ("journeys",),
    "steps": ("journeys", "visit", "steps"),
    "edges": ("journeys", "visit", "steps", "coffee", "next"),
    "other edges": ("journeys", "cancel", "steps", "farewell", "next"),
    "segments": ("segments",),
    "calendar": ("calendars", "daytime"),
    "settings": ("customers",),
}


@pytest.mark.parametrize("path", ORDERED.values(), ids=ORDERED.keys())
def test_the_order_of_names_does_not_matter(path):
    assert by_name(reordered(TOWN, *path)) == by_name(TOWN)


def test_the_order_of_campaigns_does_not_matter():
    mails = {name: sale(sends={"touchpoint": "survey", "within": "6 d"}) for name in ("spring", "autumn")}
    data = merged(TOWN, {"campaigns": mails})
    assert by_name(reordered(data, "campaigns")) == by_name(data)


SAME = {
    "24 h are a day": {
        "horizon": "960 h",
        "warm_up": "28800 min",
        "journeys": {"visit": {"steps": {"coffee": {"next": {"survey": {"after": {"mean": "86400 s"}}}}}}},
    },
    "7 d are a week": {"customers": {"needs": {"mean": "3 per 7 d"}, "reconsiders": "every 5 d"}},
    "per cent are shares": {"segments": {"regulars": {"share": "60 %"}, "others": {"share": "rest"}}},
    "hours written otherwise": {"calendars": {"daytime": {"mon-fri 09:00-18:00": 10, "sat 10:00-16:00": 20}}},
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME.keys())
def test_the_same_in_other_units_gives_the_same_log(change):
    assert bits(log_of(TOWN, change)) == bits(log_of(TOWN))


def test_a_segment_split_in_two_equal_halves_keeps_the_law():
    """Other people, the same law: touches and leaving per customer agree."""
    halves = {"regulars": {"share": 0.3}, "twins": {"share": 0.3}, "others": TOWN["segments"]["others"]}
    size = {"population": {"size": 1_500}}
    one, two = (log_of(merged(TOWN, size) | {"segments": s}, seed=5) for s in (TOWN["segments"], halves))
    touches = [np.bincount(rows["customer"][rows["kind"] == TOUCH], minlength=1_500) for rows in (one, two)]
    error = math.sqrt(sum(x.var() for x in touches) / 1_500)
    assert abs(touches[0].mean() - touches[1].mean()) < 4 * error  # z = 4, n = 1,500 customers each
    left = [np.unique(rows["customer"][rows["kind"] != TOUCH]).size / 1_500 for rows in (one, two)]
    p = sum(left) / 2
    assert abs(left[0] - left[1]) < 4 * math.sqrt(2 * p * (1 - p) / 1_500)  # z = 4, n = 1,500 customers each
