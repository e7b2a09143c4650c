"""Designs as files: what is said about those that are not right, and what is read from those that are."""

import json
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from sim.cli import main
from sim.errors import ScenarioError
from sim.experiment.asked import kpi_names
from sim.scenario import load
from sim.scenario.design import design_of, most_points, read_design, scenario_of
from sim.scenario.design_file import USED_BY, Sheet
from sim.scenario.variants import with_values
from sim.scenario.varied import own_value

from .conftest import cases
from .test_problems import marked

DESIGN = """\
design:
  scenario: coffee_shop.yaml
  method: latin_hypercube
  points: 12
  size: 50
  parameters:
    staff.baristas.servers: [1, 2, 3]
    touchpoints.order.fails.chance: 1 % .. 8 %
"""


def changed(old: str, new: str) -> str:
    assert DESIGN.count(old) == 1, old
    return DESIGN.replace(old, new)


@pytest.fixture
def told(write):
    """Every line that is said about a design's text."""

    def told(text: str) -> list[str]:
        with pytest.raises(ScenarioError) as caught:
            read_design(write(text, "sweep.yaml"), lambda scenario: kpi_names([scenario]))
        return str(caught.value).splitlines()

    return told


@pytest.fixture
def read(write):
    return lambda text=DESIGN: read_design(write(text, "sweep.yaml"))


# ---------------------------------------------------------------- designs that are not right
@pytest.mark.parametrize(("old", "new", "message"), cases("designs"))
def test_one_line_for_one_mistake(told, old, new, message):
    text, place = marked(changed(old, new))
    found = told(text)
    where = f"sweep.yaml:{place}: "
    if "^" not in new or "^}" in new:  # the whole mapping, or something that is not there
        where = found[0][: found[0].index(" design")] + " "
    assert found == [where + message]


def test_every_mistake_is_told_at_once_in_the_order_of_the_file(told):
    text = (
        changed("points: 12", "points: many")
        .replace("[1, 2, 3]", "[1, 1]")
        .replace("1 % .. 8 %", "8 % .. 1 %")
    )
    found = told(text.replace("  size: 50", "  sise: 50") + "    staff.chefs.servers: 1 .. 2\n")
    assert [line.split(": ")[1] for line in found] == [
        "design.points",
        "design.sise",
        "design.parameters.staff.baristas.servers.1",
        "design.parameters.touchpoints.order.fails.chance",
        "design.parameters.staff.chefs.servers",
    ]
    assert [int(line.split(":")[1]) for line in found] == [4, 5, 7, 8, 9]


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ("  scenario: coffee_shop.yaml\n", "scenario"),
        ("  method: latin_hypercube\n", "method"),
        ("  points: 12\n", "points"),
        (DESIGN[DESIGN.index("  parameters") :], "parameters"),
    ],
)
def test_what_is_missing_is_named_with_an_example(told, lines, key):
    found = told(changed(lines, ""))
    assert len(found) == 1
    assert found[0].startswith(f"sweep.yaml:1:1: design.{key}: missing: ")


def test_levels_are_missing_where_a_range_needs_them_only(told, read):
    text = changed("latin_hypercube\n  points: 12", "full_factorial")
    assert told(text) == ["sweep.yaml:1:1: design.levels: missing: how many values of each range, such as 5"]
    assert read(text.replace("1 % .. 8 %", "[1 %, 8 %]")).levels is None


def test_a_design_extends_nothing(told):
    assert told("extends: coffee_shop.yaml\n" + DESIGN) == [
        "sweep.yaml:1:1: extends: a design extends nothing; name the file to vary under scenario:"
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("desing: {}\n", "sweep.yaml:1:1: desing: unknown key; did you mean 'design'?"),
        ("a: 1\n", "sweep.yaml: holds no design; expected a file with design: at the top"),
        ("design: 3\n", "sweep.yaml:1:9: design: expected a mapping with keys such as name, about, scenario"),
        (
            "signals: {}\nhorizon: 3 d\n",
            "sweep.yaml: is a scenario, not a design; expected a file with design: at",
        ),
    ],
)
def test_what_is_no_design_is_told_what_it_is(told, text, message):
    assert [line.startswith(message) for line in told(text)] == [True]


