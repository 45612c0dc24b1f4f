"""Where a policy for any environment starts: by chance, always the same, or a linear policy whose numbers are all 0."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
from gymnasium import spaces

from genopt_gym.core.artifact import Structure
from genopt_gym.envs.actions import Actions, action_bounds, random_action
from genopt_gym.envs.observations import count_numbers
from genopt_gym.envs.starts import TwoSteps, two_step_structures

MAX_WEIGHTS = 1200
"""Of the linear policy: as many numbers fit into the text of a component."""

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

{helper}
def estimate(obs):
    return [bias + sum(weight * x for weight, x in zip(weights, {entries})) for bias, *weights in WEIGHTS]
"""

NUMBERS = """
def numbers(value):
    if isinstance(value, (int, float)):
        return [value]
    if hasattr(value, "tolist"):
        return numbers(value.tolist())
    parts = value.values() if isinstance(value, dict) else value
    return [number for part in parts for number in numbers(part)]

"""

GREATEST = """\
FIRST = int("{first}")


def select_action(obs, estimates):
    return FIRST + estimates.index(max(estimates))
"""

GREATEST_OF_EACH = """\
FIRST, SIZES = ([int(number) for number in numbers.split()] for numbers in ("{first}", "{sizes}"))


def select_action(obs, estimates):
    action, rest = [], list(estimates)
    for first, size in zip(FIRST, SIZES):
        own, rest = rest[:size], rest[size:]
        action.append(first + own.index(max(own)))
    return action
"""

WITHIN_BOUNDS = """\
LOW, HIGH = ([float(bound) for bound in bounds.split()] for bounds in ("{low}", "{high}"))


def select_action(obs, estimates):
    return [min(max(x, low), high) for x, low, high in zip(estimates, LOW, HIGH)]
"""


def _outputs(actions: Actions) -> int:
    """How many numbers decide an action."""
    if isinstance(actions, spaces.MultiDiscrete | spaces.MultiBinary):
        return sum(int(high - low + 1) for low, high in action_bounds(actions))
    return int(actions.n) if isinstance(actions, spaces.Discrete) else len(action_bounds(actions))


def linear_weights(space: gym.Space[Any], actions: Actions) -> int | None:
    """How many numbers a linear policy takes; ``None`` if there is none, or it would be too many."""
    entries = count_numbers(space)
    weights = None if entries is None else _outputs(actions) * (entries + 1)
    return None if weights is None or weights > MAX_WEIGHTS else weights


def policy_structures(
    actions: Actions, entries: int | None, numbers: str, words: str, action: str
) -> dict[str, Structure]:
    """The starts for such actions; with a linear policy over ``entries`` numbers, if that is not ``None``."""
    count, meaning = _outputs(actions), "numbers, one for each action; the greatest wins"
    if isinstance(actions, spaces.Discrete):
        kind, stub = "int", str(actions.start)
        select = GREATEST.format(first=actions.start)
    else:
        bounds = action_bounds(actions)
        low, high = (" ".join(map(str, each)) for each in zip(*bounds, strict=True))
        kind, stub = "list", f"[{', '.join(str(b) for b, _ in bounds)}]"
        if isinstance(actions, spaces.Box):
            kind, meaning = "float" if len(bounds) == 1 else "list", "numbers, those of the action"
            select = WITHIN_BOUNDS.format(low=low, high=high)
        else:
            meaning = "numbers, one for each value of each part of the action; the greatest of each part wins"
            select = GREATEST_OF_EACH.format(first=low, sizes=" ".join(str(b - a + 1) for a, b in bounds))
    linear = None
    if entries is not None:
        rows = f"    ({', '.join(['0.0'] * (entries + 1))}),\n" * count
        helper = NUMBERS if numbers.startswith("numbers") else ""
        linear = TwoSteps(LINEAR.format(rows=rows, entries=numbers, helper=helper), select)
        returns = f"Returns a list of {count} {meaning}. select_action gets it."
    else:
        returns = "Returns whatever helps to choose the action. select_action gets it."
    return two_step_structures(
        observation=words,
        action=action,
        look="estimate",
        seen="estimates",
        returns=returns,
        draw=random_action(actions),
        naive=TwoSteps(LOOK, RANDOM.format(draw=random_action(actions))),
        parametric=linear,
        action_type=kind,
        idle=stub,
    )
