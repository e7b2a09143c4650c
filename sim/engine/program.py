"""The program: a scenario as flat arrays, the same for every replication.

``lower`` is the only reader of a scenario below the experiments. A strategy is lowered together with its
baseline, under one numbering, because customers who are there on day 0 have lived through the baseline.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from sim.engine import pilot, psyche
from sim.engine.calendars import WEEK, calendar_arrays, weekly_hours
from sim.engine.names import Names, collect
from sim.engine.programmes import programme_rows
from sim.engine.psyche import BaseRates
from sim.engine.rows import ENGAGEMENTS, STAGES, Rows, cents, empty
from sim.errors import Problem, RunError, ScenarioError
from sim.model import layout
from sim.model.keys import MAX_INDEX
from sim.model.layout import CAMPAIGN, CAMPAIGNS, EMOTIONS, NOBODY, SIGNAL
from sim.model.sample import Samplers
from sim.scenario import Scenario
from sim.scenario.journeys import END, LEAVE
from sim.scenario.scripts import Script
from sim.scenario.touchpoints import Staff

_DAY = 1.0  # dates are looked for once a day
_DATES = (None, "birthday", "anniversary", "lapse")  # in the order of layout's
SEGMENTS = 32  # each has 67 million ids for its prospects
WARM_UP = 60.0  # days, where customers exist on day 0 and psychology is on


@dataclass(frozen=True)
class Pool:
    """A staff pool: servers per site, and at which days after day 0, and weeks from there, how many come on duty."""

    name: str
    servers: int
    shifts: tuple[tuple[float, int], ...] = ()  # (days from 0 to 7, servers), rising

    def on_duty(self, t: float) -> int:
        """How many serve from time t on."""
        begun = [servers for at, servers in self.shifts if at <= t - WEEK * math.floor(t / WEEK)]
        last = [servers for _, servers in self.shifts[-1:]]
        return (begun or last or [self.servers])[-1]

    @property
    def most(self) -> int:
        """How many serve at the same time, at most."""
        return max(self.servers, *(servers for _, servers in self.shifts), 1)


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
    """When a campaign picks, or an event happens: every so many days, or ``at`` some days after the start."""

    name: str
    starts: float
    ends: float
    every: float
    at: tuple[float, ...] = ()

    def time(self, k: int) -> float:
        """When pick k is due; inf if there is none."""
        if self.at and k >= len(self.at):
            return math.inf
        t = self.starts + (self.at[k] if self.at else k * self.every)
        return t if t < self.ends else math.inf


@dataclass(frozen=True)
class Program:
    """Everything a run needs of a scenario. Times in days, money in cents unless said otherwise."""

    scenario: Scenario
    names: Names
    static: dict[str, np.ndarray] = field(repr=False)
    pools: tuple[Pool, ...]
    stocks: tuple[StockPlan, ...]
    signals: tuple[SignalPlan, ...]
    campaigns: tuple[CampaignPlan, ...]  # in the order of their rows: events come last
    sites: int
    start: float  # of the warm-up, <= 0
    horizon: float
    wage_per_day: float  # cents, all sites and pools, on average
    fixed_cost: int  # cents
    scripts: dict[int, Script]  # by touchpoint: functions of the user's own
    warm: "Program | None" = None  # the baseline, where it differs and there is a warm-up
    base_rates: Mapping[str, BaseRates] = field(default_factory=dict)  # by segment: what a pilot solved
    is_pilot: bool = False  # whether it adds up chances beside stated rates

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
    def touchpoint_engagement(self) -> list[str]:
        """The type of engagement of each touchpoint; of one that only the baseline has, the baseline's."""
        known = {**self.scenario.baseline.touchpoints, **self.scenario.touchpoints}
        return [known[name].engagement for name in self.names.touchpoints]

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
    def wins_back(self) -> bool:
        """Whether those who have left may come back."""
        return bool(self.static["campaigns"]["wins_back"].any())

    @property
    def programme_names(self) -> tuple[str, ...]:
        """Loyalty programmes, by number."""
        return self.names.programmes

    @property
    def tier_names(self) -> tuple[tuple[str, ...], ...]:
        """The tiers of each programme, the lowest first; none of one that only the baseline has."""
        loyalty = self.scenario.loyalty
        return tuple(tuple(loyalty[name].tiers) if name in loyalty else () for name in self.names.programmes)

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
    def fakes(self) -> bool:
        """Whether reviews are faked."""
        return bool((self.static["signals"]["fakes"] > 0).any())

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
    def networked(self) -> bool:
        """Whether customers have friends."""
        return self.scenario.network is not None

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
    return Lowering(beside)(scenario)


