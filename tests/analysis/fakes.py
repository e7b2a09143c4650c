"""Made-up programs and outcomes: what ``engine.simulate`` would hand over, without an engine."""

from types import SimpleNamespace

import numpy as np

from sim.model.layout import (
    ABSENCE,
    CUSTOMER,
    DAILY,
    DAY,
    FAILED,
    LEFT,
    LOG,
    MILLION,
    NOT_RENEWED,
    OK,
    OUTCOMES,
    PERSON,
    PROSPECT,
    QUESTIONS,
    RECONSIDERED,
    REVIEWS,
    SCORES,
    SOLD_OUT,
    TOUCH,
)

STAFF = np.dtype(
    [("pool", "i4"), ("site", "i4"), ("requests", "i8"), ("waited", "i8"), ("gave_up", "i8"),
     ("served", "i8"), ("wait", "f8"), ("service", "f8"), ("queue", "f8")]
)  # fmt: skip
SIGNALS = np.dtype([("t", "f8"), ("signal", "i4"), ("value", "f8"), ("count", "f8")])
TOUCHPOINTS = (("map_app", 0), ("order", 2), ("coffee", 3), ("apology", 4), ("review", 6))


def make_program(**changes):
    """A coffee shop; ``changes`` replace fields."""
    names = [name for name, _ in changes.pop("touchpoints", TOUCHPOINTS)]
    fields = {
        "name": "Corner coffee shop",
        "touchpoint_names": tuple(names),
        "touchpoint_stage": tuple(stage for _, stage in TOUCHPOINTS),
        "step_names": tuple(f"visit.{name}" for name in names),
        "stream_names": ("need", "leave", "plea", "awareness", "entry", "word", "surprise_gift"),
        "segment_names": ("commuters", "lingerers"),
        "pool_names": ("baristas",),
        "stocks": ("buns",),
        "trigger_names": ("order.last_buns", "order.busy"),
        "signal_names": ("stars",),
        "static": {"signals": np.full(1, REVIEWS, [("kind", "i4")])},
        "campaign_names": ("surprise_gift",),
        "programme_names": (),
        "horizon": 365.0,
        "currency": "EUR",
        "active_within": 45.0,
        "discount_rate": 0.1,
        "windows": {},
        "contractual": False,
        "one_shot": False,
        "wins_back": False,
        "networked": False,
        "sites": 1,
        "wage_per_day": 30_000,
        "fixed_cost": 50_000,
        "weekday0": 0,
        "starts": None,
    }
    return SimpleNamespace(**{**fields, **changes})


def nobody(program, size):
    """People with neutral records who were there on day 0 and never leave."""
    people = np.zeros(size, PERSON)
    people["id"] = np.arange(size)
    people["status"], people["founding"] = CUSTOMER, 1
    people["t_left"], people["t_order"], people["t_entry"] = np.inf, -np.inf, -60.0
    people["need_gap"], people["spend"] = 3.0, 5.0
    people["trust"], people["reactivity"] = 0.5, 1.0
    people["loss_aversion"] = 1.955
    people["segment"] = np.arange(size) % len(program.segment_names)
    return people.view(np.recarray)


def blank(program, people, **changes):
    """An outcome in which nothing happened."""
    days, touchpoints = int(np.ceil(program.horizon)), len(program.touchpoint_names)
    staff = np.zeros(len(program.pool_names) * program.sites, STAFF)
    staff["pool"] = np.arange(staff.size) // program.sites
    fields = {
        "replication": 0,
        "people": people,
        "daily": np.zeros((days, len(program.segment_names), len(DAILY)), np.int64),
        "touches": np.zeros((len(program.segment_names), touchpoints, len(OUTCOMES)), np.int64),
        "felt": np.zeros((touchpoints, 3), np.int64),
        "staff": staff.view(np.recarray),
        "signals": np.zeros(0, SIGNALS).view(np.recarray),
        "campaigns": np.zeros(
            len(program.campaign_names), [("picked", "i8"), ("given", "i8"), ("spent", "i8")]
        ),
        "answered": np.zeros((0, len(QUESTIONS), SCORES + 2), np.int64),
        "failing": np.zeros(0),
        "commitments": np.zeros((len(people), 3), np.float32),
        "events": 0,
        "capped": 0,
        "hazard_lost": 0.0,
        "absences": np.zeros(0, ABSENCE),
    }
    return SimpleNamespace(**{**fields, **changes})


def leave(people, rng, per_year, horizon):
    """Exponential lifetimes from entry on; those that end in the run are marked as left."""
    start = np.maximum(people["t_entry"], 0.0)
    left = start + rng.exponential(365.0 / per_year, people.size)
    gone = left <= horizon
    people["t_left"] = np.where(gone, left, np.inf)
    people["status"] = np.where(gone, LEFT, CUSTOMER)
    people["reason"] = np.where(gone, RECONSIDERED, 0)


