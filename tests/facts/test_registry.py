"""The registry of facts, its rules, the command and the page."""

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import sim.facts
from sim.cli import main
from sim.errors import UsageError
from sim.facts import page, pictures
from sim.facts.fact import TAGS, Check, Fact, Found, NeedsData, Result, beyond, jackknife, log_linear
from sim.facts.lab import FROZEN, SCENARIOS, Lab, covered, liberties
from sim.facts.registry import FACTS, chosen, judge
from sim.scenario import load, parse

PAGE = Path(__file__).parents[2] / "docs" / "facts.md"


def fact(measure=None, **more):
    known = {
        "id": 99,
        "name": "a fact",
        "published": "So it is.",
        "source": "Somebody 1999",
        "tag": "S",
        "value": "ratio",
    }
    return Fact(**(known | {"low": 1.0, "high": 2.0, "measure": measure} | more))


# ---------------------------------------------------------------- the registry
def test_there_are_26_facts_in_order():
    assert [fact.id for fact in FACTS] == list(range(1, 27))
    assert len({fact.name for fact in FACTS}) == 26


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: f"{fact.id}")
def test_a_fact_says_what_it_is(fact):
    assert fact.tag in TAGS
    assert math.isfinite(fact.low) and math.isfinite(fact.high) and fact.low <= fact.high
    assert re.search(r"\d{4}|CDNOW", fact.source)
    assert fact.published.endswith(".") and not fact.value.endswith(".")
    assert not fact.staged.endswith(".")
    if fact.measure is not None and not fact.holds:
        assert fact.miss.endswith("."), "a fact that does not hold needs a reason"


def test_facts_are_chosen_by_number_or_name():
    assert [fact.id for fact in chosen("3,26")] == [3, 26]
    assert [fact.id for fact in chosen("habit")] == [17]
    assert chosen(None) == FACTS
    with pytest.raises(UsageError, match="nonsense"):
        chosen("3,nonsense")
    with pytest.raises(UsageError, match="27"):
        chosen("27")


# ---------------------------------------------------------------- one psychology for all
SHIPPED = sorted(SCENARIOS.glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_scenario_of_the_facts_sets_no_psychology_that_is_not_declared(path):
    allowed = {name for fact in FACTS for name in fact.switches}
    assert [p for p in liberties(load(path)) if not covered(p, sorted(allowed))] == []


def test_only_what_a_fact_is_about_may_be_switched():
    assert {fact.id: fact.switches for fact in FACTS if fact.switches} == {
        3: ("customers.loss_aversion",),
        24: ("psychology.on",),
        26: ("psychology.on",),
    }


def small(**more):
    return parse({"name": "small", "horizon": "1 d", "customers": {"needs": "1 per d"}} | more)


@pytest.mark.parametrize(
    ("more", "taken"),
    [
        ({}, []),
        ({"psychology": "off"}, ["psychology.on"]),
        (
            {"psychology": {"effect_on": {"leaving": 2}, "habit": 0.1}},
            ["psychology.effect_on.leaving", "psychology.habit"],
        ),
        ({"customers": {"loss_aversion": 1}}, ["customers.loss_aversion"]),
        ({"customers": {"loss_aversion": {"mean": 1.955, "cv": 0.5}}}, []),  # people may differ around it
        (
            {"segments": {"all": {"share": "rest", "susceptible": {"scarcity": 0.9}}}},
            ["customers.susceptible.scarcity"],
        ),
    ],
)
def test_liberties_are_noticed(more, taken):
    assert liberties(small(**more)) == taken


def test_every_frozen_trait_is_one():
    for path in FROZEN:
        head, _, tail = path.partition(".")
        more = {head: {tail: 7.5} if tail else 7.5}
        assert liberties(small(customers={"needs": "1 per d"} | more)) == [f"customers.{path}"]


def test_the_lab_refuses_a_psychology_of_its_own():
    with pytest.raises(ValueError, match=r"one psychology serves all facts.*customers.loss_aversion"):
        Lab().load("bad_and_good", {"customers.loss_aversion": 1})
    allowed = Lab(switches=("customers.loss_aversion",))
    assert allowed.load("bad_and_good", {"customers.loss_aversion": 1}).horizon == 365


def test_luck_depends_on_the_fact_alone():
    lab = Lab(seed=5)
    assert lab.for_fact(3, ()).seed == lab.for_fact(3, ()).seed != lab.for_fact(4, ()).seed


# ---------------------------------------------------------------- estimates
def test_the_jackknife_of_a_mean_is_its_standard_error():
    x = np.random.default_rng(1).normal(size=(40, 1))
    value, error = jackknife(x, lambda s: s[0])
    assert value == pytest.approx(x.mean())
    assert error == pytest.approx(x.std(ddof=1) / math.sqrt(40))


def test_what_arms_share_drops_out_of_their_ratio():
    x = np.random.default_rng(1).gamma(2.0, size=40)
    value, error = jackknife(np.column_stack([x, 2.0 * x]), lambda s: s[1] / s[0])
    assert value == pytest.approx(2.0)
    assert error < 1e-12


def test_beyond_needs_two_standard_errors():
    assert beyond(1.0, 0.4, 0.0) and not beyond(1.0, 0.6, 0.0)
    assert beyond(-1.0, 0.4, 0.0, -1) and not beyond(1.0, 0.4, 0.0, -1)


def test_what_moves_a_rate_is_found():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(40_000, 2))
    life = rng.exponential(1.0 / (0.5 * np.exp(-0.3 * x[:, 0] + 0.1 * x[:, 1])))
    (first, second), errors = log_linear(x, np.minimum(life, 1.0), life < 1.0)
    assert first == pytest.approx(-0.3, abs=4.0 * errors[0])
    assert second == pytest.approx(0.1, abs=4.0 * errors[1])
    assert errors.max() < 0.01


