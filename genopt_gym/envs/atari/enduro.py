"""Enduro: contracts, starting artifacts and metric."""

from __future__ import annotations

from typing import ClassVar

from genopt_gym.core.metric import RECORD
from genopt_gym.core.task import Metric
from genopt_gym.envs.atari import literature
from genopt_gym.envs.atari.emulator import AtariTask, Objects, published
from genopt_gym.envs.atari.layout import Layout, numbered
from genopt_gym.envs.atari.readers import enduro as reader
from genopt_gym.envs.starts import TwoSteps, two_step_structures

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
    screen: ClassVar = reader.SCREEN
    read_objects = staticmethod(reader.read_objects)
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
        return "crash" if objects["Player"]["dy"] > reader.CRASH else ""

    def staged(self, score: float) -> str:
        if score <= 0:
            return "You pass no more cars than pass you: give gas, and keep off the borders."
        if score < 100:
            return "You pass some: now see cars coming in your lane, and change over before they are near."
        if score < 200:
            return "You pass many: now crash less, in snow, night and fog too, to make the day's 200."
        return "You make the first day: the next wants 300, so crash less, in fog and at night too."
