"""Who is there: ids, segments, traits and entry times, each a keyed draw of its own.

The id alone decides the segment and the luck, never the size of the run: those there on day 0 count from 0,
those who enter from 2^30, prospects from 2^31.
"""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from sim.engine.names import calendar_name
from sim.engine.program import Program
from sim.engine.psyche import traits_of, usually
from sim.model.keys import hash_name, uniforms
from sim.model.layout import CUSTOMER, EXPECTED, NOBODY, PERSON, PROSPECT
from sim.model.sample import gaps, quantiles
from sim.scenario.quantities import DEAREST

ENTRANTS, PROSPECTS = 1 << 30, 1 << 31
BLOCK = 1 << 13  # people worked on at a time, so that what is made on the way stays small
_TRAITS = hash_name("traits")
_SUSCEPTIBLE = ("scarcity", "social_proof", "reciprocity")
_PLAIN = (
    "reactivity", "loss_aversion", "price_sensitivity", "privacy_concern", "values", "alternatives",
    "switching_cost", "willing",
)  # fmt: skip


class _Group(NamedTuple):
    """``size`` people of one kind; ``fill`` writes who they are into blank records, given their places in the group."""

    size: int
    fill: Callable[[np.ndarray, np.ndarray], None]


def new_people(program: Program, key: np.uint64) -> np.ndarray:
    """PERSON records of everybody the run will know, in order of id, before anything has happened.

    They are made once and filled in place: no second copy of them ever exists.
    """
    groups = [_founders(program), _entrants(program, key), *_prospects(program)]
    people = np.zeros(sum(group.size for group in groups), PERSON).view(np.recarray)
    first = 0
    for group in groups:
        for places in _blocks(group.size):
            part = people[first + places.start : first + places.stop]
            _blank(program, part)
            group.fill(part, np.arange(places.start, places.stop))
            _assign_segments(program, key, part)
            _fresh_traits(program, key, part)
            _start_neutral(program, key, part)
        first += group.size
    return people


def _blocks(size: int) -> Iterator[slice]:
    """0 .. size in pieces of at most BLOCK."""
    return (slice(start, min(start + BLOCK, size)) for start in range(0, size, BLOCK))


def _blank(program: Program, people: np.ndarray) -> None:
    """Nothing has happened yet."""
    people.pending = people.asking = NOBODY
    people.last_gift = NOBODY
    people.due_need = people.due_leave = people.t_left = math.inf
    people.t_order = -math.inf
    people.t_feel = program.start
    people.reference = 1.0


def _founders(program: Program) -> _Group:
    """Customers who are there on day 0."""
    population = program.scenario.population

    def fill(people: np.ndarray, places: np.ndarray) -> None:
        people.id, people.status, people.founding = places, CUSTOMER, 1
        people.site = _site_of(places, population.site)

    return _Group(population.size, fill)


def _site_of(places: np.ndarray, each: int | str) -> np.ndarray | int:
    return 0 if each == "all" else places // each


# ---------------------------------------------------------------- those who come later
def _entrants(program: Program, key: np.uint64) -> _Group:
    """Those who enter on declared days, or a Poisson stream of visitors; whoever would come too late is left out."""
    each = program.scenario.population.site
    days = _entry_days(program, key)
    numbers = np.flatnonzero(days < program.horizon)

    def fill(people: np.ndarray, places: np.ndarray) -> None:
        number = numbers[places]
        people.id, people.status, people.t_entry = ENTRANTS + number, EXPECTED, days[number]
        people.site = _site_of(number, each) % program.sites

    return _Group(len(numbers), fill)


def _entry_days(program: Program, key: np.uint64) -> np.ndarray:
    """When each of those who come later enters."""
    enters = program.scenario.enters
    if enters is None:
        return np.empty(0)
    return np.array(enters.on_days.days) if enters.on_days else _arrivals(program, key)


def _arrivals(program: Program, key: np.uint64) -> np.ndarray:
    """Arrival times of a Poisson stream over its calendar, each gap keyed by the visitor."""
    stream = program.scenario.enters.stream
    busy = 7.0 if stream.when else 0.0  # a calendar can put a whole week's arrivals at the week's beginning
    calendar = calendar_name(program.scenario, stream.when, stream.season)
    times, last = np.empty(_enough(stream.rate * (_profile_days(program, calendar) + busy))), 0.0
    purpose = hash_name("clock", "gap")
    for block in _blocks(len(times)):
        ids = np.arange(ENTRANTS + block.start, ENTRANTS + block.stop, dtype=np.uint32)
        waits = gaps(1.0, uniforms(key, ids, hash_name("entry"), 0, purpose)) / stream.rate
        waits[0] += last
        tau = np.cumsum(waits)
        last = tau[-1]
        times[block] = _clock_times(program, calendar, tau)
    return times


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
    x = _weekly_times(static, k, tau) + np.interp(weekday, at, total)
    weeks = np.floor(x / 7.0)
    return weeks * 7.0 + np.interp(x - weeks * 7.0, total, at) - weekday


