"""The numbers and comparisons of a Python text: found, and rewritten where they stand.

An optimizer that moves numbers or flips an operator works on these. Only the literal itself changes: comments
and layout stay, character for character.
"""

from __future__ import annotations

import ast
import math
import re
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from genopt_gym.core.parsing import only_syntax_errors, parse_python, split_lines

COMPARISON_OPERATORS = ("<", "<=", ">", ">=", "==", "!=")
OPPOSITES = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "!=", "!=": "=="}
"""What a comparison is turned into."""

_LARGEST_INT = 2**53 - 1  # beyond it, a float no longer holds every int
_TEMPLATES = (ast.JoinedStr, getattr(ast, "TemplateStr", ast.JoinedStr))
_SIGN = re.compile(r"[+-][ \t\f]*")
_MERGING = re.compile(r"\w\w|\d\.|[+-]-")  # neighbours that would read as one token, or as "--"


@dataclass(frozen=True)
class Literal:
    """A number at ``source[start:end]``, with its own sign: all of ``-3``, but only the ``3`` of ``-3 ** 2``.

    The brackets say what a new value needs: ``3 ** 2`` must become ``(-5) ** 2``, and ``--3`` must become
    ``-(5)``, lest the literal be -5 from then on.
    """

    start: int
    end: int
    value: int | float
    bracket_negative: bool = field(default=False, repr=False)
    bracket_positive: bool = field(default=False, repr=False)


@dataclass(frozen=True)
class ComparisonOperator:
    """A comparison operator at ``source[start:end]``."""

    start: int
    end: int
    operator: str


def find_literals(source: str) -> list[Literal]:
    """Find the int and float literals of a Python text, in the order of the text.

    Left out are numbers inside f-strings, bools, complex and infinite numbers, and ints from 2**53 on.
    Raises SyntaxError if the text is not Python.

    >>> [literal.value for literal in find_literals("x = -3 if fast else 0.5  # 7")]
    [-3, 0.5]
    """
    tree = parse_python(source)
    position = _Positions(source)
    literals: list[Literal] = []
    nodes: list[tuple[ast.AST, ast.AST]] = [(tree, tree)]
    while nodes:
        node, parent = nodes.pop()
        number = _number(node)
        sign = ""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            sign = source[position.start(node) : position.start(node.operand)]
            if _SIGN.fullmatch(sign):
                number = _number(node.operand)
        if number is not None:
            literals.append(
                Literal(
                    position.start(node),
                    position.end(node),
                    -number if sign.startswith("-") else number,
                    bracket_negative=_binds_tighter_than_a_sign(parent, node, position),
                    bracket_positive=_is_bare_operand_of_a_sign(parent, node, source, position),
                )
            )
        elif not isinstance(node, _TEMPLATES):  # Python 3.11 misplaces what is inside an f-string
            nodes.extend((child, node) for child in ast.iter_child_nodes(node))
    return sorted(literals, key=lambda literal: literal.start)


def replace_literals(source: str, values: Sequence[float]) -> str:
    """Write a new value into each literal that ``find_literals`` finds.

    Ints stay ints (the value is rounded, and held below 2**53), floats stay floats, and a number that keeps
    its value keeps its spelling. Raises ValueError for a wrong count of values, and for NaN and infinities.

    >>> replace_literals("x = 0x1F * -2.5**y  # 7", [31, -1])
    'x = 0x1F * -(-1.0)**y  # 7'
    """
    literals = find_literals(source)
    if len(values) != len(literals):
        raise ValueError(f"The text has {len(literals)} numbers, but {len(values)} values were given.")
    pieces: list[str] = []
    kept_until = 0
    for literal, value in zip(literals, values, strict=True):
        pieces += source[kept_until : literal.start], _rewritten(source, literal, value)
        kept_until = literal.end
    return "".join(pieces) + source[kept_until:]


