"""Whatever is no solution is refused, in a sentence that names what is wrong; what rounding alone breaks is mended."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import inf, nan, nextafter, sqrt
from typing import Any

import numpy as np
import pytest

from genopt_gym.envs.discovery.autocorrelation import FirstAutocorrelation, ThirdAutocorrelation
from genopt_gym.envs.discovery.cap_set import CapSet8
from genopt_gym.envs.discovery.circles import CirclePacking26, CirclePackingRectangle21
from genopt_gym.envs.discovery.distances import MinMaxDistance2D16, MinMaxDistance3D14
from genopt_gym.envs.discovery.exact import ROUNDING, Refused
from genopt_gym.envs.discovery.heilbronn import HeilbronnConvex13, HeilbronnTriangle11
from genopt_gym.envs.discovery.hexagons import HexagonPacking11, HexagonPacking12
from genopt_gym.envs.discovery.kissing import KissingNumber11
from genopt_gym.envs.discovery.overlap import ErdosMinimumOverlap
from genopt_gym.envs.discovery.sums_differences import SumsAndDifferences
from genopt_gym.envs.discovery.uncertainty import UncertaintyInequality
from tests.envs.discovery import objects
from tests.envs.discovery.test_values import TASKS, built, of_size

CIRCLES = objects.grid_of_circles(6, 26)


def changed(rows: list[Any], row: int, place: int, value: Callable[[float], Any] | Any) -> list[Any]:
    """The rows with one entry changed."""
    copy = [list(each) for each in rows]
    copy[row][place] = value(copy[row][place]) if callable(value) else value
    return copy


def test_a_circle_that_is_out_by_1e_12() -> None:
    for row, place, side, by in ((0, 0, "left", -1e-12), (5, 0, "right", 1e-12), (0, 1, "lower", -1e-12)):
        out = changed(CIRCLES, row, place, CIRCLES[row][place] + by)
        with pytest.raises(Refused, match=rf"circle {row} crosses the {side} side by 1e-12") as refusal:
            CirclePacking26().verify(out)
        assert refusal.value.amount == pytest.approx(1e-12, rel=1e-3)


def test_circles_that_overlap_by_1e_12() -> None:
    apart = [[x, y, radius - 1e-11] for x, y, radius in CIRCLES]
    assert CirclePacking26().verify(apart).shrink == 0
    near = changed(apart, 7, 0, lambda x: x + 2.1e-11)
    with pytest.raises(Refused, match="circles 7 and 8 overlap by 1e-12") as refusal:
        CirclePacking26().verify(near)
    assert refusal.value.amount == pytest.approx(1e-12, rel=1e-2)


def test_a_circle_around_another_overlaps_it() -> None:
    inside = [[0.5, 0.5, 0.4], [0.5, 0.5, 0.1], *([[0.5, 0.5, 0.0]] * 24)]
    with pytest.raises(Refused, match=r"circles 0 and 1 overlap by 0\.5"):
        CirclePacking26().verify(inside)


def test_rounding_is_mended_by_a_shrink_that_the_score_pays_for() -> None:
    r = nextafter(0.25, 1)
    fat = [[x, y, r] for x in (0.25, 0.75) for y in (0.25, 0.75)]
    verdict = of_size(CirclePacking26, 4).verify(fat)
    assert 0 < verdict.shrink <= Fraction(2, 2**53)
    assert verdict.value == 4 * Fraction(r) * (1 - verdict.shrink)
    assert verdict.value <= 1  # never more than the truth for circles at these places
    diagonal = 1 / (2 + sqrt(2))
    for _ in range(3):
        diagonal = nextafter(diagonal, 1)
    touching = [[diagonal, diagonal, diagonal], [1 - diagonal, 1 - diagonal, diagonal]]
    mended = of_size(CirclePacking26, 2).verify(touching)
    shrunk = [Fraction(diagonal) * (1 - mended.shrink)] * 2
    square = 2 * (1 - 2 * Fraction(diagonal)) ** 2
    assert square >= (shrunk[0] + shrunk[1]) ** 2  # by exact algebra, they no longer overlap
    assert square < (sum(shrunk) + Fraction(diagonal) * Fraction(4, 2**53)) ** 2  # and no smaller shrink would do


def test_a_rectangle_with_a_perimeter_above_4() -> None:
    grid = objects.grid_of_circles(5, 25)[:21]
    wide = changed(grid, 4, 0, lambda x: x + 1e-12)
    with pytest.raises(Refused, match=r"the bounding box has a perimeter that is 2e-12 above 4"):
        CirclePackingRectangle21().verify(wide)


def test_points_outside_the_triangle() -> None:
    points = built(HeilbronnTriangle11())
    for place in (0, 1):
        outside = changed(points, 3, place, -1e-12)
        with pytest.raises(Refused, match=rf"point 3 lies outside the triangle: {'xy'[place]} >= 0 is missed by 1e-12"):
            HeilbronnTriangle11().verify(outside)
    beyond = [*points[:3], [0.5, 0.5 + 1e-12], *points[4:]]
    with pytest.raises(Refused, match=r"x \+ y <= 1 is missed by 1e-12"):
        HeilbronnTriangle11().verify(beyond)
    third = of_size(HeilbronnTriangle11, 3)
    drawn = third.verify([[-(2.0**-50), 0], [1, 0], [0, 1]])
    assert 0 < drawn.shrink <= ROUNDING
    assert drawn.value < 1


def test_repeated_points_and_points_on_a_line() -> None:
    for task in (HeilbronnTriangle11(), HeilbronnConvex13(), MinMaxDistance2D16(), MinMaxDistance3D14()):
        points = built(task)
        with pytest.raises(Refused, match="points 2 and 9 are the same"):
            task.verify([*points[:9], points[2], *points[10:]])
    with pytest.raises(Refused, match="all points lie on one line"):
        HeilbronnConvex13().verify([[k, 3 * k] for k in range(13)])


def test_hexagons_that_overlap() -> None:
    honeycomb = objects.honeycomb_of_seven()
    task = of_size(HexagonPacking11, 7)
    near = changed(honeycomb, 1, 0, 2 - 1e-12)
    with pytest.raises(Refused, match="hexagons 0 and 1 overlap by 1e-12"):
        task.verify(near)
    with pytest.raises(Refused, match="hexagons 0 and 1 have the same centre"):
        task.verify(changed(honeycomb, 1, 0, 0.0))
    assert task.verify(changed(honeycomb, 1, 0, nextafter(2.0, 0))).shrink > 0


def test_hexagons_are_disjoint_exactly_when_a_side_of_one_separates_them() -> None:
    two = of_size(HexagonPacking11, 2)
    for angle, distance in ((0.0, 2.0), (30.0, sqrt(3)), (15.0, sqrt(3) / 2 + np.cos(np.radians(15)))):
        for factor, fits in ((1 + 1e-9, True), (1 - 1e-9, False)):
            rows = [[0, 0, angle], [distance * factor, 0, angle if angle != 15 else 30.0], [0, 0, 0]]
            if fits:
                two.verify(rows)
            else:
                with pytest.raises(Refused, match="overlap"):
                    two.verify(rows)


def test_step_functions_that_are_not_allowed() -> None:
    with pytest.raises(Refused, match=r"height 1 is -1e-12, which is negative"):
        FirstAutocorrelation().verify([1, -1e-12, 1])
    for task in (FirstAutocorrelation(), ThirdAutocorrelation()):
        with pytest.raises(Refused, match="the integral of the function is 0"):
            task.verify([0, 0])
    with pytest.raises(Refused, match="the integral of the function is 0"):
        ThirdAutocorrelation().verify([1, -1])
    with pytest.raises(Refused, match=r"height 0 is above 1 by 1e-12"):
        ErdosMinimumOverlap().verify([1 + 1e-12, 0])
    for heights, told in (([0.5, 0.5 + 1e-12], "1.000000000001"), ([0.5, 0.25], "0.75")):
        with pytest.raises(Refused, match=f"the integral of h is {told}.*, but must be 1"):
            ErdosMinimumOverlap().verify(heights)


def test_an_integral_that_misses_1_by_rounding_is_mended_exactly() -> None:
    for heights in ([0.1] * 3 + [0.9] * 3, [1 / 3, 2 / 3], [0.3, 0.7, 0.2, 0.8]):
        moved = [nextafter(heights[0], 0), *heights[1:]]
        verdict = ErdosMinimumOverlap().verify(moved)
        assert abs(verdict.shrink) <= ROUNDING
        assert float(verdict.value) == pytest.approx(float(ErdosMinimumOverlap().verify(heights).value), abs=1e-12)


def test_heights_that_would_take_too_long_to_multiply() -> None:
    heights = [1.0] * 49_999 + [1e-300]
    with pytest.raises(
        Refused, match=r"50,000 heights of up to 1,050 binary digits take too long .* round the smallest"
    ):
        FirstAutocorrelation().verify(heights)


def test_coefficients_that_leave_nothing() -> None:
    with pytest.raises(Refused, match="all coefficients are 0"):
        UncertaintyInequality().verify([0, 0.0])


def test_sets_that_are_none() -> None:
    for numbers, words in (
        ([0, 1, 1], "1 is there twice"),
        ([1, 2], "0 must be among the numbers"),
        ([0], "0 must be among the numbers, and another one"),
        ([0, -1], "number 1 is -1, which is not from 0 to"),
        ([0, 2.0], r"number 1 is 2\.0, which is no whole number"),
        ([0, True], "number 1 is True, which is no whole number"),
        ([0, 2**62], "which is not from 0 to"),
    ):
        with pytest.raises(Refused, match=words):
            SumsAndDifferences().verify(numbers)


def test_balls_that_overlap() -> None:
    roots: list[list[Any]] = objects.root_system()
    task = KissingNumber11()
    near = [[1, 0.0] + [0] * 9, [0.5 + 1e-12, sqrt(0.75)] + [0] * 9]
    with pytest.raises(Refused, match=r"vectors 0 and 1 form an angle of 60 degrees, .*e-11 below 60"):
        task.verify(near)
    with pytest.raises(Refused, match="vectors 3 and 220 have the same direction"):
        task.verify([*roots, [7 * x for x in roots[3]]])
    with pytest.raises(Refused, match="vector 220 is 0, which has no direction"):
        task.verify([*roots, [0] * 11])
    with pytest.raises(Refused, match="vectors 0 and 1 form an angle of 45 degrees, 15 below 60"):
        task.verify([[10**15, 0] + [0] * 9, [10**15, 10**15] + [0] * 9])


def test_lines_in_a_cap() -> None:
    cap: list[list[Any]] = objects.cap_of_512()
    line = [(-a - b) % 3 for a, b in zip(cap[0], cap[1], strict=True)]
    with pytest.raises(Refused, match=r"vectors 0, 1 and 512 lie on a line"):
        CapSet8().verify([*cap, line])
    with pytest.raises(Refused, match="vectors 5 and 512 are the same"):
        CapSet8().verify([*cap, cap[5]])
    for entry in (3, -1, 0.5):
        with pytest.raises(Refused, match=r"none of 0, 1 and 2|no number may be larger than 2"):
            CapSet8().verify(changed(cap, 1, 1, entry))


# --- what no problem takes

NUMBERS: list[tuple[Any, str]] = [
    (nan, "nan, which is not finite"),
    (inf, "inf, which is not finite"),
    (-inf, "-inf, which is not finite"),
    (5e-324, "5e-324, a subnormal number"),
    (1e300, "no number may be larger"),
    (10**400, "no number may be larger"),
    (1j, "1j, which is no real number"),
    ("0.5", "'0.5', which is no real number"),
    (None, "None, which is no real number"),
    (True, "True, which is no real number"),
    ([0.5], "of type list, which is no real number"),
    (object(), "of type object, which is no real number"),
]


@pytest.mark.parametrize(("number", "words"), NUMBERS, ids=lambda each: repr(each)[:20])
def test_numbers_that_are_none(number: Any, words: str) -> None:
    for task in TASKS:
        solution = built(task)
        integers = isinstance(task, SumsAndDifferences)
        words_here = "which is no whole number|which is not from 0" if integers else words
        place = 1 if not isinstance(solution[0], list) else 0
        wrong = changed(solution, 1, 1, number) if not place else [solution[0], number, *solution[2:]]
        with pytest.raises(Refused, match=words_here) as refusal:
            task.verify(wrong)
        assert "\n" not in str(refusal.value)
        assert len(str(refusal.value)) < 200


SHAPES: list[tuple[Any, str]] = [
    (None, "the solution is None, but should be a list"),
    (3.5, "the solution is 3.5, but should be a list"),
    ("[[1, 2]]", "the solution is '"),
    ({"x": 1}, "the solution is of type dict"),
    ([], "there are 0 "),
    ([0.0] * 10**6, "there are 1,000,000 "),
    ([[[0.0] * 3] * 3] * 3, "there are 3 |but should be|no real number|no whole number|numbers, but"),
    (np.array(["a", None], object), "there are 2 |'a'"),
    (np.zeros((2, 2, 2)), "there are 2 |of type list|but should be"),
]


@pytest.mark.parametrize(("solution", "words"), SHAPES, ids=lambda each: repr(each)[:20])
def test_shapes_that_are_none(solution: Any, words: str) -> None:
    for task in TASKS:
        with pytest.raises(Refused, match=words) as refusal:
            task.verify(solution)
        assert len(str(refusal.value)) < 200


def test_rows_of_another_length() -> None:
    for task in TASKS:
        solution = built(task)
        if isinstance(solution[0], list):
            with pytest.raises(Refused, match=r"\w+ 1 has \d+ numbers, but should be \["):
                task.verify([solution[0], [*solution[1], 0.0], *solution[2:]])


def test_counts_are_told() -> None:
    for task, words in (
        (CirclePacking26(), "there are 25 circles, but a solution has 26"),
        (HexagonPacking12(), "there are 12 hexagons, but a solution has 13"),
        (HeilbronnTriangle11(), "there are 10 points, but a solution has 11"),
    ):
        with pytest.raises(Refused, match=words):
            task.verify(built(task)[:-1])


def test_arrays_are_taken_as_lists() -> None:
    for task in TASKS:
        solution = built(task)
        assert task.verify(np.array(solution)).value == task.verify(solution).value


def test_deeply_nested_lists_are_not_printed() -> None:
    nested: Any = 0.0
    for _ in range(5000):
        nested = [nested]
    for task in TASKS:
        with pytest.raises(Refused):
            task.verify([nested] * 26)
