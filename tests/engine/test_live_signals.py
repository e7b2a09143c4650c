"""Signals that are read as they stand, adopters, and edges that follow what is published."""

import numpy as np
import pytest
from worlds import merged

from sim.engine import ENGINES, lower, simulate_logged
from sim.errors import ScenarioError
from sim.model.layout import ENTERING, TOUCH
from sim.scenario import parse
from sim.verification.social import market

CAFE = {
    "name": "Cafe",
    "horizon": "20 d",
    "warm_up": "3 d",
    "population": {"size": 60, "site": 20},
    "customers": {"needs": "1 per d"},
    "staff": {"clerks": {"servers": 1}},
    "signals": {
        "stars": {"kind": "reviews", "refresh": "live"},
        "teas": {"kind": "popularity", "counts": "tea", "window": "forever", "refresh": "live"},
        "coffees": {"kind": "popularity", "counts": "coffee", "window": "forever", "refresh": "live"},
    },
    "touchpoints": {
        "door": {"triggers": {"rating": {"kind": "social_proof", "reads": "stars"}}},
        "tea": {
            "quality": {"mean": 0, "sd": 0.5},
            "writes": "stars",
            "staff": {"pool": "clerks", "service": {"exponential": {"mean": "1 h"}}, "patience": "3 h"},
        },
        "coffee": {"quality": {"mean": 0.2, "sd": 0.5}, "writes": "stars"},
    },
    "journeys": {
        "visit": {
            "starts_on": {"need": {"becomes": "door", "usually": 0.7}},
            "steps": {
                "door": {
                    "next": {"tea": {"follows": {"teas": 0.5}}, "coffee": {"follows": {"coffees": 0.5}}}
                },
                "tea": {"next": {"coffee": 1, "end": 3}},
                "coffee": {},
            },
        }
    },
}


def run(change=None, engine="reference", data=CAFE):
    program = lower(parse(merged(data, change or {})))
    return program, *simulate_logged(program, seed=3, engine=engine)


def bits(rows):
    return [rows[name].tobytes() for name in rows.dtype.names]


def test_both_engines_keep_the_order_at_the_counter():
    (_, _, rows), (_, outcome, same) = (run(engine=engine) for engine in ENGINES)
    assert bits(rows) == bits(same)
    assert outcome.staff["waited"].sum() > 20
    assert outcome.staff["gave_up"].sum() > 0


def test_a_live_signal_is_seen_by_the_very_next_customer():
    """The chance of every choice of tea or coffee, from the touches before it at the same site."""
    change = {"warm_up": 0, "psychology": "off", "journeys": {"visit": {"steps": {"tea": {"next": "end"}}}}}
    data = merged(CAFE, change)
    del data["touchpoints"]["tea"]["staff"]
    program, outcome, rows = run(data=data)
    tea, coffee = (program.touchpoint_names.index(name) for name in ("tea", "coffee"))
    rows = rows[np.lexsort((rows["seq"], rows["customer"], rows["t"]))]
    drunk = rows[(rows["kind"] == TOUCH) & np.isin(rows["touchpoint"], [tea, coffee])]
    seen = {site: [0, 0] for site in range(3)}
    for row in drunk:
        mine = seen[int(outcome.people["site"][row["customer"]])]
        chosen = int(row["touchpoint"] == coffee)
        weights = [1 + 0.5 * n for n in mine]
        assert row["chance"] == pytest.approx(weights[chosen] / sum(weights), rel=1e-6)
        mine[chosen] += 1
    assert sum(map(sum, seen.values())) > 500


def test_what_is_published_daily_is_seen_the_day_after():
    _, _, live = run({"warm_up": 0})
    _, _, daily = run({"warm_up": 0, "signals": {name: {"refresh": "1 d"} for name in CAFE["signals"]}})
    first = [bits(rows[rows["t"] < 0.02]) for rows in (live, daily)]
    assert first[0] == first[1]
    assert bits(live) != bits(daily)


def test_a_coefficient_of_zero_follows_nothing():
    """And a live signal that nobody reads changes nothing but the way in which it is computed."""
    still = {"door": {"next": {"tea": {"follows": {"teas": 0}}, "coffee": {"follows": {"coffees": 0}}}}}
    plain = merged(
        CAFE,
        {
            "journeys": {"visit": {"steps": still}},
            "touchpoints": {"door": {"triggers": {"rating": {"strength": 0}}}},
        },
    )
    daily = merged(plain, {"signals": {name: {"refresh": "1 d"} for name in CAFE["signals"]}})
    for engine in ENGINES:
        assert bits(run(data=plain, engine=engine)[2]) == bits(run(data=daily, engine=engine)[2])


# ---------------------------------------------------------------- adopters
@pytest.mark.parametrize("engine", ENGINES)
def test_adopters_are_those_who_have_entered(engine):
    _, outcome, rows = run(data=market(60), engine=engine)
    entered = np.sort(rows["t"][rows["kind"] == ENTERING])
    assert len(entered) > 20
    for t, _, value, count in outcome.signals.tolist():
        assert count == (entered < t).sum()
        assert value == pytest.approx(count / 60)


def test_whoever_meets_nobody_hears_from_the_brand_alone():
    """Meetings at a rate of zero leave every moment and every uniform as they were."""
    alone = {"segments": {"strangers": {"hears_from_others": "never"}}}
    _, _, rows = run(alone, data=market(60))
    without = merged(market(60), {})
    del without["segments"]["strangers"]["hears_from_others"], without["signals"]
    assert bits(rows) == bits(run(data=without)[2])


# ---------------------------------------------------------------- what is refused
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"signals": {"stars": {"scope": "brand"}}}, "a live signal is a site's own"),
        ({"signals": {"teas": {"window": "7 d"}}}, "counts from the beginning; write window: forever"),
        ({"signals": {"teas": {"refresh": "lively"}}}, "or live, got 'lively'"),
        (
            {"journeys": {"visit": {"steps": {"door": {"next": {"tea": {"follows": {"tees": 1}}}}}}}},
            "did you mean",
        ),
        (
            {"segments": {"a": {"share": 1}, "b": {"prospects": 5, "hears_from_others": "1 per d"}}},
            "expected one signal of adopters, found 0",
        ),
        ({"network": {"kind": "smal_world"}}, "small_world"),
        ({"network": {"kind": "random", "rewire": 0.1}}, "a network of kind random has no such key"),
        ({"network": {"kind": "file", "file": "x.csv"}}, "column is missing"),
        ({"touchpoints": {"door": {"triggers": {"rating": {"reads": None, "from": "friends"}}}}}, "nobody has friends"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_a_sentence(change, message):
    with pytest.raises(ScenarioError, match=message):
        parse(merged(CAFE, change))


def test_a_strategy_cannot_change_who_knows_whom(tmp_path):
    import json

    (tmp_path / "base.yaml").write_text(json.dumps(CAFE), "utf-8")
    with pytest.raises(ScenarioError, match="network: is the baseline's"):
        lower(parse({"extends": "base.yaml", "network": {"kind": "random"}}, folder=tmp_path))
