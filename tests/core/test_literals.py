"""Numbers and comparisons of a Python text are found, and rewritten where they stand."""

from __future__ import annotations

import ast
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genopt_gym.core.literals import (
    COMPARISON_OPERATORS,
    ComparisonOperator,
    find_comparisons,
    find_literals,
    replace_comparison,
    replace_literals,
)
from genopt_gym.core.parsing import parse_python


def values_of(source: str) -> list[float]:
    return [literal.value for literal in find_literals(source)]


@pytest.mark.parametrize(
    ("source", "values"),
    [
        ("0x1F, 1_000, 1e5, .5, 5., 0b11", [31, 1000, 100000.0, 0.5, 5.0, 3]),
        ("b if 1 else 2", [1, 2]),
        ("def f(a, b=1, *c, d=2, e: 3 = 4, **g: 5) -> 6: pass", [1, 2, 3, 4, 5, 6]),
        ("@f(1)\n@g(2)\ndef h(x=3): return 4", [1, 2, 3, 4]),
        ("{1: 2, **{3: 4}}[5:-6:7]", [1, 2, 3, 4, 5, -6, 7]),
        ("[1 for x in 2 if 3]; (y := 4); lambda z=5: 6", [1, 2, 3, 4, 5, 6]),
        ("match 1:\n  case -2 | {3: 4.5} | C(x=6) if 7: pass", [1, -2, 3, 4.5, 6, 7]),
        ("True, None, '1', b'2', 3j, 4 + 5j", [4]),
        ("x = 1  # 2\n'''3'''", [1]),
        ("f'{1}{x:{2}}', f'' '3', 4", [4]),
        ("9007199254740991, 9007199254740992, -9007199254740992", [2**53 - 1]),
        ("1e308, 1e309, -1e309", [1e308]),
        ("", []),
    ],
)
def test_finite_ints_and_floats_outside_f_strings_are_found_in_the_order_of_the_text(
    source: str, values: list[float]
) -> None:
    assert values_of(source) == values
    assert list(map(type, values_of(source))) == list(map(type, values))


@pytest.mark.parametrize(
    ("source", "spellings"),
    [
        ("-3", ["-3"]),
        ("+3 - -4", ["+3", "-4"]),
        ("- \t3", ["- \t3"]),
        ("--3", ["-3"]),
        ("~-3", ["-3"]),
        ("x-3", ["3"]),
        ("-(3)", ["3"]),
        ("-\\\n3", ["3"]),
        ("-3 ** -2", ["3", "-2"]),
        ("(-3) ** 2", ["-3", "2"]),
        ("-3 .real", ["3"]),
    ],
)
def test_a_sign_belongs_to_the_literal_if_it_stands_before_it_and_means_it_alone(
    source: str, spellings: list[str]
) -> None:
    assert [source[literal.start : literal.end] for literal in find_literals(source)] == spellings


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_positions_are_characters_whatever_stands_before(newline: str) -> None:
    source = newline.join(["# -*- coding: latin-1 -*-", "s = 'é\x0c\u2028🏓'; x = 12", "\x0cif x:", "\t'ß', 34"])
    assert [source[literal.start : literal.end] for literal in find_literals(source)] == ["12", "34"]


