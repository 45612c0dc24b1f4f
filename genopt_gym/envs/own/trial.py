"""One trial of a function task: what the function calls as ``workflow``, and what is recorded of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import msgspec

from genopt_gym.core.evidence import Call, Failure, Recorder
from genopt_gym.core.nesting import MAX_DEPTH, is_nested_deeper
from genopt_gym.envs.own.returned import Returned
from genopt_gym.sandbox.capture import plain
from genopt_gym.sandbox.session import Session, SessionDied

MAX_NOTES = 100
"""Of one trial."""
MAX_NOTE_CHARS = 1000


class TrialOver(BaseException):
    """Takes a function off its trial; no ``except Exception`` of its own stops that."""


class Workflow:
    """What a scoring function gets: a call asks the components, ``log`` leaves a note in the trace."""

    def __init__(self, session: Session, slot: int, recorder: Recorder, inputs: Sequence[str], max_calls: int) -> None:
        self.death: SessionDied | None = None
        self._process = os.getpid()
        self._session = session
        self._slot = slot
        self._recorder = recorder
        self._inputs = inputs
        self._calls = 0
        self._max_calls = max_calls
        self._notes: list[str] = []
        self._noted = 0
        self._step: tuple[Any, list[Call], Any, int] | None = None
        """The last inner step; recorded when it is known whether the score comes with it, or a failure."""

    @property
    def over(self) -> bool:
        """Whether there is nothing more to learn, whatever the function does."""
        return self._recorder.trial is not None or self.death is not None

    def end_copies(self) -> None:
        """End this process if it is a fork of the one that runs the trial: both would talk to one artifact."""
        if os.getpid() != self._process:
            print("genopt: a scoring function forked its process, and the copy went on: it is ended", file=sys.stderr)
            os._exit(0)

    def log(self, *words: Any) -> None:
        """Leave a note in the trace, at the inner step that the last call made; whoever edits train trials reads it."""
        if self._noted < MAX_NOTES:
            self._noted += 1
            self._notes.append(" ".join(map(str, words))[:MAX_NOTE_CHARS])

    def __call__(self, *arguments: Any) -> Any:
        """Ask the artifact. Arguments and result are plain data or NumPy arrays."""
        self.end_copies()
        if self.over:
            raise TrialOver
        recorder, prefix = self._recorder, self._recorder.instance.prefix
        self._calls += 1
        if self._calls <= len(prefix):  # trial_start="continue": up to here the trial was shown before
            self._notes = []
            return prefix[self._calls - 1]
        self._record(0.0)
        if self._calls > self._max_calls:
            words = f"there were more than the {self._max_calls} calls of the workflow that a trial may have"
            recorder.fail(Failure("timeout", "TooManyCalls", words))
            raise TrialOver
        if recorder.step_limit is not None and recorder.steps >= recorder.step_limit:
            recorder.finish(recorder.failed_score, ended=False)
            raise TrialOver
        shown = msgspec.to_builtins(arguments, enc_hook=plain)
        named = dict(zip(self._inputs, shown, strict=True)) if len(self._inputs) == len(shown) else list(shown)
        try:
            [reply] = self._session.call([self._slot], [arguments])
        except SessionDied as death:
            self.death = death
            raise TrialOver from None
        failure = reply.failure
        if failure is None and is_nested_deeper((reply.result,), MAX_DEPTH):
            failure = Failure(
                "contract_broken", "ValueError", f"what it returned is nested deeper than {MAX_DEPTH} levels"
            )
        if failure is not None:
            recorder.fail(failure, named, reply.calls)
            raise TrialOver
        answer = msgspec.to_builtins(reply.result, enc_hook=plain)
        self._step = (named, reply.calls, answer, self._session.reply_bytes)
        return reply.result

    def fail(self, failure: Failure) -> None:
        """Close the trial: it is the last answer that was refused."""
        if not self.over:
            observation, calls, *_ = self._step or (None, [])
            self._recorder.fail(failure, observation, calls)

    def finish(self, returned: Returned) -> None:
        """Close the trial with its score."""
        recorder = self._recorder
        self.log_all(returned.trace)
        self._record(returned.score)
        recorder.finish(returned.score, ended=True, metrics=returned.metrics, words=returned.words)
        assert recorder.trial is not None
        if not recorder.trial.ended:  # its window had no room for the step that the score comes with
            recorder.trial = msgspec.structs.replace(recorder.trial, window_score=recorder.failed_score)

    def log_all(self, notes: Sequence[Any]) -> None:
        """Leave several notes."""
        for note in notes:
            self.log(note)

    def _record(self, reward: float) -> None:
        if self._step is not None:
            observation, calls, answer, weight = self._step
            self._recorder.step(observation, calls, answer, reward, weight, tuple(self._notes))
            self._step, self._notes = None, []
