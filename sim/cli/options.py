"""Options that commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


class WholeNumber(click.IntRange):
    """A whole number within bounds, asked for in plain words."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number. Raises click.BadParameter: what was expected, what was found."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            bounds = f"of at least {self.min}" if self.max is None else f"from {self.min} to {self.max}"
            self.fail(f"expected a whole number {bounds}, got {str(value)!r}", param, ctx)


scenario_argument = click.argument("scenario", metavar="SCENARIO")
sets_option = click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="PATH=VALUE",
    help="Change one value, as in --set population.size=500.",
)
seed_option = click.option(
    "--seed", type=WholeNumber(0, 2**63 - 1), default=1, show_default=True, help="Seed of all chance."
)
size_option = click.option(
    "--size", type=WholeNumber(0), metavar="N", help="Customers, instead of population.size."
)
horizon_option = click.option(
    "--horizon", metavar="D", help='Days to simulate, or a duration such as "6 months".'
)

engine_option = click.option(
    "--engine",
    metavar="NAME",
    help="compiled, or reference (on SimPy): the same numbers, much slower.  [default: compiled; reference where "
    "a touchpoint is written in Python]",
)
bare_engine_option = click.option(
    "--engine",
    default="compiled",
    show_default=True,
    metavar="NAME",
    help="Which engine: compiled, reference.",
)
bare_seed_option = click.option(  # what each row's own seed is made of, by adding
    "--seed", type=WholeNumber(0, 2**62), default=1, show_default=True, help="Seed of all chance."
)
replication_option = click.option(
    "--replication", type=WholeNumber(1), default=1, show_default=True, help="Which repetition."
)
workers_option = click.option(
    "--workers", type=WholeNumber(1), help="Threads to share the work.  [default: one a core]"
)
out_option = click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder to make.  [default: a new one in results/]",
)
no_pictures_option = click.option(
    "--no-pictures", is_flag=True, help="Draw nothing, which saves a second or two."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
quiet_option = click.option(
    "--quiet", is_flag=True, help="Say nothing on standard error unless something is wrong."
)
