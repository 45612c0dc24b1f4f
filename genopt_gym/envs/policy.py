"""A policy for any Gymnasium environment: what a task needs is read off its spaces and its spec."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import gymnasium as gym
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec

from genopt_gym.core.artifact import Structure
from genopt_gym.core.task import Metric
from genopt_gym.envs.control.acrobot import Acrobot
from genopt_gym.envs.control.cart_pole import CartPole
from genopt_gym.envs.control.gymnasium_task import GymnasiumTask, describe_fields
from genopt_gym.envs.control.lunar_lander import LunarLander
from genopt_gym.envs.control.mountain_car import MountainCar
from genopt_gym.envs.control.pendulum import Pendulum
from genopt_gym.envs.rollout import action_bounds, describe_actions, random_action
from genopt_gym.envs.starts import TwoSteps, two_step_structures

NAMED = {
    **{task.inner: task for task in (Acrobot, CartPole, LunarLander, MountainCar, Pendulum)},
    "LunarLanderContinuous-v3": LunarLander,
    "MountainCarContinuous-v0": MountainCar,
}
"""Inner environments whose observations have names, and the task that names them."""

MAX_WEIGHTS = 1200
"""Of the linear policy: as many numbers fit into the text of a component."""
MAX_REWARD = 1000.0
"""A step's reward is cut to this, up and down, where nobody has said what an episode can score."""
STEPS = 1000
"""Of an episode whose spec has no ``max_episode_steps``."""

LOOK = """\
def estimate(obs):
    return None
"""

RANDOM = """\
import random


def select_action(obs, estimates):
    return {draw}
"""

LINEAR = """\
WEIGHTS = (
{rows})


def estimate(obs):
    return [bias + sum(weight * x for weight, x in zip(weights, {entries})) for bias, *weights in WEIGHTS]
"""

GREATEST = """\
FIRST = int("{first}")


def select_action(obs, estimates):
    return FIRST + estimates.index(max(estimates))
"""

WITHIN_BOUNDS = """\
LOW, HIGH = ([float(bound) for bound in bounds.split()] for bounds in ("{low}", "{high}"))


def select_action(obs, estimates):
    return [min(max(x, low), high) for x, low, high in zip(estimates, LOW, HIGH)]
"""


