"""A4: journeys as absorbing chains and as Markov chains in continuous time."""

from functools import partial
from typing import Any

import numpy as np

from sim.verification import exact
from sim.verification.bench import Bench, Limit, Observations, Quantity, Sample, quantity
from sim.verification.feelings import linear

Q = np.array([[0.2, 0.5, 0.0, 0.0], [0.0, 0.3, 0.4, 0.1], [0.0, 0.1, 0.4, 0.3], [0.0, 0.0, 0.2, 0.6]])
R = np.array([[0.3, 0.0], [0.2, 0.0], [0.1, 0.1], [0.05, 0.15]])
STAGES, ENDS = ("look", "compare", "ask", "try"), ("lost", "loyal")
SOJOURNS = {"look": 1.0, "compare": 2.0, "ask": 0.5, "try": 3.0}  # days
LAWS: dict[str, Any] = {
    "look": {"gamma": {"mean": "1 d", "cv": 2}},
    "compare": "2 d",
    "ask": {"lognormal": {"mean": "0.5 d", "cv": 1}},
    "try": {"exponential": {"mean": "3 d"}},
}
EXIT = {"end": 1e-12}  # every journey needs a way out; this one nobody takes
SWITCH, HAZARDS, RATES = (0.05, 0.1), (0.001, 0.02), (1.0, 0.2)


def everybody(
    customers: int, days: float, touchpoints: tuple[str, ...], steps: dict[str, Any], **rest: Any
) -> dict:
    """All customers begin the journey at day 0: a campaign sends everybody to its first step, `door`."""
    return {
        "name": "everybody",
        "horizon": f"{days} d",
        "warm_up": 0,
        "psychology": "off",
        "population": {"size": customers},
        "touchpoints": {"door": {}} | {name: {} for name in touchpoints},
        "campaigns": {"start": {"ends": "1 s", "picks": {"every": "1 d"}, "sends": {"touchpoint": "door"}}},
        "journeys": {"way": {"starts_on": {"message": {"of": "start", "becomes": "door"}}, "steps": steps}},
    } | rest


# ---------------------------------------------------------------- the absorbing chain
def chain(customers: int, delays: bool) -> dict[str, Any]:
    """A quarter of the customers begins in each stage; touches `lost` and `loyal` end the journey."""

    def onward(k: int) -> dict[str, Any]:
        after = {"after": LAWS[STAGES[k]]} if delays else {}
        weights = dict(zip(STAGES + ENDS, (*Q[k], *R[k]), strict=True))
        return {name: {"weight": float(w)} | after for name, w in weights.items() if w}

    steps: dict[str, Any] = {"door": {"next": dict.fromkeys(STAGES, 1)}}
    steps |= {name: {"next": onward(k)} for k, name in enumerate(STAGES)}
    steps |= {name: {"next": "end"} for name in ENDS}
    return everybody(customers, 400 if delays else 1, STAGES + ENDS, steps)


class Walks:
    """Where every customer began, steps in the stages, where and when it ended."""

    def __init__(self, sample: Sample):
        n, who, touches = len(sample.people), sample.who, sample.touches
        begins, stages = touches["seq"] == 1, sample.program.touchpoint_names
        place = np.array([(STAGES + ENDS).index(name) if name != "door" else -1 for name in stages])
        at = place[touches["touchpoint"]]
        self.first = np.full(n, -1)
        self.first[who[begins]] = at[begins]
        self.steps = np.bincount(who[(at >= 0) & (at < len(STAGES))], minlength=n)
        ends = at >= len(STAGES)
        self.end, self.days = np.full(n, -1), np.full(n, np.nan)
        self.end[who[ends]], self.days[who[ends]] = at[ends] - len(STAGES), touches["t"][ends]


def absorbed(bench: Bench, delays: bool, customers: int) -> Observations:
    """Steps, their variance, where it ended, and how long it took, by the stage of the beginning."""
    walks = Walks(bench.sample(chain(bench.size(customers), delays)))
    mean, _ = exact.chain_steps(Q)
    seen = {}
    for k, name in enumerate(STAGES):
        chosen = walks.first == k
        seen[f"mean steps from {name}"] = walks.steps[chosen]
        seen[f"variance of steps from {name}"] = (walks.steps[chosen] - mean[k]) ** 2
        seen[f"P(loyal) from {name}"] = walks.end[chosen] == 1
        seen[f"mean days from {name}"] = walks.days[chosen]
    return seen


def absorbing(delays: bool, customers: int) -> Limit:
    """The chain at once, or with delays of any law, which must not change where it ends."""
    mean, variance = exact.chain_steps(Q)
    loyal, days = exact.chain_absorption(Q, R)[:, 1], exact.chain_time(Q, np.array(list(SOJOURNS.values())))
    found: list[Quantity] = []
    for k, name in enumerate(STAGES):
        if delays:
            found.append(quantity(f"mean days from {name}", days[k], days[k] + 0.5, "12 h more"))
        else:
            found.append(quantity(f"mean steps from {name}", mean[k]))
            found.append(
                quantity(f"variance of steps from {name}", variance[k], 1.15 * variance[k], "15 % more")
            )
        found.append(quantity(f"P(loyal) from {name}", loyal[k], 1.1 * loyal[k], "10 % more"))
    name = "absorbing chain with delays of four laws" if delays else "absorbing chain"
    return Limit("A4", name, tuple(found), partial(absorbed, delays=delays, customers=customers))


