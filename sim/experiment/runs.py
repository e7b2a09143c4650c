"""One run: a scenario, its replications, and everything that can be asked of them as pandas frames."""

from __future__ import annotations

import shutil
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import UsageError
from sim.experiment import folder as folders
from sim.experiment.manifest import ENGINE, Settings, fingerprint, manifest, shown, start_of
from sim.experiment.memory import check_memory, people_in
from sim.experiment.replications import Numbers, Progress, cores, prepared, replicate

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from sim.scenario import Scenario


@dataclass
class Run:
    """A finished run. Tables and numbers are pandas frames, made when first asked for.

    ``scenario`` is what was run, ``outcomes`` the replications in order (final customers and integer
    sums, no log; after ``people=False`` their KPIs and daily table only), ``folder`` where the run was
    written, if it was.
    """

    scenario: Scenario
    program: Any
    outcomes: Sequence[Any]
    settings: Settings
    began: datetime
    ended: datetime
    folder: Path | None = None
    _log: Path | None = None  # where visits.parquet and orders.parquet lie

    # ------------------------------------------------------------ numbers
    @cached_property
    def values(self) -> list[dict[str, float]]:
        """The KPIs of each replication, in order; one without a value in a replication is absent there."""
        from sim.analysis.kpis import kpis

        return [
            outcome.kpis if isinstance(outcome, Numbers) else kpis(outcome, self.program)
            for outcome in self.outcomes
        ]

    @cached_property
    def summary(self) -> dict[str, dict[str, Any]]:
        """The KPIs over replications as plain data: ``{name: {mean, low, high, p05, p95, unit, n}}``."""
        from sim.analysis.kpis import summary

        return summary(self.values, self.program.currency)

    @property
    def kpis(self) -> pd.DataFrame:
        """One row a KPI: mean, its 95 % interval (low, high), p05 and p95 over replications, unit."""
        import pandas as pd

        return pd.DataFrame.from_dict(self.summary, orient="index").rename_axis("kpi")

    @property
    def replications(self) -> pd.DataFrame:
        """One row a replication, one column a KPI."""
        import pandas as pd

        numbers = pd.RangeIndex(1, len(self.outcomes) + 1, name="replication")
        return pd.DataFrame(self.values, index=numbers)

    @property
    def counts(self) -> dict[str, int]:
        """Customers in a replication (mean, whole) and events in all replications together."""
        people = [values["customers"] for values in self.values]
        return {
            "customers": round(sum(people) / len(people)),
            "events": sum(int(outcome.events) for outcome in self.outcomes),
        }

    # ------------------------------------------------------------ tables: columns in docs/tables.md
    def tables(self, name: str) -> list[pa.Table]:
        """A table that rests on the outcomes, one part a replication."""
        from sim.engine.recorder import SUMMARIES

        if name == "daily" and not self._has_people:
            return [outcome.daily for outcome in self.outcomes]
        return [SUMMARIES[name](outcome, self.program) for outcome in self.whole(name)]

    @property
    def _has_people(self) -> bool:
        return not any(isinstance(outcome, Numbers) for outcome in self.outcomes)

    def whole(self, name: str) -> Sequence[Any]:
        """The outcomes with their people, for what is called `name`; UsageError if they were let go."""
        if self._has_people:
            return self.outcomes
        raise UsageError(
            f"this run kept its KPIs and its daily series only, so it has no {name}: run it again with people=True"
        )

    def _frame(self, name: str) -> pd.DataFrame:
        import pyarrow as pa

        return pa.concat_tables(self.tables(name)).to_pandas()

    def _logged(self, name: str) -> pd.DataFrame:
        import pandas as pd

        if self._log is None:
            raise UsageError(f"this run kept no log, so it has no {name}: run it again with log=True")
        return pd.read_parquet(self._log / f"{name}.parquet")

    @property
    def visits(self) -> pd.DataFrame:
        """Every touch, of every replication. Raises UsageError if the run kept no log."""
        return self._logged("visits")

    @property
    def orders(self) -> pd.DataFrame:
        """Every order. Raises UsageError if the run kept no log."""
        return self._logged("orders")

    @property
    def surveys(self) -> pd.DataFrame:
        """Every answer to a survey. Raises UsageError if the run kept no log."""
        return self._logged("surveys")

    @property
    def customers(self) -> pd.DataFrame:
        """Everybody: segment, when entered and left and why, traits, feelings at the end."""
        return self._frame("customers")

    @property
    def daily(self) -> pd.DataFrame:
        """What happened a day and segment, and how many customers there were."""
        return self._frame("daily")

    @property
    def staff(self) -> pd.DataFrame:
        """Demand, waits and work of each staff pool and site."""
        return self._frame("staff")

    @property
    def signals(self) -> pd.DataFrame:
        """What was published, and when."""
        return self._frame("signals")

    @property
    def campaigns(self) -> pd.DataFrame:
        """Whom each campaign picked, what it gave and spent."""
        return self._frame("campaigns")

    @property
    def members(self) -> pd.DataFrame:
        """Every card of a loyalty programme: since when, its points and tier."""
        return self._frame("members")

    # ------------------------------------------------------------ analyses
    @property
    def retention(self) -> pd.DataFrame:
        """Share alive (Kaplan-Meier, 95 % band) and active over time, all replications together."""
        from sim.analysis.retention import curves

        return curves(self.whole("retention"), self.program)

    @property
    def cohorts(self) -> pd.DataFrame:
        """The cohort table, all replications together: who of those who entered together is still there."""
        from sim.analysis.retention import cohort_width, cohorts, lives

        people = lives(self.whole("cohorts"))
        return cohorts(people, self.program.horizon, cohort_width(self.program.horizon))

    @property
    def experience(self) -> pd.DataFrame:
        """Emotional balance by stage of the journey."""
        from sim.analysis.experience import balance

        return balance(self.whole("experience"), self.program)

    @property
    def engagement(self) -> pd.DataFrame:
        """Emotional balance by type of engagement."""
        from sim.analysis.experience import balance_by_engagement

        return balance_by_engagement(self.whole("engagement"), self.program)

    @property
    def bonds(self) -> pd.DataFrame:
        """Retention, orders and their worth by fifths of affective commitment."""
        from sim.analysis.experience import by_bond

        return by_bond(self.whole("bonds"), self.program)

    @property
    def funnel(self) -> pd.DataFrame:
        """Touchpoints in the order of the stages: how many touches, how many go well."""
        from sim.analysis.experience import funnel

        return funnel(self.whole("funnel"), self.program)

    # ------------------------------------------------------------ keeping
    def save(self, place: str | Path, *, csv: bool = False) -> Path:
        """Write the run folder (manifest, inputs, tables) to a place that does not exist yet.

        Raises UsageError where the place is taken or cannot be written.
        """
        from sim.experiment.store import copy_log, fill

        with folders.new_folder(Path(place)) as partial:
            if self._log is not None:
                copy_log(self._log, partial / "tables")
            fill(self, partial, csv=csv)
        self.folder = Path(place)
        return self.folder

    def result(self) -> dict[str, Any]:
        """What ``touchpoint run --json`` prints, as plain data."""
        names = ("mean", "low", "high", "p05", "p95", "unit")
        return {
            "scenario": self.scenario.name if self.scenario.path is None else shown(self.scenario.path),
            "seed": self.settings.seed,
            "replications": self.settings.replications,
            "engine": self.settings.engine,
            "horizon_days": self.program.horizon,
            **self.counts,
            "kpis": {kpi: {name: row[name] for name in names} for kpi, row in self.summary.items()},
            "run_dir": None if self.folder is None else str(self.folder),
        }

    def manifest(self, inputs: Mapping[Path, Path]) -> dict[str, Any]:
        """What ``manifest.json`` holds, given where each source file was copied to."""
        names = ("engine", "horizon_days", "customers", "events")
        facts = {name: value for name, value in self.result().items() if name in names}
        facts["base_rates"] = {name: asdict(rates) for name, rates in self.program.base_rates.items()}
        return manifest(
            self.scenario,
            self.settings,
            inputs=inputs,
            start=start_of(self.scenario),
            facts=facts,
            began=self.began,
            ended=self.ended,
        )

    def _repr_html_(self) -> str:
        from html import escape

        about = f"{self.settings.replications} replications, seed {self.settings.seed}"
        return f"<p><b>{escape(self.scenario.name)}</b>: {about}</p>{self.kpis.to_html()}"


