"""What an environment remembers of a run: what became of each edit, and what changes from step to step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Self

from genopt_gym.core.acceptance import TriedEdit
from genopt_gym.core.artifact import Artifact
from genopt_gym.core.edit import EditOutcome
from genopt_gym.core.evidence import Failure, Instance
from genopt_gym.core.sampling import BatchSampler
from genopt_gym.core.standing import Standing
from genopt_gym.core.task import Metric
from genopt_gym.evaluation import Evaluation
from genopt_gym.selection import Candidate, Ranking

MAX_PROBLEM_CHARS = 2_000


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
        failure: the first of the trials that may be spoken of.
    """

    artifact: Artifact
    outcome: str
    message: str = ""
    batch: Sequence[Instance] = ()
    train: Evaluation | None = None
    validation: Evaluation | None = None
    score: float = 0.0
    accepted: bool = True
    failure: Failure | None = None

    @property
    def problem(self) -> str | None:
        """Why the edit was not run, or how its first failed trial did; ``None`` if nothing went wrong."""
        return (self.message or ("" if self.failure is None else str(self.failure)))[:MAX_PROBLEM_CHARS] or None

    def validation_score(self, metric: Metric) -> float:
        """What selection goes by: the lowest score for an artifact that could not be run."""
        return metric.worst if self.validation is None else self.validation.score


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
        ranking: the best artifacts by validation.
        best_score: as observed.
        best: the step with that score.
        best_edit: its number.
        present_edit: the number of the step that made the artifact as it stands.
        baseline: of the reward ``improvement``: the best normalised score so far, and at least 0.
        history: outcome, score and best score of ``reset`` and of every step.
        warned_of_cuts: whether it was said that traces are cut to their size budget.
    """

    sampler: BatchSampler
    first: StepResult
    artifact: Artifact
    current: StepResult
    last: StepResult
    shown: StepResult
    ranking: Ranking
    best_score: float
    best: StepResult
    baseline: float
    best_edit: int = 0
    present_edit: int = 0
    history: list[tuple[str, float, float]] = field(default_factory=list)
    warned_of_cuts: bool = False

    @classmethod
    def begun_with(cls, first: StepResult, sampler: BatchSampler, metric: Metric, ranking: Ranking) -> Self:
        """The state after ``reset``; ``ranking`` has nothing in it yet."""
        ranking.add(Candidate(first.artifact, first.validation_score(ranking.metric), 0))
        baseline = max(metric.normalise(first.score), 0.0)
        return cls(sampler, first, first.artifact, first, first, first, ranking, first.score, first, baseline)

    def not_run(self, outcome: EditOutcome, message: str) -> StepResult:
        """Of an edit that changes nothing."""
        return StepResult(self.artifact, outcome, message, score=self.current.score, accepted=False)

    def tried(self, result: StepResult, metric: Metric, current_train_score: Callable[[], float]) -> TriedEdit:
        """What a rule of acceptance decides about."""
        return TriedEdit(
            number=len(self.history),
            outcome=result.outcome,
            metric=metric,
            train_score=None if result.train is None else result.train.window_score,
            validation_score=result.validation_score(metric),
            current_validation_score=self.current.validation_score(metric),
            current_train_score=current_train_score,
        )

    def rank(self, result: StepResult) -> None:
        """Place the artifact of the step that is being made, if it was run."""
        if result.validation is not None:
            self.ranking.add(Candidate(result.artifact, result.validation.score, len(self.history)))

    def note(self) -> None:
        """The last step is made."""
        self.history.append((str(self.last.outcome), self.last.score, self.best_score))
        if self.last.train is not None:
            self.shown = self.last

    def adopt(self, result: StepResult) -> None:
        """The step that is being made leaves its artifact standing."""
        if result.artifact.id != self.artifact.id:
            self.present_edit = len(self.history)
        self.artifact, self.current = result.artifact, result

    def compare(self, metric: Metric) -> None:
        """Whether the last step has the best score observed so far; of equal ones the latest counts that ran."""
        result = self.last
        ran = result.train is not None and result.outcome in ("ok", "unchanged")
        if not metric.better(result.score, self.best_score) and not (ran and result.score == self.best_score):
            return
        stands = result.artifact.id == self.artifact.id
        self.best_score, self.best = result.score, result
        self.best_edit = self.present_edit if stands else len(self.history)

    @property
    def standing(self) -> Standing:
        """Where the run stands after the last step."""
        return Standing(
            best_score=self.best_score,
            best_edit=self.best_edit,
            present_score=self.current.score,
            present_edit=self.present_edit,
            present_outcome=str(self.current.outcome),
            is_best=self.artifact.id == self.best.artifact.id,
        )

    def reward(self, kind: Literal["improvement", "score", "delta"], metric: Metric, previous: float) -> float:
        """Of the last step; ``previous`` is the score of the one before."""
        score = metric.normalise(self.last.score)
        if kind == "improvement":
            rise = max(score - self.baseline, 0.0)
            self.baseline += rise
            return rise
        return max(-1.0, score - (metric.normalise(previous) if kind == "delta" else 0.0))
