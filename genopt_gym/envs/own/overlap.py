"""Whether a scoring function draws its examples by the seed, so that the splits share them."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

from genopt_gym.core.parsing import parse_python

DRAWS = frozenset(("choice", "choices", "sample", "randrange", "randint", "integers", "shuffle", "permutation"))
FEW = 10_000
"""Examples of which a thousand seeds, and again some, will hit many twice."""


def overlap_caution(name: str, function: Callable[..., Any]) -> str:
    """The sentence that warns of it; empty if nothing of the kind is seen in the function's own text."""
    try:
        tree = parse_python(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return ""
    arguments = next((node.args.args for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)), [])
    if len(arguments) != 2:
        return ""
    seed = arguments[1].arg
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    values: dict[str, Any] = {name: function.__globals__[name] for name in sorted(names & function.__globals__.keys())}
    examples = {name: len(value) for name, value in values.items() if _are_examples(value)}
    drawn = [each for each in examples if _is_drawn(tree, each, seed)]
    if not drawn:
        return ""
    return (
        f"{name} draws from {drawn[0]} by its seed, so train, validation and test share its {examples[drawn[0]]} "
        f"examples, and test tells nothing of others: pass data={drawn[0]} to wrap, and take the example in place of "
        "the seed"
    )


def _are_examples(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes) and 1 < len(value) < FEW


def _is_drawn(tree: ast.AST, examples: str, seed: str) -> bool:
    """``Random(seed).choice(EXAMPLES)``, ``EXAMPLES[seed % len(EXAMPLES)]`` and the like."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and _names(node.value) == {examples} and seed in _names(node.slice):
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in DRAWS:
            inside = set().union(*map(_names, node.args)) if node.args else set()
            if examples in inside and seed in _names(tree):
                return True
    return False


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
