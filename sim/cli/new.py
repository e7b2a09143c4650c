"""``touchpoint new``."""

from __future__ import annotations

import shlex
import sys

import click

from sim.errors import UsageError


@click.command(short_help="Write a scenario of your own from a few answers.")
@click.argument("folder", metavar="FOLDER")
@click.option("--title", metavar="TEXT", help="Name of the business.  [default: that of the folder]")
@click.option("--customers", metavar="N", help="Customers today.")
@click.option("--purchases", metavar="N", help="Purchases of a customer in a month.")
@click.option("--keeps", metavar="PERCENT", help="Share of customers who are still there after a year.")
@click.option("--spend", metavar="MONEY", help="What a purchase brings, on average.")
@click.option("--currency", metavar="CODE", help="Three letters, such as EUR.")
@click.option("--channels", metavar="LIST", help="shop, web, app, phone, email; where they buy stands first.")
@click.option("--staff/--no-staff", default=None, help="Whether customers wait for staff to be served.")
@click.option("--yes", is_flag=True, help="Ask nothing: what is not said is as usual.")
def new(folder: str, title: str | None, staff: bool | None, yes: bool, **told: str | None) -> None:
    """Write a commented scenario and one strategy into a new FOLDER, from a few answers.

    What no option says is asked for at a terminal; elsewhere, and with --yes, it is as usual.
    """
    from sim.first.answers import answers
    from sim.first.starter import place_of, title_of, write

    place = place_of(folder)
    said = {name: value for name, value in told.items() if value is not None}
    said |= {} if staff is None else {"staff": "yes" if staff else "no"}
    title = title_of(place) if title is None else title
    answers(title, said)  # before anything is asked
    if not yes and sys.stdin.isatty():
        _ask(said)
    baseline, strategy = write(answers(title, said), place)
    name = shlex.quote(str(place))
    click.echo(
        f"Wrote {baseline}, the business as it is today, and {strategy}, one strategy.\n"
        "Both are commented: open them and change what you know better. Then:\n\n"
        f"  touchpoint run {name}\n"
        f"  touchpoint compare {name} --report {shlex.quote(f'{place}.html')}\n"
        f"  touchpoint story {name} --customer 7"
    )


def _ask(said: dict[str, str]) -> None:
    """Ask for what was not said; an answer that makes no sense is asked for again."""
    from sim.first.answers import QUESTIONS

    for name, question in QUESTIONS.items():
        while name not in said:
            text = click.prompt(question.asks, default=question.usual, err=True)
            try:
                question.read(text)
            except UsageError as error:
                click.echo(str(error), err=True)
            else:
                said[name] = text
