import math
import pickle
import timeit

import pytest

from sim import scenarios_folder
from sim.errors import ScenarioError, UsageError
from sim.scenario import Dist, Scenario, load, parse
from sim.scenario.quantities import Budget, Prospects
from sim.scenario.weekly import Slot

from .conftest import SMALL


# ---------------------------------------------------------------- the example businesses
def test_the_coffee_shop():
    shop = load("coffee_shop.yaml")
    assert shop.horizon == 365 and shop.population.site == 600
    assert shop.segments["commuters"].needs.rate == Dist("gamma", (4.0, pytest.approx(4 / 7 / 4)))
    assert shop.segments["commuters"].needs.regularity == 2
    assert shop.segments["commuters"].needs.when == "rush"
    assert shop.segments["lingerers"].share == pytest.approx(0.4)
    assert shop.segments["lingerers"].susceptible.scarcity == Dist("constant", (0.2,))
    assert shop.segments["neighbours"].prospects == Prospects(300, per_site=True)
    assert shop.segments["neighbours"].spends == shop.segments["lingerers"].spends
    assert shop.segments["neighbours"].share is None
    assert shop.touchpoints["order"].fails.feels == {"frustration": Dist("constant", (0.5,))}
    assert shop.touchpoints["order"].sells.price == "own_spend"
    assert shop.journeys["visit"].occasion == "need" and shop.journeys["visit"].usually == 0.7
    assert shop.journeys["visit"].steps["order"].next["coffee"].weight == 1
    assert shop.journeys["visit"].steps["coffee"].next["review"].pulls == {"joy": 1.0, "frustration": 1.5}
    assert shop.journeys["discovery"].steps["map_app"].next["visit"].after == Dist("gamma", (1.0, 3.0))
    assert shop.calendars["rush"].slots[0] == Slot(7 / 24, 9.5 / 24, 8.0)
    assert shop.staff["baristas"].open[0] == (7 / 24, 18 / 24)
    assert shop.psychology.effect_on.buying == 0.6 and len(shop.psychology.emotions) == 8
    assert shop.assumed["psychology.effect_on.leaving"].dist == Dist("uniform", (0.4, 1.6))
    assert shop.baseline is shop


def test_a_strategy_over_the_coffee_shop():
    gift = load("surprise_gift.yaml")
    campaign = gift.campaigns["pastry"]
    assert gift.name == "Surprise pastry" and gift.about.startswith("Nobody signs")
    assert campaign.picks.audience.orders_last_30_d.at_least == 3
    assert campaign.limits.per_customer == 60 and campaign.limits.budget == Budget(1500.0, 365.0)
    assert "order" in gift.touchpoints and "free_pastry" in gift.touchpoints
    assert gift.baseline.name == "Corner coffee shop" and not gift.baseline.campaigns
    assert [path.name for path in gift.sources] == ["surprise_gift.yaml", "coffee_shop.yaml"]


def test_a_streaming_service():
    service = load("streaming.yaml")
    assert service.contract.renews == pytest.approx(365 / 12) and service.horizon == pytest.approx(730)
    devoted = service.segments["devoted"].leaves
    assert devoted.per == "renewal" and devoted.rate.mean == pytest.approx(0.02)
    assert service.journeys["bill"].steps["reminder"].next["leave"].after == Dist("constant", (14.0,))


def test_a_later_mechanism_is_not_silently_accepted(complaints):
    assert complaints(SMALL + "competitors: {other: {price: 3}}\n")[0].startswith(
        "shop.yaml:12:1: competitors: unknown key; expected one of name, about,"
    )


def test_loading_is_quick():
    load("coffee_shop.yaml")
    seconds = timeit.repeat(lambda: load("coffee_shop.yaml"), number=1, repeat=5)
    assert min(seconds) < 0.1


