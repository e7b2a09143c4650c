"""How much rests on assumptions: a planted sign change, and what cannot be drawn."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

import sim
from sim.cli import main
from sim.errors import UsageError

BASELINE = """\
name: Subscription
horizon: 90 d
psychology: off
population: {size: 40}
contract: {renews: 30 d, price: 10, first: at entry}
customers: {leaves: 5 % per renewal}
touchpoints: {pay: {stage: loyalty, sells: {price: contract}}}
journeys: {bill: {starts_on: {renewal: {becomes: pay}}, steps: {pay: {next: end}}}}
assumed: {customers.leaves: 1 % per renewal .. 10 % per renewal}
"""
LETTERS = """\
extends: baseline.yaml
name: Letters
contract: {price: 11}
touchpoints: {mail: {stage: loyalty, channel: mail, cost: 1}}
campaigns: {letter: {picks: {at: [5 d]}, sends: {touchpoint: mail}}}
assumed: {touchpoints.mail.cost: 0 .. 5}
"""


@pytest.fixture
def files(tmp_path):
    (tmp_path / "baseline.yaml").write_text(BASELINE, encoding="utf-8")
    (tmp_path / "letters.yaml").write_text(LETTERS, encoding="utf-8")
    return tmp_path / "baseline.yaml", tmp_path / "letters.yaml"


def test_a_planted_sign_change_is_found(files):
    """Letters earn 1 more a payment and cost what is drawn: the gain is gone where the cost is payments / letters."""
    done = sim.compare(*files, metric="profit", replications=6, assumptions=60)
    draws = done.assumptions
    stated = done.differences.loc[("profit", "Letters"), "difference"]
    gain = stated + 40 * 1.0  # at the stated cost of 1 for each of 40 letters
    turn = done.turning.loc[("Letters", "Subscription", "touchpoints.mail.cost")]
    assert turn["rho"] < -0.9 and turn["matters"]
    assert turn["threshold"] == pytest.approx(gain / 40, rel=0.1)
    assert draws.better(1) == pytest.approx(gain / 40 / 5.0, abs=0.06)
    assert draws.best_holds == draws.order_holds == draws.better(1)
    assert done.turning.loc[("Letters", "Subscription", "customers.leaves"), "rho"] > -0.5


def test_every_world_has_the_same_draw_and_the_same_people(files):
    done = sim.compare(*files, replications=4, assumptions=10)
    frame = done.draws
    assert (frame["metric: Subscription"] == frame["metric: Letters"]).all()  # price and letters keep nobody
    assert np.corrcoef(frame["customers.leaves"], frame["metric: Subscription"])[0, 1] < -0.8
    again = sim.compare(*files, replications=4, assumptions=10, workers=2)
    assert again.result()["assumptions"] == done.result()["assumptions"]


def test_at_one_value_the_draws_are_the_comparison(files):
    """The luck of the few replications is taken out: where nothing varies, every draw tells the comparison's mean."""
    baseline, letters = files
    for path in files:
        text = path.read_text("utf-8").replace(
            "1 % per renewal .. 10 %", "4.999999 % per renewal .. 5.000001 %"
        )
        path.write_text(text.replace("0 .. 5", "0.9999 .. 1.0001"), encoding="utf-8")
    done = sim.compare(baseline, letters, metric="profit", replications=12, assumptions=10)
    difference = done.draws["metric: Letters"] - done.draws["metric: Subscription"]
    assert difference.to_numpy() == pytest.approx(
        done.differences.loc[("profit", "Letters"), "difference"], rel=1e-3
    )


def test_where_nothing_is_assumed_there_is_nothing_to_draw(kiosk, cheaper):
    with pytest.raises(UsageError, match=r"nothing stands under assumed:.*--assumptions-all"):
        sim.compare(kiosk, cheaper, replications=2, assumptions=10)
    done = sim.compare(kiosk, cheaper, replications=2, assumptions=10, assumptions_all=True, horizon="10 d")
    assert len(done.assumptions.assumed) > 60 and done.result()["assumptions"]["every_default"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"assumptions": 3}, "assumptions: a whole number from 10 on is needed, not 3"),
        ({"assumptions_all": True}, "say how often with assumptions"),
    ],
)
def test_what_cannot_be_drawn(files, options, message):
    with pytest.raises(UsageError, match=message):
        sim.compare(*files, replications=2, **options)


def test_the_command(files, tmp_path):
    command = ["compare", *map(str, files), "--replications", "3", "--assumptions", "10", "--why"]
    told = CliRunner().invoke(main, [*command, "--out", str(tmp_path / "out"), "--quiet"])
    assert told.exit_code == 0, told.output
    assert "How much rests on assumptions: 10 draws of 2 parameters" in told.output
    assert "Why Letters does what it does" in told.output
    for name in ("assumptions.png", "attribution.svg", "attribution.csv"):
        assert (tmp_path / "out" / "pictures" / name).exists()
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    assert "--assumptions 10 --why" in manifest["command"]
    told = CliRunner().invoke(
        main, [*command, "--out", str(tmp_path / "two"), "--quiet", "--json", "--no-pictures"]
    )
    assert set(json.loads(told.output)["assumptions"]["better"]) == {"Letters"}


def test_budgets_are_drawn_in_the_words_they_are_written_in(files):
    budget = {"assumed": {"campaigns.letter.limits.budget": "10 per year .. 20 per year"}}
    letters = sim.load(files[1], extra=budget)
    (one,) = [one for path, one in letters.assumed.items() if path.startswith("campaigns")]
    assert one.dist.params == (10.0, 20.0)
    assert one.write(12.5) == "12.5 per year"
    assert one.quantity.parse("12.5 per year") == 12.5
