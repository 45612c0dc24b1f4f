"""``genopt_gym.make``: an environment by its id, with keywords that editors know; and what is within its wrappers."""

from __future__ import annotations

from typing import Any, Literal, Unpack, overload

import gymnasium as gym

from genopt_gym.core.errors import UserError
from genopt_gym.core.parameters import ParameterDict
from genopt_gym.env import OptimizationEnv


@overload
def make(
    id: str,
    *,
    render_mode: Literal["ansi", "rgb_array"] | None = None,
    max_episode_steps: int | None = None,
    **parameters: Unpack[ParameterDict],
) -> gym.Env[dict[str, Any], Any]: ...


@overload
def make(
    id: str,
    *,
    render_mode: Literal["ansi", "rgb_array"] | None = None,
    max_episode_steps: int | None = None,
    **parameters: Any,
) -> gym.Env[dict[str, Any], Any]: ...


def make(
    id: str,
    *,
    render_mode: Literal["ansi", "rgb_array"] | None = None,
    max_episode_steps: int | None = None,
    **parameters: Any,
) -> gym.Env[dict[str, Any], Any]:
    """The environment of that id: ``gymnasium.make``, with the suite's keywords named.

    Args:
        id: as ``genopt list`` shows them.
        render_mode: ``ansi`` for the loop in words, ``rgb_array`` for its picture.
        max_episode_steps: edits of an episode; the id's own number if left out.
        **parameters: what ``genopt show ID`` lists: those of every environment, and what its task adds.

    Returns:
        The environment, with Gymnasium's usual wrappers.

    Raises:
        gymnasium.error.Error: there is no such id; the message names the nearest.
        TypeError: a keyword that neither the environment nor its task knows; the message names the nearest.
        ValueError: a value that is not allowed.

    >>> env = make("GenOpt/Control-CartPole-v0", credit_horizon=3, start="one_function/naive")
    >>> list(env.reset(seed=0)[0]["artifact"])
    ['policy']
    """
    if render_mode is not None:
        parameters["render_mode"] = render_mode
    return gym.make(id, max_episode_steps=max_episode_steps, **parameters)


def optimization_env(env: gym.Env[Any, Any]) -> OptimizationEnv:
    """The environment without its wrappers; UserError if its steps are no edits."""
    core = env.unwrapped
    if not isinstance(core, OptimizationEnv):
        name = env.spec.id if env.spec is not None else repr(env)
        raise UserError(f"{name} is an environment, but none whose steps are edits")
    return core
