"""Events as a table: what never changes once, then a row for each step with what has changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise
from typing import Any

from genopt_gym.core.evidence import Event
from genopt_gym.core.trace_cells import ABSENT, CALL_CHARS, CELL_CHARS, UNSEEN, cell
from genopt_gym.core.trace_columns import Column, columns_of, family_of

WIDE = 40
"""A table with more columns that vary is written by objects: a row names those that have changed."""


def table(events: Sequence[Event], limit: int = CELL_CHARS) -> tuple[str, list[str]]:
    """What stands above the rows, and a row for each event.

    Args:
        events: their observations are dictionaries.
        limit: characters of a cell.
    """
    call_limit = min(limit, CALL_CHARS) if len(events) > 1 else limit
    columns, patterns = columns_of(events, call_limit)
    constants: list[Column] = []
    varying: list[Column] = []
    for column in columns:
        (constants if len(events) > 1 and column.is_constant else varying).append(column)
    for column in _constant_while_there(varying) if len(events) > 1 else ():
        varying.remove(column)
        constants.append(column)
    constants.sort(key=columns.index)
    prelude = f"Calls: {', '.join(patterns)}\n" if patterns else ""
    write = _by_objects if len(varying) > WIDE else _by_columns
    steps = [str(event.step) for event in events]
    told, rows = write(constants, varying, steps, limit)
    return prelude + told, rows


def _constant_while_there(varying: Sequence[Column]) -> list[Column]:
    """Fields that never change while their object is there, if another field tells when it is not.

    Numbered objects of a kind keep the same fields, so a field that changes in one of them stays in all.
    """
    moving = {(family_of(c.object)[0], c.field) for c in varying if c.field and not c.is_constant_while_there}
    found = []
    for name, group in groupby(varying, key=lambda column: column.object):
        fields = [column for column in group if column.field]
        left = [column for column in fields if (family_of(name)[0], column.field) in moving] or fields[:1]
        told = [column.absent for column in left]
        found += [column for column in fields if column not in left and column.absent in told]
    return found


def _by_columns(
    constants: Sequence[Column], varying: Sequence[Column], steps: Sequence[str], limit: int
) -> tuple[str, list[str]]:
    """A header, and rows in which an unchanged cell is blank."""
    told = ", ".join(f"{column.name}={cell(column.value, limit)}" for column in constants)
    prelude = f"{_label(constants)}: {told}\n" if constants else ""
    prelude += f"(a blank cell is as in the row above; {ABSENT} is absent)\n"
    prelude += ",".join(["step", *(column.name for column in varying)]) + "\n"
    rows = zip(*(_changes(column.values, limit) for column in varying), strict=True) if varying else [()] * len(steps)
    blank = "," * len(varying)
    return prelude, _joined(steps, ["," + ",".join(row) if row else "" for row in rows], blank)


def _by_objects(
    constants: Sequence[Column], varying: Sequence[Column], steps: Sequence[str], limit: int
) -> tuple[str, list[str]]:
    """The fields of each object, and rows that name the objects that have changed, with all of these fields."""
    groups = [(name, list(columns)) for name, columns in groupby(varying, key=lambda column: column.object)]
    fixed = [
        (name, " ".join(_assigned(column, limit) for column in columns))
        for name, columns in groupby(constants, key=lambda column: column.object)
    ]
    prelude = f"{_label(constants)}: " + "; ".join(_merged(fixed)) + "\n" if fixed else ""
    fields = [(name, "(" + " ".join(filter(None, (c.field for c in columns))) + ")") for name, columns in groups]
    prelude += "Objects, and which of their numbers a row gives, in this order: "
    prelude += "; ".join(part.replace(" ()", "") for part in _merged(fields)) + "\n"
    prelude += f"(a row gives what is not as in the row above, numbered objects one by one; {ABSENT} is absent)\n"
    rows = []
    for row in range(len(steps)):
        changed = []
        for name, columns in groups:
            now = [column.values[row] for column in columns]
            if row == 0 or now != [column.values[row - 1] for column in columns]:
                above = [column.values[row - 1] for column in columns] if row else []
                changed.append((name, _of_object(columns, now, above, limit)))
        rows.append(": " + "; ".join(_in_line(changed)) if changed else ":")
    return prelude, _joined(steps, rows, ":")


def _of_object(columns: Sequence[Column], now: Sequence[Any], above: Sequence[Any], limit: int) -> str:
    """All varying fields of an object; with their names those alone that have changed, where that is much less."""
    if all(value is UNSEEN for value in now):
        return ABSENT
    whole = " ".join(cell(value, limit) for value in now)
    if not above or above[0] is UNSEEN:
        return whole
    new = [f"{c.field}={cell(a, limit)}" for c, a, b in zip(columns, now, above, strict=True) if a != b]
    return part if 2 * len(part := " ".join(new)) < len(whole) and columns[0].field else whole


def _joined(steps: Sequence[str], rows: Sequence[str], blank: str) -> list[str]:
    """Rows behind their steps' numbers; steps in a row in which nothing changes share a row, the others are empty."""
    lines = [step + row for step, row in zip(steps, rows, strict=True)]
    start = 0
    for same, run in groupby(enumerate(rows), key=lambda pair: pair[1] == blank):
        positions = [position for position, _ in run]
        if not same:
            continue
        start = positions[0]
        for before, position in pairwise(positions):
            if int(steps[position]) != int(steps[before]) + 1:
                start = position
                continue
            lines[start] = f"{steps[start]} to {steps[position]}{blank}"
            lines[position] = ""
    return lines


def _changes(values: Sequence[Any], limit: int) -> list[str]:
    """A column's cells; one that is as the one above, as far as it is written, is blank."""
    text = cell(values[0], limit)
    cells = [text]
    for above, value in pairwise(values):
        if value == above:
            cells.append("")
            continue
        before, text = text, str(value) if type(value) is int else cell(value, limit)
        cells.append("" if text == before else text)
    return cells


def _label(constants: Sequence[Column]) -> str:
    """What stands before the constants."""
    return "Constant" if all(column.is_constant for column in constants) else "Constant (while it is there)"


def _assigned(column: Column, limit: int) -> str:
    text = cell(column.value, limit)
    return f"{column.field}={text}" if column.field else f"= {text}"


def _merged(told: Iterable[tuple[str, str]]) -> list[str]:
    """``Car0 x`` and ``Car1 x`` as ``Car0 to Car1 x``."""
    runs: list[tuple[str, str, str]] = []
    for name, text in told:
        if runs and runs[-1][2] == text and _follows(runs[-1][1], name):
            runs[-1] = (runs[-1][0], name, text)
        else:
            runs.append((name, name, text))
    return [f"{first} {text}" if first == last else f"{first} to {last} {text}" for first, last, text in runs]


def _in_line(told: Sequence[tuple[str, str]]) -> list[str]:
    """What has changed; numbered objects in a row under their first and last names."""
    runs: list[list[tuple[str, str]]] = []
    for pair in told:
        if runs and _follows(runs[-1][-1][0], pair[0]):
            runs[-1].append(pair)
        else:
            runs.append([pair])
    parts = []
    for run in runs:
        if len(run) > 2 and all(text == run[0][1] for _, text in run):
            parts.append(f"{run[0][0]} to {run[-1][0]} each {run[0][1]}")
        elif len(run) > 2:
            parts.append(f"{run[0][0]} to {run[-1][0]} {', '.join(text for _, text in run)}")
        else:
            parts += [f"{name} {text}" for name, text in run]
    return parts


def _follows(name: str, other: str) -> bool:
    family, place = family_of(name)
    return place >= 0 and family_of(other) == (family, place + 1)
