"""The agent's side of the bridge: a library that owns its loop, seen as an ordinary agent."""

from __future__ import annotations

import dataclasses
import os
import selectors
import shutil
import socket
import sys
import tempfile
import weakref
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from genopt_gym.agents.base import AgentDone, Problem
from genopt_gym.agents.external import bridge
from genopt_gym.agents.model_agent import ModelAgent
from genopt_gym.core.edit import UnusableReply
from genopt_gym.core.errors import UserError
from genopt_gym.core.processes import HelperProcess
from genopt_gym.sandbox.channel import ChannelClosed, MessageChannel

if TYPE_CHECKING:
    from genopt_gym.llm.gateway import Gateway

POLL = 0.1
"""Seconds between looks whether the library still runs, and its model still answers."""
PASSED_ON = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH")
"""Environment variables of the library's process; no keys."""


@dataclass(kw_only=True, eq=False)
class ExternalOptimizerAgent(ModelAgent):
    """A library's own loop: what it tries are the edits of the run. ``bridge.py`` tells how to write one."""

    entry: ClassVar[str]
    """``module:function`` that runs the library; it gets a ``Bridge``."""
    library: ClassVar[str]
    """What messages call it."""
    uses_http: ClassVar[bool] = False
    """Whether it asks the model by HTTP, at a gateway that is opened for it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._process: _LibraryProcess | None = None
        self._gateway: Gateway | None = None
        self._parents: list[dict[str, str]] | None = None

    def parents(self) -> list[dict[str, str]] | None:
        return self._parents

    def reset(self, observation: dict[str, Any], problem: Problem) -> None:
        super().reset(observation, problem)
        self.close()
        self._first = self._seen(observation, "ok")
        self._context: str = observation["context"]

    def act(self, observation: dict[str, Any]) -> Mapping[str, str] | str:
        """The next edit that the library wants to be evaluated; until then its other wishes are met.

        Raises:
            AgentDone: its loop has come to its own end.
            BudgetSpent, ModelError: what it asked for ended so; it is stopped.
            UserError: it failed.
        """
        try:
            self._process = self._process or self._begin()
            while True:
                message = self._next(self._process)
                if isinstance(message, bridge.MakeStep):
                    self._parents = message.parents
                    return UnusableReply(message.edit) if isinstance(message.edit, str) else message.edit
                if isinstance(message, bridge.LoopEnded):
                    raise self._ending(message)
                self._process.answer(self._answer(message))
        except BaseException:
            self.close()
            raise

    def observe(self, observation: dict[str, Any], reward: float, info: dict[str, Any]) -> None:
        assert self._process is not None
        self._process.answer(self._seen(observation, info["outcome"]))

    def close(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None
        if self._gateway is not None:
            self._gateway.close()
            self._gateway = None

    def _begin(self) -> _LibraryProcess:
        address = {}
        if self.uses_http:
            from genopt_gym.llm.gateway import Gateway

            self._gateway = Gateway(self.client, self.model, options=self.options()).__enter__()
            # Where libraries look of themselves.
            address = {"OPENAI_API_KEY": self._gateway.key, "OPENAI_BASE_URL": self._gateway.base_url}
        return _LibraryProcess(self.entry, address)

    def _next(self, process: _LibraryProcess) -> bridge.Message:
        while True:
            message = process.next()
            # First: a library that has not noticed, or not minded, would go on with less than an answer.
            if self._gateway is not None and self._gateway.failure is not None:
                raise self._gateway.failure
            if message is not None:
                return message

    def _answer(self, message: bridge.Hello | bridge.RunTrials | bridge.Ask) -> Any:
        if isinstance(message, bridge.Hello):
            return self._start()
        if isinstance(message, bridge.RunTrials):
            assert self.problem.trial_evaluator is not None
            return self.problem.trial_evaluator.evaluate(message.texts, message.instances)
        reply = self.client.complete(self.request(message.messages))
        return bridge.Said(reply.text, reply.truncated)

    def _start(self) -> bridge.Start:
        problem, trial_evaluator, gateway = self.problem, self.problem.trial_evaluator, self._gateway
        if trial_evaluator is None:
            raise ValueError(f"{self.library} chooses instances itself: its Problem needs an trial_evaluator")
        return bridge.Start(
            seen=self._first,
            context=self._context,
            lowest=problem.metric.normalise(problem.metric.worst),
            highest=problem.metric.normalise(problem.metric.best),
            updates=problem.updates,
            seed=problem.seed,
            batch_size=trial_evaluator.batch_size,
            options={field.name: getattr(self, field.name) for field in dataclasses.fields(self)},
            train=trial_evaluator.names("train"),
            validation=trial_evaluator.names("validation"),
            base_url=gateway.base_url if gateway else "",
            key=gateway.key if gateway else "",
        )

    def _seen(self, observation: dict[str, Any], outcome: str) -> bridge.EditResult:
        score = float(observation["score"][0])
        return bridge.EditResult(
            outcome=outcome,
            score=score,
            value=self.problem.metric.normalise(score),
            trace=observation["trace"],
            feedback=observation["feedback"],
            texts={name: observation["artifact"][name] for name in self.problem.action_space.texts},
        )

    def _ending(self, message: bridge.LoopEnded) -> Exception:
        if message.failure:
            return UserError(f"{self.library} failed: {message.failure}")
        return AgentDone(f"{self.library} has come to its own end")


class _LibraryProcess:
    """The library's process group, and the lines to whoever in it has called."""

    def __init__(self, entry: str, environment: Mapping[str, str]) -> None:
        folder = Path(tempfile.mkdtemp(prefix="genopt-"))
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / "line"))
        self._listener.listen()
        self._output = folder / "output.txt"
        passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        own = {
            bridge.ADDRESS: str(folder / "line"),
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "PYTHONHASHSEED": "0",
            "PYTHONPATH": os.pathsep.join(os.path.abspath(path) for path in sys.path),
        }
        with self._output.open("wb") as output:
            self._child = HelperProcess(
                ["-m", bridge.__name__, entry],
                environment={**passed, **own, **environment},
                stdout=output,
                stderr=output,
                folder=folder,
            )
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._arrived: deque[tuple[MessageChannel, bridge.Message]] = deque()
        self._asking: MessageChannel
        self.end = weakref.finalize(self, _end, self._child, self._selector, folder)

    def next(self) -> bridge.Message | None:
        """The next message, or None if there is none for now."""
        ended = self._child.has_ended()
        events = self._selector.select(0 if self._arrived or ended else POLL)
        for key, _ in events:
            self._take(key)
        if self._arrived:
            self._asking, message = self._arrived.popleft()
            return message
        if ended and not events:
            self._child.stop(0)
            tail = self._output.read_text(errors="replace").strip()[-500:]
            return bridge.LoopEnded(
                f"its process ended with exit code {self._child.exit_code}; its last words:\n{tail}"
            )
        return None

    def answer(self, value: Any) -> None:
        """Answer the last message."""
        try:
            self._asking.send(msgspec.msgpack.encode(value))
        except ChannelClosed:
            pass  # that it has died is found out when it is listened to

    def _take(self, key: selectors.SelectorKey) -> None:
        if key.fileobj is self._listener:
            line = MessageChannel(self._listener.accept()[0], bridge.LONGEST_MESSAGE)
            self._selector.register(line.sock, selectors.EVENT_READ, line)
            return
        try:
            self._arrived.append((key.data, msgspec.msgpack.decode(key.data.receive(), type=bridge.Message)))
        except ChannelClosed:
            self._selector.unregister(key.fileobj)
            key.data.close()


def _end(child: HelperProcess, selector: selectors.BaseSelector, folder: Path) -> None:
    """Kill the library with all that it has started, and close its lines."""
    child.stop(0)
    for key in list(selector.get_map().values()):
        assert isinstance(key.fileobj, socket.socket)
        key.fileobj.close()
    selector.close()
    shutil.rmtree(folder, ignore_errors=True)
