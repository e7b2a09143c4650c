"""The reference engine keeps its books: customers, rows and sums agree exactly, in one total order."""

import copy
import json
import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

import sim.engine.state
from sim.engine import lower, simulate_logged
from sim.engine.order import in_order
from sim.engine.reference import Reference, simulate
from sim.model import layout
from sim.model.layout import (
    CLOSED,
    CUSTOMER,
    DAY,
    ENTERING,
    EXPECTED,
    FAILED,
    GAVE_UP,
    LEAVING,
    LEFT,
    OK,
    SOLD_OUT,
    TOUCH,
)  # fmt: skip
from sim.scenario import parse

# Everything at once: staff, stock, signals, triggers, campaigns, prospects, a plea, two sites.
BAZAAR = {
    "name": "Bazaar",
    "horizon": "20 d",
    "warm_up": "10 d",
    "population": {"size": 80, "site": 40},
    "customers": {
        "needs": {"mean": "5 per week", "cv": 0.6, "regularity": 1.4, "when": "daytime"},
        "leaves": {"mean": "3 per year", "cv": 0.7},
        "reconsiders": "1 per 3 d",
        "spends": {"mean": 12, "cv": 0.5},
        "reactivity": {"mean": 1, "cv": 0.3},
        "trust": {"mean": 0.5, "sd": 0.1},
        "privacy_concern": {"mean": 0.4, "sd": 0.2},
    },
    "segments": {
        "locals": {"share": 0.7},
        "tourists": {"share": "rest", "spends": {"mean": 30}},
        "strangers": {"prospects": "10 per site", "hears_of_us": "1 per 8 d"},
    },
    "calendars": {"daytime": {"mon-fri 09:00-17:00": 1, "sat 10:00-16:00": 3}},
    "staff": {"clerks": {"servers": 1, "open": "every day 09:30-16:30", "wage": "15 per hour"}},
    "stock": {"buns": {"start": 12, "refill": {"every": "1 d", "to": 12}, "shown": "2 h"}},
    "signals": {
        "stars": {"kind": "reviews", "start": {"count": 10, "average": 4.2}},
        "bustle": {
            "kind": "popularity",
            "counts": "order",
            "window": "3 d",
            "refresh": "12 h",
            "scope": "brand",
        },
    },
    "touchpoints": {
        "map": {"stage": "awareness", "triggers": {"rating": {"kind": "social_proof", "reads": "stars"}}},
        "order": {
            "stage": "purchase",
            "quality": {"mean": 0.1, "sd": 0.3},
            "personalisation": 0.3,
            "effort": 0.2,
            "feels": {"joy": {"mean": 0.2, "sd": 0.1}, "belonging": 0.1},
            "fails": {"chance": 0.1, "severity": 0.5, "still_sells": True, "feels": {"frustration": 0.6}},
            "gave_up": {"severity": 0.6, "feels": {"resentment": 0.3}},
            "sells": {"price": "own_spend", "margin": 0.7, "discount": 0.1},
            "cost": 0.3,
            "staff": {
                "pool": "clerks",
                "service": {"mean": "25 min", "cv": 0.5},
                "patience": {"mean": "40 min", "cv": 0.6},
            },
            "draws": "buns",
            "triggers": {
                "last": {"kind": "scarcity", "cue": "supply", "reads": "buns", "below": 6},
                "busy": {"kind": "social_proof", "reads": "bustle"},
            },
        },
        "apology": {"empathy": 0.7, "recovers": 0.5, "cost": 1.5},
        "review": {"writes": "stars"},
        "gift": {"cost": 0.8, "triggers": {"bun": {"kind": "reciprocity", "worth": 3}}},
        "mail": {"cost": 0.05, "triggers": {"soon": {"kind": "scarcity", "cue": "time", "until": "15 d"}}},
        "farewell": {},
    },
    "journeys": {
        "visit": {
            "starts_on": {"need": {"becomes": "order", "usually": 0.7}},
            "steps": {
                "order": {
                    "next": {
                        "review": {"weight": 20, "after": {"mean": "1 d", "cv": 1}, "pulls": {"joy": 1}},
                        "end": 80,
                    },
                    "if_failed": "apology",
                    "if_gave_up": {"apology": 1, "end": 1},
                    "if_sold_out": {"order": {"weight": 1, "after": "3 h"}, "end": 2},
                },
                "apology": {"next": "end"},
                "review": {"next": "end"},
            },
        },
        "discovery": {
            "starts_on": {"awareness": {"becomes": "map"}},
            "steps": {
                "map": {"next": {"visit": {"weight": 30, "after": {"mean": "1 d", "cv": 1}}, "end": 70}}
            },
        },
        "cancel": {
            "starts_on": {"leaving": {"becomes": "farewell"}},
            "steps": {"farewell": {"next": {"leave": 70, "end": 30}}},
        },
        "reply": {
            "starts_on": {"message": {"of": "newsletter", "becomes": "mail", "usually": 0.6}},
            "steps": {"mail": {"next": {"visit": {"weight": 1, "after": "2 h"}, "end": 2}}},
        },
    },
    "campaigns": {
        "newsletter": {"picks": {"every": "7 d"}, "sends": {"touchpoint": "mail", "within": "6 h"}},
        "surprise": {
            "picks": {"every": "2 d", "chance": 0.3, "from": {"orders": {"at_least": 2}}},
            "gives": {"touchpoint": "gift", "at": "order"},
            "limits": {"per_customer": "1 per 5 d", "budget": 30, "hold_out": 0.1},
        },
    },
    "psychology": {"review_floor": 1},  # a review at every touch
}