class Lowering:
    """Lowers one scenario after another; what the last one shares with the next is done once.

    ``rates`` are base rates to take instead of what a pilot of each baseline solves; ``reach`` bounds the leaving
    hazard from below (:meth:`reach_of`, by segment), so that people get the same moments to leave in many scenarios.
    """

    def __init__(
        self,
        beside: Sequence[Scenario] = (),
        *,
        rates: Mapping[str, BaseRates] | None = None,
        reach: Mapping[str, float] | None = None,
    ):
        self._beside, self._given, self._reach = beside, rates, reach or {}
        self._baseline: Scenario | None = None  # of the last scenario
        self._rates: Mapping[str, BaseRates] = {}
        self._before: Program | None = None  # the last baseline's program ...
        self._written: Program | None = None  # ... and that with its rates as written, where a pilot took it

    def __call__(self, scenario: Scenario) -> Program:
        """The scenario's program. Raises ScenarioError where it cannot follow on its baseline."""
        baseline = scenario.baseline
        _check_same_world(scenario, baseline)
        _check_as_stated(scenario, baseline)
        names = collect([scenario] if baseline is scenario else [baseline, scenario])
        _check_emotions(scenario, names)
        _check_segments(scenario, names)
        rates = self.rates(baseline)
        bounds = (baseline, *self._beside)
        before = self._before
        if before is None or before.names != names:
            before = self._before = self._lower_baseline(baseline, names, bounds, rates)
        if baseline is scenario:
            return before
        return _lower(scenario, names, bounds, before, rates, self._reach)

    def rates(self, baseline: Scenario) -> Mapping[str, BaseRates]:
        """The base rates of a baseline."""
        if baseline is not self._baseline:
            self._baseline, self._before, self._written = None, None, None
            self._rates = self._solved(baseline) if self._given is None else self._given
            self._baseline = baseline
        return self._rates

    def _solved(self, baseline: Scenario) -> Mapping[str, BaseRates]:
        """What a pilot of the baseline solves, whatever the strategy: the same numbers for all of them."""
        if not pilot.is_wanted(baseline):
            return {}
        self._written = _lower(baseline, collect([baseline]), (baseline,), None, {}, {})
        return pilot.solved(self._written)

    def _lower_baseline(
        self,
        baseline: Scenario,
        names: Names,
        bounds: Sequence[Scenario],
        rates: Mapping[str, BaseRates],
    ) -> Program:
        """The baseline's program; that of the pilot with other rates, where the strategy adds no names."""
        written = self._written
        if written is None or written.names != names:
            return _lower(baseline, names, bounds, None, rates, self._reach)
        segments = written.static["segments"].copy()
        psyche.rate_segments(segments, baseline, names, bounds, rates, self._reach)
        return replace(written, static={**written.static, "segments": segments}, base_rates=rates)

    def reach_of(self, scenario: Scenario) -> dict[str, float]:
        """How far the leaving hazard of each segment can reach, as a logarithm of times what is stated."""
        program = self(scenario)
        rows = program.static["segments"]
        both = (scenario, scenario.baseline)
        return {
            name: max(psyche.hazard_reach(s, float(row.centre_leaving), float(row.leave_scale)) for s in both)
            for name, row in zip(program.segment_names, rows, strict=False)
        }


