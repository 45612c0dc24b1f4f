"""Edits: how one can go, how to read one out of a reply, and what a Python component must look like."""

from __future__ import annotations

import ast
import difflib
import enum
import inspect
import itertools
import json
import re
from collections.abc import Mapping
from typing import Any

from genopt_gym.core.literals import only_syntax_errors, parse_python, split_lines

_Texts = Mapping[str, str]  # from component names
_Part = tuple[list[str], str]  # of a reply: the words of a fence's info string (none: prose), and the text

_ENVELOPES = ("edit", "edits", "components", "suggestion")  # JSON keys that may lie around the components,
_COMMENTARY = ("reasoning", "thoughts", "explanation", "answer")  # and those that may lie beside them
_MARKERS = ("<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE")
_PYTHON = ("", "python", "python3", "py")
_MAX_TRIES = 200  # for what costs a pass over the whole reply, or a search for similar names
_SHOWN = 100  # characters of somebody else's text that a message repeats

# Numbers of any length, and line breaks inside strings, are no reason to refuse an object.
_JSON = json.JSONDecoder(parse_int=float, strict=False)
_JSON_OBJECT = re.compile(r'\{\s*"')
_FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<ticks>`{3,}|~{3,})(?P<info>[^`]*)$")
_FUNCTION = re.compile(r"^def[ \t]+(\w+)", re.MULTILINE)


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


class UnparsableEdit(ValueError):
    """A reply holds no edit, or a malformed one; the message tells its writer why, in one sentence."""


def parse_edit(text: str, components: Mapping[str, str]) -> dict[str, str]:
    """Read an edit out of free text, such as a model's reply. Nothing in it is ever run.

    The first of these that the reply holds is taken; within a kind, later text for a component wins:

    1. a Python program, and nothing else, which defines components;
    2. a JSON object from component names to texts: alone, fenced or in prose, perhaps under a key as "edit";
    3. SEARCH/REPLACE blocks, applied in order; a SEARCH text must occur exactly once in all the components;
    4. fenced code: it belongs to the component that the info string names (```` ```python act ````), or else
       to the components whose functions it defines.

    ``components`` are those that may be edited, with their present texts. Raises UnparsableEdit.

    >>> parse_edit("Better stay:\\n```python\\ndef act(ball):\\n    return 0\\n```", {"act": "..."})
    {'act': 'def act(ball):\\n    return 0'}
    """
    text = text.replace("\r\n", "\n")
    if edit := _by_function(text, components, strict=True):
        return edit  # a program is nothing else, but a dict in it could be taken for JSON
    parts = _split_at_fences(text)
    patches = _patches(text)
    readable = [body for words, body in parts if (body.lstrip().startswith("{") if words else not patches)]
    objects = _json_objects(readable, components)
    edit = _from_json(objects, components)
    edit = edit or _from_patches(patches, components) or _from_fences(parts, components)
    if not edit:
        raise _nothing_found(text, objects, components)
    return edit


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
        names = ", ".join(function.name for function in functions)[:_SHOWN] or "no function"
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


def _split_at_fences(text: str) -> list[_Part]:
    """The parts of a reply in order; a fence that never closes goes on to the end."""
    parts: list[tuple[list[str], list[str]]] = [([], [])]
    opening: re.Match[str] | None = None
    for line in text.split("\n"):
        fence = _FENCE.match(line)
        if opening is None and fence:
            opening = fence
            parts.append((fence["info"].replace(":", " ").split() or [""], []))
        elif opening and fence and fence["ticks"].startswith(opening["ticks"]) and not fence["info"].strip():
            opening = None
            parts.append(([], []))
        else:
            parts[-1][1].append(line.removeprefix(opening["indent"] if opening else ""))
    return [(words, "\n".join(lines)) for words, lines in parts]


def _json_objects(texts: list[str], components: _Texts) -> list[dict[str, Any]]:
    """The JSON objects in some texts, out of their envelopes."""
    objects: list[dict[str, Any]] = []
    broken = 0
    for text in texts:
        position = 0
        while broken < _MAX_TRIES and (start := _JSON_OBJECT.search(text, position)):
            try:
                value, position = _JSON.raw_decode(text, start.start())
            except (ValueError, RecursionError):
                position, broken = start.end(), broken + 1
                continue
            if value.keys().isdisjoint(components):
                value = next((value[key] for key in _ENVELOPES if isinstance(value.get(key), dict)), value)
            objects.append(value)
    return objects


def _from_json(objects: list[dict[str, Any]], components: _Texts) -> dict[str, str]:
    edit: dict[str, str] = {}
    for value in objects:
        for name, text in value.items() if value.keys() & components.keys() else ():
            if name in components and isinstance(text, str):
                edit[name] = text
            elif name in components:
                raise UnparsableEdit(f"The text of {name!r} must be a string, not a {type(text).__name__}.")
            elif name not in _COMMENTARY:
                raise _unknown(name, components)
    return edit


