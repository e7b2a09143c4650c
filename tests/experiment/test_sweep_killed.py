"""The command line's sweeps, killed, stopped and resumed: exit statuses, messages, and the same table in the end."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time

import pytest
from kiosk import KIOSK

DESIGN = """\
design:
  name: Kiosk
  scenario: kiosk.yaml
  method: saltelli
  samples: {samples}
  replications: 1
  parameters:
    touchpoints.buy.fails.chance: 1 % .. 50 %
    touchpoints.buy.quality.mean: 0 .. 0.4
    touchpoints.buy.feels.joy.mean: 0.1 .. 0.4
    psychology.effect_on.leaving: 0.5 .. 2
    customers.needs.mean: 1 per week .. 3 per week
    customers.spends.mean: 2 .. 5
"""


@pytest.fixture
def folder(tmp_path):
    def made(samples, size, days):
        (tmp_path / "kiosk.yaml").write_text(KIOSK.format(size=size, days=days))
        (tmp_path / "design.yaml").write_text(DESIGN.format(samples=samples))
        return tmp_path

    return made


def start(folder, *options):
    command = [sys.executable, "-m", "sim", "sweep", "design.yaml", *options]
    return subprocess.Popen(
        command,
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.getcwd()},
    )


def run(folder, *options):
    process = start(folder, *options)
    out, err = process.communicate()
    return process.returncode, out, err


def finished(folder):
    """Runs that are in the folder already, in the table or in its parts."""
    import pyarrow.parquet as parquet

    found = 0
    for path in (folder / "runs.parquet", *(folder / "parts").glob("*.parquet")):
        try:
            found += parquet.ParquetFile(path).read(["status"])["status"].to_pylist().count("done")
        except OSError:  # not there yet, or merged meanwhile
            continue
    return found


def wait_until(folder, runs, process):
    end = time.monotonic() + 300.0
    while finished(folder) < runs and process.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    assert process.poll() is None, process.communicate()


@pytest.mark.slow
def test_a_thousand_points_killed_three_times(folder):
    """1,024 points of a Saltelli design, 2,000 customers; one, then two workers."""
    where, chance = folder(128, 2000, 60), random.Random(3)
    for kill in (1, 2, 3):
        process = start(where, "--out", "killed", "--resume", "--workers", "2", "--quiet")
        wait_until(where / "killed", 250 * kill - chance.randrange(100), process)
        time.sleep(chance.uniform(0.0, 1.0))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    status, out, _ = run(where, "--out", "killed", "--resume", "--workers", "1", "--json")
    told = json.loads(out)
    assert status == 0 and told["counts"]["done"] == told["runs"] == 1024 and told["new"] < 800
    assert run(where, "--out", "whole", "--workers", "2", "--quiet")[0] == 0
    assert (where / "killed" / "runs.parquet").read_bytes() == (where / "whole" / "runs.parquet").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(("signals", "status"), [((signal.SIGINT,) * 2, 130), ((signal.SIGTERM,), 143)])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_stopped(folder, signals, status, workers):
    where = folder(64, 800, 60)
    process = start(where, "--out", "out", "--workers", workers)
    wait_until(where / "out", 20, process)
    for number in signals:
        process.send_signal(number)
        time.sleep(0.05)
    began = time.monotonic()
    _, err = process.communicate()
    assert process.returncode == status and time.monotonic() - began < 10.0
    found = re.fullmatch(
        r"interrupted; (\d+) of 512 runs are kept, --resume goes on with the rest\n"
        rf"go on with: touchpoint sweep design\.yaml --out out --workers {workers} --resume\n",
        err.replace(
            "Compiling the model, once after installing or changing Touchpoint (about 20 seconds) ...\n", ""
        ),
    )
    assert found, err
    kept = int(found[1])
    assert kept >= 20 and finished(where / "out") == kept
    assert json.loads((where / "out" / "sweep.json").read_text())["status"] == "interrupted"
    assert run(where, "--out", "out", "--resume", "--quiet")[0] == 0
    assert run(where, "--out", "whole", "--quiet")[0] == 0
    assert (where / "out" / "runs.parquet").read_bytes() == (where / "whole" / "runs.parquet").read_bytes()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX limits")
def test_a_full_disk(folder):
    """A limit on the size of files stands for a disk that is full."""
    where = folder(64, 200, 30)
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "from sim.experiment import sweep_store; sweep_store.SELDOM = 0.0; sweep_store.SHARE = 1e9; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY)); "
        "from sim.cli import main; main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, "sweep", "design.yaml", "--out", "out", "--workers", "1"]
    done = subprocess.run(
        command, cwd=where, text=True, capture_output=True, env=os.environ | {"PYTHONPATH": os.getcwd()}
    )
    assert done.returncode == 1, done.stderr
    assert re.search(
        r"cannot write out: File too large.*; \d+ of 512 runs are kept, --resume goes on", done.stderr
    )
    assert "Traceback" not in done.stderr and not list(where.rglob("*.partial"))
    status, out, _ = run(where, "--out", "out", "--resume", "--json")
    assert status == 0 and json.loads(out)["counts"]["done"] == 512