def _lower(
    scenario: Scenario,
    names: Names,
    bounds: Sequence[Scenario],
    before: Program | None,
    rates: Mapping[str, BaseRates],
    reach: Mapping[str, float],
) -> Program:
    """One scenario; ``before`` is its baseline's program, None for the baseline itself.

    ``bounds``: the baseline and whatever else bounds the leaving hazard; ``reach`` bounds it by itself.
    """
    baseline = bounds[0]
    samplers = Samplers()
    rows = Rows(scenario, names, samplers)
    loyalty = programme_rows(rows)
    static = rows.arrays() | loyalty
    start = _warm_up_start(baseline)
    sites = count_sites(scenario)
    warm = before if before and before.start < 0.0 else None
    expectation, transparency = _expected(before) if before else psyche.delivered(scenario, names, static)
    static["emotions"] = psyche.emotion_rows(scenario, names)
    static["segments"] = psyche.segment_rows(scenario, names, samplers, transparency, bounds, rates, reach)
    static["signals"] = _signal_rows(scenario, names)
    static["campaigns"] = _campaign_rows(scenario, names)
    static["site_size"] = _site_sizes(scenario, sites)
    static["samplers"], static["knots"] = samplers.arrays()
    static["samplers"] = static["samplers"].view(np.recarray)
    static["psyche"] = psyche.psyche_row(scenario, names, expectation, transparency)
    static["fit"] = psyche.fit_rows(scenario, names)
    static |= calendar_arrays(scenario, names, _weekday(scenario), start)
    static["times"] = _times(scenario, start)
    return Program(
        scenario=scenario,
        names=names,
        static=static,
        pools=_pools(scenario, names, warm),
        stocks=tuple(_stock(scenario, name) for name in names.stocks),
        signals=tuple(SignalPlan(name, _refresh(scenario, name)) for name in names.signals),
        campaigns=(
            *(_campaign(scenario, name) for name in names.campaigns),
            *(_event(scenario, name) for name in names.events),
        ),
        sites=sites,
        start=start,
        horizon=scenario.horizon,
        wage_per_day=_wages(scenario) * sites,
        fixed_cost=_fixed_cost(scenario),
        scripts=rows.scripts,
        warm=warm,
        base_rates=rates,
    )


def _check_same_world(scenario: Scenario, baseline: Scenario) -> None:
    """A strategy meets the people of its baseline; --size and --horizon change both."""
    for name in ("population", "enters", "network", "warm_up", "starts"):
        if getattr(scenario, name) != getattr(baseline, name):
            own = (
                origin
                for path, origin in scenario.origins.items()
                if path[:1] == (name,) and origin != baseline.origins.get(path)
            )
            where = str(next(own, scenario.origins.get((name,), "")))
            raise ScenarioError(
                [Problem(where, name, "is the baseline's; a strategy cannot change who is there")]
            )


def _check_as_stated(scenario: Scenario, baseline: Scenario) -> None:
    if scenario.as_stated != baseline.as_stated:
        where = str(scenario.origins.get(("as_stated",), ""))
        what = "is the baseline's; a strategy inherits what its baseline solves"
        raise ScenarioError([Problem(where, "as_stated", what)])


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
    found = {pool.name: pool for pool in warm.pools} if warm else {}
    found |= {name: _pool(name, staff, _weekday(scenario)) for name, staff in scenario.staff.items()}
    return tuple(found.get(name, Pool(name, 1)) for name in names.pools)


def _pool(name: str, staff: Staff, weekday: int) -> Pool:
    """At the end of a slot `servers` serve again, unless the next one begins there."""
    changes = {(slot.end - weekday) % WEEK: staff.servers for slot in staff.shifts or ()}
    changes |= {(slot.start - weekday) % WEEK: int(slot.weight) for slot in staff.shifts or ()}
    return Pool(name, staff.servers, tuple(sorted(changes.items())))


def _wages(scenario: Scenario) -> float:
    """Cents a day at one site: of whoever is on duty while it is open."""
    return sum(100.0 * p.wage * _server_hours(p) / WEEK for p in scenario.staff.values())


