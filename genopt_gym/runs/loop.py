"""The learning loop: reset, then edit after edit; written to a run folder and resumed by replay."""

from __future__ import annotations

import json
import os
import platform
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import gymnasium as gym

from genopt_gym.agents import Agent, AgentDone, Problem
from genopt_gym.agents.trial_evaluator import TrialEvaluator
from genopt_gym.core import drawing
from genopt_gym.core.artifact import Artifact
from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import as_line, read_journal
from genopt_gym.core.ledger import ModelAccount
from genopt_gym.core.spaces import Edits
from genopt_gym.core.task import TaskSpec
from genopt_gym.env import OptimizationEnv
from genopt_gym.evaluation import BudgetSpent, Evaluator
from genopt_gym.llm import Client
from genopt_gym.runs.config import Config, read_run
from genopt_gym.runs.film import has_screen, record, save_film
from genopt_gym.runs.folder import RunFolder, check_unused, read_artifact, read_config
from genopt_gym.runs.formats import FORMAT, writer

OnStep = Callable[[dict[str, Any], dict[str, Any]], None]
"""Called with each step's row and its row of the ledger."""


@dataclass(frozen=True)
class Result:
    """What a run came to.

    Attributes:
        start_score: validation score of the starting artifact.
        validation_score: best validation score.
        start_test_score: test score of the starting artifact.
        test_score: test score of the artifact with the best validation score, computed after the loop. ``None``, as
            that of the start, where artifacts ask a model and the budget does not bear it.
        ended_by: ``solved``, ``updates`` (all edits were made), ``agent`` (it had no further edit) or the budget that
            was spent.
        models: what model calls have cost, by role.
    """

    folder: Path
    start_score: float
    validation_score: float
    start_test_score: float | None
    test_score: float | None
    ended_by: str
    models: dict[str, ModelAccount]


def start_run(
    config: Config, path: Path, on_step: OnStep | None = None, fence: Callable[[], None] | None = None
) -> Result:
    """Run ``config`` in a new folder.

    ``fence`` is called before each step is committed, and stops the run by raising.

    Raises:
        UserError: the folder is in use or holds something, or the configuration is wrong.
    """
    check_unused(path)
    agent = config.make_agent()
    env = config.make_for(agent)
    folder = RunFolder(path, fence)
    try:
        folder.write_json("config.json", _description(config, env))
        return _run(config, agent, env, folder, on_step)
    finally:
        folder.close()


def resume_run(path: Path, on_step: OnStep | None = None, fence: Callable[[], None] | None = None) -> Result:
    """Go on with the run in ``path``, by replay: what is stored is not run again.

    ``fence`` is called before each step is committed, and stops the run by raising.

    Raises:
        UserError: no run is there, or replay does not give the stored steps (as with another version).
    """
    config = read_run(path)
    agent = config.make_agent()
    env = config.make_for(agent)
    folder = RunFolder(path, fence)
    try:
        return _run(config, agent, env, folder, on_step)
    finally:
        folder.close()


def read_best(path: Path) -> tuple[Artifact, TaskSpec]:
    """The best artifact by validation of the run in a folder, so far or at its end, and its task."""
    with warnings.catch_warnings():
        # What its loop was warned of is no news here.
        warnings.simplefilter("ignore")
        env = read_run(path).make().unwrapped
    assert isinstance(env, OptimizationEnv)
    low, better = env.task.metric.low, env.task.metric.better
    best: dict[str, Any] | None = None
    for row in read_journal(path / "steps.jsonl")[0]:
        row["validation_score"] = low if row["validation_score"] is None else row["validation_score"]
        if best is None or better(row["validation_score"], best["validation_score"]):
            best = row
    if best is None:
        raise UserError(f"the run in {path} has no finished step yet")
    return env.start.edited(read_artifact(path, best["artifact"])), env.evaluator.spec


def versions() -> dict[str, str]:
    """Of Python and of the packages that scores may depend on."""
    packages = ("genopt-gym", "gymnasium", "ale-py", "numpy", "msgspec", "cmaes")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}


def _run(config: Config, agent: Agent, env: gym.Env[Any, Any], folder: RunFolder, on_step: OnStep | None) -> Result:
    """The learning loop."""
    inner = env.unwrapped
    assert isinstance(inner, OptimizationEnv)
    assert isinstance(inner.action_space, Edits)
    assert env.spec is not None
    inner.evaluator.store = folder.evaluations
    recorder = _Recorder(folder, inner, on_step)

    client = inner.evaluator.client = Client(inner.evaluator.budget, folder.replies(config.replay))
    updates, seed = env.spec.max_episode_steps, config.seed if config.agent_seed is None else config.agent_seed
    problem = Problem(inner.action_space, inner.task.metric, updates, seed, client, TrialEvaluator(inner))
    try:
        observation, info = env.reset(seed=config.seed)
        recorder.record(0.0, False, False, info)
        agent.reset(observation, problem)
    except (ValueError, BudgetSpent) as error:
        raise UserError(str(error)) from error
    ended_by = None
    try:
        while ended_by is None:
            try:
                edit = agent.act(observation)
            except BudgetSpent as spent:
                ended_by = f"budget of {spent.what}"
                break
            except AgentDone:
                ended_by = "agent"
                break
            observation, reward, terminated, truncated, info = env.step(edit)
            agent.observe(observation, float(reward), info)
            recorder.record(float(reward), terminated, truncated, info)
            if terminated:
                ended_by = "solved"
            elif truncated:
                ended_by = info["truncated_by"] or "updates"
    finally:
        agent.close()
    return _finish(config, inner, folder, ended_by)


