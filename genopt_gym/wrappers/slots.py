"""Slots: the places of a starting artifact's texts where a number or a comparison stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from genopt_gym.core.literals import OPPOSITES, find_comparisons, find_literals, replace_comparison, replace_literals

Texts = Mapping[str, str]

LARGEST = 1e300
"""Size at which a number that grows and grows stays, lest it become infinite."""


class Slots:
    """The numbers of some texts and, if asked for, their comparisons; fixed from then on.

    Args:
        texts: component to text, as in the starting artifact; one that is not Python has no slots.
        comparisons: whether comparisons are slots too.

    Attributes:
        numbers: component to the values that its numbers start from.
        operators: component to the operators that its comparisons start from.
        unit: of each number, in the order of the texts: its own size at the start, or 1 if that is more.
        whole: which numbers are ints.

    >>> slots = Slots({"act": "def act(x): return 2.5 * x > -1"})
    >>> slots.unit, slots.whole
    (array([2.5, 1. ]), array([False,  True]))
    """

    def __init__(self, texts: Texts, comparisons: bool = False) -> None:
        self.numbers = {name: _numbers(text) for name, text in texts.items()}
        self.operators = {name: _operators(text) if comparisons else [] for name, text in texts.items()}
        start = [value for values in self.numbers.values() for value in values]
        self.unit = np.maximum(np.abs(np.array(start, np.float64)), 1.0)
        self.whole = np.array([isinstance(value, int) for value in start], np.bool_)

    def check(self, texts: Texts) -> None:
        """Raises ValueError if a text has other slots than the one at the start."""
        for name, start in self.numbers.items():
            operators = self.operators[name]
            found = len(_numbers(texts[name])), len(_operators(texts[name])) if operators else 0
            if found != (len(start), len(operators)):
                raise ValueError(
                    f"the slots are those of the starting artifact, where {name} has {len(start)} numbers and "
                    f"{len(operators)} comparisons to move; this text of it has {found[0]} and {found[1]}"
                )

    def values(self, texts: Texts) -> NDArray[np.float64]:
        """The numbers of texts that have these slots, in one vector."""
        return np.array([value for name in self.numbers for value in _numbers(texts[name])], np.float64)

    def with_values(self, texts: Texts, values: NDArray[np.float64]) -> dict[str, str]:
        """The texts with these numbers, the inverse of ``values``; a number that changes gets six digits."""
        new = iter(np.clip(values, -LARGEST, LARGEST).tolist())
        return {
            name: replace_literals(texts[name], [_kept_or_short(old, next(new)) for old in _numbers(texts[name])])
            for name in self.numbers
        }

    def directions(self, texts: Texts) -> NDArray[np.float64]:
        """1 for each comparison that is ``<``, ``<=`` or ``==``, and -1 for each that is the opposite."""
        operators = [
            operator for name, start in self.operators.items() if start for operator in _operators(texts[name])
        ]
        return np.array([1.0 if operator in ("<", "<=", "==") else -1.0 for operator in operators])


def turned(text: str, index: int) -> str:
    """The text with its comparison number ``index`` turned into the opposite.

    >>> turned("a < b >= c", 1)
    'a < b <= c'
    """
    comparison = find_comparisons(text)[index]
    return replace_comparison(text, comparison, OPPOSITES[comparison.operator])


def _kept_or_short(old: float, new: float) -> float:
    return old if new == old else float(f"{new:.6g}")


def _numbers(text: str) -> Sequence[int | float]:
    try:
        return [literal.value for literal in find_literals(text)]
    except SyntaxError:
        return []


def _operators(text: str) -> Sequence[str]:
    try:
        return [comparison.operator for comparison in find_comparisons(text)]
    except SyntaxError:
        return []