def _fixed_cost(scenario: Scenario) -> int:
    """Cents that are paid whatever happens, wages aside: setting up, training, running costs."""
    costs = [part.costs.setup for part in (*scenario.campaigns.values(), *scenario.loyalty.values())]
    for touchpoint in scenario.touchpoints.values():
        costs += [touchpoint.costs.setup, touchpoint.costs.running * scenario.horizon]
        costs += [touchpoint.training.cost] if touchpoint.training else []
    costs += [signal.fakes.cost for signal in scenario.signals.values() if signal.fakes]
    return sum(cents(cost) for cost in costs)


def _server_hours(staff: Staff) -> float:
    """Hours of all servers of a pool in an open week."""
    hours = staff.servers * weekly_hours(staff.open)
    for slot in staff.shifts or ():
        spans = staff.open if staff.open is not None else ((0.0, WEEK),)
        open_ = sum(max(0.0, min(end, slot.end) - max(start, slot.start)) for start, end in spans)
        hours += 24.0 * open_ * (slot.weight - staff.servers)
    return hours


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
    """Days between publications; a signal that only the other program has is never published. What is live is
    noted once a day."""
    signal = scenario.signals.get(name)
    return math.inf if signal is None else signal.refresh or 1.0


def _signal_rows(scenario: Scenario, names: Names) -> np.ndarray:
    rows = empty(len(names.signals), SIGNAL)
    for name, row in zip(names.signals, rows, strict=False):
        signal = scenario.signals.get(name)
        if signal:
            row.kind = ("reviews", "popularity", "adopters").index(signal.kind)
            row.bins = (
                0 if math.isinf(signal.window) else max(1, round(signal.window / (signal.refresh or 1.0)))
            )
            row.count, row.average = signal.start.count, signal.start.average or 0.0
            row.brand, row.live = signal.scope == "brand", signal.live
            _fill_fakes(row, signal.fakes)
    return rows


def _fill_fakes(row, fakes) -> None:
    """Reviews that no customer wrote, and when they are on show."""
    if fakes is not None:
        row.fakes, row.fake_stars = fakes.count, fakes.average
        row.fakes_from, row.fakes_until = fakes.from_, math.inf if fakes.until is None else fakes.until


# ---------------------------------------------------------------- campaigns
def _campaign(scenario: Scenario, name: str) -> CampaignPlan:
    campaign = scenario.campaigns.get(name)
    if campaign is None:
        return CampaignPlan(name, math.inf, 0.0, 1.0)
    ends = math.inf if campaign.ends is None else campaign.ends
    picks = campaign.picks
    every = picks.every or _DAY
    _check_number(scenario, min(ends, scenario.horizon) - campaign.starts, every, "campaigns", name, "picks")
    return CampaignPlan(name, campaign.starts, ends, every, picks.at or ())


def _event(scenario: Scenario, name: str) -> CampaignPlan:
    event = scenario.events.get(name)
    if event is None:
        return CampaignPlan(name, math.inf, 0.0, 1.0)
    if event.every is None:
        return CampaignPlan(name, event.at, math.inf, 1.0, (0.0,))
    _check_number(scenario, scenario.horizon - event.at, event.every, "events", name)
    return CampaignPlan(name, event.at, math.inf, event.every)


def _check_number(scenario: Scenario, days: float, every: float, *path: str) -> None:
    """Keys hold so many picks."""
    if days / every >= MAX_INDEX:
        where = str(scenario.origins.get((*path, "every"), ""))
        what = f"at most {MAX_INDEX:,} picks can be numbered; pick more rarely"
        raise ScenarioError([Problem(where, ".".join((*path, "every")), what)])


