"""What an environment shows after a step: the observation, its space and ``info``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from genopt_gym.core.actions import MAX_TEXT_CHARS
from genopt_gym.core.artifact import Artifact
from genopt_gym.core.evidence import Failure, Trial, View
from genopt_gym.core.metric import Metric
from genopt_gym.core.parameters import Parameters
from genopt_gym.core.spaces import Unicode
from genopt_gym.core.task import Task
from genopt_gym.core.trace import render
from genopt_gym.evaluation import Evaluation
from genopt_gym.feedback import MAX_FEEDBACK_CHARS, feedback, observed_metric
from genopt_gym.run_state import RunState, StepResult

Observation = dict[str, Any]


def observation_space(metric: Metric, start: Artifact, context: str, max_trace_chars: int) -> spaces.Dict:
    """Texts of at most so many characters, and scores within the metric's bounds."""
    low, high = metric.bounds
    box = spaces.Box(low, high, (1,), np.float64)
    return spaces.Dict(
        {
            "context": Unicode(len(context)),
            "artifact": spaces.Dict({component.name: Unicode(MAX_TEXT_CHARS) for component in start.components}),
            "trace": Unicode(max_trace_chars),
            "feedback": Unicode(MAX_FEEDBACK_CHARS),
            "score": box,
            "best_score": box,
        }
    )


@dataclass(frozen=True)
class Observer:
    """Says what a step showed.

    Attributes:
        task: the task.
        context: the problem context.
        parameters: those in force.
        view: what was traced.
    """

    task: Task
    context: str
    parameters: Parameters
    view: View

    def observe(
        self,
        run: RunState,
        previous_score: float | None,
        truncated_by: str | None,
    ) -> tuple[Observation, dict[str, Any]]:
        """Observation and info.

        Where nothing ran in this step, the trace is that of the last artifact that did.

        Args:
            run: after the step.
            previous_score: of the step before; ``None`` after ``reset``.
            truncated_by: the budget that allows no other step, if one does not.
        """
        result, artifact, best_score = run.last, run.artifact, run.best_score
        trials = result.train.trials if result.train else []
        shown = run.shown.train.trials if run.shown.train else []
        most_steps = self.task.max_inner_steps if self.task.cap_is_told else None
        trace = render(shown, self.view, self.parameters.max_trace_chars, most_steps)
        if trace.horizon_shown < max((len(trial.events) for trial in shown), default=0):
            self._warn_of_cuts(run, shown)
        observation = {
            "context": self.context,
            "artifact": {component.name: artifact.texts[component.name] for component in artifact.components},
            "trace": trace.text,
            "feedback": self.feedback(run, previous_score),
            "score": np.array([result.score], np.float64),
            "best_score": np.array([best_score], np.float64),
        }
        info = {
            "outcome": str(result.outcome),
            "accepted": result.accepted,
            "artifact": result.artifact.id,
            "score": float(result.score),
            "best_score": float(best_score),
            "horizon_shown": trace.horizon_shown,
            "trials": [trial.plain() for trial in trials],
            "truncated_by": truncated_by,
        }
        return observation, info

    def _warn_of_cuts(self, run: RunState, shown: Sequence[Trial]) -> None:
        """Say once in a run that the size budget of the trace cuts what the credit horizon would show."""
        if not run.warned_of_cuts:
            run.warned_of_cuts = True
            needed = len(render(shown, self.view, sys.maxsize).text)
            gym.logger.warn(
                f"The trace takes {needed:,} characters and was cut to max_trace_chars="
                f"{self.parameters.max_trace_chars:,}; info['horizon_shown'] tells how many steps remain."
            )

    def feedback(self, run: RunState, previous_score: float | None) -> str:
        """The observation's words."""
        p, result = self.parameters, run.last
        shown = [(split, e) for split, e in (("train", result.train), ("validation", result.validation)) if e]
        if p.observed_split == "train":
            shown = [(split, evaluation) for split, evaluation in shown if split == "train"]
        return feedback(
            self.task,
            p,
            outcome=result.outcome,
            message=result.message,
            accepted=result.accepted,
            score=result.score,
            previous_score=previous_score,
            shown=shown,
            standing=None if previous_score is None else run.standing,
            metric=observed_metric(self.task, p),
        )


def as_observed(
    parameters: Parameters, train: Evaluation, validation: Evaluation
) -> tuple[Evaluation, float, Failure | None]:
    """What may be known of a step's evaluations: that of train, the score, and a failure if there is one."""
    if parameters.feedback_horizon == "credit":
        # From here on there is nothing but the windows; validation selects silently.
        windows = [trial.within_window() for trial in train.trials]
        train = Evaluation(windows, train.window_score, train.window_score)
        return train, train.score, train.failure
    score = (train if parameters.score_split == "train" else validation).score
    return train, score, train.failure or validation.failure


def last_frame(task: Task, result: StepResult) -> NDArray[np.uint8] | None:
    """What the first traced trial made, or the screen at its end; None where there is none, or it is not known how it
    came."""
    if result.train is None:
        return None
    trial = result.train.trials[0]
    if trial.actions and (picture := task.picture(trial.actions)) is not None:
        return picture
    start = len(trial.instance.prefix)
    steps = [event.step for event in trial.events]
    if not steps or steps != [*range(start, start + len(steps))]:
        return None
    actions = [*trial.instance.prefix, *(event.action for event in trial.events if event.action is not None)]
    frames = task.film(trial.instance, actions, [len(actions)])
    return None if frames is None else next(frames)
