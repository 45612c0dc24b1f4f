"""NetHack's tasks: points, the way down, food, gold."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from genopt_gym.core.errors import UserError
from genopt_gym.core.evidence import Call, Instance, Recorder
from genopt_gym.core.task import Metric
from genopt_gym.envs.nethack.game import Game, action_words, answer_words, lacks
from genopt_gym.envs.nethack.keys import DIRECTIONS
from genopt_gym.envs.nethack.player import NAIVE, WORKING
from genopt_gym.envs.nethack.terminal import draw
from genopt_gym.envs.rollout import RolloutTask
from genopt_gym.envs.starts import two_step_structures
from genopt_gym.sandbox.session import Session

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OBSERVATION = """\
obs is a dict:
- screen: the terminal, a list of 24 texts of 80 characters: a line of messages, 21 of the level, two of statistics;
- cursor: [line, column] of the cursor, which is where the player stands unless the game asks something;
- stats: a dict of integers: x, y (the player is at screen[y + 1][x]), hit_points, max_hit_points, depth, gold, energy,
  armor_class, experience_level, turn, hunger (0 satiated, 1 normal, 2 hungry, 3 weak, 4 fainting), score;
- inventory: a dict from letters to descriptions of things;
- messages: a list of texts, what the game has said since the last action;
- asks: whether the game waits for an answer (the question is the last message, or on the screen)."""

ACTION = f"""\
Returns the action, a text. Commands: {action_words()}. While the game asks, the answer is a key: {answer_words()},
or a direction by its name; any other command is then pressed as the key that it has. Walking into a monster attacks it;
money, scrolls, potions and wands are picked up by walking over them. A pet changes places with whoever walks into it.
State may be kept in global variables: they last for one trial, which is one game, and every trial begins anew."""

SEEN = "Returns whatever helps to choose the action. select_action gets it."

PUBLISHED = {
    "NetHack Challenge 2021 (Hambro et al. 2022), AutoAscend, the first of all, about, median of points": 5300,
    "NetHack Learning Environment's open PPO baseline (sample-factory), median points of whole games": 400,
}
"""Of games without a cap on steps, and with characters of all roles."""


class Episode:
    """A game, and what every action of it brings."""

    def __init__(self, task: NetHackTask, game: Game) -> None:
        self.game = game
        self._task = task
        self._measured = task.measure(game)

    def observe(self) -> dict[str, Any]:
        return self.game.observe()

    def lacks(self, result: Any) -> str | None:
        return lacks(self.game.asks, result)

    def step(self, action: str) -> tuple[float, bool]:
        self.game.do(action)
        before, self._measured = self._measured, self._task.measure(self.game)
        return self._task.gain(before, self._measured), self.game.over or self._task.is_done(self.game)


class NetHackTask(RolloutTask):
    """A game of NetHack; the artifact is the player.

    Args:
        max_steps: actions after which a game ends.
        sizes: see ``Task``.

    Raises:
        UserError: NLE is not installed.
    """

    family: ClassVar[str] = "NetHack"
    block_size: ClassVar[int] = 8
    horizon = 40
    default_start = "modular/naive"
    structures = two_step_structures(
        observation=OBSERVATION,
        action=ACTION,
        look="read_map",
        seen="seen",
        returns=SEEN,
        naive=NAIVE,
        parametric=None,
        # Moves and what is safe: going up from the first level would end the game at once.
        draw=f"random.choice({[*DIRECTIONS, 'search', 'down']})",
        working=WORKING,
        action_type="str",
        idle='"search"',
    )
    strategy = """\
