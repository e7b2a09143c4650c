"""The command line: what it prints where, how it ends, and what it leaves behind."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from click.testing import CliRunner, Result

import sim
from sim import cli
from sim.cli import progress as progress_module
from sim.cli.progress import Progress, days
from sim.experiment.signals import Held
from sim.finding import find_scenario, shipped_designs, shipped_scenarios

KPI_KEYS = ["mean", "low", "high", "p05", "p95", "unit"]
RESULT_KEYS = [
    "scenario", "seed", "replications", "engine", "horizon_days", "customers", "events", "kpis", "run_dir",
]  # fmt: skip


DRAW = cli.run._draw


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> Path:
    """Commands run in a folder of their own; in this process without pictures, which take a second."""
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(cli.run, "_draw", lambda run, folder: None)
    return folder


def touchpoint(*words: object) -> Result:
    """The command in this process, which does the work itself if nothing else is said."""
    alone = ["--workers", "1"] if words[0] == "run" and "--workers" not in words else []
    return CliRunner().invoke(cli.main, [str(word) for word in (*words, *alone)])


def shell(*words: object, **options) -> subprocess.CompletedProcess:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "sim", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


def kpis(*words: object) -> dict:
    done = touchpoint("run", *words, "--json", "--replications", 2)
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)["kpis"]


# ---------------------------------------------------------------- run
def test_a_run_prints_kpis_and_says_where_the_rest_lies(kiosk, elsewhere, monkeypatch):
    monkeypatch.setattr(cli.run, "_draw", DRAW)
    done = touchpoint("run", kiosk, "--replications", 2)
    assert done.exit_code == 0, done.stderr
    assert "Kiosk: 2 replications of 30 days" in done.stdout
    assert "retention" in done.stdout
    (folder,) = (elsewhere / "results").iterdir()
    assert f"results/{folder.name}/tables" in done.stderr
    assert folder.name.startswith("kiosk-baseline-2")
    assert sorted(path.name for path in folder.iterdir()) == [
        "inputs", "kpis.json", "manifest.json", "pictures", "tables",
    ]  # fmt: skip
    assert list((folder / "pictures").glob("*.png")) and list((folder / "pictures").glob("*.svg"))


def test_json_is_one_object_and_nothing_else_on_standard_output(kiosk):
    done = shell("run", kiosk, "--replications", 2, "--json", "--out", "here", "--no-log")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert list(result) == RESULT_KEYS
    assert (result["seed"], result["replications"], result["engine"]) == (1, 2, "compiled")
    assert (result["horizon_days"], result["customers"], result["run_dir"]) == (30.0, 40, "here")
    assert result["events"] > 0
    assert all(list(kpi) == KPI_KEYS for kpi in result["kpis"].values())
    kept = {name: value for name, value in result.items() if name not in ("engine", "run_dir")}
    assert json.loads(Path("here/kpis.json").read_text("utf-8")) == kept


def test_one_replication_has_no_interval(kiosk):
    done = touchpoint("run", kiosk, "--replications", 1, "--json")
    orders = json.loads(done.stdout)["kpis"]["orders"]
    assert (orders["low"], orders["high"]) == (None, None)
    assert orders["p05"] == orders["p95"] == orders["mean"]


def test_quiet_says_nothing_beside_the_result(kiosk):
    done = shell("run", kiosk, "--replications", 1, "--quiet", "--json", "--no-log")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_same_run_twice_and_on_two_workers_says_the_same_to_the_last_digit(kiosk):
    first = kpis(kiosk, "--workers", 1)
    assert kpis(kiosk, "--workers", 1) == first
    assert kpis(kiosk, "--workers", 2) == first
    assert kpis(kiosk, "--seed", 2) != first


def test_the_log_does_not_depend_on_the_number_of_workers(kiosk):
    for workers in (1, 2):
        touchpoint("run", kiosk, "--replications", 3, "--workers", workers, "--out", f"w{workers}")
    for name in ("visits", "orders", "customers", "daily"):
        one, two = (pd.read_parquet(f"w{workers}/tables/{name}.parquet") for workers in (1, 2))
        pd.testing.assert_frame_equal(one, two)


def test_size_horizon_and_set_change_the_scenario(kiosk):
    done = touchpoint(
        "run",
        kiosk,
        "--replications",
        1,
        "--json",
        "--size",
        7,
        "--horizon",
        "9",
        "--set",
        "name=Small kiosk",
    )
    result = json.loads(done.stdout)
    assert (result["customers"], result["horizon_days"]) == (7, 9.0)
    manifest = json.loads((Path(result["run_dir"]) / "manifest.json").read_text("utf-8"))
    assert (manifest["name"], manifest["size"], manifest["horizon"]) == ("Small kiosk", 7, "9 d")


@pytest.mark.parametrize(("text", "days"), [("12", 12.0), ("2 weeks", 14.0), ("12.5 d", 12.5)])
def test_a_horizon_may_have_a_unit(kiosk, text, days):
    done = touchpoint("run", kiosk, "--replications", 1, "--json", "--horizon", text, "--no-log")
    assert json.loads(done.stdout)["horizon_days"] == days


def test_no_log_keeps_kpis_and_the_daily_series_only(kiosk):
    done = touchpoint("run", kiosk, "--replications", 2, "--no-log", "--out", "here")
    assert done.exit_code == 0, done.stderr
    files = sorted(str(path.relative_to("here")) for path in Path("here").rglob("*.*") if path.is_file())
    assert files == [
        "inputs/kiosk/baseline.yaml", "inputs/kiosk/spends.csv", "kpis.json", "manifest.json",
        "tables/daily.parquet", "tables/kpis.parquet", "tables/replications.parquet",
    ]  # fmt: skip


def test_no_log_changes_no_kpi(kiosk):
    assert kpis(kiosk, "--no-log") == kpis(kiosk)


def test_csv_adds_every_table_as_csv(kiosk):
    touchpoint("run", kiosk, "--replications", 1, "--csv", "--out", "here")
    names = {path.stem for path in Path("here/tables").glob("*.parquet")}
    assert {path.stem for path in Path("here/tables").glob("*.csv")} == names >= set(sim_tables())
    orders = pd.read_csv("here/tables/orders.csv")
    assert orders["revenue"].sum() == pytest.approx(
        pd.read_parquet("here/tables/orders.parquet")["revenue"].sum()
    )


def sim_tables() -> list[str]:
    from sim.engine.recorder import COLUMNS

    return list(COLUMNS)


# ---------------------------------------------------------------- engines
def test_both_engines_write_the_same_folder_but_for_the_manifest(kiosk, monkeypatch):
    monkeypatch.setattr(cli.run, "_draw", DRAW)
    for engine in ("compiled", "reference"):
        words = ("--replications", 2, "--csv", "--engine", engine, "--out", engine)
        done = touchpoint("run", kiosk, *words, "--json")
        assert json.loads(done.stdout)["engine"] == engine
    files = sorted(path.relative_to("compiled") for path in Path("compiled").rglob("*") if path.is_file())
    assert len(files) > 20
    differing = [
        str(path)
        for path in files
        if Path("compiled", path).read_bytes() != Path("reference", path).read_bytes()
    ]
    assert differing == ["manifest.json"]


def test_the_manifest_names_the_engine_and_its_command_does_where_needed(kiosk):
    for engine, words in (("compiled", []), ("reference", ["--engine", "reference"])):
        touchpoint("run", kiosk, "--replications", 1, "--no-log", "--engine", engine, "--out", engine)
        manifest = json.loads(Path(engine, "manifest.json").read_text("utf-8"))
        assert manifest["engine"] == engine
        assert shlex.split(manifest["command"])[-3:] == [*words, "--no-log"][-3:] or not words
        assert ("--engine" in manifest["command"]) == bool(words)


def test_the_engine_is_not_part_of_what_names_a_run_folder(kiosk, elsewhere):
    for engine in ("compiled", "reference"):
        touchpoint("run", kiosk, "--replications", 1, "--no-log", "--engine", engine)
    assert (
        len({folder.name.split("Z-")[1].split("-")[0] for folder in (elsewhere / "results").iterdir()}) == 1
    )


def test_more_customers_than_any_memory_holds_is_one_sentence(kiosk):
    done = touchpoint("run", kiosk, "--size", 10**9)
    assert (done.exit_code, done.stdout) == (2, "")
    assert re.match(r"1,000,000,000 people need about [\d,]+ GB of memory", done.stderr.splitlines()[-1])


def test_no_pictures_draws_none(kiosk, monkeypatch):
    monkeypatch.setattr(cli.run, "_draw", DRAW)
    done = touchpoint("run", kiosk, "--replications", 1, "--no-pictures", "--out", "here")
    assert done.stderr.endswith("tables:   here/tables\n")
    assert not Path("here/pictures").exists() and Path("here/tables/visits.parquet").exists()


# ---------------------------------------------------------------- repeating a run
def test_the_command_in_the_manifest_repeats_the_run_bit_for_bit(cheaper):
    first = touchpoint(
        "run",
        cheaper,
        "--replications",
        2,
        "--seed",
        5,
        "--size",
        30,
        "--set",
        "touchpoints.buy.cost=0.1",
        "--out",
        "one",
    )
    assert first.exit_code == 0, first.stderr
    manifest = json.loads(Path("one/manifest.json").read_text("utf-8"))
    assert sorted(manifest["inputs"]) == [
        "inputs/kiosk/baseline.yaml", "inputs/kiosk/spends.csv", "inputs/kiosk/strategies/cheaper.yaml",
    ]  # fmt: skip
    words = shlex.split(manifest["command"])
    assert words[:3] == ["touchpoint", "run", "inputs/kiosk/strategies/cheaper.yaml"]
    with pytest.MonkeyPatch.context() as inside:
        inside.chdir("one")
        again = touchpoint(*words[1:], "--out", "../two")
    assert again.exit_code == 0, again.stderr
    for name in ("visits", "orders", "customers", "daily", "kpis"):
        one, two = (Path(run, "tables", f"{name}.parquet").read_bytes() for run in ("one", "two"))
        assert one == two, name


def test_the_manifest_says_what_it_takes(kiosk):
    touchpoint("run", kiosk, "--replications", 1, "--out", "here")
    manifest = json.loads(Path("here/manifest.json").read_text("utf-8"))
    assert manifest["resolved"]["population"]["size"] == 40
    assert manifest["touchpoint"] == sim.__version__
    assert {"numpy", "numba", "simpy"} <= set(manifest["packages"])
    assert all(len(digest) == 64 for digest in manifest["inputs"].values())
    assert manifest["wall_seconds"] > 0
    assert manifest["events"] == json.loads(Path("here/kpis.json").read_text("utf-8"))["events"]


# ---------------------------------------------------------------- what goes wrong
def test_a_folder_that_holds_something_is_refused(kiosk):
    Path("here").mkdir()
    Path("here/mine.txt").write_text("mine")
    done = touchpoint("run", kiosk, "--out", "here")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1 and "here: exists and is not empty" in done.stderr
    assert os.listdir("here") == ["mine.txt"]


def test_results_that_cannot_be_written_are_one_clear_error(kiosk, elsewhere):
    (elsewhere / "results").write_text("a file where the folder should be")
    done = touchpoint("run", kiosk, "--replications", 1)
    assert (done.exit_code, done.stdout) == (2, "")
    (line,) = [line for line in done.stderr.splitlines() if "ompil" not in line]
    assert "cannot be written: Not a directory" in line and "--out" in line


def test_a_name_that_is_too_long_is_one_clear_error(kiosk):
    done = touchpoint("run", kiosk, "--out", "x" * 300)
    assert done.exit_code == 2 and "cannot be written: File name too long" in done.stderr


def test_a_folder_to_check_says_what_lies_in_it(kiosk):
    kiosk.rename(kiosk.with_name("other.yaml"))
    done = touchpoint("check", kiosk.parent)
    assert done.exit_code == 2
    assert done.stderr == f"{kiosk.parent}: is a folder; name a scenario file in it: other.yaml\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("words", [["schema"], ["--help"], ["check", "coffee_shop"]])
def test_output_that_cannot_be_written_is_one_line(words):
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "sim", *words]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (1, "cannot write the output: No space left on device\n")


def test_a_set_that_an_option_hides_must_be_right_all_the_same(kiosk):
    done = touchpoint("run", kiosk, "--set", "population.size=abc", "--size", 60)
    assert done.exit_code == 2 and "population.size" in done.stderr and "abc" in done.stderr


@pytest.mark.parametrize(
    ("horizon", "words"), [(365.0, "365 days"), (1.0, "1 day"), (0.5, "12 h"), (1 / 144, "10 min")]
)
def test_a_horizon_is_told_in_human_words(horizon, words):
    assert days(horizon) == words


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ("touchpionts: {}", "touchpionts"),
        ("horizon: soon", "horizon"),
        ("population: {size: -1}", "population.size"),
    ],
)
@pytest.mark.parametrize("command", ["run", "check", "show"])
def test_a_broken_scenario_ends_with_its_place_and_no_traceback(kiosk, change, where, command):
    key = change.split(":")[0]
    lines = [line for line in kiosk.read_text("utf-8").splitlines() if not line.startswith(f"{key}:")]
    kiosk.write_text("\n".join([*lines, change, ""]), encoding="utf-8")
    done = touchpoint(command, kiosk)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"{kiosk}:{len(lines) + 1}:" in done.stderr and where in done.stderr
    assert "Traceback" not in done.stderr
    assert not Path("results").exists()


def test_a_bad_set_says_so(kiosk):
    done = touchpoint("run", kiosk, "--set", "population.size=few")
    assert done.exit_code == 2
    assert "population.size" in done.stderr and "few" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "--json"], "Missing argument 'SCENARIO'"),
        (["run", "coffee_shop", "--replications", "0"], "expected a whole number of at least 1, got '0'"),
        (
            ["run", "coffee_shop", "--seed", "-1"],
            "expected a whole number from 0 to 9223372036854775807, got '-1'",
        ),
        (["run", "coffee_shop", "--size", "x"], "expected a whole number of at least 0, got 'x'"),
        (["run", ""], "expected a scenario file, got ''"),
        (["run", "."], ".: is a folder; name a scenario file"),
        (["run", "x" * 300], "no such scenario file"),
        (["check", "/dev/null"], "/dev/null: is not a regular file"),
        (["runn"], "No such command 'runn'"),
        (["run", "coffee_shop", "--engine", "refrence"], "got 'refrence'; did you mean 'reference'?"),
        (
            ["story", "coffee_shop", "--customer", "1", "--engine", "simpy"],
            "expected compiled or reference, got",
        ),
        (["run", "coffe_shop"], "did you mean coffee_shop?"),
        (["run", "nowhere/at/all.yaml"], "no such scenario file; these ship: "),
    ],
)
def test_usage_errors(words, message):
    done = touchpoint(*words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr


def test_a_run_that_cannot_be_finished_ends_with_1(kiosk, monkeypatch):
    from sim.errors import RunError

    def fail(*_, **__):
        raise RunError("a worker process died")

    monkeypatch.setattr("sim.experiment.runs.replicate", fail)
    done = touchpoint("run", kiosk)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.endswith("a worker process died\n")
    assert list(Path("results").iterdir()) == []


# ---------------------------------------------------------------- being stopped
def _heed_interrupts() -> None:
    """A shell's background jobs ignore SIGINT, and so would everything that the tests start there."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize(("signal_number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_a_stopped_run_leaves_nothing(kiosk, elsewhere, signal_number, status, workers, engine):
    command = [
        sys.executable,
        "-m",
        "sim",
        "run",
        kiosk,
        "--size",
        "400" if engine == "reference" else "4000",
        "--horizon",
        "20000",
        "--workers",
        str(workers),
        "--engine",
        engine,
    ]
    run = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_heed_interrupts,
    )
    while not list(elsewhere.glob("results/*.partial/tables/visits-*")):
        assert run.poll() is None, run.stderr.read()
        time.sleep(0.05)
    os.killpg(run.pid, signal_number) if signal_number == signal.SIGINT else run.send_signal(signal_number)
    out, err = run.communicate(timeout=30)
    assert (run.returncode, out) == (status, "")
    assert "Traceback" not in err
    assert list((elsewhere / "results").iterdir()) == []