# ---------------------------------------------------------------- what a scenario is
def test_the_defaults_of_a_small_scenario(small):
    scenario = small()
    assert list(scenario.segments) == ["everyone"]
    assert scenario.segments["everyone"].needs.rate == Dist("constant", (1 / 7,))
    assert scenario.segments["everyone"].share == 1
    assert scenario.population.size == 1000 and scenario.warm_up is None and scenario.starts is None
    assert scenario.journeys["visit"].steps["order"].if_failed is None
    assert scenario.journeys["visit"].steps["order"].touchpoint == "order"


def test_a_scenario_from_python():
    scenario = parse(
        {"name": "Tiny", "horizon": "1 y", "customers": {"needs": "3 per week"}, "touchpoints": {"order": {}}}
    )
    assert scenario.path is None and scenario.horizon == 365 and scenario.sources == ()


def test_a_scenario_from_python_may_extend_a_file(in_folder):
    scenario = parse({"extends": "coffee_shop.yaml", "name": "Other"}, folder=in_folder)
    assert scenario.name == "Other" and scenario.baseline.name == "Corner coffee shop"


def test_scenarios_cannot_be_changed_but_can_be_sent_to_workers(small):
    scenario = small()
    with pytest.raises(ValueError, match="frozen"):
        scenario.horizon = 3
    assert pickle.loads(pickle.dumps(scenario)) == scenario


def test_the_resolved_scenario_loads_to_the_same(in_folder):
    gift = load("surprise_gift.yaml", ["population.size=50"])
    again = parse(gift.resolved, folder=in_folder)
    assert again.model_dump() == gift.model_dump()


def test_origins_follow_every_value(in_folder):
    gift = load("surprise_gift.yaml", ["population.size=50"])
    commuters = ("segments", "commuters")
    assert str(gift.origins["name",]) == "surprise_gift.yaml:3:7"
    assert str(gift.origins["currency",]) == "coffee_shop.yaml:3:11"
    assert str(gift.origins["population", "size"]) == "--set population.size=50"
    assert str(gift.origins[(*commuters, "spends", "mean")]) == "coffee_shop.yaml:10:18"
    assert (*commuters, "trust") not in gift.origins


@pytest.mark.parametrize("off", ["off", "false", "{on: false}"])
def test_psychology_off(small, off):
    psychology = small(f"psychology: {off}\n").psychology
    assert not psychology.on and psychology.effect_on.leaving == psychology.effect_on.buying == 0


def test_emotions_are_merged_over_the_defaults(small):
    pride = "pride: {half_life: never, feels: good}"
    more = f"psychology: {{emotions: {{joy: {{half_life: 2 d}}, anxiety: null, {pride}}}}}\n"
    emotions = small(more).psychology.emotions
    assert list(emotions) == [
        "joy", "trust_feeling", "belonging", "gratitude", "surprise", "frustration", "resentment", "pride",
    ]  # fmt: skip
    assert emotions["joy"].half_life == 2 and emotions["joy"].bonds == 0.3
    assert emotions["pride"].half_life == math.inf


def test_an_unbounded_emotion_takes_any_impulse(small):
    impulses = "touchpoints.order.feels={joy: {mean: 3, sd: 1}, surprise: {mean: 0, sd: 1}}"
    feels = small("psychology: {emotions: {joy: {range: unbounded}}}\n", impulses).touchpoints["order"].feels
    assert feels["joy"].support == (-math.inf, math.inf) and feels["surprise"].support == (-1, 1)


def test_leaving_rates_know_what_they_count_by(small):
    visit = small("", "customers.leaves={beta: {alpha: 1, beta: 3}, per: visit}").segments["everyone"].leaves
    assert visit.per == "visit" and visit.rate == Dist("beta", (1.0, 3.0))
    assert small("", "customers.leaves=20 % per visit").segments["everyone"].leaves.per == "visit"
    hazard = (
        small("", "customers.leaves={gamma: {shape: 0.606, rate: 11.669 weeks}}").segments["everyone"].leaves
    )
    assert hazard.per == "day" and hazard.rate.params == (0.606, pytest.approx(1 / 11.669 / 7))


