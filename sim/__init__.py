"""Touchpoint: customers with needs and feelings walk through a business; out comes a retention forecast.

::

    import sim

    scenario = sim.load("scenarios/coffee_shop/baseline.yaml")
    run = sim.run(scenario, seed=1, replications=10)
    run.kpis  # a pandas frame: one row a KPI, with its 95 % interval

Everything public is here and loads when first used, so ``import sim`` itself is quick.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.errors import Problem, RunError, ScenarioError, TouchpointError, UsageError
    from sim.experiment.comparison import Comparison, compare
    from sim.experiment.optimise import Optimum, optimise
    from sim.experiment.runs import Run, run
    from sim.experiment.sensitivity import Sensitivity, sensitivity
    from sim.experiment.sweep import Sweep, sweep
    from sim.scenario import Scenario, load, parse

__version__ = "0.1.0"

_HOMES = {
    "Problem": "sim.errors",
    "Comparison": "sim.experiment.comparison",
    "Optimum": "sim.experiment.optimise",
    "Run": "sim.experiment.runs",
    "RunError": "sim.errors",
    "Scenario": "sim.scenario",
    "Sweep": "sim.experiment.sweep",
    "ScenarioError": "sim.errors",
    "TouchpointError": "sim.errors",
    "UsageError": "sim.errors",
    "compare": "sim.experiment.comparison",
    "load": "sim.scenario",
    "optimise": "sim.experiment.optimise",
    "parse": "sim.scenario",
    "run": "sim.experiment.runs",
    "Sensitivity": "sim.experiment.sensitivity",
    "sensitivity": "sim.experiment.sensitivity",
    "sweep": "sim.experiment.sweep",
}

__all__ = [  # noqa: RUF022 - what a user meets first stands first
    "load",
    "parse",
    "run",
    "compare",
    "sweep",
    "sensitivity",
    "optimise",
    "Scenario",
    "Run",
    "Comparison",
    "Sweep",
    "Sensitivity",
    "Optimum",
    "TouchpointError",
    "ScenarioError",
    "UsageError",
    "RunError",
    "Problem",
    "scenarios_folder",
    "__version__",
]


def scenarios_folder() -> Path:
    """The folder of the scenarios that ship: inside the installed package, else beside it in the sources."""
    inside = Path(__file__).parent / "_scenarios"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "scenarios"


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'sim' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
