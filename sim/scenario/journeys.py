"""Journeys: graphs of steps with weighted, delayed edges."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, model_validator

from sim.scenario.distributions import constant
from sim.scenario.quantities import NotNegative, Number, Share, Weight
from sim.scenario.record import Record, declared
from sim.scenario.touchpoints import DurationDist
from sim.scenario.wrong import Wrong, shown

END, LEAVE = "end", "leave"
OCCASIONS = ("need", "renewal", "leaving", "awareness", "entry", "message")
OUTCOME_EDGES = ("next", "if_failed", "if_gave_up", "if_sold_out", "if_closed")


class Edge(Record):
    """A way on: how likely, how soon, and what draws people to it."""

    weight: Weight = declared("Only the proportions between the edges of an outcome count.", 1.0)
    after: DurationDist = declared("Delay before the next step, in days (gamma).", constant(0))
    pulls: dict[str, Number] = declared("Logit coefficient of each state that draws people here.", dict)
    follows: dict[str, NotNegative] = declared(
        "For each signal: by how much of itself the weight grows with every one that the signal counts.", dict
    )


def _spell_out(node: Any) -> Any:
    """``coffee`` and ``{coffee: 70}`` in the full form ``{coffee: {weight: 70}}``."""
    if isinstance(node, str):
        return {node: {}}
    if not isinstance(node, Mapping):
        raise Wrong(f"expected a step, or steps and their weights, got {shown(node)}")
    return {target: edge if isinstance(edge, Mapping) else {"weight": edge} for target, edge in node.items()}


Edges = Annotated[dict[str, Edge], BeforeValidator(_spell_out)]


class Step(Record):
    """A touchpoint on the way and where it leads, by outcome; one left out goes the way of ``next``."""

    touchpoint: str = declared("The touchpoint met here; the one named like the step without it.", "")
    next: Edges = declared("Where it leads; the journey ends here without it.", lambda: {END: Edge()})
    if_failed: Edges | None = declared("Where it leads when the touch fails.", None)
    if_gave_up: Edges | None = declared("Where it leads when the customer gives up waiting.", None)
    if_sold_out: Edges | None = declared("Where it leads when the stock is empty.", None)
    if_closed: Edges | None = declared("Where it leads outside opening hours.", None)

    def edges(self) -> dict[str, dict[str, Edge]]:
        """The edges that are declared, by outcome, in the order of ``OUTCOME_EDGES``."""
        found = {outcome: getattr(self, outcome) for outcome in OUTCOME_EDGES}
        return {outcome: edges for outcome, edges in found.items() if edges is not None}


class Start(Record):
    """What an occasion turns into."""

    becomes: str = declared("The first step.")
    usually: Share = declared("Share of the occasions that turn into it as things stand today.", 1.0)


class MessageStart(Start):
    """A journey that a campaign's message may set off."""

    of: str = declared("The campaign that sends the message.")


class StartsOn(Record):
    """The one occasion a journey starts on."""

    need: Start | None = declared("A need of the customer's own.", None)
    renewal: Start | None = declared("A renewal of the contract falls due.", None)
    leaving: Start | None = declared("A customer has decided to leave.", None)
    awareness: Start | None = declared("A prospect hears of the brand.", None)
    entry: Start | None = declared("Somebody arrives (one-shot visitors, new customers).", None)
    message: MessageStart | None = declared("A message of a campaign is seen.", None)

    @model_validator(mode="after")
    def _one(self) -> "StartsOn":
        if len(self.model_fields_set) != 1:
            raise Wrong(f"expected exactly one occasion of {', '.join(OCCASIONS)}")
        return self

    @property
    def occasion(self) -> str:
        """Its name."""
        return next(iter(self.model_fields_set))

    @property
    def start(self) -> Start:
        """What it turns into."""
        return getattr(self, self.occasion)


class Journey(Record):
    """A graph of touchpoints that starts on one occasion."""

    starts_on: StartsOn = declared("The occasion it starts on.")
    steps: dict[str, Step] = declared("The steps by name.")

    @model_validator(mode="before")
    @classmethod
    def _name_touchpoints(cls, node: Any) -> Any:
        steps = node.get("steps") if isinstance(node, Mapping) else None
        if not isinstance(steps, Mapping):
            return node
        return {**node, "steps": {name: _named(name, step) for name, step in steps.items()}}

    @property
    def occasion(self) -> str:
        """The occasion it starts on."""
        return self.starts_on.occasion

    @property
    def becomes(self) -> str:
        """Its first step."""
        return self.starts_on.start.becomes

    @property
    def usually(self) -> float:
        """Share of the occasions that turn into it today."""
        return self.starts_on.start.usually


def _named(name: str, step: Any) -> Any:
    return {"touchpoint": name, **step} if isinstance(step, Mapping) else step
