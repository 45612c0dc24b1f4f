"""Cap sets in dimension 8: vectors over the field of three elements, no three of which lie on a line.

Three different vectors lie on a line exactly when they add up to 0 modulo 3 in every place. All is whole numbers.

Sources: 496 (Edel 2004), 512 (FunSearch, Romera-Paredes et al. 2024, Nature 625). In dimension 6 no cap has more
than 112 elements (Potechin 2008); each of the nine translates of a six-dimensional subspace holds at most as many,
so that none in dimension 8 has more than 1008.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from genopt_gym.core.task import Metric
from genopt_gym.envs.discovery.exact import Refused, read_rows
from genopt_gym.envs.discovery.problem import DiscoveryTask, StartTexts, Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DIMENSION = 8
MOST = 3**DIMENSION
POWERS = 3 ** np.arange(DIMENSION - 1, -1, -1)
_HALVES = np.array(list(product(range(3), repeat=DIMENSION // 2)))
THIRD = (-_HALVES[:, None] - _HALVES) % 3 @ POWERS[DIMENSION // 2 :]
"""The vector on the line through two others, for halves of vectors, all by their number in base 3."""

GREEDY = '''\
def greedy(order, kept=()):
    """Vectors taken in this order, where they make no line with two that were taken."""
    import itertools

    import numpy as np

    vectors = np.array(list(itertools.product(range(3), repeat=8)))
    powers = 3 ** np.arange(7, -1, -1)
    free = np.ones(len(vectors), bool)
    chosen = []
    for k in [*kept, *order]:
        if free[k]:
            if chosen:
                free[(-vectors[chosen] - vectors[k]) % 3 @ powers] = False
            free[k] = False
            chosen.append(k)
    return chosen, vectors
'''
PARAMETRIC = '''\
{greedy}

WEIGHTS = (0.5, 0.1, 0.3, 0.2, 0.4, 0.15, 0.25, 0.35)
ZEROS = (0.2, -0.1, 0.3, 0.1, -0.2)


def start(seed):
    """Greedy, by how many places are 0, how many pairs of places are alike, and a weighted sum."""
    import itertools

    import numpy as np

    vectors = np.array(list(itertools.product(range(3), repeat=8)))
    zeros = (vectors == 0).sum(axis=1)
    priority = (vectors * np.array(WEIGHTS)).sum(axis=1)
    for degree, weight in enumerate(ZEROS):
        priority = priority + weight * np.cos(degree * zeros)
    chosen, vectors = greedy(np.argsort(-priority, kind="stable"))
    return vectors[chosen].tolist()
'''
WORKING = '''\
CAP = "0122 0220 1000 1010 1021 1022 1100 1102 1110 1112 1222 2002 2012 2020 2021 2120 2200 2202 2210 2212"


def start(seed):
    """The product of a cap of 20 elements in dimension 4, the largest there is, with itself."""
    return [[int(x) for x in a + b] for a in CAP.split() for b in CAP.split()]
'''
IMPROVE = '''\
{greedy}

def improve(solution, step):
    """Leave some vectors out, and fill up in a random order; keep what does not lose."""
    import numpy as np

    rng = np.random.default_rng(step)
    best = np.array(solution)
    kept = rng.permutation(best @ (3 ** np.arange(7, -1, -1)))[: len(best) * 9 // 10]
    chosen, vectors = greedy(rng.permutation(3**8), kept)
    return vectors[chosen].tolist() if len(chosen) >= len(best) else solution
'''
CUBE = """\
def start(seed):
    import itertools

    return [list(vector) for vector in itertools.product((0, 1), repeat=8)]
"""


class CapSet8(DiscoveryTask):
    """Find a large set of vectors in F_3^8 without three on a line; the score is its size."""

    goal = """\
Find as many vectors of eight numbers 0, 1 or 2 as you can, so that no three different ones add up to 0 modulo 3 in
every place (no three lie on a line)."""
    solution = f"""\
a list of 1 to {MOST:,} different vectors of 8 whole numbers 0, 1 or 2 (int), no three of which add up to 0 modulo 3 in
every place. The score is how many there are."""
    starts_by_name = {  # noqa: RUF012
        "naive": StartTexts(CUBE),
        "stub": StartTexts("def start(seed):\n    return [[0] * 8]\n"),
        "parametric": StartTexts(PARAMETRIC.format(greedy=GREEDY)),
        "working": StartTexts(WORKING, IMPROVE.format(greedy=GREEDY)),
    }
    metric = Metric(
        name="size of a cap set in dimension 8",
        low=0,
        high=1008,
        floor=256,
        reference=496,
        solved=None,
        sources={
            "floor": "all vectors of 0 and 1",
            "reference": "Edel 2004, before FunSearch",
            "record": "FunSearch (Romera-Paredes et al. 2024)",
        },
        published={"FunSearch (Romera-Paredes et al. 2024)": 512},
        record=512,
    )

    def verify(self, solution: Any) -> Verdict:
        """
        >>> CapSet8().verify([[k] * 8 for k in range(3)])
        Traceback (most recent call last):
        genopt_gym.envs.discovery.exact.Refused: vectors 0, 1 and 2 lie on a line: they add up to 0 modulo 3
        """
        read = read_rows(solution, None, [f"x{i}" for i in range(DIMENSION)], "vector", most=MOST, limit=2)
        if read.bits or min(map(min, read.rows)) < 0:
            bad = next(x for row in read.rows for x in row if x % read.one or x < 0)
            raise Refused(f"{bad / read.one:g} is none of 0, 1 and 2")
        vectors = np.array(read.rows, np.int64)
        places = np.full(MOST, -1)
        indices = vectors @ POWERS
        for i, index in enumerate(indices.tolist()):
            if places[index] >= 0:
                raise Refused(f"vectors {places[index]} and {i} are the same")
            places[index] = i
        upper, lower = np.divmod(indices, len(THIRD))
        third = places[THIRD[upper[:, None], upper] * len(THIRD) + THIRD[lower[:, None], lower]]
        np.fill_diagonal(third, -1)
        if (hits := np.argwhere(third >= 0)).size:
            i, j = hits[0].tolist()
            one, two, three = sorted((i, j, int(third[i, j])))
            raise Refused(f"vectors {one}, {two} and {three} lie on a line: they add up to 0 modulo 3")
        return Verdict(Fraction(len(vectors)))

    def draw(self, axes: Axes, solution: Any) -> None:
        indices = np.array(solution, np.int64) @ POWERS
        picture = np.zeros((81, 81))
        picture[indices // 81, indices % 81] = 1
        axes.imshow(picture, cmap="Blues")
        axes.set_xlabel("places 5 to 8, as a number in base 3")
        axes.set_ylabel("places 1 to 4")
