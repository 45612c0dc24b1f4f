"""Erdos's minimum overlap problem.

A solution is the heights of a step function h on [0, 2], of equal steps, with 0 <= h <= 1 and integral 1. Its
score, an upper bound on the constant C5, is the largest over all shifts k of the integral of h(x) (1 - h(x + k)),
where the second factor is 0 outside [0, 2] (Swinnerton-Dyer's form, as Haugland 1996 and 2016 uses it). It is
piecewise linear in k between multiples of the step, so that its maximum is a fraction.

Sources: from above 0.380927 (Haugland 2016), AlphaEvolve 0.380924 (arXiv 2506.13131), TTT-Discover 0.380876 (arXiv
2601.16175); from below 0.379005 (White 2022).
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from genopt_gym.core.task import Metric
from genopt_gym.envs.discovery.exact import ROUNDING, Refused, amount, convolve
from genopt_gym.envs.discovery.problem import DiscoveryTask, Verdict
from genopt_gym.envs.discovery.steps import MOST_STEPS, draw_steps, read_heights, starts

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class ErdosMinimumOverlap(DiscoveryTask):
    """Find a function h with values from 0 to 1 that overlaps least with the complement of any of its shifts.

    If the integral misses 1 by rounding alone, h is multiplied by what mends it (or 1 - h, if the integral is too
    small: both stay within 0 and 1), in exact arithmetic, and the score is that of the mended function.
    """

    goal = """\
Find a step function h on [0, 2] with 0 <= h <= 1 and integral 1, so that the largest overlap with the complement of a
shift of itself is the least: the maximum over k of the integral of h(x) (1 - h(x + k)), where the second factor is 0
unless x + k lies in [0, 2]."""
    solution = f"""\
a list of 1 to {MOST_STEPS:,} heights, from 0 to 1, of a step function h: the interval from 0 to 2 is cut into as many
equal steps. The mean height is 1/2; if it is so but for rounding (5.7e-14), h or 1 - h is multiplied by what mends
that, and scored so. The score is the maximum over all shifts k of the integral of h(x) (1 - h(x + k)) over the x for
which x and x + k both lie in [0, 2]."""
    starts_by_name = starts(
        naive="[0.5] * 50",
        stub="[0.5]",
        weights="0.5, -0.3, 0.05, 0.05, 0.05",
        score="return np.correlate(heights, 1 - heights, 'full').max() * 2 / len(heights)",
        fit="tried.clip(0, 1) * min(1, len(tried) / 2 / tried.clip(0, 1).sum()) if tried.clip(0, 1).mean() >= 0.5"
        " else 1 - (1 - tried.clip(0, 1)) * (len(tried) / 2 / (1 - tried.clip(0, 1)).sum())",
        wave="""(
        (heights.clip(0, 1) / heights.clip(0, 1).mean() / 2).tolist()
        if heights.clip(0, 1).mean() >= 0.5
        else (1 - (1 - heights.clip(0, 1)) / (1 - heights.clip(0, 1)).mean() / 2).tolist()
    )""",
    )
    metric = Metric(
        name="largest overlap of h with the complement of a shift",
        low=1,
        high=0.379005,
        floor=0.5,
        reference=0.380927,
        solved=None,
        direction="minimize",
        sources={
            "floor": "the constant function 1/2",
            "reference": "Haugland 2016 (arXiv 1609.08000)",
            "record": "TTT-Discover (arXiv 2601.16175)",
        },
        published={"AlphaEvolve (arXiv 2506.13131)": 0.380924, "TTT-Discover (arXiv 2601.16175)": 0.380876},
        record=0.380876,
    )

    def verify(self, solution: Any) -> Verdict:
        """
        >>> ErdosMinimumOverlap().verify([0.5] * 7).value
        Fraction(1, 2)
        """
        heights, bits = read_heights(solution)
        one, n = 1 << bits, len(heights)
        for i, height in enumerate(heights):
            if height > one:
                by = (height - one) / one
                raise Refused(f"height {i} is above 1 by {amount(by)}", by)
        total, target = sum(heights), Fraction(n * one, 2)
        missed = (total - target) / target
        if abs(missed) > ROUNDING:
            raise Refused(f"the integral of h is {float(1 + missed):.17g}, but must be 1", abs(float(missed)))
        if missed < 0:  # the same with h and 1 - h in each other's places: the overlap is that of the mirror image
            heights, total = [one - height for height in heights], n * one - total
        factor = target / total
        # The sum over the common places of h(x) - h(x) h(x + k), with h times the factor n * one / (2 total); entry
        # n - 1 + k of the correlation belongs to shift k. In units of factor * one / (2 total) all are whole numbers.
        correlation = convolve(heights[::-1], heights)
        common = _common_sums(heights)
        overlaps = [2 * total * c - n * x for c, x in zip(common, correlation, strict=True)]
        largest = max(overlaps)
        note = f"the largest overlap is at a shift by {overlaps.index(largest) - n + 1} steps"
        value = factor * Fraction(largest, total * n * one)
        return Verdict(value, shrink=1 - factor, note=note)

    def draw(self, axes: Axes, solution: Any) -> None:
        draw_steps(axes, solution, 0, 2)


def _common_sums(heights: list[int]) -> list[int]:
    """For each shift from -(n - 1) to n - 1, the sum of the heights at places x for which x + shift is one too.

    >>> _common_sums([1, 2, 4])
    [4, 6, 7, 3, 1]
    """
    sums, total = [], 0
    for height in reversed(heights):
        total += height
        sums.append(total)
    for height in reversed(heights[1:]):
        total -= height
        sums.append(total)
    return sums
