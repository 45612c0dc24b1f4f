"""Pong: contracts, starting artifacts and metric."""

from __future__ import annotations

from typing import ClassVar

from genopt_gym.core.metric import RECORD
from genopt_gym.core.task import Metric
from genopt_gym.envs.atari import literature
from genopt_gym.envs.atari.emulator import AtariTask, published
from genopt_gym.envs.atari.layout import Layout
from genopt_gym.envs.atari.readers import pong as reader
from genopt_gym.envs.starts import TwoSteps, two_step_structures

OBSERVATION = """\
obs is a dict of what is on the screen (160 wide, 210 high, y grows downwards), once every 4 frames:
- obs["Player"]: your paddle, on the right, at x 140; always there;
- obs["Enemy"]: the other paddle, on the left, at x 16; absent when a game begins;
- obs["Ball"]: absent between a point and the next serve, so look with obs.get("Ball");
- obs["reward"]: 1 if the step before won a point, -1 if it lost one, else 0.
Each object is a dict of integers: x and y of its top left corner; w and h, its size (a paddle is 4 x 15, less where it
leaves the field; the ball is 2 x 4); dx and dy, how far it moved since the step before (0 if it was not there then).
The ball bounces off the walls when its y is near 32 and 192. It meets your paddle when its x is 139, and in a step
moves 4 pixels sideways, or more where FIRE was held when a paddle met it, and 0, 4 or 8 up or down, seldom 12. A serve
comes about 15 steps after a point."""

ACTION = """\
Returns the action, an integer: 2 moves your paddle up (smaller y), 3 moves it down, 0 does neither; 1, 4 and 5 are 0, 2
and 3 with FIRE held. A direction that is held moves the paddle by more than 20 pixels a step; let go, it slides on for
a step or two. Where the ball meets the paddle decides how it leaves: near the paddle's ends steeply, in its middle
level. FIRE held at that moment adds about 4 pixels a step sideways."""

PREDICTION = """\
Returns the y that the ball will have at your paddle, or None if there is nothing to say; select_action gets it."""

FOLLOWER = """\
def predict_ball_trajectory(obs):
    ball = obs.get("Ball")
    if ball is None:
        return None
    return ball["y"] + 0.2 * ball["dy"]
"""

STEERING = """\
MOVES = ("stay", "fire", "up", "down")


def select_action(obs, predicted_ball_y):
    player = obs["Player"]
    target = 60.0 if predicted_ball_y is None else predicted_ball_y - 16.0
    error = target - player["y"] - 0.1 * player["dy"]
    if error < -14.0:
        return MOVES.index("up")
    if error > 14.0:
        return MOVES.index("down")
    return MOVES.index("stay")
"""

FOLLOWER_IN_ONE = """\
MOVES = ("stay", "fire", "up", "down")


def policy(obs):
    player, ball = obs["Player"], obs.get("Ball")
    target = 60.0 if ball is None else ball["y"] + 0.2 * ball["dy"] - 16.0
    error = target - player["y"] - 0.1 * player["dy"]
    if error < -14.0:
        return MOVES.index("up")
    if error > 14.0:
        return MOVES.index("down")
    return MOVES.index("stay")
"""

NAIVE_LOOK = """\
def predict_ball_trajectory(obs):
    ball = obs.get("Ball")
    return None if ball is None else ball["y"]
"""

NAIVE_SELECT = """\
def select_action(obs, predicted_ball_y):
    if predicted_ball_y is None:
        return 0
    return 2 if predicted_ball_y < 114 else 3
"""

NAIVE_POLICY = """\
def policy(obs):
    ball = obs.get("Ball")
    if ball is None:
        return 0
    return 2 if ball["y"] < 114 else 3
"""


class Pong(AtariTask):
    """Atari Pong, against the console's own player; the artifact is the policy.

    Objects: ``Player`` (x 140), ``Enemy`` (x 16) and ``Ball``, each with x, y, w, h, dx, dy in pixels of the 160 x 210
    screen; and ``reward``, that of the step before. A game goes to 21 points, or to 4,000 agent steps of 4 frames.

    >>> pong = Pong(sticky=0.0)
    >>> sorted(pong.start_episode(pong.instances("train")[0], 0).observe())
    ['Player', 'reward']
    """

    game: ClassVar[str] = "pong"
    has_lives: ClassVar[bool] = False
    max_inner_steps = 4000
    horizon = 400
    screen: ClassVar = reader.SCREEN
    read_objects = staticmethod(reader.read_objects)
    layout: ClassVar = Layout(("Player", "Enemy", "Ball"))
    metric = Metric(
        name="points won less points lost in a game, mean over games",
        low=-21,
        high=21,
        floor=-20.7,
        reference=14.6,
        solved=21,
        record=19.9,
        sources={
            "record": RECORD,
            "floor": "uniform random policy, Mnih et al. 2015 (Nature 518), extended data table 2",
            "reference": "human, Wang et al. 2016 (arXiv 1511.06581), table 2",
        },
        published=literature.published("Pong"),
    )
    goal = """\
Write a policy for Atari Pong. You play the right paddle against the console. Who gets the ball past the other's paddle
wins a point; a game ends when one side has 21 points, or after {steps} steps."""
    strategy = """\
Hint: be where the ball will cross your line, not where it is now, and count in that the paddle slides on. Between
rallies, wait where most serves can be reached. A ball met with the edge of the paddle leaves at a steep angle, which is
what gets past the other side."""
    protocols: ClassVar = published(episodes=10, steps=4000, solved=21)
    default_start = "modular/naive"
    structures = two_step_structures(
        observation=OBSERVATION,
        action=ACTION,
        look="predict_ball_trajectory",
        seen="predicted_ball_y",
        returns=PREDICTION,
        naive=TwoSteps(NAIVE_LOOK, NAIVE_SELECT, NAIVE_POLICY),
        parametric=TwoSteps(FOLLOWER, STEERING, FOLLOWER_IN_ONE),
        draw="random.randrange(6)",
    )

    def staged(self, score: float) -> str:
        if score < 0:
            return "You lose more points than you win: see to it first that your paddle meets every ball."
        if score < 19:
            return "You hold your own: now place the ball where the other paddle does not get."
        return "You win nearly every point."
