"""The pictures of a sensitivity analysis: what matters, and how a KPI answers to what matters.

Each is drawn from a frame that is saved beside it, in the manner of ``report.pictures``; ``PICTURES`` names them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.analysis import effects
from sim.analysis.sensitivity import Morris
from sim.report.pictures import save
from sim.report.response_pictures import (
    draw_heat,
    draw_interaction,
    draw_parallel,
    draw_responses,
    heat_frame,
    interaction_frame,
    parallel_frame,
    response_frame,
)
from sim.report.sensitivity import ends_told, headline, idle
from sim.report.style import (
    BLUE,
    FAINT,
    GRID,
    INK,
    MUTED,
    ORANGE,
    SKY,
    WIDTH,
    bars_and_numbers,
    canvas,
    even_numbers,
    halo,
    plain,
    styled,
)
from sim.report.sweep_words import capital, cut, difference_scale, kpi_scale, short_names
from sim.report.wording import number, plural

if TYPE_CHECKING:
    from sim.experiment.sensitivity import Analysis, Sensitivity

MOST = 12  # parameters in a picture
LONGEST = 30  # of a name beside a bar
MORRIS_HEIGHT = 4.9  # inches


def names_of(frame: pd.DataFrame, column: str = "parameter") -> list[str]:
    """The names to write beside rows."""
    return [cut(name, LONGEST) for name in short_names(frame[column].tolist())]


def runs_told(done: Sensitivity, one: Analysis) -> str:
    """``1,024 points of 3 replications``."""
    count = plural(len(one.used), "point")
    return f"{count} of {plural(one.split.replications, 'replication')}"


# ---------------------------------------------------------------- indices
def index_frame(done: Sensitivity, kpi: str) -> pd.DataFrame:
    """``Sensitivity.indices`` of one KPI, the most important first."""
    frame = done.indices
    return frame[frame["kpi"] == kpi].head(MOST).reset_index(drop=True)


@styled
def draw_indices(frame: pd.DataFrame, done: Sensitivity, kpi: str) -> Figure:
    """Bars of total and first order indices (PAWN and first order for given data) with their intervals."""
    one = done.analyses[kpi]
    given = one.kind == "given"
    wide = "pawn" if given else "ST"
    told = "PAWN" if given else "total"
    subtitle = (
        "Blue: how far the distribution shifts (PAWN); tick: what 19 in 20 idle parameters stay below. "
        if given
        else "Blue: share of the variance that the parameter has a part in (total index). "
    )
    subtitle += (
        f"Orange: share that it makes by itself (first order). Lines: 95 % intervals; {runs_told(done, one)}."
    )
    figure, axes = bars_and_numbers(headline(done, one, short=True), subtitle, len(frame), {
        told: [number(value, 2) for value in frame[wide]],
        "alone": ["–" if np.isnan(value) else number(value, 2) for value in frame["S1"]],
    }, pitch=0.5)  # fmt: skip
    rows = np.arange(len(frame))
    for name, offset, colour in ((wide, -0.17, BLUE), ("S1", 0.17, ORANGE)):
        axes.barh(rows + offset, frame[name].clip(lower=0.0), height=0.3, color=colour)
        axes.hlines(rows + offset, frame[f"{name}_low"], frame[f"{name}_high"], color=INK, linewidth=1.4)
    if given:
        axes.plot(
            frame["pawn_by_chance"], rows - 0.17, "|", color=INK, markersize=14, markeredgewidth=2, zorder=3
        )
    axes.axvline(0.0, color=FAINT, linewidth=1)
    axes.set_yticks(rows, names_of(frame))
    ends = frame[[f"{name}_{end}" for name in (wide, "S1") for end in ("low", "high")]].to_numpy(float)
    low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
    axes.set_xlim(min(0.0, max(low, -0.3)), max(0.2, min(1.05 * high, 1.5)))
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.set_xlabel("index" if given else f"share of the variance of {kpi} between points")
    plain(axes, "x")
    return figure


# ---------------------------------------------------------------- Morris
@styled
def draw_morris(frame: pd.DataFrame, done: Sensitivity, kpi: str) -> Figure:
    """The plane of mu* and sigma, with lines of equal sigma / mu*."""
    one, scale = done.analyses[kpi], difference_scale(done.analyses[kpi].measured.unit)
    assert isinstance(one.found, Morris)
    count = plural(one.found.trajectories, "trajectorie").replace("1 trajectorie", "1 trajectory")
    subtitle = (
        f"To the right: matters more. Upwards: depends on its own value or on the others. {count}.\n"
        "Blue lines: 95 % intervals of mu*. Grey: what chance of the replications alone would show."
    )
    figure, axes = canvas(headline(done, one, short=True), subtitle, height=MORRIS_HEIGHT)
    star, sigma = scale.factor * frame["mu_star"], scale.factor * frame["sigma"]
    right = 1.12 * scale.factor * float(frame["mu_star_high"].max())
    top = 1.15 * max(float(sigma.max()), 0.15 * right)
    idle = scale.factor * float(frame["mu_star_of_noise"].max(skipna=True))
    if idle > 0.0:
        axes.axvspan(0.0, idle, color=GRID, linewidth=0, zorder=0)
    axes.set_xlim(0.0, right)
    axes.set_ylim(0.0, top)
    _ratios(axes, right, top)
    low, high = (scale.factor * frame[f"mu_star_{end}"] for end in ("low", "high"))
    axes.hlines(sigma, low, high, color=SKY, linewidth=1.6)
    axes.plot(star, sigma, "o", color=BLUE, markersize=8)
    _name_points(axes, star.tolist(), sigma.tolist(), names_of(frame))
    unit = f", {scale.unit}" if scale.unit else ""
    axes.set_xlabel(f"mu*: mean size of the effect on {kpi} across the whole range{unit}")
    axes.set_ylabel(f"sigma: how it differs{unit}")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
        even_numbers(axis)
    axes.spines["left"].set_visible(False)
    plain(axes)
    return figure


def _ratios(axes: Axes, right: float, top: float) -> None:
    """Lines of equal sigma / mu*, each named where it leaves the picture."""
    for ratio in (0.1, 0.5, 1.0):
        end = (right, ratio * right) if ratio * right <= top else (top / ratio, top)
        axes.plot([0.0, end[0]], [0.0, end[1]], color=FAINT, linewidth=1.0, linestyle=":", zorder=1)
        leaves = end[0] >= right
        axes.annotate(
            f"sigma = {ratio:g} mu*" if ratio != 1.0 else "sigma = mu*",
            end,
            xytext=(4, 0) if leaves else (0, 3),
            textcoords="offset points",
            ha="left" if leaves else "center",
            va="center" if leaves else "bottom",
            fontsize=9,
            color=MUTED,
            annotation_clip=False,
        )


def _name_points(axes: Axes, x: list[float], y: list[float], names: list[str]) -> None:
    """Names beside points: to the right, left, above or below, wherever they touch least."""
    inches = 0.75 * WIDTH, 0.75 * MORRIS_HEIGHT  # about what the axes have of the picture
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    across, up = inches[0] / (right - left), inches[1] / (top - bottom)
    taken = [_box(a * across, b * up, 0.0, 0.0, 0.16, 0.16) for a, b in zip(x, y, strict=True)]
    for a, b, name in zip(x, y, names, strict=True):
        wide = 0.075 * len(name)
        boxes = {
            (dx, dy): _box(a * across, b * up, dx * (0.13 + wide / 2), dy, wide, 0.17)
            for dx, dy in ((1, 0.12), (-1, 0.12), (1, -0.12), (-1, -0.12), (0, 0.24), (0, -0.24))
        }
        spot = min(boxes, key=lambda spot: _trouble(boxes[spot], taken, left * across, right * across))
        taken.append(boxes[spot])
        axes.annotate(
            name,
            (a, b),
            xytext=(9 * spot[0], 72 * spot[1]),
            textcoords="offset points",
            ha={1: "left", 0: "center", -1: "right"}[spot[0]],
            va="center",
            fontsize=9.5,
            path_effects=halo(),
        )


Box = tuple[float, float, float, float]


def _box(x: float, y: float, dx: float, dy: float, wide: float, high: float) -> Box:
    return x + dx - wide / 2, x + dx + wide / 2, y + dy - high / 2, y + dy + high / 2


def _trouble(box: Box, taken: list[Box], left: float, right: float) -> float:
    """The area that a text would share with others or have outside the picture, in square inches."""
    shared = sum(
        max(0.0, min(box[1], other[1]) - max(box[0], other[0]))
        * max(0.0, min(box[3], other[3]) - max(box[2], other[2]))
        for other in taken
    )
    return shared + max(0.0, left - box[0]) + max(0.0, box[1] - right)


# ---------------------------------------------------------------- tornado
def tornado_frame(done: Sensitivity, kpi: str) -> pd.DataFrame:
    """``Sensitivity.tornado`` of one KPI, the widest swing first."""
    frame = done.tornado
    frame = frame[frame["kpi"] == kpi]
    order = frame["effect"].abs().sort_values(ascending=False, kind="stable").index
    return frame.loc[order].head(MOST).reset_index(drop=True)


COMPARED = {
    "one_at_a_time": "Each parameter at either end, all others at the centre.",
    "grid": "Each parameter at its lowest and highest level, the mean over all levels of the others.",
}


@styled
def draw_tornado(frame: pd.DataFrame, done: Sensitivity, kpi: str) -> Figure:
    """The KPI with each parameter low and high."""
    one = done.analyses[kpi]
    scale = kpi_scale(one.measured.unit)
    subtitle = COMPARED.get(
        one.kind,
        "Mean over the points in the lowest and in the highest fifth (or at the end values) of each parameter.",
    )
    subtitle += " Orange: low. Blue: high. Lines: 95 % intervals."
    ends = _end_values(frame, done, one)
    figure, axes = bars_and_numbers(_swing_headline(frame, done, one), subtitle, len(frame), {
        "low": ends[0], "high": ends[1],
    }, pitch=0.46)  # fmt: skip
    rows = np.arange(len(frame))
    centre = scale.factor * _centre(one)
    for name, colour, offset in (("low", ORANGE, -0.09), ("high", BLUE, 0.09)):
        value = scale.factor * frame[f"at_{name}"]
        axes.barh(rows, value - centre, left=centre, height=0.52, color=colour)
        low, high = (scale.factor * frame[f"at_{name}_{end}"] for end in ("low", "high"))
        axes.hlines(rows + offset, low, high, color=INK, linewidth=1.4)
    axes.axvline(centre, color=INK, linewidth=1)
    axes.set_yticks(rows, names_of(frame))
    axes.margins(x=0.06)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    even_numbers(axes.xaxis)
    axes.set_xlabel(f"{kpi}, {scale.unit}" if scale.unit else kpi)
    plain(axes, "x")
    return figure


def _end_values(frame: pd.DataFrame, done: Sensitivity, one: Analysis) -> tuple[list[str], list[str]]:
    places = {parameter.path: i for i, parameter in enumerate(done.parameters)}
    told = [ends_told(done, one, places[path]) for path in frame["parameter"]]
    return [low for low, _ in told], [high for _, high in told]


def _centre(one: Analysis) -> float:
    """Where the bars begin: the KPI at the centre of a one-at-a-time design, else its mean over the points."""
    if one.kind == "one_at_a_time":
        return float(one.means[effects.centre_of(one.x) or 0])
    return float(one.means.mean())


def _swing_headline(frame: pd.DataFrame, done: Sensitivity, one: Analysis) -> str:
    if idle(one):
        return headline(done, one, short=True)
    first = frame.iloc[0]
    scale = kpi_scale(one.measured.unit)
    low, high = scale.alike(first["at_low"], first["at_high"])
    verb = "rises" if first["effect"] > 0 else "falls"
    name = short_names(frame["parameter"].tolist())[0]
    unit = f" {scale.unit}" if scale.unit else ""
    return f"{capital(one.measured.kpi)} {verb} from {low} to {high}{unit} as {name} goes from low to high"


# ---------------------------------------------------------------- pairs
def pair_frame(done: Sensitivity, kpi: str) -> pd.DataFrame:
    """``Sensitivity.pairs`` of one KPI."""
    frame = done.pairs
    if len(done.parameters) < 3:  # one number is no picture
        return pd.DataFrame()
    return frame[frame["kpi"] == kpi].reset_index(drop=True)


@styled
def draw_pairs(frame: pd.DataFrame, done: Sensitivity, kpi: str) -> Figure:
    """Second order indices of all pairs; those that are not beyond chance stay pale."""
    one = done.analyses[kpi]
    chosen = [done.parameters[i].path for i in one.by_rank[:MOST]]
    names, size = [cut(name, LONGEST) for name in short_names(chosen)], len(chosen)
    top = frame.iloc[int(frame["S2"].argmax())]
    sure = frame["S2_low"] > 0.0
    ends = short_names([top["first"], top["second"]])
    words = (
        f"{ends[0]} and {ends[1]} do {number(100 * top['S2'], 0)} % of the variance of {kpi} only together"
        if top["S2_low"] > 0.0
        else f"No pair of parameters does more to {kpi} together, as far as can be told"
    )
    subtitle = (
        "Second order index: the share of the variance that two parameters make only together, in per cent. "
        f"Pale: not beyond chance ({int((~sure).sum())} of {len(frame)})."
    )
    figure, axes = canvas(words, subtitle, height=1.3 + 0.42 * size)
    from sim.report.style import BLUES

    most = max(0.05, float(frame["S2"].max()))
    for row in frame.itertuples():
        pair = str(row.first), str(row.second)
        if not set(pair) <= set(chosen):
            continue
        i, j = sorted(chosen.index(name) for name in pair)
        share, held = max(0.0, float(row.S2)) / most, float(row.S2_low) > 0.0  # type: ignore[arg-type]
        face = BLUES(share) if held else "#f4f6f8"
        axes.add_patch(_cell(i, j, face))
        ink = "white" if held and share > 0.6 else INK if held else FAINT
        axes.text(i, j, number(100 * float(row.S2), 0), ha="center", va="center", color=ink, fontsize=10)  # type: ignore[arg-type]
    axes.set_xlim(-0.5, size - 1.5)
    axes.set_ylim(size - 0.5, 0.5)
    axes.set_xticks(range(size - 1), names[:-1], rotation=25, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(1, size), names[1:])
    axes.tick_params(length=0, labelcolor=INK)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure


def _cell(i: int, j: int, face: object) -> object:
    from matplotlib.patches import Rectangle

    return Rectangle((i - 0.48, j - 0.48), 0.96, 0.96, facecolor=face, linewidth=0)


# ---------------------------------------------------------------- all of them
@dataclass(frozen=True)
class Picture:
    """How a picture comes about: the analysis of a KPI to a frame, both to a figure; and for which kinds it is."""

    frame: Callable[[Sensitivity, str], pd.DataFrame]
    draw: Callable[[pd.DataFrame, Sensitivity, str], Figure]
    kinds: tuple[str, ...]


SHARES, SAMPLES = ("sobol", "grid", "given"), ("sobol", "given", "grid")
PICTURES: dict[str, Picture] = {
    "indices": Picture(index_frame, draw_indices, SHARES),
    "morris": Picture(index_frame, draw_morris, ("morris",)),
    "tornado": Picture(tornado_frame, draw_tornado, (*SHARES, "one_at_a_time")),
    "pairs": Picture(pair_frame, draw_pairs, ("sobol", "grid")),
    "responses": Picture(response_frame, draw_responses, (*SAMPLES, "one_at_a_time")),
    "heat": Picture(heat_frame, draw_heat, SAMPLES),
    "interaction": Picture(interaction_frame, draw_interaction, SAMPLES),
    "parallel": Picture(parallel_frame, draw_parallel, (*SAMPLES, "morris")),
}


def write(done: Sensitivity, folder: Path | str) -> list[Path]:
    """Draw and save every picture that makes sense for each KPI, as ``KPI_picture``; returns all paths."""
    paths: list[Path] = []
    for kpi, one in done.analyses.items():
        for name, picture in PICTURES.items():
            if one.constant or one.kind not in picture.kinds:
                continue
            frame = picture.frame(done, kpi)
            if not frame.empty:
                paths += save(picture.draw(frame, done, kpi), folder, f"{kpi}_{name}", frame)
    return paths
