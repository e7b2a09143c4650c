"""The command line: ``touchpoint run | compare | check | schema | show | story | agree | verify | facts``.

Data goes to standard output, everything else to standard error. Exit status: 0 well; 1 a run could not be
finished; 2 the scenario or the command is not right; 130 interrupted; 143 told to stop. What a command
needs is imported inside it, so that ``--help`` is quick.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from sim import __version__
from sim.errors import Problem, ScenarioError, TouchpointError, UsageError
from sim.experiment.signals import Held
from sim.facts.command import facts
from sim.finding import find_scenario
from sim.verification.command import verify

if TYPE_CHECKING:
    from sim.experiment.comparison import Comparison
    from sim.experiment.lives import Life
    from sim.experiment.runs import Run
    from sim.scenario import Scenario

INTERRUPTED, TERMINATED = 130, 143


class Commands(click.Group):
    """The group of commands; turns our errors into messages and exit statuses."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run as a program; output that cannot be written is no traceback either."""
        try:
            return super().main(*args, **options)
        except OSError as error:
            if error.errno == errno.EPIPE:  # a reader that went away while we end
                raise
            _drop_output()
            name = f" ({error.filename})" if error.filename else ""
            click.echo(f"cannot write the output: {error.strerror or error}{name}", err=True)
            sys.exit(1)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; no traceback for what a user can put right."""
        try:
            with _told_to_stop(), Held(at_once=True) as ctx.obj:
                return super().invoke(ctx)
        except (ScenarioError, UsageError) as error:
            _end(ctx, error, 2)
        except TouchpointError as error:
            _end(ctx, error, 1)
        except KeyboardInterrupt:
            _end(ctx, "interrupted; nothing was written", INTERRUPTED)


def _end(ctx: click.Context, message: object, status: int) -> NoReturn:
    click.echo(str(message), err=True)
    ctx.exit(status)


def _drop_output() -> None:
    """Forget what standard output still holds: Python would try to write it again when it ends."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open until the end


class WholeNumber(click.IntRange):
    """A whole number within bounds, asked for in plain words."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number. Raises click.BadParameter: what was expected, what was found."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            bounds = f"of at least {self.min}" if self.max is None else f"from {self.min} to {self.max}"
            self.fail(f"expected a whole number {bounds}, got {str(value)!r}", param, ctx)


@contextmanager
def _told_to_stop() -> Iterator[None]:
    """Have a polite kill end the command in order, its unfinished files removed."""

    def stop(*_: object) -> NoReturn:
        raise SystemExit(TERMINATED)

    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not the main thread: signals are somebody else's
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="touchpoint")
def main() -> None:
    """Simulate customer journeys: a scenario file in, a retention forecast out.

    A SCENARIO is a YAML file, or the name of one that ships with Touchpoint, such as coffee_shop or
    coffee_shop/surprise_pastry.
    """


# ---------------------------------------------------------------- options that commands share
scenario_argument = click.argument("scenario", metavar="SCENARIO")
sets_option = click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="PATH=VALUE",
    help="Change one value, as in --set population.size=500.",
)
seed_option = click.option(
    "--seed", type=WholeNumber(0, 2**63 - 1), default=1, show_default=True, help="Seed of all chance."
)
size_option = click.option(
    "--size", type=WholeNumber(0), metavar="N", help="Customers, instead of population.size."
)
horizon_option = click.option(
    "--horizon", metavar="D", help='Days to simulate, or a duration such as "6 months".'
)

engine_option = click.option(
    "--engine",
    metavar="NAME",
    help="compiled, or reference (on SimPy): the same numbers, much slower.  [default: compiled; reference where "
    "a touchpoint is written in Python]",
)


# ---------------------------------------------------------------- commands
@main.command(short_help="Run SCENARIO: KPIs, tables, pictures.")
@scenario_argument
@seed_option
@click.option(
    "--replications", type=WholeNumber(1), default=10, show_default=True, help="Independent repetitions."
)
@size_option
@horizon_option
@sets_option
@click.option(
    "--workers",
    type=WholeNumber(1),
    help="Threads (processes with --engine reference) to share the work.  [default: one a core]",
)
@engine_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Run folder to make.  [default: a new one in results/]",
)
@click.option("--csv", is_flag=True, help="Write the tables as CSV too.")
@click.option("--no-log", is_flag=True, help="Keep the KPIs and the daily series only.")
@click.option("--no-pictures", is_flag=True, help="Draw nothing, which saves a second or two.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@click.option("--quiet", is_flag=True, help="Say nothing on standard error unless something is wrong.")
def run(
    scenario: str,
    seed: int,
    replications: int,
    size: int | None,
    horizon: str | None,
    sets: tuple[str, ...],
    workers: int | None,
    engine: str | None,
    out: Path | None,
    csv: bool,
    no_log: bool,
    no_pictures: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run SCENARIO and print its KPIs; tables and pictures go to the run folder."""
    from sim.experiment.replications import cores
    from sim.experiment.runs import run as run_scenario

    path = find_scenario(scenario)
    pictures = not (no_log or no_pictures)
    with Progress(hidden=quiet, replications=replications) as progress:
        done = run_scenario(
            path,
            seed=seed,
            replications=replications,
            size=size,
            horizon=horizon,
            set=sets,
            workers=workers or cores(),
            log=not no_log,
            people=not no_log,
            engine=engine,
            out=out,
            results="results",
            csv=csv,
            progress=progress,
            begins=_beginning(progress, engine, quiet),
            also=_draw if pictures else None,
            note=_silent if quiet else _note,
        )
    _print_result(done, as_json)
    if not quiet:
        _say_base_rates(done)
        click.echo(_where(done, pictures), err=True)


