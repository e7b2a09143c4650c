"""Why a strategy does what it does: every piece of it taken away in the same world, and added alone.

The same people with the same luck live in all of these worlds, so a piece's effect is the difference of two
worlds that differ in nothing else. Beside it stands what attribution rules make of the strategy's event log.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.attribution import RULES, Paths
from sim.analysis.paired import Difference, differences, without_spread
from sim.analysis.view import View
from sim.errors import ScenarioError
from sim.experiment.paths import paths_to
from sim.experiment.replications import Job, Progress, Task, perform_all
from sim.experiment.runs import lowered

if TYPE_CHECKING:
    from sim.analysis.view import Floats
    from sim.experiment.manifest import Settings
    from sim.scenario import Scenario
    from sim.scenario.variants import Piece

MOST = 20  # replications of every world: fewer than a comparison may take, since there are many worlds
LOGS = 4  # of them, at most, whose event logs are attributed
MEASURES = ("retention", "profit", "orders")  # told of every piece, with the metric of the comparison
EVERYBODY = ""  # the segment of all
KEPT, ORDERS = "kept", "orders"  # conversions that are attributed, and what they are of
Key = tuple[str, str]  # segment and measure


# ---------------------------------------------------------------- one replication
@dataclass(frozen=True)
class Observed:
    """What is kept of a replication: measures by (segment, name), events, and by segment those who could be kept."""

    values: dict[Key, float]
    events: int
    cohorts: dict[str, int]


def observe(outcome: Any, program: Any) -> Observed:
    """What to keep. A segment's profit is what its orders leave after its touches: nobody's wages are in it."""
    from sim.analysis.kpis import kpis

    everybody = View(outcome, program)
    values: dict[Key, float] = {(EVERYBODY, name): value for name, value in kpis(outcome, program).items()}
    cohorts = {EVERYBODY: int(np.count_nonzero(everybody.cohort))}
    for k, name in enumerate(program.segment_names if len(program.segment_names) > 1 else ()):
        view = View(outcome, program, k)
        values[name, "orders"] = float(view.total("orders"))
        values[name, "profit"] = view.money("margin") - view.money("cost")
        cohort = view.founding if everybody.founding.any() else view.cohort
        if cohort.any() and not program.one_shot:
            values[name, "retention"] = float(view.alive[cohort].mean())
            cohorts[name] = int(np.count_nonzero(cohort))
    return Observed(values, int(outcome.events), cohorts)


# ---------------------------------------------------------------- what was found
@dataclass(frozen=True)
class Reason:
    """A piece of a strategy and what it truly does, by (segment, measure).

    ``removed`` is what the strategy has more with it than without it, ``alone`` what the baseline has more with
    nothing but it. Parts of other pieces do nothing alone; where the rest cannot stand without a
    piece, ``removed`` is empty (and ``alone`` likewise), and ``cannot`` says why.
    """

    piece: Piece
    removed: dict[Key, Difference] = field(default_factory=dict)
    alone: dict[Key, Difference] = field(default_factory=dict)
    cannot: str = ""


@dataclass(frozen=True)
class Credit:
    """What the rules say of one kind of conversions: a credit for every channel, a replication, by rule."""

    conversions: float
    channels: tuple[str, ...]
    credits: dict[str, Floats]

    def of(self, rule: str, names: Sequence[str]) -> float:
        """The credit of some channels together."""
        given = dict(zip(self.channels, self.credits[rule].tolist(), strict=True))
        return float(sum(given.get(name, 0.0) for name in names))


@dataclass(frozen=True)
class Explained:
    """One strategy, explained: its total effect, its pieces, what only their combination brings, the rules."""

    label: str
    world: int
    total: dict[Key, Difference]
    reasons: tuple[Reason, ...]
    interaction: dict[Key, Difference]
    credit: dict[str, Credit]
    channels: dict[str, tuple[str, ...]]  # by piece: the touchpoints under which a log knows it
    cohort: int

    def truth(self, reason: Reason, conversions: str) -> Difference | None:
        """How many conversions a piece truly brings, a replication: those that are lost without it."""
        measure, scale = ("retention", float(self.cohort)) if conversions == KEPT else ("orders", 1.0)
        found = reason.removed.get((EVERYBODY, measure))
        return None if found is None else _scaled(found, scale)


@dataclass(frozen=True, eq=False)
class Why:
    """All strategies of a comparison, explained; ``replications`` of every world, ``logs`` of them attributed."""

    strategies: tuple[Explained, ...]
    replications: int
    logs: int
    segments: tuple[str, ...]
    measures: tuple[str, ...]


def _scaled(found: Difference, by: float) -> Difference:
    names = ("mean", "se", "low", "high", "low_single", "high_single", "se_independent")
    return replace(found, **{name: by * getattr(found, name) for name in names})


# ---------------------------------------------------------------- worlds
class Ablation:
    """Worlds without a piece and with nothing but it; each different world is simulated once."""

    def __init__(self, scenarios: Sequence[Scenario]):
        from sim.scenario.variants import pieces

        self.first, self.strategies = scenarios[0], scenarios[1:]
        self.worlds: list[Scenario] = []
        self._numbers: dict[str, int] = {}
        self._number(self.first)
        self.whole = [self._number(strategy) for strategy in self.strategies]
        self.pieces = [pieces(strategy, self.first) for strategy in self.strategies]
        self.less: list[list[int | None]] = []
        self.only: list[list[int | None]] = []
        self.cannot: list[list[str]] = []
        for strategy, parts in zip(self.strategies, self.pieces, strict=True):
            self._vary(strategy, parts)

    def _number(self, scenario: Scenario) -> int:
        from sim.scenario.variants import likeness

        number = self._numbers.setdefault(likeness(scenario), len(self.worlds))
        if number == len(self.worlds):
            self.worlds.append(scenario)
        return number

    def _vary(self, strategy: Scenario, parts: Sequence[Piece]) -> None:
        whole = [piece for piece in parts if piece.part_of is None]
        less, only, cannot = [], [], []
        for piece in parts:
            others = [other for other in whole if other is not piece]
            found = [self._without(strategy, [piece])]
            found.append(self._without(strategy, others) if piece.part_of is None else (None, ""))
            less.append(found[0][0])
            only.append(found[1][0])
            cannot.append("; ".join(dict.fromkeys(reason for _, reason in found if reason)))
        self.less.append(less)
        self.only.append(only)
        self.cannot.append(cannot)

    def _without(self, strategy: Scenario, taken: Sequence[Piece]) -> tuple[int | None, str]:
        from sim.scenario.variants import without

        try:
            return self._number(without(strategy, self.first, taken)), ""
        except ScenarioError as error:
            return None, error.problems[0].message

    @cached_property
    def programs(self) -> list[Any]:
        """The programs of all worlds, with the same luck."""
        every = (*self.worlds, *self.strategies)
        return [lowered(world, every) for world in self.worlds]


def explain(
    ablation: Ablation,
    labels: Sequence[str],
    metric: str,
    settings: Settings,
    *,
    workers: int = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Why:
    """What every piece of every strategy does; ``labels`` are those of the first scenario and the strategies."""
    programs = ablation.programs
    replications = min(settings.replications, MOST)
    seen = _lived(programs, replications, settings, workers, executor, progress)
    measures = tuple(dict.fromkeys((metric, *MEASURES)))
    paired = _Paired(seen, measures)
    logs = min(replications, LOGS)
    strategies = []
    for k, label in enumerate(labels[1:]):
        program = programs[ablation.whole[k]]
        credit = {name: _credit(paths) for name, paths in paths_to(program, settings, logs).items()}
        strategies.append(_explained(ablation, paired, k, label, credit))
    told = tuple(measure for measure in measures if (EVERYBODY, measure) in paired.keys)
    return Why(tuple(strategies), replications, logs, paired.segments, told)


def _lived(
    programs: Sequence[Any],
    replications: int,
    settings: Settings,
    workers: int,
    executor: Executor | None,
    progress: Progress | None,
) -> list[list[Observed]]:
    """What is kept of every world, by replication."""
    blobs = [pickle.dumps(program) for program in programs]
    tasks = [
        Task(blob, Job(settings.seed, number, settings.engine, keep=observe))
        for number in range(1, replications + 1)
        for blob in blobs
    ]
    known: Mapping[bytes, Any] = dict(zip(blobs, programs, strict=True))
    found = perform_all(tasks, known, workers=workers, executor=executor, progress=progress)
    return [found[k :: len(blobs)] for k in range(len(blobs))]


class _Paired:
    """Differences between worlds, by (segment, measure)."""

    def __init__(self, seen: Sequence[Sequence[Observed]], measures: Sequence[str]):
        self.seen = seen
        keys = [key for key in seen[0][0].values if key[1] in measures]
        self.keys = [key for key in keys if all(key in one.values for world in seen for one in world)]
        self.segments = tuple(dict.fromkeys(segment for segment, _ in self.keys if segment))

    @property
    def cohort(self) -> int:
        """Customers whose retention is told, a replication."""
        return self.seen[0][0].cohorts[EVERYBODY]

    def column(self, world: int, key: Key) -> Floats:
        """A measure of a world, by replication."""
        return np.array([one.values[key] for one in self.seen[world]])

    def between(self, first: int, second: int) -> dict[Key, Difference]:
        """What the second world has more than the first."""
        if first == second:
            return {key: _nothing(len(self.seen[first])) for key in self.keys}
        return {key: self._difference(first, second, key) for key in self.keys}

    def _difference(self, first: int, second: int, key: Key) -> Difference:
        columns = [self.column(world, key) for world in (first, second)]
        (found,) = differences(np.stack(columns, axis=1))
        same = all(a == b for a, b in zip(self.seen[first], self.seen[second], strict=True))
        if same or key[1] != "retention":
            return found
        return without_spread(found, sum(one.cohorts[key[0]] for one in self.seen[first]))


def _nothing(n: int) -> Difference:
    return Difference(n, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, None)


def _explained(
    ablation: Ablation, paired: _Paired, k: int, label: str, credit: dict[str, Credit]
) -> Explained:
    whole = ablation.whole[k]
    reasons = []
    rows = zip(ablation.pieces[k], ablation.less[k], ablation.only[k], ablation.cannot[k], strict=True)
    for piece, less, only, cannot in rows:
        removed = {} if less is None else paired.between(less, whole)
        alone = {} if only is None else paired.between(0, only)
        reasons.append(Reason(piece, removed, alone, cannot))
    scenario = ablation.strategies[k]
    return Explained(
        label=label,
        world=k + 1,
        total=paired.between(0, whole),
        reasons=tuple(reasons),
        interaction=_interaction(paired, whole, ablation.pieces[k], ablation.only[k]),
        credit=credit,
        channels={piece.name: channels_of(piece, scenario, ablation.first) for piece in ablation.pieces[k]},
        cohort=paired.cohort,
    )


def _interaction(
    paired: _Paired, whole: int, pieces: Sequence[Piece], only: Sequence[int | None]
) -> dict[Key, Difference]:
    """The total effect less all effects alone; empty where a piece cannot stand alone."""
    alone = [world for piece, world in zip(pieces, only, strict=True) if piece.part_of is None]
    if any(world is None for world in alone):
        return {}
    if len(alone) < 2:
        return {key: _nothing(len(paired.seen[0])) for key in paired.keys}
    found = {}
    for key in paired.keys:
        base = paired.column(0, key)
        together = paired.column(whole, key)
        added = base + sum(paired.column(world, key) - base for world in alone if world is not None)
        (found[key],) = differences(np.stack([added, together], axis=1))
    return found


# ---------------------------------------------------------------- what a log knows it by
def channels_of(piece: Piece, strategy: Scenario, first: Scenario) -> tuple[str, ...]:
    """The touchpoints whose touches a piece is, as far as an event log can tell."""
    section, name = piece.path[0], piece.path[1] if len(piece.path) > 1 else ""
    return tuple(dict.fromkeys(_channels(section, name, strategy, first)))


def _channels(section: str, name: str, strategy: Scenario, first: Scenario) -> Iterator[str]:
    touchpoints = strategy.touchpoints
    if section == "touchpoints":
        yield name
    elif section == "campaigns" and name in strategy.campaigns:
        act = strategy.campaigns[name].gives or strategy.campaigns[name].sends
        if act is not None:
            yield act.touchpoint
    elif section == "events" and name in strategy.events:
        yield strategy.events[name].meets
    elif section == "staff":
        yield from (t for t, point in touchpoints.items() if point.staff and point.staff.pool == name)
    elif section == "stock":
        yield from (t for t, point in touchpoints.items() if point.draws == name)
    elif section == "journeys" and name in strategy.journeys:
        before = first.journeys[name].steps.values() if name in first.journeys else ()
        known = {step.touchpoint for step in before}
        met = (step.touchpoint for step in strategy.journeys[name].steps.values())
        yield from (t for t in met if t is not None and t not in known)


def _credit(paths: Sequence[Paths]) -> Credit:
    """Credits a replication, over the replications whose paths there are."""
    conversions = float(np.mean([one.conversions for one in paths]))
    credits = {name: np.mean([rule(one) for one in paths], axis=0) for name, rule in RULES.items()}
    return Credit(conversions, paths[0].channels, credits)
