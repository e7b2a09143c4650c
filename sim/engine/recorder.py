"""The recorder: what happened in a run, as tidy tables with documented columns.

Every table is a ``pyarrow.Table`` whose columns stand in :data:`COLUMNS`, with unit and meaning (the same
as ``docs/tables.md``). The event log streams to Parquet while the run goes on, in a thread of its own, so it
may be larger than memory. Files are written under a temporary name and renamed when complete.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as parquet

from sim.engine import arrow
from sim.engine.columns import COLUMNS, COUNTED, FEELINGS, TRAITS
from sim.engine.order import places_in_order
from sim.engine.outcome import GROUPS, SUMS
from sim.model.layout import CUSTOMER, DAILY, LEFT, LOG, MILLION, OUTCOMES, QUESTIONS, REASONS, TOUCH
from sim.model.lifecycle import STAGES, lifecycle

ROWS = 131_072  # of every row group of a logged table but its last
PIECE = 8_192  # rows turned into columns together: as many as the processor's cache holds
WAITING = 2  # stretches of the log that may wait for the writer
LOGGED = (
    "visits",
    "orders",
    "surveys",
)  # tables that stream from the event log; the others come from the outcome
STATUSES = ("prospect", "active", "left", "expected")  # by number of the status


# ---------------------------------------------------------------- columns
def _named(codes: np.ndarray, names: Sequence[str]) -> pa.Array:
    """Dictionary column of names by number; a negative number is empty."""
    codes = np.asarray(codes, np.int32)
    return pa.DictionaryArray.from_arrays(arrow.column(codes, codes < 0), arrow.texts(names))


def _finite(values: np.ndarray, there: np.ndarray | bool = True) -> pa.Array:
    """Column of numbers, empty where they are not finite or not `there`."""
    return arrow.column(values, ~(np.isfinite(values) & there))


def _currency(cents: np.ndarray) -> np.ndarray:
    return np.asarray(cents) / 100.0


def _split(names: Iterable[str], part: int) -> tuple[np.ndarray, list[str]]:
    """Number and list of the journeys (part 0) or steps (part 1) of ``journey.step`` names."""
    parts = [name.split(".", 1)[part] for name in names]
    distinct = list(dict.fromkeys(parts))
    return np.array([distinct.index(name) for name in parts] + [-1], np.int32), distinct


def _table(table: str, replication: int, columns: Mapping[str, Any]) -> pa.Table:
    """The table with its columns in documented order, the replication first."""
    rows = len(next(iter(columns.values())))
    made = {"replication": np.full(rows, replication, np.int32), **columns}
    arrays = (made[name] for name in COLUMNS[table])
    ready = [array if isinstance(array, pa.Array) else arrow.column(array) for array in arrays]
    return pa.Table.from_arrays(ready, names=list(COLUMNS[table]))


def _touched(rows: "Rows", program: Any) -> dict[str, Any]:
    journeys, steps = (_split(program.step_names, part) for part in (0, 1))
    return {
        "customer": rows["customer"],
        "time": rows["t"],
        "journey": _named(journeys[0][rows["step"]], journeys[1]),
        "step": _named(steps[0][rows["step"]], steps[1]),
        "touchpoint": _named(rows["touchpoint"], program.touchpoint_names),
        "revenue": _currency(rows["revenue"]),
        "cost": _currency(rows["cost"]),
    }


# ---------------------------------------------------------------- tables
_MEASURED = (
    "seq", "wait", "quality", "perceived", "valence", "mood_before", "mood_after", "loyalty", "chance",
)  # fmt: skip
Rows = np.ndarray | Mapping[str, np.ndarray]  # LOG records, or their columns


def visits(chunk: np.ndarray, program: Any, replication: int) -> pa.Table:
    """Every touch in a chunk of the event log (LOG records)."""
    return _visits(chunk[_touches(chunk)], program, replication)


def orders(chunk: np.ndarray, program: Any, replication: int) -> pa.Table:
    """Every order in a chunk of the event log (LOG records)."""
    return _orders(chunk[_ordering(chunk)], program, replication)


def _touches(rows: np.ndarray) -> np.ndarray:
    return rows["kind"] == TOUCH


def _ordering(rows: np.ndarray) -> np.ndarray:
    return rows["order"] > 0


def _visits(rows: Rows, program: Any, replication: int) -> pa.Table:
    columns = {
        **_touched(rows, program),
        "occasion": _named(rows["stream"].astype(np.int32), program.stream_names),
        "occasion_index": rows["index"],
        "outcome": _named(rows["outcome"], OUTCOMES),
        "trigger": _named(rows["trigger"], program.trigger_names),
        "order": arrow.column(rows["order"], rows["order"] == 0),
        **{name: rows[name] for name in (*_MEASURED, *FEELINGS)},
    }
    return _table("visits", replication, columns)


def _orders(rows: Rows, program: Any, replication: int) -> pa.Table:
    return _table("orders", replication, {**_touched(rows, program), "order": rows["order"]})


def surveys(chunk: np.ndarray, program: Any, replication: int) -> pa.Table:
    """Every answer in a chunk of the event log (LOG records)."""
    return _surveys(chunk[_answering(chunk)], program, replication)


def _answering(rows: np.ndarray) -> np.ndarray:
    return rows["answer"] > 0


def _surveys(rows: Rows, program: Any, replication: int) -> pa.Table:
    asked = program.static["surveys"][program.static["touchpoints"]["asks"][rows["touchpoint"]]]
    columns = {
        "customer": rows["customer"],
        "time": rows["t"],
        "question": _named(asked["question"], QUESTIONS),
        "about": _named(asked["about"], program.touchpoint_names),
        "score": rows["answer"] - np.uint8(1),
        "touchpoint": _named(rows["touchpoint"], program.touchpoint_names),
    }
    return _table("surveys", replication, columns)


def customers(outcome: Any, program: Any) -> pa.Table:
    """One row a person: segment, life dates, reason for leaving, traits, feelings at the end."""
    people = outcome.people
    gone = people["status"] == LEFT
    been = (people["status"] == CUSTOMER) | gone
    stage = lifecycle(people, program.horizon, program.active_within, program.contractual)
    columns = {
        "customer": people["id"],
        "segment": _named(people["segment"], program.segment_names),
        "site": people["site"],
        "at_end": _named(people["status"], STATUSES),
        "entered": _finite(people["t_entry"], been),
        "left": _finite(people["t_left"], gone),
        "reason": _named(np.where(gone, people["reason"], 0).astype(np.int32) - 1, REASONS[1:]),
        "lives": np.where(been, people["lives"].astype(np.int32) + 1, 0),
        "lifecycle": _named(stage, STAGES),
        "orders": people["n_order"],
        "touches": people["n_touch"],
        "last_order": _finite(people["t_order"], people["n_order"] > 0),
        **{
            name: people[name]
            for name in (*TRAITS, *FEELINGS, "affective", "normative", "obligation", "grievance", "pressure", "reference")
        },
        **_committed(outcome),
        "referred": people["referred"],
        "opted_out": people["opted_out"],
        "need_gap": _finite(people["need_gap"]),
    }
    return _table("customers", outcome.replication, columns)


def _committed(outcome: Any) -> dict[str, pa.Array]:
    """The three commitments that no record holds; empty with psychology off."""
    names = ("economic", "forced", "habitual")
    known = len(outcome.commitments) > 0
    rows = outcome.commitments if known else np.full((len(outcome.people), 3), np.nan, np.float32)
    return {name: _finite(np.ascontiguousarray(rows[:, k])) for k, name in enumerate(names)}


def daily(outcome: Any, program: Any) -> pa.Table:
    """One row a day and segment: what happened, and how many customers there were at its end."""
    counts = outcome.daily
    days, segments = counts.shape[:2]
    named = {name: counts[:, :, k] for k, name in enumerate(DAILY)}
    columns = {name: named[name].ravel() for name in COUNTED}
    for money in ("revenue", "margin", "cost"):
        columns[money] = _currency(columns[money])
    columns |= {
        "day": np.repeat(np.arange(days, dtype=np.int32), segments),
        "segment": _named(np.tile(np.arange(segments), days), program.segment_names),
        "customers": _present(outcome, days, segments).ravel(),
        "active": np.cumsum(named["active_from"] - named["active_until"], axis=0).ravel(),
        "valence": columns["valence"] / MILLION,
    }
    return _table("daily", outcome.replication, columns)


def _present(outcome: Any, days: int, segments: int) -> np.ndarray:
    """Customers at the end of each day, [days, segments]."""
    people, away = outcome.people, outcome.absences
    change = _by_day(away["back"], away["segment"], days, segments)
    change -= _by_day(away["left"], away["segment"], days, segments)
    for start in range(0, len(people), ROWS):
        some = people[start : start + ROWS]
        there = (some["status"] == CUSTOMER) | (some["status"] == LEFT)
        began = np.where(some["founding"] > 0, 0.0, some["t_entry"])
        change += _by_day(began[there], some["segment"][there], days, segments)
        change -= _by_day(some["t_left"][there], some["segment"][there], days, segments)
    return np.cumsum(change, axis=0)


def _by_day(times: np.ndarray, segment: np.ndarray, days: int, segments: int) -> np.ndarray:
    """How many times lie between the end of the day before and the end of each day, [days, segments]."""
    day = np.searchsorted(np.arange(1.0, days + 1.0), times)  # `days` for what lies beyond the last
    cell = day * segments + segment
    return np.bincount(cell, minlength=(days + 1) * segments).reshape(-1, segments)[:days]


def staff(outcome: Any, program: Any) -> pa.Table:
    """One row a staff pool and site: demand, waits and work."""
    rows = outcome.staff
    columns = {name: rows[name] for name in COLUMNS["staff"] if name not in ("replication", "pool")}
    return _table("staff", outcome.replication, {**columns, "pool": _named(rows["pool"], program.pool_names)})


def signals(outcome: Any, program: Any) -> pa.Table:
    """One row a signal and refresh: what was published."""
    rows = outcome.signals
    columns = {"time": rows["t"], "value": rows["value"], "count": rows["count"]}
    return _table(
        "signals", outcome.replication, {**columns, "signal": _named(rows["signal"], program.signal_names)}
    )


def campaigns(outcome: Any, program: Any) -> pa.Table:
    """One row a campaign: whom it picked, what it gave, what it spent."""
    rows = outcome.campaigns
    columns = {
        "campaign": _named(np.arange(len(rows)), program.campaign_names),
        "picked": rows["picked"],
        "given": rows["handed"],
        "spent": _currency(rows["spent"]),
        **{group: rows[f"{group}_customers"] for group in GROUPS},
        **{f"{name}_{group}": _mean(rows, group, name) for name in SUMS[1:] for group in GROUPS},
    }
    return _table("campaigns", outcome.replication, columns)


def members(outcome: Any, program: Any) -> pa.Table:
    """One row a card of a loyalty programme: since when, its points and tier."""
    rows = outcome.members
    tiers = [tier for names in program.tier_names for tier in names]
    before = np.cumsum([0, *map(len, program.tier_names)])
    places = before[rows["programme"]] + rows["tier"] - 1
    columns = {
        "customer": rows["customer"],
        "programme": _named(rows["programme"], program.programme_names),
        "joined": rows["joined"],
        "points": rows["points"],
        "earned": rows["earned"],
        "tier": _named(np.where(rows["tier"] > 0, places, -1), tiers),
    }
    return _table("members", outcome.replication, columns)


def _mean(rows: np.ndarray, group: str, name: str) -> pa.Array:
    """What a customer of a group has on average; empty where there is none."""
    number = rows[f"{group}_customers"]
    return _finite(rows[f"{group}_{name}"] / np.maximum(number, 1), number > 0)


SUMMARIES: dict[str, Callable[[Any, Any], pa.Table]] = {
    "customers": customers,
    "daily": daily,
    "staff": staff,
    "signals": signals,
    "campaigns": campaigns,
    "members": members,
}


# ---------------------------------------------------------------- files
class TableFile:
    """A Parquet file under way: tables are appended; it gets its name when closed without an error."""

    def __init__(self, path: Path):
        self.path = Path(path)
        self.temporary = self.path.with_name(f"{self.path.name}.partial")
        self._writer: parquet.ParquetWriter | None = None
        self._whole: Path | None = None  # a file that is all there is so far

    def append(self, table: pa.Table) -> None:
        """Write the table as one row group."""
        self._copy_whole()
        if self._writer is None:
            self._writer = parquet.ParquetWriter(self.temporary, table.schema, **_encoding(table.schema))
        self._writer.write_table(table)

    def take(self, path: Path) -> None:
        """Append a Parquet file and remove it. The first is left as it is until another follows."""
        if self._writer is None and self._whole is None:
            self._whole = path
            return
        self._copy_whole()
        self._copy(path)

    def _copy_whole(self) -> None:
        if self._whole is not None:
            path, self._whole = self._whole, None
            self._copy(path)

    def _copy(self, path: Path) -> None:
        with parquet.ParquetFile(path) as reader:
            for group in range(reader.num_row_groups):
                self.append(reader.read_row_group(group))
        path.unlink()

    def close(self) -> None:
        """Write the end of the file; it has its name only when the context ends."""
        if self._writer is not None:
            self._writer.close()

    def __enter__(self) -> "TableFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(error)

    def end(self, error: BaseException | None) -> None:
        """Give the finished file its name; remove it where there was an error."""
        if self._whole is not None:
            self._whole.replace(self.temporary)
        elif self._writer is None:
            return
        try:
            if error is None:
                self.close()
                self.temporary.replace(self.path)
            else:
                with suppress(Exception):  # what is not written any more goes anyway
                    self.close()
        finally:
            self.temporary.unlink(missing_ok=True)


def _encoding(schema: pa.Schema) -> dict[str, Any]:
    """How columns are packed. Measurements seldom repeat: they are smaller and faster byte by byte than as
    dictionaries; all else repeats. Bounds are kept only of what readers look rows up by: they cost a sixth."""
    repeats = [f.name for f in schema if not pa.types.is_floating(f.type) or f.name in ("revenue", "cost")]
    return {
        "compression": "zstd",
        "use_dictionary": repeats,
        "use_byte_stream_split": [name for name in schema.names if name not in repeats],
        "write_statistics": [name for name in ("replication", "customer", "time") if name in schema.names],
    }


class _Groups:
    """Gathers the rows of one logged table into row groups of exactly ROWS, and writes them.

    ``keeps`` tells which LOG rows are the table's, ``table`` makes it of the columns ``fields``.
    """

    def __init__(
        self,
        file: TableFile,
        keeps: Callable[[np.ndarray], np.ndarray],
        fields: Sequence[str],
        table: Callable[[Rows], pa.Table],
    ):
        self.file, self._keeps, self._table = file, keeps, table
        self._columns = {name: np.empty(ROWS, LOG[name]) for name in fields}
        self._held = 0
        self._written = False

    def take(self, rows: np.ndarray) -> None:
        """Take the next LOG rows, in order; every full group is written."""
        rows = rows.take(np.flatnonzero(self._keeps(rows)))
        while rows.size:
            size = min(len(rows), ROWS - self._held)
            for name, column in self._columns.items():
                column[self._held : self._held + size] = rows[name][:size]
            self._held += size
            rows = rows[size:]
            if self._held == ROWS:
                self._write()

    def _write(self) -> None:
        self.file.append(self._table({name: column[: self._held] for name, column in self._columns.items()}))
        self._held, self._written = 0, True

    def finish(self) -> None:
        """Write what is left, and the end of the file; a table without rows is a table all the same."""
        if self._held or not self._written:
            self._write()
        self.file.close()


_LOGGED = (
    ("visits", _touches, tuple(LOG.names or ()), _visits),
    ("orders", _ordering, ("t", "customer", "step", "touchpoint", "order", "revenue", "cost"), _orders),
    ("surveys", _answering, ("t", "customer", "touchpoint", "answer"), _surveys),
)


class LogWriter:
    """Streams the event log of one replication into the LOGGED files in a folder.

    Call it with the rows of one stretch of time after another (LOG records, in any order within a stretch);
    use it as a context manager. The rows are sorted, gathered into row groups of exactly :data:`ROWS` and
    written by a thread beside the simulation, which waits while :data:`WAITING` stretches wait already. The
    files depend on the rows alone, not on how they were cut into stretches.

    What goes wrong in the thread (a full disk) is raised in the next call, or at the end. If anything is raised
    within the context, the thread stops after the row group at hand and nothing stays behind.
    """

    def __init__(self, folder: Path, program: Any, replication: int):
        self._groups = [
            _Groups(
                TableFile(part(folder, name, replication)),
                keeps,
                fields,
                partial(table, program=program, replication=replication),
            )
            for name, keeps, fields, table in _LOGGED
        ]
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="log-writer")
        self._under_way: deque[Future] = deque()  # the stretch that is being written, and those that wait
        self._stopped = False

    def __call__(self, rows: np.ndarray) -> None:
        """Take the rows of the next stretch; the array is the writer's from now on."""
        while self._under_way and (self._under_way[0].done() or len(self._under_way) > WAITING):
            self._under_way.popleft().result()
        self._under_way.append(self._thread.submit(self._take, rows))

    def __enter__(self) -> "LogWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._wait_for_all()
        except BaseException as late:
            self._close(late)
            raise
        self._close(error)

    def _wait_for_all(self) -> None:
        self._under_way.append(self._thread.submit(self._finish))
        while self._under_way:
            self._under_way.popleft().result()

    def _close(self, error: BaseException | None) -> None:
        self._stopped = True
        self._thread.shutdown(cancel_futures=True)
        for group in self._groups:
            group.file.end(error)

    # ------------------------------------------------------------ in the thread
    def _take(self, rows: np.ndarray) -> None:
        try:
            for piece in _sorted_pieces(rows):
                if self._stopped:
                    break
                for group in self._groups:
                    group.take(piece)
        except BaseException:
            self._stopped = True  # what waits behind a hole must not be written
            raise

    def _finish(self) -> None:
        if not self._stopped:
            for group in self._groups:
                group.finish()


