"""Feelings of one customer over time, in one world or in two."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.model.layout import LEFT, TOUCH
from sim.report.pictures import save
from sim.report.style import BLUE, FAINT, INK, MUTED, VERMILION, canvas, nothing, plain, styled, time_axis
from sim.report.wording import duration

if TYPE_CHECKING:
    from sim.experiment.lives import Life

COLOURS = (BLUE, VERMILION)
PANELS = {"mood": (-1.0, 1.0), "satisfaction": (-1.0, 1.0), "trust": (0.0, 1.0)}  # and what it can be


def story_frame(lives: Sequence[Life], names: Sequence[str]) -> pd.DataFrame:
    """Two rows a touch, before and after it: time, touchpoint, order, and what was felt."""
    return pd.concat([_one(life, name) for life, name in zip(lives, names, strict=True)], ignore_index=True)


def _one(life: Life, name: str) -> pd.DataFrame:
    rows = life.rows[(life.rows["kind"] == TOUCH) & (life.rows["customer"] == life.person["id"])]
    touched = np.array([*life.program.touchpoint_names], dtype=object)[rows["touchpoint"]]
    after = pd.DataFrame(
        {
            "world": name,
            "t": rows["t"].astype(float),
            "moment": "after",
            "touchpoint": touched,
            "outcome": rows["outcome"].astype(int),
            "order": rows["order"].astype(int),
            "valence": rows["valence"].astype(float),
            "mood": rows["mood_after"].astype(float),
            "satisfaction": rows["satisfaction"].astype(float),
            "trust": rows["trust"].astype(float),
        }
    )
    before = after.assign(moment="before", mood=rows["mood_before"].astype(float))
    for belief in ("satisfaction", "trust"):
        before[belief] = after[belief].shift(1)
    both = pd.concat([before, after]).sort_index(kind="stable")
    return both.reset_index(drop=True)


@styled
def draw_story(frame: pd.DataFrame, lives: Sequence[Life]) -> Figure:
    """Mood, satisfaction and trust over time; the end of a line is where the customer left."""
    if frame.empty:
        return nothing("Nothing happened to this customer in the run")
    names = list(dict.fromkeys(frame["world"]))
    subtitle = "Mood after every touch; beliefs, which change at touches alone. Below: orders. ×: left."
    figure, axes = canvas(_headline(lives, names), subtitle, 6.2, rows=4, sharex=True,
                          gridspec_kw={"height_ratios": [2, 2, 2, 0.35 + 0.35 * len(names)]})  # fmt: skip
    for (panel, bounds), here in zip(PANELS.items(), axes[:3], strict=True):
        _panel(here, frame, names, panel, bounds)
    _orders(axes[3], frame, names)
    horizon = float(lives[0].program.horizon)
    for name, colour, life in zip(names, COLOURS, lives, strict=False):
        if life.person["status"] == LEFT:
            last = frame[frame["world"] == name].iloc[-1]
            axes[0].plot(
                float(life.person["t_left"]),
                last["mood"],
                "x",
                color=colour,
                markersize=10,
                markeredgewidth=2.5,
            )
    unit = time_axis(axes[3], horizon)
    axes[3].set_xlabel(f"{unit} since day 0")
    return figure


def _panel(
    axes: Axes, frame: pd.DataFrame, names: Sequence[str], panel: str, bounds: tuple[float, float]
) -> None:
    for k, name in enumerate(names):
        mine = frame[(frame["world"] == name) & frame[panel].notna()]
        if panel == "mood":  # comes and goes within a day: a line would fill the panel
            after = mine[mine["moment"] == "after"]
            axes.plot(
                after["t"],
                after[panel],
                "os"[k],
                color=COLOURS[k],
                markersize=(3.5, 6.0)[k],  # the second world's are open: where both are alike, both show
                markerfacecolor=(COLOURS[0], "none")[k],
                alpha=0.8,
                markeredgewidth=(0.0, 1.0)[k],
            )
        else:
            axes.plot(mine["t"], mine[panel], color=COLOURS[k], linewidth=1.5, linestyle=("-", "--")[k])
    values = frame.loc[frame["moment"] == "after", panel].dropna()
    room = 0.12 * max(0.1, float(values.max() - values.min()))
    axes.set_ylim(max(bounds[0], values.min() - room), min(bounds[1] + 0.02, values.max() + room))
    axes.set_title(f"{panel}, {bounds[0]:g} to {bounds[1]:g}".replace("-", "−"), loc="left", color=MUTED)
    if bounds[0] < 0.0:
        axes.axhline(0.0, color=FAINT, linewidth=0.8)
    axes.spines["left"].set_visible(False)
    plain(axes)


def _orders(axes: Axes, frame: pd.DataFrame, names: Sequence[str]) -> None:
    after = frame[frame["moment"] == "after"]
    for k, name in enumerate(names):
        bought = after[(after["world"] == name) & (after["order"] > 0)]
        axes.plot(bought["t"], np.full(len(bought), k), "|", color=COLOURS[k], markersize=9)
    axes.set_yticks(range(len(names)), [f"{name}: orders" for name in names], color=INK, fontsize=9.5)
    for k, label in enumerate(axes.get_yticklabels()):
        label.set_color(COLOURS[k])
        label.set_fontweight("bold")
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.spines["left"].set_visible(False)
    axes.tick_params(length=0)


def _headline(lives: Sequence[Life], names: Sequence[str]) -> str:
    who = f"Customer {lives[0].person['id']}"
    ends = [_end(life) for life in lives]
    if len(lives) == 1 or ends[0] == ends[1]:
        return f"{who} {ends[0]}" + (" in both worlds" if len(lives) > 1 else "")
    return f"{who} {ends[0]} ({names[0]}), {ends[1]} ({names[1]})"


def _end(life: Life) -> str:
    if life.person["status"] != LEFT:
        return "is still there at the end"
    return f"left after {duration(float(life.person['t_left']) - max(float(life.person['t_entry']), 0.0))}"


def write_story(lives: Sequence[Life], names: Sequence[str], place: Path) -> list[Path]:
    """Draw to ``place`` (its ending does not matter): PNG, SVG, and the numbers as CSV."""
    frame = story_frame(lives, names)
    return save(draw_story(frame, lives), place.parent, place.stem, frame)
