"""Several worlds lived through by the same people: every (world, replication) is a task of its own.

What is kept of one is small (its KPIs, its retention curve, and until the worlds of its replication have
been paired one bit a customer), so memory does not grow with the number of replications.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sim.analysis.paired import Flips, flips, unseen
from sim.analysis.parts import by_segment, by_stage
from sim.analysis.view import Floats, View
from sim.experiment.replications import Job, Progress, Task, perform_all

SHARES: dict[str, Callable[[View], np.ndarray]] = {
    "retention": lambda view: view.alive[view.cohort],
    "retention_active": lambda view: view.recent[view.cohort],
}  # KPIs that are shares of the same customers in every world, and of whom each is true


@dataclass
class Seen:
    """What is kept of one replication of one world.

    ``alive`` is the share of the cohort that has not left, at ``retention.days_of(horizon)`` (blank beyond
    what was seen; empty for one-shot visitors); ``facts`` packed truths about everybody in the cohort, by
    KPI, and ``who`` a digest of their ids, for pairing. ``segments`` and ``stages`` are those of ``analysis.parts``.
    """

    replication: int
    kpis: dict[str, float]
    events: int
    cohort: int
    alive: Floats
    who: bytes
    segments: Floats
    stages: Floats
    facts: dict[str, bytes] = field(default_factory=dict)


def see(outcome: Any, program: Any) -> Seen:
    """What to keep of a replication."""
    from sim.analysis.kpis import kpis

    view = View(outcome, program)
    lasting = not program.one_shot and view.count > 0
    return Seen(
        replication=outcome.replication,
        kpis=kpis(outcome, program),
        events=int(outcome.events),
        cohort=int(np.count_nonzero(view.cohort)),
        alive=_alive(view) if lasting else np.empty(0),
        who=hashlib.blake2b(view.column("id")[view.cohort].tobytes(), digest_size=16).digest(),
        segments=by_segment(view),
        stages=by_stage(view),
        facts={name: np.packbits(fact(view)).tobytes() for name, fact in SHARES.items()} if lasting else {},
    )


def _alive(view: View) -> Floats:
    """The curve; of those there on day 0 nobody is cut short before the horizon, so it is their plain share."""
    from sim.analysis.retention import alive_curve, days_of

    days = days_of(view.program.horizon)
    if view.founding.any():
        left = np.sort(view.column("t_left")[view.cohort])
        share: Floats = 1.0 - np.searchsorted(left, days, side="right") / left.size
        return share
    told = alive_curve(view.outcome, view.program, days)
    curve = np.full(days.size, np.nan)
    curve[: len(told)] = told["alive"]
    return curve


class Worlds:
    """Worlds under the same luck, a batch of replications after another.

    ``seen[w][r]`` is what is kept of world w in replication r + 1; ``flips[w - 1]`` counts, by KPI, in whose
    case the first world and world w differ (a KPI is missing where other people are counted in them).
    """

    def __init__(self, programs: Sequence[Any], seed: int, engine: str):
        self.programs, self.seed, self.engine = programs, seed, engine
        self.seen: list[list[Seen]] = [[] for _ in programs]
        self.flips: list[dict[str, Flips]] = [{name: Flips() for name in SHARES} for _ in programs[1:]]
        self._blobs = [pickle.dumps(program) for program in programs]
        self._programs: Mapping[bytes, Any] = dict(zip(self._blobs, programs, strict=True))

    @property
    def replications(self) -> int:
        """How many there are of every world."""
        return len(self.seen[0])

    def kpi(self, name: str) -> Floats:
        """Values of a KPI, a row a replication in which every world has one, a column a world."""
        rows = [[seen.kpis.get(name, np.nan) for seen in world] for world in self.seen]
        values = np.array(rows, np.float64).T
        whole: Floats = values[~np.isnan(values).any(axis=1)]
        return whole

    def unchanged(self, world: int, other: int = 0) -> bool:
        """Whether a world is the first (or another) one, in every replication and all that is counted."""
        pairs = zip(self.seen[other], self.seen[world], strict=True)
        return all(a.kpis == b.kpis and a.events == b.events for a, b in pairs)

    def floor(self, kpi: str, world: int, strategies: int = 1) -> float:
        """What a share may differ by in a world that is another, though nobody was seen to flip; else 0."""
        counts = self.flips[world - 1].get(kpi)
        if counts is None or counts.n == 0 or counts.first or counts.second or self.unchanged(world):
            return 0.0
        return unseen(counts.n, strategies)

    def play(
        self,
        until: int,
        *,
        workers: int = 1,
        executor: Executor | None = None,
        progress: Progress | None = None,
        check: Callable[[Seen], None] | None = None,
    ) -> None:
        """Have all replications up to number `until`; `check` is shown each, and may raise."""
        numbers = range(self.replications + 1, until + 1)
        tasks = [
            Task(blob, Job(self.seed, number, self.engine, keep=see))
            for number in numbers
            for blob in self._blobs
        ]
        together: list[Seen] = []

        def finished(seen: Seen) -> None:
            if check:
                check(seen)
            together.append(seen)
            if len(together) == len(self.programs):
                self._pair(together)
                together.clear()

        perform_all(
            tasks,
            self._programs,
            workers=workers,
            executor=executor,
            progress=progress,
            finished=finished,
        )

    def _pair(self, together: Sequence[Seen]) -> None:
        """Count who differs, and let go of what only that takes."""
        first = together[0]
        for seen, counts in zip(together[1:], self.flips, strict=True):
            for name in list(counts):
                if seen.who == first.who and name in first.facts and name in seen.facts:
                    pair = (np.frombuffer(s.facts[name], np.uint8) for s in (first, seen))
                    bits = [np.unpackbits(b, count=first.cohort).astype(bool) for b in pair]
                    counts[name] += flips(*bits)
                else:
                    del counts[name]
        for world, seen in zip(self.seen, together, strict=True):
            seen.facts = {}
            world.append(seen)
