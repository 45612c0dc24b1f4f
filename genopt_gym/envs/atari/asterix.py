"""Asterix: contracts, starting artifacts and metric."""

from __future__ import annotations

from typing import ClassVar

from genopt_gym.core.metric import RECORD
from genopt_gym.core.task import Metric
from genopt_gym.envs.atari import literature
from genopt_gym.envs.atari.emulator import AtariTask, Objects, published
from genopt_gym.envs.atari.layout import Layout, numbered
from genopt_gym.envs.atari.readers import asterix as reader
from genopt_gym.envs.starts import TwoSteps, two_step_structures

OBSERVATION = """\
obs is a dict of what is on the screen (160 wide, 210 high, y grows downwards), once every 4 frames:
- obs["Player"]: you; absent on the first step of a game, and for a while once, when a new hero takes over;
- obs["Enemy0"] to obs["Enemy7"]: lyres, which cost a life when they touch you. The number is that of the lane, 0 at the
  top; a lane holds one thing at a time, an enemy, a consumable or a reward, or none;
- obs["Consumable0"] to obs["Consumable7"]: cauldrons, later helmets, shields, lamps and more: touch them for points;
- obs["Reward0"] to obs["Reward7"]: the number that shows for about 60 steps where you took a consumable; harmless, but
  nothing else comes in that lane then;
- obs["in_play"]: False on the first step, and while you are hit, for about 30 steps in which nothing else moves;
- obs["reward"]: the points of the step before; obs["lives"]: those left, 3 at first, this one included.
What is not there is absent, so look with obs.get. Each object is a dict of integers: x and y of its top left corner; w
and h, its size (7 or 8 x 11, some less; the second hero 6 x 11; you are twice as wide when just hit); dx and dy, how
far it moved since the step before (0 if it was not there then). Lane n is at y 26 + 16 * n. Things come in on one
side, cross at 4 pixels a step, later 8, and leave on the other; new ones come some steps later."""

SITUATION = "Returns whatever helps to choose an action; select_action gets it."

ACTION = """\
Returns the action, an integer: 0 stays, 1 goes up, 2 right, 3 left, 4 down, 5 up and right, 6 up and left, 7 down and
right, 8 down and left. A step moves you one lane up or down and 8 pixels sideways, between x 24 and x 128."""

GREEDY = """\
MOVES = ("stay", "up", "right", "left", "down", "up right", "up left", "down right", "down left")


def select_action(obs, situation):
    player = obs.get("Player")
    if player is None:
        return MOVES.index("stay")
    prizes, enemies = situation

    def cost(move):
        x = player["x"] + 2.0 * (("right" in move) - ("left" in move))
        y = player["y"] + 7.0 * (("down" in move) - ("up" in move))
        far = [abs(prize["x"] + 0.5 * prize["dx"] - x) + 0.4 * abs(prize["y"] - y) for prize in prizes]
        close = [e for e in enemies if abs(e["y"] - y) < 4.0 and abs(e["x"] + 0.3 * e["dx"] - x) < 5.0]
        return (min(far) if far else 0.1 * abs(x - 60.0)) + 5.0 * len(close)

    return MOVES.index(min(MOVES, key=cost))
"""

SORTED = """\
def analyze_situation(obs):
    prizes = [obs[name] for name in obs if name.startswith("Consumable")]
    enemies = [obs[name] for name in obs if name.startswith("Enemy")]
    return prizes, enemies
"""

NEAREST = """\
def analyze_situation(obs):
    player = obs.get("Player")
    prizes = [obs[name] for name in obs if name.startswith("Consumable")]
    if player is None or not prizes:
        return None
    return min(prizes, key=lambda prize: abs(prize["x"] - player["x"]) + abs(prize["y"] - player["y"]))
"""

CHASE = """\
def select_action(obs, situation):
    if situation is None:
        return 0
    player = obs["Player"]
    if situation["y"] < player["y"] - 8:
        return 1
    if situation["y"] > player["y"] + 8:
        return 4
    return 2 if situation["x"] > player["x"] else 3
"""


def read_extras(objects: Objects) -> list[float]:
    """What the objects' vector holds beside boxes."""
    return [objects["in_play"], min(objects["lives"] / 8, 1)]


class Asterix(AtariTask):
    """Atari Asterix; the artifact is the policy.

    Objects: ``Player``, and by lane ``Enemy0`` to ``Enemy7``, ``Consumable0`` to ``Consumable7`` and ``Reward0`` to
    ``Reward7``, each with x, y, w, h, dx, dy in pixels of the 160 x 210 screen; ``in_play``, ``reward`` and ``lives``.
    A game goes to the last of 3 lives, or to 4,500 agent steps of 4 frames.

    >>> asterix = Asterix(sticky=0.0)
    >>> episode = asterix.start_episode(asterix.instances("train")[0], 0)
    >>> sorted(episode.observe())
    ['in_play', 'lives', 'reward']
    >>> _ = episode.step(0)
    >>> sorted(name for name in episode.observe() if not name.startswith("Consumable"))
    ['Player', 'in_play', 'lives', 'reward']
    """

    game: ClassVar[str] = "asterix"
    horizon = 100
    screen: ClassVar = reader.SCREEN
    read_objects = staticmethod(reader.read_objects)
    layout: ClassVar = Layout(
        ("Player", *numbered("Enemy", 8), *numbered("Consumable", 8), *numbered("Reward", 8)),
        ("in_play", "lives"),
        read_extras,
    )
    metric = Metric(
        name="points in a game, mean over games",
        low=0,
        high=10_000_000,
        floor=210,
        reference=8503,
        solved=None,
        record=143097.5,
        sources={
            "record": RECORD,
            "floor": "uniform random policy, Mnih et al. 2015 (Nature 518), extended data table 2",
            "reference": "human, Mnih et al. 2015 (Nature 518), extended data table 2",
        },
        published=literature.published("Asterix"),
    )
    goal = """\
Write a policy for Atari Asterix. Through 8 lanes, one above the other, things cross the screen from either side. Touch
the consumables: after every 50 comes a better kind, for 50, 100, 200, 300, 400 and then 500 points each. A lyre that
touches you costs one of 3 lives; one is given at 10,000 points and more later. A game ends with the last life, or
after {steps} steps."""
    strategy = """\
Hint: no consumable is worth a life. Look before you change lanes: where will the lyre in that lane be when you get
there, and does it come towards you? Give lyres more room than seems needed, but less once they are past. Then go for
the consumable that can be met soonest, where it will be and not where it is; if there is none, wait in the middle."""
    protocols: ClassVar = published(episodes=3, steps=20000, solved=5000, one_life=True)
    default_start = "modular/naive"
    structures = two_step_structures(
        observation=OBSERVATION,
        action=ACTION,
        look="analyze_situation",
        seen="situation",
        returns=SITUATION,
        naive=TwoSteps(NEAREST, CHASE),
        parametric=TwoSteps(SORTED, GREEDY),
        draw="random.randrange(9)",
    )

    @staticmethod
    def mishap(objects: Objects, before: Objects) -> str:
        """A lyre touches the player: the game stands still, and some 30 steps later the life is gone."""
        return "hit" if before["in_play"] and not objects["in_play"] and "Player" in objects else ""

    def staged(self, score: float) -> str:
        if score <= 0:
            return "You touch nothing that gives points yet: go where a consumable is."
        if score < 5000:
            return "You take consumables: now look where the lyres will be before you enter a lane, and be hit less."
        return "You take many consumables: what is left is to be hit less often, and to let fewer pass by."
