"""The scenario: everything a user may write, validated."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, ValidationInfo, model_validator

from sim.scenario import quantities as q
from sim.scenario.assumptions import Assumption, AssumptionType
from sim.scenario.campaigns import Campaign, Event
from sim.scenario.columns import read_column
from sim.scenario.journeys import Journey
from sim.scenario.loyalty import Programme
from sim.scenario.network import Network
from sim.scenario.nodes import Node, Origin, origins, written
from sim.scenario.psychology import Psychology, PsychologySetting
from sim.scenario.quantities import Duration, Money, Period, PositiveDuration, Rate, Share
from sim.scenario.record import Record, declared
from sim.scenario.seasons import Season, SeasonType
from sim.scenario.touchpoints import Signal, Staff, Stock, Touchpoint
from sim.scenario.traits import Segment, Traits
from sim.scenario.weekly import Calendar, CalendarType
from sim.scenario.wrong import Wrong, shown


def _text(value: Any) -> Any:
    if not isinstance(value, str | date):
        raise Wrong(f"expected a date such as 2026-01-05, got {shown(value)}")
    return value


Day = Annotated[date, BeforeValidator(_text)]


class Population(Record):
    """How many customers there are on day 0, and how many share a site."""

    size: Annotated[int, q.SIZE] = declared("Customers on day 0 (1000; 0 where people enter later).", 1000)
    site: Annotated[int | str, q.SITE] = declared(
        "Customers who share one site, its staff, stock and local signals; all: one site.", "all"
    )


class OnDays(Record):
    """Customers who enter on given days, read from a CSV file."""

    file: str = declared("CSV file, beside the scenario file.")
    column: str = declared("Its column of days since the start, one row a customer.")
    first_need: Literal["at entry", "later"] = declared(
        "Whether the first need comes with the entry.", "later"
    )
    _days: tuple[float, ...] = PrivateAttr(default=())

    @model_validator(mode="after")
    def _read(self, info: ValidationInfo) -> "OnDays":
        node = {"file": self.file, "column": self.column}
        self._days = tuple(read_column(node, q.NOT_NEGATIVE, info.context))
        return self

    @property
    def days(self) -> tuple[float, ...]:
        """The entry day of every customer, in the order of the file."""
        return self._days


class Stream(Record):
    """One-shot visitors who arrive at random; their journey starts on entry."""

    rate: Rate = declared("Arrivals per day.")
    when: str | None = declared("Calendar of the arrivals.", None)
    season: str | None = declared("Season of the arrivals.", None)


class Enters(Record):
    """How people arrive during the run."""

    on_days: OnDays | None = declared("On given days.", None)
    stream: Stream | None = declared("A stream of one-shot visitors.", None)

    @model_validator(mode="after")
    def _one(self) -> "Enters":
        if (self.on_days is None) == (self.stream is None):
            raise Wrong("expected either on_days or stream")
        return self


class ActiveIf(Record):
    """Who counts as an active customer in the business's own books."""

    bought_within: PositiveDuration = declared("Bought within this time, in days.", 90.0)


class Contract(Record):
    """A contract that customers renew."""

    renews: Period = declared("Time between renewals, in days.")
    price: Money = declared("Price of one period, in currency.", 0.0)
    margin: Share = declared("Share of the price that remains.", 1.0)
    first: Literal["spread", "at entry"] = declared(
        "First renewal of those there on day 0: spread over the period, or a period after entry.", "spread"
    )


class Window(Record):
    """A stretch of the run with KPIs of its own."""

    from_: Duration = Field(alias="from", description="Its begin, in days from the start.")
    to: Duration = declared("Its end, in days from the start.")

    @model_validator(mode="after")
    def _forward(self) -> "Window":
        if self.to <= self.from_:
            raise Wrong("expected a window that ends after it begins", ("to",))
        return self


class Scenario(Record):
    """A business and its customers, as one file (and those it extends) describes them."""

    name: str = declared("Title of the scenario.")
    about: str = declared("What it is about, in a sentence or two.", "")
    currency: str = declared("Currency of all amounts.", "EUR")
    horizon: Annotated[float, q.HORIZON] = declared("How long the run lasts, in days.")
    starts: Day | None = declared("Date of day 0; a Monday without it.", None)
    warm_up: Annotated[float, q.WARM_UP] | None = declared(
        "Unrecorded time before day 0, in days (60 d; 0 with psychology off or nobody there on day 0).", None
    )
    as_stated: bool = declared(
        "Whether stated rates are what the baseline shows, solved in a pilot run; false takes them for neutral "
        "new customers.",
        True,
    )
    discount_rate: Share = declared("Discount on later money, share per year.", 0.10)
    population: Population = declared("How many customers there are, and how many share a site.", Population)
    enters: Enters | None = declared("How people arrive during the run.", None)
    active_if: ActiveIf = declared("Who counts as an active customer.", ActiveIf)
    contract: Contract | None = declared("The contract that customers renew, if there is one.", None)
    customers: Traits = declared("What is true of everyone, unless a segment says otherwise.", Traits)
    segments: dict[str, Segment] = declared("Kinds of customers by name.", dict)
    calendars: dict[str, Annotated[Calendar, CalendarType()]] = declared(
        "How needs spread over the week: spans and how busy they are; only proportions count.", dict
    )
    seasons: dict[str, Annotated[Season, SeasonType()]] = declared(
        "How needs spread over the year: months or days and how busy they are; 1 elsewhere.", dict
    )
    staff: dict[str, Staff] = declared("Staff pools by name.", dict)
    stock: dict[str, Stock] = declared("Stocks by name.", dict)
    network: Network | None = declared("Who is whose friend; nobody tells anybody without it.", None)
    signals: dict[str, Signal] = declared("Published signals by name.", dict)
    touchpoints: dict[str, Touchpoint] = declared("Touchpoints by name.", dict)
    journeys: dict[str, Journey] = declared("Journeys by name.", dict)
    campaigns: dict[str, Campaign] = declared("Campaigns by name.", dict)
    events: dict[str, Event] = declared("What happens to people without the brand's doing, by name.", dict)
    loyalty: dict[str, Programme] = declared("Loyalty programmes by name.", dict)
    psychology: PsychologySetting = declared(
        "How feelings move and are moved; off switches it off.", Psychology
    )
    windows: dict[str, Window] = declared("Stretches of the run with KPIs of their own.", dict)
    assumed: dict[str, Annotated[Assumption, AssumptionType()]] = declared(
        "Guesses: the path of a value and the range in which it may lie.", dict
    )

    _path: Path | None = PrivateAttr(default=None)
    _baseline: "Scenario | None" = PrivateAttr(default=None)
    _sources: tuple[Path, ...] = PrivateAttr(default=())
    _tree: Node | None = PrivateAttr(default=None)
    _root: Node | None = PrivateAttr(default=None)

    @property
    def path(self) -> Path | None:
        """The file it was read from; None if it was made in Python."""
        return self._path

    @property
    def resolved(self) -> dict[str, Any]:
        """Everything as written, with units, after ``extends`` and ``--set``."""
        return {} if self._root is None else written(self._root)

    @property
    def origins(self) -> dict[tuple[str, ...], Origin]:
        """Where each value was written, by its path; what is missing here is a default."""
        return {} if self._tree is None else origins(self._tree)

    @property
    def baseline(self) -> "Scenario":
        """The root of the chain of ``extends``: the world as it is today."""
        return self._baseline or self

    @property
    def sources(self) -> tuple[Path, ...]:
        """Every file that was read, in order."""
        return self._sources