# ---------------------------------------------------------------- people who enter
def test_customers_enter_on_the_days_of_a_file(in_folder, small):
    (in_folder / "days.csv").write_text("id,day\n1,0\n2,3.5\n3,1\n", encoding="utf-8")
    scenario = small("enters: {on_days: {file: days.csv, column: day}}\n")
    assert scenario.enters.on_days.days == (0.0, 3.5, 1.0)
    assert scenario.population.size == 0
    assert [path.name for path in scenario.sources] == ["shop.yaml", "days.csv"]


def test_files_are_looked_for_beside_the_file_that_names_them(in_folder, write):
    (in_folder / "data").mkdir()
    (in_folder / "data" / "days.csv").write_text("day\n2\n", encoding="utf-8")
    write(SMALL + "enters: {on_days: {file: days.csv, column: day}}\n", "data/base.yaml")
    assert load(write("extends: data/base.yaml\n")).enters.on_days.days == (2.0,)


# ---------------------------------------------------------------- extends and merging
def merged(write, base: str, over: str) -> Scenario:
    write(SMALL + base, "base.yaml")
    return load(write("extends: base.yaml\n" + over))


def test_mappings_merge_lists_and_scalars_replace_null_removes(write):
    scenario = merged(
        write,
        "staff: {a: {servers: 2, open: [mon 09:00-10:00, tue 09:00-10:00]}, b: {servers: 1}}\n",
        "staff: {a: {open: [fri 09:00-10:00]}, b: null, c: {servers: 3}}\n",
    )
    assert list(scenario.staff) == ["a", "c"]
    assert scenario.staff["a"].servers == 2 and len(scenario.staff["a"].open) == 1


@pytest.mark.parametrize(
    ("base", "over", "dist"),
    [
        ("{mean: 4, cv: 1}", "{mean: 8}", {"mean": 8, "cv": 1}),
        ("{mean: 4, cv: 1}", "{sd: 2}", {"mean": 4, "sd": 2}),
        ("{mean: 4, cv: 1}", "8", {"mean": 8}),
        ("4", "{cv: 1}", {"mean": 4, "cv": 1}),
        ("{mean: 4, cv: 1}", "{gamma: {shape: 2, scale: 3}}", {"gamma": {"shape": 2, "scale": 3}}),
        ("{gamma: {shape: 2, scale: 3}}", "{mean: 4}", {"mean": 4}),
        (
            "{gamma: {shape: 2, scale: 3}}",
            "{lognormal: {mean: 4, cv: 1}}",
            {"lognormal": {"mean": 4, "cv": 1}},
        ),
    ],
)
def test_the_keys_of_a_distribution_replace_each_other_as_a_group(write, base, over, dist):
    scenario = merged(
        write,
        f"segments: {{a: {{share: 1, spends: {base}}}}}\n",
        f"segments: {{a: {{spends: {over}}}}}\n",
    )
    assert scenario.segments["a"].spends == parse(_with_spends(dist)).segments["a"].spends


def _with_spends(dist):
    return {"name": "x", "horizon": "1 d", "segments": {"a": {"share": 1, "spends": dist}}}


def test_a_new_rate_keeps_the_other_keys_of_needs(write):
    scenario = merged(
        write,
        "segments: {a: {share: 1, needs: {mean: 1 per week, cv: 1, regularity: 2}}}\n",
        "segments: {a: {needs: 3 per week}}\n",
    )
    needs = scenario.segments["a"].needs
    assert needs.regularity == 2 and needs.rate == Dist("constant", (3 / 7,))


def test_segments_may_be_called_like_families(write):
    scenario = merged(
        write,
        "segments: {beta: {share: 50 %}, gamma: {share: rest}}\n",
        "segments: {beta: {trust: 0.9}}\n",
    )
    assert list(scenario.segments) == ["beta", "gamma"] and scenario.segments["beta"].share == 0.5


def test_a_bare_weight_keeps_the_other_keys_of_an_edge(write):
    write(SMALL.replace("next: end", "next: {end: {weight: 1, after: 2 d}}"), "base.yaml")
    edge = load(write("extends: base.yaml\n"), ["journeys.visit.steps.order.next.end=5"])
    assert edge.journeys["visit"].steps["order"].next["end"].weight == 5
    assert edge.journeys["visit"].steps["order"].next["end"].after == Dist("constant", (2.0,))


