"""Environments in asyncio: many of them step at the same time, and share the workers."""

from __future__ import annotations

from typing import Any

import gymnasium as gym

from genopt_gym.evaluation.cancellation import in_thread


async def areset(env: gym.Env[Any, Any], **arguments: Any) -> tuple[Any, dict[str, Any]]:
    """``env.reset(**arguments)``, while other tasks go on.

    Args:
        env: any environment of the suite, with whatever wrappers.
        **arguments: ``seed`` and ``options``.

    Returns:
        Observation and info.
    """
    return await in_thread(env.reset, **arguments)


async def astep(env: gym.Env[Any, Any], action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
    """``env.step(action)``, while other tasks go on.

    Cancelling the awaiting task takes the step back: its evaluation is called off, nothing is charged, and the
    environment is as before.

    Args:
        env: any environment of the suite, with whatever wrappers.
        action: an edit, or what the outermost wrapper takes.

    Returns:
        Observation, reward, terminated, truncated and info.

    >>> import asyncio
    >>> async def steps(*envs):
    ...     await asyncio.gather(*(areset(env, seed=0) for env in envs))
    ...     return await asyncio.gather(*(astep(env, {}) for env in envs))
    >>> make = lambda: gym.make("GenOpt/Control-CartPole-v0", start="one_function/naive")
    >>> [step[4]["outcome"] for step in asyncio.run(steps(make(), make()))]
    ['unchanged', 'unchanged']
    """
    return await in_thread(env.step, action)
