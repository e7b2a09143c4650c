"""Retention against hand-worked numbers, known laws and its own definitions."""

from pathlib import Path

import numpy as np
import pytest

import sim
from sim.analysis.kpis import kpis
from sim.analysis.retention import (
    active_curve,
    alive_curve,
    at,
    churn,
    cohort_width,
    cohorts,
    curves,
    days_of,
    kaplan_meier,
    lives,
)
from sim.model.layout import DAY, LEFT

# Freireich et al. 1963, remission under 6-MP in weeks; the estimate in every textbook (Kalbfleisch &
# Prentice; Collett); survival and Greenwood errors worked by hand
WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
AT_RISK = {6: 21, 7: 17, 10: 15, 13: 12, 16: 11, 22: 7, 23: 6}
SURVIVAL = {6: 0.8571, 7: 0.8067, 10: 0.7529, 13: 0.6902, 16: 0.6275, 22: 0.5378, 23: 0.4482}
ERROR = {6: 0.0764, 7: 0.0869, 10: 0.0963, 13: 0.1068, 16: 0.1141, 22: 0.1282, 23: 0.1346}


def test_textbook_example():
    frame = kaplan_meier(np.array(WEEKS, float), np.array(RELAPSED, bool)).set_index("t")
    assert list(frame.index) == [0, *SURVIVAL, 35]
    for week in SURVIVAL:
        assert frame.loc[week, "survival"] == pytest.approx(SURVIVAL[week], abs=5e-5)
        assert frame.loc[week, "at_risk"] == AT_RISK[week]
        spread = 1.959964 * ERROR[week] / (SURVIVAL[week] * np.log(SURVIVAL[week]))
        assert frame.loc[week, "low"] == pytest.approx(SURVIVAL[week] ** np.exp(-spread), abs=1e-3)
        assert frame.loc[week, "high"] == pytest.approx(SURVIVAL[week] ** np.exp(spread), abs=1e-3)


def test_nobody_leaves_and_everybody_leaves():
    stay = kaplan_meier(np.full(5, 10.0), np.zeros(5, bool))
    assert stay[["survival", "low", "high"]].to_numpy() == pytest.approx(1.0)
    gone = kaplan_meier(np.array([1.0, 2.0, 3.0]), np.ones(3, bool))
    assert gone["survival"].tolist() == pytest.approx([1, 2 / 3, 1 / 3, 0])
    assert gone.notna().all(axis=None)
    assert gone["low"].iloc[-1] == 0.0
    assert gone["high"].iloc[-1] == gone["high"].iloc[-2]


def test_leaving_at_once_and_nobody_at_all():
    frame = kaplan_meier(np.array([0.0, 5.0]), np.array([True, False]))
    assert frame["t"].tolist() == [0.0, 5.0]
    assert frame["survival"].tolist() == [0.5, 0.5]
    with pytest.raises(ValueError, match="no durations"):
        kaplan_meier(np.empty(0), np.empty(0, bool))


def test_band_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(20260113)
    hits, runs, size, when = 0, 400, 120, 1.0
    for _ in range(runs):
        life, censored = rng.exponential(1.0, size), rng.uniform(0, 4, size)
        row = at(kaplan_meier(np.minimum(life, censored), life <= censored), np.array([when])).iloc[0]
        hits += row["low"] <= np.exp(-when) <= row["high"]
    error = np.sqrt(0.95 * 0.05 / runs)
    assert abs(hits / runs - 0.95) < 4 * error


def test_exponential_lifetimes_of_many(fakes):
    program = fakes.make_program()
    people = fakes.nobody(program, 24_000)
    fakes.leave(people, np.random.default_rng(5), 0.4, program.horizon)
    frame = alive_curve(fakes.blank(program, people), program)
    truth = np.exp(-0.4 * frame["t"] / 365)
    error = np.sqrt(truth * (1 - truth) / people.size)
    assert (np.abs(frame["alive"] - truth) <= 4.5 * error + 1e-12).all()
    assert frame["t"].iloc[-1] == program.horizon


def test_alive_is_the_plain_share_of_the_customers_of_day_0(fakes):
    program = fakes.make_program(horizon=100.0)
    outcome = fakes.busy(program, size=300, per_year=2.0)
    frame = alive_curve(outcome, program, np.array([0.0, 30.5, 100.0]))
    day_0 = outcome.people[outcome.people["founding"] == 1]
    shares = [np.mean(day_0["t_left"] > t) for t in (0.0, 30.5, 100.0)]
    assert frame["alive"].tolist() == pytest.approx(shares, abs=1e-12)


