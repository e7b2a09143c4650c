"""Loyalty programmes: who joins, what a purchase earns, what the points buy."""

from typing import Literal

from pydantic import model_validator

from sim.scenario.feelings import Feels
from sim.scenario.quantities import Money, NotNegative, Outlay, Positive, PositiveDuration, Share, Whole
from sim.scenario.record import Record, declared
from sim.scenario.wrong import Wrong


class Joins(Record):
    """Where a customer can join, and who does."""

    at: str = declared("The touchpoint at which customers are asked.")
    chance: Share = declared("Share of the customers who join at their first good touch there.", 1.0)


class Earns(Record):
    """What a purchase earns: stamps or points, two words for the same thing."""

    stamps: Positive | None = declared("Stamps.", None)
    points: Positive | None = declared("Points.", None)
    per: Literal["purchase", "currency"] = declared(
        "For every purchase, or for every unit of currency paid.", "purchase"
    )

    @model_validator(mode="after")
    def _one(self) -> "Earns":
        if (self.stamps is None) == (self.points is None):
            raise Wrong("expected either stamps or points")
        return self

    @property
    def number(self) -> float:
        """Points, whatever they are called."""
        return self.stamps or self.points or 0.0


class Reward(Record):
    """What the points buy, taken by itself at the next purchase once there are enough."""

    at: Positive = declared("Points that it takes.")
    worth: Money = declared(
        "What it is worth to the customer, and by how much it lowers the price of that order, in currency."
    )
    cost: Money = declared(
        "What it costs the brand, in place of the goods that it pays for, in currency.", 0.0
    )
    feels: Feels = declared("Emotional impulses of getting it, each -1..1.", dict)


class Expires(Record):
    """When points lapse."""

    after: PositiveDuration = declared("Points lapse after this time, in days.")
    without: Literal["purchase"] = declared("What did not happen in that time.", "purchase")


class Tier(Record):
    """A rank that points a year give."""

    at: Positive = declared("Points earned in this membership year or the one before.")
    earns_times: Positive = declared("How many times as many points a purchase earns.", 1.0)
    priority: Whole | None = declared("Served with this priority where the touchpoint's is worse.", None)
    worth: Money = declared("What the tier is worth to the customer, in currency per year.", 0.0)


class ProgrammeCosts(Record):
    """What a programme costs beside its rewards."""

    setup: Outlay = declared("Once, in currency.", 0.0)
    per_member: Money = declared("For everybody who joins, in currency.", 0.0)


class Programme(Record):
    """A loyalty programme: a card with stamps, points, tiers."""

    joins: Joins = declared("Where a customer can join, and who does.")
    earns: Earns = declared("What a purchase earns.")
    head_start: NotNegative = declared("Points that are there from the start.", 0.0)
    reward: Reward | None = declared("What the points buy.", None)
    expires: Expires | None = declared("When points lapse; never without it.", None)
    tiers: dict[str, Tier] = declared("Tiers by name, the lowest first.", dict)
    pull: NotNegative = declared(
        "How much a nearly full card draws at a need, in logits.", 0.6, assumption="0.1 .. 1.2"
    )
    costs: ProgrammeCosts = declared("What it costs beside its rewards.", ProgrammeCosts)

    @model_validator(mode="after")
    def _for_something(self) -> "Programme":
        if self.reward is None and not self.tiers:
            raise Wrong("expected a reward or tiers")
        if self.reward and self.head_start >= self.reward.at:
            raise Wrong(
                f"expected fewer than the {self.reward.at:g} that the reward takes, got {self.head_start:g}",
                ("head_start",),
            )
        return self
