"""What lowering makes of a scenario: stated rates are played, and a strategy takes over from its baseline."""

import json
import math

import numpy as np
import pytest
from scipy import stats
from worlds import merged

from sim.engine import lower, simulate_logged
from sim.engine.psyche import needs_shape
from sim.engine.reference import Reference
from sim.engine.state import State
from sim.errors import ScenarioError
from sim.model.layout import LEAVING, LEFT, NEED
from sim.scenario import parse

SHOP = {
    "name": "Shop",
    "horizon": "40 d",
    "warm_up": "20 d",
    "population": {"size": 120},
    "customers": {"needs": {"mean": "3 per week", "cv": 0.5}, "leaves": "1 per year", "spends": 5},
    "segments": {"near": {"share": 0.5}, "far": {"share": 0.5}},
    "staff": {"clerk": {"servers": 1}},
    "stock": {"buns": {"start": 9, "refill": {"every": "1 d", "to": 9}, "shown": "3 h"}},
    "signals": {
        "stars": {"kind": "reviews", "refresh": "1 d"},
        "bustle": {"kind": "popularity", "counts": "order", "window": "2 d", "refresh": "1 d"},
    },
    "touchpoints": {
        "order": {
            "quality": {"mean": 0.2, "sd": 0.3},
            "staff": {"pool": "clerk", "service": {"mean": "20 min", "cv": 0.5}, "patience": "30 min"},
            "draws": "buns",
            "sells": {"price": "own_spend"},
            "triggers": {
                "last": {"kind": "scarcity", "cue": "supply", "reads": "buns", "below": 9},
                "busy": {"kind": "social_proof", "reads": "bustle"},
            },
        },
        "review": {"writes": "stars", "triggers": {"rating": {"kind": "social_proof", "reads": "stars"}}},
    },
    "journeys": {
        "visit": {
            "starts_on": {"need": {"becomes": "order", "usually": 0.7}},
            "steps": {"order": {"next": {"review": 1, "end": 2}}, "review": {"next": "end"}},
        }
    },
}


def changed(change):
    """The program of the shop written with a change."""
    return lower(parse(merged(SHOP, change)))


@pytest.fixture
def strategy(tmp_path):
    """The program of a strategy over the shop (or another baseline)."""

    def program(change, base=SHOP):
        (tmp_path / "baseline.yaml").write_text(json.dumps(base), encoding="utf-8")
        return lower(parse({"extends": "baseline.yaml", "name": "Strategy"} | change, folder=tmp_path))

    return program


def log_of(program, seed=1):
    """(outcome, log) of a program."""
    return simulate_logged(program, seed=seed)


# ---------------------------------------------------------------- one numbering
def test_names_of_the_baseline_keep_their_numbers(strategy):
    before = changed({})
    after = strategy(
        {
            "touchpoints": {
                "attic": {},
                "review": {"triggers": {"gift": {"kind": "reciprocity", "worth": 1}}},
            },
            "segments": {"far": {"share": 0.3}, "new": {"share": 0.2}},
            "campaigns": {"mail": {"picks": {"every": "7 d"}, "sends": {"touchpoint": "attic"}}},
        }
    )
    for kind in ("touchpoint", "step", "segment", "stream", "pool", "signal", "trigger", "emotion"):
        names = f"{kind}_names"
        known = getattr(before, names)
        assert getattr(after, names)[: len(known)] == known


def test_what_a_strategy_removes_keeps_its_number(strategy):
    after = strategy(
        {
            "touchpoints": {"review": None},
            "signals": {"stars": None},
            "journeys": {"visit": {"steps": {"order": {"next": {"review": None}}, "review": None}}},
        }
    )
    assert after.touchpoint_names == ("order", "review")
    assert after.signal_names == ("stars", "bustle")


def test_a_scenario_that_is_its_own_baseline_has_no_warm_up_program(strategy):
    assert changed({}).warm is None
    assert strategy({}).warm.scenario.name == "Shop"
    assert strategy({}, SHOP | {"warm_up": 0}).warm is None


# ---------------------------------------------------------------- the warm-up
FEELINGS = (
    "emotion",
    "goodwill",
    "satisfaction",
    "expectation",
    "trust",
    "affective",
    "normative",
    "scarce_seen",
)
COUNTS = ("n_need", "n_touch", "n_order", "n_leave", "t_order", "segment", "site")


def at_day_0(program):
    """Everybody an instant after day 0, before anything of the strategy can have happened."""
    engine = Reference(program, 1, 0, None, False)
    engine.horizon = 1e-9
    return engine.run(None).people


