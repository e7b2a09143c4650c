"""What friends tell each other, and what becomes of it: chances, mail, curiosity, referral."""

import copy
import json
import math

import numpy as np
import pytest
import worlds
from worlds import merged

from sim.engine import ENGINES, lower, simulate_logged
from sim.engine.state import State
from sim.model.friends import MOST_TOLD, come_on_a_word, deliver, pull_of_friends, speak
from sim.model.layout import AWARE, CUSTOMER, DAY, ENTERING, FIRST_VISIT, MAIL, NEED, TOUCH, WORD
from sim.model.loyalty import loyalty_to_tell
from sim.model.world import MAILED
from sim.scenario import parse

TOWN = {
    "name": "Town",
    "horizon": "60 d",
    "warm_up": "10 d",
    "population": {"size": 60},
    "customers": {"needs": {"mean": "2 per week", "cv": 0.5}, "leaves": "30 % per year", "spends": 10},
    "segments": {"locals": {"share": 1}, "strangers": {"prospects": 60, "hears_of_us": "1 per 60 d"}},
    "network": {"kind": "small_world"},
    "touchpoints": {
        "advert": {},
        "shop": {
            "quality": {"mean": 0.3, "sd": 0.4},
            "fails": {"chance": "10 %", "severity": 0.6},
            "sells": {"price": "own_spend"},
            "triggers": {"friends": {"kind": "social_proof", "from": "friends", "strength": 2}},
        },
    },
    "journeys": {
        "visit": {"starts_on": {"need": {"becomes": "shop", "usually": 0.7}}, "steps": {"shop": {}}},
        "joins": {
            "starts_on": {"awareness": {"becomes": "advert", "usually": 0.3}},
            "steps": {"advert": {"next": {"visit": 1, "end": 1}}},
        },
    },
    "psychology": {"word_of_mouth": 0.5},
}


def run(change=None, engine="reference", seed=2):
    return simulate_logged(lower(parse(merged(TOWN, change or {}))), seed=seed, engine=engine)


def bits(rows):
    """The rows, without what lies between the fields."""
    return [rows[name].tobytes() for name in rows.dtype.names]


def totals(outcome):
    return dict(zip(DAY, outcome.daily.sum(axis=(0, 1)).tolist(), strict=True))


# ---------------------------------------------------------------- runs
@pytest.mark.parametrize("kind", ["small_world", "scale_free", "blocks", "random"])
def test_both_engines_tell_the_same(kind):
    network = {"network": {"kind": kind}}
    (one, rows), (other, same) = (run(network, engine) for engine in ENGINES)
    assert bits(rows) == bits(same)
    assert totals(one) == totals(other)
    assert totals(one)["told"] > 100 and totals(one)["referred"] > 0


def test_nobody_who_tells_nothing_makes_any_difference():
    """A strength of zero changes not one bit, whoever is whose friend."""
    silent = {"psychology": {"word_of_mouth": 0}}
    _, rows = run(silent)
    for network in ({"kind": "random", "friends": 20}, {"kind": "scale_free"}):
        assert bits(run(silent | {"network": network})[1]) == bits(rows)
    alone = copy.deepcopy(merged(TOWN, silent))
    del alone["network"], alone["touchpoints"]["shop"]["triggers"]
    _, without = simulate_logged(lower(parse(alone)), seed=2, engine="reference")
    for field in ("t", "customer", "touchpoint", "valence", "chance"):
        assert np.array_equal(rows[field], without[field]), field


def test_one_prospect_more_changes_nobody_who_is_not_connected_with_him():
    few = {"network": {"kind": "random", "friends": 1}, "segments": {"strangers": {"prospects": 63}}}
    more = merged(few, {"segments": {"strangers": {"prospects": 64}}})
    (_, rows), (other, others) = run(few), run(more)
    state = State(lower(parse(merged(TOWN, more))), 2, 0, None, False)
    at, friends = state["friends_at"], state["friends"]
    reached, waiting = set(), [len(other.people) - 1]
    while waiting:
        i = waiting.pop()
        if i not in reached:
            reached.add(i)
            waiting += friends[at[i] : at[i + 1]].tolist()
    assert 1 < len(reached) < 100
    apart = np.isin(other.people["id"], other.people["id"][sorted(reached)], invert=True)
    ids = other.people["id"][apart]
    assert bits(rows[np.isin(rows["customer"], ids)]) == bits(others[np.isin(others["customer"], ids)])


