"""The optimizers: one readable file each. A new one is one file and one row here."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from genopt_gym.agents.base import Agent, AgentDone, Problem
from genopt_gym.agents.session import GivenAgent, lent
from genopt_gym.core.errors import MissingOption, OptionError
from genopt_gym.core.registry import ExtensionError, Registry

AGENTS = {
    "random": "genopt_gym.agents.random_edits:RandomEdits",
    "hill-climbing": "genopt_gym.agents.hill_climbing:HillClimbing",
    "cma-es": "genopt_gym.agents.cma_es:CmaEs",
    "scripted": "genopt_gym.agents.scripted:Scripted",
    "bandit": "genopt_gym.agents.bandit:Bandit",
    "proposer": "genopt_gym.agents.proposer:Proposer",
    "opro": "genopt_gym.agents.opro:Opro",
    "evolution": "genopt_gym.agents.evolution:Evolution",
    "best-of-n": "genopt_gym.agents.best_of_n:BestOfN",
    "manual": "genopt_gym.agents.manual:Manual",
    "command": "genopt_gym.agents.command:Command",
    "mcp": "genopt_gym.agents.remote:Remote",
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

AROUND_OTHERS = ("bandit",)
"""Agents that have another make the edits: ``bandit:hill-climbing`` is the bandit with ``inner="hill-climbing"``."""

REGISTRY: Registry[Agent] = Registry("agent", Agent, AGENTS)  # type: ignore[type-abstract]

__all__ = ["AGENTS", "REGISTRY", "Agent", "AgentDone", "GivenAgent", "Problem", "agent_class", "make_agent"]


def make_agent(agent: GivenAgent, options: Mapping[str, Any] | None = None) -> Agent:
    """The agent of that name (or ``module:Class`` of one's own, or a class) with these options.

    Args:
        agent: a name, a class, or an agent that is there already and takes no options.
        options: keyword arguments of its class.

    Raises:
        ExtensionError: no such agent (the message names the nearest), or its class cannot be imported, or is none.
        OptionError: an option it does not have, or one that it needs.
        ValueError, TypeError, OSError: of its class, where the value of an option is wrong.

    >>> make_agent("scripted", {"edit": "edits.json"})
    Traceback (most recent call last):
    genopt_gym.core.errors.OptionError: agent 'scripted' has no option 'edit'; its options: edits
    """
    options = dict(options or {})
    agent, inner = _with_inner(agent)
    options = inner | options
    given = lent(agent) if isinstance(agent, str) else agent
    if isinstance(given, Agent):
        if options:
            raise OptionError(f"{agent} is made already, so it takes no option {min(options)!r}", min(options))
        return given
    found = agent_class(agent)
    name = agent if isinstance(agent, str) else found.__name__
    parameters = inspect.signature(found).parameters
    for option in options:
        if option not in parameters:
            known = ", ".join(parameters) or "none"
            raise OptionError(f"agent {name!r} has no option {option!r}; its options: {known}", option)
    for parameter in parameters.values():
        if parameter.default is parameter.empty and parameter.name not in options:
            raise MissingOption(f"agent {name!r} needs the option {parameter.name!r}", parameter.name)
    return found(**options)


def agent_class(agent: GivenAgent) -> type[Agent]:
    """The class of an agent by its name, or ``module:Class``.

    Raises:
        ExtensionError: there is none of that name, or it cannot be imported, or is no ``Agent``.
    """
    agent, _ = _with_inner(agent)
    given: Any = (lent(agent) or REGISTRY.find(agent)) if isinstance(agent, str) else agent
    kind = type(given) if isinstance(given, Agent) else given
    if not (isinstance(kind, type) and issubclass(kind, Agent)):
        raise ExtensionError(f"{given!r} is not an agent: its class has to inherit genopt_gym.Agent")
    return kind


def _with_inner(agent: GivenAgent) -> tuple[GivenAgent, dict[str, Any]]:
    """The agent, and its option if its name tells of another that it is around.

    >>> _with_inner("bandit:hill-climbing"), _with_inner("random")
    (('bandit', {'inner': 'hill-climbing'}), ('random', {}))
    """
    if isinstance(agent, str):
        outer, _, inner = agent.partition(":")
        if outer in AROUND_OTHERS and inner:
            return outer, {"inner": inner}
    return agent, {}
