"""docs/ideas.md: every idea can be written, runs, and shows where the page says that it shows."""

import functools
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sim

PAGE = (Path(__file__).parents[1] / "docs" / "ideas.md").read_text(encoding="utf-8")
BASE = re.search(r"```yaml\n(.*?)```", PAGE, re.S)[1]
ROWS = re.findall(r"^\| ([^|]+) \| `([^|]+)` \| ([^|]+) \|", PAGE, re.M)
SHOWS = re.compile(r"`([\w.]+)` (rises|falls|moves|appears|disappears)")


def run(folder, piece=None):
    """The baseline, or a strategy that lays a piece over it."""
    (folder / "base.yaml").write_text(BASE, encoding="utf-8")
    file = folder / "base.yaml"
    if piece is not None:
        file = folder / "piece.yaml"
        file.write_text(f"extends: base.yaml\n{as_block(piece)}\n", encoding="utf-8")
    return sim.run(file, seed=3, replications=2)


def as_block(piece):
    """The keys at the top of a piece on one line, a line each."""
    depth, lines = 0, [""]
    for letter in piece:
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            lines.append("")
        else:
            lines[-1] += letter
    return "\n".join(line.strip() for line in lines)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return functools.cache(functools.partial(value, run(tmp_path_factory.mktemp("ideas"))))


def value(run, name):
    """A KPI's mean, or a column's: of words, how many there are. None if there is none."""
    table, _, column = name.partition(".")
    if not column:
        return run.summary[name]["mean"] if name in run.summary else None
    found = getattr(run, table)[column]
    if not pd.api.types.is_numeric_dtype(found):
        return float(found.notna().sum()) or None
    return None if found.dropna().empty else float(np.mean(found))


@pytest.mark.parametrize(("idea", "piece", "shows"), ROWS, ids=[row[0][:40] for row in ROWS])
def test_an_idea_shows(tmp_path, plain, idea, piece, shows):
    told = SHOWS.findall(shows)
    assert told and SHOWS.sub("", shows).strip(", ") == ""
    with_it = run(tmp_path, piece)
    for name, how in told:
        before, after = plain(name), value(with_it, name)
        if how == "appears":
            assert not before and after, name
        elif how == "disappears":
            assert before is not None and after is None, name
        else:
            assert after - before > 0 if how == "rises" else after != before, (name, before, after)
            assert how != "falls" or after < before, (name, before, after)


def test_the_page_has_every_idea():
    assert len(ROWS) > 70
