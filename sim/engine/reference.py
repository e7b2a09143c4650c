"""The reference engine: SimPy drives the model, one process a customer, in global time order.

This is the text to read first. A customer's life is a loop: wait for the next occasion, live it, and where
it needs staff or stock, ask for them. What an occasion does is the model's business
(`sim.model.occasions.advance`); when it happens, and who is served first, is decided here.
"""

import math
from collections.abc import Callable, Generator
from functools import partial

import numpy as np
import simpy

from sim.engine.cadence import LEARNS_EVERY, first_multiple
from sim.engine.calendars import WEEK
from sim.engine.clock import Clock
from sim.engine.desk import Desk, Shelf
from sim.engine.outcome import Outcome
from sim.engine.program import Program, StockPlan
from sim.engine.ranks import DISPATCH, OCCASION, REFILL, REFRESH, SHIFT
from sim.engine.scripts import Scripts
from sim.engine.state import A_DAY, LogSink, State
from sim.engine.tiny import tiny_program
from sim.model.answers import learn
from sim.model.layout import CLOSED, CUSTOMER, LEFT, OK, PROSPECT, SOLD_OUT
from sim.model.occasions import ASKS, BEGIN, FINISH, FULL, LIVE, NEXT, advance, patience_of
from sim.model.signals import publish

Progress = Callable[[float], None]


