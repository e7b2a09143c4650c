"""A run's arrays: made once, bundled into a World for the model, kept by name for the engine."""

import math
from collections.abc import Callable

import numpy as np

from sim.engine.population import assign_segments, fresh_traits, new_people
from sim.engine.program import Program
from sim.model.clocks import PERIOD
from sim.model.keys import run_key
from sim.model.layout import ASK, DAILY, LOG, NOBODY, OUTCOMES, PENDING
from sim.model.world import (
    FREE,
    LEVEL,
    LOG_ALL,
    LOG_EVENTS,
    LOGGED,
    NO_LOG,
    STATIC,
    TALLY,
    USED,
    World,
    make_world,
)  # fmt: skip

LOG_ROWS = 1 << 14
_SPARE_NODES = 64

LogSink = Callable[[np.ndarray], None]


class State:
    """Everything one replication changes, and the World that shows it to the model.

    ``log`` (a callable, or None) receives finished pieces of the event log, sorted by (t, customer, seq).
    """

    def __init__(self, program: Program, seed: int, replication: int, log: LogSink | None, everything: bool):
        self.sink = log
        self.key = run_key(seed, replication)
        people = new_people(program.warm or program, self.key)
        self.arrays = dict((program.warm or program).static) | _changing(program, people, self.key)
        self.arrays["tally"][LEVEL] = NO_LOG if log is None else LOG_ALL if everything else LOG_EVENTS
        self.world: World = make_world(self.arrays)
        self.before = people["need_gap"].copy(), float(self["times"][PERIOD])

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[name]

    def replace(self, **arrays: np.ndarray) -> None:
        """Put other arrays in the place of some, in the same world."""
        self.arrays.update(arrays)
        self.world = make_world(self.arrays)

    def take_over(self, program: Program) -> None:
        """Day 0: the strategy's program and the traits it gives people replace the baseline's."""
        self.before = self["people"]["need_gap"].copy(), float(self["times"][PERIOD])
        assign_segments(program, self.key, self["people"])
        fresh_traits(program, self.key, self["people"])
        self.replace(**{name: program.static[name] for name in STATIC})

    # ------------------------------------------------------------ room
    def make_room(self, now: float) -> None:
        """Room in the log and in the pool for at least one more call of `advance`."""
        self.flush(now)
        if self["tally"][LOGGED] > len(self["log"]) // 2:  # everything at one instant: keep it for sorting
            self.replace(log=_longer(self["log"]))
        self.make_nodes(0)

    def make_nodes(self, wanted: int) -> None:
        """At least so many free nodes in the pool, and a few to spare."""
        tally, pool = self["tally"], self["pool"]
        if tally[USED] + wanted + _SPARE_NODES <= len(pool):
            return
        larger = new_pool(max(2 * len(pool), len(pool) + wanted + _SPARE_NODES))
        larger[: len(pool)] = pool
        larger[-1]["next"] = tally[FREE]  # the new nodes come first on the free list
        tally[FREE] = len(pool)
        self.replace(pool=larger)

    def flush(self, now: float) -> None:
        """Hand over the rows before `now`; those at `now` may yet get company to be sorted with."""
        tally, log = self["tally"], self["log"]
        rows = log[: tally[LOGGED]]
        finished = int(np.searchsorted(rows["t"], now, side="left"))
        if finished and self.sink:
            self.sink(in_order(rows[:finished]))
        left = rows[finished:].copy()
        log[: len(left)] = left
        tally[LOGGED] = len(left)


def in_order(rows: np.ndarray) -> np.ndarray:
    """A copy of log rows in the order of the tables: time, customer, the customer's own order."""
    return rows[np.lexsort((rows["seq"], rows["customer"], rows["t"]))]


def new_pool(nodes: int) -> np.ndarray:
    """Empty pending nodes, chained into one free list."""
    pool = np.zeros(nodes, PENDING).view(np.recarray)
    pool.next = np.arange(1, nodes + 1)
    pool.next[-1] = NOBODY
    return pool


def _longer(log: np.ndarray) -> np.ndarray:
    larger = np.zeros(2 * len(log), LOG).view(np.recarray)
    larger[: len(log)] = log
    return larger


def _changing(program: Program, people: np.ndarray, key: np.uint64) -> dict[str, np.ndarray]:
    """Every array that a run changes, as it stands when the run begins."""
    days, sites = max(1, math.ceil(program.horizon)), program.sites
    segments, touchpoints = len(program.segment_names), len(program.touchpoint_names)
    signals, stocks, campaigns = (
        max(1, len(x)) for x in (program.signals, program.stocks, program.campaigns)
    )
    programs = (program, program.warm or program)
    bins = max(1, *(int(p.static["signals"]["bins"].max()) for p in programs))
    return {
        "people": people,
        "pool": new_pool(len(people) // 4 + _SPARE_NODES),
        "picked": np.full((len(people), len(program.campaigns)), -np.inf),
        "spent": np.zeros((campaigns, 4), np.int64),
        "handed": np.zeros(campaigns, np.int64),
        "published": np.zeros((sites, signals)),
        "published_count": np.zeros((sites, signals)),
        "shelf": np.zeros((sites, stocks)),
        "stars": np.zeros((sites, signals, 2), np.int64),
        "counted": np.zeros((sites, signals, bins + 1), np.int64),
        "daily": np.zeros((days, segments, len(DAILY)), np.int64),
        "touches": np.zeros((segments, touchpoints, len(OUTCOMES)), np.int64),
        "felt": np.zeros((touchpoints, 3), np.int64),
        "log": np.zeros(LOG_ROWS, LOG).view(np.recarray),
        "tally": np.zeros(len(TALLY), np.int64),
        "ask": np.zeros(1, ASK).view(np.recarray),
        "key": np.array([key], np.uint64),
    }
