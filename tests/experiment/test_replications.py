"""Replications: in order and the same however they are spread; nobody outlives a run that breaks off."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from sim.errors import RunError
from sim.experiment import replications
from sim.experiment.replications import replicate
from sim.experiment.signals import Held
from sim.experiment.workers import Crew


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
    with pytest.raises(RunError, match=r"a worker process died during replication [12]; .*memory"):
        replicate(Deadly(), seed=1, replications=2, workers=2, engine="reference")


def test_an_interrupted_run_leaves_no_worker():
    began = time.monotonic()

    def interrupt(_):
        if time.monotonic() - began > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replicate(Endless(), seed=1, replications=2, workers=2, engine="reference", progress=interrupt)
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
    replicate(Endless(), seed=1, replications=2, workers=2, engine="reference", progress=tell)
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


# ---------------------------------------------------------------- threads, and being told to stop
def begin_endless(monkeypatch) -> list[int]:
    """Replications that never end but tell how far they are; the list says which have begun."""
    begun = []

    def perform(task, program, progress):
        begun.append(task.replication)
        while True:
            progress(0.5)
            time.sleep(0.01)

    monkeypatch.setattr(replications, "perform", perform)
    return begun


def test_threads_end_with_an_interrupted_run(monkeypatch):
    monkeypatch.setattr(replications, "cores", lambda: 2)
    begun, before = begin_endless(monkeypatch), threading.active_count()

    def interrupt(_):
        if len(begun) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replicate("p", seed=1, replications=4, workers=2, progress=interrupt)
    assert threading.active_count() == before
    assert sorted(begun) == [1, 2]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_threads_and_leaves_its_handler_as_it_was(monkeypatch, number):
    monkeypatch.setattr(replications, "cores", lambda: 2)
    begun = begin_endless(monkeypatch)

    def stop(*_):
        raise KeyboardInterrupt

    def kill(_):
        if begun:
            signal.raise_signal(number)

    before = signal.signal(number, stop)
    try:
        with pytest.raises(KeyboardInterrupt):
            replicate("p", seed=1, replications=4, workers=2, progress=kill)
        assert signal.getsignal(number) is stop
    finally:
        signal.signal(number, before)


def test_a_held_signal_waits_until_somebody_looks():
    with pytest.raises(KeyboardInterrupt), Held() as held:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        passed = True
        held.look()
    assert passed


def test_one_failure_ends_the_others(monkeypatch):
    monkeypatch.setattr(replications, "cores", lambda: 2)
    begin_endless(monkeypatch)
    endless = replications.perform

    def perform(task, program, progress):
        if task.replication == 2:
            raise RunError("out of indices")
        endless(task, program, progress)

    monkeypatch.setattr(replications, "perform", perform)
    with pytest.raises(RunError, match="out of indices"):
        replicate("p", seed=1, replications=4, workers=2)


def sleep(task: tuple[float, bytes], tell) -> float:
    """A worker's task: sleep for so many seconds, with a burden larger than any pipe holds."""
    tell(0.5)
    time.sleep(task[0])
    return "slept"


def refuse(task: object, tell) -> None:
    """A worker's task that fails."""
    raise RunError(f"no {task}")


def test_a_crew_is_gone_in_the_middle_of_tasks_larger_than_a_pipe():
    burden = bytes(10_000_000)
    with Crew(2, sleep) as crew:
        events = crew.perform([(60.0, burden)] * 4)
        while next(events) is None:
            pass
    assert multiprocessing.active_children() == []


def test_a_crew_tells_shares_and_results():
    with Crew(2, sleep) as crew:
        told = [event for event in crew.perform([(0.0, b"")] * 3) if event is not None]
    assert sorted(told, key=str) == sorted([(n, word) for n in range(3) for word in (0.5, "slept")], key=str)


def test_what_a_worker_raises_comes_with_its_traceback():
    with Crew(1, refuse) as crew:
        ((_, error),) = [event for event in crew.perform(["luck"]) if event is not None]
    assert isinstance(error, RunError) and str(error) == "no luck"
    assert "in refuse" in error.__notes__[0]


def test_a_signal_waits_while_the_compiler_waits_for_an_answer():
    reached = []

    def _raw_object_cache_notify() -> None:
        signal.raise_signal(signal.SIGINT)
        reached.append(True)  # an exception here would get lost in C, or worse

    with pytest.raises(KeyboardInterrupt), Held(at_once=True):
        _raw_object_cache_notify()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            time.sleep(0.01)
    assert reached
