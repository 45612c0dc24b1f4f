"""``genopt_gym.compare``: a study from Python."""

from __future__ import annotations

import difflib
import tempfile
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import gymnasium as gym

from genopt_gym.agents import Agent
from genopt_gym.agents.session import PREFIX, GivenAgent, agent_name, lending
from genopt_gym.core.errors import UserError
from genopt_gym.core.live import LiveView
from genopt_gym.evaluation.worker_process import default_workers
from genopt_gym.runs.api import TemporaryFolder, environment_facts, say_stopped
from genopt_gym.runs.callbacks import Callback, GivenCallback, make_callbacks
from genopt_gym.runs.steps import Step
from genopt_gym.study.execution.display import StudyDisplay, last_line
from genopt_gym.study.execution.execute import Executor, OnEvent, Outcome, run_study
from genopt_gym.study.execution.in_process import InProcessExecutor
from genopt_gym.study.execution.local import LocalExecutor
from genopt_gym.study.folder import PLAN, StudyFolder
from genopt_gym.study.planning.document import Document, plan_text
from genopt_gym.study.planning.plan import load_plan
from genopt_gym.study.study import Study

Agents = Sequence[GivenAgent | Mapping[str, Any]] | Mapping[str, GivenAgent]
"""Agents; or a mapping from what each is called in the study to the agent."""
Tasks = str | gym.Env[Any, Any] | Sequence[str | gym.Env[Any, Any]] | Mapping[str, Mapping[str, Any] | None]
OWN = ("out", "workers", "callbacks", "progress")
"""Keywords of ``compare`` that are no keys of the plan."""


def compare(
    tasks: Tasks,
    agents: Agents,
    seeds: int | Sequence[int] = 3,
    *,
    out: str | Path | None = None,
    workers: int | None = None,
    callbacks: Iterable[GivenCallback] = (),
    progress: bool | None = None,
    **plan: Any,
) -> Study:
    """Run every agent on every task with every seed, and hold them against each other.

    Agents that are names, or classes that can be imported, run in processes of their own, several at once. Where one
    is an instance, or a class of a notebook or a script, all runs are made one after the other in this process, each
    with a copy; their evaluations use all cores either way.

    Args:
        tasks: ids, environments, or a mapping from ids to parameters of their own.
        agents: names, classes or instances; or a mapping from labels to these.
        seeds: how many replicates, or a list of them.
        out: the study's folder. One that holds the same study is gone on with. If left out a temporary one, which is
            removed when nothing holds the ``Study`` any more; one that is interrupted keeps its folder.
        workers: runs at once, where they have processes of their own; one per core if left out.
        callbacks: who watches each run: names, ``module:Class``, classes; instances watch all runs, in this process.
        progress: whether it is shown how far the runs are; if left out, in a terminal and in a notebook.
        **plan: what else a plan may say (docs/studies.md): ``edits``, ``parameters``, ``factors``, ``controls``,
            ``model``, ``budget``, ...

    Returns:
        The study. Runs that failed are in it, with the reason in ``to_pandas()``; a warning tells of them.

    Raises:
        UserError: something that was given is wrong; one sentence says what.
    """
    for name in plan:
        if name not in Document.__struct_fields__ and (near := difflib.get_close_matches(name, OWN, 1, 0.8)):
            raise UserError(f"compare has no keyword {name!r}; did you mean {near[0]!r}?")
    lent: dict[str, type[Agent] | Agent] = {}
    document = {"tasks": _tasks(tasks), "agents": _entries(agents, lent), "seeds": _plain_seeds(seeds), **plan}
    if "controls" in plan:
        document["controls"] = _entries(plan["controls"], lent)
    document.setdefault("name", "comparison")
    named, objects = _callbacks(callbacks)
    with lending(lent):
        planned = load_plan(document)
        path = Path(tempfile.mkdtemp(prefix="genopt-study-")) if out is None else Path(out)
        view = LiveView()
        shown = view.can_show if progress is None else progress
        try:
            with closing(StudyFolder(path, planned, plan_text(document))) as folder:
                display = StudyDisplay(planned, path, view) if shown else None
                executor = _executor(lent, objects, workers, display)
                outcome = _carry_out(folder, executor, display, named)
        except KeyboardInterrupt:
            say_stopped(f"the same call and out={str(path)!r}", (path / PLAN).exists())
            raise
    _warn(outcome, len(planned.runs))
    return Study(path, keep=TemporaryFolder(path) if out is None else None)


