"""How a KPI answers to the parameters of a sweep: curves, a heat map, an interaction, parallel coordinates."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.analysis import effects
from sim.analysis.sensitivity import Sobol
from sim.report.sensitivity import headline, idle
from sim.report.style import (
    BLUE,
    BLUES,
    FAINT,
    INK,
    SKY,
    VERMILION,
    canvas,
    even_numbers,
    halo,
    plain,
    spread,
    styled,
)
from sim.report.sweep_words import (
    Scale,
    capital,
    cut,
    difference_scale,
    kpi_scale,
    scale_of,
    short_names,
    value_text,
)
from sim.report.wording import number

if TYPE_CHECKING:
    from sim.experiment.sensitivity import Analysis, Sensitivity
    from sim.experiment.swept import Varied

CURVES, COLUMNS = 6, 3  # response curves at most, beside each other
CELLS = 3, 6  # fewest and most bins of a heat map on a side
PER_CELL = 6  # points to aim for in a cell
LINES = 400  # of parallel coordinates at most
AXES = 7  # of parallel coordinates at most
LONGEST = 26


def rows_of(done: Sensitivity, one: Analysis) -> np.ndarray:
    """The points that are a sample of the whole space."""
    from sim.experiment.sensitivity import independent

    return independent(one.kind, done.swept, len(one.x))


def value_axis(axes: Axes, one: Varied, which: str = "x") -> None:
    """Ticks of a parameter in readable units."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    if one.words:
        axis.set_ticks(range(len(one.words)), labels=[cut(word, 14) for word in one.words])
        return
    axis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    even_numbers(axis)


def named(one: Varied, name: str) -> str:
    """A parameter with its unit, for an axis."""
    unit = scale_of(one).unit
    return f"{name}, {unit}" if unit and not one.words else name


def kpi_axis(kpi: str, one: Analysis) -> str:
    """A KPI with its unit, for an axis."""
    unit = kpi_scale(one.measured.unit).unit
    return f"{kpi}, {unit}" if unit else kpi


# ---------------------------------------------------------------- response curves
def response_frame(done: Sensitivity, kpi: str) -> pd.DataFrame:
    """``Sensitivity.responses`` of the most important parameters of one KPI."""
    chosen = [done.parameters[i].path for i in done.analyses[kpi].by_rank[:CURVES]]
    frame = done.responses
    return frame[(frame["kpi"] == kpi) & frame["parameter"].isin(chosen)].reset_index(drop=True)


