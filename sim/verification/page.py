"""The table of limits as text for a terminal, as a page of the documentation, and as plain data."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sim.verification.bench import FALSE_ALARMS, POWER, Bench, Quantity, Row
from sim.verification.limits import BOUND, LIMITS, NOT_COVERED, SECTIONS, grouped

HEAD = (
    "limit",
    "quantity",
    "exact",
    "simulated",
    "standard error",
    "z",
    "a mistake would give",
    "standard errors away",
)


def number(x: float) -> str:
    """Six significant figures."""
    return f"{x:.6g}"


def _z(row: Row) -> str:
    z = row.z
    if z is None:
        return f"within {row.tolerance:.0e}" if row.tolerance else "exactly"
    return f"{z:+.2f}" if abs(z) < 100.0 else f"{z:+.0f}"


def cells(row: Row) -> tuple[str, ...]:
    """A row in the columns of HEAD."""
    mistake = "" if row.wrong is None else f"{number(row.wrong)} ({row.mistake})"
    far = "" if row.power is None else f"{abs(row.power):.0f}"
    error = "0" if row.z is None else f"{row.error:.2g}"
    exact, simulated = number(row.exact), number(row.simulated)
    return row.limit, row.name, exact, simulated, error, _z(row), mistake, far


# ---------------------------------------------------------------- the terminal
def as_text(rows: Sequence[Row], bench: Bench) -> str:
    """Aligned text, the limits as headings."""
    head = ("", *HEAD[2:6])
    table = [(f"  {name}", *rest[:4]) for _, name, *rest in (cells(row) for row in rows)]
    widths = [max(len(line[k]) for line in (head, *table)) for k in range(len(head))]
    lines, limit = [_aligned(head, widths)], ""
    for row, line in zip(rows, table, strict=True):
        if row.limit != limit:
            limit = row.limit
            lines.append(f"{row.section}  {limit}")
        lines.append(_aligned(line, widths) + ("" if row.passes(BOUND) else "   <-- not the closed form"))
    return "\n".join([*lines, "", verdict(rows, bench)])


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(
        [line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))]
    )


def verdict(rows: Sequence[Row], bench: Bench) -> str:
    """One sentence: how many agree, under which rule."""
    failed = [row for row in rows if not row.passes(BOUND)]
    z = [abs(row.z) for row in rows if row.z is not None]
    largest = f", the largest |z| is {max(z):.2f}" if z else ""
    return (
        f"{len(rows) - len(failed)} of {len(rows)} agree "
        f"(|z| at most {BOUND:.2f}, what holds on every path to rounding){largest}. "
        f"Engine {bench.engine}, seed {bench.seed}, {bench.events:,} events."
    )


def as_data(rows: Sequence[Row], bench: Bench) -> dict[str, Any]:
    """The rows and the verdict as plain data for JSON."""
    return {
        "engine": bench.engine,
        "seed": bench.seed,
        "share": bench.share,
        "events": bench.events,
        "bound": BOUND,
        "agree": all(row.passes(BOUND) for row in rows),
        "rows": [asdict(row) | {"passes": row.passes(BOUND)} for row in rows],
    }


# ---------------------------------------------------------------- the documentation
INTRODUCTION = """\
# Verification: the simulator against mathematics

Where a scenario has a solution in closed form, the simulator must find it. This page compares the two. It is
generated: `make verification` writes it anew, and `touchpoint verify` prints the same table (`--only A1,A5` a part of
it, `--quick` with {quick:.0%} of the samples). The seed is fixed, so a repetition gives the same numbers.

The scenarios switch the psychology off, or give it the linear form that can be solved. Each stands in
`sim/verification`, beside the quantities that are read off it. The closed forms are computed, in
`sim/verification/exact.py`, and themselves checked against published numbers in `tests/verification/test_exact.py`.

**How to read it.** Every quantity is the mean of independent observations: customers where these are independent, else
whole replications (40 for queues, whose waits hang together). The standard error comes from the spread of these
observations, that of a share from its exact value. z is the distance from the exact value in standard errors, as a
standard normal deviate (where observations are few, by way of Student's t). What holds on every path has
no standard error; *exactly* or *within* a tolerance for rounding stands in the place of z.

**When it fails.** There are {count} quantities with a z. A right simulator exceeds |z| = {bound:.2f} anywhere among
them with a chance of at most {alarms:.0%} (Bonferroni); `touchpoint verify` then exits with 1. The last two columns say
how sharp a test is: what a plausible mistake would give instead, and how many standard errors away that lies. All lie
beyond {sharp:.2f}, and so would be noticed with a chance of at least 97 %.
"""


def as_page(rows: Sequence[Row], bench: Bench) -> str:
    """docs/verification.md."""
    from sim.verification.limits import QUICK

    count = sum(isinstance(q, Quantity) for limit in LIMITS for q in limit.quantities)
    text = INTRODUCTION.format(
        quick=QUICK, count=count, bound=BOUND, alarms=FALSE_ALARMS, sharp=BOUND + POWER
    )
    parts = [text, verdict(rows, bench) + "\n"]
    for section, found in grouped(rows):
        parts.append(f"## {section} {SECTIONS[section]}\n\n{_markdown(found)}")
    parts.append(
        "## Not covered, and why\n\n" + "".join(f"- **{what}**: {why}.\n" for what, why in NOT_COVERED)
    )
    return "\n".join(parts)


def _markdown(rows: Sequence[Row]) -> str:
    lines = [_line(HEAD), _line(["---"] * 2 + ["---:"] * 4 + ["---", "---:"])]
    return "".join(f"{line}\n" for line in [*lines, *(_line(cells(row)) for row in rows)])


def _line(line: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |"
