"""Which scenarios are compared, and that they are the same world but for what each of them does.

A comparison is only worth what its worlds have in common: the same people with the same past for as long.
So all of them rest on one baseline (each extends it, or is it) and last equally long.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim import scenarios_folder
from sim.errors import UsageError
from sim.experiment import runs
from sim.experiment.manifest import Settings, shown
from sim.experiment.runs import prepare, sets_of
from sim.finding import find_scenario, located

if TYPE_CHECKING:
    from sim.scenario import Scenario

Given = Any  # a Scenario, or a path or name of one
MOST = 33  # worlds at once: more are no comparison but a search


def worlds(given: Sequence[Given], settings: Settings) -> list[Scenario]:
    """The scenarios to compare, the first of them what the others are compared with.

    ``given`` are files, names that ship or scenarios; a single folder stands for its baseline and every file
    that extends it. Raises UsageError or ScenarioError.
    """
    found = _found(given)
    if len(found) > MOST:
        raise UsageError(f"{len(found)} scenarios at once; at most {MOST} can be compared")
    scenarios = _with_settings(found, settings)
    for scenario in scenarios[1:]:
        _check_same(scenario, scenarios[0])
    return scenarios


# ---------------------------------------------------------------- which files
def _found(given: Sequence[Given]) -> list[Given]:
    if not given:
        raise UsageError("expected a baseline and the strategies to compare with it, or their folder")
    if len(given) == 1:
        return _in_folder(_folder(given[0]), given[0])
    found: list[Given] = [one if _is_scenario(one) else find_scenario(os.fspath(one)) for one in given]
    places = [id(one) if _is_scenario(one) else os.path.realpath(one) for one in found]
    for k, (one, place) in enumerate(zip(found, places, strict=True)):
        if place in places[:k]:
            name = one.name if _is_scenario(one) else shown(one)
            raise UsageError(f"{name}: is there twice; a scenario cannot be compared with itself")
    return found


def _is_scenario(given: Given) -> bool:
    return not isinstance(given, (str, os.PathLike))


def _folder(given: Given) -> Path | None:
    """The folder that a name stands for, here or among those that ship."""
    if _is_scenario(given) or not os.fspath(given):
        return None
    places = (Path(given), scenarios_folder() / given)
    return next((place for place in places if place.is_dir()), None)


def _in_folder(folder: Path | None, given: Given) -> list[Given]:
    """The baseline of a folder, then every file below it that extends this."""
    if folder is None:
        name = given.name if _is_scenario(given) else shown(find_scenario(os.fspath(given)))
        raise UsageError(
            f"{name}: one scenario alone has nothing to be compared with; name strategies after it, "
            "or name their folder"
        )
    baseline = located(folder / "baseline.yaml")
    if baseline is None:
        raise UsageError(f"{shown(folder)}: there is no baseline.yaml in it; name the files to compare")
    inside = (path for path in sorted(folder.rglob("*.y*ml")) if _visible(path.relative_to(folder)))
    strategies = [found for path in inside if path != baseline and (found := _strategy(path, baseline))]
    if not strategies:
        raise UsageError(
            f"{shown(folder)}: no file in it extends baseline.yaml, so there is nothing to compare"
        )
    return [baseline, *strategies]


def _visible(path: Path) -> bool:
    return not any(part.startswith(".") for part in path.parts)


def _strategy(path: Path, baseline: Path) -> Scenario | None:
    """The scenario in a file if it extends the baseline; designs of experiments are none."""
    from sim.scenario import load
    from sim.scenario.yaml_file import read_yaml

    with suppress(OSError, ValueError):  # `load` says what is wrong with it
        root = read_yaml(path.read_text("utf-8-sig"), path)
        if root.get("design") is not None or root.get("extends") is None:
            return None
    scenario = load(path)
    return scenario if Path(os.path.abspath(baseline)) in scenario.sources else None


# ---------------------------------------------------------------- settings
def _with_settings(found: Sequence[Given], settings: Settings) -> list[Scenario]:
    """Every scenario under the settings; one of a named thing holds where there is such a thing."""
    if not settings.sets:
        return [_prepared(one, settings) for one in found]
    plain = [_prepared(one, replace(settings, sets=(), size=None, horizon=None)) for one in found]
    chosen: list[list[str]] = [[] for _ in found]
    for text in settings.sets:
        having = [_has(scenario, text) for scenario in plain]
        for mine, has in zip(chosen, having, strict=True):
            if has or not any(having):  # what nobody has is wrong: whoever reads it says so
                mine.append(text)
    each = zip(found, chosen, strict=True)
    return [_prepared(one, replace(settings, sets=tuple(mine))) for one, mine in each]


def _prepared(given: Given, settings: Settings) -> Scenario:
    return prepare(given, replace(settings, sets=(*sets_of(given), *settings.sets)))


def _has(scenario: Scenario, text: str) -> bool:
    """Whether the scenario has every named thing on the way to what a setting changes."""
    from sim.scenario.settings import missing_name, split_path

    path = text.partition("=")[0]
    return scenario._tree is None or not missing_name(scenario._tree, split_path(path))


# ---------------------------------------------------------------- the same world
def _check_same(scenario: Scenario, first: Scenario) -> None:
    """Raise UsageError unless the same people with the same past live equally long in both."""
    here, there = _name(scenario), _name(first)
    if scenario.horizon != first.horizon:
        raise UsageError(
            f"{here}: lasts {scenario.horizon:g} days, {there} {first.horizon:g}: worlds are compared over the "
            "same time (--horizon sets it for all)"
        )
    if scenario.baseline.population != first.baseline.population:
        raise UsageError(
            f"{here}: its population is {_people(scenario)}, that of {there} {_people(first)}: "
            "the same people must live in both"
        )
    differing = [
        name
        for name in type(first).model_fields
        if getattr(scenario.baseline, name) != getattr(first.baseline, name)
    ]
    if differing:
        raise UsageError(
            f"{here}: its baseline is another than that of {there} (they differ in {_listed(differing)}): "
            "the same people with the same past must live in both; let it extend the same baseline"
        )


def _name(scenario: Scenario) -> str:
    return scenario.name if scenario.path is None else shown(scenario.path)


def _people(scenario: Scenario) -> str:
    population = scenario.baseline.population
    each = "at one site" if population.site == "all" else f"with {population.site:,} at a site"
    return f"{population.size:,} {each}"


def _listed(names: Sequence[str], most: int = 4) -> str:
    return ", ".join(names[:most]) + (" and more" if len(names) > most else "")


def lowered(scenarios: Sequence[Scenario]) -> list[Any]:
    """The programs of scenarios to compare: one dominating leaving rate, so that luck is the same in all.

    Raises ScenarioError.
    """
    return [runs.lowered(scenario, scenarios) for scenario in scenarios]


def labels(scenarios: Sequence[Scenario]) -> tuple[str, ...]:
    """A name of its own for each: its name, else its file's, else its path."""
    names = [scenario.name for scenario in scenarios]
    stems = [name if s.path is None else s.path.stem for name, s in zip(names, scenarios, strict=True)]
    paths = [name if s.path is None else shown(s.path) for name, s in zip(names, scenarios, strict=True)]
    chosen = _distinct([names, stems, paths])
    return tuple(f"{name} ({k})" if chosen.count(name) > 1 else name for k, name in enumerate(chosen))


def _distinct(choices: Sequence[Sequence[str]]) -> list[str]:
    """For each place the first of its names that no other place has; else its last."""
    taken: list[str] = []
    for k, options in enumerate(zip(*choices, strict=True)):
        free = [n for option, n in zip(choices, options, strict=True) if Counter(option)[n] == 1 or k == 0]
        taken.append(next((n for n in free if n not in taken), options[-1]))
    return taken
