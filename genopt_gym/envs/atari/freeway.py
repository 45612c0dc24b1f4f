"""Freeway: contracts, starting artifacts and metric."""

from __future__ import annotations

from typing import ClassVar

from genopt_gym.core.metric import RECORD
from genopt_gym.core.task import Metric
from genopt_gym.envs.atari import literature
from genopt_gym.envs.atari.emulator import AtariTask, Objects, published
from genopt_gym.envs.atari.layout import Layout, numbered
from genopt_gym.envs.atari.readers import freeway as reader
from genopt_gym.envs.starts import TwoSteps, two_step_structures

OBSERVATION = """\
obs is a dict of what is on the screen (160 wide, 210 high, y grows downwards), once every 4 frames:
- obs["Chicken"]: yours, at x 44, 6 x 8; it starts at y 187;
- obs["Chicken1"]: the one of a second player who is not there; it stands still at x 108;
- obs["Car0"] to obs["Car9"]: one car in each lane, from the top lane to the bottom one, 8 x 10; Car<n> has y 27 + 16 n;
- obs["reward"]: 1 if your chicken got across in the step before, else 0.
Each object is always there, a dict of integers: x and y of its top left corner; w and h, its size; dx and dy, how far
it moved since the step before (0 at first).
A car keeps its speed, in pixels a step, from Car0 to Car9: -0.8, -1, -1.33, -2, -4, 4, 2, 1.33, 1, 0.8; dx is that in
whole pixels. One that leaves the road comes in again at the other side: x goes from -3 to 156 and dx does not count the
jump. Left of x 8 the screen is black; a car with x below 0 shows its last pixels at the right edge."""

ACTION = """\
Returns the action, an integer: 0 stays, 1 goes up (smaller y), 2 goes down; 4 pixels a step. Your chicken gets across
when its y falls below about 16; then it is back at y 187, and can move after 8 steps. A car that touches it throws it
back by 24 pixels, less near the start, and for about 14 steps it does not obey."""

TRAFFIC = """\
Returns what select_action should know of the cars; it gets it as it is."""

WATCHING = """\
def analyze_traffic(obs):
    chicken = obs["Chicken"]
    ahead, beside = False, False
    for name, car in obs.items():
        if not name.startswith("Car"):
            continue
        gap = car["x"] - chicken["x"]
        distance = chicken["y"] - car["y"]
        if 0.0 < distance < 20.0 and -30.0 < gap + 4.0 * car["dx"] < 30.0:
            ahead = True
        if -8.0 < distance <= 0.0 and -10.0 < gap < 10.0:
            beside = True
    return ahead, beside
"""

WALKING = """\
MOVES = ("stay", "up", "down")


def select_action(obs, traffic):
    ahead, beside = traffic
    if beside:
        return MOVES.index("down")
    return MOVES.index("stay" if ahead else "up")
"""

CROSSING_IN_ONE = """\
MOVES = ("stay", "up", "down")


def policy(obs):
    chicken = obs["Chicken"]
    ahead, beside = False, False
    for name, car in obs.items():
        if not name.startswith("Car"):
            continue
        gap = car["x"] - chicken["x"]
        distance = chicken["y"] - car["y"]
        if 0.0 < distance < 20.0 and -30.0 < gap + 4.0 * car["dx"] < 30.0:
            ahead = True
        if -8.0 < distance <= 0.0 and -10.0 < gap < 10.0:
            beside = True
    if beside:
        return MOVES.index("down")
    return MOVES.index("stay" if ahead else "up")
"""

NAIVE_LOOK = """\
def analyze_traffic(obs):
    chicken = obs["Chicken"]
    for lane in range(10):
        car = obs[f"Car{lane}"]
        if 0 < chicken["y"] - car["y"] < 20 and abs(car["x"] - chicken["x"]) < 40:
            return False
    return True
"""

NAIVE_SELECT = """\
def select_action(obs, traffic):
    return 1 if traffic else 0
"""

