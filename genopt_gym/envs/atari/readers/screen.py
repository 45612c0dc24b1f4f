"""A game's screen as objects, read from the bytes of RAM that these are made of: in the worker and in its child.

What crosses to the confined process is RAM with every other byte set to 0: no score, nothing that is not on the screen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

RAM_BYTES = 128

Objects = dict[str, Any]
"""Objects by name, each a dict of x, y, w, h, dx, dy in pixels of the 160 x 210 screen; and what else is seen."""

Box = tuple[str, int, int, int, int]
"""Name, x, y, w, h."""

ReadObjects = Callable[[bytes, Objects], Objects]
"""The objects in RAM; movement is told by the boxes of the step before, and nothing else of that is looked at."""

Packed = tuple[Any, ...]
"""What a screen is made of: the arguments of the function that a ``ScreenReader`` gives for a trial."""


def with_movement(boxes: Sequence[Box], previous: Objects) -> Objects:
    """Objects with how far each has moved since the step before; 0 for one that was not there."""
    objects = {}
    for name, x, y, w, h in boxes:
        before = previous.get(name)
        dx, dy = (x - before["x"], y - before["y"]) if before else (0, 0)
        objects[name] = {"x": x, "y": y, "w": w, "h": h, "dx": dx, "dy": dy}
    return objects


def copies(objects: Objects) -> Objects:
    """All boxes, as they are before the artifact gets them, which may change them."""
    return {name: box.copy() for name, box in objects.items() if type(box) is dict}


class ScreenReader:
    """One game's reader. Called, it begins a trial in the confined process.

    Args:
        read: reads the objects.
        seen: addresses of the bytes that it reads.
        remember: copies what it looks at of the step before.

    >>> def read(ram, previous):
    ...     return with_movement([("Ball", ram[3], ram[5], 2, 4)], previous)
    >>> reader = ScreenReader(read, (3, 5))
    >>> packed = [reader.pack(bytes([0, 1, 2, x, 4, 50]) + bytes(122)) for x in (8, 9)]
    >>> packed[0][:6].hex()
    '000000080032'
    >>> observe = reader()
    >>> observe(packed[0], 0, 3, {}), observe(packed[1], 1, 3)["Ball"]["dx"]
    ({'Ball': {'x': 8, 'y': 50, 'w': 2, 'h': 4, 'dx': 0, 'dy': 0}, 'reward': 0, 'lives': 3}, 1)
    """

    def __init__(self, read: ReadObjects, seen: Iterable[int], remember: Callable[[Objects], Objects] = copies) -> None:
        self.read = read
        self.seen = frozenset(seen)
        self._remember = remember
        self.name = f"{read.__module__}:SCREEN"
        """Where the confined process finds it."""
        self._mask = int.from_bytes(bytes(255 if address in self.seen else 0 for address in range(RAM_BYTES)), "little")

    def pack(self, ram: bytes) -> bytes:
        """RAM as it may cross: what no object needs is 0."""
        return (int.from_bytes(ram, "little") & self._mask).to_bytes(RAM_BYTES, "little")

    def __call__(self) -> Callable[..., Objects]:
        return _Screen(self.read, self._remember).observe


class _Screen:
    """The screen of one trial, step after step."""

    __slots__ = ("_previous", "_read", "_remember")

    def __init__(self, read: ReadObjects, remember: Callable[[Objects], Objects]) -> None:
        self._read = read
        self._remember = remember
        self._previous: Objects = {}

    def observe(self, ram: bytes, reward: float, lives: int | None, previous: Objects | None = None) -> Objects:
        """What the artifact sees.

        Args:
            ram: as packed.
            reward: of the step before.
            lives: None where they are not shown.
            previous: what was there before, where that was not observed here.
        """
        objects = self._read(ram, self._previous if previous is None else previous)
        self._previous = self._remember(objects)
        objects["reward"] = reward
        if lives is not None:
            objects["lives"] = lives
        return objects
