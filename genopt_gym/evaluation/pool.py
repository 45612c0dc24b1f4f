"""Worker processes, shared by all evaluators of a process and started when first needed."""

from __future__ import annotations

import atexit
import os
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Self

import msgspec

from genopt_gym.core.cores import available_cores
from genopt_gym.core.processes import HelperProcess, calling
from genopt_gym.evaluation.model_requests import ASKS, ModelAnswer, ModelRequest
from genopt_gym.evaluation.worker import FAILED, MAX_MESSAGE, REFUSED, Block
from genopt_gym.llm.request import Reply
from genopt_gym.sandbox import scratch
from genopt_gym.sandbox.channel import ChannelClosed, MessageChannel
from genopt_gym.sandbox.tier import ConfinementError, choose

PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "XDG_CACHE_HOME", "SYSTEMROOT")
"""What of the environment a worker gets, beside ``GENOPT_*``: no keys."""
PATIENCE = 3.0
"""Seconds that a worker has to end by itself."""


class EvaluationError(RuntimeError):
    """The task's own code failed, or no worker could finish a block."""


def default_workers() -> int:
    """``GENOPT_WORKERS``, or one for each core that affinity and quotas leave to this process."""
    text = os.environ.get("GENOPT_WORKERS", "")
    if text:
        if not text.isdecimal() or int(text) < 1:
            raise ValueError(f"GENOPT_WORKERS must be a whole number from 1, got {text!r}")
        return int(text)
    return available_cores()


def _environment() -> dict[str, str]:
    """What of our environment workers get."""
    return {k: v for k, v in os.environ.items() if k in PASSED_ON or k.startswith("GENOPT_")}


class _Handle:
    """One worker process and our end of its line."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self._scratch_root = scratch.make()
        self.process = HelperProcess(
            calling("genopt_gym.evaluation.worker:main", theirs.fileno(), self._scratch_root),
            environment=_environment() | {"PYTHONHASHSEED": "0"},
            descriptors=[theirs.fileno()],
        )
        theirs.close()
        self.line = MessageChannel(ours, MAX_MESSAGE)

    def close(self) -> None:
        """End the worker, and clear its scratch folders away (without us it does so when its lifeline closes)."""
        self.line.close()
        self.process.stop(PATIENCE)
        scratch.remove(self._scratch_root)


Ask = Callable[[Block, str, str], "Future[Reply]"]
"""Block, instance and prompt of a question to an artifact's model -> the answer to come."""


class _Mail:
    """Answers to artifacts' questions, on their way from the model to the workers that asked."""

    def __init__(self, ask: Ask | None) -> None:
        self._ask = ask
        self.arrived, self._ring = socket.socketpair()
        self._answers: deque[tuple[_Handle, int, Future[Reply]]] = deque()
        self._open = True

    def collect(self, handle: _Handle, block: Block) -> bytes | None:
        """A worker's answer to its block; None if it had nothing but questions, which are passed on."""
        while (message := handle.line.receive()).startswith(ASKS):
            assert self._ask is not None
            question = msgspec.msgpack.decode(message[1:], type=ModelRequest)
            answer = self._ask(block, question.instance, question.prompt)
            answer.add_done_callback(partial(self._put, handle, question.number))
            if not handle.line.has_message():
                return None
        return message

    def _put(self, handle: _Handle, number: int, answer: Future[Reply]) -> None:
        self._answers.append((handle, number, answer))
        if self._open:
            self._ring.send(b"!")

    def deliver(self) -> None:
        """Send on what has come. Raises what asking has raised."""
        self.arrived.recv(1 << 12)
        while self._answers:
            handle, number, answer = self._answers.popleft()
            try:
                handle.line.send(msgspec.msgpack.encode(ModelAnswer(number, answer.result().text)))
            except ChannelClosed:
                pass  # its end is seen where its messages are awaited

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open = False
        self.arrived.close()
        self._ring.close()


