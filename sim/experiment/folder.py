"""The run folder: written beside its place under a temporary name, renamed when everything is in it.

A folder that bears its final name is therefore complete; a killed run leaves only ``NAME.partial``.
Making that one reserves the name: of two runs at once the second is told before it begins.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from sim.errors import RunError, UsageError

SCHEMA = 1  # of the manifest


class Taken(UsageError):
    """Somebody else has this place, or is about to."""


@contextmanager
def new_folder(place: Path, *, numbered: bool = False) -> Iterator[Path]:
    """A folder to write into, which becomes `place` when the block ends well and vanishes otherwise.

    A place that is taken gets a number where `numbered`; ``place_of`` tells which it became.
    Raises UsageError where `place` is taken or cannot be made, RunError where writing fails.
    """
    partial = _reserve_numbered(place) if numbered else _reserve(place)
    place = place_of(partial)
    try:
        yield partial
        _settle(partial, place)
    except OSError as error:
        raise RunError(f"cannot write {place}: {reason(error)}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _partial_of(place: Path) -> Path:
    return place.with_name(f"{place.name}.partial")


def place_of(partial: Path) -> Path:
    """What a folder that is being written will be called."""
    return partial.with_name(partial.name.removesuffix(".partial"))


def _reserve(place: Path) -> Path:
    """Make the folder to write into, which nobody else can then."""
    if not place.name:
        raise UsageError(f"{place}: is no name for a new folder; give --out one that does not exist yet")
    partial = _partial_of(place)
    try:
        partial.mkdir(parents=True)
    except FileExistsError:
        raise Taken(
            f"{place}: another run is writing it; wait, or give --out another folder "
            f"(if that run was killed, remove {partial})"
        ) from None
    except (OSError, ValueError) as error:
        raise _unwritable(place, error) from error
    try:
        _check_free(place)
    except BaseException:
        partial.rmdir()
        raise
    return partial


def _reserve_numbered(first: Path) -> Path:
    for number in count(1):
        try:
            return _reserve(first if number == 1 else first.with_name(f"{first.name}-{number}"))
        except Taken:
            continue
    raise AssertionError("numbers do not end")


def _check_free(place: Path) -> None:
    """Raise UsageError where `place` is a file or a folder with something in it."""
    try:
        full = place.is_dir() and any(place.iterdir())
        file = place.exists() and not place.is_dir()
    except OSError as error:
        raise _unwritable(place, error) from error
    if full:
        raise Taken(f"{place}: exists and is not empty; give --out another folder, or remove this one")
    if file:
        raise Taken(f"{place}: is a file; give --out a folder that does not exist yet")


def _unwritable(place: Path, error: Exception) -> UsageError:
    why = reason(error) if isinstance(error, OSError) else str(error)
    return UsageError(f"{place}: cannot be written: {why}; give --out a folder that can")


def reason(error: OSError) -> str:
    """Why a file could not be written, and which."""
    name = f" ({error.filename})" if error.filename else ""
    told = str(error.strerror or error)
    return f"{told.rpartition('[errno ')[2].partition('] ')[2] or told}{name}"  # PyArrow says it with much before it


def _settle(partial: Path, place: Path) -> None:
    """Give the finished folder its name."""
    if place.is_dir():
        place.rmdir()
    os.rename(partial, place)
    sync(place.parent)


def sync(path: Path) -> None:
    """Have the disk keep what was written to a file or folder; not every system can for folders.

    Raises OSError where the disk could not take a file after all.
    """
    folder = path.is_dir()
    try:
        handle = os.open(path, os.O_RDONLY if folder else os.O_RDWR)
    except OSError:
        if folder:
            return
        raise
    try:
        os.fsync(handle)
    except OSError:
        if not folder:
            raise
    finally:
        os.close(handle)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write readable JSON, kept by the disk before it gets its name."""
    temporary = path.with_name(f"{path.name}.partial")
    temporary.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    sync(temporary)
    temporary.replace(path)


# ---------------------------------------------------------------- single files
def check_file(path: Path, sign: bytes) -> None:
    """Raise UsageError where a file cannot be written, or is another's: one without ``sign`` in its first bytes."""
    if path.is_dir():
        raise UsageError(f"{path}: is a folder; name a file")
    if not path.parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UsageError(f"{path}: cannot be written; name a file that can")
    if path.exists() and sign not in _beginning(path):
        raise UsageError(f"{path}: exists and is no report; name another file, or remove this one")


def _beginning(path: Path, size: int = 4096) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


def copy_file(source: Path, path: Path) -> None:
    """A copy that is there whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        shutil.copyfile(source, partial)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise UsageError(f"{path}: cannot be written: {reason(error)}; it is in {source}") from error


# ---------------------------------------------------------------- names
def default_place(results: Path, source: Path | None, name: str, fingerprint: str) -> Path:
    """``results/<business>-<scenario>-<UTC time>-<hash>``."""
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return results / f"{_label(source, name)}-{moment}-{fingerprint[:8]}"


def named_place(results: Path, source: Path | None, name: str, fingerprint: str) -> Path:
    """``results/<business>-<design>-<hash>``: the same for the same."""
    return results / f"{_label(source, name)}-{fingerprint[:8]}"


def _label(source: Path | None, name: str) -> str:
    return _tame(f"{Path(os.path.abspath(source)).parent.name}-{source.stem}" if source else name)


def _tame(text: str) -> str:
    """The text as a folder name: letters, digits, dot, dash, underscore."""
    kept = "".join(sign if sign.isalnum() or sign in "._-" else "_" for sign in text)
    return kept.strip("._-") or "run"


def sha256(path: Path) -> str:
    """Hex digest of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


# ---------------------------------------------------------------- inputs
def copy_inputs(places: Mapping[Path, Path], folder: Path) -> None:
    """Copy each file verbatim to its place below the folder; one that lies there already stays."""
    for source, place in places.items():
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if source != target:
            shutil.copyfile(source, target)


def input_places(sources: Sequence[Path]) -> dict[Path, Path]:
    """For each file its path below the run folder: ``inputs/`` and what follows the common folder.

    A folder with files in it keeps its name, so ``inputs/coffee_shop/baseline.yaml`` says what was run.
    """
    absolute = [Path(os.path.abspath(source)) for source in sources]
    if not absolute:
        return {}
    folders = [path.parent for path in absolute]
    root = Path(os.path.commonpath(folders))
    root = root.parent if root in folders else root
    return {
        source: Path("inputs") / path.relative_to(root)
        for source, path in zip(sources, absolute, strict=True)
    }
