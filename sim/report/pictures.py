"""The pictures of a run, each drawn from a frame that is saved beside it.

``PICTURES`` names them; ``write`` draws and saves all that make sense for a program. A drawing function
takes its frame and the program and returns a matplotlib ``Figure``, without pyplot and its global state.
The same frame gives the same bytes.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.analysis.experience import balance, funnel, over_time
from sim.analysis.retention import cohort_width, cohorts, curves, lives
from sim.report.style import (
    BLUE,
    BLUES,
    FAINT,
    GRID,
    INK,
    MUTED,
    ORANGE,
    SKY,
    STYLE,
    VERMILION,
    bars_and_numbers,
    canvas,
    nothing,
    plain,
    spread,
    styled,
    time_axis,
)
from sim.report.wording import duration, number, percent, signed

if TYPE_CHECKING:
    from sim.engine.outcome import Outcome
    from sim.engine.program import Program

DPI = 150
PERIODS = {1: "day", 7: "week", 28: "four weeks"}


# ---------------------------------------------------------------- retention
@styled
def draw_retention(frame: pd.DataFrame, program: Program) -> Figure:
    """Alive (Kaplan-Meier with its band) and active share over time, from ``retention.curves``."""
    if frame.empty:
        return nothing("Nobody was a customer in this run")
    from_start = frame["since"].iloc[0] == "day 0"
    figure, axes = canvas(_retention_headline(frame, program, from_start), _retention_words(frame, program))
    days = frame["t"]
    if frame["alive_p05"].notna().any():
        axes.fill_between(days, frame["alive_p05"], frame["alive_p95"], color=SKY, alpha=0.3, linewidth=0)
    axes.fill_between(days, frame["low"], frame["high"], color=BLUE, alpha=0.3, linewidth=0)
    axes.plot(days, frame["alive"], color=BLUE)
    ends = [(float(frame["alive"].iloc[-1]), "alive", BLUE)]
    if (frame["active"] > 0).any():
        axes.plot(days, frame["active"], color=ORANGE)
        ends.append((float(frame["active"].iloc[-1]), "active", ORANGE))
    _label_ends(axes, ends)
    _share_axis(axes)
    name = time_axis(axes, float(days.iloc[-1]) or program.horizon)
    axes.set_xlabel(f"{name} since {'day 0' if from_start else 'entry'}")
    return figure


def _retention_headline(frame: pd.DataFrame, program: Program, from_start: bool) -> str:
    last = frame.iloc[-1]
    after = duration(float(last["t"]))
    if from_start:
        return f"{percent(last['alive'])} of the customers of day 0 are still there after {after}"
    return f"{percent(last['alive'])} of the customers are still there {after} after entering"


def _retention_words(frame: pd.DataFrame, program: Program) -> str:
    words = ["Alive: has not left (Kaplan-Meier, 95 % band"]
    words[0] += "; pale: 9 in 10 replications)." if frame["alive_p05"].notna().any() else ")."
    if (frame["active"] > 0).any():
        words.append(f"Active: ordered within the last {duration(program.active_within)}.")
    return "\n".join(words)


def _label_ends(axes: Axes, ends: list[tuple[float, str, str]]) -> None:
    places = spread([value for value, _, _ in ends], 0.07, 0.02, 1.0)
    for (value, name, colour), y in zip(ends, places, strict=True):
        text = f"{name} {percent(value)}"
        axes.annotate(
            text,
            (1.01, y),
            xycoords=("axes fraction", "data"),
            color=colour,
            va="center",
            fontweight="bold",
            annotation_clip=False,
        )


def _share_axis(axes: Axes) -> None:
    axes.set_ylim(0, 1.02)
    axes.set_yticks(np.arange(0, 1.01, 0.25), ["0", "25", "50", "75", "100 %"])
    axes.set_ylabel("share of customers")
    axes.spines["left"].set_visible(False)
    plain(axes)


# ---------------------------------------------------------------- cohorts
def cohort_frame(outcomes: Sequence[Outcome], program: Program) -> pd.DataFrame:
    """``retention.cohorts`` of all replications together, in periods that fit the horizon."""
    return cohorts(lives(outcomes), program.horizon, cohort_width(program.horizon))


@styled
def draw_cohorts(frame: pd.DataFrame, program: Program) -> Figure:
    """Heat map of the alive share, a row per entry cohort, a column per period since entry."""
    if frame.empty:
        return nothing("Nobody was a customer in this run")
    grid = frame.pivot(index="cohort", columns="period", values="alive")
    width = cohort_width(program.horizon)
    unit = {1.0: "day", 7.0: "week", 30.0: "month", 91.0: "quarter", 365.0: "year"}.get(width, "period")
    subtitle = "Of every 100 who entered together, how many have not left."
    subtitle += f" A {unit}: {number(width)} days." if unit in ("month", "quarter", "period") else ""
    figure, axes = canvas(_cohort_headline(frame, width), subtitle, height=0.75 + 0.27 * len(grid))
    values = grid.to_numpy(dtype=float)
    floor = min(0.9, float(np.floor(np.nanmin(values) * 10) / 10))
    axes.pcolormesh(
        np.ma.masked_invalid(values), cmap=BLUES, vmin=floor, vmax=1.0, edgecolor="white", linewidth=0.8
    )
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            ink = "white" if (value - floor) / (1 - floor) > 0.6 else INK
            axes.text(
                column + 0.5,
                row + 0.5,
                f"{100 * value:.0f}",
                ha="center",
                va="center",
                color=ink,
                fontsize=9.5,
            )
    _cohort_axes(axes, frame, grid, unit)
    return figure


def _cohort_headline(frame: pd.DataFrame, width: float) -> str:
    last = frame[frame["period"] == frame["period"].max()].iloc[0]
    who = "the customers of day 0" if last["cohort"] == 0 else "the first to enter"
    later = duration(last["period"] * width)
    return f"{percent(last['alive'])} of {who} are still there {later} later"


def _cohort_axes(axes: Axes, frame: pd.DataFrame, grid: pd.DataFrame, unit: str) -> None:
    sizes = frame.drop_duplicates("cohort").set_index("cohort")["customers"]
    names = [f"{'day 0' if k == 0 else f'{unit} {k}'}  ({sizes[k]:,})" for k in grid.index]
    axes.set_yticks(np.arange(len(grid)) + 0.5, names)
    axes.set_xticks(np.arange(grid.shape[1]) + 0.5, [str(k) for k in grid.columns])
    axes.invert_yaxis()
    axes.set_xlabel(f"{unit}s since entry")
    if len(grid) > 2:
        axes.set_ylabel("entered (customers)")
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


# ---------------------------------------------------------------- orders and revenue
@styled
def draw_over_time(frame: pd.DataFrame, program: Program) -> Figure:
    """Orders and revenue per period with the band over replications, from ``experience.over_time``."""
    if not frame["orders"].any():
        return nothing("Nothing was ordered in this run")
    every = int(frame["to"].iloc[0] - frame["from"].iloc[0]) or 1
    period = PERIODS.get(every, f"{every} days")
    subtitle = "Pale: 9 in 10 replications." if frame["orders_p05"].notna().any() else ""
    figure, (above, below) = canvas(_trend(frame, period), subtitle, height=5.2, rows=2, sharex=True)
    middle = (frame["from"] + frame["to"]) / 2
    _series(above, middle, frame, "orders", BLUE, f"orders per {period}")
    _series(below, middle, frame, "revenue", BLUE, f"revenue per {period}, {program.currency}")
    unit = time_axis(below, program.horizon)
    below.set_xlabel(f"{unit} since day 0")
    return figure


def _trend(frame: pd.DataFrame, period: str) -> str:
    few = max(1, len(frame) // 8)
    first, last = frame["orders"].iloc[:few].mean(), frame["orders"].iloc[-few:].mean()
    a, b = number(first), number(last)
    if len(frame) < 3 or abs(last - first) <= 0.05 * max(first, last):
        return f"About {number(frame['orders'].mean())} orders per {period}"
    verb = "fall" if last < first else "rise"
    return f"Orders {verb} from {a} to {b} per {period}"


def _series(axes: Axes, middle: pd.Series, frame: pd.DataFrame, name: str, colour: str, title: str) -> None:
    low, high = frame[f"{name}_p05"], frame[f"{name}_p95"]
    if low.notna().any():
        axes.fill_between(middle, low, high, color=SKY, alpha=0.35, linewidth=0)
    few = len(frame) <= 42
    axes.plot(middle, frame[name], color=colour, marker="o" if few else "", markersize=4)
    axes.set_title(title, loc="left", color=MUTED)
    axes.set_ylim(0, 1.08 * max(frame[name].max(), high.max() if high.notna().any() else 0))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axes.spines["left"].set_visible(False)
    plain(axes)


# ---------------------------------------------------------------- emotional balance
@styled
def draw_balance(frame: pd.DataFrame, program: Program) -> Figure:
    """How touches feel at each stage, from ``experience.balance``."""
    if frame.empty:
        return nothing("Nobody met a touchpoint in this run")
    subtitle = "Mean valence of the touches of each stage, from −1 (awful) to 1 (wonderful)."
    if frame["low"].notna().any():
        subtitle += " Whisker: 95 % interval."
    figure, axes = bars_and_numbers(_balance_headline(frame), subtitle, len(frame), {
        "valence": [signed(value) for value in frame["valence"]],
        "mood after": [signed(value) for value in frame["mood"]],
        "failed": ["–" if np.isnan(value) else percent(value) for value in frame["failed"]],
        "touches": [number(value) for value in frame["touches"]],
    }, pitch=0.42)  # fmt: skip
    rows = np.arange(len(frame))
    colours = np.where(frame["valence"] < 0, VERMILION, BLUE)
    axes.barh(rows, frame["valence"], height=0.55, color=colours)
    some = frame["low"].notna().to_numpy()
    axes.hlines(rows[some], frame["low"][some], frame["high"][some], color=INK, linewidth=1.4)
    axes.axvline(0, color=FAINT, linewidth=1)
    reach = max(0.1, 1.25 * float(np.nanmax(np.abs(frame[["valence", "low", "high"]].to_numpy(dtype=float)))))
    axes.set_xlim(-min(reach, 1.0), min(reach, 1.0))
    axes.set_yticks(rows, frame["stage"])
    axes.xaxis.set_major_locator(MaxNLocator(6, symmetric=True, steps=[1, 2, 5, 10]))
    axes.set_xlabel("felt bad  ←  valence  →  felt good")
    plain(axes, "x")
    return figure


def _balance_headline(frame: pd.DataFrame) -> str:
    best, worst = frame.iloc[frame["valence"].argmax()], frame.iloc[frame["valence"].argmin()]
    if len(frame) == 1:
        return f"Touches at the stage of {best['stage']} feel {_feel(best['valence'])}"
    if abs(best["valence"] - worst["valence"]) < 0.005:
        return f"Touches feel {_feel(best['valence'])} at every stage"
    return f"{best['stage'].capitalize()} feels best, {worst['stage']} worst"


def _feel(valence: float) -> str:
    return "neither good nor bad" if abs(valence) < 0.02 else "good" if valence > 0 else "bad"


# ---------------------------------------------------------------- funnel
@styled
def draw_funnel(frame: pd.DataFrame, program: Program) -> Figure:
    """Touches of each touchpoint per customer, in the order of the stages, from ``experience.funnel``."""
    if not frame["touches"].any():
        return nothing("Nobody met a touchpoint in this run")
    subtitle = "Touches per customer, in the order of the journey. Orange-red: did not go as it should."
    figure, axes = bars_and_numbers(_funnel_headline(frame), subtitle, len(frame), {
        "stage": _once(frame["stage"].tolist()),
        "per customer": [number(value) if value else "0" for value in frame["per_customer"].fillna(0)],
        "went well": ["–" if np.isnan(value) else percent(value) for value in frame["ok"]],
    }, pitch=0.3)  # fmt: skip
    rows = np.arange(len(frame))
    well = frame["per_customer"].fillna(0) * frame["ok"].fillna(0)
    badly = frame["per_customer"].fillna(0) - well
    axes.barh(rows, well, height=0.62, color=BLUE)
    axes.barh(rows, badly, left=well, height=0.62, color=VERMILION)
    axes.set_yticks(rows, frame["touchpoint"])
    axes.set_xlabel("touches per customer")
    for row in np.flatnonzero(frame["stage"].to_numpy()[1:] != frame["stage"].to_numpy()[:-1]):
        axes.axhline(row + 0.5, color=GRID, linewidth=0.8)
    plain(axes, "x")
    return figure


def _once(names: list[str]) -> list[str]:
    """Each name where its run of equal names begins."""
    return [name if k == 0 or names[k - 1] != name else "" for k, name in enumerate(names)]


def _funnel_headline(frame: pd.DataFrame) -> str:
    busiest = frame.iloc[frame["touches"].argmax()]
    trouble = (frame["touches"] * (1 - frame["ok"])).fillna(0.0)
    text = f"A customer meets {busiest['touchpoint']} {number(busiest['per_customer'])} times"
    if trouble.sum() <= 0.005 * frame["touches"].sum():
        return f"{text}; nearly every touch goes well"
    return f"{text}; the most trouble is at {frame['touchpoint'].iloc[trouble.argmax()]}"


# ---------------------------------------------------------------- all of them
@dataclass(frozen=True)
class Picture:
    """How a picture comes about: outcomes and program to a frame, the frame to a figure."""

    frame: Callable[[Sequence[Outcome], Program], pd.DataFrame]
    draw: Callable[[pd.DataFrame, Program], Figure]
    about_relationships: bool = False  # means nothing for one-shot visitors


PICTURES: dict[str, Picture] = {
    "retention": Picture(curves, draw_retention, True),
    "cohorts": Picture(cohort_frame, draw_cohorts, True),
    "orders_and_revenue": Picture(over_time, draw_over_time),
    "emotional_balance": Picture(balance, draw_balance),
    "funnel": Picture(funnel, draw_funnel),
}


def save(figure: Figure, folder: Path | str, name: str, frame: pd.DataFrame | None = None) -> list[Path]:
    """Write ``name.png`` (150 dpi), ``name.svg`` and, with its frame, ``name.csv``; returns the paths.

    Nothing in the files depends on the clock or on chance: the same figure gives the same bytes. Letters
    that the font does not have (names in Chinese, say) become boxes, without a warning.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph .* missing from", UserWarning)
        matplotlib.rcParams.update(STYLE)
        figure.savefig(folder / f"{name}.png", dpi=DPI, metadata={"Software": None})
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})
    paths = [folder / f"{name}.png", folder / f"{name}.svg"]
    if frame is not None:
        paths.append(folder / f"{name}.csv")
        frame.to_csv(paths[-1], index=False, lineterminator="\n", float_format="%.10g")
    return paths


def write(outcomes: Sequence[Outcome], program: Program, folder: Path | str) -> list[Path]:
    """Draw and save every picture that makes sense for the program; returns all paths."""
    paths: list[Path] = []
    for name, picture in PICTURES.items():
        if picture.about_relationships and program.one_shot:
            continue
        frame = picture.frame(outcomes, program)
        paths += save(picture.draw(frame, program), folder, name, frame)
    return paths
