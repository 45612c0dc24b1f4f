"""Pong: objects from RAM."""

from __future__ import annotations

from genopt_gym.envs.atari.readers.screen import Objects, ScreenReader, with_movement

TOP, BOTTOM = 34, 194
"""First row of the playfield, and the row below its last."""


def read_objects(ram: bytes, previous: Objects) -> Objects:
    """Addresses as in AtariARI (Anand et al. 2019, arXiv 1906.08226); extents as they are on the screen."""
    player, enemy, ball_x, ball_y = ram[51], ram[50], ram[49], ram[54]
    # A paddle that leaves the field above is drawn a row shorter than what is left of it.
    top = max(player - 13, TOP)
    boxes = [("Player", 140, top, 4, min(15 if player - 13 >= TOP else player + 1 - TOP, BOTTOM - top))]
    if enemy >= TOP:
        top = max(enemy - 15, TOP)
        boxes.append(("Enemy", 16, top, 4, min(15, enemy + 1 - TOP, BOTTOM - top)))
    if ball_y and ball_x > 48:
        boxes.append(("Ball", ball_x - 49, ball_y - 14, 2, 4))
    return with_movement(boxes, previous)


SCREEN = ScreenReader(read_objects, (49, 50, 51, 54))
