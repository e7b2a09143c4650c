"""The recorder: columns as documented, empty where there is nothing to tell, the same however it is cut."""

import errno
import re
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow.csv
import pyarrow.parquet
import pytest

from sim.engine import recorder
from sim.engine.outcome import CAMPAIGN_ROW, MEMBER_ROW, SIGNAL_ROW, STAFF
from sim.model.layout import (
    ABSENCE,
    CUSTOMER,
    DAILY,
    DAY,
    EXPECTED,
    LEAVING,
    LEFT,
    LOG,
    PERSON,
    PROSPECT,
    TOUCH,
)

DOCS = Path(__file__).parents[2] / "docs" / "tables.md"
PROGRAM = SimpleNamespace(
    stream_names=["need", "renewal"],
    step_names=["visit.order", "visit.coffee", "plea.order"],
    touchpoint_names=["order", "coffee"],
    segment_names=["regulars", "guests"],
    pool_names=["baristas"],
    trigger_names=["order.last_buns"],
    signal_names=["stars"],
    campaign_names=["pastry"],
    programme_names=["card", "club"],
    tier_names=[(), ("silver", "gold")],
    static={
        "surveys": np.array([(2, 0)], [("question", "i4"), ("about", "i4")]),
        "touchpoints": np.array([(-1,), (0,)], [("asks", "i2")]),
    },
    horizon=3.0,
    active_within=90.0,
    contractual=False,
)


def log(rows: int) -> np.ndarray:
    """Touches of step 1 at touchpoint 1, a customer a row."""
    chunk = np.zeros(rows, LOG)
    chunk["customer"] = np.arange(rows)
    chunk["t"] = np.arange(rows) / 10
    chunk["kind"], chunk["step"], chunk["touchpoint"], chunk["trigger"] = TOUCH, 1, 1, -1
    return chunk


def outcome() -> SimpleNamespace:
    """A founder who stays, one who left on day 1.5, one who came on day 0.5, a prospect, one yet to come."""
    people = np.zeros(5, PERSON)
    people["id"] = np.arange(5)
    people["status"] = CUSTOMER, LEFT, CUSTOMER, PROSPECT, EXPECTED
    people["founding"] = 1, 1, 0, 0, 0
    people["t_entry"] = -5.0, -2.0, 0.5, np.inf, 7.0
    people["t_left"] = np.inf, 1.5, np.inf, np.inf, np.inf
    people["reason"] = 0, 1, 0, 0, 0
    people["segment"] = 0, 1, 1, 1, 1
    people["need_gap"] = 2.0, 2.0, np.inf, 2.0, 2.0
    people["n_order"] = 1, 0, 0, 0, 0
    people["t_order"] = 2.25
    daily = np.zeros((3, 2, len(DAILY)), np.int64)
    daily[:, 0, DAY["revenue"]] = 1250
    daily[0, 0, DAY["active_from"]], daily[2, 0, DAY["active_until"]] = 4, 1
    daily[1, 1, DAY["valence"]] = 500_000
    return SimpleNamespace(
        replication=2,
        people=people,
        commitments=np.zeros((0, 3), np.float32),
        absences=np.zeros(0, ABSENCE),
        daily=daily,
        staff=np.zeros(1, STAFF),
        signals=np.array([(1.0, 0, 4.5, 60.0)], SIGNAL_ROW),
        campaigns=np.array([(3, 2, 160, 3, 1, 6, 0, 0, 0)], CAMPAIGN_ROW),
        members=np.array([(0, 1, -2.0, 7.0, 9.0, 2), (2, 0, 0.5, 3.0, 3.0, 0)], MEMBER_ROW),
    )


def every_table() -> dict:
    tables = {name: make(outcome(), PROGRAM) for name, make in recorder.SUMMARIES.items()}
    return tables | {name: getattr(recorder, name)(log(3), PROGRAM, 2) for name in recorder.LOGGED}


def test_members_name_their_programme_and_tier():
    table = every_table()["members"].to_pydict()
    assert (table["programme"], table["tier"]) == (["club", "card"], ["gold", None])


