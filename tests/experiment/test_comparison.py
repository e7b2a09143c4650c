"""A comparison: its numbers are those of `run`, its folder repeats it, its questions have answers."""

import json
import math
import os
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import sim
from sim.analysis.kpis import KPIS
from sim.cli import main
from sim.errors import UsageError

TABLES = (
    "curves",
    "differences",
    "levels",
    "pairing",
    "pairs",
    "ranking",
    "replications",
    "segments",
    "stages",
)


@pytest.fixture
def done(kiosk, cheaper):
    return sim.compare(kiosk, cheaper, replications=4, seed=3)


# ---------------------------------------------------------------- numbers
def test_every_world_is_what_run_says_of_it(kiosk, cheaper, done):
    for label, path in zip(("Kiosk", "Cheaper papers"), (kiosk, cheaper), strict=True):
        alone = sim.run(path, replications=4, seed=3, log=False)
        here = done.values.loc[label]
        pd.testing.assert_frame_equal(here[alone.replications.columns], alone.replications)
        told = done.levels.xs(label, level="world")
        assert told["mean"].to_dict() == pytest.approx(alone.kpis["mean"].to_dict())


def test_the_curves_are_those_of_run_and_end_at_retention(kiosk, done):
    alone = sim.run(kiosk, replications=4, seed=3, log=False)
    curve = done.curves[done.curves["world"] == "Kiosk"]
    assert curve["alive"].to_numpy() == pytest.approx(alone.retention["alive"].to_numpy())
    ends = done.curves.groupby("world", sort=False).last()
    assert ends["alive"].tolist() == pytest.approx(done.levels.loc["retention"]["mean"].tolist())
    row = done.differences.loc[("retention", "Cheaper papers")]
    assert ends.loc["Cheaper papers", "difference"] == pytest.approx(row["difference"])


def test_differences_are_means_of_paired_differences(done):
    values = done.values["revenue"]
    paired = values.loc["Cheaper papers"] - values.loc["Kiosk"]
    row = done.differences.loc[("revenue", "Cheaper papers")]
    assert row["difference"] == pytest.approx(paired.mean())
    assert row["se"] == pytest.approx(paired.sem())


def test_a_strategy_that_changes_nothing_is_identical(kiosk, tmp_path):
    same = kiosk.with_name("same.yaml")
    same.write_text("extends: baseline.yaml\nname: Same\n", encoding="utf-8")
    done = sim.compare(kiosk, same, replications=3)
    assert set(done.differences["verdict"]) == {"identical"}
    assert [standing.chance_best for standing in done.ranking] == pytest.approx([0.5, 0.5])


def test_workers_and_engines_change_no_digit(kiosk, cheaper, done):
    for engine, workers in (("compiled", 2), ("reference", 2)):
        other = sim.compare(kiosk, cheaper, replications=4, seed=3, workers=workers, engine=engine)
        assert other.result() | {"engine": ""} == done.result() | {"engine": ""}


def test_flips_are_of_the_customers_of_day_0(kiosk, cheaper, done):
    flips = done.flips(1)
    pairs = [sim.run(path, replications=4, seed=3, log=False).customers for path in (kiosk, cheaper)]
    alive = [frame["at_end"].eq("active").to_numpy() for frame in pairs]
    assert flips.n == 4 * 40 == alive[0].size
    assert flips.first == np.count_nonzero(alive[0] & ~alive[1])
    assert flips.second == np.count_nonzero(alive[1] & ~alive[0])


def test_who_enters_on_given_days_is_paired_too(kiosk, cheaper):
    text = kiosk.read_text("utf-8").replace(
        "population: {size: 40}", "population: {size: 0}\nenters: {on_days: {file: days.csv, column: day}}"
    )
    kiosk.with_name("days.csv").write_text("day\n0\n1\n2\n3\n4\n5\n", encoding="utf-8")
    kiosk.write_text(text, encoding="utf-8")
    done = sim.compare(kiosk, cheaper, replications=3)
    assert done.cohort == 6 and done.flips(1).n == 18


# ---------------------------------------------------------------- the metric
def test_where_less_is_better_the_least_is_best(kiosk, cheaper, tmp_path):
    dear = kiosk.with_name("dear.yaml")
    dear.write_text("extends: baseline.yaml\nname: Dear\ntouchpoints: {buy: {cost: 1}}\n", encoding="utf-8")
    done = sim.compare(kiosk, dear, metric="cost", replications=3)
    assert [standing.label for standing in done.ranking] == ["Kiosk", "Dear"]
    assert done.ranking[1].gain < 0 and done.ranking[0].chance_best > 0.9
    assert done.differences.loc[("cost", "Dear"), "verdict"] == "worse"
    assert done.flips(1) is None


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ("retentoin", "metric: there is no KPI 'retentoin'; did you mean 'retention'"),
        ("xyz", "metric: there is no KPI 'xyz'; docs/kpis.md lists them"),
        ("wait_mean", "metric: wait_mean has no value in some of these scenarios; there are customers"),
    ],
)
def test_a_metric_that_is_none(kiosk, cheaper, metric, message):
    with pytest.raises(UsageError, match=message):
        sim.compare(kiosk, cheaper, metric=metric, replications=2)


