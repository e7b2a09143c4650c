"""From a design to its points: the values at places on the unit cube, and what a scenario makes of them."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sim import scenarios_folder
from sim.analysis import sampling
from sim.errors import ScenarioError, UsageError
from sim.experiment.points import cube_of, design_from, points_from, points_of, values_at
from sim.scenario.design import scenario_of
from sim.scenario.variants import with_values

SHOP = """\
name: Stall
horizon: 30 d
psychology: off
customers: {needs: 1 per week, reconsiders: 1 per 7 d}
staff: {hands: {servers: 2}}
touchpoints:
  buy: {stage: purchase, engagement: social, cost: 0.3, staff: {pool: hands, service: 90 s}}
journeys: {visit: {starts_on: {need: {becomes: buy}}, steps: {buy: {next: end}}}}
"""
SERVERS, COST = "staff.hands.servers", "touchpoints.buy.cost"
REGULARITY = "customers.needs.regularity"  # any number above 0
SERVICE, KIND = "touchpoints.buy.staff.service", "touchpoints.buy.engagement"


@pytest.fixture
def stall(tmp_path):
    (tmp_path / "stall.yaml").write_text(SHOP, encoding="utf-8")

    def stall(method, parameters=None, **more):
        data = {"scenario": "stall.yaml", "method": method, **more}
        return design_from(data if parameters is None else {**data, "parameters": parameters}, tmp_path)

    return stall


def one(design):
    return design.parameters[0]


# ---------------------------------------------------------------- values
def test_a_range_is_uniform_in_base_units(stall):
    design = stall("latin_hypercube", {SERVICE: "1 min .. 3 min"}, points=1000)
    values = points_of(design).columns[SERVICE]
    assert values.dtype == np.float64
    assert stats.kstest(values * 1440, stats.uniform(1, 2).cdf).pvalue > 0.99  # nearly even, not only uniform


def test_whole_numbers_of_a_range_come_equally_often(stall):
    design = stall("sobol", {SERVERS: "1 .. 4"}, points=64)
    values, counts = np.unique(points_of(design).columns[SERVERS], return_counts=True)
    assert values.tolist() == [1, 2, 3, 4]
    assert counts.tolist() == [16, 16, 16, 16]


def test_items_of_a_list_come_equally_often(stall):
    design = stall("sobol", {KIND: ["social", "emotional"], "as_stated": [True, False]}, points=16)
    points = points_of(design)
    assert points.columns[KIND].dtype == object
    assert points.columns["as_stated"].dtype == bool
    assert sorted(points.columns[KIND]) == ["emotional"] * 8 + ["social"] * 8
    assert points.row(0) == {KIND: points.columns[KIND][0], "as_stated": bool(points.columns["as_stated"][0])}


@pytest.mark.parametrize(
    ("written", "law"),
    [
        ({"mean": 3, "sd": 1}, stats.gamma(9, scale=1 / 3)),
        ({"triangular": {"low": 1, "mode": 2, "high": 5}}, stats.triang(0.25, loc=1, scale=4)),
        ({"exponential": {"mean": 2}}, stats.expon(scale=2)),
        ({"uniform": {"low": 1, "high": 5}}, stats.uniform(1, 4)),
    ],
)
def test_distributions_go_by_their_quantiles(stall, written, law):
    parameter = one(stall("latin_hypercube", {REGULARITY: written}, points=2))
    u = np.array([0.05, 0.5, 0.9])
    assert np.allclose(values_at(parameter, u), law.ppf(u))


def test_a_distribution_of_whole_numbers_is_rounded_and_kept_within_bounds(stall):
    parameter = one(stall("latin_hypercube", {SERVERS: {"mean": 2, "sd": 2}}, points=2))
    values = values_at(parameter, np.linspace(0.001, 0.999, 99))
    assert set(values) <= set(range(1, 30))
    assert values.min() == 1


def test_what_is_written_reads_back_as_the_very_value(stall):
    design = stall("latin_hypercube", {SERVICE: "1 min .. 3 min", COST: {"mean": 3, "sd": 1}}, points=20)
    points, scenario = points_of(design), scenario_of(design)
    for index in range(20):
        buy = with_values(scenario, points.row(index)).touchpoints["buy"]
        assert buy.staff.service.mean == points.columns[SERVICE][index]
        assert buy.cost == points.columns[COST][index]


# ---------------------------------------------------------------- methods
def test_a_grid_has_both_ends_of_ranges_and_whole_numbers_only_once(stall):
    design = stall(
        "full_factorial", {SERVERS: "1 .. 3", COST: "0 .. 1", KIND: ["social", "emotional"]}, levels=5
    )
    points = points_of(design)
    assert points.count == 3 * 5 * 2
    assert np.unique(points.columns[SERVERS]).tolist() == [1, 2, 3]
    assert np.unique(points.columns[COST]).tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert len(points.frame.drop_duplicates()) == 30
    assert points.row(1) == {SERVERS: 1, COST: 0, KIND: "emotional"}  # the last moves fastest


def test_a_grid_has_the_medians_of_equal_parts_of_a_distribution(stall):
    design = stall("full_factorial", {REGULARITY: {"exponential": {"mean": 2}}}, levels=4)
    assert np.allclose(
        points_of(design).columns[REGULARITY], stats.expon(scale=2).ppf([0.125, 0.375, 0.625, 0.875])
    )


def test_one_at_a_time_begins_at_the_scenarios_own_values(stall):
    parameters = {SERVERS: "1 .. 3", COST: "1 .. 2", KIND: ["convenience", "social"]}
    points = points_of(stall("one_at_a_time", parameters, levels=3, replications=2))
    assert points.frame.to_numpy().tolist() == [
        [2, 1.5, "social"],  # its own 2 servers, the middle of a range without its own 0.3, its own kind
        [1, 1.5, "social"],
        [3, 1.5, "social"],
        [2, 1.0, "social"],
        [2, 2.0, "social"],
        [2, 1.5, "convenience"],
    ]
    assert (points.count, points.runs) == (6, 12)
    assert points.frame.index.tolist() == [1, 2, 3, 4, 5, 6]


def test_saltelli_keeps_its_rows(stall):
    design = stall("saltelli", {COST: "0 .. 2", SERVICE: "1 d .. 2 d"}, samples=4, seed=5)
    points = points_of(design)
    cube = sampling.saltelli(4, 2, 5)
    assert np.array_equal(cube_of(design), cube)
    assert np.allclose(points.columns[COST], 2 * cube[:, 0])
    assert np.allclose(points.columns[SERVICE], 1 + cube[:, 1])


def test_morris_spreads_lists_and_whole_numbers_evenly_over_its_levels(stall):
    design = stall(
        "morris", {SERVERS: "1 .. 4", KIND: ["social", "emotional"], COST: "0 .. 3"}, trajectories=200
    )
    frame = points_of(design).frame
    assert set(frame[SERVERS]) == {1, 2, 3, 4}
    assert set(frame[COST].round(9)) == {0, 1, 2, 3}
    moves = frame.to_numpy().reshape(200, 4, 3)
    changed = moves[:, 1:] != moves[:, :-1]
    assert (changed.sum(axis=2) == 1).all()  # a step of the grid changes a list of two, too


@pytest.mark.parametrize(
    "method",
    [
        {"method": "latin_hypercube", "points": 8},
        {"method": "saltelli", "samples": 8},
        {"method": "morris", "trajectories": 3},
    ],
    ids=lambda method: method["method"],
)
def test_the_same_design_has_the_same_points(stall, method):
    parameters = {COST: "0 .. 1", SERVERS: [1, 2, 3]}
    first, same, other = (
        points_of(stall(parameters=parameters, seed=seed, **method)).frame for seed in (1, 1, 2)
    )
    assert first.equals(same)
    assert not first.equals(other)


# ---------------------------------------------------------------- points chosen elsewhere
def test_points_come_from_a_frame_in_base_units(stall, tmp_path):
    points = points_of(
        stall("latin_hypercube", {COST: "0 .. 1", SERVICE: "1 d .. 2 d", SERVERS: [1, 2]}, points=5)
    )
    again = points_from(points.frame, {"scenario": "stall.yaml", "replications": 7}, tmp_path)
    assert again.frame.equals(points.frame)
    assert again.row(3) == points.row(3)
    assert (again.runs, again.design.method, again.design.table) == (35, "csv", None)


def test_text_of_a_frame_is_as_a_scenario_writes_it(stall, tmp_path):
    points = points_from(
        pd.DataFrame({SERVICE: ["6 h", "2 d"], KIND: ["social", "emotional"]}),
        {"scenario": "stall.yaml"},
        tmp_path,
    )
    assert points.columns[SERVICE].tolist() == [0.25, 2.0]
    assert points.row(1) == {SERVICE: "2 d", KIND: "emotional"}


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {COST: [1.0, np.nan]},
            f"row 2: {COST}: expected an amount of money (a number from 0 to 10 million) (in the base unit",
        ),
        (
            {SERVICE: [-1.0]},
            f"row 1: {SERVICE}: expected a duration such as 20 min or 3 d (in the base unit, d), got -1.0",
        ),
        ({SERVERS: [1.0, 1.5]}, f"row 2: {SERVERS}: expected a whole number of at least 1, got 1.5"),
        ({"point": [1]}, "point: there is no 'point' here"),
        ({KIND: ["social", 3]}, f"row 2: {KIND}: expected a word, or true or false, got 3"),
    ],
)
def test_frames_that_are_not_right(stall, tmp_path, columns, message):
    with pytest.raises(ScenarioError) as caught:
        points_from(pd.DataFrame(columns), {"scenario": "stall.yaml"}, tmp_path)
    assert str(caught.value).startswith(message)


def test_an_empty_frame_has_no_points(stall, tmp_path):
    with pytest.raises(UsageError, match="there are no points"):
        points_from(pd.DataFrame({COST: []}), {"scenario": "stall.yaml"}, tmp_path)


# ---------------------------------------------------------------- what else is refused
def test_what_comes_out_of_a_distribution_must_be_a_scenario(tmp_path):
    (tmp_path / "deal.yaml").write_text(
        SHOP + "signals: {stars: {kind: reviews, fakes: {count: 1, average: 5, from: 1 d, until: 9 d}}}\n",
        encoding="utf-8",
    )
    path = "signals.stars.fakes.from"
    data = {
        "scenario": "deal.yaml",
        "method": "sobol",
        "points": 16,
        "parameters": {path: {"mean": "2 d", "cv": 2}},
    }
    with pytest.raises(
        ScenarioError, match=r"point \d+, with .*, is no scenario: signals.stars.fakes.until: expected a"
    ):
        points_of(design_from(data, tmp_path))


def test_kpis_are_those_that_the_scenario_can_have(stall, tmp_path):
    with pytest.raises(ScenarioError, match="there is no KPI 'profitt'; did you mean 'profit'"):
        stall("sobol", {COST: "0 .. 1"}, points=2, kpis=["profitt"])
    (tmp_path / "stall.yaml").write_text(SHOP + "windows: {late: {from: 20 d, to: 30 d}}\n", encoding="utf-8")
    assert stall("sobol", {COST: "0 .. 1"}, points=2, kpis=["orders_late"]).kpis == ("orders_late",)


def test_what_is_no_design_is_refused():
    with pytest.raises(UsageError, match="expected a design"):
        design_from(3)


def test_the_coffee_shop_ships_about_200_runs():
    design = design_from("coffee_shop/sweep")
    points = points_of(design)
    assert points.runs == 198
    assert not design.each_point
    assert design.path == scenarios_folder() / "coffee_shop" / "sweep.yaml"
