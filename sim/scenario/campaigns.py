"""Campaigns: whom they pick, what they give or send, and what holds them back; and events, which nobody planned."""

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic_core import core_schema

from sim.scenario.quantities import (
    DURATION,
    BudgetLimit,
    Duration,
    Few,
    Intensity,
    NotNegative,
    NpsScore,
    Number,
    Outlay,
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


class DaysType:
    """Pydantic metadata: durations, each later than the one before it, become a tuple of days."""

    def parse(self, node: Any) -> tuple[float, ...]:
        """Raises :class:`Wrong` for anything else."""
        days = tuple(DURATION.parse(day) for day in node) if isinstance(node, list | tuple) else ()
        if not days or any(later <= day for day, later in pairwise(days)):
            raise Wrong(f"expected a list of times, each after the one before, got {shown(node)}")
        return days

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.parse)

    def json_schema(self) -> dict[str, Any]:
        """What an editor should accept here."""
        return {"type": "array", "items": DURATION.json_schema(), "examples": [["10 d", "40 d"]]}


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


class BetweenScores(Record):
    """An answer from 0 to 10."""

    at_least: NpsScore | None = declared("The least it may be, from 0 to 10.", None)
    at_most: NpsScore | None = declared("The most it may be, from 0 to 10.", None)


class BetweenRisks(Record):
    """An estimate from 0 to 1."""

    at_least: Intensity | None = declared("The least it may be, from 0 to 1.", None)
    at_most: Intensity | None = declared("The most it may be, from 0 to 1.", None)


class Points(Record):
    """Points on a card."""

    of: str = declared("The loyalty programme.")
    at_least: NotNegative | None = declared("The least there may be; nobody without a card has any.", None)
    at_most: NotNegative | None = declared("The most there may be.", None)


class Tiers(Record):
    """A tier, as a name."""

    of: str = declared("The loyalty programme.")
    at_least: str | None = declared("The lowest tier it may be.", None)
    at_most: str | None = declared("The highest tier it may be; nobody without a tier is above it.", None)


class Audience(Record):
    """What must be true of a customer to be picked: facts that the brand can see."""

    segment: AmongNames | None = declared("The segment.", None)
    orders: Between | None = declared("Orders so far.", None)
    orders_last_30_d: BetweenFew | None = declared(
        "Orders in the last 30 days (up to 8 are remembered).", None
    )
    days_since_order: Between | None = declared("Days since the last order.", None)
    days_since_entry: Between | None = declared("Days as a customer.", None)
    last_answer: BetweenScores | None = declared("The last answer to a survey; not without one.", None)
    at_risk: BetweenRisks | None = declared(
        "The brand's estimate that the customer is about to leave, with its errors.", None
    )
    points: Points | None = declared("Points on the card of a loyalty programme.", None)
    tier: Tiers | None = declared("The tier in a loyalty programme.", None)
    left: bool = declared(
        "Only those who have ended their contract; otherwise only those who have not.", False
    )


class When(Record):
    """Bounds on a published signal."""

    signal: str = declared("The signal, as last published, mean over sites.")
    at_least: Number | None = declared("The least it may be.", None)
    at_most: Number | None = declared("The most it may be.", None)

    @model_validator(mode="after")
    def _bounded(self) -> "When":
        if self.at_least is None and self.at_most is None:
            raise Wrong("expected at_least or at_most, or both")
        return self


class Picks(Record):
    """When a campaign looks for people, and whom it takes."""

    every: PositiveDuration | None = declared("Time between two picks, in days.", None)
    at: Annotated[tuple[float, ...], DaysType()] | None = declared(
        "A list of picks instead: times after the campaign starts, in days.", None
    )
    on: Literal["birthday", "anniversary", "lapse"] | None = declared(
        "Instead, who has a date: it is looked for once a day.", None
    )
    after: PositiveDuration | None = declared(
        "Time without an order that is a lapse, in days; goes with on: lapse.", None
    )
    chance: Share = declared("Share of the audience that is picked each time.", 1.0)
    audience: Audience = Field(
        default_factory=Audience, alias="from", description="Facts that must hold; everybody without any."
    )
    when: When | None = declared("Picks only while a published signal is within bounds.", None)

    @model_validator(mode="after")
    def _one_schedule(self) -> "Picks":
        if [self.every, self.at, self.on].count(None) != 2:
            raise Wrong("expected exactly one of every, at and on (on looks once a day)")
        if (self.on == "lapse") != (self.after is not None):
            raise Wrong("expected after together with on: lapse, such as {on: lapse, after: 60 d}")
        return self


class Gives(Record):
    """A gift handed over at the customer's next visit."""

    touchpoint: str = declared("The touchpoint that is the gift.")
    at: str = declared("The touchpoint at which it is handed over.")


class Sends(Record):
    """A message."""

    touchpoint: str = declared("The touchpoint that is the message.")
    within: Duration = declared("Messages are spread over this time, in days.", 0.0)
    wins_back: Share = declared(
        "Share of the neutral customers who have left that it brings back, at the full price.", 0.0
    )

    @model_validator(mode="after")
    def _not_all(self) -> "Sends":
        if self.wins_back >= 1.0:
            raise Wrong("expected less than 100 %", ("wins_back",))
        return self


class Limits(Record):
    """What holds a campaign back."""

    per_customer: Spacing | None = declared(
        "At most so often to one customer; kept as days between two.", None
    )
    budget: BudgetLimit | None = declared("Money it may spend, in all or per period, in currency.", None)
    hold_out: Share = declared("Share of the customers who never get it, drawn at random.", 0.0)


class Costs(Record):
    """What a campaign costs beside its touches."""

    setup: Outlay = declared("Once, in currency.", 0.0)


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


class Whom(Record):
    """Who lives through an event."""

    segment: AmongNames | None = declared("The segment.", None)


class Event(Record):
    """Something that happens to people and is nobody's campaign: it costs nothing and spares nobody."""

    at: Duration = declared("When, in days from the start.")
    every: PositiveDuration | None = declared("Time after which it happens again, in days.", None)
    meets: str = declared("The touchpoint that it is to everybody who hears of it.")
    to: Whom = declared("Who lives through it; everybody without any.", Whom)
    share: Share = declared("Share of them that it reaches, drawn anew each time.", 1.0)
    within: Duration = declared("It spreads over this time, in days.", 0.0)
    prospects: bool = declared("Whether it reaches prospects too.", False)
