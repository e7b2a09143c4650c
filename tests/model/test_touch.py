"""What one touch does: each step moves what it should, in the right direction."""

import json
import math

import numpy as np
import pytest
import worlds
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import merged

from sim.engine import lower, simulate, simulate_logged
from sim.errors import ScenarioError
from sim.model.feelings import emotion, goodwill, grievance
from sim.model.layout import DAY, FAILED, FIRST_VISIT, GAVE_UP, NEED, NOBODY, OK, SOLD_OUT
from sim.model.loyalty import loyalty_to_buy, loyalty_to_stay, loyalty_to_tell
from sim.model.sample import CONSTANT
from sim.model.touch import appraise, buffer, perceive, touch
from sim.scenario import parse

CAFE = {
    "name": "Cafe",
    "horizon": "30 d",
    "warm_up": 0,
    "population": {"size": 2},
    "customers": {"needs": "1 per week", "spends": 12.5},
    "touchpoints": {
        "cup": {
            "quality": 0.3,
            "feels": {"joy": 0.4},
            "fails": {"chance": 0, "severity": 0.6, "feels": {"frustration": 0.5}},
            "gave_up": {"severity": 0.2, "feels": {"resentment": 0.3}},
            "sells": {"price": "own_spend", "margin": 0.6, "discount": 0.2},
            "cost": 0.75,
        },
        "bill": {},
    },
    "journeys": {
        "visit": {"starts_on": {"need": {"becomes": "cup"}}, "steps": {"cup": {"next": "bill"}, "bill": {}}}
    },
}


class Guest(worlds.Guest):
    """One customer of the cafe, who can be touched at will."""

    def __init__(self, cup=None, **change):
        super().__init__(merged(CAFE, change | {"touchpoints": {"cup": cup or {}}}))
        self.cup = self.state["touchpoints"][0]
        self.visits = 0

    def touch(self, outcome=OK, t=0.0, wait=0.0):
        """One touch of the cup; its valence."""
        self.visits += 1
        index = np.int64(self.visits)
        return touch(self.w, self.p, t, NEED, index, FIRST_VISIT, np.int64(0), outcome, wait, 1.0, NOBODY)[1]

    def perceived(self, severity=0.0, wait=0.0, t=0.0, quality=0.3):
        """Perceived quality of the cup."""
        return perceive(self.w, self.p, self.cup, t, quality, severity, wait)[0]

    def feeling(self, name, t=0.0):
        """An emotion at a time."""
        return emotion(self.w, self.p, self.program.names.emotions.index(name), t)


# ---------------------------------------------------------------- perceived quality
def test_perceived_quality_begins_with_quality():
    assert Guest().perceived() == pytest.approx(0.3)


def test_a_failure_lowers_perceived_quality_by_its_severity():
    assert Guest().perceived(severity=0.6) == pytest.approx(-0.3)


def test_effort_lowers_perceived_quality():
    guest = Guest({"effort": 0.5})
    assert guest.perceived() == pytest.approx(0.3 - guest.q.effort * 0.5)


def test_waiting_lowers_perceived_quality_up_to_a_limit():
    guest = Guest()
    values = [guest.perceived(wait=minutes / 1440) for minutes in (0, 1, 10, 100, 1000)]
    assert values == sorted(values, reverse=True)
    assert values[2] == pytest.approx(0.3 - guest.q.waiting * (1 - math.exp(-1)))
    assert values[-1] == pytest.approx(0.3 - guest.q.waiting)


def test_personalisation_helps_those_who_are_not_concerned():
    guest = Guest({"personalisation": 0.8}, customers={"privacy_concern": 0})
    guest.p.n_touch = 1_000
    assert guest.perceived() == pytest.approx(0.3 + guest.q.relevance * 0.8)


def test_personalisation_intrudes_on_the_concerned_without_trust_or_control():
    concerned = {"privacy_concern": 1, "trust": 0}
    intruded = Guest({"personalisation": 0.8}, customers=concerned).perceived()
    trusting = Guest({"personalisation": 0.8}, customers=concerned | {"trust": 1}).perceived()
    in_control = Guest({"personalisation": 0.8, "control": 1}, customers=concerned).perceived()
    assert intruded < 0.3 < trusting == in_control


