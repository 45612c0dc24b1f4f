"""``genopt list``: the environments, those of a family or all."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from rich.console import Console

from genopt_gym.cli.tables import print_table
from genopt_gym.core.drawing import number
from genopt_gym.core.errors import UserError
from genopt_gym.core.task import Task, TaskSpec, starts_of
from genopt_gym.registration import EXAMPLES, FUNCTION, GAMES, TABLE, Row

WIDE = 110
"""Columns of a screen from which a family has a column of its own; it is in the id as well."""
OWN = "your own"
COLUMNS = ("id", "family", "starts", "metric, low .. high", "solved")


def facts(row: Row) -> type[Task] | Task:
    """A task's class; or the task with its default arguments, where its facts depend on them."""
    task = TaskSpec(row.task, {}).load()
    return task if hasattr(task, "metric") and hasattr(task, "structures") else task()


def families() -> list[str]:
    """Of all environments, as they stand in the ids."""
    return list(dict.fromkeys(family_of(id) for id in [*(row.id for row in TABLE), FUNCTION.id, *dict(GAMES)]))


def family_of(id: str) -> str:
    """The part of an id before its name.

    >>> family_of("GenOpt/Atari-Pong-v0")
    'Atari'
    """
    return id.rpartition("/")[2].partition("-")[0]


def show_environments(family: str | None = None) -> None:
    """Print every environment of a family, or of all, with its task's own facts. UserError for a family unknown."""
    names = {name.lower(): name for name in families()}
    if family is not None and family.lower() not in names:
        near = difflib.get_close_matches(family.lower(), names, 1)
        hint = f"did you mean {names[near[0]]}?" if near else f"there are {', '.join(names.values())}"
        raise UserError(f"there is no family {family!r}; {hint}")
    wanted = None if family is None else names[family.lower()]
    rows = [row for row in _rows(wanted) if wanted is None or family_of(row[0]) == wanted]
    console = Console()
    columns = list(COLUMNS)
    if console.is_terminal and console.width < WIDE:
        columns.remove("family")
        rows = [[id, *rest] for id, _, *rest in rows]
    print_table(console, columns, rows, numbers_from=len(columns) - 1, whole=1)


def _rows(family: str | None) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = []
    for row in TABLE:
        if family is None or family_of(row.id) == family:
            task = facts(row)
            metric = task.metric
            meaning = f"{metric.name}\n{number(metric.low)} .. {number(metric.high)}"
            rows.append([row.id, task.family, "\n".join(starts_of(task.structures)), meaning, number(metric.solved)])
    rows += [[row.id, "Function", OWN, OWN, "-"] for row in (FUNCTION, EXAMPLES)]
    # The games themselves: their steps are actions, for agents that play.
    rows += [[id, "Objects", "none: a step is an action", "reward of the game", "-"] for id, _ in GAMES]
    return rows