@pytest.mark.parametrize("metric", ["retention", "retention_active", "profit", "orders", "satisfaction"])
def test_any_kpi_of_run_is_a_metric(kiosk, cheaper, metric):
    assert metric in KPIS
    done = sim.compare(kiosk, cheaper, metric=metric, replications=2)
    assert done.result()["metric"] == metric


# ---------------------------------------------------------------- how precisely
def test_replications_are_added_until_it_is_precise(kiosk, cheaper):
    done = sim.compare(kiosk, cheaper, metric="satisfaction", precision=0.004)
    (found,), told = done.found["satisfaction"], done.result()["precision"]
    assert told["reached"] and done.replications > 10
    assert told["half_width"] == 0.004 and found.half <= 0.004 * (1 + 1e-9)
    (fixed,) = sim.compare(kiosk, cheaper, replications=done.replications).found["satisfaction"]
    assert fixed.half < found.half <= 1.1001 * fixed.half


def test_the_ceiling_holds(kiosk, cheaper):
    done = sim.compare(kiosk, cheaper, precision="0.001pp", most=12)
    assert done.replications == 12 and done.result()["precision"]["reached"] is False


def test_a_relative_precision(kiosk, cheaper):
    done = sim.compare(kiosk, cheaper, metric="orders", precision="50 %")
    assert done.replications == 10
    assert done.result()["precision"]["half_width"] == pytest.approx(
        0.5 * done.values.loc["Kiosk", "orders"].mean()
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"precision": "2 %"}, "2 % of a share can mean two things; in points it is 2pp"),
        ({"precision": "1pp", "metric": "profit"}, "profit is no share, so it has no points; expected 10"),
        ({"precision": "narrow"}, "expected a number above 0 such as 0.2pp, got 'narrow'"),
        ({"precision": "0"}, "expected a number above 0"),
        ({"precision": "1pp", "replications": 5}, "precision and replications exclude each other"),
        ({"replications": 1}, "replications: a whole number from 2 on"),
        ({"precision": "1pp", "most": 5}, "most: a whole number from 10 on"),
        ({"budget": float("nan")}, "budget: expected an amount of money from 0 on, got nan"),
        ({"budget": -1}, "budget: expected an amount of money from 0 on, got -1"),
    ],
)
def test_numbers_that_make_no_sense(kiosk, cheaper, options, message):
    with pytest.raises(UsageError, match=message):
        sim.compare(kiosk, cheaper, **options)


def test_that_nobody_flipped_is_no_proof_that_nobody_ever_does(kiosk, cheaper):
    """3 in as many customers as there were: the rule of three, instead of an interval without width."""
    cheaper.write_text(cheaper.read_text("utf-8").replace("0.4", "0.20001"), encoding="utf-8")
    done = sim.compare(kiosk, cheaper, replications=2)
    (found,), flips = done.found["retention"], done.flips(1)
    assert flips.first == flips.second == 0
    assert found.high_single == -found.low_single == pytest.approx(math.log(20) / 80)
    assert done.differences.loc[("retention", "Cheaper papers"), "verdict"] == "not distinguishable"


# ---------------------------------------------------------------- money
def test_what_is_over_the_budget_comes_last(kiosk, cheaper):
    cheaper.write_text(cheaper.read_text("utf-8") + "  mail: {cost: 1}\n", encoding="utf-8")
    text = "extends: cheaper.yaml\nname: Lavish\ntouchpoints: {buy: {quality: 0.9, cost: 0.5}}\n"
    lavish = cheaper.with_name("lavish.yaml")
    lavish.write_text(text, encoding="utf-8")
    done = sim.compare(kiosk, cheaper, lavish, metric="orders", replications=3, budget=10)
    assert [s.label for s in done.ranking][-1] == "Lavish"
    assert [s.in_budget for s in done.ranking] == [True, True, False]
    lavish_row = done.ranks.reset_index().set_index("world").loc["Lavish"]
    assert lavish_row["cost"] == pytest.approx(done.differences.loc[("cost", "Lavish"), "difference"])
    spent = lavish_row["profit"] / lavish_row["cost"]
    assert lavish_row["return_on_spend"] == pytest.approx(spent)


