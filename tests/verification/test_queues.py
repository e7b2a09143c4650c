"""Staff queues against Erlang: a stream of one-shot visitors, exponential service, no feelings.

Waiting times of one run are correlated, so standard errors come from the means of independent
replications, never from the visits.
"""

import math

import numpy as np
import pytest

MINUTE = 1 / 1440


def queue(servers, rate, horizon, patience=None):
    """Visitors per minute to a pool with exponential service of mean one minute."""
    staff = {"pool": "clerks", "service": {"exponential": {"mean": "1 min"}}}
    if patience:
        staff["patience"] = {"exponential": {"mean": f"{patience} min"}}
    return {
        "name": "queue",
        "horizon": f"{horizon} min",
        "psychology": "off",
        "enters": {"stream": {"rate": f"{rate} per min"}},
        "staff": {"clerks": {"servers": servers}},
        "touchpoints": {"desk": {"stage": "support", "staff": staff}},
        "journeys": {
            "visit": {"starts_on": {"entry": {"becomes": "desk"}}, "steps": {"desk": {"next": "end"}}}
        },
    }


def erlang_c(servers, offered):
    """P(wait) of M/M/c: B by recursion, C = B / (1 - rho (1 - B))."""
    b = 1.0
    for k in range(1, servers + 1):
        b = offered * b / (k + offered * b)
    return b / (1 - offered / servers * (1 - b))


def mean_and_error(values):
    """Mean over replications and its standard error."""
    values = np.asarray(values, float)
    return values.mean(), values.std(ddof=1) / math.sqrt(len(values))


def check_against_erlang_c(outcomes, servers, rate, horizon, replications):
    runs = [o.staff[0] for o in outcomes(queue(servers, rate, horizon), replications)]
    c = erlang_c(servers, rate)
    waited, error = mean_and_error([r.waited / r.requests for r in runs])
    assert error < 0.04 * c  # the test is worth its name
    assert abs(waited - c) < 3.5 * error
    wait, error = mean_and_error([r.wait / r.requests / MINUTE for r in runs])
    assert error < 0.1 * c / (servers - rate)
    assert abs(wait - c / (servers - rate)) < 3.5 * error


def test_five_servers_wait_as_erlang_c_says(outcomes):
    """M/M/5 at rho = .8; starting empty costs less than a standard error at this length."""
    check_against_erlang_c(outcomes, servers=5, rate=4, horizon=2_000, replications=12)


@pytest.mark.slow
@pytest.mark.parametrize(("servers", "rate"), [(1, 0.8), (2, 1), (3, 2), (5, 4), (10, 8)])
def test_queues_wait_as_erlang_c_says(outcomes, servers, rate):
    check_against_erlang_c(outcomes, servers, rate, horizon=20_000 / rate**0.5, replications=12)


def test_impatient_visitors_satisfy_the_identity_of_erlang_a(outcomes):
    """theta Lq = rate of giving up, in M/M/10+M with theta = .5; and P(abandon) as Erlang-A says."""
    servers, rate, theta, horizon = 10, 12, 0.5, 300
    runs = [o.staff[0] for o in outcomes(queue(servers, rate, horizon, patience=1 / theta), 12)]
    gave_up, error = mean_and_error([r.gave_up / r.requests for r in runs])
    assert abs(gave_up - 0.195656) < 3.5 * error + 0.002  # .002: the empty start
    gap, error = mean_and_error([r.gave_up - theta * r.queue / MINUTE for r in runs])
    assert abs(gap) < 3.5 * error


def test_littles_law_is_an_identity(outcomes):
    """Integral of the queue's length = sum of the waits, on the path, once everybody is gone."""
    data = queue(3, 2.6, 2_000, patience=4)
    data["enters"]["stream"]["when"] = "first"  # nobody arrives in the last hours: the queue ends empty
    data["calendars"] = {"first": {"mon 00:00-24:00": 1}}
    data["enters"]["stream"]["rate"] = f"{2.6 / 7} per min"  # the same arrivals while it is open
    row = outcomes(data)[0].staff[0]
    assert row.requests > 2_000
    assert row.waited > 500
    assert row.queue == pytest.approx(row.wait, rel=1e-9)
