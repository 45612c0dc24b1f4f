"""Verifiers give known objects their known values, exactly, and leave them where symmetry says they belong."""

from __future__ import annotations

from fractions import Fraction
from math import cos, log, pi, sin, sqrt
from typing import Any

import numpy as np
import pytest

from genopt_gym.core.task import TaskSpec
from genopt_gym.envs.discovery.autocorrelation import FirstAutocorrelation, SecondAutocorrelation, ThirdAutocorrelation
from genopt_gym.envs.discovery.cap_set import CapSet8
from genopt_gym.envs.discovery.circles import CirclePacking26, CirclePackingRectangle21
from genopt_gym.envs.discovery.distances import MinMaxDistance2D16, MinMaxDistance3D14
from genopt_gym.envs.discovery.exact import convolve, rounded
from genopt_gym.envs.discovery.heilbronn import HeilbronnConvex13, HeilbronnTriangle11
from genopt_gym.envs.discovery.hexagons import HexagonPacking11
from genopt_gym.envs.discovery.kissing import KissingNumber11
from genopt_gym.envs.discovery.overlap import ErdosMinimumOverlap
from genopt_gym.envs.discovery.problem import DiscoveryTask
from genopt_gym.envs.discovery.sums_differences import SumsAndDifferences
from genopt_gym.envs.discovery.uncertainty import UncertaintyInequality
from genopt_gym.registration import DISCOVERY, TABLE
from tests.envs.discovery import objects

TASKS: list[Any] = [TaskSpec(row.task, {}).make() for row in TABLE if row.id.startswith("GenOpt/Discovery-")]
SQUARE_ROOT_2 = Fraction(sqrt(2))


def of_size(task: type[Any], n: int) -> Any:
    """The same problem for another number of objects."""
    return type(task.__name__, (task,), {"n": n})()


# --- closed forms


def test_circles_in_the_square_of_which_the_best_sum_is_known() -> None:
    one = of_size(CirclePacking26, 1).verify([[0.5, 0.5, 0.5]])
    four = of_size(CirclePacking26, 4).verify(objects.grid_of_circles(2, 4))
    assert (one.value, four.value) == (Fraction(1, 2), 1)
    radius = 1 / (2 + sqrt(2))  # two circles along the diagonal: radii of 1 / (2 + sqrt 2)
    two = of_size(CirclePacking26, 2).verify([[radius, radius, radius], [1 - radius, 1 - radius, radius]])
    assert abs(two.value - (2 - SQUARE_ROOT_2)) < Fraction(1, 2**50)


def test_circles_in_a_rectangle_may_choose_its_sides() -> None:
    task = of_size(CirclePackingRectangle21, 2)
    assert task.verify([[100.0, 7.0, 1 / 4], [100.5, 7.0, 1 / 4]]).value == Fraction(1, 2)
    row = [[1 / 3, 0, 1 / 3], [1, 0, 1 / 3]]
    assert float(task.verify(row).value) == pytest.approx(2 / 3, abs=1e-15)


def test_heilbronn_of_points_that_share_out_the_region() -> None:
    corners = of_size(HeilbronnTriangle11, 3).verify([[0, 0], [1, 0], [0, 1]])
    square = of_size(HeilbronnConvex13, 4).verify([[0, 0], [1, 0], [0, 1], [1, 1]])
    assert (corners.value, square.value) == (1, Fraction(1, 2))
    # A regular hexagon: the triangle of three corners in a row is a sixth of it.
    hexagon = of_size(HeilbronnConvex13, 6).verify([[2, 0], [1, 1], [-1, 1], [-2, 0], [-1, -1], [1, -1]])
    assert hexagon.value == Fraction(1, 6)


def test_ratios_of_distances_of_grids() -> None:
    plane = of_size(MinMaxDistance2D16, 4).verify([[0, 0], [1, 0], [0, 1], [1, 1]])
    space = of_size(MinMaxDistance3D14, 4).verify([[0, 0, 0], [1, 1, 0], [1, 0, 1], [0, 1, 1]])
    assert (plane.value, space.value) == (2, 1)


def test_seven_hexagons_fit_into_one_of_side_3() -> None:
    assert float(of_size(HexagonPacking11, 7).verify(objects.honeycomb_of_seven()).value) == pytest.approx(3, abs=1e-14)
    pair = [[0, 0, 0], [sqrt(3) * cos(pi / 6), sqrt(3) * sin(pi / 6), 0], [0, 0, 30]]  # two that share a side
    verdict = of_size(HexagonPacking11, 2).verify(pair)
    assert 0 <= verdict.shrink < Fraction(1, 2**50)


def test_constant_functions() -> None:
    for heights in ([1], [3.5] * 40):
        assert FirstAutocorrelation().verify(heights).value == 2
        assert SecondAutocorrelation().verify(heights).value == Fraction(2, 3)
        assert ThirdAutocorrelation().verify([-height for height in heights]).value == 2
    assert ErdosMinimumOverlap().verify([0.5] * 9).value == Fraction(1, 2)


