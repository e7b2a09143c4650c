"""A1: what customers share. Visitors come once, to staff or a stage; times are in minutes, service takes one."""

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from sim.model.layout import GAVE_UP
from sim.verification import exact
from sim.verification.bench import MINUTE, Bench, Identity, Limit, Observations, Sample, quantity

RUNS = 40  # replications of a queue: waits of one run are correlated
SURPLUS = "P(give up) - theta x mean wait"
EXPONENTIAL = {"exponential": {"mean": "1 min"}}


# ---------------------------------------------------------------- scenarios
def visitors(rate: str, horizon: str, **rest: Any) -> dict[str, Any]:
    """A Poisson stream of visitors without feelings, each of whom goes through the journey `visit` once."""
    stream = {"stream": {"rate": rate}}
    return {"name": "visitors", "horizon": horizon, "psychology": "off", "enters": stream} | rest


def desk(
    servers: int, rate: float, minutes: float, service: Any = EXPONENTIAL, patience: Any = None
) -> dict[str, Any]:
    """One pool of staff, first come first served."""
    staff = {"pool": "clerks", "service": service} | ({} if patience is None else {"patience": patience})
    return visitors(
        f"{rate} per min",
        f"{minutes} min",
        staff={"clerks": {"servers": servers}},
        touchpoints={"desk": {"staff": staff}},
        journeys={"visit": {"starts_on": {"entry": {"becomes": "desk"}}, "steps": {"desk": {"next": "end"}}}},
    )


def two_classes(rates: tuple[float, float], minutes: float) -> dict[str, Any]:
    """One server; those who are urgent are served before those who are not, nobody is interrupted."""

    def staff(priority: int) -> dict[str, Any]:
        return {"staff": {"pool": "clerks", "service": EXPONENTIAL, "priority": priority}}

    ways = {"urgent": rates[0], "calm": rates[1]}
    return visitors(
        f"{sum(rates)} per min",
        f"{minutes} min",
        staff={"clerks": {"servers": 1}},
        touchpoints={"door": {}, "urgent": staff(0), "calm": staff(1)},
        journeys={
            "visit": {
                "starts_on": {"entry": {"becomes": "door"}},
                "steps": {"door": {"next": ways}, "urgent": {"next": "end"}, "calm": {"next": "end"}},
            }
        },
    )


def stage(rate: float, stay: Any, days: float) -> dict[str, Any]:
    """A stage between two touches, in which each customer stays for a time of his own."""
    return visitors(
        f"{rate} per d",
        f"{days} d",
        touchpoints={"comes": {}, "goes": {}},
        journeys={
            "visit": {
                "starts_on": {"entry": {"becomes": "comes"}},
                "steps": {"comes": {"next": {"goes": {"after": stay}}}, "goes": {"next": "end"}},
            }
        },
    )


# ---------------------------------------------------------------- staff, one row a visitor
class Visits:
    """Arrival, wait and fate of every visitor of one run who was done by its end, in order of arrival."""

    def __init__(self, sample: Sample, touchpoint: str | None = None):
        touches = sample.touches if touchpoint is None else sample.touches[sample.at(touchpoint)]
        who = touches["customer"] - sample.people["id"][0]
        self.arrival = np.asarray(sample.people["t_entry"]) / MINUTE
        self.wait = np.full(len(self.arrival), np.nan)
        self.wait[who] = touches["wait"] / MINUTE
        self.gave_up = np.zeros(len(self.arrival), bool)
        self.gave_up[who] = touches["outcome"] == GAVE_UP

    def in_line(self, begin: float, end: float) -> float:
        """Mean number in line between two times, from the waits that overlap."""
        until = np.minimum(self.arrival + self.wait, end)
        overlap = np.maximum(0.0, until - np.maximum(self.arrival, begin))
        return float(np.nansum(overlap)) / (end - begin)


class Plan:
    """How long a run must be so that `count` visitors come after the queue has forgotten its empty start."""

    def __init__(self, rate: float, relaxation: float, count: int):
        self.rate, self.count = rate, count
        self.settled = 8.0 * relaxation + 20.0
        self.first = math.ceil(rate * self.settled)
        self.end = (self.first + count) / rate
        slack = 6.0 * math.sqrt(self.first + count) / rate  # visitors may come late
        self.minutes = self.end + slack + self.settled  # and all of them must be done

    @property
    def window(self) -> slice:
        """The visitors that count: a fixed number of them, so that the mean is no ratio."""
        return slice(self.first, self.first + self.count)


