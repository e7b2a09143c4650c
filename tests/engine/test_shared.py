"""What customers share: staff in one exact order, stock that is conserved, signals as last published."""

import heapq

import numpy as np
import pytest
from worlds import merged

from sim.engine import lower, simulate, simulate_logged
from sim.engine.reference import Reference
from sim.model.layout import CLOSED, FAILED, GAVE_UP, LOG, OK, SOLD_OUT
from sim.scenario import parse

TICK = 1 / 64  # 22.5 min: all times below are exact in single precision
DESK = {
    "name": "Desk",
    "horizon": "10 d",
    "psychology": "off",
    "staff": {"clerk": {"servers": 1}},
    "touchpoints": {"desk": {"staff": {"pool": "clerk", "service": "45 min"}}},
    "journeys": {"visit": {"starts_on": {"entry": {"becomes": "desk"}}, "steps": {"desk": {"next": "end"}}}},
}
FIRST = 1 << 30  # id of the first newcomer


def random_times(n, days, seed=1):
    """Arrivals on random ticks: many tie."""
    ticks = np.random.RandomState(seed).randint(0, int(days / TICK), n)
    return np.sort(ticks) * TICK


@pytest.fixture
def desk(tmp_path):
    """A run of the desk with customers who come at given times: (outcome, log)."""

    def run(times, change=None, log=True):
        program = lower(parse(entering(tmp_path, times, change), folder=tmp_path))
        if not log:
            return simulate(program, seed=1), np.zeros(0, LOG)
        outcome, rows = simulate_logged(program, seed=1)
        return outcome, rows[rows["touchpoint"] >= 0]

    return run


def entering(folder, times, change=None):
    """The desk, with customers who come at given times."""
    text = "\n".join(repr(float(t)) for t in times)
    (folder / "times.csv").write_text(f"day\n{text}\n", encoding="utf-8")
    enters = {"on_days": {"file": "times.csv", "column": "day"}}
    return merged(DESK, {"enters": enters} | (change or {}))


def patient(minutes):
    """A desk whose customers wait so long."""
    return {"touchpoints": {"desk": {"staff": {"patience": f"{minutes} min"}}}}


# ---------------------------------------------------------------- staff: the queue
def first_come_first_served(times, servers, service, patience):
    """(outcome, wait) of each, computed without any events: offered waits of a G/D/c queue with patience."""
    free, result = [0.0] * servers, []
    for t in times:
        wait = max(0.0, free[0] - t)
        if wait > patience:  # at equality a server gets free first
            result.append((GAVE_UP, patience))
            continue
        heapq.heapreplace(free, t + wait + service)
        result.append((OK, wait))
    return result


@pytest.mark.parametrize("servers", [1, 2, 5])
@pytest.mark.parametrize("patience", [45, 90, 225, 99_999])
def test_customers_are_served_in_the_order_in_which_they_came(desk, servers, patience):
    times = random_times(500, 8.0 / servers)
    change = merged(patient(patience), {"staff": {"clerk": {"servers": servers}}})
    _, log = desk(times, change)
    rows = log[np.argsort(log["customer"])]
    expected = first_come_first_served(times, servers, 2 * TICK, patience / 1440)
    n = len(rows)
    assert n > 200
    assert (rows["customer"] - FIRST).tolist() == list(range(n))
    assert list(zip(rows["outcome"].tolist(), rows["wait"].tolist(), strict=True)) == expected[:n]


def intervals(log, times):
    """(arrival, begin, end) of every touch."""
    arrival = np.array(times)[log["customer"] - FIRST]
    return arrival, arrival + log["wait"].astype(float), log["t"]


RANDOM = {"touchpoints": {"desk": {"staff": {"service": {"mean": "50 min", "cv": 0.9}}}}, "horizon": "20 d"}


@pytest.mark.parametrize("servers", [1, 3])
def test_no_more_are_served_at_once_than_there_are_servers(desk, servers):
    times = random_times(400, 10.0 / servers)
    log = desk(times, RANDOM | {"staff": {"clerk": {"servers": servers}}})[1]
    _, begin, end = intervals(log, times)
    at_once = [((begin <= t) & (end > t + 1e-6)).sum() for t in begin + 1e-6]
    assert max(at_once) == servers


