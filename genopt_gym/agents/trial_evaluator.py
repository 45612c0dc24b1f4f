"""Trials that an optimizer chooses itself, shown as the environment's parameters allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from genopt_gym.core.evidence import Instance, Trial, View
from genopt_gym.core.trace import render
from genopt_gym.env import OptimizationEnv
from genopt_gym.evaluation import Batch, Evaluation
from genopt_gym.feedback import feedback


class EvaluatedTrial(msgspec.Struct, frozen=True):
    """What may be seen of one trial.

    Attributes:
        instance: its name.
        outcome: an ``EditOutcome`` value, or one of the task's own.
        score: in the metric's own unit; under ``feedback_horizon="credit"`` that of the traced window.
        value: the same normalised: 0 at the floor, 1 at the reference, and more is better.
        trace: as in an observation; empty for a validation trial.
        feedback: as in an observation; empty for a validation trial.
    """

    instance: str
    outcome: str
    score: float
    value: float
    trace: str = ""
    feedback: str = ""


class TrialEvaluator:
    """Runs artifacts on instances by name, within the run's budget and on its books.

    Train trials begin anew and are traced as an environment step traces them. Of validation trials there are scores
    alone; where validation selects silently (``feedback_horizon="credit"``, ``score_split="train"``) there are none.

    Attributes:
        splits: those that can be seen.
        batch_size: trials that a step pools.
        program: the starting artifact's components and workflow.
        view: what is traced of a trial.
        max_trace_chars: the size budget of a step's trace.

    >>> import gymnasium as gym
    >>> env = gym.make("GenOpt/Control-CartPole-v0", start="one_function/naive", validation_size=2).unwrapped
    >>> observation, _ = env.reset(seed=0)
    >>> trial_evaluator = TrialEvaluator(env)
    >>> trial_evaluator.names("validation")
    ['validation/0', 'validation/1']
    >>> trials = trial_evaluator.evaluate({"policy": "def policy(obs): return 1"}, ["train/7", "validation/0"])
    >>> [trial.score for trial in trials]
    [9.0, 9.0]
    """

    def __init__(self, env: OptimizationEnv) -> None:
        self._env = env
        p = env.parameters
        silent = p.feedback_horizon == "credit" or p.score_split == "train"
        self.splits = ("train",) if silent else ("train", "validation")
        self.program = env.start.program
        self.max_trace_chars = p.max_trace_chars

    @property
    def batch_size(self) -> int:
        return self._env.parameters.batch_size

    @property
    def view(self) -> View:
        return self._env.view

    def names(self, split: str) -> list[str]:
        """The names of a split's instances; none of a split that is hidden."""
        return [str(instance) for instance in self._env.task.instances(split)] if split in self.splits else []

    def last_trials(self) -> list[dict[str, Any]]:
        """The train trials of the last step or ``reset``, as its ``info["trials"]`` told them."""
        train = self._env.last.train
        return [] if train is None else [trial.plain() for trial in train.trials]

    def evaluate(self, texts: Mapping[str, str], instances: Sequence[str]) -> list[EvaluatedTrial]:
        """Run the artifact with these texts of editable components on these instances.

        Raises:
            ValueError: no instance has that name, or it is hidden.
            BudgetSpent: the budget does not allow it; nothing was run.
        """
        env, metric = self._env, self._env.metric
        found = [self._instance(name) for name in instances]
        if problem := env.refusal(texts):
            outcome, low = str(problem[0]), metric.worst
            words = f"Edit outcome: {outcome}. {problem[1]}"
            return [EvaluatedTrial(name, outcome, low, metric.normalise(low), "", words) for name in instances]
        # By split, each in one batch: all of validation is then the very blocks that an environment step has run.
        batches = {split: [each for each in found if each.split == split] for split in self.splits}
        views = {"train": env.view, "validation": None}
        wanted = [Batch(batch, views[split]) for split, batch in batches.items() if batch]
        evaluations = env.evaluator.evaluate_batches(env.artifact.edited(texts), wanted)
        trials = [trial for evaluation in evaluations for trial in evaluation.trials]
        room = env.parameters.max_trace_chars // max(len(batches["train"]), 1)
        shown = {str(trial.instance): self._shown(trial, room) for trial in trials}
        return [shown[name] for name in instances]

    def _instance(self, name: str) -> Instance:
        split, _, index = name.partition("/")
        if split not in self.splits:
            raise ValueError(f"there is no instance {name!r} to see; there are those of {' and '.join(self.splits)}")
        instances = self._env.task.instances(split)
        if not index.isdecimal() or int(index) >= len(instances):
            raise ValueError(f"there is no instance {name!r}; the last is {instances[-1]}")
        return instances[int(index)]

    def _shown(self, trial: Trial, room: int) -> EvaluatedTrial:
        task, p, metric = self._env.task, self._env.parameters, self._env.metric
        if p.feedback_horizon == "credit":
            trial = trial.within_window()
        score = task.score([trial])
        name, outcome = str(trial.instance), trial.failure.outcome if trial.failure else "ok"
        if trial.instance.split != "train":
            return EvaluatedTrial(name, outcome, score, metric.normalise(score))
        words = feedback(
            task,
            p,
            outcome=outcome,
            message="",
            accepted=True,
            score=score,
            previous_score=None,
            shown=[("train", Evaluation([trial], score, score))],
            metric=metric,
        )
        most_steps = task.max_inner_steps if task.cap_is_told else None
        trace = render([trial], self._env.view, room, most_steps).text
        return EvaluatedTrial(name, outcome, score, metric.normalise(score), trace, words)
