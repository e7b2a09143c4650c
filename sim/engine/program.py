"""The program: a scenario as flat arrays, the same for every replication.

``lower`` is the only reader of a scenario below the experiments. A strategy is lowered together with its
baseline, under one numbering, because customers who are there on day 0 have lived through the baseline.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from sim.engine import psyche
from sim.engine.calendars import calendar_arrays, weekly_hours
from sim.engine.names import Names, collect
from sim.engine.rows import STAGES, Rows, cents, empty
from sim.errors import Problem, RunError, ScenarioError
from sim.model import layout
from sim.model.keys import MAX_INDEX
from sim.model.layout import CAMPAIGN, CAMPAIGNS, EMOTIONS, NOBODY, SIGNAL
from sim.model.sample import Samplers
from sim.scenario import Scenario
from sim.scenario.scripts import Script

SEGMENTS = 32  # each has 67 million ids for its prospects
WARM_UP = 60.0  # days, where customers exist on day 0 and psychology is on


@dataclass(frozen=True)
class Pool:
    """A staff pool: servers per site, now and in the warm-up."""

    name: str
    servers: int
    servers_before: int


@dataclass(frozen=True)
class StockPlan:
    """A stock: what is there on day 0, and how it is refilled and shown."""

    name: str
    start: int
    every: float  # days between refills, 0 for never
    to: int
    add: int
    shown: float


@dataclass(frozen=True)
class SignalPlan:
    """A published signal and its cadence in days."""

    name: str
    refresh: float


@dataclass(frozen=True)
class CampaignPlan:
    """When a campaign picks."""

    name: str
    starts: float
    ends: float
    every: float


@dataclass(frozen=True)
class Program:
    """Everything a run needs of a scenario. Times in days, money in cents unless said otherwise."""

    scenario: Scenario
    names: Names
    static: dict[str, np.ndarray] = field(repr=False)
    pools: tuple[Pool, ...]
    stocks: tuple[StockPlan, ...]
    signals: tuple[SignalPlan, ...]
    campaigns: tuple[CampaignPlan, ...]
    sites: int
    start: float  # of the warm-up, <= 0
    horizon: float
    wage_per_day: float  # cents, all sites and pools, on average
    fixed_cost: int  # cents
    scripts: dict[int, Script]  # by touchpoint: functions of the user's own
    warm: "Program | None" = None  # the baseline, where it differs and there is a warm-up

    @property
    def name(self) -> str:
        """The scenario's name."""
        return self.scenario.name

    @property
    def currency(self) -> str:
        """The scenario's currency."""
        return self.scenario.currency

    @property
    def stream_names(self) -> tuple[str, ...]:
        """Kinds of occasions, by number."""
        return self.names.streams

    @property
    def step_names(self) -> tuple[str, ...]:
        """``journey.step``, by number."""
        return self.names.steps

    @property
    def touchpoint_names(self) -> tuple[str, ...]:
        """Touchpoints, by number."""
        return self.names.touchpoints

    @property
    def touchpoint_stage(self) -> list[int]:
        """The stage of each touchpoint, a place in STAGES."""
        return self.static["touchpoints"]["stage"][: len(self.names.touchpoints)].tolist()

    @property
    def trigger_names(self) -> tuple[str, ...]:
        """``touchpoint.trigger``, by number."""
        return self.names.triggers

    @property
    def segment_names(self) -> tuple[str, ...]:
        """Segments, by number."""
        return self.names.segments

    @property
    def pool_names(self) -> tuple[str, ...]:
        """Staff pools, by number."""
        return self.names.pools

    @property
    def signal_names(self) -> tuple[str, ...]:
        """Signals, by number."""
        return self.names.signals

    @property
    def campaign_names(self) -> tuple[str, ...]:
        """Campaigns, by number."""
        return self.names.campaigns

    @property
    def emotion_names(self) -> tuple[str, ...]:
        """Emotions, by number."""
        return self.names.emotions

    @property
    def active_within(self) -> float:
        """Who has bought within so many days counts as active."""
        return self.scenario.active_if.bought_within

    @property
    def discount_rate(self) -> float:
        """Share per year."""
        return self.scenario.discount_rate

    @property
    def learns(self) -> bool:
        """Whether a touchpoint gets better by what customers answer."""
        return bool((self.static["surveys"]["learns"] > 0.0).any())

    @property
    def asks(self) -> bool:
        """Whether a touchpoint asks anything."""
        return bool((self.static["touchpoints"]["asks"] >= 0).any())

    @property
    def windows(self) -> dict[str, tuple[float, float]]:
        """Stretches of the run with KPIs of their own, days."""
        return {name: (w.from_, w.to) for name, w in self.scenario.windows.items()}

    @property
    def contractual(self) -> bool:
        """Whether customers renew a contract."""
        return self.scenario.contract is not None

    @property
    def one_shot(self) -> bool:
        """Whether customers are passing visitors."""
        return self.scenario.enters is not None and self.scenario.enters.stream is not None

    @property
    def starts(self) -> date | None:
        """The date of day 0."""
        return self.scenario.starts

    @property
    def weekday0(self) -> int:
        """The weekday of day 0, Monday 0."""
        return _weekday(self.scenario)

    def check_indices(self, overruns: int) -> None:
        """Raise RunError if somebody had more occasions or visits than a key can number."""
        if overruns:
            raise RunError(
                f"{self.name}: a customer met more than {MAX_INDEX:,} occasions of one kind (or one step more than "
                "4,096 times in one occasion), more than keys can number; lower the rate or the horizon"
            )


