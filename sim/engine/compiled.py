"""The compiled engine: customers run ahead of each other, stretch by stretch (see `sim.engine.runahead`).

A stretch of time ends where something reaches every site at once: a campaign's pick, what the whole brand
publishes, day 0; or where the log is long enough to be handed over. What is decided for everybody, is decided
here, between stretches; what happens to one customer is the model's business.
"""

import math
from collections.abc import Callable

import numpy as np

from sim.engine.cadence import LEARNS_EVERY, first_multiple
from sim.engine.calendars import WEEK
from sim.engine.outcome import Outcome
from sim.engine.program import Program
from sim.engine.programmes import priorities as all_priorities
from sim.engine.runahead import (
    BUCKETS,
    CADENCE,
    CURSOR,
    DELIVER,
    DONE,
    NO_ROOM,
    REFRESH,
    SHIFT,
    SHOW,
    SPARE,
    begin_all,
    run_sites,
    wake,
)
from sim.engine.shared import DESK, EVENT, LINE, REQUEST, Shared, close_queues, staff_with
from sim.engine.state import A_DAY, LogSink, State, longer
from sim.engine.tiny import tiny_program
from sim.model.answers import learn
from sim.model.layout import NOBODY
from sim.model.signals import publish
from sim.model.world import EVENTS, LOGGED, OVERRUN

Progress = Callable[[float], None]

STEPS = 20_000  # turns and windows between two looks at the outside world: tenths of a second at most
EVENTS_AIM, EVENTS_EACH = (
    1 << 20,
    64,
)  # in a stretch, in all or for each customer: a turn must not last for ever
LOG_AIM = 1 << 17  # rows handed over at a time, about
SHOWN_AIM = 1 << 16  # published values kept at a time, about
_EVENTS = 1 << 10
_FIRST_LOOK = 1.0  # days simulated before it is known how fast the log grows
_GROWTH = 4.0  # times the last stretch, at most
_SHORTEST = 1e-5  # days of a stretch, whatever happens in it: about a second


