"""The compile cache: never stale, always somewhere, and never in the way."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numba
import pytest

from sim import _inner, _jit

HELPER = "from sim._jit import njit\n\n\n@njit\ndef factor():\n    return {factor}.0\n"
CALLER = """\
from sim._jit import njit
from sim.model.helper import factor


@njit
def scaled(x):
    return factor() * x
"""
# What a process sees: the result, whether it had to compile, and where the cache lies.
REPORT = """\
import json, stat, tempfile
{before}
from sim import _jit
from sim.model.caller import scaled
known = _jit.compiled_before(), _jit.compiled_before(scaled)
folder = _jit.cache_folder()
result = scaled(2.0)
hits = sum(scaled.stats.cache_hits.values()) if hasattr(scaled, "stats") else None
mode = None if folder is None else stat.S_IMODE(folder.parent.stat().st_mode)
print(json.dumps(dict(result=result, hits=hits, known=known, mode=mode, folder=folder and str(folder))))
"""


class House:
    """A package laid out like ours: `sim/_jit.py`, and a caller and its helper below `sim/model`."""

    def __init__(self, root: Path):
        self.root, self.model, self.home = root, root / "sim" / "model", root / "home"
        self.model.mkdir(parents=True)
        self.home.mkdir()
        for module in (_jit, _inner):
            shutil.copy(module.__file__, root / "sim")
        for folder in (root / "sim", self.model):
            (folder / "__init__.py").touch()
        (self.model / "caller.py").write_text(CALLER)
        self.write_helper(3)

    def write_helper(self, factor: int) -> None:
        (self.model / "helper.py").write_text(HELPER.format(factor=factor))

    def start(self, *, before: str = "", **changes: str) -> subprocess.Popen[str]:
        drop = ("NUMBA_", "XDG_CACHE_HOME", "COVERAGE", "COV_")
        env = {k: v for k, v in os.environ.items() if not k.startswith(drop)}
        env |= {"PYTHONPATH": str(self.root), "HOME": str(self.home)} | changes
        code = [sys.executable, "-W", "error", "-c", REPORT.format(before=before)]
        return subprocess.Popen(code, env=env, cwd=self.root, stdout=-1, stderr=-1, text=True)

    def run(self, **how: str) -> dict:
        return _report(self.start(**how))

    def lock(self) -> dict[str, str]:
        """Make package and home unwritable even for root; returns what to set in the environment."""
        for folder in (self.root / "sim", self.model):
            shutil.rmtree(folder / "__pycache__", ignore_errors=True)
            (folder / "__pycache__").touch()
        (self.root / "file").touch()
        return {"HOME": str(self.root / "file" / "home"), "TMPDIR": str(_made(self.root / "tmp"))}


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def _report(process: subprocess.Popen[str]) -> dict:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return json.loads(out)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_an_edit_in_another_file_is_seen(house: House):
    """The caller's file does not change. With `numba.njit(cache=True)` alone it would keep the old helper
    inside its cached code and answer 6 once more: numba looks only at the caller's own file (#9483)."""
    first, again = house.run(), house.run()
    assert (first["result"], first["hits"], first["known"]) == (6.0, 0, [False, False])
    assert (again["result"], again["hits"], again["known"]) == (6.0, 1, [True, True])
    house.write_helper(5)
    edited = house.run()
    assert (edited["result"], edited["hits"], edited["known"]) == (10.0, 0, [False, False])
    assert edited["folder"] != first["folder"] == again["folder"]


def test_the_default_place_is_below_home(house: House):
    assert Path(house.run()["folder"]).parent == house.home / ".cache" / "touchpoint-sim" / "numba"


def test_numba_cache_dir_is_respected_and_keyed(house: House):
    chosen = house.root / "chosen"
    first = house.run(NUMBA_CACHE_DIR=str(chosen))
    assert Path(first["folder"]).parent == chosen / "touchpoint-sim"
    house.write_helper(5)
    assert house.run(NUMBA_CACHE_DIR=str(chosen))["result"] == 10.0
    assert not (house.home / ".cache").exists()


def test_neither_package_nor_home_can_be_written(house: House):
    locked = house.lock()
    first, again = house.run(**locked), house.run(**locked)
    assert Path(first["folder"]).parent == Path(locked["TMPDIR"]) / f"touchpoint-sim-{os.getuid()}"
    assert (first["result"], first["mode"], again["hits"]) == (6.0, 0o700, 1)


def test_nothing_can_be_written(house: House):
    locked = house.lock()
    nowhere = f"tempfile.tempdir = {locked['HOME']!r}"
    report = house.run(before=nowhere, **locked)
    assert (report["result"], report["folder"], report["known"]) == (6.0, None, [False, False])


