"""Sweeps: the same table whatever happens on the way."""

import json
import multiprocessing
import os
import random
import re
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import sim
from sim.cli import main
from sim.errors import RunError, UsageError
from sim.experiment import sweep_hands, sweep_store, sweep_tasks
from sim.experiment.points import points_from
from sim.experiment.sweep import Sweep, sweep
from sim.experiment.sweep_plan import plan_of
from sim.experiment.workers import WorkerDied
from sim.scenario.design import design_of

KIOSK = """\
name: Kiosk
horizon: 15 d
as_stated: false
population: {size: 25}
customers:
  needs: {mean: 2 per week, cv: 0.6}
  leaves: 20 % per year
  spends: {mean: 3.50, cv: 0.4}
touchpoints:
  buy:
    stage: purchase
    quality: {mean: 0.2, sd: 0.3}
    feels: {joy: 0.2}
    fails: {chance: 5 %, severity: 0.4, feels: {frustration: 0.4}}
    sells: {price: own_spend, margin: 30 %}
journeys:
  visit:
    starts_on: {need: {becomes: buy, usually: 60 %}}
    steps:
      buy: {next: end}
"""
DESIGN = {
    "name": "Kiosk",
    "scenario": "kiosk.yaml",
    "method": "latin_hypercube",
    "points": 20,
    "replications": 2,
    "parameters": {
        "touchpoints.buy.fails.chance": "1 % .. 50 %",
        "psychology.effect_on.leaving": "0.5 .. 2",
    },
}
BY_FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.fixture
def kiosk(tmp_path):
    """A design that takes a second or less; keywords change it."""
    (tmp_path / "kiosk.yaml").write_text(KIOSK)

    def made(**changed):
        whole = DESIGN | changed
        return design_of({key: value for key, value in whole.items() if value is not None}, tmp_path)

    return made


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of the uninterrupted table."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "kiosk.yaml").write_text(KIOSK)
    return (sweep(design_of(DESIGN, folder), out=folder / "out").folder / "runs.parquet").read_bytes()


def table(done: Sweep) -> bytes:
    return (done.folder / "runs.parquet").read_bytes()


# ---------------------------------------------------------------- the table
def test_a_row_a_run(kiosk, tmp_path):
    done = sweep(kiosk(), out=tmp_path / "out")
    runs = done.runs
    assert list(runs.columns[:3]) == ["point", "replication", "seed"]
    assert list(runs.columns[3:5]) == list(DESIGN["parameters"])
    assert list(runs.columns[-2:]) == ["status", "error"]
    assert runs["point"].tolist() == [k for k in range(1, 21) for _ in range(2)]
    assert runs["replication"].tolist() == [1, 2] * 20
    assert (runs["seed"] == 1).all() and (runs["status"] == "done").all() and runs["error"].isna().all()
    assert "wait_mean" not in runs  # there is no staff in it
    assert runs[list(done.kpis)].dtypes.eq("float64").all()
    assert done.counts == {"pending": 0, "running": 0, "done": 40, "failed": 0}
    assert done.head["status"] == "done" and not any((done.folder / "parts").iterdir())
    assert (done.folder / "inputs" / tmp_path.name / "kiosk.yaml").read_text() == KIOSK


def test_a_row_is_what_the_run_alone_gives(kiosk, tmp_path):
    design = kiosk(points=2, random_numbers="independent")
    row = sweep(design, out=tmp_path / "out").runs.iloc[3]
    sets = [f"{path}={value}" for path, value in plan_of(design).points.row(1).items()]
    seed = int(row["seed"])
    alone = sim.run(tmp_path / "kiosk.yaml", seed=seed, replications=2, set=sets, log=False).replications.loc[
        2
    ]
    assert {name: row[name] for name in alone.index} == alone.to_dict()


