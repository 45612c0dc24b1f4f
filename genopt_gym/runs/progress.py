"""How a run looks while it goes on: a live table on a terminal or in a notebook, a line a step anywhere else."""

from __future__ import annotations

from collections import deque

from rich.console import Console, Group
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from genopt_gym.core.drawing import number
from genopt_gym.core.live import LiveView
from genopt_gym.runs.callbacks import Callback, RunStart
from genopt_gym.runs.result import Result
from genopt_gym.runs.stages import Stage
from genopt_gym.runs.steps import Step

SHOWN = 15
"""Rows of the live table; earlier ones scroll out."""

TOLD_EVERY = 10.0
"""Seconds between two lines on how far a stage is, where nothing is drawn."""

COLUMNS = ("step", "outcome", "score", "best", "trials", "seconds")


class ProgressDisplay(Callback):
    """Shows the steps of a run as they are made.

    Args:
        console: where to; standard output if left out.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._view = LiveView(console)

    def on_start(self, start: RunStart) -> None:
        config, self._metric = start.config, start.observed or start.metric
        self._title = f"{config.id}  {config.agent}  seed {config.seed}"
        self._rows: deque[tuple[list[str], str]] = deque(maxlen=SHOWN)
        self._best: float | None = None
        self._stage, self._told = "", 0.0
        self._scored = f"score: {self._metric.name}; on {start.split}"
        if start.split != "validation":
            self._scored += ". Which artifact is kept is decided by validation, which is another score"
        if not self._view.can_show:
            print(f"{self._title}\n{self._scored}", flush=True)
            return
        columns = (SpinnerColumn(), TextColumn("edits"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, console=self._view.console)
        # The reset is step 0 and no edit: it leaves the bar at 0.
        self._edits = self._bar.add_task("edits", total=start.updates)
        self._draw()

    def on_step(self, step: Step) -> None:
        if not self._view.can_show:
            print(self._line(step), flush=True)
            return
        self._bar.update(self._edits, completed=step.step)
        self._rows.append((self._cells(step), self._style(step)))
        self._best = step.best_score
        self._draw()

    def on_stage(self, stage: Stage) -> None:
        if self._view.can_show:
            self._stage = str(stage)
            self._draw()
        elif stage.done == 0 or stage.seconds >= self._told + TOLD_EVERY:
            self._told = stage.seconds if stage.done else 0.0
            print(stage, flush=True)

    def on_end(self, result: Result | None) -> None:
        self._view.close()

    def _draw(self) -> None:
        table = Table(title=self._title, title_justify="left", title_style="bold", caption=self._scored)
        for column in COLUMNS:
            table.add_column(column, justify="left" if column == "outcome" else "right", min_width=9)
        for cells, style in self._rows:
            table.add_row(*cells, style=style)
        self._view.show(Group(table, self._bar, *([Text(self._stage)] if self._stage else [])))

    def _style(self, step: Step) -> str:
        """Green for a new best, yellow for an edit that did not run."""
        if self._best is not None and step.best_score != self._best:
            return "bold green"
        return "" if step.outcome in ("ok", "unchanged") else "yellow"

    def _cells(self, step: Step) -> list[str]:
        """The trials are those of the run so far, the seconds those of the step."""
        scores = [number(score, self._metric) for score in (step.score, step.best_score)]
        return [str(step.step), step.outcome, *scores, str(step.total_trials), f"{step.seconds:.2f}"]

    def _line(self, made: Step) -> str:
        step, outcome, score, best, trials, seconds = self._cells(made)
        return f"step {step:>3}  {outcome:<15}  score {score:>7}  best {best:>7}  trials {trials:>5}  {seconds:>7} s"
