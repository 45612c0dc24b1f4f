"""``genopt list``: the environments, those of a family, of a suite, or all."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from genopt_gym.cli.tables import print_table
from genopt_gym.core.drawing import number
from genopt_gym.core.errors import UserError
from genopt_gym.core.task import Task, TaskSpec, starts_of
from genopt_gym.registration import EXAMPLES, FUNCTION, GAMES, NESTED, TABLE, Row
from genopt_gym.suites import suite as find_suite

WIDE = 110
"""Columns of a screen from which a family has a column of its own; it is in the id as well."""
OWN = "your own"
COLUMNS = ("id", "family", "starts", "metric, low .. high", "solved")
OF_SUITE = ("id", "family", "parameters", "metric, low .. high", "solved")


def facts(row: Row) -> type[Task] | Task:
    """A task's class; or the task with its default arguments, where its facts depend on them."""
    task = TaskSpec(row.task, {}).load()
    return task if hasattr(task, "metric") and hasattr(task, "structures") else task()


def families() -> list[str]:
    """Of all environments, as they stand in the ids."""
    return list(
        dict.fromkeys(family_of(id) for id in [*(row.id for row in TABLE), NESTED.id, FUNCTION.id, *dict(GAMES)])
    )


def family_of(id: str) -> str:
    """The part of an id before its name.

    >>> family_of("GenOpt/Atari-Pong-v0")
    'Atari'
    """
    return id.rpartition("/")[2].partition("-")[0]


def show_environments(family: str | None = None, suite: str | None = None) -> None:
    """Print the environments with their tasks' own facts, or those of a family or a suite alone.

    Args:
        family: as in the ids, in any case.
        suite: its name; its tasks are shown with the parameters that it gives them.

    Raises:
        UserError: there is no such family or suite, or none of the suite's tasks is of the family.
    """
    names = {name.lower(): name for name in families()}
    if family is not None and family.lower() not in names:
        near = difflib.get_close_matches(family.lower(), names, 1)
        hint = f"did you mean {names[near[0]]}?" if near else f"there are {', '.join(names.values())}"
        raise UserError(f"there is no family {family!r}; {hint}")
    wanted = None if family is None else names[family.lower()]
    columns = list(COLUMNS)
    rows = [row for row in _rows(wanted) if wanted is None or family_of(row[0]) == wanted]
    console = Console()
    if suite is not None:
        chosen = find_suite(suite)
        columns = list(OF_SUITE)
        rows = [[id, of, _words(chosen.tasks[id]), *rest] for id, of, _, *rest in rows if id in chosen.tasks]
        if not rows:
            raise UserError(f"suite {chosen.name} has no environment of the family {wanted}")
        console.print(f"suite {chosen.name}: {chosen.what}", highlight=False, soft_wrap=not console.is_terminal)
    if console.is_terminal and console.width < WIDE:
        columns.remove("family")
        rows = [[id, *rest] for id, _, *rest in rows]
    print_table(console, columns, rows, numbers_from=len(columns) - 1, whole=1)


def _words(parameters: Mapping[str, Any]) -> str:
    """As on the command line, after ``--set``.

    >>> _words({"start": "modular/stub", "disguise": 1})
    'start=modular/stub\\ndisguise=1'
    """
    return "\n".join(
        f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in parameters.items()
    )


def _rows(family: str | None) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = []
    for row in (*TABLE, NESTED):
        if family is None or family_of(row.id) == family:
            task = facts(row)
            metric = task.metric
            meaning = f"{metric.name}\n{number(metric.low)} .. {number(metric.high)}"
            rows.append([row.id, task.family, "\n".join(starts_of(task.structures)), meaning, number(metric.solved)])
    rows += [[row.id, "Function", OWN, OWN, "-"] for row in (FUNCTION, EXAMPLES)]
    # The games themselves: their steps are actions, for agents that play.
    rows += [[id, "Objects", "none: a step is an action", "reward of the game", "-"] for id, _ in GAMES]
    return rows
