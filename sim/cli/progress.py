"""What is said while a command works: one line with the share done, and what is known of the run."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

import click

from sim.experiment.signals import Held


def note(text: str) -> None:
    """Say something on standard error."""
    click.echo(text, err=True)


def print_json(data: Any) -> None:
    """The result as one JSON object on standard output."""
    import json

    click.echo(json.dumps(data, ensure_ascii=False, allow_nan=False))


def silent(_: str) -> None:
    """Say nothing."""


@contextmanager
def drawing() -> Iterator[None]:
    """Matplotlib keeps to itself what is not our user's matter."""
    import logging
    import warnings

    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # where it keeps its caches
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # drawn as a box; the tables have it
        yield


def many(count: int, word: str) -> str:
    """``1 event``, ``1,200 events``."""
    return f"{count:,} {word}" + ("" if count == 1 else "s")


def days(days: float) -> str:
    """A horizon in human words."""
    from sim.report.wording import duration

    return f"{days:g} day{'' if days == 1 else 's'}" if days >= 1 else duration(days)


# ---------------------------------------------------------------- while it works
def say_if_compiling(engine: str, quiet: bool) -> None:
    """Say why the first run after an installation takes so long."""
    from sim._jit import compiled_before

    if not quiet and not compiled_before(_entry(engine)):
        click.echo(
            "Compiling the model, once after installing or changing Touchpoint (about 20 seconds) ...",
            err=True,
        )


def beginning(progress: Progress, engine: str | None, quiet: bool) -> Callable[[Any], None]:
    """What is done once it is known what is run."""

    def begin(program: Any) -> None:
        from sim.engine import engine_for

        say_if_compiling(engine_for(program.scenario, engine)[0], quiet)
        progress.begin(program)

    return begin


def beginning_worlds(
    progress: Progress, engine: str | None, quiet: bool
) -> Callable[[Sequence[Any], int], None]:
    """The same for several worlds and (at first) so many replications of each."""

    def begin(programs: Sequence[Any], replications: int) -> None:
        from sim.engine import engine_for

        engines = {engine_for(program.scenario, engine)[0] for program in programs}
        say_if_compiling("reference" if "reference" in engines else "compiled", quiet)
        progress.begin(programs[0])
        progress.replications = len(programs) * replications

    return begin


def _entry(engine: str) -> Any:
    """The compiled function that an engine calls from Python."""
    if engine == "reference":
        from sim.model.occasions import advance

        return advance
    from sim.engine.runahead import run_sites

    return run_sites


class Progress:
    """One line on standard error, rewritten in place; nothing where nobody watches."""

    BAR = 20
    EVERY = 0.1  # seconds between two rewritings

    def __init__(self, hidden: bool, replications: int = 1):
        self.shown = not hidden and sys.stderr.isatty()
        self.replications = replications
        self.horizon, self.customers = 0.0, 0
        self._last, self._width = 0.0, 0
        self._start: tuple[float, float] | None = None  # moment and share when things got going
        context = click.get_current_context(silent=True)
        self._held = context.find_object(Held) if context else None

    def begin(self, program: Any) -> None:
        """Learn from the program how long and how many."""
        self.horizon, self.customers = program.horizon, program.scenario.population.size

    def __call__(self, share: float) -> None:
        """Show the share done (0..1) and the time that is left; end where a signal got lost on its way."""
        if self._held:
            self._held.look()
        now = time.monotonic()
        if self._start is None and share > 0.0:
            self._start = now, share
        if self.shown and (now - self._last >= self.EVERY or share >= 1.0):
            self._last = now
            self._show(self._line(share, now))

    def _show(self, line: str) -> None:
        click.echo("\r" + line.ljust(self._width), err=True, nl=False)
        self._width = len(line)

    def _line(self, share: float, now: float) -> str:
        """The longest wording that fits into the terminal, which a longer line would scroll."""
        left = self._left(share, now)
        width = shutil.get_terminal_size().columns - 1
        for words in self._wordings(share):
            line = f"{self._bar(share)} {share:4.0%}{words}{left}"
            if len(line) <= width:
                return line
        return f"{share:.0%}"[:width]

    def _bar(self, share: float) -> str:
        full = int(share * self.BAR)
        return f"[{'#' * full}{'-' * (self.BAR - full)}]"

    def _wordings(self, share: float) -> Iterator[str]:
        day = f"  day {share * self.horizon:,.0f} of {self.horizon:,.0f}" if self.horizon else ""
        who = f", {many(self.customers, 'customer')}" if self.customers else ""
        if self.replications > 1:
            yield f"{day}{who} x {self.replications:,} replications"
            yield f"{day}{who} x {self.replications:,}"
        yield f"{day}{who}"
        yield day
        yield ""

    def _left(self, share: float, now: float) -> str:
        if self._start is None or share >= 1.0 or share - self._start[1] < 0.01:
            return ""
        speed = (share - self._start[1]) / (now - self._start[0])
        return f", {_clock((1.0 - share) / speed)} left"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.shown:
            self._show("")
            click.echo("\r", err=True, nl=False)


def share_told(share: float) -> None:
    """The share done alone, for work that is no simulation of so many days."""
    if sys.stderr.isatty():
        click.echo(f"\r{share:4.0%}" + ("\r    \r" if share >= 1.0 else ""), err=True, nl=False)


def _clock(seconds: float) -> str:
    """Minutes and seconds, or hours, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
