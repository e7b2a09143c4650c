"""Surveys observe and drive nothing; what the brand does with an answer moves one, what it learns moves all."""

import copy
import math

import numpy as np
import pytest
import worlds
from worlds import merged

from sim.analysis.kpis import by_segment, kpis
from sim.engine import lower, recorder, simulate_logged
from sim.errors import ScenarioError
from sim.model import layout
from sim.model.answers import failing, is_bad, learn, readiness, scored, view
from sim.model.layout import CES, CSAT, DAY, MILLION, NPS
from sim.scenario import parse

SHOP = {
    "name": "Shop",
    "horizon": "40 d",
    "warm_up": "10 d",
    "population": {"size": 40},
    "customers": {"needs": "1 per 2 d", "leaves": "1 per year", "spends": 10},
    "touchpoints": {
        "till": {
            "quality": {"mean": -0.1, "sd": 0.5},
            "effort": 0.5,
            "fails": {"chance": 0.3, "severity": 0.7, "feels": {"frustration": 0.5}},
            "sells": {"price": "own_spend"},
            "cost": 0.2,
        },
        "form": {"asks": {"question": "nps", "answers": "50 %"}, "cost": 0.1},
    },
    "journeys": {
        "visit": {
            "starts_on": {"need": {"becomes": "till", "usually": "70 %"}},
            "steps": {"till": {"next": {"form": {"weight": 1, "after": "1 d"}}}, "form": {}},
        }
    },
}


def shop(asks=None, **change):
    """The shop with another survey (None: nothing is asked) and other changes."""
    data = merged(SHOP, change)
    data["touchpoints"]["form"]["asks"] = asks
    return data


def run(data, engine="reference"):
    program = lower(parse(copy.deepcopy(data)))
    outcome, rows = simulate_logged(program, seed=3, engine=engine)
    return program, outcome, rows


def columns(rows):
    """The bytes of every column; those between them mean nothing."""
    return {name: rows[name].tobytes() for name in rows.dtype.names}


def without_answers(rows):
    return columns(rows) | {"answer": b""}


PROMISED = {"question": "nps", "answers": "80 %", "about": "till", "acts_on": "60 %"}


# ---------------------------------------------------------------- nothing follows from an answer
@pytest.mark.parametrize("question", layout.QUESTIONS)
def test_an_answer_changes_nothing_by_itself(question):
    asked = run(shop({"question": question, "answers": "90 %", "about": "till"}))[2]
    silent = run(shop())[2]
    assert (asked["answer"] > 0).sum() > 100
    assert not silent["answer"].any()
    assert without_answers(asked) == without_answers(silent)


def test_a_policy_without_effect_changes_nothing():
    nothing = dict.fromkeys(
        ("heard_trust", "heard_normative", "heard_grievance", "ignored_trust", "ignored_resentment"), 0
    )
    rows = run(shop({**PROMISED, "learns": 0}, psychology=nothing))[2]
    assert without_answers(rows) == without_answers(run(shop(psychology=nothing))[2])


def test_a_brand_that_has_learnt_nothing_fails_as_often_to_the_last_bit():
    floor = {"learning_floor": "100 %"}
    listened = run(shop({**PROMISED, "learns": "20 %"}, psychology=floor))[2]
    assert columns(listened) == columns(run(shop(PROMISED, psychology=floor))[2])


def test_somebody_without_feelings_answers_all_the_same():
    program, outcome, _ = run(shop({"question": "csat", "answers": "50 %"}, psychology="off"))
    assert kpis(outcome, program)["csat"] == pytest.approx(3.7, abs=0.15)
    assert (outcome.people["trust"] == 0.5).all()


# ---------------------------------------------------------------- who answers, and what
def guest(asks, **change):
    found = worlds.Guest(shop(asks, **change))
    return found, found.state["surveys"][0]