def test_a_file_that_is_not_there(in_folder, write):
    write(DESIGN, "sweep.yaml")
    with pytest.raises(
        ScenarioError, match=r"swep.yaml: cannot be read: no such file; did you mean 'sweep.yaml'\?"
    ):
        read_design("swep.yaml")
    with pytest.raises(ScenarioError, match="did you mean 'coffee_shop/sweep'"):
        read_design("coffee_shop/sweap")


def test_mistakes_of_the_scenario_are_told_where_they_are(told, write):
    write("name: x\nhorizon: 3\n", "coffee_shop.yaml")
    assert told(DESIGN)[0].startswith("coffee_shop.yaml:2:10: horizon: expected a duration above 0")


def test_the_scenario_of_a_design_is_no_design(told, write):
    write(DESIGN, "coffee_shop.yaml")
    assert told(DESIGN) == [
        "coffee_shop.yaml:1:1: design: this is a design of a sweep, not a scenario; "
        "run it with: touchpoint sweep coffee_shop.yaml"
    ]


# ---------------------------------------------------------------- ends that make no scenario
WINDOWS = """\
extends: coffee_shop.yaml
name: Deals
touchpoints:
  order:
    triggers: {deal: {kind: scarcity, cue: time, until: 14 d}}
signals: {stars: {fakes: {count: 5, average: 5, from: 20 d, until: 30 d, cost: 1}}}
"""


@pytest.mark.parametrize(
    ("lines", "at", "message"),
    [
        (
            "signals.stars.fakes.from: 10 d .. 40 d",
            "signals.stars.fakes.from",
            "at '40 d', the high end, this is no scenario: signals.stars.fakes.until: expected a time after from",
        ),
        (
            "signals.stars.fakes.until: [25 d, 15 d, 40 d]",
            "signals.stars.fakes.until",
            "at '15 d', the least of its list, this is no scenario: signals.stars.fakes.until: expected a time after",
        ),
        (
            "signals.stars.fakes.from: 10 d .. 24 d\n    signals.stars.fakes.until: 20 d .. 22 d",
            "signals.stars.fakes.from",
            "at '24 d', the high end",
        ),
    ],
)
def test_ends_that_make_no_scenario_are_told(told, write, lines, at, message):
    write(WINDOWS, "deals.yaml")
    text = changed("staff.baristas.servers: [1, 2, 3]", lines).replace("coffee_shop.yaml", "deals.yaml")
    assert told(text)[0].split(": ", 1)[1].startswith(f"design.parameters.{at}: {message}")


def test_corners_are_tried_too(told, write):
    """Each alone is fine with the other in its middle; the rest is nothing left where both are high."""
    write("extends: coffee_shop.yaml\nname: x\nsegments: {late: {like: lingerers, share: 20 %}}\n", "s.yaml")
    lines = "segments.commuters.share: 40 % .. 70 %\n    segments.late.share: 10 % .. 40 %"
    text = changed("staff.baristas.servers: [1, 2, 3]", lines).replace("coffee_shop.yaml", "s.yaml")
    assert told(text)[0].startswith(
        "sweep.yaml:7:5: design.parameters: with every parameter at its highest this is no scenario: segments"
    )


def test_ranges_that_only_fit_together_are_right(read, write):
    """The scenario's own values lie outside; an end is tried with the others in the middle of their ranges."""
    write(WINDOWS, "deals.yaml")
    lines = "signals.stars.fakes.from: 100 d .. 150 d\n    signals.stars.fakes.until: 200 d .. 300 d"
    text = changed("staff.baristas.servers: [1, 2, 3]", lines).replace("coffee_shop.yaml", "deals.yaml")
    assert len(read(text).parameters) == 3