# ---------------------------------------------------------------- running
def run(
    scenario: Scenario | str | Path,
    *,
    seed: int = 1,
    replications: int = 10,
    size: int | None = None,
    horizon: str | float | None = None,
    set: Sequence[str] = (),
    workers: int = 1,
    log: bool = True,
    people: bool = True,
    engine: str | None = None,
    out: str | Path | None = None,
    results: str | Path | None = None,
    csv: bool = False,
    executor: Executor | None = None,
    progress: Progress | None = None,
    begins: Callable[[Any], None] | None = None,
    also: Callable[[Run, Path], None] | None = None,
    note: Callable[[str], None] | None = None,
) -> Run:
    """Run a scenario (an object or a file) and return its tables, numbers and outcomes.

    ``size`` replaces ``population.size``, ``horizon`` the horizon (``"90 d"``, or a number of days),
    ``set`` holds ``"path.to.key=value"`` changes. ``workers`` share the replications, or an ``executor``
    does; neither changes a digit, nor does the ``engine`` (``"compiled"``, or ``"reference"`` on SimPy). Without one
    the compiled engine runs, unless a touchpoint is written in Python; ``note`` is told of that (standard error).
    Without ``log`` the run has no ``visits`` and ``orders``; without ``people`` it keeps KPIs and ``daily``
    only, in the same memory however many replications there are. ``out`` names the run folder to write,
    ``results`` a folder in which to make a new one; with neither, nothing stays on disk.
    ``begins(program)`` is called before the simulation, ``progress`` is told the share done, and
    ``also(run, folder)`` may add files before the folder is finished. Raises ScenarioError, UsageError or
    RunError.
    """
    if log and not people:
        raise UsageError("people=False needs log=False: the tables of the log need everybody")
    replications = whole(replications, "replications", 1)
    settings = settings_of(seed, replications, size, horizon, set, engine, log=log, given=scenario)
    workers = whole(workers, "workers", 1)
    scenario = prepare(scenario, settings)
    settings = replace(settings, engine=choose_engine(scenario, engine, note))
    at_once = 1 if executor else min(workers, settings.replications, cores())
    check_memory(people_in(scenario), settings.engine, settings.replications, at_once, kept=people)
    program = lowered(scenario)
    if begins is not None:
        begins(program)
    place = _place(scenario, settings, out, results)
    with _workplace(place, log, numbered=out is None) as folder:
        place = folders.place_of(folder) if place and folder else None
        began = datetime.now(UTC)
        logs = folder / "tables" if log and folder else None
        outcomes = _simulate(program, settings, logs, people, workers, executor, progress)
        done = Run(scenario, program, outcomes, settings, began, datetime.now(UTC), place, logs)
        if place is not None and folder is not None:
            _finish(done, folder, csv, also)
        elif folder is not None:
            weakref.finalize(done, shutil.rmtree, folder, ignore_errors=True)
    if place is not None and log:
        done._log = place / "tables"
    return done


