"""Solutions whose values are known: closed forms, and constructions that can be checked on paper."""

from __future__ import annotations

from itertools import product
from math import cos, pi, sin

Rows = list[list[float]]


def grid_of_circles(side: int, n: int) -> Rows:
    """The first n circles of a square grid, of radius 1 / (2 side)."""
    radius = 0.5 / side
    return [[(2 * (i % side) + 1) * radius, (2 * (i // side) + 1) * radius, radius] for i in range(n)]


def polygon(n: int, radius: float = 1.0) -> Rows:
    """A regular n-gon around the origin."""
    return [[radius * cos(2 * pi * i / n), radius * sin(2 * pi * i / n)] for i in range(n)]


def honeycomb_of_seven() -> Rows:
    """Seven hexagons of side 1 with centres 2 apart, corner to corner, in one of side 3."""
    return [[0, 0, 0], *([2 * cos(pi * i / 3), 2 * sin(pi * i / 3), 0] for i in range(6)), [0, 0, 0]]


def cap_of_512() -> list[list[int]]:
    """FunSearch's 512-cap in dimension 8, from its description: weights, supports, and reflections.

    A reflection is a place i in 1 to 3 whose entry is that of place -i (Romera-Paredes et al. 2024, supplement).
    """
    sixteens = ["0123", "0125", "0367", "0567", "1346", "1456", "2347", "2457"]
    eights = ["0127", "0126", "0137", "0167", "0157", "0236", "0267", "0256"]
    eights += ["1247", "1246", "1347", "1467", "1457", "2346", "2467", "2456"]
    zeros = ["047", "024", "014", "046", "126", "267", "127", "167"]
    found = []
    for v in product(range(3), repeat=8):
        support = "".join(str(i) for i in range(8) if v[i])
        absent = "".join(str(i) for i in range(8) if not v[i])
        reflections = sum(v[i] == v[-i] for i in (1, 2, 3))
        in_eights = support in eights and reflections == 1
        bent = absent in zeros and reflections <= 1 and v[1] * v[7] % 3 != 1 and v[2] * v[6] % 3 != 1
        if (not absent and reflections >= 2) or support in sixteens or in_eights or bent:
            found.append(list(v))
    return found


def root_system(n: int = 11) -> list[list[int]]:
    """The 2 n (n - 1) roots of D_n: +-1 in two places."""
    return [
        [a * (k == i) + b * (k == j) for k in range(n)]
        for i in range(n)
        for j in range(i)
        for a in (1, -1)
        for b in (1, -1)
    ]
