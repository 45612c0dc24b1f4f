"""Answers to artifacts' questions, on their way from the model to the workers that asked."""

from __future__ import annotations

import concurrent.futures
import contextlib
import socket
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Self

import msgspec

from genopt_gym.evaluation.model_requests import ASKS, ModelAnswer, ModelRequest
from genopt_gym.evaluation.worker import Block
from genopt_gym.evaluation.worker_places import WorkerHandle
from genopt_gym.llm.request import Reply
from genopt_gym.sandbox.channel import ChannelClosed

Ask = Callable[[Block, str, str, str], "Future[Reply]"]
"""Block, instance, prompt and role of a question to a model -> the answer to come."""


class ReplyDispatcher:
    """Passes on the questions of one evaluation's artifacts, and hands out the answers."""

    def __init__(self, ask: Ask | None) -> None:
        self._ask = ask
        self.arrived, self._ring = socket.socketpair()
        self._ring.setblocking(False)
        self._answers: deque[tuple[WorkerHandle, int, Future[Reply]]] = deque()
        self._under_way: set[Future[Reply]] = set()

    def collect(self, worker: WorkerHandle, block: Block) -> bytes | None:
        """A worker's answer to its block; None if it had nothing but questions, which are passed on."""
        while (message := worker.channel.receive()).startswith(ASKS):
            assert self._ask is not None
            question = msgspec.msgpack.decode(message[1:], type=ModelRequest)
            answer = self._ask(block, question.instance, question.prompt, question.role)
            self._under_way.add(answer)
            answer.add_done_callback(partial(self._put, worker, question.number))
            if not worker.channel.has_message():
                return None
        return message

    def _put(self, worker: WorkerHandle, number: int, answer: Future[Reply]) -> None:
        self._answers.append((worker, number, answer))
        self.wake()

    def wake(self) -> None:
        """Let whoever waits for ``arrived`` look up."""
        with contextlib.suppress(OSError):  # it has rung often enough, or all was handed out meanwhile
            self._ring.send(b"!")

    def deliver(self) -> None:
        """Send on what has come. Raises what asking has raised."""
        self.arrived.recv(1 << 12)
        while self._answers:
            worker, number, answer = self._answers.popleft()
            self._under_way.discard(answer)
            try:
                worker.channel.send(msgspec.msgpack.encode(ModelAnswer(number, answer.result().text)))
            except ChannelClosed:
                pass  # its end is seen where its messages are awaited

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and issubclass(kind, Exception):
            # What is asked already is answered, and costs: whoever reads the ledger after this finds it there.
            concurrent.futures.wait(self._under_way)
        self.arrived.close()
        self._ring.close()
