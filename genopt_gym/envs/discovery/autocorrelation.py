"""Autocorrelation inequalities: step functions whose autoconvolution is as flat as can be.

A solution is the heights of a step function f on [-1/4, 1/4], of equal steps. Its autoconvolution f*f is piecewise
linear between multiples of the step, so that its largest value, its integral and that of its square are fractions.

- First: the least constant C1 with max f*f >= C1 (integral of f)^2 for all f >= 0; known from below 1.28 (Cloninger
  and Steinerberger 2017). From above 1.5098 (Matolcsi and Vinuesa 2010), AlphaEvolve 1.50529397 (arXiv 2506.13131),
  1.5032 (arXiv 2511.02864), TTT-Discover 1.50287 (arXiv 2601.16175), EinsteinArena 1.5028609 (2026).
- Second: the largest C2 = |f*f|_2^2 / (|f*f|_1 |f*f|_inf) of any f >= 0, at most 1 (Hoelder). From below 0.88922
  (Matolcsi and Vinuesa 2010), AlphaEvolve 0.89627994, Boyer and Li 0.901564 (arXiv 2506.16750), 0.94136 (arXiv
  2508.02803), AlphaEvolve 0.96102, ImprovEvolve 0.96258 (arXiv 2602.10233), EinsteinArena 0.96264 (2026).
- Third: as the first for f of any sign, with max |f*f|. At least 1, for f*f has a support of length 1. From above
  1.45810 (Vinuesa 2009), AlphaEvolve 1.4557. Its notebook takes the absolute value of max f*f, not the maximum of
  |f*f|: under the inequality as it is written its function gives another value (docs/discovery.md).
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from genopt_gym.core.task import Metric
from genopt_gym.envs.discovery.exact import Refused, convolve
from genopt_gym.envs.discovery.problem import DiscoveryTask, Verdict
from genopt_gym.envs.discovery.steps import MOST_STEPS, draw_steps, read_heights, starts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WORST = 4.0
HEIGHTS = f"""\
a list of 1 to {MOST_STEPS:,} heights of a step function f: the interval from -1/4 to 1/4 is cut into as many equal
steps. It does not matter by what factor all heights are multiplied."""
MAXIMUM = "the largest value of f*f lies at its node {} of {}"


class Autocorrelation(DiscoveryTask):
    """A step function on [-1/4, 1/4]."""

    negative = False
    """Whether heights below 0 are allowed."""

    def verify(self, solution: Any) -> Verdict:
        heights, _ = read_heights(solution, negative=self.negative)
        if sum(heights) == 0:
            raise Refused("the integral of the function is 0")
        return self._constant(heights, convolve(heights, heights))

    def _constant(self, heights: list[int], nodes: list[int]) -> Verdict:
        """The bound on C1, from heights in any unit, and values of f*f at its nodes in units of step * unit^2."""
        peak = max(nodes)
        value = Fraction(2 * len(heights) * peak, sum(heights) ** 2)
        return Verdict(value, note=MAXIMUM.format(nodes.index(peak), len(nodes)))

    def draw(self, axes: Axes, solution: Any) -> None:
        draw_steps(axes, solution, -0.25, 0.25)


class FirstAutocorrelation(Autocorrelation):
    """Find a function f >= 0 whose autoconvolution has the least maximum, for its integral: an upper bound on C1."""

    goal = """\
Find a step function f >= 0 on [-1/4, 1/4] for which max f*f / (integral of f)^2 is the least; f*f(t) is the integral of
f(t - x) f(x) over x."""
    solution = f"{HEIGHTS}\nNo height is negative. The score is max f*f / (integral of f)^2."
    starts_by_name = starts(
        naive="[1.0] * 50",
        stub="[1]",
        weights="1.0, 0.1, 0.1, 0.1, 0.1, 0.1",
        score="return len(heights) * np.convolve(heights, heights).max() / heights.sum() ** 2",
        fit="tried.clip(1e-6)",
        wave="heights.clip(1e-6).tolist()",
    )
    metric = Metric(
        name="max f*f / (integral of f)^2",
        low=WORST,
        high=1.28,
        floor=2,
        reference=1.5098,
        solved=None,
        direction="minimize",
        sources={
            "floor": "a constant function",
            "reference": "Matolcsi and Vinuesa 2010 (arXiv 0907.1379)",
            "record": "EinsteinArena 2026; TTT-Discover 1.50287 (arXiv 2601.16175)",
        },
        published={
            "AlphaEvolve (arXiv 2506.13131)": 1.50529397,
            "AlphaEvolve (arXiv 2511.02864)": 1.5032,
            "TTT-Discover (arXiv 2601.16175)": 1.50287,
            "EinsteinArena 2026": 1.5028609,
        },
        record=1.5028609,
    )


class SecondAutocorrelation(Autocorrelation):
    """Find a function f >= 0 whose autoconvolution is the most like a constant: a lower bound on C2."""

    goal = """\
