"""The quantities of a scenario: numbers with a unit, with bounds, and with a way to differ between people.

A :class:`Quantity` serves as pydantic metadata: a field of type ``Annotated[float, DURATION]`` (for short
``Duration``) reads text such as ``20 min`` and holds days.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Annotated, Any

from pydantic_core import core_schema

from sim.scenario import units
from sim.scenario.units import Unreadable
from sim.scenario.wrong import Wrong, nearest, shown


@dataclass(frozen=True)
class Quantity:
    """One kind of number: how it is written, what bounds it, and what spreads it between people.

    ``unit`` is that of the validated number ("" for pure numbers); ``above`` excludes the lower bound;
    ``words`` are texts that stand for a value; ``family`` is the distribution that ``{mean, cv}`` means
    here; ``inverse`` is the quantity of one over it.
    """

    expected: str
    read: Callable[[object], Any] = units.read_number
    write: Callable[[Any], str] = units.write_number
    unit: str = ""
    low: float = -math.inf
    high: float = math.inf
    above: bool = False
    family: str = "gamma"
    examples: tuple[object, ...] = ()
    words: Mapping[str, Any] = field(default_factory=dict, hash=False)
    inverse: "Quantity | None" = None
    tells_high: bool = False  # a number beyond the upper bound is told that bound alone

    @property
    def whole(self) -> bool:
        """Whether only whole numbers fit."""
        return self.read is units.read_count

    def parse(self, value: object) -> Any:
        """The value in base units. Raises :class:`Wrong`: what was expected, what was found, the nearest."""
        if isinstance(value, str) and value.strip() in self.words:
            return self.words[value.strip()]
        try:
            number = self.read(value)
        except Unreadable as hint:
            raise self._wrong(value, str(hint)) from None
        if self.tells_high and number > self.high:
            raise Wrong(f"expected at most {self.write(self.high)}, got {shown(value)}")
        if not self.holds(number):
            raise self._wrong(value)
        return number

    def holds(self, number: Any) -> bool:
        """Whether a number is finite and within the bounds."""
        above_low = number > self.low if self.above else number >= self.low
        return math.isfinite(number) and above_low and number <= self.high

    def written(self, value: Any) -> str | int | float:
        """A value in base units as a scenario writes it: text with a unit, or a bare number."""
        words = [word for word, meaning in self.words.items() if meaning == value]
        text = words[0] if words else self.write(value)
        try:
            return int(text) if text.lstrip("-").isdecimal() else float(text)
        except ValueError:
            return text

    def _wrong(self, value: object, hint: str = "") -> Wrong:
        if not hint and isinstance(value, str):
            hint = nearest(value, self.words)
        return Wrong(f"expected {self.expected}, got {shown(value)}{hint}")

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.parse)

    def json_schema(self) -> dict[str, Any]:
        """What an editor should accept here."""
        bare = self.unit in ("", "currency")
        numbers = (
            [{"type": "number", **self._json_bounds()}] if bare else [] if self.above else [{"const": 0}]
        )
        return {"anyOf": [*numbers, {"type": "string"}], "examples": [*self.examples, *self.words]}

    def _json_bounds(self) -> dict[str, float]:
        bounds = {"exclusiveMinimum" if self.above else "minimum": self.low, "maximum": self.high}
        return {name: bound for name, bound in bounds.items() if math.isfinite(bound)}


# ---------------------------------------------------------------- pure numbers
BILLION = 1_000_000_000
NUMBER = Quantity("a number", family="clipped_normal", examples=(0.5, -0.3))
NOT_NEGATIVE = Quantity("a number of at least 0", low=0, examples=(0.3, 1))
POSITIVE = Quantity("a number above 0", low=0, above=True, examples=(1, 2))
WEIGHT = Quantity("a weight (a number of at least 0)", low=0, examples=(70, 1))
SCORE = Quantity("a score from -1 to 1", low=-1, high=1, family="clipped_normal", examples=(0.2, -0.5))
INTENSITY = Quantity("a number from 0 to 1", low=0, high=1, family="beta", examples=(0.5,))
STARS = Quantity("an average of 1 to 5 stars", low=1, high=5, examples=(4.3,))
COUNT = Quantity(
    "a whole number of at least 0", units.read_count, units.write_count, low=0, high=BILLION,
    examples=(40, "2_400"), tells_high=True,
)  # fmt: skip
SIZE = replace(COUNT, high=2**30 - 1)  # ids of those who enter later begin there
POSITIVE_COUNT = Quantity(
    "a whole number of at least 1", units.read_count, units.write_count, low=1, high=BILLION,
    examples=(2, 600), tells_high=True,
)  # fmt: skip
WHOLE = Quantity(
    "a whole number", units.read_count, units.write_count, low=-BILLION, high=BILLION, examples=(0, 1)
)  # fmt: skip
FEW = Quantity(
    "a whole number from 0 to 8", units.read_count, units.write_count, low=0, high=8, examples=(3,)
)  # fmt: skip
NPS_SCORE = Quantity("an answer from 0 to 10", low=0, high=10, examples=(6, 9))
FRIENDS = Quantity("a number above 0 and at most 1000", low=0, high=1000, above=True, examples=(8,))
ID = Quantity("the id of a customer", units.read_count, units.write_count, low=0, high=2**32 - 1)
SITE = Quantity(
    "all, or how many customers share a site (a whole number of at least 1)", units.read_count,
    units.write_count, low=1, high=BILLION, examples=(600,), words={"all": "all"},
)  # fmt: skip

# ---------------------------------------------------------------- shares
REST = math.nan  # stands for "rest" until the other shares are known
SHARE = Quantity(
    "a share from 0 to 1 such as 60 % or 0.6", units.read_share, units.write_share, low=0, high=1,
    family="beta", examples=("60 %", 0.6),
)  # fmt: skip
SEGMENT_SHARE = Quantity(
    "a share from 0 to 1 such as 60 %, or rest", units.read_share, units.write_share, low=0, high=1,
    examples=("60 %",), words={"rest": REST},
)  # fmt: skip
PER_RENEWAL = Quantity(
    "a share per renewal such as 5 % per renewal", units.read_share_per_renewal,
    units.write_share_per_renewal, "per renewal", low=0, high=1, family="beta", examples=("5 % per renewal",),
)  # fmt: skip
PER_VISIT = Quantity(
    "a share per visit such as 20 % per visit", units.read_share_per_visit, units.write_share_per_visit,
    "per visit", low=0, high=1, family="beta", examples=("20 % per visit",),
)  # fmt: skip

# ---------------------------------------------------------------- times and rates
_FREQUENCY = Quantity(
    "a rate above 0 such as 3 per week", units.read_rate, units.write_rate, "per day", low=0, above=True,
    examples=("3 per week",),
)  # fmt: skip
DURATION = Quantity(
    "a duration such as 20 min or 3 d", units.read_duration, units.write_duration, "d", low=0,
    examples=("90 s", "20 min", "3 d", "2 weeks", "1 y"), inverse=_FREQUENCY,
)  # fmt: skip
POSITIVE_DURATION = Quantity(
    "a duration above 0 such as 20 min or 3 d", units.read_duration, units.write_duration, "d", low=0,
    above=True, examples=("1 d", "1 month", "1 y"),
)  # fmt: skip
HORIZON = replace(POSITIVE_DURATION, high=100 * units.YEAR, tells_high=True)
WARM_UP = replace(DURATION, high=10 * units.YEAR, tells_high=True)
PERIOD = Quantity(
    "a period such as every month or 14 d", units.read_period, units.write_duration, "d", low=0, above=True,
    examples=("every month", "1 y"),
)  # fmt: skip
HALF_LIFE = Quantity(
    "a half-life such as 8 h, or never", units.read_duration, units.write_duration, "d", low=0, above=True,
    examples=("8 h",), words={"never": math.inf},
)  # fmt: skip
REFRESH = replace(POSITIVE_DURATION, expected="a duration above 0 such as 1 d, or live", words={"live": 0.0})
WINDOW = replace(
    POSITIVE_DURATION, expected="a duration above 0 such as 7 d, or forever", words={"forever": math.inf}
)
RATE = Quantity(
    "a rate such as 3 per week or 1 per 14 d", units.read_rate, units.write_rate, "per day", low=0,
    examples=("3 per week", "1 per 14 d", "every month"), words={"never": 0.0}, inverse=POSITIVE_DURATION,
)  # fmt: skip
RECONSIDERS = Quantity(
    "a rate such as 1 per 14 d, or after a visit", units.read_rate, units.write_rate, "per day", low=0,
    above=True, examples=("1 per 14 d",), words={"after a visit": "after a visit"},
)  # fmt: skip
HAZARD = Quantity(
    "a leaving rate such as 30 % per year", units.read_hazard, units.write_rate, "per day", low=0,
    examples=("30 % per year", "0.3 per year"), words={"never": 0.0}, inverse=POSITIVE_DURATION,
)  # fmt: skip
SPACING = Quantity(
    "a limit such as 1 per 60 d", units.read_spacing, units.write_spacing, "d", low=0, above=True,
    examples=("1 per 60 d",),
)  # fmt: skip
TREND = Quantity(
    "a change such as -10 % per year", units.read_trend, units.write_trend, "per year", low=-0.99,
    examples=("-10 % per year", "5 % per year"),
)  # fmt: skip

# ---------------------------------------------------------------- money
DEAREST = 10_000_000  # what one order may bring, or one touch cost: the log keeps them as cents in 32 bits
_MOST = 1e12  # of any one sum: what all customers bring together is counted in cents in 64 bits
MONEY = Quantity(
    "an amount of money (a number from 0 to 10 million)", unit="currency", low=0, high=DEAREST, family="lognormal",
    examples=(4.20, "1_500"),
)  # fmt: skip
OUTLAY = replace(
    MONEY, expected="an amount of money (a number from 0 to 1e12)", high=_MOST, examples=("25_000",)
)
SPENDING = replace(  # how people differ has no upper end; what one order may bring has
    MONEY, expected="an amount of money (a number of at least 0)", high=math.inf
)
PRICE = Quantity(
    "a price (a number from 0 to 10 million), own_spend or contract", unit="currency", low=0, high=DEAREST,
    examples=(9.99,),
    words={"own_spend": "own_spend", "contract": "contract"},
)  # fmt: skip
WAGE = Quantity(
    "a wage such as 17 per hour", units.read_wage, units.write_wage, "currency per hour", low=0,
    examples=("17 per hour",),
)  # fmt: skip
UPKEEP = Quantity(
    "an amount for a time such as 200 per month", units.read_upkeep, units.write_upkeep, "currency per day", low=0,
    examples=("200 per month",),
)  # fmt: skip


# ---------------------------------------------------------------- an amount and what it is counted by
@dataclass(frozen=True)
class Budget:
    """At most ``amount`` of money, over the whole run or in every ``per`` days."""

    amount: float
    per: float | None = None


@dataclass(frozen=True)
class Prospects:
    """How many people do not know the brand yet: ``count`` in all, or on every site."""

    count: int
    per_site: bool = False


def _read_budget(value: object) -> Budget:
    per = units.clause(value)
    if not per:
        return Budget(_amount(value))
    return Budget(_amount(per.amount), per.span)


def _amount(value: object) -> float:
    amount = units.read_number(value)
    if not 0 <= amount <= _MOST:
        raise Unreadable
    return amount


def _write_budget(budget: Budget) -> str:
    amount = units.write_number(budget.amount)
    return f"{amount} per {units.write_duration(budget.per)}" if budget.per else amount


def _read_prospects(value: object) -> Prospects:
    per = units.clause(value)
    if per and (per.unit != "site" or per.periods != 1):
        raise Unreadable(nearest(per.unit, ["site"]))
    count = units.read_count(per.amount if per else value)
    return Prospects(int(_amount(count)), per_site=per is not None)


def _write_prospects(prospects: Prospects) -> str:
    return f"{prospects.count} per site" if prospects.per_site else str(prospects.count)


@dataclass(frozen=True)
class Pair(Quantity):
    """A quantity whose value is an amount with what it is counted by; the parts know their own bounds.

    ``amount`` is the quantity of the amount alone.
    """

    amount: Quantity = NOT_NEGATIVE

    def holds(self, number: Any) -> bool:
        """The parts were checked while they were read."""
        return True

    def counted_as(self, written: Any) -> Quantity:
        """The quantity of the amount alone, counted by what the text of a range or list counts it by."""
        per = next((found[1] for text in _texts(written) if (found := _COUNTED.search(text))), None)
        if per is None:
            return self.amount
        return Counted(
            expected=f"{self.amount.expected} per {per}",
            read=partial(_read_counted, self.amount, per),
            write=partial(_write_counted, self.amount, per),
            unit=f"{self.amount.unit} per {per}".strip(),
            low=self.amount.low,
            high=self.amount.high,
            family=self.amount.family,
            of=self.amount,
        )


@dataclass(frozen=True)
class Counted(Quantity):
    """An amount (``of``) that is counted by something, always the same."""

    of: Quantity = NOT_NEGATIVE

    @property
    def whole(self) -> bool:
        """Whether only whole numbers fit."""
        return self.of.whole


_COUNTED = re.compile(r"\bper\s+([^.]*\w)\s*(?:\.\.|$)")


def _texts(written: Any) -> list[str]:
    """Every text in a range, a list or a distribution."""
    if isinstance(written, Mapping):
        return [text for item in written.values() for text in _texts(item)]
    if isinstance(written, list | tuple):
        return [text for item in written for text in _texts(item)]
    return [written] if isinstance(written, str) else []


def _read_counted(amount: Quantity, per: str, value: object) -> float:
    """The amount of ``<amount> per <what>``; what it is counted by must not change on the way."""
    text, _, what = str(value).partition(" per ")
    if what.strip() != per:
        raise Unreadable
    return float(amount.read(text.strip()))


def _write_counted(amount: Quantity, per: str, value: float) -> str:
    return f"{amount.write(value)} per {per}"


BUDGET = Pair(
    "a budget such as 1_500 or 1_500 per year", _read_budget, _write_budget, "currency", low=0,
    examples=(1500, "1_500 per year"), amount=OUTLAY,
)  # fmt: skip
PROSPECTS = Pair(
    "a number of people such as 300 or 300 per site", _read_prospects, _write_prospects, low=0,
    examples=(300, "300 per site"), amount=COUNT,
)  # fmt: skip

Number = Annotated[float, NUMBER]
NotNegative = Annotated[float, NOT_NEGATIVE]
Positive = Annotated[float, POSITIVE]
Weight = Annotated[float, WEIGHT]
Score = Annotated[float, SCORE]
Intensity = Annotated[float, INTENSITY]
Stars = Annotated[float, STARS]
Count = Annotated[int, COUNT]
PositiveCount = Annotated[int, POSITIVE_COUNT]
Whole = Annotated[int, WHOLE]
Few = Annotated[int, FEW]
NpsScore = Annotated[float, NPS_SCORE]
Share = Annotated[float, SHARE]
Duration = Annotated[float, DURATION]
PositiveDuration = Annotated[float, POSITIVE_DURATION]
Period = Annotated[float, PERIOD]
HalfLife = Annotated[float, HALF_LIFE]
Rate = Annotated[float, RATE]
Spacing = Annotated[float, SPACING]
Money = Annotated[float, MONEY]
Outlay = Annotated[float, OUTLAY]
Wage = Annotated[float, WAGE]
BudgetLimit = Annotated[Budget, BUDGET]
ProspectCount = Annotated[Prospects, PROSPECTS]
