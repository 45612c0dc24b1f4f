"""Edits as a line of numbers: a short page in, new values for the artifact's numbers out."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np

from genopt_gym.core.actions import MAX_TEXT_CHARS
from genopt_gym.core.edit import UnusableReply
from genopt_gym.core.metric import Metric
from genopt_gym.core.spaces import Edits, Unicode
from genopt_gym.env import Action
from genopt_gym.observation import Observation
from genopt_gym.wrappers.codec import edited_env
from genopt_gym.wrappers.slots import Slots, Texts

PAGE = "Score {score:g}: [{numbers}]\nScore {goal:g}: ["
"""Two lines of a list, as small models know them from code; a reply goes on with the second."""
NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
LINE = re.compile(rf"[\s,;\[\]()]*{NUMBER}(?:[\s,;]+{NUMBER})*[\s,;.\[\]()]*")
"""Numbers between blanks, commas or semicolons; brackets may stand around them."""
DIGITS = 2
"""Shown of each number, and four of scores: a small model writes as many, and every digit is a token."""
CHARS_OF_A_NUMBER = 320


class NumbersCodec:
    """Makes pages out of observations, and edits out of replies.

    Args:
        edits: action space of the environment; its texts are the starting artifact.
        metric: of the task.

    Raises:
        ValueError: the texts have no numbers.
    """

    def __init__(self, edits: Edits, metric: Metric) -> None:
        self.slots = Slots(edits.texts)
        self._metric = metric
        if not self.count:
            raise ValueError(
                f"there is no number to set in {', '.join(edits.texts)}; make the environment with a start that has "
                "some, such as start='modular/parametric'"
            )

    @property
    def count(self) -> int:
        """How many numbers a reply has."""
        return len(self.slots.unit)

    def page(self, texts: Texts, score: float) -> str:
        """What a model is shown of an artifact with these texts and its score: it goes on with better numbers.

        The score to reach is the metric's reference, or the artifact's own where that is better.
        """
        goal = score if self._metric.better(score, self._metric.reference) else self._metric.reference
        numbers = ", ".join(f"{_rounded(value, DIGITS):g}" for value in self.slots.values(texts))
        return PAGE.format(score=_rounded(score, 2 * DIGITS), goal=_rounded(goal, 2 * DIGITS), numbers=numbers)

    def read(self, reply: str) -> list[float] | UnusableReply:
        """The numbers of a reply's first line that is not blank, or why there are none."""
        line = next((line.strip() for line in reply.splitlines() if line.strip()), "")
        found = [float(number) for number in re.findall(NUMBER, line)] if LINE.fullmatch(line) else []
        if len(found) != self.count or not all(map(math.isfinite, found)):
            return UnusableReply(f"A reply is one line of {self.count} numbers and nothing else, not {line!r:.100}")
        return found

    def edit(self, texts: Texts, reply: str) -> Mapping[str, str] | UnusableReply:
        """These texts with the numbers of a reply, or why there are none."""
        found = self.read(reply)
        return found if isinstance(found, UnusableReply) else self.slots.with_values(texts, np.array(found))


def _rounded(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")


class NumbersReply(gym.Wrapper[Any, Any, Observation, Action], gym.utils.RecordConstructorArgs):
    r"""A reply is one line of numbers: new values for all numbers of the artifact, in the order of its texts.

    It is for language models that are too small to write code. The page shows the artifact's score and its numbers,
    with two digits, and ends where a reply begins. A reply with another count of numbers, or with words in its first
    line, costs a step as any other edit that cannot be read. Ints are rounded. Which numbers there are is fixed when
    the wrapper is made.

    Args:
        env: an ``OptimizationEnv``.

    >>> env = NumbersReply(gym.make("GenOpt/Control-CartPole-v0", start="modular/parametric"))
    >>> print(env.reset(seed=0)[0])
    Score 21.06: [0.5, 0.5, 1, 0.2, 0.1]
    Score 475: [
    >>> page, reward, _, _, info = env.step("0.1, -0.1, 5, -1.5, 0]")
    >>> info["outcome"], float(reward) > 0.9
    ('ok', True)
    """

    def __init__(self, env: gym.Env[Observation, Action]) -> None:
        gym.utils.RecordConstructorArgs.__init__(self)
        super().__init__(env)
        core, edits = edited_env(env)
        self.codec = NumbersCodec(edits, core.metric)
        self.action_space = Unicode(MAX_TEXT_CHARS)
        self.observation_space = Unicode(len(PAGE) + CHARS_OF_A_NUMBER * (self.codec.count + 2))

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """Begin a run; ValueError if ``options["artifact"]`` gives it other numbers than those of the start."""
        observation, info = self.env.reset(seed=seed, options=options)
        self.codec.slots.check(observation["artifact"])
        return self._page(observation), info

    def step(self, action: str) -> tuple[str, SupportsFloat, bool, bool, dict[str, Any]]:
        edit = self.codec.edit(self._texts, action)
        observation, reward, terminated, truncated, info = self.env.step(edit)
        return self._page(observation), reward, terminated, truncated, info

    def _page(self, observation: Observation) -> str:
        self._texts = observation["artifact"]
        return self.codec.page(self._texts, float(observation["score"][0]))
