"""A worker process as its owner sees it, and how many there are to be."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache

from genopt_gym.core.cores import available_cores, sibling_processes
from genopt_gym.core.processes import HelperProcess, calling
from genopt_gym.evaluation.worker import MAX_MESSAGE
from genopt_gym.sandbox import scratch
from genopt_gym.sandbox.channel import MessageChannel

PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "XDG_CACHE_HOME", "SYSTEMROOT")
"""What of the environment a worker gets, beside ``GENOPT_*``: no keys."""
RAY = "ray"
"""What ``GENOPT_WORKERS`` is where workers are on the nodes of a Ray cluster."""
PATIENCE = 3.0
"""Seconds that a worker has to end by itself."""


def default_workers() -> int:
    """How many worker processes of this machine there are to be.

    ``GENOPT_WORKERS``, where it is a number; else one for each core that affinity, quotas and sibling processes leave
    to this process.

    Raises:
        ValueError: ``GENOPT_WORKERS`` is neither a number from 1 nor ``ray``.
    """
    text = os.environ.get("GENOPT_WORKERS", "")
    if text and text != RAY:
        if not text.isdecimal() or int(text) < 1:
            raise ValueError(f"GENOPT_WORKERS must be a whole number from 1, or {RAY!r}, got {text!r}")
        return int(text)
    return _share_of_cores(int(time.monotonic()))


@lru_cache(maxsize=1)
def _share_of_cores(second: int) -> int:
    """Looked up once a second: quotas are files, and siblings are started after us, and end before us."""
    return max(1, available_cores() // sibling_processes())


def worker_environment() -> dict[str, str]:
    """What of our environment workers get; how many of them there are is no business of theirs."""
    passed = {k: v for k, v in os.environ.items() if k in PASSED_ON or k.startswith("GENOPT_")}
    return {k: v for k, v in passed.items() if k != "GENOPT_WORKERS"}


def fits(wanted: Mapping[str, str], imported: Mapping[str, str], path: Sequence[str]) -> bool:
    """Whether a worker has imported no other version of the wanted files, and finds modules where we do.

    Args:
        wanted: file to hash of the user's own code in a block.
        imported: the same, of what the worker has imported.
        path: where modules were looked for when it was started.
    """
    known = all(imported.get(file, digest) == digest for file, digest in wanted.items())
    return not wanted or (known and list(path) == sys.path)


class WorkerProcess:
    """One worker process and our end of its channel.

    Attributes:
        environment: what it was started with of ours.
        sources: file to hash of the user's own code that it has imported.
    """

    def __init__(self) -> None:
        self.environment = worker_environment()
        self.sources: dict[str, str] = {}
        self._path = list(sys.path)
        ours, theirs = socket.socketpair()
        self._scratch_root = scratch.make()
        self.process = HelperProcess(
            calling("genopt_gym.evaluation.worker:main", theirs.fileno(), self._scratch_root),
            environment=self.environment | {"PYTHONHASHSEED": "0"},
            descriptors=[theirs.fileno()],
        )
        theirs.close()
        self.channel = MessageChannel(ours, MAX_MESSAGE)

    def can_run(self, sources: Mapping[str, str]) -> bool:
        """Whether it has imported no other version of these files, and finds modules where we do."""
        return fits(sources, self.sources, self._path)

    @property
    def last_words(self) -> str:
        """Why it ended, where it could say so."""
        return ""

    def has_ended(self) -> bool:
        """Whether it is gone."""
        return self.process.has_ended()

    def kill(self) -> None:
        """End it at once, in the middle of a block."""
        self.process.stop(0)

    def close(self) -> None:
        """End the worker, and clear its scratch folders away (without us it does so when its lifeline closes)."""
        self.channel.close()
        self.process.stop(PATIENCE)
        scratch.remove(self._scratch_root)