class WorkerPool:
    """Up to ``size`` workers; ``run`` spreads blocks over them."""

    def __init__(self) -> None:
        self._handles: list[_Handle] = []
        self._environment: dict[str, str] = {}
        self._lock = threading.Lock()

    def run(self, blocks: Sequence[Block], ask: Ask | None = None) -> list[bytes]:
        """Encoded ``BlockResult``s in the order of the blocks.

        A block whose worker is lost is tried once more on another.

        Args:
            blocks: what to run.
            ask: answers what artifacts ask their model.

        Raises:
            EvaluationError: the task's code raised, or a block lost two workers.
            Exception: what ``ask`` raised.
        """
        with self._lock:
            try:
                return self._run(blocks, ask)
            except BaseException:
                # Answers may be under way: nobody would know whose they are.
                self._close()
                raise

    def close(self) -> None:
        with self._lock:
            self._close()

    def abandon(self) -> None:
        """In a fork: close our copies of the lines. The lock may be held by a thread that the fork has not."""
        for handle in self._handles:
            handle.line.close()
        self._handles = []

    def _run(self, blocks: Sequence[Block], ask: Ask | None) -> list[bytes]:
        choose()  # Refused here, in words, rather than in a worker.
        results: dict[int, bytes] = {}
        waiting = list(range(len(blocks)))[::-1]
        tries = [0] * len(blocks)
        idle = self._ready(min(default_workers(), len(blocks)))
        with selectors.DefaultSelector() as selector, _Mail(ask) as mail:
            selector.register(mail.arrived, selectors.EVENT_READ)
            while len(results) < len(blocks):
                while waiting and idle:
                    number, handle = waiting.pop(), idle.pop()
                    tries[number] += 1
                    selector.register(handle.line.sock, selectors.EVENT_READ, (number, handle))
                    try:
                        handle.line.send(msgspec.msgpack.encode(blocks[number]))
                    except ChannelClosed:
                        pass  # the selector reports it
                for key, _ in selector.select():
                    if key.fileobj is mail.arrived:
                        mail.deliver()
                        continue
                    number, handle = key.data
                    try:
                        answer = mail.collect(handle, blocks[number])
                        if answer is None:
                            continue
                        selector.unregister(handle.line.sock)
                    except ChannelClosed:
                        selector.unregister(handle.line.sock)
                        self._forget(handle)
                        if tries[number] > 1:
                            raise EvaluationError(f"two workers ended while they ran {_name(blocks[number])}") from None
                        waiting.append(number)
                        idle.append(self._start())
                        continue
                    if answer[:1] == REFUSED:
                        raise ConfinementError(answer[1:].decode())
                    if answer[:1] == FAILED:
                        reason = answer[1:].decode()
                        raise EvaluationError(f"{_name(blocks[number])} failed in the task's own code:\n{reason}")
                    results[number] = answer[1:]
                    idle.append(handle)
        return [results[i] for i in range(len(blocks))]

    def _ready(self, count: int) -> list[_Handle]:
        # The number of workers is no business of theirs.
        environment = {k: v for k, v in _environment().items() if k != "GENOPT_WORKERS"}
        if environment != self._environment:
            self._close()  # they would look for data where we no longer do
            self._environment = environment
        for handle in [h for h in self._handles if h.process.has_ended()]:
            self._forget(handle)
        while len(self._handles) < count:
            self._start()
        return self._handles[:count]

    def _start(self) -> _Handle:
        handle = _Handle()
        self._handles.append(handle)
        return handle

    def _forget(self, handle: _Handle) -> None:
        self._handles.remove(handle)
        handle.close()

    def _close(self) -> None:
        for handle in list(self._handles):
            self._forget(handle)


def _name(block: Block) -> str:
    return f"a block of {block.task.entry} ({', '.join(map(str, block.instances))})"


_pools: dict[int, WorkerPool] = {}
"""By process: a fork inherits its parent's pool, and abandons it."""


def shared_pool() -> WorkerPool:
    """This process's pool; after a fork a new one is made."""
    if os.getpid() not in _pools:
        while _pools:
            _pools.popitem()[1].abandon()
        pool = _pools[os.getpid()] = WorkerPool()
        atexit.register(pool.close)
    return _pools[os.getpid()]
