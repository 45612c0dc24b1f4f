"""Cart-pole: keep a pole upright on a cart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from genopt_gym.core.artifact import Component, Structure
from genopt_gym.core.task import Metric
from genopt_gym.envs.control.gymnasium_task import GymnasiumTask, describe_fields
from genopt_gym.envs.control.physics import spread
from genopt_gym.envs.starts import acting_at_random

FIELDS = {
    "cart_position": "metres right of the middle of the track",
    "cart_velocity": "metres per second, positive to the right",
    "pole_angle": "radians from upright, positive when the pole leans right",
    "pole_velocity": "radians per second of that angle, positive when the pole falls right",
}

OBSERVATION = describe_fields(" about a pole that stands on a cart, once every 0.02 s", FIELDS)

ACTION = """\
Returns the action: 0 pushes the cart left, 1 pushes it right, with 10 N for one step. There is no action that does
not push. A push to the right moves the cart right and turns the pole left."""


class CartPole(GymnasiumTask):
    """Keep a pole upright on a cart; the artifact is the policy.

    Each step that the pole is within 12 degrees of upright and the cart within 2.4 m of the middle earns 1, for at
    most 500 steps (Gymnasium's ``CartPole-v1``). The observation is a dict with ``cart_position`` (m),
    ``cart_velocity`` (m/s), ``pole_angle`` (rad) and ``pole_velocity`` (rad/s).

    >>> CartPole().starting_artifact("modular/naive").texts["estimate_lean"]
    "def estimate_lean(obs):\\n    return obs['pole_angle']\\n"
    """

    inner = "CartPole-v1"
    fields = FIELDS
    action = ACTION
    max_inner_steps = 500
    horizon = 100
    constants: ClassVar = {
        "gravity": spread(9.8),
        "masscart": spread(1.0),
        "masspole": spread(0.1),
        "length": spread(0.5),
        "force_mag": spread(10.0),
    }
    scales: ClassVar = {"varied": (23.67, 500.0), "shifted": (23.55, 500.0)}
    metric = Metric(
        name="steps the pole stayed up in an episode, mean over episodes",
        low=0,
        high=500,
        floor=22.6,
        reference=475,
        solved=475,
        sources={
            "floor": "uniform random policy, measured over 2,000 test episodes",
            "reference": "reward threshold of CartPole-v1 in Gymnasium",
        },
    )
    goal = """\
Write a policy for a cart that carries an upright pole. An episode ends when the pole leans more than 12 degrees
(0.2095 rad), when the cart is more than 2.4 m from the middle of the track, or after 500 steps."""
    strategy = """\
Hint: the angle alone comes too late; how fast it changes tells where the pole will be. Once the pole stands, the
slow drift of the cart ends the episode."""
    default_start = "modular/naive"
    structures: Mapping[str, Structure] = {
        "modular": Structure(
            components=(
                Component(
                    "estimate_lean",
                    "estimate_lean(obs) -> float",
                    OBSERVATION + "\nReturns one number that says how much, and to which side, the pole needs a push:"
                    "\npositive to the right, negative to the left. select_action gets it.",
                ),
                Component(
                    "select_action",
                    "select_action(obs, lean) -> int",
                    OBSERVATION + "\nlean is what estimate_lean returned.\n" + ACTION,
                ),
            ),
            workflow="def workflow(obs):\n    lean = estimate_lean(obs)\n    return select_action(obs, lean)\n",
            implementations={
                "naive": {
                    "estimate_lean": "def estimate_lean(obs):\n    return obs['pole_angle']\n",
                    "select_action": "def select_action(obs, lean):\n    return 1 if lean > 0 else 0\n",
                },
                "stub": {
                    "estimate_lean": "def estimate_lean(obs):\n    return 0.0\n",
                    "select_action": "def select_action(obs, lean):\n    return 0\n",
                },
                "random": {
                    "estimate_lean": "def estimate_lean(obs):\n    return 0.0\n",
                    "select_action": acting_at_random("select_action", "obs, lean", "random.randrange(2)"),
                },
                "parametric": {
                    "estimate_lean": """\
def estimate_lean(obs):
    position, velocity = obs['cart_position'], obs['cart_velocity']
    angle, turning = obs['pole_angle'], obs['pole_velocity']
    return 0.5 * position - 0.5 * velocity + 1.0 * angle - 0.2 * turning
""",
                    "select_action": "def select_action(obs, lean):\n    return int(lean > 0.1)\n",
                },
            },
        ),
        "one_function": Structure(
            components=(Component("policy", "policy(obs) -> int", OBSERVATION + "\n" + ACTION),),
            workflow="def workflow(obs):\n    return policy(obs)\n",
            implementations={
                "naive": {"policy": "def policy(obs):\n    return 1 if obs['pole_angle'] > 0 else 0\n"},
                "stub": {"policy": "def policy(obs):\n    return 0\n"},
                "random": {"policy": acting_at_random("policy", "obs", "random.randrange(2)")},
                "parametric": {
                    "policy": """\
def policy(obs):
    position, velocity = obs['cart_position'], obs['cart_velocity']
    angle, turning = obs['pole_angle'], obs['pole_velocity']
    lean = 0.5 * position - 0.5 * velocity + 1.0 * angle - 0.2 * turning
    return int(lean > 0.1)
"""
                },
            },
        ),
    }

    def set_constants(self, env: Any, constants: Mapping[str, float]) -> None:
        super().set_constants(env, constants)
        env.total_mass = env.masspole + env.masscart
        env.polemass_length = env.masspole * env.length

    def staged(self, score: float) -> str:
        if score < 100:
            return "Episodes end soon: react to how fast the pole turns, not only to where it is."
        if score < 475:
            return "The pole stays up for a while; find out what ends the episode, the angle or the edge of the track."
        return "The pole stays up."
