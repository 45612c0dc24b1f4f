"""The worker's end of the line to a zygote: start one, have it fork confined children, collect them."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec

from genopt_gym.core.processes import HelperProcess
from genopt_gym.core.registry import is_reference
from genopt_gym.sandbox.messages import Exit, ForkOrder, ReapOrder

# The zygote imports this package's sandbox modules without running genopt_gym/__init__.py, which needs Gymnasium.
BOOTSTRAP = """\
import sys, types
package = types.ModuleType("genopt_gym")
package.__path__ = [sys.argv[1]]
sys.modules["genopt_gym"] = package
from genopt_gym.sandbox.zygote_main import main
main(int(sys.argv[2]), *sys.argv[3:])
"""

PATIENCE = 3.0
"""Seconds that it has to end by itself."""


class ZygoteLost(ConnectionError):
    """The zygote is gone; start another."""


class Zygote:
    """A preloaded process that forks confined children.

    Args:
        profile: the libraries that it loads.
        tier: how children are confined.
        scratch_root: the folder of their scratch folders.
        observer: as ``Task.observer``; sessions that are ``packed`` use it.
    """

    def __init__(self, profile: str, tier: str, scratch_root: str, observer: str = "") -> None:
        self.scratch_root = scratch_root
        # Trials that wait for a model are run by threads.
        self._talking = threading.Lock()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        root = str(Path(__file__).parents[1])
        # A tier of somebody's own is found where we find it; the zygote forgets these folders at once.
        folders = [os.path.abspath(folder) for folder in sys.path] if is_reference(tier) else []
        words = [root, str(theirs.fileno()), profile, tier, scratch_root, observer, *folders]
        environment = {
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            "JOBLIB_MULTIPROCESSING": "0",
        }
        # It ends when its line closes.
        self._process = HelperProcess(
            ["-s", "-P", "-c", BOOTSTRAP, *words],
            environment=environment,
            descriptors=[theirs.fileno()],
            lifeline=False,
            folder="/",
        )
        theirs.close()

    def fork(self, order: ForkOrder, descriptors: Sequence[int]) -> tuple[int, int]:
        """Pid and pidfd of a new child."""
        try:
            with self._talking:
                socket.send_fds(self._control, [msgspec.msgpack.encode(order)], descriptors)
                message, received, _, _ = socket.recv_fds(self._control, 64, 1)
        except OSError:
            message = b""
        if not message:
            raise ZygoteLost("the process that forks confined children has ended")
        return int.from_bytes(message, "little"), received[0]

    def reap(self, pid: int) -> Exit:
        try:
            with self._talking:
                self._control.send(msgspec.msgpack.encode(ReapOrder(pid)))
                message = self._control.recv(1 << 12)
        except OSError:
            message = b""
        if not message:
            raise ZygoteLost("the process that forks confined children has ended")
        return msgspec.msgpack.decode(message, type=Exit)

    def close(self) -> None:
        self._control.close()
        self._process.stop(PATIENCE)
