"""What a run folder holds: the tables as Parquet (and CSV), the KPIs, copies of the inputs, the manifest."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from sim.engine import recorder
from sim.engine.arrow import column, texts
from sim.experiment.folder import copy_inputs, input_places, write_json
from sim.experiment.manifest import origin_of, plain

if TYPE_CHECKING:
    from sim.experiment.runs import Run
NUMBERS = ("mean", "low", "high", "p05", "p95")  # of a KPI over replications


class Joined:
    """Joins the replications' shares of the logged tables, in order, while later ones still run."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._files = [recorder.TableFile(folder / f"{name}.parquet") for name in recorder.LOGGED]

    def take(self, outcome: Any) -> None:
        """Append what this replication wrote."""
        for name, file in zip(recorder.LOGGED, self._files, strict=True):
            recorder.move(recorder.part(self.folder, name, outcome.replication), file)

    def __enter__(self) -> Joined:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files:
            file.__exit__(kind, error, trace)


def copy_log(source: Path, target: Path) -> None:
    """Copy the logged tables into another folder."""
    target.mkdir(exist_ok=True)
    for name in recorder.LOGGED:
        shutil.copyfile(source / f"{name}.parquet", target / f"{name}.parquet")


def fill(run: Run, folder: Path, *, csv: bool = False) -> None:
    """Write everything but the logged tables into a run folder; the manifest comes last.

    A run without a log keeps its KPIs and the daily series only.
    """
    tables = folder / "tables"
    tables.mkdir(exist_ok=True)
    for name in recorder.SUMMARIES if run.settings.log else ("daily",):
        recorder.write(run.tables(name), tables / f"{name}.parquet")
    _write_kpis(run, tables)
    if csv:
        for path in sorted(tables.glob("*.parquet")):
            recorder.to_csv(path, path.with_suffix(".csv"))
    write_json(folder / "kpis.json", _same_everywhere(run.result()))
    write_json(folder / "manifest.json", run.manifest(_keep_inputs(run, folder)))


def _same_everywhere(result: dict[str, Any]) -> dict[str, Any]:
    """The result without what a repetition may have otherwise: that stands in the manifest."""
    return {name: value for name, value in result.items() if name not in ("engine", "run_dir")}


def _write_kpis(run: Run, tables: Path) -> None:
    """The frames ``kpis`` and ``replications`` as files, without loading pandas."""
    summary, values = run.summary, run.values
    columns: dict[str, Any] = {"kpi": texts(summary)}
    columns |= {name: _numbers(row[name] for row in summary.values()) for name in NUMBERS}
    columns["unit"] = texts(row["unit"] for row in summary.values())
    columns["n"] = column(np.array([row["n"] for row in summary.values()], np.int64))
    recorder.write([pa.table(columns)], tables / "kpis.parquet")
    columns = {"replication": column(np.arange(1, len(values) + 1, dtype=np.int64))}
    for name in dict.fromkeys(name for row in values for name in row):
        columns[name] = _numbers(row.get(name) for row in values)
    recorder.write([pa.table(columns)], tables / "replications.parquet")


def _numbers(values: Iterable[float | None]) -> pa.Array:
    """A column of numbers; None is empty."""
    listed = list(values)
    return column(np.array(listed, np.float64), np.array([value is None for value in listed], bool))


def _keep_inputs(run: Run, folder: Path) -> dict[Path, Path]:
    """Copy the sources; a scenario made in Python is written as the file it amounts to.

    Returns for each kept file what to read and where it lies below the folder.
    """
    scenario = run.scenario
    first = origin_of(scenario)
    places = input_places([first, *scenario.sources])
    if scenario.path is None:
        made = places.pop(first)
        _write_yaml(folder / made, plain(scenario.resolved))
        places[folder / made] = made
    copy_inputs(places, folder)
    return places


def _write_yaml(path: Path, data: dict[str, Any]) -> None:
    from ruamel.yaml import YAML

    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump(data, file)
