"""An optimisation as plain rows, as JSON, and as a folder with ``best.yaml``."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sim
from sim.analysis.paired import LEVEL
from sim.experiment.comparison_tables import write_tables
from sim.experiment.folder import SCHEMA, copy_inputs, input_places, sha256, write_json
from sim.experiment.manifest import ENGINE, machine, plain, shown, versions

if TYPE_CHECKING:
    from sim.experiment.goals import Goal
    from sim.experiment.optimise import Asked, Optimum
    from sim.experiment.searching import Trial
    from sim.scenario import Scenario

Row = dict[str, Any]
BEST = "best.yaml"
METHOD = (
    "search: multivariate TPE (Optuna) under common random numbers; selection: OCBA on paired differences; re-test: "
    "paired t-intervals under a seed of its own"
)


# ---------------------------------------------------------------- rows
def tables(done: Optimum) -> dict[str, list[Row]]:
    """Every table as plain rows, by name."""
    return {"trials": _trials(done), "candidates": _candidates(done), "retest": _retest(done)}


def _trials(done: Optimum) -> list[Row]:
    return [
        {
            "trial": trial.number,
            **_levers(done, trial),
            **_goal(done, trial),
            "keeps": trial.keeps(),
            "error": trial.wrong or None,
        }
        for trial in done.tried
    ]


def _levers(done: Optimum, trial: Trial) -> Row:
    """The values of a point, in base units."""
    return {lever.path: value for lever, value in zip(done.space.levers, trial.point, strict=True)}


def _goal(done: Optimum, trial: Trial) -> Row:
    """The means of the goal's KPIs; a budget is told as what the point costs more than the baseline."""
    row: Row = {done.goal.metric: trial.mean if trial.ran else None}
    for k, one in enumerate(done.goal.constraints):
        name = f"{one.kpi}_above_baseline" if one.above_baseline else one.kpi
        row[name] = one.bound + one.sign * trial.excess[k] if trial.ran else None
    return row


def _candidates(done: Optimum) -> list[Row]:
    if done.selection is None:
        return []
    return [
        {
            "trial": rival.trial.number,
            **_levers(done, rival.trial),
            "replications": rival.count,
            "mean": rival.mean,
            "winner_better_by": rival.gap,
            "low": rival.low,
            "high": rival.high,
            "told_apart": rival.told_apart,
            "chance_keeps": rival.keeps,
        }
        for rival in done.selection.rivals
    ]


def _retest(done: Optimum) -> list[Row]:
    from sim.analysis.kpis import KPIS, definition

    seen = {name: None for world in done.worlds.seen for one in world for name in one.kpis}
    place = {name: k for k, name in enumerate(KPIS)}
    rows = []
    for kpi in sorted(seen, key=lambda name: place.get(name, len(place))):
        for against, world in others(done).items():
            values = done.values(kpi, world, 1)
            if len(values) < 2:
                continue
            gain = done.gain(kpi, world)
            rows.append(
                {
                    "kpi": kpi,
                    "against": against,
                    "unit": definition(kpi).unit.replace("currency", done.currency),
                    "before": float(values[:, 0].mean()),
                    "best": float(values[:, 1].mean()),
                    "difference": gain.mean,
                    "low": gain.low,
                    "high": gain.high,
                    "se": gain.se,
                    "n": gain.n,
                }
            )
    return rows


def others(done: Optimum) -> dict[str, int]:
    """What the winner is compared with in the re-test, and which world that is."""
    return {"as written": 0} | ({"baseline": 2} if done.has_baseline else {})


# ---------------------------------------------------------------- JSON
def result(done: Optimum) -> Row:
    """What ``--json`` prints."""
    goal, gain = done.goal, done.gain()
    return {
        "scenario": shown(done.scenario.path) if done.scenario.path else done.scenario.name,
        done.goal.verb: goal.metric,
        "unit": goal.unit.replace("currency", done.currency),
        "subject_to": [one.text for one in goal.constraints],
        "seed": done.asked.settings.seed,
        "retest_seed": done.asked.again,
        "engine": done.asked.settings.engine,
        "runs": done.asked.runs,
        "spent": done.spent,
        "points": len(done.tried),
        "horizon_days": float(done.worlds.programs[0].horizon),
        "levers": {
            lever.path: {
                "as_written": done.own[lever.path],
                "best": done.levers[lever.path],
                "tried": lever.parameter.written,
            }
            for lever in done.space.levers
        },
        "as_written_is_best": done.is_as_written,
        "promised": done.promised,
        "gain": gain.mean,
        "gain_low": gain.low,
        "gain_high": gain.high,
        "luck": done.luck,
        "replications": done.replications,
        "constraints": [
            {
                "text": kept.constraint.text,
                "as_written": kept.before,
                "best": kept.mean,
                "low": kept.low,
                "high": kept.high,
                "chance_keeps": kept.chance,
            }
            for kept in done.kept
        ],
        "chance_right": None if done.selection is None else done.selection.right,
        "confidence": LEVEL,
        "method": METHOD,
        **{name: plain(rows) for name, rows in done.tables.items()},
        "compare": comparing(done),
        "folder": None if done.folder is None else str(done.folder),
    }


