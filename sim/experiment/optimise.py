"""The best strategy under a budget of runs: search, selection, and a re-test that nothing was chosen by.

Whatever is picked because it looked best looked better than it is (the winner's curse). So the gain that is reported
comes from replications under a seed of their own, which no earlier stage used, beside what the search promised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.paired import Difference, differences, without_spread
from sim.errors import ScenarioError, UsageError
from sim.experiment import folder as folders
from sim.experiment.goals import Constraint, Goal, goal_of
from sim.experiment.levers import Lever, Space, chosen, given_levers, levers_of
from sim.experiment.manifest import Settings
from sim.experiment.memory import check_memory, people_in
from sim.experiment.replications import Progress, cores
from sim.experiment.runs import choose_engine, prepare, settings_of, whole
from sim.experiment.searching import KNOWN, TRIED, Luck, Trial, optuna_module, references, search
from sim.experiment.selecting import MOST, Selection, candidates, keeping, select
from sim.experiment.side_by_side import Worlds
from sim.experiment.trials import Lab, Sample

if TYPE_CHECKING:
    import pandas as pd

    from sim.analysis.view import Floats
    from sim.scenario import Scenario
    from sim.scenario.design import Design

RUNS = 400  # where nothing is said
LEAST_POINTS, EACH = 8, 4  # points of a search, at least: so many, and so many more a lever
LEAST_AGAIN = 5  # replications of the re-test, at least
LEAST_CHOICE = 4 * 5  # runs of the selection, at least
SEARCHED, RETESTED = 0.5, 0.25  # of all runs; the selection has the rest
SEEDS = 2**63


@dataclass(frozen=True)
class Asked:
    """What was asked for beside scenario, levers and goal."""

    settings: Settings  # its replications say nothing here
    runs: int
    levers: tuple[str, ...]  # as options of the command line
    design: Path | None = None
    budget: float | None = None

    @property
    def again(self) -> int:
        """The seed of the re-test."""
        return (self.settings.seed + 1) % SEEDS


@dataclass(frozen=True)
class Plan:
    """How the runs are spent: so many points in the search, so many runs in the selection, the rest in the re-test."""

    points: int
    selecting: int
    worlds: int  # of the re-test
    references: int  # worlds that points are held against

    @property
    def searching(self) -> int:
        """Runs of the search, with those of what points are held against."""
        return TRIED * self.points + KNOWN * self.references


@dataclass(frozen=True)
class Kept:
    """How a constraint fared in the re-test: the mean of what it bounds in the scenario as written (``before``) and for
    the winner, the latter's 95 % interval, and the probability that its true mean keeps the bound.
    """

    constraint: Constraint
    before: float
    mean: float
    low: float
    high: float
    chance: float

    @property
    def broken_before(self) -> bool:
        """Whether the scenario as written breaks it."""
        return bool(self.constraint.excess(np.array([self.before]))[0] > 0.0)


@dataclass(frozen=True, eq=False)
class Optimum:
    """A finished optimisation; frames are made when first asked for.

    ``tried`` are the points of the search, ``selection`` what became of the best of them (None where there was only
    one), ``worlds`` the re-test: world 0 is the scenario as written, 1 the winner, 2 the baseline (absent where the
    scenario is it).
    """

    space: Space
    goal: Goal
    asked: Asked
    plan: Plan
    tried: tuple[Trial, ...]
    selection: Selection | None
    winner: Trial
    best: Scenario
    worlds: Worlds
    luck_of_search: Luck
    spent: int
    began: datetime
    ended: datetime
    folder: Path | None = None

    # ------------------------------------------------------------ the winner
    @property
    def scenario(self) -> Scenario:
        """The scenario as written."""
        return self.space.scenario

    @property
    def levers(self) -> dict[str, Any]:
        """The best levers found, as a scenario writes them, by path."""
        return self.space.written(self.winner.point)

    @property
    def own(self) -> dict[str, Any]:
        """The levers as the scenario has them; None where it has no single value."""
        own = {lever.path: (lever, lever.parameter.own) for lever in self.space.levers}
        return {path: None if value is None else lever.write(value) for path, (lever, value) in own.items()}

    @property
    def is_as_written(self) -> bool:
        """Whether nothing better than the scenario as written was found."""
        return self.winner.point == self.space.as_written and self.gain().identical

    @property
    def has_baseline(self) -> bool:
        """Whether the scenario has a baseline other than itself."""
        return len(self.worlds.programs) > 2

    @property
    def replications(self) -> int:
        """How many replications the re-test has."""
        return self.worlds.replications

    @property
    def currency(self) -> str:
        """The scenario's currency."""
        return self.scenario.currency

    def gain(self, kpi: str | None = None, against: int = 0) -> Difference:
        """The winner's paired difference to the scenario as written (or to world 2, the baseline), re-tested."""
        kpi = kpi or self.goal.metric
        found = differences(self.values(kpi, against, 1))[0]
        flips = self.worlds.flips[0].get(kpi)
        if flips is None or self.worlds.unchanged(1, against):
            return found
        return without_spread(found, flips.n, 1, flips.se if against == 0 else None)

    def values(self, kpi: str, *worlds: int) -> Floats:
        """A KPI in the re-test: a row a replication in which all of these worlds have a value, a column each."""
        rows = [[seen.kpis.get(kpi, np.nan) for seen in self.worlds.seen[world]] for world in worlds]
        values = np.array(rows, np.float64).T
        whole: Floats = values[~np.isnan(values).any(axis=1)]
        return whole

    @cached_property
    def promise(self) -> Trial:
        """The point that the search alone would have named the best."""
        kept = [trial for trial in self.tried if trial.keeps()]
        return min(kept, key=lambda trial: (-self.goal.sign * trial.mean, trial.number))

    @property
    def promised(self) -> float:
        """What the search alone would have promised: that point's difference to the scenario as written."""
        return self.promise.mean - float(self.luck_of_search.written.metric.mean())

    @property
    def luck(self) -> float:
        """How much of what was promised the re-test did not find, in the better direction: the winner's curse."""
        return self.goal.sign * (self.promised - self.gain().mean)

    @property
    def as_promised(self) -> bool:
        """Whether what was promised lies within the re-test's interval, so that no luck can be told."""
        gain = self.gain()
        return gain.low <= self.promised <= gain.high

    @cached_property
    def kept(self) -> list[Kept]:
        """Every constraint in the re-test."""
        return [self._kept(one) for one in self.goal.constraints]

    def _kept(self, one: Constraint) -> Kept:
        worlds = self.values(one.kpi, 0, 1)
        if one.above_baseline:
            worlds = worlds - self.values(one.kpi, 2 if self.has_baseline else 0)
        values = worlds[:, 1]
        found = differences(np.stack([np.zeros(len(values)), values], axis=1))[0]
        sample = Sample(values, one.excess(values)[:, None])
        return Kept(one, float(worlds[:, 0].mean()), found.mean, found.low, found.high, keeping(sample))

    # ------------------------------------------------------------ frames
    @property
    def trials(self) -> pd.DataFrame:
        """A row a point of the search: its levers in base units, the KPIs of the goal, whether it keeps them."""
        return self._frame("trials", ["trial"])

    @property
    def candidates(self) -> pd.DataFrame:
        """A row a candidate of the selection, the winner first: how much better the winner is, and how sure that is."""
        return self._frame("candidates", ["trial"])

    @property
    def retest(self) -> pd.DataFrame:
        """A row a KPI and what the winner is compared with: means, the paired difference and its 95 % interval."""
        return self._frame("retest", ["kpi", "against"])

    def _frame(self, name: str, index: list[str]) -> pd.DataFrame:
        import pandas as pd

        rows = self.tables[name]
        return pd.DataFrame(rows).set_index(index) if rows else pd.DataFrame()

    @cached_property
    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """The frames as plain rows, by name."""
        from sim.experiment.optimum_tables import tables

        return tables(self)

    def result(self) -> dict[str, Any]:
        """What ``touchpoint optimise --json`` prints, as plain data."""
        from sim.experiment.optimum_tables import result

        return result(self)

    def save(self, place: str | Path, *, also: Callable[[Optimum, Path], None] | None = None) -> Path:
        """Write the results folder (``best.yaml``, tables, inputs, manifest) to a place that does not exist yet.

        ``also(optimum, folder)`` may add files. Raises UsageError where the place is taken.
        """
        from sim.experiment.optimum_tables import fill

        with folders.new_folder(Path(place)) as partial:
            if also is not None:
                also(self, partial)
            fill(self, partial)
        return Path(place)

    def _repr_html_(self) -> str:
        from html import escape

        levers = ", ".join(f"{path} = {value}" for path, value in self.levers.items())
        return f"<p><b>{escape(self.scenario.name)}</b>: {escape(levers)}</p>{self.retest.to_html()}"


