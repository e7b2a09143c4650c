"""Pending steps: a sorted list a customer, from one pool that loses nothing."""

import math

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from sim.engine import lower, simulate_logged
from sim.engine.state import State
from sim.model.layout import CAMPAIGNS, NEED, NOBODY
from sim.model.pending import NO_VISITS, drop_all, free_node, hand_over, insert, new_node, pop_first
from sim.model.world import FREE, USED
from sim.scenario import parse

PROGRAM = lower(parse({"name": "Lists", "horizon": "1 d", "population": {"size": 2}}))
HERE, ELSEWHERE = np.int64(3), np.int64(4)
NODES = st.tuples(
    st.sampled_from((0.0, 1.0, 1.5, 2.0, math.inf)), st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)
)


class Lists:
    """A world with two customers and an empty pool."""

    def __init__(self):
        self.state = State(PROGRAM, 1, 0, None, False)
        self.w, self.pool = self.state.world, self.state["pool"]
        self.people = self.state["people"]

    def put(self, p, due, stream=0, index=0, step=0, waits_at=NOBODY):
        """One more pending step; its node."""
        numbers = map(np.int64, (stream, index))
        node = new_node(self.w, float(due), *numbers, NO_VISITS, np.int64(step), 0.5, NOBODY, waits_at)
        insert(self.w, p, node)
        return node

    def listed(self, p):
        """What a customer has pending, in order."""
        found, at = [], p.pending
        while at >= 0 and len(found) <= len(self.pool):
            node = self.pool[at]
            found.append((node.due, int(node.stream), int(node.index), int(node.step)))
            at = node.next
        return found

    def free(self):
        """The nodes of the free list, as many as are not in use."""
        found, at = [], self.state["tally"][FREE]
        for _ in range(len(self.pool) - self.state["tally"][USED]):
            found.append(int(at))
            at = self.pool[at].next
        return found

    def used(self, p):
        """The nodes of a customer's list."""
        found, at = [], p.pending
        while at >= 0 and len(found) <= len(self.pool):
            found.append(int(at))
            at = self.pool[at].next
        return found


# ---------------------------------------------------------------- order
@given(st.lists(NODES, max_size=20))
def test_steps_come_in_the_order_of_due_stream_index_and_step(nodes):
    lists = Lists()
    for node in nodes:
        lists.put(lists.people[0], *node)
    assert lists.listed(lists.people[0]) == sorted(nodes)