def settings_of(
    seed: int,
    replications: int,
    size: int | None,
    horizon: str | float | None,
    sets: Sequence[str],
    engine: str | None,
    *,
    log: bool = False,
    given: Scenario | str | Path = "",
) -> Settings:
    """What was asked for, checked; ``given`` is a scenario that may have been loaded with settings of its own.

    Raises UsageError.
    """
    return Settings(
        seed=whole(seed, "seed", 0),
        replications=replications,
        size=size,
        horizon=quantity(horizon),
        sets=(*sets_of(given), *([sets] if isinstance(sets, str) else sets)),
        log=log,
        engine=known(engine or ENGINE),
    )


def lowered(scenario: Scenario, beside: Sequence[Scenario] = ()) -> Any:
    """The scenario's program, to be compared with those ``beside``; an interruption while a pilot solves its base
    rates is not lost in the compiler."""
    from sim.engine import lower
    from sim.engine.pilot import is_wanted

    if is_wanted(scenario.baseline):
        prepared("compiled")
    return lower(scenario, beside)


def choose_engine(scenario: Scenario, wanted: str | None, note: Callable[[str], None] | None = None) -> str:
    """The engine that runs a scenario; ``note`` is told where it is not the usual one (without: standard error).

    Raises UsageError where the one that is wanted cannot.
    """
    from sim.engine import engine_for

    engine, news = engine_for(scenario, wanted)
    if news:
        (note or _say)(news)
    return engine


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def known(engine: str) -> str:
    """The name of an engine that there is; UsageError for others."""
    from sim.engine import known_engine

    return known_engine(engine)


