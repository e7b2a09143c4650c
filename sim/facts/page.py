"""The table of facts as text for a terminal, as a page of the documentation, and as plain data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from sim.facts.fact import TAGS, Fact, Result
from sim.facts.lab import Lab

HEAD = ("no.", "fact", "value", "published", "simulated", "holds", "evidence", "source")


def number(x: float) -> str:
    """Three significant figures, without powers of ten where these are easily read."""
    return f"{x:.0f}" if abs(x) >= 1000.0 else f"{x:.3g}"


def band(fact: Fact) -> str:
    """The band, as a range or as one bound."""
    if math.isinf(fact.low) or math.isinf(fact.high):
        return f"at most {number(fact.high)}" if math.isinf(fact.low) else f"at least {number(fact.low)}"
    return f"{number(fact.low)} to {number(fact.high)}"


def simulated(result: Result) -> str:
    """The value and its standard error."""
    found = result.found
    if found is None:
        return "–"
    return number(found.value) + (f" ± {found.error:.2g}" if found.error else "")


def verdict(result: Result) -> str:
    """Yes, no, or why neither can be said."""
    return result.note if result.found is None else "yes" if result.holds else "no"


def cells(result: Result) -> tuple[str, ...]:
    """A result in the columns of HEAD."""
    fact = result.fact
    return (
        str(fact.id), fact.name, fact.value, band(fact), simulated(result), verdict(result), fact.tag, fact.source,
    )  # fmt: skip


def reasons(result: Result) -> list[str]:
    """Why a fact does not hold: value out of its band, side conditions, and what we know of it."""
    if result.found is None or result.holds:
        return []
    said = [] if result.in_band else [f"{simulated(result)} is not within {band(result.fact)}"]
    said += [
        f"not so: {check.name}" + (f" ({check.detail})" if check.detail else "") for check in result.failed
    ]
    return said + ([result.fact.miss] if result.fact.miss else [])


# ---------------------------------------------------------------- the terminal
def as_text(results: Sequence[Result], lab: Lab) -> str:
    """Aligned text; below a fact that does not hold, why."""
    places = [
        HEAD.index(name) for name in ("no.", "fact", "published", "simulated", "holds", "evidence", "source")
    ]
    table = [[row[k] for k in places] for row in (HEAD, *map(cells, results))]
    widths = [max(len(row[k]) for row in table) for k in range(len(places) - 1)]
    lines = [_aligned(table[0], widths)]
    for result, row in zip(results, table[1:], strict=True):
        lines.append(_aligned(row, widths))
        lines += [f"{'':{widths[0]}}    {reason}" for reason in reasons(result)]
    return "\n".join([*lines, "", summary(results, lab)])


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    right = (0, 3)
    padded = [
        c.rjust(w) if k in right else c.ljust(w) for k, (c, w) in enumerate(zip(row, widths, strict=False))
    ]
    return "  ".join([*padded, row[-1]]).rstrip()


def summary(results: Sequence[Result], lab: Lab) -> str:
    """One sentence: how many hold."""
    found = [result for result in results if result.found is not None]
    gating = [result for result in found if result.fact.gates]
    text = f"{sum(r.holds for r in gating)} of {len(gating)} facts hold under one default psychology"
    if len(found) > len(gating):
        text += f"; {len(found) - len(gating)} more rest on numbers that are merely remembered, and decide nothing"
    if len(results) > len(found):
        text += f"; {len(results) - len(found)} were not measured"
    return f"{text}. Engine {lab.engine}, seed {lab.seed}."


# ---------------------------------------------------------------- data
def as_data(results: Sequence[Result]) -> dict[str, Any]:
    """The results as plain data for JSON: ``{"facts": [...]}``, numbers finite."""
    return {"facts": [_datum(result) for result in results]}


def _datum(result: Result) -> dict[str, Any]:
    fact, found = result.fact, result.found
    return {
        "id": fact.id,
        "name": fact.name,
        "holds": result.holds,
        "value": _finite(found.value) if found else 0.0,
        "low": _finite(fact.low),
        "high": _finite(fact.high),
        "source": fact.source,
        "tag": fact.tag,
        "se": _finite(found.error) if found else 0.0,
        "measures": fact.value,
        "checks": [{"name": c.name, "held": bool(c.held), "detail": c.detail} for c in found.checks]
        if found
        else [],
        "figures": {name: _finite(value) for name, value in found.figures.items()} if found else {},
        "used_for": list(fact.used_for),
        "staged": fact.staged,
        "note": result.note or "; ".join(reasons(result)),
    }


def _finite(x: float) -> float:
    """A number that JSON can hold."""
    return float(min(max(float(x), -1e300), 1e300)) if not math.isnan(x) else 0.0


# ---------------------------------------------------------------- the page
INTRODUCTION = """\
# Published facts