def test_empathy_helps_only_the_upset():
    guest = Guest({"empathy": 1})
    calm = guest.perceived()
    guest.touch(FAILED)
    assert calm == pytest.approx(0.3)
    assert guest.perceived() == pytest.approx(0.3 + guest.q.empathy * 0.5, abs=1e-6)


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0, 10))
def test_perceived_quality_is_between_minus_1_and_1(quality, severity, wait):
    assert -1 <= Guest({"effort": 1, "personalisation": 1}).perceived(severity, wait, 0.0, quality) <= 1


# ---------------------------------------------------------------- valence
def appraised(guest, perceived, softened=0.0):
    """(valence, disconfirmation)."""
    return appraise(guest.w, guest.p, perceived, softened, 0.0)


@given(st.floats(0.01, 0.4))
def test_a_loss_counts_loss_aversion_times_as_much_as_a_gain(x):
    guest = Guest(psychology={"valence_quality": 0}, customers={"loss_aversion": 1.955})
    guest.p.expectation = 0.0
    gain, loss = appraised(guest, x)[0], appraised(guest, -x)[0]
    assert loss == pytest.approx(-1.955 * gain, rel=1e-6)


def test_loss_aversion_of_1_weighs_both_alike():
    guest = Guest(customers={"loss_aversion": 1})
    guest.p.expectation = 0.0
    assert appraised(guest, -0.4)[0] == -appraised(guest, 0.4)[0]


def test_what_is_expected_is_felt_by_its_quality_alone():
    guest = Guest()
    guest.p.expectation = 0.3
    valence, disconfirmation = appraised(guest, float(guest.p.expectation))
    assert disconfirmation == 0
    assert valence == pytest.approx(guest.q.valence_quality * 0.3, abs=1e-6)


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(0, 1))
def test_valence_is_between_minus_1_and_1(perceived, expectation, softened):
    guest = Guest()
    guest.p.expectation = expectation
    assert -1 <= appraised(guest, perceived, softened)[0] <= 1


@given(st.floats(0, 1), st.floats(0, 1), st.floats(-1, 1), st.floats(0, 1))
def test_a_better_relationship_never_softens_less(trust, more, good, severity):
    guest = Guest()
    guest.p.trust, guest.p.goodwill = trust, good
    before = buffer(guest.w, guest.p, 0.0, severity)
    guest.p.trust, guest.p.goodwill = max(trust, more), max(good, more)
    after = buffer(guest.w, guest.p, 0.0, severity)
    assert 0 <= before <= after <= guest.q.buffer


def test_a_worse_failure_is_softened_less_and_the_worst_not_at_all():
    guest = Guest()
    guest.p.goodwill = 0.5
    softened = [buffer(guest.w, guest.p, 0.0, severity) for severity in (0, 0.3, 0.7, 1)]
    assert softened == sorted(softened, reverse=True)
    assert softened[-1] == 0


def test_goodwill_of_earlier_touches_softens_a_failure():
    valences = []
    for good in (0.0, 0.6):
        guest = Guest()
        guest.p.goodwill = good
        valences.append(guest.touch(FAILED))
    assert valences[0] < valences[1] < 0


def test_a_buffer_without_a_scale_is_refused_or_harmless():
    """What a scenario may write must not become a division by zero."""
    try:
        guest = Guest(psychology={"buffer_half": 0}, customers={"trust": 0})
    except ScenarioError:
        return
    assert math.isfinite(buffer(guest.w, guest.p, 0.0, 0.3))


# ---------------------------------------------------------------- beliefs
def test_satisfaction_moves_less_with_tenure():
    """a0 / (1 + n / n0): half of the first step after n0 = 20 touches."""
    steps = []
    for n in (0, 20):
        guest = Guest()
        guest.p.n_touch = n
        valence = guest.touch()
        steps.append(guest.p.satisfaction / valence)
    assert steps[0] == pytest.approx(guest.q.satisfaction_rate, rel=1e-5)
    assert steps[1] == pytest.approx(steps[0] / 2, rel=1e-5)


