"""The pictures of an optimisation: how the search went, what each lever does, the winner re-tested."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.experiment.searching import TRIED
from sim.report.optimise import answer, bounds, scale_of, short_names, signed_told, told, unit_of
from sim.report.pictures import save
from sim.report.style import (
    BLUE,
    FAINT,
    INK,
    MUTED,
    ORANGE,
    SKY,
    canvas,
    plain,
    styled,
)
from sim.report.wording import number, plural

if TYPE_CHECKING:
    from sim.experiment.levers import Lever
    from sim.experiment.optimise import Optimum

ACROSS = 3  # levers beside each other in the picture of responses
MARKED = 6  # values of a list that are all marked on its axis
STEPS = MaxNLocator(4, steps=[1, 2, 5, 10])  # of an axis
SHORT = 4  # characters of a unit that stands in the line of the name
WORDS = 14  # characters of a value on an axis


# ---------------------------------------------------------------- what is drawn
def trial_frame(done: Optimum) -> pd.DataFrame:
    """A row a point of the search that ran: its levers, its difference to the scenario as written, how it stands."""
    frame = done.trials.reset_index()
    frame = frame[frame[done.goal.metric].notna()].copy()
    frame["difference"] = frame[done.goal.metric].astype(float) - float(
        done.luck_of_search.written.metric.mean()
    )
    leading = (done.goal.sign * frame["difference"]).where(frame["keeps"]).cummax()
    frame["best_so_far"] = done.goal.sign * leading.ffill()
    looked = [] if done.selection is None else [trial.number for trial in done.selection.trials]
    frame["stands"] = np.select(
        [frame["trial"] == done.winner.number, frame["trial"].isin(looked), ~frame["keeps"].astype(bool)],
        ["winner", "looked at again", "breaks a constraint"],
        "tried",
    )
    return frame


def retest_frame(done: Optimum) -> pd.DataFrame:
    """What was promised and what the re-test found, as differences to the scenario as written."""
    gain = done.gain()
    rows: list[dict[str, Any]] = [
        {"what": "promised by the search", "n": TRIED, "difference": done.promised},
        {"what": "re-tested", "n": gain.n, "difference": gain.mean, "low": gain.low, "high": gain.high},
    ]
    if done.has_baseline:
        other = done.gain(against=2)
        rows.append(
            {
                "what": "re-tested, to the baseline",
                "n": other.n,
                "difference": other.mean,
                "low": other.low,
                "high": other.high,
            }
        )
    return pd.DataFrame(rows, columns=["what", "n", "difference", "low", "high"])


# ---------------------------------------------------------------- the search
LOOKS: dict[str, dict[str, Any]] = {
    "breaks a constraint": {"color": FAINT, "marker": "x", "s": 22, "linewidths": 1.2, "zorder": 2},
    "tried": {"color": SKY, "marker": "o", "s": 20, "linewidths": 0, "zorder": 3},
    "looked at again": {"color": BLUE, "marker": "o", "s": 34, "linewidths": 0, "zorder": 4},
    "winner": {"color": ORANGE, "marker": "D", "s": 64, "linewidths": 0.8, "edgecolors": INK, "zorder": 5},
}


@styled
def draw_search(frame: pd.DataFrame, done: Optimum) -> Figure:
    """Every point in the order in which it was tried, the best so far, and the re-test of the winner beside them."""
    gain, scale = done.gain(), scale_of(done)
    subtitle = (
        f"Difference to the scenario as written in {done.goal.metric}, {unit_of(done)}. "
        "Right: the winner on fresh replications, with its 95 % interval."
    )
    figure, (axes, beside) = canvas(
        f"{answer(done)}{bounds(done)}".rstrip("."),
        subtitle,
        height=4.4,
        columns=2,
        sharey=True,
        gridspec_kw={"width_ratios": [6.0, 1.0]},
    )
    _scatter(axes, frame, "trial", scale)
    axes.plot(frame["trial"], scale * frame["best_so_far"], color=BLUE, linewidth=1.4, drawstyle="steps-post")
    beside.errorbar(
        [0.0],
        [scale * gain.mean],
        yerr=[[scale * (gain.mean - gain.low)], [scale * (gain.high - gain.mean)]],
        fmt="D",
        color=ORANGE,
        ecolor=ORANGE,
        markeredgecolor=INK,
        markeredgewidth=0.8,
        markersize=8,
        capsize=4,
    )
    beside.set_xticks([0.0], ["re-test"])
    beside.set_xlim(-1.0, 1.0)
    for one in (axes, beside):
        one.axhline(0.0, color=MUTED, linewidth=1.0, zorder=1)
        plain(one)
        one.spines["left"].set_visible(False)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value)))
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.set_xlabel("point, in the order in which it was tried")
    _legend(figure, frame)
    return figure


def _scatter(axes: Axes, frame: pd.DataFrame, x: str, scale: float, places: Any = None) -> None:
    for name, look in LOOKS.items():
        rows = frame[frame["stands"] == name]
        if len(rows):
            across = rows[x] if places is None else [places[value] for value in rows[x]]
            axes.scatter(across, scale * rows["difference"], **look)


def _legend(figure: Figure, frame: pd.DataFrame) -> None:
    """What the marks mean, in a line below everything."""
    from matplotlib.lines import Line2D

    looks = {name: look for name, look in LOOKS.items() if (frame["stands"] == name).any()}
    marks = [
        Line2D([], [], linestyle="", marker=look["marker"], color=look["color"], label=name)
        for name, look in looks.items()
    ]
    figure.legend(
        handles=marks,
        loc="outside lower center",
        ncols=len(marks),
        frameon=False,
        fontsize=9.5,
        handletextpad=0.2,
        labelcolor=MUTED,
    )


def _tick(value: float) -> str:
    text = number(value, 0 if float(value).is_integer() else None)
    return text if value <= 0.0 else f"+{text}"


# ---------------------------------------------------------------- the levers
@styled
def draw_response(frame: pd.DataFrame, done: Optimum) -> Figure:
    """The metric over each lever, the others being whatever they were."""
    levers = done.space.levers
    rows = -(-len(levers) // ACROSS)
    columns = min(ACROSS, len(levers))
    subtitle = (
        f"Every point of the search over each lever: difference to the scenario as written in {done.goal.metric}, "
        f"{unit_of(done)}. The other levers differ too. Dotted: the scenario as written."
    )
    figure, grid = canvas(
        _response_headline(done),
        subtitle,
        height=0.5 + 2.9 * rows,
        rows=rows,
        columns=columns,
        sharey=True,
        squeeze=False,
    )
    for k, axes in enumerate(grid.flat):
        if k >= len(levers):
            axes.set_axis_off()
            continue
        _response(axes, frame, done, k)
    for axes in grid[:, 0]:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value)))
    _legend(figure, frame)
    return figure


def _response(axes: Axes, frame: pd.DataFrame, done: Optimum, k: int) -> None:
    lever, unit = done.space.levers[k], ""
    own = lever.parameter.own
    if lever.in_order:
        _scatter(axes, frame, lever.path, scale_of(done))
        unit = _ticks(axes, lever)
    else:
        places = {value: place for place, value in enumerate(lever.choices)}
        own = places.get(own)
        _scatter(axes, frame, lever.path, scale_of(done), places)
        names = [str(lever.write(value))[:WORDS] for value in lever.choices]
        axes.set_xticks(range(len(names)), names)
        axes.margins(x=0.2)
    if own is not None:
        axes.axvline(float(own), color=MUTED, linewidth=1.2, linestyle=":", zorder=1)
    axes.axhline(0.0, color=MUTED, linewidth=1.0, zorder=1)
    plain(axes)
    axes.spines["left"].set_visible(False)
    below = f", {unit}" if len(unit) <= SHORT else f"\n{unit}"
    axes.set_xlabel(_name(lever.path) + (below if unit else ""))


def _ticks(axes: Axes, lever: Lever) -> str:
    """Ticks as a scenario would write them; the unit where it is the same for all of them, to stand below instead."""
    if lever.span is not None and not lever.choices:
        (first, last, unit), (low, high) = lever.span, lever.ends
        numbers = [tick for tick in STEPS.tick_values(first, last) if first <= tick <= last]
        axes.set_xticks(
            [low + (high - low) * (tick - first) / (last - first) for tick in numbers],
            [number(float(tick), 0 if float(tick).is_integer() else None) for tick in numbers],
        )
        return unit.strip()
    places = list(lever.choices if len(lever.choices) <= MARKED else lever.extremes)
    texts = [str(lever.write(place)) for place in places]
    units = {text.partition(" ")[2] for text in texts}
    alike = len(units) == 1
    axes.set_xticks(places, [text.partition(" ")[0] if alike else text for text in texts])
    return units.pop() if alike else ""


def _name(path: str) -> str:
    """The path on two lines where it is long."""
    if len(path) <= 24:
        return path
    above, _, last = path.rpartition(".")
    above = above if len(above) <= 27 else f"…{above[-26:]}"
    return f"{above}.\n{last}"


def _response_headline(done: Optimum) -> str:
    named = zip(short_names(done.space.paths), done.levers.values(), strict=True)
    return f"Best found: {', '.join(f'{name} {value}' for name, value in named)}"


# ---------------------------------------------------------------- the re-test
@styled
def draw_retest(frame: pd.DataFrame, done: Optimum) -> Figure:
    """What the search promised beside what fresh replications say."""
    scale = scale_of(done)
    subtitle = (
        f"Difference to the scenario as written in {done.goal.metric}, {unit_of(done)}. The re-test: "
        f"{plural(done.replications, 'replication')} under seed {done.asked.again}, by which nothing was chosen."
    )
    figure, axes = canvas(_retest_headline(done), subtitle, height=0.9 + 0.62 * len(frame))
    numbers = frame[["difference", "low", "high"]].to_numpy(float)
    for place, (difference, low, high) in enumerate(numbers.tolist()):
        fresh = not np.isnan(low)
        colour = (ORANGE if place == 1 else BLUE) if fresh else FAINT
        if fresh:
            axes.hlines(place, scale * low, scale * high, color=colour, linewidth=2.0)
        axes.plot([scale * difference], [place], "D", markersize=8, color=colour, markeredgecolor=INK)
        axes.annotate(
            signed_told(done, difference),
            (scale * difference, place),
            xytext=(0, 9),
            textcoords="offset points",
            ha="center",
            fontsize=10,
            color=INK,
        )
    axes.axvline(0.0, color=MUTED, linewidth=1.0, zorder=0)
    axes.set_yticks(range(len(frame)), frame["what"])
    axes.set_ylim(len(frame) - 0.4, -0.7)
    axes.tick_params(axis="y", labelcolor=INK)
    plain(axes, "x")
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.12)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value)))
    return figure


def _retest_headline(done: Optimum) -> str:
    if done.luck <= 0.0 or done.as_promised:
        return "The re-test bears out what the search promised"
    promised = f"{signed_told(done, done.promised)} {unit_of(done)}"
    return f"Of {promised} promised by the search, {told(done, done.luck)} was luck"


# ---------------------------------------------------------------- all of them
PICTURES: dict[str, tuple[Callable[[Optimum], pd.DataFrame], Callable[..., Figure]]] = {
    "search": (trial_frame, draw_search),
    "response": (trial_frame, draw_response),
    "retest": (retest_frame, draw_retest),
}


def write(done: Optimum, folder: Path | str) -> list[Path]:
    """Draw and save every picture; returns all paths."""
    paths: list[Path] = []
    for name, (frame_of, draw) in PICTURES.items():
        frame = frame_of(done)
        paths += save(draw(frame, done), folder, name, frame)
    return paths