def test_a_reader_that_goes_away_is_no_traceback(kiosk):
    command = f"{shlex.quote(sys.executable)} -m sim schema | head -c 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("{", "")


# ---------------------------------------------------------------- the other commands
def test_check_says_fine_and_what_there_is(kiosk, cheaper):
    done = touchpoint("check", kiosk, cheaper)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"{kiosk}: fine (1 segment, 1 touchpoint, 1 journey)",
        f"{cheaper}: fine (1 segment, 1 touchpoint, 1 journey)",
    ]


def test_check_tells_the_problems_of_all_files(kiosk, cheaper):
    for path in (kiosk, cheaper):
        path.write_text(path.read_text("utf-8") + "colour: red\n", encoding="utf-8")
    done = touchpoint("check", cheaper, kiosk)
    assert done.exit_code == 2
    assert str(kiosk) in done.stderr and str(cheaper) in done.stderr


def test_schema_is_json_schema():
    done = touchpoint("schema")
    assert done.exit_code == 0
    assert "touchpoints" in json.loads(done.stdout)["properties"]


def test_show_tells_values_and_where_they_come_from(cheaper):
    done = touchpoint("show", cheaper, "--set", "population.size=9")
    assert done.exit_code == 0, done.stderr
    assert "--set" in done.stdout and "cheaper.yaml:4" in done.stdout and "default" in done.stdout


