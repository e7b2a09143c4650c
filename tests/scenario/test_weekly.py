import pytest

from sim.scenario.weekly import CalendarType, OpenHoursType, spans
from sim.scenario.wrong import Wrong


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mon 06:00-12:00", [(0.25, 0.5)]),
        ("Mon-Tue 06:00-12:00", [(0.25, 0.5), (1.25, 1.5)]),
        ("mon, wed 06:00-12:00", [(0.25, 0.5), (2.25, 2.5)]),
        ("sun-mon 0:00-24:00", [(6.0, 7.0), (0.0, 1.0)]),
        ("06:00-12:00", [(day + 0.25, day + 0.5) for day in range(7)]),
        ("every day 06:00-12:00", [(day + 0.25, day + 0.5) for day in range(7)]),
        ("fri 18:00-06:00", [(4.75, 5.25)]),
        ("sun 18:00-06:00", [(6.75, 7.0), (0.0, 0.25)]),
        ("sun 18:00-24:00", [(6.75, 7.0)]),
    ],
)
def test_spans_of_the_week(text, expected):
    assert spans(text) == expected


@pytest.mark.parametrize(
    "text", ["", "mon", "mon 7-9", "mon 07:60-09:00", "mon 24:01-25:00", "day 07:00-08:00", 5, None]
)
def test_what_is_no_span(text):
    with pytest.raises(Wrong, match=r"^expected days and hours such as mon-fri 07:00-09:30"):
        spans(text)


def test_opening_hours_that_touch_or_overlap_are_joined():
    assert OpenHoursType().parse(["mon 06:00-12:00", "mon 12:00-18:00", "mon 09:00-10:00"]) == ((0.25, 0.75),)


def test_around_the_clock():
    assert OpenHoursType().parse("every day 00:00-24:00") == ((0.0, 7.0),)


def test_a_calendar_has_its_slots_in_order():
    calendar = CalendarType().parse({"tue 06:00-12:00": 1, "mon 06:00-12:00": 3})
    assert [(slot.start, slot.weight) for slot in calendar.slots] == [(0.25, 3.0), (1.25, 1.0)]
