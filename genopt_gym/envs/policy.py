"""A policy for any Gymnasium environment: what a task needs is read off its spaces and its spec."""

from __future__ import annotations

import difflib
import importlib
import pickle
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec

from genopt_gym.core.errors import ParameterError
from genopt_gym.core.evidence import Call
from genopt_gym.core.task import Metric
from genopt_gym.core.window_metric import WindowScores
from genopt_gym.envs.actions import Actions, describe_actions
from genopt_gym.envs.control.acrobot import Acrobot
from genopt_gym.envs.control.cart_pole import CartPole
from genopt_gym.envs.control.gymnasium_task import GymnasiumTask, describe_fields
from genopt_gym.envs.control.lunar_lander import LunarLander
from genopt_gym.envs.control.mountain_car import MountainCar
from genopt_gym.envs.control.pendulum import Pendulum
from genopt_gym.envs.disguise.observations import NumbersMap
from genopt_gym.envs.disguise.words import Words
from genopt_gym.envs.observations import MAX_BYTES, count_bytes, count_numbers, describe, for_trace, reader
from genopt_gym.envs.policy_starts import linear_weights, policy_structures

NAMED = {
    **{task.inner: task for task in (Acrobot, CartPole, LunarLander, MountainCar, Pendulum)},
    "LunarLanderContinuous-v3": LunarLander,
    "MountainCarContinuous-v0": MountainCar,
}
"""Inner environments whose observations have names, and the task that names them."""

MEMORY = "State may be kept in global variables: they last for one trial, which is one episode."
MAX_REWARD = 1000.0
"""A step's reward is cut to this, up and down, where nobody has said what an episode can score."""
STEPS = 1000
"""Of an episode whose spec has no ``max_episode_steps``."""


class AnyPolicy(GymnasiumTask):
    """A policy for the environment ``inner``; the artifact is the policy.

    Its observation is a dict of floats where the suite has names for the entries. Elsewhere it is a flat list, if the
    space is numbers alone and a linear policy for it is small enough; for any other space (Dict, Tuple, Text, images)
    it is nested lists and dicts. Actions are those of Discrete, MultiDiscrete, MultiBinary, or of a Box of floats.
    The starts are as in CartPole: ``naive`` acts at random, ``stub`` always does the same, ``parametric`` is a
    linear policy whose numbers are all 0 (where observations are numbers, and not too many).

    Episodes end as the spec says, or after 1,000 steps; scores are returns. For the inner environment of a Control task
    the metric is that task's. For any other the reward threshold of its spec is reference and solved score. Nobody has
    measured a floor, and to do so here would cost more than some runs: the normalised scale begins one point per step
    (or the threshold's size, if that is more) below the threshold. Without a threshold it is as wide as the bounds,
    1,000 a step, and rewards are tiny: register the environment with a ``reward_threshold``. To keep the bounds true, a
    step's reward is cut to them.

    Args:
        inner: id of the inner environment, ``module:id`` for one that importing a module registers. It must be a
            deterministic function of seed and actions.
        observation: ``lists`` gives nested lists and dicts whatever the space, ``arrays`` NumPy arrays in their place.
        sizes: see ``Task``.

    Raises:
        ValueError: there is no such environment, it cannot be made, or its spaces do not suit such a policy.

    >>> task = AnyPolicy(inner="MountainCarContinuous-v0")
    >>> task.metric.solved, task.max_inner_steps
    (90.0, 999)
    >>> print(task.starting_artifact("modular/parametric").texts["estimate"].partition("\\n\\n")[0])
    WEIGHTS = (
        (0.0, 0.0, 0.0),
    )
    """

    family: ClassVar[str] = "Policy"
    horizon: ClassVar[int | None] = 100
    default_start: ClassVar[str] = "modular/naive"

    def __init__(self, *, inner: str = "CartPole-v1", observation: str | None = None, **sizes: Any) -> None:
        super().__init__(**sizes)
        if observation not in (None, "lists", "arrays"):
            raise ParameterError(f"observation must be 'lists', 'arrays' or None, got {observation!r}", "observation")
        self.inner = inner
        spec = _find(inner)
        named = NAMED.get(spec.id)
        self._known = named() if named is not None and named.inner == spec.id else None
        self.fields = {} if named is None or observation else named.fields
        self.max_inner_steps = spec.max_episode_steps or STEPS
        self.metric = _metric(spec, self.max_inner_steps) if self._known is None else self._known.metric
        try:
            env = self.make_inner()
        except Exception as error:  # whatever the environment's own code raises
            raise ParameterError(f"inner={inner!r} cannot be made: {error}", "inner") from error
        actions, space = _actions(inner, env.action_space), env.observation_space
        entries, weights = count_numbers(space), None if self.fields else linear_weights(space, actions)
        flat = observation is None and weights is not None and not isinstance(space, spaces.Dict | spaces.Tuple)
        self._flat, self._entries = flat, entries
        self._space, self._arrays = space, observation == "arrays"
        _probe(inner, env, _reader(inner, space, self._arrays, flat))
        env.close()
        words = f"obs is a list of {entries} float{'s' * (entries != 1)}, an observation of {inner}."
        words = words if flat else describe(space, observation == "arrays")
        words = describe_fields("", self.fields) if self.fields else words
        meaning = getattr(self._known, "action", None) or f"Returns the action, {describe_actions(actions)}."
        numbers = "obs.values()" if self.fields else "obs" if flat else "numbers(obs)"
        linear = entries if self.fields or weights is not None else None
        self.structures = policy_structures(actions, linear, numbers, words, f"{meaning}\n{MEMORY}")
        self.goal = f"Write a policy for the Gymnasium environment {spec.id}. "
        self.goal += self._known.goal if self._known else f"An episode has at most {self.max_inner_steps} steps."

    def make_inner(self, render_mode: str | None = None) -> gym.Env[Any, Any]:
        if self._known is not None:
            return self._known.make_inner(render_mode)
        return gym.wrappers.ClipReward(super().make_inner(render_mode), -MAX_REWARD, MAX_REWARD)

    def window_scores(self) -> WindowScores | None:
        """Those of the Control task with this environment."""
        return None if self._known is None else self._known.window_scores()

    def reader(self) -> Callable[[Any], Any]:
        # Made anew each time: a task is pickled with its environment, and such a function could not be.
        return super().reader() if self.fields else _reader(self.inner, self._space, self._arrays, self._flat)

    def observation_map(self, words: Words, rng: random.Random) -> NumbersMap:
        if self.fields:
            return super().observation_map(words, rng)
        if not self._flat:
            raise ParameterError(
                f"disguise: observations of {self.inner} have none, for they are no list of numbers", "disguise"
            )
        return NumbersMap(words, rng, self._entries or 1)

    def shown(self, observation: Any, calls: list[Call]) -> tuple[Any, list[Call]]:
        return observation if self.fields else for_trace(observation), calls


