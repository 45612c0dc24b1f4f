"""``genopt list``: the registration table, with each task's own facts. No environment is made."""

from __future__ import annotations

from rich.console import Console

from genopt_gym.cli.tables import number, print_table
from genopt_gym.registration import TABLE
from genopt_gym.task import TaskSpec, starts_of


def show() -> None:
    rows = []
    for row in TABLE:
        task = TaskSpec(row.task, {}).load()
        metric = task.metric
        meaning = f"{metric.name}\n{number(metric.low)} .. {number(metric.high)}"
        rows.append([row.id, task.family, "\n".join(starts_of(task.structures)), meaning, number(metric.solved)])
    print_table(Console(), ["id", "family", "starts", "metric, low .. high", "solved"], rows, numbers_from=4)
