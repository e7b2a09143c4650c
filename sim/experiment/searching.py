"""The search: which points look good, by Optuna, in few replications of the same people with the same luck.

The sampler is the multivariate tree-structured Parzen estimator (Bergstra et al. 2011; Watanabe 2023), seeded, asked
for a batch of :data:`BATCH` points at a time and told what they showed in the order in which they were asked. So
neither the number of workers nor who is done first changes a digit. docs/optimise.md says what it was measured against.
"""

from __future__ import annotations

import importlib
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.analysis.view import Floats
from sim.errors import UsageError
from sim.experiment.goals import Goal
from sim.experiment.levers import Lever, Point
from sim.experiment.trials import BASELINE, WRITTEN, Lab, Sample, World

BATCH = 8  # points between two looks, whatever the workers
TRIED = 1  # replications of every point: more points tell more than more replications, as the selection looks again
FEW = range(1, TRIED + 1)
KNOWN = 10  # replications of the scenario as written, which tell how much chance there is
STARTING = 10  # points drawn at random before the sampler has something to go by
ASKS = 4  # times as many points are asked for, at most, as are run: the sampler may come back to old ones
MISSING = (
    "optimise needs Optuna, which is not installed: pip install 'touchpoint-sim[optimise]' (or: pip install "
    "'optuna>=4.0,<6')"
)


@dataclass(frozen=True)
class Trial:
    """A point that was tried in the search, from number 1.

    ``mean`` of the metric and ``excess``, by how much each constraint is broken (above 0 it is), are those of an
    average replication, as far as can be told: see `Luck`. A point that cannot run has no mean (nan); ``wrong``
    says why.
    """

    number: int
    point: Point
    mean: float
    excess: tuple[float, ...]
    wrong: str = ""

    @property
    def ran(self) -> bool:
        """Whether it could be simulated."""
        return not self.wrong

    def keeps(self, margin: float | Floats = 0.0) -> bool:
        """Whether it keeps every constraint, by a margin."""
        return self.ran and bool(np.all(np.asarray(self.excess) <= -np.asarray(margin)))


@dataclass(frozen=True, eq=False)
class Luck:
    """How much the replications of the search differ from many, as the scenario as written shows it.

    All points live through the same few replications, so their luck is much the same for all of them: where it makes
    the constraints look loose, the best points break them all together. So what it does to the scenario as written is
    taken out of every point (a control variate with the coefficient 1). ``noise`` is the standard error that the
    excess of each constraint had without that.
    """

    written: Sample

    @property
    def metric(self) -> float:
        """What the few replications show more than many."""
        return float(self.written.metric[:TRIED].mean() - self.written.metric.mean())

    @property
    def excess(self) -> Floats:
        """The same for every constraint."""
        more: Floats = self.written.excess[:TRIED].mean(axis=0) - self.written.excess.mean(axis=0)
        return more

    @property
    def noise(self) -> Floats:
        """The standard error of a point's excess, by constraint."""
        error: Floats = np.std(self.written.excess, axis=0, ddof=1) / np.sqrt(TRIED)
        return error


def optuna_module() -> Any:
    """Optuna, silenced. Raises UsageError with how to get it where it is not installed."""
    try:
        optuna = importlib.import_module("optuna")
    except ImportError:
        raise UsageError(MISSING) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def search(lab: Lab, points: int, seed: int) -> tuple[list[Trial], Luck]:
    """Up to so many points, each tried in replications 1 .. TRIED, in the order of their numbers.

    Where the levers have no more points than that, each is tried once; else the first ones are the scenario as written
    (or the middle of all levers) and from there each lever at both ends. The scenario as written is lived through in
    replications 1 .. KNOWN. Raises UsageError where a KPI of the goal has no value, and for a lever that moves nothing.
    """
    known = range(1, KNOWN + 1)
    lab.play([(world, known) for world in references(lab.goal)])
    luck, space = Luck(_known(lab, known)), lab.space
    lab.play([(point, FEW) for point in space.star])
    _check_moving(lab)
    if space.count <= points:
        every = space.every()
        lab.play([(point, FEW) for point in every])
        return [_trial(lab, number, point, luck) for number, point in enumerate(every, 1)], luck
    return _asked(lab, points, luck, seed), luck


