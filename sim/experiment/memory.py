"""Whether a run fits into this machine's memory, told before it begins rather than by its death."""

import os
from pathlib import Path

from sim.errors import UsageError

PERSON = 270  # bytes a person takes while a replication runs, about
KEPT = 216  # bytes of that which an outcome keeps
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")  # of a container
GIGA = 1e9


def check_memory(people: int, replications: int, at_once: int, *, kept: bool) -> None:
    """Raise UsageError where so many people cannot fit; `kept`: the people of every replication stay."""
    there = memory()
    wanted = people * (PERSON * at_once + (KEPT * (replications - at_once) if kept else 0))
    if there is None or wanted <= there:
        return
    raise UsageError(
        f"{people:,} customers need about {wanted / GIGA:,.0f} GB of memory ({_why(replications, at_once, kept)}), "
        f"and this machine has {there / GIGA:,.0f} GB: ask for fewer with --size"
        + (", or for less with --no-log, fewer workers or replications" if replications > 1 else "")
    )


def _why(replications: int, at_once: int, kept: bool) -> str:
    words = f"{PERSON} bytes each"
    if at_once > 1:
        words += f", {at_once} replications at once"
    return f"{words}, and {replications} replications kept" if kept and replications > at_once else words


def memory() -> int | None:
    """Bytes that this process may hope for: the machine's, or its container's if that is less."""
    try:
        bounds = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return None
    for limit in _LIMITS:
        try:
            bounds.append(int(Path(limit).read_text("ascii")))
        except (OSError, ValueError):  # no such limit here, or "max"
            continue
    return min(bounds)
