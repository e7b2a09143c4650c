"""A run from Python: frames, the folder it saves, and what it refuses."""

import gc
import json
import shlex
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

import sim
from sim.cli import main
from sim.engine.recorder import COLUMNS, SUMMARIES
from sim.errors import RunError, ScenarioError, UsageError


@pytest.fixture
def run(kiosk) -> sim.Run:
    return sim.run(kiosk, seed=3, replications=2)


def test_every_table_is_a_frame_with_the_documented_columns(run):
    for name, columns in COLUMNS.items():
        frame = getattr(run, name)
        assert isinstance(frame, pd.DataFrame), name
        assert list(frame.columns) == list(columns), name


def test_the_tables_agree_with_each_other_and_with_the_kpis(run):
    assert len(run.orders) == run.daily["orders"].sum() == run.visits["order"].notna().sum()
    assert len(run.visits) == run.daily["touches"].sum()
    assert run.kpis.loc["revenue", "mean"] == pytest.approx(run.orders["revenue"].sum() / 2)
    assert run.customers["left"].notna().sum() == run.daily["left"].sum()
    last = run.daily.groupby("replication")["customers"].last()
    assert (
        last.tolist()
        == (run.customers["at_end"] == "active").groupby(run.customers["replication"]).sum().tolist()
    )


def test_kpis_stand_over_replications(run):
    assert list(run.replications.index) == [1, 2]
    assert run.kpis.loc["orders", "mean"] == pytest.approx(run.replications["orders"].mean())
    assert list(run.kpis.columns) == ["mean", "low", "high", "p05", "p95", "unit", "n"]


def test_analyses_are_frames(run):
    for name in ("retention", "cohorts", "experience", "funnel"):
        assert isinstance(getattr(run, name), pd.DataFrame) and len(getattr(run, name)), name


def test_a_notebook_shows_the_kpis(run):
    assert "<b>Kiosk</b>: 2 replications, seed 3" in run._repr_html_()
    assert "retention" in run._repr_html_()


def test_neither_threads_nor_a_log_nor_where_it_is_kept_changes_a_number(kiosk, run, tmp_path):
    with ThreadPoolExecutor(2) as executor:
        threaded = sim.run(kiosk, seed=3, replications=2, executor=executor)
    pd.testing.assert_frame_equal(threaded.visits, run.visits)
    kept = sim.run(kiosk, seed=3, replications=2, out=tmp_path / "kept")
    pd.testing.assert_frame_equal(kept.visits, run.visits)
    pd.testing.assert_frame_equal(sim.run(kiosk, seed=3, replications=2, log=False).kpis, run.kpis)


def test_a_replication_is_the_same_however_many_there_are(kiosk, run):
    more = sim.run(kiosk, seed=3, replications=3, log=False)
    assert more.replications.loc[2].equals(run.replications.loc[2])


def test_without_a_log_there_are_no_visits(kiosk):
    with pytest.raises(UsageError, match="kept no log, so it has no visits"):
        _ = sim.run(kiosk, replications=1, log=False).visits


def test_saving_makes_the_folder_that_the_command_makes(kiosk, run, tmp_path):
    run.save(tmp_path / "saved", csv=True)
    assert sorted(path.name for path in (tmp_path / "saved").iterdir()) == [
        "inputs", "kpis.json", "manifest.json", "tables",
    ]  # fmt: skip
    tables = {path.name for path in (tmp_path / "saved" / "tables").iterdir()}
    assert tables == {
        f"{name}.{kind}" for name in (*COLUMNS, "kpis", "replications") for kind in ("csv", "parquet")
    }
    assert run.folder == tmp_path / "saved"
    solved = json.loads((tmp_path / "saved" / "manifest.json").read_text("utf-8"))["base_rates"]
    assert solved["everyone"]["choice_shift"] == run.program.base_rates["everyone"].choice_shift
    with pytest.raises(UsageError, match="is not empty"):
        run.save(tmp_path / "saved")


def test_a_run_without_a_log_saves_its_kpis_and_daily_series(kiosk, tmp_path):
    sim.run(kiosk, replications=1, log=False).save(tmp_path / "saved")
    assert sorted(path.name for path in (tmp_path / "saved" / "tables").iterdir()) == [
        "daily.parquet", "kpis.parquet", "replications.parquet",
    ]  # fmt: skip


@pytest.fixture
def temporary(tmp_path, monkeypatch) -> Path:
    """The folder in which temporary folders are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_a_run_that_is_not_kept_leaves_nothing_when_it_goes(kiosk, temporary):
    run = sim.run(kiosk, replications=1)
    assert len(run.visits) and len(list(temporary.iterdir())) == 1
    del run
    gc.collect()
    assert list(temporary.iterdir()) == []


def test_a_run_that_breaks_off_leaves_nothing(kiosk, temporary):
    def interrupt(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sim.run(kiosk, replications=1, progress=interrupt)
    assert list(temporary.iterdir()) == []


def repeat(folder: Path, monkeypatch) -> pd.DataFrame:
    """Run the manifest's command in the folder; its replications."""
    words = shlex.split(json.loads((folder / "manifest.json").read_text("utf-8"))["command"])
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(main, [*words[1:], "--workers", "1", "--no-log", "--out", "../again"])
    assert done.exit_code == 0, done.stderr
    return pd.read_parquet("../again/tables/replications.parquet")


