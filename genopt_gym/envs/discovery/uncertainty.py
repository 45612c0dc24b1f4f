"""An uncertainty inequality: functions that, like their Fourier transforms, are negative only near the origin.

For an even f let A(f) be the least r with f(x) >= 0 for all |x| >= r, and C4 the largest constant with A(f) A(f^)
>= C4 for all f with f(0), f^(0) <= 0. A solution is the coefficients c0, c1, ... of f(x) = P(sqrt(2 pi) x) exp(-pi
x^2), where P is c0 H0 + c1 H4 + c2 H8 + ... in the physicists' Hermite polynomials, and one more, whose coefficient
is the one that gives P(0) = 0. Each term is its own Fourier transform, so that A(f) A(f^) = A(f)^2 is an upper
bound on C4. It is r / (2 pi), where r is the last place at which P(sqrt(u)) / u changes its sign: a root of a
polynomial whose coefficients are fractions. It is isolated with a Sturm chain and enclosed to 70 binary digits; the
score is the upper end, over a lower bound on 2 pi.

Sources: from above 0.353 (Goncalves, Oliveira e Silva and Ramos 2017), AlphaEvolve 0.3521 (arXiv 2506.13131);
agents on EinsteinArena report 0.328 and less (2026), some of it an artefact of their verifier's rounding, so that
it is not the record here. From below 0.2025 (Goncalves et al.).
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import gcd
from typing import TYPE_CHECKING, Any

from genopt_gym.core.task import Metric
from genopt_gym.envs.discovery.exact import Refused, read_list
from genopt_gym.envs.discovery.problem import DiscoveryTask, StartTexts, Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 12
"""Coefficients of a solution: with more, an exact Sturm chain takes seconds."""
PI_BELOW = Fraction(31415926535897932384626433832795028841971, 10**40)
WORST = 2.0
FAR, NEAR = Fraction(13), Fraction(1, 1024)
"""Where roots are looked for: from 13 on the score is the worst; below 1/1024 it would contradict the lower bound."""
DIGITS = 70
"""Binary digits to which the root is enclosed."""

Polynomial = list[int]
"""Coefficients from the constant one up; the last is not 0."""

IMPROVE = '''\
def bound(coefficients):
    """The last sign change over 2 pi, in floating point: good enough to search by."""
    import numpy as np
    from numpy.polynomial import hermite

    series = np.zeros(4 * len(coefficients) + 1)
    series[: 4 * len(coefficients) : 4] = coefficients
    last = np.zeros_like(series)
    last[-1] = 1.0
    series[-1] = -hermite.hermval(0, series) / hermite.hermval(0, last)
    powers = hermite.herm2poly(series)[2::2]
    roots = np.roots(powers[::-1])
    real = roots[(abs(roots.imag) < 1e-9) & (roots.real > 0)].real
    return max(real, default=1e9) / (2 * np.pi)


def improve(solution, step):
    """Change all coefficients a little, in proportion; keep what does not lose."""
    import numpy as np

    rng = np.random.default_rng(step)
    best = np.array(solution, float)
    value = bound(best)
    for _ in range(40):
        tried = best * (1 + rng.normal(0, 0.3 / (1 + step), len(best)))
        if (found := bound(tried)) <= value:
            best, value = tried, found
    return best.tolist()
'''
PARAMETRIC = '''\
WEIGHTS = (-1.0, 0.6, 0.7)


def start(seed):
    """Weights of Hermite functions of the same norm: the coefficient of H4k is one over sqrt(16^k (4k)!)."""
    import math

    degrees = range(len(WEIGHTS))
    return [weight / math.sqrt(16**k * math.factorial(4 * k)) for k, weight in zip(degrees, WEIGHTS)]
'''


class UncertaintyInequality(DiscoveryTask):
    """Find a combination of Hermite functions that is negative only near the origin: an upper bound on C4."""

    goal = """\
