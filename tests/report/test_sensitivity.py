"""What is printed and drawn of a sensitivity analysis, and the command that does both."""

import itertools
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.text import Text
from swept import ishigami, unit_cube, write_sweep

from sim import cli
from sim.experiment.sensitivity import TABLES, sensitivity
from sim.experiment.swept import _written_in
from sim.report.sensitivity import headline, level_with, sensitivity_text
from sim.report.sweep_pictures import PICTURES, write
from sim.report.sweep_words import Scale, capital, cut, kpi_scale, scale_of, short_names, value_text

PATHS = (
    "touchpoints.counter_in_the_old_town.triggers.scarcity.strength",
    "psychology.habit_gain",
    "campaigns.pastry.picks.every",
)
UNITS = {"retention": "share", "profit": "EUR"}
KINDS = ("saltelli", "morris", "latin_hypercube", "full_factorial", "one_at_a_time")


def points_of(method):
    if method == "full_factorial":
        return np.array(list(itertools.product([0, 0.5, 1], [0, 1], [0, 0.5, 1])))
    if method == "one_at_a_time":
        return np.array([[0.5] * 3, *np.kron(np.eye(3), [[-0.5], [0.5]]) + 0.5])
    return unit_cube(method, 32, 3, second=True)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("sweeps")
    for method in KINDS:
        x = points_of(method)
        columns = dict(zip(PATHS, [x[:, 0], x[:, 1], (5 + 55 * x[:, 2]) / 1440], strict=True))
        kpis = {
            "retention": lambda a, b, c: 0.6 + 0.1 * a + 0.05 * a * b,
            "profit": lambda a, b, c: 20_000 - 3_000 * a - 9_000 * c,
        }
        write_sweep(
            *(root / method, columns, kpis),
            method=method,
            noise=0.002,
            units=UNITS,
            parameter_units={PATHS[2]: "d"},
            second_order=True,
        )
    return root


def run(*words):
    return CliRunner().invoke(cli.main, ["sensitivity", *map(str, words)])


# ---------------------------------------------------------------- words
def test_numbers_and_names_are_readable():
    assert (
        Scale(100.0, "%").full(0.6213) == "62.1 %"
        and Scale().text(0.5) == "0.50"
        and Scale().text(12345.6) == "12,346"
    )
    assert kpi_scale("EUR").alike(12.345, 1.2) == ["12.3", "1.2"]
    assert short_names(["a.b.c", "d.b.c", "x"]) == ["a.b.c", "d.b.c", "x"]
    assert short_names(["one.two.three", "four.five"], 10) == ["two.three", "four.five"]
    assert short_names(["touchpoints.order.fails.chance"]) == ["order.fails.chance"]
    assert (
        cut("touchpoints.app", 8) == "…nts.app" and cut("touchpoints.coffee.quality", 20) == "…coffee.quality"
    )
    assert capital("retention rises") == "Retention rises" and capital("wait_mean rises") == "wait_mean rises"


def test_times_are_told_in_units_of_people(folders):
    one = sensitivity(folders / "latin_hypercube").parameters[2]
    assert scale_of(one).unit == "min" and value_text(one, 20 / 1440) == "20 min"
    assert value_text(replace(one, written_in="s"), 20 / 86_400) == "20 s"
    assert value_text(replace(one, unit="", written_in="%"), 0.25) == "25 %"


@pytest.mark.parametrize(
    ("written", "unit"),
    [
        ("60 s .. 100 s", "s"),
        ("1 % .. 8 %", "%"),
        (["5 min", 0], "min"),
        ({"normal": {"mean": "3 d"}}, "d"),
        (4, ""),
        ("1 .. 3", ""),
    ],
)
def test_the_unit_is_the_one_that_the_design_writes(written, unit):
    assert _written_in(written) == unit


