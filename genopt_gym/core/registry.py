"""Things that are chosen by name: a row of a table of ours, or ``module:Class`` of anybody's."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from genopt_gym.core.errors import ParameterError

_REFERENCE = re.compile(r"[^\W\d][\w.]*:[^\W\d]\w*")

T = TypeVar("T")


class ExtensionError(ParameterError):
    """What was named is not there, or cannot be used; one sentence says why."""


class Registry(Generic[T]):
    """One kind of thing that can be chosen by name. A new one is a class in a file, and a row in its table.

    Args:
        what: what each of them is, in words: ``trace window``.
        kind: the class that all of them inherit.
        table: name to ``module:Class``; a module is imported when its name is looked up.
        in_other_processes: whether processes that we start look names up too, so that ``__main__:Class``, which is
            another module there, is refused.

    >>> from genopt_gym.core.windows import WINDOWS
    >>> list(WINDOWS)
    ['first', 'last', 'around_reward', 'highlights']
    >>> WINDOWS.find("lats")
    Traceback (most recent call last):
    genopt_gym.core.registry.ExtensionError: no trace window 'lats'; did you mean 'last'? There are first, last,
    around_reward, highlights, or module:Class of your own.
    """

    def __init__(self, what: str, kind: type[T], table: Mapping[str, str], *, in_other_processes: bool = False) -> None:
        self.what = what
        self._kind = kind
        self._table = table
        self._in_other_processes = in_other_processes

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def find(self, name: str) -> type[T]:
        """The class of that name.

        Raises:
            ExtensionError: there is none, its module raises, or it is of another kind.
        """
        entry = self._table.get(name, name) if isinstance(name, str) else name
        if not is_reference(entry):
            raise ExtensionError(_unknown(f"no {self.what} {name!r}", name, self._table))
        if self._in_other_processes and entry.startswith("__main__:"):
            raise ExtensionError(f"{name} cannot be imported by other processes: move it to a module of its own")
        return load_class(entry, self._kind, self.what)

    def make(self, name: str) -> T:
        """One of that name, new.

        Raises:
            ExtensionError: as ``find``, or the class cannot be instantiated without arguments.
        """
        found = self.find(name)
        try:
            return found()
        except Exception as error:
            raise ExtensionError(f"{name} cannot be made into {_a(self.what)}: {_in_short(error)}") from error

    def describe(self) -> dict[str, str]:
        """Each name of the table with the first line of its class's docstring."""
        return {name: (self.find(name).__doc__ or "").strip().partition("\n")[0] for name in self._table}


def is_reference(name: object) -> bool:
    """Whether it has the form ``module:name``.

    >>> is_reference("my_rules:Patient"), is_reference("hill-climbing"), is_reference("ft:gpt-4o:team")
    (True, False, False)
    """
    return isinstance(name, str) and _REFERENCE.fullmatch(name) is not None


def load(reference: str) -> Any:
    """What ``module:name`` stands for.

    Raises:
        ExtensionError: the module is not there, raises, or has nothing of that name.
    """
    module_name, _, name = reference.partition(":")
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        raise ExtensionError(f"{reference} cannot be imported: {_in_short(error)}") from error
    try:
        return getattr(module, name)
    except AttributeError:
        names = [known for known in vars(module) if not known.startswith("_")]
        raise ExtensionError(f"module {module_name} has no {name!r}{_nearest(name, names)}") from None


def load_class(reference: str, kind: type[T], what: str) -> type[T]:
    """The class ``module:Class``, which must inherit ``kind``.

    Args:
        reference: ``module:Class``.
        kind: its base class.
        what: what such a class is, in words, for the message.

    Raises:
        ExtensionError: it cannot be loaded, or is something else.
    """
    found = load(reference)
    if not (isinstance(found, type) and issubclass(found, kind)):
        base = f"{kind.__module__}.{kind.__qualname__}"
        raise ExtensionError(f"{reference} is not {_a(what)}: {_a(what)} is a class that inherits {base}")
    return found


def _unknown(problem: str, name: object, known: Iterable[str]) -> str:
    near = _nearest(str(name), known)
    return f"{problem}{near or '.'} There are {', '.join(known)}, or module:Class of your own."


def _nearest(name: str, known: Iterable[str]) -> str:
    import difflib  # here: confined processes have no use for it

    near = difflib.get_close_matches(name, list(known), 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _a(what: str) -> str:
    return f"{'an' if what[0] in 'aeiou' else 'a'} {what}"


def _in_short(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