# ---------------------------------------------------------------- a table of points
TABLE = DESIGN[: DESIGN.index("  parameters")].replace(
    "latin_hypercube\n  points: 12", "csv\n  file: points.csv"
)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("", "points.csv: has no points; expected a header of paths and a row a point"),
        (
            "staff.baristas.servers\n",
            "points.csv: has no points; expected a header of paths and a row a point",
        ),
        (
            "staff.barista.servers\n1\n",
            "points.csv:1:1: staff.barista.servers: there is no 'barista' in staff; did",
        ),
        ("touchpoints.order.cost,a\n1,2\n3\n", "points.csv:3: expected 2 cells as in the header, got 1"),
        (
            "touchpoints.order.cost,\n1,2\n",
            "points.csv:1:2: column 2 has no name; expected the path of a parameter",
        ),
        ("horizon,horizon\n1 d,2 d\n", "points.csv:1:2: horizon: is there twice"),
        (
            "touchpoints.order.cost\n1\n\nx\n",
            "points.csv:4:1: touchpoints.order.cost: expected an amount of money",
        ),
        (
            "staff.baristas.servers\n1\n2.5\n",
            "points.csv:3:1: staff.baristas.servers: expected a whole number of at",
        ),
        (
            "touchpoints.order.quality,touchpoints.order.quality.mean\n0.1,0.2\n",
            "points.csv:1:2: touchpoints.order.quality.mean: is the same as 'touchpoints.order.quality', which",
        ),
        (
            "touchpoints.order.engagement\nsocial\nsozial\n",
            "points.csv:3: point 2 is no scenario: touchpoints.order.engagement: expected contextual",
        ),
    ],
)
def test_tables_that_are_not_right(told, write, rows, message):
    write(rows, "points.csv")
    found = told(TABLE)
    assert len(found) == 1
    assert found[0].startswith(message)


def test_many_unreadable_cells_are_counted(told, write):
    write("touchpoints.order.cost\n" + "x\n" * 9, "points.csv")
    found = told(TABLE)
    assert len(found) == 4
    assert (
        found[-1]
        == "points.csv:1:1: touchpoints.order.cost: 6 more cells of this column are not right either"
    )


def test_a_table_takes_its_parameters_from_its_header(told, write):
    write("touchpoints.order.cost\n1\n", "points.csv")
    assert told(TABLE + "  parameters: {touchpoints.order.cost: 0 .. 1}\n") == [
        "sweep.yaml:6:3: design.parameters: the columns of the table are the parameters; leave this out"
    ]


def test_a_table_is_read_in_the_units_of_a_scenario(read, write):
    write(
        "touchpoints.order.staff.service.mean, touchpoints.order.fails.still_sells\n6 h,true\n 2 d,false\n",
        "points.csv",
    )
    service, sells = read(TABLE).parameters
    assert service.values == (0.25, 2.0)
    assert sells.values == (True, False)
    assert (service.form, service.write(0.25), sells.write(False)) == ("table", "6 h", False)


# ---------------------------------------------------------------- designs that are right
def test_everything_is_read(read):
    text = changed(
        "size: 50",
        "size: 50\n  name: N\n  seed: 9_223_372_036_854_775_807\n  horizon: 2 weeks\n  kpis: profit\n  logs: true",
    )
    design = read(
        text.replace(
            "size: 50", "size: 50\n  random_numbers: independent\n  base_rates: each_point\n  replications: 5"
        )
    )
    assert (design.name, design.method, design.count, design.levels) == ("N", "latin_hypercube", 12, None)
    assert (design.seed, design.replications, design.size) == (2**63 - 1, 5, 50)
    assert (design.common, design.each_point, design.logs, design.kpis) == (False, True, True, ("profit",))
    scenario = scenario_of(design)
    assert (scenario.population.size, scenario.horizon) == (50, 14.0)
    assert [path.name for path in design.sources] == ["sweep.yaml", "coffee_shop.yaml"]
    servers, chance = design.parameters
    assert (servers.path, servers.form, servers.values, servers.own) == (
        "staff.baristas.servers",
        "list",
        (1, 2, 3),
        2,
    )
    assert (chance.form, chance.ends, chance.own, chance.where) == (
        "range",
        (0.01, 0.08),
        0.04,
        "sweep.yaml:16:5",
    )


