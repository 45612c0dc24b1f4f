"""Summaries in events: what a trace tells of a value that is no plain data, such as a frame or a fitted model.

A summary is a mapping with the one key ``$summary``. Under it stands a text; or a text for each of several named
values, as a mapping; or a text for each item of a tuple, as a list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

KEY = "$summary"

Parts = Sequence[str] | Mapping[str, str]
Told = str | Parts


def summarized(told: Told) -> dict[str, Any]:
    """The summary as an event holds it."""
    return {KEY: told}


def is_summary(value: Any) -> bool:
    """Whether it is one. Artifacts can return whatever they like, so nothing about its form is taken on trust."""
    if type(value) is not dict or len(value) != 1 or KEY not in value:
        return False
    told = value[KEY]
    parts = told.values() if type(told) is dict else told if type(told) is list else [told]
    return all(type(part) is str for part in parts)


def summary_text(told: Told) -> str:
    r"""In one text.

    >>> summary_text(["a frame", "ndarray\n  begins: 1"])
    'tuple of 2\n[0] a frame\n[1] ndarray\n  begins: 1'
    >>> summary_text({"x": "a frame", "y": "an array"})
    '\nx: a frame\ny: an array'
    """
    if isinstance(told, str):
        return told
    if isinstance(told, Mapping):
        return "".join(f"\n{name}: {text}" for name, text in told.items())
    return "\n".join([f"tuple of {len(told)}", *(f"[{place}] {text}" for place, text in enumerate(told))])
