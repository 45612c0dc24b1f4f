"""What Pong is made of: objects from RAM, contracts, starting implementations, words, and a benchmark policy.

The numbers in the contracts were measured on ale-py 0.12.1 at frame skip 4.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from genopt_gym.artifact import Component, Structure

TOP, BOTTOM = 34, 194
"""First row of the playfield, and the row below its last."""


def read_objects(ram: NDArray[Any] | bytes, previous: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """The objects in 128 bytes of RAM; ``previous`` are those of the agent step before (for dx and dy).

    Addresses as in AtariARI (Anand et al. 2019, arXiv 1906.08226).

    >>> ram = bytearray(128)
    >>> ram[49], ram[51], ram[54] = 130, 109, 128
    >>> before = {"Ball": {"x": 77, "y": 118, "w": 2, "h": 4, "dx": 0, "dy": 0}}
    >>> objects = read_objects(bytes(ram), before)
    >>> objects["Ball"]
    {'x': 81, 'y': 114, 'w': 2, 'h': 4, 'dx': 4, 'dy': -4}
    >>> sorted(objects)
    ['Ball', 'Player']
    """
    memory = ram if isinstance(ram, bytes) else ram.tobytes()
    ball_x, enemy, player, ball_y = memory[49], memory[50], memory[51], memory[54]
    objects = {"Player": _paddle(140, player, player - 13, previous.get("Player"))}
    if enemy >= TOP:
        objects["Enemy"] = _paddle(16, enemy, enemy - 15, previous.get("Enemy"))
    if ball_y and ball_x >= 49:
        objects["Ball"] = _moved(ball_x - 49, ball_y - 14, 2, 4, previous.get("Ball"))
    return objects


def _paddle(x: int, byte: int, y: int, before: dict[str, int] | None) -> dict[str, int]:
    """A paddle, cut to its part of the playfield; ``byte`` is where RAM puts it."""
    y = max(y, TOP)
    height = 15 if byte > 46 else byte - 33
    return _moved(x, y, 4, min(height, BOTTOM - y), before)


def _moved(x: int, y: int, w: int, h: int, before: dict[str, int] | None) -> dict[str, int]:
    dx, dy = (x - before["x"], y - before["y"]) if before else (0, 0)
    return {"x": x, "y": y, "w": w, "h": h, "dx": dx, "dy": dy}


OBSERVATION = """\
obs is a dict of what is on the screen (160 wide, 210 high, y grows downwards), once in 4 frames:
- obs["Player"]: your paddle, on the right, at x 140; always there;
- obs["Enemy"]: the other paddle, on the left, at x 16; absent when a game begins and while it is out of the
  field;
- obs["Ball"]: absent for about 16 steps between a point and the next serve, so look with obs.get("Ball");
- obs["reward"]: 1 if the step before won a point, -1 if it lost one, else 0.
Each object is a dict of integers, in pixels: x and y of its top left corner; w and h, its size; dx and dy,
how far it moved since the step before (0 if it was not there then). A paddle is 4 x 15, but less is seen of
it at the top (y stays 34 and h shrinks) and at the bottom (y + h stays 194). The ball is 2 x 4."""

BALL = """\
The ball's y turns round at the walls, at about 32 and 192. Sideways it moves 4 pixels a step, up or down 0,
4 or 8, after some returns 12. It is served from the middle (x about 77, y about 114), towards the side that
lost the last point. It meets your paddle at x 139; past x 156 the point is lost, and won when it leaves on
the left."""

PADDLE = """\
Returns the action, an integer from 0 to 5: 2 or 4 moves your paddle up (smaller y), 3 or 5 moves it down, 0
or 1 does neither. In 1, 4 and 5 the fire button is pressed, too: a ball met with it pressed goes 4 pixels a
step faster sideways (up to 16) until the point ends. Each frame repeats the action before with probability
0.25. The paddle follows with a delay: one step of up or down from rest moves it about 22 pixels, 9 in that
step, 10 in the next and 3 in the one after. Held, it reaches 20 to 24 pixels a step. The other paddle makes
at most 8. Where the ball meets your paddle decides how it leaves, by ball y less the paddle's top:
-3 to -1 (its upper edge) sends it 8 up a step, 0 to 3 sends it 4 up, 4 to 7 level, 8 to 11 sends it 4 down,
12 to 15 (its lower edge) 8 down."""

PREDICTION = """\
Returns a number, the y that the ball will have when it gets to your paddle's line, or None if there is
nothing to say (as when no ball is there, or it goes away). select_action gets it."""

GOAL = """\
Write a policy for Atari Pong. You play the right paddle against the console. Who gets the ball past the
other's paddle wins a point (1 for you, -1 for the other side); a game ends when one side has 21 points, or
after 4,000 steps."""

STRATEGY = """\
Hint: be where the ball will cross your line, not where it is now, and count in the walls on its way. The
paddle slides on after you let go, so stop early, and leave it alone when it stands well. A ball that flies
level comes back; a steep one gets past the other side, so once you miss no ball, choose the part of the
paddle that meets it."""


def staged(score: float) -> str:
    """What a coach would say of a score."""
    if score < 0:
        return "You lose more points than you win: first see to it that your paddle meets every ball."
    if score < 19:
        return "You win more than you lose: now send the ball where the other paddle does not get."
    return "You win nearly every point: keep what you have, and change little."


# The tunable policy is kept free of numbers that are no tuning (an action is looked up by its name), since
# blind searches move every number they find. Well chosen ones score far better than these.
MOVES = 'MOVES = ("stay", "fire", "up", "down")\n\n\n'

FOLLOWER = """\
def predict_ball_trajectory(obs):
    ball = obs.get("Ball")
    if ball is None or ball["x"] < 80.0:
        return None
    return ball["y"] + 0.2 * ball["dy"]