def test_defaults(read):
    design = read()
    assert (design.replications, design.seed, design.common, design.each_point) == (3, 1, True, False)
    assert (design.kpis, design.logs, design.horizon, design.second_order) == ((), False, None, False)
    assert replace(read(), method="morris").levels is None


def test_what_a_design_tells_of_itself_is_a_design(read):
    text = changed("12", "12\n  horizon: 2 weeks").replace("[1, 2, 3]", "{mean: 2, cv: 0.2}")
    told = read(text).told()
    again = design_of(json.loads(json.dumps(told)))
    assert again.told() == told
    assert [one.dist for one in again.parameters] == [one.dist for one in read(text).parameters]


def test_designs_travel_to_other_processes(read):
    design = read(
        changed(
            "staff.baristas.servers: [1, 2, 3]", "segments.neighbours.prospects: 100 per site .. 300 per site"
        )
    )
    again = pickle.loads(pickle.dumps(design))
    assert again.told() == design.told()
    assert again.parameters[0].write(200.0) == "200 per site"


@pytest.mark.parametrize(
    ("path", "written", "values", "texts"),
    [
        ("psychology.emotions.joy.half_life", ["8 h", "never"], (1 / 3, float("inf")), ["8 h", "never"]),
        ("touchpoints.order.sells.price", ["own_spend", 4.2], ("own_spend", "4.2"), ["own_spend", "4.2"]),
        ("population.site", ["all", 600], ("all", "600"), ["all", "600"]),
        ("psychology", ["on", "off"], ("on", "off"), ["on", "off"]),
        (
            "segments.neighbours.prospects",
            ["100 per site", "300 per site"],
            (100, 300),
            ["100 per site", "300 per site"],
        ),
        (
            "customers.reconsiders",
            ["1 per 14 d", "1 per 7 d"],
            (1 / 14, 1 / 7),
            ["0.5 per week", "1 per week"],
        ),
    ],
)
def test_lists_of_numbers_and_words(in_folder, path, written, values, texts):
    data = {"scenario": "coffee_shop.yaml", "method": "full_factorial", "parameters": {path: written}}
    (one,) = design_of(data).parameters
    assert one.values == pytest.approx(values) if one.quantity else one.values == values
    assert [str(one.write(value)) for value in one.values] == texts


def test_numbers_of_numpy_are_numbers(in_folder):
    import numpy as np

    data = {"scenario": Path("coffee_shop.yaml"), "method": "sobol", "points": np.int64(4)}
    design = design_of({**data, "parameters": {"touchpoints.order.cost": np.linspace(0, 1, 3)}})
    assert design.parameters[0].values == (0.0, 0.5, 1.0)


@pytest.mark.parametrize(
    ("path", "own"),
    [
        ("touchpoints.order.quality", 0.2),  # of a spread its mean
        ("touchpoints.order.quality.mean", 0.2),
        ("touchpoints.coffee.quality.sd", 0.25),
        ("segments.commuters.needs.mean", 4 / 7),
        ("segments.lingerers.spends.mean", 7.5),
        ("psychology.effect_on.leaving", 1.0),
        ("touchpoints.order.cost", 0.0),  # a default
        ("psychology.emotions.joy.half_life", None),
    ],
)
def test_own_values_are_those_of_the_scenario(in_folder, path, own):
    from sim.scenario.checks import quantity_at

    scenario, keys = load("coffee_shop.yaml"), tuple(path.split("."))
    found = own_value(scenario, keys, quantity_at(keys, ""))
    if own is None:
        own = scenario.psychology.emotions["joy"].half_life
    assert found == pytest.approx(own)
    from sim.scenario.shapes import quantity_of, shape_at

    same = with_values(scenario, {path: quantity_of(shape_at(keys)).written(found)})
    if path != "touchpoints.order.quality":
        assert same.model_dump() == scenario.model_dump()


