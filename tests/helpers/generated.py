"""Scenarios made up at random over the whole language, small enough that one runs in a blink.

``examples()`` is a Hypothesis strategy of :class:`Example`. Every example is valid: it parses, it lowers, and
its journeys end. Ties are everywhere (whole days, constant delays and services that are multiples of each
other), and so is pressure (few servers, small stocks, long services, many follow-ups).
"""

import json
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

from sim.scenario import Scenario, parse

STAGES = ("awareness", "consideration", "purchase", "use", "support", "loyalty", "advocacy")
FEELINGS = ("joy", "frustration", "surprise", "gratitude")
STATES = (
    *FEELINGS, "goodwill", "satisfaction", "expectation", "trust", "obligation", "affective", "economic",
    "habitual", "valence", "loyalty", "advocacy", "grievance",
)  # fmt: skip
MISHAPS = ("if_failed", "if_gave_up", "if_sold_out", "if_closed")
HOURS = ("every day 06:00-18:00", "mon-fri 00:00-12:00", ["mon-sat 08:00-20:00", "sun 12:00-13:00"])


@dataclass(frozen=True)
class Example:
    """A world as data, a strategy over it (or None), and the days on which newcomers enter."""

    base: dict
    change: dict | None = None
    days: tuple[float, ...] = ()

    def scenario(self, folder: Path) -> Scenario:
        """The scenario; what it reads is written into the folder."""
        (folder / "days.csv").write_text("\n".join(["day", *map(repr, self.days or (0.0,))]), "utf-8")
        if self.change is None:
            return parse(self.base, folder=folder)
        (folder / "baseline.yaml").write_text(json.dumps(self.base), "utf-8")
        return parse({"extends": "baseline.yaml"} | self.change, folder=folder)


@st.composite
def examples(draw):
    """Examples of every kind."""
    dice = Dice(draw)
    strategy, world = dice.chance(55), World(dice)
    base = world.data()
    change = Strategy(dice, world, base).data() if strategy else None
    return Example(base, change, world.days)


class Dice:
    """Choices, in few words. What comes first is what Hypothesis shrinks to."""

    def __init__(self, draw):
        self.draw = draw
        self.ticking = self.chance(40)  # everything takes a multiple of six hours

    def one(self, *options):
        return self.draw(st.sampled_from(options))

    def whole(self, low, high):
        return self.draw(st.integers(low, high))

    def chance(self, percent):
        no = 20 - percent // 5
        return self.draw(st.sampled_from([False] * no + [True] * (20 - no)))

    def some(self, options, most):
        """Different ones of the options, in their order."""
        most = min(most, len(options))
        return (
            self.draw(st.lists(st.sampled_from(options), unique=True, max_size=most).map(sorted))
            if most
            else []
        )

    def maybe(self, percent, key, make):
        """``{key: make()}``, or nothing."""
        return {key: make()} if self.chance(percent) else {}

    # ------------------------------------------------------------ quantities
    def delay(self):
        """More than nothing."""
        if self.ticking:
            return self.one("1 d", "12 h", "2 d", "6 h")
        random = (
            {"mean": "1 d", "cv": 1},
            {"uniform": {"low": "1 h", "high": "3 d"}},
            {"mean": "4 d", "cv": 2},
        )
        return self.one("1 d", "2 d", "12 h", "1 h", "7 d", *random)

    def service(self):
        if self.ticking:
            return self.one("12 h", 0, "6 h", "1 d")
        random = (
            {"mean": "3 h", "cv": 1},
            {"exponential": {"mean": "8 h"}},
            {"uniform": {"low": 0, "high": "1 d"}},
        )
        return self.one("6 h", 0, "1 d", "12 h", "1 h", "2 d", *random)

    def patience(self):
        if self.ticking:
            return self.one("1 d", "12 h", "18 h", "2 d", "6 h")
        random = ({"mean": "5 h", "cv": 1}, {"weibull": {"shape": 2, "scale": "10 h"}})
        return self.one("6 h", 0, "1 d", "12 h", "1 h", "2 d", *random)

    def score(self):
        return self.one(0, 0.2, -0.4, 0.6, {"mean": 0.1, "sd": 0.4}, {"mean": -0.2, "cv": 1})

    def share(self):
        return self.one(0.5, 0.2, 0.8, 1, 0.05)

    def feels(self):
        return {name: self.one(0.3, -0.2, 0.6, {"mean": 0.2, "sd": 0.2}) for name in self.some(FEELINGS, 2)}

    def servers(self):
        return self.one(1, 1, 2, 3)

    def season(self):
        """Something within the days of a run."""
        return self.one(
            {"3 jan-6 jan": 0, "9 jan-12 jan": 3},
            {"dec-8 jan": 2, "jun": 0},
            {"4 jan": 0, "10 jan-20 feb": 0.25},
        )

    def shifts(self):
        """Some begin where others end, some at whole days; sometimes nobody is there."""
        return self.one(
            {"every day 06:00-12:00": 3, "every day 12:00-18:00": 0},
            {"mon-fri 07:00-09:30": 4, "sat-sun 00:00-24:00": 1},
            {"tue 00:00-24:00": 0, "thu 12:00-18:00": 2},
            {"every day 00:00-24:00": 2},
        )

    def refill(self):
        act = self.one({"to": 2}, {"add": 1}, {"to": 6}, {"add": 3}, {"to": 0}, {"add": 0})
        return {"every": self.one("1 d", "12 h", "2 d", "7 h"), **act}

    def stock(self):
        refill = self.maybe(75, "refill", self.refill)
        return {"start": self.one(1, 0, 2, 4, 9), **refill, **self.maybe(60, "shown", self.cadence)}

    def cadence(self):
        return self.one("1 d", "12 h", "6 h", "2 d", "7 h", "5 d")

    def weights(self):
        """A calendar."""
        return self.one(
            {"every day 06:00-18:00": 1},
            {"mon-fri 08:00-12:00": 3, "sat 00:00-24:00": 1},
            {"mon 00:00-01:00": 1, "thu 12:00-13:00": 2},
            {"every day 00:00-12:00": 1, "every day 12:00-24:00": 0},
        )


