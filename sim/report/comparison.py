"""A comparison as text: the answer in a sentence, the ranking, what else differs, and how sure all that is."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sim.report.table import aligned
from sim.report.wording import decimals, duration, listed, number, percent, places_of, plural, signed

if TYPE_CHECKING:
    from sim.analysis.paired import Difference
    from sim.experiment.comparison import Comparison, Standing

WIDTH = 100
SIDE_BY_SIDE = 3  # strategies in one table
PAIRS = 6  # that are named one by one
SHARE, NONE, SAME, TINY = "share", "–", "·", "≈ 0"


def comparison_text(done: Comparison) -> str:
    """All of it, at most :data:`WIDTH` columns wide but for the longest names."""
    from sim.report.further import further_text

    parts = [
        _title(done),
        textwrap.fill(headline(done), WIDTH),
        "\n".join(_ranking(done)),
        *("\n".join(table) for table in _others(done)),
        "\n".join(textwrap.fill(line, WIDTH) for line in sure(done)),
        *further_text(done),
    ]
    return "\n\n".join(part for part in parts if part)


def _title(done: Comparison) -> str:
    count = plural(len(done.labels) - 1, "strategy" if len(done.labels) == 2 else "strategie")
    who = f"{plural(done.cohort, 'customer')} for {duration(done.horizon)}"
    return f"{done.labels[0]} and {count}: {plural(done.replications, 'replication')} of {who}, the same in every world"


# ---------------------------------------------------------------- the answer
def headline(done: Comparison) -> str:
    """The answer in a sentence or two."""
    best = done.ranking[0]
    if best.world == 0:
        return _no_better(done)
    difference = done.found[done.metric][best.world - 1]
    if not difference.distinguishable:
        return _not_distinguishable(done, best, difference)
    also = [name for name in best.level_with if name != done.labels[0]]
    level = f" It is not distinguishable from {listed(also)}." if also else ""
    return f"{effect(done, best.world)}{_money(done, best)}.{level}"


def effect(done: Comparison, world: int) -> str:
    """``X keeps 1.2 points more customers after 12 months (95 % interval 0.8 to 1.6)``."""
    difference, label = done.found[done.metric][world - 1], done.labels[world]
    size, low, high = _size(done, difference)
    interval = f"(95 % interval {low} to {high})"
    if done.metric == "retention":
        more = "more" if difference.mean > 0 else "fewer"
        return f"{label} keeps {size} points {more} customers after {duration(done.horizon)} {interval}"
    verb = "raises" if difference.mean > 0 else "lowers"
    return f"{label} {verb} {done.metric} by {size} {unit_of(done, done.metric)} {interval}"


def _size(done: Comparison, difference: Difference) -> tuple[str, str, str]:
    """The size of a difference and of the ends of its interval, without the sign that the words tell."""
    scale = _scale(done, done.metric) * (1.0 if difference.mean > 0 else -1.0)
    places = _places(difference, abs(scale))
    low, high = sorted((scale * difference.low, scale * difference.high))
    return number(scale * difference.mean, places), number(low, places), number(high, places)


def _no_better(done: Comparison) -> str:
    words = "No strategy does better than the baseline"
    within = [standing for standing in done.ranking[1:] if standing.in_budget]
    if not within:
        return "No strategy is within the budget."
    next_best = done.found[done.metric][within[0].world - 1]
    if not next_best.distinguishable:
        return f"{words}; {_told_apart(done, within[0], next_best, 'it')}."
    return f"{words}. {effect(done, within[0].world)}."


def _not_distinguishable(done: Comparison, best: Standing, difference: Difference) -> str:
    if len(done.labels) == 2:
        return f"{_told_apart(done, best, difference, 'the baseline')}."
    return f"No strategy is distinguishably better than the baseline; {_told_apart(done, best, difference, 'it')}."


def _told_apart(done: Comparison, standing: Standing, difference: Difference, it: str) -> str:
    """That a difference is not distinguishable, in words."""
    if done.worlds.unchanged(standing.world):
        return f"{standing.label} changes nothing: every replication is identical to the baseline's"
    where = "" if done.metric == "retention" else f" in {done.metric}"
    if difference.identical:
        return f"{standing.label} is identical to {it}{where}, in every replication"
    low, high = (
        signed_value(done, done.metric, end, difference) for end in (difference.low, difference.high)
    )
    mean = signed_value(done, done.metric, difference.mean, difference)
    return (
        f"{standing.label} is not distinguishable from {it}{where}: {mean} {unit_of(done, done.metric)} "
        f"(95 % interval {low} to {high})"
    )


def _money(done: Comparison, standing: Standing) -> str:
    parts = []
    if standing.cost_per_kept is not None and standing.cost_per_kept[0] > 0 and done.metric == "retention":
        parts.append(
            f"at {amount(standing.cost_per_kept[0])} {done.currency} for each customer kept in addition"
        )
    profit = standing.profit
    if profit is not None and done.metric != "profit" and done.cohort:
        each = profit.mean / done.cohort
        more = "more" if each > 0 else "less"
        if profit.distinguishable:
            parts.append(f"{amount(abs(each))} {done.currency} {more} profit per customer")
        else:
            parts.append("no distinguishable difference in profit")
    words = " and with ".join(parts)
    return f", {words if words.startswith('at ') else 'with ' + words}" if parts else ""


# ---------------------------------------------------------------- the ranking
def _ranking(done: Comparison) -> Iterator[str]:
    what = "share of customers kept" if done.metric == "retention" else done.metric
    unit = unit_of(done, done.metric, level=True)
    yield f"Ranked by {what} ({unit}); money: difference to the baseline, {done.currency}"
    head = ("", "", done.metric, "difference", "95 % interval", "best", "cost", "profit", "per kept")
    rows = [_ranked(done, standing) for standing in done.ranking]
    yield from aligned([head, *rows], left=(0, 1))
    yield from _marks(done)


def _ranked(done: Comparison, standing: Standing) -> tuple[str, ...]:
    difference = done.found[done.metric][standing.world - 1] if standing.world else None
    mark = "*" if standing.efficient else ""
    name = f"{standing.label}{mark}" + ("" if standing.in_budget else " (over budget)")
    cells = [f"{standing.rank}", name, level(done, done.metric, standing.mean, difference)]
    if difference is None:
        return (*cells, "baseline", "", percent(standing.chance_best), "", "", "")
    low, high = (
        signed_value(done, done.metric, end, difference) for end in (difference.low, difference.high)
    )
    mean = signed_value(done, done.metric, difference.mean, difference)
    cells += ["identical", ""] if difference.identical else [mean, f"{low} .. {high}"]
    cells += [percent(standing.chance_best), *(change(d) for d in (standing.cost, standing.profit))]
    each = standing.cost_per_kept
    return (*cells, NONE if each is None else amount(each[0]) if each[0] > 0.0 else "saves")


def _marks(done: Comparison) -> Iterator[str]:
    lines = [
        "best: how probable it is to be the best (worlds that came out the same share it); it speaks of chance alone."
    ]
    if done.metric == "retention":
        lines.append(
            "per kept: extra cost for each customer kept in addition (–: that more are kept is not beyond chance)."
        )
    if any(standing.efficient for standing in done.ranking):
        lines.append("*: on the efficient frontier, none gains as much for less.")
    yield from textwrap.wrap(" ".join(lines), WIDTH)
    apart = [
        (done.labels[a], done.labels[b]) for (a, b), pair in done.pairs.items() if not pair.distinguishable
    ]
    if apart:
        yield from textwrap.wrap(level_pairs(apart, len(done.pairs)), WIDTH)


def level_pairs(level: Sequence[tuple[str, str]], pairs: int) -> str:
    """Which worlds cannot be told apart, of so many pairs."""
    if len(level) == pairs > 1:
        return "No two of them are distinguishable from each other."
    if len(level) > PAIRS:
        return f"Not distinguishable from each other: {len(level)} of {pairs} pairs (table `pairs`)."
    return f"Not distinguishable from each other: {'; '.join(f'{a} and {b}' for a, b in level)}."


# ---------------------------------------------------------------- the other KPIs
def _others(done: Comparison) -> Iterator[list[str]]:
    moved = [kpi for kpi, found in done.found.items() if any(d.distinguishable for d in found)]
    moved = [kpi for kpi in moved if kpi != done.metric]
    for first in range(1, len(done.labels), SIDE_BY_SIDE):
        chosen = range(first, min(first + SIDE_BY_SIDE, len(done.labels)))
        if moved:
            yield list(_table(done, moved, chosen))
    quiet = [kpi for kpi in done.found if kpi not in moved and kpi != done.metric]
    lines = textwrap.wrap(f"Not distinguishable anywhere: {', '.join(quiet)}.", WIDTH) if quiet else []
    lines += textwrap.wrap(not_everywhere(done), WIDTH)
    if lines:
        yield lines


def _table(done: Comparison, kpis: Sequence[str], chosen: range) -> Iterator[str]:
    yield "What else differs from the baseline, ± the 95 % interval (· not distinguishable; of %: in points)"
    head = ("KPI", "baseline", *(_short(done.labels[world]) for world in chosen), "unit")
    rows = []
    for kpi in kpis:
        found = [done.found[kpi][world - 1] for world in chosen]
        base = float(done.worlds.kpi(kpi)[:, 0].mean())
        widest = max(done.found[kpi], key=lambda d: d.half)
        cells = [plus_minus(done, kpi, difference) for difference in found]
        rows.append((kpi, level(done, kpi, base, widest), *cells, unit_of(done, kpi, level=True)))
    yield from aligned([head, *rows], left=(0, len(head) - 1))


def plus_minus(done: Comparison, kpi: str, difference: Difference) -> str:
    """``+1.2 ± 0.3``; a dot where nothing can be told."""
    if not difference.distinguishable:
        return SAME
    mean = signed_value(done, kpi, difference.mean, difference)
    if not told(mean):
        return TINY
    half = number(_scale(done, kpi) * difference.half, _places(difference, _scale(done, kpi)))
    return f"{mean} ± {half}"


def not_everywhere(done: Comparison) -> str:
    """KPIs that some worlds do not have, with their means where they have one that is not nought."""
    found: dict[str, list[str]] = {}
    for row in done.tables["levels"]:
        kpi = row["kpi"]
        if kpi not in done.found and row["mean"]:
            unit = unit_of(done, kpi, level=True)
            value = f"{number(_scale(done, kpi) * row['mean'])}{' %' if unit == '%' else ''}"
            found.setdefault(kpi, []).append(f"{row['world']} {value}")
    listed = [
        f"{kpi} ({', '.join(who) if len(who) <= SIDE_BY_SIDE else f'{len(who)} of {len(done.labels)} worlds'})"
        for kpi, who in found.items()
    ]
    return f"Only in some worlds (table `levels`): {', '.join(listed)}." if listed else ""


# ---------------------------------------------------------------- how sure
def sure(done: Comparison) -> Iterator[str]:
    """How sure the metric's differences are, in sentences."""
    found, strategies = done.found[done.metric], len(done.labels) - 1
    if strategies > 1:
        yield f"Intervals hold for all {strategies} strategies at once (max-t over replications), each KPI on its own."
    yield from _stopped(done)
    widest = max(range(strategies), key=lambda k: found[k].se)
    if found[widest].n_independent is not None:
        yield _paired(done, widest)


