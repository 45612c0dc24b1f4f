"""Marks on public functions and classes that are about to go, or not yet promised to stay."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any, TypeVar, cast

T = TypeVar("T", bound=Callable[..., Any])
"""A function or a class."""


class ExperimentalWarning(FutureWarning):
    """Something is used that may change in the next version."""


def deprecated(*, since: str, instead: str = "") -> Callable[[T], T]:
    """Mark a function or class that will go: whoever calls it is warned, at the line of the call.

    Args:
        since: the version that marked it.
        instead: what to use in its place.

    Returns:
        A decorator. A class keeps its identity, a function its signature and documentation.

    >>> @deprecated(since="0.2", instead="new")
    ... def old():
    ...     return 1
    >>> old.__doc__
    'Deprecated since 0.2: use new.'
    """
    advice = f"use {instead}" if instead else "it will be removed without a replacement"
    return _marking("deprecated", f"since {since}: {advice}", DeprecationWarning)


def experimental(*, since: str) -> Callable[[T], T]:
    """Mark a function or class that may still change: whoever calls it is warned, at the line of the call.

    Args:
        since: the version that brought it.

    Returns:
        A decorator. A class keeps its identity, a function its signature and documentation.
    """
    return _marking("experimental", f"since {since}: it may change in the next version", ExperimentalWarning)


def _marking(mark: str, words: str, kind: type[Warning]) -> Callable[[T], T]:
    def decorate(thing: T) -> T:
        message = f"{thing.__qualname__} is {mark} {words}"
        called: Any = getattr(thing, "__init__") if inspect.isclass(thing) else thing  # noqa: B009 - else mypy objects

        @functools.wraps(called)
        def warning(*args: Any, **kwargs: Any) -> Any:
            warnings.warn(message, kind, stacklevel=2)
            return called(*args, **kwargs)

        if inspect.isclass(thing):
            type.__setattr__(thing, "__init__", warning)
        marked: Any = thing if inspect.isclass(thing) else warning
        note = f"{mark.capitalize()} {words}."
        marked.__doc__ = f"{inspect.getdoc(thing)}\n\n{note}" if thing.__doc__ else note
        return cast(T, marked)

    return decorate
