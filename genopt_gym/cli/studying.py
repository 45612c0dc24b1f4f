"""``genopt study run`` and ``index``: many runs with one command, which also goes on with them."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer

from genopt_gym.cli.arguments import ReportArguments
from genopt_gym.cli.reporting import report
from genopt_gym.core.errors import UserError
from genopt_gym.evaluation.worker_process import default_workers
from genopt_gym.runs.callbacks import make_callbacks
from genopt_gym.study.execution.display import StudyDisplay, last_line
from genopt_gym.study.execution.execute import Executor, Outcome, run_study
from genopt_gym.study.execution.local import LocalExecutor
from genopt_gym.study.folder import PLAN, StorageError, StudyFolder, is_done, read_plan, run_path
from genopt_gym.study.index import build_index
from genopt_gym.study.planning.document import plan_text
from genopt_gym.study.planning.plan import load_plan
from genopt_gym.study.planning.preflight import study_problems
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
    callbacks: Sequence[str] = ()
    accept_changes: bool = False


def run(request: StudyArguments) -> None:
    """Run what is not done yet; exit code 1 if a run failed or was left out."""
    # Now, so that a wrong name leaves no folder behind; each run makes its own.
    make_callbacks(request.callbacks)
    plan, path, source = _read(request)
    executor = _executor(request)
    # Once, and not in each run after its first evaluation.
    if problems := study_problems(run for run in plan.runs if not is_done(run_path(path, run.key))):
        raise UserError(problems[0])
    try:
        with closing(StudyFolder(path, plan, source)) as folder, closing(StudyDisplay(plan, path)) as display:
            outcome = run_study(folder, executor, display, request.callbacks, request.accept_changes)
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
            print(f"{record.state}  {record.run.key}: {last_line(record.problem)}")


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


def _tell(outcome: Outcome, path: Path) -> None:
    for title, found in (("failed", outcome.failed), ("left out", outcome.left_out)):
        for key, reason in found.items():
            print(f"{title}  {key}: {last_line(reason)}")
    if outcome.failed:
        print(f"what they said is in {path / 'errors'}; try them again with: {_command(path)}")
    report(ReportArguments(folders=[path]))
    if outcome.failed or outcome.left_out:
        raise typer.Exit(1)
