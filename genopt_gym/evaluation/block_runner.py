"""One evaluation's blocks, handed out to workers and collected."""

from __future__ import annotations

import selectors
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from genopt_gym.core.sources import SourcesChanged
from genopt_gym.evaluation.block_progress import tell_blocks
from genopt_gym.evaluation.cancellation import current_cancellation
from genopt_gym.evaluation.reply_dispatcher import Ask, ReplyDispatcher
from genopt_gym.evaluation.worker import CHANGED, FAILED, REFUSED, TOLD, Block
from genopt_gym.sandbox.channel import ChannelClosed
from genopt_gym.sandbox.tier import ConfinementError

if TYPE_CHECKING:
    from genopt_gym.evaluation.pool import WorkerPool
    from genopt_gym.evaluation.worker_places import WorkerHandle

RETRY_SECONDS = 0.02
"""After which an evaluation that could use another worker looks whether one has become free."""


class EvaluationError(RuntimeError):
    """The task's own code failed, or no worker could finish a block."""


class BlockRunner:
    """Spreads the blocks of one evaluation over workers of a pool.

    Args:
        pool: lends the workers.
        blocks: what to run.
        ask: answers what artifacts ask their model.
    """

    def __init__(self, pool: WorkerPool, blocks: Sequence[Block], ask: Ask | None) -> None:
        self._pool = pool
        self._blocks = blocks
        self._ask = ask
        self._results: dict[int, bytes] = {}
        self._waiting = list(range(len(blocks)))[::-1]
        self._tries = [0] * len(blocks)
        self._busy: dict[WorkerHandle, int] = {}
        self._cancellation = current_cancellation()

    def run(self) -> list[bytes]:
        """Encoded results in the order of the blocks; raises what ``WorkerPool.run`` does."""
        try:
            with selectors.DefaultSelector() as selector, ReplyDispatcher(self._ask) as replies:
                selector.register(replies.arrived, selectors.EVENT_READ)
                with self._cancellation.waking(replies.wake), self._cancellation.waking(self._pool.wake):
                    self._run_all(selector, replies)
        except BaseException:
            for worker in self._busy:
                worker.kill()
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

    def _begin(self, worker: WorkerHandle, selector: selectors.BaseSelector) -> None:
        number = self._waiting.pop()
        self._tries[number] += 1
        self._busy[worker] = number
        worker.sources.update(self._blocks[number].task.sources)
        selector.register(worker.channel.sock, selectors.EVENT_READ, worker)
        try:
            worker.channel.send(msgspec.msgpack.encode(self._blocks[number]))
        except ChannelClosed:
            pass  # the selector reports it

    def _collect(self, worker: WorkerHandle, selector: selectors.BaseSelector, replies: ReplyDispatcher) -> None:
        """A worker has something to say: questions of its artifacts, or the result of its block."""
        block = self._blocks[self._busy[worker]]
        try:
            answer = replies.collect(worker, block)
        except ChannelClosed:
            selector.unregister(worker.channel.sock)
            number = self._busy.pop(worker)
            self._pool.discard(worker)
            if self._tries[number] >= self._pool.tries:
                count = {2: "two"}.get(self._pool.tries, str(self._pool.tries))
                raise EvaluationError(
                    f"{count} workers ended while they ran {_name(block)}{worker.last_words}"
                ) from None
            self._waiting.append(number)
            return
        if answer is None:
            return
        selector.unregister(worker.channel.sock)
        number = self._busy.pop(worker)
        if answer[:1] == CHANGED:
            self._pool.discard(worker)
            raise SourcesChanged(answer[1:].decode())
        if (
            self._waiting
            and answer[:1] not in (REFUSED, FAILED, TOLD)
            and not self._pool.is_waited_for(block.program.asks_model)
        ):
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
