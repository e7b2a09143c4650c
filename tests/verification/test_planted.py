"""Planted truths: effects whose size is a closed form, told by a comparison as they are.

A contract without psychology: of those who stay with probability 1 - p at each of ten renewals, (1 - p)^10
are left. Half of the customers are in each of two segments.
"""

from pathlib import Path

import pytest

import sim

SEEDS, ENOUGH = 100, 88  # a calibrated 95 % interval holds in so many of 100 seeds with probability .998
RENEWALS, KEPT, HARM, POINTS = 10, 0.60, 0.08, 0.02


def leaving(kept: float) -> str:
    """The chance to leave at a renewal of which `kept` are left after all of them."""
    return f"{100 * (1 - kept ** (1 / RENEWALS)):.10f} % per renewal"


BASELINE = f"""\
name: Subscription
horizon: {30 * RENEWALS + 15} d
psychology: off
population: {{size: 400}}
contract: {{renews: 30 d, price: 10, first: at entry}}
customers: {{leaves: {leaving(KEPT)}}}
segments: {{these: {{share: 50 %}}, those: {{share: rest}}}}
touchpoints: {{pay: {{stage: loyalty, sells: {{price: contract}}}}}}
journeys: {{bill: {{starts_on: {{renewal: {{becomes: pay}}}}, steps: {{pay: {{next: end}}}}}}}}
"""
STRATEGIES = {
    "even": (KEPT + HARM, KEPT - HARM),  # helps one half as much as it hurts the other
    "better": (KEPT + POINTS, KEPT + POINTS),
}


@pytest.fixture
def subscription(tmp_path) -> Path:
    (tmp_path / "baseline.yaml").write_text(BASELINE, encoding="utf-8")
    for name, (these, those) in STRATEGIES.items():
        text = f"extends: baseline.yaml\nname: {name}\nsegments:\n"
        text += f"  these: {{leaves: {leaving(these)}}}\n  those: {{leaves: {leaving(those)}}}\n"
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def compared(folder: Path, seed: int) -> sim.Comparison:
    files = (folder / f"{name}.yaml" for name in ("baseline", "even", "better"))
    return sim.compare(*files, seed=seed, replications=10)


@pytest.mark.slow
def test_a_planted_effect_is_covered_and_a_planted_nothing_is_not_told_apart(subscription):
    """Each in at least 88 of 100 seeds, the truth of the first 2 points and that of the second none."""
    covered = quiet = together = 0
    for seed in range(SEEDS):
        even, better = compared(subscription, seed).found["retention"]
        quiet += even.low_single <= 0.0 <= even.high_single
        covered += better.low_single <= POINTS <= better.high_single
        together += even.low <= 0.0 <= even.high and better.low <= POINTS <= better.high
    assert quiet >= ENOUGH
    assert covered >= ENOUGH
    assert together >= ENOUGH


def test_the_words_say_so(subscription):
    from sim.report.comparison import comparison_text

    done = compared(subscription, 1)
    text = comparison_text(done)
    assert "better keeps" in text and "points more customers after 10 months (95 % interval" in text
    assert "Not distinguishable from each other: Subscription and even" in text
    even = done.differences.loc[("retention", "even")]
    assert even["verdict"] == "not distinguishable"


def test_independent_customers_are_paired_as_well_as_can_be(subscription):
    """Whoever is helped only gains: nobody flips the other way, and no pairing can do better."""
    better = compared(subscription, 1).flips(2)
    assert better is not None and better.first == 0 and better.second > 0
    assert better.share_of_best == pytest.approx(1.0)
    assert better.gain == pytest.approx(better.gain_best)
    assert 3.0 < better.gain_best < 6.0  # sqrt((.6 x .4 + .62 x .38) / (.02 x .98)) = 4.9
