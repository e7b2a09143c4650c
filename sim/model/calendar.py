"""Weekly profiles and seasons: clock time against profile time, in which a profile is even.

A profile is a step function of the hour of the week with mean weight 1; its integral is *profile
time*. Needs are drawn in profile time and mapped back, which is the inversion method for
non-homogeneous renewal processes (Cinlar 1975, Introduction to Stochastic Processes, 4.7). A season
multiplies the profile of each day; its integral is known at the begin of every day of the run.
"""

import math

import numpy as np

from sim._jit import njit

WEEK = 7.0
WEEKDAY = 1  # place in World.times
BY_CLOCK, BY_PROFILE = np.arange(2)  # places in World.calendar_hint
_LAST_HOUR = np.int64(167)


@njit
def profile_time(w, calendar, t):
    """Days of profile time up to clock time t (days); the same where there is no calendar (-1)."""
    if calendar < 0:
        return t
    x = _integral(w, calendar, t + w.times[WEEKDAY]) - w.calendar_offset[calendar]
    return x if w.calendar_season[calendar, 0] < 0 else _seasonal(w, calendar, t, x)


@njit
def _seasonal(w, calendar, t, x):
    """Seasonal time at clock time t, of which x is the weekly one; beyond the run the week alone goes on."""
    season = w.calendar_season[calendar]
    k = season[0] + min(max(np.int64(math.floor(t)) - season[1], 0), season[2])
    if t < season[1]:
        return w.season_sum[k] + x - w.season_base[k]
    return w.season_sum[k] + w.season_factor[k] * max(0.0, x - w.season_base[k])


@njit
def _weekly(w, calendar, tau):
    """Weekly profile time at seasonal time tau: in the last of the days that have not begun after it."""
    season = w.calendar_season[calendar]
    low, high = season[0], season[0] + season[2]
    if tau < w.season_sum[low]:
        return w.season_base[low] + tau - w.season_sum[low]
    last = high
    while low < high:
        middle = (low + high + 1) // 2
        if w.season_sum[middle] <= tau:
            low = middle
        else:
            high = middle - 1
    if low == last:
        return w.season_base[low] + tau - w.season_sum[low]
    x = w.season_base[low] + (tau - w.season_sum[low]) / w.season_factor[low]
    return min(x, np.nextafter(w.season_base[low + 1], -math.inf))


@njit
def _slot(w, breaks, by, calendar, x):
    """The slot of a calendar's week in which x lies, BY_CLOCK (calendar_at) or BY_PROFILE (calendar_sum)."""
    j = w.calendar_hint[calendar, by, min(int(x * 24), _LAST_HOUR)]
    last = w.calendar_start[calendar + 1] - 1
    while j < last - 1 and breaks[j + 1] <= x:
        j += 1
    return j


@njit
def _integral(w, calendar, at):
    weeks = math.floor(at / WEEK)
    x = at - weeks * WEEK
    j = _slot(w, w.calendar_at, BY_CLOCK, calendar, x)
    width = w.calendar_at[j + 1] - w.calendar_at[j]
    share = (x - w.calendar_at[j]) / width
    return weeks * WEEK + w.calendar_sum[j] + share * (w.calendar_sum[j + 1] - w.calendar_sum[j])


@njit
def clock_time(w, calendar, tau):
    """The first clock time (days) after profile time tau (days): never inside hours of weight zero."""
    if calendar < 0:
        return tau
    if w.calendar_season[calendar, 0] >= 0:
        tau = _weekly(w, calendar, tau)
    weekday = w.times[WEEKDAY]
    at = tau + w.calendar_offset[calendar]
    weeks = math.floor(at / WEEK)
    x = max(0.0, at - weeks * WEEK)  # a time too small to be divided by a week stays in it
    j = _slot(w, w.calendar_sum, BY_PROFILE, calendar, x)
    height = w.calendar_sum[j + 1] - w.calendar_sum[j]
    if height <= 0.0:  # the profile ends in idle hours: the next week's first active hour
        j, weeks = w.calendar_start[calendar], weeks + 1.0
        while w.calendar_sum[j + 1] <= 0.0:
            j += 1
        return weeks * WEEK + w.calendar_at[j] - weekday
    share = (x - w.calendar_sum[j]) / height
    return weeks * WEEK + w.calendar_at[j] + share * (w.calendar_at[j + 1] - w.calendar_at[j]) - weekday


@njit
def busyness(w, calendar, t):
    """The profile's weight at clock time t (days) as a share of its greatest, 0..1; seasons aside."""
    at = t + w.times[WEEKDAY]
    x = at - math.floor(at / WEEK) * WEEK
    greatest = 0.0
    for j in range(w.calendar_start[calendar], w.calendar_start[calendar + 1] - 1):
        greatest = max(greatest, _height(w, j))
    return _height(w, _slot(w, w.calendar_at, BY_CLOCK, calendar, x)) / greatest


@njit
def _height(w, j):
    """The weight of slot j."""
    return (w.calendar_sum[j + 1] - w.calendar_sum[j]) / (w.calendar_at[j + 1] - w.calendar_at[j])


@njit
def is_open(w, calendar, t):
    """Whether the profile's weight at clock time t (days) is above zero; always, without a calendar."""
    if calendar < 0:
        return True
    at = t + w.times[WEEKDAY]
    x = at - math.floor(at / WEEK) * WEEK
    j = _slot(w, w.calendar_at, BY_CLOCK, calendar, x)
    return w.calendar_sum[j + 1] > w.calendar_sum[j]
