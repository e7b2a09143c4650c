"""Scenario files to break: a small valid one, and the shops."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.errors import ScenarioError
from sim.scenario import Scenario, load

FILES = Path(__file__).parent / "files"
SMALL = """\
name: Small
horizon: 30 d
customers:
  needs: 1 per week
touchpoints:
  order: {stage: purchase}
journeys:
  visit:
    starts_on: {need: {becomes: order}}
    steps:
      order: {next: end}
"""


def cases(name: str) -> list[tuple[str, ...]]:
    """The cases of a file in ``cases``: blocks of lines, each behind a sign that says what it is.

    ``-`` what is replaced, ``+`` what is put in (^ marks where the message must point), ``$`` a setting,
    ``!`` the message.
    """
    text = (Path(__file__).parent / "cases" / f"{name}.txt").read_text(encoding="utf-8")
    blocks = [block.splitlines() for block in text.strip("\n").split("\n\n")]
    return [tuple(line[2:].replace("\\n", "\n") for line in block) for block in blocks]


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test works in a folder of its own, so messages name files without a path."""
    for file in FILES.iterdir():
        shutil.copy(file, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def write(in_folder: Path) -> Callable[..., Path]:
    """Writes a scenario file."""

    def write(text: str, name: str = "shop.yaml") -> Path:
        (in_folder / name).write_text(text, encoding="utf-8")
        return Path(name)

    return write


@pytest.fixture
def small(write: Callable[..., Path]) -> Callable[..., Scenario]:
    """Loads the small scenario with more lines below it."""
    return lambda more="", *sets: load(write(SMALL + more), sets)


@pytest.fixture
def complaints(write: Callable[..., Path]) -> Callable[..., list[str]]:
    """Every line that is said about a file's text."""

    def complaints(text: str, *sets: str) -> list[str]:
        with pytest.raises(ScenarioError) as caught:
            load(write(text), sets)
        return str(caught.value).splitlines()

    return complaints