def test_step_functions_worked_out_by_hand() -> None:
    # h = 1, 0, 1, 0: a shift by one of the steps of 1/2 puts both ones where h is 0. Outside [0, 2] nothing counts:
    # of h = 0, 1, 1, 0 no shift brings more than one of the ones there.
    assert ErdosMinimumOverlap().verify([1, 0, 1, 0]).value == 1
    assert ErdosMinimumOverlap().verify([0, 1, 1, 0]).value == Fraction(1, 2)
    # f = 1, 2: f*f has the nodes 1, 4, 4, and twice two steps times 4 over 3 squared.
    assert FirstAutocorrelation().verify([1, 2]).value == Fraction(16, 9)
    # Between the nodes 0, 1, 4, 4, 0 the square has the integral (1 + 21 + 48 + 16) / 3; the sum is 9, the peak 4.
    assert SecondAutocorrelation().verify([1, 2]).value == Fraction(86, 3 * 9 * 4)
    # f = 1, -3: f*f has the nodes 1, -6, 9.
    assert ThirdAutocorrelation().verify([1, -3]).value == Fraction(4 * 9, 4)


def test_the_absolute_value_is_taken_before_the_maximum() -> None:
    heights = [1, -9, 1, 9]  # f*f has the nodes 1, -18, 83, 0, -161, 18, 81; the integral is 2 steps
    assert ThirdAutocorrelation().verify(heights).value == Fraction(2 * 4 * 161, 2**2)


def test_hermite_combinations_whose_root_is_known() -> None:
    # H4 - 12 = 16 x^2 (x^2 - 3)
    assert float(UncertaintyInequality().verify([1]).value) == pytest.approx(3 / (2 * pi), abs=1e-16)
    assert UncertaintyInequality().verify([-7.25]).value == UncertaintyInequality().verify([1]).value


def test_the_uncertainty_bound_of_goncalves_is_that_of_their_paper() -> None:
    verdict = UncertaintyInequality().verify([-113 / 100, 1 / 25, 1 / 3240])
    assert float(verdict.value) == pytest.approx(0.35229556, abs=1e-8)


def test_sets_whose_sums_and_differences_can_be_counted() -> None:
    task = SumsAndDifferences()
    assert task.verify(list(range(30))).value == 1
    assert float(task.verify([0, 1, 3]).value) == pytest.approx(1 + log(7 / 6) / log(7), abs=1e-14)
    golomb = [0, 1, 4, 9, 11]  # all 20 differences differ, and all 15 sums
    assert float(task.verify(golomb).value) == pytest.approx(1 + log(21 / 15) / log(23), abs=1e-14)
    conway = [0, 2, 3, 4, 7, 11, 12, 14]  # the smallest set with more sums (26) than differences (25)
    assert float(task.verify(conway).value) == pytest.approx(1 + log(25 / 26) / log(29), abs=1e-14)


def test_huge_numbers_are_counted_like_small_ones() -> None:
    task, golomb = SumsAndDifferences(), [0, 1, 4, 9, 11]
    far = task.verify([x * 10**15 for x in golomb])
    assert far.note.startswith("21 differences and 15 sums")


def test_kissing_configurations_of_root_systems() -> None:
    roots = objects.root_system()
    assert KissingNumber11().verify(roots).value == len(roots) == 220
    scaled = [[x * 10**13 + 0 for x in root] for root in roots[:100]] + [[x / 3 for x in root] for root in roots[100:]]
    assert KissingNumber11().verify(scaled).value == 220


def test_caps_of_cubes_products_and_funsearch() -> None:
    cube = [[int(digit) for digit in f"{k:08b}"] for k in range(256)]
    assert CapSet8().verify(cube).value == 256
    assert CapSet8().verify(objects.cap_of_512()).value == 512


# --- symmetry


@pytest.mark.parametrize("seed", range(3))
def test_order_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for task in TASKS:
        if isinstance(task, FirstAutocorrelation | SecondAutocorrelation | ThirdAutocorrelation | ErdosMinimumOverlap):
            continue  # of step functions the order is the function
        if isinstance(task, UncertaintyInequality):
            continue
        rows, rest = built(task), []
        if isinstance(task, HexagonPacking11.__bases__[0]):
            rows, rest = rows[:-1], rows[-1:]
        shuffled = [rows[k] for k in rng.permutation(len(rows))] + rest
        assert task.verify(shuffled).value == task.verify([*rows, *rest]).value, type(task).__name__


def test_what_is_invariant_under_powers_of_two_is_exactly_so() -> None:
    rng = np.random.default_rng(1)
    points, heights = rng.random((13, 2)).tolist(), rng.random(30).tolist()
    for task, solution, scaled in (
        (HeilbronnConvex13(), points, (np.array(points) * 8).tolist()),
        (
            MinMaxDistance2D16(),
            [*points, [2, 2], [3, 3], [4, 4]],
            [*(np.array(points) * 8).tolist(), [16, 16], [24, 24], [32, 32]],
        ),
        (FirstAutocorrelation(), heights, (np.array(heights) / 4).tolist()),
        (SecondAutocorrelation(), heights, (np.array(heights) * 2).tolist()),
        (ThirdAutocorrelation(), heights, (np.array(heights) * -2).tolist()),
        (UncertaintyInequality(), [0.33, -0.012, -9e-5], [-0.66, 0.024, 1.8e-4]),
    ):
        assert task.verify(solution).value == task.verify(scaled).value, type(task).__name__


