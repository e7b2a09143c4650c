"""Points on the unit cube."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from sim.analysis.turning import latin_hypercube as latin_hypercube
from sim.analysis.view import Floats


def full_factorial(counts: Sequence[int]) -> Floats:
    """Every combination of ``counts[k]`` equally spaced values in each dimension, the last one moving fastest."""
    grids = [np.linspace(0.0, 1.0, count) for count in counts]
    return np.array(list(product(*grids)))
