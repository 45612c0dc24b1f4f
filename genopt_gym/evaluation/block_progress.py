"""How far an evaluation is, for whoever waits for it: told in the thread that asked for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Told = Callable[[int, int], object]
"""Called with how many parts are done, and how many there are."""

_told: ContextVar[Told | None] = ContextVar("told", default=None)


@contextmanager
def telling_blocks(told: Told) -> Iterator[None]:
    """Meanwhile tell of each block that this thread's evaluations have finished."""
    token = _told.set(told)
    try:
        yield
    finally:
        _told.reset(token)


def tell_blocks(done: int, total: int) -> None:
    """So many blocks of an evaluation are done."""
    told = _told.get()
    if told is not None:
        told(done, total)
