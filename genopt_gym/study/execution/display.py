"""How a study looks while it goes on: a live table on a terminal or in a notebook, a line for each run elsewhere."""

from __future__ import annotations

from pathlib import Path

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from genopt_gym.core.drawing import number
from genopt_gym.core.live import LiveView
from genopt_gym.study.execution.execute import What
from genopt_gym.study.execution.progress import StudyProgress
from genopt_gym.study.folder import read_error
from genopt_gym.study.records import Plan


class StudyDisplay:
    """Shows the runs of a study as they begin and end; it is told as ``run_study`` tells of events.

    Args:
        plan: of the study.
        path: its folder.
        view: where to; one of its own if left out.
    """

    def __init__(self, plan: Plan, path: Path, view: LiveView | None = None) -> None:
        self._plan = plan
        self._path = path
        self._view = LiveView() if view is None else view
        self._progress = StudyProgress(plan, path)
        self._running: list[str] = []
        print(f"{plan.name}: {len(plan.runs)} runs, {self._progress.done} of them done, in {path}", flush=True)

    def close(self) -> None:
        """Leave the last state where it is."""
        self._view.close()

    def __call__(self, what: What, key: str) -> None:
        if what == "begun":
            self._running.append(key)
        elif what != "tick":
            self._running.remove(key)
            self._progress.look([key, *self._running])
            self._say(what, key)
        if self._view.can_show:
            self._progress.look(self._running)
            self._view.show(self._table())

    def _say(self, what: What, key: str) -> None:
        done, best = self._progress.done, number(self._progress.of[key].best)
        words = {
            "done": f"best {best}",
            "again": "its process crashed; it is resumed",
            "failed": last_line(read_error(self._path, key)),
        }
        line = f"{done:>4}/{len(self._plan.runs)}  {what:<6}  {key}  {words[what]}"
        if self._view.can_show:
            self._view.say(Text(line, style="" if what == "done" else "yellow"))
        else:
            print(f"{line}  {self._totals()}", flush=True)

    def _table(self) -> Group:
        runs = Table("run", "edits", "best", box=None, pad_edge=False)
        for key in self._running:
            progress = self._progress.of[key]
            runs.add_row(key, f"{progress.edits}/{progress.planned}", number(progress.best))
        best = [f"{task}  best {number(score)}  {arm}" for task, (arm, score) in self._progress.best().items()]
        bar = ProgressBar(len(self._plan.runs), self._progress.done, width=40)
        count = f"runs {self._progress.done}/{len(self._plan.runs)}  {self._totals()}"
        return Group(runs, Text("\n".join(best), style="green"), bar, Text(f" {count}"))

    def _totals(self) -> str:
        standings = self._progress
        words = [] if standings.seconds_left is None else [f"about {_duration(standings.seconds_left)} left"]
        if standings.tokens:
            money = "money unknown" if standings.money is None else f"${standings.money:,.2f}"
            words += [f"{standings.tokens:,} tokens", money]
        return ", ".join(words)


def last_line(text: str) -> str:
    """Of a traceback, the line that says what it was."""
    return text.strip().rpartition("\n")[2]


def _duration(seconds: float) -> str:
    """
    >>> _duration(40), _duration(400), _duration(40_000)
    ('40 s', '7 min', '11.1 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
