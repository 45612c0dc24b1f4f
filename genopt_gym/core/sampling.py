"""Which train instances the next observation pools."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np

from genopt_gym.core.errors import ParameterError
from genopt_gym.core.evidence import Instance, Trial
from genopt_gym.core.task import Task


class BatchSampler:
    """Draws batches of train instances.

    Args:
        task: whose train split is drawn from.
        size: trials of a batch.
        kind: ``epoch`` (none twice before all came once), ``fixed`` (always the same), ``failures`` (the last
            batch's failed instances again, the rest as ``epoch``).
        trial_start: ``continue`` lets an instance go on where its last window ended, until its episode is over.
        rng: the only source of randomness.
    """

    def __init__(
        self,
        task: Task,
        size: int,
        kind: Literal["epoch", "fixed", "failures"],
        trial_start: Literal["restart", "continue"],
        rng: np.random.Generator,
    ) -> None:
        self._task = task
        self._size = size
        self._kind = kind
        self._continue = trial_start == "continue"
        self._rng = rng
        self._queue: list[Instance] = []
        self._last: list[Trial] = []
        self.check(size)

    def check(self, size: int) -> None:
        """ValueError if the train split cannot fill a batch of so many trials."""
        there = len(self._task.instances("train"))
        if size > there:
            raise ParameterError(f"batch_size={size} is more than the {there} train instances", "batch_size")

    def resize(self, size: int) -> None:
        """Draw batches of so many trials from now on; ValueError as ``check``."""
        self.check(size)
        self._size = size

    def draw(self) -> list[Instance]:
        """The next batch."""
        batch: list[Instance] = []
        for trial in self._last[: self._size]:
            split, index = trial.instance.split, trial.instance.index
            if self._continue and not trial.ended:
                batch.append(Instance(split, index, trial.actions))
            elif self._kind == "fixed" or (self._kind == "failures" and self._task.failed(trial)):
                batch.append(Instance(split, index))
        while len(batch) < self._size:
            batch.append(self._next({instance.index for instance in batch}))
        return batch

    def foreseen(self, count: int) -> list[list[Instance]]:
        """The next batches that ``draw`` will give, as far as they do not depend on trials that are still to be run."""
        if self._continue or self._kind not in ("epoch", "fixed"):
            count = min(count, 1)
        state = self._state()
        try:
            return [self.draw() for _ in range(count)]
        finally:
            self._restore(state)

    @contextmanager
    def returned_on_error(self) -> Iterator[None]:
        """What is drawn within will be drawn again if an exception leaves it: its trials were not run."""
        state = self._state()
        try:
            yield
        except BaseException:
            self._restore(state)
            raise

    def _state(self) -> tuple[list[Instance], Any]:
        return list(self._queue), self._rng.bit_generator.state

    def _restore(self, state: tuple[list[Instance], Any]) -> None:
        self._queue, self._rng.bit_generator.state = state

    def observe(self, trials: Sequence[Trial]) -> None:
        """Tell what became of the batch."""
        self._last = list(trials)

    def _next(self, taken: set[int]) -> Instance:
        """The next instance of the epoch that the batch does not hold yet."""
        while True:
            if not self._queue:
                instances = self._task.instances("train")
                self._queue = [instances[i] for i in self._rng.permutation(len(instances))]
            instance = self._queue.pop()
            if instance.index not in taken:
                return instance
