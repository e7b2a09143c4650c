"""``touchpoint facts``: run the experiments, print the table. What it needs is imported inside."""

from __future__ import annotations

from pathlib import Path

import click

from sim.cli.options import bare_engine_option, bare_seed_option
from sim.cli.progress import share_told


@click.command(short_help="Compare the simulator with published facts.")
@click.option("--only", metavar="WORDS", help="Numbers or parts of names, as in --only 3,8,habit.")
@bare_engine_option
@bare_seed_option
@click.option("--quick", is_flag=True, help="A tenth of the samples.")
@click.option(
    "--hillstrom",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="The data of Hillstrom's e-mail challenge (CSV, may be gzipped), which does not ship: fact 25.",
)
@click.option("--json", "form", flag_value="json", help="Print the table as one JSON object.")
@click.option("--markdown", "form", flag_value="markdown", help="Print the table as a page: docs/facts.md.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    is_flag=False,
    flag_value=Path("results/facts"),
    metavar="DIR",
    help="Draw a picture of each fact and one of all, into a folder [without DIR: results/facts].",
)
def facts(
    only: str | None,
    engine: str,
    seed: int,
    quick: bool,
    hillstrom: Path | None,
    form: str | None,
    plot: Path | None,
) -> None:
    """Run a small experiment for each published fact, and compare: band, simulated value, standard error.

    All experiments run under the one default psychology. Prints what holds and what does not; the exit status
    says only whether it could be found out. About two minutes of computing with the compiled engine.
    """
    from sim.engine import known_engine, prepare
    from sim.errors import UsageError
    from sim.experiment.replications import cores
    from sim.facts.lab import Lab
    from sim.facts.registry import chosen, run

    asked = chosen(only)
    if hillstrom is not None and not hillstrom.is_file():
        raise UsageError(f"{hillstrom}: no such file; --hillstrom names the CSV file of the challenge")
    prepare(known_engine(engine))
    lab = Lab(engine, seed, QUICK if quick else 1.0, hillstrom)
    results = run(asked, lab, cores() if engine == "compiled" else 1, share_told)
    click.echo(_printed(form, results, lab), nl=form != "markdown")
    if plot is not None:
        from sim.facts.pictures import write

        write(results, plot)
        click.echo(f"pictures: {plot}", err=True)


QUICK = 0.1


def _printed(form: str | None, results: list, lab) -> str:
    from sim.facts import page

    if form == "json":
        import json

        return json.dumps(page.as_data(results), ensure_ascii=False, allow_nan=False)
    return page.as_page(results, lab) if form == "markdown" else page.as_text(results, lab)
