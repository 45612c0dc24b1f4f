"""Rendering of traced trials as text: objects once, then what changed, within a size budget."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from genopt_gym.core.evidence import CALLS_NOT_SHOWN, Call, Event, Trial, View
from genopt_gym.core.summary import KEY, is_summary, summary_text
from genopt_gym.core.trace_heading import heading
from genopt_gym.core.windows import WINDOWS, checked

CELL_CHARS = 4000
TITLE_CHARS = 200
"""More than a trial's heading takes."""
ABSENT = "-"
UNSEEN = object()
LAST = ("action", "reward")
"""Columns that close a row."""


class Trace(NamedTuple):
    """A rendered trace and what it really holds."""

    text: str
    horizon_shown: int
    """The largest number of inner steps that any trial's part shows."""


def render(trials: Sequence[Trial], view: View, max_chars: int, most_steps: int | None = None) -> Trace:
    """Render the windows of ``trials``; each gets an equal share of ``max_chars``.

    Where a window does not fit its share, inner steps give way, and the window says which: ``first`` gives up its
    latest, ``last`` its earliest, ``around_reward`` its outermost.
    """
    parts, shown = [], 0
    left = max_chars
    for position, trial in enumerate(trials):
        share = left // (len(trials) - position)
        part, steps = _render_trial(trial, view, share - 2, most_steps)
        left -= len(part) + 2
        parts.append(part)
        shown = max(shown, steps)
    return Trace("\n\n".join(parts)[:max_chars], shown)


