"""How many programs of a kind run at once on a machine, whichever processes have started them."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

from genopt_gym.core.checks import whole_number

LOOK = 0.1
"""Seconds between looks at which are free."""


class RunningPlaces:
    """So many at once, for all processes of this user on this machine.

    Args:
        name: of what runs.
        count: how many of it may.
    """

    def __init__(self, name: str, count: int) -> None:
        whole_number("concurrency", count, 1)
        key = hashlib.sha256(name.encode()).hexdigest()[:16]
        self._paths = [f"{key}-{number}" for number in range(count)]

    async def take(self, opened: ExitStack) -> None:
        """Wait for a free one; it is given back when ``opened`` is closed, or the process ends."""
        folder = Path(tempfile.gettempdir()) / f"genopt-slots-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        while True:
            for name in self._paths:
                file = (folder / name).open("w")
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    file.close()
                    continue
                opened.enter_context(file)
                return
            await asyncio.sleep(LOOK)
