"""Q*bert: contracts, starting artifacts and metric."""

from __future__ import annotations

from typing import ClassVar

from genopt_gym.core.metric import RECORD
from genopt_gym.core.task import Metric
from genopt_gym.envs.atari import literature
from genopt_gym.envs.atari.emulator import AtariTask, Objects, published
from genopt_gym.envs.atari.layout import Layout, numbered
from genopt_gym.envs.atari.readers import qbert as reader
from genopt_gym.envs.starts import TwoSteps, two_step_structures

OBSERVATION = """\
obs is a dict of what is on the screen (160 wide, 210 high, y grows downwards), once every 4 frames:
- obs["cubes"]: the pyramid, a list of 6 lists, the top row first; obs["cubes"][r][c] says how many hops the cube in
  row r (0 to 5), c-th from the left (0 to r), still needs until its top has the wanted colour: 0, 1 or 2;
- obs["row"], obs["col"]: the cube that you stand on; absent while you cannot hop (see below);
- obs["Player"] (8 x 18, or 8 x 19 after a hop down): absent before a life begins and while you are out of sight;
- obs["Coily"] (8 x 15, 18 or 21, as it crouches or stretches), the snake that follows you; obs["PurpleBall"], which
  becomes Coily in the last row; obs["GreenBall"] (a ball is 7 x 9, then 7 x 6 once it has landed); obs["Sam"] (8 x
  18), who undoes cubes; obs["Curse"] (8 x 21), a sign beside you when you were caught. Absent when there is none;
- obs["Disk0"] .. obs["Disk4"] (8 x 2): the disks beside the pyramid that have not been used. Up left from (row, col) =
  (4, 0) leads to Disk0, up right from (4, 4) to Disk1; from the sixth round on there are also Disk2, up left from
  (2, 0), Disk3, up right from (2, 2), and Disk4, up right from (0, 0);
- obs["frozen"]: 1 while the background flashes after you caught a GreenBall, else 0; obs["lives"]: those left, this
  one included, 4 at first; obs["reward"]: points of the step before.
Each object is a dict of integers: x and y of its top left corner; w and h, its size; dx and dy, how far it moved since
the step before (0 if it was not there then). The top of cube (r, c) begins at x 68 - 12 r + 24 c, 4 more where 2 c > r,
and at y 34, 62, 91, 120, 149, 178 by row; it is 20 x 5. An enemy is in row (y + h - 19) // 29, and with
i = round((x + w / 2 - 20) / 12) its column is (i - 5 + row) // 2."""

ACTION = """\
Returns the action, an integer: 2 hops up right, to (row - 1, col); 3 down right, to (row + 1, col + 1); 4 up left, to
(row - 1, col - 1); 5 down left, to (row + 1, col); 0 and 1 stay. A hop off the pyramid costs a life, unless a disk is
there: it takes you to the top in 30 to 40 steps. A hop takes 6 or 7 steps. Meanwhile, and while you fall or ride, for
32 steps after you were caught, and at the start of a life (38 steps), "row" and "col" are absent and actions do
nothing. The first step of an action may come to nothing too: keep it up until you leave.
Enemies hop once in 16 steps (14 from the fifth round on, 12 from the ninth), all at the same time. Balls and Sam come
in at the second row and hop down, to the left or the right by chance; Coily comes after you, and hops off the pyramid
if it is near when you leave by a disk. Coily and PurpleBall cost a life when they touch you, except while "frozen" is
1; Sam and GreenBall are caught. A caught GreenBall stops all enemies for 70 steps; for 54 of them they are harmless.
Points: 25 for a cube that gets the wanted colour, 100 for a GreenBall, 300 for Sam, 500 for Coily lured off, 3100 for a
round; and a life more after rounds 5, 9, 13 and so on. Rounds 1 to 4 need one hop a cube, 5 to 8 two; from the ninth
on, a hop on a finished cube undoes it."""

SITUATION = """\
Returns what select_action should know of the situation, of any kind."""

LOOKING = """\
def analyze_situation(obs):
    if "row" not in obs:
        return None
    row, col = obs["row"], obs["col"]
    ways = {2: (row - 1, col), 3: (row + 1, col + 1), 4: (row - 1, col - 1), 5: (row + 1, col)}
    return {action: (r, c) for action, (r, c) in ways.items() if 0 <= c <= r < 6}
"""

HOPPING = """\
def select_action(obs, situation):
    if situation is None:
        return 0
    for action, (row, col) in situation.items():
        if obs["cubes"][row][col]:
            return action
    return min(situation)
"""

SORTING = """\
def analyze_situation(obs):
    if "row" not in obs:
        return None
    goals = [(row, col) for row, cubes in enumerate(obs["cubes"]) for col, hops in enumerate(cubes) if hops]
    enemies = [] if obs["frozen"] else [obs[name] for name in ("Coily", "PurpleBall") if name in obs]
    prey = [obs[name] for name in ("Sam", "GreenBall") if name in obs]
    return {"goals": goals, "enemies": enemies, "prey": prey}
"""

