"""Touchpoints, triggers and journeys as rows of numbers."""

import math
import sys

import numpy as np

from sim.engine.names import Names, campaign_step, states, step_names
from sim.model import layout
from sim.model.campaigns import PURPOSES as CAMPAIGN_PURPOSES
from sim.model.clocks import PURPOSES as CLOCK_PURPOSES
from sim.model.contact import PURPOSES as CONTACT_PURPOSES
from sim.model.friends import PURPOSES as WORD_PURPOSES
from sim.model.journeys import SLOTS
from sim.model.keys import check_distinct, hash_name
from sim.model.layout import (
    CAMPAIGNS,
    EDGE,
    END,
    FEEL,
    FOLLOW,
    LEAVES,
    NOBODY,
    OUTCOMES,
    PULL,
    PURPOSES,
    STEP,
    STREAM,
    SURVEY,
    TOUCHPOINT,
    TRIGGER,
)  # fmt: skip
from sim.model.returns import PURPOSE as WINS_BACK
from sim.model.sample import Samplers
from sim.scenario import Scenario
from sim.scenario.scripts import Script

STAGES = ("awareness", "consideration", "purchase", "use", "support", "loyalty", "advocacy")
ENGAGEMENTS = ("contextual", "convenience", "emotional", "social")
_KINDS = {"scarcity": layout.SCARCITY, "social_proof": layout.SOCIAL_PROOF, "reciprocity": layout.RECIPROCITY}
_CUES = {None: layout.SUPPLY, "supply": layout.SUPPLY, "time": layout.TIME, "demand": layout.DEMAND}
_MISHAPS = ("fails", "gave_up", "closed", "sold_out")  # in the order of OUTCOMES
_FIXED = [
    (kind, name)
    for kind, names in (
        ("clock", CLOCK_PURPOSES),
        ("campaign", (*CAMPAIGN_PURPOSES, WINS_BACK)),
        ("contact", CONTACT_PURPOSES),
        ("word", WORD_PURPOSES),
    )
    for name in names
]
_PLAIN = (
    "empathy", "effort", "transparency", "personalisation", "control", "recovers", "shows_alternatives",
    "community", "guarantee",
)  # fmt: skip
_EDGES = ("next", "if_failed", "if_gave_up", "if_closed", "if_sold_out")  # in the order of OUTCOMES


