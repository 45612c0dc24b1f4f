"""The end of a run: the best is selected and tested, and what a person wants to look at is written."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from genopt_gym.core import drawing
from genopt_gym.core.artifact import Artifact
from genopt_gym.core.task import CONFIRMATION, Task
from genopt_gym.evaluation import BudgetSpent, Evaluator
from genopt_gym.runs.callbacks import CallbackList
from genopt_gym.runs.config import PreparedRun
from genopt_gym.runs.confirmation import select
from genopt_gym.runs.film import has_screen, record, save_film
from genopt_gym.runs.folder import RunFolder
from genopt_gym.runs.result import Result
from genopt_gym.runs.stages import stage


def finish(run: PreparedRun, folder: RunFolder, ended_by: str, watching: CallbackList, film: bool = True) -> Result:
    """Confirm the best, score start and best on test, and leave what a person wants to look at, a film if wanted."""
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
    if film and has_screen(tester.task):
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
