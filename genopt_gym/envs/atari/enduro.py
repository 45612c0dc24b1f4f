"""Enduro: objects from RAM, contracts, starting artifacts and metric."""

from __future__ import annotations

from typing import ClassVar

from genopt_gym.core.metric import RECORD
from genopt_gym.core.task import Metric
from genopt_gym.envs.atari import literature
from genopt_gym.envs.atari.emulator import AtariTask, Objects, published
from genopt_gym.envs.atari.layout import Layout, numbered
from genopt_gym.envs.starts import TwoSteps, two_step_structures

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
WEATHERS = ("day", "snow", "dusk", "night", "fog", "dawn")

OBSERVATION = """\
obs is a dict of what is on the screen (160 wide, 210 high, y grows downwards), once every 4 frames:
- obs["Player"]: your car (16 x 11), x about 60 to 100, y 144 when it crawls to 135 when it is fast;
- obs["Car0"] .. obs["Car6"]: cars ahead, one in each stretch of the road, Car0 nearest, Car6 at the horizon (y 64).
  An empty stretch is absent, so look with obs.get("Car0"). As you come nearer, a car grows from 2 x 1 to 16 x 11
  (12 x 8 as Car1, 8 x 6 as Car2) and passes into the next stretch, its number falls by one; Car0 (y 136 to 154) is
  beside you. At night and in fog the box is that of its two tail lights (12 x 3 or less), and in fog Car4 to Car6
  are hidden;
- obs["road_left"], obs["road_right"]: x of the road's borders beside your car (y 150), within 5 pixels,
  for bumps run along them;
- obs["curve"]: how far right of straight ahead the road's far end is, -51 to 50; negative is left;
- obs["cars_left"]: cars still to pass today, 0 once the flags wave; obs["day"]: its number, from 1;
- obs["weather"]: "day", "snow", "dusk", "night", "fog" or "dawn";
- obs["reward"]: 1 for a car passed in the step before, -1 for one that passed you, else 0, seldom more.
Each object is a dict of integers: x and y of its top left corner; w and h, its size; dx and dy, how far it moved since
the step before, in whichever stretch it was then (0 if it was in none)."""

ACTION = """\
Returns the action, an integer from 0 to 8: 0 nothing, 1 gas, 2 right, 3 left, 4 brake, 5 brake and right, 6 brake and
left, 7 gas and right, 8 gas and left. Speed stays as it is without gas and brake; with gas it takes some 190 steps from
crawling to full, where a car comes from the horizon in about 10 steps; crawling, you are passed yourself. Steering
moves your car by up to 3 pixels a step and the road by up to 6 the other way, less the slower you are, half in snow. A
curve drives you outwards. Touching a border slows you down, touching a car makes you crawl and lose steering for a
while."""

SITUATION = """\
Returns what select_action should know of the situation, of any kind."""

NEXT_CAR = """\
def analyze_situation(obs):
    return next((name for name in ("Car0", "Car1") if name in obs), None)
"""

SWERVING = """\
def select_action(obs, situation):
    middle = (obs["road_left"] + obs["road_right"]) / 2
    here = obs["Player"]["x"] + 8
    if situation is not None:
        car = obs[situation]
        if abs(car["x"] + car["w"] / 2 - here) < 10:
            return 8 if car["x"] > middle else 7
    if here < middle - 10:
        return 7
    return 8 if here > middle + 10 else 1
"""

LANES = """\
def analyze_situation(obs):
    middle = 0.5 * (obs["road_left"] + obs["road_right"])
    lanes = []
    for name, car in obs.items():
        if name.startswith("Car") and car["y"] > 100.0:
            nearness = (car["y"] - 50.0) / 100.0
            bend = 0.5 * obs["curve"] * (1.0 - nearness)
            lanes.append([(car["x"] + 0.5 * car["w"] - middle - bend) / nearness, nearness])
    return {"here": obs["Player"]["x"] + 8.0 - middle, "lanes": lanes}
"""

