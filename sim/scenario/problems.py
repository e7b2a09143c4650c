"""Everything that is wrong with a scenario, each with its place, its path and plain words."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sim.errors import Problem
from sim.scenario.nodes import DEFAULT, Node, Origin, children
from sim.scenario.shapes import ROOT, Fields, Shape, keys_of, shape_at
from sim.scenario.wrong import Wrong, nearest, shown

KeyPath = tuple[str, ...]


class Complaints:
    """Problems found in one tree, given back in file order, each place complained about once.

    ``shape`` is what the tree should look like: a scenario, if nothing else is said.
    """

    def __init__(self, root: Node, sources: Sequence[Path] = (), shape: Shape = ROOT):
        self.root, self.shape = root, shape
        self._order = {path: k for k, path in reversed(list(enumerate(sources)))}
        self._found: dict[tuple[str, str], tuple[tuple[int, int, int], Problem]] = {}

    def add(self, path: KeyPath, message: str, *, key: bool = False) -> None:
        """Complain about the value at a path, or about its key.

        What is missing is complained about at the key it is missing from.
        """
        origin, depth = _follow(self.root, path)
        at_key = key
        if depth < len(path):
            parent = _find(self.root, path[:depth])
            at_key = parent.is_mapping
            path = path if parent.is_mapping else path[:depth]
        problem = Problem(
            origin.at_key if at_key else str(origin), ".".join(self._first_written(path)), message
        )
        self._found.setdefault(
            (problem.where or problem.path, message), (self._place(origin, at_key), problem)
        )

    def sorted(self) -> list[Problem]:
        """All problems: by file in the order they were read, then by line and column."""
        return [problem for _, problem in sorted(self._found.values(), key=lambda found: found[0])]

    def _place(self, origin: Origin, at_key: bool) -> tuple[int, int, int]:
        file = self._order.get(origin.file, len(self._order)) if origin.file else len(self._order)
        return (file, origin.key_line, origin.key_column) if at_key else (file, origin.line, origin.column)

    def _first_written(self, path: KeyPath) -> KeyPath:
        """What a segment has from ``customers`` is wrong there."""
        above = ("customers", *path[2:])
        if path[:1] != ("segments",) or len(path) < 3:
            return path
        (own, depth), (general, general_depth) = _follow(self.root, path), _follow(self.root, above)
        return above if own == general and depth == general_depth + 1 else path


def _find(root: Node, path: KeyPath) -> Node:
    for key in path:
        root = dict(children(root))[key]
    return root


def _follow(root: Node, path: KeyPath) -> tuple[Origin, int]:
    """The origin at the end of a path, or as far as it was written, and how far that is."""
    node, origin, depth = root, root.origin, 0
    for key in path:
        below = dict(children(node)).get(key)
        if below is None:
            break
        node, depth = below, depth + 1
        origin = origin if node.origin is DEFAULT else node.origin
    return origin, depth


# ---------------------------------------------------------------- from pydantic
def translate(error: ValidationError, complaints: Complaints) -> None:
    """Every complaint of pydantic in words of our own."""
    for item in error.errors(include_url=False):
        _translate(item, complaints)


def _translate(item: Mapping[str, Any], complaints: Complaints) -> None:
    missing = item["type"] == "missing"
    path = _written_path(complaints.root, item["loc"], missing)
    wrong = item.get("ctx", {}).get("error")
    if isinstance(wrong, Wrong):
        complaints.add((*path, *wrong.at), wrong.message, key=wrong.key)
    elif item["type"] == "extra_forbidden":
        complaints.add(path, _unknown_key(path, complaints.shape), key=True)
    elif missing:
        complaints.add(path, f"missing: {_meaning(path)}")
    else:
        expected = _expected(item, shape_at(path, complaints.shape))
        complaints.add(path, f"{expected}, got {shown(item['input'])}{_hint(item)}")


def _written_path(root: Node, location: Sequence[int | str], missing: bool) -> KeyPath:
    """Pydantic's location without the steps that are not in the file."""
    path, node = [], root
    for part in map(str, location):
        below = dict(children(node)).get(part)
        if below is not None:
            path.append(part)
            node = below
    return (*path, str(location[-1])) if missing else tuple(path)


def _unknown_key(path: KeyPath, root: Shape) -> str:
    known = keys_of(shape_at(path[:-1], root))
    return f"unknown key{nearest(path[-1], known) or '; expected one of ' + ', '.join(known)}"


def _meaning(path: KeyPath) -> str:
    """The description of a field that is missing."""
    shape = shape_at(path[:-1])
    fields = shape.model.model_fields if isinstance(shape, Fields) else {}
    texts = {info.alias or name: info.description for name, info in fields.items()}
    return texts.get(path[-1]) or "it is required"


_EXPECTED = {"string_type": "text", "bool_type": "true or false", "bool_parsing": "true or false"}


def _expected(item: Mapping[str, Any], shape: Shape | None) -> str:
    if item["type"] == "literal_error":
        return "expected " + item["ctx"]["expected"].replace("'", "")
    if item["type"] in ("model_type", "dict_type", "mapping_type", "model_attributes_type"):
        keys = keys_of(shape)[:4]
        return f"expected a mapping with keys such as {', '.join(keys)}" if keys else "expected a mapping"
    return "expected " + _EXPECTED.get(item["type"], "a date such as 2026-01-05")


def _hint(item: Mapping[str, Any]) -> str:
    """The nearest right thing, if there is one."""
    if item["type"] == "literal_error":
        return nearest(
            item["input"], item["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        )
    number = item["type"] == "string_type" and isinstance(item["input"], int | float)
    return "; write it in quotes" if number else ""
