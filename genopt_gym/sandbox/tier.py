"""Which layers confine artifact code here: chosen by what the kernel offers, or named by the user."""

from __future__ import annotations

import os

from genopt_gym.core.errors import UserError
from genopt_gym.sandbox.confine import Tier, available_tier

VARIABLE = "GENOPT_CONFINEMENT"
TIERS: dict[str, Tier] = {"strong": "strong", "seccomp": "seccomp", "weak": "weak"}


class ConfinementError(UserError):
    """Artifact code cannot be confined as asked for; nothing was run."""


def choose() -> Tier:
    """The tier named by ``GENOPT_CONFINEMENT``, or the best this machine has, but never ``weak`` by itself.

    Raises:
        ConfinementError: there is no such tier, or this machine does not have it.
    """
    wanted = os.environ.get(VARIABLE, "")
    if wanted and wanted not in TIERS:
        raise ConfinementError(f"{VARIABLE} must be one of {', '.join(TIERS)}, got {wanted!r}")
    available = available_tier()
    if wanted == "weak":
        return "weak"
    if available == "weak-only":
        raise ConfinementError(
            "this machine offers neither Landlock nor a system call filter that genopt_gym knows, so artifact code "
            f"could read your files and keys; to run it all the same choose --confinement weak, or set {VARIABLE}=weak"
        )
    if wanted == "strong" and available != "strong":
        raise ConfinementError("tier strong needs Landlock (Linux 5.13 or later), which this machine does not offer")
    return TIERS[wanted or available]