# ---------------------------------------------------------------- happy and unhappy
def moods(customers: int, days: float) -> dict[str, Any]:
    """Customers switch between calm and upset; an emotion that never fades remembers it and drives them away.

    The touch `upset` adds 1 to it, `relief` takes 1 off, so the hazard is .001 or .02 a day.
    """
    to_upset = {"upset": {"after": {"exponential": {"mean": f"{1 / SWITCH[0]} d"}}}}
    to_relief = {"relief": {"after": {"exponential": {"mean": f"{1 / SWITCH[1]} d"}}}}
    steps = {
        "door": {"next": {"calm": SWITCH[1], "upset": SWITCH[0]}},
        "calm": {"next": to_upset},
        "upset": {"next": to_relief},
        "relief": {"next": to_upset | EXIT},
    }
    data = everybody(customers, days, ("calm", "upset", "relief"), steps)
    data["touchpoints"]["upset"] = {"feels": {"stress": 1}}
    data["touchpoints"]["relief"] = {"feels": {"stress": -1}}
    data["customers"] = {"leaves": f"{HAZARDS[0]} per d", "reconsiders": f"{HAZARDS[1]} per d"}
    return data | {"as_stated": False, "psychology": linear(HAZARDS[1] - HAZARDS[0], "never")}


DAYS = (30, 90, 180, 365)


def leaving(bench: Bench) -> Observations:
    """Who is still there, and for how long they were."""
    people = bench.sample(moods(bench.size(100_000), DAYS[-1] + 1), log=False).people
    seen: dict[str, np.ndarray] = {f"S({t})": people["t_left"] > t for t in DAYS}
    return seen | {LIFE: np.minimum(people["t_left"], DAYS[-1])}


LIFE = f"mean of min(life, {DAYS[-1]})"


def modulated() -> Limit:
    """Markov-modulated leaving from the stationary start."""
    found = []
    average = float(exact.stationary(SWITCH) @ np.array(HAZARDS))
    for t in DAYS:
        survival = exact.modulated_survival(SWITCH, HAZARDS, t)
        mistake = (float(np.exp(-average * t)), "average hazard") if t > 90 else ()
        found.append(quantity(f"S({t})", survival, *mistake))
    found.append(quantity(LIFE, exact.modulated_life(SWITCH, HAZARDS, DAYS[-1])))
    return Limit("A4", "Markov-modulated leaving, by an emotion", tuple(found), leaving)


# ---------------------------------------------------------------- modulated buying
SPANS = (10, 100)


def bursts(customers: int) -> dict[str, Any]:
    """Buying at rate 1 or .2 a day, by a state that switches: an MMPP of each customer, as a chain of touches."""

    def onward(k: int) -> dict[str, Any]:
        rate, switch = RATES[k], SWITCH[k]
        after = {"exponential": {"mean": f"{1 / (rate + switch)} d"}}
        weights = {f"buy_{k}": rate, f"state_{1 - k}": switch}
        return {"next": {name: {"weight": weight, "after": after} for name, weight in weights.items()} | EXIT}

    steps = {"door": {"next": {"state_0": SWITCH[1], "state_1": SWITCH[0]}}}
    steps |= {f"{name}_{k}": onward(k) for k in (0, 1) for name in ("state", "buy")}
    return everybody(customers, SPANS[-1] + 1, ("state_0", "state_1", "buy_0", "buy_1"), steps)


def counted(bench: Bench) -> Observations:
    """Counts in both spans: means, and squared distances from the mean in its units."""
    sample = bench.sample(bursts(bench.size(45_000)))
    buys = sample.at("buy_0") | sample.at("buy_1")
    who, t = sample.who[buys], sample.touches["t"][buys]
    seen: dict[str, np.ndarray] = {}
    for span in SPANS:
        n = np.bincount(who[t <= span], minlength=len(sample.people))
        mean, _ = exact.modulated_counts(SWITCH, RATES, span)
        seen[f"mean count in {span} d"], seen[f"index of dispersion of {span} d"] = n, (n - mean) ** 2 / mean
    return seen


def dispersion() -> Limit:
    """Index of dispersion of a two-state MMPP."""
    found = []
    for span in SPANS:
        mean, index = exact.modulated_counts(SWITCH, RATES, span)
        found.append(quantity(f"mean count in {span} d", mean))
        found.append(quantity(f"index of dispersion of {span} d", index, 1.0, "Poisson"))
    return Limit("A4", "MMPP, rates 1 and .2 a day", tuple(found), counted)


JOURNEYS: tuple[Limit, ...] = (absorbing(False, 100_000), absorbing(True, 100_000), modulated(), dispersion())
