"""What a server offers, looked at before the first client comes: the environment, its confinement, its pace."""

from __future__ import annotations

import inspect
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import gymnasium as gym

from genopt_gym.evaluation.store import MemoryStore
from genopt_gym.making import optimization_env
from genopt_gym.runs.config import Config
from genopt_gym.sandbox.tier import TIERS, VARIABLE, ConfinementError, choose
from genopt_gym.training.splits import split_seed_of

AGENT = "openenv"
STORED_BYTES = 256 << 20
"""What all sessions together remember of evaluations."""
SHORT = 20.0
"""Seconds; an evaluation that took longer is not made a second time to measure it."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """One environment for many sessions.

    Attributes:
        id: the environment.
        parameters: keywords of ``gym.make``; no client can change them.
        edits: steps of an episode; ``None`` is the id's own number.
        sessions: most clients at once.
        tier: how artifact code is confined.
        seconds: what the starting artifact took to evaluate here, by itself; 0 if not measured.
        store: what was evaluated in any session: deterministic, so that all may know it.
    """

    id: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    edits: int | None = None
    sessions: int = 32
    tier: str
    seconds: float = 0.0
    store: MemoryStore = field(default_factory=lambda: MemoryStore(STORED_BYTES))

    @property
    def name(self) -> str:
        """What the server is called in addresses: ``genopt_control_cartpole_v0``."""
        return re.sub(r"[^a-z0-9]+", "_", self.id.lower()).strip("_")

    @property
    def split_seed(self) -> int:
        """Of the tasks of ``train``."""
        return split_seed_of(self.parameters)

    def make(self, split_seed: int) -> gym.Env[Any, Any]:
        """An environment of its own for a session.

        Raises:
            UserError: the id, a keyword or a value is wrong.
        """
        parameters = dict(self.parameters)
        if split_seed != self.split_seed:
            parameters["split_seed"] = split_seed
        env = Config(self.id, AGENT, edits=self.edits, parameters=parameters).make()
        evaluator = optimization_env(env).evaluator
        if evaluator.task.deterministic:
            evaluator.keep_in(self.store, evaluator.client)
        return env


def look_at(
    id: str,
    parameters: Mapping[str, Any],
    *,
    edits: int | None = None,
    sessions: int = 32,
    tier: str | None = None,
) -> Served:
    """Make the environment once and evaluate its starting artifact.

    Args:
        id: the environment.
        parameters: keywords of ``gym.make``.
        edits: steps of an episode; ``None`` is the id's own number.
        sessions: most clients at once.
        tier: a confinement tier that was asked for by name for this server.

    Raises:
        ConfinementError: artifact code would not be confined, and that was not asked for.
        UserError: the id, a keyword or a value is wrong.
    """
    served = Served(id=id, parameters=parameters, edits=edits, sessions=sessions, tier=confining_tier(tier))
    env = served.make(served.split_seed)
    seconds = _seconds_of_reset(env)
    if seconds < SHORT:
        # Most of it was the start of the workers, which the clients are spared.
        seconds = _seconds_of_reset(replace(served, store=MemoryStore()).make(served.split_seed))
    return replace(served, edits=None if env.spec is None else env.spec.max_episode_steps, seconds=seconds)


def confining_tier(asked_for: str | None) -> str:
    """The tier of a server, from here on that of this process.

    Args:
        asked_for: by name; ``None`` takes what ``GENOPT_CONFINEMENT`` names, or the best there is, unless it confines
            nothing: that has to be asked for here.

    Raises:
        ConfinementError: the code of strangers would run with the rights of whoever serves.
    """
    if asked_for is not None:
        os.environ[VARIABLE] = asked_for
    tier = choose()
    if not TIERS.make(tier).witnessed and asked_for != tier:
        raise ConfinementError(
            f"tier {tier} does not confine, and a server runs the code of whoever reaches it: serve where seccomp is "
            f"to be had, or ask for it by name with --confinement {tier}"
        )
    return tier


def announcement(served: Served) -> list[str]:
    """What is told when a server starts: the tier, the pace, and whether clients have the patience for it."""
    patience, longest = clients_patience(), served.seconds * served.sessions
    told = [
        f"{served.id}: artifact code is confined by tier {served.tier}",
        f"the starting artifact takes {served.seconds:.2g} s to evaluate here, by itself",
    ]
    if longest > patience:
        told.append(
            f"{served.sessions} sessions that edit at once may wait {longest:.0f} s or more for an answer, and "
            f"OpenEnv's client waits {patience:.0f} s: give it message_timeout_s={longest * 2:.0f}, or serve fewer"
        )
    return told


def _seconds_of_reset(env: gym.Env[Any, Any]) -> float:
    begun = time.perf_counter()
    env.reset(seed=0)
    env.close()
    return time.perf_counter() - begun


def clients_patience() -> float:
    """Seconds that OpenEnv's client waits for an answer, unless it is told otherwise."""
    from openenv.core.env_client import EnvClient

    return float(inspect.signature(EnvClient.__init__).parameters["message_timeout_s"].default)
