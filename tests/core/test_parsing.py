"""Reading Python texts."""

from __future__ import annotations

import ast
import collections
import inspect
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from genopt_gym.core.parsing import parse_python, split_lines


def test_lines_end_where_python_ends_them() -> None:
    text = "a\nb\r\nc\rd\x0c\x0b\x85\u2028e\n\n"
    assert split_lines(text) == ["a\n", "b\r\n", "c\r", "d\x0c\x0b\x85\u2028e\n", "\n"]


class Restless:
    """Garbage whose collection, whenever it comes, lets other threads have a turn."""

    def __init__(self) -> None:
        self.myself = self

    def __del__(self) -> None:
        for _ in range(100):
            pass


@pytest.fixture
def threads_that_take_turns_often() -> Iterator[ThreadPoolExecutor]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    with ThreadPoolExecutor(4) as threads:
        yield threads
    sys.setswitchinterval(interval)


def test_threads_that_parse_at_a_time_do_not_disturb_each_other(
    threads_that_take_turns_often: ThreadPoolExecutor,
) -> None:
    """In Python 3.11 ``ast.parse`` is not made for it: some of so many calls fail with a SystemError."""
    source = inspect.getsource(collections)
    expected = ast.dump(parse_python(source))

    def parsed(_: int) -> str:
        for _ in range(10):
            Restless()
        return ast.dump(parse_python(source))

    assert set(threads_that_take_turns_often.map(parsed, range(40))) == {expected}
