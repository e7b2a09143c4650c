"""A run's arrays: made once, bundled into a World for the model, kept by name for the engine."""

import math
from collections.abc import Callable

import numpy as np

from sim.engine.network import network_of
from sim.engine.outcome import CAMPAIGN_ROW, GROUPS, SIGNAL_ROW, STAFF, SUMS, Outcome
from sim.engine.population import assign_segments, fresh_traits, new_people
from sim.engine.program import Program
from sim.engine.programmes import outcome_rows
from sim.model.campaigns import HOLD_OUT, PICKED, SPENT, affordable, audience, send
from sim.model.clocks import PERIOD
from sim.model.friends import deliver
from sim.model.keys import run_key, uniforms
from sim.model.layout import (
    ABSENCE,
    ASK,
    CAMPAIGNS,
    CARD,
    DAILY,
    EMOTIONS,
    FADED,
    HEARD,
    LEFT,
    LOG,
    MAIL,
    MILLION,
    NOBODY,
    OUTCOMES,
    PENDING,
    QUESTIONS,
    SCORES,
    SCRIPT,
)  # fmt: skip
from sim.model.occasions import ROWS_A_CALL, WORDS_A_CALL
from sim.model.people import begin_day_0, settle_all, weigh_commitments
from sim.model.pilot import PILOTED
from sim.model.places import shifts
from sim.model.programme import BOOKS
from sim.model.signals import publish
from sim.model.world import (
    BACK,
    CAPPED,
    EVENTS,
    FREE,
    LEVEL,
    LOG_ALL,
    LOG_EVENTS,
    LOGGED,
    LOST,
    MAILED,
    NO_LOG,
    OVERRUN,
    STATIC,
    TALLY,
    USED,
    World,
    make_world,
)  # fmt: skip

LOG_ROWS = 1 << 14
MAIL_ROWS = 1 << 10
A_DAY = 1.0  # what friends are told is heard at whole days
_SPARE_NODES = 64

LogSink = Callable[[np.ndarray], None]


