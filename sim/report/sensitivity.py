"""A sensitivity analysis as text: what matters for each KPI, how sure that is, and what cannot be said."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.analysis import effects
from sim.analysis.given_data import Given
from sim.analysis.sensitivity import Morris, Sobol
from sim.report.comparison import NONE, WIDTH
from sim.report.sweep_words import cut, difference_scale, kpi_scale, short_names, value_text
from sim.report.table import aligned
from sim.report.wording import number, percent, plural

if TYPE_CHECKING:
    from sim.experiment.sensitivity import Analysis, Sensitivity

METHODS = {
    "saltelli": "Saltelli's design",
    "morris": "Morris' trajectories",
    "full_factorial": "a full grid",
    "one_at_a_time": "one at a time",
    "latin_hypercube": "a Latin hypercube",
    "sobol": "a Sobol' sequence",
    "csv": "points from a table",
}
LEAST = 24  # letters of a path that are shown
PAIRS = 3  # that are named
NAMED = 3  # parameters that cannot be told apart, at most


def sensitivity_text(done: Sensitivity) -> str:
    """All of it, at most ``WIDTH`` columns wide but for long names."""
    parts = [_title(done)]
    for kpi, one in done.analyses.items():
        parts += ["\n".join(block) for block in _analysis(done, one)]
        parts += ["\n".join(_warned(text) for text in done.cautions[kpi])]
    return "\n\n".join(part for part in parts if part)


def _width(rows: Sequence[Sequence[str]]) -> int:
    """How wide columns are side by side, each with the gap that follows it; empty ones are left out."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True) if any(column[1:])]
    return sum(widths) + 2 * len(widths)


def _title(done: Sensitivity) -> str:
    swept = done.swept
    count = plural(len(swept.parameters), "parameter")
    luck = "the same luck at every point" if swept.common else "luck of its own at every point"
    points = f"{plural(swept.points, 'point')} of {plural(swept.replications, 'replication')}, {luck}"
    return textwrap.fill(f"{swept.name}: {count}, {METHODS.get(swept.method, swept.method)}, {points}", WIDTH)


def _warned(text: str) -> str:
    return textwrap.fill(f"Warning: {text}", WIDTH, subsequent_indent="  ")


def _analysis(done: Sensitivity, one: Analysis) -> Iterator[list[str]]:
    if one.constant:
        yield [f"{one.measured.kpi}: nothing to rank"]
        return
    yield textwrap.wrap(f"{headline(done, one)}.", WIDTH)
    title, head, cells, note = TABLES[one.kind]
    rows = [("", "parameter", *head, "low", "high")]
    cells_of = [(*cells(one, i), *_ends(one, i)) for i in one.by_rank]
    places = [f"{rank}" for rank in range(1, len(cells_of) + 1)]
    others = [("", *rows[0][2:]), *((place, *told) for place, told in zip(places, cells_of, strict=True))]
    room = max(LEAST, WIDTH - _width(others))
    names = [cut(done.parameters[i].path, room) for i in one.by_rank]
    rows += [(place, name, *told) for place, name, told in zip(places, names, cells_of, strict=True)]
    unit = kpi_scale(one.measured.unit).unit
    yield [
        f"What matters for {one.measured.kpi}{f' ({unit})' if unit else ''}: {title}",
        *aligned(rows, left=(0, 1)),
        *textwrap.wrap(f"{note} {WHERE[one.kind]}", WIDTH),
    ]
    yield from _together(done, one)
    yield textwrap.wrap(chance(one), WIDTH)


# ---------------------------------------------------------------- in a sentence
def headline(done: Sensitivity, one: Analysis, short: bool = False) -> str:
    """What matters most, in a sentence without its full stop; ``short``: with the ends of paths only."""
    kpi = one.measured.kpi
    if one.constant:
        return f"{kpi} is the same at every point"
    if idle(one):
        if one.split.beyond_chance:
            return f"Points differ in {kpi} by more than chance, but no single parameter stands out"
        return f"Nothing that was varied can be told to move {kpi} beyond chance"
    level = level_with(one)
    paths = [parameter.path for parameter in done.parameters]
    known = short_names(paths) if short else paths
    names = [known[i] for i in (one.by_rank[0], *level)]
    if len(names) > NAMED:
        return f"{names[0]} seems to move {kpi} most, but {len(level)} others cannot be told from it"
    if level:
        return f"{_and(names)} move {kpi} most; which of them more cannot be told"
    if one.kind in ("grid", "one_at_a_time") and one.split.noise is None:
        return f"{names[0]} seems to move {kpi} most; with one replication chance may have ranked them"
    return f"{names[0]} moves {kpi} most: {_size(one, one.by_rank[0])}"


def idle(one: Analysis) -> bool:
    """Whether no parameter can be told from chance, so that naming the first would name one at random."""
    if isinstance(one.found, Given):
        return one.split.share == 1.0 or not one.found.standing_out.any()
    return one.split.beyond_chance is False


