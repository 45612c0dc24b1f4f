"""Least ratio of distances: points whose largest and smallest distance differ as little as can be.

Scored is the square of the ratio, as Erich Friedman's Packing Center (maxmin, maxmin3) does: it is a fraction, and
exact.

Sources: Novikov et al. 2025 (AlphaEvolve, arXiv 2506.13131), B.8: 16 points in the plane 12.890 before, then
12.889266112; 14 points in space 4.168 before, then 4.165849767.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from math import floor
from typing import TYPE_CHECKING, Any, ClassVar

from genopt_gym.core.task import Metric
from genopt_gym.envs.discovery.exact import Refused, read_rows
from genopt_gym.envs.discovery.problem import DiscoveryTask, StartTexts, Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WORST = 100.0
NAIVE = """\
def start(seed):
    import itertools

    return [list(point) for point in itertools.product(range({side}), repeat={d})][:{n}]
"""
PARAMETRIC = '''\
SHELLS = "{shells}"
RADII = ({radii})
TURNS = ({turns})
HEIGHTS = ({heights})


def start(seed):
    """Rings of points around an axis, each with a radius, a turn and a height of its own."""
    import numpy as np

    points = []
    for count, radius, turn, height in zip(SHELLS, RADII, TURNS, HEIGHTS):
        for angle in turn + np.linspace(0, np.pi + np.pi, int(count), endpoint=False):
            points.append([radius * np.cos(angle), radius * np.sin(angle), height])
    return [[float(x) for x in point[:{d}]] for point in points]
'''
LINE = "def start(seed):\n    return [[float(i)] + [0.0] * {rest} for i in range({n})]\n"
IMPROVE = '''\
def improve(solution, step):
    """Move one point at a time, by less with every call; keep what does not lose."""
    import numpy as np

    def ratio(points):
        square = ((points[:, None] - points[None]) ** 2).sum(axis=-1)[pairs]
        return square.max() / max(square.min(), 1e-9)

    rng = np.random.default_rng(step)
    best = np.array(solution, float)
    pairs = np.triu_indices(len(best), 1)
    score = ratio(best)
    for _ in range(200):
        tried = best.copy()
        tried[rng.integers(len(best))] += rng.normal(0, 0.6 / (2 + step), best.shape[1])
        if (found := ratio(tried)) <= score:
            best, score = tried, found
    return best.tolist()
'''


class MinMaxDistance(DiscoveryTask):
    """Points, judged by the square of the ratio of the largest to the smallest distance between two of them."""

    n: ClassVar[int]
    d: ClassVar[int]

    def verify(self, solution: Any) -> Verdict:
        points = read_rows(solution, self.n, "xyz"[: self.d], "point")
        squares = [
            (sum((a - b) ** 2 for a, b in zip(p, q, strict=True)), i, j)
            for (i, p), (j, q) in combinations(enumerate(points.rows), 2)
        ]
        (least, i, j), (most, k, m) = min(squares), max(squares)
        if least == 0:
            raise Refused(f"points {i} and {j} are the same")
        note = f"the smallest distance is that of points {i} and {j}, the largest that of {k} and {m}"
        return Verdict(Fraction(most, least), note=note)

    def draw(self, axes: Axes, solution: Any) -> None:
        pairs = [
            (sum((a - b) ** 2 for a, b in zip(p, q, strict=True)), p, q)
            for p, q in combinations(map(list, solution), 2)
        ]
        least, most = min(pairs)[0], max(pairs)[0]
        for square, p, q in pairs:
            for extreme, colour in ((least, "#1f4e79"), (most, "#c2410c")):
                if abs(square - extreme) <= 1e-9 * extreme:
                    axes.plot(*zip(p[:2], q[:2], strict=True), color=colour, linewidth=1)
        axes.plot(*zip(*(point[:2] for point in solution), strict=True), "o", color="black")
        axes.set_aspect("equal")
        axes.set_xlabel("seen from above" if self.d == 3 else "")


def metric(n: int, d: int, floor_score: float, reference: float, record: float, source: str) -> Metric:
    """Of n points in d dimensions.

    With a smallest distance of 1, balls of radius 1/2 around the points are apart, and lie in a set of diameter
    ratio + 1; by the isodiametric inequality (ratio + 1)**d >= n.
    """
    bound = (n ** (1 / d) - 1) ** 2
    return Metric(
        name=f"square of the largest over the smallest distance of {n} points in {d} dimensions",
        low=WORST,
        high=floor(bound * 1000) / 1000,
        floor=floor_score,
        reference=reference,
        solved=None,
        direction="minimize",
        sources={
            "floor": source,
            "reference": "Erich Friedman's Packing Center, before AlphaEvolve",
            "record": "AlphaEvolve (arXiv 2506.13131), with the digits of its coordinates",
        },
        published={"AlphaEvolve (arXiv 2506.13131)": record},
        record=record,
    )


def starts(n: int, d: int, side: int, shells: str, radii: str, heights: str) -> dict[str, StartTexts]:
    turns = ", ".join(f"{0.3 * i:.1f}" for i in range(len(shells)))
    naive = NAIVE.format(side=side, n=n, d=d)
    return {
        "naive": StartTexts(naive),
        "stub": StartTexts(LINE.format(rest=d - 1, n=n)),
        "parametric": StartTexts(PARAMETRIC.format(shells=shells, radii=radii, turns=turns, heights=heights, d=d)),
        "working": StartTexts(naive, IMPROVE),
    }


SOLUTION = f"""\
a list of {{n}} different points {{names}}. The score is (largest distance / smallest distance) squared, of all
pairs; it does not change if all are moved, turned or scaled. From {WORST:g} on, scores count as {WORST:g}."""


class MinMaxDistance2D16(MinMaxDistance):
    """Place 16 points in the plane so that the largest of their distances is as little above the smallest as can be."""

    n, d = 16, 2
    goal = "Place 16 points in the plane so that the ratio of their largest to their smallest distance is the least."
    solution = SOLUTION.format(n=16, names="[x, y]")
    starts_by_name = starts(16, 2, 4, "159" + "1", "0.0, 1.0, 2.0, 0.5", "0.0, 0.0, 0.0, 0.0")
    metric = metric(16, 2, 18, 12.890, 12.88926611203463, "a 4 x 4 grid")


class MinMaxDistance3D14(MinMaxDistance):
    """Place 14 points in space so that the largest of their distances is as little above the smallest as can be."""

    n, d = 14, 3
    goal = "Place 14 points in space so that the ratio of their largest to their smallest distance is the least."
    solution = SOLUTION.format(n=14, names="[x, y, z]")
    starts_by_name = starts(14, 3, 3, "14441", "0.0, 0.8, 1.2, 0.8, 0.0", "-1.5, -0.8, 0.0, 0.8, 1.5")
    metric = metric(14, 3, 9, 4.168, 4.16584976722565, "14 places of a 3 x 3 x 3 grid")
