"""A question task for tests: add two numbers."""

from __future__ import annotations

from typing import Any

import gymnasium as gym

from genopt_gym.core.evidence import Instance
from genopt_gym.core.limits import Limits
from genopt_gym.envs.questions import QuestionTask, always, model_structures, program_structures, share_metric


class Sums(QuestionTask):
    """What is the sum of an instance's number and 10?"""

    family = "Sums"
    metric = share_metric(0.0, "made up")
    structures = program_structures("a number in digits.", always("10")) | model_structures("a number.")
    default_start = "program/naive"
    goal = "Add."
    limits = Limits(call_seconds=0.5, cpu_seconds=50)

    def __init__(self, *, train_size: int = 20, test_size: int = 175, **more: Any) -> None:
        super().__init__(train_size=train_size, test_size=test_size, **more)

    def question(self, instance: Instance) -> str:
        return f"What is {instance.index} + 10 ({instance.split})?"

    def expected(self, instance: Instance) -> str:
        return str(instance.index + 10)

    def is_right(self, instance: Instance, answer: str) -> bool:
        return answer == self.expected(instance)


gym.register(
    "Toy/Sums-v0",
    entry_point="genopt_gym.env:OptimizationEnv",
    max_episode_steps=15,
    kwargs={"task": "tests.helpers.sums:Sums"},
)
