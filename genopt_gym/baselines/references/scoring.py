"""Whether the reference programs score on test what is stored of them."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from genopt_gym.baselines.references import Reference, load
from genopt_gym.core.errors import UserError
from genopt_gym.evaluation import Evaluator


@dataclass(frozen=True)
class Found:
    """What became of one program.

    Attributes:
        stored: as it stands in ``scores.json``.
        now: as it was scored just now; ``None`` if it was not.
        why: it was not, or its score proves nothing.
    """

    stored: Reference
    now: Reference | None
    why: str = ""

    @property
    def checked(self) -> bool:
        return not self.why

    @property
    def changed(self) -> bool:
        return self.checked and self.now != self.stored

    def __str__(self) -> str:
        if self.why:
            return f"skipped  {self.stored.id}: {self.why}"
        assert self.now is not None
        words = f"changed, stored is {self.stored.score!r}" if self.changed else "as stored"
        return f"{self.stored.id:<42} {self.now.score!r:>22} over {len(self.now.scores)} trials  {words}"


def measure(one: Reference) -> Reference:
    """The same with what its program scores on test now.

    Raises:
        UserError: its task cannot be made here.
    """
    artifact, spec = load(one)
    found = Evaluator(spec, splits=("test",)).evaluate(artifact, "test")
    scores = [trial.score for trial in found.trials]
    return msgspec.structs.replace(one, artifact=artifact.id, score=found.score, scores=scores)


def compare(stored: Reference) -> Found:
    """Score a program again, and compare."""
    try:
        _, spec = load(stored)
    except UserError as error:
        return Found(stored, None, str(error))
    if not spec.make().deterministic:
        return Found(stored, None, "its task is not deterministic: another score would prove nothing")
    return Found(stored, measure(stored))