# ---------------------------------------------------------------- text
@pytest.mark.parametrize("method", KINDS)
def test_where_all_is_chance_no_parameter_is_named(tmp_path, method):
    x = points_of(method)
    folder = write_sweep(
        *(tmp_path / "idle", dict(zip(PATHS, x.T, strict=True)), {"profit": lambda *x: 0.0 * x[0]}),
        method=method,
        noise=1.0,
        second_order=True,
    )
    done = sensitivity(folder)
    told = headline(done, done.analyses["profit"])
    assert told == "Nothing that was varied can be told to move profit beyond chance"
    for name, picture in PICTURES.items():
        if done.analyses["profit"].kind in picture.kinds and name not in ("pairs", "parallel"):
            figure = picture.draw(picture.frame(done, "profit"), done, "profit")
            words = " ".join(" ".join(text.get_text() for text in figure.findobj(Text)).split())
            assert told in words, name


def test_with_one_replication_a_first_without_an_interval_only_seems_to_be_it(tmp_path):
    columns = dict(zip(PATHS, points_of("one_at_a_time").T, strict=True))
    kpis = {"profit": lambda a, b, c: a + 0.9 * b}
    folder = write_sweep(tmp_path / "one", columns, kpis, method="one_at_a_time", replications=1, noise=0.5)
    done = sensitivity(folder)
    assert " seems to move profit most" in headline(done, done.analyses["profit"])


def test_a_grid_whose_intervals_are_wide_says_how_many_replications_would_narrow_them(tmp_path):
    columns = dict(zip(PATHS, points_of("full_factorial").T, strict=True))
    kpis = {"profit": lambda a, b, c: a + c}
    folder = write_sweep(tmp_path / "grid", columns, kpis, method="full_factorial", noise=0.3)
    warned = " ".join(sensitivity(folder).cautions["profit"])
    found = re.search(r"±(\d\.\d+) with 3 replications; about (\d+) of each point", warned)
    assert found and float(found[1]) > 0.1 and int(found[2]) > 3


@pytest.mark.parametrize("method", KINDS)
def test_the_text_has_every_parameter_in_its_order_and_fits_the_page(folders, method):
    done = sensitivity(folders / method, ["retention", "profit"])
    text = sensitivity_text(done)
    assert max(map(len, text.splitlines())) <= 100
    places = [text.index(f"\n{rank}  ") for rank in (1, 2, 3)]
    assert places == sorted(places)
    assert "Chance of 3 replications" in text and "What matters for profit (EUR)" in text


def test_the_headline_claims_no_more_than_intervals_allow(tmp_path):
    x = unit_cube("saltelli", 32, 3)
    points = dict(zip(PATHS, x.T, strict=True))
    equal = sensitivity(
        write_sweep(tmp_path / "a", points, {"retention": lambda a, b, c: a + b}, method="saltelli")
    )
    one = equal.analyses["retention"]
    assert len(level_with(one)) == 1 and "which of them more cannot be told" in headline(equal, one)
    clear = sensitivity(
        write_sweep(tmp_path / "b", points, {"retention": lambda a, b, c: 9 * b}, method="saltelli")
    )
    told = headline(clear, clear.analyses["retention"])
    assert told.startswith("psychology.habit_gain moves retention most: it has a part in > 99.9 %")
    given = sensitivity(write_sweep(tmp_path / "d", points, {"retention": lambda a, b, c: a}, method="csv"))
    assert level_with(given.analyses["retention"]) == []
    idle = write_sweep(
        tmp_path / "c", points, {"retention": lambda a, b, c: 0 * a}, method="saltelli", noise=1.0
    )
    done = sensitivity(idle)
    assert done.noise["share_of_noise"].iloc[0] > 0.8


def test_a_constant_kpi_has_no_table(tmp_path):
    x = unit_cube("latin_hypercube", 30, 2)
    folder = write_sweep(
        tmp_path / "s", dict(zip(PATHS, x.T, strict=False)), {"retention": lambda a, b: 0 * a}
    )
    text = sensitivity_text(sensitivity(folder))
    assert "retention: nothing to rank" in text and "Warning: retention is 0 at every point" in text
    assert write(sensitivity(folder), tmp_path / "pictures") == []


# ---------------------------------------------------------------- pictures
@pytest.mark.parametrize(
    "method", [pytest.param(m, marks=() if m == "one_at_a_time" else pytest.mark.slow) for m in KINDS]
)
def test_every_picture_is_drawn_with_its_numbers_and_the_same_every_time(folders, method, tmp_path):
    done = sensitivity(folders / method, ["retention"])
    paths = write(done, tmp_path / "a")
    kind = done.analyses["retention"].kind
    names = {f"retention_{name}" for name, picture in PICTURES.items() if kind in picture.kinds}
    assert {path.stem for path in paths} == names
    assert {path.suffix for path in paths} == {".png", ".svg", ".csv"}
    again = write(done, tmp_path / "b")
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(paths, again, strict=True))


