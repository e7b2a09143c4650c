"""Where two engines part: the first event that differs, and what else does.

Both engines must leave the same behind, to the last bit. Where they do not, the first row of the event log
that differs, in the order of time, customer and running number, says where to look; whatever follows it may
merely follow from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.experiment.manifest import Settings
from sim.experiment.runs import lowered, prepare, quantity

if TYPE_CHECKING:
    from pathlib import Path

    from sim.engine import Outcome, Program
    from sim.scenario import Scenario

BEFORE = 5  # rows of the customer's life that are kept before the one that differs
MOST = 1_000  # differences that are kept
_HANDLES = ("pending", "asking")  # places in the engine's own pool: only whether there is one is compared


@dataclass(frozen=True)
class Recording:
    """One replication under one engine: ``rows`` LOG records in order, decisions without a consequence too."""

    engine: str
    rows: np.ndarray
    outcome: Outcome


@dataclass(frozen=True)
class Difference:
    """A value that is not the same: where it stands, and both values."""

    where: str
    values: tuple[Any, Any]


@dataclass(frozen=True)
class Event:
    """The first event that differs: the customer's row of both logs (None where one has no such row), the
    fields that differ, how many rows of the whole log came before, and the customer's last rows among them.
    """

    customer: int
    rows: tuple[np.void | None, np.void | None]
    fields: tuple[str, ...]
    same: int
    before: np.ndarray


@dataclass(frozen=True)
class Parting:
    """Two recordings that are not the same.

    ``event`` is None where the logs are the same; ``person`` is what differs in the final record of the
    customer of the event, ``elsewhere`` all that differs in the outcomes (at most :data:`MOST` of them).
    """

    engines: tuple[str, str]
    lengths: tuple[int, int]
    event: Event | None
    person: tuple[Difference, ...]
    elsewhere: tuple[Difference, ...]


def part(
    program: Program,
    *,
    seed: int,
    replication: int = 0,
    engines: Sequence[str] = ("compiled", "reference"),
) -> Parting | None:
    """Run two engines and say where they part; None where they do not."""
    first, second = (record(program, engine, seed=seed, replication=replication) for engine in engines)
    return compare(first, second, program)


def agreement(
    scenario: Scenario | str | Path,
    *,
    seed: int = 1,
    replication: int = 1,
    size: int | None = None,
    horizon: str | None = None,
    sets: Sequence[str] = (),
) -> tuple[Program, Parting | None, tuple[int, int]]:
    """Run both engines on a scenario: the program, where they part, and how many (events, customers) there were.

    Raises ScenarioError, UsageError or RunError.
    """
    ready = prepare(scenario, Settings(seed, 1, size, quantity(horizon), tuple(sets)))
    from sim.engine import ENGINES

    program = lowered(ready)
    first, second = (record(program, engine, seed=seed, replication=replication) for engine in ENGINES)
    counts = len(second.rows), len(second.outcome.people)
    return program, compare(first, second, program), counts


def record(program: Program, engine: str, *, seed: int, replication: int = 0) -> Recording:
    """Run one replication and keep everything that is written down."""
    from sim.engine import simulate_logged

    outcome, rows = simulate_logged(
        program, seed=seed, replication=replication, engine=engine, everything=True
    )
    return Recording(engine, rows, outcome)


def compare(first: Recording, second: Recording, program: Program) -> Parting | None:
    """Where two recordings of one program part; None where they are the same to the bit."""
    event = _first_event(first.rows, second.rows)
    elsewhere = tuple(islice(_elsewhere(first.outcome, second.outcome, program), MOST))
    if event is None and not elsewhere:
        return None
    person = () if event is None else tuple(_person(event.customer, first.outcome, second.outcome))
    lengths = len(first.rows), len(second.rows)
    return Parting((first.engine, second.engine), lengths, event, person, elsewhere)


# ---------------------------------------------------------------- to the bit
def unequal(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Where two arrays of one shape and plain type differ in a bit; a NaN is the same as its like."""
    return np.asarray((_bytes(a) != _bytes(b)).any(axis=-1))


def _bytes(values: np.ndarray) -> np.ndarray:
    values = np.ascontiguousarray(values)
    return np.frombuffer(values.tobytes(), np.uint8).reshape(*values.shape, values.itemsize)


def _fields_apart(a: np.ndarray, b: np.ndarray) -> dict[str, np.ndarray]:
    """Of two arrays of records as long as each other: which rows differ, by field. Padding never counts."""
    apart = {name: unequal(a[name], b[name]) for name in a.dtype.names or ()}
    apart = {name: rows for name, rows in apart.items() if rows.any()}
    return {name: np.asarray(rows.reshape(len(a), -1).any(axis=1)) for name, rows in apart.items()}


