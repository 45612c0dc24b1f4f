"""Agents that are given as classes or objects: what a run's configuration calls them, and where they are found again.

A class that others can import is recorded as ``module:Class``. All else (an instance, a class of a notebook or within
a function) is recorded as ``session:Name``: such a run can only be resumed by giving the agent again.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from genopt_gym.agents.base import Agent
from genopt_gym.core.registry import ExtensionError

GivenAgent = str | type[Agent] | Agent
"""A name or ``module:Class``; a class; or an agent that is made already."""

PREFIX = "session:"

_lent: dict[str, type[Agent] | Agent] = {}


def agent_name(agent: GivenAgent) -> str:
    """What a configuration calls the agent.

    >>> from genopt_gym.agents.manual import Manual
    >>> agent_name("random"), agent_name(Manual), agent_name(Manual(exchange="."))
    ('random', 'genopt_gym.agents.manual:Manual', 'session:Manual')
    """
    if isinstance(agent, str):
        return agent
    kind = agent if isinstance(agent, type) else type(agent)
    if not issubclass(kind, Agent):
        raise ExtensionError(f"{agent!r} is not an agent: its class has to inherit genopt_gym.Agent")
    found = getattr(sys.modules.get(kind.__module__), kind.__qualname__, None)
    if kind is agent and kind is found and kind.__module__ != "__main__":
        return f"{kind.__module__}:{kind.__qualname__}"
    return PREFIX + kind.__name__


@contextmanager
def lending(agents: Mapping[str, type[Agent] | Agent]) -> Iterator[None]:
    """Find these agents by their ``session:`` names meanwhile; of an instance each run gets a copy."""
    before = {name: _lent[name] for name in agents if name in _lent}
    _lent.update(agents)
    try:
        yield
    finally:
        for name in agents:
            del _lent[name]
        _lent.update(before)


def lent(name: str) -> type[Agent] | Agent | None:
    """The agent of a ``session:`` name; ``None`` for other names.

    Raises:
        ExtensionError: the agent was given to a session that has ended.
    """
    if not name.startswith(PREFIX):
        return None
    if name not in _lent:
        raise ExtensionError(
            f"the agent {name.removeprefix(PREFIX)} was given as an object, which cannot be found by its name: give it "
            "again, as in genopt_gym.resume(folder, agent=...)"
        )
    agent = _lent[name]
    if isinstance(agent, type):
        return agent
    try:
        return copy.deepcopy(agent)
    except Exception as error:
        raise ExtensionError(f"{agent!r} cannot be copied for each run ({error}): give its class instead") from error