def lower(scenario: Scenario, beside: Sequence[Scenario] = ()) -> Program:
    """The scenario as a program, with its baseline for the warm-up.

    ``beside`` are the scenarios that it is compared with: people get the same moments to leave in all of them.
    """
    baseline = scenario.baseline
    _check_same_world(scenario, baseline)
    names = collect([scenario] if baseline is scenario else [baseline, scenario])
    _check_emotions(scenario, names)
    _check_segments(scenario, names)
    before = _lower(baseline, names, (baseline, *beside), None)
    return before if baseline is scenario else _lower(scenario, names, (baseline, *beside), before)


def _lower(scenario: Scenario, names: Names, bounds: Sequence[Scenario], before: Program | None) -> Program:
    """One scenario; ``before`` is its baseline's program, None for the baseline itself.

    ``bounds``: the baseline and whatever else bounds the leaving hazard.
    """
    baseline = bounds[0]
    samplers = Samplers()
    rows = Rows(scenario, names, samplers)
    static = rows.arrays()
    start = _warm_up_start(baseline)
    sites = count_sites(scenario)
    warm = before if before and before.start < 0.0 else None
    expectation, transparency = _expected(before) if before else psyche.delivered(scenario, names, static)
    static["emotions"] = psyche.emotion_rows(scenario, names)
    static["segments"] = psyche.segment_rows(scenario, names, samplers, transparency, bounds)
    static["signals"] = _signal_rows(scenario, names)
    static["campaigns"] = _campaign_rows(scenario, names)
    static["site_size"] = _site_sizes(scenario, sites)
    static["samplers"], static["knots"] = samplers.arrays()
    static["samplers"] = static["samplers"].view(np.recarray)
    static |= calendar_arrays(scenario, names, _weekday(scenario))
    static["psyche"] = psyche.psyche_row(scenario, expectation, transparency)
    static["times"] = _times(scenario, start)
    return Program(
        scenario=scenario,
        names=names,
        static=static,
        pools=_pools(scenario, names, warm),
        stocks=tuple(_stock(scenario, name) for name in names.stocks),
        signals=tuple(SignalPlan(name, _refresh(scenario, name)) for name in names.signals),
        campaigns=tuple(_campaign(scenario, name) for name in names.campaigns),
        sites=sites,
        start=start,
        horizon=scenario.horizon,
        wage_per_day=_wages(scenario) * sites,
        fixed_cost=sum(cents(c.costs.setup) for c in scenario.campaigns.values()),
        scripts=rows.scripts,
        warm=warm,
    )


