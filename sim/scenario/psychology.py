"""What the model believes about feelings: every parameter with its default, assumption range and source."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from sim.scenario import quantities as q
from sim.scenario.quantities import (
    HalfLife,
    Intensity,
    NotNegative,
    Number,
    Positive,
    PositiveDuration,
    Share,
)
from sim.scenario.record import Record, declared
from sim.scenario.units import days

MAX_EMOTIONS = 8
Valence = Literal["good", "bad"]


def _assumed(default: float, assumption: str, description: str, source: str = "declared assumption") -> Any:
    return declared(description, default, assumption=assumption, source=source)


def _weighing(default: float, description: str) -> Any:
    ends = sorted((0.5 * default, 1.5 * default)) if default else (-0.2, 0.2)
    return _assumed(default, f"{ends[0]:g} .. {ends[1]:g}", description)


class EffectOn(Record):
    """How strongly feelings move behaviour; 0 switches the effect off."""

    leaving: NotNegative = _assumed(1.0, "0.4 .. 1.6", "Effect of the loyalty index on the leaving hazard.")
    buying: NotNegative = _assumed(0.6, "0.2 .. 1.0", "Effect of the loyalty index on the choice at a need.")


class Emotion(Record):
    """One emotion: how fast it fades and what it does."""

    half_life: HalfLife = declared("Time to fade to a half, in days, or never.")
    feels: Valence = declared("Whether it is pleasant.")
    range: Literal["bounded", "unbounded"] = declared(
        "bounded saturates at 0 and 1; unbounded simply adds up.", "bounded"
    )
    on_leaving: Number = declared("Weight in the index against leaving (negative: drives people off).", 0.0)
    on_buying: Number = declared("Weight in the index for buying.", 0.0)
    bonds: Number = declared("Weight in affective commitment.", 0.0)


def _emotion(
    hours: float, feels: Valence, bonds: float, on_buying: float = 0.0, on_leaving: float = 0.0
) -> Emotion:
    return Emotion.model_construct(
        half_life=days(hours, "h"),
        feels=feels,
        range="bounded",
        on_leaving=on_leaving,
        on_buying=on_buying,
        bonds=bonds,
    )


# Half-lives: durations of Verduyn & Lavrijsen (2015) times 0.2314 where they give one.
EMOTIONS = {
    "joy": _emotion(8.1, "good", 0.3, on_buying=0.2),
    "trust_feeling": _emotion(5.55, "good", 0.3),
    "belonging": _emotion(27.8, "good", 0.5),
    "gratitude": _emotion(1.16, "good", 0.3),
    "surprise": _emotion(0.46, "good", 0.1),
    "frustration": _emotion(5.55, "bad", -0.3, on_buying=-0.3, on_leaving=-0.3),
    "anxiety": _emotion(5.55, "bad", -0.2, on_leaving=-0.2),
    "resentment": _emotion(13.9, "bad", -0.5, on_leaving=-0.4),
}


class WeighLeaving(Record):
    """Weights of the loyalty index that keeps people from leaving."""

    affective: Number = _weighing(0.5, "Weight of affective commitment.")
    normative: Number = _weighing(0.2, "Weight of normative commitment.")
    economic: Number = _weighing(0.2, "Weight of economic commitment.")
    forced: Number = _weighing(0.3, "Weight of forced commitment.")
    habitual: Number = _weighing(0.2, "Weight of habitual commitment.")
    satisfaction: Number = _weighing(0.4, "Weight of satisfaction.")
    grievance: Number = _weighing(-0.6, "Weight of failures not made good.")


class WeighBuying(Record):
    """Weights of the loyalty index that leads to buying."""

    affective: Number = _weighing(0.4, "Weight of affective commitment.")
    normative: Number = _weighing(0.1, "Weight of normative commitment.")
    economic: Number = _weighing(0.1, "Weight of economic commitment.")
    forced: Number = _weighing(0.1, "Weight of forced commitment.")
    habitual: Number = _weighing(0.4, "Weight of habitual commitment.")
    satisfaction: Number = _weighing(0.3, "Weight of satisfaction.")
    grievance: Number = _weighing(-0.4, "Weight of failures not made good.")


class WeighAdvocacy(Record):
    """Weights of the loyalty index that makes people tell others."""

    affective: Number = _weighing(0.6, "Weight of affective commitment.")
    normative: Number = _weighing(0.3, "Weight of normative commitment.")
    economic: Number = _weighing(0.0, "Weight of economic commitment.")
    forced: Number = _weighing(-0.3, "Weight of forced commitment.")
    habitual: Number = _weighing(0.0, "Weight of habitual commitment.")
    satisfaction: Number = _weighing(0.4, "Weight of satisfaction.")
    grievance: Number = _weighing(-0.6, "Weight of failures not made good.")


NO_EFFECT = EffectOn(leaving=0.0, buying=0.0)


class Psychology(Record):
    """How touches move feelings and feelings move behaviour. ``psychology: off`` switches all of it off."""

    on: bool = declared("Whether feelings have any effect; psychology: off is short for false.", True)
    effect_on: EffectOn = declared("How strongly feelings move behaviour.", EffectOn)
    link: Literal["exp", "linear"] = declared(
        "How the loyalty index moves the leaving hazard: h0 exp(-effect L), or h0 - effect L.", "exp"
    )
    emotions: dict[str, Emotion] = declared(
        "Emotions by name, merged over the eight defaults.", lambda: dict(EMOTIONS)
    )

    valence_quality: Intensity = _assumed(
        0.5, "0 .. 1", "Weight of perceived quality in valence (the rest: disconfirmation)."
    )
    relevance: Intensity = _assumed(
        0.2, "0 .. 0.5", "Gain in perceived quality from fitting personalisation."
    )
    effort: Intensity = _assumed(0.3, "0 .. 1", "Loss in perceived quality from full effort.")
    waiting: Intensity = _assumed(0.4, "0 .. 1", "Largest loss in perceived quality from waiting.")
    waiting_scale: PositiveDuration = _assumed(
        days(10, "min"), "2 min .. 30 min", "Wait at which most of that loss is reached, in days."
    )
    intrusion: Intensity = _assumed(
        0.6, "0 .. 1", "Loss in perceived quality from intrusive personalisation."
    )
    empathy: Intensity = _assumed(0.3, "0 .. 1", "How far empathy softens a failure.")
    buffer: Intensity = _assumed(
        0.5, "0 .. 0.9", "Largest share of a failure's harm that a good relationship softens."
    )
    buffer_half: Positive = _assumed(
        0.5, "0.1 .. 1", "Relationship at which half of that softening is reached."
    )
    goodwill_gain: Intensity = _assumed(0.1, "0.02 .. 0.3", "Impulse on goodwill of a touch of valence 1.")
    goodwill_half_life: HalfLife = _assumed(21.0, "7 d .. 60 d", "Half-life of goodwill, in days.")
    satisfaction_rate: Intensity = _assumed(
        0.3, "0.1 .. 0.6", "Weight a0 of the first episode in satisfaction."
    )
    satisfaction_tenure: Positive = _assumed(
        20.0, "5 .. 100", "Touches n0 after which that weight has halved."
    )
    expectation_rate: Intensity = _assumed(0.1, "0.02 .. 0.3", "Weight of one touch in the expectation.")
    trust_gain: Intensity = _assumed(0.02, "0.005 .. 0.05", "Gain in trust from a promise kept.")
    trust_loss: Intensity = _assumed(0.15, "0.05 .. 0.4", "Loss of trust from a failure of severity 1.")
    trust_intrusion: Intensity = _assumed(0.1, "0 .. 0.3", "Loss of trust from full intrusion.")
    affective_rate: Intensity = _assumed(0.03, "0.01 .. 0.1", "Weight of one touch in affective commitment.")
    normative_rate: Intensity = _assumed(
        0.01, "0.002 .. 0.05", "Weight of one touch in normative commitment."
    )
    habit: NotNegative = _assumed(
        0.0454, "0.02 .. 0.1", "Habit strength gained per repetition.", "Lally et al. 2010"
    )
    habit_ceiling: Intensity = _assumed(1.0, "0.5 .. 1", "Habit strength that is never exceeded.")
    economic_scale: Positive = _assumed(
        50.0, "10 .. 200", "Amount at stake that makes most of economic commitment, in currency."
    )
    obligation_half_life: HalfLife = _assumed(14.0, "3 d .. 60 d", "Half-life of felt obligation, in days.")
    obligation_scale: Positive = _assumed(
        5.0, "1 .. 20", "Worth of a gift that makes most of an obligation, in currency."
    )
    obligation_discharge: Share = _assumed(
        0.5, "0.2 .. 1", "Share of a felt obligation that one purchase discharges."
    )
    gift_habit_half_life: HalfLife = _assumed(
        30.0, "10 d .. 90 d", "Half-life of being used to gifts, in days."
    )
    gift_habit_gain: Intensity = _assumed(0.5, "0.2 .. 0.9", "How far one gift makes the next one expected.")
    scarcity_half_life: HalfLife = _assumed(7.0, "2 d .. 30 d", "Half-life of scarcity met lately, in days.")
    scarcity_deadline: PositiveDuration = _assumed(
        3.0, "1 d .. 7 d", "Time before a deadline at which half its pressure is felt, in days."
    )
    scarcity_worn: Positive = _assumed(3.0, "1 .. 10", "Exposures at which scarcity stops working better.")
    review_half: Positive = _assumed(
        20.0, "5 .. 100", "Reviews at which half the weight of their average is reached."
    )
    review_neutral: q.Stars = _assumed(3.7, "3 .. 4.3", "Average that neither draws nor deters, in stars.")
    review_noise: NotNegative = _assumed(
        0.7, "0.3 .. 1.2", "Noise in a review's score, standard deviation in stars."
    )
    bad_news: Positive = _assumed(1.5, "1 .. 3", "How many times more a bad signal weighs than a good one.")
    popularity_half: Positive = _assumed(
        0.3, "0.05 .. 1", "Orders per customer and window at which half the pull is reached."
    )

    # ------------------------------------------------------------ a touch, memory and trust
    grievance_half_life: HalfLife = _assumed(
        30.0, "10 d .. 90 d", "Half-life of a failure that nobody makes good, in days."
    )
    episode_gap: PositiveDuration = _assumed(
        days(12, "h"), "3 h .. 2 d", "Time without any impulse after which an episode is over, in days."
    )
    peak_weight: Intensity = _assumed(
        0.5, "0.3 .. 0.7", "Weight of the peak of an episode in how it is remembered (the rest: its end)."
    )
    double_deviation: Positive = _assumed(
        1.5, "1 .. 3", "How many times more a failure weighs before an earlier one was made good."
    )
    recovery_gain: Intensity = _assumed(
        0.5, "0 .. 1", "How well an episode is remembered for healing a whole grievance."
    )
    promise_rate: Intensity = _assumed(0.2, "0.05 .. 0.5", "Weight of one promise in the expectation.")
    promise_tolerance: Intensity = _assumed(
        0.2, "0 .. 0.5", "How far a promise may lie from what is expected and still sound true."
    )
    trust_mixed: Intensity = _assumed(
        0.1, "0 .. 0.3", "Share of trust lost to a promise further off by 1 than that."
    )
    forced_resentment: Intensity = _assumed(
        0.2, "0 .. 0.5", "Loss in perceived quality for somebody who knows no alternative."
    )
    expectation_drift: Number = _assumed(
        0.0, "-0.1 .. 0.1", "Rise in a year of what people expect anywhere, as a score."
    )

    # ------------------------------------------------------------ triggers and context
    reactance: NotNegative = _assumed(
        0.5, "0 .. 1", "How much endless scarcity deters, in terms of what the first cue draws."
    )
    found_out: Share = _assumed(
        0.1, "0.02 .. 0.5", "Chance of one exposure that what is not genuine is found out."
    )
    trust_fake: Share = _assumed(0.2, "0.05 .. 0.5", "Share of trust lost by being found out.")
    fake_resentment: Intensity = _assumed(0.3, "0 .. 0.6", "Impulse of being found out on resentment.")
    profile_touches: Positive = _assumed(
        5.0, "1 .. 30", "Touches after which most of what can be known of somebody is known."
    )
    profile_floor: Intensity = _assumed(
        0.3, "0 .. 0.8", "Share of full relevance for somebody of whom nothing is known."
    )
    risk: NotNegative = _assumed(
        0.5, "0 .. 1.5", "Perceived risk of a first purchase without trust or guarantee, in logits."
    )
    review_floor: Share = _assumed(
        0.2, "0.05 .. 1", "Share of those asked who write a review though they feel nothing either way."
    )

    # ------------------------------------------------------------ price, contact, programme
    price_weight: NotNegative = _assumed(
        3.5,
        "1.5 .. 6",
        "Change of the logit per 100 % of today's price; an elasticity of -2.62 at a choice of 25 %.",
        "Bijmolt et al. 2005",
    )
    price_reference: Share = _assumed(
        0.5, "0 .. 1", "Share of it that answers to the price that seems right; the rest to the price itself."
    )
    price_loss: Positive = _assumed(
        1.5, "1 .. 2.5", "How many times more a price above the one that seems right counts than one below."
    )
    reference_rate: Share = _assumed(
        0.2, "0.05 .. 0.5", "How far one order moves the price that seems right toward what was paid."
    )
    contact_fatigue: Intensity = _assumed(
        0.3, "0 .. 0.6", "Largest loss in a message's perceived quality from messages before it."
    )
    pressure_free: NotNegative = _assumed(2.5, "0 .. 4", "Messages met lately that are welcome.")
    pressure_half: Positive = _assumed(
        3.0, "1 .. 10", "Messages beyond these at which half their harm is reached."
    )
    worn_message: NotNegative = _assumed(
        0.1,
        "0 .. 0.5",
        "What each message met lately takes off the logit of the choice that one more offers.",
    )
    opts_out: Share = _assumed(
        0.04, "0.002 .. 0.1", "Largest probability that a message makes its reader opt out of messages."
    )
    endowed: NotNegative = _assumed(
        5.0, "0 .. 8", "How many times more a head start draws than as covered way to the reward."
    )
    pressure_half_life: HalfLife = _assumed(7.0, "2 d .. 30 d", "Half-life of messages met, in days.")

    # ------------------------------------------------------------ campaigns and winning back
    forgets_half_life: HalfLife = _assumed(
        180.0, "60 d .. 540 d", "Half-life of what those who have left still feel and believe, in days."
    )
    estimate_scale: NotNegative = _assumed(
        5.0, "1 .. 10", "How sharply the brand's estimate follows loyalty, logits per point of the index."
    )
    estimate_noise: NotNegative = _assumed(
        1.0, "0.3 .. 3", "Error of the brand's estimate, standard deviation in logits."
    )

    # ------------------------------------------------------------ answers and listening
    answer_extremes: NotNegative = _assumed(
        1.5, "0 .. 3", "How much more readily, in logits, the most delighted answer a survey."
    )
    answer_anger: NotNegative = _assumed(
        1.5, "1 .. 2.5", "How many times as much that is for a bad opinion as for a good one."
    )
    nps_neutral: NotNegative = _assumed(
        7.0, "6 .. 8", "Score 0..10 of somebody without feelings who is asked to recommend."
    )
    nps_slope: NotNegative = _assumed(6.0, "3 .. 10", "Points more at an advocacy index of 1.")
    nps_noise: NotNegative = _assumed(1.5, "0.7 .. 2.5", "Standard deviation of the noise in that score.")
    csat_neutral: q.Stars = _assumed(
        3.7, "3 .. 4.3", "Score 1..5 of somebody without feelings who is asked for satisfaction."
    )
    csat_slope: NotNegative = _assumed(2.0, "1 .. 3", "Points more at a satisfaction of 1.")
    csat_noise: NotNegative = _assumed(0.7, "0.3 .. 1.2", "Standard deviation of the noise in that score.")
    ces_noise: NotNegative = _assumed(
        1.0, "0.5 .. 1.5", "Standard deviation of the noise in a score of effort, 1..7."
    )
    heard_trust: Intensity = _assumed(0.1, "0.02 .. 0.3", "Impulse on trust where a bad answer is acted on.")
    heard_normative: Intensity = _assumed(
        0.05, "0.01 .. 0.15", "Impulse on normative commitment where a bad answer is acted on."
    )
    heard_grievance: Share = _assumed(
        0.5, "20 % .. 90 %", "Share of the grievance that goes where a bad answer is acted on."
    )
    ignored_trust: Intensity = _assumed(
        0.05, "0 .. 0.15", "Loss of trust where a bad answer is ignored in spite of the promise."
    )
    ignored_resentment: Intensity = _assumed(
        0.2, "0 .. 0.4", "Impulse on resentment where a bad answer is ignored in spite of the promise."
    )
    learning_floor: Share = _assumed(
        0.3, "10 % .. 60 %", "Share of today's failures that no answer helps to avoid."
    )

    # ------------------------------------------------------------ friends
    word_of_mouth: NotNegative = _assumed(
        0.1, "0.02 .. 0.3", "Chance that somebody neutral tells a friend of a touch of valence 1."
    )
    told: Positive = _assumed(2.0, "1 .. 5", "Friends who are told at a time, on average (at least 1).")
    word_half_life: HalfLife = _assumed(30.0, "7 d .. 90 d", "Half-life of what a friend has said, in days.")
    word_trust: Intensity = _assumed(
        0.05, "0 .. 0.2", "How far one word of a friend moves a customer's trust."
    )
    referral_trust: Intensity = _assumed(
        0.2, "0 .. 0.5", "How far coming on a friend's word raises trust at the start."
    )
    referral_bond: Intensity = _assumed(
        0.4, "0 .. 0.5", "Affective commitment with which somebody comes on a friend's word."
    )
    # ------------------------------------------------------------ weights

    weigh_leaving: WeighLeaving = declared(
        "Weights of the index that keeps people from leaving.", WeighLeaving
    )
    weigh_buying: WeighBuying = declared("Weights of the index that leads to buying.", WeighBuying)
    weigh_advocacy: WeighAdvocacy = declared(
        "Weights of the index that makes people tell others.", WeighAdvocacy
    )


def _switch(node: Any) -> Any:
    """``off`` is text in YAML 1.2 and false in YAML 1.1."""
    if node is True or node == "on":
        return {}
    if node is False or node == "off":
        return {"on": False}
    return node


PsychologySetting = Annotated[Psychology, BeforeValidator(_switch)]
