"""What a comparison says about its assumptions, and why strategies do what they do, as text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sim.analysis.attribution import RULES
from sim.report.comparison import NONE, SHARE, WIDTH, unit_of, with_sign
from sim.report.table import aligned
from sim.report.wording import listed, number, percent, places_of, plural, three_figures

if TYPE_CHECKING:
    from sim.analysis.paired import Difference
    from sim.experiment.assumptions import Draws
    from sim.experiment.comparison import Comparison
    from sim.experiment.why import Explained, Reason, Why

NAMES = {
    "last_touch": "last touch",
    "first_touch": "first touch",
    "linear": "linear",
    "markov": "Markov",
    "shapley": "Shapley",
}
CONVERSIONS = {"orders": "orders", "kept": "customers kept"}
LONG = 12  # parameters that are listed at most


def further_text(done: Comparison) -> list[str]:
    """A paragraph or table each; nothing where nothing was asked for."""
    parts: list[str] = []
    if done.assumptions is not None:
        parts += _assumptions(done.assumptions)
    if done.why is not None:
        parts += [text for one in done.why.strategies for text in _explained(done, done.why, one)]
    return parts


# ---------------------------------------------------------------- assumptions
def _assumptions(draws: Draws) -> Iterator[str]:
    kind = "" if not draws.every else ", the model's own defaults among them"
    yield (
        f"How much rests on assumptions: {draws.count:,} draws of {plural(len(draws.assumed), 'parameter')} over the "
        f"declared ranges{kind},\n{plural(draws.metric.shape[1], 'replication')} each"
    )
    yield "\n".join(textwrap.fill(line, WIDTH) for line in verdicts(draws))
    rows = _turns(draws)
    if len(rows) == 1:
        yield textwrap.fill(
            "No parameter's rank correlation with any of these differences is beyond chance.", WIDTH
        )
        return
    table = list(aligned(rows, left=(0, 1)))
    yield "\n".join(["What moves the differences (rank correlation over the draws)", *table])
    if (
        left := sum(found.matters for contrast in draws.turning.values() for found in contrast)
        - len(rows)
        + 1
    ):
        yield f"and {left} more (table `turning`)"


def verdicts(draws: Draws) -> Iterator[str]:
    """How often what the comparison says holds."""
    best = draws.labels[draws.best]
    ranking = "" if len(draws.labels) == 2 else f"; the whole ranking holds in {percent(draws.order_holds)}"
    yield f"{best} is the best in {percent(draws.best_holds)} of the draws over the declared ranges{ranking}."
    better = [
        f"{label} in {percent(draws.better(world))}" for world, label in enumerate(draws.labels) if world
    ]
    yield f"Better than {draws.labels[0]}: {', '.join(better)}."
    shares = [share for pair in draws.contrasts if (share := draws.noise(pair)) is not None]
    if shares and max(shares) >= 0.5:
        yield (
            f"Up to {percent(max(shares))} of the variance between draws is chance of the few replications: draws "
            "differ less than they seem to."
        )


def _turns(draws: Draws) -> list[tuple[str, ...]]:
    head = ("difference", "parameter", "range drawn", "rank corr.", "95 % interval", "sign changes at")
    found = []
    for (a, b), contrast in draws.turning.items():
        name = draws.labels[a] if b == 0 else f"{draws.labels[a]} − {draws.labels[b]}"
        for one, turn, values in zip(draws.assumed, contrast, draws.values.T, strict=True):
            if not turn.matters or turn.rho is None or turn.low is None or turn.high is None:
                continue
            ends = " .. ".join(three_figures(one.write(float(end))) for end in (values.min(), values.max()))
            at = NONE if turn.threshold is None else three_figures(one.write(turn.threshold))
            interval = f"{number(turn.low, 2)} .. {number(turn.high, 2)}"
            row = (name, one.path, ends, f"{turn.rho:+.2f}".replace("-", "−"), interval, at)
            found.append((turn.threshold is None, -abs(turn.rho), row))
    return [head, *(row for *_, row in sorted(found, key=lambda each: each[:2])[:LONG])]


# ---------------------------------------------------------------- why
def _explained(done: Comparison, why: Why, one: Explained) -> Iterator[str]:
    if not one.reasons:
        yield f"Why: {one.label} changes nothing that could do anything"
        return
    head = ("", *(_head(done, measure) for measure in why.measures))
    rows = [row for reason in one.reasons for row in _rows(done, why, one, reason)]
    several = sum(reason.piece.part_of is None for reason in one.reasons) > 1
    if several:
        rows.append(("everything", *_cells(done, why, one.total)))
        rows.append(("  of it only together", *_cells(done, why, one.interaction)))
    title = f"Why {one.label} does what it does: each piece taken away in the same world"
    note = f"± 95 % interval of each on its own, {plural(why.replications, 'replication')}"
    notes = [f"alone: added to {done.labels[0]} without the others. "] if several else []
    notes += [f"{r.piece.name} cannot be taken apart: {r.cannot}. " for r in one.reasons if r.cannot]
    told = textwrap.wrap("".join([*notes, note, "."]), WIDTH)
    yield "\n".join([title, *aligned([head, *rows], left=(0,)), *told])
    yield from _segments(done, why, one)
    whole = [reason.piece.name for reason in one.reasons if reason.piece.part_of is None]
    if not any(one.channels[name] for name in whole):
        own = "it leaves no touch of its own" if len(whole) == 1 else "they leave no touches of their own"
        text = f"Attribution from the event log could give nothing to {listed(whole)}: {own} there."
        yield textwrap.fill(text, WIDTH)
        return
    for conversions in one.credit:
        yield from _rules(one, conversions)


def _rows(done: Comparison, why: Why, one: Explained, reason: Reason) -> Iterator[tuple[str, ...]]:
    part = reason.piece.part_of is not None
    yield (f"{'  of it ' if part else ''}{reason.piece.name}", *_cells(done, why, reason.removed))
    several = sum(other.piece.part_of is None for other in one.reasons) > 1
    if several and reason.alone:
        yield ("  alone", *_cells(done, why, reason.alone))


def _cells(done: Comparison, why: Why, found: dict[tuple[str, str], Difference]) -> tuple[str, ...]:
    return tuple(_cell(done, measure, found.get(("", measure))) for measure in why.measures)


def _cell(done: Comparison, measure: str, difference: Difference | None) -> str:
    if difference is None:
        return NONE
    return plus_minus(difference, 100.0 if done.kpis[measure][0] == SHARE else 1.0)


def plus_minus(difference: Difference, scale: float = 1.0) -> str:
    """``+0.11 ± 0.02``, with as many decimals as the interval asks for; 0 where nothing differs or could."""
    if difference.identical:
        return "0"
    half = scale * (difference.high_single - difference.low_single) / 2.0
    mean = scale * difference.mean
    places = places_of(mean, half, 1 if scale == 100.0 else 0)
    return f"{with_sign(number(mean, places))} ± {number(half, places)}"


def _head(done: Comparison, measure: str) -> str:
    unit = unit_of(done, measure)
    return measure if unit == measure else f"{measure}, {unit}"


def _segments(done: Comparison, why: Why, one: Explained) -> Iterator[str]:
    """By segment: customers kept, or orders where nobody is to be kept."""
    measure = "retention" if any(key[1] == "retention" for key in one.total) else "orders"
    there = [segment for segment in why.segments if (segment, measure) in one.total]
    if len(there) < 2:
        return
    head = ("", *there)
    rows = [
        (reason.piece.name, *(_cell(done, measure, reason.removed.get((name, measure))) for name in there))
        for reason in one.reasons
        if reason.removed
    ]
    if rows:
        yield "\n".join(
            [f"By segment: {measure}, {unit_of(done, measure)}", *aligned([head, *rows], left=(0,))]
        )


def _rules(one: Explained, conversions: str) -> Iterator[str]:
    """What attribution says, beside the truth."""
    credit = one.credit[conversions]
    known = [r for r in one.reasons if r.piece.part_of is None and one.channels[r.piece.name]]
    what = CONVERSIONS[conversions]
    title = (
        f"What attribution makes of the event log: of {number(credit.conversions, 0)} {what} a replication"
    )
    head = ("", "seen in the log as", "truth", *NAMES.values())
    rows = []
    for reason in known:
        channels, truth = one.channels[reason.piece.name], one.truth(reason, conversions)
        given = [
            number(credit.of(rule, channels), 1 if credit.of(rule, channels) < 10 else 0) for rule in RULES
        ]
        rows.append((reason.piece.name, ", ".join(channels), plus_minus(truth) if truth else NONE, *given))
    yield "\n".join(
        [title, *aligned([head, *rows], left=(0, 1)), *textwrap.wrap(_how_wrong(one, conversions), WIDTH)]
    )


def _how_wrong(one: Explained, conversions: str) -> str:
    """The rule that is farthest off, in words."""
    worst: tuple[float, str] = (0.0, "")
    for reason in one.reasons:
        channels, truth = one.channels[reason.piece.name], one.truth(reason, conversions)
        if truth is None or reason.piece.part_of is not None or not channels:
            continue
        for rule, name in NAMES.items():
            off = one.credit[conversions].of(rule, channels) - truth.mean
            if abs(off) > worst[0]:
                size = number(abs(off), 0 if abs(off) >= 10 else 1)
                which = "too many" if off > 0 else "too few"
                told = f"Farthest off: {name} gives {reason.piece.name} {size} {which}."
                worst = abs(off), told
    return worst[1]
