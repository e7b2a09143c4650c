"""Dates, rules, events, and customers who come back."""

import math

import numpy as np
import pytest
from worlds import Guest, merged

from sim.analysis.kpis import kpis
from sim.analysis.retention import alive_curve, churn, cohorts, lives
from sim.engine import lower, recorder, simulate_logged
from sim.errors import ScenarioError
from sim.model import layout
from sim.model.campaigns import estimated_risk, fact, in_audience
from sim.model.layout import CAMPAIGNS, CUSTOMER, DAY, LEFT, NEED, OK, PERSON, RETURNING, TOUCH
from sim.model.lifecycle import STAGES, lifecycle
from sim.model.returns import chance_to_return
from sim.scenario import parse

TOWN = {
    "name": "Town",
    "horizon": "60 d",
    "psychology": "off",
    "population": {"size": 300},
    "customers": {"needs": {"mean": "1 per week", "cv": 0.8}},
    "touchpoints": {"order": {"sells": {"price": 8}}, "mail": {"cost": 0.5}, "news": {"cost": 3}},
    "journeys": {"visit": {"starts_on": {"need": {"becomes": "order"}}, "steps": {"order": {"next": "end"}}}},
}
MAIL, NEWS = 1, 2


def run(change, seed=1):
    """(program, outcome, log) of the town with a change."""
    program = lower(parse(merged(TOWN, change)))
    return program, *simulate_logged(program, seed=seed)


def mailing(picks, change=None, **campaign):
    """(outcome, rows of the mail, the whole log)."""
    data = {"campaigns": {"drive": {"picks": picks, "sends": {"touchpoint": "mail"}, **campaign}}}
    _, outcome, log = run(merged(data, change or {}))
    return outcome, log[log["stream"] == CAMPAIGNS], log


