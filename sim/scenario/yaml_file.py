"""One YAML 1.2 text as a tree of nodes with positions.

The text is only composed, not constructed: ruamel.yaml gives the nodes with their marks and we take
the scalars as YAML 1.2 defines them. So duplicate keys, tags and keys that are not text are reported
where they stand, and no tag ever builds an object.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from sim.errors import Problem, ScenarioError
from sim.scenario.nodes import MAX_DEPTH, Node, Origin

MAX_VALUES = 100_000  # a few aliases of aliases make billions
KeyPath = tuple[str, ...]
_TAG = "tag:yaml.org,2002:"


def read_yaml(text: str, file: Path) -> Node:
    """The tree of a file's text. Raises :class:`ScenarioError`: not YAML, or not keys and values."""
    root = _Reader(Origin(file=file)).read(text)
    if root.is_mapping:
        return root
    message = "the file is empty" if root.value is None else "expected keys and values at the top"
    raise ScenarioError([Problem(str(root.origin), "", message)])


def read_text(text: str, origin: Origin) -> Node:
    """The tree of a piece of text, such as the value of ``--set``. Raises :class:`ScenarioError`."""
    return _Reader(origin).read(text)


class _Hopeless(Exception):
    """The text cannot be read any further."""

    def __init__(self, origin: Origin, message: str):
        super().__init__(message)
        self.problem = Problem(str(origin), "", message)


class _Reader:
    """Turns text into nodes and collects what is wrong on the way."""

    def __init__(self, origin: Origin):
        self.origin, self.values = origin, 0
        self.problems: list[Problem] = []

    def read(self, text: str) -> Node:
        """The root of the tree. Raises :class:`ScenarioError` with every problem found."""
        try:
            raw = self._composed(text)
            root = Node(None, self.origin) if raw is None else self._node(raw, (), self._at(raw.start_mark))
        except _Hopeless as hopeless:
            raise ScenarioError([*self.problems, hopeless.problem]) from None
        if self.problems:
            raise ScenarioError(self.problems)
        return root

    def _composed(self, text: str) -> Any:
        try:
            return YAML(typ="safe", pure=True).compose(text)
        except RecursionError:
            raise _Hopeless(self.origin, "nested too deeply") from None
        except MarkedYAMLError as error:
            origin = self._at(error.problem_mark or error.context_mark)
            raise _Hopeless(origin, f"not valid YAML: {_first_line(error)}") from None
        except Exception as error:  # ruamel.yaml itself trips over some malformed texts
            raise _Hopeless(self.origin, f"not valid YAML: {_first_line(error)}") from None

    def _at(self, mark: Any, key_mark: Any = None) -> Origin:
        if self.origin.file is None or mark is None:
            return self.origin
        key = key_mark or mark
        return Origin(self.origin.file, mark.line + 1, mark.column + 1, key.line + 1, key.column + 1)

    def _complain(self, origin: Origin, path: KeyPath, message: str) -> None:
        self.problems.append(Problem(str(origin), ".".join(path), message))

    def _node(self, raw: Any, path: KeyPath, origin: Origin) -> Node:
        """One value and all below it."""
        self.values += 1
        if len(path) > MAX_DEPTH or self.values > MAX_VALUES:
            raise _Hopeless(origin, "nested too deeply, or too large")
        return Node(self._value(raw, path, origin), origin)

    def _value(self, raw: Any, path: KeyPath, origin: Origin) -> Any:
        kind = str(raw.tag).removeprefix(_TAG)
        if isinstance(raw, MappingNode) and kind == "map":
            return self._mapping(raw, path)
        if isinstance(raw, SequenceNode) and kind == "seq":
            items = enumerate(raw.value)
            return [self._node(item, (*path, str(k)), self._at(item.start_mark)) for k, item in items]
        if isinstance(raw, ScalarNode) and kind in _SCALARS:
            return _scalar(kind, raw.value)
        self._complain(origin, path, f"expected plain YAML, got the tag {raw.tag}")
        return None

    def _mapping(self, raw: MappingNode, path: KeyPath) -> dict[str, Node]:
        found: dict[str, Node] = {}
        for key, value in raw.value:
            name, place = self._key(key, path), self._at(key.start_mark)
            if name in found:
                line = found[name].origin.key_line
                self._complain(place, (*path, name), f"duplicate key; it is in line {line} already")
            elif name is not None:
                found[name] = self._node(value, (*path, name), self._at(value.start_mark, key.start_mark))
        return found

    def _key(self, key: Any, path: KeyPath) -> str | None:
        """The text of a key, just as it is written (``1``, ``yes``); None if it is no text."""
        if not isinstance(key, ScalarNode):
            self._complain(self._at(key.start_mark), path, "expected a key that is text")
        elif str(key.tag) == f"{_TAG}merge":
            message = "merge keys (<<) are not used here; use extends, or like for segments"
            self._complain(self._at(key.start_mark), path, message)
        else:
            return key.value
        return None


def _first_line(error: Exception) -> str:
    text = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    return text.strip().splitlines()[0] if text.strip() else type(error).__name__


# ---------------------------------------------------------------- scalars
def _float(text: str) -> float:
    word = text.lower().lstrip("+-")
    if word in (".inf", ".nan"):
        return float(text.lower().replace(".", ""))
    return float(text.replace("_", ""))


def _int(text: str) -> int | float:
    """Whole numbers; those with thousands of digits become infinite, which every quantity refuses."""
    bare = text.replace("_", "")
    bases = {"0o": 8, "0x": 16, "0b": 2}
    base = bases.get(bare.lstrip("+-")[:2].lower(), 10)
    return int(bare, base) if len(bare) < 400 else math.inf


_SCALARS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "int": _int,
    "float": _float,
    "bool": lambda text: text.lower() in ("true", "yes", "on", "y"),
    "null": lambda text: None,
    "timestamp": str,
    "value": str,
}


def _scalar(kind: str, text: str) -> Any:
    try:
        return _SCALARS[kind](text)
    except ValueError:  # `!!int x`
        return text
