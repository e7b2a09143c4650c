"""Names that must exist: every place where a scenario refers to something by its name."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sim.scenario.campaigns import AmongNames, Audience, Campaign
from sim.scenario.journeys import END, LEAVE, Journey, Step
from sim.scenario.loyalty import Programme
from sim.scenario.schema import Scenario
from sim.scenario.touchpoints import Touchpoint, Trigger
from sim.scenario.wrong import choice, shown

STATES = (
    "goodwill", "satisfaction", "expectation", "trust", "obligation", "affective", "normative", "economic",
    "forced", "habitual", "valence", "loyalty", "advocacy", "grievance",
)  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """Something wrong at a path of a scenario: with the value there, or with the key."""

    path: tuple[str, ...]
    message: str
    key: bool = False


def references(scenario: Scenario) -> Iterator[Finding]:
    """Every name that leads nowhere."""
    yield from _of_segments(scenario)
    for name, touchpoint in scenario.touchpoints.items():
        yield from _of_touchpoint(scenario, touchpoint, ("touchpoints", name))
    for name, signal in scenario.signals.items():
        yield from refer(("signals", name, "counts"), signal.counts, "a touchpoint", scenario.touchpoints)
    for name, journey in scenario.journeys.items():
        yield from _of_journey(scenario, journey, ("journeys", name))
    for name, campaign in scenario.campaigns.items():
        yield from _of_campaign(scenario, campaign, ("campaigns", name))
    for name, event in scenario.events.items():
        path = ("events", name)
        yield from refer((*path, "meets"), event.meets, "a touchpoint", scenario.touchpoints)
        yield from _of_audience(scenario, event.to.segment, (*path, "to"))
    for name, programme in scenario.loyalty.items():
        yield from _of_programme(scenario, programme, ("loyalty", name))
    stream = scenario.enters.stream if scenario.enters else None
    if stream:
        yield from refer(("enters", "stream", "when"), stream.when, "a calendar", scenario.calendars)
        yield from refer(("enters", "stream", "season"), stream.season, "a season", scenario.seasons)


def refer(
    path: tuple[str, ...], name: str | None, kind: str, names: Iterable[str], *, key: bool = False
) -> Iterator[Finding]:
    """A finding if there is no such name."""
    if name is None or name in names:
        return
    yield Finding(path, f"expected {kind}, got {shown(name)}{choice(name, names)}", key)


def _of_segments(scenario: Scenario) -> Iterator[Finding]:
    channels = {
        touchpoint.channel: None for touchpoint in scenario.touchpoints.values() if touchpoint.channel
    }
    people = {("customers",): scenario.customers} | {
        ("segments", name): segment for name, segment in scenario.segments.items()
    }
    for path, traits in people.items():
        yield from refer((*path, "needs", "when"), traits.needs.when, "a calendar", scenario.calendars)
        for channel in traits.prefers:
            yield from refer(
                (*path, "prefers", channel), channel, "a channel of a touchpoint", channels, key=True
            )
        yield from refer((*path, "needs", "season"), traits.needs.season, "a season", scenario.seasons)
    for name, segment in scenario.segments.items():
        others = [other for other in scenario.segments if other != name]
        yield from refer(("segments", name, "like"), segment.like, "another segment", others)
        adopters = _signals(scenario, "adopters")
        yield from refer(("segments", name, "others"), segment.others, "a signal of adopters", adopters)


def _of_touchpoint(scenario: Scenario, touchpoint: Touchpoint, path: tuple[str, ...]) -> Iterator[Finding]:
    if touchpoint.staff:
        yield from refer((*path, "staff", "pool"), touchpoint.staff.pool, "a staff pool", scenario.staff)
    yield from refer((*path, "draws"), touchpoint.draws, "a stock", scenario.stock)
    yield from refer((*path, "suits"), touchpoint.suits, "a calendar", scenario.calendars)
    yield from refer(
        (*path, "writes"), touchpoint.writes, "a signal of reviews", _signals(scenario, "reviews")
    )
    for outcome in ((), ("fails",), ("gave_up",), ("sold_out",), ("closed",)):
        part = getattr(touchpoint, outcome[0]) if outcome else touchpoint
        for emotion in part.feels if part else ():
            place = (*path, *outcome, "feels", emotion)
            yield from refer(place, emotion, "an emotion", scenario.psychology.emotions, key=True)
    if touchpoint.asks:
        yield from refer(
            (*path, "asks", "about"), touchpoint.asks.about, "a touchpoint", scenario.touchpoints
        )
    for name, trigger in touchpoint.triggers.items():
        yield from _of_trigger(scenario, trigger, (*path, "triggers", name))


def _signals(scenario: Scenario, *kinds: str) -> list[str]:
    return [name for name, signal in scenario.signals.items() if signal.kind in kinds]


def _of_trigger(scenario: Scenario, trigger: Trigger, path: tuple[str, ...]) -> Iterator[Finding]:
    place = (*path, "reads")
    if trigger.kind == "social_proof" and trigger.from_ is None:
        yield from refer(place, trigger.reads, "a signal", scenario.signals)
    elif trigger.kind == "scarcity" and trigger.cue == "supply":
        yield from refer(place, trigger.reads, "a stock", scenario.stock)
    elif trigger.kind == "scarcity" and trigger.cue == "demand":
        yield from refer(place, trigger.reads, "a signal of popularity", _signals(scenario, "popularity"))


def _of_journey(scenario: Scenario, journey: Journey, path: tuple[str, ...]) -> Iterator[Finding]:
    begins = (*path, "starts_on", journey.occasion)
    yield from refer((*begins, "becomes"), journey.becomes, "a step of this journey", journey.steps)
    if journey.starts_on.message:
        senders = [name for name, campaign in scenario.campaigns.items() if campaign.sends]
        yield from refer(
            (*begins, "of"), journey.starts_on.message.of, "a campaign that sends a message", senders
        )
    for name, step in journey.steps.items():
        yield from _of_step(scenario, journey, step, (*path, "steps", name))


def _of_step(scenario: Scenario, journey: Journey, step: Step, path: tuple[str, ...]) -> Iterator[Finding]:
    implied = step.touchpoint == path[-1]
    place = path if implied else (*path, "touchpoint")
    yield from refer(place, step.touchpoint, "a touchpoint", scenario.touchpoints, key=implied)
    targets = [*journey.steps, *scenario.journeys, END, LEAVE]
    states = [*scenario.psychology.emotions, *STATES]
    for outcome, edges in step.edges().items():
        for target, edge in edges.items():
            place = (*path, outcome, target)
            yield from refer(place, target, "a step or journey", targets, key=True)
            for name in edge.follows:
                yield from refer((*place, "follows", name), name, "a signal", scenario.signals, key=True)
            for state in edge.pulls:
                yield from refer((*place, "pulls", state), state, "an emotion or state", states, key=True)


def _of_campaign(scenario: Scenario, campaign: Campaign, path: tuple[str, ...]) -> Iterator[Finding]:
    if campaign.gives:
        for key, name in (("touchpoint", campaign.gives.touchpoint), ("at", campaign.gives.at)):
            yield from refer((*path, "gives", key), name, "a touchpoint", scenario.touchpoints)
    if campaign.sends:
        place = (*path, "sends", "touchpoint")
        yield from refer(place, campaign.sends.touchpoint, "a touchpoint", scenario.touchpoints)
    yield from _of_audience(scenario, campaign.picks.audience.segment, (*path, "picks", "from"))
    yield from _of_cards(scenario, campaign.picks.audience, (*path, "picks", "from"))
    when = campaign.picks.when
    if when:
        yield from refer((*path, "picks", "when", "signal"), when.signal, "a signal", scenario.signals)


def _of_audience(scenario: Scenario, wanted: AmongNames | None, path: tuple[str, ...]) -> Iterator[Finding]:
    for name in wanted.is_ if wanted else ():
        yield from refer((*path, "segment", "is"), name, "a segment", scenario.segments)


def _of_cards(scenario: Scenario, audience: Audience, path: tuple[str, ...]) -> Iterator[Finding]:
    for fact, wanted in (("points", audience.points), ("tier", audience.tier)):
        if wanted:
            yield from refer((*path, fact, "of"), wanted.of, "a loyalty programme", scenario.loyalty)
    tier = audience.tier
    if tier and tier.of in scenario.loyalty:
        for key in ("at_least", "at_most"):
            tiers = scenario.loyalty[tier.of].tiers
            yield from refer((*path, "tier", key), getattr(tier, key), f"a tier of {tier.of}", tiers)


def _of_programme(scenario: Scenario, programme: Programme, path: tuple[str, ...]) -> Iterator[Finding]:
    yield from refer((*path, "joins", "at"), programme.joins.at, "a touchpoint", scenario.touchpoints)
    for emotion in programme.reward.feels if programme.reward else ():
        place = (*path, "reward", "feels", emotion)
        yield from refer(place, emotion, "an emotion", scenario.psychology.emotions, key=True)