def _check_moving(lab: Lab) -> None:
    """Raise UsageError for a lever that changes no number, wherever the others are."""
    space = lab.space
    for k, lever in enumerate(space.levers):
        ends = [space.moved(space.centre, k)]
        if not lab.alike(*ends[0]):
            continue
        ends += [space.moved(tuple(one.extremes[end] for one in space.levers), k) for end in (0, -1)]
        lab.play([(point, FEW) for pair in ends for point in pair])
        lab.play([(point, range(1, KNOWN + 1)) for point in ends[0]])
        if all(lab.alike(*pair) for pair in ends):
            low, high = (lever.write(lever.extremes[end]) for end in (0, -1))
            raise UsageError(
                f"lever {lever.path}: moves nothing: in {KNOWN} replications every number is the same at {low} and at "
                f"{high}; leave it out, or simulate more customers (--size)"
            )


def references(goal: Goal) -> list[World]:
    """The worlds that points are held against: the scenario as written, and its baseline where a budget is kept."""
    return [WRITTEN, BASELINE] if any(one.above_baseline for one in goal.constraints) else [WRITTEN]


def _known(lab: Lab, replications: Sequence[int]) -> Sample:
    """What the scenario as written shows. Raises UsageError where some KPI has no value there."""
    missing = lab.missing(WRITTEN)
    if missing:
        raise UsageError(f"{missing} has no value in this scenario, so nothing can be chosen by it")
    seen = lab.sample(WRITTEN, replications)
    assert seen is not None
    return seen


def _asked(lab: Lab, points: int, luck: Luck, seed: int) -> list[Trial]:
    """Trials that the sampler asks for."""
    space, study = lab.space, _study(lab.goal, seed)
    scales = _scales(lab.goal, luck)
    for point in space.star:
        study.enqueue_trial(dict(zip(space.paths, map(_place, space.levers, point), strict=True)))
    found: dict[Point, Trial] = {}
    for _ in range(ASKS * points // BATCH + 1):
        asked = [study.ask() for _ in range(BATCH)]
        batch = [tuple(map(_suggested, [one] * len(space.levers), space.levers)) for one in asked]
        new = [point for point in dict.fromkeys(batch) if point not in found][: points - len(found)]
        lab.play([(point, FEW) for point in new])
        lab.keep(())
        for point in new:
            found[point] = _trial(lab, len(found) + 1, point, luck)
        for one, point in zip(asked, batch, strict=True):
            if point in found:
                _tell(study, one, found[point], scales)
        if len(found) >= points:
            break
    return list(found.values())


def _trial(lab: Lab, number: int, point: Point, luck: Luck) -> Trial:
    sample = lab.sample(point, FEW)
    if sample is None:
        return Trial(
            number, point, math.nan, (), lab.wrong.get(point, f"{lab.missing(point)} has no value there")
        )
    excess = sample.excess.mean(axis=0) - luck.excess
    return Trial(number, point, float(sample.metric.mean()) - luck.metric, tuple(excess.tolist()))


# ---------------------------------------------------------------- Optuna
def _study(goal: Goal, seed: int) -> Any:
    optuna = optuna_module()
    told: dict[str, Any] = {}
    if goal.constraints:
        told["constraints_func"] = lambda trial: trial.user_attrs["excess"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is experimental in one version and deprecated in the next
        sampler = optuna.samplers.TPESampler(
            n_startup_trials=STARTING, multivariate=True, constant_liar=True, seed=seed % 2**32, **told
        )
    return optuna.create_study(direction="minimize" if goal.sign < 0.0 else "maximize", sampler=sampler)


def _scales(goal: Goal, luck: Luck) -> Floats:
    """What counts as much, by constraint, so that their excesses can be added up."""
    excess = np.abs(luck.written.excess.mean(axis=0))
    sizes = np.maximum(np.abs([one.bound for one in goal.constraints]), excess)
    return np.where(sizes > 0.0, sizes, 1.0)


def _tell(study: Any, asked: Any, trial: Trial, scales: Floats) -> None:
    import optuna

    if not trial.ran:
        study.tell(asked, state=optuna.trial.TrialState.FAIL)
        return
    asked.set_user_attr("excess", (np.array(trial.excess) / scales).tolist())
    study.tell(asked, trial.mean)


def _place(lever: Lever, value: Any) -> Any:
    """How Optuna knows a value: numbers of a list by their place in it, so that neighbours are near."""
    return lever.choices.index(value) if lever.choices else value


def _suggested(asked: Any, lever: Lever) -> Any:
    """The value that is asked for."""
    if not lever.choices:
        return lever.settled(asked.suggest_float(lever.path, *lever.ends))
    if lever.in_order:
        return lever.choices[asked.suggest_int(lever.path, 0, len(lever.choices) - 1)]
    return lever.choices[asked.suggest_categorical(lever.path, list(range(len(lever.choices))))]
