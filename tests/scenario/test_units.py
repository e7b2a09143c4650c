import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.scenario import quantities as q
from sim.scenario.quantities import Budget, Prospects
from sim.scenario.wrong import Wrong

MONTH = 365 / 12


@pytest.mark.parametrize(
    ("quantity", "written", "value"),
    [
        (q.DURATION, "90 s", 90 / 86400),
        (q.DURATION, "20 min", 20 / 1440),
        (q.DURATION, "20min", 20 / 1440),
        (q.DURATION, "3 h", 3 / 24),
        (q.DURATION, "1 day", 1.0),
        (q.DURATION, "2 weeks", 14.0),
        (q.DURATION, "1 month", MONTH),
        (q.DURATION, "24 months", 24 * MONTH),
        (q.DURATION, "1 y", 365.0),
        (q.DURATION, "1_000 d", 1000.0),
        (q.DURATION, 0, 0.0),
        (q.PERIOD, "every month", MONTH),
        (q.PERIOD, "every 14 d", 14.0),
        (q.HALF_LIFE, "never", math.inf),
        (q.RATE, "3 per week", 3 / 7),
        (q.RATE, "1 per 14 d", 1 / 14),
        (q.RATE, "0.5 per day", 0.5),
        (q.RATE, "every month", 1 / MONTH),
        (q.RATE, "never", 0.0),
        (q.RECONSIDERS, "after a visit", "after a visit"),
        (q.HAZARD, "0.3 per year", 0.3 / 365),
        (q.HAZARD, "30 % per year", -math.log1p(-0.3) / 365),
        (q.PER_RENEWAL, "5 % per renewal", 0.05),
        (q.PER_VISIT, "0.2 per visit", 0.2),
        (q.SHARE, "60 %", 0.6),
        (q.SHARE, "7%", 0.07),
        (q.SHARE, 0.6, 0.6),
        (q.MONEY, "1_500", 1500.0),
        (q.MONEY, 4.2, 4.2),
        (q.PRICE, "own_spend", "own_spend"),
        (q.WAGE, "17 per hour", 17.0),
        (q.WAGE, "480 per day", 20.0),
        (q.BUDGET, 1500, Budget(1500.0)),
        (q.BUDGET, "1_500 per year", Budget(1500.0, 365.0)),
        (q.PROSPECTS, "300 per site", Prospects(300, per_site=True)),
        (q.PROSPECTS, "2_000", Prospects(2000)),
        (q.SPACING, "1 per 60 d", 60.0),
        (q.SPACING, "2 per 60 d", 30.0),
        (q.SITE, "all", "all"),
        (q.COUNT, "2_400", 2400),
        (q.COUNT, 40.0, 40),
        (q.SCORE, -1, -1.0),
    ],
)
def test_reads(quantity, written, value):
    assert quantity.parse(written) == value


@pytest.mark.parametrize(
    ("quantity", "written", "got"),
    [
        (q.DURATION, 3, "3; write a unit, such as 3 d"),
        (q.DURATION, "3 dayz", "'3 dayz'; did you mean 'day'?"),
        (q.DURATION, "3 per week", "'3 per week'"),
        (q.DURATION, "-3 d", "'-3 d'"),
        (q.DURATION, "1e308 y", "'1e308 y'"),
        (q.DURATION, True, "true"),
        (q.DURATION, [1], "a list"),
        (q.POSITIVE_DURATION, 0, "0"),
        (q.RATE, 3, "3; write a period, such as 3 per week"),
        (q.RATE, "1 per 0 d", "'1 per 0 d'"),
        (q.RATE, "30 % per year", "'30 % per year'"),
        (q.RATE, "nevr", "'nevr'; did you mean 'never'?"),
        (q.HAZARD, "100 % per year", "'100 % per year'; it must be below 100 %"),
        (q.PER_RENEWAL, "5 % per year", "'5 % per year'"),
        (q.SHARE, 1.4, "1.4"),
        (q.SHARE, "140 %", "'140 %'"),
        (q.SHARE, math.nan, "nan"),
        (q.MONEY, "cheap", "'cheap'"),
        (q.PRICE, "own_spent", "'own_spent'; did you mean 'own_spend'?"),
        (q.WAGE, 17, "17; write a period, such as 17 per hour"),
        (q.BUDGET, "-5 per year", "'-5 per year'"),
        (q.BUDGET, "5 per 0 d", "'5 per 0 d'"),
        (q.PROSPECTS, "300 per sit", "'300 per sit'; did you mean 'site'?"),
        (q.PROSPECTS, "1e400", "'1e400'"),
        (q.SPACING, 3, "3"),
        (q.COUNT, 2.5, "2.5"),
        (q.COUNT, 10**400, f"{str(10**400)[:57]}..."),
        (q.WEIGHT, -1, "-1"),
        (q.NUMBER, None, "nothing"),
    ],
)
def test_says_what_it_expected_what_it_got_and_what_is_near(quantity, written, got):
    with pytest.raises(Wrong) as caught:
        quantity.parse(written)
    assert caught.value.message == f"expected {quantity.expected}, got {got}"


@pytest.mark.parametrize(
    ("quantity", "value", "text"),
    [
        (q.DURATION, 1 / 144, "10 min"),
        (q.DURATION, 27.8 / 24, "27.8 h"),
        (q.DURATION, 365.0, "1 y"),
        (q.DURATION, 21.0, "21 d"),
        (q.RATE, 4 / 7, "4 per week"),
        (q.RATE, 1 / 120, "1 per 120 d"),
        (q.RATE, 0.0, "never"),
        (q.SHARE, 0.07, "7 %"),
        (q.COUNT, 2.4, 2),
        (q.NUMBER, -0.3, -0.3),
        (q.PER_RENEWAL, 0.05, "5 % per renewal"),
        (q.WAGE, 17.0, "17 per hour"),
        (q.SPACING, 60.0, "1 per 60 d"),
        (q.BUDGET, Budget(1500.0, 365.0), "1500 per 1 y"),
        (q.PROSPECTS, Prospects(300, per_site=True), "300 per site"),
    ],
)
def test_writes(quantity, value, text):
    assert quantity.written(value) == text


@given(st.floats(1e-9, 1e9))
@pytest.mark.parametrize("quantity", [q.DURATION, q.RATE, q.HAZARD, q.SPENDING, q.NUMBER, q.WAGE])
def test_reads_back_exactly_what_it_wrote(quantity, value):
    assert quantity.parse(quantity.written(value)) == value


@given(st.floats(0, 1))
@pytest.mark.parametrize("quantity", [q.SHARE, q.PER_RENEWAL, q.PER_VISIT, q.TREND])
def test_reads_back_exactly_the_share_it_wrote(quantity, value):
    assert quantity.parse(quantity.written(value)) == value


@given(st.one_of(st.text(), st.floats(), st.integers(), st.none(), st.lists(st.integers())))
def test_any_value_is_read_or_complained_about(value):
    for quantity in [item for item in vars(q).values() if isinstance(item, q.Quantity)]:
        try:
            quantity.parse(value)
        except Wrong as wrong:
            assert wrong.message.startswith("expected ")
