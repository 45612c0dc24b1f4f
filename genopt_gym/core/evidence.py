"""Learning evidence as data: what happened in a trial, and which part of it the credit horizon keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from genopt_gym.core.nesting import MAX_DEPTH, is_nested_deeper
from genopt_gym.core.traced_steps import Skipped, TracedSteps
from genopt_gym.core.windows import WINDOWS, Played, checked


class Instance(msgspec.Struct, frozen=True):
    """What one trial runs on: an episode's start, a question, a data split."""

    split: str
    index: int
    prefix: tuple[Any, ...] = ()
    """Actions already played when the trial begins (``trial_start="continue"``)."""

    def __str__(self) -> str:
        return f"{self.split}/{self.index}"


class Failure(msgspec.Struct, frozen=True):
    """Why a trial failed, in the artifact's own terms; no paths, addresses or clocks."""

    outcome: str
    """An ``EditOutcome`` value, or one of the task's own (``Task.outcomes``)."""
    type: str
    """The exception's class, or what ended the process."""
    message: str
    component: str | None = None
    line: int | None = None
    """Line of the component's own text, from 1."""
    source: str = ""
    """That line."""
    output: str = ""
    """The tail of what the artifact printed."""
    step: int | None = None
    """The inner step it happened in, from 0."""

    def __str__(self) -> str:
        where = f" in {self.component}" if self.component else ""
        where += f", line {self.line}" if self.line else ""
        where += f" (`{self.source.strip()}`)" if self.source.strip() else ""
        where += f", at inner step {self.step}" if self.step is not None else ""
        printed = f"\nIts last output:\n{self.output}" if self.output else ""
        return f"{self.type}: {self.message}{where}{printed}"


class Call(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One call of a component.

    An argument that *is* an input of the workflow, or the result of an earlier call in the same inner step, is
    given as ``{"$ref": name}`` with the workflow's parameter or the component that made it (``act#2``: the second call
    of it by the workflow).
    """

    component: str
    arguments: list[Any]
    result: Any


RAISED = {"$summary": "(raised an exception)"}
"""The result of a call that had none."""
CALLS_NOT_SHOWN = "more calls not shown"
"""Stands for a component where a step had more calls than are shown; its result is how many more."""


class Event(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One inner step of a traced window."""

    step: int
    """From 0 at the episode's start."""
    observation: Any
    calls: list[Call]
    action: Any
    reward: float
    notes: tuple[str, ...] = ()
    """What the scoring function has logged at it."""


class Trial(msgspec.Struct, frozen=True):
    """One run of the artifact on one instance."""

    instance: Instance
    score: float
    """Of all the inner steps that were run."""
    window_score: float
    """Of the traced window alone; equals ``score`` where nothing was traced."""
    steps: int
    """Inner steps that were run."""
    ended: bool
    """Whether the episode came to its own end, rather than to the window's."""
    events: list[Event] = []
    failure: Failure | None = None
    metrics: dict[str, float] = {}
    actions: tuple[Any, ...] = ()
    """Actions up to the end of the window, kept for ``trial_start="continue"``."""

    failed_in_window: bool = False
    """Whether the failure lies in the traced window."""
    words: str = ""
    """What the scoring function says of the trial, from all of it."""
    mishaps: list[tuple[int, str]] = []
    """Shown inner steps at which it is seen that something has gone wrong, such as a life lost, and what."""
    skipped: list[Skipped] = []
    """What a window that tells it left out (``TraceWindow.tells_skipped``)."""

    def within_window(self) -> Trial:
        """The trial as far as its window tells: nothing in it was computed beyond."""
        whole = self.ended and len(self.events) == self.steps
        return msgspec.structs.replace(
            self,
            score=self.window_score,
            steps=len(self.events),
            ended=self.failed_in_window or whole,
            failure=self.failure if self.failed_in_window else None,
            metrics={},
            actions=self.actions if len(self.actions) == len(self.instance.prefix) + len(self.events) else (),
            words=self.words if whole else "",
            skipped=[],
        )

    def plain(self) -> dict[str, Any]:
        """As dictionaries, lists, strings and numbers."""
        data = msgspec.to_builtins(msgspec.structs.replace(self, events=[]))
        data["instance"]["prefix"] = list(self.instance.prefix)
        data["actions"] = list(self.actions)
        if not self.words:
            del data["words"]
        data["mishaps"] = [list(mishap) for mishap in self.mishaps]
        data["events"] = [
            {
                "step": event.step,
                "observation": event.observation,
                "calls": msgspec.to_builtins(event.calls, str_keys=True),
                "action": event.action,
                "reward": event.reward,
                **({"notes": list(event.notes)} if event.notes else {}),
            }
            for event in self.events
        ]
        return dict(data)


