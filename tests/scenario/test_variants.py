"""Other values, and a strategy without some of what it changes."""

import pytest

import sim
from sim.errors import ScenarioError
from sim.scenario.variants import (
    as_strategy,
    default_assumptions,
    has,
    likeness,
    overlay,
    pieces,
    with_values,
    without,
)


@pytest.fixture
def shop():
    return (
        sim.load(sim.scenarios_folder() / "coffee_shop" / f"{name}.yaml")
        for name in ("baseline", "surprise_pastry")
    )


def test_a_campaign_is_a_piece_and_its_trigger_a_part_of_it(shop):
    baseline, pastry = shop
    assert [(piece.name, piece.kind, piece.part_of) for piece in pieces(pastry, baseline)] == [
        ("campaigns.pastry", "campaign", None),
        ("touchpoints.free_pastry.triggers.gift", "trigger", "campaigns.pastry"),
    ]


def test_without_its_campaign_a_strategy_is_the_baseline(shop):
    baseline, pastry = shop
    campaign, trigger = pieces(pastry, baseline)
    alone = without(pastry, baseline, [campaign])
    assert likeness(alone) == likeness(baseline) and "free_pastry" not in alone.touchpoints
    weaker = without(pastry, baseline, [trigger])
    assert weaker.touchpoints["free_pastry"].triggers["gift"].strength == 0.0
    assert likeness(weaker) != likeness(baseline) and weaker.baseline is baseline.baseline


def written(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return sim.load(folder / name)


def test_what_a_strategy_changes_goes_back_to_what_it_was(kiosk):
    folder, baseline = kiosk.parent, sim.load(kiosk)
    strategy = written(
        folder,
        "many.yaml",
        "extends: baseline.yaml\n"
        "staff: {till: {servers: 1}}\n"
        "customers: {leaves: {mean: 20 % per year}}\n"
        "touchpoints: {buy: {quality: 0.9, staff: {pool: till, service: 1 min}}}\n",
    )
    found = {piece.name: piece for piece in pieces(strategy, baseline)}
    assert set(found) == {"customers.leaves", "touchpoints.buy"}
    less = without(strategy, baseline, [found["touchpoints.buy"]])
    assert not less.staff and less.touchpoints["buy"] == baseline.touchpoints["buy"]
    assert less.customers.leaves == strategy.customers.leaves
    assert likeness(without(strategy, baseline, found.values())) == likeness(baseline)


def test_what_cannot_stand_alone_is_an_error(kiosk):
    baseline = sim.load(kiosk)
    strategy = written(
        kiosk.parent,
        "proud.yaml",
        "extends: baseline.yaml\n"
        "psychology: {emotions: {gratitude: null, pride: {half_life: 1 d, feels: good}}}\n"
        "touchpoints: {buy: {feels: {pride: 0.3}}}\n",
    )
    emotions = next(piece for piece in pieces(strategy, baseline) if piece.path[0] == "psychology")
    with pytest.raises(ScenarioError, match="pride"):
        without(strategy, baseline, [emotions])


def test_values_reach_strategy_and_baseline_where_they_exist(shop):
    _, pastry = shop
    gift = "touchpoints.free_pastry.triggers.gift.strength"
    drawn = with_values(pastry, {"psychology.effect_on.leaving": 0.5, gift: 1.5, "loyalty.card.pull": 3})
    assert drawn.psychology.effect_on.leaving == drawn.baseline.psychology.effect_on.leaving == 0.5
    assert drawn.touchpoints["free_pastry"].triggers["gift"].strength == 1.5
    assert has(pastry, gift) and not has(pastry.baseline, gift) and not has(pastry, "loyalty.card.pull")


def test_defaults_with_a_range_are_assumptions_unless_stated(shop):
    baseline, _ = shop
    found = default_assumptions(baseline)
    assert len(found) > 60 and "psychology.goodwill_gain" in found
    assert "psychology.effect_on.leaving" not in found  # the file states it
    assert found["psychology.goodwill_half_life"].dist.params == (7.0, 60.0)
    low = {path: one.write(one.dist.support[0]) for path, one in found.items()}
    high = {path: one.write(one.dist.support[1]) for path, one in found.items()}
    for values in (low, high):
        with_values(baseline, values)


def test_a_part_that_only_the_strategy_has_stays_out_of_the_baseline(tmp_path):
    """`fakes` is a key of every signal; the baseline has written none, and half of one is none."""
    folder = sim.scenarios_folder() / "coffee_shop"
    fakes = "{count: 5, average: 5, from: 20 d, until: 30 d}"
    text = f"extends: {folder / 'baseline.yaml'}\nname: Fakes\nsignals: {{stars: {{fakes: {fakes}}}}}\n"
    (tmp_path / "fakes.yaml").write_text(text, encoding="utf-8")
    strategy = sim.load(tmp_path / "fakes.yaml")
    changed = with_values(strategy, {"signals.stars.fakes.from": "10 d"})
    assert changed.signals["stars"].fakes.from_ == 10
    assert changed.baseline.signals["stars"].fakes is None
    assert has(strategy, "signals.stars.fakes.from") and not has(
        strategy.baseline, "signals.stars.fakes.from"
    )
    assert has(strategy.baseline, "psychology.effect_on.buying") and has(strategy, "touchpoints.bun.cost")


def test_values_of_a_strategy_leave_its_baseline_alone(shop):
    baseline, _ = shop
    changed = as_strategy(baseline, {"staff.baristas.servers": 3})
    assert changed.staff["baristas"].servers == 3 and changed.baseline is baseline
    with pytest.raises(ScenarioError, match="did you mean 'baristas'"):
        as_strategy(baseline, {"staff.barista.servers": 3})


def test_an_overlay_says_what_the_variant_says(shop, tmp_path):
    """Also where a bare value becomes a distribution, and in a list, which a file can only replace as a whole."""
    import io

    from ruamel.yaml import YAML

    _, pastry = shop
    values = {
        "staff.baristas.servers": 3,
        "customers.spends.mean": 5,
        "touchpoints.free_pastry.triggers.gift.strength": 0.5,
    }
    changed = as_strategy(pastry, values)
    said = overlay(changed, values)
    assert said["staff"] == {"baristas": {"servers": 3}} and said["customers"] == {"spends": {"mean": 5}}
    text = io.StringIO()
    YAML().dump({"extends": str(pastry.path), "name": "Overlay", **said}, text)
    assert likeness(written(tmp_path, "overlay.yaml", text.getvalue())) == likeness(changed)


def test_an_overlay_of_one_item_says_its_whole_list(tmp_path):
    text = """\
name: Days
horizon: 40 d
population: {size: 5}
customers: {needs: {mean: 1 per week, cv: 0.5}}
touchpoints: {buy: {stage: purchase, sells: {price: 3}}, mail: {stage: loyalty, channel: mail}}
journeys: {visit: {starts_on: {need: {becomes: buy}}, steps: {buy: {next: end}}}}
campaigns: {letter: {picks: {at: [5 d, 9 d]}, sends: {touchpoint: mail}}}
"""
    changed = as_strategy(written(tmp_path, "days.yaml", text), {"campaigns.letter.picks.at.1": "20 d"})
    said = overlay(changed, ["campaigns.letter.picks.at.1"])
    assert said == {"campaigns": {"letter": {"picks": {"at": ["5 d", "20 d"]}}}}
