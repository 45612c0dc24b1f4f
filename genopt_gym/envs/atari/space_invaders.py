"""Space Invaders: contracts, starting artifacts and metric."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from genopt_gym.core.artifact import Component, Structure
from genopt_gym.core.metric import RECORD
from genopt_gym.core.task import Metric
from genopt_gym.envs.atari import literature
from genopt_gym.envs.atari.emulator import AtariTask, Objects, published
from genopt_gym.envs.atari.layout import Layout, numbered
from genopt_gym.envs.atari.readers import space_invaders as reader
from genopt_gym.envs.starts import acting_at_random

OBSERVATION = """\
obs is a dict of what is on the screen (160 wide, 210 high, y grows downwards), once every 4 frames:
- obs["Player"]: your cannon, at y 185; always there, x from 34 to 116;
- obs["Missile"]: yours, in flight; there is one at a time;
- obs["Bomb0"], obs["Bomb1"]: what aliens drop; two at a time at most, and a bomb keeps its number;
- obs["Alien0"] to obs["Alien35"]: the aliens that are left. Alien 6 * row + column stands in that place of the
  formation, row 0 at the top, column 0 at the left; neighbours are 16 apart sideways and 18 down;
- obs["Shield0"] to obs["Shield2"], from left to right: what is left of each; none is there once the aliens are low;
- obs["Satellite"]: the ship that now and then crosses the top of the screen, at y 12;
- obs["in_play"]: False while your cannon is blown up, or blinks before it starts; actions do nothing then;
- obs["reward"]: the points of the step before; obs["lives"]: cannons left, 3 at first, this one included.
What is not there is absent, so look with obs.get. Each object is a dict of integers: x and y of its top left corner; w
and h, its size (cannon 7 x 10, alien 8 x 10, missile and bomb 1 x 8, satellite 7 x 8, a whole shield 8 x 18); dx and
dy, how far it moved since the step before (0 if it was not there then). A shield's y and h are those of the rows that
are left of it; it also has "left", its pixels, 112 at first. A hit alien is gone at once, though the screen shows its
explosion. The game draws missile and bombs in turns, one frame each; both are here on every step.
A missile rises 8 pixels a step from y 170, straight up; a bomb falls 4, straight down. Both stop at what they hit, and
eat a little of a shield. Aliens move sideways together, by 1 to 5 pixels with steps of rest between, and down 10 where
one meets the edge of its way; the fewer they are, the oftener and the farther. From the bottom row up an alien is
worth 5, 10, 15, 20, 25 and 30 points, the satellite 200."""

SHOOT = "Returns whether to fire now: True or False; combine_actions gets it."
MOVEMENT = """Returns the way to go, "left", "right" or "stay"; combine_actions gets it."""

ACTION = """\
Returns the action, an integer: 0 does nothing, 1 fires, 2 moves right, 3 moves left, 4 moves right and fires, 5 moves
left and fires. The cannon moves 2 pixels a step. The missile leaves from its x + 4, or from 3 or 5 on the move; to fire
does nothing while one is in flight."""

COMBINE = """\
MOVES = ("stay", "fire", "right", "left", "right fire", "left fire")


def combine_actions(shoot, movement):
    if not shoot:
        return MOVES.index(movement)
    return MOVES.index("fire" if movement == "stay" else movement + " fire")
"""

CHASER_FIRES = """\
def decide_shoot(obs):
    x = obs["Player"]["x"]
    aliens = [obs[name] for name in obs if name.startswith("Alien")]
    return "Missile" not in obs and any(abs(alien["x"] + 8.0 * alien["dx"] - x) < 20.0 for alien in aliens)
"""

CHASER = """\
drift = {"speed": 0.0}