EVASION = """\
MOVES = ("nothing", "gas", "right", "left", "brake", "brake right", "brake left", "gas right", "gas left")


def select_action(obs, situation):
    here = situation["here"]
    push = -0.1 * here
    for lane, nearness in situation["lanes"]:
        gap = here - lane
        if abs(gap) < 12.0:
            push += 1.0 * nearness if gap > 0.0 else -nearness
    if push > 1.0:
        return MOVES.index("gas right")
    if push < -1.0:
        return MOVES.index("gas left")
    return MOVES.index("gas")
"""


def read_extras(objects: Objects) -> list[float]:
    """What the objects' vector holds beside boxes."""
    road = [objects["road_left"] / 80 - 1, objects["road_right"] / 80 - 1, objects["curve"] / 64]
    course = [min(objects["cars_left"] / 300, 1), min(objects["day"] / 5, 1)]
    return [*road, *course, *(objects["weather"] == weather for weather in WEATHERS)]


class Enduro(AtariTask):
    """Atari Enduro: pass 200 cars before the day is over, in all weathers; the artifact is the policy.

    Objects, each with x, y, w, h, dx, dy in pixels of the 160 x 210 screen: ``Player`` and ``Car0`` .. ``Car6``, the
    cars ahead by the stretch of the road they are in, nearest first; at night and in fog their tail lights. A car that
    comes into the next stretch changes its number, and its dx and dy are still its own, but for some one in a thousand
    at a crash. Plain entries: ``road_left``, ``road_right``, ``curve``, ``cars_left``, ``day``, ``weather``, and
    ``reward``, that of the step before. The dashboard's odometer is left out.

    >>> enduro = Enduro(sticky=0.0)
    >>> sorted(enduro.start_episode(enduro.instances("train")[0], 0).observe())
    ['Player', 'cars_left', 'curve', 'day', 'reward', 'road_left', 'road_right', 'weather']
    """

    game: ClassVar[str] = "enduro"
    has_lives: ClassVar[bool] = False
    horizon = 100
    axes: ClassVar = {"road_left": "x", "road_right": "x", "curve": "dx"}
    layout: ClassVar = Layout(
        ("Player", *numbered("Car", 7)),
        ("road_left", "road_right", "curve", "cars_left", "day", *WEATHERS),
        read_extras,
    )
    metric = Metric(
        name="cars passed in a game, mean over games",
        low=0,
        high=2000,
        floor=0,
        reference=309.6,
        solved=None,
        record=284.1,
        sources={
            "record": RECORD,
            "floor": "uniform random policy, Mnih et al. 2015 (Nature 518), extended data table 2",
            "reference": "human, Mnih et al. 2015 (Nature 518), extended data table 2",
        },
        published=literature.published("Enduro"),
    )
    goal = """\
Write a policy for Atari Enduro, a race through days and nights. A car passed is a point, one that passes you takes a
point back. On the first day you have to pass 200 cars, on any other 300; a day has about 3,330 steps, and the game ends
with the first day on which you fall short, or after {steps} steps. Cars passed after the day's number do not count."""
    strategy = """\
Hint: full gas nearly always; what costs most is a crash, after which it takes long to be fast again. Cars keep to their
lanes: tell early, by perspective, which lane a car is in, allowing for the curve, and be in another one by the time it
is Car1. Steer against the outward drift of a curve. A border costs less than a car."""
    protocols: ClassVar = published(episodes=1, steps=5000, solved=200)
    default_start = "modular/naive"
    structures = two_step_structures(
        observation=OBSERVATION,
        action=ACTION,
        look="analyze_situation",
        seen="situation",
        returns=SITUATION,
        naive=TwoSteps(NEXT_CAR, SWERVING),
        parametric=TwoSteps(LANES, EVASION),
        draw="random.randrange(9)",
    )

    @staticmethod
    def mishap(objects: Objects, before: Objects) -> str:
        """Speed falls by more than braking takes: a car was touched."""
        return "crash" if objects["Player"]["dy"] > CRASH else ""

    @staticmethod
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

    def staged(self, score: float) -> str:
        if score <= 0:
            return "You pass no more cars than pass you: give gas, and keep off the borders."
        if score < 100:
            return "You pass some: now see cars coming in your lane, and change over before they are near."
        if score < 200:
            return "You pass many: now crash less, in snow, night and fog too, to make the day's 200."
        return "You make the first day: the next wants 300, so crash less, in fog and at night too."
