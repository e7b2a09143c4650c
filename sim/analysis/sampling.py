"""Points of designs: grids, space-filling samples, and the samples that sensitivity analyses rest on.

Samples are arrays ``[points, dimensions]`` of numbers from 0 to 1, the same for the same seed; designs on a grid
tell by its number which of its values each dimension has. Sobol sequences and Latin hypercubes are SciPy's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.analysis.turning import latin_hypercube
from sim.analysis.view import Floats

Integers = NDArray[np.intp]

__all__ = ["full_factorial", "grid", "latin_hypercube", "morris", "one_at_a_time", "saltelli", "sobol"]


def grid(levels: int) -> Floats:
    """So many equally spaced numbers, 0 and 1 among them."""
    found: Floats = np.linspace(0.0, 1.0, levels)
    return found


def full_factorial(counts: Sequence[int]) -> Integers:
    """Every combination of the numbers of values of each dimension, the last dimension's changing fastest."""
    found: Integers = np.indices(tuple(counts)).reshape(len(counts), -1).T
    return found


def one_at_a_time(counts: Sequence[int]) -> Integers:
    """The centre, written -1, then for each dimension in turn the numbers of its values, the rest at the centre."""
    rows = np.full((1 + sum(counts), len(counts)), -1)
    first = 1
    for dimension, count in enumerate(counts):
        rows[first : first + count, dimension] = np.arange(count)
        first += count
    return rows


def sobol(points: int, dimensions: int, seed: int) -> Floats:
    """The first points of a scrambled Sobol sequence (Owen 1998); ``points`` is a power of two."""
    from scipy.stats import qmc

    sequence = qmc.Sobol(dimensions, scramble=True, seed=np.random.default_rng(seed))
    drawn: Floats = sequence.random(points)
    return drawn


def saltelli(samples: int, dimensions: int, seed: int, *, second_order: bool = False) -> Floats:
    """The points from which first-order and total Sobol indices are estimated (Saltelli 2002, 2010).

    Two independent samples A and B are the halves of a Sobol sequence in twice the dimensions. For each of the
    ``samples`` (a power of two) stand, in this order: A's point; it with each coordinate in turn taken from B; with
    ``second_order`` B's point with each in turn taken from A; B's point. This is the order of
    ``SALib.sample.sobol`` with this seed, so ``SALib.analyze.sobol`` reads what is computed from it.
    """
    both = sobol(samples, 2 * dimensions, seed)
    a, b = both[:, :dimensions], both[:, dimensions:]
    own = np.eye(dimensions, dtype=bool)
    blocks = [a[:, None], np.where(own, b[:, None], a[:, None])]
    if second_order:
        blocks.append(np.where(own, a[:, None], b[:, None]))
    found: Floats = np.concatenate([*blocks, b[:, None]], axis=1).reshape(-1, dimensions)
    return found


def morris(trajectories: int, dimensions: int, levels: int, seed: int) -> Floats:
    """Trajectories for elementary effects on a grid of ``levels`` numbers, an even number of them (Morris 1991).

    Each is ``dimensions`` + 1 points long; from one point to the next a single coordinate moves by
    levels / (2 (levels - 1)), up or down, in random order. ``SALib.analyze.morris`` reads what is computed from it.
    """
    generator = np.random.default_rng(seed)
    step = levels / (2.0 * (levels - 1))
    shape = (trajectories, dimensions)
    low = generator.integers(levels // 2, size=shape) / (levels - 1)
    down = generator.random(shape) < 0.5
    turn = generator.permuted(np.tile(np.arange(dimensions), (trajectories, 1)), axis=1)
    moved = np.arange(dimensions + 1)[None, :, None] > turn[:, None, :]
    found: Floats = low[:, None, :] + step * (moved ^ down[:, None, :])
    return found.reshape(-1, dimensions)
