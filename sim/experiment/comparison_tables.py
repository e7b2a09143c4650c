"""A comparison as tables, as one JSON object, and as a results folder."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import sim
from sim.analysis.kpis import summary
from sim.analysis.paired import LEVEL, Difference, differences, standard_errors, t_quantile, without_spread
from sim.engine.program import STAGES
from sim.experiment.folder import SCHEMA, copy_inputs, input_places, sha256, write_json
from sim.experiment.further_tables import further_result, further_tables
from sim.experiment.manifest import ENGINE, machine, plain, shown, versions

if TYPE_CHECKING:
    import pyarrow as pa

    from sim.analysis.view import Floats
    from sim.experiment.asked import Asked
    from sim.experiment.comparison import Comparison, Standing
    from sim.scenario import Scenario

Row = dict[str, Any]
METHOD = {
    "pairing": "the same people with the same luck in every world; differences are taken replication by replication",
    "interval": "95 %, Student's t over replications",
    "adjusted": "held by all strategies at once with 95 %: two-sided quantile of the multivariate t with the "
    "differences' estimated correlation (max-t), moved towards Sidak's bound where few replications tell little of "
    "that correlation; for each KPI on its own",
    "chance_best": "joint t-distribution of the true differences around those seen, the baseline included",
    "ratios": "Fieller's interval, 95 %; only where the denominator's own interval leaves out nought",
    "stopping": "looks after 10 replications and then rarely; the metric's intervals are told up to a tenth wider, "
    "never wider than asked for, so that they hold with 95 % in spite of the stopping",
}


def tables(done: Comparison) -> dict[str, list[Row]]:
    """Every table as rows; the columns are told in docs/compare.md."""
    return {
        "ranking": [_ranked(standing) for standing in done.ranking],
        "differences": list(_differences(done)),
        "levels": list(_levels(done)),
        "pairing": list(_pairing(done)),
        "pairs": list(_pairs(done)),
        "replications": list(_replications(done)),
        "curves": list(_curves(done)),
        "segments": list(_segments(done)),
        "stages": list(_stages(done)),
        **further_tables(done),
    }


# ---------------------------------------------------------------- rows
def _ranked(standing: Standing) -> Row:
    row: Row = {
        "rank": standing.rank,
        "world": standing.label,
        "mean": standing.mean,
        "gain": standing.gain,
        "chance_best": standing.chance_best,
        "kept": standing.kept,
    }
    for name, difference in (("cost", standing.cost), ("profit", standing.profit)):
        ends = (difference.mean, difference.low, difference.high) if difference else (None, None, None)
        row |= dict(zip((name, f"{name}_low", f"{name}_high"), ends, strict=True))
    for name, told in (
        ("cost_per_kept", standing.cost_per_kept),
        ("return_on_spend", standing.return_on_spend),
    ):
        row |= dict(zip((name, f"{name}_low", f"{name}_high"), told or (None, None, None), strict=True))
    return row | {
        "efficient": standing.efficient,
        "in_budget": standing.in_budget,
        "level_with": "; ".join(standing.level_with),
    }


def _differences(done: Comparison) -> Iterator[Row]:
    for kpi, found in done.found.items():
        values = done.worlds.kpi(kpi)
        means = values.mean(axis=0).tolist()
        for world, difference in enumerate(found, start=1):
            yield {
                "kpi": kpi,
                "strategy": done.labels[world],
                "unit": done.unit(kpi),
                "baseline": means[0],
                "mean": means[world],
                **_told(difference),
                "verdict": verdict(difference, done.kpis[kpi][1]),
            }


def _told(difference: Difference) -> Row:
    return {
        "difference": difference.mean,
        "low": difference.low,
        "high": difference.high,
        "low_single": difference.low_single,
        "high_single": difference.high_single,
        "se": difference.se,
        "se_independent": difference.se_independent,
        "correlation": difference.correlation,
        "n": difference.n,
        "n_independent": difference.n_independent,
    }


def verdict(difference: Difference, better: str) -> str:
    """``identical``, ``not distinguishable``, or which way it went: better or worse, higher or lower."""
    if difference.identical:
        return "identical"
    if not difference.distinguishable:
        return "not distinguishable"
    up = difference.mean > 0.0
    if not better:
        return "higher" if up else "lower"
    return "better" if up == (better == "high") else "worse"


def _levels(done: Comparison) -> Iterator[Row]:
    told = [summary([seen.kpis for seen in world], done.currency) for world in done.worlds.seen]
    for kpi in done.kpis:
        for label, levels in zip(done.labels, told, strict=True):
            if kpi in levels:
                yield {"kpi": kpi, "world": label, **levels[kpi]}


def _pairing(done: Comparison) -> Iterator[Row]:
    """Customer by customer, where the metric is a share of customers; over replications in any case."""
    for world, difference in enumerate(done.found[done.metric], start=1):
        row: Row = {
            "strategy": done.labels[world],
            "se": difference.se,
            "se_independent": difference.se_independent,
            "correlation": difference.correlation,
            "n_independent": difference.n_independent,
        }
        flips = done.flips(world)
        names = (
            "n",
            "first",
            "second",
            "se",
            "se_independent",
            "se_best",
            "gain",
            "gain_best",
            "share_of_best",
        )
        told = ("customers", "lost", "won", *(f"customers_{name}" for name in names[3:6]), *names[6:])
        yield row | {t: getattr(flips, name) if flips else None for t, name in zip(told, names, strict=True)}


def _pairs(done: Comparison) -> Iterator[Row]:
    for (a, b), difference in done.pairs.items():
        yield {
            "first": done.labels[a],
            "second": done.labels[b],
            **_told(difference),
            "distinguishable": difference.distinguishable,
        }


def _replications(done: Comparison) -> Iterator[Row]:
    for label, world in zip(done.labels, done.worlds.seen, strict=True):
        for seen in world:
            kpis = {kpi: seen.kpis.get(kpi) for kpi in done.kpis}
            yield {"world": label, "replication": seen.replication, "events": seen.events, **kpis}


def _curves(done: Comparison) -> Iterator[Row]:
    if done.worlds.seen[0][0].alive.size == 0:
        return
    base = done.alive(0)
    for world, label in enumerate(done.labels):
        here = done.alive(world)
        level, change = _band(here, "share"), _band(here - base, None)
        for k, day in enumerate(done.days.tolist()):
            alive, difference = (tuple(map(_number, part[:, k])) for part in (level, change))
            yield {
                "world": label,
                "t": day,
                **dict(zip(("alive", "low", "high"), alive, strict=True)),
                **dict(zip(("difference", "difference_low", "difference_high"), difference, strict=True)),
            }


def _segments(done: Comparison) -> Iterator[Row]:
    """A row a segment, strategy and number; segments that some replication has nobody in are left out."""
    for name in done.programs[0].segment_names:
        for k, kpi in enumerate(("retention", "brought")):
            values = _part(done, "segments", name, k)
            if values is None or np.isnan(values).any():
                continue
            found = differences(values)
            if kpi == "retention":
                cohort = int(_part(done, "segments", name, 2)[:, 0].sum())  # type: ignore[index]
                found = [
                    d if done.worlds.unchanged(k) else without_spread(d, cohort, len(found))
                    for k, d in enumerate(found, start=1)
                ]
            for world, difference in enumerate(found, start=1):
                means = float(values[:, 0].mean()), float(values[:, world].mean())
                unit = "share" if kpi == "retention" else f"{done.currency} per customer"
                row = {"segment": name, "kpi": kpi, "strategy": done.labels[world], "unit": unit}
                yield row | {"baseline": means[0], "mean": means[1], **_interval(difference)}


def _stages(done: Comparison) -> Iterator[Row]:
    """A row a stage and world that has it: how many touches, how they felt, how that differs from the baseline."""
    for name in STAGES:
        touches, felt = (_part(done, "stages", name, k) for k in (0, 1))
        if touches is None or felt is None:
            continue
        for world, label in enumerate(done.labels):
            if np.isnan(felt[:, world]).any():
                continue
            mean, low, high = _band(felt[:, [world]], None)[:, 0].tolist()
            row = {"stage": name, "world": label, "touches": float(touches[:, world].mean())}
            row |= {"valence": mean, "low": max(low, -1.0), "high": min(high, 1.0)}
            comparable = world > 0 and not np.isnan(felt[:, 0]).any()
            yield row | (_interval(differences(felt[:, [0, world]])[0]) if comparable else _NOTHING)


_ENDS = ("difference", "difference_low", "difference_high")
_NOTHING = dict.fromkeys(_ENDS)


def _interval(found: Difference) -> Row:
    return dict(zip(_ENDS, (found.mean, found.low, found.high), strict=True))


def _part(done: Comparison, kind: str, name: str, k: int) -> Floats | None:
    """One number of a segment or stage, a row a replication, a column a world; None where a world has no such."""
    columns = []
    for program, world in zip(done.programs, done.worlds.seen, strict=True):
        names = program.segment_names if kind == "segments" else STAGES
        if name not in names:
            return None
        columns.append([getattr(seen, kind)[names.index(name), k] for seen in world])
    values: Floats = np.array(columns, np.float64).T
    return values


def _band(curves: Floats, unit: str | None) -> Floats:
    """Mean and 95 % interval over replications at every moment, each on its own."""
    mean, half = curves.mean(axis=0), t_quantile(len(curves) - 1) * standard_errors(curves)
    low, high = mean - half, mean + half
    if unit:
        low, high = np.maximum(low, 0.0), np.minimum(high, 1.0)
    return np.stack([mean, low, high])


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


# ---------------------------------------------------------------- one object
def result(done: Comparison) -> Row:
    """Everything but the curves and the single replications, as plain data."""
    found = done.tables
    metric = done.found[done.metric]
    return {
        "baseline": done.labels[0],
        "strategies": list(done.labels[1:]),
        "scenarios": [_source(scenario) for scenario in done.scenarios],
        "metric": done.metric,
        "unit": done.unit(done.metric),
        "better": done.kpis[done.metric][1],
        "seed": done.asked.settings.seed,
        "engine": done.asked.settings.engine,
        "horizon_days": done.horizon,
        "customers": done.cohort,
        "replications": done.replications,
        "precision": None
        if done.asked.precision is None
        else {
            "asked": done.asked.precision.text,
            "half_width": done.asked.aim(done.worlds.kpi(done.metric)),
            "reached": done.reached,
            "at_most": done.asked.most,
            "widened": done.widened,
        },
        "widest_half_width": max(difference.half for difference in metric),
        "budget": done.asked.budget,
        "currency": done.currency,
        "confidence": LEVEL,
        "method": METHOD,
        "ranking": found["ranking"],
        "differences": found["differences"],
        "levels": found["levels"],
        "pairing": found["pairing"],
        "pairs": found["pairs"],
        **further_result(done),
        "folder": None if done.folder is None else str(done.folder),
    }


def _source(scenario: Scenario) -> str:
    return scenario.name if scenario.path is None else shown(scenario.path)


# ---------------------------------------------------------------- a folder
def digest(scenarios: Sequence[Scenario], asked: Asked) -> str:
    """Hex digest of what decides a comparison's numbers: scenarios, data files, settings but the engine."""
    options = replace(asked, settings=replace(asked.settings, engine=ENGINE)).options()
    files = dict.fromkeys(source for scenario in scenarios for source in scenario.sources)
    parts = [sim.__version__, [plain(scenario.resolved) for scenario in scenarios], options]
    told = json.dumps([*parts, [sha256(path) for path in files]], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def fill(done: Comparison, folder: Path) -> None:
    """Write tables (Parquet and CSV), ``comparison.json``, copies of the inputs, and last the manifest."""
    write_tables(done.tables, folder / "tables")
    told = {name: value for name, value in result(done).items() if name not in ("engine", "folder")}
    write_json(folder / "comparison.json", told)
    write_json(folder / "manifest.json", _manifest(done, _keep_inputs(done, folder)))


def write_tables(tables: Mapping[str, list[Row]], folder: Path) -> None:
    """Write every table that has rows, as Parquet and CSV."""
    import pyarrow as pa

    from sim.engine import recorder

    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        if rows:
            path = folder / f"{name}.parquet"
            recorder.write([_table(pa.Table.from_pylist(rows))], path)
            recorder.to_csv(path, path.with_suffix(".csv"))


def _table(table: pa.Table) -> pa.Table:
    """The table with a type for columns in which nothing stands."""
    import pyarrow as pa

    fields = [f.with_type(pa.float64()) if pa.types.is_null(f.type) else f for f in table.schema]
    return table.cast(pa.schema(fields))


def _keep_inputs(done: Comparison, folder: Path) -> dict[Path, Path]:
    places = input_places(_files(done))
    copy_inputs(places, folder)
    return places


def _files(done: Comparison) -> list[Path]:
    return list(dict.fromkeys(Path(source) for s in done.scenarios for source in s.sources))


def _manifest(done: Comparison, inputs: dict[Path, Path]) -> Row:
    """Everything needed to repeat the comparison bit for bit, and to know what it took."""
    settings = done.asked.settings
    return {
        "schema": SCHEMA,
        "touchpoint": sim.__version__,
        "baseline": done.labels[0],
        "strategies": list(done.labels[1:]),
        "scenarios": [_source(scenario) for scenario in done.scenarios],
        "command": _command(done, inputs),
        "seed": settings.seed,
        "replications": done.replications,
        "metric": done.metric,
        "set": list(settings.sets),
        "size": settings.size,
        "horizon": settings.horizon,
        "engine": settings.engine,
        "horizon_days": done.horizon,
        "events": sum(seen.events for world in done.worlds.seen for seen in world),
        "started": done.began.isoformat(timespec="seconds"),
        "finished": done.ended.isoformat(timespec="seconds"),
        "wall_seconds": round((done.ended - done.began).total_seconds(), 3),
        "machine": machine(),
        "python": platform.python_version(),
        "packages": versions(),
        "inputs": {place.as_posix(): sha256(source) for source, place in inputs.items()},
        "resolved": {label: plain(s.resolved) for label, s in zip(done.labels, done.scenarios, strict=True)},
    }


def origin(done: Comparison) -> Row:
    """The part of the manifest that a report shows, and the digest of all that decides the numbers."""
    told = _manifest(done, input_places(_files(done)))
    names = ("command", "seed", "engine", "touchpoint", "python", "packages", "inputs")
    return {"digest": digest(done.scenarios, done.asked), **{name: told[name] for name in names}}


def _command(done: Comparison, inputs: dict[Path, Path]) -> str | None:
    """The command that repeats the comparison in its folder; None where a scenario was made in Python."""
    places = {os.path.abspath(source): place for source, place in inputs.items()}
    if any(scenario.path is None for scenario in done.scenarios):
        return None
    files = [places[os.path.abspath(str(scenario.path))].as_posix() for scenario in done.scenarios]
    return shlex.join(["touchpoint", "compare", *files, *done.asked.options()])
