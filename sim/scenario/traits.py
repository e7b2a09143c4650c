"""Customers and segments: what differs between people."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import model_validator

from sim.scenario import quantities as q
from sim.scenario.distributions import Dist, constant
from sim.scenario.quantities import Intensity, Positive, ProspectCount, Rate
from sim.scenario.record import Record, declared
from sim.scenario.spreads import KEYS, DistOf
from sim.scenario.wrong import Wrong

RateDist = Annotated[Dist, DistOf(q.RATE)]
MoneyDist = Annotated[Dist, DistOf(q.SPENDING)]
NumberDist = Annotated[Dist, DistOf(q.NUMBER)]
FactorDist = Annotated[Dist, DistOf(q.NOT_NEGATIVE)]
IntensityDist = Annotated[Dist, DistOf(q.INTENSITY)]


class Inline(Record):
    """A record whose keys stand beside those of a distribution, which is its field ``rate``."""

    inline: ClassVar[str] = "rate"

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, node: Any) -> Any:
        if not isinstance(node, Mapping):
            return cls.complete({"rate": node})
        if "rate" in node:
            raise Wrong("unknown key; write the rate as mean", ("rate",), key=True)
        spread = {key: value for key, value in node.items() if key in KEYS}
        others = {key: value for key, value in node.items() if key not in KEYS}
        if any(key not in cls.model_fields for key in others):  # perhaps a misspelt mean: complain once
            return others
        return cls.complete(others | ({"rate": spread} if spread else {}))

    @classmethod
    def complete(cls, node: dict[str, Any]) -> dict[str, Any]:
        """What follows from the keys that are there."""
        return node


class Needs(Inline):
    """How often somebody needs what the brand sells, stated at purchase level."""

    rate: RateDist = declared("Purchases per day with today's touchpoints (gamma).", constant(0))
    regularity: Positive = declared(
        "Gamma shape of the time between needs: 1 at random, higher more regular.", 1.0
    )
    when: str | None = declared("Calendar over which needs spread (all hours alike without one).", None)
    season: str | None = declared("Season over which needs spread; the stated rate is that of a year.", None)
    trend: Annotated[float, q.TREND] = declared(
        "How the market grows or shrinks from day 0 on: share of itself per year.", 0.0
    )


BASES = {"day": q.HAZARD, "renewal": q.PER_RENEWAL, "visit": q.PER_VISIT}


class LeavingOf(DistOf):
    """A leaving rate, in the units that its sibling key ``per`` names."""

    def validate(self, value: Any, info: Any) -> Dist:
        """Read after ``per``; a wrong ``per`` is complained about only once."""
        basis = info.data.get("per")
        return DistOf(BASES[basis]).parse(value, info.context) if basis else constant(0)


class Leaves(Inline):
    """How readily somebody leaves as things stand today; feelings move it from there."""

    per: Literal["day", "renewal", "visit"] = declared(
        "What the rate counts by; follows from the units where they say it.", "day", derived=True
    )
    rate: Annotated[Dist, LeavingOf(q.HAZARD)] = declared(
        "Leaving rate per day (gamma), or share leaving per renewal or visit (beta).", constant(0)
    )

    @classmethod
    def complete(cls, node: dict[str, Any]) -> dict[str, Any]:
        """``5 % per renewal`` says what the rate counts by."""
        return {"per": basis_of(node.get("rate"))} | node


def basis_of(node: Any) -> str:
    """What the rates in a piece of a scenario count by."""
    return next((basis for basis in ("renewal", "visit") if _mentions(node, basis)), "day")


def _mentions(node: Any, basis: str) -> bool:
    if isinstance(node, Mapping):
        return any(_mentions(value, basis) for value in node.values())
    return isinstance(node, str) and f"per {basis}" in node


class Susceptible(Record):
    """How strongly each kind of trigger works on somebody; 0 is not at all."""

    scarcity: FactorDist = declared(
        "Susceptibility to scarcity (gamma).", constant(0.3), assumption="0.1 .. 0.6"
    )
    social_proof: FactorDist = declared(
        "Susceptibility to what others do and say (gamma).", constant(0.3), assumption="0.1 .. 0.6"
    )
    reciprocity: FactorDist = declared(
        "Susceptibility to gifts (gamma).", constant(0.3), assumption="0.1 .. 0.6"
    )


class Traits(Record):
    """What differs between people, each trait a distribution over them."""

    needs: Needs = declared("How often they need what the brand sells, at purchase level.", Needs)
    leaves: Leaves = declared("How readily they leave as things stand today.", Leaves)
    reconsiders: Annotated[float | str | None, q.RECONSIDERS] = declared(
        "The moments at which somebody can leave at all: a rate per day, or after a visit.", None
    )
    spends: MoneyDist = declared("Amount of one purchase, in currency (lognormal).", constant(0))
    reactivity: FactorDist = declared(
        "Emotional reactivity: scales every impulse; 1 is average (gamma).", constant(1)
    )
    loss_aversion: FactorDist = declared(
        "How many times more a disappointment counts than a pleasant surprise (gamma).",
        constant(1.955), assumption="1.5 .. 2.4", source="Brown et al. 2024",
    )  # fmt: skip
    susceptible: Susceptible = declared("How strongly triggers work on them.", Susceptible)
    price_sensitivity: FactorDist = declared("Sensitivity to price; 1 is average (gamma).", constant(1))
    willing: NumberDist = declared(
        "Willingness to buy, in logits around today's average (normal).", constant(0)
    )
    privacy_concern: IntensityDist = declared("Concern about their data, 0..1 (beta).", constant(0.3))
    values: IntensityDist = declared("How far they share the brand's values, 0..1 (beta).", constant(0.5))
    alternatives: IntensityDist = declared("Alternatives they know, 0 none .. 1 plenty (beta).", constant(1))
    switching_cost: MoneyDist = declared(
        "What leaving would cost them, in currency (lognormal).", constant(0)
    )
    trust: IntensityDist = declared("Trust at the start, 0..1 (beta).", constant(0.5))
    prefers: dict[str, Intensity] = declared(
        "How well each channel suits them, 0..1, by its name; 1 for the others.", dict
    )


class Segment(Traits):
    """A kind of customers, or of people who are not customers yet; merged over ``customers``."""

    share: Annotated[float | None, q.SEGMENT_SHARE] = declared(
        "Share of the customers; rest is what the others leave. None for prospects.", None
    )
    like: str | None = declared("Another segment whose traits this one starts from.", None)
    prospects: ProspectCount | None = declared(
        "How many people of this kind do not know the brand yet.", None
    )
    hears_of_us: Rate = declared("How often a prospect hears of the brand, per day.", 0.0)
    hears_from_others: Rate = declared(
        "How often a prospect meets somebody, per day, and hears of the brand from whoever is a customer.",
        0.0,
    )
    others: str | None = declared(
        "The signal of adopters that says how many are; the only one there is without it.", None
    )

    @property
    def is_rest(self) -> bool:
        """Whether its share is what the others leave, and not known yet."""
        return self.share is not None and math.isnan(self.share)
