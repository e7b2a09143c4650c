"""Both engines leave the same behind, to the last bit: on scenarios made up at random, and on every shipped one.

When one of these fails, ``touchpoint agree SCENARIO`` shows where the engines part.
"""

import json
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner
from generated import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from worlds import merged

from sim.analysis.kpis import kpis
from sim.engine import ENGINES, lower, recorder
from sim.experiment.parting import compare, record
from sim.finding import holds_design
from sim.model import layout
from sim.report.parting import parting
from sim.scenario import load, parse

SHIPPED = Path(__file__).parents[2] / "scenarios"
SCRIPTED = SHIPPED / "python_touchpoint"  # which the compiled engine does not run
SCENARIOS = sorted(
    str(path.relative_to(SHIPPED))
    for path in SHIPPED.rglob("*.yaml")
    if not (path.is_relative_to(SCRIPTED) or holds_design(path))
)
PROSPECTS = 1 << 31  # their ids begin here


DEFAULT = {
    "deadline": None,
    "database": None,
    "derandomize": True,
    "suppress_health_check": list(HealthCheck),
}
QUICK = settings(**DEFAULT, max_examples=250)
LONG = settings(**DEFAULT, max_examples=2_000)


def assert_agree(program, *, seed=1, replication=0):
    """Logs, outcomes, tables and KPIs are the same; the recording of the last engine."""
    first, second = (record(program, engine, seed=seed, replication=replication) for engine in ENGINES)
    found = compare(first, second, program)
    if found is not None:
        pytest.fail(parting(found, program), pytrace=False)
    for table, make in recorder.SUMMARIES.items():
        assert make(first.outcome, program).equals(make(second.outcome, program)), table
    assert repr(kpis(first.outcome, program)) == repr(kpis(second.outcome, program))
    return second


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("generated")


# ---------------------------------------------------------------- generated scenarios
def test_the_engines_agree_on_generated_scenarios(folder):
    """And the generated scenarios are not tame: whatever can go wrong happens in many of them."""
    seen, number = Counter(), 0

    @QUICK
    @given(examples())
    def agree(example):
        nonlocal number
        program = lower(example.scenario(folder))
        recording = assert_agree(program)
        seen.update(what_happened(program, recording))
        number += 1

    agree()
    assert number >= 250
    rare = {what: seen[what] for what in COMMON if seen[what] < number / 10}
    assert not rare, f"of {number} examples too few had these: {rare}"


COMMON = (
    "waits", "gave up", "sold out", "closed", "failed", "gifts", "messages", "reviews", "pleas", "renewals", "left",
    "strategies with a warm-up", "prospects who became customers", "newcomers", "more than 3 pending steps",
    "needs absorbed", "several sites", "ties", "many at the counter", "answers", "acted on", "learnt", "joined",
    "events",
)  # fmt: skip


def what_happened(program, recording):
    """Which of COMMON there were."""
    rows, outcome = recording.rows, recording.outcome
    touches = rows[rows["kind"] == layout.TOUCH]
    entered = rows["customer"][rows["kind"] == layout.ENTERING]
    counts = dict(zip(layout.DAILY, outcome.daily.sum(axis=(0, 1)).tolist(), strict=True))
    mishaps = {name: (touches["outcome"] == k).any() for k, name in enumerate(layout.OUTCOMES)}
    found = {
        "waits": ((touches["wait"] > 0) & (touches["outcome"] == layout.OK)).any(),
        **{name: mishaps[name] for name in ("gave up", "sold out", "closed", "failed")},
        **{name: counts[name] > 0 for name in ("gifts", "messages", "reviews", "left", "joined")},
        "events": (touches["stream"] >= layout.CAMPAIGNS + len(program.campaign_names)).any(),
        "pleas": (touches["stream"] == layout.PLEA).any(),
        "renewals": program.contractual and counts["reconsidered"] > 0,
        "strategies with a warm-up": program.warm is not None,
        "prospects who became customers": (entered >= PROSPECTS).any(),
        "newcomers": (entered < PROSPECTS).any(),
        "more than 3 pending steps": most_pending(touches) > 3,
        "needs absorbed": counts["absorbed"] > 0,
        "several sites": program.sites > 1,
        "ties": len(set(rows["t"].tolist())) < 0.8 * len(rows),
        "answers": counts["answered"] > 0,
        "acted on": len(outcome.answered) > 0 and outcome.answered[:, :, layout.ACTED].any(),
        "learnt": (outcome.failing < 1.0).any(),
        "many at the counter": sum(outcome.staff["requests"].tolist()) > 30,
    }
    return [name for name, there in found.items() if there]


