"""The kissing number in dimension 11: how many balls touch one of the same size without overlapping.

A solution is directions: vectors of any length, no two of which form an angle below 60 degrees. That is so exactly
when x.y <= 0 or 4 (x.y)^2 <= (x.x) (y.y), which takes no root; on the unit sphere such vectors are the places where
the balls touch. (AlphaEvolve's condition, that no distance is below the largest norm, implies it.) Products are
taken in floating point with a bound on their error, and again in whole numbers for the pairs that this cannot
decide.

Sources: 566 and 582 (Conway and Sloane, Sphere Packings, Lattices and Groups), 592 (Ganzhinov 2022, arXiv
2207.08266), 593 (AlphaEvolve, arXiv 2506.13131), 604 (agents on EinsteinArena, arXiv 2606.10402). At most 868 (as
tabled by Cohn).
"""

from __future__ import annotations

from fractions import Fraction
from math import acos, degrees, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from genopt_gym.core.task import Metric
from genopt_gym.envs.discovery.exact import Refused, amount, read_rows
from genopt_gym.envs.discovery.problem import DiscoveryTask, StartTexts, Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DIMENSION = 11
MOST = 1000
SMALL = 1 << 12
"""Entries up to here have products, and squares of these, that 64 bits hold."""
UNSURE = 1e-9
"""In proportion; floating point is off by less than a millionth of this."""

CANDIDATES = '''\
def candidates():
    """Vectors of squared length 4: +-2 in one place, or +-1 in four."""
    import itertools

    import numpy as np

    found = []
    for place in range(11):
        for sign in (2, -2):
            found.append([sign * (i == place) for i in range(11)])
    for places in itertools.combinations(range(11), 4):
        for signs in itertools.product((1, -1), repeat=4):
            vector = [0] * 11
            for place, sign in zip(places, signs):
                vector[place] = sign
            found.append(vector)
    return np.array(found)
'''
PARAMETRIC = '''\
{candidates}

WEIGHTS = (0.9, 0.3, 0.7, 0.1, 0.8, 0.2, 0.6, 0.4, 0.5, 0.35, 0.15)
CURVE = 1.0


def start(seed):
    """Take vectors in the order of a weighted sum of their entries, where they fit to those that were taken."""
    import numpy as np

    vectors = candidates()
    order = np.argsort(-(np.abs(vectors) * np.abs(WEIGHTS) ** CURVE).sum(axis=1), kind="stable")
    free = np.ones(len(vectors), bool)
    chosen = []
    for k in order:
        if free[k]:
            chosen.append(vectors[k].tolist())
            free &= vectors @ vectors[k] <= 2
    return chosen
'''
IMPROVE = '''\
{candidates}

def improve(solution, step):
    """Leave some vectors out, and fill up in a random order; keep what does not lose."""
    import numpy as np

    rng = np.random.default_rng(step)
    vectors = candidates()
    best = np.array(solution)
    for _ in range(1):
        centre = vectors[rng.integers(len(vectors))]
        kept = best[best @ centre < 2]
        free = (vectors @ kept.T <= 2).all(axis=1)
        tried = list(kept)
        for k in rng.permutation(len(vectors)):
            if free[k]:
                tried.append(vectors[k])
                free &= vectors @ vectors[k] <= 2
        if len(tried) >= len(best):
            best = np.array(tried)
    return best.tolist()
'''
ROOTS = """\
def start(seed):
    return [[sign * (i == place) for i in range(11)] for place in range(11) for sign in (1, -1)]
"""
FOURS = '''\
QUADRUPLES = """
012a 0135 0146 0179 0237 0245 0269 034a 0368 0489 0567 059a 078a 1236 1247 1259 137a 1389
1458 149a 156a 1678 2349 235a 2468 2578 267a 289a 3456 3478 3579 369a 457a 4679 5689
"""


def start(seed):
    """+-2 in one place, and +-1 in four places that meet any other four in two at most: 22 + 35 * 16 vectors."""
    import itertools

    chosen = [[sign * (i == place) for i in range(11)] for place in range(11) for sign in (2, -2)]
    for places in QUADRUPLES.split():
        for signs in itertools.product((1, -1), repeat=4):
            vector = [0] * 11
            for place, sign in zip(places, signs):
                vector[int(place, 11)] = sign
            chosen.append(vector)
    return chosen
'''


