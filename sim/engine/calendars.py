"""Weekly calendars, opening hours and seasons as arrays: breakpoints, and the weight accumulated at them."""

import math
from datetime import timedelta

import numpy as np

from sim.engine.names import Names
from sim.scenario import Scenario
from sim.scenario.seasons import DAYS, day_of_year

WEEK, HOURS = 7.0, 168
_A_LITTLE = 1e-6  # days: an hour's hint is good for what rounding puts before it, too


def calendar_arrays(scenario: Scenario, names: Names, weekday: float, start: float) -> dict[str, np.ndarray]:
    """``calendar_at`` (days since Monday), ``calendar_sum`` (profile days up to there) and ``calendar_start``.

    Beside them what saves a search each time: ``calendar_hint`` (by clock and by profile, for each calendar and
    hour of the week a slot from which to look on) and ``calendar_offset`` (profile days up to day 0). For those
    with a season, ``calendar_season`` holds (their first place in the tables by day or -1, the first day, days).
    """
    at, total, first, hints, offsets, years = [], [], [0], [], [], Years(scenario, start)
    for name in names.calendars:
        breaks, sums = _profile(_slots(scenario, name))
        hints.append([_hints(points, len(at)) for points in (breaks, sums)])
        offsets.append(_profile_days(breaks, sums, weekday))
        years.add(name, breaks, sums, weekday, offsets[-1])
        at += breaks
        total += sums
        first.append(len(at))
    return {
        "calendar_at": np.array(at or [0.0]),
        "calendar_sum": np.array(total or [0.0]),
        "calendar_start": np.array(first, np.int64),
        "calendar_hint": np.array(hints or [[_hints([0.0, WEEK], 0)] * 2], np.int64),
        "calendar_offset": np.array(offsets or [0.0]),
        **years.arrays(),
    }


class Years:
    """Seasonal time day by day: the weekly profile, each of its days times the season's factor."""

    def __init__(self, scenario: Scenario, start: float):
        self.scenario = scenario
        self.days = range(math.floor(start), math.ceil(scenario.horizon) + 1)
        self.places: list[tuple[int, int, int]] = []
        self.sums: list[float] = []  # seasonal time at the begin of each day, 0 at day 0
        self.bases: list[float] = []  # profile time there, of the week alone
        self.factors: list[float] = []

    def add(self, name: str, breaks: list[float], sums: list[float], weekday: float, offset: float) -> None:
        """The next calendar; one without a season has no table."""
        _, season_name, trend = [*name.split(".", 2), "", ""][:3]
        season = self.scenario.seasons.get(season_name)
        if season is None and not trend:
            self.places.append((-1, 0, 0))
            return
        factors = [season.factors[self.day_of_year(day)] if season else 1.0 for day in self.days]
        if trend:
            grows = 1.0 + float(trend)
            factors = [f * grows ** (max(0, day) / DAYS) for f, day in zip(factors, self.days, strict=True)]
        base = [_weekly_time(breaks, sums, day + weekday) - offset for day in (*self.days, self.days.stop)]
        total = np.cumsum([0.0, *(f * (b - a) for f, a, b in zip(factors, base[:-1], base[1:], strict=True))])
        self.places.append((len(self.sums), self.days.start, len(self.days)))
        self.sums += (total - total[-self.days.start]).tolist()
        self.bases += base
        self.factors += [*factors, 1.0]

    def day_of_year(self, day: int) -> int:
        """Which of the 365 days of a year a day of the run is; without a date day 0 is 1 January."""
        if self.scenario.starts is None:
            return day % DAYS
        start = self.scenario.starts
        then = start.replace(year=2000 + start.year % 400) + timedelta(days=day)  # years repeat after 400
        return day_of_year(then.month, then.day)

    def arrays(self) -> dict[str, np.ndarray]:
        """What the model reads."""
        return {
            "calendar_season": np.array(self.places or [(-1, 0, 0)], np.int64),
            "season_sum": np.array(self.sums or [0.0]),
            "season_base": np.array(self.bases or [0.0]),
            "season_factor": np.array(self.factors or [1.0]),
        }


def _weekly_time(breaks: list[float], sums: list[float], at: float) -> float:
    """Profile time at so many days after a Monday; to the last bit as `sim.model.calendar` has it."""
    weeks = math.floor(at / WEEK)
    x = at - weeks * WEEK
    j = max(k for k in range(len(breaks) - 1) if breaks[k] <= x)
    share = (x - breaks[j]) / (breaks[j + 1] - breaks[j])
    return weeks * WEEK + sums[j] + share * (sums[j + 1] - sums[j])


def _hints(points: list[float], first: int) -> list[int]:
    """For each hour of the week a slot that begins before it, counted from `first`."""
    hours = np.arange(HOURS) / 24.0
    before = np.searchsorted(points, hours - _A_LITTLE, side="right") - 1
    return (first + np.clip(before, 0, len(points) - 2)).tolist()


def _profile_days(breaks: list[float], sums: list[float], at: float) -> float:
    """Profile time at a moment of the week (days)."""
    j = max(k for k in range(len(breaks) - 1) if breaks[k] <= at)
    share = (at - breaks[j]) / (breaks[j + 1] - breaks[j])
    return sums[j] + share * (sums[j + 1] - sums[j])


def _slots(scenario: Scenario, name: str) -> list[tuple[float, float, float]]:
    """(from, to, weight) of a calendar or of a pool's hours; one that only the baseline has is never used."""
    weekly = name.partition(".")[0]  # before the name of a season
    if weekly in scenario.calendars:
        return [(slot.start, slot.end, slot.weight) for slot in scenario.calendars[weekly].slots]
    pool = scenario.staff.get(name.removeprefix("open "))
    if name.startswith("open ") and pool and pool.open:
        return [(start, end, 1.0) for start, end in pool.open]
    return [(0.0, WEEK, 1.0)]


def _profile(slots: list[tuple[float, float, float]]) -> tuple[list[float], list[float]]:
    """Breakpoints of one week and the accumulated weight, scaled to a mean of 1."""
    mass = sum((end - start) * weight for start, end, weight in slots)
    breaks, sums = [0.0], [0.0]
    for start, end, weight in slots:
        if start > breaks[-1]:
            breaks.append(start)
            sums.append(sums[-1])
        breaks.append(end)
        sums.append(sums[-1] + (end - start) * weight * WEEK / mass)
    if breaks[-1] < WEEK:
        breaks.append(WEEK)
        sums.append(sums[-1])
    sums = [WEEK if total == sums[-1] else total for total in sums]  # the week adds up exactly
    return breaks, sums


def weekly_hours(open_hours: tuple[tuple[float, float], ...] | None) -> float:
    """Hours open in a week."""
    return 24.0 * (WEEK if open_hours is None else sum(end - start for start, end in open_hours))
