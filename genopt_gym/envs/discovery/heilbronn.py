"""Heilbronn's problem: points no three of which span a small triangle.

The area is normalised by the region's: in ``HeilbronnTriangle`` by that of the triangle the points lie in, in
``HeilbronnConvex`` by that of their convex hull. Neither changes under affine maps, so that the triangle here is
the one with vertices (0, 0), (1, 0), (0, 1), whose sides are exact, rather than an equilateral one.

Sources: Novikov et al. 2025 (AlphaEvolve, arXiv 2506.13131), B.9 and B.10, with the earlier values of Erich
Friedman's Packing Center (heiltri, heilconvex): 11 points in a triangle 0.0360, then 0.0365298899; 13 and 14 points
in a convex region 0.0306 and 0.0277, then 0.0309368890 and 0.0278355715.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from genopt_gym.core.task import Metric
from genopt_gym.envs.discovery.exact import ROUNDING, TICK, Dyadic, Refused, amount, read_rows
from genopt_gym.envs.discovery.problem import DiscoveryTask, StartTexts, Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Point = tuple[int, int]

LEAST_AREA = '''\
def least_area(points, triples):
    """The least area of a triangle, over that of the region."""
    a, b, c = points[triples[0]], points[triples[1]], points[triples[2]]
    areas = abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])
    return areas.min() / {region}
'''
HULL = "max(hull(points), 1e-9)"
HULL_AREA = '''\
def hull(points):
    """Twice the area of the convex hull."""
    order = sorted(map(tuple, points))
    chains = []
    for line in (order, order[::-1]):
        chain = []
        for p in line:
            while len(chain) > 1 and (chain[-1][0] - chain[-2][0]) * (p[1] - chain[-2][1]) <= (
                chain[-1][1] - chain[-2][1]
            ) * (p[0] - chain[-2][0]):
                chain.pop()
            chain.append(p)
        chains += chain[:-1]
    return sum(p[0] * q[1] - p[1] * q[0] for p, q in zip(chains, chains[1:] + chains[:1]))


'''
IMPROVE = '''\
def improve(solution, step):
    """Move one point at a time, by less with every call; keep what does not lose."""
    import itertools

    import numpy as np

    rng = np.random.default_rng(step)
    best = np.array(solution)
    triples = np.array(list(itertools.combinations(range(len(best)), 3))).T
    score = least_area(best, triples)
    for _ in range({tries}):
        tried = best.copy()
        tried[rng.integers(len(best))] += rng.normal(0, 0.3 / (2 + step), 2)
        {clip}
        if (found := least_area(tried, triples)) >= score:
            best, score = tried, found
    return best.tolist()
'''
CLIP = "tried = tried.clip(0, 1) / np.maximum(tried.clip(0, 1).sum(axis=1, keepdims=True), 1)"
POLYGON = """\
def start(seed):
    import math

    points = []
    for i in range({n}):
        angle = 2 * math.pi * i / {n}
        points.append({point})
    return points
"""
IN_TRIANGLE = "[(1 + math.cos(angle)) / 3, (1 + math.cos(angle + 2 * math.pi / 3)) / 3]"
RANDOM = """\
def start(seed):
    import numpy as np

    return np.random.default_rng(0).dirichlet([1, 1, 1], {n})[:, :2].tolist()