# ---------------------------------------------------------------- dates
def test_everybody_has_a_birthday_once_a_year():
    """Uniform over the year: the mean of 300 days within z = 4 of 365 / sqrt(12 n)."""
    mail = mailing({"on": "birthday"}, {"horizon": "2 y"})[1]
    first, second = (np.sort(mail[mail["t"] // 365 == k], order="customer") for k in (0, 1))
    assert (first["customer"] == np.arange(300)).all()
    assert (second["customer"] == np.arange(300)).all()
    assert (second["t"] == first["t"] + 365).all()
    assert abs(first["t"].mean() - 182) < 4 * 365 / math.sqrt(12 * 300)


def test_birthdays_are_the_same_for_every_campaign():
    one, two = (
        mailing({"on": "birthday"}, {"horizon": "1 y"}, starts=starts)[1] for starts in ("0 d", "100.5 d")
    )
    day = dict(zip(one["customer"].tolist(), one["t"].tolist(), strict=True))
    assert len(two) > 150
    assert all(math.floor(t) <= day[c] + 1 and t >= day[c] for c, t in two[["customer", "t"]].tolist())


def test_anniversaries_come_whole_years_after_the_entry(tmp_path):
    (tmp_path / "days.csv").write_text("day\n3\n10.25\n200\n", encoding="utf-8")
    change = {
        "horizon": "900 d",
        "population": {"size": 0},
        "enters": {"on_days": {"file": "days.csv", "column": "day"}},
        "campaigns": {"drive": {"picks": {"on": "anniversary"}, "sends": {"touchpoint": "mail"}}},
    }
    _, log = simulate_logged(lower(parse(merged(TOWN, change), folder=tmp_path)), seed=1)
    assert log["t"][log["stream"] == CAMPAIGNS].tolist() == [368, 376, 565, 733, 741]


def test_anniversaries_of_those_there_on_day_0_are_spread():
    mail = mailing({"on": "anniversary"}, {"horizon": "1 y"})[1]
    assert sorted(mail["customer"]) == list(range(300))
    assert len(np.unique(mail["t"])) > 150


def test_a_lapse_is_met_on_the_day_it_is_reached_and_once():
    _, mail, log = mailing({"on": "lapse", "after": "15 d"}, {"horizon": "200 d"})
    orders = log[log["stream"] == NEED]
    reached = set()
    for row in mail:
        own = orders["t"][(orders["customer"] == row["customer"]) & (orders["t"] < row["t"])]
        last = own.max() if own.size else 0.0
        assert 15 <= row["t"] - last < 16
        reached.add((int(row["customer"]), float(last)))
    assert len(reached) == len(mail) > 100


def test_picks_at_a_list_of_times():
    mail = mailing({"at": ["1 d", "36 h", "10 d"]}, starts="2 d", ends="12 d")[1]
    assert np.unique(mail["t"]).tolist() == [3.0, 3.5]


WRONG = {
    "no rhythm": ({"chance": 0.5}, "exactly one of every, at and on"),
    "two": ({"every": "1 d", "on": "birthday"}, "exactly one of every, at and on"),
    "no after": ({"on": "lapse"}, "after together with on: lapse"),
    "after": ({"on": "birthday", "after": "3 d"}, "after together with on: lapse"),
    "order": ({"at": ["3 d", "1 d"]}, "each after the one before"),
    "bounds": ({"every": "1 d", "when": {"signal": "stars"}}, "at_least or at_most"),
    "left": ({"every": "1 d", "from": {"left": True}}, "without a contract nobody says"),
}


@pytest.mark.parametrize(("picks", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_said(picks, message):
    with pytest.raises(ScenarioError, match=message):
        parse(merged(TOWN, {"campaigns": {"drive": {"picks": picks, "sends": {"touchpoint": "mail"}}}}))


def test_an_unknown_signal_is_told_the_nearest():
    picks = {"every": "1 d", "when": {"signal": "star", "at_most": 4}}
    change = {
        "signals": {"stars": {"kind": "reviews"}},
        "campaigns": {"drive": {"picks": picks, "sends": {"touchpoint": "mail"}}},
    }
    with pytest.raises(ScenarioError, match="stars"):
        parse(merged(TOWN, change))


# ---------------------------------------------------------------- a published figure
@pytest.mark.parametrize("bounds", [{"at_most": 0.4}, {"at_least": 0.4}, {"at_least": 0.3, "at_most": 0.5}])
def test_a_campaign_acts_only_while_a_figure_is_within_bounds(bounds):
    change = {
        "population": {"site": 100},
        "signals": {"bustle": {"kind": "popularity", "counts": "order", "refresh": "1 d", "window": "3 d"}},
    }
    outcome, mail, _ = mailing({"every": "1 d", "when": {"signal": "bustle", **bounds}}, change)
    shown = dict(outcome.signals[["t", "value"]].tolist())
    low, high = bounds.get("at_least", -math.inf), bounds.get("at_most", math.inf)
    wanted = [t for t, value in shown.items() if low <= value <= high]
    assert np.unique(mail["t"]).tolist() == wanted
    assert 3 < len(wanted) < 57


# ---------------------------------------------------------------- what the brand knows
FEELING = merged(
    TOWN,
    {
        "psychology": "on",
        "warm_up": "0 d",
        "campaigns": {
            "drive": {"picks": {"every": "1 d"}, "sends": {"touchpoint": "mail", "wins_back": 0.2}}
        },
    },
)


def test_the_estimate_of_the_risk_is_noisy_but_right_on_average():
    guest = Guest(FEELING)
    w, p, campaign = guest.w, guest.p, guest.state["campaigns"][0]

    def logits():
        risks = np.array([estimated_risk(w, p, campaign, k, 0.0) for k in range(2000)])
        return np.log(risks / (1 - risks))

    neutral = logits()
    assert abs(neutral.mean()) < 4 / math.sqrt(2000)
    assert abs(neutral.std() - 1) < 4 / math.sqrt(2 * 2000)
    p.satisfaction = -0.5
    assert logits() - neutral == pytest.approx(5 * 0.4 * 0.5, abs=1e-6)


def test_answers_are_a_fact_and_none_is_no_answer():
    data = merged(FEELING, {"campaigns": {"drive": {"picks": {"from": {"last_answer": {"at_most": 6}}}}}})
    guest = Guest(data)
    w, p = guest.w, guest.p
    assert not in_audience(w, 0, p, 0, 0.0)
    for answer in range(11):
        p.answer = answer + 1
        assert fact(w, p, guest.state["campaigns"][0], 0, 5, 0.0) == answer
        assert in_audience(w, 0, p, 0, 0.0) == (answer <= 6)


def test_who_has_opted_out_is_sent_nothing_but_may_be_given():
    gives = {"picks": {"every": "1 d"}, "gives": {"touchpoint": "mail", "at": "order"}}
    guest = Guest(merged(FEELING, {"campaigns": {"gift": gives}}))
    for opted_out in (0, 1):
        guest.p.opted_out = opted_out
        assert [bool(in_audience(guest.w, c, guest.p, 0, 0.0)) for c in (0, 1)] == [not opted_out, True]


# ---------------------------------------------------------------- who comes back
def chance(guest, t=10.0):
    return chance_to_return(guest.w, guest.p, 0, t)


def logit(p):
    return math.log(p / (1 - p))


def gone(data):
    guest = Guest(data)
    guest.p.status, guest.p.t_left = LEFT, 10.0
    return guest


def test_the_chance_of_a_return_follows_what_is_remembered():
    guest = gone(FEELING)
    plain = logit(chance(guest))
    assert plain == pytest.approx(logit(0.2), abs=1e-6)
    guest.p.satisfaction, guest.p.affective = 0.5, 0.4
    full = logit(chance(guest)) - plain
    assert full == pytest.approx(0.6 * (0.3 * 0.5 + 0.4 * 0.4), abs=1e-6)
    assert logit(chance(guest, t=190.0)) - plain == pytest.approx(full / 2, abs=1e-6)
    guest.p.satisfaction, guest.p.affective = -0.9, 0.0
    assert chance(guest) < 0.18
    assert chance(guest, t=1e6) == pytest.approx(0.2)


def test_the_offer_is_the_discount_of_what_the_message_leads_to():
    reply = {
        "starts_on": {"message": {"of": "drive", "becomes": "mail"}},
        "steps": {"mail": {"next": {"sale": {"after": "1 d"}}}, "sale": {}},
    }
    sale = {"sells": {"price": 8, "discount": 0.3}}
    data = merged(FEELING, {"touchpoints": {"sale": sale}, "journeys": {"reply": reply}})
    assert logit(chance(gone(data))) - logit(0.2) == pytest.approx(3.5 * 0.3, abs=1e-6)


BACK = {
    "horizon": "100 d",
    "customers": {"leaves": "0.05 per day"},
    "campaigns": {
        "drive": {"picks": {"at": ["50 d"]}, "sends": {"touchpoint": "mail", "wins_back": "30 %"}},
    },
}


def test_a_message_wins_back_the_stated_share_of_those_who_feel_nothing():
    """Binomial: z = 4."""
    _, outcome, log = run(merged(BACK, {"population": {"size": 2000}}))
    away = outcome.absences
    left = np.count_nonzero(outcome.people["t_left"] < 50) + len(away)
    assert left > 1500
    assert abs(len(away) - 0.3 * left) < 4 * math.sqrt(0.21 * left)
    assert set(away["back"]) == {50.0}
    back = log[log["kind"] == RETURNING]
    assert back["customer"].tolist() == away["customer"].tolist()
    read = log[(log["stream"] == CAMPAIGNS) & (log["kind"] == TOUCH)]
    assert set(away["customer"]) < set(read["customer"])
    assert len(read) == 2000 - left + len(away)


def test_a_second_life_buys_and_ends_like_the_first():
    _, outcome, log = run(
        merged(BACK, {"population": {"size": 2000}, "campaigns": {"drive": {"starts": "0 d"}}})
    )
    who = outcome.absences["customer"]
    orders = log[np.isin(log["customer"], who) & (log["stream"] == NEED)]
    people = outcome.people[who]
    lived = np.minimum(people["t_left"], 100) - 50
    rate = (orders["t"] > 50).sum() / lived.sum()
    assert rate == pytest.approx(1 / 7, rel=0.15)
    gone = np.count_nonzero(people["t_left"] < 100)
    assert abs(gone / lived.sum() - 0.05) < 4 * math.sqrt(gone) / lived.sum()  # Poisson, z = 4


def test_nobody_who_has_left_is_moved_by_a_message_that_wins_nobody_back():
    one, two = (
        merged(BACK, {"campaigns": {"drive": {"sends": {"wins_back": share}}}}) for share in (0, "0 %")
    )
    three = merged(BACK, {})
    del three["campaigns"]["drive"]["sends"]["wins_back"]
    logs = [run(data)[2] for data in (one, two, three)]
    assert (logs[0] == logs[1]).all()
    assert (logs[1] == logs[2]).all()
    assert not len(run(one)[1].absences)


def test_renewals_count_from_the_return():
    change = {
        "contract": {"renews": "10 d", "price": 9},
        "customers": {"leaves": "30 % per renewal"},
        "journeys": {"bill": {"starts_on": {"renewal": {"becomes": "news"}}, "steps": {"news": {}}}},
        "campaigns": {"drive": {"picks": {"at": ["53 d"], "from": {"left": True}}}},
    }
    _, outcome, log = run(merged(BACK, change))
    assert len(outcome.absences) > 30
    assert outcome.campaigns.picked[0] == np.count_nonzero(outcome.people["t_left"] < 53) + len(
        outcome.absences
    )
    rows = log[np.isin(log["customer"], outcome.absences["customer"]) & (log["t"] > 53)]
    due = rows["t"][rows["touchpoint"] == NEWS]
    assert set(due) == {63.0, 73.0, 83.0, 93.0}


def test_with_a_contract_nobody_writes_to_those_who_left_unless_asked_to():
    change = {"contract": {"renews": "10 d"}, "customers": {"leaves": "30 % per renewal"}}
    _, outcome, _ = run(merged(BACK, change))
    assert not len(outcome.absences)
    assert outcome.campaigns.picked[0] == np.count_nonzero(outcome.people["t_left"] > 50)


FIRST_LIVES = merged(
    BACK,
    {
        "as_stated": False,  # the same base rates with every offer
        "psychology": {"effect_on": {"buying": 2, "leaving": 2}},
        "horizon": "150 d",
        "population": {"size": 3000},
        "customers": {"leaves": "0.03 per day", "price_sensitivity": 3, "needs": {"mean": "3 per week"}},
        "touchpoints": {
            "order": {"quality": {"mean": 0.1, "sd": 0.3}},
            "welcome": {"quality": 0.1, "sells": {"price": 8, "discount": 0}},
        },
        "journeys": {
            "reply": {
                "starts_on": {"message": {"of": "drive", "becomes": "mail"}},
                "steps": {"mail": {"next": {"welcome": {"after": "1 h"}}}, "welcome": {}},
            }
        },
    },
)
UPGRADE = {"touchpoints": {"welcome": {"quality": 0.9, "feels": {"joy": 0.6}}}}
DISCOUNT = {"touchpoints": {"welcome": {"sells": {"discount": 0.4}}}}


@pytest.fixture(scope="module")
def offers():
    made = {"plain": {}, "upgrade": UPGRADE, "both": merged(UPGRADE, DISCOUNT)}
    return {name: run(merged(FIRST_LIVES, change))[1] for name, change in made.items()}


def test_stronger_first_lives_return_more(offers):
    """Kumar, Bhagat & Saxena 2015. Those who returned had ordered more than those who did not."""
    outcome = offers["plain"]
    away = outcome.absences
    stayed_away = outcome.people[outcome.people["t_left"] < 50]
    first = away["left"]
    assert first.mean() > stayed_away["t_left"].mean()


def test_a_discount_brings_back_more_who_bring_less(offers):
    """The same source: discount and upgrade together return most; the upgrade alone earns more of each."""
    returned = {name: len(outcome.absences) for name, outcome in offers.items()}
    assert returned["both"] > 1.2 * returned["upgrade"]
    assert set(offers["upgrade"].absences["customer"]) < set(offers["both"].absences["customer"])


def test_an_upgrade_prolongs_the_second_life(offers):
    """Of the same people, with the same luck."""
    who = offers["plain"].absences["customer"]
    assert who.tolist() == offers["upgrade"].absences["customer"].tolist()
    plain, better = (
        np.minimum(offers[name].people["t_left"][who], 150).mean() for name in ("plain", "upgrade")
    )
    assert better > plain


# ---------------------------------------------------------------- events
def test_an_event_happens_to_everybody_and_costs_nothing():
    change = {"population": {"size": 300}, "events": {"breach": {"at": "20 d", "meets": "news"}}}
    program, outcome, log = run(change)
    rows = log[log["stream"] == CAMPAIGNS]
    assert program.stream_names[CAMPAIGNS] == "event breach"
    assert sorted(rows["customer"]) == list(range(300))
    assert set(rows["t"]) == {20.0} and set(rows["touchpoint"]) == {NEWS}
    daily = outcome.daily.sum(axis=(0, 1))
    assert daily[DAY["messages"]] == daily[DAY["cost"]] == 0
    assert len(outcome.campaigns) == 0 == len(recorder.campaigns(outcome, program))


def test_an_event_that_reaches_nobody_changes_not_one_bit():
    mail = {"campaigns": {"drive": {"picks": {"every": "7 d"}, "sends": {"touchpoint": "mail"}}}}
    quiet = merged(mail, {"events": {"breach": {"at": "20 d", "meets": "news", "share": "0 %"}}})
    first, second = run(mail)[2], run(quiet)[2]
    assert len(first) == len(second) > 3000
    assert (first == second).all()


def test_an_event_may_return_and_be_spread_and_find_some_only():
    change = {
        "segments": {
            "young": {"share": 0.4},
            "old": {"share": "rest"},
            "new": {"prospects": 50, "hears_of_us": 0},
        },
        "events": {
            "fair": {
                "at": "10 d",
                "every": "20 d",
                "meets": "news",
                "share": 0.5,
                "within": "1 d",
                "prospects": True,
                "to": {"segment": {"is": ["young", "new"]}},
            }
        },
    }
    _, outcome, log = run(change)
    rows = log[log["stream"] == CAMPAIGNS]
    assert set((rows["t"] // 1).astype(int)) == {10, 30, 50}
    assert len(np.unique(rows["t"])) == len(rows)
    segment = dict(zip(outcome.people["id"].tolist(), outcome.people["segment"].tolist(), strict=True))
    found = [segment[c] for c in rows["customer"].tolist()]
    assert set(found) == {0, 2}
    everybody = np.count_nonzero(np.isin(outcome.people["segment"], (0, 2)))
    assert abs(len(rows) - 1.5 * everybody) < 4 * math.sqrt(0.75 * everybody)


def test_a_breach_breaks_trust():
    breach = {
        "psychology": "on",
        "touchpoints": {"news": {"quality": -0.5, "fails": {"chance": "100 %", "severity": 0.9}}},
        "events": {"breach": {"at": "40 d", "meets": "news"}},
    }
    hurt, spared = (run(merged(breach, {"events": {"breach": {"share": share}}}))[1] for share in (1, 0))
    assert hurt.people["trust"].mean() < spared.people["trust"].mean() - 0.03
    assert (hurt.touches[:, NEWS, OK].sum(), hurt.touches[:, NEWS].sum()) == (0, 300)


def test_an_event_needs_a_name_of_its_own():
    with pytest.raises(ScenarioError, match="one of the journeys already"):
        parse(merged(TOWN, {"events": {"visit": {"at": "1 d", "meets": "news"}}}))


# ---------------------------------------------------------------- what is told of it
def test_the_hold_out_measures_what_a_campaign_does():
    """Those reached are brought back; those held out are not; and both had the same orders before."""
    change = {
        "population": {"size": 2000},
        "active_if": {"bought_within": "30 d"},
        "campaigns": {"drive": {"limits": {"hold_out": 0.3}}},
    }
    program, outcome, _ = run(merged(BACK, change))
    (row,) = recorder.campaigns(outcome, program).to_pylist()
    assert row["reached"] + row["held_out"] == 2000
    assert abs(row["held_out"] - 600) < 4 * math.sqrt(2000 * 0.21)  # z = 4
    assert row["reached"] == outcome.campaigns.picked[0]
    assert row["active_reached"] > row["active_held_out"] + 0.05
    assert row["orders_reached"] > row["orders_held_out"] + 0.2
    idle = merged(change, {"campaigns": {"drive": {"sends": {"wins_back": 0}}}})
    program, outcome, _ = run(merged(BACK, idle))
    (row,) = recorder.campaigns(outcome, program).to_pylist()
    spread = outcome.people["n_order"].std() * math.sqrt(1 / row["reached"] + 1 / row["held_out"])
    assert abs(row["orders_reached"] - row["orders_held_out"]) < 4 * spread


CLUB = {
    "joins": {"at": "order"},
    "earns": {"points": 10},
    "tiers": {"silver": {"at": 20}, "gold": {"at": 40}},
}


@pytest.mark.parametrize(
    ("wanted", "least", "most"),
    [
        ({"tier": {"of": "club", "at_least": "silver", "at_most": "silver"}}, 2, 3),
        ({"tier": {"of": "club", "at_least": "gold"}}, 4, 99),
        ({"tier": {"of": "club", "at_most": "silver"}}, 0, 3),
        ({"points": {"of": "club", "at_least": 15, "at_most": 30}}, 2, 3),
    ],
)
def test_points_and_tiers_are_facts(wanted, least, most):
    """Ten points an order: tier and points follow from the orders."""
    change = {"loyalty": {"club": CLUB}, "horizon": "30 d"}
    _, mail, log = mailing({"at": ["21 d"], "from": wanted}, change)
    orders = log["customer"][(log["stream"] == NEED) & (log["t"] < 21)]
    number = np.bincount(orders, minlength=300)
    assert np.sort(mail["customer"]).tolist() == np.flatnonzero((least <= number) & (number <= most)).tolist()
    assert 5 < len(mail) < 295


def test_an_unknown_tier_is_told_the_nearest():
    picks = {"every": "1 d", "from": {"tier": {"of": "club", "at_least": "silber"}}}
    change = {
        "loyalty": {"club": CLUB},
        "campaigns": {"drive": {"picks": picks, "sends": {"touchpoint": "mail"}}},
    }
    with pytest.raises(ScenarioError, match="silver"):
        parse(merged(TOWN, change))


def test_news_of_an_event_is_no_message():
    """It presses on nobody, and nobody opts out of it."""
    change = {
        "psychology": {"pressure_free": 0, "opts_out": 1},
        "events": {"fair": {"at": "1 d", "every": "1 d", "meets": "news"}},
    }
    outcome = run(change)[1]
    assert not outcome.people["pressure"].any()
    assert not outcome.people["opted_out"].any()
    mail = {
        "events": None,
        "campaigns": {"drive": {"picks": {"every": "1 d"}, "sends": {"touchpoint": "mail"}}},
    }
    pressed = run({"psychology": change["psychology"], "campaigns": mail["campaigns"]})[1]
    assert pressed.people["opted_out"].sum() > 150


def test_the_alive_curve_rises_where_people_come_back():
    program, outcome, _ = run(BACK)
    frame = alive_curve(outcome, program).set_index("t")
    for t in (10, 49, 51, 80, 100):
        people, away = outcome.people, outcome.absences
        there = np.count_nonzero(people["t_left"] > t)
        there -= np.count_nonzero((away["left"] <= t) & (away["back"] > t))
        assert frame.loc[t, "alive"] == pytest.approx(there / 300)
        assert frame.loc[t, "low"] < frame.loc[t, "alive"] < frame.loc[t, "high"]
    assert frame.loc[51, "alive"] > frame.loc[49, "alive"] + 0.1
    values = kpis(outcome, program)
    assert values["retention"] == pytest.approx(frame.loc[100, "alive"])
    assert values["returned"] == len(outcome.absences)
    assert values["customers"] + values["returned"] == pytest.approx(
        values["retention"] * 300 + values["left"]
    )
    daily = recorder.daily(outcome, program).to_pandas().set_index("day")
    assert daily.loc[50, "customers"] == pytest.approx(frame.loc[51, "alive"] * 300)
    assert daily["returned"].sum() == values["returned"]


def test_the_hazard_of_those_who_come_back_is_that_of_all():
    program, outcome, _ = run(merged(BACK, {"population": {"size": 3000}}))
    assert kpis(outcome, program)["churn_per_year"] == pytest.approx(0.05 * 365, rel=0.06)


def test_cohorts_and_churn_count_lives():
    program, outcome, _ = run(BACK)
    curve = alive_curve(outcome, program).set_index("t")["alive"]
    table = cohorts(lives([outcome]), program.horizon, 10.0)
    assert table["alive"].to_numpy() == pytest.approx(curve.loc[table["period"] * 10].to_numpy())
    assert table["customers"].unique().tolist() == [300]
    periods = churn(lives([outcome]), program.horizon, 10.0)
    assert (periods["alive"] / 300).to_numpy() == pytest.approx(curve.loc[periods["from"]].to_numpy())
    gone = np.count_nonzero(outcome.people["t_left"] <= 100) + len(outcome.absences)
    assert periods["left"].sum() == gone


def people_with(**fields):
    people = np.zeros(1, PERSON).view(np.recarray)
    people.status, people.t_order, people.founding = CUSTOMER, -np.inf, 1
    for name, value in fields.items():
        people[name] = value
    return people


STANDING = {
    "new": ({"n_order": 1, "t_order": 95}, False),
    "adopting": ({"n_order": 3, "t_order": 95}, False),
    "loyal": ({"n_order": 4, "t_order": 95}, False),
    "lapsed": ({"n_order": 4, "t_order": 75}, False),
    "lost": ({"n_order": 4, "t_order": 60}, False),
    "won back": ({"n_order": 2, "t_order": 95, "recent": [0, 40, 95, 0, 0, 0, 0, 0]}, False),
    "prospect": ({"status": layout.PROSPECT, "t_entry": np.inf}, False),
}
MORE = {
    "left without a word": ({"status": LEFT, "t_left": 96, "n_order": 4, "t_order": 95}, False, "loyal"),
    "ended a contract": ({"status": LEFT, "t_left": 96, "n_order": 4, "t_order": 95}, True, "lost"),
    "silent in a contract": ({"n_order": 4, "t_order": 20}, True, "lapsed"),
    "back in a contract": ({"n_order": 4, "t_order": 95, "lives": 1}, True, "won back"),
    "never ordered": ({"t_entry": 90}, False, "new"),
    "a short silence": (
        {"n_order": 2, "t_order": 95, "recent": [0, 60, 95, 0, 0, 0, 0, 0]},
        False,
        "adopting",
    ),
    "ten orders": (
        {"n_order": 10, "t_order": 95, "recent": [88, 94, 95, 84, 85, 86, 87, 87]},
        False,
        "loyal",
    ),
}


@pytest.mark.parametrize(
    ("fields", "contract", "stage"),
    [*((*told, name) for name, told in STANDING.items()), *MORE.values()],
    ids=[*STANDING, *MORE],
)
def test_the_lifecycle_is_what_the_brand_sees(fields, contract, stage):
    """At the end of 100 days, active for 20 days after an order."""
    (found,) = lifecycle(people_with(**fields), 100.0, 20.0, contract)
    assert STAGES[found] == stage


def test_the_shares_of_the_lifecycle_add_up():
    program, outcome, _ = run(merged(BACK, {"active_if": {"bought_within": "14 d"}}))
    values = kpis(outcome, program)
    shares = [values[f"{name}_share"] for name in ("new", "adopting", "loyal", "lapsed", "lost", "won_back")]
    assert sum(shares) == pytest.approx(1)
    assert shares[-1] > 0
    table = recorder.customers(outcome, program).to_pandas()
    assert (table["lifecycle"] == "won back").mean() == pytest.approx(values["won_back_share"])
    assert table["lives"].sum() == 300 + values["returned"]