def _campaign_rows(scenario: Scenario, names: Names) -> np.ndarray:
    rows = empty(len(names.campaigns) + len(names.events), CAMPAIGN)
    rows.stream, rows.segments, rows.budget_period, rows.signal = CAMPAIGNS, 0, math.inf, NOBODY
    for k, (name, row) in enumerate(zip(names.campaigns, rows, strict=False)):
        row.stream = CAMPAIGNS + k
        if name in scenario.campaigns:
            _fill_campaign(row, scenario, names, name)
    for k, name in enumerate(names.events, len(names.campaigns)):
        rows[k].stream = CAMPAIGNS + k
        if name in scenario.events:
            _fill_event(rows[k], scenario, names, name)
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
    row.wins_back = campaign.sends.wins_back if campaign.sends else 0.0
    row.offer = _offer(scenario, name, touchpoint) if row.wins_back else 0.0
    _fill_rule(row, campaign.picks, names)
    _fill_audience(row, campaign.picks.audience, scenario, names)


def _fill_rule(row, picks, names: Names) -> None:
    """The date that is looked for, and the figure that must be within bounds."""
    row.on, row.after = _DATES.index(picks.on), picks.after or 0.0
    if picks.when:
        row.signal = names.number("signals", picks.when.signal)
        row.least, row.most = _bounds(picks.when)


def _offer(scenario: Scenario, campaign: str, touchpoint: str) -> float:
    """The discount that a message offers: that of the first touchpoint that sells on the way on from it."""
    for name in (touchpoint, *_way_on(scenario, campaign)):
        sale = scenario.touchpoints[name].sells
        if sale:
            return sale.discount
    return 0.0


def _way_on(scenario: Scenario, campaign: str) -> list[str]:
    """The touchpoints that the journey on a campaign's message leads to, the nearest first."""
    found, seen = [], set()
    waiting = [
        (name, j.becomes)
        for name, j in scenario.journeys.items()
        if j.starts_on.message and j.starts_on.message.of == campaign
    ]
    while waiting:
        journey, step = waiting.pop(0)
        if (journey, step) in seen or step in (END, LEAVE):
            continue
        seen.add((journey, step))
        if step not in scenario.journeys[journey].steps:
            waiting.append((step, scenario.journeys[step].becomes))
            continue
        declared = scenario.journeys[journey].steps[step]
        found.append(declared.touchpoint)
        waiting += [(journey, target) for target in declared.next]
    return found


def _fill_event(row, scenario: Scenario, names: Names, name: str) -> None:
    event = scenario.events[name]
    row.event, row.prospects = True, event.prospects
    row.step = names.number("steps", f"{name}.{event.meets}")
    row.touchpoint = names.number("touchpoints", event.meets)
    row.waits_at, row.within, row.chance, row.budget = NOBODY, event.within, event.share, -1
    row.low, row.high = -math.inf, math.inf
    row.segments = _segments(event.to.segment, names)


def _segments(wanted, names: Names) -> int:
    """A bit for each segment that is wanted; all, where none is named."""
    return sum(
        1 << names.place["segments"][segment] for segment in (wanted.is_ if wanted else names.segments)
    )


def _fill_audience(row, audience, scenario: Scenario, names: Names) -> None:
    row.segments, row.left = _segments(audience.segment, names), audience.left
    row.low, row.high = -math.inf, math.inf
    for k, fact in enumerate(layout.FACTS[1:], 1):
        bounds = getattr(audience, fact)
        if bounds:
            row.low[k], row.high[k] = _tiers(bounds, scenario) if fact == "tier" else _bounds(bounds)
    row.points_of = names.number("programmes", audience.points.of if audience.points else None)
    row.tier_of = names.number("programmes", audience.tier.of if audience.tier else None)


def _tiers(bounds, scenario: Scenario) -> tuple[float, float]:
    """The numbers of (lowest, highest) tier: 1 is the lowest there is, 0 none."""
    tiers = list(scenario.loyalty[bounds.of].tiers)
    lowest = -math.inf if bounds.at_least is None else 1.0 + tiers.index(bounds.at_least)
    return lowest, math.inf if bounds.at_most is None else 1.0 + tiers.index(bounds.at_most)


def _bounds(bounds) -> tuple[float, float]:
    """(least, most)."""
    least = -math.inf if bounds.at_least is None else bounds.at_least
    return least, math.inf if bounds.at_most is None else bounds.at_most


__all__ = ["ENGAGEMENTS", "STAGES", "Lowering", "Program", "lower"]
