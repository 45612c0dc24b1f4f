"""NetHack's environments, held to the public conformance suite; `make test-nethack` runs this."""

from __future__ import annotations

import importlib.util
from typing import Any, ClassVar

import pytest

from genopt_gym.testing import TaskConformance

pytestmark = pytest.mark.skipif(importlib.util.find_spec("nle") is None, reason="nle is not installed")


class TestScore(TaskConformance):
    id = "GenOpt/NetHack-Score-v0"
    parameters: ClassVar[dict[str, Any]] = {"validation_size": 1, "credit_horizon": 30, "max_steps": 60}


@pytest.mark.slow
class TestStaircase(TestScore):
    id = "GenOpt/NetHack-Staircase-v0"


@pytest.mark.slow
class TestEat(TestScore):
    id = "GenOpt/NetHack-Eat-v0"


@pytest.mark.slow
class TestGold(TestScore):
    id = "GenOpt/NetHack-Gold-v0"
