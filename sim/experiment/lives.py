"""One customer's life, taken from a run of everybody: what the others do can reach him."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import UsageError
from sim.experiment.manifest import ENGINE, Settings
from sim.experiment.memory import check_memory, people_in
from sim.experiment.replications import Progress
from sim.experiment.runs import choose_engine, lowered, prepare
from sim.experiment.worlds import worlds

if TYPE_CHECKING:
    from sim.scenario import Scenario


RANGES = 6  # of ids that a message lists at most


@dataclass(frozen=True)
class Life:
    """``rows`` LOG records of one customer, in order; ``person`` his final PERSON record."""

    rows: np.ndarray
    person: np.void
    program: Any
    scenario: Scenario


def life(
    scenario: Scenario | str | Path,
    customer: int,
    *,
    seed: int = 1,
    replication: int = 1,
    size: int | None = None,
    sets: Sequence[str] = (),
    engine: str | None = None,
    note: Callable[[str], None] | None = None,
    begins: Callable[[Any], None] | None = None,
    progress: Progress | None = None,
) -> Life:
    """Simulate one replication and keep what happened to one customer, undone decisions included.

    ``begins(program)`` is called before, ``progress`` told the share done. Raises UsageError where there is
    no such customer (before anything is simulated). ``engine`` and ``note`` are those of `sim.run`.
    """
    settings = _settings(seed, replication, size, sets, engine)
    return _lives([prepare(scenario, settings)], customer, settings, engine, note, begins, progress)[0]


def lives(
    scenario: Scenario | str | Path,
    against: Scenario | str | Path,
    customer: int,
    *,
    seed: int = 1,
    replication: int = 1,
    size: int | None = None,
    sets: Sequence[str] = (),
    engine: str | None = None,
    note: Callable[[str], None] | None = None,
    begins: Callable[[Any], None] | None = None,
    progress: Progress | None = None,
) -> tuple[Life, Life]:
    """The same person's life in two worlds, with the same luck; everything else as for :func:`life`.

    Raises UsageError where the two do not rest on one baseline.
    """
    settings = _settings(seed, replication, size, sets, engine)
    first, second = _lives(
        worlds((scenario, against), settings), customer, settings, engine, note, begins, progress
    )
    return first, second


def _settings(
    seed: int, replication: int, size: int | None, sets: Sequence[str], engine: str | None
) -> Settings:
    from sim.engine import known_engine

    return Settings(seed, replication, size, None, tuple(sets), engine=known_engine(engine or ENGINE))


def _lives(
    ready: Sequence[Scenario],
    customer: int,
    settings: Settings,
    wanted: str | None,
    note: Callable[[str], None] | None,
    begins: Callable[[Any], None] | None,
    progress: Progress | None,
) -> list[Life]:
    """One life in every world, the worlds one after another."""
    engines = [choose_engine(scenario, wanted, note) for scenario in ready]
    engine = next((name for name in engines if name != ENGINE), ENGINE)
    check_memory(max(map(people_in, ready)), engine, 1, 1, kept=False)
    programs = [lowered(scenario, ready if len(ready) > 1 else ()) for scenario in ready]
    for program in programs:
        _check_there(program, customer, settings.seed, settings.replications)
    if begins is not None:
        begins(programs[0])
    found: list[Life] = []
    for scenario, program in zip(ready, programs, strict=True):

        def tell(share: float) -> None:
            if progress is not None:
                progress((len(found) + share) / len(programs))

        found.append(_life(scenario, program, customer, settings, engine, tell))
    return found


def _life(
    scenario: Scenario, program: Any, customer: int, settings: Settings, engine: str, progress: Progress
) -> Life:
    from sim.engine import simulate
    from sim.engine.order import in_order
    from sim.model.layout import LOG

    kept = [np.empty(0, LOG)]

    def keep(chunk: np.ndarray) -> None:
        kept.append(chunk[chunk["customer"] == customer])

    def tell(day: float) -> None:
        progress(min(max(day / program.horizon, 0.0), 1.0))

    outcome = simulate(
        program,
        seed=settings.seed,
        replication=settings.replications,
        engine=engine,
        log=keep,
        progress=tell,
        everything=True,
    )
    people = outcome.people
    return Life(in_order(np.concatenate(kept)), people[people["id"] == customer][0], program, scenario)


def _check_there(program: Any, customer: int, seed: int, replication: int) -> None:
    """Raise UsageError where the run will not know this customer."""
    from sim.engine.population import new_people
    from sim.model.keys import run_key

    ids = new_people(program.warm or program, run_key(seed, replication))["id"]
    if customer not in ids:
        raise UsageError(f"--customer {customer}: there is no such customer; {_who(ids)}")


def _who(ids: np.ndarray) -> str:
    """The ids there are, by ranges without a gap."""
    from sim.engine.population import ENTRANTS, PROSPECTS

    numbers = np.sort(ids).astype(np.int64)
    parts = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1) if len(numbers) else []
    kinds = ((PROSPECTS, "prospects "), (ENTRANTS, "entrants "), (0, ""))
    ranges = []
    for part in parts[:RANGES]:
        kind = next(word for least, word in kinds if part[0] >= least)
        ranges.append(f"{kind}{part[0]} to {part[-1]}" if len(part) > 1 else f"{kind}{part[0]}")
    if not ranges:
        return "there is nobody in this run"
    return f"they are {', and '.join(ranges)}{', and others' if len(parts) > RANGES else ''}"
