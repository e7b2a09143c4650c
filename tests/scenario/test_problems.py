"""What is said about files that are not right: each problem with its exact line."""

import os

import pytest

from sim.errors import ScenarioError
from sim.scenario import load, parse

from .conftest import FILES, SMALL, cases

SHOP = (FILES / "coffee_shop.yaml").read_text(encoding="utf-8")


def changed(old: str, new: str) -> str:
    assert SHOP.count(old) == 1, old
    return SHOP.replace(old, new)


def marked(text: str) -> tuple[str, str]:
    """The text without the mark ^, and line and column of what stood behind it."""
    before, _, after = text.partition("^")
    return before + after, f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


# ---------------------------------------------------------------- the form of single values
@pytest.mark.parametrize(("old", "new", "message"), cases("mistakes"))
def test_one_line_for_one_mistake(complaints, old, new, message):
    text, place = marked(changed(old, new))
    assert complaints(text)[0] == f"shop.yaml:{place}: {message}"


def test_what_is_missing_is_told_at_the_key_it_is_missing_from(complaints):
    assert complaints(changed("horizon: 1 y\n", "")) == [
        "shop.yaml:1:1: horizon: missing: How long the run lasts, in days."
    ]
    text, place = marked(changed("staff: {pool: baristas, ", "^staff: {"))
    message = "touchpoints.order.staff.pool: missing: Name of the staff pool."
    assert complaints(text) == [f"shop.yaml:{place}: {message}"]


def test_a_mistake_in_customers_is_told_once(complaints):
    text, place = marked(changed("regularity: 2", "regularity: ^-2"))
    assert complaints(text) == [
        f"shop.yaml:{place}: customers.needs.regularity: expected a number above 0, got -2"
    ]


# ---------------------------------------------------------------- references
@pytest.mark.parametrize(("old", "new", "message"), cases("references"))
def test_names_that_lead_nowhere(complaints, old, new, message):
    text, place = marked(changed(old, new))
    assert complaints(text) == [f"shop.yaml:{place}: {message}"]


def test_a_step_is_told_that_its_name_is_no_touchpoint(complaints):
    text, place = marked(changed("      apology: {next", "      ^apologise: {next"))
    assert complaints(text.replace("{apology: 70", "{apologise: 70")) == [
        f"shop.yaml:{place}: journeys.visit.steps.apologise: "
        "expected a touchpoint, got 'apologise'; did you mean 'apology'?"
    ]


def test_an_edge_is_told_that_its_step_is_gone(complaints):
    text, place = marked(changed("{review: {weight", "{^review: {weight"))
    found = complaints(text.replace("      review: {next: end}", "      revue: {next: end}"))
    assert found[0] == (
        f"shop.yaml:{place}: journeys.visit.steps.coffee.next.review: "
        "expected a step or journey, got 'review'; did you mean 'revue'?"
    )


# ---------------------------------------------------------------- rules between the parts
@pytest.mark.parametrize(("more", "message"), cases("rules"))
def test_rules_between_the_parts(complaints, more, message):
    text, place = marked(SMALL + more)
    assert complaints(text)[0] == f"shop.yaml:{place}: {message}"


@pytest.mark.parametrize(("sets", "message"), [(case[:-1], case[-1]) for case in cases("broken_by_settings")])
def test_rules_that_settings_can_break(complaints, sets, message):
    assert complaints(SMALL, *sets)[0].endswith(f": {message}")


@pytest.mark.parametrize(("steps", "message"), cases("ways"))
def test_ways_through_journeys(complaints, steps, message):
    text, place = marked(SMALL.replace("order: {next: end}", steps))
    assert complaints(text) == [f"shop.yaml:{place}: {message}"]


def test_a_failure_may_be_the_only_way_out(small, write):
    text = SMALL.replace("order: {next: end}", "order: {next: order, if_failed: end}")
    assert load(write(text.replace("{stage: purchase}", "{fails: {chance: 1 %}}")))