@pytest.mark.parametrize("servers", [1, 3])
def test_nobody_waits_while_a_server_is_idle(desk, servers):
    times = random_times(400, 10.0 / servers)
    log = desk(times, RANDOM | {"staff": {"clerk": {"servers": servers}}})[1]
    arrival, begin, end = intervals(log, times)
    waiting = begin - arrival > 1e-4
    assert waiting.sum() > 50
    for t in np.concatenate([arrival[waiting] + 1e-5, begin[waiting] - 1e-5]):
        assert ((begin <= t) & (end > t)).sum() == servers


PRIORITY = {
    "touchpoints": {
        "hall": {},
        "vip": {"staff": {"pool": "clerk", "service": "22.5 min", "priority": -1}},
    },
    "journeys": {
        "visit": {
            "starts_on": {"entry": {"becomes": "hall"}},
            "steps": {"hall": {"next": {"desk": 2, "vip": 1}}, "vip": {"next": "end"}},
        }
    },
}


def test_lower_priorities_are_served_first_and_each_in_its_order(desk):
    times = random_times(300, 8.0)
    log = desk(times, PRIORITY | {"horizon": "30 d"})[1]
    log = log[log["touchpoint"] != 1]
    assert len(log) == 300
    arrival, begin, _ = intervals(log, times)
    vip = log["touchpoint"] == 2
    for kind in (vip, ~vip):
        order = np.lexsort((log["customer"][kind], arrival[kind]))
        assert (np.diff(begin[kind][order]) >= 0).all()
    waited = vip & (begin > arrival)
    assert waited.sum() > 10
    for a, b in zip(arrival[waited], begin[waited], strict=True):
        assert not ((begin[~vip] > a) & (begin[~vip] < b)).any()


def test_patience_ends_the_wait_at_its_own_length(desk):
    outcome, log = desk(random_times(300, 3.0), patient(90))
    gave_up = log["outcome"] == GAVE_UP
    assert 50 < gave_up.sum() < 250
    assert set(log["wait"][gave_up]) == {4 * TICK}
    assert log["wait"][~gave_up].max() <= 4 * TICK
    assert outcome.staff.gave_up[0] == gave_up.sum()


def test_whoever_comes_outside_the_hours_is_told_so(desk):
    times = random_times(200, 8.0)
    change = {"staff": {"clerk": {"servers": 50, "open": ["mon-fri 09:00-18:00"]}}}
    log = desk(times, change)[1]
    closed = log["outcome"] == CLOSED
    arrival, begin, _ = intervals(log, times)
    hour, day = arrival % 1 * 24, arrival // 1 % 7
    assert (closed == ~((day < 5) & (hour >= 9) & (hour < 18))).all()
    assert (log["t"][closed] == arrival[closed]).all()
    assert (begin[closed] == arrival[closed]).all()


def test_those_who_stand_in_line_at_closing_time_are_served(desk):
    change = {"staff": {"clerk": {"open": "every day 09:00-18:00"}}}
    log = desk([17.25 / 24] * 3, change)[1]
    assert log["outcome"].tolist() == [OK] * 3
    assert (log["t"] * 24).tolist() == [18, 18.75, 19.5]


def test_a_server_who_gets_free_is_free_for_whoever_comes_at_that_moment(desk):
    log = desk([0, 2 * TICK, 4 * TICK])[1]
    assert log["wait"].tolist() == [0, 0, 0]


def test_service_without_length_needs_no_time(desk):
    log = desk([1.0] * 5, {"touchpoints": {"desk": {"staff": {"service": 0}}}})[1]
    assert log["t"].tolist() == [1] * 5
    assert log["customer"].tolist() == list(range(FIRST, FIRST + 5))


# ---------------------------------------------------------------- staff: what is counted
def test_staff_rows_are_the_sums_of_their_touches(desk):
    outcome, log = desk(random_times(300, 4.0), patient(90))
    row, served = outcome.staff[0], log["outcome"] == OK
    assert (row.requests, row.served, row.gave_up) == (300, served.sum(), (~served).sum())
    assert row.waited == (log["wait"] > 0).sum()
    assert row.wait == log["wait"].sum(dtype=float)
    assert row.service == served.sum() * 2 * TICK


@pytest.mark.parametrize("change", [{}, patient(45), patient(225)], ids=["patient", "45 min", "225 min"])
def test_the_integral_of_the_queue_is_the_sum_of_the_waits(desk, change):
    """Little's law on the path: the queue is empty at both ends."""
    times = 0.37 + random_times(300, 4.0) ** 1.01
    row = desk(times, RANDOM | change)[0].staff[0]
    assert row.waited > 50
    assert row.queue == pytest.approx(row.wait, rel=1e-9)