NAIVE_POLICY = """\
def policy(obs):
    chicken = obs["Chicken"]
    for lane in range(10):
        car = obs[f"Car{lane}"]
        if 0 < chicken["y"] - car["y"] < 20 and abs(car["x"] - chicken["x"]) < 40:
            return 0
    return 1
"""


class Freeway(AtariTask):
    """Atari Freeway, a chicken that crosses ten lanes; the artifact is the policy.

    Objects: ``Chicken`` (x 44, the player's), ``Chicken1`` (x 108, the absent second player's) and ``Car0`` to
    ``Car9``, by lane from the top, each with x, y, w, h, dx, dy in pixels of the 160 x 210 screen; and ``reward``, that
    of the step before. A game takes 2,048 agent steps of 4 frames. Even without cars, only 41 crossings would fit: the
    score at which a run ends early, 50, is that of Nie et al. 2026, and cannot be reached.

    >>> freeway = Freeway(sticky=0.0)
    >>> start = freeway.start_episode(freeway.instances("train")[0], 0).observe()
    >>> len(start), start["Chicken"]["y"]
    (13, 187)
    """

    game: ClassVar[str] = "freeway"
    has_lives: ClassVar[bool] = False
    game_steps: ClassVar[int | None] = 2048
    horizon = 100
    screen: ClassVar = reader.SCREEN
    read_objects = staticmethod(reader.read_objects)
    layout: ClassVar = Layout(("Chicken", "Chicken1", *numbered("Car", 10)))
    metric = Metric(
        name="crossings in a game, mean over games",
        low=0,
        high=50,
        floor=0.0,
        reference=29.6,
        solved=None,
        record=31.5,
        sources={
            "record": RECORD,
            "floor": "uniform random policy, Mnih et al. 2015 (Nature 518), extended data table 2",
            "reference": "human, Mnih et al. 2015 (Nature 518), extended data table 2",
        },
        published=literature.published("Freeway"),
    )
    goal = """\
Write a policy for Atari Freeway. Your chicken crosses a road of ten lanes, from the bottom to the top, again and again;
each time it gets across gives one point. Cars throw it back. A game takes {steps} steps, whatever happens."""
    strategy = """\
Hint: going up whenever you can is not bad, as cars cost time and no more. What counts is how long each crossing takes:
40 steps of going up, and every wait and every hit on top. Look where the cars of the next lanes will be when you get
there, not where they are now, and wait only as long as it takes to let one pass."""
    protocols: ClassVar = published(episodes=3, steps=2500, solved=50)
    default_start = "modular/naive"
    structures = two_step_structures(
        observation=OBSERVATION,
        action=ACTION,
        look="analyze_traffic",
        seen="traffic",
        returns=TRAFFIC,
        naive=TwoSteps(NAIVE_LOOK, NAIVE_SELECT, NAIVE_POLICY),
        parametric=TwoSteps(WATCHING, WALKING, CROSSING_IN_ONE),
        draw="random.randrange(3)",
    )

    @staticmethod
    def mishap(objects: Objects, before: Objects) -> str:
        """The chicken begins to go down, and a car is where it was: it does so when it is hit, too."""
        chicken, walk = before["Chicken"], reader.WALK
        if not chicken["dy"] <= 0 < objects["Chicken"]["dy"] <= walk:
            return ""
        x, y = chicken["x"], chicken["y"]
        hit = any(
            car["y"] - 8 - walk < y < car["y"] + 10 + walk and car["x"] - 6 - walk < x < car["x"] + 8 + walk
            for car in (before[name] for name, _, _ in reader.CARS)
        )
        return "goes back beside a car" if hit else ""

    def staged(self, score: float) -> str:
        if score <= 0:
            return "Your chicken never gets across: make it go up."
        if score < self.metric.reference:
            return "You get across: now lose less time, to cars that hit you and to waiting for cars that would not."
        return "You cross as often as people do, or more: what is left is in the timing of each lane."
