"""The steps of a run as they are stored, with what they cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, overload

from genopt_gym.core.errors import UserError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Step:
    """One step of a run; step 0 is the reset, each later one an edit.

    Attributes:
        step: its number.
        outcome: of the edit, an ``EditOutcome`` value.
        problem: why the edit was not run, or how its first failed trial did; ``None`` if nothing went wrong.
        accepted: whether the edit stayed.
        score: as the agent saw it, in the metric's unit.
        best_score: best of these so far.
        reward: of the environment.
        validation_score: ``None`` where the artifact could not be run.
        artifact: content id of the artifact that the evidence is about.
        horizon_shown: inner steps that the trace held.
        trials: this step's train trials: ``instance``, ``score`` and ``steps`` of each.
        terminated: whether validation reached the solved score.
        truncated_by: what ended the run here, if anything: ``updates``, or a budget.
        seconds: wall time of this step, without what was spent waiting for a person.
        total_trials: train and validation trials of the run so far.
        total_inner_steps: of those.
        worker_seconds: of those, summed over workers.
        models: role to what its calls have cost so far, as in ``ModelAccount``.
        parents: ids of the artifacts that the edit was made from, the main one first; ``None`` if that was not told.
        replayed: the step was stored before the run was resumed, and is seen again.
    """

    step: int
    outcome: str
    accepted: bool
    score: float
    best_score: float
    reward: float
    validation_score: float | None
    artifact: str
    horizon_shown: int
    trials: Sequence[Mapping[str, Any]]
    terminated: bool
    truncated_by: str | None
    seconds: float
    total_trials: int
    total_inner_steps: int
    worker_seconds: float
    models: Mapping[str, Mapping[str, Any]]
    replayed: bool = False
    problem: str | None = None
    parents: Sequence[str] | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any], cost: Mapping[str, Any], replayed: bool = False) -> Step:
        """From a row of ``steps.jsonl`` and its row of ``ledger.jsonl``."""
        known = {field.name for field in fields(cls)}
        own = {name: value for name, value in row.items() if name in known}
        return cls(
            **own,
            seconds=cost["seconds"],
            total_trials=cost["trials"],
            total_inner_steps=cost["inner_steps"],
            worker_seconds=cost["worker_seconds"],
            models=cost["models"],
            replayed=replayed,
        )

    @property
    def tokens(self) -> int:
        """Of all model calls of the run so far, failed attempts included."""
        names = ("prompt_tokens", "completion_tokens", "lost_tokens")
        return sum(account[name] for account in self.models.values() for name in names)

    @property
    def money(self) -> float | None:
        """US dollars of all model calls of the run so far; ``None`` once a price was not known."""
        money = [account["money"] for account in self.models.values()]
        return None if None in money else float(sum(money))

    def as_row(self) -> dict[str, Any]:
        """Plain data with one value a column: costs summed, without the single trials."""
        left_out = ("trials", "models", "replayed", "parents")
        row = {field.name: getattr(self, field.name) for field in fields(self) if field.name not in left_out}
        return row | {"tokens": self.tokens, "money": self.money}


class StepList(Sequence[Step]):
    """Steps in order; ``steps[-1]`` is the last."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = list(steps)

    def __len__(self) -> int:
        return len(self._steps)

    @overload
    def __getitem__(self, index: int) -> Step: ...

    @overload
    def __getitem__(self, index: slice) -> StepList: ...

    def __getitem__(self, index: int | slice) -> Step | StepList:
        return StepList(self._steps[index]) if isinstance(index, slice) else self._steps[index]

    def __iter__(self) -> Iterator[Step]:
        return iter(self._steps)

    def __repr__(self) -> str:
        return f"<{len(self)} steps>" if self._steps else "<no steps>"

    def to_pandas(self) -> pd.DataFrame:
        """A row for each step; UserError if pandas is not installed."""
        return data_frame([step.as_row() for step in self._steps])


def data_frame(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows as a table of pandas; UserError if it is not installed."""
    try:
        import pandas as pd
    except ImportError:
        raise UserError("to_pandas needs another package: pip install 'genopt-gym[ml]'") from None
    return pd.DataFrame(list(rows))