def test_points_have_the_same_luck_or_their_own(kiosk, tmp_path):
    same = pd.DataFrame({"touchpoints.buy.fails.chance": [0.1, 0.1]})
    rest = {"scenario": "kiosk.yaml", "replications": 2}
    kiosk()
    common = sweep(points_from(same, rest, tmp_path), out=tmp_path / "common").runs
    rest["random_numbers"] = "independent"
    own = sweep(points_from(same, rest, tmp_path), out=tmp_path / "own").runs
    assert common["orders"][:2].tolist() == common["orders"][2:].tolist()
    assert own["seed"].nunique() == 2 and own["orders"][:2].tolist() != own["orders"][2:].tolist()
    seeds = [
        int(np.random.SeedSequence(1, spawn_key=(k,)).generate_state(1, np.uint64)[0]) >> 1 for k in (1, 2)
    ]
    assert own["seed"].tolist() == [seeds[0]] * 2 + [seeds[1]] * 2


def test_moments_to_leave_are_the_same_at_all_points(kiosk):
    """A strong effect needs more of them than a weak one; all points get those of the strongest."""
    from sim.engine import Lowering
    from sim.scenario.variants import with_values

    plan = plan_of(kiosk(parameters={"psychology.effect_on.leaving": "0.1 .. 4"}))
    plan.world(lambda: None)
    for reach, bounds in ((plan.luck, 1), ({}, 4)):
        lower = Lowering(reach=reach)
        programs = [lower(with_values(plan.scenario, plan.points.row(k))) for k in range(plan.points.count)]
        found = {float(program.static["segments"]["bound"][0]) for program in programs}
        assert len(found) == 1 if bounds == 1 else len(found) >= bounds


def test_base_rates_are_solved_anew_or_once(kiosk, tmp_path):
    (tmp_path / "kiosk.yaml").write_text(KIOSK.replace("as_stated: false\n", ""))
    worlds = [plan_of(kiosk(base_rates=how)).world(lambda: None) for how in ("each_point", "once")]
    anew, once = (sweep_tasks.pickle.loads(world).rates for world in worlds)
    assert anew is None and set(once) == {"everyone"} and once["everyone"].choice_shift != 0.0


def test_only_what_was_asked_for_is_kept(kiosk, tmp_path):
    done = sweep(kiosk(points=2, kpis=["retention", "profit"]), out=tmp_path / "out")
    assert done.kpis == {"retention": "share", "profit": "EUR"}
    assert list(done.points.columns) == [*DESIGN["parameters"], "runs", "retention", "profit"]
    assert done.result()["kpis"]["profit"]["mean"] == pytest.approx(done.runs["profit"].mean())


def test_event_logs(kiosk, tmp_path):
    done = sweep(kiosk(points=2, logs=True), out=tmp_path / "out")
    visits = pd.read_parquet(done.folder / "logs" / "visits")
    assert visits.groupby(["point", "replication"], observed=True).size().shape == (4,)
    assert visits["point"].astype(int).unique().tolist() == [1, 2]
    assert sorted(path.name for path in (done.folder / "logs").iterdir()) == ["orders", "surveys", "visits"]


# ---------------------------------------------------------------- whoever runs it
def test_threads_of_an_executor(kiosk, tmp_path, whole):
    with ThreadPoolExecutor(2) as pool:
        assert table(sweep(kiosk(), out=tmp_path / "out", executor=pool)) == whole


@pytest.mark.slow
def test_two_workers_and_one_that_dies(kiosk, tmp_path, whole):
    killed = []

    def kill_one(tally):
        if tally.done and not killed:
            victims = multiprocessing.active_children()
            killed.append(victims[0].pid)
            os.kill(victims[0].pid, signal.SIGKILL)

    assert table(sweep(kiosk(), out=tmp_path / "out", workers=2, progress=kill_one)) == whole
    assert killed


class Mortal(sweep_hands.Here):
    """A worker that dies at some points."""

    def __init__(self, deadly):
        super().__init__()
        self.deadly, self.deaths = deadly, 0

    def listen(self, look):
        number, chunk = self._chunk
        if chunk is not None and any(point.number in self.deadly for point in chunk.points):
            self._chunk, self.deaths = (0, None), self.deaths + 1
            return [(number, WorkerDied())]
        return super().listen(look)


