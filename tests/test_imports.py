"""What loads when: `import sim` and `--help` are quick because nothing heavy comes along."""

import subprocess
import sys

import pytest

import sim

HEAVY = (
    *("numpy", "numba", "scipy", "pandas", "pyarrow", "matplotlib", "simpy", "pydantic", "ruamel"),
    *("distributed", "duckdb", "filelock", "SALib", "optuna"),
)


def loaded(code: str) -> list[str]:
    """The heavy packages loaded after running the code in a fresh interpreter."""
    program = f"""
import sys
try:
    exec({code!r})
except SystemExit:
    pass
print(*[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stderr.split()


@pytest.mark.parametrize(
    "code",
    [
        "import sim",
        "import sim; dir(sim), sim.__version__, sim.scenarios_folder()",
        "import sim.errors, sim.cli",
        "from sim.cli import main; main(['--help'])",
        "from sim.cli import main; main(['run', '--help'])",
        "from sim.cli import main; main(['optimise', '--help'])",
        "from sim.cli import main; main(['sweep', '--help'])",
        "from sim.cli import main; main(['query', '--help'])",
        "from sim.cli import main; main(['--version'])",
    ],
)
def test_nothing_heavy_loads(code):
    assert loaded(code) == []


@pytest.mark.parametrize(
    "code",
    [
        "import sim.scenario",
        "import sim; sim.load, sim.parse, sim.Scenario",
        "from sim.cli import main; main(['schema'])",
    ],
)
def test_scenarios_are_read_without_the_heavy_packages(code):
    assert not set(loaded(code)) & {"numba", "scipy", "pandas", "pyarrow", "matplotlib", "simpy"}


def test_runs_are_set_up_without_pictures():
    assert "matplotlib" not in loaded("import sim; sim.run, sim.Run")


def test_every_public_name_is_there():
    for name in sim.__all__:
        assert getattr(sim, name) is not None, name
    assert dir(sim) == sorted(sim.__all__)


def test_a_name_that_is_not_there_says_what_is():
    with pytest.raises(AttributeError, match=r"no attribute 'lode'; it has load, parse, run"):
        _ = sim.lode


def test_the_scenarios_that_ship_are_found():
    assert (sim.scenarios_folder() / "coffee_shop" / "baseline.yaml").is_file()
