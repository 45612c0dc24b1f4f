"""Q*bert: objects from RAM."""

from __future__ import annotations

from genopt_gym.envs.atari.readers.screen import RAM_BYTES, Box, Objects, ScreenReader, with_movement

CUBES = (slice(21, 22), slice(52, 55, 2), slice(83, 88, 2), slice(98, 105, 2), slice(1, 10, 2), slice(32, 43, 2))
"""By row, the bytes of the cubes' top colours."""
TARGETS = bytes.fromhex("1a94041ad61a1a56a20a1a94941a0a989464561a")
STARTS = bytes.fromhex("941a0a989464561a9804941ad6941a641a989494")
BETWEEN = bytes.fromhex("000000001a98949400000000aecfaecfaecfaecf")
"""By round: the colour that a cube is to get, the one it has at first, and one between them, where there is one."""
ENEMY_ROWS = tuple(
    zip((92, 93, 94, 96, 95), range(107, 112), range(75, 80), range(60, 65), (39, 67, 96, 126, 155), strict=True)
)
"""From the second row of cubes on: the bytes of an enemy's shape, colour, place and shift, and its first line."""
SHAPES = {
    0x00: ("Ball", 1, 15, 7, 6),
    0x11: ("Ball", 1, 1, 7, 9),
    0x26: ("Sam", 0, 3, 8, 18),
    0x3B: ("Coily", 0, 0, 8, 21),
    0x51: ("Coily", 0, 3, 8, 18),
    0x66: ("Coily", 0, 6, 8, 15),
    0xA6: ("Curse", 0, 0, 8, 21),
}
"""What a shape is, and the left, top, width and height of what it draws within 8 x 22 pixels. Any other is blank."""
BLANK = 7
BALLS = {0x66: "PurpleBall", 0xC4: "GreenBall"}
"""By colour."""
PLACES = (16, 29, 41, 53, 65, 77, 93, 105, 117, 129, 141, *(220,) * 5)
"""The x of a place; the cubes of a row have every second one."""
DISKS = (
    (112, ("Disk0", 12, 138, 8, 2)),
    (122, ("Disk1", 140, 138, 8, 2)),
    (66, ("Disk2", 36, 80, 8, 2)),
    (72, ("Disk3", 116, 80, 8, 2)),
    (6, ("Disk4", 88, 23, 8, 2)),
)
"""The byte that is 0 once a disk is gone, and its box."""
PLAYER_Y = tuple(line - 75 + sum(line >= b for b in (107, 108, 135, 163, 169, 219, 225)) for line in range(317))
"""The screen has a few lines, between rows of cubes, that the player's sprite is not counted on through."""
TOP, BOTTOM = 10, 206
ROWS_BY_HEIGHT = (0, 0, 0, 1, 1, 2, 3, 3, 4, 4, 5, 5, 5, 5, 5, 5)


def hops_by_colour(round_: int) -> bytes:
    """A table from the colour of a cube's top to the hops it still needs."""
    hops = bytearray(256)
    between = BETWEEN[round_]
    hops[STARTS[round_]] = 2 if between else 1
    hops[between] = 1 if between else 0
    hops[TARGETS[round_]] = 0
    return bytes(hops)


HOPS = tuple(map(hops_by_colour, range(len(TARGETS))))
DONE = bytes(256)


def read_objects(ram: bytes, previous: Objects) -> Objects:
    """Addresses of player and cubes as in AtariARI (Anand et al. 2019, arXiv 1906.08226), of Coily and the disks as
    in OCAtari (Delfosse et al. 2024, arXiv 2306.08649); the rest, and what they mean, is read off the program."""
    if not ram[97]:  # The console has yet to begin, but the pyramid is on the screen.
        objects = with_movement([disk for _, disk in DISKS[:2]], previous)
        objects |= {"cubes": [[1] * size for size in range(1, 7)], "frozen": 0, "lives": 4}
        return objects
    boxes: list[Box] = []
    # RAM is a frame ahead of the screen, but these two still count from where the sprite was drawn.
    line, height = (ram[33] + 23, 18) if ram[50] else (ram[33], 19)
    y = PLAYER_Y[line if line > 60 else line + 256]
    if TOP - 18 < y < BOTTOM:
        ahead = ram[43]
        top = y if y > TOP else TOP
        x = ahead - 11 + (ram[65] - 33 - ahead & 15)
        boxes.append(("Player", x, top, 8, (y + height if y + height < BOTTOM else BOTTOM) - top))
    coily_row, beside = ram[39], ram[41]
    for row, (shape_at, colour_at, place_at, shift_at, top) in enumerate(ENEMY_ROWS, 1):
        # Coily and what else is in its row take turns, so one of the two waits in another place.
        if row == coily_row and beside != BLANK and beside in SHAPES:
            name, left, above, w, h = SHAPES[beside]
            if name != "Ball" or (name := BALLS.get(ram[53], "")):
                x = ram[43 + row] if ram[49] else PLACES[ram[69] & 15]
                boxes.append((name, x - 3 + left, top + above, w, h))
        shape = ram[shape_at]
        if shape != BLANK and shape in SHAPES:
            name, left, above, w, h = SHAPES[shape]
            if name != "Ball" or (name := BALLS.get(ram[colour_at], "")):
                x = 15 * ram[place_at] + (7 - (ram[shift_at] >> 4) & 15) - 4
                boxes.append((name, x + left, top + above, w, h))
    if not coily_row and ram[67] < 0x37:
        boxes.append(("Coily", 75, 14, 8, 18))
    for disk_at, disk in DISKS:
        if ram[disk_at]:
            boxes.append(disk)
    objects = with_movement(boxes, previous)
    hops = DONE if ram[80] else HOPS[ram[99] % 20]
    objects["cubes"] = [list(ram[part].translate(hops)) for part in CUBES]
    # Not in the air, falling or riding, changing a colour, between rounds or lives, or caught.
    if "Player" in objects and not (ram[55] or ram[59] or ram[82] or ram[80] or ram[81] or ram[101]):
        row = ROWS_BY_HEIGHT[ram[67] >> 4]
        objects["row"], objects["col"] = row, (ram[35] - 5 + row) // 2
    objects["frozen"] = 1 if ram[88] else 0
    objects["lives"] = ram[8] + 2 & 255
    return objects


SCREEN = ScreenReader(
    read_objects,
    (
        *(address for part in CUBES for address in range(RAM_BYTES)[part]),
        *(address for addresses in ENEMY_ROWS for address in addresses[:4]),
        *(address for address, _ in DISKS),
        *(8, 33, 35, 39, 41, 43, 44, 45, 46, 47, 48, 49, 50, 53, 55, 59, 65, 67, 69, 80, 81, 82, 88, 97, 99, 101),
    ),
)
