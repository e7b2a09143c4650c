"""The coffee shop as one would write it by hand: SimPy, Python's own random numbers, nothing of Touchpoint.

    python -m benchmarks.plain_simpy [--size 2400] [--days 365] [--warm-up 60] [--seed 1]

The same shop as ``scenarios/coffee_shop/baseline.yaml``, with the same psychology (docs/model.md, section 7),
for this one journey: no scenario file, no event log, no keyed draws, no tables. It is what the compiled engine
is compared with, so it is written to be fast as plain Python goes: slots, feelings carried to now once at an
occasion instead of at every look, no SimPy condition where nobody has to wait, draws only where they matter.
`benchmarks.same_work` checks that it does what our engines do. What the model knows and this shop does not use
(prices that change, messages, programmes, friends, promises, falsity) is left out.

Times are days since the end of the warm-up, money is cents. Everybody there at the start has two processes,
needs and moments to reconsider; a passer-by who has not found the shop yet has one.
"""

import argparse
import json
import random
import time
from bisect import bisect_right
from collections import Counter, deque
from math import ceil, exp, floor, log, log1p, sqrt

import simpy

# ---------------------------------------------------------------- the shop
SITE = 600  # customers who share one shop
PROSPECTS = 300  # neighbours of a shop who have not found it yet
SERVERS, OPENS, CLOSES = 2, 7.0 / 24.0, 18.0 / 24.0
SERVICE = (4.0, 75.0 / 86_400.0 / 4.0)  # gamma shape and scale: mean 75 s, cv 0.5
PATIENCE = (1.0 / 0.36, 8.0 / 1_440.0 * 0.36)  # mean 8 min, cv 0.6
BUNS, SCARCE_BELOW = 30, 8
BUN_CHANCE, APOLOGY_CHANCE = 0.10, 0.70
VISIT_WEIGHT, VISIT_DELAY = 30.0 / 70.0, 3.0  # after the map app; days, exponential
REVIEW_WEIGHT, REVIEW_DELAY = 2.0 / 98.0, 1.0
REVIEW_FLOOR = 0.2  # share of those who feel nothing either way who write
REVIEW_PULLS = {"joy": 1.0, "frustration": 1.5}
STARS_COUNT, STARS_AVERAGE = 60, 4.2
WINDOW = 7  # days of orders that make the bustle

NEED_SHAPE = 0.7 / (1.0 / 2.0 - 1.0 + 0.7)  # gaps between needs whose visits have regularity 2 at 70 %
USUALLY = 0.7
USUAL_LOGIT = log(USUALLY / (1.0 - USUALLY))
HEARS_OF_US = 1.0 / 120.0
RECONSIDERS = 1.0 / 14.0
LEAVES, LEAVES_CV = -log(0.7) / 365.0, 0.8
SPENDS_CV = 0.3

