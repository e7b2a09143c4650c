"""The folder of a sweep: whatever is finished is kept, whenever the end comes.

``runs.parquet`` has a row for every run from the beginning, and is replaced as a whole now and then. What finishes
between two replacements lies in ``parts/``, a file a chunk, written as soon as the chunk is finished. A file gets its
name when all of it is on the disk; a part that is merged already, because the end came before it was removed, says
the same once more.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

from sim.errors import RunError, UsageError
from sim.experiment.folder import reason, sync, write_json

if TYPE_CHECKING:
    from sim.experiment.sweep_table import Row, Table

NAME, RUNS, PARTS, LOCK, OWNER = "sweep.json", "runs.parquet", "parts", ".lock", ".owner"
SCHEMA = 1
SHARE = 0.02  # of the time may go into replacing runs.parquet ...
SELDOM = 5.0  # ... and so many seconds pass between two replacements at least: readers may open it twice


class Store:
    """Where a sweep keeps its runs. ``head`` is what ``sweep.json`` says of it beside status and counts."""

    def __init__(self, folder: Path, table: Table, head: Mapping[str, Any]):
        self.folder, self.table, self.head = folder, table, head
        self._parts = _numbers(folder / PARTS)
        self._next = 1 + max(self._parts, default=0)
        self._written, self._took = (
            time.monotonic(),
            0.0,
        )  # when runs.parquet was replaced, and how long it took

    @classmethod
    def begin(cls, folder: Path, table: Table, head: Mapping[str, Any]) -> Store:
        """Register all runs in a folder that is ours. ``sweep.json``, written last, says that they are."""
        (folder / PARTS).mkdir(exist_ok=True)
        store = cls(folder, table, head)
        store.replace("running")
        return store

    @classmethod
    def resume(cls, folder: Path, table: Table, head: Mapping[str, Any]) -> Store:
        """Read back what is finished; a part that was half written goes."""
        (folder / PARTS).mkdir(exist_ok=True)
        for half in (folder / PARTS).glob("*.partial"):
            half.unlink(missing_ok=True)
        store = cls(folder, table, head)
        try:
            files = [folder / RUNS, *(folder / PARTS / _name(number) for number in store._parts)]
            for file in files:
                with parquet.ParquetFile(file) as reader:
                    for group in range(reader.num_row_groups):
                        table.take(reader.read_row_group(group))
        except (OSError, pa.ArrowInvalid, KeyError, IndexError) as error:
            raise RunError(f"{file}: cannot be read back: {error}") from error
        return store

    def keep(self, rows: Sequence[Row]) -> None:
        """Note finished runs, and have the disk keep them before this returns."""
        places = self.table.set(rows)
        try:
            write_rows(self.folder / PARTS / _name(self._next), [self.table.arrow(places)])
        except BaseException:
            self.table.forget(places)  # it is not kept
            raise
        self._parts.append(self._next)
        self._next += 1

    def replace_sometimes(self) -> None:
        """Replace runs.parquet, if enough time has passed since."""
        passed = time.monotonic() - self._written
        if self._parts and passed >= max(SELDOM, self._took / SHARE):
            self.replace("running")

    def replace(self, status: str) -> None:
        """Replace runs.parquet by what is known now; the parts that are in it go."""
        began = time.monotonic()
        write_rows(self.folder / RUNS, self.table.pieces())
        for number in self._parts:
            (self.folder / PARTS / _name(number)).unlink(missing_ok=True)
        self._parts.clear()
        self.say(status)
        self._written = time.monotonic()
        self._took = self._written - began

    def say(self, status: str) -> None:
        """Write ``sweep.json``."""
        told = {"schema": SCHEMA, "status": status, **self.head, "counts": self.table.counts}
        write_json(self.folder / NAME, told)


def _name(number: int) -> str:
    return f"{number:08d}.parquet"


def _numbers(parts: Path) -> list[int]:
    """The numbers of the parts there are, in order."""
    found = [path.stem for path in parts.glob("*.parquet")] if parts.is_dir() else []
    return sorted(int(stem) for stem in found if stem.isdecimal())


def write_rows(path: Path, tables: Iterable[pa.Table]) -> None:
    """Write tables of the same columns as one Parquet file, on the disk before it gets its name."""
    temporary = path.with_name(f"{path.name}.partial")
    writer = None
    try:
        for table in tables:
            # without dictionaries: measurements seldom repeat, and short parts are written in half the time
            writer = writer or parquet.ParquetWriter(
                temporary, table.schema, compression="zstd", use_dictionary=False
            )
            writer.write_table(table)
        if writer is not None:
            writer.close()
        sync(temporary)
        temporary.replace(path)
        sync(path.parent)
    except BaseException:
        with suppress(Exception):  # what is not written any more goes anyway
            if writer is not None:
                writer.close()
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


# ---------------------------------------------------------------- reading, also while it is written
def read_head(folder: Path) -> dict[str, Any]:
    """What ``sweep.json`` says. Raises UsageError where this is no folder of a sweep."""
    if not folder.exists():
        raise UsageError(f"{folder}: no such folder; name one that touchpoint sweep has written")
    if not folder.is_dir():
        raise UsageError(f"{folder}: is a file; name the folder of a sweep")
    if not (folder / NAME).is_file():
        raise UsageError(f"{folder}: holds no sweep (no {NAME}); touchpoint sweep makes one")
    try:
        head = json.loads((folder / NAME).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{folder / NAME}: cannot be read: {error}") from None
    if not isinstance(head, dict) or head.get("schema") != SCHEMA:
        raise UsageError(f"{folder}: was written by another version of Touchpoint; {NAME} cannot be read")
    return head


def read_rows(folder: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """All runs as far as they are kept: ``runs.parquet``, and what lies in ``parts/`` since it was written.

    Files are opened once only, so it does not matter that they are replaced meanwhile. Raises UsageError where
    something cannot be read.
    """
    try:
        fresh = []  # before the table: what is merged into it meanwhile is in both
        for part in sorted((folder / PARTS).glob("*.parquet")):
            with suppress(FileNotFoundError):
                fresh.append(_read(part, None))
        rows = _read(folder / RUNS, columns if not fresh else None)
        if fresh:
            rows = _newest(rows, [part.select(rows.column_names) for part in fresh])
        return rows if columns is None else rows.select(list(columns))
    except (OSError, pa.ArrowInvalid, KeyError) as error:
        raise UsageError(f"{folder}: the sweep cannot be read: {error}") from None


def _read(path: Path, columns: Sequence[str] | None) -> pa.Table:
    """A table in a file that is opened once, so that one that takes its place meanwhile does no harm.

    By Arrow's own file: one of Python's would be let go of by Arrow's threads, and one that does so while Python ends
    aborts the process.
    """
    with pa.OSFile(str(path)) as file:
        return parquet.read_table(file, columns=None if columns is None else list(columns))


def _newest(rows: pa.Table, parts: Sequence[pa.Table]) -> pa.Table:
    """Every run as the last table that has it says, by point and replication."""
    every = pa.concat_tables([rows, *parts])
    point, replication = (every[name].to_numpy() for name in ("point", "replication"))
    backwards = (point * (1 + replication.max(initial=0)) + replication)[::-1]
    _, last = np.unique(backwards, return_index=True)
    return every.take(len(backwards) - 1 - last)


# ---------------------------------------------------------------- one sweep at a time
@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Have a folder for oneself, made if need be.

    The lock is the system's, so it ends with its owner, however this ends. Raises UsageError where another has it.
    """
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK)
        lock.acquire(timeout=0)
    except Timeout:
        raise UsageError(f"{folder}: another sweep is writing it{_owner(folder)}; wait for its end") from None
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise UsageError(f"{folder}: cannot be written: {why}; give --out a folder that can") from error
    try:
        with suppress(OSError):
            owner = {"pid": os.getpid(), "host": socket.gethostname()}
            (folder / OWNER).write_text(json.dumps(owner), encoding="utf-8")
        yield
    finally:
        with suppress(OSError):
            (folder / OWNER).unlink(missing_ok=True)
        lock.release()


def _owner(folder: Path) -> str:
    try:
        owner = json.loads((folder / OWNER).read_text("utf-8"))
        return f" (process {owner['pid']} on {owner['host']})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