def test_story_tells_one_customers_life(kiosk):
    done = touchpoint("story", kiosk, "--customer", 3)
    assert done.exit_code == 0, done.stderr
    assert "buy" in done.stdout
    assert touchpoint("story", kiosk, "--customer", 3).stdout == done.stdout
    assert len(touchpoint("story", kiosk, "--customer", 3, "--full").stdout) >= len(done.stdout)


def test_story_of_nobody(kiosk):
    done = touchpoint("story", kiosk, "--customer", 40)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "they are 0 to 39" in done.stderr


def test_story_of_nobody_is_refused_before_anything_is_simulated(kiosk, monkeypatch):
    def fail(*_, **__):
        raise AssertionError("simulated")

    monkeypatch.setattr("sim.engine.simulate", fail)
    done = touchpoint("story", kiosk, "--customer", 40)
    assert done.exit_code == 2 and "--customer 40: there is no such customer; they are 0 to 39" in done.stderr


def test_both_engines_tell_the_same_story(kiosk):
    words = ("story", kiosk, "--customer", 3, "--full", "--engine")
    assert touchpoint(*words, "compiled").stdout == touchpoint(*words, "reference").stdout != ""


def test_story_of_nobody_lists_prospects_too(kiosk):
    segments = "segments={away: {prospects: 5}, here: {share: rest}}"
    done = touchpoint("story", kiosk, "--customer", 40, "--set", segments)
    assert "they are 0 to 39, and prospects 2147483648 to 2147483652" in done.stderr