# ---------------------------------------------------------------- the psychology
LN2 = log(2.0)
# name: (half-life in days, bad, bonds, on_buying, on_leaving)
EMOTIONS = {
    "joy": (8.1 / 24, False, 0.3, 0.2, 0.0),
    "trust_feeling": (5.55 / 24, False, 0.3, 0.0, 0.0),
    "belonging": (27.8 / 24, False, 0.5, 0.0, 0.0),
    "gratitude": (1.16 / 24, False, 0.3, 0.0, 0.0),
    "surprise": (0.46 / 24, False, 0.1, 0.0, 0.0),
    "frustration": (5.55 / 24, True, -0.3, -0.3, -0.3),
    "anxiety": (5.55 / 24, True, -0.2, 0.0, -0.2),
    "resentment": (13.9 / 24, True, -0.5, 0.0, -0.4),
}
STIRRED = ("joy", "belonging", "frustration")  # all that this shop ever stirs; the others stay at 0
EFFECT_LEAVING, EFFECT_BUYING = 1.0, 0.6
VALENCE_QUALITY = 0.5
RELEVANCE, EFFORT, INTRUSION, EMPATHY = 0.2, 0.3, 0.6, 0.3
PROFILE_FLOOR, PROFILE_TOUCHES, FORCED_RESENTMENT = 0.3, 5.0, 0.2
WAITING, WAITING_SCALE = 0.4, 10.0 / 1_440.0
BUFFER, BUFFER_HALF = 0.5, 0.5
GOODWILL_GAIN, GOODWILL_RATE = 0.1, LN2 / 21.0
SATISFACTION_RATE, SATISFACTION_TENURE = 0.3, 20.0
EPISODE_GAP, PEAK_WEIGHT = 0.5, 0.5
GRIEVANCE_RATE, FORGOTTEN, DOUBLE_DEVIATION, RECOVERY_GAIN = LN2 / 30.0, 0.1, 1.5, 0.5
EXPECTATION_RATE = 0.1
TRUST_GAIN, TRUST_LOSS, TRUST_INTRUSION = 0.02, 0.15, 0.1
AFFECTIVE_RATE, NORMATIVE_RATE = 0.03, 0.01
HABIT, HABIT_CEILING = 0.0454, 1.0
ECONOMIC_SCALE = 50.0
OBLIGATION_RATE, OBLIGATION_DISCHARGE = LN2 / 14.0, 0.5
SCARCITY_RATE, SCARCITY_WORN, REACTANCE = LN2 / 7.0, 3.0, 0.5
REVIEW_HALF, REVIEW_NEUTRAL, REVIEW_NOISE, BAD_NEWS = 20.0, 3.7, 0.7 * sqrt(3.0) / 3.141592653589793, 1.5
POPULARITY_HALF = 0.3
# weights of affective, normative, economic, forced, habitual commitment, satisfaction and grievance
WEIGH_LEAVING = (0.5, 0.2, 0.2, 0.3, 0.2, 0.4, -0.6)
WEIGH_BUYING = (0.4, 0.1, 0.1, 0.1, 0.4, 0.3, -0.4)
TRANSPARENCY = 0.5  # of every touchpoint here
EXPECTED = 0.2436  # average quality of a visit that goes as usual, failures included: what newcomers expect

OK, FAILED, GAVE_UP, CLOSED, SOLD_OUT = range(5)
OUTCOMES = ("ok", "failed", "gave up", "closed", "sold out")


class Touchpoint:
    """A place where customers meet the shop."""

    __slots__ = (
        "control", "cost", "counts", "effort", "empathy", "feels", "goods", "margin", "mood", "name", "perceived",
        "personalisation", "price", "quality", "recovers", "sd", "severity", "valence",
    )  # fmt: skip

    def __init__(
        self, name, quality, sd=0.0, empathy=0.0, recovers=0.0, cost=0, price=None, margin=0.0, **more
    ):
        self.name, self.quality, self.sd = name, quality, sd
        self.empathy, self.recovers, self.cost = empathy, recovers, cost
        self.price, self.margin = price, margin  # cents; "own": what the customer spends
        self.effort = self.personalisation = 0.0
        self.control = 0.0
        self.severity = tuple(more.get("severity", {}).get(k, s) for k, s in enumerate((0, 0, 0.5, 0.2, 0.3)))
        self.feels = more.get("feels", {})  # outcome: {emotion: impulse}
        self.counts = [0] * len(OUTCOMES)
        self.valence = self.perceived = self.mood = 0.0  # sums over the touches


class Emotions:
    """The emotions that are kept, as tuples over their numbers."""

    __slots__ = ("bad", "bonds", "good", "names", "on_buying", "on_leaving", "pulls", "rates")

    def __init__(self, names):
        self.names = tuple(names)
        rows = [EMOTIONS[name] for name in self.names]
        self.rates = tuple((k, LN2 / row[0]) for k, row in enumerate(rows))
        self.good = tuple(k for k, row in enumerate(rows) if not row[1])
        self.bad = tuple(k for k, row in enumerate(rows) if row[1])
        self.bonds = tuple((k, row[2]) for k, row in enumerate(rows) if row[2])
        self.on_buying = tuple((k, row[3]) for k, row in enumerate(rows) if row[3])
        self.on_leaving = tuple((k, row[4]) for k, row in enumerate(rows) if row[4])
        self.pulls = tuple((self.names.index(name), pull) for name, pull in REVIEW_PULLS.items())