class Compiled:
    """One replication on the compiled engine."""

    def __init__(self, program: Program, seed: int, replication: int, log: LogSink | None, everything: bool):
        self.program, self.replication = program, replication
        self.before = program.warm or program  # what holds until day 0
        self.state = State(program, seed, replication, log, everything)
        self.arrays = _shared_arrays(program, self.state)
        self.shared = Shared(*self.arrays.values())
        self.picks = [0] * len(program.campaigns)
        self.next_length = _FIRST_LOOK

    # ------------------------------------------------------------ the run
    def run(self, progress: Progress | None) -> Outcome:
        """Warm-up on the baseline, then the horizon on the scenario, a stretch at a time."""
        now, plan = self.program.start, self.before
        self.show_everything()
        begin_all(self.state.world, self.shared, now)
        began = now
        while now < self.program.horizon:
            if now == 0.0:
                self.begin_day_0()
                plan, began = self.program, now
            self.publish_for_all(plan, now)
            self.hear_at(now)
            self.pick_at(now)
            until = self.end_of_stretch(plan, now)
            self.simulate(plan, began, now, until, progress)
            now = until
        close_queues(self.arrays["desks"], self.program.horizon)
        return self.state.outcome(self.replication, self.program, self.staff_rows())

    def simulate(
        self, plan: Program, began: float, now: float, until: float, progress: Progress | None
    ) -> None:
        """Everybody lives from now until the end of the stretch."""
        rows, before = self.set_cadences(plan, began, now, until), int(self.state["tally"][EVENTS])
        self.arrays["cursor"]["in_order"] = plan.static["signals"]["live"].any()
        while (code := run_sites(self.state.world, self.shared, now, until, STEPS)) != DONE:
            if code == NO_ROOM:
                self.make_room()
            self.program.check_indices(int(self.state["tally"][OVERRUN]))
            if progress:
                progress(max(0.0, now + (until - now) * self.share_done(now, until)))
        self.note_signals(rows)
        if now >= 0.0:
            self.next_length = self.length_after(until - now, int(self.state["tally"][EVENTS]) - before)
        self.state.hand_over()
        if progress:
            progress(max(0.0, until))

    def share_done(self, now: float, until: float) -> float:
        """How much of the stretch has been simulated, by customers and time."""
        cursor, first = self.arrays["cursor"][0], self.arrays["first_member"]
        if first[-1] == 0:
            return 0.0
        here = first[cursor.site + 1] - first[cursor.site]
        return (first[cursor.site] + here * (cursor.t - now) / (until - now)) / first[-1]

    # ------------------------------------------------------------ stretches
    def end_of_stretch(self, plan: Program, now: float) -> float:
        """When next something reaches everybody, or enough has been logged."""
        ends = [0.0 if now < 0.0 else self.program.horizon]
        for s in _for_all(plan):
            period = plan.signals[s].refresh
            ends.append(period * first_multiple(period, now, after=True))
        if self.state.talks:
            ends.append(A_DAY * first_multiple(A_DAY, now, after=True))
        if self.learns(now):
            ends.append(LEARNS_EVERY * first_multiple(LEARNS_EVERY, now, after=True))
        if now >= 0.0:
            ends += [self.next_pick(c) for c in range(len(self.picks))]
        refreshes = sum(1.0 / signal.refresh for signal in plan.signals)
        if refreshes:
            ends.append(now + SHOWN_AIM / (refreshes * plan.sites))
        return min(*ends, now + self.next_length if now >= 0.0 else math.inf)

    def length_after(self, days: float, events: int) -> float:
        """How long the next stretch may be, after one of so many days and events: until enough has happened."""
        share = max(events, 1) / max(EVENTS_AIM, EVENTS_EACH * len(self.state["people"]))
        if self.state.sink is not None:
            share = max(share, int(self.state["tally"][LOGGED]) / LOG_AIM)
        return max(_SHORTEST, days * min(_GROWTH, 1.0 / share))

    def next_pick(self, c: int) -> float:
        """When campaign c picks next; inf once it has ended."""
        return self.program.campaigns[c].time(self.picks[c])

    def set_cadences(self, plan: Program, began: float, now: float, until: float) -> list[tuple]:
        """The cadences of the stretch, refreshes first; (signal, number of the first turn, turns) of each signal."""
        rows, signals, room = [], [], 0
        for s, signal in enumerate(plan.signals):
            if s not in _for_all(plan):
                first, turns = _turns(signal.refresh, now, until)
                rows.append((REFRESH, s, signal.refresh, 0.0, first, room, 0.0, 0.0))
                signals.append((s, signal.refresh, first, turns))
                room += turns
        for s, stock in enumerate(plan.stocks):
            rows.append((SHOW, s, stock.shown, 0.0, first_multiple(stock.shown, now), 0, 0.0, 0.0))
        for k, pool in enumerate(plan.pools):
            for at, servers in pool.shifts:
                rows.append((SHIFT, k, WEEK, at, first_multiple(WEEK, now, offset=at), 0, servers, 0.0))
        for s, stock in enumerate(plan.stocks):
            if stock.every:
                first = first_multiple(stock.every, now, after=now == began)
                rows.append((DELIVER, s, stock.every, 0.0, first, 0, stock.to, stock.add))
        arrays = {
            "cadences": np.array(rows, CADENCE).view(np.recarray),
            "turns": np.zeros(len(rows), np.int64),
        }
        if room > len(self.arrays["shown"]):
            arrays["shown"] = np.zeros((room, plan.sites, 2))
        self.replace(**arrays)
        return signals

    def note_signals(self, signals: list[tuple]) -> None:
        """What was published in the stretch, over all sites."""
        row = 0
        for s, period, first, turns in signals:
            for k in range(first, first + turns):
                if k * period >= 0.0:
                    shown = self.arrays["shown"][row]
                    self.state.note_signal(k * period, s, shown[:, 0], shown[:, 1])
                row += 1

    # ------------------------------------------------------------ what reaches everybody
    def show_everything(self) -> None:
        """What everybody can see at the start."""
        world, sites = self.state.world, self.program.sites
        for s in range(len(self.program.signals)):
            publish(world, s, 0, sites, self.program.start)
        stocks = len(self.program.stocks)
        self.state["shelf"][:, :stocks] = self.arrays["shelves"][:, :stocks]

    def publish_for_all(self, plan: Program, now: float) -> None:
        """What the whole brand shows, where it is time."""
        for s in _for_all(plan):
            period = plan.signals[s].refresh
            if first_multiple(period, now) * period == now:
                self.state.refresh(s, now)
        if self.learns(now) and first_multiple(LEARNS_EVERY, now) * LEARNS_EVERY == now:
            learn(self.state.world)

    def learns(self, now: float) -> bool:
        """Whether the brand learns from answers; before day 0 it does not."""
        return now >= 0.0 and self.program.learns

    def hear_at(self, now: float) -> None:
        """What friends were told reaches them, once a day."""
        if self.state.talks and first_multiple(A_DAY, now) * A_DAY == now:
            woken = self.state.deliver(now)
            self.make_requests()
            wake(self.state.world, self.shared, woken)

    def pick_at(self, now: float) -> None:
        """Campaigns whose time it is pick customers and give or send."""
        for c in range(len(self.picks) if now >= 0.0 else 0):
            if self.next_pick(c) == now:
                chosen = self.state.run_campaign(c, self.picks[c], now)
                self.make_requests()
                wake(self.state.world, self.shared, chosen)
                self.picks[c] += 1

    def begin_day_0(self) -> None:
        """The warm-up ends: the strategy takes over from the baseline, and campaigns begin."""
        program = self.program
        if program.warm:
            self.state.take_over(program)
        if program.start < 0.0:
            self.state.end_warm_up()
            wake(self.state.world, self.shared, np.arange(len(self.state["people"]), dtype=np.int32))
            for k, pool in enumerate(program.pools):
                staff_with(self.shared, self.arrays["cursor"][0], k, pool.on_duty(0.0), 0.0)
            for s, stock in enumerate(program.stocks):
                self.arrays["shelves"][:, s] = stock.start

    # ------------------------------------------------------------ room
    def replace(self, **arrays: np.ndarray) -> None:
        """Put other arrays in the place of some."""
        self.arrays.update(arrays)
        self.shared = Shared(*self.arrays.values())

    def make_room(self) -> None:
        """Room for more: twice of whatever is nearly full."""
        self.state.make_log()
        self.state.make_nodes(0)
        self.state.make_mail()
        self.make_requests()
        cursor, heap = self.arrays["cursor"][0], self.arrays["heap"]
        if max(cursor.events + cursor.spare, cursor.wanted) > len(heap):
            self.replace(heap=longer(heap, max(len(heap), cursor.wanted)))

    def make_requests(self) -> None:
        """A request for every node of the pool."""
        missing = len(self.state["pool"]) - len(self.arrays["requests"])
        if missing > 0:
            self.replace(requests=longer(self.arrays["requests"], missing))

    # ------------------------------------------------------------ the end
    def staff_rows(self) -> list[tuple]:
        """Every pool at every site, as rows of STAFF."""
        names = ("requests", "waited", "gave_up", "served", "wait_days", "service_days", "queue_days")
        return [
            (k, site, pool.servers, *(self.arrays["desks"][site, k][name] for name in names))
            for k, pool in enumerate(self.program.pools)
            for site in range(self.program.sites)
        ]


