"""Environments and edits that the tests of the environment share."""

from __future__ import annotations

from typing import Any

import gymnasium as gym

from genopt_gym.env import OptimizationEnv
from genopt_gym.making import optimization_env

CARTPOLE = "GenOpt/Control-CartPole-v0"
GUESS = "tests.helpers.toys:Toy/Guess-v0"
LEAN = "return 1 if obs['pole_angle'] > 0 else 0"
NAIVE = f"def policy(obs):\n    {LEAN}\n"
LEFT = "def policy(obs):\n    return 0\n"
UPRIGHT = """\
def policy(obs):
    lean = obs['pole_angle'] + 0.3 * obs['pole_velocity']
    return 1 if lean + 0.1 * obs['cart_velocity'] + 0.05 * obs['cart_position'] > 0 else 0
"""
FAILING = "def policy(obs):\n    raise ValueError('told to')\n"


def cartpole(**parameters: Any) -> OptimizationEnv:
    """The cart-pole environment with one component, and cheap trials."""
    defaults = {"start": "one_function/naive", "validation_size": 2, "credit_horizon": 20}
    return optimization_env(gym.make(CARTPOLE, **{**defaults, **parameters}))


def guess(**parameters: Any) -> OptimizationEnv:
    """The guessing toy: hint 5 scores 2, hint 9 scores 4, hint 0 scores 5; less is better, 0 is solved.

    On its normalised scale 4 is 0 and 1 is 1.
    """
    return optimization_env(gym.make(GUESS, **parameters))


def rows(trace: str) -> list[str]:
    """The rows of a rendered table, without its header."""
    lines = trace.split("\n")
    start = next(i for i, line in enumerate(lines) if line.startswith("step,"))
    return [line for line in lines[start + 1 :] if line and line[0].isdigit()]


def states(info: dict[str, Any], trial: int = 0) -> list[tuple[int, float]]:
    """Step and cart position of the traced events."""
    return [(e["step"], e["observation"]["cart_position"]) for e in info["trials"][trial]["events"]]


def drawn(info: dict[str, Any]) -> list[int]:
    return [trial["instance"]["index"] for trial in info["trials"]]