@styled
def draw_responses(frame: pd.DataFrame, done: Sensitivity, kpi: str) -> Figure:
    """The KPI against each of the most important parameters: points, and means with their band."""
    one = done.analyses[kpi]
    chosen = one.by_rank[:CURVES]
    columns = 2 if len(chosen) == 4 else min(COLUMNS, len(chosen))
    rows = -(-len(chosen) // columns)
    single = one.kind == "one_at_a_time"
    subtitle = (
        "The others at the centre. Line and band: mean and 95 % interval of the difference to the centre."
        if single
        else "Dots: points of the grid. Line: means over all levels of the others; band: 95 % intervals."
        if one.kind == "grid"
        else "Dots: points of the design, everything else differs between them. Line: means over bins of equally many "
        "points (or values); band: their 95 % intervals."
    )
    figure, grid = canvas(
        _response_headline(frame, done, one),
        subtitle,
        0.6 + 2.5 * rows,
        rows,
        columns,
        sharey=True,
        squeeze=False,
    )
    names = short_names([parameter.path for parameter in done.parameters])
    for axes, i in zip(grid.flat, chosen, strict=False):
        mine = frame[frame["parameter"] == done.parameters[i].path]
        _response(axes, mine, done, one, i)
        axes.set_xlabel(cut(named(done.parameters[i], names[i]), 34), fontsize=10)
    for axes in grid.flat[len(chosen) :]:
        axes.set_axis_off()
    for axes in grid[:, 0]:
        axes.set_ylabel(kpi_axis(kpi, one))
    return figure


def _response(axes: Axes, frame: pd.DataFrame, done: Sensitivity, one: Analysis, i: int) -> None:
    parameter, scale = done.parameters[i], kpi_scale(one.measured.unit)
    times = scale_of(parameter).factor
    middle = times * frame["middle"].to_numpy(float)
    mean, low, high = (scale.factor * frame[name].to_numpy(float) for name in ("mean", "low", "high"))
    if one.kind != "one_at_a_time":
        rows = rows_of(done, one)
        size = 9 if rows.size < 300 else 4
        alpha = 0.45 if rows.size < 300 else 0.25
        axes.scatter(
            times * one.x[rows, i],
            scale.factor * one.means[rows],
            s=size,
            color=FAINT,
            alpha=alpha,
            linewidths=0,
        )
    if parameter.words:
        axes.vlines(middle, low, high, color=BLUE, linewidth=2)
        axes.plot(middle, mean, "o", color=BLUE, markersize=6)
        axes.margins(x=0.2)
    else:
        axes.fill_between(middle, low, high, color=SKY, alpha=0.45, linewidth=0)
        few = len(middle) <= 6
        axes.plot(middle, mean, color=BLUE, marker="o" if few else "", markersize=5)
    value_axis(axes, parameter)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    even_numbers(axes.yaxis)
    axes.spines["left"].set_visible(False)
    plain(axes)


def _response_headline(frame: pd.DataFrame, done: Sensitivity, one: Analysis) -> str:
    if idle(one):
        return headline(done, one, short=True)
    top = done.parameters[one.by_rank[0]].path
    mine = frame[frame["parameter"] == top]
    scale = kpi_scale(one.measured.unit)
    low, high = mine["mean"].min(), mine["mean"].max()
    told = scale.alike(low, high)
    name = short_names([parameter.path for parameter in done.parameters])[one.by_rank[0]]
    unit = f" {scale.unit}" if scale.unit else ""
    return f"{capital(one.measured.kpi)} lies between {told[0]} and {told[1]}{unit} over the values of {name}"


# ---------------------------------------------------------------- heat map
def pair_to_show(one: Analysis) -> tuple[int, int] | None:
    """The pair with the largest second order index where there is one beyond chance, else the two that matter most."""
    if len(one.by_rank) < 2:
        return None
    found = one.found
    if isinstance(found, Sobol | effects.Grid) and found.second is not None and found.second_half is not None:
        sure = np.where(found.second > np.nan_to_num(found.second_half), np.nan_to_num(found.second), 0.0)
        if sure.max() > 0.0:
            i, j = np.unravel_index(int(sure.argmax()), sure.shape)
            return (
                (int(i), int(j))
                if one.by_rank.index(int(i)) < one.by_rank.index(int(j))
                else (int(j), int(i))
            )
    return one.by_rank[0], one.by_rank[1]


def heat_frame(done: Sensitivity, kpi: str) -> pd.DataFrame:
    """A row a cell of the two most important parameters: bins, points, mean KPI. A grid's own cells are exact."""
    one = done.analyses[kpi]
    if len(one.by_rank) < 2:
        return pd.DataFrame()
    i, j = one.by_rank[:2]
    rows = rows_of(done, one)
    side = int(min(CELLS[1], max(CELLS[0], np.sqrt(len(rows) / PER_CELL))))
    parts = [_binned(one.x[rows, k], done.parameters[k], side) for k in (i, j)]
    found = []
    for a, b in itertools.product(parts[0], parts[1]):
        both = np.intersect1d(a[2], b[2])
        mean, low, high = effects.mean_of(one.each[rows], both, one.kind == "grid")
        found.append(
            {
                "x_from": a[0],
                "x_to": a[1],
                "y_from": b[0],
                "y_to": b[1],
                "points": both.size,
                "mean": mean,
                "low": low,
                "high": high,
            }
        )
    names = done.parameters[i].path, done.parameters[j].path
    return pd.DataFrame(found).assign(x=names[0], y=names[1])


def _binned(x: np.ndarray, one: Varied, side: int) -> list[tuple[float, float, np.ndarray]]:
    """(from, to, rows) of the listed values or of so many bins of equal width."""
    if one.listed:
        return [(float(value), float(value), np.flatnonzero(x == value)) for value in np.unique(x)]
    edges = np.linspace(*one.span, side + 1)
    which = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, side - 1)
    return [(float(edges[k]), float(edges[k + 1]), np.flatnonzero(which == k)) for k in range(side)]


