"""Keyed randomness: the published block, uniform in every direction, and stable for ever."""

import json
import os
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special

from sim.errors import ScenarioError, UsageError
from sim.model import keys
from sim.model.keys import MAX_INDEX, MAX_VISIT, check_distinct, hash_name, philox, run_key, uniform, uniforms

ALL = 0xFFFFFFFF
KEY = run_key(20, 26)
NEED, SHOP = hash_name("need"), hash_name("shop", "fails")
ALPHA = 1e-4  # of a test that all is well; the draws are fixed, so a pass stays a pass

# Known answers of philox4x32-10 in Random123's kat_vectors: counter, key, block.
KNOWN = (
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ALL, ALL, ALL, ALL), (ALL, ALL), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
)


@pytest.mark.parametrize(("counter", "key", "block"), KNOWN)
def test_known_answers_of_random123(counter, key, block):
    assert tuple(map(int, philox(*counter, *key))) == block


# ---------------------------------------------------------------- frozen: a change here changes every run
def test_frozen_uniforms():
    key = run_key(7, 3)
    places = (0, 0, 0, 0, 0), (123, NEED, 4, 2, SHOP), (ALL, ALL, MAX_INDEX - 1, MAX_VISIT - 1, ALL)
    frozen = ["0x1.9173dbd99306cp-3", "0x1.746b1cea99ce1p-1", "0x1.02605966bcf91p-1"]
    assert [uniform(key, *place).hex() for place in places] == frozen


def test_frozen_run_keys():
    runs = (0, 0), (1, 0), (0, 1), (2**63 - 1, 2**32 - 1)
    frozen = [0xFF3A846ADE30A773, 0xD1FC6DEC66A0B841, 0x67D19FC073DBDA6B, 0x5053D42D99685E71]
    assert [int(run_key(*run)) for run in runs] == frozen


def test_frozen_hashes():
    names = ("need",), ("shop", "fails"), ("",), ("shopfails",), ("é",)
    frozen = [0x8F09A714, 0x21304015, 0x46D2E936, 0x59CC5D73, 0xA09CE72A]
    assert [int(hash_name(*name)) for name in names] == frozen


def test_interpreted_and_compiled_code_agree_to_the_bit():
    """The other process runs the same lines without the compiler, and any overflow is an error there."""
    code = (
        "import json; from sim.model.keys import *; k = run_key(5, 1)\n"
        "some = [uniform(k, 2**32 - 1 - c, 3**c, c * 10**4, 40 * c, 7**c) for c in range(11)]\n"
        "print(json.dumps([u.hex() for u in [*some, *uniforms(k, range(9), 2, 3, 4, 5).tolist()]]))"
    )
    key = run_key(5, 1)
    some = [uniform(key, ALL - c, 3**c, c * 10**4, 40 * c, 7**c) for c in range(11)]
    some += uniforms(key, range(9), 2, 3, 4, 5).tolist()
    assert json.loads(_interpreted(code)) == [u.hex() for u in some]


