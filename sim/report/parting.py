"""Where two engines part, for a developer to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.model.layout import LEAVING, OUTCOMES, REASONS, TOUCH
from sim.report.wording import plural

if TYPE_CHECKING:
    from sim.engine.program import Program
    from sim.experiment.parting import Difference, Parting

KINDS = ("touch", "leaving", "skipped", "staying", "entering")
SHOWN = 30  # differences shown of each sort
MARK = "  <-- differs"


def parting(found: Parting, program: Program) -> str:
    """The first event that differs with both states, the customer's events before it, and what else differs."""
    lengths = " and ".join(
        f"{length:,} ({engine})" for length, engine in zip(found.lengths, found.engines, strict=True)
    )
    if found.event is None:
        lines = [
            f"the logs are the same ({plural(found.lengths[0], 'event')}), but something else differs",
            "",
        ]
    else:
        lines = [f"the engines part after {plural(found.event.same, 'event')} of {lengths}", ""]
        lines += [*_event(found, program), ""]
        if found.person:
            lines += [f"at the end, in the record of customer {found.event.customer}:"]
            lines += [*_differences(found.person, found.engines), ""]
    if found.elsewhere:
        lines += ["left behind:", *_differences(found.elsewhere, found.engines)]
    return "\n".join(lines).rstrip() + "\n"


# ---------------------------------------------------------------- the event
def _event(found: Parting, program: Program) -> Iterator[str]:
    event = found.event
    assert event is not None
    row = min((row for row in event.rows if row is not None), key=lambda row: (row["t"], row["seq"]))
    yield f"day {row['t'].item()!r}, customer {event.customer}, row {row['seq']} of this customer:"
    texts = [_decoded(row, program) for row in event.rows]
    for k, engine in enumerate(found.engines):
        if event.rows[k] is None:
            yield f"  {engine} has no such event"
    width = max(len(text) for column in texts for text in (*column.values(), *found.engines))
    yield f"  {'':13}" + "  ".join(f"{engine:{width}}" for engine in found.engines).rstrip()
    for name in row.dtype.names or ():
        values = "  ".join(f"{column.get(name, '-'):{width}}" for column in texts)
        yield f"  {name:13}{values if name in event.fields else values.rstrip()}{_mark(name, event.fields)}"
    yield ""
    yield (
        f"before it, customer {event.customer} had, in both:"
        if len(event.before)
        else "it is the first event of this customer."
    )
    for earlier in event.before:
        yield f"  {_line(earlier, program)}"


def _mark(name: str, fields: Sequence[str]) -> str:
    return MARK if name in fields else ""


def _line(row: np.void, program: Program) -> str:
    """One row on one line."""
    text = _decoded(row, program)
    where = f"{text['step']} at {text['touchpoint']}" if row["touchpoint"] >= 0 else ""
    outcome = text["outcome"] if row["kind"] in (TOUCH, LEAVING) else ""
    parts = (
        f"day {text['t']}",
        f"row {text['seq']}",
        text["kind"],
        f"{text['stream']} {text['index']}",
        where,
    )
    return ", ".join(part for part in (*parts, outcome, f"chance {text['chance']}") if part)


def _decoded(row: np.void | None, program: Program) -> dict[str, str]:
    """Every field as text: numbers to the last bit, and names for those that stand for something."""
    if row is None:
        return {}
    names = {
        "stream": program.stream_names,
        "step": program.step_names,
        "touchpoint": program.touchpoint_names,
        "trigger": program.trigger_names,
        "kind": KINDS,
        "outcome": REASONS if row["kind"] == LEAVING else OUTCOMES,
    }
    return {name: _text(row[name], names.get(name)) for name in row.dtype.names or ()}


def _text(value: Any, names: Sequence[str] | None = None) -> str:
    if names is None:
        return _exact(value)
    k = int(value)
    return "-" if k < 0 else names[k] if k < len(names) else f"number {k}"


def _exact(value: Any) -> str:
    """The shortest text from which exactly this value can be read; an array's in brackets."""
    if isinstance(value, np.ndarray):
        return f"[{', '.join(_exact(item) for item in value)}]"
    return str(value)


# ---------------------------------------------------------------- the rest
def _differences(differences: Sequence[Difference], engines: tuple[str, str]) -> Iterator[str]:
    for difference in differences[:SHOWN]:
        a, b = (_exact(value) for value in difference.values)
        yield f"  {difference.where}: {a} ({engines[0]}), {b} ({engines[1]})"
    if len(differences) > SHOWN:
        yield f"  and {plural(len(differences) - SHOWN, 'more difference')}"
