"""A scenario with everything filled in, and where each value comes from."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic.fields import FieldInfo

from sim.scenario.nodes import DEFAULT, Node, children, from_plain
from sim.scenario.schema import Scenario
from sim.scenario.shapes import ROOT, Fields, Other, Shape, as_written, child_of, fields, short_form
from sim.scenario.spreads import KEYS

COLUMN = 58  # where the origins begin
_PLAIN = re.compile(r"-?[\w.]((?!: | #)[^\n])*(?<![:\s])")  # text that needs no quotes
Line = tuple[str, str]  # text and origin


def describe(scenario: Scenario) -> str:
    """The scenario as YAML text; every value is followed by its file and line, ``default`` or ``--set``.

    Segments are shown with all that they have from ``customers``.
    """
    tree = scenario._tree
    if tree is None:
        return ""
    lines = _record(tree, ROOT, "")
    return "\n".join(f"{text:<{COLUMN}}  # {origin}" if origin else text for text, origin in lines)


def _record(node: Node, shape: Fields, indent: str) -> Iterator[Line]:
    """The fields of a record in the order of the schema: those written, and the defaults of the others."""
    defaults = defaults_of(shape, node)
    for key in fields(shape.model):
        child = node.get(key)
        if child is not None and child.value is not None:
            yield from _entry(key, child, child_of(shape, key), indent)
        elif child is None and key in defaults:
            yield from _entry(key, from_plain(defaults[key], DEFAULT), child_of(shape, key), indent)


def defaults_of(shape: Fields, node: Node) -> dict[str, Any]:
    """The defaults of a record as a file would hold them, without those that say nothing."""
    found = {}
    for name, info in shape.model.model_fields.items():
        key = info.alias or name
        value = None if info.is_required() else info.get_default(call_default_factory=True)
        field = fields(shape.model).get(key)
        if field and value not in (None, {}, "") and not _is_derived(info):
            found[key] = as_written(value, field)
    if hasattr(shape.model, "inline") and not any(key in node.value for key in KEYS):
        found["mean"] = "never"
    return found


def node_at(scenario: Scenario, keys: Sequence[str]) -> Node | None:
    """What stands at a path, written or as a default; None where nothing does."""
    node = scenario._tree
    shape: Shape | None = ROOT
    for depth, key in enumerate(keys):
        node = _child(node, shape, key, short_form(tuple(keys[:depth])))
        shape = child_of(shape, key)
    return node


def _child(node: Node | None, shape: Shape | None, key: str, short: str | None) -> Node | None:
    if node is not None and not node.is_mapping:
        return node if key == short and node.value is not None else None
    if node is not None and node.get(key) is not None:
        return node.get(key)
    if not isinstance(shape, Fields):
        return None
    defaults = defaults_of(shape, node or Node({}, DEFAULT))
    return from_plain(defaults[key], DEFAULT) if key in defaults else None


def _is_derived(info: FieldInfo) -> bool:
    return isinstance(info.json_schema_extra, dict) and "derived" in info.json_schema_extra


def _entry(key: str, node: Node, shape: Shape | None, indent: str) -> Iterator[Line]:
    label = f"{indent}{_scalar(key)}:"
    if isinstance(node.value, list):
        yield f"{label} [{', '.join(_scalar(item.value) for item in node.value)}]", _origin(node)
    elif not node.is_mapping:
        yield f"{label} {_scalar(node.value)}", _origin(node)
    elif isinstance(shape, Fields) or node.value:
        yield label, ""
        yield from _inside(node, shape, indent + "  ")


def _inside(node: Node, shape: Shape | None, indent: str) -> Iterator[Line]:
    if isinstance(shape, Fields):
        yield from _record(node, shape, indent)
        return
    for key, child in children(node):
        if child.value is not None:
            yield from _entry(key, child, child_of(shape, key) or Other(Any), indent)


def _origin(node: Node) -> str:
    """File and line; columns are for messages."""
    return str(node.origin).rpartition(":")[0] if node.origin.line else str(node.origin)


def _scalar(value: Any) -> str:
    """A value as YAML writes it; text is quoted only where it must be."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(value)
    return value if _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)
