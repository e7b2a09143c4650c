"""Journeys as graphs: steps that nothing leads to, and steps with no way out."""

from collections.abc import Iterator

from sim.scenario.journeys import END, LEAVE, Edge, Journey, Step
from sim.scenario.references import Finding
from sim.scenario.schema import Scenario
from sim.scenario.touchpoints import Touchpoint

Place = tuple[str, str]  # journey and step


def ways(scenario: Scenario) -> Iterator[Finding]:
    """What is wrong with the ways through the journeys; every name in them must exist."""
    named = scenario.journeys.items()
    yield from (finding for name, journey in named for finding in _unreached(name, journey))
    weightless = [finding for name, journey in named for finding in _weightless(name, journey)]
    yield from weightless or _stuck(scenario)


def _weightless(name: str, journey: Journey) -> Iterator[Finding]:
    for step_name, step in journey.steps.items():
        for outcome, edges in step.edges().items():
            if not any(edge.weight > 0 for edge in edges.values()):
                path = ("journeys", name, "steps", step_name, outcome)
                yield Finding(path, "expected at least one weight above 0")


def _unreached(name: str, journey: Journey) -> Iterator[Finding]:
    reached, waiting = {journey.becomes}, [journey.becomes]
    while waiting:
        targets = [target for edges in journey.steps[waiting.pop()].edges().values() for target in edges]
        new = [target for target in targets if target in journey.steps and target not in reached]
        reached.update(new)
        waiting += new
    for step in journey.steps:
        if step not in reached:
            yield Finding(("journeys", name, "steps", step), "nothing leads here", key=True)


def _stuck(scenario: Scenario) -> Iterator[Finding]:
    """Steps from which neither end nor leave can be reached, one finding a journey."""
    onward = {
        (journey_name, step_name): _targets(scenario, journey_name, step)
        for journey_name, journey in scenario.journeys.items()
        for step_name, step in journey.steps.items()
    }
    out = _leading_out(onward)
    for journey in scenario.journeys:
        stuck = [step for name, step in onward if name == journey and (name, step) not in out]
        if stuck:
            message = f"no way out: from {_listed(stuck)} neither end nor leave can be reached"
            yield Finding(("journeys", journey, "steps", stuck[0]), message, key=True)


def _leading_out(onward: dict[Place, set[Place | None]]) -> set[Place]:
    """The places from which an end (None) can be reached: grown backwards from the ends."""
    out: set[Place | None] = {None}
    while True:
        more = {place for place, targets in onward.items() if place not in out and targets & out}
        if not more:
            return {place for place in out if place}
        out |= more


def _targets(scenario: Scenario, journey: str, step: Step) -> set[Place | None]:
    touchpoint = scenario.touchpoints[step.touchpoint]
    edges = [edges for outcome, edges in step.edges().items() if _happens(outcome, touchpoint)]
    return {_place(scenario, journey, target) for some in edges for target in _open(some)}


def _open(edges: dict[str, Edge]) -> list[str]:
    return [target for target, edge in edges.items() if edge.weight > 0]


def _place(scenario: Scenario, journey: str, target: str) -> Place | None:
    if target in scenario.journeys[journey].steps:
        return journey, target
    return None if target in (END, LEAVE) else (target, scenario.journeys[target].becomes)


def _happens(outcome: str, touchpoint: Touchpoint) -> bool:
    """Whether a touch can have an outcome at all."""
    staff, fails = touchpoint.staff, touchpoint.fails
    return {
        "next": not (fails and fails.chance == 1),
        "if_failed": bool(fails and fails.chance > 0),
        "if_gave_up": bool(staff and staff.patience),
        "if_sold_out": touchpoint.draws is not None,
        "if_closed": staff is not None,
    }[outcome]


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
