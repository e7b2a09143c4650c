"""Draws: the keyed uniforms of a customer's occasions, and the samplers that they go through."""

from sim._jit import njit
from sim.model.keys import uniform
from sim.model.sample import CONSTANT, quantile


@njit(forceinline=True)
def draw(w, p, stream, index, visit, purpose):
    """The keyed uniform of one purpose at one visit of one occasion of customer p."""
    return uniform(w.key[0], p.id, w.streams[stream].hash, index, visit, purpose)


@njit(forceinline=True)
def sampled(w, row, u):
    """Quantile u of sampler `row`."""
    return quantile(w.samplers, w.knots, row, u)


@njit(forceinline=True)
def drawn(w, p, row, stream, index, visit, purpose):
    """A draw from sampler `row`, keyed by its purpose; what is constant needs no uniform."""
    sampler = w.samplers[row]
    if sampler.family == CONSTANT:
        return sampler.a
    return quantile(w.samplers, w.knots, row, draw(w, p, stream, index, visit, purpose))