def test_each_site_has_staff_of_its_own(desk):
    """Two sites are two desks: customers 0..149 at the first, the others at the second."""
    times = random_times(300, 6.0)
    both = desk(times, {"population": {"site": 150}})
    alone = desk(times[:150])[1]
    assert both[0].staff.requests.tolist() == [150, 150]
    first = both[1][both[1]["customer"] < FIRST + 150]
    assert first[["t", "customer", "wait"]].tolist() == alone[["t", "customer", "wait"]].tolist()


# ---------------------------------------------------------------- everything at once
TIES = {
    "name": "Ties",
    "horizon": "60 d",
    "psychology": "off",
    "population": {"size": 6},
    "contract": {"renews": "10 d", "first": "at entry"},
    "customers": {"leaves": "0.0001 % per renewal"},
    "staff": {"clerk": {"servers": 2}},
    "touchpoints": {
        "desk": {"staff": {"pool": "clerk", "service": "1 d", "patience": "2 d"}},
        "form": {"staff": {"pool": "clerk", "service": "1 d"}},
    },
    "journeys": {
        "bill": {
            "starts_on": {"renewal": {"becomes": "desk"}},
            "steps": {"desk": {"next": {"form": {"after": "2 d"}}}, "form": {}},
        }
    },
}


def tied(change=None, seed=1):
    """The log of six customers who do everything at the same times."""
    return simulate_logged(lower(parse(merged(TIES, change or {}))), seed=seed)[1]


def test_at_equal_times_customers_queue_in_the_order_of_their_numbers():
    """All six ask on day 10; two servers; service ends before patience does, and frees a server first."""
    log = tied({"horizon": "19 d"})
    desk = log[log["touchpoint"] == 0]
    assert desk["t"].tolist() == [11, 11, 12, 12, 13, 13]
    assert desk["customer"].tolist() == [0, 1, 2, 3, 4, 5]
    assert desk["wait"].tolist() == [0, 0, 1, 1, 2, 2]
    assert set(desk["outcome"]) == {OK}


def test_those_who_come_when_others_go_find_the_server_free():
    """Customers 0 and 1 ask for their forms on day 13, when 4 and 5 leave the two servers."""
    log = tied({"horizon": "19 d"})
    form = log[log["touchpoint"] == 1]
    assert form["t"].tolist() == [13 + 1, 14, 15, 15, 16, 16]
    assert form["customer"].tolist() == [0, 1, 2, 3, 4, 5]
    assert (form["wait"] == 0).all()


def test_ties_do_not_depend_on_the_seed():
    one, other = tied(seed=1), tied(seed=2)
    assert one.tolist() == other.tolist()


def test_occasions_of_busy_customers_wait_for_the_end_of_the_touch():
    """A renewal a day, but two days at the desk: each waits until the touch before is over."""
    change = {"contract": {"renews": "1 d"}, "population": {"size": 1}, "horizon": "10 d"}
    staff = {"pool": "clerk", "service": "2 d", "patience": None}
    data = merged(TIES, change | {"touchpoints": {"desk": {"staff": staff}}})
    data["journeys"]["bill"]["steps"] = {"desk": {"next": "end"}}
    log = simulate_logged(lower(parse(data)), seed=1)[1]
    assert log["t"].tolist() == [3, 5, 7, 9]
    assert log["index"].tolist() == [0, 1, 2, 3]


# ---------------------------------------------------------------- stock
def shelf(start, **more):
    """A desk that hands out units of a stock."""
    return {"stock": {"buns": {"start": start} | more}, "touchpoints": {"desk": {"draws": "buns"}}}


def test_what_is_not_there_is_not_sold(desk):
    log = desk(random_times(50, 3.0), merged(patient(99_999), shelf(20)))[1]
    assert np.bincount(log["outcome"], minlength=5).tolist() == [20, 0, 0, 0, 30]
    sold_out = log[log["outcome"] == SOLD_OUT]
    assert (sold_out["wait"] == 0).all()
    begun = log["t"] - log["wait"] - 2 * TICK
    assert sold_out["t"].min() >= begun[log["outcome"] == OK].max()


