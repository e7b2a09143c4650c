"""Who is there: ids, segments, traits and entry times, each a keyed draw of its own.

The id alone decides the segment and the luck, never the size of the run: those there on day 0 count from 0,
those who enter from 2^30, prospects from 2^31.
"""

import math

import numpy as np

from sim.engine.program import Program
from sim.engine.psyche import traits_of, usually
from sim.model.keys import hash_name, uniforms
from sim.model.layout import CUSTOMER, EXPECTED, NOBODY, PERSON, PROSPECT
from sim.model.sample import quantiles

ENTRANTS, PROSPECTS = 1 << 30, 1 << 31
_TRAITS = hash_name("traits")
_SUSCEPTIBLE = ("scarcity", "social_proof", "reciprocity")
_PLAIN = (
    "reactivity", "loss_aversion", "price_sensitivity", "privacy_concern", "values", "alternatives",
    "switching_cost",
)  # fmt: skip


def new_people(program: Program, key: np.uint64) -> np.ndarray:
    """PERSON records of everybody the run will know, in order of id, before anything has happened."""
    groups = [_founders(program), _entrants(program, key), *_prospects(program)]
    people = np.concatenate([g for g in groups if len(g)] or [np.zeros(0, PERSON)]).view(np.recarray)
    people.pending = people.asking = NOBODY
    people.last_gift = NOBODY
    people.due_need = people.due_leave = people.t_left = math.inf
    people.t_order = -math.inf
    people.t_feel = program.start
    assign_segments(program, key, people)
    fresh_traits(program, key, people)
    _start_neutral(program, key, people)
    return people


def _group(first_id: int, n: int, status: int) -> np.ndarray:
    people = np.zeros(n, PERSON).view(np.recarray)
    people.id = np.arange(first_id, first_id + n, dtype=np.uint32)
    people.status = status
    return people


def _site_of(program: Program, n: int, each: int | str) -> np.ndarray:
    return np.zeros(n, np.int64) if each == "all" else np.arange(n) // each


def _founders(program: Program) -> np.ndarray:
    """Customers who are there on day 0."""
    population = program.scenario.population
    size = population.size
    people = _group(0, size, CUSTOMER)
    people.founding = 1
    people.site = _site_of(program, size, population.site)
    return people


# ---------------------------------------------------------------- those who come later
def _entrants(program: Program, key: np.uint64) -> np.ndarray:
    """Those who enter on declared days, or a Poisson stream of visitors."""
    enters = program.scenario.enters
    if enters is None:
        return _group(ENTRANTS, 0, EXPECTED)
    days = np.array(enters.on_days.days) if enters.on_days else _arrivals(program, key)
    people = _group(ENTRANTS, len(days), EXPECTED)
    people.t_entry = days
    people.site = _site_of(program, len(days), program.scenario.population.site) % program.sites
    return people[days < program.horizon]


def _arrivals(program: Program, key: np.uint64) -> np.ndarray:
    """Arrival times of a Poisson stream over its calendar, each gap keyed by the visitor."""
    stream = program.scenario.enters.stream
    busy = 7.0 if stream.when else 0.0  # a calendar can put a whole week's arrivals at the week's beginning
    n = _enough(stream.rate * (program.horizon + busy))
    ids = np.arange(ENTRANTS, ENTRANTS + n, dtype=np.uint32)
    u = uniforms(key, ids, hash_name("entry"), 0, hash_name("clock", "gap"))
    gaps = np.array([-math.log(x) for x in u.tolist()]) / stream.rate
    return _clock_times(program, stream.when, np.cumsum(gaps))


def _enough(mean: float) -> int:
    """More arrivals than a Poisson count of this mean will reach (ten standard deviations)."""
    return int(math.ceil(mean + 10.0 * math.sqrt(mean) + 20.0))


