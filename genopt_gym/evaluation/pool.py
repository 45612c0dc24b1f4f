"""Workers of a process, shared by all evaluators and threads of it, and started when first needed."""

from __future__ import annotations

import atexit
import os
import selectors
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from genopt_gym.core.sources import SourcesChanged
from genopt_gym.evaluation.block_progress import tell_blocks
from genopt_gym.evaluation.cancellation import Cancellation, current_cancellation
from genopt_gym.evaluation.reply_dispatcher import Ask, ReplyDispatcher
from genopt_gym.evaluation.worker import CHANGED, FAILED, REFUSED, TOLD, Block
from genopt_gym.evaluation.worker_process import WorkerProcess, default_workers, worker_environment
from genopt_gym.sandbox.channel import ChannelClosed
from genopt_gym.sandbox.tier import ConfinementError, choose

WAITING_FOR_MODELS = 16
"""Workers beyond the usual number, for blocks that spend their time waiting for a model."""
NO_SOURCES: Mapping[str, str] = MappingProxyType({})
RETRY_SECONDS = 0.02
"""After which an evaluation that could use another worker looks whether one has become free."""


class EvaluationError(RuntimeError):
    """The task's own code failed, or no worker could finish a block."""


class WorkerPool:
    """As many workers as ``default_workers`` says; ``run`` spreads the blocks of one evaluation over them.

    Any number of threads may call ``run`` at once. A worker that has ended a block goes to whoever has waited longest
    for one, so a short evaluation waits for blocks, and never for a whole evaluation of somebody else's.
    """

    def __init__(self) -> None:
        self._handles: list[WorkerProcess] = []
        self._idle: list[WorkerProcess] = []
        self._queue: deque[object] = deque()
        """Who waits for a worker, in the order of their coming."""
        self._changed = threading.Condition()

    def run(self, blocks: Sequence[Block], ask: Ask | None = None) -> list[bytes]:
        """Encoded ``BlockResult``s in the order of the blocks.

        A block whose worker is lost is tried once more on another. If this raises, only workers that were busy with
        these blocks are ended.

        Args:
            blocks: what to run.
            ask: answers what artifacts ask their model.

        Raises:
            EvaluationError: the task's code raised, or a block lost two workers.
            EvaluationCancelled: it was called off.
            Exception: what ``ask`` raised.
        """
        choose()  # Refused here, in words, rather than in a worker.
        return _Evaluation(self, blocks, ask).run()

    def acquire(
        self,
        wait: bool,
        asks_model: bool,
        sources: Mapping[str, str] = NO_SOURCES,
        cancellation: Cancellation | None = None,
    ) -> WorkerProcess | None:
        """A worker for one block; ``None`` where none is free and the caller does not wait.

        Args:
            wait: until there is one; else nobody who waits is overtaken.
            asks_model: whether the block will mostly wait for a model: then there may be more workers than cores.
            sources: the user's own code in the block; a worker that has imported another version of it is ended.
            cancellation: what ends the wait, by EvaluationCancelled.
        """
        turn = object()
        with self._changed:
            if not wait and self._queue:
                return None
            self._queue.append(turn)
            try:
                while True:
                    if self._queue[0] is turn and (worker := self._free(asks_model, sources)) is not None:
                        return worker
                    if not wait:
                        return None
                    if cancellation is not None:
                        cancellation.check()
                    self._changed.wait()
            finally:
                self._queue.remove(turn)
                self._changed.notify_all()

    def release(self, worker: WorkerProcess) -> None:
        """Give a worker back whose block has ended."""
        with self._changed:
            if len(self._handles) > default_workers() or worker.environment != worker_environment():
                self._end(worker)
            else:
                self._idle.append(worker)
            self._changed.notify_all()

    def discard(self, worker: WorkerProcess) -> None:
        """End a worker that was lost, or whose block nobody wants any more."""
        with self._changed:
            self._end(worker)
            self._changed.notify_all()

    def wake(self) -> None:
        """Let those who wait for a worker look whether they still want one."""
        with self._changed:
            self._changed.notify_all()

    def is_waited_for(self) -> bool:
        """Whether somebody waits for a worker."""
        return bool(self._queue)

    def close(self) -> None:
        """End all workers; an evaluation under way starts others."""
        with self._changed:
            for worker in list(self._handles):
                if worker in self._idle:
                    self._end(worker)
                else:
                    worker.process.stop(0)
            self._changed.notify_all()

    def abandon(self) -> None:
        """In a fork: close our copies of the channels. A lock may be held by a thread that the fork has not."""
        for worker in self._handles:
            worker.channel.close()
        self._handles, self._idle = [], []

    def _free(self, asks_model: bool, sources: Mapping[str, str]) -> WorkerProcess | None:
        environment = worker_environment()
        for worker in list(self._idle):
            # Else it would look for data where we no longer do.
            if worker.process.has_ended() or worker.environment != environment or not worker.can_run(sources):
                self._end(worker)
        usual = default_workers()
        if not self._idle and len(self._handles) < usual + (WAITING_FOR_MODELS if asks_model else 0):
            self._idle.append(self._start())
        if not self._idle:
            return None
        chosen = self._idle.pop()
        if len(self._handles) < usual:
            # One ahead: to start takes longer than most blocks take to run.
            self._idle.insert(0, self._start())
        return chosen

    def _start(self) -> WorkerProcess:
        self._handles.append(WorkerProcess())
        return self._handles[-1]

    def _end(self, worker: WorkerProcess) -> None:
        if worker in self._idle:
            self._idle.remove(worker)
        if worker in self._handles:
            self._handles.remove(worker)
        worker.close()


