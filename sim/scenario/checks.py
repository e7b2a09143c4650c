"""Rules between the parts of a scenario that no part can check alone."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

from sim.scenario.assumptions import Assumption, assumption
from sim.scenario.journeys import END, LEAVE, Journey
from sim.scenario.nodes import Node, children
from sim.scenario.psychology import MAX_EMOTIONS
from sim.scenario.quantities import DEAREST, Pair, Quantity
from sim.scenario.references import STATES, Finding, references
from sim.scenario.schema import Scenario
from sim.scenario.shapes import ROOT, Names, Shape, child_of, keys_of, quantity_of, shape_at
from sim.scenario.touchpoints import Trigger
from sim.scenario.traits import BASES, Segment, basis_of
from sim.scenario.ways import ways
from sim.scenario.wrong import Wrong, choice, shown

_NAMED = (
    "segments",
    "calendars",
    "seasons",
    "staff",
    "stock",
    "signals",
    "touchpoints",
    "journeys",
    "campaigns",
    "events",
    "loyalty",
    "windows",
)


def check(scenario: Scenario) -> list[Finding]:
    """Everything wrong between the parts; the ways through journeys once all names lead somewhere."""
    rules = (
        _names,
        _shares,
        _segments,
        _signals,
        _triggers,
        _surveys,
        _occasions,
        _contract,
        _entry,
        _left,
        _events,
        _emotions,
        _loyalty,
        references,
    )
    found = [finding for rule in rules for finding in rule(scenario)]
    return found or list(ways(scenario))


# ---------------------------------------------------------------- names
def _names(scenario: Scenario) -> Iterator[Finding]:
    """Names are keys of paths, so they hold no dots; two words are taken."""
    for kind in _NAMED:
        yield from _plain((kind,), getattr(scenario, kind))
    yield from _plain(("psychology", "emotions"), scenario.psychology.emotions)
    for name, touchpoint in scenario.touchpoints.items():
        yield from _plain(("touchpoints", name, "triggers"), touchpoint.triggers)
    yield from _not_taken(("journeys",), scenario.journeys)
    for name, journey in scenario.journeys.items():
        yield from _plain(("journeys", name, "steps"), journey.steps)
        yield from _not_taken(("journeys", name, "steps"), journey.steps)


def _plain(path: tuple[str, ...], names: Iterable[str]) -> Iterator[Finding]:
    for name in names:
        if not name or name != name.strip() or "." in name or "=" in name or not name.isprintable():
            yield Finding(
                (*path, name), "a name cannot be empty, hold . or =, or begin or end with a space", True
            )


def _not_taken(path: tuple[str, ...], names: Iterable[str]) -> Iterator[Finding]:
    for name in names:
        if name in (END, LEAVE):
            yield Finding(
                (*path, name), f"'{name}' is an end of every journey and cannot be a name here", True
            )


def _emotions(scenario: Scenario) -> Iterator[Finding]:
    if scenario.psychology.review_neutral >= 5:
        yield Finding(
            ("psychology", "review_neutral"), "expected less than 5 stars: the best must be better than that"
        )
    path = ("psychology", "emotions")
    emotions = scenario.psychology.emotions
    for name in emotions:
        if name in STATES:
            yield Finding((*path, name), f"'{name}' is a state of its own and cannot name an emotion", True)
    if len(emotions) > MAX_EMOTIONS:
        message = f"expected at most {MAX_EMOTIONS} emotions, got {len(emotions)}; null removes one"
        yield Finding((*path, list(emotions)[MAX_EMOTIONS]), message, True)


# ---------------------------------------------------------------- people
def _shares(scenario: Scenario) -> Iterator[Finding]:
    """Shares of the segments that are customers already sum to one."""
    customers = {name: segment for name, segment in scenario.segments.items() if segment.prospects is None}
    missing = [name for name, segment in customers.items() if segment.share is None]
    for name in missing:
        yield Finding(("segments", name, "share"), "missing: a share of the customers, or prospects")
    rests = [name for name, segment in customers.items() if segment.is_rest]
    for name in rests[1:]:
        yield Finding(("segments", name, "share"), f"only one segment can be the rest; '{rests[0]}' is")
    total = given_shares(scenario)
    if total > 1 + 1e-9 or not (rests or missing or abs(total - 1) < 1e-9 or not customers):
        yield Finding(("segments",), f"the shares sum to {total:.6g}; expected 1 (rest fills up)", True)


def given_shares(scenario: Scenario) -> float:
    """The sum of the shares that are written as numbers."""
    return math.fsum(s.share for s in scenario.segments.values() if s.share is not None and not s.is_rest)


def _segments(scenario: Scenario) -> Iterator[Finding]:
    for name, segment in scenario.segments.items():
        path = ("segments", name)
        if segment.prospects is not None and segment.share is not None:
            yield Finding((*path, "share"), "expected either share or prospects")
        for key in ("hears_of_us", "hears_from_others"):
            if getattr(segment, key) > 0 and segment.prospects is None:
                yield Finding((*path, key), "only prospects hear of us; this segment has none")
        yield from _others(scenario, segment, path)
        if _circular(scenario, name):
            yield Finding((*path, "like"), "this goes round in a circle")
        yield from _regularity(scenario, segment, path)
        yield from _leaving(scenario, segment, path)
        if segment.spends.mean > DEAREST:
            message = (
                f"expected a mean of at most {DEAREST:,}, got {segment.spends.mean:,.0f}; count in thousands"
            )
            yield Finding((*path, "spends"), message)


def _others(scenario: Scenario, segment: Segment, path: tuple[str, ...]) -> Iterator[Finding]:
    """Who hears from others needs a signal that says how many of them are customers."""
    if segment.hears_from_others == 0.0:
        return
    known = [name for name, signal in scenario.signals.items() if signal.kind == "adopters"]
    if segment.others is None and len(known) != 1:
        hint = "write which in others" if known else "write signals: {adopters: {kind: adopters}}"
        message = f"expected one signal of adopters, found {len(known)}; {hint}"
        yield Finding((*path, "hears_from_others"), message)


def _circular(scenario: Scenario, name: str) -> bool:
    """Whether following ``like`` leads back."""
    seen: list[str] = []
    like = scenario.segments[name].like
    while like in scenario.segments and like not in seen:
        seen.append(like)
        like = scenario.segments[like].like
    return name in seen


def _regularity(scenario: Scenario, segment: Segment, path: tuple[str, ...]) -> Iterator[Finding]:
    """Needs must be regular enough to leave purchases this regular: k_need = p0 / (1/k - 1 + p0) > 0."""
    usually = next((j.usually for j in scenario.journeys.values() if j.occasion == "need"), 1.0)
    regularity = segment.needs.regularity
    if usually > 0 and 1 / regularity <= 1 - usually:
        message = (
            f"expected a regularity below {1 / (1 - usually):.4g}, since only {usually:.4g} of the needs "
        )
        yield Finding((*path, "needs", "regularity"), message + f"become a visit, got {regularity:g}")


def _leaving(scenario: Scenario, segment: Segment, path: tuple[str, ...]) -> Iterator[Finding]:
    leaves, reconsiders = segment.leaves, segment.reconsiders
    if leaves.rate.support == (0.0, 0.0):
        return
    after_visit = reconsiders == "after a visit"
    if leaves.per == "renewal" and not scenario.contract:
        yield Finding((*path, "leaves"), "there is no contract to renew; write a rate such as 30 % per year")
    elif leaves.per != "renewal" and scenario.contract:
        yield Finding((*path, "leaves"), "with a contract people leave at renewals; write 5 % per renewal")
    elif leaves.per == "visit" and not (after_visit or reconsiders is None):
        yield Finding((*path, "reconsiders"), "leaving per visit goes with reconsiders: after a visit")
    elif leaves.per == "day" and after_visit:
        yield Finding((*path, "leaves"), "after a visit goes with a share such as 20 % per visit")
    elif leaves.per == "day" and reconsiders is None and scenario.psychology.link == "linear":
        yield Finding((*path, "reconsiders"), "missing: the linear link needs a rate, such as 1 per 14 d")


# ---------------------------------------------------------------- signals and triggers
def _signals(scenario: Scenario) -> Iterator[Finding]:
    counted: dict[str, str] = {}
    for name, signal in scenario.signals.items():
        other = counted.setdefault(signal.counts, name) if signal.counts else name
        if other != name:
            yield Finding(("signals", name, "counts"), f"{signal.counts} is already counted by {other}")
        if signal.kind == "popularity" and signal.counts is None:
            yield Finding(("signals", name, "counts"), "missing: the touchpoint whose touches are counted")
        if signal.live:
            yield from _live(scenario, name)
        if signal.fakes and signal.kind != "reviews":
            yield Finding(("signals", name, "fakes"), "only reviews can be faked")
        if signal.fakes and signal.fakes.until is not None and signal.fakes.until <= signal.fakes.from_:
            yield Finding(("signals", name, "fakes", "until"), "expected a time after from")
        if signal.kind == "reviews" and signal.start.count > 0 and signal.start.average is None:
            yield Finding(("signals", name, "start", "average"), "missing: the average of the reviews so far")


def _live(scenario: Scenario, name: str) -> Iterator[Finding]:
    """What is read live needs the exact order of events, which sites do not share; and it cannot be forgotten."""
    signal, path = scenario.signals[name], ("signals", name)
    if signal.scope == "brand" and scenario.population.site != "all":
        message = "a live signal is a site's own; write scope: site, or a time between publications"
        yield Finding((*path, "scope"), message)
    if signal.kind == "popularity" and not math.isinf(signal.window):
        yield Finding((*path, "window"), "a live signal counts from the beginning; write window: forever")


def _surveys(scenario: Scenario) -> Iterator[Finding]:
    for name, touchpoint in scenario.touchpoints.items():
        asks, path = touchpoint.asks, ("touchpoints", name, "asks")
        if asks is None:
            continue
        if asks.question == "ces" and asks.about is None:
            yield Finding((*path, "about"), "missing: the touchpoint whose effort is asked for")
        if asks.learns > 0 and asks.about is None:
            yield Finding((*path, "about"), "missing: the touchpoint that gets better")
        for key in ("learns", "acts_cost"):
            if getattr(asks, key) > 0 and asks.acts_on is None:
                yield Finding((*path, key), "this needs acts_on: the share of the bad answers acted on")


def _triggers(scenario: Scenario) -> Iterator[Finding]:
    for touchpoint, declared in scenario.touchpoints.items():
        for name, trigger in declared.triggers.items():
            path = ("touchpoints", touchpoint, "triggers", name)
            lacking = _lacking(trigger)
            if lacking:
                yield Finding((*path, lacking), f"missing: {_NEEDED[lacking]}")
            if trigger.from_ == "friends" and scenario.network is None:
                yield Finding((*path, "from"), "nobody has friends; write network: {kind: small_world}")
            for key, message in _idle(trigger):
                yield Finding((*path, key), message)


_NEEDED = {
    "cue": "what is scarce: supply, time or demand",
    "reads": "the signal or stock that it shows",
    "until": "the deadline, such as 14 d",
    "worth": "what the gift is worth to the customer",
    "fit": "how well the influencer fits the brand, 0 to 1",
}


def _idle(trigger: Trigger) -> Iterator[tuple[str, str]]:
    """Keys that this trigger could not use."""
    if trigger.from_ is not None and trigger.kind != "social_proof":
        yield "from", "only social proof comes from somebody"
    elif trigger.from_ is not None and trigger.reads is not None:
        yield "reads", "expected either reads (a signal) or from (an influencer, or friends)"
    if trigger.fit is not None and trigger.from_ != "influencer":
        yield "fit", "only an influencer fits; write from: influencer"


def _lacking(trigger: Trigger) -> str | None:
    """The key that a trigger of this kind cannot do without."""
    if trigger.kind == "reciprocity":
        return "worth" if trigger.worth is None else None
    if trigger.kind == "scarcity" and trigger.cue is None:
        return "cue"
    if trigger.from_ == "friends":
        return None
    if trigger.kind == "social_proof" and trigger.from_ == "influencer":
        return "fit" if trigger.fit is None else None
    if trigger.cue == "time":
        return "until" if trigger.until is None else None
    return "reads" if trigger.reads is None else None


# ---------------------------------------------------------------- occasions
def _occasions(scenario: Scenario) -> Iterator[Finding]:
    """One journey for each occasion, and for each campaign's message."""
    first: dict[Any, str] = {}
    for name, journey in scenario.journeys.items():
        message = journey.starts_on.message
        other = first.setdefault((journey.occasion, message and message.of), name)
        path = ("journeys", name, "starts_on", journey.occasion)
        if other != name:
            yield Finding(path, f"the journey '{other}' starts on this already", True)
        if message and _sent(scenario, message.of) not in (None, _first_touchpoint(journey)):
            expected = f"expected a step at {_sent(scenario, message.of)}, which {message.of} sends"
            yield Finding((*path, "becomes"), f"{expected}, got '{journey.becomes}'")
        if journey.occasion == "need" and journey.usually == 0:
            yield Finding((*path, "usually"), "expected a share above 0")


