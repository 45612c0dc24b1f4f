"""Values of a trace as text: a table's cell, or a paragraph; readable and bounded whatever they are."""

from __future__ import annotations

from typing import Any

from genopt_gym.core.evidence import Call
from genopt_gym.core.summary import KEY, is_summary, summary_text

CELL_CHARS = 4000
"""Of one value, where the size budget does not say less."""
CALL_CHARS = 80
"""Of what a component got or returned, in a table of many steps."""
LONG_LIST, LIST_SHOWN = 32, 8
"""Of a list of more numbers than the first, so many are written."""
ABSENT = "-"
UNSEEN = object()
WHOLE = 1e15
"""Below this a float without a fraction is written as the whole number that it is."""


class Written(str):
    """A value that is already written as a cell shows it."""


def cell(value: Any, limit: int = CELL_CHARS) -> str:
    """A value on one line of a table; what could be misread there, such as a comma, is quoted.

    >>> cell({"a": 1, "b": [2]}), cell("up"), cell("up, down"), cell(2.50), cell(146000.0)
    ('"{\\'a\\': 1, \\'b\\': [2]}"', 'up', "'up, down'", '2.5', '146000')
    >>> cell([0.29714818513020874, 3])
    '"[0.29715, 3]"'
    """
    if value is UNSEEN:
        return ABSENT
    if isinstance(value, float):
        return number(value)
    if is_summary(value):
        value = summary_text(value[KEY])
    if type(value) is Written:
        return value
    if isinstance(value, str):
        text = shortened(value, limit)
        ambiguous = text in ("", ABSENT) or "," in text or '"' in text
        return repr(text) if ambiguous else visible(text).replace("\n", "\\n")
    text = visible(outline(value, limit)).replace("\n", "\\n")
    return '"' + text.replace('"', '""') + '"' if "," in text else text


def as_written(value: Any) -> str:
    """A value as a program would write it, but with no more digits of a number within it than of one alone."""
    text = str(value)
    if type(value) not in (list, tuple, dict) or ("." not in text and "e" not in text):
        return text
    if type(value) is dict:
        return "{" + ", ".join(f"{key!r}: {_within(inner)}" for key, inner in value.items()) + "}"
    inside = ", ".join(map(_within, value))
    if type(value) is list:
        return f"[{inside}]"
    return f"({inside},)" if len(value) == 1 else f"({inside})"


def _within(value: Any) -> str:
    if type(value) is float:
        return number(value)
    return as_written(value) if type(value) in (list, tuple, dict) else repr(value)


def number(value: float) -> str:
    """Five digits, or all of a whole number's."""
    return str(int(value)) if abs(value) < WHOLE and float(value).is_integer() else f"{value:.5g}"


def argument(value: Any, limit: int = CELL_CHARS) -> str:
    """A call's argument: where it comes from, if that is known, or itself as a program would write it."""
    if is_reference(value):
        return str(value["$ref"])
    return literal(value, limit)


def literal(value: Any, limit: int = CELL_CHARS) -> str:
    """A value as a program would write it, so a text is always in quotes."""
    if isinstance(value, float):
        return number(value)
    if isinstance(value, str):
        return repr(shortened(value, limit))
    return visible(shortened(as_written(value), limit))


def is_reference(value: Any) -> bool:
    """Whether an argument says where it comes from, see ``Call``."""
    return type(value) is dict and len(value) == 1 and type(value.get("$ref")) is str


def paragraph(value: Any, limit: int = CELL_CHARS) -> str:
    """A text or a summary with its own lines, indented below the first if there are several; anything else on one."""
    if is_summary(value):
        text = summary_text(value[KEY])
    elif isinstance(value, str):
        text = value.strip("\n")
    else:
        return cell_of_one(value, limit)
    lines = visible(shortened(text, limit)).split("\n")
    if len(lines) > 1 and isinstance(value, str):
        lines = ["", *lines]
    return "\n".join([lines[0], *(f"    {line}" if line.strip() else "" for line in lines[1:])])


def cell_of_one(value: Any, limit: int) -> str:
    """A value alone on its line, where nothing has to be quoted; of a long list of numbers its beginning.

    >>> cell_of_one([0.123456789] * 100, 4000)
    '[0.12346, 0.12346, 0.12346, 0.12346, 0.12346, 0.12346, 0.12346, 0.12346, and 92 more]'
    """
    if isinstance(value, float):
        return number(value)
    if type(value) is list and len(value) > LONG_LIST and all(type(item) in (int, float) for item in value):
        return f"[{', '.join(map(number, value[:LIST_SHOWN]))}, and {len(value) - LIST_SHOWN} more]"
    return visible(shortened(as_written(value), limit))


def result(call: Call, limit: int = CELL_CHARS) -> str:
    """What a component returned: texts of several lines as they are, one line in quotes."""
    value = call.result
    if isinstance(value, str) and "\n" not in value:
        return repr(shortened(value, limit))
    return paragraph(value, limit)


def visible(text: str) -> str:
    r"""A text with its line breaks and tabs, and what else would not be seen, or moves the cursor, as an escape.

    >>> visible("a\x1b[2Jb\nc")
    'a\\x1b[2Jb\nc'
    """
    # A long text has few different characters, and seldom one of these.
    for c in set(text) - {"\n", "\t"}:
        if not c.isprintable():
            text = text.replace(c, c.encode("unicode_escape").decode())
    return text


def outline(value: Any, limit: int) -> str:
    """A value as a program would write it; where that is too long, without what lies within its containers.

    >>> outline({"lane": 3, "lanes": [["E", 111, 0], ["C", 5, 8]], "seen": {}}, 40)
    "{'lane': 3, 'lanes': [2 items], 'seen': {}}"
    >>> outline([[6, -3, "wall"], [6, -2, "wall"], [6, -1, "empty"]], 40)
    '[3 times [3 items]]'
    """
    text = as_written(value)
    if len(text) > limit and type(value) is dict:
        text = "{" + ", ".join(f"{key!r}: {_closed(inner)}" for key, inner in value.items()) + "}"
    elif len(text) > limit and type(value) in (list, tuple):
        closed = [_closed(inner) for inner in value]
        inside = ", ".join(closed) if len(set(closed)) > 1 else f"{len(closed)} times {closed[0]}"
        text = f"[{inside}]" if type(value) is list else f"({inside})"
    # Within this much of the limit the whole of it says more than its two ends.
    return text if len(text) < limit * 1.25 else shortened(text, limit)


def _closed(value: Any) -> str:
    if type(value) in (list, tuple, dict) and value:
        words = f"{len(value)} item{'s' * (len(value) > 1)}"
        return f"{{{words}}}" if type(value) is dict else f"[{words}]"
    return number(value) if isinstance(value, float) else repr(value)


def shortened(text: str, limit: int = CELL_CHARS) -> str:
    """The text, or its two ends where it is longer than the limit: a long question asks at its end."""
    if len(text) <= limit:
        return text
    tail = limit // 3
    return f"{text[: limit - tail]} …{len(text) - limit:,} characters… {text[len(text) - tail :]}"
