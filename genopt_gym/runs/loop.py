"""The learning loop: reset, then edit after edit; written to a run folder and resumed by replay."""

from __future__ import annotations

import json
import os
import platform
import warnings
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from genopt_gym.agents import Agent
from genopt_gym.core.artifact import Artifact
from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import read_journal
from genopt_gym.core.sources import SourcesChanged
from genopt_gym.core.task import TaskSpec
from genopt_gym.llm import Client
from genopt_gym.making import optimization_env
from genopt_gym.runs import preflight
from genopt_gym.runs.callbacks import CallbackList, GivenCallback, RunStart, make_callbacks
from genopt_gym.runs.config import Config, PreparedRun, read_run
from genopt_gym.runs.confirmation import keep_budget
from genopt_gym.runs.finishing import finish
from genopt_gym.runs.folder import RunFolder, best_step, check_unused, read_artifact, read_config
from genopt_gym.runs.formats import FORMAT
from genopt_gym.runs.learning import learn
from genopt_gym.runs.recorder import NOT_ACCEPTABLE, StepRecorder
from genopt_gym.runs.result import Result
from genopt_gym.runs.resuming import Changes
from genopt_gym.runs.versions import Versions
from genopt_gym.sandbox.tier import choose

NO_CHANGES = Changes()


def start_run(
    run: Config | PreparedRun,
    path: Path,
    callbacks: Iterable[GivenCallback] = (),
    fence: Callable[[], None] | None = None,
    *,
    film: bool = True,
) -> Result:
    """Run in a new folder.

    Args:
        run: the configuration, or what its ``prepare`` has made.
        path: of the folder.
        callbacks: who watches: names of ``CALLBACKS``, ``module:Class``, classes or instances.
        fence: called before each step is committed; stops the run by raising.
        film: whether the best is filmed at the end, where the task has a screen.

    Raises:
        UserError: the folder is in use or holds something, or the configuration is wrong.
    """
    check_unused(path)
    watching = CallbackList(make_callbacks(callbacks))
    prepared = run if isinstance(run, PreparedRun) else run.prepare()
    preflight.check(prepared)
    with closing(prepared.agent) as agent:
        agent.claim()
        with closing(RunFolder(path, fence)) as folder:
            history = Versions.now(prepared.config, prepared.core)
            folder.write_json("config.json", _description(prepared, history))
            return _run(prepared, folder, watching, history, film=film)


def resume_run(
    path: Path,
    callbacks: Iterable[GivenCallback] = (),
    fence: Callable[[], None] | None = None,
    *,
    agent: Agent | None = None,
    changes: Changes = NO_CHANGES,
    accept_changes: bool = False,
    film: bool = True,
) -> Result:
    """Go on with the run in ``path``, by replay: what is stored is not run again.

    Args:
        path: of the run's folder.
        callbacks: who watches, as in ``start_run``; they see stored steps again, with ``replayed`` set.
        fence: called before each step is committed; stops the run by raising.
        agent: in place of the one that the configuration names, where that was given as an object.
        changes: what the run is given that changes nothing of what was done: more edits, a higher budget, an address.
        accept_changes: go on although own code or data has changed; ``config.json`` says from which step on.
        film: whether the best is filmed at the end, where the task has a screen.

    Raises:
        UserError: no run is there, replay does not give the stored steps (as with another version), or own code or
            data has changed.
    """
    watching = CallbackList(make_callbacks(callbacks))
    config = read_run(path)
    config = changes.applied(config, path)
    prepared = config.prepare(agent)
    if changes or not (path / "result.json").exists():
        preflight.check(prepared)
    with closing(prepared.agent) as running:
        running.claim()
        with closing(RunFolder(path, fence)) as folder:
            stored, now = len(folder.steps.rows), Versions.now(prepared.config, prepared.core)
            history = Versions.read(read_config(path)).continued(now, stored, path, accept_changes)
            if history.all[-1].step == stored > 0 and prepared.core.start.asks_model:
                raise UserError(
                    f"trials of the run in {path} ask a model, and are run again by what scored them when it goes on: "
                    "put back what was changed, or begin another run"
                )
            try:
                return _run(prepared, folder, watching, history, extends=bool(changes), film=film)
            except SourcesChanged as error:
                if not accept_changes:
                    raise
                raise UserError(NOT_ACCEPTABLE.format("a stored step", path)) from error


def read_best(path: Path) -> tuple[Artifact, TaskSpec]:
    """The best artifact of the run in a folder, so far by validation or as it was selected at its end, and its task."""
    with warnings.catch_warnings():
        # What its loop was warned of is no news here.
        warnings.simplefilter("ignore")
        env = optimization_env(read_run(path).make())
    rows = read_journal(path / "steps.jsonl")[0]
    if not rows:
        raise UserError(f"the run in {path} has no finished step yet")
    best = rows[best_step(path, [row["validation_score"] for row in rows], env.task.metric)]
    return env.start.edited(read_artifact(path, best["artifact"])), env.evaluator.spec


def versions() -> dict[str, str]:
    """Of Python and of the packages that scores may depend on."""
    packages = ("genopt-gym", "gymnasium", "ale-py", "numpy", "msgspec", "cmaes")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}


def _run(
    run: PreparedRun,
    folder: RunFolder,
    watching: CallbackList,
    history: Versions,
    extends: bool = False,
    film: bool = True,
) -> Result:
    """The learning loop, from ``reset`` to the scores on test."""
    core = run.core
    spec = core.evaluator.spec
    core.evaluator.spec = history.spec(0, spec)
    client = Client(core.evaluator.budget, folder.replies(run.config.replay))
    core.evaluator.keep_in(folder.evaluations, client)
    keep_budget(core)
    extension = partial(_extend, run, folder, history) if extends else None
    recorder = StepRecorder(folder, core, watching.step, extension, lambda: run.agent.waited, run.agent.parents)
    if history.all[-1].step == recorder.stored > 0:
        # Written when all that is stored was made again: until then nothing was scored by what is new.
        recorder.when_replayed = partial(folder.write_json, "config.json", _description(run, history))

    def record(*step: Any) -> None:
        recorder.record(*step)
        core.evaluator.spec = history.spec(recorder.next_step, spec)

    split = core.parameters.observed_split
    start = RunStart(run.config, folder.path, run.updates, core.task.metric, recorder.stored, core.metric, split)
    with watching.watching(start):
        ended_by = learn(
            run.env,
            run.agent,
            seed=run.config.seed,
            agent_seed=run.config.agent_seed,
            client=client,
            on_step=record,
        )
        result = finish(run, folder, ended_by, watching, film)
        watching.ended(result)
    return result


def _extend(run: PreparedRun, folder: RunFolder, history: Versions) -> None:
    """What is stored was made again with more edits to come: from here on the run is the longer one."""
    for name in ("result.json", "best.gif"):
        (folder.path / name).unlink(missing_ok=True)
    folder.write_json("config.json", _description(run, history))


def _description(run: PreparedRun, history: Versions) -> dict[str, Any]:
    """What ``config.json`` holds."""
    core, spec = run.core, run.env.spec
    if spec is None:
        raise UserError(f"{run.config.id} has no spec, so its run could not be made again: make it with gym.make")
    return {
        "format": FORMAT,
        "run": vars(run.config),
        "spec": json.loads(spec.to_json()),
        "metric": asdict(core.task.metric),
        "credit_horizon": core.parameters.credit_horizon,
        "versions": versions(),
        "machine": {"platform": platform.platform(), "cores": os.cpu_count(), "confinement": choose()},
        **({"sources": rows} if (rows := history.as_rows()) else {}),
    }
