"""How a limit is put to the test: runs in, independent observations out, judged by their standard error.

Every quantity is the *mean of independent observations whose expectation is exact*: a share is the mean of zeros
and ones, a variance the mean of squared distances from the exact mean. Observations are customers where these are
independent, else whole replications.
"""

import math
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from sim.engine import Outcome, Program, lower, simulate
from sim.engine.order import in_order
from sim.model.layout import TOUCH
from sim.scenario import Scenario, parse

FALSE_ALARMS = 0.01  # the chance that a right simulator fails anywhere in the table
POWER = 2.0  # standard errors by which a mistake must lie beyond the bound
MINUTE = 1.0 / 1440.0
FIELDS = ["t", "customer", "seq", "touchpoint", "outcome", "wait", "order", "revenue"]

Observations = Mapping[str, np.ndarray]


# ---------------------------------------------------------------- what is claimed
@dataclass(frozen=True)
class Quantity:
    """A number with a closed form, and what a plausible mistake would make of it, which must be noticed."""

    name: str
    exact: float
    wrong: float
    mistake: str


@dataclass(frozen=True)
class Identity:
    """A number that holds on every path, within a tolerance that is rounding and no more."""

    name: str
    exact: float
    tolerance: float = 0.0


def quantity(name: str, exact: float, wrong: float | None = None, mistake: str = "5 % more") -> Quantity:
    """A quantity; where no mistake is named it is one of 5 per cent."""
    return Quantity(name, float(exact), 1.05 * float(exact) if wrong is None else float(wrong), mistake)


@dataclass(frozen=True)
class Limit:
    """A scenario that has a closed form, and how its quantities are read off runs.

    ``observe`` gives for every quantity, by name, an array of independent observations (booleans for a share); for
    an identity one number.
    """

    section: str
    name: str
    quantities: tuple[Quantity | Identity, ...]
    observe: Callable[["Bench"], Observations]


# ---------------------------------------------------------------- what was simulated
@dataclass(frozen=True)
class Sample:
    """One replication: its program, outcome and touches (FIELDS of the log, in no particular order)."""

    program: Program
    outcome: Outcome
    touches: np.ndarray

    @property
    def people(self) -> np.ndarray:
        """The people at the horizon, in order of id; their place is what `who` gives."""
        return self.outcome.people

    @property
    def who(self) -> np.ndarray:
        """The place among the people of the customer of every touch."""
        return self.touches["customer"] - self.people["id"][0]

    def at(self, touchpoint: str) -> np.ndarray:
        """Which touches are at the touchpoint of this name."""
        return self.touches["touchpoint"] == self.program.touchpoint_names.index(touchpoint)


@dataclass
class Bench:
    """Where limits are run: an engine, a seed, and the share of the full samples that is taken."""

    engine: str
    seed: int = 1
    share: float = 1.0
    events: int = 0

    def size(self, full: int, least: int = 1) -> int:
        """How many of a full number to take."""
        return max(least, round(full * self.share))

    def samples(self, data: Mapping[str, Any], replications: int = 1, log: bool = True) -> Iterator[Sample]:
        """Replications of a scenario written as a dict, one after the other."""
        program = lower(parse(data))
        for k in range(replications):
            pieces = [np.zeros(0, _kept())]
            outcome = self.simulate(program, k, (lambda rows: pieces.append(_touches(rows))) if log else None)  # noqa: B023
            yield Sample(program, outcome, np.concatenate(pieces))

    def sample(self, data: Mapping[str, Any], log: bool = True) -> Sample:
        """One replication of a scenario."""
        return next(self.samples(data, log=log))

    def rows(self, scenario: Scenario) -> tuple[Program, Outcome, np.ndarray]:
        """A program, its first replication, and all its log rows in the order of the tables."""
        pieces: list[np.ndarray] = []
        program = lower(scenario)
        outcome = self.simulate(program, 0, pieces.append)
        return program, outcome, in_order(np.concatenate(pieces))

    def simulate(
        self, program: Program, replication: int, log: Callable[[np.ndarray], None] | None
    ) -> Outcome:
        """One replication on this bench's engine."""
        outcome = simulate(program, seed=self.seed, replication=replication, engine=self.engine, log=log)
        self.events += outcome.events
        return outcome


def _kept() -> np.dtype:
    from sim.model.layout import LOG

    return np.dtype([(name, LOG[name]) for name in FIELDS])


def _touches(rows: np.ndarray) -> np.ndarray:
    rows = rows[rows["kind"] == TOUCH]
    kept = np.empty(len(rows), _kept())
    for name in FIELDS:
        kept[name] = rows[name]
    return kept


# ---------------------------------------------------------------- the verdict
@dataclass(frozen=True)
class Row:
    """One line of the table. ``z`` and ``power`` are standard normal deviates (of the exact value, and of the
    mistake, in standard errors); an identity has none, and an error of 0."""

    section: str
    limit: str
    name: str
    exact: float
    simulated: float
    error: float
    observations: int
    z: float | None
    power: float | None
    mistake: str
    wrong: float | None
    tolerance: float

    def passes(self, bound: float) -> bool:
        """Whether the simulation agrees with the closed form."""
        if self.z is None:
            return abs(self.simulated - self.exact) <= self.tolerance
        return abs(self.z) <= bound

    def sharp(self, bound: float) -> bool:
        """Whether the mistake would have been noticed, with a power of 97.7 %."""
        return self.power is None or abs(self.power) >= bound + POWER


def bound_for(limits: tuple[Limit, ...]) -> float:
    """|z| that the largest of all quantities exceeds with a chance of at most FALSE_ALARMS (Bonferroni)."""
    count = sum(isinstance(q, Quantity) for limit in limits for q in limit.quantities)
    return float(stats.norm.isf(FALSE_ALARMS / 2.0 / max(1, count)))


def judge(limit: Limit, bench: Bench) -> list[Row]:
    """Run a limit, with luck of its own, and compare every quantity with its closed form."""
    own = Bench(bench.engine, bench.seed + zlib.crc32(f"{limit.section} {limit.name}".encode()), bench.share)
    seen = limit.observe(own)
    bench.events += own.events
    return [_row(limit, q, np.atleast_1d(seen[q.name])) for q in limit.quantities]


def _row(limit: Limit, q: Quantity | Identity, x: np.ndarray) -> Row:
    n, mean = len(x), float(x.mean())
    if isinstance(q, Identity):
        return Row(
            limit.section, limit.name, q.name, q.exact, mean, 0.0, n, None, None, "", None, q.tolerance
        )
    share = x.dtype == bool  # its standard error is known, also where it is small
    error = math.sqrt(q.exact * (1.0 - q.exact) / n) if share else float(x.std(ddof=1)) / math.sqrt(n)
    z, power = (_normal((value - q.exact) / error, n - 1) for value in (mean, q.wrong))
    return Row(limit.section, limit.name, q.name, q.exact, mean, error, n, z, power, q.mistake, q.wrong, 0.0)


def _normal(t: float, freedom: int) -> float:
    """The standard normal deviate with the same tail probability as Student's t."""
    if freedom >= 1000:
        return t
    return math.copysign(float(stats.norm.isf(stats.t.sf(abs(t), freedom))), t)