class AnyPolicy(GymnasiumTask):
    """A policy for the environment ``inner``; the artifact is the policy.

    Its observation is a dict of floats where the suite has names for the entries, and a list of floats otherwise (an
    observation out of ``Discrete`` is a list with one number). The starts are as in CartPole: ``naive`` acts at random,
    ``stub`` always does the same, ``parametric`` is a linear policy whose numbers are all 0.

    Episodes end as the spec says, or after 1,000 steps; scores are returns. For the inner environment of a Control task
    the metric is that task's. For any other the reward threshold of its spec is reference and solved score. Nobody has
    measured a floor, and to do so here would cost more than some runs: the normalised scale begins one point per step
    (or the threshold's size, if that is more) below the threshold. Without a threshold it is as wide as the bounds,
    1,000 a step, and rewards are tiny: register the environment with a ``reward_threshold``. To keep the bounds true, a
    step's reward is cut to them.

    Args:
        inner: id of the inner environment, ``module:id`` for one that importing a module registers. It must be a
            deterministic function of seed and actions.
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

    def __init__(self, *, inner: str = "CartPole-v1", **sizes: Any) -> None:
        super().__init__(**sizes)
        self.inner = inner
        spec = _find(inner)
        named = NAMED.get(spec.id)
        self._known = named() if named is not None and named.inner == spec.id else None
        self.fields = {} if named is None else named.fields
        self.max_inner_steps = spec.max_episode_steps or STEPS
        self.metric = _metric(spec, self.max_inner_steps) if self._known is None else self._known.metric
        try:
            env = self.make_inner()
        except Exception as error:  # whatever the environment's own code raises
            raise ValueError(f"inner={inner!r} cannot be made: {error}") from error
        entries, actions = _entries(inner, env.observation_space), _actions(inner, env.action_space)
        env.close()
        self.structures = _structures(inner, actions, entries, self.fields, getattr(self._known, "action", None))
        self.trace_row_chars = 20 + 15 * entries
        self.goal = f"Write a policy for the Gymnasium environment {spec.id}. "
        self.goal += self._known.goal if self._known else f"An episode has at most {self.max_inner_steps} steps."

    def make_inner(self) -> gym.Env[Any, Any]:
        if self._known is not None:
            return self._known.make_inner()
        return gym.wrappers.ClipReward(super().make_inner(), -MAX_REWARD, MAX_REWARD)


def _find(inner: str) -> EnvSpec:
    """The spec of an inner environment; ValueError if it has none, or is itself one of ours."""
    if not isinstance(inner, str):
        raise ValueError(f"inner must be the id of a Gymnasium environment, got {inner!r}")
    module, _, id = inner.rpartition(":")
    try:
        if module:
            importlib.import_module(module)
    except Exception as error:  # whatever the module raises
        raise ValueError(f"inner={inner!r}: {module} cannot be imported: {error}") from error
    if id not in gym.registry:
        near = difflib.get_close_matches(id, gym.registry, 3)
        hint = f"did you mean {' or '.join(near)}?" if near else "gymnasium.pprint_registry() lists what there is"
        raise ValueError(f"inner={inner!r} is no environment of Gymnasium; {hint}")
    spec = gym.spec(id)
    if spec.entry_point == "genopt_gym.env:OptimizationEnv":
        raise ValueError(f"inner={inner!r} is itself a learning loop; name an environment that a policy acts in")
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
        raise ValueError(f"inner={spec.id!r} has a reward threshold of {threshold:g}, and {bound:g} is the most here")
    scale = {
        "floor": "below the reference by one point per step, or by its own size: nobody has measured it",
        "reference": f"reward threshold of {spec.id}",
    }
    return replace(metric, floor=threshold - width, reference=threshold, solved=threshold, sources=scale)


def _entries(inner: str, space: gym.Space[Any]) -> int:
    """How many numbers an observation has; ValueError if it is something else."""
    if isinstance(space, spaces.Discrete):
        return 1
    if isinstance(space, spaces.Box):
        return int(space.low.size)
    raise ValueError(f"inner={inner!r} observes {space}; a policy here sees a Box or a Discrete")


def _actions(inner: str, space: gym.Space[Any]) -> spaces.Discrete | spaces.Box:
    """The action space; ValueError if a policy cannot answer for it."""
    if isinstance(space, spaces.Discrete):
        return space
    if isinstance(space, spaces.Box) and space.low.ndim <= 1 and space.dtype.kind == "f" and space.is_bounded():
        return space
    raise ValueError(f"inner={inner!r} is acted on by {space}; a policy here gives an integer, or floats with bounds")


def _structures(
    inner: str,
    actions: spaces.Discrete | spaces.Box,
    entries: int,
    fields: Mapping[str, str],
    meaning: str | None,
) -> dict[str, Structure]:
    """The starts for such actions, and observations of so many entries."""
    if isinstance(actions, spaces.Discrete):
        count, numbers, stub = int(actions.n), "numbers, one for each action; the greatest wins", str(actions.start)
        select = GREATEST.format(first=actions.start)
    else:
        bounds = action_bounds(actions)
        low, high = (" ".join(map(str, each)) for each in zip(*bounds, strict=True))
        count, numbers, stub = len(bounds), "numbers, those of the action", f"[{', '.join(str(b) for b, _ in bounds)}]"
        select = WITHIN_BOUNDS.format(low=low, high=high)
    if (weights := count * (entries + 1)) > MAX_WEIGHTS:
        raise ValueError(
            f"inner={inner!r} observes {entries:,} numbers: a linear policy takes {weights:,}, and "
            f"{MAX_WEIGHTS:,} are the most here"
        )
    rows = f"    ({', '.join(['0.0'] * (entries + 1))}),\n" * count
    plain = f"obs is a list of {entries} float{'s' * (entries > 1)}, an observation of {inner}."
    return two_step_structures(
        observation=describe_fields("", fields) if fields else plain,
        action=meaning or f"Returns the action, {describe_actions(actions)}.",
        look="estimate",
        seen="estimates",
        returns=f"Returns a list of {count} {numbers}. select_action gets it.",
        naive=TwoSteps(LOOK, RANDOM.format(draw=random_action(actions))),
        parametric=TwoSteps(LINEAR.format(rows=rows, entries="obs.values()" if fields else "obs"), select),
        action_type="int" if isinstance(actions, spaces.Discrete) else "float" if count == 1 else "list",
        idle=stub,
    )
