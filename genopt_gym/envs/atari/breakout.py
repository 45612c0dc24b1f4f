"""Breakout: contracts, starting artifacts and metric."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from genopt_gym.core.artifact import Component, Structure
from genopt_gym.core.metric import RECORD
from genopt_gym.core.task import Metric
from genopt_gym.envs.atari import literature
from genopt_gym.envs.atari.emulator import AtariTask, Objects, published
from genopt_gym.envs.atari.layout import Layout
from genopt_gym.envs.atari.readers import breakout as reader
from genopt_gym.envs.starts import acting_at_random

OBSERVATION = """\
obs is a dict of what is on the screen (160 wide, 210 high, y grows downwards), once every 4 frames:
- obs["Player"]: your paddle, at y 189; always there;
- obs["Ball"]: absent before a serve and once it is lost, so look with obs.get("Ball");
- obs["bricks"]: six strings of 18 characters, the top row first; "#" is a brick, "." a gap. obs["bricks"][r][c] has
  its top left corner at x 8 + 8 c and y 57 + 6 r, and is 8 x 6;
- obs["lives"]: the balls that are left, the one in play included: 5 at first;
- obs["reward"]: the points of the step before.
Player and Ball are dicts of integers: x and y of the top left corner; w and h, the size (the ball is 2 x 4; the paddle
16 x 4, and 12 x 4 once the ball has met the top wall, until it is lost); dx and dy, how far it moved since the step
before (0 if it was not there then).
The field lies between x 8 and 152, under a wall that ends at y 32. A ball meets the paddle when its y is about 185, and
is lost when it gets below. A serve begins at y 122 to 125, at one of several x, and falls 4 pixels a step and 4 to the
left or right. Later the ball moves 4 to 8 pixels up or down a step, and 13 or 14 from when it has met one of the three
upper rows until it is lost; sideways it moves 2 to 8."""

ACTION = """\
Returns the action, an integer: 0 does nothing, 1 is FIRE and serves a ball when there is none in play (it does nothing
else), 2 moves the paddle right, 3 left. A direction that is held moves the paddle by 23 pixels a step, 12 in the first;
let go, it slides on for 10 in the next step. So the shortest push moves it by about 22. Its x goes from 8 to 144.
The paddle's left half sends the ball to the left, its right half to the right; its ends flatly (8 sideways), its middle
steeply (2 or 4)."""

PREDICTION = """\
Returns the x that the ball will have at your paddle, or None if there is nothing to say; generate_paddle_target gets
it."""

TARGET = """\
predicted_ball_x is what predict_ball_trajectory returned.
Returns the x where your paddle should be; select_paddle_action gets it."""

FORESIGHT = """\
LEFT_WALL, RIGHT_WALL = 20.0, 130.0


def predict_ball_trajectory(obs):
    ball = obs.get("Ball")
    if ball is None:
        return None
    x = ball["x"]
    if ball["dy"]:
        steps = (170.0 - ball["y"]) / ball["dy"]
        if steps > 0.0:
            x += 0.4 * ball["dx"] * steps
    if x < LEFT_WALL:
        x = LEFT_WALL + (LEFT_WALL - x)
    if x > RIGHT_WALL:
        x = RIGHT_WALL - (x - RIGHT_WALL)
    return x
"""

PLACING = """\
def generate_paddle_target(obs, predicted_ball_x):
    ball = obs.get("Ball")
    if ball is None or predicted_ball_x is None:
        return 60.0
    target = predicted_ball_x - 14.0
    if ball["dy"] < 0.0:
        target += 0.5 * (60.0 - target)
    return target
"""

STEERING = """\
MOVES = ("stay", "fire", "right", "left")


def select_paddle_action(obs, target_x):
    if obs.get("Ball") is None:
        return MOVES.index("fire")
    player = obs["Player"]
    error = target_x - player["x"] - 0.2 * player["dx"]
    if error > 6.0:
        return MOVES.index("right")
    if error < -6.0:
        return MOVES.index("left")
    return MOVES.index("stay")
"""

FOLLOWER_IN_ONE = """\
MOVES = ("stay", "fire", "right", "left")
LEFT_WALL, RIGHT_WALL = 20.0, 130.0


def policy(obs):
    player, ball = obs["Player"], obs.get("Ball")
    if ball is None:
        return MOVES.index("fire")
    x = ball["x"]
    if ball["dy"]:
        steps = (170.0 - ball["y"]) / ball["dy"]
        if steps > 0.0:
            x += 0.4 * ball["dx"] * steps
    if x < LEFT_WALL:
        x = LEFT_WALL + (LEFT_WALL - x)
    if x > RIGHT_WALL:
        x = RIGHT_WALL - (x - RIGHT_WALL)
    target = x - 14.0
    if ball["dy"] < 0.0:
        target += 0.5 * (60.0 - target)
    error = target - player["x"] - 0.2 * player["dx"]
    if error > 6.0:
        return MOVES.index("right")
    if error < -6.0:
        return MOVES.index("left")
    return MOVES.index("stay")
"""


def read_extras(objects: Objects) -> list[float]:
    """What the objects' vector holds beside boxes."""
    return [objects["lives"] / 5, *map("#".__eq__, "".join(objects["bricks"]))]