@pytest.mark.parametrize("angle", [10.0, 33.3])
def test_turning_changes_a_score_by_rounding_alone(angle: float) -> None:
    turn = np.array([[cos(angle), -sin(angle)], [sin(angle), cos(angle)]])
    rng = np.random.default_rng(2)
    for task, n in ((HeilbronnConvex13(), 13), (MinMaxDistance2D16(), 16)):
        points = rng.random((n, 2))
        before, after = task.verify(points.tolist()).value, task.verify((points @ turn.T).tolist()).value
        assert float(after) == pytest.approx(float(before), rel=1e-9)
    hexagons = of_size(HexagonPacking11, 7)
    rows = np.array(objects.honeycomb_of_seven()) * [1.01, 1.01, 1]
    turned = np.column_stack([rows[:, :2] @ turn.T, rows[:, 2] + np.degrees(angle)])
    assert float(hexagons.verify(turned.tolist()).value) == pytest.approx(
        float(hexagons.verify(rows.tolist()).value), rel=1e-12
    )


def test_affine_maps_leave_heilbronns_ratio_alone() -> None:
    points = np.random.default_rng(3).random((13, 2))
    mapped = points @ np.array([[4.0, 1.0], [0.5, 2.0]])
    values = [float(HeilbronnConvex13().verify(each.tolist()).value) for each in (points, mapped)]
    assert values[0] == pytest.approx(values[1], rel=1e-9)


def test_steps_may_be_cut_into_finer_ones() -> None:
    heights = np.random.default_rng(4).random(11)
    halves = np.repeat(heights, 2).tolist()
    for task in (FirstAutocorrelation(), SecondAutocorrelation(), ThirdAutocorrelation()):
        assert task.verify(halves).value == task.verify(heights.tolist()).value
    pieces = [0.25, 1, 0.5, 0.75, 0, 0.5]
    assert ErdosMinimumOverlap().verify([h for h in pieces for _ in range(3)]).value == (
        ErdosMinimumOverlap().verify(pieces).value
    )


def test_a_function_and_its_mirror_image_overlap_alike() -> None:
    heights = [0.25, 1, 0.5, 0.75, 0, 0.5]
    values = {ErdosMinimumOverlap().verify(each).value for each in (heights, heights[::-1], [1 - h for h in heights])}
    assert len(values) == 1


def test_exact_convolution_is_the_floating_one_without_its_errors() -> None:
    rng = np.random.default_rng(5)
    for length in (1, 2, 7, 100):
        a, b = (rng.integers(-(10**6), 10**6, length).tolist() for _ in range(2))
        assert convolve(a, b) == np.convolve(a, b).tolist()
        assert convolve(a, a) == np.convolve(a, a).tolist()
    assert convolve([10**50, -1], [10**50, 1]) == [10**100, 0, -1]


def test_scores_are_never_better_than_the_truth() -> None:
    for value in (Fraction(1, 3), Fraction(2, 3), Fraction(-1, 7), Fraction(10**20 + 1, 10**20)):
        low, high = rounded(value, 1), rounded(value, -1)
        assert Fraction(low) <= value <= Fraction(high)
        assert high == low or np.nextafter(low, np.inf) == high


# --- the metrics


@pytest.mark.parametrize("task", TASKS, ids=lambda task: type(task).__name__)
def test_the_floor_is_the_naive_start_and_the_record_lies_beyond_the_reference(task: DiscoveryTask) -> None:
    metric = task.metric
    naive = task.score_of(task.verify(built(task)))
    assert naive == pytest.approx(metric.floor, rel=1e-4)
    assert metric.record is not None
    assert not metric.better(metric.reference, metric.record)
    assert metric.better(metric.best, metric.record)
    assert metric.solved is None
    assert "record" in metric.sources
    assert {f"{type(t).__module__.rpartition('.')[2]}:{type(t).__name__}" for t in TASKS} == set(DISCOVERY)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: type(task).__name__)
def test_solutions_can_be_drawn(task: DiscoveryTask) -> None:
    picture = task.picture([None, built(task)])
    assert picture is not None
    assert picture.dtype == np.uint8
    assert picture.shape == (600, 600, 3)
    assert picture.std() > 5
    assert task.picture([None]) is None


def built(task: DiscoveryTask) -> list[Any]:
    """What the task's own naive start constructs; the text is ours, so that it may run here."""
    namespace: dict[str, Any] = {}
    exec(task.starts_by_name["naive"].start, namespace)
    solution: list[Any] = namespace["start"](0)
    return solution
