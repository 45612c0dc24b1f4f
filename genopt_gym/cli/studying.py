"""``genopt study run`` and ``index``: many runs with one command, which also goes on with them."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from genopt_gym.cli.reporting import report
from genopt_gym.cli.tables import number
from genopt_gym.core.errors import UserError
from genopt_gym.evaluation.pool import default_workers
from genopt_gym.study.execution.execute import Executor, Outcome, What, run_study
from genopt_gym.study.execution.local import LocalExecutor
from genopt_gym.study.execution.progress import StudyProgress
from genopt_gym.study.folder import PLAN, StorageError, StudyFolder, read_error, read_plan
from genopt_gym.study.index import build_index
from genopt_gym.study.planning.document import plan_text
from genopt_gym.study.planning.plan import load_plan
from genopt_gym.study.records import Plan


@dataclass(frozen=True)
class StudyArguments:
    """The command's arguments as they were typed; ``overrides`` are those that change the plan."""

    plan: str
    out: Path | None
    executor: str
    address: str | None
    workers: int | None
    overrides: Mapping[str, Any] = field(default_factory=dict)


def run(request: StudyArguments) -> None:
    """Run what is not done yet; exit code 1 if a run failed or was left out."""
    plan, path, source = _read(request)
    executor = _executor(request)
    try:
        with closing(StudyFolder(path, plan, source)) as folder, _show(Console(), plan, path) as show:
            outcome = run_study(folder, executor, show)
    except KeyboardInterrupt:
        print(f"\ngenopt: stopped; go on with: {_command(path)}", file=sys.stderr)
        raise typer.Exit(130) from None
    except StorageError as error:
        raise UserError(f"{error}; go on with: {_command(path)}") from error
    _tell(outcome, path)


def index(path: Path) -> None:
    """Rebuild the index, and say what it holds."""
    records = build_index(path)
    states = [record.state for record in records]
    counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    steps = sum(len(record.steps.outcome) for record in records)
    print(f"{path}: {len(records)} runs ({counts}), {steps:,} steps")
    for record in records:
        if record.problem:
            print(f"{record.state}  {record.run.key}: {_last_line(record.problem)}")


def _read(request: StudyArguments) -> tuple[Plan, Path, str]:
    """The plan, its folder, and the text that it was read from. A study's folder stands for its plan."""
    given = Path(request.plan)
    if (given / PLAN).is_file():
        if request.out is not None or request.overrides:
            raise UserError(f"{given} is a study with a plan of its own: leave out what would change it")
        return read_plan(given), given, ""
    plan = load_plan(request.plan, **request.overrides)
    return plan, request.out or Path("studies") / plan.name.replace("/", "-"), plan_text(request.plan)


def _executor(request: StudyArguments) -> Executor:
    if request.executor == "ray":
        from genopt_gym.study.execution.on_ray import RayExecutor

        return RayExecutor(request.address, request.workers)
    if request.executor != "local":
        raise UserError(f"--executor is local or ray, not {request.executor!r}")
    if request.address is not None:
        raise UserError("--address is that of a Ray cluster: add --executor ray")
    try:
        return LocalExecutor(request.workers or default_workers())
    except ValueError as error:
        raise UserError(str(error)) from None


def _command(path: Path) -> str:
    return f"genopt study run {shlex.quote(str(path))}"


class _Display:
    """The study as it goes: a live table on a terminal, a line for each run elsewhere."""

    def __init__(self, plan: Plan, path: Path, live: Live | None) -> None:
        self._plan = plan
        self._path = path
        self._live = live
        self._progress = StudyProgress(plan, path)
        self._running: list[str] = []
        print(f"{plan.name}: {len(plan.runs)} runs, {self._progress.done} of them done, in {path}", flush=True)

    def __call__(self, what: What, key: str) -> None:
        if what == "begun":
            self._running.append(key)
        elif what != "tick":
            self._running.remove(key)
            self._progress.look([key, *self._running])
            self._say(what, key)
        if self._live is not None:
            self._progress.look(self._running)
            self._live.update(self._table())

    def _say(self, what: What, key: str) -> None:
        done, best = self._progress.done, number(self._progress.of[key].best)
        words = {
            "done": f"best {best}",
            "again": "its process crashed; it is resumed",
            "failed": _last_line(read_error(self._path, key)),
        }
        line = f"{done:>4}/{len(self._plan.runs)}  {what:<6}  {key}  {words[what]}"
        if self._live is None:
            print(f"{line}  {self._totals()}", flush=True)
        else:
            self._live.console.print(Text(line, style="" if what == "done" else "yellow"))

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


@contextmanager
def _show(console: Console, plan: Plan, path: Path) -> Iterator[_Display]:
    if not console.is_terminal:
        yield _Display(plan, path, None)
        return
    with Live(console=console, refresh_per_second=4) as live:
        yield _Display(plan, path, live)


def _tell(outcome: Outcome, path: Path) -> None:
    for title, found in (("failed", outcome.failed), ("left out", outcome.left_out)):
        for key, reason in found.items():
            print(f"{title}  {key}: {_last_line(reason)}")
    if outcome.failed:
        print(f"what they said is in {path / 'errors'}; try them again with: {_command(path)}")
    report(path, None, watch=False)
    if outcome.failed or outcome.left_out:
        raise typer.Exit(1)


def _last_line(text: str) -> str:
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
