"""What answers say about growth: fact 15."""

from __future__ import annotations

import numpy as np

from sim.facts.fact import Check, Fact, Found, Line, Picture, beyond, jackknife
from sim.facts.lab import Lab, Sample

FIRMS = 60
EARLY, LATE = (0.0, 91.0), (274.0, 365.0)  # days of the first and of the last quarter


def promoters(lab: Lab) -> Found:
    """Firms that are better and worse: growth of their sales beside what their answers have changed."""
    firms = lab.size(FIRMS, 12)
    seen = np.array([_firm(lab, k) for k in range(firms)])  # a row a firm
    nps, satisfaction, last_nps, last_satisfaction = (
        float(np.corrcoef(seen[:, 0], seen[:, k])[0, 1]) for k in (1, 2, 3, 4)
    )
    value, error = jackknife(_moments(seen[:, :3]), lambda s: _correlation(s, 1) - _correlation(s, 2))
    return Found(
        value,
        error,
        (
            Check(
                "both go with growth",
                all(beyond(r, (1.0 - r * r) / np.sqrt(firms - 1), 0.0) for r in (nps, satisfaction)),
                f"correlation {nps:.2f} with NPS, {satisfaction:.2f} with satisfaction",
            ),
        ),
        {
            "correlation of growth with NPS at the end of the year": last_nps,
            "with satisfaction at the end of the year": last_satisfaction,
        },
        Picture(
            "change of the answers over the year, in standard deviations",
            "sales of the last quarter over those of the first, %",
            tuple(
                _by_fifths(name, seen[:, k], 100.0 * seen[:, 0])
                for name, k in (("NPS", 1), ("satisfaction", 2))
            ),
        ),
    )


def _firm(lab: Lab, k: int) -> tuple[float, float, float, float, float]:
    """Growth of the sales of firm k, the changes of NPS and satisfaction over the year, and both at its end."""
    rng = np.random.default_rng([lab.seed, k])  # which firms there are: no luck of any customer
    quality, fails = rng.uniform(-0.3, 0.5), rng.uniform(0.0, 20.0)
    firm = {
        "population.size": 3_000,
        "touchpoints.visit.quality.mean": float(quality),
        "touchpoints.visit.fails.chance": f"{fails:.2f} %",
    }
    sample = lab.run("firms", firm, replication=k + 1, log=True)
    sales = [_within(sample.at("visit"), when)["revenue"].sum() for when in (EARLY, LATE)]
    asked = (("recommend", _net_promoters), ("satisfied", _mean_answer))
    early, late = ([score(_answers(sample, name, when)) for name, score in asked] for when in (EARLY, LATE))
    return sales[1] / sales[0], late[0] - early[0], late[1] - early[1], late[0], late[1]


def _within(rows: np.ndarray, when: tuple[float, float]) -> np.ndarray:
    return rows[(rows["t"] >= when[0]) & (rows["t"] < when[1])]


def _answers(sample: Sample, touchpoint: str, when: tuple[float, float]) -> np.ndarray:
    answers = _within(sample.at(touchpoint), when)["answer"].astype(float)
    return answers[answers > 0] - 1.0


def _net_promoters(scores: np.ndarray) -> float:
    return float(np.mean(scores >= 9) - np.mean(scores <= 6))


def _mean_answer(scores: np.ndarray) -> float:
    return float(scores.mean())


def _moments(seen: np.ndarray) -> np.ndarray:
    """Of each firm what sums to the correlations of growth with the other two."""
    x = (seen - seen.mean(axis=0)) / seen.std(axis=0)
    return np.column_stack([x, x * x, x[:, :1] * x[:, 1:]])


def _correlation(s: np.ndarray, k: int) -> float:
    covariance = s[5 + k] - s[0] * s[k]
    return float(covariance / np.sqrt((s[3] - s[0] ** 2) * (s[3 + k] - s[k] ** 2)))


def _by_fifths(name: str, x: np.ndarray, y: np.ndarray) -> Line:
    z = (x - x.mean()) / x.std()
    parts = np.array_split(np.argsort(z), 5)
    return Line(name, tuple(float(z[p].mean()) for p in parts), tuple(float(y[p].mean()) for p in parts))


ASKING = (
    Fact(
        15,
        "NPS predicts no better",
        "Net promoters predict growth no better than satisfaction (21 firms, 15,500 interviews).",
        "Keiningham et al. 2007",
        "S",
        "correlation of growth with the change of NPS, minus that with the change of satisfaction",
        -1.0,
        0.1,
        promoters,
        holds=False,
        miss="What people answer to NPS follows nearly all that keeps them, grievances and attachment too; "
        "satisfaction is an average over all they have lived through, which hardly moves any more after some months "
        "(Bolton 1998, fact 6, asks for that). So NPS says more here, its change and its level.",
        staged="how much firms differ, how many are asked",
    ),
)