# ---------------------------------------------------------------- optimising
def optimise(
    scenario: Scenario | Design | str | Path,
    levers: Mapping[str, Any] | Sequence[str] = (),
    *,
    maximise: str | None = None,
    minimise: str | None = None,
    subject_to: str | Sequence[str] = (),
    budget: float | None = None,
    runs: int = RUNS,
    seed: int | None = None,
    size: int | None = None,
    horizon: str | float | None = None,
    set: Sequence[str] = (),
    workers: int = 1,
    engine: str | None = None,
    out: str | Path | None = None,
    results: str | Path | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
    begins: Callable[[Any], None] | None = None,
    also: Callable[[Optimum, Path], None] | None = None,
    note: Callable[[str], None] | None = None,
) -> Optimum:
    """Find the levers that make a KPI as high (or as low) as can be, and re-test them on fresh replications.

    ``levers`` are ``{"path.to.key": "low .. high" or [values]}``, or texts ``"path.to.key=low .. high"``; a design
    (its file, or a Design) in place of the scenario brings its own, with its seed, size and horizon.
    ``maximise`` or ``minimise`` names a KPI (retention as high as can be if neither does), ``subject_to`` holds texts
    such as ``"programme_cost <= 20000"``; ``budget`` is what a point may cost more than the baseline. ``runs`` is how
    many runs may be simulated in all. The other arguments are those of ``run``. Raises ScenarioError, UsageError (also
    where no point keeps the constraints) or RunError.
    """
    optuna_module()
    given, design, sizes = _given(scenario, levers, seed, size, horizon)
    seed, size, horizon = sizes
    settings = settings_of(seed, 1, size, horizon, set, engine, given=given)
    workers = whole(workers, "workers", 1)
    space = _space(given, design, levers, settings)
    settings = replace(settings, engine=choose_engine(space.scenario, engine, note))
    goal = goal_of(maximise, minimise, subject_to, budget, space.scenario)
    plan = planned(whole(runs, "runs", 1), space, goal)
    asked = Asked(settings, runs, _options(space.levers), None if design is None else design.path, budget)
    at_once = 1 if executor else min(workers, cores())
    check_memory(people_in(space.scenario), settings.engine, runs, at_once, kept=False)
    _ = space.bounds  # what is no scenario is said before anything runs
    if begins is not None:
        from sim.experiment.runs import lowered

        begins(lowered(space.scenario))
    place = _place(space.scenario, asked, goal, out, results)
    if place is not None and space.scenario.path is None:
        raise UsageError(
            "a folder needs a scenario file, which best.yaml can extend: write this scenario first"
        )
    told = None if progress is None else _share_of(progress, runs)
    if place is None:
        return _optimised(space, goal, asked, plan, workers, executor, told, None)
    with folders.new_folder(place, numbered=out is None) as partial:
        final = folders.place_of(partial)
        done = _optimised(space, goal, asked, plan, workers, executor, told, final)
        from sim.experiment.optimum_tables import fill

        if also is not None:
            also(done, partial)
        fill(done, partial)
    return done


