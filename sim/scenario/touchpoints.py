"""Touchpoints, and the staff, stock and published signals they use."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from sim.scenario import quantities as q
from sim.scenario.distributions import Dist, constant
from sim.scenario.feelings import Feels
from sim.scenario.quantities import (
    Count,
    Duration,
    Intensity,
    Money,
    NotNegative,
    Outlay,
    PositiveCount,
    PositiveDuration,
    Score,
    Share,
    Stars,
    Wage,
    Whole,
)
from sim.scenario.record import Record, declared
from sim.scenario.scripts import Script, ScriptType
from sim.scenario.spreads import DistOf
from sim.scenario.surveys import Asks
from sim.scenario.weekly import OpenHoursType, Slot, Span, SpansType
from sim.scenario.wrong import Wrong

Stage = Literal["awareness", "consideration", "purchase", "use", "support", "loyalty", "advocacy"]
Engagement = Literal["contextual", "convenience", "emotional", "social"]
DurationDist = Annotated[Dist, DistOf(q.DURATION)]
ScoreDist = Annotated[Dist, DistOf(q.SCORE)]


# ---------------------------------------------------------------- what touchpoints use
class Staff(Record):
    """A pool of people who serve customers, once per site."""

    servers: PositiveCount = declared("How many serve at the same time.")
    shifts: Annotated[tuple[Slot, ...] | None, SpansType()] = declared(
        "How many serve in spans of the week, such as mon-fri 07:00-09:30; at other times `servers` do.", None
    )
    open: Annotated[tuple[Span, ...] | None, OpenHoursType()] = declared(
        "Opening hours, such as every day 07:00-18:00; always open without them.", None
    )
    wage: Wage = declared("Wage of one server, in currency per hour open.", 0.0)


class Refill(Record):
    """When stock comes back, and how much."""

    every: PositiveDuration = declared("Time between refills, in days.")
    to: Count | None = declared("Fill up to this many units.", None)
    add: Count | None = declared("Add this many units.", None)

    @model_validator(mode="after")
    def _one(self) -> "Refill":
        if (self.to is None) == (self.add is None):
            raise Wrong("expected either to or add")
        return self


class Stock(Record):
    """A number of units, once per site."""

    start: Count = declared("Units on day 0.")
    refill: Refill | None = declared("When and by how much it is refilled; never without it.", None)
    shown: PositiveDuration = declared(
        "Time between two looks at the level that customers can see, in days.", 0.25
    )


class ReviewStart(Record):
    """The reviews that are there on day 0."""

    count: Count = declared("How many reviews there are.", 0)
    average: Stars | None = declared("Their average, 1 to 5 stars.", None)


class Fakes(Record):
    """Reviews that no customer wrote."""

    count: Count = declared("How many, in each place where the signal is shown.")
    average: Stars = declared("Their average, 1 to 5 stars.")
    from_: Duration = Field(0.0, alias="from", description="When they appear, in days from the start.")
    until: Duration | None = declared(
        "When they are taken down, in days from the start; never without.", None
    )
    cost: Outlay = declared("What the brand paid for them, if it did, once and in currency.", 0.0)


class Signal(Record):
    """Something everybody can see, as of its last refresh."""

    kind: Literal["reviews", "popularity", "adopters"] = declared(
        "Reviews written by customers, how many do something, or how many have become customers."
    )
    start: ReviewStart = declared("For reviews: what is there on day 0.", ReviewStart)
    fakes: Fakes | None = declared("For reviews: some that no customer wrote.", None)
    counts: str | None = declared("For popularity: the touchpoint whose touches are counted.", None)
    window: Annotated[float, q.WINDOW] = declared(
        "For popularity: how far back it counts, in days, or forever.", 7.0
    )
    refresh: Annotated[float, q.REFRESH] = declared(
        "Time between two publications, in days; live: always as it stands.", 1.0
    )
    scope: Literal["site", "brand"] = declared("Whether every site has its own.", "site")

    @property
    def live(self) -> bool:
        """Whether it is read as it stands at the instant."""
        return self.refresh == 0.0


# ---------------------------------------------------------------- parts of a touchpoint
class Mishap(Record):
    """What it does to a customer when a touch does not come off."""

    severity: Intensity = declared("How bad it is: lowers perceived quality, 0..1.", 0.5)
    feels: Feels = declared("Emotional impulses, each -1..1.", dict)


class Failure(Mishap):
    """Touches that go wrong."""

    chance: Share = declared("Share of touches that fail.")
    still_sells: bool = declared(
        "Whether a touch that fails is paid for all the same, such as a wrong order.", False
    )


class GaveUp(Mishap):
    """The wait for staff was too long."""


class SoldOut(Mishap):
    """The stock was empty."""

    severity: Intensity = declared("How bad it is: lowers perceived quality, 0..1.", 0.3)


class Closed(Mishap):
    """Nobody serves at this hour."""

    severity: Intensity = declared("How bad it is: lowers perceived quality, 0..1.", 0.2)


class Sale(Record):
    """A touchpoint at which money changes hands."""

    price: Annotated[float | str, q.PRICE] = declared(
        "A price in currency, own_spend (what this customer spends) or contract (the contract's price)."
    )
    margin: Share | None = declared(
        "Share of the price that remains after the goods (the contract's margin for a contract, else 100 %).",
        None,
    )
    discount: Share = declared("Share taken off the price.", 0.0)


class Service(Record):
    """The staff a touchpoint needs."""

    pool: str = declared("Name of the staff pool.")
    service: DurationDist = declared("Time one customer takes, in days (gamma).")
    patience: DurationDist | None = declared(
        "Wait before giving up, in days (gamma); unlimited without it.", None
    )
    priority: Whole = declared("Lower is served first.", 0)


class Trigger(Record):
    """A behavioural trigger: scarcity, social proof or reciprocity."""

    kind: Literal["scarcity", "social_proof", "reciprocity"] = declared("What it works by.")
    strength: NotNegative = declared("Its strength; 0 switches it off.", 1.0, assumption="0.2 .. 2")
    on: Literal["start", "next"] | None = declared(
        "The decision it moves: start (of a journey that may not happen and begins here) or else next.",
        None,
    )
    cue: Literal["supply", "time", "demand"] | None = declared("For scarcity: what is short.", None)
    reads: str | None = declared(
        "The signal (social proof, demand) or the stock (supply) that it shows.", None
    )
    below: Count | None = declared(
        "For supply: felt below this stock (a quarter of its start without it).", None
    )
    until: Duration | None = declared("For time: the deadline, in days from the start.", None)
    worth: Money | None = declared(
        "For reciprocity: what the gift is worth to the customer, in currency.", None
    )
    from_: Literal["influencer", "friends"] | None = Field(
        None, alias="from", description="For social proof: whose word it is, where it reads no signal."
    )
    fit: Intensity | None = declared("For an influencer: how well he fits the brand, 0..1.", None)
    genuine: bool = declared("Whether scarcity is real and a gift is meant; false can be found out.", True)


class Training(Record):
    """Staff who are taught and allowed to do better, from day 0 on; it takes effect little by little."""

    over: PositiveDuration = declared("Time in which half of it takes effect, in days.")
    fewer_failures: Share = declared("Share of the failures that are gone in the end.", 0.0)
    empathy: Intensity = declared("How far empathy rises toward 1 in the end, 0..1.", 0.0)
    recovers: Share = declared("How far recovers rises toward 100 % in the end.", 0.0)
    cost: Outlay = declared("Once, for the whole brand, in currency.", 0.0)


class TouchpointCosts(Record):
    """What a touchpoint costs beside its touches."""

    setup: Outlay = declared("Once, for the whole brand, in currency.", 0.0)
    running: Annotated[float, q.UPKEEP] = declared(
        "As long as the run lasts, for the whole brand, in currency per day.", 0.0
    )


class Touchpoint(Record):
    """Where customer and brand meet."""

    stage: Stage = declared("Stage of the customer journey.", "use")
    channel: str = declared("Where it happens: web, shop, phone ...", "")
    engagement: Engagement = declared("What kind of engagement it is.", "contextual")
    quality: ScoreDist = declared(
        "Quality of a touch: -1 awful, 0 what one gets anywhere, 1 wonderful (clipped normal).", constant(0)
    )
    empathy: Intensity = declared("How human and understanding it is, 0..1.", 0.0)
    effort: Intensity = declared("What it asks of the customer, 0..1.", 0.0)
    transparency: Intensity = declared("How openly it says what happens and why, 0..1.", 0.5)
    personalisation: Intensity = declared("How much it uses what it knows of the customer, 0..1.", 0.0)
    control: Intensity = declared("How far the customer controls that use, 0..1.", 0.0)
    feels: Feels = declared("Emotional impulses of a good touch, each -1..1.", dict)
    fails: Failure | None = declared("How often a touch goes wrong, and what that does.", None)
    gave_up: GaveUp = declared("What giving up the wait does.", GaveUp)
    sold_out: SoldOut = declared("What finding it sold out does.", SoldOut)
    closed: Closed = declared("What finding it closed does.", Closed)
    recovers: Share = declared("Share of an earlier failure's harm that a good touch here makes good.", 0.0)
    promises: Score | None = declared("Quality that it leads people to expect, -1..1.", None)
    shows_alternatives: Intensity = declared("How far it lets people know of other suppliers, 0..1.", 0.0)
    community: Intensity = declared("How far customers belong together here, 0..1.", 0.0)
    guarantee: Intensity = declared("How much of the risk of a first purchase it takes away, 0..1.", 0.0)
    cost: Money = declared("Cost of one touch to the brand, in currency.", 0.0)
    costs: TouchpointCosts = declared("What it costs beside its touches.", TouchpointCosts)
    training: Training | None = declared("Staff who are taught to do better here.", None)
    suits: str | None = declared(
        "Calendar of the hours that suit it: its personalisation is relevant in proportion.", None
    )
    sells: Sale | None = declared("The purchase that happens here.", None)
    staff: Service | None = declared("The staff it needs.", None)
    draws: str | None = declared("The stock of which each touch takes one unit.", None)
    writes: str | None = declared("The review signal to which each touch adds a review.", None)
    triggers: dict[str, Trigger] = declared("Behavioural triggers by name.", dict)
    asks: Asks | None = declared("The survey that a good touch here is.", None)
    python: Annotated[Script | None, ScriptType()] = declared(
        "A function of your own that says what happens here: FILE.py:FUNCTION, the file beside this one.",
        None,
    )
