"""A run that waits for its edits: the ordinary loop on a thread of its own, and whoever drives it on others."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple

from genopt_gym.agents.remote import Edit, Remote
from genopt_gym.core.errors import UserError
from genopt_gym.evaluation import EvaluationError
from genopt_gym.runs.callbacks import Callback, RunStart
from genopt_gym.runs.folder import read_artifact
from genopt_gym.runs.result import Result
from genopt_gym.runs.steps import Step
from genopt_gym.serve.errors import RunLeft, SessionError
from genopt_gym.serve.snapshot import Snapshot

Loop = Callable[[list[Callback]], Result]
"""Begins or resumes the run with these callbacks, and returns when it has ended."""


class _Order(NamedTuple):
    """An edit that waits for its turn (``None``: no more of them), and who waits for its snapshot."""

    edit: Edit | None
    made: Future[Snapshot]


class RunSession(Callback):
    """One run. Any thread may drive it: edits are made one after the other, in the order in which they came.

    Args:
        name: what those who drive it call it.
        folder: of the run.
        agent: of the run.
        loop: the run.
    """

    def __init__(self, name: str, folder: Path, agent: Remote, loop: Loop) -> None:
        self.name, self.folder = name, folder
        self._orders: queue.SimpleQueue[_Order] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._over = self._leaving = False
        self._steps: list[Step] = []
        self._shown: list[Mapping[str, Any]] = []
        self._best: tuple[Step, Mapping[str, str]] | None = None
        self._snapshot: Snapshot | None = None
        self._current: Future[Snapshot] | None = None
        self.begun: Future[Snapshot] = Future()
        """The state after the reset, or after what a resumed run had stored."""
        self.result: Future[Result] = Future()
        """Test scores are in it: nobody is shown it who has not ended the run."""
        self._agent = agent
        self._agent.desk = self
        self._loop = loop
        self._thread = threading.Thread(target=self._run, name=f"genopt-run-{name}", daemon=True)

    def start(self) -> Future[Snapshot]:
        self._thread.start()
        return self.begun

    @property
    def snapshot(self) -> Snapshot:
        """The state after the last step; SessionError if there is none yet."""
        with self._lock:
            if self._snapshot is not None:
                return self._snapshot
        if self.begun.done() and (failure := self.begun.exception()) is not None:
            raise failure
        raise SessionError(f"run {self.name} has not begun yet: its starting artifact is being evaluated")

    @property
    def is_over(self) -> bool:
        """Whether no further edit is taken."""
        return self._over

    @property
    def editable(self) -> list[str]:
        """Components that may be changed, once the run has begun."""
        return list(self._agent.problem.action_space.texts)

    def edit(self, edit: Edit) -> Future[Snapshot]:
        """Make an edit when its turn comes; a future that is cancelled before makes none.

        Raises:
            SessionError: the run takes no more edits.
        """
        return self._order(edit)

    def revert_to_best(self) -> Future[Snapshot]:
        """An edit that makes the artifact what the step with the best observed score had."""
        now = self.snapshot
        if now.artifact == now.best_texts:
            raise SessionError(f"the artifact is that of the best step, {now.best.step}, already: nothing was done")
        return self._order({name: now.best_texts[name] for name in self.editable})

    def finish(self) -> Future[Result]:
        """Take no more edits, and score start and best on test."""
        with self._lock:
            if not self._over:
                self._orders.put(_Order(None, Future()))
                self._over = True
        return self.result

    def leave(self, patience: float = 5.0) -> None:
        """Stop without ending the run: it can be resumed. A step under way may end first."""
        with self._lock:
            self._over = self._leaving = True
            self._orders.put(_Order(None, Future()))
        self._thread.join(patience)

    # The run's side: all of it on the run's own thread.

    def take(self) -> Edit | None:
        if not self.begun.done() and self._snapshot is not None:
            self.begun.set_result(self._snapshot)
        while True:
            order = self._orders.get()
            if self._leaving:
                self._orders.put(order)  # whoever waits for it is told when the run is left
                raise RunLeft("the server has ended; the run can be resumed")
            if not order.made.set_running_or_notify_cancel():
                continue
            if order.edit is None:
                return None
            self._current = order.made
            return order.edit

    def show(self, observation: Mapping[str, Any]) -> None:
        self._shown.append(observation)
        self._publish()

    def on_start(self, start: RunStart) -> None:
        self._start = start

    def on_step(self, step: Step) -> None:
        self._steps.append(step)
        if self._best is None or self._start.metric.better(step.score, self._best[0].score):
            self._best = step, read_artifact(self.folder, step.artifact)
        self._publish()

    def _publish(self) -> None:
        """As soon as a step is stored and its observation is there, whichever comes first."""
        if len(self._steps) != len(self._shown) or self._best is None:
            return
        best, texts = self._best
        snapshot = Snapshot(self._start, tuple(self._steps), self._shown[-1], best, texts)
        self._shown[:-1] = [{} for _ in self._shown[:-1]]
        with self._lock:
            self._snapshot = snapshot
            self._over = self._over or snapshot.ended_by is not None
        made, self._current = self._current, None
        if made is not None:
            made.set_result(snapshot)

    def _run(self) -> None:
        error: BaseException = SessionError(f"run {self.name} has ended: call finish for its scores")
        try:
            result = self._loop([self])
        except BaseException as failure:
            error = _told(failure, self.folder)
            self.result.set_exception(error)
        else:
            self.result.set_result(result)
        self._refuse_all(error)

    def _refuse_all(self, error: BaseException) -> None:
        with self._lock:
            self._over = True
        if not self.begun.done():
            if self._snapshot is not None and self.result.exception() is None:
                self.begun.set_result(self._snapshot)
            else:
                self.begun.set_exception(error)
        if self._current is not None:
            self._current.set_exception(error)
        while not self._orders.empty():
            order = self._orders.get()
            if order.made.set_running_or_notify_cancel():
                order.made.set_exception(error)

    def _order(self, edit: Edit) -> Future[Snapshot]:
        made: Future[Snapshot] = Future()
        with self._lock:
            if self._over:
                ended_by = None if self._snapshot is None else self._snapshot.ended_by
                why = f" ({ended_by})" if ended_by else ""
                raise SessionError(f"run {self.name} takes no more edits{why}: call finish for its scores")
            self._orders.put(_Order(edit, made))
        return made


def _told(failure: BaseException, folder: Path) -> BaseException:
    """What those who drive the run are told of it."""
    if isinstance(failure, UserError | EvaluationError):
        return failure if isinstance(failure, SessionError) else SessionError(str(failure))
    logging.getLogger(__name__).error("a run failed", exc_info=failure)
    return SessionError(f"the run stopped with {failure!r}; what was stored is in {folder}, and can be resumed")
