"""What is left out of the quick tests: of an inherited suite, or of all games."""

from __future__ import annotations

import types
from typing import Any

import pytest

ALIKE_GAMES = frozenset(
    f"GenOpt/Atari-{game}-v0" for game in ("Asterix", "Enduro", "Qbert", "Seaquest", "SpaceInvaders")
)
"""Where a test of every game shows the same of each, these are for `make test-all`."""


def slow(test: Any) -> Any:
    """The same test, marked; the suite's own stays as it is."""
    copy = types.FunctionType(test.__code__, test.__globals__, test.__name__, test.__defaults__, test.__closure__)
    copy.__dict__.update(test.__dict__)
    copy.pytestmark = [*getattr(test, "pytestmark", []), pytest.mark.slow.mark]  # type: ignore[attr-defined]
    return copy
