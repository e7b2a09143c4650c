"""Psychology as numbers, and what follows from the baseline: expectations, centres and bounds."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sim.engine.names import Names, calendar_name
from sim.engine.rows import empty
from sim.model.layout import (
    BY_RATE,
    BY_RENEWAL,
    BY_VISIT,
    COMMITMENTS,
    EMOTION,
    ENTRY,
    LEAVE,
    NEED,
    NEVER,
    NOBODY,
    OK,
    PSYCHE,
    SEGMENT,
)  # fmt: skip
from sim.model.sample import Samplers
from sim.scenario import Scenario

LN2 = math.log(2.0)
_SAME = (
    "valence_quality", "relevance", "effort", "waiting", "waiting_scale", "intrusion", "empathy", "buffer",
    "buffer_half", "goodwill_gain", "satisfaction_rate", "satisfaction_tenure", "expectation_rate", "trust_gain",
    "trust_loss", "trust_intrusion", "affective_rate", "normative_rate", "habit", "habit_ceiling", "economic_scale",
    "obligation_scale", "obligation_discharge", "gift_habit_gain", "scarcity_worn", "review_half", "review_neutral",
    "review_noise", "bad_news", "popularity_half", "goodwill_half_life", "obligation_half_life",
    "gift_habit_half_life", "scarcity_half_life", "scarcity_deadline",
    # a touch, memory and trust
    "episode_gap", "peak_weight", "double_deviation", "recovery_gain", "promise_rate", "promise_tolerance",
    "trust_mixed", "forced_resentment", "expectation_drift",
    # triggers and context
    "reactance", "found_out", "trust_fake", "fake_resentment", "profile_touches", "profile_floor", "risk",
    "review_floor",
    # price, contact, programme
    "price_weight", "price_reference", "price_loss", "reference_rate", "contact_fatigue", "pressure_free",
    "pressure_half", "worn_message", "opts_out", "endowed",
    "grievance_half_life", "pressure_half_life",
    # campaigns and winning back
    "forgets_half_life", "estimate_scale", "estimate_noise",
    # answers and listening
    "answer_extremes", "answer_anger", "nps_neutral", "nps_slope", "nps_noise", "csat_neutral", "csat_slope",
    "csat_noise", "ces_noise", "heard_trust", "heard_normative", "heard_grievance", "ignored_trust",
    "ignored_resentment", "learning_floor",
    # friends
    "word_of_mouth", "told", "word_half_life", "word_trust", "referral_trust", "referral_bond",
)  # fmt: skip
_BASES = {"day": BY_RATE, "renewal": BY_RENEWAL, "visit": BY_VISIT}


def psyche_row(scenario: Scenario, names: Names, expectation: float, transparency: float) -> np.ndarray:
    """PSYCHE[1]: every parameter, and what a new customer of the baseline expects."""
    q = scenario.psychology
    rows = empty(1, PSYCHE)
    row = rows[0]
    row.on, row.linear = q.on, q.link == "linear"
    row.effect_leaving, row.effect_buying = q.effect_on.leaving, q.effect_on.buying
    for name in _SAME:
        setattr(row, name, getattr(q, name))
    row.expectation, row.normative = expectation, transparency
    resents = q.on and "resentment" in q.emotions
    row.resents = names.number("emotions", "resentment") if resents else NOBODY
    for name, weights in (
        ("leaving", q.weigh_leaving),
        ("buying", q.weigh_buying),
        ("advocacy", q.weigh_advocacy),
    ):
        getattr(row, name)[:] = [getattr(weights, commitment) for commitment in COMMITMENTS]
    return rows


def emotion_rows(scenario: Scenario, names: Names) -> np.ndarray:
    """EMOTION rows; none with psychology off, so that nothing is ever looked at."""
    emotions = scenario.psychology.emotions
    rows = np.zeros(len(names.emotions) if scenario.psychology.on else 0, EMOTION).view(np.recarray)
    rows.half_life = math.inf
    for name, row in zip(names.emotions, rows, strict=False):
        if name in emotions:
            e = emotions[name]
            row.half_life, row.bad, row.bounded = e.half_life, e.feels == "bad", e.range == "bounded"
            row.on_leaving, row.on_buying, row.bonds = e.on_leaving, e.on_buying, e.bonds
    return rows


def fit_rows(scenario: Scenario, names: Names) -> np.ndarray:
    """f8[segments, touchpoints]: how far each segment likes each touchpoint's channel, 1 where nothing is said."""
    fit = np.ones((max(1, len(names.segments)), max(1, len(names.touchpoints))))
    for s, segment in enumerate(names.segments):
        traits = traits_of(scenario, segment)
        for name, touchpoint in scenario.touchpoints.items() if traits else ():
            fit[s, names.number("touchpoints", name)] = traits.prefers.get(touchpoint.channel, 1.0)
    return fit


