"""How deeply values are nested."""

from __future__ import annotations

from typing import Any

CONTAINERS = (list, dict, tuple)
MAX_DEPTH = 32
"""How deeply a traced value may be nested: to encode, compare or print a deeper one could end in a RecursionError."""


def is_nested_deeper(container: Any, levels: int) -> bool:
    """Whether there are containers within this one on more than so many levels."""
    inside = (*container, *container.values()) if type(container) is dict else container
    return any(type(value) in CONTAINERS and (levels == 0 or is_nested_deeper(value, levels - 1)) for value in inside)