# ---------------------------------------------------------------- keeping
def test_the_folder_holds_what_repeats_it(kiosk, cheaper, tmp_path, monkeypatch):
    first = sim.compare(
        kiosk,
        cheaper,
        replications=3,
        seed=7,
        size=30,
        set=["touchpoints.buy.cost=0.1"],
        out=tmp_path / "one",
    )
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == [
        "comparison.json", "inputs", "manifest.json", "tables",
    ]  # fmt: skip
    names = {path.name for path in (tmp_path / "one" / "tables").iterdir()}
    assert names == {f"{name}.{kind}" for name in TABLES for kind in ("csv", "parquet")}
    manifest = json.loads((tmp_path / "one" / "manifest.json").read_text("utf-8"))
    words = shlex.split(manifest["command"])
    assert words[:4] == [
        "touchpoint",
        "compare",
        "inputs/kiosk/baseline.yaml",
        "inputs/kiosk/strategies/cheaper.yaml",
    ]
    monkeypatch.chdir(tmp_path / "one")
    again = CliRunner().invoke(main, [*words[1:], "--no-pictures", "--workers", "1", "--out", "../two"])
    assert again.exit_code == 0, again.output
    for name in TABLES:
        one, two = ((tmp_path / run / "tables" / f"{name}.parquet").read_bytes() for run in ("one", "two"))
        assert one == two, name
    assert first.folder == tmp_path / "one"


def test_a_comparison_can_be_saved_later(done, tmp_path):
    place = done.save(tmp_path / "later")
    told = json.loads((place / "comparison.json").read_text("utf-8"))
    assert told == {k: v for k, v in done.result().items() if k not in ("engine", "folder", "scenarios")} | {
        "scenarios": told["scenarios"]
    }
    with pytest.raises(UsageError, match="is not empty"):
        done.save(place)


def test_scenarios_made_in_python_have_no_command(kiosk, cheaper, tmp_path, monkeypatch):
    monkeypatch.chdir(kiosk.parent)
    base = sim.parse(dict(sim.load(kiosk).resolved))
    strategy = sim.parse({"extends": "baseline.yaml", "name": "Made"}, folder=kiosk.parent)
    sim.compare(base, strategy, replications=2, out=tmp_path / "made")
    manifest = json.loads((tmp_path / "made" / "manifest.json").read_text("utf-8"))
    assert manifest["command"] is None and list(manifest["resolved"]) == ["Kiosk", "Made"]


# ---------------------------------------------------------------- on the way
@pytest.mark.parametrize("options", [{"replications": 3}, {"precision": 4, "metric": "orders"}])
def test_progress_never_goes_back_and_ends_at_all(kiosk, cheaper, options):
    shares = []
    sim.compare(kiosk, cheaper, progress=shares.append, workers=2, **options)
    assert shares == sorted(shares) and shares[-1] == 1.0


def test_memory_does_not_grow_with_replications(done):
    """Of a replication nothing stays that grows with the number of customers."""
    assert all(not seen.facts for world in done.worlds.seen for seen in world)


# ---------------------------------------------------------------- the command
def command(*words) -> object:
    return CliRunner().invoke(main, ["compare", *map(str, words)])


def test_the_command_prints_the_answer_and_keeps_everything(kiosk, cheaper, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = command(kiosk.parent, "--replications", 3)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("Kiosk and 1 strategy: 3 replications of 40 customers for 30 days")
    (folder,) = (tmp_path / "results").iterdir()
    assert folder.name.startswith("compare-kiosk-2")
    assert f"pictures: results/{folder.name}/pictures" in done.stderr
    kinds = {path.name for path in (folder / "pictures").iterdir()}
    assert kinds == {
        f"{name}.{kind}" for name in ("retention", "difference", "frontier") for kind in ("png", "svg", "csv")
    }


def test_json_is_one_object(kiosk, cheaper, tmp_path):
    done = command(
        kiosk, cheaper, "--replications", 2, "--json", "--quiet", "--no-pictures", "--out", tmp_path / "o"
    )
    told = json.loads(done.stdout)
    assert done.stderr == "" and told["strategies"] == ["Cheaper papers"]
    row = next(row for row in told["differences"] if row["kpi"] == "retention")
    assert {"low", "high", "low_single", "high_single", "se", "se_independent", "n_independent"} <= set(row)
    assert {"lost", "won", "gain_best", "share_of_best"} <= set(told["pairing"][0])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["{kiosk}"], "one scenario alone has nothing to be compared with"),
        (["{kiosk}", "{kiosk}"], "is there twice"),
        (["{kiosk}", "{cheaper}", "--metric", "retentio"], "did you mean 'retention'?"),
        (["{kiosk}", "streaming"], "worlds are compared over the same time"),
        (["{kiosk}", "streaming", "--horizon", "30"], "the same people must live in both"),
    ],
)
def test_what_is_wrong_is_one_line(kiosk, cheaper, words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = command(*(word.format(kiosk=kiosk, cheaper=cheaper) for word in words))
    lines = [line for line in done.stderr.splitlines() if "ompil" not in line]
    assert (done.exit_code, done.stdout, len(lines)) == (2, "", 1)
    assert message in lines[0]
    assert not Path("results").exists() or os.listdir("results") == []