# ---------------------------------------------------------------- several at once
def test_all_problems_are_told_in_the_order_of_the_file(complaints):
    text = (
        SHOP.replace("horizon: 1 y", "horizon: long")
        .replace("chance: 4 %", "chance: often")
        .replace("counts: order", "count: order")
    )
    assert complaints(text) == [
        "shop.yaml:4:10: horizon: expected a duration above 0 such as 20 min or 3 d, got 'long'",
        "shop.yaml:37:30: signals.bustle.count: unknown key; did you mean 'counts'?",
        "shop.yaml:53:21: touchpoints.order.fails.chance: "
        "expected a share from 0 to 1 such as 60 % or 0.6, got 'often'",
    ]


def test_all_references_are_told_in_the_order_of_the_file(complaints):
    text = (
        SHOP.replace("writes: stars", "writes: star")
        .replace("when: rush", "when: rusj")
        .replace("next: coffee}", "next: cofee}")
    )
    assert [line.partition(": ")[2].split(":")[0] for line in complaints(text)] == [
        "segments.commuters.needs.when",
        "touchpoints.review.writes",
        "journeys.visit.steps.apology.next",
    ]


def test_problems_of_several_files_each_name_their_own(in_folder, write):
    write(SMALL.replace("30 d", "never"), "base.yaml")
    with pytest.raises(ScenarioError) as caught:
        load(write("extends: base.yaml\nabout: 5\n"), ["currency=7"])
    assert str(caught.value).splitlines() == [
        "shop.yaml:2:8: about: expected text, got 5; write it in quotes",
        "base.yaml:2:10: horizon: expected a duration above 0 such as 20 min or 3 d, got 'never'",
        "--set currency=7: currency: expected text, got 7; write it in quotes",
    ]


# ---------------------------------------------------------------- files
@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "shop.yaml: the file is empty"),
        ("# nothing but this\n", "shop.yaml: the file is empty"),
        ("- a\n- b\n", "shop.yaml:1:1: expected keys and values at the top"),
        ("just text\n", "shop.yaml:1:1: expected keys and values at the top"),
        ("name: [1\n", "shop.yaml:2:1: not valid YAML: expected ',' or ']', but got '<stream end>'"),
        ("name: a: b\n", "shop.yaml:1:8: not valid YAML: mapping values are not allowed here"),
        (
            "name: a\n\tx: b\n",
            "shop.yaml:2:1: not valid YAML: found character '\\t' that cannot start any token",
        ),
        ("name: *who\n", "shop.yaml:1:7: not valid YAML: found undefined alias 'who'"),
        ("name: a\n---\nname: b\n", "shop.yaml:2:1: not valid YAML: but found another document"),
        ("name: a\nhorizon: 1 d\nname: b\n", "shop.yaml:3:1: name: duplicate key; it is in line 1 already"),
        (
            "a: {<<: {b: 1}}\n",
            "shop.yaml:1:5: a: merge keys (<<) are not used here; use extends, or like for segments",
        ),
        ("? [a, b]\n: 1\n", "shop.yaml:1:3: expected a key that is text"),
        (
            "name: !!python/object:os.system x\n",
            "shop.yaml:1:7: name: expected plain YAML, got the tag tag:yaml.org,2002:python/object:os.system",
        ),
        ("name: !who x\n", "shop.yaml:1:7: name: expected plain YAML, got the tag !who"),
        ("a: &a [*a]\n", "shop.yaml:1:4: nested too deeply, or too large"),
        ("a: " + "[" * 1000 + "\n", "shop.yaml: nested too deeply"),
        ("name: a\0b\n", "shop.yaml: not valid YAML: special characters are not allowed"),
    ],
)
def test_files_that_are_not_scenarios(complaints, text, line):
    assert complaints(text) == [line]


def test_aliases_of_aliases_do_not_fill_the_memory(complaints):
    text = "a0: &a0 [x, x]\n" + "".join(f"a{k}: &a{k} [*a{k - 1}, *a{k - 1}]\n" for k in range(1, 35))
    assert complaints(text)[0].endswith("nested too deeply, or too large")


def said(path, *sets) -> str:
    with pytest.raises(ScenarioError) as caught:
        load(path, sets)
    return str(caught.value)


