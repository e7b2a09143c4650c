"""Event logs of a sweep: ``logs/visits/point=12/00001.parquet``, a file a table, point and replication.

Readers that know folders of the form ``point=12`` (pandas, Polars, DuckDB) have the point as a column; the
replication is one in the files.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sim.experiment.replications import Job, perform


def perform_logged(job: Job, program: Any, look: Callable[[float], None], logs: Path, point: int) -> Any:
    """Perform a job and put its tables below ``logs``. Raises OSError where they cannot be written."""
    from sim.engine import recorder

    if not logs.is_dir():
        raise FileNotFoundError(
            errno.ENOENT,
            "a worker does not see this folder; event logs need one that all machines share",
            str(logs),
        )
    mine = logs / f".{point}-{job.replication}"
    mine.mkdir(exist_ok=True)
    try:
        kept = perform(replace(job, folder=mine), program, look)
        for name in recorder.LOGGED:
            place = logs / name / f"point={point}"
            place.mkdir(parents=True, exist_ok=True)
            recorder.part(mine, name, job.replication).replace(place / f"{job.replication:05d}.parquet")
    finally:
        shutil.rmtree(mine, ignore_errors=True)
    return kept


def tidy(logs: Path) -> None:
    """Remove what killed workers left half written."""
    for path in logs.glob(".*-*"):
        shutil.rmtree(path, ignore_errors=True)
