"""An optimisation as text: the levers, what the re-test says, what the search had promised, what stands next to it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sim.experiment.searching import TRIED
from sim.report.table import aligned
from sim.report.wording import duration, listed, number, percent, places_of, plural

if TYPE_CHECKING:
    from sim.analysis.paired import Difference
    from sim.experiment.optimise import Kept, Optimum
    from sim.experiment.selecting import Rival

WIDTH = 100
NONE = "–"
NEXT = 5  # runners-up that are told


def optimum_text(done: Optimum, command: str | None) -> str:
    """All of it, about :data:`WIDTH` columns wide; ``command`` is the line to paste, where there is one."""
    parts = [
        _title(done),
        textwrap.fill(headline(done), WIDTH),
        "\n".join(_levers(done)),
        "\n".join(_retested(done)),
        textwrap.fill(promise(done), WIDTH),
        "\n".join(_constraints(done)),
        "\n".join(_runners_up(done)),
        f"To see all that differs, with the numbers of the re-test:\n  {command}" if command else "",
    ]
    return "\n\n".join(part for part in parts if part)


def _title(done: Optimum) -> str:
    size = done.scenario.population.size
    who = f"{plural(size, 'customer')} for " if size else ""
    return (
        f"{done.scenario.name}: {plural(len(done.space.levers), 'lever')}, {plural(len(done.tried), 'point')} tried, "
        f"{plural(done.spent, 'run')} of {who}{duration(float(done.worlds.programs[0].horizon))}"
    )


# ---------------------------------------------------------------- the answer
def headline(done: Optimum) -> str:
    """The answer in a few sentences, from the re-test."""
    return f"{answer(done)}{_to_baseline(done)}{bounds(done)}"


def bounds(done: Optimum) -> str:
    """Which constraints the winner breaks, and which the scenario as written does: to keep them may cost some goal."""
    texts = [kept.constraint.text for kept in done.kept if kept.chance < 0.5]
    words = f" But re-tested it breaks {listed(texts)}." if texts else ""
    texts = [kept.constraint.text for kept in done.kept if kept.broken_before]
    return (
        f"{words} The scenario as written breaks {listed(texts)}."
        if texts and not done.is_as_written
        else words
    )


def answer(done: Optimum) -> str:
    """The answer in a sentence."""
    if done.is_as_written:
        return "Nothing was found that is better than the scenario as written."
    gain, metric = done.gain(), done.goal.metric
    if not gain.distinguishable:
        mean, low, high = (signed_told(done, value) for value in (gain.mean, gain.low, gain.high))
        return (
            f"The best levers found are not distinguishable from the scenario as written: {mean} {unit_of(done)} of "
            f"{metric} (95 % interval {low} to {high})."
        )
    verb = "raise" if gain.mean > 0.0 else "lower"
    to = "over" if gain.mean > 0.0 else "below"
    least, most = sorted((abs(gain.low), abs(gain.high)))
    size = f"{told(done, abs(gain.mean))} {unit_of(done)} (95 % interval {told(done, least)} to {told(done, most)})"
    return f"The best levers found {verb} {metric} by {size} {to} the scenario as written."


def _to_baseline(done: Optimum) -> str:
    """How the winner stands to a baseline that is another than the scenario as written."""
    if not done.has_baseline or done.is_as_written or not done.gain().distinguishable:
        return ""
    gain = done.gain(against=2)
    low, high = signed_told(done, gain.low), signed_told(done, gain.high)
    return f" To the baseline it is {signed_told(done, gain.mean)} ({low} to {high})."


def promise(done: Optimum) -> str:
    """What the search alone would have said, and how much of it was luck."""
    words = (
        f"The search promised {signed_told(done, done.promised)} {unit_of(done)} "
        f"({plural(TRIED, 'replication')} of the best of {plural(len(done.tried), 'point')}); the re-test of "
        f"the winner finds {signed_told(done, done.gain().mean)}"
    )
    if done.luck <= 0.0:
        return f"{words}: the search was not too hopeful this time."
    if done.as_promised:
        return f"{words}: no further apart than chance has them."
    other = done.goal.constraints and done.promise != done.winner
    price = ", or the price of keeping the constraints more surely" if other else ""
    which = "of it" if done.goal.sign * done.promised > 0.0 else "of the difference"
    return (
        f"{words}: {told(done, done.luck)} {which} was the luck of being picked (the winner's curse){price}."
    )


# ---------------------------------------------------------------- tables
def _levers(done: Optimum) -> Iterator[str]:
    rows = [("lever", "as written", "best", "tried")]
    for lever in done.space.levers:
        own = done.own[lever.path]
        rows.append(
            (
                lever.path,
                "–" if own is None else str(own),
                str(done.levers[lever.path]),
                _tried(lever.parameter.written),
            )
        )
    yield from aligned(rows, left=(0, 3))


def _tried(written: Any) -> str:
    return ", ".join(map(str, written)) if isinstance(written, list | tuple) else str(written)


def _retested(done: Optimum) -> Iterator[str]:
    count = plural(done.replications, "replication")
    seed = f"seed {done.asked.again}, by which nothing was chosen"
    yield f"Re-tested in {count} under {seed}; the same people and luck in every world"
    head = ("", f"{done.goal.metric}, {unit_of(done, level=True)}", "difference", "95 % interval")
    rows = [head, ("best found", _level(done, 1), "", "")]
    for name, world in {"as written": 0, **({"baseline": 2} if done.has_baseline else {})}.items():
        gain = done.gain(against=world)
        interval = (
            "identical"
            if gain.identical
            else f"{signed_told(done, gain.low)} .. {signed_told(done, gain.high)}"
        )
        rows.append((name, _level(done, world), signed_told(done, gain.mean), interval))
    yield from aligned(rows, left=(0,))


def _constraints(done: Optimum) -> Iterator[str]:
    if not done.kept:
        return
    rows = [("constraint, re-tested", "as written", "best", "95 % interval", "probability that it holds")]
    rows += [_constraint(kept) for kept in done.kept]
    yield from aligned(rows, left=(0,))


def _constraint(kept: Kept) -> tuple[str, str, str, str, str]:
    share = kept.constraint.unit == "share"
    scale, sign = (100.0, " %") if share else (1.0, "")
    half = scale * (kept.high - kept.low) / 2.0
    places = places_of(scale * kept.mean, half)
    values = (kept.before, kept.mean, kept.low, kept.high)
    before, mean, low, high = (f"{number(scale * value, places)}{sign}" for value in values)
    return kept.constraint.text, before, mean, f"{low} .. {high}", percent(kept.chance)


def _runners_up(done: Optimum) -> Iterator[str]:
    if done.selection is None:
        return
    rivals = done.selection.rivals[1:]
    yield from textwrap.wrap(f"{_how_apart(rivals)} {_how_sure(done)}", WIDTH)
    head = (
        *short_names(done.space.paths),
        "winner better by",
        "95 % interval",
    )
    rows = [(*head, "replications", "keeps constraints" if done.kept else "", "")]
    for rival in rivals[:NEXT]:
        values = done.space.written(rival.trial.point).values()
        interval = f"{signed_told(done, rival.low)} .. {signed_told(done, rival.high)}"
        keeps = percent(rival.keeps) if done.kept else ""
        verdict = "" if rival.told_apart else "as good, for all one can tell"
        rows.append(
            (*map(str, values), signed_told(done, rival.gap), interval, str(rival.count), keeps, verdict)
        )
    yield from aligned(rows, left=(len(rows[0]) - 1,))


def _how_apart(rivals: Sequence[Rival]) -> str:
    apart = sum(rival.told_apart and rival.gap > 0.0 for rival in rivals)
    looked = f"Of {plural(len(rivals), 'other point')} that {'was' if len(rivals) == 1 else 'were'} looked at again, "
    return f"{looked}{apart or 'none'} can be told from the winner as worse (95 % for all at once)."


def _how_sure(done: Optimum) -> str:
    """How probable it is that the winner is the best of them, and what it may cost if it is not."""
    assert done.selection is not None
    right, rivals = done.selection.right, done.selection.rivals[1:]
    most = max((-rival.low for rival in rivals if rival.keeps >= 0.5), default=0.0)
    words = []
    if right >= 0.5:
        least = f"at least {percent(right)}" if right <= 0.999 else "above 99.9 %"
        words.append(f"the probability that none of them is better is {least}")
    if most > 0.0:
        which = "one that keeps the constraints" if done.kept else "one of them"
        words.append(f"{which} may be better by {told(done, most)} {unit_of(done)} at most")
    text = "; ".join(words)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


# ---------------------------------------------------------------- cells
def short_names(paths: Sequence[str]) -> list[str]:
    """The last word of every path; as many more as it takes to tell them apart."""
    for words in range(1, 1 + max(path.count(".") for path in paths)):
        names = [".".join(path.split(".")[-words:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    return list(paths)


def scale_of(done: Optimum) -> float:
    """Shares are told in per cent, their differences in points."""
    return 100.0 if done.goal.unit == "share" else 1.0


def unit_of(done: Optimum, level: bool = False) -> str:
    """The unit of the metric's differences, or of its levels."""
    if done.goal.unit == "share":
        return "%" if level else "points"
    return done.goal.unit.replace("currency", done.currency)


def _metric_places(done: Optimum) -> int:
    gain: Difference = done.gain()
    places = places_of(scale_of(done) * gain.mean, scale_of(done) * gain.half)
    return max(1, places) if done.goal.unit == "share" else places


def told(done: Optimum, value: float) -> str:
    """An amount of the metric, as precise as the re-test is."""
    return number(scale_of(done) * value, _metric_places(done))


def signed_told(done: Optimum, value: float) -> str:
    """A difference of the metric, as precise as the re-test is."""
    text = told(done, value)
    return text if text.startswith("−") or not any(sign in "123456789" for sign in text) else f"+{text}"


def _level(done: Optimum, world: int) -> str:
    mean = float(done.values(done.goal.metric, world).mean())
    return number(scale_of(done) * mean, _metric_places(done))
