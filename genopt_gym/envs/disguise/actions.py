"""Actions under a disguise: permuted codes, or numbers in another order, with other signs and scales."""

from __future__ import annotations

import random
from typing import Any, Protocol

import numpy as np
from gymnasium import spaces

from genopt_gym.core.errors import ParameterError
from genopt_gym.envs.actions import Actions

MAX_POWER = 3


class ActionMap(Protocol):
    """What an action is under a disguise.

    ``space`` holds the disguised actions. ``redo`` is the text of a function ``coded(action)`` that gives the disguised
    action for an original one.
    """

    redo: str

    @property
    def space(self) -> spaces.Discrete | spaces.Box: ...

    def original(self, action: Any) -> Any:
        """The action that the simulator knows, for one in ``space``."""


class CodesMap:
    """Whole numbers under a permutation.

    >>> codes = CodesMap(spaces.Discrete(4), random.Random(0))
    >>> sorted(codes.original(code) for code in range(4))
    [0, 1, 2, 3]
    """

    def __init__(self, space: spaces.Discrete, rng: random.Random) -> None:
        self.space = space
        self._first = int(space.start)
        self._originals = rng.sample(range(int(space.n)), int(space.n))
        codes = sorted(range(int(space.n)), key=self._originals.__getitem__)
        table = " ".join(str(code + self._first) for code in codes)
        shift = f" - int('{self._first}')" if self._first else ""
        codes_text = f"CODES = [int(code) for code in '{table}'.split()]"
        self.redo = f"{codes_text}\n\n\ndef coded(action):\n    return CODES[action{shift}]\n"

    def original(self, action: int) -> int:
        return self._originals[action - self._first] + self._first


class NumbersAction:
    """Numbers within bounds, in another order, each with another sign and scale (a power of two: exact).

    >>> numbers = NumbersAction(spaces.Box(-2.0, 2.0, (1,)), random.Random(1))
    >>> scope = {}
    >>> exec(numbers.redo, scope)
    >>> numbers.original(scope["coded"]([0.3]))
    [0.3]
    """

    def __init__(self, space: spaces.Box, rng: random.Random) -> None:
        count = int(np.prod(space.shape))
        self._order = rng.sample(range(count), count)
        self._factors = [rng.choice((-1.0, 1.0)) * 2.0 ** rng.randint(-MAX_POWER, MAX_POWER) for _ in range(count)]
        low, high = space.low.ravel(), space.high.ravel()
        ends = [
            sorted((float(low[place]) * self._factors[place], float(high[place]) * self._factors[place]))
            for place in self._order
        ]
        lows, highs = (np.array(each, space.dtype).reshape(space.shape) for each in zip(*ends, strict=True))
        self.space = spaces.Box(lows, highs, dtype=space.dtype.type)
        items = [f"numbers[int('{place}')] * float('{self._factors[place]}')" for place in self._order]
        body = f"    return [{', '.join(items)}]\n"
        alike = "    numbers = action if isinstance(action, (list, tuple)) else [action]\n"
        self.redo = f"def coded(action):\n{alike}{body}"

    def original(self, action: Any) -> list[float]:
        numbers = action if isinstance(action, list) else [action]
        original = [0.0] * len(self._order)
        for number, place in zip(numbers, self._order, strict=True):
            original[place] = number / self._factors[place]
        return original


def disguised_actions(space: Actions, rng: random.Random) -> ActionMap:
    """The map of a task's actions; ValueError where there is none."""
    if isinstance(space, spaces.Discrete):
        return CodesMap(space, rng)
    if isinstance(space, spaces.Box):
        return NumbersAction(space, rng)
    raise ParameterError(f"disguise: actions of {space} have none", "disguise")
