"""Edits: how one can go, and what a Python component must look like. ``core.reply`` reads them out of replies."""

from __future__ import annotations

import ast
import enum
import inspect
from functools import lru_cache

from genopt_gym.core.parsing import only_syntax_errors, parse_python, split_lines
from genopt_gym.core.reply.parsing import parse_edit
from genopt_gym.core.reply.pieces import SHOWN, UnparsableEdit

__all__ = ["EditOutcome", "UnparsableEdit", "UnusableReply", "check_contract", "parse_edit"]


class EditOutcome(enum.StrEnum):
    """How an edit went.

    - ``ok``: the artifact runs as edited.
    - ``unchanged``: the edit leaves the artifact as it was.
    - ``unparsable``: no edit could be read out of the action.
    - ``syntax_error``: a component is not Python.
    - ``contract_broken``: a component is not what its contract asks for.
    - ``runtime_error``: the artifact raised an exception.
    - ``timeout``: the artifact took too long.
    - ``out_of_memory``: the artifact needed too much memory.
    - ``crashed``: the artifact took its process down.
    - ``forbidden``: the edit, or the artifact, did what it may not.
    - ``budget_spent``: the edit was not run, for the budget does not allow it.

    A task may fail trials with names of its own (``Task.outcomes``), so whoever reads an outcome takes any text.
    """

    OK = enum.auto()
    UNCHANGED = enum.auto()
    UNPARSABLE = enum.auto()
    SYNTAX_ERROR = enum.auto()
    CONTRACT_BROKEN = enum.auto()
    RUNTIME_ERROR = enum.auto()
    TIMEOUT = enum.auto()
    OUT_OF_MEMORY = enum.auto()
    CRASHED = enum.auto()
    FORBIDDEN = enum.auto()
    BUDGET_SPENT = enum.auto()


class UnusableReply(str):
    """Why an agent has no edit out of what it was told: an action that costs its step, and is never read as an edit.

    >>> env_action = UnusableReply('it was cut off after {"act": "..."}')
    """

    __slots__ = ()


@lru_cache(maxsize=64)  # of an artifact that is edited most components stay as they were
def check_contract(name: str, signature: str, text: str) -> tuple[EditOutcome, str] | None:
    """Check, without running it, that a Python component can be called as its contract says.

    >>> check_contract("act", "act(ball, paddle) -> int", "def act(ball, *others): return 0")
    >>> outcome, message = check_contract("act", "act(ball, paddle) -> int", "def act(ball): return 0")
    >>> print(outcome, "-", message)
    contract_broken - expected `def act(ball, paddle) -> int`, found `def act(ball)` on line 1
    """
    try:
        tree = parse_python(text)
        with only_syntax_errors():
            module = compile(tree, name, "exec", dont_inherit=True)
    except SyntaxError as error:
        return EditOutcome.SYNTAX_ERROR, _located(error, name, text)
    functions = _functions(tree)
    function = next((function for function in reversed(functions) if function.name == name), None)
    if function is None:
        names = ", ".join(function.name for function in functions)[:SHOWN] or "no function"
        return EditOutcome.CONTRACT_BROKEN, f"expected `def {signature}`, found at the top level: {names}"
    flags = [code.co_flags for code in module.co_consts if getattr(code, "co_name", None) == name]
    [contract] = _functions(parse_python(f"def {signature}: ..."))
    header = f"def {name}({_shown_parameters(function)})"
    if isinstance(function, ast.AsyncFunctionDef):
        found = f"the coroutine `async {header}`"
    elif any(flag & inspect.CO_GENERATOR for flag in flags[-1:]):
        found = f"the generator `{header}`"
    elif not _accepts(function.args, len(contract.args.posonlyargs + contract.args.args)):
        found = f"`{header}`"
    else:
        return None
    return EditOutcome.CONTRACT_BROKEN, f"expected `def {signature}`, found {found} on line {function.lineno}"


def _functions(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def _located(error: SyntaxError, name: str, text: str) -> str:
    """A syntax error, with its place in the component and the line that stands there."""
    if error.lineno is None:
        return f"{name}: {error.msg}"
    line = "".join(split_lines(text)[error.lineno - 1 : error.lineno]).strip()
    return f"line {error.lineno} of {name}: {error.msg}: `{line[:SHOWN]}`"


def _accepts(parameters: ast.arguments, count: int) -> bool:
    """Whether a function can be called with so many positional arguments."""
    most = len(parameters.posonlyargs + parameters.args)
    least = most - len(parameters.defaults)
    takes_all = count <= most or parameters.vararg is not None
    return least <= count and takes_all and None not in parameters.kw_defaults


def _shown_parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    try:
        return ast.unparse(function.args)[:SHOWN]
    except (RecursionError, ValueError):  # a default too deeply nested, or an int too long, to print
        return "..."