def busy(program, *, size=400, replication=0, per_year=0.4, staggered=False, order_rate=0.3):
    """A lively outcome: people leave, order, feel; consistent enough for every KPI and picture.

    Unless all are ``staggered``, latecomers have the last of several segments to themselves.
    """
    rng = np.random.default_rng([7, replication])
    people = nobody(program, size)
    if staggered:
        people["founding"], people["t_entry"] = 0, np.sort(rng.uniform(0, program.horizon * 0.6, size))
    else:
        segments = len(program.segment_names)
        late = (rng.random(size) < 0.15) & (segments > 1)
        people["segment"] = np.where(late, segments - 1, np.arange(size) % max(1, segments - 1))
        people["founding"][late] = 0
        people["t_entry"][late] = rng.uniform(0, program.horizon, late.sum())
    leave(people, rng, per_year, program.horizon)
    if program.contractual:
        people["reason"][people["reason"] > 0] = NOT_RENEWED
    outcome = blank(program, people, replication=replication)
    _order(outcome, program, rng, order_rate)
    _touch(outcome, program, rng)
    _serve(outcome, rng)
    return outcome


def _order(outcome, program, rng, rate):
    people, daily = outcome.people, outcome.daily
    days = np.arange(daily.shape[0]) + 0.5
    for k in range(daily.shape[1]):
        mine = people["segment"] == k
        start, end = np.maximum(people["t_entry"][mine], 0), people["t_left"][mine]
        alive = ((start[None] <= days[:, None]) & (end[None] > days[:, None])).sum(axis=1)
        needs = rng.poisson(alive * rate * 1.4)
        daily[:, k, DAY["needs"]] = needs
        daily[:, k, DAY["absorbed"]] = needs // 50
        daily[:, k, DAY["orders"]] = orders = rng.binomial(needs, 0.7)
        daily[:, k, DAY["declined"]] = needs - orders
        daily[:, k, DAY["repeat_orders"]] = orders * 9 // 10
        daily[:, k, DAY["revenue"]] = orders * 480 + rng.integers(0, 900, orders.size) * (orders > 0)
        daily[:, k, DAY["margin"]] = daily[:, k, DAY["revenue"]] * 7 // 10
        daily[:, k, DAY["cost"]] = orders * 12
        active = (alive * (1 - np.exp(-rate * np.minimum(days, 8) * 0.5))).astype(int)
        daily[:, k, DAY["active_from"]] = np.maximum(np.diff(active, prepend=0), 0)
        daily[:, k, DAY["active_until"]] = np.maximum(-np.diff(active, prepend=0), 0)
        daily[:, k, DAY["reconsidered"]] = alive // 14
    people["n_order"] = rng.poisson(
        rate * (np.minimum(people["t_left"], program.horizon) - people["t_entry"])
    )
    people["t_order"] = np.where(
        people["n_order"] > 0,
        np.minimum(people["t_left"], program.horizon) - rng.exponential(30, people.size),
        -np.inf,
    )
    people["satisfaction"] = rng.normal(0.2, 0.2, people.size)
    people["affective"] = rng.uniform(0.1, 0.5, people.size)


def _touch(outcome, program, rng):
    orders = outcome.daily[:, :, DAY["orders"]].sum(axis=0)
    for j in range(len(program.touchpoint_names)):
        share = (0.3, 1.0, 0.95, 0.05, 0.02)[j % 5] / (1 + j // 5)
        total = rng.binomial(orders, share)
        failed = rng.binomial(total, 0.04)
        sold_out = rng.binomial(total - failed, 0.02)
        outcome.touches[:, j, FAILED], outcome.touches[:, j, SOLD_OUT] = failed, sold_out
        outcome.touches[:, j, OK] = total - failed - sold_out
        mean = (0.05, 0.12, 0.3, -0.25, 0.1)[j % 5]
        outcome.felt[j] = (total.sum() * np.array([mean, mean + 0.1, mean * 0.8]) * MILLION).astype(np.int64)
    days = outcome.daily.shape[0]
    outcome.daily[:, :, DAY["touches"]] = outcome.touches.sum(axis=(1, 2)) // days
    outcome.daily[:, :, DAY["valence"]] = outcome.daily[:, :, DAY["touches"]] * 150_000


def _serve(outcome, rng):
    staff = outcome.staff
    staff["requests"] = requests = 1 + rng.poisson(outcome.daily[:, :, DAY["orders"]].sum(), staff.size)
    staff["waited"], staff["gave_up"] = requests * 3 // 10, requests // 50
    staff["served"] = requests - staff["gave_up"]
    staff["wait"], staff["service"] = requests * 1.5 / 1440, staff["served"] * 1.5 / 1440
    staff["queue"] = staff["wait"]
    outcome.signals = np.array([(0.0, 0, 4.3, 60), (1.0, 0, 4.4, 64)], SIGNALS).view(np.recarray)


def become_prospects(people, how_many):
    """Turn the last people into prospects who never came."""
    people["status"][-how_many:], people["founding"][-how_many:] = PROSPECT, 0
    people["t_entry"][-how_many:] = np.inf


def log(rows):
    """LOG rows from dicts; anything not said is a plain touch that went well."""
    made = np.zeros(len(rows), LOG)
    made["step"] = made["touchpoint"] = made["trigger"] = -1
    made["kind"], made["outcome"], made["chance"], made["seq"] = TOUCH, OK, 1.0, np.arange(len(rows))
    for row, fields in zip(made, rows, strict=True):
        for name, value in fields.items():
            row[name] = value
    return made
