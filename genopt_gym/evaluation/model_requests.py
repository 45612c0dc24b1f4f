"""An artifact's question to its model: from a trial in a worker to the main process, which holds the keys."""

from __future__ import annotations

import os
import selectors
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import msgspec

from genopt_gym.sandbox.channel import ChannelClosed, MessageChannel

ASKS = b"\3"
"""First byte of a worker's message that holds a question."""


class ModelRequest(msgspec.Struct, frozen=True, array_like=True):
    """A question to the model, asked in a trial."""

    number: int
    instance: str
    prompt: str
    role: str = "workflow"


class ModelAnswer(msgspec.Struct, frozen=True, array_like=True):
    """What the model said to the question of that number."""

    number: int
    text: str


class ModelRequestBroker:
    """Passes questions of many trials to the main process, and hands out the answers."""

    def __init__(self, line: MessageChannel) -> None:
        self._line = line
        self._sending = threading.Lock()
        self._waiting: dict[int, Future[str]] = {}
        self._wake, self._woken = socket.socketpair()

    def for_trial(self, instance: str, role: str = "workflow") -> Callable[[str], str]:
        """What ``llm`` is for one trial; or, under the role ``judge``, what the task itself asks."""

        def llm(prompt: str) -> str:
            answer: Future[str] = Future()
            with self._sending:
                number = len(self._waiting)
                self._waiting[number] = answer
                self._line.send(ASKS + msgspec.msgpack.encode(ModelRequest(number, instance, prompt, role)))
            return answer.result()

        return llm

    def serve_until(self, trials: Sequence[Future[None]]) -> None:
        """Hand out answers as they come, until all trials have ended."""
        for trial in trials:
            trial.add_done_callback(lambda _: self._wake.send(b"!"))
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._line.sock, selectors.EVENT_READ)
                selector.register(self._woken, selectors.EVENT_READ)
                while not all(trial.done() for trial in trials):
                    for key, _ in selector.select():
                        if key.fileobj is self._woken:
                            self._woken.recv(1024)
                        else:
                            self._hand_out(self._line.receive())
                            while self._line.has_message():
                                self._hand_out(self._line.receive())
        except ChannelClosed:
            os._exit(0)  # nobody is left to whom the threads could answer
        finally:
            self._wake.close()
            self._woken.close()

    def _hand_out(self, message: bytes) -> None:
        answer = msgspec.msgpack.decode(message, type=ModelAnswer)
        self._waiting[answer.number].set_result(answer.text)
