"""Feelings move by impulse and decay only, are evaluated at now, and written only when an impulse lands."""

import functools
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.engine import lower
from sim.engine.state import State
from sim.errors import ScenarioError
from sim.model import feelings, loyalty
from sim.model.feelings import emotion, goodwill, mood, move, obligation, settle, soothe, stir, sway, upset
from sim.model.layout import STATES
from sim.model.loyalty import economic, forced, habitual, leaving_chance, leaving_hazard, loyalty_to_stay
from sim.scenario import parse

PEOPLE = {
    "name": "People",
    "horizon": "30 d",
    "population": {"size": 2},
    "customers": {"leaves": "0.5 per year"},
    "psychology": {
        "emotions": {
            "resentment": None,
            "awe": {"half_life": "3 h", "feels": "good", "range": "unbounded"},
            "dread": {"half_life": "5 h", "feels": "bad", "range": "unbounded"},
            "pride": {"half_life": "never", "feels": "good"},
            "surprise": None,
            "gratitude": None,
        }
    },
}
UNIT = st.floats(0, 1)
GAIN = st.floats(-1, 1)
TIMES = st.floats(0, 400)


@functools.cache
def lowered(text):
    """The program of a scenario written as text."""
    return lower(parse(json.loads(text)))


class Someone:
    """One customer of a world, new at time 0."""

    def __init__(self, change=None):
        program = lowered(json.dumps(PEOPLE | (change or {})))
        self.state = State(program, 1, 0, None, False)
        self.state["people"]["t_feel"] = 0.0
        self.w, self.p = self.state.world, self.state["people"][0]
        self.names = program.names.emotions

    def number(self, name):
        """The number of an emotion."""
        return self.names.index(name)

    def bytes(self):
        """All that is stored of the customer."""
        return self.state["people"][:1].tobytes()


@pytest.fixture
def someone():
    return Someone()


# ---------------------------------------------------------------- decay
def lasting(half_life):
    """Somebody whose every decaying state has the same half-life."""
    names = ("goodwill", "obligation", "gift_habit", "scarcity")
    calm = dict.fromkeys(
        ("joy", "trust_feeling", "belonging", "gratitude", "surprise", "anxiety", "resentment")
    )
    psychology = {f"{name}_half_life": half_life for name in names}
    return Someone(
        {"psychology": psychology | {"emotions": calm | {"frustration": {"half_life": half_life}}}}
    )


HALF_LIVES = (
    "8.1 h",
    "5.55 h",
    "27.8 h",
    "1.16 h",
    "0.46 h",
    "13.9 h",
    "21 d",
    "14 d",
    "30 d",
    "7 d",
    "49 min",
)


@pytest.mark.parametrize("half_life", HALF_LIVES)
def test_after_its_half_life_exactly_a_half_is_left(half_life):
    one = lasting(half_life)
    days = float(half_life.split()[0]) / {"h": 24, "d": 1, "min": 1440}[half_life.split()[1]]
    one.p.emotion[0] = one.p.goodwill = one.p.obligation = one.p.gift_habit = one.p.scarce_seen = 1.0
    assert emotion(one.w, one.p, 0, days) == 0.5
    assert goodwill(one.w, one.p, days) == 0.5
    assert obligation(one.w, one.p, days) == 0.5
    assert feelings.gift_habit(one.w, one.p, days) == 0.5
    assert feelings.scarce_seen(one.w, one.p, days) == 0.5


@given(st.integers(1, 100_000))
def test_any_half_life_leaves_exactly_a_half(minutes):
    one = lasting(f"{minutes} min")
    one.p.emotion[0] = 1.0
    assert emotion(one.w, one.p, 0, minutes / 1440) == 0.5


def test_what_never_fades_stays_as_it_is(someone):
    pride = someone.number("pride")
    stir(someone.w, someone.p, pride, 0.3, 0.0)
    assert emotion(someone.w, someone.p, pride, 1e6) == np.float32(0.3)


