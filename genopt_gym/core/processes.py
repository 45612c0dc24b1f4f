"""Helper processes: started by exec, owned by the process that started them, and gone when that one is.

An owner holds a helper's *lifeline*, a pipe that nobody writes to: it closes when the owner lets go of it or ends,
whatever ends it, and the helper's ``end_with_owner`` sees that. A fork of the owner gives its copy up, so that it
keeps no helper alive.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

LIFELINE = "GENOPT_LIFELINE"
"""Environment variable with the descriptor of a helper's end of its lifeline."""

Stream = int | IO[bytes] | None


class HelperProcess:
    """A Python process in a session of its own, so that Ctrl-C in the terminal does not reach it.

    Args:
        arguments: of the interpreter; ``calling`` makes them.
        environment: all of it.
        descriptors: open ones that it gets, beside standard input, output and error.
        lifeline: whether it gets one; a helper that ends with another line needs none.
        stdin, stdout, stderr: files or descriptors; the latter two are the owner's own by default.
        folder: that it stands in.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str],
        descriptors: Sequence[int] = (),
        lifeline: bool = True,
        stdin: Stream = subprocess.DEVNULL,
        stdout: Stream = None,
        stderr: Stream = None,
        folder: str | Path | None = None,
    ) -> None:
        self._owner = os.getpid()
        self._lifeline: int | None = None
        environment, theirs = dict(environment), None
        if lifeline:
            theirs, self._lifeline = os.pipe()
            environment[LIFELINE] = str(theirs)
        try:
            self._popen: subprocess.Popen[bytes] = subprocess.Popen(
                [sys.executable, *arguments],
                env=environment,
                pass_fds=[*descriptors, *([] if theirs is None else [theirs])],
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                cwd=folder,
                start_new_session=True,
            )
        except BaseException:
            self.let_go()
            raise
        finally:
            if theirs is not None:
                os.close(theirs)
        self.pid = self._popen.pid
        _helpers.add(self)

    @property
    def is_ours(self) -> bool:
        """Whether this process has started it; a fork of that process only inherits the object."""
        return self._owner == os.getpid()

    @property
    def exit_code(self) -> int | None:
        """``None`` until ``stop`` has seen its end; of a signal, its negative number."""
        return self._popen.returncode

    def has_ended(self) -> bool:
        """Whether it has; its number stays its own until ``stop``, so that no other process can be hit."""
        if self._popen.returncode is not None:
            return True
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            self._popen.wait()  # somebody else has waited for all children: its number may be another's by now
            return True

    def let_go(self) -> None:
        """Close the lifeline: it comes to its own end."""
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None

    def stop(self, patience: float) -> None:
        """Let go of it, and kill it with all that is left in its session's group after so many seconds.

        In a fork of the owner this does nothing: it is not the fork's to stop.
        """
        self.let_go()
        if not self.is_ours or self._popen.returncode is not None:
            return
        deadline, delay = time.monotonic() + patience, 0.0005
        while not self.has_ended() and time.monotonic() < deadline:
            time.sleep(delay)
            delay = min(2 * delay, 0.05)
        if self._popen.returncode is None:
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass  # macOS says the latter of a group in which all have ended
        self._popen.wait()

    def _drop(self) -> None:
        """In a fork of the owner."""
        self.let_go()
        self._popen.returncode = 0  # not the fork's child, so not the fork's to wait for


def calling(function: str, *arguments: Any) -> list[str]:
    """The interpreter's arguments for a call of ``module:function`` with these plain values.

    Modules are found where this process finds them: tasks and agents may be the user's own.
    """
    module, _, name = function.partition(":")
    words = ", ".join(map(repr, arguments))
    return ["-P", "-c", f"import sys; sys.path[:] = {sys.path!r}; from {module} import {name}; {name}({words})"]


def end_with_owner(end: Callable[[], object]) -> None:
    """In a helper: call ``end``, from a thread, as soon as the owner is gone or has let go."""
    lifeline = int(os.environ.pop(LIFELINE))

    def watch() -> None:
        while os.read(lifeline, 1):
            pass
        end()

    threading.Thread(target=watch, name="genopt-lifeline", daemon=True).start()


_helpers: weakref.WeakSet[HelperProcess] = weakref.WeakSet()


def _drop_all() -> None:
    for helper in list(_helpers):
        helper._drop()
    _helpers.clear()


os.register_at_fork(after_in_child=_drop_all)
