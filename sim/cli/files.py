"""``touchpoint check``, ``schema`` and ``show``: what works on scenario and design files alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sim.cli.options import scenario_argument, sets_option
from sim.cli.progress import many
from sim.errors import Problem, ScenarioError, UsageError
from sim.finding import find_scenario, holds_design

if TYPE_CHECKING:
    from pathlib import Path

    from sim.scenario import Scenario


@click.command(short_help="Validate SCENARIO, or the design of a sweep, without running it.")
@click.argument("scenarios", metavar="SCENARIO...", nargs=-1, required=True)
@sets_option
def check(scenarios: tuple[str, ...], sets: tuple[str, ...]) -> None:
    """Say whether SCENARIO is right, without running it; every problem with its file, line and column.

    The design of a sweep is right if every point it may lead to is a scenario; its points and runs are counted.
    """
    problems: list[Problem] = []
    for name in scenarios:
        try:
            click.echo(f"{name}: fine ({_checked(find_scenario(name), sets)})")
        except ScenarioError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(problems)


def _checked(path: Path, sets: tuple[str, ...]) -> str:
    """What is in a file that is right. Raises ScenarioError."""
    if not holds_design(path):
        from sim.scenario import load

        return _inventory(load(path, sets))
    if sets:
        raise UsageError(
            f"{path}: a design has no --set; vary the value, or change the scenario that it names"
        )
    from sim.experiment.manifest import shown
    from sim.experiment.points import design_from, points_of

    points = points_of(design_from(path))
    counted = f"{many(points.count, 'point')}, {many(points.runs, 'run')}"
    return f"a design: {counted} of {shown(points.design.scenario)}"


def _inventory(scenario: Scenario) -> str:
    counted = (
        (len(scenario.segments), "segment"),
        (len(scenario.touchpoints), "touchpoint"),
        (len(scenario.journeys), "journey"),
    )
    return ", ".join(many(count, word) for count, word in counted)


@click.command(short_help="Print the JSON Schema of scenario files.")
@click.option("--design", is_flag=True, help="That of designs of sweeps instead.")
def schema(design: bool) -> None:
    """Print the JSON Schema of scenario files, which gives editors completion and hints."""
    import json

    from sim.scenario.json_schema import design_schema, json_schema

    click.echo(json.dumps(design_schema() if design else json_schema(), indent=2, ensure_ascii=False))


@click.command(short_help="Print SCENARIO with everything filled in.")
@scenario_argument
@sets_option
def show(scenario: str, sets: tuple[str, ...]) -> None:
    """Print SCENARIO with everything filled in, and where each value comes from."""
    from sim.scenario import describe, load

    click.echo(describe(load(find_scenario(scenario), sets)))
