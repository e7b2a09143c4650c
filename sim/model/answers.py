"""Surveys: what somebody answers is an observation with noise, and drives nothing by itself.

What the brand *does* with a bad answer moves the customer: to be heard, or to be asked and then ignored. What
it learns from answers reaches everybody, a day later at most. Those with strong opinions answer more readily, the
angry most of all (the J of Hu, Zhang & Pavlou 2009).
"""

import math

import numpy as np

from sim._jit import njit
from sim.model import layout
from sim.model.draws import draw
from sim.model.feelings import clamp, grievance, move, settle, stir
from sim.model.layout import CES, CSAT, MILLION, NPS
from sim.model.logistic import logistic, logistic_noise
from sim.model.loyalty import loyalty_to_tell
from sim.model.record import ONE, count, millionths
from sim.model.training import fails_trained

EASIEST, HARDEST = np.int64(1), np.int64(7)  # scores of effort
WORST_PLEASED, BEST_PLEASED = np.int64(1), np.int64(5)  # scores of satisfaction
UNLIKELY, LIKELY = np.int64(0), np.int64(10)  # to recommend
DETRACTS, DISPLEASED = np.int64(6), np.int64(2)  # bad answers: at most that
TOILED = np.int64(5)  # ... and at least that

_ASKED, _ANSWERED = layout.DAY["asked"], layout.DAY["answered"]
_ANSWERS, _SCORE, _ACTS = layout.ANSWERS, layout.SCORE, layout.ACTS


@njit
def ask(w, p, place, tp, t, stream, index, visit):
    """A survey is put to a customer: (answer, 1 more than its score, or 0; cents of acting on it)."""
    survey = w.surveys[tp.asks]
    question = np.int64(survey.question)
    count(w, p, t, _ASKED, ONE)
    tally(w, p, t, question, layout.ASKED)
    opinion, best_guess, noise = view(w, p, survey, question, t)
    if draw(w, p, stream, index, visit, place.purpose[_ANSWERS]) >= readiness(w, survey, opinion):
        return np.int64(0), np.int64(0)
    score = scored(question, best_guess, noise, draw(w, p, stream, index, visit, place.purpose[_SCORE]))
    count(w, p, t, _ANSWERED, ONE)
    tally(w, p, t, question, score)
    if question == NPS:
        p.answer = score + 1
    cost = np.int64(0)
    if survey.acts_on >= 0.0 and is_bad(question, score):
        luck = draw(w, p, stream, index, visit, place.purpose[_ACTS])
        cost = respond(w, p, survey, question, t, luck)
    return score + 1, cost


@njit(forceinline=True)
def tally(w, p, t, question, column):
    """Count what happened to a question; the warm-up is not counted."""
    if t >= 0.0:
        w.answered[p.segment, question, column] += 1


@njit(forceinline=True)
def view(w, p, survey, question, t):
    """(opinion -1..1, the score that it makes likeliest, standard deviation of the noise about that)."""
    q = w.psyche[0]
    if question == NPS:
        opinion = clamp(loyalty_to_tell(w, p, t), -1.0, 1.0)
        return opinion, q.nps_neutral + q.nps_slope * opinion, q.nps_noise
    if question == CSAT:
        opinion = np.float64(p.satisfaction)
        return opinion, q.csat_neutral + q.csat_slope * opinion, q.csat_noise
    spared = (1.0 - w.touchpoints[survey.about].effort) * (1.0 - grievance(w, p, t))
    effort = 1.0 - spared
    return -effort, EASIEST + (HARDEST - EASIEST) * effort, q.ces_noise


@njit(forceinline=True)
def readiness(w, survey, opinion):
    """The probability of an answer: J-shaped in the opinion."""
    q = w.psyche[0]
    strength = q.answer_extremes * opinion * opinion
    if opinion < 0.0:
        strength *= q.answer_anger
    return logistic(survey.answers + strength)


@njit(forceinline=True)
def scored(question, best_guess, noise, u):
    """The score that somebody ticks: the likeliest with logistic noise, rounded, within the scale."""
    lowest, highest = UNLIKELY, LIKELY
    if question == CSAT:
        lowest, highest = WORST_PLEASED, BEST_PLEASED
    elif question == CES:
        lowest, highest = EASIEST, HARDEST
    felt = best_guess + noise * logistic_noise(u)
    return np.int64(clamp(math.floor(felt + 0.5), np.float64(lowest), np.float64(highest)))


@njit(forceinline=True)
def is_bad(question, score):
    """Whether an answer calls for something to be done."""
    if question == NPS:
        return score <= DETRACTS
    return score <= DISPLEASED if question == CSAT else score >= TOILED


@njit(forceinline=True)
def respond(w, p, survey, question, t, luck):
    """A bad answer is acted on, or ignored; cents that this cost."""
    feels = w.psyche[0].on != 0.0
    if luck >= survey.acts_on:
        if feels:
            ignore(w, p, survey, t)
        return np.int64(0)
    if feels:
        hear(w, p, t)
    tally(w, p, t, question, layout.ACTED)
    if survey.learns > 0.0 and t >= 0.0:
        w.learnt[survey.about] += millionths(survey.learns)
    return np.int64(survey.acts_cost)


@njit(forceinline=True)
def hear(w, p, t):
    """The customer was listened to."""
    q = w.psyche[0]
    p.trust = move(np.float64(p.trust), q.heard_trust)
    p.normative = move(np.float64(p.normative), q.heard_normative)
    if p.grievance != 0.0 and q.heard_grievance != 0.0:
        settle(w, p, t)
        p.grievance = (1.0 - q.heard_grievance) * np.float64(p.grievance)


@njit(forceinline=True)
def ignore(w, p, survey, t):
    """The customer was asked, and nobody cared."""
    q = w.psyche[0]
    p.trust = move(np.float64(p.trust), -q.ignored_trust)
    if survey.resentment >= 0:
        stir(w, p, np.int64(survey.resentment), q.ignored_resentment * np.float64(p.reactivity), t)


# ---------------------------------------------------------------- learning
@njit(forceinline=True)
def failing(w, tp, touchpoint, t):
    """The chance that a touch fails, after all that the brand has learnt and its staff were taught."""
    fails = fails_trained(tp, t)
    return fails if len(w.failing) == 0 else fails * w.failing[touchpoint]


@njit(entry=True)
def learn(w):
    """What the brand has learnt from answers so far takes effect for everybody.

    Learning is per hundred customers: a larger business needs more answers to get better as fast.
    """
    customers = 0
    for site in range(len(w.site_size)):
        customers += w.site_size[site]
    avoidable = 1.0 - w.psyche[0].learning_floor
    for k in range(len(w.failing)):
        learnt = w.learnt[k] / MILLION * (100.0 / max(customers, 1))
        w.failing[k] = 1.0 - avoidable * (1.0 - math.exp(-learnt))
