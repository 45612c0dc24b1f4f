"""``genopt prompt``: what a model would be asked first."""

from __future__ import annotations

import inspect
from dataclasses import replace

from genopt_gym.agents import Problem
from genopt_gym.agents.model_agent import ModelAgent, estimate
from genopt_gym.agents.prompted_agent import PromptedAgent
from genopt_gym.cli.arguments import PromptArguments
from genopt_gym.cli.running import read_options
from genopt_gym.core.errors import UserError
from genopt_gym.runs.config import PreparedRun


def show_prompt(request: PromptArguments) -> None:
    config = read_options(request)
    if request.model is None:
        # A prompt that is fitted into no model's context; and one that nobody answers.
        stand_ins = {"model": "none", "exchange": ".", "command": "none"}
        known = inspect.signature(config.agent_class()).parameters
        unsaid = {name: value for name, value in stand_ins.items() if name in known} | config.agent_options
        config = replace(config, agent_options=unsaid)
    agent = config.make_agent()
    if not isinstance(agent, PromptedAgent):
        why = "makes its prompts as it goes" if isinstance(agent, ModelAgent) else "asks no model"
        raise UserError(f"{config.agent} {why}, so there is no prompt to show")
    run = config.prepare(agent) if request.model is not None else PreparedRun(config, agent, config.make())
    core = run.core
    observation, info = run.env.reset(seed=config.seed)
    agent.reset(observation, Problem(core.action_space, core.task.metric, run.updates, config.seed))
    messages = agent.messages(observation)
    for message in messages:
        print(f"--- {message['role']} ---\n{message['content']}\n")
    characters = sum(len(message["content"]) for message in messages)
    tokens = sum(estimate(message["content"]) for message in messages)
    steps = f"{info['horizon_shown']} inner steps of the trace shown"
    print(f"--- {characters:,} characters, at most about {tokens:,} tokens; {steps} ---")