def _share_of(progress: Progress, runs: int) -> Progress:
    def told(done: float) -> None:
        progress(min(1.0, done / runs))

    return told


# ---------------------------------------------------------------- what was asked for
def _given(
    scenario: Any, levers: Any, seed: int | None, size: int | None, horizon: str | float | None
) -> tuple[Any, Design | None, tuple[int, int | None, str | float | None]]:
    """The scenario, the design if it is one, and (seed, size, horizon) as they hold."""
    design = _design(scenario)
    if design is None:
        return scenario, None, (1 if seed is None else seed, size, horizon)
    if levers:
        raise UsageError(
            "a design brings its own levers, its parameters: leave --lever out, or name its scenario"
        )
    return (
        design.scenario,
        design,
        (
            design.seed if seed is None else seed,
            design.size if size is None else size,
            design.horizon if horizon is None else horizon,
        ),
    )


def _design(given: Any) -> Design | None:
    """The design that was given, or that stands in the file that was."""
    from sim.experiment.points import design_from
    from sim.finding import located
    from sim.scenario.design import Design
    from sim.scenario.yaml_file import read_yaml

    if isinstance(given, Design):
        return given
    file = located(given) if isinstance(given, (str, Path)) else None
    if file is None:
        return None
    try:
        root = read_yaml(file.read_text("utf-8-sig"), file)
    except (OSError, ValueError, ScenarioError):  # whoever loads it says what is wrong with it
        return None
    return None if root.get("design") is None else design_from(file)