def test_without_the_compiler(house: House):
    report = house.run(NUMBA_DISABLE_JIT="1")
    assert (report["result"], report["folder"], report["known"]) == (6.0, None, [True, True])
    assert not (house.home / ".cache").exists()


def test_two_processes_on_an_empty_cache(house: House):
    racing = [house.start() for _ in range(2)]
    assert [_report(process)["result"] for process in racing] == [6.0, 6.0]
    assert house.run()["hits"] == 1


# ---------------------------------------------------------------- in this process
def test_xdg_cache_home_comes_before_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert _jit._chosen_base() == tmp_path / "touchpoint-sim" / "numba"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # to be ignored, says the XDG specification
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert _jit._chosen_base() == tmp_path / "home" / ".cache" / "touchpoint-sim" / "numba"


def test_no_home_at_all(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    assert _jit._usable(_jit._chosen_base) is None


@pytest.mark.parametrize("trap", ["open to others", "a link", "a file"])
def test_a_temporary_folder_somebody_else_could_have_laid_is_refused(
    trap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    laid = tmp_path / f"touchpoint-sim-{os.getuid()}"
    if trap == "open to others":
        laid.mkdir()
        laid.chmod(0o777)
    elif trap == "a link":
        laid.symlink_to(_made(tmp_path / "elsewhere"), target_is_directory=True)
    else:
        laid.touch()
    assert _jit._usable(_jit._temporary_base) is None


def test_other_packages_keep_their_cache_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(numba.config, "CACHE_DIR", "theirs")
    with _jit._numba_caches_in(tmp_path):
        assert str(tmp_path) == numba.config.CACHE_DIR
    assert numba.config.CACHE_DIR == "theirs"


def test_a_function_from_elsewhere_compiles_but_is_not_cached():
    @_jit.njit(boundscheck=True)
    def one_more(x):
        return x + 1

    assert one_more(1) == 2
    assert getattr(getattr(one_more, "stats", None), "cache_path", None) is None


def test_every_source_of_compiled_code_is_hashed():
    names = set(_jit._sources().values())
    assert {"_jit.py", "_inner.py", "model/keys.py", "model/sample.py"} <= names
    assert not [n for n in names if not n.startswith(("_jit.py", "_inner.py", "model/", "engine/"))]


@pytest.mark.skipif(_inner.PIPELINE is None, reason="not tried with this version of numba")
def test_functions_for_compiled_code_alone_have_no_machine_code_of_their_own(house: House):
    """With a version of numba that was not tried, they are compiled in its own way, with the same result."""
    caller = CALLER.replace("@njit", "@njit(entry=True)")
    (house.model / "caller.py").write_text(caller)
    seen = "import sim._inner, sim.model.helper as h; from sim.model.caller import scaled; scaled(1.0); "
    seen += "kinds = [type(c.library).__name__ for c in h.factor.overloads.values()]; "
    one = house.run(before=seen + "assert kinds == ['InnerLibrary'], kinds", TOUCHPOINT_ALL_ENTRIES="")
    again = house.run(TOUCHPOINT_ALL_ENTRIES="")
    assert (one["result"], again["result"], again["hits"]) == (6.0, 6.0, 1)
    untried = "import numba; numba.__version__ = '9.9.0'; "
    house.write_helper(5)
    other = house.run(before=untried + seen + "assert 'InnerLibrary' not in kinds", TOUCHPOINT_ALL_ENTRIES="")
    assert other["result"] == 10.0


def test_long_unused_folders_go_and_used_ones_stay(tmp_path: Path):
    def folder(name: str, days: float) -> Path:
        path = _made(tmp_path / name)
        then = time.time() - days * _jit.DAY
        os.utime(path, (then, then))
        return path

    current = folder("c" * 32, 99)
    fresh = [folder(f"{k:032x}", 0.01 * k) for k in range(8)]  # somebody may be writing there
    resting = [folder(f"{k:032x}", k) for k in range(8, 12)]  # beyond the newest five
    stale = folder("a" * 32, 31)
    foreign = folder("somebody-else", 400)
    left_over = folder(".old-" + "b" * 32 + "-1", 0)
    _jit._prune(current)
    assert all(path.exists() for path in (current, *fresh, foreign))
    assert not any(path.exists() for path in (*resting, stale, left_over))


def test_a_folder_unused_for_a_few_days_stays_while_there_are_few(tmp_path: Path):
    current, other = _made(tmp_path / ("c" * 32)), _made(tmp_path / ("d" * 32))
    then = time.time() - 5 * _jit.DAY
    os.utime(other, (then, then))
    _jit._prune(current)
    assert other.exists()
