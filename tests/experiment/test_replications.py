"""Replications: in order and the same however they are spread; nobody outlives a run that breaks off."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from sim.errors import RunError
from sim.experiment import replications
from sim.experiment.replications import replicate


class Deadly:
    """A program that kills whoever unpickles it."""

    def __reduce__(self):
        return os._exit, (1,)


class Endless:
    """A program over which a worker sleeps."""

    def __reduce__(self):
        return time.sleep, (60,)


@pytest.fixture
def fake(monkeypatch):
    """Simulations that take the less time the later they come, in threads of this process."""

    def perform(task, program, progress):
        progress(0.5)
        time.sleep(0.02 * (4 - task.replication))
        return SimpleNamespace(replication=task.replication, seed=task.seed, program=program)

    monkeypatch.setattr(replications, "perform", perform)


def test_outcomes_come_in_order_from_any_executor(fake):
    with ThreadPoolExecutor(4) as executor:
        outcomes = replicate("program", seed=3, replications=4, executor=executor)
    assert [outcome.replication for outcome in outcomes] == [1, 2, 3, 4]
    assert {(outcome.seed, outcome.program) for outcome in outcomes} == {(3, "program")}


@pytest.mark.parametrize("threads", [0, 4])
def test_finished_ones_are_told_in_order_and_progress_never_falls(fake, threads):
    told, shares = [], []
    executor = ThreadPoolExecutor(threads) if threads else None
    replicate("p", seed=1, replications=4, executor=executor, finished=told.append, progress=shares.append)
    assert [outcome.replication for outcome in told] == [1, 2, 3, 4]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_an_error_of_a_replication_reaches_the_caller(fake, monkeypatch):
    def fail(*_):
        raise RunError("out of indices")

    monkeypatch.setattr(replications, "perform", fail)
    with ThreadPoolExecutor(2) as executor, pytest.raises(RunError, match="out of indices"):
        replicate("p", seed=1, replications=4, executor=executor)


def test_a_worker_that_dies_is_a_clear_error():
    with pytest.raises(RunError, match=r"a worker process died during replication 1; .*memory"):
        replicate(Deadly(), seed=1, replications=2, workers=2)


def test_an_interrupted_run_leaves_no_worker():
    began = time.monotonic()

    def interrupt(_):
        if time.monotonic() - began > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replicate(Endless(), seed=1, replications=2, workers=2, progress=interrupt)
    assert time.monotonic() - began < 20
    assert multiprocessing.active_children() == []


PARENT = """
import multiprocessing, time
from sim.experiment.replications import replicate

class Endless:
    def __reduce__(self):
        return time.sleep, (60,)

def tell(_):
    print(*[child.pid for child in multiprocessing.active_children()], flush=True)
    time.sleep(1)

if __name__ == "__main__":
    replicate(Endless(), seed=1, replications=2, workers=2, progress=tell)
"""


def test_workers_go_when_the_parent_is_killed(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    parent = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    lines = (line.split() for line in parent.stdout)
    pids = next([int(pid) for pid in line] for line in lines if len(line) == 2)
    time.sleep(1.0)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while any(alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [pid for pid in pids if alive(pid)] == []


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not collected yet does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
