"""Objects as a vector with a fixed place for each: what deep RL learns from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FIELDS = ("present", "x", "y", "w", "h", "dx", "dy")
LOWS = (0, -4, -4, 0, 0, -32, -32)
HIGHS = (1, 4, 4, 32, 32, 32, 32)
"""Of a field: beyond what a byte of RAM can say."""


def numbered(name: str, count: int) -> tuple[str, ...]:
    """``Car0``, ``Car1`` and so on."""
    return tuple(f"{name}{number}" for number in range(count))


class Layout:
    """Where the objects of a game stand in a vector, each with seven entries: ``present`` (0 or 1), x and y (-1 and 1
    are the borders of the 160 x 210 screen), w, h, dx and dy (in 16 pixels). An absent object is all zeros.

    Args:
        objects: their names, in order.
        extras: names of the entries after them.
        read_extras: these entries' values, from -1 to 1.

    >>> layout = Layout(["Player", "Ball"])
    >>> layout.names[6:9]
    ('Player.dy', 'Ball.present', 'Ball.x')
    >>> layout.vector({"Ball": {"x": 120, "y": 0, "w": 2, "h": 4, "dx": 4, "dy": -8}})[7:]
    array([ 1.   ,  0.5  , -1.   ,  0.125,  0.25 ,  0.25 , -0.5  ], dtype=float32)
    """

    def __init__(
        self,
        objects: Sequence[str],
        extras: Sequence[str] = (),
        read_extras: Callable[[dict[str, Any]], Sequence[float]] = lambda objects: (),
    ) -> None:
        self.names = (*(f"{name}.{field}" for name in objects for field in FIELDS), *extras)
        self.low = np.array([*LOWS * len(objects), *[-1] * len(extras)], dtype=np.float32)
        self.high = np.array([*HIGHS * len(objects), *[1] * len(extras)], dtype=np.float32)
        self._places = {name: len(FIELDS) * number for number, name in enumerate(objects)}
        self._absent = [0.0] * (len(FIELDS) * len(objects))
        self._read_extras = read_extras

    def vector(self, objects: dict[str, Any]) -> NDArray[np.float32]:
        """The objects of one step, shape (len(names),)."""
        values, places = self._absent.copy(), self._places
        for name, box in objects.items():
            place = places.get(name)
            if place is not None:
                # Written out: it runs at every step, and numpy's calls would cost more.
                values[place : place + 7] = (
                    1.0,
                    box["x"] / 80 - 1,
                    box["y"] / 105 - 1,
                    box["w"] / 16,
                    box["h"] / 16,
                    box["dx"] / 16,
                    box["dy"] / 16,
                )
        values += self._read_extras(objects)
        return np.array(values, dtype=np.float32)