CHANGES = {
    "a name": {},
    "more staff": {"staff": {"clerk": {"servers": 9}}},
    "no staff": {"staff": {"clerk": None}, "touchpoints": {"order": {"staff": None}}},
    "opening hours": {"staff": {"clerk": {"open": "every day 10:00-11:00"}}},
    "less stock": {"stock": {"buns": {"start": 1, "refill": {"to": 1}}}},
    "rarer refills": {"stock": {"buns": {"refill": {"every": "9 d"}}}},
    "no stock": {
        "stock": {"buns": None},
        "touchpoints": {"order": {"draws": None, "triggers": {"last": None}}},
    },
    "stock shown rarely": {"stock": {"buns": {"shown": "15 d"}}},
    "rarer signals": {"signals": {"bustle": {"refresh": "2 d"}}},
    "a longer window": {"signals": {"bustle": {"window": "9 d"}}},
    "no signal": {"signals": {"bustle": None}, "touchpoints": {"order": {"triggers": {"busy": None}}}},
    "a new signal": {"signals": {"rush": {"kind": "popularity", "counts": "review", "refresh": "6 h"}}},
    "other touchpoints": {"touchpoints": {"order": {"quality": 0.9, "fails": {"chance": 0.5}}}},
    "no reviews": {
        "touchpoints": {"review": None},
        "journeys": {"visit": {"steps": {"order": {"next": {"review": None}}, "review": None}}},
    },
    "other psychology": {"psychology": {"satisfaction_rate": 0.9}},
    "other people": {"customers": {"needs": {"mean": "1 per week"}, "loss_aversion": 1}},
    "a campaign": {
        "touchpoints": {"leaflet": {}},
        "campaigns": {
            "mail": {"starts": "1 d", "picks": {"every": "1 d"}, "sends": {"touchpoint": "leaflet"}}
        },
    },
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_everybody_lives_through_the_baseline_s_warm_up_whatever_the_strategy(strategy, change):
    before, after = at_day_0(changed({})), at_day_0(strategy(change))
    assert before["n_touch"].sum() > 500
    for field in FEELINGS + COUNTS:
        assert (before[field] == after[field]).all(), field


@pytest.mark.parametrize("servers", [1, 2, 5])
def test_the_staff_of_a_strategy_begins_on_day_0(strategy, servers):
    """With three servers in the warm-up and a crowd in line at all times."""
    crowd = {
        "staff": {"clerk": {"servers": 3}},
        "population": {"size": 600},
        "psychology": "off",
        "horizon": "5 d",
    }
    base = merged(SHOP, crowd)
    base["touchpoints"]["order"] = {"staff": {"pool": "clerk", "service": "30 min"}, "sells": {"price": 1}}
    _, log = log_of(strategy({"staff": {"clerk": {"servers": servers}}}, base))
    end = log["t"][log["touchpoint"] == 0]
    begin = end - 1 / 48
    new = begin >= 0
    at_once = [((begin[new] <= t) & (end[new] > t)).sum() for t in begin[new] + 1e-9]
    assert max(at_once) == servers
    assert abs(len(end) - 5 * 48 * servers) <= 6  # never idle; those at hand on day 0 are finished first


def test_stock_is_full_on_day_0(strategy):
    engine = Reference(strategy({"stock": {"buns": {"start": 30, "refill": None}}}), 1, 0, None, False)
    outcome = engine.run(None)
    assert outcome.touches[:, 0, :2].sum() == 30


# ---------------------------------------------------------------- arrays of the right size
def test_a_strategy_may_last_longer_than_its_baseline(strategy):
    program = strategy({"horizon": "60 d"})
    assert len(State(program, 1, 0, None, False)["daily"]) == 60
    assert log_of(program)[1]["t"].max() > 59


def test_a_strategy_may_last_less_long_than_its_baseline(strategy):
    outcome, log = log_of(strategy({"horizon": "10 d"}))
    assert outcome.daily.shape[0] == 10
    assert 9 < log["t"].max() < 10


@pytest.mark.parametrize("window", ["1 d", "9 d"])
def test_there_is_room_for_the_windows_of_strategy_and_baseline(strategy, window):
    program = strategy({"signals": {"bustle": {"window": window}}})
    bins = max(program.static["signals"].bins.max(), program.warm.static["signals"].bins.max())
    assert State(program, 1, 0, None, False)["counted"].shape[2] >= bins + 1


@pytest.mark.parametrize("population", [{"size": 60}, {"size": 200, "site": 50}])
def test_a_strategy_cannot_change_who_is_there(strategy, population):
    with pytest.raises(ScenarioError, match="population: is the baseline's"):
        strategy({"population": population})


def test_emotions_of_a_strategy_and_its_baseline_share_the_room(strategy):
    awe = {"surprise": None, "awe": {"half_life": "1 d", "feels": "good"}}
    with pytest.raises(ScenarioError, match="9 emotions; there is room for 8"):
        strategy({"psychology": {"emotions": awe}})


# ---------------------------------------------------------------- what is the baseline's
def test_the_centre_of_loyalty_is_the_baseline_s(strategy):
    """Or a strategy would subtract its own effect."""
    before, after = (
        changed({}),
        strategy({"customers": {"switching_cost": 100, "alternatives": 0.2, "values": 0.9}}),
    )
    for field in ("centre_leaving", "centre_buying"):
        assert (after.static["segments"][field] == before.static["segments"][field]).all()


def test_expectations_are_what_the_baseline_delivers(strategy):
    before, after = changed({}), strategy({"touchpoints": {"order": {"quality": 0.9}}})
    assert after.static["psyche"].expectation == before.static["psyche"].expectation


def test_expectation_is_the_average_of_what_a_visit_meets():
    """Order always, review one time in three."""
    order = {"quality": 0.2, "fails": {"chance": 0.1, "severity": 0.5}}
    program = changed({"touchpoints": {"order": order, "review": {"effort": 1}}})
    order, review = 0.2 - 0.05, -program.scenario.psychology.effort
    assert program.static["psyche"][0].expectation == pytest.approx((order + review / 3) / (1 + 1 / 3))


# ---------------------------------------------------------------- needs: stated at purchase level
VISITS = {
    "name": "Visits",
    "horizon": "210 d",
    "psychology": "off",
    "population": {"size": 400},
    "touchpoints": {"visit": {}},
    "journeys": {
        "errand": {"starts_on": {"need": {"becomes": "visit"}}, "steps": {"visit": {"next": "end"}}}
    },
}


def visits(regularity, usually, **more):
    """The log of people who visit once a week."""
    customers = {"needs": {"mean": "1 per week", "regularity": regularity}}
    start = {"errand": {"starts_on": {"need": {"becomes": "visit", "usually": usually}}}}
    return log_of(lower(parse(merged(VISITS, {"customers": customers, "journeys": start} | more))))[1]


def gaps_of(log):
    """Days between the visits of each customer, all together."""
    order = np.lexsort((log["t"], log["customer"]))
    t, customer = log["t"][order], log["customer"][order]
    return np.diff(t)[np.diff(customer.astype(int)) == 0]


KINDS = [(1, 1.0), (1, 0.7), (2, 1.0), (2, 0.7), (0.6, 0.7)]


@pytest.mark.parametrize(("regularity", "usually"), KINDS)
def test_purchases_come_at_the_stated_rate(regularity, usually):
    """400 people, 30 weeks: a renewal count has variance n cv^2 (z = 4; n = 12,000)."""
    n, mean = len(visits(regularity, usually)), 400 * 30
    assert abs(n - mean) < 4 * math.sqrt(mean / regularity + 400)  # + 400: the ends, at most one each


@pytest.mark.parametrize(("regularity", "usually"), KINDS)
def test_purchases_are_as_regular_as_stated(regularity, usually):
    """cv^2 of the gaps is 1 / k. Its error by the delta method from the sample's own moments, z = 4;
    gaps cut off by the horizon are fewer than 400 of 12,000 and shorten the mean by 2 %."""
    gaps = gaps_of(visits(regularity, usually))
    gaps = gaps / gaps.mean()
    square = (gaps - 1) ** 2
    influence = square - 2 * square.mean() * (gaps - 1)
    error = influence.std() / math.sqrt(len(gaps))
    assert abs(square.mean() - 1 / regularity) < 4 * error + 0.02 / regularity


@pytest.mark.parametrize("p0", [0.3, 0.7, 1.0])
@pytest.mark.parametrize("k", [0.5, 1.0, 1.3])
def test_the_shape_of_needs_leaves_the_stated_regularity_after_thinning(k, p0):
    """1 - p + p / k_need = 1 / k."""
    assert 1 - p0 + p0 / needs_shape(k, p0) == pytest.approx(1 / k, rel=1e-12)


@pytest.mark.parametrize("regularity", [1, 3, 8])
def test_needs_begin_in_the_middle_of_things(regularity):
    """No ripple: every one of the first 10 days has the rate of the long run. 4,000 people, 571 visits a day;
    z = 4.5 of a Poisson count (regular needs vary less, and there are ten days)."""
    log = visits(regularity, 1.0, population={"size": 4_000}, horizon="10 d")
    per_day = np.bincount(log["t"].astype(int), minlength=10)
    assert (abs(per_day - 4_000 / 7) < 4.5 * math.sqrt(4_000 / 7)).all()


def test_the_first_wait_of_regular_needs_has_its_equilibrium_law():
    """Density (1 - F(x)) / mean of a gamma of shape 3: Kolmogorov-Smirnov at level 1e-4, n = 3,000."""
    log = visits(3, 1.0, population={"size": 3_000}, horizon="60 d")
    first = log["t"][log["index"] == 0]
    gamma = stats.gamma(3, scale=7 / 3)
    longer = stats.gamma(4, scale=7 / 3)

    def below(x):
        """Integral of the survival function over the mean."""
        return (x * gamma.sf(x) + 7 * longer.cdf(x)) / 7

    assert len(first) == 3_000
    assert stats.kstest(first, below).pvalue > 1e-4


def test_newcomers_wait_a_whole_gap(tmp_path):
    """Entered on day 0: the first need has the law of any gap. Level 1e-4, n = 3,000."""
    (tmp_path / "days.csv").write_text("day\n" + "0\n" * 3_000, encoding="utf-8")
    enters = {"on_days": {"file": "days.csv", "column": "day"}}
    needs = {"needs": {"mean": "1 per week", "regularity": 3}}
    data = VISITS | {"enters": enters, "population": {}, "customers": needs, "horizon": "60 d"}
    log = log_of(lower(parse(data, folder=tmp_path)))[1]
    first = log["t"][(log["stream"] == NEED) & (log["index"] == 0)]
    assert len(first) == 3_000
    assert stats.kstest(first, stats.gamma(3, scale=7 / 3).cdf).pvalue > 1e-4


def test_people_differ_as_stated():
    """Rates with a cv of .8: visits have a negative binomial variance. z = 5, n = 400."""
    customers = {"needs": {"mean": "1 per week", "cv": 0.8}}
    log = log_of(lower(parse(VISITS | {"customers": customers})))[1]
    counts = np.bincount(log["customer"], minlength=400)
    spread = 30 + (0.8 * 30) ** 2
    assert abs(counts.mean() - 30) < 5 * math.sqrt(spread / 400)
    fourth = ((counts - counts.mean()) ** 4).mean()
    assert abs(counts.var() - spread) < 5 * math.sqrt((fourth - counts.var() ** 2) / 400)


# ---------------------------------------------------------------- a strategy that changes people
PLAIN = merged(
    VISITS, {"psychology": {"effect_on": {"leaving": 0, "buying": 0}}, "horizon": "90 d", "warm_up": "30 d"}
)


def test_a_strategy_can_wake_those_who_never_needed_anything(strategy):
    """z = 4 of a Poisson count, n = 400 * 90 / 7."""
    base = merged(PLAIN, {"customers": {"needs": "never"}})
    log = log_of(strategy({"customers": {"needs": "1 per week"}}, base))[1]
    mean = 400 * 90 / 7
    assert abs((log["stream"] == NEED).sum() - mean) < 4 * math.sqrt(mean)


@pytest.mark.parametrize(("before", "after"), [("1 per 60 d", "1 per 5 d"), ("1 per 5 d", "1 per 60 d")])
def test_needs_change_on_day_0_not_after_one_more_old_gap(strategy, before, after):
    """Poisson needs have no memory. z = 4 of a Poisson count, n = 7,200 and 600."""
    log = log_of(strategy({"customers": {"needs": after}}, merged(PLAIN, {"customers": {"needs": before}})))[
        1
    ]
    mean = 400 * 90 / int(after.split()[2])
    assert abs(len(log) - mean) < 4 * math.sqrt(mean)


@pytest.mark.parametrize(
    ("before", "after"), [("0.1 per year", "4 per year"), ("4 per year", "0.5 per year")]
)
@pytest.mark.parametrize("reconsiders", [None, "1 per 10 d"])
def test_leaving_changes_on_day_0(strategy, before, after, reconsiders):
    """Share gone after 90 d: 1 - exp(-h 90 / 365). Binomial, z = 4, n = 400."""
    base = merged(PLAIN, {"customers": {"leaves": before, "reconsiders": reconsiders}})
    outcome = log_of(strategy({"customers": {"leaves": after}}, base))[0]
    p = 1 - math.exp(-float(after.split()[0]) * 90 / 365)
    assert abs((outcome.people.status == LEFT).sum() - 400 * p) < 4 * math.sqrt(400 * p * (1 - p))


def test_no_moment_to_leave_is_left_over_from_the_baseline(strategy):
    """Leaving after visits only, and nobody visits."""
    base = merged(PLAIN, {"customers": {"needs": "never", "leaves": "4 per year"}})
    visits_only = {"leaves": "20 % per visit", "reconsiders": "after a visit"}
    outcome = log_of(strategy({"customers": visits_only}, base))[0]
    assert (outcome.people.status == LEFT).sum() == 0


def test_leaving_does_not_slow_down_because_a_strategy_makes_feelings_weigh_more(strategy):
    """A larger dominating rate from day 0 on; nobody feels anything, so the hazard stays 2 per year.
    Binomial, z = 4, n = 400."""
    mild = {
        "psychology": {"effect_on": {"leaving": 0.2, "buying": 0}, "satisfaction_rate": 0, "goodwill_gain": 0}
    }
    numb = {"affective_rate": 0, "normative_rate": 0, "habit": 0, "valence_quality": 1}
    base = merged(PLAIN, merged(mild, {"psychology": numb, "customers": {"leaves": "2 per year"}}))
    outcome = log_of(strategy({"psychology": {"effect_on": {"leaving": 3}}}, base))[0]
    p = 1 - math.exp(-2 * 90 / 365)
    assert abs((outcome.people.status == LEFT).sum() - 400 * p) < 4 * math.sqrt(400 * p * (1 - p))


CONTRACT = {
    "name": "Contract",
    "horizon": "1 y",
    "warm_up": "60 d",
    "population": {"size": 100},
    "contract": {"renews": "every month", "price": 10},
    "customers": {"leaves": "0.0001 % per renewal"},
    "touchpoints": {"bill": {"sells": {"price": "contract"}}},
    "journeys": {
        "payment": {"starts_on": {"renewal": {"becomes": "bill"}}, "steps": {"bill": {"next": "end"}}}
    },
}


@pytest.mark.parametrize("period", ["7 d", "every month", "100 d", "1 y"])
def test_a_strategy_that_changes_the_contract_bills_once_a_period(strategy, period):
    """From day 0 on, no bill twice at once and none left out: one each period, spread over it."""
    log = log_of(strategy({"contract": {"renews": period}}, CONTRACT))[1]
    days = {"7 d": 7, "every month": 365 / 12, "100 d": 100, "1 y": 365}[period]
    for customer in range(100):
        t = log["t"][log["customer"] == customer]
        assert (np.diff(t) > 0.99 * days).all()
        assert abs(len(t) - 365 / days) <= 1
    assert abs(len(log) - 100 * 365 / days) < 4 * math.sqrt(100 / 4)  # z = 4, each off by less than one


def test_the_first_bill_at_entry_is_a_period_after_day_0():
    """Those there on day 0 became customers then, as the tables say (t_entry = 0)."""
    first = {"renews": "every month", "price": 10, "first": "at entry"}
    outcome, log = log_of(lower(parse(CONTRACT | {"contract": first})))
    assert (outcome.people.t_entry == 0).all()
    assert log["t"].min() == pytest.approx(365 / 12)


# ---------------------------------------------------------------- segments
def test_segments_have_their_shares():
    shares = {"a": 0.5, "b": 0.3, "c": 0.2}
    segments = {name: {"share": share} for name, share in shares.items()}
    people = State(
        lower(parse(VISITS | {"population": {"size": 5_000}, "segments": segments})), 1, 0, None, False
    )["people"]
    counts = np.bincount(people.segment, minlength=3)
    for count, share in zip(counts, shares.values(), strict=True):
        assert abs(count - 5_000 * share) < 4 * math.sqrt(5_000 * share * (1 - share))  # z = 4, n = 5,000


def test_a_strategy_may_divide_people_into_segments(strategy):
    """On day 0 everybody of a baseline without segments gets one of the strategy's."""
    base = merged(VISITS, {"customers": {"needs": "1 per week"}, "warm_up": "10 d"})
    program = strategy({"segments": {"a": {"share": 0.5}, "b": {"share": 0.5}}}, base)
    state = State(program, 1, 0, None, False)
    state.take_over(program)
    numbers = [program.segment_names.index(name) for name in ("a", "b")]
    assert set(state["people"].segment) == set(numbers)


def test_a_leaving_rate_is_the_share_that_is_gone_after_a_year():
    """30 % per year, psychology off: binomial, z = 4, n = 2,000."""
    data = VISITS | {
        "customers": {"leaves": "30 % per year"},
        "population": {"size": 2_000},
        "horizon": "1 y",
    }
    outcome, log = log_of(lower(parse(data)))
    gone = (outcome.people.status == LEFT).sum()
    assert gone == (log["kind"] == LEAVING).sum()
    assert abs(gone - 600) < 4 * math.sqrt(2_000 * 0.21)
