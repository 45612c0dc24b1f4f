"""Acrobot: pumps energy into the swing, turning the joint the way the lower link moves against the upper one."""

from typing import Any


def policy(obs: dict[str, Any]) -> int:
    return 2 if obs["elbow_velocity"] - 0.2 * obs["shoulder_velocity"] > 0 else 0
