"""The events of a trial as rows with named cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from genopt_gym.core.evidence import CALLS_NOT_SHOWN, Event, Trial
from genopt_gym.core.summary import is_summary

LEADING = ("reward", "action")
LONGEST_LIST = 32


@dataclass(frozen=True)
class TrialRows:
    """Rows of a trial.

    Attributes:
        steps: inner step of each row.
        columns: names of the cells that vary, reward and action first.
        constants: cells that are the same in all rows.
        cells: of each row, by name; a cell may be absent.
    """

    steps: Sequence[int]
    columns: Sequence[str]
    constants: Mapping[str, Any]
    cells: Sequence[Mapping[str, Any]]


def trial_rows(trial: Trial) -> TrialRows | None:
    """The rows; ``None`` for a trial whose inputs are no mappings, or that has no events."""
    events = trial.events
    if not events or not all(isinstance(e.observation, dict) and not is_summary(e.observation) for e in events):
        return None
    cells = [_cells(event) for event in events]
    names = dict.fromkeys(name for row in cells for name in row)
    first = cells[0]
    same = [
        name
        for name in names
        if name not in LEADING and len(cells) > 1 and all(name in row and row[name] == first[name] for row in cells)
    ]
    columns = [*LEADING, *(name for name in names if name not in same and name not in LEADING)]
    return TrialRows([event.step for event in events], columns, {name: first[name] for name in same}, cells)


def _cells(event: Event) -> dict[str, Any]:
    cells: dict[str, Any] = {"reward": event.reward, "action": event.action}
    for call in event.calls:
        name = call.component if call.component == CALLS_NOT_SHOWN else f"{call.component}()"
        count = 2
        while name in cells:
            name, count = f"{call.component}()#{count}", count + 1
        cells[name] = call.result
    _flatten("", event.observation, cells)
    return cells


def _flatten(name: str, value: Any, cells: dict[str, Any]) -> None:
    if isinstance(value, dict) and value and not is_summary(value):
        for key, inner in value.items():
            _flatten(f"{name}.{key}" if name else str(key), inner, cells)
    elif isinstance(value, list) and 0 < len(value) <= LONGEST_LIST:
        for place, inner in enumerate(value):
            _flatten(f"{name}[{place}]", inner, cells)
    else:
        cells[name] = value
