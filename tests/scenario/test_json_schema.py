import json

import pytest

from sim.scenario import json_schema


@pytest.fixture(scope="module")
def schema():
    return json_schema()


def walk(node, path=()):
    """Every mapping of a schema, with its path."""
    if isinstance(node, dict):
        yield path, node
        for key, item in node.items():
            yield from walk(item, (*path, key))
    elif isinstance(node, list):
        for k, item in enumerate(node):
            yield from walk(item, (*path, str(k)))


def test_it_is_plain_json(schema):
    assert json.loads(json.dumps(schema)) == schema


def test_nothing_is_required_so_that_a_file_may_extend_another(schema):
    assert not [path for path, node in walk(schema) if "required" in node]
    assert "extends" in schema["properties"]


def test_unknown_keys_are_marked(schema):
    records = [node for _, node in walk(schema) if "properties" in node and isinstance(node.get("type"), str)]
    assert len(records) > 40 and all(node["additionalProperties"] is False for node in records)


def test_every_key_has_a_description(schema):
    for path, node in walk(schema):
        if path and path[-1] == "properties":
            assert [key for key, value in node.items() if not value.get("description")] == [], path


def test_every_reference_leads_somewhere(schema):
    found = [node["$ref"] for _, node in walk(schema) if isinstance(node.get("$ref"), str)]
    assert len(found) > 40
    assert {ref.removeprefix("#/definitions/") for ref in found} <= set(schema["definitions"])


def test_quantities_have_units_and_examples(schema):
    horizon = schema["properties"]["horizon"]
    assert horizon["unit"] == "d" and "1 y" in horizon["examples"]
    service = schema["definitions"]["distribution of duration"]
    assert "20 min" in service["examples"] and "gamma" in service["anyOf"][-1]["properties"]


def test_choices_are_enumerated(schema):
    assert "awareness" in schema["definitions"]["Touchpoint"]["properties"]["stage"]["enum"]
    occasions = schema["definitions"]["StartsOn"]["properties"]
    assert list(occasions) == ["need", "renewal", "leaving", "awareness", "entry", "message"]


def test_guesses_carry_their_range_and_source(schema):
    psychology = schema["definitions"]["Psychology"]["properties"]
    assert psychology["habit"] == {
        "anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}],
        "examples": [0.3, 1],
        "description": "Habit strength gained per repetition.",
        "assumption": "0.02 .. 0.1",
        "source": "Lally et al. 2010",
        "default": 0.0454,
    }
    plain = [name for name in psychology if name not in ("on", "effect_on", "link", "emotions")]
    scalars = [name for name in plain if not name.startswith("weigh_")]
    assert all("assumption" in psychology[name] and "source" in psychology[name] for name in scalars)


def test_the_ranges_of_guesses_are_themselves_readable(schema, small):
    psychology = schema["definitions"]["Psychology"]["properties"]
    ranges = {
        f"psychology.{name}": node["assumption"] for name, node in psychology.items() if "assumption" in node
    }
    scenario = small("", *(f"assumed.{path}={text}" for path, text in ranges.items()))
    assert len(scenario.assumed) == len(ranges) > 25
    for path, assumption in scenario.assumed.items():
        low, high = assumption.dist.params
        assert low <= getattr(scenario.psychology, path.removeprefix("psychology.")) <= high, path


def test_short_forms_are_allowed(schema):
    step = schema["definitions"]["Step"]["properties"]["next"]["anyOf"]
    assert step[0] == {"type": "string"} and step[1]["additionalProperties"]["anyOf"][0]["type"] == "number"
    assert "off" in schema["properties"]["psychology"]["anyOf"][0]["enum"]