@pytest.mark.parametrize(
    ("source", "values", "rewritten"),
    [
        ("x  =\t3 # keep 1\r\n", [-2.6], "x  =\t-3 # keep 1\r\n"),
        ("x = 3.0", [2], "x = 2.0"),
        ("x = 1.5", [1e22], "x = 1e+22"),
        ("[0x1F, 1_000, 5., 1E5]", [31, 1000, 5, 100000], "[0x1F, 1_000, 5., 1E5]"),
        ("[0x1F, 1_000, 5., 1E5]", [32, 999, 6, 2], "[32, 999, 6.0, 2.0]"),
        ("-3", [5], "5"),
        ("x-3", [-5], "x- -5"),
        ("x - 3", [-5], "x - -5"),
        ("x*3", [-5], "x*-5"),
        ("3**2", [-5, -1], "(-5)**-1"),
        ("-3**2", [-5, 2], "-(-5)**2"),
        ("(3)**2", [-5, 2], "(-5)**2"),
        ("3 .real; 3.5.real", [-5, -1], "(-5) .real; (-1.0).real"),
        ("0x1F.real", [5], "5 .real"),
        ("3[4](5); 6(7)", [-1, -1, -1, -1, -1], "(-1)[-1](-1); (-1)(-1)"),
        ("[await 3, await (4)]", [-1, -1], "[await (-1), await (-1)]"),
        ("--3", [5], "-(5)"),
        ("- -3", [-5], "- -5"),
        ("not-3", [5], "not 5"),
        ("0xfor x", [0], "0 or x"),
        ("1if a else.5", [2, 3], "2 if a else 3.0"),
        ("match-1:\n case-1if x: pass", [2, 3], "match 2:\n case 3 if x: pass"),
        ("match x:\n case {-1: -2.5} | 1+2j: pass", [1, 2, -1], "match x:\n case {1: 2.0} | -1+2j: pass"),
        ("x = 3", [1e300], "x = 9007199254740991"),
        ("x = 0.0", [-0.0], "x = -0.0"),
    ],
)
def test_only_the_numbers_change(source: str, values: list[float], rewritten: str) -> None:
    assert replace_literals(source, values) == rewritten


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1], "2 numbers, but 1 values"),
        ([1, 2, 3], "2 numbers, but 3 values"),
        ([1, math.nan], "nan cannot be written"),
        ([-math.inf, 1], "-inf cannot be written"),
        ([1, 10**400], "inf cannot be written"),
    ],
)
def test_values_that_do_not_fit_are_refused(values: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace_literals("x = 1 + 2.0", values)


@pytest.mark.parametrize(
    "text", ["x =", "\0", "'\ud800'", "9" * 5000, "(" * 300, "-" * 50_000 + "1", "1+" * 50_000 + "1"]
)
def test_whatever_is_not_python_is_a_syntax_error(text: str) -> None:
    for read in (parse_python, find_literals, find_comparisons):
        with pytest.raises(SyntaxError):
            read(text)


def test_comparisons_are_found_outside_strings_and_comments() -> None:
    source = "é = a < b <= c  # <\rif f'{a > b}' == '!=' and not a != b: x = a >= b >> c\r\n"
    found = find_comparisons(source)
    assert [comparison.operator for comparison in found] == ["<", "<=", "==", "!=", ">="]
    assert [source[comparison.start : comparison.end] for comparison in found] == [
        "<",
        "<=",
        "==",
        "!=",
        ">=",
    ]


def test_a_comparison_is_replaced_where_it_stands() -> None:
    source = "if  a<-b: pass  # a<b"
    [comparison] = find_comparisons(source)
    assert replace_comparison(source, comparison, "!=") == "if  a!=-b: pass  # a<b"


def test_a_comparison_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="'in' is none of the operators"):
        replace_comparison("a < b", ComparisonOperator(2, 3, "<"), "in")
    with pytest.raises(ValueError, match="no '>' at position 2"):
        replace_comparison("a < b", ComparisonOperator(2, 3, ">"), "<")


# The same of any text: expressions in expressions, in odd layouts and in the plain one of ast.unparse.

NUMBERS = ["3", "0", "0x1F", "1_000", "1e5", ".5", "5.", "0.0", "2j", "9007199254740993"]
EXPRESSIONS = (
    "-{}¦- {}¦+{}¦~{}¦not-{}¦not({})¦({})¦-({})¦(-\\\n{})¦(-#1\n{})¦(\t{}#1\n)¦{}.real¦({}).real¦-3 .real"
    "¦{}-{}¦{} + {}¦{}**{}¦-3**{}¦{}**-{}¦{}<{}¦{} != -{}¦{}if({})else.5¦-5if{}else 6¦await({})¦await-{}"
    "¦({})[{}:-2:{}]¦-5[{}]¦f({},*{},x={})¦3({})¦lambda x,y={}:{}¦[{}for(é)in(7)if{}]¦(y:={})¦{{{}:{},**{}}}"
    "¦'é',{}¦f'{{8}}{{1:9}}',{}"
)
STATEMENTS = [
    "{}\n",
    "x: {} = {}\n",
    "é = '🏓' ; x += {}\r\n",
    "@g({})\r\ndef f(a: {} = {}, /, *, b={}) -> {}:\r\n\tglobal x;return-1 if{}else.5\r\n",
    "for i in{}:\r\tassert {}, {} # 3\r",
    "if({}):\n  pass\nelif\\\n{}:\n  pass\n",
    "match {}:\n  case-1|.5|C(x=-2,y=3)if{}: pass\n",
    "class C(x={}):\n    '''\n1\n''' ; y = [\n{},\n   {}]\n",
]