What is known about customers from published studies, and whether the simulated ones keep to it. This page is generated:
`make facts` writes it anew, and `touchpoint facts` prints the same table (`--only 3,8` a part of it, `--json` for
programs, `--plot` a picture of each). Each fact has an experiment of its own in `sim/facts`, with a scenario in
`sim/facts/scenarios`.

**One default psychology serves them all.** An experiment sets its stage: touchpoints, how strong a stimulus is, how
people differ. It never sets a parameter under `psychology`, nor the mean of a susceptibility, except the switch that
the fact is about; `sim/facts/lab.py` refuses anything else.

*Published* is the band within which the simulated value must lie; it is wider than the published number where studies
differ or where ours is a stand-in for theirs. *Simulated* is the value and its standard error, from blocks of people
who live through every arm of an experiment with the same luck. A fact *holds* if the value lies in the band and every
side condition is met. *Evidence* says what the band rests on:

{tags}

A default that was chosen with the help of a fact is named there: that the fact holds is then no test of the default.
The same goes for what of the stage was chosen with the published number in view: there the fact shows that the defaults
can do it at a plausible stimulus, and tests the orderings.

Facts are about direction and size elsewhere. They do not measure your customers.
"""


def as_page(results: Sequence[Result], lab: Lab) -> str:
    """docs/facts.md."""
    tags = "\n".join(f"- **{tag}** {meaning};" for tag, meaning in TAGS.items()).rstrip(";") + "."
    lines = [_line(HEAD), _line(["---:", *["---"] * (len(HEAD) - 1)])]
    lines += [_line(cells(result)) for result in results]
    parts = [INTRODUCTION.format(tags=tags), summary(results, lab) + "\n", "\n".join(lines) + "\n"]
    return "\n".join([*parts, "## One by one\n", *map(_told, results)])


def _told(result: Result) -> str:
    fact, found = result.fact, result.found
    said = [f"### {fact.id} {fact.name}\n", f"{fact.published} ({fact.source})\n"]
    said.append(f"Value: {fact.value}.")
    if fact.used_for:
        said.append(f"Used for the default of {', '.join(f'`{name}`' for name in fact.used_for)}.")
    if fact.staged:
        said.append(f"Of the stage, chosen with the published number in view: {fact.staged}.")
    if fact.switches:
        said.append(f"Switched by the experiment: {', '.join(f'`{name}`' for name in fact.switches)}.")
    if found and found.figures:
        said.append("Also: " + ", ".join(f"{name} {number(x)}" for name, x in found.figures.items()) + ".")
    if found and found.checks:
        said.append("")
        for check in found.checks:
            said.append(
                f"- {'holds' if check.held else '**does not hold**'}: {check.name}"
                + (f" ({check.detail})" if check.detail else "")
            )
    if result.note:
        said += ["", f"{result.note[0].upper()}{result.note[1:]}."]
    elif found and fact.miss:
        said += ["", f"{'What it leaves out' if result.holds else 'Why it does not hold'}: {fact.miss}"]
    return "\n".join(said) + "\n"


def _line(line: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |"