def run(data, seed=1, **options):
    """(program, outcome, log) of one replication of a scenario written as a dict."""
    program = lower(parse(data))
    return program, *simulate_logged(program, engine="reference", seed=seed, **options)


def bits(rows):
    """The bytes of the rows, without the padding between their fields."""
    return rows.astype(np.dtype([(name, rows.dtype[name]) for name in rows.dtype.names])).tobytes()


@pytest.fixture(scope="module")
def bazaar():
    return run(BAZAAR)


# ---------------------------------------------------------------- the log
def test_the_bazaar_has_everything_in_it(bazaar):
    _, outcome, log = bazaar
    assert set(log["outcome"][log["kind"] == TOUCH]) == {OK, FAILED, GAVE_UP, CLOSED, SOLD_OUT}
    assert set(log["kind"]) == {TOUCH, LEAVING, ENTERING}
    assert set(log["trigger"]) > {-1}
    assert (outcome.campaigns.handed > 0).all()
    assert (outcome.staff.waited > 0).all()


def test_rows_are_sorted_by_time_customer_and_number(bazaar):
    log = bazaar[2]
    assert (np.lexsort((log["seq"], log["customer"], log["t"])) == np.arange(len(log))).all()


def test_rows_of_a_customer_are_numbered_without_gaps(bazaar):
    _, outcome, log = bazaar
    for customer in outcome.people:
        seq = log["seq"][log["customer"] == customer.id]
        assert seq.tolist() == list(range(customer.seq))


def test_only_the_horizon_is_recorded(bazaar):
    program, _, log = bazaar
    assert program.start == -10
    assert 0 <= log["t"].min() < 1
    assert 19 < log["t"].max() < 20


def test_events_are_rows(bazaar):
    _, outcome, log = bazaar
    assert outcome.events == len(log) > 500


def test_nothing_happens_to_those_who_have_left(bazaar):
    _, outcome, log = bazaar
    t_left = dict(zip(outcome.people.id.tolist(), outcome.people.t_left.tolist(), strict=True))
    assert all(t <= t_left[customer] for t, customer in log[["t", "customer"]].tolist())


def test_leaving_is_the_last_row(bazaar):
    _, outcome, log = bazaar
    gone = outcome.people[outcome.people.status == LEFT]
    assert len(gone) > 3
    for customer in gone:
        last = log[log["customer"] == customer.id][-1]
        assert (last["kind"], last["t"], last["outcome"]) == (LEAVING, customer.t_left, customer.reason)


def test_nobody_leaves_in_the_warm_up(bazaar):
    _, outcome, _ = bazaar
    assert (outcome.people.t_left >= 0).all()


def test_those_who_stay_have_no_reason_to_have_left(bazaar):
    """Not even those who wanted to go and changed their minds."""
    _, outcome, log = bazaar
    assert ((log["step"] >= 0) & (log["stream"] == layout.PLEA)).any()
    assert (outcome.people.reason[outcome.people.status != LEFT] == layout.STAYED).all()


# ---------------------------------------------------------------- conservation
def test_customers_are_conserved(bazaar):
    _, outcome, _ = bazaar
    people, daily = outcome.people, outcome.daily.sum(axis=(0, 1))
    founders = people.founding.sum()
    customers, gone = (people.status == CUSTOMER).sum(), (people.status == LEFT).sum()
    assert daily[DAY["entered"]] > 0
    assert founders + daily[DAY["entered"]] == customers + gone
    assert daily[DAY["left"]] == gone


