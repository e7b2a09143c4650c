"""How single touches, relationships, habit and time move people: facts 3, 5, 6, 17 and 18."""

from __future__ import annotations

import math

import numpy as np

from sim.facts.fact import Check, Fact, Found, Line, Picture, beyond, jackknife, log_linear
from sim.facts.lab import Lab, Sample

LN2, LN20 = math.log(2.0), math.log(20.0)


# ---------------------------------------------------------------- 3: bad is stronger than good
USUAL, SPREAD = 0.2, 0.3  # mean and standard deviation of a visit's quality in the scenario
STATED = -math.log(0.7) / 365.0  # 30 % leave in a year
RHYTHMS = (2, 4, 7, 14, 30)  # days between visits


def bad_and_good(lab: Lab) -> Found:
    """One touch a standard deviation below or above the usual; what it does to retention over a year.

    The chance to have stayed is that of 7.6 in docs/model.md, given what everybody felt after each touch: nobody
    leaves in the run, so that the chance of leaving itself is no noise.
    """
    ratio, error, lost, won = _asymmetry(lab, {})
    even, even_error, *_ = _asymmetry(lab, {"customers.loss_aversion": 1})
    ratios = [_asymmetry(lab, {"customers.needs": f"1 per {d} d"}, 0.25)[0] for d in RHYTHMS]
    return Found(
        ratio,
        error,
        (
            Check("a bad touch costs customers", lost > 0.0, f"{lost:.2%} of all"),
            Check("a good touch keeps some", won > 0.0, f"{won:.2%} of all"),
            Check(
                "without loss aversion the two weigh about the same",
                abs(even - 1.0) < 0.25 + 2.0 * even_error,
                f"ratio {even:.2f} ± {even_error:.2f}",
            ),
        ),
        {f"ratio with a visit every {d} days": r for d, r in zip(RHYTHMS, ratios, strict=True)},
        Picture(
            "days between visits",
            "customers lost by a bad touch, over customers kept by a good one",
            (Line("ratio", tuple(map(float, RHYTHMS)), tuple(ratios)),),
        ),
    )


def _asymmetry(lab: Lab, common: dict, part: float = 1.0) -> tuple[float, float, float, float]:
    """Lost over won, its error, and both as shares of all."""
    qualities = (USUAL, USUAL - SPREAD, USUAL + SPREAD)
    common = common | {"population.size": lab.size(round(20_000 * part))}
    arms = lab.arms("bad_and_good", [{"touchpoints.probe.quality": q} for q in qualities], common, log=True)
    blocks = np.column_stack([arm.blocks(_to_stay(arm)) for arm in arms])
    ratio, error = jackknife(blocks, lambda s: (s[0] - s[1]) / (s[2] - s[0]))
    usual, bad, good = blocks.sum(axis=0) / common["population.size"]
    return ratio, error, float(usual - bad), float(good - usual)


def _to_stay(sample: Sample) -> np.ndarray:
    """Everybody's chance to be there at the horizon; what they feel changes at touches alone, the first on day 0."""
    rows = sample.touches[np.lexsort((sample.touches["t"], sample.touches["customer"]))]
    last = np.diff(rows["customer"], append=-1) != 0
    until = np.where(last, sample.program.horizon, np.roll(rows["t"], -1))
    effect = sample.program.static["psyche"][0]["effect_leaving"]
    neutral = sample.program.static["segments"][0]["centre_leaving"]
    times = np.exp(-effect * (rows["loyalty"].astype(float) - neutral))
    first = sample.people["id"][0]
    risk = np.bincount(
        rows["customer"] - first, weights=times * (until - rows["t"]), minlength=len(sample.people)
    )
    return np.exp(-STATED * risk)


# ---------------------------------------------------------------- 5: relationships buffer
TRUSTED = ("distant", "cool", "warm", "close")
SEVERITIES = (0.2, 0.4, 0.7, 1.0)


