"""Which train instances the next observation pools."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np

from genopt_gym.core.errors import ParameterError
from genopt_gym.core.evidence import Instance, Trial
from genopt_gym.core.ledger import BudgetSpent
from genopt_gym.core.task import Task

Kind = Literal["epoch", "fixed", "failures", "mixed"]
SEARCHED = 4
"""Batches of trials, at most, in which ``failures`` and ``mixed`` look for those that fail."""


class BatchSampler:
    """Draws batches of train instances.

    Args:
        task: whose train split is drawn from.
        size: trials of a batch.
        kind: ``epoch`` (none twice before all came once), ``fixed`` (always the same), ``failures`` (instances on
            which the artifact fails now: those that failed when they were last run, then new ones, until a batch of
            failures is found or ``SEARCHED`` batches were run), ``mixed`` (the same, with one success beside them).
        trial_start: ``continue`` lets an instance go on where its last window ended, until its episode is over.
        rng: the only source of randomness.
    """

    def __init__(
        self,
        task: Task,
        size: int,
        kind: Kind,
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
        self._failing: dict[int, Instance] = {}
        """By index, train instances that failed when they were last run."""
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
            elif self._kind == "fixed":
                batch.append(Instance(split, index))
        if self._looks_for_failures:
            taken = {instance.index for instance in batch}
            again = [instance for index, instance in self._failing.items() if index not in taken]
            batch += again[: self._size - len(batch)]
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

    def pick(self, trials: Sequence[Trial], run: Callable[[list[Instance]], Sequence[Trial]] | None) -> list[Trial]:
        """The trials to show, once the batch that was drawn has been run.

        Args:
            trials: of that batch.
            run: runs more instances on the same artifact; ``None`` where that would cost too much.
        """
        tried = list(trials)
        most = min(SEARCHED * self._size, len(self._task.instances("train")))
        while run is not None and self._looks_for_failures and not self._continue and len(tried) < most:
            if sum(map(self._task.failed, tried)) >= self._size - (self._kind == "mixed"):
                break
            taken = {trial.instance.index for trial in tried}
            more: list[Instance] = []
            while len(more) < min(self._size, most - len(tried)):
                more.append(self._next(taken | {instance.index for instance in more}))
            try:
                tried += run(more)
            except BudgetSpent:
                break
        for trial in tried:
            self._failing.pop(trial.instance.index, None)
            if self._task.failed(trial):
                self._failing[trial.instance.index] = Instance(trial.instance.split, trial.instance.index)
        self._last = self._chosen(tried)
        return self._last

    @property
    def _looks_for_failures(self) -> bool:
        return self._kind in ("failures", "mixed")

    def _chosen(self, tried: list[Trial]) -> list[Trial]:
        """As many of the trials as a batch has: failures first where these are looked for."""
        if not self._looks_for_failures or len(tried) == self._size:
            return tried[: self._size]
        failed = [trial for trial in tried if self._task.failed(trial)]
        rest = [trial for trial in tried if not self._task.failed(trial)]
        beside = min(len(rest), self._kind == "mixed" and self._size > 1)
        failed = failed[: self._size - beside]
        return [*failed, *rest[: self._size - len(failed)]]

    def _next(self, taken: set[int]) -> Instance:
        """The next instance of the epoch that the batch does not hold yet."""
        while True:
            if not self._queue:
                instances = self._task.instances("train")
                self._queue = [instances[i] for i in self._rng.permutation(len(instances))]
            instance = self._queue.pop()
            if instance.index not in taken:
                return instance
