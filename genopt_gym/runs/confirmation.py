"""Confirmation: the best artifacts by validation are run again on fresh instances, and the best there is taken.

The best of several noisy validation scores is too high, and by how much differs from artifact to artifact. A second
look at a few of them, on instances that nothing was selected by, takes most of that away. Their validation scores do
not count any more: an optimizer that has seen these for many edits may have fitted the instances.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from genopt_gym.core.artifact import Artifact
from genopt_gym.core.metric import Metric
from genopt_gym.core.task import CONFIRMATION
from genopt_gym.env import OptimizationEnv
from genopt_gym.evaluation import BudgetSpent, Evaluator
from genopt_gym.selection import Candidate, confirmation_cost


@dataclass(frozen=True)
class Confirmed:
    """An artifact that was run again.

    Attributes:
        artifact: its content id.
        step: that has made it.
        validation_score: on the instances that it was taken by.
        confirmation_score: on fresh ones.
    """

    artifact: str
    step: int
    validation_score: float
    confirmation_score: float


@dataclass(frozen=True)
class Selection:
    """The artifact of a run that is tested.

    Attributes:
        best: the artifact and how it was found.
        confirmed: all that were run again, in the order of validation; none where nothing was to be confirmed, or the
            budget of model calls did not reach for all.
    """

    best: Candidate
    confirmed: Sequence[Confirmed] = ()

    @property
    def confirmation_score(self) -> float | None:
        """Of the best."""
        scores = {each.artifact: each.confirmation_score for each in self.confirmed}
        return scores.get(self.best.artifact.id)

    def gaps(self, test_score: float | None, metric: Metric) -> dict[str, float | None]:
        """By how much scores of the best promised more than test held, on the normalised scale."""
        seen = {"validation": self.best.validation_score, "confirmation": self.confirmation_score}
        return {
            split: None
            if score is None or test_score is None
            else metric.normalise(score) - metric.normalise(test_score)
            for split, score in seen.items()
        }


def keep_budget(env: OptimizationEnv) -> None:
    """Keep from the start what confirming will need."""
    env.evaluator.budget.keep(**confirmation_cost(env.task, env.confirm))


def select(env: OptimizationEnv) -> Selection:
    """Of the environment's run, when its loop has ended; charged to its budget. No agent has the evaluator."""
    if not env.confirm:
        return Selection(env.candidates[0])
    running = env.evaluator
    fresh = Evaluator(
        running.spec, splits=(CONFIRMATION,), store=running.store, budget=running.budget, client=running.client
    )
    running.budget.keep(trials=0, inner_steps=0)

    def score(artifact: Artifact) -> float:
        return fresh.evaluate(artifact, CONFIRMATION).score

    try:
        return choose(env.candidates[: env.confirm], env.task.metric, score)
    except BudgetSpent:
        return Selection(env.candidates[0])


def choose(candidates: Sequence[Candidate], metric: Metric, score: Callable[[Artifact], float]) -> Selection:
    """The candidate with the best score on fresh instances; of equals the better by validation.

    Args:
        candidates: the best by validation first.
        metric: says which score is better.
        score: runs an artifact on the fresh instances.
    """
    scores = [score(candidate.artifact) for candidate in candidates]
    best = max(range(len(candidates)), key=lambda place: metric.sign * scores[place])
    confirmed = [
        Confirmed(each.artifact.id, each.step, each.validation_score, fresh)
        for each, fresh in zip(candidates, scores, strict=True)
    ]
    return Selection(candidates[best], tuple(confirmed))
