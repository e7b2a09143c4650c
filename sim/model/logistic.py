"""The logistic function and logistic noise."""

import math

from sim._jit import njit

_SCALE = 0.5513288954217921  # sqrt(3) / pi: a standard deviation of 1


@njit
def logistic(x):
    """The probability whose log odds are x."""
    return 1.0 / (1.0 + math.exp(-x))


@njit
def logistic_noise(u):
    """Quantile u of logistic noise with mean 0 and standard deviation 1."""
    return math.log(u / (1.0 - u)) * _SCALE
