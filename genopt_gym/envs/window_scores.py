"""What windows of episodes are worth, by task; ``benchmarks/window_scores.py`` has measured ``window_scores.json``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec

from genopt_gym.core.window_metric import WindowScores


@cache
def measured_windows() -> Mapping[str, WindowScores]:
    """By the name of the task's class."""
    data = files("genopt_gym.envs").joinpath("window_scores.json").read_bytes()
    return msgspec.json.decode(data, type=dict[str, WindowScores])
