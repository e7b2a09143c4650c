"""Touchpoints written in Python: what a function is told, what it may say, and what is said when it goes wrong."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import sim
from sim.cli import main
from sim.engine import lower, simulate_logged
from sim.errors import RunError, ScenarioError, UsageError
from sim.model.layout import FAILED, OK, TOUCH
from sim.scenario import load

HOUSE = Path(__file__).parents[2]
PAGE = HOUSE / "docs" / "python-touchpoint.md"
SHOP = {
    "name": "Shop",
    "horizon": "10 d",
    "warm_up": "4 d",
    "population": {"size": 12},
    "customers": {"needs": "1 per 2 d", "spends": 10, "reactivity": 1},
    "touchpoints": {
        "counter": {
            "quality": {"mean": 0.2, "sd": 0.3},
            "fails": {"chance": 0.3},
            "sells": {"price": "own_spend", "margin": 0.5},
        },
        "door": {},
    },
    "journeys": {
        "visit": {
            "starts_on": {"need": {"becomes": "counter"}},
            "steps": {"counter": {"next": "door"}, "door": {}},
        }
    },
}
LOOKS = "def counter(customer, touch):\n    "


@pytest.fixture
def written(tmp_path):
    """Makes the shop with a counter in Python, and gives its file."""

    def write(body="return None", python="rules.py:counter", **counter):
        (tmp_path / "rules.py").write_text(LOOKS + body + "\n", encoding="utf-8")
        data = json.loads(json.dumps(SHOP))
        data["touchpoints"]["counter"] |= {"python": python} | counter
        path = tmp_path / "shop.yaml"
        path.write_text(json.dumps(data), encoding="utf-8")
        return path

    return write


def touches(path, touchpoint=0):
    program = lower(load(path))
    rows = simulate_logged(program, seed=2, engine="reference")[1]
    return rows[(rows["kind"] == TOUCH) & (rows["touchpoint"] == touchpoint)]


# ---------------------------------------------------------------- what a function says
def test_a_function_that_says_nothing_changes_no_touch(written, tmp_path):
    rows = touches(written())
    (tmp_path / "plain.yaml").write_text(json.dumps(SHOP), encoding="utf-8")
    plain = touches(tmp_path / "plain.yaml")
    assert (rows["outcome"] == FAILED).any()
    for name in rows.dtype.names:
        if name != "seq":
            assert (rows[name] == plain[name]).all(), name


def test_quality_outcome_feelings_and_price_are_said(written):
    said = "return {'quality': 0.9, 'outcome': 'ok', 'feels': {'joy': 0.5}, 'price': 3.25}"
    rows = touches(written(said))
    assert (rows["outcome"] == OK).all()
    assert (rows["quality"] == np.float32(0.9)).all()
    assert (rows["revenue"] == 325).all()
    assert (rows["mood_after"] >= 0.5).all()
    assert (touches(written("return {'outcome': 'failed'}"))["outcome"] == FAILED).all()


def test_what_is_said_ends_with_the_touch(written):
    """The door has nothing to say, and a touch that did not come about is not asked."""
    path = written("return {'quality': 0.9, 'feels': {'joy': 0.5}}")
    assert (touches(path, 1)["quality"] == 0.0).all()
    (path.parent / "rules.py").write_text(LOOKS + "raise SystemError\n", encoding="utf-8")
    data = json.loads(path.read_text()) | {"stock": {"none": {"start": 0}}}
    data["touchpoints"]["counter"]["draws"] = "none"
    path.write_text(json.dumps(data), encoding="utf-8")
    rows = touches(path)
    assert len(rows) > 20
    assert (rows["mood_after"] == 0.0).all()


def test_a_dataclass_will_do(written):
    body = """return Said(quality=0.25)

from dataclasses import dataclass

@dataclass
class Said:
    quality: float
    outcome: str | None = None