def test_help_names_every_command():
    done = touchpoint("--help")
    assert all(name in done.stdout for name in ("run", "check", "schema", "show", "story"))


def test_version():
    assert touchpoint("--version").stdout == f"touchpoint, version {sim.__version__}\n"


# ---------------------------------------------------------------- finding scenarios, showing progress
def test_shipped_scenarios_are_known_by_name():
    folder = sim.scenarios_folder()
    assert find_scenario("coffee_shop") == folder / "coffee_shop" / "baseline.yaml"
    names = shipped_scenarios()
    assert {"coffee_shop", "streaming", "cdnow/pareto_nbd"} <= set(names)
    for name in names:
        assert find_scenario(name).is_relative_to(folder / name.split("/")[0])
    assert "coffee_shop/sweep" in shipped_designs() and not set(names) & set(shipped_designs())


def test_a_business_without_a_baseline_names_its_scenarios():
    done = touchpoint("run", "cdnow")
    assert done.exit_code == 2 and "did you mean cdnow/pareto_nbd?" in done.stderr


def test_a_file_here_comes_before_one_that_ships(elsewhere):
    (elsewhere / "coffee_shop").mkdir()
    (elsewhere / "coffee_shop" / "baseline.yaml").write_text("name: mine\n")
    assert find_scenario("coffee_shop") == Path("coffee_shop/baseline.yaml")


