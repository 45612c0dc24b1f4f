"""Circle packing: circles that do not overlap, of the largest sum of radii.

Sources: Novikov et al. 2025 (AlphaEvolve, arXiv 2506.13131), B.12 and B.13, whose tables of earlier packings are
those of Erich Friedman's Packing Center (cirRsqu, cirRrec). 26 circles: 2.634 before, AlphaEvolve 2.63586276,
ShinkaEvolve 2.635983 (arXiv 2509.19349), ThetaEvolve 2.63598308 (arXiv 2511.23473), Numaro 2026 2.6359830853: the
same packing, with more digits; the record here has them all, lest it be beaten by rounding. 32 circles: 2.936
before, AlphaEvolve 2.9379. 21 circles in a rectangle of perimeter 4: 2.364 before, AlphaEvolve 2.3658321334.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from math import isqrt, pi, sqrt
from typing import TYPE_CHECKING, Any, ClassVar

from genopt_gym.core.task import Metric
from genopt_gym.envs.discovery.circle_starts import BOXED, WALLED, starts
from genopt_gym.envs.discovery.exact import ROUNDING, TICK, Dyadic, Refused, amount, read_rows, root_difference
from genopt_gym.envs.discovery.problem import DiscoveryTask, Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PER_ONE = int(1 / TICK)
NAMES = ("x", "y", "radius")
SHRINK = """\
If circles overlap, or cross the border, by rounding alone (5.7e-14 in proportion), all radii are made smaller by the
smallest multiple of 2**-53 that mends it, and the score is the sum of these. Anything more is refused."""


class CirclePacking(DiscoveryTask):
    """Circles in the unit square."""

    n: ClassVar[int]

    def verify(self, solution: Any) -> Verdict:
        """Radii are not negative, no circle leaves the square, none overlap: decided by whole numbers.

        >>> quarters = [[x, y, 0.25] for x in (0.25, 0.75) for y in (0.25, 0.75)]
        >>> class Four(CirclePacking26):
        ...     n = 4
        >>> Four().verify(quarters).value
        Fraction(1, 1)
        """
        circles = read_rows(solution, self.n, NAMES, "circle")
        for i, (_, _, radius) in enumerate(circles.rows):
            if radius < 0:
                raise Refused(f"circle {i} has the negative radius {solution[i][2]!r}", -radius / circles.one)
        ticks = max(self._border_ticks(circles), overlap_ticks(circles))
        total = Fraction(sum(radius for _, _, radius in circles.rows), circles.one)
        return Verdict(total * (1 - ticks * TICK), shrink=ticks * TICK)

    def _border_ticks(self, circles: Dyadic) -> int:
        """By how many ticks radii must shrink for the circles to stay within the border."""
        needed = 0
        for i, (x, y, r) in enumerate(circles.rows):
            sides = {"left": x, "right": circles.one - x, "lower": y, "upper": circles.one - y}
            for side, room in sides.items():
                if room < r or room < 0:
                    ticks = PER_ONE - room * PER_ONE // r if room > 0 else PER_ONE
                    words = f"circle {i} crosses the {side} side by"
                    needed = max(needed, allowed(ticks, words, (r - room) / circles.one))
        return needed

    def draw(self, axes: Axes, solution: Any) -> None:
        from matplotlib.patches import Circle

        for x, y, radius in solution:
            axes.add_patch(Circle((x, y), radius, facecolor="#9ec5e8", edgecolor="#1f4e79"))
        left, right = min(x - r for x, _, r in solution), max(x + r for x, _, r in solution)
        low, high = min(y - r for _, y, r in solution), max(y + r for _, y, r in solution)
        if self.square:
            left, right, low, high = 0, 1, 0, 1
        axes.plot([left, right, right, left, left], [low, low, high, high, low], color="black")
        axes.set_aspect("equal")

    square: ClassVar[bool] = True


def allowed(ticks: int, words: str, by: float) -> int:
    """So many ticks, if no more than rounding explains; else Refused, with these words and by how much."""
    if ticks * TICK > ROUNDING:
        raise Refused(f"{words} {amount(by)}", by)
    return ticks


def overlap_ticks(circles: Dyadic) -> int:
    """By how many ticks radii must shrink for no two circles to overlap."""
    needed = 0
    for (i, (x, y, r)), (j, (u, v, s)) in combinations(enumerate(circles.rows), 2):
        square, radii = (x - u) ** 2 + (y - v) ** 2, r + s
        if square < radii * radii:
            # The most ticks t that are left of PER_ONE with (radii * t)**2 <= square * PER_ONE**2.
            ticks = PER_ONE - isqrt(square * PER_ONE * PER_ONE) // radii
            unit = circles.one * circles.one
            by = root_difference(Fraction(radii * radii, unit), Fraction(square, unit))
            needed = max(needed, allowed(ticks, f"circles {i} and {j} overlap by", by))
    return needed


def metric(n: int, floor: float, reference: float, record: float, where: str, sources: Sequence[str]) -> Metric:
    """Of n circles in an area of at most 1: by Cauchy and Schwarz no sum of radii is above sqrt(n / pi)."""
    named = ("floor", "reference", "record")
    published = {sources[1]: reference, sources[2]: record, **({sources[3]: float(sources[4])} if sources[3:] else {})}
    return Metric(
        name=f"sum of the radii of {n} circles in {where}",
        low=0,
        high=sqrt(n / pi),
        floor=floor,
        reference=reference,
        solved=None,
        sources=dict(zip(named, sources, strict=False)),
        published=published,
        record=record,
    )


SOLUTION = f"""\
a list of {{n}} rows [x, y, radius]: circles in {{where}}. {{rule}}
{SHRINK}"""
IN_SQUARE = "Each has 0 <= x - radius, x + radius <= 1, and so for y; no two overlap, but they may touch."
FRIEDMAN = "Erich Friedman's Packing Center, before AlphaEvolve"
SQUARE = "the unit square"


class CirclePacking26(CirclePacking):
    """Pack 26 circles into the unit square; the score is the sum of their radii."""

    n = 26
    goal = (
        "Pack 26 circles of any radii into the unit square, without overlaps, so that their radii add up to the most."
    )
    solution = SOLUTION.format(n=26, where=SQUARE, rule=IN_SQUARE)
    starts_by_name = starts(26, 6, "55655", WALLED)
    metric = metric(
        *(26, 26 / 12, 2.634, 2.6359830853, SQUARE),
        (
            *("26 places of a 6 x 6 grid", FRIEDMAN, "Numaro 2026; ThetaEvolve 2.63598308"),
            *("AlphaEvolve (arXiv 2506.13131)", "2.63586276"),
        ),
    )


class CirclePacking32(CirclePacking):
    """Pack 32 circles into the unit square; the score is the sum of their radii."""

    n = 32
    goal = (
        "Pack 32 circles of any radii into the unit square, without overlaps, so that their radii add up to the most."
    )
    solution = SOLUTION.format(n=32, where=SQUARE, rule=IN_SQUARE)
    starts_by_name = starts(32, 6, "565565", WALLED)
    metric = metric(
        *(32, 32 / 12, 2.936, 2.93794452620552, SQUARE),
        ("32 places of a 6 x 6 grid", FRIEDMAN, "AlphaEvolve (arXiv 2506.13131), with the digits of its coordinates"),
    )


class CirclePackingRectangle21(CirclePacking):
    """Pack 21 circles into a rectangle of perimeter 4, of any proportions; the score is the sum of their radii."""

    n = 21
    square = False
    goal = """\
