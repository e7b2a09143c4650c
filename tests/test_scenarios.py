"""The scenarios that ship: all of them run, and show what their READMEs say that they show.

The seven mistakes are declared in ``scenarios/mistakes/README.md``: file, KPI, horizon, direction. The slow tests
read them there.
"""

import re
from functools import cache

import numpy as np
import pytest
from scipy import stats

import sim
from sim.finding import holds_design

SHIPPED = sim.scenarios_folder()
FILES = sorted(str(path.relative_to(SHIPPED)) for path in SHIPPED.rglob("*.yaml") if not holds_design(path))
FOLDERS = sorted({name.split("/")[0] for name in FILES})
SEED = 7  # not the one of the READMEs' numbers
REPLICATIONS = 8
TRAITS = ["segment", "site", "need_gap", "leave", "spend", "reactivity", "loss_aversion", "scarcity", "social_proof",
          "reciprocity", "price_sensitivity", "willing", "privacy_concern", "values", "switching_cost"]  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_every_scenario_runs(name):
    """In small and for a short time; ``tests/engine/test_engines_agree.py`` holds the engines to each other on them."""
    scenario = sim.load(SHIPPED / name, ["horizon=20 d"])
    run = sim.run(scenario, replications=1, log=False, size=None if scenario.enters else 60)
    assert run.kpis.loc["touches", "mean"] > 0


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_file_is_in_the_readme_of_its_folder(folder):
    told = set(re.findall(r"^\| `([\w.]+)` \|", readme(folder), re.MULTILINE))
    there = {path.name for path in (SHIPPED / folder).glob("*.yaml")}
    assert there - {"baseline.yaml"} <= told or len(there) == 1
    assert {name for name in told if name.endswith(".yaml")} <= there


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_folder_is_in_the_readme_of_the_house(folder):
    assert f"(scenarios/{folder}/README.md)" in (SHIPPED.parent / "README.md").read_text("utf-8")


@pytest.mark.parametrize(
    "folder", ["boutique_hotel", "fashion_drops", "grocery_button", "mistakes", "telecom"]
)
def test_every_strategy_meets_the_people_of_its_baseline(folder):
    def people(name):
        found = sim.run(SHIPPED / folder / name, size=60, horizon="20 d", replications=1).customers
        return found[found["entered"] == 0.0].set_index("customer")[TRAITS]

    today, *others = [people(name.split("/")[1]) for name in FILES if name.startswith(folder)]
    assert len(today) == 60
    assert all(other.equals(today) for other in others)


def readme(folder):
    return (SHIPPED / folder / "README.md").read_text("utf-8")


# ---------------------------------------------------------------- the seven mistakes
def declared():
    """What ``scenarios/mistakes/README.md`` declares: (file, KPI, horizon, less or more)."""
    row = r"^\| `([\w.]+)` \| [^|]+ \| `(\w+)` \| ([^|]+) \| (less|more) \|"
    return re.findall(row, readme("mistakes"), re.MULTILINE)


def test_all_seven_mistakes_are_declared():
    there = {path.name for path in (SHIPPED / "mistakes").glob("*.yaml")} - {"baseline.yaml"}
    assert len(declared()) == 7
    assert {file for file, *_ in declared()} == there


@pytest.mark.slow
@pytest.mark.parametrize(("file", "kpi", "horizon", "by"), declared(), ids=lambda text: text)
def test_a_mistake_hurts_where_it_was_declared_to(file, kpi, horizon, by):
    found = difference("mistakes", file.removesuffix(".yaml"), kpi, f"horizon={horizon}")
    assert excludes_zero(found, by)


# ---------------------------------------------------------------- what the others are there to show
STORIES = [
    ("boutique_hotel", "handwritten_note", "retention", "more"),
    ("boutique_hotel", "handwritten_note", "affective_commitment", "more"),
    ("boutique_hotel", "handwritten_note", "profit", "more"),
    ("boutique_hotel", "empowered_staff", "retention", "more"),
    ("boutique_hotel", "chatbot", "orders", "less"),
    ("boutique_hotel", "chatbot", "trust", "less"),
    ("boutique_hotel", "chatbot", "cost", "less"),
    ("telecom", "show_alternatives", "churn_per_year_before", "more"),
    ("telecom", "show_alternatives", "trust", "more"),
    ("telecom", "better_service", "retention", "more"),
    ("telecom", "better_service", "profit", "less"),
    ("fashion_drops", "fake_scarcity", "orders_first_month", "more"),
    ("fashion_drops", "fake_scarcity", "trust", "less"),
    ("fashion_drops", "influencer", "entered", "more"),
    ("grocery_button", "one_button", "retention", "more"),
    ("grocery_button", "one_button", "profit", "more"),
    ("grocery_button", "vouchers", "orders_first_month", "more"),
    ("grocery_button", "vouchers", "profit", "less"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("folder", "strategy", "kpi", "by"), STORIES)
def test_a_strategy_does_what_its_readme_says(folder, strategy, kpi, by):
    assert excludes_zero(difference(folder, strategy, kpi), by)


@pytest.mark.slow
def test_deregulation_lets_go_those_who_were_held_and_less_so_who_knew_of_the_others():
    def jump(strategy):
        found = replications("telecom", strategy)
        return found["churn_per_year_after"] - found["churn_per_year_before"]

    assert excludes_zero(jump("baseline"), "more")
    assert excludes_zero(jump("baseline") - jump("show_alternatives"), "more")


@pytest.mark.slow
def test_fake_scarcity_that_is_soon_found_out_sells_at_first_and_not_for_long():
    """At the upper end of the declared range of ``found_out``."""
    seen = "psychology.found_out=50 %"
    assert excludes_zero(difference("fashion_drops", "fake_scarcity", "orders_first_month", seen), "more")
    assert excludes_zero(difference("fashion_drops", "fake_scarcity", "orders_last_quarter", seen), "less")


@pytest.mark.slow
def test_an_influencer_who_does_not_fit_keeps_people_away():
    misfit = [f"touchpoints.{name}.triggers.she_wears_it.fit=0.2" for name in ("feed", "story_post")]
    found = replications("fashion_drops", "influencer", *misfit)["entered"]
    assert excludes_zero(found - replications("fashion_drops", "baseline")["entered"], "less")


@pytest.mark.slow
def test_ease_grows_and_a_lower_price_wears_off():
    def lift(strategy, window):
        return replications("grocery_button", strategy)[f"orders_{window}"] / today[f"orders_{window}"] - 1.0

    today = replications("grocery_button", "baseline")
    for strategy, by in (("one_button", "more"), ("vouchers", "less")):
        assert excludes_zero(lift(strategy, "last_month") - lift(strategy, "first_month"), by)


@cache
def replications(folder, strategy, *sets):
    """KPIs of every replication: the same people with the same luck in every strategy of the folder."""
    scenario = sim.load(SHIPPED / folder / f"{strategy}.yaml", list(sets))
    return sim.run(scenario, seed=SEED, replications=REPLICATIONS, log=False).replications


def difference(folder, strategy, kpi, *sets):
    return replications(folder, strategy, *sets)[kpi] - replications(folder, "baseline", *sets)[kpi]


def excludes_zero(differences, by):
    """Whether the paired 95 % interval lies on the declared side of zero."""
    half = stats.t.ppf(0.975, len(differences) - 1) * differences.std() / np.sqrt(len(differences))
    return differences.mean() < -half if by == "less" else differences.mean() > half
