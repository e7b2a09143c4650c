"""The pilot: a run of the baseline that finds what makes its stated rates those that it shows.

"Leaves: 30 % per year" is what a business observes with today's touchpoints, but a rate inside the model holds
for a neutral new customer. So the baseline is run a few times under a seed of its own, and for each segment two
numbers are moved until the chances of the decisions met agree with what is stated: a factor on the leaving rate,
and logits on `usually`. Every strategy, seed and replication inherits them.
"""

import dataclasses
import hashlib
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from sim.engine.psyche import BaseRates, traits_of, usually, usually_felt
from sim.model.layout import BY_RATE
from sim.model.pilot import BILLION, CHOSEN, MOMENTS, NEEDS, SHOWN, SLOPE, STATED
from sim.scenario import Scenario

if TYPE_CHECKING:
    from sim.engine.program import Program

SEED = 0x9107  # of its own, so that every seed and replication has the same base rates
CUSTOMER_DAYS = 200_000  # simulated in a pass, about: whole sites, at least one
MOST = 1_000_000  # customer-days of a single large site, beyond which the pass gets shorter
LONGEST, SHORTEST = 365.0, 60.0  # days of a pass, where the scenario is no shorter
PASSES = 6
CLOSE, EXACT = 0.005, 1e-6  # relative to what is stated: near enough; and no difference at all
ENOUGH = 100  # decisions without which a segment is left as written
FAR = 20.0  # times (or logits, a quarter of it) beyond which no base rate is looked for
LOOKS = 0.25  # moments a day at which a customer's hazard is looked at, at least
RARELY = 20.0  # ... and so many times the stated hazard
STEP = 0.8  # of what the slope asks for: whoever buys more gets into the habit, and buys more still
REMEMBERED = 32  # baselines whose base rates are kept
_KNOWN: dict[bytes, Mapping[str, BaseRates]] = {}  # by the digest of a baseline


def is_wanted(baseline: Scenario) -> bool:
    """Whether anything is stated that feelings could move."""
    return baseline.as_stated and baseline.psychology.on and baseline.horizon > 0.0


def solved(program: "Program") -> Mapping[str, BaseRates]:
    """The base rates of a baseline's segments, given its program with the rates as written."""
    digest = hashlib.sha256(repr((program.scenario, _entry_days(program.scenario))).encode()).digest()
    if digest not in _KNOWN:
        while len(_KNOWN) >= REMEMBERED:
            _KNOWN.pop(next(iter(_KNOWN)), None)
        _KNOWN[digest] = _solve(program)
    return _KNOWN[digest]


def _solve(program: "Program") -> Mapping[str, BaseRates]:
    pilot = small(program)
    aims = {name: Aim(pilot, k, name) for k, name in enumerate(pilot.segment_names)}
    aims = {name: aim for name, aim in aims.items() if aim.leaving or aim.choosing or aim.left_out}
    for _ in range(PASSES if aims else 0):
        seen = _chances(pilot)
        for aim in aims.values():
            aim.move(seen[aim.number])
        if all(aim.is_reached for aim in aims.values()):
            break
        for aim in aims.values():
            aim.write()
    return {name: aim.rates() for name, aim in aims.items()}


def _chances(pilot: "Program") -> np.ndarray:
    """PILOTED sums by segment, of one pass."""
    from sim.engine.compiled import Compiled, prepare  # imported late: they need programs themselves

    if pilot.scripts:  # touchpoints in Python, which compiled code cannot call
        from sim.engine.reference import Reference

        slow = Reference(pilot, SEED, 0, None, False)
        slow.run(None)
        return slow.state["piloted"]
    prepare()
    engine = Compiled(pilot, SEED, 0, None, False)
    engine.run(None)
    return engine.state["piloted"]


