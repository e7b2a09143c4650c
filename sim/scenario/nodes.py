"""Trees of written values that remember where each was written, and how they are merged."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sim.scenario.spreads import FAMILIES, KEYS
from sim.scenario.wrong import Wrong, shown


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from: a place in a file (counted from 1), a ``--set``, or a default."""

    file: Path | None = None
    line: int = 0
    column: int = 0
    key_line: int = 0
    key_column: int = 0
    label: str = ""
    folder: Path | None = None  # where the files it names are, if not beside ``file``

    def __str__(self) -> str:
        return self._place(self.line, self.column)

    @property
    def at_key(self) -> str:
        """The place of the key rather than of its value."""
        return self._place(self.key_line or self.line, self.key_column or self.column)

    def _place(self, line: int, column: int) -> str:
        if not self.file:
            return self.label
        return f"{relative(self.file)}:{line}:{column}" if line else relative(self.file)


def relative(file: Path) -> str:
    """A file as messages name it: relative to the working folder where it lies below it."""
    try:
        return str(file.relative_to(os.getcwd()))
    except (ValueError, OSError):
        return str(file)


DEFAULT = Origin(label="default")


@dataclass(frozen=True, slots=True)
class Node:
    """A written value: a mapping or list of nodes, or a plain scalar. None stands for "taken away"."""

    value: Any
    origin: Origin

    @property
    def is_mapping(self) -> bool:
        """Whether it has keys."""
        return isinstance(self.value, dict)

    def get(self, key: str) -> "Node | None":
        """The entry of a mapping."""
        return self.value.get(key) if self.is_mapping else None


MAX_DEPTH = 40


def from_plain(value: Any, origin: Origin, depth: int = 0) -> Node:
    """Plain data, all of it from one origin. Raises :class:`Wrong` for keys that are not text."""
    if depth > MAX_DEPTH:
        raise Wrong("nested too deeply")
    if isinstance(value, Mapping):
        return Node({_text(key): from_plain(item, origin, depth + 1) for key, item in value.items()}, origin)
    if isinstance(value, list | tuple):
        return Node([from_plain(item, origin, depth + 1) for item in value], origin)
    return Node(value, origin)


def _text(key: object) -> str:
    if not isinstance(key, str):
        raise Wrong(f"expected a key that is text, got {shown(key)}")
    return key


def plain(node: Node) -> Any:
    """The values alone; keys whose value is None are gone."""
    if node.is_mapping:
        return {key: plain(item) for key, item in node.value.items() if item.value is not None}
    if isinstance(node.value, list):
        return [plain(item) for item in node.value]
    return node.value


def written(node: Node) -> Any:
    """The values alone, with the None of keys that were taken away."""
    if node.is_mapping:
        return {key: written(item) for key, item in node.value.items()}
    return [written(item) for item in node.value] if isinstance(node.value, list) else node.value


def origins(node: Node, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Origin]:
    """The origin of every value by its path."""
    found = {path: node.origin}
    for key, item in children(node):
        found |= origins(item, (*path, key))
    return found


def children(node: Node) -> list[tuple[str, Node]]:
    """Entries of a mapping, or items of a list under their numbers."""
    if node.is_mapping:
        return list(node.value.items())
    return [(str(k), item) for k, item in enumerate(node.value)] if isinstance(node.value, list) else []


ShortForm = Callable[[tuple[str, ...]], str | None]


def merge(base: Node | None, over: Node, short_form: ShortForm, path: tuple[str, ...] = ()) -> Node:
    """``over`` laid over ``base``: mappings key by key, anything else replaced.

    ``short_form(path)`` is the key that a bare value stands for: ``mean`` where a distribution stands,
    ``weight`` at an edge. A bare value replaces a whole distribution, but only the weight of an edge. The
    keys of a distribution replace each other as a group as soon as either side names a family; ``cv`` and
    ``sd`` replace each other.
    """
    if base is None:
        return over
    key = short_form(path)
    if key:
        base, over = _long_forms(base, over, key)
    if not (base.is_mapping and over.is_mapping):
        return over
    kept = _kept(base.value, over.value) if key == "mean" else base.value
    merged = dict(kept)
    for name, item in over.value.items():
        merged[name] = merge(kept.get(name), item, short_form, (*path, name))
    return replace(base, value=merged)


def _long_forms(base: Node, over: Node, key: str) -> tuple[Node, Node]:
    """Both sides as mappings, where one is a mapping and the other a bare value."""
    if base.is_mapping and _is_bare(over):
        others = {name: node for name, node in base.value.items() if name not in KEYS}
        base = replace(base, value=others) if key == "mean" else base
        return (base, Node({key: over}, over.origin)) if base.value else (base, over)
    if over.is_mapping and _is_bare(base):
        return Node({key: base}, base.origin), over
    return base, over


def _is_bare(node: Node) -> bool:
    return node.value is not None and not isinstance(node.value, dict | list)


def _kept(base: dict[str, Node], over: dict[str, Node]) -> dict[str, Node]:
    """What remains of a distribution's keys under those of another."""
    new = [key for key in over if key in KEYS]
    if new and any(key in FAMILIES for key in (*base, *new)):
        return {key: node for key, node in base.items() if key not in KEYS}
    rivals = {"cv": "sd", "sd": "cv"}
    gone = {rivals[key] for key in new if key in rivals}
    return {key: node for key, node in base.items() if key not in gone}
