"""Actions that a policy may return: what they are in words, and whether a result is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium import spaces

Actions = spaces.Discrete | spaces.Box | spaces.MultiDiscrete | spaces.MultiBinary
"""An integer; numbers within bounds; several integers, each within its own; several zeros and ones."""


def action_check(space: Actions) -> Callable[[Any], str | None]:
    """A function that says what an action has to be, if a policy's result is none; the space is of integers, or of
    at most one dimension.

    >>> check = action_check(spaces.Box(-2, 2, (1,)))
    >>> check([0.5]), check(0.5), check(float("nan"))
    (None, None, 'an action is a number from -2 to 2')
    >>> action_check(spaces.MultiDiscrete([2, 3]))([1, 3])
    'an action is a list of 2 integers from 0 to 1, from 0 to 2'
    """
    words = f"an action is {describe_actions(space)}"
    if isinstance(space, spaces.Discrete):
        first, last = int(space.start), int(space.start + space.n - 1)
        return lambda result: None if type(result) is int and first <= result <= last else words
    bounds = action_bounds(space)
    single = isinstance(space, spaces.Box)
    kinds = (int, float) if single else (int,)

    def check(result: Any) -> str | None:
        numbers = result if type(result) is list else [result] if single else []
        if len(numbers) != len(bounds):
            return words
        for number, (low, high) in zip(numbers, bounds, strict=True):
            if type(number) not in kinds or not low <= number <= high:  # NaN is not between them
                return words
        return None

    return check


def describe_actions(space: Actions) -> str:
    """An action in words.

    >>> describe_actions(spaces.Discrete(3)), describe_actions(spaces.Box(0, 1, (4,)))
    ('an integer from 0 to 2', 'a list of 4 numbers from 0 to 1')
    """
    if isinstance(space, spaces.Discrete):
        return f"an integer from {space.start} to {space.start + space.n - 1}"
    bounds = [f"from {low:g} to {high:g}" for low, high in action_bounds(space)]
    if len(bounds) == 1 and isinstance(space, spaces.Box):
        return f"a number {bounds[0]}"
    kind = "number" if isinstance(space, spaces.Box) else "integer"
    ranges = bounds[0] if len(set(bounds)) == 1 else ", ".join(bounds)
    return f"a list of {len(bounds)} {kind}{'s' * (len(bounds) > 1)} {ranges}"


def action_bounds(space: spaces.Box | spaces.MultiDiscrete | spaces.MultiBinary) -> list[tuple[float, float]]:
    """Least and greatest of each number of an action, written as shortly as the space's dtype allows: 0.1 stays 0.1."""
    if isinstance(space, spaces.MultiBinary):
        return [(0, 1)] * int(np.prod(space.shape))
    if isinstance(space, spaces.MultiDiscrete):
        return [(first, first + n - 1) for first, n in zip(space.start.tolist(), space.nvec.tolist(), strict=True)]
    lows, highs = ([float(str(bound)) for bound in bounds.ravel()] for bounds in (space.low, space.high))
    return list(zip(lows, highs, strict=True))


def random_action(space: Actions) -> str:
    """The Python expression, for a text that imports ``random``, that draws an action uniformly.

    >>> random_action(spaces.Discrete(3)), random_action(spaces.Box(-2, 2, (1,)))
    ('random.randrange(0, 3)', '[random.uniform(-2.0, 2.0)]')
    """
    if isinstance(space, spaces.Discrete):
        return f"random.randrange({space.start}, {space.start + space.n})"
    draw = "uniform" if isinstance(space, spaces.Box) else "randint"
    return "[" + ", ".join(f"random.{draw}({low}, {high})" for low, high in action_bounds(space)) + "]"


def idle_action(space: Actions) -> str:
    """The Python expression of the first action, or of every number at its least.

    >>> idle_action(spaces.Discrete(3)), idle_action(spaces.Box(-2, 2, (2,)))
    ('0', '[-2.0, -2.0]')
    """
    if isinstance(space, spaces.Discrete):
        return str(space.start)
    return f"[{', '.join(str(low) for low, _ in action_bounds(space))}]"