@styled
def draw_heat(frame: pd.DataFrame, done: Sensitivity, kpi: str) -> Figure:
    """The mean KPI over the plane of two parameters."""
    one, scale = done.analyses[kpi], kpi_scale(done.analyses[kpi].measured.unit)
    i, j = one.by_rank[:2]
    across, up = (_edges(frame, name) for name in "xy")
    values = scale.factor * frame["mean"].to_numpy(float).reshape(len(across), len(up)).T
    names = short_names([parameter.path for parameter in done.parameters])
    exact = one.kind == "grid" and len(one.by_rank) == 2
    half = scale.factor * float(((frame["high"] - frame["low"]) / 2.0).median(skipna=True))
    subtitle = f"{kpi_axis(kpi, one)}: "
    subtitle += "the grid's own points" if exact else "means over the points of each cell"
    subtitle += "." if exact or np.isnan(half) else f"; half are known to ±{number(half)} or better."
    if np.isnan(values).any():
        subtitle += " White: no points."
    height = 1.2 + min(4.2, 0.62 * len(up) + 0.4)
    figure, axes = canvas(_heat_headline(frame, done, one, (names[i], names[j])), subtitle, height)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    axes.pcolormesh(
        np.ma.masked_invalid(values), cmap=BLUES, vmin=low, vmax=high, edgecolor="white", linewidth=1.2
    )
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            ink = "white" if (value - low) / ((high - low) or 1.0) > 0.6 else INK
            text = kpi_scale("").alike(value, high)[0]
            axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", color=ink, fontsize=10)
    _cell_ticks(axes, "x", across, done.parameters[i])
    _cell_ticks(axes, "y", up, done.parameters[j])
    axes.set_xlabel(named(done.parameters[i], names[i]))
    axes.set_ylabel(cut(named(done.parameters[j], names[j]), 36))
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure


def _edges(frame: pd.DataFrame, name: str) -> list[tuple[float, float]]:
    return list(dict.fromkeys(zip(frame[f"{name}_from"], frame[f"{name}_to"], strict=True)))


def _cell_ticks(axes: Axes, which: str, edges: list[tuple[float, float]], one: Varied) -> None:
    """Values in the middle of cells where these are values, else edges between cells."""
    set_ticks = axes.set_xticks if which == "x" else axes.set_yticks
    if all(low == high for low, high in edges):
        set_ticks(
            np.arange(len(edges)) + 0.5, [cut(value_text(one, low, unit=False), 14) for low, _ in edges]
        )
        return
    ends = [edges[0][0], *(high for _, high in edges)]
    set_ticks(np.arange(len(ends)), scale_of(one).alike(*ends))


def _heat_headline(frame: pd.DataFrame, done: Sensitivity, one: Analysis, names: tuple[str, str]) -> str:
    if idle(one):
        return headline(done, one, short=True)
    scale = kpi_scale(one.measured.unit)
    low, high = scale.alike(float(frame["mean"].min()), float(frame["mean"].max()))
    unit = f" {scale.unit}" if scale.unit else ""
    return f"{capital(one.measured.kpi)} from {low} to {high}{unit} over {names[0]} and {names[1]}"


# ---------------------------------------------------------------- interaction
def interaction_frame(done: Sensitivity, kpi: str) -> pd.DataFrame:
    """The response to one parameter where the other is low and where it is high (its outer thirds, or values)."""
    one = done.analyses[kpi]
    pair = pair_to_show(one)
    if pair is None:
        return pd.DataFrame()
    i, j = pair
    rows = rows_of(done, one)
    x, other, each = one.x[rows, i], one.x[rows, j], one.each[rows]
    found: list[pd.DataFrame] = []
    for name, part in zip(("low", "high"), _outer(other, each.mean(axis=1), done.parameters[j]), strict=True):
        bins = [
            effects.Response(*ends, part_size, *effects.mean_of(each, both, one.kind == "grid"))
            for ends, part_size, both in _within(x, part, done.parameters[i].listed)
        ]
        mine = pd.DataFrame([vars(one_bin) for one_bin in bins]).assign(other=name)
        found.append(mine.assign(other_from=other[part].min(), other_to=other[part].max()))
    names = done.parameters[i].path, done.parameters[j].path
    return pd.concat(found, ignore_index=True).assign(parameter=names[0], other_parameter=names[1])


def _within(
    x: np.ndarray, part: np.ndarray, listed: bool
) -> list[tuple[tuple[float, float, float], int, np.ndarray]]:
    """(from, to, middle), points and rows of the bins of a parameter within some of the points."""
    found = []
    for inside in effects.parts_of(x[part], listed):
        values = x[part[inside]]
        ends = float(values.min()), float(values.max()), float(values.mean())
        found.append((ends, len(inside), part[inside]))
    return found


