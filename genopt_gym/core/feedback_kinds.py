"""Feedback kinds: what the words after a step tell. A new one is a class here or elsewhere, and a row."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from genopt_gym.core.evidence import Trial
from genopt_gym.core.metric import Metric
from genopt_gym.core.registry import Registry
from genopt_gym.core.scale_words import on_scale
from genopt_gym.core.standing import Standing, score_words
from genopt_gym.core.task import Task


@dataclass(frozen=True)
class Seen:
    """What may be spoken of after a step; under ``feedback_horizon="credit"`` nothing beyond the traced windows.

    Attributes:
        task: the task.
        outcome: how the edit went.
        score: as observed.
        previous_score: of the step before; ``None`` after ``reset``.
        trials: by split, those of ``train`` first; none of an artifact that was not run.
        split: where the score comes from.
        standing: where the run stands; ``None`` after ``reset``.
        observed: what the score means where that is not the task's metric, but one of windows.
    """

    task: Task
    outcome: str
    score: float
    previous_score: float | None
    trials: Mapping[str, Sequence[Trial]]
    split: str = "validation"
    standing: Standing | None = None
    observed: Metric | None = None

    @property
    def metric(self) -> Metric:
        """What the score means."""
        return self.observed or self.task.metric


class FeedbackKind(ABC):
    """One kind of words about a step. It keeps no state: a new one is made for each step."""

    @abstractmethod
    def lines(self, seen: Seen) -> Sequence[str]:
        """Sentences or lines of text; none if there is nothing to tell."""


class Score(FeedbackKind):
    """The score, what it is called and which trials it is of; and where the run stands."""

    def lines(self, seen: Seen) -> Sequence[str]:
        words = [score_words(seen.metric, seen.score, seen.split, seen.trials)]
        return words if seen.standing is None else [*words, seen.standing.words(seen.metric)]


class Metrics(FeedbackKind):
    """The means of whatever else the trials measured, by split."""

    def lines(self, seen: Seen) -> Sequence[str]:
        told = {split: mean_metrics(trials) for split, trials in seen.trials.items()}
        return [
            f"{split}: " + ", ".join(f"{name} {value:.5g}" for name, value in means.items()) + "."
            for split, means in told.items()
            if means
        ]


class Staged(FeedbackKind):
    """What a coach would say of the score, and how far from floor to reference it is.

    Nothing where the artifact did not run, the task is disguised, or all that counts are windows.
    """

    def lines(self, seen: Seen) -> Sequence[str]:
        of_windows = seen.metric != seen.task.metric  # while stages speak of whole trials
        if seen.outcome not in ("ok", "unchanged") or seen.task.disguised or of_windows:
            return []
        return [words for words in (seen.task.staged(seen.score), on_scale(seen.metric, seen.score)) if words]


class Progress(FeedbackKind):
    """Whether the score has improved since the step before."""

    def lines(self, seen: Seen) -> Sequence[str]:
        if seen.previous_score is None:
            return []
        if seen.score == seen.previous_score:
            return ["The score is the same as before."]
        better = seen.metric.better(seen.score, seen.previous_score)
        return [f"The score has {'improved' if better else 'got worse'}."]


class ExpectedAnswer(FeedbackKind):
    """The expected answers of train trials that failed to give them."""

    def lines(self, seen: Seen) -> Sequence[str]:
        failed = (trial for trial in seen.trials.get("train", ()) if seen.task.failed(trial))
        answers = ((trial.instance, seen.task.answer(trial.instance)) for trial in failed)
        return [f"Expected answer of {instance}: {answer}" for instance, answer in answers if answer is not None]


class OwnWords(FeedbackKind):
    """What the scoring function says of each train trial."""

    def lines(self, seen: Seen) -> Sequence[str]:
        return [f"{trial.instance}: {trial.words}" for trial in seen.trials.get("train", ()) if trial.words]


FEEDBACK: Final = Registry(
    "feedback kind",
    FeedbackKind,  # type: ignore[type-abstract]
    {
        "score": "genopt_gym.core.feedback_kinds:Score",
        "metrics": "genopt_gym.core.feedback_kinds:Metrics",
        "staged": "genopt_gym.core.feedback_kinds:Staged",
        "trials": "genopt_gym.core.trial_words:TrialSpread",
        "progress": "genopt_gym.core.feedback_kinds:Progress",
        "answer": "genopt_gym.core.feedback_kinds:ExpectedAnswer",
        "own": "genopt_gym.core.feedback_kinds:OwnWords",
    },
)


def mean_metrics(trials: Sequence[Trial]) -> dict[str, float]:
    """The mean of each metric over the trials that have it."""
    names = sorted({name for trial in trials for name in trial.metrics})
    return {name: fmean(trial.metrics[name] for trial in trials if name in trial.metrics) for name in names}
