"""The shape of a scenario: what the schema expects at any path.

Read from the pydantic models, so that merging, ``--set``, ``assumed:``, error messages and ``show`` all
follow the same schema.
"""

import types
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin

from sim.scenario.feelings import FeelsType
from sim.scenario.journeys import Edge
from sim.scenario.quantities import WEIGHT, Quantity
from sim.scenario.record import Record
from sim.scenario.schema import Scenario
from sim.scenario.seasons import SeasonType
from sim.scenario.spreads import FAMILIES, FORMS, KEYS, MOMENTS, DistOf
from sim.scenario.weekly import SpansType


@dataclass(frozen=True)
class Fields:
    """A record with declared keys."""

    model: type[Record]


@dataclass(frozen=True)
class Names:
    """A mapping whose keys the user chooses."""

    inner: "Shape"


@dataclass(frozen=True)
class Spread:
    """A distribution of a quantity."""

    of: DistOf


@dataclass(frozen=True)
class Family:
    """The parameters of a named family."""

    of: DistOf
    name: str


@dataclass(frozen=True)
class One:
    """A single number."""

    quantity: Quantity


@dataclass(frozen=True)
class Other:
    """Text, a choice, a date, a list: a plain type, or a type that knows its JSON Schema."""

    annotation: Any


Shape = Fields | Names | Spread | Family | One | Other


def shape_of(annotation: Any, metadata: Iterable[Any] = ()) -> Shape:
    """The shape of a type annotation and its pydantic metadata."""
    for item in metadata:
        if shape := _of_metadata(item):
            return shape
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return shape_of(arguments[0], arguments[1:])
    if origin in (Union, types.UnionType):
        return shape_of(next(part for part in arguments if part is not type(None)))
    if origin is dict:
        return Names(shape_of(arguments[1]))
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return Fields(annotation)
    return Other(annotation)


def _of_metadata(item: Any) -> Shape | None:
    match item:
        case Quantity():
            return One(item)
        case DistOf():
            return Spread(item)
        case FeelsType():
            return Names(Spread(item.spread))
        case SpansType() | SeasonType():
            return Names(One(item.quantity))
    return Other(item) if hasattr(item, "json_schema") else None


@cache
def fields(model: type[Record]) -> dict[str, Shape]:
    """The keys a record may have, as written in a file, and their shapes."""
    found: dict[str, Shape] = {}
    for name, info in model.model_fields.items():
        if name == getattr(model, "inline", None):
            spread = shape_of(info.annotation, info.metadata)
            found |= {key: child for key in KEYS if (child := child_of(spread, key))}
        else:
            found[info.alias or name] = shape_of(info.annotation, info.metadata)
    return found


def child_of(shape: Shape | None, key: str) -> Shape | None:
    """The shape below a key; None if there is no such key."""
    match shape:
        case Fields(model):
            return fields(model).get(key)
        case Names(inner):
            return inner
        case Spread(of):
            return _below_spread(of, key)
        case Family(of, name):
            return _parameter(of, name, key)
    return None


def _below_spread(of: DistOf, key: str) -> Shape | None:
    if key in MOMENTS:
        return One(of.parameter(MOMENTS[key]))
    return Family(of, key) if key in FAMILIES else None


def _parameter(of: DistOf, family: str, key: str) -> Shape | None:
    if family == "empirical":
        return Other(str) if key in ("file", "column", "unit") else None
    kinds = [form.kinds[key] for form in FORMS[family] if key in form.kinds]
    return One(of.parameter(kinds[0])) if kinds else None


def keys_of(shape: Shape | None) -> tuple[str, ...]:
    """The keys that may stand here; none where the user chooses them."""
    match shape:
        case Fields(model):
            return tuple(fields(model))
        case Spread():
            return KEYS
        case Family(_, name) if name in FORMS:
            return tuple({key: None for form in FORMS[name] for key in form.kinds})
    return ()


def shape_at(path: Iterable[str], root: Shape | None = None) -> Shape | None:
    """The shape at a path from the root, that of a scenario without another; None if there is no such path."""
    shape: Shape | None = root or ROOT
    for key in path:
        shape = child_of(shape, key)
    return shape


def short_form(path: tuple[str, ...]) -> str | None:
    """The key that a bare value at a path stands for: ``mean`` of a distribution, ``weight`` of an edge."""
    match shape_at(path):
        case Spread():
            return "mean"
        case Fields(model):
            return "mean" if hasattr(model, "inline") else "weight" if model is Edge else None
    return None


def quantity_of(shape: Shape | None) -> Quantity | None:
    """The quantity that a bare value of a shape is; None where it is not a number."""
    match shape:
        case One(quantity):
            return quantity
        case Spread(of):
            return of.quantity
        case Fields(model) if model is Edge:
            return WEIGHT
        case Fields(model) if hasattr(model, "inline"):
            return quantity_of(fields(model)["mean"])
    return None


ROOT = Fields(Scenario)


def as_written(value: Any, shape: Shape) -> Any:
    """A validated default in the form a file would hold."""
    match shape:
        case One(quantity):
            return quantity.written(value)
        case Spread(of):
            return of.quantity.written(value.mean)  # defaults are constants
        case Fields(model):
            return _record_written(value, model)
        case Names(inner):
            return {name: as_written(item, inner) for name, item in value.items()}
    return list(value) if isinstance(value, tuple) else value


def _record_written(value: Record, model: type[Record]) -> dict[str, Any]:
    names = {info.alias or name: name for name, info in model.model_fields.items()}
    values = {key: getattr(value, names[key]) for key in fields(model) if key in names}
    return {key: as_written(item, fields(model)[key]) for key, item in values.items() if item is not None}
