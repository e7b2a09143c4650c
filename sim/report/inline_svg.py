"""A matplotlib figure as an SVG that stands inside a page: its own ids, the page's letters and colours.

Colours become variables of the page's style sheet, which gives each a value for light, dark and paper. Letters
stay text, so that they can be read aloud, searched and enlarged.
"""

from __future__ import annotations

import io
import re
import warnings
import xml.etree.ElementTree as ElementTree

import matplotlib
from matplotlib.figure import Figure

from sim.report import style

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
COLOURS = {
    style.BLUE: "blue",
    style.ORANGE: "orange",
    style.GREEN: "green",
    style.VERMILION: "vermilion",
    style.SKY: "sky",
    style.PINK: "pink",
    style.INK: "ink",
    style.MUTED: "muted",
    style.FAINT: "faint",
    style.GRID: "grid",
    "#ffffff": "paper",
}
_LETTERS = ("blue", "orange", "green", "vermilion", "sky", "pink")  # have a second value, for text
_NAMES = {colour.lower(): name for colour, name in COLOURS.items()}
_HEX = re.compile(r"#[0-9a-fA-F]{6}\b")
_FONT = re.compile(r"'DejaVu Sans'[^;]*")
_UNFIT = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # no XML can hold these


def inline_svg(figure: Figure, key: str, title: str, description: str) -> str:
    """The figure as one ``<svg>`` element. ``key`` makes its ids the page's only ones."""
    root = ElementTree.fromstring(_UNFIT.sub("", _drawn(figure)))
    for parent in root.iter():
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)
    for element in root.iter():
        _make_ours(element, key)
    width, height = (float(part) for part in root.attrib["viewBox"].split()[2:])
    root.attrib = {
        "viewBox": root.attrib["viewBox"],
        "role": "img",
        "aria-labelledby": f"{key}-title {key}-desc",
        "class": "picture",
        "style": f"max-width: {width * 4 / 3:.0f}px; aspect-ratio: {width:.0f} / {height:.0f}",
    }
    for place, (name, text) in enumerate((("title", title), ("desc", description))):
        told = ElementTree.Element(f"{{{SVG}}}{name}", {"id": f"{key}-{name}"})
        told.text = _UNFIT.sub("", text)
        root.insert(place, told)
    ElementTree.register_namespace("", SVG)
    return ElementTree.tostring(root, encoding="unicode")


def _drawn(figure: Figure) -> str:
    out = io.StringIO()
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph .* missing from", UserWarning)
        matplotlib.rcParams.update({**style.STYLE, "svg.fonttype": "none"})
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return out.getvalue()


def _make_ours(element: ElementTree.Element, key: str) -> None:
    """Ids with the key before them, and everything that names them; colours and letters as the page has them."""
    text = element.tag in (f"{{{SVG}}}text", f"{{{SVG}}}tspan")
    link = element.attrib.pop(f"{{{XLINK}}}href", None)
    if link is not None:
        element.attrib["href"] = link
    for name, value in list(element.attrib.items()):
        if name == "id":
            element.attrib[name] = f"{key}-{value}"
        elif name == "href":
            element.attrib[name] = value.replace("#", f"#{key}-", 1)
        else:
            value = value.replace("url(#", f"url(#{key}-")
            value = _HEX.sub(lambda found: _variable(found.group(), text), value)
            element.attrib[name] = _FONT.sub("system-ui, sans-serif", value)
    if text and "fill" not in element.attrib.get("style", "") and "fill" not in element.attrib:
        element.attrib["fill"] = "var(--ink)"


def _variable(colour: str, text: bool) -> str:
    """Letters have darker (or, on dark paper, lighter) colours than areas: they are thin."""
    name = _NAMES.get(colour.lower())
    if name is None:
        return colour
    return f"var(--{name}-text)" if text and name in _LETTERS else f"var(--{name})"
