"""The pictures of assumptions and reasons: what turns a difference round, and true effects beside attribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.analysis.attribution import RULES
from sim.report.further import CONVERSIONS, NAMES, verdicts
from sim.report.style import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    PINK,
    SKY,
    VERMILION,
    canvas,
    even_numbers,
    names_above,
    narrow,
    nothing,
    plain,
    styled,
)
from sim.report.wording import number, three_figures

if TYPE_CHECKING:
    from sim.experiment.comparison import Comparison

LOOKS = {
    "last_touch": (VERMILION, "v"),
    "first_touch": (ORANGE, "^"),
    "linear": (GREEN, "s"),
    "markov": (PINK, "D"),
    "shapley": (SKY, "o"),
}  # told apart by shape, too
MOST = 12  # rows


# ---------------------------------------------------------------- attribution
def attribution_frame(done: Comparison) -> pd.DataFrame:
    """``Comparison.attribution`` of the pieces that a log knows by a touchpoint."""
    frame = done.attribution.reset_index()
    if frame.empty:
        return pd.DataFrame()
    return frame[(frame["touchpoints"] != "") & frame["truth"].notna()].reset_index(drop=True)


@styled
def draw_attribution(frame: pd.DataFrame, done: Comparison) -> Figure:
    """The true number of conversions that a piece brings (with its interval) and what each rule says."""
    if frame.empty:
        return nothing("No piece of these strategies has a touch of its own that could be given credit")
    kinds = [kind for kind in CONVERSIONS if (frame["conversions"] == kind).any()]
    pieces = frame[["strategy", "piece"]].drop_duplicates()[:MOST]
    names = [f"{piece}\n{strategy}" for strategy, piece in pieces.itertuples(index=False)]
    subtitle = (
        "Conversions a replication. Black, with 95 % interval: lost when the piece is taken away in the same world. "
        "Colours: what attribution rules say from the event log."
    )
    height = 1.5 + 0.7 * len(names)
    figure, axes = canvas(_headline(frame), subtitle, height, columns=len(kinds), sharey=True, squeeze=False)
    for kind, here in zip(kinds, axes[0], strict=True):
        _rules(here, frame[frame["conversions"] == kind], pieces)
        here.set_xlabel(CONVERSIONS[kind])
    first = axes[0][0]
    first.set_yticks(range(len(names)), names)
    first.set_ylim(len(names) - 0.4, -0.6)
    names_above(first, lift=17)
    handles, labels = first.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower center", ncols=3 if narrow() else 6, frameon=False, fontsize=9.5
    )
    return figure


def _rules(axes: Axes, frame: pd.DataFrame, pieces: pd.DataFrame) -> None:
    rows = frame.set_index(["strategy", "piece"]).reindex(pd.MultiIndex.from_frame(pieces))
    places = np.arange(len(rows))
    axes.hlines(places, rows["truth_low"], rows["truth_high"], color=INK, linewidth=2.2)
    axes.plot(rows["truth"], places, "|", color=INK, markersize=16, markeredgewidth=3, label="truth")
    for k, rule in enumerate(RULES):
        colour, marker = LOOKS[rule]
        offset = 0.12 * (k - 2)
        axes.plot(
            rows[rule],
            places + offset,
            marker,
            color=colour,
            markersize=6,
            label=NAMES[rule],
            linestyle="none",
        )
    axes.axvline(0.0, color=FAINT, linewidth=1)
    axes.tick_params(axis="y", labelcolor=INK, labelsize=9.5)
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.08)
    axes.xaxis.set_major_locator(MaxNLocator(2 if narrow() else 4))
    even_numbers(axes.xaxis)
    plain(axes, "x")


def _headline(frame: pd.DataFrame) -> str:
    off = frame[list(RULES)].sub(frame["truth"], axis=0).abs()
    row, column = np.unravel_index(int(np.nanargmax(off.to_numpy())), off.shape)
    one = frame.iloc[int(row)]
    name = list(RULES)[int(column)]
    given, truth = (number(float(one[key]), 0) for key in (name, "truth"))
    rule = NAMES[name][0].upper() + NAMES[name][1:]
    return f"{rule} gives {one['piece']} {given} of the {CONVERSIONS[one['conversions']]}; in truth it brings {truth}"


# ---------------------------------------------------------------- assumptions
def turning_frame(done: Comparison) -> pd.DataFrame:
    """``Comparison.turning`` without what never varied, the strongest first."""
    frame = done.turning.reset_index().dropna(subset=["rho"])
    order = frame["rho"].abs().sort_values(ascending=False, kind="stable").index
    return frame.loc[order].reset_index(drop=True)


@styled
def draw_turning(frame: pd.DataFrame, done: Comparison) -> Figure:
    """Rank correlations of differences with the parameters, strongest first."""
    draws = done.assumptions
    if frame.empty or draws is None:
        return nothing("No draw of the assumptions changes anything")
    rows = frame[:MOST]
    subtitle = (
        f"{draws.count} draws over the declared ranges. Rank correlation of each strategy's gain with each assumed "
        "parameter, 95 % interval. Grey: not beyond chance."
    )
    figure, axes = canvas(next(iter(verdicts(draws))), subtitle, 0.9 + 0.5 * len(rows))
    places = np.arange(len(rows))
    colours = np.where(rows["matters"].to_numpy(dtype=bool), BLUE, FAINT)
    axes.hlines(places, rows["low"], rows["high"], color=colours, linewidth=2)
    axes.scatter(rows["rho"], places, color=colours, s=36, zorder=3)
    for place, row in zip(places, rows.itertuples(), strict=True):
        if isinstance(row.threshold_written, str) and not narrow():
            axes.annotate(
                f"sign changes at {three_figures(row.threshold_written)}",
                (1.01, place),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=9.5,
                color=MUTED,
                annotation_clip=False,
            )
    names = [
        f"{row.parameter}\n{row.strategy}" + _against(str(row.against), done) for row in rows.itertuples()
    ]
    axes.set_yticks(places, names, fontsize=9.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.axvline(0.0, color=FAINT, linewidth=1)
    axes.set_xlim(-1.0, 1.0)
    axes.set_xlabel(
        "rank correlation" if narrow() else "worse with more of it  ←  rank correlation  →  better"
    )
    names_above(axes)
    axes.spines["left"].set_visible(False)
    plain(axes, "x")
    return figure


def _against(name: str, done: Comparison) -> str:
    return "" if name == done.labels[0] else f" − {name}"
