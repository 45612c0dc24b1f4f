"""What a Python component must look like: it can be called as its contract says."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genopt_gym.core.edit import EditOutcome, check_contract


@pytest.mark.parametrize(
    "text",
    [
        "def act(ball, paddle): return 0",
        "def act(ball, paddle, speed=1, *, wait=False, **others): return 0",
        "def act(b, /, *rest): return 0",
        "@staticmethod\ndef act(ball: int = 0, paddle=1) -> int:\n    def inner(): yield\n    return 0",
        "def act(): yield\ndef act(ball, paddle): return (x for x in ball)",
        "act = 1\ndef act(ball, paddle): return ball is 0 or '\\d'",
    ],
)
@pytest.mark.parametrize("signature", ["act(ball, paddle)", "act(ball: list[int], /, paddle: 'P' = 0) -> int"])
def test_a_function_that_takes_the_parameters_keeps_its_contract(signature: str, text: str) -> None:
    assert check_contract("act", signature, text) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "found at the top level: no function"),
        ("act = lambda ball, paddle: 0", "found at the top level: no function"),
        ("def atc(): ...\nclass act:\n  def act(a, b): ...\ndef f(): ...", "found at the top level: atc, f"),
        ("def act(ball): ...", "found `def act(ball)` on line 1"),
        ("\ndef act(a: int, b, c, d=[1], *e): ...", "found `def act(a: int, b, c, d=[1], *e)` on line 2"),
        ("def act(ball, *, paddle): ...", "found `def act(ball, *, paddle)` on line 1"),
        ("def act(ball, paddle): ...\ndef act(): ...", "found `def act()` on line 2"),
        ("async def act(ball, paddle): ...", "found the coroutine `async def act(ball, paddle)` on line 1"),
        ("def act(ball, paddle):\n  if 0: yield", "found the generator `def act(ball, paddle)` on line 1"),
        ("def act(x=" + "+".join("1" * 900) + ", *, y): ...", "found `def act(...)` on line 1"),
    ],
)
def test_a_function_that_does_not_breaks_its_contract(text: str, found: str) -> None:
    message = f"expected `def act(ball, paddle) -> int`, {found}"
    assert check_contract("act", "act(ball, paddle) -> int", text) == (EditOutcome.CONTRACT_BROKEN, message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\r\ndef act(ball):\r\n    return +\r\n", "line 3 of act: invalid syntax: `return +`"),
        ("return 1", "line 1 of act: 'return' outside function: `return 1`"),
        ("nonlocal act", "line 1 of act: nonlocal declaration not allowed at module level: `nonlocal act`"),
        ("x = '\0'", "act: source code string cannot contain null bytes"),
        ("-" * 50_000 + "1", "act: too deeply nested"),
    ],
)
def test_a_syntax_error_comes_with_its_line(text: str, message: str) -> None:
    assert check_contract("act", "act(ball)", text) == (EditOutcome.SYNTAX_ERROR, message)


PARAMETERS = ["a", "b", "c=1", "/", "*", "*args", "d", "e=2", "**rest"]


@given(st.lists(st.sampled_from(PARAMETERS), unique=True), st.integers(0, 4))
def test_a_contract_is_kept_just_if_python_could_make_the_call(parameters: list[str], count: int) -> None:
    text = f"def act({', '.join(parameters)}): ..."
    problem = check_contract("act", f"act({', '.join('wxyz'[:count])})", text)
    expected = None
    try:
        exec(text, namespace := dict[str, Any]())
        inspect.signature(namespace["act"]).bind(*range(count))
    except (SyntaxError, TypeError) as error:
        broken = isinstance(error, TypeError)
        expected = EditOutcome.CONTRACT_BROKEN if broken else EditOutcome.SYNTAX_ERROR
    assert (problem and problem[0]) == expected
