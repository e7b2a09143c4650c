"""``touchpoint sweep`` and ``touchpoint query``."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sim.cli.group import INTERRUPTED, leaving
from sim.cli.options import WholeNumber, json_option, quiet_option
from sim.cli.progress import Progress, many, note, print_json, say_if_compiling, silent
from sim.errors import RunError

if TYPE_CHECKING:
    from sim.experiment.sweep import Sweep, Tally
    from sim.experiment.sweep_plan import Plan


@click.command(short_help="Run all points of a DESIGN: a table with a row a run, resumable.")
@click.argument("design", metavar="DESIGN")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of this sweep.  [default: one in results/, the same for the same design]",
)
@click.option("--workers", type=WholeNumber(1), help="Processes to share the work.  [default: one a core]")
@click.option("--dask", metavar="ADDRESS", help="Run on the Dask cluster whose scheduler is there.")
@click.option("--resume", is_flag=True, help="Go on with the sweep in the folder, if there is one.")
@json_option
@quiet_option
def sweep(
    design: str,
    out: Path | None,
    workers: int | None,
    dask: str | None,
    resume: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run all points of DESIGN, a YAML file, and keep every run in runs.parquet.

    Whatever ends it, what is finished is kept, and --resume runs the rest; the table is the same in the end.
    """
    from sim.experiment.replications import cores
    from sim.experiment.sweep import sweep as run_sweep

    if dask is not None and workers is not None:
        raise click.UsageError(
            "--workers are processes of this machine, --dask has its own; give one of them"
        )
    with Runs(quiet) as progress, _resumable(progress, design, workers, dask):
        done = run_sweep(
            design,
            out=out,
            workers=workers or cores(),
            dask=dask,
            resume=resume,
            progress=progress.tell,
            begins=progress.begin_sweep,
            note=silent if quiet else note,
        )
    _print(done, as_json, quiet)
    if done.counts["failed"]:
        raise SystemExit(1)


@contextmanager
def _resumable(progress: Runs, design: str, workers: int | None, dask: str | None) -> Iterator[None]:
    """However it ends, say what is kept and how to go on."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as end:
        leaving()
        progress.clear()
        note(f"interrupted; {_kept(progress.folder)}")
        if progress.folder is not None:
            note(f"go on with: {_again(design, progress.folder, workers, dask)}")
        raise SystemExit(INTERRUPTED if isinstance(end, KeyboardInterrupt) else end.code) from None
    except RunError as error:
        progress.clear()
        if progress.folder is None:
            raise
        again = _again(design, progress.folder, workers, dask)
        raise RunError(f"{error}\ngo on with: {again}") from error


def _kept(folder: Path | None) -> str:
    from sim.errors import UsageError
    from sim.experiment.sweep import Sweep, kept

    try:
        return "nothing was written" if folder is None else kept(Sweep(folder).counts)
    except UsageError:
        return "nothing was run yet"


def _again(design: str, folder: Path, workers: int | None, dask: str | None) -> str:
    words = ["touchpoint", "sweep", design, "--out", str(folder)]
    words += [] if workers is None else ["--workers", str(workers)]
    words += [] if dask is None else ["--dask", dask]
    return shlex.join([*words, "--resume"])


def _print(done: Sweep, as_json: bool, quiet: bool) -> None:
    if as_json:
        print_json(done.result())
        return
    if not done.new and not quiet:
        note("nothing was left to run: this sweep is finished")
    click.echo(_summary(done))


def _summary(done: Sweep) -> str:
    head, counts = done.head, done.counts
    table = done.folder / "runs.parquet"
    varied = many(len(head["parameters"]), "parameter")
    lines = [
        f"{head['name'] or head['method']}: {many(head['points'], 'point')} ({head['method']}, {varied}) x "
        f"{many(head['replications'], 'replication')}",
        f"runs:     {counts['done']:,} done, {counts['failed']:,} failed{_speed(done)}",
        f"table:    {table}",
    ]
    lines += [f"          {error}" for error in _errors(done)]
    lines += [
        f"pandas:   pd.read_parquet(\"{table}\")    (polars: pl.read_parquet, DuckDB: from '{table}')",
        f"next:     touchpoint sensitivity {shlex.quote(str(done.folder))}",
    ]
    return "\n".join(lines)


def _speed(done: Sweep) -> str:
    return f", {done.new:,} of them now in {done.seconds:,.0f} s" if done.new else ""


def _errors(done: Sweep, most: int = 3) -> list[str]:
    """The errors that occurred, the most frequent first."""
    if not done.counts["failed"]:
        return []
    errors = done.runs["error"].value_counts()
    told = [f"{many(int(count), 'run')}: {error}" for error, count in errors.head(most).items()]
    if len(errors) > most:
        told.append(f"{many(int(errors[most:].sum()), 'run')} with other errors: see the column error")
    return told


class Runs(Progress):
    """The line of progress of a sweep: runs done, runs a second, failures, time left."""

    def __init__(self, hidden: bool):
        super().__init__(hidden)
        self.folder: Path | None = None
        self._quiet = hidden
        self._tally: Tally | None = None

    def begin_sweep(self, plan: Plan, folder: Path) -> None:
        """Learn what is run, and where it is kept."""
        self.folder = folder
        say_if_compiling(plan.engine, self._quiet)

    def tell(self, tally: Tally) -> None:
        """Show how far it is."""
        self._tally = tally
        self(tally.share)

    def clear(self) -> None:
        """Make room for a message."""
        self.__exit__()
        self.shown = False

    def _wordings(self, share: float) -> Iterator[str]:
        if self._tally is None:
            yield ""
            return
        runs = self._tally
        finished = runs.done + runs.failed
        speed = f", {runs.speed:,.1f} a second" if runs.speed else ""
        failed = f", {runs.failed:,} failed" if runs.failed else ""
        yield f"  {finished:,} of {runs.runs:,} runs{speed}{failed}"
        yield f"  {finished:,} of {runs.runs:,}{failed}"
        yield failed


@click.command(short_help="Ask the table of a sweep with SQL.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("sql", metavar="SQL")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option("--json", "as_json", is_flag=True, help="Print a list of JSON objects, one a row.")
def query(folder: Path, sql: str, as_csv: bool, as_json: bool) -> None:
    """Ask the table `runs` of the sweep in DIR with SQL (DuckDB): a row a run.

    Names with dots stand in double quotes: select "loyalty.card.pull", avg(retention) from runs group by 1.
    """
    from sim.experiment.sweep_query import ask

    if as_csv and as_json:
        raise click.UsageError("--csv and --json are two forms of one answer; give one of them")
    answer = ask(folder, sql)
    if as_json:
        click.echo(answer.json())
    elif as_csv:
        click.echo(answer.csv(), nl=False)
    else:
        from sim.report.answer import answer_text

        click.echo(answer_text(answer))