def test_a_point_that_kills_workers_is_a_failed_row(kiosk, tmp_path, whole, monkeypatch):
    from sim.experiment import sweep as module

    mortal = Mortal({7})
    monkeypatch.setattr(module, "_hands", lambda *_: mortal)
    done = sweep(kiosk(), out=tmp_path / "out")
    failed = done.runs[done.runs["status"] == "failed"]
    assert (
        failed["point"].tolist() == [7, 7] and failed["error"].str.startswith("a worker process died").all()
    )
    assert mortal.deaths == 3
    monkeypatch.undo()
    assert table(sweep(kiosk(), out=tmp_path / "out", resume=True)) == whole  # another try may do


def test_workers_that_all_die_end_it(kiosk, tmp_path, monkeypatch):
    from sim.experiment import sweep as module

    monkeypatch.setattr(module, "_hands", lambda *_: Mortal(set(range(1, 21))))
    with pytest.raises(RunError, match=r"die before they finish anything.* of 40 runs are kept"):
        sweep(kiosk(), out=tmp_path / "out")
    assert Sweep(tmp_path / "out").head["status"] == "interrupted"


def test_what_a_point_shares_is_done_once(kiosk, tmp_path, monkeypatch):
    from sim.engine import program

    calls = []
    lower = program._lower
    monkeypatch.setattr(program, "_lower", lambda *a, **k: calls.append(1) or lower(*a, **k))
    sweep(kiosk(replications=5, points=4, random_numbers="independent"), out=tmp_path / "out")
    assert len(calls) == 4


def test_chunks_are_whole_points_of_a_moment(kiosk):
    from sim.experiment.sweep import _Queue

    def sizes(pace, width, points=20):
        plan = plan_of(kiosk(points=points, replications=3))
        queue = _Queue(plan.points, np.ones(points, np.int64), np.arange(3 * points))
        if pace:
            queue.learn(1, pace)
        found = []
        while queue:
            piece = queue.cut(width)
            found.append([len(point.replications) for point in piece.points])
        assert sum(map(sum, found)) == 3 * points
        return found

    assert sizes(None, 2)[0] == [3]  # how long a run takes is not known yet
    assert sizes(0.1, 1)[:2] == [[3, 3]] * 2  # 0.7 seconds
    assert sizes(0.001, 2)[0] == [3] * 5 and sizes(0.001, 2)[-1] == [3]  # smaller towards the end
    assert sizes(2.0, 1) == [[3]] * 20
    assert sizes(6.0, 1, 2) == [[1]] * 6  # a point of 18 seconds is shared out
    queue = _Queue(plan_of(kiosk()).points, np.ones(20, np.int64), np.array([0, 3, 4, 5]))
    assert [(p.number, p.replications) for p in (queue.cut(1).points[0] for _ in range(3))] == [
        (1, (1,)),
        (2, (2,)),
        (3, (1, 2)),
    ]


# ---------------------------------------------------------------- failures
def test_a_point_that_is_no_scenario_is_a_failed_row(kiosk, tmp_path):
    values = {"touchpoints.buy.fails.chance": ["5 %", "10 %"], "population.size": [25, 20]}
    design = kiosk(method="full_factorial", points=None, parameters=values)
    bad = replace(design.parameters[1], values=(25.0, -1.0))
    done = sweep(replace(design, parameters=(design.parameters[0], bad)), out=tmp_path / "out")
    failed = done.runs[done.runs["status"] == "failed"]
    assert len(failed) == 4 and failed["error"].str.contains("population.size").all()
    assert not failed["error"].str.contains("\n").any() and failed["retention"].isna().all()
    again = sweep(replace(design, parameters=(design.parameters[0], bad)), out=tmp_path / "out", resume=True)
    assert again.new == 0  # it would fail again