def _sent(scenario: Scenario, campaign: str) -> str | None:
    sends = scenario.campaigns[campaign].sends if campaign in scenario.campaigns else None
    return sends.touchpoint if sends else None


def _first_touchpoint(journey: Journey) -> str:
    step = journey.steps.get(journey.becomes)
    return step.touchpoint if step else ""


def _contract(scenario: Scenario) -> Iterator[Finding]:
    if scenario.contract:
        return
    for name, journey in scenario.journeys.items():
        if journey.occasion == "renewal":
            yield Finding(("journeys", name, "starts_on", "renewal"), "there is no contract to renew", True)
    for name, touchpoint in scenario.touchpoints.items():
        if touchpoint.sells and touchpoint.sells.price == "contract":
            yield Finding(("touchpoints", name, "sells", "price"), "there is no contract")


def _entry(scenario: Scenario) -> Iterator[Finding]:
    occasions = [journey.occasion for journey in scenario.journeys.values()]
    if scenario.enters and scenario.enters.stream and "entry" not in occasions:
        yield Finding(("enters", "stream"), "no journey starts on entry, so visitors would do nothing", True)


# ---------------------------------------------------------------- campaigns and events
def _left(scenario: Scenario) -> Iterator[Finding]:
    """Only a contract tells the brand who has left."""
    for name, campaign in scenario.campaigns.items():
        if campaign.picks.audience.left and not scenario.contract:
            message = "without a contract nobody says that they leave; use days_since_order"
            yield Finding(("campaigns", name, "picks", "from", "left"), message)


