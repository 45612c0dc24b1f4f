"""The user's examples: read from a list or a file, with the number of each row for whoever has to look at one."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from genopt_gym.core.errors import ParameterError


class OwnExample(NamedTuple):
    """One example: its columns, and where it stands."""

    values: dict[str, Any]
    row: int
    """Line of the file, from 1 with its heading; or position in a list, from 1."""


def read_examples(data: Any) -> list[OwnExample]:
    """All examples of a list of mappings, or of a ``.csv``, ``.jsonl`` or ``.json`` file.

    Raises:
        ParameterError: there are none, or rows are not like the others; one sentence names them.
    """
    if isinstance(data, Sequence) and not isinstance(data, str):
        found, where = [OwnExample(dict(row), number) for number, row in enumerate(data, 1)], "data"
    else:
        path = Path(str(data))
        found, where = _read_file(path), path.name
    if not found:
        raise ParameterError(f"{where} holds no examples", "data")
    columns = set(found[0].values)
    if odd := [example.row for example in found if set(example.values) != columns]:
        names = ", ".join(map(str, found[0].values))
        raise ParameterError(f"{where}: {rows_told(odd)} not the columns of the first: {names}", "data")
    return found


def need_columns(examples: Sequence[OwnExample], names: Iterable[str], what: str, data: Any) -> None:
    """ParameterError unless the examples have these columns."""
    there = list(examples[0].values)
    if missing := [name for name in names if name not in there]:
        where = Path(data).name if isinstance(data, str) else "data"
        raise ParameterError(
            f"{where} has no column {', '.join(map(repr, missing))}, which {what}; its columns are {', '.join(there)}",
            "data",
        )


def rows_told(rows: Sequence[int], verb: str = "has", verbs: str = "have") -> str:
    """``row 3 has``, ``rows 3, 8 and 12 more have``."""
    if len(rows) == 1:
        return f"row {rows[0]} {verb}"
    shown = ", ".join(map(str, rows[:5]))
    return f"rows {shown}{f' and {len(rows) - 5} more' if len(rows) > 5 else ''} {verbs}"


def _read_file(path: Path) -> list[OwnExample]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ParameterError(f"{path.name} is not UTF-8: {error.reason} at byte {error.start}", "data") from None
    except OSError as error:
        raise ParameterError(f"{path} cannot be read: {error.strerror}", "data") from None
    if not text.strip():
        raise ParameterError(f"{path.name} is empty", "data")
    kind = path.suffix.lower()
    if kind in (".csv", ".tsv"):
        return _read_table(path.name, text, "\t" if kind == ".tsv" else ",")
    if kind == ".jsonl":
        lines = enumerate(text.splitlines(), 1)
        return [OwnExample(_object(path.name, line, number), number) for number, line in lines if line.strip()]
    if kind == ".json":
        return [OwnExample(row, number) for number, row in enumerate(_list(path.name, text), 1)]
    raise ParameterError(f"{path.name} is no .csv, .tsv, .jsonl or .json file", "data")


def _read_table(name: str, text: str, delimiter: str) -> list[OwnExample]:
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True)
    found: list[OwnExample] = []
    try:
        heading = next(reader)
        if len(set(heading)) < len(heading) or not all(heading):
            raise ParameterError(f"{name}: each column needs a name of its own, got {', '.join(heading)}", "data")
        odd = []
        for row in reader:
            if not row:
                continue
            if len(row) != len(heading):
                odd.append(reader.line_num)
            found.append(OwnExample(dict(zip(heading, row, strict=False)), reader.line_num))
    except csv.Error as error:
        raise ParameterError(f"{name}, row {reader.line_num}: {error}", "data") from None
    if odd:
        raise ParameterError(f"{name}: {rows_told(odd)} not {len(heading)} values, one a column", "data")
    return found


def _object(name: str, line: str, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise ParameterError(f"{name}, row {number} is no JSON: {error}", "data") from None
    if not isinstance(value, Mapping):
        raise ParameterError(f"{name}, row {number} is no object from column to value", "data")
    return dict(value)


def _list(name: str, text: str) -> list[dict[str, Any]]:
    try:
        rows = json.loads(text)
    except ValueError as error:
        raise ParameterError(f"{name} is no JSON: {error}", "data") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ParameterError(f"{name} is no list of objects, one an example", "data")
    return rows