def _and(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def level_with(one: Analysis) -> list[int]:
    """The parameters whose interval reaches into that of the first one: chance may have ranked them."""
    found, top = one.found, one.by_rank[0]
    if isinstance(found, Sobol | effects.Grid):
        low, high = found.total - found.total_half, found.total + found.total_half
    elif isinstance(found, Morris):
        low, high = found.mu_star - found.half, found.mu_star + found.half
    elif isinstance(found, Given):
        return _level_given(one, found)
    else:
        ends = np.array([(np.nan,) * 3 if swing is None else swing.effect for swing in one.swings])
        size, half = np.abs(ends[:, 0]), np.ptp(ends[:, 1:], axis=1) / 2.0
        low, high = size - half, size + half
    return [i for i in one.by_rank[1:] if high[i] > low[top]]


def _level_given(one: Analysis, found: Given) -> list[int]:
    """Those beyond chance that no measure's intervals tell from the first."""
    top, able = one.by_rank[0], found.beyond_chance
    size = np.sort(np.abs(found.rho_ends), axis=1)
    size[(found.rho_ends[:, 0] < 0.0) & (found.rho_ends[:, 1] > 0.0), 0] = 0.0
    measures = (found.pawn_ends, found.first_ends, size)
    return [i for i in one.by_rank[1:] if able[i] and not any(ends[i, 1] < ends[top, 0] for ends in measures)]


def _size(one: Analysis, top: int) -> str:
    """How much a parameter does, in words."""
    found = one.found
    if isinstance(found, Sobol | effects.Grid):
        share, alone = (min(1.0, max(0.0, float(each[top]))) for each in (found.total, found.first))
        return f"it has a part in {percent(share)} of the variance, {percent(alone)} by itself"
    if isinstance(found, Morris):
        size = difference_scale(one.measured.unit).full(float(found.mu_star[top]))
        return f"by {size} across its range, on average"
    if isinstance(found, Given):
        if np.isnan(found.first[top]):
            index, idle = number(float(found.pawn[top]), 2), number(float(found.chance[top]), 2)
            return f"PAWN {index}, where chance reaches {idle}"
        return f"it makes {percent(min(1.0, max(0.0, float(found.first[top]))))} of the variance by itself"
    swing = one.swings[top]
    ends = (np.nan, np.nan) if swing is None else (swing.low[0], swing.high[0])
    low, high = kpi_scale(one.measured.unit).alike(*ends)
    return f"{low} at its low end, {high} {kpi_scale(one.measured.unit).unit}".rstrip() + " at its high end"


def chance(one: Analysis) -> str:
    """How much of the variance between points is chance."""
    share, count = one.split.share, one.split.replications
    if share is None:
        return "Chance: not known with one replication of each point."
    return f"Chance of {count} replications: {percent(share)} of the variance between points."


# ---------------------------------------------------------------- cells
def _plain(value: float, low: float, high: float) -> tuple[str, str]:
    if not np.isfinite(value):
        return NONE, NONE
    ends = f"{number(low, 2)} .. {number(high, 2)}" if np.isfinite(low) else NONE
    return number(value, 2), ends


def _sobol(one: Analysis, i: int) -> tuple[str, ...]:
    found = one.found
    assert isinstance(found, Sobol | effects.Grid)
    cells: tuple[str, ...] = ()
    for value, half in ((found.total, found.total_half), (found.first, found.first_half)):
        cells += _plain(float(value[i]), float(value[i] - half[i]), float(value[i] + half[i]))
    clean = [found.clean_total, found.clean_first]
    told = [NONE if each is None or not np.isfinite(each[i]) else number(float(each[i]), 2) for each in clean]
    return (*cells, " / ".join(told) if told != [NONE, NONE] else NONE)


def _morris(one: Analysis, i: int) -> tuple[str, ...]:
    found = one.found
    assert isinstance(found, Morris)
    scale = difference_scale(one.measured.unit)
    star, half = float(found.mu_star[i]), float(found.half[i])
    floor = np.nan if found.floor is None else float(found.floor[i])
    numbers = star, max(0.0, star - half), star + half, float(found.mu[i]), float(found.sigma[i]), floor
    told, low, high, mu, sigma, idle = scale.alike(*numbers, like=float(found.mu_star.max()))
    return told, f"{low} .. {high}", mu, sigma, shape(found, i), NONE if np.isnan(floor) else idle


def shape(found: Morris, i: int) -> str:
    """What sigma / mu* says of an effect (bounds of Garcia Sanchez et al. 2014)."""
    ratio = float(found.sigma[i]) / float(found.mu_star[i]) if found.mu_star[i] else 0.0
    if ratio < 0.1:
        return "straight"
    return "one way" if ratio < 0.5 else "mostly one way" if ratio < 1.0 else "bent or joint"


def _given(one: Analysis, i: int) -> tuple[str, ...]:
    found = one.found
    assert isinstance(found, Given)
    pawn = _plain(float(found.pawn[i]), *map(float, found.pawn_ends[i]))
    first = _plain(float(found.first[i]), *map(float, found.first_ends[i]))
    rho = float(found.rho[i])
    direction = NONE if not np.isfinite(rho) else f"{rho:+.2f}".replace("-", "−")
    return (*pawn, number(float(found.chance[i]), 2), *first, direction)


def _steps(one: Analysis, i: int) -> tuple[str, ...]:
    swing, scale = one.swings[i], difference_scale(one.measured.unit)
    if swing is None:
        return NONE, NONE
    largest = max(abs(each.effect[0]) for each in one.swings if each is not None)
    effect, low, high = scale.alike(*swing.effect, like=largest)
    return effect, f"{low} .. {high}" if np.isfinite(swing.effect[1]) else NONE


def _ends(one: Analysis, i: int) -> tuple[str, str]:
    """The KPI with the parameter low and high."""
    swing, scale = one.swings[i], kpi_scale(one.measured.unit)
    if swing is None:
        return "", ""
    low, high = scale.alike(swing.low[0], swing.high[0], like=float(np.abs(one.means).mean()))
    return low, high


Cells = Callable[["Analysis", int], tuple[str, ...]]
SHARES = ("total", "95 %", "alone", "95 %", "no noise")
TABLES: dict[str, tuple[str, tuple[str, ...], Cells, str]] = {
    "sobol": (
        "Sobol' indices",
        SHARES,
        _sobol,
        "total: share of the variance it has a part in; alone: share it makes by itself; no noise: both without "
        "what chance of the replications adds.",
    ),
    "grid": (
        "shares of variance over the grid",
        SHARES,
        _sobol,
        "total: share of the variance it has a part in; alone: share it makes by itself; no noise: both without "
        "what chance of the replications adds.",
    ),
    "morris": (
        "elementary effects across a whole range",
        ("mu*", "95 %", "mu", "sigma", "effect", "chance"),
        _morris,
        "mu*: mean size of the effect; mu: its mean with sign; sigma: how it differs from place to place; chance: "
        "the mu* of chance alone.",
    ),
    "given": (
        "measures from given data",
        ("PAWN", "95 %", "chance", "alone", "95 %", "rank corr."),
        _given,
        "PAWN: how far its value shifts the distribution, 0 to 1, and what 19 in 20 idle parameters stay below; "
        "alone: share of the variance it makes by itself (first order index). Ranked by the larger of that and the "
        "squared rank correlation.",
    ),
    "one_at_a_time": (
        "differences between its ends, the others at the centre",
        ("high − low", "95 %"),
        _steps,
        "Around this centre only: one at a time sees no two changes together.",
    ),
}
WHERE = {
    "one_at_a_time": "low, high: the KPI at either end.",
    "grid": "low, high: the mean KPI at its lowest and highest level.",
    "morris": "effect: one way where sigma is below half of mu*, straight below a tenth.",
    "sobol": "low, high: the mean KPI over its lowest and highest fifth (or value), the others as they come.",
    "given": "low, high: the mean KPI over its lowest and highest fifth (or value), the others as they come.",
}


# ---------------------------------------------------------------- pairs
def _together(done: Sensitivity, one: Analysis) -> Iterator[list[str]]:
    """The pairs whose second order index is beyond chance."""
    found = one.found
    if not isinstance(found, Sobol | effects.Grid) or found.second is None or found.second_half is None:
        return
    sure = found.second - np.nan_to_num(found.second_half) > 0.01
    pairs = sorted(zip(*np.nonzero(sure), strict=True), key=lambda pair: -float(found.second[pair]))  # type: ignore[index]
    if not pairs:
        yield ["Together: no pair's second order index is beyond chance."]
        return
    told = [
        f"{done.parameters[i].path} and {done.parameters[j].path} {number(float(found.second[i, j]), 2)} "
        f"(±{number(float(found.second_half[i, j]), 2)})"
        for i, j in pairs[:PAIRS]
    ]
    rest = f"; and {len(pairs) - PAIRS} more (table pairs)" if len(pairs) > PAIRS else ""
    yield textwrap.wrap(f"Together (second order): {'; '.join(told)}{rest}.", WIDTH)


def ends_told(done: Sensitivity, one: Analysis, i: int) -> tuple[str, str]:
    """What values of a parameter the low and the high end stand for."""
    swing, where = one.swings[i], done.parameters[i]
    if swing is None:
        return NONE, NONE
    return tuple(
        value_text(where, at[0])
        if at[0] == at[1]
        else f"{value_text(where, at[0], unit=False)} to {value_text(where, at[1])}"
        for at in (swing.low_at, swing.high_at)
    )  # type: ignore[return-value]
