"""The KPI table of the terminal: plain text, at most 100 columns, no colour."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

from sim.analysis.kpis import definition
from sim.report.wording import decimals, number

WIDTH = 100
HEAD = ("KPI", "mean", "95 % interval", "p05 .. p95", "unit")
SHARE = "share"
NONE = "–"


def kpi_table(
    summary: Mapping[str, Mapping[str, Any]], replications: int | None = None, title: str = ""
) -> str:
    """``summary`` (of ``analysis.kpis``) as aligned text with a line per KPI, grouped.

    The interval is that of the mean over replications; p05 .. p95 is what a single run may see. Shares
    are shown in per cent. KPIs that are 0 in every replication are named in a line below the table. A
    star marks a KPI that some of the ``replications`` have no value for.
    """
    if not summary:
        return "no KPIs"
    zero = [name for name, row in summary.items() if not any(row[key] for key in ("mean", "p05", "p95"))]
    summary = {name: row for name, row in summary.items() if name not in zero} or summary
    total = max(row["n"] for row in summary.values()) if replications is None else replications
    rows = [(definition(name).group, _cells(name, row, total)) for name, row in summary.items()]
    widths = [max(len(cells[k]) for _, cells in [("", HEAD), *rows]) for k in range(len(HEAD))]
    widths[0] = max(8, min(widths[0], WIDTH - sum(widths[1:]) - 2 * (len(HEAD) - 1)))
    lines = [title] * bool(title) + [_line(HEAD, widths), _line(["─" * width for width in widths], widths)]
    group = rows[0][0]
    for here, cells in rows:
        lines += [""] * (here != group) + [_line(cells, widths)]
        group = here
    return "\n".join(lines + _notes(summary, total, zero))


def _cells(name: str, row: Mapping[str, Any], total: int) -> tuple[str, ...]:
    share = row["unit"] == SHARE
    scale = 100.0 if share else 1.0
    mean, p05, p95 = (scale * row[key] for key in ("mean", "p05", "p95"))
    low, high = (None if row[key] is None else scale * row[key] for key in ("low", "high"))
    places = 1 if share else _places(mean, low, p05, p95)
    star = "*" if row["n"] < total else ""
    plausible = _range(p05, p95, places) if row["n"] > 1 else NONE
    unit = "%" if share else row["unit"]
    return name + star, number(mean, places), _range(low, high, places), plausible, unit


def _range(low: float | None, high: float | None, places: int) -> str:
    return NONE if low is None or high is None else f"{number(low, places)} .. {number(high, places)}"


def _places(mean: float, low: float | None, p05: float, p95: float) -> int:
    """About three figures, and enough decimals for the interval to show."""
    largest = max(abs(mean), abs(p05), abs(p95))
    if largest >= 100 or all(float(value).is_integer() for value in (mean, p05, p95)):
        return 0
    half = 0.0 if low is None else mean - low
    return max(decimals(largest), min(3, math.ceil(-math.log10(half))) if half > 1e-6 else 0)


def _line(cells: tuple[str, ...] | list[str], widths: list[int]) -> str:
    """Name and unit to the left, numbers to the right; a name too long for the page is cut with ``…``."""
    name = cells[0] if len(cells[0]) <= widths[0] else cells[0][: widths[0] - 1] + "…"
    middle = [cell.rjust(width) for cell, width in zip(cells[1:-1], widths[1:-1], strict=True)]
    return "  ".join([name.ljust(widths[0]), *middle, cells[-1]]).rstrip()


def _notes(summary: Mapping[str, Mapping[str, Any]], total: int, zero: list[str]) -> list[str]:
    partly = [(name, row["n"]) for name, row in summary.items() if row["n"] < total]
    notes = [f"* {name}: has a value in {n} of {total} replications" for name, n in partly]
    if zero:
        notes += textwrap.wrap("Zero throughout: " + ", ".join(zero) + ".", WIDTH)
    if total == 1:
        notes.append("One replication: no intervals. More of them (--replications) tell how sure this is.")
    return ["", *notes] if notes else []


def aligned(rows: Sequence[Sequence[str]], left: Container[int]) -> Iterator[str]:
    """Rows in columns, a line below the first; columns that are empty throughout are left out."""
    there = [k for k in range(len(rows[0])) if any(row[k] for row in rows[1:])]
    kept = [[row[k] for k in there] for row in rows]
    yield from in_columns(kept, [at for at, k in enumerate(there) if k in left])


def in_columns(rows: Sequence[Sequence[str]], left: Container[int]) -> Iterator[str]:
    """Rows in columns as wide as need be, a line below the first; those in ``left`` begin at their left."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    for number_, row in enumerate(rows):
        placed = enumerate(zip(row, widths, strict=True))
        cells = (cell.ljust(width) if k in left else cell.rjust(width) for k, (cell, width) in placed)
        yield "  ".join(cells).rstrip()
        if number_ == 0:
            yield "  ".join("─" * width for width in widths)
