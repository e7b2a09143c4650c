"""One look for every picture: size, colours, type, titles, labels that do not collide."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter

from sim.report.wording import MOST_PLACES, number

# Okabe & Ito 2008: told apart with every common colour blindness
BLUE, ORANGE, GREEN, VERMILION, SKY, PINK = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7"
INK, MUTED, FAINT, GRID = "#222222", "#5f5f5f", "#9a9a9a", "#e6e6e6"
BLUES = LinearSegmentedColormap.from_list("blues", ["#f4f8fb", "#9cc9e3", "#0072B2", "#004a75"])

STYLE: Any = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same letters everywhere
    "font.size": 11,
    "axes.titlesize": 11,
    "axes.labelsize": 11,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": FAINT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": False,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "text.color": INK,
    "lines.linewidth": 2.2,
    "lines.solid_capstyle": "round",
    "svg.hashsalt": "touchpoint",
    "path.simplify": True,
    "text.parse_math": False,  # a dollar in a name is a dollar
}
HEADLINE_CHARACTERS, SUBTITLE_CHARACTERS = 66, 102
WIDTH = 8.0  # inches


@dataclass
class Bare:
    """How pictures are drawn for a page that tells their words itself: how wide, and what the words were."""

    width: float
    headline: str = ""
    subtitle: str = ""

    @property
    def narrow(self) -> bool:
        """Whether it is for a phone."""
        return self.width < 0.75 * WIDTH


_BARE: ContextVar[Bare | None] = ContextVar("bare", default=None)


@contextmanager
def bare(width: float = WIDTH) -> Iterator[Bare]:
    """Pictures without headline and subtitle, of another width; the last one's words are in what is yielded."""
    sheet = Bare(width)
    token = _BARE.set(sheet)
    try:
        yield sheet
    finally:
        _BARE.reset(token)


def narrow() -> bool:
    """Whether what is drawn now is for a phone."""
    sheet = _BARE.get()
    return sheet is not None and sheet.narrow


def halo() -> list[Any]:
    """What keeps letters readable on lines; a page does that itself, and wants its letters as text."""
    return [] if _BARE.get() else [withStroke(linewidth=3, foreground="white")]


def styled(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Draw with the house style, whatever the caller's own settings are, and leave those alone."""

    @wraps(draw)
    def drawn(*args: Any, **kwargs: Any) -> Figure:
        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            matplotlib.rcParams.update(STYLE)
            return draw(*args, **kwargs)

    return drawn


def canvas(
    headline: str, subtitle: str = "", height: float = 4.8, rows: int = 1, columns: int = 1, **grid: Any
) -> tuple[Figure, Any]:
    """A figure 8 inches wide with its words on top, and its axes."""
    sheet = _BARE.get()
    if sheet is not None:
        sheet.headline, sheet.subtitle = headline, subtitle
        figure = Figure(figsize=(sheet.width, height), layout=ConstrainedLayoutEngine(w_pad=0.04, h_pad=0.06))
        FigureCanvasAgg(figure)
        return figure, figure.subplots(rows, columns, **grid)
    top = textwrap.fill(headline, HEADLINE_CHARACTERS)
    below = "\n".join(textwrap.fill(line, SUBTITLE_CHARACTERS) for line in subtitle.splitlines())
    words = 0.32 + 0.25 * (top.count("\n") + 1) + 0.2 * (below.count("\n") + 1) * bool(below)
    room = ConstrainedLayoutEngine(rect=(0.0, 0.0, 1.0, height / (height + words)), w_pad=0.12, h_pad=0.06)
    figure = Figure(figsize=(WIDTH, height + words), layout=room)
    FigureCanvasAgg(figure)
    inch = 1.0 / (height + words)
    figure.text(0.015, 1 - 0.14 * inch, top, fontsize=14, fontweight="bold", va="top", linespacing=1.25)
    under = 1 - (0.22 + 0.25 * (top.count("\n") + 1)) * inch
    figure.text(0.015, under, below, fontsize=10.5, color=MUTED, va="top", linespacing=1.3)
    return figure, figure.subplots(rows, columns, **grid)


def names_above(axes: Axes, lift: float = 6.0) -> None:
    """On a phone the names of rows stand so many points above these: beside them they would take all the room."""
    if not narrow():
        return
    names = [
        (y, label.get_text().replace("\n", ", "))
        for y, label in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)
    ]
    axes.set_yticks([])
    for y, name in names:
        axes.annotate(
            name,
            (0.0, y),
            xycoords=("axes fraction", "data"),
            xytext=(0, lift),
            textcoords="offset points",
            fontsize=9,
            annotation_clip=False,
        )