def _space(given: Any, design: Design | None, levers: Any, settings: Settings) -> Space:
    scenario = prepare(given, settings)
    if design is not None:
        return Space(scenario, chosen(design.parameters))
    return Space(scenario, levers_of(given_levers(levers), scenario))


def _options(levers: Sequence[Lever]) -> tuple[str, ...]:
    """The levers as the command line has them."""
    import json

    told = []
    for lever in levers:
        written = lever.parameter.written
        text = written if isinstance(written, str) else json.dumps(written, ensure_ascii=False)
        told.append(f"{lever.path}={text}")
    return tuple(told)


def planned(runs: int, space: Space, goal: Goal) -> Plan:
    """How runs are shared out. Raises UsageError where there are too few of them, with the least number."""
    is_baseline = space.scenario.baseline is space.scenario
    worlds, held = (2, 1) if is_baseline else (3, len(references(goal)))
    least = min(LEAST_POINTS + EACH * len(space.levers), space.count)
    smallest = Plan(int(least), LEAST_CHOICE, worlds, held)
    needed = smallest.searching + smallest.selecting + LEAST_AGAIN * worlds
    if runs < needed:
        count = len(space.levers)
        raise UsageError(
            f"runs: {runs} are too few to search {count} lever{'s' * (count > 1)}, to choose among the best and to "
            f"re-test the winner; give --runs {needed} at least"
        )
    again = max(LEAST_AGAIN * worlds, int(RETESTED * runs))
    points = (int(SEARCHED * runs) - KNOWN * held) // TRIED
    points = int(min(max(points, least), space.count))
    plan = Plan(points, 0, worlds, held)
    return replace(plan, selecting=runs - plan.searching - again)


def _place(
    scenario: Scenario, asked: Asked, goal: Goal, out: str | Path | None, results: str | Path | None
) -> Path | None:
    if out is not None:
        return Path(out)
    if results is None:
        return None
    from sim.experiment.optimum_tables import digest

    label = scenario.name if scenario.path is None else f"{scenario.path.parent.name}-{scenario.path.stem}"
    return folders.default_place(Path(results), None, f"optimise-{label}", digest(scenario, asked, goal))


