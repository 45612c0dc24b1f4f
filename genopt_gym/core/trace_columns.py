"""The columns of a trace's table: every value of every step by a name, in an order that depends on no step."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from genopt_gym.core.evidence import CALLS_NOT_SHOWN, Call, Event
from genopt_gym.core.trace_cells import UNSEEN, Written, argument, cell, is_reference

NOISE = 1e-6
"""A number that is less than this, and than this share of the largest in its column, is written as 0."""
LAST = ("action", "reward")
"""Columns that close a row."""
CONTAINERS = frozenset((dict, list))
PLAIN = frozenset((int, float, bool, type(None)))
NUMBERED = re.compile(r"(.*?)(\d+)$")


@dataclass(frozen=True, eq=False, slots=True)
class Column:
    """One column: ``Ball.x`` is the field ``x`` of the object ``Ball``."""

    name: str
    object: str
    field: str
    values: Sequence[Any]

    @property
    def value(self) -> Any:
        """The first that is there."""
        return next((value for value in self.values if value is not UNSEEN), UNSEEN)

    @property
    def is_constant(self) -> bool:
        values = self.values
        return values[0] is not UNSEEN and values.count(values[0]) == len(values)

    @property
    def is_constant_while_there(self) -> bool:
        value, values = self.value, self.values
        return value == value and values.count(value) + values.count(UNSEEN) == len(values)

    @property
    def absent(self) -> list[bool]:
        return [value is UNSEEN for value in self.values]


def columns_of(events: Sequence[Event], call_limit: int) -> tuple[list[Column], list[str]]:
    """All columns in an order that depends on no event, and how the calls got their arguments."""
    patterns: dict[str, str] = {}
    objects: dict[str, tuple[str, str]] = {}
    boxes: dict[tuple[Any, ...], list[str]] = {}
    seen, made = [], []
    for event in events:
        seen.append(_flat(event.observation, objects, boxes))
        made.append(_flat_calls(event.calls, patterns, call_limit))
        if event.notes:
            made[-1]["notes"] = "; ".join(event.notes)
    names = [*_by_kind(_common_order(map(tuple, seen)), objects), *_common_order(map(tuple, made))]
    rows = [{**cells, **calls} for cells, calls in zip(seen, made, strict=True)]
    columns = [
        Column(name, *objects.get(name, (name, "")), _without_noise([cells.get(name, UNSEEN) for cells in rows]))
        for name in dict.fromkeys(names)
        if name not in LAST
    ]
    columns.append(Column("action", "action", "", _without_noise([event.action for event in events])))
    columns.append(Column("reward", "reward", "", _without_noise([event.reward for event in events])))
    return columns, list(patterns.values())


def _without_noise(values: Sequence[Any]) -> Sequence[Any]:
    """The values, with 0 for what is nothing beside the largest: the last digits of something that has come to rest.

    >>> _without_noise([7.5, -3.2e-9, 0.001]), _without_noise([3e-9, 2e-9])
    ([7.5, 0.0, 0.001], [3e-09, 2e-09])
    """
    sizes = [abs(value) for value in values if type(value) is float and value]
    if not sizes:
        return values
    least = NOISE * min(1.0, max(sizes))
    if min(sizes) >= least:
        return values
    return [0.0 if type(value) is float and abs(value) < least else value for value in values]


def _common_order(orders: Iterable[tuple[str, ...]]) -> list[str]:
    """One order for all names: each stands behind the name that it stood behind when it first came."""
    names: list[str] = []
    for order in dict.fromkeys(orders):
        place = 0
        for name in order:
            if name in names:
                place = names.index(name) + 1
            else:
                names.insert(place, name)
                place += 1
    return names


def _by_kind(names: Sequence[str], objects: dict[str, tuple[str, str]]) -> list[str]:
    """Numbered objects of a kind in the order of their numbers, at the place of the first."""
    first: dict[str, int] = {}
    keys = {}
    for place, name in enumerate(names):
        above, field = objects[name]
        family, index = family_of(above) if field else (above, -1)
        keys[name] = (first.setdefault(family, place), index, place)
    return sorted(names, key=keys.__getitem__)


def _flat(
    observation: dict[str, Any], objects: dict[str, tuple[str, str]], boxes: dict[tuple[Any, ...], list[str]]
) -> dict[str, Any]:
    """Nested objects and short lists as one cell a number, by dotted name.

    Args:
        observation: one step's.
        objects: by a cell's name, the object and the field; what is new is added.
        boxes: by its name and fields, the names of an object's cells; what is new is added.
    """
    cells: dict[str, Any] = {}
    for key, value in observation.items():
        if type(value) is dict and CONTAINERS.isdisjoint(map(type, value.values())):
            # Nearly all there is: it runs for every object of every step.
            names = boxes.get((key, *value))
            if names is None:
                names = boxes[(key, *value)] = [f"{key}.{field}" for field in value]
                for name in names:
                    objects.setdefault(name, (str(key), name[len(str(key)) :].removeprefix(".")))
            cells.update(zip(names, value.values(), strict=True))
            continue
        fields: dict[str, Any] = {}
        _flatten(str(key), value, fields)
        for name in fields:
            objects.setdefault(name, (str(key), name[len(str(key)) :].removeprefix(".")))
        cells.update(fields)
    return cells


def _flatten(name: str, value: Any, cells: dict[str, Any]) -> None:
    kind = type(value)
    if kind is dict:
        for key, inner in value.items():
            _flatten(f"{name}.{key}", inner, cells)
    elif kind is list and 0 < len(value) <= 32:
        for position, inner in enumerate(value):
            _flatten(f"{name}[{position}]", inner, cells)
    else:
        cells[name] = value


def _flat_calls(calls: Sequence[Call], patterns: dict[str, str], limit: int) -> dict[str, Any]:
    """A column for each call's result; arguments that are no references get columns of their own."""
    cells: dict[str, Any] = {}
    for call in calls:
        if call.component == CALLS_NOT_SHOWN:
            cells[CALLS_NOT_SHOWN] = call.result
            continue
        name, count = f"{call.component}()", 2
        while name in cells:
            name, count = f"{call.component}()#{count}", count + 1
        known = name in patterns
        arguments = []
        for position, value in enumerate(call.arguments):
            if not is_reference(value):
                cells[f"{name}:argument{position}"] = _short(value, limit)
                arguments.append(f"argument{position}")
            elif not known:
                arguments.append(argument(value))
        if not known:
            patterns[name] = f"{name.replace('()', '')}({', '.join(arguments)})"
        cells[name] = _short(call.result, limit)
    return cells


def _short(value: Any, limit: int) -> Any:
    """What a component got or returned, shortened unless it is a number or a short text."""
    if type(value) in PLAIN or (type(value) is str and len(value) <= limit):
        return value
    return Written(cell(value, limit))


def family_of(name: str) -> tuple[str, int]:
    """``Car12`` is the car with number 12; what has no number has -1."""
    found = NUMBERED.match(name)
    return (found[1], int(found[2])) if found else (name, -1)
