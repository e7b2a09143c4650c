"""Keyed randomness: every draw is a pure function of what it is for.

A draw is one block of Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as
easy as 1, 2, 3", SC'11). Nothing is advanced and nothing is stored, so an extra draw somewhere shifts
no other draw anywhere. The layout of one block:

========== ============================================= ==========================================
word       holds                                         set by
========== ============================================= ==========================================
key 0, 1   low and high half of the run's 64-bit key     :func:`run_key` of seed and replication
counter 0  customer id                                   the customer
counter 1  hash of the stream's name                     what kind of occasion it is
counter 2  ``index << 12 | visit``                       which occasion; which visit of a step in it
counter 3  hash of the purpose                           the touchpoint and what is drawn there
========== ============================================= ==========================================

Names are hashed to 32 bits (:func:`hash_name`); two names of one run that fall on the same hash are an
error at load time (:func:`check_distinct`).
"""

import hashlib
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim._jit import njit
from sim.errors import Problem, ScenarioError, UsageError

Floats = NDArray[np.float64]
Ids = NDArray[np.uint32]
Block = tuple[np.uint32, np.uint32, np.uint32, np.uint32]

MAX_INDEX = 1 << 20  # an occasion's index must be below this; the engine checks, `uniform` does not
MAX_VISIT = 1 << 12  # the same for a visit number
MAX_SEED = 1 << 63
MAX_REPLICATION = 1 << 32

# Multipliers and Weyl increments of Philox4x32 (Salmon et al. 2011, section 3.3; Random123 1.14).
_M0 = np.uint64(0xD2511F53)
_M1 = np.uint64(0xCD9E8D57)
_W0 = np.uint64(0x9E3779B9)
_W1 = np.uint64(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_VISIT_BITS = np.uint64(12)
_DROP = np.uint64(11)
_ODD = np.uint64(1)
_ULP = 2.0**-53
_RUN_KEY = (0x746F7563, 0x68706F69)  # "touc", "hpoi": a key no run uses by accident


@njit(forceinline=True)
def philox(c0: int, c1: int, c2: int, c3: int, k0: int, k1: int) -> Block:
    """Philox4x32-10: four 32-bit counter words and two 32-bit key words -> four uint32.

    Any integers may be passed as long as each lies in 0..2^32-1. Words travel as uint64, so that no
    product or sum overflows: interpreted and compiled code then agree to the bit.
    """
    a, b, c, d = np.uint64(c0), np.uint64(c1), np.uint64(c2), np.uint64(c3)
    x, y = np.uint64(k0), np.uint64(k1)
    for _ in range(10):
        p, q = _M0 * a, _M1 * c
        a, b, c, d = (q >> _HALF) ^ b ^ x, q & _LOW, (p >> _HALF) ^ d ^ y, p & _LOW
        x, y = (x + _W0) & _LOW, (y + _W1) & _LOW
    return np.uint32(a), np.uint32(b), np.uint32(c), np.uint32(d)


@njit(forceinline=True)
def uniform(key: int, customer: int, stream: int, index: int, visit: int, purpose: int) -> float:
    """The uniform in (0, 1) of one purpose, at one visit of one occasion of one customer.

    ``key`` from :func:`run_key`; ``stream`` and ``purpose`` from :func:`hash_name`; ``index`` below
    ``MAX_INDEX`` and ``visit`` below ``MAX_VISIT``, which is *not* checked here.
    Returns an odd multiple of 2^-53: equally spaced, symmetric about 1/2, never 0 or 1. (The usual
    ``(53 bits + 1/2) / 2^53`` is not representable above 1/2 and rounds to 1 at its upper end.)
    """
    k, place = np.uint64(key), (np.uint64(index) << _VISIT_BITS) | np.uint64(visit)
    a, b, _, _ = philox(customer, stream, place, purpose, k & _LOW, k >> _HALF)
    bits = (np.uint64(a) << _HALF) | np.uint64(b)
    return float(np.int64((bits >> _DROP) | _ODD)) * _ULP


@njit(entry=True)
def _fill(key: int, customers: Ids, stream: int, index: int, visit: int, purpose: int, out: Floats) -> None:
    for i in range(len(customers)):
        out[i] = uniform(key, customers[i], stream, index, visit, purpose)


def uniforms(key: int, customers: ArrayLike, stream: int, index: int, purpose: int, visit: int = 0) -> Floats:
    """:func:`uniform` for a one-dimensional array of customer ids; float64 of the same length."""
    ids = np.ascontiguousarray(customers, dtype=np.uint32)
    out = np.empty(len(ids))
    _fill(np.uint64(key), ids, *map(np.uint32, (stream, index, visit, purpose)), out)
    return out


def run_key(seed: int, replication: int = 0) -> np.uint64:
    """The 64-bit key of one run: one Philox block over the seed and the number of the replication.

    ``seed`` is an integer in 0..2^63-1, ``replication`` in 0..2^32-1; anything else is a `UsageError`.
    """
    seed = _within("seed", seed, MAX_SEED)
    replication = _within("replication", replication, MAX_REPLICATION)
    interpreted = getattr(philox, "py_func", philox)  # not worth compiling for
    a, b, _, _ = interpreted(seed & 0xFFFFFFFF, seed >> 32, replication, 0, *_RUN_KEY)
    return np.uint64(int(a) << 32 | int(b))


def _within(what: str, value: int, limit: int) -> int:
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or not 0 <= value < limit:
        raise UsageError(f"{what}: a whole number from 0 to {limit - 1} is needed, not {value!r}")
    return int(value)


@lru_cache(maxsize=1 << 16)  # the same few hundred names are hashed for every point of a sweep
def hash_name(*parts: str) -> np.uint32:
    """32-bit hash of a name (BLAKE2s, RFC 7693): the same in every process, version and machine.

    Several parts, e.g. ``hash_name(touchpoint, purpose)``, are hashed as one name and never confused
    with another split of the same letters.
    """
    digest = hashlib.blake2s("\x1f".join(parts).encode(), digest_size=4).digest()
    return np.uint32(int.from_bytes(digest, "little"))


def check_distinct(names: Iterable[str | tuple[str, ...]]) -> None:
    """Raise a `ScenarioError` that names both if two different names share a hash.

    ``names``: all that are used in one place of the counter (all streams, or all purposes); a tuple
    stands for the parts given to :func:`hash_name`. The same name twice is no collision.
    """
    seen: dict[int, tuple[str, ...]] = {}
    for name in names:
        parts = (name,) if isinstance(name, str) else tuple(name)
        other = seen.setdefault(int(hash_name(*parts)), parts)
        if other != parts:
            raise ScenarioError([Problem("", "", _collision(other, parts))])


def _collision(one: tuple[str, ...], two: tuple[str, ...]) -> str:
    return (
        f"the names '{'.'.join(one)}' and '{'.'.join(two)}' fall on the same 32-bit hash, "
        "so their draws would be the same; rename one of them"
    )
