"""The manifest of a run folder: what was run, with what, where, and the command that repeats it."""

import hashlib
import json
import os
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import sim
from sim.experiment.folder import SCHEMA, input_places, sha256

PACKAGES = (
    *("numpy", "numba", "llvmlite", "scipy", "pandas", "matplotlib"),
    *("simpy", "pydantic", "ruamel.yaml", "click", "pyarrow", "jinja2"),
)
ENGINE = "compiled"  # if nothing else is asked for


@dataclass(frozen=True)
class Settings:
    """What was asked for beside the scenario file."""

    seed: int
    replications: int
    size: int | None = None
    horizon: str | None = None  # as a quantity, "90 d"
    sets: tuple[str, ...] = ()
    log: bool = True
    engine: str = ENGINE

    def options(self) -> list[str]:
        """The command line's options that say the same."""
        options = ["--seed", str(self.seed), "--replications", str(self.replications)]
        if self.size is not None:
            options += ["--size", str(self.size)]
        if self.horizon is not None:
            options += ["--horizon", self.horizon]
        for text in self.sets:
            options += ["--set", text]
        if self.engine != ENGINE:
            options += ["--engine", self.engine]
        return options if self.log else [*options, "--no-log"]


def fingerprint(sources: Sequence[Path], resolved: Mapping[str, Any], settings: Settings) -> str:
    """Hex digest of what decides a run's numbers: scenario, data files, settings but the engine, version."""
    options = replace(settings, engine=ENGINE).options()
    parts = [sim.__version__, plain(resolved), options, [sha256(path) for path in sources]]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def plain(data: Any) -> Any:
    """The data as JSON knows it: dates and the like as text."""
    return json.loads(json.dumps(data, default=str))


def manifest(
    scenario: Any,
    settings: Settings,
    *,
    inputs: Mapping[Path, Path],
    start: Path,
    facts: Mapping[str, Any],
    began: datetime,
    ended: datetime,
) -> dict[str, Any]:
    """Everything needed to repeat the run bit for bit, and to know what it took.

    `inputs` says where each source file was copied to, `start` is the copy to run, `facts` are the
    numbers of the run itself (engine, horizon, counts).
    """
    return {
        "schema": SCHEMA,
        "touchpoint": sim.__version__,
        "name": scenario.name,
        "scenario": None if scenario.path is None else shown(scenario.path),
        "command": shlex.join(["touchpoint", "run", start.as_posix(), *settings.options()]),
        "seed": settings.seed,
        "replications": settings.replications,
        "set": list(settings.sets),
        "size": settings.size,
        "horizon": settings.horizon,
        **facts,
        "started": began.isoformat(timespec="seconds"),
        "finished": ended.isoformat(timespec="seconds"),
        "wall_seconds": round((ended - began).total_seconds(), 3),
        "machine": machine(),
        "python": platform.python_version(),
        "packages": versions(),
        "inputs": {place.as_posix(): sha256(source) for source, place in inputs.items()},
        "resolved": plain(scenario.resolved),
    }


def versions() -> dict[str, str]:
    """The installed versions of what the numbers and files come from."""
    return {name: found for name in PACKAGES if (found := _version(name))}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def machine() -> dict[str, Any]:
    """System and processor; no names of people or hosts."""
    return {
        "system": platform.system(),
        "release": platform.release(),
        "architecture": platform.machine(),
        "byte_order": sys.byteorder,
        "cpu": _cpu(),
        "cores": os.cpu_count(),
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def shown(path: Path) -> str:
    """A path as a reader knows it: relative to the working folder where it lies below."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def origin_of(scenario: Any) -> Path:
    """The scenario's file; for one made in Python, the file it would be in the working folder."""
    return scenario.path or Path.cwd() / "scenario.yaml"


def start_of(scenario: Any) -> Path:
    """Which file of the run folder is the scenario to run."""
    first = origin_of(scenario)
    return input_places([first, *scenario.sources])[first]