# ---------------------------------------------------------------- the log
def _first_event(a: np.ndarray, b: np.ndarray) -> Event | None:
    n = min(len(a), len(b))
    apart = list(_fields_apart(a[:n], b[:n]).values())
    if not apart and len(a) == len(b):
        return None
    same = int(np.argmax(np.logical_or.reduce(apart))) if apart else n
    here = [rows[same] for rows in (a, b) if same < len(rows)]
    customer = int(min(here, key=lambda row: (row["t"], row["customer"], row["seq"]))["customer"])
    before = a[:same][a[:same]["customer"] == customer]
    rows = _row(a, customer, len(before)), _row(b, customer, len(before))
    return Event(customer, rows, _fields_of(*rows), same, before[-BEFORE:])


def _row(rows: np.ndarray, customer: int, k: int) -> np.void | None:
    """Row k of a customer, from 0."""
    places = np.flatnonzero(rows["customer"] == customer)
    return rows[places[k]] if k < len(places) else None


def _fields_of(a: np.void | None, b: np.void | None) -> tuple[str, ...]:
    if a is None or b is None:
        return ()
    return tuple(_fields_apart(np.array([a]), np.array([b])))


# ---------------------------------------------------------------- what is left behind
def _person(customer: int, a: Outcome, b: Outcome) -> Iterator[Difference]:
    mine, other = (_without_handles(x.people[x.people["id"] == customer]) for x in (a, b))
    if len(mine) == len(other) == 1:
        yield from _of_records("", mine, other, [""])


def _elsewhere(a: Outcome, b: Outcome, program: Program) -> Iterator[Difference]:
    from sim.model.layout import DAILY, OUTCOMES, QUESTIONS, SCORES

    segments, touchpoints = program.segment_names, program.touchpoint_names
    yield from _of_people(a.people, b.people)
    days = [f"day {day}" for day in range(len(a.daily))]
    yield from _of_numbers("daily", a.daily, b.daily, (days, segments, DAILY))
    yield from _of_numbers("touches", a.touches, b.touches, (segments, touchpoints, OUTCOMES))
    yield from _of_numbers(
        "felt", a.felt, b.felt, (touchpoints, ("valence", "perceived quality", "mood after"))
    )
    pools = [f"{program.pool_names[row['pool']]} at site {row['site']}" for row in a.staff]
    yield from _of_records("staff", a.staff, b.staff, pools)
    signals = [f"{program.signal_names[row['signal']]} on day {row['t']}" for row in a.signals]
    yield from _of_records("signals", a.signals, b.signals, signals)
    yield from _of_records("campaigns", a.campaigns, b.campaigns, program.campaign_names)
    away = [f"customer {row['customer']}, back on day {row['back']}" for row in a.absences]
    yield from _of_records("absences", a.absences, b.absences, away)
    yield from _of_records("programmes", a.programmes, b.programmes, program.programme_names)
    cards = [f"card of customer {row['customer']}" for row in a.members]
    yield from _of_records("members", a.members, b.members, cards)
    questions, columns = QUESTIONS, [*map(str, range(SCORES)), "asked", "acted on"]
    yield from _of_numbers("answers", a.answered, b.answered, (segments, questions, columns))
    yield from _of_numbers("left of failures", a.failing, b.failing, (touchpoints,))
    names = [f"customer {i}" for i in a.people["id"]] if len(a.commitments) else []
    yield from _of_numbers("commitments", a.commitments, b.commitments, (names, ("economic", "forced", "habitual")))
    for name in ("replication", "events", "capped", "hazard_lost"):
        values = getattr(a, name), getattr(b, name)
        if unequal(*(np.array([value]) for value in values)).any():
            yield Difference(name, values)


def _of_people(a: np.ndarray, b: np.ndarray) -> Iterator[Difference]:
    names = [f"customer {i}" for i in a["id"]]
    yield from _of_records("people", _without_handles(a), _without_handles(b), names)


def _without_handles(people: np.ndarray) -> np.ndarray:
    people = np.array(people)
    for name in _HANDLES:
        people[name] = people[name] >= 0
    return people


def _of_records(what: str, a: np.ndarray, b: np.ndarray, names: Sequence[str]) -> Iterator[Difference]:
    """What differs between two arrays of records, row by row."""
    if len(a) != len(b):
        yield Difference(f"{what}: number of rows", (len(a), len(b)))
        return
    apart = _fields_apart(a, b)
    rows = np.logical_or.reduce(list(apart.values())) if apart else ()
    for row in np.flatnonzero(rows):
        for field, differs in apart.items():
            if differs[row]:
                yield Difference(_place(what, names[int(row)], field), (a[field][row], b[field][row]))


def _of_numbers(
    what: str, a: np.ndarray, b: np.ndarray, names: Sequence[Iterable[str]]
) -> Iterator[Difference]:
    """What differs between two arrays of numbers, whose axes have names."""
    if a.shape != b.shape:
        yield Difference(f"{what}: shape", (a.shape, b.shape))
        return
    axes = [list(axis) for axis in names]
    for place in np.argwhere(unequal(a, b)):
        labels = [axis[k] for axis, k in zip(axes, place, strict=True)]
        yield Difference(_place(what, *labels), (a[tuple(place)], b[tuple(place)]))


def _place(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
