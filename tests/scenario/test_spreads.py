import math

import pytest

from sim.scenario import quantities as q
from sim.scenario.distributions import Dist
from sim.scenario.spreads import DistOf
from sim.scenario.wrong import Wrong

DURATION, RATE, MONEY, SHARE = DistOf(q.DURATION), DistOf(q.RATE), DistOf(q.SPENDING), DistOf(q.SHARE)
SCORE, FACTOR, NUMBER = DistOf(q.SCORE), DistOf(q.NOT_NEGATIVE), DistOf(q.NUMBER)


def about(*params: float):
    return tuple(pytest.approx(param, rel=1e-12) for param in params)


@pytest.mark.parametrize(
    ("spread", "written", "family", "params"),
    [
        (DURATION, "3 d", "constant", about(3)),
        (DURATION, {"mean": "3 d"}, "constant", about(3)),
        (DURATION, {"mean": "3 d", "cv": 0}, "constant", about(3)),
        (DURATION, {"mean": "2 d", "cv": 0.5}, "gamma", about(4, 0.5)),
        (DURATION, {"mean": "2 d", "sd": "12 h"}, "gamma", about(16, 0.125)),
        (RATE, {"mean": "7 per week", "cv": 2}, "gamma", about(0.25, 4)),
        (
            MONEY,
            {"mean": 10, "cv": 1},
            "lognormal",
            about(math.log(10) - math.log(2) / 2, math.sqrt(math.log(2))),
        ),
        (SHARE, {"mean": "20 %", "sd": "10 %"}, "beta", about(3, 12)),
        (SHARE, {"mean": 0.2, "cv": 0.5}, "beta", about(3, 12)),
        (SCORE, {"mean": -0.2, "cv": 0.5}, "clipped_normal", about(-0.2, 0.1, -1, 1)),
        (NUMBER, {"mean": 3, "sd": 1}, "clipped_normal", (3, 1, -math.inf, math.inf)),
        (DURATION, {"constant": "3 d"}, "constant", about(3)),
        (DURATION, {"uniform": {"low": "1 h", "high": "1 d"}}, "uniform", about(1 / 24, 1)),
        (DURATION, {"exponential": {"mean": "2 weeks"}}, "exponential", about(14)),
        (DURATION, {"gamma": {"shape": 2, "scale": "1 d"}}, "gamma", about(2, 1)),
        (DURATION, {"gamma": {"shape": 2, "rate": "1 per 4 d"}}, "gamma", about(2, 4)),
        (RATE, {"gamma": {"shape": 0.553, "rate": "10.578 weeks"}}, "gamma", about(0.553, 1 / (10.578 * 7))),
        (MONEY, {"gamma": {"shape": 6.25, "rate": 4}}, "gamma", about(6.25, 0.25)),
        (DURATION, {"lognormal": {"median": "1 d", "sigma": 0.5}}, "lognormal", about(0, 0.5)),
        (DURATION, {"weibull": {"shape": 1.5, "scale": "3 d"}}, "weibull", about(1.5, 3)),
        (SHARE, {"beta": {"alpha": 0.668, "beta": 3.806}}, "beta", about(0.668, 3.806)),
        (SHARE, {"triangular": {"low": 0, "mode": 0.2, "high": 1}}, "triangular", about(0, 0.2, 1)),
        (SCORE, {"clipped_normal": {"mean": 0, "sd": 0.2}}, "clipped_normal", about(0, 0.2, -1, 1)),
        (FACTOR, {"uniform": {"low": 2, "high": 2}}, "constant", about(2)),
    ],
)
def test_reads(spread, written, family, params):
    dist = spread.parse(written)
    assert (dist.family, dist.params) == (family, params)