def _note(text: str) -> None:
    click.echo(text, err=True)


def _silent(_: str) -> None:
    pass


def _draw(run: Run, folder: Path) -> None:
    with _drawing():
        from sim.report.pictures import write

        write(run.outcomes, run.program, folder / "pictures")


@contextmanager
def _drawing() -> Iterator[None]:
    """Matplotlib keeps to itself what is not our user's matter."""
    import logging
    import warnings

    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # where it keeps its caches
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # drawn as a box; the tables have it
        yield


def _print_result(done: Run, as_json: bool) -> None:
    if as_json:
        import json

        click.echo(json.dumps(done.result(), ensure_ascii=False, allow_nan=False))
        return
    from sim.report.table import kpi_table

    title = (
        f"{done.scenario.name}: {_many(len(done.outcomes), 'replication')} of {_days(done.program.horizon)}"
    )
    click.echo(kpi_table(done.summary, len(done.outcomes), title))


def _say_base_rates(done: Run) -> None:
    from sim.report.wording import base_rates

    if told := base_rates(done.program.base_rates):
        click.echo(told, err=True)


def _where(done: Run, pictures: bool) -> str:
    if not done.settings.log:
        return f"KPIs and the daily series: {done.folder}"
    return f"tables:   {done.folder}/tables" + (f"\npictures: {done.folder}/pictures" if pictures else "")


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}" + ("" if count == 1 else "s")


def _days(days: float) -> str:
    from sim.report.wording import duration

    return f"{days:g} day{'' if days == 1 else 's'}" if days >= 1 else duration(days)