def _render_trial(trial: Trial, view: View, budget: int, most_steps: int | None) -> tuple[str, int]:
    failure = f"\nFailed: {trial.failure}"[: budget // 2] if trial.failure else ""
    events, prelude, rows = _fitting(trial.events, view, budget - len(failure) - TITLE_CHARS)
    title = heading(trial, events, view, most_steps)
    body = "\n".join(rows)
    return f"{title}\n{prelude}{body}{failure}"[:budget], len(rows)


def _fitting(events: Sequence[Event], view: View, room: int) -> tuple[Sequence[Event], str, list[str]]:
    """The events that the window keeps within ``room`` characters, written out."""
    while True:
        prelude, rows = _table(events) if _is_tabular(events) else _sections(events)
        kept = rows_that_fit(rows, view, room - len(prelude))
        events = [events[position] for position in kept]
        if not kept or kept[-1] == len(kept) - 1:
            return events, prelude, [rows[position] for position in kept]
        # A row leaves blank what is as in the row above, so where one has gone the next becomes longer.


def rows_that_fit(rows: Sequence[str], view: View, room: int) -> Sequence[int]:
    """Positions of the rows that the view's window keeps within ``room`` characters, in rising order."""
    sizes = [len(row) + 1 for row in rows]
    if sum(sizes) <= max(room, 0):
        return range(len(rows))
    return checked(view.window, WINDOWS.make(view.window).fit(sizes, room), len(rows), len(rows) - 1)


def _is_tabular(events: Sequence[Event]) -> bool:
    return bool(events) and all(isinstance(e.observation, dict) and not is_summary(e.observation) for e in events)


def _table(events: Sequence[Event]) -> tuple[str, list[str]]:
    """Constants and a header, then a row per step in which an unchanged cell is blank."""
    flat: list[dict[str, Any]] = []
    columns: dict[str, None] = {}
    patterns: dict[str, str] = {}
    for event in events:
        cells: dict[str, Any] = {}
        _flatten("", event.observation, cells)
        _flatten_calls(event.calls, cells, patterns)
        if event.notes:
            cells["notes"] = "; ".join(event.notes)
        cells["action"] = event.action
        cells["reward"] = event.reward
        columns.update(dict.fromkeys(cells))
        flat.append(cells)
    table = {name: [cells.get(name, UNSEEN) for cells in flat] for name in columns}
    constants = {name: values[0] for name, values in table.items() if len(flat) > 1 and _is_constant(values)}
    varying = [name for name in columns if name not in constants and name not in LAST]
    varying += [name for name in LAST if name not in constants]
    prelude = f"Calls: {', '.join(patterns.values())}\n" if patterns else ""
    if constants:
        prelude += "Constant: " + ", ".join(f"{n}={_text(value)}" for n, value in constants.items()) + "\n"
    prelude += f"(a blank cell is as in the row above; {ABSENT} is absent)\n"
    prelude += ",".join(["step", *varying]) + "\n"
    steps = [str(event.step) for event in events]
    rows = [",".join(row) for row in zip(steps, *(_changes(table[name]) for name in varying), strict=True)]
    return prelude, rows


def _is_constant(values: Sequence[Any]) -> bool:
    return values[0] is not UNSEEN and values.count(values[0]) == len(values)


def _changes(values: Sequence[Any]) -> list[str]:
    """A column's cells; one that is as the one above is blank."""
    return [_text(values[0])] + [
        "" if value == above else str(value) if type(value) is int else _text(value)
        for above, value in pairwise(values)
    ]


def _sections(events: Sequence[Event]) -> tuple[str, list[str]]:
    """A labelled paragraph per step, for trials whose inputs are no table."""
    rows = []
    for event in events:
        lines = [f"Input: {_paragraph(event.observation)}"]
        for call in event.calls:
            if call.component == CALLS_NOT_SHOWN:
                lines.append(f"({call.result} more calls are not shown)")
                continue
            arguments = []
            for position, argument in enumerate(call.arguments):
                name = f"argument{position}"
                if is_summary(argument):
                    lines.append(f"{name} of the next call: {_paragraph(argument)}")
                arguments.append(name if is_summary(argument) else _argument(argument))
            lines.append(f"{call.component}({', '.join(arguments)}) = {_paragraph(call.result)}")
        lines.append(f"Answer: {_paragraph(event.action)}")
        lines += [f"Note: {note}" for note in event.notes]
        rows.append("\n".join(lines))
    return "", rows


def _flatten(name: str, value: Any, cells: dict[str, Any]) -> None:
    """Nested objects and short lists as one cell a number, by dotted name."""
    kind = type(value)
    if kind is dict:
        for key, inner in value.items():
            path = f"{name}.{key}" if name else key
            if type(inner) is int:
                cells[path] = inner
            else:
                _flatten(path, inner, cells)
    elif kind is list and 0 < len(value) <= 32:
        for position, inner in enumerate(value):
            _flatten(f"{name}[{position}]", inner, cells)
    else:
        cells[name] = value


def _flatten_calls(calls: Sequence[Call], cells: dict[str, Any], patterns: dict[str, str]) -> None:
    """A column for each call's result; arguments that are no references get columns of their own."""
    for call in calls:
        if call.component == CALLS_NOT_SHOWN:
            cells[CALLS_NOT_SHOWN] = call.result
            continue
        name, count = f"{call.component}()", 2
        while name in cells:
            name, count = f"{call.component}()#{count}", count + 1
        known = name in patterns
        arguments = []
        for position, argument in enumerate(call.arguments):
            if not _is_reference(argument):
                cells[f"{name}:argument{position}"] = argument
                arguments.append(f"argument{position}")
            elif not known:
                arguments.append(argument["$ref"])
        if not known:
            patterns[name] = f"{name.replace('()', '')}({', '.join(arguments)})"
        cells[name] = call.result


def _is_reference(value: Any) -> bool:
    return type(value) is dict and len(value) == 1 and type(value.get("$ref")) is str


def _argument(value: Any) -> str:
    return str(value["$ref"]) if _is_reference(value) else _text(value)


def _paragraph(value: Any) -> str:
    """A summary with its own lines, indented below the first if there are several; anything else on one line."""
    if not is_summary(value):
        return _text(value)
    return summary_text(value[KEY]).replace("\n", "\n    ")


def _text(value: Any) -> str:
    if value is UNSEEN:
        return ABSENT
    if isinstance(value, float):
        return f"{value:.5g}"
    if is_summary(value):
        value = summary_text(value[KEY])
    if isinstance(value, str):
        text = shortened(value)
        ambiguous = text in ("", ABSENT) or "," in text or '"' in text
        return repr(text) if ambiguous else text.replace("\n", "\\n")
    text = str(value).replace(", ", " ")
    return shortened(text)


def shortened(text: str) -> str:
    """The text, or its two ends where it is longer than a cell: a long question asks at its end."""
    if len(text) <= CELL_CHARS:
        return text
    tail = CELL_CHARS // 3
    return f"{text[: CELL_CHARS - tail]} …{len(text) - CELL_CHARS:,} characters… {text[-tail:]}"
