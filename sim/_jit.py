"""The one way a function gets compiled: :func:`njit`.

Numba's own disk cache looks only at the file a function stands in: edit a helper in another file and
the cached caller keeps the old helper inside it, silently (numba issue 9483). Here the cache folder is
named after a hash of *every* source that compiled code can come from, so any edit starts an empty one.

Where the folder lies, first that can be written:

1. ``$NUMBA_CACHE_DIR/touchpoint-sim/<hash>`` if that variable is set, else
   ``$XDG_CACHE_HOME/touchpoint-sim/numba/<hash>``, else ``~/.cache/touchpoint-sim/numba/<hash>``;
2. ``touchpoint-sim-<user id>/<hash>`` in the system's folder for temporary files, if it is the user's
   own and closed to others (the cache holds code that gets executed);
3. nowhere: functions are then compiled afresh in every process.

With ``TOUCHPOINT_ALL_ENTRIES=1`` every function can be called from Python: our tests set it.
``NUMBA_DISABLE_JIT=1`` leaves every function as plain Python, with the same results.
"""

import contextlib
import functools
import gc
import glob
import hashlib
import os
import re
import shutil
import stat
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba
import numpy as np

from sim._inner import PIPELINE

SOURCES = ("_jit.py", "_inner.py", "model", "engine")  # what is hashed, and whose functions may be cached
ALL_ENTRIES = "TOUCHPOINT_ALL_ENTRIES"
KEEP = 5  # folders of other versions of the sources that are left alone ...
DAY = 86_400.0
RESTING = DAY  # ... and so are those used within a day (some process may still write there)
STALE = 30 * DAY  # unused for longer: removed in any case

_ROOT = Path(__file__).parent
_config: Any = numba.config
_decorating = threading.Lock()


def njit(function: Callable[..., Any] | None = None, *, entry: bool = False, **options: Any) -> Any:
    """Compile ``function`` with numba on its first call: ``@njit``, or ``@njit(entry=True)``.

    Only an ``entry`` can be called from Python, and only entries are cached on disk (each with all that it
    calls): wrappers and files for the other functions took a fifth of a cold start, and machine code of their own
    half of it (`sim._inner`). The code releases the
    interpreter lock and divides by zero as NumPy does (inf or nan): each way to raise costs time in every
    call. Other ``options`` are those of `numba.njit`. A function from a file outside ``SOURCES`` is compiled
    but not cached, since its folder would not change with its sources.
    """
    if function is None:
        return functools.partial(njit, entry=entry, **options)
    options = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True, **options}
    if not entry and not os.environ.get(ALL_ENTRIES):
        options["no_cpython_wrapper"] = True
        if PIPELINE is not None:
            options["pipeline_class"] = PIPELINE
        return numba.njit(**options)(function)
    return _cached(function, options) or numba.njit(**options)(function)


def _cached(function: Callable[..., Any], options: dict[str, Any]) -> Any:
    """The function compiled with a cache in our folder, or None where that cannot be had."""
    folder = cache_folder() if os.path.abspath(function.__code__.co_filename) in _sources() else None
    if folder is None:
        return None
    with _decorating, _numba_caches_in(folder), contextlib.suppress(RuntimeError):
        compiled = numba.njit(cache=True, **options)(function)
        if Path(compiled.stats.cache_path).is_relative_to(folder):
            return compiled
    return None


@contextlib.contextmanager
def _numba_caches_in(folder: Path) -> Iterator[None]:
    """Numba settles a function's folder when it is decorated; other packages keep their own setting."""
    before = _config.CACHE_DIR
    _config.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        _config.CACHE_DIR = before


@functools.cache
def cache_folder() -> Path | None:
    """The folder that holds this version's machine code; None if nothing is cached."""
    if _config.DISABLE_JIT or not _sources():
        return None
    for base in (_chosen_base, _temporary_base):
        folder = _usable(base)
        if folder is not None:
            return folder
    return None


