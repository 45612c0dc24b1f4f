"""How artifact code is confined: tiers by name, chosen by what the kernel offers, or named by the user.

A new tier is a class here or elsewhere, and a row. Zygotes look tiers up too: a tier of one's own lies in a module that
imports no more of this package than ``genopt_gym.sandbox`` and ``genopt_gym.core.registry``.
"""

from __future__ import annotations

import os
import signal
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cache
from typing import ClassVar, Final

from genopt_gym.core.errors import UserError
from genopt_gym.core.registry import ExtensionError, Registry
from genopt_gym.sandbox import confine
from genopt_gym.sandbox.confine import available_tier

VARIABLE = "GENOPT_CONFINEMENT"


class ConfinementError(UserError):
    """Artifact code cannot be confined as asked for; nothing was run."""


class ConfinementTier(ABC):
    """One way to confine artifact code.

    Attributes:
        witnessed: whether a self-test must see that what an artifact may not do is denied, before any other artifact
            runs. A tier that does not promise it says so here.
        opens_files: whether artifacts can open the files of their libraries; where they cannot, all that they may
            import is loaded beforehand.
    """

    witnessed: ClassVar[bool] = True
    opens_files: ClassVar[bool] = True

    def missing(self) -> str | None:
        """What this machine lacks for it, in a sentence; None if it lacks nothing."""
        return None

    @abstractmethod
    def prepare(self, read: Sequence[str], scratch_root: str) -> Callable[[str], None]:
        """Confine the process that forks, as far as it can be, and return what confines each of its forks.

        It is called once, in a process of one thread that has loaded all that artifacts may import. What it returns
        is called in every fork with the fork's scratch folder, before any artifact code; limits of memory, time and
        file size are set already.

        Args:
            read: files and folders that artifacts may read.
            scratch_root: the folder that all scratch folders lie in.

        Raises:
            OSError: a step was refused; no artifact will be run.
        """


class Strong(ConfinementTier):
    """Landlock and a system call filter: artifacts read their libraries and write their scratch folder, no more."""

    def missing(self) -> str | None:
        available = available_tier()
        if available == "seccomp":
            return "tier strong needs Landlock (Linux 5.13 or later), which this machine does not offer"
        return NOTHING if available == "weak-only" else None

    def prepare(self, read: Sequence[str], scratch_root: str) -> Callable[[str], None]:
        return confine.prepare("strong", read, scratch_root).apply


class Seccomp(ConfinementTier):
    """A system call filter alone: artifacts may open no file at all."""

    opens_files = False

    def missing(self) -> str | None:
        return NOTHING if available_tier() == "weak-only" else None

    def prepare(self, read: Sequence[str], scratch_root: str) -> Callable[[str], None]:
        return confine.prepare("seccomp", read, scratch_root).apply


class Weak(ConfinementTier):
    """Limits of memory, time and file size alone: artifacts run with your rights."""

    witnessed = False

    def prepare(self, read: Sequence[str], scratch_root: str) -> Callable[[str], None]:
        return confine.prepare("weak", read, scratch_root).apply


TIERS: Final = Registry(
    "confinement tier",
    ConfinementTier,  # type: ignore[type-abstract]
    {
        "strong": "genopt_gym.sandbox.tier:Strong",
        "seccomp": "genopt_gym.sandbox.tier:Seccomp",
        "weak": "genopt_gym.sandbox.tier:Weak",
    },
    in_other_processes=True,
)

NOTHING: Final = (
    "this machine offers neither Landlock nor a system call filter that genopt_gym knows, so artifact code "
    f"could read your files and keys; to run it all the same choose --confinement weak, or set {VARIABLE}=weak"
)


@cache
def _require_system_calls() -> None:
    """Every tier starts, watches and ends processes by these calls; some containers refuse them.

    Raises:
        ConfinementError: one is refused.
    """
    try:
        os.close(os.memfd_create("genopt"))
        descriptor = os.pidfd_open(os.getpid())
        try:
            signal.pidfd_send_signal(descriptor, 0)
        finally:
            os.close(descriptor)
    except (OSError, AttributeError) as error:
        raise ConfinementError(
            f"this machine refuses a system call that every tier needs (memfd_create, pidfd_open or pidfd_send_signal: "
            f"{error}); run where they are allowed: Linux 5.3 or later, not under gVisor or an old container profile"
        ) from None


def choose() -> str:
    """The tier named by ``GENOPT_CONFINEMENT``, or the best this machine has, but never ``weak`` by itself.

    Raises:
        ConfinementError: there is no such tier, or this machine does not have it.
    """
    _require_system_calls()
    wanted = os.environ.get(VARIABLE, "")
    if not wanted:
        available = available_tier()
        if available == "weak-only":
            raise ConfinementError(NOTHING)
        return available
    try:
        missing = TIERS.make(wanted).missing()
    except ExtensionError as error:
        raise ConfinementError(f"{VARIABLE}: {error}") from error
    if missing is not None:
        raise ConfinementError(missing)
    return wanted