def decide_movement(obs):
    x = obs["Player"]["x"]
    for name in ("Bomb0", "Bomb1"):
        bomb = obs.get(name)
        if bomb is not None and bomb["y"] > 172.0 and x - 1.0 < bomb["x"] < x + 8.0:
            return "left" if bomb["x"] > x + 5.0 else "right"
    aliens = [obs[name] for name in obs if name.startswith("Alien")]
    if not aliens:
        return "stay"
    target = min(aliens, key=lambda alien: abs(alien["x"] - x) - 0.1 * alien["y"])
    drift["speed"] += 0.5 * (target["dx"] - drift["speed"])
    error = target["x"] + 4.0 * drift["speed"] - x
    if error < -6.0:
        return "left"
    return "right" if error > 6.0 else "stay"
"""

FOLLOW = """\
def decide_movement(obs):
    aliens = [obs[name] for name in obs if name.startswith("Alien")]
    if not aliens:
        return "stay"
    middle = sum(alien["x"] for alien in aliens) / len(aliens)
    return "right" if middle > obs["Player"]["x"] else "left"
"""

IN_ONE = "\n\ndef policy(obs):\n    return combine_actions(decide_shoot(obs), decide_movement(obs))\n"
ALWAYS = "def decide_shoot(obs):\n    return True\n"

WORKING = """\
formation = {"speed": 0.0}


def decide_movement(obs):
    x = obs["Player"]["x"]
    aliens = [obs[name] for name in obs if name.startswith("Alien")]
    if aliens:
        formation["speed"] += 0.1 * (aliens[0]["dx"] - formation["speed"])
    for name in ("Bomb0", "Bomb1"):
        bomb = obs.get(name)
        if bomb is not None and bomb["y"] > 140 and x - 4 < bomb["x"] < x + 11:
            to_left = x > 106 or (x > 44 and bomb["x"] > x + 3)
            return "left" if to_left else "right"
    if not aliens:
        return "stay"

    def lead(alien):
        steps = (170 - alien["y"]) / 8
        return alien["x"] + formation["speed"] * steps - x

    way = lead(min(aliens, key=lambda alien: abs(lead(alien)) - alien["y"]))
    if abs(way) < 2:
        return "stay"
    return "left" if way < 0 else "right"
"""


def read_extras(objects: Objects) -> list[float]:
    """What the objects' vector holds beside boxes."""
    left = [objects[name]["left"] / 112 if name in objects else 0 for name, _, _ in reader.SHIELDS]
    return [*left, objects["in_play"], objects["lives"] / 3]