def touchpoints(emotions):
    """The six touchpoints: map app, order, bun, coffee, apology, review."""
    places = (
        Touchpoint("map_app", 0.2),
        Touchpoint(
            "order", 0.2, 0.2, empathy=0.6, price="own", margin=0.7, severity={FAILED: 0.4},
            feels={OK: {"joy": 0.1, "belonging": 0.15}, FAILED: {"frustration": 0.5}, GAVE_UP: {"frustration": 0.3}},
        ),
        Touchpoint(
            "bun", 0.3, 0.2, price=240, margin=0.6, severity={SOLD_OUT: 0.2},
            feels={OK: {"joy": 0.1}, SOLD_OUT: {"frustration": 0.1}},
        ),
        Touchpoint("coffee", 0.3, 0.25, feels={OK: {"joy": 0.3}}),
        Touchpoint("apology", 0.2, empathy=0.8, recovers=0.6, cost=150),
        Touchpoint("review", 0.2),
    )  # fmt: skip
    for place in places:
        by_outcome = [place.feels.get(outcome, {}) for outcome in range(len(OUTCOMES))]
        place.feels = [tuple((emotions.names.index(n), g) for n, g in feels.items()) for feels in by_outcome]
    return places


class Calendar:
    """How needs spread over the week: profile time (even) and clock time, by the slots of a week."""

    __slots__ = ("at", "total")

    def __init__(self, slots):
        mass = sum((end - start) * weight for start, end, weight in slots)
        self.at, self.total = [0.0], [0.0]
        for start, end, weight in slots:
            if start > self.at[-1]:
                self.at.append(start)
                self.total.append(self.total[-1])
            self.at.append(end)
            self.total.append(self.total[-1] + (end - start) * weight * 7.0 / mass)

    def clock(self, tau):
        """The clock time at profile time tau (both from a Monday, 0:00)."""
        weeks, x = divmod(tau, 7.0)
        j = bisect_right(self.total, x, 1, len(self.total) - 1)
        total, at = self.total, self.at
        share = (x - total[j - 1]) / (total[j] - total[j - 1])
        return weeks * 7.0 + at[j - 1] + share * (at[j] - at[j - 1])

    def profile(self, t):
        """The profile time at clock time t."""
        weeks, x = divmod(t, 7.0)
        at, total = self.at, self.total
        j = bisect_right(at, x, 1)
        if j == len(at):
            return weeks * 7.0 + 7.0
        return weeks * 7.0 + total[j - 1] + (x - at[j - 1]) / (at[j] - at[j - 1]) * (total[j] - total[j - 1])


def _days(days, start, end, weight):
    return [(day + start / 24.0, day + end / 24.0, weight) for day in days]


RUSH = Calendar(sorted(_days(range(5), 7.0, 9.5, 8.0) + _days(range(5), 9.5, 18.0, 1.0)))
DAYTIME = Calendar(_days(range(5), 9.5, 18.0, 1.0) + _days(range(5, 7), 8.0, 18.0, 3.0))
# of a segment: name, needs a week, their cv, spending in cents, susceptibility to reciprocity, calendar
COMMUTER = ("commuters", 4.0, 0.5, 420.0, 0.4, RUSH)
LINGERER = ("lingerers", 1.0, 0.9, 750.0, 0.6, DAYTIME)
NEIGHBOUR = ("neighbours", *LINGERER[1:])
AS_WRITTEN = (1.0, 0.0)  # factor on the leaving rate, logits beside `usually`: of a segment


class Site:
    """One shop: its baristas, its buns, what can be seen of it."""

    __slots__ = (
        "baristas",
        "bins",
        "buns",
        "bustle",
        "orders",
        "rating",
        "reviews",
        "shown",
        "stars",
        "written",
    )

    def __init__(self, env):
        self.baristas = simpy.Resource(env, capacity=SERVERS)
        self.buns = self.shown = BUNS
        self.stars = self.written = 0  # sum and number of the reviews written
        self.orders, self.bins = 0, deque([0] * WINDOW, WINDOW)
        self.publish()

    def publish(self):
        """What everybody can see from now on."""
        self.reviews = STARS_COUNT + self.written
        self.rating = (STARS_AVERAGE * STARS_COUNT + self.stars) / self.reviews
        self.bins.append(self.orders)
        self.orders = 0
        self.bustle = sum(self.bins) / SITE


