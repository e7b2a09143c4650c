"""Weekly calendars and opening hours as arrays: breakpoints of the week and the weight accumulated at them."""

import numpy as np

from sim.engine.names import Names
from sim.scenario import Scenario

WEEK, HOURS = 7.0, 168
_A_LITTLE = 1e-6  # days: an hour's hint is good for what rounding puts before it, too


def calendar_arrays(scenario: Scenario, names: Names, weekday: float) -> dict[str, np.ndarray]:
    """``calendar_at`` (days since Monday), ``calendar_sum`` (profile days up to there) and ``calendar_start``.

    Beside them what saves a search each time: ``calendar_hint`` (by clock and by profile, for each calendar and
    hour of the week a slot from which to look on) and ``calendar_offset`` (profile days up to day 0).
    """
    at, total, start, hints, offsets = [], [], [0], [], []
    for name in names.calendars:
        breaks, sums = _profile(_slots(scenario, name))
        hints.append([_hints(points, len(at)) for points in (breaks, sums)])
        offsets.append(_profile_days(breaks, sums, weekday))
        at += breaks
        total += sums
        start.append(len(at))
    return {
        "calendar_at": np.array(at or [0.0]),
        "calendar_sum": np.array(total or [0.0]),
        "calendar_start": np.array(start, np.int64),
        "calendar_hint": np.array(hints or [[_hints([0.0, WEEK], 0)] * 2], np.int64),
        "calendar_offset": np.array(offsets or [0.0]),
    }


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
    if name in scenario.calendars:
        return [(slot.start, slot.end, slot.weight) for slot in scenario.calendars[name].slots]
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
