"""The results of the parts as tables to read."""

from collections.abc import Iterable
from typing import Any

from benchmarks import same_work
from benchmarks.engines import COMPILED

# what the project asks of the compiled engine: (wanted, at least or at most)
_BARS = {
    "plain SimPy": (30.0, ">="),
    "floor": (5.0, "<="),
    "as shipped": (2.5, "<="),
    "without staff and stock": (1.5, "<="),
    "scaling": (0.9, ">="),
    "memory": (400.0, "<="),
}


def _lines(title: str, rows: Iterable[tuple[str, ...]]) -> str:
    """A title over rows of columns: names to the left, numbers to the right."""
    rows = list(rows)
    widths = [max(len(row[k]) for row in rows if k < len(row)) for k in range(max(map(len, rows)))]
    body = [
        "  ".join(
            cell.ljust(w) if k == 0 else cell.rjust(w)
            for k, (cell, w) in enumerate(zip(row, widths, strict=False))
        )
        for row in rows
    ]
    return "\n".join([title, *("  " + line.rstrip() for line in body), ""])


def _bar(name: str, value: float, engine: str) -> str:
    """What is asked, and whether it is reached."""
    if engine != COMPILED or name not in _BARS:
        return ""
    wanted, way = _BARS[name]
    reached = value >= wanted if way == ">=" else value <= wanted
    return f"wanted {way} {wanted:g}: {'yes' if reached else 'NO'}"


def work(found: dict[str, Any]) -> str:
    """Do both sides do the same?"""
    title = f"The same work: {found['replications']} plain replications of one shop, {found['days']} days"
    return f"{title}\n{same_work.table(found['quantities'])}\n"


def cost(found: dict[str, Any]) -> str:
    """Cost of an event on every side."""
    engine, numbers = found["engine"], found["ns_per_event"]
    rows = [("side (CPU, one thread, no log)", "ns an event", "events/s", f"times {engine}", "")]
    for name, ns in numbers.items():
        if " / " in name:
            continue
        ratio = numbers.get(f"{name} / {engine}", 1.0)
        shown, bar = f"{ratio:.3g}", _bar(name, ratio, engine)
        if name == "floor":
            shown, bar = f"1/{1 / ratio:.3g}", _bar(name, 1 / ratio, engine)
        rows.append((name, f"{ns:,.0f}", f"{1e9 / ns:,.0f}", shown, bar))
    calls = found["calls_per_event"]
    title = (
        f"Cost of an event: {found['size']:,} customers, {found['days']} days after {found['warm_up']} of warm-up, "
        f"set-up included, medians of {found['repeats']}"
    )
    logs = calls["log"] + calls["log1p"]
    note = f"  floor: {calls['uniform']:.2f} draws, {calls['exp']:.2f} exponentials, {logs:.2f} logarithms an event\n"
    return _lines(title, rows) + note


def growth(found: dict[str, Any]) -> str:
    """Cost of an event by population."""
    rows = [("scenario", "customers", "ns an event", "events/s", "growth", "set-up, us a customer", "")]
    sizes = found["sizes"]
    for name in ("as shipped", "without staff and stock"):
        for size in sizes:
            one = found[name]
            factor = one[f"{size} growth"]
            bar = _bar(name, factor, found["engine"]) if size == max(sizes) == 1_000_000 else ""
            rows.append((
                name, f"{size:,}", f"{one[f'{size} ns_per_event']:,.0f}", f"{one[f'{size} events_per_s']:,.0f}",
                f"{factor:.2f}", f"{one[f'{size} set_up_us_per_customer']:.1f}", bar,
            ))  # fmt: skip
    title = (
        f"Growth with the population ({found['engine']}): cost of an event between day {found['days'][0]} and "
        f"{found['days'][1]}, medians of {found['as shipped']['repeats']}"
    )
    return _lines(title, rows)


def threads(found: dict[str, Any]) -> str:
    """Two replications on two threads."""
    rows = [
        (f"{found['engine']}, two replications", f"{found['speedup']:.2f}"),
        ("bare loop without the interpreter lock", f"{found['bare_speedup']:.2f}"),
        ("scaling", f"{found['scaling']:.2f}", _bar("scaling", found["scaling"], found["engine"])),
    ]
    return _lines(f"Two threads: times as fast as one after the other, medians of {found['repeats']}", rows)


def log(found: dict[str, Any]) -> str:
    """What writing the events costs."""
    rows = [("side", "CPU s", "s")]
    for name in ("alone", "with rows, dropped", "with writer", "writer alone"):
        rows.append((name, f"{found[f'{name}, cpu s']:.3f}", f"{found[f'{name}, s']:.3f}"))
    rows.append(("writing adds", f"{100 * found['writing costs']:.0f} %", "of the time of the engine alone"))
    title = (
        f"The event log ({found['engine']}): {found['rows']:,} rows, {found['bytes_per_row']:.0f} bytes each on disk, "
        f"medians of {found['repeats']}"
    )
    return _lines(title, rows)


def memory(found: dict[str, Any]) -> str:
    """Peak memory."""
    bar = _bar("memory", found["difference_mb"], found["engine"]) if found["size"] == 1_000_000 else ""
    rows = [
        (f"{found['engine']}, 10 customers", f"{found['peak_at_10_mb']:,.0f} MB"),
        (
            f"{found['engine']}, {found['size']:,} customers",
            f"{found['peak_mb']:,.0f} MB",
            f"{found['seconds']:.0f} s",
        ),
        ("difference", f"{found['difference_mb']:,.0f} MB", bar),
        ("bytes a customer", f"{found['bytes_per_customer']:,.0f}"),
    ]
    rows += [
        (f"{name}, bytes a customer", f"{each:,.0f}")
        for name, each in found["simpy_bytes_per_customer"].items()
    ]
    title = f"Peak memory of `python -m sim run ... --no-log --replications 1`, {found['days']} days"
    return _lines(title, rows)


def sweep(found: dict[str, Any]) -> str:
    """What a sweep costs beside the engine."""
    rows = [("varied, replications", "engine", "beside it", "share", "set-up")]
    for name, case in found["cases"].items():
        share = f"{100 * case['share']:.1f} %"
        rows.append(
            (
                name,
                f"{case['engine_ms']:.1f} ms",
                f"{case['beside_ms']:.2f} ms",
                share,
                f"{case['set_up_s']:.2f} s",
            )
        )
    title = (
        f"A sweep: CPU of a run of {found['size']:,} customers and {found['days']} days, {found['points']} points, "
        f"medians of {found['repeats']}"
    )
    return _lines(title, rows)
