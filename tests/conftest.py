"""What all tests share: a business small enough to run in a blink, and machine code made once."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import settings

os.environ["TOUCHPOINT_ALL_ENTRIES"] = "1"  # tests call the model's inner functions, too
if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):  # as a shell leaves it to what it runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("touchpoint", deadline=None, print_blob=True, derandomize=True)
settings.load_profile("touchpoint")

KIOSK = """\
name: Kiosk
about: A newspaper kiosk that a test can run in a blink.
horizon: 30 d
warm_up: 0
population: {size: 40}
customers:
  needs: {mean: 2 per week}
  leaves: {mean: 80 % per year}
  reconsiders: 1 per 7 d
  spends: {empirical: {file: spends.csv, column: amount}}
touchpoints:
  buy: {stage: purchase, quality: {mean: 0.2, sd: 0.2}, feels: {joy: 0.2}, sells: {price: own_spend}}
journeys:
  visit:
    starts_on: {need: {becomes: buy, usually: 80 %}}
    steps:
      buy: {next: end}
"""
CHEAPER = """\
extends: ../baseline.yaml
name: Cheaper papers
touchpoints:
  buy: {quality: 0.4}
"""


@pytest.fixture(scope="session", autouse=True)
def importable() -> None:
    """Processes that tests start find the package, wherever they start."""
    import os

    import sim

    os.environ["PYTHONPATH"] = str(Path(sim.__file__).parents[1])


@pytest.fixture
def kiosk(tmp_path) -> Path:
    """A baseline with a data file beside it, and a strategy in a folder below."""
    folder = tmp_path / "kiosk"
    (folder / "strategies").mkdir(parents=True)
    (folder / "baseline.yaml").write_text(KIOSK, encoding="utf-8")
    (folder / "spends.csv").write_text("amount\n1.50\n2.00\n2.50\n4.00\n", encoding="utf-8")
    (folder / "strategies" / "cheaper.yaml").write_text(CHEAPER, encoding="utf-8")
    return folder / "baseline.yaml"


@pytest.fixture
def cheaper(kiosk) -> Path:
    """A strategy that extends the kiosk."""
    return kiosk.parent / "strategies" / "cheaper.yaml"


def pytest_sessionstart(session: pytest.Session) -> None:
    """Before several processes test at once, let one compile: the others find the machine code on disk."""
    alone = not getattr(session.config.option, "numprocesses", None)
    if alone or hasattr(session.config, "workerinput") or session.config.option.collectonly:
        return
    from sim._jit import cache_folder, compiled_before

    if cache_folder() is not None and not compiled_before():
        _compile()


def _compile() -> None:
    import tempfile

    import sim

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kiosk.yaml"
        path.write_text(
            KIOSK.replace("{empirical: {file: spends.csv, column: amount}}", "{mean: 2}"), "utf-8"
        )
        sim.run(path, replications=1, log=False)
    shutil.rmtree(folder, ignore_errors=True)