def whole(value: int, name: str, least: int) -> int:
    """A whole number from `least` on; UsageError for others."""
    fits = isinstance(value, Integral) and not isinstance(value, bool)
    if not fits or not least <= value < 2**63:
        raise UsageError(f"{name}: a whole number from {least} on is needed, not {value!r}")
    return int(value)


def quantity(horizon: str | float | None) -> str | None:
    """A horizon with its unit; a bare number means days."""
    if horizon is None:
        return None
    text = str(horizon).strip()
    try:
        float(text.replace("_", ""))
    except ValueError:
        return text
    return f"{text} d"


def prepare(scenario: Scenario | str | Path, settings: Settings) -> Scenario:
    """The scenario with the size, horizon and sets asked for.

    Raises ScenarioError; UsageError where a scenario without a file is to be changed, or this is none.
    """
    from sim.scenario import Scenario

    extra = {"population.size": settings.size, "horizon": settings.horizon}
    extra = {path: value for path, value in extra.items() if value is not None}
    if not isinstance(scenario, Scenario):
        return _changed(scenario, settings.sets, extra)
    if settings.sets == sets_of(scenario) and not extra:
        return scenario
    if scenario.path is None:
        raise UsageError("size, horizon and set change a scenario file; change this scenario's data instead")
    return _changed(scenario.path, settings.sets, extra)


def _changed(path: str | Path, sets: Sequence[str], extra: Mapping[str, Any]) -> Scenario:
    """The scenario in a file with changes; a set that the extra hides must be right all the same."""
    from sim.scenario import load

    named = [text.partition("=")[0].strip() for text in sets]
    open_ = {key: extra[key] for key in extra if not any(f"{key}.".startswith(f"{n}.") for n in named)}
    if open_ != extra:
        load(path, sets, open_)
    return load(path, sets, extra)


def sets_of(scenario: Scenario | str | Path) -> tuple[str, ...]:
    """The ``path=value`` settings that a scenario was loaded with, as its origins tell them."""
    if not hasattr(scenario, "origins"):
        return ()
    labels = dict.fromkeys(origin.label.removeprefix("--") for origin in scenario.origins.values())
    return tuple(label.removeprefix("set ") for label in labels if label.startswith("set "))


def _place(
    scenario: Scenario, settings: Settings, out: str | Path | None, results: str | Path | None
) -> Path | None:
    if out is not None:
        return Path(out)
    if results is None:
        return None
    digest = fingerprint(scenario.sources, scenario.resolved, settings)
    return folders.default_place(Path(results), scenario.path, scenario.name, digest)


@contextmanager
def _workplace(place: Path | None, log: bool, *, numbered: bool) -> Iterator[Path | None]:
    """Where files go while the run is under way; the temporary folder of a run that is not kept stays."""
    if place is not None:
        with folders.new_folder(place, numbered=numbered) as folder:
            yield folder
    elif log:
        temporary = Path(tempfile.mkdtemp(prefix="touchpoint-"))
        try:
            yield temporary
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
    else:
        yield None


def _simulate(
    program: Any,
    settings: Settings,
    logs: Path | None,
    people: bool,
    workers: int,
    executor: Executor | None,
    progress: Progress | None,
) -> list[Any]:
    """The outcomes; with `logs`, that folder then holds the joined tables of the event log."""
    spread = partial(
        replicate,
        program,
        seed=settings.seed,
        replications=settings.replications,
        engine=settings.engine,
        people=people,
        workers=workers,
        executor=executor,
        progress=progress,
    )
    if logs is None:
        return spread()
    from sim.experiment.store import Joined

    logs.mkdir(exist_ok=True)
    with Joined(logs) as joined:
        return spread(log=logs, finished=joined.take)


def _finish(run: Run, folder: Path, csv: bool, also: Callable[[Run, Path], None] | None) -> None:
    from sim.experiment.store import fill

    if also is not None:
        also(run, folder)
    fill(run, folder, csv=csv)
