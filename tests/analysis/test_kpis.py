"""KPIs by hand on small outcomes; summary; what appears when; the page that documents them."""

import math
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from sim.analysis import view
from sim.analysis.kpis import KPIS, WINDOWED, by_segment, definition, interval, kpis, summary
from sim.model.layout import ABSENCE, CLOSED, DAY, FAILED, GAVE_UP, LEFT, MILLION, NOT_RENEWED, OK, SOLD_OUT

DOC = Path(__file__).parents[2] / "docs" / "kpis.md"


@pytest.fixture
def small(fakes):
    """Four customers and a prospect over 100 days, every number chosen by hand."""
    program = fakes.make_program(
        horizon=100.0,
        wage_per_day=1_000,
        fixed_cost=5_000,
        windows={"early": (0.0, 10.0), "late": (10.0, 100.0), "beyond": (90.0, 200.0)},
    )
    people = fakes.nobody(program, 5)
    fakes.become_prospects(people, 1)
    people["founding"][3], people["t_entry"][3] = 0, 50.0
    people["t_left"][[0, 3]], people["status"][[0, 3]] = [20.0, 80.0], LEFT
    people["n_order"], people["t_order"] = [3, 1, 2, 1, 0], [15.0, 5.0, 90.0, 60.0, -np.inf]
    people["satisfaction"][[1, 2]], people["trust"][[1, 2]] = [0.2, 0.4], [0.5, 0.7]
    outcome = fakes.blank(program, people, hazard_lost=0.5)
    book(
        outcome,
        5,
        needs=10,
        declined=3,
        absorbed=2,
        orders=4,
        repeat_orders=2,
        revenue=4_000,
        margin=2_000,
        cost=300,
        touches=6,
        valence=3 * MILLION,
    )
    book(outcome, 50, needs=10, declined=5, orders=1, revenue=1_000, margin=500, touches=4, gifts=1)
    outcome.touches[0, 1, [OK, FAILED, GAVE_UP, CLOSED, SOLD_OUT]] = [4, 2, 1, 2, 1]
    outcome.felt[1] = [3 * MILLION, 2 * MILLION, 1 * MILLION]
    outcome.staff["requests"], outcome.staff["waited"], outcome.staff["gave_up"] = 8, 4, 1
    outcome.staff["wait"] = 16 / 1440
    outcome.signals = np.array([(0, 0, 4.0, 10), (9, 0, 4.5, 11), (5, 0, 3.0, 10)], fakes.SIGNALS)
    return outcome, program


def book(outcome, day, **counts):
    for name, value in counts.items():
        outcome.daily[day, 0, DAY[name]] = value


def test_by_hand(small):
    outcome, program = small
    exposure = (20 + 100 + 100 + 30) / 365
    clv = ((2_000 - 300) * 1.1 ** (-5.5 / 365) + 500 * 1.1 ** (-50.5 / 365)) / 100 / 4
    expected = {
        "customers": 4, "entered": 1, "left": 2, "retention": 2 / 3, "retention_active": 1 / 3,
        "churn_per_year": 2 / exposure, "hazard_lost": 0.25,
        "needs": 20, "brand_choice": 12 / 20, "absorbed_needs": 2, "orders": 5, "repeat_orders": 2,
        "repeat_rate": 0.5, "orders_per_customer_year": 5 / exposure, "average_order_value": 10.0,
        "revenue": 50.0, "margin": 25.0, "cost": 3 + 1_000 + 50, "profit": 25 - 1_053.0,
        "profit_per_customer": (25 - 1_053.0) / 4, "clv": clv,
        "new_share": 0.25, "adopting_share": 0.25, "loyal_share": 0, "lapsed_share": 0.25, "lost_share": 0.25,
        "won_back_share": 0,
        "touches": 10, "valence": 0.3, "mood": 0.1, "satisfaction": 0.3, "trust": 0.6,
        "affective_commitment": 0.0, "failure_rate": 2 / 6, "closed_share": 0.2, "sold_out_share": 0.1,
        "wait_mean": 2.0, "waited_share": 0.5, "abandonment": 1 / 8,
        "reviews": 0, "reviews_average": 4.5, "gifts": 1, "messages": 0, "opted_out": 0,
        "orders_early": 4, "repeat_orders_early": 2, "revenue_early": 40.0,
        "orders_late": 1, "repeat_orders_late": 0, "revenue_late": 10.0,
        "churn_per_year_early": 0, "churn_per_year_late": 2 / ((10 + 90 + 90 + 30) / 365),
    }  # fmt: skip
    assert kpis(outcome, program) == pytest.approx(expected, rel=1e-6)


