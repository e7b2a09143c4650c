"""The KPIs: one registry with unit and formula, computed from an ``Outcome`` alone (never the log).

``kpis`` gives the numbers of one replication, ``summary`` what several replications say together.
A KPI that has no meaning in a scenario (waits without staff), or no value in a replication (order
value without orders), is absent rather than NaN. ``docs/kpis.md`` shows the registry to users.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from sim.analysis.view import CENTS, MINUTES, YEAR, Floats, View
from sim.model.layout import (
    ACTED,
    ASKED,
    CES,
    CLOSED,
    CSAT,
    DAY,
    FAILED,
    MILLION,
    NOT_RENEWED,
    NPS,
    OK,
    QUESTIONS,
    SCORES,
    SOLD_OUT,
)  # fmt: skip
from sim.model.lifecycle import ADOPTING, LAPSED, LOST, LOYAL, NEW, WON_BACK

if TYPE_CHECKING:
    from sim.engine.outcome import Outcome
    from sim.engine.program import Program

Value = float | None
Condition = Callable[[View], bool]


def _always(_: View) -> bool:
    return True


def _lasting(view: View) -> bool:
    """Customers with a relationship, not one-shot visitors."""
    return not view.program.one_shot


def _contractual(view: View) -> bool:
    return view.program.contractual


def _reconsidering(view: View) -> bool:
    return _lasting(view) and not view.program.contractual


def _needing(view: View) -> bool:
    return bool(np.isfinite(view.outcome.people["need_gap"]).any())


def _feeling(view: View) -> bool:
    return view.has_feelings


def _bonding(view: View) -> bool:
    return view.has_feelings and _lasting(view)


def _staffed(view: View) -> bool:
    return len(view.program.pool_names) > 0


def _stocked(view: View) -> bool:
    return len(view.program.stocks) > 0


def _campaigning(view: View) -> bool:
    return len(view.program.campaign_names) > 0


def _winning_back(view: View) -> bool:
    return _lasting(view) and view.program.wins_back


def _carded(view: View) -> bool:
    return len(view.program.programme_names) > 0


def _networked(view: View) -> bool:
    return view.has_feelings and view.program.networked


def _reviewed(view: View) -> bool:
    return view.review_signals.size > 0


def _ratio(above: float, below: float) -> Value:
    return above / below if below > 0 else None


def _how_many(which: np.ndarray) -> int:
    return int(np.count_nonzero(which))


def _mean(values: np.ndarray) -> Value:
    return float(values.mean(dtype=np.float64)) if values.size else None


def _active(view: View) -> Value:
    return _mean(view.recent[view.cohort])


def _stands(stage: int) -> Callable[[View], Value]:
    return lambda view: _mean(view.stage == stage)


def _renewals_refused(view: View) -> Value:
    refused = _how_many((view.column("reason") == NOT_RENEWED) & ~view.alive)
    refused += _how_many(view.absences["reason"] == NOT_RENEWED)
    return _ratio(refused, view.total("reconsidered"))


def _brand_choice(view: View) -> Value:
    return _ratio(view.total("needs") - view.total("declined"), view.total("needs"))


def _cost(view: View) -> float:
    return view.money("cost") + view.wages + view.program.fixed_cost / CENTS


def _profit(view: View) -> float:
    return view.money("margin") - _cost(view)


def _programme_cost(view: View) -> float:
    setup = sum(programme.costs.setup for programme in view.program.scenario.loyalty.values())
    return view.carded("spent") / CENTS + setup


def _clv(view: View) -> Value:
    net = view.booked[:, DAY["margin"]] - view.booked[:, DAY["cost"]]
    days = np.arange(net.size) + 0.5
    factor = (1.0 + view.program.discount_rate) ** (-days / YEAR)
    return _ratio(float(net @ factor) / CENTS, view.count)


def _at_the_end(field: str) -> Callable[[View], Value]:
    return lambda view: _mean(view.column(field)[view.alive])


def _bound_by(which: int) -> Callable[[View], Value]:
    return lambda view: _mean(view.commitment(which)[view.alive])


def _failure_rate(view: View) -> Value:
    failed = view.touched(FAILED)
    return _ratio(failed, failed + view.touched(OK))


def _published(view: View) -> Value:
    rows = view.outcome.signals
    each = [rows[rows["signal"] == signal] for signal in view.review_signals]
    return _mean(np.array([mine["value"][np.argmax(mine["t"])] for mine in each if mine.size]))


def _asking(question: SupportsIndex) -> Condition:
    """Whether the question was put to anybody at all, in whatever segment."""
    return lambda view: (
        bool(view.outcome.answered[:, question, ASKED].sum()) if len(view.outcome.answered) else False
    )


def _any_asking(view: View) -> bool:
    return any(_asking(question)(view) for question in range(len(QUESTIONS)))


def _acting(view: View) -> bool:
    """Whether a survey that is put to anybody promises something."""
    return _any_asking(view) and bool((view.program.static["surveys"]["acts_on"] >= 0.0).any())


def _mean_score(question: SupportsIndex) -> Callable[[View], Value]:
    def mean(view: View) -> Value:
        scores = view.answered(question)[:SCORES]
        return _ratio(float(np.arange(SCORES) @ scores), float(scores.sum()))

    return mean


def _share_of_scores(question: SupportsIndex, low: int, high: int) -> Callable[[View], Value]:
    def share(view: View) -> Value:
        scores = view.answered(question)[:SCORES]
        return _ratio(float(scores[low : high + 1].sum()), float(scores.sum()))

    return share


def _nps(view: View) -> Value:
    promoters, detractors = (_share_of_scores(NPS, *ends)(view) for ends in ((9, 10), (0, 6)))
    return None if promoters is None or detractors is None else 100.0 * (promoters - detractors)


def _acted_on(view: View) -> float:
    return float(sum(view.answered(question)[ACTED] for question in range(len(QUESTIONS))))


def _hazard_lost(view: View) -> Value:
    lost = float(view.outcome.hazard_lost)
    return 0.0 if lost == 0.0 else _ratio(lost, view.left)


@dataclass(frozen=True)
class Kpi:
    """One KPI: its unit, its formula in words, which direction is better, and how it is computed.

    ``unit`` may name ``currency``, which stands for the scenario's own. ``better`` is ``"high"``,
    ``"low"`` or ``""`` (depends). ``when`` says in which scenarios it has a meaning; ``whole`` marks
    what cannot be split by segment (shared staff, wages, published signals).
    """

    unit: str
    formula: str
    better: str
    group: str
    value: Callable[[View], Value]
    when: Condition = _always
    whole: bool = False


KPIS: dict[str, Kpi] = {
    "customers": Kpi(
        "customers", "people who were customers at some moment of the run", "high", "customers",
        lambda v: v.count,
    ),
    "entered": Kpi(
        "customers", "people who became customers during the run", "high", "customers",
        lambda v: _how_many(~v.founding),
    ),
    "left": Kpi(
        "customers", "times that a customer left during the run", "low", "customers",
        lambda v: v.left, _lasting,
    ),
    "returned": Kpi(
        "customers", "times that a customer came back after having left", "high", "customers",
        lambda v: len(v.absences), _winning_back,
    ),
    "retention": Kpi(
        "share", "customers of day 0 who have not left at the horizon (or are back) / customers of day 0; where nobody "
        "was a customer on day 0, of all who entered", "high", "customers",
        lambda v: _mean(v.alive[v.cohort]), _lasting,
    ),
    "retention_active": Kpi(
        "share", "customers of the same cohort whose last order is no older than active_if at the horizon / "
        "customers of the cohort", "high", "customers",
        _active, _lasting,
    ),
    "churn_per_year": Kpi(
        "per year", "left / customer-years lived as a customer within the run (a hazard: h means "
        "1 - exp(-h) leave within a year)", "low", "customers",
        lambda v: _ratio(v.left, v.exposure), _lasting,
    ),
    "churn_per_renewal": Kpi(
        "share", "customers who did not renew / renewals that came up", "low", "customers",
        _renewals_refused, _contractual,
    ),
    "hazard_lost": Kpi(
        "share", "leaving hazard above the cap that could not be acted on / left; above 0.01 declare "
        "more moments to reconsider", "low", "customers",
        _hazard_lost, _reconsidering, whole=True,
    ),
    "needs": Kpi(
        "needs", "needs for the category, wherever they went; they arise at the rate needs.mean / usually "
        "(absorbed needs not counted)", "", "orders",
        lambda v: v.total("needs"), _needing,
    ),
    "brand_choice": Kpi(
        "share", "needs that became visits (the brand was chosen) / needs", "high", "orders",
        _brand_choice, _needing,
    ),
    "absorbed_needs": Kpi(
        "needs", "needs that arose while an earlier one was still being served", "", "orders",
        lambda v: v.total("absorbed"), _needing,
    ),
    "orders": Kpi(
        "orders", "orders placed (in a contract: payments)", "high", "orders",
        lambda v: v.total("orders"),
    ),
    "repeat_orders": Kpi(
        "orders", "orders after a customer's first; whoever was there on day 0 has ordered before: all orders "
        "of theirs", "high", "orders",
        lambda v: v.total("repeat_orders"), _lasting,
    ),
    "repeat_rate": Kpi(
        "share", "customers with at least 2 orders in their life so far / customers", "high", "orders",
        lambda v: _mean(v.column("n_order") >= 2), _lasting,
    ),
    "orders_per_customer_year": Kpi(
        "orders per year", "orders / customer-years lived as a customer within the run", "high", "orders",
        lambda v: _ratio(v.total("orders"), v.exposure), _lasting,
    ),
    "average_order_value": Kpi(
        "currency per order", "revenue / orders", "high", "orders",
        lambda v: _ratio(v.money("revenue"), v.total("orders")),
    ),
    "revenue": Kpi(
        "currency", "sum of what orders were paid", "high", "money",
        lambda v: v.money("revenue"),
    ),
    "margin": Kpi(
        "currency", "sum over orders of revenue - cost of the goods", "high", "money",
        lambda v: v.money("margin"),
    ),
    "cost": Kpi(
        "currency", "touches + gifts and messages of campaigns + cards and rewards of loyalty programmes + "
        "answers acted on + wages + fixed_cost",
        "low", "money",
        _cost, whole=True,
    ),
    "wages": Kpi(
        "currency", "staff on duty x wage x opening hours", "low", "money",
        lambda v: v.wages, _staffed, whole=True,
    ),
    "fixed_cost": Kpi(
        "currency", "what is paid whatever happens, wages aside: setting up campaigns, programmes and touchpoints, "
        "training, running costs, bought reviews", "low", "money",
        lambda v: v.program.fixed_cost / CENTS, lambda v: v.program.fixed_cost > 0, whole=True,
    ),
    "profit": Kpi(
        "currency", "margin - cost", "high", "money",
        _profit, whole=True,
    ),
    "profit_per_customer": Kpi(
        "currency per customer", "profit / customers", "high", "money",
        lambda v: _ratio(_profit(v), v.count), whole=True,
    ),
    "clv": Kpi(
        "currency per customer", "over the horizon only: sum over days of (margin - cost of touches, gifts, "
        "messages, cards and rewards) x (1 + discount_rate)^(-(day + 0.5) / 365) / customers", "high", "money",
        _clv, _lasting,
    ),
    "new_share": Kpi(
        "share", "customers at the horizon with at most 1 order, no longer ago than active_if / customers", "",
        "lifecycle", _stands(NEW), _lasting,
    ),
    "adopting_share": Kpi(
        "share", "customers at the horizon with 2 or 3 orders, the last no longer ago than active_if / customers", "",
        "lifecycle", _stands(ADOPTING), _lasting,
    ),
    "loyal_share": Kpi(
        "share", "customers at the horizon with 4 orders or more, the last no longer ago than active_if / customers",
        "high", "lifecycle", _stands(LOYAL), _lasting,
    ),
    "lapsed_share": Kpi(
        "share", "customers at the horizon without an order for active_if / customers", "low",
        "lifecycle", _stands(LAPSED), _lasting,
    ),
    "lost_share": Kpi(
        "share", "customers at the horizon whose contract has ended, without contracts those without an order for "
        "twice active_if / customers", "low", "lifecycle", _stands(LOST), _lasting,
    ),
    "won_back_share": Kpi(
        "share", "customers at the horizon who are there again after having been lost / customers", "",
        "lifecycle", _stands(WON_BACK), _lasting,
    ),
    "touches": Kpi(
        "touches", "touches of any outcome", "", "experience",
        lambda v: v.touched(),
    ),
    "valence": Kpi(
        "-1..1", "mean over touches of how good or bad the touch felt", "high", "experience",
        lambda v: _ratio(v.total("valence") / MILLION, v.total("touches")), _feeling,
    ),
    "mood": Kpi(
        "-1..1", "mean over touches of the mood after it (good - bad emotions)", "high", "experience",
        lambda v: v.felt(2) if v.touched() else None, _feeling, whole=True,
    ),
    "satisfaction": Kpi(
        "-1..1", "mean satisfaction of the customers alive at the horizon", "high", "experience",
        _at_the_end("satisfaction"), _bonding,
    ),
    "trust": Kpi(
        "0..1", "mean trust of the customers alive at the horizon", "high", "experience",
        _at_the_end("trust"), _bonding,
    ),
    "affective_commitment": Kpi(
        "0..1", "mean affective commitment of the customers alive at the horizon", "high", "experience",
        _at_the_end("affective"), _bonding,
    ),
    "normative_commitment": Kpi(
        "0..1", "mean normative commitment of the customers alive at the horizon", "high", "experience",
        _at_the_end("normative"), _bonding,
    ),
    "economic_commitment": Kpi(
        "0..1", "mean economic commitment of the customers alive at the horizon: what leaving would cost them", "",
        "experience", _bound_by(0), _bonding,
    ),
    "forced_commitment": Kpi(
        "0..1", "mean forced commitment of the customers alive at the horizon: no alternative is known", "low",
        "experience", _bound_by(1), _bonding,
    ),
    "habitual_commitment": Kpi(
        "0..1", "mean habitual commitment of the customers alive at the horizon", "high", "experience",
        _bound_by(2), _bonding,
    ),
    "grievance": Kpi(
        "0..1", "mean grievance of the customers alive at the horizon: failures that nobody made good", "low",
        "experience", _at_the_end("grievance"), _bonding,
    ),
    "failure_rate": Kpi(
        "share", "failed touches / touches served (ok or failed)", "low", "experience",
        _failure_rate,
    ),
    "closed_share": Kpi(
        "share", "touches that met closed doors / touches", "low", "service",
        lambda v: _ratio(v.touched(CLOSED), v.touched()), _staffed,
    ),
    "sold_out_share": Kpi(
        "share", "touches that found the stock empty / touches", "low", "service",
        lambda v: _ratio(v.touched(SOLD_OUT), v.touched()), _stocked,
    ),
    "wait_mean": Kpi(
        "minutes", "time spent waiting for staff / requests for staff", "low", "service",
        lambda v: _ratio(v.staffed("wait") * MINUTES, v.staffed("requests")), _staffed, whole=True,
    ),
    "waited_share": Kpi(
        "share", "requests for staff that had to wait / requests for staff", "low", "service",
        lambda v: _ratio(v.staffed("waited"), v.staffed("requests")), _staffed, whole=True,
    ),
    "abandonment": Kpi(
        "share", "requests for staff given up while waiting / requests for staff", "low", "service",
        lambda v: _ratio(v.staffed("gave_up"), v.staffed("requests")), _staffed, whole=True,
    ),
    "reviews": Kpi(
        "reviews", "reviews written", "", "word",
        lambda v: v.total("reviews"), _reviewed,
    ),
    "reviews_average": Kpi(
        "stars", "review average as last published (mean over review signals)", "high", "word",
        _published, _reviewed, whole=True,
    ),
    "told": Kpi(
        "friends", "times that a customer told a friend of a touch, in praise or warning", "", "word",
        lambda v: v.total("told"), _networked,
    ),
    "referrals": Kpi(
        "customers", "people who became customers on a friend's word", "high", "word",
        lambda v: v.total("referred"), _networked,
    ),
    "referred_share": Kpi(
        "share", "referrals / people who became customers during the run", "high", "word",
        lambda v: _ratio(v.total("referred"), _how_many(~v.founding)), _networked,
    ),
    "k_factor": Kpi(
        "customers per customer", "referrals / people who were customers at some moment of the run", "high", "word",
        lambda v: _ratio(v.total("referred"), v.count), _networked,
    ),
    "gifts": Kpi(
        "gifts", "gifts handed over by campaigns", "", "word",
        lambda v: v.total("gifts"), _campaigning,
    ),
    "messages": Kpi(
        "messages", "messages sent by campaigns", "", "word",
        lambda v: v.total("messages"), _campaigning,
    ),
    "message_pressure": Kpi(
        "messages", "mean over the customers alive at the horizon of the messages met lately (half-life "
        "pressure_half_life)", "low", "word", _at_the_end("pressure"), lambda v: _bonding(v) and _campaigning(v),
    ),
    "opted_out": Kpi(
        "customers", "customers who opted out of messages during the run", "low", "word",
        lambda v: v.total("opted_out"), _campaigning,
    ),
    "joined": Kpi(
        "customers", "customers who joined a loyalty programme during the run (of several programmes: each)", "",
        "loyalty", lambda v: v.total("joined"), _carded,
    ),
    "members": Kpi(
        "customers", "members of loyalty programmes at the horizon who have not left", "", "loyalty",
        lambda v: v.carded("members"), _carded, whole=True,
    ),
    "rewards": Kpi(
        "rewards", "rewards redeemed", "", "loyalty",
        lambda v: v.total("redeemed"), _carded,
    ),
    "redemption_rate": Kpi(
        "share", "points redeemed / points issued, head starts included", "", "loyalty",
        lambda v: _ratio(v.carded("redeemed"), v.carded("issued")), _carded, whole=True,
    ),
    "breakage": Kpi(
        "share", "points that lapsed / points that lapsed or were redeemed", "", "loyalty",
        lambda v: _ratio(v.carded("lapsed"), v.carded("lapsed") + v.carded("redeemed")), _carded, whole=True,
    ),
    "programme_cost": Kpi(
        "currency", "loyalty programmes: set-up + cards + rewards, which cost what they are said to and the margin "
        "of what they paid for", "low", "loyalty",
        _programme_cost, _carded, whole=True,
    ),
    "nps": Kpi(
        "points", "net promoter score: 100 x (answers of 9 or 10 - answers of 6 or less) / answers", "high",
        "answers",
        _nps, _asking(NPS),
    ),
    "csat": Kpi(
        "1..5", "mean answer to how satisfied one is", "high", "answers",
        _mean_score(CSAT), _asking(CSAT),
    ),
    "csat_satisfied": Kpi(
        "share", "answers of 4 or 5 to how satisfied one is / answers", "high", "answers",
        _share_of_scores(CSAT, 4, 5), _asking(CSAT),
    ),
    "ces": Kpi(
        "1..7", "mean answer to how hard it was (7: hardest)", "low", "answers",
        _mean_score(CES), _asking(CES),
    ),
    "response_rate": Kpi(
        "share", "surveys answered / surveys put to customers", "", "answers",
        lambda v: _ratio(v.total("answered"), v.total("asked")), _any_asking,
    ),
    "answers_acted_on": Kpi(
        "answers", "bad answers that somebody acted on (NPS 6 or less, CSAT 2 or less, CES 5 or more)", "", "answers",
        _acted_on, _acting,
    ),
}  # fmt: skip

WINDOWED: dict[str, Kpi] = {
    "orders": Kpi("orders", "orders placed from day `from` until day `to` of the window (whole days)",
                  "high", "windows", KPIS["orders"].value),
    "repeat_orders": Kpi("orders", "repeat orders placed from day `from` until day `to` of the window",
                         "high", "windows", KPIS["repeat_orders"].value),
    "revenue": Kpi("currency", "revenue from day `from` until day `to` of the window",
                   "high", "windows", KPIS["revenue"].value),
    "churn_per_year": Kpi("per year", "left from day `from` until day `to` / customer-years lived as a customer "
                          "between them", "low", "windows", KPIS["churn_per_year"].value, _lasting),
}  # fmt: skip


def definition(name: str) -> Kpi:
    """The registry entry of a KPI, also of one of a window (``orders_w1_39``). ``KeyError`` if none."""
    if name in KPIS:
        return KPIS[name]
    for prefix in sorted(WINDOWED, key=len, reverse=True):
        if name.startswith(prefix + "_"):
            return WINDOWED[prefix]
    raise KeyError(name)


def kpis(
    outcome: Outcome, program: Program, segment: int | None = None, wanted: Container[str] = KPIS
) -> dict[str, float]:
    """The KPIs of one replication, of everybody or of one segment (its number); those of windows, and those ``wanted``.

    What has no meaning here is absent; so is, for a segment, what cannot be split.
    """
    view = View(outcome, program, segment)
    open_ = ((name, kpi) for name, kpi in KPIS.items() if name in wanted and kpi.when(view))
    asked = (name for name, kpi in open_ if not (kpi.whole and segment is not None))
    values = [(name, KPIS[name].value(view)) for name in asked]
    values += list(_windows(view))
    return {name: float(value) for name, value in values if value is not None}


def _windows(view: View) -> Iterable[tuple[str, Value]]:
    """What happened in each window; one that ends after the horizon has no value."""
    for window, (start, end) in view.program.windows.items():
        first, last = round(start), round(end)
        if last <= view.booked.shape[0]:
            sums = view.booked[first:last].sum(axis=0)
            yield f"orders_{window}", int(sums[DAY["orders"]])
            yield f"repeat_orders_{window}", int(sums[DAY["repeat_orders"]])
            yield f"revenue_{window}", int(sums[DAY["revenue"]]) / CENTS
            if _lasting(view):
                yield f"churn_per_year_{window}", _ratio(*view.churn(first, last))


def by_segment(outcome: Outcome, program: Program) -> dict[str, dict[str, float]]:
    """``kpis`` of each segment, by its name."""
    return {name: kpis(outcome, program, k) for k, name in enumerate(program.segment_names)}


RANGES: dict[str, tuple[float, float]] = {
    "share": (0.0, 1.0),
    "0..1": (0.0, 1.0),
    "-1..1": (-1.0, 1.0),
    "stars": (0.0, 5.0),
    "points": (-100.0, 100.0),
    "1..5": (1.0, 5.0),
    "1..7": (1.0, 7.0),
}  # of units; money has none, everything else is counted or measured from 0


def within(unit: str, mean: float, bound: float | None) -> float | None:
    """A bound of an interval round ``mean``, cut off where values of the unit end."""
    if bound is None or unit.startswith("currency"):
        return bound
    bottom, top = RANGES.get(unit, (0.0, np.inf))
    return max(bound, min(bottom, mean)) if bound < mean else min(bound, max(top, mean))


def interval(values: Floats) -> tuple[float, float | None, float | None]:
    """Mean and its 95 % interval by Student's t over replications; no interval from one value."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, None, None
    from scipy.special import stdtrit

    error = float(np.std(values, ddof=1)) / len(values) ** 0.5
    half = float(stdtrit(len(values) - 1, 0.975)) * error
    return mean, mean - half, mean + half


def summary(rows: Sequence[Mapping[str, float]], currency: str = "currency") -> dict[str, dict[str, Any]]:
    """What replications say together: ``{name: {mean, low, high, p05, p95, unit, n}}``.

    ``low`` and ``high`` bound the mean (95 %, Student's t, cut off where values of the unit end; None
    with a single value), ``p05`` and ``p95`` are quantiles over replications, ``n`` is the number of
    replications in which the KPI has a value: below ``len(rows)``, all the others speak of those
    replications only.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    rank = {name: k for k, name in enumerate(KPIS)}
    names.sort(key=lambda name: rank.get(name, len(rank)))
    return {name: _summarise(name, [row[name] for row in rows if name in row], currency) for name in names}


def _summarise(name: str, values: list[float], currency: str) -> dict[str, Any]:
    array = np.asarray(values, dtype=np.float64)
    mean, low, high = interval(array)
    p05, p95 = (float(q) for q in np.quantile(array, (0.05, 0.95)))
    unit = definition(name).unit
    low, high = within(unit, mean, low), within(unit, mean, high)
    unit = unit.replace("currency", currency)
    return {"mean": mean, "low": low, "high": high, "p05": p05, "p95": p95, "unit": unit, "n": len(values)}