@given(st.lists(NODES, min_size=1, max_size=12, unique=True), st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_who_came_first(nodes, chance):
    one, other = Lists(), Lists()
    for node in nodes:
        one.put(one.people[0], *node)
    chance.shuffle(nodes)
    for node in nodes:
        other.put(other.people[0], *node)
    assert one.listed(one.people[0]) == other.listed(other.people[0])


def test_equals_come_in_the_order_of_arrival():
    lists = Lists()
    nodes = [lists.put(lists.people[0], 1.0) for _ in range(3)]
    assert [pop_first(lists.w, lists.people[0]) for _ in range(3)] == nodes


def test_every_customer_has_a_list_of_his_own():
    lists = Lists()
    for due in (3.0, 1.0, 2.0):
        lists.put(lists.people[0], due)
        lists.put(lists.people[1], 10 * due)
    assert [x[0] for x in lists.listed(lists.people[0])] == [1, 2, 3]
    assert [x[0] for x in lists.listed(lists.people[1])] == [10, 20, 30]


# ---------------------------------------------------------------- the pool
@given(st.lists(st.one_of(NODES, st.none()), max_size=40))
def test_nodes_are_free_or_in_use_and_never_both(actions):
    """A tuple is put, None takes the first away."""
    lists = Lists()
    p, total = lists.people[0], len(lists.pool)
    for action in actions:
        if action is not None:
            lists.put(p, *action)
        elif p.pending >= 0:
            free_node(lists.w, pop_first(lists.w, p))
    in_use = lists.used(p)
    assert lists.state["tally"][USED] == len(in_use)
    assert sorted([*in_use, *lists.free()]) == list(range(total))


def test_whoever_goes_leaves_nothing_pending():
    lists = Lists()
    for due in range(5):
        lists.put(lists.people[0], due)
    lists.put(lists.people[1], 7.0)
    drop_all(lists.w, lists.people[0])
    assert lists.listed(lists.people[0]) == []
    assert len(lists.listed(lists.people[1])) == lists.state["tally"][USED] == 1
    assert sorted([*lists.used(lists.people[1]), *lists.free()]) == list(range(len(lists.pool)))


@given(st.integers(0, 50), st.integers(0, 3_000))
def test_a_larger_pool_keeps_what_was_in_the_smaller(n, wanted):
    lists = Lists()
    for due in range(n):
        lists.put(lists.people[0], due)
    before = lists.listed(lists.people[0])
    lists.state.make_nodes(wanted)
    lists.pool = lists.state["pool"]
    assert lists.listed(lists.people[0]) == before
    assert sorted([*lists.used(lists.people[0]), *lists.free()]) == list(range(len(lists.pool)))
    assert len(lists.pool) - n >= wanted


# ---------------------------------------------------------------- gifts
def test_a_gift_is_handed_over_where_it_waits():
    lists = Lists()
    p = lists.people[0]
    lists.put(p, math.inf, step=1, waits_at=HERE)
    lists.put(p, math.inf, step=2, waits_at=ELSEWHERE)
    lists.put(p, 5.0, step=3)
    hand_over(lists.w, p, HERE, 2.0)
    assert [(due, step) for due, _, _, step in lists.listed(p)] == [(2.0, 1), (5.0, 3), (math.inf, 2)]


def test_a_gift_is_handed_over_once():
    lists = Lists()
    p = lists.people[0]
    lists.put(p, math.inf, waits_at=HERE)
    hand_over(lists.w, p, HERE, 2.0)
    hand_over(lists.w, p, HERE, 3.0)
    assert [due for due, *_ in lists.listed(p)] == [2.0]


WAITING = st.tuples(st.sampled_from((math.inf, 1.0, 4.0)), st.sampled_from((3, 4)), st.integers(0, 9))


@given(st.lists(WAITING))
@example([(math.inf, 3, 0), (math.inf, 3, 1)])
@example([(1.0, 4, 0), (math.inf, 3, 1), (math.inf, 3, 2)])
def test_several_gifts_are_handed_over_and_nothing_is_lost(nodes):
    """Steps due earlier (of somebody who was busy) or later stay where they are."""
    lists = Lists()
    p = lists.people[0]
    for due, place, step in nodes:
        lists.put(p, due, step=step, waits_at=np.int64(place))
    hand_over(lists.w, p, HERE, 2.0)
    expected = [(2.0 if due == math.inf and place == HERE else due, 0, 0, step) for due, place, step in nodes]
    assert lists.listed(p) == sorted(expected)


# ---------------------------------------------------------------- in a run
GIFTS = {
    "name": "Two gifts",
    "horizon": "30 d",
    "psychology": "off",
    "population": {"size": 30},
    "customers": {"needs": "2 per week"},
    "touchpoints": {"counter": {}, "pen": {}, "cake": {}},
    "journeys": {
        "visit": {"starts_on": {"need": {"becomes": "counter"}}, "steps": {"counter": {"next": "end"}}}
    },
    "campaigns": {
        name: {"picks": {"every": "60 d"}, "gives": {"touchpoint": name, "at": "counter"}}
        for name in ("pen", "cake")
    },
}


def test_two_gifts_at_one_touchpoint_are_both_handed_over():
    outcome, log = simulate_logged(lower(parse(GIFTS)), seed=1)
    came = list(dict.fromkeys(log["customer"][log["stream"] == NEED].tolist()))
    assert len(came) == 30
    for stream in (CAMPAIGNS, CAMPAIGNS + 1):
        assert log["customer"][log["stream"] == stream].tolist() == came
    assert outcome.campaigns.handed.tolist() == [30, 30]