def test_prospects_who_lose_interest_never_were_customers():
    """A journey that ends in `leave` cannot take away a customer it has not won."""
    data = copy.deepcopy(BAZAAR)
    data["journeys"]["discovery"]["steps"]["map"]["next"] = {"visit": 1, "leave": 1}
    _, outcome, _ = run(data)
    people, daily = outcome.people, outcome.daily.sum(axis=(0, 1))
    gained = people.founding.sum() + daily[DAY["entered"]]
    assert gained == (people.status == CUSTOMER).sum() + daily[DAY["left"]]


def test_newcomers_are_conserved_by_day(tmp_path):
    days = [0.0, 0.5, 3.25, 3.25, 19.0, 25.0]
    (tmp_path / "days.csv").write_text("day\n" + "\n".join(map(str, days)) + "\n", encoding="utf-8")
    enters = {"on_days": {"file": "days.csv", "column": "day"}}
    data = BAZAAR | {"enters": enters, "population": {"site": 40}, "warm_up": 0}
    outcome = simulate(lower(parse(data, folder=tmp_path)), seed=1)
    entered = outcome.daily[:, :, DAY["entered"]].sum(axis=1)
    born = outcome.people[(outcome.people.status == CUSTOMER) | (outcome.people.status == LEFT)]
    assert entered.tolist() == np.bincount(born.t_entry.astype(int), minlength=20).tolist()
    assert entered.sum() > 5  # and prospects
    assert (outcome.people.status != EXPECTED).all()


def of_day(outcome, name):
    """One column of the daily sums, by day and segment."""
    return outcome.daily[:, :, DAY[name]]


def counted(outcome, rows, weights=None):
    """Rows, or what they weigh, by day and segment."""
    segment = outcome.people.segment[np.searchsorted(outcome.people.id, rows["customer"])]
    sums = np.zeros(outcome.daily.shape[:2], np.int64)
    np.add.at(sums, (rows["t"].astype(int), segment), 1 if weights is None else weights)
    return sums


COUNTS = {
    "touches": lambda log: log["kind"] == TOUCH,
    "failures": lambda log: (log["kind"] == TOUCH) & (log["outcome"] == FAILED),
    "gave_up": lambda log: (log["kind"] == TOUCH) & (log["outcome"] == GAVE_UP),
    "closed": lambda log: (log["kind"] == TOUCH) & (log["outcome"] == CLOSED),
    "sold_out": lambda log: (log["kind"] == TOUCH) & (log["outcome"] == SOLD_OUT),
    "orders": lambda log: log["order"] > 0,
    "left": lambda log: log["kind"] == LEAVING,
    "entered": lambda log: log["kind"] == ENTERING,
    "reviews": lambda log: log["touchpoint"] == 3,
    "gifts": lambda log: log["touchpoint"] == 4,
}


@pytest.mark.parametrize("name", COUNTS)
def test_daily_counts_are_counts_of_rows(bazaar, name):
    _, outcome, log = bazaar
    rows = log[COUNTS[name](log)]
    assert len(rows) > 0
    assert (of_day(outcome, name) == counted(outcome, rows)).all()


def test_daily_revenue_is_that_of_the_rows(bazaar):
    _, outcome, log = bazaar
    assert (of_day(outcome, "revenue") == counted(outcome, log, log["revenue"])).all()
    assert of_day(outcome, "revenue").sum() > 0


def test_daily_margin_is_revenue_less_the_goods(bazaar):
    """Goods are 30 % of the price before any discount: what is cheaper to buy is no cheaper to make."""
    _, outcome, log = bazaar
    orders = log[log["order"] > 0]
    spend = outcome.people.spend[np.searchsorted(outcome.people.id, orders["customer"])].astype(float)
    goods = [round(round(100 * price) * (1 - 0.7)) for price in spend.tolist()]
    assert (of_day(outcome, "margin") == counted(outcome, orders, orders["revenue"] - goods)).all()


def test_repeat_orders_are_those_after_the_first_of_newcomers(bazaar):
    _, outcome, log = bazaar
    founders = outcome.people.id[outcome.people.founding == 1]
    rows = log[(log["order"] > 1) | ((log["order"] == 1) & np.isin(log["customer"], founders))]
    assert (of_day(outcome, "repeat_orders") == counted(outcome, rows)).all()