def test_what_customers_have_can_be_taken_from_a_segment(small):
    more = "segments: {a: {share: 1, needs: {when: null, mean: 2 per week}}}\n"
    more += "calendars: {c: {mon 08:00-09:00: 1}}\n"
    assert small(more, "customers.needs={when: c, cv: 0.5}").segments["a"].needs.when is None


def test_customers_may_give_a_spread_that_segments_complete(small):
    scenario = small("segments: {a: {share: 1, spends: {mean: 3}}}\n", "customers.spends={cv: 0.5}")
    assert scenario.segments["a"].spends.family == "lognormal"


def test_a_list_of_files_is_laid_over_one_another_in_order(write):
    write(SMALL, "base.yaml")
    write("extends: base.yaml\nname: One\nabout: first\n", "one.yaml")
    write("about: second\n", "two.yaml")
    scenario = load(write("extends: [one.yaml, two.yaml]\ncurrency: USD\n"))
    assert (scenario.name, scenario.about, scenario.currency) == ("One", "second", "USD")
    assert scenario.baseline.name == "Small"


def test_two_strategies_over_one_baseline_can_be_combined(write):
    write(SMALL, "base.yaml")
    write("extends: base.yaml\nabout: better\ncurrency: USD\n", "one.yaml")
    write("extends: base.yaml\nname: Two\n", "two.yaml")
    scenario = load(write("extends: [one.yaml, two.yaml]\n"))
    assert (scenario.name, scenario.about, scenario.currency) == ("Two", "better", "USD")
    assert scenario.baseline.name == "Small"
    assert [path.stem for path in scenario.sources] == ["shop", "one", "base", "two"]


def test_a_root_that_is_no_scenario_by_itself_is_no_baseline(write):
    write("staff: {a: {servers: 2}}\n", "parts.yaml")
    scenario = load(write("extends: parts.yaml\n" + SMALL))
    assert scenario.baseline is scenario and scenario.staff["a"].servers == 2


# ---------------------------------------------------------------- --set
ORDER = "journeys.visit.steps.order"
LEAVING = "psychology.effect_on.leaving"


def coffee(shop: Scenario):
    return shop.journeys["visit"].steps["order"].next["coffee"]


@pytest.mark.parametrize(
    ("setting", "holds"),
    [
        ("population.size=2_000", lambda shop: shop.population.size == 2000),
        ("horizon=2 weeks", lambda shop: shop.horizon == 14),
        ("name=A = B", lambda shop: shop.name == "A = B"),
        ("touchpoints.order.quality.sd=0.1", lambda shop: order(shop).quality.params[:2] == (0.2, 0.1)),
        ("touchpoints.order.feels.gratitude=0.2", lambda shop: order(shop).feels["gratitude"].mean == 0.2),
        ("touchpoints.order.triggers={}", lambda shop: len(order(shop).triggers) == 2),
        ("touchpoints.order.triggers.busy=", lambda shop: list(order(shop).triggers) == ["last_buns"]),
        ("segments.commuters.spends.cv=0", lambda shop: shop.segments["commuters"].spends.mean == 4.2),
        ("customers.spends=9", lambda shop: shop.segments["commuters"].spends.params == (9.0,)),
        (f"{ORDER}.next.coffee.weight=3", lambda shop: coffee(shop).weight == 3),
        ("calendars.rush.mon-fri 07:00-09:30=5", lambda shop: shop.calendars["rush"].slots[0].weight == 5),
        (f"assumed.{LEAVING}=0 .. 2", lambda shop: shop.assumed[LEAVING].dist.params == (0, 2)),
        ("psychology=off", lambda shop: not shop.psychology.on),
        (
            "psychology.emotions.joy.half_life=1 d",
            lambda shop: shop.psychology.emotions["joy"].half_life == 1,
        ),
    ],
)
def test_settings_reach_strategy_and_baseline(setting, holds):
    gift = load("surprise_gift.yaml", [setting])
    assert holds(gift) and holds(gift.baseline)


