"""MiniGrid: mazes of which a player sees only what is in front of it, so that a program has to remember."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, ClassVar

import gymnasium as gym
import numpy as np

from genopt_gym.core.artifact import Structure
from genopt_gym.core.errors import ParameterError, UserError
from genopt_gym.core.evidence import Call, Instance
from genopt_gym.core.task import Metric
from genopt_gym.envs.control.gymnasium_task import GymnasiumTask
from genopt_gym.envs.minigrid_explorer import EXPLORER, NAIVE
from genopt_gym.envs.rollout import Simulator
from genopt_gym.envs.starts import two_step_structures

if TYPE_CHECKING:
    from numpy.typing import NDArray

ACTIONS = ("left", "right", "forward", "pickup", "drop", "toggle", "done")
DIRECTIONS = ("east", "south", "west", "north")
OBJECTS = ("unseen", "empty", "wall", "floor", "door", "key", "ball", "box", "goal", "lava", "agent")
COLOURS = ("red", "green", "blue", "purple", "yellow", "grey")
STATES = ("open", "closed", "locked")
VIEW = 7

OBSERVATION = f"""\
obs is a dict:
- view: what is seen, a list of {VIEW} rows of {VIEW} cells, from the farthest row to the one that the player stands in,
  each from left to right; the player is at view[6][3] and looks towards view[0][3], so view[5][3] is in front of it. A
  cell is a text: "unseen" (behind a wall or a closed door), "empty", "wall", "goal", "lava", "agent" (the player), or
  an object and its colour: "key red", "ball blue", "box green"; a door has its state too: "door red open", "door red
  closed" or "door red locked";
- direction: where the player looks, "east", "south", "west" or "north";
- carrying: the object that the player carries, such as "key red", or "";
- mission: what has to be done, a text.
No position is told: whoever wants to know where it is has to keep count."""

ACTION = """\
Returns the action, a text: "left" or "right" turns by 90 degrees where the player stands; "forward" goes to the cell in
front, if that is empty, an open door, the goal or lava; "pickup" takes the key, ball or box in front, if nothing is
carried; "drop" puts what is carried onto the empty cell in front; "toggle" opens or closes the door in front (a locked
one only if a key of its colour is carried) or opens a box, in whose place is then what was in it; "done" does nothing.
State may be kept in global variables: they last for one trial, which is one maze, and every trial begins anew."""

PLAN = "Returns whatever helps to choose the action. select_action gets it."


class MiniGridEpisode:
    """A maze that is being played, with names for all that is in it."""

    def __init__(self, env: gym.Env[Any, Any], seed: int, actions: Sequence[str]) -> None:
        self.env: Any = env
        self._numbers = {name: number for number, name in enumerate(actions)}
        self._values, _ = env.reset(seed=seed)

    def observe(self) -> dict[str, Any]:
        view = [[cell_name(*cell) for cell in row] for row in self._values["image"].transpose(1, 0, 2).tolist()]
        carrying = view[-1][VIEW // 2]
        view[-1][VIEW // 2] = "agent"
        return {
            "view": view,
            "direction": DIRECTIONS[self._values["direction"]],
            "carrying": "" if carrying == "empty" else carrying,
            "mission": str(self._values["mission"]),
        }

    def step(self, action: str) -> tuple[float, bool]:
        self._values, reward, terminated, truncated, _ = self.env.step(self._numbers[action])
        return float(reward), terminated or truncated


def cell_name(kind: int, colour: int, state: int) -> str:
    """A cell of MiniGrid's encoding in words.

    >>> cell_name(4, 0, 2), cell_name(5, 4, 0), cell_name(2, 5, 0)
    ('door red locked', 'key yellow', 'wall')
    """
    name = OBJECTS[kind]
    if name == "door":
        return f"door {COLOURS[colour]} {STATES[state]}"
    return f"{name} {COLOURS[colour]}" if name in ("key", "ball", "box") else name


def maze_structures(actions: Sequence[str]) -> dict[str, Structure]:
    """The starts of a player that has these actions."""
    return two_step_structures(
        observation=OBSERVATION,
        action=ACTION,
        look="look_around",
        seen="targets",
        returns=PLAN,
        naive=NAIVE,
        parametric=None,
        draw=f"random.choice({list(actions)})",
        working=EXPLORER,
        action_type="str",
        idle='"forward"',
    )


class MiniGridTask(GymnasiumTask):
    """A maze of MiniGrid; the artifact is the player. The score is the environment's own return: 1 less 0.9 of the
    share of the steps that were needed, or 0 where the mission was not accomplished.

    Args:
        max_steps: after how many an episode ends, if the environment's own cap is not reached before.
        sizes: see ``Task``.

    Raises:
        UserError: MiniGrid is not installed.
    """

    family: ClassVar[str] = "MiniGrid"
    block_size: ClassVar[int] = 8
    horizon = 60
    actions: ClassVar[Sequence[str]] = ACTIONS
    default_start = "modular/naive"
    structures = maze_structures(ACTIONS)
    strategy = """\