def test_steady_good_quality_leaves_people_satisfied():
    """Valence keeps a part of quality itself, however well one knows what to expect."""
    guest = Guest()
    for day in range(300):
        guest.touch(t=float(day - 300))
    assert guest.p.expectation == pytest.approx(0.3, abs=1e-3)
    assert guest.p.satisfaction == pytest.approx(0.15, abs=0.01)


def test_expectation_follows_what_is_perceived():
    guest = Guest()
    guest.p.expectation = -0.5
    gaps = []
    for _ in range(5):
        guest.touch()
        gaps.append(0.3 - guest.p.expectation)
    assert gaps == pytest.approx([0.8 * 0.9 ** (k + 1) for k in range(5)], rel=1e-4)


def test_trust_is_slow_to_build_and_quick_to_lose():
    """One failure takes more than five good touches give."""
    guest = Guest()
    for _ in range(5):
        guest.touch()
    built = guest.p.trust - 0.5
    guest.touch(FAILED)
    assert built > 0
    assert guest.p.trust < 0.5


def test_opaque_touchpoints_build_no_trust():
    guest = Guest({"transparency": 0})
    guest.touch()
    assert guest.p.trust == np.float32(0.5)


@given(st.lists(st.sampled_from((OK, FAILED, GAVE_UP, SOLD_OUT)), max_size=30))
def test_beliefs_and_commitments_stay_in_their_ranges(outcomes):
    guest = Guest({"quality": {"mean": 0, "sd": 1}, "personalisation": 1}, customers={"privacy_concern": 1})
    for k, outcome in enumerate(outcomes):
        guest.touch(outcome, t=0.1 * k)
    p = guest.p
    assert all(-1 <= x <= 1 for x in (p.satisfaction, p.expectation, p.goodwill))
    assert all(0 <= x <= 1 for x in (p.trust, p.affective, p.normative, *p.emotion))


def test_affective_commitment_follows_good_feelings_over_many_touches():
    guest = Guest()
    heights = []
    for _ in range(100):
        guest.touch()
        heights.append(float(guest.p.affective))
    assert heights == sorted(heights)
    assert heights[0] < 0.02
    assert heights[-1] > 0.1


def test_normative_commitment_follows_shared_values():
    guest = Guest({"transparency": 1}, customers={"values": 0.9})
    guest.p.normative = 0.0
    guest.touch()
    assert guest.p.normative == pytest.approx(guest.q.normative_rate * 0.9, rel=1e-5)


# ---------------------------------------------------------------- episodes
def told(*valences, gap=0.01, **change):
    """A customer after touches of the given qualities, at which valence is quality itself."""
    guest = Guest({"feels": {"joy": None}}, psychology={"valence_quality": 1} | change)
    for k, valence in enumerate(valences):
        guest.cup.quality = guest.state["samplers"].shape[0] - 1
        guest.state["samplers"][-1].family, guest.state["samplers"][-1].a = CONSTANT, valence
        guest.touch(t=1.0 + gap * k)
    return guest


def test_an_episode_is_remembered_by_its_peak_and_its_end():
    guest = told(-0.2, -0.8, -0.3)
    assert guest.p.satisfaction == pytest.approx(
        guest.q.satisfaction_rate * (0.5 * -0.8 + 0.5 * -0.3), rel=1e-5
    )


@settings(max_examples=20)
@given(st.lists(st.floats(-0.59, 0.59), max_size=8))
def test_duration_is_neglected_exactly(middle):
    """Whatever happens between peak and end, if it is weaker than the peak, changes not one bit."""
    assert told(0.6, *middle, 0.1).p.satisfaction == told(0.6, 0.1).p.satisfaction


def test_a_milder_bad_end_makes_an_episode_better():
    assert told(-0.8).p.satisfaction < told(-0.8, -0.4).p.satisfaction


def test_a_night_ends_an_episode():
    """Then the touches add up, as single touches do."""
    guest = told(-0.8, -0.4, gap=0.6)
    rate = guest.q.satisfaction_rate
    first = rate * -0.8
    second = rate / (1 + 1 / guest.q.satisfaction_tenure)
    assert guest.p.satisfaction == pytest.approx(first + second * (-0.4 - first), rel=1e-5)
    assert guest.p.in_episode == 1