class View(msgspec.Struct, frozen=True):
    """What is traced of a trial: a window of ``horizon`` inner steps (``None``: all).

    ``window`` is a name of ``WINDOWS``, or ``module:Class``: as text it crosses to the workers, who look it up.
    """

    horizon: int | None
    window: str = "first"
    keep_actions: bool = False

    @property
    def step_limit(self) -> int | None:
        """After how many inner steps a trial ends: window ``first`` needs no more than it shows."""
        return self.horizon if WINDOWS.find(self.window).ends_trial else None

    @property
    def tells_skipped(self) -> bool:
        """Whether the trace says what happened in the steps that the window leaves out."""
        return WINDOWS.find(self.window).tells_skipped

    def choose(self, rewards: Sequence[float], mishaps: Sequence[int] = ()) -> Sequence[int]:
        """The steps, from 0, that the window holds of a trial with these rewards and mishaps.

        >>> View(3, "around_reward").choose([0, 0, 0, 1, 0, 0])
        range(2, 5)
        """
        n = len(rewards)
        if self.horizon is None or self.horizon >= n:
            return range(n)
        played = Played(rewards, mishaps)
        return checked(self.window, WINDOWS.make(self.window).choose(played, self.horizon), n, self.horizon)


SHALLOW_BYTES = 512
"""What was sent in so few bytes cannot be nested so deeply that it matters."""
_pack = msgspec.msgpack.Encoder().encode


class Recorder:
    """Collects one trial in the worker, step by step.

    ``trial`` is what is sent to the main process; its events are packed until then.
    """

    def __init__(self, instance: Instance, view: View | None, failed_score: float) -> None:
        self.instance = instance
        self.view = view
        self.failed_score = failed_score
        self.steps = 0
        self.total = 0.0
        self.tracing = view is not None and view.horizon != 0
        self.trial: Trial | None = None
        self.step_limit = view.step_limit if view is not None else None
        """After how many inner steps the window is full and the trial may end; ``None`` if it has to go on."""
        self._traced = TracedSteps(view.choose, view.horizon if self.step_limit is None else None) if view else None
        self._first_step = len(instance.prefix)
        self._keeps_actions = view is not None and view.keep_actions
        self._actions: list[Any] = []

    def step(
        self,
        observation: Any,
        calls: list[Call],
        action: Any,
        reward: float,
        weight: int = 0,
        notes: tuple[str, ...] = (),
        mishap: str = "",
    ) -> None:
        """Record one inner step.

        Args:
            observation: what the artifact saw.
            calls: of its components.
            action: what it returned.
            reward: what it got for that.
            weight: size in bytes of what the artifact sent.
            notes: what the scoring function has logged at it.
            mishap: what is seen to have gone wrong in the step before, such as ``life lost``; empty if nothing.
        """
        if self.tracing:
            assert self._traced is not None
            if self._traced.heavy:
                calls, weight = [Call(CALLS_NOT_SHOWN, [], len(calls))] if calls else [], 0
            elif not 0 < weight <= SHALLOW_BYTES:
                shallow = [call for call in calls if not is_nested_deeper((call.arguments, call.result), MAX_DEPTH)]
                deep = len(calls) - len(shallow)
                calls = [*shallow, Call(CALLS_NOT_SHOWN, [], deep)] if deep else calls
            event = Event(self._first_step + self.steps, observation, calls, action, reward, notes)
            self._traced.add(_pack(event), reward, mishap, weight)
            self.tracing = not self._traced.full
        if self._keeps_actions:
            self._actions.append(action)
        self.steps += 1
        self.total += reward

    def finish(self, score: float, *, ended: bool, metrics: dict[str, float] | None = None, words: str = "") -> None:
        """Close the trial with its score."""
        trial = self._closed(self._window(), score, ended, metrics or {})
        self.trial = msgspec.structs.replace(trial, words=words) if words else trial

    def fail(self, failure: Failure, observation: Any = None, calls: Sequence[Call] = ()) -> None:
        """Close the trial with the lowest score; the events so far and the failing step stay as evidence."""
        step = len(self.instance.prefix) + self.steps
        if observation is not None:
            self.step(observation, list(calls), None, 0.0)
        window = self._window()
        trial = self._closed(window, self.failed_score, True, {})
        in_window = self._traced is None or not self.tracing or _end(window) == len(self._traced)
        self.trial = msgspec.structs.replace(
            trial,
            failure=msgspec.structs.replace(failure, step=step),
            failed_in_window=in_window,
            window_score=self.failed_score if in_window else trial.window_score,
            ended=True,
            actions=(),
        )

    def _window(self) -> Sequence[int]:
        return self._traced.window() if self._traced else range(0)

    def _closed(self, window: Sequence[int], score: float, ended: bool, metrics: dict[str, float]) -> Trial:
        end = _end(window)
        trial = Trial(
            instance=self.instance,
            score=score,
            window_score=score,
            steps=self.steps,
            ended=ended and end in (0, self.steps),
            metrics=metrics,
            actions=self.instance.prefix + tuple(self._actions[:end]),
        )
        if self.view is None or self._traced is None:
            return trial
        tells_skipped = self.view.tells_skipped
        cut = len(window) != self.steps and not tells_skipped
        return msgspec.structs.replace(
            trial,
            window_score=self._traced.reward(window) if cut else score,
            events=self._traced.events(window),  # they are Events once they were sent
            mishaps=self._traced.mishaps(window, self._first_step),
            skipped=self._traced.skipped(window, self._first_step) if tells_skipped else [],
        )


def _end(window: Sequence[int]) -> int:
    """The step after its last."""
    return window[-1] + 1 if window else 0