"""

STEERING = f"""\
{MOVES}def select_action(obs, predicted_ball_y):
    player = obs["Player"]
    position = player["y"] + 0.1 * player["dy"]
    target = 60.0 if predicted_ball_y is None else predicted_ball_y - 14.0
    if abs(target - position) < 14.0:
        return MOVES.index("stay")
    return MOVES.index("up" if target < position else "down")
"""

FOLLOWER_IN_ONE = f"""\
{MOVES}def policy(obs):
    player, ball = obs["Player"], obs.get("Ball")
    position = player["y"] + 0.1 * player["dy"]
    target = 60.0
    if ball is not None and ball["x"] >= 80.0:
        target = ball["y"] + 0.2 * ball["dy"] - 14.0
    if abs(target - position) < 14.0:
        return MOVES.index("stay")
    return MOVES.index("up" if target < position else "down")
"""

NAIVE_PREDICTION = """\
def predict_ball_trajectory(obs):
    ball = obs.get("Ball")
    return None if ball is None else ball["y"]
"""

NAIVE_ACTION = """\
def select_action(obs, predicted_ball_y):
    if predicted_ball_y is None:
        return 0
    return 2 if predicted_ball_y < 114 else 3
"""

NAIVE_IN_ONE = """\
def policy(obs):
    ball = obs.get("Ball")
    if ball is None:
        return 0
    return 2 if ball["y"] < 114 else 3
"""

STRUCTURES = {
    "modular": Structure(
        components=(
            Component(
                "predict_ball_trajectory",
                "predict_ball_trajectory(obs) -> float | None",
                f"{OBSERVATION}\n{BALL}\n{PREDICTION}",
            ),
            Component(
                "select_action",
                "select_action(obs, predicted_ball_y) -> int",
                f"{OBSERVATION}\npredicted_ball_y is what predict_ball_trajectory returned.\n{PADDLE}",
            ),
        ),
        workflow="""\
def workflow(obs):
    predicted_ball_y = predict_ball_trajectory(obs)
    return select_action(obs, predicted_ball_y)
""",
        implementations={
            "naive": {"predict_ball_trajectory": NAIVE_PREDICTION, "select_action": NAIVE_ACTION},
            "stub": {
                "predict_ball_trajectory": "def predict_ball_trajectory(obs):\n    return None\n",
                "select_action": "def select_action(obs, predicted_ball_y):\n    return 0\n",
            },
            "parametric": {"predict_ball_trajectory": FOLLOWER, "select_action": STEERING},
        },
    ),
    "one_function": Structure(
        components=(Component("policy", "policy(obs) -> int", f"{OBSERVATION}\n{BALL}\n{PADDLE}"),),
        workflow="def workflow(obs):\n    return policy(obs)\n",
        implementations={
            "naive": {"policy": NAIVE_IN_ONE},
            "stub": {"policy": "def policy(obs):\n    return 0\n"},
            "parametric": {"policy": FOLLOWER_IN_ONE},
        },
    ),
}

BENCHMARK = {
    "predict_ball_trajectory": """\
def predict_ball_trajectory(obs):
    ball = obs.get("Ball")
    if ball is None or ball["dx"] <= 0:
        return None
    y = ball["y"] + ball["dy"] * (139 - ball["x"]) / ball["dx"]
    while y < 32 or y > 192:
        y = 64 - y if y < 32 else 384 - y
    return y
""",
    "select_action": """\
memory = {"push": 0}


def select_action(obs, predicted_ball_y):
    player, ball = obs["Player"], obs.get("Ball")
    top = player["y"] if player["y"] > 34 else player["y"] + player["h"] - 15
    resting_place = top + 0.33 * player["dy"] + 8 * memory["push"]
    target, slack, fire = 122, 8, False
    if ball is not None and predicted_ball_y is not None:
        far = ball["x"] < 115
        target, slack = (predicted_ball_y - 12.5, 2.5) if far else (predicted_ball_y - 6.5, 9)
        fire = predicted_ball_y > 108 and not far and ball["dx"] < 5
    push = 0
    if target < resting_place - slack:
        push = -1
    if target > resting_place + slack:
        push = 1
    memory["push"] = push
    moves = (4, 1, 5) if fire else (2, 0, 3)
    return moves[push + 1]
""",
}
"""Plays well: it knows its own last push, and so where the sliding paddle will come to rest."""