def test_the_peak_can_be_switched_off():
    guest = told(-0.8, -0.4, peak_weight=0)
    assert guest.p.satisfaction == pytest.approx(guest.q.satisfaction_rate * -0.4, rel=1e-5)


def test_more_touches_in_an_episode_than_can_be_counted():
    assert told(*[0.1] * 300).p.in_episode == 255


# ---------------------------------------------------------------- grievance and recovery
def grieved(guest, t=0.0):
    return grievance(guest.w, guest.p, t)


def test_a_failure_leaves_a_grievance_that_a_good_relationship_softens():
    guest, friend = Guest(), Guest()
    friend.p.goodwill, friend.p.trust = 1.0, 1.0
    softened = buffer(guest.w, guest.p, 0.0, 0.6)
    for one in (guest, friend):
        one.touch(FAILED)
    assert grieved(guest) == pytest.approx(0.6 * (1 - softened), rel=1e-5)
    assert grieved(friend) < grieved(guest)
    assert grieved(guest, 30.0) == pytest.approx(grieved(guest) / 2)


def test_a_failure_that_does_no_harm_leaves_none():
    guest = Guest({"fails": {"severity": 0}})
    guest.touch(FAILED)
    assert (guest.p.grievance, guest.p.failures) == (0, 0)


def test_an_ordinary_disappointment_is_not_softened():
    valences = []
    for trust in (0.0, 1.0):
        guest = Guest({"quality": -0.5}, customers={"trust": trust})
        guest.p.goodwill = trust
        valences.append(guest.touch())
    assert valences[0] == valences[1]


@pytest.mark.parametrize(("worse", "factor"), [(1, 1), (1.5, 1.5)])
def test_a_second_failure_weighs_more_before_the_first_is_made_good(worse, factor):
    guest = Guest(psychology={"double_deviation": worse, "buffer": 0})
    guest.touch(FAILED)
    guest.touch(FAILED)
    assert grieved(guest) == pytest.approx(0.6 + 0.6 * factor * 0.4, rel=1e-5)
    assert guest.p.failures == 2


def test_a_failure_long_ago_is_forgotten():
    guest = Guest(psychology={"buffer": 0})
    guest.touch(FAILED, t=-150.0)
    guest.touch(FAILED)
    assert guest.p.failures == 1


def test_recovery_heals_a_share_and_gives_back_satisfaction():
    guest, other = (Guest({"recovers": r}, psychology={"buffer": 0}) for r in (0.5, 0))
    for one in (guest, other):
        one.touch(FAILED)
        one.touch()
    assert grieved(guest) == pytest.approx(0.3, rel=1e-5)
    assert grieved(other) == pytest.approx(0.6, rel=1e-5)
    assert guest.p.satisfaction > other.p.satisfaction


def test_recovery_works_worse_after_two_failures():
    guest = Guest({"recovers": 0.6}, psychology={"buffer": 0})
    guest.touch(FAILED)
    guest.touch(FAILED)
    before = grieved(guest)
    guest.touch()
    assert grieved(guest) == pytest.approx(before * (1 - 0.6 / 1.5), rel=1e-5)


def test_recovery_without_a_grievance_changes_not_one_bit():
    with_it, without = Guest({"recovers": 0.5}), Guest()
    for guest in (with_it, without):
        guest.touch()
    assert with_it.p == without.p


def test_a_grievance_weighs_in_all_three_indices():
    guest = Guest()
    indices = (loyalty_to_stay, loyalty_to_buy, loyalty_to_tell)
    calm = [index(guest.w, guest.p, 0.0) for index in indices]
    guest.p.grievance = 0.5
    weights = [guest.q[name][6] for name in ("leaving", "buying", "advocacy")]
    felt = [index(guest.w, guest.p, 0.0) for index in indices]
    assert [x - y for x, y in zip(felt, calm, strict=True)] == pytest.approx([0.5 * w for w in weights])
    assert all(w < 0 for w in weights)


