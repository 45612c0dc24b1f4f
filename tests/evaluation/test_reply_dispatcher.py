"""Answers of a model that come early, late or in masses: whoever answers is never held up by it."""

from __future__ import annotations

import logging
from concurrent.futures import Future
from typing import Any

import msgspec
import pytest

from genopt_gym.evaluation.model_requests import ASKS, ModelAnswer, ModelRequest
from genopt_gym.evaluation.reply_dispatcher import ReplyDispatcher
from genopt_gym.llm.request import Reply

MANY = 2000
"""More than what a socket holds before its sender has to wait."""


class Worker:
    """Has asked a few things, and keeps the answers."""

    def __init__(self, questions: int) -> None:
        self.channel = self
        self._asked = [ASKS + msgspec.msgpack.encode(ModelRequest(i, "train/0", "why?")) for i in range(questions)]
        self.answers: list[ModelAnswer] = []

    def receive(self) -> bytes:
        return self._asked.pop(0)

    def has_message(self) -> bool:
        return bool(self._asked)

    def send(self, data: bytes) -> None:
        self.answers.append(msgspec.msgpack.decode(data, type=ModelAnswer))


def asked(questions: int) -> tuple[Any, ReplyDispatcher, list[Future[Reply]]]:
    futures: list[Future[Reply]] = []

    def ask(*_: object) -> Future[Reply]:
        futures.append(Future())
        return futures[-1]

    worker: Any = Worker(questions)
    dispatcher = ReplyDispatcher(ask)
    assert dispatcher.collect(worker, None) is None  # type: ignore[arg-type]
    return worker, dispatcher, futures


def test_masses_of_answers_arrive_though_nobody_looks_meanwhile() -> None:
    worker, dispatcher, futures = asked(MANY)
    with dispatcher:
        for number, future in enumerate(futures):
            future.set_result(Reply(str(number), "stop", 1, 1, None))
        dispatcher.deliver()
    assert [(answer.number, answer.text) for answer in worker.answers] == [(i, str(i)) for i in range(MANY)]


def test_an_answer_that_comes_after_the_end_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    worker, dispatcher, futures = asked(1)
    with caplog.at_level(logging.DEBUG), dispatcher:
        pass
    futures[0].set_result(Reply("late", "stop", 1, 1, None))
    dispatcher.wake()
    assert not caplog.records
    assert not worker.answers
