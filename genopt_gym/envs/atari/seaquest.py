"""Seaquest: contracts, starting artifacts and metric."""

from __future__ import annotations

from typing import ClassVar

from genopt_gym.core.metric import RECORD
from genopt_gym.core.task import Metric
from genopt_gym.envs.atari import literature
from genopt_gym.envs.atari.emulator import AtariTask, Objects, published
from genopt_gym.envs.atari.layout import Layout
from genopt_gym.envs.atari.readers import seaquest as reader
from genopt_gym.envs.starts import TwoSteps, two_step_structures

OBSERVATION = """\
obs is a dict of what is on the screen (160 wide, 210 high, y grows downwards), once every 4 frames:
- obs["Player"]: your submarine (16 x 11), x from 21 to 134, y from 46 (at the surface) to 141 (the deepest); absent
  while it sinks after it was hit;
- obs["PlayerMissile"]: your torpedo (8 x 1), absent when none is on its way; it keeps to your depth while it flies;
- obs["Shark0"] .. obs["Shark11"] (8 x 7) and obs["Submarine0"] .. obs["Submarine11"] (8 x 11): enemies. They cross
  the screen in four lanes, lane 0 lowest (submarines at y 140, 116, 92, 68; sharks bob around that). A lane has three
  places, 16 pixels apart, 0 leftmost: enemy 3 * lane + place; a place that is empty is absent;
- obs["EnemyMissile0"] .. obs["EnemyMissile3"] (6 x 4): by lane, the missile that its submarines have fired, if any;
- obs["Diver0"] .. obs["Diver3"] (8 x 11): by lane, a diver to pick up, if any;
- obs["SurfaceSubmarine"] (8 x 8): patrols the surface from right to left, y 45, from the third round on;
- obs["oxygen"]: length of the oxygen bar in pixels, 0 to 63; obs["divers"]: how many are on board, 0 to 6;
  obs["facing"]: 1 if your submarine looks right, -1 if left; obs["lives"]: those left, this one included;
  obs["reward"]: points of the step before.
Each object is a dict of integers: x and y of its top left corner; w and h, its size; dx and dy, how far it moved since
the step before (0 if it was not there then). Any of them may be absent, so look with obs.get("Shark3"). The first 8
columns of the screen are black and hide what is there."""

ACTION = """\
Returns the action, an integer from 0 to 17: 0 stay, 1 fire, 2 up, 3 right, 4 left, 5 down, 6 up right, 7 up left, 8
down right, 9 down left; 10 to 17 are 2 to 9 with fire. Your submarine moves 4 pixels a step. It looks the way it last
went sideways, and so does its torpedo fly, 20 pixels a step; there is one at a time, and none near the surface (y below
51). Enemies go 1 or 2 pixels a step at first, missiles 4; all get faster from round to round. Under water (y from 53)
the bar loses a pixel every 8 steps. At the surface (y 46) it is filled, 2 pixels a step, while nothing else moves; this
takes one diver off board, and with none on board it costs the life. With six on board you get points for each and for
the oxygen left, and the next round begins. A touch of an enemy or missile costs the life and a diver; so does an empty
bar."""

SITUATION = """\
Returns what select_action should know of the situation, of any kind."""

HUNTING = """\
def analyze_situation(obs):
    player = obs.get("Player")
    if player is None:
        return None

    def distance(name):
        return abs(obs[name]["x"] - player["x"]) + abs(obs[name]["y"] - player["y"])

    return min((name for name in obs if name.startswith(("Shark", "Submarine"))), key=distance, default=None)
"""

CHASING = """\
def select_action(obs, situation):
    if situation is None:
        return 5
    if obs["oxygen"] < 12 and obs["divers"] > 0:
        return 2
    player, enemy = obs["Player"], obs[situation]
    if enemy["y"] < player["y"] - 4:
        return 10
    if enemy["y"] > player["y"] + 4:
        return 13
    return 11 if enemy["x"] > player["x"] else 12
"""

NEAREST = """\
def analyze_situation(obs):
    player = obs.get("Player")
    if player is None:
        return None

    def distance(name):
        return abs(obs[name]["x"] - player["x"]) + 3.0 * abs(obs[name]["y"] - player["y"])

    def nearest(*kinds):
        return min((name for name in obs if name.startswith(kinds)), key=distance, default=None)

    enemy, diver = nearest("Shark", "Submarine"), nearest("Diver")
    threat = nearest("Shark", "Submarine", "EnemyMissile", "Surface")
    if diver and enemy and distance(diver) > 0.3 * distance(enemy):
        diver = None
    return {"enemy": enemy, "threat": threat, "diver": diver}
"""