# ---------------------------------------------------------------- what it does to retention
MID, SPREAD = 0.2, 0.3
WEEKLY = {
    "name": "Weekly",
    "horizon": "800 d",
    "warm_up": 0,
    "population": {"size": 60},
    "customers": {"needs": "1 per week"},
    "touchpoints": {
        "visit": {"quality": {"mean": MID, "sd": SPREAD}},
        "plain": {"quality": MID},
        "better": {"quality": MID + SPREAD},
        "worse": {"quality": MID - SPREAD},
        "failing": {
            "quality": MID,
            "fails": {"chance": 0, "severity": 0.5, "feels": {"frustration": 0.5}},
        },
        "answer": {"quality": MID, "recovers": 0.8},
    },
    "journeys": {
        "week": {
            "starts_on": {"need": {"becomes": "visit"}},
            "steps": {
                "visit": {"next": {"plain": 1, "better": 1, "worse": 1, "failing": 1, "answer": 1}},
                **{name: {} for name in ("plain", "better", "worse", "failing", "answer")},
            },
        }
    },
}
BEGIN = 140.0  # day of what is compared


def retention(*events, horizon=365.0, **customers):
    """The expected share of customers, touched once a week, who are still there a year after day 140, when
    something happens to them: events are (day after that, step, outcome), day 0 in the place of the visit."""
    world = worlds.Guest(merged(WEEKLY, {"customers": customers}))
    w, names = world.w, world.program.step_names
    happens = {BEGIN + day: (np.int64(names.index(f"week.{step}")), outcome) for day, step, outcome in events}
    weeks = {7.0 * k: (np.int64(0), OK) for k in range(1, int((BEGIN + horizon) / 7.0) + 1)}
    events = sorted((weeks | happens).items())
    ends = [t for t, _ in events[1:]] + [BEGIN + horizon]
    stays = []
    for p in world.state["people"]:
        p.expectation, hazard = MID, 0.0
        for (t, (step, outcome)), end in zip(events, ends, strict=True):
            index = np.int64(t) if step == 0 else np.int64(10_000)
            touch(w, p, t, NEED, index, FIRST_VISIT, step, outcome, 0.0, 1.0, NOBODY)
            if t >= BEGIN:
                looks = [loyalty_to_stay(w, p, t + x * (end - t)) for x in (0.1, 0.3, 0.5, 0.7, 0.9)]
                hazard += (end - t) * float(np.exp(-np.array(looks)).mean())
        stays.append(math.exp(-hazard / 1000))
    return float(np.mean(stays))


def test_a_bad_touch_moves_retention_about_twice_as_much_as_a_good_one():
    """Published: 1.6 to 2.4 for a standard deviation either way; alike without loss aversion."""
    for loss_aversion, low, high in ((1.955, 1.6, 2.4), (1, 0.9, 1.1)):
        plain, better, worse = (
            retention((0.0, step, OK), loss_aversion=loss_aversion) for step in ("plain", "better", "worse")
        )
        assert low < (plain - worse) / (better - plain) < high


def test_failures_hurt_and_answers_help_the_sooner_the_better():
    """Never better than no failure; a second failure within a month always hurts."""
    fails, again = (0.0, "failing", FAILED), (14.0, "failing", FAILED)
    none = retention((0.0, "plain", OK))
    silent, late, soon, at_once = (
        retention(fails, *answer)
        for answer in ([], [(21.5, "answer", OK)], [(7.5, "answer", OK)], [(0.01, "answer", OK)])
    )
    assert silent < late < soon < at_once < none
    assert retention(fails, again) < silent
    assert retention(fails, (7.5, "answer", OK), again, (21.5, "answer", OK)) < soon


# ---------------------------------------------------------------- promises, alternatives, community
def test_a_promise_moves_expectation_and_costs_trust_where_it_is_far_off():
    for promise, lost in ((0.3, 0), (0.9, 1), (-0.3, 1)):
        guest, plain = (Guest({"promises": p, "transparency": 0}) for p in (promise, None))
        for one in (guest, plain):
            one.p.expectation = 0.3
            one.touch()
        gap = promise - 0.3
        assert guest.p.expectation == pytest.approx(0.3 + guest.q.promise_rate * gap, abs=1e-6)
        mixed = guest.q.trust_mixed * (abs(gap) - guest.q.promise_tolerance) * lost
        assert guest.p.trust == pytest.approx(0.5 * (1 - mixed), rel=1e-6)
        assert plain.p.trust == np.float32(0.5)


