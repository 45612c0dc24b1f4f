"""Acrobot: swing a chain of two links up by the joint between them."""

from __future__ import annotations

from typing import ClassVar

from genopt_gym.core.metric import RECORD
from genopt_gym.core.task import Metric
from genopt_gym.envs.control.gymnasium_task import GymnasiumTask, describe_fields
from genopt_gym.envs.control.physics import spread
from genopt_gym.envs.starts import TwoSteps, two_step_structures

FIELDS = {
    "shoulder_cos": "cosine of the first link's angle; 1 when it hangs straight down",
    "shoulder_sin": "sine of that angle, positive when the link points to the right",
    "elbow_cos": "cosine of the second link's angle to the first; 1 when they are in line",
    "elbow_sin": "sine of that angle, positive when the second link is bent counter-clockwise",
    "shoulder_velocity": "radians per second of the first angle, within 4 pi, positive counter-clockwise",
    "elbow_velocity": "radians per second of the second angle, within 9 pi, positive counter-clockwise",
}

OBSERVATION = describe_fields(" about two links of 1 m and 1 kg that hang from a pivot, once every 0.2 s", FIELDS)

ACTION = """\
Returns the action: 0 turns the joint between the links with -1 Nm for one step, 1 lets it go, 2 turns it with +1 Nm.
Positive turns the second link counter-clockwise; nothing turns the pivot."""

SWING = """\
Returns one number that says which way the joint should be turned: positive counter-clockwise, near 0 not at all.
select_action gets it."""

NAIVE_SWING = """\
def estimate_swing(obs):
    return obs["shoulder_velocity"]
"""

NAIVE_SELECT = """\
def select_action(obs, swing):
    return 2 if swing > 0 else 0
"""

PARAMETRIC_SWING = """\
def estimate_swing(obs):
    bend = 0.1 * obs["shoulder_sin"] + 0.1 * obs["elbow_sin"]
    return 0.5 * obs["shoulder_velocity"] + 0.2 * obs["elbow_velocity"] + bend
"""

PARAMETRIC_SELECT = """\
TORQUES = ("negative", "none", "positive")


def select_action(obs, swing):
    if swing > 0.1:
        return TORQUES.index("positive")
    if swing < -0.1:
        return TORQUES.index("negative")
    return TORQUES.index("none")
"""


class Acrobot(GymnasiumTask):
    """Swing the end of two links a metre above their pivot; the artifact is the policy.

    Each step until then costs 1, for at most 500 steps (Gymnasium's ``Acrobot-v1``). The observation is a dict with
    cosine, sine and velocity (rad/s) of the angles ``shoulder`` (of the first link, from hanging) and ``elbow`` (of
    the second, from the first).

    >>> Acrobot().starting_artifact("modular/naive").texts["select_action"]
    'def select_action(obs, swing):\\n    return 2 if swing > 0 else 0\\n'
    """

    inner = "Acrobot-v1"
    fields = FIELDS
    action = ACTION
    max_inner_steps = 500
    scales: ClassVar = {"varied": (-499.4, -99.63), "shifted": (-496.1, -130.2)}
    horizon = 100
    constants: ClassVar = {
        "LINK_LENGTH_1": spread(1.0),
        "LINK_MASS_1": spread(1.0),
        "LINK_MASS_2": spread(1.0),
        "LINK_COM_POS_1": spread(0.5),
        "LINK_COM_POS_2": spread(0.5),
        "LINK_MOI": spread(1.0),
    }
    metric = Metric(
        name="steps until the end is up, counted negatively, mean over episodes",
        low=-500,
        high=0,
        floor=-499,
        reference=-100,
        solved=-100,
        record=-74.9062,
        sources={
            "record": RECORD,
            "floor": "uniform random policy, measured over 2,000 test episodes",
            "reference": "reward threshold of Acrobot-v1 in Gymnasium",
        },
    )
    goal = """\
Write a policy that swings a chain of two links up. It hangs from a pivot, nearly at rest; only the joint between the
links can be turned, and too weakly to lift it at once. An episode ends when the free end is more than 1 m above the
pivot, or after 500 steps."""
    strategy = """\
Hint: a swing grows when it is pushed in time with its own movement, by one joint's velocity or by both, each with its
own sign."""
    default_start = "modular/naive"
    structures = two_step_structures(
        observation=OBSERVATION,
        action=ACTION,
        look="estimate_swing",
        seen="swing",
        returns=SWING,
        naive=TwoSteps(NAIVE_SWING, NAIVE_SELECT),
        parametric=TwoSteps(PARAMETRIC_SWING, PARAMETRIC_SELECT),
        draw="random.randrange(3)",
    )

    def staged(self, score: float) -> str:
        if score < -450:
            return "The end gets up late or never: see to it that every push adds to the swing that is there."
        if score < -100:
            return "The end gets up: now weigh both joints' velocities, so that no push works against the swing."
        return "The end is up soon."
