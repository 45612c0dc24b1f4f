"""Which artifact of a run is the one: the best by validation, and how many of them are run again to be sure."""

from __future__ import annotations

from dataclasses import dataclass, field

from genopt_gym.core.artifact import Artifact
from genopt_gym.core.errors import ParameterError
from genopt_gym.core.metric import Metric
from genopt_gym.core.parameters import Parameters
from genopt_gym.core.task import CONFIRMATION, Task

CONFIRMED = 3
"""How many artifacts are run again where nobody says how many."""
SHARE = 5
"""Unless asked for, confirming takes at most this part of a budget."""


@dataclass(frozen=True)
class Candidate:
    """An artifact of a run.

    Attributes:
        artifact: as it was run.
        validation_score: of the whole split.
        step: that has made it; 0 is the start.
    """

    artifact: Artifact
    validation_score: float
    step: int


@dataclass
class Ranking:
    """The best artifacts by validation, each once, the best first; of equals the earlier.

    Attributes:
        metric: says which score is better.
        size: how many are kept.
    """

    metric: Metric
    size: int
    candidates: list[Candidate] = field(default_factory=list)

    def add(self, candidate: Candidate) -> None:
        """Place an artifact that was run."""
        for known in self.candidates:
            if known.artifact.id == candidate.artifact.id:
                if not self.metric.better(candidate.validation_score, known.validation_score):
                    return
                self.candidates.remove(known)
                break
        self.candidates.append(candidate)
        self.candidates.sort(key=lambda each: -self.metric.sign * each.validation_score)
        del self.candidates[self.size :]


def confirmation_cost(task: Task, count: int) -> dict[str, int]:
    """What a budget has to keep for so many artifacts: trials, and inner steps at most."""
    trials = count * len(task.instances(CONFIRMATION))
    return {"trials": trials, "inner_steps": trials * task.max_inner_steps}


def confirmed_count(task: Task, p: Parameters) -> int:
    """How many artifacts are run again when the loop has ended.

    Raises:
        ParameterError: so many were asked for, and the task has no fresh instances or the budget is too small.
    """
    fresh, limits = len(task.instances(CONFIRMATION)), p.budget or {}
    if p.confirm is None:
        counts = range(CONFIRMED if fresh else 0, 0, -1)
        bearable = (n for n in counts if not _too_small(limits, confirmation_cost(task, n * SHARE)))
        return next(bearable, 0)
    if p.confirm and not fresh:
        raise ParameterError(
            f"confirm={p.confirm}: {type(task).__name__} has no fresh instances; confirmation_size= may set some apart",
            "confirm",
        )
    step = p.batch_size + len(task.instances("validation"))
    needed = confirmation_cost(task, p.confirm)
    with_one_step = {"trials": needed["trials"] + step}
    with_one_step["inner_steps"] = needed["inner_steps"] + step * task.max_inner_steps
    if what := _too_small(limits, with_one_step):
        raise ParameterError(
            f"confirm={p.confirm} keeps {needed[what]:,} {what.replace('_', ' ')} of the budget, and the "
            f"{limits[what]:,} there are do not reach for that and one evaluation: confirm less, or allow more",
            "confirm",
        )
    return p.confirm


def _too_small(limits: object, needed: dict[str, int]) -> str:
    """Which limit does not bear it, or nothing."""
    known = dict(limits) if isinstance(limits, dict) else {}
    return next((what for what, count in needed.items() if count > known.get(what, count)), "")