@pytest.mark.slow
def test_pictures_take_words_few_points_and_a_single_parameter(tmp_path):
    u = unit_cube("latin_hypercube", 12, 1)[:, 0]
    one = write_sweep(tmp_path / "one", {"a": u}, {"retention": lambda a: a})
    assert {path.stem for path in write(sensitivity(one), tmp_path / "p1")} >= {
        "retention_tornado",
        "retention_responses",
    }
    mood = np.array(["a rather long word", "b"], dtype=object)[(u < 0.5).astype(int)]
    words = write_sweep(
        tmp_path / "two", {"x.a": u, "x.mood": mood}, {"retention": lambda a, m: a + (m == "b")}
    )
    assert len(write(sensitivity(words), tmp_path / "p2")) >= 15


# ---------------------------------------------------------------- the command
def test_the_command_prints_writes_and_draws(folders, tmp_path):
    folder = tmp_path / "sweep"
    shutil.copytree(folders / "saltelli", folder)
    done = run(folder, "--kpi", "profit")  # draws all pictures of this kind
    assert done.exit_code == 0, done.output
    assert "moves profit most" in done.stdout and "tables: " in done.stderr and "pictures: " in done.stderr
    assert (folder / "sensitivity" / "pictures" / "profit_indices.png").is_file()
    quiet = run(folder, "--quiet", "--no-pictures")
    assert quiet.stderr == "" and "What matters for retention (%)" in quiet.stdout
    told = json.loads(run(folder, "--json", "--no-pictures", "--quiet").stdout)
    assert [row["rank"] for row in told["indices"]] == [1, 2, 3]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere",), "nowhere: no such folder"),
        ((".",), "holds no sweep"),
        (("sweep", "--kpi", "retentoin"), "did you mean retention?"),
    ],
)
def test_wrong_uses_end_with_2_and_a_sentence(folders, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(folders / "saltelli", tmp_path / "sweep")
    done = run(*words)
    assert done.exit_code == 2 and said in done.stderr and "Traceback" not in done.output


def test_ishigami_reads_as_it_should(tmp_path):
    x = unit_cube("saltelli", 256, 3, second=True)
    points = dict(zip(("x.first", "x.second", "x.third"), x.T, strict=True))
    folder = write_sweep(
        tmp_path / "s", points, {"retention": ishigami}, method="saltelli", second_order=True
    )
    text = sensitivity_text(sensitivity(folder))
    assert "Together (second order): x.first and x.third 0." in text


# ---------------------------------------------------------------- the page
PAGE = Path(__file__).parents[2] / "docs" / "sensitivity.md"


def blocks(language):
    return re.findall(
        rf"^```{language}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )


def test_commands_of_the_page_are_understood(folders, tmp_path):
    shutil.copytree(folders / "saltelli", tmp_path / "owner")
    lines = [line for block in blocks("console") for line in block.splitlines()]
    words = [line.split()[2:] for line in lines if line.startswith("touchpoint sensitivity ")]
    assert len(words) == 2
    for each in words:
        done = run(
            *(str(tmp_path / "owner") if word == "results/owner" else word for word in each), "--no-pictures"
        )
        assert done.exit_code == 0, done.output


def test_the_python_of_the_page_runs(folders, tmp_path):
    shutil.copytree(folders / "saltelli", tmp_path / "owner")
    for block in blocks("python"):
        names = {"folder": tmp_path / "owner"}
        exec(block, names)
        assert len(names["done"].indices) == 6


def test_the_page_names_every_table_picture_and_measure(folders):
    text = PAGE.read_text(encoding="utf-8")
    told = {*TABLES, *PICTURES}
    for method in KINDS:
        told |= {re.sub("_(low|high)$", "", name) for name in sensitivity(folders / method).indices.columns}
    assert [name for name in sorted(told) if f"`{name}`" not in text] == []
