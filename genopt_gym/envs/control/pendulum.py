"""Pendulum: swing it up and hold it there, with a torque of any size within bounds."""

from __future__ import annotations

from typing import ClassVar

from genopt_gym.core.metric import RECORD
from genopt_gym.core.task import Metric
from genopt_gym.envs.control.gymnasium_task import GymnasiumTask, describe_fields
from genopt_gym.envs.control.physics import spread
from genopt_gym.envs.starts import TwoSteps, two_step_structures

FIELDS = {
    "angle_cos": "cosine of the angle from upright; 1 upright, -1 hanging",
    "angle_sin": "sine of that angle, positive when the pendulum leans counter-clockwise",
    "velocity": "radians per second of that angle, within 8, positive counter-clockwise",
}

OBSERVATION = describe_fields(" about a pendulum, a rod of 1 m and 1 kg, once every 0.05 s", FIELDS)

ACTION = """\
Returns the action: the torque at the pivot for one step in Nm, a number from -2 to 2, positive counter-clockwise. The
angle's acceleration in radians per second squared is 15 times its sine plus 3 times the torque."""

TORQUE = """\
Returns the torque that would be right, in Nm and of any size; select_action gets it."""

NAIVE_TORQUE = """\
def estimate_torque(obs):
    return -2.0 * obs["angle_sin"]
"""

SELECT = """\
LIMIT = float("2")


def select_action(obs, torque):
    return min(max(torque, -LIMIT), LIMIT)
"""

PARAMETRIC_TORQUE = """\
def estimate_torque(obs):
    height, lean, turning = obs["angle_cos"], obs["angle_sin"], obs["velocity"]
    if height > 0.9:
        return -4.0 * lean - 0.5 * turning
    energy = 0.5 * turning * turning + 5.0 * height
    return 0.2 * turning * (5.0 - energy)
"""


class Pendulum(GymnasiumTask):
    """Swing a pendulum up and hold it there; the artifact is the policy.

    Each of 200 steps costs angle² + 0.1 velocity² + 0.001 torque² (rad from upright, rad/s, Nm; Gymnasium's
    ``Pendulum-v1``). The observation is a dict with ``angle_cos``, ``angle_sin`` and ``velocity`` (rad/s), an action is
    one number, the torque (Nm).

    >>> Pendulum().action_space()
    Box(-2.0, 2.0, (1,), float32)
    """

    inner = "Pendulum-v1"
    fields = FIELDS
    action = ACTION
    max_inner_steps = 200
    scales: ClassVar = {"varied": (-1245.0, -298.7)}
    """Of ``shifted`` nothing was measured: it has the standard scale."""
    horizon = 100
    constants: ClassVar = {"g": spread(10.0), "m": spread(1.0), "l": spread(1.0)}
    metric = Metric(
        name="cost of an episode, counted negatively, mean over episodes",
        low=-3255,
        high=0,
        floor=-1220,
        reference=-157,
        solved=None,
        record=-141.984,
        sources={
            "record": RECORD,
            "low": "200 steps of the greatest cost, pi² + 6.4 + 0.004",
            "floor": "uniform random policy, measured over 2,000 test episodes",
            "reference": "SAC in the benchmark of RL Baselines3 Zoo, 750 episodes of Pendulum-v0 (the same dynamics)",
        },
    )
    goal = """\
Write a policy that swings a pendulum up and holds it upright. It starts at any angle, and the torque is too weak to
lift it at once. Every step costs angle² + 0.1 velocity² + 0.001 torque², with the angle in radians from upright,
between -pi and pi. An episode has 200 steps."""
    strategy = """\
Hint: two rules, one for each half of the way. Far from upright, give or take energy, in time with the swing, until it
is what a pendulum at rest upright has. Near it, push back against lean and velocity."""
    default_start = "modular/naive"
    structures = two_step_structures(
        observation=OBSERVATION,
        action=ACTION,
        look="estimate_torque",
        seen="torque",
        returns=TORQUE,
        naive=TwoSteps(NAIVE_TORQUE, SELECT),
        parametric=TwoSteps(PARAMETRIC_TORQUE, SELECT),
        action_type="float",
        draw="random.uniform(-2.0, 2.0)",
    )

    def staged(self, score: float) -> str:
        if score < -1000:
            return "Mostly, the pendulum is far from upright, or spins: swing it up in time, and stop it there."
        if score < -300:
            return "The pendulum gets up late or at times only, or does not stay: look at what it does near upright."
        return "The pendulum is soon up and stays there."