def order(shop: Scenario):
    return shop.touchpoints["order"]


def test_settings_of_what_only_the_strategy_has_leave_the_baseline_alone():
    gift = load("surprise_gift.yaml", ["campaigns.pastry.picks.every=1 d", "population.size=7"])
    assert gift.campaigns["pastry"].picks.every == 1
    assert not gift.baseline.campaigns and gift.baseline.population.size == 7


def test_later_settings_win_and_extra_comes_last():
    shop = load("coffee_shop.yaml", ["horizon=1 d", "horizon=2 d"], {"population.size": 10})
    assert shop.horizon == 2 and shop.population.size == 10
    assert load("coffee_shop.yaml", ["horizon=1 d"], {"horizon": "3 d"}).horizon == 3


def test_items_of_lists_go_by_number(write):
    text = SMALL + "staff: {a: {servers: 1, open: [mon 08:00-09:00, tue 08:00-09:00]}}\n"
    assert len(load(write(text), ["staff.a.open.1=mon 09:00-10:00"]).staff["a"].open) == 1


# ---------------------------------------------------------------- assumptions
@pytest.mark.parametrize(
    ("path", "written", "params"),
    [
        ("touchpoints.order.staff.service.mean", "60 s .. 2 min", (60 / 86400, 2 / 1440)),
        ("touchpoints.order.staff.service.cv", "0.2 .. 0.8", (0.2, 0.8)),
        ("touchpoints.order.fails.chance", "2 % .. 8 %", (0.02, 0.08)),
        ("touchpoints.order.fails.still_sells", None, None),
        ("segments.commuters.needs.mean", "3 per week .. 5 per week", (3 / 7, 5 / 7)),
        ("customers.leaves.mean", "0.1 per year .. 0.4 per year", (0.1 / 365, 0.4 / 365)),
        ("journeys.visit.steps.coffee.next.review", "1 .. 3", (1, 3)),
        ("psychology.waiting_scale", "2 min .. 30 min", (2 / 1440, 30 / 1440)),
        ("psychology.emotions.joy.half_life", "4 h .. 16 h", (4 / 24, 16 / 24)),
        ("staff.baristas.servers", "1 .. 3", (1, 3)),
    ],
)
def test_assumptions_carry_the_units_of_their_path(path, written, params):
    if written is None:
        with pytest.raises(ScenarioError, match="expected the path of a number"):
            load("coffee_shop.yaml", [f"assumed.{path}=0 .. 1"])
        return
    shop = load("coffee_shop.yaml", [f"assumed.{path}={written}"])
    assumption = shop.assumed[path]
    assert assumption.dist == Dist("uniform", params) and assumption.path == path
    middle = assumption.write(assumption.dist.mean)
    assert load("coffee_shop.yaml", extra={path: middle}).name == shop.name


def test_an_assumption_may_be_a_distribution():
    path = "touchpoints.order.fails.chance"
    shop = load("coffee_shop.yaml", [f"assumed.{path}={{mean: 4 %, sd: 1 %}}"])
    assert shop.assumed[path].dist.family == "beta"


def test_leaving_per_renewal_is_assumed_per_renewal():
    service = load("streaming.yaml", ["assumed.customers.leaves.mean=3 % per renewal .. 7 % per renewal"])
    assumption = service.assumed["customers.leaves.mean"]
    assert assumption.dist.params == (0.03, 0.07) and assumption.write(0.05) == "5 % per renewal"


def test_one_setting_may_be_a_text(small):
    small()
    assert load("shop.yaml", "horizon=10 d").horizon == 10


def test_scenarios_that_ship_are_known_by_name():
    assert load("cdnow/pareto_nbd").path == scenarios_folder() / "cdnow" / "pareto_nbd.yaml"


@pytest.mark.parametrize(("path", "sets"), [(None, ()), (7, ()), ("shop.yaml", [None])])
def test_what_is_no_path_or_no_setting_is_refused(small, path, sets):
    small()
    with pytest.raises(UsageError, match="expected"):
        load(path, sets)
