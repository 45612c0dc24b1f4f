"""What a run does after its last edit, and how far it is: test scores, and the film."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from genopt_gym.evaluation.block_progress import Told, telling_blocks


@dataclass(frozen=True)
class Stage:
    """Where a run is after its last edit.

    Attributes:
        what: is being done, as in "test score of the best".
        done: parts of it.
        total: parts of it; 0 where their number is not known yet.
        seconds: since it began.
    """

    what: str
    done: int
    total: int
    seconds: float

    @property
    def seconds_left(self) -> float | None:
        """An estimate, from the pace so far; ``None`` before there is one."""
        if not self.done or not self.total:
            return None
        return self.seconds / self.done * (self.total - self.done)

    def __str__(self) -> str:
        """A line for people.

        >>> print(Stage("test score of the best", 3, 5, 90.0))
        test score of the best: 3 of 5 parts, about 60 s left
        """
        if not self.total:
            return f"{self.what} ..."
        left = self.seconds_left
        words = "" if left is None or self.done == self.total else f", about {left:.0f} s left"
        return f"{self.what}: {self.done} of {self.total} parts{words}"


@contextmanager
def stage(what: str, tell: Callable[[Stage], object]) -> Iterator[Told]:
    """Tell of a stage that begins now, and of its blocks; what is yielded tells of other parts.

    Args:
        what: is being done.
        tell: is told of each part that is done, and of the beginning.
    """
    began, last = time.monotonic(), (0, 0)

    def told(done: int, total: int) -> None:
        nonlocal last
        if (done, total) != last:
            last = done, total
            tell(Stage(what, done, total, time.monotonic() - began))

    tell(Stage(what, 0, 0, 0.0))
    with telling_blocks(told):
        yield told
