"""Rendering of traced trials as text: objects once, then what changed, within a size budget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from genopt_gym.evidence import Event, Trial, View

CELL_CHARS = 4000
ABSENT = "-"


class Trace(NamedTuple):
    """A rendered trace and what it really holds."""

    text: str
    horizon_shown: int
    """The largest number of inner steps that any trial's part shows."""


def render(trials: Sequence[Trial], view: View, max_chars: int) -> Trace:
    """Render the windows of ``trials``; each gets an equal share of ``max_chars``.

    Where a window does not fit its share, inner steps give way: the latest of window ``first``, the earliest of
    ``last``, the outermost of ``around_reward``.
    """
    parts, shown = [], 0
    left = max_chars
    for position, trial in enumerate(trials):
        share = left // (len(trials) - position)
        part, steps = _render_trial(trial, view, share - 2)
        left -= len(part) + 2
        parts.append(part)
        shown = max(shown, steps)
    return Trace("\n\n".join(parts)[:max_chars], shown)


def _render_trial(trial: Trial, view: View, budget: int) -> tuple[str, int]:
    failure = f"\nFailed: {trial.failure}"[: budget // 2] if trial.failure else ""
    prelude, rows = _table(trial.events) if _is_tabular(trial.events) else _sections(trial.events)
    room = budget - len(failure) - len(prelude) - 200
    kept = _fitting(rows, view, room)
    title = f"Trial {trial.instance}: {len(kept)} of {trial.steps} inner steps"
    if kept and len(kept) < trial.steps:
        first = trial.events[kept.start].step
        title += f" ({first} to {first + len(kept) - 1})"
    if len(kept) < len(rows):
        title += f"; {len(rows) - len(kept)} more were cut to fit the size budget"
    score = f"; score {trial.score:g}" if trial.failure is None and len(trial.events) == trial.steps else ""
    body = "\n".join(rows[i] for i in kept)
    return f"{title}{score}\n{prelude}{body}{failure}"[:budget], len(kept)


def _fitting(rows: Sequence[str], view: View, room: int) -> range:
    """The longest run of rows within ``room`` characters that the window's kind prefers."""
    start, end = 0, len(rows)
    size = sum(map(len, rows)) + len(rows)
    while size > room and start < end:
        drop_first = view.window == "last" or (view.window == "around_reward" and (end - start) % 2 == 0)
        row = rows[start] if drop_first else rows[end - 1]
        start, end = (start + 1, end) if drop_first else (start, end - 1)
        size -= len(row) + 1
    return range(start, end)


def _is_tabular(events: Sequence[Event]) -> bool:
    return bool(events) and all(isinstance(e.observation, dict) for e in events)


def _table(events: Sequence[Event]) -> tuple[str, list[str]]:
    """Constants and a header, then a row per step in which an unchanged cell is blank."""
    flat: list[dict[str, str]] = []
    columns: dict[str, None] = {}
    patterns: dict[str, str] = {}
    for event in events:
        cells: dict[str, str] = {}
        _flatten("", event.observation, cells)
        _flatten_calls(event, cells, patterns)
        cells["action"] = _text(event.action)
        cells["reward"] = _text(event.reward)
        columns.update(dict.fromkeys(cells))
        flat.append(cells)
    for last in ("action", "reward"):
        columns[last] = columns.pop(last)
    constants = {
        name: flat[0].get(name)
        for name in columns
        if len(flat) > 1 and all(cells.get(name) == flat[0].get(name) for cells in flat)
    }
    varying = [name for name in columns if name not in constants]
    prelude = "".join(f"Calls: {pattern}\n" for pattern in [", ".join(patterns.values())] if pattern)
    if constants:
        prelude += "Constant: " + ", ".join(f"{name}={value}" for name, value in constants.items()) + "\n"
    prelude += f"(a blank cell is as in the row above; {ABSENT} is absent)\n"
    prelude += ",".join(["step", *varying]) + "\n"
    rows, above = [], dict.fromkeys(varying, "")
    for event, cells in zip(events, flat, strict=True):
        row = [str(event.step)]
        for name in varying:
            value = cells.get(name, ABSENT)
            if value == above[name]:
                row.append("")
            else:
                row.append(value)
                above[name] = value
        rows.append(",".join(row))
    return prelude, rows


def _sections(events: Sequence[Event]) -> tuple[str, list[str]]:
    """A labelled paragraph per step, for trials whose inputs are no table."""
    rows = []
    for event in events:
        lines = [f"Input: {_text(event.observation)}"]
        lines += [f"{c.component}({', '.join(map(_argument, c.arguments))}) = {_text(c.result)}" for c in event.calls]
        lines.append(f"Answer: {_text(event.action)}")
        rows.append("\n".join(lines))
    return "", rows


def _flatten(name: str, value: Any, cells: dict[str, str]) -> None:
    if type(value) is int:
        cells[name] = str(value)
    elif type(value) is dict:
        prefix = f"{name}." if name else ""
        for key, inner in value.items():
            _flatten(f"{prefix}{key}", inner, cells)
    elif type(value) is list and 0 < len(value) <= 32:
        for position, inner in enumerate(value):
            _flatten(f"{name}[{position}]", inner, cells)
    else:
        cells[name] = _text(value)


def _flatten_calls(event: Event, cells: dict[str, str], patterns: dict[str, str]) -> None:
    """A column for each call's result; arguments that are no references get columns of their own."""
    for call in event.calls:
        name, count = f"{call.component}()", 2
        while name in cells or f"{name}.0" in cells:
            name, count = f"{call.component}()#{count}", count + 1
        arguments = []
        for position, argument in enumerate(call.arguments):
            if _is_reference(argument):
                arguments.append(argument["$ref"])
            else:
                column = f"{name}:argument{position}"
                cells[column] = _text(argument)
                arguments.append(column.rpartition(":")[2])
        patterns.setdefault(name, f"{name.replace('()', '')}({', '.join(arguments)})")
        cells[name] = _text(call.result)


def _is_reference(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"$ref"}


def _argument(value: Any) -> str:
    return str(value["$ref"]) if _is_reference(value) else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.5g}"
    if isinstance(value, str):
        text = value if len(value) <= CELL_CHARS else value[:CELL_CHARS] + "…"
        return text.replace("\n", "\\n") if "," not in text and '"' not in text else repr(text)
    text = str(value).replace(", ", " ")
    return text if len(text) <= CELL_CHARS else text[:CELL_CHARS] + "…"