@pytest.fixture
def terminal(monkeypatch):
    """A function of a width: from then on standard error seems a terminal of that width."""

    def become(columns: int) -> None:
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        monkeypatch.setenv("COLUMNS", str(columns))

    return become


def said(capsys, shares, *, customers=2400, replications=10, horizon=365.0) -> list[str]:
    """What the progress line reads after each share."""
    population = SimpleNamespace(size=customers)
    program = SimpleNamespace(horizon=horizon, scenario=SimpleNamespace(population=population))
    with Progress(hidden=False, replications=replications) as progress:
        progress.EVERY = 0.0
        progress.begin(program)
        for share in shares:
            progress(share)
    return capsys.readouterr().err.split("\r")


def test_progress_is_one_line_on_a_terminal(terminal, capsys):
    terminal(100)
    lines = said(capsys, [0.43, 1.0])
    assert not any("\n" in line for line in lines)
    assert lines[1].startswith(
        "[########------------]  43%  day 157 of 365, 2,400 customers x 10 replications"
    )
    assert "100%  day 365 of 365" in lines[2]
    assert set(lines[3]) == {" "} and lines[4] == ""  # and leaves nothing behind


@pytest.mark.parametrize("columns", [10, 20, 40, 60, 80, 120])
def test_progress_fits_the_terminal(terminal, capsys, columns):
    terminal(columns)
    lines = said(capsys, [0.0, 0.1, 0.5, 1.0], customers=1_000_000, replications=1000, horizon=3650.0)
    assert max(len(line) for line in lines) < columns
    assert ["%" in line for line in lines] == [False] + [True] * 4 + [False] * 2