class World:
    """A baseline: names first, then what stands behind them."""

    def __init__(self, dice):
        self.dice = dice
        self.horizon, self.warm_up = dice.one(8, 3, 5, 13, 21, 40), dice.one(0, 4, 7, 2.5)
        self.people = dice.one(8, 1, 3, 5, 15, 30, 60)
        self.entering = dice.one(None, None, None, "on days", "stream" if not dice.ticking else "on days")
        self.founders = self.entering is None or dice.chance(40)
        if not self.founders:
            self.warm_up = dice.one(0, 0, 2)
        self.contract = dice.chance(40)
        self.shock = dice.chance(40)
        self.pools = [f"pool{k}" for k in range(dice.one(1, 0, 1, 2))]
        self.stocks = [f"stock{k}" for k in range(dice.one(1, 0, 1, 2))]
        self.touchpoints = [f"touch{k}" for k in range(dice.whole(2, 6))]
        counted = dice.some(self.touchpoints, 2)
        self.reviews = [f"stars{k}" for k in range(dice.one(1, 0, 1, 2))]
        self.popular = {f"bustle{k}": touchpoint for k, touchpoint in enumerate(counted)}
        self.campaigns = [f"campaign{k}" for k in range(dice.one(1, 0, 1, 2))]
        self.programmes = [f"card{k}" for k in range(dice.one(0, 0, 1, 2))]
        self.prospects = dice.chance(40)
        self.network = dice.chance(35)
        self.live = dice.chance(30)  # some signals are read as they stand
        self.adopters = ["adopters"] if dice.chance(30) else []
        self.segments = [f"kind{k}" for k in range(dice.one(0, 0, 2, 3))]
        self.years = [f"year{k}" for k in range(dice.one(0, 1))]
        self.calendars = [f"week{k}" for k in range(dice.one(0, 1, 2))]
        self.feeling = dice.one("plain", "plain", "plain", "tuned", "tuned", "linear", "off")
        self.leaving = (
            "renewal" if self.contract else dice.one("rate", "rate", "visit", "rate without moments")
        )
        if self.feeling == "linear" and self.leaving == "rate without moments":
            self.leaving = "rate"
        self.days = ()

    def data(self):
        """The whole of it."""
        dice = self.dice
        campaigns = {name: self.campaign(name) for name in self.campaigns}
        parts = {
            "staff": {name: self.pool() for name in self.pools},
            "stock": {name: dice.stock() for name in self.stocks},
            "signals": self.signals(),
            "calendars": {name: dice.weights() for name in self.calendars},
            "seasons": {name: dice.season() for name in self.years},
            "segments": self.kinds(),
            "campaigns": campaigns,
            "events": {"shock": self.event()} if self.shock else {},
            "loyalty": {name: self.programme() for name in self.programmes},
        }
        return {
            "name": "Generated",
            "horizon": f"{self.horizon} d",
            "warm_up": f"{self.warm_up} d",
            **dice.maybe(20, "starts", lambda: "2026-01-09"),
            **({} if dice.chance(20) else {"as_stated": False}),  # a pilot takes longer than the run
            **dice.maybe(30, "active_if", lambda: {"bought_within": dice.one("3 d", "1 d", "10 d")}),
            **self.who(),
            **({"contract": self.renewals()} if self.contract else {}),
            **{name: part for name, part in parts.items() if part},
            "customers": self.customers(),
            "touchpoints": {name: self.touchpoint(k) for k, name in enumerate(self.touchpoints)},
            "journeys": self.journeys(campaigns),
            **self.friends(),
            **self.psychology(),
        }

    def friends(self):
        """Who is whose friend, if anybody."""
        dice = self.dice
        if not self.network:
            return {}
        kind = dice.one("small_world", "scale_free", "blocks", "random")
        network = {"kind": kind, "friends": dice.one(4, 1, 3, 9)}
        if kind != "scale_free":
            network |= dice.maybe(30, "across_sites", lambda: dice.one(0, 0.3))
        return {"network": network}

    # ------------------------------------------------------------ people
    def who(self):
        """How many, where, and who comes later."""
        dice = self.dice
        population = {"site": dice.one(4, 2, 7, 25, "all")} if dice.chance(60) else {}
        if self.founders:
            population["size"] = self.people
        enters = {}
        if self.entering == "on days":
            some = st.one_of(st.sampled_from([1, 2, 0.5, 0.25, 1.75]), st.integers(0, self.horizon + 1))
            self.days = tuple(map(float, dice.draw(st.lists(some, min_size=1, max_size=max(3, self.people)))))
            first = dice.maybe(70, "first_need", lambda: "at entry")
            enters = {"on_days": {"file": "days.csv", "column": "day", **first}}
        elif self.entering == "stream":
            rate = f"{dice.one(20, 60, 150) // self.horizon + 1} per day"
            when = self.when() if dice.chance(50) else {}
            enters = {"stream": {"rate": rate, **when}}
        return {"population": population} | ({"enters": enters} if enters else {})

    def customers(self):
        """Traits of everyone."""
        dice = self.dice
        return {
            "needs": self.needs(),
            **self.leaves(),
            "spends": dice.one(10, {"mean": 12.5, "cv": 0.5}),
            **dice.maybe(50, "susceptible", self.susceptible),
            **dice.maybe(20, "reactivity", lambda: {"mean": 1, "cv": 0.5}),
            **dice.maybe(20, "trust", lambda: {"mean": 0.5, "sd": 0.2}),
            **dice.maybe(20, "privacy_concern", lambda: {"mean": 0.5, "sd": 0.2}),
            **dice.maybe(20, "price_sensitivity", lambda: {"mean": 1, "cv": 1}),
            **dice.maybe(20, "willing", lambda: dice.one({"mean": 0, "sd": 1}, -0.5)),
            **dice.maybe(20, "alternatives", lambda: 0.5),
            **dice.maybe(20, "prefers", lambda: {"web": 0.4}),
            **dice.maybe(20, "switching_cost", lambda: {"mean": 20, "cv": 1}),
        }

    def susceptible(self):
        kinds = ("scarcity", "social_proof", "reciprocity")
        return {kind: self.dice.one(1, 0, {"mean": 0.5, "cv": 1}) for kind in kinds}

    def needs(self):
        """So many that a run has some hundred of them at most."""
        dice = self.dice
        visits, days = dice.one(150, 40, 500, 12), self.horizon + self.warm_up
        rate = round(min(4.0, max(0.05, visits / (self.people * days))), 3)
        when = self.when() if dice.chance(40) else {}
        trend = dice.maybe(15, "trend", lambda: dice.one("-90 % per year", "50 % per month"))
        return {
            "mean": f"{rate} per day",
            **dice.maybe(50, "cv", lambda: 0.8),
            **self.regular(),
            **when,
            **trend,
        }

    def when(self):
        """In which hours and days of the year, out of what there is."""
        dice = self.dice
        season = dice.maybe(75, "season", lambda: dice.one(*self.years)) if self.years else {}
        return season | ({"when": dice.one(*self.calendars)} if self.calendars else {})

    def regular(self):
        return self.dice.maybe(40, "regularity", lambda: self.dice.one(1.5, 0.5))

    def leaves(self):
        """How they can leave at all, and how readily."""
        dice = self.dice
        if self.leaving == "renewal":
            return {
                "leaves": dice.one(
                    "30 % per renewal", "0 % per renewal", {"mean": "10 % per renewal", "cv": 1}
                )
            }
        if self.leaving == "visit":
            leaves = dice.one("10 % per visit", {"mean": "5 % per visit", "cv": 0.5})
            return {"leaves": leaves, **dice.maybe(50, "reconsiders", lambda: "after a visit")}
        leaves = dice.one("0.04 per day", "0.4 per day", {"mean": "0.1 per day", "cv": 1}, "never")
        moments = {"reconsiders": dice.one("1 per 2 d", "1 per day", "1 per 7 d")}
        return {"leaves": leaves} | (moments if self.leaving == "rate" else {})

    def kinds(self):
        """Segments; prospects are one of their own."""
        dice = self.dice
        kinds = {name: {"share": round(1 / len(self.segments), 2), **self.kind()} for name in self.segments}
        if self.prospects:
            kinds = kinds or {"kind0": {"share": "rest"}}
            number = dice.one(5, 1, 12, "3 per site")
            hears = {"hears_of_us": dice.one("1 per 2 d", "1 per 6 d")}
            if self.adopters and dice.chance(80):
                hears["hears_from_others"] = dice.one("1 per 2 d", "2 per day")
            kinds["strangers"] = {"prospects": number, **hears, **self.kind()}
        if kinds:
            kinds[next(iter(kinds))]["share"] = "rest"
        return kinds

    def kind(self):
        dice = self.dice
        needs = {"needs": {"when": dice.one(*self.calendars)}} if self.calendars and dice.chance(40) else {}
        return {
            **needs,
            **dice.maybe(30, "spends", lambda: 33),
            **dice.maybe(30, "values", lambda: {"mean": 0.7, "sd": 0.1}),
            **dice.maybe(30, "loss_aversion", lambda: {"mean": 2, "cv": 0.3}),
        }

    def renewals(self):
        dice = self.dice
        every = dice.one("3 d", "2 d", "5 d", "7 d", "1 d", "60 h")
        return {"renews": every, "price": 9.99, **dice.maybe(60, "first", lambda: "at entry")}

    # ------------------------------------------------------------ what is shared
    def pool(self):
        dice = self.dice
        wage = dice.maybe(20, "wage", lambda: "12 per hour")
        shifts = dice.maybe(40, "shifts", dice.shifts)
        return {
            "servers": dice.servers(),
            **dice.maybe(45, "open", lambda: dice.one(*HOURS)),
            **shifts,
            **wage,
        }

    def signals(self):
        reviews = {
            name: {"kind": "reviews", **self.start(), **self.fakes(), **self.published()}
            for name in self.reviews
        }
        adopters = {name: {"kind": "adopters", **self.published()} for name in self.adopters}
        popular = {name: self.counts(touchpoint) for name, touchpoint in self.popular.items()}
        return reviews | adopters | popular

    def start(self):
        return self.dice.maybe(60, "start", lambda: {"count": 5, "average": 4.2})

    def fakes(self):
        dice = self.dice
        until = dice.maybe(50, "until", lambda: dice.one("3 d", "150 h"))
        return dice.maybe(
            30, "fakes", lambda: {"count": 9, "average": dice.one(1, 5), "from": "30 h", **until}
        )

    def counts(self, touchpoint):
        window = self.dice.maybe(60, "window", lambda: self.dice.one("1 d", "3 d", "14 d", "forever"))
        return {"kind": "popularity", "counts": touchpoint, **window, **self.published()}

    def published(self):
        dice = self.dice
        if self.live and dice.chance(60):
            return {"refresh": "live", "window": "forever"}
        return dice.maybe(60, "refresh", dice.cadence) | dice.maybe(30, "scope", lambda: "brand")

    # ------------------------------------------------------------ touchpoints
    def touchpoint(self, k):
        """The first one sells."""
        dice = self.dice
        mishaps = ("gave_up", "sold_out", "closed")
        return {
            "stage": dice.one(*STAGES),
            "channel": "web" if k == 0 else "shop",
            "quality": dice.score(),
            **self.traits(),
            **dice.maybe(60, "feels", dice.feels),
            **dice.maybe(30, "fails", self.fails),
            **{key: self.mishap() for key in dice.some(mishaps, 2)},
            **(self.sells() if k == 0 or dice.chance(20) else {}),
            **(self.staff() if self.pools and dice.chance(75 if k == 0 else 45) else {}),
            **({"draws": dice.one(*self.stocks)} if self.stocks and dice.chance(40) else {}),
            **({"writes": dice.one(*self.reviews)} if self.reviews and dice.chance(40) else {}),
            **dice.maybe(50, "asks", self.asks),
            **self.triggers(),
        }

    def traits(self):
        dice = self.dice
        names = ("empathy", "effort", "transparency", "personalisation", "control", "recovers", "guarantee")
        names += ("shows_alternatives", "community")
        return {
            **{name: dice.share() for name in dice.some(names, 4)},
            **dice.maybe(30, "cost", lambda: 1.25),
            **dice.maybe(20, "promises", lambda: dice.one(0.8, -0.5)),
            **dice.maybe(20, "training", self.training),
            **(dice.maybe(20, "suits", lambda: dice.one(*self.calendars)) if self.calendars else {}),
        }

    def training(self):
        dice = self.dice
        taught = {name: dice.share() for name in dice.some(("empathy", "fewer_failures", "recovers"), 3)}
        return {"over": dice.one("2 d", "20 d"), **taught}

    def fails(self):
        dice = self.dice
        return {
            "chance": dice.one(0.3, 0.05, 0.9),
            **self.mishap(),
            **dice.maybe(30, "still_sells", lambda: True),
        }

    def mishap(self):
        return {"severity": self.dice.share(), "feels": self.dice.feels()}

    def sells(self):
        dice = self.dice
        prices = ("own_spend", 4.2, "contract") if self.contract else ("own_spend", 4.2)
        margin = dice.maybe(30, "margin", dice.share)
        return {"sells": {"price": dice.one(*prices), **margin, **dice.maybe(20, "discount", lambda: 0.2)}}

    def staff(self):
        dice = self.dice
        patience = dice.maybe(70, "patience", dice.patience)
        priority = dice.maybe(40, "priority", lambda: dice.one(-1, 1, 2))
        return {"staff": {"pool": dice.one(*self.pools), "service": dice.service(), **patience, **priority}}

    def asks(self):
        """A survey, answered often enough; what is learnt from it shows at once."""
        dice = self.dice
        about = {"about": dice.one(*self.touchpoints)}
        listens = {
            "acts_on": dice.one("80 %", 1, 0, "30 %"),
            **dice.maybe(20, "acts_cost", lambda: 2),
            **about,
        }
        listens |= dice.maybe(80, "learns", lambda: "50 %")
        question = {
            "question": dice.one("nps", "ces", "csat"),
            "answers": dice.one("100 %", "80 %", "30 %", 0),
        }
        return question | about | (listens if dice.chance(80) else {})

    def triggers(self):
        triggers = {f"cue{k}": self.trigger() for k in range(self.dice.one(0, 1, 2))}
        return {"triggers": triggers} if triggers else {}

    def seen(self):
        """Every signal."""
        return [*self.reviews, *self.adopters, *self.popular]

    def trigger(self):
        """Of a kind that has something to read."""
        dice = self.dice
        kinds = [
            {"kind": "reciprocity", "worth": dice.one(4, 20)},
            {"kind": "scarcity", "cue": "time", "until": dice.one("4 d", "20 d", "0 d")},
            {"kind": "social_proof", "from": "influencer", "fit": dice.one(0.9, 0.1)},
            *({"kind": "scarcity", "cue": "supply", "reads": stock} for stock in 3 * self.stocks),
            *({"kind": "scarcity", "cue": "demand", "reads": signal} for signal in self.popular),
            *({"kind": "social_proof", "reads": signal} for signal in self.seen()),
            *[{"kind": "social_proof", "from": "friends"}] * self.network,
        ]
        trigger = dict(dice.one(*kinds))
        if trigger.get("cue") == "supply":
            trigger |= dice.maybe(75, "below", lambda: dice.one(5, 9, 1))
        strength = dice.maybe(60, "strength", lambda: dice.one(3, 0.5, 0))
        strength |= dice.maybe(30, "genuine", lambda: False)
        return trigger | strength | dice.maybe(60, "on", lambda: dice.one("start", "next"))

    # ------------------------------------------------------------ campaigns
    def campaign(self, name):
        dice = self.dice
        gift = {"touchpoint": dice.one(*self.touchpoints), "at": dice.one(*self.touchpoints[:2])}
        message = {
            "touchpoint": dice.one(*self.touchpoints),
            **dice.maybe(50, "within", lambda: dice.one("1 d", "6 h", "3 d")),
            **dice.maybe(75, "wins_back", lambda: dice.one(0.5, 0.1, 0.9)),
        }
        return {
            "picks": self.picks(),
            **({"gives": gift} if dice.chance(50) else {"sends": message}),
            **dice.maybe(40, "starts", lambda: dice.one("1 d", "2 d", "36 h")),
            **dice.maybe(20, "ends", lambda: dice.one("6 d", "12 d")),
            **dice.maybe(50, "limits", self.limits),
            **dice.maybe(10, "costs", lambda: {"setup": 5}),
        }

    def picks(self):
        dice = self.dice
        facts = {
            "orders": {"at_least": 1},
            "orders_last_30_d": {"at_least": 1, "at_most": 4},
            "days_since_order": {"at_most": 3},
            "days_since_entry": {"at_least": 2},
            "at_risk": {"at_least": 0.4},
            "last_answer": {"at_most": 6},
        }
        if self.segments:
            facts["segment"] = {"is": [self.segments[-1]]}
        wanted = {name: facts[name] for name in dice.some(list(facts), 2)} if dice.chance(40) else {}
        if self.contract and dice.chance(30):
            wanted["left"] = True
        figures = [*self.reviews, *self.popular]
        return {
            **self.rhythm(),
            **(dice.maybe(30, "when", lambda: self.figure(dice.one(*figures))) if figures else {}),
            **dice.maybe(50, "chance", dice.share),
            **({"from": wanted} if wanted else {}),
        }

    def rhythm(self):
        """When a campaign picks."""
        dice = self.dice
        if not dice.chance(30):
            return {"every": dice.one("1 d", "12 h", "2 d", "5 d", "17 h")}
        lapse = {"on": "lapse", "after": dice.one("2 d", "12 h", "5 d")}
        return dice.one({"at": [0, "1 d", "60 h"]}, lapse, lapse, {"on": "birthday"}, {"on": "anniversary"})

    def figure(self, signal):
        """A published figure that is sometimes within bounds."""
        bounds = {"at_most": 4.1} if signal in self.reviews else {"at_least": 0.2}
        return {"signal": signal, **bounds}

    def event(self):
        dice = self.dice
        segment = self.segments and dice.chance(30) and {"segment": {"is": self.segments[0]}}
        return {
            "at": dice.one("1 d", 0, "2 d", "36 h"),
            "meets": dice.one(*self.touchpoints),
            **dice.maybe(40, "every", lambda: dice.one("2 d", "17 h")),
            **dice.maybe(40, "share", dice.share),
            **dice.maybe(40, "within", lambda: dice.one("1 d", "6 h")),
            **dice.maybe(50, "prospects", lambda: True),
            **({"to": segment} if segment else {}),
        }

    def limits(self):
        dice = self.dice
        return {
            **dice.maybe(50, "per_customer", lambda: dice.one("1 per 2 d", "1 per 5 d", "1 per 36 h")),
            **dice.maybe(50, "budget", lambda: dice.one(5, "3 per 2 d", "2.5 per 1 d", 0)),
            **dice.maybe(30, "hold_out", lambda: 0.3),
        }

    # ------------------------------------------------------------ loyalty programmes
    def programme(self):
        """A card with a reward, tiers or both, all within reach of a few orders."""
        dice = self.dice
        per = dice.one({"stamps": 1, "per": "purchase"}, {"points": 0.3, "per": "currency"})
        tiers = dice.maybe(50, "tiers", lambda: {"low": self.tier(2), "high": self.tier(5)})
        return {
            "joins": {"at": dice.one(*self.touchpoints[:2]), **dice.maybe(50, "chance", dice.share)},
            "earns": per,
            **dice.maybe(40, "head_start", lambda: 1),
            **(dice.maybe(60, "reward", self.reward) if tiers else {"reward": self.reward()}),
            **dice.maybe(50, "expires", lambda: {"after": dice.one("12 h", "3 d", "1 d")}),
            **tiers,
            **dice.maybe(60, "pull", lambda: dice.one(2, 0, 0.5)),
            **dice.maybe(30, "costs", lambda: {"setup": 5, "per_member": 0.25}),
        }

    def reward(self):
        dice = self.dice
        worth = {"worth": dice.one(5, 0, 0.99, 100), **dice.maybe(50, "cost", lambda: 1.1)}
        return {"at": dice.one(3, 2, 5), **worth, **dice.maybe(50, "feels", dice.feels)}

    def tier(self, at):
        dice = self.dice
        priority = dice.maybe(60, "priority", lambda: dice.one(-2, 0, 1))
        return {
            "at": at,
            **dice.maybe(50, "earns_times", lambda: 1.5),
            **priority,
            **dice.maybe(50, "worth", lambda: 9),
        }

    # ------------------------------------------------------------ journeys
    def journeys(self, campaigns):
        """One for each occasion there is; those that follow may lead into those before, after a while."""
        dice = self.dice
        starts = {"visit": {"need": {}}}
        if self.contract and dice.chance(80):
            starts["bill"] = {"renewal": {}}
        if dice.chance(60):
            starts["plea"] = {"leaving": {}}
        if self.prospects:
            starts["discovery"] = {"awareness": {}}
        if self.entering == "stream" or (self.entering and dice.chance(50)):
            starts["arrival"] = {"entry": {}}
        for name, campaign in campaigns.items():
            if "sends" in campaign and dice.chance(50):
                starts[f"answer {name}"] = {"message": {"of": name}}
        order = dice.draw(st.permutations(list(starts)))
        sent = {name: campaign.get("sends", {}).get("touchpoint") for name, campaign in campaigns.items()}
        return {name: self.journey(name, starts[name], order, sent) for name in order}

    def journey(self, name, starts_on, order, sent):
        dice = self.dice
        steps = [f"{name} {k}" for k in range(dice.whole(1, 4))]
        ((occasion, start),) = starts_on.items()
        start = {"becomes": steps[0], **start, **dice.maybe(60, "usually", lambda: dice.one(0.7, 0.9))}
        first = sent.get(start.get("of")) or self.first_touchpoint(occasion)
        others = order[order.index(name) + 1 :]
        made = {step: self.step(steps, k, others, order) for k, step in enumerate(steps)}
        made[steps[0]]["touchpoint"] = first
        for k, step in enumerate(steps[1:]):  # every step can be reached
            parent = steps[dice.whole(0, k)]
            made[parent]["next"].setdefault(step, {"weight": dice.one(2, 1, 0)})
        if occasion == "awareness" and dice.chance(70):
            made[steps[0]]["next"].setdefault("visit", {"weight": 3, "after": dice.delay()})
        if occasion == "leaving":
            made[steps[-1]]["next"]["leave"] = {"weight": 1, **dice.maybe(50, "after", dice.delay)}
        return {"starts_on": {occasion: start}, "steps": made}

    def first_touchpoint(self, occasion):
        """A need begins where something is sold."""
        first = self.touchpoints[0]
        return first if occasion in ("need", "entry") else self.dice.one(*self.touchpoints)

    def step(self, steps, k, others, order):
        """At once it goes forward only where a touch did not come off; so nobody goes round for ever."""
        dice = self.dice
        forward, back = [*steps[k + 1 :], "end"], [*steps[: k + 1], *order]
        onward = {dice.one(*forward): self.edge(2, at_once=60)}
        for target in dice.some([*forward, *others, steps[k]], 2):
            onward.setdefault(target, self.edge(dice.one(1, 2, 0), at_once=50))
        if dice.chance(40):
            onward.setdefault(dice.one(*back), self.edge(1, at_once=0))
        if dice.chance(10):
            onward.setdefault("leave", self.edge(1, at_once=50))
        step = {"touchpoint": dice.one(*self.touchpoints), "next": onward}
        for outcome in dice.some(MISHAPS, 2):
            ways = {dice.one(*forward): self.edge(1, at_once=70)}
            if dice.chance(50):
                ways.setdefault(dice.one(*back), self.edge(dice.one(1, 3), at_once=0))
            step[outcome] = ways
        return step

    def edge(self, weight, at_once):
        dice = self.dice
        delay = {} if dice.chance(at_once) else {"after": dice.delay()}
        pulls = {state: dice.one(1, -1, 0.3) for state in dice.some(STATES, 2)} if dice.chance(25) else {}
        seen = self.seen() if dice.chance(20) else []
        follows = {name: dice.one(1, 0.1, 0) for name in dice.some(seen, 2)}
        drawn = {"pulls": pulls, "follows": follows}
        return {"weight": weight, **delay, **{key: part for key, part in drawn.items() if part}}

    # ------------------------------------------------------------ psychology
    def psychology(self):
        dice = self.dice
        if self.feeling == "off":
            return {"psychology": "off"}
        talk = {"word_of_mouth": dice.one(2, 0.5, 0), "told": dice.one(2, 1, 6)} if self.network else {}
        if self.feeling == "plain":
            return {"psychology": talk} if talk else {}
        psychology = talk | ({"link": "linear"} if self.feeling == "linear" else {})
        if dice.chance(50):
            psychology["effect_on"] = {"leaving": dice.one(2, 0, 0.5), "buying": dice.one(2, 0, 0.5)}
        if dice.chance(50):
            fading = {"half_life": dice.one("never", "1 d", "1 h"), "on_leaving": -0.5, "on_buying": 0.5}
            psychology["emotions"] = {
                "joy": {**fading, **dice.maybe(50, "range", lambda: "unbounded")},
                "anxiety": None,
            }
        names = (
            "goodwill_gain",
            "satisfaction_rate",
            "trust_loss",
            "buffer",
            "valence_quality",
            "obligation_discharge",
            "reference_rate",
            "price_reference",
            "contact_fatigue",
            "opts_out",
            "found_out",
            "forced_resentment",
            "peak_weight",
            "expectation_drift",
        )
        psychology |= {name: dice.one(0.5, 0, 0.9) for name in dice.some(names, 3)}
        psychology |= dice.maybe(30, "worn_message", lambda: dice.one(0, 0.5))
        psychology |= dice.maybe(30, "pressure_free", lambda: 0)
        return {"psychology": psychology}