def test_a_full_disk_is_a_sentence_and_resumable(kiosk, tmp_path, whole, monkeypatch):
    write, written = sweep_store.write_rows, []

    def full(path, tables):
        written.append(path)
        if len(written) > 3:
            raise OSError(28, "No space left on device", str(path))
        write(path, tables)

    monkeypatch.setattr(sweep_store, "write_rows", full)
    monkeypatch.setattr("sim.experiment.sweep.AIM", 0.0)
    with pytest.raises(
        RunError, match=r"cannot write .*No space left.*; (\d+) of 40 runs are kept, --resume"
    ) as end:
        sweep(kiosk(), out=tmp_path / "out")
    monkeypatch.undo()
    done = sweep(kiosk(), out=tmp_path / "out", resume=True)
    kept = int(re.search(r"(\d+) of 40", str(end.value))[1])
    assert table(done) == whole and 0 < done.new == 40 - kept


# ---------------------------------------------------------------- interrupted
def _play(design, out, seed):
    """A sweep of small chunks that replaces its table all the time."""
    sweep_store.SELDOM, sweep_store.SHARE = 0.0, 1.0
    from sim.experiment import sweep as module

    module.AIM = 0.0
    sweep(design, out=out, resume=True)


@BY_FORK
def test_killed_at_any_moment(kiosk, tmp_path, whole):
    chance, fork = random.Random(5), multiprocessing.get_context("fork")
    sweep_tasks.prepared("compiled")
    for attempt in range(3):
        child = fork.Process(target=_play, args=(kiosk(), tmp_path / "out", attempt))
        child.start()
        child.join(chance.uniform(0.03, 0.25))
        child.kill()
        child.join()
        assert child.exitcode in (0, -signal.SIGKILL)  # a fast machine may be through
    done = sweep(kiosk(), out=tmp_path / "out", resume=True)
    assert table(done) == whole
    assert not list((tmp_path / "out").rglob("*.partial"))


def test_killed_between_the_table_and_its_parts(kiosk, tmp_path, whole, monkeypatch):
    """Parts that are merged already say the same once more."""
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)
    sweep(kiosk(), out=tmp_path / "out")
    monkeypatch.undo()
    assert any((tmp_path / "out" / "parts").iterdir())
    head = json.loads((tmp_path / "out" / "sweep.json").read_text())
    (tmp_path / "out" / "sweep.json").write_text(json.dumps(head | {"status": "running"}))
    (tmp_path / "out" / "parts" / "00000999.parquet.partial").write_text("half")
    done = sweep(kiosk(), out=tmp_path / "out", resume=True)
    assert table(done) == whole and done.new == 0 and not any((tmp_path / "out" / "parts").iterdir())


def test_ctrl_c_keeps_what_is_done(kiosk, tmp_path, whole, monkeypatch):
    monkeypatch.setattr("sim.experiment.sweep.AIM", 0.0)
    out = tmp_path / "out"

    def press(tally):
        if tally.done >= 6:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        sweep(kiosk(), out=out, progress=press)
    runs = pd.read_parquet(out / "runs.parquet")
    assert Sweep(out).head["status"] == "interrupted"
    assert set(runs["status"]) == {"done", "pending"} and (runs["status"] == "done").sum() >= 6
    assert table(sweep(kiosk(), out=out, resume=True)) == whole


def test_readers_while_it_runs(kiosk, tmp_path, monkeypatch):
    polars, duckdb = pytest.importorskip("polars"), pytest.importorskip("duckdb")
    monkeypatch.setattr("sim.experiment.sweep.AIM", 0.0)
    file, seen = tmp_path / "out" / "runs.parquet", []

    def read(_):
        first = duckdb.sql(f"select status, count(*) from '{file}' group by status").fetchall()
        seen.append((len(pd.read_parquet(file)), polars.read_parquet(file).height, sum(n for _, n in first)))

    sweep(kiosk(points=4), out=tmp_path / "out", progress=read)
    assert len(seen) > 4 and set(seen) == {(8, 8, 8)}


