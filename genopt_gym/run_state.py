"""What an environment remembers of a run: what became of each edit, and what changes from step to step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Self

from genopt_gym.core.artifact import Artifact
from genopt_gym.core.evidence import Instance
from genopt_gym.core.sampling import BatchSampler
from genopt_gym.core.task import Metric
from genopt_gym.evaluation import Evaluation


@dataclass(frozen=True)
class StepResult:
    """What became of one edit.

    Attributes:
        artifact: what the evidence is about.
        outcome: an ``EditOutcome`` value, or one of the task's own.
        message: why the edit was not run, if so.
        batch: the train instances it was run on.
        train: of this step's batch; under ``feedback_horizon="credit"`` the traced windows alone.
        validation: of the whole split.
        score: as observed.
        accepted: whether the edit stays.
    """

    artifact: Artifact
    outcome: str
    message: str = ""
    batch: Sequence[Instance] = ()
    train: Evaluation | None = None
    validation: Evaluation | None = None
    score: float = 0.0
    accepted: bool = True


@dataclass
class RunState:
    """What changes from step to step, from ``reset`` on.

    Attributes:
        sampler: draws the train batches.
        first: of the starting artifact.
        artifact: as it stands.
        current: the step that the artifact comes from.
        last: the step that was made last.
        shown: the last step whose artifact ran on a train batch: its trace is shown until another did.
        selected: the step with the best validation score.
        best_score: as observed.
        baseline: of the reward ``improvement``: the best normalised score so far, and at least 0.
        history: outcome, score and best score of ``reset`` and of every step.
    """

    sampler: BatchSampler
    first: StepResult
    artifact: Artifact
    current: StepResult
    last: StepResult
    shown: StepResult
    selected: StepResult
    best_score: float
    baseline: float
    history: list[tuple[str, float, float]] = field(default_factory=list)

    @classmethod
    def begun_with(cls, first: StepResult, sampler: BatchSampler, metric: Metric) -> Self:
        """The state after ``reset``."""
        baseline = max(metric.normalise(first.score), 0.0)
        return cls(sampler, first, first.artifact, first, first, first, first, first.score, baseline)

    def reward(self, kind: Literal["improvement", "score", "delta"], metric: Metric, previous: float) -> float:
        """Of the last step; ``previous`` is the score of the one before."""
        score = metric.normalise(self.last.score)
        if kind == "improvement":
            rise = max(score - self.baseline, 0.0)
            self.baseline += rise
            return rise
        return max(-1.0, score - (metric.normalise(previous) if kind == "delta" else 0.0))
