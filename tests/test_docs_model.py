"""docs/model.md and docs/scenario-files.md say what the code does, and their pieces load."""

import ast
import re
import shlex
from functools import cache
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest

import sim
from sim.model.layout import PERSON
from sim.scenario.assumptions import ends
from sim.scenario.psychology import EMOTIONS
from sim.scenario.quantities import HALF_LIFE
from sim.scenario.schema import Scenario
from sim.scenario.shapes import Fields, Names, Other, as_written, quantity_of, shape_of
from sim.scenario.spreads import FAMILIES, FORMS
from sim.scenario.traits import Segment, Traits
from sim.scenario.units import DAYS_IN

HOUSE = Path(__file__).parents[1]
MODEL, LANGUAGE = HOUSE / "docs" / "model.md", HOUSE / "docs" / "scenario-files.md"
NONE = (None, "", "none")


# ---------------------------------------------------------------- the schema, path by path
def as_told(path: str) -> str:
    """The path under which the documents tell of it: once for what stands in several places."""
    path = re.sub(rf"^segments\.<name>\.(?=({'|'.join(Traits.model_fields)})\b)", "customers.", path)
    path = re.sub(r"(starts_on)\.\w+\.(becomes|usually)$", r"\1.need.\2", path)
    return re.sub(r"\.if_\w+\.<name>\.", ".next.<name>.", path)


def leaves(model, path=""):
    """(path, field, shape) of every key that has a value of its own, or is a record that may be missing."""
    for name, info in model.model_fields.items():
        inline = name == getattr(model, "inline", None)
        key = path if inline else f"{path}.{info.alias or name}".lstrip(".")
        shape = inner = shape_of(info.annotation, info.metadata)
        below = key
        while isinstance(inner, Names):
            inner, below = inner.inner, f"{below}.<name>"
        default = None if info.is_required() else info.get_default(call_default_factory=True)
        if not isinstance(inner, Fields) or default is None or isinstance(shape, Names):
            yield key, info, shape
        if isinstance(inner, Fields):
            yield from leaves(inner.model, below)


SCHEMA = {as_told(path): (info, shape) for path, info, shape in leaves(Scenario)}
ALSO = {"extends", "customers", "psychology", "calendars.<name>.<name>"}  # told, though no leaf of the schema


@cache
def tables(file: Path) -> list[dict[str, str]]:
    """The rows of all tables of a document, by the names of their columns."""
    rows, names = [], None
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            names = None
            continue
        cells = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        if names is None:
            names = cells
        elif not set(cells[0]) <= {"-"} or not cells[0]:
            rows.append(dict(zip(names, cells, strict=True)))
    return rows


TOLD = {row["path"]: row for file in (MODEL, LANGUAGE) for row in tables(file) if "path" in row}


def same(text: str, value, shape) -> bool:
    """Whether a cell stands for a default, in whatever unit."""
    quantity = quantity_of(shape)
    if value in NONE or value == {}:
        return text == "none"
    if quantity is None:
        return text.lower() == str(as_written(value, shape)).lower()
    return quantity.parse(text) == (value if isinstance(value, float | int | str) else value.mean)


def test_every_key_of_the_schema_is_told_and_no_other():
    assert set(TOLD) - ALSO == set(SCHEMA)
    paths = [row["path"] for file in (MODEL, LANGUAGE) for row in tables(file) if "path" in row]
    assert len(paths) == len(set(paths))


SPECIAL = {"psychology.emotions": "the eight of 8.2", "journeys.<name>.steps.<name>.next": "end"}


@pytest.mark.parametrize("path", SCHEMA)
def test_defaults_choices_and_ranges_are_those_of_the_schema(path):
    (info, shape), row = SCHEMA[path], TOLD[path]
    if path in SPECIAL:
        assert row["default"] == SPECIAL[path]
    elif info.is_required():
        assert row["default"] == "required"
    else:
        assert same(row["default"], info.get_default(call_default_factory=True), shape)
    extra = info.json_schema_extra or {}
    if "range" in row:
        assert row["range"] == extra.get("assumption", "–")
        known = {"declared assumption": "assumption"}.get(extra.get("source"), extra.get("source"))
        assert row["source"] == (known or ("assumption" if "assumption" in extra else "–"))
    elif "assumption" in extra:
        assert extra["assumption"] in row["meaning"]
    if isinstance(shape, Other) and get_origin(shape.annotation) is Literal:
        told = row.get("takes", row["meaning"])
        assert all(re.search(rf"\b{option}\b", told) for option in get_args(shape.annotation))


def test_ranges_hold_their_defaults():
    for path, (info, shape) in SCHEMA.items():
        extra, quantity = info.json_schema_extra or {}, quantity_of(shape)
        if "assumption" in extra:
            low, high = map(quantity.parse, ends(extra["assumption"]))
            assert low <= quantity.parse(TOLD[path]["default"]) <= high, path


