"""Hexagon packing: unit hexagons in the smallest regular hexagon.

A hexagon is given by its centre and an angle in degrees, whose sine and cosine are no fractions: this is the one
geometry here that cannot be exact. They are computed as whole numbers over 2**160 with a known error, every
comparison allows for that error to the packing's disadvantage, and the score is an upper bound on the side that is
good to some 40 digits.

Sources: Novikov et al. 2025 (AlphaEvolve, arXiv 2506.13131), B.7: 11 and 12 hexagons 3.943 and 4.0 before (Erich
Friedman's Packing Center, hexinhex), then 3.930092 and 3.9419123. ImprovEvolve (arXiv 2602.10233) reports better
ones for both, without the digits where this was read.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from itertools import combinations, pairwise
from math import floor, isqrt, radians, sqrt
from typing import TYPE_CHECKING, Any, ClassVar

from genopt_gym.core.task import Metric
from genopt_gym.envs.discovery.exact import ROUNDING, Refused, amount, read_rows
from genopt_gym.envs.discovery.problem import DiscoveryTask, StartTexts, Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BITS = 160
ONE = 1 << BITS
ERROR = 1 << 40
"""More than any number below is off by, in units of 2**-160: some hundred roundings of numbers below a million."""
ROOT3 = isqrt(3 * ONE * ONE)
WORST = 20.0

Vector = tuple[int, int]

HELPERS = '''\
def normals(angles):
    """Across the sides of hexagons turned by these degrees: three directions each."""
    import numpy as np

    across = np.radians(np.asarray(angles)[..., None] + np.array([30, 90, 150]))
    return np.stack([np.cos(across), np.sin(across)], axis=-1)


def reach(angles, directions):
    """How far a unit hexagon's corners go in each direction."""
    import numpy as np

    corners = np.radians(np.asarray(angles)[..., None] + np.arange(0, 360, 60))
    corners = np.stack([np.cos(corners), np.sin(corners)], axis=-1)
    return np.abs(np.einsum("...kx,...jx->...kj", corners, directions)).max(axis=-2)


def packed(rows):
    """Hexagons [x, y, degrees] with centres drawn apart until none overlap, and an outer one around them, fitted."""
    import numpy as np

    rows = np.asarray(rows, float)
    inner, outer = rows[:-1], rows[-1].copy()
    i, j = np.triu_indices(len(inner), 1)
    gaps = inner[j, :2] - inner[i, :2]
    stretch = np.full(len(i), np.inf)
    for a, b in ((i, j), (j, i)):
        across = normals(inner[a, 2])
        needed = 3**0.5 / 2 + reach(inner[b, 2], across)
        stretch = np.minimum(stretch, (needed / np.maximum(np.abs(np.einsum("px,pkx->pk", gaps, across)), 1e-9)).min(1))
    inner = np.column_stack([inner[:, :2] * (stretch.max() * (1 + 1e-13)), inner[:, 2]])
    across = normals(outer[2])
    along, size = inner[:, :2] @ across.T, reach(inner[:, 2], across[None].repeat(len(inner), 0))
    low, high = (along - size).min(0), (along + size).max(0)
    centre = np.linalg.lstsq(across, (low + high) / 2, rcond=None)[0]
    side = np.maximum(high - across @ centre, across @ centre - low).max() * 2 / 3**0.5
    return side, np.vstack([inner, [*centre, outer[2]]])
'''
HONEYCOMB = """\
    cells = sorted(
        ((3**0.5 * (i + j / 2), 1.5 * j) for i in range(-4, 5) for j in range(-4, 5)),
        key=lambda cell: (round(cell[0] ** 2 + cell[1] ** 2, 6), cell),
    )
    rows = [[x, y, 30.0] for x, y in cells[:{n}]] + [[0.0, 0.0, {turn}]]
"""
PARAMETRIC = """\
LINES = "{lines}"
SHIFTS = ({shifts})
TURNS = ({turns})
PITCH = (1.9, 1.9)
OUTER = 10.0


def start(seed):
    import numpy as np

    rows = []
    for line, (count, shift, turn) in enumerate(zip(LINES, SHIFTS, TURNS)):
        for x in shift + PITCH[0] * (np.arange(int(count)) - np.mean(np.arange(int(count)))):
            rows.append([x, line * PITCH[1], turn])
    return packed([*rows, [0.0, 0.0, OUTER]])[1].tolist()
"""
IMPROVE = '''\
def improve(solution, step):
    """Move and turn one hexagon at a time, by less with every call; keep what does not lose."""
    import numpy as np

    rng = np.random.default_rng(step)
    side, best = packed(solution)
    for _ in range(40):
        tried = best.copy()
        scale = 1 / (2 + step)
        tried[rng.integers(len(best))] += rng.normal(0, [0.3 * scale, 0.3 * scale, 20 * scale])
        tried_side, tried = packed(tried)
        if tried_side <= side:
            side, best = tried_side, tried
    return best.tolist()
