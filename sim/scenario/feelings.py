"""``feels: {joy: 0.1}``: the emotional impulses of a touch."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic_core import core_schema

from sim.scenario.columns import Reading
from sim.scenario.distributions import Dist
from sim.scenario.quantities import NUMBER, SCORE
from sim.scenario.spreads import DistOf
from sim.scenario.wrong import Wrong, shown


class FeelsType:
    """Pydantic metadata: emotions and their impulses, -1..1 unless the emotion is unbounded."""

    spread = DistOf(SCORE)

    def validate(self, node: Any, info: Any) -> dict[str, Dist]:
        """For pydantic: which emotions are unbounded comes with ``info.context``."""
        if not isinstance(node, Mapping):
            raise Wrong(f"expected emotions and their impulses, got {shown(node)}")
        reading = info.context or Reading()
        return {name: self._impulse(name, value, reading) for name, value in node.items()}

    def _impulse(self, name: str, value: Any, reading: Reading) -> Dist:
        try:
            return DistOf(NUMBER if name in reading.unbounded else SCORE).parse(value, reading)
        except Wrong as wrong:
            raise wrong.under(name) from None

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.with_info_plain_validator_function(self.validate)


Feels = Annotated[dict[str, Dist], FeelsType()]