@pytest.mark.parametrize("refill", [{"every": "1 d", "add": 7}, {"every": "2 d", "to": 9}])
def test_stock_is_conserved_and_never_negative(tmp_path, refill):
    """Start + refills - sold = left; units reserved by those who gave up come back."""
    change = merged(patient(90), shelf(12, refill=refill))
    change["touchpoints"]["desk"]["fails"] = {"chance": 0.2}  # a failed touch has used its unit
    data = entering(tmp_path, random_times(600, 9.0), change)
    engine = Watched(lower(parse(data, folder=tmp_path)), 1, 0, None, False)
    outcome = engine.run(None)
    sold = outcome.touches[0, 0, [OK, FAILED]].sum()
    assert outcome.touches[0, 0, GAVE_UP] > 10
    assert outcome.touches[0, 0, SOLD_OUT] > 10
    assert 12 + engine.added - sold == engine.shelves[0][0].units.level >= 0
    assert engine.lowest == 0


class Watched(Reference):
    """The engine, with an eye on the first shelf."""

    added, lowest = 0, 1

    def refill(self, s, stock):
        """Note what is added."""
        before = self.shelves[s][0].units.level
        super().refill(s, stock)
        self.added += self.shelves[s][0].units.level - before

    def advance(self, *args):
        """Note the lowest level."""
        self.lowest = min(self.lowest, self.shelves[0][0].units.level)
        return super().advance(*args)


def test_a_refill_to_a_level_fills_up_and_never_takes_away(desk):
    change = merged(patient(99_999), shelf(5, refill={"every": "1 d", "to": 3}))
    times = [0.5, 1.125, 1.25, 1.375, 1.5, 1.75, 2.25]  # 5 at first, 4 after a refill to 3; then 3 again
    log = desk(times, change)[1]
    assert log["outcome"].tolist() == [OK, OK, OK, OK, OK, SOLD_OUT, OK]


def test_a_delivery_comes_before_the_customers_of_the_same_moment(desk):
    change = merged(patient(99_999), shelf(0, refill={"every": "1 d", "add": 2}))
    log = desk([0.5, 1.0, 1.0, 1.0], change)[1]
    rows = log[np.argsort(log["customer"])]
    assert rows["outcome"].tolist() == [SOLD_OUT, OK, OK, SOLD_OUT]


def test_a_reserved_unit_comes_back_when_its_customer_gives_up(desk):
    """One clerk, two units: the second customer reserves one and gives up; the fourth gets it."""
    change = merged(patient(22.5), shelf(2))
    log = desk([0, 0, TICK / 2, 3 * TICK / 2], change)[1]
    rows = log[np.argsort(log["customer"])]
    assert rows["outcome"].tolist() == [OK, GAVE_UP, SOLD_OUT, OK]


def test_each_site_has_stock_of_its_own(desk):
    change = merged(patient(99_999), merged(shelf(20), {"population": {"site": 50}}))
    log = desk(random_times(100, 3.0), change)[1]
    sold = log["customer"][log["outcome"] == OK] - FIRST
    assert ((sold < 50).sum(), (sold >= 50).sum()) == (20, 20)


def test_the_level_on_show_is_that_of_the_last_look(tmp_path):
    """Looked at on days 0, 2, 4 ...; units go at .5, 1.5, 2.5 and 3.5."""
    change = merged(shelf(10, shown="2 d"), {"horizon": "3.75 d"})
    data = entering(tmp_path, [0.5, 1.5, 2.5, 3.5], change)
    engine = Reference(lower(parse(data, folder=tmp_path)), 1, 0, None, False)
    engine.run(None)
    assert engine.state["shelf"][0, 0] == 8
    assert engine.shelves[0][0].units.level == 6


# ---------------------------------------------------------------- signals
SQUARE = {
    "name": "Square",
    "horizon": "12 d",
    "warm_up": 0,
    "population": {"size": 200, "site": 100},
    "customers": {"needs": {"mean": "3 per week", "cv": 0.7}},
    "touchpoints": {"order": {"sells": {"price": 3}}, "look": {}, "review": {"writes": "stars"}},
    "signals": {
        "stars": {"kind": "reviews", "start": {"count": 10, "average": 4.0}, "refresh": "1 d"},
        "bustle": {"kind": "popularity", "counts": "order", "window": "3 d", "refresh": "12 h"},
    },
    "journeys": {
        "visit": {
            "starts_on": {"need": {"becomes": "look"}},
            "steps": {"look": {"next": "order"}, "order": {"next": {"review": 1, "end": 2}}, "review": {}},
        }
    },
    "psychology": {
        "review_noise": 0,
        "satisfaction_rate": 0,
        "review_neutral": 3,
        "review_floor": 1,
    },  # three stars
}