def test_the_eight_emotions_are_told():
    rows = {row["emotion"]: row for row in tables(MODEL) if "emotion" in row}
    assert set(rows) == set(EMOTIONS)
    for name, emotion in EMOTIONS.items():
        row = rows[name]
        assert row["feels"] == emotion.feels
        assert HALF_LIFE.parse(row["half-life"]) == emotion.half_life
        for weight in ("bonds", "on_buying", "on_leaving"):
            assert float(row[weight]) == getattr(emotion, weight)


def test_every_field_of_a_customer_is_told():
    told = " ".join(row["field"] for row in tables(MODEL) if "field" in row)
    assert set(re.findall(r"\w+", told)) == set(PERSON.names)


def test_families_and_units_are_told():
    rows = {row["family"]: row["parameters"] for row in tables(LANGUAGE) if "family" in row}
    assert set(rows) == set(FAMILIES)
    for family, forms in FORMS.items():
        assert all(re.search(rf"\b{key}\b", rows[family]) for form in forms for key in form.kinds)
    assert all(f" {unit} (" in LANGUAGE.read_text(encoding="utf-8").replace("\n", " ") for unit in DAYS_IN)
    assert set(Segment.model_fields) - set(Traits.model_fields) == {
        path.split(".")[2] for path in TOLD if path.startswith("segments.<name>.")
    }


# ---------------------------------------------------------------- numbers that stand in the code
NUMERICAL = {"normal.py", "sample.py"}  # polynomials and tables: tests/model/test_sample.py
EQUATIONS = [p for p in sorted((HOUSE / "sim" / "model").glob("*.py")) if p.name not in NUMERICAL] + [
    HOUSE / "sim" / "engine" / f"{name}.py" for name in ("psyche", "program", "rows")
]


def numbers(file: Path) -> set[float]:
    """Numbers with a decimal point in a source file, but for 0 and 1."""
    found = (n.value for n in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(n, ast.Constant))
    return {value for value in found if isinstance(value, float)} - {0.0, 1.0}


def test_every_number_in_the_equations_is_told():
    rows = [row for row in tables(MODEL) if "where" in row]
    told = {(row["where"], abs(float(row["value"]))) for row in rows}
    there = {(str(file.relative_to(HOUSE)), value) for file in EQUATIONS for value in numbers(file)}
    assert there <= told
    unnamed = {(row["where"], abs(float(row["value"]))) for row in rows if not row["name"]}
    assert unnamed <= there
    for row in rows:
        if row["name"]:
            module = import_module(row["where"].removesuffix(".py").replace("/", "."))
            assert getattr(module, row["name"]) == float(row["value"]), row["name"]


# ---------------------------------------------------------------- files and tests by name
@pytest.mark.parametrize("file", [MODEL, LANGUAGE], ids=lambda file: file.name)
def test_what_is_named_exists(file):
    text = file.read_text(encoding="utf-8")
    for path, test in re.findall(r"`((?:sim|tests|docs|scenarios|benchmarks)/[\w/.-]+)(?:::(\w+))?`", text):
        assert (HOUSE / path).exists(), path
        assert not test or f"def {test}(" in (HOUSE / path).read_text(encoding="utf-8"), test
    for path in re.findall(r"\]\(([\w./-]+)\)", text):
        assert (file.parent / path).exists(), path


# ---------------------------------------------------------------- pieces that load
MARK = r"(?:<!-- (?:file: (?P<file>\S+)|overlay) -->\n)?"
PIECE = re.compile(MARK + r"```(?P<kind>yaml|csv|console)\n(?P<text>.*?)```", re.S)
PIECES = [match.groupdict() for match in PIECE.finditer(LANGUAGE.read_text(encoding="utf-8"))]
OVERLAYS = [piece["text"] for piece in PIECES if piece["kind"] == "yaml" and not piece["file"]]


@pytest.fixture
def desk(tmp_path):
    """A folder with the files of the page."""
    for piece in PIECES:
        if piece["file"]:
            (tmp_path / piece["file"]).write_text(piece["text"], encoding="utf-8")
    return tmp_path


def test_every_piece_says_what_it_is():
    page = LANGUAGE.read_text(encoding="utf-8")
    marked = re.findall(r"<!-- (?:file: \S+|overlay) -->\n```(?:yaml|csv)\n", page)
    assert len(marked) == len(re.findall(r"^```(?:yaml|csv)$", page, re.M)) > 10
    assert PIECES[1]["file"] == "baseline.yaml"


def test_whole_scenarios_load(desk):
    for file in desk.glob("*.yaml"):
        assert sim.load(file).name


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda text: text.split("\n")[0])
def test_overlays_load_over_the_baseline(desk, overlay):
    head = "" if overlay.startswith("extends:") else "extends: baseline.yaml\n"
    (desk / "overlay.yaml").write_text(head + overlay, encoding="utf-8")
    loaded = sim.load(desk / "overlay.yaml")
    assert loaded.model_dump() != loaded.baseline.model_dump()


def test_settings_load_over_the_baseline(desk):
    lines = [line for piece in PIECES if piece["kind"] == "console" for line in piece["text"].splitlines()]
    words = [shlex.split(line) for line in lines if "--set" in line]
    assert len(words) >= 2
    for command in words:
        sets = [word for before, word in pairwise(command) if before == "--set"]
        assert sim.load(desk / command[2], sets)