class KissingNumber11(DiscoveryTask):
    """Find many vectors in dimension 11 no two of which form an angle below 60 degrees; the score is how many."""

    goal = """\
Find as many directions in 11 dimensions as you can, no two of which form an angle of less than 60 degrees: then as many
balls touch one of the same size without overlapping."""
    solution = f"""\
a list of 1 to {MOST} vectors of 11 numbers each, of any length but 0. For any two, x.y <= 0 or
4 (x.y)^2 <= (x.x) (y.y), exactly: vectors of whole numbers are the surest. The score is how many there are."""
    starts_by_name = {  # noqa: RUF012
        "naive": StartTexts(ROOTS),
        "stub": StartTexts("def start(seed):\n    return [[1] + [0] * 10]\n"),
        "parametric": StartTexts(PARAMETRIC.format(candidates=CANDIDATES)),
        "working": StartTexts(FOURS, IMPROVE.format(candidates=CANDIDATES)),
    }
    metric = Metric(
        name="vectors in dimension 11 with angles of at least 60 degrees",
        low=0,
        high=868,
        floor=22,
        reference=592,
        solved=None,
        sources={
            "floor": "the 22 vectors along the axes",
            "reference": "Ganzhinov 2022 (arXiv 2207.08266)",
            "record": "EinsteinArena (arXiv 2606.10402)",
        },
        published={"AlphaEvolve (arXiv 2506.13131)": 593, "EinsteinArena (arXiv 2606.10402)": 604},
        record=604,
    )

    def verify(self, solution: Any) -> Verdict:
        """
        >>> KissingNumber11().verify([[1, 0] + [0] * 9, [1, 1] + [0] * 9])
        Traceback (most recent call last):
        genopt_gym.envs.discovery.exact.Refused: vectors 0 and 1 form an angle of 45 degrees, 15 below 60
        """
        names = [f"x{i}" for i in range(DIMENSION)]
        rows = read_rows(solution, None, names, "vector", most=MOST, limit=2.0**62).rows
        for i, row in enumerate(rows):
            if not any(row):
                raise Refused(f"vector {i} is 0, which has no direction")
        for i, j in _too_near(rows):
            product, norms = _dot(rows[i], rows[j]), _dot(rows[i], rows[i]) * _dot(rows[j], rows[j])
            if product > 0 and 4 * product * product > norms:
                angle = degrees(acos(min(1.0, sqrt(Fraction(product * product, norms)))))
                by = 60 - angle
                if 4 * product * product == 4 * norms:
                    raise Refused(f"vectors {i} and {j} have the same direction", 60.0)
                if by < 1e-6:  # too little for acos: from the cosine's excess over 1/2
                    excess = float(Fraction(4 * product * product - norms, norms)) / 2
                    by = degrees(excess / 2 / sqrt(0.75))
                raise Refused(f"vectors {i} and {j} form an angle of {angle:.6g} degrees, {amount(by)} below 60", by)
        return Verdict(Fraction(len(rows)))

    def draw(self, axes: Axes, solution: Any) -> None:
        vectors = np.array(solution, float)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        cosines = (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]
        axes.hist(np.degrees(np.arccos(cosines.clip(-1, 1))), bins=60, color="#1f4e79")
        axes.axvline(60, color="#c2410c", linestyle="--")
        axes.set_xlabel("angles between pairs, degrees")


def _too_near(rows: list[list[int]]) -> list[tuple[int, int]]:
    """The pairs that violate the condition, or are too near to it for floating point to tell."""
    if max(abs(x) for row in rows for x in row) <= SMALL:
        vectors = np.array(rows, np.float64)  # products of such whole numbers are exact, and quicker than as integers
        products = (vectors @ vectors.T).astype(np.int64)
        norms = np.diagonal(products)
        near = (products > 0) & (4 * products * products > norms[:, None] * norms)
    else:
        scaled = [[float(Fraction(x, 1 << max(map(int.bit_length, row)))) for x in row] for row in rows]
        floats = np.array(scaled)
        floats /= np.linalg.norm(floats, axis=1, keepdims=True)
        near = floats @ floats.T > 0.5 - UNSURE
    first, second = np.nonzero(np.triu(near, 1))
    return list(zip(first.tolist(), second.tolist(), strict=True))


def _dot(x: list[int], y: list[int]) -> int:
    return sum(a * b for a, b in zip(x, y, strict=True))
