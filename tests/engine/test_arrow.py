"""Columns made from NumPy's memory are those that PyArrow makes itself, and pandas is not loaded for them."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from sim.engine import arrow

RECORD = np.zeros(
    11, [("a", "f8"), ("b", "i4"), ("c", "u4"), ("d", "i8"), ("e", "i2"), ("f", "u1"), ("g", "f4")]
)


@pytest.mark.parametrize("name", RECORD.dtype.names)
@pytest.mark.parametrize("empty", [None, np.zeros(11, bool), np.arange(11) % 3 == 0, np.ones(11, bool)])
def test_columns_are_those_of_pyarrow(name, empty):
    values = RECORD.copy()
    values[name] = np.arange(11) * 3
    made = arrow.column(values[name], empty)
    made.validate(full=True)
    assert made.equals(pa.array(values[name], mask=empty))


def test_a_column_without_rows():
    assert arrow.column(np.empty(0), np.empty(0, bool)).equals(pa.array([], pa.float64()))


@pytest.mark.parametrize("words", [[], [""], ["a", "bc", "", "é – ü"]])
def test_texts_are_those_of_pyarrow(words):
    made = arrow.texts(words)
    made.validate(full=True)
    assert made.equals(pa.array(words, pa.string()))


def test_a_run_without_pictures_loads_neither_pandas_nor_matplotlib(kiosk, tmp_path):
    code = (
        "import sys\nfrom sim.cli import main\n"
        f"main(['run', {str(kiosk)!r}, '--replications', '2', '--no-pictures', '--quiet', '--out', "
        f"{str(tmp_path / 'run')!r}], standalone_mode=False)\n"
        "print(*{'pandas', 'matplotlib', 'scipy.stats'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr.strip()) == (0, "")
