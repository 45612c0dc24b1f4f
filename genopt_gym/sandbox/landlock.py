"""Landlock: which files a process may open, decided by itself, without root and for good.

A *ruleset* grants rights beneath folders and on files; enforced, it becomes a layer of the process and of all
that it forks. What any layer refuses is refused. No rule takes away: to leave one folder out, its siblings
are granted one by one.

A path is judged by where it leads, so no symbolic link leads out. Not restricted are stat, readlink and
chdir, and descriptors opened before; chmod, chown and the like are left to the system call filter.

Source, in the kernel's tree: ``include/uapi/linux/landlock.h``.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterable
from functools import cache
from typing import Final, Self

from genopt_gym.sandbox import syscalls

KNOWN_ABI: Final = 7

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_DIR, REMOVE_FILE, MAKE_CHAR, MAKE_DIR = 1 << 4, 1 << 5, 1 << 6, 1 << 7
MAKE_REG, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK, MAKE_SYM = 1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 12
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15

FILE_RIGHTS: Final = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
"""The rights that a rule on a single file may hold; with any other the kernel refuses the rule."""

READ: Final = READ_FILE | READ_DIR
"""To read, list and import. Nothing is ever granted EXECUTE; mapping a shared library does not need it."""

WRITE: Final = READ | WRITE_FILE | TRUNCATE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | REFER
"""To work in a folder with plain files and folders: no links, sockets, pipes or devices."""

BIND_TCP, CONNECT_TCP = 1 << 0, 1 << 1
SCOPE_ABSTRACT_UNIX_SOCKET, SCOPE_SIGNAL = 1 << 0, 1 << 1

CREATE_RULESET_VERSION: Final = 1 << 0
RULE_PATH_BENEATH: Final = 1
# Without these every denial of an untrusted program would be a line in the system's audit log.
LOG_SAME_EXEC_OFF, LOG_SUBDOMAINS_OFF = 1 << 0, 1 << 2


@cache
def abi() -> int:
    """The version of Landlock that this kernel offers; 0 when it is absent or switched off."""
    try:
        return syscalls.call("landlock_create_ruleset", None, 0, CREATE_RULESET_VERSION)
    except OSError:
        return 0


@cache
def handled_files() -> int:
    """Every right over files that this kernel can refuse."""
    newest = {1: MAKE_SYM, 2: REFER, 3: TRUNCATE, 4: TRUNCATE}.get(abi(), IOCTL_DEV)
    return (newest << 1) - 1


class Ruleset:
    """Rights that will remain once the ruleset is enforced; a context manager that closes it.

    Besides files it refuses, as far as the kernel offers: TCP, abstract unix sockets and signals to processes
    outside the layer.

    Raises:
        OSError: the kernel has no Landlock.
    """

    def __init__(self) -> None:
        network = BIND_TCP | CONNECT_TCP if abi() >= 4 else 0
        scope = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL if abi() >= 6 else 0
        size = 8 if abi() < 4 else 16 if abi() < 6 else 24
        attributes = struct.pack("=QQQ", handled_files(), network, scope)[:size]
        self._descriptor = syscalls.call("landlock_create_ruleset", attributes, size, 0)

    def grant(self, path: str, rights: int) -> None:
        """Grant rights on a file, or on a folder and all that it holds.

        Raises:
            OSError: the path cannot be looked up, or the kernel refuses the rule.
        """
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            rights &= handled_files()
            if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
                rights &= FILE_RIGHTS
            rule = struct.pack("=Qi", rights, descriptor)
            syscalls.call("landlock_add_rule", self._descriptor, RULE_PATH_BENEATH, rule, 0)
        finally:
            os.close(descriptor)

    def enforce(self) -> None:
        """Make the ruleset a layer of this thread and of what it starts, for good.

        Raises:
            OSError: the kernel refused, as it does from the seventeenth layer on.
        """
        flags = LOG_SAME_EXEC_OFF | LOG_SUBDOMAINS_OFF if abi() >= 7 else 0
        syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
        syscalls.call("landlock_restrict_self", self._descriptor, flags)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._descriptor)


def restrict(read: Iterable[str], write: Iterable[str] = ()) -> None:
    """Leave this process only what is beneath these paths; those that do not exist are skipped.

    Args:
        read: files and folders to read.
        write: files and folders to read and write; in a folder also to make, rename and remove.

    Raises:
        OSError: the kernel has no Landlock, a path cannot be looked up, or the kernel refuses a rule.
    """
    with Ruleset() as ruleset:
        for paths, rights in ((read, READ), (write, WRITE)):
            for path in paths:
                if os.path.exists(path):
                    ruleset.grant(path, rights)
        ruleset.enforce()