# ---------------------------------------------------------------- what the baseline delivers
def visits(static: dict[str, np.ndarray]) -> np.ndarray:
    """Expected visits of each touchpoint per need, renewal or entry, at neutral feelings: an absorbing chain.

    x = s + x Q, iterated (Kemeny & Snell 1976, "Finite Markov chains", 3.2); failures follow their own edges.
    """
    steps, touchpoints = static["steps"], static["touchpoints"]
    at = np.zeros(len(steps))
    for stream in (NEED, LEAVE, ENTRY):
        if static["streams"][stream].step != NOBODY:
            at[static["streams"][stream].step] += 1.0
    total = np.zeros(len(touchpoints))
    for _ in range(1000):
        for k, mass in enumerate(at):
            if mass > 0.0:
                total[steps[k].touchpoint] += mass
        at = _onward(static, at)
        if at.sum() < 1e-9:
            break
    return total


def _onward(static: dict[str, np.ndarray], at: np.ndarray) -> np.ndarray:
    after = np.zeros(len(at))
    for k, mass in enumerate(at):
        if mass > 0.0:
            step = static["steps"][k]
            fails = float(static["touchpoints"][step.touchpoint].fails)
            for outcome, share in ((OK, 1.0 - fails), (OK + 1, fails)):
                _spread(static["edges"][step.edges[outcome] : step.edges[outcome + 1]], mass * share, after)
    return after


def _spread(edges: np.ndarray, mass: float, after: np.ndarray) -> None:
    total = float(sum(edges.weight.tolist()))
    for edge in edges:
        if edge.target >= 0:
            after[edge.target] += mass * edge.weight / total


def delivered(scenario: Scenario, names: Names, static: dict[str, np.ndarray]) -> tuple[float, float]:
    """(perceived quality, transparency) that the touchpoints deliver on average, without waits."""
    weights = visits(static)
    number = names.place["touchpoints"]
    total = float(sum(weights[number[name]] for name in scenario.touchpoints))
    if total <= 0.0:
        return 0.0, 0.5
    quality = transparency = 0.0
    for name, t in scenario.touchpoints.items():
        share = weights[number[name]] / total
        quality += share * _perceived(scenario, t)
        transparency += share * t.transparency
    return min(max(quality, -1.0), 1.0), transparency


def _perceived(scenario: Scenario, t) -> float:
    q = scenario.psychology
    failing = t.fails.chance * t.fails.severity if t.fails else 0.0
    return t.quality.mean - failing + q.relevance * t.personalisation - q.effort * t.effort


# ---------------------------------------------------------------- segments
@dataclass(frozen=True)
class BaseRates:
    """What makes a segment's stated rates those that the baseline shows (`sim.engine.pilot`).

    ``leave_scale`` multiplies the leaving rate, ``choice_shift`` adds logits to `usually`; ``left_out`` says what
    could not be solved, and why.
    """

    leave_scale: float = 1.0
    choice_shift: float = 0.0
    left_out: str = ""


AS_WRITTEN = BaseRates()


def segment_rows(
    scenario: Scenario,
    names: Names,
    samplers: Samplers,
    transparency: float,
    bounds: Sequence[Scenario],
    rates: Mapping[str, BaseRates],
    least: Mapping[str, float],
) -> np.ndarray:
    """SEGMENT rows. ``transparency`` and the solved ``rates`` are the baseline's; ``bounds`` whose weights bound the
    hazard beside its own, which ``least`` bounds too (a reach by segment)."""
    rows = empty(len(names.segments), SEGMENT)
    for name, row in zip(names.segments, rows, strict=False):
        traits = traits_of(scenario, name)
        if traits is not None:
            _fill_segment(row, name, scenario, traits, names, samplers, transparency)
    rate_segments(rows, scenario, names, bounds, rates, least)
    return rows


def rate_segments(
    rows: np.ndarray,
    scenario: Scenario,
    names: Names,
    bounds: Sequence[Scenario],
    rates: Mapping[str, BaseRates],
    least: Mapping[str, float],
) -> None:
    """Write base rates into SEGMENT rows, and what bounds the hazard with them."""
    for name, row in zip(names.segments, rows, strict=False):
        if traits_of(scenario, name) is not None:
            solved = rates.get(name, AS_WRITTEN)
            row.leave_scale = solved.leave_scale
            row.usually = usually_felt(scenario, solved.choice_shift)
            reach = [hazard_reach(s, row.centre_leaving, solved.leave_scale) for s in (scenario, *bounds)]
            row.bound = hazard_bound(max(*reach, least.get(name, 0.0)))