def find_comparisons(source: str) -> list[ComparisonOperator]:
    """Find the comparison operators of a Python text (``< <= > >= == !=``), in the order of the text.

    Those inside f-strings are left out. Raises SyntaxError if the text is not Python.

    >>> [comparison.operator for comparison in find_comparisons("a < b != c  # >=")]
    ['<', '!=']
    """
    parse_python(source)
    lines = split_lines(source)
    line_starts = [0, *accumulate(map(len, lines))]
    comparisons: list[ComparisonOperator] = []
    template_depth = 0
    with only_syntax_errors():
        # The tokenizer of Python 3.11 knows no lone "\r", so every line gets the ending that it knows.
        readline = (line.rstrip("\r\n") + "\n" for line in lines).__next__
        for token in tokenize.generate_tokens(readline):
            kind = tokenize.tok_name[token.type]  # from 3.12 on, f-strings come in tokens
            template_depth += kind.endswith("STRING_START") - kind.endswith("STRING_END")
            if token.string in COMPARISON_OPERATORS and token.type == tokenize.OP and not template_depth:
                start = line_starts[token.start[0] - 1] + token.start[1]
                comparisons.append(ComparisonOperator(start, start + len(token.string), token.string))
    return comparisons


def replace_comparison(source: str, comparison: ComparisonOperator, operator: str) -> str:
    """Put another comparison operator in the place of one that ``find_comparisons`` found.

    >>> source = "if x<3: pass"
    >>> replace_comparison(source, find_comparisons(source)[0], ">=")
    'if x>=3: pass'
    """
    if operator not in COMPARISON_OPERATORS:
        raise ValueError(f"{operator!r} is none of the operators {' '.join(COMPARISON_OPERATORS)}.")
    if source[comparison.start : comparison.end] != comparison.operator:
        raise ValueError(f"The text has no {comparison.operator!r} at position {comparison.start}.")
    return source[: comparison.start] + operator + source[comparison.end :]


class _Positions:
    """Translates the positions of ``ast`` (lines, and columns in UTF-8 bytes) into character offsets."""

    def __init__(self, source: str) -> None:
        self._line_starts = [0, *accumulate(len(line.encode()) for line in split_lines(source))]
        self._characters: Sequence[int] = range(len(source) + 1)
        if not source.isascii():
            self._characters = [i for i, character in enumerate(source) for _ in character.encode()]
            self._characters.append(len(source))

    def start(self, node: ast.AST) -> int:
        return self._offset(getattr(node, "lineno", 1), getattr(node, "col_offset", 0))

    def end(self, node: ast.AST) -> int:
        return self._offset(getattr(node, "end_lineno", 1), getattr(node, "end_col_offset", 0))

    def _offset(self, line: int, column: int) -> int:
        return self._characters[self._line_starts[line - 1] + column]


def _number(node: ast.AST) -> int | float | None:
    value = node.value if isinstance(node, ast.Constant) else None
    if type(value) is float and math.isfinite(value):
        return value
    if type(value) is int and value <= _LARGEST_INT:  # bool is a subclass, hence no isinstance
        return value
    return None


def _binds_tighter_than_a_sign(parent: ast.AST, node: ast.AST, position: _Positions) -> bool:
    """Whether a sign before ``node`` would be read as one before ``parent``, for want of brackets."""
    if isinstance(parent, ast.Await):
        return position.end(parent) == position.end(node)
    is_power = isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Pow)
    is_primary = is_power or isinstance(parent, ast.Attribute | ast.Subscript | ast.Call)
    return is_primary and position.start(parent) == position.start(node)


def _is_bare_operand_of_a_sign(parent: ast.AST, node: ast.AST, source: str, position: _Positions) -> bool:
    if not (isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.USub | ast.UAdd)):
        return False
    return _SIGN.fullmatch(source, position.start(parent), position.start(node)) is not None


def _rewritten(source: str, literal: Literal, value: float) -> str:
    new = _as_number_like(literal.value, value)
    if repr(new) == repr(literal.value):
        return source[literal.start : literal.end]
    text = repr(new)
    if literal.bracket_negative if text.startswith("-") else literal.bracket_positive:
        text = f"({text})"
    before, after = source[literal.start - 1 : literal.start], source[literal.end : literal.end + 1]
    if _MERGING.match(before + text[0]):
        text = " " + text
    if _MERGING.match(text[-1] + after):
        text += " "
    return text


def _as_number_like(old: float, value: float) -> int | float:
    try:
        new = float(value)
    except OverflowError:
        new = math.inf
    if not math.isfinite(new):
        raise ValueError(f"{new} cannot be written as a number of a Python text.")
    return new if isinstance(old, float) else max(-_LARGEST_INT, min(_LARGEST_INT, round(new)))