class Rows:
    """Collects the rows of one scenario under a numbering that it may share with its baseline."""

    def __init__(self, scenario: Scenario, names: Names, samplers: Samplers):
        self.scenario, self.names, self.samplers = scenario, names, samplers
        self.feels: list[tuple] = []
        self.triggers: list[tuple] = []
        self.purposes: set[tuple[str, ...]] = set(_FIXED)
        self.edges: list[tuple] = []
        self.pulls: list[tuple] = []
        self.follows: list[tuple] = []
        self.surveys: list[tuple] = []
        self.scripts: dict[int, Script] = {}

    def arrays(self) -> dict[str, np.ndarray]:
        """streams, steps, edges, pulls, touchpoints, feels, triggers and surveys."""
        touchpoints = self.touchpoints()
        steps = self.steps()
        check_distinct(sorted(self.purposes))
        return {
            "streams": self.streams(),
            "steps": steps,
            "edges": records(self.edges, EDGE),
            "pulls": records(self.pulls, PULL),
            "follows": records(self.follows, FOLLOW),
            "touchpoints": touchpoints,
            "feels": records(self.feels, FEEL),
            "triggers": records(self.triggers, TRIGGER),
            "surveys": records(self.surveys, SURVEY),
        }

    def purpose(self, *name: str) -> np.uint32:
        """The key of a purpose, noted so that no two can share one."""
        self.purposes.add(name)
        return hash_name(*name)

    # ------------------------------------------------------------ touchpoints
    def touchpoints(self) -> np.ndarray:
        """One row each, in the order of the names."""
        rows = empty(len(self.names.touchpoints), TOUCHPOINT)
        for name, row in zip(self.names.touchpoints, rows, strict=False):
            self.fill_touchpoint(row, name)
        return rows

    def fill_touchpoint(self, row: np.record, name: str) -> None:
        """A touchpoint that only the baseline has stays a row of zeros that nothing leads to."""
        t, number = self.scenario.touchpoints.get(name), self.names.number
        row.pool = row.stock = row.writes = row.counted = row.opens = row.service = row.patience = NOBODY
        row.asks = row.script = row.suits = NOBODY
        if t is None:
            return
        row.quality = self.samplers.add(t.quality)
        for field in _PLAIN:
            setattr(row, field, getattr(t, field))
        row.number = number("touchpoints", name)
        row.promises = math.nan if t.promises is None else t.promises
        today = self.scenario.baseline.touchpoints.get(name)
        row.usual_guarantee = today.guarantee if today else 0.0
        row.fails = t.fails.chance if t.fails else 0.0
        row.still_sells = bool(t.fails and t.fails.still_sells)
        row.cost = cents(t.cost)
        row.stage = STAGES.index(t.stage)
        row.stock, row.writes = number("stocks", t.draws), number("signals", t.writes)
        row.counted = self.counted_by(name)
        row.suits = number("calendars", t.suits)
        self.fill_training(row, t.training)
        self.fill_sale(row, t.sells, name)
        self.fill_staff(row, t.staff)
        self.fill_severities(row, t)
        self.fill_triggers(row, t, name)
        if t.asks:
            row.asks = len(self.surveys)
            self.surveys.append(self.survey_row(t.asks))
        if t.python:
            row.script = number("touchpoints", name)
            self.scripts[int(row.script)] = t.python

    def survey_row(self, asks) -> tuple:
        """What a touchpoint asks, and what becomes of the answers."""
        share = min(max(asks.answers, sys.float_info.min), 1.0 - sys.float_info.epsilon)
        return (
            layout.QUESTIONS.index(asks.question),
            self.names.number("touchpoints", asks.about),
            math.log(share / (1.0 - share)),
            -1.0 if asks.acts_on is None else asks.acts_on,
            asks.learns,
            cents(asks.acts_cost),
            self.names.place["emotions"].get("resentment", NOBODY),
        )

    def counted_by(self, touchpoint: str) -> int:
        """The popularity signal that counts a touchpoint."""
        found = [
            name
            for name, s in self.scenario.signals.items()
            if s.kind == "popularity" and s.counts == touchpoint
        ]
        return self.names.number("signals", found[0]) if found else NOBODY

    def fill_sale(self, row: np.record, sale, name: str) -> None:
        """What is sold, at what price."""
        row.price_kind, row.relative_price = layout.NO_PRICE, 1.0
        if sale is None:
            return
        contract = self.scenario.contract
        row.price_kind = layout.OWN_SPEND if sale.price == "own_spend" else layout.FIXED_PRICE
        row.price = 0.0 if sale.price == "own_spend" else stated_price(self.scenario, sale)
        default = contract.margin if contract and sale.price == "contract" else 1.0
        row.margin, row.discount = default if sale.margin is None else sale.margin, sale.discount
        row.relative_price = self.relative_price(sale, name)

    def relative_price(self, sale, name: str) -> float:
        """The price as a multiple of what the baseline asks there; a new or a free offer has no such price."""
        baseline = self.scenario.baseline
        touchpoint = baseline.touchpoints.get(name)
        today = touchpoint.sells if touchpoint else None
        if today is None:
            return 1.0 - sale.discount
        asked, usual = 1.0 - sale.discount, 1.0 - today.discount
        if "own_spend" not in (sale.price, today.price):
            asked, usual = asked * stated_price(self.scenario, sale), usual * stated_price(baseline, today)
        return asked / usual if usual > 0.0 else 1.0

    def fill_training(self, row: np.record, training) -> None:
        """What staff are taught."""
        if training is not None:
            row.trains, row.trained_failures = training.over, training.fewer_failures
            row.trained_empathy, row.trained_recovery = training.empathy, training.recovers

    def fill_staff(self, row: np.record, staff) -> None:
        """Who serves, how long it takes, and how long a customer waits."""
        if staff is None:
            return
        row.pool = self.names.number("pools", staff.pool)
        row.opens = self.names.place["calendars"].get(f"open {staff.pool}", NOBODY)
        row.service = self.samplers.add(staff.service)
        row.patience = NOBODY if staff.patience is None else self.samplers.add(staff.patience)
        row.priority = staff.priority

    def fill_severities(self, row: np.record, t) -> None:
        """How bad each outcome is."""
        for k, mishap in enumerate(_MISHAPS, 1):
            what = getattr(t, mishap)
            row.severity[k] = what.severity if what else 0.0

    def fill_triggers(self, row: np.record, t, name: str) -> None:
        """The triggers of a touchpoint, one after another."""
        row.triggers = len(self.triggers)
        for trigger_name, trigger in t.triggers.items():
            number = self.names.number("triggers", f"{name}.{trigger_name}")
            self.triggers.append((number, *self.trigger_row(trigger, name, trigger_name)))
        row.triggers_end = len(self.triggers)

    def trigger_row(self, trigger, touchpoint: str, trigger_name: str) -> tuple:
        """One trigger, but for its number."""
        signal = None if trigger.cue == "supply" else self.scenario.signals.get(trigger.reads)
        reads = self.names.number("signals" if signal else "stocks", trigger.reads)
        acts_on = trigger.on or ("start" if self.decides(touchpoint) else "next")
        return (
            _KINDS[trigger.kind],
            _CUES[trigger.cue],
            layout.ON_START if acts_on == "start" else layout.ON_NEXT,
            reads,
            bool(signal and signal.kind == "reviews"),
            trigger.strength,
            max(1.0, self.felt_below(trigger)),
            math.inf if trigger.until is None else trigger.until,
            trigger.worth or 0.0,
            (None, "influencer", "friends").index(trigger.from_),
            trigger.fit or 0.0,
            not trigger.genuine,
            self.purpose(touchpoint, "finds out", trigger_name),
        )

    def felt_below(self, trigger) -> float:
        """The stock below which scarcity is felt: a quarter of its start where nothing is said."""
        stock = self.scenario.stock.get(trigger.reads)
        if trigger.below is not None:
            return float(trigger.below)
        return 0.25 * stock.start if stock else 1.0

    def decides(self, touchpoint: str) -> bool:
        """Whether a journey that may not happen begins at the touchpoint."""
        return any(
            j.usually < 1.0 and j.steps[j.becomes].touchpoint == touchpoint
            for j in self.scenario.journeys.values()
        )

    # ------------------------------------------------------------ journeys
    def streams(self) -> np.ndarray:
        """What each kind of occasion turns into."""
        rows = empty(len(self.names.streams), STREAM)
        rows.hash = [hash_name(name) for name in self.names.streams]
        rows.step, rows.usually = NOBODY, 1.0
        for name, journey in self.scenario.journeys.items():
            stream = self.stream_of(journey)
            rows[stream].step = self.names.number("steps", f"{name}.{journey.becomes}")
            rows[stream].usually = journey.usually
        rows[layout.WORD].step, rows[layout.WORD].usually = (
            rows[layout.AWARE].step,
            rows[layout.AWARE].usually,
        )
        for k, name in enumerate(self.names.campaigns, CAMPAIGNS):
            if name in self.scenario.campaigns and rows[k].step == NOBODY:
                rows[k].step = self.names.number("steps", campaign_step(self.scenario, name))
        for k, name in enumerate(self.names.events, CAMPAIGNS + len(self.names.campaigns)):
            if name in self.scenario.events:
                event = self.scenario.events[name]
                rows[k].step = self.names.number("steps", f"{name}.{event.meets}")
        return rows

    def stream_of(self, journey) -> int:
        """The stream of a journey's occasion."""
        if journey.occasion == "message":
            return CAMPAIGNS + self.names.number("campaigns", journey.starts_on.start.of)
        occasion = "reconsideration" if journey.occasion == "renewal" else journey.occasion
        return ("need", "reconsideration", "leaving", "awareness", "entry").index(occasion)

    def steps(self) -> np.ndarray:
        """One row each, its edges by outcome."""
        rows = empty(len(self.names.steps), STEP)
        rows.slot = NOBODY
        rows.touchpoint = NOBODY
        known = set(step_names(self.scenario))
        for name, row in zip(self.names.steps, rows, strict=False):
            row.purpose[:] = [self.purpose(name, purpose) for purpose in PURPOSES]
            row.word[:] = [self.purpose(name, purpose) for purpose in layout.WORDS]
            if name in known:
                self.fill_step(row, name)
        self.number_cycles(rows)
        return rows

    def fill_step(self, row: np.record, name: str) -> None:
        """A step of a journey, or the single step of a campaign or an event."""
        journey, _, step = name.partition(".")
        declared = (
            self.scenario.journeys[journey].steps.get(step) if journey in self.scenario.journeys else None
        )
        touchpoint = declared.touchpoint if declared else step
        row.touchpoint = self.names.number("touchpoints", touchpoint)
        for k, outcome in enumerate(_EDGES):
            row.edges[k] = len(self.edges)
            edges = (getattr(declared, outcome) or declared.next) if declared else {}
            for target, edge in edges.items():
                self.add_edge(journey, name, target, edge)
            if not edges:
                self.edges.append((END, 0, 0, NOBODY, 1.0, 0, 0, 0, 0))
        row.edges[len(OUTCOMES)] = len(self.edges)
        self.fill_feelings(row, self.scenario.touchpoints[touchpoint], name)

    def fill_feelings(self, row: np.record, t, step: str) -> None:
        """Emotional impulses of every outcome, each with a key of its own."""
        mishaps = [getattr(t, mishap) for mishap in _MISHAPS]
        for k, what in enumerate([t, *mishaps]):
            row.feels[k] = len(self.feels)
            for emotion, amount in (what.feels if what else {}).items():
                key = self.purpose(step, "feeling", emotion)
                self.feels.append((self.names.number("emotions", emotion), self.samplers.add(amount), key))
        row.feels[len(OUTCOMES)] = len(self.feels)

    def add_edge(self, journey: str, step: str, target: str, edge) -> None:
        """One edge; the uniform that races for it is keyed by its target."""
        pulls, follows = len(self.pulls), len(self.follows)
        for state, coefficient in edge.pulls.items():
            self.pulls.append((states(self.names).index(state), coefficient))
        for signal, coefficient in sorted(edge.follows.items()):
            if coefficient:
                self.follows.append((self.names.number("signals", signal), coefficient))
        at_once = edge.after.family == "constant" and edge.after.params[0] == 0.0
        delay = NOBODY if at_once else self.samplers.add(edge.after)
        keys = self.purpose(step, "edge", target), self.purpose(step, "delay", target)
        ends = pulls, len(self.pulls), follows, len(self.follows)
        self.edges.append((self.target(journey, target), *keys, delay, edge.weight, *ends))

    def target(self, journey: str, target: str) -> int:
        """A step of this journey, the first step of another, or one of the two ends."""
        if target in ("end", "leave"):
            return END if target == "end" else LEAVES
        steps = self.scenario.journeys[journey].steps
        name = (
            f"{journey}.{target}" if target in steps else f"{target}.{self.scenario.journeys[target].becomes}"
        )
        return self.names.number("steps", name)

    def number_cycles(self, rows: np.ndarray) -> None:
        """Steps that one occasion can meet twice get a visit counter (shared, where there are more than SLOTS)."""
        onward = [{e[0] for e in self.edges[row.edges[0] : row.edges[-1]] if e[0] >= 0} for row in rows]
        on_cycle = [k for k in range(len(rows)) if k in reachable(onward, k)]
        for slot, k in enumerate(on_cycle):
            rows[k].slot = slot % SLOTS


def reachable(onward: list[set[int]], start: int) -> set[int]:
    """The steps that one or more edges lead to from a step."""
    seen: set[int] = set()
    waiting = sorted(onward[start])
    while waiting:
        k = waiting.pop()
        if k not in seen:
            seen.add(k)
            waiting += sorted(onward[k])
    return seen


def stated_price(scenario: Scenario, sale) -> float:
    """The price of a sale that states one, before a discount."""
    if sale.price != "contract":
        return sale.price
    return scenario.contract.price if scenario.contract else 0.0


def cents(money: float) -> int:
    """Money of a scenario in integer cents."""
    return int(round(100.0 * money))


def records(rows: list[tuple], dtype: np.dtype) -> np.ndarray:
    """Rows as records; never empty, so that a record can always be looked at."""
    return np.array(rows or [tuple(0 for _ in dtype.names)], dtype).view(np.recarray)


def empty(n: int, dtype: np.dtype) -> np.ndarray:
    """n rows of zeros (at least one)."""
    return np.zeros(max(1, n), dtype).view(np.recarray)