class State:
    """Everything one replication changes, and the World that shows it to the model.

    ``log`` (a callable, or None) receives the event log in pieces, each all LOG rows of a stretch of time
    [a, b) in no particular order, one stretch after another; a piece is the receiver's to keep.
    """

    def __init__(self, program: Program, seed: int, replication: int, log: LogSink | None, everything: bool):
        self.sink = log
        self.key = run_key(seed, replication)
        people = new_people(program.warm or program, self.key)
        self.arrays = dict((program.warm or program).static) | _changing(program, people, self.key)
        self.arrays["tally"][LEVEL] = NO_LOG if log is None else LOG_ALL if everything else LOG_EVENTS
        self.world: World = make_world(self.arrays)
        self.signals: list[tuple] = []  # rows of SIGNAL_ROW
        self.program = program
        self.before: tuple[np.ndarray, float] | None = None  # need gaps and renewal period, once replaced

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[name]

    def replace(self, **arrays: np.ndarray) -> None:
        """Put other arrays in the place of some, in the same world."""
        self.arrays.update(arrays)
        self.world = make_world(self.arrays)

    def take_over(self, program: Program) -> None:
        """Day 0: the strategy's program and the traits it gives people replace the baseline's."""
        self.before = self.rhythm()
        assign_segments(program, self.key, self["people"])
        fresh_traits(program, self.key, self["people"])
        self.replace(**{name: program.static[name] for name in STATIC}, faded=new_faded())

    def rhythm(self) -> tuple[np.ndarray, float]:
        """The mean gap between everybody's needs, and the renewal period."""
        return self["people"]["need_gap"].copy(), float(self["times"][PERIOD])

    def end_warm_up(self) -> None:
        """Day 0: clocks run at the declared rates from now on, and no review has been written yet.

        Traits that touches have changed are as they were drawn, with a strategy and without.
        """
        if self.before is None and self["touchpoints"]["shows_alternatives"].any():
            fresh_traits(self.program, self.key, self["people"])
        begin_day_0(self.world, *(self.before or self.rhythm()))
        self["stars"][:] = 0

    # ------------------------------------------------------------ room
    def make_log(self) -> None:
        """A log of twice the length, where more than half of it is in use or one call would use it."""
        if 2 * (self["tally"][LOGGED] + ROWS_A_CALL) > len(self["log"]):
            self.replace(log=longer(self["log"], len(self["log"])))

    def make_mail(self) -> None:
        """Room for twice as many words, where one call would use more than half of it."""
        if 2 * (self["tally"][MAILED] + WORDS_A_CALL) > len(self["mail"]) > 0:
            self.replace(mail=longer(self["mail"], len(self["mail"])))

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

    def make_absences(self, chosen: np.ndarray) -> None:
        """Room for the return of everybody who has left and may see a message until the next are sent."""
        people = self["people"]
        gone = people["status"] == LEFT
        waiting = np.count_nonzero(gone & (people["pending"] >= 0)) + np.count_nonzero(gone[chosen])
        missing = int(self["tally"][BACK]) + waiting - len(self["absences"])
        if missing > 0:
            self.replace(absences=longer(self["absences"], max(missing, len(self["absences"]))))

    def flush(self, now: float) -> None:
        """Hand over the rows before `now`, if the log is in order of time; those at `now` may get company."""
        tally, log = self["tally"], self["log"]
        rows = log[: tally[LOGGED]]
        finished = int(np.searchsorted(rows["t"], now, side="left"))
        if finished and self.sink:
            self.sink(rows[:finished].copy())
        left = rows[finished:].copy()
        log[: len(left)] = left
        tally[LOGGED] = len(left)

    def hand_over(self) -> None:
        """Hand over every row of the log: a stretch of time is finished for everybody."""
        rows = self["log"][: self["tally"][LOGGED]]
        if len(rows) and self.sink:
            self.sink(rows.copy())
        self["tally"][LOGGED] = 0

    # ------------------------------------------------------------ signals
    def refresh(self, s: int, t: float) -> None:
        """Signal s is published anew at every site; the warm-up is not noted."""
        publish(self.world, s, 0, len(self["site_size"]), t)
        if t >= 0.0:
            self.note_signal(t, s, self["published"][:, s], self["published_count"][:, s])

    def note_signal(self, t: float, s: int, values: np.ndarray, counts: np.ndarray) -> None:
        """A row of SIGNAL_ROW from what each site shows; added up in one way, whoever asks."""
        mean, total = np.ascontiguousarray(values).mean(), np.ascontiguousarray(counts).sum()
        self.signals.append((t, s, float(mean), float(total)))

    # ------------------------------------------------------------ word of mouth
    @property
    def talks(self) -> bool:
        """Whether anybody may tell a friend something."""
        return len(self["mail"]) > 0

    def deliver(self, t: float) -> np.ndarray:
        """What friends were told up to t is heard: places in people of those who now have something on their list."""
        mails = self["mail"][: self["tally"][MAILED]]
        mails = mails[np.lexsort((mails["touch"], mails["sender"], mails["to"]))]
        self["tally"][MAILED] = 0
        self.make_nodes(len(mails))
        woken = np.empty(len(mails), np.int32)
        return woken[: deliver(self.world, mails, t, woken)]

    # ------------------------------------------------------------ campaigns
    def pick(self, c: int, k: int, t: float) -> np.ndarray:
        """Campaign c's pick k at time t: places in people, in the order in which the budget takes them."""
        chosen = np.empty(len(self["people"]), np.int32)
        luck = np.empty(len(chosen))
        number = audience(self.world, c, k, t, chosen, luck)
        order = np.argsort(luck[:number], kind="stable")
        return chosen[order][: affordable(self.world, c, t)]

    def timely(self, c: int) -> bool:
        """Whether the published figure for which campaign c waits is within its bounds, mean over sites."""
        campaign = self["campaigns"][c]
        if campaign["signal"] < 0:
            return True
        shown = np.ascontiguousarray(self["published"][:, campaign["signal"]]).mean()
        return bool(campaign["least"] <= shown <= campaign["most"])

    def run_campaign(self, c: int, k: int, t: float) -> np.ndarray:
        """Campaign c picks customers and gives or sends: places in people of those who were picked."""
        chosen = self.pick(c, k, t) if self.timely(c) else np.empty(0, np.int32)
        self.make_nodes(len(chosen))
        if self["campaigns"][c]["wins_back"]:
            self.make_absences(chosen)
        send(self.world, c, k, t, chosen)
        return chosen

    # ------------------------------------------------------------ the end
    def outcome(self, replication: int, program: Program, staff: list) -> Outcome:
        """Everything counted, at the horizon; `staff`: rows of STAFF in any order."""
        tally, people = self["tally"], self["people"]
        program.check_indices(int(tally[OVERRUN]))
        settle_all(self.world, program.horizon)
        commitments = np.zeros((len(people) if self["psyche"][0].on else 0, 3), np.float32)
        if len(commitments):
            weigh_commitments(self.world, program.horizon, commitments)
        people.pending = people.asking = NOBODY  # places in a pool that ends here
        return Outcome(
            replication=replication,
            people=people,
            daily=self["daily"],
            touches=self["touches"],
            felt=self["felt"],
            staff=np.array(sorted(staff), STAFF).view(np.recarray),
            signals=np.array(sorted(self.signals), SIGNAL_ROW).view(np.recarray),
            campaigns=self.campaign_rows(program),
            absences=np.sort(self["absences"][: tally[BACK]], order=["back", "customer"]).view(np.recarray),
            **outcome_rows(self.arrays, program.horizon),
            answered=self["answered"],
            failing=self["failing"],
            commitments=commitments,
            events=int(tally[EVENTS]),
            capped=int(tally[CAPPED]),
            hazard_lost=float(tally[LOST]) / MILLION,
        )

    def campaign_rows(self, program: Program) -> np.ndarray:
        """Picks, hand-overs and cents of every campaign; and those it reached beside those held out."""
        n, people = len(program.campaign_names), self["people"]
        rows = np.zeros(n, CAMPAIGN_ROW).view(np.recarray)
        rows.picked, rows.spent = self["spent"][:n, PICKED], self["spent"][:n, SPENT]
        rows.handed = self["handed"][:n]
        active = program.horizon - people["t_order"] < program.active_within
        for c in range(n):
            known = np.flatnonzero(self["picked"][:, c] > -np.inf)
            stream = self["streams"]["hash"][CAMPAIGNS + c]
            luck = uniforms(self.key, people["id"][known], stream, 0, HOLD_OUT)
            held_out = luck < self["campaigns"]["hold_out"][c]
            for group, who in zip(GROUPS, (known[~held_out], known[held_out]), strict=True):
                sums = len(who), np.count_nonzero(active[who]), people["n_order"][who].sum(dtype=np.int64)
                for name, value in zip(SUMS, sums, strict=True):
                    rows[c][f"{group}_{name}"] = value
        return rows