class _Recorder:
    """Writes each step down, or checks it against what an interrupted run has written."""

    def __init__(self, folder: RunFolder, env: OptimizationEnv, on_step: OnStep | None) -> None:
        self._folder = folder
        self._env = env
        self._on_step = on_step
        self._stored = folder.steps.rows
        self._step = 0
        self._since = time.perf_counter()

    def record(self, reward: float, terminated: bool, truncated: bool, info: dict[str, Any]) -> None:
        env, result = self._env, self._env.last
        row = {
            "step": self._step,
            "outcome": info["outcome"],
            "accepted": info["accepted"],
            "score": result.score,
            "best_score": env.history[-1][2],
            "reward": reward,
            "validation_score": result.validation.score if result.validation else None,
            "artifact": info["artifact"],
            "horizon_shown": info["horizon_shown"],
            "trials": [
                {"instance": str(trial.instance), "score": trial.score, "steps": trial.steps}
                for trial in (result.train.trials if result.train else ())
            ],
            "terminated": terminated,
            "truncated_by": info["truncated_by"] or ("updates" if truncated else None),
        }
        if self._step < len(self._stored):
            if as_line(self._stored[self._step]) != as_line(row):
                path = self._folder.path
                raise UserError(
                    f"step {self._step} of the run in {path} comes out differently now than it is stored; resume it "
                    f"with {writer(read_config(path).get('versions'))}, which wrote it, or start anew elsewhere"
                )
        else:
            self._folder.fence()
            self._folder.keep_artifact(result.artifact)
            self._folder.steps.append(row)
        if self._step < len(self._folder.ledger.rows):
            cost = self._folder.ledger.rows[self._step]
        else:
            cost = self._cost()
            self._folder.ledger.append(cost)
        if self._on_step is not None:
            self._on_step(row, cost)
        self._step += 1
        self._since = time.perf_counter()

    def _cost(self) -> dict[str, Any]:
        """Seconds of this step, and totals of the run so far."""
        total = self._env.evaluator.ledger.total
        return {
            "step": self._step,
            "seconds": round(time.perf_counter() - self._since, 4),
            "trials": total.trials,
            "inner_steps": total.inner_steps,
            "worker_seconds": round(total.seconds, 4),
            "models": {role: asdict(account) for role, account in self._env.evaluator.ledger.models.items()},
        }


def _finish(config: Config, env: OptimizationEnv, folder: RunFolder, ended_by: str) -> Result:
    """Score start and best on test, and leave what a person wants to look at."""
    best, validation_score = env.best
    start = env.first.artifact
    tester = Evaluator(env.evaluator.spec, splits=("test",), store=folder.evaluations)
    tester.client = env.evaluator.client
    start_test_score = _test_score(tester, start)
    result = Result(
        folder=folder.path,
        start_score=env.validation_score(env.first),
        validation_score=validation_score,
        start_test_score=start_test_score,
        test_score=start_test_score if best.id == start.id else _test_score(tester, best),
        ended_by=ended_by,
        models=dict(env.evaluator.ledger.models),
    )
    folder.fence()
    (folder.path / "best.py").write_text(best.source, encoding="utf-8")
    (folder.path / "best.diff").write_text(best.diff(start), encoding="utf-8")
    title = f"{config.id}, {config.agent}, seed {config.seed}"
    drawing.save_curve(folder.path / "curve.png", env.history, env.task.metric, title)
    if has_screen(tester.task):
        save_film(folder.path / "best.gif", tester.task, record(tester, best, tester.task.instances("test")[:1])[0])
    facts = asdict(result)
    del facts["folder"]
    # Last: where it is, the run is whole.
    folder.write_json("result.json", facts | {"best": best.id, "start": start.id})
    return result


def _test_score(tester: Evaluator, artifact: Artifact) -> float | None:
    try:
        return tester.evaluate(artifact, "test").score
    except BudgetSpent:
        return None


def _description(config: Config, env: gym.Env[Any, Any]) -> dict[str, Any]:
    core = env.unwrapped
    assert env.spec is not None
    assert isinstance(core, OptimizationEnv)
    return {
        "format": FORMAT,
        "run": vars(config),
        "spec": json.loads(env.spec.to_json()),
        "metric": asdict(core.task.metric),
        "credit_horizon": core.parameters.credit_horizon,
        "versions": versions(),
        "machine": {"platform": platform.platform(), "cores": os.cpu_count()},
    }