def _for_all(plan: Program) -> list[int]:
    """The signals that are published everywhere at once: the whole brand's, and those that a campaign watches,
    since it must see what is published at the moment of its pick."""
    brand, watched = plan.static["signals"]["brand"], plan.static["campaigns"]["signal"]
    return [s for s in range(len(plan.signals)) if brand[s] or (watched == s).any()]


def _turns(period: float, now: float, until: float) -> tuple[int, int]:
    """(number of the first turn, turns) at multiples of a period in [now, until)."""
    first = first_multiple(period, now)
    return first, first_multiple(period, until) - first


def _shared_arrays(program: Program, state: State) -> dict[str, np.ndarray]:
    """What a site's customers share, as it stands when the run begins, in the order of Shared."""
    before, sites, people = program.warm or program, program.sites, state["people"]
    pools, stocks = max(1, len(program.pools)), max(1, len(program.stocks))
    priorities = np.unique(np.concatenate([all_priorities(p.static) for p in (before, program)]))
    desks = np.zeros((sites, pools), DESK).view(np.recarray)
    desks["since"] = program.start
    shelves = np.zeros((sites, stocks))
    for k, pool in enumerate(before.pools):
        desks["servers"][:, k] = pool.on_duty(program.start)
    for s, stock in enumerate(before.stocks):
        shelves[:, s] = stock.start
    most = max([0, *(pool.most for plan in (before, program) for pool in plan.pools)])
    cursor = np.zeros(1, CURSOR).view(np.recarray)
    cursor["spare"] = SPARE + most  # a shift may begin so many services at once
    members, first = _members(people["site"], sites)
    lines = np.zeros((sites, pools, len(priorities)), LINE).view(np.recarray)
    lines["first"] = lines["last"] = NOBODY
    return {
        "requests": np.zeros(len(state["pool"]), REQUEST).view(np.recarray),
        "heap": np.zeros(_EVENTS + most, EVENT).view(np.recarray),
        "desks": desks,
        "lines": lines,
        "priorities": priorities.astype(np.int64),
        "shelves": shelves,
        "due": np.full(len(people), math.inf),
        "members": members,
        "first_member": first,
        "first_due": np.full(BUCKETS, NOBODY, np.int32),
        "next_due": np.full(len(people), NOBODY, np.int32),
        "cadences": np.zeros(0, CADENCE).view(np.recarray),
        "turns": np.zeros(0, np.int64),
        "shown": np.zeros((0, sites, 2)),
        "cursor": cursor,
    }


def _members(site: np.ndarray, sites: int) -> tuple[np.ndarray, np.ndarray]:
    """(places in people by site, where each site's begin): i4[customers], i8[sites + 1]."""
    members = np.argsort(site, kind="stable").astype(np.int32)
    return members, np.searchsorted(site[members], np.arange(sites + 1)).astype(np.int64)


def simulate(
    program: Program,
    *,
    seed: int,
    replication: int = 0,
    log: LogSink | None = None,
    progress: Progress | None = None,
    everything: bool = False,
) -> Outcome:
    """Simulate one replication with compiled code; arguments and result are those of the SimPy engine."""
    return Compiled(program, seed, replication, log, everything).run(progress)


def prepare() -> None:
    """Compile everything, or load what was compiled before."""
    simulate(tiny_program(), seed=0)
