"""One customer's story, read against what is in the log."""

from datetime import date

import pytest

from sim.model.layout import (
    AWARE,
    CAMPAIGNS,
    ENTERING,
    FAILED,
    GAVE_UP,
    JOURNEY,
    LEAVE,
    LEAVING,
    LEFT,
    NEED,
    NOT_RENEWED,
    RECONSIDERED,
    SKIPPED,
    STAYING,
)
from sim.report.story import WIDTH, story

ORDER, COFFEE = 1, 2
FELT = {"valence": 0.3, "mood_before": -0.05, "mood_after": 0.2, "satisfaction": 0.21, "trust": 0.52}


@pytest.fixture
def coffee(fakes):
    program = fakes.make_program()
    return fakes, program, fakes.nobody(program, 1)[0]


def test_a_short_life(coffee):
    fakes, program, person = coffee
    person["status"], person["t_left"], person["reason"] = LEFT, 9.0, RECONSIDERED
    rows = fakes.log([
        {"t": 1.3, "touchpoint": ORDER, "order": 1, "revenue": 432, "wait": 6 / 1440, "chance": 0.71,
         "trigger": 1, **FELT},
        {"t": 1.31, "touchpoint": COFFEE, "outcome": FAILED, "chance": 0.3, **FELT, "valence": -0.7},
        {"t": 3.0, "index": 1, "kind": SKIPPED, "touchpoint": ORDER, "chance": 0.29},
        {"t": 5.0, "stream": LEAVE, "kind": STAYING, "chance": 0.013},
        {"t": 9.0, "stream": LEAVE, "index": 1, "kind": LEAVING, "outcome": RECONSIDERED, "chance": 0.05},
    ])  # fmt: skip
    assert (
        story(rows, program, person)
        == """\
Customer 0, one of the commuters. A need comes up about every 3 days. Spends about 5.00 EUR an
order. A disappointment weighs 2.0 times as much as a delight. Hardly moved by scarcity, by what
others do and by gifts. Was a customer before the run began.

day 1 (Tue), 07:12: a need came up (71 % likely to come)
  07:12  order: waited 6 min; paid 4.32 EUR (order 1); swayed by order.busy; felt good; mood −0.05 →
        +0.20, satisfaction +0.21, trust 0.52.
  07:26  coffee (30 % likely): went wrong; felt awful; mood −0.05 → +0.20, satisfaction +0.21, trust
        0.52.
day 3 (Thu), 00:00: a need came up (29 % likely to come): wanted order, went elsewhere
day 5 (Sat), 00:00: thought about leaving, and stayed (1.3 % likely to go)
day 9 (Wed), 00:00: thought again about the relationship and left (5.0 % likely)

In all: 2 touches, 1 order worth 4.32 EUR; 1 touch went badly. Left after 9 days, on day 9 (Wed),
00:00, with satisfaction 0.00 and trust 0.50.
"""
    )


def long_life(fakes, visits=60):
    rows = []
    for k in range(visits):
        t = 1.0 + 2 * k
        rows.append({"t": t, "index": k, "touchpoint": ORDER, "order": k + 1, "revenue": 500, **FELT})
        rows.append(
            {"t": t + 0.01, "index": k, "touchpoint": COFFEE, "outcome": GAVE_UP * (k % 10 == 0), **FELT}
        )
    return fakes.log(rows)


def test_a_long_life_is_abridged_in_the_middle(coffee):
    fakes, program, person = coffee
    text = story(long_life(fakes), program, person)
    middle = "… 88 events like these over 3 months: 44 orders worth 220.00 EUR, 5 touches went badly …"
    assert middle in text.replace("\n", " ")
    assert "order 8)" in text
    assert "order 9)" not in text
    assert "order 53)" in text
    assert "In all: 120 touches, 60 orders worth 300.00 EUR" in text


def test_full_tells_everything(coffee):
    fakes, program, person = coffee
    text = story(long_life(fakes), program, person, full=True)
    assert "…" not in text
    assert all(f"order {k})" in text for k in range(1, 61))


def test_one_endless_occasion_is_told(coffee):
    fakes, program, person = coffee
    rows = fakes.log([{"t": 1.0 + k, "touchpoint": COFFEE} for k in range(100)])
    text = story(rows, program, person)
    assert text.count("coffee") == 100