class Breakout(AtariTask):
    """Atari Breakout, five balls against the wall; the artifact is the policy.

    Objects: ``Player`` (y 189) and ``Ball``, each with x, y, w, h, dx, dy in pixels of the 160 x 210 screen; also
    ``bricks``, six strings of 18 characters; ``lives``; and ``reward``, that of the step before. A brick of the two top
    rows gives 7 points, of the middle two 4, of the lowest two 1: 432 a wall, and there are two walls.

    >>> breakout = Breakout(sticky=0.0)
    >>> start = breakout.start_episode(breakout.instances("train")[0], 0).observe()
    >>> sorted(start)
    ['Player', 'bricks', 'lives', 'reward']
    >>> start["bricks"][0]
    '##################'
    """

    game: ClassVar[str] = "breakout"
    horizon = 300
    screen: ClassVar = reader.SCREEN
    read_objects = staticmethod(reader.read_objects)
    layout: ClassVar = Layout(
        ("Player", "Ball"),
        ("lives", *(f"bricks.{row}.{column}" for row in range(6) for column in range(18))),
        read_extras,
    )
    metric = Metric(
        name="points in a game, mean over games",
        low=0,
        high=864,
        floor=1.7,
        reference=31.8,
        solved=None,
        record=366,
        sources={
            "record": RECORD,
            "floor": "uniform random policy, Mnih et al. 2015 (Nature 518), extended data table 2",
            "reference": "human, Mnih et al. 2015 (Nature 518), extended data table 2",
        },
        published=literature.published("Breakout"),
    )
    goal = """\
Write a policy for Atari Breakout. You move the paddle at the bottom, and break bricks with the ball. A brick of the two
upper rows gives 7 points, of the two middle rows 4, of the two lower rows 1. A game ends when five balls are lost, or
after {steps} steps. You serve each ball with FIRE; no ball, no points."""
    strategy = """\
Hint: be where the ball will come down, walls counted in, and allow for the paddle's slide. The ball gets faster as a
rally goes on, so be under way early. A hole in the wall, best at its side, lets the ball through to the top rows, where
it breaks many bricks by itself. A ball that repeats its way breaks nothing: meet it elsewhere on the paddle."""
    protocols: ClassVar = published(episodes=1, steps=4000, solved=350, one_life=True, fire_at_reset=True)
    default_start = "modular/naive"
    structures: Mapping[str, Structure] = {
        "modular": Structure(
            components=(
                Component("predict_ball_trajectory", "predict_ball_trajectory(obs)", f"{OBSERVATION}\n{PREDICTION}"),
                Component(
                    "generate_paddle_target",
                    "generate_paddle_target(obs, predicted_ball_x)",
                    f"{OBSERVATION}\n{TARGET}",
                ),
                Component(
                    "select_paddle_action",
                    "select_paddle_action(obs, target_x) -> int",
                    f"{OBSERVATION}\ntarget_x is what generate_paddle_target returned.\n{ACTION}",
                ),
            ),
            workflow="""\
def workflow(obs):
    predicted_ball_x = predict_ball_trajectory(obs)
    target_x = generate_paddle_target(obs, predicted_ball_x)
    return select_paddle_action(obs, target_x)
""",
            implementations={
                "naive": {
                    "predict_ball_trajectory": """\
def predict_ball_trajectory(obs):
    ball = obs.get("Ball")
    return None if ball is None else ball["x"]
""",
                    "generate_paddle_target": """\
def generate_paddle_target(obs, predicted_ball_x):
    return predicted_ball_x
""",
                    "select_paddle_action": """\
def select_paddle_action(obs, target_x):
    if target_x is None:
        return 1
    return 2 if target_x > obs["Player"]["x"] else 3
""",
                },
                "stub": {
                    "predict_ball_trajectory": "def predict_ball_trajectory(obs):\n    return None\n",
                    "generate_paddle_target": "def generate_paddle_target(obs, predicted_ball_x):\n    return None\n",
                    "select_paddle_action": "def select_paddle_action(obs, target_x):\n    return 1\n",
                },
                "random": {
                    "predict_ball_trajectory": "def predict_ball_trajectory(obs):\n    return None\n",
                    "generate_paddle_target": "def generate_paddle_target(obs, predicted_ball_x):\n    return None\n",
                    "select_paddle_action": acting_at_random(
                        "select_paddle_action", "obs, target_x", "random.randrange(4)"
                    ),
                },
                "parametric": {
                    "predict_ball_trajectory": FORESIGHT,
                    "generate_paddle_target": PLACING,
                    "select_paddle_action": STEERING,
                },
            },
        ),
        "one_function": Structure(
            components=(Component("policy", "policy(obs) -> int", f"{OBSERVATION}\n{ACTION}"),),
            workflow="def workflow(obs):\n    return policy(obs)\n",
            implementations={
                "naive": {
                    "policy": """\
def policy(obs):
    ball = obs.get("Ball")
    if ball is None:
        return 1
    return 2 if ball["x"] > obs["Player"]["x"] else 3
"""
                },
                "stub": {"policy": "def policy(obs):\n    return 1\n"},
                "random": {"policy": acting_at_random("policy", "obs", "random.randrange(4)")},
                "parametric": {"policy": FOLLOWER_IN_ONE},
            },
        ),
    }

    def staged(self, score: float) -> str:
        if score <= 0:
            return "No points: serve with FIRE first, and see to it that your paddle meets the ball."
        if score < 300:
            return "You break bricks: now lose fewer balls, also when they are fast, and get through to the top rows."
        return "You clear most of a wall: now go for the last bricks, and for the second wall."
