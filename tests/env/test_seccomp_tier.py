"""Tasks held to the conformance suite in tier ``seccomp``, where artifacts can open no file, and so load no module."""

from __future__ import annotations

import importlib.util
from typing import Any, ClassVar

import gymnasium as gym
import pytest

from genopt_gym.sandbox.confine import available_tier
from genopt_gym.sandbox.tier import VARIABLE
from genopt_gym.testing import TaskConformance

pytestmark = pytest.mark.skipif(available_tier() == "weak-only", reason="this system cannot enforce the tier")


class InTier(TaskConformance):
    """The suite, in that tier."""

    @pytest.fixture(autouse=True)
    def _in_tier(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, "seccomp")


class TestOneStepTask(InTier):
    id = "tests.helpers.toys:Toy/Guess-v0"


@pytest.mark.slow
class TestCartPole(InTier):
    id = "GenOpt/Control-CartPole-v0"
    parameters: ClassVar[dict[str, Any]] = {"validation_size": 3, "credit_horizon": 30}


@pytest.mark.slow
class TestPong(InTier):
    id = "GenOpt/Atari-Pong-v0"
    parameters: ClassVar[dict[str, Any]] = {"validation_size": 1, "credit_horizon": 50, "max_steps": 300}


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("reasoning_gym") is None, reason="reasoning-gym is not installed")
class TestLegCounting(InTier):
    id = "GenOpt/Reasoning-LegCounting-v0"
    parameters: ClassVar[dict[str, Any]] = {"train_size": 15, "validation_size": 3, "test_size": 3}


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("sklearn") is None or importlib.util.find_spec("pandas") is None,
    reason="scikit-learn or pandas is not installed",
)
class TestFriedman(InTier):
    id = "GenOpt/Tabular-Friedman-v0"


@pytest.mark.parametrize("text", ["# random\n", "import random\nrandom.random()\n"])
def test_random_numbers_are_the_same_as_in_the_strong_tier(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that only mentions them is no different from others."""
    found = []
    for tier in ("seccomp", available_tier()):
        monkeypatch.setenv(VARIABLE, tier)
        env = gym.make("GenOpt/Control-CartPole-v0", start="modular/naive", validation_size=2, train_size=2)
        env.reset(seed=0)
        draw = "random.random() < 0.5" if "import random" in text else "lean > 0"
        body = f"def select_action(obs, lean):\n    return 1 if {draw} else 0\n"
        observation, _, _, _, info = env.step({"select_action": text + body})
        found.append((info["outcome"], observation["trace"]))
    assert found[0] == found[1]
    assert found[0][0] == "ok"
