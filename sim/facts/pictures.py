"""A picture for each fact, and one of all of them side by side."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.facts.fact import Fact, Line, Result
from sim.facts.page import band, simulated
from sim.report.style import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    ORANGE,
    PINK,
    SKY,
    STYLE,
    VERMILION,
    canvas,
    plain,
    styled,
)

COLOURS = (BLUE, ORANGE, GREEN, PINK, SKY, VERMILION)
DPI = 150
REACH = 1.6  # half-widths of a band that the overview shows on either side of its middle


def write(results: Sequence[Result], folder: Path) -> list[Path]:
    """Save the pictures of what was measured, and the overview, as PNG files."""
    measured = [result for result in results if result.found is not None]
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {_name(result.fact): draw_fact(result) for result in measured}
    drawn["overview"] = draw_overview(measured)
    paths = []
    with matplotlib.rc_context(STYLE):
        for name, figure in drawn.items():
            paths.append(folder / f"{name}.png")
            figure.savefig(paths[-1], dpi=DPI, metadata={"Software": None})
    return paths


def _name(fact: Fact) -> str:
    words = re.sub(r"[^a-z0-9]+", "_", fact.name.lower()).strip("_")
    return f"{fact.id:02d}_{words}"


# ---------------------------------------------------------------- one fact
@styled
def draw_fact(result: Result) -> Figure:
    """What its experiment showed; without a series of its own, the value beside its band."""
    assert result.found is not None
    fact, picture = result.fact, result.found.picture
    words = f"{fact.published}\n{fact.value}: {simulated(result)}; published {band(fact)}"
    height = 4.4 if picture else 1.6
    figure, axes = canvas(
        f"{fact.name[0].upper()}{fact.name[1:]}: {'holds' if result.holds else 'does not hold'}",
        words,
        height,
    )
    if picture is None:
        _against_band([result], axes)
        return figure
    if picture.labels:
        _bars(axes, picture.lines, picture.labels)
    else:
        for line, colour in zip(picture.lines, COLOURS, strict=False):
            axes.plot(
                line.x, line.y, color=colour, marker="o" if len(line.x) <= 15 else None, label=line.name
            )
    plain(axes)
    if picture.log:
        axes.set_yscale("log")
    axes.set_xlabel(picture.x)
    axes.set_ylabel(textwrap.fill(picture.y, 46))
    if len(picture.lines) > 1:
        axes.legend(frameon=False, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(picture.lines))
    return figure


def _bars(axes: Axes, lines: Sequence[Line], labels: Sequence[str]) -> None:
    width = 0.8 / len(lines)
    places = np.arange(len(labels))
    for k, (line, colour) in enumerate(zip(lines, COLOURS, strict=False)):
        axes.bar(
            places + (k - (len(lines) - 1) / 2) * width, line.y, width * 0.92, color=colour, label=line.name
        )
    axes.axhline(0.0, color=FAINT, linewidth=0.8)
    axes.set_xticks(places, labels)


# ---------------------------------------------------------------- all facts
@styled
def draw_overview(results: Sequence[Result]) -> Figure:
    """Every value in its band; all bands drawn to the same width."""
    held = sum(result.holds for result in results)
    figure, axes = canvas(
        f"{held} of {len(results)} published facts hold",
        "Grey: the published band, drawn to the same width for all. Dot: simulated value, two standard errors.\n"
        "Arrow: further out. A hollow dot lies in its band but misses a side condition.",
        0.7 + 0.27 * max(1, len(results)),
    )
    _against_band(results, axes)
    return figure


def _against_band(results: Sequence[Result], axes: Axes) -> None:
    for row, result in enumerate(results):
        assert result.found is not None
        x, error = normalised(result.fact, result.found.value, result.found.error)
        colour = BLUE if result.holds else VERMILION
        axes.barh(row, 2.0, left=-1.0, height=0.62, color="#e3e3e3")
        if abs(x) > REACH:
            axes.plot(math.copysign(REACH, x), row, ">" if x > 0 else "<", color=colour, markersize=7)
            continue
        axes.plot(
            [max(x - 2 * error, -REACH), min(x + 2 * error, REACH)], [row, row], color=colour, linewidth=1.6
        )
        hollow = result.in_band and not result.holds
        axes.plot(x, row, "o", color=colour, markerfacecolor="white" if hollow else colour, markersize=6)
    axes.set_yticks(range(len(results)), [f"{r.fact.id}  {r.fact.name}" for r in results], color=INK)
    axes.set_ylim(len(results) - 0.4, -0.6)
    axes.set_xlim(-REACH - 0.1, REACH + 0.1)
    axes.set_xticks([-1.0, 0.0, 1.0], ["low", "middle", "high"])
    axes.tick_params(length=0)
    axes.spines["left"].set_visible(False)


def normalised(fact: Fact, value: float, error: float) -> tuple[float, float]:
    """A value and its error where the band is -1 to 1."""
    half = (fact.high - fact.low) / 2.0 or 1.0
    return (value - (fact.low + fact.high) / 2.0) / half, error / half