def test_progress_ends_a_run_whose_signal_got_lost():
    class Context:
        find_object = staticmethod(lambda _: held)

    with pytest.MonkeyPatch.context() as patch, Held(at_once=True) as held:
        patch.setattr(progress_module.click, "get_current_context", lambda silent: Context())
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt), Progress(hidden=True) as progress:
            progress(0.5)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(
    ("quiet", "engine", "workers"), [(False, "compiled", 2), (False, "reference", 1), (True, "compiled", 1)]
)
def test_progress_in_a_terminal_of_80_columns(kiosk, quiet, engine, workers):
    words = [
        "run",
        kiosk,
        "--size",
        3000 if engine == "compiled" else 200,
        "--replications",
        4,
        "--no-log",
        "--json",
    ]
    words += ["--workers", workers, "--engine", engine, "--out", "here", *["--quiet"] * quiet]
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "sim", *map(str, words)]
    done = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=theirs, env={**os.environ, "COLUMNS": "80"}
    )
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # the other side was closed: the end
        while piece := os.read(ours, 65536):
            shown += piece
    os.close(ours)
    assert json.loads(done.communicate()[0])["engine"] == engine and done.returncode == 0
    lines = [line for line in shown.decode().split("\r") if line.startswith("[")]
    if quiet:
        assert shown == b""
        return
    assert lines and max(map(len, lines)) < 80
    shares = [int(line.split("]")[1].split("%")[0]) for line in lines]
    assert shares == sorted(shares) and shares[-1] == 100


@pytest.mark.parametrize("hidden", [True, False])
def test_progress_is_silent_where_nobody_watches(capsys, hidden):
    with Progress(hidden) as progress:
        progress(1.0)
    assert capsys.readouterr().err == ""
