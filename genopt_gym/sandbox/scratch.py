"""A session's scratch folder: that it can be used, whether it holds too much, and that it goes in the end."""

from __future__ import annotations

import os
import tempfile
import uuid

MAX_ENTRIES = 1000
"""Files and folders that a scratch folder may hold."""
FULL_FILES = 8
"""How many files of the largest size it may hold at once: the kernel limits the size of each, not their number."""


def make(root: str | None = None) -> str:
    """A new empty folder that its owner can use, whatever the umask."""
    folder = tempfile.mkdtemp(prefix="genopt-" if root is None else None, dir=root)
    os.chmod(folder, 0o700)
    return folder


def free_bytes(folder: str) -> int:
    """What is left on the disk of a folder."""
    facts = os.statvfs(folder)
    return facts.f_bavail * facts.f_frsize


def is_overfull(folder: str, file_mb: int, free_before: int) -> bool:
    """Whether a scratch folder holds more than it may; it can be in use.

    A file that has lost its name is not found. For such ones there is a last resort: the disk must keep half of
    what was free when the session began.
    """
    if free_bytes(folder) < free_before // 2:
        return True
    entries, room = 0, FULL_FILES * file_mb << 20
    pending = [folder]
    while pending:
        try:
            with os.scandir(pending.pop()) as found:
                for entry in found:
                    entries += 1
                    facts = entry.stat(follow_symlinks=False)
                    room -= 512 * facts.st_blocks
                    if entries > MAX_ENTRIES or room < 0:
                        return True
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
        except FileNotFoundError:
            continue  # removed in the meantime
        except OSError:
            return True  # made unreadable, or nested too deeply to be named
    return False


def remove(folder: str) -> None:
    """Remove the scratch folder of a child that has ended.

    ``shutil.rmtree`` recurses, and stops at a folder that its owner may not list. Here such a folder is opened
    up, and what lies in it is moved to the top first, so that no path grows with the depth.
    """
    try:
        os.rmdir(folder)  # as a rule it is empty
        return
    except OSError:
        pass
    pending = [folder]
    try:
        while pending:
            current = pending.pop()
            for entry in list(os.scandir(current)):
                if not entry.is_dir(follow_symlinks=False):
                    os.unlink(entry.path)
                    continue
                os.chmod(entry.path, 0o700)
                pending.append(os.path.join(folder, uuid.uuid4().hex))
                os.rename(entry.path, pending[-1])
            if current != folder:
                os.rmdir(current)
        os.rmdir(folder)
    except OSError:
        pass  # somebody else was quicker, or in tier weak it is a stranger's