def test_staggered_entry_is_told_since_entry(fakes):
    program = fakes.make_program()
    people = fakes.nobody(program, 20_000)
    rng = np.random.default_rng(3)
    people["founding"], people["t_entry"] = 0, rng.uniform(0, 300, people.size)
    fakes.leave(people, rng, 1.0, program.horizon)
    frame = alive_curve(fakes.blank(program, people), program, np.array([0.0, 100.0, 200.0]))
    assert frame["alive"].to_numpy() == pytest.approx(np.exp(-frame["t"] / 365), abs=0.02)


def test_prospects_are_not_customers(fakes):
    program = fakes.make_program()
    people = fakes.nobody(program, 10)
    fakes.become_prospects(people, 10)
    outcome = fakes.blank(program, people)
    assert alive_curve(outcome, program).empty
    assert curves([outcome], program).empty
    assert cohorts(people, program.horizon).empty


def test_active_counts_who_bought_lately(fakes):
    program = fakes.make_program(horizon=5.0, active_within=2.0)
    people = fakes.nobody(program, 4)
    people["t_order"] = [4.5, 1.0, -np.inf, 3.5]
    outcome = fakes.blank(program, people)
    outcome.daily[0, 0, DAY["active_from"]] = 1
    outcome.daily[2, 1, DAY["active_from"]] = 2
    outcome.daily[3, 0, DAY["active_until"]] = 1
    frame = active_curve(outcome, program, np.array([0.0, 1.9, 2.0, 3.0, 4.0, 5.0]))
    assert frame["active"].tolist() == [0.25, 0.25, 0.75, 0.5, 0.5, 0.5]


def test_active_is_about_the_customers_of_day_0(fakes):
    program = fakes.make_program(horizon=4.0, active_within=2.0)
    people = fakes.nobody(program, 4)
    people["founding"][[1, 3]], people["t_entry"][[1, 3]] = 0, [1.0, 2.0]  # the other segment
    people["t_order"] = [3.0, 3.5, 1.0, 3.5]
    outcome = fakes.blank(program, people)
    outcome.daily[1, 0, DAY["active_from"]] = 1
    outcome.daily[2, 1, DAY["active_from"]] = 2  # of others
    frame = active_curve(outcome, program, np.array([0.0, 1.0, 2.0, 3.0, 4.0]))
    assert frame["active"].tolist() == [0, 0.5, 0.5, 0.5, 0.5]
    assert frame["active"].iloc[-1] == kpis(outcome, program)["retention_active"]


def test_active_is_blank_where_others_entered_the_segments_of_day_0(fakes):
    program = fakes.make_program(horizon=4.0)
    people = fakes.nobody(program, 4)
    people["founding"][3], people["t_entry"][3] = 0, 1.0
    outcomes = [fakes.blank(program, people), fakes.blank(program, fakes.nobody(program, 4))]
    assert active_curve(outcomes[0], program)["active"].isna().all()
    frame = curves(outcomes, program)
    assert frame["active"].isna().all()
    assert frame["since"].unique().tolist() == ["day 0"]
    assert curves(outcomes, program, segment=0)["active"].notna().all()


def test_the_curve_of_a_run_ends_at_its_kpis():
    """With prospects who come, over all replications; and at 30 days where a run of 30 days ends."""
    shop = Path(__file__).parents[2] / "scenarios" / "coffee_shop" / "baseline.yaml"
    run, short = (
        sim.run(
            shop,
            size=60,
            horizon=days,
            set=["active_if.bought_within=9 d", "as_stated=false"],
            replications=2,
            log=False,
        )
        for days in (45.0, 30.0)
    )
    last, early = run.retention.iloc[-1], run.retention.set_index("t").loc[30.0]
    assert run.kpis.loc["entered", "mean"] > 0
    assert last["t"] == 45.0
    for name, kpi in (("alive", "retention"), ("active", "retention_active")):
        assert last[name] == pytest.approx(run.kpis.loc[kpi, "mean"], abs=1e-12)
        assert early[name] == pytest.approx(short.kpis.loc[kpi, "mean"], abs=1e-12)
        assert last[name] < 1


def test_a_cohort_of_day_0_that_is_gone_is_told_to_the_end(fakes):
    program = fakes.make_program(horizon=10.0)
    people = fakes.nobody(program, 2)
    people["t_left"], people["status"] = [2.0, 3.0], LEFT
    frame = curves([fakes.blank(program, people)], program)
    assert frame["t"].iloc[-1] == 10.0
    assert frame["alive"].tolist()[-7:] == [0.0] * 7