Find a step function f >= 0 on [-1/4, 1/4] for which |f*f|_2^2 / (|f*f|_1 |f*f|_inf) is the largest: the integral of
the square of f*f, over its integral and its maximum."""
    solution = f"{HEIGHTS}\nNo height is negative. The score is |f*f|_2^2 / (|f*f|_1 |f*f|_inf)."
    starts_by_name = starts(
        naive="[1.0] * 50",
        stub="[1]",
        weights="1.0, 0.1, 0.1, 0.1, 0.1, 0.1",
        score="""y = np.pad(np.convolve(heights, heights), 1)
    square = (y[:-1] ** 2 + y[:-1] * y[1:] + y[1:] ** 2).sum() / 3
    return -square / (y.sum() * y.max())""",
        fit="tried.clip(1e-6)",
        wave="heights.clip(1e-6).tolist()",
    )
    metric = Metric(
        name="|f*f|_2^2 / (|f*f|_1 |f*f|_inf)",
        low=0,
        high=1,
        floor=2 / 3,
        reference=0.88922,
        solved=None,
        sources={
            "floor": "a constant function",
            "reference": "Matolcsi and Vinuesa 2010 (arXiv 0907.1379)",
            "record": "EinsteinArena 2026; ImprovEvolve 0.96258 (arXiv 2602.10233)",
        },
        published={
            "AlphaEvolve (arXiv 2506.13131)": 0.89627994,
            "Boyer and Li (arXiv 2506.16750)": 0.901564,
            "AlphaEvolve, as ImprovEvolve quotes it": 0.96102,
            "ImprovEvolve (arXiv 2602.10233)": 0.96258,
            "EinsteinArena 2026": 0.96264,
        },
        record=0.96264,
    )

    def _constant(self, heights: list[int], nodes: list[int]) -> Verdict:
        """Between nodes a and b, the square of a line has the integral (a^2 + ab + b^2) / 3 a step."""
        peak = max(nodes)
        ends = [0, *nodes, 0]
        square = sum(a * a + a * b + b * b for a, b in pairwise(ends))
        note = MAXIMUM.format(nodes.index(peak), len(nodes))
        return Verdict(Fraction(square, 3 * sum(nodes) * peak), note=note)


class ThirdAutocorrelation(Autocorrelation):
    """Find a function of any sign whose autoconvolution has the least absolute maximum: an upper bound on C3."""

    negative = True
    goal = """\
Find a step function f on [-1/4, 1/4], of any sign, for which max |f*f| / (integral of f)^2 is the least; f*f(t) is the
integral of f(t - x) f(x) over x."""
    solution = (
        f"{HEIGHTS}\nThey may be negative, but the integral is not 0. The score is max |f*f| / (integral of f)^2."
    )
    starts_by_name = starts(
        naive="[1.0] * 50",
        stub="[1]",
        weights="1.0, 0.1, 0.1, 0.1, 0.1, 0.1",
        score="return len(heights) * abs(np.convolve(heights, heights)).max() / heights.sum() ** 2",
        fit="tried",
        wave="heights.tolist()",
    )
    metric = Metric(
        name="max |f*f| / (integral of f)^2",
        low=WORST,
        high=1,
        floor=2,
        reference=1.4581,
        solved=None,
        direction="minimize",
        sources={
            "floor": "a constant function",
            "reference": "Vinuesa 2009, as AlphaEvolve quotes it",
            "record": "AlphaEvolve (arXiv 2506.13131); by its own formula, see docs/discovery.md",
        },
        published={"AlphaEvolve (arXiv 2506.13131)": 1.4557},
        record=1.4557,
    )

    def _constant(self, heights: list[int], nodes: list[int]) -> Verdict:
        return super()._constant(heights, [abs(node) for node in nodes])