@given(GAIN, TIMES, TIMES)
def test_settling_on_the_way_makes_no_difference(g, one, other):
    """But for single precision, 6e-8 of the value."""
    early, late = sorted((one, other))
    a, b = Someone(), Someone()
    for who in (a, b):
        who.p.goodwill = g
        stir(who.w, who.p, 0, abs(g), 0.0)
    settle(a.w, a.p, early)
    assert goodwill(a.w, a.p, late) == pytest.approx(goodwill(b.w, b.p, late), rel=1e-6, abs=1e-30)
    assert emotion(a.w, a.p, 0, late) == pytest.approx(emotion(b.w, b.p, 0, late), rel=1e-6, abs=1e-30)


# ---------------------------------------------------------------- looking and writing
@given(st.lists(TIMES, min_size=1, max_size=5))
def test_looking_changes_nothing(times):
    one = Someone()
    stir(one.w, one.p, one.number("joy"), 0.4, 0.0)
    one.p.goodwill, one.p.obligation, one.p.scarce_seen, one.p.gift_habit = 0.3, 1.2, 2.0, 0.4
    before = one.bytes()
    for t in times:
        for k in range(len(one.names) + len(STATES)):
            loyalty.state(one.w, one.p, k, 0.2, t)
        for look in (mood, upset, leaving_hazard, leaving_chance, feelings.gift_habit, feelings.scarce_seen):
            look(one.w, one.p, t)
    assert one.bytes() == before


def test_a_zero_impulse_writes_nothing(someone):
    stir(someone.w, someone.p, 0, 0.5, 1.0)
    before = someone.bytes()
    stir(someone.w, someone.p, 0, 0.0, 2.0)
    stir(someone.w, someone.p, someone.number("awe"), -0.0, 2.0)
    assert someone.bytes() == before


def test_recovery_of_somebody_who_is_not_upset_writes_nothing(someone):
    stir(someone.w, someone.p, someone.number("joy"), 0.5, 1.0)
    before = someone.bytes()
    soothe(someone.w, someone.p, 0.7, 2.0)
    assert someone.bytes() == before


def test_settling_twice_at_one_time_writes_once(someone):
    stir(someone.w, someone.p, 0, 0.5, 1.0)
    settle(someone.w, someone.p, 2.0)
    before = someone.bytes()
    settle(someone.w, someone.p, 2.0)
    assert someone.bytes() == before


# ---------------------------------------------------------------- impulses
@given(UNIT, GAIN)
def test_an_impulse_keeps_a_state_of_0_to_1_within_its_range(state, g):
    moved = move(state, g)
    assert 0 <= moved <= 1
    assert (moved - state) * g >= 0


@given(GAIN, GAIN)
def test_an_impulse_keeps_a_state_of_minus_1_to_1_within_its_range(state, g):
    moved = sway(state, g)
    assert -1 <= moved <= 1
    assert (moved - state) * g >= 0


@given(UNIT, UNIT, UNIT)
def test_impulses_of_one_sign_do_not_depend_on_their_order(state, a, b):
    assert move(move(state, a), b) == pytest.approx(move(move(state, b), a), abs=1e-12)
    assert sway(sway(state, -a), -b) == pytest.approx(sway(sway(state, -b), -a), abs=1e-12)


def test_full_impulses_reach_the_ends():
    assert (move(0.3, 1.0), move(0.3, -1.0)) == (1, 0)
    assert (sway(0.3, 1.0), sway(0.3, -1.0)) == (1, -1)


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0, 3)), max_size=12))
def test_bounded_emotions_stay_within_0_and_1(impulses):
    one, t = Someone(), 0.0
    for g, later in impulses:
        t += later
        stir(one.w, one.p, 0, g, t)
        assert 0 <= emotion(one.w, one.p, 0, t) <= 1


