"""A sweep: all runs of a design, kept as they finish, resumable at any moment, the same whoever ran them.

Every run depends on its point, its replication and the seed alone, so neither workers nor their order nor an
interruption changes a digit.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import RunError, UsageError
from sim.experiment import runs as single
from sim.experiment.folder import reason
from sim.experiment.memory import check_memory, people_in
from sim.experiment.replications import cores, prepared
from sim.experiment.signals import Held
from sim.experiment.sweep_hands import Hands, Here, Processes, Submitted
from sim.experiment.sweep_plan import Plan, plan_of
from sim.experiment.sweep_store import (
    LOCK,
    NAME,
    OWNER,
    PARTS,
    RUNS,
    Store,
    locked,
    read_head,
    read_rows,
)
from sim.experiment.sweep_table import PENDING, RUNNING, STATUS, Table
from sim.experiment.sweep_tasks import DIED, PASSING, Chunk, Point, Worked
from sim.experiment.workers import WorkerDied

if TYPE_CHECKING:
    import pandas as pd

    from sim.experiment.points import Points
    from sim.scenario.design import Design

AIM = 0.7  # seconds of a chunk: much more than handing it over, much less than one likes to lose
LONG = 10.0  # seconds of one point beyond which its replications are shared out
TRIES = 3  # of a run whose worker dies
HOPELESS = 6  # workers that die, one after another, before any of them finished anything


@dataclass(frozen=True)
class Tally:
    """How far a sweep is: of ``runs``, so many are done and failed.

    ``new`` finished in the last ``seconds``, which count from the moment when the first came back: workers take
    some time to start.
    """

    runs: int
    done: int
    failed: int
    new: int
    seconds: float

    @property
    def share(self) -> float:
        """How much is finished, 0..1."""
        return (self.done + self.failed) / self.runs

    @property
    def speed(self) -> float:
        """Runs a second since the first workers came back; 0 before."""
        return self.new / self.seconds if self.seconds else 0.0


@dataclass
class Sweep:
    """The runs of a design, in a folder; also while they are under way.

    ``seconds`` is how long the last call took that ran some of them, ``new`` how many it ran.
    """

    folder: Path
    seconds: float = 0.0
    new: int = 0

    @cached_property
    def head(self) -> dict[str, Any]:
        """What ``sweep.json`` says. Raises UsageError where the folder is none of a sweep."""
        return read_head(self.folder)

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row a run: point, replication, seed, parameters in base units, KPIs, status, error."""
        return read_rows(self.folder).to_pandas()

    @property
    def points(self) -> pd.DataFrame:
        """One row a point: parameters, how many runs are done (``runs``), the mean of every KPI over them."""
        done = self.runs[self.runs["status"] == "done"].groupby("point")
        found = self.runs.groupby("point")[list(self.parameters)].first()
        found["runs"] = done.size().reindex(found.index, fill_value=0)
        return found.join(done[list(self.kpis)].mean())

    @property
    def parameters(self) -> tuple[str, ...]:
        """The paths of what is varied."""
        return tuple(parameter["path"] for parameter in self.head["parameters"])

    @property
    def kpis(self) -> dict[str, str]:
        """The KPIs that are kept, with their units."""
        return dict(self.head["kpis"])

    @property
    def counts(self) -> dict[str, int]:
        """How many runs there are of each status."""
        import pyarrow.compute as compute

        told = compute.value_counts(read_rows(self.folder, ["status"])["status"]).to_pylist()
        found = {one["values"]: one["counts"] for one in told}
        return {status: found.get(status, 0) for status in STATUS}

    def result(self) -> dict[str, Any]:
        """What ``touchpoint sweep --json`` prints, as plain data."""
        names = ("name", "scenario", "method", "status", "points", "replications", "seed", "counts")
        means = self.means()
        return {
            "folder": str(self.folder),
            **{name: self.head[name] for name in names},
            "runs": sum(self.counts.values()),
            "parameters": list(self.parameters),
            "kpis": {name: {"mean": means[name], "unit": unit} for name, unit in self.kpis.items()},
            "new": self.new,
            "seconds": round(self.seconds, 3),
        }

    def means(self) -> dict[str, float | None]:
        """The mean of every KPI over all runs that have it; None where none has."""
        import pyarrow.compute as compute

        table = read_rows(self.folder, list(self.kpis))
        return {name: compute.mean(table[name]).as_py() for name in self.kpis}