def buffer(lab: Lab) -> Found:
    """What one failure takes from satisfaction, by how close the relationship is and how bad the failure."""
    drops = np.array([_drops(lab, severity) for severity in SEVERITIES])  # severity, block, segment
    mild = drops[1]
    ratio, error = jackknife(mild, lambda s: s[3] / s[0])
    worst, worst_error = jackknife(drops[3], lambda s: s[3] / s[0])
    means = drops.mean(axis=1)
    relative = means / means[:, :1]
    return Found(
        ratio,
        error,
        (
            Check("the difference is beyond chance", beyond(ratio, error, 1.0, -1)),
            Check(
                "the closer, the smaller the drop",
                bool(np.all(np.diff(means[1]) < 0.0)),
                ", ".join(f"{x:.3f}" for x in means[1]),
            ),
            Check(
                "the worst failure is not softened",
                abs(worst - 1.0) < 0.02 + 2.0 * worst_error,
                f"close over distant {worst:.3f} ± {worst_error:.3f} at severity 1",
            ),
            Check(
                "the worse the failure, the less it is softened",
                bool(np.all(np.diff(relative[:, 3]) > 0.0)),
                ", ".join(f"{x:.3f}" for x in relative[:, 3]),
            ),
        ),
        {"at severity 1": worst},
        Picture(
            "severity of the failure",
            "drop in satisfaction, distant customers = 1",
            tuple(Line(name, SEVERITIES, tuple(relative[:, k])) for k, name in enumerate(TRUSTED)),
        ),
    )


def _drops(lab: Lab, severity: float) -> np.ndarray:
    """Satisfaction lost to the failure: a row a block of people, a column a segment."""
    common = {"touchpoints.probe.fails.severity": severity, "population.size": lab.size(3_000, 600)}
    fine, failed = lab.arms(
        "buffer", [{"touchpoints.probe.fails.chance": f"{c} %"} for c in (0, 100)], common
    )
    lost = fine.people["satisfaction"].astype(float) - failed.people["satisfaction"]
    columns = []
    for name in TRUSTED:
        inside = fine.people["segment"] == fine.program.segment_names.index(name)
        columns.append(fine.blocks(lost * inside) / fine.blocks(inside))
    return np.column_stack(columns)


# ---------------------------------------------------------------- 6: satisfaction and the length of a relationship
READ, END = 180.0, 360.0  # days: satisfaction is read, leaving is counted until
EARLY, LATE = 30, 540  # days of tenure at the failure
AFTER = 60  # days over which the effect of a failure is counted


def tenure(lab: Lab) -> Found:
    """Who was satisfied by day 180 stays longer; a new failure means less to those who have been there longer."""
    size = {"population.size": lab.size(150_000)}
    never = {"campaigns.probing.starts": "900 d"}
    before = lab.run("tenure", size | never | {"horizon": f"{READ} d"})
    after = lab.run("tenure", size | never | {"horizon": f"{END} d"})
    there = np.isinf(before.people["t_left"])
    satisfaction = before.people["satisfaction"].astype(float)
    z = (satisfaction - satisfaction[there].mean()) / satisfaction[there].std()
    left = np.minimum(after.people["t_left"], END)
    time, event = left - READ, after.people["t_left"] < END
    (slope,), (error,) = log_linear(z[there, None], time[there], event[there])
    ratio = math.exp(slope)
    explained = _concordance(z[there], time[there], event[there])
    early, early_error = _effect_of_failure(lab, size, EARLY)
    late, late_error = _effect_of_failure(lab, size, LATE)
    quintiles = np.quantile(z[there], np.linspace(0, 1, 6))
    groups = np.clip(np.searchsorted(quintiles, z, side="right") - 1, 0, 4)
    rates = [event[there & (groups == k)].sum() / time[there & (groups == k)].sum() * 365.0 for k in range(5)]
    return Found(
        ratio,
        ratio * error,
        (
            Check("the effect of satisfaction is beyond chance", beyond(slope, error, 0.0, -1)),
            Check(
                "one new failure harms newcomers more than old customers",
                beyond(early - late, math.hypot(early_error, late_error), 0.0),
                f"hazard up {early:.1%} ± {early_error:.1%} on day {EARLY}, "
                f"{late:.1%} ± {late_error:.1%} on day {LATE}",
            ),
            Check(
                "satisfaction explains some of the leaving, not all",
                0.5 < explained < 0.8,
                f"concordance {explained:.2f}",
            ),
        ),
        {"hazard after a failure, newcomers": early, "hazard after a failure, old customers": late},
        Picture(
            "fifth of customers by satisfaction on day 180 (5: most satisfied)",
            "leaving rate in the half year after, per year",
            (Line("leaving", (1.0, 2.0, 3.0, 4.0, 5.0), tuple(map(float, rates))),),
        ),
    )


