"""The network: who is whose friend."""

from typing import Annotated, Literal

from pydantic import Field, PrivateAttr, ValidationInfo, model_validator

from sim.scenario import quantities as q
from sim.scenario.columns import read_column
from sim.scenario.quantities import Share
from sim.scenario.record import Record, declared
from sim.scenario.wrong import Wrong

_ONLY = {
    "rewire": ("small_world",),
    "within": ("blocks",),
    "across_sites": ("small_world", "blocks", "random"),
    "friends": ("small_world", "scale_free", "blocks", "random"),
    "file": ("file",),
    "column": ("file",),
    "friend": ("file",),
}


class Network(Record):
    """Ties between customers, and between them and prospects."""

    kind: Literal["small_world", "scale_free", "blocks", "random", "file"] = declared(
        "small_world: neighbours know each other; scale_free: a few know very many; blocks: people know their "
        "like; random; file: pairs from a CSV file."
    )
    friends: Annotated[float, q.FRIENDS] = declared("How many friends somebody has on average.", 8.0)
    rewire: Share = declared("For small_world: share of the ties that lead anywhere at all.", 0.1)
    within: Share = declared("For blocks: share of the ties inside one's own segment.", 0.8)
    across_sites: Share = declared("Share of the ties that are made without regard to the site.", 1.0)
    file: str | None = declared("For file: CSV file, beside the scenario file, one row a tie.", None)
    column: str | None = declared("For file: its column of ids.", None)
    friend: str | None = Field(None, description="For file: its column of the ids of their friends.")
    _ties: tuple[tuple[int, int], ...] = PrivateAttr(default=())

    @model_validator(mode="after")
    def _read(self, info: ValidationInfo) -> "Network":
        for key, kinds in _ONLY.items():
            if key in self.model_fields_set and self.kind not in kinds:
                raise Wrong(f"a network of kind {self.kind} has no such key", (key,), key=True)
        if self.kind != "file":
            return self
        for key in ("file", "column", "friend"):
            if getattr(self, key) is None:
                raise Wrong(f"expected file, column and friend, {key} is missing", ("kind",))
        one, other = (
            read_column({"file": self.file, "column": column}, q.ID, info.context)
            for column in (self.column, self.friend)
        )
        self._ties = tuple((int(a), int(b)) for a, b in zip(one, other, strict=True))
        return self

    @property
    def ties(self) -> tuple[tuple[int, int], ...]:
        """The pairs of ids of a file."""
        return self._ties