def _patches(text: str) -> list[tuple[str, str]]:
    """The (SEARCH, REPLACE) pairs of a reply."""
    patches: list[tuple[str, str]] = []
    block: list[list[str]] = []  # its SEARCH lines and its REPLACE lines, as far as they have begun
    for line in text.split("\n"):
        if line.rstrip() == _MARKERS[len(block)]:
            block.append([])
        elif block:
            block[-1].append(line)
        if len(block) == len(_MARKERS):
            patches.append(("\n".join(block[0]), "\n".join(block[1])))
            block = []
    if block:
        raise UnparsableEdit(f"SEARCH block {len(patches) + 1} lacks its line {_MARKERS[len(block)]!r}.")
    return patches


def _from_patches(patches: list[tuple[str, str]], components: _Texts) -> dict[str, str]:
    edit: dict[str, str] = {}
    for number, (search, replace) in enumerate(patches, start=1):
        what = f"SEARCH text {number}, {search[:_SHOWN]!r},"
        if not search.strip():
            raise UnparsableEdit(f"{what} is empty; it must repeat the lines to replace.")
        texts = {**components, **edit}
        counts = {name: count for name, text in texts.items() if (count := text.count(search))}
        if not counts:
            raise UnparsableEdit(f"{what} was not found; copy the lines exactly as they stand by then.")
        if (times := sum(counts.values())) > 1:
            raise UnparsableEdit(f"{what} was found {times} times, in {', '.join(counts)}; make it longer.")
        [name] = counts
        edit[name] = texts[name].replace(search, replace)
    return edit


def _from_fences(parts: list[_Part], components: _Texts) -> dict[str, str]:
    edit: dict[str, str] = {}
    strangers: dict[str, None] = {}
    for words, body in parts:
        name = next((word for word in words if word in components), None)
        if name is not None:
            edit[name] = _ending_like(components[name], body)
        elif words and words[0].lower() in _PYTHON and (found := _by_function(body, components)):
            edit |= found
        else:
            strangers |= dict.fromkeys(words)
    for word in itertools.islice(strangers, _MAX_TRIES):
        if difflib.get_close_matches(word[:_SHOWN], components, cutoff=0.8):
            raise _unknown(word, components)
    return edit


def _by_function(source: str, components: _Texts, *, strict: bool = False) -> dict[str, str]:
    """Cut Python into components: each gets its function, and what stands between that and the one before."""
    if components.keys().isdisjoint(_FUNCTION.findall(source)):
        return {}
    lines = split_lines(source)
    try:
        functions = [f for f in _functions(parse_python(source)) if isinstance(f, ast.FunctionDef)]
        ends = [(f.name, f.end_lineno or 0) for f in functions if f.name in components]
    except SyntaxError:
        if strict:
            return {}
        starts = [(m[1], i) for i, m in enumerate(map(_FUNCTION.match, lines)) if m and m[1] in components]
        ends = [(name, end) for (name, _), (_, end) in itertools.pairwise([*starts, ("", len(lines))])]
    texts: dict[str, list[str]] = {}
    start = 0
    for name, end in ends:
        texts.setdefault(name, []).extend(lines[start:end])
        start = end
    if ends:
        texts[ends[-1][0]].extend(lines[start:])
    return {name: _ending_like(components[name], "".join(text).lstrip("\n")) for name, text in texts.items()}


def _ending_like(current: str, text: str) -> str:
    """The text with the final line breaks of the current one, lest an unchanged text look changed."""
    return text.rstrip("\n") + current[len(current.rstrip("\n")) :]


def _unknown(name: str, components: _Texts) -> UnparsableEdit:
    nearest = difflib.get_close_matches(name[:_SHOWN], components, n=1, cutoff=0)
    hint = f"the nearest is {nearest[0]!r}, of {', '.join(components)}" if nearest else "there are none"
    return UnparsableEdit(f"{name[:_SHOWN]!r} is not an editable component; {hint}.")


def _nothing_found(text: str, objects: list[dict[str, Any]], components: _Texts) -> UnparsableEdit:
    names = [name for value in objects for name, content in value.items() if isinstance(content, str)]
    for name in itertools.chain(names, _FUNCTION.findall(text)):
        if name not in components and name not in _COMMENTARY:
            return _unknown(name, components)
    return UnparsableEdit(
        f"The reply has no new text for any of the components {', '.join(components)}; give it as a JSON "
        "object from names to texts, as SEARCH/REPLACE blocks, or as fenced Python code."
    )


def _functions(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def _located(error: SyntaxError, name: str, text: str) -> str:
    """A syntax error, with its place in the component and the line that stands there."""
    if error.lineno is None:
        return f"{name}: {error.msg}"
    line = "".join(split_lines(text)[error.lineno - 1 : error.lineno]).strip()
    return f"line {error.lineno} of {name}: {error.msg}: `{line[:_SHOWN]}`"


def _accepts(parameters: ast.arguments, count: int) -> bool:
    """Whether a function can be called with so many positional arguments."""
    most = len(parameters.posonlyargs + parameters.args)
    least = most - len(parameters.defaults)
    takes_all = count <= most or parameters.vararg is not None
    return least <= count and takes_all and None not in parameters.kw_defaults


def _shown_parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    try:
        return ast.unparse(function.args)[:_SHOWN]
    except (RecursionError, ValueError):  # a default too deeply nested, or an int too long, to print
        return "..."
