"""Snapshots of values for the trace: plain data as it is, data a person would look at as a summary, the rest in words.

Runs in the confined process, where the values are; fitted models and frames never leave it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from genopt_gym.core.summary import summarized
from genopt_gym.sandbox import summaries

CAPTURE_BYTES = 4096
SCALARS = frozenset((int, float, bool, type(None)))
MAX_WARNINGS = 5
"""Different warnings of one call that are told."""
WARNING_CHARS = 200


def capture(value: Any) -> Any:
    """A snapshot of a value for the trace."""
    if type(value) in SCALARS:
        return value
    try:
        data = msgspec.msgpack.encode(value, enc_hook=_small)
        if len(data) <= CAPTURE_BYTES:
            return msgspec.Raw(data)
        instead = f"<{name_of(type(value))}, too large to show>"
    except Exception:
        instead = words(value)
    try:
        if "numpy" in sys.modules and summaries.is_data(value):
            told = summaries.summary_parts(value)
            return summarized(mask(told) if isinstance(told, str) else [*map(mask, told)])
    except Exception:
        pass
    return instead


def plain(value: Any) -> Any:
    """NumPy scalars and arrays as numbers and lists; TypeError for anything else."""
    if type(value).__module__ == "numpy":
        return value.tolist()
    raise TypeError(f"a {type(value).__name__} is not plain data")


def _small(value: Any) -> Any:
    """As ``plain``, without what a summary says better."""
    if getattr(value, "size", 0) > summaries.SMALL:
        raise TypeError("too large")
    return plain(value)


def words(value: Any) -> str:
    try:
        return " ".join(mask(ascii(value)).split())[:200]  # an array's own words are of several lines
    except BaseException:
        return f"<{name_of(type(value))}>"


def mask(text: str) -> str:
    """A text without the addresses that differ from run to run."""
    return re.sub(r"0x[0-9a-fA-F]{4,}", "0x…", text)


name_of: Callable[[type], str] = type.__dict__["__name__"].__get__
"""The name of a class, past what its metaclass would say."""


@contextmanager
def warnings_told() -> Iterator[list[str]]:
    """Collects what is warned about in here, once for each text, as ``Category: message``; nothing is printed."""
    import warnings

    told: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        try:
            yield told
        finally:
            counts: dict[str, int] = {}
            for warning in caught:
                text = " ".join(str(warning.message).split())[:WARNING_CHARS]
                line = mask(f"{name_of(warning.category)}: {text}")
                counts[line] = counts.get(line, 0) + 1
            told += [line if n == 1 else f"{line} ({n:,} times)" for line, n in list(counts.items())[:MAX_WARNINGS]]
            if len(counts) > MAX_WARNINGS:
                told.append(f"and {len(counts) - MAX_WARNINGS:,} other warnings")
