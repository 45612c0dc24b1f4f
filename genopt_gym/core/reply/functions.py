"""Python that defines components: cut into one text for each."""

from __future__ import annotations

import ast
import itertools
import re
import textwrap

from genopt_gym.core.parsing import parse_python, split_lines
from genopt_gym.core.reply.pieces import Texts, is_python

FUNCTION = re.compile(r"^def[ \t]+(\w+)", re.MULTILINE)
_ODD = {
    "async def": "a coroutine (async def)",
    "class": "a class",
    "": "an assignment",
}
_ODD_DEFINITION = re.compile(r"^(?:(async def|class)[ \t]+)?(\w+)[ \t]*(?::[^=\n]*)?(?(1)|=)", re.MULTILINE)


def parses(source: str) -> bool:
    try:
        parse_python(source)
    except SyntaxError:
        return False
    return True


def same_program(first: str, second: str) -> bool:
    """Whether two Python texts differ in comments and layout alone."""
    try:
        return ast.dump(parse_python(first)) == ast.dump(parse_python(second))
    except (SyntaxError, RecursionError):
        return False


def dedented(source: str) -> str:
    """The text without the indentation of a block that was indented as a whole."""
    first = next((line for line in source.split("\n") if line.strip()), "")
    if not first[:1].isspace():
        return source
    shifted = textwrap.dedent(source)
    return shifted if not shifted.lstrip("\n")[:1].isspace() and parses(shifted) else source


def by_function(source: str, components: Texts, *, strict: bool = False) -> dict[str, str]:
    """Cut Python into components: each gets its function, and what stands between that and the one before."""
    source = dedented(source)
    if components.keys().isdisjoint(FUNCTION.findall(source)):
        return {}
    lines = split_lines(source)
    try:
        functions = [node for node in parse_python(source).body if isinstance(node, ast.FunctionDef)]
        ends = [(f.name, f.end_lineno or 0) for f in functions if f.name in components]
    except SyntaxError:
        if strict:
            return {}
        starts = [(m[1], i) for i, m in enumerate(map(FUNCTION.match, lines)) if m and m[1] in components]
        ends = [(name, end) for (name, _), (_, end) in itertools.pairwise([*starts, ("", len(lines))])]
    texts: dict[str, list[str]] = {}
    start = 0
    for name, end in ends:
        texts.setdefault(name, []).extend(lines[start:end])
        start = end
    if ends:
        texts[ends[-1][0]].extend(lines[start:])
    return {name: "".join(text).lstrip("\n") for name, text in texts.items()}


def under_name(name: str, text: str, components: Texts) -> dict[str, str]:
    """What is meant by a text that was given for a component.

    A program that defines this component and others was meant for all of them: left whole, it would hold functions
    that only this component sees, and the others would stay as they are.
    """
    if not is_python(name, components[name]):
        return {name: text}
    text = dedented(text)
    if name in (found := by_function(text, components, strict=True)) and len(found) > 1:
        return found
    return {name: text}


def odd_definition(source: str, components: Texts) -> str | None:
    """How a component is defined in a way that does not count, if it is."""
    for found in itertools.islice(_ODD_DEFINITION.finditer(source), 1000):
        if found[2] in components:
            how = _ODD[found[1] or ""]
            return f"There is no new text for {found[2]}, for it is given as {how}; write `def {found[2]}(...)`."
    return None