Hint: a program gets far by exploring each level in order, going down when the stairs are found, fighting what is weak,
eating when hungry, and praying once when near death."""
    goal = ""

    def __init__(self, *, max_steps: int = 2000, **sizes: Any) -> None:
        super().__init__(**{"validation_size": 8, "test_size": 20} | sizes)
        if importlib.util.find_spec("nle") is None:
            raise UserError("NetHack needs NLE, in an environment of its own: pip install 'genopt-gym[nethack]'")
        if not isinstance(max_steps, int) or isinstance(max_steps, bool) or max_steps < 1:
            raise ValueError(f"max_steps must be a whole number from 1, got {max_steps!r}")
        self.max_inner_steps = max_steps
        self.goal = self.goal.replace("{steps}", f"{max_steps:,}")
        self._games: list[Game] = []

    def measure(self, game: Game) -> float:
        """What counts: here the points."""
        return float(game.statistics["score"])

    def gain(self, before: float, after: float) -> float:
        """What an action earns by changing this."""
        return after - before

    def is_done(self, game: Game) -> bool:
        """Whether the game ends here because all is earned."""
        return False

    def start_episode(self, instance: Instance, slot: int) -> Episode:
        self._games.append(Game(self.seed(instance)))
        return Episode(self, self._games[-1])

    def run(self, session: Session, recorders: Sequence[Recorder]) -> None:
        try:
            super().run(session, recorders)
        finally:
            while self._games:
                self._games.pop().close()

    def returns(self) -> str:
        return f"an action, one of the texts {action_words()}; while the game asks, also {answer_words()}"

    def checks(self, episodes: Sequence[Any]) -> list[Callable[[Any], str | None]]:
        return [episode.lacks for episode in episodes]

    def shown(self, observation: Any, calls: list[Call]) -> tuple[Any, list[Call]]:
        lines = {str(number): line.rstrip() for number, line in enumerate(observation["screen"]) if number}
        rest = {name: value for name, value in observation.items() if name not in ("screen", "stats", "messages")}
        inventory = " ".join(f"{letter}:{text};" for letter, text in observation["inventory"].items())
        cells = {"messages": " / ".join(observation["messages"]), **rest, "inventory": inventory, "screen": lines}
        return cells, [Call(call.component, call.arguments, _short(call.result)) for call in calls]

    def film(
        self, instance: Instance, actions: Sequence[Any], moments: Sequence[int], boxes: bool = False
    ) -> Iterator[NDArray[np.uint8]]:
        game, played = Game(self.seed(instance)), 0
        try:
            for moment in moments:
                for action in actions[played:moment]:
                    game.do(action)
                played = moment
                yield draw(*game.screen_colours())
        finally:
            game.close()


def _short(result: Any) -> Any:
    return f"{len(result)} entries" if type(result) in (dict, list) and len(result) > 20 else result


SOURCES = {"floor": "uniformly random moves, search and down, measured over 20 test games"}


class NetHackScore(NetHackTask):
    """As many points as possible within 2,000 actions.

    Points come from depth, gold, and experience. Whole games without a cap: the first of the NetHack Challenge 2021,
    AutoAscend, reached a median of about 5,300 points, over characters of all roles.
    """

    metric = Metric(
        "points of a game, mean over games",
        *(0, 1_000_000, 33, 5300, None),
        sources={
            **SOURCES,
            "reference": "about the median of AutoAscend in the NetHack Challenge 2021, in games without a cap",
        },
        published=PUBLISHED,
    )
    goal = """\
Write a player for NetHack who gets as many points as possible within {steps} actions. The player is a monk;
points come from experience, gold, and depth reached (50 a level). A game ends with death."""

    def staged(self, score: float) -> str:
        if score < 100:
            return "Hardly any points: go down, and fight what is weak."
        if score < 1000:
            return "Some points: see what ended the games, and how deep they got."
        return "Many points: what is left is to live longer, and to get deeper."


class NetHackStaircase(NetHackTask):
    """Get onto the stairs that lead down, within 2,000 actions; a game that gets there scores 1, any other 0."""

    metric = Metric(
        "share of games in which the stairs down are reached",
        *(0, 1, 0.05, 1, None),
        sources={**SOURCES, "reference": "every game"},
    )
    goal = """\
Write a player for NetHack who steps onto a staircase down (>), as there is one on the first level. That ends the game,
and scores 1; death or {steps} actions without it score 0."""

    def measure(self, game: Game) -> float:
        return float(game.on_stairs_down)

    def gain(self, before: float, after: float) -> float:
        return after

    def is_done(self, game: Game) -> bool:
        return game.on_stairs_down


class NetHackEat(NetHackTask):
    """Eat as much as possible within 2,000 actions: the score is the nutrition of what was eaten."""

    metric = Metric(
        "nutrition of what was eaten in a game, mean over games",
        *(0, 100_000, 0, 2000, None),
        sources={**SOURCES, "reference": "as much as a full stomach holds: above 2,000 the player chokes"},
    )
    goal = """\
Write a player for NetHack who eats as much as possible within {steps} actions, things out of the pack and corpses.
The score is by how much nutrition rises, all rises added up; what is used up is not taken off. Who eats on when
satiated may choke, and a game ends with death."""

    def measure(self, game: Game) -> float:
        return float(game.nutrition)

    def gain(self, before: float, after: float) -> float:
        return max(0.0, after - before)


class NetHackGold(NetHackTask):
    """Find as much gold as possible within 2,000 actions."""

    metric = Metric(
        "gold pieces at the end of a game, mean over games",
        *(0, 1_000_000, 2, 1000, None),
        sources={**SOURCES, "reference": "a round number, for nobody has published this with these rules"},
    )
    goal = """\
Write a player for NetHack who collects as much gold as possible within {steps} actions. It lies on the floor ($),
and is picked up by walking over it; deeper levels have more."""

    def measure(self, game: Game) -> float:
        return float(game.statistics["gold"])
