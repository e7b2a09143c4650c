"""A comparison in words and pictures: the answer first, and never more certain than the numbers."""

import re
import xml.etree.ElementTree as ElementTree

import pandas as pd
import pytest

import sim
from sim.report.comparison import WIDTH, comparison_text, headline
from sim.report.comparison_pictures import PICTURES, write

SHOP = """\
name: Kiosk
horizon: 60 d
warm_up: 0
population: {size: 300}
customers: {needs: {mean: 2 per week}, leaves: {mean: 90 % per year}, spends: {mean: 3}}
touchpoints: {buy: {stage: purchase, quality: 0.2, feels: {joy: 0.2}, sells: {price: own_spend}}}
journeys: {visit: {starts_on: {need: {becomes: buy, usually: 80 %}}, steps: {buy: {next: end}}}}
psychology: {effect_on: {leaving: 1.5}}
"""
STRATEGIES = {
    "kinder": "touchpoints: {buy: {quality: 0.9, cost: 0.1, feels: {joy: 0.6}}}",
    "ruder": "touchpoints: {buy: {quality: -0.9}}",
    "nothing": "about: the same",
    "gift": "campaigns: {gift: {picks: {every: 10 d, chance: 50 %}, gives: {touchpoint: extra, at: buy}}}\n"
    "touchpoints: {extra: {stage: loyalty, quality: 0.9, cost: 0.2}}",
    "kinder_too": "touchpoints: {buy: {quality: 0.9, cost: 0.1, feels: {joy: 0.6}}}",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    (folder / "baseline.yaml").write_text(SHOP, encoding="utf-8")
    for name, text in STRATEGIES.items():
        (folder / f"{name}.yaml").write_text(
            f"extends: baseline.yaml\nname: {name}\n{text}\n", encoding="utf-8"
        )

    def compared(*names, **options):
        files = [folder / f"{name}.yaml" for name in ("baseline", *names)]
        return sim.compare(*files, **({"replications": 6} | options))

    return compared


def test_the_answer_stands_first(shop):
    done = shop("kinder", "ruder")
    lines = comparison_text(done).splitlines()
    assert lines[0].startswith("Kiosk and 2 strategies: 6 replications of 300 customers for 2 months")
    difference = done.differences.loc[("retention", "kinder")]
    expected = f"kinder keeps {100 * difference['difference']:.1f} points more customers after 2 months"
    assert headline(done).startswith(expected)
    assert "EUR for each customer kept in addition and with" in headline(done)
    assert headline(done).endswith("EUR more profit per customer.")
    assert all(len(line) <= WIDTH for line in lines)
    assert [line.split()[1].rstrip("*") for line in lines if line[:2] in ("1 ", "2 ", "3 ")] == [
        "kinder",
        "Kiosk",
        "ruder",
    ]


def test_what_is_worse_is_said_to_be(shop):
    text = headline(shop("ruder"))
    assert text.startswith("No strategy does better than the baseline. ruder keeps")
    assert "points fewer customers" in text and "interval −" not in text


def test_what_changes_nothing_is_said_to(shop):
    done = shop("nothing")
    assert "nothing changes nothing: every replication is identical to the baseline's." in headline(done)
    assert "identical" in comparison_text(done)


def test_equals_are_not_told_apart(shop):
    done = shop("kinder", "kinder_too")
    assert "It is not distinguishable from kinder_too." in headline(done)
    assert "Not distinguishable from each other: kinder and kinder_too." in comparison_text(done)


def test_a_difference_lost_in_noise_is_called_that(shop):
    done = shop("kinder", replications=2, horizon="20 d")
    assert headline(done).startswith("kinder is not distinguishable from the baseline: ")


def test_another_metric_has_its_own_words_and_unit(shop):
    done = shop("kinder", metric="revenue")
    assert headline(done).startswith("kinder raises revenue by ") and " EUR (95 % interval" in headline(done)


def test_the_budget_decides_who_is_named(shop):
    text = comparison_text(shop("kinder", budget=1))
    assert "kinder* (over budget)" in text
    assert text.splitlines()[2] == "No strategy is within the budget."


def test_the_precision_is_told(shop):
    text = comparison_text(shop("kinder", replications=None, precision="3pp"))
    assert "Asked for ±3pp: 10 replications gave ±" in text
    text = comparison_text(shop("kinder", replications=None, precision="0.01pp", most=11))
    assert "Asked for ±0.01pp: at the ceiling of 11 replications it is ±" in text


def test_pairing_is_told_beside_independent_seeds_and_the_best(shop):
    text = " ".join(comparison_text(shop("kinder")).split())
    for words in (
        "with the same people and luck",
        "with independent seeds",
        "no pairing could make it less than",
    ):
        assert words in text


def test_what_only_a_strategy_has_is_told_unless_it_is_nought(shop):
    text = " ".join(comparison_text(shop("gift")).split())
    assert "Only in some worlds (table `levels`): gifts (gift " in text
    assert "opted_out" not in text


def test_an_interval_that_leaves_out_nought_never_looks_as_if_it_did_not(shop):
    text = comparison_text(shop("kinder", "ruder", "gift", replications=3))
    told = re.findall(r"[+−]([\d.,]+) ± ([\d.,]+)", text)
    assert len(told) > 20
    assert all(float(mean.replace(",", "")) > float(half.replace(",", "")) for mean, half in told)
    assert "0.0000000" not in text


def test_every_picture_is_kept_with_its_numbers(shop, tmp_path):
    done = shop("kinder", "ruder", budget=1)
    paths = write(done, tmp_path)
    names = [name for name, picture in PICTURES.items() if picture.when(done)]
    assert names == ["retention", "difference", "frontier"]
    assert {path.name for path in paths} == {f"{n}.{k}" for n in names for k in ("png", "svg", "csv")}
    for name in names:
        assert ElementTree.parse(tmp_path / f"{name}.svg").getroot().tag.endswith("svg")
        assert len(pd.read_csv(tmp_path / f"{name}.csv")) > 2
    again = write(done, tmp_path / "again")
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in paths]


def test_the_frontier_ends_where_the_ranking_does(shop):
    done = shop("kinder", "ruder")
    frame = PICTURES["frontier"].frame(done).set_index("world")
    ranks = done.ranks.set_index("world")
    assert frame.loc["kinder", "gain"] == ranks.loc["kinder", "gain"] > 0
    assert frame["efficient"].to_dict() == {"Kiosk": True, "kinder": True, "ruder": False}