def _outer(x: np.ndarray, y: np.ndarray, one: Varied) -> tuple[np.ndarray, np.ndarray]:
    """The points with low and with high values: the outer thirds, whole values of a list; of words the two furthest."""
    if not one.ordered:
        codes = np.unique(x)
        means = [y[x == code].mean() for code in codes]
        ends = codes[int(np.argmin(means))], codes[int(np.argmax(means))]
        return np.flatnonzero(x == ends[0]), np.flatnonzero(x == ends[1])
    third = max(1, len(x) // 3)
    ordered = np.sort(x)
    if one.listed:
        return np.flatnonzero(x <= ordered[third - 1]), np.flatnonzero(x >= ordered[-third])
    order = np.argsort(x, kind="stable")
    return order[:third], order[-third:]


@styled
def draw_interaction(frame: pd.DataFrame, done: Sensitivity, kpi: str) -> Figure:
    """Curves of one parameter at low and at high values of another."""
    one, scale = done.analyses[kpi], kpi_scale(done.analyses[kpi].measured.unit)
    places = {parameter.path: k for k, parameter in enumerate(done.parameters)}
    i, j = places[frame["parameter"].iloc[0]], places[frame["other_parameter"].iloc[0]]
    short = short_names([parameter.path for parameter in done.parameters])
    varied, other = done.parameters[i], done.parameters[j]
    over = "all levels of the others" if one.kind == "grid" else "points that differ in everything else"
    subtitle = f"Means over {over}; bands: 95 % intervals. Parallel: no interaction."
    title = _interaction_headline(frame, one, short[i], short[j], other)
    if idle(one):
        title = headline(done, one, short=True)
    figure, axes = canvas(title, subtitle, height=4.4)
    times = scale_of(varied).factor
    ends: list[tuple[float, str, str]] = []
    for name, colour, dash in (("low", VERMILION, "--"), ("high", BLUE, "-")):
        mine = frame[frame["other"] == name]
        middle = times * mine["middle"].to_numpy(float)
        mean, low, high = (scale.factor * mine[column].to_numpy(float) for column in ("mean", "low", "high"))
        axes.fill_between(middle, low, high, color=colour, alpha=0.15, linewidth=0)
        axes.plot(middle, mean, color=colour, linestyle=dash, marker="o", markersize=5)
        ends.append((float(mean[-1]), _other_told(mine, other, short[j]), colour))
    value_axis(axes, varied)
    axes.set_ylim(*_inside(frame, one, scale.factor))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    even_numbers(axes.yaxis)
    axes.set_xlabel(named(varied, short[i]))
    axes.set_ylabel(kpi_axis(kpi, one))
    axes.spines["left"].set_visible(False)
    plain(axes)
    bottom, top = axes.get_ylim()
    spots = spread([value for value, _, _ in ends], 0.16 * (top - bottom), bottom, top)
    for (_, text, colour), y in zip(ends, spots, strict=True):
        axes.annotate(
            text, (1.01, y), xycoords=("axes fraction", "data"), color=colour, va="center", fontweight="bold",
            fontsize=9.5, annotation_clip=False,
        )  # fmt: skip
    return figure


def _inside(frame: pd.DataFrame, one: Analysis, factor: float) -> tuple[float, float]:
    """The bands, but no further than results go: those of a few points may reach anywhere."""
    low = max(float(frame[["low", "mean"]].min().min()), float(one.means.min()))
    high = min(float(frame[["high", "mean"]].max().max()), float(one.means.max()))
    room = 0.05 * ((high - low) or 1.0)
    return factor * (low - room), factor * (high + room)


def _other_told(frame: pd.DataFrame, other: Varied, name: str) -> str:
    low, high = float(frame["other_from"].iloc[0]), float(frame["other_to"].iloc[0])
    told = (
        value_text(other, low)
        if low == high
        else f"{value_text(other, low, unit=False)} to {value_text(other, high)}"
    )
    return f"{cut(name, 22)}\n{'at ' if low == high else ''}{told}"


def _interaction_headline(frame: pd.DataFrame, one: Analysis, name: str, by: str, other: Varied) -> str:
    rises, ends = [], []
    for end in ("low", "high"):
        mine = frame[frame["other"] == end]
        rises.append(float(mine["mean"].iloc[-1] - mine["mean"].iloc[0]))
        ends.append(end if other.ordered else value_text(other, float(mine["other_from"].iloc[0])))
    scale = difference_scale(one.measured.unit)
    told = [f"+{text}" if value > 0 else text for value, text in zip(rises, scale.alike(*rises), strict=True)]
    unit = f" {scale.unit}" if scale.unit else ""
    return f"{name} from low to high: {told[0]}{unit} where {by} is {ends[0]}, {told[1]}{unit} where it is {ends[1]}"


# ---------------------------------------------------------------- parallel coordinates
def parallel_frame(done: Sensitivity, kpi: str) -> pd.DataFrame:
    """A row a point: its values of the most important parameters and the mean KPI; evenly thinned where many."""
    one = done.analyses[kpi]
    rows = rows_of(done, one)
    if len(rows) > LINES:
        rows = rows[np.linspace(0, len(rows) - 1, LINES).astype(int)]
    frame = pd.DataFrame({"point": one.used[rows] + 1})
    for i in one.by_rank[: AXES - 1]:
        frame[done.parameters[i].path] = done.parameters[i].values[one.used[rows]]
    return frame.assign(**{kpi: one.means[rows]})


@styled
def draw_parallel(frame: pd.DataFrame, done: Sensitivity, kpi: str) -> Figure:
    """A line a point over axes of the parameters and the KPI; the highest and lowest fifth of the KPI stand out."""
    one, scale = done.analyses[kpi], kpi_scale(done.analyses[kpi].measured.unit)
    places = one.used.searchsorted(frame["point"].to_numpy() - 1)
    chosen = one.by_rank[: AXES - 1]
    values = frame[kpi].to_numpy(float)
    ends = [done.parameters[i].span for i in chosen] + [(float(values.min()), float(values.max()))]
    columns = [_apart(one.x[places, i], done.parameters[i]) for i in chosen] + [values]
    heights = np.column_stack(
        [(column - low) / ((high - low) or 1.0) for column, (low, high) in zip(columns, ends, strict=True)]
    )
    low, high = np.quantile(frame[kpi], (0.2, 0.8))
    subtitle = (
        f"A line is a point. Blue: the fifth with the highest {kpi}; orange-red, dashed: the lowest fifth."
    )
    subtitle += (
        f" {len(frame):,} of {len(rows_of(done, one)):,} points."
        if len(frame) < len(rows_of(done, one))
        else ""
    )
    figure, axes = canvas(f"What points with high and with low {kpi} have in common", subtitle, height=4.6)
    groups = (
        ((frame[kpi] > low) & (frame[kpi] < high), "#c9c9c9", "-", 0.5, 0.6),
        (frame[kpi] <= low, VERMILION, "--", 0.65, 1.1),
        (frame[kpi] >= high, BLUE, "-", 0.65, 1.1),
    )
    for mask, colour, dash, alpha, width in groups:
        axes.plot(heights[mask.to_numpy()].T, color=colour, linestyle=dash, alpha=alpha, linewidth=width)
    short = short_names([parameter.path for parameter in done.parameters])
    names = [_folded(named(done.parameters[i], short[i])) for i in chosen] + [_folded(kpi_axis(kpi, one))]
    axes.set_xticks(range(len(names)), names, fontsize=9.5)
    axes.tick_params(length=0, labelcolor=INK)
    axes.set_yticks([])
    axes.set_xlim(-0.25, len(names) - 0.65)
    for k, _ in enumerate(names):
        axes.axvline(k, color=INK, linewidth=1)
        for height, text in _marks(ends[k], done.parameters[chosen[k]] if k < len(chosen) else None, scale):
            axes.annotate(
                text, (k, height), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9, color=INK,
                path_effects=halo(),
            )  # fmt: skip
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure


def _apart(codes: np.ndarray, one: Varied) -> np.ndarray:
    """Values of a list moved apart a little, the same way every time, so that lines do not hide each other."""
    if not one.listed:
        return codes
    few = len(np.unique(codes))
    order = np.arange(len(codes)) * 0.6180339887 % 1.0 - 0.5
    return codes + order * 0.12 * (np.ptp(codes) or 1.0) / max(1, few - 1)


def _marks(ends: tuple[float, float], one: Varied | None, scale: Scale) -> list[tuple[float, str]]:
    """Heights and texts beside an axis: its ends, or its words."""
    if one is not None and one.words:
        span = (ends[1] - ends[0]) or 1.0
        return [((code - ends[0]) / span, cut(word, 12)) for code, word in enumerate(one.words)]
    told = scale if one is None else scale_of(one)
    return [(0.0, told.text(ends[0])), (1.0, told.text(ends[1]))]


def _folded(name: str) -> str:
    """A path over several lines, broken at its dots."""
    path, _, unit = name.partition(", ")
    lines: list[str] = []
    for part in path.split("."):
        if lines and len(lines[-1]) + len(part) < 12:
            lines[-1] += f".{part}"
        else:
            lines.append(part if not lines else f".{part}")
    return "\n".join([cut(line, 18) for line in lines] + ([unit] if unit else []))