@pytest.mark.parametrize(
    ("method", "points"),
    [
        ({"method": "full_factorial", "levels": 4}, 12),
        ({"method": "one_at_a_time", "levels": 4}, 8),
        ({"method": "morris", "trajectories": 5}, 15),
        ({"method": "saltelli", "samples": 8}, 32),
        ({"method": "saltelli", "samples": 8, "second_order": True}, 48),
        ({"method": "sobol", "points": 8}, 8),
    ],
)
def test_points_are_counted_before_they_are_drawn(in_folder, method, points):
    parameters = {"staff.baristas.servers": [1, 2, 3], "touchpoints.order.cost": "0 .. 1"}
    design = design_of({"scenario": "coffee_shop.yaml", **method, "parameters": parameters})
    assert most_points(design) == points


def test_a_billion_points_are_refused_at_once(in_folder):
    parameters = {f"psychology.effect_on.{name}": "0 .. 1" for name in ("leaving", "buying")}
    parameters |= {
        f"touchpoints.{name}.cost": "0 .. 1" for name in ("order", "map_app", "coffee", "apology", "review")
    }
    parameters |= {"touchpoints.map_app.quality": "0 .. 1", "touchpoints.coffee.quality": "0 .. 1"}
    data = {
        "scenario": "coffee_shop.yaml",
        "method": "full_factorial",
        "levels": 10,
        "parameters": parameters,
    }
    with pytest.raises(ScenarioError, match=r"1,000,000,000 points .* 3,000,000,000 runs; at most 1,000,000"):
        design_of(data)


# ---------------------------------------------------------------- at the command line
def test_check_counts_points_and_runs(in_folder, write):
    write(DESIGN, "sweep.yaml")
    done = CliRunner().invoke(main, ["check", "sweep.yaml", "coffee_shop.yaml"])
    assert (
        done.output.splitlines()[0] == "sweep.yaml: fine (a design: 12 points, 36 runs of coffee_shop.yaml)"
    )
    assert done.output.splitlines()[1].startswith("coffee_shop.yaml: fine (3 segments")
    write(changed("points: 12", "points: no"), "sweep.yaml")
    done = CliRunner().invoke(main, ["check", "sweep.yaml", "coffee_shop.yaml"])
    assert done.exit_code == 2
    assert "sweep.yaml:4:11: design.points: expected a whole number" in done.output
    assert "coffee_shop.yaml: fine" in done.output


@pytest.mark.parametrize(
    "command", [["run", "sweep.yaml"], ["compare", "coffee_shop.yaml", "sweep.yaml"], ["show", "sweep.yaml"]]
)
def test_designs_are_no_scenarios(in_folder, write, command):
    write(DESIGN, "sweep.yaml")
    done = CliRunner().invoke(main, command)
    message = "this is a design of a sweep, not a scenario; run it with: touchpoint sweep sweep.yaml"
    assert (done.exit_code, done.output) == (2, f"sweep.yaml:1:1: design: {message}\n")


def test_check_refuses_settings_of_designs(in_folder, write):
    write(DESIGN, "sweep.yaml")
    done = CliRunner().invoke(main, ["check", "sweep.yaml", "--set", "horizon=3 d"])
    assert done.exit_code == 2
    assert "a design has no --set" in done.output


def test_the_schema_knows_every_key():
    done = CliRunner().invoke(main, ["schema", "--design"])
    keys = json.loads(done.output)["definitions"]["Sheet"]["properties"]
    assert set(keys) == set(Sheet.model_fields) >= set(USED_BY)
    assert keys["seed"]["type"] == "integer"
    assert all(keys[key]["description"] for key in keys)
