"""What every agent must keep to, as a class of tests."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import gymnasium as gym
import numpy as np
import pytest

from genopt_gym.agents import Agent, AgentDone, Problem, make_agent
from genopt_gym.agents.trial_evaluator import TrialEvaluator
from genopt_gym.core.ledger import BudgetSpent
from genopt_gym.core.task import Metric
from genopt_gym.env import OptimizationEnv
from genopt_gym.making import optimization_env
from genopt_gym.testing.transcript import Edit, digest


class SeenStep(NamedTuple):
    """What an agent did, and what it was shown then."""

    edit: Edit
    observation: dict[str, Any]
    reward: float
    info: dict[str, Any]


class AgentConformance:
    """Inherit in a pytest file, and set ``agent``; each method is one requirement, told in its docstring.

    Attributes:
        agent: a name of ``genopt_gym.agents.AGENTS``, or ``module:Class``.
        options: of the agent.
        id: of the environment that it is tried on.
        parameters: keywords of ``gym.make`` for it.
        steps: how many edits it makes.
        deterministic_across_seeds: whether its seed makes no difference.
        reads_words: whether its edits depend on the words of an observation, and not on its numbers alone.
    """

    agent: ClassVar[str]
    options: ClassVar[Mapping[str, Any]] = {}
    id: ClassVar[str] = "GenOpt/Control-CartPole-v0"
    parameters: ClassVar[Mapping[str, Any]] = {
        "start": "modular/parametric",
        "validation_size": 2,
        "credit_horizon": 20,
    }
    steps: ClassVar[int] = 8
    deterministic_across_seeds: ClassVar[bool] = False
    reads_words: ClassVar[bool] = False

    def env(self, **changed: Any) -> OptimizationEnv:
        """The environment, with some parameters changed."""
        return optimization_env(gym.make(self.id, **{**self.parameters, **changed}))

    def problem(
        self, env: OptimizationEnv, seed: int, updates: int | None = None, metric: Metric | None = None
    ) -> Problem:
        """What the agent is told of its run."""
        return Problem(env.action_space, metric or env.task.metric, updates, seed, trial_evaluator=TrialEvaluator(env))

    def begin(self, env: OptimizationEnv, observation: dict[str, Any], seed: int, updates: int | None = None) -> Agent:
        """The agent at the start of a run of so many edits, or ``steps``."""
        agent = make_agent(self.agent, self.options)
        agent.reset(observation, self.problem(env, seed, updates or self.steps))
        return agent

    def drive(
        self, seed: int, env: OptimizationEnv | None = None, updates: int | None = None
    ) -> tuple[dict[str, Any], list[SeenStep]]:
        """The first observation of a run, and all that came after it until a budget was spent or the agent is done."""
        env = env or self.env()
        first, _ = env.reset(seed=0)
        agent = self.begin(env, first, seed, updates)
        observation, steps = first, []
        try:
            for _ in range(updates or self.steps):
                edit = agent.act(observation)
                observation, reward, terminated, truncated, info = env.step(edit)
                agent.observe(observation, reward, info)
                steps.append(SeenStep(edit, observation, reward, info))
                if terminated or truncated:
                    break
        except (AgentDone, BudgetSpent):
            pass
        finally:
            agent.close()
        return first, steps

    def edits_after(self, agent: Agent, first: dict[str, Any], steps: list[SeenStep]) -> list[Edit]:
        """What an agent does when it is shown this, whatever it does."""
        edits, observation = [], first
        for step in steps:
            edits.append(agent.act(observation))
            observation = step.observation
            agent.observe(observation, step.reward, step.info)
        return edits

    def test_edits_lie_in_the_action_space(self) -> None:
        """An edit is a string, or new text for components that may be edited."""
        space = self.env().action_space
        _, steps = self.drive(seed=0)
        for step in steps:
            assert isinstance(step.edit, str) or space.contains(step.edit), step.edit

    def test_same_seed_same_edits(self) -> None:
        """The seed is the agent's only source of randomness."""
        runs = [[step.edit for step in self.drive(seed=3)[1]] for _ in range(2)]
        assert runs[0] == runs[1]

    def test_other_seed_other_edits(self) -> None:
        """Another seed gives another run, unless the agent declares that it does not."""
        runs = [[step.edit for step in self.drive(seed=seed)[1]] for seed in (3, 4)]
        assert (runs[0] == runs[1]) is self.deterministic_across_seeds

    def test_replay(self) -> None:
        """Shown again what it was shown, it does again what it did: so an interrupted run is resumed."""
        first, steps = self.drive(seed=3)
        env = self.env()
        env.reset(seed=0)
        again = self.edits_after(self.begin(env, first, seed=3), first, steps)
        assert again == [step.edit for step in steps]

    def test_reset_begins_anew(self) -> None:
        """An agent that has run before does in its next run what a new one would do."""
        env = self.env()
        env.reset(seed=0)
        first, steps = self.drive(seed=3)
        agent = self.begin(env, first, seed=5)
        self.edits_after(agent, first, steps)
        agent.reset(first, self.problem(env, 3, self.steps))
        assert self.edits_after(agent, first, steps) == [step.edit for step in steps]

    def test_failing_outcomes(self) -> None:
        """It goes on after edits that fail, in every way in which one can."""
        env = self.env()
        observation, _ = env.reset(seed=0)
        agent = self.begin(env, observation, seed=0)
        name = env.editable[-1]
        header = f"def {name}(*arguments):\n    "
        failures: dict[str, Edit] = {
            "unparsable": "no edit in here",
            "syntax_error": {name: "def ("},
            "contract_broken": {name: "x = 1"},
            "runtime_error": {name: header + "raise ValueError"},
            "out_of_memory": {name: header + "bytearray(1 << 40)"},
            "crashed": {name: f"import os\n{header}os._exit(1)"},
        }
        for outcome, edit in failures.items():
            agent.act(observation)
            observation, reward, _, _, info = env.step(edit)
            assert info["outcome"] == outcome
            agent.observe(observation, reward, info)
        last = agent.act(observation)
        assert isinstance(last, str) or env.action_space.contains(last)

    def test_metric_direction(self) -> None:
        """Where less is better it does with a score of -3 what it does with 3 where more is better."""
        if self.reads_words:
            pytest.skip("its edits depend on words, which tell the score")
        env = self.env()
        first, steps = self.drive(seed=3)
        mirrored = [step._replace(observation=_mirrored(step.observation)) for step in steps]
        agent = make_agent(self.agent, self.options)
        agent.reset(_mirrored(first), self.problem(env, 3, self.steps, _mirrored_metric(env.task.metric)))
        assert self.edits_after(agent, _mirrored(first), mirrored) == [step.edit for step in steps]

    def test_leaves_alone_what_it_is_shown(self) -> None:
        """Observations and infos are others' too: they are as they were after the agent has read them."""
        first, steps = self.drive(seed=3)
        before = digest([first, *steps])
        env = self.env()
        env.reset(seed=0)
        self.edits_after(self.begin(env, first, seed=3), first, steps)
        assert digest([first, *steps]) == before

    def test_never_touches_test(self) -> None:
        """Nothing that it does makes a test trial run."""
        env = self.env()
        self.drive(seed=0, env=env)
        assert set(env.evaluator.ledger.accounts) == {"train", "validation"}

    def test_run_of_unknown_length(self) -> None:
        """It also works where nobody has said how many edits there are."""
        env = self.env()
        observation, _ = env.reset(seed=0)
        agent = make_agent(self.agent, self.options)
        agent.reset(observation, self.problem(env, seed=0, updates=None))
        edit = agent.act(observation)
        assert isinstance(edit, str) or env.action_space.contains(edit)


def _mirrored(observation: dict[str, Any]) -> dict[str, Any]:
    return observation | {name: -np.asarray(observation[name]) for name in ("score", "best_score")}


def _mirrored_metric(metric: Metric) -> Metric:
    return dataclasses.replace(
        metric,
        low=_mirror(metric.low),
        high=_mirror(metric.high),
        floor=-metric.floor,
        reference=-metric.reference,
        solved=_mirror(metric.solved),
        record=_mirror(metric.record),
        failed_score=_mirror(metric.failed_score),
        direction="minimize" if metric.direction == "maximize" else "maximize",
    )


def _mirror(score: float | None) -> float | None:
    return None if score is None else -score
