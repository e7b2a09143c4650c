"""The JSON Schema of scenario files, for completion and hints in editors.

It is an *authoring* schema: nothing is required in it, since a file may leave anything to the one it
extends. It is read off the same models that validate a scenario.
"""

from datetime import date
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from sim.scenario import quantities
from sim.scenario.design_file import DesignFile
from sim.scenario.journeys import Edge
from sim.scenario.psychology import Psychology
from sim.scenario.quantities import WEIGHT, Quantity
from sim.scenario.record import Record
from sim.scenario.schema import Scenario
from sim.scenario.shapes import Fields, Names, One, Other, Shape, Spread, as_written, fields
from sim.scenario.spreads import FAMILIES, FORMS, MOMENTS, DistOf

Json = dict[str, Any]
_EXTENDS = {
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
    "description": "The file, or files, that this one is laid over; relative to this file.",
    "examples": ["baseline.yaml"],
}
_COLUMN = {
    "file": {"type": "string", "description": "CSV file, relative to this file."},
    "column": {"type": "string", "description": "The column that holds the values."},
    "unit": {"type": "string", "description": "Put behind every value, such as min or per week."},
}
_SHORT_PSYCHOLOGY = {"enum": ["off", "on", True, False]}


def json_schema() -> Json:
    """The authoring schema (JSON Schema, draft 7). Fields carry ``description``, ``default`` as a file
    writes it, ``examples`` with units, ``unit`` of the validated value, and for guesses ``assumption`` (the
    range in which the value may lie) and ``source``.
    """
    definitions: dict[str, Json] = {}
    root = _record(Scenario, definitions)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Touchpoint scenario",
        **root,
        "properties": {"extends": _EXTENDS, **root["properties"]},
        "definitions": dict(sorted(definitions.items())),
    }


def design_schema() -> Json:
    """The same for the designs of sweeps."""
    definitions: dict[str, Json] = {}
    root = _record(DesignFile, definitions)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Touchpoint design",
        **root,
        "definitions": definitions,
    }


def _record(model: type[Record], definitions: dict[str, Json]) -> Json:
    described = {info.alias or name: info for name, info in model.model_fields.items()}
    properties = {
        key: {**_json(shape, definitions), **_annotations(described.get(key), shape)}
        for key, shape in fields(model).items()
    }
    if hasattr(model, "inline"):
        properties |= _spread_keys(_spread_of(model))
    summary = (model.__doc__ or "").strip()
    return {"type": "object", "description": summary, "properties": properties, "additionalProperties": False}


def _spread_of(model: type[Record]) -> DistOf:
    info = model.model_fields["rate"]
    return next(item for item in info.metadata if isinstance(item, DistOf))


def _annotations(info: FieldInfo | None, shape: Shape) -> Json:
    """What a field's declaration says beyond its shape."""
    if info is None:
        return {}
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    found: Json = {"description": info.description, **extra}
    if isinstance(shape, One | Spread):
        quantity = shape.quantity if isinstance(shape, One) else shape.of.quantity
        found |= {"unit": quantity.unit} if quantity.unit else {}
    default = None if info.is_required() else info.get_default(call_default_factory=True)
    if default is None or default == "" or isinstance(shape, Fields | Names):
        return found
    return found | {"default": as_written(default, shape)}


def _json(shape: Shape, definitions: dict[str, Json]) -> Json:
    match shape:
        case One(quantity):
            return quantity.json_schema()
        case Spread(of):
            return _reference(f"distribution of {_name(of.quantity)}", lambda: _distribution(of), definitions)
        case Names(Fields(model)) if model is Edge:
            return _edges(definitions)
        case Names(inner):
            return {"type": "object", "additionalProperties": _json(inner, definitions)}
        case Fields(model):
            return _record_reference(model, definitions)
        case Other(annotation):
            return _other(annotation)
    return {}


def _distribution(of: DistOf) -> Json:
    """A bare quantity, its moments, or one family by name."""
    quantity = of.quantity.json_schema()
    spread = {"type": "object", "properties": _spread_keys(of), "additionalProperties": False}
    return {"anyOf": [*quantity["anyOf"], spread], "examples": quantity["examples"]}


def _spread_keys(of: DistOf) -> dict[str, Json]:
    family = of.quantity.family.replace("_", " ")
    texts = {
        "mean": f"Mean of a {family} distribution.",
        "cv": "Its coefficient of variation: standard deviation divided by mean.",
        "sd": "Its standard deviation.",
    }
    moments = {
        key: {**of.parameter(MOMENTS[key]).json_schema(), "description": texts[key]} for key in MOMENTS
    }
    return moments | {name: _family(of, name) for name in FAMILIES}


def _family(of: DistOf, name: str) -> Json:
    """The parameters of a family."""
    described = f"{name.replace('_', ' ')} distribution"
    kinds = {key: kind for form in FORMS.get(name, ()) for key, kind in form.kinds.items()}
    parameters = {
        key: {**of.parameter(kind).json_schema(), "description": f"The {key} of a {described}."}
        for key, kind in kinds.items()
    }
    return {
        "type": "object",
        "description": f"A {described}, by its parameters.",
        "properties": parameters or _COLUMN,
        "additionalProperties": False,
    }


def _name(quantity: Quantity) -> str:
    names = {id(item): name for name, item in vars(quantities).items() if isinstance(item, Quantity)}
    return names[id(quantity)].lower()


def _reference(name: str, make: Any, definitions: dict[str, Json]) -> Json:
    if name not in definitions:
        definitions[name] = {}  # stands there while it is made, should it refer to itself
        definitions[name] = make()
    return {"$ref": f"#/definitions/{name}"}


def _record_reference(model: type[Record], definitions: dict[str, Json]) -> Json:
    reference = _reference(model.__name__, lambda: _record(model, definitions), definitions)
    if hasattr(model, "inline"):
        bare = _spread_of(model).quantity.json_schema()
        return {"anyOf": [*bare["anyOf"], reference], "examples": bare["examples"]}
    return {"anyOf": [_SHORT_PSYCHOLOGY, reference]} if model is Psychology else reference


def _edges(definitions: dict[str, Json]) -> Json:
    edge = {"anyOf": [*WEIGHT.json_schema()["anyOf"], _record_reference(Edge, definitions)]}
    return {"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": edge}]}


def _other(annotation: Any) -> Json:
    if hasattr(annotation, "json_schema"):
        return annotation.json_schema()
    if get_origin(annotation) is Literal:
        return {"enum": list(get_args(annotation))}
    if annotation is date:
        return {"type": "string", "format": "date", "examples": ["2026-01-05"]}
    return {"type": "boolean" if annotation is bool else "string"}