def square(change=None, seed=1):
    """(published rows by signal, log, outcome) of the square."""
    program = lower(parse(merged(SQUARE, change or {})))
    outcome, log = simulate_logged(program, seed=seed)
    rows = {name: outcome.signals[outcome.signals.signal == k] for k, name in enumerate(program.signal_names)}
    return rows, log, outcome


ORDER, LOOK, REVIEW = range(3)


def test_signals_are_published_at_multiples_of_their_cadence():
    rows = square()[0]
    assert rows["stars"].t.tolist() == [1.0 * k for k in range(12)]
    assert rows["bustle"].t.tolist() == [0.5 * k for k in range(24)]


def written(log, touchpoint, site, until, since=-np.inf):
    """Touches of a touchpoint at a site (or at all, None) in [since, until)."""
    own = (log["customer"] // 100 == site) if site is not None else True
    return ((log["touchpoint"] == touchpoint) & own & (log["t"] < until) & (log["t"] >= since)).sum()


def test_the_published_average_is_that_of_all_reviews_so_far():
    rows, log, _ = square()
    for row in rows["stars"]:
        n = [written(log, REVIEW, site, row.t) for site in (0, 1)]
        assert row.value == pytest.approx(np.mean([(40 + 3 * k) / (10 + k) for k in n]), rel=1e-12)
        assert row["count"] == 20 + sum(n)


def test_the_popularity_of_a_window_is_its_orders_for_each_customer():
    rows, log, _ = square()
    for row in rows["bustle"]:
        orders = written(log, ORDER, None, row.t, row.t - 3)
        assert row["count"] == orders
        assert row.value == pytest.approx(orders / 200, rel=1e-12)


def test_a_brand_s_signal_sums_its_sites():
    rows, log, _ = square({"signals": {"stars": {"scope": "brand"}, "bustle": {"scope": "brand"}}})
    last = {name: rows[name][-1] for name in rows}
    reviews, orders = written(log, REVIEW, None, 11.0), written(log, ORDER, None, 11.5, 8.5)
    assert last["stars"].value == pytest.approx((40 + 3 * reviews) / (10 + reviews))
    assert last["bustle"].value == pytest.approx(orders / 200)


def test_popularity_counts_touches_that_sell_nothing_too():
    """`counts` names any touchpoint: watching, visiting, joining."""
    rows, log, _ = square({"signals": {"bustle": {"counts": "look"}}})
    last = rows["bustle"][-1]
    assert last["count"] == written(log, LOOK, None, last.t, last.t - 3) > 0


def test_a_signal_is_published_before_the_reviews_of_the_same_moment(desk):
    """A review at exactly day 2 is in the average of day 3, not of day 2."""
    change = {
        "touchpoints": {"desk": {"staff": None, "writes": "stars"}},
        "signals": {"stars": {"kind": "reviews"}},
        "horizon": "5 d",
    }
    rows = desk([2.0], change)[0].signals
    assert rows["count"].tolist() == [0, 0, 0, 1, 1]


def test_people_see_what_was_published_last():
    """The chance of a visit changes at refreshes only: at most one value a day and site."""
    rating = {"look": {"triggers": {"rating": {"kind": "social_proof", "reads": "stars"}}}}
    change = {
        "touchpoints": rating,
        "psychology": {"effect_on": {"buying": 0}},
        "journeys": {"visit": {"starts_on": {"need": {"usually": 0.7}}}},
    }
    log = square(change)[1]
    looks = log[log["touchpoint"] == LOOK]
    for site in (0, 1):
        own = looks[looks["customer"] // 100 == site]
        per_day = [set(own["chance"][own["t"] // 1 == day].tolist()) for day in range(12)]
        assert [len(values) for values in per_day] == [1] * 12
        assert len(set.union(*per_day)) > 9


def test_the_satisfied_write_better_reviews_than_the_disappointed():
    """Three stars are those of somebody who is neither."""
    averages = []
    for quality in (-0.8, 0.8):
        places = {name: {"quality": quality} for name in SQUARE["touchpoints"]}
        change = {"touchpoints": places, "psychology": {"satisfaction_rate": 0.5}}
        averages.append(square(change)[0]["stars"][-1].value)
    assert averages[0] < 2.5 < 3.5 < averages[1]


def test_reviews_begin_on_day_0_as_declared():
    """`start` is what is there on day 0, whatever was written in the warm-up."""
    first = square({"warm_up": "10 d"})[0]["stars"][0]
    assert first.t == 0
    assert first["count"] == 20
    assert first.value == pytest.approx(4)
