"""The learning loop: reset, then edit after edit; written to a run folder and resumed by replay."""

from __future__ import annotations

import json
import os
import platform
import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genopt_gym.agents import Agent
from genopt_gym.core import drawing
from genopt_gym.core.artifact import Artifact
from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import read_journal
from genopt_gym.core.ledger import ModelAccount
from genopt_gym.core.sources import SourcesChanged
from genopt_gym.core.task import CONFIRMATION, Task, TaskSpec
from genopt_gym.evaluation import BudgetSpent, Evaluator
from genopt_gym.llm import Client
from genopt_gym.making import optimization_env
from genopt_gym.runs import preflight
from genopt_gym.runs.callbacks import CallbackList, GivenCallback, RunStart, make_callbacks
from genopt_gym.runs.config import Config, PreparedRun, read_run
from genopt_gym.runs.confirmation import Confirmed, keep_budget, select
from genopt_gym.runs.film import has_screen, record, save_film
from genopt_gym.runs.folder import RunFolder, best_step, check_unused, read_artifact, read_config
from genopt_gym.runs.formats import FORMAT
from genopt_gym.runs.learning import learn
from genopt_gym.runs.recorder import NOT_ACCEPTABLE, StepRecorder
from genopt_gym.runs.resuming import Changes
from genopt_gym.runs.stages import stage
from genopt_gym.runs.versions import Versions
from genopt_gym.sandbox.tier import choose

NO_CHANGES = Changes()


@dataclass(frozen=True)
class Result:
    """What a run came to.

    Attributes:
        start_score: validation score of the starting artifact.
        validation_score: validation score of the best artifact: the one with the best validation score or, where
            several are confirmed, the one of these with the best confirmation score.
        confirmation_score: of the best artifact on fresh instances; ``None`` where nothing was confirmed.
        start_test_score: test score of the starting artifact.
        test_score: test score of the best artifact, computed after the loop. ``None``, as that of the start, where
            artifacts ask a model and the budget does not bear it.
        ended_by: ``solved``, ``updates`` (all edits were made), ``agent`` (it had no further edit) or the budget that
            was spent.
        models: what model calls have cost, by role.
        confirmed: the artifacts that were run again, in the order of validation.
        best_step: the step that has made the best artifact.
    """

    folder: Path
    start_score: float
    validation_score: float
    start_test_score: float | None
    test_score: float | None
    ended_by: str
    models: dict[str, ModelAccount]
    confirmation_score: float | None = None
    confirmed: Sequence[Confirmed] = ()
    best_step: int = 0


def start_run(
    run: Config | PreparedRun,
    path: Path,
    callbacks: Iterable[GivenCallback] = (),
    fence: Callable[[], None] | None = None,
) -> Result:
    """Run in a new folder.

    Args:
        run: the configuration, or what its ``prepare`` has made.
        path: of the folder.
        callbacks: who watches: names of ``CALLBACKS``, ``module:Class``, classes or instances.
        fence: called before each step is committed; stops the run by raising.

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
            return _run(prepared, folder, watching, history)


def resume_run(
    path: Path,
    callbacks: Iterable[GivenCallback] = (),
    fence: Callable[[], None] | None = None,
    *,
    agent: Agent | None = None,
    changes: Changes = NO_CHANGES,
    accept_changes: bool = False,
) -> Result:
    """Go on with the run in ``path``, by replay: what is stored is not run again.

    Args:
        path: of the run's folder.
        callbacks: who watches, as in ``start_run``; they see stored steps again, with ``replayed`` set.
        fence: called before each step is committed; stops the run by raising.
        agent: in place of the one that the configuration names, where that was given as an object.
        changes: what the run is given that changes nothing of what was done: more edits, a higher budget, an address.
        accept_changes: go on although own code or data has changed; ``config.json`` says from which step on.

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
                return _run(prepared, folder, watching, history, extends=bool(changes))
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
    run: PreparedRun, folder: RunFolder, watching: CallbackList, history: Versions, extends: bool = False
) -> Result:
    """The learning loop, from ``reset`` to the scores on test."""
    core = run.core
    spec = core.evaluator.spec
    core.evaluator.spec = history.spec(0, spec)
    client = Client(core.evaluator.budget, folder.replies(run.config.replay))
    core.evaluator.keep_in(folder.evaluations, client)
    keep_budget(core)
    extension = partial(_extend, run, folder, history) if extends else None
    recorder = StepRecorder(folder, core, watching.step, extension, lambda: run.agent.waited)
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
        result = _finish(run, folder, ended_by, watching)
        watching.ended(result)
    return result


def _extend(run: PreparedRun, folder: RunFolder, history: Versions) -> None:
    """What is stored was made again with more edits to come: from here on the run is the longer one."""
    (folder.path / "result.json").unlink(missing_ok=True)
    folder.write_json("config.json", _description(run, history))


def _finish(run: PreparedRun, folder: RunFolder, ended_by: str, watching: CallbackList) -> Result:
    """Confirm the best, score start and best on test, and leave what a person wants to look at."""
    env = run.core
    with stage("confirmation of the best", watching.stage):
        selection = select(env)
    best = selection.best.artifact
    start = env.first.artifact
    tester = Evaluator(env.evaluator.spec, splits=("test",), store=folder.evaluations, client=env.evaluator.client)
    with stage("test score of the start", watching.stage):
        start_test_score = _test_score(tester, start)
    with stage("test score of the best", watching.stage):
        test_score = start_test_score if best.id == start.id else _test_score(tester, best)
    result = Result(
        folder=folder.path,
        start_score=env.validation_score(env.first),
        validation_score=selection.best.validation_score,
        confirmation_score=selection.confirmation_score,
        start_test_score=start_test_score,
        test_score=test_score,
        ended_by=ended_by,
        models=dict(env.evaluator.ledger.models),
        confirmed=selection.confirmed,
        best_step=selection.best.step,
    )
    folder.fence()
    (folder.path / "best.py").write_text(best.source, encoding="utf-8")
    (folder.path / "best.diff").write_text(best.diff(start), encoding="utf-8")
    title = f"{run.config.id}, {run.config.agent}, seed {run.config.seed}"
    drawing.save_curve(folder.path / "curve.png", env.history, env.metric, title)
    if has_screen(tester.task):
        with stage("film of the best", watching.stage) as told:
            trial = record(tester, best, tester.task.instances("test")[:1])[0]
            save_film(folder.path / "best.gif", tester.task, trial, told=told)
    elif (picture := _picture(tester, best)) is not None:
        drawing.save_picture(folder.path / "best.png", picture)
    facts = asdict(result)
    del facts["folder"]
    again = env.evaluator.ledger.accounts.get(CONFIRMATION)
    facts |= {"best": best.id, "start": start.id, "gaps": selection.gaps(result.test_score, env.task.metric)}
    facts["confirmation_trials"] = again.trials if again else 0
    # Last: where it is, the run is whole.
    folder.write_json("result.json", facts)
    return result


def _picture(tester: Evaluator, artifact: Artifact) -> NDArray[np.uint8] | None:
    """What the artifact made of the first test instance, for tasks that can draw it."""
    if type(tester.task).picture is Task.picture:
        return None
    try:
        trial = tester.evaluate(artifact, "test").trials[0]
    except BudgetSpent:
        return None
    return tester.task.picture(trial.actions)


def _test_score(tester: Evaluator, artifact: Artifact) -> float | None:
    try:
        return tester.evaluate(artifact, "test").score
    except BudgetSpent:
        return None


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