def _clock_times(program: Program, calendar: str | None, tau: np.ndarray) -> np.ndarray:
    """Profile times of a weekly calendar as clock times: linear between its breakpoints."""
    if calendar is None:
        return tau
    static = program.static
    k = program.names.number("calendars", calendar)
    part = slice(static["calendar_start"][k], static["calendar_start"][k + 1])
    at, total = static["calendar_at"][part], static["calendar_sum"][part]
    weekday = program.weekday0
    x = tau + np.interp(weekday, at, total)
    weeks = np.floor(x / 7.0)
    return weeks * 7.0 + np.interp(x - weeks * 7.0, total, at) - weekday


def _prospects(program: Program) -> list[np.ndarray]:
    """People who do not know the brand yet, by segment."""
    groups = []
    for k, name in enumerate(program.segment_names):
        prospects = getattr(traits_of(program.scenario, name), "prospects", None)
        if prospects:
            n = prospects.count * (program.sites if prospects.per_site else 1)
            people = _group(PROSPECTS + (k << 26), n, PROSPECT)  # room for 67 million of each segment
            people.segment = k
            people.site = (
                np.arange(n) // prospects.count if prospects.per_site else np.arange(n) % program.sites
            )
            people.t_entry = math.inf
            groups.append(people)
    return groups


# ---------------------------------------------------------------- segments and traits
def assign_segments(program: Program, key: np.uint64, people: np.ndarray) -> None:
    """The customers' segments: an exponential race of the shares, each keyed by its segment's name, so that
    neither order nor another segment's arrival moves more people than it must."""
    known = people.id < PROSPECTS
    best = np.full(int(known.sum()), math.inf)
    chosen = np.zeros(len(best), np.int64)
    for name, share in _shares(program):
        u = uniforms(key, people.id[known], _TRAITS, 0, hash_name("traits", "segment", name))
        waits = np.array([-math.log(x) for x in u.tolist()]) / share
        chosen[waits < best] = program.names.number("segments", name)
        best = np.minimum(best, waits)
    people.segment[known] = chosen


def _shares(program: Program) -> list[tuple[str, float]]:
    """Segments of customers with a share above zero."""
    segments = program.scenario.segments
    return [(name, s.share) for name, s in segments.items() if s.share]


def fresh_traits(program: Program, key: np.uint64, people: np.ndarray) -> None:
    """Draw every trait of everybody, as the program's scenario has it (the same luck under every scenario)."""
    for k, name in enumerate(program.segment_names):
        traits = traits_of(program.scenario, name)
        chosen = people.segment == k
        if traits is not None and chosen.any():
            _draw_traits(program, traits, key, people, chosen)


def _draw_traits(program: Program, traits, key: np.uint64, people: np.ndarray, chosen: np.ndarray) -> None:
    ids = people.id[chosen]

    def drawn(dist, name: str) -> np.ndarray:
        return quantiles(dist, uniforms(key, ids, _TRAITS, 0, hash_name("traits", name)))

    rate = drawn(traits.needs.rate, "needs")
    with np.errstate(divide="ignore"):
        people.need_gap[chosen] = usually(program.scenario.baseline) / rate
    people.leave[chosen] = drawn(traits.leaves.rate, "leaves")
    people.spend[chosen] = drawn(traits.spends, "spends")
    for name in _SUSCEPTIBLE:
        people[name][chosen] = drawn(getattr(traits.susceptible, name), name)
    for name in _PLAIN:
        people[name][chosen] = drawn(getattr(traits, name), name)


def _start_neutral(program: Program, key: np.uint64, people: np.ndarray) -> None:
    """New customers: no feelings yet, the baseline's average expected, trust at the stated level."""
    row = program.static["psyche"][0]
    people.expectation = row.expectation
    people.normative = people["values"] * row.normative
    for k, name in enumerate(program.segment_names):
        traits = traits_of(program.scenario, name)
        chosen = people.segment == k
        if traits is not None and chosen.any():
            u = uniforms(key, people.id[chosen], _TRAITS, 0, hash_name("traits", "trust"))
            people.trust[chosen] = quantiles(traits.trust, u)
