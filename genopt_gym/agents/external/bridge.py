"""The library's side of the bridge: a process that runs a library's own loop and asks the agent for scores.

A library that owns its loop is run by a function of one argument, a ``Bridge``; its agent is an
``ExternalOptimizerAgent`` that names the function. All that it may do:

    def optimize(bridge: Bridge) -> None:
        start = bridge.start                               # texts, problem context, metric, options, instances
        reply = bridge.ask([{"role": "user", "content": "Improve this: ..."}])
        seen = bridge.step({"policy": reply.text})         # one edit of the run: outcome, value, trace, feedback
        trials = bridge.trials(texts, start.train[:3])     # the same for instances of its own choice; costs no edit

- Every proposal is one ``step``, also one that cannot be read (then a string is passed). It waits until the run has
  evaluated the edit; the steps' number is limited by the run. When updates or budget are spent the process is killed in
  ``step``, ``trials`` or ``ask``: there is nothing to clean up, its folder is removed.
- ``trials`` runs any artifact on train and validation instances, within the same budget. All of ``start.validation``
  at once is free after the artifact's step. It is empty where validation selects silently: then select on
  train instances.
- ``value`` is for libraries: more is better, 0 is the floor, 1 the reference; ``start.lowest`` and ``start.highest``
  bound it.
- ``ask`` goes to the run's model, with its retries, budget and record. A library that insists on its own HTTP client
  finds ``start.base_url`` and ``start.key`` (set ``uses_http`` in its agent): a spent budget, or a model that does not
  answer, ends the run all the same.
- When the function returns the run has ended by itself (``ended_by: agent``). An exception ends it with an error.

Any process or thread that the library starts can make its own ``Bridge()``; one may be shared by threads. It has a
scratch folder as HOME and working directory, no keys, ``PYTHONHASHSEED=0``, and what it prints goes to a file, whose
tail is shown if it fails.
"""

from __future__ import annotations

import importlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from genopt_gym.agents.trial_evaluator import EvaluatedTrial
from genopt_gym.core.processes import end_with_owner
from genopt_gym.sandbox.channel import ChannelClosed, MessageChannel

ADDRESS = "GENOPT_BRIDGE"
"""Environment variable that holds the path of the agent's socket."""
LONGEST_MESSAGE = 64 << 20
"""Bytes."""


class EditResult(msgspec.Struct, frozen=True):
    """What became of an edit, or of the reset: as an observation tells it.

    Attributes:
        outcome: an ``EditOutcome`` value.
        score: in the metric's own unit.
        value: the score normalised: 0 at the floor, 1 at the reference, and more is better.
        trace: of the step's train batch.
        feedback: in words.
        texts: the editable components as they stand now, which an edit that was not accepted has left as they were.
    """

    outcome: str
    score: float
    value: float
    trace: str
    feedback: str
    texts: dict[str, str]


class Start(msgspec.Struct, frozen=True):
    """What a library is told of its run.

    Attributes:
        seen: the starting artifact, and what it was like.
        context: the problem in words: objective, contracts, workflow.
        lowest, highest: the worst value that there is, which trials that fail get, and the best.
        updates: how many edits the run has; ``None`` if there is no fixed number.
        seed: the only source of randomness.
        batch_size: how many trials the environment pools for one update.
        options: of the agent, by name, as plain data.
        train, validation: names of instances; none of a split that is hidden.
        base_url, key: of the gateway to the model, for agents that use one; else empty.
    """

    seen: EditResult
    context: str
    lowest: float
    highest: float
    updates: int | None
    seed: int
    batch_size: int
    options: dict[str, Any]
    train: list[str]
    validation: list[str]
    base_url: str = ""
    key: str = ""


class Hello(msgspec.Struct, frozen=True, tag=True):
    """Asks for ``Start``."""


class MakeStep(msgspec.Struct, frozen=True, tag=True):
    """Asks for one edit; the answer is ``EditResult``."""

    edit: dict[str, str] | str
    parents: list[dict[str, str]] | None = None


class RunTrials(msgspec.Struct, frozen=True, tag=True):
    """Asks for trials; the answer is a list of ``EvaluatedTrial``."""

    texts: dict[str, str]
    instances: list[str]


class Ask(msgspec.Struct, frozen=True, tag=True):
    """Asks the model; the answer is ``Said``."""

    messages: list[dict[str, str]]


class Said(msgspec.Struct, frozen=True):
    """What the model said; a reply that was cut off is never to become an artifact."""

    text: str
    truncated: bool


class LoopEnded(msgspec.Struct, frozen=True, tag=True):
    """The library is through; ``failure`` says of what it died. There is no answer."""

    failure: str = ""


Message = Hello | MakeStep | RunTrials | Ask | LoopEnded
T = TypeVar("T")


class Bridge:
    """A connection to the agent; see this module's text."""

    def __init__(self) -> None:
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(os.environ[ADDRESS])
        self._line = MessageChannel(sock, LONGEST_MESSAGE)
        self._lock = threading.Lock()
        self.start = self._answer(Hello(), Start)

    def step(self, edit: Mapping[str, str] | str, parents: Sequence[Mapping[str, str]] | None = None) -> EditResult:
        """Make an edit out of whole texts, or say why there is none, and see what became of it.

        Args:
            edit: texts by component, or why there are none.
            parents: what it was made from, as in ``Agent.parents``.
        """
        told = None if parents is None else [dict(parent) for parent in parents]
        return self._answer(MakeStep(edit if isinstance(edit, str) else dict(edit), told), EditResult)

    def trials(self, texts: Mapping[str, str], instances: Sequence[str]) -> list[EvaluatedTrial]:
        """Run an artifact on instances; see ``TrialEvaluator.evaluate``."""
        return self._answer(RunTrials(dict(texts), list(instances)), list[EvaluatedTrial])

    def ask(self, messages: Sequence[Mapping[str, str]]) -> Said:
        """Ask the run's model."""
        return self._answer(Ask([dict(message) for message in messages]), Said)

    def end(self, failure: str = "") -> None:
        self._line.send(msgspec.msgpack.encode(LoopEnded(failure)))

    def _answer(self, message: Message, type: type[T]) -> T:
        try:
            with self._lock:
                self._line.send(msgspec.msgpack.encode(message))
                data = self._line.receive()
        except ChannelClosed:
            os._exit(1)  # the run is over, and an exception might be caught
        return msgspec.msgpack.decode(data, type=type)


def main() -> None:
    """Run the function that the first argument names, ``module:function``."""
    module, _, name = sys.argv[1].partition(":")
    # With all that it has started, whatever is going on.
    end_with_owner(lambda: os.killpg(0, signal.SIGKILL))
    bridge = Bridge()
    try:
        getattr(importlib.import_module(module), name)(bridge)
    except Exception as error:
        bridge.end(f"{type(error).__name__}: {error}")
        raise
    bridge.end()


if __name__ == "__main__":
    main()