def compiled_before(function: Any = None) -> bool:
    """Whether machine code lies ready on disk: of ``function`` (an `njit` one), or of any function.

    False means that the first call will compile. True under ``NUMBA_DISABLE_JIT``: nothing to compile.
    """
    if _config.DISABLE_JIT:
        return True
    folder = cache_folder()
    if folder is None:
        return False
    return any(folder.rglob("*.nbi")) if function is None else _on_disk(function)


def _on_disk(function: Any) -> bool:
    path, code = function.stats.cache_path, function.py_func.__code__
    if path is None:
        return False
    name = re.sub("[<>]", "", function.py_func.__qualname__)
    stem = f"{Path(code.co_filename).stem}.{name}-{code.co_firstlineno}."
    return any(Path(path).glob(glob.escape(stem) + "*.nbi"))


@contextlib.contextmanager
def compiling() -> Iterator[None]:
    """Collect garbage less often meanwhile: a compiler's many small objects make that a twentieth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)


# ---------------------------------------------------------------- what the folder is named after
@functools.cache
def _sources() -> dict[str, str]:
    """Absolute path -> name below the package, of every file that is hashed."""
    places = [_ROOT / name for name in SOURCES]
    files = [f for place in places for f in (place.rglob("*.py") if place.is_dir() else [place])]
    names = {os.path.abspath(f): f.relative_to(_ROOT).as_posix() for f in files if f.is_file()}
    return dict(sorted(names.items(), key=lambda item: item[1]))


def _key() -> str:
    """Hash of the sources, of the versions, and of the settings that change the code numba makes."""
    versions = (numba.__version__, np.__version__, sys.version)
    settings = (_config.BOUNDSCHECK, _config.OPT, os.environ.get(ALL_ENTRIES))
    digest = hashlib.sha256(repr((versions, settings)).encode())
    for path, name in _sources().items():
        text = Path(path).read_bytes()
        digest.update(f"\n{name} {len(text)}\n".encode() + text)
    return digest.hexdigest()[:32]


# ---------------------------------------------------------------- where it lies
def _chosen_base() -> Path:
    if _config.CACHE_DIR:
        return Path(os.path.abspath(_config.CACHE_DIR)) / "touchpoint-sim"
    for folder in (os.environ.get("XDG_CACHE_HOME", ""), os.path.expanduser("~/.cache")):
        if os.path.isabs(folder):
            return Path(folder) / "touchpoint-sim" / "numba"
    raise FileNotFoundError("no home folder")


def _temporary_base() -> Path:
    if not hasattr(os, "getuid"):  # Windows: the folder for temporary files is the user's own
        return Path(tempfile.gettempdir()) / "touchpoint-sim"
    base = Path(tempfile.gettempdir()) / f"touchpoint-sim-{os.getuid()}"
    base.mkdir(mode=0o700, exist_ok=True)
    if not _is_private(base.lstat()):
        raise PermissionError(f"{base} is not the user's own")
    return base


def _is_private(info: os.stat_result) -> bool:
    return stat.S_ISDIR(info.st_mode) and info.st_uid == os.getuid() and not info.st_mode & 0o077


def _usable(base: Callable[[], Path]) -> Path | None:
    """This version's folder in that base, made and tried; None where the system refuses."""
    try:
        folder = base() / _key()
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return None
    with contextlib.suppress(OSError):
        os.utime(folder)  # its age is the time since it was last used
        _prune(folder)
    return folder


# ---------------------------------------------------------------- leaving no litter
def _prune(current: Path) -> None:
    """Remove the folders of other versions that are long unused, or resting and beyond the newest few."""
    others = [p for p in current.parent.iterdir() if re.fullmatch("[0-9a-f]{32}", p.name) and p != current]
    ages = sorted((time.time() - p.stat().st_mtime, p) for p in others)
    for rank, (age, path) in enumerate(ages):
        if age > STALE or (age > RESTING and rank >= KEEP):
            _remove(path)
    for left in current.parent.glob(".old-*"):
        shutil.rmtree(left, ignore_errors=True)


def _remove(path: Path) -> None:
    """Rename first: a process that comes by now sees the whole folder or none."""
    doomed = path.with_name(f".old-{path.name}-{os.getpid()}")
    with contextlib.suppress(OSError):
        path.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)