"""
PARAMETRIC = '''\
OUTER = ({outer})
INNER = ({inner})
TURN = 0.1


def start(seed):
    """Points on the rays of two rings, at these distances from the middle."""
    import numpy as np

    rings = []
    for distances, turn in ((OUTER, 0 * TURN), (INNER, TURN)):
        angles = turn + np.linspace(0, np.pi + np.pi, len(distances), endpoint=False)
        rings.append(np.column_stack([distances * np.cos(angles), distances * np.sin(angles)]))
    points = np.concatenate(rings)
    return {fit}
'''
FIT = "(points * 0.25 + 0.29).tolist()"


class HeilbronnTask(DiscoveryTask):
    """Points in the plane, judged by the least triangle."""

    n: ClassVar[int]

    def _read(self, solution: Any) -> Dyadic:
        points = read_rows(solution, self.n, ("x", "y"), "point")
        places: dict[Point, int] = {}
        for i, (x, y) in enumerate(points.rows):
            if (x, y) in places:
                raise Refused(f"points {places[x, y]} and {i} are the same")
            places[x, y] = i
        return points

    def _least(self, points: Dyadic) -> tuple[int, str]:
        """Twice the least area, in squares of the unit, and whose it is."""
        least, which = min(
            (abs(doubled_area(*(points.rows[k] for k in three))), three)
            for three in combinations(range(len(points.rows)), 3)
        )
        return least, f"the least triangle is that of points {', '.join(map(str, which))}"

    def _draw(self, axes: Axes, solution: Any, border: list[tuple[float, float]]) -> None:
        from matplotlib.patches import Polygon

        least = min(
            combinations(range(len(solution)), 3), key=lambda three: abs(doubled_area(*(solution[k] for k in three)))
        )
        axes.add_patch(Polygon([solution[k] for k in least], facecolor="#f4b183", edgecolor="#c2410c"))
        axes.plot(*zip(*border, border[0], strict=True), color="black")
        axes.plot(*zip(*solution, strict=True), "o", color="#1f4e79")
        axes.set_aspect("equal")


def doubled_area(a: Any, b: Any, c: Any) -> Any:
    """Twice the signed area of a triangle."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def hull_of(points: list[list[Any]]) -> list[list[Any]]:
    """Corners of the convex hull, counterclockwise; points on its sides are no corners.

    >>> hull_of([[0, 0], [2, 0], [1, 0], [0, 2], [1, 1], [2, 2]])
    [[0, 0], [2, 0], [2, 2], [0, 2]]
    """
    order = sorted(points)
    corners: list[list[Any]] = []
    for line in (order, order[::-1]):
        chain: list[list[Any]] = []
        for point in line:
            while len(chain) > 1 and doubled_area(chain[-2], chain[-1], point) <= 0:
                chain.pop()
            chain.append(point)
        corners += chain[:-1]
    return corners


def metric(n: int, region: str, floor: float, reference: float, record: float, floor_source: str) -> Metric:
    """Of n points: at least n - 2 triangles triangulate them, whose areas add up to no more than the region's."""
    return Metric(
        name=f"least area of a triangle of {n} points, over that of {region}",
        low=0,
        high=1 / (n - 2),
        floor=floor,
        reference=reference,
        solved=None,
        sources={
            "floor": floor_source,
            "reference": "Erich Friedman's Packing Center, before AlphaEvolve",
            "record": "AlphaEvolve (arXiv 2506.13131), with the digits of its coordinates",
        },
        published={"AlphaEvolve (arXiv 2506.13131)": record},
        record=record,
    )


