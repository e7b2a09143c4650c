"""Who is whose friend: the shapes of networks, and that one person more rewires nobody else."""

import numpy as np
import pytest

from sim.engine import lower
from sim.engine.network import network_of, ties_of
from sim.engine.population import new_people
from sim.model.keys import run_key
from sim.scenario import parse
from sim.scenario.network import Network

KEY = run_key(3)
DRAWN = ("small_world", "scale_free", "blocks", "random")


def town(size=400, prospects=0, **more):
    strangers = {"strangers": {"prospects": prospects}} if prospects else {}
    return {
        "name": "Town",
        "horizon": "5 d",
        "warm_up": 0,
        "population": {"size": size},
        "segments": {"near": {"share": "40 %"}, "far": {"share": "rest"}} | strangers,
        "touchpoints": {"shop": {}},
        "journeys": {"visit": {"starts_on": {"need": {"becomes": "shop"}}, "steps": {"shop": {}}}},
    } | more


def people_of(data):
    return new_people(lower(parse(data)), KEY)


def pairs(ties):
    return {tuple(tie) for tie in ties.tolist()}


def neighbours(ties, n):
    """The set of friends of everybody."""
    found = [set() for _ in range(n)]
    for one, other in ties.tolist():
        found[one].add(other)
        found[other].add(one)
    return found


# ---------------------------------------------------------------- one more
@pytest.mark.parametrize("kind", DRAWN)
@pytest.mark.parametrize("friends", [1, 5, 8])
@pytest.mark.parametrize("more", [{"size": 401}, {"prospects": 61}], ids=["customer", "prospect"])
def test_one_more_at_the_end_of_the_order_rewires_nobody_else(kind, friends, more):
    network = Network(kind=kind, friends=friends)
    before = {"size": 400} if "size" in more else {"prospects": 60}
    small, large = (people_of(town(**sizes)) for sizes in (before, more))
    one, two = (pairs(ties_of(network, people, KEY)) for people in (small, large))
    assert len(large) == len(small) + 1
    assert one == {tie for tie in two if max(tie) < len(small)}
    assert all(len(small) in tie for tie in two - one)


def test_sites_and_segments_of_others_do_not_matter_either():
    network = Network(kind="blocks", across_sites=0.5)
    site = {"population": {"size": 400, "site": 40}}
    one = people_of(town(prospects=60) | site)
    two = people_of(town(prospects=61) | site)
    assert pairs(ties_of(network, one, KEY)) <= pairs(ties_of(network, two, KEY))


# ---------------------------------------------------------------- shapes
@pytest.mark.parametrize("kind", DRAWN)
@pytest.mark.parametrize("friends", [1, 8])
def test_people_have_as_many_friends_as_declared(kind, friends):
    people = people_of(town(4_000))
    ties = ties_of(Network(kind=kind, friends=friends), people, KEY)
    assert 2 * len(ties) / len(people) == pytest.approx(friends, rel=0.03)  # a few are drawn twice


def clustering(ties, n):
    """The mean share of pairs of one's friends who are friends."""
    friends = neighbours(ties, n)
    shares = []
    for mine in friends:
        k = len(mine)
        if k > 1:
            known = sum(len(friends[other] & mine) for other in mine) / 2
            shares.append(known / (k * (k - 1) / 2))
    return np.mean(shares)


def test_in_a_small_world_friends_know_each_other():
    people = people_of(town(2_000))
    small, random = (
        clustering(ties_of(Network(kind=k), people, KEY), 2_000) for k in ("small_world", "random")
    )
    assert small > 10 * random
    assert small > 0.3


def test_rewiring_everything_makes_a_small_world_random():
    people = people_of(town(2_000))
    every = ties_of(Network(kind="small_world", rewire=1), people, KEY)
    assert pairs(every) == pairs(ties_of(Network(kind="random"), people, KEY))


def test_a_few_know_very_many_where_the_network_is_scale_free():
    people = people_of(town(4_000))
    degrees = {
        kind: np.bincount(ties_of(Network(kind=kind), people, KEY).ravel(), minlength=4_000)
        for kind in ("scale_free", "random")
    }
    assert degrees["scale_free"].max() > 4 * degrees["random"].max()
    tail = [np.mean(degrees["scale_free"] >= k) for k in (16, 64)]
    assert (
        8 < tail[0] / tail[1] < 32
    )  # P(k) falls with k^-2: four times as many friends, a sixteenth of the people


def test_people_know_their_like():
    people = people_of(town(4_000))
    segment = people["segment"]

    def own(network):
        one, other = ties_of(network, people, KEY).T
        return np.mean(segment[one] == segment[other])

    assert own(Network(kind="blocks", within=1)) == 1
    assert own(Network(kind="blocks", within=0)) == pytest.approx(0.4**2 + 0.6**2, abs=0.02)
    assert 0.85 < own(Network(kind="blocks")) < 0.95


@pytest.mark.parametrize("kind", ["small_world", "blocks", "random"])
def test_ties_can_stay_at_the_site(kind):
    people = people_of(town(1_000) | {"population": {"size": 1_000, "site": 50}})
    one, other = ties_of(Network(kind=kind, across_sites=0), people, KEY).T
    assert (people["site"][one] == people["site"][other]).all()
    one, other = ties_of(Network(kind="random"), people, KEY).T
    assert (people["site"][one] == people["site"][other]).mean() < 0.2


def test_a_file_names_pairs(tmp_path):
    (tmp_path / "ties.csv").write_text(
        f"one,other\n0,1\n1,0\n2,2\n2,999\n3,{(1 << 31) + (2 << 26)}\n", "utf-8"
    )
    network = {"kind": "file", "file": "ties.csv", "column": "one", "friend": "other"}
    scenario = parse(town(5, prospects=2, network=network), folder=tmp_path)
    people = new_people(lower(scenario), KEY)
    first = int(np.flatnonzero(people["segment"] == 2)[0])
    assert pairs(ties_of(scenario.network, people, KEY)) == {(1, 0), (first, 3)}


# ---------------------------------------------------------------- lists
def test_lists_hold_both_ends_of_every_tie():
    program = lower(parse(town(300, network={"kind": "small_world"})))
    people = new_people(program, KEY)
    lists = network_of(program, people, KEY)
    friends = neighbours(ties_of(Network(kind="small_world"), people, KEY), 300)
    at = lists["friends_at"]
    assert [lists["friends"][at[i] : at[i + 1]].tolist() for i in range(300)] == [sorted(f) for f in friends]


@pytest.mark.parametrize(
    "more", [{}, {"network": {"kind": "random"}, "psychology": {"word_of_mouth": 0}}], ids=["none", "silent"]
)
def test_nothing_is_drawn_where_nobody_would_tell(more):
    program = lower(parse(town(**more)))
    assert [len(a) for a in network_of(program, new_people(program, KEY), KEY).values()] == [0, 0]


def test_one_person_has_no_friends():
    for kind in DRAWN:
        assert len(ties_of(Network(kind=kind), people_of(town(1)), KEY)) == 0
        assert len(ties_of(Network(kind=kind), people_of(town(2)), KEY)) == 1