def test_the_readiness_to_answer_is_a_j():
    someone, survey = guest({"question": "nps", "answers": "20 %"})
    angry, cold, delighted = (readiness(someone.w, survey, x) for x in (-1.0, 0.0, 1.0))
    assert cold == pytest.approx(0.2)
    assert delighted == pytest.approx(1 / (1 + math.exp(-(math.log(0.25) + 1.5))))
    assert angry == pytest.approx(1 / (1 + math.exp(-(math.log(0.25) + 1.5 * 1.5))))


def test_what_each_question_asks_for():
    someone, survey = guest({"question": "ces", "about": "till"})
    someone.p.satisfaction, someone.p.affective, someone.p.normative, someone.p.grievance = 0.5, 0.4, 0.2, 0.5
    someone.p.t_feel = 0.0
    tell = 0.6 * 0.4 + 0.3 * 0.2 + 0.4 * 0.5 - 0.6 * 0.5
    assert view(someone.w, someone.p, survey, NPS, 0.0) == pytest.approx((tell, 7 + 6 * tell, 1.5), rel=1e-6)
    assert view(someone.w, someone.p, survey, CSAT, 0.0) == pytest.approx((0.5, 3.7 + 2 * 0.5, 0.7))
    effort = 1 - 0.5 * 0.5  # that of the till, and the grievance on top
    assert view(someone.w, someone.p, survey, CES, 0.0) == pytest.approx((-effort, 1 + 6 * effort, 1.0))


def test_scores_stay_on_their_scales_and_scatter_as_declared():
    u = (np.arange(4_000) + 0.5) / 4_000
    scores = {question: [scored(question, 3.0, 1.0, x) for x in u] for question in (NPS, CSAT, CES)}
    assert np.std([scored(NPS, 5.0, 1.0, x) for x in u]) == pytest.approx(math.sqrt(1 + 1 / 12), rel=0.02)
    for question, (low, high) in {NPS: (0, 10), CSAT: (1, 5), CES: (1, 7)}.items():
        assert min(scores[question]) == low
        assert max(scores[question]) <= high
        assert scored(question, 99.0, 1.0, 0.5) == high
        assert scored(question, -99.0, 1.0, 0.5) == low


def test_which_answers_are_bad():
    assert [score for score in range(11) if is_bad(NPS, score)] == list(range(7))
    assert [score for score in range(1, 6) if is_bad(CSAT, score)] == [1, 2]
    assert [score for score in range(1, 8) if is_bad(CES, score)] == [5, 6, 7]


# ---------------------------------------------------------------- listening
def test_to_be_heard_builds_trust_and_to_be_ignored_costs_it():
    asked = {"question": "nps", "answers": "100 %", "about": "till"}
    trust = {
        name: run(shop(asks))[1].people["trust"].mean()
        for name, asks in {
            "silent": asked,
            "heard": asked | {"acts_on": "100 %"},
            "ignored": asked | {"acts_on": 0},
        }.items()
    }
    assert trust["ignored"] < trust["silent"] < trust["heard"]


def test_acting_on_an_answer_costs_money():
    outcome = run(shop({**PROMISED, "acts_cost": 3}))[1]
    plain = run(shop(PROMISED))[1]
    acted = outcome.answered[:, :, layout.ACTED].sum()
    assert acted > 20
    assert outcome.daily[:, :, DAY["cost"]].sum() - plain.daily[:, :, DAY["cost"]].sum() == 300 * acted


def test_costs_of_the_log_are_those_of_the_sums():
    _, outcome, rows = run(shop({**PROMISED, "acts_cost": 3}))
    assert rows["cost"].sum() == outcome.daily[:, :, DAY["cost"]].sum()


# ---------------------------------------------------------------- learning
def test_what_is_learnt_is_per_hundred_customers_and_published():
    someone, _ = guest({**PROMISED, "learns": "10 %"})
    till = someone.state["touchpoints"][0]
    someone.state["learnt"][0] = int(0.1 * 8 * MILLION)  # eight answers acted on, of forty customers
    assert failing(someone.w, till, 0, 0.0) == till.fails
    learn(someone.w)
    left = 0.3 + 0.7 * math.exp(-0.1 * 8 * 100 / 40)
    assert failing(someone.w, till, 0, 0.0) == pytest.approx(till.fails * left)
    assert someone.state["failing"][1] == 1.0