@pytest.mark.parametrize("name", recorder.COLUMNS)
def test_columns_are_those_announced(name):
    assert every_table()[name].column_names == list(recorder.COLUMNS[name])


@pytest.mark.parametrize("name", recorder.COLUMNS)
def test_the_docs_tell_every_column(name):
    section = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", DOCS.read_text(encoding="utf-8"), re.M | re.S)
    rows = re.findall(r"^\| `(.+?)` \| (.*?) ?\| (.+?) \|$", section[1], re.M)
    assert {column: (unit, meaning) for column, unit, meaning in rows} == recorder.COLUMNS[name]


def test_every_table_names_its_replication():
    for name, table in every_table().items():
        assert set(table["replication"].to_pylist()) <= {2}, name


def test_visits_are_touches_with_names():
    chunk = log(3)
    chunk["kind"][2] = LEAVING
    chunk["trigger"][1], chunk["order"][1], chunk["revenue"][1], chunk["wait"][1] = 0, 7, 420, 0.1
    table = recorder.visits(chunk, PROGRAM, 1).to_pylist()
    assert [row["customer"] for row in table] == [0, 1]
    assert (table[0]["trigger"], table[0]["order"]) == (None, None)
    assert (table[1]["trigger"], table[1]["order"], table[1]["revenue"]) == ("order.last_buns", 7, 4.2)
    assert (table[1]["journey"], table[1]["step"], table[1]["touchpoint"]) == ("visit", "coffee", "coffee")
    assert (table[1]["occasion"], table[1]["outcome"]) == ("need", "ok")
    assert np.float32(table[1]["wait"]) == np.float32(0.1)


def test_steps_of_the_same_name_keep_their_journeys():
    chunk = log(2)
    chunk["step"] = 0, 2
    table = recorder.visits(chunk, PROGRAM, 1)
    assert table["journey"].to_pylist() == ["visit", "plea"]
    assert table["step"].to_pylist() == ["order", "order"]


def test_orders_are_the_rows_with_an_order_number():
    chunk = log(4)
    chunk["order"][2] = 3
    assert recorder.orders(chunk, PROGRAM, 1).select(["customer", "order"]).to_pylist() == [
        {"customer": 2, "order": 3}
    ]


def test_customers_who_stay_are_censored():
    rows = recorder.customers(outcome(), PROGRAM).to_pylist()
    assert [row["at_end"] for row in rows] == ["active", "left", "active", "prospect", "expected"]
    assert [row["left"] for row in rows] == [None, 1.5, None, None, None]
    assert [row["reason"] for row in rows] == [None, "reconsidered", None, None, None]
    assert [row["entered"] for row in rows] == [-5.0, -2.0, 0.5, None, None]
    assert [row["last_order"] for row in rows] == [2.25, None, None, None, None]
    assert rows[2]["need_gap"] is None


def test_daily_counts_customers_at_the_end_of_the_day():
    rows = recorder.daily(outcome(), PROGRAM).to_pandas()
    regulars, guests = (rows[rows["segment"] == name] for name in PROGRAM.segment_names)
    assert regulars["customers"].tolist() == [1, 1, 1]
    assert guests["customers"].tolist() == [2, 1, 1]
    assert regulars["active"].tolist() == [4, 4, 3]
    assert regulars["revenue"].tolist() == [12.5] * 3
    assert guests["valence"].tolist() == [0.0, 0.5, 0.0]
    assert rows["day"].tolist() == [0, 0, 1, 1, 2, 2]


def test_daily_is_the_same_however_many_people_are_looked_at_together(monkeypatch):
    whole = recorder.daily(outcome(), PROGRAM)
    monkeypatch.setattr(recorder, "ROWS", 2)
    assert recorder.daily(outcome(), PROGRAM) == whole


# ---------------------------------------------------------------- the log, written beside the simulation
def lively(rows: int) -> np.ndarray:
    """A sorted log: some orders, some rows that are no touches, two rows at every instant."""
    rng = np.random.default_rng(rows)
    chunk = log(rows)
    chunk["t"] = np.arange(rows) // 2 / 10
    chunk["order"] = rng.integers(0, 3, rows)
    chunk["kind"][rng.random(rows) < 0.2] = LEAVING
    chunk["quality"], chunk["trust"] = rng.random(rows), rng.random(rows)
    chunk["revenue"] = 100 * chunk["order"]
    chunk["answer"] = rng.integers(0, 12, rows)
    return chunk


