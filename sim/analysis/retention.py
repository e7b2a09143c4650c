"""Retention: Kaplan-Meier, the alive and the active curve, the cohort table, churn per period.

*Alive* is what the simulator knows: the share of the customers of day 0 who have not left at t. Where
nobody was a customer on day 0, t counts from each customer's entry, and customers whom the horizon cut
short are censored. *Active* is what a business sees: bought within ``active_if``. The two are reported
side by side and never mixed, and speak of the same customers. Whoever came back after having left is alive
again from then on: so the alive curve can rise.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sim.analysis.view import Floats, View, absent, are_customers, covered, lifetimes, pooled
from sim.model.layout import DAY, LEFT

if TYPE_CHECKING:
    from sim.engine.outcome import Outcome
    from sim.engine.program import Program

POINTS = 366  # a curve is told at no more moments than this


def kaplan_meier(durations: np.ndarray, observed: np.ndarray) -> pd.DataFrame:
    """Kaplan-Meier survival with a 95 % log-log Greenwood band.

    ``durations`` in any unit of time, ``observed`` False where a duration was cut short. Returns a row
    at 0, one at each time of leaving, and one at the longest duration: ``t, survival, low, high,
    at_risk`` (still there just before t). Who left at t comes before who was cut short at t. The
    log-log band has no value at survival 1 and 0: there it is [1, 1], and 0 to the last upper end.
    Kaplan & Meier 1958; Kalbfleisch & Prentice 1980; computed by ``scipy.stats.ecdf``.
    """
    durations, observed = np.asarray(durations, dtype=np.float64), np.asarray(observed, dtype=bool)
    if durations.size == 0:
        raise ValueError("kaplan_meier: no durations")
    times, survival, low, high = _fit(durations, observed)
    ordered = np.sort(durations)
    frame = pd.DataFrame(
        {
            "t": times,
            "survival": survival,
            "low": low,
            "high": high,
            "at_risk": durations.size - np.searchsorted(ordered, times, side="left"),
        }
    )
    keep = np.isin(times, durations[observed]) | (times == 0.0) | (times == ordered[-1])
    return frame[keep].reset_index(drop=True)


def _fit(durations: Floats, observed: np.ndarray) -> tuple[Floats, Floats, Floats, Floats]:
    from scipy.stats import CensoredData, ecdf

    curve = ecdf(CensoredData(uncensored=durations[observed], right=durations[~observed])).sf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the band at survival 1 and 0, filled below
        band = curve.confidence_interval(0.95, method="log-log")
    times, survival = np.asarray(curve.quantiles, dtype=np.float64), np.asarray(curve.probabilities)
    low = np.nan_to_num(band.low.probabilities, nan=0.0)
    high = np.nan_to_num(band.high.probabilities, nan=1.0)
    low[survival == 1.0] = 1.0
    high[survival == 0.0] = high[survival > 0.0][-1] if (survival > 0.0).any() else 1.0
    if times[0] > 0.0:
        times = np.concatenate(([0.0], times))
        survival, low, high = (np.concatenate(([1.0], part)) for part in (survival, low, high))
    return times, survival, low, high


def at(frame: pd.DataFrame, days: np.ndarray) -> pd.DataFrame:
    """The steps of ``kaplan_meier`` read off at ``days`` (constant after the last)."""
    rows = np.searchsorted(frame["t"].to_numpy(), days, side="right") - 1
    read = frame.iloc[np.maximum(rows, 0)].reset_index(drop=True)
    return read.assign(t=np.asarray(days, dtype=np.float64))


def days_of(horizon: float) -> Floats:
    """Moments at which a curve is told: whole days, every so many of them, and the horizon."""
    step = max(1, int(np.ceil(horizon / POINTS)))
    days = np.arange(0.0, horizon, step)
    return np.append(days, horizon)


def alive_curve(
    outcome: Outcome, program: Program, days: np.ndarray | None = None, segment: int | None = None
) -> pd.DataFrame:
    """Alive share at ``days`` since day 0 (or since entry): ``t, alive, low, high``, by Kaplan-Meier.

    With customers on day 0 nobody is censored before the horizon, and this is the plain share of them.
    An empty frame if nobody became a customer.
    """
    return _alive([outcome], program, days, segment)


def _alive(
    outcomes: Sequence[Outcome], program: Program, days: np.ndarray | None, segment: int | None
) -> pd.DataFrame:
    days = days_of(program.horizon) if days is None else np.asarray(days, dtype=np.float64)
    durations, observed = pooled(outcomes, program, segment)
    if durations.size == 0:
        return pd.DataFrame({name: np.empty(0) for name in ("t", "alive", "low", "high")})
    founded = any(View(outcome, program, segment).founding.any() for outcome in outcomes)
    seen = program.horizon if founded else durations.max()
    read = at(kaplan_meier(durations, observed), days[days <= seen])
    if any(len(outcome.absences) for outcome in outcomes):
        views = [View(outcome, program, segment) for outcome in outcomes]
        read = _without_absent(read, [view for view in views if view.founding.any()] if founded else views)
    return read.rename(columns={"survival": "alive"})[["t", "alive", "low", "high"]]


def _without_absent(frame: pd.DataFrame, views: Sequence[View]) -> pd.DataFrame:
    """The curve of those who have not left for good, less those who were away at t and came back; the band is
    that of a share of all who were seen so long."""
    days = frame["t"].to_numpy()
    seen = np.sum([covered(view, days) for view in views], axis=0)
    away = np.zeros(days.size, int)
    for view in views:
        left, back, until = absent(view)
        for k, day in enumerate(days):
            away[k] += np.count_nonzero((left <= day) & (day < back) & (day <= until))
    share = frame["survival"].to_numpy() - away / np.maximum(seen, 1)
    low, high = _band(np.clip(share, 0.0, 1.0), np.maximum(seen, 1))
    return frame.assign(survival=np.clip(share, 0.0, 1.0), low=low, high=high)


def _band(share: Floats, n: np.ndarray) -> tuple[Floats, Floats]:
    """The 95 % log-log band of a share of n; [1, 1] at 1, and no more than a point at 0."""
    low, high = share.copy(), share.copy()
    inside = (share > 0.0) & (share < 1.0)
    s = share[inside]
    spread = np.exp(1.959963984540054 * np.sqrt((1.0 - s) / (s * n[inside])) / np.log(s))
    low[inside], high[inside] = s ** (1.0 / spread), s**spread
    return low, high


def active_curve(
    outcome: Outcome, program: Program, days: np.ndarray | None = None, segment: int | None = None
) -> pd.DataFrame:
    """Active share by day of the run: ``t, active``, read at the start of the day that t falls in.

    Of the cohort of ``retention_active``: the customers of day 0; where there are none, whoever had
    entered by then (days before the first are left out). Counted from the daily sums of the cohort's
    segments, at the horizon from the final records. The sums tell segments, not people: blank where
    others entered a segment of the customers of day 0.
    """
    days = days_of(program.horizon) if days is None else np.asarray(days, dtype=np.float64)
    view = View(outcome, program, segment)
    if view.mixed:
        return pd.DataFrame({"t": days, "active": np.full(days.size, np.nan)})
    sums = outcome.daily[:, view.homes].sum(axis=1)
    active = np.cumsum(sums[:, DAY["active_from"]] - sums[:, DAY["active_until"]])
    counted = active[np.minimum(np.floor(days).astype(int), active.size - 1)]
    counted = np.where(days >= program.horizon, np.count_nonzero(view.recent[view.cohort]), counted)
    entry = view.each(_entry, float)[view.cohort]
    entry.sort()
    customers = np.searchsorted(entry, np.where(days >= program.horizon, days, np.floor(days)), side="right")
    there = customers > 0
    return pd.DataFrame({"t": days[there], "active": counted[there] / customers[there]})


def _entry(people: np.ndarray) -> Floats:
    """When each became a customer, from day 0 on."""
    return np.where(people["founding"] > 0, 0.0, people["t_entry"])


def curves(outcomes: Sequence[Outcome], program: Program, segment: int | None = None) -> pd.DataFrame:
    """The frame behind the retention picture, over all replications together.

    ``t`` days; ``alive, low, high`` Kaplan-Meier of the pooled customers with its 95 % band;
    ``alive_p05, alive_p95`` between replications (blank with one); ``active`` mean over replications
    (blank where t counts from entry, and where others entered a segment of the customers of day 0);
    ``since`` what t counts from: "day 0" or "entry".
    """
    frame = _alive(outcomes, program, None, segment)
    days = frame["t"].to_numpy()
    frame[["alive_p05", "alive_p95"]] = _between(outcomes, program, days, segment)
    founded = any(View(outcome, program, segment).founding.any() for outcome in outcomes)
    active = _mean_active(outcomes, program, days, segment)
    return frame.assign(active=active, since="day 0" if founded else "entry")


def _between(
    outcomes: Sequence[Outcome], program: Program, days: Floats, segment: int | None
) -> Floats | float:
    """What one replication in twenty falls below and above; blank with one."""
    if len(outcomes) < 2 or days.size == 0:
        return np.nan
    each = [alive_curve(outcome, program, days, segment).set_index("t")["alive"] for outcome in outcomes]
    together = pd.concat(each, axis=1)
    return together.quantile([0.05, 0.95], axis=1).T.reindex(days).to_numpy() if together.size else np.nan


def _mean_active(outcomes: Sequence[Outcome], program: Program, days: Floats, segment: int | None) -> Floats:
    views = [View(outcome, program, segment) for outcome in outcomes]
    told = [view.outcome for view in views if view.founding.any()]
    if not told or any(view.mixed for view in views):
        return np.full(days.size, np.nan)
    each = [active_curve(outcome, program, days, segment).set_index("t")["active"] for outcome in told]
    return pd.concat(each, axis=1).mean(axis=1).reindex(days).to_numpy()


def cohort_width(horizon: float) -> float:
    """Days per period of the cohort table: the shortest of a day, week, month, quarter, year within 21."""
    return next((width for width in (1.0, 7.0, 30.0, 91.0, 365.0) if horizon / width <= 21), horizon / 21)


def cohorts(people: np.ndarray, horizon: float, width: float = 30.0) -> pd.DataFrame:
    """The cohort table, long: ``cohort, starts, customers, period, alive, churn``.

    Cohort 0 is who was a customer on day 0 or entered at its very start (``starts`` 0); cohort k entered
    in the k-th period of ``width`` days. ``alive`` is the share not left ``period`` periods after entry,
    told only where the run covers that moment for the whole cohort; ``churn`` is the loss since the
    period before, over those alive then (blank at period 0 and after nobody is left); it is negative where more
    came back than left. ``people`` may hold a row a life (see ``lives``).
    """
    inside = are_customers(people)
    entry = np.maximum(people["t_entry"][inside], 0.0)
    durations, observed = lifetimes(entry, people["t_left"][inside], horizon)
    there = (people["founding"][inside] > 0) | (entry == 0.0)
    group = np.where(there, 0, np.floor(entry / width).astype(int) + 1)
    began, life = _began(people)[inside] - entry, np.where(observed, durations, np.inf)
    parts = [
        _cohort(int(k), began[group == k], life[group == k], horizon - entry[group == k].max(), width)
        for k in np.unique(group)
    ]
    names = ["cohort", "starts", "customers", "period", "alive", "churn"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)


def _began(people: np.ndarray) -> Floats:
    """When each life began: with the entry, unless it is not the first."""
    entry = np.maximum(people["t_entry"], 0.0)
    return np.maximum(people["began"], entry) if "began" in (people.dtype.names or ()) else entry


def _cohort(number: int, began: Floats, life: Floats, covered: float, width: float) -> pd.DataFrame:
    periods = np.arange(int(np.floor(covered / width + 1e-9)) + 1)
    ages = periods[:, None] * width
    customers = int(np.count_nonzero(began == 0.0))
    alive = ((life[None, :] > ages) & (began[None, :] <= ages)).sum(axis=1) / customers
    alive[0] = 1.0
    churn = np.full(alive.size, np.nan)
    np.divide(alive[:-1] - alive[1:], alive[:-1], out=churn[1:], where=alive[:-1] > 0)
    starts = max(number - 1, 0) * width
    return pd.DataFrame(
        {
            "cohort": number,
            "starts": starts,
            "customers": customers,
            "period": periods,
            "alive": alive,
            "churn": churn,
        }
    )


def churn(people: np.ndarray, horizon: float, width: float = 30.0) -> pd.DataFrame:
    """Churn per period of the calendar: ``from, to, alive, left, churn``.

    ``alive`` are the customers at the start of the period, ``left`` those of them who left within it,
    ``churn`` left / alive (blank where nobody was). Only whole periods are told. ``people`` may hold a row a life.
    """
    inside = are_customers(people)
    entry, gone = _began(people)[inside], people["t_left"][inside]
    rows = []
    for start in np.arange(int(np.floor(horizon / width + 1e-9))) * width:
        there = (entry <= start) & (gone > start)
        left = int(np.count_nonzero(there & (gone <= start + width)))
        alive = int(np.count_nonzero(there))
        rows.append((start, start + width, alive, left, left / alive if alive else np.nan))
    return pd.DataFrame(rows, columns=["from", "to", "alive", "left", "churn"])


def lives(outcomes: Sequence[Outcome]) -> np.ndarray:
    """The lives of all replications, one a person and one more for every return, with nothing but what ``cohorts``
    and ``churn`` need; ``began``: the return that a later life began with, -inf for a first life."""
    names = ["t_entry", "t_left", "status", "founding"]
    size = sum(outcome.people.size + len(outcome.absences) for outcome in outcomes)
    kinds = [(name, outcomes[0].people.dtype[name]) for name in names]
    slim, first = np.empty(size, np.dtype([*kinds, ("began", "f8")])), 0
    for outcome in outcomes:
        own = slim[first : first + outcome.people.size + len(outcome.absences)]
        for name in names:
            own[name][: outcome.people.size] = outcome.people[name]
        own["began"] = -np.inf
        _split(own, outcome)
        first += own.size
    return slim


def _split(lives: np.ndarray, outcome: Outcome) -> None:
    """The earlier lives of those who came back, behind everybody's last."""
    away = np.sort(outcome.absences, order=["customer", "back"])
    who = np.searchsorted(outcome.people["id"], away["customer"])
    earlier = lives[outcome.people.size :]
    earlier[:] = lives[who]
    earlier["status"], earlier["t_left"] = LEFT, away["left"]
    again = away["customer"][1:] == away["customer"][:-1]
    earlier["began"][1:][again] = away["back"][:-1][again]
    lives["began"][who] = away["back"]  # the last of each stands
