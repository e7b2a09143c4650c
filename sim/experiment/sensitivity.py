"""Sensitivity analysis of a sweep: what of that which was varied matters for a KPI, and how sure that is.

The method follows from the design: Sobol' indices for ``saltelli``, elementary effects for ``morris``, shares of
variance for a complete ``full_factorial``, differences to the centre for ``one_at_a_time``, and measures from
given data for everything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis import effects
from sim.analysis.given_data import Given, given_data
from sim.analysis.noise import Split, split
from sim.analysis.sensitivity import Morris, Sobol, base_rows, block_of, morris, sobol
from sim.errors import RunError, UsageError
from sim.experiment.swept import Measured, Swept, Varied, read_sweep

if TYPE_CHECKING:
    import pandas as pd

    from sim.analysis.view import Floats

Row = dict[str, Any]
FEWEST = 10  # points of given data
FOLDER = "sensitivity"
TABLES = ("indices", "pairs", "noise", "tornado", "responses", "effects", "warnings")
ROUNDING = 1e-12  # of a KPI's size: what varies less is constant


@dataclass(frozen=True, eq=False)
class Analysis:
    """What was found for one KPI. ``x``, ``each`` are the points that were used, in the design's order.

    ``kind`` is sobol, morris, grid, one_at_a_time or given; ``found`` the numbers of that kind; ``by_rank`` the
    parameters' places, the most important first (empty where the KPI never changes). ``direction`` is Spearman's
    rank correlation with its interval by parameter, NaN where there is none.
    """

    measured: Measured
    kind: str
    used: np.ndarray  # of the design's points
    x: Floats
    each: Floats
    split: Split
    found: Sobol | Morris | effects.Grid | Given | None
    direction: Floats  # [parameter, 3]
    swings: tuple[effects.Swing | None, ...]
    steps: tuple[effects.Step, ...]
    by_rank: tuple[int, ...]

    @property
    def means(self) -> Floats:
        """The KPI at the points used, mean over replications."""
        found: Floats = self.each.mean(axis=1)
        return found

    @property
    def constant(self) -> bool:
        """Whether it is the same at every point."""
        return not self.by_rank


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """A finished analysis: numbers by KPI, and all of them as pandas frames (docs/sensitivity.md tells the columns)."""

    swept: Swept
    analyses: dict[str, Analysis]

    @property
    def parameters(self) -> tuple[Varied, ...]:
        """What was varied."""
        return self.swept.parameters

    @cached_property
    def cautions(self) -> dict[str, list[str]]:
        """Warnings by KPI, a sentence each."""
        from sim.experiment.cautions import cautions

        return {kpi: list(cautions(self.swept, one)) for kpi, one in self.analyses.items()}

    # ------------------------------------------------------------ frames
    @property
    def indices(self) -> pd.DataFrame:
        """A row a KPI and parameter, by rank: its measures with their intervals."""
        return self._frame("indices")

    @property
    def pairs(self) -> pd.DataFrame:
        """A row a KPI and pair of parameters: second order indices, where the design tells them."""
        return self._frame("pairs")

    @property
    def noise(self) -> pd.DataFrame:
        """A row a KPI: the variance between points, and what of it are parameters and chance."""
        return self._frame("noise")

    @property
    def tornado(self) -> pd.DataFrame:
        """A row a KPI and parameter: the KPI with it low and high, and the difference."""
        return self._frame("tornado")

    @property
    def responses(self) -> pd.DataFrame:
        """A row a KPI, parameter and bin of its values: the mean KPI and its interval."""
        return self._frame("responses")

    @property
    def effects(self) -> pd.DataFrame:
        """A row a KPI, parameter and value of a one-at-a-time design: the difference to the centre."""
        return self._frame("effects")

    @property
    def warnings(self) -> pd.DataFrame:
        """A row a warning."""
        return self._frame("warnings")

    def _frame(self, name: str) -> pd.DataFrame:
        import pandas as pd

        from sim.experiment import sensitivity_tables

        return pd.DataFrame(*sensitivity_tables.rows(self, name))

    def write(self, folder: Path | str | None = None) -> list[Path]:
        """Write all tables as CSV, by default into ``sensitivity/`` of the sweep; returns the paths."""
        place = self.swept.folder / FOLDER if folder is None else Path(folder)
        paths = []
        try:
            place.mkdir(parents=True, exist_ok=True)
            for name in TABLES:
                path = place / f"{name}.csv"
                partial = path.with_name(f".{path.name}.partial")
                self._frame(name).to_csv(partial, index=False, lineterminator="\n", float_format="%.10g")
                partial.replace(path)
                paths.append(path)
        except OSError as error:
            raise RunError(f"cannot write {place}: {error.strerror or error}") from error
        return paths

    def result(self) -> dict[str, Any]:
        """All of it as plain data for JSON."""
        import json

        swept = self.swept
        head = {
            "sweep": str(swept.folder),
            "name": swept.name,
            "method": swept.method,
            "points": swept.points,
            "replications": swept.replications,
            "random_numbers": swept.told["random_numbers"],
            "analyses": {kpi: one.kind for kpi, one in self.analyses.items()},
        }
        tables = {name: json.loads(self._frame(name).to_json(orient="records")) for name in TABLES}
        return head | tables


# ---------------------------------------------------------------- analysing
def sensitivity(sweep: Any, kpi: str | Sequence[str] | None = None) -> Sensitivity:
    """What matters in a sweep: a folder, or what ``sim.sweep`` gave. Works on the points that are complete.

    ``kpi``: one name or several; else retention where the sweep has it, or its first KPI. Raises UsageError where
    there is no sweep, no such KPI, or not enough is finished.
    """
    swept = read_sweep(getattr(sweep, "folder", sweep))
    asked = [kpi] if isinstance(kpi, str) else list(dict.fromkeys(kpi or ()))
    names = [_known(name, swept) for name in asked] or [_default(swept)]
    return Sensitivity(swept, {name: _analysed(swept, swept.measured(name)) for name in names})


def _known(kpi: str, swept: Swept) -> str:
    from difflib import get_close_matches

    if kpi in swept.kpis:
        return kpi
    near = get_close_matches(kpi, swept.kpis, n=1)
    hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(swept.kpis)}"
    raise UsageError(f"kpi: the sweep has no {kpi!r}; {hint}")


def _default(swept: Swept) -> str:
    if not swept.kpis:
        raise UsageError(f"{swept.folder}: the sweep has no KPIs yet")
    return "retention" if "retention" in swept.kpis else next(iter(swept.kpis))


def _analysed(swept: Swept, measured: Measured) -> Analysis:
    kind, used = _chosen(swept, measured)
    x, each = swept.x[used], measured.each[used]
    apart = split(each, swept.common)
    k = x.shape[1]
    blank = np.full((k, 3), np.nan)
    if np.ptp(each.mean(axis=1)) <= ROUNDING * np.abs(each).max():
        return Analysis(measured, kind, used, x, each, apart, None, blank, (None,) * k, (), ())
    found, order = _measure(kind, swept, x, each)
    swings, steps = _swings(kind, swept, x, each)
    if kind == "one_at_a_time":
        order = np.array([0.0 if swing is None else abs(swing.effect[0]) for swing in swings])
    ranked = np.argsort(-np.nan_to_num(order, nan=-np.inf), kind="stable")
    direction = _direction(kind, swept, x, each, found)
    return Analysis(
        *(measured, kind, used, x, each, apart, found, direction, swings, steps),
        tuple(int(i) for i in ranked),
    )


# ---------------------------------------------------------------- which points, which method
def _chosen(swept: Swept, measured: Measured) -> tuple[str, np.ndarray]:
    """The kind of analysis and the points it can use. Raises UsageError where these are too few for any."""
    k = len(swept.parameters)
    if swept.method in ("saltelli", "morris"):
        block = k + 1 if swept.method == "morris" else block_of(k, bool(swept.design.get("second_order")))
        used = whole_blocks(measured.whole, block)
        if len(used) < 2 * block:
            what = "trajectories" if swept.method == "morris" else "base samples"
            raise _too_few(swept, measured, f"two whole {what} of {block} points")
        return ("morris" if swept.method == "morris" else "sobol"), used
    used = np.flatnonzero(measured.whole)
    if swept.method == "one_at_a_time":
        if len(used) < 2 or effects.centre_of(swept.x[used]) is None:
            raise _too_few(swept, measured, "the centre and another point")
        return "one_at_a_time", used
    if swept.method == "full_factorial" and len(used) == swept.points and effects.grid_of(swept.x):
        return "grid", used
    if len(used) < FEWEST:
        raise _too_few(swept, measured, f"{FEWEST} points")
    return "given", used


def whole_blocks(whole: np.ndarray, block: int) -> np.ndarray:
    """The points of those blocks (base samples, trajectories) that have all their points."""
    blocks = whole[: len(whole) // block * block].reshape(-1, block)
    kept = np.flatnonzero(blocks.all(axis=1))
    found: np.ndarray = (kept[:, None] * block + np.arange(block)).ravel()
    return found


def _too_few(swept: Swept, measured: Measured, needed: str) -> UsageError:
    have = int(np.count_nonzero(measured.whole))
    more = "touchpoint sweep --resume finishes the others" if measured.waiting else "make a design with more"
    return UsageError(
        f"{swept.folder}: {measured.kpi} is there at {have:,} of {swept.points:,} points; it takes {needed} ({more})"
    )


def _measure(kind: str, swept: Swept, x: Floats, each: Floats) -> tuple[Any, Floats]:
    """The numbers of the method, and what to rank the parameters by."""
    seed, k = int(swept.told["seed"]) % 2**31, x.shape[1]
    if kind == "sobol":
        indices = sobol(each, k, bool(swept.design.get("second_order")), swept.common, seed)
        return indices, indices.total
    if kind == "morris":
        screened = morris(x, each, int(swept.design.get("levels") or 4), seed)
        return screened, screened.mu_star
    if kind == "grid":
        grid = effects.grid_shares(x, each, effects.grid_of(x) or [])
        return grid, grid.total
    if kind == "given":
        listed = np.array([one.listed for one in swept.parameters])
        words = np.array([not one.ordered for one in swept.parameters])
        given = given_data(x, each.mean(axis=1), listed, words, seed)
        return given, given.weight
    return None, np.zeros(k)


def _direction(kind: str, swept: Swept, x: Floats, each: Floats, found: Any) -> Floats:
    """Rank correlations with their intervals where points are an independent sample."""
    from sim.analysis.given_data import rank_correlation

    rows = np.full((x.shape[1], 3), np.nan)
    if kind == "given":
        return np.column_stack([found.rho, found.rho_ends])
    if kind == "sobol":
        base = base_rows(len(x), x.shape[1], bool(swept.design.get("second_order")))
        for i, one in enumerate(swept.parameters):
            if one.ordered:
                rho, ends = rank_correlation(x[base, i], each[base].mean(axis=1))
                rows[i] = rho, *ends
    return rows


def _swings(
    kind: str, swept: Swept, x: Floats, each: Floats
) -> tuple[tuple[effects.Swing | None, ...], tuple[effects.Step, ...]]:
    k = x.shape[1]
    if kind == "morris":  # points of a trajectory are no sample: elementary effects say what there is to say
        return (None,) * k, ()
    swings = tuple(_swing(kind, swept, x, each, i) for i in range(k))
    if kind != "one_at_a_time":
        return swings, ()
    return swings, tuple(effects.steps_from(x, each, effects.centre_of(x) or 0))


def _swing(kind: str, swept: Swept, x: Floats, each: Floats, i: int) -> effects.Swing | None:
    one = swept.parameters[i]
    if not one.ordered:
        ordered, back = _by_result(x[:, i], each)
        found = _swing_of(kind, swept, np.column_stack([x[:, :i], ordered, x[:, i + 1 :]]), each, i)
        return None if found is None else effects.relabelled(found, back)
    return _swing_of(kind, swept, x, each, i)


def _swing_of(kind: str, swept: Swept, x: Floats, each: Floats, i: int) -> effects.Swing | None:
    if kind == "one_at_a_time":
        return effects.swing_one_at_a_time(x, each, effects.centre_of(x) or 0, i)
    if kind == "grid":
        return effects.swing_grid(x, each, i)
    rows = independent(kind, swept, len(x))
    return effects.swing_sample(x[rows, i], each.mean(axis=1)[rows], swept.parameters[i].listed)


def _by_result(codes: Floats, each: Floats) -> tuple[Floats, Floats]:
    """Words in the order of the mean result: their places, and the codes of places."""
    known, which = np.unique(codes, return_inverse=True)
    means = np.bincount(which, each.mean(axis=1)) / np.bincount(which)
    order = np.argsort(means, kind="stable")
    return np.argsort(order, kind="stable")[which].astype(np.float64), known[order]


def independent(kind: str, swept: Swept, count: int) -> np.ndarray:
    """Which of the points used are a sample of the whole space: in Saltelli's design two of every base sample."""
    if kind == "sobol":
        return base_rows(count, len(swept.parameters), bool(swept.design.get("second_order")))
    return np.arange(count)
