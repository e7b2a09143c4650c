"""``touchpoint verify``: run the limits, print the table. What it needs is imported inside, so that --help is quick."""

from __future__ import annotations

import click

from sim.cli.options import bare_engine_option, bare_seed_option
from sim.cli.progress import share_told


@click.command(short_help="Compare the simulator with closed forms.")
@click.option("--only", metavar="WORDS", help="Sections or parts of names, as in --only A1,sBG.")
@bare_engine_option
@bare_seed_option
@click.option("--quick", is_flag=True, help="A twentieth of the samples.")
@click.option("--json", "form", flag_value="json", help="Print the table as one JSON object.")
@click.option(
    "--markdown", "form", flag_value="markdown", help="Print the table as a page: docs/verification.md."
)
@click.pass_context
def verify(
    ctx: click.Context, only: str | None, engine: str, seed: int, quick: bool, form: str | None
) -> None:
    """Run scenarios that have a solution in closed form, and compare: exact, simulated, standard error, z.

    Exit status 1 if a quantity is further from its exact value than chance allows: a chance of 1 % for all of
    them together. About a minute of computing with the compiled engine; far longer with the other one.
    """
    from sim.engine import prepare
    from sim.experiment.replications import cores
    from sim.verification.bench import Bench
    from sim.verification.limits import BOUND, QUICK, chosen, run

    limits = chosen(only)
    prepare(engine)
    bench = Bench(engine, seed, QUICK if quick else 1.0)
    rows = run(limits, bench, cores() if engine == "compiled" else 1, share_told)
    click.echo(_printed(form, rows, bench), nl=form != "markdown")
    ctx.exit(0 if all(row.passes(BOUND) for row in rows) else 1)


def _printed(form: str | None, rows: list, bench) -> str:
    from sim.verification import page

    if form == "json":
        import json

        return json.dumps(page.as_data(rows, bench), ensure_ascii=False)
    return page.as_page(rows, bench) if form == "markdown" else page.as_text(rows, bench)