Hint: turn what is seen into a map, by keeping count of turns and steps, and go to the nearest place that is still
unknown until you see what you need."""

    def __init__(self, *, max_steps: int | None = None, **sizes: Any) -> None:
        super().__init__(**{"validation_size": 6, "test_size": 32} | sizes)
        if importlib.util.find_spec("minigrid") is None:
            raise UserError(f"{type(self).__name__} needs MiniGrid: pip install 'genopt-gym[minigrid]'")
        if max_steps is not None:
            if not isinstance(max_steps, int) or isinstance(max_steps, bool) or max_steps < 1:
                raise ValueError(f"max_steps must be a whole number from 1, got {max_steps!r}")
            self.max_inner_steps = min(self.max_inner_steps, max_steps)
        if self.max_inner_steps < type(self).max_inner_steps:
            self.goal += f" Here an episode ends after {self.max_inner_steps:,} steps at the latest."

    def put_on(self, disguise: int) -> None:
        raise ParameterError("disguise: MiniGrid has none, for its cells and actions are words", "disguise")

    def make_inner(self, render_mode: str | None = None) -> gym.Env[Any, Any]:
        importlib.import_module("minigrid")  # registers its environments
        return super().make_inner(render_mode)

    def start_episode(self, instance: Instance, slot: int) -> Simulator:
        return MiniGridEpisode(self._env(slot), self.seed(instance), self.actions)

    def returns(self) -> str:
        return f"one of the texts {', '.join(self.actions)}"

    def checks(self, episodes: Sequence[Any]) -> list[Callable[[Any], str | None]]:
        words = f"an action is one of {', '.join(self.actions)}"
        return [lambda result: None if type(result) is str and result in self.actions else words] * len(episodes)

    def shown(self, observation: Any, calls: list[Call]) -> tuple[Any, list[Call]]:
        rows = {str(number): in_runs(row) for number, row in enumerate(observation["view"])}
        return {**observation, "view": rows}, calls

    def film(
        self, instance: Instance, actions: Sequence[Any], moments: Sequence[int], boxes: bool = False
    ) -> Iterator[NDArray[np.uint8]]:
        episode = MiniGridEpisode(self._env(0), self.seed(instance), self.actions)
        played = 0
        for moment in moments:
            for action in actions[played:moment]:
                episode.step(action)
            played = moment
            yield np.asarray(episode.env.get_frame(tile_size=16), np.uint8)

    def staged(self, score: float) -> str:
        if score < 0.05:
            return "The mission is hardly ever accomplished, or very late: see where the player spends its time."
        if score < 0.7:
            return (
                "The mission is accomplished at times, or by long ways: look at the trials that failed, and at detours."
            )
        return "The mission is mostly accomplished; what is left are trials that fail, if there are any, and detours."


def in_runs(row: Sequence[str]) -> str:
    """A row of what is seen, equal neighbours counted.

    >>> in_runs(["wall", "wall", "door red open", "empty", "empty", "empty", "wall"])
    'wall x2 | door red open | empty x3 | wall'
    """
    runs = [(cell, len(list(run))) for cell, run in groupby(row)]
    return " | ".join(cell if count == 1 else f"{cell} x{count}" for cell, count in runs)


def _metric(floor: float, low: float = 0) -> Metric:
    sources = {
        "floor": "uniform random policy, measured over 64 test mazes (16 where they are long)",
        "reference": "a mission that takes no step, which there is not",
    }
    return Metric("return of an episode, mean over mazes", low, 1, floor, 1, None, sources=sources)


class DoorKey(MiniGridTask):
    """Find the key, open the door with it, get to the goal (``MiniGrid-DoorKey-16x16-v0``)."""

    inner = "MiniGrid-DoorKey-16x16-v0"
    max_inner_steps = 2560
    metric = _metric(0)
    goal = """\