def new_faded() -> np.ndarray:
    """No decay has been looked at yet."""
    faded = np.zeros(EMOTIONS + 6, FADED).view(np.recarray)
    faded.days = math.nan
    return faded


def new_pool(nodes: int) -> np.ndarray:
    """Empty pending nodes, chained into one free list."""
    pool = np.zeros(nodes, PENDING).view(np.recarray)
    pool.next = np.arange(1, nodes + 1)
    pool.next[-1] = NOBODY
    return pool


def longer(array: np.ndarray, more: int) -> np.ndarray:
    """A copy with empty rows behind."""
    larger = np.zeros(len(array) + more, array.dtype).view(np.recarray)
    larger[: len(array)] = array
    return larger


def _talk(program: Program, people: np.ndarray, key: np.uint64) -> dict[str, np.ndarray]:
    """Friends, and what they tell each other; all empty where nobody would."""
    ties = network_of(program, people, key)
    talk = len(ties["friends_at"]) > 0
    mail = np.zeros(MAIL_ROWS if talk else 0, MAIL).view(np.recarray)
    return ties | {"mail": mail, "heard": np.zeros(len(people) if talk else 0, HEARD).view(np.recarray)}


def _adopted(people: np.ndarray, sites: int) -> np.ndarray:
    """At each site, those who are customers already and all people."""
    return np.stack([np.bincount(people["site"][there], minlength=sites)
                     for there in (people["founding"] != 0, slice(None))], axis=1)  # fmt: skip


def _changing(program: Program, people: np.ndarray, key: np.uint64) -> dict[str, np.ndarray]:
    """Every array that a run changes, as it stands when the run begins."""
    days, sites = max(1, math.ceil(program.horizon)), program.sites
    segments, touchpoints = len(program.segment_names), len(program.touchpoint_names)
    signals, stocks, campaigns = (
        max(1, len(x)) for x in (program.signals, program.stocks, program.campaigns)
    )
    programs = (program, program.warm or program)
    bins = max(0, *(int(p.static["signals"]["bins"].max()) for p in programs))
    return {
        "people": people,
        "shift": shifts(people.id),
        "pool": new_pool(len(people) // 4 + _SPARE_NODES),
        "picked": np.full((len(people), len(program.campaigns)), -np.inf),
        "spent": np.zeros((campaigns, 4), np.int64),
        "cards": np.zeros((len(people), len(program.programme_names)), CARD).view(np.recarray),
        "books": np.zeros((max(1, len(program.programme_names)), BOOKS), np.int64),
        "handed": np.zeros(campaigns, np.int64),
        "published": np.zeros((sites, signals)),
        "published_count": np.zeros((sites, signals)),
        "shelf": np.zeros((sites, stocks)),
        "stars": np.zeros((sites, signals, 2), np.int64),
        "faked": np.zeros((sites if any(p.fakes for p in programs) else 0, signals), np.uint8),
        "counted": np.zeros((sites, signals, bins + 1), np.int64),
        "adopted": _adopted(people, sites),
        **_talk(program, people, key),
        "daily": np.zeros((days, segments, len(DAILY)), np.int64),
        "touches": np.zeros((segments, touchpoints, len(OUTCOMES)), np.int64),
        "felt": np.zeros((touchpoints, 3), np.int64),
        "log": np.zeros(LOG_ROWS, LOG).view(np.recarray),
        "tally": np.zeros(len(TALLY), np.int64),
        "ask": np.zeros(1, ASK).view(np.recarray),
        "key": np.array([key], np.uint64),
        "faded": new_faded(),
        "piloted": np.zeros((segments if program.is_pilot else 0, len(PILOTED)), np.int64),
        "answered": np.zeros(
            (segments if any(p.asks for p in programs) else 0, len(QUESTIONS), SCORES + 2), np.int64
        ),
        "learnt": np.zeros(touchpoints if any(p.learns for p in programs) else 0, np.int64),
        "failing": np.ones(touchpoints if any(p.learns for p in programs) else 0),
        "script": np.zeros(1 if any(p.scripts for p in programs) else 0, SCRIPT).view(np.recarray),
        "absences": np.zeros(0, ABSENCE).view(np.recarray),
    }
