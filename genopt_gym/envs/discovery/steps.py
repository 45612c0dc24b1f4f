"""What the problems about step functions share: reading heights, drawing them, and starts that are functions of x."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genopt_gym.envs.discovery.exact import Refused, read_list
from genopt_gym.envs.discovery.problem import StartTexts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_STEPS = 50_000
"""Heights of a solution; 600 are verified in some milliseconds, the most in some seconds."""
MOST_BITS = 10_000_000
"""Binary digits of all heights, each as long as the longest: what keeps an exact product to some seconds."""

PARAMETRIC = '''\
WEIGHTS = ({weights})
SHIFT = 0.3


def start(seed):
    """A sum of waves over {steps} steps, cut to what is allowed."""
    import numpy as np

    x = np.linspace(-np.pi, np.pi, {steps})
    heights = sum(weight * np.cos(k * (x - SHIFT)) for k, weight in enumerate(WEIGHTS))
    return {fit}
'''
IMPROVE = '''\
def score(heights):
    import numpy as np

    {score}


def improve(solution, step):
    """Change some neighbouring heights at a time, by less with every call; keep what does not lose."""
    import numpy as np

    rng = np.random.default_rng(step)
    best = np.array(solution, float)
    value = score(best)
    for _ in range(300):
        first, length = rng.integers(len(best)), rng.integers(1, 9)
        tried = best.copy()
        tried[first : first + length] += rng.normal(0, 0.5 / (1 + step))
        tried = {fit}
        if (found := score(tried)) <= value:
            best, value = tried, found
    return best.tolist()
'''


def starts(
    *, naive: str, stub: str, weights: str, score: str, fit: str, wave: str, steps: int = 60
) -> dict[str, StartTexts]:
    """The starting artifacts.

    Args:
        naive: an expression for the heights of a constant function.
        stub: the same, as short as can be.
        weights: of the waves that ``parametric`` adds up.
        score: Python lines that return what is to be small, of ``heights``.
        fit: an expression that brings ``tried`` within what is allowed.
        wave: an expression for the heights that waves make of ``heights``.
        steps: of the parametric function.
    """
    plain = "def start(seed):\n    return {}\n"
    working = (
        f"def start(seed):\n    import numpy as np\n\n    heights = np.ones(50) * {naive.partition(' *')[0][1:-1]}\n"
    )
    working += f"    tried = heights + np.random.default_rng(0).normal(0, 0.05, 50)\n    return ({fit}).tolist()\n"
    return {
        "naive": StartTexts(plain.format(naive)),
        "stub": StartTexts(plain.format(stub)),
        "parametric": StartTexts(PARAMETRIC.format(weights=weights, steps=steps, fit=wave)),
        "working": StartTexts(working, IMPROVE.format(score=score, fit=fit)),
    }


def read_heights(solution: Any, *, negative: bool = False, most: float = 1e9) -> tuple[list[int], int]:
    """Heights as whole numbers over ``2**bits``, and ``bits``; Refused for one below 0 unless it may be."""
    heights, bits = read_list(solution, "height", most=MOST_STEPS, limit=most)
    longest = max(height.bit_length() for height in heights)
    if longest * len(heights) > MOST_BITS:
        message = f"{len(heights):,} heights of up to {longest:,} binary digits take too long to verify exactly"
        raise Refused(f"{message}: round the smallest to 0")
    if not negative:
        for i, height in enumerate(heights):
            if height < 0:
                raise Refused(f"height {i} is {solution[i]!r}, which is negative", -height / (1 << bits))
    return heights, bits


def draw_steps(axes: Axes, solution: Any, left: float, right: float) -> None:
    """The step function as an area."""
    import numpy as np

    edges = np.linspace(left, right, len(solution) + 1)
    axes.stairs(np.array(solution, float), edges, fill=True, color="#9ec5e8")
    axes.stairs(np.array(solution, float), edges, color="#1f4e79")
    axes.set_xlabel("x")