def _stopped(done: Comparison) -> Iterator[str]:
    asked = done.asked.precision
    if asked is None:
        return
    widest = max(done.found[done.metric], key=lambda d: d.half)
    unit, scale = unit_of(done, done.metric), _scale(done, done.metric)
    half = f"±{number(scale * widest.half, max(1, _places(widest, scale)))} {unit}"
    took = plural(done.replications, "replication")
    if done.reached:
        yield f"Asked for ±{asked.text}: {took} gave {half} or less."
    else:
        yield f"Asked for ±{asked.text}: at the ceiling of {took} it is {half} (--most raises the ceiling)."


def _paired(done: Comparison, k: int) -> str:
    difference, flips = done.found[done.metric][k], done.flips(k + 1)
    unit = unit_of(done, done.metric)

    def size(error: float) -> str:
        scaled = _scale(done, done.metric) * error
        return number(scaled, max(3, decimals(scaled)) if scaled < 1.0 else None)

    text = (
        f"How far chance may have moved {done.labels[k + 1]}'s difference (standard error): {size(difference.se)} "
        f"{unit} with the same people and luck, {size(difference.se_independent)} with independent seeds, which would "
        f"have taken {plural(difference.n_independent or 0, 'replication')} to tell as much."
    )
    if flips is None or flips.gain_best is None:
        return text
    return (
        f"{text} Customer by customer it is {size(flips.se)}, and no pairing could make it less than "
        f"{size(flips.se_best)}."
    )