def test_trust_does_not_rise_where_a_touch_disappoints_badly():
    guest = Guest({"quality": -0.6})
    guest.p.expectation = 0.3
    guest.touch()
    assert guest.p.trust == np.float32(0.5)


def test_alternatives_become_known_and_lack_of_them_is_resented():
    guest = Guest({"shows_alternatives": 0.5}, customers={"alternatives": 0.2})
    assert guest.perceived() == pytest.approx(0.3 - guest.q.forced_resentment * 0.8)
    held = loyalty_to_stay(guest.w, guest.p, 0.0)
    guest.p.alternatives = 1.0
    assert loyalty_to_stay(guest.w, guest.p, 0.0) < held
    guest.p.alternatives = 0.2
    guest.touch()
    assert guest.p.alternatives == pytest.approx(0.6)


def test_a_community_makes_values_shared():
    normative = []
    for community in (0, 0.5, 1):
        guest = Guest({"community": community}, customers={"values": 0.4})
        guest.p.normative = 0.0
        guest.touch()
        normative.append(guest.p.normative / guest.q.normative_rate)
    assert normative == pytest.approx([0.2, 0.6, 1.0], rel=1e-5)


def test_expectations_drift_with_the_years_after_day_0():
    guest = Guest(psychology={"expectation_drift": 0.1})
    guest.p.expectation = 0.3
    found = [appraise(guest.w, guest.p, 0.3, 0.0, t)[1] for t in (-50.0, 0.0, 365.0, 730.0)]
    assert found == pytest.approx([0, 0, -0.1, -0.2], abs=1e-6)


# ---------------------------------------------------------------- context and profile
def best_depth(concern=0.6, trust=0.2, control=0.0, touches=1_000):
    """The depth of personalisation that is perceived best."""
    guest = Guest({"personalisation": 1, "control": control}, customers={"privacy_concern": concern})
    guest.p.trust, guest.p.n_touch = trust, touches
    depths = np.linspace(0.01, 1, 100)
    found = []
    for depth in depths:
        guest.cup.personalisation = depth
        found.append(guest.perceived())
    guest.cup.personalisation = 1.0
    return depths[int(np.argmax(found))]


def test_there_is_a_best_depth_that_shifts_with_trust_control_and_knowledge():
    best = best_depth()
    assert 0.05 < best < 0.95
    assert best < best_depth(trust=0.5)
    assert best < best_depth(control=0.5)
    assert best_depth(touches=0) < best


def test_a_brand_gets_to_know_its_customers():
    guest = Guest({"personalisation": 1}, customers={"privacy_concern": 0})
    gains = []
    for touches in (0, 5, 1_000):
        guest.p.n_touch = touches
        gains.append((guest.perceived() - 0.3) / guest.q.relevance)
    assert gains == pytest.approx([0.3, 0.3 + 0.7 * (1 - math.exp(-1)), 1], rel=1e-5)


def test_a_channel_suits_some_segments_better():
    cup = {"personalisation": 1, "channel": "app"}
    guest = Guest(cup, customers={"privacy_concern": 0, "prefers": {"app": 0.25}})
    guest.p.n_touch = 1_000
    assert guest.perceived() == pytest.approx(0.3 + guest.q.relevance * 0.25)
    assert guest.state["fit"].tolist() == [[0.25, 1]]


# ---------------------------------------------------------------- feelings of a touch
def test_each_outcome_has_feelings_of_its_own():
    felt = {}
    for outcome in (OK, FAILED, GAVE_UP, SOLD_OUT):
        guest = Guest()
        guest.touch(outcome)
        felt[outcome] = [round(guest.feeling(name), 6) for name in ("joy", "frustration", "resentment")]
    assert felt == {OK: [0.4, 0, 0], FAILED: [0, 0.5, 0], GAVE_UP: [0, 0, 0.3], SOLD_OUT: [0, 0, 0]}


def test_reactivity_scales_feelings():
    guest = Guest(customers={"reactivity": 0.5})
    guest.touch()
    assert guest.feeling("joy") == pytest.approx(0.2)


def test_goodwill_follows_valence():
    for outcome, sign in ((OK, 1), (FAILED, -1)):
        guest = Guest()
        guest.p.expectation = 0.0
        valence = guest.touch(outcome)
        assert valence * sign > 0
        assert goodwill(guest.w, guest.p, 0.0) == pytest.approx(guest.q.goodwill_gain * valence, rel=1e-5)


