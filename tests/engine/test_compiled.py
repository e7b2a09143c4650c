"""The compiled engine's own business: stretches, pauses and room must not matter to anybody."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from sim import scenarios_folder
from sim.engine import compiled, lower, reference, state
from sim.experiment.parting import compare, record
from sim.scenario import load, parse

COFFEE = scenarios_folder() / "coffee_shop"

WAITING = {
    "name": "Waiting for ever",
    "horizon": "3 d",
    "warm_up": "4 d",
    "psychology": "off",
    "population": {"size": 220, "site": "all"},
    "customers": {"needs": {"mean": "3 per day"}},
    "staff": {"clerks": {"servers": 1}},
    "touchpoints": {"ask": {"staff": {"pool": "clerks", "service": "100 d"}}},
    "journeys": {"visit": {"starts_on": {"need": {"becomes": "ask"}}, "steps": {"ask": {}}}},
}

FLOOD = {
    "name": "Everybody at once",
    "horizon": "4 d",
    "warm_up": "0 d",
    "psychology": "off",
    "population": {"size": 400},
    "touchpoints": {"mail": {"channel": "email"}},
    "campaigns": {  # 11 x 8 h and 16 h + 9 x 8 h are one rounding apart: a stretch of 4e-16 days
        "one": {"picks": {"every": "8 h"}, "sends": {"touchpoint": "mail"}},
        "two": {"starts": "16 h", "picks": {"every": "8 h"}, "sends": {"touchpoint": "mail"}},
    },
}


@pytest.mark.parametrize("name", ["baseline", "surprise_pastry", "third_barista"])
def test_where_the_engine_pauses_and_makes_room_does_not_matter(name, monkeypatch):
    program = lower(
        load(COFFEE / f"{name}.yaml", (), {"population.size": 700, "horizon": "20 d", "warm_up": "5 d"})
    )
    whole = record(program, "compiled", seed=3)
    for module, constant, value in (
        (compiled, "STEPS", 3),
        (compiled, "LOG_AIM", 64),
        (compiled, "SHOWN_AIM", 4),
        (compiled, "_EVENTS", 4),
        (state, "LOG_ROWS", 256),
        (state, "_SPARE_NODES", 9),
    ):
        monkeypatch.setattr(module, constant, value)
    assert compare(record(program, "compiled", seed=3), whole, program) is None


def test_users_get_the_same_log_as_tests():
    """For tests every function is compiled by itself (TOUCHPOINT_ALL_ENTRIES), for users all of them at once."""
    code = """
import hashlib
from sim.engine import lower
from sim.engine.engines import simulate_logged
from sim.scenario import load
scenario = load({path!r}, (), {{"population.size": 300, "horizon": "30 d", "warm_up": "5 d"}})
print(hashlib.sha256(simulate_logged(lower(scenario), seed=3)[1].tobytes()).hexdigest())
""".format(path=str(COFFEE / "points_card.yaml"))
    logs = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "TOUCHPOINT_ALL_ENTRIES": entries},
            capture_output=True, text=True, check=True,
        ).stdout
        for entries in ("", "1")
    }  # fmt: skip
    assert len(logs) == 1


def test_a_line_that_is_served_all_at_once_on_day_0_finds_room(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "_EVENTS", 8)
    (tmp_path / "baseline.yaml").write_text(json.dumps(WAITING), encoding="utf-8")
    scenario = parse({"extends": "baseline.yaml", "staff": {"clerks": {"servers": 20}}}, folder=tmp_path)
    program = lower(scenario)
    engine = compiled.Compiled(program, 1, 0, None, False)
    engine.arrays["heap"] = engine.arrays["heap"][:24].copy().view(np.recarray)
    engine.replace()
    found, judged = engine.run(None), reference.simulate(program, seed=1)
    assert found.staff.requests.tolist() == judged.staff.requests.tolist()
    assert found.people["n_touch"].tolist() == judged.people["n_touch"].tolist()


def test_a_flood_in_the_shortest_stretch_does_not_stop_the_clock(monkeypatch):
    monkeypatch.setattr(compiled, "LOG_AIM", 64)
    program = lower(parse(FLOOD))
    assert compare(record(program, "compiled", seed=1), record(program, "reference", seed=1), program) is None
