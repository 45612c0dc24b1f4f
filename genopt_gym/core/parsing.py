"""Python texts, parsed: what is wrong with one is a SyntaxError, in whatever thread it is read."""

from __future__ import annotations

import ast
import os
import re
import threading
import tokenize
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


def parse_python(source: str) -> ast.Module:
    """Parse a Python text; whatever is wrong with it is a SyntaxError, and nothing is warned about.

    >>> parse_python("x = \\0")
    Traceback (most recent call last):
    SyntaxError: source code string cannot contain null bytes
    """
    with only_syntax_errors():
        return ast.parse(source)


def split_lines(source: str) -> list[str]:
    r"""Split a text into lines where Python does, endings kept; ``str.splitlines`` has form feeds end them.

    >>> split_lines("a\r\nb\f\n")
    ['a\r\n', 'b\x0c\n']
    """
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", source)


_parsing = threading.RLock()
"""Two threads that parse at a time disturb each other in Python 3.11 (SystemError), and warnings' filters are one."""


def _renew_lock() -> None:
    """After a fork a thread that is not there may hold it."""
    global _parsing
    _parsing = threading.RLock()


os.register_at_fork(after_in_child=_renew_lock)


@contextmanager
def only_syntax_errors() -> Iterator[None]:
    """Parse or compile under this: all that Python has against a text is a SyntaxError; nothing is warned.

    >>> with only_syntax_errors():
    ...     code = compile("1 is 1", "here", "eval")
    """
    with _parsing, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except (ValueError, OverflowError, tokenize.TokenError) as error:
            raise SyntaxError(str(error)) from error
        except (RecursionError, MemoryError) as error:
            raise SyntaxError("too deeply nested") from error
