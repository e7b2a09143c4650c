"""Points that were chosen elsewhere: a table with a parameter a column and a point a row."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.errors import Problem, ScenarioError
from sim.scenario.nodes import relative
from sim.scenario.quantities import Quantity
from sim.scenario.schema import Scenario
from sim.scenario.settings import split_path
from sim.scenario.varied import Parameter, as_column, conflicts, listed_value, own_value, quantity_for
from sim.scenario.wrong import Wrong, reason, shown

TOLD = 3  # unreadable cells of a column that are told one by one
_TRUTHS = {"true": True, "false": False}


@dataclass(frozen=True)
class Table:
    """Columns of equal length by their names, and where each row was written.

    ``base``: numbers are in base units, as a sweep's own table has them; else they are as a scenario writes them.
    """

    columns: Mapping[str, Sequence[Any]]
    place: Callable[[int], str]
    base: bool = False


def read_table(file: Path) -> Table:
    """The table in a CSV file. Raises :class:`ScenarioError`: unreadable, no rows, rows of unequal length."""
    name = relative(file)
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream)
            rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if row]
    except (OSError, ValueError, csv.Error) as error:
        raise ScenarioError([Problem(name, "", f"cannot be read: {reason(error)}")]) from None
    if len(rows) < 2:
        raise ScenarioError(
            [Problem(name, "", "has no points; expected a header of paths and a row a point")]
        )
    header, points = rows[0][1], rows[1:]
    problems = [
        Problem(f"{name}:1:{k + 1}", "", f"column {k + 1} has no name; expected the path of a parameter")
        for k, path in enumerate(header)
        if not path
    ]
    problems += [
        Problem(f"{name}:1:{k + 1}", path, "is there twice")
        for k, path in enumerate(header)
        if path and path in header[:k]
    ]
    problems += [
        Problem(f"{name}:{line}", "", f"expected {len(header)} cells as in the header, got {len(cells)}")
        for line, cells in points
        if len(cells) != len(header)
    ]
    if problems:
        raise ScenarioError(problems)
    columns = {path: [cells[k] for _, cells in points] for k, path in enumerate(header)}
    lines = [line for line, _ in points]
    return Table(columns, lambda row: f"{name}:{lines[row] if row >= 0 else 1}")


def tabled(table: Table, scenario: Scenario) -> tuple[list[Parameter], list[Problem]]:
    """The parameters that the columns stand for, and everything that is wrong with them."""
    found, problems = [], []
    clashes = conflicts(list(table.columns))
    for number, (path, cells) in enumerate(table.columns.items(), start=1):

        def told(row: int, message: str, path: str = path, number: int = number) -> None:
            where = table.place(row)
            problems.append(
                Problem(f"{where}:{number}" if where else f"row {row + 1}" * (row >= 0), path, message)
            )

        if path in clashes:
            told(-1, clashes[path])
            continue
        try:
            quantity = quantity_for(split_path(path), list(cells), scenario)
        except Wrong as wrong:
            told(-1, wrong.message)
            continue
        parameter = _column(path, cells, quantity, table, scenario, told)
        found += [parameter] if parameter else []
    return found, problems


def _column(
    path: str,
    cells: Sequence[Any],
    quantity: Quantity | None,
    table: Table,
    scenario: Scenario,
    told: Callable[[int, str], None],
) -> Parameter | None:
    read = in_base_units if table.base else listed_value
    if quantity is None and set(cells) <= set(_TRUTHS):
        cells = [_TRUTHS[cell] for cell in cells]
    values, wrong = [], 0
    for row, cell in enumerate(cells):
        try:
            values.append(read(cell, quantity))
        except Wrong as error:
            wrong += 1
            if wrong <= TOLD:
                told(row, error.message)
    if wrong > TOLD:
        told(-1, f"{wrong - TOLD:,} more cells of this column are not right either")
    if wrong:
        return None
    values, quantity = as_column(values, list(cells), quantity)
    own = own_value(scenario, split_path(path), quantity)
    return Parameter(".".join(split_path(path)), None, quantity, None, tuple(values), own, table.place(-1))


def in_base_units(cell: Any, quantity: Quantity | None) -> Any:
    """A number in base units that fits, or what a scenario writes. Raises :class:`Wrong`."""
    if quantity is None or isinstance(cell, str | bool):
        return listed_value(cell, quantity)
    number = float(cell)
    words = quantity.words.values()
    if not (quantity.holds(number) or number in words) or (quantity.whole and not number.is_integer()):
        nothing = "nothing" if math.isnan(number) else shown(number)
        unit = f" (in the base unit, {quantity.unit})" if quantity.unit else ""
        raise Wrong(f"expected {quantity.expected}{unit}, got {nothing}")
    return number
