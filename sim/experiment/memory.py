"""Whether a run fits into this machine's memory, told before it begins rather than by its death."""

import os
from pathlib import Path
from typing import Any

from sim.errors import UsageError

PERSON = {"compiled": 282, "reference": 1_212}  # bytes a person takes while a replication runs, about
KEPT = 244  # bytes of that which an outcome keeps
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")  # of a container
GIGA = 1e9


def check_memory(people: int, engine: str, replications: int, at_once: int, *, kept: bool) -> None:
    """Raise UsageError where so many people cannot fit; `kept`: the people of every replication stay."""
    there, each = memory(), PERSON[engine]
    wanted = people * (each * at_once + (KEPT * (replications - at_once) if kept else 0))
    if there is None or wanted <= there:
        return
    raise UsageError(
        f"{people:,} people need about {wanted / GIGA:,.0f} GB of memory ({_why(each, replications, at_once, kept)}), "
        f"and this machine has {there / GIGA:,.0f} GB: ask for fewer with --size"
        + (", or for less with --no-log, fewer workers or replications" if replications > 1 else "")
    )


def people_in(scenario: Any) -> int:
    """Customers and prospects of a scenario, without those who come later."""
    size, site = scenario.population.size, scenario.population.site
    sites = 1 if site == "all" else max(1, -(-size // site))
    prospects = (getattr(segment, "prospects", None) for segment in scenario.segments.values())
    return size + sum(p.count * (sites if p.per_site else 1) for p in prospects if p)


def _why(each: int, replications: int, at_once: int, kept: bool) -> str:
    words = f"{each:,} bytes each"
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
