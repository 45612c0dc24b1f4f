"""No observation and no prompt grows with the run: thirty rewrites, as long as those of a strong model."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import pytest

from genopt_gym.agents import AgentDone
from genopt_gym.agents.proposer import Proposer
from genopt_gym.runs.learning import learn
from tests.envs.bbeh.checkout import REAL, needs_real_questions
from tests.helpers.loops import CARTPOLE

TABLES = os.environ.get("GENOPT_TEST_DATA", "") and os.path.join(os.environ["GENOPT_TEST_DATA"], "mlagentbench")
EDITS = 30
MOST = 40_000
WORDS = "ball paddle when the rule says that it is near and if so then not before left right score".split()  # noqa: SIM905


class Rewriting(Proposer):
    """Rewrites every line of every component at each edit, and keeps what it would have asked."""

    def __init__(self, chars: int) -> None:
        super().__init__(model="openai/none")
        self._chars = chars
        self.prompts: list[int] = []
        self.observations: list[int] = []

    def act(self, observation: dict[str, Any]) -> Mapping[str, str]:
        self.prompts.append(sum(len(message["content"]) for message in self.messages(observation)))
        self.observations.append(sum(len(observation[name]) for name in ("context", "trace", "feedback")))
        if len(self.tried) == EDITS:
            raise AgentDone
        draw = random.Random(len(self.tried))
        self._base = self.editable(observation)
        self._said = " ".join(draw.choices(WORDS, k=25)) + "."
        self._edit = {name: self._rewritten(name, draw) for name in self._base}
        return self._edit

    def _rewritten(self, name: str, draw: random.Random) -> str:
        """The starting text, among comments that are all new."""
        text = self.problem.action_space.texts[name]
        lines: list[str] = []
        while len(text) + sum(map(len, lines)) < self._chars:
            lines.append("# " + " ".join(draw.choices(WORDS, k=12)) + "\n")
        return "".join(lines) + text


def lengths(id: str, chars: int, **parameters: Any) -> Rewriting:
    agent = Rewriting(chars)
    learn(gym.make(id, max_episode_steps=EDITS + 1, **parameters), agent, seed=0)
    assert len(agent.prompts) == EDITS + 1
    return agent


@pytest.mark.parametrize("chars", [200, 6_000, 19_000])
def test_prompt_and_observation_do_not_grow(chars: int) -> None:
    """Here each trial's trace is as long as the other's."""
    start = {"start": "one_function/stub", "validation_size": 1, "credit_horizon": 5}
    agent = lengths(CARTPOLE, chars, **start)
    assert max(agent.prompts) < MOST
    # A memory of 20 edits is full by then, and numbers have a digit more.
    assert max(agent.prompts[24:]) <= max(agent.prompts[:24]) + 100
    assert max(agent.observations[1:]) - min(agent.observations[1:]) < 200


@needs_real_questions
@pytest.mark.parametrize("batch_size", [1, 3])
def test_boardgame_questions_fit(batch_size: int) -> None:
    """Of three questions at once, whole ones take up to 30,000 characters, and the program 18,000."""
    told = {"feedback": ["score", "answer"], "batch_size": batch_size}
    agent = lengths("GenOpt/BBEH-BoardgameQA-v0", 18_000, data_dir=REAL, validation_size=4, **told)
    assert max(agent.prompts) <= MOST


@pytest.mark.slow
@pytest.mark.skipif(not TABLES, reason="GENOPT_TEST_DATA is not set: no passengers")
def test_pipelines_of_five_components_fit() -> None:
    agent = lengths("GenOpt/MLAgentBench-SpaceshipTitanic-v0", 3_000, data_dir=TABLES, start="modular/stub")
    assert max(agent.prompts) < MOST
