"""Pendulum: swings up by energy, and holds the top as a spring with friction would."""

from typing import Any


def policy(obs: dict[str, Any]) -> float:
    height, lean, turning = obs["angle_cos"], obs["angle_sin"], obs["velocity"]
    if height > 0.8:
        torque = -12.0 * lean - 3.0 * turning
    else:
        energy = turning * turning / 6.0 + 5.0 * height  # the top at rest has 5
        torque = 2.0 * (5.0 - energy) * (1.0 if turning >= 0 else -1.0)
    return float(max(-2.0, min(2.0, torque)))
