"""Draws of assumptions, true effects and attribution as plain rows; the columns are told in docs/compare.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sim.analysis.attribution import RULES
from sim.analysis.turning import Turning

if TYPE_CHECKING:
    from sim.analysis.paired import Difference
    from sim.experiment.assumptions import Draws
    from sim.experiment.comparison import Comparison
    from sim.experiment.why import Explained, Why

Row = dict[str, Any]
DRAWN = {
    "draws": "Latin hypercube over the declared ranges, the same draw in all worlds, the comparison's own first "
    "replications; what their luck does at the stated values is taken out",
    "rho": "Spearman's rank correlation over draws, 95 % interval by Fisher's z with the variance of Bonett & Wright",
    "threshold": "isotonic regression of the difference on the parameter, all others drawn as well: where it changes sign",
}
EXPLAINED = {
    "removed": "the strategy less the same world without the piece",
    "alone": "the first world with nothing but the piece, less the first world",
    "interaction": "the total less all pieces alone",
    "interval": "95 %, Student's t over replications, each on its own",
    "attribution": "from the event log alone, touches of the 30 days before",
}


def further_tables(done: Comparison) -> dict[str, list[Row]]:
    """The tables of what was asked for beyond the differences."""
    found: dict[str, list[Row]] = {}
    if done.assumptions is not None:
        found["draws"] = list(_draws(done.assumptions))
        found["turning"] = list(_turning(done.assumptions))
    if done.why is not None:
        found["effects"] = list(_effects(done, done.why))
        found["attribution"] = [row for one in done.why.strategies for row in _attribution(one)]
        found["credit"] = [row for one in done.why.strategies for row in _credit(one)]
    return found


def further_result(done: Comparison) -> Row:
    """The same for ``--json``."""
    told: Row = {}
    if done.assumptions is not None:
        told["assumptions"] = _assumptions(done.assumptions, done.tables["turning"])
    if done.why is not None:
        told["why"] = {
            "method": EXPLAINED,
            "replications": done.why.replications,
            "logs": done.why.logs,
            **{name: done.tables[name] for name in ("effects", "attribution", "credit")},
        }
    return told


# ---------------------------------------------------------------- assumptions
def _assumptions(draws: Draws, turning: list[Row]) -> Row:
    return {
        "method": DRAWN,
        "draws": draws.count,
        "replications": draws.metric.shape[1],
        "every_default": draws.every,
        "parameters": {one.path: _range(one.written) for one in draws.assumed},
        "best": draws.labels[draws.best],
        "best_holds": draws.best_holds,
        "ranking": [draws.labels[world] for world in draws.order],
        "ranking_holds": draws.order_holds,
        "better": {label: draws.better(world) for world, label in enumerate(draws.labels) if world},
        "turning": turning,
    }


def _range(written: object) -> object:
    return written if isinstance(written, str) else dict(written)  # type: ignore[call-overload]


def _draws(draws: Draws) -> Iterator[Row]:
    for k in range(draws.count):
        values = dict(zip((one.path for one in draws.assumed), draws.values[k].tolist(), strict=True))
        metrics = dict(
            zip((f"metric: {label}" for label in draws.labels), draws.means[k].tolist(), strict=True)
        )
        yield {"draw": k + 1, "best": draws.labels[int(draws.gains[k].argmax())], **metrics, **values}


def _turning(draws: Draws) -> Iterator[Row]:
    for (a, b), found in draws.turning.items():
        for one, turning, values in zip(draws.assumed, found, draws.values.T, strict=True):
            yield {
                "strategy": draws.labels[a],
                "against": draws.labels[b],
                "parameter": one.path,
                "low_drawn": str(one.write(float(values.min()))),
                "high_drawn": str(one.write(float(values.max()))),
                "rho": turning.rho,
                "low": turning.low,
                "high": turning.high,
                "threshold": turning.threshold,
                "threshold_written": _written(turning, one),
                "matters": turning.matters,
                "chance": draws.noise((a, b)),
            }


def _written(turning: Turning, one: Any) -> str | None:
    return None if turning.threshold is None else str(one.write(turning.threshold))


# ---------------------------------------------------------------- why
def _effects(done: Comparison, why: Why) -> Iterator[Row]:
    for one in why.strategies:
        for reason in one.reasons:
            piece = {
                "piece": reason.piece.name,
                "kind": reason.piece.kind,
                "part_of": reason.piece.part_of,
                "cannot": reason.cannot or None,
            }
            yield from _measured(done, one, piece, "removed", reason.removed)
            yield from _measured(done, one, piece, "alone", reason.alone)
        everything = {"piece": "everything", "kind": "strategy", "part_of": None, "cannot": None}
        yield from _measured(done, one, everything, "total", one.total)
        yield from _measured(done, one, everything, "interaction", one.interaction)


def _measured(
    done: Comparison, one: Explained, piece: Row, how: str, found: dict[tuple[str, str], Difference]
) -> Iterator[Row]:
    for (segment, measure), difference in found.items():
        yield {
            "strategy": one.label,
            **piece,
            "how": how,
            "segment": segment,
            "measure": measure,
            "unit": done.unit(measure),
            "effect": difference.mean,
            "low": difference.low_single,
            "high": difference.high_single,
            "identical": difference.identical,
        }


def _attribution(one: Explained) -> Iterator[Row]:
    for conversions, credit in one.credit.items():
        for reason in one.reasons:
            truth = one.truth(reason, conversions)
            channels = one.channels[reason.piece.name]
            if reason.piece.part_of is not None:
                continue
            yield {
                "strategy": one.label,
                "conversions": conversions,
                "piece": reason.piece.name,
                "touchpoints": "; ".join(channels),
                "all": credit.conversions,
                "truth": truth.mean if truth else None,
                "truth_low": truth.low_single if truth else None,
                "truth_high": truth.high_single if truth else None,
                **{rule: credit.of(rule, channels) if channels else None for rule in RULES},
            }


def _credit(one: Explained) -> Iterator[Row]:
    for conversions, credit in one.credit.items():
        for k, channel in enumerate(credit.channels):
            given = {rule: float(credits[k]) for rule, credits in credit.credits.items()}
            if any(given.values()):
                yield {"strategy": one.label, "conversions": conversions, "touchpoint": channel, **given}
