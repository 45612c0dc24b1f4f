"""LunarLander: leans towards the pad, falls the slower the lower it is, and cuts the engines on the ground."""

from typing import Any


def policy(obs: dict[str, Any]) -> int:
    wanted = max(-0.4, min(0.4, 0.5 * obs["x"] + obs["velocity_x"]))
    turn = 0.5 * (wanted - obs["angle"]) - obs["turning"]
    lift = 0.5 * (0.55 * abs(obs["x"]) - obs["y"]) - 0.5 * obs["velocity_y"]
    if obs["right_leg"] or obs["left_leg"]:
        turn, lift = 0.0, -0.5 * obs["velocity_y"]
    if lift > abs(turn) and lift > 0.05:
        return 2
    if turn < -0.05:
        return 3
    return 1 if turn > 0.05 else 0