def test_segments_have_what_can_be_split(small):
    outcome, program = small
    found = by_segment(outcome, program)
    assert list(found) == ["commuters", "lingerers"]
    assert found["commuters"]["customers"] == found["lingerers"]["customers"] == 2
    assert found["commuters"]["orders"] == 5
    assert found["lingerers"]["orders"] == 0
    assert "average_order_value" not in found["lingerers"]
    for name, kpi in KPIS.items():
        assert not (kpi.whole and name in found["commuters"])


def test_segments_add_up(fakes):
    program = fakes.make_program()
    outcome = fakes.busy(program)
    whole, parts = kpis(outcome, program), by_segment(outcome, program).values()
    for name in ("customers", "left", "orders", "needs", "revenue", "touches"):
        assert sum(part[name] for part in parts) == pytest.approx(whole[name])


def test_nothing_but_people_is_never_nan(fakes):
    program = fakes.make_program(pool_names=(), stocks=(), campaign_names=(), signal_names=())
    found = kpis(fakes.blank(program, fakes.nobody(program, 3)), program)
    assert found["retention"] == 1.0
    assert found["churn_per_year"] == 0.0
    assert all(math.isfinite(value) for value in found.values())
    without_value = {"average_order_value", "failure_rate", "brand_choice"}
    without_meaning = {"valence", "satisfaction", "wait_mean", "closed_share", "sold_out_share", "gifts"}
    assert not found.keys() & (without_value | without_meaning | {"reviews_average", "churn_per_renewal"})


def test_without_customers(fakes):
    program = fakes.make_program()
    found = kpis(fakes.blank(program, fakes.nobody(program, 0)), program)
    assert found["customers"] == 0
    assert "retention" not in found
    assert all(math.isfinite(value) for value in found.values())


def test_loyalty_programmes(fakes):
    from sim.engine.outcome import PROGRAMME_ROW

    costs = {
        name: SimpleNamespace(costs=SimpleNamespace(setup=setup)) for name, setup in (("a", 600), ("b", 0))
    }
    program = fakes.make_program(programme_names=("a", "b"), scenario=SimpleNamespace(loyalty=costs))
    rows = np.zeros(2, PROGRAMME_ROW)
    rows["members"], rows["spent"] = (5, 7), (1_250, 50)
    rows["issued"], rows["redeemed"], rows["lapsed"] = (60, 40), (20, 10), (4, 6)
    outcome = fakes.blank(program, fakes.nobody(program, 20), programmes=rows)
    outcome.daily[3, 0, DAY["joined"]], outcome.daily[3, 1, DAY["redeemed"]] = 9, 3
    found = kpis(outcome, program)
    expected = {
        "joined": 9, "members": 12, "rewards": 3, "redemption_rate": 0.3, "breakage": 0.25, "programme_cost": 613,
    }  # fmt: skip
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    assert "members" not in kpis(
        fakes.blank(fakes.make_program(), fakes.nobody(program, 3)), fakes.make_program()
    )


def test_contractual(fakes):
    program = fakes.make_program(contractual=True)
    people = fakes.nobody(program, 4)
    people["need_gap"] = np.inf
    people["t_left"][:2], people["status"][:2] = [30.0, 60.0], LEFT
    people["reason"][:3] = NOT_RENEWED  # the third was talked out of it and is still there
    outcome = fakes.blank(program, people)
    outcome.daily[30, 0, DAY["reconsidered"]] = 40
    found = kpis(outcome, program)
    assert found["churn_per_renewal"] == 2 / 40
    assert "hazard_lost" not in found
    assert "needs" not in found


def test_one_shot_visitors_have_no_retention(fakes):
    program = fakes.make_program(one_shot=True)
    found = kpis(fakes.busy(program, staggered=True), program)
    assert "wait_mean" in found
    assert not {"retention", "churn_per_year", "clv", "trust", "repeat_rate"} & set(found)


def test_staggered_entry_speaks_of_all_who_entered(fakes):
    program = fakes.make_program()
    outcome = fakes.busy(program, staggered=True)
    assert kpis(outcome, program)["retention"] == np.mean(outcome.people["t_left"] > program.horizon)


def test_churn_finds_the_hazard(fakes):
    program = fakes.make_program()
    people = fakes.nobody(program, 20_000)
    fakes.leave(people, np.random.default_rng(8), 0.4, program.horizon)
    found = kpis(fakes.blank(program, people), program)
    assert found["churn_per_year"] == pytest.approx(0.4, abs=4 * 0.4 / math.sqrt(found["left"]))


def test_interval_is_students():
    mean, low, high = interval(np.array([1.0, 2.0, 3.0, 4.0]))
    half = 3.182446 * math.sqrt(5 / 3) / 2
    assert (mean, low, high) == pytest.approx((2.5, 2.5 - half, 2.5 + half))
    assert interval(np.array([7.0])) == (7.0, None, None)


