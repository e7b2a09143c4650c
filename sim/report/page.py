"""A comparison as one HTML page that needs nothing but itself: for a mail attachment, a phone, paper.

``sections`` says what stands on it, as plain data; the templates say how. Every text is escaped by Jinja2, also
the names that a scenario gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

import sim
from sim.analysis.kpis import definition
from sim.analysis.paired import Difference
from sim.analysis.retention import cohort_width
from sim.experiment.closer import Closer
from sim.experiment.comparison_tables import origin, verdict
from sim.report.balance_picture import draw_stages, stage_frame
from sim.report.comparison import (
    SHARE,
    TINY,
    amount,
    change,
    headline,
    level,
    level_pairs,
    not_everywhere,
    plus_minus,
    signed_value,
    sure,
    unit_of,
    with_sign,
)
from sim.report.comparison_pictures import (
    curve_frame,
    draw_difference,
    draw_frontier,
    draw_retention,
    frontier_frame,
)
from sim.report.flow_picture import BEGINS, draw_flow, rows_of
from sim.report.further import verdicts
from sim.report.page_further import draws, reasons
from sim.report.page_parts import Cell, Section, Table, shown
from sim.report.pictures import draw_cohorts, save
from sim.report.wording import duration, number, percent, places_of, plural, signed

if TYPE_CHECKING:
    from sim.experiment.comparison import Comparison, Standing

GENERATOR = "Touchpoint"
MOMENTS = 13  # rows of the table beside the curves, at most
FLOWS = 20  # rows of the table beside the flow picture, at most


# ---------------------------------------------------------------- the page
def page(done: Comparison, look: Closer) -> str:
    """The whole page as text."""
    environment = Environment(
        loader=PackageLoader("sim.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("comparison.html").render(
        generator=f"{GENERATOR} {sim.__version__}",
        kicker="Touchpoint: strategies compared with the same people and the same luck",
        title=_title(done),
        headline=_lead(done),
        facts=_facts(done),
        sections=list(sections(done, look)),
        footer=f"Made by Touchpoint {sim.__version__} on {done.ended:%d %B %Y}. This file needs no network.",
    )


def sections(done: Comparison, look: Closer) -> Iterator[Section]:
    """What stands on the page, from the answer to how to repeat it; nothing without data."""
    yield _ranking(done)
    lasting = done.worlds.seen[0][0].alive.size > 0
    if lasting:
        yield _over_time(done)
    yield _frontier(done)
    yield _kpis(done)
    if not look.flows.empty:
        yield _journey(done, look)
    if done.tables["stages"]:
        yield _feelings(done)
    if len({row["segment"] for row in done.tables["segments"]}) > 1:
        yield _segments(done)
    if look.cohorts:
        yield _cohorts(done, look)
    if done.why is not None:
        yield reasons(done, done.why)
    if done.assumptions is not None:
        yield draws(done, done.assumptions)
    yield _limits(done)
    yield _repeat(done)


def _title(done: Comparison) -> str:
    if len(done.labels) == 2:
        return f"{done.labels[1]} against {done.labels[0]}"
    return f"{done.labels[0]}: {len(done.labels) - 1} strategies compared"


def _lead(done: Comparison) -> str:
    """The answer, and in how much of what may be true it holds."""
    if done.assumptions is None:
        return headline(done)
    return f"{headline(done)} {next(iter(verdicts(done.assumptions)))}"


def _facts(done: Comparison) -> list[tuple[str, str]]:
    return [
        ("Baseline", done.labels[0]),
        ("Simulated", f"{plural(done.cohort, 'customer')}, {duration(done.horizon)}"),
        ("Replications", number(done.replications)),
        ("Ranked by", done.metric.replace("_", " ")),
        ("Seed", str(done.asked.settings.seed)),
    ]


# ---------------------------------------------------------------- the ranking
def _ranking(done: Comparison) -> Section:
    unit, money = unit_of(done, done.metric, level=True), done.currency
    head = [
        "Strategy", f"Difference, {unit_of(done, done.metric)}", f"{_spoken(done.metric).capitalize()}, {unit}",
        "Chance to be best", f"Cost, {money}", f"Profit, {money}", "Cost per kept", "Return on spend",
    ]  # fmt: skip
    rows = [_ranked(done, standing) for standing in done.ranking]
    apart = [
        (done.labels[a], done.labels[b]) for (a, b), pair in done.pairs.items() if not pair.distinguishable
    ]
    after = [
        "Chance to be best: strategies that came out the same share it; it speaks of chance alone. "
        "Cost and profit: difference to the baseline over the whole horizon, all customers together. "
        "Cost per kept: extra cost for each customer kept in addition, told where more are kept beyond chance. "
        f"Return on spend: extra profit for each {money} of extra cost.",
        *([level_pairs(apart, len(done.pairs))] if apart else []),
    ]
    table = Table(f"Ranking by {_spoken(done.metric)}", head, rows)
    return Section("ranking", "Which is best, and at what cost", tables=[table], after=[*after, *sure(done)])


def _ranked(done: Comparison, standing: Standing) -> list[str | Cell]:
    difference = done.found[done.metric][standing.world - 1] if standing.world else None
    name = f"{standing.rank}. {standing.label}" + ("" if standing.in_budget else " (over budget)")
    mean, chance = level(done, done.metric, standing.mean, difference), percent(standing.chance_best)
    if difference is None:
        return [name, "baseline", mean, chance, "", "", "", ""]
    kept, back = standing.cost_per_kept, standing.return_on_spend
    each = "–" if kept is None else amount(kept[0]) if kept[0] > 0 else "saves"
    money = [change(standing.cost), change(standing.profit), each, "–" if back is None else signed(back[0])]
    return [name, _with_interval(done, done.metric, difference), mean, chance, *money]


def _with_interval(done: Comparison, kpi: str, difference: Difference) -> Cell:
    """A difference, its interval below it, and the verdict in a word: colour alone would not tell everybody."""
    if difference.identical:
        return Cell("identical")
    mean, *ends = (
        signed_value(done, kpi, value, difference)
        for value in (difference.mean, difference.low, difference.high)
    )
    return Cell(mean, _verdict(done, kpi, difference), note=f"{ends[0]} to {ends[1]}")


def _verdict(done: Comparison, kpi: str, difference: Difference) -> str:
    found = verdict(difference, done.kpis[kpi][1])
    return found if found in ("better", "worse") else ""


def _spoken(name: str) -> str:
    return name.replace("_", " ")


# ---------------------------------------------------------------- over time
def _over_time(done: Comparison) -> Section:
    frame = curve_frame(done)
    last = frame[frame["t"] == frame["t"].max()]
    ends = "; ".join(f"{row.world} {100 * row.alive:.1f} %" for row in rows_of(last))
    gaps = "; ".join(
        f"{row.world} {signed(100 * row.difference)} points ({signed(100 * row.difference_low)} to "
        f"{signed(100 * row.difference_high)})"
        for row in rows_of(last)
        if row.world != done.labels[0]
    )
    figures = [
        shown(
            "retention",
            lambda: draw_retention(frame, done),
            f"Share of customers kept over time. At the end: {ends}.",
            _curve_table(done, frame, "alive", "Customers kept over time, %"),
        ),
        shown(
            "difference",
            lambda: draw_difference(frame, done),
            f"Points of customers kept more than in the baseline, over time. At the end: {gaps}.",
            _curve_table(done, frame, "difference", "Difference to the baseline over time, points"),
            title="What each strategy keeps more than the baseline, over time",
        ),
    ]
    return Section("retention", "Customers kept over time", figures=figures)


def _curve_table(done: Comparison, frame: pd.DataFrame, name: str, caption: str) -> Table:
    wide = frame.pivot(index="t", columns="world", values=name)
    labels = [label for label in done.labels if name == "alive" or label != done.labels[0]]
    picked = wide.iloc[np.unique(np.linspace(0, len(wide) - 1, MOMENTS).round().astype(int))]
    told: Callable[[float], str] = (lambda v: f"{v:.1f}") if name == "alive" else signed
    rows = [
        [f"day {number(day)}", *("–" if np.isnan(row[label]) else told(100 * row[label]) for label in labels)]
        for day, row in zip(picked.index.tolist(), picked.to_dict("records"), strict=True)
    ]
    return Table(caption, ["Moment", *labels], rows)


# ---------------------------------------------------------------- the frontier
def _frontier(done: Comparison) -> Section:
    frame = frontier_frame(done)
    scale = 100.0 if done.kpis[done.metric][0] == SHARE else 1.0
    unit = unit_of(done, done.metric)
    rows = [
        [
            str(row.world), signed(row.cost, 0), f"{signed(row.cost_low, 0)} to {signed(row.cost_high, 0)}",
            signed(scale * row.gain), f"{signed(scale * row.gain_low)} to {signed(scale * row.gain_high)}",
            "yes" if row.efficient else "no",
        ]
        for row in rows_of(frame)
    ]  # fmt: skip
    head = [
        "World",
        f"Extra cost, {done.currency}",
        "95 % interval",
        f"Gain, {unit}",
        "95 % interval",
        "Efficient",
    ]
    table = Table("Gain and cost of every strategy", head, rows)
    best = ", ".join(frame.loc[frame["efficient"], "world"])
    described = f"Gain in {_spoken(done.metric)} against extra cost. On the efficient frontier: {best}."
    figure = shown("frontier", lambda: draw_frontier(frame, done), described, table)
    return Section("frontier", "What a gain costs", figures=[figure])


# ---------------------------------------------------------------- KPIs
def _kpis(done: Comparison) -> Section:
    moved = [kpi for kpi, found in done.found.items() if any(d.distinguishable for d in found)]
    moved = [done.metric, *(kpi for kpi in moved if kpi != done.metric)]
    rows: list[list[str | Cell]] = []
    for kpi in moved:
        base = float(done.worlds.kpi(kpi)[:, 0].mean())
        widest = max(done.found[kpi], key=lambda d: d.half)
        told = [plus_minus(done, kpi, found) for found in done.found[kpi]]
        verdicts = [_verdict(done, kpi, found) for found in done.found[kpi]]
        cells = [Cell(t, "" if t == TINY else v) for t, v in zip(told, verdicts, strict=True)]
        unit = unit_of(done, kpi, level=True)
        name = _spoken(kpi) if unit == _spoken(kpi) else f"{_spoken(kpi)}, {unit}"
        rows.append([name, level(done, kpi, base, widest), *cells])
    head = ["KPI", done.labels[0], *done.labels[1:]]
    caption = "Differences to the baseline, ± the 95 % interval (·: not distinguishable; of %: in points)"
    quiet = [_spoken(kpi) for kpi in done.found if kpi not in moved]
    meanings = [[_spoken(kpi), definition(kpi).formula.replace("currency", done.currency)] for kpi in moved]
    after = [f"Not distinguishable from the baseline anywhere: {', '.join(quiet)}."] if quiet else []
    after += [_spoken(some)] if (some := not_everywhere(done)) else []
    if len(done.labels) > 2:
        after.append(
            "Each KPI's intervals hold for all strategies at once with 95 %. KPIs are many: of forty "
            "without any difference, one or two will look as if they had one."
        )
    formulas = Table("What these KPIs are", ["KPI", "Formula"], meanings, (0, 1), folded=True)
    tables = [Table(caption, head, rows), formulas]
    return Section("kpis", "Everything else that differs", tables=tables, after=after)


# ---------------------------------------------------------------- the journey
def _journey(done: Comparison, look: Closer) -> Section:
    frame = look.flows
    widest = frame.sort_values("journeys", ascending=False).head(FLOWS).sort_values(["place", "source"])
    rows = [
        [
            f"{BEGINS.get(row.source, row.source) if row.place == 1 else row.source} to {row.target or 'the end'}",
            str(row.place), number(row.journeys), percent(row.share),
            "–" if not row.target else percent(row.badly / row.journeys),
        ]
        for row in rows_of(widest)
    ]  # fmt: skip
    head = ["From where to where", "Touch", "Journeys", "Share of all", "Went badly there"]
    table = Table(f"The {len(rows)} widest flows", head, rows)
    described = "; ".join(f"{row[0]} {row[3]}" for row in rows[:8] if isinstance(row[3], str))
    figure = shown(
        "flow", lambda: draw_flow(frame, done.programs[0]), f"The widest flows: {described}.", table
    )
    some = f" of one customer in {look.followed}" if look.followed > 1 else ""
    words = f"The journeys of {done.labels[0]} in replication 1{some}, from touch to touch; rare ones are left out."
    return Section("journey", "The journey today", [words], figures=[figure])


def _feelings(done: Comparison) -> Section:
    frame = stage_frame(done)
    head = ["Stage", "World", "Touches", "Valence", "Difference", "95 % interval"]
    rows = [
        [
            str(row.stage), str(row.world), number(row.touches), signed(row.valence, 3),
            "baseline" if np.isnan(row.difference) else signed(row.difference, 4),
            "" if np.isnan(row.difference) else f"{signed(row.difference_low, 4)} to {signed(row.difference_high, 4)}",
        ]
        for row in rows_of(frame)
    ]  # fmt: skip
    table = Table("How touches feel, by stage and world", head, rows, words=(0, 1))
    base = frame[frame["world"] == done.labels[0]]
    described = "; ".join(f"{row.stage} {signed(row.valence)}" for row in rows_of(base))
    figure = shown("stages", lambda: draw_stages(frame, done), f"Baseline: {described}.", table)
    return Section("feelings", "How it feels, stage by stage", figures=[figure])


# ---------------------------------------------------------------- segments and cohorts
def _segments(done: Comparison) -> Section:
    frame = pd.DataFrame(done.tables["segments"])
    tables = []
    for kpi, caption, scale, unit in (
        ("retention", "Customers kept, by segment: % and difference in points", 100.0, "%"),
        ("brought", "What a customer brought, by segment, wages left out", 1.0, done.currency),
    ):
        some = frame[frame["kpi"] == kpi]
        rows: list[list[str | Cell]] = []
        for segment, found in some.groupby("segment", sort=False):
            cells = [_segment_cell(row, scale) for row in rows_of(found)]
            rows.append(
                [str(segment), number(scale * found["baseline"].iloc[0], 1 if scale == 100 else 2), *cells]
            )
        if rows:
            tables.append(Table(caption, ["Segment", f"{done.labels[0]}, {unit}", *done.labels[1:]], rows))
    words = "Differences to the baseline among the same people, with their 95 % intervals over replications."
    return Section("segments", "By segment", [words], tables=tables)


def _segment_cell(row: Any, scale: float) -> Cell:
    low, high = scale * row.difference_low, scale * row.difference_high
    way = "better" if low > 0 else "worse" if high < 0 else ""
    if low == high == 0.0:
        return Cell("identical")
    mean = scale * row.difference
    places = places_of(mean, (high - low) / 2.0, 1 if scale == 100.0 else 2)
    told, *ends = (with_sign(number(value, places)) for value in (mean, low, high))
    return Cell(told, way, note=" to ".join(ends))


def _cohorts(done: Comparison, look: Closer) -> Section:
    width = cohort_width(done.horizon)
    unit = {1.0: "day", 7.0: "week", 30.0: "month", 91.0: "quarter", 365.0: "year"}.get(width, "period")
    tables = []
    for label, frame in look.cohorts.items():
        grid = frame.pivot(index="cohort", columns="period", values="alive")
        sizes = frame.drop_duplicates("cohort").set_index("cohort")["customers"]
        floor = float(np.floor(np.nanmin(grid.to_numpy(float)) * 10) / 10) if len(grid) else 0.0
        rows = [
            [
                f"{'day 0' if k == 0 else f'{unit} {k}'} ({number(sizes[k])})",
                *(_shaded(v, floor) for v in line),
            ]
            for k, line in zip(grid.index, grid.to_numpy(float), strict=True)
        ]
        caption = f"{label}: of every 100 who entered together, how many have not left, {unit}s after entry"
        tables.append(Table(caption, ["Entered (customers)", *map(str, grid.columns)], rows, kind="heat"))
    many = plural(look.again, "replication")
    words = f"Rows: who entered in the same {unit}. From the first {many} together."
    return Section("cohorts", "Cohorts", [words], tables=tables)


def _shaded(share: float, floor: float) -> Cell | str:
    if np.isnan(share):
        return ""
    return Cell(number(100 * share, 0), shade=(share - floor) / max(1e-9, 1.0 - floor))


# ---------------------------------------------------------------- limits
def _limits(done: Comparison) -> Section:
    points = [
        (
            "Trust the deltas, not the levels.",
            "In every world the same people live with the same luck, so what differs is the strategy. How "
            "many customers a level counts rests on everything that the scenario says; the difference between "
            "two worlds rests on far less of it.",
        ),
        (
            "Intervals speak of chance alone.",
            "More replications (the same time again, with other people and other luck) make them "
            "narrower. They say nothing about whether the assumptions below are right.",
        ),
        (
            "Data know some things and not others.",
            "They identify when people buy, how fast they leave and what a campaign brought. They do not identify how "
            "much trust, commitment or surprise weigh: those are declared assumptions, from the "
            "literature where it has any.",
        ),
        (
            "Nothing is in here that the scenario does not say.",
            "No competitor answers, no season and no fashion, unless the scenario has them.",
        ),
        (
            f"Nothing is told beyond {duration(done.horizon)}.",
            "What a strategy does later, for better or worse, is not counted.",
        ),
    ]
    rows = list(_assumed(done))
    head = ["What", "Scenario", "As simulated", "Could be"]
    tables = [
        Table("Guesses that the scenarios declare, and how far off they may be", head, rows, (0, 1, 2, 3))
    ]
    after = [] if rows else ["The scenarios declare no guesses of their own (`assumed:`)."]
    return Section(
        "limits", "Assumptions and limits", points=points, tables=tables if rows else [], after=after
    )


def _assumed(done: Comparison) -> Iterator[list[str | Cell]]:
    told: set[str] = set()
    for label, scenario in zip(done.labels, done.scenarios, strict=True):
        for path, assumption in scenario.assumed.items():
            if path not in told:
                told.add(path)
                yield [path, label, _value(scenario.resolved, path), _range(assumption.written)]


def _value(resolved: Any, path: str) -> str:
    """What a scenario has at a path; where nothing is written, the default holds."""
    for key in path.split("."):
        if not isinstance(resolved, dict) or key not in resolved:
            return "the default"
        resolved = resolved[key]
    return "as written" if isinstance(resolved, dict) else str(resolved)


def _range(written: Any) -> str:
    if isinstance(written, dict):
        return ", ".join(f"{key} {value}" for key, value in written.items())
    return str(written).replace("..", "to")


# ---------------------------------------------------------------- how to repeat it
def _repeat(done: Comparison) -> Section:
    told = origin(done)
    where = f" in the results folder {done.folder.name}" if done.folder else ""
    words = [
        f"This command gives the same numbers again, to the last digit, run{where} with Touchpoint {sim.__version__}. "
        "That folder has every table as CSV and Parquet, and every picture as PNG and SVG with its numbers as CSV."
    ]
    if told["command"] is None:
        words = ["A scenario was made in Python: there is no command that repeats this."]
    packages = ", ".join(f"{name} {version}" for name, version in told["packages"].items())
    rows = [
        ["Digest of all that decides the numbers", told["digest"]],
        ["Seed", str(told["seed"])],
        ["Engine", told["engine"]],
        ["Touchpoint", told["touchpoint"]],
        ["Python", told["python"]],
        ["Packages", packages],
        *([f"SHA-256 of {place}", digest] for place, digest in told["inputs"].items()),
    ]
    tables = [Table("What it was made with", ["What", "Value"], rows, words=(0, 1), kind="files")]
    commands = [told["command"]] if told["command"] else []
    return Section("repeat", "How to repeat it", words, tables=tables, commands=commands)


# ---------------------------------------------------------------- writing
def write(done: Comparison, look: Closer, folder: Path, pictures: bool = True) -> Path:
    """Write ``report.html``, and the pictures that only a report has, into a folder; returns the page's path."""
    if pictures:
        _draw(done, look, folder / "pictures")
    path = folder / "report.html"
    path.write_text(page(done, look), encoding="utf-8")
    return path


def _draw(done: Comparison, look: Closer, folder: Path) -> None:
    program = done.programs[0]
    if not look.flows.empty:
        save(draw_flow(look.flows, program), folder, "journey", look.flows)
    if done.tables["stages"]:
        frame = stage_frame(done)
        save(draw_stages(frame, done), folder, "emotional_balance", frame)
    for name, frame in zip(("cohorts", "cohorts_best"), look.cohorts.values(), strict=False):
        save(draw_cohorts(frame, program), folder, name, frame)
