"""A guard for objects that one thread may use at a time."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")


class OneAtATime:
    """A context manager that refuses to be entered while another thread is inside. Copies guard for themselves.

    Args:
        refusal: what the second thread is told.

    >>> guard = OneAtATime("somebody is in there")
    >>> with guard:
    ...     pass
    """

    def __init__(self, refusal: str) -> None:
        self._refusal = refusal
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            raise RuntimeError(self._refusal)

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self._lock.release()

    def __reduce__(self) -> tuple[Any, ...]:
        return OneAtATime, (self._refusal,)


class Guarded(Protocol):
    """An object with a guard of its own."""

    guard: OneAtATime


G = TypeVar("G", bound=Guarded)


def one_at_a_time(method: Callable[Concatenate[G, P], T]) -> Callable[Concatenate[G, P], T]:
    """A method that one thread at a time may be in; another gets the guard's RuntimeError."""

    @functools.wraps(method)
    def guarded(self: G, *args: P.args, **kwargs: P.kwargs) -> T:
        with self.guard:
            return method(self, *args, **kwargs)

    return cast(Callable[Concatenate[G, P], T], guarded)
