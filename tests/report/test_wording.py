"""Numbers, money and times in words."""

from datetime import date

import pytest

from sim.engine.psyche import BaseRates
from sim.report.wording import base_rates, duration, moment, money, number, percent, places_of, plural, signed


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (3.0, "3"),
        (1234.5, "1,234"),
        (12.34, "12.3"),
        (0.456, "0.46"),
        (-0.001, "−0.0010"),
        (-5.5, "−5.50"),
    ],
)
def test_number(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (1, "100 %"), (0.0004, "< 0.1 %"), (0.9999, "> 99.9 %"), (0.041, "4.1 %"), (0.715, "72 %")],
)
def test_percent(share, text):
    assert percent(share) == text


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (30 / 86_400, "30 s"),
        (6 / 1440, "6 min"),
        (0.25, "6 h"),
        (3, "3 days"),
        (182, "6 months"),
        (1825, "5 years"),
    ],
)
def test_duration(days, text):
    assert duration(days) == text


def test_moment():
    assert moment(12 + 8.25 / 24) == "day 12 (Sat), 08:15"
    assert moment(0.0, weekday0=6) == "day 0 (Sun), 00:00"
    assert moment(12 + 8.25 / 24, 0, date(2026, 1, 5)) == "Sat 17 Jan 2026, 08:15"
    assert moment(0.99999) == "day 1 (Tue), 00:00"


def test_small_words():
    assert money(4.2, "EUR") == "4.20 EUR"
    assert (plural(1, "touch", "es"), plural(2_000, "touch", "es")) == ("1 touch", "2,000 touches")
    assert (signed(0.123), signed(-0.3), signed(0.001)) == ("+0.12", "−0.30", "0.00")


@pytest.mark.parametrize(
    ("size", "half", "least", "places"),
    [
        (0.2, 0.06, 1, 2),
        (127.0, 9.0, 0, 0),
        (0.17, 0.15, 0, 2),  # +0.2 ± 0.2 would seem to have nought in it
        (-0.17, 0.15, 0, 2),
        (0.16, 0.154, 0, 2),
        (0.1504, 0.15, 0, 3),  # its lower end is 0.0004
        (0.1, 0.2, 0, 1),
        (13.4, 13.2, 0, 1),
        (5.0, 0.0, 0, 2),
        (4e-9, 3e-9, 0, 7),
    ],
)
def test_decimals_of_an_interval(size, half, least, places):
    assert places_of(size, half, least) == places


def test_base_rates_in_one_line():
    solved = {
        "commuters": BaseRates(1.366, 0.4),
        "tiny": BaseRates(1.0, 0.0, "choice as written: too few needs in the pilot"),
        "plain": BaseRates(),
    }
    assert base_rates(solved) == (
        "base rates solved: commuters leave × 1.37, choice +0.40; "
        "tiny choice as written: too few needs in the pilot; plain as written"
    )
    assert base_rates({}) == ""
