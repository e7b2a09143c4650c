"""Why: planted truths about pieces of a strategy, and paths from a log worked out by hand."""

import numpy as np
import pytest

import sim
from sim.analysis.attribution import NO_TOUCH
from sim.errors import UsageError
from sim.experiment.paths import LOOKBACK, to_orders, to_staying
from sim.model.layout import CUSTOMER, LEFT, LOG, PERSON

BASELINE = """\
name: Two counters
horizon: 60 d
psychology: off
population: {size: 60}
customers: {needs: {mean: 2 per week}, leaves: {mean: 90 % per year}}
segments: {these: {share: 50 %}, those: {share: rest}}
touchpoints:
  look: {stage: consideration}
  buy: {stage: purchase, sells: {price: 1}}
journeys:
  visit:
    starts_on: {need: {becomes: look}}
    steps: {look: {next: end}}
"""
TO_THE_TILL = "journeys: {visit: {steps: {look: {next: {end: null, buy: 1}}, buy: {next: end}}}}\n"
DEARER = "buy: {sells: {price: 3}}"
NICER = "look: {quality: 0.9, feels: {joy: 1}}"  # does nothing where nobody feels anything
MAIL = """\
campaigns: {letter: {picks: {every: 20 d}, sends: {touchpoint: mail}}}
touchpoints: {mail: {stage: loyalty, channel: mail, cost: 0.10}}
"""


@pytest.fixture
def explained(tmp_path):
    (tmp_path / "baseline.yaml").write_text(BASELINE, encoding="utf-8")

    def explain(text, **options):
        strategy = tmp_path / "strategy.yaml"
        strategy.write_text(f"extends: baseline.yaml\nname: Strategy\n{text}", encoding="utf-8")
        return sim.compare(tmp_path / "baseline.yaml", strategy, **{"replications": 4, "why": True} | options)

    return explain


def effect(done, piece, how, measure, segment=""):
    return done.effects.loc[("Strategy", piece, how, segment, measure)]


def test_a_piece_that_does_nothing_has_exactly_no_effect(explained):
    done = explained(f"{TO_THE_TILL}touchpoints: {{{NICER}}}\n", metric="revenue")
    for how in ("removed", "alone"):
        for measure in ("revenue", "retention", "orders", "profit"):
            row = effect(done, "touchpoints.look", how, measure)
            assert row["identical"] and (row["effect"], row["low"], row["high"]) == (0, 0, 0)
    whole = effect(done, "everything", "total", "revenue")
    assert effect(done, "journeys.visit", "removed", "revenue")["effect"] == whole["effect"] > 0
    assert effect(done, "everything", "interaction", "revenue")["effect"] == 0


def test_an_interaction_known_by_construction(explained):
    """Alone, the till takes 1 a visit and the price nothing at all; together they take 3: 2 are theirs together."""
    done = explained(f"{TO_THE_TILL}touchpoints: {{{DEARER}}}\n", metric="revenue")
    till = effect(done, "journeys.visit", "alone", "revenue")["effect"]
    assert till > 0 and effect(done, "touchpoints.buy", "alone", "revenue")["identical"]
    assert effect(done, "everything", "total", "revenue")["effect"] == pytest.approx(3 * till)
    assert effect(done, "touchpoints.buy", "removed", "revenue")["effect"] == pytest.approx(2 * till)
    assert effect(done, "everything", "interaction", "revenue")["effect"] == pytest.approx(2 * till)


def test_effects_by_segment_add_up(explained):
    done = explained(TO_THE_TILL)
    whole, these, those = (
        effect(done, "journeys.visit", "removed", "orders", segment)["effect"]
        for segment in ("", "these", "those")
    )
    assert whole == pytest.approx(these + those) and these > 0 and those > 0


def test_the_total_is_that_of_the_comparison(explained):
    done = explained(TO_THE_TILL, metric="orders")
    row = done.differences.loc[("orders", "Strategy")]
    assert effect(done, "everything", "total", "orders")["effect"] == pytest.approx(row["difference"])


def test_a_letter_that_does_nothing_gets_credit_all_the_same(explained):
    """The truth is no order at all; every rule gives it some: it was there before orders that came anyway."""
    done = explained(f"{TO_THE_TILL}{MAIL}", metric="orders")
    row = done.attribution.loc[("Strategy", "orders", "campaigns.letter")]
    assert row["truth"] == 0 and row["touchpoints"] == "mail"
    assert row["last_touch"] == 0 and row["linear"] > 1 and row["markov"] > 1 and row["shapley"] > 1
    credit = done.credit.xs("orders", level="conversions")
    for rule in ("last_touch", "first_touch", "linear", "markov", "shapley"):
        assert credit[rule].sum() == pytest.approx(row["all"])


def test_the_same_whatever_the_workers_and_in_every_form(explained, tmp_path):
    done, again = (explained(f"{TO_THE_TILL}{MAIL}", workers=workers) for workers in (1, 2))
    assert done.result()["why"] == again.result()["why"]
    folder = done.save(tmp_path / "out")
    assert (folder / "tables" / "effects.parquet").exists()
    assert "--why" in (folder / "manifest.json").read_text("utf-8")


def test_a_strategy_that_changes_nothing_has_no_pieces(explained):
    from sim.report.comparison import comparison_text

    assert "Why: Strategy changes nothing" in comparison_text(explained("about: the same\n"))


def test_who_did_not_ask_is_told_how(explained):
    with pytest.raises(UsageError, match="has no effects: ask for them with why=True"):
        _ = explained(TO_THE_TILL, why=False).effects


# ---------------------------------------------------------------- paths
class Shop:
    touchpoint_names = ("ad", "look", "buy")
    horizon = 100.0


AD, LOOK, BUY = range(3)


def touches(*rows):
    """(customer, day, touchpoint, order number or 0)."""
    made = np.zeros(len(rows), LOG)
    for k, (customer, t, touchpoint, order) in enumerate(rows):
        made[k]["customer"], made[k]["t"], made[k]["touchpoint"], made[k]["order"] = (
            customer,
            t,
            touchpoint,
            order,
        )
        made[k]["seq"] = k
    return made


def people(*left):
    made = np.zeros(len(left), PERSON)
    made["id"], made["t_left"] = np.arange(len(left)), left
    made["status"], made["founding"] = np.where(np.isfinite(left), LEFT, CUSTOMER), 1
    return made


def as_words(told):
    names = [told.channels[k] for k in told.channel]
    return [
        (" ".join(n for n, p in zip(names, told.path, strict=True) if p == k), bool(converted))
        for k, converted in enumerate(told.converted)
    ]


ROWS = touches(
    (0, 1, AD, 0), (0, 2, LOOK, 0), (0, 2, BUY, 1), (0, 50, AD, 0), (0, 90, LOOK, 0), (0, 91, BUY, 2),
    (1, 5, BUY, 1), (1, 6, AD, 0), (1, 7, LOOK, 0),
)  # fmt: skip


def test_paths_to_orders_begin_after_the_order_before():
    told = as_words(to_orders(ROWS, people(np.inf, 20.0), Shop))
    assert LOOKBACK == 30.0
    assert told == [("ad look", True), ("look", True), (NO_TOUCH, True), ("ad look", False)]


def test_paths_to_staying_are_those_of_the_last_days():
    told = as_words(to_staying(ROWS, people(np.inf, 20.0, np.inf), Shop))
    assert told == [("look buy", True), ("buy ad look", False), (NO_TOUCH, True)]
