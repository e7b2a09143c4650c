"""Sweeps on a Dask cluster: the same table, whoever dies on the way."""

import logging
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from kiosk import KIOSK

from sim.errors import RunError, UsageError
from sim.experiment import sweep_dask
from sim.experiment.sweep import Sweep, sweep
from sim.scenario.design import design_of

distributed = pytest.importorskip("distributed")


def design(folder, points, size=25, days=15):
    (folder / "kiosk.yaml").write_text(KIOSK.format(size=size, days=days))
    data = {
        "scenario": "kiosk.yaml",
        "method": "latin_hypercube",
        "points": points,
        "replications": 2,
        "parameters": {"touchpoints.buy.fails.chance": "1 % .. 50 %"},
    }
    return design_of(data, folder)


def table(folder):
    return (folder / "runs.parquet").read_bytes()


def test_dask_says_nothing_beside_our_sentence(monkeypatch):
    loud = logging.getLogger("distributed.client")
    monkeypatch.setattr(loud, "level", logging.WARNING)  # Dask's configuration gives it one of its own
    monkeypatch.setattr(sweep_dask, "CONNECT", 0.2)
    with pytest.raises(UsageError, match="no Dask scheduler answers"):
        sweep_dask.Cluster("tcp://127.0.0.1:1")
    assert loud.level == logging.CRITICAL


@pytest.fixture
def threads():
    """A cluster within this process, at an address."""
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, protocol="tcp://", dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


def test_the_same_table_as_here(tmp_path, threads):
    what = design(tmp_path, 10)
    sweep(what, out=tmp_path / "here")
    sweep(what, out=tmp_path / "there", dask=threads)
    assert table(tmp_path / "here") == table(tmp_path / "there")


class Told:
    """A client whose one worker says something of its versions."""

    def __init__(self, answer):
        self.answer = answer

    def run(self, *_, **__):
        return {"tcp://10.0.0.7:4242": self.answer}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            {"numpy": "1.26.4"},
            r"the worker at tcp://10\.0\.0\.7:4242 has numpy 1\.26\.4, here is .*: install the same",
        ),
        ({"touchpoint": "0.0.9"}, r"has touchpoint 0\.0\.9, here is "),
        (
            ModuleNotFoundError("No module named 'sim'"),
            r"cannot run Touchpoint: No module named 'sim'; install it",
        ),
    ],
)
def test_other_versions_are_refused(answer, said):
    from sim.experiment import sweep_dask

    told = Told(answer if isinstance(answer, Exception) else sweep_dask.versions() | answer)
    with pytest.raises(UsageError, match=said):
        sweep_dask._check_versions(told, "tcp://10.0.0.1:8786")


def test_nobody_at_the_address(tmp_path, monkeypatch):
    monkeypatch.setattr("sim.experiment.sweep_dask.CONNECT", 0.5)
    for address in ("tcp://127.0.0.1:9", "nonsense://here", "no such host"):
        began = time.monotonic()
        with pytest.raises(UsageError, match="no Dask scheduler answers at") as refused:
            sweep(design(tmp_path, 2), out=tmp_path / "out", dask=address)
        assert time.monotonic() - began < 10.0 and "\n" not in str(refused.value)
    assert not (tmp_path / "out").exists()


# ---------------------------------------------------------------- processes of their own
def dask(*words):
    return subprocess.Popen(
        [sys.executable, "-m", "distributed.cli." + words[0], *words[1:]],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONPATH": os.getcwd()},
    )


@pytest.fixture
def cluster():
    """``(address, the scheduler's process, the workers' processes)``."""
    scheduler = dask("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    for line in scheduler.stderr:
        if found := re.search(r"Scheduler at:\s+(tcp://\S+)", line):
            break
    address = found[1]
    worker = ("dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard")
    workers = [dask(*worker), dask(*worker)]
    yield address, scheduler, workers
    for process in (scheduler, *workers):
        process.kill()
        process.wait()
        process.stderr.close()


@pytest.mark.slow
def test_a_worker_is_killed_in_the_middle(tmp_path, cluster):
    address, _, workers = cluster
    what = design(tmp_path, 150, size=1000, days=180)
    sweep(what, out=tmp_path / "here")

    def kill_one(tally):
        if 0.2 < tally.share < 0.8 and workers[0].poll() is None:
            workers[0].send_signal(signal.SIGKILL)

    done = sweep(what, out=tmp_path / "there", dask=address, progress=kill_one)
    assert workers[0].poll() == -signal.SIGKILL
    assert done.counts["failed"] == 0 and table(tmp_path / "here") == table(tmp_path / "there")


@pytest.mark.slow
def test_the_scheduler_goes_away(tmp_path, cluster):
    address, scheduler, _ = cluster
    what = design(tmp_path, 150, size=1000, days=180)
    gone = []

    def kill_it(tally):
        if tally.share > 0.2 and not gone:
            gone.append(time.monotonic())
            scheduler.kill()

    with pytest.raises(RunError, match=r"scheduler at tcp.* went away; \d+ of 300 runs are kept, --resume"):
        sweep(what, out=tmp_path / "there", dask=address, progress=kill_it)
    assert time.monotonic() - gone[0] < 30.0
    counts = Sweep(tmp_path / "there").counts
    assert counts["done"] >= 60 and counts["running"] == 0
    sweep(what, out=tmp_path / "there", resume=True)
    sweep(what, out=tmp_path / "here")
    assert table(tmp_path / "here") == table(tmp_path / "there")