# ---------------------------------------------------------------- verdicts
@pytest.mark.parametrize(
    ("value", "checks", "holds"),
    [
        (1.0, (), True),
        (2.0, (), True),
        (2.1, (), False),
        (1.5, (Check("x", True),), True),
        (1.5, (Check("x", False),), False),
    ],
)
def test_a_fact_holds_in_its_band_with_all_its_conditions(value, checks, holds):
    assert Result(fact(), Found(value, 0.0, checks)).holds is holds


def test_what_was_not_measured_does_not_hold_and_says_why():
    def needy(lab):
        raise NeedsData("needs data: --somewhere PATH")

    for measure, note in ((None, "not built yet"), (needy, "needs data: --somewhere PATH")):
        result = judge(fact(measure), Lab())
        assert (result.holds, result.note) == (False, note)
        assert page.as_data([result])["facts"][0]["value"] == 0.0


def test_what_is_remembered_decides_nothing():
    results = [Result(fact(tag=tag), Found(1.5)) for tag in ("S", "R")]
    assert page.summary(results, Lab()).startswith("1 of 1 facts hold")
    assert "1 more rest on numbers that are merely remembered" in page.summary(results, Lab())


# ---------------------------------------------------------------- the command
def facts(*arguments):
    return CliRunner().invoke(main, ["facts", *arguments])


def test_the_command_prints_a_table():
    done = facts("--quick", "--only", "18")
    assert done.exit_code == 0, done.output
    assert re.search(r"18  emotions last for hours +0\.9 to 1\.1 +1 +yes +S2 +Verduyn", done.stdout)


def test_the_command_prints_json(tmp_path):
    done = facts("--quick", "--only", "18,25,26", "--json", "--plot", str(tmp_path / "new"))
    data = json.loads(done.stdout)
    assert list(data) == ["facts"] and len(data["facts"]) == 3
    keys = ["id", "name", "holds", "value", "low", "high", "source", "tag"]
    for row in data["facts"]:
        assert list(row)[:8] == keys
        assert isinstance(row["holds"], bool) and all(
            math.isfinite(row[k]) for k in ("value", "low", "high", "se")
        )
    assert data["facts"][1]["note"] == "needs data: --hillstrom PATH"
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        "18_emotions_last_for_hours.png",
        "26_few_make_most_orders.png",
        "overview.png",
    ]


def test_both_engines_find_the_same():
    first, second = (
        facts("--quick", "--only", "18", "--json", "--engine", e).stdout for e in ("compiled", "reference")
    )
    assert json.loads(first) == json.loads(second)


@pytest.mark.parametrize(
    "arguments",
    [("--only", "nonsense"), ("--engine", "steam"), ("--only", "25", "--hillstrom", "nowhere.csv")],
)
def test_what_does_not_exist_is_said(arguments):
    done = facts("--quick", *arguments)
    assert done.exit_code == 2
    assert arguments[-1] in done.stderr and "Traceback" not in done.output


def test_another_file_is_no_challenge(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    done = facts("--quick", "--only", "25", "--hillstrom", str(path))
    assert done.exit_code == 2
    assert "is not the data of Hillstrom's challenge" in done.stderr


# ---------------------------------------------------------------- pictures and the page
def test_bands_are_drawn_to_one_width():
    assert pictures.normalised(fact(low=2.0, high=4.0), 4.0, 0.5) == (1.0, 0.5)
    assert pictures.normalised(fact(low=1.0, high=1.0), 1.0, 0.0) == (0.0, 0.0)


def test_the_page_has_every_fact_with_its_band():
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]
    told = [(row[0], row[1], row[2], row[3], row[6], row[7]) for row in rows]
    assert told == [(str(f.id), f.name, f.value, page.band(f), f.tag, f.source) for f in FACTS]


def test_the_page_stays_as_it_is_made():
    made = page.as_page([], Lab())
    assert PAGE.read_text(encoding="utf-8").startswith(made[: made.index("0 of 0")])
    for fact in FACTS:
        assert f"### {fact.id} {fact.name}\n\n{fact.published} ({fact.source})" in PAGE.read_text(
            encoding="utf-8"
        )


def test_the_scenarios_are_part_of_the_package():
    assert Path(sim.facts.__file__).parent / "scenarios" == SCENARIOS
    assert len(SHIPPED) >= 10
