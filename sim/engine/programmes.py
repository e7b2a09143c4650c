"""Loyalty programmes as rows of numbers, and what is left of them at the horizon."""

import math
from collections.abc import Mapping

import numpy as np

from sim.engine.outcome import MEMBER_ROW, PROGRAMME_ROW
from sim.engine.rows import Rows, cents, empty, records
from sim.model.layout import CUSTOMER, MILLION, NOBODY, PROGRAMME, TIER
from sim.model.programme import ISSUED, JOINED, LAPSED, REDEEMED, REWARDS, SPENT, YEAR

_WORST = np.iinfo(np.int32).max  # a priority that is better than none


def programme_rows(rows: Rows) -> dict[str, np.ndarray]:
    """PROGRAMME and TIER rows; a programme that only the baseline has does not run."""
    programmes, tiers = empty(len(rows.names.programmes), PROGRAMME), []
    programmes.at, programmes.lasts, programmes.joins_at = math.inf, math.inf, NOBODY
    for name, row in zip(rows.names.programmes, programmes, strict=False):
        if name in rows.scenario.loyalty:
            _fill(rows, row, name, tiers)
    return {"programmes": programmes, "tiers": records(tiers, TIER)}


def _fill(rows: Rows, row: np.record, name: str, tiers: list[tuple]) -> None:
    programme = rows.scenario.loyalty[name]
    row.runs = True
    row.joins_at = rows.names.number("touchpoints", programme.joins.at)
    row.chance, row.join = programme.joins.chance, rows.purpose("loyalty", "join", name)
    row.earns, row.per_currency = programme.earns.number, programme.earns.per == "currency"
    row.head_start, row.pull = programme.head_start, programme.pull
    row.lasts = programme.expires.after if programme.expires else math.inf
    row.per_member = cents(programme.costs.per_member)
    row.feels = row.feels_end = len(rows.feels)
    if programme.reward:
        _fill_reward(rows, row, name, programme.reward)
    row.tiers = len(tiers)
    for t in programme.tiers.values():
        tiers.append((t.at, t.earns_times, _WORST if t.priority is None else t.priority, t.worth))
    row.tiers_end = len(tiers)


def _fill_reward(rows: Rows, row: np.record, name: str, reward) -> None:
    row.at, row.worth = reward.at, reward.worth
    row.worth_cents, row.cost = cents(reward.worth), cents(reward.cost)
    for emotion, amount in reward.feels.items():
        key = rows.purpose("loyalty", "reward", name, emotion)
        rows.feels.append((rows.names.number("emotions", emotion), rows.samplers.add(amount), key))
    row.feels_end = len(rows.feels)


def priorities(static: dict[str, np.ndarray]) -> np.ndarray:
    """Every priority with which anybody can be served."""
    tiers = static["tiers"]["priority"]
    return np.concatenate([static["touchpoints"]["priority"], tiers[tiers < _WORST]])


# ---------------------------------------------------------------- at the horizon
def outcome_rows(arrays: Mapping[str, np.ndarray], horizon: float) -> dict[str, np.ndarray]:
    """``programmes`` and ``members`` of an Outcome. Points that have lapsed unnoticed are found here."""
    number = arrays["cards"].shape[1]
    rows = np.zeros(number, PROGRAMME_ROW).view(np.recarray)
    members = [np.zeros(0, MEMBER_ROW)]
    for c, row in enumerate(rows):
        books, cards = arrays["books"][c], arrays["cards"][:, c]
        lapsed = _lapsed(cards, arrays["programmes"][c], horizon)
        row.joined, row.rewards, row.spent = books[JOINED], books[REWARDS], books[SPENT]
        row.issued, row.redeemed = books[ISSUED], books[REDEEMED]
        row.lapsed = books[LAPSED] + np.rint(cards["points"][lapsed] * MILLION).astype(np.int64).sum()
        members.append(_members(arrays, c, lapsed, horizon))
        row.members = (arrays["people"]["status"][(cards["member"] > 0)] == CUSTOMER).sum()
    return {"programmes": rows, "members": np.concatenate(members).view(np.recarray)}


def _lapsed(cards: np.ndarray, programme: np.record, t: float) -> np.ndarray:
    """Whose points have lapsed by time t."""
    return (cards["member"] > 0) & (t - cards["bought"] >= programme.lasts)


def _members(arrays: Mapping[str, np.ndarray], c: int, lapsed: np.ndarray, t: float) -> np.ndarray:
    """MEMBER_ROW of everybody with a card of programme c, if it runs."""
    cards, programme = arrays["cards"][:, c], arrays["programmes"][c]
    places = np.flatnonzero((cards["member"] > 0) & bool(programme.runs))
    mine = cards[places]
    rows = np.zeros(len(places), MEMBER_ROW)
    rows["customer"], rows["programme"] = arrays["people"]["id"][places], c
    rows["joined"] = mine["joined"]
    rows["points"] = np.where(lapsed[places], 0.0, mine["points"])
    since = np.floor((t - mine["joined"]) / YEAR) - mine["year"]
    last = np.where(since == 1.0, mine["earned"], 0.0)
    rows["earned"] = np.where(since == 0.0, np.maximum(mine["earned"], mine["earned_before"]), last)
    levels = arrays["tiers"]["at"][programme.tiers : programme.tiers_end]
    rows["tier"] = np.searchsorted(levels, rows["earned"], side="right")
    return rows
