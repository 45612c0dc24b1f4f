"""Workers of a process, shared by all evaluators and threads of it, and started when first needed."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from genopt_gym.evaluation.block_runner import BlockRunner
from genopt_gym.evaluation.cancellation import Cancellation
from genopt_gym.evaluation.reply_dispatcher import Ask
from genopt_gym.evaluation.worker import Block
from genopt_gym.evaluation.worker_places import WorkerHandle, WorkerPlace, place_name, worker_place
from genopt_gym.evaluation.worker_process import worker_environment

WAITING_FOR_MODELS = 32
"""Workers beyond the usual number, for blocks that spend their time waiting for a model: enough for 16 environments,
each of which evaluates a batch of train and one of validation at once. One takes about 40 MB."""
LINGER = 20.0
"""Seconds that a worker beyond the usual number is kept for the next of such blocks."""
NO_SOURCES: Mapping[str, str] = MappingProxyType({})


class WorkerPool:
    """As many workers as there are cores at their place; ``run`` spreads the blocks of one evaluation over them.

    Any number of threads may call ``run`` at once. A worker that has ended a block goes to whoever has waited longest
    for one, so a short evaluation waits for blocks, and never for a whole evaluation of somebody else's. Blocks that
    ask a model wait for it most of the time: they do not count among those that keep the cores busy.

    Args:
        place: where workers are started.

    Attributes:
        tries: how many workers a block may lose before that is told as an error.
    """

    def __init__(self, place: WorkerPlace) -> None:
        self._place = place
        self.tries = place.tries
        self._handles: list[WorkerHandle] = []
        self._idle: dict[WorkerHandle, float] = {}
        """Since when, the longest first."""
        self._lent: dict[WorkerHandle, bool] = {}
        """Whether to a block that asks a model."""
        self._queues: dict[bool, deque[object]] = {False: deque(), True: deque()}
        """Who waits for a worker, in the order of their coming; apart, those whose blocks ask a model."""
        self._pruning = False
        self._changed = threading.Condition()

    def run(self, blocks: Sequence[Block], ask: Ask | None = None) -> list[bytes]:
        """Encoded ``BlockResult``s in the order of the blocks.

        A block whose worker is lost is tried again on another. If this raises, only workers that were busy with
        these blocks are ended.

        Args:
            blocks: what to run.
            ask: answers what artifacts ask their model.

        Raises:
            EvaluationError: the task's code raised, or a block lost as many workers as it has ``tries``.
            EvaluationCancelled: it was called off.
            Exception: what ``ask`` raised.
        """
        self._place.check()
        return BlockRunner(self, blocks, ask).run()

    def acquire(
        self,
        wait: bool,
        asks_model: bool,
        sources: Mapping[str, str] = NO_SOURCES,
        cancellation: Cancellation | None = None,
    ) -> WorkerHandle | None:
        """A worker for one block; ``None`` where none is free and the caller does not wait.

        Args:
            wait: until there is one; else nobody who waits is overtaken.
            asks_model: whether the block will mostly wait for a model: then there may be more workers than cores.
            sources: the user's own code in the block; a worker that has imported another version of it is ended.
            cancellation: what ends the wait, by EvaluationCancelled.
        """
        turn, queue = object(), self._queues[asks_model]
        with self._changed:
            if not wait and queue:
                return None
            queue.append(turn)
            try:
                while True:
                    if queue[0] is turn and (worker := self._free(asks_model, sources)) is not None:
                        self._lent[worker] = asks_model
                        return worker
                    if not wait:
                        return None
                    if cancellation is not None:
                        cancellation.check()
                    self._changed.wait()
            finally:
                queue.remove(turn)
                self._changed.notify_all()

    def release(self, worker: WorkerHandle) -> None:
        """Give a worker back whose block has ended."""
        with self._changed:
            del self._lent[worker]
            if worker.environment != worker_environment():
                self._end(worker)
            else:
                self._idle[worker] = time.monotonic()
                self._prune_later()
            self._changed.notify_all()

    def discard(self, worker: WorkerHandle) -> None:
        """End a worker that was lost, or whose block nobody wants any more."""
        with self._changed:
            self._end(worker)
            self._changed.notify_all()

    def wake(self) -> None:
        """Let those who wait for a worker look whether they still want one."""
        with self._changed:
            self._changed.notify_all()

    def is_waited_for(self, asks_model: bool) -> bool:
        """Whether somebody waits for a worker, with blocks that ask a model or with others."""
        return bool(self._queues[asks_model])

    def close(self) -> None:
        """End all workers; an evaluation under way starts others."""
        with self._changed:
            for worker in list(self._handles):
                if worker in self._idle:
                    self._end(worker)
                else:
                    worker.kill()
            self._changed.notify_all()

    def abandon(self) -> None:
        """In a fork: close our copies of the channels. A lock may be held by a thread that the fork has not."""
        for worker in self._handles:
            worker.channel.close()
        self._handles, self._idle, self._lent = [], {}, {}

    def _free(self, asks_model: bool, sources: Mapping[str, str]) -> WorkerHandle | None:
        environment = worker_environment() if self._idle else {}  # it is looked at many times a second
        for worker in list(self._idle):
            # Else it would look for data where we no longer do.
            if worker.has_ended() or worker.environment != environment or not worker.can_run(sources):
                self._end(worker)
        usual = self._place.count()
        lent = sum(asks is asks_model for asks in self._lent.values())
        if lent >= usual + (WAITING_FOR_MODELS if asks_model else 0):
            return None
        chosen = self._idle.popitem()[0] if self._idle else self._start()
        if len(self._handles) < usual:
            # One ahead: to start takes longer than most blocks take to run.
            self._idle = {self._start(): time.monotonic()} | self._idle
        return chosen

    def _prune_later(self) -> None:
        """Look again for workers beyond the usual number, when they may have lingered long enough."""
        if not self._pruning and len(self._handles) > self._place.count():
            self._pruning = True
            timer = threading.Timer(LINGER, self._prune)
            timer.daemon = True
            timer.start()

    def _prune(self) -> None:
        with self._changed:
            self._pruning = False
            for worker, since in list(self._idle.items()):
                if len(self._handles) > self._place.count() and time.monotonic() - since >= LINGER:
                    self._end(worker)
            if self._idle:
                self._prune_later()

    def _start(self) -> WorkerHandle:
        self._handles.append(self._place.start(extra=len(self._handles) >= self._place.count()))
        return self._handles[-1]

    def _end(self, worker: WorkerHandle) -> None:
        self._idle.pop(worker, None)
        self._lent.pop(worker, None)
        if worker in self._handles:
            self._handles.remove(worker)
        worker.close()


_pools: dict[tuple[int, str], WorkerPool] = {}
"""By process and place: a fork inherits its parent's pools, and abandons them."""
_making = threading.Lock()


def shared_pool() -> WorkerPool:
    """This process's pool at the place that ``GENOPT_WORKERS`` names; after a fork a new one is made."""
    pool = _pools.get((os.getpid(), place_name()))
    return _make() if pool is None else pool


def _renew_lock() -> None:
    global _making
    _making = threading.Lock()


# A thread that a fork has not may have held it.
os.register_at_fork(after_in_child=_renew_lock)


def _make() -> WorkerPool:
    with _making:
        key = (os.getpid(), place_name())
        if key not in _pools:
            for other in [other for other in _pools if other[0] != key[0]]:
                _pools.pop(other).abandon()
            pool = _pools[key] = WorkerPool(worker_place())
            atexit.register(pool.close)
        return _pools[key]
