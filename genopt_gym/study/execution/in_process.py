"""Runs of a study one after the other in this process: for agents that only this process knows."""

from __future__ import annotations

from collections.abc import Sequence

from genopt_gym.runs.callbacks import Callback
from genopt_gym.study.execution.worker import Ended, RunJob, carry_out


class InProcessExecutor:
    """One run at a time, here; its evaluations are spread over all cores as ever.

    Args:
        callbacks: objects that watch every run, beside those that a study names.
    """

    slots = 1

    def __init__(self, callbacks: Sequence[Callback] = ()) -> None:
        self._callbacks = callbacks
        self._job: RunJob | None = None

    def start(self, job: RunJob) -> None:
        self._job = job

    def wait(self, seconds: float) -> Sequence[Ended]:
        """Carry the run out, however long it takes; an interrupt stops it, and its folder can be resumed."""
        job, self._job = self._job, None
        return [] if job is None else [carry_out(job, self._callbacks)]

    def stop(self) -> None:
        self._job = None