# ---------------------------------------------------------------- the call
def sweep(
    design: Design | Points | Mapping[str, Any] | str | Path,
    *,
    out: str | Path | None = None,
    results: str | Path = "results",
    workers: int = 1,
    executor: Executor | None = None,
    dask: str | None = None,
    resume: bool = False,
    progress: Callable[[Tally], None] | None = None,
    begins: Callable[[Plan, Path], None] | None = None,
    note: Callable[[str], None] | None = None,
) -> Sweep:
    """Run all points of a design (a file, the name of one that ships, its data, a Design or Points) and keep the runs
    in a folder of the sweep's own.

    ``out`` names that folder; without, it is one in ``results`` named after the design and what it says. With
    ``resume`` a sweep that is there goes on (one that is not begins); without, a folder that is taken is refused.
    ``workers`` are processes of this machine (one: this process); an ``executor`` of ``concurrent.futures`` or the
    address of a ``dask`` scheduler take their place. None of that changes a digit. ``begins(plan, folder)`` is called
    before the first run, ``progress`` is told how far it is. A run that fails is a row with its error.

    Raises ScenarioError or UsageError before anything runs; RunError where it cannot go on. After that, and after
    KeyboardInterrupt or SystemExit, what is finished is kept, and ``resume`` runs the rest.
    """
    began = time.monotonic()
    workers = min(single.whole(workers, "workers", 1), cores())
    plan = plan_of(design, note)
    place = Path(out) if out is not None else plan.default_place(Path(results))
    if begins is not None:
        begins(plan, place)
    _check_ours(place)
    with closing(_hands(plan, workers, executor, dask)) as hands, locked(place):
        table = Table(plan.points, plan.kpis)
        store = _opened(place, plan, table, resume, note)
        todo = np.flatnonzero(table.status == PENDING)
        run = _Run(plan, store, table, progress)
        if len(todo) or read_head(place)["status"] != "done":
            run.all(todo, hands)
    return Sweep(place, time.monotonic() - began, len(todo))


def _check_ours(place: Path) -> None:
    """Raise UsageError where something else stands in a sweep's place."""
    if place.exists() and not place.is_dir():
        raise UsageError(f"{place}: is a file; give --out a folder of the sweep's own")
    if not place.is_dir() or (place / NAME).exists():
        return
    registering = {"inputs", PARTS, RUNS, f"{RUNS}.partial", f"{NAME}.partial"}  # and was ended
    if not {path.name for path in place.iterdir() if path.name not in (LOCK, OWNER)} <= registering:
        raise UsageError(f"{place}: exists and is not empty; give --out another folder, or remove this one")


def _opened(place: Path, plan: Plan, table: Table, resume: bool, note: Callable[[str], None] | None) -> Store:
    """The store of a sweep that begins, or goes on."""
    if not (place / NAME).exists():
        return _begun(place, plan, table)
    head = read_head(place)
    if not resume:
        raise UsageError(
            f"{place}: holds a sweep already; --resume goes on with it, --out names another folder"
        )
    try:
        plan.check_same(head, place)
    except UsageError:
        counts = Sweep(place).counts
        if counts["done"] or counts["failed"]:
            raise
        return _begun(place, plan, table)  # it came to nothing, and what was wrong with it is mended now
    plan.luck = head["luck"]
    if note is not None and (told := plan.other_versions(head)):
        note(told)
    store = Store.resume(place, table, plan.head(table))
    table.forget(_worth_another_try(table))
    return store


def _begun(place: Path, plan: Plan, table: Table) -> Store:
    with _keeping(place, table):
        plan.copy_inputs(place)
        return Store.begin(place, table, plan.head(table))


def _worth_another_try(table: Table) -> np.ndarray:
    """Failed runs that may have failed for want of memory or for a worker that was killed: all others fail again."""
    rows = [row for row, error in table.errors.items() if error in PASSING]
    return np.array(sorted(rows), np.int64)