class _Evaluation:
    """The blocks of one call of ``WorkerPool.run``."""

    def __init__(self, pool: WorkerPool, blocks: Sequence[Block], ask: Ask | None) -> None:
        self._pool = pool
        self._blocks = blocks
        self._ask = ask
        self._results: dict[int, bytes] = {}
        self._waiting = list(range(len(blocks)))[::-1]
        self._tries = [0] * len(blocks)
        self._busy: dict[WorkerProcess, int] = {}
        self._cancellation = current_cancellation()

    def run(self) -> list[bytes]:
        try:
            with selectors.DefaultSelector() as selector, ReplyDispatcher(self._ask) as replies:
                selector.register(replies.arrived, selectors.EVENT_READ)
                with self._cancellation.waking(replies.wake), self._cancellation.waking(self._pool.wake):
                    self._run_all(selector, replies)
        except BaseException:
            for worker in self._busy:
                worker.process.stop(0)
                self._pool.discard(worker)
            raise
        return [self._results[i] for i in range(len(self._blocks))]

    def _run_all(self, selector: selectors.BaseSelector, replies: ReplyDispatcher) -> None:
        while len(self._results) < len(self._blocks):
            self._cancellation.check()
            self._hand_out(selector)
            # Blocks that wait may go to a worker that somebody else gives back.
            for key, _ in selector.select(RETRY_SECONDS if self._waiting else None):
                if key.data is None:
                    replies.deliver()
                else:
                    self._collect(key.data, selector, replies)
            tell_blocks(len(self._results), len(self._blocks))

    def _hand_out(self, selector: selectors.BaseSelector) -> None:
        while self._waiting:
            block = self._blocks[self._waiting[-1]]
            asks, sources = block.program.asks_model, block.task.sources
            worker = self._pool.acquire(not self._busy, asks, sources, self._cancellation)
            if worker is None:
                return
            self._begin(worker, selector)

    def _begin(self, worker: WorkerProcess, selector: selectors.BaseSelector) -> None:
        number = self._waiting.pop()
        self._tries[number] += 1
        self._busy[worker] = number
        worker.sources.update(self._blocks[number].task.sources)
        selector.register(worker.channel.sock, selectors.EVENT_READ, worker)
        try:
            worker.channel.send(msgspec.msgpack.encode(self._blocks[number]))
        except ChannelClosed:
            pass  # the selector reports it

    def _collect(self, worker: WorkerProcess, selector: selectors.BaseSelector, replies: ReplyDispatcher) -> None:
        """A worker has something to say: questions of its artifacts, or the result of its block."""
        block = self._blocks[self._busy[worker]]
        try:
            answer = replies.collect(worker, block)
        except ChannelClosed:
            selector.unregister(worker.channel.sock)
            number = self._busy.pop(worker)
            self._pool.discard(worker)
            if self._tries[number] > 1:
                raise EvaluationError(f"two workers ended while they ran {_name(block)}") from None
            self._waiting.append(number)
            return
        if answer is None:
            return
        selector.unregister(worker.channel.sock)
        number = self._busy.pop(worker)
        if answer[:1] == CHANGED:
            self._pool.discard(worker)
            raise SourcesChanged(answer[1:].decode())
        if self._waiting and answer[:1] not in (REFUSED, FAILED, TOLD) and not self._pool.is_waited_for():
            self._results[number] = answer[1:]
            self._begin(worker, selector)
            return
        self._pool.release(worker)
        if answer[:1] == REFUSED:
            raise ConfinementError(answer[1:].decode())
        if answer[:1] == TOLD:
            raise EvaluationError(answer[1:].decode())
        if answer[:1] == FAILED:
            reason = answer[1:].decode()
            raise EvaluationError(f"{_name(block)} failed in the task's own code:\n{reason}")
        self._results[number] = answer[1:]


def _name(block: Block) -> str:
    return f"a block of {block.task.entry} ({', '.join(map(str, block.instances))})"


_pools: dict[int, WorkerPool] = {}
"""By process: a fork inherits its parent's pool, and abandons it."""
_making = threading.Lock()


def shared_pool() -> WorkerPool:
    """This process's pool; after a fork a new one is made."""
    pool = _pools.get(os.getpid())
    return _make() if pool is None else pool


def _renew_lock() -> None:
    global _making
    _making = threading.Lock()


# A thread that a fork has not may have held it.
os.register_at_fork(after_in_child=_renew_lock)


def _make() -> WorkerPool:
    with _making:
        if os.getpid() not in _pools:
            while _pools:
                _pools.popitem()[1].abandon()
            pool = _pools[os.getpid()] = WorkerPool()
            atexit.register(pool.close)
        return _pools[os.getpid()]
