"""Questions to a sweep's table in SQL."""

import json

import pyarrow as pa
import pytest
from click.testing import CliRunner

from sim.cli import main
from sim.experiment.sweep_store import write_rows

pytest.importorskip("duckdb")


@pytest.fixture
def folder(tmp_path):
    runs = pa.table({"point": [1, 1, 2], "loyalty.card.pull": [0.1, 0.1, 0.3], "retention": [0.7, None, 0.8]})
    write_rows(tmp_path / "runs.parquet", [runs])
    (tmp_path / "sweep.json").write_text('{"schema": 1}')
    return tmp_path


def ask(folder, *words):
    return CliRunner().invoke(main, ["query", str(folder), *words])


def test_a_table(folder):
    answer = ask(
        folder, 'select "loyalty.card.pull" as pull, avg(retention) as r from runs group by 1 order by 1'
    )
    assert answer.stdout == "pull    r\n────  ───\n 0.1  0.7\n 0.3  0.8\n"


def test_other_forms(folder):
    what = "select point, retention from runs"
    assert ask(folder, what, "--csv").stdout == "point,retention\n1,0.7\n1,\n2,0.8\n"
    assert json.loads(ask(folder, what, "--json").stdout)[1] == {"point": 1, "retention": None}


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select retentoin from runs", 'Referenced column "retentoin" not found'),
        ("select * from run", "Table with name run does not exist! Did you mean"),
        ("selec", "syntax error"),
        ("copy runs to 'copy.csv'", "only the table `runs` can be read, and nothing be written"),
        ("attach 'other.db'", "nothing be written"),
        ("from 'other.parquet'", "only the table `runs` can be read"),
        ("", "asks nothing"),
        (" ; ", "asks nothing"),
    ],
)
def test_what_is_wrong_is_one_line(folder, sql, said):
    answer = ask(folder, sql)
    assert answer.exit_code == 2 and said in answer.stderr and answer.stderr.count("\n") == 1
    assert answer.stderr.startswith("query: ")


def test_a_folder_that_is_none_of_a_sweep(tmp_path):
    answer = ask(tmp_path, "select 1")
    assert answer.exit_code == 2 and "holds no sweep" in answer.stderr
    answer = ask(tmp_path / "nowhere", "select 1")
    assert answer.exit_code == 2 and "nowhere: no such folder" in answer.stderr


def test_json_knows_no_nan_and_one_form_is_asked_for(folder):
    assert (
        ask(folder, "select 'nan'::double a, 'inf'::double b", "--json").stdout
        == '[{"a": null, "b": null}]\n'
    )
    answer = ask(folder, "select 1", "--json", "--csv")
    assert answer.exit_code == 2 and "give one of them" in answer.stderr


def test_without_duckdb(folder, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "duckdb", None)
    answer = ask(folder, "select 1")
    assert answer.exit_code == 2 and "pip install 'touchpoint-sim[sql]'" in answer.stderr
