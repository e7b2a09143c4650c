"""One customer's life in words, from the rows of the event log: to be read aloud."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from sim.model.layout import (
    AWARE,
    CLOSED,
    CUSTOMER,
    ENTRY,
    FAILED,
    GAVE_UP,
    JOURNEY,
    LEAVE,
    LEAVING,
    LEFT,
    NEED,
    NOT_RENEWED,
    OK,
    PLEA,
    RECONSIDERED,
    RETURNING,
    SKIPPED,
    SOLD_OUT,
    STAYING,
    TOUCH,
    WORD,
)
from sim.report.wording import duration, moment, money, percent, plural, signed

if TYPE_CHECKING:
    from sim.engine.program import Program

WIDTH = 100
LONG = 40  # events a life may have before its middle is abridged
ENDS = 15  # events kept at either end of an abridged life
MINUTE = 1.0 / 1440

WENT = {FAILED: "went wrong", GAVE_UP: "gave up", CLOSED: "found it closed", SOLD_OUT: "found it sold out"}
WHY_LEFT = {
    RECONSIDERED: "thought again about the relationship and left",
    NOT_RENEWED: "did not renew",
    JOURNEY: "left for good where the journey ended",
}
Group = list[np.void]


def story(rows: np.ndarray, program: Program, person: np.void, *, full: bool = False) -> str:
    """The life of one customer as plain text, at most 100 columns wide.

    ``rows`` are the LOG rows of this customer in the order of ``seq`` (any other customer's are left
    out), ``person`` is his final PERSON record. Events are grouped by the occasion that brought them.
    The middle of a long life is summed up in one line, unless ``full``.
    """
    mine = rows[rows["customer"] == person["id"]]
    groups = [list(group) for _, group in groupby(mine, key=lambda row: (row["stream"], row["index"]))]
    felt = bool(np.any(mine["valence"]) or np.any(mine["mood_after"]))
    before, middle, after = (groups, [], []) if full or len(mine) <= LONG else _parts(groups)
    opened: dict[tuple[int, int], float] = {}
    lines = [*introduction(program, person), "", *_occasions(before, opened, program, felt)]
    if middle:
        lines += ["", *filled(_abridged(middle, program)), ""]
        opened |= {(int(row["stream"]), int(row["index"])): float(row["t"]) for row in reversed(middle)}
    lines += _occasions(after, opened, program, felt)
    return "\n".join([*lines, *([""] if groups else []), *closing(mine, program, person, felt)]) + "\n"


# ---------------------------------------------------------------- who
def introduction(program: Program, person: np.void) -> list[str]:
    """Who this is."""
    segment = _words(program.segment_names[person["segment"]])
    who = f"Customer {person['id']}" + (f", one of the {segment}." if len(program.segment_names) > 1 else ".")
    return filled(" ".join([who, *_traits(program, person), *_since(program, person)]))


def _traits(program: Program, person: np.void) -> Iterator[str]:
    gap, spend = float(person["need_gap"]), float(person["spend"])
    if np.isfinite(gap) and gap > 0:
        yield f"A need comes up about every {duration(gap)}."
    if spend > 0:
        yield f"Spends about {money(spend, program.currency)} an order."
    if person["reactivity"] >= 1.3 or 0 < person["reactivity"] <= 0.75:
        yield f"Feels things more {'strongly' if person['reactivity'] > 1 else 'calmly'} than most."
    if person["loss_aversion"] >= 1.05:
        yield f"A disappointment weighs {person['loss_aversion']:.1f} times as much as a delight."
    yield _moved(person)


def _moved(person: np.void) -> str:
    causes = {"scarcity": "scarcity", "social_proof": "what others do", "reciprocity": "gifts"}
    scale = {name: _strength(float(person[name])) for name in causes}
    if len(set(scale.values())) == 1:
        return f"{scale['scarcity'].capitalize()} moved by scarcity, by what others do and by gifts."
    parts = [f"{scale[name]} by {cause}" for name, cause in causes.items()]
    return ", ".join(parts).replace(" by", " moved by", 1).capitalize() + "."


def _strength(value: float) -> str:
    return "hardly" if value < 0.15 else "somewhat" if value < 0.45 else "strongly"


def _since(program: Program, person: np.void) -> Iterator[str]:
    if person["status"] not in (CUSTOMER, LEFT):
        yield "Had not become a customer when the run ended."
    elif person["founding"]:
        yield "Was a customer before the run began."
    else:
        yield f"Became a customer on {at_moment(program, person['t_entry'])}."


# ---------------------------------------------------------------- what happened
def _parts(groups: list[Group]) -> tuple[list[Group], Group, list[Group]]:
    """Whole occasions at both ends, about ``ENDS`` events each, and the events in between."""
    first = _few(groups)
    last = len(groups) - _few(groups[first:][::-1])
    return groups[:first], [row for group in groups[first:last] for row in group], groups[last:]


def _few(groups: list[Group]) -> int:
    sizes = np.cumsum([len(group) for group in groups], dtype=int)
    return min(int(np.searchsorted(sizes, ENDS)) + 1, len(groups))


def _abridged(middle: list[np.void], program: Program) -> str:
    orders = [row for row in middle if row["order"] > 0]
    wrong = sum(row["kind"] == TOUCH and row["outcome"] != OK for row in middle)
    earned = sum(int(row["revenue"]) for row in orders) / 100
    words = [f"… {plural(len(middle), 'event')} like these over {duration(middle[-1]['t'] - middle[0]['t'])}"]
    if orders:
        words.append(f"{plural(len(orders), 'order')} worth {money(earned, program.currency)}")
    words.append(f"{plural(wrong, 'touch', 'es')} went badly …" if wrong else "nothing went wrong …")
    return ": ".join([words[0], ", ".join(words[1:])])


def _occasions(
    groups: list[Group], opened: dict[tuple[int, int], float], program: Program, felt: bool
) -> Iterator[str]:
    """All of them; ``opened`` remembers when each began, for those that go on after another one."""
    for group in groups:
        key = (int(group[0]["stream"]), int(group[0]["index"]))
        yield from _occasion(group, opened.get(key), program, felt)
        opened.setdefault(key, float(group[0]["t"]))


def _occasion(group: Group, again: float | None, program: Program, felt: bool) -> Iterator[str]:
    first = group[0]
    touched = [row for row in group if row["kind"] == TOUCH]
    if not touched:
        for row in group:
            yield from filled(f"{at_moment(program, row['t'])}: {decision(row, program)}", 4, 0)
        return
    why = brought(first, program) if again is None else f"following up on {at_moment(program, again)}"
    yield from filled(f"{at_moment(program, first['t'])}: {why}", 4, 0)
    day = np.floor(first["t"])
    for row in group:
        when = at_moment(program, row["t"])
        when, day = when.rsplit(", ", 1)[1] if np.floor(row["t"]) == day else when, np.floor(row["t"])
        touch, begins = row["kind"] == TOUCH, row is first and again is None
        what = touched_words(row, program, felt, begins) if touch else decision(row, program)
        yield from filled(f"{when}  {what}", 8, 2)


def brought(row: np.void, program: Program) -> str:
    """What brought the customer here, and how likely that was."""
    come = " to come" if row["stream"] not in (LEAVE, PLEA) else ""
    return _occasion_words(row, program) + (_likely(row, come) if row["kind"] == TOUCH else "")


def _likely(row: np.void, what: str = "") -> str:
    return "" if row["chance"] >= 0.9995 else f" ({percent(row['chance'])} likely{what})"


def _occasion_words(row: np.void, program: Program) -> str:
    stream = int(row["stream"])
    due = "the contract came up for renewal" if program.contractual else "a moment to think again"
    words = {NEED: "a need came up", LEAVE: due, PLEA: "about to leave", AWARE: "heard of the brand",
             ENTRY: "came by", WORD: "a friend spoke of it"}  # fmt: skip
    return words.get(row["stream"], f"reached by {_words(program.stream_names[stream])}")


def decision(row: np.void, program: Program) -> str:
    """Rows without a touch: entered, left, stayed (with the chance to go), went elsewhere (to come)."""
    if row["kind"] == LEAVING:
        return WHY_LEFT.get(row["outcome"], "left") + _likely(row)
    if row["kind"] == STAYING:
        stayed = "renewed the contract" if program.contractual else "thought about leaving, and stayed"
        return stayed + _likely(row, " to go")
    if row["kind"] == SKIPPED:
        return f"{_occasion_words(row, program)}{_likely(row, ' to come')}: {_elsewhere(row, program)}"
    if row["kind"] == RETURNING:
        return "came back" + _likely(row)
    return "became a customer"


def _elsewhere(row: np.void, program: Program) -> str:
    what = "wanted {}, went elsewhere" if row["stream"] == NEED else "could have met {}, let it pass"
    return what.format(_touchpoint(row, program)) if row["touchpoint"] >= 0 else what.split(", ")[1]


def touched_words(row: np.void, program: Program, felt: bool, first: bool) -> str:
    """A touch: what happened, what was paid, what swayed, and how it felt."""
    likely = "" if first else _likely(row)
    facts = [part for part in (WENT.get(row["outcome"], ""), _waited(row)) if part]
    said = [f"{_touchpoint(row, program)}{likely}" + (": " + ", ".join(facts) if facts else "")]
    if row["order"]:
        said.append(f"paid {money(row['revenue'] / 100, program.currency)} (order {row['order']})")
    if row["trigger"] >= 0:
        said.append(f"swayed by {_words(program.trigger_names[row['trigger']])}")
    if row["answer"]:
        said.append(f"answered {row['answer'] - 1} of {_best(row, program)}")
    return "; ".join(said + (_feelings(row) if felt else [])) + "."


def _best(row: np.void, program: Program) -> str:
    """The highest score of the question that was asked, and its name."""
    survey = program.static["surveys"][program.static["touchpoints"]["asks"][row["touchpoint"]]]
    return ("10 (NPS)", "5 (CSAT)", "7 (CES)")[survey["question"]]


def _waited(row: np.void) -> str:
    return f"waited {duration(float(row['wait']))}" if row["wait"] >= 0.5 * MINUTE else ""


def _feelings(row: np.void) -> list[str]:
    before, after = float(row["mood_before"]), float(row["mood_after"])
    moved = f"{signed(before)} → " if abs(after - before) >= 0.005 else ""
    mood = f"mood {moved}{signed(after)}"
    beliefs = f"satisfaction {signed(float(row['satisfaction']))}, trust {row['trust']:.2f}"
    return [f"felt {_felt(float(row['valence']))}", f"{mood}, {beliefs}"]


def _felt(valence: float) -> str:
    size = abs(valence)
    if size < 0.05:
        return "neither good nor bad"
    strong, mild = ("wonderful", "good") if valence > 0 else ("awful", "bad")
    return strong if size >= 0.6 else mild if size >= 0.2 else f"a little {mild}"


# ---------------------------------------------------------------- how it ended
def closing(rows: np.ndarray, program: Program, person: np.void, felt: bool) -> list[str]:
    """It all in a sentence, and how it ended."""
    touches = rows[rows["kind"] == TOUCH]
    if not len(rows):
        return ["Nothing happened to this customer in the run."]
    orders = touches[touches["order"] > 0]
    wrong = int(np.count_nonzero(touches["outcome"] != OK))
    paid = money(int(orders["revenue"].sum()) / 100, program.currency)
    bought = f"{plural(len(orders), 'order')} worth {paid}" if len(orders) else "no order"
    text = f"In all: {plural(len(touches), 'touch', 'es')}, {bought}; "
    text += f"{plural(wrong, 'touch', 'es')} went badly." if wrong else "nothing went wrong."
    return filled(" ".join([text, _end(program, person, felt)]).strip())


def _end(program: Program, person: np.void, felt: bool) -> str:
    trust = f"satisfaction {signed(float(person['satisfaction']))} and trust {person['trust']:.2f}"
    feeling = f", with {trust}" if felt else ""
    if person["status"] == LEFT:
        stayed = duration(float(person["t_left"]) - max(float(person["t_entry"]), 0.0))
        return f"Left after {stayed}, on {at_moment(program, person['t_left'])}{feeling}."
    return f"Still a customer at the end{feeling}." if person["status"] == CUSTOMER else ""


# ---------------------------------------------------------------- wording
def at_moment(program: Program, t: float) -> str:
    """When something happened, as a calendar says it."""
    return moment(float(t), program.weekday0, program.starts)


def _touchpoint(row: np.void, program: Program) -> str:
    return _words(program.touchpoint_names[row["touchpoint"]])


def _words(name: str) -> str:
    return name.replace("_", " ")


def filled(text: str, hang: int = 0, indent: int = 0, width: int = WIDTH) -> list[str]:
    """Wrapped to a width, its first line indented, the others hanging."""
    return textwrap.wrap(text, width, initial_indent=" " * indent, subsequent_indent=" " * hang)