def _sorted_pieces(rows: np.ndarray) -> Iterator[np.ndarray]:
    """LOG rows in order, a few at a time."""
    order = places_in_order(rows)
    return (rows.take(order[start : start + PIECE]) for start in range(0, len(order), PIECE))


def part(folder: Path, table: str, replication: int) -> Path:
    """Where one replication's share of a table lies until the shares are joined."""
    return Path(folder) / f"{table}-{replication:05d}.parquet"


def move(part: Path, file: TableFile) -> None:
    """Append a Parquet file to another, a row group at a time, and remove it."""
    file.take(part)


def write(tables: Sequence[pa.Table], path: Path) -> None:
    """Write tables of the same columns, one after another, into one Parquet file."""
    with TableFile(path) as file:
        for table in tables:
            file.append(table)


def to_csv(source: Path, path: Path) -> None:
    """Write a Parquet file again as CSV, a row group at a time; empty cells are missing values."""
    with parquet.ParquetFile(source) as reader:
        schema = _plain(reader.schema_arrow)
        with arrow_csv.CSVWriter(path, schema) as writer:
            for group in range(reader.num_row_groups):
                writer.write_table(reader.read_row_group(group).cast(schema))


def _plain(schema: pa.Schema) -> pa.Schema:
    """The schema with dictionary columns as what they stand for: CSV knows no dictionaries."""
    plain = [f.with_type(f.type.value_type) if pa.types.is_dictionary(f.type) else f for f in schema]
    return pa.schema(plain)