class HeilbronnTriangle11(HeilbronnTask):
    """Place 11 points in a triangle, so that the least triangle they span is as large as can be.

    The triangle has the vertices (0, 0), (1, 0) and (0, 1). Points that lie outside by rounding alone are drawn
    towards its centre by the smallest multiple of 2**-53 that brings them in; the score is that of the drawn points.
    """

    n = 11
    goal = """\
Place 11 points in a triangle so that the smallest of the 165 triangles that they span has the largest area."""
    solution = """\
a list of 11 different points [x, y] with x >= 0, y >= 0 and x + y <= 1. The score is the least area of a triangle of
three of them, over the area 1/2 of the region. Points outside by rounding alone (5.7e-14) are drawn in: all of them
towards (1/3, 1/3) by the smallest multiple of 2**-53, and scored so. Anything more is refused."""
    starts_by_name = {  # noqa: RUF012
        "naive": StartTexts(POLYGON.format(n=11, point=IN_TRIANGLE)),
        "stub": StartTexts("def start(seed):\n    return [[i / 10, 0.0] for i in range(11)]\n"),
        "parametric": StartTexts(
            PARAMETRIC.format(outer=", ".join(["0.95"] * 8), inner=", ".join(["0.4"] * 3), fit=FIT)
        ),
        "working": StartTexts(
            RANDOM.format(n=11),
            LEAST_AREA.format(region=1) + "\n\n" + IMPROVE.format(clip=CLIP, tries=150),
        ),
    }
    metric = metric(11, "the triangle they lie in", 0.016517, 0.0360, 0.0365298898800302, "a regular 11-gon within")

    def verify(self, solution: Any) -> Verdict:
        points = self._read(solution)
        one = points.one
        outside = 0
        for i, (x, y) in enumerate(points.rows):
            for name, room in (("x >= 0", x), ("y >= 0", y), ("x + y <= 1", one - x - y)):
                if room < 0:
                    by = -room / one
                    # The side is at a third of the unit from the centre, whichever: room moves by (1/3 - room) a unit.
                    ticks = -(room * 3 * int(1 / TICK) // (one - 3 * room))
                    if ticks * TICK > ROUNDING:
                        raise Refused(f"point {i} lies outside the triangle: {name} is missed by {amount(by)}", by)
                    outside = max(outside, ticks)
        least, note = self._least(points)
        shrink = outside * TICK
        return Verdict(Fraction(least, one * one) * (1 - shrink) ** 2, shrink=shrink, note=note)

    def draw(self, axes: Axes, solution: Any) -> None:
        self._draw(axes, solution, [(0, 0), (1, 0), (0, 1)])


class HeilbronnConvex(HeilbronnTask):
    """Points with their convex hull as the region; nothing has to be mended by a shrink."""

    def verify(self, solution: Any) -> Verdict:
        points = self._read(solution)
        corners = hull_of(points.rows)
        area = sum(doubled_area(corners[0], b, c) for b, c in pairwise(corners[1:]))
        if area == 0:
            raise Refused("all points lie on one line: their convex hull has no area")
        least, note = self._least(points)
        return Verdict(Fraction(least, area), note=note)

    def draw(self, axes: Axes, solution: Any) -> None:
        self._draw(axes, solution, [(x, y) for x, y in hull_of([list(point) for point in solution])])


CONVEX_GOAL = """\
Place {n} points in the plane so that the smallest triangle that three of them span has the largest area, measured by
the area of their convex hull."""
CONVEX_SOLUTION = """\
a list of {n} different points [x, y], not all on one line. The score is the least area of a triangle of three of them,
over the area of their convex hull: it does not change if all are moved, turned or stretched."""
ON_PLANE = "[math.cos(angle), math.sin(angle)]"


def convex_starts(n: int) -> dict[str, StartTexts]:
    outer, inner = ", ".join(["0.9"] * (n - 4)), ", ".join(["0.35"] * 4)
    local = HULL_AREA + LEAST_AREA.format(region=HULL) + "\n\n"
    return {
        "naive": StartTexts(POLYGON.format(n=n, point=ON_PLANE)),
        "stub": StartTexts(f"def start(seed):\n    return [[i, 0.0] for i in range({n - 1})] + [[0.0, 1.0]]\n"),
        "parametric": StartTexts(PARAMETRIC.format(outer=outer, inner=inner, fit="points.tolist()")),
        "working": StartTexts(RANDOM.format(n=n), local + IMPROVE.format(clip="tried = tried.clip(-1, 1)", tries=100)),
    }


class HeilbronnConvex13(HeilbronnConvex):
    """Place 13 points so that the least triangle, measured by their convex hull, is as large as can be."""

    n = 13
    goal = CONVEX_GOAL.format(n=13)
    solution = CONVEX_SOLUTION.format(n=13)
    starts_by_name = convex_starts(13)
    metric = metric(13, "their convex hull", 0.017622, 0.0306, 0.0309368890348957, "a regular 13-gon")


class HeilbronnConvex14(HeilbronnConvex):
    """Place 14 points so that the least triangle, measured by their convex hull, is as large as can be."""

    n = 14
    goal = CONVEX_GOAL.format(n=14)
    solution = CONVEX_SOLUTION.format(n=14)
    starts_by_name = convex_starts(14)
    metric = metric(14, "their convex hull", 0.014147, 0.0277, 0.0278355715, "a regular 14-gon")