def test_equal_impulses_saturate(someone):
    joy, heights = someone.number("joy"), []
    for _ in range(6):
        stir(someone.w, someone.p, joy, 0.3, 0.0)
        heights.append(emotion(someone.w, someone.p, joy, 0.0))
    assert heights == pytest.approx([1 - 0.7 ** (k + 1) for k in range(6)], abs=1e-6)


@given(st.lists(st.floats(-9, 9), max_size=8))
def test_unbounded_emotions_add_up(impulses):
    one = Someone()
    awe = one.number("awe")
    for g in impulses:
        stir(one.w, one.p, awe, g, 0.0)
    assert emotion(one.w, one.p, awe, 0.0) == pytest.approx(sum(impulses), abs=1e-5)


def test_an_impulse_moves_no_other_emotion(someone):
    stir(someone.w, someone.p, someone.number("joy"), 0.4, 0.0)
    others = [emotion(someone.w, someone.p, k, 0.0) for k, name in enumerate(someone.names) if name != "joy"]
    assert set(others) == {0.0}


# ---------------------------------------------------------------- moods
@pytest.mark.parametrize("name", ["frustration", "anxiety", "dread"])
def test_recovery_takes_its_share_of_every_bad_emotion(someone, name):
    """Of bounded ones as of unbounded ones."""
    k = someone.number(name)
    amount = 4.0 if name == "dread" else 0.8
    stir(someone.w, someone.p, k, amount, 0.0)
    soothe(someone.w, someone.p, 0.5, 0.0)
    assert emotion(someone.w, someone.p, k, 0.0) == pytest.approx(amount / 2, rel=1e-6)


def test_recovery_leaves_good_emotions_alone(someone):
    joy = someone.number("joy")
    stir(someone.w, someone.p, joy, 0.6, 0.0)
    stir(someone.w, someone.p, someone.number("frustration"), 0.6, 0.0)
    soothe(someone.w, someone.p, 1.0, 0.0)
    assert emotion(someone.w, someone.p, joy, 0.0) == np.float32(0.6)


@given(st.lists(st.tuples(st.integers(0, 7), GAIN), max_size=8), TIMES)
def test_mood_is_between_minus_1_and_1(impulses, t):
    one = Someone()
    for k, g in impulses:
        stir(one.w, one.p, k, g, 0.0)
    assert -1 <= mood(one.w, one.p, t) <= 1
    assert 0 <= upset(one.w, one.p, t) <= 1


def test_good_emotions_raise_the_mood_and_bad_ones_lower_it(someone):
    moods = [mood(someone.w, someone.p, 0.0)]
    for name in ("joy", "belonging", "frustration", "anxiety"):
        stir(someone.w, someone.p, someone.number(name), 0.4, 0.0)
        moods.append(mood(someone.w, someone.p, 0.0))
    assert moods == pytest.approx([0, 0.4, 0.64, 0.24, 0], abs=1e-6)


def test_the_strongest_bad_emotion_is_how_upset_one_is(someone):
    for name, g in (("joy", 0.9), ("frustration", 0.3), ("anxiety", 0.5)):
        stir(someone.w, someone.p, someone.number(name), g, 0.0)
    assert upset(someone.w, someone.p, 0.0) == np.float32(0.5)


# ---------------------------------------------------------------- commitments
@given(st.floats(0, 1e4), UNIT, st.integers(0, 100_000))
def test_commitments_are_between_0_and_1(at_stake, alternatives, orders):
    one = Someone()
    one.p.switching_cost, one.p.alternatives, one.p.n_order = at_stake, alternatives, orders
    assert 0 <= economic(one.w, one.p, 0.0) <= 1
    assert 0 <= forced(one.p) <= 1
    assert 0 <= habitual(one.w, one.p) <= 1


def test_habit_grows_by_lally_s_curve(someone):
    """A (1 - exp(-k n)), k = .0454: half of the ceiling after ln 2 / k = 15.3 repetitions."""
    heights = []
    for n in (0, 15, 16, 66):
        someone.p.n_order = n
        heights.append(habitual(someone.w, someone.p))
    assert heights[0] == 0
    assert heights[1] < 0.5 < heights[2]
    assert heights[3] == pytest.approx(0.95, abs=1e-3)


