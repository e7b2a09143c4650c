"""Who is whose friend: ties between people, each a keyed draw of the later of the two.

People stand in the order of their ids: customers of day 0, those who enter later, prospects. Everybody ties
himself to people before him, half as many as he has friends on average, and is tied to by people behind him.
So one more at the end of the order only adds ties of his own, and moves nobody else's.
"""

import math

import numpy as np

from sim.engine.population import ENTRANTS, PROSPECTS
from sim.engine.program import Program
from sim.model.keys import hash_name, uniforms
from sim.scenario.network import Network

STREAM = "friends"
_NOBODY = -1
_PARTS = 256  # segments, or groups of ids, at one site


def network_of(program: Program, people: np.ndarray, key: np.uint64) -> dict[str, np.ndarray]:
    """``friends_at`` and ``friends``: those of person i, rising, are friends[friends_at[i] : friends_at[i + 1]].

    Both are empty where nobody would ever tell a friend anything.
    """
    network = program.scenario.baseline.network
    programs = (program, program.warm or program)
    if network is None or not any(p.static["psyche"]["word_of_mouth"][0] > 0.0 for p in programs):
        return {"friends_at": np.zeros(0, np.int64), "friends": np.zeros(0, np.int32)}
    return _as_lists(ties_of(network, people, key), len(people))


def ties_of(network: Network, people: np.ndarray, key: np.uint64) -> np.ndarray:
    """(later, earlier) places of every tie, i8[ties, 2], each once."""
    if network.kind == "file":
        ties = _from_file(network, people["id"])
    elif network.kind == "scale_free":
        ties = _copied(network, people["id"], key)
    else:
        ties = _drawn(network, people, key)
    return _once(ties, len(people))