def _check_same_world(scenario: Scenario, baseline: Scenario) -> None:
    """A strategy meets the people of its baseline; --size and --horizon change both."""
    for name in ("population", "enters", "warm_up", "starts"):
        if getattr(scenario, name) != getattr(baseline, name):
            where = str(scenario.origins.get((name,), ""))
            raise ScenarioError(
                [Problem(where, name, "is the baseline's; a strategy cannot change who is there")]
            )


def _check_emotions(scenario: Scenario, names: Names) -> None:
    if len(names.emotions) > EMOTIONS:
        where = str(scenario.origins.get(("psychology", "emotions"), ""))
        what = f"together with the baseline's these are {len(names.emotions)} emotions; there is room for {EMOTIONS}"
        raise ScenarioError([Problem(where, "psychology.emotions", what)])


def _check_segments(scenario: Scenario, names: Names) -> None:
    if len(names.segments) > SEGMENTS:
        where = str(scenario.origins.get(("segments",), ""))
        what = f"together with the baseline's these are {len(names.segments)} segments; there is room for {SEGMENTS}"
        raise ScenarioError([Problem(where, "segments", what)])


def _weekday(scenario: Scenario) -> int:
    return scenario.starts.weekday() if scenario.starts else 0


def _expected(before: Program) -> tuple[float, float]:
    """(perceived quality, transparency) that customers of the baseline know."""
    row = before.static["psyche"][0]
    return row.expectation, row.normative


def _warm_up_start(baseline: Scenario) -> float:
    """Minus the warm-up: none where nobody is there on day 0 or nobody feels anything."""
    if baseline.warm_up is not None:
        return 0.0 - baseline.warm_up
    there = baseline.enters is None and baseline.population.size > 0
    return -WARM_UP if there and baseline.psychology.on else 0.0


def count_sites(scenario: Scenario) -> int:
    """Sites that the population fills."""
    if scenario.population.site == "all":
        return 1
    days = scenario.enters.on_days.days if scenario.enters and scenario.enters.on_days else ()
    return max(1, math.ceil(max(scenario.population.size, len(days)) / scenario.population.site))


def _site_sizes(scenario: Scenario, sites: int) -> np.ndarray:
    """Customers of each site, for signals that count per customer."""
    enters, each = scenario.enters, scenario.population.site
    entering = len(enters.on_days.days) if enters and enters.on_days else 0
    if enters and enters.stream:
        entering = round(7.0 * enters.stream.rate)  # visitors: those of a week
    people = max(1, scenario.population.size, entering)
    if each == "all":
        return np.array([people], np.int64)
    return np.clip(people - each * np.arange(sites), 1, each)


def _times(scenario: Scenario, start: float) -> np.ndarray:
    contract, enters = scenario.contract, scenario.enters
    spread = contract is not None and contract.first == "spread"
    at_entry = enters is not None and enters.on_days is not None and enters.on_days.first_need == "at entry"
    weekday = _weekday(scenario)
    period = contract.renews if contract else math.inf
    return np.array(
        [
            scenario.horizon,
            weekday,
            scenario.active_if.bought_within,
            period,
            float(spread),
            float(at_entry),
            start,
        ]
    )


# ---------------------------------------------------------------- what is shared
def _pools(scenario: Scenario, names: Names, warm: Program | None) -> tuple[Pool, ...]:
    """Pools of the scenario and its baseline; one that only the other has keeps its staff, unused."""
    now = {name: pool.servers for name, pool in scenario.staff.items()}
    before = {pool.name: pool.servers for pool in warm.pools} if warm else now
    return tuple(Pool(n, now.get(n, before.get(n, 1)), before.get(n, now.get(n, 1))) for n in names.pools)


def _wages(scenario: Scenario) -> float:
    """Cents a day at one site."""
    return sum(100.0 * p.wage * p.servers * weekly_hours(p.open) / 7.0 for p in scenario.staff.values())


