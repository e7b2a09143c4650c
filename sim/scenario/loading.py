"""From files and settings to a validated scenario."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sim.errors import Problem, ScenarioError, UsageError
from sim.finding import located
from sim.scenario.checks import check, given_shares, read_assumptions
from sim.scenario.columns import Reading
from sim.scenario.extends import Chain
from sim.scenario.nodes import Node, Origin, from_plain, plain
from sim.scenario.prepare import prepare
from sim.scenario.problems import Complaints, translate
from sim.scenario.psychology import NO_EFFECT
from sim.scenario.schema import Scenario
from sim.scenario.settings import Setting, apply, read_settings
from sim.scenario.wrong import Wrong


def load(path: str | Path, sets: Sequence[str] = (), extra: Mapping[str, Any] | None = None) -> Scenario:
    """The scenario in a file, or of a name that ships, over those it extends, with settings on top.

    ``sets`` are texts ``path.to.key=value`` (the value in YAML) or one, ``extra`` the same as a mapping. Both
    also reach the baseline, where what they name exists in it: strategy and baseline share one world.
    Raises :class:`sim.errors.ScenarioError` with every problem found, each with file, line and column;
    UsageError for what is no path or no text.
    """
    sets = [sets] if isinstance(sets, str) else sets
    if not isinstance(path, str | os.PathLike):
        raise UsageError(f"expected the path of a scenario file, got {path!r}")
    if not all(isinstance(text, str) for text in sets):
        raise UsageError(f"expected settings such as 'horizon=10 d', got {sets!r}")
    file = Path(os.path.abspath(located(path) or path))
    chain = Chain()
    chain.read(file)
    scenario = _assembled(chain, read_settings(sets, extra))
    scenario._path = file
    return scenario


def parse(data: Mapping[str, Any], *, folder: str | Path = ".") -> Scenario:
    """A scenario from Python data as a file would hold it; other files are looked for in ``folder``.

    Raises :class:`sim.errors.ScenarioError`.
    """
    inside = Path(os.path.abspath(folder))
    try:
        root = from_plain(data, Origin(folder=inside))
    except Wrong as wrong:
        raise ScenarioError([Problem("", "", wrong.message)]) from None
    if not root.is_mapping:
        raise ScenarioError([Problem("", "", "expected a mapping")])
    chain = Chain()
    chain.add(root, inside)
    return _assembled(chain, ())


def _assembled(chain: Chain, settings: Sequence[Setting]) -> Scenario:
    """The scenario of a chain of files, with its baseline if there are several."""
    scenario = validated(apply(chain.merged(), settings), chain.sources)
    base = chain.layers[0]
    if len(chain.layers) > 1 and base.get("horizon"):  # without, it is a store of parts, not a world
        scenario._baseline = _baseline(base, chain.sources, settings)
        scenario._sources = tuple(dict.fromkeys((*scenario._sources, *scenario._baseline._sources)))
    return scenario


def _baseline(base: Node, sources: Sequence[Path], settings: Sequence[Setting]) -> Scenario:
    """The baseline under every setting that makes sense in it."""
    scenario = validated(base, sources)
    for setting in settings:
        try:
            changed = apply(base, [setting])
            scenario, base = validated(changed, sources), changed
        except ScenarioError:  # it names something that only the strategy has
            continue
    return scenario


def validated(root: Node, sources: Sequence[Path]) -> Scenario:
    """The scenario that a tree describes. Raises :class:`ScenarioError` with every problem found."""
    tree = prepare(root)
    complaints = Complaints(tree, sources)
    reading = Reading(unbounded=_unbounded(tree))
    try:
        scenario = Scenario.model_validate(plain(tree), context=reading)
    except ValidationError as error:
        translate(error, complaints)
        raise ScenarioError(complaints.sorted()) from None
    scenario = _completed(scenario, tree, complaints)
    scenario._sources = (*sources, *reading.sources)
    scenario._tree, scenario._root = tree, root
    return scenario


def _unbounded(tree: Node) -> frozenset[str]:
    """The emotions that leave 0..1."""
    psychology = tree.get("psychology")
    emotions = psychology.get("emotions") if psychology else None
    named = emotions.value.items() if emotions and emotions.is_mapping else ()
    ranges = {name: emotion.get("range") for name, emotion in named}
    return frozenset(name for name, chosen in ranges.items() if chosen and chosen.value == "unbounded")


def _completed(scenario: Scenario, tree: Node, complaints: Complaints) -> Scenario:
    """The scenario, checked as a whole, with what follows from other parts filled in."""
    assumed, findings = read_assumptions(scenario, tree)
    findings += check(scenario)
    for finding in findings:
        complaints.add(finding.path, finding.message, key=finding.key)
    if findings:
        raise ScenarioError(complaints.sorted())
    filled: dict[str, Any] = {"segments": _filled_shares(scenario), "assumed": assumed}
    if not scenario.psychology.on:
        filled["psychology"] = scenario.psychology.model_copy(update={"effect_on": NO_EFFECT})
    return scenario.model_copy(update=filled)


def _filled_shares(scenario: Scenario) -> dict[str, Any]:
    """Segments whose share is ``rest`` get what the others leave."""
    rest = max(0.0, 1.0 - given_shares(scenario))
    return {
        name: segment.model_copy(update={"share": rest}) if segment.is_rest else segment
        for name, segment in scenario.segments.items()
    }
