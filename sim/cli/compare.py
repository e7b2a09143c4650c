"""``touchpoint compare``."""

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
    seed_option,
    sets_option,
    size_option,
    workers_option,
)
from sim.cli.progress import Progress, beginning_worlds, drawing, note, print_json, silent

if TYPE_CHECKING:
    from sim.experiment.comparison import Comparison

REPORT = b'<meta name="generator" content="Touchpoint'  # stands in every report: such a file may be replaced


@click.command(short_help="Compare strategies with a baseline: who keeps more, at what cost.")
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
@workers_option
@engine_option
@out_option
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write one HTML page that can be mailed: report.html.",
)
@no_pictures_option
@json_option
@quiet_option
def compare(
    scenarios: tuple[str, ...],
    sets: tuple[str, ...],
    workers: int | None,
    report: Path | None,
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

    if report is not None:
        from sim.experiment.folder import check_file

        check_file(report, sign=REPORT)
    workers = workers or cores()
    with Progress(hidden=quiet) as progress:
        done = compare_scenarios(
            *scenarios,
            set=sets,
            workers=workers,
            engine=engine,
            results="results",
            progress=progress,
            begins=beginning_worlds(progress, engine, quiet),
            also=_adding(report, not no_pictures, workers),
            note=silent if quiet else note,
            **options,
        )
    if report is not None and done.folder is not None:
        from sim.experiment.folder import copy_file

        copy_file(done.folder / "report.html", report)
    if as_json:
        print_json(done.result())
    else:
        from sim.report.comparison import comparison_text

        click.echo(comparison_text(done))
    if not quiet:
        pictures = "" if no_pictures else f"\npictures: {done.folder}/pictures"
        page = "" if report is None else f"\nreport:   {report}"
        click.echo(f"tables:   {done.folder}/tables{pictures}{page}", err=True)


def _adding(report: Path | None, pictures: bool, workers: int) -> Callable[[Comparison, Path], None]:
    """What is put into the results folder beside the tables."""

    def add(done: Comparison, folder: Path) -> None:
        with drawing():
            if pictures:
                from sim.report.comparison_pictures import write

                write(done, folder / "pictures")
            if report is not None:
                from sim.experiment.closer import closer
                from sim.report.page import write as write_page

                write_page(done, closer(done, workers), folder, pictures=pictures)

    return add