STEERING = """\
MOVES = (
    "stay", "fire", "up", "right", "left", "down", "up right", "up left", "down right", "down left",
    "up fire", "right fire", "left fire", "down fire",
    "up right fire", "up left fire", "down right fire", "down left fire",
)


def select_action(obs, situation):
    if situation is None:
        return MOVES.index("stay")
    player, x, y, fire = obs["Player"], 75.0, 60.0, False
    enemy, threat, diver = (obs.get(situation[kind]) for kind in ("enemy", "threat", "diver"))
    goal = diver or enemy
    if goal is not None:
        x, y = diver["x"] if diver else player["x"], goal["y"] + 3.0
    if obs["divers"] > 5.5 or (obs["divers"] and obs["oxygen"] < 8.0):
        y = float("-inf")
    if enemy is not None and abs(enemy["y"] - player["y"]) < 9.0:
        ahead = (enemy["x"] - player["x"]) * obs["facing"]
        fire = ahead > 0.0
        if not fire:
            x = enemy["x"]
    if threat is not None:
        away_x, away_y = player["x"] - threat["x"], player["y"] - threat["y"]
        if abs(away_x) < 16.0 and abs(away_y) < 12.0:
            y = player["y"] + away_y * 4.0
    words = []
    if abs(y - player["y"]) > 4.0:
        words.append("up" if y < player["y"] else "down")
    if abs(x - player["x"]) > 4.0:
        words.append("left" if x < player["x"] else "right")
    if fire:
        words.append("fire")
    return MOVES.index(" ".join(words) or "stay")
"""


def read_extras(objects: Objects) -> list[float]:
    """What the objects' vector holds beside boxes."""
    return [objects["oxygen"] / 63, objects["divers"] / 6, objects["facing"], min(objects["lives"] / 8, 1)]


class Seaquest(AtariTask):
    """Atari Seaquest: rescue divers, shoot sharks and submarines, breathe in time; the artifact is the policy.

    Objects, each with x, y, w, h, dx, dy in pixels of the 160 x 210 screen: ``Player``, ``PlayerMissile``; by lane and
    place (3 * lane + place, lane 0 lowest) ``Shark0`` .. ``Shark11``, ``Submarine0`` .. ``Submarine11``; by lane
    ``Diver0`` .. ``Diver3``, ``EnemyMissile0`` .. ``EnemyMissile3``; and ``SurfaceSubmarine``. Plain entries:
    ``oxygen``, ``divers``, ``facing``, ``lives``, and ``reward``, that of the step before. A diver's box leaves out
    the bubbles above it; ``Player`` has none once the wreck has turned into sparks.

    >>> seaquest = Seaquest(sticky=0.0)
    >>> sorted(seaquest.start_episode(seaquest.instances("train")[0], 0).observe())
    ['Player', 'divers', 'facing', 'lives', 'oxygen', 'reward']
    """

    game: ClassVar[str] = "seaquest"
    opening_steps: ClassVar[int] = 31
    horizon = 100
    screen: ClassVar = reader.SCREEN
    read_objects = staticmethod(reader.read_objects)
    layout: ClassVar = Layout(
        (
            *("Player", "PlayerMissile", *reader.SHARKS, *reader.SUBMARINES),
            *(*reader.ENEMY_MISSILES, *reader.DIVERS, "SurfaceSubmarine"),
        ),
        ("oxygen", "divers", "facing", "lives"),
        read_extras,
    )
    metric = Metric(
        name="points in a game, mean over games",
        low=0,
        high=999_999,
        floor=68.4,
        reference=20182,
        solved=None,
        record=59157,
        sources={
            "record": RECORD,
            "floor": "uniform random policy, Mnih et al. 2015 (Nature 518), extended data table 2",
            "reference": "human, Mnih et al. 2015 (Nature 518), extended data table 2",
        },
        published=literature.published("Seaquest"),
    )
    goal = """\
Write a policy for Atari Seaquest. Your submarine shoots sharks and enemy submarines (20 points each, more in later
rounds), picks up divers, and has to surface for oxygen, with at least one diver on board. Surfacing with six divers
pays most. There are four lives, and one more for every 10,000 points; a game ends with the last, or after {steps}
steps."""
    strategy = """\
Hint: come to an enemy's height from a distance, face it, and fire; then leave its lane. Between the lanes there is room
to wait. Divers are worth a detour, since without one on board you cannot surface. Turn upwards early enough: from the
bottom it takes about 25 steps."""
    protocols: ClassVar = published(episodes=1, steps=4000, solved=5000, one_life=True)
    default_start = "modular/naive"
    structures = two_step_structures(
        observation=OBSERVATION,
        action=ACTION,
        look="analyze_situation",
        seen="situation",
        returns=SITUATION,
        naive=TwoSteps(HUNTING, CHASING),
        parametric=TwoSteps(NEAREST, STEERING),
        draw="random.randrange(18)",
    )

    @staticmethod
    def mishap(objects: Objects, before: Objects) -> str:
        """The submarine is gone, some 8 steps after what hit it, and some 14 before the life is."""
        return "submarine lost" if "Player" in before and "Player" not in objects else ""

    def staged(self, score: float) -> str:
        if score <= 0:
            return "No points yet: get to an enemy's height, face it and fire."
        if score < 2000:
            return (
                "You hit something: now stay alive. Dodge, pick up divers, and surface with one before the air is out."
            )
        return "You shoot many: what pays most is to surface in time, with six divers on board."
