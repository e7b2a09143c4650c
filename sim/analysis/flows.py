"""Journeys as flows: from touchpoint to touchpoint, occasion by occasion.

The touches that one occasion brings about are its journey: the first, the second, and so on. A flow counts how
many journeys went from one touchpoint to another between two such places. No way leads back, so that a journey
that comes to a touchpoint twice stands there twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sim.model.layout import OK, TOUCH

if TYPE_CHECKING:
    from sim.engine.program import Program

PLACES = 6  # touches of a journey that are told
FIELDS = ["customer", "seq", "stream", "index", "touchpoint", "outcome"]
COLUMNS = ["place", "source", "target", "journeys", "badly", "share"]


def touches(chunk: np.ndarray, every: int = 1) -> np.ndarray:
    """What flows need of a chunk of the event log (LOG records), of one customer in ``every``."""
    rows = chunk[(chunk["kind"] == TOUCH) & (chunk["customer"] % every == 0)]
    kept = np.empty(len(rows), [(name, rows.dtype[name]) for name in FIELDS])
    for name in FIELDS:
        kept[name] = rows[name]
    return kept


def flows(rows: np.ndarray, program: Program) -> pd.DataFrame:
    """Flows between touchpoints: ``place, source, target, journeys, badly, share``.

    ``place`` of the target in the journey, from 1; the source of the first is what brought the customer. An
    empty target: the journey ended there. ``badly``: journeys in which the target did not go as it should.
    ``share``: journeys / all journeys. What comes after the first :data:`PLACES` touches is left out.
    """
    if not len(rows):
        return pd.DataFrame(columns=COLUMNS)
    rows = rows[np.lexsort((rows["seq"], rows["index"], rows["stream"], rows["customer"]))]
    first = np.ones(len(rows), bool)
    first[1:] = np.any(
        [rows[name][1:] != rows[name][:-1] for name in ("customer", "stream", "index")], axis=0
    )
    begins = np.flatnonzero(first)
    place = np.arange(len(rows)) - np.repeat(begins, np.diff([*begins, len(rows)]))
    last = np.append(first[1:], True)
    source = np.where(first, -1 - rows["stream"].astype(int), np.roll(rows["touchpoint"], 1).astype(int))
    told, ended = place < PLACES, last & (place + 1 < PLACES)
    badly = rows["outcome"] != OK
    found = pd.DataFrame(
        {
            "place": np.concatenate([place[told] + 1, place[ended] + 2]),
            "source": np.concatenate([source[told], rows["touchpoint"][ended].astype(int)]),
            "target": np.concatenate([rows["touchpoint"][told].astype(int), np.full(ended.sum(), -1)]),
            "badly": np.concatenate([badly[told], np.zeros(ended.sum(), bool)]),
        }
    )
    grouped = (
        found.groupby(["place", "source", "target"], sort=True)["badly"].agg(["size", "sum"]).reset_index()
    )
    return _named(grouped, len(begins), program.touchpoint_names, program.stream_names)


def _named(
    grouped: pd.DataFrame, journeys: int, touchpoints: Sequence[str], streams: Sequence[str]
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "place": grouped["place"],
            "source": [touchpoints[k] if k >= 0 else streams[-1 - k] for k in grouped["source"]],
            "target": [touchpoints[k] if k >= 0 else "" for k in grouped["target"]],
            "journeys": grouped["size"],
            "badly": grouped["sum"],
            "share": grouped["size"] / journeys,
        }
    )[COLUMNS]