def _events(scenario: Scenario) -> Iterator[Finding]:
    """An event's touch stands in the tables under its name, beside those of journeys and campaigns."""
    for name in scenario.events:
        for kind in ("journeys", "campaigns"):
            if name in getattr(scenario, kind):
                yield Finding(("events", name), f"'{name}' is one of the {kind} already", True)


# ---------------------------------------------------------------- loyalty programmes
def _loyalty(scenario: Scenario) -> Iterator[Finding]:
    """Tiers rise from one to the next."""
    for name, programme in scenario.loyalty.items():
        yield from _plain(("loyalty", name, "tiers"), programme.tiers)
        for below, above in pairwise(programme.tiers):
            least = programme.tiers[below].at
            if programme.tiers[above].at <= least:
                path = ("loyalty", name, "tiers", above, "at")
                yield Finding(path, f"expected more than the {least:g} of '{below}' before it; tiers rise")


# ---------------------------------------------------------------- assumptions
def read_assumptions(scenario: Scenario, root: Node) -> tuple[dict[str, Assumption], list[Finding]]:
    """Every assumption in the units of what its path stands for, and what is wrong with the others."""
    read, wrong = {}, []
    for path, declared in scenario.assumed.items():
        try:
            read[path] = _assumption(path, declared, root)
        except Wrong as error:
            wrong.append(Finding(("assumed", path, *error.at), error.message, error.key))
    return read, wrong


