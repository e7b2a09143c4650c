"""How an episode of many moments is remembered: fact 2."""

from __future__ import annotations

import numpy as np

from sim.facts.fact import Check, Fact, Found, Line, Picture, jackknife
from sim.facts.lab import Lab, Sample

_ON = "journeys.trial.steps.fourth.next"
LONGER = {f"{_ON}.warming.weight": 100, f"{_ON}.end": 0}
ANY_LENGTH = {f"{_ON}.again.weight": 80, f"{_ON}.end": 20}
LENGTHS = range(4, 13)  # moments, on the picture


def peaks_and_ends(lab: Lab) -> Found:
    """Who remembers a longer episode with a milder end as better; what counts in episodes of any length."""
    size = {"population.size": lab.size(20_000)}
    short, longer = (sample.people["satisfaction"] for sample in lab.arms("episode", [{}, LONGER], size))
    mixed = lab.run("episode", size | ANY_LENGTH, log=True)
    value, error = jackknife(
        np.column_stack([mixed.blocks(longer > short), mixed.blocks(np.ones(len(short)))]),
        lambda s: s[0] / s[1],
    )
    peak, end, mean, duration = _episodes(mixed)
    remembered = mixed.people["satisfaction"].astype(float)
    ours = explained(remembered, peak, end)
    full = explained(remembered, peak, end, mean, duration)
    partial = np.corrcoef(residual(remembered, peak, end), residual(duration, peak, end))[0, 1]
    long = np.minimum(duration, LENGTHS[-1])
    return Found(
        value,
        error,
        (
            Check(
                "peak and end explain nine tenths of what can be explained",
                ours >= 0.9 * full,
                f"R² {ours:.3f} of {full:.3f}",
            ),
            Check(
                "how long it lasted hardly counts beside them",
                abs(partial) < 0.1,
                f"partial correlation {partial:+.3f}",
            ),
        ),
        {
            "correlation with the peak": float(np.corrcoef(remembered, peak)[0, 1]),
            "with the end": float(np.corrcoef(remembered, end)[0, 1]),
            "with the number of moments": float(np.corrcoef(remembered, duration)[0, 1]),
        },
        Picture(
            "moments of the episode (the last: so many or more)",
            "mean quality",
            tuple(
                Line(name, tuple(map(float, LENGTHS)), tuple(float(x[long == n].mean()) for n in LENGTHS))
                for name, x in (
                    ("worst moment", peak),
                    ("last moment", end),
                    ("satisfaction afterwards", remembered),
                )
            ),
        ),
    )


def _episodes(sample: Sample) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Worst moment, last moment, mean and number of the moments of everybody's episode, as they were perceived."""
    rows = sample.touches[np.lexsort((sample.touches["t"], sample.touches["customer"]))]
    felt = rows["perceived"].astype(float)
    starts = np.flatnonzero(np.diff(rows["customer"], prepend=-1))
    number = np.diff(starts, append=len(rows))
    return (
        np.minimum.reduceat(felt, starts),
        felt[starts + number - 1],
        np.add.reduceat(felt, starts) / number,
        number.astype(float),
    )


def residual(y: np.ndarray, *x: np.ndarray) -> np.ndarray:
    """What is left of y beside its regression on x."""
    design = np.column_stack([np.ones(len(y)), *x])
    return y - design @ np.linalg.lstsq(design, y, rcond=None)[0]


def explained(y: np.ndarray, *x: np.ndarray) -> float:
    """R² of the regression of y on x."""
    return 1.0 - float(residual(y, *x).var() / y.var())


EPISODES = (
    Fact(
        2,
        "peaks and ends are remembered",
        "After 60 s in water of 14 °C, and the same with 30 s more that warmed to 15 °C, 69 % would rather "
        "repeat the longer one; the length of an episode hardly matters.",
        "Kahneman et al. 1993",
        "S2",
        "share of people who remember the longer episode with the milder end as better",
        0.60,
        0.80,
        peaks_and_ends,
        staged="how much milder the end is, compared with how much moments vary",
    ),
)
