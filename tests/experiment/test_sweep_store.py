"""A sweep's folder as it is read: the table, and what lies in parts since it was written."""

import json

import pyarrow as pa
import pytest

from sim import Sweep
from sim.errors import UsageError
from sim.experiment.sweep_store import read_rows, write_rows
from sim.experiment.swept import read_sweep

HEAD = {"schema": 1, "points": 2, "replications": 2, "parameters": [], "kpis": {"retention": "share"}}


def rows(*listed, **more):
    names = ("point", "replication", "retention", "status", "error")
    types = (pa.int64(), pa.int64(), pa.float64(), pa.string(), pa.string())
    columns = zip(*listed, strict=True)
    table = {name: pa.array(each, kind) for name, kind, each in zip(names, types, columns, strict=True)}
    return pa.table({**table, **{name: pa.array([None] * len(listed), pa.float64()) for name in more}})


@pytest.fixture
def killed(tmp_path):
    """A folder as `kill -9` leaves it: one run in the table, two in parts, one of them tried again."""
    (tmp_path / "parts").mkdir()
    (tmp_path / "sweep.json").write_text(json.dumps(HEAD))
    waiting = [(p, r, None, "pending", None) for p, r in ((1, 2), (2, 1), (2, 2))]
    write_rows(tmp_path / "runs.parquet", [rows((1, 1, 0.5, "done", None), *waiting)])
    died, again = (2, 1, None, "failed", "died"), (2, 1, 0.7, "done", None)
    for number, one in enumerate([(1, 2, 0.6, "done", None), died, again], 1):
        write_rows(tmp_path / "parts" / f"{number:08d}.parquet", [rows(one, wait_mean=0)])
    (tmp_path / "parts" / "00000004.parquet.partial").write_text("half")
    return tmp_path


def test_what_is_kept_in_parts_is_read_too(killed):
    found = read_rows(killed).to_pydict()
    assert (found["point"], found["replication"]) == ([1, 1, 2, 2], [1, 2, 1, 2])
    assert found["retention"] == [0.5, 0.6, 0.7, None] and "wait_mean" not in found
    assert found["status"] == ["done", "done", "done", "pending"] and found["error"] == [None] * 4
    assert read_rows(killed, ["status"]).column_names == ["status"]


def test_every_reader_sees_the_same(killed):
    assert Sweep(killed).counts == {"pending": 1, "running": 0, "done": 3, "failed": 0}
    assert list(Sweep(killed).runs["status"]) == list(read_sweep(killed).runs["status"])


def test_a_part_that_cannot_be_read_is_a_sentence(killed):
    (killed / "parts" / "00000002.parquet").write_text("no")
    with pytest.raises(UsageError, match="the sweep cannot be read"):
        read_rows(killed)