def test_width(coffee):
    fakes, program, person = coffee
    assert max(map(len, story(long_life(fakes), program, person).splitlines())) <= WIDTH


def test_dates_and_other_customers(coffee):
    fakes, _, person = coffee
    program = fakes.make_program(starts=date(2026, 1, 5))
    rows = fakes.log([{"t": 12.5, "touchpoint": ORDER}, {"t": 13.0, "touchpoint": COFFEE, "customer": 7}])
    text = story(rows, program, person)
    assert "Sat 17 Jan 2026, 12:00: a need came up" in text
    assert "coffee" not in text


def test_without_feelings(coffee):
    fakes, program, person = coffee
    text = story(fakes.log([{"t": 1.0, "touchpoint": ORDER}]), program, person)
    assert "mood" not in text
    assert text.endswith("nothing went wrong. Still a customer at the end.\n")


def test_renewals(coffee):
    fakes, _, person = coffee
    program = fakes.make_program(contractual=True, segment_names=("everyone",))
    person["status"], person["t_left"], person["reason"], person["need_gap"] = (
        LEFT,
        61.0,
        NOT_RENEWED,
        float("inf"),
    )
    rows = fakes.log([
        {"t": 30.0, "stream": LEAVE, "kind": STAYING, "chance": 0.05},
        {"t": 30.0, "stream": LEAVE, "touchpoint": ORDER},
        {"t": 61.0, "stream": LEAVE, "index": 1, "kind": LEAVING, "outcome": NOT_RENEWED, "chance": 0.06},
    ])  # fmt: skip
    text = story(rows, program, person)
    assert text.startswith("Customer 0. Spends")
    assert "the contract came up for renewal\n  00:00  renewed the contract (5.0 % likely to go)\n" in text
    assert "day 61 (Sat), 00:00: did not renew (6.0 % likely)" in text


def test_coming_back_to_an_occasion_after_another(coffee):
    fakes, program, person = coffee
    rows = fakes.log([
        {"t": 1.0, "stream": NEED, "touchpoint": ORDER},
        {"t": 1.5, "stream": CAMPAIGNS, "touchpoint": COFFEE},
        {"t": 2.0, "stream": NEED, "touchpoint": COFFEE, "chance": 0.3},
    ])  # fmt: skip
    text = story(rows, program, person)
    assert "day 1 (Tue), 12:00: reached by surprise gift" in text
    assert "day 2 (Wed), 00:00: following up on day 1 (Tue), 00:00\n  00:00  coffee (30 % likely)." in text


def test_a_prospect_who_came(coffee):
    fakes, program, person = coffee
    person["founding"], person["t_entry"], person["status"], person["t_left"] = 0, 4.0, LEFT, 4.5
    person["reason"] = JOURNEY
    rows = fakes.log([
        {"t": 2.0, "stream": AWARE, "kind": SKIPPED, "touchpoint": 0, "chance": 0.3},
        {"t": 4.0, "stream": AWARE, "index": 1, "touchpoint": 0, "chance": 0.3},
        {"t": 4.0, "stream": 4, "kind": ENTERING},
        {"t": 4.5, "stream": LEAVE, "kind": LEAVING, "outcome": JOURNEY},
    ])  # fmt: skip
    text = story(rows, program, person)
    assert "Became a customer on day 4 (Fri), 00:00." in text
    assert "heard of the brand (30 % likely to come): could have met map app, let it pass" in text
    assert "day 4 (Fri), 00:00: became a customer" in text
    assert "left for good where the journey ended" in text


def test_nothing_happened_to_a_prospect(coffee):
    fakes, program, _ = coffee
    people = fakes.nobody(program, 1)
    fakes.become_prospects(people, 1)
    text = story(fakes.log([]), program, people[0])
    assert "Had not become a customer when the run ended." in text
    assert text.endswith("Nothing happened to this customer in the run.\n")


@pytest.mark.parametrize(("reactivity", "word"), [(1.5, "strongly"), (0.5, "calmly")])
def test_temper(coffee, reactivity, word):
    fakes, program, person = coffee
    person["reactivity"], person["reciprocity"] = reactivity, 0.6
    text = story(fakes.log([]), program, person).replace("\n", " ")
    assert f"Feels things more {word} than most." in text
    assert "Hardly moved by scarcity, hardly by what others do, strongly by gifts." in text
