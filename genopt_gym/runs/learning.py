"""The learning loop itself: reset, then edit after edit. Nothing is written here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym

from genopt_gym.agents import Agent, AgentDone, Problem
from genopt_gym.agents.trial_evaluator import TrialEvaluator
from genopt_gym.core.errors import UserError
from genopt_gym.evaluation import BudgetSpent
from genopt_gym.llm import Client
from genopt_gym.looking_ahead import look_ahead
from genopt_gym.making import optimization_env

UPDATES = "updates"
"""What has ended a run that made all its edits."""

TOO_SMALL = "the budget is too small for one edit, and nothing was tried: {}"

OnStep = Callable[[float, bool, bool, dict[str, Any]], object]
"""Called with reward, terminated, truncated and info of the reset and of each step."""


def learn(
    env: gym.Env[Any, Any],
    agent: Agent,
    *,
    seed: int = 0,
    agent_seed: int | None = None,
    client: Client | None = None,
    on_step: OnStep | None = None,
) -> str:
    """Let an agent edit until the environment or the agent ends the run; ``history`` and ``best`` tell how it went.

    Args:
        env: an optimization environment, with whatever wrappers.
        agent: the optimizer; it is closed when the run has ended, however it ended.
        seed: of ``reset``, and of the agent if it has none of its own.
        agent_seed: of the agent.
        client: for the agent's model calls; ``None`` is one without a budget.
        on_step: is told of the reset and of each step.

    Returns:
        What ended it: ``solved``, ``updates``, ``agent``, or the budget that was spent.

    Raises:
        UserError: agent and environment do not fit, or the budget does not reach for the first observation.
    """
    core = optimization_env(env)
    problem = _problem(env, seed if agent_seed is None else agent_seed, client)
    told = on_step or (lambda *_: None)
    try:
        observation = _begin(env, agent, problem, seed, told)
        while True:
            try:
                edit = agent.act(observation)
            except BudgetSpent as spent:
                if len(core.history) == 1:
                    raise UserError(TOO_SMALL.format(spent)) from spent
                return f"budget of {spent.what}"
            except AgentDone:
                return "agent"
            _look_ahead(env, edit, agent, problem.updates)
            observation, reward, terminated, truncated, info = env.step(edit)
            agent.observe(observation, float(reward), info)
            told(float(reward), terminated, truncated, info)
            if terminated:
                return "solved"
            if truncated:
                return info["truncated_by"] or UPDATES
    finally:
        agent.close()


def _look_ahead(env: gym.Env[Any, Any], edit: Any, agent: Agent, updates: int | None) -> None:
    """Run what the agent will try next beside what it tries now, unless a wrapper makes something else of its edits."""
    core = optimization_env(env)
    if env.action_space is core.action_space and (more := agent.ahead()):
        left = len(more) if updates is None else updates - len(core.history)
        look_ahead(core, [edit, *more[:left]])


def _problem(env: gym.Env[Any, Any], seed: int, client: Client | None) -> Problem:
    core, updates = optimization_env(env), env.spec.max_episode_steps if env.spec else None
    client = Client() if client is None else client
    return Problem(core.action_space, core.metric, updates, seed, client, TrialEvaluator(core))


def _begin(env: gym.Env[Any, Any], agent: Agent, problem: Problem, seed: int, told: OnStep) -> Any:
    """Reset environment and agent; the first observation."""
    try:
        observation, info = env.reset(seed=seed)
        told(0.0, False, False, info)
        agent.reset(observation, problem)
        optimization_env(env).check_budget()
    except BudgetSpent as error:
        raise UserError(TOO_SMALL.format(error)) from error
    except ValueError as error:
        raise UserError(str(error)) from error
    return observation