def most_pending(touches):
    """At least how many journeys of one customer were under way at once: begun, and gone on with later."""
    spans: dict = {}
    for customer, stream, index, t in touches[["customer", "stream", "index", "t"]].tolist():
        first, _ = spans.setdefault((customer, stream, index), (t, t))
        spans[customer, stream, index] = first, t
    changes = [
        change
        for (customer, *_), (first, last) in spans.items()
        if last > first
        for change in ((customer, first, 1), (customer, last, -1))
    ]
    most, now, who = 0, 0, None
    for customer, _, change in sorted(changes):
        now = change + (now if customer == who else 0)
        who, most = customer, max(most, now)
    return most


@pytest.mark.slow
def test_the_engines_agree_on_many_generated_scenarios(folder):
    @LONG
    @given(examples(), st.integers(0, 2**63 - 1))
    def agree(example, seed):
        assert_agree(lower(example.scenario(folder)), seed=seed)

    agree()


# ---------------------------------------------------------------- what once went wrong
BRAND = {
    "name": "Brand",
    "horizon": "3 d",
    "warm_up": "0 d",
    "population": {"size": 1},
    "signals": {"stars": {"kind": "reviews", "scope": "brand"}},
    "touchpoints": {"visit": {}},
    "journeys": {"visiting": {"starts_on": {"need": {"becomes": "visit"}}, "steps": {"visit": {}}}},
}
IN_A_ROW = {
    "name": "Two counters in a row",
    "horizon": "20 d",
    "psychology": "off",
    "enters": {"on_days": {"file": "days.csv", "column": "day"}},
    "staff": {"first": {"servers": 1}, "second": {"servers": 1}},
    "touchpoints": {
        "ask": {"staff": {"pool": "first", "service": "12 h", "patience": "2 d"}},
        "pay": {"staff": {"pool": "second", "service": "5 d", "patience": "1 d"}},
    },
    "journeys": {
        "visiting": {
            "starts_on": {"entry": {"becomes": "ask"}},
            "steps": {"ask": {"next": "pay"}, "pay": {"next": "end"}},
        }
    },
}


def test_without_a_warm_up_the_first_publication_is_on_day_0():
    """Not on day -0.0: minus no warm-up is a zero of another sign."""
    assert_agree(lower(parse(BRAND)))


def test_the_patience_of_an_earlier_request_is_forgotten(tmp_path):
    """The second customer is served in time at one counter, then waits at the next until the very moment at which
    patience would have ended at the first."""
    (tmp_path / "days.csv").write_text("day\n1\n1\n1.25\n", encoding="utf-8")
    recording = assert_agree(lower(parse(IN_A_ROW, folder=tmp_path)))
    assert recording.outcome.staff["gave_up"].tolist() == [0, 2]


QUEUE = {
    "name": "A queue on day 0",
    "horizon": "12 d",
    "warm_up": "4 d",
    "population": {"size": 6},
    "customers": {"needs": {"mean": "2 per day"}},
    "staff": {"clerk": {"servers": 1}},
    "touchpoints": {"desk": {"staff": {"pool": "clerk", "service": "5 d"}}},
    "journeys": {"visiting": {"starts_on": {"need": {"becomes": "desk"}}, "steps": {"desk": {}}}},
}


def test_those_who_wait_on_day_0_are_served_by_the_staff_of_the_strategy(tmp_path):
    (tmp_path / "baseline.yaml").write_text(json.dumps(QUEUE), encoding="utf-8")
    change = {"extends": "baseline.yaml", "staff": {"clerk": {"servers": 3}}}
    recording = assert_agree(lower(parse(change, folder=tmp_path)))
    assert (recording.rows["t"] == 5.0).sum() == 2


ON_TIME = {
    "name": "Dates, rules, events and returns",
    "horizon": "40 d",
    "warm_up": "5 d",
    "population": {"size": 60, "site": 25},
    "customers": {
        "needs": {"mean": "1 per 3 d"},
        "leaves": "0.05 per day",
        "spends": 10,
        "price_sensitivity": 2,
    },
    "signals": {"stars": {"kind": "reviews", "refresh": "1 d", "start": {"count": 5, "average": 4}}},
    "segments": {
        "some": {"share": 0.5},
        "others": {"share": "rest"},
        "strangers": {"prospects": 8, "hears_of_us": "1 per 10 d"},
    },
    "touchpoints": {
        "order": {
            "quality": {"mean": 0.2, "sd": 0.4},
            "sells": {"price": 8},
            "writes": "stars",
            "fails": {"chance": 0.1, "severity": 0.5},
        },
        "deal": {"sells": {"price": 8, "discount": 0.5}},
        "mail": {"cost": 0.5},
        "news": {"quality": -0.8, "fails": {"chance": 1, "severity": 0.8}},
    },
    "journeys": {
        "visit": {"starts_on": {"need": {"becomes": "order"}}, "steps": {"order": {"next": "end"}}},
        "reply": {
            "starts_on": {"message": {"of": "back", "becomes": "mail"}},
            "steps": {"mail": {"next": {"deal": {"after": "1 d"}}}, "deal": {}},
        },
    },
    "campaigns": {
        "back": {
            "picks": {"on": "lapse", "after": "5 d"},
            "sends": {"touchpoint": "mail", "within": "12 h", "wins_back": "30 %"},
        },
        "watch": {
            "picks": {"every": "1 d", "when": {"signal": "stars", "at_most": 3.7}},
            "sends": {"touchpoint": "mail", "wins_back": "10 %"},
            "limits": {"per_customer": "1 per 7 d"},
        },
        "birthday": {"picks": {"on": "birthday"}, "sends": {"touchpoint": "mail"}},
        "years": {"picks": {"on": "anniversary"}, "gives": {"touchpoint": "mail", "at": "order"}},
        "twice": {
            "picks": {"at": ["3 d", "10 d"], "from": {"at_risk": {"at_least": 0.6}}},
            "sends": {"touchpoint": "mail"},
        },
    },
    "events": {
        "breach": {
            "at": "12 d",
            "meets": "news",
            "share": 0.8,
            "within": "1 d",
            "prospects": True,
            "to": {"segment": {"is": ["some", "strangers"]}},
        },
        "rumour": {"at": "2 d", "every": "9 d", "meets": "news", "share": 0.3},
    },
}
CONTRACT = {
    "contract": {"renews": "4 d", "price": 9},
    "customers": {**ON_TIME["customers"], "leaves": "20 % per renewal"},
}


