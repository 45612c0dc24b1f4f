"""The learning loop: reset, then edit after edit; written to a run folder and resumed by replay."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import gymnasium as gym

from genopt_gym import drawing
from genopt_gym.agents import Problem, make_agent
from genopt_gym.env import OptimizationEnv
from genopt_gym.errors import UserError
from genopt_gym.evaluation import Evaluator
from genopt_gym.folder import RunFolder, as_line, read_config

OnStep = Callable[[dict[str, Any], float], None]
"""Called with each step's row and the seconds it took."""


@dataclass(frozen=True)
class Config:
    """What a run is made of; the same configuration gives the same steps.

    Attributes:
        id: the environment.
        agent: a name of ``genopt_gym.agents``.
        seed: of ``reset`` and of the agent.
        edits: updates of the run; ``None`` takes the id's own.
        parameters: keyword arguments of ``gym.make``.
        agent_options: keyword arguments of the agent.
    """

    id: str
    agent: str
    seed: int = 0
    edits: int | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    agent_options: dict[str, Any] = field(default_factory=dict)

    def make(self) -> gym.Env[Any, Any]:
        """The environment.

        Raises:
            UserError: the id, a keyword or a value is wrong.
        """
        limit = {} if self.edits is None else {"max_episode_steps": self.edits}
        try:
            return gym.make(self.id, disable_env_checker=True, **limit, **self.parameters)
        except (gym.error.Error, TypeError, ValueError) as error:
            raise UserError(str(error)) from error


@dataclass(frozen=True)
class Result:
    """What a run came to.

    Attributes:
        start_score: validation score of the starting artifact.
        validation_score: best validation score.
        start_test_score: test score of the starting artifact.
        test_score: test score of the artifact with the best validation score, computed after the loop.
    """

    folder: Path
    start_score: float
    validation_score: float
    start_test_score: float
    test_score: float


def start_run(config: Config, path: Path, on_step: OnStep | None = None) -> Result:
    """Run ``config`` in a new folder.

    Raises:
        UserError: the folder is in use or holds something, or the configuration is wrong.
    """
    if path.exists() and any(path.iterdir()):
        raise UserError(f"{path} already exists; resume it with --resume {path}, or choose another folder with --out")
    env = config.make()
    make_agent_or_explain(config)
    folder = RunFolder(path)
    try:
        folder.write_json("config.json", _description(config, env))
        return _run(config, env, folder, on_step)
    finally:
        folder.close()


def resume_run(path: Path, on_step: OnStep | None = None) -> Result:
    """Go on with the run in ``path``, by replay: what is stored is not run again.

    Raises:
        UserError: no run is there, or replay does not give the stored steps (as with another version).
    """
    config = Config(**read_config(path)["run"])
    env = config.make()
    folder = RunFolder(path)
    try:
        return _run(config, env, folder, on_step)
    finally:
        folder.close()


def make_agent_or_explain(config: Config) -> Any:
    try:
        return make_agent(config.agent, config.agent_options)
    except (ValueError, OSError, ImportError, AttributeError) as error:
        raise UserError(str(error)) from error


def _run(config: Config, env: gym.Env[Any, Any], folder: RunFolder, on_step: OnStep | None) -> Result:
    """The learning loop."""
    agent = make_agent_or_explain(config)
    inner = env.unwrapped
    assert isinstance(inner, OptimizationEnv) and env.spec is not None
    inner.evaluator.store = folder.evaluations
    recorder = _Recorder(folder, inner, on_step)

    observation, info = env.reset(seed=config.seed)
    recorder.record(0.0, False, False, info)
    updates = env.spec.max_episode_steps
    try:
        agent.reset(observation, Problem(inner.action_space, inner.task.metric, updates, config.seed))
    except ValueError as error:
        raise UserError(str(error)) from error
    over = False
    while not over:
        observation, reward, terminated, truncated, info = env.step(agent.act(observation))
        agent.observe(observation, float(reward), info)
        recorder.record(float(reward), terminated, truncated, info)
        over = terminated or truncated
    return _finish(config, inner, folder)


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
        env, verdict = self._env, self._env.last
        row = {
            "step": self._step,
            "outcome": info["outcome"],
            "accepted": info["accepted"],
            "score": verdict.score,
            "best_score": env.history[-1][2],
            "reward": reward,
            "validation_score": verdict.validation.score if verdict.validation else None,
            "artifact": info["artifact"],
            "horizon_shown": info["horizon_shown"],
            "trials": [
                {"instance": str(trial.instance), "score": trial.score, "steps": trial.steps}
                for trial in (verdict.train.trials if verdict.train else ())
            ],
            "terminated": terminated,
            "truncated_by": info["truncated_by"] or ("updates" if truncated else None),
        }
        if self._step < len(self._stored):
            if as_line(self._stored[self._step]) != as_line(row):
                raise UserError(
                    f"step {self._step} of the run in {self._folder.path} comes out differently now than it is stored; "
                    "resume it with the version in its config.json, or start anew in another folder"
                )
        else:
            self._folder.keep_artifact(verdict.artifact)
            self._folder.steps.append(row)
        seconds = time.perf_counter() - self._since
        if self._step >= len(self._folder.ledger.rows):
            total = env.evaluator.ledger.total
            self._folder.ledger.append(
                {"step": self._step, "seconds": round(seconds, 4), "trials": total.trials}
                | {"inner_steps": total.inner_steps, "worker_seconds": round(total.seconds, 4)}
            )
        if self._on_step is not None:
            self._on_step(row, seconds)
        self._step += 1
        self._since = time.perf_counter()


def _finish(config: Config, env: OptimizationEnv, folder: RunFolder) -> Result:
    """Score start and best on test, and leave what a person wants to look at."""
    best, validation_score = env.best
    start = env.first.artifact
    judge = Evaluator(env.evaluator.spec, splits=("test",), store=folder.evaluations)
    result = Result(
        folder=folder.path,
        start_score=env.validation_score(env.first),
        validation_score=validation_score,
        start_test_score=judge.evaluate(start, "test").score,
        test_score=judge.evaluate(best, "test").score,
    )
    facts = {name: value for name, value in vars(result).items() if name != "folder"}
    folder.write_json("result.json", facts | {"best": best.id, "start": start.id})
    (folder.path / "best.py").write_text(best.source, encoding="utf-8")
    (folder.path / "best.diff").write_text(best.diff(start), encoding="utf-8")
    title = f"{config.id}, {config.agent}, seed {config.seed}"
    drawing.save_curve(folder.path / "curve.png", env.history, env.task.metric, title)
    return result


def _description(config: Config, env: gym.Env[Any, Any]) -> dict[str, Any]:
    assert env.spec is not None
    packages = ("genopt-gym", "gymnasium", "ale-py", "numpy", "msgspec", "cmaes")
    return {
        "run": vars(config),
        "spec": json.loads(env.spec.to_json()),
        "versions": {"python": platform.python_version()} | {name: version(name) for name in packages},
        "machine": {"platform": platform.platform(), "cores": os.cpu_count()},
    }
