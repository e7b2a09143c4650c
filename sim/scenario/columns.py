"""Columns of CSV files that a scenario points to."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim.scenario.quantities import Quantity
from sim.scenario.wrong import Wrong, nearest, reason, shown


@dataclass
class Reading:
    """What validation must know beyond the value at hand, and what it has read so far."""

    unbounded: frozenset[str] = frozenset()  # emotions that leave 0..1
    sources: list[Path] = field(default_factory=list)
    columns: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def cells(self, file: str, column: str) -> list[str]:
        """The cells of one column, read once."""
        if (file, column) not in self.columns:
            self.columns[file, column] = _cells(Path(file), column)
            self.sources.append(Path(file))
        return self.columns[file, column]


def read_column(node: Any, quantity: Quantity, reading: Reading | None) -> list[float]:
    """The numbers of ``{file, column, unit}`` in base units; ``unit`` is put behind every cell.

    Raises :class:`Wrong` naming the file and the row.
    """
    spec = _spec(node)
    cells = (reading or Reading()).cells(spec["file"], spec["column"])
    unit = spec.get("unit", "")
    return [_number(cell, unit, quantity, Path(spec["file"]), row) for row, cell in enumerate(cells, start=2)]


def _spec(node: Any) -> Mapping[str, str]:
    if not isinstance(node, Mapping):
        raise Wrong(f"expected {{file, column}}, got {shown(node)}")
    for key, value in node.items():
        if key not in ("file", "column", "unit"):
            raise Wrong(f"unknown key{nearest(key, ('file', 'column', 'unit'))}", (key,), key=True)
        if not isinstance(value, str):
            raise Wrong(f"expected text, got {shown(value)}", (key,))
    for key in ("file", "column"):
        if key not in node:
            raise Wrong(f"expected {{file, column}}, {key} is missing")
    return node


def _number(cell: str, unit: str, quantity: Quantity, file: Path, row: int) -> float:
    try:
        return float(quantity.parse(f"{cell.strip()} {unit}".strip()))
    except Wrong as wrong:
        raise Wrong(f"{file.name}, row {row}: {wrong.message}", ("column",)) from None


def _cells(file: Path, column: str) -> list[str]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            table = list(csv.reader(stream))
    except (OSError, ValueError, csv.Error) as error:
        raise Wrong(f"cannot read {file.name}: {reason(error)}", ("file",)) from None
    header = [name.strip() for name in table[0]] if table else []
    if column not in header:
        raise Wrong(f"{file.name} has no column {shown(column)}{_offer(column, header)}", ("column",))
    rows = [row for row in table[1:] if row]
    if not rows:
        raise Wrong(f"{file.name} has no rows", ("file",))
    place = header.index(column)
    return [row[place] if place < len(row) else "" for row in rows]


def _offer(column: str, header: list[str]) -> str:
    return nearest(column, header) or f"; its columns are {', '.join(header) or 'none'}"
