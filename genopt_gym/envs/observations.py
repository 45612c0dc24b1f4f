"""Observations of any Gymnasium space as what a policy gets: plain nested data, or NumPy arrays within it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium import spaces

from genopt_gym.sandbox.summaries import summary

MAX_BYTES = 1 << 18
"""Of an observation; a screen of 210 x 160 pixels in colour takes 100,800."""
MAX_SHOWN = 512
"""An array of at most so many numbers is shown in the trace, row by row; of a larger one there is a summary."""

Read = Callable[[Any], Any]
"""From what an environment observes to what the policy gets."""


def reader(space: spaces.Space[Any], arrays: bool) -> Read:
    """What turns the space's observations into plain data: arrays stay arrays, or become nested lists.

    Raises:
        ValueError: nothing does; the message says which part of the space it is.

    >>> space = spaces.Dict({"at": spaces.Box(0, 9, (2,), int), "word": spaces.Text(3)})
    >>> reader(space, arrays=False)({"at": np.array([1, 2]), "word": "go"})
    {'at': [1, 2], 'word': 'go'}
    """
    if isinstance(space, spaces.Dict):
        readers = {str(name): (name, reader(part, arrays)) for name, part in space.spaces.items()}
        return lambda value: {shown: read(value[name]) for shown, (name, read) in readers.items()}
    if isinstance(space, spaces.Tuple):
        parts = [reader(part, arrays) for part in space.spaces]
        return lambda value: [read(part) for read, part in zip(parts, value, strict=True)]
    if isinstance(space, spaces.Sequence) and not space.stack:
        each = reader(space.feature_space, arrays)
        return lambda value: [each(part) for part in value]
    if isinstance(space, spaces.Discrete):
        return int
    if isinstance(space, spaces.Box | spaces.MultiDiscrete | spaces.MultiBinary):
        if not arrays:
            return lambda value: np.asarray(value).tolist()
        dtype = np.dtype(np.float32) if space.dtype == np.float16 else space.dtype
        return lambda value: np.array(value, dtype)
    if isinstance(space, spaces.Text) or _gives_text(space):
        return str
    raise ValueError(f"{space} is neither numbers nor texts, nor a Dict, Tuple or Sequence of these")


def _gives_text(space: spaces.Space[Any]) -> bool:
    """Whether its values are texts though it is no ``Text``, as MiniGrid's missions are."""
    try:
        return isinstance(space.sample(), str)
    except Exception:  # of a space that somebody else wrote
        return False


def describe(space: spaces.Space[Any], arrays: bool, name: str = "obs", indent: str = "") -> str:
    """The contract of such an observation.

    >>> print(describe(spaces.Tuple([spaces.Discrete(3), spaces.MultiBinary(4)]), arrays=False))
    obs is a list of 2:
    - obs[0] is an integer from 0 to 2;
    - obs[1] is a list of 4 integers from 0 to 1.
    """
    if isinstance(space, spaces.Dict | spaces.Tuple):
        parts = space.spaces.items() if isinstance(space, spaces.Dict) else enumerate(space.spaces)
        kind = "dict" if isinstance(space, spaces.Dict) else f"list of {len(space.spaces)}"
        lines = [f"- {describe(part, arrays, f'{name}[{key!r}]', indent + '  ')}" for key, part in parts]
        return f"{name} is a {kind}:\n" + ";\n".join(indent + line.rstrip(".") for line in lines) + "."
    if isinstance(space, spaces.Sequence):
        return (
            f"{name} is a list of any length:\n{indent}- {describe(space.feature_space, arrays, f'{name}[i]', indent)}"
        )
    return f"{name} is {_leaf(space, arrays)}."


def _leaf(space: spaces.Space[Any], arrays: bool) -> str:
    if isinstance(space, spaces.Discrete):
        return f"an integer from {space.start} to {space.start + space.n - 1}"
    if not isinstance(space, spaces.Box | spaces.MultiDiscrete | spaces.MultiBinary):
        return "a text"
    kind = "float" if np.dtype(space.dtype or float).kind == "f" else "integer"
    low, high = _range(space)
    limits = f" from {low:g} to {high:g}" if np.isfinite([low, high]).all() else ""
    shape = tuple(space.shape)
    if arrays:
        return f"an array of shape {shape} and dtype {space.dtype}, {kind}s{limits}"
    if not shape:
        return f"{'an' if kind == 'integer' else 'a'} {kind}{limits}"
    nested = " of lists".join(f" of {length}" for length in shape)
    return f"a list{nested} {kind}s{limits}"


def _range(space: spaces.Box | spaces.MultiDiscrete | spaces.MultiBinary) -> tuple[float, float]:
    if isinstance(space, spaces.MultiBinary):
        return 0, 1
    if isinstance(space, spaces.MultiDiscrete):
        return float(space.start.min()), float((space.start + space.nvec - 1).max())
    return (float(space.low.min()), float(space.high.max())) if space.low.size else (0, 0)


def count_numbers(space: spaces.Space[Any]) -> int | None:
    """How many numbers an observation holds; ``None`` if it is not always as many, or has other parts.

    >>> count_numbers(spaces.Tuple([spaces.Discrete(3), spaces.Box(0, 1, (2, 2))])), count_numbers(spaces.Text(3))
    (5, None)
    """
    if isinstance(space, spaces.Dict | spaces.Tuple):
        parts = space.spaces.values() if isinstance(space, spaces.Dict) else space.spaces
        counts = [count_numbers(part) for part in parts]
        return None if None in counts else sum(count for count in counts if count is not None)
    if isinstance(space, spaces.Discrete):
        return 1
    if isinstance(space, spaces.Box | spaces.MultiDiscrete | spaces.MultiBinary):
        return int(np.prod(space.shape))
    return None


def count_bytes(space: spaces.Space[Any]) -> int:
    """About how many bytes an observation takes, as arrays; texts and sequences count as nothing."""
    if isinstance(space, spaces.Dict | spaces.Tuple):
        return sum(map(count_bytes, space.spaces.values() if isinstance(space, spaces.Dict) else space.spaces))
    if isinstance(space, spaces.Box | spaces.MultiDiscrete | spaces.MultiBinary):
        return int(np.prod(space.shape)) * np.dtype(space.dtype or float).itemsize
    return 8


def for_trace(value: Any) -> Any:
    """The observation as the trace shows it: a row of a table of numbers is one text, so that only rows that change
    are written again; of large tables there is a summary.

    >>> for_trace({"grid": [[0, 1], [2, 3]], "word": "go"})
    {'grid': {'0': '0 1', '1': '2 3'}, 'word': 'go'}
    """
    if type(value) is dict:
        return {name: for_trace(part) for name, part in value.items()}
    if type(value) is list and value and not _is_numbers(value):
        return [for_trace(part) for part in value]
    if type(value) is not list and not isinstance(value, np.ndarray):
        return value
    try:
        array = np.asarray(value)
    except ValueError:  # rows of several lengths
        return value
    if array.size > MAX_SHOWN:
        return " ".join(summary(array).split())
    if array.ndim < 2:
        return array.tolist()
    return {str(number): " ".join(f"{x:.5g}" for x in row.ravel().tolist()) for number, row in enumerate(array)}


def _is_numbers(value: Any) -> bool:
    """Whether a list is what an array became."""
    while type(value) is list:
        if not value:
            return False
        value = value[0]
    return type(value) in (int, float, bool)
