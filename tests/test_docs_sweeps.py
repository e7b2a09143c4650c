"""docs/sweeps.md: its designs are right, and its table of keys is the schema's."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from sim.cli import main
from sim.experiment.points import design_from, points_of
from sim.scenario.design_file import COUNTED, MORRIS_LEVELS, USED_BY, Sheet

PAGE = Path(__file__).parents[1] / "docs" / "sweeps.md"
TEXT = PAGE.read_text(encoding="utf-8")
FILES = re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", TEXT, re.S)
COMMANDS = [line for block in re.findall(r"```console\n(.*?)```", TEXT, re.S) for line in block.splitlines()]
QUICK = [line for line in COMMANDS if line.split()[1] in ("check", "schema")]


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A working folder with the files of the page."""
    for name, text in FILES:
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table(first: str) -> dict[str, list[str]]:
    """The rows of the table whose first column has this name, by their first cell."""
    rows = re.search(rf"^\| {first} \|.*\n\|[-| ]+\n((?:\|.*\n)+)", TEXT, re.M)[1].splitlines()
    cells = [[cell.strip().replace("`", "") for cell in row.strip("|").split("|")] for row in rows]
    return {row[0]: row[1:] for row in cells}


def test_designs_of_the_page_are_right(desk):
    names = [name for name, _ in FILES if name.endswith(".yaml")]
    assert len(names) >= 2
    for name in names:
        assert points_of(design_from(name)).runs > 0


@pytest.mark.parametrize("line", QUICK)
def test_commands_of_the_page_are_understood(desk, line):
    done = CliRunner().invoke(main, shlex.split(line)[1:])
    assert done.exit_code == 0, done.output


def test_python_of_the_page_runs(desk):
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", TEXT, re.S) if "design_from(" in block]
    names: dict = {}
    exec(code, names)
    points, own = names["points"], names["own"]
    assert f"# {points.count}, {points.runs}" in code
    assert own.frame.equals(names["more"].frame.head(3))


def test_every_key_is_told_with_its_default():
    told = table("key")
    assert set(told) == set(Sheet.model_fields)
    for key, info in Sheet.model_fields.items():
        default = info.get_default(call_default_factory=True)
        if key in ("scenario", "method", "parameters", *COUNTED, "file"):
            assert told[key][0] == "required"
        elif key == "levels":
            assert told[key][0] == f"required for ranges; {MORRIS_LEVELS} for morris"
        else:
            empty = default in (None, "", ())
            assert told[key][0] == ("none" if empty else str(default).lower()), key


def test_every_method_is_told_with_the_keys_it_takes():
    methods, keys = table("method"), table("key")
    known = {method for named in USED_BY.values() for method in named}
    assert set(methods) == known
    for key, named in USED_BY.items():
        assert all(method in keys[key][1] for method in named)
    assert all(method in keys["method"][1] for method in methods)
