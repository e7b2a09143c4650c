"""From what was written to what is validated: segments over customers, emotions over the defaults."""

import os
from dataclasses import replace
from functools import cache
from pathlib import Path

from sim.scenario.nodes import DEFAULT, Node, Origin, from_plain, merge, plain
from sim.scenario.psychology import EMOTIONS, Emotion
from sim.scenario.shapes import Fields, Names, as_written, short_form
from sim.scenario.spreads import FAMILIES

EVERYONE = "everyone"
_OWN = (
    "share",
    "like",
    "prospects",
    "hears_of_us",
    "hears_from_others",
    "others",
)  # keys of a segment that `like` does not pass on


def prepare(root: Node) -> Node:
    """The same tree with every segment, emotion and file name spelled out."""
    parts = dict(root.value)
    parts["segments"] = _segments(root)
    if "customers" in parts:
        parts["customers"] = _alone(parts["customers"])
    if root.get("enters") and root.value["enters"].value is not None:
        parts["population"] = _no_founders(root.get("population"))
    parts["psychology"] = _psychology(root.get("psychology"))
    if "touchpoints" in parts:
        parts["touchpoints"] = _find_scripts(parts["touchpoints"])
    return find_files(replace(root, value=parts))


def _segments(root: Node) -> Node:
    customers = root.get("customers") or Node({}, DEFAULT)
    segments = root.get("segments") or Node({}, DEFAULT)
    if not (segments.is_mapping or segments.value is None):
        return segments
    named = {name: node for name, node in (segments.value or {}).items() if node.value is not None}
    if not named:
        everyone = Node({"share": Node(1, DEFAULT)}, DEFAULT)
        return Node({EVERYONE: _over(customers, everyone)}, segments.origin)
    return replace(segments, value={name: _over(customers, _alike(named, name, ())) for name in named})


def _alike(segments: dict[str, Node], name: str, seen: tuple[str, ...]) -> Node:
    """A segment over the one it is like; what is wrong with `like` itself is found later."""
    node = segments[name]
    like = str(plain(node.get("like") or Node("", DEFAULT)))
    if like not in segments or like in (*seen, name):
        return node
    other = _alike(segments, like, (*seen, name))
    if not other.is_mapping:
        return node
    traits = {key: item for key, item in other.value.items() if key not in _OWN}
    return _over(replace(other, value=traits), node)


def _over(base: Node, over: Node) -> Node:
    merged = merge(base, over, short_form, ("customers",))
    return replace(merged, origin=over.origin)


def _alone(customers: Node) -> Node:
    """What is true of everyone may be a spread without a mean, which only the segments complete."""
    if not customers.is_mapping:
        return customers
    traits = {name: _without_half_spread(node) for name, node in customers.value.items()}
    kept = {
        name: node for name, node in traits.items() if node.value != {} or customers.value[name].value == {}
    }
    return replace(customers, value=kept)


def _without_half_spread(trait: Node) -> Node:
    if not trait.is_mapping or "mean" in trait.value or any(key in FAMILIES for key in trait.value):
        return trait
    return replace(trait, value={key: node for key, node in trait.value.items() if key not in ("cv", "sd")})


def _no_founders(population: Node | None) -> Node:
    """Where people enter later, nobody is there on day 0 unless a size says so."""
    nobody = Node({"size": Node(0, DEFAULT)}, DEFAULT)
    return nobody if population is None else merge(nobody, population, short_form)


def _psychology(node: Node | None) -> Node:
    """Emotions merged over the defaults; nothing to do where psychology is switched off."""
    node = Node({}, DEFAULT) if node is None or node.value is None else node
    emotions = node.get("emotions") or Node({}, DEFAULT)
    if not (node.is_mapping and emotions.is_mapping):
        return node
    merged = merge(_default_emotions(), emotions, short_form, ("psychology", "emotions"))
    return replace(node, value={**node.value, "emotions": replace(merged, origin=emotions.origin)})


@cache
def _default_emotions() -> Node:
    return from_plain(as_written(EMOTIONS, Names(Fields(Emotion))), DEFAULT)


def find_files(node: Node) -> Node:
    """File names made absolute: they are written relative to the file they stand in."""
    if not node.is_mapping:
        return node
    parts = {key: find_files(item) for key, item in node.value.items()}
    file = parts.get("file")
    if file and isinstance(file.value, str) and "column" in parts:
        parts["file"] = replace(file, value=os.path.normpath(_folder(file.origin) / file.value))
    same = all(item is node.value[key] for key, item in parts.items())
    return node if same else replace(node, value=parts)


def _find_scripts(touchpoints: Node) -> Node:
    """The files of touchpoints written in Python, made absolute in the same way."""
    if not touchpoints.is_mapping:
        return touchpoints
    return replace(touchpoints, value={name: _find_script(node) for name, node in touchpoints.value.items()})


def _find_script(touchpoint: Node) -> Node:
    script = touchpoint.get("python")
    if script is None or not isinstance(script.value, str):
        return touchpoint
    path = os.path.normpath(_folder(script.origin) / script.value)
    return replace(touchpoint, value={**touchpoint.value, "python": replace(script, value=path)})


def _folder(origin: Origin) -> Path:
    return origin.file.parent if origin.file else origin.folder or Path.cwd()
