"""No generator but the keyed one is reachable from the model and the engines: nothing there may draw,
look at a clock, or depend on the order or address of objects."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import sim

ROOMS = ("model", "engine")
MODULES = {"random", "secrets", "uuid", "time", "numpy.random", "scipy.stats", "importlib", "tempfile"}
ATTRIBUTES = {
    *("random", "rvs", "default_rng", "RandomState", "SeedSequence", "urandom", "getrandom", "getpid"),
    *("time_ns", "perf_counter", "monotonic"),
}
METHODS = {"now", "utcnow", "today"}  # when called: `env.now` is SimPy's clock, an attribute
CALLS = {"hash", "id", "input", "__import__", "eval", "exec"}
MEANT = {
    "engine/scripts.py": ["exec()"]
}  # runs what users write, which is theirs to key: docs/python-touchpoint.md


def violations(source: str) -> list[str]:
    """What in a module's source could bring in chance, a clock or an address."""
    return [what for node in ast.walk(ast.parse(source)) for what in _of(node)]


def _of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from (name for name in _imported(node) if _is_banned(name))
    elif isinstance(node, ast.Attribute) and node.attr in ATTRIBUTES:
        yield f".{node.attr}"
    elif isinstance(node, ast.Call) and _called(node) in (CALLS if _is_plain(node) else METHODS):
        yield f"{_called(node)}()"
    elif isinstance(node, ast.For | ast.comprehension) and _is_set(node.iter):
        yield "iteration over a set"


def _is_plain(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name)


def _called(call: ast.Call) -> str:
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [f"{node.module}.{alias.name}" for alias in node.names]


def _is_banned(name: str) -> bool:
    if name.rpartition(".")[2] in ATTRIBUTES:
        return True
    return any(f"{name}.".startswith(f"{module}.") for module in MODULES)


def _is_set(node: ast.expr) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in {"set", "frozenset"}
    return isinstance(node, ast.Set | ast.SetComp)


def sources() -> list[Path]:
    house = Path(sim.__file__).parent
    return sorted(file for room in ROOMS for file in (house / room).rglob("*.py"))


@pytest.mark.parametrize("file", sources(), ids=lambda file: f"{file.parent.name}/{file.name}")
def test_nothing_else_draws(file: Path):
    found = violations(file.read_text(encoding="utf-8"))
    assert found == MEANT.get(f"{file.parent.name}/{file.name}", [])


def test_the_scan_reaches_the_model_and_the_engines():
    assert {file.parent.name for file in sources()} >= set(ROOMS)
    assert "keys.py" in {file.name for file in sources()}


@pytest.mark.parametrize(
    "snippet",
    [
        "import random",
        "from random import choice",
        "import numpy.random as nr",
        "from numpy import random",
        "from numpy.random import default_rng",
        "import numpy as np\nx = np.random.rand()",
        "import numpy as np\n@njit\ndef f():\n    return np.random.exponential(1.0)",
        "import secrets",
        "import uuid",
        "from uuid import uuid4",
        "import os\nx = os.urandom(8)",
        "from os import urandom",
        "import time",
        "from time import perf_counter",
        "import datetime\nt = datetime.datetime.now()",
        "from datetime import date\nt = date.today()",
        "from scipy import stats",
        "import scipy.stats as st",
        "x = gamma(2.0).rvs(10)",
        "def key(name):\n    return hash(name)",
        "order = sorted(things, key=lambda thing: id(thing))",
        "for name in {'a', 'b'}:\n    pass",
        "for name in set(names):\n    pass",
        "names = [name for name in frozenset(names)]",
        "x = __import__('random')",
    ],
)
def test_the_scan_sees(snippet: str):
    assert violations(snippet)


@pytest.mark.parametrize(
    "snippet",
    [
        "import numpy as np\nfrom scipy import special\nx = special.gammaincinv(2.0, np.float64(0.5))",
        "from datetime import date\nstart = date(2026, 1, 5).weekday()",
        "person['id'] += 1",
        "for name in sorted(set(names)):\n    pass",
        "from sim.model.keys import uniform, hash_name\nx = hash_name('random')",
        "time = t + 1.0",
        "t = environment.now",
    ],
)
def test_the_scan_lets_pass(snippet: str):
    assert violations(snippet) == []