def _concordance(z: np.ndarray, time: np.ndarray, event: np.ndarray) -> float:
    """How often, of two people, the less satisfied one leaves first; from neighbouring pairs of the list."""
    n = len(z) // 2 * 2
    first, second = slice(0, n, 2), slice(1, n, 2)
    earlier = np.where(time[first] < time[second], event[first], event[second]) & (
        time[first] != time[second]
    )
    right = (time[first] < time[second]) == (z[first] < z[second])
    return float(right[earlier].mean())


def _effect_of_failure(lab: Lab, size: dict, day: int) -> tuple[float, float]:
    """By how much a failure on a day of tenure raises the hazard of the 60 days after it."""
    common = size | {"campaigns.probing.starts": f"{day} d", "horizon": f"{day + AFTER} d"}
    arms = lab.arms("tenure", [{"touchpoints.probe.fails.chance": f"{c} %"} for c in (0, 100)], common)
    sums = []
    for arm in arms:
        left = arm.people["t_left"]
        there = left > day
        sums += [
            arm.blocks(there & (left < day + AFTER)),
            arm.blocks(np.where(there, np.minimum(left - day, AFTER), 0)),
        ]
    return jackknife(np.column_stack(sums), lambda s: (s[2] / s[3]) / (s[0] / s[1]) - 1.0)


# ---------------------------------------------------------------- 17: habit
def habit(lab: Lab) -> Found:
    """Days of daily repetition until habit has reached 95 % of where it ends.

    Nothing else moves in this scenario, so that the loyalty index of a touch shows habit and no more.
    """
    most = lab.run("habit", {"population.size": lab.size(1_000)}, log=True)
    always = lab.run("habit", {"population.size": 40} | ALWAYS, log=True)
    start = float(most.at("look")["loyalty"].mean())
    end = float(always.at("deed")["loyalty"].max()) - start
    reached = np.array([_reached(rows, start, 0.95 * end) for rows in _by_customer(most.at("deed"))])
    low, median, high = (float(np.quantile(reached, q)) for q in (0.05, 0.5, 0.95))
    missed = _one_fewer(most.at("deed"), start)
    days = tuple(float(d) for d in range(1, 160, 3))
    return Found(
        median,
        1.2533 * float(reached.std()) / math.sqrt(len(reached)),
        (
            Check(
                "nine in ten people need 18 to 254 days",
                18.0 <= low <= high <= 254.0,
                f"{low:.0f} to {high:.0f}",
            ),
            Check(
                "one missed day matters little",
                0.0 <= missed < 0.02,
                f"{missed:.2%} of the habit, on day {MISSED}",
            ),
        ),
        {"5 % of people, days": low, "95 % of people, days": high},
        Picture(
            "days",
            "habit, 1 = where it ends",
            tuple(
                Line(name, days, tuple(_mean_at(sample.at("deed"), d, start) / end for d in days))
                for name, sample in (("every day", always), ("nineteen days in twenty", most))
            ),
        ),
    )


ALWAYS = {"journeys.day.starts_on.renewal.usually": "100 %", "horizon": "400 d"}
MISSED = 60


def _by_customer(rows: np.ndarray) -> list[np.ndarray]:
    rows = rows[np.lexsort((rows["t"], rows["customer"]))]
    return np.split(rows, np.flatnonzero(np.diff(rows["customer"])) + 1)


def _reached(rows: np.ndarray, start: float, goal: float) -> float:
    """The day on which the habit of one customer passes a goal; infinite if it never does."""
    passed = rows["t"][rows["loyalty"] - start >= goal]
    return float(passed[0]) if len(passed) else math.inf


def _on(rows: np.ndarray, day: float) -> np.ndarray:
    return rows[np.abs(rows["t"] - day) < 0.5]


def _mean_at(rows: np.ndarray, day: float, start: float) -> float:
    return float(_on(rows, day)["loyalty"].mean()) - start


def _one_fewer(rows: np.ndarray, start: float) -> float:
    """What one miss more has cost by a day: people with the usual number of repetitions, and with one fewer."""
    then = _on(rows, MISSED)
    usual = int(np.median(then["order"]))
    here, fewer = (float(then["loyalty"][then["order"] == n].mean()) - start for n in (usual, usual - 1))
    return 1.0 - fewer / here


