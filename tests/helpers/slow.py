"""The same test, once quick and once slow: what a class inherits is marked in that class alone."""

from __future__ import annotations

import types
from typing import Any

import pytest


def slow(test: Any) -> Any:
    """The same test, marked; the suite's own stays as it is."""
    copy = types.FunctionType(test.__code__, test.__globals__, test.__name__, test.__defaults__, test.__closure__)
    copy.__dict__.update(test.__dict__)
    copy.pytestmark = [*getattr(test, "pytestmark", []), pytest.mark.slow.mark]  # type: ignore[attr-defined]
    return copy