def _assumption(path: str, declared: Assumption, root: Node) -> Assumption:
    keys = tuple(path.split("."))
    must_exist(keys, root)
    quantity = quantity_at(keys, declared.written)
    if quantity is None:
        raise Wrong("expected the path of a number", key=True)
    return replace(assumption(declared.written, quantity), path=path)


def quantity_at(keys: tuple[str, ...], written: Any) -> Quantity | None:
    """The quantity at a path, in the units that what is written there names; None where it is no number."""
    quantity = quantity_of(shape_at(keys))
    if isinstance(quantity, Pair):
        return quantity.counted_as(written)
    basis = basis_of(written)
    return BASES[basis] if quantity is BASES["day"] and basis != "day" else quantity


def must_exist(keys: tuple[str, ...], root: Node | None) -> None:
    """Names must have been written; fields may be defaults. Raises :class:`Wrong`, which says where it parted."""
    shape: Shape | None = ROOT
    node: Node | None = root
    for depth, key in enumerate(keys):
        written = dict(children(node)) if node else {}
        known = list(written) if isinstance(shape, Names) else keys_of(shape)
        if key not in known:
            place = f"in {'.'.join(keys[:depth])}" if depth else "here"
            raise Wrong(f"there is no {shown(key)} {place}{choice(key, known)}", key=True)
        shape, node = child_of(shape, key), written.get(key)