class Reference:
    """One replication on SimPy."""

    def __init__(self, program: Program, seed: int, replication: int, log: LogSink | None, everything: bool):
        self.program, self.replication = program, replication
        self.start, self.horizon = program.start, program.horizon
        self.clock = Clock(initial_time=self.start)
        self.state = State(program, seed, replication, log, everything)
        people = self.state["people"]
        self.status, self.asking, self.site = people["status"], people["asking"], people["site"]
        self.pending = people["pending"]
        self.wins_back = program.wins_back
        self.ask = np.asarray(self.state["ask"])
        self.scripts = Scripts(program.warm or program, self.state)
        self.desks = [[self.new_desk(k) for _ in range(program.sites)] for k in range(len(program.pools))]
        stocks = (program.warm or program).stocks
        self.shelves = [[Shelf(self.clock, s.start) for _ in range(program.sites)] for s in stocks]
        self.publish_all()
        self.customers = [self.clock.process(self.customer(i)) for i in range(len(people))]

    # ------------------------------------------------------------ one customer
    def customer(self, i: int) -> Generator:
        """A customer's life."""
        due = self.advance(i, BEGIN)
        while due < math.inf or self.status[i] != LEFT or self.wins_back:
            try:
                yield (
                    self.clock.at(max(due, self.clock.now), OCCASION, i)
                    if due < self.horizon
                    else self.clock.event()
                )
            except simpy.Interrupt:  # a campaign has put something on the list
                due = self.advance(i, NEXT)
                continue
            due = self.advance(i, LIVE)
            if due == ASKS:
                outcome, waited = yield from self.attend(i)
                self.scripts.call(i, self.clock.now, outcome, waited)
                due = self.advance(i, int(FINISH + outcome), waited)

    def attend(self, i: int) -> Generator:
        """Whatever the customer asks for: a unit of stock is reserved, then staff serve. (outcome, days waited)"""
        pool, stock, priority, closed, service = self.ask.item()
        site = self.site[i]
        shelf = self.shelves[stock][site] if stock >= 0 else None
        if closed:
            return CLOSED, 0.0
        if shelf and not shelf.take():
            return SOLD_OUT, 0.0
        if pool < 0:
            return OK, 0.0
        patience = partial(patience_of, self.state.world, i)
        outcome, waited = yield from self.desks[pool][site].serve(i, priority, patience, service)
        if shelf and outcome != OK:
            shelf.give_back()
        return outcome, waited

    def advance(self, i: int, operation: int, waited: float = 0.0) -> float:
        """Let customer i live at this instant; when his next occasion is due."""
        now = self.clock.now
        due = advance(self.state.world, i, operation, now, now, waited)
        while due == FULL:
            self.state.flush(now)
            self.state.make_log()  # everything at one instant: keep it for sorting
            self.state.make_nodes(0)
            self.state.make_mail()
            due = advance(self.state.world, i, operation, now, now, waited)
        return due

    # ------------------------------------------------------------ what all customers share
    def new_desk(self, k: int) -> Desk:
        """Pool k at one site, with room for the larger of the baseline's and the strategy's staff."""
        before, pool = (self.program.warm or self.program).pools[k], self.program.pools[k]
        return Desk(self.clock, before.on_duty(self.start), max(before.most, pool.most))

    def every(
        self, period: float, rank: int, end: float, act: Callable[[], None], offset: float = 0.0
    ) -> Generator:
        """Act at every multiple of the period from now on and before the end; deliveries only after now."""
        k = first_multiple(period, self.clock.now, after=rank == REFILL, offset=offset)
        while k * period + offset < end:
            yield self.clock.at(k * period + offset, rank)
            act()
            k += 1

    def begin_shared(self, program: Program, end: float) -> None:
        """Start the processes of everything that is published and refilled, as a program has it."""
        for s, signal in enumerate(program.signals):
            self.clock.process(self.every(signal.refresh, REFRESH, end, partial(self.refresh, s)))
        for k, pool in enumerate(program.pools):
            for at, servers in pool.shifts:
                act = partial(self.staff_with, k, servers)
                self.clock.process(self.every(WEEK, SHIFT, end, act, offset=at))
        if self.state.talks:
            self.clock.process(self.every(A_DAY, REFRESH, end, self.hear))
        for s, stock in enumerate(program.stocks):
            self.clock.process(self.every(stock.shown, REFRESH, end, partial(self.show, s)))
            if stock.every:
                self.clock.process(self.every(stock.every, REFILL, end, partial(self.refill, s, stock)))

    def publish_all(self) -> None:
        """What everybody can see at the start."""
        for s in range(len(self.program.signals)):
            publish(self.state.world, s, 0, self.program.sites, self.program.start)
        for s in range(len(self.program.stocks)):
            self.show(s)

    def refresh(self, s: int) -> None:
        """Signal s is published anew."""
        self.state.refresh(s, self.clock.now)

    def hear(self) -> None:
        """What friends were told reaches them."""
        self.wake(self.state.deliver(self.clock.now))

    def learn(self) -> None:
        """What the brand has learnt from answers takes effect."""
        learn(self.state.world)

    def show(self, s: int) -> None:
        """The level of stock s on show at every site."""
        for site, shelf in enumerate(self.shelves[s]):
            self.state["shelf"][site, s] = shelf.units.level

    def staff_with(self, k: int, servers: int) -> None:
        """A shift of pool k begins at every site."""
        for desk in self.desks[k]:
            desk.staff_with(servers)

    def refill(self, s: int, stock: StockPlan) -> None:
        """A delivery of stock s at every site: up to a level, or so many more."""
        for shelf in self.shelves[s]:
            level = shelf.units.level
            shelf.set_to(max(level, stock.to) if stock.add == 0 else level + stock.add)

    def run_campaign(self, c: int, campaign) -> Generator:
        """A campaign's picks, from its start to its end."""
        k = 0
        while (t := campaign.time(k)) < self.horizon:
            yield self.clock.at(t, DISPATCH, c)
            self.wake(self.state.run_campaign(c, k, self.clock.now))
            k += 1

    def wake(self, chosen: np.ndarray) -> None:
        """The picked look at their lists again; who is busy does so anyway when he is done."""
        for i in chosen:
            if (self.status[i] in (PROSPECT, CUSTOMER) or self.pending[i] >= 0) and self.asking[i] < 0:
                self.customers[i].interrupt()

    # ------------------------------------------------------------ the run
    def run(self, progress: Progress | None) -> Outcome:
        """Warm-up on the baseline, then the horizon on the scenario, a day at a time."""
        if self.start < 0.0:
            self.begin_shared(self.program.warm or self.program, end=0.0)
        day = math.floor(self.start) + 1.0
        while self.clock.now < self.horizon:
            if self.clock.now == 0.0:
                self.begin_day_0()
            self.clock.run(until=min(day, self.horizon))
            if progress:
                progress(max(self.clock.now, 0.0))
            day += 1.0
        return self.close()

    def begin_day_0(self) -> None:
        """The warm-up ends: the strategy takes over from the baseline, and campaigns begin."""
        if self.program.warm:
            self.state.take_over(self.program)
            self.scripts = Scripts(self.program, self.state)
        if self.start < 0.0:
            self.end_warm_up()
        self.begin_shared(self.program, end=self.horizon)
        if self.program.learns:
            self.clock.process(self.every(LEARNS_EVERY, REFRESH, self.horizon, self.learn))
        for c, campaign in enumerate(self.program.campaigns):
            self.clock.process(self.run_campaign(c, campaign))

    def end_warm_up(self) -> None:
        """Clocks, staff, stock and reviews as they are declared for day 0."""
        self.state.end_warm_up()
        self.wake(np.arange(len(self.status)))
        for k, pool in enumerate(self.program.pools):
            self.staff_with(k, pool.on_duty(0.0))
        for stock, shelves in zip(self.program.stocks, self.shelves, strict=True):
            for shelf in shelves:
                shelf.set_to(stock.start)

    def close(self) -> Outcome:
        """Everything counted, at the horizon."""
        self.state.flush(math.inf)
        return self.state.outcome(self.replication, self.program, self.staff_rows())

    def staff_rows(self) -> list[tuple]:
        """Every pool at every site, as rows of STAFF."""
        return [
            (k, site, self.program.pools[k].servers, *desk.counts())
            for k, desks in enumerate(self.desks)
            for site, desk in enumerate(desks)
        ]


def simulate(
    program: Program,
    *,
    seed: int,
    replication: int = 0,
    log: LogSink | None = None,
    progress: Progress | None = None,
    everything: bool = False,
) -> Outcome:
    """Simulate one replication on SimPy.

    ``log`` receives the event log in pieces (see `State`); ``progress`` the simulated day. ``everything`` also
    logs decisions without a consequence, for stories.
    """
    return Reference(program, seed, replication, log, everything).run(progress)


def prepare() -> None:
    """Compile everything, or load what was compiled before."""
    simulate(tiny_program(), seed=0)
