"""The selection: which of the points that looked good is best, with replications spent where they tell most.

None of the replications of the search are used, as the points were chosen by them. Rivals are paired with the best so
far, replication by replication, and further replications are given out by OCBA (``analysis.allocation``) until one
point stands out or the budget is spent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np

from sim.analysis.allocation import ease, handed_out, ocba
from sim.analysis.paired import standard_errors, t_quantile
from sim.analysis.view import Floats
from sim.experiment.searching import Trial
from sim.experiment.trials import BASELINE, Lab, Sample, World

MOST = 10  # candidates
INSIDE, BEYOND = 2.0, 1.0  # standard errors within the constraints, and beyond them
FIRST = 5  # replications of every candidate before the first look
ROUND = 10  # replications between two looks
SURE = 0.9  # how probable it has to be that the winner keeps its constraints, if any candidate is that sure
LIKELY = 0.5  # how probable it has to be to count as the best so far, while replications are given out
STANDS_OUT = 0.95  # the probability of the right choice at which the selection ends


@dataclass(frozen=True)
class Rival:
    """How a candidate compares with the winner, over the replications that both have.

    ``gap``: how much better the winner is in the metric (in its better direction), ``low .. high`` its interval, for
    all rivals at once (Bonferroni). ``keeps`` is the probability that the candidate keeps all constraints.
    """

    trial: Trial
    count: int
    mean: float
    keeps: float
    gap: float
    low: float
    high: float

    @property
    def told_apart(self) -> bool:
        """Whether the interval leaves out that both are as good."""
        return self.low > 0.0 or self.high < 0.0


@dataclass(frozen=True, eq=False)
class Selection:
    """Candidates with what each showed; ``best`` is the place of the winner among them."""

    trials: tuple[Trial, ...]
    samples: tuple[Sample, ...]
    best: int
    right: float  # the probability of the right choice, as estimated
    sign: float

    @property
    def winner(self) -> Trial:
        """The point chosen."""
        return self.trials[self.best]

    @cached_property
    def rivals(self) -> list[Rival]:
        """Every candidate, the winner first, then by their means; those that break constraints last."""
        told = [self._rival(k) for k in range(len(self.trials))]
        order = sorted(
            range(len(told)),
            key=lambda k: (k != self.best, told[k].keeps < 0.5, -self.sign * told[k].mean, k),
        )
        return [told[k] for k in order]

    def _rival(self, k: int) -> Rival:
        sample, keeps = self.samples[k], keeping(self.samples[k])
        gaps = _gaps(self.samples, k, self.best, self.sign)
        gap, error = float(gaps.mean()), _error(gaps)
        tests = max(1, len(self.trials) - 1)
        reach = t_quantile(len(gaps) - 1, 1.0 - 0.05 / tests) * error if len(gaps) > 1 else 0.0
        return Rival(
            self.trials[k], sample.count, float(sample.metric.mean()), keeps, gap, gap - reach, gap + reach
        )


# ---------------------------------------------------------------- candidates
def candidates(trials: Sequence[Trial], sign: float, most: int, noise: Floats) -> list[Trial]:
    """Who is looked at again: at most so many points that looked best, without constraints simply these.

    Where there are constraints, what the best points have in common is that they looked just within them. So each
    candidate is the best of those that keep the constraints by another margin, from two standard errors (``noise``,
    one a constraint) within to one beyond.
    """
    ranked = sorted(
        (trial for trial in trials if trial.ran), key=lambda trial: (-sign * trial.mean, trial.number)
    )
    chosen: list[Trial] = []
    for margin in np.linspace(INSIDE, -BEYOND, most):
        fit = (trial for trial in ranked if trial not in chosen and trial.keeps(margin * noise))
        chosen += list(islice(fit, 1))
    return sorted(chosen, key=lambda trial: trial.number)


# ---------------------------------------------------------------- selecting
def select(lab: Lab, chosen: Sequence[Trial], first: int, budget: int) -> Selection | None:
    """The best of the candidates, in at most so many runs, from replication number ``first`` on.

    None where not one of them keeps the constraints.
    """
    sign = lab.goal.sign
    with_baseline = any(one.above_baseline for one in lab.goal.constraints)
    counts = np.full(len(chosen), max(2, min(FIRST, budget // (len(chosen) + with_baseline))), np.int64)
    while True:
        samples = _played(lab, chosen, counts, first, with_baseline)
        ran = [k for k, sample in enumerate(samples) if sample is not None]
        chosen, counts = [chosen[k] for k in ran], counts[ran]
        seen = [sample for sample in samples if sample is not None]
        if not seen:
            return None
        best, ahead = leading(seen, sign, SURE), leading(seen, sign, LIKELY)
        right = chance_right(seen, best, sign)
        shares = ocba(_eases(seen, ahead, sign), ahead)
        done = right >= STANDS_OUT and best == ahead
        more = None if done else _more(shares, counts, ahead, budget, with_baseline)
        if more is None:
            break
        counts = more
    if not np.all(seen[best].excess.mean(axis=0) <= 0.0):
        return None
    return Selection(tuple(chosen), tuple(seen), best, right, sign)


def _played(
    lab: Lab, chosen: Sequence[Trial], counts: np.ndarray, first: int, with_baseline: bool
) -> list[Sample | None]:
    """What so many replications of every candidate show; None where some KPI has no value in one of them."""
    ranges = [range(first, first + int(count)) for count in counts]
    wanted: list[tuple[World, range]] = [(trial.point, r) for trial, r in zip(chosen, ranges, strict=True)]
    if with_baseline:
        wanted.insert(0, (BASELINE, range(first, first + int(counts.max()))))
    lab.play(wanted)
    return [lab.sample(trial.point, r) for trial, r in zip(chosen, ranges, strict=True)]


def _more(
    shares: Floats, counts: np.ndarray, best: int, budget: int, with_baseline: bool
) -> np.ndarray | None:
    """The counts after one more round, the best there wherever a rival is; None where the budget has no room."""
    for extra in range(ROUND, 0, -1):
        more = counts + handed_out(shares, counts, extra)
        more[best] = more.max()
        if more.sum() + with_baseline * more.max() <= budget:
            return np.asarray(more)
    return None


# ---------------------------------------------------------------- who leads, and how sure that is
def keeping(sample: Sample) -> float:
    """The probability that all constraints are kept by the true means, at least (Student's t, Bonferroni)."""
    from scipy.special import stdtr

    broken = 0.0
    for column in sample.excess.T:
        mean, error = float(column.mean()), _error(column)
        broken += float(stdtr(len(column) - 1, mean / error)) if error > 0.0 else float(mean > 0.0)
    return max(0.0, 1.0 - broken)


def leading(samples: Sequence[Sample], sign: float, sure: float) -> int:
    """The best of those that keep their constraints with this probability; else of those whose means do; else the
    surest of all.

    Compared by their paired differences to the one with the most replications.
    """
    chances = [keeping(sample) for sample in samples]
    kept = [bool(np.all(sample.excess.mean(axis=0) <= 0.0)) for sample in samples]
    fit = [k for k, chance in enumerate(chances) if chance >= sure] or [
        k for k, keeps in enumerate(kept) if keeps
    ]
    if not fit:
        return int(np.argmax(chances))
    anchor = int(np.argmax([sample.count for sample in samples]))
    gaps = [float(_gaps(samples, k, anchor, sign).mean()) for k in fit]
    return fit[int(np.argmin(gaps))]


def chance_right(samples: Sequence[Sample], best: int, sign: float) -> float:
    """The probability that no other candidate is truly better and keeps its constraints, at least (Bonferroni)."""
    from scipy.special import stdtr

    wrong = 0.0
    for k, sample in enumerate(samples):
        gaps = _gaps(samples, k, best, sign)
        error = _error(gaps)
        if (
            k != best and error > 0.0
        ):  # rivals that never differ are as good, and no replication will part them
            better = float(stdtr(len(gaps) - 1, -float(gaps.mean()) / error))
            wrong += min(better, keeping(sample))
    return max(0.0, 1.0 - wrong)


def _eases(samples: Sequence[Sample], best: int, sign: float) -> Floats:
    """How easily each candidate is dismissed, by the metric or by a constraint that it breaks; the best: is cleared."""
    return np.array([_ease(samples, k, best, sign) for k in range(len(samples))])


def _ease(samples: Sequence[Sample], k: int, best: int, sign: float) -> float:
    excess = samples[k].excess
    bounds = ease(excess.mean(axis=0), _deviations(excess), len(excess))
    if k == best:
        return float(bounds.min(initial=np.inf))
    gaps = _gaps(samples, k, best, sign)[:, None]
    worse = float(ease(gaps.mean(axis=0), _deviations(gaps), len(gaps))[0])
    reasons = bounds[excess.mean(axis=0) > 0.0].tolist() + [worse] * bool(gaps.mean() >= 0.0)
    return max(reasons) if reasons else float(bounds.min(initial=worse))


def _gaps(samples: Sequence[Sample], k: int, best: int, sign: float) -> Floats:
    """How much better the best is, in every replication that both have."""
    both = min(samples[k].count, samples[best].count)
    gaps: Floats = sign * (samples[best].metric[:both] - samples[k].metric[:both])
    return gaps


def _deviations(columns: Floats) -> Floats:
    """The standard deviation of each column, 0 where it is rounding."""
    return standard_errors(columns) * np.sqrt(len(columns))


def _error(column: Floats) -> float:
    return float(standard_errors(column[:, None])[0])