def test_interval_covers():
    rng = np.random.default_rng(4)
    runs, truth = 2_000, 3.0
    bounds = np.array([interval(rng.normal(truth, 2.0, 6))[1:] for _ in range(runs)])
    covered = np.mean((bounds[:, 0] <= truth) & (truth <= bounds[:, 1]))
    assert abs(covered - 0.95) < 4 * math.sqrt(0.95 * 0.05 / runs)


def test_summary():
    rows = [
        {"revenue_w1": 1.0, "orders": 10.0, "average_order_value": 5.0},
        {"revenue_w1": 2.0, "orders": 0.0},
    ]
    found = summary(rows, "EUR")
    assert list(found) == ["orders", "average_order_value", "revenue_w1"]
    assert found["orders"] == {"mean": 5.0, "low": 0.0,
                               "high": pytest.approx(5 + 12.7062 * 5, rel=1e-4), "p05": 0.5, "p95": 9.5,
                               "unit": "orders", "n": 2}  # fmt: skip
    once = found["average_order_value"]
    assert (once["n"], once["low"], once["high"]) == (1, None, None)
    assert once["unit"] == "EUR per order"
    assert found["revenue_w1"]["unit"] == "EUR"
    assert summary([]) == {}


def test_intervals_end_where_values_do():
    names = ("retention", "valence", "trust", "wait_mean", "profit", "reviews_average")
    low, high = (0.0, -1.0, 0.0, 0.0, -99.0, 1.0), (0.9, 1.0, 0.9, 9.0, 9.0, 5.0)
    found = summary([dict(zip(names, low, strict=True)), dict(zip(names, high, strict=True))])
    bounds = {name: (found[name]["low"], found[name]["high"]) for name in names}
    assert bounds["retention"] == bounds["trust"] == (0.0, 1.0)
    assert bounds["valence"] == (-1.0, 1.0)
    assert bounds["wait_mean"] == (0.0, pytest.approx(4.5 + 12.7062 * 4.5, rel=1e-4))
    assert bounds["profit"] == pytest.approx((-45 - 12.7062 * 54, -45 + 12.7062 * 54), rel=1e-4)
    assert bounds["reviews_average"] == (0.0, 5.0)


def test_the_python_of_the_page_runs(monkeypatch, capsys):
    monkeypatch.chdir(DOC.parents[1])
    (block,) = re.findall(r"^```python\n(.*?)^```", DOC.read_text("utf-8"), re.M | re.S)
    exec(block, {})
    assert 0 < float(capsys.readouterr().out) <= 1


def test_definition_of_windows():
    assert definition("repeat_orders_w1_39") is WINDOWED["repeat_orders"]
    assert definition("orders_per_customer_year") is KPIS["orders_per_customer_year"]
    with pytest.raises(KeyError):
        definition("happiness")


def test_churn_of_windows_knows_who_came_back(small, fakes):
    """The customer who left on day 20 had also been away from day 5 to day 15."""
    outcome, program = small
    absences = np.zeros(1, ABSENCE)
    absences["customer"], absences["left"], absences["back"] = 0, 5.0, 15.0
    found = kpis(SimpleNamespace(**{**vars(outcome), "absences": absences}), program)
    assert found["churn_per_year_early"] == pytest.approx(1 / ((5 + 10 + 10) / 365))
    assert found["churn_per_year_late"] == pytest.approx(2 / ((5 + 90 + 90 + 30) / 365))


def test_registry_and_page_agree():
    registered = {name: (kpi.unit, kpi.better or "–", kpi.formula) for name, kpi in KPIS.items()}
    registered |= {
        f"{name}_<window>": (kpi.unit, kpi.better or "–", kpi.formula) for name, kpi in WINDOWED.items()
    }
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", DOC.read_text("utf-8"), re.M)
    assert {name: (unit, better, formula) for name, unit, better, formula in rows} == registered


def test_light_to_import():
    heavy = "{'pandas', 'matplotlib', 'scipy', 'numba'}"
    code = f"import sys, sim.analysis.kpis; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          cwd=Path(__file__).parents[2])  # fmt: skip
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("block", [1, 7, 64])
def test_numbers_do_not_depend_on_how_many_people_are_looked_at_together(fakes, block, monkeypatch):
    program = fakes.make_program()
    outcome = fakes.busy(program, size=200)
    whole = kpis(outcome, program), by_segment(outcome, program)
    monkeypatch.setattr(view, "BLOCK", block)
    assert (kpis(outcome, program), by_segment(outcome, program)) == whole
