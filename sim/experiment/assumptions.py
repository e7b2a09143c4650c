"""How much a comparison rests on what its scenarios assume: every guess drawn anew over its declared range.

A draw gives every assumed parameter a value, the same in all worlds. Each drawn set of worlds is lived through by
the same people with the same luck, in a few replications: many draws with some noise each tell more about
the assumptions than few draws without.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from sim.analysis.noise import split
from sim.analysis.turning import Turning, latin_hypercube, quantiles, turning
from sim.errors import ScenarioError, UsageError
from sim.experiment.replications import Progress
from sim.experiment.side_by_side import Worlds
from sim.experiment.worlds import lowered

if TYPE_CHECKING:
    from sim.analysis.view import Floats
    from sim.experiment.asked import Asked
    from sim.scenario import Assumption, Scenario
    from sim.scenario.quantities import Quantity

REPLICATIONS = 3  # of every draw
FEWEST = 10  # draws, below which nothing can be said of ranks


@dataclass(frozen=True, eq=False)
class Draws:
    """A finished analysis of assumptions.

    ``values[draw, parameter]`` are in base units; ``metric[draw, replication, world]`` is the metric (a
    replication without one is blank); ``stated[replication, world]`` is what the comparison itself found at the
    values that the files state. ``order`` are the worlds as it ranked them; ``sign`` is -1 where less is better.
    """

    assumed: tuple[Assumption, ...]
    values: Floats
    metric: Floats
    stated: Floats
    labels: tuple[str, ...]
    order: tuple[int, ...]
    sign: float
    every: bool
    there: tuple[tuple[bool, ...], ...]  # by parameter and world: whether the world has it

    @property
    def count(self) -> int:
        """How many draws there are."""
        return len(self.values)

    @cached_property
    def means(self) -> Floats:
        """The metric of every draw and world.

        The few replications of a draw are the first ones of the comparison, with the same luck. What that luck makes
        them differ from all replications, at the stated values, is taken out of every draw (a control variate).
        """
        luck = self.stated.mean(axis=0) - self.stated[: self.metric.shape[1]].mean(axis=0)
        means: Floats = np.nanmean(self.metric, axis=1) + luck
        return means

    @cached_property
    def gains(self) -> Floats:
        """How much better than the first world every world is, by draw: above 0 is better."""
        gains: Floats = self.sign * (self.means - self.means[:, :1])
        return gains

    # ------------------------------------------------------------ does it hold
    @property
    def best(self) -> int:
        """The world that the comparison itself found best."""
        return self.order[0]

    @property
    def best_holds(self) -> float:
        """The share of draws in which that world is best (or as good as the best)."""
        return float(np.mean(self.gains[:, self.best] >= self.gains.max(axis=1)))

    @property
    def order_holds(self) -> float:
        """The share of draws in which no two worlds change places in the whole ranking."""
        kept = [self.gains[:, a] >= self.gains[:, b] for a, b in pairwise(self.order)]
        return float(np.mean(np.all(kept, axis=0)))

    def better(self, world: int) -> float:
        """The share of draws in which a world is better than the first one."""
        return float(np.mean(self.gains[:, world] > 0.0))

    # ------------------------------------------------------------ what turns it round
    @cached_property
    def contrasts(self) -> dict[tuple[int, int], Floats]:
        """Gains of the first of two worlds over the second, by draw: each against world 0, the best two."""
        pairs = [(world, 0) for world in range(1, len(self.labels))]
        best_two = (self.order[0], self.order[1])
        if 0 not in best_two:
            pairs.append(best_two)
        return {(a, b): self.gains[:, a] - self.gains[:, b] for a, b in pairs}

    @cached_property
    def turning(self) -> dict[tuple[int, int], list[Turning]]:
        """For each contrast what every parameter does to it, in the order of ``assumed``.

        A parameter that neither world has does nothing to it, whatever chance makes of its correlation.
        """
        found = {}
        for (a, b), gain in self.contrasts.items():
            felt = [has[a] or has[b] for has in self.there]
            columns = zip(felt, self.values.T, strict=True)
            found[a, b] = [
                turning(column, gain, sum(felt)) if here else Turning() for here, column in columns
            ]
        return found

    def noise(self, pair: tuple[int, int]) -> float | None:
        """How much of the variance of a contrast between draws is chance of the few replications, 0..1.

        Replications have the same luck in all draws.
        """
        a, b = pair
        each = self.metric[:, :, a] - self.metric[:, :, b]
        each = each[:, ~np.isnan(each).any(axis=0)]
        return split(each, common=True).share if min(each.shape) > 1 else None


# ---------------------------------------------------------------- which parameters
def assumed_of(scenarios: Sequence[Scenario], every: bool) -> dict[str, Assumption]:
    """The assumptions of scenarios by path; with `every`, all schema defaults that have a range, too.

    Where two files declare one path, the first counts. Raises UsageError where nothing is assumed.
    """
    from sim.scenario.variants import default_assumptions

    found: dict[str, Assumption] = {}
    for scenario in scenarios:
        found |= {path: one for path, one in scenario.assumed.items() if path not in found}
    for scenario in scenarios if every else ():
        found |= {path: one for path, one in default_assumptions(scenario).items() if path not in found}
    if not found:
        raise UsageError(
            "assumptions: nothing stands under assumed: in these scenarios; declare how far off guesses may be, or "
            "draw the model's own defaults with --assumptions-all"
        )
    return found


def drawn(assumed: Sequence[Assumption], draws: int, seed: int) -> Floats:
    """Values ``[draws, parameters]`` in base units, a Latin hypercube over the declared ranges."""
    chances = latin_hypercube(draws, len(assumed), seed)
    columns = [_column(one, chance) for one, chance in zip(assumed, chances.T, strict=True)]
    return np.stack(columns, axis=1)


def _column(one: Assumption, chances: Floats) -> Floats:
    values = quantiles(one.dist.family, one.dist.params, one.dist.values, chances)
    return fitting(one.quantity, values)


def fitting(quantity: Quantity, values: Floats) -> Floats:
    """What a scenario will read back: within bounds, whole where only whole numbers are."""
    low = np.nextafter(quantity.low, np.inf) if quantity.above else quantity.low
    found: Floats = np.clip(np.rint(values) if quantity.whole else values, low, quantity.high)
    return found


# ---------------------------------------------------------------- drawing
def draw(
    scenarios: Sequence[Scenario],
    labels: tuple[str, ...],
    order: tuple[int, ...],
    sign: float,
    stated: Floats,
    how: Asked,
    *,
    workers: int = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Draws:
    """Redraw the assumptions as often as was asked for. Raises UsageError where a drawn value does not fit."""
    from sim.scenario.variants import has

    count = how.assumptions or 0
    assumed = tuple(assumed_of(scenarios, how.every_default).values())
    values = drawn(assumed, count, how.settings.seed)
    replications = min(REPLICATIONS, len(stated))
    metric = np.full((count, replications, len(scenarios)), np.nan)
    for k, row in enumerate(values):

        def told(share: float, k: int = k) -> None:
            if progress is not None:
                progress((k + share) / count)

        told(0.0)
        written = {one.path: one.write(value) for one, value in zip(assumed, row.tolist(), strict=True)}
        side = Worlds(lowered(_with(scenarios, written, k)), how.settings.seed, how.settings.engine)
        side.play(replications, workers=workers, executor=executor, progress=told)
        rows = side.kpi(how.metric)
        metric[k, : len(rows)] = rows
    there = ~np.isnan(metric).all(axis=(1, 2))
    if not there.all():
        raise UsageError(
            f"assumptions: {how.metric} has no value in {int((~there).sum())} of {count} draws, so they cannot be "
            "ranked; choose another metric or narrower ranges"
        )
    there = tuple(tuple(has(scenario, one.path) for scenario in scenarios) for one in assumed)
    return Draws(assumed, values, metric, stated, labels, order, sign, how.every_default, there)


def _with(scenarios: Sequence[Scenario], values: Mapping[str, object], number: int) -> list[Scenario]:
    from sim.scenario.variants import with_values

    try:
        return [with_values(scenario, values) for scenario in scenarios]
    except ScenarioError as error:
        first = error.problems[0]
        raise UsageError(
            f"assumptions: draw {number + 1} is no scenario: {first.path}: {first.message}; narrow the range under "
            "assumed:"
        ) from None