@pytest.mark.parametrize("change", [{}, {"psychology": "off"}, CONTRACT], ids=["plain", "off", "contract"])
def test_the_engines_agree_on_dates_events_and_returns(change):
    """And customers who were there or came, and came back, are those who are there or left."""
    data = merged(ON_TIME, change)
    if "contract" in change:
        data["campaigns"]["watch"]["picks"]["from"] = {"left": True}
    program = lower(parse(data))
    outcome = assert_agree(program).outcome
    counts = dict(zip(layout.DAILY, outcome.daily.sum(axis=(0, 1)).tolist(), strict=True))
    alive = (outcome.people["status"] == layout.CUSTOMER).sum()
    assert 60 + counts["entered"] + counts["returned"] == alive + counts["left"]
    assert counts["returned"] == len(outcome.absences) == outcome.people["lives"].sum() > 15
    assert (outcome.absences["left"] < outcome.absences["back"]).all()


def test_a_strategy_that_changes_nothing_keeps_dates_events_and_returns(tmp_path):
    (tmp_path / "baseline.yaml").write_text(json.dumps(ON_TIME), encoding="utf-8")
    same = parse({"extends": "baseline.yaml", "name": "The same"}, folder=tmp_path)
    program = lower(parse(ON_TIME))
    first, second = (record(p, "compiled", seed=1) for p in (program, lower(same)))
    assert compare(first, second, program) is None
    assert len(first.outcome.absences) > 15


# ---------------------------------------------------------------- shipped scenarios
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_engines_agree_on_every_shipped_scenario(name):
    """In small: two sites of the coffee shop, the second partly filled, are 800 customers."""
    changes = ["horizon=30 d"] if "cdnow" in name else ["horizon=20 d", "population.size=800"]
    recording = assert_agree(lower(load(SHIPPED / name, changes)))
    assert len(recording.rows) > 300


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_engines_agree_on_every_shipped_scenario_in_its_whole_size(name):
    recording = assert_agree(lower(load(SHIPPED / name)), seed=2)
    assert len(recording.rows) > 40_000


@pytest.mark.slow
def test_the_engines_agree_where_many_people_share_one_shop():
    """2,400 customers at one counter, on a day that is not a Monday."""
    changes = ["population.site=all", "horizon=60 d", "starts=2026-01-09", "staff.baristas.servers=5"]
    assert_agree(lower(load(SHIPPED / "coffee_shop" / "surprise_pastry.yaml", changes)))


# ---------------------------------------------------------------- the command
WRITTEN = {
    "coffee shop": ["coffee_shop/surprise_pastry.yaml", "--size", "300", "--horizon", "12 d"],
    "streaming": ["streaming/pause_instead.yaml", "--size", "200", "--horizon", "70 d"],
}


@pytest.mark.parametrize("words", WRITTEN.values(), ids=WRITTEN.keys())
def test_both_engines_write_the_same_tables_byte_for_byte(tmp_path, words):
    from sim.cli import main

    for engine in ENGINES:
        options = ["--engine", engine, "--csv", "--out", str(tmp_path / engine), "--replications", "3"]
        done = CliRunner().invoke(main, ["run", str(SHIPPED / words[0]), *words[1:], *options, "--quiet"])
        assert done.exit_code == 0, done.output
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / engine / "tables").iterdir()}
        for engine in ENGINES
    )
    assert {"visits.csv", "visits.parquet", "customers.csv", "daily.parquet", "kpis.csv"} <= set(first)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []
    assert (tmp_path / "compiled" / "tables" / "visits.csv").stat().st_size > 50_000
