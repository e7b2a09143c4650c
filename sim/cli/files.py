"""``touchpoint check``, ``schema`` and ``show``: what works on scenario files alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sim.cli.options import scenario_argument, sets_option
from sim.cli.progress import many
from sim.errors import Problem, ScenarioError
from sim.finding import find_scenario

if TYPE_CHECKING:
    from sim.scenario import Scenario


@click.command(short_help="Validate SCENARIO without running it.")
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
    return ", ".join(many(count, word) for count, word in counted)


@click.command(short_help="Print the JSON Schema of scenario files.")
def schema() -> None:
    """Print the JSON Schema of scenario files, which gives editors completion and hints."""
    import json

    from sim.scenario import json_schema

    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


@click.command(short_help="Print SCENARIO with everything filled in.")
@scenario_argument
@sets_option
def show(scenario: str, sets: tuple[str, ...]) -> None:
    """Print SCENARIO with everything filled in, and where each value comes from."""
    from sim.scenario import describe, load

    click.echo(describe(load(find_scenario(scenario), sets)))