def _interpreted(code: str, **changes: str) -> str:
    env = os.environ | {"NUMBA_DISABLE_JIT": "1"} | changes
    call = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(call, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


# ---------------------------------------------------------------- the uniforms
def test_many_at_once_are_the_same_draws():
    ids = np.array([0, 5, 17, ALL], dtype=np.uint32)
    one_by_one = [uniform(KEY, i, NEED, 9, 2, SHOP) for i in ids]
    assert uniforms(KEY, ids, NEED, 9, SHOP, visit=2).tolist() == one_by_one
    assert uniforms(KEY, [], NEED, 9, SHOP).shape == (0,)


@pytest.mark.parametrize(("word", "expected"), [(0, 2.0**-53), (ALL, 1 - 2.0**-53), (1 << 31, 0.5)])
def test_never_zero_never_one(word: int, expected: float, monkeypatch: pytest.MonkeyPatch):
    interpreted = getattr(uniform, "py_func", uniform)
    low = ALL if word == ALL else 0
    monkeypatch.setattr(keys, "philox", lambda *words: (np.uint32(word), np.uint32(low), None, None))
    drawn = interpreted(KEY, 1, 2, 3, 4, 5)
    assert 0.0 < drawn < 1.0
    assert drawn == pytest.approx(expected, abs=2.0**-53)


def test_uniforms_are_odd_multiples_of_two_to_the_minus_53():
    u = uniforms(KEY, np.arange(10_000), NEED, 0, SHOP)
    assert (np.ldexp(u, 53) % 2 == 1).all()
    assert (1.0 - (1.0 - u) == u).all()


# One step along each word of the counter and of the key, all else fixed.
AXES: dict[str, Callable[[int], float]] = {
    "customer": lambda i: uniform(KEY, i, NEED, 0, 0, SHOP),
    "stream": lambda i: uniform(KEY, 1, hash_name(f"stream {i}"), 0, 0, SHOP),
    "index": lambda i: uniform(KEY, 1, NEED, i, 0, SHOP),
    "visit": lambda i: uniform(KEY, 1, NEED, 0, i, SHOP),
    "purpose": lambda i: uniform(KEY, 1, NEED, 0, 0, hash_name("shop", f"purpose {i}")),
    "seed": lambda i: uniform(run_key(i, 0), 1, NEED, 0, 0, SHOP),
    "replication": lambda i: uniform(run_key(1, i), 1, NEED, 0, 0, SHOP),
}


def along(axis: str) -> NDArray[np.float64]:
    return np.array([AXES[axis](i) for i in range(MAX_VISIT)])


def assert_even(cells: NDArray[np.int64], count: int) -> None:
    """Pearson's chi-squared test that `count` equally likely cells were hit as often; both tails."""
    hits = np.bincount(cells, minlength=count)
    expected = len(cells) / count
    chance = special.chdtrc(count - 1, ((hits - expected) ** 2).sum() / expected)
    assert ALPHA / 2 < chance < 1 - ALPHA / 2


def assert_unrelated(x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
    """The correlation of independent series is normal with deviation 1 / sqrt(n)."""
    z = np.corrcoef(x, y)[0, 1] * np.sqrt(len(x))
    assert abs(z) < -special.ndtri(ALPHA / 2)


@pytest.mark.parametrize("axis", AXES)
def test_uniform_along_every_word(axis: str):
    u = along(axis)
    assert_even((u * 64).astype(np.int64), 64)
    assert len(set(u)) == len(u)


@pytest.mark.parametrize("axis", AXES)
def test_neighbours_are_independent(axis: str):
    u = along(axis)
    assert_unrelated(u[:-1], u[1:])
    first, second = (u.reshape(-1, 2).T * 8).astype(np.int64)
    assert_even(8 * first + second, 64)


def test_a_million_customers_to_the_lowest_bits():
    u = uniforms(KEY, np.arange(1_000_000), NEED, 3, SHOP)
    assert_even((u * 4096).astype(np.int64), 4096)
    assert_even((np.ldexp(u, 52).astype(np.int64)) & 255, 256)
    other = (
        uniforms(KEY, np.arange(1_000_000), NEED, 4, SHOP),
        uniforms(KEY, np.arange(1_000_000), SHOP, 3, NEED),
    )
    for v in other:
        assert_unrelated(u, v)


def test_index_and_visit_do_not_run_into_each_other():
    """The largest of each fits: no two of the corner places share a draw."""
    corners = [(i, v) for i in (0, 1, MAX_INDEX - 1) for v in (0, 1, MAX_VISIT - 1)]
    assert len({uniform(KEY, 1, NEED, i, v, SHOP) for i, v in corners}) == len(corners)


# ---------------------------------------------------------------- keys of runs
def test_runs_have_keys_of_their_own():
    made = {int(run_key(seed, replication)) for seed in range(200) for replication in range(100)}
    assert len(made) == 20_000


def test_a_key_is_a_uint64_whatever_integer_is_given():
    assert run_key(np.int64(3), np.uint8(1)) == run_key(3, 1)
    assert isinstance(run_key(3), np.uint64)


@pytest.mark.parametrize("seed", [-1, 2**63, 1.0, "1", None, True])
def test_a_seed_that_is_none(seed):
    with pytest.raises(
        UsageError, match=r"seed: a whole number from 0 to 9223372036854775807 is needed, not"
    ):
        run_key(seed)


@pytest.mark.parametrize("replication", [-1, 2**32])
def test_a_replication_that_is_none(replication):
    with pytest.raises(UsageError, match="replication: a whole number from 0 to 4294967295 is needed"):
        run_key(1, replication)


# ---------------------------------------------------------------- names
def test_parts_are_not_run_together():
    assert hash_name("shop", "fails") != hash_name("shopfails") != hash_name("shop fails")


def test_hashes_do_not_depend_on_the_process():
    code = "from sim.model.keys import hash_name; print(hash_name('shop', 'fails'))"
    assert int(_interpreted(code, PYTHONHASHSEED="77")) == SHOP


def test_distinct_names_pass():
    check_distinct(["need", "renewal", ("shop", "fails"), ("shop", "wait"), "need"])


def test_a_collision_names_both():
    """Two names found by search; they do share a hash."""
    with pytest.raises(ScenarioError, match="'name 21620' and 'name 52995' fall on the same 32-bit hash"):
        check_distinct(["need", "name 21620", "renewal", "name 52995"])


def test_a_collision_of_parts_names_both(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(keys, "hash_name", lambda *parts: np.uint32(1))
    with pytest.raises(ScenarioError, match=r"'shop\.fails' and 'cafe\.wait'"):
        check_distinct([("shop", "fails"), ("shop", "fails"), ("cafe", "wait")])