Pack 21 circles of any radii without overlaps so that their radii add up to the most. Their bounding box, a rectangle
of any proportions, may have a perimeter of 4."""
    solution = SOLUTION.format(
        n=21,
        where="the plane",
        rule="Width and height of their bounding box add up to at most 2; no two overlap, but they may touch.",
    )
    starts_by_name = starts(21, 5, "45453", BOXED)
    metric = metric(
        *(21, 2.1, 2.364, 2.36583213341677, "a rectangle of perimeter 4"),
        (
            "21 places of a 5 x 5 grid in a square",
            FRIEDMAN,
            "AlphaEvolve (arXiv 2506.13131), with the digits of its coordinates",
        ),
    )

    def _border_ticks(self, circles: Dyadic) -> int:
        if self._excess(circles, 0) <= 0:
            return 0
        by = float(Fraction(2 * self._excess(circles, 0), circles.one * PER_ONE))
        low, high = 0, int(ROUNDING / TICK)
        if self._excess(circles, high) > 0:
            raise Refused(f"the bounding box has a perimeter that is {amount(by)} above 4", by)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._excess(circles, middle) <= 0 else (middle, high)
        return high

    def _excess(self, circles: Dyadic, ticks: int) -> int:
        """By how much width and height add up to more than 2 when radii are smaller by so many ticks."""
        sides = 0
        for axis in (0, 1):
            ends = [(row[axis] * PER_ONE, row[2] * (PER_ONE - ticks)) for row in circles.rows]
            sides += max(place + radius for place, radius in ends) - min(place - radius for place, radius in ends)
        return sides - 2 * circles.one * PER_ONE