def test_costs_are_those_of_the_rows_and_of_every_message(bazaar):
    """A message costs 5 cents whether it is seen, ignored, or sent to somebody who has gone."""
    _, outcome, log = bazaar
    touches = log["cost"][log["touchpoint"] != 5].sum()
    assert of_day(outcome, "cost").sum() == touches + 5 * outcome.campaigns.picked[0]


def test_sums_of_valence_are_those_of_the_rows_in_millionths(bazaar):
    """Rows hold single precision: each is off by less than a millionth."""
    _, outcome, log = bazaar
    rows = log[log["kind"] == TOUCH]
    gap = of_day(outcome, "valence") - counted(outcome, rows, np.round(rows["valence"] * 1e6).astype(int))
    assert (abs(gap) <= of_day(outcome, "touches")).all()


def test_touches_are_counted_by_segment_touchpoint_and_outcome(bazaar):
    _, outcome, log = bazaar
    rows = log[log["kind"] == TOUCH]
    segment = outcome.people.segment[np.searchsorted(outcome.people.id, rows["customer"])]
    expected = np.zeros_like(outcome.touches)
    np.add.at(expected, (segment, rows["touchpoint"], rows["outcome"]), 1)
    assert (outcome.touches == expected).all()


@pytest.mark.parametrize(("column", "field"), [(0, "valence"), (1, "perceived"), (2, "mood_after")])
def test_what_is_felt_is_counted_by_touchpoint(bazaar, column, field):
    _, outcome, log = bazaar
    rows = log[log["kind"] == TOUCH]
    expected = np.zeros(len(outcome.felt), np.int64)
    np.add.at(expected, rows["touchpoint"], np.round(rows[field] * 1e6).astype(int))
    assert (abs(outcome.felt[:, column] - expected) <= outcome.touches.sum(axis=(0, 2))).all()


def test_orders_of_a_customer_are_numbered(bazaar):
    _, outcome, log = bazaar
    for customer in outcome.people:
        order = log["order"][(log["customer"] == customer.id) & (log["order"] > 0)].tolist()
        first = customer.n_order - len(order) + 1  # those of the warm-up come before
        assert order == list(range(first, customer.n_order + 1))


def test_active_customers_are_those_who_ordered_lately():
    _, outcome, log = run(BAZAAR | {"warm_up": 0, "active_if": {"bought_within": "2.5 d"}})
    active = np.cumsum(of_day(outcome, "active_from") - of_day(outcome, "active_until"), axis=0).sum(axis=1)
    orders = log[log["order"] > 0]
    for day in range(20):
        lately = orders[(orders["t"] <= day) & (orders["t"] > day - 2.5)]
        assert active[day] == len(np.unique(lately["customer"]))


# ---------------------------------------------------------------- the same run in other ways
def test_the_log_does_not_depend_on_how_it_is_flushed(bazaar, monkeypatch):
    monkeypatch.setattr(sim.engine.state, "LOG_ROWS", 256)
    pieces = []
    simulate(lower(parse(BAZAAR)), seed=1, log=pieces.append)
    assert len(pieces) > 2
    assert bits(in_order(np.concatenate(pieces))) == bits(bazaar[2])


def test_pieces_of_the_log_follow_one_another(monkeypatch):
    monkeypatch.setattr(sim.engine.state, "LOG_ROWS", 256)
    pieces = []
    simulate(lower(parse(BAZAAR)), seed=1, log=pieces.append)
    assert all(a["t"][-1] < b["t"][0] for a, b in pairwise(pieces))


def test_the_pool_of_pending_steps_grows_without_a_trace(bazaar, monkeypatch):
    monkeypatch.setattr(sim.engine.state, "_SPARE_NODES", 9)
    data = copy.deepcopy(BAZAAR)
    data["journeys"]["visit"]["steps"]["order"]["next"]["review"]["after"] = {"mean": "60 d", "cv": 0.1}
    narrow = run(data)[2]
    monkeypatch.setattr(sim.engine.state, "_SPARE_NODES", 5_000)
    assert bits(narrow) == bits(run(data)[2])


def test_without_a_log_everything_else_is_the_same(bazaar):
    program, outcome, _ = bazaar
    silent = simulate(program, seed=1)
    assert silent.events == outcome.events
    for name in ("daily", "touches", "felt"):
        assert (getattr(silent, name) == getattr(outcome, name)).all()
    assert silent.staff.tolist() == outcome.staff.tolist()


