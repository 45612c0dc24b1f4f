"""Files that survive being cut off at any moment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genopt_gym.core.errors import UserError


def write_atomically(path: Path, data: bytes) -> None:
    """Readers see the old file or the new one, never a part."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_bytes(data)
    os.replace(temporary, path)


def read_journal(path: Path) -> tuple[list[dict[str, Any]], int]:
    """The rows of a file of JSON lines, and how many bytes they take; a damaged last line is left out.

    Raises:
        UserError: a line before the last is damaged.
    """
    rows: list[dict[str, Any]] = []
    good = 0
    data = path.read_bytes() if path.exists() else b""
    # At line feeds alone: a damaged line may hold what else counts as a line's end.
    for number, line in enumerate(data.split(b"\n"), 1):
        end = good + len(line) + 1
        try:
            row = json.loads(line) if end <= len(data) else None
        except ValueError:
            row = None
        if not isinstance(row, dict):
            if end < len(data):
                raise UserError(f"line {number} of {path} is damaged; restore it, or start the run in a new folder")
            break
        rows.append(row)
        good = end
    return rows, good


class Journal:
    """A file of JSON lines that survives being cut off: a damaged last line is dropped when it is opened."""

    def __init__(self, path: Path) -> None:
        self.rows, good = read_journal(path)
        """Rows that were there when the file was opened."""
        self._file = path.open("ab")
        self._file.truncate(good)
        self._file.seek(good)

    def append(self, row: Mapping[str, Any]) -> None:
        self._file.write(as_line(row))
        self._file.flush()

    def replace_last(self, row: Mapping[str, Any]) -> None:
        """Another row in place of the last; cut off in between, the file ends with the row before."""
        self._file.truncate(self._file.tell() - len(as_line(self.rows[-1])))
        self.append(row)
        self.rows[-1] = dict(row)

    def close(self) -> None:
        self._file.close()


def as_line(row: Mapping[str, Any]) -> bytes:
    return json.dumps(row, allow_nan=False).encode() + b"\n"
