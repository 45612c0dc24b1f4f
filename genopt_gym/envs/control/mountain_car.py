"""Mountain car: leave a valley with an engine that is weaker than its slope."""

from __future__ import annotations

from typing import ClassVar

from genopt_gym.core.task import Metric
from genopt_gym.envs.control.gymnasium_task import GymnasiumTask, describe_fields
from genopt_gym.envs.control.physics import spread
from genopt_gym.envs.starts import TwoSteps, two_step_structures

FIELDS = {
    "position": "of the car, from -1.2 (a wall) to 0.6; the valley's bottom is at -0.52, the flag at 0.5",
    "velocity": "change of position per step, from -0.07 to 0.07, positive to the right",
}

OBSERVATION = describe_fields(" about a car in a valley", FIELDS)

ACTION = """\
Returns the action: 0 drives left, 1 coasts, 2 drives right. Driving changes the velocity by 0.001 a step, the slope
by 0.0025 * cos(3 * position), towards the bottom."""

PUSH = """\
Returns one number that says where the engine should push: positive to the right, negative to the left, near 0 nowhere.
select_action gets it."""

NAIVE_PUSH = """\
def estimate_push(obs):
    return 0.5 - obs["position"]
"""

NAIVE_SELECT = """\
def select_action(obs, push):
    return 2 if push > 0 else 0
"""

PARAMETRIC_PUSH = """\
def estimate_push(obs):
    return 25.0 * obs["velocity"] + 1.0 * (obs["position"] + 0.5)
"""

PARAMETRIC_SELECT = """\
DRIVES = ("left", "coast", "right")


def select_action(obs, push):
    if push > 0.1:
        return DRIVES.index("right")
    if push < -0.1:
        return DRIVES.index("left")
    return DRIVES.index("coast")
"""


class MountainCar(GymnasiumTask):
    """Get a car out of a valley by rocking; the artifact is the policy.

    Each step until the flag costs 1, for at most 200 steps (Gymnasium's ``MountainCar-v0``). The observation is a dict
    with ``position`` (from -1.2 to 0.6) and ``velocity`` (per step). A policy that never gets there scores -200, no
    matter how near it comes: search starts best from ``modular/parametric``, which gets there at times.

    >>> MountainCar().starting_artifact("modular/naive").texts["select_action"]
    'def select_action(obs, push):\\n    return 2 if push > 0 else 0\\n'
    """

    inner = "MountainCar-v0"
    fields = FIELDS
    action = ACTION
    max_inner_steps = 200
    constants: ClassVar = {
        "force": spread(0.001, (0.9, 1.3), (0.8, 1.6)),
        "gravity": spread(0.0025, (0.8, 1.1), (0.6, 1.2)),
    }
    scales: ClassVar = {"varied": (-200.0, -116.7), "shifted": (-200.0, -119.7)}
    horizon = 100
    metric = Metric(
        name="steps to the flag, counted negatively, mean over episodes",
        low=-200,
        high=0,
        floor=-200,
        reference=-110,
        solved=-110,
        sources={
            "floor": "uniform random policy, measured over 2,000 test episodes",
            "reference": "reward threshold of MountainCar-v0 in Gymnasium",
        },
    )
    goal = """\
Write a policy that drives a car out of a valley. Its engine is too weak to climb the right slope at once. It starts at
rest between -0.6 and -0.4; an episode ends at the flag (position 0.5), or after 200 steps."""
    strategy = """\
Hint: speed gained on the way down takes the car higher on the other side, if the engine pushes along. At the wall all
speed is lost."""
    default_start = "modular/naive"
    structures = two_step_structures(
        observation=OBSERVATION,
        action=ACTION,
        look="estimate_push",
        seen="push",
        returns=PUSH,
        naive=TwoSteps(NAIVE_PUSH, NAIVE_SELECT),
        parametric=TwoSteps(PARAMETRIC_PUSH, PARAMETRIC_SELECT),
        draw="random.randrange(3)",
    )

    def staged(self, score: float) -> str:
        if score <= -199:
            return (
                "The car hardly ever gets to the flag: it has to gain speed by rocking, the engine along with its way."
            )
        if score < -110:
            return "The car reaches the flag: now save a swing, or the part of one that goes further left than it must."
        return "The car is soon at the flag."
