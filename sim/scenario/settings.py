"""``--set path.to.key=value``, and its twin for Python, ``extra={"path.to.key": value}``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sim.errors import Problem, ScenarioError
from sim.scenario.nodes import Node, Origin, children, from_plain, merge
from sim.scenario.prepare import prepare
from sim.scenario.shapes import Names, shape_at, short_form
from sim.scenario.wrong import Wrong, choice, shown
from sim.scenario.yaml_file import read_text

KeyPath = tuple[str, ...]


@dataclass(frozen=True)
class Setting:
    """One value to be laid over a scenario, and how it was asked for."""

    path: KeyPath
    node: Node
    label: str


def split_path(text: str) -> KeyPath:
    """``a.b.c`` as keys; the keys of ``assumed`` are paths themselves and stay whole."""
    first, _, rest = text.strip().partition(".")
    return (first, rest) if first == "assumed" and rest else tuple(text.strip().split("."))


def read_settings(sets: Sequence[str], extra: Mapping[str, Any] | None) -> list[Setting]:
    """All settings in order. Raises :class:`ScenarioError` for one without ``=`` or with bad YAML."""
    return [_from_text(text) for text in sets] + [_from_value(*item) for item in (extra or {}).items()]


def _from_text(text: str) -> Setting:
    path, equals, value = text.partition("=")
    label = f"--set {text}"
    if not equals or not path.strip():
        raise ScenarioError([Problem(label, "", "expected path.to.key=value")])
    return Setting(split_path(path), read_text(value, Origin(label=label)), label)


def _from_value(path: str, value: Any) -> Setting:
    label = f"set {path}={shown(value)}"
    try:
        return Setting(split_path(path), from_plain(value, Origin(label=label)), label)
    except Wrong as wrong:
        raise ScenarioError([Problem(label, path, wrong.message)]) from None


def apply(root: Node, settings: Sequence[Setting], tree: Node | None = None) -> Node:
    """The tree with every setting laid over it; ``tree`` is what it is prepared, if that is known.

    Raises :class:`ScenarioError` for paths that lead nowhere.
    """
    problems: list[Problem] = []
    for setting in settings:
        tree = tree or prepare(root)
        wrong = missing_name(tree, setting.path)
        if wrong:
            problems.append(Problem(setting.label, ".".join(setting.path), wrong))
        else:
            root = _laid(root, setting.path, setting.node, ())
            if not (_is_leaf(setting.node) and _is_leaf(_at(tree, setting.path))):
                tree = None  # there may be other names now
    if problems:
        raise ScenarioError(problems)
    return root


def _at(node: Node | None, path: KeyPath) -> Node | None:
    """What is at a path; None where nothing is."""
    for key in path:
        node = dict(children(node)).get(key) if node else None
    return node


def _is_leaf(node: Node | None) -> bool:
    """Whether a node is one value, which has no names below it."""
    return node is not None and node.value is not None and not isinstance(node.value, dict | list)


def _laid(node: Node, path: KeyPath, value: Node, above: KeyPath) -> Node:
    """``value`` laid over what is at ``path`` below a node; items of lists go by their number."""
    if not path:
        return merge(node, value, short_form, above)
    key, rest = path[0], path[1:]
    if isinstance(node.value, list) and key in dict(children(node)):
        items = list(node.value)
        items[int(key)] = _laid(items[int(key)], rest, value, (*above, key))
        return replace(node, value=items)
    inside = node.get(key)
    if inside is not None:
        return replace(node, value={**node.value, key: _laid(inside, rest, value, (*above, key))})
    for step in reversed(path):
        value = Node({step: value}, value.origin)
    return merge(node, value, short_form, above)


def missing_name(root: Node, path: KeyPath) -> str:
    """Why a setting cannot be laid at a path: a name on the way that does not exist; empty if all do.

    The last key may be new (an emotion, an edge); what the schema does not know is found on validation.
    """
    node: Node | None = root
    for depth, key in enumerate(path[:-1]):
        names = dict(children(node)) if node else {}
        chosen = isinstance(shape_at(path[:depth]), Names) or (
            node is not None and isinstance(node.value, list)
        )
        if chosen and key not in names and not (node and node.value == key):
            return f"there is no {shown(key)} here{choice(key, names)}"
        node = names.get(key)
    return ""
