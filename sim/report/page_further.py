"""The parts of a report's page that are there where they were asked for: reasons, and what is assumed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sim.analysis.attribution import RULES
from sim.report.comparison import unit_of, with_sign
from sim.report.further import CONVERSIONS, NAMES, verdicts
from sim.report.further_pictures import attribution_frame, draw_attribution, draw_turning, turning_frame
from sim.report.page_parts import Cell, Section, Table, shown
from sim.report.wording import number, places_of, plural, signed, three_figures

if TYPE_CHECKING:
    from sim.analysis.paired import Difference
    from sim.experiment.assumptions import Draws
    from sim.experiment.comparison import Comparison
    from sim.experiment.why import Explained, Reason, Why

Found = dict[tuple[str, str], "Difference"]
SHARE, NONE = "share", "–"
MOST = 12  # rows of what moves a difference


# ---------------------------------------------------------------- why
def reasons(done: Comparison, why: Why) -> Section:
    """What every piece of every strategy truly does, and what attribution rules would have said."""
    words = [
        "Each piece of a strategy is taken away in the same world, with the same people and the same luck: what is "
        "lost is what it does. Where there are several pieces, each is also added alone; what only the "
        f"combination brings stands below. {plural(why.replications, 'replication')} of every world; each "
        "interval (95 %) on its own.",
    ]
    explained = [one for one in why.strategies if one.reasons]
    tables = [_effects(done, why, one) for one in explained]
    tables += [table for one in explained if (table := _by_segment(done, why, one)) is not None]
    frame = attribution_frame(done)
    figures = []
    if len(frame):
        described = "; ".join(
            f"{row['piece']}: {number(row['truth'])} {CONVERSIONS[row['conversions']]} in truth"
            for row in frame.to_dict("records")
        )
        figures.append(shown("attribution", lambda: draw_attribution(frame, done), described, _rules(done)))
    after = [
        f"{reason.piece.name} of {one.label} cannot be taken apart: {reason.cannot}."
        for one in why.strategies
        for reason in one.reasons
        if reason.cannot
    ]
    return Section(
        "why", "Why: true effects, and what attribution would have said", words, (), figures, tables, after
    )


def _effects(done: Comparison, why: Why, one: Explained) -> Table:
    rows = [row for reason in one.reasons for row in _taken(done, why, one, reason)]
    if sum(reason.piece.part_of is None for reason in one.reasons) > 1:
        rows.append(["Everything together", *_cells(done, why, one.total)])
        rows.append(["What only the combination brings", *_cells(done, why, one.interaction)])
    head = ["Piece", *(_named(done, measure) for measure in why.measures)]
    return Table(f"{one.label}: what each piece truly does", head, rows)


def _taken(done: Comparison, why: Why, one: Explained, reason: Reason) -> Iterator[list[str | Cell]]:
    part = reason.piece.part_of
    yield [
        f"{reason.piece.name} (part of {part})" if part else reason.piece.name,
        *_cells(done, why, reason.removed),
    ]
    if reason.alone and sum(other.piece.part_of is None for other in one.reasons) > 1:
        yield [f"{reason.piece.name}, alone", *_cells(done, why, reason.alone)]


def _cells(done: Comparison, why: Why, found: Found) -> list[str | Cell]:
    return [_cell(done, measure, found.get(("", measure))) for measure in why.measures]


def _cell(done: Comparison, measure: str, difference: Difference | None) -> str | Cell:
    if difference is None:
        return NONE
    if difference.identical:
        return "0"
    scale = 100.0 if done.kpis[measure][0] == SHARE else 1.0
    low, high = scale * difference.low_single, scale * difference.high_single
    mean = scale * difference.mean
    places = places_of(mean, (high - low) / 2.0, 1 if scale == 100.0 else 0)
    better = done.kpis[measure][1]
    way = (
        "" if low <= 0.0 <= high or not better else "better" if (low > 0.0) == (better == "high") else "worse"
    )
    told, *ends = (with_sign(number(value, places)) for value in (mean, low, high))
    return Cell(told, way, note=" to ".join(ends))


def _named(done: Comparison, measure: str) -> str:
    spoken, unit = measure.replace("_", " "), unit_of(done, measure)
    return spoken if spoken == unit else f"{spoken}, {unit}"


def _by_segment(done: Comparison, why: Why, one: Explained) -> Table | None:
    measure = "retention" if any(key[1] == "retention" for key in one.total) else "orders"
    there = [segment for segment in why.segments if (segment, measure) in one.total]
    rows: list[list[str | Cell]] = [
        [
            reason.piece.name,
            *(_cell(done, measure, reason.removed.get((segment, measure))) for segment in there),
        ]
        for reason in one.reasons
        if reason.removed
    ]
    if len(there) < 2 or not rows:
        return None
    return Table(f"{one.label}, by segment: {_named(done, measure)}", ["Piece", *there], rows)


def _rules(done: Comparison) -> Table:
    head = ["Piece", "Strategy", "Of", "Seen in the log as", "In truth", *NAMES.values()]
    rows: list[list[str | Cell]] = [
        [
            row["piece"], row["strategy"], CONVERSIONS[row["conversions"]], row["touchpoints"] or "nothing",
            Cell(_count(row["truth"]), note=_ends(row)), *(_count(row[rule]) for rule in RULES),
        ]
        for row in done.tables["attribution"]
    ]  # fmt: skip
    return Table(
        "Conversions a replication: the truth beside what attribution rules say", head, rows, (0, 1, 2, 3)
    )


def _ends(row: dict[str, Any]) -> str:
    return "" if row["truth"] is None else f"{_count(row['truth_low'])} to {_count(row['truth_high'])}"


def _count(value: float | None) -> str:
    return NONE if value is None else number(value, 0 if abs(value) >= 10 else 1)


# ---------------------------------------------------------------- assumptions
def draws(done: Comparison, drawn: Draws) -> Section:
    """In how many draws of what is assumed the ranking holds, and what turns it round."""
    words = [
        f"{plural(drawn.count, 'draw')} of {plural(len(drawn.assumed), 'assumed parameter')} over the ranges that the "
        f"scenarios declare{', the defaults of the model among them' if drawn.every else ''}, "
        f"{plural(drawn.metric.shape[1], 'replication')} each.",
        " ".join(verdicts(drawn)),
    ]
    frame = turning_frame(done)
    moving = [row for row in frame.to_dict("records") if row["matters"]]
    rows: list[list[str | Cell]] = [
        [
            row["parameter"], row["strategy"],
            " to ".join(three_figures(row[end]) for end in ("low_drawn", "high_drawn")),
            Cell(signed(row["rho"]), note=f"{signed(row['low'])} to {signed(row['high'])}"),
            three_figures(row["threshold_written"]) if isinstance(row["threshold_written"], str) else NONE,
        ]
        for row in moving[:MOST]
    ]  # fmt: skip
    head = ["Parameter", "Strategy", "Drawn from", "Rank correlation", "Sign changes at"]
    table = Table("What moves the differences", head, rows, (0, 1)) if rows else None
    described = "; ".join(
        f"{row['parameter']}, {row['strategy']}: {signed(row['rho'])}" for row in moving[:MOST]
    )
    figure = shown(
        "turning", lambda: draw_turning(frame, done), described or "No parameter is beyond chance.", table
    )
    return Section("draws", "How much rests on assumptions", words, figures=[figure])