def test_a_brand_that_learns_fails_less_as_time_goes_by():
    learning = run(shop({**PROMISED, "answers": "100 %", "learns": "20 %"}))[1]
    deaf = run(shop({**PROMISED, "answers": "100 %"}))[1]
    failures = [outcome.daily[:, :, DAY["failures"]].sum(axis=1) for outcome in (learning, deaf)]
    assert failures[0][20:].sum() < 0.7 * failures[1][20:].sum()
    assert failures[0][0] == failures[1][0]  # what is learnt on day 0 works from day 1 on
    assert 0.3 < learning.failing[0] < 0.5
    assert deaf.failing.size == 0


def test_the_brand_has_learnt_nothing_before_day_0():
    outcome = run(shop({**PROMISED, "learns": "50 %", "answers": 0}, horizon="1 d"))[1]
    assert (outcome.failing == 1.0).all()


# ---------------------------------------------------------------- counting
def test_kpis_and_table_agree():
    program, outcome, rows = run(shop({"question": "nps", "answers": "50 %", "about": "till"}))
    table = recorder.surveys(rows, program, 1).to_pandas()
    scores, values = table["score"].to_numpy(), kpis(outcome, program)
    assert values["nps"] == pytest.approx(100 * ((scores >= 9).mean() - (scores <= 6).mean()))
    asked = outcome.daily[:, :, DAY["asked"]].sum()
    assert asked == (rows["touchpoint"] == 1).sum()
    assert values["response_rate"] == pytest.approx(len(table) / asked)
    assert set(table["about"]) == {"till"}
    assert set(table["question"]) == {"nps"}
    assert by_segment(outcome, program)["everyone"]["nps"] == values["nps"]
    assert "csat" not in values
    last = table.groupby("customer").last()["score"]
    people = outcome.people
    assert all(people["answer"][people["id"] == who] == score + 1 for who, score in last.items())


@pytest.mark.parametrize("question", layout.QUESTIONS)
def test_the_engines_agree_on_answers(question):
    asks = {"question": question, "answers": "70 %", "about": "till", "acts_on": "50 %", "learns": "10 %"}
    (_, slow, one), (_, fast, two) = (run(shop(asks), engine) for engine in ("reference", "compiled"))
    assert columns(one) == columns(two)
    assert (slow.answered == fast.answered).all()
    assert (slow.failing == fast.failing).all()
    assert (slow.failing[0] < 1.0) or question == "csat"


# ---------------------------------------------------------------- what is refused
@pytest.mark.parametrize(
    ("asks", "complaint"),
    [
        ({"question": "ces"}, "asks.about: missing: the touchpoint whose effort is asked for"),
        (
            {"question": "nps", "about": "til"},
            "asks.about: expected a touchpoint, got 'til'; did you mean 'till'?",
        ),
        (
            {"question": "nps", "learns": "2 %", "acts_on": "50 %"},
            "asks.about: missing: the touchpoint that gets better",
        ),
        (
            {"question": "nps", "about": "till", "learns": "2 %"},
            "asks.learns: this needs acts_on: the share of the bad answers acted on",
        ),
        (
            {"question": "csat", "acts_cost": 3},
            "asks.acts_cost: this needs acts_on: the share of the bad answers acted on",
        ),
        ({"question": "npss"}, "asks.question: expected nps, csat or ces, got 'npss'; did you mean 'nps'?"),
    ],
)
def test_surveys_that_make_no_sense(asks, complaint):
    with pytest.raises(ScenarioError) as caught:
        parse(shop(asks))
    assert str(caught.value) == f"touchpoints.form.{complaint}"


def test_kpis_of_a_promise_appear_where_there_is_one():
    program, outcome, _ = run(shop(PROMISED))
    assert kpis(outcome, program)["answers_acted_on"] == outcome.answered[:, :, layout.ACTED].sum()
    program, outcome, _ = run(shop({"question": "nps"}))
    assert "answers_acted_on" not in kpis(outcome, program)