class Strategy:
    """What a strategy changes: something of everything that it may."""

    def __init__(self, dice, world, base):
        self.dice, self.world, self.base = dice, world, base

    def data(self):
        """Up to five changes."""
        dice, world = self.dice, self.world
        changes = [
            self.quality,
            self.rates,
            self.edges,
            self.weekly,
            self.people,
            self.cue,
            self.usual,
            self.selling,
            self.asking,
        ]
        changes += [self.pools, self.unstaffed] * bool(world.pools) + [self.stocks] * bool(world.stocks)
        changes += [self.signals] * bool(world.seen())
        changes += [self.contract, self.contract] * world.contract + [self.mind] * (world.feeling != "off")
        changes += [self.loyalty, self.campaigns] + [self.segments] * (len(world.segments) > 1)
        names = [change.__name__ for change in changes]
        wanted = dice.draw(st.lists(st.sampled_from(names), unique=True, max_size=5))
        if world.pools and dice.chance(50):
            wanted.append("pools")
        if dice.chance(25):
            wanted.append("selling")
        result = {}
        for name in sorted(set(wanted)):
            merge(result, getattr(self, name)())
        return result

    def touch(self):
        return self.dice.one(*self.world.touchpoints)

    def quality(self):
        dice = self.dice
        return {"touchpoints": {self.touch(): {"quality": dice.one(0.8, -0.8), "feels": dice.feels()}}}

    def rates(self):
        rate = self.dice.one("0.3 per day", "1 per day", "0.05 per day")
        if not isinstance(self.base["customers"]["needs"], dict):
            return {}
        return {"customers": {"needs": {"mean": rate}}}

    def people(self):
        leaves = self.base["customers"]["leaves"]
        mean = {
            "renewal": "15 % per renewal",
            "visit": "20 % per visit",
        }.get(self.world.leaving, "0.1 per day")
        customers = {"leaves": {"mean": mean} if isinstance(leaves, dict) else mean}
        if self.world.leaving == "rate" and self.dice.chance(50):
            customers["reconsiders"] = self.dice.one("1 per 3 d", "2 per day")
        return {"customers": customers}

    def edges(self):
        """Another weight or delay on an edge of the visit."""
        dice, steps = self.dice, self.base["journeys"]["visit"]["steps"]
        step = dice.one(*steps)
        ways = [target for target, edge in steps[step]["next"].items() if edge["weight"] > 0]
        target = dice.one(*ways)
        back = target == step or target not in (*steps, "end", "leave")
        after = {} if not dice.chance(50) else {"after": dice.delay()}
        change = {"weight": 1 if back else dice.one(1, 4), **after}
        return {"journeys": {"visit": {"steps": {step: {"next": {target: change}}}}}}

    def usual(self):
        start = {"usually": self.dice.one(0.6, 0.95, 1)}
        return {"journeys": {"visit": {"starts_on": {"need": start}}}}

    def weekly(self):
        """Needs that spread otherwise."""
        return {"calendars": {"other": self.dice.weights()}, "customers": {"needs": {"when": "other"}}}

    def cue(self):
        return {"touchpoints": {self.touch(): {"triggers": {self.dice.one("cue0", "new"): self.one_cue()}}}}

    def one_cue(self):
        """Every key, so that it can take the place of any trigger."""
        every = dict.fromkeys(("cue", "reads", "below", "until", "worth", "on", "from", "fit"))
        every |= {"genuine": True}
        return every | self.world.trigger()

    def asking(self):
        """Another survey, or none where there was one."""
        every = dict.fromkeys(("about", "acts_on", "learns", "acts_cost"))
        return {"touchpoints": {self.touch(): {"asks": self.dice.one(None, every | self.world.asks())}}}

    def selling(self):
        sells = self.dice.one({"discount": 0.3}, {"discount": 0}, {"price": 3.5})
        return {"touchpoints": {"touch0": {"sells": sells, "cost": 0.5}}}

    def loyalty(self):
        """A new programme, the end of one, or another reward."""
        dice, old = self.dice, self.base.get("loyalty", {})
        if not old or dice.chance(40):
            return {"loyalty": {"new": self.world.programme()}}
        return {"loyalty": {dice.one(*old): dice.one(None, {"reward": {"at": 2, "worth": 3}})}}

    def pools(self):
        dice = self.dice
        pools = {dice.one(*self.world.pools): {"servers": dice.servers()}}
        if dice.chance(40):
            pools[dice.one(*self.world.pools)] = {"servers": dice.servers(), "open": dice.one(None, *HOURS)}
        if dice.chance(40):
            name = dice.one(*self.world.pools)
            before = self.base["staff"][name].get("shifts", {})
            pools[name] = {"servers": dice.servers(), "shifts": dict.fromkeys(before) | dice.shifts()}
        return {"staff": pools}

    def unstaffed(self):
        """A touchpoint that no longer needs staff, or those of a new pool."""
        dice, service = self.dice, self.dice.service()
        if dice.chance(50):
            return {"touchpoints": {self.touch(): {"staff": None}}}
        staff = {"pool": "helpers", "service": service, "patience": dice.one(None, "6 h")}
        return {
            "staff": {"helpers": {"servers": dice.servers()}},
            "touchpoints": {self.touch(): {"staff": staff}},
        }

    def stocks(self):
        dice = self.dice
        if dice.chance(20):
            return {"stock": {"crates": dice.stock()}, "touchpoints": {self.touch(): {"draws": "crates"}}}
        stock = dice.stock()
        stock["refill"] = {"to": None, "add": None} | stock["refill"] if "refill" in stock else None
        return {"stock": {dice.one(*self.world.stocks): stock}}

    def signals(self):
        dice, world = self.dice, self.world
        published = {"refresh": dice.cadence()}
        if world.live and dice.chance(50):
            published = {"refresh": "live", "window": "forever", "scope": "site"}
        return {"signals": {dice.one(*world.seen()): published}}

    def contract(self):
        return {"contract": {"renews": self.dice.one("4 d", "2 d", "1 d", "9 d")}}

    def mind(self):
        return {"psychology": {"effect_on": {"leaving": 0.3}, "trust_gain": 0.1}}

    def campaigns(self):
        return {"campaigns": {"extra": self.world.campaign("extra")}}

    def segments(self):
        names = [name for name in self.world.segments if self.base["segments"][name]["share"] != "rest"]
        return {"segments": {self.dice.one(*names): {"share": 0.1}}}


def merge(into, change):
    """Mappings merge key by key."""
    for key, value in change.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value
