"""Attribution rules against examples worked out by hand, and Shapley's value against its definition."""

import math
from itertools import combinations

import numpy as np
import pytest

from sim.analysis.attribution import (
    NO_TOUCH,
    RULES,
    first_touch,
    last_touch,
    linear,
    markov,
    paths_of,
    shapley,
)

CHANNELS = ("a", "b", "c")


def paths(*told: tuple[str, bool]):
    """Paths from texts such as ("abc", True)."""
    channel = [CHANNELS.index(letter) for text, _ in told for letter in text]
    path = [k for k, (text, _) in enumerate(told) for _ in text]
    return paths_of(
        CHANNELS,
        np.array(channel, int),
        np.array(path, int),
        np.array([converted for _, converted in told], bool),
    )


EXAMPLE = (("abc", True), ("a", False), ("bc", False))


def test_the_markov_example_that_everybody_uses():
    """Start: a 2/3, b 1/3; a: b 1/2; b: c; c: conversion 1/2. In all 1/3; without a 1/6, without b or c none."""
    assert markov(paths(*EXAMPLE)) == pytest.approx([0.5 / 2.5, 1 / 2.5, 1 / 2.5, 0.0])


def test_rules_of_thumb():
    told = paths(("aab", True), ("c", True), ("b", False), ("", True))
    assert last_touch(told).tolist() == [0, 1, 1, 1]
    assert first_touch(told).tolist() == [1, 0, 1, 1]
    assert linear(told) == pytest.approx([2 / 3, 1 / 3, 1, 1])
    assert shapley(told) == pytest.approx([1 / 2, 1 / 2, 1, 1])
    assert told.channels[-1] == NO_TOUCH


def test_loops_change_no_removal_effect():
    once, twice = (markov(paths((text, True), ("ba", False))) for text in ("ab", "aabb"))
    assert twice.sum() == pytest.approx(once.sum()) == 1.0
    assert markov(paths(("aab", True))) == pytest.approx(markov(paths(("ab", True))))


def random_paths(seed: int):
    random = np.random.default_rng(seed)
    return paths(
        *(
            ("".join(random.choice(list("abc"), random.integers(0, 5))), bool(random.random() < 0.4))
            for _ in range(60)
        )
    )


@pytest.mark.parametrize("rule", RULES)
def test_every_conversion_is_given_away_once(rule):
    told = random_paths(3)
    assert RULES[rule](told).sum() == pytest.approx(told.conversions)


def test_shapley_is_the_value_of_its_game():
    told = random_paths(5)
    members = [set(told.channel[told.path == k]) for k in range(told.converted.size)]

    def worth(coalition):
        return sum(c and m <= coalition for m, c in zip(members, told.converted, strict=True))

    players = range(told.size)
    for player in players:
        others = [other for other in players if other != player]
        value = 0.0
        for size in range(len(others) + 1):
            weight = math.factorial(size) * math.factorial(len(others) - size) / math.factorial(told.size)
            for coalition in map(set, combinations(others, size)):
                value += weight * (worth(coalition | {player}) - worth(coalition))
        assert shapley(told)[player] == pytest.approx(value)


@pytest.mark.parametrize("rule", RULES)
def test_without_conversions_or_paths_there_is_no_credit(rule):
    assert RULES[rule](paths(("ab", False))).tolist() == [0, 0, 0, 0]
    assert RULES[rule](paths()).tolist() == [0, 0, 0, 0]
