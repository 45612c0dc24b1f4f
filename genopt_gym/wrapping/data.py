"""A user's examples as a keyword of ``gym.make`` can hold them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from genopt_gym.core.errors import ParameterError
from genopt_gym.core.journal import write_atomically

INLINE_CHARS = 50_000
"""As many characters of examples stand in a run's configuration; more are kept in a file by their content."""


def as_parameter(data: Any) -> str | list[dict[str, Any]]:
    """A path as an absolute one; rows as plain dicts, or as the path of a file that holds them.

    Raises:
        ParameterError: it is neither, or a row holds what is no plain data.
    """
    if isinstance(data, str | Path):
        return str(Path(data).expanduser().absolute())
    rows = _rows(data)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if len(text) <= INLINE_CHARS:
        return rows
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "genopt_gym" / "data"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.jsonl"
    if not path.exists():
        write_atomically(path, text.encode())
    return str(path)


def _rows(data: Any) -> list[dict[str, Any]]:
    if hasattr(data, "to_dict") and hasattr(data, "iloc"):
        data = data.to_dict("records")  # of pandas
    elif hasattr(data, "to_list") and hasattr(data, "column_names"):
        data = data.to_list()  # of datasets
    if not isinstance(data, Sequence):
        raise ParameterError(
            f"data is a list of dicts, a .csv or .jsonl file, or a table of datasets or pandas, not {data!r:.100}",
            "data",
        )
    rows = []
    for number, row in enumerate(data, 1):
        if not isinstance(row, Mapping):
            raise ParameterError(f"data: example {number} is {row!r:.100}, and no dict from column to value", "data")
        try:
            rows.append({str(name): msgspec.to_builtins(value, enc_hook=_number) for name, value in row.items()})
        except (TypeError, NotImplementedError) as error:
            raise ParameterError(f"data: example {number} holds what is no text or number: {error}", "data") from None
    return rows


def _number(value: Any) -> Any:
    """NumPy's numbers."""
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        return value.item()
    raise TypeError(f"{type(value).__name__} ({value!r:.60})")
