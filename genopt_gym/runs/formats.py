"""The format of run and study folders, as a number in ``config.json`` and ``plan.json``.

A change of what stands in a folder that an older version would misread raises ``FORMAT``, and adds here how what
older versions have written is read. Folders of every older format stay readable.

- 0 (no number): before the parameter ``between`` was called ``trial_start``.
- 1: the number is there; ``plan.json`` tells the version that wrote it.
- 2: ``result.json`` tells what was confirmed; runs of older formats confirm nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genopt_gym.core.errors import UserError
from genopt_gym.version import VERSION

FORMAT = 2
RENAMED = {"between": "trial_start"}
"""Parameters of ``gym.make`` that had another name in format 0."""


def writer(versions: object) -> str:
    """Who has written a folder, from the versions that stand in it.

    >>> writer({"genopt-gym": "0.1.0"}), writer(None)
    ('genopt_gym 0.1.0', 'another genopt_gym')
    """
    version = versions.get("genopt-gym") if isinstance(versions, Mapping) else None
    return f"genopt_gym {version}" if isinstance(version, str) else "another genopt_gym"


def format_of(facts: Mapping[str, Any], path: Path, writer: str) -> int:
    """The format of a folder.

    Args:
        facts: what stands in its ``config.json`` or ``plan.json``.
        path: the folder, for messages.
        writer: who has written it.

    Raises:
        UserError: it is newer than what this version can read, or is no format.
    """
    number = facts.get("format", 0)
    if type(number) is not int or number < 0:
        raise UserError(f"{path} says that its format is {number!r}, which is none; it may be damaged")
    if number > FORMAT:
        raise UserError(
            f"{path} was written by {writer} in format {number}, and genopt_gym {VERSION} reads formats up to "
            f"{FORMAT}: install the newer version to read it"
        )
    return number


def read_as_current(parameters: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Keywords of ``gym.make`` out of a folder of that format, as they are called now.

    >>> read_as_current({"between": "continue", "batch_size": 2}, 0)
    {'trial_start': 'continue', 'batch_size': 2, 'confirm': 0}
    """
    renamed = RENAMED if number < 1 else {}
    added = {"confirm": 0} if number < 2 else {}
    return {renamed.get(name, name): value for name, value in parameters.items()} | added
