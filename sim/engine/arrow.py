"""NumPy arrays as Arrow columns, straight from their memory: PyArrow's own way loads pandas first."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa


def column(values: np.ndarray, empty: np.ndarray | None = None) -> pa.Array:
    """A column of numbers; there is none where `empty` (bool, same length) is true."""
    values = np.ascontiguousarray(values)
    bits = None
    if empty is not None and empty.any():
        bits = pa.py_buffer(np.packbits(~empty, bitorder="little").tobytes())
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [bits, pa.py_buffer(values)])


def texts(values: Iterable[str]) -> pa.Array:
    """A column of texts."""
    parts = [value.encode() for value in values]
    ends = np.cumsum([0, *map(len, parts)], dtype=np.int32)
    buffers = [None, pa.py_buffer(ends.tobytes()), pa.py_buffer(b"".join(parts))]
    return pa.Array.from_buffers(pa.string(), len(parts), buffers)
