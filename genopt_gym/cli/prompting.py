"""``genopt prompt``: what a model would be asked first."""

from __future__ import annotations

import inspect
from dataclasses import replace

from genopt_gym.agents import Problem
from genopt_gym.agents.model_agent import ModelAgent, estimate
from genopt_gym.agents.prompted_agent import PromptedAgent
from genopt_gym.cli.running import RunArguments, read_config
from genopt_gym.core.errors import UserError
from genopt_gym.core.spaces import Edits
from genopt_gym.env import OptimizationEnv


def show_prompt(request: RunArguments) -> None:
    config = read_config(request)
    if request.model is None:
        # A prompt that is fitted into no model's context; and one that nobody answers.
        stand_ins = {"model": "none", "exchange": "."}
        known = inspect.signature(config.agent_class()).parameters
        unsaid = {name: value for name, value in stand_ins.items() if name in known} | config.agent_options
        config = replace(config, agent_options=unsaid)
    agent = config.make_agent()
    if not isinstance(agent, PromptedAgent):
        why = "makes its prompts as it goes" if isinstance(agent, ModelAgent) else "asks no model"
        raise UserError(f"{config.agent} {why}, so there is no prompt to show")
    env = config.make() if request.model is None else config.make_for(agent)
    core = env.unwrapped
    assert isinstance(core, OptimizationEnv)
    assert isinstance(core.action_space, Edits)
    observation, info = env.reset(seed=config.seed)
    updates = None if env.spec is None else env.spec.max_episode_steps
    agent.reset(observation, Problem(core.action_space, core.task.metric, updates, config.seed))
    messages = agent.messages(observation)
    for message in messages:
        print(f"--- {message['role']} ---\n{message['content']}\n")
    characters = sum(len(message["content"]) for message in messages)
    tokens = sum(estimate(message["content"]) for message in messages)
    steps = f"{info['horizon_shown']} inner steps of the trace shown"
    print(f"--- {characters:,} characters, at most about {tokens:,} tokens; {steps} ---")