Find f(x) = P(sqrt(2 pi) x) exp(-pi x^2) with P(0) = 0 that is negative only near 0, where P is a combination of the
Hermite polynomials H0, H4, H8, ...: f is its own Fourier transform, and the place of its last sign change, squared, is
an upper bound on a constant of an uncertainty inequality. Make it small."""
    solution = f"""\
a list of 1 to {MOST} coefficients c0, c1, ..., not all 0: P is c0 H0 + c1 H4 + c2 H8 + ... (physicists' Hermite
polynomials) and one more, whose coefficient is chosen so that P(0) = 0; P's sign is chosen so that it is positive far
out. The score is the square of the last place where P changes its sign, over 2 pi; from {WORST:g} on, it counts as
{WORST:g}."""
    starts_by_name = {  # noqa: RUF012
        "naive": StartTexts("def start(seed):\n    return [1.0]\n"),
        "stub": StartTexts("def start(seed):\n    return [1.0, 0.0]\n"),
        "parametric": StartTexts(PARAMETRIC),
        "working": StartTexts("def start(seed):\n    return [-1.0, 0.04, 0.0002]\n", IMPROVE),
    }
    metric = Metric(
        name="upper bound on C4, the square of the last sign change",
        low=WORST,
        high=0.2025,
        floor=0.4774649,
        reference=0.3522956,
        solved=None,
        direction="minimize",
        sources={
            "floor": "the only combination of two terms: 3 / (2 pi)",
            "reference": "Goncalves, Oliveira e Silva and Ramos 2017: coefficients -113/100, 1/25, 1/3240",
            "record": "AlphaEvolve (arXiv 2506.13131), with the digits of its coefficients",
        },
        published={"AlphaEvolve (arXiv 2506.13131)": 0.3521},
        record=0.352099104422527,
    )

    def verify(self, solution: Any) -> Verdict:
        """
        >>> verdict = UncertaintyInequality().verify([1.0])  # H4(x) - 12 = 16 x^2 (x^2 - 3): the root is 3
        >>> float(verdict.value * 2 * PI_BELOW)
        3.0
        """
        coefficients, _ = read_list(solution, "coefficient", most=MOST)
        if not any(coefficients):
            raise Refused("all coefficients are 0")
        low, high = last_sign_change(combination(coefficients))
        note = "an upper bound, good to 21 digits" if low != high else ""
        return Verdict(high / (2 * PI_BELOW), exact=False, note=note)

    def draw(self, axes: Axes, solution: Any) -> None:
        import numpy as np

        polynomial = combination(read_list(solution, "coefficient", most=MOST)[0])
        end = float(last_sign_change(polynomial)[1])
        u = np.linspace(0, 2 * end + 1, 800)
        values = np.polyval([float(Fraction(c, abs(polynomial[-1]))) for c in polynomial[::-1]], u) * u * np.exp(-u / 2)
        x = np.sqrt(u / (2 * np.pi))
        axes.plot(x, values / np.abs(values).max(), color="#1f4e79")
        axes.axhline(0, color="black", linewidth=0.8)
        axes.axvline(np.sqrt(end / (2 * np.pi)), color="#c2410c", linestyle="--")
        axes.set_xlabel("x; the dashed line is the last sign change")


def hermite_in_square(degree: int) -> Polynomial:
    """H_degree, for an even degree, as a polynomial in u = x^2.

    >>> hermite_in_square(4)
    [12, -48, 16]
    """
    before, now = [1], [0, 2]
    for k in range(1, degree):
        following = [0, *(2 * c for c in now)]
        for power, c in enumerate(before):
            following[power] -= 2 * k * c
        before, now = now, following
    return (now if degree else before)[::2]


def combination(coefficients: list[int]) -> Polynomial:
    """P(sqrt(u)) / u, times a positive number, with the last coefficient chosen, and positive far out.

    Raises:
        Refused: nothing is left of P.
    """
    terms = [hermite_in_square(4 * k) for k in range(len(coefficients) + 1)]
    at_zero = sum(c * term[0] for c, term in zip(coefficients, terms, strict=False))
    scaled = [c * terms[-1][0] for c in coefficients] + [-at_zero]
    total = [0] * len(terms[-1])
    for c, term in zip(scaled, terms, strict=True):
        for power, entry in enumerate(term):
            total[power] += c * entry
    polynomial = _primitive(total[1:])
    if not polynomial:
        raise Refused("the combination is 0 everywhere")
    return polynomial if polynomial[-1] > 0 else [-c for c in polynomial]


def last_sign_change(polynomial: Polynomial) -> tuple[Fraction, Fraction]:
    """An interval that holds the largest positive root at which the polynomial changes its sign.

    Both ends are 0 if there is none, so that it is never negative. A root above ``FAR`` is not looked for: the interval
    is then from there to infinity, as it were, of which the score knows no more than that it is the worst.
    """
    chain = _sturm_chain(polynomial)
    infinity = [1 if each[-1] > 0 else -1 for each in chain]
    at_far = _signs(chain, FAR)
    if _changes(at_far) > _changes(infinity) and (len(chain[-1]) == 1 or at_far[0] < 0):
        return FAR, FAR
    high = FAR
    while _roots_between(chain, Fraction(0), high):
        low, right = Fraction(0), high
        while _roots_between(chain, low, right) > 1 or (low == 0 and right > NEAR) or _sign(polynomial, low) == 0:
            middle = (low + right) / 2
            if _roots_between(chain, middle, right):
                low = middle
            else:
                right = middle
            if low == 0 and right <= NEAR:
                break
        if _sign(polynomial, low) != _sign(polynomial, right):
            return _enclosed(polynomial, low, right)
        high = low  # a double root: it changes no sign
    return Fraction(0), Fraction(0)


def _enclosed(polynomial: Polynomial, low: Fraction, high: Fraction) -> tuple[Fraction, Fraction]:
    """The interval, halved until it is narrow for its size."""
    sign = _sign(polynomial, high)
    while (high - low) * 2**DIGITS > high:
        middle = (low + high) / 2
        found = _sign(polynomial, middle)
        if found == 0:
            return middle, middle
        low, high = (low, middle) if found == sign else (middle, high)
    return low, high


def _sign(polynomial: Polynomial, x: Fraction) -> int:
    """The sign of a value, by whole numbers."""
    numerator, denominator = x.numerator, x.denominator
    value, power = 0, 1
    for c in reversed(polynomial):
        value = value * numerator + c * power
        power *= denominator
    return (value > 0) - (value < 0)


def _sturm_chain(polynomial: Polynomial) -> list[Polynomial]:
    chain = [polynomial, _primitive([k * c for k, c in enumerate(polynomial)][1:])]
    while chain[-1]:
        chain.append(_primitive([-c for c in _remainder(chain[-2], chain[-1])]))
    return chain[:-1]


def _remainder(a: Polynomial, b: Polynomial) -> Polynomial:
    """The remainder of a by b, times a positive number."""
    rest, lead = list(a), b[-1]
    while len(rest) >= len(b):
        factor, shift = rest[-1], len(rest) - len(b)
        rest = [abs(lead) * c for c in rest]
        sign = 1 if lead > 0 else -1
        for k, c in enumerate(b):
            rest[shift + k] -= sign * factor * c
        rest.pop()
    return rest


def _primitive(polynomial: Polynomial) -> Polynomial:
    """Divided by the common divisor of its coefficients, and without leading zeros."""
    common = gcd(*polynomial) or 1
    divided = [c // common for c in polynomial]
    while divided and divided[-1] == 0:
        divided.pop()
    return divided


def _roots_between(chain: list[Polynomial], low: Fraction, high: Fraction) -> int:
    """How many different roots there are above ``low``, up to ``high``, by Sturm's theorem."""
    return _changes(_signs(chain, low)) - _changes(_signs(chain, high))


def _signs(chain: list[Polynomial], x: Fraction) -> list[int]:
    return [_sign(polynomial, x) for polynomial in chain]


def _changes(signs: list[int]) -> int:
    told = [sign for sign in signs if sign]
    return sum(a != b for a, b in pairwise(told))
