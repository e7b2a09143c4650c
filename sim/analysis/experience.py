"""Experience: how touches feel by stage, the funnel, waits, orders and revenue over time.

Each frame tells the mean over replications with its 95 % interval (``low, high``; blank with one) and,
over time, what one replication in twenty falls below and above (``p05, p95``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sim.analysis.kpis import interval, within
from sim.analysis.view import CENTS, MINUTES, Floats, View
from sim.engine.program import ENGAGEMENTS, STAGES
from sim.model.layout import DAY, FAILED, MILLION, OK

if TYPE_CHECKING:
    from sim.engine.outcome import Outcome
    from sim.engine.program import Program


def balance(outcomes: Sequence[Outcome], program: Program) -> pd.DataFrame:
    """Emotional balance by stage, in the order of the journey.

    ``stage``; ``touches`` per replication; ``valence`` (-1..1) with ``low, high``; ``mood`` after the
    touch; ``perceived`` quality; ``failed`` share of the touches served. Stages without touches are
    left out.
    """
    return _felt(outcomes, _stages(program), "stage", STAGES)


def balance_by_touchpoint(outcomes: Sequence[Outcome], program: Program) -> pd.DataFrame:
    """The same for each touchpoint, with its ``stage``."""
    names = program.touchpoint_names
    frame = _felt(outcomes, np.arange(len(names)), "touchpoint", names)
    stages = dict(zip(names, (STAGES[k] for k in program.touchpoint_stage), strict=True))
    frame.insert(0, "stage", frame["touchpoint"].map(stages))
    return frame


def balance_by_engagement(outcomes: Sequence[Outcome], program: Program) -> pd.DataFrame:
    """The same for each of the four types of engagement: ``engagement`` in the place of ``stage``."""
    types = program.touchpoint_engagement
    group = np.array([ENGAGEMENTS.index(engagement) for engagement in types], dtype=int)
    return _felt(outcomes, group, "engagement", ENGAGEMENTS)


def _stages(program: Program) -> np.ndarray:
    return np.asarray(program.touchpoint_stage, dtype=int)


def _grouped(values: np.ndarray, group: np.ndarray, size: int) -> np.ndarray:
    """Rows of ``values`` (one a touchpoint) summed by group."""
    sums = np.zeros((size, *values.shape[1:]), dtype=np.float64)
    np.add.at(sums, group, values)
    return sums


def _felt(outcomes: Sequence[Outcome], group: np.ndarray, label: str, names: Sequence[str]) -> pd.DataFrame:
    counts = np.stack([_grouped(o.touches.sum(axis=0), group, len(names)) for o in outcomes])
    felt = np.stack([_grouped(o.felt, group, len(names)) for o in outcomes]) / MILLION
    touches = counts.sum(axis=2)
    served = counts[:, :, OK] + counts[:, :, FAILED]
    rows = []
    for k in np.flatnonzero(touches.sum(axis=0)).tolist():
        some = touches[:, k] > 0
        valence, perceived, mood = (felt[some, k, j] / touches[some, k] for j in range(3))
        mean, low, high = _bounds(valence, "-1..1")
        failed = _share(counts[:, k, FAILED], served[:, k])
        rows.append((names[k], touches[:, k].mean(), mean, low, high, mood.mean(), perceived.mean(), failed))
    columns = [label, "touches", "valence", "low", "high", "mood", "perceived", "failed"]
    return pd.DataFrame(rows, columns=columns)


def _bounds(values: Floats, unit: str) -> tuple[float, float, float]:
    mean, low, high = interval(values)
    low, high = within(unit, mean, low), within(unit, mean, high)
    return mean, np.nan if low is None else low, np.nan if high is None else high


def _share(above: Floats, below: Floats) -> float:
    """Mean over the replications that have it of a share; blank if none has."""
    some = below > 0
    return float((above[some] / below[some]).mean()) if some.any() else np.nan


def funnel(outcomes: Sequence[Outcome], program: Program) -> pd.DataFrame:
    """Touchpoints in the order of the stages: how many touches each gets and how many go well.

    ``stage, touchpoint``; ``touches`` per replication; ``per_customer`` touches per customer ever;
    ``ok`` share of the touches that went as they should. Touchpoints that were never met stay in, with
    ``ok`` blank.
    """
    counts = np.stack([outcome.touches.sum(axis=0) for outcome in outcomes]).astype(np.float64)
    customers = np.array([View(outcome, program).count for outcome in outcomes], dtype=np.float64)
    touches = counts.sum(axis=2)
    order = np.argsort(_stages(program), kind="stable")
    return pd.DataFrame(
        {
            "stage": [STAGES[program.touchpoint_stage[k]] for k in order],
            "touchpoint": [program.touchpoint_names[k] for k in order],
            "touches": touches.mean(axis=0)[order],
            "per_customer": [_share(touches[:, k], customers) for k in order],
            "ok": [_share(counts[:, k, OK], touches[:, k]) for k in order],
        }
    )


def waits(outcomes: Sequence[Outcome], program: Program) -> pd.DataFrame:
    """Staff pools: ``pool, requests`` per replication, ``waited`` share, ``wait`` mean minutes a request,
    ``low, high``, ``gave_up`` share, ``service`` mean minutes of those served."""
    rows = [_pool(outcomes, number, name) for number, name in enumerate(program.pool_names)]
    columns = ["pool", "requests", "waited", "wait", "low", "high", "gave_up", "service"]
    return pd.DataFrame(rows, columns=columns)


def _pool(outcomes: Sequence[Outcome], number: int, name: str) -> tuple[object, ...]:
    staff = [outcome.staff[outcome.staff["pool"] == number] for outcome in outcomes]

    def sums(column: str) -> Floats:
        return np.array([float(rows[column].sum()) for rows in staff])

    requests, served = sums("requests"), sums("served")
    some = requests > 0
    wait = _bounds(sums("wait")[some] / requests[some] * MINUTES, "minutes") if some.any() else (np.nan,) * 3
    service = _share(sums("service") * MINUTES, served)
    return (
        name,
        requests.mean(),
        _share(sums("waited"), requests),
        *wait,
        _share(sums("gave_up"), requests),
        service,
    )


def period_of(horizon: float) -> int:
    """Days that one point of a picture over time stands for: 1, 7 or 28."""
    return 1 if horizon <= 42 else 7 if horizon <= 2 * 366 else 28


def over_time(outcomes: Sequence[Outcome], program: Program, every: int | None = None) -> pd.DataFrame:
    """Orders and revenue per ``every`` days (default: ``period_of`` the horizon), over replications.

    ``from, to`` days; ``orders, orders_p05, orders_p95``; ``revenue, revenue_p05, revenue_p95`` in
    currency. A last period that the horizon cuts short is left out (unless it is the only one).
    """
    every = every or period_of(program.horizon)
    whole = max(1, int((program.horizon + 1e-9) // every))
    starts = np.arange(whole) * every
    frame = pd.DataFrame({"from": starts, "to": np.minimum(starts + every, program.horizon)})
    for name, unit in (("orders", 1.0), ("revenue", CENTS)):
        sums = np.stack([_binned(outcome, name, starts, every) for outcome in outcomes]) / unit
        frame[name] = sums.mean(axis=0)
        frame[f"{name}_p05"], frame[f"{name}_p95"] = _quantiles(sums)
    return frame


def _binned(outcome: Outcome, name: str, starts: np.ndarray, every: int) -> np.ndarray:
    days = outcome.daily[: starts[-1] + every, :, DAY[name]].sum(axis=1)
    return np.add.reduceat(days, starts)


def _quantiles(sums: Floats) -> tuple[Floats, Floats]:
    if len(sums) < 2:
        blank = np.full(sums.shape[1], np.nan)
        return blank, blank
    low, high = np.quantile(sums, (0.05, 0.95), axis=0)
    return low, high


QUINTILES = 5


def by_bond(outcomes: Sequence[Outcome], program: Program) -> pd.DataFrame:
    """The told cohort by affective commitment, as they left or at the horizon: fifths of it, the weakest bond first.

    ``quintile``; ``affective`` and ``trust`` on average; ``customers`` per replication; ``retention``; ``orders``
    per customer and life so far, the warm-up included; ``worth`` of these at the customer's own order value, in
    currency (before discounts). What goes with a bond is not what a stronger bond would do: both have common causes.
    """
    fifths = [_fifths(View(outcome, program)) for outcome in outcomes]
    table = pd.concat(fifths).groupby("quintile").mean()
    return table.reset_index()


def _fifths(view: View) -> pd.DataFrame:
    affective = view.column("affective")[view.cohort]
    order = np.argsort(affective, kind="stable")
    places = np.empty(order.size, dtype=int)
    places[order] = np.arange(order.size) * QUINTILES // max(1, order.size) + 1
    orders = view.column("n_order")[view.cohort].astype(float)
    facts = pd.DataFrame(
        {
            "quintile": places,
            "affective": affective.astype(float),
            "trust": view.column("trust")[view.cohort].astype(float),
            "customers": 1.0,
            "retention": view.alive[view.cohort].astype(float),
            "orders": orders,
            "worth": orders * view.column("spend")[view.cohort],
        }
    )
    grouped = facts.groupby("quintile")
    return grouped.mean().assign(customers=grouped["customers"].sum()).reset_index()


Frame = Callable[["Sequence[Outcome]", "Program"], pd.DataFrame]
FRAMES: dict[str, Frame] = {
    "balance": balance,
    "balance_by_touchpoint": balance_by_touchpoint,
    "balance_by_engagement": balance_by_engagement,
    "by_bond": by_bond,
    "funnel": funnel,
    "waits": waits,
    "over_time": over_time,
}