def test_recovery_soothes_and_only_where_it_succeeds():
    frustration = []
    for outcome in (OK, FAILED):
        guest = Guest(
            {"recovers": 0.5, "fails": {"chance": 0, "feels": {"frustration": None, "anxiety": 0.1}}}
        )
        guest.p.emotion[guest.program.names.emotions.index("frustration")] = 0.8
        guest.touch(outcome)
        frustration.append(guest.feeling("frustration"))
    assert frustration == pytest.approx([0.4, 0.8], abs=1e-6)


def test_a_touch_without_effect_writes_no_feeling():
    """Nothing expected, nothing given: decay goes on from the last impulse."""
    guest = Guest({"quality": 0, "feels": {"joy": None}}, psychology={"valence_quality": 1})
    guest.p.expectation = 0.0
    guest.p.emotion[0], guest.p.t_feel = 0.7, 0.0
    guest.touch(t=3.0)
    assert guest.p.t_feel == 0
    assert guest.p.emotion[0] == np.float32(0.7)


def test_steps_at_one_touchpoint_have_luck_of_their_own():
    """Draws are keyed by the step: two steps of one visit do not feel the same to the bit."""
    change = {
        "population": {"size": 300},
        "touchpoints": {"cup": {"feels": {"joy": {"uniform": {"low": 0, "high": 1}}}}},
        "psychology": {"emotions": {"joy": {"half_life": "1 s"}}},
        "journeys": {
            "visit": {"steps": {"cup": {"next": {"bill": {"after": "1 h"}}}, "bill": {"touchpoint": "cup"}}}
        },
    }
    log = log_of(change)
    joy = [log["mood_after"][log["step"] == step][:250] for step in (0, 1)]
    pairs = min(map(len, joy))
    assert pairs > 200
    together = np.corrcoef(joy[0][:pairs], joy[1][:pairs])[0, 1]
    assert abs(together) < 4 / math.sqrt(pairs)  # z = 4, n > 200 pairs


# ---------------------------------------------------------------- luck and money, in a run
def log_of(change=None, seed=1):
    """The event log of the cafe."""
    return simulate_logged(lower(parse(merged(CAFE, change or {}))), seed=seed)[1]


UNUSED = {
    "promise_rate": 0.5, "promise_tolerance": 0, "trust_mixed": 0.3, "found_out": 0.5, "trust_fake": 0.5,
    "fake_resentment": 0.6, "reactance": 1, "profile_floor": 0.8, "profile_touches": 1, "risk": 1.5,
    "review_floor": 1, "recovery_gain": 1, "forced_resentment": 0.5, "double_deviation": 3,
}  # fmt: skip


def test_what_a_scenario_does_not_use_changes_not_one_bit():
    """No failure, promise, personalisation, trigger, review, nor lack of alternatives."""
    unfailing = {"population": {"size": 30}, "touchpoints": {"cup": {"fails": None}}}
    nothing = {"community": 0, "shows_alternatives": 0, "guarantee": 0, "promises": None}
    changed = merged(unfailing, {"psychology": UNUSED, "touchpoints": {"cup": nothing}})
    assert np.array_equal(log_of(unfailing), log_of(changed))


def test_a_strategy_that_changes_nothing_forgets_the_alternatives_learned_in_the_warm_up(tmp_path):
    """Traits are drawn again on day 0 for a strategy, so the baseline sets back what touches have moved."""
    world = {
        "population": {"size": 30},
        "warm_up": "20 d",
        "customers": {"alternatives": {"mean": 0.4, "sd": 0.2}},
        "touchpoints": {"cup": {"shows_alternatives": 0.3}},
    }
    (tmp_path / "base.yaml").write_text(json.dumps(merged(CAFE, world)), "utf-8")
    same = parse({"extends": "base.yaml", "about": "the same"}, folder=tmp_path)
    rows = [simulate_logged(lower(scenario), seed=1)[1] for scenario in (same.baseline, same)]
    assert len(rows[0]) > 50
    assert np.array_equal(*rows)


