"""A comparison: strategies against a baseline, lived through by the same people with the same luck."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.paired import (
    Difference,
    Flips,
    all_pairs,
    chances_of_being_best,
    differences,
    efficient,
    ratio,
    wanted,
    widening,
    without_spread,
)
from sim.errors import UsageError
from sim.experiment import folder as folders
from sim.experiment.asked import Asked, check_metric, precision_of
from sim.experiment.further import FEWEST, Further
from sim.experiment.manifest import ENGINE
from sim.experiment.memory import check_memory, people_in
from sim.experiment.replications import Progress, cores
from sim.experiment.runs import choose_engine, settings_of, whole
from sim.experiment.side_by_side import Seen, Worlds
from sim.experiment.worlds import labels, lowered, worlds

if TYPE_CHECKING:
    import pandas as pd

    from sim.analysis.view import Floats
    from sim.experiment.assumptions import Draws
    from sim.experiment.why import Why
    from sim.scenario import Scenario

METRIC = "retention"  # if nothing else is asked for
REPLICATIONS = 20  # where neither their number nor a precision is asked for
LEAST, MOST = 10, 200  # replications, where a precision is asked for


@dataclass(frozen=True)
class Standing:
    """One world in the ranking by the metric.

    ``mean`` of the metric and ``gain`` to the baseline (both in the metric's unit; a gain is positive where
    the metric moves the right way), ``chance_best``, how sure it is that none is better. ``cost`` and
    ``profit`` are differences to the baseline; ``cost_per_kept`` and ``return_on_spend`` are (ratio, low,
    high), None where their denominator may be nought. ``level_with`` names worlds that it cannot be told from.
    """

    rank: int
    world: int
    label: str
    mean: float
    gain: float
    chance_best: float
    cost: Difference | None
    profit: Difference | None
    kept: float | None  # more customers kept than in the baseline, a replication
    cost_per_kept: tuple[float, float, float] | None
    return_on_spend: tuple[float, float, float] | None
    efficient: bool
    in_budget: bool
    level_with: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Comparison:
    """A finished comparison. World 0 is the baseline; frames are made when first asked for.

    ``scenarios``, ``programs`` and ``labels`` go by world, ``worlds`` holds what is kept of every replication.
    ``assumptions`` and ``why`` are there where they were asked for.
    """

    scenarios: tuple[Scenario, ...]
    programs: tuple[Any, ...]
    labels: tuple[str, ...]
    worlds: Worlds
    asked: Asked
    began: datetime
    ended: datetime
    folder: Path | None = None
    assumptions: Draws | None = None
    why: Why | None = None

    # ------------------------------------------------------------ facts
    @property
    def metric(self) -> str:
        """The KPI that strategies are ranked by."""
        return self.asked.metric

    @property
    def replications(self) -> int:
        """How many replications every world has."""
        return self.worlds.replications

    @property
    def horizon(self) -> float:
        """Days that every world lasts."""
        return float(self.programs[0].horizon)

    @property
    def currency(self) -> str:
        """The baseline's currency."""
        return str(self.programs[0].currency)

    @property
    def cohort(self) -> int:
        """Customers whose retention is told, a replication (those of day 0, if anybody was there)."""
        return self.worlds.seen[0][0].cohort

    @cached_property
    def kpis(self) -> dict[str, tuple[str, str]]:
        """The KPIs that some world has, in order, each with its unit and its better direction."""
        from sim.analysis.kpis import KPIS, definition

        names = {name: None for world in self.worlds.seen for seen in world for name in seen.kpis}
        place = {name: k for k, name in enumerate(KPIS)}
        listed = sorted(names, key=lambda name: place.get(name, len(place)))
        return {name: (definition(name).unit, definition(name).better) for name in listed}

    def unit(self, kpi: str) -> str:
        """The unit of a KPI, in the baseline's currency."""
        return self.kpis[kpi][0].replace("currency", self.currency)

    @property
    def sign(self) -> float:
        """1 where a higher metric is better (or nobody can say), -1 where a lower one is."""
        return -1.0 if self.kpis[self.metric][1] == "low" else 1.0

    # ------------------------------------------------------------ differences
    @cached_property
    def found(self) -> dict[str, list[Difference]]:
        """For each KPI that all worlds have (at least twice): every strategy's difference to the baseline."""
        values = {name: self.worlds.kpi(name) for name in self.kpis}
        return {name: self._differences(name, rows) for name, rows in values.items() if len(rows) > 1}

    def _differences(self, kpi: str, rows: Floats) -> list[Difference]:
        """Where the same share flipped in every replication, or none, the interval is what the customers tell."""
        found = differences(rows, self.widened if kpi == self.metric else 1.0)
        for k, difference in enumerate(found):
            flips = self.worlds.flips[k].get(kpi)
            if flips is not None and not self.worlds.unchanged(k + 1):
                found[k] = without_spread(difference, flips.n, len(found), flips.se)
        return found

    @cached_property
    def widened(self) -> float:
        """How much wider the metric's intervals are told than they came out: the price of stopping when narrow."""
        values = self.worlds.kpi(self.metric)
        return widening(values, self.asked.aim(values)) if self.asked.precision else 1.0

    @property
    def reached(self) -> bool | None:
        """Whether the precision asked for was reached before the ceiling; None where none was."""
        if self.asked.precision is None:
            return None
        return max(d.half for d in self.found[self.metric]) <= self.asked.aim(
            self.worlds.kpi(self.metric)
        ) * (1.0 + 1e-9)

    def flips(self, world: int) -> Flips | None:
        """Who differs from the baseline, customer by customer, where the metric is a share of customers."""
        return self.worlds.flips[world - 1].get(self.metric)

    @cached_property
    def pairs(self) -> dict[tuple[int, int], Difference]:
        """The metric of every world against that of every other; intervals that hold for all pairs at once."""
        return all_pairs(self.worlds.kpi(self.metric))

    # ------------------------------------------------------------ ranking
    @cached_property
    def ranking(self) -> list[Standing]:
        """All worlds, the best by the metric first; those over the budget last."""
        values = self.sign * self.worlds.kpi(self.metric)
        chances = chances_of_being_best(values)
        means = values.mean(axis=0)
        frontier = self._frontier(means)
        budget = [self._in_budget(world) for world in range(len(self.labels))]
        order = sorted(range(len(means)), key=lambda w: (not budget[w], -means[w], w))
        return [
            self._standing(
                rank,
                w,
                float(self.sign * means[w]),
                float(means[w] - means[0]),
                float(chances[w]),
                bool(frontier[w]),
                budget[w],
            )
            for rank, w in enumerate(order, start=1)
        ]

    def _frontier(self, gains: Floats) -> np.ndarray:
        cost = self.worlds.kpi("cost")
        return efficient(cost.mean(axis=0), gains) if len(cost) else np.ones(len(gains), bool)

    def _in_budget(self, world: int) -> bool:
        cost = self._against("cost", world)
        return self.asked.budget is None or cost is None or cost.mean <= self.asked.budget

    def _against(self, kpi: str, world: int) -> Difference | None:
        return self.found[kpi][world - 1] if world and kpi in self.found else None

    def _standing(
        self, rank: int, world: int, mean: float, gain: float, chance: float, frontier: bool, in_budget: bool
    ) -> Standing:
        kept = self._against("retention", world)
        return Standing(
            rank=rank,
            world=world,
            label=self.labels[world],
            mean=mean,
            gain=gain,
            chance_best=chance,
            cost=self._against("cost", world),
            profit=self._against("profit", world),
            kept=kept.mean * self.cohort if kept and self._paired(world) else None,
            cost_per_kept=self._ratio("cost", "retention", world, self.cohort)
            if self._paired(world)
            else None,
            return_on_spend=self._ratio("profit", "cost", world, 1),
            efficient=frontier,
            in_budget=in_budget,
            level_with=self._level_with(world),
        )

    def _paired(self, world: int) -> bool:
        """Whether retention speaks of the same customers in this world and in the baseline."""
        return world > 0 and "retention" in self.worlds.flips[world - 1]

    def _ratio(self, above: str, below: str, world: int, scale: float) -> tuple[float, float, float] | None:
        """What so much more of one KPI makes of another, where there is more of the second."""
        bottom = self._against(below, world)
        if bottom is None or above not in self.found or bottom.low_single <= 0.0:
            return None
        top = self.worlds.kpi(above)
        under = self.worlds.kpi(below)
        if len(top) != len(under):
            return None
        return ratio(top[:, world] - top[:, 0], scale * (under[:, world] - under[:, 0]))

    def _level_with(self, world: int) -> tuple[str, ...]:
        return tuple(
            self.labels[b if a == world else a]
            for (a, b), pair in self.pairs.items()
            if world in (a, b) and not pair.distinguishable
        )

    # ------------------------------------------------------------ curves
    @cached_property
    def days(self) -> Floats:
        """When the curves are told."""
        from sim.analysis.retention import days_of

        return days_of(self.horizon)

    def alive(self, world: int) -> Floats:
        """The retention curve of a world in every replication, ``[replications, days]``."""
        return np.stack([seen.alive for seen in self.worlds.seen[world]])

    # ------------------------------------------------------------ frames
    @property
    def differences(self) -> pd.DataFrame:
        """A row a KPI and strategy: its difference to the baseline with intervals and standard errors."""
        return _frame(self.tables["differences"], ["kpi", "strategy"])

    @property
    def levels(self) -> pd.DataFrame:
        """A row a KPI and world: mean, its 95 % interval, p05 and p95 over replications, unit."""
        return _frame(self.tables["levels"], ["kpi", "world"])

    @property
    def ranks(self) -> pd.DataFrame:
        """The ranking: a row a world, the best first, with money and how sure it is."""
        return _frame(self.tables["ranking"], ["rank"])

    @property
    def pairing(self) -> pd.DataFrame:
        """A row a strategy: what pairing customers gained, and the best that any pairing could."""
        return _frame(self.tables["pairing"], ["strategy"])

    @property
    def pairwise(self) -> pd.DataFrame:
        """A row a pair of worlds: how their metric differs."""
        return _frame(self.tables["pairs"], ["first", "second"])

    @property
    def values(self) -> pd.DataFrame:
        """A row a world and replication, a column a KPI."""
        return _frame(self.tables["replications"], ["world", "replication"])

    @property
    def curves(self) -> pd.DataFrame:
        """Retention over time: a row a world and day, with the paired difference to the baseline."""
        return _frame(self.tables["curves"], [])

    @property
    def segments(self) -> pd.DataFrame:
        """By segment: retention, and what a customer brought, with the paired difference to the baseline."""
        return _frame(self.tables["segments"], ["segment", "kpi", "strategy"])

    @property
    def stages(self) -> pd.DataFrame:
        """By stage of the journey and world: touches, how they felt, the paired difference to the baseline."""
        return _frame(self.tables["stages"], ["stage", "world"])

    @property
    def draws(self) -> pd.DataFrame:
        """A row a draw of the assumptions: the values drawn, and the metric of every world."""
        return _frame(self._asked("draws", "assumptions=100"), ["draw"])

    @property
    def turning(self) -> pd.DataFrame:
        """A row a difference and parameter: rank correlation, and where the difference changes its sign."""
        return _frame(self._asked("turning", "assumptions=100"), ["strategy", "against", "parameter"])

    @property
    def effects(self) -> pd.DataFrame:
        """A row a strategy, piece, segment and measure: what the piece truly does."""
        return _frame(self._asked("effects", "why=True"), ["strategy", "piece", "how", "segment", "measure"])

    @property
    def attribution(self) -> pd.DataFrame:
        """A row a strategy, kind of conversions and piece: the true number beside what the rules say."""
        return _frame(self._asked("attribution", "why=True"), ["strategy", "conversions", "piece"])

    @property
    def credit(self) -> pd.DataFrame:
        """A row a strategy, kind of conversions and touchpoint: what every rule gives it."""
        return _frame(self._asked("credit", "why=True"), ["strategy", "conversions", "touchpoint"])

    def _asked(self, name: str, how: str) -> list[dict[str, Any]]:
        if name not in self.tables:
            raise UsageError(f"this comparison has no {name}: ask for them with {how}")
        return self.tables[name]

    @cached_property
    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """The frames as plain rows, by name."""
        from sim.experiment.comparison_tables import tables

        return tables(self)

    def result(self) -> dict[str, Any]:
        """What ``touchpoint compare --json`` prints, as plain data."""
        from sim.experiment.comparison_tables import result

        return result(self)

    # ------------------------------------------------------------ keeping
    def save(self, place: str | Path, *, also: Callable[[Comparison, Path], None] | None = None) -> Path:
        """Write the results folder (manifest, inputs, tables) to a place that does not exist yet.

        ``also(comparison, folder)`` may add files. Raises UsageError where the place is taken.
        """
        from sim.experiment.comparison_tables import fill

        with folders.new_folder(Path(place)) as partial:
            if also is not None:
                also(self, partial)
            fill(self, partial)
        return Path(place)

    def _repr_html_(self) -> str:
        from html import escape

        return f"<p><b>{escape(self.labels[0])}</b></p>{self.ranks.to_html()}{self.differences.to_html()}"