# ---------------------------------------------------------------- cells
def _scale(done: Comparison, kpi: str) -> float:
    """Shares are told in per cent, their differences in points."""
    return 100.0 if done.kpis[kpi][0] == SHARE else 1.0


def unit_of(done: Comparison, kpi: str, level: bool = False) -> str:
    """The unit of a KPI's differences, or of its levels."""
    if done.kpis[kpi][0] == SHARE:
        return "%" if level else "points"
    return done.unit(kpi)


def _places(difference: Difference, scale: float) -> int:
    """Enough decimals for the interval to show, and none for what is counted in hundreds."""
    return places_of(scale * difference.mean, scale * difference.half, 1 if abs(scale) == 100.0 else 0)


def signed_value(done: Comparison, kpi: str, value: float, difference: Difference) -> str:
    """A difference, or an end of its interval, as precise as that is."""
    scale = _scale(done, kpi)
    places = _places(difference, scale)
    return with_sign(number(scale * value, places))


def with_sign(text: str) -> str:
    """A number with its sign; nought has none."""
    return text if text.startswith("−") or not told(text) else f"+{text}"


def told(text: str) -> bool:
    """Whether a written number is not nought."""
    return any(digit in "123456789" for digit in text)


def level(done: Comparison, kpi: str, value: float, difference: Difference | None) -> str:
    """The level of a KPI, as precise as it is known."""
    scale = _scale(done, kpi)
    if scale == 100.0:
        return number(scale * value, max(1, decimals(scale * value)) if value < 0.01 else 1)
    return number(value, decimals(value, float(value).is_integer()))


def change(difference: Difference | None) -> str:
    """How an amount of money differs."""
    if difference is None:
        return NONE
    return signed(difference.mean, 2) if abs(difference.mean) < 100 else f"{_plus(difference.mean)}"


def _plus(value: float) -> str:
    return f"{value:+,.0f}".replace("-", "−")


def amount(value: float) -> str:
    """Money, in cents below a thousand."""
    return number(value, 0 if abs(value) >= 1000 else 2)


def _short(label: str, most: int = 20) -> str:
    return label if len(label) <= most else f"{label[: most - 1]}…"
