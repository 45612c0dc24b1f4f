"""Suites: tasks that belong together, with the parameters that make them so.

In a plan ``tasks: suite:open`` stands for a suite's tasks, and ``--tasks suite:quick`` for a suite's on the command
line; in Python ``suite("open").make()`` gives the environments. A task is in one suite once.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium as gym

from genopt_gym.core.errors import UserError
from genopt_gym.making import make

PREFIX = "suite:"
GAMES = ("Asterix", "Breakout", "Enduro", "Freeway", "Pong", "Qbert", "Seaquest", "SpaceInvaders")
PAPER_BBEH = (
    *("BoardgameQA", "BooleanExpressions", "CausalUnderstanding", "DisambiguationQA", "DyckLanguages"),
    *("GeometricShapes", "Linguini", "MovieRecommendation", "MultistepArithmetic", "ShuffledObjects"),
)


@dataclass(frozen=True)
class Suite:
    """Tasks with parameters.

    Attributes:
        name: what ``suite:`` is followed by.
        what: what it is for, in a sentence.
        tasks: id to keywords of ``gym.make``.
    """

    name: str
    what: str
    tasks: Mapping[str, Mapping[str, Any]]

    def make(self, **parameters: Any) -> Iterator[gym.Env[Any, Any]]:
        """Its environments one after the other; ``parameters`` go before its own."""
        for id, own in self.tasks.items():
            yield make(id, **{**own, **parameters})


def _all(prefix: str, names: tuple[str, ...], **parameters: Any) -> dict[str, dict[str, Any]]:
    return {f"GenOpt/{prefix}-{name}-v0": dict(parameters) for name in names}


PAPER = (
    _all("Atari", GAMES, protocol="paper")
    | _all("MLAgentBench", ("HousePrice", "SpaceshipTitanic"), protocol="paper")
    | _all("BBEH", PAPER_BBEH, protocol="paper")
)
QUICK: dict[str, dict[str, Any]] = {
    "GenOpt/Control-CartPole-v0": {"validation_size": 8},
    "GenOpt/Control-MountainCar-v0": {"validation_size": 8},
    "GenOpt/Atari-Pong-v0": {"max_steps": 1500, "validation_size": 2, "test_size": 6},
    "GenOpt/Atari-Freeway-v0": {"max_steps": 1000, "validation_size": 2, "test_size": 4},
    "GenOpt/Tabular-Friedman-v0": {"start": "modular/stub"},
}
OPEN = (
    _all("Atari", GAMES, disguise=1)
    | _all("Control", ("Acrobot", "CartPole", "LunarLander", "MountainCar", "Pendulum"), disguise=1, physics="varied")
    | _all("Tabular", ("Digits", "Friedman"), disguise=1)
    | _all("MLAgentBench", ("HousePrice", "SpaceshipTitanic"), disguise=1)
    | _all("BBEH", ("BoardgameQA", "CausalUnderstanding"))
)
SUITES = {
    each.name: each
    for each in (
        Suite("paper", "the tasks of Nie et al. 2026, as published", PAPER),
        Suite("quick", "five tasks whose runs take seconds to a few minutes, without a download", QUICK),
        Suite("open", "tasks that a strong model does not solve by what it has read: docs/knowledge.md", OPEN),
    )
}


def suite(name: str) -> Suite:
    """A suite by its name, with or without ``suite:`` before it.

    Raises:
        UserError: there is none of that name.

    >>> len(suite("quick").tasks), suite("suite:paper").tasks["GenOpt/Atari-Pong-v0"]
    (5, {'protocol': 'paper'})
    """
    name = name.removeprefix(PREFIX)
    if name not in SUITES:
        near = difflib.get_close_matches(name, SUITES, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(SUITES)}"
        raise UserError(f"no suite {name!r}; {hint}")
    return SUITES[name]


def expanded(tasks: Any) -> Any:
    """A plan's ``tasks`` with every suite in it replaced by its tasks; anything else stays as it is.

    A task that the plan names itself keeps the plan's parameters.

    >>> expanded(["suite:quick", "GenOpt/Control-Acrobot-v0"])["GenOpt/Control-CartPole-v0"]
    {'validation_size': 8}
    >>> expanded(["GenOpt/Control-Acrobot-v0"])
    ['GenOpt/Control-Acrobot-v0']
    """
    given = [tasks] if isinstance(tasks, str) else tasks
    if not isinstance(given, list | dict) or not any(_is_suite(name) for name in given):
        return given
    found: dict[str, Any] = {}
    for name in given:
        if _is_suite(name):
            found |= {id: dict(own) for id, own in suite(name).tasks.items()}
    return found | {name: given[name] if isinstance(given, dict) else {} for name in given if not _is_suite(name)}


def _is_suite(name: Any) -> bool:
    return isinstance(name, str) and name.startswith(PREFIX)
