"""Sums and differences of sets: whole numbers with many differences and few sums.

For a set U of whole numbers from 0 up, with 0 in it, 1 + log(|U - U| / |U + U|) / log(2 max(U) + 1) is a lower
bound on a constant C6 (Gyarmati, Hennecart and Ruzsa 2007, "Sums and differences of finite sets"), which is at most
4/3. Sums and differences are counted exactly. The logarithms are no fractions: their quotient is computed in
floating point and made smaller by 2**-48, which is more than that can be off by.

Sources: 1.14465 (Gyarmati, Hennecart and Ruzsa), AlphaEvolve 1.1479 with 2,003 numbers and 1.1584172816 with 54,265
(arXiv 2506.13131), Gerbicz 1.173050 with a set of more than 10^43546 elements (arXiv 2505.16105), Zheng 1.173077 in
the limit of large sets (arXiv 2506.01896). The last is the record: no list of numbers comes near, and none may be
told that it does.
"""

from __future__ import annotations

from fractions import Fraction
from math import log
from typing import TYPE_CHECKING, Any

import numpy as np

from genopt_gym.core.task import Metric
from genopt_gym.envs.discovery.exact import Refused, read_integers
from genopt_gym.envs.discovery.problem import DiscoveryTask, StartTexts, Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

MOST = 4096
LARGEST = 2**61
TABLE = 1 << 26
"""Sums and differences up to here are ticked off in a table; larger ones are sorted."""
PRECISION = Fraction(1, 2**48)

SIMPLEX = '''\
{numbers}

def start(seed):
    """Numbers whose digits are bounded and have a bounded sum: such sets have few sums for their differences."""
    import itertools

    base = {base}
    return [
        sum(digit * base**place for place, digit in enumerate(digits))
        for digits in itertools.product(range({bound} + 1), repeat={places})
        if sum(digits) <= {total}
    ]
'''
IMPROVE = '''\
def score(numbers):
    import numpy as np

    x = np.array(sorted(numbers))
    sums, differences = np.unique(x[:, None] + x), np.unique(x[:, None] - x)
    return np.log(len(differences) / len(sums)) / np.log(2 * x.max() + 1)


def improve(solution, step):
    """Leave one number out, or move it; keep what does not lose."""
    import numpy as np

    rng = np.random.default_rng(step)
    best, value = solution, score(solution)
    for _ in range(5):
        tried = set(best)
        tried.remove(best[rng.integers(1, len(best))])
        if rng.random() < 0.5:
            tried.add(int(rng.integers(max(best) + 1)))
        if (found := score(tried)) >= value:
            best, value = sorted(tried), found
    return [int(x) for x in best]
'''


class SumsAndDifferences(DiscoveryTask):
    """Find a set of whole numbers with many differences for its sums: a lower bound on C6."""

    goal = """\
Find a set U of whole numbers from 0 up, with 0 in it, for which 1 + log(|U - U| / |U + U|) / log(2 max(U) + 1) is the
largest: many different differences, few different sums, small numbers."""
    solution = f"""\
a list of 2 to {MOST:,} different whole numbers (int) from 0 to 2**61, with 0 among them. The score is
1 + log(number of differences / number of sums) / log(2 max + 1), with each number also subtracted from and added to
itself; the counts are exact, the logarithms rounded down by 2**-48."""
    starts_by_name = {  # noqa: RUF012
        "naive": StartTexts("def start(seed):\n    return list(range(50))\n"),
        "stub": StartTexts("def start(seed):\n    return [0, 1]\n"),
        "parametric": StartTexts(
            SIMPLEX.format(
                numbers="PLACES = 3.0\nTOTAL = 2.0\nBOUND = 2.0\nBASE = 9.0\n",
                base="max(2, round(BASE))",
                bound="max(1, round(BOUND))",
                total="TOTAL",
                places="min(max(1, round(PLACES)), 6)",
            )
        ),
        "working": StartTexts(SIMPLEX.format(numbers="", base=5, bound=2, places=4, total=3), IMPROVE),
    }
    metric = Metric(
        name="1 + log(|U - U| / |U + U|) / log(2 max(U) + 1)",
        low=0,
        high=4 / 3,
        floor=1,
        reference=1.14465,
        solved=None,
        sources={
            "floor": "an interval, which has as many sums as differences",
            "reference": "Gyarmati, Hennecart and Ruzsa 2007",
            "record": "Zheng (arXiv 2506.01896), in the limit of large sets",
        },
        published={
            "AlphaEvolve (arXiv 2506.13131), 54,265 numbers": 1.1584172816,
            "Gerbicz (arXiv 2505.16105), more than 10^43546 elements": 1.17305,
            "Zheng (arXiv 2506.01896), in the limit": 1.173077,
        },
        record=1.173077,
    )

    def verify(self, solution: Any) -> Verdict:
        """
        >>> SumsAndDifferences().verify([0, 1, 2]).value
        Fraction(1, 1)
        """
        numbers = read_integers(solution, "number", most=MOST, limit=LARGEST)
        if len(set(numbers)) < len(numbers):
            twice = next(x for i, x in enumerate(numbers) if x in numbers[:i])
            raise Refused(f"{twice} is there twice")
        if 0 not in numbers or len(numbers) == 1:
            raise Refused("0 must be among the numbers, and another one")
        largest = max(numbers)
        x = np.array(sorted(numbers), np.int64)
        differences, sums = _count(x, largest - x, largest), _count(x, x, largest)
        value, exact = Fraction(1), differences == sums
        if not exact:
            value = 1 + Fraction(log(differences / sums) / log(2 * largest + 1)) - PRECISION
        note = f"{differences:,} differences and {sums:,} sums of {len(numbers):,} numbers up to {largest:,}"
        return Verdict(value, exact=exact, note=note)

    def draw(self, axes: Axes, solution: Any) -> None:
        x = np.sort(np.array(solution, float))
        axes.vlines(x, 0, 1, color="#1f4e79", linewidth=0.8)
        axes.set_yticks([])
        axes.set_xlabel("the numbers")


def _count(x: NDArray[np.int64], y: NDArray[np.int64], largest: int) -> int:
    """How many different sums there are of one of ``x`` and one of ``y``, all from 0 to 2 * largest."""
    if 2 * largest < TABLE:
        seen = np.zeros(2 * largest + 1, np.bool_)
        for each in y:
            seen[x + each] = True
        return int(np.count_nonzero(seen))
    parts = [np.unique(x[:, None] + y[i : i + 64]) for i in range(0, len(y), 64)]
    return len(np.unique(np.concatenate(parts)))