# ---------------------------------------------------------------- the three stages
def _optimised(
    space: Space,
    goal: Goal,
    asked: Asked,
    plan: Plan,
    workers: int,
    executor: Executor | None,
    told: Progress | None,
    place: Path | None,
) -> Optimum:
    began = datetime.now(UTC)
    settings = asked.settings
    lab = Lab(space, goal, settings.seed, settings.engine, workers=workers, executor=executor, told=told)
    trials, luck = search(lab, plan.points, settings.seed)
    _check_feasible(trials, goal, space)
    chosen = candidates(trials, goal.sign, _how_many(plan), luck.noise)
    lab.keep([trial.point for trial in chosen])
    selection = select(lab, chosen, max(TRIED, KNOWN) + 1, plan.selecting) if len(chosen) > 1 else None
    if len(chosen) > 1 and selection is None:
        raise _nothing_feasible(min(chosen, key=lambda trial: _far(trial, trials)), goal, space)
    winner = chosen[0] if selection is None else selection.winner
    best = space.at(winner.point)
    worlds = _again(space, best, asked, lab.spent, workers, executor, told)

    spent = lab.spent + worlds.replications * len(worlds.programs)
    return Optimum(
        space, goal, asked, plan, tuple(trials), selection, winner, best, worlds, luck, spent, began,
        datetime.now(UTC), place,
    )  # fmt: skip


def _how_many(plan: Plan) -> int:
    """Candidates: as many as the selection can look at properly."""
    return max(2, min(MOST, plan.selecting // 8))


def _again(
    space: Space,
    best: Scenario,
    asked: Asked,
    spent: int,
    workers: int,
    executor: Executor | None,
    told: Progress | None,
) -> Worlds:
    """The re-test: the winner beside the scenario as written and its baseline, under another seed."""
    from sim.experiment.worlds import lowered

    scenario = space.scenario
    others = [] if scenario.baseline is scenario else [scenario.baseline]
    side = Worlds(lowered([scenario, best, *others]), asked.again, asked.settings.engine)
    left = asked.runs - spent
    count = max(LEAST_AGAIN, left // len(side.programs))

    def tell(share: float) -> None:
        if told is not None:
            told(spent + share * left)

    side.play(count, workers=workers, executor=executor, progress=tell)
    return side


# ---------------------------------------------------------------- where nothing fits
def _check_feasible(trials: Sequence[Trial], goal: Goal, space: Space) -> None:
    """Raise UsageError where no point keeps the constraints, or none can run at all."""
    ran = [trial for trial in trials if trial.ran]
    if not ran:
        raise UsageError(f"not one of {len(trials)} points can run: {trials[0].wrong if trials else ''}")
    if not any(trial.keeps() for trial in ran):
        raise _nothing_feasible(min(ran, key=lambda trial: _far(trial, ran)), goal, space, len(ran))


def _far(trial: Trial, trials: Sequence[Trial]) -> tuple[float, int]:
    """How far a point is from keeping all constraints, each counted in what it varies by between points."""
    every: Floats = np.array([one.excess for one in trials if one.ran])
    sizes = np.maximum(np.ptp(every, axis=0), 1e-300)
    return float(np.sum(np.maximum(0.0, trial.excess) / sizes)), trial.number


def _nothing_feasible(trial: Trial, goal: Goal, space: Space, count: int | None = None) -> UsageError:
    """Which constraint fails and by how much where it fails least."""
    told = []
    for one, excess in zip(goal.constraints, trial.excess, strict=True):
        if excess > 0.0:
            value = one.bound + one.sign * excess
            told.append(f"{one.text} is missed by {excess:.6g} (it is {value:.6g})")
    where = ", ".join(f"{path} = {value}" for path, value in space.written(trial.point).items())
    tried = "no candidate" if count is None else f"none of {count} points"
    missed = " and ".join(told) or "it kept them in the search, but not when it was looked at again"
    return UsageError(f"{tried} keeps the constraints; nearest to it, at {where}: {missed}")
