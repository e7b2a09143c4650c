"""The pictures of a comparison: retention curves, their difference over time, and the efficient frontier.

Each is drawn from a frame that is saved beside it, in the manner of ``report.pictures``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.report.comparison import headline
from sim.report.further_pictures import attribution_frame, draw_attribution, draw_turning, turning_frame
from sim.report.pictures import save
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
    halo,
    narrow,
    plain,
    spread,
    styled,
    time_axis,
)
from sim.report.wording import duration, listed, number, signed

if TYPE_CHECKING:
    from sim.experiment.comparison import Comparison

COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PINK, SKY)  # of strategies; the baseline is grey
DASHES = ("-", "--", ":", "-.")  # where there are more strategies than colours
LONGEST = 24  # of a label in a picture
ROOM = 0.9  # inches that an axis, its name and margins take of a picture's height
NEAR = 0.2  # of the picture's width: names of points nearer than that are kept apart


# ---------------------------------------------------------------- over time
def curve_frame(done: Comparison) -> pd.DataFrame:
    """``Comparison.curves``: retention of every world over time, with the paired difference."""
    return done.curves


@styled
def draw_retention(frame: pd.DataFrame, done: Comparison) -> Figure:
    """Retention of every world with its 95 % band."""
    subtitle = "Share of the customers of day 0 that has not left. Bands: 95 % interval of the mean."
    figure, axes = canvas(_retention_headline(done), _since(done, subtitle), _tall(4.8, len(done.labels)))
    _curves(axes, frame, done, ("alive", "low", "high"), 100.0, lambda value: f"{value:.1f} %")
    axes.set_ylabel("customers kept, %")
    axes.set_ylim(top=100.0 + 0.02 * (100.0 - axes.get_ylim()[0]))
    return figure


def _retention_headline(done: Comparison) -> str:
    ends = {label: float(done.alive(world)[:, -1].mean()) for world, label in enumerate(done.labels)}
    best = max(ends, key=lambda label: ends[label])
    base = done.labels[0]
    after = f"After {duration(done.horizon)}"
    if best == base:
        return f"{after} no strategy has kept more customers than the baseline's {100 * ends[base]:.1f} %"
    return f"{after} {best} has kept {100 * ends[best]:.1f} % of the customers, the baseline {100 * ends[base]:.1f} %"


@styled
def draw_difference(frame: pd.DataFrame, done: Comparison) -> Figure:
    """What every strategy keeps more than the baseline, over time, with its 95 % band."""
    subtitle = (
        "Paired difference to the baseline: the same people with the same luck. "
        "Bands: 95 % interval at each moment; none where nobody differed."
    )
    figure, axes = canvas(headline(done), _since(done, subtitle), _tall(4.2, len(done.labels) - 1))
    strategies = frame[frame["world"] != done.labels[0]]
    names = ("difference", "difference_low", "difference_high")
    axes.axhline(0.0, color=FAINT, linewidth=1.2)
    _curves(axes, strategies, done, names, 100.0, signed)
    axes.set_ylabel("customers kept more, points")
    return figure


def _since(done: Comparison, subtitle: str) -> str:
    founded = done.worlds.seen[0][0].cohort and done.scenarios[0].baseline.population.size > 0
    return subtitle if founded else subtitle.replace("the customers of day 0", "those who entered")


def _curves(
    axes: Axes,
    frame: pd.DataFrame,
    done: Comparison,
    names: tuple[str, str, str],
    scale: float,
    told: Callable[[float], str],
) -> None:
    """A line with its band for every world, labelled at its end."""
    ends: list[tuple[float, str, str]] = []
    last = 0.0
    for world, rows in frame.dropna(subset=[names[0]]).groupby("world", sort=False):
        colour, dash = look_of(done, str(world))
        middle, low, high = (scale * rows[name].to_numpy(float) for name in names)
        days = rows["t"].to_numpy(float)
        axes.fill_between(days, low, high, color=colour, alpha=0.18, linewidth=0)
        axes.plot(days, middle, color=colour, linestyle=dash)
        ends.append((float(middle[-1]), _end(str(world), told(float(middle[-1]))), colour))
        last = max(last, float(days[-1]))
    plain(axes)
    axes.spines["left"].set_visible(False)
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    even_numbers(axes.yaxis)
    axes.set_xlabel(f"{time_axis(axes, last or done.horizon)} since day 0")
    _label(axes, ends)


def _end(label: str, value: str) -> str:
    """What stands at the end of a line; on a phone the value stands below the name."""
    return f"{_short(label, 11)}\n{value}" if narrow() else f"{_short(label)} {value}"


def _label(axes: Axes, ends: list[tuple[float, str, str]]) -> None:
    """Names at the right, where the lines end, moved apart where they would touch."""
    bottom, top = axes.get_ylim()
    figure = axes.figure
    assert isinstance(figure, Figure)
    gap = _pitch() / (figure.get_figheight() - ROOM) * (top - bottom)
    places = spread([value for value, _, _ in ends], gap, bottom, top)
    for (_, text, colour), y in zip(ends, places, strict=True):
        axes.annotate(
            text,
            (1.01, y),
            xycoords=("axes fraction", "data"),
            color=colour,
            va="center",
            fontweight="bold",
            fontsize=10,
            annotation_clip=False,
        )


def _pitch() -> float:
    """Inches from a name to the next: on a phone it has two lines."""
    return 0.42 if narrow() else 0.25


def _tall(usual: float, names: int) -> float:
    """The height of a picture, with room for so many names one below the other."""
    return max(usual, ROOM + _pitch() * names)


def look_of(done: Comparison, label: str) -> tuple[str, str]:
    """Colour and dash of a world."""
    k = done.labels.index(label) - 1
    if k < 0:
        return MUTED, "-"
    return COLOURS[k % len(COLOURS)], DASHES[k // len(COLOURS) % len(DASHES)]


def _short(label: str, longest: int = LONGEST) -> str:
    return label if len(label) <= longest else f"{label[: longest - 1]}…"


# ---------------------------------------------------------------- the frontier
def frontier_frame(done: Comparison) -> pd.DataFrame:
    """A row a world: extra cost and gain in the metric with their 95 % intervals, and who is efficient."""
    rows = []
    for standing in sorted(done.ranking, key=lambda standing: standing.world):
        found = done.found[done.metric][standing.world - 1] if standing.world else None
        cost, sign = standing.cost, done.sign
        gains = sorted((sign * found.low, sign * found.high)) if found else [0.0, 0.0]
        rows.append(
            {
                "world": standing.label,
                "cost": cost.mean if cost else 0.0,
                "cost_low": cost.low if cost else 0.0,
                "cost_high": cost.high if cost else 0.0,
                "gain": standing.gain,
                "gain_low": gains[0],
                "gain_high": gains[1],
                "efficient": standing.efficient,
                "in_budget": standing.in_budget,
            }
        )
    return pd.DataFrame(rows)


@styled
def draw_frontier(frame: pd.DataFrame, done: Comparison) -> Figure:
    """Gain against extra cost, the efficient worlds joined."""
    scale = 100.0 if done.kpis[done.metric][0] == "share" else 1.0
    unit = "points" if scale == 100.0 else done.unit(done.metric)
    subtitle = (
        "Whiskers: 95 % intervals. On the line nothing gains as much for less; what lies below it is beaten."
    )
    figure, axes = canvas(_frontier_headline(frame), subtitle, height=4.6)
    best = frame[frame["efficient"]].sort_values(["cost", "gain"])
    axes.plot(best["cost"], scale * best["gain"], color=FAINT, linewidth=1.6, zorder=1)
    for row in frame.itertuples():
        colour, _ = look_of(done, str(row.world))
        _point(axes, row, scale, colour)
    if done.asked.budget is not None:
        axes.axvline(done.asked.budget, color=INK, linewidth=1.0, linestyle=":")
        axes.annotate(
            f"budget {number(done.asked.budget)} {done.currency}",
            (done.asked.budget, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(4, -4),
            textcoords="offset points",
            va="top",
            fontsize=9.5,
            color=MUTED,
        )
    axes.margins(x=0.14, y=0.16)
    _name_points(axes, frame, done, scale)
    axes.axhline(0.0, color=FAINT, linewidth=1.0, zorder=0)
    plain(axes)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(3 if narrow() else 6, steps=[1, 2, 5, 10]))
    even_numbers(axes.xaxis)
    even_numbers(axes.yaxis)
    what = "extra cost" if narrow() else "cost beyond the baseline's"
    axes.set_xlabel(f"{what} over {duration(done.horizon)}, {done.currency}")
    what = "customers kept more" if done.metric == "retention" else f"gain in {done.metric}"
    axes.set_ylabel(f"{what}, {unit}")
    return figure


def _point(axes: Axes, row: object, scale: float, colour: str) -> None:
    cost, gain = float(row.cost), scale * float(row.gain)  # type: ignore[attr-defined]
    axes.hlines(gain, row.cost_low, row.cost_high, color=colour, linewidth=1.4)  # type: ignore[attr-defined]
    axes.vlines(cost, scale * row.gain_low, scale * row.gain_high, color=colour, linewidth=1.4)  # type: ignore[attr-defined]
    face = colour if row.efficient else "white"  # type: ignore[attr-defined]
    axes.plot([cost], [gain], marker="o", markersize=8, color=colour, markerfacecolor=face, linestyle="")


def _name_points(axes: Axes, frame: pd.DataFrame, done: Comparison, scale: float) -> None:
    """Names beside the points, moved apart where points lie near each other."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    ordered = frame.sort_values("cost")
    near = 1.0 if narrow() else NEAR
    group = (ordered["cost"].diff() > near * (right - left)).cumsum()
    for _, rows in ordered.groupby(group):
        wished = (scale * rows["gain"] + 0.03 * (top - bottom)).tolist()
        for row, y in zip(
            rows.itertuples(), spread(wished, 0.055 * (top - bottom), bottom, top), strict=True
        ):
            inward = narrow() and float(row.cost) > (left + right) / 2.0  # type: ignore[arg-type]
            axes.annotate(
                _short(str(row.world), 14 if narrow() else LONGEST)
                + ("" if row.in_budget else " (over budget)"),
                (float(row.cost), y),  # type: ignore[arg-type]
                xytext=(-8 if inward else 8, 0),
                textcoords="offset points",
                va="center",
                ha="right" if inward else "left",
                color=look_of(done, str(row.world))[0],
                fontweight="bold",
                fontsize=10,
                path_effects=halo(),
            )


