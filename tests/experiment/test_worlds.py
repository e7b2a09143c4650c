"""Which scenarios are compared, and every reason not to: one clear sentence each."""

from dataclasses import replace

import pytest

import sim
from sim.engine import lower
from sim.errors import ScenarioError, UsageError
from sim.experiment.manifest import Settings
from sim.experiment.worlds import labels, lowered, worlds

PLAIN = Settings(seed=1, replications=10)


def written(place, text):
    place.write_text(text, encoding="utf-8")
    return place


@pytest.fixture
def dearer(kiosk):
    return written(kiosk.with_name("dearer.yaml"), "extends: baseline.yaml\nname: Dearer papers\n")


def wrong(*given, **changes) -> str:
    with pytest.raises(UsageError) as error:
        worlds(given, replace(PLAIN, **changes))
    assert "\n" not in str(error.value)
    return str(error.value)


# ---------------------------------------------------------------- which
def test_a_folder_is_its_baseline_and_every_file_below_that_extends_it(kiosk, cheaper, dearer):
    written(kiosk.with_name("grid.yaml"), "design: {factors: {}}\nextends: baseline.yaml\n")
    written(kiosk.with_name("other.yaml"), kiosk.read_text("utf-8"))
    written(kiosk.with_name("over_other.yaml"), "extends: other.yaml\n")
    found = worlds([kiosk.parent], PLAIN)
    assert [scenario.path for scenario in found] == [kiosk, dearer, cheaper]


def test_a_shipped_folder_goes_by_its_name():
    assert labels(worlds(["coffee_shop"], PLAIN)) == (
        "Corner coffee shop", "Points card", "Surprise pastry", "Third barista",
    )  # fmt: skip


def test_scenarios_from_python_can_be_compared(kiosk, cheaper):
    found = worlds([sim.load(kiosk), sim.load(cheaper)], PLAIN)
    assert labels(found) == ("Kiosk", "Cheaper papers")


def test_a_strategy_may_be_what_others_are_compared_with(kiosk, cheaper, dearer):
    assert labels(worlds([cheaper, kiosk, dearer], PLAIN)) == ("Cheaper papers", "Kiosk", "Dearer papers")


def test_worlds_of_one_name_go_by_their_files(kiosk, cheaper):
    other = written(kiosk.with_name("b.yaml"), "extends: strategies/cheaper.yaml\n")
    nameless = written(kiosk.with_name("c.yaml"), "extends: baseline.yaml\n")
    found = worlds([kiosk, cheaper, other, nameless], PLAIN)
    assert labels(found) == ("Kiosk", "cheaper", "b", "c")


# ---------------------------------------------------------------- what is wrong
def test_one_file_has_nothing_to_be_compared_with(kiosk):
    assert "one scenario alone has nothing to be compared with" in wrong(kiosk)


def test_nothing_at_all():
    assert "expected a baseline and the strategies" in wrong()


def test_the_same_file_twice(kiosk, cheaper):
    assert "cheaper.yaml: is there twice" in wrong(kiosk, cheaper, cheaper)
    assert "baseline.yaml: is there twice" in wrong(
        kiosk, kiosk.parent / "strategies" / ".." / "baseline.yaml"
    )


def test_a_folder_without_a_baseline_or_a_strategy(kiosk, cheaper):
    assert "there is no baseline.yaml in it" in wrong(cheaper.parent)
    cheaper.unlink()
    assert "no file in it extends baseline.yaml" in wrong(kiosk.parent)


def test_another_horizon(kiosk, cheaper):
    written(cheaper, cheaper.read_text("utf-8") + "horizon: 60 d\n")
    assert "cheaper.yaml: lasts 60 days" in wrong(kiosk, cheaper)
    assert len(worlds([kiosk, cheaper], replace(PLAIN, horizon="20 d"))) == 2


def test_another_population(kiosk, cheaper):
    text = kiosk.read_text("utf-8").replace("size: 40", "size: 50")
    other = written(kiosk.with_name("other.yaml"), text)
    assert "its population is 50 at one site, that of" in wrong(kiosk, other)


def test_a_strategy_cannot_change_the_population(kiosk, cheaper):
    written(cheaper, cheaper.read_text("utf-8") + "population: {size: 50}\n")
    with pytest.raises(ScenarioError, match="a strategy cannot change who is there") as raised:
        lowered(worlds([kiosk, cheaper], PLAIN))
    assert raised.value.problems[0].where.startswith(str(cheaper))


def test_another_baseline_says_what_differs(kiosk):
    text = kiosk.read_text("utf-8").replace("80 % per year", "70 % per year")
    other = written(kiosk.with_name("other.yaml"), text)
    assert "its baseline is another than that of" in wrong(kiosk, other)
    assert "(they differ in customers, segments)" in wrong(kiosk, other)


def test_a_name_that_is_none():
    assert "no such scenario file; did you mean coffee_shop/third_barista?" in wrong(
        "coffee_shop", "coffee_shop/third_barist"
    )


# ---------------------------------------------------------------- settings
def test_a_setting_of_what_only_one_strategy_has_holds_there(kiosk, cheaper):
    written(
        cheaper, cheaper.read_text("utf-8").replace("touchpoints:\n", "touchpoints:\n  mail: {cost: 1}\n")
    )
    found = worlds([kiosk, cheaper], replace(PLAIN, sets=("touchpoints.mail.cost=3", "population.size=20")))
    assert [scenario.population.size for scenario in found] == [20, 20]
    assert found[1].touchpoints["mail"].cost == 3.0


def test_a_setting_of_what_nobody_has_is_an_error(kiosk, cheaper):
    with pytest.raises(ScenarioError, match="there is no 'bye' here; did you mean 'buy'"):
        worlds([kiosk, cheaper], replace(PLAIN, sets=("touchpoints.bye.cost=3",)))


# ---------------------------------------------------------------- one luck
def test_one_dominating_rate_bounds_the_leaving_of_all(kiosk, cheaper):
    """A strategy with a stronger effect moves the baseline's moments to leave along with its own."""
    text = kiosk.read_text("utf-8").replace("  reconsiders: 1 per 7 d\n", "")
    written(kiosk, text)
    written(cheaper, cheaper.read_text("utf-8") + "psychology: {effect_on: {leaving: 2.5}}\n")
    found = worlds([kiosk, cheaper], PLAIN)
    bounds = [program.static["segments"]["bound"][0] for program in lowered(found)]
    alone = [lower(scenario).static["segments"]["bound"][0] for scenario in found]
    assert bounds[0] == bounds[1] == max(alone) > alone[0]
