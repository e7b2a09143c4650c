"""Scenarios that differ from one that was read: other values, or without some of what a strategy changes.

Every variant keeps the people and the past of the scenario it is made from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sim.scenario.assumptions import Assumption
from sim.scenario.checks import must_exist, read_assumptions
from sim.scenario.loading import validated
from sim.scenario.nodes import DEFAULT, Node, children, written
from sim.scenario.schema import Scenario
from sim.scenario.settings import KeyPath, apply, read_settings, split_path
from sim.scenario.shapes import ROOT, Fields, Names, Shape, child_of
from sim.scenario.show import node_at
from sim.scenario.wrong import Wrong

TOLD = ("name", "about", "assumed", "windows", "currency")  # what a file says that moves nobody
SUPPORTS = ("touchpoints", "staff", "stock", "signals", "calendars", "seasons")  # act through what names them
_ONE = {
    "campaigns": "campaign",
    "events": "event",
    "touchpoints": "touchpoint",
    "segments": "segment",
    "journeys": "journey",
    "loyalty": "loyalty programme",
    "signals": "signal",
}


# ---------------------------------------------------------------- other values
def with_values(scenario: Scenario, values: Mapping[str, Any]) -> Scenario:
    """The scenario, and its baseline, with other values at those of the paths that they have.

    A baseline that has none of them stays the same object. Raises :class:`sim.errors.ScenarioError` where a value is
    not right.
    """
    changed = _with_values(scenario, values)
    if scenario.baseline is not scenario:
        changed = changed.model_copy() if changed is scenario else changed
        changed._baseline = _with_values(scenario.baseline, values)
    return changed


def _with_values(scenario: Scenario, values: Mapping[str, Any]) -> Scenario:
    there = {path: value for path, value in values.items() if has(scenario, path)}
    if not there:
        return scenario
    root = apply(_root(scenario), read_settings((), there), scenario._tree)
    return _made(root, scenario)


def as_strategy(scenario: Scenario, values: Mapping[str, Any]) -> Scenario:
    """The scenario with other values as a file that extends it would have them: the baseline stays as it is.

    Raises :class:`sim.errors.ScenarioError` for a path that leads nowhere and for a value that is not right.
    """
    changed = _made(apply(_root(scenario), read_settings((), values)), scenario)
    changed._baseline, changed._sources = scenario.baseline, scenario.sources
    return changed


def overlay(scenario: Scenario, paths: Iterable[str]) -> dict[str, Any]:
    """What a file that extends another has to say at these paths, to say there what the scenario says.

    Lists are said whole, as no file can change a single item.
    """
    root, said = _root(scenario), dict[str, Any]()
    for path in paths:
        node, inside, keys = root, said, split_path(path)
        for depth, key in enumerate(keys):
            node = dict(children(node))[key]
            if depth == len(keys) - 1 or isinstance(node.value, list):
                inside[key] = written(node)
                break
            inside = inside.setdefault(key, {})
    return said


def has(scenario: Scenario, path: str) -> bool:
    """Whether the scenario has everything on the way to a value, so that it can have that value."""
    keys = split_path(path)
    try:
        must_exist(keys, scenario._tree)
    except Wrong:
        return False
    return all(node_at(scenario, keys[:depth]) is not None for depth in range(1, len(keys)))


def _root(scenario: Scenario) -> Node:
    if scenario._root is None:
        raise ValueError(f"{scenario.name}: was not read from a file or from data, so it has no variants")
    return scenario._root


def _made(root: Node, like: Scenario) -> Scenario:
    made = validated(root, like.sources)
    made._path = like._path
    return made


# ---------------------------------------------------------------- assumptions over schema defaults
def default_assumptions(scenario: Scenario) -> dict[str, Assumption]:
    """Every schema default that has a range and that the scenario does not state otherwise, by its path."""
    if not scenario.psychology.on:
        return {}
    root = _root(scenario)
    inherited = Node({key: node for key, node in root.value.items() if key != "segments"}, root.origin)
    found = dict(_ranges(ROOT, inherited, ()))
    declared = scenario.model_copy(
        update={"assumed": {path: Assumption(text) for path, text in found.items()}}
    )
    return read_assumptions(declared, scenario._tree or Node({}, DEFAULT))[0]


def _ranges(shape: Shape | None, node: Node | None, path: KeyPath) -> Iterator[tuple[str, str]]:
    """The range of every default below a place."""
    inside = dict(children(node)) if node else {}
    if isinstance(shape, Names):
        for name, item in inside.items():
            yield from _ranges(child_of(shape, name), item, (*path, name))
    if not isinstance(shape, Fields):
        return
    declared = {info.alias or name: info for name, info in shape.model.model_fields.items()}
    for key, info in declared.items():
        extra = info.json_schema_extra
        if key not in inside and isinstance(extra, dict) and "assumption" in extra:
            yield ".".join((*path, key)), str(extra["assumption"])
    for key, info in declared.items():
        if key in inside or info.default_factory:  # a part that nobody wrote may be there all the same
            yield from _ranges(child_of(shape, key), inside.get(key), (*path, key))


# ---------------------------------------------------------------- what a strategy changes, piece by piece
@dataclass(frozen=True)
class Piece:
    """One thing that a strategy changes: a campaign, a trigger, a touchpoint, a part of `psychology` ...

    ``part_of`` names the piece without which this one does nothing: a trigger of a campaign's touchpoint.
    """

    name: str
    kind: str
    path: KeyPath
    part_of: str | None = None


def pieces(strategy: Scenario, first: Scenario) -> list[Piece]:
    """What a strategy changes in the first scenario, the parts of a piece behind it."""
    here, there = _root(strategy), _root(first)
    found: list[Piece] = []
    for section in _changed(here, there):
        if section not in TOLD:
            found += _in_section(section, here, there)
    return [part for piece in found for part in (piece, *_parts(piece, here, there))]


def _in_section(section: str, here: Node, there: Node) -> list[Piece]:
    mine, theirs = here.get(section), there.get(section)
    shape = child_of(ROOT, section)
    by_key = isinstance(shape, Fields) and _is_open(mine) and _is_open(theirs)
    if not (by_key or isinstance(shape, Names)):
        return [Piece(section, "setting", (section,))]
    found = []
    for name in _changed(mine, theirs):
        path = (section, name)
        if section in SUPPORTS and at(there, path) is None:
            continue
        triggers = _only_triggers(at(here, path), at(there, path)) if section == "touchpoints" else []
        found += [_trigger((*path, "triggers", trigger)) for trigger in triggers]
        if not triggers:
            found.append(Piece(".".join(path), _ONE.get(section, section), path))
    return found


def _trigger(path: KeyPath, part_of: str | None = None) -> Piece:
    return Piece(".".join(path), "trigger", path, part_of)


def _is_open(node: Node | None) -> bool:
    return node is not None and node.is_mapping


def _only_triggers(mine: Node | None, theirs: Node | None) -> list[str]:
    """The triggers that a touchpoint has changed, where it has changed nothing else."""
    alone = _is_open(mine) and _is_open(theirs) and _changed(mine, theirs) == ["triggers"]
    return _changed_triggers(mine, theirs) if alone else []


def _changed_triggers(mine: Node | None, theirs: Node | None) -> list[str]:
    return _changed(at(mine, ("triggers",)), at(theirs, ("triggers",)))


def _parts(piece: Piece, here: Node, there: Node) -> Iterator[Piece]:
    """Triggers of the touchpoints that a piece is, or brings with it."""
    if piece.kind == "trigger":
        return
    own = [piece.path] if piece.path[0] == "touchpoints" else []
    named = _words(at(here, piece.path))
    new = [("touchpoints", name) for name in _names(here, "touchpoints") if name in named]
    for path in (*own, *(path for path in new if at(there, path) is None)):
        for trigger in _changed_triggers(at(here, path), at(there, path)):
            where = (*path, "triggers", trigger)
            if at(here, where) is not None:
                yield _trigger(where, piece.name)


def without(strategy: Scenario, first: Scenario, taken: Iterable[Piece]) -> Scenario:
    """The strategy with pieces as they are in the first scenario; what only they named goes with them.

    Raises :class:`sim.errors.ScenarioError` where the rest cannot stand without them.
    """
    root, there = _root(strategy), _root(first)
    for piece in taken:
        root = _put(root, piece.path, _taken_away(piece, root, there))
    root = Node({key: node for key, node in root.value.items() if key != "assumed"}, root.origin)
    made = _made(_tidied(root, there), strategy)
    made._baseline = first.baseline
    return made


def _taken_away(piece: Piece, root: Node, there: Node) -> Node | None:
    """What stands where the piece stood: what was there before it; a new trigger has no strength."""
    before, mine = at(there, piece.path), at(root, piece.path)
    if before is not None or piece.kind != "trigger" or mine is None or not mine.is_mapping:
        return before
    return replace(mine, value={**mine.value, "strength": Node(0, mine.origin)})


def _tidied(root: Node, there: Node) -> Node:
    """Without the new touchpoints, staff and the like that nothing names any more."""
    while True:
        idle = [path for path in _new_supports(root, there) if path[1] not in _words(_put(root, path, None))]
        if not idle:
            return root
        for path in idle:
            root = _put(root, path, None)


def _new_supports(root: Node, there: Node) -> list[KeyPath]:
    paths = [(section, name) for section in SUPPORTS for name in _names(root, section)]
    return [path for path in paths if at(there, path) is None]


def _names(root: Node, section: str) -> list[str]:
    node = root.get(section)
    return list(node.value) if node and node.is_mapping else []


def _words(node: Node | None) -> set[str]:
    """Every key and every text in a tree."""
    if node is None:
        return set()
    if not (node.is_mapping or isinstance(node.value, list)):
        return {node.value} if isinstance(node.value, str) else set()
    below = (_words(item) for _, item in children(node))
    return set(node.value if node.is_mapping else ()).union(*below)


def likeness(scenario: Scenario) -> str:
    """The same text for scenarios that say the same of all that moves anybody."""
    told = {key: value for key, value in written(_root(scenario)).items() if key not in TOLD}
    return json.dumps(
        {key: value for key, value in told.items() if value not in ({}, None)}, sort_keys=True, default=str
    )


# ---------------------------------------------------------------- trees
def at(node: Node | None, path: Sequence[str]) -> Node | None:
    """What stands at a path; None where nothing does, or where it was taken away."""
    for key in path:
        node = node.get(key) if node is not None and node.is_mapping else None
    return None if node is None or node.value is None else node


def _put(node: Node, path: KeyPath, value: Node | None) -> Node:
    """The tree with something else, or nothing, at a path."""
    key, rest = path[0], path[1:]
    inside = dict(node.value)
    if rest and key in inside and inside[key].is_mapping:
        inside[key] = _put(inside[key], rest, value)
    elif rest and value is not None:
        inside[key] = _put(Node({}, value.origin), rest, value)
    elif not rest and value is None:
        inside.pop(key, None)
    elif not rest and value is not None:
        inside[key] = value
    return replace(node, value=inside)


def _changed(mine: Node | None, theirs: Node | None) -> list[str]:
    """The keys under which two mappings say different things; one that was taken away says nothing."""
    ours, before = (
        {key: written(item) for key, item in children(node)} if node else {} for node in (mine, theirs)
    )
    return [key for key in dict.fromkeys((*ours, *before)) if ours.get(key) != before.get(key)]