def _once(ties: np.ndarray, people: int) -> np.ndarray:
    later, earlier = np.maximum(ties[:, 0], ties[:, 1]), np.minimum(ties[:, 0], ties[:, 1])
    pairs = np.sort((later * people + earlier)[later != earlier])  # np.unique takes far longer
    pairs = pairs[np.diff(pairs, prepend=-1) > 0]
    return np.stack([pairs // max(1, people), pairs % max(1, people)], axis=1)


def _as_lists(ties: np.ndarray, people: int) -> dict[str, np.ndarray]:
    both = np.concatenate([ties[:, 0] * people + ties[:, 1], ties[:, 1] * people + ties[:, 0]])
    both.sort()
    degrees = np.bincount(both // max(1, people), minlength=people)
    return {
        "friends_at": np.concatenate([[0], np.cumsum(degrees)]).astype(np.int64),
        "friends": (both % max(1, people)).astype(np.int32),
    }


def _from_file(network: Network, ids: np.ndarray) -> np.ndarray:
    """The pairs of a file as places; whoever is not there has no ties."""
    pairs = np.array(network.ties, np.int64).reshape(-1, 2)
    places = np.minimum(np.searchsorted(ids, pairs), max(0, len(ids) - 1))
    there = (ids[places] == pairs).all(axis=1) if len(ids) else np.zeros(len(pairs), bool)
    return places[there]


# ---------------------------------------------------------------- keyed draws
class _Luck:
    """The keyed uniforms of everybody's own ties."""

    def __init__(self, ids: np.ndarray, key: np.uint64):
        self.ids, self.key = ids, key

    def of(self, purpose: str, k: int = 0) -> np.ndarray:
        """One uniform a person, for his tie k."""
        return uniforms(self.key, self.ids, hash_name(STREAM), k, hash_name(STREAM, purpose))


def _numbers(network: Network, luck: _Luck) -> np.ndarray:
    """How many ties each person makes: half the mean number of friends, rounded up or down at random."""
    half = 0.5 * network.friends
    whole = math.floor(half)
    numbers = np.full(len(luck.ids), whole, np.int64)
    if half > whole:
        numbers += luck.of("number") < half - whole
    return numbers


def _drawn(network: Network, people: np.ndarray, key: np.uint64) -> np.ndarray:
    """Ties to people before one: near, like oneself or anybody, at one's own site or anywhere."""
    luck = _Luck(people["id"], key)
    numbers, places = _numbers(network, luck), np.arange(len(people))
    lists = _Earlier(people)
    ties = []
    for k in range(int(numbers.max(initial=0))):
        here = luck.of("across sites", k) >= network.across_sites
        like = luck.of("within", k) < network.within if network.kind == "blocks" else np.zeros_like(here)
        u, found = luck.of("whom", k), np.full(len(people), _NOBODY)
        for at_site in (False, True):
            for of_kind in (False, True):
                mine = np.flatnonzero((here == at_site) & (like == of_kind) & (numbers > k))
                found[mine] = lists.anybody(mine, u, at_site, of_kind)
        if network.kind == "small_world":
            for at_site in (False, True):
                near = (luck.of("rewire", k) >= network.rewire) & (here == at_site) & (numbers > k)
                found[near] = lists.near(np.flatnonzero(near), k, at_site)
        chosen = found >= 0
        ties.append(np.stack([places[chosen], found[chosen]], axis=1))
    return np.concatenate([np.zeros((0, 2), np.int64), *ties])


class _Earlier:
    """For everybody, the people before him: all, or those at his site, of his segment, or both."""

    def __init__(self, people: np.ndarray):
        ids = people["id"].astype(np.int64)
        self.site, self.segment = people["site"].astype(np.int64), people["segment"].astype(np.int64)
        self.group = np.where(ids < ENTRANTS, 0, np.where(ids < PROSPECTS, 1, 2 + (ids >> 26)))
        self.lists: dict[tuple[bool, str], tuple[np.ndarray, np.ndarray, np.ndarray]] = {}

    def _list(self, at_site: bool, by: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(people part by part, where each person's part begins there, how many of it come before him)."""
        if (at_site, by) not in self.lists:
            part = self.site * at_site * _PARTS
            part = part + {"": 0, "segment": self.segment, "group": self.group}[by]
            order = np.argsort(part, kind="stable")
            begins = np.searchsorted(part[order], part)
            before = np.empty(len(part), np.int64)
            before[order] = np.arange(len(part))
            self.lists[at_site, by] = order, begins, before - begins
        return self.lists[at_site, by]

    def anybody(self, mine: np.ndarray, u: np.ndarray, at_site: bool, of_kind: bool) -> np.ndarray:
        """Somebody before each of `mine`, all alike."""
        if len(mine) == 0:
            return mine
        order, begins, before = self._list(at_site, "segment" if of_kind else "")
        found = order[begins[mine] + (u[mine] * before[mine]).astype(np.int64)]
        return np.where(before[mine] > 0, found, _NOBODY)

    def near(self, mine: np.ndarray, k: int, at_site: bool) -> np.ndarray:
        """The neighbour k of each of `mine`: people stand side by side with those who came before them in their own
        group, and everybody else with those of day 0 in turn as well."""
        if len(mine) == 0:
            return mine
        order, begins, before = self._list(at_site, "group")
        founders = self._founders(at_site)[self.site[mine] * at_site]
        beside = (self.group[mine] > 0) & (founders > 0)
        back = np.where(beside, k // 2, k)
        own = order[begins[mine] + np.maximum(before[mine] - 1 - back, 0)]
        own = np.where(before[mine] > back, own, _NOBODY)
        if k % 2 == 1 or not beside.any():
            return own
        first = np.concatenate([[0], np.cumsum(self._founders(at_site))])[self.site[mine] * at_site]
        turn = (before[mine] - back) % np.maximum(founders, 1)
        return np.where(beside, self._of_day_0(at_site)[first + np.where(beside, turn, 0)], own)

    def _founders(self, at_site: bool) -> np.ndarray:
        """How many there are of day 0, at each site or in all."""
        there = self.site[self.group == 0] * at_site
        return np.bincount(there, minlength=int((self.site * at_site).max(initial=0)) + 1)

    def _of_day_0(self, at_site: bool) -> np.ndarray:
        """Their places, site by site; one more, so that there is always something to look at."""
        there = np.flatnonzero(self.group == 0)
        return np.append(there[np.argsort(self.site[there] * at_site, kind="stable")], _NOBODY)


def _copied(network: Network, ids: np.ndarray, key: np.uint64) -> np.ndarray:
    """Preferential attachment (Barabasi & Albert 1999): a tie leads to one end of an earlier tie, all ends alike,
    and so to everybody in proportion to his friends so far. The second person knows the first."""
    luck, people = _Luck(ids, key), len(ids)
    numbers = _numbers(network, luck)
    numbers[:1] = 0
    numbers[1:2] = np.maximum(numbers[1:2], 1)
    first = np.cumsum(numbers) - numbers
    owner = np.repeat(np.arange(people), numbers)
    u = np.empty(len(owner))
    for k in range(int(numbers.max(initial=0))):
        mine = numbers > k
        u[first[mine] + k] = luck.of("whom", k)[mine]
    ends = 2 * first[owner]  # of the ties of those before
    picked = (u * ends).astype(np.int64)
    target = np.where(ends == 0, 0, owner[picked >> 1])
    copies = np.where(
        (ends > 0) & (picked & 1 == 1), picked >> 1, _NOBODY
    )  # the other end: that tie's target
    while (open_ := np.flatnonzero(copies >= 0)).size:
        source = copies[open_]
        target[open_], copies[open_] = target[source], copies[source]
    return np.stack([owner, target], axis=1)