"""
    assert (touches(written(body))["quality"] == 0.25).all()


# ---------------------------------------------------------------- what a function is told
def test_customer_and_touch_can_be_looked_at(written):
    body = """assert customer.segment == "everyone" and customer.id < 12 and customer.spend == 10
    assert -1 <= customer.satisfaction <= 1 and 0 <= customer.trust <= 1 and customer.days >= 0
    assert set(customer.feelings) >= {"joy", "resentment"} and customer.goodwill <= 1
    assert (touch.touchpoint, touch.journey, touch.step, touch.occasion) == ("counter", "visit", "counter", "need")
    assert -4 <= touch.day < 10 and touch.waited == 0 and customer.days_since_order > 0
    assert 0 < touch.uniform("a") < 1 and touch.uniform("a") == touch.uniform("a") != touch.uniform("b")
    return {"price": customer.orders, "quality": touch.uniform("a")}"""
    rows = touches(written(body))
    sold = rows[rows["order"] > 0]
    assert (sold["revenue"] == 100 * (sold["order"].astype(int) - 1)).all()
    assert len(set(rows["quality"])) == len(rows)


def test_the_outcome_told_is_the_one_that_comes(written):
    told = touches(written("return {'outcome': touch.outcome}"))
    assert (told["outcome"] == touches(written())["outcome"]).all()


def test_feelings_are_those_of_the_moment(written):
    rows = touches(written("return {'quality': customer.goodwill}"), 0)
    by_customer = [rows[rows["customer"] == who] for who in set(rows["customer"].tolist())]
    assert all(len(set(mine["quality"].tolist())) == len(mine) for mine in by_customer)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("customer.trust = 1", "a customer can be looked at only; trust cannot be set"),
        ("customer.truts", "a customer has no truts; did you mean 'trust'?"),
        ("touch.day = 3", "a touch can be looked at only; day cannot be set"),
        ("customer.feelings['joy'] = 1", "'mappingproxy' object does not support item assignment"),
    ],
)
def test_nothing_can_be_changed(written, body, error):
    with pytest.raises(RunError, match=re.escape(error)):
        touches(written(body))


# ---------------------------------------------------------------- when it goes wrong
def test_an_exception_is_one_line_with_the_place_the_customer_and_the_day(written, monkeypatch):
    path = written("return help_me()\n\ndef help_me():\n    return 1 / 0")
    monkeypatch.chdir(path.parent)
    for workers in ("1", "2"):
        options = [
            "--replications",
            "2",
            "--workers",
            workers,
            "--no-log",
            "--quiet",
            "--out",
            f"run{workers}",
        ]
        done = CliRunner().invoke(main, ["run", "shop.yaml", *options])
        assert done.exit_code == 1
        assert re.fullmatch(
            r"rules\.py:5: ZeroDivisionError: division by zero \(customer \d+, day -?[\d.]+\)\n", done.output
        )
        assert not (path.parent / f"run{workers}").exists()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("7", "returned 7; expected nothing or {quality, feels, outcome, price}"),
        ("{'qualty': 1}", "returned the key 'qualty'; did you mean 'quality'?"),
        ("{'quality': 2}", "returned quality 2; expected a number from -1 to 1"),
        ("{'quality': float('nan')}", "returned quality nan; expected a number from -1 to 1"),
        ("{'quality': True}", "returned quality true; expected a number from -1 to 1"),
        ("{'outcome': 'fine'}", "returned the outcome 'fine'; expected ok or failed"),
        ("{'feels': {'joi': 1}}", "returned the emotion 'joi'; did you mean 'joy'?"),
        ("{'feels': {'joy': 'much'}}", "returned joy 'much'; expected a number from -1 to 1"),
        ("{'feels': 0.1}", "returned feels 0.1; expected emotions and their impulses"),
        ("{'price': -1}", "returned price -1; expected a number from 0 to 1e+07"),
    ],
)
def test_nonsense_is_told(written, answer, error):
    with pytest.raises(
        RunError, match=r"rules\.py:1: counter " + re.escape(error) + r" \(customer \d+, day "
    ):
        touches(written(f"return {answer}"))


def test_a_price_needs_something_to_sell(written):
    with pytest.raises(RunError, match="the touchpoint sells nothing"):
        touches(written("return {'price': 1}", sells=None))


def test_a_file_that_does_not_run_is_told(written):
    path = written("return None\n\nimport no_such_module")
    with pytest.raises(
        RunError, match=r"rules\.py:4: ModuleNotFoundError: No module named 'no_such_module'$"
    ):
        touches(path)


@pytest.mark.parametrize(
    ("body", "python", "error"),
    [
        ("return None", "rules.py:countr", "rules.py has no function 'countr'; did you mean 'counter'?"),
        ("return None", "rule.py:counter", "cannot read rule.py: no such file"),
        ("return None", "counter", "expected a Python file and a function such as rules.py:surprise, got"),
        ("return (", "rules.py:counter", "rules.py:2:12: '(' was never closed"),
        ("pass\n\ndef one(customer): pass", "rules.py:one", "rules.py:4:1: expected one(customer, touch)"),
    ],
)
def test_check_looks_for_the_function(written, body, python, error):
    path = written(body, python)
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert re.match(r".*shop\.yaml:1:\d+: touchpoints\.counter\.python: ", str(caught.value))
    assert error in str(caught.value)


# ---------------------------------------------------------------- which engine
def test_the_compiled_engine_refuses_and_the_default_falls_back(written, capsys):
    path = written()
    only = "touchpoint counter is written in Python, which only the SimPy engine runs"
    with pytest.raises(UsageError, match=only):
        sim.run(path, engine="compiled", replications=1, log=False)
    with pytest.raises(UsageError, match=only):
        simulate_logged(lower(load(path)), seed=1)
    run = sim.run(path, replications=1, log=False)
    assert run.settings.engine == "reference"
    assert capsys.readouterr().err == (
        "note: touchpoint counter is written in Python; running on the SimPy engine\n"
    )


def test_a_strategy_may_hand_a_touchpoint_over_and_the_run_folder_keeps_the_file(written, tmp_path):
    path = written("return {'quality': 1}")
    data = json.loads(path.read_text())
    python = data["touchpoints"]["counter"].pop("python")
    path.write_text(json.dumps(data))
    change = {"extends": "shop.yaml", "name": "Own", "touchpoints": {"counter": {"python": python}}}
    (tmp_path / "own.yaml").write_text(json.dumps(change))
    assert (touches(tmp_path / "own.yaml")["quality"] == 1).all()
    out = tmp_path / "out"
    sim.run(tmp_path / "own.yaml", replications=1, out=out, note=str)
    manifest = json.loads((out / "manifest.json").read_text())
    kept = next(name for name in manifest["inputs"] if name.endswith("rules.py"))
    assert (out / kept).read_bytes() == (tmp_path / "rules.py").read_bytes()
    assert "--engine reference" in manifest["command"]


def test_the_file_of_a_baseline_is_kept_too(written, tmp_path):
    written("return {'quality': 1}")
    (tmp_path / "other.py").write_text(LOOKS + "return {'quality': -1}\n")
    change = {
        "extends": "shop.yaml",
        "name": "Own",
        "touchpoints": {"counter": {"python": "other.py:counter"}},
    }
    (tmp_path / "own.yaml").write_text(json.dumps(change))
    scenario = load(tmp_path / "own.yaml")
    assert {path.name for path in scenario.sources} == {"shop.yaml", "own.yaml", "rules.py", "other.py"}
    rows = touches(tmp_path / "own.yaml")
    assert (rows["quality"] == -1).all()


# ---------------------------------------------------------------- the page, and the one that ships
def test_the_example_that_ships_runs(tmp_path):
    run = sim.run(
        HOUSE / "scenarios" / "python_touchpoint" / "baseline.yaml", replications=1, size=20, note=str
    )
    assert run.visits["quality"].eq(np.float32(0.7)).sum() > 10
    assert len(run.surveys)


def test_the_page_runs_and_tells_all(tmp_path):
    text = PAGE.read_text(encoding="utf-8")
    for name, piece in re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", text, re.S):
        (tmp_path / name).write_text(piece, encoding="utf-8")
    rows = touches(tmp_path / "baseline.yaml")
    assert (rows["quality"] == np.float32(0.7)).sum() > 10
    from sim.engine.scripts import MAY_SAY, Customer, Touch

    told = set(re.findall(r"`(\w+)", text))
    names = {name for kind in (Customer, Touch) for name in dir(kind) if not name.startswith("_")}
    assert names | set(MAY_SAY) <= told