def test_active_is_out_of_those_who_had_entered(fakes):
    program = fakes.make_program(horizon=4.0)
    people = fakes.nobody(program, 4)
    people["founding"], people["t_entry"] = 0, [1.0, 1.5, 2.5, 3.5]
    outcome = fakes.blank(program, people)
    outcome.daily[2, 0, DAY["active_from"]] = 1
    frame = active_curve(outcome, program, np.array([0.0, 1.0, 2.0, 3.0]))
    assert frame["t"].tolist() == [1.0, 2.0, 3.0]
    assert frame["active"].tolist() == pytest.approx([0, 1 / 2, 1 / 3])


def test_curves_of_one_and_of_several_replications(fakes):
    program = fakes.make_program(horizon=60.0)
    several = [fakes.busy(program, replication=k, size=80) for k in range(4)]
    frame = curves(several, program)
    assert (frame["alive_p05"] <= frame["alive_p95"]).all()
    assert frame["active"].notna().all()
    assert curves(several[:1], program)["alive_p05"].isna().all()


def test_cohorts_by_hand(fakes):
    program = fakes.make_program(horizon=90.0)
    people = fakes.nobody(program, 6)
    people["founding"][3:] = 0
    people["t_entry"][3:] = [10.0, 20.0, 70.0]
    people["t_left"][[0, 3]] = [30.0, 35.0]
    people["status"][[0, 3]] = LEFT
    frame = cohorts(people, 90.0, 30.0)
    first = frame[frame["cohort"] == 0]
    assert first["alive"].tolist() == pytest.approx([1, 2 / 3, 2 / 3, 2 / 3])
    assert first["churn"].tolist()[1:] == pytest.approx([1 / 3, 0, 0])
    second = frame[frame["cohort"] == 1]
    assert second["customers"].unique().tolist() == [2]
    assert second["alive"].tolist() == [1.0, 0.5, 0.5]  # the later of the two entered on day 20: 70 days seen
    assert frame[frame["cohort"] == 3]["period"].tolist() == [0]


def test_who_enters_at_the_start_is_of_day_0_and_who_never_came_is_nowhere(fakes):
    program = fakes.make_program(horizon=60.0)
    people = fakes.nobody(program, 5)
    people["founding"][1:], people["t_entry"][1:] = 0, [0.0, 0.5, 30.0, 1.0]
    fakes.become_prospects(people, 1)  # t_entry inf
    sizes = cohorts(people, 60.0, 30.0).drop_duplicates("cohort").set_index("cohort")["customers"]
    assert sizes.to_dict() == {0: 2, 1: 1, 2: 1}
    assert churn(people, 60.0, 30.0)["alive"].tolist() == [2, 4]


def test_churn_by_hand(fakes):
    program = fakes.make_program(horizon=70.0)
    people = fakes.nobody(program, 5)
    people["founding"][4], people["t_entry"][4] = 0, 40.0
    people["t_left"][[0, 1]], people["status"][[0, 1]] = [5.0, 45.0], LEFT
    frame = churn(people, 70.0, 30.0)
    assert frame["alive"].tolist() == [4, 3]
    assert frame["left"].tolist() == [1, 1]
    assert frame["churn"].tolist() == pytest.approx([1 / 4, 1 / 3])


def test_nobody_left_blanks_churn_only(fakes):
    program = fakes.make_program(horizon=3.0)
    people = fakes.nobody(program, 1)
    people["t_left"], people["status"] = 0.5, LEFT
    frame = cohorts(people, 3.0, 1.0)
    assert frame["alive"].tolist() == [1, 0, 0, 0]
    assert frame["churn"].isna().tolist() == [True, False, True, True]


def test_lives_hold_all_replications(fakes):
    program = fakes.make_program(horizon=60.0)
    outcomes = [fakes.busy(program, replication=k, size=50) for k in range(2)]
    both = cohorts(lives(outcomes), 60.0, 7.0)
    assert both.drop_duplicates("cohort")["customers"].sum() == 100


@pytest.mark.parametrize(("horizon", "width"), [(10, 1), (100, 7), (365, 30), (1825, 91), (7300, 365)])
def test_periods_fit_the_horizon(horizon, width):
    assert cohort_width(horizon) == width


@pytest.mark.parametrize("horizon", [0.5, 10.0, 365.0, 1825.0, 36_500.0])
def test_days_of_a_curve(horizon):
    days = days_of(horizon)
    assert days[0] == 0.0
    assert days[-1] == horizon
    assert len(days) <= 368
    assert (np.diff(days) > 0).all()