def _hands(plan: Plan, workers: int, executor: Executor | None, dask: str | None) -> Hands:
    """Who runs the chunks; what can be wrong with them is said before anything is written."""
    if dask is not None:
        from sim.experiment.sweep_dask import Cluster

        return Cluster(dask)
    if executor is not None:
        return Submitted(executor)
    check_memory(people_in(plan.scenario), plan.engine, workers, workers, kept=False)
    prepared(plan.engine)
    return Processes(workers) if workers > 1 else Here()


def _finish(store: Store, table: Table, plan: Plan) -> None:
    if not plan.design.kpis:
        table.leave_out_empty()
    if plan.design.logs:
        from sim.experiment.sweep_logs import tidy

        tidy(store.folder / "logs")
    store.head = plan.head(table)
    store.replace("done")


# ---------------------------------------------------------------- chunks
@dataclass
class _Piece:
    """A chunk under way, and how often it was tried."""

    points: tuple[Point, ...]
    tries: int = 1


class _Queue:
    """What is still to be run, cut into chunks that take about AIM seconds."""

    def __init__(self, points: Points, seeds: np.ndarray, todo: np.ndarray):
        self._points, self._seeds = points, seeds
        numbers, starts = np.unique(todo // points.design.replications, return_index=True)
        runs = np.split(todo % points.design.replications + 1, starts[1:])
        self._left = deque(zip(numbers.tolist(), runs, strict=True))
        self._again: deque[_Piece] = deque()
        self._runs = len(todo)
        self._pace = 0.0  # seconds a run, lately; 0: not known

    def __bool__(self) -> bool:
        return bool(self._left or self._again)

    def learn(self, runs: int, seconds: float) -> None:
        """See how long a chunk took."""
        pace = seconds / max(1, runs)
        self._pace = 0.7 * self._pace + 0.3 * pace if self._pace else pace

    def again(self, piece: _Piece) -> None:
        """Try the points of a chunk again, each by itself: only one of them may be to blame."""
        self._again += [_Piece((point,), piece.tries + 1) for point in piece.points]

    def cut(self, width: int) -> _Piece:
        """The next chunk; towards the end a smaller one, so that ``width`` workers end together."""
        if self._again:
            return self._again.popleft()
        aim = AIM / self._pace if self._pace else 1.0
        most = max(1.0, min(aim, self._runs / (2 * width)))
        taken = [self._take()]
        count = len(taken[0].replications)
        while self._left and count + len(self._left[0][1]) <= most:
            taken.append(self._take())
            count += len(taken[-1].replications)
        self._runs -= count
        return _Piece(tuple(taken))

    def _take(self) -> Point:
        """The next point, or as many of its replications as are not too much at once."""
        index, replications = self._left.popleft()
        most = max(1, int(LONG / self._pace)) if self._pace else len(replications)
        if len(replications) > most:
            self._left.appendleft((index, replications[most:]))
        some = tuple(replications[:most].tolist())
        return Point(index + 1, self._points.row(index), int(self._seeds[index]), some)


# ---------------------------------------------------------------- running them
@dataclass
class _Run:
    """One call's share of a sweep."""

    plan: Plan
    store: Store
    table: Table
    progress: Callable[[Tally], None] | None
    _held: Held = field(default_factory=Held)
    _under_way: dict[int, _Piece] = field(default_factory=dict)
    _deaths: int = 0  # one after another
    _worked: bool = False  # whether any worker ever finished a chunk
    _number: int = 0
    _new: int = 0
    _came: tuple[float, int] | None = None  # when the first chunk came back, and its runs
    _counts: dict[str, int] = field(default_factory=dict)

    def look(self, _: float = 0.0) -> None:
        """Tell how far it is, and end where somebody wants that."""
        self._held.look()
        if self.progress is not None:
            done, failed = self._counts["done"], self._counts["failed"]
            passed = 0.0 if self._came is None else time.monotonic() - self._came[0]
            new = 0 if self._came is None else self._new - self._came[1]
            self.progress(Tally(self.table.count, done, failed, new, passed))

    def all(self, todo: np.ndarray, hands: Hands) -> None:
        """Run everything there is to run; whatever ends it, what is finished is kept."""
        self._counts = self.table.counts
        with _keeping(self.store.folder, self.table), self._held:
            try:
                if len(todo):
                    self._spread(todo, hands)
                _finish(self.store, self.table, self.plan)
            except BaseException:
                self._stop()
                raise

    def _spread(self, todo: np.ndarray, hands: Hands) -> None:
        self.look()
        if self.plan.design.logs:
            (self.store.folder / "logs").mkdir(exist_ok=True)
        world = self.plan.world(self.look)
        self.store.head = self.plan.head(self.table)
        self.store.say("running")
        with hands:
            self._loop(_Queue(self.plan.points, self.table.seeds, todo), hands, world)

    def _loop(self, queue: _Queue, hands: Hands, world: bytes) -> None:
        logs = self.store.folder.absolute() / "logs" if self.plan.design.logs else None
        while queue or self._under_way:
            self.look()
            for _ in range(hands.free):
                if not queue:
                    break
                piece = queue.cut(hands.width)
                self._number += 1
                self._under_way[self._number] = piece
                for point in piece.points:
                    self.table.mark(point.number, point.replications, RUNNING)
                hands.give(self._number, Chunk(world, piece.points, logs))
            for number, answer in hands.listen(self.look):
                self._settle(number, answer, queue, hands)
            self.store.replace_sometimes()
        self.look()

    def _settle(self, number: int | None, answer: Any, queue: _Queue, hands: Hands) -> None:
        """Take what a worker said of a chunk."""
        if isinstance(answer, float):
            return
        piece = self._under_way.pop(number) if number is not None else None
        if isinstance(answer, WorkerDied):
            self._bury(piece, queue, hands)
        elif isinstance(answer, Worked):
            self._deaths, self._worked = 0, True
            self._keep(answer.rows)
            queue.learn(len(answer.rows), answer.seconds)
        elif isinstance(answer, BaseException):
            raise answer if isinstance(answer, (OSError, RunError)) else RunError(_told(answer))

    def _keep(self, rows: list[Any]) -> None:
        self.store.keep(rows)
        self._new += len(rows)
        self._came = self._came or (time.monotonic(), self._new)
        self._counts = self.table.counts

    def _bury(self, piece: _Piece | None, queue: _Queue, hands: Hands) -> None:
        """A worker died: see to it that there is another, and that its points are tried again, for some times."""
        self._deaths += 1
        if self._deaths >= max(HOPELESS, 3 * hands.width) and not self._worked:
            raise RunError(
                "worker processes die before they finish anything; try fewer workers, or, from a script, call "
                "sim.sweep under `if __name__ == '__main__':`"
            )
        if piece is not None and piece.tries >= TRIES:
            self._keep([(p.number, k, None, DIED) for p in piece.points for k in p.replications])
        elif piece is not None:
            queue.again(piece)
        try:
            hands.fill_up()
        except (EOFError, OSError) as error:
            raise RunError(f"no worker process can be started: {error or type(error).__name__}") from error

    def _stop(self) -> None:
        """Leave the folder as somebody wants to find it who goes on; a second signal waits for that."""
        self.table.status[self.table.status == RUNNING] = PENDING
        with suppress(OSError):  # a full disk: what was kept stays where it is
            self.store.replace("interrupted")


def _told(error: BaseException) -> str:
    return f"the workers cannot run the sweep: {type(error).__name__}: {' '.join(str(error).split())}"


@contextmanager
def _keeping(place: Path, table: Table) -> Iterator[None]:
    """Say of whatever ends a sweep how much is kept."""
    try:
        yield
    except (OSError, RunError) as error:
        why = f"cannot write {place}: {reason(error)}" if isinstance(error, OSError) else str(error)
        raise RunError(f"{why}; {kept(table.counts)}") from error


def kept(counts: Mapping[str, int]) -> str:
    """How much of a sweep is there already."""
    finished, every = counts["done"] + counts["failed"], sum(counts.values())
    return f"{finished:,} of {every:,} runs are kept, --resume goes on with the rest"