def written(folder: Path, stretches: list[np.ndarray]) -> dict[str, bytes]:
    folder.mkdir()
    with recorder.LogWriter(folder, PROGRAM, 4) as writer:
        for stretch in stretches:
            writer(stretch.copy())
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def writing_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("log-writer")]


def test_the_log_streams_to_the_tables_in_groups_of_the_same_size(tmp_path, monkeypatch):
    monkeypatch.setattr(recorder, "ROWS", 10)
    rows = lively(135)
    written(tmp_path / "run", np.split(rows, [3, 90]))
    for name in recorder.LOGGED:
        path = recorder.part(tmp_path / "run", name, 4)
        table = getattr(recorder, name)(rows, PROGRAM, 4)
        assert pyarrow.parquet.read_table(path).to_pylist() == table.to_pylist()
        read = pyarrow.parquet.ParquetFile(path).metadata
        sizes = [read.row_group(k).num_rows for k in range(read.num_row_groups)]
        assert sizes == [10] * (len(table) // 10) + [len(table) % 10] * (len(table) % 10 > 0)


def test_files_do_not_depend_on_the_stretches_nor_on_the_order_within_one(tmp_path, monkeypatch):
    monkeypatch.setattr(recorder, "ROWS", 10)
    monkeypatch.setattr(recorder, "PIECE", 4)
    rows, rng = lively(136), np.random.default_rng(1)
    whole = written(tmp_path / "whole", [rows])
    assert list(whole) == [f"{name}-00004.parquet" for name in ("orders", "surveys", "visits")]
    for number, cuts in enumerate(([], [0, 2, 2, 50], range(2, 136, 2), [20, 40, 120])):
        stretches = [rng.permutation(stretch) for stretch in np.split(rows, cuts)]
        assert written(tmp_path / f"{number}", stretches) == whole


def test_only_so_many_stretches_wait(tmp_path, monkeypatch):
    """The simulation goes on while the writer is busy, but not for ever."""
    may_write = threading.Event()
    monkeypatch.setattr(recorder, "places_in_order", lambda rows: may_write.wait() and np.arange(len(rows)))
    with recorder.LogWriter(tmp_path, PROGRAM, 1) as writer:
        for _ in range(recorder.WAITING + 1):
            writer(log(2))
        waiting = threading.Thread(target=writer, args=(log(2),))
        waiting.start()
        waiting.join(0.05)
        assert waiting.is_alive()
        may_write.set()
        waiting.join()
    assert len(pyarrow.parquet.read_table(recorder.part(tmp_path, "visits", 1))) == 2 * recorder.WAITING + 4


@pytest.mark.parametrize("stretches", [1, 50])
def test_a_full_disk_is_told_where_the_simulation_runs(tmp_path, monkeypatch, stretches):
    """In the next call, or at the end."""

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(recorder, "ROWS", 3)
    monkeypatch.setattr(recorder.TableFile, "append", full)
    with pytest.raises(OSError, match="No space left"), recorder.LogWriter(tmp_path, PROGRAM, 1) as writer:
        for _ in range(stretches):
            writer(log(5))
    assert list(tmp_path.iterdir()) == [] and not writing_threads()


def test_a_file_that_cannot_be_ended_is_no_file(tmp_path, monkeypatch):
    def full(file):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(recorder.TableFile, "close", full)
    with pytest.raises(OSError, match="No space left"), recorder.LogWriter(tmp_path, PROGRAM, 1) as writer:
        writer(log(5))
    assert list(tmp_path.iterdir()) == [] and not writing_threads()


def test_nothing_is_written_behind_a_hole(tmp_path, monkeypatch):
    taken = []

    def once(self, rows):
        taken.append(len(rows))
        raise MemoryError

    monkeypatch.setattr(recorder._Groups, "take", once)
    with pytest.raises(MemoryError), recorder.LogWriter(tmp_path, PROGRAM, 1) as writer:
        for _ in range(recorder.WAITING + 1):
            writer(log(5))
    assert taken == [5] and list(tmp_path.iterdir()) == []


def test_an_interrupt_drops_what_waits(tmp_path, monkeypatch):
    """Rows of a million pieces would take long: only the piece at hand is finished."""
    monkeypatch.setattr(recorder, "PIECE", 1)
    began, pieces = threading.Event(), []

    def take(self, rows):
        pieces.append(len(rows))
        began.set()

    monkeypatch.setattr(recorder._Groups, "take", take)
    with pytest.raises(KeyboardInterrupt), recorder.LogWriter(tmp_path, PROGRAM, 1) as writer:
        for _ in range(recorder.WAITING + 1):
            writer(log(1_000_000))
        began.wait()
        raise KeyboardInterrupt
    assert sum(pieces) < 2_000_000 and list(tmp_path.iterdir()) == [] and not writing_threads()


def test_a_log_of_nothing_is_an_empty_table(tmp_path):
    with recorder.LogWriter(tmp_path, PROGRAM, 1):
        pass
    table = pyarrow.parquet.read_table(recorder.part(tmp_path, "visits", 1))
    assert (table.num_rows, table.column_names) == (0, list(recorder.COLUMNS["visits"]))


def test_a_log_that_breaks_off_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(recorder, "ROWS", 1)
    with pytest.raises(KeyboardInterrupt), recorder.LogWriter(tmp_path, PROGRAM, 1) as writer:
        writer(log(5))
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == [] and not writing_threads()


def test_parts_are_joined_in_order(tmp_path):
    paths = [recorder.part(tmp_path, "visits", number) for number in (1, 2)]
    for number, path in enumerate(paths, 1):
        recorder.write([recorder.visits(log(3), PROGRAM, number)], path)
    with recorder.TableFile(tmp_path / "visits.parquet") as file:
        for path in paths:
            recorder.move(path, file)
    assert [path.name for path in tmp_path.iterdir()] == ["visits.parquet"]
    table = pyarrow.parquet.read_table(tmp_path / "visits.parquet")
    assert table["replication"].to_pylist() == [1, 1, 1, 2, 2, 2]
    assert table["touchpoint"].to_pylist() == ["coffee"] * 6


def test_a_single_part_is_the_file(tmp_path):
    path = recorder.part(tmp_path, "visits", 1)
    recorder.write([recorder.visits(log(3), PROGRAM, 1)], path)
    before = path.read_bytes()
    with recorder.TableFile(tmp_path / "visits.parquet") as file:
        recorder.move(path, file)
    assert [path.name for path in tmp_path.iterdir()] == ["visits.parquet"]
    assert (tmp_path / "visits.parquet").read_bytes() == before


@pytest.mark.parametrize("parts", [1, 2])
def test_parts_that_are_not_joined_to_the_end_leave_nothing(tmp_path, parts):
    paths = [recorder.part(tmp_path, "visits", number) for number in range(parts)]
    with pytest.raises(KeyboardInterrupt), recorder.TableFile(tmp_path / "visits.parquet") as file:
        for path in paths:
            recorder.write([recorder.visits(log(3), PROGRAM, 1)], path)
            recorder.move(path, file)
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_csv_says_the_same_as_parquet(tmp_path):
    table = recorder.customers(outcome(), PROGRAM)
    recorder.write([table], tmp_path / "customers.parquet")
    recorder.to_csv(tmp_path / "customers.parquet", tmp_path / "customers.csv")
    read = pyarrow.csv.read_csv(
        tmp_path / "customers.csv", convert_options=pyarrow.csv.ConvertOptions(strings_can_be_null=True)
    )
    assert read.column_names == table.column_names
    for name in ("customer", "segment", "at_end", "left", "reason", "need_gap"):
        assert read[name].to_pylist() == table[name].to_pylist(), name


def test_feelings_keep_their_precision_in_parquet(tmp_path):
    recorder.write([recorder.visits(log(2), PROGRAM, 1)], tmp_path / "visits.parquet")
    assert pyarrow.parquet.read_schema(tmp_path / "visits.parquet").field("trust").type == "float"
