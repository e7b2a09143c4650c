"""Where the experiments are run: small scenarios of their own, under the one default psychology."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np

from sim.engine import Outcome, Program, lower, simulate
from sim.model.layout import LOG, TOUCH
from sim.scenario import Scenario, load
from sim.scenario.traits import Segment

SCENARIOS = Path(__file__).parent / "scenarios"
BLOCKS = 20  # independent parts into which the people of a run are cut, for standard errors
# traits whose means are part of the psychology; an experiment may spread people around them
FROZEN = (
    "reactivity",
    "loss_aversion",
    "susceptible.scarcity",
    "susceptible.social_proof",
    "susceptible.reciprocity",
    "price_sensitivity",
)
KEPT = np.dtype(
    [
        (n, LOG[n])
        for n in (
            "t",
            "customer",
            "touchpoint",
            "outcome",
            "order",
            "revenue",
            "cost",
            "perceived",
            "answer",
            "loyalty",
            "chance",
        )
    ]
)


@dataclass(frozen=True)
class Sample:
    """One run: its program, its outcome, and its touches where they were asked for."""

    program: Program
    outcome: Outcome
    touches: np.ndarray

    @property
    def people(self) -> np.ndarray:
        """The people at the horizon, in order of id."""
        return self.outcome.people

    def emotion(self, name: str) -> np.ndarray:
        """An emotion of everybody at the horizon."""
        return self.people["emotion"][:, self.program.emotion_names.index(name)].astype(float)

    def at(self, touchpoint: str) -> np.ndarray:
        """The touches at the touchpoint of this name."""
        return self.touches[self.touches["touchpoint"] == self.program.touchpoint_names.index(touchpoint)]

    def worth(self, since: float, discount: float) -> np.ndarray:
        """Revenue of everybody after a day, in currency, discounted to that day at a rate per year."""
        rows = self.touches[self.touches["t"] >= since]
        paid = rows["revenue"] / 100.0 * (1.0 + discount) ** (-(rows["t"] - since) / 365.0)
        return np.bincount(rows["customer"] - self.people["id"][0], weights=paid, minlength=len(self.people))

    def blocks(self, values: np.ndarray) -> np.ndarray:
        """Sums of a number of everybody over the independent blocks of people."""
        return np.bincount(self.people["id"] % BLOCKS, weights=values, minlength=BLOCKS)


@dataclass
class Lab:
    """Runs experiments: an engine, a seed, the share of the full samples, and where other data lie."""

    engine: str = "compiled"
    seed: int = 1
    share: float = 1.0
    hillstrom: Path | None = None
    switches: tuple[str, ...] = ()  # psychology that the fact at hand may change
    scenarios: list[str] = field(default_factory=list)  # what was run, for the page

    def for_fact(self, number: int, switches: tuple[str, ...]) -> Lab:
        """The lab with luck of its own for one fact, so that no fact depends on which others are asked for."""
        luck = self.seed + zlib.crc32(f"fact {number}".encode())
        return Lab(self.engine, luck, self.share, self.hillstrom, switches)

    def size(self, full: int, least: int = 40) -> int:
        """How many of a full number to take."""
        return max(least, round(full * self.share))

    # ------------------------------------------------------------ scenarios
    def load(self, name: str | Path, changes: Mapping[str, Any] | None = None) -> Scenario:
        """A scenario of the facts, by name (or any by path), with changes; no psychology but what is declared.

        Its rates hold as written: every arm is a baseline of its own, and a pilot would solve its effect away.
        """
        path = name if isinstance(name, Path) else SCENARIOS / f"{name}.yaml"
        scenario = load(path, extra={"as_stated": False, **(changes or {})})
        taken = [liberty for liberty in liberties(scenario) if not covered(liberty, self.switches)]
        if taken:
            raise ValueError(
                f"{path.name}: one psychology serves all facts, but this one sets {', '.join(taken)}"
            )
        return scenario

    def run(
        self,
        name: str | Path,
        changes: Mapping[str, Any] | None = None,
        *,
        replication: int = 1,
        log: bool = False,
    ) -> Sample:
        """One run of a scenario; with `log`, its touches are kept."""
        program = lower(self.load(name, changes))
        pieces = [np.zeros(0, KEPT)]
        outcome = simulate(
            program,
            seed=self.seed,
            replication=replication,
            engine=self.engine,
            log=(lambda rows: pieces.append(_touches(rows))) if log else None,
        )
        return Sample(program, outcome, np.concatenate(pieces))

    def arms(
        self,
        name: str | Path,
        arms: Sequence[Mapping[str, Any]],
        common: Mapping[str, Any] | None = None,
        **how: Any,
    ) -> list[Sample]:
        """The same people with the same luck in every arm."""
        return [self.run(name, {**(common or {}), **arm}, **how) for arm in arms]


def _touches(rows: np.ndarray) -> np.ndarray:
    rows = rows[rows["kind"] == TOUCH]
    kept = np.empty(len(rows), KEPT)
    for name in KEPT.names or ():
        kept[name] = rows[name]
    return kept


# ---------------------------------------------------------------- one psychology for all facts
def liberties(scenario: Scenario) -> list[str]:
    """The psychology that a scenario sets itself: paths under ``psychology``, and traits whose mean it moves."""
    taken = [f"psychology.{path}" for path in _leaves(scenario.resolved.get("psychology", {}))]
    standard = Segment()
    for segment in scenario.segments.values():
        for path in FROZEN:
            if not np.isclose(_mean(segment, path), _mean(standard, path)):
                taken.append(f"customers.{path}")
    return sorted(set(taken))


def covered(path: str, allowed: Sequence[str]) -> bool:
    """Whether a path is among those allowed, or lies below one of them."""
    return any(path == known or path.startswith(f"{known}.") for known in allowed)


def _mean(segment: Segment, path: str) -> float:
    return float(reduce(getattr, path.split("."), segment).mean)  # type: ignore[attr-defined]


def _leaves(node: Any, path: str = "") -> Iterator[str]:
    if not isinstance(node, Mapping):
        yield path.rstrip(".") or ("on" if node is False or node == "off" else "")
        return
    for key, value in node.items():
        yield from _leaves(value, f"{path}{key}.")
