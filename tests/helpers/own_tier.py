"""A confinement tier of one's own: the process that forks imports this file, so it needs little of the package."""

from __future__ import annotations

import resource
from collections.abc import Callable, Sequence

from genopt_gym.sandbox.tier import ConfinementTier, Strong, Weak


class NoFiles(Strong):
    """As ``strong``, and no artifact writes a byte into a file, not even in its scratch folder."""

    def prepare(self, read: Sequence[str], scratch_root: str) -> Callable[[str], None]:
        confine = super().prepare(read, scratch_root)

        def apply(scratch: str) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
            confine(scratch)

        return apply


class Elsewhere(ConfinementTier):
    """One that this machine lacks something for."""

    def missing(self) -> str | None:
        return "tier Elsewhere needs another machine"

    def prepare(self, read: Sequence[str], scratch_root: str) -> Callable[[str], None]:
        raise NotImplementedError


class Boastful(Weak):
    """Confines nothing, and says that it does."""

    witnessed = True
