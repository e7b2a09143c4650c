"""Points on the unit cube: what each method promises of them, and what SALib makes of them."""

import warnings
from itertools import product

import numpy as np
import pytest

from sim.analysis import sampling


def test_full_factorial_holds_every_combination_once_in_order():
    found = sampling.full_factorial([3, 2, 2])
    assert found.tolist() == [list(row) for row in product(range(3), range(2), range(2))]


def test_one_at_a_time_moves_one_from_the_centre():
    assert sampling.one_at_a_time([2, 0, 1]).tolist() == [[-1, -1, -1], [0, -1, -1], [1, -1, -1], [-1, -1, 0]]


def test_latin_hypercube_has_one_point_in_every_slice():
    drawn = sampling.latin_hypercube(20, 4, 7)
    assert (np.sort(np.floor(drawn * 20), axis=0) == np.arange(20)[:, None]).all()


def test_sobol_is_balanced_in_every_elementary_box_of_two_dimensions():
    """A (0, m, 2)-net, which scrambling keeps: of 16 points one in every box of area 1/16, whatever its shape."""
    drawn = sampling.sobol(16, 2, 3)
    for k in range(5):
        boxes = np.floor(drawn * [2**k, 2 ** (4 - k)]).astype(int)
        assert len({tuple(box) for box in boxes}) == 16


@pytest.mark.parametrize("second_order", [False, True])
@pytest.mark.parametrize("dimensions", [1, 3])
def test_saltelli_is_row_for_row_that_of_salib(dimensions, second_order):
    salib = pytest.importorskip("SALib.sample.sobol")
    problem = {"num_vars": dimensions, "names": [f"x{k}" for k in range(dimensions)]}
    problem["bounds"] = [[0.0, 1.0]] * dimensions
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = salib.sample(problem, 8, calc_second_order=second_order, seed=np.random.default_rng(5))
    ours = sampling.saltelli(8, dimensions, 5, second_order=second_order)
    assert np.array_equal(ours, theirs)


def test_salib_finds_the_known_indices_of_ishigami_from_our_points():
    """Exact: S1 .3139, .4424, 0; ST .5576, .4424, .2437 (Ishigami and Homma 1990, a = 7, b = .1)."""
    analyze = pytest.importorskip("SALib.analyze.sobol")
    x = np.pi * (2.0 * sampling.saltelli(1024, 3, 1, second_order=True) - 1.0)
    y = np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
    problem = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[-np.pi, np.pi]] * 3}
    found = analyze.analyze(problem, y, seed=1)
    for name, exact in (("S1", (0.3139, 0.4424, 0.0)), ("ST", (0.5576, 0.4424, 0.2437))):
        assert (np.abs(found[name] - exact) < 1.5 * found[f"{name}_conf"] + 0.005).all()


@pytest.mark.parametrize("levels", [2, 4, 6])
def test_morris_moves_one_coordinate_by_the_step_on_the_grid(levels):
    drawn = sampling.morris(30, 5, levels, 2)
    assert drawn.shape == (180, 5)
    grid = np.round(drawn * (levels - 1), 9)
    assert set(np.unique(grid)) <= set(range(levels))
    steps = np.diff(drawn.reshape(30, 6, 5), axis=1)
    moved = np.abs(steps) > 1e-9
    assert (moved.sum(axis=2) == 1).all()  # one at a time
    assert (moved.sum(axis=1) == 1).all()  # each once
    assert np.allclose(np.abs(steps[moved]), levels / (2 * (levels - 1)))


def test_morris_uses_every_level_order_and_direction_alike():
    """Counts within five standard deviations of the binomial."""
    drawn = sampling.morris(4000, 3, 4, 2).reshape(4000, 4, 3)
    first = np.abs(np.diff(drawn, axis=1)).argmax(axis=2)[:, 0]
    for k in range(3):
        assert abs((first == k).mean() - 1 / 3) < 5 * np.sqrt(2 / 9 / 4000)
    up = (np.diff(drawn, axis=1).sum(axis=1) > 0).mean(axis=0)
    assert (np.abs(up - 0.5) < 5 * np.sqrt(0.25 / 4000)).all()
    for level in range(4):
        assert abs(np.isclose(drawn[:, 0], level / 3).mean() - 0.25) < 5 * np.sqrt(3 / 16 / 12000)


def test_salib_finds_the_slopes_of_a_plane_from_our_trajectories():
    analyze = pytest.importorskip("SALib.analyze.morris")
    x = sampling.morris(4, 3, 4, 9)
    problem = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[0.0, 1.0]] * 3}
    found = analyze.analyze(problem, x, x @ [3.0, -2.0, 0.5], num_levels=4, seed=1)
    assert np.allclose(found["mu"], [3.0, -2.0, 0.5])
    assert np.allclose(found["sigma"], 0.0)


@pytest.mark.parametrize(
    "draw",
    [
        lambda seed: sampling.latin_hypercube(8, 3, seed),
        lambda seed: sampling.sobol(8, 3, seed),
        lambda seed: sampling.saltelli(8, 3, seed),
        lambda seed: sampling.morris(8, 3, 4, seed),
    ],
)
def test_points_depend_on_the_seed_alone(draw):
    state = np.random.get_state()[1].copy()
    np.random.seed(3)
    first = draw(1)
    assert np.array_equal(first, draw(1))
    assert not np.array_equal(first, draw(2))
    assert ((first >= 0) & (first <= 1)).all()
    np.random.seed(3)
    before = np.random.random()
    np.random.seed(3)
    draw(1)
    assert np.random.random() == before  # no global generator is touched
    assert state is not None
