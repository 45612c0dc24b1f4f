"""Numbers that people pass: checked in one place, refused in one sentence."""

from __future__ import annotations

import sys

from genopt_gym.core.errors import ParameterError

_LARGEST = sys.float_info.max
"""Of finite numbers; no NaN is below it."""


def whole_number(
    name: str, value: object, minimum: int | None = None, maximum: int | None = None, *, parameter: str = ""
) -> int:
    """The value, if it is a whole number between the bounds, which are allowed themselves; ``True`` is none.

    Args:
        name: what the number is called; the message begins with it.
        value: what was passed.
        minimum: the least that is allowed; ``None`` for no bound.
        maximum: the most that is allowed; ``None`` for no bound.
        parameter: that it is or belongs to, where that is not its name.

    Raises:
        ParameterError: it is something else; the message says what is allowed.

    >>> whole_number("batch_size", True, 1)
    Traceback (most recent call last):
    genopt_gym.core.errors.ParameterError: batch_size must be a whole number from 1, got True
    """
    if isinstance(value, int) and not isinstance(value, bool) and _within(value, minimum, maximum):
        return value
    raise ParameterError(f"{name} must be a whole number{_range(minimum, maximum)}, got {value!r}", parameter or name)


def number(
    name: str,
    value: object,
    minimum: float | None = None,
    maximum: float | None = None,
    *,
    above: float | None = None,
    below: float | None = None,
    parameter: str = "",
) -> float:
    """The value, if it is a finite number between the bounds; neither ``True`` nor NaN is one.

    Args:
        name: what the number is called; the message begins with it.
        value: what was passed.
        minimum: the least that is allowed; ``None`` for no bound.
        maximum: the most that is allowed; ``None`` for no bound.
        above: what it must be above, in place of ``minimum``.
        below: what it must be below, in place of ``maximum``.
        parameter: that it is or belongs to, where that is not its name.

    Raises:
        ParameterError: it is something else; the message says what is allowed.

    >>> number("sticky", 1.0, 0, below=1)
    Traceback (most recent call last):
    genopt_gym.core.errors.ParameterError: sticky must be a number from 0 and below 1, got 1.0
    """
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) <= _LARGEST
        and _within(value, minimum, maximum, above, below)
    ):
        return value
    bounds = _range(minimum, maximum, above, below)
    raise ParameterError(
        f"{name} must be a {'' if bounds else 'finite '}number{bounds}, got {value!r}", parameter or name
    )


def _within(
    value: float,
    minimum: float | None,
    maximum: float | None,
    above: float | None = None,
    below: float | None = None,
) -> bool:
    return (
        (minimum is None or value >= minimum)
        and (maximum is None or value <= maximum)
        and (above is None or value > above)
        and (below is None or value < below)
    )


def _range(minimum: float | None, maximum: float | None, above: float | None = None, below: float | None = None) -> str:
    """The bounds in words: ``from 0 to 1``, ``above 0``, ``from 0 and below 1``."""
    low = f" from {minimum}" if minimum is not None else f" above {above}" if above is not None else ""
    if maximum is not None:
        return f"{low} to {maximum}"
    high = "" if below is None else f"below {below}"
    return low + (f"{' and' if low else ''} {high}" if high else "")