class Customer:
    """What somebody is, feels and believes."""

    __slots__ = (
        "affective", "alternatives", "calendar", "customer", "economic", "emotions", "expectation",
        "failures", "feelings", "forced", "goodwill", "grievance", "habitual", "in_episode", "leave", "left",
        "loss_aversion", "n_order", "n_touch", "need_gap", "normative", "obligation", "peak",
        "price_sensitivity", "privacy_concern", "reactivity", "reciprocity", "satisfaction",
        "satisfied_before", "scarce_seen", "scarcity", "site", "social_proof", "spend", "t_feel", "t_moved",
        "trust", "usual_logit", "values",
    )  # fmt: skip

    def __init__(self, rng, emotions, site, segment, now, rates):
        name, needs, cv, spends, reciprocity, self.calendar = segment
        leave_scale, choice_shift = rates.get(name, AS_WRITTEN)
        self.site, self.emotions = site, emotions
        self.need_gap = USUALLY * 7.0 / rng.gammavariate(1.0 / cv**2, needs * cv**2)
        self.leave = leave_scale * rng.gammavariate(1.0 / LEAVES_CV**2, LEAVES * LEAVES_CV**2)
        self.usual_logit = USUAL_LOGIT + choice_shift
        spread = log1p(SPENDS_CV**2)
        self.spend = rng.lognormvariate(log(spends) - spread / 2.0, sqrt(spread))
        self.reactivity, self.loss_aversion, self.price_sensitivity = 1.0, 1.955, 1.0
        self.scarcity, self.social_proof, self.reciprocity = 0.2, 0.3, reciprocity
        self.privacy_concern, self.values, self.alternatives = 0.3, 0.5, 1.0
        self.economic, self.forced = 1.0 - exp(-0.0 / ECONOMIC_SCALE), 1.0 - self.alternatives
        self.trust, self.expectation, self.normative = 0.5, EXPECTED, self.values * TRANSPARENCY
        self.feelings = [0.0] * len(emotions.names)
        self.goodwill = self.satisfaction = self.affective = self.habitual = 0.0
        self.obligation = self.scarce_seen = self.grievance = 0.0
        self.peak = self.satisfied_before = 0.0
        self.t_feel = self.t_moved = now
        self.n_touch = self.n_order = self.in_episode = self.failures = 0
        self.customer, self.left = True, False

    # ------------------------------------------------------------ feelings
    def settle(self, t):
        """Carry every decaying feeling to time t."""
        days = t - self.t_feel
        if days <= 0.0:
            return
        feelings = self.feelings
        for k, rate in self.emotions.rates:
            if feelings[k] != 0.0:
                feelings[k] *= exp(-rate * days)
        self.goodwill *= exp(-GOODWILL_RATE * days)
        if self.scarce_seen:
            self.scarce_seen *= exp(-SCARCITY_RATE * days)
        if self.obligation:
            self.obligation *= exp(-OBLIGATION_RATE * days)
        if self.grievance:
            self.grievance *= exp(-GRIEVANCE_RATE * days)
        self.t_feel = t

    def is_moved(self, t):
        """Something moves the customer: after a quiet time another episode begins."""
        if t - self.t_moved > EPISODE_GAP:
            self.peak, self.satisfied_before, self.in_episode = 0.0, self.satisfaction, 0
        self.t_moved = t

    def mood(self):
        """Good minus bad emotions, -1..1."""
        feelings, emotions = self.feelings, self.emotions
        calm_good = calm_bad = 1.0
        for k in emotions.good:
            calm_good *= 1.0 - feelings[k]
        for k in emotions.bad:
            calm_bad *= 1.0 - feelings[k]
        return calm_bad - calm_good

    def stir(self, feels):
        """Impulses of a touch on the emotions."""
        feelings = self.feelings
        for k, amount in feels:
            g = amount * self.reactivity
            x = feelings[k]
            feelings[k] = x + g * (1.0 - x) if g > 0.0 else x + g * x

    def soothe(self, share):
        """Every bad emotion falls by a share of itself."""
        for k in self.emotions.bad:
            self.feelings[k] *= 1.0 - share

    # ------------------------------------------------------------ one touch
    def perceive(self, tp, quality, severity, wait):
        """Perceived quality, and how intrusive the touch was."""
        total, intrusion = quality - severity - EFFORT * tp.effort - FORCED_RESENTMENT * self.forced, 0.0
        if tp.personalisation:
            exposed = tp.personalisation**2 * (1.0 - tp.control)
            intrusion = INTRUSION * self.privacy_concern * exposed * (1.0 - self.trust)
            known = 1.0 - (1.0 - PROFILE_FLOOR) * exp(-self.n_touch / PROFILE_TOUCHES)
            total += RELEVANCE * tp.personalisation * known - intrusion
        if wait > 0.0:
            total -= WAITING * (1.0 - exp(-wait / WAITING_SCALE))
        if tp.empathy:
            feelings = self.feelings
            total += EMPATHY * tp.empathy * max([feelings[k] for k in self.emotions.bad])
        return min(max(total, -1.0), 1.0), intrusion

    def experience(self, tp, outcome, quality, wait):
        """All that is felt and believed at a touch: (perceived quality, valence)."""
        severity = tp.severity[outcome]
        perceived, intrusion = self.perceive(tp, quality, severity, wait)
        goodwill, softened = self.goodwill, 0.0
        if outcome != OK:
            relationship = 0.5 * (goodwill + self.trust if goodwill > 0.0 else self.trust)
            softened = BUFFER * relationship / (relationship + BUFFER_HALF) * (1.0 - severity)
        d = perceived - self.expectation
        weighed = d * self.loss_aversion * (1.0 - softened) if d < 0.0 else d
        valence = VALENCE_QUALITY * perceived + (1.0 - VALENCE_QUALITY) * weighed
        valence = min(max(valence, -1.0), 1.0)
        feels = tp.feels[outcome]
        if feels:
            self.stir(feels)
        if tp.recovers and outcome == OK:
            self.soothe(tp.recovers)
        g = GOODWILL_GAIN * valence
        self.goodwill = goodwill + g * (1.0 - goodwill) if g > 0.0 else goodwill + g * (1.0 + goodwill)
        self.judge(valence, self.grieve(tp, outcome, severity * (1.0 - softened)))
        self.believe(outcome, severity, perceived, d, softened, intrusion)
        self.commit()
        self.n_touch += 1
        return perceived, valence

    def grieve(self, tp, outcome, weight):
        """A failure leaves a grievance, a good answer heals some of it: by how much."""
        if outcome != OK:
            if self.grievance < FORGOTTEN:
                self.failures = 0
            elif self.failures:
                weight *= DOUBLE_DEVIATION
            self.failures += 1
            self.grievance += min(weight, 1.0) * (1.0 - self.grievance)
        elif tp.recovers and self.grievance:
            healed = self.grievance * tp.recovers / (DOUBLE_DEVIATION if self.failures > 1 else 1.0)
            self.grievance -= healed
            return healed
        return 0.0

    def judge(self, valence, healed):
        """Satisfaction: an episode counts by its peak and its end."""
        if abs(valence) > abs(self.peak):
            self.peak = valence
        remembered = PEAK_WEIGHT * self.peak + (1.0 - PEAK_WEIGHT) * valence
        anchored = SATISFACTION_RATE / (1.0 + (self.n_touch - self.in_episode) / SATISFACTION_TENURE)
        if healed:
            self.satisfied_before = min(1.0, self.satisfied_before + anchored * RECOVERY_GAIN * healed)
        before = self.satisfied_before
        self.satisfaction = before + anchored * (remembered - before)
        self.in_episode += 1

    def believe(self, outcome, severity, perceived, d, softened, intrusion):
        """Expectation and trust."""
        self.expectation += EXPECTATION_RATE * (perceived - self.expectation)
        trust = self.trust
        if outcome == OK:
            kept = 1.0 if d >= 0.0 else max(0.0, 1.0 + 2.0 * d)
            trust += TRUST_GAIN * TRANSPARENCY * kept * (1.0 - trust)
        else:
            trust -= TRUST_LOSS * severity * (1.0 - softened) * trust
        self.trust = trust - TRUST_INTRUSION * intrusion * trust

    def commit(self):
        """Affective and normative commitment."""
        warmth, feelings = 0.5 * (self.satisfaction + self.goodwill), self.feelings
        for k, bond in self.emotions.bonds:
            warmth += bond * feelings[k]
        self.affective += AFFECTIVE_RATE * (min(max(warmth, 0.0), 1.0) - self.affective)
        self.normative += NORMATIVE_RATE * (self.values * TRANSPARENCY - self.normative)

    # ------------------------------------------------------------ loyalty
    def loyalty(self, weights, on_emotions):
        """A loyalty index: the five commitments, satisfaction, grievance and emotions by their weights."""
        feelings = self.feelings
        total = (
            weights[0] * self.affective
            + weights[1] * self.normative
            + weights[2] * self.economic
            + weights[3] * self.forced
            + weights[4] * self.habitual
            + weights[5] * self.satisfaction
            + weights[6] * self.grievance
        )
        for k, weight in on_emotions:
            total += weight * feelings[k]
        return total

    def chance_to_come(self, t):
        """The probability that a need at time t becomes a visit here."""
        self.settle(t)
        site = self.site
        logit = self.usual_logit + self.obligation
        logit += EFFECT_BUYING * (self.loyalty(WEIGH_BUYING, self.emotions.on_buying) - CENTRE_BUYING)
        logit += self.social_proof * site.bustle / (site.bustle + POPULARITY_HALF)
        if site.shown < SCARCE_BELOW:
            pressure, worn = 1.0 - site.shown / SCARCE_BELOW, self.scarce_seen / SCARCITY_WORN
            met = (self.trust * (1.0 + worn) - REACTANCE * worn * worn) / (1.0 + worn * worn)
            logit += self.scarcity * pressure * met
            self.scarce_seen += 1.0
            self.is_moved(t)
        return 1.0 / (1.0 + exp(-logit))

    def chance_to_leave(self, t):
        """The probability of leaving at a moment to reconsider, at time t."""
        self.settle(t)
        loyalty = self.loyalty(WEIGH_LEAVING, self.emotions.on_leaving)
        return self.leave * exp(-EFFECT_LEAVING * (loyalty - CENTRE_LEAVING)) / RECONSIDERS

    def order(self):
        """One more order: habit grows, obligation is discharged."""
        self.n_order += 1
        self.habitual = HABIT_CEILING * (1.0 - exp(-HABIT * self.n_order))
        if self.obligation:
            self.obligation *= 1.0 - OBLIGATION_DISCHARGE


