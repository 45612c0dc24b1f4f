"""The tier of confinement that a command was given."""

from __future__ import annotations

import os


def choose_confinement(confinement: str | None) -> None:
    """Let this process and what it starts use that tier."""
    if confinement is not None:
        os.environ["GENOPT_CONFINEMENT"] = confinement
