"""Whatever a file holds, it is loaded or complained about; nothing else ever happens."""

import copy
from io import StringIO

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from sim.errors import ScenarioError
from sim.scenario import describe, load, parse
from sim.scenario.design import design_of
from sim.scenario.design_file import Sheet

from .conftest import FILES

TEXTS = [file.read_text(encoding="utf-8") for file in sorted(FILES.glob("*.yaml"))]
WHOLE = [text for text in TEXTS if "extends" not in text]
DATA = [YAML(typ="safe", pure=True).load(StringIO(text)) for text in WHOLE]
NUMBERS = [None, True, 0, -1, 0.5, 1e308, float("nan"), float("inf"), 10**30]
WORDS = [
    "",
    " ",
    "never",
    "rest",
    "off",
    "end",
    "leave",
    "visit",
    "order",
    "after a visit",
    "x" * 300,
    "\u2028",
]
UNITS = ["60 %", "-5 %", "3 d", "0 d", "1 per 0 d", "mon 25:00-26:00", "0 .. 1", "1 .. 0", "5 % per renewal"]
SPREADS = [
    {"mean": 1},
    {"cv": 1},
    {"mean": "3 d", "cv": 2},
    {"gamma": {"shape": 1}},
    {"uniform": {"low": 2, "high": 1}},
    {"beta": {"alpha": 1e-300, "beta": 1e300}},
    {"empirical": {"file": "/nowhere", "column": "x"}},
]
SHAPES = [
    [],
    {},
    [[]],
    [1, "a"],
    {"a": 1},
    {"end": 0},
    {"": ""},
    {"file": ".", "column": "a"},
    {"like": {"a": []}},
]
HOSTILE = st.sampled_from([*NUMBERS, *WORDS, *UNITS, *SPREADS, *SHAPES])
QUICK = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def places(node, path=()):
    """The path of every value below a node."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


@st.composite
def mutants(draw):
    """A valid scenario with a few of its values, or keys, replaced or gone."""
    data = copy.deepcopy(draw(st.sampled_from(DATA)))
    for _ in range(draw(st.integers(1, 4))):
        *above, last = draw(st.sampled_from(list(places(data))))
        node = data
        for key in above:
            node = node[key]
        what = draw(st.sampled_from(["value", "key", "gone", "moved"]))
        if what == "value":
            node[last] = draw(HOSTILE)
        elif what == "key" and isinstance(node, dict):
            node[draw(st.sampled_from(["x", "", "mean", "gamma", "end", "a.b", "rate", "is", "share"]))] = (
                node[last]
            )
        elif what == "gone":
            del node[last]
        else:
            node[last] = copy.deepcopy(data)
        if not data:
            return data
    return data


@QUICK
@given(mutants())
def test_any_data_is_read_or_complained_about(data):
    try:
        describe(parse(data))
    except ScenarioError as error:
        assert error.problems and all(problem.message for problem in error.problems)


@QUICK
@given(st.data())
def test_any_text_is_read_or_complained_about(in_folder, data):
    text = data.draw(st.sampled_from(TEXTS))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 30)))
        put = data.draw(
            st.one_of(
                st.text(max_size=5), st.sampled_from(["[", "{", "&a ", "*a", "<<: ", "!!set ", "? ", "\t"])
            )
        )
        text = text[:start] + put + text[end:]
    (in_folder / "fuzz.yaml").write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
    try:
        describe(load("fuzz.yaml"))
    except ScenarioError as error:
        assert all("fuzz.yaml" in str(problem) or "coffee_shop" in str(problem) for problem in error.problems)


@QUICK
@given(
    st.text(max_size=40),
    st.sampled_from(["touchpoints.order.", "segments.", "journeys.visit.steps.", "assumed.", ""]),
)
def test_any_setting_is_read_or_complained_about(in_folder, text, start):
    try:
        load("coffee_shop.yaml", [start + text, f"{start}x={text}"])
    except ScenarioError as error:
        assert error.problems


DESIGN = {
    "scenario": "coffee_shop.yaml",
    "method": "full_factorial",
    "levels": 3,
    "kpis": ["profit"],
    "parameters": {"touchpoints.order.cost": "0 .. 1", "staff.baristas.servers": [1, 2, 3]},
}


@settings(parent=QUICK, max_examples=25)
@given(st.sampled_from(sorted(Sheet.model_fields)), HOSTILE)
def test_any_key_of_a_design_is_read_or_complained_about(in_folder, key, value):
    try:
        design_of({**DESIGN, key: value})
    except ScenarioError as error:
        assert error.problems and all(problem.message for problem in error.problems)


@settings(parent=QUICK, max_examples=25)
@given(
    st.sampled_from(sorted({".".join(map(str, path)) for data in DATA[:1] for path in places(data)})), HOSTILE
)
def test_anything_may_be_varied(in_folder, path, value):
    try:
        design_of({**DESIGN, "parameters": {path: value, "touchpoints.coffee.cost": "0 .. 1"}})
    except ScenarioError as error:
        assert error.problems and all(problem.message for problem in error.problems)


@QUICK
@given(
    st.sampled_from(sorted({".".join(map(str, path)) for data in DATA[:1] for path in places(data)})), HOSTILE
)
def test_any_value_may_be_set(in_folder, path, value):
    try:
        describe(load("coffee_shop.yaml", extra={path: value}))
    except ScenarioError as error:
        assert error.problems
