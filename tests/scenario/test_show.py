from ruamel.yaml import YAML

from sim.scenario import describe, load, parse


def line_of(text: str, start: str) -> list[str]:
    """Value and origin of the first line that begins like this."""
    line = next(line for line in text.splitlines() if line.startswith(start))
    return [part.strip() for part in line.removeprefix(start).split("  # ")]


def test_every_value_says_where_it_comes_from():
    text = describe(load("surprise_gift.yaml", ["population.size=50"], {"horizon": "2 weeks"}))
    assert line_of(text, "name:") == ["Surprise pastry", "surprise_gift.yaml:3"]
    assert line_of(text, "currency:") == ["EUR", "coffee_shop.yaml:3"]
    assert line_of(text, "  size:") == ["50", "--set population.size=50"]
    assert line_of(text, "horizon:") == ["2 weeks", "set horizon='2 weeks'"]
    assert line_of(text, "discount_rate:") == ["10 %", "default"]
    assert line_of(text, "      half_life:") == ["8.1 h", "default"]
    assert line_of(text, "  waiting_scale:") == ["10 min", "default"]
    assert line_of(text, "          coffee:") == ["30", "coffee_shop.yaml:64"]


def test_segments_are_shown_with_what_they_have_from_customers():
    text = describe(load("coffee_shop.yaml"))
    lingerers = text[text.index("  lingerers:") : text.index("  neighbours:")]
    assert line_of(lingerers, "      regularity:") == ["2", "coffee_shop.yaml:9"]
    assert line_of(lingerers, "      reciprocity:") == ["0.6", "coffee_shop.yaml:22"]
    assert line_of(lingerers, "    trust:") == ["0.5", "default"]


def test_what_is_shown_loads_to_the_same_scenario(in_folder):
    for name in ("coffee_shop.yaml", "streaming.yaml", "surprise_gift.yaml"):
        scenario = load(name)
        shown = YAML(typ="safe", pure=True).load(describe(scenario))
        again = parse(shown, folder=in_folder)
        assert again.model_dump(exclude={"customers"}) == scenario.model_dump(exclude={"customers"})


def test_text_is_quoted_where_it_must_be(small):
    text = describe(small("", 'about="a: b #c"', 'currency="- x"'))
    assert line_of(text, "about:")[0] == '"a: b #c"' and line_of(text, "currency:")[0] == '"- x"'


def test_psychology_off_is_short(small):
    text = describe(small("psychology: off\n"))
    assert line_of(text, "psychology:")[0] == "off" and "waiting_scale" not in text


def test_removed_keys_are_not_shown(small):
    assert "joy" not in describe(small("psychology: {emotions: {joy: null}}\n"))