def _frame(rows: Sequence[Mapping[str, Any]], index: list[str]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(list(rows))
    return frame.set_index(index) if index and len(frame) else frame


# ---------------------------------------------------------------- comparing
def compare(
    baseline: Scenario | str | Path,
    *strategies: Scenario | str | Path,
    metric: str = METRIC,
    precision: str | float | None = None,
    replications: int | None = None,
    most: int = MOST,
    budget: float | None = None,
    assumptions: int | None = None,
    assumptions_all: bool = False,
    why: bool = False,
    seed: int = 1,
    size: int | None = None,
    horizon: str | float | None = None,
    set: Sequence[str] = (),
    workers: int = 1,
    engine: str | None = None,
    out: str | Path | None = None,
    results: str | Path | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
    begins: Callable[[Sequence[Any], int], None] | None = None,
    also: Callable[[Comparison, Path], None] | None = None,
    note: Callable[[str], None] | None = None,
) -> Comparison:
    """Compare strategies with a baseline: the same people, with the same luck, in every world.

    A single folder stands for its baseline and every file in it that extends this. ``metric`` is any KPI of
    ``run``. With ``precision`` (``"0.2pp"`` for shares; a number, or ``"2 %"`` of the baseline's mean, for
    others) replications are added until every strategy's 95 % interval reaches out no further, at most
    ``most``; otherwise there are ``replications`` of them. ``budget`` is what a strategy may cost more than the
    baseline, over the horizon. ``assumptions`` redraws so often what is assumed (and, with ``assumptions_all``, the
    model's defaults) over the declared ranges; ``why`` takes every strategy to pieces.

    ``size``, ``horizon``, ``set``, ``workers``, ``engine``, ``executor``, ``out``,
    ``results`` and ``note`` are those of ``run``. ``begins(programs, replications)`` is called before the simulation,
    ``progress`` is told the share done, ``also(comparison, folder)`` may add files before the folder is
    finished. Raises ScenarioError, UsageError or RunError.
    """
    first = REPLICATIONS if replications is None else whole(replications, "replications", 2)
    settings = settings_of(seed, first, size, horizon, set, engine)
    if precision is not None and replications is not None:
        raise UsageError("precision and replications exclude each other: one asks for what the other gives")
    if budget is not None and not 0.0 <= budget < math.inf:
        raise UsageError(f"budget: expected an amount of money from 0 on, got {budget:g}")
    workers, most = whole(workers, "workers", 1), whole(most, "most", LEAST)
    scenarios = worlds((baseline, *strategies), settings)
    settings = replace(settings, engine=_engine(scenarios, engine, note))
    unit = check_metric(metric, scenarios)
    draws = None if assumptions is None else whole(assumptions, "assumptions", FEWEST)
    how = Asked(
        metric, settings, precision_of(precision, metric, unit), most, budget, draws, assumptions_all, why
    )
    further = Further(scenarios, how)
    progress, after = further.share(progress, LEAST if how.precision else settings.replications)
    at_once = 1 if executor else min(workers, cores())
    check_memory(max(map(people_in, scenarios)), settings.engine, settings.replications, at_once, kept=False)
    programs = lowered(scenarios)
    side = Worlds(programs, settings.seed, settings.engine)
    if begins is not None:
        begins(programs, LEAST if how.precision else settings.replications)
    place = _place(scenarios, how, out, results)
    if place is None:
        done = _compared(scenarios, programs, side, how, workers, executor, progress, None)
        return further.added(done, workers, executor, after)
    with folders.new_folder(place, numbered=out is None) as partial:
        final = folders.place_of(partial)
        done = _compared(scenarios, programs, side, how, workers, executor, progress, final)
        done = further.added(done, workers, executor, after)
        from sim.experiment.comparison_tables import fill

        if also is not None:
            also(done, partial)
        fill(done, partial)
    return done


def _engine(scenarios: Sequence[Scenario], wanted: str | None, note: Callable[[str], None] | None) -> str:
    """One engine for all: the usual one, unless somebody needs another."""
    for scenario in scenarios:
        chosen = choose_engine(scenario, wanted, note)
        if chosen != ENGINE:
            return chosen
    return ENGINE


def _compared(
    scenarios: Sequence[Scenario],
    programs: Sequence[Any],
    side: Worlds,
    how: Asked,
    workers: int,
    executor: Executor | None,
    progress: Progress | None,
    place: Path | None,
) -> Comparison:
    began = datetime.now(UTC)

    def check(seen: Seen) -> None:
        if how.metric not in seen.kpis:
            raise UsageError(
                f"metric: {how.metric} has no value in some of these scenarios; "
                f"there are {', '.join(seen.kpis)}"
            )

    told = _Told(progress)
    target = LEAST if how.precision else how.settings.replications
    while side.replications < target:
        have = side.replications
        told.batch(have / target)
        side.play(target, workers=workers, executor=executor, progress=told, check=check)
        if how.precision:
            values = side.kpi(how.metric)
            strategies = range(1, len(programs))
            floor = max(side.floor(how.metric, world, len(strategies)) for world in strategies)
            target = wanted(values, how.aim(values), LEAST, how.most, floor)
    told.batch(1.0)
    return Comparison(
        tuple(scenarios), tuple(programs), labels(scenarios), side, how, began, datetime.now(UTC), place
    )


class _Told:
    """The share of all batches that is done: it never goes back, though there may be more than was thought."""

    def __init__(self, progress: Progress | None):
        self._progress, self._from, self._last = progress, 0.0, 0.0

    def batch(self, done: float) -> None:
        """A batch begins when so much of what is wanted now is done."""
        self._from = done
        self(0.0)

    def __call__(self, share: float) -> None:
        self._last = max(self._last, self._from + (1.0 - self._from) * share)
        if self._progress:
            self._progress(self._last)


def _place(
    scenarios: Sequence[Scenario], how: Asked, out: str | Path | None, results: str | Path | None
) -> Path | None:
    if out is not None:
        return Path(out)
    if results is None:
        return None
    from sim.experiment.comparison_tables import digest

    first = scenarios[0]
    label = first.name if first.path is None else first.path.parent.name
    return folders.default_place(Path(results), None, f"compare-{label}", digest(scenarios, how))
