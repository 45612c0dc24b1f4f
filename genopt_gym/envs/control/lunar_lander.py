"""Lunar lander: land softly between two flags."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Any, ClassVar

import gymnasium as gym

from genopt_gym.core.errors import UserError
from genopt_gym.core.metric import RECORD
from genopt_gym.core.task import Metric
from genopt_gym.envs.control.gymnasium_task import GymnasiumTask, describe_fields
from genopt_gym.envs.control.physics import Spread
from genopt_gym.envs.starts import TwoSteps, two_step_structures

FIELDS = {
    "x": "how far right of the pad's middle, in units of 10 m; 1 is the edge of the view",
    "y": "height above where the lander stands on the pad, in units of 6.67 m",
    "velocity_x": "to the right, in units of 5 m/s",
    "velocity_y": "upwards, in units of 7.5 m/s",
    "angle": "radians from upright, positive when the lander leans left",
    "turning": "change of that angle, in units of 2.5 radians per second",
    "right_leg": "1 when that leg touches the ground, else 0",
    "left_leg": "the same for the left leg",
}

OBSERVATION = describe_fields(" about a lander above the moon, once every 0.02 s", FIELDS)

ACTION = """\
Returns the action, the engine that fires for one step: 0 none; 1 the one that turns the lander left (its angle grows)
and pushes it left a little; 2 the main one, which lifts it; 3 the one that turns it right and pushes it right."""

PLAN = """\
Returns two numbers: how much the lander needs to turn (positive to the left), and how much it needs lift (positive: the
main engine). select_action gets them as a tuple."""

NAIVE_PLAN = """\
def plan_descent(obs):
    return -obs["angle"], -obs["velocity_y"] - 0.2
"""

NAIVE_SELECT = """\
def select_action(obs, plan):
    turn, lift = plan
    if lift > 0:
        return 2
    return 1 if turn > 0 else 3
"""

PARAMETRIC_PLAN = """\
def plan_descent(obs):
    wanted_angle = 0.2 * obs["x"] + 0.2 * obs["velocity_x"]
    turn = 0.5 * (wanted_angle - obs["angle"]) - 0.5 * obs["turning"]
    lift = -0.3 * obs["y"] - 0.3 - obs["velocity_y"]
    if obs["right_leg"] or obs["left_leg"]:
        turn = 0.0
    return turn, lift
"""

PARAMETRIC_SELECT = """\
ENGINES = ("none", "left", "main", "right")


def select_action(obs, plan):
    turn, lift = plan
    if lift > 0.1 and lift > 1.0 * abs(turn):
        return ENGINES.index("main")
    if turn > 0.1:
        return ENGINES.index("left")
    if turn < -0.1:
        return ENGINES.index("right")
    return ENGINES.index("none")
"""

MAX_LOSS = 1000.0


class LossLimit(gym.Wrapper[Any, Any, Any, Any]):
    """Ends an episode that has lost 1,000 points: one that flies off would lose without bound."""

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        self._total = 0.0
        return self.env.reset(**options)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        observation, reward, terminated, truncated, info = self.env.step(action)
        reward = max(float(reward), -MAX_LOSS - self._total)
        self._total += reward
        return observation, reward, terminated or self._total <= -MAX_LOSS, truncated, info


class LunarLander(GymnasiumTask):
    """Land softly between two flags; the artifact is the policy.

    Rewards are those of Gymnasium's ``LunarLander-v3``, for at most 1,000 steps; an episode that has lost 1,000 points
    ends. The observation is a dict with ``x``, ``y``, ``velocity_x``, ``velocity_y``, ``angle`` (rad), ``turning``,
    ``left_leg`` and ``right_leg``; units are in the contract.

    Raises:
        UserError: Box2D is not installed.
    """

    inner = "LunarLander-v3"
    fields = FIELDS
    action = ACTION
    max_inner_steps = 1000
    scales: ClassVar = {"varied": (-206.1, 235.0), "shifted": (-273.6, 155.9)}
    horizon = 100
    constants: ClassVar = {
        "gravity": Spread(-10.0, (-11.0, -7.0), ((-11.9, -11.0), (-7.0, -4.0))),
        "wind_power": Spread(0.0, (0.0, 8.0), ((8.0, 12.0), (12.0, 16.0))),
        "turbulence_power": Spread(0.0, (0.0, 0.8), ((0.8, 1.2), (1.2, 1.6))),
    }
    metric = Metric(
        name="points of an episode, mean over episodes",
        low=-MAX_LOSS,
        high=400,
        floor=-181,
        reference=200,
        solved=200,
        record=236.292,
        sources={
            "record": RECORD,
            "low": "there an episode ends",
            "high": "364: the way down from the start, at its greatest speed (263), two legs (20), rest (100)",
            "floor": "uniform random policy, measured over 2,000 test episodes",
            "reference": "reward threshold of LunarLander-v3 in Gymnasium",
        },
    )
    goal = """\
Write a policy that lands a lander on the pad (x = 0, y = 0), softly and on its legs. Each step earns what 100 *
(distance + speed + |angle|) falls by, in the units of the observation; 10 for a leg that touches the ground, lost when
it lifts again; -0.3 for the main engine, -0.03 for another. A crash, or x beyond 1, costs 100 and ends the episode;
coming to rest earns 100 and ends it. It also ends after 1,000 steps, or when 1,000 points are lost."""
    strategy = """\
Hint: lean towards the pad to get there, and against the drift before it is reached; fall slower the lower you are. An
engine that still fires when both legs stand keeps the lander from coming to rest."""
    default_start = "modular/naive"
    structures = two_step_structures(
        observation=OBSERVATION,
        action=ACTION,
        look="plan_descent",
        seen="plan",
        returns=PLAN,
        naive=TwoSteps(NAIVE_PLAN, NAIVE_SELECT),
        parametric=TwoSteps(PARAMETRIC_PLAN, PARAMETRIC_SELECT),
        draw="random.randrange(4)",
    )

    def __init__(self, **sizes: Any) -> None:
        if not all(importlib.util.find_spec(module) for module in ("Box2D", "pygame")):
            raise UserError("LunarLander needs Box2D and pygame: pip install 'genopt-gym[box2d]'")
        super().__init__(**sizes)

    def make_inner(self, render_mode: str | None = None) -> gym.Env[Any, Any]:
        return LossLimit(super().make_inner(render_mode))

    def set_constants(self, env: Any, constants: Mapping[str, float]) -> None:
        super().set_constants(env, constants)
        env.enable_wind = True

    def staged(self, score: float) -> str:
        if score < -100:
            return "The lander crashes, flies off or burns fuel in the air: keep it upright, and brake its fall."
        if score < 100:
            return "That is less than soft landings earn: fall slower near the ground, and steer towards the pad."
        if score < 200:
            return "Nearly what soft landings on the pad earn: save fuel, and let the lander come to rest there."
        return "As much as soft landings on the pad earn."
