"""Sensitivity of a sweep's folder: the method that fits the design, whole blocks only, every warning, every error."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from swept import ishigami, unit_cube, write_sweep

import sim
from sim.errors import UsageError
from sim.experiment.sensitivity import TABLES, sensitivity, whole_blocks

PATHS = ("touchpoints.buy.price", "psychology.habit_gain", "service.time")


def made(folder, method, count=32, k=3, function=None, second=False, kpi="retention", **options):
    """A sweep of a function of k parameters over the unit cube."""
    x = unit_cube(method, count, k, second=second)
    if second:
        options["second_order"] = True
    function = function or (lambda *columns: 0.5 + 0.2 * columns[0] + 0.1 * columns[1] * columns[-1])
    return write_sweep(folder, dict(zip(PATHS, x.T, strict=False)), {kpi: function}, method=method, **options)


def idle(*columns):
    return 0 * columns[0] + 0.25


def warned(done, kpi="retention"):
    return " ".join(done.cautions[kpi])


# ---------------------------------------------------------------- every method
@pytest.mark.parametrize(
    ("method", "kind", "measures"),
    [
        (
            "saltelli",
            "sobol",
            {"ST", "ST_low", "ST_high", "ST_no_noise", "S1", "S1_no_noise", "rho", "rho_high"},
        ),
        ("morris", "morris", {"mu_star", "mu_star_low", "mu", "sigma", "sigma_no_noise", "mu_star_of_noise"}),
        ("latin_hypercube", "given", {"pawn", "pawn_high", "pawn_by_chance", "S1", "S1_low", "rho"}),
        ("csv", "given", {"pawn"}),
    ],
)
def test_the_design_decides_the_method(tmp_path, method, kind, measures):
    done = sensitivity(made(tmp_path / "s", method, 64, noise=0.01))
    assert done.analyses["retention"].kind == kind
    assert measures <= set(done.indices.columns)
    assert done.indices["parameter"].iloc[0] == PATHS[0] and done.indices["rank"].tolist() == [1, 2, 3]
    noise = done.noise.iloc[0]
    assert noise["variance"] == pytest.approx(noise["variance_of_parameters"] + noise["variance_of_noise"])
    assert noise["points_used"] == len(done.analyses["retention"].used)


def test_the_function_of_ishigami_comes_out_in_the_right_order(tmp_path):
    done = sim.sensitivity(made(tmp_path / "s", "saltelli", 256, function=ishigami, second=True))
    frame = done.indices.set_index("parameter")
    assert frame.loc[PATHS[2], "ST"] > 0.1 > abs(frame.loc[PATHS[2], "S1"])
    pairs = done.pairs.set_index(["first", "second"])["S2"]
    assert pairs.idxmax() == (PATHS[0], PATHS[2])


def test_a_complete_grid_has_exact_shares_and_an_incomplete_one_measures_from_what_is_there(tmp_path):
    x = np.array(list(itertools.product([0, 0.5, 1.0], [0, 1.0, 2.0], [1.0, 2.0])))
    points = dict(zip(PATHS, x.T, strict=True))
    kpis = {"retention": lambda a, b, c: a + b * c}
    whole = sensitivity(write_sweep(tmp_path / "a", points, kpis, method="full_factorial"))
    assert whole.analyses["retention"].kind == "grid" and len(whole.pairs) == 3
    part = sensitivity(write_sweep(tmp_path / "b", points, kpis, method="full_factorial", failed=[2]))
    assert part.analyses["retention"].kind == "given" and "1 combination of the grid is missing" in warned(
        part
    )
    assert "all 18 would be enough" in warned(part)


def test_one_at_a_time_has_effects_and_a_swing_for_words(tmp_path):
    points = {
        "a": [0.5, 0.0, 1.0, 0.5, 0.5],
        "mood": np.array(["plain", "plain", "plain", "cold", "warm"], dtype=object),
    }
    level = {"cold": 3.0, "plain": 2.0, "warm": 1.0}
    kpis = {"retention": lambda a, mood: a + np.array([level[m] for m in mood])}
    done = sensitivity(write_sweep(tmp_path / "s", points, kpis, method="one_at_a_time"))
    assert done.indices["parameter"].tolist() == ["mood", "a"]
    mood = done.tornado.set_index("parameter").loc["mood"]
    assert (mood["low_from"], mood["high_from"], mood["effect"]) == ("warm", "cold", pytest.approx(2.0))
    assert done.effects.set_index(["parameter", "value"])["effect"].to_dict() == pytest.approx(
        {("a", 0.0): -0.5, ("a", 1.0): 0.5, ("mood", "cold"): 1.0, ("mood", "warm"): -1.0}
    )


def test_truth_values_have_an_order_and_words_have_none(tmp_path):
    u = unit_cube("latin_hypercube", 60, 3)
    points = {
        "a": u[:, 0],
        "on": u[:, 1] < 0.5,
        "mood": np.array(["cold", "warm"], dtype=object)[(u[:, 2] < 0.5).astype(int)],
    }
    kpis = {"retention": lambda a, on, mood: a - 2.0 * on + (mood == "warm")}
    done = sensitivity(write_sweep(tmp_path / "s", points, kpis))
    frame = done.indices.set_index("parameter")
    assert frame.loc["on", "rho"] < -0.5 and np.isnan(frame.loc["mood", "rho"])
    assert "mood is a list of words, which have no order" in warned(done)
    tornado = done.tornado.set_index("parameter")
    assert (tornado.loc["on", "low_from"], tornado.loc["on", "high_from"]) == ("false", "true")


# ---------------------------------------------------------------- what is there
def test_whole_blocks_only():
    whole = np.ones(20, bool)
    whole[[6, 18]] = False
    assert whole_blocks(whole, 5).tolist() == [0, 1, 2, 3, 4, 10, 11, 12, 13, 14]


def test_a_point_that_failed_takes_its_base_sample_with_it(tmp_path):
    done = sensitivity(made(tmp_path / "s", "saltelli", 16, failed=[7]))
    assert len(done.analyses["retention"].used) == 15 * 5
    assert "1 point of 80 failed" in warned(done)
    assert (
        "1 of 16 base samples (5 points each) is not complete and left out; 15 base samples are analysed"
        in warned(done)
    )
    assert done.noise["points_failed"].iloc[0] == 1


def test_what_is_left_is_analysed_as_if_the_rest_had_never_been(tmp_path):
    short = sensitivity(made(tmp_path / "a", "saltelli", 32, pending=list(range(81, 161))))
    assert "The sweep is not finished: 80 points of 160 still to come" in warned(short)
    whole = sensitivity(made(tmp_path / "b", "saltelli", 32))
    rows = whole.analyses["retention"].x[:80]
    assert (short.analyses["retention"].x == rows).all()


def test_parts_that_were_not_merged_yet_count(tmp_path):
    folder = made(tmp_path / "s", "latin_hypercube", 40)
    whole = sensitivity(folder)
    runs = pd.read_parquet(folder / "runs.parquet")
    (folder / "parts").mkdir()
    runs[runs["point"] > 20].to_parquet(folder / "parts" / "000001.parquet")
    runs.loc[runs["point"] > 20, "status"] = "pending"
    runs.loc[runs["point"] > 20, "retention"] = np.nan
    runs.to_parquet(folder / "runs.parquet")
    pd.testing.assert_frame_equal(sensitivity(folder).indices, whole.indices)


def test_points_without_a_value_are_left_out_and_told(tmp_path):
    done = sensitivity(
        made(tmp_path / "s", "latin_hypercube", 60, function=lambda a, b, c: np.where(a > 0.9, np.nan, a + b))
    )
    assert len(done.analyses["retention"].used) == 54
    assert "retention has no value in some replication of 6 points of 60" in warned(done)


# ---------------------------------------------------------------- warnings
def test_a_good_design_has_no_warning(tmp_path):
    assert sensitivity(made(tmp_path / "a", "morris", 20, function=lambda a, b, c: 3 * a + b)).warnings.empty
    smooth = made(tmp_path / "b", "saltelli", 512, function=lambda a, b, c: a + b)
    assert sensitivity(smooth).warnings.empty


@pytest.mark.parametrize(
    ("method", "count", "options", "words"),
    [
        ("saltelli", 16, {"function": ishigami}, r"is ±\d.\d\d with 16 base samples; about \d+ \([\d,]+ points\)"),
        ("saltelli", 16, {"function": ishigami, "second": True}, r"Second order .* ±.*about [\d,]+ base"),
        ("saltelli", 64, {"replications": 1}, r"With one replication .* replications: 3 would be enough"),
        ("saltelli", 64, {"noise": 0.1}, r"% of the variance between points is chance of 3 replications, so first"),
        ("saltelli", 64, {"noise": 0.1, "common": False}, r"total ones too high .* about \d+ replications of each"),
        ("saltelli", 64, {"function": idle, "noise": 0.1}, "no difference between points is beyond chance|about"),
        ("saltelli", 64, {"function": idle}, "retention is 0.25 at every point: nothing that was varied"),
        ("morris", 4, {"function": ishigami}, r"With 4 trajectories the widest .* about \d+ \(\d+ points\)"),
        ("morris", 20, {"noise": 0.3}, r"so mu\* and sigma come out too high"),
        ("latin_hypercube", 20, {}, r"20 points are few for 3 parameters: 40 would be enough"),
        ("latin_hypercube", 60, {"function": ishigami}, r"The widest .* ±0.\d\d with 60 points; about \d+ would"),
        ("latin_hypercube", 60, {"noise": 0.08}, "so all measures come out too low"),
    ],
)  # fmt: skip
def test_every_warning_names_the_number_that_would_be_enough(tmp_path, method, count, options, words):
    import re

    found = warned(sensitivity(made(tmp_path / "s", method, count, **options)))
    assert re.search(words, found), found


def test_indices_that_cannot_be_are_told(tmp_path):
    """Few base samples of a function far from nought in a corner: first order indices sum to more than 1."""
    found = ""
    for seed in range(1, 16):
        x = unit_cube("saltelli", 4, 3, seed=seed)
        points = dict(zip(PATHS, x.T, strict=True))
        folder = write_sweep(tmp_path / str(seed), points, {"retention": ishigami}, method="saltelli")
        found += warned(sensitivity(folder))
    for words in ("first order indices sum to", "one is −", "16 base samples or more would settle it"):
        assert words in found


def test_parameters_that_go_together_are_told(tmp_path):
    u = np.random.default_rng(1).random(80)
    points = {"a": u, "b": u + 0.1 * np.random.default_rng(2).random(80)}
    done = sensitivity(write_sweep(tmp_path / "s", points, {"retention": lambda a, b: a}, method="csv"))
    assert "a and b go together in this design (rank correlation 0.9" in warned(done)


def test_words_have_no_elementary_effects(tmp_path):
    x = unit_cube("morris", 12, 2)
    points = {
        "a": x[:, 0],
        "mood": np.array(list("pqrs"), dtype=object)[np.minimum(4 * x[:, 1], 3).astype(int)],
    }
    done = sensitivity(write_sweep(tmp_path / "s", points, {"retention": lambda a, mood: a}, method="morris"))
    assert "mood is a list of words: a step from one word to the next is no distance" in warned(done)


# ---------------------------------------------------------------- errors
def test_errors_say_what_to_do(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    few = made(tmp_path / "few", "saltelli", 4, pending=list(range(6, 21)))
    none = made(tmp_path / "none", "latin_hypercube", 30, pending=list(range(1, 31)))
    whole = made(tmp_path / "whole", "latin_hypercube", 30)
    cases = {
        "no such folder": (tmp_path / "nowhere", None),
        "is a file": (tmp_path / "file", None),
        "holds no sweep": (tmp_path / "empty", None),
        "did you mean retention?": (whole, "retenton"),
        "it has retention": (whole, "xyz"),
        "retention is there at 5 of 20 points; it takes two whole base samples of 5 points": (few, None),
        "retention is there at 0 of 30 points; it takes 10 points": (none, None),
    }
    for words, (folder, kpi) in cases.items():
        with pytest.raises(UsageError) as error:
            sensitivity(folder, kpi)
        assert words in str(error.value), error.value


def test_a_sweep_that_cannot_be_read_is_no_traceback(tmp_path):
    folder = made(tmp_path / "s", "latin_hypercube", 30)
    runs = pd.read_parquet(folder / "runs.parquet")
    runs[:-1].to_parquet(folder / "runs.parquet")
    with pytest.raises(UsageError, match=r"has 89 runs, and sweep\.json speaks of 30 points x 3"):
        sensitivity(folder)
    (folder / "runs.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(UsageError, match="cannot be read"):
        sensitivity(folder)


# ---------------------------------------------------------------- which KPI, where to
def test_retention_is_the_default_and_else_the_first_kpi(tmp_path):
    assert list(sensitivity(made(tmp_path / "a", "latin_hypercube", 30, kpi="profit")).analyses) == ["profit"]
    u = unit_cube("latin_hypercube", 30, 1)[:, 0]
    both = {"profit": lambda a: a, "retention": lambda a: -a}
    folder = write_sweep(tmp_path / "b", {"a": u}, both)
    assert list(sensitivity(folder).analyses) == ["retention"]
    assert list(sensitivity(folder, ["profit", "retention", "profit"]).analyses) == ["profit", "retention"]
    assert len(sensitivity(folder, ["profit", "retention"]).indices) == 2


def test_tables_are_written_beside_the_sweep_and_json_knows_no_nan(tmp_path):
    folder = made(tmp_path / "s", "saltelli", 16, noise=0.01, failed=[3])
    done = sensitivity(folder)
    assert [path.name for path in done.write()] == [f"{name}.csv" for name in TABLES]
    assert (folder / "sensitivity" / "indices.csv").is_file()
    first = (folder / "sensitivity" / "indices.csv").read_bytes()
    sensitivity(folder).write()
    assert (folder / "sensitivity" / "indices.csv").read_bytes() == first  # the same digits every time
    told = json.loads(json.dumps(done.result(), allow_nan=False))
    assert told["analyses"] == {"retention": "sobol"} and len(told["indices"]) == 3 and told["warnings"]


def test_empty_tables_have_their_columns(tmp_path):
    done = sensitivity(made(tmp_path / "s", "latin_hypercube", 80, function=lambda a, b, c: a))
    assert list(done.pairs.columns)[:3] == ["kpi", "first", "second"] and done.pairs.empty
    assert done.effects.empty and "effect" in done.effects.columns