# a neutral newcomer's loyalty: economic and forced commitment are 0 here
CENTRE_LEAVING = WEIGH_LEAVING[1] * 0.5 * TRANSPARENCY
CENTRE_BUYING = WEIGH_BUYING[1] * 0.5 * TRANSPARENCY


# ---------------------------------------------------------------- the simulation
class Shop:
    """One replication: all sites, everybody's processes, and what is counted."""

    def __init__(self, size=2_400, days=365, warm_up=60, seed=1, emotions=tuple(EMOTIONS), rates=None):
        if size % SITE:
            raise ValueError(f"whole shops only: a multiple of {SITE} customers is needed, not {size}")
        self.start, self.days = -float(warm_up), days
        self.rng = random.Random(seed)
        self.env = simpy.Environment(initial_time=self.start)
        self.emotions = Emotions(emotions)
        self.rates = rates or {}  # by segment: what makes its stated rates those that are seen
        self.places = touchpoints(self.emotions)
        self.map_app, self.order, self.bun, self.coffee, self.apology, self.review = self.places
        self.sites = [Site(self.env) for _ in range(ceil(size / SITE))]
        self.counts = Counter()
        self.daily = [[0] * 4 for _ in range(days)]  # touches, orders, revenue and margin of each day
        self.people = [person for site in self.sites for person in self.populate(site)]
        self.env.process(self.show_buns())
        self.env.process(self.each_day())

    def populate(self, site):
        """Customers and prospects of one site, each with the processes of its life."""
        rng, process = self.rng, self.env.process
        people = []
        for _ in range(SITE):
            segment = COMMUTER if rng.random() < 0.6 else LINGERER
            person = Customer(rng, self.emotions, site, segment, self.start, self.rates)
            first = rng.gammavariate(NEED_SHAPE + 1.0, 1.0 / NEED_SHAPE) * rng.random()
            process(self.needs(person, person.calendar.profile(self.start) + person.need_gap * first))
            process(self.reconsiders(person, max(self.start, 0.0)))
            people.append(person)
        for _ in range(PROSPECTS):
            person = Customer(rng, self.emotions, site, NEIGHBOUR, self.start, self.rates)
            person.customer = False
            process(self.hears(person))
            people.append(person)
        return people

    def run(self):
        """Simulate up to the horizon; how many touches, leavings and enterings there were."""
        self.env.run(until=float(self.days))
        for person in self.people:
            person.settle(float(self.days))
        return self.events

    @property
    def events(self):
        """Touches, leavings and enterings since day 0: what our engines call events."""
        return self.touches + self.counts["left"] + self.counts["entered"]

    @property
    def touches(self):
        """Touches since day 0."""
        return sum(sum(place.counts) for place in self.places)

    # ------------------------------------------------------------ what is shared
    def show_buns(self):
        """The buns on show, once an hour."""
        env, k = self.env, 0
        while True:
            yield env.timeout(max(0.0, self.start + k / 24.0 - env.now))
            for site in self.sites:
                site.shown = site.buns
            k += 1

    def each_day(self):
        """Signals are published and buns delivered; on day 0 the count begins."""
        env = self.env
        while True:
            if env.now == 0.0:
                for site in self.sites:
                    site.stars = site.written = 0
            for site in self.sites:
                site.publish()
                site.buns = BUNS
            yield env.timeout(1.0)

    # ------------------------------------------------------------ lives
    def needs(self, person, tau):
        """Needs from profile time tau on, as long as the customer has not left."""
        env, rng, counts = self.env, self.rng, self.counts
        clock, gap, scale = person.calendar.clock, person.need_gap, 1.0 / NEED_SHAPE
        due = clock(tau)
        while True:
            yield env.timeout(due - env.now)
            if person.left:
                return
            tau += gap * rng.gammavariate(NEED_SHAPE, scale)
            due = clock(tau)
            if due < env.now:  # by rounding
                due = env.now
            counted = env.now >= 0.0
            if counted:
                counts["needs"] += 1
            if rng.random() < person.chance_to_come(env.now):
                yield from self.visit(person)
                while due <= env.now:  # the same need arose again while it was being served
                    tau += gap * rng.gammavariate(NEED_SHAPE, scale)
                    due = clock(tau)
            elif counted:
                counts["declined"] += 1

    def reconsiders(self, person, start):
        """Moments at which the customer can leave, from day 0 on (thinning)."""
        env, rng = self.env, self.rng
        yield env.timeout(start - env.now + rng.expovariate(RECONSIDERS))
        while True:
            self.counts["reconsidered"] += 1
            if rng.random() < person.chance_to_leave(env.now):
                person.left = True
                self.counts["left"] += 1
                return
            yield env.timeout(rng.expovariate(RECONSIDERS))

    def hears(self, person):
        """A neighbour hears of the shop now and then, until the first order."""
        env, rng = self.env, self.rng
        yield env.timeout(max(0.0, -env.now) + rng.expovariate(HEARS_OF_US))
        while not person.customer:
            self.touch(person, self.map_app)
            site = person.site
            pull = (site.rating - REVIEW_NEUTRAL) / (5.0 - REVIEW_NEUTRAL)
            pull *= site.reviews / (site.reviews + REVIEW_HALF)
            if pull < 0.0:
                pull *= BAD_NEWS
            weight = VISIT_WEIGHT * exp(person.social_proof * pull)
            if rng.random() < weight / (weight + 1.0):
                env.process(self.visits_later(person))
            yield env.timeout(rng.expovariate(HEARS_OF_US))

    def visits_later(self, person):
        """The visit that follows from the map app."""
        yield self.env.timeout(self.rng.expovariate(1.0 / VISIT_DELAY))
        if not person.left:
            yield from self.visit(person)

    def enters(self, person):
        """The first order makes a neighbour a customer."""
        now = self.env.now
        person.customer = True
        self.counts["entered"] += 1
        gap = person.need_gap * self.rng.gammavariate(NEED_SHAPE, 1.0 / NEED_SHAPE)
        self.env.process(self.needs(person, person.calendar.profile(now) + gap))
        self.env.process(self.reconsiders(person, now))

    # ------------------------------------------------------------ a visit
    def visit(self, person):
        """An order at the counter, perhaps a bun or an apology, the coffee, perhaps a review."""
        outcome, wait = yield from self.counter(person.site)
        outcome = self.touch(person, self.order, outcome, wait)
        if outcome > FAILED or person.left:
            return
        rng = self.rng
        if outcome == FAILED:
            if rng.random() < APOLOGY_CHANCE:
                self.touch(person, self.apology)
        elif rng.random() < BUN_CHANCE:
            self.take_bun(person)
        self.touch(person, self.coffee)
        feelings, pull = person.feelings, 0.0
        for k, coefficient in person.emotions.pulls:
            pull += coefficient * feelings[k]
        weight = REVIEW_WEIGHT * exp(pull)
        if rng.random() < weight / (weight + 1.0):
            self.env.process(self.reviews(person))

    def counter(self, site):
        """The line at the counter: (outcome, days waited)."""
        env, rng = self.env, self.rng
        asked = env.now
        if not OPENS <= asked % 1.0 < CLOSES:
            return CLOSED, 0.0
        with site.baristas.request() as turn:
            if not turn.triggered:
                yield turn | env.timeout(rng.gammavariate(*PATIENCE))
                if not turn.triggered:
                    return GAVE_UP, env.now - asked
            wait = env.now - asked
            yield env.timeout(rng.gammavariate(*SERVICE))
        return (FAILED if rng.random() < 0.04 else OK), wait

    def take_bun(self, person):
        """A bun, if there is one left."""
        site = person.site
        if site.buns > 0:
            site.buns -= 1
            self.touch(person, self.bun)
        else:
            self.touch(person, self.bun, SOLD_OUT)

    def reviews(self, person):
        """A review on the next day."""
        yield self.env.timeout(REVIEW_DELAY)
        if not person.left:
            self.touch(person, self.review)
            felt = person.satisfaction + 0.5 * person.mood()
            moved = min(felt if felt > 0.0 else -felt * BAD_NEWS, 1.0)
            if self.rng.random() >= REVIEW_FLOOR + (1.0 - REVIEW_FLOOR) * moved:
                return
            u = self.rng.random()
            opinion = REVIEW_NEUTRAL + 2.0 * felt
            stars = floor(opinion + REVIEW_NOISE * log(u / (1.0 - u)) + 0.5)
            person.site.stars += min(max(stars, 1), 5)
            person.site.written += 1

    def touch(self, person, tp, outcome=OK, wait=0.0):
        """One touch: what it makes of the customer, what it earns, what is counted. Its outcome."""
        t, quality = self.env.now, 0.0
        if outcome <= FAILED:
            quality = tp.quality
            if tp.sd:
                quality = min(max(self.rng.gauss(quality, tp.sd), -1.0), 1.0)
        person.settle(t)
        person.is_moved(t)
        perceived, valence = person.experience(tp, outcome, quality, wait)
        if tp.price is not None and outcome <= FAILED:
            self.sell(person, tp, t, outcome)
        if t >= 0.0:
            tp.counts[outcome] += 1
            tp.valence += valence
            tp.perceived += perceived
            tp.mood += person.mood()
            self.daily[int(t)][0] += 1
            if tp.cost:
                self.counts["cost"] += tp.cost
        return outcome

    def sell(self, person, tp, t, outcome):
        """Book one order."""
        own = tp.price == "own"
        revenue = round(person.spend) if own else tp.price
        person.order()
        if own and outcome == OK:
            person.site.orders += 1
        if t >= 0.0:
            day = self.daily[int(t)]
            day[1] += 1
            day[2] += revenue
            day[3] += revenue - round(revenue * (1.0 - tp.margin))
        if not person.customer:
            self.enters(person)

    # ------------------------------------------------------------ what came of it
    def results(self):
        """Totals and means by name, for comparison."""
        outcomes = {
            f"{place.name} {OUTCOMES[k]}": n for place in self.places for k, n in enumerate(place.counts) if n
        }
        totals = zip(("orders", "revenue", "margin"), list(zip(*self.daily, strict=True))[1:], strict=True)
        return dict(self.counts) | {name: sum(values) for name, values in totals} | outcomes


def main():
    """Run it once and print what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=2_400)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--warm-up", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    start = time.process_time()
    shop = Shop(options.size, options.days, options.warm_up, options.seed)
    events = shop.run()
    seconds = time.process_time() - start
    print(json.dumps({"events": events, "events_per_s": events / seconds, **shop.results()}, indent=2))


if __name__ == "__main__":
    main()