# ---------------------------------------------------------------- 18: how long emotions last
DURATIONS = {  # hours until an emotion has ended
    "joy": 35.0, "gratitude": 5.0, "surprise": 2.0, "frustration": 24.0, "anxiety": 24.0, "resentment": 60.0,
}  # fmt: skip


def durations(lab: Lab) -> Found:
    """Emotions of one moment, read after their published durations; goodwill of the same moment beside them."""
    start = lab.run("emotions", {"horizon": "1 s"})
    ratios, goodwill_hours = {}, 0.0
    for name, hours in DURATIONS.items():
        late = lab.run("emotions", {"horizon": f"{hours} h"})
        left = float(late.emotion(name)[0] / start.emotion(name)[0])
        ratios[name] = LN20 / -math.log(left)  # simulated over published time until 5 % are left
        goodwill = float(late.people["goodwill"][0]) / float(start.people["goodwill"][0])
        goodwill_hours = -hours * LN20 / math.log(goodwill)
    value = math.exp(float(np.mean(np.log(list(ratios.values())))))
    longest = max(hours * ratios[name] for name, hours in DURATIONS.items())
    labels = (*DURATIONS, "goodwill")
    simulated = (
        *(hours * ratios[name] for name, hours in DURATIONS.items()),
        goodwill_hours,
    )
    published = (*(DURATIONS.values()), math.nan)
    return Found(
        value,
        0.0,
        (
            Check(
                "every emotion within a tenth of its published duration",
                max(abs(r - 1.0) for r in ratios.values()) < 0.1,
                ", ".join(f"{name} {r:.2f}" for name, r in ratios.items()),
            ),
            Check(
                "what lasts for weeks is another, slower state",
                goodwill_hours > 5.0 * longest,
                f"goodwill {goodwill_hours / 24:.0f} d, the longest emotion {longest / 24:.1f} d",
            ),
        ),
        {"goodwill until 5 % are left, hours": goodwill_hours},
        Picture(
            "",
            "hours until 5 % are left",
            (
                Line("published", tuple(map(float, range(len(labels)))), published),
                Line("simulated", tuple(map(float, range(len(labels)))), simulated),
            ),
            labels,
            log=True,
        ),
    )


FEELINGS = (
    Fact(
        3,
        "bad outweighs good",
        "Bad performance moves satisfaction and repurchase more than good performance; losses weigh 1.955 "
        "times gains in 607 estimates of 150 papers (interval 1.820 to 2.102).",
        "Mittal, Ross & Baldasare 1998; Brown et al. 2024",
        "S2",
        "customers lost by one touch a standard deviation below the usual, over customers kept by one as far "
        "above it, with weekly visits",
        1.6,
        2.4,
        bad_and_good,
        staged="how often people come, and how long leaving is counted: the ratio grows with both",
        used_for=("customers.loss_aversion",),
        switches=("customers.loss_aversion",),
    ),
    Fact(
        5,
        "relationships buffer failures",
        "Customers who expect a relationship to last are more satisfied after the same failure; no size is given.",
        "Hess, Ganesan & Klein 2003",
        "S",
        "drop in satisfaction after a failure, close customers over distant ones",
        0.0,
        1.0,
        buffer,
    ),
    Fact(
        6,
        "satisfaction prolongs relationships",
        "Prior satisfaction lengthens the relationship; it is an anchor, updated by what is new, and weighs "
        "more the longer the relationship; it explains some of the duration.",
        "Bolton 1998",
        "S",
        "hazard ratio of leaving, for one standard deviation more of satisfaction",
        0.0,
        1.0,
        tenure,
    ),
    Fact(
        17,
        "habits take two months",
        "A daily habit reaches 95 % of its end after 18 to 254 days (median 66); one missed day does not matter.",
        "Lally et al. 2010",
        "S2",
        "median days of (nearly) daily repetition until 95 % of the habit",
        61.0,
        71.0,
        habit,
        staged="how often a day is missed",
        used_for=("psychology.habit",),
    ),
    Fact(
        18,
        "emotions last for hours",
        "Time until an emotion has ended: resentment (hatred) 60 h, joy 35 h, disappointment and anxiety 24 h, "
        "gratitude 5 h, surprise 2 h; so whatever lasts for weeks is something else.",
        "Verduyn & Lavrijsen 2015",
        "S2",
        "simulated over published duration, geometric mean of six emotions",
        0.9,
        1.1,
        durations,
        used_for=("psychology.emotions",),
    ),
)
