"""Folders that one process holds at a time."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

from genopt_gym.core.errors import UserError


def hold(lock: int | IO[str], folder: Path, in_use: UserError) -> None:
    """Take the lock on an open file of a folder; it is held until the file is closed.

    Args:
        lock: the file, or its descriptor.
        folder: what it stands for, for messages.
        in_use: raised where another process holds it.

    Raises:
        UserError: ``in_use``; or the file system offers no locks.
    """
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise in_use from None
    except OSError as error:
        raise UserError(
            f"{folder} cannot be locked ({error.strerror}), so two processes could write to it at once; choose a "
            "folder on a local disk"
        ) from None
