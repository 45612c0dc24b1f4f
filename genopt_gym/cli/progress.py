"""How a run looks while it goes on: a live table on a terminal, a line a step anywhere else."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from genopt_gym.cli.tables import number
from genopt_gym.runs.loop import OnStep

SHOWN = 15
"""Rows of the live table; earlier ones scroll out."""

COLUMNS = ("step", "outcome", "score", "best", "trials", "seconds")


@contextmanager
def progress(console: Console, title: str, updates: int | None) -> Iterator[OnStep]:
    """Show the steps of one run; what it gives is to be called with each."""
    if not console.is_terminal:
        print(title, flush=True)
        yield _print_line
        return
    bar = Progress(
        SpinnerColumn(),
        TextColumn("edits"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )
    # The reset is step 0 and no edit: it leaves the bar at 0.
    edits = bar.add_task("edits", total=updates)
    rows: deque[tuple[list[str], str]] = deque(maxlen=SHOWN)
    best: list[float] = []

    def show(row: dict[str, Any], cost: dict[str, Any]) -> None:
        bar.update(edits, completed=row["step"])
        rows.append((_cells(row, cost), _style(row, best)))
        best[:] = [row["best_score"]]
        live.update(Group(_table(title, rows), bar))

    with Live(Group(_table(title, rows), bar), console=console, refresh_per_second=8) as live:
        yield show


def _table(title: str, rows: deque[tuple[list[str], str]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in COLUMNS:
        table.add_column(column, justify="left" if column == "outcome" else "right", min_width=9)
    for cells, style in rows:
        table.add_row(*cells, style=style)
    return table


def _style(row: dict[str, Any], best: list[float]) -> str:
    """Green for a new best, yellow for an edit that did not run."""
    if best and row["best_score"] != best[0]:
        return "bold green"
    return "" if row["outcome"] in ("ok", "unchanged") else "yellow"


def _cells(row: dict[str, Any], cost: dict[str, Any]) -> list[str]:
    """The trials are those of the run so far, the seconds those of the step."""
    scores = [number(row["score"]), number(row["best_score"])]
    return [str(row["step"]), row["outcome"], *scores, str(cost["trials"]), f"{cost['seconds']:.2f}"]


def _print_line(row: dict[str, Any], cost: dict[str, Any]) -> None:
    step, outcome, score, best, trials, seconds = _cells(row, cost)
    words = f"step {step:>3}  {outcome:<15}  score {score:>7}  best {best:>7}  trials {trials:>5}  {seconds:>7} s"
    print(words, flush=True)
