"""MountainCar: drives the way it rolls, so that each swing ends higher."""

from typing import Any


def policy(obs: dict[str, Any]) -> int:
    return 2 if obs["velocity"] >= 0 else 0