def test_who_comes_on_a_word_is_referred_and_counted():
    outcome, rows = run()
    entered = rows["customer"][rows["kind"] == ENTERING]
    bought = rows[(rows["kind"] == TOUCH) & (rows["order"] == 1) & np.isin(rows["customer"], entered)]
    on_word = np.sort(bought["customer"][bought["stream"] == WORD])
    people = outcome.people
    assert np.array_equal(people["id"][people["referred"] == 1], on_word)
    assert totals(outcome)["referred"] == len(on_word) > 0
    assert (bought["stream"] == AWARE).any()


def test_words_reach_prospects_on_whole_days_and_not_before_day_0():
    _, rows = run()
    told = rows[(rows["stream"] == WORD) & (rows["touchpoint"] == 0)]
    assert len(told) > 5
    assert (told["t"] == np.floor(told["t"])).all()
    assert np.array_equal(told["index"], told["t"].astype(int))


def test_a_strategy_that_changes_nothing_gives_the_same_log(tmp_path):
    (tmp_path / "base.yaml").write_text(json.dumps(TOWN), "utf-8")
    _, rows = simulate_logged(
        lower(parse({"extends": "base.yaml", "name": "Other"}, folder=tmp_path)), seed=2, engine="reference"
    )
    assert bits(rows) == bits(run()[1])


# ---------------------------------------------------------------- speaking
class Guest(worlds.Guest):
    """The first customer of the town, and what he says after a touch."""

    def __init__(self, **psychology):
        super().__init__(merged(TOWN, {"psychology": psychology}))
        self.place = self.state["steps"][self.program.step_names.index("visit.shop")]

    def says(self, valence, n=4_000):
        """How many friends are told after each of n touches."""
        counts = []
        for index in range(n):
            before = self.state["tally"][MAILED]
            self.state["tally"][MAILED] = 0
            speak(self.w, self.p, 1.0, NEED, np.int64(index), FIRST_VISIT, self.place, valence)
            counts.append(int(self.state["tally"][MAILED]))
            self.state["tally"][MAILED] = before
        return np.array(counts)


def error(p, n=4_000):
    return 4 * math.sqrt(p * (1 - p) / n)  # z = 4


@pytest.mark.parametrize(("valence", "times"), [(0.4, 1.0), (0.8, 1.0), (-0.4, 1.5)])
def test_the_chance_to_speak_follows_valence_and_commitment(valence, times):
    guest = Guest()
    guest.p["affective"] = 0.5
    committed = loyalty_to_tell(guest.w, guest.p, 1.0)
    assert committed > 0.2
    expected = 0.5 * abs(valence) * times * math.exp(math.copysign(committed, valence))
    assert (guest.says(valence) > 0).mean() == pytest.approx(expected, abs=error(expected))


def test_a_touch_that_leaves_no_mark_is_not_told_and_prospects_do_not_tell():
    guest = Guest()
    assert guest.says(0.0, 200).sum() == 0
    guest.p["status"] = 0
    assert guest.says(1.0, 200).sum() == 0


def test_the_news_of_an_event_is_told_and_a_message_is_not():
    calm = {
        "touchpoints": {"shop": {"quality": 0, "fails": None}, "news": {"quality": -0.9}},
        "psychology": {"word_of_mouth": 2},
    }
    event = {"events": {"breach": {"at": "10 d", "meets": "news"}}}
    mail = {"campaigns": {"breach": {"picks": {"at": ["10 d"]}, "sends": {"touchpoint": "news"}}}}
    plain, breach, letter = (totals(run(merged(calm, more))[0])["told"] for more in ({}, event, mail))
    assert breach > plain + 10
    assert letter < breach - 10


@pytest.mark.parametrize("told", [1, 2, 3])
def test_so_many_are_told_on_average(told):
    guest = Guest(told=told, word_of_mouth=5)
    counts = guest.says(1.0)
    degree = int(np.diff(guest.state["friends_at"])[0])
    most = min(degree, MOST_TOLD)
    expected = sum((1 - 1 / told) ** k for k in range(most))  # geometric, cut off
    assert counts.min() == 1
    assert counts.mean() == pytest.approx(expected, abs=4 * max(counts.std(), 1e-9) / math.sqrt(len(counts)))


