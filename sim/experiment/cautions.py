"""What a sensitivity analysis cannot claim: one sentence each, with the number that would be enough."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.analysis.effects import Grid
from sim.analysis.given_data import FEWEST, Given
from sim.analysis.paired import t_quantile
from sim.analysis.sensitivity import Morris, Sobol, block_of

if TYPE_CHECKING:
    from sim.experiment.sensitivity import Analysis
    from sim.experiment.swept import Swept

WIDE = 0.1  # half-width of an index from which on it is called wide
NOISY, QUIET = 0.1, 0.05  # share of chance that is told, and the one to aim for
TRAJECTORIES = 10  # of Morris, at least (Campolongo et al. 2007)
UNSURE = 0.25  # half-width of a mu*, as a share of the largest
PER_PARAMETER = 10  # points of given data, at least (Loeppky, Sacks & Welch 2009)
RELATED = 0.3  # rank correlation of two parameters that is told


def cautions(swept: Swept, one: Analysis) -> Iterator[str]:
    """All warnings about the analysis of one KPI."""
    yield from _missing(swept, one)
    if one.constant:
        yield (
            f"{one.measured.kpi} is {_short(float(one.means[0]))} at every point: nothing that was varied moves it, "
            "or not within these ranges."
        )
        return
    yield from _chance(one)
    found = one.found
    if isinstance(found, Sobol):
        yield from _sobol(swept, found)
    elif isinstance(found, Grid):
        yield from _grid(one, found)
    elif isinstance(found, Morris):
        yield from _morris(swept, found)
    elif isinstance(found, Given):
        yield from _given(swept, one, found)
    yield from _words(swept, one)


# ---------------------------------------------------------------- points that are not there
def _missing(swept: Swept, one: Analysis) -> Iterator[str]:
    measured = one.measured
    if measured.waiting:
        yield (
            f"The sweep is not finished: {_many(measured.waiting, 'point')} of {swept.points:,} still to come, and "
            "what is said will change; touchpoint sweep --resume finishes it."
        )
    if measured.failed:
        yield f"{_many(measured.failed, 'point')} of {swept.points:,} failed (column error of runs.parquet)."
    if measured.blank:
        yield (
            f"{measured.kpi} has no value in some replication of {_many(measured.blank, 'point')} of {swept.points:,}: "
            "what is said holds for the others, which may differ from them in more than this."
        )
    yield from _left_out(swept, one)
    if swept.method == "full_factorial" and one.kind != "grid":
        lost = swept.points - len(one.used)
        yield (
            f"{_many(lost, 'combination')} of the grid {_are(lost)} missing, "
            f"so there are measures from given data instead of exact shares; all {swept.points:,} would be enough."
        )


def _left_out(swept: Swept, one: Analysis) -> Iterator[str]:
    """Blocks that are not whole: Saltelli's and Morris' methods take all points of one or none."""
    k = len(swept.parameters)
    if one.kind not in ("sobol", "morris"):
        return
    block = k + 1 if one.kind == "morris" else block_of(k, bool(swept.design.get("second_order")))
    words = ("trajectory", "trajectories") if one.kind == "morris" else ("base sample", "base samples")
    whole, used = swept.points // block, len(one.used) // block
    if used < whole:
        lost = whole - used
        yield (
            f"{lost:,} of {whole:,} {words[1]} ({block} points each) {_are(lost)} not complete and left out; "
            f"{used:,} {words[used != 1]} {_are(used)} analysed."
        )


# ---------------------------------------------------------------- chance
def _chance(one: Analysis) -> Iterator[str]:
    apart = one.split
    if apart.replications < 2:
        yield (
            "With one replication of each point chance cannot be told from parameters, and counts as theirs; "
            "replications: 3 would be enough to see how much it is."
        )
    elif apart.share is not None and apart.share > NOISY:
        few = _many(apart.replications, "replication")
        share = f"{100 * apart.share:.0f} % of the variance between points is chance of {few}"
        enough = apart.enough(QUIET)
        if enough is None:
            yield f"{share}: no difference between points is beyond chance, and no index says anything."
            return
        yield (
            f"{share}{_bias(one, apart.share)}; about {enough:,} replications of each point would bring it to "
            f"{100 * QUIET:.0f} %."
        )


def _bias(one: Analysis, share: float) -> str:
    if one.kind in ("sobol", "grid"):
        return (
            ", so first order indices come out too low (by that share) and total ones too high (up to "
            f"{share:.2f} for a parameter that does nothing)"
        )
    if one.kind == "given":
        return ", so all measures come out too low"
    if one.kind == "morris":
        return ", so mu* and sigma come out too high"
    return ", so small differences may be none"


# ---------------------------------------------------------------- too few points
def _sobol(swept: Swept, found: Sobol) -> Iterator[str]:
    widest = float(max(found.total_half.max(), found.first_half.max()))
    block = block_of(len(found.first), found.second is not None)
    if widest > WIDE:
        needed = 2 ** math.ceil(math.log2(found.base * (widest / WIDE) ** 2))
        yield (
            f"The widest interval is ±{widest:.2f} with {found.base:,} base samples; about {needed:,} "
            f"({needed * block:,} points) would bring it to ±{WIDE:.2f}."
        )
    odd = []
    above = float(found.first.sum())
    if above > 1.0 + WIDE:
        odd.append(f"first order indices sum to {above:.2f}, and can at most to 1")
    if (found.first < -WIDE).any():
        odd.append(f"one is {found.first.min():.2f}, and can be no less than 0".replace("-", "−"))
    if (found.total < found.first - WIDE).any():
        odd.append("a total index is below its first order index")
    if odd:
        yield (
            f"Too few base samples for these numbers: {' and '.join(odd)}; {_doubled(found.base)} or more would "
            "settle it."
        )
    if found.second_half is not None and found.second is not None:
        widest = float(np.nanmax(found.second_half))
        if widest > 2 * WIDE:
            needed = 2 ** math.ceil(math.log2(found.base * (widest / (2 * WIDE)) ** 2))
            yield (
                f"Second order indices are known to ±{widest:.2f} at worst; about {needed:,} base samples would bring "
                f"them to ±{2 * WIDE:.2f}."
            )


def _grid(one: Analysis, found: Grid) -> Iterator[str]:
    count = one.split.replications
    halves = np.concatenate([found.total_half, found.first_half])
    if count < 2 or not np.isfinite(halves).any() or (widest := float(np.nanmax(halves))) <= WIDE:
        return
    spread = widest * math.sqrt(count) / t_quantile(count - 1)
    needed = count
    while t_quantile(needed - 1) * spread / math.sqrt(needed) > WIDE:
        needed += 1
    yield (
        f"The widest interval is ±{widest:.2f} with {count:,} replications; about {needed:,} of each point would bring "
        f"it to ±{WIDE:.2f}."
    )


def _doubled(base: int) -> str:
    return f"{4 * 2 ** math.ceil(math.log2(base)):,} base samples"


def _morris(swept: Swept, found: Morris) -> Iterator[str]:
    largest = float(found.mu_star.max())
    widest = float(found.half.max())
    needed = math.ceil(found.trajectories * (widest / (UNSURE * largest)) ** 2)
    if found.trajectories < TRAJECTORIES or widest > UNSURE * largest:
        needed = max(TRAJECTORIES, needed)
        yield (
            f"With {found.trajectories:,} trajectories the widest interval of mu* is ±{100 * widest / largest:.0f} % "
            f"of the largest mu*; about {needed:,} ({needed * (len(found.mu) + 1):,} points) would be enough for "
            f"±{100 * UNSURE:.0f} %."
        )


def _given(swept: Swept, one: Analysis, found: Given) -> Iterator[str]:
    points, k = len(one.used), len(found.pawn)
    least = max(FEWEST, PER_PARAMETER * k)
    if points < least:
        yield (
            f"{_many(points, 'point')} are few for {_many(k, 'parameter')}: {least:,} would be enough for a first look "
            f"(ten for each parameter, and {FEWEST} for first order indices)."
        )
    halves = np.concatenate([np.ptp(ends, axis=1) for ends in (found.first_ends, found.pawn_ends)]) / 2.0
    if points >= least and np.nanmax(halves) > WIDE:
        needed = math.ceil(points * (float(np.nanmax(halves)) / WIDE) ** 2)
        yield (
            f"The widest interval is ±{np.nanmax(halves):.2f} with {points:,} points; about {_rounded(needed)} would "
            f"bring it to ±{WIDE:.2f}."
        )
    yield from _related(swept, one)


def _related(swept: Swept, one: Analysis) -> Iterator[str]:
    """Parameters that go together: what one does is told of the other, too."""
    from scipy import stats

    most = (0.0, 0, 0)
    chance = 3.0 / math.sqrt(len(one.x))  # three standard errors of a correlation that is none
    for i, j in itertools.combinations(range(one.x.shape[1]), 2):
        if np.ptp(one.x[:, i]) and np.ptp(one.x[:, j]):
            rho = float(stats.spearmanr(one.x[:, i], one.x[:, j]).statistic)
            most = max(most, (abs(rho), i, j))
    if most[0] > max(RELATED, chance):
        names = swept.parameters[most[1]].path, swept.parameters[most[2]].path
        yield (
            f"{names[0]} and {names[1]} go together in this design (rank correlation {most[0]:.2f} in size), so what "
            "one does is told of the other, too; latin_hypercube or sobol would keep them apart."
        )


def _rounded(number: int) -> str:
    """Two figures, upwards."""
    step = 10 ** max(0, len(str(number)) - 2)
    return f"{math.ceil(number / step) * step:,}"


# ---------------------------------------------------------------- words
def _words(swept: Swept, one: Analysis) -> Iterator[str]:
    words = [each.path for each in swept.parameters if not each.ordered]
    if not words or one.kind in ("grid", "one_at_a_time"):
        return
    lists = "is a list" if len(words) == 1 else "are lists"
    if one.kind == "morris":
        what = "a step from one word to the next is no distance, and mu* and mu mean little here"
        yield f"{_and(words)} {lists} of words: {what}; saltelli or full_factorial would do."
    else:
        yield f"{_and(words)} {lists} of words, which have no order: no rank correlation."


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}" + ("" if count == 1 else "s")


def _short(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")
