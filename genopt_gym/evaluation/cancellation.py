"""Calling off an evaluation from outside: from another thread, or by cancelling the asyncio task that awaits it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class EvaluationCancelled(Exception):
    """The evaluation was called off; nothing of it is kept or charged."""


class Cancellation:
    """Lets others call off the evaluations that are made within ``applied``.

    >>> cancellation = Cancellation()
    >>> cancellation.cancel()
    >>> with cancellation.applied():
    ...     current_cancellation() is cancellation
    True
    """

    def __init__(self) -> None:
        self._cancelled = False
        self._lock = threading.Lock()
        self._wakers: list[Callable[[], None]] = []

    def cancel(self) -> None:
        """Call them off: those under way, and those that are still to come."""
        with self._lock:
            self._cancelled = True
            for wake in self._wakers:
                wake()

    def check(self) -> None:
        """Raise EvaluationCancelled if they were called off."""
        if self._cancelled:
            raise EvaluationCancelled("the evaluation was cancelled")

    @contextmanager
    def waking(self, wake: Callable[[], None]) -> Iterator[None]:
        """Within, ``cancel`` calls ``wake``, so that whoever waits looks up."""
        with self._lock:
            self._wakers.append(wake)
        try:
            yield
        finally:
            with self._lock:
                self._wakers.remove(wake)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Evaluations of this thread, within, can be called off by this."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)


_current: ContextVar[Cancellation | None] = ContextVar("cancellation", default=None)


def current_cancellation() -> Cancellation:
    """What can call off evaluations made here; one that nobody holds, if nobody can."""
    return _current.get() or Cancellation()


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function in a thread of its own, and await what it returns.

    When the awaiting task is cancelled, the evaluations that the function makes are called off, and its end is awaited.

    Args:
        function: what to call, such as an environment's ``step``.
        *args: its arguments.
        **kwargs: its keywords.

    Returns:
        What it returns; what it raises is raised.

    >>> asyncio.run(in_thread(divmod, 7, 2))
    (3, 1)
    """
    cancellation = Cancellation()
    result: Future[T] = Future()
    context = copy_context()

    def call() -> None:
        try:
            with cancellation.applied():
                result.set_result(function(*args, **kwargs))
        except BaseException as error:
            result.set_exception(error)

    threading.Thread(target=context.run, args=(call,), daemon=True).start()
    awaited = asyncio.wrap_future(result)
    try:
        return await asyncio.shield(awaited)
    except asyncio.CancelledError:
        cancellation.cancel()
        await asyncio.wait([awaited])
        raise
