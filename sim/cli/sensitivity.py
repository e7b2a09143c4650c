"""``touchpoint sensitivity``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sim.cli.options import json_option, no_pictures_option, quiet_option
from sim.cli.progress import drawing, print_json

if TYPE_CHECKING:
    from sim.experiment.sensitivity import Sensitivity


@click.command(short_help="Say what matters in a sweep: indices, effects, pictures.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--kpi",
    "kpis",
    multiple=True,
    metavar="NAME",
    help="A KPI to analyse; may be given several times.  [default: retention, or the first one]",
)
@no_pictures_option
@json_option
@quiet_option
def sensitivity(folder: Path, kpis: tuple[str, ...], no_pictures: bool, as_json: bool, quiet: bool) -> None:
    """Say which parameters of the sweep in DIR matter for a KPI, how sure that is, and what chance does to it.

    Works on a sweep that is not finished, too, with what is there. Tables and pictures go to DIR/sensitivity.
    """
    from sim.experiment.sensitivity import sensitivity as analyse

    done = analyse(folder, kpis)
    done.write()
    place = folder / "sensitivity"
    if not no_pictures:
        _draw(done, place / "pictures")
    if as_json:
        print_json(done.result())
    else:
        from sim.report.sensitivity import sensitivity_text

        click.echo(sensitivity_text(done))
    if not quiet:
        pictures = "" if no_pictures else f"\npictures: {place}/pictures"
        click.echo(f"tables:   {place}{pictures}", err=True)


def _draw(done: Sensitivity, folder: Path) -> None:
    with drawing():
        from sim.report.sweep_pictures import write

        write(done, folder)
