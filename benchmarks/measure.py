"""Seconds and bytes."""

import gc
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.engines import ROOT

_HIGH_WATER = "import atexit, sys; from benchmarks.measure import tell; atexit.register(tell); "
_MARK = "peak bytes:"


def cpu(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of a call, all threads together, and what it returned."""
    gc.collect()
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def both(work: Callable[[], Any]) -> tuple[float, float]:
    """CPU seconds of a call, all threads together, and the seconds it took."""
    gc.collect()
    start, began = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - start, time.perf_counter() - began


def wall(*works: Callable[[], Any]) -> float:
    """Seconds until all calls, each on a thread of its own, have returned."""
    gc.collect()
    with ThreadPoolExecutor(len(works)) as pool:
        start = time.perf_counter()
        for done in [pool.submit(work) for work in works]:
            done.result()
        return time.perf_counter() - start


def medians(rows: Iterable[dict[str, float]]) -> dict[str, float]:
    """The median of every column."""
    rows = list(rows)
    return {name: statistics.median(row[name] for row in rows) for name in rows[0]}


def high_water() -> int:
    """Peak resident memory of this process in bytes (VmHWM; without /proc what getrusage says)."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def tell() -> None:
    """Write the peak to standard error: the last thing that a measured process does."""
    print(_MARK, high_water(), file=sys.stderr)


def peak(code: str, *arguments: str) -> tuple[int, float]:
    """(peak bytes, seconds) of a Python process of its own that runs `code`, with `arguments` in sys.argv.

    The process reports its own peak, since what the parent is told may be the parent's own.
    """
    command = [sys.executable, "-c", _HIGH_WATER + code, *arguments]
    start = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments) or code} failed:\n{done.stderr}")
    told = done.stderr.rpartition(_MARK)[2]
    return int(told), time.perf_counter() - start


def peak_of_command(*words: str) -> tuple[int, float]:
    """(peak bytes, seconds) of ``python -m sim`` with these words."""
    return peak("import runpy; runpy.run_module('sim', run_name='__main__', alter_sys=True)", *words)
