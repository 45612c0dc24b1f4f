"""Breakout: objects from RAM."""

from __future__ import annotations

from functools import lru_cache

from genopt_gym.envs.atari.readers.screen import Box, Objects, ScreenReader, with_movement

BRICKS = (
    (30, 1 << 6),
    *((24, 1 << bit) for bit in (7, 5, 3, 1)),
    *((18, 1 << bit) for bit in (0, 2, 4, 6)),
    *((12, 1 << bit) for bit in (4, 6)),
    *((6, 1 << bit) for bit in (7, 5, 3, 1)),
    *((0, 1 << bit) for bit in (0, 2, 4)),
)
"""From left to right: the byte of the bottom row, and the bit of the brick's left half. A row higher is a byte on."""
BRICK_BYTES, BRICK_ROWS = 36, 6
BALL_ENDS = 186
"""From here on the ball has left the field below and is no longer drawn."""


@lru_cache(maxsize=1024)
def _wall(ram: bytes) -> tuple[str, ...]:
    """The rows of bricks, the top one first, in the first bytes of RAM; they change far more seldom than the rest."""
    rows = range(BRICK_ROWS - 1, -1, -1)
    return tuple("".join("#" if ram[start + row] & bit else "." for start, bit in BRICKS) for row in rows)


def read_objects(ram: bytes, previous: Objects) -> Objects:
    """Addresses as in AtariARI (Anand et al. 2019, arXiv 1906.08226); extents as in OCAtari (Delfosse et al. 2024,
    arXiv 2306.08649), but for the width of the paddle, which is there in RAM as well.
    """
    boxes: list[Box] = [("Player", ram[72] - 47, 189, 2 * ram[108], 4)]
    ball_y = ram[101]
    if 0 < ball_y < BALL_ENDS:
        boxes.append(("Ball", ram[99] - 49, ball_y + 9, 2, 4))
    objects = with_movement(boxes, previous)
    objects["bricks"] = list(_wall(ram[:BRICK_BYTES]))
    return objects


SCREEN = ScreenReader(read_objects, (*range(BRICK_BYTES), 72, 99, 101, 108))