def test_a_missing_file():
    assert said("coffe_shop.yaml") == (
        "coffe_shop.yaml: cannot be read: no such file; did you mean 'coffee_shop.yaml'?"
    )
    assert said("nowhere/at/all.yaml") == "nowhere/at/all.yaml: cannot be read: no such file"
    assert said("a\0b.yaml").endswith("cannot be read: embedded null byte")


def test_a_folder_instead_of_a_file(in_folder):
    (in_folder / "empty").mkdir()
    assert said("empty") == "empty: cannot be read: it is a folder"
    assert said(in_folder) == (
        f"{os.path.relpath(in_folder)}: cannot be read: it is a folder; "
        "name a file in it: coffee_shop.yaml, streaming.yaml, surprise_gift.yaml"
    )


def test_a_file_that_is_not_utf_8(in_folder):
    (in_folder / "latin.yaml").write_bytes("name: Café\n".encode("latin-1"))
    assert said("latin.yaml") == "latin.yaml: cannot be read: it is not UTF-8 text"


def test_files_elsewhere_are_named_in_full(tmp_path_factory):
    file = tmp_path_factory.mktemp("other") / "x.yaml"
    file.write_text("", encoding="utf-8")
    assert said(file) == f"{file}: the file is empty"


@pytest.mark.parametrize(
    ("extends", "line"),
    [
        (
            "bse.yaml",
            "shop.yaml:1:10: extends: cannot read 'bse.yaml': no such file; did you mean 'base.yaml'?",
        ),
        ("[base.yaml, nothing.yaml]", "shop.yaml:1:22: extends: cannot read 'nothing.yaml': no such file"),
        ("5", "shop.yaml:1:10: extends: expected a file name or a list of them, got 5"),
        ("{a: b}", "shop.yaml:1:10: extends: expected a file name or a list of them, got a mapping"),
        ("shop.yaml", "shop.yaml:1:10: extends: goes round in a circle: shop.yaml -> shop.yaml"),
        ("loop.yaml", "loop.yaml:1:10: extends: goes round in a circle: shop.yaml -> loop.yaml -> shop.yaml"),
        ("latin.yaml", "shop.yaml:1:10: extends: cannot read 'latin.yaml': it is not UTF-8 text"),
        ("data", "shop.yaml:1:10: extends: cannot read 'data': it is a folder; name a file in it: more.yaml"),
    ],
)
def test_extends_that_leads_nowhere(in_folder, write, complaints, extends, line):
    write(SMALL, "base.yaml")
    write("extends: shop.yaml\n", "loop.yaml")
    (in_folder / "latin.yaml").write_bytes(b"name: \xff\n")
    (in_folder / "data").mkdir()
    write(SMALL, "data/more.yaml")
    assert complaints(f"extends: {extends}\n") == [line]


# ---------------------------------------------------------------- --set
@pytest.mark.parametrize(("setting", "line"), cases("settings"))
def test_settings_that_lead_nowhere(setting, line):
    assert said("coffee_shop.yaml", setting).startswith(line)


def test_all_bad_settings_are_told():
    assert len(said("coffee_shop.yaml", "staff.x.wage=3", "stock.x.start=3").splitlines()) == 2


# ---------------------------------------------------------------- from Python
@pytest.mark.parametrize(
    ("data", "line"),
    [
        ({}, "name: missing: Title of the scenario."),
        ([], "expected a mapping"),
        ({"name": "x", 5: 3}, "expected a key that is text, got 5"),
        (
            {"name": "x", "horizon": 3},
            "horizon: expected a duration above 0 such as 20 min or 3 d, got 3; write a unit, such as 3 d",
        ),
    ],
)
def test_problems_from_python_have_no_place(data, line):
    with pytest.raises(ScenarioError) as caught:
        parse(data)
    assert str(caught.value).splitlines()[0] == line


def test_data_that_holds_itself():
    data: dict = {"name": "x"}
    data["staff"] = data
    with pytest.raises(ScenarioError, match="nested too deeply"):
        parse(data)