def test_who_feels_strongly_writes_more_reviews_and_most_of_all_who_feels_badly():
    written = []
    for felt in (0.0, 0.6, -0.6):
        data = {"signals": {"stars": {"kind": "reviews"}}, "population": {"size": 500}, "horizon": "5 d"}
        quality = {"quality": felt, "feels": {"joy": None}, "writes": "stars"}
        mind = {"valence_quality": 1, "satisfaction_rate": 1, "satisfaction_tenure": 1e9}
        mild = {"customers": {"loss_aversion": 1}}
        change = data | mild | {"touchpoints": {"cup": quality}, "psychology": mind}
        daily = simulate(lower(parse(merged(CAFE, change))), seed=1).daily.sum(axis=(0, 1))
        written.append(daily[DAY["reviews"]] / daily[DAY["orders"]])
    chances = np.array([0.2, 0.2 + 0.8 * 0.6, 0.2 + 0.8 * 0.9])  # bad_news 1.5
    assert np.abs(written - chances).max() < 4 * 0.5 / math.sqrt(300)  # z = 4, n about 350


def test_without_psychology_everybody_writes():
    data = {"signals": {"stars": {"kind": "reviews"}}, "psychology": "off"}
    change = data | {"touchpoints": {"cup": {"writes": "stars"}}}
    daily = simulate(lower(parse(merged(CAFE, change))), seed=1).daily.sum(axis=(0, 1))
    assert daily[DAY["reviews"]] == daily[DAY["orders"]] > 0


@pytest.mark.parametrize("chance", [0.05, 0.5])
def test_touches_fail_as_often_as_stated(chance):
    crowd = {"population": {"size": 1_000}, "touchpoints": {"cup": {"fails": {"chance": chance}}}}
    cups = log_of(crowd | {"psychology": "off"})
    cups = cups[cups["touchpoint"] == 0]
    failed = (cups["outcome"] == FAILED).sum()
    n = len(cups)
    assert abs(failed - chance * n) < 4 * math.sqrt(n * chance * (1 - chance))  # z = 4, n about 4,300


ALWAYS_FAILS = {
    "touchpoints": {"cup": {"fails": {"chance": 1}}},
    "journeys": {"visit": {"steps": {"cup": {"if_failed": "end"}}}},
}


def test_every_touch_at_a_touchpoint_that_always_fails_fails():
    cups = log_of(ALWAYS_FAILS)
    assert set(cups["outcome"][cups["touchpoint"] == 0]) == {FAILED}


def test_quality_varies_as_stated():
    crowd = {"population": {"size": 1_000}, "touchpoints": {"cup": {"quality": {"mean": 0.1, "sd": 0.2}}}}
    quality = log_of(crowd)
    quality = quality["quality"][quality["touchpoint"] == 0]
    n = len(quality)
    assert abs(quality.mean() - 0.1) < 4 * 0.2 / math.sqrt(n)  # z = 4, n about 4,300
    assert abs(quality.std() - 0.2) < 4 * 0.2 / math.sqrt(2 * n)  # z = 4; clipped beyond 4.5 sd only


def test_an_order_pays_the_discounted_price_and_costs_what_the_touch_costs():
    cups = log_of()
    cups = cups[cups["touchpoint"] == 0]
    assert set(cups["revenue"]) == {1000}
    assert set(cups["cost"]) == {75}


@pytest.mark.parametrize("still_sells", [False, True])
def test_a_failed_touch_is_paid_only_where_it_still_sells(still_sells):
    log = log_of(merged(ALWAYS_FAILS, {"touchpoints": {"cup": {"fails": {"still_sells": still_sells}}}}))
    cups = log[log["touchpoint"] == 0]
    assert set(cups["order"] > 0) == set(cups["revenue"] > 0) == {still_sells}


def test_the_first_order_of_a_founder_is_a_repeat_order():
    daily = simulate(lower(parse(CAFE)), seed=1).daily.sum(axis=(0, 1))
    assert daily[DAY["repeat_orders"]] == daily[DAY["orders"]] > 0


def test_without_psychology_nothing_is_felt():
    log = log_of({"psychology": "off"})
    for field in ("quality", "perceived", "valence", "mood_after", "goodwill", "satisfaction"):
        assert (log[field] == 0).all()
