"""A closer look lives the same lives again; parts of a comparison add up to the whole."""

import numpy as np
import pytest

import sim
from sim.experiment.closer import closer

SIZE, DAYS, N = 60, "40 d", 3


@pytest.fixture(scope="module")
def done():
    return sim.compare(
        "coffee_shop", "coffee_shop/surprise_pastry", replications=N, size=SIZE, horizon=DAYS, seed=3
    )


@pytest.fixture(scope="module")
def look(done):
    return closer(done)


def test_flows_are_those_of_the_event_log(done, look):
    run = sim.run("coffee_shop", replications=1, size=SIZE, horizon=DAYS, seed=3)
    arrived = look.flows[look.flows["target"] != ""].groupby("target")["journeys"].sum()
    met = run.visits["touchpoint"].value_counts()
    assert arrived.to_dict() == {name: met[name] for name in arrived.index}
    assert arrived.sum() == len(run.visits)


def test_cohorts_are_those_of_the_runs(done, look):
    run = sim.run("coffee_shop", replications=N, size=SIZE, horizon=DAYS, seed=3)
    told = look.cohorts["Corner coffee shop"]
    day0 = told[told["cohort"] == 0].set_index("period")["alive"]
    expected = run.cohorts[run.cohorts["cohort"] == 0].set_index("period")["alive"]
    assert day0.iloc[0] == 1.0 and told["customers"].iloc[0] == N * SIZE
    assert np.allclose(day0, expected.loc[day0.index])
    assert set(look.cohorts) == set(done.labels)


def test_segments_add_up_to_everybody(done):
    kept = done.segments.xs("retention", level="kpi").xs("Surprise pastry", level="strategy")
    run = sim.run("coffee_shop", replications=N, size=SIZE, horizon=DAYS, seed=3)
    founders = run.customers[run.customers["entered"] == 0]
    shares = founders["segment"].value_counts(normalize=True)
    whole = sum(shares[name] * row["baseline"] for name, row in kept.iterrows())
    assert whole == pytest.approx(done.levels.loc[("retention", "Corner coffee shop"), "mean"], abs=1e-3)
    assert (kept["difference_low"] <= kept["difference"]).all()


def test_stages_add_up_to_all_touches(done):
    told = done.stages.xs("Surprise pastry", level="world")
    levels = done.levels.xs("Surprise pastry", level="world")["mean"]
    assert told["touches"].sum() == pytest.approx(levels["touches"])
    felt = (told["touches"] * told["valence"]).sum() / told["touches"].sum()
    assert felt == pytest.approx(levels["valence"], abs=1e-3)