def comparing(done: Optimum) -> str | None:
    """The command that compares the winner with the others as the re-test did; None without files."""
    scenario = done.scenario
    if done.folder is None or scenario.path is None:
        return None
    files = [*([_file_of(scenario.baseline)] if done.has_baseline else []), scenario.path]

    settings = replace(done.asked.settings, seed=done.asked.again, replications=done.replications, log=True)
    return shlex.join(
        [
            *("touchpoint", "compare", *(shown(file) for file in files if file), str(done.folder / BEST)),
            *("--metric", done.goal.metric, *settings.options()),
        ]
    )


def _file_of(baseline: Scenario) -> Path | None:
    """The file at the root of a chain of ``extends``."""
    return None if baseline._root is None else baseline._root.origin.file


# ---------------------------------------------------------------- a folder
def digest(scenario: Scenario, asked: Asked, goal: Goal) -> str:
    """Hex digest of what decides the numbers: scenario, data files, what was asked for but the engine."""
    settings = replace(asked.settings, engine=ENGINE)
    parts = [sim.__version__, plain(scenario.resolved), options(replace(asked, settings=settings), goal)]
    told = json.dumps([*parts, [sha256(path) for path in scenario.sources]], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def options(asked: Asked, goal: Goal) -> list[str]:
    """The command line's options that say the same."""
    settings = replace(asked.settings, log=True).options()
    k = settings.index("--replications")
    del settings[k : k + 2]
    told = [word for lever in asked.levers for word in ("--lever", lever)] if asked.design is None else []
    told += [f"--{goal.verb}", goal.metric]
    for one in goal.constraints:
        told += [] if one.above_baseline else ["--subject-to", one.text]
    told += [] if asked.budget is None else ["--budget", f"{asked.budget:g}"]
    return [*told, "--runs", str(asked.runs), *settings]


def fill(done: Optimum, folder: Path) -> None:
    """Write tables (Parquet and CSV), ``best.yaml``, ``optimum.json``, copies of the inputs, and last the manifest."""
    write_tables(done.tables, folder / "tables")
    files = list(dict.fromkeys([*_design_files(done), *map(Path, done.scenario.sources)]))
    places = input_places(files)
    copy_inputs(places, folder)
    (folder / BEST).write_text(best_yaml(done, places), encoding="utf-8")
    told = {name: value for name, value in result(done).items() if name not in ("engine", "folder")}
    write_json(folder / "optimum.json", told)
    write_json(folder / "manifest.json", _manifest(done, places))


def _design_files(done: Optimum) -> list[Path]:
    return [] if done.asked.design is None else [done.asked.design]


def best_yaml(done: Optimum, inputs: Mapping[Path, Path]) -> str:
    """The winner as a scenario that extends the copy of the one that was optimised."""
    from ruamel.yaml import YAML

    from sim.scenario.variants import overlay

    goal = done.goal
    bounds = "".join(f", {one.text}" for one in goal.constraints)
    head = (
        f"# Found by touchpoint optimise ({goal.verb} {goal.metric}{bounds}; {done.spent:,} runs, seed "
        f"{done.asked.settings.seed}).\n"
    )
    said = {
        "extends": _copy_of(done.scenario.path, inputs),
        "name": f"{done.scenario.name}, best found",
        **overlay(done.best, done.levers),
    }
    text = io.StringIO()
    yaml = YAML()
    yaml.width = 110
    yaml.dump(said, text)
    return head + text.getvalue()


def _manifest(done: Optimum, inputs: Mapping[Path, Path]) -> Row:
    """Everything needed to repeat it bit for bit, and to know what it took."""
    settings = done.asked.settings
    return {
        "schema": SCHEMA,
        "touchpoint": sim.__version__,
        "name": done.scenario.name,
        "scenario": shown(done.scenario.path) if done.scenario.path else None,
        "command": _command(done, inputs),
        "seed": settings.seed,
        "retest_seed": done.asked.again,
        "runs": done.asked.runs,
        "spent": done.spent,
        "set": list(settings.sets),
        "size": settings.size,
        "horizon": settings.horizon,
        "engine": settings.engine,
        "started": done.began.isoformat(timespec="seconds"),
        "finished": done.ended.isoformat(timespec="seconds"),
        "wall_seconds": round((done.ended - done.began).total_seconds(), 3),
        "machine": machine(),
        "python": platform.python_version(),
        "packages": versions() | _optuna(),
        "inputs": {place.as_posix(): sha256(source) for source, place in inputs.items()},
        "resolved": plain(done.best.resolved),
    }


def _optuna() -> dict[str, str]:
    from importlib.metadata import version

    return {"optuna": version("optuna")}


def _command(done: Optimum, inputs: Mapping[Path, Path]) -> str:
    """The command that repeats it in its folder."""
    start = _copy_of(done.asked.design or done.scenario.path, inputs)
    return shlex.join(["touchpoint", "optimise", start, *options(done.asked, done.goal)])


def _copy_of(file: Path | None, inputs: Mapping[Path, Path]) -> str:
    """Where a file was copied to, below the folder."""
    places = {os.path.abspath(source): place for source, place in inputs.items()}
    return places[os.path.abspath(str(file))].as_posix()