# ---------------------------------------------------------------- one segment
class Aim:
    """A segment's base rates on their way to what is stated."""

    def __init__(self, pilot: "Program", number: int, name: str):
        scenario = pilot.scenario
        self.scenario, self.number = scenario, number
        self.row = pilot.static["segments"][number]
        traits, q = traits_of(scenario, name), scenario.psychology
        self.leaving = traits.leaves.rate.mean > 0.0 and q.effect_on.leaving != 0.0
        self.choosing = 0.0 < usually(scenario) < 1.0 and traits.needs.rate.mean > 0.0
        self.linear = q.link == "linear"
        self.scale, self.shift = 1.0, 0.0
        self.off: dict[str, float] = {}  # what is not reached yet, and by how much
        self.left_out: dict[str, str] = {}
        declared = traits.reconsiders
        if self.leaving and isinstance(declared, float | int) and declared <= traits.leaves.rate.mean:
            self.leaving = False
            self.left_out["leaving"] = "moments to reconsider are rarer than leaving is to be"
        if self.row.leaves_by == BY_RATE:
            self.row.reconsiders = max(self.row.reconsiders, LOOKS, RARELY * traits.leaves.rate.mean)

    @property
    def is_reached(self) -> bool:
        """Whether the pass just seen showed what is stated."""
        return all(off <= CLOSE for off in self.off.values())

    def move(self, seen: np.ndarray) -> None:
        """Judge a pass, and draw the base rates nearer where they are off."""
        if self.leaving:
            self._move_leaving(seen)
        if self.choosing:
            self._move_choice(seen)

    def _move_leaving(self, seen: np.ndarray) -> None:
        stated, shown = float(seen[STATED]) / BILLION, float(seen[SHOWN]) / BILLION
        if seen[MOMENTS] < ENOUGH or stated <= 0.0:
            return self._leave_out("leaving", "leaving", "too few moments to leave in the pilot")
        off = self.off["leaving"] = abs(shown / stated - 1.0)
        if off <= EXACT:
            return None
        self.scale = (
            self.scale + 1.0 - shown / stated if self.linear else self.scale * stated / max(shown, 1e-300)
        )
        if not 1.0 / FAR <= self.scale <= FAR:
            self._leave_out("leaving", "leaving", "no base rate shows what is stated")
        return None

    def _move_choice(self, seen: np.ndarray) -> None:
        if seen[NEEDS] < ENOUGH:
            return self._leave_out("choosing", "choice", "too few needs in the pilot")
        needs, aim = float(seen[NEEDS]) * BILLION, usually(self.scenario)
        gap = aim - float(seen[CHOSEN]) / needs
        off = self.off["choice"] = abs(gap) / aim
        if off <= EXACT:
            return None
        self.shift += STEP * gap * needs / max(1.0, float(seen[SLOPE]))
        if abs(self.shift) > FAR / 4.0:
            self._leave_out("choosing", "choice", "no base rate shows what is stated")
        return None

    def _leave_out(self, what: str, named: str, why: str) -> None:
        """Give up on one of the two, and take it as it is written."""
        setattr(self, what, False)
        self.off.pop(named, None)
        self.left_out[named] = why
        if named == "leaving":
            self.scale = 1.0
        else:
            self.shift = 0.0

    def write(self) -> None:
        """Let the next pass run with the base rates found."""
        self.row.leave_scale = self.scale
        self.row.usually = usually_felt(self.scenario, self.shift)

    def rates(self) -> BaseRates:
        """What was found."""
        reasons = "; ".join(f"{what} as written: {why}" for what, why in self.left_out.items())
        return BaseRates(self.scale, self.shift, reasons)


# ---------------------------------------------------------------- how much is simulated
def small(program: "Program") -> "Program":
    """The program of a pass: whole sites of the baseline, and as many days as that leaves time for."""
    sites, share = _part(program)
    everybody = max(1.0, _people(program.scenario))
    days = min(max(MOST / (share * everybody), SHORTEST), LONGEST, program.horizon)
    scenario = _fewer(program.scenario, sites, share)
    static = dict(program.static)
    for name in ("times", "segments", "campaigns"):
        static[name] = static[name].copy()
    static["times"][0] = days
    crowd = static["site_size"][:sites] * (share * program.sites / sites)
    static["site_size"] = np.maximum(1, np.round(crowd)).astype(np.int64)
    limited = static["campaigns"]["budget"] > 0
    static["campaigns"]["budget"][limited] = np.ceil(static["campaigns"]["budget"][limited] * share)
    return dataclasses.replace(
        program, scenario=scenario, static=static, sites=sites, horizon=days, is_pilot=True
    )


def _people(scenario: Scenario) -> float:
    """Customers at a time, about: those who enter are there for half of it."""
    return scenario.population.size + len(_entry_days(scenario)) / 2.0


def _part(program: "Program") -> tuple[int, float]:
    """(sites, share of the customers) of a pass; less than a site only where its customers share nothing."""
    enters, each = program.scenario.enters, program.scenario.population.site
    people = max(1.0, _people(program.scenario))
    share = min(1.0, CUSTOMER_DAYS / min(LONGEST, program.horizon) / people)
    if share == 1.0 or (enters and enters.stream):
        return program.sites, 1.0
    if each == "all":
        return 1, 1.0 if program.pools or program.stocks or program.signals else share
    sites = max(1, math.floor(share * program.sites))
    return sites, sites / program.sites


def _fewer(scenario: Scenario, sites: int, share: float) -> Scenario:
    """The scenario with the customers of the first sites only, or with a share of one site's."""
    if share == 1.0:
        return scenario
    population, each = scenario.population, scenario.population.site
    size = math.ceil(share * population.size) if each == "all" else min(population.size, sites * each)
    changed = {
        "population": population.model_copy(update={"size": size}),
        "segments": {name: _fewer_prospects(s, share, each) for name, s in scenario.segments.items()},
    }
    if _entry_days(scenario):
        changed["enters"] = _fewer_entrants(scenario.enters, sites, share, each)
    return scenario.model_copy(update=changed)


def _fewer_prospects(segment, share: float, each: int | str):
    prospects = segment.prospects
    if prospects is None or (prospects.per_site and each != "all"):
        return segment
    fewer = dataclasses.replace(prospects, count=math.ceil(share * prospects.count))
    return segment.model_copy(update={"prospects": fewer})


def _fewer_entrants(enters, sites: int, share: float, each: int | str):
    """Whoever is not simulated never enters, so that the others keep their numbers."""
    step = math.ceil(1.0 / share)
    kept = (k % step == 0 if each == "all" else k // each < sites for k in range(len(enters.on_days.days)))
    some = enters.on_days.model_copy()
    some._days = tuple(day if keep else math.inf for day, keep in zip(enters.on_days.days, kept, strict=True))
    return enters.model_copy(update={"on_days": some})


def _entry_days(scenario: Scenario) -> tuple[float, ...]:
    return scenario.enters.on_days.days if scenario.enters and scenario.enters.on_days else ()