def _frontier_headline(frame: pd.DataFrame) -> str:
    best = frame[frame["efficient"]].sort_values("cost")["world"].tolist()
    beaten = len(frame) - len(best)
    if not beaten:
        return "Every world is efficient: whoever gains more costs more"
    return f"Efficient: {listed(best)}"


# ---------------------------------------------------------------- all of them
@dataclass(frozen=True)
class Picture:
    """How a picture comes about: the comparison to a frame, both to a figure."""

    frame: Callable[[Comparison], pd.DataFrame]
    draw: Callable[[pd.DataFrame, Comparison], Figure]
    about_relationships: bool = False  # means nothing for one-shot visitors
    when: Callable[[Comparison], bool] = lambda _: True  # whether what it shows was asked for


PICTURES: dict[str, Picture] = {
    "retention": Picture(curve_frame, draw_retention, True),
    "difference": Picture(curve_frame, draw_difference, True),
    "frontier": Picture(frontier_frame, draw_frontier),
    "assumptions": Picture(turning_frame, draw_turning, when=lambda done: done.assumptions is not None),
    "attribution": Picture(attribution_frame, draw_attribution, when=lambda done: done.why is not None),
}


def write(done: Comparison, folder: Path | str) -> list[Path]:
    """Draw and save every picture that makes sense; returns all paths."""
    paths: list[Path] = []
    for name, picture in PICTURES.items():
        if picture.about_relationships and done.worlds.seen[0][0].alive.size == 0:
            continue
        if not picture.when(done):
            continue
        frame = picture.frame(done)
        paths += save(picture.draw(frame, done), folder, name, frame)
    return paths