def _find(inner: str) -> EnvSpec:
    """The spec of an inner environment; ValueError if it has none, or is itself one of ours."""
    if not isinstance(inner, str):
        raise ParameterError(f"inner must be the id of a Gymnasium environment, got {inner!r}", "inner")
    module, _, id = inner.rpartition(":")
    try:
        if module:
            importlib.import_module(module)
    except Exception as error:  # whatever the module raises
        raise ParameterError(f"inner={inner!r}: {module} cannot be imported: {error}", "inner") from error
    if id not in gym.registry:
        near = difflib.get_close_matches(id, gym.registry, 3)
        hint = f"did you mean {' or '.join(near)}?" if near else "gymnasium.pprint_registry() lists what there is"
        raise ParameterError(f"inner={inner!r} is no environment of Gymnasium; {hint}", "inner")
    spec = gym.spec(id)
    if spec.entry_point == "genopt_gym.env:OptimizationEnv":
        raise ParameterError(
            f"inner={inner!r} is itself a learning loop; name an environment that a policy acts in", "inner"
        )
    return spec


def _metric(spec: EnvSpec, steps: int) -> Metric:
    """What a spec tells of an episode's return."""
    bound, threshold = MAX_REWARD * steps, spec.reward_threshold
    scale = {
        "floor": "the lowest score: nobody has measured it",
        "reference": "the highest score: the environment states no reward threshold",
    }
    metric = Metric("return of an episode, mean over episodes", -bound, bound, -bound, bound, None, sources=scale)
    if threshold is None:
        return metric
    width = max(abs(threshold), float(steps))
    if abs(threshold) + width > bound:
        raise ParameterError(
            f"inner={spec.id!r} has a reward threshold of {threshold:g}, and {bound:g} is the most here", "inner"
        )
    scale = {
        "floor": "below the reference by one point per step, or by its own size: nobody has measured it",
        "reference": f"reward threshold of {spec.id}",
    }
    return replace(metric, floor=threshold - width, reference=threshold, solved=threshold, sources=scale)


def _actions(inner: str, space: gym.Space[Any]) -> Actions:
    """The action space; ValueError if a policy cannot answer for it."""
    if isinstance(space, spaces.Discrete):
        return space
    if isinstance(space, spaces.MultiDiscrete | spaces.MultiBinary) and len(space.shape) == 1:
        return space
    if isinstance(space, spaces.Box) and space.low.ndim <= 1 and space.dtype.kind == "f" and space.is_bounded():
        return space
    raise ValueError(
        f"inner={inner!r} is acted on by {space}; a policy here gives an integer, a list of integers, or floats with "
        "bounds"
    )


def _reader(inner: str, space: gym.Space[Any], arrays: bool, flat: bool) -> Callable[[Any], Any]:
    """What makes plain data of an observation; ValueError if it is too large, or of another kind."""
    if (size := count_bytes(space)) > MAX_BYTES:
        raise ParameterError(f"inner={inner!r} observes {size:,} bytes; {MAX_BYTES:,} are the most here", "inner")
    try:
        read = reader(space, arrays)
    except ValueError as error:
        raise ParameterError(f"inner={inner!r} observes what no policy here can get: {error}", "inner") from None
    return (lambda value: np.ravel(value).tolist()) if flat else read


def _probe(inner: str, env: gym.Env[Any, Any], read: Callable[[Any], Any]) -> None:
    """ValueError if two resets with one seed, and a step between, begin with different observations."""
    try:
        seen = []
        for _ in range(2):
            values, _ = env.reset(seed=1)
            seen.append(pickle.dumps(read(values)))
            env.action_space.seed(1)
            env.step(env.action_space.sample())
    except Exception as error:  # whatever the environment's own code raises
        raise ParameterError(f"inner={inner!r} cannot be played: {type(error).__name__}: {error}", "inner") from error
    if seen[0] != seen[1]:
        raise ParameterError(
            f"inner={inner!r} is no function of its seed: two resets with seed 1 gave two observations", "inner"
        )
