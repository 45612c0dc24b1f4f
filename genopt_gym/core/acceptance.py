"""Acceptance rules: which edits stay. A new one is a class here or elsewhere, and a row."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final

from genopt_gym.core.registry import Registry
from genopt_gym.core.task import Metric


@dataclass(frozen=True)
class TriedEdit:
    """What a rule may go by: an edit that could be read and that changes the artifact, after it was run.

    Attributes:
        number: of the edit in its run, from 1.
        outcome: how it went; ``ok`` if the artifact ran without a failure.
        metric: what the scores mean; ``metric.better(a, b)`` compares two.
        train_score: on this step's train batch, as far as the trace shows it; ``None`` if the artifact was not run.
        validation_score: the metric's lowest if the artifact was not run.
        current_validation_score: of the artifact that the edit would replace.
        current_train_score: a function that runs the artifact which the edit would replace on the same train batch
            and returns its score. A rule that calls it sets ``AcceptanceRule.runs_current``.
    """

    number: int
    outcome: str
    metric: Metric
    train_score: float | None
    validation_score: float
    current_validation_score: float
    current_train_score: Callable[[], float]


class AcceptanceRule(ABC):
    """Decides which edits stay. An environment has one of its own, so a rule may remember what it has seen.

    Attributes:
        runs_current: whether it may call ``TriedEdit.current_train_score``: a step's budget has to hold those
            trials too.
    """

    runs_current: ClassVar[bool] = False

    def reset(self, seed: int) -> None:  # noqa: B027  # most rules remember nothing
        """A run begins: forget the one before. ``seed`` is a rule's only source of randomness."""

    @abstractmethod
    def accepts(self, edit: TriedEdit) -> bool:
        """Whether the edit stays; it is called once for each edit, in their order."""


class Always(AcceptanceRule):
    """Every edit stays."""

    def accepts(self, edit: TriedEdit) -> bool:
        return True


class Valid(AcceptanceRule):
    """Edits stay that run without a failure."""

    def accepts(self, edit: TriedEdit) -> bool:
        return edit.outcome == "ok"


class NotWorseOnTrain(AcceptanceRule):
    """Edits stay that run and do not lose against the artifact as it was, on the same train batch."""

    runs_current = True

    def accepts(self, edit: TriedEdit) -> bool:
        if edit.outcome != "ok" or edit.train_score is None:
            return False
        return not edit.metric.better(edit.current_train_score(), edit.train_score)


class NotWorseOnValidation(AcceptanceRule):
    """Edits stay that run and do not lose on validation."""

    def accepts(self, edit: TriedEdit) -> bool:
        return edit.outcome == "ok" and not edit.metric.better(edit.current_validation_score, edit.validation_score)


RULES: Final = Registry(
    "acceptance rule",
    AcceptanceRule,  # type: ignore[type-abstract]
    {
        "always": "genopt_gym.core.acceptance:Always",
        "valid": "genopt_gym.core.acceptance:Valid",
        "train": "genopt_gym.core.acceptance:NotWorseOnTrain",
        "validation": "genopt_gym.core.acceptance:NotWorseOnValidation",
    },
)