def relaxation(servers: int, rate: float) -> float:
    """Time in which M/M/c forgets, in services: 1 / (c (1 - sqrt(rho))^2)."""
    return 1.0 / (servers * (1.0 - math.sqrt(rate / servers)) ** 2)


def waits(
    bench: Bench, servers: int, rate: float, count: int, service: Any = EXPONENTIAL, cv2: float = 1.0
) -> Observations:
    """P(wait), mean wait and P(wait > 1) of every run."""
    plan = Plan(rate, relaxation(servers, rate) * max(1.0, (1.0 + cv2) / 2.0), bench.size(count // RUNS, 200))
    seen = []
    for sample in bench.samples(desk(servers, rate, plan.minutes, service), RUNS):
        wait = Visits(sample).wait[plan.window]
        seen.append((np.mean(wait > 0.0), np.mean(wait), np.mean(wait > 1.0)))
    return _columns(("P(wait)", "mean wait", "P(wait > 1)"), seen)


def _columns(names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Observations:
    return {
        name: np.array(column, float) for name, column in zip(names, zip(*rows, strict=True), strict=True)
    }


def mmc(servers: int, rate: float, count: int, tail: bool) -> Limit:
    """M/M/c against Erlang C."""
    c, wait = exact.erlang_c(servers, rate), exact.wait_mmc(servers, rate)
    pooled = exact.wait_mg1(rate / servers, 1.0, 1.0) / servers
    found = [
        quantity("P(wait)", c, 1.1 * c, "10 % more")
        if servers == 1
        else quantity("P(wait)", c, rate / servers, "rho"),
        quantity(
            "mean wait", wait, *((0.5 * wait, "M/D/1") if servers == 1 else (pooled, "one fast server"))
        ),
    ]
    if tail:
        mistake = (exact.erlang_c(servers, rate), "P(wait)")
        found.append(quantity("P(wait > 1)", exact.wait_tail_mmc(servers, rate, 1.0), *mistake))
    name = f"M/M/{servers}, rho = {rate / servers:.3g}"
    return Limit("A1", name, tuple(found), partial(waits, servers=servers, rate=rate, count=count))


def mg1(name: str, service: Any, cv2: float, count: int) -> Limit:
    """M/G/1 at rho = .8 against Pollaczek and Khinchine."""
    wait, memoryless = exact.wait_mg1(0.8, 1.0, cv2), exact.wait_mg1(0.8, 1.0, 1.0)
    found = (quantity("mean wait", wait, memoryless, "M/M/1"),)
    observe = partial(waits, servers=1, rate=0.8, count=count, service=service, cv2=cv2)
    return Limit("A1", f"{name}, rho = 0.8", found, observe)


def impatience(bench: Bench, servers: int, rate: float, patience: float, count: int) -> Observations:
    """What becomes of those who give up, run by run."""
    plan = Plan(rate, 5.0, bench.size(count // RUNS, 200))
    data = desk(servers, rate, plan.minutes, patience={"exponential": {"mean": f"{patience} min"}})
    seen = []
    for sample in bench.samples(data, RUNS):
        visits = Visits(sample)
        waited, gave_up = np.mean(visits.wait[plan.window] > 0.0), np.mean(visits.gave_up[plan.window])
        line = visits.in_line(plan.settled, plan.end)
        surplus = gave_up - np.mean(visits.wait[plan.window]) / patience
        seen.append((waited, gave_up, line, surplus))
    return _columns(("P(wait)", "P(give up)", "mean number in line", SURPLUS), seen)


def erlang_a(rate: float, count: int) -> Limit:
    """M/M/10+M, patience of mean 2, against Erlang A."""
    solved = exact.erlang_a(10, rate, 0.5)
    blocked = exact.erlang_b(10, rate)
    found = (
        quantity("P(wait)", solved["wait"], blocked, "Erlang B"),
        quantity("P(give up)", solved["abandon"], blocked, "Erlang B"),
        quantity("mean number in line", solved["queue"], 1.15 * solved["queue"], "15 % more"),
        quantity(SURPLUS, 0.0, 0.1 * solved["abandon"], "10 % of P(give up)"),
    )
    observe = partial(impatience, servers=10, rate=rate, patience=2.0, count=count)
    return Limit("A1", f"M/M/10+M, {rate:g} come in a service, patience 2", found, observe)


def losses(bench: Bench, count: int) -> Observations:
    """Nobody has any patience: whoever finds all servers busy goes away."""
    plan = Plan(8.0, 2.0, bench.size(count // RUNS, 200))
    data = desk(10, 8.0, plan.minutes, {"gamma": {"mean": "1 min", "cv": 0.5}}, patience=0)
    return {
        "P(all busy)": np.array(
            [np.mean(Visits(sample).gave_up[plan.window]) for sample in bench.samples(data, RUNS)]
        )
    }


ERLANG_B = Limit(
    "A1",
    "M/G/10/10, 8 come in a service",
    (quantity("P(all busy)", exact.erlang_b(10, 8.0), exact.erlang_c(10, 8.0), "Erlang C"),),
    partial(losses, count=400_000),
)


def priorities(bench: Bench, rates: tuple[float, float], count: int) -> Observations:
    """Mean waits of both classes, and the sum that no order of service can change."""
    plan = Plan(sum(rates), relaxation(1, sum(rates)), bench.size(count // RUNS, 200))
    seen = []
    for sample in bench.samples(two_classes(rates, plan.minutes), RUNS):
        urgent, calm = (np.nanmean(Visits(sample, name).wait[plan.window]) for name in ("urgent", "calm"))
        seen.append((urgent, calm, rates[0] * urgent + rates[1] * calm))
    return _columns(("mean wait, urgent", "mean wait, calm", "sum of rho_i W_i"), seen)


def cobham(rates: tuple[float, float], count: int) -> Limit:
    """Two classes without preemption against Cobham, and Kleinrock's conservation law."""
    urgent, calm = exact.waits_priority(rates)
    together = exact.wait_mg1(sum(rates), 1.0, 1.0)
    found = (
        quantity("mean wait, urgent", urgent, together, "one class"),
        quantity("mean wait, calm", calm, together, "one class"),
        quantity(
            "sum of rho_i W_i", exact.conserved_work(rates), 1.1 * exact.conserved_work(rates), "10 % more"
        ),
    )
    return Limit("A1", "M/M/1, two classes (.3, .4)", found, partial(priorities, rates=rates, count=count))


def little(bench: Bench) -> Observations:
    """Integral of the queue over the sum of the waits, where the line is empty at both ends."""
    data = desk(3, 2.6, bench.size(8_000, 2_880), patience={"exponential": {"mean": "4 min"}})
    data["enters"]["stream"] = {
        "rate": f"{2.6 / 7.0} per min",
        "when": "monday",
    }  # all the week's come on one day
    data["calendars"] = {"monday": {"mon 00:00-24:00": 1}}
    row = bench.sample(data, log=False).outcome.staff[0]
    return {"integral of the line / sum of the waits": row["queue"] / row["wait"]}


LITTLE = Limit(
    "A1",
    "Little's law on one path, M/M/3+M",
    (Identity("integral of the line / sum of the waits", 1.0, 1e-9),),
    little,
)


# ---------------------------------------------------------------- a stage, and arrivals
def inside(sample: Sample, t: float) -> float:
    """How many are in the stage at time t: they have come, and not gone."""
    before = sample.touches[sample.touches["t"] <= t]
    comes = sample.program.touchpoint_names.index("comes")
    return float(np.sum(np.where(before["touchpoint"] == comes, 1.0, -1.0)))


def filling(bench: Bench) -> Observations:
    """The stage 30 days after it was empty: its mean, and its variance in units of the mean."""
    data = stage(5.0, {"exponential": {"mean": "30 d"}}, 31.0)
    mean = exact.in_stage(5.0, lambda u: math.exp(-u / 30.0), 30.0)
    n = np.array([inside(sample, 30.0) for sample in bench.samples(data, bench.size(400, 50))])
    return {"mean number there on day 30": n, "its variance / mean": (n - mean) ** 2 / mean}


FILLING = Limit(
    "A1",
    "M/M/infinity, 5 a day stay 30 days",
    (
        quantity(
            "mean number there on day 30",
            exact.in_stage(5.0, lambda u: math.exp(-u / 30.0), 30.0),
            150.0,
            "stationary",
        ),
        quantity("its variance / mean", 1.0, 2.0, "in pairs"),
    ),
    filling,
)

STAYS: Mapping[str, Any] = {
    "constant": "30 d",
    "lognormal, cv 1.5": {"lognormal": {"mean": "30 d", "cv": 1.5}},
    "gamma, cv 0.5": {"gamma": {"mean": "30 d", "cv": 0.5}},
}


def filled(bench: Bench, stay: Any) -> Observations:
    """The stage after it has settled, 25 a day."""
    data = stage(25.0, stay, 700.0)
    runs = bench.samples(data, bench.size(40, 5))
    settled = [np.mean([inside(sample, t) for t in (520.0, 610.0, 700.0 - 1e-9)]) for sample in runs]
    return {"mean number there": np.array(settled)}


def insensitive(name: str, stay: Any) -> Limit:
    """The stationary number does not depend on the law of the stay (what is left of it on day 520 is < 1e-4)."""
    found = (quantity("mean number there", 25.0 * 30.0, 25.0 * 33.0, "10 % more"),)
    return Limit("A1", f"M/G/infinity, 25 a day stay 30 days ({name})", found, partial(filled, stay=stay))


HOURS = {"mon-fri 09:00-12:00": 3, "mon-fri 12:00-17:00": 1, "sat 10:00-14:00": 2}
WINDOWS = {
    "Monday 9 to 12": (0, 9, 12, 9),
    "Friday 12 to 17": (4, 12, 17, 5),
    "Saturday 10 to 12": (5, 10, 12, 4),
}
_HOURS_WEIGHED = 5 * (3 * 3 + 5 * 1) + 4 * 2
WEEKLY = 70.0


def weeks(bench: Bench) -> Observations:
    """Arrivals in disjoint windows of every week, in units of their exact mean."""
    n = bench.size(2_500, 100)
    data = visitors(
        f"{WEEKLY} per week",
        f"{n} weeks",
        calendars={"open": HOURS},
        touchpoints={"door": {}},
        journeys={"visit": {"starts_on": {"entry": {"becomes": "door"}}, "steps": {"door": {"next": "end"}}}},
    )
    data["enters"]["stream"]["when"] = "open"
    t = bench.sample(data, log=False).people["t_entry"]
    week, day = np.floor(t / 7.0).astype(int), t % 7.0
    seen: dict[str, np.ndarray] = {}
    for name, (weekday, begin, end, weight) in WINDOWS.items():
        chosen = (day >= weekday + begin / 24.0) & (day < weekday + end / 24.0)
        mean = WEEKLY * weight / _HOURS_WEIGHED
        counts = np.bincount(week[chosen], minlength=n)[:n]
        seen[f"{name}: mean"], seen[f"{name}: variance / mean"] = counts, (counts - mean) ** 2 / mean
    return seen


def arrivals() -> Limit:
    """A stream over a weekly calendar against the Poisson law of every window."""
    found = []
    for name, (_, begin, end, weight) in WINDOWS.items():
        found += [
            quantity(
                f"{name}: mean", WEEKLY * weight / _HOURS_WEIGHED, WEEKLY * (end - begin) / 168.0, "no hours"
            ),
            quantity(f"{name}: variance / mean", 1.0, 2.0, "in pairs"),
        ]
    return Limit("A1", "Poisson arrivals over a weekly calendar", tuple(found), weeks)


QUEUES: tuple[Limit, ...] = (
    mmc(1, 0.8, 800_000, tail=True),
    mmc(2, 1.0, 200_000, tail=True),
    mmc(3, 2.0, 300_000, tail=True),
    mmc(5, 4.0, 1_000_000, tail=True),
    mmc(10, 8.0, 600_000, tail=True),
    mmc(20, 18.0, 800_000, tail=False),
    mmc(100, 90.0, 1_000_000, tail=False),
    mg1("M/D/1", "1 min", 0.0, 600_000),
    mg1("M/E2/1", {"gamma": {"mean": "1 min", "cv": math.sqrt(0.5)}}, 0.5, 1_000_000),
    mg1("M/LN/1, cv 1.5", {"lognormal": {"mean": "1 min", "cv": 1.5}}, 2.25, 1_000_000),
    erlang_a(8.0, 600_000),
    erlang_a(12.0, 300_000),
    ERLANG_B,
    cobham((0.3, 0.4), 800_000),
    LITTLE,
    FILLING,
    *(insensitive(name, stay) for name, stay in STAYS.items()),
    arrivals(),
)
