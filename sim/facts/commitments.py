"""The five commitments, each beside what people do: fact 1."""

from __future__ import annotations

import math

import numpy as np

from sim.facts.fact import Check, Fact, Found, Line, Picture, beyond, log_linear
from sim.facts.lab import Lab, Sample

NAMES = ("affective", "normative", "economic", "forced", "habitual", "satisfaction")


def commitments(lab: Lab) -> Found:
    """Leaving, buying and telling in two months, regressed on the commitments with which these begin."""
    size = {"population.size": lab.size(80_000)}
    before = lab.run("commitments", size | {"horizon": "1 s"})
    after = lab.run("commitments", size, log=True)
    there = np.isinf(before.people["t_left"]) & (before.people["n_need"] > 0)
    x = states(before)[there]
    stayed = np.minimum(after.people["t_left"], after.program.horizon)[there]
    left = np.isfinite(after.people["t_left"])[there]
    leaving, leaving_error = log_linear(x, stayed, left)
    staying = -leaving
    needs = (after.people["n_need"].astype(int) - before.people["n_need"])[there]
    visits, told = (_each(after, name)[there] for name in ("visit", "tell"))
    buying, buying_error = log_linear(x, needs, visits)
    telling, telling_error = log_linear(x, visits, told)
    errors = (leaving_error, buying_error, telling_error)
    rival = 1 + int(np.argmax(staying[1:5]))
    value = staying[0] / staying[rival]
    error = abs(value) * math.hypot(errors[0][0] / staying[0], errors[0][rival] / staying[rival])
    return Found(
        float(value),
        float(error),
        (
            Check(
                "affective commitment makes people stay, buy and tell",
                all(beyond(b[0], e[0], 0.0) for b, e in zip((staying, buying, telling), errors, strict=True)),
                f"{staying[0]:.2f}, {buying[0]:.2f}, {telling[0]:.2f}",
            ),
            Check("no commitment makes people leave", bool(np.all(staying[:5] > -2.0 * errors[0][:5]))),
            Check(
                "forced commitment makes people speak less well of the brand",
                beyond(telling[3], errors[2][3], 0.0, -1),
                f"{telling[3]:.2f} ± {errors[2][3]:.2f}",
            ),
        ),
        {f"{NAMES[k]}, on staying": float(staying[k]) for k in range(5)},
        Picture(
            "",
            "change of the logarithm of a rate, for a commitment from 0 to 1",
            tuple(
                Line(name, tuple(map(float, range(5))), tuple(map(float, b[:5])))
                for name, b in (("staying", staying), ("buying", buying), ("telling", telling))
            ),
            NAMES[:5],
        ),
    )


def states(sample: Sample) -> np.ndarray:
    """The five commitments and satisfaction of everybody: two are states, three follow from traits and orders."""
    people, q = sample.people, sample.program.static["psyche"][0]
    economic = 1.0 - np.exp(-people["switching_cost"].astype(float) / q["economic_scale"])
    forced = 1.0 - people["alternatives"].astype(float)
    habitual = q["habit_ceiling"] * (1.0 - np.exp(-q["habit"] * people["n_order"]))
    return np.column_stack(
        [people["affective"], people["normative"], economic, forced, habitual, people["satisfaction"]]
    ).astype(float)


def _each(sample: Sample, touchpoint: str) -> np.ndarray:
    """Touches of everybody from day 0 on."""
    rows = sample.at(touchpoint)
    return np.bincount(rows["customer"] - sample.people["id"][0], minlength=len(sample.people))


COMMITMENTS = (
    Fact(
        1,
        "five commitments",
        "Affective commitment matters most for repurchase and advocacy; forced commitment holds people and turns them "
        "against the brand; the others bind. No coefficients are given: directions and the order are what is tested.",
        "Keiningham et al. 2015; Fullerton 2005",
        "S",
        "what affective commitment does to staying, over what the strongest of the other four does",
        1.0,
        4.0,
        commitments,
    ),
)
