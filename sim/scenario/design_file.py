"""What a design file may hold, and which keys belong to which method."""

from typing import Annotated, Any, Literal

from pydantic_core import core_schema

from sim.scenario import quantities as q
from sim.scenario.quantities import PositiveCount
from sim.scenario.record import Record, declared
from sim.scenario.wrong import Wrong, shown

Method = Literal["full_factorial", "latin_hypercube", "sobol", "morris", "saltelli", "one_at_a_time", "csv"]
USED_BY: dict[str, tuple[str, ...]] = {  # keys of some methods only
    "points": ("latin_hypercube", "sobol"),
    "samples": ("saltelli",),
    "second_order": ("saltelli",),
    "trajectories": ("morris",),
    "levels": ("full_factorial", "one_at_a_time", "morris"),
    "file": ("csv",),
}
NEEDED: dict[str, str] = {  # what a missing key would say
    "scenario": "the file to vary",
    "method": "how the points are chosen, such as latin_hypercube",
    "points": "how many points are drawn, such as 64",
    "samples": "how many base samples, a power of two such as 64",
    "trajectories": "how many ways through the space, such as 10",
    "levels": "how many values of each range, such as 5",
    "file": "the CSV file of points",
    "parameters": "what is varied, such as {loyalty.card.pull: 0.1 .. 0.4}",
}
COUNTED = ("points", "samples", "trajectories")
POWERS_OF_TWO = ("sobol", "saltelli")
MORRIS_LEVELS = 4  # as in SALib, and most of the literature
MOST_RUNS = 1_000_000  # of one sweep
MOST_SEED = 2**63 - 1


class SeedType:
    """Pydantic metadata: a seed, which may be larger than other whole numbers."""

    def parse(self, node: Any) -> int:
        """Raises :class:`Wrong`."""
        if isinstance(node, bool) or not isinstance(node, int) or not 0 <= node <= MOST_SEED:
            raise Wrong(f"expected a whole number of at least 0 (and below 2^63), got {shown(node)}")
        return node

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.parse)

    def json_schema(self) -> dict[str, Any]:
        """What an editor should accept here."""
        return {"type": "integer", "minimum": 0, "maximum": MOST_SEED, "examples": [1]}


class NamesType:
    """Pydantic metadata: one name, or a list of names."""

    def parse(self, node: Any) -> tuple[str, ...]:
        """Raises :class:`Wrong`."""
        names = [node] if isinstance(node, str) else node
        if not isinstance(names, list) or not names:
            raise Wrong(f"expected a list of KPIs such as [retention, profit], got {shown(node)}")
        for number, name in enumerate(names):
            if not isinstance(name, str):
                raise Wrong(f"expected the name of a KPI, got {shown(name)}", (str(number),))
            if name in names[:number]:
                raise Wrong(f"{shown(name)} is in the list already", (str(number),))
        return tuple(names)

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.parse)

    def json_schema(self) -> dict[str, Any]:
        """What an editor should accept here."""
        return {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
            "examples": [["retention", "profit"]],
        }


class VariedType:
    """Pydantic metadata: what a parameter is varied over; read once it is known what its path stands for."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.any_schema()

    def json_schema(self) -> dict[str, Any]:
        """What an editor should accept here."""
        return {
            "anyOf": [{"type": "string"}, {"type": "array"}, {"type": "object"}],
            "examples": ["0.5 .. 1.5", "5 min .. 20 min", [1, 2, 3], {"mean": 0.3, "sd": 0.1}],
        }


class Sheet(Record):
    """Which parameters of a scenario are varied, over what, and how often each point is run."""

    name: str = declared("Title of the design.", "")
    about: str = declared("What it is about, in a sentence or two.", "")
    scenario: str = declared(
        "The scenario to vary: a file, relative to this one, or the name of one that ships.", ""
    )
    method: Method | None = declared("How the points are chosen.", None)
    points: PositiveCount | None = declared("Points to draw (latin_hypercube; sobol: a power of two).", None)
    samples: PositiveCount | None = declared(
        "Base samples N, a power of two (saltelli: N (k + 2) points for k parameters).", None
    )
    second_order: bool = declared(
        "Whether indices of pairs can be computed as well (saltelli: N (2 k + 2) points).", False
    )
    trajectories: PositiveCount | None = declared(
        "Ways through the space (morris: k + 1 points each for k parameters).", None
    )
    levels: PositiveCount | None = declared(
        "Values of each range (full_factorial, one_at_a_time; morris: an even number, 4).", None
    )
    file: str | None = declared(
        "CSV file of points, relative to this one (csv): a parameter a column, a point a row.", None
    )
    replications: PositiveCount = declared("Runs of every point, each with luck of its own.", 3)
    seed: Annotated[int, SeedType()] = declared("Seed of the points and of all chance.", 1)
    random_numbers: Literal["common", "independent"] = declared(
        "Whether the same people with the same luck live at every point, or others at each.", "common"
    )
    base_rates: Literal["once", "each_point"] = declared(
        "Whether stated rates hold at the scenario's own values, so that parameters move them, or at every point.",
        "once",
    )
    size: Annotated[int, q.SIZE] | None = declared("Customers, instead of population.size.", None)
    horizon: Annotated[float, q.HORIZON] | None = declared(
        "Time to simulate, instead of the scenario's.", None
    )
    kpis: Annotated[tuple[str, ...], NamesType()] = declared("KPIs to keep; all of them without.", ())
    logs: bool = declared("Whether the event log of every run is kept.", False)
    parameters: dict[str, Annotated[Any, VariedType()]] = declared(
        "What is varied: the path of a value, and its range, list or distribution.", dict
    )


class DesignFile(Record):
    """A design of experiments."""

    design: Sheet = declared("Which parameters are varied, over what, and how often each point is run.")
