"""``touchpoint run`` and ``touchpoint agree``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sim.cli.options import (
    WholeNumber,
    engine_option,
    horizon_option,
    json_option,
    no_pictures_option,
    out_option,
    quiet_option,
    replication_option,
    scenario_argument,
    seed_option,
    sets_option,
    size_option,
)
from sim.cli.progress import (
    Progress,
    beginning,
    days,
    drawing,
    many,
    note,
    print_json,
    say_if_compiling,
    silent,
)
from sim.finding import find_scenario

if TYPE_CHECKING:
    from sim.experiment.runs import Run


@click.command(short_help="Run SCENARIO: KPIs, tables, pictures.")
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
@out_option
@click.option("--csv", is_flag=True, help="Write the tables as CSV too.")
@click.option("--no-log", is_flag=True, help="Keep the KPIs and the daily series only.")
@no_pictures_option
@json_option
@quiet_option
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
            begins=beginning(progress, engine, quiet),
            also=_draw if pictures else None,
            note=silent if quiet else note,
        )
    _print_result(done, as_json)
    if not quiet:
        _say_base_rates(done)
        click.echo(_where(done, pictures), err=True)


def _draw(run: Run, folder: Path) -> None:
    with drawing():
        from sim.report.pictures import write

        write(run.outcomes, run.program, folder / "pictures")


def _print_result(done: Run, as_json: bool) -> None:
    if as_json:
        print_json(done.result())
        return
    from sim.report.table import kpi_table

    title = f"{done.scenario.name}: {many(len(done.outcomes), 'replication')} of {days(done.program.horizon)}"
    click.echo(kpi_table(done.summary, len(done.outcomes), title))


def _say_base_rates(done: Run) -> None:
    from sim.report.wording import base_rates

    if told := base_rates(done.program.base_rates):
        click.echo(told, err=True)


def _where(done: Run, pictures: bool) -> str:
    if not done.settings.log:
        return f"KPIs and the daily series: {done.folder}"
    return f"tables:   {done.folder}/tables" + (f"\npictures: {done.folder}/pictures" if pictures else "")


@click.command(short_help="Run SCENARIO under both engines and compare them.")
@scenario_argument
@seed_option
@replication_option
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
        say_if_compiling(engine, quiet=False)
    program, found, counts = agreement(
        find_scenario(scenario), seed=seed, replication=replication, size=size, horizon=horizon, sets=sets
    )
    if found is None:
        click.echo(f"identical: {many(counts[0], 'event')}, {many(counts[1], 'customer')}")
        return
    from sim.report.parting import parting

    click.echo(parting(found, program), nl=False)
    sys.exit(1)