'''


def starts(n: int, lines: str) -> dict[str, StartTexts]:
    zeros, turns = ", ".join(["0.0"] * len(lines)), ", ".join(f"{5.0 * i}" for i in range(len(lines)))
    start = "def start(seed):\n" + HONEYCOMB + "    return {result}\n"
    line = f"def start(seed):\n    return [[2.0 * i, 0.0, 0.0] for i in range({n})] + [[{n - 1}.0, 0.0, 0.0]]\n"
    return {
        "naive": StartTexts(HELPERS + "\n\n" + start.format(n=n, turn="0.0", result="packed(rows)[1].tolist()")),
        "stub": StartTexts(line),
        "parametric": StartTexts(HELPERS + "\n\n" + PARAMETRIC.format(lines=lines, shifts=zeros, turns=turns)),
        "working": StartTexts(
            HELPERS + "\n\n" + start.format(n=n, turn="15.0", result="packed(rows)[1].tolist()"),
            HELPERS + "\n\n" + IMPROVE,
        ),
    }


class HexagonPacking(DiscoveryTask):
    """Hexagons of side 1, none of which overlap, and one around them whose side is the score."""

    n: ClassVar[int]

    def verify(self, solution: Any) -> Verdict:
        """
        >>> from math import cos, radians, sin
        >>> class Seven(HexagonPacking11):
        ...     n = 7
        >>> around = [[2 * cos(radians(a)), 2 * sin(radians(a)), 0] for a in range(0, 360, 60)]
        >>> round(float(Seven().verify([[0, 0, 0], *around, [0, 0, 0]]).value), 12)
        3.0
        """
        read = read_rows(solution, self.n + 1, ("x", "y", "degrees"), "hexagon", limit=1e4)
        rows = [[Fraction(entry, read.one) for entry in row] for row in read.rows]
        centres = [(floor(x * ONE), floor(y * ONE)) for x, y, _ in rows]
        shapes = [_corners(degrees % 60) for _, _, degrees in rows]
        stretch = max(_stretch(centres, shapes, i, j, solution) for i, j in combinations(range(self.n), 2))
        side = _side(centres, shapes, stretch)
        return Verdict(side, exact=False, shrink=stretch - 1, note="an upper bound, good to 40 digits")

    def draw(self, axes: Axes, solution: Any) -> None:
        from matplotlib.patches import RegularPolygon

        for x, y, degrees in solution[:-1]:
            turn = radians(degrees) - radians(90)
            axes.add_patch(
                RegularPolygon((x, y), 6, radius=1, orientation=turn, facecolor="#9ec5e8", edgecolor="#1f4e79")
            )
        x, y, degrees = solution[-1]
        side = float(self.verify(solution).value)
        turn = radians(degrees) - radians(90)
        axes.add_patch(RegularPolygon((x, y), 6, radius=side, orientation=turn, fill=False, edgecolor="black"))
        axes.set_xlim(x - side, x + side)
        axes.set_ylim(y - side, y + side)
        axes.set_aspect("equal")


def _stretch(centres: Sequence[Vector], shapes: Sequence[list[Vector]], i: int, j: int, solution: Any) -> Fraction:
    """By what factor the centres must be drawn apart for two hexagons to be certainly disjoint; 1 if they are so.

    Convex sets are disjoint when their shadows on a line across a side of either are. Along the normal of a side of the
    one its own shadow ends at sqrt(3)/2 from its centre, and the other's at its farthest corner.
    """
    dx, dy = centres[j][0] - centres[i][0], centres[j][1] - centres[i][1]
    least: Fraction | None = None
    for own, other in ((i, j), (j, i)):
        for normal in _normals(shapes[own]):
            apart = abs(dx * normal[0] + dy * normal[1]) // ONE - ERROR
            needed = ROOT3 // 2 + _reach(shapes[other], normal) + ERROR
            if apart > 0 and (least is None or needed * least.denominator < least.numerator * apart):
                least = Fraction(needed, apart)
    if least is None or least - 1 > ROUNDING:
        by = float("inf") if least is None else float(least - 1) * sqrt(float(Fraction(dx * dx + dy * dy, ONE * ONE)))
        words = "have the same centre" if least is None else f"overlap by {amount(by)}"
        raise Refused(f"hexagons {i} and {j} {words}", 1.0 if least is None else by)
    return max(least, Fraction(1))


def _side(centres: Sequence[Vector], shapes: Sequence[list[Vector]], stretch: Fraction) -> Fraction:
    """An upper bound on the side of the last hexagon, around the others with their centres drawn apart."""
    *inner, (x, y) = centres
    farthest = 0
    for normal in _normals(shapes[-1]):
        for (u, v), shape in zip(inner, shapes, strict=False):
            off = abs((u - x) * normal[0] + (v - y) * normal[1]) // ONE
            off = -(-off * stretch.numerator // stretch.denominator)
            farthest = max(farthest, off + _reach(shape, normal) + 2 * ERROR)
    return Fraction(2 * farthest, ROOT3)


def _reach(corners: Sequence[Vector], normal: Vector) -> int:
    """How far a hexagon's corners go along a direction, or against it: it is symmetric."""
    return max(abs(x * normal[0] + y * normal[1]) for x, y in corners) // ONE


def _normals(corners: Sequence[Vector]) -> list[Vector]:
    """Unit vectors across its sides, one of each pair: the sum of two neighbouring corners, over sqrt(3)."""
    ring = [*corners, (-corners[0][0], -corners[0][1])]
    return [((a[0] + b[0]) * ONE // ROOT3, (a[1] + b[1]) * ONE // ROOT3) for a, b in pairwise(ring)]


def _corners(degrees: Fraction) -> list[Vector]:
    """Three corners of a unit hexagon turned by less than 60 degrees, in units of 2**-160; the others are opposite.

    >>> [(round(x / ONE, 12), round(y / ONE, 12)) for x, y in _corners(Fraction(0))]
    [(1.0, 0.0), (0.5, 0.866025403784), (-0.5, 0.866025403784)]
    """
    angle = floor(degrees * _pi() / 180)
    cosine, sine, term, k = 0, 0, ONE, 0
    while term:  # the Taylor series of both; an angle below pi / 3 takes some forty terms
        cosine += term if k % 4 == 0 else -term if k % 4 == 2 else 0
        sine += term if k % 4 == 1 else -term if k % 4 == 3 else 0
        k += 1
        term = term * angle // ONE // k
    turned = [(cosine, sine)]
    for _ in range(2):  # by 60 degrees each
        x, y = turned[-1]
        turned.append((x // 2 - y * ROOT3 // ONE // 2, x * ROOT3 // ONE // 2 + y // 2))
    return turned


@cache
def _pi() -> int:
    """Pi in units of 2**-160, by Machin's formula."""

    def inverse_tangent(n: int) -> int:
        total = power = (ONE << 32) // n
        k = 1
        while power:
            power //= -n * n
            k += 2
            total += power // k
        return total

    return (16 * inverse_tangent(5) - 4 * inverse_tangent(239)) >> 32


def metric(n: int, floor_score: float, reference: float, record: float) -> Metric:
    """Of n hexagons of side 1: the outer one's area is at least that of all, so its side at least sqrt(n)."""
    return Metric(
        name=f"side of the hexagon around {n} hexagons of side 1",
        low=WORST,
        high=floor(sqrt(n) * 1000) / 1000,
        floor=floor_score,
        reference=reference,
        solved=None,
        direction="minimize",
        sources={
            "floor": "a honeycomb",
            "reference": "Erich Friedman's Packing Center, before AlphaEvolve",
            "record": "AlphaEvolve (arXiv 2506.13131), the side that its hexagons need; stated are 3.930092, 3.9419123",
        },
        published={"AlphaEvolve (arXiv 2506.13131)": record},
        record=record,
    )


GOAL = """\
Pack {n} regular hexagons of side 1 into a regular hexagon whose side is the least; all may be turned."""
SOLUTION = """\
a list of {rows} rows [x, y, degrees]. The first {n} are hexagons of side 1, by their centre and the direction of a
corner; no two overlap, but they may touch. The last is the outer hexagon's centre and the direction of its corner; its
side is computed, as the least that holds all others, and is the score. Sines and cosines are taken to 48 digits, with
what they are off by counted against the packing; hexagons that overlap by rounding alone (5.7e-14) are drawn apart."""


class HexagonPacking11(HexagonPacking):
    """Pack 11 hexagons of side 1 into a hexagon of the least side."""

    n = 11
    goal = GOAL.format(n=11)
    solution = SOLUTION.format(rows=12, n=11)
    starts_by_name = starts(11, "2432")
    metric = metric(11, 4.61881, 3.943, 3.93009106619603)


class HexagonPacking12(HexagonPacking):
    """Pack 12 hexagons of side 1 into a hexagon of the least side."""

    n = 12
    goal = GOAL.format(n=12)
    solution = SOLUTION.format(rows=13, n=12)
    starts_by_name = starts(12, "3432")
    metric = metric(12, 4.90748, 4.0, 3.94191151711158)
