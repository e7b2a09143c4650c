"""Names to numbers: one numbering for a strategy and its baseline, so that one can take over from the other."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sim.model.keys import check_distinct
from sim.model.layout import STATES
from sim.scenario import Scenario

FIXED_STREAMS = ("need", "reconsideration", "leaving", "awareness", "entry", "word")
EVERYONE = "everyone"


@dataclass(frozen=True)
class Names:
    """Every name of a scenario and of its baseline, in order of appearance; its place is its number."""

    streams: tuple[str, ...]
    segments: tuple[str, ...]
    calendars: tuple[str, ...]
    pools: tuple[str, ...]
    stocks: tuple[str, ...]
    signals: tuple[str, ...]
    touchpoints: tuple[str, ...]
    triggers: tuple[str, ...]
    steps: tuple[str, ...]
    campaigns: tuple[str, ...]
    events: tuple[str, ...]
    programmes: tuple[str, ...]
    emotions: tuple[str, ...]
    place: dict[str, dict[str, int]] = field(repr=False, compare=False)

    def number(self, kind: str, name: str | None) -> int:
        """The number of a name of a kind; -1 for no name."""
        return -1 if name is None else self.place[kind][name]


def collect(scenarios: Iterable[Scenario]) -> Names:
    """The names of all the scenarios, the baseline's first. Raises ScenarioError where two share a hash."""
    scenarios = list(scenarios)
    found = {kind: _union(scenarios, names) for kind, names in _KINDS.items()}
    found["streams"] = _streams(scenarios[-1], found["campaigns"], found["events"])
    place = {kind: {name: k for k, name in enumerate(names)} for kind, names in found.items()}
    check_distinct(["traits", "friends", *found["streams"]])
    return Names(**found, place=place)


def _union(scenarios: list[Scenario], names) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for scenario in scenarios for name in names(scenario)))


def _streams(scenario: Scenario, campaigns: tuple[str, ...], events: tuple[str, ...]) -> tuple[str, ...]:
    fixed = tuple(
        "renewal" if name == "reconsideration" and scenario.contract else name for name in FIXED_STREAMS
    )
    reaching = [f"campaign {name}" for name in campaigns] + [f"event {name}" for name in events]
    return fixed + tuple(reaching)


def trigger_names(scenario: Scenario) -> list[str]:
    """``touchpoint.trigger`` for every trigger."""
    return [f"{touchpoint}.{name}" for touchpoint, t in scenario.touchpoints.items() for name in t.triggers]


def step_names(scenario: Scenario) -> list[str]:
    """``journey.step`` for every step; ``campaign.touchpoint`` for what a campaign gives, or sends without a
    journey; ``event.touchpoint``."""
    steps = [f"{journey}.{step}" for journey, j in scenario.journeys.items() for step in j.steps]
    steps += [campaign_step(scenario, name) for name in scenario.campaigns]
    return steps + [f"{name}.{event.meets}" for name, event in scenario.events.items()]


def campaign_step(scenario: Scenario, name: str) -> str:
    """The name of the step a campaign's gift or message is."""
    campaign = scenario.campaigns[name]
    return f"{name}.{(campaign.gives or campaign.sends).touchpoint}"


def calendar_name(when: str | None, season: str | None, trend: float = 0.0) -> str | None:
    """The name of a weekly calendar, or of one whose weeks rise and fall with a season and a trend."""
    if trend != 0.0:
        return f"{when or ''}.{season or ''}.{trend!r}"
    return when if season is None else f"{when or ''}.{season}"


def _seasonal(scenario: Scenario) -> list[str]:
    """The calendars with a season or a trend that somebody lives by."""
    needs = [traits.needs for traits in (*scenario.segments.values(), scenario.customers)]
    streams = [scenario.enters.stream] if scenario.enters and scenario.enters.stream else []
    used = [calendar_name(what.when, what.season) for what in streams if what.season]
    used += [calendar_name(what.when, what.season, what.trend) for what in needs if what.season or what.trend]
    return [name for name in used if name]


_KINDS = {
    "segments": lambda s: s.segments or [EVERYONE],
    "calendars": lambda s: [
        *s.calendars,
        *(f"open {pool}" for pool, p in s.staff.items() if p.open),
        *_seasonal(s),
    ],
    "pools": lambda s: s.staff,
    "stocks": lambda s: s.stock,
    "signals": lambda s: s.signals,
    "touchpoints": lambda s: s.touchpoints,
    "triggers": trigger_names,
    "steps": step_names,
    "campaigns": lambda s: s.campaigns,
    "events": lambda s: s.events,
    "programmes": lambda s: s.loyalty,
    "emotions": lambda s: s.psychology.emotions,
}


def states(names: Names) -> tuple[str, ...]:
    """What a pull may read, by number."""
    return names.emotions + STATES
