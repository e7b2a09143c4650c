"""The journey as a flow picture: how many go from which touchpoint to which, touch after touch.

Drawn with matplotlib, so that one layout gives the page, the SVG and the PNG: a column for each touch of a
journey, in it a bar for each touchpoint as tall as the journeys that come there, bands between them as wide as
the journeys that go on. (``matplotlib.sankey`` lays out arrows by hand; what lays out flows well otherwise
draws in a browser and weighs megabytes.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from sim.report.style import (
    BLUE,
    FAINT,
    INK,
    MUTED,
    SKY,
    VERMILION,
    canvas,
    halo,
    narrow,
    nothing,
    spread,
    styled,
)
from sim.report.wording import number, percent

if TYPE_CHECKING:
    from sim.engine.program import Program

Node = tuple[int, str]  # place in the journey (0: what began it), touchpoint
SEEN = 0.005  # flows of a smaller share of all journeys are not drawn
BAR, GAP = 0.09, 0.05  # width of a bar in columns; least distance of two in a column, of the picture's height
THIN = 0.03  # of the picture's height: the names of lower bars stand above their bands
BEGINS = {
    "need": "a need", "leave": "about to leave", "plea": "asked to stay", "awareness": "hears of us",
    "entry": "joins", "word": "word of mouth", "renewal": "a renewal",
}  # fmt: skip


@styled
def draw_flow(frame: pd.DataFrame, program: Program) -> Figure:
    """Flows between touchpoints, from ``analysis.flows``."""
    shown = frame[(frame["share"] >= SEEN) & (frame["target"] != "")]
    if shown.empty:
        return nothing("Nobody met a touchpoint in this run")
    figure, axes = canvas(headline(frame), subtitle(frame), height=4.8 if narrow() else 4.4)
    spans = _layout(shown)
    _bands(axes, shown, spans)
    _bars(axes, shown, spans)
    _names(axes, spans)
    columns = max(place for place, _ in spans)
    axes.set_xlim(-0.02, columns + (0.75 if narrow() else 0.6))
    axes.set_ylim(1.02, -0.09)
    axes.set_axis_off()
    return figure


def headline(frame: pd.DataFrame) -> str:
    """What most journeys are like, and where they go wrong most."""
    first = frame[frame["place"] == 1].groupby("target")["journeys"].sum()
    text = f"{percent(first.max() / first.sum())} of the journeys begin at {first.idxmax()}"
    touched = frame[frame["target"] != ""].groupby("target")[["journeys", "badly"]].sum()
    if touched["badly"].sum() < 0.005 * touched["journeys"].sum():
        return f"{text}; nearly every touch goes well"
    worst = max(rows_of(touched), key=lambda row: row.badly)
    each = percent(worst.badly / worst.journeys)
    return f"{text}; most of what goes wrong does so at {worst.Index} ({each} of its touches)"


def subtitle(frame: pd.DataFrame) -> str:
    """How to read the picture."""
    return (
        "From left to right: what began a journey, then touch after touch; what goes no further ends there. "
        "Numbers: of every 100 journeys. Orange-red: did not go as it should."
    )


def rows_of(frame: pd.DataFrame) -> list[Any]:
    """The rows with their columns as attributes."""
    return list(frame.itertuples())


def _layout(shown: pd.DataFrame) -> dict[Node, tuple[float, float]]:
    """Top and height of every bar; a column is as tall as the journeys in it, ordered by where they come from."""
    heights: dict[Node, float] = {}
    for row in rows_of(shown):
        heights[(row.place, row.target)] = heights.get((row.place, row.target), 0.0) + row.share
        if row.place == 1:
            heights[(0, row.source)] = heights.get((0, row.source), 0.0) + row.share
    spans: dict[Node, tuple[float, float]] = {}
    crowd = max(sum(1 for place, _ in heights if place == p) for p, _ in heights)
    scale = 1.0 - GAP * (crowd - 1)
    for place in range(1 + max(place for place, _ in heights)):
        column = [node for node in heights if node[0] == place]
        column.sort(key=lambda node: (_came_from(node, shown, spans), -heights[node], node[1]))
        top = 0.0
        for node in column:
            spans[node] = (top, scale * heights[node])
            top += scale * heights[node] + GAP
    return spans


def _came_from(node: Node, shown: pd.DataFrame, spans: dict[Node, tuple[float, float]]) -> float:
    """The height that the flows into a bar come from, on average; the widest first in the first column."""
    into = shown[(shown["place"] == node[0]) & (shown["target"] == node[1])]
    if into.empty:
        return -float(shown.loc[(shown["place"] == 1) & (shown["source"] == node[1]), "share"].sum())
    middles = [
        sum(spans[(node[0] - 1, source)]) for source in into["source"] if (node[0] - 1, source) in spans
    ]
    return sum(middles) / len(middles) if middles else 0.0


def _bands(axes: Axes, shown: pd.DataFrame, spans: dict[Node, tuple[float, float]]) -> None:
    """Flows leave a bar, and arrive at the next, in the order of where they go and come from."""
    scale = _scale(shown, spans)
    left = {node: top for node, (top, _) in spans.items()}
    right = dict(left)
    rows = [row for row in rows_of(shown) if (row.place - 1, row.source) in spans]
    rows.sort(key=lambda row: (row.place, spans[(row.place, row.target)][0]))
    starts = {}
    for row in rows:
        starts[row.Index] = left[(row.place - 1, row.source)]
        left[(row.place - 1, row.source)] += scale * row.share
    rows.sort(key=lambda row: (row.place, spans[(row.place - 1, row.source)][0]))
    for row in rows:
        end = right[(row.place, row.target)]
        right[(row.place, row.target)] += scale * row.share
        band = _band(row.place - 1 + BAR, starts[row.Index], row.place, end, scale * row.share)
        axes.add_patch(PathPatch(band, facecolor=SKY, alpha=0.35, linewidth=0))


def _scale(shown: pd.DataFrame, spans: dict[Node, tuple[float, float]]) -> float:
    first = shown[shown["place"] == 1]["share"].sum()
    return sum(height for (place, _), (_, height) in spans.items() if place == 0) / first


def _band(x0: float, y0: float, x1: float, y1: float, height: float) -> Path:
    middle = (x0 + x1) / 2
    points = [
        (x0, y0), (middle, y0), (middle, y1), (x1, y1),
        (x1, y1 + height), (middle, y1 + height), (middle, y0 + height), (x0, y0 + height), (x0, y0),
    ]  # fmt: skip
    curve = [Path.CURVE4] * 3
    return Path(points, [Path.MOVETO, *curve, Path.LINETO, *curve, Path.CLOSEPOLY])


def _bars(axes: Axes, shown: pd.DataFrame, spans: dict[Node, tuple[float, float]]) -> None:
    sums = shown.groupby(["place", "target"])[["journeys", "badly"]].sum()
    badly = {node: row.badly / row.journeys for node, row in zip(sums.index, rows_of(sums), strict=True)}
    for (place, name), (top, height) in spans.items():
        colour = BLUE if place else MUTED
        axes.add_patch(Rectangle((place, top), BAR, height, facecolor=colour, linewidth=0))
        share = badly.get((place, name), 0.0)
        if share > 0.0:
            corner = (place, top + height * (1.0 - share))
            axes.add_patch(Rectangle(corner, BAR, height * share, facecolor=VERMILION, linewidth=0))


def _names(axes: Axes, spans: dict[Node, tuple[float, float]]) -> None:
    total = sum(height for (place, _), (_, height) in spans.items() if place == 0)
    small = narrow()
    for column in range(1 + max(place for place, _ in spans)):
        nodes = [node for node in spans if node[0] == column]
        wished = [
            spans[node][0] + spans[node][1] / 2 - (THIN if spans[node][1] < THIN else 0.0) for node in nodes
        ]
        places = spread(wished, 0.095 if small else 0.055, 0.0, 1.0)
        for node, y in zip(nodes, places, strict=True):
            share = 100.0 * spans[node][1] / total
            name = BEGINS.get(node[1], node[1]) if column == 0 else node[1]
            name = f"{name[:9]}…" if small and len(name) > 10 else name
            text = f"{name}\n{_of_100(share)}" if small else f"{name} {_of_100(share)}"
            axes.text(
                column + BAR + 0.035,
                y,
                text,
                va="center",
                fontsize=9 if small else 10,
                color=INK if column else MUTED,
                path_effects=halo(),
            )
    axes.text(0, -0.06, "began with", fontsize=9, color=MUTED, va="center")
    for column in range(1, 1 + max(place for place, _ in spans)):
        axes.text(column, -0.06, f"touch {column}", fontsize=9, color=MUTED, va="center")
    axes.axhline(-0.03, color=FAINT, linewidth=0.6)


def _of_100(share: float) -> str:
    return "< 1" if share < 0.95 else number(share, 0)