@pytest.mark.parametrize(
    ("spread", "written", "message", "at"),
    [
        (
            DURATION,
            {"mean": "2 x"},
            "expected a duration such as 20 min or 3 d, got '2 x'"
            "; units of time are s, min, h, d, week, month, y",
            ("mean",),
        ),
        (DURATION, {"meen": "2 d"}, "unknown key; did you mean 'mean'?", ("meen",)),
        (DURATION, {"cv": 0.5}, "expected a mean beside cv or sd", ()),
        (DURATION, {"mean": "2 d", "cv": 1, "sd": "1 d"}, "expected cv or sd, not both", ("sd",)),
        (DURATION, {"mean": "2 d", "cv": -1}, "expected a number of at least 0, got -1", ("cv",)),
        (
            SHARE,
            {"mean": 0.2, "sd": 0.5},
            "a beta distribution with mean 0.2 cannot have that spread; its sd must be below 0.4",
            (),
        ),
        (
            SHARE,
            {"mean": 1, "sd": 0.5},
            "a beta distribution with mean 1 cannot have that spread; its sd must be below 0",
            (),
        ),
        (
            DURATION,
            {"uniform": {"low": "2 d", "high": "1 d"}},
            "expected low to be at most high",
            ("uniform", "low"),
        ),
        (
            DURATION,
            {"uniform": {"low": "-2 d", "high": "1 d"}},
            "expected a duration such as 20 min or 3 d, got '-2 d'",
            ("uniform", "low"),
        ),
        (DURATION, {"uniform": {"low": "2 d"}}, "expected {low, high}", ("uniform",)),
        (DURATION, {"uniform": "2 d"}, "expected {low, high}, got '2 d'", ("uniform",)),
        (
            DURATION,
            {"uniform": {"lo": "1 d", "high": "2 d"}},
            "unknown key; did you mean 'low'?",
            ("uniform", "lo"),
        ),
        (
            DURATION,
            {"exponential": {"mean": 0}},
            "expected a duration such as 20 min or 3 d, above 0, got 0",
            ("exponential", "mean"),
        ),
        (
            DURATION,
            {"weibull": {"shape": -1, "scale": "1 d"}},
            "expected a number above 0, got -1",
            ("weibull", "shape"),
        ),
        (
            DURATION,
            {"beta": {"alpha": 1, "beta": 1}},
            "a beta distribution lies between 0 and 1 and has no unit: use gamma or lognormal",
            ("beta",),
        ),
        (
            SHARE,
            {"gamma": {"mean": 0.2, "cv": 1}},
            "gives values from 0 to inf; expected a share from 0 to 1 such as 60 % or 0.6",
            ("gamma",),
        ),
        (
            DURATION,
            {"gamma": {"shape": 1, "scale": "1 d"}, "mean": "1 d"},
            "mean cannot stand beside it",
            ("gamma",),
        ),
        (
            DURATION,
            {"weibull": {"shape": 0.001, "scale": "1 d"}},
            "these parameters are too extreme to compute with",
            ("weibull",),
        ),
        (SHARE, {"empirical": "x.csv"}, "expected {file, column}, got 'x.csv'", ("empirical",)),
    ],
)
def test_says_what_is_wrong(spread, written, message, at):
    with pytest.raises(Wrong) as caught:
        spread.parse(written)
    assert (caught.value.message, caught.value.at) == (message, at)


# Means by numerical integration of the quantile function would repeat the formulas; these are known values.
@pytest.mark.parametrize(
    ("dist", "mean"),
    [
        (Dist("constant", (3.0,)), 3.0),
        (Dist("uniform", (1.0, 4.0)), 2.5),
        (Dist("exponential", (2.0,)), 2.0),
        (Dist("gamma", (2.0, 3.0)), 6.0),
        (Dist("lognormal", (0.0, math.sqrt(2))), math.e),
        (Dist("weibull", (2.0, 2.0)), math.sqrt(math.pi)),
        (Dist("beta", (1.0, 3.0)), 0.25),
        (Dist("triangular", (0.0, 1.0, 5.0)), 2.0),
        (Dist("clipped_normal", (0.0, 1.0, 0.0, math.inf)), 1 / math.sqrt(2 * math.pi)),
        (Dist("clipped_normal", (0.3, 0.2, -math.inf, math.inf)), 0.3),
        (Dist("clipped_normal", (0.0, 5.0, -1.0, 1.0)), 0.0),
        (Dist("empirical", (), (1.0, 2.0, 6.0)), 2.75),
        (Dist("empirical", (), (4.0,)), 4.0),
    ],
)
def test_means(dist, mean):
    assert dist.mean == pytest.approx(mean, abs=1e-12)


@pytest.mark.parametrize(
    ("spread", "written", "mean"), [(DURATION, "2 d", 2), (MONEY, 2, 2), (SHARE, 0.2, 0.2)]
)
def test_a_natural_spread_keeps_its_mean(spread, written, mean):
    assert spread.parse({"mean": written, "cv": 0.7}).mean == pytest.approx(mean)


def test_empirical_quantiles_come_from_a_column(in_folder):
    (in_folder / "times.csv").write_text("id,minutes\n1,9\n2,3\n3,6\n", encoding="utf-8")
    node = {"file": str(in_folder / "times.csv"), "column": "minutes", "unit": "min"}
    assert DURATION.parse({"empirical": node}) == Dist("empirical", (), (3 / 1440, 6 / 1440, 9 / 1440))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("a,b\n1,2\n", "x.csv has no column 'value'; its columns are a, b"),
        ("values,b\n1,2\n", "x.csv has no column 'value'; did you mean 'values'?"),
        ("value\n1\nx\n", "x.csv, row 3: expected an amount of money (a number of at least 0), got 'x'"),
        ("value\n1\n-2\n", "x.csv, row 3: expected an amount of money (a number of at least 0), got '-2'"),
        ("a,value\n1\n", "x.csv, row 2: expected an amount of money (a number of at least 0), got ''"),
        ("value\n", "x.csv has no rows"),
        ("", "x.csv has no column 'value'; its columns are none"),
        (None, "cannot read x.csv: no such file"),
        (b"value\n\xff\n", "cannot read x.csv: it is not UTF-8 text"),
    ],
)
def test_bad_columns(in_folder, table, message):
    if table is not None:
        (in_folder / "x.csv").write_bytes(table if isinstance(table, bytes) else table.encode())
    with pytest.raises(Wrong) as caught:
        MONEY.parse({"empirical": {"file": "x.csv", "column": "value"}})
    assert caught.value.message == message
