"""The optimizers: one readable file each. A new one is one file and one row here."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from genopt_gym.agents.base import Agent, AgentDone, Problem
from genopt_gym.core.registry import Registry

AGENTS = {
    "random": "genopt_gym.agents.random_edits:RandomEdits",
    "hill-climbing": "genopt_gym.agents.hill_climbing:HillClimbing",
    "cma-es": "genopt_gym.agents.cma_es:CmaEs",
    "scripted": "genopt_gym.agents.scripted:Scripted",
    "proposer": "genopt_gym.agents.proposer:Proposer",
    "opro": "genopt_gym.agents.opro:Opro",
    "evolution": "genopt_gym.agents.evolution:Evolution",
    "best-of-n": "genopt_gym.agents.best_of_n:BestOfN",
    "manual": "genopt_gym.agents.manual:Manual",
    "sb3": "genopt_gym.agents.sb3:Sb3",
    "gepa": "genopt_gym.agents.external.gepa_agents:Gepa",
    "gepa-anything": "genopt_gym.agents.external.gepa_agents:GepaAnything",
    "gepa-proposal": "genopt_gym.agents.external.gepa_agents:GepaProposal",
    "openevolve": "genopt_gym.agents.external.openevolve:OpenEvolve",
    "textgrad": "genopt_gym.agents.external.textgrad:TextGrad",
    "dspy": "genopt_gym.agents.external.dspy_agents:Dspy",
    "dspy-gepa": "genopt_gym.agents.external.dspy_agents:DspyGepa",
    "trace-optoprime": "genopt_gym.agents.external.trace_agents:TraceOptoPrime",
    "trace-opro": "genopt_gym.agents.external.trace_agents:TraceOpro",
}

REGISTRY: Registry[Agent] = Registry("agent", Agent, AGENTS)  # type: ignore[type-abstract]

__all__ = ["AGENTS", "REGISTRY", "Agent", "AgentDone", "Problem", "agent_class", "make_agent"]


def make_agent(name: str, options: Mapping[str, Any] | None = None) -> Agent:
    """The agent of that name (or ``module:Class`` of one's own) with these options.

    Raises:
        ValueError: no such agent, or an option it does not have; the message names the nearest.
    """
    found = agent_class(name)
    options = dict(options or {})
    parameters = inspect.signature(found).parameters
    for option in options:
        if option not in parameters:
            known = ", ".join(parameters) or "none"
            raise ValueError(f"agent {name!r} has no option {option!r}; its options: {known}")
    for parameter in parameters.values():
        if parameter.default is parameter.empty and parameter.name not in options:
            raise ValueError(f"agent {name!r} needs the option {parameter.name!r}")
    agent: Agent = found(**options)
    return agent


def agent_class(name: str) -> type[Agent]:
    """The class of the agent of that name, or ``module:Class``; ValueError if there is none."""
    return REGISTRY.find(name)
