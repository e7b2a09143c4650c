"""``touchpoint story``."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.options import (
    WholeNumber,
    engine_option,
    replication_option,
    scenario_argument,
    seed_option,
    sets_option,
    size_option,
)
from sim.cli.progress import Progress, beginning, drawing, note
from sim.finding import find_scenario

if TYPE_CHECKING:
    from sim.experiment.lives import Life


@click.command(short_help="Tell one customer's life, touch by touch.")
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
@replication_option
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
            "begins": beginning(progress, engine, quiet=False),
            "progress": progress,
            "note": note,
        }
        path = find_scenario(scenario)
        if against is None:
            told = [life(path, customer, **settings)]
        else:
            told = [*lives(path, find_scenario(against), customer, **settings)]
    click.echo(_told(told, full), nl=False)
    if picture is not None:
        with drawing():
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
