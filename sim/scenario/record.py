"""The base of every part of a scenario, and how its fields are declared."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Record(BaseModel):
    """A part of a scenario: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False)


def declared(description: str, default: Any = ..., **extra: Any) -> Any:
    """A field with its meaning; ``extra`` (assumption, source) goes to the JSON Schema.

    ``derived=True`` says that the default is only what follows where nothing else says otherwise.
    """
    if callable(default):
        return Field(default_factory=default, description=description, json_schema_extra=extra or None)
    return Field(default, description=description, json_schema_extra=extra or None)