def _stock(scenario: Scenario, name: str) -> StockPlan:
    stock = scenario.stock.get(name)
    if stock is None:
        return StockPlan(name, 0, 0.0, 0, 0, math.inf)
    refill = stock.refill
    every = refill.every if refill else 0.0
    return StockPlan(
        name,
        stock.start,
        every,
        (refill.to if refill else 0) or 0,
        (refill.add if refill else 0) or 0,
        stock.shown,
    )


def _refresh(scenario: Scenario, name: str) -> float:
    """Days between publications; a signal that only the other program has is never published."""
    return scenario.signals[name].refresh if name in scenario.signals else math.inf


def _signal_rows(scenario: Scenario, names: Names) -> np.ndarray:
    rows = empty(len(names.signals), SIGNAL)
    for name, row in zip(names.signals, rows, strict=False):
        signal = scenario.signals.get(name)
        if signal:
            row.kind = layout.REVIEWS if signal.kind == "reviews" else layout.POPULARITY
            row.bins = max(1, round(signal.window / signal.refresh))
            row.count, row.average = signal.start.count, signal.start.average or 0.0
            row.brand = signal.scope == "brand"
    return rows


# ---------------------------------------------------------------- campaigns
def _campaign(scenario: Scenario, name: str) -> CampaignPlan:
    campaign = scenario.campaigns.get(name)
    if campaign is None:
        return CampaignPlan(name, math.inf, 0.0, 1.0)
    ends = math.inf if campaign.ends is None else campaign.ends
    if (min(ends, scenario.horizon) - campaign.starts) / campaign.picks.every >= MAX_INDEX:
        where = str(scenario.origins.get(("campaigns", name, "picks", "every"), ""))
        what = f"at most {MAX_INDEX:,} picks can be numbered; pick more rarely"
        raise ScenarioError([Problem(where, f"campaigns.{name}.picks.every", what)])
    return CampaignPlan(name, campaign.starts, ends, campaign.picks.every)


def _campaign_rows(scenario: Scenario, names: Names) -> np.ndarray:
    rows = empty(len(names.campaigns), CAMPAIGN)
    rows.stream, rows.segments, rows.budget_period = CAMPAIGNS, 0, math.inf
    for k, (name, row) in enumerate(zip(names.campaigns, rows, strict=False)):
        row.stream = CAMPAIGNS + k
        if name in scenario.campaigns:
            _fill_campaign(row, scenario, names, name)
    return rows


def _fill_campaign(row, scenario: Scenario, names: Names, name: str) -> None:
    campaign = scenario.campaigns[name]
    touchpoint = (campaign.gives or campaign.sends).touchpoint
    row.step = names.number("steps", f"{name}.{touchpoint}")
    row.touchpoint = names.number("touchpoints", touchpoint)
    row.gift = campaign.gives is not None
    row.waits_at = names.number("touchpoints", campaign.gives.at) if campaign.gives else NOBODY
    row.within = campaign.sends.within if campaign.sends else 0.0
    row.chance, row.hold_out = campaign.picks.chance, campaign.limits.hold_out
    row.spacing = campaign.limits.per_customer or 0.0
    row.unit_cost = cents(scenario.touchpoints[touchpoint].cost)
    budget = campaign.limits.budget
    row.budget = cents(budget.amount) if budget else -1
    row.budget_period = budget.per if budget and budget.per else scenario.horizon
    _fill_audience(row, campaign.picks.audience, names)


def _fill_audience(row, audience, names: Names) -> None:
    wanted = audience.segment.is_ if audience.segment else names.segments
    row.segments = sum(1 << names.place["segments"][segment] for segment in wanted)
    row.low, row.high = -math.inf, math.inf
    for k, fact in enumerate(layout.FACTS[1:], 1):
        bounds = getattr(audience, fact)
        if bounds:
            row.low[k] = -math.inf if bounds.at_least is None else bounds.at_least
            row.high[k] = math.inf if bounds.at_most is None else bounds.at_most


__all__ = ["STAGES", "Program", "lower"]