def test_readers_while_the_table_is_replaced_all_the_time(kiosk, tmp_path, monkeypatch):
    """Whoever opens it once is never disturbed; we do."""
    pytest.importorskip("duckdb")
    from sim.experiment.sweep_query import ask

    for name, value in {"SELDOM": 0.0, "SHARE": 1.0}.items():
        monkeypatch.setattr(sweep_store, name, value)
    monkeypatch.setattr("sim.experiment.sweep.AIM", 0.0)
    seen, wrong, stop = [], [], threading.Event()

    def read():
        while not stop.is_set():
            with suppress(UsageError):  # not there yet
                try:
                    asked = ask(tmp_path / "out", "select count(*) from runs").rows[0][0]
                    seen.append((len(Sweep(tmp_path / "out").runs), asked))
                except OSError as error:
                    wrong.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        sweep(kiosk(), out=tmp_path / "out")
    finally:
        stop.set()
        reader.join()
    assert not wrong and len(seen) > 3 and set(seen) == {(40, 40)}


# ---------------------------------------------------------------- the folder
def test_a_scenario_that_does_not_run_is_mended_and_goes_on(kiosk, tmp_path):
    rules = tmp_path / "rules.py"
    rules.write_text("def buy(customer, touch):\n    raise ValueError('no rolls')\n")
    written = KIOSK.replace("as_stated: false\n", "").replace(
        "    quality", "    python: rules.py:buy\n    quality", 1
    )
    (tmp_path / "kiosk.yaml").write_text(written)
    design, out = kiosk(points=2, replications=1, size=5, horizon="5 d"), tmp_path / "out"
    with pytest.raises(
        RunError, match=r"does not run with its own values: .*rules.py:2: .*0 of 2 runs are kept"
    ):
        sweep(design, out=out)
    rules.write_text("def buy(customer, touch):\n    return None\n")
    done = sweep(design, out=out, resume=True)
    assert done.counts["done"] == 2 and "return None" in next(out.rglob("rules.py")).read_text()
    rules.write_text("def buy(customer, touch):\n    pass\n")
    with pytest.raises(UsageError, match=r"rules.py has changed"):
        sweep(design, out=out, resume=True)


def test_a_folder_that_is_taken(kiosk, tmp_path):
    sweep(kiosk(points=2), out=tmp_path / "out")
    with pytest.raises(UsageError, match="holds a sweep already; --resume"):
        sweep(kiosk(points=2), out=tmp_path / "out")
    assert sweep(kiosk(points=2), out=tmp_path / "out", resume=True).new == 0
    with pytest.raises(UsageError, match=r"holds another sweep.*points was 2, is 3; seed was 1, is 2"):
        sweep(kiosk(points=3, seed=2), out=tmp_path / "out", resume=True)
    (tmp_path / "kiosk.yaml").write_text(KIOSK.replace("20 %", "21 %"))
    with pytest.raises(UsageError, match=r"kiosk\.yaml has changed"):
        sweep(kiosk(points=2), out=tmp_path / "out", resume=True)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    for resume in (False, True):
        with pytest.raises(UsageError, match="exists and is not empty"):
            sweep(kiosk(points=2), out=tmp_path / "full", resume=resume)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["letter.txt"]
    with pytest.raises(UsageError, match="is a file"):
        sweep(kiosk(points=2), out=tmp_path / "full" / "letter.txt")


def test_two_sweeps_in_one_folder(kiosk, tmp_path):
    said = []

    def second(tally):
        if not said:
            with pytest.raises(UsageError) as refused:
                sweep(kiosk(), out=tmp_path / "out", resume=True)
            said.append(str(refused.value))

    sweep(kiosk(points=2), out=tmp_path / "out", progress=second)
    assert f"another sweep is writing it (process {os.getpid()} on " in said[0]


def test_a_name_that_resume_finds_again(kiosk, tmp_path):
    first = sweep(kiosk(points=2), results=tmp_path / "results")
    assert sweep(kiosk(points=2), results=tmp_path / "results", resume=True).folder == first.folder
    assert sweep(kiosk(points=3), results=tmp_path / "results").folder != first.folder


