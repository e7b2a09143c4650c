"""SQL over the table of a sweep, through DuckDB where it is installed. Nothing is written."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.errors import UsageError
from sim.experiment.sweep_store import read_head, read_rows


@dataclass(frozen=True)
class Answer:
    """Columns and rows."""

    names: Sequence[str]
    rows: Sequence[tuple[Any, ...]]

    def json(self) -> str:
        """A list of objects, one a row."""
        objects = [dict(zip(self.names, map(_plain, row), strict=True)) for row in self.rows]
        return json.dumps(objects, ensure_ascii=False, allow_nan=False, default=str)

    def csv(self) -> str:
        """Comma-separated values with a header."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.names)
        writer.writerows(self.rows)
        return text.getvalue()


def _plain(value: Any) -> Any:
    """JSON knows no NaN and no infinity."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def ask(folder: Path, sql: str) -> Answer:
    """The answer to a query of the table ``runs``, which has a row a run.

    Raises UsageError where DuckDB is not installed, the folder is none of a sweep, or the query is not right.
    """
    try:
        import duckdb
    except ImportError:
        raise UsageError("query needs the package duckdb: pip install 'touchpoint-sim[sql]'") from None
    read_head(folder)
    runs = read_rows(folder)
    with duckdb.connect() as connection:
        try:
            connection.register("runs", runs)
            connection.execute("set enable_external_access = false")  # a question changes nothing
            if not connection.extract_statements(sql):
                raise UsageError("query: asks nothing; try 'select * from runs limit 5'")
            found = connection.execute(sql)
            names = [column[0] for column in found.description or ()]
            return Answer(names, found.fetchall() if names else [])
        except duckdb.PermissionException:
            raise UsageError(
                "query: only the table `runs` can be read, and nothing be written; --csv prints the answer for others"
            ) from None
        except duckdb.Error as error:
            raise UsageError(f"query: {_first_line(str(error))}") from None


def _first_line(text: str) -> str:
    """What DuckDB says first, and what it offers instead."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    hints = [line for line in lines[1:] if line.startswith(("Candidate", "Did you mean"))]
    return " ".join([lines[0], *hints[:1]])
