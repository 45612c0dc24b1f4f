"""Seaquest: objects from RAM."""

from __future__ import annotations

from genopt_gym.envs.atari.readers.screen import Objects, ScreenReader, with_movement

SHARKS = tuple(f"Shark{number}" for number in range(12))
SUBMARINES = tuple(f"Submarine{number}" for number in range(12))
DIVERS = tuple(f"Diver{lane}" for lane in range(4))
ENEMY_MISSILES = tuple(f"EnemyMissile{lane}" for lane in range(4))
PLACES = tuple(tuple(place for place in range(3) if pattern & 4 >> place) for pattern in range(8))
"""By a lane's pattern: which of its three places, 16 pixels apart, hold an enemy."""
TORPEDO_SPEED = 20
"""Pixels a step, the most that any missile makes."""


def read_objects(ram: bytes, previous: Objects) -> Objects:
    """Addresses as in OCAtari (Delfosse et al. 2024, arXiv 2306.08649), AtariARI (Anand et al. 2019, arXiv
    1906.08226) and D. Debro's disassembly; extents as they are on the screen."""
    boxes, shots = [], []
    depth = ram[97]
    # 23 down to 1 once hit: the submarine flashes, then there are sparks where it was.
    if not 0 < ram[105] < 15:
        boxes.append(("Player", ram[70], depth + 33, 16, 11))
    if ram[103]:
        boxes.append(("PlayerMissile", ram[103], depth + 40, 8, 1))
        shots.append(("PlayerMissile", -1 if ram[87] else 1))
    for lane in range(4):
        kind = ram[89 + lane]
        pattern = ram[36 + lane]
        if pattern:
            left = ram[30 + lane]
            for place in PLACES[pattern & 7]:
                x = left + 16 * place & 255
                if 0 < x < 160:
                    number = 3 * lane + place
                    if kind & 4:
                        boxes.append((SUBMARINES[number], x, 140 - 24 * lane, 8, 11))
                    else:
                        boxes.append((SHARKS[number], x, 137 - 24 * lane + ram[93], 8, 7))
        # Sharks' lanes have divers, submarines' lanes have missiles.
        x = ram[71 + lane]
        if 0 < x < 160:
            if not kind & 4:
                boxes.append((DIVERS[lane], x, 141 - 24 * lane, 8, 11))
            elif x < 158:
                boxes.append((ENEMY_MISSILES[lane], x + 2, 145 - 24 * lane, 6, 4))
                shots.append((ENEMY_MISSILES[lane], -1 if kind & 8 else 1))
    if 0 < ram[118] < 160:
        boxes.append(("SurfaceSubmarine", ram[118], 45, 8, 8))
    objects = with_movement(boxes, previous)
    for name, way in shots:
        # A missile that left is followed by the next one at once: that did not move from there to here.
        if not 0 <= objects[name]["dx"] * way <= TORPEDO_SPEED:
            objects[name]["dx"] = 0
    objects["oxygen"] = min(ram[102], 63)
    objects["divers"] = ram[62]
    objects["facing"] = -1 if ram[86] else 1
    return objects


SCREEN = ScreenReader(
    read_objects,
    (
        *(62, 70, 86, 87, 93, 97, 102, 103, 105, 118),
        *(address + lane for address in (30, 36, 71, 89) for lane in range(4)),
    ),
)
