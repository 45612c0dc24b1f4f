"""A worker and its confined process on one core."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
from collections.abc import Callable, Collection
from functools import cache

QUICK = 0.02
"""Seconds from one turn to the next below which they are short: waking costs a part of them that counts."""
CLAIM = "genopt_gym core {}"
"""What a claim is called, by the core's number."""
REVIEW = 1.0
"""Seconds after which the kernel has a say again, or a core is looked for again where none was free."""


class SharedCore:
    """Keeps a worker and its confined process on one core for as long as they take short turns.

    One waits while the other runs, so that a second core gains them nothing. But the kernel puts whoever wakes where
    nothing runs: then each turn wakes a core that sleeps, and finds that core's caches cold. (On a machine of two cores
    one worker's evaluation of CartPole takes a quarter longer that way: ``benchmarks/shared_core.py``.)

    A core is claimed, so that no two pairs of this machine choose the same; where all are, or cores cannot be chosen,
    or there is but one, the kernel goes on to choose.

    Args:
        pid: the confined process.
        cores: what both may use; None is what this thread may.
    """

    def __init__(self, pid: int, cores: Collection[int] | None = None) -> None:
        self._pid = pid
        self._cores = _allowed() if cores is None else cores
        self._chooses = len(self._cores) > 1 and _current_core() is not None
        self._turn = float("-inf")
        """When the last one began."""
        self._looked = float("-inf")
        """When a core was looked for."""
        self._claim: socket.socket | None = None

    def begin_turn(self, now: float) -> None:
        """To be called before the process is given something to do, at a time on the monotonic clock."""
        if not self._chooses:
            return
        quick, self._turn = now - self._turn < QUICK, now
        overdue = now - self._looked > REVIEW
        if self._claim is not None and (overdue or not quick):
            self.release()
        elif quick and overdue:
            self._looked = now
            self._take_one()

    def release(self) -> None:
        """Let both use all their cores again: the process takes its time, or is about to end."""
        if self._claim is not None:
            self._put_on(self._cores)
            self._claim.close()
            self._claim = None

    def _take_one(self) -> None:
        here = _current_core()
        for core in sorted(self._cores, key=lambda core: core != here):
            if (found := claim(core)) is not None:
                self._claim = found
                self._put_on({core})
                return

    def _put_on(self, cores: Collection[int]) -> None:
        for pid in (0, self._pid):
            with contextlib.suppress(OSError):  # it has ended, or may not be moved: then it stays where it is
                os.sched_setaffinity(pid, cores)


def claim(core: int) -> socket.socket | None:
    """What holds the claim until it is closed, at the latest with this process; None if another pair has the core."""
    holder = socket.socket(socket.AF_UNIX)
    try:
        holder.bind("\0" + CLAIM.format(core))  # a name of the kernel's, not a file
    except OSError:
        holder.close()
        return None
    return holder


def _allowed() -> Collection[int]:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()


def _current_core() -> int | None:
    """The core that this thread runs on; None where it cannot be told."""
    look = _look()
    return None if look is None or (core := look()) < 0 else core


@cache
def _look() -> Callable[[], int] | None:
    found: Callable[[], int] | None = getattr(ctypes.CDLL(None), "sched_getcpu", None)
    return found
