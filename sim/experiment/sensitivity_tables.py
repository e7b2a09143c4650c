"""A sensitivity analysis as tables; the columns are told in docs/sensitivity.md."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis import effects
from sim.analysis.given_data import Given
from sim.analysis.sensitivity import Morris, Sobol

if TYPE_CHECKING:
    from sim.analysis.view import Floats
    from sim.experiment.sensitivity import Analysis, Sensitivity
    from sim.experiment.swept import Varied

Row = dict[str, Any]
COLUMNS = {  # those of an empty table
    "indices": ["kpi", "rank", "parameter"],
    "pairs": ["kpi", "first", "second", "S2", "S2_low", "S2_high"],
    "effects": ["kpi", "parameter", "value", "effect", "low", "high"],
    "warnings": ["kpi", "warning"],
}


def rows(done: Sensitivity, name: str) -> tuple[list[Row], None, list[str] | None]:
    """The rows of a table, no index, and the columns where there are no rows: as pandas takes them."""
    if name == "warnings":
        found = [{"kpi": kpi, "warning": text} for kpi, texts in done.cautions.items() for text in texts]
    else:
        made = _responses_of(done) if name == "responses" else MAKERS[name]
        found = [
            {"kpi": kpi} | row for kpi, one in done.analyses.items() for row in made(one, done.parameters)
        ]
    return found, None, None if found else COLUMNS.get(name, ["kpi"])


def written(one: Varied, code: float) -> Any:
    """A value as the table of runs has it: a number in base units, a word or a truth value."""
    return one.words[int(code)] if one.words else code


# ---------------------------------------------------------------- measures
def _indices(one: Analysis, parameters: tuple[Varied, ...]) -> Iterator[Row]:
    for rank, i in enumerate(one.by_rank, start=1):
        yield {"rank": rank, "parameter": parameters[i].path} | _measures(one, i)


def _measures(one: Analysis, i: int) -> Row:
    found = one.found
    direction = dict(zip(("rho", "rho_low", "rho_high"), map(float, one.direction[i]), strict=True))
    if isinstance(found, Sobol | effects.Grid):
        row = _index("ST", found.total[i], found.total_half[i], found.clean_total, i)
        row |= _index("S1", found.first[i], found.first_half[i], found.clean_first, i)
        return row | direction if isinstance(found, Sobol) else row
    if isinstance(found, Morris):
        star, half = float(found.mu_star[i]), float(found.half[i])
        row = {"mu_star": star, "mu_star_low": max(0.0, star - half), "mu_star_high": star + half}
        row |= {"mu": float(found.mu[i]), "sigma": float(found.sigma[i])}
        return row | {
            "sigma_no_noise": _of(found.clean_sigma, i),
            "mu_star_of_noise": _of(found.floor, i),
        }
    if isinstance(found, Given):
        row = {"pawn": float(found.pawn[i])}
        row |= dict(zip(("pawn_low", "pawn_high"), map(float, found.pawn_ends[i]), strict=True))
        row |= {"pawn_by_chance": float(found.chance[i]), "S1": float(found.first[i])}
        row |= dict(zip(("S1_low", "S1_high"), map(float, found.first_ends[i]), strict=True))
        return row | direction
    swing = one.swings[i]
    effect = (np.nan,) * 3 if swing is None else swing.effect
    return dict(zip(("effect", "effect_low", "effect_high"), effect, strict=True))


def _index(name: str, value: float, half: float, clean: Floats | None, i: int) -> Row:
    return {
        name: float(value),
        f"{name}_low": float(value - half),
        f"{name}_high": float(value + half),
        f"{name}_no_noise": _of(clean, i),
    }


def _of(values: Floats | None, i: int) -> float:
    return np.nan if values is None else float(values[i])


def _pairs(one: Analysis, parameters: tuple[Varied, ...]) -> Iterator[Row]:
    found = one.found
    if not isinstance(found, Sobol | effects.Grid) or found.second is None or found.second_half is None:
        return
    for i, j in itertools.combinations(range(len(parameters)), 2):
        value, half = float(found.second[i, j]), float(found.second_half[i, j])
        yield {
            "first": parameters[i].path,
            "second": parameters[j].path,
            "S2": value,
            "S2_low": value - half,
            "S2_high": value + half,
        }


# ---------------------------------------------------------------- chance
def _noise(one: Analysis, parameters: tuple[Varied, ...]) -> Iterator[Row]:
    apart = one.split
    yield {
        "unit": one.measured.unit,
        "kind": one.kind,
        "points_used": len(one.used),
        "points_failed": one.measured.failed,
        "points_without_value": one.measured.blank,
        "points_waiting": one.measured.waiting,
        "replications": apart.replications,
        "mean": float(one.means.mean()),
        "variance": apart.total,
        "variance_of_parameters": apart.parameters,
        "variance_of_noise": apart.noise,
        "share_of_noise": apart.share,
    }


# ---------------------------------------------------------------- effects
def _tornado(one: Analysis, parameters: tuple[Varied, ...]) -> Iterator[Row]:
    for i in one.by_rank:
        swing = one.swings[i]
        if swing is None:
            continue
        row: Row = {"parameter": parameters[i].path}
        for name, ends, at in (("low", swing.low, swing.low_at), ("high", swing.high, swing.high_at)):
            row |= {
                f"{name}_from": written(parameters[i], at[0]),
                f"{name}_to": written(parameters[i], at[1]),
            }
            row |= dict(zip((f"at_{name}", f"at_{name}_low", f"at_{name}_high"), ends, strict=True))
        yield row | dict(zip(("effect", "effect_low", "effect_high"), swing.effect, strict=True))


def _effects(one: Analysis, parameters: tuple[Varied, ...]) -> Iterator[Row]:
    for step in one.steps:
        where = parameters[step.parameter]
        yield {
            "parameter": where.path,
            "value": written(where, step.value),
            "effect": step.effect,
            "low": step.low,
            "high": step.high,
        }


def _responses_of(done: Sensitivity) -> Callable[[Analysis, tuple[Varied, ...]], Iterator[Row]]:
    """How the KPI goes with every parameter: means over bins; of a one-at-a-time design its own points."""
    from sim.experiment.sensitivity import independent

    def made(one: Analysis, parameters: tuple[Varied, ...]) -> Iterator[Row]:
        rows = independent(one.kind, done.swept, len(one.x))
        if one.kind == "morris":
            return
        for i in one.by_rank:
            bins = (
                effects.response_one_at_a_time(one.x, one.each, i)
                if one.kind == "one_at_a_time"
                else effects.response(
                    one.x[rows, i], one.each[rows], parameters[i].listed, one.kind == "grid"
                )
            )
            for each in bins:
                yield {
                    "parameter": parameters[i].path,
                    "from": written(parameters[i], each.start),
                    "to": written(parameters[i], each.end),
                    "middle": each.middle,
                    "points": each.points,
                    "mean": each.mean,
                    "low": each.low,
                    "high": each.high,
                }

    return made


MAKERS: dict[str, Callable[[Analysis, tuple[Varied, ...]], Iterator[Row]]] = {
    "indices": _indices,
    "pairs": _pairs,
    "noise": _noise,
    "tornado": _tornado,
    "effects": _effects,
}
