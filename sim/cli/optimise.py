"""``touchpoint optimise``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.options import (
    WholeNumber,
    engine_option,
    horizon_option,
    json_option,
    no_pictures_option,
    out_option,
    quiet_option,
    sets_option,
    size_option,
    workers_option,
)
from sim.cli.progress import Progress, drawing, note, print_json, say_if_compiling, silent

if TYPE_CHECKING:
    from sim.experiment.optimise import Optimum


@click.command(short_help="Find the best levers of SCENARIO under a budget, and re-test them.")
@click.argument("scenario", metavar="SCENARIO | DESIGN")
@click.option(
    "--lever",
    "levers",
    multiple=True,
    metavar="PATH=RANGE",
    help='What may be chosen: "path.to.key=1 .. 4", or a list "path.to.key=[0, 0.5, 1]".',
)
@click.option("--maximise", "--maximize", metavar="KPI", help="As high as can be.  [default: retention]")
@click.option("--minimise", "--minimize", metavar="KPI", help="As low as can be.")
@click.option(
    "--subject-to",
    multiple=True,
    metavar="'KPI <= X'",
    help="A bound to keep, as in 'programme_cost <= 20000'.",
)
@click.option("--budget", type=float, metavar="MONEY", help="What it may cost more than the baseline.")
@click.option(
    "--runs",
    type=WholeNumber(1),
    default=400,
    show_default=True,
    help="Simulated runs, in all three stages together.",
)
@click.option(
    "--seed", type=WholeNumber(0, 2**63 - 1), help="Seed of all chance.  [default: 1, or the design's own]"
)
@size_option
@horizon_option
@sets_option
@workers_option
@engine_option
@out_option
@no_pictures_option
@json_option
@quiet_option
def optimise(
    scenario: str,
    levers: tuple[str, ...],
    sets: tuple[str, ...],
    workers: int | None,
    engine: str | None,
    no_pictures: bool,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Find the best levers of SCENARIO: search, choose among the best, re-test the winner on fresh replications.

    A DESIGN file brings its parameters as levers, its scenario, seed, size and horizon.
    """
    from sim.experiment.optimise import optimise as optimised
    from sim.experiment.replications import cores
    from sim.finding import find_scenario

    with Progress(hidden=quiet) as progress:
        progress.replications = options["runs"]
        done = optimised(
            find_scenario(scenario),
            levers,
            set=sets,
            workers=workers or cores(),
            engine=engine,
            results="results",
            progress=progress,
            begins=_beginning(progress, engine, quiet),
            also=None if no_pictures else _draw,
            note=silent if quiet else note,
            **options,
        )
    _print(done, as_json)
    if not quiet:
        pictures = "" if no_pictures else f"\npictures: {done.folder}/pictures"
        click.echo(f"best:     {done.folder}/best.yaml\ntables:   {done.folder}/tables{pictures}", err=True)


def _beginning(progress: Progress, engine: str | None, quiet: bool) -> Callable[[Any], None]:
    def begin(program: Any) -> None:
        from sim.engine import engine_for

        say_if_compiling(engine_for(program.scenario, engine)[0], quiet)
        progress.customers = program.scenario.population.size

    return begin


def _print(done: Optimum, as_json: bool) -> None:
    told = done.result()
    if as_json:
        print_json(told)
        return
    from sim.report.optimise import optimum_text

    click.echo(optimum_text(done, told["compare"]))


def _draw(done: Optimum, folder: Path) -> None:
    with drawing():
        from sim.report.optimise_pictures import write

        write(done, folder / "pictures")
