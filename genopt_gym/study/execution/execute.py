"""Running a study: what is not done yet is begun or resumed, on whatever the executor has."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from genopt_gym.study.execution.budget import BudgetAllocator
from genopt_gym.study.execution.worker import Ended, RunJob
from genopt_gym.study.folder import StorageError, StudyFolder, Superseded, is_done, run_path, storage, write_error
from genopt_gym.study.index import build_index
from genopt_gym.study.records import PlannedRun

TRIES = 2
TICK = 0.5
"""Seconds between looks at how the runs get on."""
INDEX_SHARE = 0.02
"""Of the time, to keep the index up to date for who looks at it meanwhile."""

What = Literal["begun", "done", "failed", "again", "tick"]
OnEvent = Callable[[What, str], None]
"""Called with what happened, and to which run; ``again``: it crashed and is resumed."""


class Executor(Protocol):
    """Where runs are carried out. A run that is stopped or lost is resumed from its folder."""

    @property
    def slots(self) -> int:
        """How many runs may be under way."""

    def start(self, job: RunJob) -> None: ...

    def wait(self, seconds: float) -> Sequence[Ended]:
        """Runs that have ended; waits for one at most so long."""

    def stop(self) -> None:
        """End what is under way."""


@dataclass
class Outcome:
    """How a study went.

    Attributes:
        done: number of runs that have a result.
        failed: key to the error of runs that failed twice, or would fail again.
        left_out: key to the reason why a run was not begun.
    """

    done: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def run_study(
    folder: StudyFolder,
    executor: Executor,
    on_event: OnEvent = lambda what, key: None,
    callbacks: Sequence[str] = (),
    accept_changes: bool = False,
) -> Outcome:
    """Carry out what is not done yet; runs that failed earlier are tried again.

    Args:
        folder: of the study.
        executor: where runs are carried out.
        on_event: told of what happens.
        callbacks: names of callbacks, or ``module:Class``: new ones watch each run, where it is carried out.
        accept_changes: runs that were begun go on although the user's own code or data has changed.

    Raises:
        StorageError: the disk is full or cannot be written to; what is under way was stopped.
        Superseded: another driver has taken the study.
        UserError: the study's budget is too small.
    """
    study = _Study(folder, executor, on_event, callbacks, accept_changes)
    try:
        study.run()
    finally:
        executor.stop()
    build_index(folder.path)
    return study.outcome


class _Study:
    def __init__(
        self,
        folder: StudyFolder,
        executor: Executor,
        on_event: OnEvent,
        callbacks: Sequence[str],
        accept_changes: bool,
    ) -> None:
        self.outcome = Outcome()
        self._folder = folder
        self._executor = executor
        self._on_event = on_event
        self._callbacks = list(callbacks)
        self._accept_changes = accept_changes
        self._purse = BudgetAllocator(folder.plan, folder.path)
        self._waiting = deque(run for run in folder.plan.runs if not is_done(run_path(folder.path, run.key)))
        self._running: dict[str, PlannedRun] = {}
        self._tries: Counter[str] = Counter()
        self._index_due = time.monotonic()

    def run(self) -> None:
        while self._waiting or self._running:
            while self._waiting and len(self._running) < self._executor.slots and self._begin(self._waiting[0]):
                self._waiting.popleft()
            for ended in self._executor.wait(TICK) if self._running else ():
                self._end(self._running.pop(ended.key), ended)
            self._on_event("tick", "")
        self.outcome.done = sum(is_done(run_path(self._folder.path, run.key)) for run in self._folder.plan.runs)

    def _begin(self, run: PlannedRun) -> bool:
        """Begin the next run, or leave it out for good; False if it has to wait."""
        refusal = self._purse.refusal(run)
        if refusal and self._running:
            return False
        if refusal:
            self.outcome.left_out[run.key] = refusal
            return True
        self._purse.hold(run)
        self._tries[run.key] += 1
        self._running[run.key] = run
        study, token = str(self._folder.path.absolute()), self._folder.fence.token
        config = self._purse.config(run)
        self._executor.start(RunJob(study, run.key, config, token, self._callbacks, self._accept_changes))
        self._on_event("begun", run.key)
        return True

    def _end(self, run: PlannedRun, ended: Ended) -> None:
        if ended.how == "superseded":
            raise Superseded(ended.error)
        if ended.how == "storage":
            raise StorageError(ended.error)
        if ended.how == "crashed" and self._tries[run.key] < TRIES:
            self._waiting.appendleft(run)
            self._on_event("again", run.key)
            return
        self._purse.settle(run)
        with storage(self._folder.path):
            write_error(self._folder.path, run.key, ended.error)
            self._refresh_index()
        if ended.how == "done":
            self._on_event("done", run.key)
        else:
            self.outcome.failed[run.key] = ended.error
            self._on_event("failed", run.key)

    def _refresh_index(self) -> None:
        began = time.monotonic()
        if began >= self._index_due:
            build_index(self._folder.path)
            now = time.monotonic()
            self._index_due = now + (now - began) / INDEX_SHARE
