"""What a run came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from genopt_gym.core.ledger import ModelAccount
from genopt_gym.runs.confirmation import Confirmed


@dataclass(frozen=True)
class Result:
    """What a run came to.

    Attributes:
        start_score: validation score of the starting artifact.
        validation_score: validation score of the best artifact: the one with the best validation score or, where
            several are confirmed, the one of these with the best confirmation score.
        confirmation_score: of the best artifact on fresh instances; ``None`` where nothing was confirmed.
        start_test_score: test score of the starting artifact.
        test_score: test score of the best artifact, computed after the loop. ``None``, as that of the start, where
            artifacts ask a model and the budget does not bear it.
        ended_by: ``solved``, ``updates`` (all edits were made), ``agent`` (it had no further edit) or the budget that
            was spent.
        models: what model calls have cost, by role.
        confirmed: the artifacts that were run again, in the order of validation.
        best_step: the step that has made the best artifact.
    """

    folder: Path
    start_score: float
    validation_score: float
    start_test_score: float | None
    test_score: float | None
    ended_by: str
    models: dict[str, ModelAccount]
    confirmation_score: float | None = None
    confirmed: Sequence[Confirmed] = ()
    best_step: int = 0
