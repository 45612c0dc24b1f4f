"""One forked process for artifact code, with what its worker shares with it; and one that is kept ready beforehand."""

from __future__ import annotations

import contextlib
import mmap
import os
import select
import signal
import socket

from genopt_gym.core.limits import Limits
from genopt_gym.sandbox import scratch
from genopt_gym.sandbox.channel import set_timeouts
from genopt_gym.sandbox.messages import Exit, ForkOrder
from genopt_gym.sandbox.zygote import Zygote, ZygoteLost


class ConfinedChild:
    """A fork of a zygote, confined or about to be; it serves one session.

    Args:
        zygote: forks it.
        limits: what it may use.

    Attributes:
        sock: the line to it.
        output: where it writes.
        progress: shared with it; what it says there may be false.
        scratch: its folder.
    """

    def __init__(self, zygote: Zygote, limits: Limits) -> None:
        self.limits = limits
        self._zygote = zygote
        self.scratch = scratch.make(zygote.scratch_root)
        self.output = os.memfd_create("output", os.MFD_CLOEXEC)
        progress = os.memfd_create("progress", os.MFD_CLOEXEC)
        os.ftruncate(progress, 16)
        self.progress = memoryview(mmap.mmap(progress, 16)).cast("Q")
        self.sock, theirs = socket.socketpair()
        set_timeouts(self.sock, limits.call_seconds / 4)
        order = ForkOrder(self.scratch, limits.cpu_seconds, limits.memory_mb, limits.file_mb)
        try:
            self.pid, self.pidfd = zygote.fork(order, [theirs.fileno(), self.output, progress])
        except ZygoteLost:
            self._release()
            raise
        finally:
            os.close(progress)
            theirs.close()
        self._exit: Exit | None = None
        self._closed = False

    def kill(self) -> None:
        """Let nothing run on in it; ``close`` collects it."""
        if self._closed:
            return
        try:
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def close(self) -> Exit:
        """End it and collect it; safe to call twice.

        Raises:
            ZygoteLost: nobody is left to collect it.
        """
        if not self._closed:
            self.kill()
            self._closed = True
            try:
                self._exit = self._zygote.reap(self.pid)
            finally:
                os.close(self.pidfd)
                self._release()
        if self._exit is None:
            raise ZygoteLost("the process that forks confined children has ended")
        return self._exit

    def serves(self, zygote: Zygote, limits: Limits) -> bool:
        """Whether it is as a new child of this zygote with these limits would be."""
        alike = self._zygote is zygote and self.limits == limits
        return alike and not select.select([self.pidfd], [], [], 0)[0]

    def _release(self) -> None:
        os.close(self.output)
        self.sock.close()
        self.progress.release()
        scratch.remove(self.scratch)


class ReadyChild:
    """At most one child that waits for its session, made while nobody waits for the worker.

    It is forked when the artifact before it has ended and nothing is known of its own, and is used once.
    """

    def __init__(self) -> None:
        self._child: ConfinedChild | None = None

    def prepare(self, zygote: Zygote, limits: Limits) -> None:
        """Have one ready that is as wanted.

        Raises:
            ZygoteLost: nobody is left to fork it.
        """
        self.drop()
        self._child = ConfinedChild(zygote, limits)

    def take(self, zygote: Zygote, limits: Limits) -> ConfinedChild | None:
        """The one that is ready, if it is as wanted."""
        if self._child is not None and self._child.serves(zygote, limits):
            child, self._child = self._child, None
            return child
        self.drop()
        return None

    def drop(self) -> None:
        """Have none ready."""
        child, self._child = self._child, None
        if child is not None:
            with contextlib.suppress(ZygoteLost):
                child.close()
