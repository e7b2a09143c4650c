"""Staff and stock, on SimPy's own resources."""

from collections.abc import Callable, Generator

import simpy

from sim.engine.clock import Clock
from sim.engine.ranks import PATIENCE, SERVICE_END
from sim.model.layout import GAVE_UP, OK

_NOT_ON_DUTY = -(1 << 30)  # priority of those who are not there: before every customer


class Desk:
    """One staff pool at one site: a SimPy PriorityResource, and what can be counted about its queue."""

    def __init__(self, clock: Clock, servers: int, most: int):
        self.clock = clock
        self.staff = simpy.PriorityResource(clock, capacity=most)
        self.absent: list[simpy.resources.resource.PriorityRequest] = []
        self.waiting, self.since = 0, clock.now
        self.requests = self.waited = self.gave_up = self.served = 0
        self.wait_days = self.service_days = self.queue_days = 0.0
        self.staff_with(servers)

    def staff_with(self, servers: int) -> None:
        """From now on this many serve; whoever leaves finishes the customer at hand first."""
        missing = self.staff.capacity - servers
        while len(self.absent) > missing:
            last = self.absent.pop()
            self.staff.release(last) if last.triggered else last.cancel()  # who still serves just goes on
        while len(self.absent) < missing:
            self.absent.append(self.staff.request(priority=_NOT_ON_DUTY))

    def serve(self, customer: int, priority: int, patience: Callable[[], float], service: float) -> Generator:
        """Wait for a turn and be served, or give up: returns (outcome, days waited)."""
        asked = self.clock.now
        with self.staff.request(priority=priority) as turn:
            if not turn.triggered:
                yield from self.queue(turn, customer, asked + patience())
            waited = self.clock.now - asked
            if not turn.triggered:
                self.count(waited, GAVE_UP, 0.0)
                return GAVE_UP, waited
            yield self.clock.at(self.clock.now + service, SERVICE_END, customer)
        self.count(waited, OK, service)
        return OK, waited

    def queue(self, turn: simpy.Event, customer: int, until: float) -> Generator:
        """Stand in line until it is one's turn or patience ends."""
        self.note(+1)
        yield turn | self.clock.at(until, PATIENCE, customer)
        self.note(-1)

    def note(self, change: int) -> None:
        """The queue grows or shrinks: add to the integral of its length."""
        now = self.clock.now
        if now > 0.0:
            self.queue_days += self.waiting * (now - max(self.since, 0.0))
        self.since = now
        self.waiting += change

    def count(self, waited: float, outcome: int, service: float) -> None:
        """One request is over; the warm-up is not counted."""
        if self.clock.now < 0.0:
            return
        self.requests += 1
        self.waited += waited > 0.0
        self.gave_up += outcome == GAVE_UP
        self.served += outcome == OK
        self.wait_days += waited
        self.service_days += service

    def counts(self) -> tuple:
        """The counts in the order of outcome.STAFF, from `requests` on, up to now."""
        self.note(0)
        days = self.wait_days, self.service_days, self.queue_days
        return (self.requests, self.waited, self.gave_up, self.served, *days)


class Shelf:
    """One stock at one site: a SimPy Container, never waited for."""

    def __init__(self, clock: Clock, level: int):
        self.units = simpy.Container(clock, init=level)

    def take(self) -> bool:
        """Reserve one unit if there is one."""
        if self.units.level < 1:
            return False
        self.units.get(1)  # granted at once: the level is known
        return True

    def give_back(self) -> None:
        """A reserved unit was not needed after all."""
        self.units.put(1)

    def set_to(self, level: float) -> None:
        """Take away or add what is missing to reach a level."""
        if level > self.units.level:
            self.units.put(level - self.units.level)
        elif level < self.units.level:
            self.units.get(self.units.level - level)
