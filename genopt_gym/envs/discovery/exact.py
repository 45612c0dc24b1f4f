"""Numbers as they are: doubles read as the fractions they stand for, and arithmetic on these that loses nothing.

A double is a whole number over a power of two. What a solution holds is therefore read once as whole numbers over one
common power of two (``Dyadic``); Python's integers do the rest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

ROUNDING = Fraction(1, 2**44)
"""A constraint that is missed by no more than this, in proportion, was missed by rounding (about 5.7e-14)."""
TICK = Fraction(1, 2**53)
"""A shrink is a whole number of these."""
SMALLEST = 2.0**-1022
"""Below it doubles lose digits; such a number is an accident."""


class Refused(ValueError):
    """Why an object is no solution, in one sentence.

    Attributes:
        amount: by how much it misses, where that can be measured; else 0.
    """

    def __init__(self, message: str, amount: float = 0.0) -> None:
        super().__init__(message)
        self.amount = amount


class Dyadic(NamedTuple):
    """Rows of numbers over one power of two: the value of an entry is ``rows[i][j] / 2**bits``."""

    rows: list[list[int]]
    bits: int

    @property
    def one(self) -> int:
        """The number 1 in these units."""
        return 1 << self.bits


def read_rows(
    solution: Any, count: int | None, names: Sequence[str], what: str, *, most: int = 0, limit: float = 1e6
) -> Dyadic:
    """The rows of a solution as exact numbers.

    Args:
        solution: what an artifact returned: lists (or tuples, or an array) of numbers.
        count: how many rows there must be; ``None`` for any number from 1 to ``most``.
        names: of the numbers in a row, as they are called in messages.
        what: what a row describes, as in ``circle``.
        most: the largest number of rows, where ``count`` is ``None``.
        limit: the largest size of a number.

    Raises:
        Refused: a wrong type, shape or number; the message names the first.

    >>> read_rows([[0.5, 1]], 1, ("x", "y"), "point")
    Dyadic(rows=[[1, 2]], bits=1)
    """
    rows = _as_list(solution, f"a list of {count or 'some'} rows [{', '.join(names)}]")
    _check_length(rows, count, most, what)
    ratios = []
    for i, row in enumerate(rows):
        numbers = _as_list(row, f"[{', '.join(names)}]", f"{what} {i}")
        if len(numbers) != len(names):
            raise Refused(f"{what} {i} has {_times(len(numbers), 'number')}, but should be [{', '.join(names)}]")
        ratios.append([_ratio(x, f"{what} {i}", name, limit) for x, name in zip(numbers, names, strict=True)])
    return _over_one_power(ratios)


def read_list(
    solution: Any, what: str, *, count: int | None = None, most: int = 0, limit: float = 1e6
) -> tuple[list[int], int]:
    """A plain list of numbers as whole numbers over ``2**bits``, and ``bits``; as ``read_rows``.

    >>> read_list([0.5, 1, 0.75], "height", most=10)
    ([2, 4, 3], 2)
    """
    numbers = _as_list(solution, f"a list of {what}s")
    _check_length(numbers, count, most, what)
    dyadic = _over_one_power([[_ratio(x, f"{what} {i}", "it", limit) for i, x in enumerate(numbers)]])
    return dyadic.rows[0], dyadic.bits


def read_integers(solution: Any, what: str, *, most: int, limit: int) -> list[int]:
    """A list of whole numbers from 0 to ``limit``; ``Refused`` for anything else, 2.0 among it."""
    numbers = _as_list(solution, f"a list of {what}s")
    _check_length(numbers, None, most, what)
    for i, x in enumerate(numbers):
        if type(x) is not int:
            raise Refused(f"{what} {i} is {_shown(x)}, which is no whole number (int)")
        if not 0 <= x <= limit:
            raise Refused(f"{what} {i} is {_shown(x)}, which is not from 0 to {limit:,}")
    return numbers


def _as_list(value: Any, wanted: str, place: str = "the solution") -> list[Any]:
    if hasattr(value, "tolist"):  # a NumPy array, where somebody verifies one in this process
        value = value.tolist()
    if type(value) is tuple:
        value = list(value)
    if type(value) is not list:
        raise Refused(f"{place} is {_shown(value)}, but should be {wanted}")
    return value


def _check_length(rows: list[Any], count: int | None, most: int, what: str) -> None:
    if count is not None and len(rows) != count:
        raise Refused(f"there are {_times(len(rows), what)}, but a solution has {count}")
    if count is None and not 1 <= len(rows) <= most:
        raise Refused(f"there are {_times(len(rows), what)}, but a solution has 1 to {most:,}")


def _ratio(x: Any, place: str, name: str, limit: float) -> tuple[int, int]:
    if hasattr(x, "item") and type(x).__module__ == "numpy":
        x = x.item()
    told = f"{place} is" if name == "it" else f"{place} has {name} ="
    if type(x) is int:
        if abs(x) > limit:
            raise Refused(f"{told} {_shown(x)}; no number may be larger than {limit:g}")
        return x, 1
    if type(x) is not float:
        raise Refused(f"{told} {_shown(x)}, which is no real number")
    if not math.isfinite(x):
        raise Refused(f"{told} {x}, which is not finite")
    if x and abs(x) < SMALLEST:
        raise Refused(f"{told} {x!r}, a subnormal number: write 0, or a larger one")
    if abs(x) > limit:
        raise Refused(f"{told} {x!r}; no number may be larger than {limit:g}")
    return x.as_integer_ratio()


def _over_one_power(ratios: list[list[tuple[int, int]]]) -> Dyadic:
    bits = max((d.bit_length() - 1 for row in ratios for _, d in row), default=0)
    return Dyadic([[n << (bits + 1 - d.bit_length()) for n, d in row] for row in ratios], bits)


def _times(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _shown(value: Any) -> str:
    """A value in few words; what may be nested deeply is not printed."""
    if value is None or isinstance(value, bool | str | float | complex):
        return repr(value)[:60]
    if isinstance(value, int):
        return str(value) if value.bit_length() < 200 else f"a whole number of {value.bit_length():,} bits"
    return f"of type {type(value).__name__}"


# --- from exact numbers to scores


def rounded(value: Fraction, sign: int) -> float:
    """The double nearest to an exact value among those that are not better than it.

    Args:
        value: the exact score.
        sign: 1 if more is better, -1 if less is.

    >>> rounded(Fraction(1, 3), 1) < Fraction(1, 3) < rounded(Fraction(1, 3), -1)
    True
    >>> rounded(Fraction(1, 2), 1)
    0.5
    """
    nearest = float(value)
    if sign * Fraction(nearest) > sign * value:
        nearest = math.nextafter(nearest, -sign * math.inf)
    return nearest


def root_difference(square: Fraction, other: Fraction) -> float:
    """``sqrt(square) - sqrt(other)``, right even where the two are nearly the same; for messages."""
    roots = math.sqrt(square) + math.sqrt(other)
    return float(square - other) / roots if roots else 0.0


def amount(value: Fraction | float) -> str:
    """How much something misses by, in a message."""
    return f"{float(value):.3g}"


def convolve(a: Sequence[int], b: Sequence[int]) -> list[int]:
    """The convolution of two sequences of whole numbers, exactly.

    All products are taken by one multiplication of two very large integers, each entry in a slot of its own that is
    wide enough for every sum (Kronecker substitution).

    >>> convolve([1, -2], [3, 4])
    [3, -2, -8]
    """
    widest = max(x.bit_length() for x in a) + max(x.bit_length() for x in b)
    slot = -(-(widest + min(len(a), len(b)).bit_length() + 2) // 8)
    left = _pack(a, slot)
    product = left * (left if a is b else _pack(b, slot))
    length = len(a) + len(b) - 1
    half = 1 << (8 * slot - 1)
    # With half a slot added to each, no entry is negative and none borrows from the next.
    offset = half * ((1 << (8 * slot * length)) - 1) // ((1 << (8 * slot)) - 1)
    data = (product + offset).to_bytes(slot * length, "little")
    return [int.from_bytes(data[i : i + slot], "little") - half for i in range(0, slot * length, slot)]


def _pack(numbers: Sequence[int], slot: int) -> int:
    positive = b"".join(max(x, 0).to_bytes(slot, "little") for x in numbers)
    negative = b"".join(max(-x, 0).to_bytes(slot, "little") for x in numbers)
    return int.from_bytes(positive, "little") - int.from_bytes(negative, "little")
