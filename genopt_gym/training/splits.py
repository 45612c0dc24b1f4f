"""What a trainer draws its episodes from, and what it keeps for testing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from genopt_gym.core.errors import UserError

SPLITS = {"train": 1000, "test": 100}
"""Split to its number of tasks."""


@dataclass(frozen=True)
class SplitTask:
    """One task: a seed that orders the train trials, and a ``split_seed`` that fixes what validation holds.

    Tasks of ``train`` share a ``split_seed``, so that what was evaluated once is known to all. Each task of ``test``
    has another: it is scored on instances that no task of ``train`` is scored on, where an environment draws them.
    """

    split: str
    index: int
    seed: int
    split_seed: int

    @property
    def shown(self) -> dict[str, Any]:
        return {"id": f"{self.split}-{self.index}", **asdict(self)}


def split_task(split: str, index: int, split_seed: int = 0) -> SplitTask:
    """One of the tasks.

    Args:
        split: ``train`` or ``test``.
        index: from 0.
        split_seed: of the tasks of ``train``.

    Raises:
        UserError: there is no such split.
        IndexError: there is no such task.

    >>> split_task("train", 3)
    SplitTask(split='train', index=3, seed=3, split_seed=0)
    >>> split_task("test", 3)
    SplitTask(split='test', index=3, seed=3, split_seed=4)
    """
    count = number_of_tasks(split)
    if type(index) is not int or not 0 <= index < count:
        raise IndexError(f"{split} has the tasks 0 to {count - 1}, not {index!r:.50}")
    return SplitTask(split, index, index, split_seed + (index + 1 if split == "test" else 0))


def number_of_tasks(split: str) -> int:
    """How many tasks a split has; UserError if there is none of that name."""
    if not isinstance(split, str) or split not in SPLITS:
        raise UserError(f"the splits are {' and '.join(SPLITS)}, not {split!r:.50}")
    return SPLITS[split]


def split_seed_of(parameters: Any) -> int:
    """The ``split_seed`` among keywords of ``gym.make``; what is no number is refused where an environment is made."""
    value = parameters.get("split_seed", 0)
    return value if type(value) is int else 0
