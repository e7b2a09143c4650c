"""The pilot: what is stated is what the baseline shows, for whoever looks; and nothing else moves."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from worlds import merged

from sim.engine import lower, pilot, psyche, simulate, simulate_logged
from sim.errors import ScenarioError
from sim.model import layout
from sim.model.layout import DAY, NOT_RENEWED
from sim.scenario import load, parse

SHIPPED = Path(__file__).parents[2] / "scenarios"
TOWN = {
    "name": "Town",
    "horizon": "90 d",
    "warm_up": "10 d",
    "population": {"size": 400},
    "customers": {"needs": {"mean": "3 per week", "cv": 0.5}, "leaves": {"mean": "60 % per year", "cv": 0.8}},
    "segments": {"near": {"share": 0.5}, "far": {"share": 0.5, "values": 0.9}},
    "touchpoints": {"order": {"quality": {"mean": 0.4, "sd": 0.2}, "feels": {"joy": 0.3}, "sells": {"price": 3}}},
    "journeys": {
        "visit": {"starts_on": {"need": {"becomes": "order", "usually": 0.6}}, "steps": {"order": {"next": "end"}}}
    },
}  # fmt: skip
RAW = {"as_stated": False}


def solved(change=None):
    """The base rates of the town written with a change."""
    return lower(parse(merged(TOWN, change or {}))).base_rates


def shown(program, replications, seed=77):
    """By segment: (left, expected to leave as stated, needs, visits) over the first year, all replications."""
    days, total = min(365.0, program.horizon), {name: np.zeros(4) for name in program.segment_names}
    for replication in range(replications):
        outcome = simulate(program, seed=seed, replication=replication)
        people = outcome.people
        for k, name in enumerate(program.segment_names):
            some = people[(people.segment == k) & (people.t_entry < days)]
            left = some.t_left < days
            if program.contractual:
                period = program.scenario.contract.renews
                at_risk = np.ceil(np.minimum(some.due_leave, days + period) / period) - 1
                left &= some.reason == NOT_RENEWED
            else:
                at_risk = np.minimum(some.t_left, days) - np.maximum(some.t_entry, 0.0)
            daily = outcome.daily[: int(days)].sum(axis=0)[k]
            needs = daily[DAY["needs"]] - daily[DAY["absorbed"]]
            stated = (some.leave.astype(float) * at_risk).sum()
            total[name] += (left.sum(), stated, needs, needs - daily[DAY["declined"]])
    return total


@pytest.mark.parametrize("name, least", [("coffee_shop", 3), ("streaming", 2)])
def test_whoever_runs_the_baseline_sees_what_it_states(name, least):
    """Another seed, eight replications. The number who left, less the sum of their stated hazards while they were
    there, is a martingale whose variance is that number (Poisson): so its error is known. The pilot's own, from
    some hundred customers whose log hazards spread by about 0.2, adds 1.5 %; its tolerance 0.5 %."""
    program = lower(load(SHIPPED / name / "baseline.yaml"))
    assert len(program.base_rates) == least
    usual = psyche.usually(program.scenario)
    for segment, (left, stated, needs, visits) in shown(program, 8).items():
        assert abs(left / stated - 1.0) < 3.3 * math.hypot(1.0 / math.sqrt(left), 0.015) + pilot.CLOSE, (
            segment
        )
        assert visits / needs == pytest.approx(usual, rel=0.02), segment


def test_without_a_pilot_the_same_baseline_shows_something_else():
    change = ["as_stated=false"]
    program = lower(load(SHIPPED / "coffee_shop" / "baseline.yaml", change))
    left, stated, needs, visits = shown(program, 4)["commuters"]
    assert left / stated < 1.0 - 3.3 / math.sqrt(left)  # Poisson
    assert visits / needs > 0.78


def test_pleasant_touchpoints_need_a_higher_base_and_a_lower_choice():
    rates = solved()
    assert set(rates) == {"near", "far"}
    for found in rates.values():
        assert 1.05 < found.leave_scale < 2.0 and -1.0 < found.choice_shift < -0.05 and not found.left_out
    awful = solved({"touchpoints": {"order": {"quality": -0.6, "feels": {"joy": 0, "frustration": 0.4}}}})
    assert all(found.leave_scale < rates[name].leave_scale for name, found in awful.items())


@pytest.mark.parametrize(
    "change", [{"link": "linear", "effect_on": {"leaving": 0.002}}, {"effect_on": {"leaving": 1.5}}]
)
def test_the_last_pass_shows_what_is_stated(change, monkeypatch):
    seen = []
    chances = pilot._chances
    monkeypatch.setattr(pilot, "_chances", lambda program: seen.append(chances(program)) or seen[-1])
    solved({"psychology": change, "customers": {"reconsiders": "1 per 4 d"}, "name": f"Town {change}"})
    moments, stated, shows, needs, chosen, _ = seen[-1].T.astype(float)
    assert np.allclose(shows / stated, 1.0, atol=pilot.CLOSE)
    assert np.allclose(chosen / needs / pilot.BILLION, 0.6, rtol=pilot.CLOSE)
    assert not np.allclose(seen[0].T[2] / seen[0].T[1], 1.0, atol=pilot.CLOSE)
    assert (moments > 0.9 * pilot.LOOKS * 90 * 150).all()


@pytest.mark.parametrize(
    "contract",
    [
        {"contract": {"renews": "30 d"}, "customers": {"leaves": {"mean": "5 % per renewal"}}},
        {"customers": {"leaves": {"mean": "5 % per visit"}, "reconsiders": "after a visit"}},
    ],
)
def test_shares_per_renewal_and_per_visit_are_solved(contract):
    program = lower(parse(merged(TOWN, contract | {"horizon": "200 d"})))
    assert all(rates.leave_scale > 1.02 for rates in program.base_rates.values())
    people = pilot.small(program)
    aims = [pilot.Aim(people, k, name) for k, name in enumerate(program.segment_names)]
    for aim, rates in zip(aims, program.base_rates.values(), strict=True):
        aim.scale, aim.shift = rates.leave_scale, rates.choice_shift
        aim.write()
    sums = pilot._chances(people).astype(float)
    assert np.allclose(sums[:, pilot.SHOWN] / sums[:, pilot.STATED], 1.0, atol=2 * pilot.CLOSE)


# ---------------------------------------------------------------- who inherits what
def test_strategies_inherit_what_the_baseline_solves(tmp_path):
    (tmp_path / "baseline.yaml").write_text(json.dumps(TOWN), encoding="utf-8")
    base = parse({"extends": "baseline.yaml"}, folder=tmp_path)
    better = parse(
        {"extends": "baseline.yaml", "touchpoints": {"order": {"quality": 0.8}},
         "journeys": {"visit": {"starts_on": {"need": {"usually": 0.7}}}}},
        folder=tmp_path,
    )  # fmt: skip
    first, second = lower(base), lower(better)
    assert first.base_rates == second.base_rates == solved()
    segments = second.static["segments"]
    for k, name in enumerate(second.segment_names):
        rates = second.base_rates[name]
        assert segments[k].leave_scale == rates.leave_scale
        logit = math.log(segments[k].usually / (1 - segments[k].usually))
        assert logit == pytest.approx(math.log(0.7 / 0.3) + rates.choice_shift)


def test_a_strategy_cannot_switch_it(tmp_path):
    (tmp_path / "baseline.yaml").write_text(json.dumps(TOWN), encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"as_stated: is the baseline's"):
        lower(parse({"extends": "baseline.yaml", "as_stated": False}, folder=tmp_path))


def test_base_rates_do_not_depend_on_what_was_solved_before():
    once = solved({"name": "Cold"})
    pilot._KNOWN.clear()
    assert solved({"name": "Cold"}) == once


# ---------------------------------------------------------------- nothing to solve
@pytest.mark.parametrize(
    "change",
    [
        {"psychology": "off"},
        {"customers": {"leaves": "never"}, "journeys": {"visit": {"starts_on": {"need": {"usually": 1}}}}},
        {"psychology": {"effect_on": {"leaving": 0}}, "journeys": {"visit": {"starts_on": {"need": {"usually": 1}}}}},
    ],
)  # fmt: skip
def test_where_feelings_move_nothing_stated_not_one_bit_changes(change, monkeypatch):
    monkeypatch.setattr(pilot, "_chances", lambda program: pytest.fail("a pilot ran"))
    data = merged(TOWN, change)
    first, second = (simulate_logged(lower(parse(merged(data, more))), seed=3)[1] for more in ({}, RAW))
    assert len(first) > 1000 and first.tolist() == second.tolist()


def test_exactly_neutral_base_rates_change_not_one_bit():
    """Feelings without effect on buying: the pilot finds that the choice shows what is stated."""
    change = {"psychology": {"effect_on": {"leaving": 0, "buying": 0}}}
    data = merged(TOWN, change)
    program = lower(parse(data))
    assert {(r.leave_scale, r.choice_shift) for r in program.base_rates.values()} == {(1.0, 0.0)}
    first, second = (simulate_logged(lower(parse(merged(data, more))), seed=3)[1] for more in ({}, RAW))
    assert first.tolist() == second.tolist()


# ---------------------------------------------------------------- what cannot be solved
def test_what_cannot_be_solved_is_left_as_written_and_said():
    rarely = solved({"customers": {"needs": "1 per 2 y"}})
    assert all("choice as written: too few needs" in found.left_out for found in rarely.values())
    often = solved({"customers": {"leaves": "1 per 10 d", "reconsiders": "1 per 20 d"}})
    assert all("moments to reconsider are rarer" in found.left_out for found in often.values())
    assert {found.leave_scale for found in often.values()} == {1.0}
    hopeless = {
        "touchpoints": {"order": {"quality": 1}},
        "psychology": {"weigh_leaving": {"satisfaction": 30}},
    }
    assert all("no base rate shows" in found.left_out for found in solved(hopeless).values())


# ---------------------------------------------------------------- how much is simulated
def small(change):
    return pilot.small(lower(parse(merged(TOWN, RAW | change))))


def test_whole_sites_are_simulated_and_at_least_one():
    sites = small({"population": {"size": 10_000, "site": 50}, "horizon": "2 y"})
    assert sites.horizon == pilot.LONGEST
    assert sites.sites == math.floor(pilot.CUSTOMER_DAYS / 365 / 50) == sites.scenario.population.size / 50
    one = small({"population": {"size": 10_000, "site": 5_000}, "staff": {"clerks": {"servers": 1}}})
    assert (one.sites, one.scenario.population.size, one.horizon) == (1, 5_000, 90.0)
    crowd = small({"population": {"size": 10**6}, "staff": {"clerks": {"servers": 1}}, "horizon": "1 y"})
    assert (crowd.scenario.population.size, crowd.horizon) == (10**6, pilot.SHORTEST)
    alone = small({"population": {"size": 10**6}, "horizon": "1 y"})
    assert alone.scenario.population.size == pytest.approx(pilot.CUSTOMER_DAYS / 365, abs=2)


def test_prospects_entrants_and_budgets_come_in_proportion(tmp_path):
    (tmp_path / "days.csv").write_text("day\n" + "\n".join(str(k % 90) for k in range(20_000)), "utf-8")
    change = {
        "population": {"site": 1_000},
        "enters": {"on_days": {"file": "days.csv", "column": "day"}},
        "segments": {"new": {"prospects": 2_000}, "there": {"prospects": "30 per site"}},
        "campaigns": {
            "mail": {"picks": {"every": "7 d"}, "sends": {"touchpoint": "order"}, "limits": {"budget": 1_000}}
        },
    }
    data = merged(TOWN, RAW | change)
    del data["population"]["size"]
    part = pilot.small(lower(parse(data, folder=tmp_path)))
    assert part.sites == 4
    days = np.array(part.scenario.enters.on_days.days)
    assert np.isfinite(days).sum() == 4_000
    segments = part.scenario.segments
    assert (segments["new"].prospects.count, segments["there"].prospects.count) == (400, 30)
    assert part.static["campaigns"]["budget"][0] == 20_000
    assert part.static["site_size"].tolist() == [1_000] * 4
    entered = simulate(part, seed=1).people
    assert (entered.id < 1 << 31).sum() == 4_000 and (entered.site < 4).all()


def test_the_bound_holds_for_the_product():
    program = lower(parse(TOWN))
    for row in program.static["segments"]:
        alone = psyche.hazard_bound(psyche.hazard_reach(program.scenario, row.centre_leaving))
        assert row.bound >= row.leave_scale * alone / 2 and math.log2(row.bound).is_integer()
    assert simulate(program, seed=1).capped == 0
    assert layout.SEGMENT["leave_scale"] == np.float64
