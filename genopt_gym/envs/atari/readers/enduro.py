"""Enduro: objects from RAM."""

from __future__ import annotations

from genopt_gym.envs.atari.readers.screen import Objects, ScreenReader

LINES = (
    (0, 0, 6, 6, 7, 9, 11, 12, 14, 16, 17, 19, 20, 21, 23, 24),
    (26, 27, 28, 29, 31, 32, 34, 35, 36, 38, 39, 40, 42, 43, 44, 45),
    (47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 58, 59, 60, 61, 62, 63),
    (63, 64, 65, 66, 67, 67, 68, 69, 69, 70, 71, 72, 73, 73, 74, 75),
    (75, 76, 77, 77, 78, 79, 79, 80, 81, 81, 82, 82, 83, 84, 84, 85),
    (86, 86, 87, 87, 88, 88, 89, 89, 89, 90, 90, 91, 91, 91, 91, 91),
    (92, 93, 93, 93, 93, 94, 94, 95, 95, 95, 96, 96, 96, 96, 96, 96),
)
"""The road ahead has seven stretches with a place for a car each: by stretch, from the nearest, how many screen lines
a car is above the road's end in each of its 16 phases, from near to far. All cars are in the same phase."""
CARS = (
    (0x47, 24, 16, 11),
    (0x76, 26, 12, 8),
    (0xA5, 23, 8, 6),
    (0xB1, 24, 6, 4),
    (0xD6, 25, 4, 3),
    (0xDE, 25, 4, 2),
    (0xE2, 26, 2, 1),
)
"""By stretch: where a car's picture lies in ROM, how far its x is from the byte's, w, h."""
LIGHTS = ((0x60, 26, 12, 3), (0x60, 26, 12, 3), (0xCD, 24, 6, 2), (0xCD, 24, 6, 2), (0xBC, 25, 4, 2), (0xBC, 25, 4, 2))
"""The same of its tail lights, which are all that is drawn at night and in fog."""
EMPTY = 0x97
"""Where there is no picture."""
ROAD_END = 155
"""The row below the road's last."""
CRASH = 2
"""A car that falls back by more than so many pixels in a step has touched another."""
NAMES = ("Car0", "Car1", "Car2", "Car3", "Car4", "Car5", "Car6", "")

Picture = tuple[int, int, int, int]
"""y, how far its x is from the byte's, w, h."""


def byte_across(place: int) -> int:
    """The byte that puts something this far to the right: fine motion, and beam delays of 15 pixels each."""
    delays, rest = divmod(place, 16)
    byte = 16 * (delays + rest) + delays
    return (byte + 18 if byte >= 0xF0 else byte + 1) & 255 ^ 0x70


def pictures(stretch: int) -> list[Picture | None]:
    """By its byte, which moves with the car, the picture in a stretch of the road; None where there is no car."""
    table: list[Picture | None] = [None] * 256
    for looks, top in ((CARS, 160), (LIGHTS, 161)):
        for picture, offset, w, h in looks[stretch : stretch + 1]:
            for line in LINES[stretch]:
                y = top - line
                if y < ROAD_END:
                    table[picture - line & 255] = (y, offset, w, min(h, ROAD_END - y))
    return table


PICTURES = [pictures(stretch) for stretch in range(7)]
PLACES = {byte_across(place): place for place in reversed(range(256))}
PHASES = [{top - line: phase for top in (161, 160) for phase, line in enumerate(lines)} for lines in LINES]
"""By stretch and y of a car or its lights: the phase, within one."""
PHASE = {picture - line & 255: n for picture in (0x76, 0x60, EMPTY) for n, line in enumerate(LINES[1])}
"""By the byte of the picture in stretch 1."""
WEATHER = {0x0E: "snow", 0xE0: "dusk", 0x00: "dawn"}
"""By the ground's colour; day with any other."""


def read_objects(ram: bytes, previous: Objects) -> Objects:
    """Addresses as in Omegamatrix's disassembly of the game; extents as they are on the screen."""
    curve = ram[34] if ram[34] < 128 else ram[34] - 256
    # The road's place next, and how far from that it was when this frame was drawn.
    sway = ram[46] if ram[46] < 128 else ram[46] - 256
    late = (PLACES.get(ram[70], 0) - 89 - curve - sway + 128 & 255) - 128
    if -8 < late < 8:
        sway += late
    x, y = 113 - (sway + 64 >> 1) - (sway + 65 >> 4), ram[65] + 89
    # By how many phases cars come nearer in a step at this speed.
    pace = (ram[22] - ram[56]) * (256 - ram[22]) / 1024
    dx = dy = 0
    before = previous.get("Player")
    if before:
        dx, dy = x - before["x"], y - before["y"]
        if dy > CRASH:
            # A crash: for a part of the step it was much faster.
            pace += 8
    objects: Objects = {"Player": {"x": x, "y": y, "w": 16, "h": 11, "dx": dx, "dy": dy}}
    phase = PHASE.get(ram[12], 0)
    entered = 0
    for stretch in range(7):
        before = previous.get(NAMES[stretch])
        if before:
            came = PHASES[stretch].get(before["y"], phase) - phase
            # 16 phases off means that all cars are in another stretch than before.
            entered = 1 if came < pace - 8 else -1 if came > pace + 8 else 0
            break
    for stretch in range(7):
        picture = PICTURES[stretch][ram[11 + stretch]]
        # In stretch 2 three bytes mean a car in the last phases, but none in the first.
        if picture and (stretch != 2 or phase > 2 or picture[0] > 99):
            y, offset, w, h = picture
            x = PLACES.get(ram[3 + stretch], 0) + offset
            before = previous.get(NAMES[stretch + entered])
            dx, dy = (x - before["x"], y - before["y"]) if before else (0, 0)
            objects[NAMES[stretch]] = {"x": x, "y": y, "w": w, "h": h, "dx": dx, "dy": dy}
    objects["road_left"] = sway + 39
    objects["road_right"] = sway + 135
    objects["curve"] = curve
    objects["cars_left"] = 100 * ram[44] + 10 * (ram[43] >> 4) + (ram[43] & 15)
    objects["day"] = ram[45]
    sky = ram[122]
    objects["weather"] = ("night", "fog")[sky] if sky < 2 else WEATHER.get(ram[2], "day")
    return objects


SCREEN = ScreenReader(read_objects, (2, *range(3, 10), *range(11, 18), 22, 34, 43, 44, 45, 46, 56, 65, 70, 122))