class SpaceInvaders(AtariTask):
    """Atari Space Invaders; the artifact is the policy.

    Objects: ``Player``, ``Missile``, ``Bomb0`` and ``Bomb1``, ``Alien0`` to ``Alien35``, ``Shield0`` to ``Shield2``
    (with ``left``, its pixels) and ``Satellite``, each with x, y, w, h, dx, dy in pixels of the 160 x 210 screen;
    ``in_play``, ``reward`` and ``lives``. A game goes to the last of 3 lives, or to 4,500 agent steps of 4 frames.

    >>> invaders = SpaceInvaders(sticky=0.0)
    >>> seen = invaders.start_episode(invaders.instances("train")[0], 0).observe()
    >>> sorted(name for name in seen if not name.startswith("Alien"))
    ['Bomb0', 'Player', 'Shield0', 'Shield1', 'Shield2', 'in_play', 'lives', 'reward']
    """

    game: ClassVar[str] = "space_invaders"
    opening_steps: ClassVar[int] = 33
    horizon = 25
    screen: ClassVar = reader.SCREEN
    read_objects = staticmethod(reader.read_objects)
    layout: ClassVar = Layout(
        ("Player", "Missile", *reader.BOMB_NAMES, *numbered("Alien", 36), *numbered("Shield", 3), "Satellite"),
        (*(f"{name}.left" for name, _, _ in reader.SHIELDS), "in_play", "lives"),
        read_extras,
    )
    metric = Metric(
        name="points in a game, mean over games",
        low=0,
        high=100_000,
        floor=148,
        reference=1652,
        solved=None,
        record=7658.5,
        sources={
            "record": RECORD,
            "floor": "uniform random policy, Mnih et al. 2015 (Nature 518), extended data table 2",
            "reference": "human, Mnih et al. 2015 (Nature 518), extended data table 2",
        },
        published=literature.published("SpaceInvaders"),
    )
    goal = """\
Write a policy for Atari Space Invaders. You move a cannon along the ground and shoot at 36 aliens, which drop bombs
and come down. Points are for aliens, more for those higher up, and for the satellite. A bomb that hits you costs one
of 3 lives. The game ends too when an alien comes down below y 161, or after {steps} steps. When all are shot, the next
36 come, and start 10 lower than those before."""
    strategy = """\
Hint: once bombs are dodged, games end because aliens come down: waste no missile, and shoot the lowest first. Fire when
none is in flight, at where an alien will be when the missile gets there; the drift of the formation has to be averaged
over its steps of rest. Begin to step out of a bomb's way while it is still far up, and don't walk under the other."""
    protocols: ClassVar = published(episodes=1, steps=4000, solved=2000)
    default_start = "modular/naive"
    structures: Mapping[str, Structure] = {
        "modular": Structure(
            components=(
                Component("decide_shoot", "decide_shoot(obs) -> bool", f"{OBSERVATION}\n{SHOOT}"),
                Component("decide_movement", "decide_movement(obs) -> str", f"{OBSERVATION}\n{MOVEMENT}"),
                Component(
                    "combine_actions",
                    "combine_actions(shoot, movement) -> int",
                    "shoot is what decide_shoot returned, and movement what decide_movement did.\n" + ACTION,
                ),
            ),
            workflow="def workflow(obs):\n    return combine_actions(decide_shoot(obs), decide_movement(obs))\n",
            implementations={
                "naive": {"decide_shoot": ALWAYS, "decide_movement": FOLLOW, "combine_actions": COMBINE},
                "stub": {
                    "decide_shoot": "def decide_shoot(obs):\n    return False\n",
                    "decide_movement": 'def decide_movement(obs):\n    return "stay"\n',
                    "combine_actions": "def combine_actions(shoot, movement):\n    return 0\n",
                },
                "random": {
                    "decide_shoot": "def decide_shoot(obs):\n    return False\n",
                    "decide_movement": 'def decide_movement(obs):\n    return "stay"\n',
                    "combine_actions": acting_at_random("combine_actions", "shoot, movement", "random.randrange(6)"),
                },
                "parametric": {"decide_shoot": CHASER_FIRES, "decide_movement": CHASER, "combine_actions": COMBINE},
                "working": {"decide_shoot": ALWAYS, "decide_movement": WORKING, "combine_actions": COMBINE},
            },
        ),
        "one_function": Structure(
            components=(Component("policy", "policy(obs) -> int", f"{OBSERVATION}\n{ACTION}"),),
            workflow="def workflow(obs):\n    return policy(obs)\n",
            implementations={
                how: {"policy": f"{shoot}\n\n{movement}\n\n{COMBINE}{IN_ONE}"}
                for how, shoot, movement in (("naive", ALWAYS, FOLLOW), ("parametric", CHASER_FIRES, CHASER))
            }
            | {
                "stub": {"policy": "def policy(obs):\n    return 0\n"},
                "random": {"policy": acting_at_random("policy", "obs", "random.randrange(6)")},
            },
        ),
    }

    @staticmethod
    def mishap(objects: Objects, before: Objects) -> str:
        """The cannon blows up: some 30 steps later the life is gone."""
        return "hit" if before["in_play"] and not objects["in_play"] else ""

    def staged(self, score: float) -> str:
        if score <= 0:
            return "You hit nothing yet: fire while you stand below an alien."
        if score < 2000:
            return "You hit aliens: now stay alive longer, so step out of the way of bombs, and lead your shots."
        return "That is more than three waves of 36 aliens are worth; each starts lower, so be faster."