def bars_and_numbers(
    headline: str, subtitle: str, rows: int, columns: dict[str, list[str]], pitch: float
) -> tuple[Figure, Axes]:
    """A horizontal chart of ``rows`` bars with a small table of numbers to its right, one row a bar."""
    inches = [0.085 * max(len(name), *(len(text) for text in texts)) + 0.2 for name, texts in columns.items()]
    table = sum(inches)
    figure, (bars, beside) = canvas(
        headline,
        subtitle,
        0.75 + pitch * (rows + 1),
        columns=2,
        sharey=True,
        gridspec_kw={"width_ratios": [7.2 - table, table]},
    )
    beside.set_axis_off()
    for right, (name, texts) in zip(np.cumsum(inches) - table, columns.items(), strict=True):
        _cell(beside, right, -0.85, name, 9.5, MUTED)
        for row, text in enumerate(texts):
            _cell(beside, right, row, text, 10, INK)
    bars.set_ylim(rows - 0.4, -1.2)
    bars.tick_params(axis="y", labelcolor=INK)
    bars.spines["left"].set_visible(False)
    return figure, bars


def _cell(axes: Axes, inches: float, row: float, text: str, size: float, colour: str) -> None:
    """Text that ends ``inches`` from the right edge: a distance on paper, whatever the layout does."""
    axes.annotate(
        text,
        (1.0, row),
        xycoords=("axes fraction", "data"),
        xytext=(72 * inches, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        fontsize=size,
        color=colour,
        annotation_clip=False,
    )


def nothing(headline: str) -> Figure:
    """A picture of an empty frame: the headline says why."""
    figure, axes = canvas(headline, height=1.2)
    axes.set_axis_off()
    return figure


def spread(values: list[float], gap: float, low: float, high: float) -> list[float]:
    """Positions for labels: as near to ``values`` as they can be, at least ``gap`` apart, in the range."""
    order = np.argsort(values, kind="stable")
    placed = np.array(values, dtype=float)[order]
    for k in range(1, placed.size):
        placed[k] = max(placed[k], placed[k - 1] + gap)
    placed += min(0.0, high - placed[-1]) if placed.size else 0.0
    for k in range(placed.size - 2, -1, -1):
        placed[k] = min(placed[k], placed[k + 1] - gap)
    placed += max(0.0, low - placed[0]) if placed.size else 0.0
    result = np.empty(placed.size)
    result[order] = placed
    return result.tolist()


def plain(axes: Axes, grid: Literal["x", "y"] = "y") -> None:
    """Light grid one way, no ticks."""
    axes.grid(True, axis=grid)
    axes.tick_params(length=0)


def even_numbers(axis: Axis) -> None:
    """Ticks with as many decimals as the one that needs most."""

    def told(value: float, _: int | None) -> str:
        ticks = axis.get_majorticklocs()
        exact = (
            p
            for p in range(MOST_PLACES)
            if np.allclose(ticks, np.round(ticks, p), rtol=0.0, atol=10.0 ** -(p + 3))
        )
        return number(value, next(exact, None))

    axis.set_major_formatter(FuncFormatter(told))


def time_axis(axes: Axes, horizon: float, start: float = 0.0) -> str:
    """Ticks in the unit a person would count the horizon in; returns its name."""
    unit, name = unit_of(horizon)
    most = horizon / unit
    ticks_at_most = 6 if narrow() else 13
    steps = (1, 2, 3, 6, 7, 12, 14, 30, 60, 120, 500, 2500, 10_000)
    step = next(s for s in steps if most / s <= ticks_at_most)
    ticks = np.arange(0, most + 1e-6, step)
    axes.set_xticks(ticks * unit, [f"{tick:.0f}" for tick in ticks])
    axes.set_xlim(start, horizon)
    return name


def unit_of(horizon: float) -> tuple[float, str]:
    """Days in the unit of a time axis, and its name."""
    if horizon <= 42:
        return 1.0, "days"
    if horizon <= 120:
        return 7.0, "weeks"
    return (365.0 / 12, "months") if horizon <= 3 * 365 else (365.0, "years")
