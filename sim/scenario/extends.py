"""``extends``: a file over those it builds on."""

import os
from functools import reduce
from pathlib import Path

from sim.errors import Problem, ScenarioError
from sim.scenario.nodes import Node, merge, relative
from sim.scenario.shapes import short_form
from sim.scenario.wrong import closest, reason, shown
from sim.scenario.yaml_file import read_yaml


class Chain:
    """The files of a scenario.

    ``sources`` in the order they were read; ``layers``, what each file itself says, from the root upwards:
    every file once, after those it extends. So two strategies over one baseline can be combined.
    """

    def __init__(self) -> None:
        self.sources: list[Path] = []
        self.layers: list[Node] = []

    def read(self, file: Path) -> None:
        """Take in a file and all that it extends. Raises :class:`ScenarioError`."""
        try:
            text = _text(file)
        except (OSError, ValueError) as error:
            message = f"cannot be read: {reason(error)}{_hint(file, error)}"
            raise ScenarioError([Problem(relative(file), "", message)]) from None
        self._add_file(file, text, ())

    def add(self, root: Node, folder: Path, above: tuple[Path, ...] = ()) -> None:
        """Take in a tree, after all that it extends; ``above`` are the files that led here."""
        for name in _names(root.get("extends")):
            self._add_extended(name, folder, above)
        self.layers.append(
            Node({key: node for key, node in root.value.items() if key != "extends"}, root.origin)
        )

    def merged(self) -> Node:
        """All layers laid over one another."""
        root = reduce(lambda base, over: merge(base, over, short_form), self.layers)
        return Node(root.value, self.layers[-1].origin)

    def _add_extended(self, name: Node, folder: Path, above: tuple[Path, ...]) -> None:
        file = Path(os.path.normpath(folder / name.value))
        if file in above:
            way = " -> ".join(relative(one) for one in (*above[above.index(file) :], file))
            raise ScenarioError([Problem(str(name.origin), "extends", f"goes round in a circle: {way}")])
        if file in self.sources:
            return
        try:
            text = _text(file)
        except (OSError, ValueError) as error:
            message = f"cannot read {shown(name.value)}: {reason(error)}{_hint(file, error)}"
            raise ScenarioError([Problem(str(name.origin), "extends", message)]) from None
        self._add_file(file, text, above)

    def _add_file(self, file: Path, text: str, above: tuple[Path, ...]) -> None:
        self.sources.append(file)
        root = read_yaml(text, file)
        if design := root.get("design"):
            message = (
                f"this is a design of a sweep, not a scenario; run it with: touchpoint sweep {relative(file)}"
            )
            raise ScenarioError([Problem(design.origin.at_key, "design", message)])
        self.add(root, file.parent, (*above, file))


def _text(file: Path) -> str:
    return file.read_bytes().decode("utf-8-sig")


def _hint(file: Path, error: Exception) -> str:
    """A file in a folder, or beside a missing one, that may have been meant."""
    if isinstance(error, IsADirectoryError):
        inside = _scenarios(file)
        return f"; name a file in it: {', '.join(path.name for path in inside)}" if inside else ""
    if not isinstance(error, FileNotFoundError):
        return ""
    beside = {path.stem: path.name for path in _scenarios(file.parent)}
    close = closest(file.stem, beside)
    return f"; did you mean '{beside[close]}'?" if close else ""


def _scenarios(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.y*ml"))


def _names(extends: Node | None) -> list[Node]:
    if extends is None or extends.value is None:
        return []
    names = extends.value if isinstance(extends.value, list) else [extends]
    for name in names:
        if not isinstance(name.value, str):
            message = f"expected a file name or a list of them, got {shown(name.value)}"
            raise ScenarioError([Problem(str(name.origin), "extends", message)])
    return names