def test_logging_everything_only_adds_rows(bazaar):
    _, outcome, log = run(BAZAAR, everything=True)
    events = log[np.isin(log["kind"], (TOUCH, LEAVING, ENTERING))]
    assert outcome.events == len(events) < len(log)
    same = [name for name in log.dtype.names if name != "seq"]
    assert events[same].tolist() == bazaar[2][same].tolist()


def test_progress_goes_up_to_the_horizon():
    days = []
    simulate(lower(parse(BAZAAR)), seed=1, progress=days.append)
    assert days == sorted(days)
    assert days[-1] == 20


WITHOUT_COMPILER = """
import json, sys
import numpy, numba
from sim.engine import lower
from sim.engine.compiled import simulate
from sim.engine.order import in_order
from sim.scenario import parse
assert numba.config.DISABLE_JIT
pieces = []
simulate(lower(parse(json.load(sys.stdin))), seed=1, log=pieces.append)
numpy.save(sys.argv[1], in_order(numpy.concatenate(pieces)))
"""


def test_interpreted_and_compiled_code_agree_to_the_bit(tmp_path):
    small = BAZAAR | {"horizon": "5 d", "warm_up": "3 d", "population": {"size": 40, "site": 20}}
    subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_COMPILER, tmp_path / "log.npy"],
        input=json.dumps(small), text=True, check=True, env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
    )  # fmt: skip
    interpreted, compiled = np.load(tmp_path / "log.npy"), run(small)[2]
    assert len(compiled) > 80
    assert bits(interpreted) == bits(compiled)


# ---------------------------------------------------------------- time
CONTRACT = {
    "name": "Contract",
    "horizon": "200 d",
    "psychology": "off",
    "population": {"size": 50},
    "contract": {"renews": "31 d", "price": 10},
    "customers": {"leaves": "10 % per renewal"},
    "touchpoints": {"payment": {"sells": {"price": "contract"}}},
    "journeys": {
        "bill": {"starts_on": {"renewal": {"becomes": "payment"}}, "steps": {"payment": {"next": "end"}}}
    },
}


def test_renewals_fall_on_multiples_of_the_period():
    _, _, log = run(CONTRACT | {"contract": {"renews": "31 d", "price": 10, "first": "at entry"}})
    assert set(log["t"]) == {31.0 * k for k in range(1, 7)}


def test_renewals_are_spread_and_come_back_to_the_day():
    """Multiples are computed, never accumulated: the phase of a customer is the same to rounding, 1e-13 d."""
    _, outcome, log = run(CONTRACT)
    phases = []
    for customer in outcome.people.id:
        t = log["t"][log["customer"] == customer]
        assert np.allclose(np.diff(t), 31, rtol=0, atol=1e-13 * 200)
        phases.append(t[0] / 31)
    assert 0.3 < np.mean(phases) < 0.7  # z = 4.9 of sqrt(1/12/50), n = 50


def test_customers_who_never_leave_renew_all_the_same():
    at_entry = {"contract": {"renews": "31 d", "price": 10, "first": "at entry"}}
    _, outcome, log = run(CONTRACT | at_entry | {"customers": {"leaves": "0 % per renewal"}})
    assert len(log) == 6 * len(outcome.people)


def test_the_horizon_is_exclusive():
    at_entry = CONTRACT | {"contract": {"renews": "31 d", "first": "at entry"}}
    assert run(at_entry | {"horizon": "62 d"})[2]["t"].max() == 31
    assert run(at_entry | {"horizon": "62.001 d"})[2]["t"].max() == 62


def test_a_horizon_shorter_than_a_day_works():
    _, outcome, log = run(BAZAAR | {"horizon": "15 h"})
    assert outcome.daily.shape[0] == 1
    assert 0 < log["t"].max() < 15 / 24


def test_nobody_is_no_error():
    _, outcome, log = run(BAZAAR | {"population": {"size": 0}, "segments": {}})
    assert (len(log), outcome.events, outcome.daily.sum()) == (0, 0, 0)


def test_what_is_pending_belongs_to_those_who_are_there():
    """Nodes in use are the lists of the customers, each sorted; none is lost, none belongs to the gone."""
    engine = Reference(lower(parse(BAZAAR)), 1, 0, None, False)
    engine.close = lambda: None  # which forgets the lists
    engine.run(None)
    pool, listed = engine.state["pool"], 0
    for p in engine.state["people"]:
        due, at = [], p.pending
        while at >= 0:
            due.append(pool[at].due)
            at = pool[at].next
        assert due == sorted(due)
        assert p.status != LEFT or not due
        listed += len(due) + (p.asking >= 0)
    assert listed == engine.state["tally"][sim.model.world.USED]