def _carry_out(folder: StudyFolder, executor: Executor, display: StudyDisplay | None, named: Sequence[str]) -> Outcome:
    try:
        return run_study(folder, executor, display or _silent, named)
    finally:
        if display is not None:
            display.close()


def _silent(what: str, key: str) -> None:
    """For who wants to see nothing."""


class _Redraw(Callback):
    """Draws a study's display anew with each step, where runs are made in the process that shows it."""

    def __init__(self, display: OnEvent) -> None:
        self._display = display

    def on_step(self, step: Step) -> None:
        self._display("tick", "")


def _executor(
    lent: Mapping[str, Any], objects: Sequence[Callback], workers: int | None, display: StudyDisplay | None
) -> Executor:
    if lent or objects:
        if workers is not None and workers > 1:
            raise UserError(
                "agents and callbacks that are objects, or classes of this session, run in this process, one after the "
                "other: leave out workers, or put their classes into a module"
            )
        return InProcessExecutor([*objects, *([] if display is None else [_Redraw(display)])])
    try:
        return LocalExecutor(workers or default_workers())
    except ValueError as error:
        raise UserError(str(error)) from None


def _tasks(tasks: Tasks) -> list[str] | dict[str, Any]:
    if isinstance(tasks, Mapping):
        return dict(tasks)
    given = [tasks] if isinstance(tasks, str | gym.Env) else list(tasks)
    if all(isinstance(task, str) for task in given):
        return [str(task) for task in given]
    found: dict[str, Any] = {}
    for task in given:
        id, parameters, _ = environment_facts(task, {}, None)
        if id in found:
            raise UserError(f"the task {id} is there twice: a study tells tasks apart by their ids")
        found[id] = parameters
    return found


def _entries(agents: Agents, lent: dict[str, type[Agent] | Agent]) -> list[Any]:
    """The agents as a plan has them; objects are put into ``lent``, under the names that the plan gets."""
    if isinstance(agents, str | Agent | type):
        agents = [agents]
    given = list(agents.items()) if isinstance(agents, Mapping) else [(None, agent) for agent in agents]
    return [_entry(label, agent, lent) for label, agent in given]


def _entry(label: str | None, agent: Any, lent: dict[str, type[Agent] | Agent]) -> Any:
    if isinstance(agent, str):
        return agent if label is None else {"agent": agent, "label": label}
    if isinstance(agent, Mapping):
        return dict(agent)
    name = agent_name(agent)
    own = (agent if isinstance(agent, type) else type(agent)).__name__
    if not name.startswith(PREFIX):
        return {"agent": name, "label": label or own}
    number = 1
    while (numbered := name if number == 1 else f"{name}-{number}") in lent:
        number += 1
    lent[numbered] = agent
    return {"agent": numbered, "label": label or numbered.removeprefix(PREFIX)}


def _callbacks(callbacks: Iterable[GivenCallback]) -> tuple[list[str], list[Callback]]:
    """Those that every process finds by name, and those that are objects of this one."""
    made = make_callbacks(callbacks)
    given = [callbacks] if isinstance(callbacks, str | type | Callback) else list(callbacks)
    named = [each for each in given if isinstance(each, str)]
    return named, [each for each, name in zip(made, given, strict=True) if not isinstance(name, str)]


def _plain_seeds(seeds: int | Sequence[int]) -> int | list[int]:
    return seeds if isinstance(seeds, int) else list(seeds)


def _warn(outcome: Outcome, runs: int) -> None:
    trouble = {**outcome.failed, **outcome.left_out}
    if trouble:
        key, reason = next(iter(trouble.items()))
        words = f"{len(trouble)} of {runs} runs failed or were left out; the first, {key}: {last_line(reason)}"
        warnings.warn(f"{words}. to_pandas() tells of each", stacklevel=3)