def test_friends_are_told_not_others():
    guest = Guest(told=5, word_of_mouth=5)
    guest.says(1.0, 50)
    speak(guest.w, guest.p, 1.0, NEED, np.int64(7), FIRST_VISIT, guest.place, 1.0)
    mails = guest.state["mail"][: guest.state["tally"][MAILED]]
    at = guest.state["friends_at"]
    assert set(mails["to"].tolist()) <= set(guest.state["friends"][at[0] : at[1]].tolist())
    assert len(set(mails["to"].tolist())) == len(mails)


# ---------------------------------------------------------------- hearing
def hear(guest, to, *words, t=3.0):
    """Person `to` hears words from others."""
    mails = np.array([(to, 5, k, word) for k, word in enumerate(words)], MAIL).view(np.recarray)
    woken = np.empty(len(mails), np.int32)
    return woken[: deliver(guest.w, mails, t, woken)].tolist()


def test_words_add_up_and_fade():
    guest = Guest(word_half_life="10 d", bad_news=2)
    hear(guest, 0, 0.5, 0.25)
    hear(guest, 0, -0.5, t=13.0)
    heard = guest.state["heard"][0]
    assert heard["good"] == 0.375 and heard["bad"] == 0.5 and heard["t"] == 13.0
    assert pull_of_friends(guest.w, guest.p, 23.0) == pytest.approx((0.1875 - 2 * 0.25) / (1 + 0.4375))


def test_trust_follows_what_friends_say_and_bad_news_weigh_more():
    guest = Guest(word_trust=0.1, bad_news=2)
    guest.p["trust"] = 0.5
    hear(guest, 0, 1.0)
    assert guest.p["trust"] == pytest.approx(0.55)
    hear(guest, 0, -1.0)
    assert guest.p["trust"] == pytest.approx(0.55 * 0.8)


def test_only_a_good_word_makes_a_prospect_curious():
    guest = Guest()
    stranger = int(np.flatnonzero(guest.state["people"]["status"] != CUSTOMER)[0])
    person = guest.state["people"][stranger]
    person["due_leave"] = 50.0
    assert hear(guest, stranger, -0.5) == []
    assert hear(guest, stranger, 0.5, t=-1.0) == []  # nobody new comes in the warm-up
    assert hear(guest, stranger, -0.5, 0.5, 0.5) == [stranger]
    node = guest.state["pool"][person["pending"]]
    assert (node["due"], node["stream"], node["index"]) == (3.0, WORD, 3)
    person["due_leave"] = math.inf  # has lost interest
    assert hear(guest, stranger, 0.5, t=4.0) == []


def test_whoever_comes_on_a_word_trusts_and_is_bound():
    guest = Guest(referral_trust=0.2, referral_bond=0.3)
    guest.p["trust"] = 0.5
    come_on_a_word(guest.w, guest.p, 3.0)
    assert guest.p["trust"] == pytest.approx(0.6)
    assert guest.p["affective"] == pytest.approx(0.3)
    assert guest.p["referred"] == 1


def test_mail_is_heard_in_the_same_order_however_it_was_posted():
    words = [(3, 1, 4, 0.5), (3, 1, 2, -0.25), (2, 9, 1, 0.75), (3, 0, 7, 1.0), (2, 1, 1, -1.0)]
    found = []
    for order in (words, words[::-1]):
        guest = Guest()
        guest.state["mail"][: len(words)] = np.array(order, MAIL)
        guest.state["tally"][MAILED] = len(words)
        guest.state.deliver(5.0)
        assert guest.state["tally"][MAILED] == 0
        found.append((guest.state["heard"].tobytes(), guest.state["people"].tobytes()))
    assert found[0] == found[1]


def test_many_words_make_room():
    busy = {"psychology": {"word_of_mouth": 50, "told": 8}, "population": {"size": 300}}
    (one, rows), (_, same) = (run(busy, engine) for engine in ENGINES)
    assert bits(rows) == bits(same)
    assert totals(one)["told"] > 20_000


@pytest.mark.parametrize("kind", ["event", "message"])
def test_people_talk_of_events_and_not_of_messages(kind):
    """A scandal is told to friends; that a letter came is not."""
    quiet = {"horizon": "8 d", "as_stated": False, "customers": {"needs": {"mean": "1 per 50 y"}}}
    news = merged(quiet, {"touchpoints": {"news": {"quality": -0.9}}})
    way = {"events": {"scandal": {"at": "5 d", "meets": "news"}}}
    if kind == "message":
        way = {"campaigns": {"letters": {"picks": {"at": ["5 d"]}, "sends": {"touchpoint": "news"}}}}
    told = totals(run(merged(news, way))[0])["told"]
    assert told > 20 if kind == "event" else told == 0
