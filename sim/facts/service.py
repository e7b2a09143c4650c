"""What failures, recovery and calls for help do: facts 4 and 23."""

from __future__ import annotations

import numpy as np

from sim.facts.fact import Check, Fact, Found, Line, Picture, beyond, jackknife
from sim.facts.lab import Lab, Sample

# ---------------------------------------------------------------- 4: recovery
FAILED = {"touchpoints.probe.fails.chance": "100 %"}
_RECOVERY = "journeys.case.steps.probe.if_failed"
MADE_GOOD: dict = FAILED | {f"{_RECOVERY}.recovery.weight": 100, f"{_RECOVERY}.end": 0}
LATE = MADE_GOOD | {f"{_RECOVERY}.recovery.after": "10 d"}
AGAIN = {"touchpoints.second.fails.chance": "100 %"}
HISTORIES: dict[str, dict] = {
    "no failure": {},
    "made good": MADE_GOOD,
    "made good late": LATE,
    "never made good": FAILED,
}


def recovery(lab: Lab) -> Found:
    """Retention a year after a failure that was made good at once, late, or never; and after a second one."""
    size = {"population.size": lab.size(60_000)}
    arms = [*HISTORIES.values(), MADE_GOOD | AGAIN]
    samples = lab.arms("recovery", arms, size)
    stayed = np.column_stack([_stayed(sample) for sample in samples])
    people = len(samples[0].people) / len(stayed)
    value, error = jackknife(stayed, lambda s: 100.0 * (s[1] - s[0]) / people)
    steps = [jackknife(stayed[:, k : k + 2], lambda s: 100.0 * (s[0] - s[1]) / people) for k in (1, 2)]
    twice, twice_error = jackknife(stayed, lambda s: 100.0 * (s[4] - s[1]) / people)
    satisfied = _satisfaction(lab, size)
    shares = tuple(float(x) for x in 100.0 * stayed.mean(axis=0) / people)
    return Found(
        value,
        error,
        (
            Check(
                "retention: never made good < late < at once",
                all(beyond(step, e, 0.0) for step, e in steps),
                ", ".join(f"{step:+.2f} ± {e:.2f} points" for step, e in steps),
            ),
            Check(
                "a second failure within 30 days always harms",
                beyond(twice, twice_error, 0.0, -1),
                f"{twice:+.2f} ± {twice_error:.2f} points",
            ),
        ),
        {"satisfaction after recovery, compared with no failure": satisfied},
        Picture(
            "",
            "customers after a year, %",
            (Line("stayed", tuple(map(float, range(5))), shares),),
            (*HISTORIES, "made good,\nand again"),
        ),
    )


def _stayed(sample: Sample) -> np.ndarray:
    return sample.blocks(np.isinf(sample.people["t_left"]))


def _satisfaction(lab: Lab, size: dict) -> float:
    """Mean satisfaction a day after, made good at once minus no failure."""
    fine, healed = lab.arms("recovery", [{}, MADE_GOOD], size | {"horizon": "1 d"})
    return float(np.mean(healed.people["satisfaction"].astype(float) - fine.people["satisfaction"]))


# ---------------------------------------------------------------- 23: effort and calls
CALLS = (1, 2, 3, 4, 6)


def contacts(lab: Lab) -> Found:
    """Customers lost within three months of a call, by how often one had to call and how hard it was."""
    size = {"population.size": lab.size(60_000)}
    hard = {f"touchpoints.{name}.effort": 0.8 for name in ("call", "in_vain")}
    calm = {
        f"journeys.case.steps.letter.next.{step}": weight for step, weight in (("trouble", 0), ("end", 100))
    }
    none, easy, arduous = (lab.run("contacts", size | arm) for arm in (calm, {}, hard))
    times = [easy] + [lab.run("contacts", size | _calls(n)) for n in CALLS[1:]]
    blocks = np.column_stack([_gone(sample) for sample in (none, easy, arduous, *times)])
    value, error = jackknife(blocks, lambda s: (s[2] - s[0]) / (s[1] - s[0]))
    worse, worse_error = jackknife(blocks, lambda s: (s[4] - s[2]) / s[2])
    lost = 100.0 * blocks.mean(axis=0) * len(blocks) / len(none.people)
    return Found(
        value,
        error,
        (
            Check("the more calls it takes, the more customers leave", bool(np.all(np.diff(lost[3:]) > 0.0))),
            Check(
                "calling twice is worse than one laborious call",
                beyond(worse, worse_error, 0.0),
                f"{worse:+.1%} ± {worse_error:.1%} leave",
            ),
        ),
        {
            "lost without trouble, %": lost[0],
            "after an easy call, %": lost[1],
            "after a laborious call, %": lost[2],
        },
        Picture(
            "calls it takes",
            "customers who leave within three months, %",
            (Line("left", CALLS, tuple(lost[3:])),),
        ),
    )


def _gone(sample: Sample) -> np.ndarray:
    return sample.blocks(np.isfinite(sample.people["t_left"]))


def _calls(number: int) -> dict[str, object]:
    """Changes after which every case takes so many calls."""
    steps = "journeys.case.steps"
    changes: dict[str, object] = {
        f"{steps}.trouble.if_failed.call.weight": 0,
        f"{steps}.trouble.if_failed.in_vain.weight": 100,
    }
    previous = "in_vain"
    for k in range(2, number):
        name = f"in_vain_{k}"
        changes[f"{steps}.{previous}.if_failed"] = {
            "in_vain": None,
            "call": None,
            name: {"weight": 100, "after": "1 d"},
        }
        changes[f"{steps}.{name}"] = {
            "touchpoint": "in_vain",
            "if_failed": {"call": {"weight": 100, "after": "1 d"}},
        }
        previous = name
    return changes


SERVICE = (
    Fact(
        4,
        "recovery heals, and no more",
        "A failure that is made good well may satisfy more than none, but does not raise repurchase; after two "
        "failures nothing is gained.",
        "de Matos, Henrique & Rossi 2007; Maxham & Netemeyer 2002",
        "S",
        "retention after a year with a failure that was made good at once, minus that without a failure, in points",
        -3.0,
        0.2,
        recovery,
    ),
    Fact(
        23,
        "effort drives people away",
        "A call for help is about four times likelier to lower loyalty than to raise it; 96 % of those who had "
        "a laborious one become less loyal, 9 % of the others (a vendor's numbers, whose method was criticised).",
        "Dixon, Freeman & Toman 2010",
        "S2",
        "customers lost by a laborious call, over those lost by an easy one",
        1.2,
        10.0,
        contacts,
        staged="how small the trouble is, and how laborious the laborious call",
    ),
)