def test_settings_made_when_loading_are_repeated_too(cheaper, tmp_path, monkeypatch):
    scenario = sim.load(cheaper, ["population.size=20"], {"touchpoints.buy.cost": 0.1})
    first = sim.run(scenario, replications=2, set=["horizon=20 d"], out=tmp_path / "one")
    assert (first.counts["customers"], first.program.horizon) == (20, 20.0)
    pd.testing.assert_frame_equal(repeat(tmp_path / "one", monkeypatch), first.replications.reset_index())


def test_a_scenario_from_python_is_kept_as_a_file_that_repeats_it(kiosk, tmp_path, monkeypatch):
    monkeypatch.chdir(kiosk.parent)
    scenario = sim.parse(dict(sim.load(kiosk).resolved))
    first = sim.run(scenario, replications=2, out=tmp_path / "one")
    pd.testing.assert_frame_equal(repeat(tmp_path / "one", monkeypatch), first.replications.reset_index())


def test_size_and_horizon_replace_those_of_the_file(kiosk):
    run = sim.run(kiosk, replications=1, size=5, horizon=3, log=False)
    assert (run.counts["customers"], run.program.horizon) == (5, 3.0)
    assert sim.run(kiosk, replications=1, horizon="1 week", log=False).program.horizon == 7.0


def test_a_scenario_without_a_file_cannot_be_changed_by_settings(kiosk, monkeypatch):
    monkeypatch.chdir(kiosk.parent)
    scenario = sim.parse(dict(sim.load(kiosk).resolved))
    with pytest.raises(UsageError, match="change a scenario file"):
        sim.run(scenario, size=5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": -1}, "seed: a whole number from 0 on is needed, not -1"),
        ({"seed": 1.5}, "seed: a whole number"),
        ({"replications": 0}, "replications: a whole number from 1 on is needed, not 0"),
        ({"replications": True}, "replications: a whole number"),
        ({"workers": 0}, "workers: a whole number from 1 on is needed, not 0"),
    ],
)
def test_numbers_that_make_no_sense(kiosk, options, message):
    with pytest.raises(UsageError, match=message):
        sim.run(kiosk, **options)


def test_a_horizon_that_is_none(kiosk):
    with pytest.raises(ScenarioError, match="horizon"):
        sim.run(kiosk, horizon="soon")


@pytest.mark.parametrize(
    ("engine", "workers"), [("compiled", 1), ("compiled", 2), ("reference", 1), ("reference", 2)]
)
def test_progress_goes_from_nothing_to_all(kiosk, engine, workers):
    begun, shares = [], []
    sim.run(
        kiosk,
        replications=2,
        log=False,
        engine=engine,
        workers=workers,
        begins=begun.append,
        progress=shares.append,
    )
    assert shares == sorted(shares) and shares[-1] == 1.0
    assert [program.horizon for program in begun] == [30.0]


def test_every_summary_table_has_a_property():
    assert all(hasattr(sim.Run, name) for name in SUMMARIES)


# ---------------------------------------------------------------- engines, and runs without their people
def test_engines_and_workers_change_no_number(kiosk, run):
    for engine, workers in (("compiled", 2), ("reference", 1), ("reference", 2)):
        other = sim.run(kiosk, seed=3, replications=2, engine=engine, workers=workers)
        for name in COLUMNS:
            pd.testing.assert_frame_equal(getattr(other, name), getattr(run, name))
        pd.testing.assert_frame_equal(other.kpis, run.kpis)


def test_an_engine_that_is_none_names_the_nearest(kiosk):
    with pytest.raises(
        UsageError, match="expected compiled or reference, got 'compield'; did you mean 'compiled'"
    ):
        sim.run(kiosk, engine="compield")


@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_without_people_a_run_keeps_its_kpis_and_daily_series(kiosk, run, engine, tmp_path):
    slim = sim.run(kiosk, seed=3, replications=2, log=False, people=False, engine=engine, workers=2)
    pd.testing.assert_frame_equal(slim.kpis, run.kpis)
    pd.testing.assert_frame_equal(slim.daily, run.daily)
    assert slim.counts == run.counts
    for name in ("customers", "staff", "retention", "cohorts", "experience", "funnel"):
        with pytest.raises(UsageError, match=f"so it has no {name}: run it again with people=True"):
            getattr(slim, name)
    slim.save(tmp_path / "slim")
    sim.run(kiosk, seed=3, replications=2, log=False).save(tmp_path / "whole")
    for path in (tmp_path / "slim").rglob("*.*"):
        if path.is_file() and path.name != "manifest.json":
            assert (
                path.read_bytes() == (tmp_path / "whole" / path.relative_to(tmp_path / "slim")).read_bytes()
            )


def test_the_log_needs_people(kiosk):
    with pytest.raises(UsageError, match="people=False needs log=False"):
        sim.run(kiosk, people=False)


def test_more_customers_than_memory_are_refused_at_once(kiosk, monkeypatch):
    monkeypatch.setattr("sim.experiment.memory.memory", lambda: 8 * 10**9)
    message = (
        r"1,000,000,000 people need about 282 GB of memory \(282 bytes each\), .* has 8 GB: ask for fewer"
    )
    with pytest.raises(UsageError, match=message):
        sim.run(kiosk, size=10**9, replications=1)


def test_memory_that_does_not_suffice_after_all_is_a_run_error(kiosk, monkeypatch):
    def fail(*_, **__):
        raise MemoryError("Unable to allocate 3 GiB")

    monkeypatch.setattr("sim.engine.simulate", fail)
    with pytest.raises(
        RunError, match="replication 1 needs more memory than there is: Unable to allocate 3 GiB"
    ):
        sim.run(kiosk, replications=1)
