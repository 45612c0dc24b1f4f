"""Space Invaders: objects from RAM."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from genopt_gym.envs.atari.readers.alien_formation import add_aliens, last_alien
from genopt_gym.envs.atari.readers.screen import Objects, ScreenReader, with_movement

BOMB_NAMES = ("Bomb0", "Bomb1")
BOMBS = [(2 * raw + (4 if raw > 90 else 2), min(8 if raw < 87 else 10, 191 - 2 * raw)) for raw in range(96)]
"""y and h of a bomb by its byte: longer below the shields, and cut off by the ground."""

SHIELDS = (("Shield0", 43, 42), ("Shield1", 52, 74), ("Shield2", 61, 106))
"""Name, first of 9 bytes of RAM, x."""


@lru_cache(maxsize=4096)
def shield_rows(rows: bytes) -> tuple[int, int, int] | None:
    """First row of what is left of a shield, how many rows it spans, and its pixels. A bit is 1 x 2 of them."""
    pixels = 2 * sum(row.bit_count() for row in rows)
    above = len(rows) - len(rows.lstrip(b"\0"))
    return (2 * above, 2 * (len(rows.rstrip(b"\0")) - above), pixels) if pixels else None


def add_bombs(ram: bytes, previous: Objects, objects: Objects) -> None:
    """The bombs, each under the number it had: the game moves them between its two slots."""
    fallen: list[Any] = [None, None]
    new = []
    for raw, x in ((ram[81], ram[83] - 2), (ram[82], ram[84] - 2)):
        if raw < 96:
            y, h = BOMBS[raw]
            for number in (0, 1):
                before = previous.get(BOMB_NAMES[number])
                if before and before["x"] == x and 0 <= y - before["y"] < 9 and fallen[number] is None:
                    fallen[number] = {"x": x, "y": y, "w": 1, "h": h, "dx": 0, "dy": y - before["y"]}
                    break
            else:
                new.append({"x": x, "y": y, "w": 1, "h": h, "dx": 0, "dy": 0})
    for bomb in new:
        fallen[fallen.index(None)] = bomb
    for name, bomb in zip(BOMB_NAMES, fallen, strict=True):
        if bomb is not None:
            objects[name] = bomb


def read_objects(ram: bytes, previous: Objects) -> Objects:
    """Addresses as in OCAtari (Delfosse et al. 2024, arXiv 2306.08649) or found on the screen, like all extents."""
    boxes = [("Player", ram[28] - 1, 185, 7, 10)]
    if ram[30] != 180:
        boxes.append(("Satellite", ram[30] - 1, 12, 7, 8))
    left = []
    if ram[24] & 64:
        for name, start, x in SHIELDS:
            rows = shield_rows(ram[start : start + 9])
            if rows:
                boxes.append((name, x, 157 + rows[0], 8, rows[1]))
                left.append((name, rows[2]))
    missile = ram[85]
    if 8 < missile < 86:
        # Above the formation everything is drawn 4 higher; above y 23 nothing is.
        y = 2 * missile + (4 if missile + 12 >= ram[16] + 16 else 0)
        boxes.append(("Missile", ram[87] - 2, max(y, 23), 1, min(8, y - 15)))
    objects = with_movement(boxes, previous)
    for name, pixels in left:
        objects[name]["left"] = pixels
    if 8 < missile < 86 and objects["Missile"]["dy"] > 0:  # the next one, fired in the step in which one hit
        objects["Missile"]["dx"] = objects["Missile"]["dy"] = 0
    if ram[81] < 96 or ram[82] < 96:
        add_bombs(ram, previous, objects)
    add_aliens(ram, previous, objects)
    objects["in_play"] = not ram[42]
    return objects


MOVING = ("Player", "Satellite", "Missile", *BOMB_NAMES, *(name for name, _, _ in SHIELDS))


def remember(objects: Objects) -> Objects:
    """Of the aliens, their names and the place of the last: these tell how all have moved."""
    kept: Objects = dict.fromkeys(objects)
    for name in (*MOVING, last_alien(objects)):
        if name in kept:
            kept[name] = objects[name].copy()
    return kept


SCREEN = ScreenReader(
    read_objects, (16, *range(18, 25), 26, 28, 30, 42, *range(43, 70), 81, 82, 83, 84, 85, 87), remember
)