def filled(templates: list[str], parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def fill(template: str) -> st.SearchStrategy[str]:
        holes = template.replace("{{", "").count("{}")
        return st.tuples(*[parts] * holes).map(lambda values: template.format(*values))

    return st.sampled_from(templates).flatmap(fill)


def is_python(source: str) -> bool:
    try:
        parse_python(source)
    except SyntaxError:
        return False
    return True


expressions = st.recursive(
    st.sampled_from([*NUMBERS, "x"]),
    lambda parts: filled(EXPRESSIONS.split("¦"), parts).filter(is_python),
    max_leaves=6,
)
layouts = filled(STATEMENTS, expressions).filter(is_python)
sources = layouts | layouts.map(lambda source: ast.unparse(parse_python(source)))
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-9, 9)


def written(old: float, value: float) -> float:
    """What the literal ``old`` becomes when it is given a value."""
    limit = 2**53 - 1
    return float(value) if isinstance(old, float) else max(-limit, min(limit, round(float(value))))


class WithValues(ast.NodeTransformer):
    """Puts numbers in the place of the names that stand for them."""

    def __init__(self, values: list[float]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.number(node.id) or node

    def visit_MatchAs(self, node: ast.MatchAs) -> ast.AST:
        number = self.number(node.name or "")
        return ast.MatchValue(number) if number else node

    def number(self, name: str) -> ast.expr | None:
        if not name.startswith("number_"):
            return None
        value = self.values[int(name.removeprefix("number_"))]
        if math.copysign(1, value) < 0:
            return ast.UnaryOp(ast.USub(), ast.Constant(-value))
        return ast.Constant(value)


def with_values(source: str) -> st.SearchStrategy[tuple[str, list[float]]]:
    count = len(find_literals(source))
    return st.tuples(st.just(source), st.lists(numbers, min_size=count, max_size=count))


@settings(deadline=None, max_examples=400)
@given(sources.flatmap(with_values))
def test_any_text_gets_the_new_numbers_and_keeps_its_meaning(case: tuple[str, list[float]]) -> None:
    source, values = case
    named, end, new_values = "", 0, []
    for index, literal in enumerate(find_literals(source)):
        new_values.append(written(literal.value, values[index]))
        kept = repr(new_values[-1]) == repr(literal.value)
        spelling = source[literal.start : literal.end] if kept else f"(number_{index})"
        named, end = named + source[end : literal.start] + spelling, literal.end
    meant = WithValues(new_values).visit(parse_python(named + source[end:]))
    rewritten = replace_literals(source, values)
    assert ast.dump(parse_python(rewritten)) == ast.dump(meant)
    assert values_of(rewritten) == new_values


@settings(deadline=None)
@given(sources)
def test_any_text_stays_as_it_is_if_the_numbers_do(source: str) -> None:
    assert replace_literals(source, values_of(source)) == source


@settings(deadline=None)
@given(sources, st.sampled_from(COMPARISON_OPERATORS))
def test_any_comparison_can_be_replaced(source: str, operator: str) -> None:
    new = {"<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE, "==": ast.Eq, "!=": ast.NotEq}[operator]
    meant = parse_python(source)
    for node in ast.walk(meant):
        if isinstance(node, ast.Compare):
            node.ops = [new() for _ in node.ops]
    for comparison in reversed(find_comparisons(source)):
        source = replace_comparison(source, comparison, operator)
    assert ast.dump(parse_python(source)) == ast.dump(meant)