WEIGHING = """\
MOVES = ("stay", "fire", "up right", "down right", "up left", "down left")
ONE = int(True)  # as a name, since a search of the numbers must not bend the pyramid


def gap(box, x, y):
    return abs(box["x"] - x) + abs(box["y"] + box["h"] - y)


def select_action(obs, situation):
    if situation is None:
        return MOVES.index("stay")
    player, cubes = obs["Player"], obs["cubes"]
    best, best_value = "stay", float("-inf")
    for move in MOVES:
        row, col, x, y = obs["row"], obs["col"], player["x"], player["y"] + player["h"]
        if "down" in move:
            row, col, y = row + ONE, col + ("right" in move), y + 20.0
        elif "up" in move:
            row, col, y = row - ONE, col - ("left" in move), y - 20.0
        x += 10.0 * (("right" in move) - ("left" in move))
        if row in range(len(cubes)) and col in range(len(cubes[row])):
            value = 0.5 if row == obs["row"] else 1.0 * cubes[row][col]
        elif "Coily" in obs and any(gap(obs[name], x, y) < 15.0 for name in obs if "Disk" in name):
            value = 8.0 - 1.0 * gap(obs["Coily"], x, y)
        else:
            continue
        goals = [goal for goal in situation["goals"] if goal != (row, col)]
        hops = [max(abs(row - r), abs(col + col - row - c - c + r)) for r, c in goals]
        value -= 0.1 * min(hops, default=ONE)
        value -= sum(1.0 for enemy in situation["enemies"] if gap(enemy, x, y) < 8.0)
        value += sum(1.0 for victim in situation["prey"] if gap(victim, x, y) < 8.0)
        if value > best_value:
            best, best_value = move, value
    return MOVES.index(best)
"""


def read_extras(objects: Objects) -> list[float]:
    """What the objects' vector holds beside boxes; no cube is -1."""
    place = [objects["row"] / 5, objects["col"] / 5] if "row" in objects else [-1, -1]
    hops = [hops / 2 for row in objects["cubes"] for hops in row]
    return [*place, objects["frozen"], min(objects["lives"] / 8, 1), *hops]


class Qbert(AtariTask):
    """Atari Q*bert: hop on every cube of the pyramid, and keep away from Coily; the artifact is the policy.

    Objects, each with x, y, w, h, dx, dy in pixels of the 160 x 210 screen: ``Player``, ``Coily``, ``PurpleBall``,
    ``GreenBall``, ``Sam``, ``Curse``, ``Disk0`` .. ``Disk4``. Plain entries: ``cubes`` (hops that each still needs),
    ``row`` and ``col`` (the cube that the player stands on), ``frozen``, ``lives``, and ``reward``, that of the step
    before. Where Coily and another enemy share a row the console draws them in turns, a frame each: both are there.
    ``Player`` has its whole box where cubes hide it as it falls. Red balls come only with the console's difficulty
    switch at A, which is at B here.

    >>> qbert = Qbert(sticky=0.0)
    >>> sorted(qbert.start_episode(qbert.instances("train")[0], 0).observe())
    ['Disk0', 'Disk1', 'cubes', 'frozen', 'lives', 'reward']
    """

    game: ClassVar[str] = "qbert"
    opening_steps: ClassVar[int] = 37
    has_lives: ClassVar[bool] = False  # ALE does not count those that are won, so read_objects does.
    horizon = 100
    screen: ClassVar = reader.SCREEN
    read_objects = staticmethod(reader.read_objects)
    layout: ClassVar = Layout(
        ("Player", "Coily", "PurpleBall", "GreenBall", "Sam", "Curse", *numbered("Disk", 5)),
        ("row", "col", "frozen", "lives", *(f"cubes.{row}.{column}" for row in range(6) for column in range(row + 1))),
        read_extras,
    )
    metric = Metric(
        name="points in a game, mean over games",
        low=0,
        high=1_000_000,
        floor=163.9,
        reference=13455,
        solved=None,
        record=35487.5,
        sources={
            "record": RECORD,
            "floor": "uniform random policy, Mnih et al. 2015 (Nature 518), extended data table 2",
            "reference": "human, Mnih et al. 2015 (Nature 518), extended data table 2",
        },
        published=literature.published("Qbert"),
    )
    goal = """\
Write a policy for Atari Q*bert. You hop about a pyramid of cubes; a hop changes the colour of the cube that it ends on.
When all 21 have the wanted colour, the next round begins. Enemies and the edges cost lives. Score as many points as
you can with 4 lives, in at most {steps} steps."""
    strategy = """\
Hint: never hop off an edge where there is no disk. Go for the nearest cube that still needs a hop: a finished round is
worth more than all else. A ball's next cube is one of the two below it; Coily goes up unless you are below it, and to
your side. You are twice as fast as the enemies, so count in their next hop, and don't let Coily drive you into a
corner: lure it to a disk."""
    protocols: ClassVar = published(episodes=1, steps=4000, solved=10000, one_life=True)
    default_start = "modular/naive"
    structures = two_step_structures(
        observation=OBSERVATION,
        action=ACTION,
        look="analyze_situation",
        seen="situation",
        returns=SITUATION,
        naive=TwoSteps(LOOKING, HOPPING),
        parametric=TwoSteps(SORTING, WEIGHING),
        draw="random.randrange(6)",
    )

    def staged(self, score: float) -> str:
        if score <= 0:
            return "No cube got its colour: hop to cubes that still need a hop, and keep on the pyramid."
        if score < 5000:
            return "Few rounds get finished: go for the cubes that are left, and away from Coily and the purple ball."
        return "Rounds get finished: now make lives last, and take the points for Coily, Sam and the green ball too."
