"""SimPy's environment with events at absolute times, in one total order.

At equal times: rank, then customer. ``timeout(t - now)`` would not do: ``now + (t - now)`` is not always
``t``, and ties would fall back on the order of insertion (see docs/decisions.md).
"""

import heapq

import simpy

_BELOW_SIMPY = 2  # SimPy's own priorities are 0 and 1: a granted request comes before any later rank


class Moment(simpy.Event):
    """A time at which something is due: an event that has been triggered from the start, like a Timeout."""

    def __init__(self, clock: "Clock"):
        self.env = clock
        self.callbacks = []
        self._value, self._ok = None, True


class Clock(simpy.Environment):
    """A SimPy environment in which processes wait for a time and a rank."""

    def at(self, t: float, rank: int, customer: int = 0) -> simpy.Event:
        """An event that happens at time t >= now (days), after everything of a lower rank at t."""
        moment = Moment(self)
        heapq.heappush(self._queue, (t, _BELOW_SIMPY + (rank << 32) + customer, next(self._eid), moment))
        return moment
