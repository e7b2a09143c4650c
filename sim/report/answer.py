"""The answer to a query of a sweep, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.report.table import NONE, in_columns

if TYPE_CHECKING:
    from sim.experiment.sweep_query import Answer

MOST = 60  # rows that are shown


def answer_text(answer: Answer) -> str:
    """An aligned table; of a long one the first rows."""
    shown = answer.rows[:MOST]
    cells = [[_cell(value) for value in row] for row in shown]
    words = [
        k
        for k in range(len(answer.names))
        if not all(isinstance(row[k], int | float | None) for row in shown)
    ]
    lines = [*in_columns([answer.names, *cells], words)]
    if len(answer.rows) > MOST:
        lines.append(f"... {len(answer.rows):,} rows; --csv prints them all")
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None:
        return NONE
    return f"{value:.6g}" if isinstance(value, float) else str(value)