def test_a_scale_of_0_is_refused_or_harmless():
    """What a scenario may write must not become a division by zero."""
    try:
        one = Someone({"psychology": {"economic_scale": 0}})
    except ScenarioError:
        return
    assert math.isfinite(economic(one.w, one.p, 0.0))


# ---------------------------------------------------------------- what feelings make of leaving
def test_a_new_customer_of_the_baseline_leaves_as_stated(someone):
    """Nothing felt, commitments at their formula's value: the centre of the index."""
    assert leaving_hazard(someone.w, someone.p, 0.0) == pytest.approx(0.5 / 365, rel=1e-6)


def test_the_multiplier_is_exact_in_the_index(someone):
    before = loyalty_to_stay(someone.w, someone.p, 0.0)
    someone.p.satisfaction = 0.5
    raised = loyalty_to_stay(someone.w, someone.p, 0.0) - before
    expected = 0.5 / 365 * math.exp(-raised)
    assert raised == pytest.approx(0.2)
    assert leaving_hazard(someone.w, someone.p, 0.0) == pytest.approx(expected, rel=1e-6)


@given(st.floats(0.001, 0.999), st.floats(-1, 1))
def test_a_renewal_s_chance_is_that_of_the_multiplied_hazard(p, satisfaction):
    """1 - (1 - p)^m: leaving at a rate of -ln(1 - p) m over one period."""
    one = Someone()
    one.p.leave, one.p.satisfaction = p, satisfaction
    m = loyalty.leaving_multiplier(one.w, one.p, 0.0)
    expected = 1 - (1 - np.float64(np.float32(p))) ** m
    assert leaving_chance(one.w, one.p, 0.0) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_without_psychology_rates_are_the_stated_ones_to_the_bit():
    one = Someone({"psychology": "off"})
    one.p.satisfaction, one.p.affective = -1.0, 0.7
    assert leaving_hazard(one.w, one.p, 0.0) == np.float64(one.p.leave)
    assert leaving_chance(one.w, one.p, 0.0) == np.float64(one.p.leave)


@pytest.mark.parametrize("name", ["frustration", "anxiety"])
def test_bad_emotions_drive_people_off_while_they_last(someone, name):
    calm = leaving_hazard(someone.w, someone.p, 0.0)
    stir(someone.w, someone.p, someone.number(name), 0.8, 0.0)
    assert leaving_hazard(someone.w, someone.p, 0.0) > 1.1 * calm
    assert leaving_hazard(someone.w, someone.p, 30.0) == pytest.approx(calm, rel=1e-9)


def test_the_linear_link_adds_and_never_goes_below_zero():
    linear = {
        "psychology": {"link": "linear"},
        "customers": {"leaves": "0.5 per year", "reconsiders": "1 per 7 d"},
    }
    one = Someone(linear)
    one.p.satisfaction = -0.5
    assert leaving_hazard(one.w, one.p, 0.0) == pytest.approx(0.5 / 365 + 0.4 * 0.5, rel=1e-6)
    one.p.satisfaction = 0.5
    assert leaving_hazard(one.w, one.p, 0.0) == 0


@given(st.lists(UNIT, min_size=6, max_size=6), GAIN, st.floats(0, 5))
def test_the_hazard_never_exceeds_the_dominating_rate(parts, satisfaction, t):
    """B = exp(-effect L_min): whatever somebody feels, thinning stays exact."""
    one = Someone({"psychology": {}})  # bounded emotions only
    for k, g in enumerate(parts):
        stir(one.w, one.p, k, g, 0.0)
    one.p.satisfaction, one.p.affective, one.p.normative = satisfaction, parts[0], parts[1]
    one.p.alternatives, one.p.n_order = parts[2], int(100 * parts[3])
    bound = one.state["segments"][0].bound * np.float64(one.p.leave)
    assert leaving_hazard(one.w, one.p, t) <= bound
