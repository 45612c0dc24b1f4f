"""Freeway: objects from RAM."""

from __future__ import annotations

from genopt_gym.envs.atari.readers.screen import Objects, ScreenReader

CHICKENS = (("Chicken", 14, 44), ("Chicken1", 15, 108))
"""Name, where its height is in RAM, x."""
CARS = tuple((f"Car{lane}", 117 - lane, 27 + 16 * lane) for lane in range(10))
"""Name, where its x is in RAM, y."""
WALK = 4
"""Pixels that a chicken goes in a step, or is thrown back in one."""
ROUND, HALF = 160, 80
"""The road is a ring of so many pixels."""


def read_objects(ram: bytes, previous: Objects) -> Objects:
    """Addresses as in AtariARI (Anand et al. 2019, arXiv 1906.08226); extents as in OCAtari (Delfosse et al. 2024,
    arXiv 2306.08649). Everything is always there, so this is not worth a list of boxes.
    """
    objects: Objects = {}
    for name, address, x in CHICKENS:
        y = 193 - ram[address]
        dy = y - previous[name]["y"] if previous else 0
        objects[name] = {"x": x, "y": y, "w": 6, "h": 8, "dx": 0, "dy": dy}
    for name, address, y in CARS:
        x = ram[address] - 3
        dx = (x - previous[name]["x"] + HALF) % ROUND - HALF if previous else 0
        objects[name] = {"x": x, "y": y, "w": 8, "h": 10, "dx": dx, "dy": 0}
    return objects


SCREEN = ScreenReader(read_objects, (14, 15, *range(108, 118)))