@main.command(short_help="Compare strategies with a baseline: who keeps more, at what cost.")
@click.argument("scenarios", metavar="BASELINE STRATEGY... | FOLDER", nargs=-1, required=True)
@click.option("--metric", default="retention", show_default=True, metavar="KPI", help="Rank by this KPI.")
@click.option(
    "--precision",
    metavar="P",
    help='Add replications until the 95 % interval is +-P: "0.2pp" for shares, else "10" or "2 %".',
)
@click.option("--replications", type=WholeNumber(2), help="Exactly so many.  [default: 20]")
@click.option(
    "--most",
    type=WholeNumber(10),
    default=200,
    show_default=True,
    help="Replications at most, with --precision.",
)
@click.option(
    "--budget", type=float, metavar="MONEY", help="What a strategy may cost more than the baseline."
)
@click.option(
    "--assumptions",
    type=WholeNumber(10),
    metavar="N",
    help="Redraw what is assumed N times over its declared ranges: does the ranking hold?",
)
@click.option("--assumptions-all", is_flag=True, help="Draw the model's own defaults with a range, too.")
@click.option("--why", is_flag=True, help="Take every strategy to pieces: true effects beside attribution.")
@seed_option
@size_option
@horizon_option
@sets_option
@click.option("--workers", type=WholeNumber(1), help="Threads to share the work.  [default: one a core]")
@engine_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder to make.  [default: a new one in results/]",
)
@click.option("--no-pictures", is_flag=True, help="Draw nothing, which saves a second or two.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@click.option("--quiet", is_flag=True, help="Say nothing on standard error unless something is wrong.")
def compare(
    scenarios: tuple[str, ...],
    sets: tuple[str, ...],
    workers: int | None,
    no_pictures: bool,
    as_json: bool,
    quiet: bool,
    engine: str | None,
    **options: Any,
) -> None:
    """Compare strategies with BASELINE: the same people with the same luck in every world.

    A FOLDER stands for its baseline and every file in it that extends this.
    """
    from sim.experiment.comparison import compare as compare_scenarios
    from sim.experiment.replications import cores

    with Progress(hidden=quiet) as progress:
        done = compare_scenarios(
            *scenarios,
            set=sets,
            workers=workers or cores(),
            engine=engine,
            results="results",
            progress=progress,
            begins=_beginning_worlds(progress, engine, quiet),
            also=None if no_pictures else _draw_comparison,
            note=_silent if quiet else _note,
            **options,
        )
    if as_json:
        import json

        click.echo(json.dumps(done.result(), ensure_ascii=False, allow_nan=False))
    else:
        from sim.report.comparison import comparison_text

        click.echo(comparison_text(done))
    if not quiet:
        pictures = "" if no_pictures else f"\npictures: {done.folder}/pictures"
        click.echo(f"tables:   {done.folder}/tables{pictures}", err=True)


def _draw_comparison(done: Comparison, folder: Path) -> None:
    with _drawing():
        from sim.report.comparison_pictures import write

        write(done, folder / "pictures")


@main.command(short_help="Validate SCENARIO without running it.")
@click.argument("scenarios", metavar="SCENARIO...", nargs=-1, required=True)
@sets_option
def check(scenarios: tuple[str, ...], sets: tuple[str, ...]) -> None:
    """Say whether SCENARIO is right, without running it; every problem with its file, line and column."""
    from sim.scenario import load

    problems: list[Problem] = []
    for name in scenarios:
        try:
            scenario = load(find_scenario(name), sets)
            click.echo(f"{name}: fine ({_inventory(scenario)})")
        except ScenarioError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(problems)


def _inventory(scenario: Scenario) -> str:
    counted = (
        (len(scenario.segments), "segment"),
        (len(scenario.touchpoints), "touchpoint"),
        (len(scenario.journeys), "journey"),
    )
    return ", ".join(_many(count, word) for count, word in counted)


@main.command(short_help="Print the JSON Schema of scenario files.")
def schema() -> None:
    """Print the JSON Schema of scenario files, which gives editors completion and hints."""
    import json

    from sim.scenario import json_schema

    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


@main.command(short_help="Print SCENARIO with everything filled in.")
@scenario_argument
@sets_option
def show(scenario: str, sets: tuple[str, ...]) -> None:
    """Print SCENARIO with everything filled in, and where each value comes from."""
    from sim.scenario import describe, load

    click.echo(describe(load(find_scenario(scenario), sets)))


@main.command(short_help="Tell one customer's life, touch by touch.")
@scenario_argument
@click.option("--customer", type=WholeNumber(0), required=True, metavar="ID", help="Number of the customer.")
@click.option("--against", metavar="STRATEGY", help="Beside it the same person's life there.")
@click.option(
    "--picture",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Draw the feelings over time: PNG, SVG and CSV of that name.",
)
@seed_option
@click.option("--replication", type=WholeNumber(1), default=1, show_default=True, help="Which repetition.")
@size_option
@sets_option
@engine_option
@click.option("--full", is_flag=True, help="All of it, however long the life.")
def story(
    scenario: str,
    customer: int,
    against: str | None,
    picture: Path | None,
    engine: str | None,
    full: bool,
    **options: Any,
) -> None:
    """Tell one customer's life in SCENARIO, touch by touch."""
    from sim.experiment.lives import life, lives

    with Progress(hidden=False) as progress:
        settings: dict[str, Any] = options | {
            "engine": engine,
            "begins": _beginning(progress, engine, quiet=False),
            "progress": progress,
            "note": _note,
        }
        path = find_scenario(scenario)
        if against is None:
            told = [life(path, customer, **settings)]
        else:
            told = [*lives(path, find_scenario(against), customer, **settings)]
    click.echo(_told(told, full), nl=False)
    if picture is not None:
        with _drawing():
            from sim.report.story_pictures import write_story

            paths = write_story(told, _names(told), picture)
        click.echo(f"picture:  {paths[0]}", err=True)


def _told(lives: Sequence[Life], full: bool) -> str:
    """One life, or two beside each other as wide as the terminal is."""
    if len(lives) == 1:
        from sim.report.story import story as tell

        return tell(lives[0].rows, lives[0].program, lives[0].person, full=full)
    from sim.report.side_story import WIDTH, side_by_side

    width = shutil.get_terminal_size((WIDTH, 24)).columns
    names = _names(lives)
    return side_by_side((lives[0], lives[1]), (names[0], names[1]), full=full, width=width)


def _names(lives: Sequence[Life]) -> tuple[str, ...]:
    from sim.experiment.worlds import labels

    return labels([life.scenario for life in lives])


@main.command(short_help="Run SCENARIO under both engines and compare them.")
@scenario_argument
@seed_option
@click.option("--replication", type=WholeNumber(1), default=1, show_default=True, help="Which repetition.")
@size_option
@horizon_option
@sets_option
def agree(
    scenario: str, seed: int, replication: int, size: int | None, horizon: str | None, sets: tuple[str, ...]
) -> None:
    """Run SCENARIO under both engines and show the first event where they part; status 1 if they do."""
    from sim.engine import ENGINES
    from sim.experiment.parting import agreement

    for engine in ENGINES:
        _say_if_compiling(engine, quiet=False)
    program, found, counts = agreement(
        find_scenario(scenario), seed=seed, replication=replication, size=size, horizon=horizon, sets=sets
    )
    if found is None:
        click.echo(f"identical: {_many(counts[0], 'event')}, {_many(counts[1], 'customer')}")
        return
    from sim.report.parting import parting

    click.echo(parting(found, program), nl=False)
    sys.exit(1)


main.add_command(verify)
main.add_command(facts)


# ---------------------------------------------------------------- while it works
def _say_if_compiling(engine: str, quiet: bool) -> None:
    from sim._jit import compiled_before

    if not quiet and not compiled_before(_entry(engine)):
        click.echo(
            "Compiling the model, once after installing or changing Touchpoint (about 20 seconds) ...",
            err=True,
        )


def _beginning(progress: Progress, engine: str | None, quiet: bool) -> Callable[[Any], None]:
    """What is done once it is known what is run."""

    def begin(program: Any) -> None:
        from sim.engine import engine_for

        _say_if_compiling(engine_for(program.scenario, engine)[0], quiet)
        progress.begin(program)

    return begin


def _beginning_worlds(
    progress: Progress, engine: str | None, quiet: bool
) -> Callable[[Sequence[Any], int], None]:
    """The same for several worlds and (at first) so many replications of each."""

    def begin(programs: Sequence[Any], replications: int) -> None:
        from sim.engine import engine_for

        engines = {engine_for(program.scenario, engine)[0] for program in programs}
        _say_if_compiling("reference" if "reference" in engines else "compiled", quiet)
        progress.begin(programs[0])
        progress.replications = len(programs) * replications

    return begin


def _entry(engine: str) -> Any:
    """The compiled function that an engine calls from Python."""
    if engine == "reference":
        from sim.model.occasions import advance

        return advance
    from sim.engine.runahead import run_sites

    return run_sites


class Progress:
    """One line on standard error, rewritten in place; nothing where nobody watches."""

    BAR = 20
    EVERY = 0.1  # seconds between two rewritings

    def __init__(self, hidden: bool, replications: int = 1):
        self.shown = not hidden and sys.stderr.isatty()
        self.replications = replications
        self.horizon, self.customers = 0.0, 0
        self._last, self._width = 0.0, 0
        self._start: tuple[float, float] | None = None  # moment and share when things got going
        context = click.get_current_context(silent=True)
        self._held = context.find_object(Held) if context else None

    def begin(self, program: Any) -> None:
        """Learn from the program how long and how many."""
        self.horizon, self.customers = program.horizon, program.scenario.population.size

    def __call__(self, share: float) -> None:
        """Show the share done (0..1) and the time that is left; end where a signal got lost on its way."""
        if self._held:
            self._held.look()
        now = time.monotonic()
        if self._start is None and share > 0.0:
            self._start = now, share
        if self.shown and (now - self._last >= self.EVERY or share >= 1.0):
            self._last = now
            self._show(self._line(share, now))

    def _show(self, line: str) -> None:
        click.echo("\r" + line.ljust(self._width), err=True, nl=False)
        self._width = len(line)

    def _line(self, share: float, now: float) -> str:
        """The longest wording that fits into the terminal, which a longer line would scroll."""
        left = self._left(share, now)
        width = shutil.get_terminal_size().columns - 1
        for words in self._wordings(share):
            line = f"{self._bar(share)} {share:4.0%}{words}{left}"
            if len(line) <= width:
                return line
        return f"{share:.0%}"[:width]

    def _bar(self, share: float) -> str:
        full = int(share * self.BAR)
        return f"[{'#' * full}{'-' * (self.BAR - full)}]"

    def _wordings(self, share: float) -> Iterator[str]:
        day = f"  day {share * self.horizon:,.0f} of {self.horizon:,.0f}" if self.horizon else ""
        who = f", {_many(self.customers, 'customer')}" if self.customers else ""
        if self.replications > 1:
            yield f"{day}{who} x {self.replications:,} replications"
            yield f"{day}{who} x {self.replications:,}"
        yield f"{day}{who}"
        yield day
        yield ""

    def _left(self, share: float, now: float) -> str:
        if self._start is None or share >= 1.0 or share - self._start[1] < 0.01:
            return ""
        speed = (share - self._start[1]) / (now - self._start[0])
        return f", {_clock((1.0 - share) / speed)} left"

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self.shown:
            self._show("")
            click.echo("\r", err=True, nl=False)


def _clock(seconds: float) -> str:
    """Minutes and seconds, or hours, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


if __name__ == "__main__":
    main()
