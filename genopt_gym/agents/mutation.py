"""Blind edits of source text: numbers moved, comparisons turned."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from genopt_gym.core.literals import (
    OPPOSITES,
    ComparisonOperator,
    find_comparisons,
    find_literals,
    replace_comparison,
    replace_literals,
)


def mutate(texts: Mapping[str, str], rng: np.random.Generator) -> dict[str, str]:
    """Texts with one to three numbers moved or, one time in ten, one comparison turned.

    A number moves in proportion to its size or by a step of its own, so that zeros can leave zero.
    Returns only what changed: nothing if no text holds a number or a comparison.
    """
    numbers = [(name, i) for name, text in texts.items() for i in range(_count(text))]
    comparisons = [(name, c) for name, text in texts.items() for c in _comparisons(text)]
    if comparisons and (not numbers or rng.random() < 0.1):
        name, comparison = comparisons[rng.integers(len(comparisons))]
        return {name: replace_comparison(texts[name], comparison, OPPOSITES[comparison.operator])}
    chosen = rng.permutation(len(numbers))[: rng.integers(1, 4)]
    edit = dict(texts)
    for name, i in (numbers[k] for k in chosen):
        values = [float(literal.value) for literal in find_literals(edit[name])]
        values[i] = _moved(values[i], rng)
        edit[name] = replace_literals(edit[name], values)
    return {name: text for name, text in edit.items() if text != texts[name]}


def _moved(value: float, rng: np.random.Generator) -> float:
    size = abs(value) if rng.random() < 0.7 else 4.0
    return float(f"{value + rng.normal() * max(size, 0.1):.4g}")


def _count(text: str) -> int:
    try:
        return len(find_literals(text))
    except SyntaxError:
        return 0


def _comparisons(text: str) -> list[ComparisonOperator]:
    try:
        return find_comparisons(text)
    except SyntaxError:
        return []