def traits_of(scenario: Scenario, segment: str):
    """The traits of a segment; the customers' own where the scenario has no segments."""
    return scenario.segments.get(segment) if scenario.segments else scenario.customers


def _fill_segment(row, name, scenario, traits, names, samplers, transparency) -> None:
    shape = needs_shape(traits.needs.regularity, usually(scenario.baseline))
    row.gap, row.first_gap = samplers.add_gamma_unit(shape), samplers.add_gamma_biased(shape)
    needs = traits.needs
    row.calendar = names.number("calendars", calendar_name(scenario, needs.when, needs.season, needs.trend))
    row.leaves_by = BY_RENEWAL if scenario.contract else _leaves_by(traits)
    row.reconsiders = traits.reconsiders if isinstance(traits.reconsiders, float | int) else 0.0
    _fill_awareness(row, scenario, traits, names)
    q = scenario.baseline.psychology
    today = traits_of(scenario.baseline, name) or traits
    row.centre_leaving = _centre(q, q.weigh_leaving, today, transparency)
    row.centre_buying = _centre(q, q.weigh_buying, today, transparency)
    row.trust = traits.trust.mean


def _fill_awareness(row, scenario, traits, names) -> None:
    """Prospects hear of the brand from itself and from others they meet."""
    ours, theirs = getattr(traits, "hears_of_us", 0.0), getattr(traits, "hears_from_others", 0.0)
    row.aware_gap, row.others = math.inf, NOBODY
    if ours + theirs > 0.0:
        row.aware_gap, row.meeting = 1.0 / (ours + theirs), theirs / (ours + theirs)
    if theirs > 0.0:
        only = next(name for name, signal in scenario.signals.items() if signal.kind == "adopters")
        row.others = names.number("signals", traits.others or only)


def _leaves_by(traits) -> int:
    if traits.leaves.rate.mean == 0.0 and not isinstance(traits.reconsiders, float | int):
        return NEVER
    return BY_VISIT if traits.reconsiders == "after a visit" else _BASES[traits.leaves.per]


def usually(scenario: Scenario) -> float:
    """The probability with which a need becomes a visit today."""
    return next((j.usually for j in scenario.journeys.values() if j.occasion == "need"), 1.0)


def usually_felt(scenario: Scenario, shift: float) -> float:
    """The probability of a visit at a need with neutral feelings: `usually`, so many logits further."""
    p = usually(scenario)
    if shift == 0.0 or not scenario.psychology.on or p in (0.0, 1.0):
        return p
    return 1.0 / (1.0 + math.exp(-(math.log(p / (1.0 - p)) + shift)))


def needs_shape(regularity: float, p0: float) -> float:
    """Gamma shape of the needs behind purchases of a given regularity, each chosen with probability p0.

    A gamma renewal process of shape k, thinned with probability p, has a squared coefficient of variation
    of 1 - p + p / k; solved for the needs: k_need = p0 / (1 / k - 1 + p0). k = 1 stays 1.
    """
    return 1.0 if regularity == 1.0 else p0 / (1.0 / regularity - 1.0 + p0)


def _centre(q, weights, traits, transparency: float) -> float:
    """The loyalty index of an average new customer of the baseline: feelings neutral, commitments at their
    formula's value."""
    economic = 1.0 - math.exp(-traits.switching_cost.mean / q.economic_scale)
    forced = 1.0 - traits.alternatives.mean
    normative = traits.values.mean * transparency
    return weights.normative * normative + weights.economic * economic + weights.forced * forced


def hazard_bound(reach: float) -> float:
    """B: how many times its stated value the leaving hazard can reach, at least 1.

    Rounded up to a power of two, so that neighbouring parameter values keep the same moments at which people
    can leave, and with them the same luck. A reach of 0 gives exactly 1.
    """
    return 2.0 ** max(0.0, math.ceil(reach / LN2 - 1e-12))


def hazard_reach(scenario: Scenario, centre: float, scale: float = 1.0) -> float:
    """ln of how many times its stated value the leaving hazard can reach, scale * exp(-effect (L_min - centre)).

    0 where no feeling moves it.
    """
    q = scenario.psychology
    if not q.on or q.effect_on.leaving == 0.0 or q.link == "linear":
        return 0.0
    weights = q.weigh_leaving
    lowest = sum(min(0.0, getattr(weights, name)) for name in COMMITMENTS if name != "satisfaction")
    lowest -= abs(weights.satisfaction)
    for emotion in q.emotions.values():
        lowest += min(0.0, emotion.on_leaving) * (1.0 if emotion.range == "bounded" else 5.0)
    return math.log(scale) - q.effect_on.leaving * (lowest - centre)
