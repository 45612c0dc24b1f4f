"""The aliens of Space Invaders, each under the number of its place for as long as it lives."""

from __future__ import annotations

from genopt_gym.envs.atari.readers.screen import Objects

ALIENS = [
    [[(f"Alien{6 * row + column}", 16 * column) for column in range(6) if bits >> column & 1] for bits in range(64)]
    for row in range(6)
]
"""By row from the top and the row's bits: the names, and how far right of column 0."""


def add_aliens(ram: bytes, previous: Objects, objects: Objects) -> None:
    """The aliens, each under the number of its place: as columns on the left die, the game shifts the others' bits."""
    x, y = ram[26] - 1, 31 + 2 * ram[16]
    rows = ram[23:17:-1]
    dx = dy = shift = 0
    if last := last_alien(previous):
        row, column = divmod(int(last[5:]), 6)
        alien = previous[last]
        dx, dy = x - alien["x"] + 16 * column, y + 18 * row - alien["y"]
        if not -6 < dx < 6:
            shift = column_shift(rows, dx, previous)
            dx -= 16 * shift
    x -= 16 * shift
    for names, bits in zip(ALIENS, rows, strict=True):
        if bits:
            alien = {"x": x, "y": y, "w": 8, "h": 10, "dx": dx, "dy": dy}
            for name, right in names[bits << shift]:
                alien["x"] = x + right
                objects[name] = alien.copy()
        y += 18


def last_alien(objects: Objects) -> str:
    """The name of the one that was read last; empty if none is left."""
    for name in reversed(objects):
        if name[:5] == "Alien":
            return name
    return ""


def column_shift(rows: bytes, moved: int, previous: Objects) -> int:
    """How many columns on the left are gone: no alien is new, and none moves far in a step."""
    for shift in sorted(range(7 - max(rows).bit_length()), key=lambda shift: abs(moved - 16 * shift)):
        if all(name in previous for names, bits in zip(ALIENS, rows, strict=True) for name, _ in names[bits << shift]):
            return shift
    return 0
