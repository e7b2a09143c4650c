"""Campaigns: whom they pick, what they give or send, and what holds them back."""

from typing import Annotated, Any

from pydantic import Field, model_validator
from pydantic_core import core_schema

from sim.scenario.quantities import (
    BudgetLimit,
    Duration,
    Few,
    Money,
    NotNegative,
    PositiveDuration,
    Share,
    Spacing,
)
from sim.scenario.record import Record, declared
from sim.scenario.wrong import Wrong, shown


class NamesType:
    """Pydantic metadata: a name or a list of names becomes a tuple."""

    def parse(self, node: Any) -> tuple[str, ...]:
        """Raises :class:`Wrong` for anything else."""
        names = node if isinstance(node, list | tuple) else [node]
        if not names or not all(isinstance(name, str) for name in names):
            raise Wrong(f"expected a name or a list of names, got {shown(node)}")
        return tuple(names)

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.parse)

    def json_schema(self) -> dict[str, Any]:
        """What an editor should accept here."""
        return {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}


class AmongNames(Record):
    """A fact that is a name."""

    is_: Annotated[tuple[str, ...], NamesType()] = Field(
        alias="is", description="The name, or a list of names, it must be."
    )


class Between(Record):
    """A fact that is a number, with its bounds included."""

    at_least: NotNegative | None = declared("The least it may be.", None)
    at_most: NotNegative | None = declared("The most it may be.", None)


class BetweenFew(Record):
    """A count of which eight are remembered."""

    at_least: Few | None = declared("The least it may be, up to 8.", None)
    at_most: Few | None = declared("The most it may be, up to 8.", None)


class Audience(Record):
    """What must be true of a customer to be picked: facts that the brand can see."""

    segment: AmongNames | None = declared("The segment.", None)
    orders: Between | None = declared("Orders so far.", None)
    orders_last_30_d: BetweenFew | None = declared(
        "Orders in the last 30 days (up to 8 are remembered).", None
    )
    days_since_order: Between | None = declared("Days since the last order.", None)
    days_since_entry: Between | None = declared("Days as a customer.", None)


class Picks(Record):
    """When a campaign looks for people, and whom it takes."""

    every: PositiveDuration = declared("Time between two picks, in days.")
    chance: Share = declared("Share of the audience that is picked each time.", 1.0)
    audience: Audience = Field(
        default_factory=Audience, alias="from", description="Facts that must hold; everybody without any."
    )


class Gives(Record):
    """A gift handed over at the customer's next visit."""

    touchpoint: str = declared("The touchpoint that is the gift.")
    at: str = declared("The touchpoint at which it is handed over.")


class Sends(Record):
    """A message."""

    touchpoint: str = declared("The touchpoint that is the message.")
    within: Duration = declared("Messages are spread over this time, in days.", 0.0)


class Limits(Record):
    """What holds a campaign back."""

    per_customer: Spacing | None = declared(
        "At most so often to one customer; kept as days between two.", None
    )
    budget: BudgetLimit | None = declared("Money it may spend, in all or per period, in currency.", None)
    hold_out: Share = declared("Share of the customers who never get it, drawn at random.", 0.0)


class Costs(Record):
    """What a campaign costs beside its touches."""

    setup: Money = declared("Once, in currency.", 0.0)


class Campaign(Record):
    """Something the brand does on its own initiative; it gives or it sends."""

    starts: Duration = declared("First pick, in days from the start.", 0.0)
    ends: Duration | None = declared("No picks from then on, in days from the start.", None)
    picks: Picks = declared("When it looks for people, and whom it takes.")
    gives: Gives | None = declared("A gift at the next visit.", None)
    sends: Sends | None = declared("A message.", None)
    limits: Limits = declared("What holds it back.", Limits)
    costs: Costs = declared("What it costs beside its touches.", Costs)

    @model_validator(mode="after")
    def _one_act(self) -> "Campaign":
        if (self.gives is None) == (self.sends is None):
            raise Wrong("expected either gives or sends")
        return self