def _profile_days(program: Program, calendar: str | None) -> float:
    """At least the profile time of the horizon: more than its days where they are in season."""
    k = program.names.number("calendars", calendar)
    first, _, days = program.static["calendar_season"][k] if k >= 0 else (-1, 0, 0)
    return max(program.horizon, program.static["season_sum"][first + days]) if first >= 0 else program.horizon


def _weekly_times(static: dict[str, np.ndarray], calendar: int, tau: np.ndarray) -> np.ndarray:
    """Seasonal times as times of the weekly profile: as `sim.model.calendar` has it, for many at once."""
    first, _, days = static["calendar_season"][calendar]
    if first < 0:
        return tau
    sums, bases = (static[name][first : first + days + 1] for name in ("season_sum", "season_base"))
    k = np.searchsorted(sums, tau, side="right") - 1
    x = bases[k] + (tau - sums[k]) / static["season_factor"][first : first + days + 1][k]
    ends = np.append(bases[1:], math.inf)
    return np.minimum(x, np.nextafter(ends[k], -math.inf))


def _prospects(program: Program) -> Iterator[_Group]:
    """People who do not know the brand yet, by segment."""
    for k, name in enumerate(program.segment_names):
        prospects = getattr(traits_of(program.scenario, name), "prospects", None)
        if prospects:
            yield _prospects_of(program, k, prospects)


def _prospects_of(program: Program, segment: int, prospects) -> _Group:
    """The prospects of one segment: so many at each site, or so many in all, spread evenly."""
    count, per_site, sites = prospects.count, prospects.per_site, program.sites

    def fill(people: np.ndarray, places: np.ndarray) -> None:
        people.id = PROSPECTS + (segment << 26) + places  # room for 67 million of each segment
        people.status, people.segment, people.t_entry = PROSPECT, segment, math.inf
        people.site = places // count if per_site else places % sites

    return _Group(count * (sites if per_site else 1), fill)


# ---------------------------------------------------------------- segments and traits
def assign_segments(program: Program, key: np.uint64, people: np.ndarray) -> None:
    """The customers' segments: an exponential race of the shares, each keyed by its segment's name, so that
    neither order nor another segment's arrival moves more people than it must."""
    for block in _blocks(len(people)):
        _assign_segments(program, key, people[block])


def _assign_segments(program: Program, key: np.uint64, people: np.ndarray) -> None:
    known = people.id < PROSPECTS
    ids = people.id[known]
    best = np.full(len(ids), math.inf)
    chosen = np.zeros(len(ids), np.int64)
    for name, share in _shares(program):
        waits = gaps(1.0, uniforms(key, ids, _TRAITS, 0, hash_name("traits", "segment", name))) / share
        chosen[waits < best] = program.names.number("segments", name)
        best = np.minimum(best, waits)
    people.segment[known] = chosen


def _shares(program: Program) -> list[tuple[str, float]]:
    """Segments of customers with a share above zero."""
    segments = program.scenario.segments
    return [(name, s.share) for name, s in segments.items() if s.share]


def fresh_traits(program: Program, key: np.uint64, people: np.ndarray) -> None:
    """Draw every trait of everybody, as the program's scenario has it (the same luck under every scenario)."""
    for block in _blocks(len(people)):
        _fresh_traits(program, key, people[block])


def _fresh_traits(program: Program, key: np.uint64, people: np.ndarray) -> None:
    for traits, chosen in _by_segment(program, people):
        _draw_traits(program, traits, key, people, chosen)


def _by_segment(program: Program, people: np.ndarray) -> Iterator[tuple]:
    """The traits of each segment that anybody is in, and who."""
    for k, name in enumerate(program.segment_names):
        traits = traits_of(program.scenario, name)
        chosen = people.segment == k
        if traits is not None and chosen.any():
            yield traits, chosen


def _draw_traits(program: Program, traits, key: np.uint64, people: np.ndarray, chosen: np.ndarray) -> None:
    ids = people.id[chosen]
    rate = _drawn(traits.needs.rate, key, ids, "needs")
    with np.errstate(divide="ignore"):
        people.need_gap[chosen] = usually(program.scenario.baseline) / rate
    people.leave[chosen] = _drawn(traits.leaves.rate, key, ids, "leaves")
    people.spend[chosen] = np.minimum(_drawn(traits.spends, key, ids, "spends"), DEAREST)
    for name in _SUSCEPTIBLE:
        people[name][chosen] = _drawn(getattr(traits.susceptible, name), key, ids, name)
    for name in _PLAIN:
        people[name][chosen] = _drawn(getattr(traits, name), key, ids, name)


def _drawn(dist, key: np.uint64, ids: np.ndarray, name: str) -> np.ndarray | np.float64:
    """One trait of the customers with these ids; what is the same for all needs no draws."""
    if dist.family == "constant":
        return np.float64(dist.params[0])
    return quantiles(dist, uniforms(key, ids, _TRAITS, 0, hash_name("traits", name)))


def _start_neutral(program: Program, key: np.uint64, people: np.ndarray) -> None:
    """New customers: no feelings yet, the baseline's average expected, trust at the stated level."""
    row = program.static["psyche"][0]
    people.expectation = row.expectation
    people.normative = people["values"] * row.normative
    for traits, chosen in _by_segment(program, people):
        people.trust[chosen] = _drawn(traits.trust, key, people.id[chosen], "trust")