# ---------------------------------------------------------------- the command
@pytest.fixture
def command(tmp_path, monkeypatch):
    """The command in a folder with a design file; returns (exit status, output, messages)."""
    (tmp_path / "kiosk.yaml").write_text(KIOSK)
    (tmp_path / "design.yaml").write_text(json.dumps({"design": DESIGN | {"points": 3}}))
    monkeypatch.chdir(tmp_path)

    def run(*words):
        done = CliRunner().invoke(main, ["sweep", "design.yaml", "--out", "out", "--workers", "1", *words])
        return done.exit_code, done.stdout, done.stderr

    return run


def test_the_command_says_where_and_what_next(command):
    status, out, err = command("--quiet")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "Kiosk: 3 points (latin_hypercube, 2 parameters) x 2 replications"
    assert re.fullmatch(r"runs: +6 done, 0 failed, 6 of them now in \d+ s", lines[1])
    assert lines[2].split() == ["table:", "out/runs.parquet"]
    assert lines[-1].split() == ["next:", "touchpoint", "sensitivity", "out"]
    assert command() == (
        2,
        "",
        "out: holds a sweep already; --resume goes on with it, --out names another folder\n",
    )
    status, out, err = command("--resume", "--json")
    told = json.loads(out)
    assert (status, err) == (0, "") and told["new"] == 0 and told["counts"]["done"] == told["runs"] == 6


def test_the_command_tells_of_failed_runs(command, monkeypatch):
    from sim.experiment import sweep_tasks as tasks

    def perform(job, program, look):
        raise RunError("the shop burnt\ndown")

    monkeypatch.setattr(tasks, "perform", perform)
    status, out, _ = command("--quiet")
    assert status == 1 and "0 done, 6 failed" in out and "6 runs: the shop burnt down" in out


def test_of_many_different_errors_the_most_frequent_are_told(command, monkeypatch):
    from sim.experiment import sweep_tasks as tasks

    causes = iter(["one", "one", "two", "three", "four", "five"])
    monkeypatch.setattr(tasks, "perform", lambda *_: (_ for _ in ()).throw(RunError(next(causes))))
    _, out, _ = command("--quiet", "--workers", "1")
    assert "2 runs: one\n" in out and "2 runs with other errors: see the column error\n" in out


def test_workers_here_or_there(command):
    status, _, err = command("--dask", "tcp://127.0.0.1:9")
    assert status == 2 and "give one of them" in err


@pytest.mark.slow
def test_a_hundred_thousand_runs_stay_within_memory(kiosk, tmp_path):
    """Registered, kept in a thousand parts, replaced now and then, finished: 200 MB beside what 1,000 runs take."""
    kiosk()
    less, more = (_peak(tmp_path, runs) for runs in (1_000, 100_000))
    assert more - less < 200e6


def _peak(folder, runs):
    """Peak memory of a sweep whose workers do nothing, as a process of its own sees it."""
    code = f"""
import resource, sys
import pandas as pd
from sim.experiment import sweep_hands
from sim.experiment.points import points_from
from sim.experiment.sweep import sweep
from sim.experiment.sweep_tasks import Worked

def work(chunk, look):
    values = [tuple(float(point.number + n) for n in range(KPIS)) for point in chunk.points]
    rows = [(point.number, 1, found, None) for point, found in zip(chunk.points, values)]
    return Worked(rows, 0.007 * len(rows))

sweep_hands.work = work
points = pd.DataFrame({{"touchpoints.buy.fails.chance": [k / {runs} for k in range({runs})]}})
points = points_from(points, {{"scenario": "kiosk.yaml", "replications": 1, "base_rates": "once"}}, {str(folder)!r})
from sim.experiment.sweep_plan import all_kpis
from sim.scenario.design import scenario_of
KPIS = len(all_kpis(scenario_of(points.design)))
done = sweep(points, out={str(folder / str(runs))!r})
assert done.counts["done"] == {runs}
print(done.seconds, file=sys.stderr)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)
