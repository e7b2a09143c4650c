"""The order of the log: what np.lexsort says, whatever the rows."""

import numpy as np
import pytest

from sim.engine.order import in_order, places_in_order
from sim.model.layout import LOG


def rows_of(t, customer, seq) -> np.ndarray:
    rows = np.zeros(len(t), LOG)
    rows["t"], rows["customer"], rows["seq"] = t, customer, seq
    return rows


def by_lexsort(rows: np.ndarray) -> list[int]:
    return np.lexsort((rows["seq"], rows["customer"], rows["t"])).tolist()


@pytest.mark.parametrize("instants", [1, 3, 50, 10_000])
@pytest.mark.parametrize("customers", [1, 5, 400])
@pytest.mark.parametrize("shuffled", [False, True])
def test_the_order_is_that_of_lexsort(instants, customers, shuffled):
    """From no ties at all to everything at one instant; as an engine hands rows over, and in no order."""
    rng = np.random.default_rng([instants, customers])
    n = 1_000
    customer = np.sort(rng.integers(0, customers, n))
    rows = rows_of(rng.integers(-instants, instants, n) / 7, customer, np.arange(n))
    rows = rows[np.lexsort((rows["t"], rows["customer"]))]
    if shuffled:
        rows = rows[rng.permutation(n)]
    assert places_in_order(rows).tolist() == by_lexsort(rows)
    assert (in_order(rows) == rows[by_lexsort(rows)]).all()


def test_equal_rows_stay_as_they_came():
    rows = rows_of([1.0] * 6, [7, 3, 7, 3, 3, 1], [2, 5, 2, 5, 4, 9])
    assert places_in_order(rows).tolist() == by_lexsort(rows) == [5, 4, 1, 3, 0, 2]


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_rows(n):
    rows = rows_of([0.0, -0.0][:n], [4, 2][:n], [0, 0][:n])
    assert places_in_order(rows).tolist() == by_lexsort(rows)


def test_the_largest_ids_keep_their_order():
    top = 2**32 - 1
    rows = rows_of([0.0] * 3, [top, top, 2**31], [top, 0, top])
    assert places_in_order(rows).tolist() == [2, 1, 0]
