"""An episode in which a model's replies are the edits, and pages of text are what it sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from genopt_gym.making import optimization_env
from genopt_gym.runs.config import Config
from genopt_gym.training.conversation import Conversation
from genopt_gym.wrappers.text import ASKED


class Turn(NamedTuple):
    """What became of a reply.

    Attributes:
        page: what the model is to see.
        reward: of the step.
        done: whether the episode has ended.
        info: of the step.
    """

    page: str
    reward: float
    done: bool
    info: dict[str, Any]


class TextEpisode:
    r"""One episode of an environment, as a conversation.

    Args:
        id: the environment.
        parameters: keywords of ``gym.make``.
        edits: steps of the episode; the id's own number if left out.

    Raises:
        UserError: the id, a keyword or a value is wrong.

    >>> episode = TextEpisode("GenOpt/Control-CartPole-v0", edits=2)
    >>> episode.begin(seed=0).startswith("#Problem\nWrite a policy for a cart")
    True
    >>> turn = episode.answer("I would not change anything.")
    >>> turn.info["outcome"], turn.reward, turn.done
    ('unparsable', 0.0, False)
    """

    def __init__(self, id: str, parameters: Mapping[str, Any] | None = None, edits: int | None = None) -> None:
        self._env = Config(id, "trainer", edits=edits, parameters=dict(parameters or {})).make()
        self._conversation = Conversation(ASKED.format(names=", ".join(optimization_env(self._env).editable)))
        self.gain = 0.0
        """The rewards so far, summed."""

    @property
    def best_score(self) -> float:
        """The best observed so far."""
        return float(self._info["best_score"])

    def begin(self, seed: int) -> str:
        """The first page, which tells everything."""
        observation, self._info = self._env.reset(seed=seed)
        self.gain = 0.0
        return self._conversation.first(observation)

    def answer(self, reply: str) -> Turn:
        """Make the edit that a reply holds; one without costs a step all the same."""
        observation, reward, terminated, truncated, info = self._env.step(reply)
        self._info = info
        done = bool(terminated or truncated)
        self.gain += float(reward)
        written = observation["artifact"] if info["accepted"] else {}
        return Turn(self._conversation.next(observation, written, done), float(reward), done, info)

    def close(self) -> None:
        self._env.close()
