"""The group of commands; what goes wrong becomes a message and an exit status, never a traceback."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

import click

from sim import __version__
from sim.errors import ScenarioError, TouchpointError, UsageError
from sim.experiment.signals import Held

INTERRUPTED, TERMINATED = 130, 143


class Commands(click.Group):
    """The group of commands; turns our errors into messages and exit statuses."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run as a program; output that cannot be written is no traceback either."""
        try:
            return super().main(*args, **options)
        except SystemExit as end:
            if end.code in (INTERRUPTED, TERMINATED):
                leaving()
            raise
        except OSError as error:
            if error.errno == errno.EPIPE:  # a reader that went away while we end
                raise
            _drop_output()
            name = f" ({error.filename})" if error.filename else ""
            click.echo(f"cannot write the output: {error.strerror or error}{name}", err=True)
            sys.exit(1)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; no traceback for what a user can put right."""
        try:
            with _told_to_stop(), Held(at_once=True) as ctx.obj:
                return super().invoke(ctx)
        except (ScenarioError, UsageError) as error:
            _end(ctx, error, 2)
        except TouchpointError as error:
            _end(ctx, error, 1)
        except KeyboardInterrupt:
            _end(ctx, "interrupted; nothing was written", INTERRUPTED)


def leaving() -> None:
    """From here on a second Ctrl-C changes nothing."""
    with suppress(ValueError):  # not the main thread
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _end(ctx: click.Context, message: object, status: int) -> NoReturn:
    click.echo(str(message), err=True)
    ctx.exit(status)


def _drop_output() -> None:
    """Forget what standard output still holds: Python would try to write it again when it ends."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open until the end


@contextmanager
def _told_to_stop() -> Iterator[None]:
    """Have a polite kill end the command in order, its unfinished files removed."""

    def stop(*_: object) -> NoReturn:
        raise SystemExit(TERMINATED)

    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not the main thread: signals are somebody else's
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="touchpoint")
def main() -> None:
    """Simulate customer journeys: a scenario file in, a retention forecast out.

    A SCENARIO is a YAML file, or the name of one that ships with Touchpoint, such as coffee_shop or
    coffee_shop/surprise_pastry.
    """
