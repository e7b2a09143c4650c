"""What stands on a page, as plain data: sections with words, pictures and tables. The templates say how."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup
from matplotlib.figure import Figure

from sim.report.inline_svg import inline_svg
from sim.report.style import WIDTH, bare

PHONE = 3.75  # inches: 360 pixels


@dataclass(frozen=True)
class Cell:
    """A cell that says more than its text: which way it went, a second line, or how dark it is (0..1)."""

    text: str
    verdict: str = ""
    shade: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Table:
    """Rows under a caption; the first cell of each names it. ``words``: columns that are no numbers.

    A ``folded`` table shows when it is asked for.
    """

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    words: Sequence[int] = (0,)
    kind: str = ""
    folded: bool = False


@dataclass(frozen=True)
class Shown:
    """A picture in both widths, with its words and its numbers."""

    headline: str
    subtitle: str
    wide: Markup
    phone: Markup
    table: Table | None


@dataclass(frozen=True)
class Section:
    """A part of the page under a heading of its own."""

    key: str
    title: str
    words: Sequence[str] = ()
    points: Sequence[tuple[str, str]] = ()
    figures: Sequence[Shown] = ()
    tables: Sequence[Table] = ()
    after: Sequence[str] = ()
    commands: Sequence[str] = ()


def shown(
    name: str, draw: Callable[[], Figure], describe: str, table: Table | None, title: str | None = None
) -> Shown:
    """A picture drawn twice: for a page, and for a phone, where letters stay as large."""
    drawn = []
    for key, width in (("wide", WIDTH), ("phone", PHONE)):
        with bare(width) as words:
            figure = draw()
        drawn.append(Markup(inline_svg(figure, f"{name}-{key}", title or words.headline, describe)))
    folded = None if table is None else replace(table, folded=True)
    return Shown(title or words.headline, words.subtitle, drawn[0], drawn[1], folded)
