"""What agents that ask a model must keep to, other libraries' optimizers above all."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import pytest

from genopt_gym.agents import Problem
from genopt_gym.core.task import Metric
from genopt_gym.env import OptimizationEnv
from genopt_gym.llm import Client, ModelError, Replies, Reply, Request, Settings
from genopt_gym.llm.backend import Backend
from genopt_gym.testing.agents import AgentConformance
from genopt_gym.testing.transcript import helpers, helpers_since, still_running


class PreparedModel(Backend):
    """A model in this process that counts its calls and tokens.

    Args:
        reply: what it says to a prompt. A token is what stands between two spaces.
    """

    def __init__(self, reply: Callable[[str], str]) -> None:
        self.reply = reply
        self.broken = False
        self.calls = self.tokens = 0

    async def complete(self, request: Request, settings: Settings) -> Reply:
        if self.broken:
            raise ModelError("the model is gone")
        said = self.reply("\n\n".join(str(message["content"]) for message in request.messages)).split(" ")
        finish, said = "length" if len(said) > request.max_tokens else "stop", said[: request.max_tokens]
        prompt_tokens = len(json.dumps(request.messages).split(" "))
        self.calls += 1
        self.tokens += prompt_tokens + len(said)
        return Reply(" ".join(said), finish, prompt_tokens, len(said), 0.0)

    def prices(self, model: str) -> tuple[float, float] | None:
        return 0.0, 0.0

    def context_tokens(self, model: str) -> int | None:
        return None


class ModelAgentConformance(AgentConformance):
    """``AgentConformance`` for agents with the options ``model`` and ``max_tokens``, and what concerns the model.

    Attributes:
        repeatable: whether the same replies lead to the same edits. If not, its runs cannot be resumed, and say so.
    """

    options: ClassVar[Mapping[str, Any]] = {"model": "prepared", "max_tokens": 200}
    parameters: ClassVar[Mapping[str, Any]] = {
        "start": "one_function/naive",
        "validation_size": 2,
        "credit_horizon": 5,
    }
    steps: ClassVar[int] = 3
    reads_words: ClassVar[bool] = True
    repeatable: ClassVar[bool] = True

    def reply(self, prompt: str) -> str:
        """What the model says: an edit of CartPole's policy that hangs on the prompt alone, and never solves it.

        Override it for an agent that wants replies in another form.
        """
        weight = zlib.crc32(prompt.encode()) % 997 / 1000
        lean = f"obs['pole_angle'] - {weight} * obs['pole_velocity']"
        return f"```python\ndef policy(obs):\n    return 1 if {lean} > 0 else 0\n```"

    @cached_property
    def model(self) -> PreparedModel:
        return PreparedModel(self.reply)

    recorded: Replies | None = None

    def problem(
        self, env: OptimizationEnv, seed: int, updates: int | None = None, metric: Metric | None = None
    ) -> Problem:
        told = super().problem(env, seed, updates, metric)
        client = Client(env.evaluator.budget, self.recorded, backend=self.model)
        return Problem(told.action_space, told.metric, updates, seed, client, told.trial_evaluator)

    def test_books(self) -> None:
        """The ledger holds just what the model has counted."""
        env = self.env()
        self.drive(seed=0, env=env)
        account = env.evaluator.ledger.models["proposer"]
        assert (account.calls, account.tokens) == (self.model.calls, self.model.tokens)
        assert self.model.calls

    def test_token_budget(self) -> None:
        """It ends the run, and the model's own count never passes it."""
        most = 12_000
        _, steps = self.drive(seed=0, env=self.env(budget={"tokens": most}), updates=1000)
        assert 1 <= len(steps) < 1000
        assert 0 < self.model.tokens <= most

    def test_trial_budget(self) -> None:
        """It ends the run, and is never passed."""
        env = self.env(budget={"trials": 20})
        _, steps = self.drive(seed=0, env=env, updates=1000)
        assert 1 <= len(steps) < 1000
        assert env.evaluator.ledger.total.trials <= 20

    def test_reply_that_was_cut_off(self) -> None:
        """It never becomes the artifact, even though what came of it could be run."""
        self.model.reply = lambda prompt: self.reply(prompt) + " And so on." * 200
        env = self.env()
        self.drive(seed=0, env=env)
        assert env.artifact.id == env.first.artifact.id
        assert "ok" not in [outcome for outcome, _, _ in env.history[1:]]

    def test_reply_without_an_edit(self) -> None:
        """It ends no run, and makes no artifact that runs."""
        self.model.reply = lambda prompt: "I would rather not."
        env = self.env()
        self.drive(seed=0, env=env)
        assert "ok" not in [outcome for outcome, _, _ in env.history[1:]]

    def test_model_that_fails(self) -> None:
        """What it says comes out of the run, which can be gone on with."""
        self.model.broken = True
        with pytest.raises(ModelError, match="the model is gone"):
            self.drive(seed=0)

    def test_resume(self, tmp_path: Path) -> None:
        """Driven again over recorded replies it makes the same edits, and asks nothing."""
        if not self.repeatable:
            pytest.skip("its runs cannot be resumed")
        runs, calls = [], []
        for _ in range(2):
            self.recorded = Replies(tmp_path / "replies.jsonl")
            runs.append([step.edit for step in self.drive(seed=0)[1]])
            calls.append(self.model.calls)
            self.recorded.close()
        assert runs[0] == runs[1]
        assert calls[0] == calls[1] > 0

    def test_close(self) -> None:
        """In the middle of a run it ends all processes that the agent has started."""
        env = self.env()
        observation, _ = env.reset(seed=0)
        before = helpers()
        agent = self.begin(env, observation, seed=0)
        agent.act(observation)
        started = helpers_since(before)
        agent.close()
        agent.close()
        assert still_running(started) == 0
