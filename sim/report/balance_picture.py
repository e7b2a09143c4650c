"""How touches feel at each stage, in the baseline and in the best strategy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.report.comparison_pictures import look_of
from sim.report.style import FAINT, INK, MUTED, canvas, nothing, plain, styled
from sim.report.wording import signed

if TYPE_CHECKING:
    from sim.experiment.comparison import Comparison

COLUMNS = [
    "stage",
    "world",
    "touches",
    "valence",
    "low",
    "high",
    "difference",
    "difference_low",
    "difference_high",
]


def stage_frame(done: Comparison) -> pd.DataFrame:
    """``Comparison.stages`` of all worlds."""
    return pd.DataFrame(done.tables["stages"], columns=COLUMNS)


@styled
def draw_stages(frame: pd.DataFrame, done: Comparison) -> Figure:
    """The baseline's emotional balance as bars, the best strategy's as a point beside it."""
    base = frame[frame["world"] == done.labels[0]].reset_index(drop=True)
    if base.empty:
        return nothing("Nobody met a touchpoint in this run")
    best = next(standing.label for standing in done.ranking if standing.world)
    other = frame[frame["world"] == best].set_index("stage").reindex(base["stage"])
    subtitle = (
        "Mean valence of the touches of each stage, from −1 (awful) to 1 (wonderful). "
        f"Grey bars: {done.labels[0]}, with its 95 % interval. Diamonds: {best}."
    )
    figure, axes = canvas(headline(base, other, best), subtitle, height=0.9 + 0.5 * len(base))
    rows, colour = np.arange(len(base)), look_of(done, best)[0]
    axes.barh(rows, base["valence"], height=0.5, color=FAINT)
    axes.hlines(rows, base["low"], base["high"], color=INK, linewidth=1.4)
    axes.plot(other["valence"], rows, marker="D", markersize=7, color=colour, linestyle="")
    axes.axvline(0, color=MUTED, linewidth=1)
    ends = pd.concat([base[["valence", "low", "high"]], other[["valence"]]]).to_numpy(float)
    low, high = min(0.0, float(np.nanmin(ends))), max(0.0, float(np.nanmax(ends)))
    room = max(0.05, high - low)
    axes.set_xlim(low - 0.1 * room * (low < 0), high + 0.05 * room)
    for row, values in enumerate(zip(base["valence"], other["valence"], strict=True)):
        for value, ink, points in zip(values, (MUTED, colour), (6, 52), strict=True):
            if not np.isnan(value):
                _beside(axes, row, signed(value), ink, points)
    axes.set_yticks(rows, base["stage"])
    axes.invert_yaxis()
    axes.tick_params(axis="y", labelcolor=INK)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.set_xlabel("felt bad  ←  valence  →  felt good")
    plain(axes, "x")
    return figure


def _beside(axes: Axes, row: int, text: str, colour: str, points: float) -> None:
    """A number to the right of a row."""
    axes.annotate(
        text,
        (1.0, row),
        xycoords=("axes fraction", "data"),
        xytext=(points, 0),
        textcoords="offset points",
        va="center",
        fontsize=10,
        fontweight="bold",
        color=colour,
        annotation_clip=False,
    )


def headline(base: pd.DataFrame, other: pd.DataFrame, label: str) -> str:
    """Where it feels best and worst, and what the strategy changes most."""
    best, worst = base.iloc[base["valence"].argmax()], base.iloc[base["valence"].argmin()]
    text = f"{best['stage'].capitalize()} feels best, {worst['stage']} worst"
    if len(base) == 1:
        text = f"Touches at the stage of {best['stage']} feel {signed(best['valence'])}"
    moved = other[(other["difference_low"] > 0) | (other["difference_high"] < 0)]
    if moved.empty:
        return f"{text}; {label} moves none of them distinguishably"
    most = int(moved["difference"].abs().argmax())
    return f"{text}; {label} moves {moved.index[most]} most ({signed(moved['difference'].iloc[most], 3)})"