Write a player for a maze of two rooms: a key lies in the one, a locked door leads to the other, where the goal is. The
score of an episode is 1 - 0.9 * steps / 2560 once the goal is reached, else 0."""


class KeyCorridor(MiniGridTask):
    """Find the key in one of the rooms beside a corridor, and the ball behind the locked door
    (``MiniGrid-KeyCorridorS6R3-v0``)."""

    inner = "MiniGrid-KeyCorridorS6R3-v0"
    max_inner_steps = 1080
    metric = _metric(0)
    goal = """\
Write a player for a corridor with rooms at both sides: in one of them is a key, in a locked one the ball that the
mission names, which has to be picked up. The
score of an episode is 1 - 0.9 * steps / 1080 once that is done, else 0."""


class ObstructedMaze(MiniGridTask):
    """A blue ball in a maze of nine rooms; doors are locked and obstructed by balls, keys are hidden in boxes
    (``MiniGrid-ObstructedMaze-Full-v1``)."""

    inner = "MiniGrid-ObstructedMaze-Full-v1"
    max_inner_steps = 3600
    metric = _metric(0)
    goal = """\
Write a player for a maze of three by three rooms: the blue ball in one of the corners has to be picked up. The doors to
the corners are locked, and balls stand in front of them, which have to be put aside; keys are hidden in boxes, which
are toggled. The score of an episode is 1 - 0.9 * steps / 3600 once that is done, else 0."""


class Memory(MiniGridTask):
    """See an object, walk along a hallway, and turn to the same object there (``MiniGrid-MemoryS17Random-v0``)."""

    inner = "MiniGrid-MemoryS17Random-v0"
    max_inner_steps = 1445
    metric = _metric(0.28)
    goal = """\
Write a player for a hallway: in the room at its beginning is an object, a key or a ball; at its end it splits, with a
key at one side and a ball at the other. The player has to walk up to the one that is as the object in the room; the
other ends the episode too. Nothing can be picked up here. The score of an episode is 1 - 0.9 * steps / 1445 if it was
right, else 0."""


class LavaCrossing(MiniGridTask):
    """Get to the goal across rivers of lava, which end the episode (``MiniGrid-LavaCrossingS11N5-v0``)."""

    inner = "MiniGrid-LavaCrossingS11N5-v0"
    max_inner_steps = 484
    metric = _metric(0)
    goal = """\
Write a player for a room with five rivers of lava, each with one gap: the goal is in the opposite corner. To step into
lava ends the episode. Its score is 1 - 0.9 * steps / 484 once the goal is reached, else 0."""


class DynamicObstacles(MiniGridTask):
    """Get to the goal past balls that move (``MiniGrid-Dynamic-Obstacles-16x16-v0``)."""

    inner = "MiniGrid-Dynamic-Obstacles-16x16-v0"
    max_inner_steps = 1024
    actions = ("left", "right", "forward")
    structures = maze_structures(actions)
    metric = _metric(-1, low=-1)
    goal = """\
Write a player for a room in which balls move at random, by one cell each step: the goal is in the opposite corner. To
go forward into a ball or a wall ends the episode with -1, also where the ball was in front and has just moved on; the
score is 1 - 0.9 * steps / 1024 once the goal is reached, and 0 if neither happens. Only left, right and forward are
actions here."""

    def staged(self, score: float) -> str:
        if score < 0:
            return "More episodes end at a ball or a wall than at the goal: see what was in front when they did."
        return super().staged(score)


class MultiRoom(MiniGridTask):
    """Six rooms in a row, with closed doors between, and 120 steps to get to the goal in the last
    (``MiniGrid-MultiRoom-N6-v0``)."""

    inner = "MiniGrid-MultiRoom-N6-v0"
    max_inner_steps = 120
    metric = _metric(0)
    goal = """\
Write a player for six rooms in a row, joined by closed doors: the goal is in the last. There are 120 steps. The score
of an episode is 1 - 0.9 * steps / 120 once the goal is reached, else 0."""
