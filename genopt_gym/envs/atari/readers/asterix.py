"""Asterix: objects from RAM."""

from __future__ import annotations

from genopt_gym.envs.atari.readers.screen import Objects, ScreenReader, with_movement

REWARD = ("Reward", 0, 0, 8, 11)
SPRITES = {
    12: REWARD,  # 50 points
    24: REWARD,  # 100
    36: REWARD,  # 200
    48: REWARD,  # 300
    60: REWARD,  # 400
    72: REWARD,  # 500
    108: ("Consumable", 1, 1, 7, 10),  # cauldron
    120: ("Consumable", 1, 0, 7, 11),  # helmet
    132: ("Consumable", 1, 0, 5, 11),  # shield
    144: ("Consumable", 0, 0, 8, 11),  # lamp
    156: ("Consumable", 0, 0, 8, 11),  # apple
    168: ("Consumable", 0, 4, 8, 5),  # fish
    180: ("Consumable", 1, 0, 5, 11),  # meat
    192: ("Consumable", 0, 0, 7, 11),  # mug
    204: ("Enemy", 0, 0, 7, 11),  # goes right
    216: ("Enemy", 1, 0, 7, 11),  # goes left
}
"""Where a lane's byte points in the ROM: what is drawn there, its x and y from the lane's own, w and h."""

LANES = [
    (
        18 - lane,
        42 + lane,
        {sprite: (f"{name}{lane}", x, 26 + 16 * lane + y, w, h) for sprite, (name, x, y, w, h) in SPRITES.items()},
    )
    for lane in range(8)
]
"""Addresses of a lane's sprite and of its x, and its sprites."""


def read_objects(ram: bytes, previous: Objects) -> Objects:
    """Addresses as in OCAtari (Delfosse et al. 2024, arXiv 2306.08649) or found on the screen, like all extents."""
    boxes = []
    if ram[38] and ram[6] != 2:  # not before the game has set itself up, nor between its two halves
        x, y = ram[41], 26 + 16 * ram[39]
        wide = ram[69] and ram[71] > 82
        if ram[52]:
            boxes.append(("Player", x, y, 16 if wide else 8, 11))
        else:
            boxes.append(("Player", x + 3 if wide else x + 1, y, 12 if wide else 6, 11))
        for sprite, place, sprites in LANES:
            known = sprites.get(ram[sprite])
            if known:
                name, right, top, w, h = known
                boxes.append((name, ram[place] + right, top, w, h))
    objects = with_movement(boxes, previous)
    for box in objects.values():
        if not -16 < box["dx"] < 16:
            box["dx"] = 0
    objects["in_play"] = bool(boxes) and not ram[69]
    return objects


SCREEN = ScreenReader(read_objects, (6, 38, 39, 41, 52, 69, 71, *range(11, 19), *range(42, 50)))
