"""Finding a scenario: by its path, by its folder, or by the name of one that ships."""

import os
from pathlib import Path
from typing import NoReturn

from sim import scenarios_folder
from sim.errors import UsageError


def find_scenario(name: str) -> Path:
    """The file meant: a path, a folder with a baseline, or the name of a scenario or design that ships.

    Raises UsageError where there is none, with what may have been meant.
    """
    return located(name) or _missing(name)


def located(name: str | os.PathLike[str]) -> Path | None:
    """As :func:`find_scenario`, but None where there is none."""
    if not os.fspath(name):
        return None
    for place in (Path(name), scenarios_folder() / name):
        beside = [place.with_name(f"{place.name}.yaml")] if place.name else []
        for path in (place, place / "baseline.yaml", *beside):
            if os.path.isfile(path):
                return path
    return None


def _missing(name: str) -> NoReturn:
    if not name:
        raise UsageError("expected a scenario file, got ''")
    if os.path.isdir(name):
        inside = ", ".join(sorted(path.name for path in Path(name).glob("*.y*ml")))
        raise UsageError(f"{name}: is a folder; name a scenario file{' in it: ' if inside else ''}{inside}")
    if os.path.exists(name):
        raise UsageError(f"{name}: is not a regular file; name a scenario file")
    raise UsageError(f"{name}: no such scenario file; {_hint(name)}")


def _hint(name: str) -> str:
    from difflib import get_close_matches

    shipped = shipped_scenarios()
    stem = name.removesuffix(".yaml")
    near = [known for known in shipped if known.startswith(f"{stem}/")]
    near += get_close_matches(stem, shipped, n=1) + get_close_matches(Path(stem).name, shipped, n=1)
    return f"did you mean {near[0]}?" if near else f"these ship: {', '.join(shipped) or 'none'}"


def shipped_scenarios() -> list[str]:
    """Names of the scenarios that ship, a baseline by the name of its folder."""
    root = scenarios_folder()
    paths = [path for path in sorted(root.glob("*/*.yaml")) if not holds_design(path)]
    names = [path.relative_to(root).with_suffix("").as_posix() for path in paths]
    return [name.removesuffix("/baseline") for name in names]


def shipped_designs() -> list[str]:
    """Names of the designs of sweeps that ship."""
    root = scenarios_folder()
    paths = [path for path in sorted(root.glob("*/*.yaml")) if holds_design(path)]
    return [path.relative_to(root).with_suffix("").as_posix() for path in paths]


def holds_design(path: Path) -> bool:
    """Whether a file is the design of a sweep rather than a scenario, as its first keys tell."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError):
        return False
    return any(line.startswith("design:") for line in lines)
